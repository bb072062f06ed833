#include "plot_measures.h"

#include "bootstrap.h"
#include "cells.h"
#include "correlation.h"
#include "figure_data.h"
#include "layer_mask.h"
#include "panels.h"
#include "units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELL_WIDTH   46.0 /* at least: the name of a measure has to fit */
#define INTERVAL_MIN 60.0 /* of a cell whose interval fits into one line */
#define CELL_HEIGHT  36.0
#define N_PAIRS      (N_MEASURES * (N_MEASURES - 1) / 2)

struct measures_figure {
    struct panels panels;
    struct estimate (*pairs)[N_PAIRS]; /* [selection->n] */
    size_t *n_models;                  /* [selection->n] */
};

static enum error_code measure(struct measures_figure *figure, size_t i, struct error *error)
{
    const struct panels *panels = &figure->panels;
    const struct figure_request *request = panels->request;
    size_t config = panels->selection->configs[i], n_models = models_accepted(panels->reader, config);
    const struct ri_options options = figure_ri(request, i);
    struct units units = {0};
    double *ri = NULL, *numbers = NULL;
    float *found = NULL; /* [N_PAIRS, n_models] */
    struct ranked *scratch = NULL;

    figure->n_models[i] = n_models;
    if (n_models == 0)
        return ERROR_NONE;
    if (units_create(&units, panels->reader, config, error))
        goto done;
    size_t n_layers = 0, model = 0, n_pairs = units.n_measures * (units.n_measures - 1) / 2;
    for (size_t l = 0; l < units.n_layers; l++)
        n_layers += layer_mask_has(request->layers, l);
    size_t n = n_layers * units.n_units;
    check(n > 0); /* layer_mask_check_each */
    ri = calloc(units.n_measures * n, sizeof *ri);
    numbers = malloc(2 * n * sizeof *numbers);
    scratch = malloc(n * sizeof *scratch);
    found = malloc(n_pairs * n_models * sizeof *found);
    if (!ri || !numbers || !scratch || !found) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", panels->reader->path);
        goto done;
    }
    for (size_t r = 0; r < panels->reader->n_replicates; r++) {
        if (!models_is_chosen(panels->reader, config, r))
            continue;
        if (units_load(&units, panels->reader, config, r, error))
            goto done;
        for (size_t m = 0; m < units.n_measures; m++)
            for (size_t l = 0, at = m * n; l < units.n_layers; l++)
                if (layer_mask_has(request->layers, l)) {
                    units_relative_importance(&units, &options, (enum measure)m, l, ri + at);
                    at += units.n_units;
                }
        for (size_t b = 1, pair = 0; b < units.n_measures; b++)
            for (size_t a = 0; a < b; a++, pair++)
                found[pair * n_models + model] = (float)rank_correlation(ri + a * n, ri + b * n, n, scratch, numbers);
        model++;
    }
    bootstrap_means(found, n_models, n_pairs, figure->pairs[i], error);
    for (size_t pair = 0; pair < n_pairs && !error->code; pair++)
        estimate_clip(&figure->pairs[i][pair], -1, 1);
done:
    free(found);
    free(scratch);
    free(numbers);
    free(ri);
    units_destroy(&units);
    return error->code;
}

/* The name of a measure in the two lines of a cell. */
static void name_cell(struct cell *cell, enum measure measure)
{
    const char *name = measure_table[measure].name, *rest = strchr(name, '_');
    cell->fill = 0xffffff;
    snprintf(cell->lines[1], CELL_TEXT_MAX, "%.*s", rest ? (int)(rest - name) : CELL_TEXT_MAX - 1, name);
    if (rest)
        snprintf(cell->lines[2], CELL_TEXT_MAX, "%s", rest + 1);
}

static uint32_t colour_of(const void *context, double value)
{
    const struct palette *palette = context;
    return palette_blend(0xf4f4f4, palette->colours[value > 0 ? 0 : 1], fmin(1, fabs(value)));
}

static void value_cell(struct cell *cell, const struct palette *palette, const struct estimate *agreement)
{
    cell->fill = 0xeeeeee;
    if (agreement->n == 0) {
        snprintf(cell->lines[0], CELL_TEXT_MAX, "-");
        return;
    }
    cell->fill = colour_of(palette, agreement->value);
    cell->is_hatched = agreement->value < 0;
    snprintf(cell->lines[0], CELL_TEXT_MAX, "%.2f", agreement->value);
    if (isfinite(agreement->low) && cell->box.width >= INTERVAL_MIN) {
        snprintf(cell->lines[1], CELL_TEXT_MAX, "%.2f to %.2f", agreement->low, agreement->high);
    } else if (isfinite(agreement->low)) {
        snprintf(cell->lines[1], CELL_TEXT_MAX, "%.2f to", agreement->low);
        snprintf(cell->lines[2], CELL_TEXT_MAX, "%.2f", agreement->high);
    }
}

