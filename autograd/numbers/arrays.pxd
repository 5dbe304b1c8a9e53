cimport cython
from cpython.array cimport array, clone

cdef array _double_template, _integer_template

cpdef array doubles(Py_ssize_t count)
cpdef array unset_doubles(Py_ssize_t count)
@cython.locals(numbers=array, places="int*", place=Py_ssize_t)
cpdef array integers(Py_ssize_t count, int fill=*)
cpdef array lengthened(array numbers, Py_ssize_t count)
@cython.cdivision(True)
@cython.locals(found=array, given="double*", made="double*", place=Py_ssize_t)
cpdef array divided(array numbers, double divisor)
@cython.locals(found=array, ours="double*", others="double*", made="double*", place=Py_ssize_t)
cpdef array added(array left, array right)

cdef inline int* ints_in(array numbers) noexcept nogil:
    return numbers.data.as_ints

cdef inline double* doubles_in(array numbers) noexcept nogil:
    return numbers.data.as_doubles
