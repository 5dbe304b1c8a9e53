cimport cython
from cpython.array cimport array
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.string cimport memcpy
from autograd.graph.node cimport Node
from autograd.transforms.containers cimport contain, parts_of

@cython.final
cdef class Structure:
    cdef readonly object kind
    cdef readonly list children
    cdef readonly object keys
    cdef readonly tuple shape
    cdef readonly bint is_array, is_number
    cdef readonly object maker, whole
    cdef readonly Py_ssize_t size

    cpdef object build(self, object numbers)
    @cython.locals(built=list, part=Structure)
    cdef object of_items(self, object numbers, Py_ssize_t start)
    @cython.locals(built=list, part=Structure)
    cdef object of_doubles(self, array numbers, Py_ssize_t start)

@cython.locals(container=tuple, changed=list, same=bint)
cpdef object map_leaves(object function, object tree, int level=*, object is_leaf=*)
@cython.locals(container=tuple, children=list, made=Structure)
cdef Structure take_apart(object value, object what, list numbers, object leaf, int level)

cdef int LEVELS
cdef object _new_array
@cython.locals(view=Py_buffer)
cdef object array_of_doubles(array numbers, Py_ssize_t start, Structure piece)
