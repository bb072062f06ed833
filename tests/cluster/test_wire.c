/* Messages: what goes in comes out, and what is not whole is refused. */
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t n_bytes)
{
    void *message = malloc(n_bytes); /* of exactly this size: the sanitizer sees what is read beyond */
    assert_non_null(message);
    memset(message, 0x5a, n_bytes);
    return message;
}

static void open_as(const void *message, size_t n_bytes, enum wire_kind expected)
{
    enum wire_kind kind;
    struct error error;
    assert_int_equal(wire_open(message, n_bytes, &kind, &error), ERROR_NONE);
    assert_int_equal(kind, expected);
}

static struct record_layout make_layout(int64_t hidden_layers, unsigned store)
{
    struct hyperparameters h;
    struct record_layout layout;
    struct error error;
    hyperparameters_default(&h);
    h.hidden_size = 7;
    h.hidden_layers = hidden_layers;
    assert_int_equal(record_layout_make(&layout, &h, 1, store, &error), ERROR_NONE);
    return layout;
}

/* Jobs that use every hyperparameter's range: each value is moved away from its default. */
static void make_jobs(struct job *jobs, size_t n)
{
    struct error error;
    for (size_t i = 0; i < n; i++) {
        memset(&jobs[i], 0xff, sizeof jobs[i]); /* nothing may depend on bytes that nobody wrote */
        jobs[i].config = UINT64_MAX - i;
        jobs[i].replicate = i * 1000003;
        jobs[i].seed = (INT64_C(1) << 53) - 1 - (int64_t)i;
        struct hyperparameters *h = &jobs[i].h;
        hyperparameters_default(h);
        h->N_train = 2000 + (int64_t)i;
        h->N_test = 1 + (int64_t)i;
        h->lr = 1.0 / (3.0 + (double)i);
        h->epochs = 3 + (int64_t)i;
        h->batch_size = 5;
        snprintf(h->context_location, sizeof h->context_location, "%s",
                 i % 3 == 0   ? "end"
                 : i % 3 == 1 ? "2"
                              : "start");
        const char *second_task = i % 2 ? "add-0.25" : "add1.50";
        assert_int_equal(hyperparameter_set_string(h, hyperparameter_find("second_task"), second_task, &error), 0);
        if (i % 5 == 0)
            assert_int_equal(hyperparameters_set_list(h, i % 2 ? "x0" : "x0; sum: x0 + a * x1; x1", &error), 0);
        h->train_mode = (int64_t)(i % 3);
        h->fraction = 0.1 + 0.001 * (double)i;
        h->hidden_size = 1 + (int64_t)i;
        h->hidden_layers = 2 + (int64_t)i % 5;
        h->output_activation = (int64_t)i % 2;
        h->optimizer = (int64_t)(i / 2 % 2);
        h->replay_every = 1 + (int64_t)i;
        h->error_threshold = 0.01 * (1 + (double)i);
        h->max_attempts = 1 + (int64_t)i % 1000;
        jobs[i].attempt = i / 2 % 1000;
        assert_int_equal(hyperparameters_check(h, &error), ERROR_NONE);
    }
}

static void jobs_come_out_as_they_went_in(void **unused)
{
    (void)unused;
    static struct job jobs[WIRE_JOBS_MAX], read[WIRE_JOBS_MAX];
    make_jobs(jobs, WIRE_JOBS_MAX);
    for (size_t n = 0; n <= WIRE_JOBS_MAX; n += n < 3 ? 1 : 25) {
        struct wire_handout out = {.shape = 12345 + n,
                                   .is_last = n % 3 == 0,
                                   .end = n % 2,
                                   .is_recall = n % 4 == 1,
                                   .order = (enum wire_order)(n % 4),
                                   .left_s = 0.5 * (double)n,
                                   .n_jobs = n},
                            in;
        size_t n_bytes = wire_handout_size(n);
        assert_true(n_bytes <= WIRE_TO_WORKER_MAX);
        void *message = allocate(n_bytes);
        wire_handout_write(message, &out, jobs);
        open_as(message, n_bytes, WIRE_HANDOUT);
        struct error error;
        assert_int_equal(wire_handout_read(message, &in, read, &error), ERROR_NONE);
        assert_int_equal(in.shape, out.shape);
        assert_int_equal(in.is_last, out.is_last);
        assert_int_equal(in.end, out.end);
        assert_int_equal(in.is_recall, out.is_recall);
        assert_int_equal(in.order, out.order);
        assert_true(in.left_s == out.left_s);
        assert_int_equal(in.n_jobs, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(read[i].config == jobs[i].config && read[i].replicate == jobs[i].replicate);
            assert_true(read[i].seed == jobs[i].seed && read[i].attempt == jobs[i].attempt);
            for (int row = 0; row < n_hyperparameters; row++)
                assert_true(hyperparameter_equal(&read[i].h, &jobs[i].h, &hyperparameter_table[row]));
        }
        free(message);
    }
}

