cimport cython
from cpython.array cimport array
from autograd.graph.node cimport Node, Output, value_of, varies
from autograd.program.builder cimport Builder, RESULT_CODE
from autograd.numbers.operation_table cimport OperationTable
from autograd.numbers.arrays cimport integers, ints_in
from autograd.transforms.tape cimport Tape

cpdef long long stamp_of(Node node) noexcept

@cython.final
cdef class Translation:
    cdef Tape tape
    cdef readonly list variables
    cdef readonly Builder builder
    cdef dict place_of
    cdef array values, other_values
    @cython.locals(tape=Tape, builder=Builder, table=OperationTable, values="int*", others="int*", codes="int*",
                   starts="int*", slots="int*", codes_here=array, code_here="int*", code=int, count=Py_ssize_t,
                   position=Py_ssize_t, place=Py_ssize_t, entry=int, slot=int)
    cdef translate(self)
    @cython.locals(position=int)
    cpdef int value_at(self, object operand) except -1
