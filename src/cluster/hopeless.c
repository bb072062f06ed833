#include "hopeless.h"

#include "description.h"
#include "tasks.h"
#include "text.h"

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

enum { MEANS_SAMPLES = 4096, MEANS_BATCH = 256 };

/* Means over targets: of what lies below 0, with its sign turned; without signs, which is the error of an output that
 * is 0; and the root of the mean square. */
struct target_means {
    double below, absolute, rms;
};

/* Of the first n targets of a task in an attempt's test set. */
static struct target_means target_means(const struct hyperparameters *h, const struct targets *targets,
                                        struct rng_key key, int task, size_t n)
{
    struct target_means means = {0};
    for (size_t first = 0; first < n; first += MEANS_BATCH) {
        float x[MEANS_BATCH * INPUTS_MAX], target[MEANS_BATCH];
        size_t n_batch = n - first < MEANS_BATCH ? n - first : MEANS_BATCH;
        tasks_test_inputs(h, key, task, first, n_batch, x);
        targets_compute(targets, task, n_batch, x, target);
        for (size_t i = 0; i < n_batch; i++) {
            double t = (double)target[i];
            means.below += fmax(-t, 0) / (double)n;
            means.absolute += fabs(t) / (double)n;
            means.rms += t * t / (double)n;
        }
    }
    means.rms = sqrt(means.rms);
    return means;
}

/* True if an attempt's errors are those of an output that is 0 on its test set. */
static bool is_silent(const struct hyperparameters *h, const struct targets *targets, struct rng_key key,
                      const float *errors)
{
    size_t n = h->N_test < MEANS_SAMPLES ? (size_t)h->N_test : MEANS_SAMPLES;
    double tolerance = (int64_t)n == h->N_test ? 1e-5 : 0.05; /* rounding; sampling */
    for (int task = 0; task < hyperparameters_n_tasks(h); task++) {
        double absolute = target_means(h, targets, key, task, n).absolute;
        if (!(fabs((double)errors[task] - absolute) <= tolerance * absolute))
            return false;
    }
    return h->output_activation == OUTPUT_RELU; /* a linear one's bias learns */
}

/* The course of a record's last attempt, from its history [history][stride]. False if nothing ever changed in it: what
 * is silent, too, was so from the start. */
static bool follow(struct hopeless_course *course, const struct hyperparameters *h, const float *history,
                   uint64_t stride)
{
    bool has_changed = false;
    int64_t last = hyperparameters_history(h) - 1, before = last - (h->epochs + 3) / 4;
    for (int task = 0; task < hyperparameters_n_tasks(h); task++) {
        const float *error = history + task;
        int64_t phase_end = h->train_mode == TRAIN_RANDOM ? last : (task + 1) * h->epochs;
        course->start[task] = error[0];
        course->end[task] = error[(uint64_t)last * stride];
        course->phase_end[task] = error[(uint64_t)phase_end * stride];
        course->before[task] = course->lowest[task] = error[(uint64_t)before * stride];
        for (int64_t epoch = 0; epoch <= last; epoch++) {
            float now = error[(uint64_t)epoch * stride];
            has_changed = has_changed || now != error[0];
            course->lowest[task] = epoch > before && now < course->lowest[task] ? now : course->lowest[task];
        }
    }
    return has_changed;
}

static void add_course(struct hopeless_evidence *evidence, const struct hyperparameters *h,
                       const struct record_layout *layout, const void *record, bool ends_silent)
{
    const float *history = record_field_const(layout, record, FIELD_TEST_ERROR);
    struct hopeless_course course = {.is_known = true, .is_silent = ends_silent};
    if (isnan(history[0]))
        return;
    const float *train_loss = record_field_const(layout, record, FIELD_TRAIN_LOSS);
    const float *test_loss = record_field_const(layout, record, FIELD_TEST_LOSS);
    int64_t counts[TASKS_MAX];
    hyperparameters_train_counts(h, counts);
    course.train_loss = train_loss[hyperparameters_history(h) - 1];
    for (int task = 0; task < hyperparameters_n_tasks(h); task++)
        course.test_loss += test_loss[task] * (float)counts[task] / (float)h->N_train;
    bool has_changed = follow(&course, h, history, layout->size[DIMENSION_TASK]);
    evidence->n_from_start += ends_silent && !has_changed;
    evidence->n_silenced += ends_silent && has_changed;
    if ((has_changed || !ends_silent) && (!ends_silent || !evidence->course.is_known))
        evidence->course = course;
}

