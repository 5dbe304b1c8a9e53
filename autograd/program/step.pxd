cimport cython

@cython.final
@cython.no_gc
cdef class Step:
    cdef public int result
    cdef public object primitive
    cdef public tuple operands
    cdef public int output
