cimport cython
from cpython.array cimport array
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy
from autograd.operations.kernel cimport Kernel, NarySlopes, NaryValue, shares_into
from autograd.operations.primitive cimport Primitive
from autograd.program.machine.block cimport BinaryBlock, Block, TernaryBlock, UnaryBlock
from autograd.program.machine.columns cimport Columns, address_of, read_four, write_four
from autograd.program.machine.copies cimport Copies
from autograd.program.machine.plan cimport Plan
from autograd.program.machine.step cimport Step, operand_in
from autograd.numbers.arrays cimport doubles, doubles_in, integers, ints_in, unset_doubles

cdef int DOUBLES
cdef enum:
    UNARY = 1
    BINARY = 2
    TERNARY = 3
    MANY = 4
    ADDITION = 5
    PRODUCT_ADDITION = 6
    CALL = 7
    SHARES = 8
    RUN = 9
    IN_REGISTERS = 16
    OUT = 1
    A = 2
    B = 4
    C = 8
cdef extern from *:
    int* NOTHING "NULL"
cpdef enum:
    BLOCK = 64
    LANES = 8
    CACHE_LINE = 64

ctypedef void (*Native)(double*, double*, double*, int*, Py_ssize_t, double*) noexcept nogil

cdef union Function:
    UnaryBlock unary
    BinaryBlock binary
    TernaryBlock ternary
    NaryValue nary
    NarySlopes slopes

# One for each operation of a program: its size is much of the memory that the program keeps.
cdef struct Instruction:
    Function function
    int kind
    # Places, in registers or cells as `where` says; `a` is that of its `Wide` where there is one.
    int where
    int out
    int a
    int b
    int c

# What an operation on any number of operands has besides, and a run: there, bits say which operands are gathered.
cdef struct Wide:
    Py_ssize_t first
    int many
    int scattered
    int result
    int[3] begins

cdef inline double* cell(double* cells, int place) noexcept nogil:
    return cells + place

cdef inline double* either(bint varies, double* registers, double* cells, Py_ssize_t place) noexcept nogil:
    return registers + place * BLOCK if varies else cells + place

cdef double* next_cache_line(void* memory) noexcept

cdef dict BLOCKS_OF_FUSED
cdef list BLOCKS_BY_NUMBER
cdef Block block_of(object primitive)

cdef class Memory:
    cdef Py_ssize_t width
    cdef void* given
    cdef double* numbers
    cdef inline double* at(self, Py_ssize_t place) noexcept nogil
    cdef inline double* all(self) noexcept nogil
    @cython.locals(given=array, memory="double*", entry=Py_ssize_t)
    cdef object write(self, Py_ssize_t place, Py_ssize_t row, object numbers)

cdef class Layout:
    cdef array place
    cdef bytearray varies
    cdef Memory cells, registers, sums
    @cython.locals(memory=Memory)
    cdef double* of(self, int value)
    cdef Memory memory_of(self, int value)
    cdef int place_of(self, int value) noexcept
    cdef int stride(self, int value) noexcept

