/* Time, and waiting without burning a core: MPI's blocking calls spin for as long as they wait, so picky tests
 * and sleeps, ever longer up to a limit. */
#ifndef PICKY_BACKOFF_H
#define PICKY_BACKOFF_H

/* Seconds since some fixed moment; never goes back. */
double clock_s(void);

/* Seconds of a core that this thread has used. */
double clock_cpu_s(void);

/* One wait. Start with {0} whenever something has happened. */
struct backoff {
    double since_s; /* when the wait began, 0 if it has not */
    double sleep_s;
};

/* How long to sleep before the next look: 0 for the first 200 microseconds of a wait, then doubling from 20
 * microseconds to longest_s. */
double backoff_next(struct backoff *backoff, double longest_s);

/* Sleeps (yields the processor if seconds is 0). */
void backoff_sleep(double seconds);

#endif
