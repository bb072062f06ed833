#include "comparisons.h"

#include "formats.h"
#include "matching.h"
#include "paired.h"
#include "summary_formats.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One comparison: one statistic in one layer, between two values of the key within one group. */
struct row {
    size_t group, config_a, config_b; /* configurations that have the two values */
    struct ri_options ri;
    size_t layer;
    enum statistic statistic;
    struct comparison comparison;
};

/* All that the comparisons of a file need. */
struct work {
    struct reader *reader;
    const struct summary_options *options;
    const struct hyperparameter *key;
    unsigned statistics; /* bits */
    struct groups groups;
    struct row *rows; /* [n_rows, capacity] */
    size_t n_rows, capacity;
};

static enum error_code no_memory(const struct work *work, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory", work->reader->path);
}

/* Whether two configurations are equal but for the key. */
static bool is_match(const struct work *work, size_t a, size_t b)
{
    for (int i = 0; i < n_hyperparameters; i++)
        if (&hyperparameter_table[i] != work->key &&
            !hyperparameter_equal(&work->reader->configs[a], &work->reader->configs[b], &hyperparameter_table[i]))
            return false;
    return true;
}

static bool has_value(const struct work *work, size_t config, const struct hyperparameters *h)
{
    return hyperparameter_equal(&work->reader->configs[config], h, work->key);
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

static enum error_code add_row(struct work *work, const struct row *row, struct error *error)
{
    if (work->n_rows == work->capacity) {
        size_t capacity = work->capacity > 0 ? 2 * work->capacity : 256;
        struct row *grown = realloc(work->rows, capacity * sizeof *grown);
        if (!grown)
            return no_memory(work, error);
        work->rows = grown;
        work->capacity = capacity;
    }
    work->rows[work->n_rows++] = *row;
    return ERROR_NONE;
}

/* Adds a row for each wanted statistic and layer. `row` has all else. */
static enum error_code compare_samples(struct work *work, const struct match *match, const struct sample *a,
                                       const struct sample *b, struct row *row, struct error *error)
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
            if (!(work->statistics >> s & 1) || (is_of_layer ? !summary_has_layer(work->options, l) : l > 0))
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
static enum error_code compare_values(struct work *work, const struct match *match, struct row *row,
                                      struct error *error)
{
    int n_tasks = hyperparameters_n_tasks(&work->reader->configs[match->a.configs[0]]);
    row->config_a = match->a.configs[0];
    row->config_b = match->b.configs[0];
    row->ri = work->options->ri;
    for (int m = 0; m < N_MEASURES; m++)
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
    const struct selection *configs = &work->groups.groups[group];
    for (size_t i = 0; i < configs->n; i++) {
        const struct hyperparameters *other = &work->reader->configs[configs->configs[i]];
        struct row row = {.group = group};
        struct match match;
        bool is_new = !hyperparameter_equal(first, other, work->key);
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
static enum error_code parse(struct work *work, const struct selection *selection, const char *compare,
                             struct hyperparameters *first, struct error *error)
{
    const char *equals = strchr(compare, '=');
    char name[64];
    size_t length = equals ? (size_t)(equals - compare) : strlen(compare);
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), compare);
    work->key = hyperparameter_find(name);
    if (!work->key) {
        const char *nearest = hyperparameter_nearest(name, NULL);
        return error_set(error, ERROR_INPUT, "--compare %s: there is no hyperparameter \"%s\"%s%s%s", compare, name,
                         nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    }
    *first = work->reader->configs[selection->configs[0]];
    if (equals && hyperparameter_set_text(first, work->key, equals + 1, error))
        return error_prefix(error, "--compare %s", compare);
    return ERROR_NONE;
}

static enum error_code correct(struct work *work, struct error *error)
{
    struct comparison *comparisons = malloc(work->n_rows * sizeof *comparisons);
    if (!comparisons)
        return no_memory(work, error);
    for (size_t i = 0; i < work->n_rows; i++)
        comparisons[i] = work->rows[i].comparison;
    if (!paired_holm(comparisons, work->n_rows, error))
        for (size_t i = 0; i < work->n_rows; i++)
            work->rows[i].comparison = comparisons[i];
    free(comparisons);
    return error->code;
}

static void format_value(const struct work *work, size_t config, char value[HYPERPARAMETER_TEXT_MAX])
{
    hyperparameter_format(&work->reader->configs[config], work->key, value);
}

static void write_csv(const struct work *work, FILE *out)
{
    for (size_t k = 0; k < work->groups.n_keys; k++)
        fprintf(out, "%s,", work->groups.keys[k]->name);
    fprintf(out, "compared,value_a,value_b,measure,normalise,unimportant_below,task_1,task_2,layer,statistic,pairs,"
                 "mean_a,mean_b,difference,difference_low,difference_high,cliff_delta,p,p_holm\n");
    for (size_t i = 0; i < work->n_rows; i++) {
        const struct row *row = &work->rows[i];
        const struct comparison *c = &row->comparison;
        const double numbers[] = {
            c->mean_a, c->mean_b, c->difference.value, c->difference.low, c->difference.high, c->cliff,
            c->p,      c->p_holm};
        char value[HYPERPARAMETER_TEXT_MAX];
        for (size_t k = 0; k < work->groups.n_keys; k++) {
            size_t config = work->groups.groups[row->group].configs[0];
            hyperparameter_format(&work->reader->configs[config], work->groups.keys[k], value);
            csv_text(out, value);
            fputc(',', out);
        }
        fprintf(out, "%s,", work->key->name);
        format_value(work, row->config_a, value);
        csv_text(out, value);
        fputc(',', out);
        format_value(work, row->config_b, value);
        csv_text(out, value);
        fprintf(out, ",%s,%s,%g,%d,%d,", measure_names[row->ri.measure], normalise_names[row->ri.normalise],
                row->ri.unimportant_below, row->ri.task_a + 1, row->ri.task_b + 1);
        if (row->statistic >= STATISTIC_FIRST_OF_LAYER)
            fprintf(out, "%zu", row->layer + 1);
        fprintf(out, ",%s,%zu", statistic_table[row->statistic].name, c->n);
        for (size_t j = 0; j < sizeof numbers / sizeof numbers[0]; j++) {
            fputc(',', out);
            csv_number(out, numbers[j]);
        }
        fprintf(out, "\n");
    }
}

static void write_json(const struct work *work, FILE *out)
{
    fprintf(out, "{\n");
    summary_json_header(work->reader, out);
    fprintf(out, "  \"compared\": \"%s\",\n  \"comparisons\": [", work->key->name);
    for (size_t i = 0; i < work->n_rows; i++) {
        const struct row *row = &work->rows[i];
        const struct comparison *c = &row->comparison;
        fprintf(out, "%s\n    {\"group\": {", i > 0 ? "," : "");
        for (size_t k = 0; k < work->groups.n_keys; k++) {
            fprintf(out, "%s\"%s\": ", k > 0 ? ", " : "", work->groups.keys[k]->name);
            json_value(out, &work->reader->configs[work->groups.groups[row->group].configs[0]], work->groups.keys[k]);
        }
        fprintf(out, "}, \"value_a\": ");
        json_value(out, &work->reader->configs[row->config_a], work->key);
        fprintf(out, ", \"value_b\": ");
        json_value(out, &work->reader->configs[row->config_b], work->key);
        fprintf(out, ", \"measure\": \"%s\", \"normalise\": \"%s\", \"tasks\": [%d, %d], \"layer\": ",
                measure_names[row->ri.measure], normalise_names[row->ri.normalise], row->ri.task_a + 1,
                row->ri.task_b + 1);
        if (row->statistic >= STATISTIC_FIRST_OF_LAYER)
            fprintf(out, "%zu", row->layer + 1);
        else
            fprintf(out, "null");
        fprintf(out, ", \"statistic\": \"%s\", \"mean_a\": ", statistic_table[row->statistic].name);
        json_number(out, c->mean_a);
        fprintf(out, ", \"mean_b\": ");
        json_number(out, c->mean_b);
        fprintf(out, ", \"difference\": ");
        json_estimate(out, &c->difference);
        fprintf(out, ", \"cliff_delta\": ");
        json_number(out, c->cliff);
        fprintf(out, ", \"p\": ");
        json_number(out, c->p);
        fprintf(out, ", \"p_holm\": ");
        json_number(out, c->p_holm);
        fprintf(out, "}");
    }
    fprintf(out, "\n  ]\n}\n");
}

/* Above a block of rows with the same group, values, measure and pair. */
static void write_block_head(const struct work *work, const struct row *row, FILE *out)
{
    char label[LABEL_MAX], text[LABEL_MAX + 200], a[HYPERPARAMETER_TEXT_MAX], b[HYPERPARAMETER_TEXT_MAX];
    groups_label(&work->groups, work->reader, row->group, label);
    format_value(work, row->config_a, a);
    format_value(work, row->config_b, b);
    snprintf(text, sizeof text, "%s = %s against %s; %s; %s, tasks %d and %d", work->key->name, b, a, label,
             measure_names[row->ri.measure], row->ri.task_a + 1, row->ri.task_b + 1);
    summary_wrapped("\n*", text, out);
    fprintf(out, "  %-5s %-14s %5s %8.8s %8.8s %10s %-20s %5s %8s %8s\n", "layer", "statistic", "pairs", a, b,
            "difference", " [95 %]", "Cliff", "p", "p Holm");
}

static void write_text(const struct work *work, const struct selection *selection, FILE *out)
{
    size_t n_tests = 0;
    for (size_t i = 0; i < work->n_rows; i++)
        n_tests += isnan(work->rows[i].comparison.p) ? 0 : 1;
    summary_header(work->reader, selection, out);
    fprintf(out,
            "\nModels of one seed are pairs. Means of both values, mean difference [95 %% bootstrap interval over\n"
            "pairs], Cliff's delta, p of Wilcoxon's signed-rank test, p after Holm's correction for these %zu tests.\n",
            n_tests);
    if (work->options->ri.normalise == NORMALISE_LAYER)
        fprintf(out, "Importances are divided by their sum over the layer, for each model and task.\n");
    for (size_t i = 0; i < work->n_rows; i++) {
        const struct row *row = &work->rows[i], *last = i > 0 ? row - 1 : NULL;
        const struct comparison *c = &row->comparison;
        char layer[16] = "", interval[64] = " -";
        if (!last || last->group != row->group || last->config_a != row->config_a || last->config_b != row->config_b ||
            last->ri.measure != row->ri.measure || last->ri.task_a != row->ri.task_a ||
            last->ri.task_b != row->ri.task_b)
            write_block_head(work, row, out);
        if (row->statistic >= STATISTIC_FIRST_OF_LAYER)
            snprintf(layer, sizeof layer, "%zu", row->layer + 1);
        if (isfinite(c->difference.low))
            snprintf(interval, sizeof interval, " [%+.4f, %+.4f]", c->difference.low, c->difference.high);
        if (c->n == 0)
            fprintf(out, "  %-5s %-14s %5d %8s %8s %10s\n", layer, statistic_table[row->statistic].name, 0, "-", "-",
                    "-");
        else
            fprintf(out, "  %-5s %-14s %5zu %8.4f %8.4f %+10.4f %-20s %+5.2f %8.2g %8.2g\n", layer,
                    statistic_table[row->statistic].name, c->n, c->mean_a, c->mean_b, c->difference.value, interval,
                    c->cliff, c->p, c->p_holm);
    }
}

enum error_code comparisons_write(struct reader *reader, const struct selection *selection,
                                  const struct summary_options *options, const char *compare, unsigned statistics,
                                  FILE *out, struct error *error)
{
    struct work work = {.reader = reader, .options = options, .statistics = statistics ? statistics : ~0u};
    struct hyperparameters first;

    if (summary_check_layers(reader, options->layers, error) || parse(&work, selection, compare, &first, error) ||
        (options->by ? groups_make(&work.groups, reader, selection, options->by, error)
                     : groups_make_without(&work.groups, reader, selection, work.key, error)))
        goto done;
    for (size_t g = 0; g < work.groups.n; g++)
        if (compare_group(&work, g, &first, error))
            goto done;
    if (work.n_rows == 0) {
        error_set(error, ERROR_INPUT,
                  "--compare %s: no two of the configurations differ in %s only%s; picky-analyse summary lists them",
                  compare, work.key->name, strchr(compare, '=') ? ", one of them with this value" : "");
        goto done;
    }
    if (correct(&work, error))
        goto done;
    if (options->format == SUMMARY_CSV)
        write_csv(&work, out);
    else if (options->format == SUMMARY_JSON)
        write_json(&work, out);
    else
        write_text(&work, selection, out);
done:
    free(work.rows);
    groups_free(&work.groups);
    return error->code;
}
