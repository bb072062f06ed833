/* The reader against picky's own writer: every field comes back as it was put, whole and in parts, from a file
 * that is still being written. Damaged files: check_analyse.py. */
#include "inspect.h"
#include "open.h"
#include "reader.h"
#include "reader_provenance.h"
#include "selection.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define N_CONFIGS  3
#define REPLICATES 5

static char directory[] = "/tmp/picky-reader-XXXXXX";

struct fixture {
    struct hyperparameters configs[N_CONFIGS];
    bool swept[64];
    struct record_layout layout;
    struct results *results;
    char path[64];
};

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        if (call)                                                                                                      \
            fail_msg("%s: %s", #call, error.message);                                                                  \
    } while (0)

static bool is_done(uint64_t config, uint64_t replicate)
{
    return (config * REPLICATES + replicate) % 4 != 3;
}

/* A value that names its place: another for every field, slot and element. */
static uint64_t made_up(enum field field, uint64_t config, uint64_t replicate, uint64_t element)
{
    return (uint64_t)field * 1000003 + (config * REPLICATES + replicate) * 7919 + element;
}

static void fill_field(const struct record_layout *layout, void *record, enum field field, uint64_t config,
                       uint64_t replicate)
{
    char *values = record_field(layout, record, field);
    if (!values)
        return;
    for (uint64_t i = 0; i < layout->n_elements[field]; i++) {
        uint64_t value = made_up(field, config, replicate, i);
        switch (record_fields[field].type) {
        case FIELD_F32: ((float *)(void *)values)[i] = (float)(value % (1 << 24)) / 1024; break;
        case FIELD_F64: ((double *)(void *)values)[i] = (double)value / 1024; break;
        case FIELD_U8: ((uint8_t *)values)[i] = (uint8_t)(value % 251); break;
        case FIELD_U16: ((uint16_t *)(void *)values)[i] = (uint16_t)value; break;
        case FIELD_I32: ((int32_t *)(void *)values)[i] = -(int32_t)value; break;
        case FIELD_I64: ((int64_t *)(void *)values)[i] = (int64_t)value; break;
        case FIELD_TEXT: snprintf(values + i * FIELD_TEXT_SIZE, FIELD_TEXT_SIZE, "reason %" PRIu64, value); break;
        }
    }
}

/* The record of a slot; all accepted, so that the writer keeps every array. */
static void *make_record(const struct fixture *f, uint64_t config, uint64_t replicate)
{
    void *record = calloc(1, f->layout.n_bytes);
    assert_non_null(record);
    for (int field = 0; field < N_FIELDS; field++)
        fill_field(&f->layout, record, (enum field)field, config, replicate);
    *(uint8_t *)record_field(&f->layout, record, FIELD_STATUS) = STATUS_ACCEPTED;
    return record;
}

static int set_up(void **state)
{
    static struct fixture f;
    struct error error;
    memset(&f, 0, sizeof f);
    for (int c = 0; c < N_CONFIGS; c++) {
        hyperparameters_default(&f.configs[c]);
        f.configs[c].hidden_size = 3 + c;
        f.configs[c].hidden_layers = 4 - c;
        f.configs[c].lr = 0.001 / (c + 1);
        f.configs[c].N_test = 6;
        f.configs[c].N_train = 20;
    }
    strcpy(f.configs[1].context_location, "end");
    assert_ok(hyperparameter_set_string(&f.configs[2], hyperparameter_find("second_task"), "add1.5", &error));
    f.configs[1].train_mode = TRAIN_REPLAY;
    assert_ok(record_layout_make(&f.layout, f.configs, N_CONFIGS,
                                 STORE_WEIGHTS | STORE_TEST_SET | STORE_INITIAL_WEIGHTS | STORE_TRAIN_SET, &error));

    const struct results_attribute provenance[] = {{"picky_version", "1.2", NULL, NULL},
                                                   {"end_time", " ", NULL, NULL}, /* reserved: an array, not a text */
                                                   {"run_time", NULL, "s", NULL},
                                                   {"command_line", "picky run <a> & b", NULL, NULL},
                                                   {NULL, NULL, NULL, NULL}};
    const struct results_description description = {.name = "a sweep",
                                                    .sweep_text = "name = \"a sweep\";",
                                                    .seed = 1,
                                                    .replicates = REPLICATES,
                                                    .configs = f.configs,
                                                    .n_configs = N_CONFIGS,
                                                    .swept = f.swept,
                                                    .layout = &f.layout,
                                                    .provenance = provenance};
    snprintf(f.path, sizeof f.path, "%s/x.h5", directory);
    assert_ok(results_create(&f.results, f.path, &description, &error));
    for (uint64_t c = 0; c < N_CONFIGS; c++)
        for (uint64_t r = 0; r < REPLICATES; r++)
            if (is_done(c, r)) {
                void *record = make_record(&f, c, r);
                assert_ok(results_put(f.results, c, r, record, &error));
                free(record);
            }
    assert_ok(results_sync(f.results, true, &error));
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct error error;
    assert_ok(results_close(f->results, &error));
    unlink(f->path);
    return 0;
}

