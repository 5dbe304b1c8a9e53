cimport cython
from autograd.graph.modes cimport is_traced
from autograd.graph.node cimport (
    Call, Node, Output, REACHED, Variable, assigned_since, call_of, check_escape, is_argument, new_call, operands_of,
    restored_node, restored_result, set_value, varies
)
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
