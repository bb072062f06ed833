#include "plot_training.h"

#include "curves.h"
#include "figure_data.h"
#include "panels.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MODELS_DRAWN_MAX 50  /* thin lines in a panel: many more only turn into one area */
#define POINTS_MAX       400 /* of a curve */
#define STRAY_MAX        1.5 /* how far beyond the bands the axes go for single models */

#define PANEL_WIDTH   150.0 /* at least */
#define PANEL_HEIGHT  130.0
#define SINGLE_HEIGHT 220.0 /* of a panel that is alone */
#define MEDIAN_WIDTH  2.0

struct training_figure {
    struct panels panels;
    struct curves *curves; /* [selection->n] */
    bool is_logarithmic, has_phases;
    double y_min, y_max;
};

/* One range for all panels, logarithmic if the errors fall by a factor of ten or more. Single models may leave it where
 * they lie far outside of the bands: a stray one must not leave the panels half empty. */
static void choose_range(struct training_figure *figure)
{
    const struct panels *panels = &figure->panels;
    double low = INFINITY, high = 0, one_low = INFINITY, one_high = 0, median_low = INFINITY, median_high = 0;
    for (size_t i = 0; i < panels->selection->n; i++) {
        const struct curves *curves = &figure->curves[i];
        size_t n_values = curves->n_points * curves->n_tasks;
        for (size_t v = 0; v < n_values; v++) {
            median_low = fmin(median_low, curves->median[v]);
            median_high = fmax(median_high, curves->median[v]);
            low = fmin(low, curves->low[v]);
            high = fmax(high, curves->high[v]);
        }
        for (size_t v = 0; v < curves->n_drawn * n_values; v++) {
            one_low = fmin(one_low, (double)curves->drawn[v]);
            one_high = fmax(one_high, (double)curves->drawn[v]);
        }
    }
    low = fmin(low, fmax(one_low, low / STRAY_MAX));
    high = fmax(high, fmin(one_high, high * STRAY_MAX));
    if (!(high > 0)) {
        low = 0;
        high = 1;
    }
    for (size_t i = 0; i < panels->selection->n; i++) {
        const struct hyperparameters *h = &panels->reader->configs[panels->selection->configs[i]];
        /* The thresholds are in view, unless they are far above everything. */
        if (h->error_threshold < 2 * high)
            high = fmax(high, h->error_threshold);
        figure->has_phases |= hyperparameters_phases(h) > 1;
    }
    figure->is_logarithmic = low > 0 && median_high >= 10 * median_low;
    figure->y_min = figure->is_logarithmic ? low : 0;
    figure->y_max = high;
}

static void write_axes(const struct training_figure *figure)
{
    const struct panels *panels = &figure->panels;
    layout_axes(&panels->gnuplot);
    /* The names of phases take a line at the top. */
    layout_y_range(&panels->gnuplot, figure->y_min, figure->y_max, figure->has_phases ? 0.1 : 0.03,
                   figure->is_logarithmic);
    fprintf(panels->gnuplot.script, "set grid ytics lt 1 lw 0.6 lc rgb '#e6e6e6'\n");
    panels_y_name(panels, "mean absolute test error");
    for (size_t i = 0; i < panels->selection->n; i++) {
        struct box box = panels_box(panels, i);
        if (panels_is_lowest(panels, i))
            layout_text(&panels->gnuplot, box.left + box.width / 2, box.top + box.height + 26, ALIGN_CENTER, FONT_TEXT,
                        COLOUR_TEXT, false, "epoch");
    }
}

/* Shades the phases of replay and sequential training. */
static void write_phases(const struct training_figure *figure, size_t i)
{
    const struct panels *panels = &figure->panels;
    const struct hyperparameters *h = &panels->reader->configs[panels->selection->configs[i]];
    struct box box = panels_box(panels, i);
    int n_phases = hyperparameters_phases(h);
    if (n_phases == 1)
        return;
    for (int phase = 0; phase < n_phases; phase++) {
        uint32_t colour = panels->request->palette.colours[phase];
        char text[64];
        bool has_word = phase > 0 && h->train_mode == TRAIN_REPLAY && n_phases == 2; /* room for it */
        snprintf(text, sizeof text, n_phases > 4 ? "%d%s" : "task %d%s", phase + 1, has_word ? ", with replay" : "");
        fprintf(panels->gnuplot.script,
                "set object rectangle from first %" PRId64 ", graph 0 to first %" PRId64 ", graph 1 behind "
                "fc rgb '#%06" PRIx32 "' fs solid 1 noborder\n",
                phase * h->epochs, (phase + 1) * h->epochs, palette_blend(0xffffff, colour, 0.16));
        layout_text(&panels->gnuplot, box.left + box.width * (phase + 0.5) / n_phases, box.top + 9, ALIGN_CENTER,
                    FONT_SMALL, COLOUR_GREY, false, text);
    }
}

