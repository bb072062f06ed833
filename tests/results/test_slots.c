/* Results files read slot by slot, made as drafts, for shards, and done again: what merge, extend and verify rest on.
 */
#include "results_fixture.h"
#include "slots.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[256]; /* of this run's files, removed at the end */

static char *in_directory(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static int remove_all(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s/*", directory);
    return system(command);
}

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

static void put(struct results *results, const struct sample *s, uint64_t config, uint64_t replicate)
{
    struct error error;
    char *record = malloc(s->layout.n_bytes);
    assert_non_null(record);
    fill_record(&s->layout, config, replicate, record);
    assert_int_equal(results_put(results, config, replicate, record, &error), ERROR_NONE);
    free(record);
}

/* Creates a file and puts the slots that are `wanted`. */
static void make(const char *path, const struct sample *s, bool (*wanted)(uint64_t config, uint64_t replicate))
{
    struct error error;
    struct results *results;
    assert_int_equal(results_create(&results, path, &s->d, &error), ERROR_NONE);
    assert_int_equal(results_log_run(results, 2, "host", "version", &error), ERROR_NONE);
    for (uint64_t c = 0; c < s->d.n_configs; c++)
        for (uint64_t r = 0; r < (uint64_t)s->d.replicates; r++)
            if (wanted(c, r) && !results_is_done(results, c, r))
                put(results, s, c, r);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
}

static bool two_of_three(uint64_t config, uint64_t replicate)
{
    return (config + replicate) % 3 != 1;
}

static bool all(uint64_t config, uint64_t replicate)
{
    (void)config, (void)replicate;
    return true;
}

/* The slots of an open file: those `wanted` hold what was put, the rest are pending. */
static void expect_slots(struct results_slots *slots, const struct sample *s,
                         bool (*wanted)(uint64_t config, uint64_t replicate))
{
    struct error error;
    uint64_t replicates = (uint64_t)s->d.replicates;
    char *records = malloc(replicates * s->layout.n_bytes), *expected = malloc(s->layout.n_bytes);
    uint8_t *status = malloc(replicates);
    for (uint64_t c = 0; c < s->d.n_configs; c++)
        for (uint64_t stride = 1; stride <= 4; stride++)
            for (uint64_t first = 0; first < stride && first < replicates; first++) {
                size_t n = (size_t)((replicates - 1 - first) / stride + 1);
                memset(records, 0x5a, replicates * s->layout.n_bytes);
                assert_int_equal(results_slots_read(slots, c, first, stride, n, &s->layout, records, &error),
                                 ERROR_NONE);
                assert_int_equal(results_slots_status(slots, c, first, (size_t)(replicates - first), status, &error),
                                 ERROR_NONE);
                for (size_t i = 0; i < n; i++) {
                    uint64_t replicate = first + i * stride;
                    const char *record = records + i * s->layout.n_bytes;
                    expect_record(&s->layout, c, replicate, expected);
                    uint8_t is = *(const uint8_t *)record_field_const(&s->layout, record, FIELD_STATUS);
                    assert_int_equal(is, status[i * stride]);
                    if (wanted(c, replicate)) {
                        assert_memory_equal(record, expected, s->layout.n_bytes);
                        assert_null(results_slots_difference(&s->layout, record, expected));
                    } else {
                        assert_int_equal(is, STATUS_PENDING);
                    }
                }
            }
    free(records);
    free(expected);
    free(status);
}

static void reading_back(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results_slots *slots;
    struct results_run run;
    for (unsigned store = 0; store < 16; store += 5) {
        sample_make(&s, store, 11, 4, mixed);
        char *path = in_directory("read.h5");
        make(path, &s, two_of_three);
        assert_int_equal(results_slots_open(&slots, path, RESULTS_SHARED, &error), ERROR_NONE);
        expect_slots(slots, &s, two_of_three);
        const struct results_description *d = results_slots_description(slots);
        assert_true(d->n_configs == 4 && d->replicates == 11 && d->seed == SEED && d->shard.n <= 1);
        assert_string_equal(d->name, s.d.name);
        assert_string_equal(d->sweep_text, s.d.sweep_text);
        assert_memory_equal(d->layout, s.d.layout, sizeof *d->layout);
        for (int row = 0; row < n_hyperparameters; row++) {
            assert_int_equal(d->swept[row], s.swept[row]);
            for (size_t c = 0; c < 4; c++)
                assert_true(hyperparameter_equal(&d->configs[c], &s.configs[c], &hyperparameter_table[row]));
        }
        assert_int_equal(results_slots_n_runs(slots), 1);
        assert_int_equal(results_slots_run(slots, 0, &run, &error), ERROR_NONE);
        assert_true(run.n_ranks == 2 && run.n_jobs > 0 && strcmp(run.hosts, "host") == 0);
        char label[RESULTS_LABEL_MAX];
        results_slots_label(d, 2, label);
        assert_non_null(strstr(label, "configuration 2 ("));
        assert_non_null(strstr(label, "hidden_size = 1"));
        results_slots_close(slots);
        remove(path);
    }
}

/* Where element i of a field, counted in `from`, lies in `to`; UINT64_MAX: nowhere. */
static uint64_t place(const struct field_description *field, const struct record_layout *from,
                      const struct record_layout *to, uint64_t i)
{
    uint64_t at = 0, scale = 1;
    for (int d = field->n_dimensions - 1; d >= 0; d--) {
        uint64_t size = from->size[field->dimensions[d]], other = to->size[field->dimensions[d]];
        if (i % size >= other)
            return UINT64_MAX;
        at += i % size * scale;
        scale *= other;
        i /= size;
    }
    return at;
}

/* Records read into another layout: every element in its place, and padding around. */
static void other_layouts(void **state)
{
    (void)state;
    static const char *const larger[] = {
        "N_train=50 N_test=9 epochs=4 hidden_size=7 hidden_layers=5 fraction=0.25 max_attempts=12",
        "N_train=20 N_test=3 epochs=2 hidden_size=9 hidden_layers=1 fraction=0.25",
    };
    struct sample s, t;
    struct error error;
    struct results_slots *slots;
    sample_make(&s, STORE_WEIGHTS | STORE_TRAIN_SET | STORE_TEST_SET, 5, 4, mixed);
    make(in_directory("small.h5"), &s, all);
    assert_int_equal(results_slots_open(&slots, in_directory("small.h5"), RESULTS_SHARED, &error), ERROR_NONE);
    for (unsigned store = 0; store < 16; store++)
        for (int i = 0; i < 3; i++) {
            if (i < 2)
                sample_make(&t, store, 1, 1, larger + i);
            else
                sample_make(&t, store, 1, 1, shallow); /* smaller in most ways */
            char *records = malloc(3 * t.layout.n_bytes), *from = malloc(s.layout.n_bytes),
                 *clear = malloc(t.layout.n_bytes);
            assert_int_equal(results_slots_read(slots, 1, 1, 1, 3, &t.layout, records, &error), ERROR_NONE);
            record_clear(&t.layout, clear);
            for (uint64_t k = 0; k < 3; k++) {
                const char *record = records + k * t.layout.n_bytes;
                expect_record(&s.layout, 1, 1 + k, from);
                for (int f = 0; f < N_FIELDS; f++) {
                    size_t size = field_type_size(record_fields[f].type);
                    const char *new = record_field_const(&t.layout, record, (enum field)f);
                    const char *old = record_field_const(&s.layout, from, (enum field)f);
                    const char *padding = record_field_const(&t.layout, clear, (enum field)f);
                    for (uint64_t e = 0; new &&e < t.layout.n_elements[f]; e++) {
                        uint64_t at = old ? place(&record_fields[f], &t.layout, &s.layout, e) : UINT64_MAX;
                        assert_memory_equal(new + e *size, at == UINT64_MAX ? padding + e * size : old + at * size,
                                            size);
                    }
                }
            }
            free(records);
            free(from);
            free(clear);
        }
    results_slots_close(slots);
}

/* Who may have a file open beside whom. */
static void locks(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    struct results_slots *a, *b;
    sample_make(&s, STORE_ALWAYS, 3, 4, mixed);
    char *path = in_directory("locked.h5");
    make(path, &s, all);
    assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_NONE);
    assert_int_equal(results_slots_open(&a, path, RESULTS_SHARED, &error), ERROR_NONE);
    results_slots_close(a);
    assert_int_equal(results_slots_open(&a, path, RESULTS_READING, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "another run is writing it"));
    assert_null(a);
    assert_int_equal(results_slots_open(&a, path, RESULTS_WRITING, &error), ERROR_INPUT);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(results_slots_open(&a, path, RESULTS_READING, &error), ERROR_NONE);
    assert_int_equal(results_slots_open(&b, path, RESULTS_READING, &error), ERROR_NONE);
    assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "picky reads it"));
    results_slots_close(a);
    assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_INPUT);
    results_slots_close(b);
    assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_NONE);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(results_slots_open(&a, path, RESULTS_WRITING, &error), ERROR_NONE);
    assert_int_equal(results_slots_open(&b, path, RESULTS_READING, &error), ERROR_INPUT);
    results_slots_close(a);
    assert_int_equal(results_slots_open(&a, in_directory("none.h5"), RESULTS_READING, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "No such file"));
}

