#include "claims_writer.h"
#include "formats.h"
#include "json.h"
#include "text.h"

/* Members of an object that are not its first one. */
static void add_number(const char *name, double value, FILE *out)
{
    fprintf(out, ", \"%s\": ", name);
    json_number(out, value);
}

static void add_estimate(const char *name, const struct estimate *estimate, FILE *out)
{
    fprintf(out, ", \"%s\": ", name);
    json_estimate(out, estimate);
}

static void json_configs(const char *key, const struct claim_pairs *pairs, enum side side, FILE *out)
{
    fprintf(out, "\"%s\": [", key);
    for (size_t p = 0; p < pairs->n; p++)
        fprintf(out, "%s%zu", p > 0 ? ", " : "", claim_pair_side(&pairs->pairs[p], side)->config);
    fprintf(out, "]");
}

static void json_row(const struct claims *claims, int c, enum claim_row_kind r, int m, bool is_first, FILE *out)
{
    const struct claim_row *row = &claims->results[c].rows[r][m];
    fprintf(out, "%s\n      {\"measure\": \"%s\", \"number\": \"%s\", \"normalise\": \"%s\", \"decision\": \"%s\"",
            is_first ? "" : ",", measure_table[m].name, claim_row_names[r], normalise_names[claim_row_normalise(c, r)],
            decision_names[row->decision]);
    add_estimate("effect", &row->effect, out);
    add_number("mean_a", row->mean_a, out);
    add_number("mean_b", row->mean_b, out);
    add_estimate("identical", &row->null, out);
    fprintf(out, ", \"warnings\": \"");
    claims_print_warnings(row->warnings, out);
    fprintf(out, "\"");
    if (r == ROW_JUDGED) {
        const struct claim_checks *checks = &claims->results[c].checks[m];
        if (claims->n_first > 0)
            fprintf(out, ", \"first_plan\": \"%s\"", decision_names[checks->first_plan]);
        fprintf(out, ", \"pairs\": %zu, \"same_attempt\": %zu", checks->n_pairs, checks->n_same);
        add_estimate("same_effect", &checks->same, out);
        add_number("noise_a", claims->results[c].noise_a[m], out);
        add_number("noise_b", claims->results[c].noise_b[m], out);
    }
    fprintf(out, "}");
}

/* "tasksSUFFIX" by number, "task_namesSUFFIX" by name. */
static void json_tasks(const char *suffix, const struct claim_side *side, const struct reader *reader, FILE *out)
{
    const int tasks[2] = {side->tasks.a, side->tasks.b};
    fprintf(out, "\"tasks%s\": [%d, %d], \"task_names%s\": [", suffix, tasks[0] + 1, tasks[1] + 1, suffix);
    for (int i = 0; i < 2; i++) {
        char name[TASK_LABEL_MAX];
        task_name(&reader->configs[side->config], tasks[i], name);
        fprintf(out, i > 0 ? ", " : "");
        json_text(out, name);
    }
    fprintf(out, "], ");
}

static void json_pairs(const struct claims *claims, const struct reader *reader, int c, FILE *out)
{
    const struct claim_result *result = &claims->results[c];
    fprintf(out, "],\n     \"pairs\": [");
    for (size_t p = 0; p < result->pairs.n; p++) {
        const struct claim_pair *pair = &result->pairs.pairs[p];
        fprintf(out, "%s\n      {\"a\": %zu, ", p > 0 ? "," : "", pair->a.config);
        if (claim_has_two(c))
            fprintf(out, "\"b\": %zu, ", pair->b.config);
        json_tasks("", &pair->a, reader, out);
        if (claim_has_two(c))
            json_tasks("_b", &pair->b, reader, out);
        fprintf(out, "\"control\": %s, \"effects\": {", claim_pair_has_controls(pair) ? "true" : "false");
        for (int m = 0, n = 0; m < claims->n_measures; m++)
            if (claims_has_measure(claims, m)) {
                fprintf(out, "%s\"%s\": ", n++ ? ", " : "", measure_table[m].name);
                json_estimate(out, &result->pair_effects[p * (size_t)claims->n_measures + (size_t)m]);
            }
        fprintf(out, "}}");
    }
    fprintf(out, "]");
}

