/* What a run says of itself: durations, rates, bars that fit, lines that are sparse. */
#include "progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A progress whose clock starts at 1000 s, on a stream that is no terminal. Its output is read back by said(). */
static struct progress start(FILE *stream, uint64_t n_jobs)
{
    struct progress progress;
    progress_start(&progress, stream, n_jobs, false);
    progress.start_s = progress.shown_s = progress.burst_s = 1000;
    progress.marks[0].at_s = progress.marks[1].at_s = progress.seen_s = 1000;
    return progress;
}

/* All that a stream has been given, as allocated text. */
static char *said(FILE *stream)
{
    long size = ftell(stream);
    char *text = calloc((size_t)size + 1, 1);
    assert_non_null(text);
    rewind(stream);
    assert_int_equal(fread(text, 1, (size_t)size, stream), size);
    return text;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    while ((text = strstr(text, what))) {
        n++;
        text += strlen(what);
    }
    return n;
}

/* Three of four jobs are accepted. */
static void note(struct progress *progress, uint64_t done, double at_s)
{
    uint64_t counts[N_STATUSES] = {0};
    counts[STATUS_REJECTED] = done / 4;
    counts[STATUS_ACCEPTED] = done - done / 4;
    const struct progress_work work = {(double)done, (double)(progress->n_jobs - done), 0};
    progress_note(progress, counts, &work, 1000 + at_s);
}

