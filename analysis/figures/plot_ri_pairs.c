#include "plot_ri_pairs.h"

#include "histogram_panel.h"
#include "layer_mask.h"

#include <math.h>
#include <stdlib.h>

#define PANEL_WIDTH  112.0
#define PANEL_HEIGHT 76.0
#define PANEL_GAP    14.0
#define NAME_HEIGHT  18.0 /* of a column's name, above its first panel */
#define NAME_SIZE    10.0
#define TICS_WIDTH   34.0
#define MARGIN       16.0
#define BELOW        42.0
#define WIDTH_MIN    520.0

struct ri_pairs_figure {
    struct reader *reader;
    const struct figure_request *request;
    size_t config;
    int n_tasks;
    struct histogram *histograms; /* [TASK_PAIRS(n_tasks)], by the index of pairs in files */
    double left, top;             /* of the panels */
    struct gnuplot gnuplot;
};

static struct histogram *histogram_at(const struct ri_pairs_figure *figure, int a, int b)
{
    return &figure->histograms[b * (b - 1) / 2 + a];
}

/* Of tasks a (column) and b (row below the first). */
static struct box panel_box(const struct ri_pairs_figure *figure, int a, int b)
{
    return (struct box){figure->left + a * (PANEL_WIDTH + PANEL_GAP),
                        figure->top + (b - 1) * (PANEL_HEIGHT + PANEL_GAP) + NAME_HEIGHT, PANEL_WIDTH, PANEL_HEIGHT};
}

static enum error_code read_pairs(struct ri_pairs_figure *figure, struct error *error)
{
    const struct selection one = {.configs = &figure->config, .n = 1};
    struct ri_options ri = figure->request->ri;
    error->code = ERROR_NONE;
    for (ri.task_b = 1; ri.task_b < figure->n_tasks && !error->code; ri.task_b++)
        for (ri.task_a = 0; ri.task_a < ri.task_b && !error->code; ri.task_a++) {
            struct sample sample = {0};
            if (!sample_read(&sample, figure->reader, &one, &ri, true, error))
                histogram_of(&sample, figure->request->layers, histogram_at(figure, ri.task_a, ri.task_b), error);
            sample_free(&sample);
        }
    return error->code;
}

static void name_of(const struct ri_pairs_figure *figure, int task, char text[TASK_LABEL_MAX])
{
    const struct selection one = {.configs = (size_t *)&figure->config, .n = 1};
    task_label(figure->reader, &one, task, text);
}

static double names_width(const struct ri_pairs_figure *figure)
{
    double width = 0;
    for (int b = 1; b < figure->n_tasks; b++) {
        char text[TASK_LABEL_MAX];
        name_of(figure, b, text);
        width = fmax(width, layout_text_width(text, NAME_SIZE));
    }
    return width;
}

static void write_panels(const struct ri_pairs_figure *figure)
{
    char text[TASK_LABEL_MAX], name[32];
    double highest = 0;
    for (int p = 0; p < TASK_PAIRS(figure->n_tasks); p++)
        highest = fmax(highest, histogram_top(&figure->histograms[p]));
    histogram_axes(&figure->gnuplot, highest);
    for (int b = 1; b < figure->n_tasks; b++)
        for (int a = 0; a < b; a++) {
            struct box box = panel_box(figure, a, b);
            if (a == 0) {
                name_of(figure, b, text);
                layout_text(&figure->gnuplot, box.left - TICS_WIDTH, box.top + box.height / 2, ALIGN_RIGHT, NAME_SIZE,
                            COLOUR_TEXT, false, text);
            }
            if (a == b - 1) { /* the place to the right is free */
                name_of(figure, a, text);
                layout_text(&figure->gnuplot, box.left, box.top - NAME_HEIGHT / 2, ALIGN_LEFT, NAME_SIZE, COLOUR_TEXT,
                            false, text);
            }
            snprintf(name, sizeof name, "pair%d_%d", a + 1, b + 1);
            histogram_panel(&figure->gnuplot, &box, name, histogram_at(figure, a, b), b + 1 == figure->n_tasks, a == 0);
        }
}

