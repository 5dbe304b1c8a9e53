cimport cython
from cpython.array cimport array
from libc.stdlib cimport calloc, free, malloc
from autograd.kernel cimport Kernel, NaryValue
from autograd.primitive cimport Primitive
from autograd.program.block cimport BinaryBlock, Block, TernaryBlock, UnaryBlock
from autograd.tape cimport doubles, integers

cdef int UNARY, BINARY, TERNARY, MANY, ADDITION
cdef extern from *:
    int* NOTHING "NULL"
cpdef enum:
    BLOCK = 64
    LANES = 8

ctypedef void (*Native)(double*, double*, double*, int*, Py_ssize_t) noexcept nogil

cdef struct Instruction:
    int kind
    Py_ssize_t first
    Py_ssize_t many
    double* out
    double* a
    double* b
    double* c
    UnaryBlock unary
    BinaryBlock binary
    TernaryBlock ternary
    NaryValue nary

cdef class Memory:
    cdef Py_ssize_t width
    cdef double* numbers
    cdef inline double* at(self, Py_ssize_t place) noexcept nogil

cdef class Steps:
    cdef Py_ssize_t size, used
    cdef list kept
    cdef Instruction* instructions
    cdef double** operands
    cdef Py_ssize_t* strides
    cdef Native native
    cdef double* native_registers
    cdef double* native_cells
    cdef double* native_sums

    cdef use(self, object address, Memory registers, Memory cells, Memory sums)

    @cython.locals(step=Py_ssize_t, block=Block, place=list, varies=list, where="double*")
    cdef append(self, object operation, object plan, Memory cells, Memory registers)
    @cython.locals(step=Py_ssize_t)
    cdef append_addition(self, object addition, object plan, Memory cells, Memory registers, Memory sums)
    @cython.locals(step=Py_ssize_t, kind=int)
    cdef void run(self, Py_ssize_t count, int* failed) noexcept nogil
    @cython.locals(lanes="double*", numbers="double*", stride=Py_ssize_t, part=Py_ssize_t, lane=Py_ssize_t, row=Py_ssize_t, everywhere=bint)
    cdef void add_up(self, Py_ssize_t step, Py_ssize_t count, int* failed) noexcept nogil
    @cython.locals(many=Py_ssize_t, first=Py_ssize_t, row=Py_ssize_t, operand=Py_ssize_t, gathered="double*")
    cdef void run_many(self, Py_ssize_t step, Py_ssize_t count) noexcept nogil
    cdef double* gathered(self, Py_ssize_t many) noexcept nogil
    cdef void release(self, double* gathered) noexcept nogil

cdef Kernel kernel_of(Primitive primitive)
@cython.locals(kernel=Kernel)
cpdef object address_of_value(Primitive primitive)

cdef class Machine:
    cdef readonly object program
    cdef readonly object plan
    cdef bint sums_up, stores
    cdef readonly list benches
    cdef public long long calls, rows
    cdef Memory cells
    cdef Steps before, before_deciding
    cdef readonly object code
    cdef readonly object lock
    cdef array constant_inputs, constant_places
    cdef array outputs
    cdef list guards
    @cython.locals(number=Py_ssize_t, place=Py_ssize_t, outcome=bint, numbers="int*", places="int*", entry=Py_ssize_t)
    cpdef int prepare(self, list inputs) except -2
    cpdef object call(self, list inputs)
    cdef object outcome(self, list inputs)
    @cython.locals(places="int*", output=Py_ssize_t)
    cpdef list results(self)

cdef class Rows:
    cdef list kept
    cdef Py_ssize_t count
    cdef array strides, offsets
    cdef double** numbers
    cdef long long* rows
    cdef int* failed
    cdef double* results

cdef size_t address_of(object numbers) except? 0

cdef class Bench:
    cdef Machine machine
    cdef readonly object code
    cdef Memory registers, sums
    cdef Steps deciding, rest
    cdef Py_ssize_t output_count, stored_count, guard_count
    cdef array inputs, stored_places, stored_vary, guard_numbers, guard_places, guard_outcomes

    @cython.locals(first=Py_ssize_t, count=Py_ssize_t, failures=Py_ssize_t, output=Py_ssize_t, lane=Py_ssize_t)
    cpdef object run(self, Rows rows, Py_ssize_t start, Py_ssize_t stop)
    @cython.locals(inputs="int*", offsets="int*", strides="int*", place=Py_ssize_t, register="double*",
                   offset=Py_ssize_t, stride=Py_ssize_t, numbers="double*", row=Py_ssize_t)
    cdef void load(self, Rows rows, Py_ssize_t first, Py_ssize_t count) noexcept nogil
    @cython.locals(places="int*", numbers="int*", outcomes="int*", failures=Py_ssize_t, guard=Py_ssize_t,
                   condition="double*", row=Py_ssize_t)
    cdef Py_ssize_t check(self, Rows rows, Py_ssize_t first, Py_ssize_t count) noexcept nogil
    @cython.locals(places="int*", varies="int*", outputs=Py_ssize_t, output=Py_ssize_t, place=Py_ssize_t,
                   numbers="double*", same="double*", row=Py_ssize_t)
    cdef void store(self, Rows rows, Py_ssize_t first, Py_ssize_t count) noexcept nogil
    @cython.locals(result=array, totals="double*", lanes="double*", output=Py_ssize_t, half=int, lane=int)
    cdef array totals(self)
    cdef int* failures_of(self, Rows rows, Py_ssize_t first) noexcept nogil
