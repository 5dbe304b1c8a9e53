cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport doubles, doubles_in, integers, ints_in
from autograd.numbers.operation_table cimport OperationTable
from autograd.numbers.pairwise cimport BLOCK, LongSum, PairwiseSums
from autograd.operations.primitive cimport Primitive
from autograd.graph.local_gradients cimport (
    joint_pullback, joint_pushforward, local_gradients_as_nodes, local_gradients_beside,
    local_gradients_in_trace
)
from autograd.graph.modes cimport is_strict, is_traced
from autograd.graph.node cimport (
    Call, Node, OF_RULE, OVER, Output, SERIAL, TRACED, VARIES, belongs_to_recording, call_of,
    clock, gradients_of_many, operands_of, recorded_gradients, value_of, varied, varies
)
from autograd.transforms.constant_slopes cimport ConstantSlopes
from autograd.transforms.masked cimport masked_by, plus, settled, times
from autograd.transforms.numbering cimport Numbering

cdef class Tape:
    cdef readonly Py_ssize_t count
    cdef readonly Py_ssize_t size
    cdef readonly bint closed_over
    cdef long long before
    cdef readonly list arguments
    cdef readonly list nodes
    cdef readonly list outputs
    cdef list node_slopes
    cdef bytearray absorbing
    cdef public object at_once
    cdef dict joint_slopes
    cdef ConstantSlopes constant_slopes
    cdef bint pulled
    cdef object output_nodes
    cdef bint whole
    cdef readonly bint by_result
    cdef readonly dict joints
    cdef readonly list outside, merged
    cdef readonly Numbering numbering
    cdef readonly array codes
    cdef array positions
    cdef readonly array starts
    cdef readonly array operands
    cdef readonly array slopes
    cdef readonly array long_places
    cdef readonly Py_ssize_t long_count

    @cython.locals(ticks=Py_ssize_t, tick=Py_ssize_t, operations=Py_ssize_t, entries=Py_ssize_t, in_all=Py_ssize_t,
                   position=Py_ssize_t, found=list, node=Node, place_of="int*")
    cdef follow(self, list arguments, object outputs)
    cdef inline Py_ssize_t tick_of(self, Node node) noexcept
    @cython.locals(node=Node, tick=Py_ssize_t)
    cdef inline int meet(self, list found, object operand, Node user) except -1
    @cython.locals(tick=Py_ssize_t)
    cpdef int position_of(self, object operand) noexcept
    @cython.locals(tick=Py_ssize_t, begin=Py_ssize_t, end=Py_ssize_t, size=Py_ssize_t, constants=Py_ssize_t,
                   place=Py_ssize_t, position=int, node=Node, place_of="int*", starts="int*", operands="int*",
                   slopes="double*", many=bint, is_call=bint, below=tuple, merging=bint, merged=OperationTable)
    cdef lay_out(self, list found, Py_ssize_t entries)
    @cython.locals(tick=Py_ssize_t, node=Node, primitive=Primitive, place_of="int*", codes="int*", starts="int*",
                   operands="int*", end=Py_ssize_t, number=Py_ssize_t)
    cdef lay_out_whole(self, list found, Py_ssize_t operations, Py_ssize_t entries)
    @cython.locals(position=int)
    cdef int slot_of(self, object operand) except? -1
    @cython.locals(primitive=Primitive, by_identity=bint, code=int, mixed=int, known=int)
    cdef int first_like(self, Node node, OperationTable table, int size) except? -1
    @cython.locals(position=int)
    cdef int slot_by_identity(self, object operand, bint always) except? -1
    # Of `object or (bint and bint)` Cython 3.3 makes a pointer out of an int: so `known` is a bint.
    @cython.locals(operands=tuple, here=list, varying=list, corrected=tuple, known=bint)
    cdef correct(self, Node node, Py_ssize_t begin)
    @cython.locals(slopes=list, traced=bint, live=bytearray, node=Node, operands=tuple, primitive=Primitive,
                   varying=list, place=Py_ssize_t, known=bint, position=Py_ssize_t, number=Py_ssize_t)
    cpdef differentiable(self)
    @cython.locals(live=bytearray, starts="int*", operands="int*", position=Py_ssize_t, k=Py_ssize_t,
                   entry=Py_ssize_t, primitive=Primitive)
    cdef bytearray live(self)
    cdef bint is_live(self, object operand, bytearray live) except -1
    @cython.locals(exposed=bytearray, absorbing=bytearray, starts="int*", operands="int*", output=Py_ssize_t,
                   position=Py_ssize_t, k=Py_ssize_t, entry=Py_ssize_t, primitive=Primitive)
    cdef mark_absorbing(self)
    cpdef object product(self, Py_ssize_t position, Py_ssize_t entry, object one, object other)
    cpdef object seed(self, Py_ssize_t place, object derivative)
    @cython.locals(counts=array, uses="int*", operands="int*", entries=Py_ssize_t, entry=Py_ssize_t,
                   position=Py_ssize_t)
    cpdef Py_ssize_t count_long_sums(self) except -1
    @cython.locals(slopes=list, starts="int*", operands="int*", long_places="int*", position=Py_ssize_t,
                   entry=Py_ssize_t)
    cpdef object pull(self, list adjoints)
    cdef bint has_constant_slopes(self) except -1
    @cython.locals(result=array, flags=array, adjoints="double*", reached="int*", starts="int*", operands="int*",
                   slopes="double*", position=Py_ssize_t, entry=Py_ssize_t, place=Py_ssize_t, adjoint=double,
                   cotangent=double, before=Py_ssize_t, stop=Py_ssize_t, sums=PairwiseSums, long_places="int*", operand=int)
    cpdef array adjoints(self, object cotangents)
    @cython.locals(symbolic=bint)
    cdef pull_jointly(self, object joint, list adjoints)
    cdef push_jointly(self, object joint, list carried)
    cdef object absorbed(self, object joint, object directions, object derivatives, object instead=*)
    cpdef object absorb_everywhere(self)
    @cython.locals(adjoints="double*", reached="int*", position=Py_ssize_t)
    cdef pull_numbers_jointly(self, object joint, array sums, array flags)
    @cython.locals(tangents="double*", reached="int*", position=Py_ssize_t)
    cdef push_numbers_jointly(self, object joint, array sums, array flags)
    @cython.locals(result=array, tangents="double*", reached="int*", starts="int*", operands="int*",
                   slopes="double*", position=Py_ssize_t, entry=Py_ssize_t, tangent=double, start=Py_ssize_t,
                   stop=Py_ssize_t)
    cpdef array tangents(self, object directions, array flags)

cpdef bint is_differentiated(Node node)
cpdef bint is_zero(object slope) except -1
cpdef bint all_floats(object numbers)
cdef object if_any(list directions)
cdef object add(list sums, Py_ssize_t place, object share)
cdef LongSum long_sum_from(object first)
cdef object summed(object adjoint)
