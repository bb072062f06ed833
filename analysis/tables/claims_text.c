#include "claims_writer.h"
#include "formats.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define CONFIGS_SHOWN 6 /* in the table for people */
#define PAIRS_SHOWN   20
#define OTHERS_SHOWN  20

enum { PAIRS_OF_TASKS_SHOWN = 6, PAIR_TEXT_MAX = TASK_PAIR_LABEL_MAX };
enum { NAME_WIDTH = 19, HEAD_MAX = 32 }; /* of the overview: its first column, its other texts */

/* Configurations, each once: as many as are shown, and one. */
struct config_list {
    size_t configs[CONFIGS_SHOWN + 1], n;
};

static void list_add(struct config_list *list, size_t config)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->configs[i] == config)
            return;
    if (list->n <= CONFIGS_SHOWN)
        list->configs[list->n++] = config;
}

static struct config_list list_condition(const struct claim_result *result, enum side side)
{
    struct config_list list = {.n = 0};
    for (size_t p = 0; p < result->pairs.n; p++)
        list_add(&list, claim_pair_side(&result->pairs.pairs[p], side)->config);
    return list;
}

/* The identical tasks that a claim's conditions are held against. */
static struct config_list list_controls(const struct claim_result *result)
{
    struct config_list list = {.n = 0};
    for (size_t p = 0; p < result->pairs.n; p++)
        for (int s = SIDE_A; s <= SIDE_B; s++) {
            const struct claim_side *side = claim_pair_side(&result->pairs.pairs[p], (enum side)s);
            for (int i = 0; i < side->n_controls; i++)
                list_add(&list, side->controls[i]);
        }
    return list;
}

