#include "build.h"

#include "hash.h"
#include "job.h"
#include "sources_hash.h"
#include "version.h"

#include <inttypes.h>
#include <stdio.h>

/* They change together: what the self-test gives, and the arithmetic, which old files have as a number. A test's build
 * sets them from outside. */
#ifndef ARITHMETIC
#define ARITHMETIC 1
#endif
#ifndef SELF_TEST_HASH
#define SELF_TEST_HASH 0xdd4d0d2407a02ac0
#endif

int64_t build_arithmetic(void)
{
    return ARITHMETIC;
}

/* ---- identity ----------------------------------------------------------------------------------------------- */

static uint64_t hash_tables(uint64_t hash)
{
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *row = &hyperparameter_table[i];
        hash = hash_integer(hash_text(hash, row->name), row->type);
        for (int k = 0; row->type == HYPERPARAMETER_CHOICE && row->choices[k]; k++)
            hash = hash_text(hash, row->choices[k]);
    }
    for (int m = 0; m < N_MEASURES; m++)
        hash = hash_text(hash, measure_table[m].name);
    for (int f = 0; f < N_FIELDS; f++) {
        const struct field_description *field = &record_fields[f];
        hash = hash_integer(hash_text(hash, field->name), field->type);
        for (int d = 0; d < field->n_dimensions; d++)
            hash = hash_text(hash, dimension_names[field->dimensions[d]]);
    }
    return hash;
}

const char *build_identity(void)
{
    static char text[BUILD_IDENTITY_MAX];
    uint64_t hash = hash_tables(hash_text(HASH_START, SOURCES_HASH));
    hash = hash_integer(hash_integer(hash, ARITHMETIC), SELF_TEST_HASH);
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    return text;
}

const char *build_version(void)
{
    static char text[BUILD_VERSION_MAX];
    snprintf(text, sizeof text, "%.12s (%.40s, build %.12s)", PICKY_VERSION, PICKY_GIT_REVISION, build_identity());
    return text;
}

/* ---- self-test ---------------------------------------------------------------------------------------------- */

/* No field is added here when the tables grow, so that only arithmetic changes what comes out. */
static const enum field tested_fields[] = {
    FIELD_ATTEMPTS,       FIELD_ATTEMPT_ERROR,   FIELD_TRAIN_LOSS,      FIELD_TEST_ERROR,    FIELD_TEST_LOSS,
    FIELD_IMPORTANCE,     FIELD_LOSS_CHANGE,     FIELD_MEAN_ACTIVATION, FIELD_TEST_INPUTS,   FIELD_INPUT_WEIGHTS,
    FIELD_HIDDEN_WEIGHTS, FIELD_CONTEXT_WEIGHTS, FIELD_BIASES,          FIELD_OUTPUT_WEIGHTS};
enum { N_TESTED_FIELDS = sizeof tested_fields / sizeof tested_fields[0], N_TESTED_MEASURES = 6, N_TEST_JOBS = 4 };

struct self_test {
    struct record_layout layout;
    uint64_t hash[N_TEST_JOBS];
};

static enum error_code hash_record(void *context, const struct job *job, const void *record, struct error *error)
{
    struct self_test *test = context;
    uint64_t hash = HASH_START;
    if (*(const uint8_t *)record_field_const(&test->layout, record, FIELD_STATUS) == STATUS_ERROR)
        return error_set(error, ERROR_FATAL, "%s",
                         (const char *)record_field_const(&test->layout, record, FIELD_REASON));
    for (int i = 0; i < N_TESTED_FIELDS; i++) {
        enum field f = tested_fields[i];
        uint64_t n = test->layout.n_elements[f];
        if (f == FIELD_IMPORTANCE) /* the measure is its slowest dimension */
            n = n / N_MEASURES * N_TESTED_MEASURES;
        hash =
            hash_more(hash, record_field_const(&test->layout, record, f), n * field_type_size(record_fields[f].type));
    }
    test->hash[job->config] = hash;
    return ERROR_NONE;
}

static enum error_code run_self_test(struct self_test *test, enum layout layout, struct job_runner **runner,
                                     struct error *error)
{
    struct hyperparameters configs[N_TEST_JOBS];
    for (int i = 0; i < N_TEST_JOBS; i++) {
        struct hyperparameters *h = &configs[i];
        bool is_even = i % 2 == 0, is_first = i < 2;
        hyperparameters_default(h);
        h->N_train = 150;
        h->N_test = 20;
        h->epochs = 3;
        h->hidden_size = is_even ? 7 : 10;
        h->hidden_layers = 3;
        h->max_attempts = 2;
        h->replay_every = 2;
        h->optimizer = is_even ? OPTIMIZER_ADAM : OPTIMIZER_SGD;
        h->lr = is_even ? 0.01 : 0.05;
        h->output_activation = is_first ? OUTPUT_RELU : OUTPUT_LINEAR;
        h->train_mode = i == 0 || i == 3 ? TRAIN_RANDOM : TRAIN_REPLAY;
        snprintf(h->context_location, sizeof h->context_location, "%s", is_even == is_first ? "start" : "end");
        if (hyperparameter_set_string(h, hyperparameter_find("second_task"), is_even ? "prod" : "add1.5", error))
            return error->code;
    }
    if (record_layout_make(&test->layout, configs, N_TEST_JOBS, STORE_WEIGHTS | STORE_TEST_SET, error) ||
        job_runner_create(runner, &test->layout, error))
        return error->code;
    job_runner_set_layout(*runner, layout);
    for (uint64_t i = 0; i < N_TEST_JOBS; i++)
        if (job_runner_add(*runner, &(struct job){.config = i, .seed = 1 + (int64_t)i, .h = configs[i]}, error))
            return error->code;
    while (job_runner_waiting(*runner) > 0)
        if (job_runner_step(*runner, hash_record, test, error))
            return error->code;
    return ERROR_NONE;
}

/* The self-test of the models that one layout trains. */
static enum error_code test_layout(enum layout layout, const struct kernels *kernels, struct error *error)
{
    struct self_test test = {.hash = {0}};
    struct job_runner *runner = NULL;
    enum error_code code = run_self_test(&test, layout, &runner, error);
    job_runner_destroy(runner);
    if (code)
        return error_prefix(error, "the self-test could not run");
    uint64_t hash = HASH_START;
    for (int i = 0; i < N_TEST_JOBS; i++)
        hash = hash_integer(hash, test.hash[i]);
    if (hash == SELF_TEST_HASH)
        return ERROR_NONE;
    return error_set(error, ERROR_FATAL,
                     "the self-test fails: models trained by %s are not the bits they must be (%016" PRIx64
                     ", not %016" PRIx64 "); build picky anew, or choose another instruction set by PICKY_SIMD",
                     kernels->name, hash, (uint64_t)SELF_TEST_HASH);
}

enum error_code build_self_test(struct error *error)
{
    const struct kernels *kernels;
    if (kernels_choose(&kernels, error) || test_layout(LAYOUT_MODELS, kernels, error) ||
        test_layout(LAYOUT_UNITS, kernels, error))
        return error->code;
    return ERROR_NONE;
}

/* ---- files -------------------------------------------------------------------------------------------------- */

enum error_code build_check_arithmetic(const char *path, int64_t arithmetic, struct error *error)
{
    if (arithmetic == ARITHMETIC)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT,
                     "%s: its models were trained with arithmetic %" PRId64 ", this picky has %d: the same seeds give "
                     "other bits; use the picky that made it (picky-analyse reads it), or a new file",
                     path, arithmetic, ARITHMETIC);
}
