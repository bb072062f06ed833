#include "plot_dots.h"

#include "layer_mask.h"
#include "ticker.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define ROWS_MAX      60
#define LINE_HEIGHT   13.0
#define ROW_GAP       9.0
#define LABEL_WIDTH   250.0
#define LABEL_SIZE    10.0
#define MARGIN        16.0
#define COUNT_WIDTH   64.0 /* accepted/tried, right of the panels */
#define PANELS_WIDTH  600.0
#define PANEL_MIN     110.0
#define PANEL_GAP     14.0
#define HEAD_HEIGHT   22.0 /* titles of panels */
#define MARGIN_BOTTOM 44.0 /* numbers, and the name of the axis */

/* One configuration. */
struct row {
    double top, height; /* on the page */
    char lines[LAYOUT_LINES_MAX][LABEL_MAX];
    size_t n_lines, n_layers;
    uint64_t n_accepted, n_tried;
    struct estimate estimates[LAYERS_MAX];
};

struct dots_figure {
    struct reader *reader;
    const struct selection *selection;
    const struct figure_request *request;
    enum statistic statistic;
    struct row *rows; /* [selection->n] */
    size_t layers[LAYERS_MAX], n_layers;
    double low, high;                                   /* of all values and intervals */
    double top, height, left, panel_width, total_width; /* of the panels */
    struct gnuplot gnuplot;
};

static bool is_of_layer(const struct dots_figure *figure)
{
    return figure->statistic >= STATISTIC_FIRST_OF_LAYER;
}

static enum error_code read_row(struct dots_figure *figure, size_t i, struct sample_estimates *estimates,
                                struct error *error)
{
    struct row *row = &figure->rows[i];
    size_t config = figure->selection->configs[i];
    const struct selection one = {.configs = &config, .n = 1};
    if (sample_of_group(figure->reader, &one, &figure->request->ri, false, estimates, error))
        return error->code;
    row->n_layers = is_of_layer(figure) ? estimates->n_layers : 1;
    row->n_accepted = estimates->counts[STATUS_ACCEPTED];
    row->n_tried = row->n_accepted + estimates->counts[STATUS_REJECTED] + estimates->counts[STATUS_DIVERGED];
    for (size_t l = 0; l < row->n_layers; l++) {
        const struct estimate *estimate = &estimates->layers[l].statistics[figure->statistic];
        row->estimates[l] = *estimate;
        if (is_of_layer(figure) && !layer_mask_has(figure->request->layers, l))
            continue;
        figure->low = fmin(figure->low, fmin(estimate->value, estimate->low)); /* a NaN does not count */
        figure->high = fmax(figure->high, fmax(estimate->value, estimate->high));
    }
    return ERROR_NONE;
}

static enum error_code read_rows(struct dots_figure *figure, struct error *error)
{
    struct sample_estimates *estimates = malloc(sizeof *estimates);
    struct ticker ticker;
    if (!estimates)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    figure->low = INFINITY;
    figure->high = -INFINITY;
    error->code = ERROR_NONE;
    ticker_begin(&ticker, "configurations", figure->selection->n);
    for (size_t i = 0; i < figure->selection->n && !error->code; i++) {
        read_row(figure, i, estimates, error);
        ticker_add(&ticker, 1);
    }
    ticker_end(&ticker);
    free(estimates);
    if (!(figure->high >= figure->low))
        figure->low = figure->high = 0;
    return error->code;
}

/* The layers that have a panel. */
static void choose_layers(struct dots_figure *figure)
{
    for (size_t layer = 0; layer < (is_of_layer(figure) ? LAYERS_MAX : 1); layer++)
        for (size_t i = 0; i < figure->selection->n; i++)
            if (layer < figure->rows[i].n_layers &&
                (!is_of_layer(figure) || layer_mask_has(figure->request->layers, layer))) {
                figure->layers[figure->n_layers++] = layer;
                break;
            }
}

static enum error_code begin(struct dots_figure *figure, const struct legend_item *legend, size_t n_legend,
                             struct error *error)
{
    const char *title = layout_title(figure->reader, figure->request->title);
    double columns = (double)figure->n_layers, legend_top = *title ? LAYOUT_TITLE_HEIGHT : 6;
    figure->left = MARGIN + LABEL_WIDTH;
    figure->panel_width = fmax(PANEL_MIN, (PANELS_WIDTH - (columns - 1) * PANEL_GAP) / columns);
    figure->total_width = columns * (figure->panel_width + PANEL_GAP) - PANEL_GAP;
    double width =
        fmax(figure->left + figure->total_width + COUNT_WIDTH + MARGIN, layout_legend_width(legend, n_legend, MARGIN));
    figure->top = legend_top + layout_legend_height(legend, n_legend, MARGIN, width) + HEAD_HEIGHT;
    for (size_t i = 0; i < figure->selection->n; i++) {
        struct row *row = &figure->rows[i];
        char label[LABEL_MAX];
        figure_label(figure->request, figure->reader, figure->selection, i, label);
        row->n_lines = layout_wrap(label, LABEL_WIDTH - 12, LABEL_SIZE, row->lines);
        row->top = figure->top + figure->height;
        row->height = LINE_HEIGHT * (double)row->n_lines + ROW_GAP;
        figure->height += row->height;
    }
    if (gnuplot_begin(&figure->gnuplot, &figure->request->place, width, figure->top + figure->height + MARGIN_BOTTOM,
                      error))
        return error->code;
    fprintf(figure->gnuplot.script, "set multiplot\n");
    layout_page_title(&figure->gnuplot, MARGIN, title);
    layout_legend(&figure->gnuplot, legend, n_legend, MARGIN, legend_top);
    return ERROR_NONE;
}

