#include "sample.h"

#include "dip.h"
#include "distance.h"
#include "numbers.h"
#include "sharing.h"
#include "starts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct statistic_description statistic_table[N_STATISTICS] = {
    [STATISTIC_ACCEPTANCE] = {"acceptance", "models accepted", AGGREGATE_PROPORTION, true, 0, 1,
                              "models that pass the error threshold, of those tried"},
    [STATISTIC_ATTEMPT_ACCEPTANCE] = {"attempt_acceptance", "attempts accepted", AGGREGATE_PROPORTION, true, 0, 1,
                                      "accepted models, of all training runs"},
    [STATISTIC_ERROR_1] = {"error_1", "error of task 1", AGGREGATE_MEDIAN, false, 0, INFINITY,
                           "final mean absolute test error of the first task"},
    [STATISTIC_ERROR_2] = {"error_2", "error of task 2", AGGREGATE_MEDIAN, false, 0, INFINITY,
                           "final mean absolute test error of the second task"},
    [STATISTIC_LOSS_RATIO] = {"log_loss_ratio", "ln(loss 1 / loss 2)", AGGREGATE_MEAN, false, -INFINITY, INFINITY,
                              "natural logarithm of the first task's final test loss over the second's"},
    [STATISTIC_MEAN_RI] = {"mean_ri", "mean RI", AGGREGATE_MEAN, false, -1, 1,
                           "RI, averaged over the units that have one: above 0, the layer serves task 1 more"},
    [STATISTIC_SELECTIVE] = {"selective", "selective", AGGREGATE_MEAN, true, 0, 1,
                             "units with |RI| > " RI_TEXT(RI_SELECTIVE_ABOVE)},
    [STATISTIC_SELECTIVE_1] = {"selective_1", "selective for task 1", AGGREGATE_MEAN, true, 0, 1,
                               "units with RI > " RI_TEXT(RI_SELECTIVE_ABOVE)},
    [STATISTIC_SELECTIVE_2] = {"selective_2", "selective for task 2", AGGREGATE_MEAN, true, 0, 1,
                               "units with RI < -" RI_TEXT(RI_SELECTIVE_ABOVE)},
    [STATISTIC_MIXED] = {"mixed", "mixed", AGGREGATE_MEAN, true, 0, 1, "units with |RI| < " RI_TEXT(RI_MIXED_BELOW)},
    [STATISTIC_UNIMPORTANT] = {"unimportant", "unimportant", AGGREGATE_MEAN, true, 0, 1,
                               "units whose importance counts as 0 for both tasks"},
    [STATISTIC_DIP] = {"dip", "dip", AGGREGATE_MEDIAN, false, 0, 0.25,
                       "Hartigan's dip, 0 to 0.25, of ln(I_1/I_2) of 10 important units or more"},
    [STATISTIC_TWO_PEAKS] = {"two_peaks", "two peaks", AGGREGATE_PROPORTION, true, 0, 1,
                             "models whose dip is too large, at p < 0.05, for one peak"},
    [STATISTIC_TWO_PEAKS_IDENTICAL] = {"two_peaks_identical", "two peaks, identical", AGGREGATE_PROPORTION, true, 0, 1,
                                       "models with two peaks among those that learn one of the two tasks twice"},
    [STATISTIC_JACCARD] = {"jaccard", "Jaccard", AGGREGATE_MEAN, true, 0, 1,
                           "of the units that matter to either task, the share that matters to both"},
    [STATISTIC_JACCARD_CHANCE] = {"jaccard_chance", "Jaccard by chance", AGGREGATE_MEAN, true, 0, 1,
                                  "the same, expected for random units, as many for each task"},
    [STATISTIC_OVERLAP] = {"overlap", "overlap", AGGREGATE_MEAN, true, 0, 1,
                           "of the units that matter to the task with fewer, the share that matters to both"},
    [STATISTIC_OVERLAP_CHANCE] = {"overlap_chance", "overlap by chance", AGGREGATE_MEAN, true, 0, 1,
                                  "the same, expected for random units, as many for each task"},
    [STATISTIC_SELECTIVITY] = {"selectivity", "S", AGGREGATE_MEAN, false, 0, 1,
                               "(I_max - mean of the other I)/(I_max + mean of the other I) over all tasks, mean of "
                               "units"},
    [STATISTIC_N_EFF] = {"n_eff", "N_eff", AGGREGATE_MEAN, false, 1, TASKS_MAX,
                         "(sum of I)^2/(sum of I^2) over all tasks, mean of units: tasks that a unit serves"},
    [STATISTIC_PREFERRED_1] = {"preferred_1", "prefer task 1", AGGREGATE_MEAN, true, 0, 1,
                               "units to which, of all tasks, the first of the pair is the most important"},
    [STATISTIC_PREFERRED_2] = {"preferred_2", "prefer task 2", AGGREGATE_MEAN, true, 0, 1,
                               "units to which, of all tasks, the second of the pair is the most important"},
    [STATISTIC_DISTANCE] = {"distance", "D", AGGREGATE_MEAN, false, 0, 1,
                            "how far the tasks' importances lie on different units: 0, the same; 1, separate ones"},
};

