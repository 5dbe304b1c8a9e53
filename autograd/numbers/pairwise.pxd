# C types of pairwise.py.

cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport doubles, doubles_in, integers, ints_in

cdef enum:
    BLOCK = 128
    LEVELS = 32

cdef class PairwiseSums:
    cdef array counts, levels

    @cython.locals(counts="int*", levels="double*", level=Py_ssize_t, blocks=int)
    cdef double counted(self, Py_ssize_t place, double block) noexcept
    @cython.locals(levels="double*", level=Py_ssize_t, blocks=int)
    cdef double total(self, Py_ssize_t place, double block) noexcept

cdef class LongSum:
    cdef object plus, block
    cdef list levels
    cdef Py_ssize_t count

    @cython.locals(blocks=Py_ssize_t, level=Py_ssize_t)
    cpdef object add(self, object term)
    @cython.locals(blocks=Py_ssize_t, level=Py_ssize_t)
    cpdef object total(self)
