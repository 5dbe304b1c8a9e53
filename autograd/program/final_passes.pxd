cimport cython
from cpython.array cimport array
from autograd.operations.primitive cimport Primitive
from autograd.numbers.arrays cimport integers, ints_in

@cython.locals(needed=bytearray, size=int, numbers=array, number="int*", count=int, value=int, constants=list,
               first=int, entries=int, used=tuple, codes=array, starts=array, operands=array, of_operation="int*",
               start="int*", operand_at="int*", place=int, entry=int, primitive=Primitive, operand=int, names=list)
cpdef object finished(int inputs, list constant_of, list made_by, list operands_of, object outputs, object guards)
@cython.locals(size=int, needed=bytearray, end=int, value=int, operands=tuple, operand=int)
cdef bytearray needed_for(list ends, list operands_of)
@cython.locals(size=int, needed=bytearray, uses=array, sharing=array, use_count="int*", sharing_count="int*", end=int,
               value=int, operands=tuple, operand=int, product=int, a=int, b=int)
cdef turn_signs_in(list made_by, list operands_of, list ends)