enum { N_MODEL_COLUMNS = STATISTIC_FIRST_OF_LAYER - STATISTIC_FIRST_OF_MODEL };
enum { N_LAYER_COLUMNS = N_STATISTICS - STATISTIC_FIRST_OF_LAYER };

#define TASK_WORDS_MAX 32

/* "task 3", or of -1 "the first task", "the second task". */
static void task_words(const struct ri_options *options, int side, char text[TASK_WORDS_MAX])
{
    int task = side ? options->task_b : options->task_a;
    if (task >= 0)
        snprintf(text, TASK_WORDS_MAX, "task %d", task + 1);
    else
        snprintf(text, TASK_WORDS_MAX, "the %s task", side ? "second" : "first");
}

void statistic_label(enum statistic statistic, const struct ri_options *options, char text[STATISTIC_LABEL_MAX])
{
    char a[TASK_WORDS_MAX], b[TASK_WORDS_MAX];
    task_words(options, 0, a);
    task_words(options, 1, b);
    switch (statistic) {
    case STATISTIC_ERROR_1: snprintf(text, STATISTIC_LABEL_MAX, "error of %s", a); break;
    case STATISTIC_ERROR_2: snprintf(text, STATISTIC_LABEL_MAX, "error of %s", b); break;
    case STATISTIC_LOSS_RATIO:
        if (options->task_a >= 0 && options->task_b >= 0)
            snprintf(text, STATISTIC_LABEL_MAX, "ln(loss %d / loss %d)", options->task_a + 1, options->task_b + 1);
        else
            snprintf(text, STATISTIC_LABEL_MAX, "ln(first loss / second loss)");
        break;
    case STATISTIC_SELECTIVE_1: snprintf(text, STATISTIC_LABEL_MAX, "selective for %s", a); break;
    case STATISTIC_SELECTIVE_2: snprintf(text, STATISTIC_LABEL_MAX, "selective for %s", b); break;
    case STATISTIC_PREFERRED_1: snprintf(text, STATISTIC_LABEL_MAX, "prefer %s", a); break;
    case STATISTIC_PREFERRED_2: snprintf(text, STATISTIC_LABEL_MAX, "prefer %s", b); break;
    default: snprintf(text, STATISTIC_LABEL_MAX, "%s", statistic_table[statistic].label);
    }
}