/* A file of a shard counts, does and takes the shard's jobs alone. */
static void shards(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    struct results_state found;
    struct results_slots *slots;
    uint64_t counts[N_STATUSES], n_all = 0;
    sample_make(&s, STORE_WEIGHTS, 7, 4, mixed);
    for (uint64_t i = 1; i <= 5; i++) {
        char name[32], text[SHARD_TEXT_MAX];
        snprintf(name, sizeof name, "shard%" PRIu64 ".h5", i);
        s.d.shard = (struct shard){i, 5};
        assert_int_equal(results_create(&results, in_directory(name), &s.d, &error), ERROR_NONE);
        assert_int_equal(results_log_run(results, 1, "", "", &error), ERROR_NONE);
        uint64_t n = 0;
        for (uint64_t c = 0; c < 4; c++)
            for (uint64_t r = 0; r < 7; r++) {
                bool is_mine = (c + r) % 5 == i - 1;
                assert_int_equal(results_is_done(results, c, r), !is_mine);
                n += is_mine;
            }
        results_counts(results, counts);
        assert_int_equal(counts[STATUS_PENDING], n);
        for (uint64_t c = 0; c < 4; c++)
            if ((c + 2) % 5 == i - 1)
                put(results, &s, c, 2);
        assert_int_equal(results_close(results, &error), ERROR_NONE);

        /* Another shard's number is refused, none is the file's own. */
        s.d.shard = (struct shard){i % 5 + 1, 5};
        assert_int_equal(results_open(&results, in_directory(name), &s.d, stderr, &error), ERROR_INPUT);
        shard_format(&s.d.shard, text);
        assert_non_null(strstr(error.message, text));
        s.d.shard = (struct shard){1, 1};
        assert_int_equal(results_open(&results, in_directory(name), &s.d, stderr, &error), ERROR_INPUT);
        s.d.shard = (struct shard){0};
        assert_int_equal(results_open(&results, in_directory(name), &s.d, stderr, &error), ERROR_NONE);
        assert_true(results_shard(results).index == i && results_shard(results).n == 5);
        for (uint64_t c = 0; c < 4; c++)
            for (uint64_t r = 0; r < 7; r++)
                if (!results_is_done(results, c, r)) {
                    put(results, &s, c, r);
                    n_all++;
                }
        n_all += i != 2; /* of replicate 2: one in each shard but 1 + (4 + 2) mod 5 */
        assert_int_equal(results_close(results, &error), ERROR_NONE);
        assert_int_equal(results_inspect(in_directory(name), &found, NULL, NULL, NULL, &error), ERROR_NONE);
        assert_true(found.shard.index == i && found.shard.n == 5 && found.counts[STATUS_PENDING] == 0);
        uint64_t n_done = 0;
        for (int status = 1; status < N_STATUSES; status++)
            n_done += found.counts[status];
        assert_int_equal(n_done, n);
        assert_int_equal(results_slots_open(&slots, in_directory(name), RESULTS_SHARED, &error), ERROR_NONE);
        assert_true(results_slots_description(slots)->shard.index == i);
        results_slots_close(slots);
    }
    assert_int_equal(n_all, 28);
}