/* "  WORD CONDITION: configurations 1, 3, 5, ..." */
static void print_configs(const char *word, const char *condition, struct config_list list, FILE *out)
{
    char text[1024];
    size_t used = (size_t)snprintf(text, sizeof text, "%s: configuration%s ", condition, list.n == 1 ? "" : "s");
    for (size_t i = 0; i < list.n && i < CONFIGS_SHOWN; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu", i > 0 ? ", " : "", list.configs[i]);
    if (list.n > CONFIGS_SHOWN)
        snprintf(text + used, sizeof text - used, ", ...");
    table_wrapped(word, text, out);
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
        pair_text(reader, claim_pair_side(&result->pairs.pairs[p], side), text);
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

/* A measure's name in two lines: as its words are, or divided where there is only a long one. */
static void head_of(const char *name, int line, char head[HEAD_MAX])
{
    int n = (int)strcspn(name, "_"), all = (int)strlen(name);
    bool is_divided = n == all && n > 10;
    if (line == 0)
        snprintf(head, HEAD_MAX, "%.*s%s", is_divided ? n / 2 : n, name, is_divided ? "-" : "");
    else
        snprintf(head, HEAD_MAX, "%s", is_divided ? name + n / 2 : n < all ? name + n + 1 : "");
}

static void judged_verdict(const struct claims *claims, int c, int m, char verdict[CLAIMS_VERDICT_MAX])
{
    claims_row_verdict(&claims->results[c].rows[ROW_JUDGED][m], verdict);
}

/* How wide a measure's column has to be. */
static int overview_width(const struct claims *claims, int m)
{
    char text[HEAD_MAX];
    size_t width = 0;
    for (int line = 0; line < 2; line++) {
        head_of(measure_table[m].name, line, text);
        width = strlen(text) > width ? strlen(text) : width;
    }
    for (int c = 0; c < N_CLAIMS; c++) {
        judged_verdict(claims, c, m, text);
        if (claims->results[c].pairs.n > 0 && strlen(text) > width)
            width = strlen(text);
    }
    return (int)width;
}

/* The verdicts under the measures [n] `shown`, in columns of these widths. */
static void write_verdicts(const struct claims *claims, const int *shown, const int *widths, int n, FILE *out)
{
    char text[HEAD_MAX];
    for (int line = 0; line < 2; line++) {
        fprintf(out, "%-*s", NAME_WIDTH, line == 0 ? "" : "claim");
        for (int i = 0; i < n; i++) {
            head_of(measure_table[shown[i]].name, line, text);
            fprintf(out, " %*s", widths[i], text);
        }
        fprintf(out, "\n");
    }
    for (int c = 0; c < N_CLAIMS; c++) {
        bool is_there = claims->results[c].pairs.n > 0;
        fprintf(out, "%-*s%s", NAME_WIDTH, claim_table[c].name, is_there ? "" : "  not in this file");
        for (int i = 0; i < n && is_there; i++) {
            judged_verdict(claims, c, shown[i], text);
            fprintf(out, " %*s", widths[i], text);
        }
        fprintf(out, "\n");
    }
}

/* One table, or, where the verdicts are too long for that, one below the other. */
static void write_overview(const struct claims *claims, FILE *out)
{
    int shown[N_MEASURES], widths[N_MEASURES], n = 0, columns = NAME_WIDTH;
    for (int m = 0; m < claims->n_measures; m++) {
        int width = overview_width(claims, m);
        if (!claims_has_measure(claims, m))
            continue;
        if (columns + 1 + width > TABLE_COLUMNS_MAX) {
            write_verdicts(claims, shown, widths, n, out);
            fprintf(out, "\n");
            n = 0;
            columns = NAME_WIDTH;
        }
        shown[n] = m;
        widths[n++] = width;
        columns += 1 + width;
    }
    write_verdicts(claims, shown, widths, n, out);
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
    char effect[64], verdict[CLAIMS_VERDICT_MAX];
    effect_format(&row->effect, effect);
    claims_row_verdict(row, verdict);
    fprintf(out, "  %-15s %-6s %-10s  %-23s", r == ROW_JUDGED ? measure_table[m].name : "", number_name(c, r), verdict,
            effect);
    if (isfinite(row->mean_a))
        fprintf(out, " %+5.2f", row->mean_a);
    if (isfinite(row->mean_a) && isfinite(row->mean_b))
        fprintf(out, " %+5.2f", row->mean_b);
    if (row->null.n > 0)
        fprintf(out, " %+6.3f", row->null.value);
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
        table_prose(out, "     ", "accepted in the same attempt: %zu of %zu pairs; among them %s, %s", checks->n_same,
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
        return "no control: not judged";
    for (int m = 0; m < claims->n_measures; m++)
        if (claims_has_measure(claims, m)) {
            n_wanted++;
            n_counted += claims_pair_counts(claims, c, p, m) ? 1 : 0;
        }
    if (n_counted == n_wanted)
        return "";
    return n_counted == 0 ? "under 6 seeds: not judged" : "under 6 seeds by some measures: not judged by those";
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
    fprintf(out, "  Each pair's effect, by measure (! its own interval, Bonferroni's t, lies\n"
                 "  beyond 0 the other way):\n");
    for (size_t p = 0; p < result->pairs.n && p < PAIRS_SHOWN; p++) {
        const struct claim_pair *pair = &result->pairs.pairs[p];
        char name[64];
        snprintf(name, sizeof name, claim_has_two(c) ? "%zu - %zu" : "%zu",
                 claim_has_two(c) ? pair->b.config : pair->a.config, pair->a.config);
        fprintf(out, "    %-14s", name);
        for (int m = 0; m < claims->n_measures; m++) {
            const struct estimate *effect = &result->pair_effects[p * (size_t)claims->n_measures + (size_t)m];
            double pooled = result->rows[ROW_JUDGED][m].effect.value;
            if (!claims_has_measure(claims, m))
                continue;
            bool is_opposed = claims_pair_counts(claims, c, p, m) &&
                              ((pooled > 0 && effect->high < 0) || (pooled < 0 && effect->low > 0));
            if (isfinite(effect->value))
                fprintf(out, " %+6.3f%s", effect->value, is_opposed ? "!" : " ");
            else
                fprintf(out, " %6s ", "-");
        }
        if (!is_one_pair)
            fprintf(out, " tasks %d-%d", pair->a.tasks.a + 1, pair->a.tasks.b + 1);
        fprintf(out, "\n");
        const char *reason = why_not_judged(claims, c, p);
        if (*reason && result->n_judged > 0) /* else it has been said of all */
            fprintf(out, "      %s\n", reason);
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
    fprintf(out, "  Multiverse: specifications that say larger (reversed), least, median and\n"
                 "  largest effect, and the choice that most often changes the verdict:\n");
    for (int m = 0; m < claims->n_measures; m++) {
        const struct multiverse_row *row = &multiverse->rows[m];
        if (!claims_has_measure(claims, m) || row->n == 0)
            continue;
        fprintf(out, "    %-15s %2d (%d) of %d  %+.3f %+.3f %+.3f", measure_table[m].name, row->n_larger,
                row->n_reversed, row->n, row->least, row->median, row->largest);
        if (row->choice < N_CHOICES)
            fprintf(out, "  %s (%.0f %%)", choice_names[row->choice], 100 * row->flips);
        fprintf(out, "\n");
    }
    effect_format(&multiverse->mean, effect);
    claims_verdict(multiverse->decision, &multiverse->mean, &multiverse->null, verdict);
    fprintf(out, "    mean of all, by seed: %s, %s", effect, verdict);
    if (multiverse->null.n > 0)
        fprintf(out, "; identical %+.3f", multiverse->null.value);
    fprintf(out, "\n");
}

static void write_controls(const struct claim_result *result, const struct reader *reader, FILE *out)
{
    struct config_list controls = list_controls(result);
    if (controls.n > 0)
        print_configs(" ", "identical tasks", controls, out);
    if (result->n_judged == 0)
        fprintf(out,
                "  No verdict without the identical tasks that it is held against. To add them:\n"
                "    picky-analyse claims %s --control -o control.cfg &&\n"
                "    picky extend %s control.cfg\n",
                reader->path, reader->path);
    else if (result->n_judged < result->pairs.n)
        table_prose(out, " ", "%zu of %zu pairs have the identical tasks that they are held against, and are judged.",
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
        table_prose(out, " ",
                    "%zu of %zu pairs of models stem from different attempts; those that start alike count as one",
                    most->n_pairs - most->n_same, most->n_pairs);
}

static void write_claim(const struct claims *claims, const struct reader *reader, int c, FILE *out)
{
    const struct claim *claim = &claim_table[c];
    const struct claim_result *result = &claims->results[c];
    char name[64];
    snprintf(name, sizeof name, "\n%s:", claim->name);
    table_prose(out, name, "%s", claim->statement);
    if (result->pairs.n == 0) {
        fprintf(out, "  Not in this file. It takes\n");
        table_wrapped("  a =", claim->a, out);
        if (claim->b)
            table_wrapped("  b =", claim->b, out);
        return;
    }
    table_wrapped(claim->is_leaning ? "  /layer:" : "  D:", claim->definition, out);
    table_wrapped(claim->is_leaning ? "  raw:" : "  shares:", claim->shares, out);
    print_configs("  a =", claim->a, list_condition(result, SIDE_A), out);
    print_tasks(reader, result, SIDE_A, out);
    if (claim->b) {
        print_configs("  b =", claim->b, list_condition(result, SIDE_B), out);
        print_tasks(reader, result, SIDE_B, out);
    }
    write_controls(result, reader, out);
    int64_t units = least_units(result, reader, claim->b != NULL);
    fprintf(out, "  Smallest effect of interest: %s%s\n", text_number(result->smallest).words,
            result->smallest * (double)units < 1 ? " (below one unit of the smallest layer)" : "");
    size_t n_seeds = 0;
    for (int m = 0; m < claims->n_measures; m++)
        if (result->rows[ROW_JUDGED][m].effect.n > n_seeds)
            n_seeds = result->rows[ROW_JUDGED][m].effect.n;
    table_prose(out, " ", "%zu seeds; effect [95 %%], means of %s", n_seeds,
                claim_has_two(c) ? "a and b, the same difference between identical tasks" : "a and of identical tasks");
    write_attempts(claims, c, out);
    if (n_seeds >= VERDICT_SEEDS && n_seeds < WARNING_MINORITY_SEEDS)
        table_prose(out, " ", "Warning: under %d seeds, one model in five that is unlike the others may be missed.",
                    WARNING_MINORITY_SEEDS);
    for (int m = 0; m < claims->n_measures; m++)
        if (claims_has_measure(claims, m)) {
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
        if (!claims_has_measure(claims, m))
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
        if (!claims_has_measure(claims, m))
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
    fprintf(out, "\nOther pairs of tasks, which no claim is about: D, mean of all layers, less that\n"
                 "of identical tasks [95 %%], and D of both; its trend where one hyperparameter is\n"
                 "swept. No verdict.\n");
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
    fputc('\n', out);
    table_filled(
        out,
        "Each claim is an effect, a mean over seeds, held against networks that learnt\n"
        "one task twice. larger: its 95 %% interval lies above the smallest effect of\n"
        "interest; reversed: below that the other way round; negligible: between the\n"
        "two, of %d seeds or more; undecided: all else; mixed: a pair of configurations\n"
        "says the opposite; selection: pairs that accepted the same attempt say\n"
        "otherwise; no control: no identical tasks in the file; too few: under %d seeds.\n"
        "*: identical tasks have as much of it, or more (of claims with two conditions,\n"
        "from which theirs is not subtracted).\n"
        "Judged on D = 1/2 sum |p_A - p_B| of a layer, p being a unit's share of a\n"
        "task's importance: 0 if both tasks use the same units, 1 if they share none.\n"
        "Beside it, shares of selective (|RI| > %s) and mixed (|RI| < %s) units, of\n"
        "importances as they are and divided by their sum over the layer (/layer):\n"
        "below %s of its layer's mean one counts as 0; shares of a layer are\n"
        "shares of %s.\n%s",
        VERDICT_NEGLIGIBLE_SEEDS, VERDICT_SEEDS, text_number(claims->selective_above).words,
        text_number(claims->mixed_below).words, text_number(claims->unimportant_below).words,
        claims->is_of_important ? "its important units" : "all its units",
        claims->is_simultaneous
            ? "Intervals hold all together (Bonferroni's t over claims and measures).\n"
            : "Intervals are not corrected for the number of claims and measures\n(--simultaneous does so).\n");
    write_statuses(claims, out);
}

void claims_text(const struct claims *claims, const struct reader *reader, const struct selection *selection,
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
    fputc('\n', out);
    table_filled(out, "Why measures disagree: correlation, over the models of a configuration, of mean\n"
                      "RI (mean of all layers) with ln(test loss of task 1 / of task 2) [95 %%]. A\n"
                      "measure that scales with the residual follows the losses, whatever neurons do.\n");
    for (int n = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            const struct loss_correlation *c = &claims->correlations[n][m];
            if (!claims_has_measure(claims, m))
                continue;
            fprintf(out, "  %-16s %-6s", measure_table[m].name, n == NORMALISE_LAYER ? "/layer" : "");
            if (isfinite(c->low))
                fprintf(out, "  r = %+.2f [%+.2f, %+.2f]  %zu models\n", c->r, c->low, c->high, c->n);
            else
                fprintf(out, "  r = -  %zu models\n", c->n);
        }
}
