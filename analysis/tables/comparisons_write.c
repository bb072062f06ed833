#include "comparisons_write.h"

#include "formats.h"
#include "json.h"
#include "max_t.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { COLUMN_WIDTH = 6, NAME_WIDTH = 14 }; /* of the two values; of a statistic's name */

static void format_value(const struct comparisons *comparisons, size_t config, char value[HYPERPARAMETER_FORMAT_MAX])
{
    hyperparameter_format(&comparisons->reader->configs[config], comparisons->key, value);
}

/* The same of the other key of an interaction. */
static void format_other(const struct comparisons *comparisons, size_t config, char value[HYPERPARAMETER_FORMAT_MAX])
{
    hyperparameter_format(&comparisons->reader->configs[config], comparisons->other, value);
}

/* What a row's first (side 0) or second task is called in all configurations of its group that have it; "" if they call
 * it differently. */
static void common_name(const struct comparisons *comparisons, const struct comparisons_row *row, int side,
                        char name[TASK_LABEL_MAX])
{
    task_common_name(comparisons->reader, &comparisons->groups.groups[row->group],
                     side ? row->ri.task_b : row->ri.task_a, name);
}

static void write_csv(const struct comparisons *comparisons, FILE *out)
{
    for (size_t k = 0; k < comparisons->groups.n_keys; k++)
        fprintf(out, "%s,", comparisons->groups.keys[k]->name);
    fprintf(out, "compared,value_a,value_b,%s", comparisons->other ? "interaction,other_a,other_b," : "");
    fprintf(out, "measure,normalise,unimportant_below,task_1,task_2,layer,statistic,pairs,mean_a,mean_b,difference,"
                 "difference_low,difference_high,cliff_delta,p,p_holm,p_family,task_1_name,task_2_name,"
                 "model_pairs,model_pairs_of_same_attempt\n");
    for (size_t i = 0; i < comparisons->n_rows; i++) {
        const struct comparisons_row *row = &comparisons->rows[i];
        const struct comparison *c = &row->comparison;
        const double numbers[] = {c->mean_a, c->mean_b, c->difference.value, c->difference.low, c->difference.high,
                                  c->cliff,  c->p,      c->p_holm,           c->p_family};
        char value[HYPERPARAMETER_FORMAT_MAX];
        for (size_t k = 0; k < comparisons->groups.n_keys; k++) {
            size_t config = comparisons->groups.groups[row->group].configs[0];
            hyperparameter_format(&comparisons->reader->configs[config], comparisons->groups.keys[k], value);
            csv_text(out, value);
            fputc(',', out);
        }
        fprintf(out, "%s,", comparisons->key->name);
        format_value(comparisons, row->config_a, value);
        csv_text(out, value);
        fputc(',', out);
        format_value(comparisons, row->config_b, value);
        csv_text(out, value);
        if (comparisons->other) {
            fprintf(out, ",%s,", comparisons->other->name);
            format_other(comparisons, row->config_a, value);
            csv_text(out, value);
            fputc(',', out);
            format_other(comparisons, row->config_b, value);
            csv_text(out, value);
        }
        fprintf(out, ",%s,%s,%s,%d,%d,", measure_table[row->ri.measure].name, normalise_names[row->ri.normalise],
                text_number(row->ri.unimportant_below).words, row->ri.task_a + 1, row->ri.task_b + 1);
        if (row->statistic >= STATISTIC_FIRST_OF_LAYER)
            fprintf(out, "%zu", row->layer + 1);
        fprintf(out, ",%s,%zu", statistic_table[row->statistic].name, c->n);
        for (size_t j = 0; j < sizeof numbers / sizeof numbers[0]; j++) {
            fputc(',', out);
            csv_number(out, numbers[j]);
        }
        for (int side = 0; side < 2; side++) {
            char name[TASK_LABEL_MAX];
            common_name(comparisons, row, side, name);
            fputc(',', out);
            csv_text(out, name);
        }
        fprintf(out, ",%zu,%zu\n", row->n_pairs, row->n_same);
    }
}

