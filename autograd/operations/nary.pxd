cimport cython
from libc.math cimport INFINITY, NAN
from autograd.operations.kernel cimport Kernel, nary_kernel, with_slopes
from autograd.numbers.special cimport exp_differences_into
from autograd.numbers.accumulate cimport dot_of, logsumexp_of, norm_of, prod_of, prod_without_each_into, softmax_into, sum_of

cdef inline double divide(double a, double b) noexcept nogil:
    return a / b

cdef double sum_value(double* operands, Py_ssize_t count) noexcept nogil
cdef double prod_value(double* operands, Py_ssize_t count) noexcept nogil
@cython.locals(half=Py_ssize_t)
cdef double dot_value(double* operands, Py_ssize_t count) noexcept nogil
cdef double norm_value(double* operands, Py_ssize_t count) noexcept nogil
cdef double logsumexp_value(double* operands, Py_ssize_t count) noexcept nogil
@cython.locals(place=Py_ssize_t, largest=double)
cdef double max_value(double* operands, Py_ssize_t count) noexcept nogil
@cython.locals(place=Py_ssize_t, smallest=double)
cdef double min_value(double* operands, Py_ssize_t count) noexcept nogil
@cython.locals(place=Py_ssize_t)
cdef void sum_gradients(double* operands, Py_ssize_t count, double out, double* uses, double* result) noexcept
cdef void prod_gradients(double* operands, Py_ssize_t count, double out, double* uses, double* result) noexcept
@cython.locals(place=Py_ssize_t, half=Py_ssize_t)
cdef void dot_gradients(double* operands, Py_ssize_t count, double out, double* uses, double* result) noexcept
@cython.locals(place=Py_ssize_t)
cdef void norm_gradients(double* operands, Py_ssize_t count, double out, double* uses, double* result) noexcept
@cython.locals(place=Py_ssize_t, length=double)
cdef void norm_slopes(double* operands, Py_ssize_t count, double out, double* result) noexcept nogil
@cython.locals(place=Py_ssize_t, tied=double)
cdef void tied_slopes(double* operands, Py_ssize_t count, double out, double* result) noexcept nogil
@cython.locals(place=Py_ssize_t, largest=double, total=double, rest=double, share=double)
cdef void logsumexp_slopes(double* operands, Py_ssize_t count, double out, double* result) noexcept nogil
cdef void logsumexp_gradients(double* operands, Py_ssize_t count, double out, double* uses, double* result) noexcept
@cython.locals(place=Py_ssize_t, tied=double)
cdef void tied_gradients(double* operands, Py_ssize_t count, double out, double* uses, double* result) noexcept
