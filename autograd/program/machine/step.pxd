cimport cython

@cython.final
@cython.no_gc
cdef class Step:
    cdef public int result
    cdef public object primitive
    cdef public tuple operands
    cdef public int output

@cython.locals(step=Step)
cdef Step new_step(int result, object primitive, tuple operands, int output=*)
