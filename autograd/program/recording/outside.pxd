cimport cython
from libc.string cimport memcmp

cdef extern from *:
    """
    #include <structmember.h>
    /* The beginning of NumPy's arrays, which is part of its interface for C; NumPy's headers are not needed to build. */
    typedef struct {
        PyObject_HEAD char *data; int nd; Py_ssize_t *dimensions, *strides; PyObject *base; void *descr; int flags;
    } NumpyArray;
    static inline PyObject *autograd_dict_of_class(PyObject *kind) { return Py_NewRef(((PyTypeObject *)kind)->tp_dict); }
    static inline PyObject *autograd_dict_of_object(PyObject *object) { return PyObject_GenericGetDict(object, NULL); }
    /* Where there is nothing, Python shows None. */
    static inline int autograd_shows(void *there, PyObject *object) { return there == (void *)object || (!there && object == Py_None); }
    /* A dict unless it is empty. */
    static inline void *autograd_filled(void *dict) { return dict && PyDict_GET_SIZE((PyObject *)dict) ? dict : NULL; }
    /* What a class's `__slots__` made is a pointer in the object. */
    static inline void *autograd_in_slot(PyObject *object, PyObject *slot) {
        return *(void **)((char *)object + ((PyMemberDescrObject *)slot)->d_member->offset);
    }
    """
    ctypedef struct NumpyArray:
        char* data
        int nd
        Py_ssize_t* dimensions
        void* descr
        int flags
    ctypedef struct FunctionObject "PyFunctionObject":
        void* func_code
        void* func_defaults
        void* func_kwdefaults
        void* func_dict
    object dict_of_class "autograd_dict_of_class"(object)
    object dict_of_object "autograd_dict_of_object"(object)
    bint shows "autograd_shows"(void*, object)
    void* filled "autograd_filled"(void*)
    void* in_slot "autograd_in_slot"(object, object)

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

cdef class ContextPart(Part):
    cpdef object now(self)

cdef class FactoryPart(Part):
    cpdef object now(self)

cdef class FunctionPart(Part):
    cpdef object now(self)
    @cython.locals(function="FunctionObject*", old=list)
    cpdef bint is_changed(self)

cdef class ListPart(Part):
    cpdef object now(self)
    cpdef bint is_changed(self)

cdef class BytesPart(Part):
    cpdef object now(self)
    cpdef bint is_changed(self)

cdef class ArrayPart(Part):
    cpdef object now(self)
    @cython.locals(array="NumpyArray*", shape=tuple, numbers=bytes, axis=int)
    cpdef bint is_changed(self)

cdef class NamedParts(Part):
    cpdef object held(self)
    cpdef object now(self)
    @cython.locals(old=list, count=Py_ssize_t, place=Py_ssize_t)
    cpdef bint is_changed(self)

cdef class DictPart(NamedParts):
    cpdef object held(self)

cdef class LocalPart(NamedParts):
    cpdef object held(self)

cdef class AttributesPart(NamedParts):
    cdef readonly object above

    cpdef object held(self)
    cpdef object above_now(self)
    cpdef bint is_changed(self)

cdef class SlotsPart(AttributesPart):
    cdef tuple slots
    cpdef object held(self)
    @cython.locals(old=list, count=Py_ssize_t, place=Py_ssize_t, there="void*")
    cpdef bint is_changed(self)

cdef class ClassPart(AttributesPart):
    cpdef object held(self)
    cpdef object above_now(self)