static void write_data(const struct training_figure *figure, size_t i)
{
    FILE *script = figure->panels.gnuplot.script;
    const struct curves *curves = &figure->curves[i];

    fprintf(script, "\n$all%zu << EOD\n", i + 1);
    for (size_t p = 0; p < curves->n_points; p++) {
        fprintf(script, "%zu", curves->entries[p]);
        for (size_t t = 0; t < curves->n_tasks; t++) {
            size_t at = p * curves->n_tasks + t;
            fprintf(script, " %.5g %.5g %.5g", curves->median[at], curves->low[at], curves->high[at]);
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
    const struct panels *panels = &figure->panels;
    const uint32_t *colours = panels->request->palette.colours;
    FILE *script = panels->gnuplot.script;
    const struct hyperparameters *h = &panels->reader->configs[panels->selection->configs[i]];
    const struct curves *curves = &figure->curves[i];
    struct box box = panels_box(panels, i);
    int64_t last = hyperparameters_history(h) - 1;

    if (curves->n_models > 0)
        write_data(figure, i);
    layout_panel(&panels->gnuplot, &box);
    panels_title(panels, i);
    write_phases(figure, i);
    fprintf(script, "set xrange [0:%" PRId64 "]\nset xtics 0,%.6g\nset format y '%s'\n", last,
            fmax(1, layout_step((double)last, 6)), panels_is_leftmost(panels, i) ? "%g" : "");

    if (curves->n_models == 0)
        layout_text(&panels->gnuplot, box.left + box.width / 2, box.top + box.height / 2, ALIGN_CENTER, FONT_TEXT,
                    COLOUR_GREY, false, models_none(panels->reader));
    fprintf(script, "plot ");
    if (curves->n_models > 0) {
        for (int t = 0; t < (int)curves->n_tasks; t++)
            fprintf(script,
                    "$all%zu using 1:%d:%d with filledcurves fc rgb '#%06" PRIx32
                    "' fs transparent solid 0.25 noborder, \\\n     ",
                    i + 1, 3 * t + 3, 3 * t + 4, colours[t]);
        /* The more lines, the fainter: their sum must leave the band and the median to be seen. */
        long transparency = lround(255 * (1 - fmin(0.45, 10 / (double)curves->n_drawn)));
        for (int t = 0; t < (int)curves->n_tasks; t++)
            fprintf(script, "$models%zu using 1:%d with lines lw 0.5 lc rgb '#%02lx%06" PRIx32 "', \\\n     ", i + 1,
                    t + 2, transparency, palette_blend(colours[t], 0x000000, 0.25));
        for (int t = 0; t < (int)curves->n_tasks; t++) {
            char style[STYLE_MAX];
            palette_line(&panels->request->palette, (size_t)t, MEDIAN_WIDTH, style);
            fprintf(script, "$all%zu using 1:%d with lines %s, \\\n     ", i + 1, 3 * t + 2, style);
        }
    }
    fprintf(script, "%.17g with lines lw 1 dt 2 lc rgb '#777777'\nunset label\nunset arrow\nunset object\n",
            h->error_threshold);
}

#define REMARK_MAX 96

/* Texts of a legend. */
struct legend {
    struct legend_item items[TASKS_MAX + 5];
    char styles[TASKS_MAX][STYLE_MAX], tasks[TASKS_MAX][TASK_LABEL_MAX], models[REMARK_MAX], beyond[REMARK_MAX];
    size_t n;
};

/* How many of the single models drawn in a panel leave it, upwards or downwards. */
static size_t count_beyond(const struct training_figure *figure, size_t i)
{
    const struct curves *curves = &figure->curves[i];
    size_t n_beyond = 0, n_values = curves->n_points * curves->n_tasks;
    for (size_t m = 0; m < curves->n_drawn; m++) {
        bool is_beyond = false;
        for (size_t v = 0; v < n_values; v++) {
            double error = (double)curves->drawn[m * n_values + v];
            is_beyond |= error < figure->y_min * (1 - 1e-6) || error > figure->y_max * (1 + 1e-6);
        }
        n_beyond += is_beyond;
    }
    return n_beyond;
}

/* An entry for each task that a configuration has, the kinds of lines, and what is left out. */
static void write_legend(const struct training_figure *figure, struct legend *legend)
{
    const struct panels *panels = &figure->panels;
    const struct selection *selection = panels->selection;
    size_t n = 0, n_most = 0, n_beyond = 0;
    for (size_t i = 0; i < selection->n; i++) {
        int n_tasks = hyperparameters_n_tasks(&panels->reader->configs[selection->configs[i]]);
        for (; (int)n < n_tasks; n++) {
            task_label(panels->reader, selection, (int)n, legend->tasks[n]);
            palette_line(&panels->request->palette, n, MEDIAN_WIDTH, legend->styles[n]);
            legend->items[n] = (struct legend_item){false, legend->styles[n], legend->tasks[n]};
        }
        n_most = figure->curves[i].n_models > n_most ? figure->curves[i].n_models : n_most;
        n_beyond += count_beyond(figure, i);
    }
    snprintf(legend->models, REMARK_MAX, "single models");
    if (n_most > MODELS_DRAWN_MAX)
        snprintf(legend->models, REMARK_MAX, "single models, %d of up to %zu", MODELS_DRAWN_MAX, n_most);
    legend->items[n++] = (struct legend_item){false, NULL, "thick: medians"};
    legend->items[n++] = (struct legend_item){false, "lw 9 lc rgb '#d9d9d9'", "5-95 % of models"};
    legend->items[n++] = (struct legend_item){false, "lw 0.6 lc rgb '#999999'", legend->models};
    legend->items[n++] = (struct legend_item){false, "lw 1 dt 2 lc rgb '#777777'", "acceptance threshold"};
    snprintf(legend->beyond, REMARK_MAX, "%zu of the single models leave%s the panels", n_beyond,
             n_beyond == 1 ? "s" : "");
    if (n_beyond > 0)
        legend->items[n++] = (struct legend_item){false, NULL, legend->beyond};
    legend->n = n;
}

static void write_table(const struct training_figure *figure)
{
    const struct panels *panels = &figure->panels;
    figure_data_begin(&panels->gnuplot, panels->reader, "epoch,task,median,quantile_05,quantile_95,n_models");
    for (size_t i = 0; i < panels->selection->n; i++) {
        const struct curves *curves = &figure->curves[i];
        for (size_t v = 0; v < curves->n_points * curves->n_tasks; v++) {
            const struct estimate error = {curves->median[v], curves->low[v], curves->high[v], curves->n_models};
            figure_data_row(&panels->gnuplot, panels->reader, panels->selection->configs[i]);
            const size_t point = v / curves->n_tasks;
            figure_data_number(&panels->gnuplot, (double)curves->entries[point]);
            figure_data_number(&panels->gnuplot, (double)(v % curves->n_tasks + 1));
            figure_data_estimate(&panels->gnuplot, &error);
        }
    }
}

enum error_code plot_training(struct reader *reader, const struct selection *selection,
                              const struct figure_request *request, struct error *error)
{
    size_t n = selection->n;
    struct legend legend;
    struct training_figure figure = {.panels = {.reader = reader,
                                                .selection = selection,
                                                .request = request,
                                                .panel_width = PANEL_WIDTH,
                                                .panel_height = n == 1 ? SINGLE_HEIGHT : PANEL_HEIGHT,
                                                .margin_left = 56,
                                                .margin_bottom = 36,
                                                .gap = 14,
                                                .tics_height = 20,
                                                .legend = legend.items}};
    size_t *n_models = NULL;

    if (gnuplot_check(&request->place, error) || layout_check_count(reader, selection, error))
        return error->code;
    figure.curves = calloc(n, sizeof *figure.curves);
    n_models = calloc(n, sizeof *n_models);
    if (!figure.curves || !n_models) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        if (curves_read(reader, selection->configs[i], MODELS_DRAWN_MAX, POINTS_MAX, &figure.curves[i], error))
            goto done;
        n_models[i] = figure.curves[i].n_models;
    }
    figure.panels.n_models = n_models;
    choose_range(&figure);
    write_legend(&figure, &legend);
    figure.panels.n_legend = legend.n;
    if (panels_begin(&figure.panels, error))
        goto done;
    write_axes(&figure);
    for (size_t i = 0; i < n; i++)
        write_panel(&figure, i);
    write_table(&figure);
    panels_finish(&figure.panels, error);
done:
    for (size_t i = 0; figure.curves && i < n; i++)
        curves_free(&figure.curves[i]);
    free(figure.curves);
    free(n_models);
    return error->code;
}
