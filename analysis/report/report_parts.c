#include "report_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const enum statistic report_shares[REPORT_N_SHARES] = {STATISTIC_SELECTIVE, STATISTIC_MIXED, STATISTIC_UNIMPORTANT};

const struct hyperparameters *report_hyperparameters(const struct report *report, size_t i)
{
    return &report->reader->configs[report->selection->configs[i]];
}

size_t report_accepted(const struct report *report, size_t i)
{
    return report->configs[i].estimates.n_models;
}

size_t report_layers(const struct report *report, size_t i)
{
    return (size_t)report_hyperparameters(report, i)->hidden_layers;
}

const struct estimate *report_estimate(const struct report *report, size_t i, size_t layer, enum statistic statistic)
{
    return &report->configs[i].estimates.layers[layer].statistics[statistic];
}

void report_write_name(const struct report *report, enum statistic statistic)
{
    char text[STATISTIC_LABEL_MAX];
    statistic_label(statistic, &report->options->ri, text);
    html_text(report->out, text);
}

void report_write_meaning(const struct report *report, enum statistic statistic)
{
    char text[STATISTIC_MEANING_MAX];
    statistic_meaning(statistic, &report->options->ri, text);
    html_text(report->out, text);
}

/* VALUE, and the interval if there is one: digits that make sense of a share in per cent, or of a plain number. */
static void format_parts(const struct estimate *estimate, bool is_share, char value[32], char interval[32])
{
    double factor = is_share ? 100 : 1;
    int digits = is_share ? 1 : 3;
    *interval = '\0';
    if (isnan(estimate->value)) {
        snprintf(value, 32, "-");
        return;
    }
    snprintf(value, 32, "%.*f%s", digits, factor * estimate->value, is_share ? " %" : "");
    if (!isnan(estimate->low))
        snprintf(interval, 32, "[%.*f, %.*f]", digits, factor * estimate->low, digits, factor * estimate->high);
}

void report_format(char text[64], const struct estimate *estimate, bool is_share)
{
    char value[32], interval[32];
    format_parts(estimate, is_share, value, interval);
    snprintf(text, 64, "%s%s%s", value, *interval ? " " : "", interval);
}

void report_write_estimate(FILE *out, const struct estimate *estimate, bool is_share)
{
    char value[32], interval[32];
    format_parts(estimate, is_share, value, interval);
    fputs(value, out);
    if (*interval)
        fprintf(out, " <small>%s</small>", interval);
}

void report_number(char text[32], uint64_t n)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, n), used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
}

void report_count(FILE *out, uint64_t n, const char *noun)
{
    char text[32];
    report_number(text, n);
    fprintf(out, "%s %s%s", text, noun, n == 1 ? "" : "s");
}

void report_write_label(const struct report *report, size_t i)
{
    size_t config = report->selection->configs[i];
    char name[LABEL_MAX];
    selection_label(report->reader, config, name);
    fprintf(report->out, "[%zu] ", config);
    for (char *text = name, *equals; *text; text = equals + 3) {
        equals = strstr(text, " = ");
        if (!equals) {
            html_text(report->out, text);
            return;
        }
        *equals = '\0';
        html_text(report->out, text);
        fprintf(report->out, "&nbsp;=&nbsp;");
    }
}

void report_task(const struct report *report, int side, char text[TASK_LABEL_MAX])
{
    const struct ri_options *ri = &report->options->ri;
    task_label(report->reader, report->selection, side ? ri->task_b : ri->task_a, text);
}

bool report_has_pair(const struct report *report, size_t i)
{
    return hyperparameters_n_tasks(report_hyperparameters(report, i)) > report->options->ri.task_b;
}

void report_table_begin(FILE *out, const char *name, const char *class)
{
    fprintf(out, "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"%s\"><table%s%s%s>\n", name,
            class ? " class=\"" : "", class ? class : "", class ? "\"" : "");
}

