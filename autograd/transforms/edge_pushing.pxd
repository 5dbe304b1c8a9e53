cimport cython
from libc.math cimport fma
from autograd.numbers.arrays cimport doubles_in, ints_in
from autograd.transforms.curvature cimport Curvature
from autograd.transforms.elimination cimport Sums, read_rows
from autograd.transforms.tape cimport Tape

@cython.locals(edges=Sums, starts="int*", operands="int*", slopes="double*", pair_starts="int*", left="int*",
               right="int*", weights="double*", ends="int*", sums="double*", lows="double*", position=Py_ssize_t, k=Py_ssize_t,
               begin=Py_ssize_t, stop=Py_ssize_t, count=int, place=int, other=int, weight=double, low=double,
               largest=double, entry=Py_ssize_t, operand=int, slope=double, share=double, share_low=double,
               product=double, product_low=double, second=Py_ssize_t, pair=Py_ssize_t)
cpdef object eliminate_for_hessian(Tape tape, Curvature curvature, double limit)

cdef double rounding_of(double first, double second, double product) noexcept nogil

cdef int add_edge(Sums edges, int one, int other, double weight, double low) except -1
