cimport cython
from cpython.array cimport array, clone

cdef array _double_template, _integer_template

cpdef array doubles(Py_ssize_t count)
@cython.locals(numbers=array, places="int*", place=Py_ssize_t)
cpdef array integers(Py_ssize_t count, int fill=*)
