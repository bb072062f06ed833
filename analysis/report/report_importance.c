#include "report_importance.h"

#include "layout.h"
#include "palette.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define WIDTH  146.0 /* of a figure */
#define HEIGHT 96.0
static const struct box histogram = {24, 16, 114, 62};

static void write_bars(FILE *out, const struct estimate *bins, double share_max)
{
    const struct box *box = &histogram;
    const double width = box->width / RI_BINS, scale = box->height / share_max, bottom = box->top + box->height;
    for (int b = 0; b < RI_BINS; b++) {
        svg_bar(out, box->left + b * width + 0.5, bottom - scale * bins[b].value, width - 1, scale * bins[b].value,
                palette_ri(&palette_safe, 2 * b / (RI_BINS - 1.0) - 1));
        if (!isnan(bins[b].low) && bins[b].high > bins[b].low)
            svg_line(out, box->left + (b + 0.5) * width, bottom - scale * bins[b].low, box->left + (b + 0.5) * width,
                     bottom - scale * bins[b].high, "whisker");
    }
}

static void write_histogram(const struct report *report, size_t i, size_t layer, double share_max)
{
    static const enum statistic said[] = {STATISTIC_SELECTIVE_1, STATISTIC_SELECTIVE_2, STATISTIC_MIXED,
                                          STATISTIC_UNIMPORTANT};
    const struct box *box = &histogram;
    FILE *out = report->out;
    char title[64], text[512] = "";

    snprintf(title, sizeof title, "Relative importance, layer %zu", layer + 1);
    for (size_t s = 0; s < sizeof said / sizeof said[0]; s++) {
        char label[STATISTIC_LABEL_MAX], share[64];
        statistic_label(said[s], &report->options->ri, label);
        report_format(share, report_estimate(report, i, layer, said[s]), true);
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s %s", s ? "; " : "", label, share);
    }
    fprintf(out, "<figure>\n");
    svg_begin(out, WIDTH, HEIGHT, title, text);
    double step = layout_step(share_max, 3);
    for (int tick = 0; tick * step <= share_max * (1 + 1e-9); tick++) {
        double share = tick * step;
        double y = box->top + box->height * (1 - share / share_max);
        snprintf(text, sizeof text, "%g", 100 * share);
        svg_line(out, box->left, y, box->left + box->width, y, "grid");
        svg_text(out, box->left - 4, y + 3.5, SVG_END, "soft", text);
    }
    write_bars(out, report->configs[i].estimates.layers[layer].bins, share_max);
    svg_line(out, box->left, box->top + box->height, box->left + box->width, box->top + box->height, "axis");
    for (int tick = -1; tick <= 1; tick++) {
        snprintf(text, sizeof text, tick > 0 ? "+%d" : "%d", tick);
        svg_text(out, box->left + box->width * (tick + 1) / 2, box->top + box->height + 13, SVG_MIDDLE, "soft", text);
    }
    snprintf(text, sizeof text, "layer %zu%s", layer + 1,
             (size_t)hyperparameters_context_layer(report_hyperparameters(report, i)) == layer + 1 ? ", context" : "");
    svg_text(out, 2, 10, SVG_START, NULL, text);
    snprintf(text, sizeof text, "+ %.0f %%", 100 * report_estimate(report, i, layer, STATISTIC_UNIMPORTANT)->value);
    svg_text(out, box->left + box->width, 10, SVG_END, "soft", text);
    svg_end(out);
    fprintf(out, "</figure>\n");
}

/* The head of a table with a row for each configuration and layer, and the rows' own heads. */
static void write_table_begin(FILE *out, const char *name)
{
    report_table_begin(out, name, "stacked");
    fprintf(out, "<thead><tr><th scope=\"col\">Configuration</th><th scope=\"col\">layer</th>");
}

static void write_row_head(const struct report *report, size_t i, size_t layer)
{
    FILE *out = report->out;
    fprintf(out, "<tr>");
    if (layer == 0) {
        fprintf(out, "<th scope=\"rowgroup\" rowspan=\"%zu\" class=\"label\">", report_layers(report, i));
        report_write_label(report, i);
        fprintf(out, "</th>");
    }
    fprintf(out, "<th scope=\"row\">%zu</th>", layer + 1);
}

/* Every statistic of a layer's neurons, a row for each layer. */
static void write_numbers(const struct report *report, size_t n_rows)
{
    FILE *out = report->out;
    report_fold_begin(out, "The numbers of each layer", n_rows);
    fprintf(out, "<ul class=\"meanings small\">");
    for (int s = STATISTIC_FIRST_OF_LAYER; s < STATISTIC_FIRST_OF_SHARING; s++) {
        fprintf(out, "<li><b>");
        report_write_name(report, (enum statistic)s);
        fprintf(out, "</b>: ");
        report_write_meaning(report, (enum statistic)s);
        fprintf(out, "</li>\n");
    }
    fprintf(out, "</ul>\n");
    write_table_begin(out, "Relative importance by layer");
    for (int s = STATISTIC_FIRST_OF_LAYER; s < STATISTIC_FIRST_OF_SHARING; s++) {
        fprintf(out, "<th scope=\"col\">");
        report_write_name(report, (enum statistic)s);
        fprintf(out, "</th>");
    }
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < report->n_figured; k++) {
        size_t i = report->figured[k];
        for (size_t l = 0; l < report_layers(report, i) && report_accepted(report, i) > 0; l++) {
            write_row_head(report, i, l);
            for (int s = STATISTIC_FIRST_OF_LAYER; s < STATISTIC_FIRST_OF_SHARING; s++) {
                fprintf(out, "<td>");
                report_write_estimate(out, report_estimate(report, i, l, (enum statistic)s),
                                      statistic_table[s].is_share);
                fprintf(out, "</td>");
            }
            fprintf(out, "</tr>\n");
        }
    }
    report_table_end(out);
    report_fold_end(out);
}

