#include "report_forest.h"

#include "forest.h"
#include "formats.h"
#include "layout.h"

#include <math.h>
#include <string.h>

#define ROW_HEIGHT   17.0
#define WIDTH        360.0 /* of a panel: a phone's screen, a third of a page */
#define PAIRS_MARKED 40    /* pairs of configurations that have marks of their own */

static const struct box plot = {104, 4, 174, 0}; /* its height is that of the rows */
#define VERDICT_LEFT (plot.left + plot.width + 8)

static double x_of(const struct forest *forest, double value)
{
    return plot.left + plot.width * (value - forest->low) / (forest->high - forest->low);
}

/* Without identical tasks, or seeds, a claim may have none. */
static bool has_effect(const struct claim_result *result)
{
    for (int m = 0; m < N_MEASURES; m++)
        if (result->pairs.n > 0 && result->rows[ROW_JUDGED][m].effect.n > 0)
            return true;
    return false;
}

static void write_axis(FILE *out, const struct forest *forest, double bottom)
{
    double step = layout_step(forest->high - forest->low, 5);
    svg_line(out, plot.left, bottom, plot.left + plot.width, bottom, "axis");
    for (double tick = ceil(forest->low / step); tick * step <= forest->high; tick++) {
        char text[32];
        double value = tick * step, x = x_of(forest, value);
        bool is_zero = fabs(value) < step / 2;
        snprintf(text, sizeof text, is_zero ? "0" : "%+g", value);
        svg_line(out, x, plot.top, x, bottom + 3, is_zero ? "axis" : "grid");
        svg_text(out, x, bottom + 14, SVG_MIDDLE, "soft", text);
    }
}

static void write_pairs(const struct report *report, int c, int m, const struct forest *forest, double y)
{
    const struct claim_result *result = &report->claims.results[c];
    for (size_t p = 0; p < result->pairs.n && p < PAIRS_MARKED && result->pairs.n > 1; p++) {
        double value = result->pair_effects[p * (size_t)report->claims.n_measures + (size_t)m].value;
        if (isfinite(value) && claims_pair_counts(&report->claims, c, p, m))
            svg_line(report->out, x_of(forest, value), y + 2, x_of(forest, value), y + 6.5, "pair");
    }
}

/* The effect, full where there is an answer, and its interval. */
static void write_effect(FILE *out, const struct forest *forest, const struct estimate *effect, enum decision decision,
                         double y)
{
    bool is_answer = decision == DECISION_LARGER || decision == DECISION_REVERSED || decision == DECISION_NEGLIGIBLE;
    if (isfinite(effect->low))
        svg_line(out, x_of(forest, effect->low), y, x_of(forest, effect->high), y, "effect");
    if (isfinite(effect->value))
        fprintf(out, "<circle class=\"effect%s\" cx=\"%.5g\" cy=\"%.5g\" r=\"3.4\"/>\n", is_answer ? "" : " open",
                x_of(forest, effect->value), y);
}

static void write_marks(FILE *out, const struct forest *forest, double null, double noise, double y)
{
    if (isfinite(null))
        fprintf(out, "<path class=\"null\" d=\"M%.5g,%.5gl4,4l-4,4l-4,-4z\"/>\n", x_of(forest, null), y - 4);
    if (isfinite(noise))
        fprintf(out, "<path class=\"noise\" d=\"M%.5g,%.5gl6,6m0,-6l-6,6\"/>\n", x_of(forest, noise) - 3, y - 3);
}

static void describe(const struct report *report, int c, char text[2048])
{
    size_t used = 0;
    *text = '\0';
    for (int m = 0; m < report->claims.n_measures; m++) {
        const struct claim_row *row = &report->claims.results[c].rows[ROW_JUDGED][m];
        char effect[64], verdict[CLAIMS_VERDICT_MAX];
        effect_format(&row->effect, effect);
        claims_row_verdict(row, verdict);
        used += (size_t)snprintf(text + used, 2048 - used, "%s%s: %s, %s", m ? "; " : "", measure_table[m].name,
                                 verdict, effect);
    }
}