void statistic_meaning(enum statistic statistic, const struct ri_options *options, char text[STATISTIC_MEANING_MAX])
{
    char a[TASK_WORDS_MAX], b[TASK_WORDS_MAX];
    task_words(options, 0, a);
    task_words(options, 1, b);
    double above = ri_selective_above(options), below = ri_mixed_below(options);
    switch (statistic) {
    case STATISTIC_ERROR_1: snprintf(text, STATISTIC_MEANING_MAX, "final mean absolute test error of %s", a); break;
    case STATISTIC_ERROR_2: snprintf(text, STATISTIC_MEANING_MAX, "final mean absolute test error of %s", b); break;
    case STATISTIC_LOSS_RATIO:
        snprintf(text, STATISTIC_MEANING_MAX, "natural logarithm of the final test loss of %s over that of %s", a, b);
        break;
    case STATISTIC_MEAN_RI:
        snprintf(text, STATISTIC_MEANING_MAX,
                 "RI, averaged over the units that have one: above 0, the layer serves %s more", a);
        break;
    case STATISTIC_DIP:
        if (options->task_a >= 0 && options->task_b >= 0)
            snprintf(text, STATISTIC_MEANING_MAX,
                     "Hartigan's dip, 0 to 0.25, of ln(I_%d/I_%d) of 10 important units or more", options->task_a + 1,
                     options->task_b + 1);
        else
            snprintf(text, STATISTIC_MEANING_MAX, "%s", statistic_table[statistic].meaning);
        break;
    case STATISTIC_PREFERRED_1:
        snprintf(text, STATISTIC_MEANING_MAX, "units to which, of all tasks, %s is the most important", a);
        break;
    case STATISTIC_PREFERRED_2:
        snprintf(text, STATISTIC_MEANING_MAX, "units to which, of all tasks, %s is the most important", b);
        break;
    case STATISTIC_SELECTIVE: snprintf(text, STATISTIC_MEANING_MAX, "units with |RI| > %g", above); break;
    case STATISTIC_SELECTIVE_1: snprintf(text, STATISTIC_MEANING_MAX, "units with RI > %g", above); break;
    case STATISTIC_SELECTIVE_2: snprintf(text, STATISTIC_MEANING_MAX, "units with RI < -%g", above); break;
    case STATISTIC_MIXED: snprintf(text, STATISTIC_MEANING_MAX, "units with |RI| < %g", below); break;
    default: snprintf(text, STATISTIC_MEANING_MAX, "%s", statistic_table[statistic].meaning);
    }
}

enum error_code statistic_find(const char *name, enum statistic *statistic, struct error *error)
{
    char names[1024] = "";
    const char *nearest = NULL;
    if (strcmp(name, STATISTIC_FORMER) == 0)
        return error_set(
            error, ERROR_INPUT,
            "--statistic %s: Sarle's coefficient is no longer computed: it is high for one skewed peak, too; "
            "dip and two_peaks are what tells two peaks from one",
            name);
    for (int s = 0; s < N_STATISTICS; s++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", s ? ", " : "", statistic_table[s].name);
        nearest = text_nearer(name, nearest, statistic_table[s].name);
        if (strcmp(name, statistic_table[s].name) == 0) {
            *statistic = (enum statistic)s;
            return ERROR_NONE;
        }
    }
    return error_set(error, ERROR_INPUT, "--statistic %s: %sallowed: %s", name, text_hint_first(nearest).words, names);
}

/* Columns come model statistics first, then layer by layer its statistics and bins. */
static size_t layer_columns(const struct sample *sample)
{
    return N_LAYER_COLUMNS + (sample->has_bins ? RI_BINS : 0);
}

static size_t n_columns(const struct sample *sample)
{
    return N_MODEL_COLUMNS + sample->n_layers * layer_columns(sample);
}

static size_t column_index(const struct sample *sample, enum statistic statistic, size_t layer)
{
    if (statistic < STATISTIC_FIRST_OF_LAYER)
        return (size_t)statistic - STATISTIC_FIRST_OF_MODEL;
    return N_MODEL_COLUMNS + layer * layer_columns(sample) + (size_t)statistic - STATISTIC_FIRST_OF_LAYER;
}

const float *sample_column(const struct sample *sample, enum statistic statistic, size_t layer)
{
    check(statistic >= STATISTIC_FIRST_OF_MODEL && layer < (sample->n_layers > 0 ? sample->n_layers : 1));
    return sample->values + column_index(sample, statistic, layer) * sample->n_models;
}

static size_t bin_index(const struct sample *sample, size_t layer, size_t bin)
{
    return N_MODEL_COLUMNS + layer * layer_columns(sample) + N_LAYER_COLUMNS + bin;
}

const float *sample_bin(const struct sample *sample, size_t layer, size_t bin)
{
    check(sample->has_bins && layer < sample->n_layers && bin < RI_BINS);
    return sample->values + bin_index(sample, layer, bin) * sample->n_models;
}

/* Where the models of one configuration go, and work space for a layer of it. */
struct filling {
    struct sample *sample;
    const struct ri_options *options;
    size_t n_tasks, n_layers, n_units, model;
    double *ri, *ratios, *scratch; /* [n_units], [n_units], [DIP_SCRATCH * n_units] */
    size_t *indices;               /* [n_units] */
    double *counted;               /* [n_tasks, n_units] */
};

