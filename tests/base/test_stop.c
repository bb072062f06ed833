/* Durations, deadlines and signals. */
#include "stop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void durations(void **unused)
{
    (void)unused;
    const struct {
        const char *text;
        double seconds;
    } good[] = {
        {"90", 90},
        {"1", 1},
        {"0.25", 0.25},
        {"30s", 30},
        {"1.5s", 1.5},
        {"10m", 600},
        {"2h", 7200},
        {"1.5h", 5400},
        {"1h30m", 5400},
        {"1h30s", 3630},
        {"1d", 86400},
        {"1d2h3m4s", 93784},
        {"90m", 5400},
        {"00:00:01", 1},
        {"01:02:03", 3723},
        {"100:00:00", 360000},
        {"0:10:00", 600},
        {"1h0m", 3600},
        {"10:00", 600},
        {"1:2:3", 3723},
        {"90:00", 5400},
        {"1-12", 129600},
        {"1-0", 86400},
        {"0-00:00:01", 1},
        {"2-03:30", 185400},
        {"1-23:59:59", 172799},
        {"7-00:00:00", 604800},
        {"000010:00", 600},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double seconds;
        struct error error;
        if (stop_parse_duration(good[i].text, &seconds, &error))
            fail_msg("%s", error.message);
        assert_true(seconds == good[i].seconds);
    }
    const char *const bad[] = {
        "",           "0",      "0s",          "0h0m",    "-1",          "+1",         "1e3",       "0x10",
        "nan",        "inf",    "h",           "10x",     "10 m",        " 10",        "10m ",      "1h30",
        "30m1h",      "1h1h",   "1.2.3",       "00:60",   "1:02:60",     "00:60:00",   "00:00:60",  "00:00:00",
        "1:00:00:00", ":00:01", "01:02:03s",   "1,5",     "99999999999", "1h-30m",     "soon",      ".",
        "1-",         "-1-00",  "1-24",        "1-00:60", "1-2-3",       "1--2",       "1-000",     "1-12h",
        "1-1:2:3:4",  ":",      "::",          "10:",     ":10",         "1:002",      "1-0:0:60",  "0-0",
        "1.5-00",     "1.5:00", "1-00:00:00x", "1 -00",   "10:-5",       "1234567:00", "UNLIMITED",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double seconds;
        struct error error = {.code = ERROR_NONE};
        if (stop_parse_duration(bad[i], &seconds, &error) != ERROR_INPUT)
            fail_msg("\"%s\" was taken for %g s", bad[i], seconds);
        assert_non_null(strstr(error.message, "allowed: a duration above 0"));
    }
}

static void durations_that_mislead(void **unused)
{
    (void)unused;
    const char *const some[] = {"90", "0.5", "10:00"}, *const none[] = {"90s", "1h", "00:10:00", "1-00:10", "1-12"};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        assert_true(stop_duration_misleads(some[i]));
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(stop_duration_misleads(none[i]));
}

static void deadlines(void **unused)
{
    (void)unused;
    const double start = 1000, now = 1003;
    assert_true(stop_deadline(start, INFINITY, INFINITY, now) == INFINITY);
    assert_true(fabs(stop_deadline(start, 3600, INFINITY, now) - 4595) < 1e-6); /* five seconds before */
    assert_true(fabs(stop_deadline(start, 40, INFINITY, now) - 1038) < 1e-6);   /* a twentieth */
    assert_true(fabs(stop_deadline(start, 2, INFINITY, now) - 1001.5) < 1e-6);  /* half a second */
    /* Slurm's end in an hour: half a minute before; in 100 s: 10 s before; passed: at once. */
    assert_true(fabs(stop_deadline(start, INFINITY, now + 3600, now) - (now + 3570)) < 1e-6);
    assert_true(fabs(stop_deadline(start, INFINITY, now + 100, now) - (now + 90)) < 1e-6);
    assert_true(stop_deadline(start, INFINITY, now - 1, now) < now);
    /* The earlier of the two. */
    assert_true(fabs(stop_deadline(start, 40, now + 3600, now) - 1038) < 1e-6);
    assert_true(fabs(stop_deadline(start, 36000, now + 100, now) - (now + 90)) < 1e-6);
}

static void signals_are_remembered(void **unused)
{
    (void)unused;
    const int all[] = {SIGUSR2, SIGUSR1, SIGHUP, SIGTERM, SIGINT}; /* ever more pressing */
    stop_catch_signals();
    assert_int_equal(stop_signal(), 0);
    raise(SIGCONT);
    assert_int_equal(stop_signal(), 0);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        raise(all[i]);
        assert_int_equal(stop_signal(), all[i]);
        for (size_t k = 0; k < i; k++) {
            assert_int_equal(stop_more_pressing(all[i], all[k]), all[i]);
            assert_int_equal(stop_more_pressing(all[k], all[i]), all[i]);
            assert_true(stop_grace_s(all[i]) <= stop_grace_s(all[k]));
        }
        if (all[i] != SIGINT)
            raise(all[0]); /* as often as it likes */
        assert_int_equal(stop_signal(), all[i]);
        assert_int_equal(stop_more_pressing(0, all[i]), all[i]);
        assert_int_equal(stop_more_pressing(all[i], 0), all[i]);
        assert_int_equal(stop_more_pressing(all[i], SIGKILL), all[i]); /* not one of these */
    }
    assert_string_equal(stop_signal_name(SIGTERM), "SIGTERM");
    stop_catch_signals();
    assert_int_equal(stop_signal(), 0);
}

static void an_ignored_sighup_stays_ignored(void **unused)
{
    (void)unused;
    signal(SIGHUP, SIG_IGN);
    stop_catch_signals();
    raise(SIGHUP);
    assert_int_equal(stop_signal(), 0);
    signal(SIGHUP, SIG_DFL);
    stop_catch_signals();
    raise(SIGHUP);
    assert_int_equal(stop_signal(), SIGHUP);
    stop_catch_signals();
}

static void a_second_sigint_ends_the_process(void **unused)
{
    (void)unused;
    for (int n_signals = 1; n_signals <= 2; n_signals++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            /* As started in the background by a shell, and by a parent that blocks it. */
            sigset_t set;
            sigemptyset(&set);
            sigaddset(&set, SIGINT);
            signal(SIGINT, SIG_IGN);
            sigprocmask(SIG_BLOCK, &set, NULL);
            stop_catch_signals();
            for (int i = 0; i < n_signals; i++)
                raise(SIGINT);
            _exit(stop_signal() == SIGINT ? 7 : 8);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (n_signals == 1)
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
        else
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(durations_that_mislead),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(signals_are_remembered),
        cmocka_unit_test(an_ignored_sighup_stays_ignored),
        cmocka_unit_test(a_second_sigint_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
