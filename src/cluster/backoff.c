#include "backoff.h"

#include <sched.h>
#include <time.h>

double clock_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double clock_cpu_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double backoff_next(struct backoff *backoff, double longest_s)
{
    const double spin_s = 200e-6, first_sleep_s = 20e-6;
    double now = clock_s();
    if (backoff->since_s == 0)
        backoff->since_s = now;
    if (now - backoff->since_s < spin_s)
        return 0;
    backoff->sleep_s = backoff->sleep_s == 0 ? first_sleep_s : 2 * backoff->sleep_s;
    if (backoff->sleep_s > longest_s)
        backoff->sleep_s = longest_s;
    return backoff->sleep_s;
}

void backoff_sleep(double seconds)
{
    if (seconds <= 0) {
        sched_yield();
        return;
    }
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)(1e9 * (seconds - (double)time.tv_sec));
    nanosleep(&time, NULL);
}
