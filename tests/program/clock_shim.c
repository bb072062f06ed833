/* A machine that was suspended: loaded by LD_PRELOAD, makes CLOCK_BOOTTIME jump ahead of CLOCK_MONOTONIC by two hours
 * once the file that CLOCK_SHIM names is there. */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *name; /* read once: another thread may be changing the environment when the time is asked for */

__attribute__((constructor)) static void start(void)
{
    const char *value = getenv("CLOCK_SHIM");
    name = value ? strdup(value) : NULL;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    long result = syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_BOOTTIME && name && access(name, F_OK) == 0)
        time->tv_sec += 7200;
    return (int)result;
}
