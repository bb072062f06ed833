#include "plot_unit_measures.h"

#include "bootstrap.h"
#include "correlation.h"
#include "figure_data.h"
#include "layer_mask.h"
#include "sheet.h"
#include "ticker.h"
#include "units.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PANEL_SIZE     118.0
#define PANEL_MAX      230.0
#define POINTS_MAX     1500  /* units in a panel, each once for each of its tasks */
#define ALL_POINTS_MAX 24000 /* in a figure: an SVG has an element for each */
#define DECADES_MAX    12    /* of the axes */
#define EDGE           0.06  /* share of an axis that is for what lies at or below its low end */

/* A unit's importances to one of its tasks. */
struct point {
    float importance[N_MEASURES];
    uint8_t task;
};

/* One configuration. */
struct cloud {
    struct point *points; /* [n_points]: spread evenly over models, layers and units */
    size_t n_points, n_all;
    struct estimate correlations[N_MEASURES]; /* of each measure with the first */
};

struct units_figure {
    struct reader *reader;
    const struct selection *selection;
    const struct figure_request *request;
    enum measure against[N_MEASURES]; /* [n_against]: a column each */
    size_t n_against, n_tasks;        /* n_tasks: the most that a configuration has */
    struct cloud *clouds;             /* [selection->n] */
    size_t *n_models;                 /* [selection->n]: that have the first measure */
    double low[N_MEASURES], high[N_MEASURES];
    struct sheet sheet;
};

/* Where a model's numbers go while it is read. */
struct model_room {
    double *numbers;        /* [4 n_units]: two measures of a layer, and what rank_correlation needs */
    struct ranked *scratch; /* [n_units] */
    float *found;           /* [n_against, models]: mean correlation over the layers and tasks of a model */
};

/* Rank correlation of two measures within each shown layer and task of a model, on the mean. */
static float mean_correlation(const struct units_figure *figure, const struct units *units, enum measure other,
                              const struct model_room *room)
{
    size_t n = units->n_units, n_known = 0;
    double sum = 0;
    for (size_t l = 0; l < units->n_layers; l++)
        for (size_t t = 0; t < units->n_tasks && layer_mask_has(figure->request->layers, l); t++) {
            const float *a = units_importance(units, figure->request->ri.measure, t, l);
            const float *b = units_importance(units, other, t, l);
            for (size_t i = 0; i < n; i++) {
                room->numbers[i] = (double)a[i];
                room->numbers[n + i] = (double)b[i];
            }
            double r = rank_correlation(room->numbers, room->numbers + n, n, room->scratch, room->numbers + 2 * n);
            sum += isnan(r) ? 0 : r;
            n_known += isnan(r) ? 0 : 1;
        }
    return (float)(sum / (double)n_known); /* 0/0 is the NaN that is wanted */
}

/* Adds a model's units: every so many, n_all being those of all models. */
static void take_points(const struct units_figure *figure, const struct units *units, struct cloud *cloud, size_t n_all,
                        size_t n_points)
{
    for (size_t l = 0; l < units->n_layers; l++)
        for (size_t i = 0; i < units->n_units && layer_mask_has(figure->request->layers, l); i++) {
            size_t before = cloud->n_all++;
            if (cloud->n_points == n_points * units->n_tasks ||
                before != cloud->n_points / units->n_tasks * n_all / n_points)
                continue;
            for (size_t t = 0; t < units->n_tasks; t++) {
                struct point *point = &cloud->points[cloud->n_points++];
                point->task = (uint8_t)t;
                for (size_t m = 0; m < N_MEASURES; m++)
                    point->importance[m] =
                        m < units->n_measures ? units_importance(units, (enum measure)m, t, l)[i] : NAN;
            }
        }
}

static enum error_code read_models(struct units_figure *figure, size_t row, size_t n_points_max, const bool *has,
                                   struct units *units, const struct model_room *room, struct error *error)
{
    struct cloud *cloud = &figure->clouds[row];
    size_t config = figure->selection->configs[row], n_models = figure->n_models[row], n_layers = 0, model = 0;
    for (size_t l = 0; l < units->n_layers; l++)
        n_layers += layer_mask_has(figure->request->layers, l);
    size_t n_all = n_models * n_layers * units->n_units, n_points = n_all < n_points_max ? n_all : n_points_max;
    cloud->points = malloc((n_points * units->n_tasks + 1) * sizeof *cloud->points);
    if (!cloud->points)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    for (size_t r = 0; r < figure->reader->n_replicates; r++) {
        if (!has[r])
            continue;
        if (units_load(units, figure->reader, config, r, error))
            return error->code;
        take_points(figure, units, cloud, n_all, n_points);
        for (size_t k = 0; k < figure->n_against; k++)
            room->found[k * n_models + model] = mean_correlation(figure, units, figure->against[k], room);
        model++;
    }
    if (bootstrap_means(room->found, n_models, figure->n_against, cloud->correlations, error))
        return error->code;
    for (size_t k = 0; k < figure->n_against; k++)
        estimate_clip(&cloud->correlations[k], -1, 1);
    return ERROR_NONE;
}

