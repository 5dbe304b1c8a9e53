cimport cython
from autograd.program.recording.outside cimport Part

@cython.final
cdef class Seen:
    cdef list parts, absent, places
    cdef object state
    cdef Py_ssize_t count
    cdef bint is_there(self) except -1
    @cython.locals(count=Py_ssize_t)
    cdef bint came(self) except -1

@cython.final
cdef class Surroundings:
    cdef object __weakref__
    cdef readonly object fun
    cdef readonly str changed
    cdef Seen seen
    cdef readonly dict states, own
    cdef dict met
    cdef list holders
    cdef dict clocks

    @cython.locals(seen=Seen)
    cpdef object state(self)
    @cython.locals(seen=Seen, by_others=bint, doubtful=bint, fleeting=bint)
    cpdef keep_state(self)
    cpdef begin_run(self)
    cdef bint differ(self, Seen seen) except -1
    @cython.locals(seen=Seen)
    cdef Seen look(self, object state, bint lasting=*)
