cimport cython
from cpython.array cimport array
from autograd.graph.node cimport Node
from autograd.numbers.arrays cimport doubles, doubles_in, integers, ints_in
from autograd.transforms.masked cimport Masked, as_masked

@cython.final
cdef class ConstantSlopes:
    cdef Py_ssize_t count, size
    cdef array starts, operands, numbers, bits
    cdef list masks
    cdef bytearray absorbing
    cdef dict place_of, joined
    cdef readonly bint are_constant

    @cython.locals(starts="int*", operands="int*", numbers="double*", bits="int*", leads=bytearray, position=Py_ssize_t,
                   entry=Py_ssize_t, found=int, known=Masked)
    cdef bint read(self, list slopes, bytearray met) except -1
    @cython.locals(starts="int*", operands="int*", met=bytearray, position=Py_ssize_t, entry=Py_ssize_t)
    cdef bytearray met_from(self, object outputs, list slopes)
    @cython.locals(found=int, place=int)
    cdef int bits_of(self, object masks) except -2
    @cython.locals(sums=array, sets=array, adjoints="double*", reached="int*", starts="int*", operands="int*",
                   numbers="double*", bits="int*", position=Py_ssize_t, entry=Py_ssize_t, operand=int, share=double,
                   met=int, found=int, known=Masked, place=Py_ssize_t)
    cpdef object adjoints(self, object seeds)
    @cython.locals(place=int)
    cdef object masked(self, double number, int masks, tuple own, dict joined)
