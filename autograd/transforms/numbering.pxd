cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport integers, ints_in
from autograd.operations.primitive cimport Primitive

@cython.final
cdef class Numbering:
    cdef readonly list primitives, others
    cdef readonly dict node_places
    cdef dict number_places, codes
    cdef array built_in

    @cython.locals(code=int)
    cdef int code(self, Primitive primitive, Py_ssize_t count) except -1
    cdef int slot_of_node(self, object node) except? -1
    @cython.locals(value=double)
    cdef int slot_of_number(self, object number) except? -1
    cdef int slot(self, dict places, object key, object other) except? -1