static enum error_code draw(struct ri_pairs_figure *figure, struct error *error)
{
    char label[LABEL_MAX], what[LABEL_MAX + 128], settings[LABEL_MAX], layers[LABEL_MAX],
        lines[LAYOUT_LINES_MAX][LABEL_MAX];
    const struct legend_item legend[] = {{false, NULL, "RI 1: the task of the column alone; -1: of the row"},
                                         {false, NULL, "lines: 95 % intervals over models"},
                                         {false, NULL, "+ %: unimportant for both tasks"},
                                         {false, NULL, what},
                                         {false, NULL, settings}};
    const char *title = layout_title(figure->reader, figure->request->title);
    size_t n_legend = layout_ri_text(&figure->request->ri, settings) ? 5 : 4;
    size_t n_models = models_accepted(figure->reader, figure->config);
    int n_across = figure->n_tasks - 1;
    char own[TASK_LABEL_MAX];

    layout_layers_text(figure->request->layers, layers);
    snprintf(what, sizeof what, "%zu model%s, %.200s", n_models, n_models == 1 ? "" : "s", layers);
    figure->left = MARGIN + names_width(figure) + TICS_WIDTH;
    double right = 0; /* a column's name may reach beyond the last panel */
    for (int a = 0; a < n_across; a++) {
        name_of(figure, a, own);
        right = fmax(right, panel_box(figure, a, 1).left + fmax(PANEL_WIDTH, layout_text_width(own, NAME_SIZE)));
    }
    double width = fmax(fmax(right + MARGIN, WIDTH_MIN), layout_legend_width(legend, n_legend, MARGIN));
    double legend_top = *title ? LAYOUT_TITLE_HEIGHT : 6;
    double label_top = legend_top + layout_legend_height(legend, n_legend, MARGIN, width);
    selection_label(figure->reader, figure->config, label);
    size_t n_lines = layout_wrap(label, width - 2 * MARGIN, NAME_SIZE, lines);
    figure->top = label_top + 14 * (double)n_lines + 4;
    double height = figure->top + n_across * (PANEL_HEIGHT + PANEL_GAP) + NAME_HEIGHT - PANEL_GAP + BELOW;
    if (gnuplot_begin(&figure->gnuplot, &figure->request->place, width, height, error))
        return error->code;
    fprintf(figure->gnuplot.script, "set multiplot\n");
    layout_page_title(&figure->gnuplot, MARGIN, title);
    layout_legend(&figure->gnuplot, legend, n_legend, MARGIN, legend_top);
    for (size_t l = 0; l < n_lines; l++)
        layout_text(&figure->gnuplot, MARGIN, label_top + 14 * ((double)l + 0.5), ALIGN_LEFT, NAME_SIZE, COLOUR_TEXT,
                    false, lines[l]);
    snprintf(own, sizeof own, "relative importance (%s)", measure_table[figure->request->ri.measure].name);
    layout_text(&figure->gnuplot, fmax(figure->left + n_across * (PANEL_WIDTH + PANEL_GAP) / 2, 120), height - 12,
                ALIGN_CENTER, 11, COLOUR_TEXT, false, own);
    write_panels(figure);
    fprintf(figure->gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&figure->gnuplot, error);
}

enum error_code plot_ri_pairs(struct reader *reader, const struct selection *selection,
                              const struct figure_request *request, struct error *error)
{
    struct ri_pairs_figure figure = {.reader = reader, .request = request, .config = selection->configs[0]};
    figure.n_tasks = hyperparameters_n_tasks(&reader->configs[figure.config]);
    if (gnuplot_check(&request->place, error) || layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    if (selection->n > 1)
        return error_set(error, ERROR_INPUT,
                         "%s: this figure shows one configuration, these are %zu: choose it with "
                         "--config N or --where KEY=VALUE",
                         reader->path, selection->n);
    if (figure.n_tasks == 1)
        return error_set(error, ERROR_INPUT, "%s: configuration %zu has one task: there is no pair of tasks",
                         reader->path, figure.config);
    figure.histograms = calloc((size_t)TASK_PAIRS(figure.n_tasks), sizeof *figure.histograms);
    if (!figure.histograms)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    if (!read_pairs(&figure, error))
        draw(&figure, error);
    free(figure.histograms);
    return error->code;
}
