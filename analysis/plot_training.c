#include "command.h"
#include "curves.h"
#include "layout.h"
#include "plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MODELS_DRAWN_MAX 50  /* thin lines in a panel: many more only turn into one area */
#define POINTS_MAX       400 /* of a curve */

#define MARGIN_LEFT   66.0
#define MARGIN_RIGHT  16.0
#define MARGIN_BOTTOM 44.0
#define TITLE_HEIGHT  26.0
#define LEGEND_HEIGHT 24.0
#define LABEL_SIZE    10.0
#define LINE_HEIGHT   14.0
#define PANEL_WIDTH   260.0
#define PANEL_HEIGHT  160.0
#define SINGLE_WIDTH  540.0 /* of a panel that is alone: the legend has to fit above it */
#define SINGLE_HEIGHT 300.0
#define PANEL_GAP     28.0
#define TICS_HEIGHT   20.0

struct training_figure {
    struct gnuplot gnuplot;
    struct reader *reader;
    const struct selection *selection;
    struct curves *curves;   /* [selection->n] */
    double top, head_height; /* of the first row; of a panel's title */
    double panel_width, panel_height;
    size_t n_columns;
    bool is_logarithmic;
    double y_min, y_max;
};

/* One range for all panels, logarithmic if the errors fall by a factor of ten or more. */
static void choose_range(struct training_figure *figure)
{
    double low = INFINITY, high = 0, mean_low = INFINITY, mean_high = 0;
    for (size_t i = 0; i < figure->selection->n; i++) {
        const struct curves *curves = &figure->curves[i];
        size_t n_values = curves->n_points * curves->n_tasks;
        for (size_t v = 0; v < n_values; v++) {
            mean_low = fmin(mean_low, curves->mean[v]);
            mean_high = fmax(mean_high, curves->mean[v]);
            low = fmin(low, curves->low[v]);
            high = fmax(high, curves->high[v]);
        }
        for (size_t v = 0; v < curves->n_drawn * n_values; v++) {
            low = fmin(low, (double)curves->drawn[v]);
            high = fmax(high, (double)curves->drawn[v]);
        }
    }
    if (!(high > 0)) {
        low = 0;
        high = 1;
    }
    /* The thresholds are in view, unless they are far above everything. */
    for (size_t i = 0; i < figure->selection->n; i++) {
        double threshold = figure->reader->configs[figure->selection->configs[i]].error_threshold;
        if (threshold < 2 * high)
            high = fmax(high, threshold);
    }
    bool has_phases = false; /* their names take a line at the top */
    for (size_t i = 0; i < figure->selection->n; i++)
        has_phases |= hyperparameters_phases(&figure->reader->configs[figure->selection->configs[i]]) > 1;
    figure->is_logarithmic = low > 0 && mean_high >= 10 * mean_low;
    if (figure->is_logarithmic) {
        double margin = pow(high / low, 0.02);
        figure->y_min = low / margin;
        figure->y_max = high * (has_phases ? pow(high / low, 0.11) : margin);
    } else {
        figure->y_min = 0;
        figure->y_max = high * (has_phases ? 1.12 : 1.05);
    }
}

static struct box panel_box(const struct training_figure *figure, size_t i)
{
    size_t row = i / figure->n_columns, column = i % figure->n_columns;
    double row_height = figure->head_height + figure->panel_height + TICS_HEIGHT;
    return (struct box){MARGIN_LEFT + (double)column * (figure->panel_width + PANEL_GAP),
                        figure->top + (double)row * row_height + figure->head_height, figure->panel_width,
                        figure->panel_height};
}

static void panel_title(const struct training_figure *figure, size_t i, char title[LABEL_MAX])
{
    char label[LABEL_MAX];
    size_t n = figure->curves[i].n_models;
    selection_label(figure->reader, figure->selection->configs[i], label);
    snprintf(title, LABEL_MAX, "%.*s (%zu model%s)", LABEL_MAX - 40, label, n, n == 1 ? "" : "s");
}