static enum error_code read_row(struct units_figure *figure, size_t row, size_t n_points_max, struct error *error)
{
    const struct reader *reader = figure->reader;
    size_t config = figure->selection->configs[row], n_units = (size_t)reader->configs[config].hidden_size;
    bool *has = malloc(reader->n_replicates * sizeof *has);
    struct units units = {0};
    struct model_room room = {.numbers = malloc(4 * n_units * sizeof *room.numbers),
                              .scratch = malloc(n_units * sizeof *room.scratch)};
    if (!has || !room.numbers || !room.scratch)
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    else if (!models_with_measure(figure->reader, config, figure->request->ri.measure, has, &figure->n_models[row],
                                  error) &&
             figure->n_models[row] > 0 && !units_create(&units, reader, config, error)) {
        room.found = malloc(figure->n_against * figure->n_models[row] * sizeof *room.found);
        if (!room.found)
            error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        else
            read_models(figure, row, n_points_max, has, &units, &room, error);
    }
    units_destroy(&units);
    free(room.found);
    free(room.scratch);
    free(room.numbers);
    free(has);
    return error->code;
}

static enum error_code read_rows(struct units_figure *figure, struct error *error)
{
    const size_t n = figure->selection->n;
    check(n > 0 && figure->n_against > 0 && figure->n_tasks > 0);
    size_t n_points = ALL_POINTS_MAX / (n * figure->n_against * figure->n_tasks);
    struct ticker ticker;
    figure->clouds = calloc(n, sizeof *figure->clouds);
    figure->n_models = calloc(n, sizeof *figure->n_models);
    if (!figure->clouds || !figure->n_models)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    n_points = n_points < POINTS_MAX ? n_points : POINTS_MAX;
    error->code = ERROR_NONE;
    ticker_begin(&ticker, "configurations", n);
    for (size_t row = 0; row < n && !error->code; row++) {
        read_row(figure, row, n_points > 0 ? n_points : 1, error);
        ticker_add(&ticker, 1);
    }
    ticker_end(&ticker);
    return error->code;
}

/* The range of each measure, the same in all panels. */
static void choose_ranges(struct units_figure *figure)
{
    for (size_t m = 0; m < N_MEASURES; m++) {
        double low = INFINITY, high = 0;
        for (size_t row = 0; row < figure->selection->n; row++)
            for (size_t i = 0; i < figure->clouds[row].n_points; i++) {
                double value = (double)figure->clouds[row].points[i].importance[m];
                low = value > 0 ? fmin(low, value) : low; /* not a NaN */
                high = isfinite(value) ? fmax(high, value) : high;
            }
        high = high > 0 ? high : 1;
        figure->high[m] = 1.5 * high;
        figure->low[m] = fmax(low < high ? low / 1.5 : high * 1e-6, high * pow(10, -DECADES_MAX));
    }
}

/* The axis goes on below `low` by a share of its length, for what lies there. */
static double edge_of(const struct units_figure *figure, enum measure measure)
{
    return figure->low[measure] / pow(figure->high[measure] / figure->low[measure], EDGE);
}

/* Where a value is drawn: what is at or below the low end in the middle of the edge. */
static double place_of(const struct units_figure *figure, enum measure measure, double value)
{
    return value > figure->low[measure] ? value : sqrt(figure->low[measure] * edge_of(figure, measure));
}

static void write_axis(const struct units_figure *figure, char axis, enum measure measure, bool has_numbers)
{
    FILE *script = figure->sheet.gnuplot.script;
    double low = figure->low[measure], high = figure->high[measure], edge = edge_of(figure, measure);
    /* No number where that of the edge is, and none of x at the right end, where the next panel's first one is. */
    double room = axis == 'x' ? 26 / figure->sheet.panel_width : 0.09;
    double first = pow(10, ceil(log10(low * pow(high / low, room)))), last = axis == 'x' ? pow(high / low, 0.1) : 1;
    layout_logarithmic(&figure->sheet.gnuplot, axis, first, fmax(high / last, 1.01 * first), high, axis == 'x' ? 3 : 4);
    fprintf(script, "set %crange [%.6g:%.6g]\nset %ctics add ('0' %.6g)\nset format %c '%s'\n", axis, edge, high, axis,
            sqrt(low * edge), axis, has_numbers ? "%.0e" : "");
    if (!has_numbers)
        fprintf(script, "set %ctics add ('' %.6g)\n", axis, sqrt(low * edge));
}

