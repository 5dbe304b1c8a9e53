cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport doubles, doubles_in, integers, ints_in
from autograd.program.machine.machine cimport Machine, Workspace
from autograd.program.machine.turns cimport look_for_signals

@cython.final
cdef class TurnBlocks:
    cdef Machine machine
    cdef Workspace workspace
    cdef bytes reverse
    cdef Py_ssize_t carried, share_count, size, length
    cdef list reads, targets
    cdef array share_stops, shares
    cdef object failed, numbers

    cdef make_room(self, Py_ssize_t length)
    cpdef object run(self, array inputs, object memories, Py_ssize_t length, array results, array record)
    cdef object scratch(self)
    @cython.locals(stops="int*", ways=bytes, place=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t, together=Py_ssize_t)
    cdef add_up(self, array ends, array record, Py_ssize_t width)
    @cython.locals(known="double*", number=double, turn=Py_ssize_t)
    cdef note(self, array ends, array record, Py_ssize_t width, Py_ssize_t place)
    @cython.locals(shares="double*", known="double*", recorded=bint, length=Py_ssize_t, total=double, done=Py_ssize_t,
                   turn=Py_ssize_t, share=Py_ssize_t, reverse=bint)
    cdef add_one(self, array ends, array record, Py_ssize_t width, Py_ssize_t place, Py_ssize_t start, Py_ssize_t stop)
    @cython.locals(shares="double*", known="double*", recorded=bint, length=Py_ssize_t, total="double*", first=double,
                   second=double, third=double, fourth=double, base=Py_ssize_t, of_third=Py_ssize_t,
                   of_fourth=Py_ssize_t, done=Py_ssize_t, turn=Py_ssize_t, reverse=bint)
    cdef add_several(self, array ends, array record, Py_ssize_t width, Py_ssize_t place, Py_ssize_t start,
                     Py_ssize_t count)
