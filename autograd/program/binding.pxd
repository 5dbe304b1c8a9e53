cimport cython
from cpython.array cimport array
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy
from autograd.program.machine cimport address_of

cdef struct Source:
    double* numbers
    Py_ssize_t start
    Py_ssize_t size

@cython.final
cdef class Bound:
    cdef readonly str name
    cdef object paths
    cdef array numbers
    cdef list arrays, starts
    cdef dict known
    cdef Py_ssize_t count
    cdef Source* sources

    @cython.locals(numbers="double*", place=Py_ssize_t)
    cdef read(self)
