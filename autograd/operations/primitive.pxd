cimport cython
from autograd.operations.kernel cimport Kernel

cdef class Origin

cdef class Primitive:
    cdef readonly str name
    cdef readonly object value
    cdef readonly object gradients
    cdef readonly str symbol
    cdef readonly object arity
    cdef readonly int multiple
    cdef readonly tuple domain
    cdef readonly object kinks
    cdef readonly object beside_constant
    cdef readonly object first_gradient
    cdef readonly bint linear
    cdef readonly str doc
    cdef readonly bint registered
    cdef readonly bint auxiliary
    cdef readonly Kernel kernel
    cdef readonly Origin origin

    cpdef tuple gradients_beside(self, tuple gradients, list operands, double out, list constant)

@cython.final
cdef class Origin:
    cdef readonly object name
    cdef readonly Primitive primitive
    cdef readonly object scope
    cdef readonly object source
