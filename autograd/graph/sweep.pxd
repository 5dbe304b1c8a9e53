cimport cython
from autograd.numbers.arrays cimport doubles_in
from cpython.array cimport array
from autograd.graph.many_uses cimport ManyUses, has_many_references
from autograd.graph.modes cimport is_strict, is_traced
from autograd.graph.node cimport (
    Call, DONE, Node, OPEN, Output, REACHED, VARIES, Variable, call_of, check_thread, gradients_of_many, kept_operands,
    operands_of, varies
)

cdef list _blank_lists
cdef Py_ssize_t KEPT_LENGTH

@cython.locals(seed=double)
cpdef object backward(object output, object gradient=*)

@cython.locals(order=list, stack=list, used=list, leaves=list, count=Py_ssize_t, special=bint)
cdef object sweep(Node output, double seed)

@cython.locals(node=Node, position=Py_ssize_t)
cdef void clear_marks(list nodes) noexcept

@cython.locals(position=Py_ssize_t, found=bint)
cdef bint has_calls(list order, Py_ssize_t count) except -1

cdef list leaf_gradients(list order, Py_ssize_t count)

@cython.locals(found=dict, leaves=dict, node=Node, leaf=Node)
cdef object sweep_jointly(list order, Node output, double seed)

cdef list blank_list()

@cython.locals(node=Node, height=Py_ssize_t, count=Py_ssize_t, special=bint)
cdef Py_ssize_t walk(Node output, list stack, list order) except? -1

cdef inline Py_ssize_t write(list blank, Py_ssize_t place, object node) except -1

cdef inline bint is_unmet(object operand) noexcept

cdef inline bint is_used_often(object operand) noexcept

@cython.locals(node=Node, gradient=double, position=Py_ssize_t, place=Py_ssize_t, operands=tuple,
               local_gradients=array, slopes="double*")
cdef int propagate(list order, Py_ssize_t count, Node output, double seed, ManyUses many_uses) except -1

cdef inline void receive(object operand, double gradient, ManyUses many_uses) noexcept