static void json_multiverse(const struct claims *claims, int c, FILE *out)
{
    const struct multiverse *multiverse = &claims->results[c].multiverse;
    fprintf(out, ",\n     \"multiverse\": {\"decision\": \"%s\"", decision_names[multiverse->decision]);
    add_estimate("effect", &multiverse->mean, out);
    add_estimate("identical", &multiverse->null, out);
    fprintf(out, ", \"measures\": [");
    for (int m = 0, n = 0; m < claims->n_measures; m++) {
        const struct multiverse_row *row = &multiverse->rows[m];
        if (!claims_has_measure(claims, m))
            continue;
        fprintf(out, "%s\n      {\"measure\": \"%s\", \"specifications\": %d, \"larger\": %d, \"reversed\": %d",
                n++ ? "," : "", measure_table[m].name, row->n, row->n_larger, row->n_reversed);
        add_number("least", row->least, out);
        add_number("median", row->median, out);
        add_number("largest", row->largest, out);
        fprintf(out, ", \"flipping_choice\": \"%s\"}",
                row->choice < N_CHOICES && row->n > 0 ? choice_names[row->choice] : "");
    }
    fprintf(out, "]}");
}

static void json_claim(const struct claims *claims, const struct reader *reader, int c, FILE *out)
{
    const struct claim *claim = &claim_table[c];
    const struct claim_result *result = &claims->results[c];
    const struct claim_pairs none = {0};
    fprintf(out,
            "%s\n    {\"name\": \"%s\", \"statement\": \"%s\",\n     \"effect\": \"%s\",\n     \"shares\": \"%s\",\n"
            "     \"a\": \"%s\", ",
            c > 0 ? "," : "", claim->name, claim->statement, claim->definition, claim->shares, claim->a);
    if (claim->b)
        fprintf(out, "\"b\": \"%s\",\n     ", claim->b);
    json_configs("configurations_a", &result->pairs, SIDE_A, out);
    fprintf(out, ", ");
    json_configs("configurations_b", claim_has_two(c) ? &result->pairs : &none, SIDE_B, out);
    fprintf(out, ",\n     \"smallest_effect\": %s, \"judged_pairs\": %zu,\n     \"verdicts\": [",
            text_number(result->smallest).words, result->n_judged);
    bool is_first = true;
    for (int r = 0; r < N_ROWS && result->pairs.n > 0; r++)
        for (int m = 0; m < claims->n_measures; m++)
            if (claims_has_measure(claims, m)) {
                json_row(claims, c, (enum claim_row_kind)r, m, is_first, out);
                is_first = false;
            }
    json_pairs(claims, reader, c, out);
    if (result->pairs.n > 0)
        json_multiverse(claims, c, out);
    fprintf(out, "}");
}

/* The formulas of a pair of tasks, and the dials that they use. */
static void json_formulas(const struct hyperparameters *h, struct task_pair pair, FILE *out)
{
    static const char *const names[FORMULA_DIALS] = {"a", "b", "c"};
    const double values[FORMULA_DIALS] = {h->a, h->b, h->c};
    const char *separator = "";
    char formula[TASK_TEXT_MAX];
    fprintf(out, "\"tasks\": [");
    task_text(h, pair.a, formula);
    json_text(out, formula);
    fprintf(out, ", ");
    task_text(h, pair.b, formula);
    json_text(out, formula);
    fprintf(out, "], \"dials\": {");
    for (int d = 0; d < FORMULA_DIALS; d++)
        if (task_pair_dials(h, pair) >> d & 1) {
            fprintf(out, "%s\"%s\": ", separator, names[d]);
            json_number(out, values[d]);
            separator = ", ";
        }
    fprintf(out, "}, ");
}