static void describes_the_sweep(void **state)
{
    const struct fixture *f = *state;
    struct reader *reader;
    struct error error;
    assert_ok(reader_open(&reader, f->path, &error)); /* the writer still has it open */
    assert_string_equal(reader->path, f->path);
    assert_string_equal(reader->name, "a sweep");
    assert_int_equal(reader->n_configs, N_CONFIGS);
    assert_int_equal(reader->n_replicates, REPLICATES);
    for (int c = 0; c < N_CONFIGS; c++)
        for (int i = 0; i < n_hyperparameters; i++)
            assert_true(hyperparameter_equal(&reader->configs[c], &f->configs[c], &hyperparameter_table[i]));
    for (int i = 0; i < n_hyperparameters; i++) {
        const char *name = hyperparameter_table[i].name;
        bool expected = !strcmp(name, "hidden_size") || !strcmp(name, "hidden_layers") || !strcmp(name, "lr") ||
                        !strcmp(name, "context_location") || !strcmp(name, "second_task") ||
                        !strcmp(name, "train_mode");
        assert_int_equal(reader->swept[i], expected);
    }
    for (uint64_t c = 0; c < N_CONFIGS; c++) {
        uint64_t counts[N_STATUSES], n_done = 0;
        for (uint64_t r = 0; r < REPLICATES; r++) {
            assert_int_equal(reader_status(reader, c, r), is_done(c, r) ? STATUS_ACCEPTED : STATUS_PENDING);
            n_done += is_done(c, r);
        }
        reader_count(reader, c, counts);
        assert_int_equal(counts[STATUS_ACCEPTED], n_done);
        assert_int_equal(counts[STATUS_PENDING], REPLICATES - n_done);
    }
    reader_close(reader);
}

static void reads_every_field_whole(void **state)
{
    const struct fixture *f = *state;
    struct reader *reader;
    struct error error;
    assert_ok(reader_open(&reader, f->path, &error));
    assert_int_equal(memcmp(&reader->layout, &f->layout, sizeof f->layout), 0);
    for (int field = 0; field < N_FIELDS; field++) {
        struct reader_part part = reader_whole(reader, (enum field)field);
        size_t n_bytes = reader_part_bytes((enum field)field, &part);
        assert_int_equal(n_bytes == 0, f->layout.offset[field] == UINT64_MAX);
        if (n_bytes == 0)
            continue; /* these files have no such array */
        char *values = malloc(REPLICATES * n_bytes);
        assert_int_equal(n_bytes, f->layout.n_elements[field] * field_type_size(record_fields[field].type));
        assert_int_equal(reader_chunk(reader, (enum field)field, &part), REPLICATES);
        for (uint64_t c = 0; c < N_CONFIGS; c++) {
            assert_ok(reader_read(reader, (enum field)field, c, 0, REPLICATES, &part, values, &error));
            for (uint64_t r = 0; r < REPLICATES; r++) {
                void *record = make_record(f, c, r);
                if (is_done(c, r))
                    assert_memory_equal(values + r * n_bytes, record_field(&f->layout, record, (enum field)field),
                                        n_bytes);
                free(record);
            }
        }
        free(values);
    }
    reader_close(reader);
}

/* One measure of some tasks, layers and units of some replicates: index arithmetic against the whole. */
static void reads_parts(void **state)
{
    const struct fixture *f = *state;
    struct reader *reader;
    struct error error;
    const struct reader_part part = {{MEASURE_CONTRIBUTION, 1, 1, 2}, {2, 1, 3, 2}};
    const uint64_t *size = f->layout.size;
    float values[3][2][1][3][2];
    assert_ok(reader_open(&reader, f->path, &error));
    assert_int_equal(reader_part_bytes(FIELD_IMPORTANCE, &part) * 3, sizeof values);
    assert_ok(reader_read(reader, FIELD_IMPORTANCE, 1, 2, 3, &part, values, &error));
    for (uint64_t r = 0; r < 3; r++) {
        void *record = make_record(f, 1, r + 2);
        const float *whole = record_field(&f->layout, record, FIELD_IMPORTANCE);
        for (uint64_t m = 0; m < 2 && is_done(1, r + 2); m++)
            for (uint64_t l = 0; l < 3; l++)
                for (uint64_t u = 0; u < 2; u++) {
                    uint64_t at = ((MEASURE_CONTRIBUTION + m) * size[DIMENSION_TASK] + 1) * size[DIMENSION_LAYER];
                    at = (at + 1 + l) * size[DIMENSION_UNIT] + 2 + u;
                    assert_true(values[r][m][0][l][u] == whole[at]);
                }
        free(record);
    }
    reader_close(reader);
}

