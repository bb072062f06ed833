#include "report_figures.h"

#include "curves.h"
#include "layout.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_POINTS_MAX 60
#define CURVES_DRAWN_MAX 12

static const struct box training_plot = {36, 10, 262, 138}; /* in a figure of 310 x 180 */
static const struct box histogram = {30, 18, 200, 100};     /* in a figure of 240 x 154 */

static size_t n_figures(const struct report *report)
{
    return report->selection->n < REPORT_FIGURES_MAX ? report->selection->n : REPORT_FIGURES_MAX;
}

static void write_left_out(const struct report *report, const char *kind)
{
    char names[LABEL_MAX];
    if (report->selection->n <= REPORT_FIGURES_MAX)
        return;
    selection_swept(report->reader, names);
    fprintf(
        report->out,
        "<p class=\"note\">These are the first %d of %zu configurations. Others: make the page of a part of the file, "
        "<code>picky-analyse report FILE --where KEY=VALUE</code>, or a figure, <code>picky-analyse plot %s FILE "
        "--where KEY=VALUE</code>; KEY is one of ",
        REPORT_FIGURES_MAX, report->selection->n, kind);
    html_text(report->out, names);
    fprintf(report->out, ".</p>\n");
}

static void begin_group(const struct report *report, size_t i)
{
    char label[LABEL_MAX];
    report_label(report, i, label);
    fprintf(report->out, "<div class=\"group\"><h3>");
    html_text(report->out, label);
    fprintf(report->out, " <small>(");
    report_count(report->out, report_accepted(report, i), "model");
    fprintf(report->out, ")</small></h3>\n<div class=\"panels\">\n");
}

/* ---- training ---- */

/* From data to a figure's coordinates; y is logarithmic. */
struct axes {
    size_t n_entries; /* of the history */
    double low, high;
};

static double curve_x(const struct axes *axes, size_t entry)
{
    return training_plot.left + training_plot.width * (double)entry / (double)(axes->n_entries - 1);
}

static double curve_y(const struct axes *axes, double error)
{
    double share = log(fmax(error, axes->low) / axes->low) / log(axes->high / axes->low);
    return training_plot.top + training_plot.height * (1 - fmin(share, 1));
}

static void grow_axes(struct axes *axes, const struct curves *curves, double threshold)
{
    for (size_t v = 0; v < curves->n_points * curves->n_tasks; v++) {
        if (curves->low[v] > 0)
            axes->low = fmin(axes->low, curves->low[v]);
        axes->high = fmax(axes->high, fmax(curves->high[v], curves->median[v]));
    }
    if (curves->n_points > 0) {
        axes->low = fmin(axes->low, threshold);
        axes->high = fmax(axes->high, threshold);
    }
}

static void write_training_axes(FILE *out, const struct axes *axes)
{
    const struct box *box = &training_plot;
    double decades = log10(axes->high / axes->low);
    for (int power = (int)floor(log10(axes->low)); power <= (int)floor(log10(axes->high)); power++)
        for (int digit = 1; digit <= 5; digit += digit == 1 ? 1 : 3) {
            double value = digit * pow(10, power);
            char text[32];
            if (value < axes->low || value > axes->high || (decades > 2 && digit != 1))
                continue;
            snprintf(text, sizeof text, "%g", value);
            svg_line(out, box->left, curve_y(axes, value), box->left + box->width, curve_y(axes, value), "grid");
            svg_text(out, box->left - 4, curve_y(axes, value) + 3.5, SVG_END, "soft", text);
        }
    double step = fmax(1, layout_step((double)(axes->n_entries - 1), 6));
    for (int tick = 0; tick * step <= (double)(axes->n_entries - 1) * (1 + 1e-9); tick++) {
        char text[32];
        double epoch = tick * step;
        snprintf(text, sizeof text, "%g", epoch);
        svg_text(out, curve_x(axes, (size_t)epoch), box->top + box->height + 13, SVG_MIDDLE, "soft", text);
    }
    svg_text(out, box->left + box->width / 2, box->top + box->height + 27, SVG_MIDDLE, NULL, "epoch");
    svg_line(out, box->left, box->top + box->height, box->left + box->width, box->top + box->height, "axis");
    svg_line(out, box->left, box->top, box->left, box->top + box->height, "axis");
}

/* One task's values [n_points] at `stride`, as the points of an SVG path from left to right, or back. */
static void write_points(FILE *out, const struct axes *axes, const struct curves *curves, const double *values,
                         bool back)
{
    for (size_t k = 0; k < curves->n_points; k++) {
        size_t p = back ? curves->n_points - 1 - k : k;
        fprintf(out, "%s%.5g,%.5g", k ? " " : "", curve_x(axes, curves->entries[p]),
                curve_y(axes, values[p * curves->n_tasks]));
    }
}

