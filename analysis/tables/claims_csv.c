/* CSV: a row for each claim, measure and number; pairs of tasks that no claim is about as claim "other_pairs", the
 * correlations as "loss_correlation". */
#include "claims_writer.h"
#include "formats.h"
#include "text.h"

#include <math.h>

enum { CHECK_COLUMNS = 15 }; /* from first_plan to noise_b */

/* A row. What is NULL, NaN, 0 or without pairs is an empty field. */
struct row {
    const char *claim, *decision, *number;
    int measure;
    enum normalise normalise;
    size_t n_seeds;
    struct estimate effect, identical;
    double mean_a, mean_b, smallest;
    unsigned warnings;
    struct claim_pairs a, b;           /* those whose sides a, or b, are the condition */
    const struct claim_result *checks; /* what only the judged row has */
    const struct other_result *trend;
};

static const struct estimate no_estimate = {(double)NAN, (double)NAN, (double)NAN, 0};

static void csv_empty(int n, FILE *out)
{
    for (int i = 0; i < n; i++)
        fputc(',', out);
}

static void csv_numbers(const double *numbers, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        fputc(',', out);
        csv_number(out, numbers[i]);
    }
}

static void csv_estimate(const struct estimate *estimate, FILE *out)
{
    csv_numbers((const double[]){estimate->value, estimate->low, estimate->high}, 3, out);
}

static void csv_configs(const struct claim_pairs *pairs, enum side side, FILE *out)
{
    for (size_t p = 0; p < pairs->n; p++)
        fprintf(out, "%s%zu", p > 0 ? ";" : ",", claim_pair_side(&pairs->pairs[p], side)->config);
    csv_empty(pairs->n == 0, out);
}

/* The pair of tasks of each configuration, as --pair has it. */
static void csv_tasks(const struct claim_pairs *pairs, enum side side, FILE *out)
{
    for (size_t p = 0; p < pairs->n; p++) {
        struct task_pair tasks = claim_pair_side(&pairs->pairs[p], side)->tasks;
        fprintf(out, "%s%d-%d", p > 0 ? ";" : ",", tasks.a + 1, tasks.b + 1);
    }
    csv_empty(pairs->n == 0, out);
}

/* Their names, or formulas, in which there are no quotes: "sum and prod;..." */
static void csv_task_names(const struct claim_pairs *pairs, enum side side, const struct reader *reader, FILE *out)
{
    for (size_t p = 0; p < pairs->n; p++) {
        const struct claim_side *of = claim_pair_side(&pairs->pairs[p], side);
        char a[TASK_LABEL_MAX], b[TASK_LABEL_MAX];
        task_name(&reader->configs[of->config], of->tasks.a, a);
        task_name(&reader->configs[of->config], of->tasks.b, b);
        fprintf(out, "%s%s and %s", p > 0 ? ";" : ",\"", a, b);
    }
    fprintf(out, pairs->n > 0 ? "\"" : ",");
}

static void csv_checks(const struct claims *claims, const struct claim_result *result, int m, FILE *out)
{
    const struct claim_checks *checks = &result->checks[m];
    const struct multiverse_row *multiverse = &result->multiverse.rows[m];
    fprintf(out, ",%s,%zu,%zu", claims->n_first > 0 ? decision_names[checks->first_plan] : "", checks->n_pairs,
            checks->n_same);
    csv_estimate(checks->same.n > 0 ? &checks->same : &no_estimate, out);
    fprintf(out, ",%d,%d,%d", multiverse->n, multiverse->n_larger, multiverse->n_reversed);
    csv_numbers((const double[]){multiverse->least, multiverse->median, multiverse->largest}, 3, out);
    fprintf(out, ",%s", multiverse->choice < N_CHOICES && multiverse->n > 0 ? choice_names[multiverse->choice] : "");
    csv_numbers((const double[]){result->noise_a[m], result->noise_b[m]}, 2, out);
}

/* The dials that the tasks of a pair use, and the trend along the axis that is swept. */
static void csv_trend(const struct row *row, const struct reader *reader, FILE *out)
{
    const struct other_result *trend = row->trend;
    if (trend) {
        const struct claim_side *side = &row->a.pairs[0].a;
        char dials[TASK_DIALS_TEXT_MAX];
        task_pair_dials_text(&reader->configs[side->config], side->tasks, dials);
        fputc(',', out);
        csv_text(out, dials);
    } else {
        csv_empty(1, out);
    }
    if (trend && trend->axis) {
        fprintf(out, ",%s", trend->axis->name);
        csv_estimate(&trend->slopes[row->measure], out);
        fprintf(out, ",%s", trend->is_logarithmic ? "doubling" : "1");
    } else {
        csv_empty(5, out);
    }
}