/* Status is as it was when the file was opened, though slots have been filled since. */
static void status_is_a_snapshot(void **state)
{
    struct fixture *f = *state;
    struct reader *reader, *later;
    struct error error;
    assert_ok(reader_open(&reader, f->path, &error));
    assert_false(is_done(0, 3));
    void *record = make_record(f, 0, 3);
    assert_ok(results_put(f->results, 0, 3, record, &error));
    assert_ok(results_sync(f->results, true, &error));
    free(record);
    assert_int_equal(reader_status(reader, 0, 3), STATUS_PENDING);
    assert_ok(reader_open(&later, f->path, &error));
    assert_int_equal(reader_status(later, 0, 3), STATUS_ACCEPTED);
    reader_close(later);
    reader_close(reader);
}

static void selects_and_labels(void **state)
{
    const struct fixture *f = *state;
    struct reader *reader;
    struct selection selection;
    struct error error;
    char label[LABEL_MAX];
    assert_ok(reader_open(&reader, f->path, &error));

    selection_label(reader, 1, label);
    assert_string_equal(label, "lr = 0.0005, context_location = end, train_mode = replay, second_task = prod, "
                               "hidden_size = 4, hidden_layers = 3");
    assert_ok(selection_make(&selection, reader, NULL, 0, &error));
    assert_int_equal(selection.n, N_CONFIGS);
    selection_free(&selection);

    const char *two[] = {"second_task=prod", "lr=5e-4,0.1"};
    assert_ok(selection_make(&selection, reader, two, 2, &error));
    assert_int_equal(selection.n, 1);
    assert_int_equal(selection.configs[0], 1);
    selection_free(&selection);

    const struct {
        const char *condition, *said;
    } bad[] = {
        {"hidden_size", "allowed: KEY=VALUE"},
        {"hiden_size=3", "did you mean hidden_size?"},
        {"hidden_size=x", "allowed: an integer from 1 to 4096"},
        {"hidden_size=", "allowed: an integer from 1 to 4096"},
        {"hidden_size=3,,4", "allowed: an integer from 1 to 4096"},
        {"hidden_size=9", "its values of hidden_size: 3, 4, 5"},
        {"=", "there is no hyperparameter \"\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(selection_make(&selection, reader, &bad[i].condition, 1, &error), ERROR_INPUT);
        if (!strstr(error.message, bad[i].said))
            fail_msg("%s: %s", bad[i].condition, error.message);
        assert_null(selection.configs);
    }
    reader_close(reader);
}

static const char *find_text(const struct reader_provenance *provenance, const char *name)
{
    for (size_t i = 0; i < provenance->n_texts; i++)
        if (strcmp(provenance->texts[i].name, name) == 0)
            return provenance->texts[i].value;
    fail_msg("no text %s", name);
    return NULL;
}

static void reads_provenance(void **state)
{
    const struct fixture *f = *state;
    struct reader *reader;
    struct reader_provenance provenance;
    struct error error;

    assert_ok(reader_open(&reader, f->path, &error));
    assert_ok(reader_read_provenance(reader, &provenance, &error));
    assert_string_equal(provenance.sweep, "name = \"a sweep\";");
    assert_int_equal(provenance.n_texts, 2);
    assert_string_equal(find_text(&provenance, "picky_version"), "1.2");
    assert_string_equal(find_text(&provenance, "command_line"), "picky run <a> & b");
    assert_int_equal(provenance.n_runs, 0);
    reader_provenance_free(&provenance);
    reader_close(reader);

    const char *hosts =
        "a host with so long a name that it fills all of the ninety-six bytes that there are for it in a file";
    assert_ok(results_log_run(f->results, 7, hosts, "1.2 (abc)", &error));
    assert_ok(results_sync(f->results, true, &error));
    assert_ok(reader_open(&reader, f->path, &error));
    assert_ok(reader_read_provenance(reader, &provenance, &error));
    assert_int_equal(provenance.n_runs, 1);
    const struct reader_run *run = &provenance.runs[0];
    assert_int_equal(run->n_ranks, 7);
    assert_string_equal(run->version, "1.2 (abc)");
    assert_memory_equal(run->hosts, hosts, FIELD_TEXT_SIZE - 1);
    assert_true(strlen(run->hosts) <= FIELD_TEXT_SIZE);
    assert_true(run->start_s > 1e9 && run->end_s >= run->start_s);
    reader_provenance_free(&provenance);
    reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(describes_the_sweep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_every_field_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(status_is_a_snapshot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_provenance, set_up, tear_down),
        cmocka_unit_test_setup_teardown(selects_and_labels, set_up, tear_down),
    };
    if (!mkdtemp(directory))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
