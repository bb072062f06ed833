#include "plot_models.h"

#include "density.h"
#include "extent.h"
#include "figure_data.h"
#include "layer_mask.h"
#include "sheet.h"
#include "ticker.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PANEL_WIDTH   118.0
#define PANEL_HEIGHT  46.0
#define DOT           4.4 /* pixels from one dot to the next */
#define DOTS_MIDDLE   0.6 /* of a strip's height, 0 to 1: where dots and violins are, */
#define DOTS_HALF     0.36
#define MEAN_PLACE    0.1 /* and where the mean is */
#define VIOLIN_POINTS 81

/* One strip: a configuration in a layer. */
struct strip {
    float *values; /* [n]: sorted upwards, without NaN; borrowed */
    size_t n;
    struct estimate estimate;
};

struct models_figure {
    struct reader *reader;
    const struct selection *selection;
    const struct figure_request *request;
    enum statistic statistic;
    size_t layers[LAYERS_MAX], n_layers; /* that are shown, 0-based */
    float **values;                      /* [selection->n]: of each configuration [n_layers, models] */
    size_t *n_models;                    /* [selection->n] */
    struct strip *strips;                /* [selection->n, n_layers] */
    struct extent extent;
    bool is_cut;      /* intervals go beyond it */
    double low, high; /* of the axis */
    bool is_logarithmic;
    struct sheet sheet;
};

static double scale_of(const struct models_figure *figure)
{
    return statistic_table[figure->statistic].is_share ? 100 : 1;
}

/* The place of a value along the axis, in the units that dots are spread in. */
static double place_of(const struct models_figure *figure, double value)
{
    return figure->is_logarithmic ? log10(value) : value;
}

static void choose_layers(struct models_figure *figure)
{
    bool has_layers = figure->statistic >= STATISTIC_FIRST_OF_LAYER;
    size_t deepest = 0;
    for (size_t i = 0; i < figure->selection->n; i++) {
        size_t n = (size_t)figure->reader->configs[figure->selection->configs[i]].hidden_layers;
        deepest = n > deepest ? n : deepest;
    }
    for (size_t layer = 0; layer < (has_layers ? deepest : 1); layer++)
        if (!has_layers || layer_mask_has(figure->request->layers, layer))
            figure->layers[figure->n_layers++] = layer;
}

static void take_strip(struct models_figure *figure, struct strip *strip, const float *column, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isfinite(column[i]))
            strip->values[strip->n++] = column[i];
    statistics_sort(strip->values, strip->n);
    struct extent extent = figure->extent; /* its own: else the analyser has the figure lost, and its strips leak */
    extent_add(&extent, &strip->estimate);
    if (strip->n > 0) {
        extent_add_value(&extent, (double)strip->values[0]);
        extent_add_value(&extent, (double)strip->values[strip->n - 1]);
    }
    figure->extent = extent;
}

/* Reads the i-th of the selected configurations. */
static enum error_code read_row(struct models_figure *figure, size_t i, struct sample_estimates *estimates,
                                struct error *error)
{
    const struct selection one = {.configs = &figure->selection->configs[i], .n = 1};
    const struct ri_options ri = figure_ri(figure->request, i);
    struct sample sample;
    if (sample_read(&sample, figure->reader, &one, &ri, false, error))
        return error->code;
    figure->n_models[i] = sample.n_models;
    figure->values[i] = malloc((figure->n_layers * sample.n_models + 1) * sizeof(float));
    if (!figure->values[i])
        error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    else
        sample_estimate(&sample, estimates, error);
    for (size_t k = 0; k < figure->n_layers && !error->code; k++) {
        struct strip *strip = &figure->strips[i * figure->n_layers + k];
        strip->values = figure->values[i] + k * sample.n_models;
        strip->estimate = (struct estimate){(double)NAN, (double)NAN, (double)NAN, 0};
        if (figure->layers[k] >= sample.n_layers || sample.n_models == 0)
            continue;
        strip->estimate = estimates->layers[figure->layers[k]].statistics[figure->statistic];
        take_strip(figure, strip, sample_column(&sample, figure->statistic, figure->layers[k]), sample.n_models);
    }
    sample_free(&sample);
    return error->code;
}

