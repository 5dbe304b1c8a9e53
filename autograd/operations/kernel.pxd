cimport cython
from cpython.array cimport array
from libc.math cimport NAN
from autograd.numbers.arrays cimport doubles, doubles_in

cdef int LEFT, MIXED, RIGHT

ctypedef double (*UnaryValue)(double) noexcept
ctypedef double (*UnaryGradient)(double, double) noexcept
ctypedef double (*BinaryValue)(double, double) noexcept
ctypedef double (*BinaryGradient)(double, double, double) noexcept
ctypedef double (*NaryValue)(double*, Py_ssize_t) noexcept nogil
ctypedef void (*NaryGradients)(double*, Py_ssize_t, double, double*, double*) noexcept
ctypedef void (*NarySlopes)(double*, Py_ssize_t, double, double*) noexcept nogil

cdef class Kernel:
    cdef readonly int arity
    cdef bint kinked_beside_constant
    cdef int curved
    cdef UnaryValue unary_value
    cdef UnaryGradient unary_gradient
    cdef BinaryValue binary_value
    cdef BinaryGradient left_gradient
    cdef BinaryGradient right_gradient
    cdef BinaryGradient gradient_beside_constant
    cdef UnaryGradient unary_curvature
    cdef BinaryGradient left_curvature
    cdef BinaryGradient mixed_curvature
    cdef BinaryGradient right_curvature
    cdef NaryValue nary_value
    cdef NaryGradients nary_gradients
    cdef NarySlopes nary_slopes
    cdef readonly bint has_slopes

    @cython.locals(a=double, b=double)
    cpdef tuple gradients_beside_constants(self, list operands, double out, list uses)
    @cython.locals(memory="double*", operands="double*")
    cpdef shares_of(self, array given, array result)

cdef double no_unary_value(double a) noexcept
cdef double no_binary_value(double a, double b) noexcept
cdef double no_binary_gradient(double a, double b, double out) noexcept
cdef double no_nary_value(double* operands, Py_ssize_t count) noexcept nogil
@cython.locals(place=Py_ssize_t)
cdef void no_nary_gradients(double* operands, Py_ssize_t count, double out, double* uses, double* result) noexcept
@cython.locals(place=Py_ssize_t)
cdef void no_nary_slopes(double* operands, Py_ssize_t count, double out, double* result) noexcept nogil
@cython.locals(place=Py_ssize_t)
cdef void shares_into(NarySlopes slopes, double adjoint, double out, double* operands, Py_ssize_t count, double* result) noexcept nogil

@cython.locals(values=array)
cdef double nary_value_of(Kernel kernel, list operands)
@cython.locals(values=array, places=array, gradients=array)
cdef tuple nary_gradients_of(Kernel kernel, list operands, double out, list uses)

cdef Kernel unary_kernel(UnaryValue value, UnaryGradient gradient)
cdef Kernel binary_kernel(BinaryValue value, BinaryGradient left_gradient, BinaryGradient right_gradient)
cdef Kernel with_constant(Kernel kernel, BinaryGradient gradient)
cdef Kernel with_curvature(Kernel kernel, UnaryGradient curvature)
cdef Kernel with_left_curvature(Kernel kernel, BinaryGradient curvature)
cdef Kernel with_mixed_curvature(Kernel kernel, BinaryGradient curvature)
cdef Kernel with_right_curvature(Kernel kernel, BinaryGradient curvature)
cdef Kernel nary_kernel(NaryValue value, NaryGradients gradients)
cdef Kernel with_slopes(Kernel kernel, NarySlopes slopes)
