cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport doubles, doubles_in, integers, ints_in
from autograd.numbers.pairwise cimport PairwiseSums
from autograd.operations.kernel cimport Kernel, LEFT, MIXED, RIGHT
from autograd.graph.node cimport Node, Output, Variable
from autograd.operations.primitive cimport Primitive
from autograd.transforms.tape cimport Tape

cdef class Curvature:
    cdef readonly Tape tape
    cdef readonly array starts
    cdef readonly array left
    cdef readonly array right
    cdef readonly array weights
    cdef Py_ssize_t pairs

    @cython.locals(tape=Tape, operations=Py_ssize_t, k=Py_ssize_t, known=array, adjoints="double*", starts="int*")
    cdef build(self)
    @cython.locals(adjoint=double, out=double, a=double, b=double, left_adjoint=double,
                   right_adjoint=double, mixed_adjoint=double, left=int, right=int, primitive=Primitive,
                   kernel=Kernel)
    cdef add_operation(self, Node node, double adjoint)
    cdef add_pairs_of_many(self, Node node, double adjoint)
    cdef inline add_mixed_pair(self, int left, int right, double weight)
    cdef add_pair(self, int left, int right, double weight)
    @cython.locals(tape=Tape, along=array, result=array, met=array, filled=array, reached="int*", touched="int*", tangents="double*", products="double*", starts="int*",
                   operands="int*", slopes="double*", pair_starts="int*", left="int*", right="int*",
                   weights="double*", position=Py_ssize_t, k=Py_ssize_t, entry=Py_ssize_t, pair=Py_ssize_t, a=int,
                   b=int, sums=PairwiseSums, long_places="int*")
    cpdef array hessian_times(self, object direction)

@cython.locals(number=double)
cdef double value_at(Node node, object operand) except? -1.0
