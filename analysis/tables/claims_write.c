#include "claims_write.h"

#include "formats.h"

#include <math.h>
#include <string.h>

#define CONFIGS_SHOWN 6 /* in the table for people */
#define PAIRS_SHOWN   20
#define OTHERS_SHOWN  20

enum { PAIRS_OF_TASKS_SHOWN = 6, PAIR_TEXT_MAX = TASK_PAIR_LABEL_MAX };

static bool is_wanted(const struct claims *claims, int measure)
{
    return claims->measures >> measure & 1;
}

static bool is_pair(int claim)
{
    return claim_table[claim].key != NULL;
}

/* The configurations of a condition or of its controls, without those that follow themselves. */
enum side { SIDE_A, SIDE_B, SIDE_CONTROLS };

static void add_config(size_t config, size_t *configs, size_t *n)
{
    for (size_t i = 0; i < *n; i++)
        if (configs[i] == config)
            return;
    if (*n <= CONFIGS_SHOWN)
        configs[(*n)++] = config;
}

static size_t list_configs(const struct claim_result *result, enum side side, size_t configs[CONFIGS_SHOWN + 1])
{
    size_t n = 0;
    for (size_t p = 0; p < result->pairs.n; p++) {
        const struct claim_side *a = &result->pairs.pairs[p].a, *b = &result->pairs.pairs[p].b;
        if (side != SIDE_CONTROLS)
            add_config(side == SIDE_A ? a->config : b->config, configs, &n);
        for (int i = 0; i < a->n_controls && side == SIDE_CONTROLS; i++)
            add_config(a->controls[i], configs, &n);
        for (int i = 0; i < b->n_controls && side == SIDE_CONTROLS; i++)
            add_config(b->controls[i], configs, &n);
    }
    return n;
}

/* ---- text ---- */

static const struct claim_side *side_of(const struct claim_pair *pair, enum side side)
{
    return side == SIDE_B ? &pair->b : &pair->a;
}

static void pair_text(const struct reader *reader, const struct claim_side *side, char text[PAIR_TEXT_MAX])
{
    size_t config = side->config;
    struct task_pair tasks = side->tasks;
    const struct task_pairs one = {.selection = {&config, 1}, .pairs = &tasks};
    task_pairs_text(&one, reader, 0, text);
}

/* "tasks 1 (NAME) and 2 (NAME)": the pairs of tasks that a condition is about, each once. */
static void print_tasks(const struct reader *reader, const struct claim_result *result, enum side side, FILE *out)
{
    char shown[PAIRS_OF_TASKS_SHOWN][PAIR_TEXT_MAX], text[PAIR_TEXT_MAX];
    size_t n = 0;
    for (size_t p = 0; p < result->pairs.n; p++) {
        bool is_shown = false;
        pair_text(reader, side_of(&result->pairs.pairs[p], side), text);
        for (size_t i = 0; i < n && !is_shown; i++)
            is_shown = strcmp(shown[i], text) == 0;
        if (is_shown)
            continue;
        if (n == PAIRS_OF_TASKS_SHOWN) {
            fprintf(out, "      ...\n");
            return;
        }
        memcpy(shown[n++], text, sizeof text);
        table_wrapped("     ", text, out);
    }
}

