#include "plot_tasks.h"

#include "cells.h"
#include "figure_data.h"
#include "layer_mask.h"
#include "sharing.h"
#include "unit_order.h"
#include "units.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define CELLS_MAX    20000
#define CELL_HEIGHT  14.0
#define UNIT_MAX     18.0 /* width of a unit, at most */
#define NUMBER_MIN   14.0 /* of a unit that has room for its number */
#define HEAD         18.0 /* of a layer: its name */
#define NUMBERS      12.0 /* below it */
#define NAME_SIZE    FONT_SMALL
#define NAMES_GAP    8.0
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
    unit_order(layer->counted, n_tasks, n_units, layer->order);
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
    layout_text(&figure->gnuplot, box->left, box->top - HEAD / 2, ALIGN_LEFT, FONT_TEXT, COLOUR_TEXT, false, text);
    for (size_t t = 0; t < figure->n_tasks; t++) {
        name_of(figure, t, text);
        layout_text_lines(&figure->gnuplot, box->left - NAMES_GAP, box->top + ((double)t + 0.5) * CELL_HEIGHT,
                          ALIGN_RIGHT, box->left - NAMES_GAP - LAYOUT_MARGIN, 1, NAME_SIZE, COLOUR_TEXT, text);
        for (size_t i = 0; i < figure->n_units; i++)
            cells[n++] = (struct cell){.box = {(double)i * width, (double)t * CELL_HEIGHT, width, CELL_HEIGHT},
                                       .fill = palette_blend(COLOUR_EMPTY, COLOUR_FULL,
                                                             layer->counted[t * figure->n_units + layer->order[i]])};
    }
    for (size_t i = 0; i < figure->n_units && width >= NUMBER_MIN; i++) {
        snprintf(text, sizeof text, "%zu", layer->order[i]);
        layout_text(&figure->gnuplot, box->left + ((double)i + 0.5) * width, box->top + box->height + NUMBERS / 2,
                    ALIGN_CENTER, FONT_SMALL, COLOUR_GREY, false, text);
    }
    snprintf(text, sizeof text, "layer%zu", l + 1);
    cells_panel(&figure->gnuplot, box, text, cells, n);
}

static uint32_t colour_of(const void *context, double value)
{
    (void)context;
    return palette_blend(COLOUR_EMPTY, COLOUR_FULL, value);
}

static void write_data(const struct tasks_figure *figure)
{
    figure_data_begin(&figure->gnuplot, figure->reader, "replicate,layer,unit,task,importance");
    for (size_t l = 0; l < figure->units.n_layers; l++)
        for (size_t i = 0; i < figure->n_units && layer_mask_has(figure->request->layers, l); i++)
            for (size_t t = 0; t < figure->n_tasks; t++) {
                size_t unit = figure->layers[l].order[i];
                figure_data_row(&figure->gnuplot, figure->reader, figure->config);
                figure_data_number(&figure->gnuplot, (double)figure->replicate);
                figure_data_number(&figure->gnuplot, (double)(l + 1));
                figure_data_number(&figure->gnuplot, (double)unit);
                figure_data_number(&figure->gnuplot, (double)(t + 1));
                figure_data_number(&figure->gnuplot, figure->layers[l].counted[t * figure->n_units + unit]);
            }
}

static enum error_code draw(struct tasks_figure *figure, struct cell *cells, struct error *error)
{
    char common[LABEL_MAX], model[160], settings[LABEL_MAX], name[TASK_LABEL_MAX];
    const struct legend_item legend[] = {
        {false, NULL, model}, {false, NULL, "units by the task that they serve most"}, {false, NULL, settings}};
    const struct ramp ramp = {
        "importance, divided by the task's largest in the layer (0: unimportant)", 0, 1, 1, colour_of, NULL};
    const struct head head = {.title = layout_title(figure->reader, figure->request->title),
                              .common = common,
                              .legend = legend,
                              .n_legend = layout_ri_text(&figure->request->ri, settings) ? 3 : 2,
                              .ramp = &ramp,
                              .left = LAYOUT_MARGIN};
    const double page = gnuplot_page_width(&figure->request->place);
    size_t n_layers = 0;
    double left = 0;

    selection_label(figure->reader, figure->config, common);
    snprintf(model, sizeof model, "configuration %zu, replicate %zu (%s)", figure->config, figure->replicate,
             measure_table[figure->request->ri.measure].name);
    for (size_t t = 0; t < figure->n_tasks; t++) {
        name_of(figure, t, name);
        left = fmax(left, LAYOUT_MARGIN + NAMES_GAP + 1 + layout_text_width(name, NAME_SIZE));
    }
    for (size_t l = 0; l < figure->units.n_layers; l++)
        n_layers += layer_mask_has(figure->request->layers, l);
    left = fmin(left, 0.4 * page);
    double unit = fmin(UNIT_MAX, (page - LAYOUT_MARGIN - left) / (double)figure->n_units);
    double top = layout_head_height(&head, page) + 4, layer_height = CELL_HEIGHT * (double)figure->n_tasks;
    double height = top + (double)n_layers * (HEAD + layer_height + NUMBERS) + 8;
    if (gnuplot_begin(&figure->gnuplot, &figure->request->place, head.title, height, error))
        return error->code;
    fprintf(figure->gnuplot.script, "set multiplot\n");
    layout_head(&figure->gnuplot, &head);
    for (size_t l = 0; l < figure->units.n_layers; l++) {
        if (!layer_mask_has(figure->request->layers, l))
            continue;
        const struct box box = {left, top + HEAD, unit * (double)figure->n_units, layer_height};
        write_layer(figure, l, &box, cells);
        top += HEAD + layer_height + NUMBERS;
    }
    write_data(figure);
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
    if (!models_is_chosen(reader, figure->config, figure->replicate))
        return error_set(error, ERROR_INPUT, "%s: configuration %zu, replicate %zu has %s", reader->path,
                         figure->config, figure->replicate, models_none(reader));
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
