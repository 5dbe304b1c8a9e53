cimport cython
from cpython.array cimport array
from libc.string cimport memcpy
from autograd.numbers.arrays cimport integers

@cython.final
cdef class Copies:
    cdef Py_ssize_t long_count, single_count
    cdef array long, single

    @cython.locals(long="int*", single="int*", place=Py_ssize_t)
    cdef void copy(self, double* source, double* target) noexcept nogil
