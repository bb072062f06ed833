#include "job_fixture.h"

#include "memory_budget.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct record_layout layout_of(const struct hyperparameters *configs, size_t n)
{
    struct record_layout layout;
    struct error error;
    assert_int_equal(record_layout_make(&layout, configs, n, STORE_ALL, &error), ERROR_NONE);
    return layout;
}

void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    assert_non_null(memory);
    return memory;
}

struct record_layout layout_of_jobs(const struct job *jobs, size_t n)
{
    struct hyperparameters *configs = allocate(n, sizeof *configs);
    for (size_t i = 0; i < n; i++)
        configs[i] = jobs[i].h;
    struct record_layout layout = layout_of(configs, n);
    free(configs);
    return layout;
}

struct hyperparameters hyperparameters_of(const char *name, ...)
{
    struct hyperparameters h;
    struct error error = {0};
    hyperparameters_default(&h);
    va_list arguments;
    va_start(arguments, name);
    for (; name; name = va_arg(arguments, const char *)) {
        const struct hyperparameter *row = hyperparameter_find(name);
        assert_non_null(row);
        assert_int_equal(hyperparameter_set_text(&h, row, va_arg(arguments, const char *), &error), ERROR_NONE);
    }
    va_end(arguments);
    assert_int_equal(hyperparameters_check(&h, &error), ERROR_NONE);
    return h;
}

enum error_code collect(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)error;
    struct records *records = context;
    assert_true(job->config < records->n && job->replicate == 7 * job->config);
    assert_false(records->is_done[job->config]);
    records->is_done[job->config] = true;
    memcpy(records->bytes + job->config * records->n_bytes, record, records->n_bytes);
    records->n_done++;
    return ERROR_NONE;
}

struct records run_in_memory(const struct record_layout *layout, const struct job *jobs, const size_t *order, size_t n,
                             uint64_t memory)
{
    struct records records = {.n_bytes = layout->n_bytes, .n = n};
    struct error error;
    records.bytes = allocate(n, layout->n_bytes);
    records.is_done = allocate(n, sizeof *records.is_done);

    struct job_runner *runner;
    assert_int_equal(job_runner_create(&runner, layout, &error), ERROR_NONE);
    job_runner_set_memory(runner, memory);
    for (size_t i = 0; i < n; i++) {
        size_t place = order ? order[i] : i;
        struct job job = jobs[place];
        job.config = place;
        job.replicate = 7 * place;
        assert_int_equal(job_runner_add(runner, &job, &error), ERROR_NONE);
    }
    assert_int_equal(job_runner_waiting(runner), n);
    for (size_t steps = 0; job_runner_waiting(runner) > 0; steps++) {
        assert_true(steps < 1000 * n);
        assert_int_equal(job_runner_step(runner, collect, &records, &error), ERROR_NONE);
        assert_int_equal(job_runner_waiting(runner) + records.n_done, n);
    }
    assert_int_equal(records.n_done, n);
    job_runner_destroy(runner);
    return records;
}

struct records run_in_order(const struct record_layout *layout, const struct job *jobs, const size_t *order, size_t n)
{
    return run_in_memory(layout, jobs, order, n, MEMORY_UNLIMITED);
}

struct records run(const struct record_layout *layout, const struct job *jobs, size_t n)
{
    return run_in_order(layout, jobs, NULL, n);
}

const void *record_at(const struct records *records, size_t i)
{
    assert_true(i < records->n);
    return records->bytes + i * records->n_bytes;
}

void records_free(struct records *records)
{
    free(records->bytes);
    free(records->is_done);
    *records = (struct records){0};
}

const float *floats(const struct record_layout *layout, const void *record, enum field field)
{
    assert_int_equal(record_fields[field].type, FIELD_F32);
    const float *values = record_field_const(layout, record, field);
    assert_non_null(values);
    return values;
}

int status_of(const struct record_layout *layout, const void *record)
{
    return *(const uint8_t *)record_field_const(layout, record, FIELD_STATUS);
}

int attempts_of(const struct record_layout *layout, const void *record)
{
    uint16_t attempts;
    memcpy(&attempts, record_field_const(layout, record, FIELD_ATTEMPTS), sizeof attempts);
    return attempts;
}

const char *field_that_differs(const struct record_layout *layout, const void *a, const void *b)
{
    for (int f = 0; f < N_FIELDS; f++) {
        const void *field_a = record_field_const(layout, a, (enum field)f);
        if (record_fields[f].is_provenance || !field_a)
            continue;
        size_t n_bytes = layout->n_elements[f] * field_type_size(record_fields[f].type);
        if (memcmp(field_a, record_field_const(layout, b, (enum field)f), n_bytes) != 0)
            return record_fields[f].name;
    }
    return NULL;
}

void assert_same_bits(const struct record_layout *layout, const void *a, const void *b)
{
    const char *name = field_that_differs(layout, a, b);
    if (name)
        fail_msg("%s differs", name);
}
