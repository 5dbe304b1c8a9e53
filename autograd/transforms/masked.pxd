cimport cython
from autograd.graph.node cimport Node, record_binary, varied

@cython.freelist(64)
cdef class Masked:
    cdef readonly double number
    cdef readonly tuple masks

@cython.locals(node=Node)
cpdef Masked as_masked(object value)
@cython.locals(first=Masked, second=Masked)
cpdef object times(object one, object other)
@cython.locals(first=Masked, second=Masked)
cpdef object plus(object one, object other)
cdef object sum_of(object one, object other)
@cython.locals(known=Masked)
cpdef object masked_by(object derivative, Node mask)
@cython.locals(masked=Masked)
cpdef object settled(object value)
cdef tuple union(tuple one, tuple other)
