cimport cython
from cpython.array cimport array
from autograd.program.step cimport Step

@cython.locals(steps=list, uses=array, codes=array, starts=array, given=array, primitives=list, first=int, number=int,
               operands=tuple, operand=int, step=Step, product=Step, left=int, right=int, taken=bytearray)
cpdef list fused(object program)
cdef bint is_product(list steps, int number)
@cython.locals(step=Step, operand=int)
cdef mark(list steps, bytearray varies, bytearray decides)
@cython.locals(step=Step)
cdef list chosen(list steps, bytearray varies, int varying, bytearray decides, int deciding)
@cython.locals(step=Step, operand=int, time=int, last_use=array)
cdef array last_uses(int size, object steps)

@cython.final
cdef class Places:
    cdef readonly array place
    cdef bytearray varies
    cdef array last_use
    cdef readonly int cells, registers
    cdef list free
    cpdef settle(self, int value)
    cdef begin_line(self)
    @cython.locals(value=int)
    cpdef release(self, object values, int time)
