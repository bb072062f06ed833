#include "comparisons.h"

#include "keys.h"
#include "layer_mask.h"
#include "matching.h"
#include "max_t.h"
#include "quads.h"
#include "student.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What making them needs. */
struct work {
    struct reader *reader;
    const struct comparisons_options *options;
    unsigned statistics; /* bits */
    size_t capacity;     /* of found->rows */
    float *differences;  /* [capacity, n_replicates]: of each row, by replicate */
    struct comparisons *found;
    size_t n_without; /* comparisons of configurations with one task, which have none of the wanted statistics */
};

static enum error_code no_memory(const struct work *work, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory", work->reader->path);
}

/* Cuts the interval of a row's difference off at what values of its statistic can differ by, or differences of them. */
static void clip_difference(const struct work *work, struct comparisons_row *row)
{
    const struct statistic_description *statistic = &statistic_table[row->statistic];
    double most = (work->found->other ? 2 : 1) * (statistic->most - statistic->least);
    estimate_clip(&row->comparison.difference, -most, most);
}

/* Takes a row, and the differences that it is about. */
static enum error_code add_row(struct work *work, const struct comparisons_row *row, const struct aligned *aligned,
                               struct error *error)
{
    if (work->found->n_rows == work->capacity) {
        size_t capacity = work->capacity > 0 ? 2 * work->capacity : 256;
        struct comparisons_row *grown = realloc(work->found->rows, capacity * sizeof *grown);
        if (!grown)
            return no_memory(work, error);
        work->found->rows = grown;
        float *differences = realloc(work->differences, capacity * work->reader->n_replicates * sizeof *differences);
        if (!differences)
            return no_memory(work, error);
        work->differences = differences;
        work->capacity = capacity;
    }
    paired_differences(aligned->a, aligned->b, aligned->n, work->differences + work->found->n_rows * aligned->n);
    work->found->rows[work->found->n_rows] = *row;
    clip_difference(work, &work->found->rows[work->found->n_rows++]);
    return ERROR_NONE;
}

/* Whether a statistic can be compared at all: identical tasks' is no model's, the dip depends on how many units it is
 * of.
 */
static bool is_comparable(const struct work *work, enum statistic statistic)
{
    const struct hyperparameter *size = hyperparameter_find("hidden_size");
    if (statistic == STATISTIC_TWO_PEAKS_IDENTICAL)
        return false;
    return statistic != STATISTIC_DIP || (work->found->key != size && work->found->other != size);
}

/* What is compared: the two values of the key, configurations quads->low; of an interaction also quads->high. */
static size_t n_sides(const struct work *work)
{
    return work->found->other ? 4 : 2;
}

/* Both sides of a comparison of one statistic in one layer, by replicate. `pairs` are not read of an interaction. */
static enum error_code align(const struct work *work, const struct quads *quads, const struct pairs *pairs,
                             const struct sample samples[4], const struct comparisons_row *row, struct aligned *aligned,
                             struct error *error)
{
    const float *columns[4] = {NULL};
    for (size_t k = 0; k < n_sides(work); k++)
        columns[k] = sample_column(&samples[k], row->statistic, row->layer);
    if (work->found->other)
        return quads_align(quads, samples, columns, aligned, error);
    pairs_align(pairs, columns[0], columns[1], aligned);
    return ERROR_NONE;
}

/* Finds the pairs of models of a comparison that is no interaction. */
static enum error_code count_pairs(const struct work *work, const struct quads *quads, const struct sample samples[4],
                                   struct pairs *pairs, struct comparisons_row *row, struct error *error)
{
    if (pairs_find(pairs, work->reader, &quads->low, &samples[0], &samples[1], error))
        return error->code;
    row->n_pairs = pairs->n;
    row->n_same = 0;
    for (size_t p = 0; p < pairs->n; p++)
        row->n_same += samples[0].models[pairs->a[p]].attempt == samples[1].models[pairs->b[p]].attempt;
    return ERROR_NONE;
}

static bool has_one_task(const struct work *work, const struct comparisons_row *row)
{
    return hyperparameters_n_tasks(&work->reader->configs[row->config_a]) == 1;
}

