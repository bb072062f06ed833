#include "watchdog.h"

#include "backoff.h"
#include "clock.h"
#include "stop.h"

#include <math.h>
#include <mpi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double TICK_S = 0.1;
static const double START_S = 60; /* within which MPI has started, as a rule */
static const double ABORT_S = 5;  /* for MPI_Abort to do its work */
/* Beyond the grace: rank 0 has the first word, and mpirun takes more than a second to end the others. */
static const double SPARE_S = 1, STAGGER_S = 2;
enum { STAGGERED = 4, STACK_BYTES = 1 << 20 };

static struct {
    bool has_thread;
    pthread_t thread;
    atomic_bool is_over;

    pthread_mutex_t mutex; /* of all that follows */
    double grace_s, deadline_s;
    int exit_code, rank, n_ranks;
    bool has_launcher, has_mpi, is_leaving;
    int signal; /* the most pressing one that this rank has got */
    const char *doing;
} watchdog = {.mutex = PTHREAD_MUTEX_INITIALIZER, .grace_s = 10, .deadline_s = INFINITY, .doing = "starting"};

/* ---- the thread --------------------------------------------------------------------------------------------- */

/* Not by stdio: another thread may be stuck with its lock; nor into a pipe that is full. */
static void say(const char *line)
{
    const int wait_ms = 500;
    if (poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, wait_ms) != 1 ||
        write(STDERR_FILENO, line, strlen(line)) < 0)
        return; /* there is nobody else to tell */
}

static void *end_process(void *exit_code)
{
    backoff_sleep(ABORT_S);
    _exit((int)(intptr_t)exit_code);
}

/* Ends all ranks. The mutex is held, for good. */
static _Noreturn void end_all(double waited_s)
{
    char line[512], host[64] = "?", what[256];
    pthread_t last_resort;
    int exit_code = watchdog.exit_code;
    gethostname(host, sizeof host - 1);
    /* Even what is said here may wait for a file system that is no more. */
    (void)!pthread_create(&last_resort, NULL, end_process, (void *)(intptr_t)exit_code);
    if (watchdog.rank > 0 && watchdog.has_mpi && !watchdog.is_leaving)
        snprintf(what, sizeof what, "rank 0 has not been heard of for %.0f s", waited_s);
    else
        snprintf(what, sizeof what, "no progress for %.0f s in %s", waited_s, watchdog.doing);
    const char *signal = watchdog.signal ? stop_signal_name(watchdog.signal) : NULL;
    snprintf(line, sizeof line, "%spicky: rank %d on %s: %s, and %s: all ranks are ended%s\n",
             isatty(STDERR_FILENO) ? "\n" : "", watchdog.rank, host, signal ? signal : "the time is over", what,
             watchdog.is_leaving ? "; the work is over" : "; what was synced is safe, go on as after a stop");
    say(line);
    if (watchdog.has_mpi && (watchdog.n_ranks > 1 || watchdog.has_launcher))
        MPI_Abort(MPI_COMM_WORLD, exit_code);
    _exit(exit_code);
}

/* The end of what a signal leaves, the mutex being held. */
static double signal_end(double *signal_end_s)
{
    int now = stop_signal();
    if (now && stop_more_pressing(watchdog.signal, now) != watchdog.signal) {
        watchdog.signal = now;
        *signal_end_s = fmin(*signal_end_s, clock_s() + stop_grace_s(now));
    }
    return *signal_end_s;
}

static void *watch(void *unused)
{
    (void)unused;
    unsigned signs = 0;
    bool has_warned = false;
    double signal_end_s = INFINITY, last_s = clock_s(), waited_s = 0, started_s = 0;
    while (!atomic_load(&watchdog.is_over)) {
        backoff_sleep(TICK_S);
        double now_s = clock_s(), passed_s = fmin(now_s - last_s, 2 * TICK_S);
        last_s = now_s;
        pthread_mutex_lock(&watchdog.mutex);
        unsigned signs_now = stop_life();
        bool is_time = now_s >= fmin(watchdog.deadline_s, signal_end(&signal_end_s));
        waited_s = is_time && signs_now == signs ? waited_s + passed_s : 0;
        signs = signs_now;
        int rank = watchdog.rank;
        double spare_s = SPARE_S + STAGGER_S * (rank < STAGGERED ? rank : STAGGERED);
        if (waited_s > watchdog.grace_s + spare_s)
            end_all(waited_s);
        started_s += passed_s;
        if (!has_warned && !watchdog.has_mpi && started_s > START_S && rank == 0 && watchdog.has_launcher) {
            has_warned = true;
            say("picky: MPI has not started for a minute: it waits for ranks that are not there, or run no MPI (picky "
                "plan, --help)\n");
        }
        pthread_mutex_unlock(&watchdog.mutex);
    }
    return NULL;
}

/* ---- the others --------------------------------------------------------------------------------------------- */

double watchdog_grace_s(void)
{
    return watchdog.grace_s;
}

enum error_code watchdog_start(int exit_code, int rank, struct error *error)
{
    const char *grace = getenv("PICKY_GRACE_SECONDS");
    if (grace && stop_parse_duration(grace, &watchdog.grace_s, error))
        return error_prefix(error, "PICKY_GRACE_SECONDS");
    watchdog.exit_code = exit_code;
    watchdog.has_launcher = rank >= 0;
    watchdog.rank = rank < 0 ? 0 : rank;
    watchdog.doing = "reading the arguments";
    /* Signals are for this thread: the others may be stuck where no handler runs. Whatever starts later inherits that.
     */
    sigset_t ours;
    pthread_attr_t attributes;
    watchdog.has_thread = pthread_attr_init(&attributes) == 0 &&
                          pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                          pthread_create(&watchdog.thread, &attributes, watch, NULL) == 0;
    stop_signals(&ours);
    if (watchdog.has_thread)
        pthread_sigmask(SIG_BLOCK, &ours, NULL);
    return ERROR_NONE;
}

void watchdog_note_mpi(int rank, int n_ranks)
{
    pthread_mutex_lock(&watchdog.mutex);
    watchdog.has_mpi = true;
    watchdog.rank = rank;
    watchdog.n_ranks = n_ranks;
    pthread_mutex_unlock(&watchdog.mutex);
}

void watchdog_set_deadline(double deadline_s)
{
    pthread_mutex_lock(&watchdog.mutex);
    watchdog.deadline_s = fmin(watchdog.deadline_s, deadline_s);
    pthread_mutex_unlock(&watchdog.mutex);
}

void watchdog_doing(const char *doing)
{
    stop_note_life();
    pthread_mutex_lock(&watchdog.mutex);
    watchdog.doing = doing;
    pthread_mutex_unlock(&watchdog.mutex);
}

void watchdog_leave(int exit_code)
{
    watchdog_doing("ending all ranks");
    watchdog_set_deadline(clock_s() + 2 * watchdog.grace_s);
    pthread_mutex_lock(&watchdog.mutex);
    watchdog.exit_code = exit_code;
    watchdog.is_leaving = true;
    pthread_mutex_unlock(&watchdog.mutex);
}

void watchdog_stop(void)
{
    atomic_store(&watchdog.is_over, true);
    if (!watchdog.has_thread)
        return;
    pthread_join(watchdog.thread, NULL);
    watchdog.has_thread = false;
    sigset_t ours;
    stop_signals(&ours);
    pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
}