static void write_curves(FILE *out, const struct axes *axes, const struct curves *curves)
{
    for (size_t t = 0; t < curves->n_tasks; t++) {
        fprintf(out, "<polygon class=\"band%zu\" points=\"", t + 1);
        write_points(out, axes, curves, curves->low + t, false);
        fputc(' ', out);
        write_points(out, axes, curves, curves->high + t, true);
        fprintf(out, "\"/>\n");
    }
    for (size_t m = 0; m < curves->n_drawn; m++)
        for (size_t t = 0; t < curves->n_tasks; t++) {
            const float *model = curves->drawn + m * curves->n_points * curves->n_tasks;
            fprintf(out, "<polyline class=\"one\" points=\"");
            for (size_t p = 0; p < curves->n_points; p++)
                fprintf(out, "%s%.4g,%.4g", p ? " " : "", curve_x(axes, curves->entries[p]),
                        curve_y(axes, (double)model[p * curves->n_tasks + t]));
            fprintf(out, "\"/>\n");
        }
    for (size_t t = 0; t < curves->n_tasks; t++) {
        fprintf(out, "<polyline class=\"mean%zu\" points=\"", t + 1);
        write_points(out, axes, curves, curves->median + t, false);
        fprintf(out, "\"/>\n");
        for (size_t p = 0; p < curves->n_points; p++) {
            size_t v = p * curves->n_tasks + t;
            fprintf(out, "<circle class=\"dot%zu\" cx=\"%.5g\" cy=\"%.5g\" r=\"2.5\"><title>", t + 1,
                    curve_x(axes, curves->entries[p]), curve_y(axes, curves->median[v]));
            html_printf(out, "epoch %zu, task %zu: median error %.4g (5-95 %%: %.4g to %.4g)", curves->entries[p],
                        t + 1, curves->median[v], curves->low[v], curves->high[v]);
            fprintf(out, "</title></circle>\n");
        }
    }
}

static void write_training(const struct report *report, size_t i, const struct axes *common,
                           const struct curves *curves)
{
    const struct axes own = {curves->n_points > 0 ? curves->entries[curves->n_points - 1] + 1 : 2, common->low,
                             common->high}; /* phases make some histories longer than others */
    const struct axes *axes = &own;
    const struct hyperparameters *h = report_hyperparameters(report, i);
    const struct box *box = &training_plot;
    FILE *out = report->out;
    char description[1024] = "";

    begin_group(report, i);
    if (curves->n_points == 0) {
        fprintf(out, "<p class=\"note\">No accepted model yet.</p>\n</div></div>\n");
        return;
    }
    for (size_t t = 0; t < curves->n_tasks; t++) {
        size_t last = (curves->n_points - 1) * curves->n_tasks + t;
        size_t used = strlen(description);
        snprintf(description + used, sizeof description - used,
                 "Task %zu: median error %.3g untrained, %.3g at the end (5-95 %%: %.3g to %.3g). ", t + 1,
                 curves->median[t], curves->median[last], curves->low[last], curves->high[last]);
    }
    fprintf(out, "<figure>\n");
    svg_begin(out, 310, 180, "Mean absolute test error by epoch", description);
    for (int phase = 1; phase < hyperparameters_phases(h); phase++) { /* every second one has a grey ground */
        double left = curve_x(axes, (size_t)(phase * h->epochs)),
               right = curve_x(axes, (size_t)((phase + 1) * h->epochs));
        fprintf(
            out,
            "<rect class=\"phase\" x=\"%.5g\" y=\"%g\" width=\"%.5g\" height=\"%g\"><title>phase %d</title></rect>\n",
            left, box->top, right - left, box->height, phase + 1);
    }
    write_training_axes(out, axes);
    write_curves(out, axes, curves);
    svg_line(out, box->left, curve_y(axes, h->error_threshold), box->left + box->width,
             curve_y(axes, h->error_threshold), "limit");
    svg_end(out);
    fprintf(out, "</figure>\n</div></div>\n");
}