static void write_axes(const struct training_figure *figure)
{
    FILE *script = figure->gnuplot.script;
    fprintf(script,
            "set border 3 lw 0.8 lc rgb '#%06x'\nset tics out nomirror scale 0.4 font ',9.5' textcolor rgb '#%06x'\n"
            "set xtics offset 0,0.4\n"
            "set yrange [%.6g:%.6g]\nset grid ytics lt 1 lw 0.6 lc rgb '#e6e6e6'\nunset key\n",
            COLOUR_GREY, COLOUR_TEXT, figure->y_min, figure->y_max);
    if (!figure->is_logarithmic) {
        fprintf(script, "set ytics 0,%.6g\n", layout_step(figure->y_max, 5));
        return;
    }
    /* 1, 2 and 5 times powers of ten; over many decades the powers alone. */
    double decades = log10(figure->y_max / figure->y_min);
    const char *separator = "";
    fprintf(script, "set logscale y\nset ytics (");
    for (int power = (int)floor(log10(figure->y_min)); power <= (int)floor(log10(figure->y_max)); power++)
        for (int digit = 1; digit <= 5; digit += digit == 1 ? 1 : 3) {
            if (decades > 3.5 && digit != 1)
                continue;
            fprintf(script, "%s%de%d", separator, digit, power);
            separator = ", ";
        }
    fprintf(script, ")\n");
}

/* A short line and its meaning; returns where the next one starts. */
static double write_legend_line(const struct training_figure *figure, double x, const char *style, const char *text)
{
    const struct gnuplot *gnuplot = &figure->gnuplot;
    double y = figure->top - LEGEND_HEIGHT / 2;
    fprintf(gnuplot->script, "set arrow from screen %.6f,%.6f to screen %.6f,%.6f nohead %s\n", x / gnuplot->width,
            1 - y / gnuplot->height, (x + 20) / gnuplot->width, 1 - y / gnuplot->height, style);
    layout_text(gnuplot, x + 25, y, ALIGN_LEFT, LABEL_SIZE, COLOUR_TEXT, false, text);
    return x + 25 + layout_text_width(text, LABEL_SIZE) + 14;
}

static void write_page_texts(const struct training_figure *figure)
{
    const struct gnuplot *gnuplot = &figure->gnuplot;
    size_t n = figure->selection->n;
    struct box last = panel_box(figure, n - 1);
    char style[64];

    if (*figure->reader->name)
        layout_page_title(gnuplot, MARGIN_LEFT, figure->reader->name);
    layout_text(gnuplot, 14, (figure->top + last.top + last.height) / 2, ALIGN_CENTER, 11, COLOUR_TEXT, true,
                "mean absolute test error");
    for (size_t i = n > figure->n_columns ? n - figure->n_columns : 0; i < n; i++) {
        struct box box = panel_box(figure, i); /* the lowest of its column */
        layout_text(gnuplot, box.left + box.width / 2, box.top + box.height + 30, ALIGN_CENTER, 11, COLOUR_TEXT, false,
                    "epoch");
    }

    double x = MARGIN_LEFT;
    snprintf(style, sizeof style, "lw 2.2 lc rgb '#%06x'", COLOUR_TASK_1);
    x = write_legend_line(figure, x, style, "task 1, mean");
    snprintf(style, sizeof style, "lw 2.2 lc rgb '#%06x'", COLOUR_TASK_2);
    x = write_legend_line(figure, x, style, "task 2, mean");
    x = write_legend_line(figure, x, "lw 9 lc rgb '#d9d9d9'", "5-95 %");
    x = write_legend_line(figure, x, "lw 0.6 lc rgb '#999999'", "single models");
    write_legend_line(figure, x, "lw 1 dt 2 lc rgb '#777777'", "acceptance threshold");
}

