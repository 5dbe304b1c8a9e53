cimport cython
from cpython.array cimport array
from autograd.graph.node cimport Node, OPEN
from autograd.numbers.arrays cimport integers, ints_in
from autograd.numbers.pairwise cimport BLOCK, PairwiseSums

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(object)
    void* PyList_GET_ITEM(list, Py_ssize_t)

cdef inline Py_ssize_t address_of(Node node) noexcept:
    return <Py_ssize_t> <void*> node

cdef inline bint is_at(list nodes, Py_ssize_t place, Node node) noexcept:
    return PyList_GET_ITEM(nodes, place) == <void*> node

cdef inline bint has_many_references(object operand) noexcept:
    return Py_REFCNT(operand) > BLOCK

@cython.final
cdef class ManyUses:
    cdef list nodes
    cdef array table
    cdef PairwiseSums sums

    @cython.locals(node=Node)
    cdef int note(self, object operand) except -1
    @cython.locals(position=Py_ssize_t, node=Node)
    cdef int find(self, list order, Py_ssize_t count) except -1
    @cython.locals(table="int*", last=Py_ssize_t, slot=Py_ssize_t)
    cdef Py_ssize_t slot_of(self, Node node) noexcept
    @cython.locals(place=int)
    cdef void count(self, Node node) noexcept
    @cython.locals(place=int)
    cdef void complete(self, Node node) noexcept
    @cython.locals(place=int, node=Node)
    cdef void complete_all(self) noexcept
