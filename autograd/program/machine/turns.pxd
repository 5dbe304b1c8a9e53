cimport cython
from cpython.array cimport array
from cpython.exc cimport PyErr_CheckSignals
from libc.string cimport memcpy
from autograd.numbers.arrays cimport doubles, doubles_in, integers, ints_in, unset_doubles
from autograd.program.machine.machine cimport NOTHING, Machine, Steps

cpdef enum:
    NUMBERS = 0
    OPERANDS = 1
    DATA = 2
    RECORDS = 3
    OFTEN = 4096
cdef int MOST, LONG

@cython.final
cdef class Track:
    cdef readonly Py_ssize_t number, carried, width, once_count, read_count, target_count
    cdef readonly bint reverse
    cdef readonly list machines
    cdef object blocks
    cdef array operand_of, pass_of, place_of, stretches
    cdef array target_places, target_offsets, target_strides
    cdef array inputs, outputs
    cdef public array ends, marks

@cython.final
cdef class Turns:
    cdef readonly list tracks, records, all_ways
    cdef array end_passes, end_places, end_offsets
    cdef Py_ssize_t end_count
    cdef object machine_of
    cdef bint decides, stops
    cdef int number
    cdef Machine machine
    cdef array last, first_child, children, ways, data, operands, results, shifts, tables
    cdef readonly Py_ssize_t length
    cdef readonly object missing

    @cython.locals(number=Py_ssize_t, track=Track, done=Py_ssize_t, given="double*", place=Py_ssize_t, memories=list)
    cpdef Py_ssize_t run(self, array operands, array results, Py_ssize_t length, Py_ssize_t segment, Py_ssize_t first,
                         bytes recorded) except -2
    @cython.locals(operand_of="int*", pass_of="int*", place_of="int*", operands="double*", inputs="double*",
                   ends="double*", place=Py_ssize_t)
    cdef begin(self, Track track)
    @cython.locals(width=Py_ssize_t)
    cdef record(self, Py_ssize_t number, bint kept, Py_ssize_t start, Py_ssize_t stop)
    @cython.locals(count=Py_ssize_t, done=Py_ssize_t, place=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t,
                   number=Py_ssize_t, before=Track)
    cdef Py_ssize_t run_segments(self, Track track, Py_ssize_t segment) except -2
    @cython.locals(chooses=bint, inputs="double*", outputs="double*", results="double*", places="int*", offsets="int*",
                   strides="int*", carried=Py_ssize_t, width=Py_ssize_t, targets=Py_ssize_t, known="double*",
                   ways="int*", way=int, failed=int, machine=Machine, steps=Steps, straight=bint, hands_on=bint,
                   count=Py_ssize_t, done=Py_ssize_t, turn=Py_ssize_t, base=Py_ssize_t, shift=Py_ssize_t,
                   place=Py_ssize_t)
    cdef Py_ssize_t run_turns(self, Track track, Py_ssize_t start, Py_ssize_t stop, bint recorded,
                              bint again) except -2
    cdef make_room(self, Track track, Py_ssize_t turn, bint recorded)
    @cython.locals(number=Py_ssize_t)
    cdef point(self)
    @cython.locals(addresses=array)
    cdef point_to(self, Py_ssize_t memory, array numbers)
    @cython.locals(stretches="int*", number=Py_ssize_t, memory=int, where=Py_ssize_t, place=Py_ssize_t,
                   count=Py_ssize_t, numbers="double*")
    cdef void gather(self, Track track, double* inputs, Py_ssize_t turn, Py_ssize_t start,
                     Py_ssize_t stop) noexcept
    @cython.locals(machine=Machine)
    cdef Machine machine_for(self, Track track, int way)
    cdef take(self, Track track, int way)
    @cython.locals(inputs="double*", outputs="double*", child=int)
    cdef bint find(self, Track track, int failed) except -1
    @cython.locals(number=Py_ssize_t, track=Track)
    cpdef object go_on_from(self, object history)

@cython.locals(number=Py_ssize_t)
cdef inline void copy_numbers(double* target, Py_ssize_t place, double* source, Py_ssize_t start,
                              Py_ssize_t count) noexcept nogil
cdef array longer(array numbers, Py_ssize_t count)
cdef look_for_signals()