/* The default job with one thing wrong is refused, though the message itself is whole. */
static void impossible_jobs_are_refused(void **unused)
{
    (void)unused;
    for (int fault = 0; fault < 9; fault++) {
        struct job job, read[WIRE_JOBS_MAX];
        make_jobs(&job, 1);
        switch (fault) {
        case 0: break; /* nothing wrong */
        case 1: job.seed = -1; break;
        case 2: job.seed = INT64_C(1) << 53; break;
        case 3: job.h.epochs = 0; break;
        case 4: job.h.train_mode = 3; break;
        case 5: job.h.fraction = 1.5; break;
        case 6: memset(job.h.second_task, 'x', sizeof job.h.second_task); break;
        case 7: job.h.batch_size = job.h.N_train + 1; break;
        case 8: job.attempt = (uint64_t)job.h.max_attempts; break;
        }
        size_t n_bytes = wire_handout_size(1);
        void *message = allocate(n_bytes);
        struct wire_handout handout = {.n_jobs = 1};
        wire_handout_write(message, &handout, &job);
        open_as(message, n_bytes, WIRE_HANDOUT);
        struct error error;
        assert_int_equal(wire_handout_read(message, &handout, read, &error), fault ? ERROR_FATAL : ERROR_NONE);
        free(message);
    }
}

static void the_layout_comes_out_as_it_went_in(void **unused)
{
    (void)unused;
    for (int64_t hidden_layers = 1; hidden_layers <= 4; hidden_layers++) {
        struct record_layout layout = make_layout(hidden_layers, STORE_WEIGHTS | STORE_TEST_SET), read;
        void *message = allocate(wire_setup_size());
        uint64_t memory;
        wire_setup_write(message, &layout, 12345);
        open_as(message, wire_setup_size(), WIRE_SETUP);
        struct error error;
        assert_int_equal(wire_setup_read(message, &read, &memory, &error), ERROR_NONE);
        assert_memory_equal(&read, &layout, sizeof layout);
        assert_int_equal(memory, 12345);

        /* An array outside of the record would be written to. */
        struct record_layout bad = layout;
        bad.offset[FIELD_RANK] = layout.n_bytes;
        wire_setup_write(message, &bad, 12345);
        assert_int_equal(wire_setup_read(message, &read, &memory, &error), ERROR_FATAL);
        bad = layout;
        bad.n_elements[FIELD_IMPORTANCE] = layout.n_bytes;
        wire_setup_write(message, &bad, 12345);
        assert_int_equal(wire_setup_read(message, &read, &memory, &error), ERROR_FATAL);
        bad = layout;
        bad.offset[FIELD_SEED] += 1;
        wire_setup_write(message, &bad, 12345);
        assert_int_equal(wire_setup_read(message, &read, &memory, &error), ERROR_FATAL);
        free(message);
    }
}

static void *make_records(const struct record_layout *layout, size_t n)
{
    unsigned char *records = malloc(n * layout->n_bytes + 1);
    assert_non_null(records);
    for (size_t i = 0; i < n * layout->n_bytes; i++)
        records[i] = (unsigned char)(i * 2654435761u >> 13);
    return records;
}