static void json_other(const struct claims *claims, const struct reader *reader, size_t i, FILE *out)
{
    const struct claim_pairs pairs = claims_other_pairs(claims, i);
    const struct claim_side *first = &pairs.pairs[0].a;
    const struct other_result *result = &claims->other_results[i];
    fprintf(out, "%s\n    {", i > 0 ? "," : "");
    json_formulas(&reader->configs[first->config], first->tasks, out);
    json_configs("configurations", &pairs, SIDE_A, out);
    fprintf(out, ", \"with_identical\": %zu, \"effects\": {", result->n_judged);
    for (int m = 0, n = 0; m < claims->n_measures; m++) {
        const struct claim_row *row = &result->rows[m];
        if (!claims_has_measure(claims, m))
            continue;
        fprintf(out, "%s\n      \"%s\": {\"effect\": ", n++ ? "," : "", measure_table[m].name);
        json_estimate(out, &row->effect);
        add_number("mean", row->mean_a, out);
        add_number("mean_identical", row->mean_b, out);
        if (result->axis)
            add_estimate("trend", &result->slopes[m], out);
        fprintf(out, "}");
    }
    fprintf(out, "}");
    if (result->axis)
        fprintf(out, ", \"trend_along\": \"%s\", \"trend_per\": \"%s\"", result->axis->name,
                result->is_logarithmic ? "doubling" : "1");
    fprintf(out, "}");
}

/* The group as the members that the object of it begins with. */
static void json_group(const struct reader *reader, struct claims_group group, FILE *out)
{
    fprintf(out, "{\n");
    if (group.group == 0)
        table_json_head(reader, out);
    if (!group.groups)
        return;
    fprintf(out, group.group == 0 ? "  \"groups\": [{\n  \"group\": {" : "  \"group\": {");
    for (size_t k = 0; k < group.groups->n_keys; k++) {
        fprintf(out, "%s\"%s\": ", k > 0 ? ", " : "", group.groups->keys[k]->name);
        json_value(out, &reader->configs[group.groups->groups[group.group].configs[0]], group.groups->keys[k]);
    }
    fprintf(out, "},\n");
}

void claims_json(const struct claims *claims, const struct reader *reader, struct claims_group group, FILE *out)
{
    json_group(reader, group, out);
    fprintf(out, "  \"fewest_seeds\": %d,\n  \"simultaneous\": %s,\n  \"first_plan_replicates\": ", VERDICT_SEEDS,
            claims->is_simultaneous ? "true" : "false");
    if (claims->n_first > 0)
        fprintf(out, "%zu", claims->n_first);
    else
        fprintf(out, "null");
    fprintf(out, ",\n  \"selective_above\": %s,\n  \"mixed_below\": %s,\n  \"unimportant_below\": ",
            text_number(claims->selective_above).words, text_number(claims->mixed_below).words);
    json_number(out, claims->unimportant_below);
    fprintf(out, ",\n  \"shares_of\": \"%s\",\n  \"claims\": [", claims_shares_of(claims));
    for (int c = 0; c < N_CLAIMS; c++)
        json_claim(claims, reader, c, out);
    fprintf(out, "\n  ],\n  \"other_pairs\": [");
    for (size_t i = 0; i < claims->others.n; i++)
        json_other(claims, reader, i, out);
    fprintf(out, "%s],\n  \"loss_correlation\": [", claims->others.n > 0 ? "\n  " : "");
    for (int n = 0, n_written = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            const struct loss_correlation *c = &claims->correlations[n][m];
            const struct estimate r = {c->r, c->low, c->high, c->n};
            if (!claims_has_measure(claims, m))
                continue;
            fprintf(out, "%s\n    {\"measure\": \"%s\", \"normalise\": \"%s\", \"r\": ", n_written++ ? "," : "",
                    measure_table[m].name, normalise_names[n]);
            json_estimate(out, &r);
            fprintf(out, "}");
        }
    fprintf(out, "\n  ]\n}");
    if (group.groups)
        fprintf(out, group.group + 1 < group.groups->n ? ",\n" : "]\n}");
    if (!group.groups || group.group + 1 == group.groups->n)
        fprintf(out, "\n");
}
