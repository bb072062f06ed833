#include "clock.h"

#include <stdbool.h>
#include <stdio.h>

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) != 0)
        clock_gettime(CLOCK_MONOTONIC, &time); /* which POSIX has; CLOCK_BOOTTIME is Linux's alone */
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double clock_s(void)
{
    return seconds_of(CLOCK_BOOTTIME);
}

double clock_awake_s(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double clock_cpu_s(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double clock_calendar_s(void)
{
    return seconds_of(CLOCK_REALTIME);
}

struct timespec clock_timespec(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)(1e9 * (seconds - (double)time.tv_sec));
    return time;
}

void clock_text(double calendar_s, char text[CLOCK_TEXT_MAX])
{
    bool is_moment = calendar_s >= 0 && calendar_s < 1e12; /* not NaN either */
    time_t whole = is_moment ? (time_t)calendar_s : 0;
    struct tm utc;
    if (!is_moment || !gmtime_r(&whole, &utc))
        snprintf(text, CLOCK_TEXT_MAX, "?");
    else
        strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