#define LOG_RATIO_FLOOR 1e-3 /* of the layer's mean: added, so that an importance of 0 has a logarithm */

/* The dip of ln(a/b) of the units that matter, which have an RI; RI itself is a tanh of it, with units at its two ends.
 */
static double dip_of(const struct filling *f, const float *a, const float *b, size_t *n_important)
{
    double floor_a = 0, floor_b = 0;
    size_t n = 0;
    for (size_t i = 0; i < f->n_units; i++) {
        floor_a += LOG_RATIO_FLOOR * (double)a[i] / (double)f->n_units;
        floor_b += LOG_RATIO_FLOOR * (double)b[i] / (double)f->n_units;
    }
    for (size_t i = 0; i < f->n_units; i++)
        if (!isnan(f->ri[i]))
            f->ratios[n++] = log(((double)a[i] + floor_a) / ((double)b[i] + floor_b));
    *n_important = n;
    qsort(f->ratios, n, sizeof *f->ratios, number_compare);
    return n < DIP_UNITS_MIN ? (double)NAN : dip_statistic(f->ratios, n, f->scratch, f->indices);
}

/* Takes one layer of one model: its RI is in f->ri, its importances are a, b [n_units]. */
static void take_layer(const struct filling *f, size_t model, size_t layer, const float *a, const float *b)
{
    struct sample *sample = f->sample;
    float *values = sample->values + model;
    struct ri_counts counts = {0};
    double sum = 0, n_units = (double)f->n_units;
    size_t n;

    ri_counts_add(&counts, f->ri, f->n_units, ri_selective_above(f->options), ri_mixed_below(f->options));
    for (size_t i = 0; i < f->n_units; i++)
        sum += isnan(f->ri[i]) ? 0 : f->ri[i];
    double dip = dip_of(f, a, b, &n), has_two_peaks = dip > dip_critical(n) ? 1 : 0;
    double results[N_LAYER_COLUMNS] = {
        [STATISTIC_MEAN_RI - STATISTIC_FIRST_OF_LAYER] = sum / (double)n,
        [STATISTIC_SELECTIVE - STATISTIC_FIRST_OF_LAYER] = (double)(counts.selective_a + counts.selective_b) / n_units,
        [STATISTIC_SELECTIVE_1 - STATISTIC_FIRST_OF_LAYER] = (double)counts.selective_a / n_units,
        [STATISTIC_SELECTIVE_2 - STATISTIC_FIRST_OF_LAYER] = (double)counts.selective_b / n_units,
        [STATISTIC_MIXED - STATISTIC_FIRST_OF_LAYER] = (double)counts.mixed / n_units,
        [STATISTIC_UNIMPORTANT - STATISTIC_FIRST_OF_LAYER] = (double)counts.unimportant / n_units,
        [STATISTIC_DIP - STATISTIC_FIRST_OF_LAYER] = dip,
        [STATISTIC_TWO_PEAKS - STATISTIC_FIRST_OF_LAYER] = isnan(dip) ? dip : has_two_peaks,
        [STATISTIC_TWO_PEAKS_IDENTICAL - STATISTIC_FIRST_OF_LAYER] = (double)NAN,
    };
    size_t first = column_index(sample, STATISTIC_FIRST_OF_LAYER, layer);
    for (size_t c = 0; c < STATISTIC_FIRST_OF_SHARING - STATISTIC_FIRST_OF_LAYER; c++)
        values[(first + c) * sample->n_models] = (float)results[c];
    for (size_t bin = 0; sample->has_bins && bin < RI_BINS; bin++)
        values[bin_index(sample, layer, bin) * sample->n_models] = (float)((double)counts.bins[bin] / n_units);
}

/* How two tasks [n_units] share units. */
static struct overlap overlap_of_tasks(const double *a, const double *b, size_t n_units)
{
    size_t n_a = 0, n_b = 0, n_both = 0;
    for (size_t i = 0; i < n_units; i++) {
        n_a += a[i] > 0;
        n_b += b[i] > 0;
        n_both += a[i] > 0 && b[i] > 0;
    }
    return overlap_of(n_units, n_a, n_b, n_both);
}

