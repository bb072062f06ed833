#include "report_claims.h"

#include <math.h>

#define CONFIGS_SHOWN 12 /* numbers of configurations of a condition */

static const char *const classes[N_DECISIONS] = {"yes", "no", "no", "open", "open", "open", "few", "few"};
static const char *const row_names[N_ROWS] = {"D", "shares, raw", "shares, by layer"};

static void write_measures(const struct report *report)
{
    for (int m = 0; m < report->claims.n_measures; m++)
        fprintf(report->out, "<th scope=\"col\">%s</th>", measure_table[m].name);
}

/* "supported" and, small, "+0.123 [+0.100, +0.145]" */
static void write_verdict(FILE *out, const struct claim_row *verdict, bool is_pair)
{
    const struct estimate *effect = &verdict->effect;
    fprintf(out, "<td class=\"%s\"", classes[verdict->decision]);
    if (is_pair && isfinite(verdict->mean_a))
        fprintf(out, " title=\"a: %+.3f, b: %+.3f, %zu seeds\"", verdict->mean_a, verdict->mean_b, effect->n);
    else
        fprintf(out, " title=\"%zu seeds\"", effect->n);
    fprintf(out, ">%s", decision_names[verdict->decision]);
    if (isfinite(effect->low))
        fprintf(out, "<small>%+.3f<br>[%+.3f, %+.3f]</small>", effect->value, effect->low, effect->high);
    else if (isfinite(effect->value))
        fprintf(out, "<small>%+.3f</small>", effect->value);
    fprintf(out, "</td>");
}

static void write_claim(const struct report *report, int c)
{
    const struct claim_result *result = &report->claims.results[c];
    FILE *out = report->out;
    for (int r = 0; r < N_ROWS; r++) {
        const char *name = r == ROW_JUDGED && claim_table[c].is_leaning ? "leaning, by layer" : row_names[r];
        fprintf(out, "<tr>");
        if (r == 0) {
            fprintf(out, "<th scope=\"rowgroup\" rowspan=\"%d\" class=\"label\">", (int)N_ROWS);
            html_text(out, claim_table[c].statement);
            fprintf(out, "</th>");
        }
        fprintf(out, "<th scope=\"row\">%s</th>", name);
        for (int m = 0; m < report->claims.n_measures; m++)
            write_verdict(out, &result->rows[r][m], claim_table[c].b != NULL);
        fprintf(out, "</tr>\n");
    }
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
    fprintf(out,
            "<h3>What is measured</h3>\n<p>Selective: |RI| &gt; %g; mixed: |RI| &lt; %g; shares are of all units of "
            "a layer.</p>\n<div class=\"scroll\"><table class=\"definitions\">\n"
            "<thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">Effect</th><th scope=\"col\">a</th><th "
            "scope=\"col\">b</th></tr></thead>\n<tbody>\n",
            RI_SELECTIVE_ABOVE, RI_MIXED_BELOW);
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
    fprintf(out, "</tbody></table></div>\n");
}

static void write_correlations(const struct report *report)
{
    FILE *out = report->out;
    fprintf(out,
            "<h3>Why measures disagree</h3>\n<p>Correlation, over the models of a configuration, of mean RI with "
            "ln(test loss of task 1 / of task 2), with 95&nbsp;%% intervals. A measure that scales with the residual "
            "follows the losses, whatever neurons do.</p>\n<div class=\"scroll\"><table>\n<thead><tr>"
            "<th scope=\"col\">importances</th>");
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
    fprintf(out, "</tbody></table></div>\n");
}

void report_claims(const struct report *report)
{
    FILE *out = report->out;
    int n_missing = 0;

    fprintf(
        out,
        "<section id=\"claims\" aria-labelledby=\"h-claims\">\n<h2 id=\"h-claims\">Claims</h2>\n"
        "<p>The 2020 notebook&rsquo;s conclusions, under each measure of importance, held against networks that learnt "
        "one task twice. Each is an effect, a mean over seeds: <b>larger</b> if its 95&nbsp;%% interval lies above the "
        "smallest effect of interest (%g); <b>reversed</b> if it lies below that the other way round; "
        "<b>negligible</b> if between the two, of %d seeds or more; else undecided. <b>No control</b>: the file has no "
        "identical tasks to hold it against. Under %d seeds, <b>too few</b>, there is no verdict. D, of a layer, is 0 "
        "if "
        "both tasks use the same units and 1 if they share none. "
        "Intervals are not corrected for the number of claims and measures.</p>\n"
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"h-claims\"><table class=\"claims\">\n"
        "<thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">importances</th>",
        CLAIM_SMALLEST_EFFECT, VERDICT_NEGLIGIBLE_SEEDS, VERDICT_SEEDS);
    write_measures(report);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (int c = 0; c < N_CLAIMS; c++)
        if (report->claims.results[c].pairs.n > 0)
            write_claim(report, c);
        else
            n_missing++;
    fprintf(out, "</tbody></table></div>\n");
    if (n_missing > 0) {
        const char *separator = "<p class=\"note\">These configurations say nothing about: ";
        for (int c = 0; c < N_CLAIMS; c++)
            if (report->claims.results[c].pairs.n == 0) {
                fputs(separator, out);
                html_text(out, claim_table[c].statement);
                separator = "; ";
            }
        fprintf(out, ".</p>\n");
    }
    write_definitions(report);
    write_correlations(report);
    fprintf(out, "</section>\n");
}