static bool is_in_draft(uint64_t config, uint64_t replicate)
{
    return config != 1 || replicate < 100;
}

/* A draft has no name until it is published; then it is a file like any other, with the rows of other logs. */
static void drafts(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results, *other;
    struct results_slots *slots;
    struct results_run run = {.start_s = 1e9, .end_s = 2e9, .n_ranks = 3, .n_jobs = 5, .hosts = "a", .version = "b"};
    sample_make(&s, STORE_WEIGHTS, 301, 4, mixed); /* several staging areas */
    char *record = malloc(s.layout.n_bytes), *expected = malloc(s.layout.n_bytes);
    char *path = in_directory("new.h5"), *temporary = in_directory("new.h5.picky-draft");

    /* Closed before: nothing stays. Another one meanwhile is refused. */
    assert_int_equal(results_draft(&results, path, false, &s.d, &error), ERROR_NONE);
    assert_true(exists(temporary) && !exists(path));
    assert_int_equal(results_draft(&other, path, false, &s.d, &error), ERROR_INPUT);
    assert_true(exists(temporary));
    put(results, &s, 0, 0);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_false(exists(temporary) || exists(path));

    assert_int_equal(results_draft(&results, path, false, &s.d, &error), ERROR_NONE);
    for (uint64_t c = 0; c < 4; c++)
        for (uint64_t r = 0; r < 301; r++)
            if (is_in_draft(c, r)) {
                put(results, &s, c, r);
                if (r % 50 == 7) {
                    assert_int_equal(results_get(results, c, r / 2, record, &error), ERROR_NONE);
                    expect_record(&s.layout, c, r / 2, expected);
                    assert_memory_equal(record, expected, s.layout.n_bytes);
                }
            }
    for (int i = 0; i < RESULTS_RUNS_MAX + 2; i++)
        assert_int_equal(results_add_run(results, &run, &error), ERROR_NONE);
    assert_false(exists(path));
    assert_int_equal(results_publish(results, &error), ERROR_NONE);
    assert_true(exists(path) && !exists(temporary));
    /* Its own run counts what it does from now on; the log is full, so that it shares the last row. */
    assert_int_equal(results_log_run(results, 9, "", "", &error), ERROR_NONE);
    put(results, &s, 1, 200);
    assert_int_equal(results_slots_open(&slots, path, RESULTS_READING, &error), ERROR_INPUT);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(results_slots_open(&slots, path, RESULTS_READING, &error), ERROR_NONE);
    assert_int_equal(results_slots_n_runs(slots), RESULTS_RUNS_MAX);
    assert_int_equal(results_slots_run(slots, RESULTS_RUNS_MAX - 1, &run, &error), ERROR_NONE);
    assert_true(run.n_ranks == 9 && run.n_jobs == 1);
    assert_int_equal(results_slots_run(slots, 0, &run, &error), ERROR_NONE);
    assert_true(run.n_ranks == 3 && run.n_jobs == 5 && run.start_s == 1e9);
    results_slots_close(slots);

    /* A draft of a name that is taken: refused at the start, and also if that happens later. */
    assert_int_equal(results_draft(&results, path, false, &s.d, &error), ERROR_INPUT);
    char *late = in_directory("late.h5");
    assert_int_equal(results_draft(&results, late, false, &s.d, &error), ERROR_NONE);
    fclose(fopen(late, "w"));
    assert_int_equal(results_publish(results, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "exists already"));
    results_close(results, &error);
    struct stat status;
    assert_true(stat(late, &status) == 0 && status.st_size == 0);
    assert_false(exists(in_directory("late.h5.picky-draft")));

    /* One that replaces: the old file until then, the new one from then on. */
    path = in_directory("new.h5");
    sample_make(&s, STORE_ALWAYS, 2, 1, shallow);
    assert_int_equal(results_draft(&results, path, true, &s.d, &error), ERROR_NONE);
    assert_int_equal(results_slots_open(&slots, path, RESULTS_READING, &error), ERROR_NONE);
    assert_int_equal(results_slots_description(slots)->n_configs, 4);
    results_slots_close(slots);
    put(results, &s, 0, 1);
    assert_int_equal(results_publish(results, &error), ERROR_NONE);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(results_slots_open(&slots, path, RESULTS_READING, &error), ERROR_NONE);
    assert_int_equal(results_slots_description(slots)->n_configs, 1);
    uint8_t statuses[2];
    assert_int_equal(results_slots_status(slots, 0, 0, 2, statuses, &error), ERROR_NONE);
    assert_true(statuses[0] == STATUS_PENDING && statuses[1] != STATUS_PENDING);
    results_slots_close(slots);
    free(record);
    free(expected);
}