static void durations(void **unused)
{
    (void)unused;
    const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "0 ms"},
                 {-1, "0 ms"},
                 {0.0032, "3 ms"},
                 {0.0994, "99 ms"},
                 {0.0996, "0.1 s"},
                 {0.44, "0.4 s"},
                 {9.94, "9.9 s"},
                 {9.96, "10 s"},
                 {42.3, "42 s"},
                 {59.4, "59 s"},
                 {59.6, "1 min 00 s"},
                 {61, "1 min 01 s"},
                 {320, "5 min 20 s"},
                 {599.6, "10 min"},
                 {1500, "25 min"},
                 {3599, "1 h 00 min"},
                 {7500, "2 h 05 min"},
                 {47.5 * 3600, "47 h 30 min"},
                 {48 * 3600 - 1, "2 d 00 h"},
                 {76 * 3600, "3 d 04 h"},
                 {400.0 * 86400, "400 d 00 h"},
                 {INFINITY, "decades"},
                 {NAN, "decades"},
                 {1e300, "decades"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[PROGRESS_DURATION_MAX];
        progress_duration(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void rates_are_those_of_bursts(void **unused)
{
    (void)unused;
    FILE *stream = tmpfile();
    struct progress progress = start(stream, 800);
    double rate, left_s;
    assert_false(progress_estimate(&progress, 1005, &rate, &left_s));
    /* Packs of 16 every 10 s are 1.6/s at any moment between them, and the time left runs down meanwhile. */
    for (int pack = 1; pack <= 5; pack++) {
        note(&progress, 16 * (uint64_t)pack, 10 * pack);
        for (int quarter = 0; quarter < 4; quarter++) {
            double later = 2.5 * quarter;
            note(&progress, 16 * (uint64_t)pack, 10 * pack + later);
            assert_true(progress_estimate(&progress, 1000 + 10 * pack + later, &rate, &left_s));
            assert_true(fabs(rate - 1.6) < 1e-9);
            assert_true(fabs(left_s - (500 - 10 * pack - later)) < 1e-6);
        }
    }
    /* No more packs: the rate goes down, the time left up, and neither ever runs away. */
    double last_rate = rate, later = 20;
    for (int i = 0; i < 6; i++, later *= 2) {
        assert_true(progress_estimate(&progress, 1050 + later, &rate, &left_s));
        assert_true(rate < last_rate && left_s > 0 && isfinite(left_s));
        last_rate = rate;
    }
    fclose(stream);
}

static void rates_follow_what_changes(void **unused)
{
    (void)unused;
    FILE *stream = tmpfile();
    struct progress progress = start(stream, 1000000);
    double rate, left_s;
    uint64_t done = 0;
    int t = 0;
    for (; t < 1000; t++)
        note(&progress, done += 100, t);
    assert_true(progress_estimate(&progress, 1000 + t, &rate, &left_s));
    assert_true(fabs(rate / 100 - 1) < 0.01);
    for (; t < 5000; t++)
        note(&progress, done += 20, t);
    assert_true(progress_estimate(&progress, 1000 + t, &rate, &left_s));
    assert_true(fabs(rate / 20 - 1) < 0.01);
    assert_true(fabs(left_s / ((1e6 - (double)done) / 20) - 1) < 0.01);
    fclose(stream);
}

static void time_left_is_of_work_not_of_jobs(void **unused)
{
    (void)unused;
    FILE *stream = tmpfile();
    struct progress progress = start(stream, 100);
    /* The ten costly jobs, nine tenths of the work, took 90 s: 10 s are left. */
    uint64_t counts[N_STATUSES] = {0};
    double rate, left_s;
    counts[STATUS_ACCEPTED] = 10;
    progress_note(&progress, counts, &(struct progress_work){0.9, 0.1, 0}, 1090);
    assert_true(progress_estimate(&progress, 1090, &rate, &left_s));
    assert_true(fabs(left_s - 10) < 1e-9);
    fclose(stream);
}

static void bars_fit_their_width(void **unused)
{
    (void)unused;
    FILE *stream = tmpfile();
    struct progress progress = start(stream, 7600);
    char text[512];
    progress_bar(&progress, 1001, 79, text, sizeof text);
    assert_string_equal(text, "  0 % [........................................] 0/7600");
    note(&progress, 1900, 13.75);
    progress_bar(&progress, 1013.75, 79, text, sizeof text);
    assert_string_equal(text, " 25 % [#######.....................] 1900/7600  41 s left  75 % accepted  138/s");
    assert_int_equal(strlen(text), 79);
    for (int width = 1; width < 300; width++) {
        progress_bar(&progress, 1013.75, width, text, sizeof text);
        assert_true((int)strlen(text) <= (width < 6 ? 6 : width));
        assert_null(strchr(text, '\n'));
        if (width >= 26)
            assert_non_null(strstr(text, "41 s left"));
    }
    /* 100 % is said of a whole run only. */
    note(&progress, 7599, 55);
    progress_bar(&progress, 1055, 79, text, sizeof text);
    assert_non_null(strstr(text, " 99 %"));
    note(&progress, 7600, 55);
    progress_bar(&progress, 1055, 79, text, sizeof text);
    assert_non_null(strstr(text, "100 %"));
    assert_non_null(strstr(text, "7600/7600"));
    assert_null(strstr(text, "left"));
    fclose(stream);

    stream = tmpfile();
    progress = start(stream, 0);
    progress_bar(&progress, 1001, 79, text, sizeof text);
    assert_non_null(strstr(text, "100 %"));
    fclose(stream);
}

static void lines_say_it_in_words(void **unused)
{
    (void)unused;
    FILE *stream = tmpfile();
    struct progress progress = start(stream, 7600);
    char text[512];
    progress_line(&progress, 1001, text, sizeof text);
    assert_string_equal(text, "picky: 0 of 7600 jobs (0 %)");
    /* The first models are on their way. */
    const uint64_t none[N_STATUSES] = {0};
    progress_note(&progress, none, &(struct progress_work){5, 95, 0.5}, 1003);
    progress_line(&progress, 1003, text, sizeof text);
    assert_string_equal(text, "picky: 0 of 7600 jobs (0 %), the first models are 50 % trained, 57 s left");
    progress_bar(&progress, 1003, 79, text, sizeof text);
    assert_string_equal(text, "  0 % [..................................] 0/7600  57 s left  first models 50 %");
    note(&progress, 1900, 13.75);
    progress_line(&progress, 1013.75, text, sizeof text);
    assert_string_equal(text, "picky: 1900 of 7600 jobs (25 %), 75 % accepted, 138/s, 41 s left");
    note(&progress, 7599, 54.9);
    progress_line(&progress, 1054.9, text, sizeof text);
    assert_string_equal(text, "picky: 7599 of 7600 jobs (99 %), 75 % accepted, 138/s, < 1 s left");
    note(&progress, 7600, 100000);
    progress_line(&progress, 101000, text, sizeof text);
    assert_string_equal(text, "picky: 7600 of 7600 jobs (100 %), 75 % accepted, 4.6/min");
    fclose(stream);
}

/* Runs a steady run of n_jobs jobs, one each `every_s`, and returns how many lines it has said. */
static size_t lines_of_run(uint64_t n_jobs, double every_s)
{
    FILE *stream = tmpfile();
    struct progress progress = start(stream, n_jobs);
    uint64_t counts[N_STATUSES] = {0};
    double now = 1000;
    for (uint64_t done = 1; done <= n_jobs; done++) {
        for (int look = 0; 5 * look + 5 < every_s; look++) /* an event loop looks more often than jobs end */
            progress_update(&progress, counts,
                            &(struct progress_work){(double)(done - 1), (double)(n_jobs - done + 1), 0},
                            now + 5 * look);
        now += every_s;
        counts[STATUS_ACCEPTED] = done;
        progress_update(&progress, counts, &(struct progress_work){(double)done, (double)(n_jobs - done), 0}, now);
    }
    progress_end(&progress, now);
    progress_end(&progress, now); /* says nothing twice */
    char *text = said(stream);
    size_t n = count(text, "\n");
    assert_int_equal(count(text, "(100 %)"), 1);
    assert_int_equal(count(text, "\r") + count(text, "\033"), 0);
    free(text);
    fclose(stream);
    return n;
}

static void lines_are_sparse(void **unused)
{
    (void)unused;
    assert_int_equal(lines_of_run(1000, 0.0005), 2);         /* half a second: start and end */
    assert_in_range(lines_of_run(1000, 0.005), 4, 8);        /* 5 s: about one a second */
    assert_in_range(lines_of_run(1000, 0.1), 10, 25);        /* 100 s: tenths, and the first intervals */
    assert_in_range(lines_of_run(100000, 36), 50000, 62000); /* 1000 h: one a minute */
}

/* Stopped for an hour by SIGSTOP, or a suspended machine: rate and time left are as before. */
static void pauses_do_not_count(void **unused)
{
    (void)unused;
    FILE *stream = tmpfile();
    struct progress progress = start(stream, 1000);
    uint64_t counts[N_STATUSES] = {0};
    double now = 1000, rate, left_s;
    for (int done = 1; done <= 200; done++) {
        now += done == 100 ? 3600 : 1;
        counts[STATUS_ACCEPTED] = (uint64_t)done;
        progress_update(&progress, counts, &(struct progress_work){done, 1000 - done, 0}, now);
    }
    assert_true(progress_estimate(&progress, now, &rate, &left_s));
    assert_true(fabs(rate - 1) < 0.05 && fabs(left_s - 800) < 40);
    progress_end(&progress, now);
    fclose(stream);
}

static void receipts(void **unused)
{
    (void)unused;
    struct receipt receipt = {.counts = {[STATUS_ACCEPTED] = 39, [STATUS_REJECTED] = 1},
                              .n_ranks = 2,
                              .wall_s = 2.1,
                              .busy = 0.968,
                              .occupancy = 0.914,
                              .cpu_s = 4.1,
                              .speed = 0.934,
                              .rejected_at_start = 0.24,
                              .longest_wait_s = 0.003,
                              .tail_s = 12};
    FILE *stream = tmpfile();
    progress_receipt(stream, &receipt);
    char *text = said(stream);
    assert_string_equal(text, "picky: 40 jobs in 2.1 s (19/s) on 2 ranks: 39 accepted, 1 rejected\n"
                              "picky: busy 97 %, lanes filled 91 %, CPU time 4.1 s,\n"
                              "picky: 93 % of the speed of full packs, attempts rejected at the start 24 %,\n"
                              "picky: longest wait 3 ms, tail 12 s\n");
    free(text);
    fclose(stream);

    receipt = (struct receipt){.counts = {[STATUS_PENDING] = 7, [STATUS_DIVERGED] = 2, [STATUS_ERROR] = 1},
                               .n_ranks = 1,
                               .wall_s = 90,
                               .occupancy = NAN,
                               .rejected_at_start = NAN};
    stream = tmpfile();
    progress_receipt(stream, &receipt);
    text = said(stream);
    assert_string_equal(text, "picky: 3 jobs in 1 min 30 s (2.0/min) on 1 rank: 0 accepted, 0 rejected, 2 diverged, "
                              "1 error; 7 not done\n"
                              "picky: busy 0 %, longest wait 0 ms, tail 0 ms\n");
    free(text);
    fclose(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(rates_are_those_of_bursts),
        cmocka_unit_test(rates_follow_what_changes),
        cmocka_unit_test(time_left_is_of_work_not_of_jobs),
        cmocka_unit_test(bars_fit_their_width),
        cmocka_unit_test(lines_say_it_in_words),
        cmocka_unit_test(lines_are_sparse),
        cmocka_unit_test(pauses_do_not_count),
        cmocka_unit_test(receipts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
