/* A process that takes its time to end: LD_PRELOAD has this wait after the destructors of all libraries loaded later.

   What threads still do with such a library then, they do with objects that are no more. */

#include <stdlib.h>
#include <unistd.h>

static void wait_a_while(void)
{
    usleep(400000);
}

__attribute__((constructor)) static void begin(void)
{
    atexit(wait_a_while);
}