/* Slots that are to be done again are pending in the file at once, others are left alone, and the end is the same. */
static void retrying(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    struct results_state found;
    struct results_slots *slots;
    uint64_t counts[N_STATUSES], n_again;
    sample_make(&s, STORE_WEIGHTS, 50, 4, mixed);
    char *path = in_directory("again.h5");
    make(path, &s, all);
    assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_NONE);
    results_counts(results, counts);
    for (int status = 1; status < N_STATUSES; status++)
        assert_true(counts[status] > 5);
    assert_int_equal(results_retry(results, 1u << STATUS_REJECTED | 1u << STATUS_ERROR, &n_again, &error), ERROR_NONE);
    assert_int_equal(n_again, counts[STATUS_REJECTED] + counts[STATUS_ERROR]);
    assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_NONE);
    assert_int_equal(found.counts[STATUS_PENDING], n_again);
    assert_int_equal(found.counts[STATUS_ACCEPTED], counts[STATUS_ACCEPTED]);
    assert_int_equal(found.counts[STATUS_DIVERGED], counts[STATUS_DIVERGED]);
    uint64_t n_put = 0;
    for (uint64_t c = 0; c < 4; c++)
        for (uint64_t r = 0; r < 50; r++)
            if (!results_is_done(results, c, r)) {
                put(results, &s, c, r);
                n_put++;
            }
    assert_int_equal(n_put, n_again);
    results_counts(results, found.counts);
    assert_memory_equal(found.counts, counts, sizeof counts);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(results_slots_open(&slots, path, RESULTS_SHARED, &error), ERROR_NONE);
    expect_slots(slots, &s, all);
    results_slots_close(slots);
}