/* Shades the two phases of replay and sequential training. */
static void write_phases(const struct training_figure *figure, size_t i)
{
    const struct hyperparameters *h = &figure->reader->configs[figure->selection->configs[i]];
    struct box box = panel_box(figure, i);
    if (hyperparameters_phases(h) == 1)
        return;
    for (int phase = 0; phase < 2; phase++) {
        uint32_t colour = phase == 0 ? COLOUR_TASK_1 : COLOUR_TASK_2;
        const char *text = phase == 0 ? "task 1" : h->train_mode == TRAIN_REPLAY ? "task 2, with replay" : "task 2";
        fprintf(figure->gnuplot.script,
                "set object rectangle from first %" PRId64 ", graph 0 to first %" PRId64 ", graph 1 behind "
                "fc rgb '#%06" PRIx32 "' fs solid 1 noborder\n",
                phase * h->epochs, (phase + 1) * h->epochs, layout_blend(0xffffff, colour, 0.12));
        layout_text(&figure->gnuplot, box.left + box.width * (0.25 + 0.5 * phase), box.top + 9, ALIGN_CENTER, 9,
                    COLOUR_GREY, false, text);
    }
}

static void write_data(const struct training_figure *figure, size_t i)
{
    FILE *script = figure->gnuplot.script;
    const struct curves *curves = &figure->curves[i];

    fprintf(script, "\n$all%zu << EOD\n", i + 1);
    for (size_t p = 0; p < curves->n_points; p++) {
        fprintf(script, "%zu", curves->entries[p]);
        for (size_t t = 0; t < curves->n_tasks; t++) {
            size_t at = p * curves->n_tasks + t;
            fprintf(script, " %.5g %.5g %.5g", curves->mean[at], curves->low[at], curves->high[at]);
        }
        fprintf(script, "\n");
    }
    fprintf(script, "EOD\n$models%zu << EOD\n", i + 1);
    for (size_t m = 0; m < curves->n_drawn; m++) {
        for (size_t p = 0; p < curves->n_points; p++) {
            fprintf(script, "%zu", curves->entries[p]);
            for (size_t t = 0; t < curves->n_tasks; t++)
                fprintf(script, " %.5g", (double)curves->drawn[(m * curves->n_points + p) * curves->n_tasks + t]);
            fprintf(script, "\n");
        }
        fprintf(script, "\n");
    }
    fprintf(script, "EOD\n");
}

static void write_panel(const struct training_figure *figure, size_t i)
{
    static const uint32_t colours[] = {COLOUR_TASK_1, COLOUR_TASK_2};
    FILE *script = figure->gnuplot.script;
    const struct hyperparameters *h = &figure->reader->configs[figure->selection->configs[i]];
    const struct curves *curves = &figure->curves[i];
    struct box box = panel_box(figure, i);
    char title[LABEL_MAX], lines[LAYOUT_LINES_MAX][LABEL_MAX];
    int64_t last = hyperparameters_history(h) - 1;

    if (curves->n_models > 0)
        write_data(figure, i);
    layout_panel(&figure->gnuplot, &box);
    panel_title(figure, i, title);
    size_t n_lines = layout_wrap(title, box.width, LABEL_SIZE, lines);
    for (size_t l = 0; l < n_lines; l++)
        layout_text(&figure->gnuplot, box.left, box.top - 10 - LINE_HEIGHT * (double)(n_lines - 1 - l), ALIGN_LEFT,
                    LABEL_SIZE, COLOUR_TEXT, false, lines[l]);
    write_phases(figure, i);
    fprintf(script, "set xrange [0:%" PRId64 "]\nset xtics 0,%.6g\nset format y '%s'\n", last,
            fmax(1, layout_step((double)last, 6)), i % figure->n_columns == 0 ? "%g" : "");

    if (curves->n_models == 0)
        layout_text(&figure->gnuplot, box.left + box.width / 2, box.top + box.height / 2, ALIGN_CENTER, 10, COLOUR_GREY,
                    false, "no accepted model");
    fprintf(script, "plot ");
    if (curves->n_models > 0) {
        for (int t = 0; t < 2; t++)
            fprintf(script,
                    "$all%zu using 1:%d:%d with filledcurves fc rgb '#%06" PRIx32
                    "' fs transparent solid 0.25 noborder, \\\n     ",
                    i + 1, 3 * t + 3, 3 * t + 4, colours[t]);
        /* The more lines, the fainter: their sum must leave the band and the mean to be seen. */
        long transparency = lround(255 * (1 - fmin(0.45, 10 / (double)curves->n_drawn)));
        for (int t = 0; t < 2; t++)
            fprintf(script, "$models%zu using 1:%d with lines lw 0.5 lc rgb '#%02lx%06" PRIx32 "', \\\n     ", i + 1,
                    t + 2, transparency, layout_blend(colours[t], 0x000000, 0.25));
        for (int t = 0; t < 2; t++)
            fprintf(script, "$all%zu using 1:%d with lines lw 2.2 lc rgb '#%06" PRIx32 "', \\\n     ", i + 1, 3 * t + 2,
                    colours[t]);
    }
    fprintf(script, "%.17g with lines lw 1 dt 2 lc rgb '#777777'\nunset label\nunset arrow\nunset object\n",
            h->error_threshold);
}

