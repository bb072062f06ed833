/* Time. Nothing else in the project asks the system for it. */
#ifndef PICKY_CLOCK_H
#define PICKY_CLOCK_H

#include <time.h>

/* Seconds since some fixed moment; never goes back, and goes on while the machine is suspended: what deadlines are
 * reckoned by. */
double clock_s(void);

/* The same without the time in which the machine was suspended (pthread_condattr_setclock's CLOCK_MONOTONIC): how long
 * work took, and what is waited for. */
double clock_awake_s(void);

/* Seconds of a core that this thread has used. */
double clock_cpu_s(void);

/* Seconds since 1970 by the calendar, which may be set. */
double clock_calendar_s(void);

/* Seconds as the system's functions take them. */
struct timespec clock_timespec(double seconds);

/* "2026-01-31T12:00:00Z" for seconds since 1970; "?" for what is no moment since then. */
#define CLOCK_TEXT_MAX 32
void clock_text(double calendar_s, char text[CLOCK_TEXT_MAX]);

#endif