static void write_json(const struct comparisons *comparisons, FILE *out)
{
    fprintf(out, "{\n");
    table_json_head(comparisons->reader, out);
    fprintf(out, "  \"compared\": \"%s\",\n", comparisons->key->name);
    if (comparisons->other)
        fprintf(out, "  \"interaction\": \"%s\",\n", comparisons->other->name);
    fprintf(out, "  \"comparisons\": [");
    for (size_t i = 0; i < comparisons->n_rows; i++) {
        const struct comparisons_row *row = &comparisons->rows[i];
        const struct comparison *c = &row->comparison;
        fprintf(out, "%s\n    {\"group\": {", i > 0 ? "," : "");
        for (size_t k = 0; k < comparisons->groups.n_keys; k++) {
            fprintf(out, "%s\"%s\": ", k > 0 ? ", " : "", comparisons->groups.keys[k]->name);
            json_value(out, &comparisons->reader->configs[comparisons->groups.groups[row->group].configs[0]],
                       comparisons->groups.keys[k]);
        }
        fprintf(out, "}, \"value_a\": ");
        json_value(out, &comparisons->reader->configs[row->config_a], comparisons->key);
        fprintf(out, ", \"value_b\": ");
        json_value(out, &comparisons->reader->configs[row->config_b], comparisons->key);
        if (comparisons->other) {
            fprintf(out, ", \"other_a\": ");
            json_value(out, &comparisons->reader->configs[row->config_a], comparisons->other);
            fprintf(out, ", \"other_b\": ");
            json_value(out, &comparisons->reader->configs[row->config_b], comparisons->other);
        }
        fprintf(out, ", \"measure\": \"%s\", \"normalise\": \"%s\", \"tasks\": [%d, %d], \"task_names\": [",
                measure_table[row->ri.measure].name, normalise_names[row->ri.normalise], row->ri.task_a + 1,
                row->ri.task_b + 1);
        for (int side = 0; side < 2; side++) {
            char name[TASK_LABEL_MAX];
            common_name(comparisons, row, side, name);
            fprintf(out, side ? ", " : "");
            json_text(out, name);
        }
        fprintf(out, "], \"layer\": ");
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
        fprintf(out, ", \"p_family\": ");
        json_number(out, c->p_family);
        fprintf(out, ", \"model_pairs\": %zu, \"model_pairs_of_same_attempt\": %zu}", row->n_pairs, row->n_same);
    }
    fprintf(out, "\n  ]\n}\n");
}

/* Above a block of rows with the same group, values, measure and pair. */
static void write_block_head(const struct comparisons *comparisons, const struct comparisons_row *row, FILE *out)
{
    char first[TASK_LABEL_MAX], second[TASK_LABEL_MAX], label[LABEL_MAX], text[2 * LABEL_MAX + 600];
    char a[HYPERPARAMETER_FORMAT_MAX], b[HYPERPARAMETER_FORMAT_MAX], effect[LABEL_MAX] = "";
    groups_label(&comparisons->groups, comparisons->reader, row->group, label);
    format_value(comparisons, row->config_a, a);
    format_value(comparisons, row->config_b, b);
    if (comparisons->other) {
        snprintf(effect, sizeof effect, "%s = %.200s less %.200s, ", comparisons->key->name, b, a);
        format_other(comparisons, row->config_a, a);
        format_other(comparisons, row->config_b, b);
    }
    const struct selection *group = &comparisons->groups.groups[row->group];
    task_label(comparisons->reader, group, row->ri.task_a, first);
    task_label(comparisons->reader, group, row->ri.task_b, second);
    bool has_pair = hyperparameters_n_tasks(&comparisons->reader->configs[row->config_a]) > 1;
    snprintf(text, sizeof text, "%s%s from %.200s to %.200s; %.600s; %s, %s%s%s", effect,
             comparisons->other ? comparisons->other->name : comparisons->key->name, a, b, label,
             measure_table[row->ri.measure].name, first, has_pair ? " and " : "", has_pair ? second : "");
    table_wrapped("\n*", text, out);
    if (row->n_same < row->n_pairs)
        fprintf(out,
                "  %zu of %zu %s of models come from the same attempt; the others differ in\n"
                "  initial weights and data, too\n",
                row->n_same, row->n_pairs, comparisons->other ? "fours" : "pairs");
    bool are_told_apart = strncmp(a, b, COLUMN_WIDTH) != 0;
    fprintf(out, " %-2s %-*s %3s %6.*s %6.*s %6s %-15s %5s %6s %6s\n", "l.", NAME_WIDTH, "statistic", "n", COLUMN_WIDTH,
            are_told_apart ? a : "first", COLUMN_WIDTH, are_told_apart ? b : "second", "diff.", "[95 %]", "Cliff", "p",
            "family");
}

/* What the corrected p values are, and what they cannot show. */
static void write_family(const struct comparisons *comparisons, FILE *out)
{
    size_t n_seeds = comparisons->n_seeds, n_tests = comparisons->n_tests;
    if (n_tests == 0) {
        table_filled(out, "p of the family is not there: no row has %d seeds that differ, fewer cannot tell.\n",
                     MAX_T_SEEDS_MIN);
        return;
    }
    table_filled(
        out, "Family: p for these %zu tests together, by max-T (signs flipped seed by seed in\nall rows at once).\n",
        n_tests);
    if (n_seeds <= MAX_T_EXHAUSTIVE_MAX)
        table_filled(out, "With %zu seeds it is %.2g or more.\n", n_seeds, 2 / pow(2, (double)n_seeds));
    if (n_seeds < 8)
        table_filled(out, "Warning: fewer than 8 seeds: hardly any difference can reach a family's\np < .05.\n");
    else if (n_seeds < 10 && n_tests > 20)
        table_filled(out, "Warning: fewer than 10 seeds for more than 20 tests: few differences can\n"
                          "reach a family's p < .05; ask for fewer (--statistic, --layer, --measure,\n--where).\n");
}