/* Reasons of errors: told apart, counted, with the first job of each; of the first thousand errors only. */
static void reasons(void **state)
{
    (void)state;
    enum { REPLICATES = 400, N_REASONS = RESULTS_REASONS_MAX + 2 };
    struct sample s;
    struct error error;
    struct results *results;
    struct results_state found;
    sample_make(&s, STORE_ALWAYS, REPLICATES, 4, mixed);
    s.d.shard = (struct shard){1, 1};
    char *path = in_directory("reasons.h5");
    void *record = calloc(1, s.layout.n_bytes);
    assert_non_null(record);
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    for (uint64_t c = 0; c < 4; c++)
        for (uint64_t r = 0; r < REPLICATES; r++) {
            fill_record(&s.layout, c, r, record);
            *(uint8_t *)record_field(&s.layout, record, FIELD_STATUS) = c == 0 ? STATUS_ACCEPTED : STATUS_ERROR;
            snprintf(record_field(&s.layout, record, FIELD_REASON), FIELD_TEXT_SIZE, "too \n %d",
                     (int)(c == 2 ? r % N_REASONS : 0));
            if (c < 3 || r > 0)
                assert_int_equal(results_put(results, c, r, record, &error), ERROR_NONE);
        }
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_NONE);
    assert_int_equal(found.counts[STATUS_ERROR], 3 * REPLICATES - 1);
    assert_int_equal(found.n_errors, RESULTS_ERRORS_MAX);
    assert_int_equal(found.n_reasons, RESULTS_REASONS_MAX);
    for (int i = 0; i < found.n_reasons; i++) {
        char text[32], label[RESULTS_LABEL_MAX];
        const uint64_t config = i == 0 ? 1 : 2;
        snprintf(text, sizeof text, "too ? %d", i);
        results_label(&s.configs[config], s.d.swept, config, label);
        assert_string_equal(found.reasons[i].text, text);
        assert_string_equal(found.reasons[i].label, label);
        assert_int_equal(found.reasons[i].replicate, i);
        assert_int_equal(found.reasons[i].n_jobs, REPLICATES / N_REASONS + (i == 0 ? REPLICATES + 200 : 0));
    }
    free(record);
}

/* Every place of a file damaged in turn: an error or a file that opens, and nothing worse. */
static void damaged_files(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results_slots *slots;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    char *path = in_directory("damaged.h5");
    make(path, &s, all);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    char *record = malloc(s.layout.n_bytes);
    int n_refused = 0;
    for (long at = 0; at < 60000; at += 487) {
        fseek(file, at, SEEK_SET);
        int byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(byte ^ 0xff, file);
        fflush(file);
        if (results_slots_open(&slots, path, RESULTS_SHARED, &error)) {
            assert_null(slots);
            assert_true(strstr(error.message, path) && !strchr(error.message, '\n'));
            n_refused++;
        } else {
            if (results_slots_description(slots)->n_configs == 4 && results_slots_description(slots)->replicates == 2)
                results_slots_read(slots, 3, 0, 1, 1, &s.layout, record, &error);
            results_slots_close(slots);
        }
        fseek(file, at, SEEK_SET);
        fputc(byte, file);
        fflush(file);
    }
    fclose(file);
    free(record);
    assert_true(n_refused > 5);
    assert_int_equal(results_slots_open(&slots, path, RESULTS_SHARED, &error), ERROR_NONE);
    expect_slots(slots, &s, all);
    results_slots_close(slots);
}

int main(void)
{
    const char *root = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/picky-slots-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(directory)) {
        perror(directory);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reading_back, remove_all), cmocka_unit_test_teardown(other_layouts, remove_all),
        cmocka_unit_test_teardown(locks, remove_all),        cmocka_unit_test_teardown(shards, remove_all),
        cmocka_unit_test_teardown(drafts, remove_all),       cmocka_unit_test_teardown(retrying, remove_all),
        cmocka_unit_test_teardown(reasons, remove_all),      cmocka_unit_test_teardown(damaged_files, remove_all),
    };
    int failed = cmocka_run_group_tests_name("slots", tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
