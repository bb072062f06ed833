/* Ending a run early and in good order: signals, and the time at which it has to be over. No MPI, no threads.
 *
 * SIGTERM, SIGINT and SIGHUP (the terminal is gone) ask for an end within a second (mpirun kills so soon); SIGUSR1 and
 * SIGUSR2 are warnings, as batch systems send ahead of their limit. The functions take the time as an argument
 * (clock_s, clock.h). */
#ifndef PICKY_STOP_H
#define PICKY_STOP_H

#include "errors.h"

#include <signal.h>
#include <stdbool.h>

/* From now on these signals are remembered instead of ending the process, but for the second SIGINT, which ends it
 * at once, and for a SIGHUP that is ignored already (nohup), which stays so. Forgets what came before.
 * Async-signal-safe handlers; to be called before MPI_Init, so that no moment is left unguarded. */
void stop_catch_signals(void);

/* A sign of life: what has to be over when the time is over has come a step further. Any thread; cheap. */
void stop_note_life(void);

/* So many there have been; it may wrap. */
unsigned stop_life(void);

/* The signals that stop_catch_signals catches. */
void stop_signals(sigset_t *set);

/* The most pressing signal that has come, 0 if none has. Any thread. */
int stop_signal(void);

/* Of two signals (or 0) the more pressing one. */
int stop_more_pressing(int a, int b);

/* Seconds that what is in training is left after a signal. */
double stop_grace_s(int signal);

/* True of signals that batch systems send ahead of their limit. */
bool stop_is_warning(int signal);

/* "SIGTERM". Static; "signal" if it is none of these. */
const char *stop_signal_name(int signal);

/* A duration: seconds ("90", "90s", "1.5s"), "10m", "2h", "1d", a sum of these in falling order ("1h30m"), or as Slurm
 * writes it: MM:SS, HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS. ERROR_INPUT, with what is allowed, for anything else and for
 * 0. */
enum error_code stop_parse_duration(const char *text, double *seconds, struct error *error);

/* True of a duration that some take for another: a number alone (for Slurm: minutes), and MM:SS (taken for HH:MM). */
bool stop_duration_misleads(const char *text);

/* The moment (clock_s) at which training has to end for a run that began at start_s (clock_s) to be over in time;
 * INFINITY if there is no limit. limit_s is its time limit, INFINITY if it has none; killed_s (clock_s) when Slurm ends
 * it, INFINITY if it does not, and now_s the present. What is kept for writing and ending is a twentieth of the limit,
 * from half a second to five; of Slurm's, which kills, a tenth of what is left, up to half a minute. */
double stop_deadline(double start_s, double limit_s, double killed_s, double now_s);

#endif