static void records_come_out_as_they_went_in(void **unused)
{
    (void)unused;
    struct record_layout layout = make_layout(3, STORE_WEIGHTS);
    for (size_t n = 0; n < 6; n++) {
        unsigned char *records = make_records(&layout, n);
        size_t n_bytes = wire_report_size(&layout, n);
        void *message = allocate(n_bytes);
        struct wire_report out = {.request = {.n_wanted = 16, .n_shapes = n * 10},
                                  .totals = {1, 2, 3, 4, 5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5},
                                  .finished = n % 2,
                                  .signal = (int)n},
                           in;
        for (size_t i = 0; i < out.request.n_shapes; i++)
            out.request.shapes[i] = i * i;
        wire_report_begin(message);
        for (size_t i = 0; i < n; i++) {
            char *copy = wire_report_add(message, &layout, 100 + i, 200 + i, records + i * layout.n_bytes);
            assert_memory_equal(copy, records + i * layout.n_bytes, layout.n_bytes);
        }
        assert_int_equal(wire_report_n_records(message), n);
        assert_int_equal(wire_report_seal(message, &layout, &out), n_bytes);
        assert_true(n > 0 || n_bytes <= WIRE_SMALL_MAX);

        open_as(message, n_bytes, WIRE_REPORT);
        struct error error;
        assert_int_equal(wire_report_read(message, &layout, &in, &error), ERROR_NONE);
        assert_int_equal(in.n_records, n);
        assert_int_equal(in.finished, out.finished);
        assert_int_equal(in.signal, out.signal);
        assert_memory_equal(&in.request, &out.request, sizeof in.request);
        assert_memory_equal(&in.totals, &out.totals, sizeof in.totals);
        for (size_t i = 0; i < n; i++) {
            uint64_t config, replicate;
            const void *record = wire_report_record(message, &layout, i, &config, &replicate);
            assert_true(config == 100 + i && replicate == 200 + i);
            assert_memory_equal(record, records + i * layout.n_bytes, layout.n_bytes);
        }
        /* Records of another layout do not fit. */
        if (n > 0) {
            struct record_layout other = make_layout(4, STORE_WEIGHTS);
            assert_int_equal(wire_report_read(message, &other, &in, &error), ERROR_FATAL);
        }
        free(message);
        free(records);
    }

    void *message = allocate(wire_report_size(&layout, 0));
    struct wire_report report = {.request = {.n_shapes = WIRE_SHAPES_MAX + 1}};
    struct error error;
    wire_report_begin(message);
    wire_report_seal(message, &layout, &report);
    assert_int_equal(wire_report_read(message, &layout, &report, &error), ERROR_FATAL);
    free(message);
}

static void stops_and_failures_come_out_as_they_went_in(void **unused)
{
    (void)unused;
    const int exit_codes[] = {0, 1, 2, 3, 75, -1};
    void *message = allocate(wire_stop_size());
    for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++) {
        wire_stop_write(message, exit_codes[i]);
        open_as(message, wire_stop_size(), WIRE_STOP);
        assert_int_equal(wire_stop_read(message), exit_codes[i]);
    }
    free(message);

    struct error out, in;
    message = allocate(wire_failure_size());
    for (int length = 0; length < 2 * ERROR_MESSAGE_MAX; length += 300) {
        error_set(&out, length % 200 ? ERROR_INPUT : ERROR_FATAL, "%0*d", length, 7);
        wire_failure_write(message, &out);
        open_as(message, wire_failure_size(), WIRE_FAILURE);
        assert_int_equal(wire_failure_read(message, &in), out.code);
        assert_int_equal(in.code, out.code);
        assert_string_equal(in.message, out.message);
    }
    assert_true(wire_failure_size() <= WIRE_SMALL_MAX);
    free(message);
}

/* Every single bit, every shorter and some longer lengths: none passes. */
static void check_guards(const char *message, size_t n_bytes)
{
    enum wire_kind kind;
    struct error error;
    char *copy = allocate(n_bytes);
    for (size_t bit = 0; bit < 8 * n_bytes; bit++) {
        memcpy(copy, message, n_bytes);
        copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
        assert_int_not_equal(wire_open(copy, n_bytes, &kind, &error), ERROR_NONE);
        assert_null(strchr(error.message, '\n'));
    }
    free(copy);
    for (size_t n = 0; n < n_bytes; n++) {
        copy = allocate(n > 0 ? n : 1);
        memcpy(copy, message, n);
        assert_int_equal(wire_open(copy, n, &kind, &error), ERROR_FATAL);
        free(copy);
    }
    copy = allocate(n_bytes + 8);
    memcpy(copy, message, n_bytes);
    assert_int_equal(wire_open(copy, n_bytes + 8, &kind, &error), ERROR_FATAL);
    /* Two words exchanged, or two equal changes: a plain sum would not see them. */
    uint64_t *words = (uint64_t *)(void *)copy;
    size_t n_words = n_bytes / 8;
    for (size_t i = 5; i + 1 < n_words; i++)
        for (size_t j = i + 1; j < n_words && j < i + 6; j++) {
            memcpy(copy, message, n_bytes);
            uint64_t word = words[i];
            words[i] = words[j];
            words[j] = word;
            if (words[i] != words[j])
                assert_int_not_equal(wire_open(copy, n_bytes, &kind, &error), ERROR_NONE);
            memcpy(copy, message, n_bytes);
            words[i] ^= UINT64_C(1) << 63;
            words[j] ^= UINT64_C(1) << 63;
            assert_int_not_equal(wire_open(copy, n_bytes, &kind, &error), ERROR_NONE);
        }
    free(copy);
}

