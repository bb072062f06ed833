#include "plot_ri_pairs.h"

#include "figure_data.h"
#include "histogram_panel.h"
#include "layer_mask.h"

#include <math.h>
#include <stdlib.h>

#define PANEL_GAP   10.0
#define PANEL_MIN   24.0 /* width */
#define PANEL_MAX   150.0
#define NAME_HEIGHT 16.0 /* of a column's name, above its first panel */
#define NAME_SIZE   FONT_SMALL
#define NAME_LINES  4
#define TICS_WIDTH  40.0 /* of numbers and the vertical axes' name */
#define BELOW       38.0

struct ri_pairs_figure {
    struct reader *reader;
    const struct figure_request *request;
    size_t config;
    int n_tasks;
    struct histogram *histograms; /* [TASK_PAIRS(n_tasks)], by the index of pairs in files */
    double left, top;             /* of the panels */
    double width, height;         /* of a panel */
    struct gnuplot gnuplot;
};

static struct histogram *histogram_at(const struct ri_pairs_figure *figure, int a, int b)
{
    return &figure->histograms[b * (b - 1) / 2 + a];
}

/* Of tasks a (column) and b (row below the first). */
static struct box panel_box(const struct ri_pairs_figure *figure, int a, int b)
{
    return (struct box){figure->left + a * (figure->width + PANEL_GAP),
                        figure->top + (b - 1) * (figure->height + PANEL_GAP) + NAME_HEIGHT, figure->width,
                        figure->height};
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
    return fmin(width, 0.27 * gnuplot_page_width(&figure->request->place));
}

static void write_panels(const struct ri_pairs_figure *figure)
{
    char text[TASK_LABEL_MAX], name[32], layers[LABEL_MAX];
    double highest = 0;
    for (int p = 0; p < TASK_PAIRS(figure->n_tasks); p++)
        highest = fmax(highest, histogram_top(&figure->histograms[p]));
    histogram_axes(&figure->gnuplot, highest);
    figure_data_begin(&figure->gnuplot, figure->reader, HISTOGRAM_COLUMNS);
    layout_layers_text(figure->request->layers, layers);
    for (int b = 1; b < figure->n_tasks; b++)
        for (int a = 0; a < b; a++) {
            struct box box = panel_box(figure, a, b);
            if (a == 0) {
                name_of(figure, b, text);
                layout_text_lines(&figure->gnuplot, box.left - TICS_WIDTH - 2, box.top + box.height / 2, ALIGN_RIGHT,
                                  names_width(figure), NAME_LINES, NAME_SIZE, COLOUR_TEXT, text);
            }
            if (a == b - 1) { /* the place to the right is free */
                name_of(figure, a, text);
                double room = figure->gnuplot.width - LAYOUT_MARGIN - box.left;
                layout_text_lines(&figure->gnuplot, box.left, box.top - NAME_HEIGHT / 2, ALIGN_LEFT, room, 1, NAME_SIZE,
                                  COLOUR_TEXT, text);
            }
            snprintf(name, sizeof name, "pair%d_%d", a + 1, b + 1);
            histogram_panel(&figure->gnuplot, &box, name, &figure->request->palette, figure->reader,
                            histogram_at(figure, a, b), b + 1 == figure->n_tasks, a == 0);
            histogram_data(&figure->gnuplot, figure->reader, figure->config, (struct task_pair){a, b}, layers,
                           histogram_at(figure, a, b));
        }
}

/* Names beside and above the panels take what they need; the panels the rest. */
static void fit_panels(struct ri_pairs_figure *figure, double page)
{
    int n_across = figure->n_tasks - 1;
    figure->left = LAYOUT_MARGIN + names_width(figure) + TICS_WIDTH;
    figure->width = (page - LAYOUT_MARGIN - figure->left + PANEL_GAP) / n_across - PANEL_GAP;
    figure->width = fmax(PANEL_MIN, fmin(PANEL_MAX, figure->width));
    figure->height = fmax(48, fmin(76, 0.75 * figure->width));
}

static enum error_code draw(struct ri_pairs_figure *figure, struct error *error)
{
    char what[LABEL_MAX + 128], settings[LABEL_MAX], layers[LABEL_MAX], common[LABEL_MAX], name[128];
    const struct legend_item legend[] = {{false, NULL, "RI 1: the task of the column alone; -1: of the row"},
                                         {false, NULL, "lines: 95 % intervals over models"},
                                         {false, NULL, "+ %: unimportant for both tasks"},
                                         {false, NULL, what},
                                         {false, NULL, settings}};
    const struct selection one = {.configs = &figure->config, .n = 1};
    const size_t n_models = models_accepted(figure->reader, figure->config);
    const struct head head = {.title = layout_title(figure->reader, figure->request->title),
                              .common = common,
                              .legend = legend,
                              .n_legend = layout_ri_text(&figure->request->ri, settings) ? 5 : 4,
                              .left = LAYOUT_MARGIN};
    const double page = gnuplot_page_width(&figure->request->place);
    int n_across = figure->n_tasks - 1;

    layout_layers_text(figure->request->layers, layers);
    snprintf(what, sizeof what, "units of %.200s", layers);
    figure_common(figure->reader, &one, &n_models, common);
    fit_panels(figure, page);
    figure->top = layout_head_height(&head, page) + 4;
    double height = figure->top + n_across * (figure->height + PANEL_GAP) + NAME_HEIGHT - PANEL_GAP + BELOW;
    if (gnuplot_begin(&figure->gnuplot, &figure->request->place, head.title, height, error))
        return error->code;
    fprintf(figure->gnuplot.script, "set multiplot\n");
    layout_head(&figure->gnuplot, &head);
    snprintf(name, sizeof name, "relative importance (%s)", measure_table[figure->request->ri.measure].name);
    double middle = figure->left + (n_across * (figure->width + PANEL_GAP) - PANEL_GAP) / 2;
    layout_text(&figure->gnuplot, fmin(middle, page - LAYOUT_MARGIN - layout_text_width(name, FONT_TEXT) / 2),
                height - 10, ALIGN_CENTER, FONT_TEXT, COLOUR_TEXT, false, name);
    layout_text(&figure->gnuplot, figure->left - TICS_WIDTH + 6, (figure->top + height - BELOW) / 2, ALIGN_CENTER,
                FONT_SMALL, COLOUR_TEXT, true, "proportion");
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
