cimport cython
from cpython.array cimport array
from autograd.graph.modes cimport Mode, current_mode
from autograd.graph.node cimport (
    Call, Node, Output, STALE, call_of, new_stamp, traced_among, under_mode_with, value_of, varies
)
from autograd.operations.primitive cimport Origin, Primitive

@cython.locals(call=Call, numbers=array, results=list, traced="long long", mode=Mode)
cpdef list record_results(Primitive primitive, tuple operands, array values, object places=*)
@cython.locals(place=Py_ssize_t, under_call=tuple, results=list)
cdef list new_results(Origin origin, tuple operands, array numbers, array values, object places)
@cython.locals(call=Call)
cpdef Call new_call(Origin origin, tuple operands, array numbers, Py_ssize_t count)
@cython.locals(node=Output, call=Call)
cdef Output new_output(tuple under_call, Py_ssize_t place, double value)
@cython.locals(call=Call)
cpdef object repeated(Node node, tuple operands)
@cython.locals(node=Output)
cpdef Output restored_result(Call call, Py_ssize_t place, double value, Origin origin, bint stale)
