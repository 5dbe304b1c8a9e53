cimport cython
from autograd.program.machine.machine cimport Machine
from autograd.graph.node cimport new_constant, value_of
from autograd.program.recording.surroundings cimport Surroundings
from autograd.transforms.trees cimport Structure

cdef int FEW

@cython.final
cdef class Path:
    cdef readonly object tier, traced, program
    cdef readonly list variables
    cdef readonly Structure outputs
    cdef readonly dict children, machines
    cdef public long long hits
    cdef long long look_again
    cdef public Py_ssize_t number, parent, latest
    cdef public int branch
    cdef readonly Machine alone
    cdef readonly object trial

    cdef take_over(self, Path other)
    cpdef Machine machine(self, object varying=*, object summed=*)
    cdef Machine machine_alone(self)
    cpdef count_call(self, Machine machine)
    cdef choose(self, Machine machine)

@cython.final
cdef class PathTree:
    cdef readonly object fun, signature, limit, lock, refused, notices, budget
    cdef readonly Surroundings watched
    cdef readonly bint over_rows
    cdef readonly str tier
    cdef readonly Path root, last
    cdef readonly list recorded
    cdef readonly dict choices, asked
    cdef public bint apart

    cpdef Path first(self, object numbers)
    @cython.locals(child=Path)
    cpdef Path after(self, Path path, int guard, object numbers)
    @cython.locals(path=Path, hits="long long")
    cdef check_limits(self, object guard)
    cpdef tuple by_python(self, object signal, object numbers)
    @cython.locals(path=Path)
    cdef Path new(self, object numbers, object loops=*, Py_ssize_t parent=*, Py_ssize_t guard=*)
    cdef note_choice(self, Path path, int guard, Path child)
    @cython.locals(before=Path)
    cpdef note_taken(self, Path path)

@cython.final
cdef class Descent:
    cdef PathTree tree
    cdef Py_ssize_t entered
    cdef int chosen

    @cython.locals(tree=PathTree, recorded=list, choices=dict, branch=int)
    cpdef Path next(self, Path path, Machine machine, int failed, object numbers)
    @cython.locals(child=Path)
    cdef Path below(self, Path path, int guard, object numbers)
    cdef Path enter(self, Path path)

@cython.final
cdef class Recordings:
    cdef readonly object fun, limit, full, notices
    cdef readonly Surroundings watched
    cdef readonly bint over_rows
    cdef readonly str tier
    cdef readonly dict known
    cdef readonly list signatures

    @cython.locals(watched=Surroundings)
    cpdef full_key(self, object key)
    @cython.locals(paths=PathTree)
    cpdef PathTree paths(self, object key, tuple args, dict kwargs)
    cdef PathTree begin(self, object key, object signature)
