cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport integers, ints_in, lengthened
from autograd.numbers.operation_table cimport OperationTable

cdef int NONE

@cython.locals(values=Values, needed=bytearray, new_numbers=array, number="int*", made="int*", count=int, value=int,
               constants=list, first=int, entries=int, code_at="int*", start_of="int*", count_of="int*",
               new_codes=array, new_code="int*", codes=array, starts=array, operands=array, of_operation="int*",
               start="int*", operand_at="int*", used="int*", place=int, entry=int, code=int, at=int, names=list)
cpdef object finished(int inputs, array made_at, int size, list numbers, OperationTable table, list primitives,
                      object outputs, object guards)

@cython.final
cdef class Values:
    cdef int size
    cdef array codes, starts, counts, operands
    @cython.locals(made="int*", code="int*", start="int*", count="int*", known_code="int*", known_start="int*",
                   value=int, operation=int)
    cdef find(self, array made_at, OperationTable table)
    @cython.locals(start="int*", count="int*", used="int*", needed=bytearray, end=int, value=int, entry=int)
    cdef bytearray needed_for(self, list ends)
    @cython.locals(code="int*", start="int*", count="int*", needed=bytearray, negations=list, end=int, used="int*",
                   uses=array, sharing=array, use_count="int*", sharing_count="int*", value=int, entry=int,
                   product=int, negatives=array, negative="int*", a=int, b=int)
    cdef turn_signs_in(self, list ends, int negate, int multiply)