/* Adds a row for each wanted statistic and layer. `row` has all else. */
static enum error_code compare_samples(struct work *work, const struct quads *quads, const struct sample samples[4],
                                       struct comparisons_row *row, struct error *error)
{
    size_t n_layers = LAYERS_MAX;
    struct pairs pairs = {0};
    struct aligned aligned = {0};
    for (size_t k = 0; k < n_sides(work); k++)
        n_layers = samples[k].n_layers < n_layers ? samples[k].n_layers : n_layers;
    if (aligned_make(&aligned, work->reader->n_replicates, error) ||
        (work->found->other
             ? quads_count(quads, samples, work->reader->n_replicates, &row->n_pairs, &row->n_same, error)
             : count_pairs(work, quads, samples, &pairs, row, error)))
        goto done;
    for (size_t l = 0; l < n_layers; l++)
        for (int s = STATISTIC_FIRST_OF_MODEL; s < N_STATISTICS; s++) {
            row->statistic = (enum statistic)s;
            row->layer = l;
            bool is_of_layer = s >= STATISTIC_FIRST_OF_LAYER;
            if (has_one_task(work, row) && s != STATISTIC_ERROR_1) /* all others are of two */
                continue;
            if (!(work->statistics >> s & 1) || !is_comparable(work, row->statistic) ||
                (is_of_layer ? !layer_mask_has(work->options->layers, l) : l > 0))
                continue;
            if (align(work, quads, &pairs, samples, row, &aligned, error) ||
                paired_compare(aligned.a, aligned.b, aligned.n, &row->comparison, error) ||
                add_row(work, row, &aligned, error))
                goto done;
        }
done:
    pairs_free(&pairs);
    aligned_free(&aligned);
    return error->code;
}

/* Compares two values of the key by the measure and tasks of row->ri. */
static enum error_code compare_tasks(struct work *work, const struct quads *quads, struct comparisons_row *row,
                                     struct error *error)
{
    const struct selection *sides[4] = {&quads->low.a, &quads->low.b, &quads->high.a, &quads->high.b};
    struct sample samples[4] = {{.n_models = 0}};
    error->code = ERROR_NONE;
    for (size_t k = 0; k < n_sides(work) && !error->code; k++)
        sample_read(&samples[k], work->reader, sides[k], &row->ri, false, error);
    if (!error->code)
        compare_samples(work, quads, samples, row, error);
    for (size_t k = 0; k < 4; k++)
        sample_free(&samples[k]);
    return error->code;
}

/* Compares two values of the key, under each wanted measure and pair of tasks. */
static enum error_code compare_values(struct work *work, const struct quads *quads, struct comparisons_row *row,
                                      struct error *error)
{
    const struct selection *sides[4] = {&quads->low.a, &quads->low.b, &quads->high.a, &quads->high.b};
    const struct hyperparameters *h = &work->reader->configs[quads->low.a.configs[0]];
    int n_tasks = hyperparameters_n_tasks(h);
    row->config_a = quads->low.a.configs[0];
    row->config_b = sides[n_sides(work) - 1]->configs[0];
    row->ri = work->options->ri;
    error->code = ERROR_NONE;
    if (has_one_task(work, row)) {
        if (work->statistics >> STATISTIC_ERROR_1 & 1)
            return compare_tasks(work, quads, row, error);
        work->n_without++;
    }
    for (int m = 0; m < reader_n_measures(work->reader); m++)
        for (int t = 0; t < n_tasks; t++)
            for (int u = t + 1; u < n_tasks && (work->options->measures >> m & 1); u++) {
                if (*work->options->pair.words[0] && !pair_is_chosen(&work->options->pair, h, (struct task_pair){t, u}))
                    continue;
                row->ri.measure = (enum measure)m;
                row->ri.task_a = t;
                row->ri.task_b = u;
                if (compare_tasks(work, quads, row, error))
                    return error->code;
            }
    return ERROR_NONE;
}

/* The different values of a key in a group of configurations. */
struct values {
    struct groups groups; /* by the key alone */
    size_t *value_of;     /* [configurations of the file]: which of the groups one is in; groups.n if it has the value
                             that the others are compared with: "equal" shares are several. Without a key all have it */
};

