# C signatures of special.py. Everything here is free of Python objects (nogil has the compiler check that), and may
# be called as a C function from other modules: from autograd.numbers.special cimport digamma.

cimport cython
from libc.math cimport (
    copysign, cos, erf, exp, fabs, floor, fma, fmod, isfinite, isnan, ldexp, log, log1p, pow, rint, sin, sqrt, tan,
)
from libc.math cimport frexp as c_frexp

cdef double INFINITY, NAN
cdef double PI, PI_LOW, LOG_PI, LOG_PI_LOW, LOG_TWO, LOG_TWO_LOW, HALF_LOG_TWO_PI, HALF_LOG_TWO_PI_LOW
cdef double RECIPROCAL_ROOT_PI, RECIPROCAL_ROOT_PI_LOW, DIGAMMA_ROOT, DIGAMMA_ROOT_LOW
cdef double[18] ERFCX_FROM_HALF
cdef double[20] ERFCX_FROM_ONE
cdef double[22] ERFCX_FROM_TWO
cdef double[15] ERFCX_TAIL
cdef double[22] LGAMMA_ABOUT_TWO
cdef double[25] DIGAMMA_ABOUT_ROOT
cdef double[12] TANH_SERIES
cdef double[12] LOG_SERIES
cdef double[9] LGAMMA_STIRLING
cdef double[10] DIGAMMA_STIRLING
cdef double[12] EULER_MACLAURIN


cdef inline (double, int) frexp(double x) noexcept nogil:
    cdef int exponent = 0
    cdef double mantissa = c_frexp(x, &exponent)
    return mantissa, exponent


cdef inline int truncated(double x) noexcept nogil:
    return <int> x


cdef (double, double) two_sum(double a, double b) noexcept nogil
cdef (double, double) two_product(double a, double b) noexcept nogil
cdef (double, double) quotient_pair(double high, double low, double divisor, double divisor_low) noexcept nogil
@cython.locals(index=cython.Py_ssize_t)
cdef double polynomial(double* coefficients, Py_ssize_t count, double x) noexcept nogil
@cython.locals(index=cython.Py_ssize_t)
cdef (double, double) polynomial_pair(double* coefficients, Py_ssize_t count, double x) noexcept nogil
@cython.locals(exponent=int)
cdef (double, double) log_pair(double high, double low) noexcept nogil
cdef (double, double) lgamma_pair(double x) noexcept nogil
cdef (double, double) digamma_near_root(double offset) noexcept nogil
cdef (double, double) digamma_pair(double x) noexcept nogil
@cython.locals(exponent=int)
cdef (double, double, int) factorial_pair(double n) noexcept nogil
@cython.locals(term=int)
cdef (double, double) hurwitz_pair(double s, double x, double x_low, int exponent) noexcept nogil
cdef (double, double) reflected_hurwitz_pair(double s, double x, double distance, int exponent) noexcept nogil

cpdef double cbrt(double x) noexcept nogil
cpdef double tanh(double x) noexcept nogil
cpdef double sech_squared(double x) noexcept nogil
cpdef double acosh(double x) noexcept nogil
cpdef double gaussian(double x) noexcept nogil
cpdef double erfc(double x) noexcept nogil
cpdef double lgamma(double x) noexcept nogil
cpdef double gamma(double x) noexcept nogil
cpdef double digamma(double x) noexcept nogil
@cython.locals(exponent=int, shift=int, odd=bint)
cpdef double polygamma(double order, double x) noexcept nogil
cpdef double sigmoid(double x) noexcept nogil
cpdef double softplus(double x) noexcept nogil
cpdef double logaddexp(double a, double b) noexcept nogil
cpdef double power(double a, double b) noexcept nogil
@cython.locals(fractional=bint)
cpdef double power_below(double a, double b, double lowered) noexcept nogil
cpdef double exp_difference(double a, double b) noexcept nogil
@cython.locals(index=cython.Py_ssize_t)
cdef void exp_differences_into(double* values, Py_ssize_t count, double less, double* result) noexcept nogil
cpdef double sigmoid_difference(double a, double b) noexcept nogil
cpdef double exact_fmod(double a, double b) noexcept nogil
cpdef double python_mod(double a, double b) noexcept nogil
cpdef double floor_quotient(double a, double b) noexcept nogil
cpdef double xlogy(double x, double y) noexcept nogil
cpdef double sign(double x) noexcept nogil
