cimport cython
from cpython.array cimport array
from autograd.numbers.arrays cimport integers, ints_in, lengthened

cdef int NONE, HASH_BITS, NEAR
cdef unsigned long long SPREAD, BITS

@cython.final
cdef class OperationTable:
    cdef readonly int count
    cdef int end, room, operand_room, bits
    cdef readonly int laid
    cdef readonly array codes, results, starts, operands
    cdef array slots

    cpdef int lay(self, int operand) except -1
    @cython.locals(operands="int*")
    cdef int lay_again(self, int count, int first, int second, int third) except -1
    cdef int laid_at(self, int place) noexcept
    cdef have_more_room(self)
    cpdef void drop(self) noexcept
    @cython.locals(slots="int*", codes="int*", starts="int*", operands="int*", slot=int, known=int, start=int,
                   place=int, tries=int)
    cpdef int find(self, int code, int mixed, bint commutes=*) noexcept
    @cython.locals(number=int)
    cpdef int keep(self, int code, int result, int mixed) except -1
    @cython.locals(entries=array, known="int*", count=int, slot=int)
    cdef enlarge(self)
    @cython.locals(slots="int*", starts="int*", slot=int, tries=int)
    cdef void enter(self, int number, int mixed) noexcept
    @cython.locals(operands="int*", youngest=int, place=int)
    cdef inline int first_slot(self, int start, int count) noexcept
    cdef inline int next_slot(self, int slot, int tries, int mixed) noexcept
    @cython.locals(operands="int*", mixed="unsigned long long", left="unsigned long long", right="unsigned long long",
                   place=int, start=int)
    cpdef int hash(self, int code) noexcept
