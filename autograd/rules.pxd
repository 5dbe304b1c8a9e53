from autograd.modes cimport State

cdef State _state

cpdef bint is_traced()
cpdef bint is_strict()
