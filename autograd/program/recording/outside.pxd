cimport cython

@cython.locals(place=Py_ssize_t)
cdef bint differ(list now, list old)

cdef class Part:
    cdef readonly object holder, names, old

    cpdef object now(self)
    cpdef bint is_changed(self)

cdef class VariablePart(Part):
    pass

cdef class CellPart(VariablePart):
    cpdef object now(self)

cdef class NamePart(VariablePart):
    cpdef object now(self)

cdef class ListPart(Part):
    cpdef object now(self)
    cpdef bint is_changed(self)

cdef class SetPart(Part):
    cpdef object now(self)
    cpdef bint is_changed(self)

cdef class ArrayPart(Part):
    cpdef object now(self)
    cpdef bint is_changed(self)

cdef class NamedParts(Part):
    cpdef object held(self)
    cpdef object now(self)

cdef class DictPart(NamedParts):
    cpdef object held(self)

cdef class AttributesPart(NamedParts):
    cpdef object held(self)

cdef class SlotsPart(AttributesPart):
    cpdef object held(self)

cdef class ClassPart(AttributesPart):
    cpdef object held(self)
