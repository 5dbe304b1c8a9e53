cimport cython
from autograd.graph.modes cimport is_traced
from autograd.graph.node cimport (
    Node, Output, REACHED, Variable, assigned_since, check_escape, is_argument, operands_of, restored_node,
    restored_output, set_value, varies
)
from autograd.operations.primitive cimport Primitive

cpdef bint stands_for_input(Node node)
cpdef tuple state_of(Node node)
@cython.locals(copied=Node)
cdef Node remade(Node node, tuple operands)
cdef bint is_stale(Node node) except -1
@cython.locals(node=Node)
cpdef Node rebuild(str kind, tuple operands, Primitive primitive, object scope, object name, double value, double grad,
                   bint reached, tuple local_gradients, bint stale, object source=*)