/* Takes how the tasks share one layer of one model: importance [n_tasks, n_layers, n_units]. */
static void take_sharing(const struct filling *f, size_t layer, const float *importance)
{
    struct sample *sample = f->sample;
    const struct ri_options *options = f->options;
    size_t n_served = 0, n_preferred[2] = {0}, task_a = (size_t)options->task_a, task_b = (size_t)options->task_b;
    double selectivity = 0, n_eff = 0;
    for (size_t t = 0; t < f->n_tasks; t++)
        sharing_counted(importance + (t * f->n_layers + layer) * f->n_units, f->n_units, options->unimportant_below,
                        options->normalise == NORMALISE_LAYER, f->counted + t * f->n_units);
    for (size_t i = 0; i < f->n_units; i++) {
        struct unit_sharing unit = unit_sharing_of(f->counted + i, f->n_units, (int)f->n_tasks);
        if (unit.preferred < 0)
            continue;
        n_served++;
        selectivity += unit.selectivity;
        n_eff += unit.n_eff;
        n_preferred[0] += unit.preferred == options->task_a;
        n_preferred[1] += unit.preferred == options->task_b;
    }
    struct overlap overlap = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    double distance = (double)NAN;
    bool has_pair = task_a < f->n_tasks && task_b < f->n_tasks;
    if (has_pair) {
        overlap = overlap_of_tasks(f->counted + task_a * f->n_units, f->counted + task_b * f->n_units, f->n_units);
        distance = distance_of(importance + (task_a * f->n_layers + layer) * f->n_units,
                               importance + (task_b * f->n_layers + layer) * f->n_units, f->n_units);
    }
    double n_units = (double)f->n_units;
    const double results[] = {
        [STATISTIC_JACCARD - STATISTIC_FIRST_OF_SHARING] = overlap.jaccard,
        [STATISTIC_JACCARD_CHANCE - STATISTIC_FIRST_OF_SHARING] = overlap.jaccard_chance,
        [STATISTIC_OVERLAP - STATISTIC_FIRST_OF_SHARING] = overlap.coefficient,
        [STATISTIC_OVERLAP_CHANCE - STATISTIC_FIRST_OF_SHARING] = overlap.coefficient_chance,
        [STATISTIC_SELECTIVITY - STATISTIC_FIRST_OF_SHARING] = selectivity / (double)n_served,
        [STATISTIC_N_EFF - STATISTIC_FIRST_OF_SHARING] = n_eff / (double)n_served,
        [STATISTIC_PREFERRED_1 - STATISTIC_FIRST_OF_SHARING] = (double)n_preferred[0] / n_units,
        [STATISTIC_PREFERRED_2 - STATISTIC_FIRST_OF_SHARING] =
            has_pair ? (double)n_preferred[1] / n_units : (double)NAN,
        [STATISTIC_DISTANCE - STATISTIC_FIRST_OF_SHARING] = distance,
    };
    size_t first = column_index(sample, STATISTIC_FIRST_OF_SHARING, layer);
    for (size_t c = 0; c < sizeof results / sizeof results[0]; c++)
        sample->values[(first + c) * sample->n_models + f->model] = (float)results[c];
}

static void take_importance(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                            const void *buffer)
{
    struct filling *f = context;
    const float *importance = buffer; /* [replicate, task, layer, unit] */
    for (size_t r = 0; r < n; r++) {
        if (!models_is_chosen(reader, config, first + r))
            continue;
        f->sample->models[f->model] = (struct sample_model){config, first + r, 0};
        size_t n_model = f->n_tasks * f->n_layers * f->n_units;
        const float *model = importance + r * n_model;
        bool has_measure = models_has_measure(model, n_model); /* else its columns stay NaN */
        for (size_t l = 0; l < f->n_layers && has_measure; l++)
            take_sharing(f, l, model);
        bool has_tasks = (size_t)f->options->task_a < f->n_tasks && (size_t)f->options->task_b < f->n_tasks;
        for (size_t l = 0; l < f->n_layers && has_measure && has_tasks; l++) {
            const float *a = model + ((size_t)f->options->task_a * f->n_layers + l) * f->n_units;
            const float *b = model + ((size_t)f->options->task_b * f->n_layers + l) * f->n_units;
            models_layer_ri(a, b, f->n_units, f->options, f->ri);
            take_layer(f, f->model, l, a, b);
        }
        f->model++;
    }
}

