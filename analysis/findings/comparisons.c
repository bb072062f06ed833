#include "comparisons.h"

#include "keys.h"
#include "layer_mask.h"
#include "matching.h"
#include "max_t.h"
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
};

static enum error_code no_memory(const struct work *work, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory", work->reader->path);
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
    work->found->rows[work->found->n_rows++] = *row;
    return ERROR_NONE;
}

/* Whether a statistic can be compared at all: the dip depends on how many units it is of. */
static bool is_comparable(const struct work *work, enum statistic statistic)
{
    return statistic != STATISTIC_DIP || strcmp(work->found->key->name, "hidden_size") != 0;
}

/* Adds a row for each wanted statistic and layer. `row` has all else. */
static enum error_code compare_samples(struct work *work, const struct match *match, const struct sample *a,
                                       const struct sample *b, struct comparisons_row *row, struct error *error)
{
    size_t n_layers = a->n_layers < b->n_layers ? a->n_layers : b->n_layers;
    struct pairs pairs = {0};
    struct aligned aligned = {0};
    if (aligned_make(&aligned, work->reader->n_replicates, error) ||
        pairs_find(&pairs, work->reader, match, a, b, error))
        goto done;
    row->n_pairs = pairs.n;
    row->n_same = 0;
    for (size_t p = 0; p < pairs.n; p++)
        row->n_same += a->models[pairs.a[p]].attempt == b->models[pairs.b[p]].attempt;
    for (size_t l = 0; l < n_layers; l++)
        for (int s = STATISTIC_FIRST_OF_MODEL; s < N_STATISTICS; s++) {
            row->statistic = (enum statistic)s;
            row->layer = l;
            bool is_of_layer = s >= STATISTIC_FIRST_OF_LAYER;
            if (!(work->statistics >> s & 1) || !is_comparable(work, row->statistic) ||
                (is_of_layer ? !layer_mask_has(work->options->layers, l) : l > 0))
                continue;
            pairs_align(&pairs, sample_column(a, row->statistic, l), sample_column(b, row->statistic, l), &aligned);
            if (paired_compare(aligned.a, aligned.b, aligned.n, &row->comparison, error) ||
                add_row(work, row, &aligned, error))
                goto done;
        }
done:
    pairs_free(&pairs);
    aligned_free(&aligned);
    return error->code;
}

/* Compares two values of the key, under each wanted measure and pair of tasks. */
static enum error_code compare_values(struct work *work, const struct match *match, struct comparisons_row *row,
                                      struct error *error)
{
    int n_tasks = hyperparameters_n_tasks(&work->reader->configs[match->a.configs[0]]);
    row->config_a = match->a.configs[0];
    row->config_b = match->b.configs[0];
    row->ri = work->options->ri;
    for (int m = 0; m < reader_n_measures(work->reader); m++)
        for (int t = 0; t < n_tasks; t++)
            for (int u = t + 1; u < n_tasks && (work->options->measures >> m & 1); u++) {
                struct sample a = {0}, b = {0};
                const struct hyperparameters *h = &work->reader->configs[match->a.configs[0]];
                if (*work->options->pair.words[0] && !pair_is_chosen(&work->options->pair, h, (struct task_pair){t, u}))
                    continue;
                row->ri.measure = (enum measure)m;
                row->ri.task_a = t;
                row->ri.task_b = u;
                if (!sample_read(&a, work->reader, &match->a, &row->ri, false, error) &&
                    !sample_read(&b, work->reader, &match->b, &row->ri, false, error))
                    compare_samples(work, match, &a, &b, row, error);
                sample_free(&a);
                sample_free(&b);
                if (error->code)
                    return error->code;
            }
    return ERROR_NONE;
}

/* Adds to `matches` [n_values] what is compared within a group of configurations that differ in the key alone: each
 * with the first one that has the value `first`. value_of [n_configs of the file]: which of the values a configuration
 * has. */
static void add_matches(const struct selection *group, const size_t *value_of, size_t first, struct match *matches)
{
    size_t i = 0;
    while (i < group->n && value_of[group->configs[i]] != first)
        i++;
    for (size_t j = 0; i < group->n && j < group->n; j++) {
        size_t value = value_of[group->configs[j]];
        if (value != first)
            match_add(&matches[value], group->configs[i], group->configs[j]);
    }
}

/* Compares every other value of the key in a group with that of `first`. */
static enum error_code compare_group(struct work *work, size_t group, const struct hyperparameters *first,
                                     struct error *error)
{
    const struct selection *configs = &work->found->groups.groups[group];
    const struct hyperparameter *key = work->found->key;
    struct groups values = {0}, alike = {0}; /* by the key alone; by all others */
    size_t *value_of = malloc(work->reader->n_configs * sizeof *value_of), with_first;
    struct match *matches = NULL;

    if (!value_of) {
        no_memory(work, error);
        goto done;
    }
    if (groups_make(&values, work->reader, configs, key->name, error) ||
        groups_make_without(&alike, work->reader, configs, key, error))
        goto done;
    matches = calloc(values.n, sizeof *matches);
    if (!matches) {
        no_memory(work, error);
        goto done;
    }
    with_first = values.n; /* no number of one of the values: "equal" shares are several */
    for (size_t v = 0; v < values.n; v++) {
        const struct selection *with_value = &values.groups[v];
        if (match_make(&matches[v], with_value->n, error))
            goto done;
        for (size_t i = 0; i < with_value->n; i++) {
            size_t c = with_value->configs[i];
            value_of[c] = selection_has_value(&work->reader->configs[c], first, key) ? with_first : v;
        }
    }
    for (size_t g = 0; g < alike.n; g++)
        add_matches(&alike.groups[g], value_of, with_first, matches);
    for (size_t v = 0; v < values.n; v++) {
        struct comparisons_row row = {.group = group};
        if (matches[v].a.n > 0 && compare_values(work, &matches[v], &row, error))
            goto done;
    }
done:
    for (size_t v = 0; matches && v < values.n; v++)
        match_free(&matches[v]);
    free(matches);
    groups_free(&alike);
    groups_free(&values);
    free(value_of);
    return error->code;
}

/* Finds the key, and in *first a configuration with the value that the others are compared with. */
static enum error_code parse(struct work *work, const struct selection *selection, struct hyperparameters *first,
                             struct error *error)
{
    const char *compare = work->options->compare;
    const char *equals = strchr(compare, '=');
    char name[64];
    size_t length = equals ? (size_t)(equals - compare) : strlen(compare);
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), compare);
    if (key_find(&work->found->key, "compare", compare, name, error))
        return error->code;
    *first = work->reader->configs[selection->configs[0]];
    if (equals && hyperparameter_set_text(first, work->found->key, equals + 1, error))
        return error_prefix(error, "--compare %s", compare);
    return ERROR_NONE;
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
        if (isfinite(difference->low))
            *difference =
                student_interval(work->differences + i * n_replicates, n_replicates, student_bonferroni(n_rows));
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
                     : groups_make_without(&comparisons->groups, reader, selection, comparisons->key, error)))
        goto failed;
    for (size_t g = 0; g < comparisons->groups.n; g++)
        if (compare_group(&work, g, &first, error))
            goto failed;
    if (comparisons->n_rows == 0) {
        error_set(error, ERROR_INPUT,
                  "--compare %s: no two of the configurations differ in %s only%s; picky-analyse summary lists them",
                  options->compare, comparisons->key->name,
                  strchr(options->compare, '=') ? ", one of them with this value" : "");
        goto failed;
    }
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
