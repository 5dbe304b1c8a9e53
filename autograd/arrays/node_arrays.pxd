cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from autograd.graph.modes cimport is_traced
from autograd.graph.node cimport Node, record_binary, record_unary
from autograd.operations.primitive cimport Primitive

cdef object applied(object primitive, object left, object right)
cdef list listed(object operand, object shape)
cpdef list list_of(object given)
cdef object combined(object primitive, object left, object right, object ufunc)
@cython.locals(count=Py_ssize_t, at=Py_ssize_t, one=bint, other=bint)
cdef list paired(object primitive, list first, list second)
@cython.locals(first=list, second=list)
cdef object compared(object function, object left, object right, object ufunc)
@cython.locals(place=Py_ssize_t)
cdef object chained(object primitive, list row)
cdef object mapped(object primitive, object given)
@cython.locals(view=Py_buffer, places="PyObject**", count=Py_ssize_t, place=Py_ssize_t)
cdef object filled(list elements)
cpdef object node_array(list elements, object shape=*)
