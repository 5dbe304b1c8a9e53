from cpython.array cimport array, clone, extend_buffer, resize_smart
from cpython.buffer cimport PyBUF_RECORDS_RO, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer
cimport cython
from autograd.graph.node cimport Node, value_of
from autograd.transforms.containers cimport parts_of
from autograd.transforms.trees cimport LEVELS

@cython.locals(numbers=array, nodes=dict, keys=list)
cpdef tuple sign(tuple args, dict kwargs, list stops=*)
cdef take(object value, array numbers, dict nodes, list keys, int level)
@cython.locals(start=Py_ssize_t, count=Py_ssize_t, place=Py_ssize_t)
cdef take_parts(object parts, array numbers, dict nodes, list keys, int level)
cdef tuple names_in(tuple names)
@cython.locals(count=Py_ssize_t, known=Py_ssize_t)
cdef take_container(object value, object container, array numbers, dict nodes, list keys, int level)
cdef object take_array(object value, array numbers, dict nodes)
@cython.locals(view=Py_buffer, is_plain=bint)
cdef bint take_doubles(object value, array numbers) except -1
@cython.locals(view=Py_buffer, is_plain=bint, count=Py_ssize_t, axes=Py_ssize_t)
cdef Py_ssize_t take_rows(object value, array numbers, list keys) except -1
@cython.locals(count=Py_ssize_t, rows=Py_ssize_t, place=Py_ssize_t, nodes=dict)
cpdef Py_ssize_t sign_rows(tuple args, tuple mapped, array numbers, list keys) except -1
@cython.locals(count=Py_ssize_t)
cdef append(array numbers, double number)
cdef object _array_type
cpdef bint is_array(object value) except -1
