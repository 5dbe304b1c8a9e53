cimport cython
from cpython.array cimport array
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy
from autograd.program.machine.columns cimport address_of
from autograd.program.machine.machine cimport Machine
from autograd.program.paths cimport Descent, Path, PathTree
from autograd.program.recording.outside cimport NumpyArray
from autograd.program.recording.surroundings cimport Surroundings

cdef struct Source:
    double* numbers
    Py_ssize_t start
    Py_ssize_t size
    # The array whose memory it is, and where that began and how large it was.
    NumpyArray* owner
    char* first
    Py_ssize_t whole

@cython.final
cdef class Target:
    cdef Path path
    cdef Machine machine
    cdef array numbers
    cdef object results
    cdef list wholes

@cython.final
cdef class Bound:
    cdef readonly str name
    cdef PathTree paths
    cdef Surroundings watched
    cdef object state
    cdef array numbers
    cdef list arrays, starts, owners, memories
    cdef dict known
    cdef Target last
    cdef Py_ssize_t count, all_count
    cdef Source* sources

    @cython.locals(place=Py_ssize_t, start=Py_ssize_t, size=Py_ssize_t, end=Py_ssize_t)
    cdef find_sources(self)
    @cython.locals(place=Py_ssize_t)
    cdef void copy(self, Py_ssize_t count, double* numbers) noexcept
    @cython.locals(place=Py_ssize_t)
    cdef check_arrays(self)
    cdef array read(self)
    @cython.locals(target=Target, path=Path, descent=Descent, failed=int)
    cdef run(self)
    @cython.locals(target=Target)
    cdef run_by_python(self, object signal)
    cdef Target make_room(self, Path path)

@cython.locals(axis=int, size=Py_ssize_t)
cdef Py_ssize_t size_of(NumpyArray* numbers) noexcept
