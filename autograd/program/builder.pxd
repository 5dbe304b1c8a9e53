cimport cython
from autograd.primitive cimport Primitive

@cython.final
cdef class Builder:
    cdef readonly int inputs
    cdef readonly dict constant_of
    cdef dict constants
    cdef list made_by, operands_of
    cdef dict known
    cdef readonly int one, zero

    cpdef int constant(self, double number) except -1
    cdef int append(self, object primitive, tuple operands) except -1
    @cython.locals(values=dict)
    cpdef int emit(self, Primitive primitive, tuple operands) except -1
    @cython.locals(values=dict)
    cpdef object known_value(self, Primitive primitive, tuple operands)
    @cython.locals(constants=dict, operand=int)
    cdef int simplified(self, Primitive primitive, tuple operands) except -1
    cdef int expanded(self, Primitive primitive, tuple operands) except -1
    cpdef bint is_condition(self, int value)
    cpdef object operand_of(self, int value, Primitive primitive)
    @cython.locals(size=int, needed=bytearray, value=int, operand=int, used=tuple, count=int)
    cpdef object program(self, object outputs, object guards=*)
cpdef object _plus(Builder builder, int a, int b)
cpdef object _minus(Builder builder, int a, int b)
cpdef object _multiply(Builder builder, int a, int b)
cpdef object _divide(Builder builder, int a, int b)
cpdef object _negate(Builder builder, int x)
cpdef object _select(Builder builder, int condition, int yes, int no)
cpdef object _absorb(Builder builder, int a, int b)