void report_table_end(FILE *out)
{
    fprintf(out, "</tbody></table></div>\n");
}

void report_fold_begin(FILE *out, const char *summary, size_t n_rows)
{
    fprintf(out, "<details%s>\n<summary>%s</summary>\n", n_rows > REPORT_ROWS_PRINTED ? " class=\"long\"" : "",
            summary);
}

void report_fold_end(FILE *out)
{
    fprintf(out, "</details>\n");
}

void report_write_rows_left(const struct report *report)
{
    if (report->n_rows < report->selection->n)
        fprintf(report->out,
                "<p class=\"note\">Of the first %zu configurations of %zu; others with <code>--where</code>, all in "
                "<code>picky-analyse summary FILE --csv</code>.</p>\n",
                report->n_rows, report->selection->n);
}

void report_group_begin(const struct report *report, size_t i)
{
    fprintf(report->out, "<div class=\"group\"><h3>");
    report_write_label(report, i);
    fprintf(report->out, " <small>(");
    report_count(report->out, report_accepted(report, i), "model");
    fprintf(report->out, ")</small></h3>\n<div class=\"panels\">\n");
}

void report_group_end(const struct report *report)
{
    fprintf(report->out, "</div></div>\n");
}

/* A configuration and the mean of its layers' selective shares. */
struct ranked {
    size_t row;
    double share;
};

static int compare_shares(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->share != y->share)
        return x->share < y->share ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Ranks the configurations that have such a share. */
static size_t rank_rows(const struct report *report, struct ranked *ranked)
{
    size_t n = 0;
    for (size_t i = 0; i < report->n_rows; i++) {
        double sum = 0;
        for (size_t l = 0; l < report_layers(report, i) && report_accepted(report, i) > 0; l++)
            sum += report_estimate(report, i, l, STATISTIC_SELECTIVE)->value;
        if (report_accepted(report, i) > 0 && isfinite(sum))
            ranked[n++] = (struct ranked){i, sum / (double)report_layers(report, i)};
    }
    qsort(ranked, n, sizeof *ranked, compare_shares);
    return n;
}

enum error_code report_choose_figures(struct report *report, struct error *error)
{
    size_t n_max = report->n_rows > REPORT_FIGURES_ALL ? REPORT_FIGURES_CHOSEN : report->n_rows;
    struct ranked *ranked = malloc(report->n_rows * sizeof *ranked);
    report->figured = malloc(n_max * sizeof *report->figured);
    if (!ranked || !report->figured) {
        free(ranked);
        return error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path);
    }
    if (report->n_rows <= REPORT_FIGURES_ALL) {
        for (size_t i = 0; i < n_max; i++)
            report->figured[i] = i;
        report->n_figured = n_max;
    } else {
        size_t n = rank_rows(report, ranked);
        report->n_figured = n < n_max ? n : n_max;
        for (size_t i = 0; i < report->n_figured; i++)
            report->figured[i] = ranked[report->n_figured > 1 ? i * (n - 1) / (report->n_figured - 1) : 0].row;
    }
    free(ranked);
    return ERROR_NONE;
}

void report_write_choice(const struct report *report, const char *plot)
{
    char names[LABEL_MAX], n_all[32];
    if (report->n_rows <= REPORT_FIGURES_ALL)
        return;
    selection_swept(report->reader, names);
    report_number(n_all, report->n_rows);
    fprintf(report->out,
            "<p class=\"note\">Figures are of %zu of %s configurations: evenly spread over all in the order of their "
            "selective neurons (mean of layers), from the least to the most. The numbers of the others stand in the "
            "tables of all configurations. Others: <code>picky-analyse report FILE --where KEY=VALUE</code> or "
            "<code>picky-analyse plot %s FILE --where KEY=VALUE</code>; KEY is one of ",
            report->n_figured, n_all, plot);
    html_text(report->out, names);
    fprintf(report->out, ".</p>\n");
}
