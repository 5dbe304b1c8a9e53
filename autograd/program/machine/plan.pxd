cimport cython
from cpython.array cimport array
from autograd.program.machine.step cimport Step, new_step, operand_in
from autograd.numbers.arrays cimport integers, ints_in

cdef int ADDS, SUBTRACTS, MULTIPLIES

@cython.locals(of_operation=array, start_of=array, used=array, uses=array, codes="int*", starts="int*",
               operand_at="int*", use_count="int*", steps=list, primitives=list, roles=bytes, role=int, first=int,
               number=int, entry=int, count=int, place=int, value=int, product=int, other=int, left=int, right=int,
               a=int, b=int, c=int, taken=bytearray)
cpdef list fused(object program)
@cython.locals(made_by=array, maker="int*", of_operation=array, start_of=array, used=array, codes="int*", starts="int*",
               operand_at="int*", first=int, value=int, number=int)
cdef array makers(object program)
@cython.locals(number=int, output=int, nothing=bytearray, used=bytearray, computed_last=bytearray, steps=list,
               rest=list, waiting=dict, together=list, additions=list, addition=Step, value=int, step=Step)
cdef list with_sums(Plan plan, object outputs, bytearray kept)
@cython.locals(step=Step)
cdef mark_results(list steps, bytearray marks)
@cython.locals(step=Step, place=int, maker="int*")
cdef mark_operands(list steps, bytearray marks, bytearray but_for, array made_by)
@cython.locals(step=Step, place=int, value=int, maker="int*")
cdef mark(list steps, bytearray varies, bytearray decides, array made_by)
@cython.locals(step=Step, lists=list)
cdef list sorted_out(list steps, bytearray varies, bytearray decides)
cdef set marked_in(bytearray marks)

@cython.final
cdef class Plan:
    cdef readonly bint alone, calls_back, decides
    cdef readonly list summed, joint_operations, before_deciding, before, once_in_stages, stages, runs
    cdef readonly list deciding, row_stages, rest
    cdef readonly bytearray varies
    cdef readonly object outputs, kept
    cdef readonly array maker, place
    cdef readonly int cells, registers
    @cython.locals(places=Places, decided=Py_ssize_t, value=int, step=Step)
    cdef allocate(self, object program, list stored)

cdef list in_stages(list steps)

@cython.final
cdef class Places:
    cdef readonly array place
    cdef bytearray varies
    cdef list steps
    cdef array maker, last_use
    cdef readonly int cells, registers
    cdef list free
    cdef bint have_several
    @cython.locals(last_use="int*", maker="int*", time=int, step=Step, place=int, value=int)
    cdef find_last_uses(self)
    cpdef needed_at(self, int value, int time)
    @cython.locals(place="int*")
    cpdef settle(self, int value)
    cdef settle_result(self, Step step)
    @cython.locals(codes="int*", place="int*", maker="int*", value=int)
    cdef settle_results(self, array of_operation, int first)
    cdef begin_line(self)
    @cython.locals(time=int, step=Step, condition=int, place=int)
    cpdef settle_steps(self, int decided, list conditions)
    @cython.locals(last_use="int*")
    cdef release(self, int value, int time)
