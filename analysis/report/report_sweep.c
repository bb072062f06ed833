#include "report_sweep.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define VALUES_SHOWN 24 /* of a swept hyperparameter */
#define STACK_WIDTH  90.0

static const uint32_t status_colours[N_STATUSES] = {
    [STATUS_PENDING] = 0xffffff,  [STATUS_ACCEPTED] = 0x4d8fbf, [STATUS_REJECTED] = 0xe0b13c,
    [STATUS_DIVERGED] = 0xb05d92, [STATUS_ERROR] = 0xc0392b,
};

/* Jobs of all selected configurations by status. */
static void total_counts(const struct report *report, uint64_t total[N_STATUSES])
{
    memset(total, 0, N_STATUSES * sizeof *total);
    for (size_t i = 0; i < report->selection->n; i++) {
        uint64_t counts[N_STATUSES];
        reader_count(report->reader, report->selection->configs[i], counts);
        for (int s = 0; s < N_STATUSES; s++)
            total[s] += counts[s];
    }
}

static void write_fact(FILE *out, uint64_t n, const char *noun)
{
    char text[32];
    report_number(text, n);
    fprintf(out, "<div><b>%s</b> %s%s</div>\n", text, noun, n == 1 ? "" : "s");
}

void report_overview(const struct report *report)
{
    const struct reader *reader = report->reader;
    FILE *out = report->out;
    uint64_t total[N_STATUSES], n_jobs = 0, n_neurons = 0;
    char done[32], all[32];

    total_counts(report, total);
    for (int s = 0; s < N_STATUSES; s++)
        n_jobs += total[s];
    for (size_t i = 0; i < report->selection->n; i++) {
        const struct hyperparameters *h = report_hyperparameters(report, i);
        n_neurons += (uint64_t)models_accepted(report->reader, report->selection->configs[i]) *
                     (uint64_t)h->hidden_layers * (uint64_t)h->hidden_size;
    }
    uint64_t n_done = n_jobs - total[STATUS_PENDING];

    fprintf(out, "<h1>");
    html_text(out, *reader->name ? reader->name : "A sweep without a name");
    fprintf(out, "</h1>\n<p class=\"note\">What makes neurons picky? A report on <code>");
    html_text(out, reader->path);
    fprintf(out, "</code></p>\n");
    if (n_done < n_jobs) {
        report_number(done, n_done);
        report_number(all, n_jobs);
        fprintf(out,
                "<p class=\"unfinished\" role=\"status\"><b>Unfinished:</b> %s of %s jobs (%.1f&nbsp;%%) are done. "
                "Everything below is of those.</p>\n",
                done, all, 100 * (double)n_done / (double)n_jobs);
    }
    if (reader->shard.n > 1)
        fprintf(out,
                "<p class=\"note\">The file is shard %" PRIu64 " of %" PRIu64 " of its sweep: all here is of that "
                "part. <code>picky merge</code> joins them.</p>\n",
                reader->shard.index, reader->shard.n);
    if (report->selection->n < reader->n_configs) {
        fprintf(out, "<p class=\"note\">Chosen: %zu of the file&rsquo;s ", report->selection->n);
        report_count(out, reader->n_configs, "configuration");
        fprintf(out, ".</p>\n");
    }
    fprintf(out, "<div class=\"facts\">\n");
    write_fact(out, report->selection->n, "configuration");
    write_fact(out, n_jobs, "job");
    write_fact(out, total[STATUS_ACCEPTED], "accepted model");
    write_fact(out, n_neurons, "neuron");
    fprintf(out, "</div>\n");
}

/* The different values of a hyperparameter among the selected configurations, in their order. */
static void write_values(const struct report *report, const struct hyperparameter *row)
{
    size_t shown[VALUES_SHOWN], n_shown = 0;
    for (size_t i = 0; i < report->selection->n; i++) {
        const struct hyperparameters *h = report_hyperparameters(report, i);
        bool is_new = true;
        for (size_t k = 0; k < n_shown && is_new; k++)
            is_new = !hyperparameter_equal(h, report_hyperparameters(report, shown[k]), row);
        if (!is_new)
            continue;
        if (n_shown == VALUES_SHOWN) {
            fprintf(report->out, ", &hellip;");
            return;
        }
        char value[HYPERPARAMETER_FORMAT_MAX];
        hyperparameter_format(h, row, value);
        fputs(n_shown ? ", " : "", report->out);
        html_text(report->out, value);
        shown[n_shown++] = i;
    }
}

