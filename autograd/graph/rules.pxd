cimport cython
from autograd.graph.modes cimport State, current_mode
from autograd.graph.node cimport Node, new_constant, operands_of, value_of, varies
from autograd.operations.primitive cimport Primitive

cdef State _state
cdef frozenset DECISIONS

cpdef bint is_traced()
cpdef bint is_strict()
@cython.locals(primitive=Primitive, operands=list)
cpdef object run_rule(Node node)
cdef list as_nodes(tuple operands)
@cython.locals(primitive=Primitive, operands=tuple, several=bint, place=Py_ssize_t, whole=list)
cpdef object traced_local_gradients(Node node, list varying)