static void damage_is_noticed(void **unused)
{
    (void)unused;
    struct record_layout layout = make_layout(2, 0);
    struct job job;
    make_jobs(&job, 1);
    struct error failure;
    error_set(&failure, ERROR_FATAL, "out of memory");

    char *message = allocate(wire_setup_size());
    wire_setup_write(message, &layout, 12345);
    check_guards(message, wire_setup_size());
    free(message);

    message = allocate(wire_handout_size(1));
    wire_handout_write(message, &(struct wire_handout){.n_jobs = 1}, &job);
    check_guards(message, wire_handout_size(1));
    free(message);

    message = allocate(wire_stop_size());
    wire_stop_write(message, 3);
    check_guards(message, wire_stop_size());
    free(message);

    void *records = make_records(&layout, 1);
    message = allocate(wire_report_size(&layout, 1));
    wire_report_begin(message);
    wire_report_add(message, &layout, 1, 2, records);
    wire_report_seal(message, &layout, &(struct wire_report){.finished = true});
    check_guards(message, wire_report_size(&layout, 1));
    free(message);
    free(records);

    message = allocate(wire_failure_size());
    wire_failure_write(message, &failure);
    check_guards(message, wire_failure_size());
    free(message);
}

/* Words 0 and 1 of the envelope are the magic number and the version, as every version must have them. */
static void other_versions_are_told_apart(void **unused)
{
    (void)unused;
    uint64_t message[WIRE_SMALL_MAX / 8];
    enum wire_kind kind;
    struct error error;
    wire_failure_write(message, &(struct error){.code = ERROR_FATAL});
    message[1] = WIRE_VERSION + 1;
    assert_int_equal(wire_open(message, wire_failure_size(), &kind, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "version"));
    wire_stop_write(message, 0);
    message[0] = __builtin_bswap64(message[0]);
    assert_int_equal(wire_open(message, wire_stop_size(), &kind, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "byte order"));
}

static void hello_and_stop_are_read_from_any_version(void **unused)
{
    (void)unused;
    struct wire_hello out = {.arithmetic = 7, .failure = ERROR_FATAL}, in;
    memset(out.build, 'b', sizeof out.build);
    snprintf(out.version, sizeof out.version, "0.9.0");
    snprintf(out.host, sizeof out.host, "node (avx2)");
    snprintf(out.reason, sizeof out.reason, "why");
    uint64_t message[WIRE_SMALL_MAX / 8];
    wire_hello_write(message, &out);
    open_as(message, WIRE_HELLO_BYTES, WIRE_HELLO);
    wire_hello_read(message, &in);
    assert_true(in.arithmetic == 7 && in.failure == ERROR_FATAL);
    assert_int_equal(strlen(in.build), sizeof in.build - 1); /* ends, whatever was sent */
    assert_string_equal(in.version, "0.9.0");
    assert_string_equal(in.host, "node (avx2)");
    assert_string_equal(in.reason, "why");

    /* As picky 0.1.0 sends it: version 3, exit code 75. */
    const uint64_t stop[] = {UINT64_C(0x5049434b594d5347), 3, WIRE_STOP, 48, UINT64_C(0x49b4d8aea7da204d), 75};
    open_as(stop, sizeof stop, WIRE_STOP);
    assert_int_equal(wire_stop_read(stop), 75);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_come_out_as_they_went_in),
        cmocka_unit_test(impossible_jobs_are_refused),
        cmocka_unit_test(the_layout_comes_out_as_it_went_in),
        cmocka_unit_test(records_come_out_as_they_went_in),
        cmocka_unit_test(stops_and_failures_come_out_as_they_went_in),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(other_versions_are_told_apart),
        cmocka_unit_test(hello_and_stop_are_read_from_any_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