static void write_varied(const struct report *report)
{
    FILE *out = report->out;
    report_table_begin(out, "Hyperparameters that were varied", NULL);
    fprintf(out, "<thead><tr><th scope=\"col\">Varied</th><th scope=\"col\">Values</th>"
                 "<th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n");
    for (int r = 0; r < n_hyperparameters; r++) {
        const struct hyperparameter *row = &hyperparameter_table[r];
        if (!report->reader->swept[r])
            continue;
        fprintf(out, "<tr><th scope=\"row\">%s</th><td>", row->name);
        write_values(report, row);
        fprintf(out, "</td><td>");
        html_text(out, row->meaning);
        fprintf(out, "</td></tr>\n");
    }
    report_table_end(out);
}

static void write_fixed(const struct report *report)
{
    FILE *out = report->out;
    report_fold_begin(out, "What was fixed", 0);
    report_table_begin(out, "Hyperparameters that were fixed", NULL);
    fprintf(out, "<thead><tr><th scope=\"col\">Fixed</th><th scope=\"col\">Value</th><th scope=\"col\">Meaning</th>"
                 "</tr></thead>\n<tbody>\n");
    for (int r = 0; r < n_hyperparameters; r++) {
        if (report->reader->swept[r])
            continue;
        fprintf(out, "<tr><th scope=\"row\">%s</th><td>", hyperparameter_table[r].name);
        write_values(report, &hyperparameter_table[r]);
        fprintf(out, "</td><td>");
        html_text(out, hyperparameter_table[r].meaning);
        fprintf(out, "</td></tr>\n");
    }
    report_table_end(out);
    report_fold_end(out);
}

void report_sweep(const struct report *report)
{
    FILE *out = report->out;
    char names[LABEL_MAX];

    fprintf(out, "<section id=\"sweep\" aria-labelledby=\"h-sweep\">\n<h2 id=\"h-sweep\">Sweep</h2>\n<p>");
    report_count(out, report->reader->n_configs, "configuration");
    fprintf(out, " with ");
    report_count(out, report->reader->n_replicates, "replicate");
    fprintf(out, " each. Replicate <i>r</i> has the same seed in every configuration.</p>\n");
    selection_swept(report->reader, names);
    if (strcmp(names, "none") != 0)
        write_varied(report);
    write_fixed(report);
    fprintf(out, "</section>\n");
}

/* A bar of one configuration's jobs by status. */
static void write_stack(const struct report *report, size_t i)
{
    const uint64_t *counts = report->configs[i].estimates.counts;
    FILE *out = report->out;
    char title[LABEL_MAX], description[256] = "";
    uint64_t n = 0;
    double x = 0.5;

    for (int s = 0; s < N_STATUSES; s++) {
        n += counts[s];
        if (counts[s] > 0)
            snprintf(description + strlen(description), sizeof description - strlen(description), "%s%" PRIu64 " %s",
                     *description ? ", " : "", counts[s], status_names[s]);
    }
    snprintf(title, sizeof title, "Jobs of configuration %zu", report->selection->configs[i]);
    svg_begin(out, STACK_WIDTH + 1, 15, title, description);
    for (int s = STATUS_PENDING + 1; s <= N_STATUSES; s++) { /* pending ones last */
        int status = s % N_STATUSES;
        double width = STACK_WIDTH * (double)counts[status] / (double)n;
        if (counts[status] > 0)
            svg_bar(out, x, 0.5, width, 14, status_colours[status]);
        x += width;
    }
    fprintf(out, "<rect x=\"0.5\" y=\"0.5\" width=\"%g\" height=\"14\" fill=\"none\" stroke=\"#666\"/>\n", STACK_WIDTH);
    svg_end(out);
}

/* "2 rejected, 1 pending": the jobs that are not accepted. */
static void write_others(FILE *out, const uint64_t counts[N_STATUSES])
{
    const char *separator = "";
    for (int s = 0; s < N_STATUSES; s++)
        if (s != STATUS_ACCEPTED && counts[s] > 0) {
            fprintf(out, "%s%" PRIu64 " %s", separator, counts[s], status_names[s]);
            separator = ", ";
        }
}