static enum error_code read_rows(struct models_figure *figure, struct error *error)
{
    size_t n = figure->selection->n;
    struct sample_estimates *estimates = malloc(sizeof *estimates);
    struct ticker ticker;
    check(n > 0 && figure->n_layers > 0);
    figure->values = calloc(n, sizeof *figure->values);
    figure->n_models = calloc(n, sizeof *figure->n_models);
    figure->strips = calloc(n * figure->n_layers, sizeof *figure->strips);
    figure->extent = EXTENT_EMPTY;
    error->code = ERROR_NONE;
    if (!estimates || !figure->values || !figure->n_models || !figure->strips)
        error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    ticker_begin(&ticker, "configurations", n);
    for (size_t i = 0; i < n && !error->code; i++) {
        read_row(figure, i, estimates, error);
        ticker_add(&ticker, 1);
    }
    ticker_end(&ticker);
    free(estimates);
    figure->is_cut = extent_end(&figure->extent);
    figure->low = isfinite(figure->extent.low) ? figure->extent.low : 0;
    figure->high = isfinite(figure->extent.low) ? figure->extent.high : 1;
    bool is_median = statistic_table[figure->statistic].aggregate == AGGREGATE_MEDIAN;
    figure->is_logarithmic = is_median && figure->low > 0 && figure->high >= 20 * figure->low;
    return error->code;
}

/* Dots that would lie on each other stand beside each other: value, height. */
static void write_dots(const struct models_figure *figure, const struct strip *strip, FILE *script)
{
    double first = place_of(figure, figure->low), range = place_of(figure, figure->high) - first;
    double n_bins = figure->sheet.panel_width / DOT, step = DOT / figure->sheet.panel_height;
    for (size_t i = 0, end; i < strip->n; i = end) {
        double bin = range > 0 ? floor((place_of(figure, (double)strip->values[i]) - first) / range * n_bins) : 0;
        for (end = i + 1; end < strip->n; end++)
            if (range > 0 && floor((place_of(figure, (double)strip->values[end]) - first) / range * n_bins) > bin)
                break;
        double n = (double)(end - i), apart = n > 1 ? fmin(step, 2 * DOTS_HALF / (n - 1)) : 0;
        for (size_t k = i; k < end; k++)
            fprintf(script, "%.6g %.4f\n", scale_of(figure) * (double)strip->values[k],
                    DOTS_MIDDLE + ((double)(k - i) - (n - 1) / 2) * apart);
    }
}

/* The outline of the density: value, lower and upper height. Equal values are a line. */
static enum error_code write_violin(const struct models_figure *figure, const struct strip *strip, FILE *script,
                                    struct error *error)
{
    float *places = malloc(strip->n * sizeof *places);
    double density[VIOLIN_POINTS] = {0}, highest = 0;
    if (!places)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    for (size_t i = 0; i < strip->n; i++)
        places[i] = (float)place_of(figure, (double)strip->values[i]);
    double width = density_width(places, strip->n), first = (double)places[0];
    double range = (double)places[strip->n - 1] - first;
    for (size_t i = 0; i < VIOLIN_POINTS; i++) {
        density[i] =
            width > 0 ? density_at(places, strip->n, width, first + range * (double)i / (VIOLIN_POINTS - 1)) : 1;
        highest = fmax(highest, density[i]);
    }
    for (size_t i = 0; i < VIOLIN_POINTS; i++) {
        double place = first + range * (double)i / (VIOLIN_POINTS - 1), half = DOTS_HALF * density[i] / highest;
        fprintf(script, "%.6g %.4f %.4f\n", scale_of(figure) * (figure->is_logarithmic ? pow(10, place) : place),
                DOTS_MIDDLE - half, DOTS_MIDDLE + half);
    }
    free(places);
    return ERROR_NONE;
}

static void write_numbers(const struct models_figure *figure, size_t row, size_t k)
{
    const struct strip *strip = &figure->strips[row * figure->n_layers + k];
    const struct gnuplot *gnuplot = &figure->sheet.gnuplot;
    bool has_layers = figure->statistic >= STATISTIC_FIRST_OF_LAYER;
    for (size_t i = 0; i <= strip->n; i++) {
        const struct estimate one = {i < strip->n ? (double)strip->values[i] : 0, (double)NAN, (double)NAN, 1};
        figure_data_row(gnuplot, figure->reader, figure->selection->configs[row]);
        figure_data_pair(gnuplot, figure->request, row);
        figure_data_number(gnuplot, has_layers ? (double)figure->layers[k] + 1 : (double)NAN);
        figure_data_text(gnuplot, statistic_table[figure->statistic].name);
        figure_data_text(gnuplot, i < strip->n ? "model" : "all");
        figure_data_estimate(gnuplot, i < strip->n ? &one : &strip->estimate);
    }
}

static enum error_code write_strip(const struct models_figure *figure, size_t row, size_t k, struct error *error)
{
    const struct strip *strip = &figure->strips[row * figure->n_layers + k];
    const struct sheet *sheet = &figure->sheet;
    const struct box box = sheet_box(sheet, row, k);
    FILE *script = sheet->gnuplot.script;
    double scale = scale_of(figure);
    char name[64], dots[STYLE_MAX], mean[STYLE_MAX];
    uint32_t colour = figure->request->palette.colours[0];
    bool is_violin = strip->n > MODELS_DOTS_MAX;

