cdef class State:
    cdef set entries
    cdef readonly long entered
    cpdef object enter(self, object entry)
    cpdef object leave(self, object entry)
