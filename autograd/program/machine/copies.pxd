cimport cython
from cpython.array cimport array
from libc.string cimport memcpy
from autograd.numbers.arrays cimport ints_in

@cython.final
cdef class Copies:
    cdef Py_ssize_t long_count, single_count
    cdef array long, single

    @cython.locals(source_at="int*", target_at="int*", count=Py_ssize_t, first=Py_ssize_t, stop=Py_ssize_t,
                   number=Py_ssize_t)
    cdef find(self, array sources, array targets)
    cdef bint is_empty(self)
    @cython.locals(long="int*", single="int*", place=Py_ssize_t)
    cdef void copy(self, double* source, double* target) noexcept nogil
