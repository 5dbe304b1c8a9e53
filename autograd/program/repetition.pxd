cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport integers, ints_in
from autograd.transforms.tape cimport Tape

cdef int WINDOW, FEWEST_OPERATIONS, MOST_STEPS

@cython.final
cdef class Line:
    cdef readonly list nodes, primitives, others
    cdef readonly Py_ssize_t count
    cdef readonly array codes, starts, slots
    cdef readonly dict node_places

    @cython.locals(codes="int*", repeat=bytes, number=Py_ssize_t)
    cdef read(self)
    @cython.locals(counts=array, counted="int*", codes="int*", starts="int*", slots="int*", number=Py_ssize_t, code=int,
                   size=int, entry=int, operand=int)
    cpdef array additions(self, bytes adds, bytes goes_on, bytes once)

@cython.locals(size=Py_ssize_t, found=array, table=array, distance="int*", code="int*", last="int*", bits=int,
               mask="long long", mixed="unsigned long long", number=Py_ssize_t, place=int)
cdef array distances_to_next(array codes)

@cython.final
cdef class Search:
    cdef array codes, next
    cdef Py_ssize_t size
    cdef long long steps, limit

    @cython.locals(codes="int*", end=Py_ssize_t)
    cdef Py_ssize_t stop_of(self, Py_ssize_t start, Py_ssize_t period)
    @cython.locals(codes="int*", begin=Py_ssize_t)
    cdef Py_ssize_t start_of(self, Py_ssize_t start, Py_ssize_t period, Py_ssize_t floor)
    @cython.locals(distance="int*", floor=Py_ssize_t, number=Py_ssize_t, period=Py_ssize_t, stop=Py_ssize_t,
                   start=Py_ssize_t, fewest=Py_ssize_t, fewest_operations=Py_ssize_t)
    cpdef list all(self)
    @cython.locals(distance="int*", again=bint, number=Py_ssize_t, wider=Py_ssize_t, end=Py_ssize_t, begin=Py_ssize_t)
    cdef tuple widest(self, Py_ssize_t start, Py_ssize_t period, Py_ssize_t stop, Py_ssize_t floor)