void hopeless_add(struct hopeless_evidence *evidence, const struct hyperparameters *h,
                  const struct record_layout *layout, const void *record)
{
    const float *errors = record_field_const(layout, record, FIELD_ATTEMPT_ERROR);
    unsigned n = *(const uint16_t *)record_field_const(layout, record, FIELD_ATTEMPTS);
    int64_t seed = *(const int64_t *)record_field_const(layout, record, FIELD_SEED);
    bool has_diverged = *(const uint8_t *)record_field_const(layout, record, FIELD_STATUS) == STATUS_DIVERGED;
    uint64_t stride = layout->size[DIMENSION_TASK];
    struct targets targets;
    evidence->n_attempts += n;
    evidence->n_jobs++;
    evidence->n_diverged += has_diverged;
    if (has_diverged || n == 0)
        return;
    targets_make(&targets, h, seed, NULL, 0);
    for (unsigned i = 0; i < n && evidence->n_errors < HOPELESS_ATTEMPTS; i++) {
        size_t at = evidence->n_errors++;
        memcpy(evidence->errors[at], errors + i * stride, (size_t)hyperparameters_n_tasks(h) * sizeof *errors);
        evidence->is_silent[at] = is_silent(h, &targets, rng_key(seed, i), errors + i * stride);
        evidence->n_silent += evidence->is_silent[at];
        evidence->n_not_finite += isnan(errors[i * stride]) != 0;
    }
    bool ends_silent = is_silent(h, &targets, rng_key(seed, n - 1), errors + (n - 1) * stride);
    add_course(evidence, h, layout, record, ends_silent);
}

/* Not finite ones count as the largest. */
static int compare_errors(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x > y) - (x < y);
}

/* True if attempt i is among those whose errors are said and judged: all, if all are silent. */
static bool is_told(const struct hopeless_evidence *evidence, size_t i)
{
    return !evidence->is_silent[i] || evidence->n_silent == evidence->n_errors;
}

/* The least and the median error of a task; NaN if none is known. */
static void order_errors(const struct hopeless_evidence *evidence, int task, float *least, float *median)
{
    float errors[HOPELESS_ATTEMPTS];
    size_t n = 0;
    for (size_t i = 0; i < evidence->n_errors; i++)
        if (is_told(evidence, i))
            errors[n++] = evidence->errors[i][task];
    qsort(errors, n, sizeof errors[0], compare_errors);
    *least = n ? errors[0] : NAN;
    *median = n ? errors[(n - 1) / 2] : NAN;
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
    int n_tasks;
    float least[TASKS_MAX], median[TASKS_MAX]; /* of attempts that are not silent, if there are such */
    struct target_means targets[TASKS_MAX];
    char *text;
};

static bool misses(const struct suspicion *s, int task)
{
    return !((double)s->median[task] < s->h->error_threshold);
}

/* The median error as a multiple of that of an output that is 0. */
static double relative(const struct suspicion *s, int task)
{
    return (double)s->median[task] / s->targets[task].absolute;
}

/* How one attempt went that is no silent one and ended like most; NULL if none is known. */
static const struct hopeless_course *course_of_most(const struct suspicion *s)
{
    const struct hopeless_course *course = &s->evidence->course;
    for (int task = 0; task < s->n_tasks; task++)
        if (!(course->end[task] <= 2 * s->median[task] && course->end[task] >= s->median[task] / 2))
            return NULL;
    return course->is_known && !course->is_silent ? course : NULL;
}

/* The first task that misses and whose targets are large: -1 if there is none. */
static int large_task(const struct suspicion *s)
{
    for (int task = 0; task < s->n_tasks && s->h->standardise == STANDARDISE_NONE; task++)
        if (misses(s, task) && s->targets[task].rms > 10)
            return task;
    return -1;
}

/* Standardised targets go below 0. */
static const char *standardising(const struct suspicion *s)
{
    return s->h->output_activation == OUTPUT_RELU ? "standardise = \"variance\" with output_activation = \"linear\""
                                                  : "standardise = \"variance\"";
}

static bool is_too_fast(const struct suspicion *s)
{
    const struct hopeless_evidence *e = s->evidence;
    bool is_it = 2 * e->n_diverged > e->n_jobs || 2 * e->n_not_finite > e->n_errors - e->n_silent;
    if (is_it && large_task(s) >= 0)
        append(s->text, "it diverges, with targets of %.2g (root mean square): %s, or a smaller lr (now %s)",
               s->targets[large_task(s)].rms, standardising(s), text_number(s->h->lr).words);
    else if (is_it)
        append(s->text, "it diverges: a smaller lr (now %s)", text_number(s->h->lr).words);
    return is_it;
}