static void write_panel(const struct report *report, int c, const struct forest *forest)
{
    const struct claim_result *result = &report->claims.results[c];
    const struct multiverse *multiverse = &result->multiverse;
    FILE *out = report->out;
    char description[2048], verdict[CLAIMS_VERDICT_MAX];
    int n_measures = report->claims.n_measures, n_rows = n_measures + (multiverse->mean.n > 0);
    double bottom = plot.top + ROW_HEIGHT * n_rows;

    describe(report, c, description);
    svg_begin(out, WIDTH, bottom + 18, claim_table[c].statement, description);
    fprintf(out, "<rect class=\"sesoi\" x=\"%.5g\" y=\"%g\" width=\"%.5g\" height=\"%g\"/>\n",
            x_of(forest, -result->smallest), plot.top, x_of(forest, result->smallest) - x_of(forest, -result->smallest),
            bottom - plot.top);
    write_axis(out, forest, bottom);
    for (int m = 0; m < n_measures; m++) {
        const struct claim_row *row = &result->rows[ROW_JUDGED][m];
        double y = plot.top + ROW_HEIGHT * (m + 0.5);
        svg_text(out, plot.left - 6, y + 3.5, SVG_END, NULL, measure_table[m].name);
        claims_row_verdict(row, verdict);
        svg_text(out, VERDICT_LEFT, y + 3.5, SVG_START, NULL, verdict);
        write_pairs(report, c, m, forest, y);
        write_marks(out, forest, row->null.n > 0 ? row->null.value : (double)NAN, forest_noise(&report->claims, c, m),
                    y);
        write_effect(out, forest, &row->effect, row->decision, y);
    }
    if (multiverse->mean.n > 0) {
        double y = plot.top + ROW_HEIGHT * (n_measures + 0.5);
        svg_line(out, 0, y - ROW_HEIGHT / 2, WIDTH, y - ROW_HEIGHT / 2, "grid");
        svg_text(out, plot.left - 6, y + 3.5, SVG_END, NULL, "all ways");
        claims_verdict(multiverse->decision, &multiverse->mean, &multiverse->null, verdict);
        svg_text(out, VERDICT_LEFT, y + 3.5, SVG_START, NULL, verdict);
        write_marks(out, forest, multiverse->null.n > 0 ? multiverse->null.value : (double)NAN, (double)NAN, y);
        write_effect(out, forest, &multiverse->mean, multiverse->decision, y);
    }
    svg_end(out);
}

/* "larger under 4 of 6 measures, undecided under 2", the most frequent verdict first. */
static void write_sum(const struct report *report, int c)
{
    int n[N_DECISIONS] = {0}, n_measures = report->claims.n_measures;
    const char *separator = "";
    for (int m = 0; m < n_measures; m++)
        n[report->claims.results[c].rows[ROW_JUDGED][m].decision]++;
    for (int count = n_measures; count > 0; count--)
        for (int d = 0; d < N_DECISIONS; d++)
            if (n[d] == count) {
                fprintf(report->out, "%s%s under %d", separator, decision_names[d], count);
                if (!*separator)
                    fprintf(report->out, " of %d measures", n_measures);
                separator = ", ";
            }
}

/* What weakens the verdict of a measure. */
static void write_measure_notes(const struct report *report, int c, int m)
{
    const struct claims *claims = &report->claims;
    const struct claim_checks *checks = &claims->results[c].checks[m];
    const struct claim_row *row = &claims->results[c].rows[ROW_JUDGED][m];
    FILE *out = report->out;
    const char *name = measure_table[m].name;
    char effect[64];
    if (row->decision == DECISION_NO_CONTROL)
        return;
    if (checks->n_pairs > 0 && 10 * checks->n_same < 9 * checks->n_pairs) {
        effect_format(&checks->same, effect);
        fprintf(out, "<li>%s: %zu of %zu pairs were accepted in the same attempt; among them %s, %s</li>\n", name,
                checks->n_same, checks->n_pairs, effect, decision_names[checks->same_decision]);
    }
    if (claims->n_first > 0 && checks->first_plan != row->decision)
        fprintf(out, "<li>%s: the %zu replicates that were planned first: %s</li>\n", name, claims->n_first,
                decision_names[checks->first_plan]);
    if (row->warnings & WARNING_ALL_EQUAL)
        fprintf(out, "<li>%s: no interval: all seeds have the same effect</li>\n", name);
    else if (row->warnings & WARNING_ZEROS)
        fprintf(out, "<li>%s: half of the effects or more are 0: no interval is good for such</li>\n", name);
}

/* Whether a pair is in the effect under any measure. */
static bool is_counted(const struct report *report, int c, size_t p)
{
    for (int m = 0; m < report->claims.n_measures; m++)
        if (claims_pair_counts(&report->claims, c, p, m))
            return true;
    return false;
}

