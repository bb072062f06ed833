#include "hopeless.h"

#include "description.h"
#include "tasks.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct hopeless_config {
    bool is_accepted, is_named;         /* some attempt was; it was said that none is */
    struct hopeless_evidence *evidence; /* owned; NULL: none yet, or needed no longer */
};

static void append(char text[HOPELESS_TEXT_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(char text[HOPELESS_TEXT_MAX], const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, HOPELESS_TEXT_MAX - used, format, args);
    va_end(args);
}

/* ---- evidence ------------------------------------------------------------------------------------------------ */

void hopeless_add(struct hopeless_evidence *evidence, const struct hyperparameters *h,
                  const struct record_layout *layout, const void *record)
{
    const float *errors = record_field_const(layout, record, FIELD_ATTEMPT_ERROR);
    unsigned n = *(const uint16_t *)record_field_const(layout, record, FIELD_ATTEMPTS);
    bool has_diverged = *(const uint8_t *)record_field_const(layout, record, FIELD_STATUS) == STATUS_DIVERGED;
    evidence->n_attempts += n;
    evidence->n_jobs++;
    evidence->n_diverged += has_diverged;
    for (unsigned i = 0; !has_diverged && i < n && evidence->n_errors < HOPELESS_ATTEMPTS; i++, evidence->n_errors++)
        for (int task = 0; task < hyperparameters_n_tasks(h); task++)
            evidence->errors[evidence->n_errors][task] = errors[i * layout->size[DIMENSION_TASK] + (uint64_t)task];
}

/* Not finite ones count as the largest. */
static int compare_errors(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x > y) - (x < y);
}

/* The least and the median error of a task; NaN if too few are known. */
static void order_errors(const struct hopeless_evidence *evidence, int task, float *least, float *median)
{
    float errors[HOPELESS_ATTEMPTS];
    for (size_t i = 0; i < evidence->n_errors; i++)
        errors[i] = evidence->errors[i][task];
    qsort(errors, evidence->n_errors, sizeof errors[0], compare_errors);
    *least = evidence->n_errors ? errors[0] : NAN;
    *median = evidence->n_errors ? errors[(evidence->n_errors - 1) / 2] : NAN;
}

static size_t n_not_finite(const struct hopeless_evidence *evidence)
{
    size_t n = 0;
    for (size_t i = 0; i < evidence->n_errors; i++)
        n += isnan(evidence->errors[i][0]) != 0;
    return n;
}

/* The least of the attempts' worst errors: how close the best one came. */
static float closest(const struct hopeless_evidence *evidence, int n_tasks)
{
    float best = INFINITY;
    for (size_t i = 0; i < evidence->n_errors; i++) {
        float worst = 0;
        for (int task = 0; task < n_tasks; task++)
            worst = evidence->errors[i][task] <= worst ? worst : evidence->errors[i][task]; /* NaN stays */
        best = worst < best ? worst : best;
    }
    return best;
}

/* ---- remedies: each writes one, and returns true, if the evidence speaks for it ---------------------------------- */

struct suspicion {
    const struct hopeless_evidence *evidence;
    const struct hyperparameters *h;
    const struct record_layout *layout;
    const void *record; /* the last one */
    int n_tasks;
    float least[TASKS_MAX], median[TASKS_MAX];
    char *text;
};

static bool misses(const struct suspicion *s, int task)
{
    return !((double)s->median[task] < s->h->error_threshold);
}

static bool is_too_fast(const struct suspicion *s)
{
    bool is_it =
        2 * s->evidence->n_diverged > s->evidence->n_jobs || 2 * n_not_finite(s->evidence) > s->evidence->n_errors;
    if (is_it)
        append(s->text, "it diverges: a smaller lr (now %g)", s->h->lr);
    return is_it;
}

/* Means over a task's targets of what lies below 0, with its sign turned, and of all without signs. */
static void target_means(const struct hyperparameters *h, int task, double *below, double *absolute)
{
    enum { N = 256 };
    struct targets targets;
    float x[N * INPUTS_MAX], target[N];
    targets_make(&targets, h, 0, NULL, 0);
    tasks_test_inputs(h, rng_key(0, 0), task, 0, N, x);
    targets_compute(&targets, task, N, x, target);
    *below = *absolute = 0;
    for (int i = 0; i < N; i++) {
        *below += fmax(-(double)target[i], 0) / N;
        *absolute += fabs((double)target[i]) / N;
    }
}

/* A ReLU's error is at least the mean of what lies below 0. */
static bool is_cut_off(const struct suspicion *s)
{
    for (int task = 0; task < s->n_tasks && s->h->output_activation == OUTPUT_RELU; task++) {
        double below, absolute;
        target_means(s->h, task, &below, &absolute);
        if (!misses(s, task) || below < 0.1 * s->h->error_threshold)
            continue;
        append(s->text,
               "task %d has targets below 0, which a ReLU output cannot give (mean error %.2g at best): "
               "output_activation = \"linear\"",
               task + 1, below);
        return true;
    }
    return false;
}