/* Writes a row in the order of csv_head, behind the group's values of the keys that were asked for. */
static void csv_row(const struct claims *claims, const struct reader *reader, struct claims_group group,
                    const struct row *row, FILE *out)
{
    for (size_t k = 0; group.groups && k < group.groups->n_keys; k++) {
        char value[HYPERPARAMETER_FORMAT_MAX];
        hyperparameter_format(&reader->configs[group.groups->groups[group.group].configs[0]], group.groups->keys[k],
                              value);
        csv_text(out, value);
        fputc(',', out);
    }
    fprintf(out, "%s,%s,%s,%s,%s,%s,%zu", row->claim, measure_table[row->measure].name, normalise_names[row->normalise],
            text_number(claims->unimportant_below).words, claims_shares_of(claims), row->decision, row->n_seeds);
    csv_estimate(&row->effect, out);
    csv_numbers((const double[]){row->mean_a, row->mean_b}, 2, out);
    csv_configs(&row->a, SIDE_A, out);
    csv_configs(&row->b, SIDE_B, out);
    fprintf(out, ",%s,", row->number ? row->number : "");
    if (row->smallest > 0)
        fputs(text_number(row->smallest).words, out);
    csv_estimate(&row->identical, out);
    fputc(',', out);
    claims_print_warnings(row->warnings, out);
    if (row->checks)
        csv_checks(claims, row->checks, row->measure, out);
    else
        csv_empty(CHECK_COLUMNS, out);
    csv_tasks(&row->a, SIDE_A, out);
    csv_tasks(&row->b, SIDE_B, out);
    csv_task_names(&row->a, SIDE_A, reader, out);
    csv_task_names(&row->b, SIDE_B, reader, out);
    csv_trend(row, reader, out);
    fprintf(out, ",%s,%s\n", text_number(claims->selective_above).words, text_number(claims->mixed_below).words);
}

static void csv_head(struct claims_group group, FILE *out)
{
    for (size_t k = 0; group.groups && k < group.groups->n_keys; k++)
        fprintf(out, "%s,", group.groups->keys[k]->name);
    fprintf(
        out,
        "claim,measure,normalise,unimportant_below,shares_of,decision,n,effect,effect_low,effect_high,mean_a,mean_b,"
        "configurations_a,configurations_b,number,smallest_effect,identical,identical_low,identical_high,warnings,"
        "first_plan,pairs,same_attempt,same_effect,same_low,same_high,specifications,specifications_larger,"
        "specifications_reversed,effect_least,effect_median,effect_largest,flipping_choice,noise_a,noise_b,"
        "tasks_a,tasks_b,task_names_a,task_names_b,dials,trend_along,trend,trend_low,trend_high,trend_per,"
        "selective_above,mixed_below\n");
}

static struct row claim_row(const struct claims *claims, int c, enum claim_row_kind r, int m)
{
    const struct claim_result *result = &claims->results[c];
    const struct claim_row *of = &result->rows[r][m];
    struct row row = {.claim = claim_table[c].name,
                      .decision = "not_in_file",
                      .number = claim_row_names[r],
                      .measure = m,
                      .normalise = claim_row_normalise(c, r),
                      .n_seeds = of->effect.n,
                      .effect = no_estimate,
                      .identical = of->null.n > 0 ? of->null : no_estimate,
                      .mean_a = (double)NAN,
                      .mean_b = (double)NAN,
                      .smallest = result->smallest,
                      .warnings = of->warnings};
    if (result->pairs.n == 0)
        return row;
    row.decision = decision_names[of->decision];
    row.effect = of->effect;
    row.mean_a = of->mean_a;
    row.mean_b = of->mean_b;
    row.a = result->pairs;
    if (claim_has_two(c))
        row.b = result->pairs;
    if (r == ROW_JUDGED)
        row.checks = result;
    return row;
}

static struct row other_row(const struct claims *claims, size_t i, int m)
{
    const struct other_result *result = &claims->other_results[i];
    const struct claim_row *of = &result->rows[m];
    return (struct row){.claim = claim_table[CLAIM_NONE].name,
                        .decision = "",
                        .number = claim_row_names[ROW_JUDGED],
                        .measure = m,
                        .normalise = NORMALISE_NONE,
                        .n_seeds = of->effect.n,
                        .effect = of->effect,
                        .identical = no_estimate,
                        .mean_a = of->mean_a,
                        .mean_b = of->mean_b,
                        .a = claims_other_pairs(claims, i),
                        .trend = result};
}

static struct row correlation_row(const struct claims *claims, enum normalise normalise, int m)
{
    const struct loss_correlation *c = &claims->correlations[normalise][m];
    return (struct row){.claim = "loss_correlation",
                        .decision = "",
                        .measure = m,
                        .normalise = normalise,
                        .n_seeds = c->n,
                        .effect = {c->r, c->low, c->high, c->n},
                        .identical = no_estimate,
                        .mean_a = (double)NAN,
                        .mean_b = (double)NAN};
}

void claims_csv(const struct claims *claims, const struct reader *reader, struct claims_group group, FILE *out)
{
    struct row row;
    if (group.group == 0)
        csv_head(group, out);
    for (int c = 0; c < N_CLAIMS; c++)
        for (int r = 0; r < N_ROWS; r++)
            for (int m = 0; m < claims->n_measures; m++)
                if (claims_has_measure(claims, m)) {
                    row = claim_row(claims, c, (enum claim_row_kind)r, m);
                    csv_row(claims, reader, group, &row, out);
                }
    for (size_t i = 0; i < claims->others.n; i++)
        for (int m = 0; m < claims->n_measures; m++)
            if (claims_has_measure(claims, m)) {
                row = other_row(claims, i, m);
                csv_row(claims, reader, group, &row, out);
            }
    for (int n = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++)
            if (claims_has_measure(claims, m)) {
                row = correlation_row(claims, (enum normalise)n, m);
                csv_row(claims, reader, group, &row, out);
            }
}
