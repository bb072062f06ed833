/* Prints the build's identity, a hash of each record of a few small jobs of many shapes and one of formulas' values:
 * the same text on every compiler, instruction set and machine. With arguments, only of the jobs of these numbers.
 * Fails if the self-test does. */
#include "build.h"
#include "hash.h"
#include "job.h"
#include "rng.h"
#include "task_list.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const jobs[] = {
    "max_attempts=1", /* all else as by default */
    "hidden_size=5 context_location=end",
    "hidden_size=16 hidden_layers=1 output_activation=linear second_task=add1.5",
    "hidden_size=7 hidden_layers=3 context_location=2 optimizer=sgd lr=0.05",
    "hidden_size=9 train_mode=replay fraction=0.37 batch_size=7 replay_every=3",
    "hidden_size=8 train_mode=sequential second_task=add-0.5 N_test=13",
    "hidden_size=6 optimizer=sgd lr=9 output_activation=linear max_attempts=2",
    "hidden_size=33 hidden_layers=2 error_threshold=0.001 max_attempts=3",
    /* Longer than a line. NOLINTNEXTLINE(bugprone-suspicious-missing-comma) */
    "hidden_size=6 n_inputs=3 input_low=-1 input_high=1.5 a=0.3 tasks=x0;a*x1+r0;max(x0,x2)^2/3 standardise=variance "
    "output_activation=linear train_mode=replay replay_every=4",
    "hidden_size=5 tasks=x0;x1;x0*x1;x0-x1;x1-x0;x0/(1+x1);x0^3;x1 train_mode=sequential batch_size=5 "
    "output_activation=linear",
    "hidden_size=5 tasks=x0 train_mode=replay max_attempts=2",
};
enum { N_JOBS = sizeof jobs / sizeof jobs[0] };

struct context {
    const struct record_layout *layout;
    uint64_t hash[N_JOBS];
};

static enum error_code hash_record(void *context, const struct job *job, const void *record, struct error *error)
{
    (void)error;
    struct context *c = context;
    uint64_t hash = HASH_START;
    for (int f = 0; f < N_FIELDS; f++) {
        const void *bytes = record_field_const(c->layout, record, (enum field)f);
        if (bytes && !record_fields[f].is_provenance)
            hash = hash_more(hash, bytes, c->layout->n_elements[f] * field_type_size(record_fields[f].type));
    }
    c->hash[job->config] = hash;
    return ERROR_NONE;
}

static void check_ok(enum error_code code, const struct error *error)
{
    if (code) {
        fprintf(stderr, "record_hash: %s\n", error->message);
        exit(1);
    }
}

/* Of everything that a formula can do, at points some of which give NaN and infinity. NaN have no bits of their own: a
 * machine gives them any sign. None of the arguments needs MPFR (no_mpfr.c). */
static uint64_t hash_formulas(void)
{
    static const char text[] = "x0 + 1.5 * x1 - x2 / x3; if(x0 < x1, x2^3, -x3) + (x1 >= x2) - (x2 == x3) * (x0 != x1);"
                               "min(x0, max(x1, x2)) + clamp(x3, -0.5, a) + sign(x0) * step(x1) + floor(3 * x2);"
                               "sqrt(x0 - b) + abs(x1) / (x2 <= c) + 1 / (x3 > 0); sin(4 * x0) + cos(10000 * x1);"
                               "exp(20 * x2) * 1e-40 + x0^9; log(x1); tanh(r0 * x0 + r1 * x1 + r2) + x3 * 1e-39";
    enum { N = 4099, N_INPUTS = 4 };
    static float x[N * N_INPUTS], target[N];
    struct task_list list;
    struct formula_values values = {.dials = {0.75f, -1, 0}};
    struct error error;
    int column;
    check_ok(task_list_parse(text, strlen(text), &list, &column, &error), &error);
    task_list_randoms(8, values.randoms);
    rng_uniforms(rng_key(8, 0), RNG_TRAIN_SET, 0, 0, 0, (size_t)N * N_INPUTS, x);
    for (int i = 0; i < N * N_INPUTS; i++)
        x[i] = i % 11 == 0 ? 0 : 4 * x[i] - 2;

    uint64_t hash = HASH_START;
    for (int task = 0; task < list.n_tasks; task++) {
        formula_evaluate(&list.formulas[task], &values, N, N_INPUTS, x, target);
        for (int i = 0; i < N; i++)
            hash = isnan(target[i]) ? hash_more(hash, "NaN", 3) : hash_more(hash, &target[i], sizeof target[i]);
    }
    return hash;
}

static bool is_wanted(int job, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (atoi(argv[i]) == job)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    struct error error;
    struct hyperparameters configs[N_JOBS];
    for (int i = 0; i < N_JOBS; i++) {
        char text[256];
        hyperparameters_default(&configs[i]);
        configs[i].epochs = 2;
        configs[i].N_train = 200;
        snprintf(text, sizeof text, "%s", jobs[i]);
        for (char *pair = strtok(text, " "); pair; pair = strtok(NULL, " ")) {
            char *equals = strchr(pair, '=');
            *equals = '\0';
            check_ok(hyperparameter_set_text(&configs[i], hyperparameter_find(pair), equals + 1, &error), &error);
        }
        check_ok(hyperparameters_check(&configs[i], &error), &error);
    }
    struct record_layout layout;
    struct job_runner *runner;
    unsigned all = STORE_WEIGHTS | STORE_INITIAL_WEIGHTS | STORE_TEST_SET | STORE_TRAIN_SET;
    check_ok(record_layout_make(&layout, configs, N_JOBS, all, &error), &error);
    check_ok(job_runner_create(&runner, &layout, &error), &error);
    struct context context = {.layout = &layout};
    for (int i = 0; i < N_JOBS; i++) {
        struct job job = {.config = (uint64_t)i, .seed = 7 + i, .h = configs[i]};
        if (is_wanted(i, argc, argv))
            check_ok(job_runner_add(runner, &job, &error), &error);
    }
    while (job_runner_waiting(runner) > 0)
        check_ok(job_runner_step(runner, hash_record, &context, &error), &error);
    job_runner_destroy(runner);
    check_ok(build_self_test(&error), &error);
    printf("%s  build\n", build_identity());
    for (int i = 0; i < N_JOBS; i++)
        if (is_wanted(i, argc, argv))
            printf("%016" PRIx64 "  %s\n", context.hash[i], jobs[i]);
    printf("%016" PRIx64 "  formulas\n", hash_formulas());
    return 0;
}