/* The test errors of the last attempt, [history][size of the task axis]; NULL if it has none, or ended unlike most. */
static const float *last_history(const struct suspicion *s)
{
    const float *history = record_field_const(s->layout, s->record, FIELD_TEST_ERROR);
    const float *end = history + ((uint64_t)hyperparameters_history(s->h) - 1) * s->layout->size[DIMENSION_TASK];
    for (int task = 0; task < s->n_tasks; task++)
        if (!(end[task] <= 2 * s->median[task] && end[task] >= s->median[task] / 2))
            return NULL;
    return isnan(history[0]) ? NULL : history;
}

/* True if the last attempt's errors are the same bits from an epoch on: nothing is learned any more. */
static bool is_constant_from(const struct suspicion *s, int64_t first)
{
    const float *history = last_history(s);
    uint64_t stride = s->layout->size[DIMENSION_TASK], last = (uint64_t)hyperparameters_history(s->h) - 1;
    for (uint64_t epoch = (uint64_t)first; history && epoch < last; epoch++)
        for (int task = 0; task < s->n_tasks; task++)
            if (history[epoch * stride + (uint64_t)task] != history[last * stride + (uint64_t)task])
                return false;
    return history != NULL;
}

/* The output is 0 everywhere: from the start, or training has made it so. */
static bool is_silent(const struct suspicion *s)
{
    int64_t last_quarter = hyperparameters_history(s->h) - 1 - (s->h->epochs + 3) / 4;
    for (int task = 0; task < s->n_tasks; task++) {
        double below, absolute;
        target_means(s->h, task, &below, &absolute);
        if (!(fabs((double)s->median[task] - absolute) < 0.2 * absolute))
            return false;
    }
    if (!is_constant_from(s, last_quarter))
        return false;
    if (!is_constant_from(s, 0))
        append(s->text, "training silences the output for good: a smaller lr (now %g)", s->h->lr);
    else
        append(s->text,
               "the output is 0 from the start, and stays so: larger hidden_size (now %" PRId64
               "), fewer hidden_layers (now %" PRId64 ")%s",
               s->h->hidden_size, s->h->hidden_layers,
               s->h->output_activation == OUTPUT_RELU ? " or output_activation = \"linear\"" : "");
    return true;
}

static bool is_forgetful(const struct suspicion *s)
{
    if (s->h->train_mode == TRAIN_RANDOM || !misses(s, 0))
        return false;
    for (int task = 1; task < s->n_tasks; task++)
        if (misses(s, task))
            return false;
    if (s->h->train_mode == TRAIN_SEQUENTIAL)
        append(s->text, "task 1 is forgotten while task 2 is trained: train_mode = \"replay\" or \"random\"");
    else
        append(s->text, "task 1 is forgotten while task 2 is trained: a smaller replay_every (now %" PRId64 ")",
               s->h->replay_every);
    return true;
}

/* The last attempt's errors in the last quarter of the epochs: still falling, or up and down. */
static bool is_unfinished(const struct suspicion *s)
{
    const float *history = last_history(s);
    int64_t last = hyperparameters_history(s->h) - 1, before = last - (s->h->epochs + 3) / 4;
    uint64_t stride = s->layout->size[DIMENSION_TASK];
    for (int task = 0; history && task < s->n_tasks; task++) {
        double end = (double)history[(uint64_t)last * stride + (uint64_t)task];
        double earlier = (double)history[(uint64_t)before * stride + (uint64_t)task], least = end;
        for (int64_t epoch = before; epoch < last; epoch++)
            least = fmin(least, (double)history[(uint64_t)epoch * stride + (uint64_t)task]);
        if (!misses(s, task))
            continue;
        if (end > 1.5 * least) {
            append(s->text, "the error of task %d goes up and down: a smaller lr (now %g)", task + 1, s->h->lr);
            return true;
        }
        if (end < 0.95 * earlier) {
            append(s->text,
                   "the error of task %d still falls at the end: more epochs (now %" PRId64 ") or a larger lr (now %g)",
                   task + 1, s->h->epochs, s->h->lr);
            return true;
        }
    }
    return false;
}

/* Hardly any change since the start, of what misses. */
static bool is_too_slow(const struct suspicion *s)
{
    const float *history = last_history(s);
    uint64_t at = ((uint64_t)hyperparameters_history(s->h) - 1) * s->layout->size[DIMENSION_TASK];
    for (int task = 0; history && task < s->n_tasks; task++)
        if (misses(s, task) && fabsf(history[at + (uint64_t)task] - history[task]) > 0.2f * history[task])
            return false;
    if (history)
        append(s->text, "training hardly changes the error: a larger lr (now %g) or more epochs (now %" PRId64 ")",
               s->h->lr, s->h->epochs);
    return history != NULL;
}

static bool is_close(const struct suspicion *s)
{
    double best = (double)closest(s->evidence, s->n_tasks);
    if (!(best < 2 * s->h->error_threshold))
        return false;
    append(s->text, "the best attempt has %.2g: a larger error_threshold, or more epochs (now %" PRId64 ")", best,
           s->h->epochs);
    return true;
}