/* "  WORD CONDITION: configurations 1, 3, 5 ..." */
static void print_condition(const char *word, const char *condition, const struct claim_result *result, enum side side,
                            FILE *out)
{
    size_t configs[CONFIGS_SHOWN + 1], n = list_configs(result, side, configs);
    char text[1024];
    size_t used = (size_t)snprintf(text, sizeof text, "%s: configuration%s ", condition, n == 1 ? "" : "s");
    for (size_t i = 0; i < n && i < CONFIGS_SHOWN; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu", i > 0 ? ", " : "", configs[i]);
    if (n > CONFIGS_SHOWN)
        snprintf(text + used, sizeof text - used, ", ...");
    table_wrapped(word, text, out);
}

/* A measure's name in a column of 11, in two lines: as its words are, or divided where there is only one. */
static void write_head(const char *name, int line, FILE *out)
{
    int n = (int)strcspn(name, "_"), all = (int)strlen(name);
    bool is_divided = n == all && n > 10;
    if (line == 0)
        fprintf(out, " %*.*s%s", is_divided ? 9 : 10, is_divided ? n / 2 : n, name, is_divided ? "-" : "");
    else
        fprintf(out, " %10s", is_divided ? name + n / 2 : n < all ? name + n + 1 : "");
}

static void write_overview(const struct claims *claims, FILE *out)
{
    for (int line = 0; line < 2; line++) {
        fprintf(out, "%-20s", line == 0 ? "" : "claim");
        for (int m = 0; m < claims->n_measures; m++)
            if (is_wanted(claims, m))
                write_head(measure_table[m].name, line, out);
        fprintf(out, "\n");
    }
    for (int c = 0; c < N_CLAIMS; c++) {
        const struct claim_result *result = &claims->results[c];
        fprintf(out, "%-20s%s", claim_table[c].name, result->pairs.n > 0 ? "" : "  not in this file");
        for (int m = 0; m < claims->n_measures && result->pairs.n > 0; m++)
            if (is_wanted(claims, m)) {
                char verdict[CLAIMS_VERDICT_MAX];
                claims_row_verdict(&result->rows[ROW_JUDGED][m], verdict);
                fprintf(out, " %10s", verdict);
            }
        fprintf(out, "\n");
    }
}

/* What a row's number is called. */
static const char *number_name(int claim, int row)
{
    if (row == ROW_JUDGED)
        return claim_table[claim].is_leaning ? "/layer" : "D";
    return row == ROW_KINDS ? (claim_table[claim].is_leaning ? "raw" : "shares") : "/layer";
}

static void write_row(const struct claims *claims, int c, int r, int m, FILE *out)
{
    const struct claim_row *row = &claims->results[c].rows[r][m];
    char effect[64], null[64], verdict[CLAIMS_VERDICT_MAX];
    effect_format(&row->effect, effect);
    claims_row_verdict(row, verdict);
    fprintf(out, "  %-15s %-6s  %-10s  %-25s", r == ROW_JUDGED ? measure_table[m].name : "", number_name(c, r), verdict,
            effect);
    if (isfinite(row->mean_a))
        fprintf(out, "  %+.2f", row->mean_a);
    if (isfinite(row->mean_a) && isfinite(row->mean_b))
        fprintf(out, ", %+.2f", row->mean_b);
    if (row->null.n > 0) {
        snprintf(null, sizeof null, "%+.3f", row->null.value);
        fprintf(out, "; identical %s", null);
    }
    fprintf(out, "\n");
}

/* What weakens the verdict of a measure, a line each. */
static void write_checks(const struct claims *claims, int c, int m, FILE *out)
{
    const struct claim_result *result = &claims->results[c];
    const struct claim_checks *checks = &result->checks[m];
    const struct claim_row *row = &result->rows[ROW_JUDGED][m];
    char effect[64];
    if (isfinite(result->noise_a[m]))
        fprintf(out, "      noise (two test sets of one task): %+.3f", result->noise_a[m]);
    if (isfinite(result->noise_b[m]))
        fprintf(out, ", %+.3f", result->noise_b[m]);
    if (isfinite(result->noise_a[m]))
        fprintf(out, "\n");
    if (row->decision == DECISION_NO_CONTROL)
        return;
    if (10 * checks->n_same < 9 * checks->n_pairs) {
        effect_format(&checks->same, effect);
        fprintf(out, "      accepted in the same attempt: %zu of %zu pairs; among them %s, %s\n", checks->n_same,
                checks->n_pairs, effect, decision_names[checks->same_decision]);
    }
    if (claims->n_first > 0 && checks->first_plan != row->decision)
        fprintf(out, "      the %zu replicates that were planned first: %s\n", claims->n_first,
                decision_names[checks->first_plan]);
    if (row->warnings & WARNING_ALL_EQUAL)
        fprintf(out, "      no interval: all seeds have the same effect\n");
    else if (row->warnings & WARNING_ZEROS)
        fprintf(out, "      warning: half of the effects or more are 0: no interval is good for such\n");
}

static bool is_same_tasks(const struct claim_side *x, const struct claim_side *y)
{
    return x->tasks.a == y->tasks.a && x->tasks.b == y->tasks.b;
}

/* Why a pair is in no effect, or not in all of them; "" if it is. */
static const char *why_not_judged(const struct claims *claims, int c, size_t p)
{
    int n_counted = 0, n_wanted = 0;
    if (!claim_pair_has_controls(&claims->results[c].pairs.pairs[p]))
        return "  no control: not judged";
    for (int m = 0; m < claims->n_measures; m++)
        if (is_wanted(claims, m)) {
            n_wanted++;
            n_counted += claims_pair_counts(claims, c, p, m) ? 1 : 0;
        }
    if (n_counted == n_wanted)
        return "";
    return n_counted == 0 ? "  under 6 seeds: not judged" : "  under 6 seeds by some measures: not judged by those";
}

/* Each pair's effect, by measure; "!" where its own interval says the opposite of what is judged. */
static void write_pairs(const struct claims *claims, int c, FILE *out)
{
    const struct claim_result *result = &claims->results[c];
    bool is_one_pair = true;
    if (result->pairs.n < 2)
        return;
    for (size_t p = 1; p < result->pairs.n; p++)
        is_one_pair = is_one_pair && is_same_tasks(&result->pairs.pairs[0].a, &result->pairs.pairs[p].a);
    fprintf(out,
            "  Each pair's effect, by measure (! its own interval, Bonferroni's t, lies beyond 0 the other way):\n");
    for (size_t p = 0; p < result->pairs.n && p < PAIRS_SHOWN; p++) {
        const struct claim_pair *pair = &result->pairs.pairs[p];
        char name[64];
        snprintf(name, sizeof name, is_pair(c) ? "%zu - %zu" : "%zu", is_pair(c) ? pair->b.config : pair->a.config,
                 pair->a.config);
        fprintf(out, "    %-14s", name);
        for (int m = 0; m < claims->n_measures; m++) {
            const struct estimate *effect = &result->pair_effects[p * (size_t)claims->n_measures + (size_t)m];
            double pooled = result->rows[ROW_JUDGED][m].effect.value;
            if (!is_wanted(claims, m))
                continue;
            bool is_opposed = claims_pair_counts(claims, c, p, m) &&
                              ((pooled > 0 && effect->high < 0) || (pooled < 0 && effect->low > 0));
            if (isfinite(effect->value))
                fprintf(out, " %+9.3f%s", effect->value, is_opposed ? "!" : " ");
            else
                fprintf(out, " %10s", "-");
        }
        if (!is_one_pair)
            fprintf(out, "  tasks %d-%d", pair->a.tasks.a + 1, pair->a.tasks.b + 1);
        fprintf(out, "%s\n", why_not_judged(claims, c, p));
    }
    if (result->pairs.n > PAIRS_SHOWN)
        fprintf(out, "    ... %zu in all (--csv and --json have them)\n", result->pairs.n);
}

static void write_multiverse(const struct claims *claims, int c, FILE *out)
{
    const struct multiverse *multiverse = &claims->results[c].multiverse;
    char effect[64], verdict[CLAIMS_VERDICT_MAX];
    if (multiverse->mean.n == 0)
        return;
    fprintf(
        out,
        "  Multiverse: specifications that say larger (reversed), least, median and largest effect, and the choice\n"
        "  that most often changes the verdict:\n");
    for (int m = 0; m < claims->n_measures; m++) {
        const struct multiverse_row *row = &multiverse->rows[m];
        if (!is_wanted(claims, m) || row->n == 0)
            continue;
        fprintf(out, "    %-15s %2d (%d) of %d  %+.3f %+.3f %+.3f", measure_table[m].name, row->n_larger,
                row->n_reversed, row->n, row->least, row->median, row->largest);
        if (row->choice < N_CHOICES)
            fprintf(out, "  %s (%.0f %%)", choice_names[row->choice], 100 * row->flips);
        fprintf(out, "\n");
    }
    effect_format(&multiverse->mean, effect);
    claims_verdict(multiverse->decision, &multiverse->mean, &multiverse->null, verdict);
    fprintf(out, "    mean of all, seed by seed: %s, %s", effect, verdict);
    if (multiverse->null.n > 0)
        fprintf(out, "; identical %+.3f", multiverse->null.value);
    fprintf(out, "\n");
}

static void write_controls(const struct claims *claims, const struct reader *reader, int c, FILE *out)
{
    const struct claim_result *result = &claims->results[c];
    size_t configs[CONFIGS_SHOWN + 1];
    (void)claims;
    if (list_configs(result, SIDE_CONTROLS, configs) > 0)
        print_condition(" ", "identical tasks", result, SIDE_CONTROLS, out);
    if (result->n_judged == 0)
        fprintf(out,
                "  No verdict without the identical tasks that it is held against. To train them:\n"
                "    picky-analyse claims %s --control -o control.cfg && picky extend %s control.cfg\n",
                reader->path, reader->path);
    else if (result->n_judged < result->pairs.n)
        fprintf(out, "  %zu of %zu pairs have the identical tasks that they are held against, and are judged.\n",
                result->n_judged, result->pairs.n);
}

/* The smallest layer among a claim's configurations. */
static int64_t least_units(const struct claim_result *result, const struct reader *reader, bool with_b)
{
    int64_t least = INT64_MAX;
    for (size_t p = 0; p < result->pairs.n; p++) {
        const struct claim_pair *pair = &result->pairs.pairs[p];
        int64_t a = reader->configs[pair->a.config].hidden_size,
                b = with_b ? reader->configs[pair->b.config].hidden_size : a;
        least = a < least ? a : least;
        least = b < least ? b : least;
    }
    return least;
}

/* How many pairs of models stem from different attempts, under the measure that has most pairs. */
static void write_attempts(const struct claims *claims, int c, FILE *out)
{
    const struct claim_checks *most = &claims->results[c].checks[0];
    for (int m = 1; m < claims->n_measures; m++)
        if (claims->results[c].checks[m].n_pairs > most->n_pairs)
            most = &claims->results[c].checks[m];
    if (most->n_same < most->n_pairs)
        fprintf(out, "  %zu of %zu pairs of models stem from different attempts; those that start alike count as one\n",
                most->n_pairs - most->n_same, most->n_pairs);
}

static void write_claim(const struct claims *claims, const struct reader *reader, int c, FILE *out)
{
    const struct claim *claim = &claim_table[c];
    const struct claim_result *result = &claims->results[c];
    fprintf(out, "\n%s: %s\n", claim->name, claim->statement);
    if (result->pairs.n == 0) {
        fprintf(out, "  Not in this file. It takes\n");
        table_wrapped("  a =", claim->a, out);
        if (claim->b)
            table_wrapped("  b =", claim->b, out);
        return;
    }
    table_wrapped(claim->is_leaning ? "  /layer:" : "  D:", claim->definition, out);
    table_wrapped(claim->is_leaning ? "  raw:" : "  shares:", claim->shares, out);
    print_condition("  a =", claim->a, result, SIDE_A, out);
    print_tasks(reader, result, SIDE_A, out);
    if (claim->b) {
        print_condition("  b =", claim->b, result, SIDE_B, out);
        print_tasks(reader, result, SIDE_B, out);
    }
    write_controls(claims, reader, c, out);
    int64_t units = least_units(result, reader, claim->b != NULL);
    fprintf(out, "  Smallest effect of interest: %g%s\n", result->smallest,
            result->smallest * (double)units < 1 ? " (below one unit of the smallest layer)" : "");
    size_t n_seeds = 0;
    for (int m = 0; m < claims->n_measures; m++)
        if (result->rows[ROW_JUDGED][m].effect.n > n_seeds)
            n_seeds = result->rows[ROW_JUDGED][m].effect.n;
    fprintf(out, "  %zu seeds; effect [95 %%], means of %s\n", n_seeds,
            is_pair(c) ? "a and b; the same difference between identical tasks" : "a and of identical tasks");
    write_attempts(claims, c, out);
    if (n_seeds >= VERDICT_SEEDS && n_seeds < WARNING_MINORITY_SEEDS)
        fprintf(out, "  Warning: under %d seeds, one model in five that is unlike the others may be missed.\n",
                WARNING_MINORITY_SEEDS);
    for (int m = 0; m < claims->n_measures; m++)
        if (is_wanted(claims, m)) {
            for (int r = 0; r < N_ROWS; r++)
                if (!claims_is_repeated(claims, c, (enum claim_row_kind)r))
                    write_row(claims, c, r, m, out);
            write_checks(claims, c, m, out);
        }
    write_pairs(claims, c, out);
    write_multiverse(claims, c, out);
}

/* The formulas of a pair of tasks that no claim is about. */
static void other_texts(const struct reader *reader, const struct other_pair *other, char text[2][TASK_TEXT_MAX])
{
    const struct claim_side *side = &other->pairs[0].a;
    task_text(&reader->configs[side->config], side->tasks.a, text[0]);
    task_text(&reader->configs[side->config], side->tasks.b, text[1]);
}

/* The slopes of D of a pair of tasks that no claim is about. */
static void write_trend(const struct claims *claims, const struct other_result *result, FILE *out)
{
    if (!result->axis)
        return;
    fprintf(out, "    trend: slope of D for %s %s\n", result->is_logarithmic ? "each doubling of" : "1 more of",
            result->axis->name);
    for (int m = 0; m < claims->n_measures; m++) {
        const struct estimate *slope = &result->slopes[m];
        char value[TABLE_NUMBER_MAX], low[TABLE_NUMBER_MAX], high[TABLE_NUMBER_MAX],
            interval[2 * TABLE_NUMBER_MAX + 8] = "";
        if (!is_wanted(claims, m))
            continue;
        table_number(slope->value, 2, value);
        table_number(slope->low, 2, low);
        table_number(slope->high, 2, high);
        if (isfinite(slope->low))
            snprintf(interval, sizeof interval, "[%s, %s]", low, high);
        fprintf(out, "    %-15s  %-6s %-18s", measure_table[m].name, value, interval);
        if (slope->n > 0)
            fprintf(out, "  %zu seeds", slope->n);
        fprintf(out, "\n");
    }
}

static void write_other(const struct claims *claims, const struct reader *reader, size_t i, FILE *out)
{
    const struct other_pair *other = &claims->others.groups[i];
    const struct other_result *result = &claims->other_results[i];
    const struct claim_side *side = &other->pairs[0].a;
    char formulas[2][TASK_TEXT_MAX], dials[TASK_DIALS_TEXT_MAX], text[2 * TASK_TEXT_MAX + 256], effect[64];
    other_texts(reader, other, formulas);
    task_pair_dials_text(&reader->configs[side->config], side->tasks, dials);
    snprintf(text, sizeof text, "%s and %s%s%s: %zu configuration%s, %zu with identical tasks", formulas[0],
             formulas[1], *dials ? ", " : "", dials, other->n, other->n == 1 ? "" : "s", result->n_judged);
    table_wrapped(" ", text, out);
    for (int m = 0; m < claims->n_measures; m++) {
        const struct claim_row *row = &result->rows[m];
        if (!is_wanted(claims, m))
            continue;
        effect_format(&row->effect, effect);
        fprintf(out, "    %-15s  %-25s", measure_table[m].name, effect);
        if (isfinite(row->mean_a))
            fprintf(out, "  %.2f", row->mean_a);
        if (isfinite(row->mean_a) && isfinite(row->mean_b))
            fprintf(out, ", %.2f", row->mean_b);
        if (row->effect.n > 0)
            fprintf(out, "  %zu seeds", row->effect.n);
        fprintf(out, "\n");
    }
    write_trend(claims, result, out);
}

static void write_others(const struct claims *claims, const struct reader *reader, FILE *out)
{
    if (claims->others.n == 0)
        return;
    fprintf(out,
            "\nOther pairs of tasks, which no claim is about: D, mean of all layers, less that of identical tasks\n"
            "[95 %%], and D of both; its trend where one hyperparameter is swept. No verdict.\n");
    for (size_t i = 0; i < claims->others.n && i < OTHERS_SHOWN; i++)
        write_other(claims, reader, i, out);
    if (claims->others.n > OTHERS_SHOWN)
        fprintf(out, "  ... %zu in all (--csv and --json have them)\n", claims->others.n);
}

static void write_statuses(const struct claims *claims, FILE *out)
{
    if (!claims->statuses)
        return;
    fprintf(out, "Models: ");
    for (int s = 0, n = 0; s < N_STATUSES; s++)
        if (claims->statuses >> s & 1)
            fprintf(out, "%s%s", n++ ? ", " : "", status_names[s]);
    fprintf(out, ".\n");
}

/* What the table is about, and the rules. */
static void write_rules(const struct claims *claims, const struct reader *reader, const struct selection *selection,
                        FILE *out)
{
    table_head(reader, selection, out);
    fprintf(out,
            "\nEach claim is an effect, a mean over seeds, held against networks that learnt\n"
            "one task twice. larger: its 95 %% interval lies above the smallest effect of\n"
            "interest; reversed: below that the other way round; negligible: between the\n"
            "two, of %d seeds or more; undecided: all else; mixed: a pair of configurations\n"
            "says the opposite; selection: pairs that accepted the same attempt say\n"
            "otherwise; no control: no identical tasks in the file; too few: under %d seeds.\n"
            "*: identical tasks have as much of it, or more (of claims with two conditions,\n"
            "from which theirs is not subtracted).\n"
            "Judged on D = 1/2 sum |p_A - p_B| of a layer, p being a unit's share of a\n"
            "task's importance: 0 if both tasks use the same units, 1 if they share none.\n"
            "Beside it, shares of selective (|RI| > %g) and mixed (|RI| < %g) units, of\n"
            "importances as they are and divided by their sum over the layer (/layer):\n"
            "below %g of its layer's mean one counts as 0; shares of a layer are\n"
            "shares of %s.\n%s",
            VERDICT_NEGLIGIBLE_SEEDS, VERDICT_SEEDS, claims->selective_above, claims->mixed_below,
            claims->unimportant_below, claims->is_of_important ? "its important units" : "all its units",
            claims->is_simultaneous
                ? "Intervals hold all together (Bonferroni's t over claims and measures).\n"
                : "Intervals are not corrected for the number of claims and measures\n(--simultaneous does so).\n");
    write_statuses(claims, out);
}

static void write_text(const struct claims *claims, const struct reader *reader, const struct selection *selection,
                       struct claims_group group, FILE *out)
{
    if (group.group == 0)
        write_rules(claims, reader, selection, out);
    if (group.groups) {
        char label[LABEL_MAX];
        groups_label(group.groups, reader, group.group, label);
        table_wrapped("\n*", label, out);
    }
    fprintf(out, "\n");
    write_overview(claims, out);
    for (int c = 0; c < N_CLAIMS; c++)
        write_claim(claims, reader, c, out);
    write_others(claims, reader, out);
    fprintf(out, "\nWhy measures disagree: correlation, over the models of a configuration, of mean RI (mean of all\n"
                 "layers) with ln(test loss of task 1 / of task 2) [95 %%]. A measure that scales with the residual\n"
                 "follows the losses, whatever neurons do.\n");
    for (int n = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            const struct loss_correlation *c = &claims->correlations[n][m];
            if (!is_wanted(claims, m))
                continue;
            fprintf(out, "  %-16s %-6s", measure_table[m].name, n == NORMALISE_LAYER ? "/layer" : "");
            if (isfinite(c->low))
                fprintf(out, "  r = %+.2f [%+.2f, %+.2f]  %zu models\n", c->r, c->low, c->high, c->n);
            else
                fprintf(out, "  r = -  %zu models\n", c->n);
        }
}

static const char *shares_of(const struct claims *claims)
{
    return claims->is_of_important ? "important" : "all";
}

/* ---- CSV: a row for each claim, measure and number; the correlations as claim "loss_correlation" ---- */

static void csv_configs(const struct claim_result *result, enum side side, FILE *out)
{
    for (size_t p = 0; p < result->pairs.n; p++) {
        const struct claim_pair *pair = &result->pairs.pairs[p];
        fprintf(out, "%s%zu", p > 0 ? ";" : "", side_of(pair, side)->config);
    }
}

/* The pair of tasks of each configuration, as --pair has it. */
static void csv_tasks(const struct claim_result *result, enum side side, FILE *out)
{
    for (size_t p = 0; p < result->pairs.n; p++) {
        struct task_pair tasks = side_of(&result->pairs.pairs[p], side)->tasks;
        fprintf(out, "%s%d-%d", p > 0 ? ";" : "", tasks.a + 1, tasks.b + 1);
    }
}

/* Their names, or formulas, in which there are no quotes: "sum and prod;..." */
static void csv_task_names(const struct claim_result *result, enum side side, const struct reader *reader, FILE *out)
{
    for (size_t p = 0; p < result->pairs.n; p++) {
        const struct claim_side *of = side_of(&result->pairs.pairs[p], side);
        char a[TASK_LABEL_MAX], b[TASK_LABEL_MAX];
        task_name(&reader->configs[of->config], of->tasks.a, a);
        task_name(&reader->configs[of->config], of->tasks.b, b);
        fprintf(out, "%s%s and %s", p > 0 ? ";" : "\"", a, b);
    }
    if (result->pairs.n > 0)
        fputc('"', out);
}

static void csv_numbers(const double *numbers, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        fputc(',', out);
        csv_number(out, numbers[i]);
    }
}