/* n_low: of the points those that are at or below the low end of no, one or both axes. */
static void write_notes(const struct units_figure *figure, size_t row, size_t k, const size_t n_low[3])
{
    const struct estimate *r = &figure->clouds[row].correlations[k];
    char text[96];
    snprintf(text, sizeof text, "%s", models_none(figure->reader));
    if (figure->n_models[row] > 0 && isfinite(r->low))
        snprintf(text, sizeof text, "r %.2f [%.2f, %.2f]", r->value, r->low, r->high);
    else if (figure->n_models[row] > 0)
        snprintf(text, sizeof text, isfinite(r->value) ? "r %.2f" : "r -", r->value);
    sheet_note(&figure->sheet, row, k, 0, NULL, NULL, text);
    double n = (double)(n_low[0] + n_low[1] + n_low[2]);
    if (!(n > 0))
        return;
    snprintf(text, sizeof text, "0 by both %.1f %%, by one %.1f %%", 100 * (double)n_low[2] / n,
             100 * (double)n_low[1] / n);
    sheet_note(&figure->sheet, row, k, 1, NULL, NULL, text);
}

static void write_panel(const struct units_figure *figure, size_t row, size_t k)
{
    const struct sheet *sheet = &figure->sheet;
    const struct cloud *cloud = &figure->clouds[row];
    const struct box box = sheet_box(sheet, row, k);
    const enum measure x = figure->request->ri.measure, y = figure->against[k];
    FILE *script = sheet->gnuplot.script;
    size_t n_low[3] = {0};
    bool has_task[TASKS_MAX] = {false};

    for (size_t task = 0; task < figure->n_tasks; task++) {
        fprintf(script, "\n$row%zu_column%zu_task%zu << EOD\n", row + 1, k + 1, task + 1);
        for (size_t i = 0; i < cloud->n_points; i++) {
            const struct point *point = &cloud->points[i];
            double a = (double)point->importance[x], b = (double)point->importance[y];
            if (point->task != task || !isfinite(a) || !isfinite(b))
                continue;
            fprintf(script, "%.5g %.5g\n", place_of(figure, x, a), place_of(figure, y, b));
            n_low[(a > figure->low[x] ? 0 : 1) + (b > figure->low[y] ? 0 : 1)]++;
            has_task[task] = true;
        }
        fprintf(script, "EOD\n");
    }
    figure_data_row(&sheet->gnuplot, figure->reader, figure->selection->configs[row]);
    figure_data_text(&sheet->gnuplot, measure_table[x].name);
    figure_data_text(&sheet->gnuplot, measure_table[y].name);
    figure_data_estimate(&sheet->gnuplot, &cloud->correlations[k]);
    layout_panel(&sheet->gnuplot, &box);
    write_notes(figure, row, k, n_low);
    write_axis(figure, 'x', x, sheet_has_numbers(sheet, row, k));
    write_axis(figure, 'y', y, true);
    fprintf(script,
            "set arrow from %.6g,graph 0 to %.6g,graph 1 nohead lw 0.6 dt 3 lc rgb '#%06x'\n"
            "set arrow from graph 0,first %.6g to graph 1,first %.6g nohead lw 0.6 dt 3 lc rgb '#%06x'\nplot ",
            figure->low[x], figure->low[x], COLOUR_LINE, figure->low[y], figure->low[y], COLOUR_LINE);
    for (size_t task = 0; task < figure->n_tasks; task++) {
        char mark[STYLE_MAX];
        palette_mark(&figure->request->palette, task, 0.3, mark);
        if (has_task[task])
            fprintf(script, "$row%zu_column%zu_task%zu using 1:2 with points %s, \\\n     ", row + 1, k + 1, task + 1,
                    mark);
    }
    fprintf(script, "NaN\nunset label\nunset arrow\n");
}

/* The texts of a page; the rows' titles are beside it. */
struct page_texts {
    char common[LABEL_MAX], measures[N_MEASURES][LABEL_MAX], x_name[LABEL_MAX], y_name[LABEL_MAX];
    char remarks[3][LABEL_MAX];
    char tasks[TASKS_MAX][TASK_LABEL_MAX], marks[TASKS_MAX][STYLE_MAX];
    struct legend_item legend[TASKS_MAX + 3];
};

