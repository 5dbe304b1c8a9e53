/* An allocator that has no memory for one request: LD_PRELOAD puts it before the system's.

   fail_after(n) lets n requests of this thread pass and refuses the next; fail_never() ends that and gives the number of
   requests that came since. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

static __thread long countdown = -1;
static __thread long requests = 0;
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
/* dlsym asks for memory before it can say where the next allocator is. */
static char early[8192];
static size_t early_used = 0;

void fail_after(long n)
{
    requests = 0;
    countdown = n;
}

long fail_never(void)
{
    countdown = -1;
    return requests;
}

static int refused(void)
{
    requests++;
    if (countdown < 0)
        return 0;
    if (countdown-- > 0)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    if (!next_malloc)
        next_malloc = dlsym(RTLD_NEXT, "malloc");
    return refused() ? NULL : next_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    static int looking = 0;
    if (!next_calloc) {
        if (looking) {
            void *place = early + early_used;
            early_used += (count * size + 15) & ~(size_t)15;
            return early_used <= sizeof early ? place : NULL;
        }
        looking = 1;
        next_calloc = dlsym(RTLD_NEXT, "calloc");
        looking = 0;
    }
    return refused() ? NULL : next_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    if (!next_realloc)
        next_realloc = dlsym(RTLD_NEXT, "realloc");
    return refused() ? NULL : next_realloc(old, size);
}