/* The group's values of the keys that were asked for. */
static void csv_keys(const struct reader *reader, struct claims_group group, FILE *out)
{
    for (size_t k = 0; group.groups && k < group.groups->n_keys; k++) {
        char value[HYPERPARAMETER_FORMAT_MAX];
        hyperparameter_format(&reader->configs[group.groups->groups[group.group].configs[0]], group.groups->keys[k],
                              value);
        csv_text(out, value);
        fputc(',', out);
    }
}

static void csv_begin_row(const struct claims *claims, const char *name, int m, enum normalise normalise,
                          const char *decision, size_t n_seeds, FILE *out)
{
    fprintf(out, "%s,%s,%s,%g,%s,%s,%zu", name, measure_table[m].name, normalise_names[normalise],
            claims->unimportant_below, shares_of(claims), decision, n_seeds);
}

/* `last`: what comes before the settings that end a row, without its first comma. */
static void csv_end_row(const struct claims *claims, const char *last, FILE *out)
{
    fprintf(out, ",%s,%g,%g\n", last, claims->selective_above, claims->mixed_below);
}

static void csv_warnings(unsigned warnings, FILE *out)
{
    static const char *const names[] = {"all_equal", "zeros", "under_30_seeds"};
    const char *separator = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (warnings >> i & 1) {
            fprintf(out, "%s%s", separator, names[i]);
            separator = ";";
        }
}

