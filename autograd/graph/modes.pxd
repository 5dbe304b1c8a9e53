cimport cython
from cpython.contextvars cimport get_value
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from cpython.weakref cimport PyWeakref_GetRef

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
cdef object _entry

cdef inline object value_in(object variable):
    return get_value(variable)

cdef inline bint is_alive(object reference) except -1:
    cdef PyObject* found = NULL
    if not PyWeakref_GetRef(reference, &found):
        return False
    Py_XDECREF(found)
    return True

cpdef Mode current_mode()
@cython.locals(entry=Entry, found=Entry, one=Entry, kept=list, inside=list)
cdef Entry standing()

@cython.locals(entry=Entry)
cdef object leave(list holds)

cpdef bint is_traced()
cpdef bint is_strict()