static void write_panel(const struct measures_figure *figure, size_t i)
{
    const struct panels *panels = &figure->panels;
    struct box box = panels_box(panels, i);
    double width = box.width / reader_n_measures(panels->reader);
    struct cell cells[N_PAIRS + N_MEASURES] = {{.fill = 0}};
    size_t n = 0, pair = 0, n_measures = (size_t)reader_n_measures(panels->reader);
    char name[32];

    panels_title(panels, i);
    if (figure->n_models[i] == 0)
        layout_text(&panels->gnuplot, box.left + box.width * 0.65, box.top + 30, ALIGN_CENTER, FONT_TEXT, COLOUR_GREY,
                    false, models_none(panels->reader));
    for (size_t b = 0; b < n_measures; b++)
        for (size_t a = 0; a <= b; a++) {
            struct cell *cell = &cells[n++];
            cell->box = (struct box){(double)a * width, (double)b * CELL_HEIGHT, width, CELL_HEIGHT};
            if (a == b)
                name_cell(cell, (enum measure)a);
            else
                value_cell(cell, &panels->request->palette, &figure->pairs[i][pair++]);
        }
    snprintf(name, sizeof name, "cells%zu", i + 1);
    cells_panel(&panels->gnuplot, &box, name, cells, n);
}

static void write_data(const struct measures_figure *figure)
{
    const struct panels *panels = &figure->panels;
    size_t n_measures = (size_t)reader_n_measures(panels->reader);
    figure_data_begin(&panels->gnuplot, panels->reader, "pair,measure_a,measure_b,rank_correlation,low,high,n_models");
    for (size_t i = 0; i < panels->selection->n; i++)
        for (size_t b = 1, pair = 0; b < n_measures; b++)
            for (size_t a = 0; a < b; a++) {
                const struct ri_options ri = figure_ri(panels->request, i);
                char tasks[32];
                snprintf(tasks, sizeof tasks, "%d-%d", ri.task_a + 1, ri.task_b + 1);
                figure_data_row(&panels->gnuplot, panels->reader, panels->selection->configs[i]);
                figure_data_text(&panels->gnuplot, tasks);
                figure_data_text(&panels->gnuplot, measure_table[a].name);
                figure_data_text(&panels->gnuplot, measure_table[b].name);
                figure_data_estimate(&panels->gnuplot, &figure->pairs[i][pair++]);
            }
}

enum error_code plot_measures(struct reader *reader, const struct selection *selection,
                              const struct figure_request *request, struct error *error)
{
    const struct ramp ramp = {"rank correlation", -1, 1, 1, colour_of, &request->palette};
    char text[LABEL_MAX], layers[LABEL_MAX], settings[LABEL_MAX], tasks[2][TASK_LABEL_MAX], pair[TASK_PAIR_LABEL_MAX];
    const struct legend_item legend[] = {{false, NULL, text},
                                         {false, NULL, pair},
                                         {false, NULL, "mean over models, 95 % interval; " CELLS_BELOW_0},
                                         {false, NULL, settings}};
    struct measures_figure figure = {.panels = {.reader = reader,
                                                .selection = selection,
                                                .request = request,
                                                .panel_width = reader_n_measures(reader) * CELL_WIDTH,
                                                .panel_height = reader_n_measures(reader) * CELL_HEIGHT,
                                                .margin_left = LAYOUT_MARGIN,
                                                .ramp = &ramp,
                                                .margin_bottom = 12,
                                                .gap = 28,
                                                .tics_height = 14,
                                                .legend = legend,
                                                .n_legend = layout_ri_text(&request->ri, settings) ? 4 : 3}};

    if (gnuplot_check(&request->place, error) || layout_check_count(reader, selection, error) ||
        layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    layout_layers_text(request->layers, layers);
    snprintf(text, sizeof text, "rank correlation of RI over a model's neurons, %.200s", layers);
    for (int side = 0; side < 2; side++)
        task_pairs_label(request->pairs, reader, side, tasks[side]);
    snprintf(pair, sizeof pair, "%s against %s", tasks[0], tasks[1]);
    figure.pairs = calloc(selection->n, sizeof *figure.pairs);
    figure.n_models = calloc(selection->n, sizeof *figure.n_models);
    if (!figure.pairs || !figure.n_models) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    for (size_t i = 0; i < selection->n; i++)
        if (measure(&figure, i, error))
            goto done;
    figure.panels.n_models = figure.n_models;
    if (panels_begin(&figure.panels, error))
        goto done;
    for (size_t i = 0; i < selection->n; i++)
        write_panel(&figure, i);
    write_data(&figure);
    panels_finish(&figure.panels, error);
done:
    free(figure.pairs);
    free(figure.n_models);
    return error->code;
}
