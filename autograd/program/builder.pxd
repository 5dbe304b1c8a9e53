cimport cython
from libc cimport math
from autograd.operations.primitive cimport Primitive

cdef int NONE
cdef dict SIMPLIFY

@cython.final
cdef class Builder:
    cdef readonly int inputs
    cdef readonly bint for_derivatives
    cdef list constant_of
    cdef dict constants
    cdef list made_by, operands_of
    cdef dict known
    cdef readonly int one, zero

    cpdef int constant(self, double number) except -1
    cdef int append(self, Primitive primitive, tuple operands, object number) except -1
    @cython.locals(values=dict)
    cpdef int emit(self, Primitive primitive, tuple operands) except -1
    @cython.locals(values=dict)
    cdef int known_value(self, Primitive primitive, tuple operands) except -2
    cdef int simplified(self, Primitive primitive, tuple operands) except -1
    cdef int with_results(self, operation, tuple operands) except -1
    @cython.locals(operand=int)
    cdef bint are_constant(self, tuple operands)
    cdef int expanded(self, Primitive primitive, tuple operands) except -1
    cpdef bint is_constant(self, int value)
    cdef bint is_number(self, int value, double number)
    cdef bint is_condition(self, int value) except -1
    cdef int operand_of(self, int value, Primitive primitive)
    cpdef object program(self, object outputs, object guards=*)

@cython.locals(a=int, b=int)
cpdef int _plus(Builder builder, tuple operands) except -2
cdef int _plus_beside(Builder builder, int left, int right) except -2
@cython.locals(a=int, b=int)
cpdef int _minus(Builder builder, tuple operands) except -2
@cython.locals(a=int, b=int)
cpdef int _multiply(Builder builder, tuple operands) except -2
cdef int _multiply_beside(Builder builder, int left, int right) except -2
@cython.locals(a=int, b=int)
cpdef int _divide(Builder builder, tuple operands) except -2
@cython.locals(x=int)
cpdef int _negate(Builder builder, tuple operands) except -2
@cython.locals(a=int, b=int)
cpdef int _power(Builder builder, tuple operands) except -2
@cython.locals(a=int, b=int, c=int)
cpdef int _power_below(Builder builder, tuple operands) except -2
@cython.locals(x=int)
cpdef int _identity(Builder builder, tuple operands) except -2
@cython.locals(x=int)
cpdef int _not(Builder builder, tuple operands) except -2
@cython.locals(a=int, b=int)
cpdef int _equal(Builder builder, tuple operands) except -2
@cython.locals(a=int, b=int)
cpdef int _not_equal(Builder builder, tuple operands) except -2
@cython.locals(a=int, b=int, left=int, right=int)
cpdef int _both(Builder builder, tuple operands) except -2
@cython.locals(a=int, b=int, left=int, right=int)
cpdef int _either(Builder builder, tuple operands) except -2
@cython.locals(condition=int, yes=int, no=int)
cpdef int _select(Builder builder, tuple operands) except -2
@cython.locals(a=int, b=int)
cpdef int _absorb(Builder builder, tuple operands) except -2
cdef int _absorb_beside(Builder builder, int left, int right) except -2
cpdef int _gate(Builder builder, tuple operands) except -2
cdef bint is_negative_zero(double number)
