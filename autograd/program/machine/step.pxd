cimport cython

@cython.final
@cython.no_gc
cdef class Step:
    cdef public int result
    cdef public object primitive
    cdef public int output
    cdef int count, first, second, third
    cdef tuple many

cdef inline int operand_in(Step step, int place):
    if step.many is not None:
        return step.many[place]
    return step.first if place == 0 else step.second if place == 1 else step.third

@cython.locals(step=Step)
cdef Step new_step(int result, object primitive, int count, int first, int second=*, int third=*)