cdef class Steps:
    cdef Py_ssize_t size, used, placed, many, most, together_in_all
    cdef readonly Py_ssize_t stage_count
    cdef array stage_stops
    cdef Memory row_operands, cells, registers, sums, together
    cdef array places
    cdef Instruction* instructions
    cdef Wide* wide
    cdef Py_ssize_t wide_size, wide_count
    cdef long long in_blocks, by_row, to_make
    cdef double** operands
    cdef Py_ssize_t* strides
    cdef Native native
    cdef double* native_registers
    cdef double* native_cells
    cdef double* native_sums
    cdef Memory scratch
    cdef readonly dict calls, errors

    @cython.locals(numbers="double*", place=Py_ssize_t)
    cdef use(self, object code, Memory registers, Memory cells, Memory sums)

    @cython.locals(step=Step)
    cdef count_operands(self, object steps)
    @cython.locals(step=Step)
    cdef append_all(self, object steps, Layout layout)
    @cython.locals(step=Py_ssize_t)
    cdef append_addition(self, Step addition, Layout layout)
    @cython.locals(step=Py_ssize_t, first=int, second=int, third=int, varying=int)
    cdef append_operands_of(self, Step operation, Block block, Layout layout)
    cdef take_function(self, Py_ssize_t step, Block block, int same)
    @cython.locals(step=Py_ssize_t, wide=Py_ssize_t, operands=tuple)
    cdef append_wide(self, Step operation, Layout layout)
    cdef append_operands(self, tuple operands, Layout layout)
    @cython.locals(numbers=array)
    cdef array operands_in_cells(self, Py_ssize_t result, Py_ssize_t count)
    @cython.locals(wide=Py_ssize_t, first=Py_ssize_t, many=Py_ssize_t, result=int, row=Py_ssize_t, entry=Py_ssize_t,
                   numbers=array, memory="double*")
    cdef void call_back(self, Py_ssize_t step, Py_ssize_t count, int* failed) noexcept with gil
    @cython.locals(memory=Memory, place=Py_ssize_t)
    cdef object call_at(self, Py_ssize_t result, array numbers, double* results)
    @cython.locals(memory=Memory, place=Py_ssize_t)
    cdef object call_for_row(self, Py_ssize_t result, array numbers, Py_ssize_t row, bint in_code)
    @cython.locals(step=Py_ssize_t, block=Block)
    cdef append(self, Step operation, Layout layout)
    @cython.locals(step=Py_ssize_t, wide=Py_ssize_t, block=Block, same=int, position=int, operation=Step, places=list)
    cdef append_run(self, list run, Layout layout)
    @cython.locals(wide=Py_ssize_t, count=Py_ssize_t, scattered=int, places="int*", a="double*", b="double*",
                   c="double*", out="double*", kind=int)
    cdef void run_together(self, Py_ssize_t step) noexcept nogil
    @cython.locals(numbers="double*", cells="double*", entry=Py_ssize_t)
    cdef double* gather(self, Py_ssize_t position, int* places, Py_ssize_t count) noexcept nogil
    cdef void run(self, Py_ssize_t count, int* failed) noexcept nogil
    @cython.locals(stops="int*")
    cdef void run_stage(self, Py_ssize_t stage, Py_ssize_t count, int* failed) noexcept nogil
    @cython.locals(step=Py_ssize_t, kind=int, cells="double*", instructions="Instruction*", out=int, a=int, b=int,
                   c=int)
    cdef void run_steps(self, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t count, int* failed) noexcept nogil
    cdef inline double* at(self, int varies, int place) noexcept nogil
    @cython.locals(kind=int, where=int, registers="double*", cells="double*", instructions="Instruction*",
                   out="double*", a="double*", b="double*", c="double*")
    cdef void run_on_registers(self, Py_ssize_t step, Py_ssize_t count) noexcept nogil
    @cython.locals(kind=int)
    cdef void run_other(self, Py_ssize_t step, Py_ssize_t count, int* failed) noexcept nogil
    cdef bint is_empty(self)
    cdef list joint_operations(self)
    @cython.locals(numbers="double*")
    cdef void run_into(self, double* results) noexcept nogil
    @cython.locals(lanes="double*", where=int, left="double*", right="double*", stride=Py_ssize_t,
                   right_stride=Py_ssize_t, row=Py_ssize_t, together=Py_ssize_t, everywhere=bint,
                   is_product=bint, term=double)
    cdef void add_up(self, Py_ssize_t step, Py_ssize_t count, int* failed) noexcept nogil
    @cython.locals(wide=Py_ssize_t, first=Py_ssize_t, many=Py_ssize_t, place=Py_ssize_t, operands="double*")
    cdef void run_shares(self, Py_ssize_t step) noexcept nogil
    @cython.locals(wide=Py_ssize_t, many=Py_ssize_t, first=Py_ssize_t, out="double*", row=Py_ssize_t,
                   operand=Py_ssize_t, gathered="double*")
    cdef void run_many(self, Py_ssize_t step, Py_ssize_t count) noexcept nogil

@cython.locals(entry=Py_ssize_t, numbers=array, memory="double*")
cdef void call_from_code(void* steps, long long result, int is_alive, double* operands, long long count,
                         double* results) noexcept with gil
@cython.locals(place="int*", number=Py_ssize_t, operand=int)
cdef bint is_scattered(tuple operands, Py_ssize_t start, Layout layout) except -1
cdef Copies copies_of_inputs(Plan plan, int count)
cdef Copies copies_of_outputs(Plan plan, bytearray but_for)
@cython.locals(found=array, number_at="int*", value_at="int*", count=int, number=int)
cdef array numbers_of(array values, bytearray marks, bytearray others)
@cython.locals(found=array, made="int*", given="int*", place_at="int*", entry=Py_ssize_t)
cdef array picked(array numbers, array places)
cdef Kernel kernel_of(Primitive primitive)
cdef Kernel kernel_of_slopes(object operation)
@cython.locals(kernel=Kernel)
cpdef object address_of_value(Primitive primitive)

cdef class Rows
cdef class Workspace

