/* A library for LD_PRELOAD that slows down what computes, so that a test which waits for time to pass leaves the
 * processor to the others: threads that are busy, but for the first one, sleep nine tenths of the time, in the handler
 * of a signal. To the program they are on a slow core. Only in picky itself: mpirun, which hands the variable on, is
 * left alone. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLICE_MS = 10, SLEEP_MS = 9 * SLICE_MS, THREADS_MAX = 32 };

struct thread {
    int id;
    double used_ms;
};

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void sleep_here(int number)
{
    (void)number;
    pause_ms(SLEEP_MS);
}

/* Of the processor, by a thread of this process; 0 if it has ended. */
static double used_ms(int thread)
{
    struct timespec used;
    clockid_t clock = (clockid_t)(~(unsigned)thread << 3 | 6); /* as pthread_getcpuclockid makes it */
    if (syscall(SYS_clock_gettime, clock, &used))
        return 0;
    return 1e3 * (double)used.tv_sec + 1e-6 * (double)used.tv_nsec;
}

static struct thread *find(struct thread *threads, int id)
{
    struct thread *t = threads;
    while (t < threads + THREADS_MAX && t->id != id && t->id != 0)
        t++;
    return t < threads + THREADS_MAX ? t : NULL;
}

static void *watch(void *unused)
{
    static struct thread threads[THREADS_MAX];
    for (;; pause_ms(SLICE_MS)) {
        DIR *tasks = opendir("/proc/self/task");
        if (!tasks)
            continue;
        const struct dirent *entry;
        while ((entry = readdir(tasks))) {
            int id = atoi(entry->d_name);
            struct thread *thread = id > 0 && id != getpid() && id != gettid() ? find(threads, id) : NULL;
            if (!thread)
                continue;
            double now_ms = used_ms(id);
            if (thread->id && 2 * (now_ms - thread->used_ms) > SLICE_MS)
                syscall(SYS_tgkill, getpid(), id, SIGRTMAX);
            *thread = (struct thread){id, now_ms};
        }
        closedir(tasks);
    }
    return unused;
}

__attribute__((constructor)) static void start(void)
{
    if (strcmp(program_invocation_short_name, "picky") != 0)
        return;
    const struct sigaction action = {.sa_handler = sleep_here, .sa_flags = SA_RESTART};
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    if (sigaction(SIGRTMAX, &action, NULL) || pthread_sigmask(SIG_SETMASK, &all, &before) ||
        pthread_create(&thread, NULL, watch, NULL) || pthread_sigmask(SIG_SETMASK, &before, NULL))
        abort();
    pthread_detach(thread);
}