static enum error_code values_make(struct values *values, const struct work *work, const struct selection *configs,
                                   const struct hyperparameter *key, const struct hyperparameters *first,
                                   struct error *error)
{
    const struct reader *reader = work->reader;
    if (groups_make(&values->groups, reader, configs, key ? key->name : "", error))
        return error->code;
    values->value_of = malloc(reader->n_configs * sizeof *values->value_of);
    if (!values->value_of)
        return no_memory(work, error);
    for (size_t v = 0; v < values->groups.n; v++)
        for (size_t i = 0; i < values->groups.groups[v].n; i++) {
            size_t config = values->groups.groups[v].configs[i];
            bool is_first = !key || selection_has_value(&reader->configs[config], first, key);
            values->value_of[config] = is_first ? values->groups.n : v;
        }
    return ERROR_NONE;
}

static void values_free(struct values *values)
{
    groups_free(&values->groups);
    free(values->value_of);
}

/* The first configuration of a group that has two values, or SIZE_MAX. */
static size_t find_config(const struct selection *group, const struct values *values, size_t v,
                          const struct values *others, size_t w)
{
    for (size_t i = 0; i < group->n; i++)
        if (values->value_of[group->configs[i]] == v && others->value_of[group->configs[i]] == w)
            return group->configs[i];
    return SIZE_MAX;
}

/* Adds to `quads` [values, others + 1] what is compared within a group of configurations that differ in the keys alone:
 * each with the one that has the first value of each key. Of no interaction all are at the first of the others. */
static void add_quads(const struct work *work, const struct selection *group, const struct values *values,
                      const struct values *others, struct quads *quads)
{
    const size_t first = values->groups.n, first_other = others->groups.n;
    size_t four[4] = {find_config(group, values, first, others, first_other)};
    for (size_t w = 0; w <= first_other; w++) {
        if ((work->found->other != NULL) == (w == first_other))
            continue;
        four[2] = find_config(group, values, first, others, w);
        for (size_t v = 0; v < first; v++) {
            four[1] = find_config(group, values, v, others, first_other);
            four[3] = find_config(group, values, v, others, w);
            if (four[0] != SIZE_MAX && four[1] != SIZE_MAX && four[2] != SIZE_MAX && four[3] != SIZE_MAX)
                quads_add(&quads[v * (first_other + 1) + w], four);
        }
    }
}

/* Compares every other value of the key in a group with that of `first`; of an interaction for each other value of the
 * other key. */
static enum error_code compare_group(struct work *work, size_t group, const struct hyperparameters *first,
                                     struct error *error)
{
    const struct selection *configs = &work->found->groups.groups[group];
    const struct hyperparameter *key = work->found->key, *other = work->found->other;
    struct values values = {{0}, NULL}, others = {{0}, NULL};
    struct groups alike = {0}; /* by all other keys */
    struct quads *quads = NULL;
    size_t n_quads = 0;

    if (values_make(&values, work, configs, key, first, error) ||
        values_make(&others, work, configs, other, first, error) ||
        groups_make_without_both(&alike, work->reader, configs, key, other, error))
        goto done;
    n_quads = values.groups.n * (others.groups.n + 1);
    check(n_quads > 0);
    quads = calloc(n_quads, sizeof *quads);
    if (!quads) {
        no_memory(work, error);
        goto done;
    }
    for (size_t q = 0; q < n_quads; q++)
        if (quads_make(&quads[q], alike.n, error))
            goto done;
    for (size_t g = 0; g < alike.n; g++)
        add_quads(work, &alike.groups[g], &values, &others, quads);
    for (size_t q = 0; q < n_quads; q++) {
        struct comparisons_row row = {.group = group};
        if (quads[q].low.a.n > 0 && compare_values(work, &quads[q], &row, error))
            goto done;
    }
done:
    for (size_t q = 0; quads && q < n_quads; q++)
        quads_free(&quads[q]);
    free(quads);
    groups_free(&alike);
    values_free(&others);
    values_free(&values);
    return error->code;
}