cdef class Machine:
    cdef readonly object program
    cdef Plan plan_kept
    cdef array place
    cdef bytearray varies
    cdef bint alone, sums_up, stores, is_straight
    cdef readonly bint calls_back, has_loops
    cdef public bint is_busy
    cdef readonly long long often
    cdef tuple options
    cdef readonly Py_ssize_t input_count, output_count
    cdef readonly list workspaces
    cdef readonly double work_done, work_of_run, work_of_row, to_make
    cdef readonly list joint, joint_of_rows
    cdef public double row_seconds
    cdef Memory cells
    cdef Steps before, before_deciding
    cdef readonly object code
    cdef readonly object lock
    cdef Copies inputs, outputs, not_computed
    cdef array guards, guard_stops

    cpdef double value(self, Py_ssize_t number)
    cpdef Machine idle(self)
    @cython.locals(to_make=double)
    cpdef double has_done(self, long long runs, long long rows)
    cdef note_rows(self, Steps rest)
    @cython.locals(workspace=Workspace)
    cpdef object run_rows(self, Rows rows, Py_ssize_t start, Py_ssize_t stop)
    cpdef note_time(self, double seconds, Py_ssize_t rows)
    cdef object settle_errors(self, int failed)
    @cython.locals(failed=int)
    cdef int call_alone(self, object inputs, array results) except -2
    @cython.locals(given=array)
    cdef read(self, object inputs)
    cdef bint goes_straight(self)
    cdef inline double* first_input(self) noexcept
    @cython.locals(guard=Py_ssize_t, guards="int*", stops="int*", stage=Py_ssize_t)
    cdef int decide(self) noexcept
    @cython.locals(failed=int)
    cpdef int prepare(self, object inputs) except -2
    @cython.locals(results=array, failed=int)
    cpdef object call(self, object inputs)
    cpdef int call_into(self, object inputs, array results) except -2
    @cython.locals(failed=int)
    cdef int run(self, double* results) noexcept
    @cython.locals(failed=int)
    cdef int turn(self, double* inputs, double* results) except -2

cdef list errors_of(list parts)
cdef array stops_of(list by_stage)

cdef class Rows:
    cdef list kept
    cdef Py_ssize_t count
    cdef Columns sources, targets
    cdef long long* rows
    cdef int* failed
    @cython.locals(row=Py_ssize_t)
    cdef bint any_failed(self, Py_ssize_t count)

cdef class Workspace:
    cdef Machine machine
    cdef readonly object code
    cdef Memory registers, sums
    cdef Steps deciding, rest
    cdef Py_ssize_t output_count
    cdef array inputs, stored_places, stored_vary, guard_numbers, guard_places, guard_outcomes, guard_stops

    @cython.locals(first=Py_ssize_t, count=Py_ssize_t, failures=Py_ssize_t, output=Py_ssize_t, lane=Py_ssize_t)
    cpdef object run(self, Rows rows, Py_ssize_t start, Py_ssize_t stop)
    @cython.locals(inputs="int*", offsets="int*", strides="int*", place=Py_ssize_t,
                   register="double*", offset=Py_ssize_t, stride=Py_ssize_t, numbers="double*", row=Py_ssize_t)
    cdef void load(self, Rows rows, Py_ssize_t first, Py_ssize_t count) noexcept nogil
    @cython.locals(stops="int*", failures=Py_ssize_t, guard=Py_ssize_t, stage=Py_ssize_t, row=Py_ssize_t)
    cdef Py_ssize_t decide(self, Rows rows, Py_ssize_t first, Py_ssize_t count) noexcept nogil
    @cython.locals(places="int*", numbers="int*", outcomes="int*", failures=Py_ssize_t, guard=Py_ssize_t,
                   condition="double*", row=Py_ssize_t)
    cdef Py_ssize_t check(self, Rows rows, Py_ssize_t first, Py_ssize_t count, Py_ssize_t start,
                          Py_ssize_t stop) noexcept nogil
    @cython.locals(places="int*", varies="int*", offsets="int*", strides="int*", output=Py_ssize_t,
                   offset=Py_ssize_t, stride=Py_ssize_t, step=Py_ssize_t, target="double*", numbers="double*",
                   row=Py_ssize_t, together=int, further=int)
    cdef void store(self, Rows rows, Py_ssize_t first, Py_ssize_t count) noexcept nogil
    cdef int settle_errors(self, Rows rows, Py_ssize_t first) except -1 with gil
    @cython.locals(result=array, totals="double*", lanes="double*", output=Py_ssize_t, even=double, odd=double)
    cdef array totals(self)
    cdef int* failures_of(self, Rows rows, Py_ssize_t first) noexcept nogil
