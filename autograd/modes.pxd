cdef class Mode:
    cdef readonly bint recording, strict
    cdef readonly object scope, trace, watch, origins
    cpdef dict settings(self)

cdef class State:
    cdef set entries
    cdef readonly long entered
    cpdef object enter(self, object entry)
    cpdef object leave(self, object entry)

cpdef Mode current_mode()