    snprintf(name, sizeof name, "$row%zu_column%zu", row + 1, k + 1);
    palette_mark(&figure->request->palette, 0, 0.35, dots);
    palette_mark(&figure->request->palette, 1, 0.6, mean);
    if (strip->n > 0) {
        fprintf(script, "\n%s << EOD\n", name);
        if (is_violin && write_violin(figure, strip, script, error))
            return error->code;
        if (!is_violin)
            write_dots(figure, strip, script);
        fprintf(script, "EOD\n%s_mean << EOD\n%.6g %.6g %.6g\nEOD\n", name, scale * strip->estimate.value,
                scale * strip->estimate.low, scale * strip->estimate.high);
        write_numbers(figure, row, k);
    }
    layout_panel(&sheet->gnuplot, &box);
    if (strip->n == 0)
        layout_text(&sheet->gnuplot, box.left + box.width / 2, box.top + box.height / 2, ALIGN_CENTER, FONT_SMALL,
                    COLOUR_GREY, false, figure->n_models[row] > 0 ? "-" : models_none(figure->reader));
    fprintf(script, "set format x '%s'\nplot ", sheet_has_numbers(sheet, row, k) ? "%g" : "");
    if (is_violin)
        fprintf(script,
                "%s using 1:2:3 with filledcurves fs solid 0.35 border lc rgb '#%06" PRIx32 "' lc rgb '#%06" PRIx32
                "', \\\n     ",
                name, colour, colour);
    else if (strip->n > 0)
        fprintf(script, "%s using 1:2 with points %s, \\\n     ", name, dots);
    if (strip->n > 0)
        fprintf(script,
                "%s_mean using 2:(%g):($3-$2):(0) with vectors nohead lw 1.4 lc rgb '#%06" PRIx32 "', \\\n     "
                "%s_mean using 1:(%g) with points %s\n",
                name, MEAN_PLACE, figure->request->palette.colours[1], name, MEAN_PLACE, mean);
    else
        fprintf(script, "NaN\n");
    fprintf(script, "unset label\nunset arrow\n");
    return ERROR_NONE;
}

static void write_axes(const struct models_figure *figure)
{
    const struct gnuplot *gnuplot = &figure->sheet.gnuplot;
    double scale = scale_of(figure), low = scale * figure->low, high = scale * figure->high;
    int n_max = (int)fmax(2, figure->sheet.panel_width / 45);
    if (figure->is_logarithmic) {
        double edge = pow(high / low, 0.04);
        layout_logarithmic(gnuplot, 'x', low / edge, high * edge, high * edge, n_max);
    } else {
        double range = high > low ? high - low : fmax(fabs(high), 1e-6), step = layout_step(1.08 * range, n_max);
        fprintf(gnuplot->script, "set xrange [%.9g:%.9g]\nset xtics %.9g,%.9g\n", low - 0.04 * range,
                high + 0.04 * range, step * ceil((low - 0.04 * range) / step), step);
    }
    fprintf(gnuplot->script,
            "set yrange [0:1]\nunset ytics\nset border 1\nset grid xtics lt 1 lw 0.6 lc rgb '#%06x'\n"
            "set xtics scale 0.4 offset 0,0.4\n",
            COLOUR_GRID);
}

/* The texts of a page; the rows' titles are beside it. */
struct page_texts {
    char common[LABEL_MAX], columns[LAYERS_MAX][LABEL_MAX], x_name[LABEL_MAX], remarks[3][LABEL_MAX];
    char dots[STYLE_MAX], mean[STYLE_MAX];
    struct legend_item legend[6];
};

static size_t write_legend(const struct models_figure *figure, struct page_texts *texts)
{
    static const char *const aggregates[] = {"share with Wilson's 95 % interval", "mean with its 95 % interval",
                                             "median with its 95 % interval"};
    const struct statistic_description *row = &statistic_table[figure->statistic];
    const struct ri_options ri = figure_common_ri(figure->request);
    char pair[TASK_PAIR_LABEL_MAX] = "", measure[64] = "", tasks[2][TASK_LABEL_MAX];
    char label[STATISTIC_LABEL_MAX], meaning[STATISTIC_MEANING_MAX];
    size_t n = 0, most = 0;
    statistic_label(figure->statistic, &ri, label);
    statistic_meaning(figure->statistic, &ri, meaning);
    for (size_t i = 0; i < figure->selection->n; i++)
        most = figure->n_models[i] > most ? figure->n_models[i] : most;
    palette_mark(&figure->request->palette, 0, 0.5, texts->dots);
    palette_mark(&figure->request->palette, 1, 0.7, texts->mean);
    texts->legend[n++] = (struct legend_item){
        true, texts->dots, most > MODELS_DOTS_MAX ? "a model; more than 100: their density (a violin)" : "a model"};
    texts->legend[n++] = (struct legend_item){true, texts->mean, aggregates[row->aggregate]};
    if (figure->statistic >= STATISTIC_FIRST_OF_LAYER)
        snprintf(measure, sizeof measure, " (%s)", measure_table[figure->request->ri.measure].name);
    if (figure->request->pairs) {
        for (int side = 0; side < 2; side++)
            task_pairs_label(figure->request->pairs, figure->reader, side, tasks[side]);
        snprintf(pair, sizeof pair, "; %s, %s", tasks[0], tasks[1]);
    }
    snprintf(texts->remarks[0], LABEL_MAX, "%s: %s%s%s", label, meaning, measure, pair);
    texts->legend[n++] = (struct legend_item){false, NULL, texts->remarks[0]};
    if (figure->statistic >= STATISTIC_FIRST_OF_LAYER && layout_ri_text(&figure->request->ri, texts->remarks[1]))
        texts->legend[n++] = (struct legend_item){false, NULL, texts->remarks[1]};
    if (figure->is_cut)
        texts->legend[n++] = (struct legend_item){false, NULL, EXTENT_REMARK};
    return n;
}