void hopeless_text(const struct hopeless_evidence *evidence, const struct hyperparameters *h,
                   const struct record_layout *layout, const void *record, char text[HOPELESS_TEXT_MAX])
{
    struct suspicion s = {evidence, h, layout, record, hyperparameters_n_tasks(h), {0}, {0}, text};
    snprintf(text, HOPELESS_TEXT_MAX, "%" PRIu64 " attempts, none accepted (error_threshold %g)", evidence->n_attempts,
             h->error_threshold);
    for (int task = 0; task < s.n_tasks; task++) {
        order_errors(evidence, task, &s.least[task], &s.median[task]);
        if (evidence->n_errors > 0)
            append(text, "%stask %d %.2g, %.2g", task ? "; " : "; errors, least and median: ", task + 1,
                   (double)s.least[task], (double)s.median[task]);
    }
    if (evidence->n_diverged > 0)
        append(text, "; %" PRIu64 " of %" PRIu64 " jobs diverged", evidence->n_diverged, evidence->n_jobs);
    append(text, "; likely remedy: ");
    if (!is_too_fast(&s) && !is_cut_off(&s) && !is_silent(&s) && !is_forgetful(&s) && !is_unfinished(&s) &&
        !is_too_slow(&s) && !is_close(&s))
        append(text,
               "another lr (now %g), more epochs (now %" PRId64 "), more hidden_size (now %" PRId64
               ") or a larger error_threshold",
               h->lr, h->epochs, h->hidden_size);
}

/* ---- all configurations ---------------------------------------------------------------------------------------- */

void hopeless_start(struct hopeless *hopeless, const struct hyperparameters *configs, size_t n_configs,
                    const bool *swept, const struct record_layout *layout)
{
    *hopeless = (struct hopeless){.configs = configs, .swept = swept, .layout = layout, .n_configs = n_configs};
    if (!layout->is_null)
        hopeless->config = calloc(n_configs, sizeof *hopeless->config);
}

void hopeless_end(struct hopeless *hopeless)
{
    for (size_t i = 0; hopeless->config && i < hopeless->n_configs; i++)
        free(hopeless->config[i].evidence);
    free(hopeless->config);
    *hopeless = (struct hopeless){0};
}

static void name_it(struct hopeless *hopeless, uint64_t config, const void *record, struct progress *progress)
{
    char label[RESULTS_LABEL_MAX], text[HOPELESS_TEXT_MAX];
    const struct hyperparameters *h = &hopeless->configs[config];
    if (++hopeless->n_said == HOPELESS_LINES_MAX + 1)
        progress_say(progress,
                     "warning: more configurations of which nothing is accepted: they are counted at the end");
    if (hopeless->n_said > HOPELESS_LINES_MAX)
        return;
    results_label(h, hopeless->swept, config, label);
    hopeless_text(hopeless->config[config].evidence, h, hopeless->layout, record, text);
    progress_say(progress, "warning: %s: %s", label, text);
}

void hopeless_note(struct hopeless *hopeless, uint64_t config, const void *record, struct progress *progress)
{
    struct hopeless_config *c = hopeless->config ? &hopeless->config[config] : NULL;
    int status = *(const uint8_t *)record_field_const(hopeless->layout, record, FIELD_STATUS);
    if (!c || c->is_accepted)
        return;
    c->is_accepted = status == STATUS_ACCEPTED;
    bool is_evidence = !c->is_named && (status == STATUS_REJECTED || status == STATUS_DIVERGED);
    if (is_evidence && !c->evidence)
        c->evidence = calloc(1, sizeof *c->evidence);
    if (is_evidence && c->evidence) {
        hopeless_add(c->evidence, &hopeless->configs[config], hopeless->layout, record);
        c->is_named = c->evidence->n_attempts >= HOPELESS_ATTEMPTS;
        if (c->is_named)
            name_it(hopeless, config, record, progress);
    }
    if (c->is_accepted || c->is_named) {
        free(c->evidence);
        c->evidence = NULL;
    }
}

void hopeless_sum_up(const struct hopeless *hopeless, FILE *stream)
{
    size_t n = 0;
    for (size_t i = 0; hopeless->config && i < hopeless->n_configs; i++)
        n += hopeless->config[i].is_named && !hopeless->config[i].is_accepted;
    if (n == 0)
        return;
    fprintf(stream, "picky: warning: %zu configuration%s had %d attempts or more and none accepted:", n,
            n == 1 ? "" : "s", HOPELESS_ATTEMPTS);
    size_t n_listed = 0;
    for (size_t i = 0; i < hopeless->n_configs && n_listed < 2 * HOPELESS_LINES_MAX; i++)
        if (hopeless->config[i].is_named && !hopeless->config[i].is_accepted)
            fprintf(stream, "%s %zu", n_listed++ ? "," : "", i);
    fprintf(stream, "%s\n", n > n_listed ? ", ..." : "");
}