/* What only the judged row has. */
static void csv_checks(const struct claims *claims, int c, int m, FILE *out)
{
    const struct claim_result *result = &claims->results[c];
    const struct claim_checks *checks = &result->checks[m];
    const struct multiverse_row *multiverse = &result->multiverse.rows[m];
    const double same[3] = {checks->same.value, checks->same.low, checks->same.high};
    const double effects[3] = {multiverse->least, multiverse->median, multiverse->largest};
    fprintf(out, ",%s,%zu,%zu", claims->n_first > 0 ? decision_names[checks->first_plan] : "", checks->n_pairs,
            checks->n_same);
    csv_numbers(checks->same.n > 0 ? same : (const double[]){(double)NAN, (double)NAN, (double)NAN}, 3, out);
    fprintf(out, ",%d,%d,%d", multiverse->n, multiverse->n_larger, multiverse->n_reversed);
    csv_numbers(effects, 3, out);
    fprintf(out, ",%s", multiverse->choice < N_CHOICES && multiverse->n > 0 ? choice_names[multiverse->choice] : "");
    csv_numbers((const double[]){result->noise_a[m], result->noise_b[m]}, 2, out);
}

static void csv_claim_row(const struct claims *claims, const struct reader *reader, int c, int r, int m, FILE *out)
{
    const struct claim_result *result = &claims->results[c];
    const struct claim_row *row = &result->rows[r][m];
    const double none[5] = {(double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    const double numbers[5] = {row->effect.value, row->effect.low, row->effect.high, row->mean_a, row->mean_b};
    const double null[3] = {row->null.value, row->null.low, row->null.high};
    bool is_there = result->pairs.n > 0;
    csv_begin_row(claims, claim_table[c].name, m, claim_row_normalise(c, (enum claim_row_kind)r),
                  is_there ? decision_names[row->decision] : "not_in_file", row->effect.n, out);
    csv_numbers(is_there ? numbers : none, 5, out);
    fputc(',', out);
    csv_configs(result, SIDE_A, out);
    fputc(',', out);
    if (is_pair(c))
        csv_configs(result, SIDE_B, out);
    fprintf(out, ",%s,%g", claim_row_names[r], result->smallest);
    csv_numbers(row->null.n > 0 ? null : none, 3, out);
    fputc(',', out);
    csv_warnings(row->warnings, out);
    if (r == ROW_JUDGED && is_there)
        csv_checks(claims, c, m, out);
    else
        fprintf(out, ",,,,,,,,,,,,,,,");
    fputc(',', out);
    csv_tasks(result, SIDE_A, out);
    fputc(',', out);
    if (is_pair(c))
        csv_tasks(result, SIDE_B, out);
    fputc(',', out);
    csv_task_names(result, SIDE_A, reader, out);
    fputc(',', out);
    if (is_pair(c))
        csv_task_names(result, SIDE_B, reader, out);
    csv_end_row(claims, ",,,,,", out);
}

/* Of tasks that no claim is about: columns as csv_claim_row's. */
static void csv_other_row(const struct claims *claims, const struct reader *reader, size_t i, int m, FILE *out)
{
    const struct claim_pairs pairs = {claims->others.groups[i].pairs, claims->others.groups[i].n};
    const struct claim_result view = {.pairs = pairs};
    const struct claim_row *row = &claims->other_results[i].rows[m];
    char dials[TASK_DIALS_TEXT_MAX];
    const double numbers[5] = {row->effect.value, row->effect.low, row->effect.high, row->mean_a, row->mean_b};
    csv_begin_row(claims, claim_table[CLAIM_NONE].name, m, NORMALISE_NONE, "", row->effect.n, out);
    csv_numbers(numbers, 5, out);
    fputc(',', out);
    csv_configs(&view, SIDE_A, out);
    fprintf(out, ",,%s,,,,,,,,,,,,,,,,,,,,,", claim_row_names[ROW_JUDGED]);
    csv_tasks(&view, SIDE_A, out);
    fprintf(out, ",,");
    csv_task_names(&view, SIDE_A, reader, out);
    const struct other_result *result = &claims->other_results[i];
    const double slopes[3] = {result->slopes[m].value, result->slopes[m].low, result->slopes[m].high};
    task_pair_dials_text(&reader->configs[pairs.pairs[0].a.config], pairs.pairs[0].a.tasks, dials);
    fprintf(out, ",,");
    csv_text(out, dials);
    if (result->axis) {
        fprintf(out, ",%s", result->axis->name);
        csv_numbers(slopes, 3, out);
        csv_end_row(claims, result->is_logarithmic ? "doubling" : "1", out);
    } else {
        csv_end_row(claims, ",,,,", out);
    }
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

static void write_csv(const struct claims *claims, const struct reader *reader, struct claims_group group, FILE *out)
{
    if (group.group == 0)
        csv_head(group, out);
    for (int c = 0; c < N_CLAIMS; c++)
        for (int r = 0; r < N_ROWS; r++)
            for (int m = 0; m < claims->n_measures; m++)
                if (is_wanted(claims, m)) {
                    csv_keys(reader, group, out);
                    csv_claim_row(claims, reader, c, r, m, out);
                }
    for (size_t i = 0; i < claims->others.n; i++)
        for (int m = 0; m < claims->n_measures; m++)
            if (is_wanted(claims, m)) {
                csv_keys(reader, group, out);
                csv_other_row(claims, reader, i, m, out);
            }
    for (int n = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            const struct loss_correlation *c = &claims->correlations[n][m];
            const double numbers[5] = {c->r, c->low, c->high, (double)NAN, (double)NAN};
            if (!is_wanted(claims, m))
                continue;
            csv_keys(reader, group, out);
            csv_begin_row(claims, "loss_correlation", m, (enum normalise)n, "", c->n, out);
            csv_numbers(numbers, 5, out);
            csv_end_row(claims, ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,", out);
        }
}

/* ---- JSON ---- */

static void json_configs(const char *key, const struct claim_result *result, enum side side, FILE *out)
{
    fprintf(out, "\"%s\": [", key);
    for (size_t p = 0; p < result->pairs.n; p++) {
        const struct claim_pair *pair = &result->pairs.pairs[p];
        fprintf(out, "%s%zu", p > 0 ? ", " : "", side_of(pair, side)->config);
    }
    fprintf(out, "]");
}

static void json_row(const struct claims *claims, int c, int r, int m, bool is_first, FILE *out)
{
    const struct claim_row *row = &claims->results[c].rows[r][m];
    fprintf(out,
            "%s\n      {\"measure\": \"%s\", \"number\": \"%s\", \"normalise\": \"%s\", \"decision\": \"%s\", "
            "\"effect\": ",
            is_first ? "" : ",", measure_table[m].name, claim_row_names[r],
            normalise_names[claim_row_normalise(c, (enum claim_row_kind)r)], decision_names[row->decision]);
    json_estimate(out, &row->effect);
    fprintf(out, ", \"mean_a\": ");
    json_number(out, row->mean_a);
    fprintf(out, ", \"mean_b\": ");
    json_number(out, row->mean_b);
    fprintf(out, ", \"identical\": ");
    json_estimate(out, &row->null);
    fprintf(out, ", \"warnings\": \"");
    csv_warnings(row->warnings, out);
    fprintf(out, "\"");
    if (r == ROW_JUDGED) {
        const struct claim_checks *checks = &claims->results[c].checks[m];
        if (claims->n_first > 0)
            fprintf(out, ", \"first_plan\": \"%s\"", decision_names[checks->first_plan]);
        fprintf(out, ", \"pairs\": %zu, \"same_attempt\": %zu, \"same_effect\": ", checks->n_pairs, checks->n_same);
        json_estimate(out, &checks->same);
        fprintf(out, ", \"noise_a\": ");
        json_number(out, claims->results[c].noise_a[m]);
        fprintf(out, ", \"noise_b\": ");
        json_number(out, claims->results[c].noise_b[m]);
    }
    fprintf(out, "}");
}

static void json_task_names(const char *key, const struct claim_side *side, const struct reader *reader, FILE *out)
{
    char name[TASK_LABEL_MAX];
    task_name(&reader->configs[side->config], side->tasks.a, name);
    fprintf(out, "\"%s\": [", key);
    json_text(out, name);
    fprintf(out, ", ");
    task_name(&reader->configs[side->config], side->tasks.b, name);
    json_text(out, name);
    fprintf(out, "], ");
}

static void json_pairs(const struct claims *claims, const struct reader *reader, int c, FILE *out)
{
    const struct claim_result *result = &claims->results[c];
    fprintf(out, "],\n     \"pairs\": [");
    for (size_t p = 0; p < result->pairs.n; p++) {
        const struct claim_pair *pair = &result->pairs.pairs[p];
        fprintf(out, "%s\n      {\"a\": %zu, ", p > 0 ? "," : "", pair->a.config);
        if (is_pair(c))
            fprintf(out, "\"b\": %zu, ", pair->b.config);
        fprintf(out, "\"tasks\": [%d, %d], ", pair->a.tasks.a + 1, pair->a.tasks.b + 1);
        json_task_names("task_names", &pair->a, reader, out);
        if (is_pair(c)) {
            fprintf(out, "\"tasks_b\": [%d, %d], ", pair->b.tasks.a + 1, pair->b.tasks.b + 1);
            json_task_names("task_names_b", &pair->b, reader, out);
        }
        fprintf(out, "\"control\": %s, \"effects\": {", claim_pair_has_controls(pair) ? "true" : "false");
        for (int m = 0, n = 0; m < claims->n_measures; m++)
            if (is_wanted(claims, m)) {
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
    fprintf(out, ",\n     \"multiverse\": {\"decision\": \"%s\", \"effect\": ", decision_names[multiverse->decision]);
    json_estimate(out, &multiverse->mean);
    fprintf(out, ", \"identical\": ");
    json_estimate(out, &multiverse->null);
    fprintf(out, ", \"measures\": [");
    for (int m = 0, n = 0; m < claims->n_measures; m++) {
        const struct multiverse_row *row = &multiverse->rows[m];
        if (!is_wanted(claims, m))
            continue;
        fprintf(out,
                "%s\n      {\"measure\": \"%s\", \"specifications\": %d, \"larger\": %d, \"reversed\": %d, \"least\": ",
                n++ ? "," : "", measure_table[m].name, row->n, row->n_larger, row->n_reversed);
        json_number(out, row->least);
        fprintf(out, ", \"median\": ");
        json_number(out, row->median);
        fprintf(out, ", \"largest\": ");
        json_number(out, row->largest);
        fprintf(out, ", \"flipping_choice\": \"%s\"}",
                row->choice < N_CHOICES && row->n > 0 ? choice_names[row->choice] : "");
    }
    fprintf(out, "]}");
}

static void json_claim(const struct claims *claims, const struct reader *reader, int c, FILE *out)
{
    const struct claim *claim = &claim_table[c];
    const struct claim_result *result = &claims->results[c];
    fprintf(out,
            "%s\n    {\"name\": \"%s\", \"statement\": \"%s\",\n     \"effect\": \"%s\",\n     \"shares\": \"%s\",\n"
            "     \"a\": \"%s\", ",
            c > 0 ? "," : "", claim->name, claim->statement, claim->definition, claim->shares, claim->a);
    if (claim->b)
        fprintf(out, "\"b\": \"%s\",\n     ", claim->b);
    json_configs("configurations_a", result, SIDE_A, out);
    fprintf(out, ", ");
    json_configs("configurations_b", is_pair(c) ? result : &(struct claim_result){0}, SIDE_B, out);
    fprintf(out, ",\n     \"smallest_effect\": %g, \"judged_pairs\": %zu,\n     \"verdicts\": [", result->smallest,
            result->n_judged);
    bool is_first = true;
    for (int r = 0; r < N_ROWS && result->pairs.n > 0; r++)
        for (int m = 0; m < claims->n_measures; m++)
            if (is_wanted(claims, m)) {
                json_row(claims, c, r, m, is_first, out);
                is_first = false;
            }
    json_pairs(claims, reader, c, out);
    if (result->pairs.n > 0)
        json_multiverse(claims, c, out);
    fprintf(out, "}");
}

/* The dials that a pair of tasks uses, with their values, as members. */
static void json_dials(const struct hyperparameters *h, struct task_pair pair, FILE *out)
{
    static const char *const names[FORMULA_DIALS] = {"a", "b", "c"};
    const double values[FORMULA_DIALS] = {h->a, h->b, h->c};
    const char *separator = "";
    for (int d = 0; d < FORMULA_DIALS; d++)
        if (task_pair_dials(h, pair) >> d & 1) {
            fprintf(out, "%s\"%s\": ", separator, names[d]);
            json_number(out, values[d]);
            separator = ", ";
        }
}

static void json_other(const struct claims *claims, const struct reader *reader, size_t i, FILE *out)
{
    const struct claim_pairs pairs = {claims->others.groups[i].pairs, claims->others.groups[i].n};
    const struct claim_result view = {.pairs = pairs};
    char formulas[2][TASK_TEXT_MAX];
    other_texts(reader, &claims->others.groups[i], formulas);
    fprintf(out, "%s\n    {\"tasks\": [", i > 0 ? "," : "");
    json_text(out, formulas[0]);
    fprintf(out, ", ");
    json_text(out, formulas[1]);
    fprintf(out, "], \"dials\": {");
    json_dials(&reader->configs[pairs.pairs[0].a.config], pairs.pairs[0].a.tasks, out);
    fprintf(out, "}, ");
    json_configs("configurations", &view, SIDE_A, out);
    fprintf(out, ", \"with_identical\": %zu, \"effects\": {", claims->other_results[i].n_judged);
    for (int m = 0, n = 0; m < claims->n_measures; m++) {
        const struct claim_row *row = &claims->other_results[i].rows[m];
        if (!is_wanted(claims, m))
            continue;
        fprintf(out, "%s\n      \"%s\": {\"effect\": ", n++ ? "," : "", measure_table[m].name);
        json_estimate(out, &row->effect);
        fprintf(out, ", \"mean\": ");
        json_number(out, row->mean_a);
        fprintf(out, ", \"mean_identical\": ");
        json_number(out, row->mean_b);
        if (claims->other_results[i].axis) {
            fprintf(out, ", \"trend\": ");
            json_estimate(out, &claims->other_results[i].slopes[m]);
        }
        fprintf(out, "}");
    }
    if (claims->other_results[i].axis)
        fprintf(out, "}, \"trend_along\": \"%s\", \"trend_per\": \"%s\"}", claims->other_results[i].axis->name,
                claims->other_results[i].is_logarithmic ? "doubling" : "1");
    else
        fprintf(out, "}}");
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

static void write_json(const struct claims *claims, const struct reader *reader, struct claims_group group, FILE *out)
{
    json_group(reader, group, out);
    fprintf(out, "  \"fewest_seeds\": %d,\n  \"simultaneous\": %s,\n  \"first_plan_replicates\": ", VERDICT_SEEDS,
            claims->is_simultaneous ? "true" : "false");
    if (claims->n_first > 0)
        fprintf(out, "%zu", claims->n_first);
    else
        fprintf(out, "null");
    fprintf(out, ",\n  \"selective_above\": %g,\n  \"mixed_below\": %g", claims->selective_above, claims->mixed_below);
    fprintf(out, ",\n  \"unimportant_below\": ");
    json_number(out, claims->unimportant_below);
    fprintf(out, ",\n  \"shares_of\": \"%s\",\n  \"claims\": [", shares_of(claims));
    for (int c = 0; c < N_CLAIMS; c++)
        json_claim(claims, reader, c, out);
    fprintf(out, "\n  ],\n  \"other_pairs\": [");
    for (size_t i = 0; i < claims->others.n; i++)
        json_other(claims, reader, i, out);
    fprintf(out, "%s],\n  \"loss_correlation\": [", claims->others.n > 0 ? "\n  " : "");
    for (int n = 0, n_written = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            const struct loss_correlation *c = &claims->correlations[n][m];
            struct estimate r = {c->r, c->low, c->high, c->n};
            if (!is_wanted(claims, m))
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

void claims_write(const struct claims *claims, const struct reader *reader, const struct selection *selection,
                  struct claims_group group, enum table_format format, FILE *out)
{
    if (format == TABLE_CSV)
        write_csv(claims, reader, group, out);
    else if (format == TABLE_JSON)
        write_json(claims, reader, group, out);
    else
        write_text(claims, reader, selection, group, out);
}