/* The lines of all tasks: report_style has their classes. */
static void write_task_keys(const struct report *report)
{
    static const uint32_t colours[TASKS_MAX] = {0x147a57, 0xc8501d, 0x4a5f9e, 0xb13d8d,
                                                0x5a7a12, 0x8a6d00, 0x7a5a2b, 0x1d4d80};
    for (size_t t = 0; t < report->reader->layout.size[DIMENSION_TASK]; t++) {
        char task[TASK_LABEL_MAX];
        task_label(report->reader, report->selection, (int)t, task);
        fprintf(report->out, "<li><span class=\"key\" style=\"background:#%06" PRIx32 "\">&nbsp;</span>", colours[t]);
        html_text(report->out, task);
        fprintf(report->out, ", median%s</li>", t == 1 ? " (dashed)" : "");
    }
}

enum error_code report_training(const struct report *report, struct error *error)
{
    FILE *out = report->out;
    size_t n = n_figures(report);
    struct axes axes = {.low = INFINITY, .high = 0};
    struct curves *curves = calloc(n, sizeof *curves);
    if (!curves)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path);
    for (size_t i = 0; i < n; i++) {
        if (curves_read(report->reader, report->selection->configs[i], CURVES_DRAWN_MAX, CURVE_POINTS_MAX, &curves[i],
                        error))
            goto done;
        grow_axes(&axes, &curves[i], report_hyperparameters(report, i)->error_threshold);
    }
    if (!(axes.high > axes.low)) { /* nothing to show, or nothing but one value */
        axes.high = axes.high > 0 ? axes.high * 2 : 1;
        axes.low = axes.high / 100;
    }
    fprintf(out, "<section id=\"training\" aria-labelledby=\"h-training\">\n<h2 id=\"h-training\">Training</h2>\n"
                 "<p>Mean absolute test error of accepted models against epoch; 0 is the untrained network. Point at a "
                 "dot for its numbers.</p>\n<ul class=\"keys\">");
    write_task_keys(report);
    fprintf(
        out,
        "<li><span class=\"key\" style=\"background:linear-gradient(90deg,#cae8df 50%%,#fed9c9 50%%)\">&nbsp;</span>"
        "5&ndash;95&nbsp;%% of models</li>"
        "<li>thin: up to %d single models</li><li>dashed level: acceptance threshold</li>"
        "<li>grey ground: every second phase of training</li></ul>\n<div class=\"panels training\">\n",
        CURVES_DRAWN_MAX);
    for (size_t i = 0; i < n; i++)
        write_training(report, i, &axes, &curves[i]);
    fprintf(out, "</div>\n");
    write_left_out(report, "training");
    fprintf(out, "</section>\n");
done:
    for (size_t i = 0; i < n; i++)
        curves_free(&curves[i]);
    free(curves);
    return error->code;
}

/* ---- relative importance ---- */

/* "RI -1.0 to -0.8: 12.3 % [10.1, 14.6] of the neurons" */
static void describe_bin(const struct estimate *bin, int b, char text[128])
{
    char share[64];
    report_format(share, bin, true);
    snprintf(text, 128, "RI %.1f to %.1f: %s of the neurons", -1 + 0.2 * b, -0.8 + 0.2 * b, share);
}

static void write_bars(FILE *out, const struct estimate *bins, double share_max)
{
    const struct box *box = &histogram;
    const double width = box->width / RI_BINS, scale = box->height / share_max, bottom = box->top + box->height;
    for (int b = 0; b < RI_BINS; b++) {
        char text[128];
        describe_bin(&bins[b], b, text);
        svg_bar(out, box->left + b * width + 0.5, bottom - scale * bins[b].value, width - 1, scale * bins[b].value,
                palette_ri(&palette_safe, 2 * b / (RI_BINS - 1.0) - 1), text);
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
        char share[64];
        report_format(share, report_estimate(report, i, layer, said[s]), true);
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s %s", s ? "; " : "", statistic_table[said[s]].label, share);
    }
    fprintf(out, "<figure>\n");
    svg_begin(out, 240, 154, title, text);
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
        svg_text(out, box->left + box->width * (tick + 1) / 2, box->top + box->height + 17, SVG_MIDDLE, "soft", text);
    }
    snprintf(text, sizeof text, "layer %zu%s", layer + 1,
             (size_t)hyperparameters_context_layer(report_hyperparameters(report, i)) == layer + 1 ? " (context)" : "");
    svg_text(out, box->left, 11, SVG_START, NULL, text);
    snprintf(text, sizeof text, "+ %.0f %%", 100 * report_estimate(report, i, layer, STATISTIC_UNIMPORTANT)->value);
    svg_text(out, box->left + box->width, 11, SVG_END, NULL, text);
    svg_text(out, box->left + box->width / 2, box->top + box->height + 31, SVG_MIDDLE, "soft", "RI");
    svg_end(out);
    fprintf(out, "</figure>\n");
}

