cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport doubles, doubles_in
from autograd.operations.kernel cimport Kernel
from autograd.graph.modes cimport Mode, State, current_mode, is_traced
from autograd.operations.primitive cimport Origin, Primitive

cdef enum:
    VARIES = 1
    REACHED = 2
    OPEN = 4
    DONE = 8
    ARGUMENT = 16
    STALE = 32
    TRACED = 64
    OVER = 128
    OF_RULE = 256
    SERIAL = 512
cdef State _state
cdef long long _clock
cdef int _depth
cdef list _pending

cdef class Node:
    cdef double _value
    cdef double _grad
    cdef long long _stamp
    cdef Origin _origin
    cdef object _left
    cdef object _right
    cdef double _left_gradient
    cdef double _right_gradient

cdef class Variable(Node):
    cdef long long _assigned

cdef class Constant(Node):
    pass

cdef class Call(Node):
    cdef readonly Py_ssize_t _count
    cdef readonly array _numbers

cdef class Output(Node):
    cdef readonly Py_ssize_t _place

@cython.locals(node=Node)
cpdef Node new_node(Origin origin, double value)
cpdef long long new_stamp() noexcept
cpdef long long clock()
cpdef bint varies(object operand)
cpdef bint varied(object operand)
cpdef tuple recorded_gradients(Node node)
@cython.locals(call=Call, place=Py_ssize_t)
cpdef array gradients_of_many(Node node)
cdef tuple gradients_by_rule(Primitive primitive, tuple operands, list numbers, double value)
cpdef object check_escape(Node node)
cpdef object noted_text(Node node, object text)
cpdef bint is_traced_node(Node node)
cpdef object check_thread(tuple operands)
cpdef bint belongs_to_recording(Node node)
cpdef object argument_of(Node node)
cpdef object refusal_of(list arguments)
@cython.locals(node=Constant)
cdef Constant new_constant(double value)

@cython.locals(a=double, value=double, gradient=double, kernel=Kernel, node=Node)
cdef object record_unary(Primitive primitive, Node operand)

@cython.locals(a=double, b=double, value=double, left_varies="long long", right_varies="long long",
               kernel=Kernel, node=Node)
cdef object record_binary(Primitive primitive, object left, object right)

@cython.locals(value=double, count=Py_ssize_t, place=Py_ssize_t, varying=Py_ssize_t, undefined=bint, kernel=Kernel,
               node=Node, values=array, uses=array, gradients=array, numbers="double*", counts="double*",
               slopes="double*")
cdef object record_nary(Primitive primitive, tuple operands)

@cython.locals(value=double, node=Node)
cdef object record_by_rule(Primitive primitive, tuple operands)

cpdef list uses_of(tuple operands, list varying)
@cython.locals(counts=dict, place=Py_ssize_t)
cdef object count_uses(tuple operands, object uses)

cpdef object set_operands(Node node, tuple operands, tuple local_gradients)

cdef tuple numbered(Primitive primitive, tuple operands)

cdef object convert(Primitive primitive, object operand)

cdef double as_leaf_value(str kind, object value) except? -1.0

cdef inline bint ordered(bint outcome, Node node, double number) except -1
cdef object comparable(object other)
cpdef double value_of(object number) except? -1.0
cdef object under_trace(Primitive primitive, object left, object right, bint outcome)

cdef object under_mode(Node node, Primitive primitive, tuple operands)
@cython.locals(traced="long long")
cpdef long long traced_among(tuple operands) except -1
cdef long long traced_in(object operand) noexcept
@cython.locals(mode=Mode)
cpdef object under_mode_with(Node node, Primitive primitive, tuple operands, long long traced)

@cython.locals(stamp="long long")
cpdef bint assigned_since(object variable, object node)
cpdef tuple operands_of(Node node)
cpdef tuple kept_operands(Node node)
cdef object of_trace(object operand)
cpdef Call call_of(Node node)

cpdef object set_value(Variable variable, double value)
@cython.locals(variable=Variable)
cdef object assign(object node, object value)

cdef object check_finite(Node node, Primitive primitive, tuple operands)
