cimport cython
from cpython.array cimport array
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdlib cimport calloc, free
from autograd.numbers.arrays cimport integers, ints_in

cdef extern from *:
    """
    /* Four columns of a block, and the rows that these are in an array, `stride` numbers from one to the next. Two rows
       of two columns pass through two registers of any vector unit; number by number it takes twice as long. */
    #if defined(__GNUC__) || defined(__clang__)
    typedef double pair_of_numbers __attribute__((vector_size(16), aligned(8), may_alias));
    #define PAIR(at) (*(pair_of_numbers *)(at))
    #define SWAP_TO(low, high, first, second) do { \
            pair_of_numbers one = PAIR(first), other = PAIR(second); \
            PAIR(low) = (pair_of_numbers){one[0], other[0]}; \
            PAIR(high) = (pair_of_numbers){one[1], other[1]}; \
        } while (0)
    #else
    #define SWAP_TO(low, high, first, second) do { \
            double one = (first)[0], two = (first)[1], three = (second)[0], four = (second)[1]; \
            (low)[0] = one; (low)[1] = three; (high)[0] = two; (high)[1] = four; \
        } while (0)
    #endif
    /* Four rows of four columns take half of that time where the registers hold four numbers each. */
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    #include <immintrin.h>
    #define WITH_FOURS __attribute__((target("avx")))
    #define SWAP_FOURS(to, over, up, further, from, right, down, beyond) do { \
            __m256d one = _mm256_loadu_pd(from), two = _mm256_loadu_pd(right); \
            __m256d three = _mm256_loadu_pd(down), four = _mm256_loadu_pd(beyond); \
            __m256d low = _mm256_unpacklo_pd(one, two), high = _mm256_unpackhi_pd(one, two); \
            __m256d last_low = _mm256_unpacklo_pd(three, four), last_high = _mm256_unpackhi_pd(three, four); \
            _mm256_storeu_pd(to, _mm256_permute2f128_pd(low, last_low, 0x20)); \
            _mm256_storeu_pd(over, _mm256_permute2f128_pd(high, last_high, 0x20)); \
            _mm256_storeu_pd(up, _mm256_permute2f128_pd(low, last_low, 0x31)); \
            _mm256_storeu_pd(further, _mm256_permute2f128_pd(high, last_high, 0x31)); \
        } while (0)
    static WITH_FOURS inline void write_fours(double *row, Py_ssize_t stride, double *a, double *b, double *c, double *d,
                                              Py_ssize_t count) {
        for (Py_ssize_t at = 0; at < count; at += 4, row += 4 * stride)
            SWAP_FOURS(row, row + stride, row + 2 * stride, row + 3 * stride, a + at, b + at, c + at, d + at);
    }
    static WITH_FOURS inline void read_fours(double *row, Py_ssize_t stride, double *a, double *b, double *c, double *d,
                                             Py_ssize_t count) {
        for (Py_ssize_t at = 0; at < count; at += 4, row += 4 * stride)
            SWAP_FOURS(a + at, b + at, c + at, d + at, row, row + stride, row + 2 * stride, row + 3 * stride);
    }
    #define FOURS_OF(count) (__builtin_cpu_supports("avx") ? (count) - (count) % 4 : 0)
    #else
    #define FOURS_OF(count) 0
    #define write_fours(row, stride, a, b, c, d, count)
    #define read_fours(row, stride, a, b, c, d, count)
    #endif
    /* Out of the columns, and into them. */
    static inline void write_four(double *row, Py_ssize_t stride, double *a, double *b, double *c, double *d,
                                  Py_ssize_t count) {
        Py_ssize_t at = FOURS_OF(count);
        write_fours(row, stride, a, b, c, d, at);
        row += at * stride;
        for (; at + 2 <= count; at += 2, row += 2 * stride) {
            SWAP_TO(row, row + stride, a + at, b + at);
            SWAP_TO(row + 2, row + stride + 2, c + at, d + at);
        }
        if (at < count) { row[0] = a[at]; row[1] = b[at]; row[2] = c[at]; row[3] = d[at]; }
    }
    static inline void read_four(double *row, Py_ssize_t stride, double *a, double *b, double *c, double *d,
                                 Py_ssize_t count) {
        Py_ssize_t at = FOURS_OF(count);
        read_fours(row, stride, a, b, c, d, at);
        row += at * stride;
        for (; at + 2 <= count; at += 2, row += 2 * stride) {
            SWAP_TO(a + at, b + at, row, row + stride);
            SWAP_TO(c + at, d + at, row + 2, row + stride + 2);
        }
        if (at < count) { a[at] = row[0]; b[at] = row[1]; c[at] = row[2]; d[at] = row[3]; }
    }
    """
    double* NO_NUMBERS "NULL"
    void write_four(double* row, Py_ssize_t stride, double* a, double* b, double* c, double* d,
                    Py_ssize_t count) noexcept nogil
    void read_four(double* row, Py_ssize_t stride, double* a, double* b, double* c, double* d,
                    Py_ssize_t count) noexcept nogil

cdef class Columns:
    cdef object kept
    cdef Py_ssize_t count
    cdef array offsets, strides
    cdef double** numbers
    cdef bint written
    @cython.locals(places="int*", numbers="double*", owner=int, place=Py_ssize_t)
    cdef object move(self, object arrays, array owners)
    @cython.locals(offsets="int*", strides="int*", further=int)
    cdef bint are_four(self, Py_ssize_t place) noexcept nogil
    cdef object let_go(self)

@cython.locals(view=Py_buffer, address=size_t)
cdef size_t address_of(object numbers) except? 0