/* Every statistic of a layer's neurons, a row for each layer. */
static void write_numbers(const struct report *report, size_t n)
{
    FILE *out = report->out;
    fprintf(out,
            "<h3 id=\"h-numbers\">The numbers</h3>\n<div class=\"scroll%s\" tabindex=\"0\" role=\"region\" "
            "aria-labelledby=\"h-numbers\"><table>\n<thead><tr><th scope=\"col\">Configuration</th>"
            "<th scope=\"col\">layer</th>",
            n > 6 ? " tall" : "");
    for (int s = STATISTIC_FIRST_OF_LAYER; s < STATISTIC_FIRST_OF_SHARING; s++) {
        fprintf(out, "<th scope=\"col\" title=\"");
        html_text(out, statistic_table[s].meaning);
        fprintf(out, "\">");
        html_text(out, statistic_table[s].label);
        fprintf(out, "</th>");
    }
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < report_layers(report, i) && report_accepted(report, i) > 0; l++) {
            char label[LABEL_MAX];
            report_label(report, i, label);
            fprintf(out, "<tr>");
            if (l == 0) {
                fprintf(out, "<th scope=\"rowgroup\" rowspan=\"%zu\" class=\"label\">", report_layers(report, i));
                html_text(out, label);
                fprintf(out, "</th>");
            }
            fprintf(out, "<th scope=\"row\">%zu</th>", l + 1);
            for (int s = STATISTIC_FIRST_OF_LAYER; s < STATISTIC_FIRST_OF_SHARING; s++) {
                fprintf(out, "<td class=\"n\">");
                report_write_estimate(out, report_estimate(report, i, l, (enum statistic)s),
                                      statistic_table[s].is_share);
                fprintf(out, "</td>");
            }
            fprintf(out, "</tr>\n");
        }
    fprintf(out, "</tbody></table></div>\n");
}

void report_importance(const struct report *report)
{
    FILE *out = report->out;
    size_t n = n_figures(report);
    double share_max = 0.01;
    bool has_models = false;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < report_layers(report, i) && report_accepted(report, i) > 0; l++)
            for (int b = 0; b < RI_BINS; b++) {
                const struct estimate *bin = &report->configs[i].estimates.layers[l].bins[b];
                share_max = fmax(share_max, fmax(bin->value, bin->high)); /* fmax leaves NaN out */
                has_models = true;
            }

    fprintf(
        out,
        "<section id=\"importance\" class=\"importance\" aria-labelledby=\"h-importance\">\n"
        "<h2 id=\"h-importance\">Relative importance</h2>\n"
        "<p>RI = (I<sub>1</sub> &minus; I<sub>2</sub>)/(I<sub>1</sub> + I<sub>2</sub>) of all neurons of accepted "
        "models, importance measured as <code>%s</code>%s: +1 serves the first of two tasks only, &minus;1 the second "
        "only. An importance "
        "below %g of its layer&rsquo;s mean counts as 0; &ldquo;+&nbsp;%%&rdquo; are the neurons unimportant to both "
        "tasks. Bars are per cent of all neurons of the layer, lines on them 95&nbsp;%% bootstrap intervals, which "
        "resample models. Point at a bar for its numbers.</p>\n"
        "<ul class=\"keys\">",
        measure_table[report->options->ri.measure].name,
        report->options->ri.normalise == NORMALISE_LAYER ? " and divided by its sum over the layer" : "",
        report->options->ri.unimportant_below);
    for (int side = 1; side >= 0; side--) {
        char task[TASK_LABEL_MAX];
        report_task(report, side, task);
        fprintf(out, "<li><span class=\"key\" style=\"background:#%06x\">&nbsp;</span>",
                palette_safe.colours[side ? 1 : 0]);
        html_text(out, task);
        fprintf(out, "</li>");
    }
    fprintf(out, "</ul>\n");
    for (size_t i = 0; i < n; i++) {
        begin_group(report, i);
        if (report_accepted(report, i) == 0)
            fprintf(out, "<p class=\"note\">No accepted model yet.</p>\n");
        else if (!report_has_pair(report, i))
            fprintf(out, "<p class=\"note\">It has not both tasks, and so no relative importance.</p>\n");
        else
            for (size_t l = 0; l < report_layers(report, i); l++)
                write_histogram(report, i, l, share_max);
        fprintf(out, "</div></div>\n");
    }
    if (has_models)
        write_numbers(report, n);
    write_left_out(report, "ri");
    fprintf(out, "</section>\n");
}