static void take_losses(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                        const void *buffer)
{
    struct filling *f = context;
    const float *losses = buffer; /* [replicate, task] */
    float *ratio = f->sample->values + column_index(f->sample, STATISTIC_LOSS_RATIO, 0) * f->sample->n_models;
    for (size_t r = 0; r < n; r++) {
        if (!models_is_chosen(reader, config, first + r))
            continue;
        size_t task_a = (size_t)f->options->task_a, task_b = (size_t)f->options->task_b;
        double a = task_a < f->n_tasks ? (double)losses[r * f->n_tasks + task_a] : (double)NAN;
        double b = task_b < f->n_tasks ? (double)losses[r * f->n_tasks + task_b] : (double)NAN;
        ratio[f->model++] = a > 0 && b > 0 ? (float)log(a / b) : NAN;
    }
}

static void take_attempts(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                          const void *buffer)
{
    struct filling *f = context;
    const uint16_t *attempts = buffer;
    for (size_t r = 0; r < n; r++)
        if (models_is_chosen(reader, config, first + r))
            f->sample->models[f->model++].attempt = attempts[r];
}

/* Fills the columns of one configuration's models, which come from `first_model` on. */
static enum error_code read_config(struct sample *sample, struct reader *reader, size_t config, size_t first_model,
                                   const struct ri_options *options, struct error *error)
{
    const struct hyperparameters *h = &reader->configs[config];
    size_t n_models = models_accepted(reader, config);
    struct filling f = {.sample = sample,
                        .options = options,
                        .n_tasks = (size_t)hyperparameters_n_tasks(h),
                        .n_layers = (size_t)h->hidden_layers,
                        .n_units = (size_t)h->hidden_size};
    if (n_models == 0)
        return ERROR_NONE;
    sample->n_tasks = f.n_tasks > sample->n_tasks ? f.n_tasks : sample->n_tasks;

    /* Without the padding of a configuration that is smaller than the file's largest. */
    struct reader_part importance = {{options->measure, 0, 0, 0}, {1, f.n_tasks, f.n_layers, f.n_units}};
    struct reader_part losses = {{0}, {f.n_tasks}};
    float *errors = malloc(f.n_tasks * n_models * sizeof *errors);
    f.ri = malloc(f.n_units * sizeof *f.ri);
    f.ratios = malloc(f.n_units * sizeof *f.ratios);
    f.scratch = malloc(DIP_SCRATCH * f.n_units * sizeof *f.scratch);
    f.indices = malloc(f.n_units * sizeof *f.indices);
    f.counted = malloc(f.n_tasks * f.n_units * sizeof *f.counted);
    if (!errors || !f.counted || !f.ri || !f.ratios || !f.scratch || !f.indices) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    if (models_test_error(reader, config, (size_t)hyperparameters_history(h) - 1, 1, errors, error))
        goto done;
    for (int side = 0; side < 2; side++) {
        size_t task = (size_t)(side ? options->task_b : options->task_a);
        size_t column = column_index(sample, side ? STATISTIC_ERROR_2 : STATISTIC_ERROR_1, 0);
        if (task < f.n_tasks) /* else its column stays NaN */
            memcpy(sample->values + column * sample->n_models + first_model, errors + task * n_models,
                   n_models * sizeof *errors);
    }
    f.model = first_model;
    if (models_for_each_chunk(reader, FIELD_TEST_LOSS, config, &losses, take_losses, &f, error))
        goto done;
    f.model = first_model;
    if (models_for_each_chunk(reader, FIELD_IMPORTANCE, config, &importance, take_importance, &f, error))
        goto done;
    f.model = first_model;
    const struct reader_part attempts = reader_whole(reader, FIELD_ATTEMPTS);
    models_for_each_chunk(reader, FIELD_ATTEMPTS, config, &attempts, take_attempts, &f, error);
done:
    free(f.counted);
    free(f.indices);
    free(f.scratch);
    free(f.ratios);
    free(f.ri);
    free(errors);
    return error->code;
}

