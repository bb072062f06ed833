/* A machine that was suspended: loaded by LD_PRELOAD, makes CLOCK_BOOTTIME jump ahead of CLOCK_MONOTONIC by two hours
 * once the file that CLOCK_SHIM names is there. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time)
{
    long result = syscall(SYS_clock_gettime, clock, time);
    const char *name = getenv("CLOCK_SHIM");
    if (clock == CLOCK_BOOTTIME && name && access(name, F_OK) == 0)
        time->tv_sec += 7200;
    return (int)result;
}
