cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    typedef double *__restrict__ block_numbers;
    #else
    typedef double *block_numbers;
    #endif
    """
    # Blocks don't overlap: knowing that, the compiler uses the vector unit without checks.
    ctypedef double* Numbers "block_numbers"

cdef extern from *:
    """
    static inline int instruction_set(void) {
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd")) return 512;
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return 256;
    #endif
        return 128;
    }
    """
    int instruction_set()

ctypedef void (*UnaryBlock)(Numbers, Numbers, Py_ssize_t) noexcept nogil
ctypedef void (*BinaryBlock)(Numbers, Numbers, Numbers, Py_ssize_t) noexcept nogil
ctypedef void (*TernaryBlock)(Numbers, Numbers, Numbers, Numbers, Py_ssize_t) noexcept nogil

cdef class Block:
    cdef readonly int arity
    cdef UnaryBlock unary
    cdef BinaryBlock both_vary
    cdef BinaryBlock left_varies
    cdef BinaryBlock right_varies
    cdef TernaryBlock[8] ternary

cdef Block unary_block(UnaryBlock function)
cdef Block binary_block(BinaryBlock both, BinaryBlock left, BinaryBlock right)
cdef Block ternary_block(TernaryBlock none, TernaryBlock third, TernaryBlock second, TernaryBlock second_and_third,
                        TernaryBlock first, TernaryBlock first_and_third, TernaryBlock first_and_second)
