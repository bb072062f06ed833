#include "stop.h"

#include <ctype.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The most pressing first. */
static const struct {
    int signal;
    const char *name;
    double grace_s;
} signals[] = {
    {SIGINT, "SIGINT", 0.3},  {SIGTERM, "SIGTERM", 0.3}, {SIGHUP, "SIGHUP", 0.3},
    {SIGUSR1, "SIGUSR1", 10}, {SIGUSR2, "SIGUSR2", 10},
};
enum { N_SIGNALS = sizeof signals / sizeof signals[0] };

/* One flag for each: handlers that interrupt each other then cannot lose one. Lock-free, which makes them safe there.
 */
static atomic_int has_come[N_SIGNALS];

static atomic_uint signs_of_life;

void stop_note_life(void)
{
    atomic_fetch_add_explicit(&signs_of_life, 1, memory_order_relaxed);
}

unsigned stop_life(void)
{
    return atomic_load_explicit(&signs_of_life, memory_order_relaxed);
}

static void remember(int signal)
{
    for (int i = 0; i < N_SIGNALS; i++)
        if (signals[i].signal == signal)
            atomic_store(&has_come[i], 1);
}

/* As nohup leaves it, for what is to outlive its terminal. Of the others only SIGINT is ever ignored at the start, by
 * shells, for what they start in the background. */
static bool is_left_ignored(int signal)
{
    struct sigaction before;
    return signal == SIGHUP && sigaction(signal, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
}

void stop_catch_signals(void)
{
    for (int i = 0; i < N_SIGNALS; i++) {
        atomic_store(&has_come[i], 0);
        if (is_left_ignored(signals[i].signal))
            continue;
        struct sigaction action = {.sa_handler = remember, .sa_flags = SA_RESTART};
        if (signals[i].signal == SIGINT)
            action.sa_flags |= (int)SA_RESETHAND; /* the second one acts as ever */
        sigemptyset(&action.sa_mask);
        check(sigaction(signals[i].signal, &action, NULL) == 0);
        /* A parent may have left it blocked. */
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, signals[i].signal);
        check(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    }
}

void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    for (int i = 0; i < N_SIGNALS; i++)
        sigaddset(set, signals[i].signal);
}

int stop_signal(void)
{
    for (int i = 0; i < N_SIGNALS; i++)
        if (atomic_load(&has_come[i]))
            return signals[i].signal;
    return 0;
}

static int rank_of(int signal)
{
    int i = 0;
    while (i < N_SIGNALS && signals[i].signal != signal)
        i++;
    return i;
}

int stop_more_pressing(int a, int b)
{
    return rank_of(b) < rank_of(a) ? b : a;
}

double stop_grace_s(int signal)
{
    int i = rank_of(signal);
    return i < N_SIGNALS ? signals[i].grace_s : 0;
}

bool stop_is_warning(int signal)
{
    return signal == SIGUSR1 || signal == SIGUSR2;
}

const char *stop_signal_name(int signal)
{
    int i = rank_of(signal);
    return i < N_SIGNALS ? signals[i].name : "signal";
}

/* A number without sign, exponent or hexadecimal digits; NULL if there is none. */
static const char *get_number(const char *text, double *number)
{
    size_t length = strspn(text, "0123456789.");
    char *end;
    *number = strtod(text, &end);
    return isdigit((unsigned char)text[0]) && end == text + length ? end : NULL;
}

/* A part of a clock's text: the first one of up to six digits, the others below `limit`, of one or two. Returns what is
 * behind it, NULL if there is none. */
static const char *get_part(const char *text, bool is_first, double limit, double *part)
{
    size_t n = strspn(text, "0123456789");
    *part = strtod(text, NULL);
    return n > 0 && n <= (is_first ? 6 : 2) && (is_first || *part < limit) ? text + n : NULL;
}

/* As Slurm writes it: MM:SS, HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS; false if text is not of this form. */
static bool parse_clock(const char *text, double *seconds)
{
    static const double unit_s[] = {86400, 3600, 60, 1}, limits[] = {INFINITY, 24, 60, 60};
    bool has_days = strchr(text, '-');
    int n_colons = 0;
    for (const char *at = text; *at; at++)
        n_colons += *at == ':';
    if (n_colons > 2 || (!has_days && n_colons == 0))
        return false;
    int first = has_days ? 0 : 3 - n_colons, last = has_days ? 1 + n_colons : 3;
    *seconds = 0;
    for (int i = first; i <= last; i++) {
        double part;
        text = get_part(text, i == first, limits[i], &part);
        if (!text || *text != (i == last ? '\0' : i == 0 ? '-' : ':'))
            return false;
        text++;
        *seconds += part * unit_s[i];
    }
    return true;
}

/* Numbers with units, each unit smaller than the one before; a single number may go without. */
static bool parse_sum(const char *text, double *seconds)
{
    static const char units[] = "dhms";
    static const double unit_s[] = {86400, 3600, 60, 1};
    size_t next = 0;
    *seconds = 0;
    for (const char *at = text; at == text || *at;) {
        double number;
        const char *end = get_number(at, &number);
        if (!end)
            return false;
        if (at == text && *end == '\0') {
            *seconds = number;
            return true;
        }
        const char *unit = *end ? strchr(units + next, *end) : NULL;
        if (!unit)
            return false;
        next = (size_t)(unit - units) + 1;
        *seconds += number * unit_s[next - 1];
        at = end + 1;
    }
    return true;
}

enum error_code stop_parse_duration(const char *text, double *seconds, struct error *error)
{
    const double longest_s = 1e9;
    if ((parse_clock(text, seconds) || parse_sum(text, seconds)) && *seconds > 0 && *seconds <= longest_s)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT,
                     "%.100s: allowed: a duration above 0 as 90 (seconds), 30s, 10m, 2h, 1h30m, 1d, MM:SS, HH:MM:SS, "
                     "D-HH, D-HH:MM or D-HH:MM:SS",
                     text);
}

bool stop_duration_misleads(const char *text)
{
    const char *colon = strchr(text, ':');
    return text[strspn(text, "0123456789.")] == '\0' || (colon && !strchr(text, '-') && !strchr(colon + 1, ':'));
}

double stop_deadline(double start_s, double limit_s, double killed_s, double now_s)
{
    double deadline_s = INFINITY, left_s = killed_s - now_s;
    if (isfinite(limit_s))
        deadline_s = start_s + limit_s - fmin(5, fmax(0.5, limit_s / 20));
    if (isfinite(left_s))
        deadline_s = fmin(deadline_s, killed_s - fmin(30, fmax(0, left_s / 10)));
    return deadline_s;
}