/* The histograms as a table. */
static void write_bins(const struct report *report, size_t n_rows)
{
    FILE *out = report->out;
    report_fold_begin(out, "The numbers of the histograms", n_rows);
    fprintf(out, "<p>Per cent of all neurons of the layer, by RI.</p>\n");
    write_table_begin(out, "Histograms of relative importance");
    for (int b = 0; b < RI_BINS; b++)
        fprintf(out, "<th scope=\"col\">%.1f to %.1f</th>", -1 + 0.2 * b, -0.8 + 0.2 * b);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < report->n_figured; k++) {
        size_t i = report->figured[k];
        for (size_t l = 0; l < report_layers(report, i) && report_accepted(report, i) > 0; l++) {
            write_row_head(report, i, l);
            for (int b = 0; b < RI_BINS; b++) {
                const struct estimate *bin = &report->configs[i].estimates.layers[l].bins[b];
                fprintf(out, "<td>");
                report_write_estimate(out, bin, true);
                fprintf(out, "</td>");
            }
            fprintf(out, "</tr>\n");
        }
    }
    report_table_end(out);
    report_fold_end(out);
}

/* What the histograms show, and their colours. */
static void write_explanation(const struct report *report)
{
    FILE *out = report->out;
    fprintf(
        out,
        "<p>RI = (I<sub>1</sub> &minus; I<sub>2</sub>)/(I<sub>1</sub> + I<sub>2</sub>) of all neurons of accepted "
        "models, importance measured as <code>%s</code>%s: +1 serves the first of two tasks only, &minus;1 the second "
        "only. An importance "
        "below %s of its layer&rsquo;s mean counts as 0; &ldquo;+&nbsp;%%&rdquo; are the neurons unimportant to both "
        "tasks. Bars are per cent of all neurons of the layer against RI, lines on them 95&nbsp;%% intervals, for "
        "which "
        "models are the replicates. All axes are the same.</p>\n<ul class=\"keys\">",
        measure_table[report->options->ri.measure].name,
        report->options->ri.normalise == NORMALISE_LAYER ? " and divided by its sum over the layer" : "",
        text_number(report->options->ri.unimportant_below).words);
    for (int side = 1; side >= 0; side--) {
        char task[TASK_LABEL_MAX];
        report_task(report, side, task);
        fprintf(out, "<li><span class=\"key\" style=\"background:#%06x\">&nbsp;</span>%s ", palette_safe.colours[side],
                side ? "left:" : "right:");
        html_text(out, task);
        fprintf(out, "</li>");
    }
    fprintf(out, "</ul>\n");
}

/* The upper end of the highest bar or interval; 0 if nothing has an RI. */
static double find_top(const struct report *report)
{
    double top = 0;
    for (size_t k = 0; k < report->n_figured; k++) {
        size_t i = report->figured[k];
        for (size_t l = 0; l < report_layers(report, i) && report_accepted(report, i) > 0; l++)
            for (int b = 0; b < RI_BINS; b++) {
                const struct estimate *bin = &report->configs[i].estimates.layers[l].bins[b];
                top = fmax(top, fmax(bin->value, bin->high)); /* fmax leaves NaN out */
            }
    }
    return top;
}

void report_importance(const struct report *report)
{
    FILE *out = report->out;
    double top = find_top(report);
    bool has_models = false, has_pair = false;
    for (size_t k = 0; k < report->n_figured; k++) {
        has_models = has_models || report_accepted(report, report->figured[k]) > 0;
        has_pair = has_pair || report_has_pair(report, report->figured[k]);
    }
    fprintf(out, "<section id=\"importance\" class=\"importance\" aria-labelledby=\"h-importance\">\n"
                 "<h2 id=\"h-importance\">Relative importance</h2>\n");
    if (!has_models || !has_pair) {
        fprintf(out, "<p class=\"note\">%s</p>\n</section>\n",
                !has_models ? "No accepted model." : "Networks of one task have no relative importance.");
        return;
    }
    write_explanation(report);
    report_write_choice(report, "ri");
    fprintf(out, "<div class=\"panels groups\">\n");
    for (size_t k = 0; k < report->n_figured; k++) {
        size_t i = report->figured[k];
        report_group_begin(report, i);
        if (report_accepted(report, i) == 0)
            fprintf(out, "<p class=\"note\">No accepted model.</p>\n");
        else if (!report_has_pair(report, i))
            fprintf(out, "<p class=\"note\">It has not both tasks, and so no relative importance.</p>\n");
        else
            for (size_t l = 0; l < report_layers(report, i); l++)
                write_histogram(report, i, l, fmax(top, 0.01));
        report_group_end(report);
    }
    fprintf(out, "</div>\n");
    size_t n_rows = report->n_figured * report->reader->layout.size[DIMENSION_LAYER];
    write_numbers(report, n_rows);
    write_bins(report, n_rows);
    fprintf(out, "</section>\n");
}