/* A ReLU's error is at least the mean of what lies below 0. */
static bool is_cut_off(const struct suspicion *s)
{
    for (int task = 0; task < s->n_tasks && s->h->output_activation == OUTPUT_RELU; task++) {
        double below = s->targets[task].below;
        if (!misses(s, task) || below < 0.1 * s->h->error_threshold ||
            (below < s->h->error_threshold && below < (double)s->median[task] / 2))
            continue;
        append(s->text,
               "task %d has targets below 0, which a ReLU output cannot give (mean error %.2g at best): "
               "output_activation = \"linear\"%s",
               task + 1, below, large_task(s) >= 0 ? " with standardise = \"variance\"" : "");
        return true;
    }
    return false;
}

/* So many that the others are too few to judge by: fewer may well be silent from the start in small networks that
 * learn. */
static bool is_mostly_silent(const struct hopeless_evidence *evidence)
{
    return 4 * evidence->n_silent > 3 * evidence->n_errors;
}

static bool is_silent_from_start(const struct suspicion *s)
{
    const struct hopeless_evidence *e = s->evidence;
    if (!is_mostly_silent(e) || (e->n_silenced > 0 && e->n_from_start <= e->n_silenced))
        return false;
    if (s->h->lr > 0.01 && e->n_from_start < 5) /* few courses, and a rate that may silence all others */
        append(s->text, "the output is 0 from the start, or training makes it so: a smaller lr (now %s), ",
               text_number(s->h->lr).words);
    else
        append(s->text, "the output is 0 from the start, and stays so: ");
    append(s->text,
           "larger hidden_size (now %" PRId64 "), fewer hidden_layers (now %" PRId64
           ") or output_activation = \"linear\"",
           s->h->hidden_size, s->h->hidden_layers);
    return true;
}

static bool is_large(const struct suspicion *s)
{
    int task = large_task(s);
    if (task >= 0)
        append(s->text, "the targets of task %d are large (root mean square %.2g, best near 1): %s", task + 1,
               s->targets[task].rms, standardising(s));
    return task >= 0;
}

static bool is_silenced(const struct suspicion *s)
{
    const struct hopeless_evidence *e = s->evidence;
    bool is_it = is_mostly_silent(e) || (e->n_silenced > 1 && 2 * e->n_silenced > e->n_jobs);
    if (is_it)
        append(s->text, "training silences the output for good: a smaller lr (now %s)", text_number(s->h->lr).words);
    return is_it;
}

/* A task with hardly any training samples is learned far worse than those that have their share. */
static bool is_starved(const struct suspicion *s)
{
    int64_t counts[TASKS_MAX];
    double share = (double)s->h->N_train / s->n_tasks, others = 0;
    int rare = -1;
    hyperparameters_train_counts(s->h, counts);
    for (int task = 0; task < s->n_tasks; task++) {
        if ((double)counts[task] >= share / 5)
            others = fmax(others, relative(s, task));
        else if (misses(s, task) && (rare < 0 || relative(s, task) > relative(s, rare)))
            rare = task;
    }
    if (rare < 0 || !(relative(s, rare) > 2 * others))
        return false;
    append(s->text,
           "task %d has only %" PRId64 " of %" PRId64 " training samples: a %s fraction (now %s) or a larger N_train",
           rare + 1, counts[rare], s->h->N_train, rare == 0 ? "larger" : "smaller", text_number(s->h->fraction).words);
    return true;
}

/* A task is worse at the end than after its own phase, or, if that is not known, misses where the last one does not. */
static bool is_forgetful(const struct suspicion *s)
{
    const struct hopeless_course *course = course_of_most(s);
    int last = s->n_tasks - 1;
    bool is_last_learned = (double)s->least[last] < s->h->error_threshold;
    for (int task = 0; task < last && s->h->train_mode != TRAIN_RANDOM; task++) {
        bool is_forgotten = course ? course->end[task] > 1.3f * course->phase_end[task]
                                   : is_last_learned && !((double)s->least[task] < s->h->error_threshold);
        if (!misses(s, task) || !is_forgotten)
            continue;
        append(s->text, "task %d is forgotten while task %d is trained: ", task + 1, task + 2);
        if (s->h->train_mode == TRAIN_SEQUENTIAL)
            append(s->text, "train_mode = \"replay\" or \"random\"");
        else
            append(s->text, "a smaller replay_every (now %" PRId64 ")", s->h->replay_every);
        return true;
    }
    return false;
}

/* What few samples teach does not hold for others. */
static bool is_overfitted(const struct suspicion *s)
{
    const struct hopeless_course *course = course_of_most(s);
    bool is_it = course && s->h->train_mode == TRAIN_RANDOM && course->test_loss > 5 * course->train_loss;
    if (is_it)
        append(s->text,
               "test samples have a much larger error than training samples: a larger N_train (now %" PRId64 ")",
               s->h->N_train);
    return is_it;
}

