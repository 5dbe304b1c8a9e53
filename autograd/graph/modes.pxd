cimport cython

from autograd.operations.primitive cimport Origin, Primitive

cdef class Mode:
    cdef readonly bint recording, strict, only_traces
    cdef readonly object scope, trace, watch, origins
    cpdef dict settings(self)
    cdef Origin origin_of(self, Primitive primitive)

cdef class State:
    cdef readonly set entries
    cdef long left

cdef class Entry:
    cdef readonly object hold
    cdef dict changes
    cdef readonly Mode mode
    cdef Entry outer
    cdef long seen

cdef State _state

cpdef Mode current_mode()
@cython.locals(entry=Entry, found=Entry, one=Entry, kept=list, inside=list)
cdef Entry standing()

@cython.locals(entry=Entry)
cdef object leave(list holds)

cpdef bint is_traced()
cpdef bint is_strict()
