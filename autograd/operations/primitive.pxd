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
    cdef readonly object first_gradient, otherwise
    cdef readonly bint linear
    cdef readonly str doc
    cdef readonly bint registered
    cdef readonly bint auxiliary
    cdef readonly str vanishes
    cdef readonly tuple orders
    cdef readonly double rounding
    cdef readonly bint cancels
    cdef readonly object hides_nan
    cdef readonly bint condition
    cdef readonly bint of_conditions
    cdef readonly str infix
    cdef readonly tuple numpy
    cdef readonly tuple mpmath
    cdef readonly bint built_in
    cdef readonly int number
    cdef readonly Kernel kernel
    cdef readonly Origin origin

    cpdef be_like(self, Primitive other, str name)
    cpdef object local_gradients(self, object operands, object out, list uses=*)

@cython.final
cdef class Origin:
    cdef readonly object name
    cdef readonly Primitive primitive
    cdef readonly object scope
    cdef readonly object source
