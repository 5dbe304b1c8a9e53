cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport doubles
from autograd.operations.kernel cimport Kernel
from autograd.graph.node cimport Node, operands_of, recorded_gradients, value_of, varies

@cython.locals(kernel=Kernel, a=double, b=double, count=Py_ssize_t, place=Py_ssize_t, values=array, uses=array,
               gradients=array)
cpdef tuple local_gradients_beside(Node node, list constant)
