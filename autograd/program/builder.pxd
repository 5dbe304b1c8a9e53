cimport cython
from libc cimport math
from cpython.array cimport array
from autograd.operations.primitive cimport Primitive
from autograd.numbers.arrays cimport integers, ints_in, lengthened
from autograd.program.final_passes cimport finished
from autograd.numbers.operation_table cimport OperationTable

cdef int NONE
cdef tuple RULED
cdef dict CODES
cdef int PLUS, MINUS, MULTIPLY, DIVIDE, NEGATE, POWER, POWER_BELOW, IDENTITY, WHERE, STOP_GRADIENT, NOT, EQUAL
cdef int NOT_EQUAL, BOTH, EITHER, SELECT, ABSORB, GATE, DEFINED, RULED_COUNT, RESULT_CODE

@cython.final
cdef class Builder:
    cdef readonly int inputs
    cdef readonly bint for_derivatives
    cdef int size, room
    cdef array made_at
    cdef list numbers, primitives
    cdef dict constants, code_of
    cdef readonly int one, zero
    cdef OperationTable table

    cpdef int constant(self, double number) except -1
    cdef int append(self, int made_at) except -1
    cpdef int code(self, Primitive primitive) except -1
    @cython.locals(operand=int)
    cpdef int emit(self, Primitive primitive, tuple operands) except -1
    @cython.locals(known=int, value=int, mixed=int)
    cdef int emit_laid(self, int code) except -1
    cdef int append_results(self, int value, Primitive primitive) except -1
    cdef int emit_one(self, int code, int operand) except -1
    cdef int emit_two(self, int code, int left, int right) except -1
    cdef int emit_three(self, int code, int first, int second, int third) except -1
    @cython.locals(primitive=Primitive, count=int, place=int, operand=int, value=int, a=int, b=int, c=int)
    cdef int simplified(self, int code) except -2
    @cython.locals(place=int)
    cdef bint are_constant(self) noexcept
    cdef int expanded(self, Primitive primitive, tuple operands) except -2
    cpdef bint is_constant(self, int value) noexcept
    @cython.locals(place=int)
    cdef double number_at(self, int value) except? -1.0
    cdef bint is_number(self, int value, double number) except -1
    cdef bint is_finite(self, int value) except -1
    @cython.locals(made_at=int)
    cdef bint is_condition(self, int value) except -1
    @cython.locals(made_at=int)
    cdef int operand_of(self, int value, int code) noexcept
    cpdef object program(self, object outputs, object guards=*)

cdef int by_rule(Builder builder, int code, int a, int b, int c) except -2
@cython.locals(value=int)
cdef int _plus(Builder builder, int a, int b) except -2
@cython.locals(negated=int)
cdef int _plus_beside(Builder builder, int left, int right) except -2
@cython.locals(negated=int)
cdef int _minus(Builder builder, int a, int b) except -2
@cython.locals(value=int)
cdef int _multiply(Builder builder, int a, int b) except -2
@cython.locals(negated=int)
cdef int _multiply_beside(Builder builder, int left, int right) except -2
cdef int _power(Builder builder, int a, int b) except -2
@cython.locals(exponent=double, lowered=double)
cdef int _power_below(Builder builder, int a, int b, int c) except -2
@cython.locals(inner=int)
cdef int _not(Builder builder, int a) except -2
@cython.locals(left=int, right=int)
cdef int _both(Builder builder, int a, int b) except -2
@cython.locals(left=int, right=int)
cdef int _either(Builder builder, int a, int b) except -2
@cython.locals(negated=int)
cdef int _select(Builder builder, int condition, int yes, int no) except -2
@cython.locals(value=int)
cdef int _absorb(Builder builder, int a, int b) except -2
cdef int _absorb_beside(Builder builder, int left, int right) except -2
cdef int _gate(Builder builder, int a, int b) except -2
cdef bint is_negative_zero(double number)
