cimport cython
from cpython.array cimport array
from autograd.graph.modes cimport State
from autograd.program.machine.machine cimport Machine
from autograd.program.paths cimport Descent, Path, PathTree, Recordings
from autograd.program.recording.signature cimport sign
from autograd.numbers.arrays cimport unset_doubles

cdef State STATE

@cython.final
cdef class Jitted:
    cdef dict __dict__
    cdef object __weakref__
    cdef readonly object fun, max_paths
    cdef readonly Recordings recordings
    cdef readonly str tier
    cdef readonly dict derivatives

    @cython.locals(path=Path, descent=Descent, machine=Machine, results=array, variables=list, failed=int)
    cdef run(self, PathTree paths, array numbers, tuple args, dict kwargs)
