#include "plot_tasks.h"

#include "cells.h"
#include "layer_mask.h"
#include "sharing.h"
#include "units.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define CELLS_MAX    20000
#define CELL_HEIGHT  16.0
#define UNITS_WIDTH  700.0 /* of a layer, if its units are not too many or too few */
#define UNIT_MIN     3.0
#define UNIT_MAX     18.0
#define NUMBER_MIN   14.0 /* width of a unit that has room for its number */
#define HEAD         22.0 /* of a layer: its name */
#define NUMBERS      14.0 /* below it */
#define MARGIN       16.0
#define NAME_SIZE    10.0
#define WIDTH_MIN    560.0
#define COLOUR_EMPTY 0xf4f4f4u
#define COLOUR_FULL  0x0b4a8fu

/* One layer of the model. */
struct layer {
    double *counted; /* [n_tasks, n_units]: importances that count, divided by the task's largest in the layer */
    size_t *order;   /* [n_units]: units by preferred task, then by their importance to it */
};

struct tasks_figure {
    struct reader *reader;
    const struct figure_request *request;
    size_t config, replicate, n_tasks, n_units;
    struct units units;
    struct layer *layers; /* [LAYERS_MAX] */
    struct gnuplot gnuplot;
};

/* What sorting needs. */
struct order {
    const double *counted;
    size_t n_tasks, n_units;
};

/* Units that serve none come last. */
static int compare_units(const void *a, const void *b, void *context)
{
    const struct order *order = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int of_x = unit_sharing_of(order->counted + x, order->n_units, (int)order->n_tasks).preferred;
    int of_y = unit_sharing_of(order->counted + y, order->n_units, (int)order->n_tasks).preferred;
    if (of_x != of_y)
        return of_x < 0 ? 1 : of_y < 0 ? -1 : of_x - of_y;
    double value_x = of_x < 0 ? 0 : order->counted[(size_t)of_x * order->n_units + x];
    double value_y = of_y < 0 ? 0 : order->counted[(size_t)of_y * order->n_units + y];
    return value_x != value_y ? (value_x > value_y ? -1 : 1) : (x > y) - (x < y);
}

static enum error_code take_layer(struct tasks_figure *figure, size_t l, struct error *error)
{
    const struct ri_options *ri = &figure->request->ri;
    struct layer *layer = &figure->layers[l];
    size_t n_tasks = figure->n_tasks, n_units = figure->n_units;
    layer->counted = malloc(n_tasks * n_units * sizeof *layer->counted);
    layer->order = malloc(n_units * sizeof *layer->order);
    if (!layer->counted || !layer->order)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    for (size_t t = 0; t < n_tasks; t++)
        sharing_counted(units_importance(&figure->units, ri->measure, t, l), n_units, ri->unimportant_below,
                        ri->normalise == NORMALISE_LAYER, layer->counted + t * n_units);
    for (size_t i = 0; i < n_units; i++)
        layer->order[i] = i;
    struct order order = {layer->counted, n_tasks, n_units};
    qsort_r(layer->order, n_units, sizeof *layer->order, compare_units, &order);
    for (size_t t = 0; t < n_tasks; t++) {
        double largest = 0;
        for (size_t i = 0; i < n_units; i++)
            largest = fmax(largest, layer->counted[t * n_units + i]);
        for (size_t i = 0; i < n_units && largest > 0; i++)
            layer->counted[t * n_units + i] /= largest;
    }
    return ERROR_NONE;
}

static void name_of(const struct tasks_figure *figure, size_t task, char text[TASK_LABEL_MAX])
{
    const struct selection one = {.configs = (size_t *)&figure->config, .n = 1};
    task_label(figure->reader, &one, (int)task, text);
}

static void write_layer(const struct tasks_figure *figure, size_t l, const struct box *box, struct cell *cells)
{
    const struct layer *layer = &figure->layers[l];
    double width = box->width / (double)figure->n_units;
    char text[TASK_LABEL_MAX];
    size_t n = 0;
    snprintf(text, sizeof text, "layer %zu", l + 1);
    layout_text(&figure->gnuplot, box->left, box->top - HEAD / 2, ALIGN_LEFT, 11, COLOUR_TEXT, false, text);
    for (size_t t = 0; t < figure->n_tasks; t++) {
        name_of(figure, t, text);
        layout_text(&figure->gnuplot, box->left - 8, box->top + ((double)t + 0.5) * CELL_HEIGHT, ALIGN_RIGHT, NAME_SIZE,
                    COLOUR_TEXT, false, text);
        for (size_t i = 0; i < figure->n_units; i++)
            cells[n++] = (struct cell){
                .box = {(double)i * width, (double)t * CELL_HEIGHT, width, CELL_HEIGHT},
                .fill = layout_blend(COLOUR_EMPTY, COLOUR_FULL, layer->counted[t * figure->n_units + layer->order[i]])};
    }
    for (size_t i = 0; i < figure->n_units && width >= NUMBER_MIN; i++) {
        snprintf(text, sizeof text, "%zu", layer->order[i]);
        layout_text(&figure->gnuplot, box->left + ((double)i + 0.5) * width, box->top + box->height + NUMBERS / 2,
                    ALIGN_CENTER, 8, COLOUR_GREY, false, text);
    }
    snprintf(text, sizeof text, "layer%zu", l + 1);
    cells_panel(&figure->gnuplot, box, text, cells, n);
}