static enum error_code count_jobs(struct sample *sample, struct reader *reader, const struct selection *group,
                                  struct error *error)
{
    for (size_t i = 0; i < group->n; i++) {
        uint64_t counts[N_STATUSES], n_attempts;
        reader_count(reader, group->configs[i], counts);
        for (int s = 0; s < N_STATUSES; s++)
            sample->counts[s] += counts[s];
        if (models_attempts(reader, group->configs[i], &n_attempts, error))
            return error->code;
        sample->n_attempts += n_attempts;
        size_t n_layers = (size_t)reader->configs[group->configs[i]].hidden_layers;
        sample->n_layers = n_layers > sample->n_layers ? n_layers : sample->n_layers;
        sample->n_models += models_accepted(reader, group->configs[i]);
    }
    size_t n_starts;
    if (starts_count(reader, group, &n_starts, error))
        return error->code;
    sample->n_alike = (double)group->n / (double)n_starts;
    return ERROR_NONE;
}

enum error_code sample_read(struct sample *sample, struct reader *reader, const struct selection *group,
                            const struct ri_options *options, bool with_bins, struct error *error)
{
    size_t n_filled = 0;
    *sample = (struct sample){.has_bins = with_bins};
    if (count_jobs(sample, reader, group, error))
        return error->code;
    size_t n_values = n_columns(sample) * sample->n_models;
    sample->values = malloc((n_values > 0 ? n_values : 1) * sizeof *sample->values);
    sample->models = malloc((sample->n_models > 0 ? sample->n_models : 1) * sizeof *sample->models);
    if (!sample->values || !sample->models) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    for (size_t i = 0; i < n_values; i++)
        sample->values[i] = NAN; /* what a shallower configuration lacks */
    for (size_t i = 0; i < group->n; i++) {
        if (read_config(sample, reader, group->configs[i], n_filled, options, error))
            goto done;
        n_filled += models_accepted(reader, group->configs[i]);
    }
    return ERROR_NONE;
done:
    sample_free(sample);
    return error->code;
}

void sample_free(struct sample *sample)
{
    free(sample->values);
    free(sample->models);
    *sample = (struct sample){0};
}

static struct estimate proportion(uint64_t k, uint64_t n)
{
    struct estimate estimate = {(double)NAN, (double)NAN, (double)NAN, (size_t)n};
    if (n > 0) {
        estimate.value = (double)k / (double)n;
        statistics_wilson(k, n, &estimate.low, &estimate.high);
    }
    return estimate;
}

/* Attempts of configurations that start alike are not counted several times in the interval. */
static struct estimate attempt_acceptance(const struct sample *sample)
{
    struct estimate estimate = proportion(sample->counts[STATUS_ACCEPTED], sample->n_attempts);
    if (sample->n_attempts > 0 && sample->n_alike > 1)
        statistics_wilson((uint64_t)llround((double)sample->counts[STATUS_ACCEPTED] / sample->n_alike),
                          (uint64_t)llround((double)sample->n_attempts / sample->n_alike), &estimate.low,
                          &estimate.high);
    return estimate;
}

/* Whether a statistic is among `wanted`, and comes from a mean over models. */
static bool needs_mean(uint64_t wanted, int statistic)
{
    return (wanted >> statistic & 1) && statistic_table[statistic].aggregate != AGGREGATE_MEDIAN;
}

/* Fills `columns` with the columns whose means are needed, model statistics once; returns their number. */
static size_t list_columns(const struct sample *sample, uint64_t wanted, size_t *columns)
{
    size_t n = 0;
    for (size_t l = 0; l < sample->n_layers; l++) {
        for (int s = l > 0 ? STATISTIC_FIRST_OF_LAYER : STATISTIC_FIRST_OF_MODEL; s < N_STATISTICS; s++)
            if (needs_mean(wanted, s))
                columns[n++] = column_index(sample, (enum statistic)s, l);
        for (size_t b = 0; sample->has_bins && b < RI_BINS; b++)
            columns[n++] = bin_index(sample, l, b);
    }
    return n;
}

