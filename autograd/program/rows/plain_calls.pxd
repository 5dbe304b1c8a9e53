cimport cython
from cpython.array cimport array
from autograd.graph.modes cimport Mode, State, current_mode
from autograd.numbers.arrays cimport divided, integers
from autograd.program.machine.columns cimport Columns
from autograd.program.machine.machine cimport Machine, Rows
from autograd.program.paths cimport Path, Recordings
from autograd.program.recording.signature cimport sign_rows
from autograd.transforms.trees cimport Structure

cdef State STATE
cdef object _new_array

@cython.final
cdef class PlainRows:
    cdef Recordings recordings
    cdef tuple mapped
    cdef dict known
    @cython.locals(mode=Mode, numbers=array, keys=list, count=Py_ssize_t, call=PlainCall)
    cpdef object result(self, tuple args)
    @cython.locals(prepared=PlainCall)
    cpdef object prepare(self, object call)

@cython.final
cdef class PlainCall:
    cdef readonly Path path
    cdef Machine machine
    cdef object tier, reduction
    cdef bint has_guards, is_array
    cdef Structure outputs
    cdef list shapes, given, made, idle
    cdef array given_owners, made_owners
    @cython.locals(rows=Rows, machine=Machine, began=double)
    cpdef object result(self, object given, array numbers, Py_ssize_t count, object made=*)
    @cython.locals(rows=Rows)
    cdef Rows rows(self, object given, list made, Py_ssize_t count)
    cdef object reduced(self, object sums, Py_ssize_t count)

@cython.locals(path=Path, machine=Machine)
cpdef PlainCall plain_call(object call)
cdef array owners_of(list places)