static void write_figure(struct training_figure *figure)
{
    fprintf(figure->gnuplot.script, "set multiplot\n");
    write_axes(figure);
    write_page_texts(figure);
    for (size_t i = 0; i < figure->selection->n; i++)
        write_panel(figure, i);
    fprintf(figure->gnuplot.script, "unset multiplot\n");
}

enum error_code plot_training(struct reader *reader, const struct selection *selection, const char *output,
                              bool keep_script, struct error *error)
{
    struct training_figure figure = {.reader = reader, .selection = selection};
    size_t n = selection->n, n_lines = 1;

    if (gnuplot_check_name(output, error) || layout_check_count(reader, selection, error))
        return error->code;
    figure.curves = calloc(n, sizeof *figure.curves);
    if (!figure.curves)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    figure.panel_width = n == 1 ? SINGLE_WIDTH : PANEL_WIDTH;
    figure.panel_height = n == 1 ? SINGLE_HEIGHT : PANEL_HEIGHT;
    for (size_t i = 0; i < n; i++) {
        char title[LABEL_MAX], lines[LAYOUT_LINES_MAX][LABEL_MAX];
        if (curves_read(reader, selection->configs[i], MODELS_DRAWN_MAX, POINTS_MAX, &figure.curves[i], error))
            goto done;
        panel_title(&figure, i, title);
        size_t n_here = layout_wrap(title, figure.panel_width, LABEL_SIZE, lines);
        n_lines = n_here > n_lines ? n_here : n_lines;
    }
    choose_range(&figure);

    figure.n_columns = n <= 3 ? n : n == 4 ? 2 : n <= 9 ? 3 : 4;
    size_t n_rows = (n + figure.n_columns - 1) / figure.n_columns;
    figure.top = (*reader->name ? TITLE_HEIGHT : 6) + LEGEND_HEIGHT;
    figure.head_height = LINE_HEIGHT * (double)n_lines + 10;
    double width = MARGIN_LEFT + (double)figure.n_columns * (figure.panel_width + PANEL_GAP) - PANEL_GAP + MARGIN_RIGHT;
    double row_height = figure.head_height + figure.panel_height + TICS_HEIGHT;
    double height = figure.top + (double)n_rows * row_height - TICS_HEIGHT + MARGIN_BOTTOM;
    if (gnuplot_begin(&figure.gnuplot, output, width, height, error))
        goto done;
    write_figure(&figure);
    gnuplot_finish(&figure.gnuplot, keep_script, error);
done:
    for (size_t i = 0; i < n; i++)
        curves_free(&figure.curves[i]);
    free(figure.curves);
    return error->code;
}

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    return plot_training(reader, selection, request->output, request->keep_script, error);
}

const struct command command_plot_training = {
    .name = "plot training",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws test error against epoch, a panel for each configuration",
    .details = "At most 24 configurations: choose with --where. Drawn by gnuplot (Debian package gnuplot-nox).\n",
    .options = "output where keep-script",
    .needs_output = true,
    .run = run,
};
