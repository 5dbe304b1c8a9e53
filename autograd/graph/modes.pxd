from autograd.operations.primitive cimport Origin, Primitive

cdef class Mode:
    cdef readonly bint recording, strict
    cdef readonly object scope, trace, watch, origins
    cpdef dict settings(self)
    cdef Origin origin_of(self, Primitive primitive)

cdef class State:
    cdef set entries
    cdef readonly long entered
    cpdef object enter(self, object entry)
    cpdef object leave(self, object entry)

cdef State _state

cpdef Mode current_mode()
cpdef bint is_traced()
cpdef bint is_strict()
