#include "backoff.h"

#include "clock.h"

#include <sched.h>
#include <time.h>

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
    struct timespec time = clock_timespec(seconds);
    nanosleep(&time, NULL);
}
