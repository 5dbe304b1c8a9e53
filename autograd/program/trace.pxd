cimport cython
from autograd.node cimport operands_of
from autograd.program.builder cimport Builder
from autograd.tape cimport Tape

@cython.final
cdef class Translation:
    cdef Tape tape
    cdef readonly list variables
    cdef readonly Builder builder
    cdef dict place_of
    cdef list values
    cpdef int value_at(self, object operand) except -1
