cimport cython
from cpython.array cimport array
from autograd.node cimport DONE, Node, OPEN, REACHED, VARIES

@cython.locals(order=list, stack=list, node=Node)
cpdef object backward(object output, object gradient=*)

@cython.locals(node=Node)
cdef int walk(list stack, list order) except -1

cdef inline bint is_unmet(object operand) noexcept

@cython.locals(node=Node, gradient=double, position=Py_ssize_t, place=Py_ssize_t, operands=tuple,
               local_gradients=array, slopes="double*")
cdef int propagate(list order, Node output, double seed) except -1

cdef inline void receive(object operand, double gradient) noexcept