/* Finds the key of "KEY" or "KEY=VALUE", and gives *first the value. */
static enum error_code parse_key(const char *option, const char *text, const struct hyperparameter **key,
                                 struct hyperparameters *first, struct error *error)
{
    const char *equals = strchr(text, '=');
    char name[64];
    size_t length = equals ? (size_t)(equals - text) : strlen(text);
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), text);
    if (key_find(key, option, text, name, error))
        return error->code;
    if (equals && hyperparameter_set_text(first, *key, equals + 1, error))
        return error_prefix(error, "--%s %s", option, text);
    return ERROR_NONE;
}

/* Finds the keys, and in *first a configuration with the values that the others are compared with. */
static enum error_code parse(struct work *work, const struct selection *selection, struct hyperparameters *first,
                             struct error *error)
{
    const char *compare = work->options->compare, *interaction = work->options->interaction;
    *first = work->reader->configs[selection->configs[0]];
    if (parse_key("compare", compare, &work->found->key, first, error) ||
        (interaction && parse_key("interaction", interaction, &work->found->other, first, error)))
        return error->code;
    if (work->found->other == work->found->key)
        return error_set(error, ERROR_INPUT, "--compare %s --interaction %s: allowed: two different hyperparameters",
                         compare, interaction);
    return ERROR_NONE;
}

/* There is nothing to compare. */
static enum error_code none_found(const struct work *work, struct error *error)
{
    const char *compare = work->options->compare, *interaction = work->options->interaction;
    const char *name = work->found->key->name;
    for (int s = 0; s < N_STATISTICS; s++)
        if (work->statistics == 1u << s && !is_comparable(work, (enum statistic)s))
            return error_set(error, ERROR_INPUT, "--statistic %s: it cannot be compared%s; two_peaks can",
                             statistic_table[s].name,
                             s == STATISTIC_DIP ? " between sizes, for it depends on the number of units" : "");
    if (work->n_without > 0)
        return error_set(error, ERROR_INPUT,
                         "--compare %s: those that differ in it alone have one task each, and of what is compared "
                         "only error_1",
                         compare);
    if (interaction)
        return error_set(
            error, ERROR_INPUT,
            "--compare %s --interaction %s: no four of the configurations have two values of %s and two of "
            "%s, all else equal; picky-analyse summary lists them",
            compare, interaction, name, work->found->other->name);
    return error_set(error, ERROR_INPUT,
                     "--compare %s: no two of the configurations differ in %s only%s; picky-analyse summary lists them",
                     compare, name, strchr(compare, '=') ? ", one of them with this value" : "");
}

/* Corrects the p values for the number of rows. */
static enum error_code correct(struct work *work, struct error *error)
{
    struct comparisons *found = work->found;
    struct comparison *comparisons = malloc(found->n_rows * sizeof *comparisons);
    double *p = malloc(found->n_rows * sizeof *p);
    if (!comparisons || !p) {
        no_memory(work, error);
        goto done;
    }
    for (size_t i = 0; i < found->n_rows; i++)
        comparisons[i] = found->rows[i].comparison;
    if (paired_holm(comparisons, found->n_rows, error) ||
        max_t_family(work->differences, found->n_rows, work->reader->n_replicates, p, &found->n_seeds, error))
        goto done;
    for (size_t i = 0; i < found->n_rows; i++) {
        found->rows[i].comparison = comparisons[i];
        found->rows[i].comparison.p_family = p[i];
        found->n_tests += isnan(p[i]) ? 0 : 1;
    }
done:
    free(p);
    free(comparisons);
    return error->code;
}

/* Replaces the intervals by Bonferroni's: all of them hold together. */
static void widen(struct work *work)
{
    size_t n_replicates = work->reader->n_replicates, n_rows = 0;
    for (size_t i = 0; i < work->found->n_rows; i++)
        n_rows += isfinite(work->found->rows[i].comparison.difference.low) ? 1 : 0;
    for (size_t i = 0; i < work->found->n_rows; i++) {
        struct estimate *difference = &work->found->rows[i].comparison.difference;
        if (!isfinite(difference->low))
            continue;
        *difference = student_interval(work->differences + i * n_replicates, n_replicates, student_bonferroni(n_rows));
        clip_difference(work, &work->found->rows[i]);
    }
}

