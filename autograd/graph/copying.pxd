cimport cython
from autograd.graph.modes cimport is_traced
from autograd.graph.joint_operations cimport new_call, restored_result
from autograd.graph.node cimport (
    Call, Node, Output, REACHED, STALE, Variable, assigned_since, call_of, check_escape, new_node, operands_of,
    set_operands, set_value, varies
)
from autograd.graph.runs cimport is_argument
from autograd.operations.primitive cimport Primitive

cpdef bint stands_for_input(Node node)
@cython.locals(slopes=tuple, operands=tuple)
cpdef tuple state_of(Node node)
@cython.locals(call=Call, copied=Node)
cdef Node remade(Node node, tuple operands, dict memo)
cdef bint is_stale(Node node) except -1
@cython.locals(node=Node)
cpdef Node rebuild(str kind, tuple operands, Primitive primitive, object scope, object name, double value, double grad,
                   bint reached, tuple local_gradients, bint stale, object source=*)
@cython.locals(count=Py_ssize_t)
cpdef bint fits(str kind, tuple operands, Primitive primitive, tuple local_gradients) except -1
cdef bint are_operands(tuple operands) except -1
