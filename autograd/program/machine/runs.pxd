cimport cython
from cpython.array cimport array
from autograd.program.machine.step cimport Step, operand_in
from autograd.numbers.arrays cimport integers, ints_in

@cython.locals(values=int, places=array, place="int*", end=int, operations=list, runs=list, groups=list, group=list,
               operation=Step)
cpdef list in_runs(object parts, array maker)
@cython.locals(levels=array, level="int*", maker="int*", deepest=int, operation=Step, known=int, place=int,
               groups=list)
cpdef list by_level(list operations, array made_by)
@cython.locals(count=int, position=int, found=int, most=int, best=list, order=list)
cdef list in_order(list group, array places)
@cython.locals(place="int*", step=Step, keys=list)
cdef list by_place(list group, int position, array places)
@cython.locals(place="int*", number=int, position=int, between=int, found=int, before=Step, step=Step)
cdef int neighbours(list order, array places) except -1
