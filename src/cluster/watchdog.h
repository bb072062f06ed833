/* The watchdog: a thread in every rank that ends all ranks when their time is over and nothing else ends them: a rank
 * is stopped, its machine hangs, a write never returns, MPI never starts. A hung rank could not do it.
 *
 * It sleeps until the deadline, or until a signal (stop.h) and what that leaves. From then on the run ends in small
 * steps, of which each is a sign of life (stop_note_life): on rank 0 each turn of its loop, each write and each sync;
 * on another rank each message of rank 0, which then comes once a second. When there has been none for the grace (and a
 * second more, and two for each rank below, so that one of them speaks) it says so in one line and ends all by
 * MPI_Abort; should that hang, the process. Time in which this process did not run (suspended) does not count. A rank
 * that is missing while rank 0 lives is the coordinator's business, which does the same after the grace, but closes the
 * file.
 *
 * One a process. Without watchdog_start all these functions do nothing. */
#ifndef PICKY_WATCHDOG_H
#define PICKY_WATCHDOG_H

#include "errors.h"

/* The grace in seconds: PICKY_GRACE_SECONDS, or 10. */
double watchdog_grace_s(void);

/* Starts the thread, before MPI_Init and before any file is looked at. exit_code is what it ends with; rank is as the
 * launcher says, below 0 without one. ERROR_INPUT if PICKY_GRACE_SECONDS is no duration. Without a thread to be had
 * there is no watchdog. */
enum error_code watchdog_start(int exit_code, int rank, struct error *error);

/* MPI has started. */
void watchdog_note_mpi(int rank, int n_ranks);

/* An end (clock_s), as stop_deadline gives it; the earliest counts. */
void watchdog_set_deadline(double deadline_s);

/* What the main thread does from now on, for the line ("writing the results"). Borrowed. */
void watchdog_doing(const char *doing);

/* All is done, with this exit code: what is left is that all ranks end, within three times the grace. */
void watchdog_leave(int exit_code);

/* Ends the thread. */
void watchdog_stop(void);

#endif