/* The columns behind a row's name. */
static void write_numbers(const struct comparison *c, FILE *out)
{
    /* Shares are floats: what should be 0 is not quite. */
    const double noise = PAIRED_TOLERANCE * fmax(fabs(c->mean_a), fabs(c->mean_b));
    const struct {
        double value;
        int width, n_digits;
    } before[] = {{c->mean_a, 6, 3},
                  {c->mean_b, 6, 3},
                  {fabs(c->difference.value) < noise ? 0 : c->difference.value, 6, 3}},
      behind[] = {{c->cliff, 5, 2}, {c->p, 6, 2}, {c->p_family, 6, 2}};
    char text[TABLE_NUMBER_MAX], low[TABLE_NUMBER_MAX], high[TABLE_NUMBER_MAX], interval[80] = "-";
    fprintf(out, " %3zu", c->n);
    for (int i = 0; i < 3; i++) {
        table_number_within(c->n ? before[i].value : (double)NAN, before[i].n_digits, before[i].width, text);
        fprintf(out, " %*s", before[i].width, text);
    }
    if (isfinite(c->difference.low)) {
        table_number_within(fabs(c->difference.low) < noise ? 0 : c->difference.low, 2, COLUMN_WIDTH, low);
        table_number_within(fabs(c->difference.high) < noise ? 0 : c->difference.high, 2, COLUMN_WIDTH, high);
        snprintf(interval, sizeof interval, "[%s,%s]", low, high);
    }
    fprintf(out, " %-15s", interval);
    for (int i = 0; i < 3; i++) {
        table_number_within(c->n ? behind[i].value : (double)NAN, behind[i].n_digits, behind[i].width, text);
        fprintf(out, " %*s", behind[i].width, text);
    }
    fprintf(out, "\n");
}

static void write_text(const struct comparisons *comparisons, const struct selection *selection, FILE *out)
{
    table_head(comparisons->reader, selection, out);
    const char *together = comparisons->is_simultaneous ? ", all together: Bonferroni's t" : "";
    fputc('\n', out);
    if (comparisons->other)
        table_filled(out,
                     "Effects of %s, each seed's own, compared between values of\n"
                     "%s: an interaction (a difference of differences). Columns: layer, seeds,\n"
                     "means of the effect at both values, mean difference [95 %% interval over\nseeds%s],\n"
                     "Cliff's delta, p of Wilcoxon's signed-rank test, p of the family.\n",
                     comparisons->key->name, comparisons->other->name, together);
    else
        table_filled(out,
                     "Models of one seed are pairs. Columns: layer, pairs, means of both values, mean\n"
                     "difference [95 %% interval over pairs%s],\n"
                     "Cliff's delta, p of Wilcoxon's signed-rank test, p of the family.\n",
                     together);
    write_family(comparisons, out);
    if (comparisons->n_rows < comparisons->n_made)
        fprintf(out, "%zu of %zu rows are shown.\n", comparisons->n_rows, comparisons->n_made);
    if (comparisons->n_rows == 0)
        return;
    if (comparisons->rows[0].ri.normalise == NORMALISE_LAYER)
        fprintf(out, "Importances are divided by their sum over the layer, for each model and task.\n");
    const struct ri_options *ri = &comparisons->rows[0].ri;
    if (ri->selective_above > 0 || ri->mixed_below > 0)
        fprintf(out, "Selective: |RI| > %s; mixed: |RI| < %s.\n", text_number(ri_selective_above(ri)).words,
                text_number(ri_mixed_below(ri)).words);
    for (size_t i = 0; i < comparisons->n_rows; i++) {
        const struct comparisons_row *row = &comparisons->rows[i], *last = i > 0 ? row - 1 : NULL;
        const struct comparison *c = &row->comparison;
        char layer[16] = "";
        if (!last || last->group != row->group || last->config_a != row->config_a || last->config_b != row->config_b ||
            last->ri.measure != row->ri.measure || last->ri.task_a != row->ri.task_a ||
            last->ri.task_b != row->ri.task_b)
            write_block_head(comparisons, row, out);
        if (row->statistic >= STATISTIC_FIRST_OF_LAYER)
            snprintf(layer, sizeof layer, "%zu", row->layer + 1);
        const char *name = statistic_table[row->statistic].name;
        fprintf(out, " %-2s %-*s", layer, NAME_WIDTH, name);
        if (strlen(name) > NAME_WIDTH) /* a line of its own */
            fprintf(out, "\n%*s", NAME_WIDTH + 4, "");
        write_numbers(c, out);
    }
}

void comparisons_write(const struct comparisons *comparisons, const struct selection *selection,
                       enum table_format format, FILE *out)
{
    if (format == TABLE_CSV)
        write_csv(comparisons, out);
    else if (format == TABLE_JSON)
        write_json(comparisons, out);
    else
        write_text(comparisons, selection, out);
}
