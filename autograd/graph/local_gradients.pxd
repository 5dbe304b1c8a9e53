cimport cython
from autograd.graph.modes cimport is_strict, is_traced
from autograd.graph.node cimport Call, Node, new_constant, operands_of, recorded_gradients, uses_of, value_of, varies
from autograd.operations.kernel cimport Kernel
from autograd.operations.primitive cimport Primitive

cdef dict SLOPES_OF_SUMS

@cython.locals(primitive=Primitive, kernel=Kernel, numbers=list, uses=list)
cpdef tuple local_gradients_beside(Node node, list varying)
@cython.locals(primitive=Primitive, recorded=tuple, operands=tuple)
cpdef object local_gradients_as_nodes(Node node, list varying=*)
@cython.locals(primitive=Primitive, common=tuple, place=Py_ssize_t, undefined=bint, known=double)
cdef object slopes_as_nodes(tuple operands, Node node, tuple recorded, list varying)
cdef tuple common_point(tuple operands)
cdef object moved_to(double value, Node operand)
@cython.locals(primitive=Primitive, uses=list)
cpdef object run_rule(tuple operands, Node node, list varying=*)
cdef list as_nodes(tuple operands)
@cython.locals(primitive=Primitive)
cpdef object local_gradients_in_trace(Node node, tuple operands, list varying)

cpdef object joint_pullback(Call call, object cotangents, bint as_nodes, object sums=*)
cpdef object joint_pushforward(Call call, object tangents, bint as_nodes)
@cython.locals(operands=tuple)
cdef list joint_operands(Call call, bint as_nodes)
cdef bint has_zero(object slopes) except -1
cdef object constant_or(object slope, Node node)