static void write_notes(const struct report *report, int c)
{
    const struct claim_result *result = &report->claims.results[c];
    FILE *out = report->out;
    size_t n_seeds = 0;
    for (int m = 0; m < report->claims.n_measures; m++)
        n_seeds = result->rows[ROW_JUDGED][m].effect.n > n_seeds ? result->rows[ROW_JUDGED][m].effect.n : n_seeds;
    fprintf(out, "<ul class=\"notes\">\n<li>");
    if (n_seeds > 0)
        fprintf(out, "%zu seeds%s; ", n_seeds,
                n_seeds >= VERDICT_SEEDS && n_seeds < WARNING_MINORITY_SEEDS
                    ? ": one model in five that is unlike the others may be missed"
                    : "");
    report_count(out, result->pairs.n, claim_table[c].key ? "pair" : "configuration");
    if (claim_table[c].key)
        fprintf(out, " of configurations");
    if (result->n_judged > 0 && result->n_judged < result->pairs.n)
        fprintf(out, ", of which %zu have identical tasks and are judged", result->n_judged);
    size_t n_few = 0;
    for (size_t p = 0; p < result->pairs.n; p++)
        n_few += claim_pair_has_controls(&result->pairs.pairs[p]) && !is_counted(report, c, p) ? 1 : 0;
    if (n_few > 0)
        fprintf(out, "; %zu with under %d seeds not judged", n_few, VERDICT_SEEDS);
    fprintf(out, "</li>\n<li>Tasks ");
    for (int by_name = 0; by_name < 2; by_name++) {
        char tasks[CLAIM_TASKS_TEXT_MAX];
        claim_tasks_text(result, report->reader, by_name, tasks);
        fputs(by_name ? ": " : "", out);
        html_text(out, tasks);
    }
    fprintf(out, "</li>\n");
    for (int m = 0; m < report->claims.n_measures; m++)
        write_measure_notes(report, c, m);
    fprintf(out, "</ul>\n");
}

static void write_keys(const struct report *report)
{
    static const struct {
        const char *mark, *text;
    } keys[] = {
        {"<path class=\"effect\" d=\"M0,6H24\"/><circle class=\"effect\" cx=\"12\" cy=\"6\" r=\"3.4\"/>",
         "effect and 95&nbsp;% interval; full: an answer"},
        {"<path class=\"effect\" d=\"M0,6H24\"/><circle class=\"effect open\" cx=\"12\" cy=\"6\" r=\"3.4\"/>",
         "open: no answer"},
        {"<path class=\"null\" d=\"M12,2l4,4l-4,4l-4,-4z\"/>", "the same between identical tasks"},
        {"<path class=\"noise\" d=\"M9,3l6,6m0,-6l-6,6\"/>", "one task on two test sets: noise"},
        {"<path class=\"pair\" d=\"M8,3v5M12,3v5M19,3v5\"/>", "single pairs of configurations"},
        {"<rect class=\"sesoi\" width=\"24\" height=\"12\"/>", "too small to matter"},
    };
    FILE *out = report->out;
    fprintf(out, "<ul class=\"keys\">");
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
        if (k != 3 || report->noise == NOISE_MEASURED)
            fprintf(out, "<li><svg aria-hidden=\"true\" class=\"mark\" width=\"24\" height=\"12\">%s</svg> %s</li>",
                    keys[k].mark, keys[k].text);
    fprintf(out, "</ul>\n");
}

/* The claims that have no panel though they are in the file. */
static void write_without_effect(const struct report *report)
{
    const char *separator = "<p class=\"note\">No effect yet, for accepted models or the identical tasks to hold them "
                            "against are missing: ";
    bool is_any = false;
    for (int c = 0; c < N_CLAIMS; c++)
        if (report->claims.results[c].pairs.n > 0 && !has_effect(&report->claims.results[c])) {
            fputs(separator, report->out);
            html_text(report->out, claim_table[c].statement);
            separator = "; ";
            is_any = true;
        }
    if (is_any)
        fprintf(report->out, ".</p>\n");
}

void report_forest(const struct report *report)
{
    struct forest forest;
    FILE *out = report->out;
    bool is_begun = false;
    forest_make(&forest, &report->claims, 0);
    for (int c = 0; c < N_CLAIMS; c++) {
        if (!has_effect(&report->claims.results[c]))
            continue;
        if (!is_begun) {
            write_keys(report);
            fprintf(out, "<div class=\"panels forest\">\n");
        }
        is_begun = true;
        fprintf(out, "<div class=\"group\"><h3>");
        html_text(out, claim_table[c].statement);
        fprintf(out, "</h3>\n<p class=\"small\">");
        write_sum(report, c);
        fprintf(out, "</p>\n<figure>\n");
        write_panel(report, c, &forest);
        fprintf(out, "</figure>\n");
        write_notes(report, c);
        fprintf(out, "</div>\n");
    }
    if (is_begun)
        fprintf(out, "</div>\n");
    write_without_effect(report);
}