/* Names and counts, beside the panels. */
static void write_rows(const struct dots_figure *figure)
{
    const struct gnuplot *gnuplot = &figure->gnuplot;
    double right = figure->left + figure->total_width;
    layout_text(gnuplot, right + 10, figure->top - HEAD_HEIGHT / 2, ALIGN_LEFT, 9, COLOUR_GREY, false, "accepted");
    for (size_t i = 0; i < figure->selection->n; i++) {
        const struct row *row = &figure->rows[i];
        double middle = row->top + row->height / 2;
        char text[64];
        for (size_t l = 0; l < row->n_lines; l++)
            layout_text(gnuplot, MARGIN, middle + LINE_HEIGHT * ((double)l - 0.5 * (double)(row->n_lines - 1)),
                        ALIGN_LEFT, LABEL_SIZE, COLOUR_TEXT, false, row->lines[l]);
        snprintf(text, sizeof text, "%" PRIu64 "/%" PRIu64, row->n_accepted, row->n_tried);
        layout_text(gnuplot, right + 10, middle, ALIGN_LEFT, 9, COLOUR_GREY, false, text);
        if (row->n_accepted == 0 && figure->statistic >= STATISTIC_FIRST_OF_MODEL)
            layout_text(gnuplot, figure->left + figure->panel_width / 2, middle, ALIGN_CENTER, 9, COLOUR_GREY, false,
                        "no accepted model");
    }
}

/* The panel of a layer: its vertical axis counts pixels from its top. */
static void write_panel(const struct dots_figure *figure, size_t column)
{
    FILE *script = figure->gnuplot.script;
    const struct box box = {figure->left + (double)column * (figure->panel_width + PANEL_GAP), figure->top,
                            figure->panel_width, figure->height};
    size_t layer = figure->layers[column];
    double scale = statistic_table[figure->statistic].is_share ? 100 : 1;
    char title[32];

    fprintf(script, "\n$layer%zu << EOD\n", layer + 1);
    for (size_t i = 0; i < figure->selection->n; i++) {
        const struct row *row = &figure->rows[i];
        const struct estimate *estimate = &row->estimates[layer];
        if (layer < row->n_layers && !isnan(estimate->value))
            fprintf(script, "%.6g %.6g %.6g %.6g %zu\n", scale * estimate->value, scale * estimate->low,
                    scale * estimate->high, row->top + row->height / 2 - figure->top, figure->selection->configs[i]);
    }
    fprintf(script, "EOD\n");
    layout_panel(&figure->gnuplot, &box);
    snprintf(title, sizeof title, "layer %zu", layer + 1);
    if (is_of_layer(figure))
        layout_text(&figure->gnuplot, box.left + box.width / 2, box.top - HEAD_HEIGHT / 2, ALIGN_CENTER, 11,
                    COLOUR_TEXT, false, title);
    fprintf(script,
            "plot $layer%zu using 2:4:($3-$2):(0) with vectors nohead lw 1.6 lc rgb '#%06x', \\\n"
            "     $layer%zu using 1:4 with points pt 7 ps 0.7 lc rgb '#%06x', NaN with lines\n"
            "unset label\nunset arrow\n",
            layer + 1, COLOUR_TEXT, layer + 1, COLOUR_TEXT);
}

static void write_figure(const struct dots_figure *figure)
{
    FILE *script = figure->gnuplot.script;
    const struct statistic_description *statistic = &statistic_table[figure->statistic];
    double scale = statistic->is_share ? 100 : 1, low = scale * figure->low, high = scale * figure->high;
    double room = high > low ? 0.06 * (high - low) : fmax(fabs(high), 1) / 2;
    char text[128];

    layout_axes(&figure->gnuplot);
    fprintf(script, "set xrange [%.6g:%.6g]\nset xtics %.6g\nset yrange [%.6g:0]\nset ytics (", low - room, high + room,
            layout_step(high - low + 2 * room, figure->panel_width < 150 ? 3 : 5), figure->height);
    for (size_t i = 0; i < figure->selection->n; i++)
        fprintf(script, "%s\"\" %.6g", i ? ", " : "", figure->rows[i].top + figure->rows[i].height / 2 - figure->top);
    fprintf(script, ")\nset grid xtics ytics lt 1 lw 0.6 lc rgb '#e6e6e6'\n");
    snprintf(text, sizeof text, "%s%s", statistic->label, statistic->is_share ? ", %" : "");
    layout_text(&figure->gnuplot, figure->left + figure->total_width / 2, figure->top + figure->height + 32,
                ALIGN_CENTER, 11, COLOUR_TEXT, false, text);
    write_rows(figure);
    for (size_t column = 0; column < figure->n_layers; column++)
        write_panel(figure, column);
    fprintf(script, "unset multiplot\n");
}

enum error_code plot_dots(struct reader *reader, const struct selection *selection,
                          const struct figure_request *request, enum statistic statistic,
                          const struct legend_item *legend, size_t n_legend, struct error *error)
{
    struct dots_figure figure = {.reader = reader, .selection = selection, .request = request, .statistic = statistic};
    char names[LABEL_MAX];
    if (selection->n > ROWS_MAX) {
        selection_swept(reader, names);
        return error_set(error, ERROR_INPUT,
                         "%s: this figure shows at most %d configurations that are no grid, these are %zu: choose some "
                         "with --where KEY=VALUE (swept: %s)",
                         reader->path, ROWS_MAX, selection->n, names);
    }
    figure.rows = calloc(selection->n, sizeof *figure.rows);
    if (!figure.rows)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    if (!read_rows(&figure, error)) {
        choose_layers(&figure);
        if (!begin(&figure, legend, n_legend, error)) {
            write_figure(&figure);
            gnuplot_finish(&figure.gnuplot, error);
        }
    }
    free(figure.rows);
    return error->code;
}
