cimport cython
from autograd.numbers.arrays cimport ints_in
from cpython.array cimport array

@cython.locals(of_operation="int*", start_of="int*", used="int*", arity_of="int*", count_of="int*", count=Py_ssize_t,
               number=Py_ssize_t, entry=Py_ssize_t, code=int, stop=int, given=int, arity=int, known=int,
               maker=Py_ssize_t)
cdef check_operations(array codes, array starts, array operands, array arities, array counts, tuple names,
                      Py_ssize_t first)
