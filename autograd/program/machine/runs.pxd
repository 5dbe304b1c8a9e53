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
