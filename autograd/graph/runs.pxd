cimport cython
from autograd.graph.modes cimport is_traced
from autograd.graph.node cimport (
    ARGUMENT, Node, OF_RULE, OVER, SERIAL, TRACED, VARIES, Variable, check_thread, kept_operands, new_node, new_stamp,
    value_of, varies
)

@cython.locals(node=Node, leaf=Variable)
cpdef Node new_argument(object given, bint differentiated=*)
cpdef bint is_argument(Node node)
@cython.locals(node=Node)
cpdef object retire_arguments(list arguments)
cpdef object retire_results(list nodes, list kept)
@cython.locals(node=Node)
cpdef object mark_of_rules(list derivatives, long long since)
cpdef bint is_over(Node node)
