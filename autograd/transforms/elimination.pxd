cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport doubles, doubles_in, integers, ints_in
from autograd.transforms.masked cimport plus, settled
from autograd.transforms.tape cimport Tape

cdef class Sums:
    cdef array first, next, column, term, low, columns, sums, lows, place
    cdef list nodes, node_sums
    cdef Py_ssize_t used
    cdef int free
    cdef long long additions

    @cython.locals(entry=int)
    cdef int add(self, int row, int column, double term) except -1
    @cython.locals(entry=int)
    cdef int add_pair(self, int row, int column, double high, double low) except -1
    @cython.locals(entry=int)
    cdef add_node(self, int row, int column, object term)
    cdef int new_entry(self) except -1
    @cython.locals(first="int*", following="int*", column_of="int*", terms="double*", columns="int*", sums="double*",
                   places="int*", count=int, entry=int, column=int, place=int, after=int)
    cdef int read(self, Py_ssize_t row) except -1
    @cython.locals(first="int*", following="int*", column_of="int*", terms="double*", low_terms="double*",
                   columns="int*", sums="double*", lows="double*", places="int*", count=int, entry=int, column=int,
                   place=int, after=int, term=double, before=double, total=double, part=double)
    cdef int read_pairs(self, Py_ssize_t row) except -1

@cython.locals(sums=Sums, starts="int*", operands="int*", slopes="double*", outputs="int*", terms="double*",
               number=int, position=Py_ssize_t, count=int, entry=Py_ssize_t, place=int, symbolic=bint, node_slopes=list)
cpdef object eliminate_for_jacobian(Tape tape, bint of_gradient=*)

@cython.locals(rows=array, columns=array, values=array, size=Py_ssize_t, row=int, found=int, place=int, nodes=list)
cpdef object read_rows(Sums sums, Py_ssize_t count)
