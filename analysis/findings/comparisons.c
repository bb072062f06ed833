#include "comparisons.h"

#include "keys.h"
#include "layer_mask.h"
#include "matching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What making them needs. */
struct work {
    struct reader *reader;
    const struct comparisons_options *options;
    unsigned statistics; /* bits */
    size_t capacity;     /* of found->rows */
    struct comparisons *found;
};

static enum error_code no_memory(const struct work *work, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory", work->reader->path);
}

/* Whether two configurations are equal but for the key. */
static bool is_match(const struct work *work, size_t a, size_t b)
{
    for (int i = 0; i < n_hyperparameters; i++)
        if (&hyperparameter_table[i] != work->found->key &&
            !hyperparameter_equal(&work->reader->configs[a], &work->reader->configs[b], &hyperparameter_table[i]))
            return false;
    return true;
}

static bool has_value(const struct work *work, size_t config, const struct hyperparameters *h)
{
    return hyperparameter_equal(&work->reader->configs[config], h, work->found->key);
}

static enum error_code find_match(const struct work *work, const struct selection *group,
                                  const struct hyperparameters *first, const struct hyperparameters *other,
                                  struct match *match, struct error *error)
{
    if (match_make(match, group->n, error))
        return error->code;
    for (size_t i = 0; i < group->n; i++)
        for (size_t j = 0; j < group->n && has_value(work, group->configs[i], other); j++)
            if (has_value(work, group->configs[j], first) && is_match(work, group->configs[i], group->configs[j])) {
                match_add(match, group->configs[j], group->configs[i]);
                break;
            }
    return ERROR_NONE;
}

static enum error_code add_row(struct work *work, const struct comparisons_row *row, struct error *error)
{
    if (work->found->n_rows == work->capacity) {
        size_t capacity = work->capacity > 0 ? 2 * work->capacity : 256;
        struct comparisons_row *grown = realloc(work->found->rows, capacity * sizeof *grown);
        if (!grown)
            return no_memory(work, error);
        work->found->rows = grown;
        work->capacity = capacity;
    }
    work->found->rows[work->found->n_rows++] = *row;
    return ERROR_NONE;
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
    for (size_t l = 0; l < n_layers; l++)
        for (int s = STATISTIC_FIRST_OF_MODEL; s < N_STATISTICS; s++) {
            row->statistic = (enum statistic)s;
            row->layer = l;
            bool is_of_layer = s >= STATISTIC_FIRST_OF_LAYER;
            if (!(work->statistics >> s & 1) || (is_of_layer ? !layer_mask_has(work->options->layers, l) : l > 0))
                continue;
            pairs_align(&pairs, sample_column(a, row->statistic, l), sample_column(b, row->statistic, l), &aligned);
            if (paired_compare(aligned.a, aligned.b, aligned.n, &row->comparison, error) || add_row(work, row, error))
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

/* Compares every other value of the key in a group with that of `first`. */
static enum error_code compare_group(struct work *work, size_t group, const struct hyperparameters *first,
                                     struct error *error)
{
    const struct selection *configs = &work->found->groups.groups[group];
    for (size_t i = 0; i < configs->n; i++) {
        const struct hyperparameters *other = &work->reader->configs[configs->configs[i]];
        struct comparisons_row row = {.group = group};
        struct match match;
        bool is_new = !hyperparameter_equal(first, other, work->found->key);
        for (size_t j = 0; j < i && is_new; j++)
            is_new = !has_value(work, configs->configs[j], other);
        if (!is_new)
            continue;
        if (!find_match(work, configs, first, other, &match, error) && match.a.n > 0)
            compare_values(work, &match, &row, error);
        match_free(&match);
        if (error->code)
            return error->code;
    }
    return ERROR_NONE;
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

static enum error_code correct(struct work *work, struct error *error)
{
    struct comparison *comparisons = malloc(work->found->n_rows * sizeof *comparisons);
    if (!comparisons)
        return no_memory(work, error);
    for (size_t i = 0; i < work->found->n_rows; i++)
        comparisons[i] = work->found->rows[i].comparison;
    if (!paired_holm(comparisons, work->found->n_rows, error))
        for (size_t i = 0; i < work->found->n_rows; i++)
            work->found->rows[i].comparison = comparisons[i];
    free(comparisons);
    return error->code;
}

enum error_code comparisons_make(struct comparisons *comparisons, struct reader *reader,
                                 const struct selection *selection, const struct comparisons_options *options,
                                 struct error *error)
{
    struct work work = {.reader = reader,
                        .options = options,
                        .statistics = options->statistics ? options->statistics : ~0u,
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
    if (!correct(&work, error))
        return ERROR_NONE;
failed:
    comparisons_free(comparisons);
    return error->code;
}

void comparisons_free(struct comparisons *comparisons)
{
    free(comparisons->rows);
    groups_free(&comparisons->groups);
    *comparisons = (struct comparisons){0};
}