/* The larger effect first: by Cliff's delta, which has no unit, then by the mean difference; and by place. */
static int compare_effects(const void *a, const void *b)
{
    const struct comparisons_row *x = *(const struct comparisons_row *const *)a;
    const struct comparisons_row *y = *(const struct comparisons_row *const *)b;
    double cliff_x = fabs(x->comparison.cliff), cliff_y = fabs(y->comparison.cliff);
    double size_x = fabs(x->comparison.difference.value), size_y = fabs(y->comparison.difference.value);
    if (isnan(cliff_x) || isnan(cliff_y)) /* no pairs: last */
        return isnan(cliff_x) != isnan(cliff_y) ? (isnan(cliff_x) ? 1 : -1) : (x > y) - (x < y);
    if (cliff_x != cliff_y)
        return cliff_x < cliff_y ? 1 : -1;
    return size_x != size_y ? (size_x < size_y ? 1 : -1) : (x > y) - (x < y);
}

/* Leaves out what the options do not want; what is left keeps its order. */
static enum error_code shorten(struct comparisons *found, const struct comparisons_options *options,
                               struct error *error)
{
    struct comparisons_row **order = malloc((found->n_rows + 1) * sizeof(struct comparisons_row *));
    bool *is_kept = calloc(found->n_rows + 1, sizeof *is_kept);
    size_t n = 0;
    if (!order || !is_kept)
        error_set(error, ERROR_FATAL, "not enough memory");
    for (size_t i = 0; i < found->n_rows && !error->code; i++)
        if (!(options->p_below > 0) || found->rows[i].comparison.p_family < options->p_below)
            order[n++] = &found->rows[i];
    if (!error->code) {
        qsort(order, n, sizeof(struct comparisons_row *), compare_effects);
        for (size_t i = 0; i < n && (options->n_top == 0 || i < options->n_top); i++)
            is_kept[order[i] - found->rows] = true;
        n = 0;
        for (size_t i = 0; i < found->n_rows; i++)
            if (is_kept[i])
                found->rows[n++] = found->rows[i];
        found->n_rows = n;
    }
    free(is_kept);
    free(order);
    return error->code;
}

enum error_code comparisons_make(struct comparisons *comparisons, struct reader *reader,
                                 const struct selection *selection, const struct comparisons_options *options,
                                 struct error *error)
{
    struct work work = {.reader = reader,
                        .options = options,
                        .statistics =
                            options->statistics ? options->statistics : (1u << STATISTIC_FIRST_OF_SHARING) - 1,
                        .found = comparisons};
    struct hyperparameters first;

    *comparisons = (struct comparisons){.reader = reader};
    if (layer_mask_check(options->layers, reader, error) || parse(&work, selection, &first, error) ||
        (options->by ? groups_make(&comparisons->groups, reader, selection, options->by, error)
                     : groups_make_without_both(&comparisons->groups, reader, selection, comparisons->key,
                                                comparisons->other, error)))
        goto failed;
    for (size_t g = 0; g < comparisons->groups.n; g++)
        if (compare_group(&work, g, &first, error))
            goto failed;
    if (comparisons->n_rows == 0) {
        none_found(&work, error);
        goto failed;
    }
    if (work.n_without > 0)
        fprintf(stderr,
                "picky-analyse: %zu comparison%s of configurations with one task, which have only error_1 of what is "
                "compared, left out\n",
                work.n_without, work.n_without == 1 ? "" : "s");
    if (correct(&work, error))
        goto failed;
    if (options->is_simultaneous)
        widen(&work);
    comparisons->n_made = comparisons->n_rows;
    comparisons->is_simultaneous = options->is_simultaneous;
    if (shorten(comparisons, options, error))
        goto failed;
    free(work.differences);
    return ERROR_NONE;
failed:
    free(work.differences);
    comparisons_free(comparisons);
    return error->code;
}

void comparisons_free(struct comparisons *comparisons)
{
    free(comparisons->rows);
    groups_free(&comparisons->groups);
    *comparisons = (struct comparisons){0};
}
