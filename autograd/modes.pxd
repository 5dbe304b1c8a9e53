cdef class State:
    cdef readonly long entered
    cpdef void enter(self, long change)