/* Training makes worse what misses, in whatever way. */
static bool is_worsened(const struct suspicion *s)
{
    const struct hopeless_course *course = &s->evidence->course;
    for (int task = 0; task < s->n_tasks; task++) {
        if (!misses(s, task) || !course->is_known || !(s->median[task] > 1.5f * course->start[task]))
            continue;
        append(s->text, "training makes the error of task %d larger than it was before: a smaller lr (now %s)",
               task + 1, text_number(s->h->lr).words);
        return true;
    }
    return false;
}

/* The errors in the last quarter of the epochs: still falling, or up and down. */
static bool is_unfinished(const struct suspicion *s)
{
    const struct hopeless_course *course = course_of_most(s);
    for (int task = 0; course && task < s->n_tasks; task++) {
        if (!misses(s, task))
            continue;
        if (course->end[task] > 1.5f * course->lowest[task]) {
            append(s->text, "the error of task %d goes up and down: a smaller lr (now %s)", task + 1,
                   text_number(s->h->lr).words);
            return true;
        }
        if (course->end[task] < 0.95f * course->before[task]) {
            append(s->text,
                   "the error of task %d still falls at the end: more epochs (now %" PRId64 ") or a larger lr (now %s)",
                   task + 1, s->h->epochs, text_number(s->h->lr).words);
            return true;
        }
    }
    return false;
}

/* Hardly any change since the start, of what misses; an untrained output is near 0. */
static bool is_too_slow(const struct suspicion *s)
{
    const struct hopeless_course *course = course_of_most(s);
    for (int task = 0; task < s->n_tasks; task++) {
        double change =
            course ? fabs((double)(course->end[task] / course->start[task]) - 1) : 2 * fabs(relative(s, task) - 1);
        if (misses(s, task) && !(change <= 0.2))
            return false;
    }
    append(s->text, "training hardly changes the error: a larger lr (now %s) or more epochs (now %" PRId64 ")",
           text_number(s->h->lr).words, s->h->epochs);
    return true;
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

static void append_errors(const struct suspicion *s)
{
    const struct hopeless_evidence *e = s->evidence;
    if (e->n_errors == 0)
        return;
    if (e->n_silent > 0)
        append(s->text, "; the output is 0 in %zu of %zu", e->n_silent, e->n_errors);
    append(s->text,
           "; errors%s, least and median: ", e->n_silent > 0 && e->n_silent < e->n_errors ? " of the others" : "");
    for (int task = 0; task < s->n_tasks; task++)
        append(s->text, "%stask %d %.2g, %.2g", task ? "; " : "", task + 1, (double)s->least[task],
               (double)s->median[task]);
}

void hopeless_text(const struct hopeless_evidence *evidence, const struct hyperparameters *h,
                   char text[HOPELESS_TEXT_MAX])
{
    struct suspicion s = {.evidence = evidence, .h = h, .n_tasks = hyperparameters_n_tasks(h), .text = text};
    struct targets targets;
    targets_make(&targets, h, 0, NULL, 0);
    for (int task = 0; task < s.n_tasks; task++) {
        order_errors(evidence, task, &s.least[task], &s.median[task]);
        s.targets[task] = target_means(h, &targets, rng_key(0, 0), task, MEANS_BATCH);
    }
    snprintf(text, HOPELESS_TEXT_MAX, "%" PRIu64 " attempts, none accepted (error_threshold %s)", evidence->n_attempts,
             text_number(h->error_threshold).words);
    append_errors(&s);
    if (evidence->n_diverged > 0)
        append(text, "; %" PRIu64 " of %" PRIu64 " jobs diverged", evidence->n_diverged, evidence->n_jobs);
    append(text, "; likely remedy: ");
    if (!is_too_fast(&s) && !is_cut_off(&s) && !is_silent_from_start(&s) && !is_large(&s) && !is_silenced(&s) &&
        !is_starved(&s) && !is_forgetful(&s) && !is_overfitted(&s) && !is_worsened(&s) && !is_unfinished(&s) &&
        !is_too_slow(&s) && !is_close(&s))
        append(text,
               "another lr (now %s), more epochs (now %" PRId64 "), more hidden_size (now %" PRId64
               ") or a larger error_threshold",
               text_number(h->lr).words, h->epochs, h->hidden_size);
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

static void name_it(struct hopeless *hopeless, uint64_t config, struct progress *progress)
{
    char label[RESULTS_LABEL_MAX], text[HOPELESS_TEXT_MAX];
    const struct hyperparameters *h = &hopeless->configs[config];
    if (++hopeless->n_said == HOPELESS_LINES_MAX + 1)
        progress_say(progress,
                     "warning: more configurations of which nothing is accepted: they are counted at the end");
    if (hopeless->n_said > HOPELESS_LINES_MAX)
        return;
    results_label(h, hopeless->swept, config, label);
    hopeless_text(hopeless->config[config].evidence, h, text);
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
            name_it(hopeless, config, progress);
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
