#include "report_training.h"

#include "curves.h"
#include "layout.h"
#include "palette.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_POINTS_MAX 60
#define CURVES_DRAWN_MAX 12

#define ENTRIES_SHOWN 5 /* of a history, in the table */
#define WIDTH         274.0
#define HEIGHT        148.0

static const struct box training_plot = {38, 8, 226, 106};
/* Dashes of tasks, which grey paper shows too. */
static const char *const dashes[TASKS_MAX] = {"none", "7 2", "2 2", "8 2 2 2", "12 3", "4 4", "8 2 2 2 2 2", "1 3"};

/* From data to a figure's coordinates; y is logarithmic. */
struct axes {
    size_t n_entries; /* of the longest history shown */
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

static void grow_axes(struct axes *axes, const struct curves *curves)
{
    for (size_t v = 0; v < curves->n_points * curves->n_tasks; v++) {
        if (curves->low[v] > 0)
            axes->low = fmin(axes->low, curves->low[v]);
        axes->high = fmax(axes->high, fmax(curves->high[v], curves->median[v]));
    }
}

/* A threshold that is near the curves is on the axes, too. */
static void grow_to_threshold(struct axes *axes, double threshold)
{
    if (threshold > axes->low / 2 && threshold < axes->high * 2) {
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
    double step = fmax(1, layout_step((double)(axes->n_entries - 1), 5));
    for (int tick = 0; tick * step <= (double)(axes->n_entries - 1) * (1 + 1e-9); tick++) {
        char text[32];
        double epoch = tick * step;
        snprintf(text, sizeof text, "%g", epoch);
        svg_text(out, curve_x(axes, (size_t)epoch), box->top + box->height + 13, SVG_MIDDLE, "soft", text);
    }
    svg_text(out, box->left + box->width / 2, box->top + box->height + 26, SVG_MIDDLE, "soft", "epoch");
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
        fprintf(out, "<polygon class=\"band\" fill=\"#%06" PRIx32 "\" points=\"", palette_safe.colours[t]);
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
        fprintf(out, "<polyline class=\"curve\" stroke=\"#%06" PRIx32 "\" stroke-dasharray=\"%s\" points=\"",
                palette_safe.colours[t], dashes[t]);
        write_points(out, axes, curves, curves->median + t, false);
        fprintf(out, "\"/>\n");
    }
}

static void write_training(const struct report *report, size_t i, const struct axes *all, const struct curves *curves)
{
    const struct hyperparameters *h = report_hyperparameters(report, i);
    const struct box *box = &training_plot;
    FILE *out = report->out;
    char description[2048] = "";

    report_group_begin(report, i);
    if (curves->n_points == 0) {
        fprintf(out, "<p class=\"note\">No accepted model.</p>\n");
        report_group_end(report);
        return;
    }
    struct axes axes = *all;
    size_t last = curves->entries[curves->n_points - 1];
    axes.n_entries = last > 0 ? last + 1 : 2;
    for (size_t t = 0; t < curves->n_tasks; t++) {
        size_t end = (curves->n_points - 1) * curves->n_tasks + t;
        size_t used = strlen(description);
        snprintf(description + used, sizeof description - used,
                 "Task %zu: median error %.3g untrained, %.3g at the end (5-95 %%: %.3g to %.3g). ", t + 1,
                 curves->median[t], curves->median[end], curves->low[end], curves->high[end]);
    }
    fprintf(out, "<figure>\n");
    svg_begin(out, WIDTH, HEIGHT, "Mean absolute test error by epoch", description);
    for (int phase = 1; phase < hyperparameters_phases(h); phase += 2) {
        double left = curve_x(&axes, (size_t)(phase * h->epochs)),
               right = curve_x(&axes, (size_t)((phase + 1) * h->epochs));
        fprintf(out, "<rect class=\"phase\" x=\"%.5g\" y=\"%g\" width=\"%.5g\" height=\"%g\"/>\n", left, box->top,
                right - left, box->height);
    }
    write_training_axes(out, &axes);
    write_curves(out, &axes, curves);
    if (h->error_threshold >= axes.low && h->error_threshold <= axes.high)
        svg_line(out, box->left, curve_y(&axes, h->error_threshold), box->left + box->width,
                 curve_y(&axes, h->error_threshold), "limit");
    svg_end(out);
    fprintf(out, "</figure>\n");
    report_group_end(report);
}

/* "Median [5 %, 95 %]" of some entries of the histories. */
static void write_table_rows(const struct report *report, size_t i, const struct curves *curves)
{
    FILE *out = report->out;
    size_t n_shown = curves->n_points < ENTRIES_SHOWN ? curves->n_points : ENTRIES_SHOWN;
    for (size_t t = 0; t < curves->n_tasks && n_shown > 0; t++) {
        fprintf(out, "<tr>");
        if (t == 0) {
            fprintf(out, "<th scope=\"rowgroup\" rowspan=\"%zu\" class=\"label\">", curves->n_tasks);
            report_write_label(report, i);
            fprintf(out, "</th>");
        }
        fprintf(out, "<th scope=\"row\">%zu</th>", t + 1);
        for (size_t e = 0; e < ENTRIES_SHOWN; e++) {
            size_t p = n_shown > 1 ? e * (curves->n_points - 1) / (n_shown - 1) : 0, v = p * curves->n_tasks + t;
            if (e < n_shown)
                fprintf(out, "<td><small>epoch %zu</small>%.4g<small>[%.4g, %.4g]</small></td>", curves->entries[p],
                        curves->median[v], curves->low[v], curves->high[v]);
            else
                fprintf(out, "<td></td>");
        }
        fprintf(out, "</tr>\n");
    }
}

static void write_table(const struct report *report, const struct curves *curves)
{
    FILE *out = report->out;
    report_fold_begin(out, "The numbers of the curves",
                      report->n_figured * report->reader->layout.size[DIMENSION_TASK]);
    report_table_begin(out, "Test errors by epoch", "stacked");
    fprintf(out,
            "<thead><tr><th scope=\"col\">Configuration</th><th scope=\"col\">task</th>"
            "<th scope=\"colgroup\" colspan=\"%d\">median error [5&nbsp;%%, 95&nbsp;%%]</th></tr></thead>\n"
            "<tbody>\n",
            ENTRIES_SHOWN);
    for (size_t k = 0; k < report->n_figured; k++)
        write_table_rows(report, report->figured[k], &curves[k]);
    report_table_end(out);
    report_fold_end(out);
}

static void write_keys(const struct report *report)
{
    FILE *out = report->out;
    fprintf(out, "<ul class=\"keys\">");
    for (size_t t = 0; t < report->reader->layout.size[DIMENSION_TASK]; t++) {
        char task[TASK_LABEL_MAX];
        task_label(report->reader, report->selection, (int)t, task);
        fprintf(out,
                "<li><svg aria-hidden=\"true\" class=\"mark\" width=\"30\" height=\"12\"><path class=\"curve\" "
                "stroke=\"#%06" PRIx32 "\" stroke-dasharray=\"%s\" d=\"M0,6H30\"/></svg> ",
                palette_safe.colours[t], dashes[t]);
        html_text(out, task);
        fprintf(out, ", median</li>");
    }
    fprintf(out,
            "<li>bands: 5&ndash;95&nbsp;%% of models</li><li>thin: up to %d single models</li>"
            "<li>dashed level: acceptance threshold, where it is near</li>"
            "<li>grey ground: every second phase of training</li></ul>\n",
            CURVES_DRAWN_MAX);
}

static void write_section(const struct report *report, const struct curves *curves)
{
    struct axes axes = {.n_entries = 2, .low = INFINITY, .high = 0};
    FILE *out = report->out;
    size_t n = report->n_figured;
    for (size_t k = 0; k < n; k++)
        grow_axes(&axes, &curves[k]);
    bool has_curves = isfinite(axes.low);
    if (has_curves && !(axes.high > axes.low)) { /* nothing but one value */
        axes.high = 2 * axes.low;
        axes.low /= 2;
    }
    for (size_t k = 0; k < n && has_curves; k++)
        grow_to_threshold(&axes, report_hyperparameters(report, report->figured[k])->error_threshold);
    fprintf(out, "<section id=\"training\" aria-labelledby=\"h-training\">\n<h2 id=\"h-training\">Training</h2>\n");
    if (has_curves) {
        fprintf(out, "<p>Mean absolute test error of accepted models against epoch; 0 is the untrained network. All "
                     "vertical axes are the same.</p>\n");
        write_keys(report);
        report_write_choice(report, "training");
        fprintf(out, "<div class=\"panels training\">\n");
        for (size_t k = 0; k < n; k++)
            write_training(report, report->figured[k], &axes, &curves[k]);
        fprintf(out, "</div>\n");
        write_table(report, curves);
    } else {
        fprintf(out, "<p class=\"note\">No accepted model.</p>\n");
    }
    fprintf(out, "</section>\n");
}

enum error_code report_training(const struct report *report, struct error *error)
{
    size_t n = report->n_figured;
    struct curves *curves = calloc(n > 0 ? n : 1, sizeof *curves);
    if (!curves)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path);
    error->code = ERROR_NONE;
    for (size_t k = 0; k < n && !error->code; k++)
        curves_read(report->reader, report->selection->configs[report->figured[k]], CURVES_DRAWN_MAX, CURVE_POINTS_MAX,
                    &curves[k], error);
    if (!error->code)
        write_section(report, curves);
    for (size_t k = 0; k < n; k++)
        curves_free(&curves[k]);
    free(curves);
    return error->code;
}