/* Means [n_columns of the sample] of those that are needed; the others are NaN. */
static enum error_code take_means(const struct sample *sample, uint64_t wanted, struct estimate *means,
                                  struct error *error)
{
    size_t n = n_columns(sample), n_models = sample->n_models;
    size_t *columns = malloc(n * sizeof *columns);
    struct estimate *packed = malloc(n * sizeof *packed);
    float *values = calloc(n * (n_models > 0 ? n_models : 1), sizeof *values);
    error->code = ERROR_NONE;
    for (size_t c = 0; c < n; c++)
        means[c] = (struct estimate){(double)NAN, (double)NAN, (double)NAN, 0};
    if (!columns || !packed || !values) {
        error_set(error, ERROR_FATAL, "not enough memory");
    } else {
        size_t n_packed = list_columns(sample, wanted, columns);
        for (size_t c = 0; c < n_packed; c++)
            memcpy(values + c * n_models, sample->values + columns[c] * n_models, n_models * sizeof *values);
        if (!bootstrap_means(values, n_models, n_packed, packed, error))
            for (size_t c = 0; c < n_packed; c++)
                means[columns[c]] = packed[c];
    }
    free(values);
    free(packed);
    free(columns);
    return error->code;
}

enum error_code sample_estimate_some(const struct sample *sample, uint64_t wanted, struct sample_estimates *estimates,
                                     struct error *error)
{
    const uint64_t *counts = sample->counts;
    struct estimate *means = malloc(n_columns(sample) * sizeof *means);
    float *copy = malloc((sample->n_models > 0 ? sample->n_models : 1) * sizeof *copy);

    memset(estimates, 0, sizeof *estimates);
    memcpy(estimates->counts, counts, sizeof estimates->counts);
    estimates->n_attempts = sample->n_attempts;
    estimates->n_models = sample->n_models;
    estimates->n_layers = sample->n_layers;
    if (!means || !copy)
        error_set(error, ERROR_FATAL, "not enough memory");
    if (!means || !copy || take_means(sample, wanted, means, error))
        goto done;
    uint64_t n_tried = counts[STATUS_ACCEPTED] + counts[STATUS_REJECTED] + counts[STATUS_DIVERGED];
    for (size_t l = 0; l < sample->n_layers; l++) {
        struct layer_estimates *layer = &estimates->layers[l];
        layer->statistics[STATISTIC_ACCEPTANCE] = proportion(counts[STATUS_ACCEPTED], n_tried);
        layer->statistics[STATISTIC_ATTEMPT_ACCEPTANCE] = attempt_acceptance(sample);
        for (int s = STATISTIC_FIRST_OF_MODEL; s < N_STATISTICS; s++) {
            enum statistic statistic = (enum statistic)s;
            layer->statistics[s] = means[column_index(sample, statistic, l)];
            struct estimate *estimate = &layer->statistics[s];
            if (statistic_table[s].aggregate == AGGREGATE_PROPORTION)
                *estimate = proportion((uint64_t)lround(estimate->n > 0 ? estimate->value * (double)estimate->n : 0),
                                       estimate->n);
            double most = s == STATISTIC_N_EFF ? (double)sample->n_tasks : statistic_table[s].most;
            estimate_clip(estimate, statistic_table[s].least, most);
            if (statistic_table[s].aggregate == AGGREGATE_MEDIAN && (wanted >> s & 1)) {
                memcpy(copy, sample_column(sample, statistic, l), sample->n_models * sizeof *copy);
                layer->statistics[s] = median_estimate(copy, sample->n_models);
            }
        }
        for (size_t b = 0; sample->has_bins && b < RI_BINS; b++) {
            layer->bins[b] = means[bin_index(sample, l, b)];
            estimate_clip(&layer->bins[b], 0, 1);
        }
    }
done:
    free(copy);
    free(means);
    return error->code;
}

enum error_code sample_estimate(const struct sample *sample, struct sample_estimates *estimates, struct error *error)
{
    return sample_estimate_some(sample, ~(uint64_t)0, estimates, error);
}

enum error_code sample_of_group(struct reader *reader, const struct selection *group, const struct ri_options *options,
                                bool with_bins, struct sample_estimates *estimates, struct error *error)
{
    struct sample sample;
    memset(estimates, 0, sizeof *estimates);
    if (sample_read(&sample, reader, group, options, with_bins, error))
        return error->code;
    sample_estimate(&sample, estimates, error);
    sample_free(&sample);
    return error->code;
}
