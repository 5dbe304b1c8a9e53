# C signatures of accumulate.py.

cimport cython
from libc.math cimport copysign, fabs, fma, isfinite, isnan, ldexp, log1p, sqrt
from autograd.numbers.special cimport exp_difference, exp_differences_into, frexp, quotient_pair, two_product

# As in special.py, but part of the loops: a call from module to module takes three times as long as what it does.
cdef inline (double, double) two_sum(double a, double b) noexcept nogil:
    cdef double total = a + b
    cdef double part = total - a
    return total, (a - (total - part)) + (b - part)

cdef double INFINITY, NAN

cdef double cascade_result(double total, double first, double second) noexcept nogil
@cython.locals(index=cython.Py_ssize_t)
cdef double sum_of(double* values, Py_ssize_t count) noexcept nogil
@cython.locals(index=cython.Py_ssize_t)
cdef double dot_of(double* left, double* right, Py_ssize_t count) noexcept nogil
@cython.locals(index=cython.Py_ssize_t, shift=int)
cdef double norm_of(double* values, Py_ssize_t count) noexcept nogil
@cython.locals(index=cython.Py_ssize_t, exponent=cython.Py_ssize_t, shift=int)
cdef (double, double, Py_ssize_t) product_pair(double* values, Py_ssize_t count, bint skip_special) noexcept nogil
cdef double scaled_by(double value, Py_ssize_t exponent) noexcept nogil
@cython.locals(exponent=cython.Py_ssize_t)
cdef double prod_of(double* values, Py_ssize_t count) noexcept nogil
@cython.locals(index=cython.Py_ssize_t, exponent=cython.Py_ssize_t, shift=int, zeros=cython.Py_ssize_t,
               infinities=cython.Py_ssize_t, undefined=cython.Py_ssize_t, zeros_left=cython.Py_ssize_t,
               infinities_left=cython.Py_ssize_t, undefined_left=cython.Py_ssize_t)
cdef void prod_without_each_into(double* values, Py_ssize_t count, double* result) noexcept nogil
@cython.locals(index=cython.Py_ssize_t, where=cython.Py_ssize_t)
cdef double logsumexp_of(double* values, Py_ssize_t count) noexcept nogil
@cython.locals(index=cython.Py_ssize_t)
cdef void softmax_into(double* values, Py_ssize_t count, double* result) noexcept nogil
