cdef class State:
    cdef long entered
    cpdef void enter(self, long change)