static int n_sides(const struct report *report)
{
    return report->reader->layout.size[DIMENSION_TASK] > 1 ? 2 : 1;
}

static void write_acceptance_row(const struct report *report, size_t i)
{
    static const enum statistic errors[] = {STATISTIC_ERROR_1, STATISTIC_ERROR_2};
    const struct report_config *config = &report->configs[i];
    const uint64_t *counts = config->estimates.counts;
    FILE *out = report->out;
    uint64_t n_tried = counts[STATUS_ACCEPTED] + counts[STATUS_REJECTED] + counts[STATUS_DIVERGED];

    fprintf(out, "<tr><th scope=\"row\" class=\"label\">");
    report_write_label(report, i);
    fprintf(out, "</th><td>");
    write_stack(report, i);
    fprintf(out, "</td><td class=\"n\">%" PRIu64 "/%" PRIu64 "</td><td>", counts[STATUS_ACCEPTED], n_tried);
    write_others(out, counts);
    fprintf(out, "</td><td>");
    report_write_estimate(out, report_estimate(report, i, 0, STATISTIC_ACCEPTANCE), true);
    fprintf(out, "</td><td>");
    report_write_estimate(out, report_estimate(report, i, 0, STATISTIC_ATTEMPT_ACCEPTANCE), true);
    fprintf(out, "</td>");
    for (int t = 0; t < n_sides(report); t++)
        if (counts[STATUS_ACCEPTED] > 0 && isfinite(report_estimate(report, i, 0, errors[t])->value))
            fprintf(out, "<td>%.4f<small>%.4f&ndash;%.4f</small></td>", report_estimate(report, i, 0, errors[t])->value,
                    config->error_low[t], config->error_high[t]);
        else
            fprintf(out, "<td>-</td>");
    fprintf(out, "</tr>\n");
}

static void write_acceptance_table(const struct report *report)
{
    FILE *out = report->out;
    report_table_begin(out, "Acceptance of each configuration", "stacked");
    fprintf(out, "<thead><tr><th scope=\"col\">Configuration</th><th scope=\"col\">jobs</th>"
                 "<th scope=\"col\" class=\"n\">accepted</th><th scope=\"col\">others</th>"
                 "<th scope=\"col\">of models</th><th scope=\"col\">of attempts</th>");
    for (int side = 0; side < n_sides(report); side++) {
        char task[TASK_LABEL_MAX];
        report_task(report, side, task);
        fprintf(out, "<th scope=\"col\">error, ");
        html_text(out, task);
        fprintf(out, "</th>");
    }
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->n_rows; i++)
        write_acceptance_row(report, i);
    report_table_end(out);
}

void report_acceptance(const struct report *report)
{
    FILE *out = report->out;
    bool is_folded = report->n_rows > REPORT_ROWS_OPEN;
    uint64_t total[N_STATUSES];

    total_counts(report, total);
    fprintf(out,
            "<section id=\"acceptance\" aria-labelledby=\"h-acceptance\">\n"
            "<h2 id=\"h-acceptance\">Coverage and acceptance</h2>\n"
            "<p>A job trains until a model&rsquo;s mean absolute test error is below <code>error_threshold</code> on "
            "every task (accepted), at most <code>max_attempts</code> times (rejected). Shares with 95&nbsp;%% "
            "Wilson intervals; test errors of accepted models, median and 5&ndash;95&nbsp;%% range.</p>\n"
            "<ul class=\"keys\">");
    for (int s = STATUS_PENDING + 1; s <= N_STATUSES; s++) {
        char number[32];
        report_number(number, total[s % N_STATUSES]);
        if (total[s % N_STATUSES] > 0)
            fprintf(out, "<li><span class=\"key\" style=\"background:#%06" PRIx32 "\">&nbsp;</span>%s: %s</li>",
                    status_colours[s % N_STATUSES], status_names[s % N_STATUSES], number);
    }
    fprintf(out, "</ul>\n");
    if (is_folded)
        report_fold_begin(out, "Acceptance of each configuration", report->n_rows);
    write_acceptance_table(report);
    if (is_folded)
        report_fold_end(out);
    report_write_rows_left(report);
    fprintf(out, "</section>\n");
}
