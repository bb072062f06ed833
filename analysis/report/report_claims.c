#include "report_claims.h"

#include "formats.h"
#include "report_forest.h"

#include <math.h>

#define CONFIGS_SHOWN 12 /* numbers of configurations of a condition */

static const char *const classes[N_DECISIONS] = {"yes", "no", "no", "open", "open", "open", "few", "few"};
static const char *const row_names[N_ROWS] = {"D", "shares, raw", "shares, by layer"};

static void write_measures(const struct report *report)
{
    for (int m = 0; m < report->claims.n_measures; m++)
        fprintf(report->out, "<th scope=\"col\">%s</th>", measure_table[m].name);
}

/* "larger" and, small, the effect, its interval, both means and the seeds. */
static void write_verdict(FILE *out, const struct claim_row *verdict)
{
    const struct estimate *effect = &verdict->effect;
    char name[CLAIMS_VERDICT_MAX];
    claims_row_verdict(verdict, name);
    fprintf(out, "<td class=\"%s\">%s", classes[verdict->decision], name);
    if (isfinite(effect->low))
        fprintf(out, "<small>%+.3f<br>[%+.3f, %+.3f]</small>", effect->value, effect->low, effect->high);
    else if (isfinite(effect->value))
        fprintf(out, "<small>%+.3f</small>", effect->value);
    if (isfinite(verdict->mean_a) && isfinite(verdict->mean_b))
        fprintf(out, "<small>%+.3f; %+.3f</small>", verdict->mean_a, verdict->mean_b);
    fprintf(out, "<small>n = %zu</small></td>", effect->n);
}

/* A row of numbers beside the verdicts: identical tasks, or noise. */
static void write_beside(const struct report *report, const char *name, int c, bool is_noise)
{
    const struct claim_result *result = &report->claims.results[c];
    FILE *out = report->out;
    fprintf(out, "<tr><th scope=\"row\">%s</th>", name);
    for (int m = 0; m < report->claims.n_measures; m++) {
        const struct estimate *null = &result->rows[ROW_JUDGED][m].null;
        double first = is_noise ? result->noise_a[m] : null->n > 0 ? null->value : (double)NAN;
        fprintf(out, "<td>");
        if (isfinite(first))
            fprintf(out, "%+.3f", first);
        else
            fprintf(out, "-");
        if (is_noise && isfinite(result->noise_b[m]))
            fprintf(out, "; %+.3f", result->noise_b[m]);
        fprintf(out, "</td>");
    }
    fprintf(out, "</tr>\n");
}

static void write_claim(const struct report *report, int c)
{
    const struct claim_result *result = &report->claims.results[c];
    bool has_null = claim_table[c].b && result->n_judged > 0, has_noise = report->noise == NOISE_MEASURED;
    bool is_repeated = claims_is_repeated(&report->claims, c, ROW_KINDS_BY_LAYER); /* the last row */
    FILE *out = report->out;
    for (int r = 0; r < N_ROWS - (is_repeated ? 1 : 0); r++) {
        const char *name = r == ROW_JUDGED && claim_table[c].is_leaning ? "leaning, by layer" : row_names[r];
        fprintf(out, "<tr>");
        if (r == 0) {
            fprintf(out, "<th scope=\"rowgroup\" rowspan=\"%d\" class=\"label\">",
                    (int)N_ROWS - (is_repeated ? 1 : 0) + (has_null ? 1 : 0) + (has_noise ? 1 : 0));
            html_text(out, claim_table[c].statement);
            fprintf(out, "</th>");
        }
        fprintf(out, "<th scope=\"row\">%s</th>", name);
        for (int m = 0; m < report->claims.n_measures; m++)
            write_verdict(out, &result->rows[r][m]);
        fprintf(out, "</tr>\n");
    }
    if (has_null)
        write_beside(report, "identical tasks", c, false);
    if (has_noise)
        write_beside(report, "noise", c, true);
}

