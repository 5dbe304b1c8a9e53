cimport cython
from autograd.program.machine.machine cimport Machine
from autograd.transforms.structures cimport Structure

cdef int OFTEN

@cython.final
cdef class Path:
    cdef readonly object tier, traced, program
    cdef readonly list variables
    cdef readonly Structure outputs
    cdef readonly dict children, machines
    cdef public long long hits
    cdef Machine alone

    cpdef Machine machine(self, object varying=*, object summed=*)
    cdef Machine machine_alone(self)
    cpdef count_call(self, Machine machine)

@cython.final
cdef class Paths:
    cdef readonly object record, lock, refused
    cdef readonly str name, tier
    cdef readonly object limit
    cdef readonly Path root
    cdef readonly Py_ssize_t count

    cpdef Path first(self, object numbers)
    @cython.locals(child=Path)
    cpdef Path after(self, Path path, int guard, object numbers)
    @cython.locals(path=Path)
    cdef Path new(self, object numbers)
