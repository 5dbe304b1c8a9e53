cpdef tuple parts_of(object value)
cpdef object contain(object kind, object keys, list parts)