static enum error_code draw(struct models_figure *figure, struct error *error)
{
    const struct statistic_description *row = &statistic_table[figure->statistic];
    const struct ri_options ri = figure_common_ri(figure->request);
    char label[STATISTIC_LABEL_MAX];
    size_t n = figure->selection->n;
    struct page_texts *texts = calloc(1, sizeof *texts);
    char(*titles)[LABEL_MAX] = calloc(n, sizeof *titles);
    if (!texts || !titles) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
        goto done;
    }
    for (size_t i = 0; i < n; i++)
        figure_label(figure->request, figure->reader, figure->selection, i, figure->n_models, titles[i]);
    for (size_t k = 0; k < figure->n_layers && figure->statistic >= STATISTIC_FIRST_OF_LAYER; k++)
        snprintf(texts->columns[k], LABEL_MAX, "layer %zu", figure->layers[k] + 1);
    statistic_label(figure->statistic, &ri, label);
    snprintf(texts->x_name, LABEL_MAX, "%s%s", label, row->is_share ? ", %" : "");
    figure_common(figure->reader, figure->selection, figure->n_models, texts->common);
    figure->sheet = (struct sheet){.request = figure->request,
                                   .head = {layout_title(figure->reader, figure->request->title), texts->common,
                                            texts->legend, write_legend(figure, texts), NULL, 0},
                                   .n_rows = n,
                                   .n_columns = figure->n_layers,
                                   .row_titles = (const char(*)[LABEL_MAX])titles,
                                   .column_titles = (const char(*)[LABEL_MAX])texts->columns,
                                   .panel_width = PANEL_WIDTH,
                                   .panel_height = PANEL_HEIGHT,
                                   .margin_left = LAYOUT_MARGIN + 4,
                                   .gap = 16,
                                   .x_name = texts->x_name,
                                   .y_name = ""};
    if (sheet_begin(&figure->sheet, error))
        goto done;
    figure_data_begin(&figure->sheet.gnuplot, figure->reader, "pair,layer,statistic,kind,value,low,high,n");
    write_axes(figure);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < figure->n_layers; k++)
            if (write_strip(figure, i, k, error)) {
                gnuplot_abandon(&figure->sheet.gnuplot);
                goto done;
            }
    sheet_finish(&figure->sheet, error);
done:
    free(titles);
    free(texts);
    return error->code;
}

enum error_code plot_models(struct reader *reader, const struct selection *selection,
                            const struct figure_request *request, enum statistic statistic, struct error *error)
{
    struct models_figure figure = {
        .reader = reader, .selection = selection, .request = request, .statistic = statistic};
    const char *name = statistic_table[statistic].name;
    if (statistic < STATISTIC_FIRST_OF_MODEL)
        return error_set(error, ERROR_INPUT, "--statistic %s: a model has none: allowed: %s and what follows it", name,
                         statistic_table[STATISTIC_FIRST_OF_MODEL].name);
    if (statistic == STATISTIC_TWO_PEAKS_IDENTICAL)
        return error_set(error, ERROR_INPUT, "--statistic %s: a model has none: allowed: two_peaks", name);
    if (request->layers && statistic < STATISTIC_FIRST_OF_LAYER)
        return error_set(error, ERROR_INPUT, "--layer: %s is not a statistic of layers", name);
    if (gnuplot_check(&request->place, error) || layout_check_count(reader, selection, error) ||
        layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    choose_layers(&figure);
    if (!read_rows(&figure, error))
        draw(&figure, error);
    for (size_t i = 0; figure.values && i < selection->n; i++)
        free(figure.values[i]);
    free(figure.values);
    free(figure.n_models);
    free(figure.strips);
    return error->code;
}