static enum error_code draw(struct tasks_figure *figure, struct cell *cells, struct error *error)
{
    char label[LABEL_MAX], lines[LAYOUT_LINES_MAX][LABEL_MAX], model[160], settings[LABEL_MAX], name[TASK_LABEL_MAX];
    char full[40], empty[40];
    snprintf(full, sizeof full, "pt 5 ps 1.6 lc rgb '#%06x'", COLOUR_FULL);
    snprintf(empty, sizeof empty, "pt 5 ps 1.6 lc rgb '#%06x'", COLOUR_EMPTY);
    const struct legend_item legend[] = {{true, full, "the task's most important unit of the layer"},
                                         {true, empty, "unimportant"},
                                         {false, NULL, "units by the task that they serve most"},
                                         {false, NULL, model},
                                         {false, NULL, settings}};
    const char *title = layout_title(figure->reader, figure->request->title);
    size_t n_legend = layout_ri_text(&figure->request->ri, settings) ? 5 : 4, n_layers = 0;
    double left = 0;

    snprintf(model, sizeof model, "configuration %zu, replicate %zu (%s)", figure->config, figure->replicate,
             measure_table[figure->request->ri.measure].name);
    for (size_t t = 0; t < figure->n_tasks; t++) {
        name_of(figure, t, name);
        left = fmax(left, MARGIN + 8 + layout_text_width(name, NAME_SIZE));
    }
    for (size_t l = 0; l < figure->units.n_layers; l++)
        n_layers += layer_mask_has(figure->request->layers, l);
    double unit = fmin(UNIT_MAX, fmax(UNIT_MIN, UNITS_WIDTH / (double)figure->n_units));
    double width = fmax(left + unit * (double)figure->n_units + MARGIN, WIDTH_MIN);
    width = fmax(width, layout_legend_width(legend, n_legend, MARGIN));
    double legend_top = *title ? LAYOUT_TITLE_HEIGHT : 6;
    double label_top = legend_top + layout_legend_height(legend, n_legend, MARGIN, width);
    selection_label(figure->reader, figure->config, label);
    size_t n_lines = layout_wrap(label, width - 2 * MARGIN, NAME_SIZE, lines);
    double top = label_top + 14 * (double)n_lines + 4, layer_height = CELL_HEIGHT * (double)figure->n_tasks;
    double height = top + (double)n_layers * (HEAD + layer_height + NUMBERS) + 8;
    if (gnuplot_begin(&figure->gnuplot, &figure->request->place, width, height, error))
        return error->code;
    fprintf(figure->gnuplot.script, "set multiplot\n");
    layout_page_title(&figure->gnuplot, MARGIN, title);
    layout_legend(&figure->gnuplot, legend, n_legend, MARGIN, legend_top);
    for (size_t l = 0; l < n_lines; l++)
        layout_text(&figure->gnuplot, MARGIN, label_top + 14 * ((double)l + 0.5), ALIGN_LEFT, NAME_SIZE, COLOUR_TEXT,
                    false, lines[l]);
    for (size_t l = 0; l < figure->units.n_layers; l++) {
        if (!layer_mask_has(figure->request->layers, l))
            continue;
        const struct box box = {left, top + HEAD, unit * (double)figure->n_units, layer_height};
        write_layer(figure, l, &box, cells);
        top += HEAD + layer_height + NUMBERS;
    }
    fprintf(figure->gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&figure->gnuplot, error);
}

static enum error_code check_model(const struct tasks_figure *figure, const struct selection *selection,
                                   struct error *error)
{
    const struct reader *reader = figure->reader;
    if (selection->n > 1)
        return error_set(
            error, ERROR_INPUT,
            "%s: this figure shows one model of one configuration, these are %zu configurations: choose one "
            "with --config N or --where KEY=VALUE",
            reader->path, selection->n);
    if (figure->replicate >= reader->n_replicates)
        return error_set(error, ERROR_INPUT, "--replicate %zu: allowed: 0 to %zu", figure->replicate,
                         reader->n_replicates - 1);
    if (reader_status(reader, figure->config, figure->replicate) != STATUS_ACCEPTED)
        return error_set(error, ERROR_INPUT, "%s: configuration %zu, replicate %zu has no accepted model", reader->path,
                         figure->config, figure->replicate);
    return ERROR_NONE;
}

enum error_code plot_tasks(struct reader *reader, const struct selection *selection,
                           const struct figure_request *request, size_t replicate, struct error *error)
{
    struct tasks_figure figure = {
        .reader = reader, .request = request, .config = selection->configs[0], .replicate = replicate};
    const struct hyperparameters *h = &reader->configs[figure.config];
    struct cell *cells = NULL;
    figure.n_tasks = (size_t)hyperparameters_n_tasks(h);
    figure.n_units = (size_t)h->hidden_size;
    size_t n_cells = figure.n_tasks * figure.n_units;
    if (gnuplot_check(&request->place, error) || check_model(&figure, selection, error) ||
        layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    if (n_cells * (size_t)h->hidden_layers > CELLS_MAX)
        return error_set(
            error, ERROR_INPUT,
            "%s: this figure shows at most %d cells (tasks x units x layers), these are %zu: choose layers "
            "with --layer",
            reader->path, CELLS_MAX, n_cells * (size_t)h->hidden_layers);
    figure.layers = calloc(LAYERS_MAX, sizeof *figure.layers);
    cells = calloc(n_cells, sizeof *cells);
    if (!figure.layers || !cells)
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    else if (!units_create(&figure.units, reader, figure.config, error))
        units_load(&figure.units, reader, figure.config, replicate, error);
    for (size_t l = 0; l < figure.units.n_layers && !error->code; l++)
        take_layer(&figure, l, error);
    if (!error->code)
        draw(&figure, cells, error);
    for (size_t l = 0; figure.layers && l < LAYERS_MAX; l++) {
        free(figure.layers[l].counted);
        free(figure.layers[l].order);
    }
    free(figure.layers);
    free(cells);
    units_destroy(&figure.units);
    return error->code;
}