static size_t write_legend(const struct units_figure *figure, struct page_texts *texts)
{
    size_t n = 0, n_drawn = 0, n_all = 0;
    char layers[LABEL_MAX];
    for (size_t task = 0; task < figure->n_tasks; task++) {
        task_label(figure->reader, figure->selection, (int)task, texts->tasks[task]);
        palette_mark(&figure->request->palette, task, 0.6, texts->marks[task]);
        texts->legend[n++] = (struct legend_item){true, texts->marks[task], texts->tasks[task]};
    }
    for (size_t row = 0; row < figure->selection->n; row++) {
        size_t n_tasks = (size_t)hyperparameters_n_tasks(&figure->reader->configs[figure->selection->configs[row]]);
        n_drawn += figure->clouds[row].n_points / n_tasks;
        n_all += figure->clouds[row].n_all;
    }
    layout_layers_text(figure->request->layers, layers);
    snprintf(texts->remarks[0], LABEL_MAX,
             "a mark: a unit's importance to a task, in %.200s; %zu of %zu units are drawn", layers, n_drawn, n_all);
    snprintf(texts->remarks[1], LABEL_MAX,
             "r: rank correlation within a layer and task, mean over models with its 95 %% interval");
    snprintf(texts->remarks[2], LABEL_MAX, "below the dotted lines (0): importance 0, or beyond the axis");
    for (int i = 0; i < 3; i++)
        texts->legend[n++] = (struct legend_item){false, NULL, texts->remarks[i]};
    return n;
}

static enum error_code draw(struct units_figure *figure, struct error *error)
{
    const size_t n = figure->selection->n;
    const bool is_one = figure->n_against == 1;
    struct page_texts *texts = calloc(1, sizeof *texts);
    char(*titles)[LABEL_MAX] = calloc(n, sizeof *titles);
    if (!texts || !titles) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
        goto done;
    }
    choose_ranges(figure);
    for (size_t i = 0; i < n; i++)
        figure_label(figure->request, figure->reader, figure->selection, i, figure->n_models, titles[i]);
    for (size_t k = 0; k < figure->n_against; k++)
        snprintf(texts->measures[k], LABEL_MAX, "%s", is_one ? "" : measure_table[figure->against[k]].name);
    snprintf(texts->y_name, LABEL_MAX, "importance by %s",
             is_one ? measure_table[figure->against[0]].name : "the measure above each panel");
    snprintf(texts->x_name, LABEL_MAX, "importance by %s", measure_table[figure->request->ri.measure].name);
    figure_common(figure->reader, figure->selection, figure->n_models, texts->common);
    figure->sheet = (struct sheet){.request = figure->request,
                                   .head = {layout_title(figure->reader, figure->request->title), texts->common,
                                            texts->legend, write_legend(figure, texts), NULL, 0},
                                   .n_rows = n,
                                   .n_columns = figure->n_against,
                                   .may_turn = true,
                                   .row_titles = (const char(*)[LABEL_MAX])titles,
                                   .column_titles = (const char(*)[LABEL_MAX])texts->measures,
                                   .n_notes = 2,
                                   .panel_width = PANEL_SIZE,
                                   .panel_width_max = PANEL_MAX,
                                   .margin_left = 58,
                                   .gap = 44,
                                   .tics_height = 14,
                                   .x_name = texts->x_name,
                                   .y_name = texts->y_name};
    if (sheet_begin(&figure->sheet, error))
        goto done;
    figure_data_begin(&figure->sheet.gnuplot, figure->reader, "measure,against,rank_correlation,low,high,n");
    for (size_t row = 0; row < n; row++)
        for (size_t k = 0; k < figure->n_against; k++)
            write_panel(figure, row, k);
    sheet_finish(&figure->sheet, error);
done:
    free(titles);
    free(texts);
    return error->code;
}

enum error_code plot_unit_measures(struct reader *reader, const struct selection *selection,
                                   const struct figure_request *request, unsigned measures, struct error *error)
{
    struct units_figure figure = {.reader = reader, .selection = selection, .request = request};
    for (int m = 0; m < reader_n_measures(reader); m++)
        if ((measures >> m & 1) && (enum measure)m != request->ri.measure)
            figure.against[figure.n_against++] = (enum measure)m;
    if (figure.n_against == 0)
        return error_set(error, ERROR_INPUT, "--measure: allowed: two measures or more, one against the others");
    for (size_t i = 0; i < selection->n; i++) {
        size_t n = (size_t)hyperparameters_n_tasks(&reader->configs[selection->configs[i]]);
        figure.n_tasks = n > figure.n_tasks ? n : figure.n_tasks;
    }
    if (gnuplot_check(&request->place, error) || layout_check_count(reader, selection, error) ||
        layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    if (!read_rows(&figure, error))
        draw(&figure, error);
    for (size_t i = 0; figure.clouds && i < selection->n; i++)
        free(figure.clouds[i].points);
    free(figure.clouds);
    free(figure.n_models);
    return error->code;
}