/* All numbers of all claims. */
static void write_numbers(const struct report *report)
{
    FILE *out = report->out;
    report_fold_begin(out, "The numbers of all claims", 0);
    fprintf(out, "<p>Verdict, effect, 95&nbsp;%% interval; means of a and b (of one condition: of it and of identical "
                 "tasks); n seeds. Below: the same difference between identical tasks");
    if (report->noise == NOISE_MEASURED)
        fprintf(out, "; noise, the number between one task&rsquo;s importances on two test sets, of a and b");
    fprintf(out, ". Shares: of selective and mixed neurons, of importances as they are, and divided by their sum over "
                 "the layer.</p>\n");
    report_table_begin(out, "Numbers of the claims", "claims");
    fprintf(out, "<thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">number</th>");
    write_measures(report);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (int c = 0; c < N_CLAIMS; c++)
        if (report->claims.results[c].pairs.n > 0)
            write_claim(report, c);
    report_table_end(out);
    report_fold_end(out);
}

/* ---- the same claims under other specifications ---- */

static void write_multiverse_of(FILE *out, const struct claims *claims, int c)
{
    const struct multiverse *multiverse = &claims->results[c].multiverse;
    int n_rows = 0, n_written = 0;
    char effect[64], verdict[CLAIMS_VERDICT_MAX];
    for (int m = 0; m < claims->n_measures; m++)
        n_rows += multiverse->rows[m].n > 0;
    for (int m = 0; m < claims->n_measures; m++) {
        const struct multiverse_row *row = &multiverse->rows[m];
        if (row->n == 0)
            continue;
        fprintf(out, "<tr>");
        if (n_written++ == 0) {
            effect_format(&multiverse->mean, effect);
            claims_verdict(multiverse->decision, &multiverse->mean, &multiverse->null, verdict);
            fprintf(out, "<th scope=\"rowgroup\" rowspan=\"%d\" class=\"label\">", n_rows);
            html_text(out, claim_table[c].statement);
            fprintf(out, "<br><small>mean of all: %s, %s", effect, verdict);
            if (multiverse->null.n > 0)
                fprintf(out, "; identical tasks %+.3f", multiverse->null.value);
            fprintf(out, "</small></th>");
        }
        fprintf(out,
                "<th scope=\"row\">%s</th><td class=\"n\">%d</td><td class=\"n\">%d</td><td class=\"n\">%d</td>"
                "<td class=\"n\">%+.3f</td><td class=\"n\">%+.3f</td><td class=\"n\">%+.3f</td><td>",
                measure_table[m].name, row->n_larger, row->n_reversed, row->n, row->least, row->median, row->largest);
        if (row->choice < N_CHOICES)
            fprintf(out, "%s (%.0f&nbsp;%%)", choice_names[row->choice], 100 * row->flips);
        else
            fprintf(out, "none");
        fprintf(out, "</td></tr>\n");
    }
}

static void write_multiverse(const struct report *report)
{
    FILE *out = report->out;
    report_fold_begin(out, "The claims put in other ways (multiverse)", 0);
    fprintf(out, "<p>Each measure&rsquo;s specifications: D, and shares of selective neurons, raw or divided by the "
                 "layer&rsquo;s sum, of all or of important neurons, with three cut-offs. How many say larger and "
                 "reversed, their effects, and the choice that most often changes the verdict. The count is no "
                 "evidence: they share their models, and may all be wrong together. The one inference is the mean over "
                 "all, seed by seed (&ldquo;all ways&rdquo; above).</p>\n");
    report_table_begin(out, "Specifications of the claims", NULL);
    fprintf(out, "<thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">measure</th>");
    static const char *const heads[] = {"larger", "reversed", "of", "least", "median", "largest effect"};
    for (size_t h = 0; h < sizeof heads / sizeof heads[0]; h++)
        fprintf(out, "<th scope=\"col\" class=\"n\">%s</th>", heads[h]);
    fprintf(out, "<th scope=\"col\">most telling choice</th></tr></thead>\n<tbody>\n");
    for (int c = 0; c < N_CLAIMS; c++)
        if (report->claims.results[c].multiverse.mean.n > 0)
            write_multiverse_of(out, &report->claims, c);
    report_table_end(out);
    report_fold_end(out);
}

static void write_condition(const struct report *report, const char *condition, const struct claim_result *result,
                            bool is_b)
{
    FILE *out = report->out;
    fprintf(out, "<td>");
    if (condition) {
        html_text(out, condition);
        fprintf(out, " <small>(no. ");
        for (size_t i = 0; i < result->pairs.n && i < CONFIGS_SHOWN; i++)
            fprintf(out, "%s%zu", i ? ", " : "",
                    is_b ? result->pairs.pairs[i].b.config : result->pairs.pairs[i].a.config);
        fprintf(out, "%s)</small>", result->pairs.n > CONFIGS_SHOWN ? ", &hellip;" : "");
    }
    fprintf(out, "</td>");
}

static void write_definitions(const struct report *report)
{
    FILE *out = report->out;
    report_fold_begin(out, "What each claim measures", 0);
    fprintf(out, "<p>Selective: |RI| &gt; %g; mixed: |RI| &lt; %g; shares are of all neurons of a layer.</p>\n",
            RI_SELECTIVE_ABOVE, RI_MIXED_BELOW);
    report_table_begin(out, "What each claim measures", "definitions");
    fprintf(out, "<thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">Effect</th><th scope=\"col\">a</th><th "
                 "scope=\"col\">b</th></tr></thead>\n<tbody>\n");
    for (int c = 0; c < N_CLAIMS; c++) {
        const struct claim_result *result = &report->claims.results[c];
        if (result->pairs.n == 0)
            continue;
        fprintf(out, "<tr><th scope=\"row\">");
        html_text(out, claim_table[c].statement);
        fprintf(out, "</th><td>");
        html_text(out, claim_table[c].definition);
        fprintf(out, "</td>");
        write_condition(report, claim_table[c].a, result, false);
        write_condition(report, claim_table[c].b, result, true);
        fprintf(out, "</tr>\n");
    }
    report_table_end(out);
    report_fold_end(out);
}

static void write_correlations(const struct report *report)
{
    FILE *out = report->out;
    report_fold_begin(out, "Why measures disagree", 0);
    fprintf(out,
            "<p>Correlation, over the models of a configuration, of mean RI with "
            "ln(test loss of task 1 / of task 2), with 95&nbsp;%% intervals. A measure that scales with the residual "
            "follows the losses, whatever neurons do.</p>\n");
    report_table_begin(out, "Correlation of mean RI with the losses", "stacked");
    fprintf(out, "<thead><tr><th scope=\"col\">importances</th>");
    write_measures(report);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (int n = 0; n < N_NORMALISE; n++) {
        fprintf(out, "<tr><th scope=\"row\">%s</th>", n == NORMALISE_LAYER ? "by layer" : "raw");
        for (int m = 0; m < report->claims.n_measures; m++) {
            const struct loss_correlation *correlation = &report->claims.correlations[n][m];
            if (isfinite(correlation->low))
                fprintf(out, "<td class=\"n\">%+.2f <small>[%+.2f, %+.2f]</small></td>", correlation->r,
                        correlation->low, correlation->high);
            else
                fprintf(out, "<td class=\"n\">-</td>");
        }
        fprintf(out, "</tr>\n");
    }
    report_table_end(out);
    report_fold_end(out);
}

/* What the file has not: claims, identical tasks, noise. */
static void write_lacking(const struct report *report)
{
    const struct claims *claims = &report->claims;
    const char *separator = "<p class=\"note\">These configurations say nothing about: ";
    bool lacks_controls = false, lacks_claims = false;
    FILE *out = report->out;
    for (int c = 0; c < N_CLAIMS; c++) {
        const struct claim_result *result = &claims->results[c];
        lacks_controls = lacks_controls || (result->pairs.n > 0 && result->n_judged == 0);
        if (result->pairs.n > 0)
            continue;
        lacks_claims = true;
        fputs(separator, out);
        html_text(out, claim_table[c].statement);
        separator = "; ";
    }
    if (lacks_claims)
        fprintf(out, ".</p>\n");
    if (lacks_controls)
        fprintf(out, "<p class=\"note\">No control: train the identical tasks that claims are held against with "
                     "<code>picky-analyse claims FILE --control -o control.cfg &amp;&amp; picky extend FILE "
                     "control.cfg</code>.</p>\n");
    if (report->noise == NOISE_TOO_MANY)
        fprintf(out,
                "<p class=\"note\">Noise is measured for %d configurations or fewer; of more, "
                "<code>picky-analyse claims FILE --noise</code> does it.</p>\n",
                REPORT_NOISE_MAX);
    if (report->noise == NOISE_IMPOSSIBLE) {
        fprintf(out, "<p class=\"note\">Noise cannot be measured: ");
        html_text(out, report->noise_error.message);
        fprintf(out, "</p>\n");
    }
}

void report_claims(const struct report *report)
{
    FILE *out = report->out;
    bool has_multiverse = false;
    for (int c = 0; c < N_CLAIMS; c++)
        has_multiverse = has_multiverse || report->claims.results[c].multiverse.mean.n > 0;
    fprintf(
        out,
        "<section id=\"claims\" aria-labelledby=\"h-claims\">\n<h2 id=\"h-claims\">Verdicts</h2>\n"
        "<p>The 2020 notebook&rsquo;s conclusions, under each measure of importance, held against networks that learnt "
        "one task twice. Each is an effect, a mean over seeds: <b>larger</b> if its 95&nbsp;%% interval lies above the "
        "smallest effect of interest (%g); <b>reversed</b> if it lies below that the other way round; "
        "<b>negligible</b> if between the two, of %d seeds or more; else undecided. <b>No control</b>: the file has no "
        "identical tasks to hold it against. <b>*</b>: identical tasks have as much of it, or more. Under %d seeds, "
        "<b>too few</b>, there is no verdict. D, of a layer, is 0 "
        "if both tasks use the same units and 1 if they share none. "
        "Intervals are not corrected for the number of claims and measures.</p>\n",
        CLAIM_SMALLEST_EFFECT, VERDICT_NEGLIGIBLE_SEEDS, VERDICT_SEEDS);
    report_forest(report);
    write_lacking(report);
    write_numbers(report);
    if (has_multiverse)
        write_multiverse(report);
    write_definitions(report);
    write_correlations(report);
    fprintf(out, "</section>\n");
}
