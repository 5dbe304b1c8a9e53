cimport cython
from cpython.array cimport array
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy
from autograd.program.machine.machine cimport Machine, address_of
from autograd.program.paths cimport Path, PathTree

cdef struct Source:
    double* numbers
    Py_ssize_t start
    Py_ssize_t size

@cython.final
cdef class Target:
    cdef Path path
    cdef Machine machine
    cdef array numbers
    cdef object results

@cython.final
cdef class Bound:
    cdef readonly str name
    cdef PathTree paths
    cdef array numbers
    cdef list arrays, starts
    cdef dict known
    cdef Target last
    cdef Py_ssize_t count, all_count
    cdef Source* sources

    @cython.locals(place=Py_ssize_t, start=Py_ssize_t, size=Py_ssize_t, end=Py_ssize_t)
    cdef find_sources(self)
    @cython.locals(place=Py_ssize_t)
    cdef void copy(self, Py_ssize_t count, double* numbers) noexcept
    cdef array read(self)
    @cython.locals(target=Target, path=Path, failed=int)
    cdef run(self)
    @cython.locals(target=Target)
    cdef run_by_python(self, object signal)
    cdef Target make_room(self, Path path)
