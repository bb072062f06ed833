#include "plot_dots.h"

#include "extent.h"
#include "figure_data.h"
#include "identical.h"
#include "layer_mask.h"
#include "ticker.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX        60
#define DOTS_LEGEND_MAX 3 /* remarks of whoever calls, at most */
#define LINE_HEIGHT     11.5
#define ROW_GAP         6.0
#define LABEL_MOST      250.0 /* width of the names of rows, at most, */
#define LABEL_SHARE     0.36  /* and as a share of the page */
#define COUNT_WIDTH     54.0  /* accepted/tried, right of the panels */
#define REJECTED_BELOW  5.0   /* the dots of rejected models lie lower */
#define PANEL_MIN       60.0
#define PANEL_GAP       12.0
#define NUMBER_WIDTH    40.0 /* of a number below a panel, with what keeps it apart */
#define HEAD_HEIGHT     18.0 /* titles of panels */
#define BLOCK_GAP       18.0 /* numbers below panels that have others below them */
#define MARGIN_BOTTOM   36.0 /* numbers, and the name of the axis */

/* One configuration. */
struct row {
    double top, height; /* from the top of the panels */
    char lines[LAYOUT_LINES_MAX][LABEL_MAX];
    size_t n_lines, n_layers;
    uint64_t n_models, n_accepted, n_tried,
        n_rejected; /* n_models: whose estimates these are; n_rejected: models that are alive */
    struct estimate estimates[LAYERS_MAX], rejected[LAYERS_MAX];
};

struct dots_figure {
    struct reader *reader;
    const struct selection *selection;
    const struct figure_request *request;
    enum statistic statistic;
    struct row *rows; /* [selection->n] */
    size_t layers[LAYERS_MAX], n_layers;
    struct extent extent;
    bool is_cut;                                        /* intervals go beyond it */
    double top, height, left, panel_width, total_width; /* of the panels */
    size_t n_across;                                    /* layers beside each other; others go on below */
    struct gnuplot gnuplot;
};

static bool is_of_layer(const struct dots_figure *figure)
{
    return figure->statistic >= STATISTIC_FIRST_OF_LAYER;
}

/* Makes room for an estimate of a layer; a NaN takes none. */
static void widen(struct dots_figure *figure, size_t layer, const struct estimate *estimate)
{
    if (is_of_layer(figure) && !layer_mask_has(figure->request->layers, layer))
        return;
    struct extent extent = figure->extent; /* its own: else the analyser has the figure lost, and its rows leak */
    extent_add(&extent, estimate);
    figure->extent = extent;
}

/* What the rejected models of a row that are alive come to, beside the accepted ones. */
static enum error_code read_rejected(struct dots_figure *figure, struct row *row, const struct selection *one,
                                     struct sample_estimates *estimates, struct error *error)
{
    struct reader *reader = figure->reader;
    if (reader->chosen || figure->statistic < STATISTIC_FIRST_OF_MODEL)
        return ERROR_NONE;
    if (models_choose(reader, 1u << STATUS_REJECTED, error))
        return error->code;
    sample_of_group(reader, one, &figure->request->ri, false, estimates, error);
    reader->chosen = 0;
    row->n_rejected = error->code ? 0 : estimates->n_models;
    for (size_t l = 0; l < row->n_layers && row->n_rejected > 0; l++) {
        row->rejected[l] = estimates->layers[l].statistics[figure->statistic];
        widen(figure, l, &row->rejected[l]);
    }
    return error->code;
}

static enum error_code read_row(struct dots_figure *figure, size_t i, struct sample_estimates *estimates,
                                struct error *error)
{
    struct row *row = &figure->rows[i];
    size_t config = figure->selection->configs[i];
    const struct selection one = {.configs = &config, .n = 1};
    if (sample_of_group(figure->reader, &one, &figure->request->ri, false, estimates, error) ||
        (figure->statistic == STATISTIC_TWO_PEAKS_IDENTICAL &&
         identical_two_peaks(figure->reader, &one, &figure->request->ri, estimates, error)))
        return error->code;
    row->n_layers = is_of_layer(figure) ? estimates->n_layers : 1;
    row->n_models = estimates->n_models;
    row->n_accepted = estimates->counts[STATUS_ACCEPTED];
    row->n_tried = row->n_accepted + estimates->counts[STATUS_REJECTED] + estimates->counts[STATUS_DIVERGED];
    for (size_t l = 0; l < row->n_layers; l++) {
        row->estimates[l] = estimates->layers[l].statistics[figure->statistic];
        widen(figure, l, &row->estimates[l]);
    }
    if (row->n_accepted < row->n_tried)
        return read_rejected(figure, row, &one, estimates, error);
    return ERROR_NONE;
}

static enum error_code read_rows(struct dots_figure *figure, struct error *error)
{
    struct sample_estimates *estimates = malloc(sizeof *estimates);
    struct ticker ticker;
    if (!estimates)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", figure->reader->path);
    figure->extent = EXTENT_EMPTY;
    error->code = ERROR_NONE;
    ticker_begin(&ticker, "configurations", figure->selection->n);
    for (size_t i = 0; i < figure->selection->n && !error->code; i++) {
        read_row(figure, i, estimates, error);
        ticker_add(&ticker, 1);
    }
    ticker_end(&ticker);
    free(estimates);
    figure->is_cut = extent_end(&figure->extent);
    if (!(figure->extent.high >= figure->extent.low))
        figure->extent.low = figure->extent.high = 0;
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
    char common[LABEL_MAX];
    const double page = gnuplot_page_width(&figure->request->place);
    const double label_width = fmin(LABEL_MOST, LABEL_SHARE * page);
    const struct head head = {.title = layout_title(figure->reader, figure->request->title),
                              .common = common,
                              .legend = legend,
                              .n_legend = n_legend,
                              .left = LAYOUT_MARGIN};
    figure_common(figure->reader, figure->selection, NULL, common);
    figure->left = LAYOUT_MARGIN + label_width;
    figure->total_width = page - figure->left - COUNT_WIDTH - LAYOUT_MARGIN;
    size_t n_fit = (size_t)fmax(1, (figure->total_width + PANEL_GAP) / (PANEL_MIN + PANEL_GAP));
    size_t n_blocks = (figure->n_layers + n_fit - 1) / n_fit;
    figure->n_across = (figure->n_layers + n_blocks - 1) / n_blocks;
    figure->panel_width = (figure->total_width + PANEL_GAP) / (double)figure->n_across - PANEL_GAP;
    for (size_t i = 0; i < figure->selection->n; i++) {
        struct row *row = &figure->rows[i];
        char label[LABEL_MAX];
        figure_label(figure->request, figure->reader, figure->selection, i, NULL, label);
        row->n_lines = layout_wrap(label, label_width - 10, FONT_SMALL, row->lines);
        row->top = figure->height;
        row->height = LINE_HEIGHT * (double)row->n_lines + ROW_GAP;
        figure->height += row->height;
    }
    figure->top = layout_head_height(&head, page) + HEAD_HEIGHT;
    double blocks = (double)n_blocks * (figure->height + HEAD_HEIGHT + BLOCK_GAP) - HEAD_HEIGHT - BLOCK_GAP;
    if (gnuplot_begin(&figure->gnuplot, &figure->request->place, head.title, figure->top + blocks + MARGIN_BOTTOM,
                      error))
        return error->code;
    fprintf(figure->gnuplot.script, "set multiplot\n");
    layout_head(&figure->gnuplot, &head);
    return ERROR_NONE;
}

/* Where the panel of the column-th layer is. */
static struct box panel_box(const struct dots_figure *figure, size_t column)
{
    size_t whole_rows = column / figure->n_across;
    double across = (double)(column % figure->n_across), block = (double)whole_rows;
    return (struct box){figure->left + across * (figure->panel_width + PANEL_GAP),
                        figure->top + block * (figure->height + HEAD_HEIGHT + BLOCK_GAP), figure->panel_width,
                        figure->height};
}

/* Names and counts, beside the panels that begin with the column-th. */
static void write_rows(const struct dots_figure *figure, size_t column)
{
    const struct gnuplot *gnuplot = &figure->gnuplot;
    const struct box box = panel_box(figure, column);
    double right = figure->left + figure->total_width + 8;
    layout_text(gnuplot, right, box.top - HEAD_HEIGHT / 2, ALIGN_LEFT, FONT_SMALL, COLOUR_GREY, false, "accepted");
    for (size_t i = 0; i < figure->selection->n; i++) {
        const struct row *row = &figure->rows[i];
        double middle = box.top + row->top + row->height / 2;
        char text[64];
        for (size_t l = 0; l < row->n_lines; l++) {
            layout_text(gnuplot, LAYOUT_MARGIN, middle + LINE_HEIGHT * ((double)l - 0.5 * (double)(row->n_lines - 1)),
                        ALIGN_LEFT, FONT_SMALL, COLOUR_TEXT, false, row->lines[l]);
            if (column == 0)
                gnuplot_describe(gnuplot, "%s%s", l ? "" : " Row: ", row->lines[l]);
        }
        snprintf(text, sizeof text, "%" PRIu64 "/%" PRIu64, row->n_accepted, row->n_tried);
        layout_text(gnuplot, right, middle, ALIGN_LEFT, FONT_SMALL, COLOUR_GREY, false, text);
        if (row->n_models == 0 && row->n_rejected == 0 && figure->statistic >= STATISTIC_FIRST_OF_MODEL)
            layout_text(gnuplot, box.left + 4, middle, ALIGN_LEFT, FONT_SMALL, COLOUR_GREY, false,
                        models_none(figure->reader));
    }
}

/* A block of dots: of accepted models, or of rejected ones a little below them. */
static void write_data(const struct dots_figure *figure, size_t layer, bool is_rejected)
{
    FILE *script = figure->gnuplot.script;
    double scale = statistic_table[figure->statistic].is_share ? 100 : 1;
    fprintf(script, "\n$%s%zu << EOD\n", is_rejected ? "rejected" : "layer", layer + 1);
    for (size_t i = 0; i < figure->selection->n; i++) {
        const struct row *row = &figure->rows[i];
        const struct estimate *estimate = is_rejected ? &row->rejected[layer] : &row->estimates[layer];
        if (layer < row->n_layers && !isnan(estimate->value) && (!is_rejected || row->n_rejected > 0))
            fprintf(script, "%.6g %.6g %.6g %.6g %zu\n", scale * estimate->value, scale * estimate->low,
                    scale * estimate->high, row->top + row->height / 2 + (is_rejected ? REJECTED_BELOW : 0),
                    figure->selection->configs[i]);
    }
    fprintf(script, "EOD\n");
}

/* The panel of a layer: its vertical axis counts pixels from its top. */
static void write_panel(const struct dots_figure *figure, size_t column)
{
    FILE *script = figure->gnuplot.script;
    const struct box box = panel_box(figure, column);
    size_t layer = figure->layers[column];
    char title[32], style[STYLE_MAX];

    write_data(figure, layer, false);
    write_data(figure, layer, true);
    layout_panel(&figure->gnuplot, &box);
    snprintf(title, sizeof title, "layer %zu", layer + 1);
    if (is_of_layer(figure))
        layout_text(&figure->gnuplot, box.left + box.width / 2, box.top - HEAD_HEIGHT / 2, ALIGN_CENTER, FONT_TEXT,
                    COLOUR_TEXT, false, title);
    palette_mark(&figure->request->palette, 0, 0.6, style);
    fprintf(script,
            "plot $layer%zu using 2:4:($3-$2):(0) with vectors nohead lw 1.4 lc rgb '#%06" PRIx32 "', \\\n"
            "     $layer%zu using 1:4 with points %s, \\\n"
            "     $rejected%zu using 2:4:($3-$2):(0) with vectors nohead lw 0.8 lc rgb '#%06x', \\\n"
            "     $rejected%zu using 1:4 with points pt 6 ps 0.6 lc rgb '#%06x', NaN with lines\n"
            "unset label\nunset arrow\n",
            layer + 1, figure->request->palette.colours[0], layer + 1, style, layer + 1, COLOUR_TEXT, layer + 1,
            COLOUR_TEXT);
}

static void write_table(const struct dots_figure *figure)
{
    figure_data_begin(&figure->gnuplot, figure->reader, "models,pair,layer,statistic,value,low,high,n,accepted,tried");
    for (size_t i = 0; i < figure->selection->n; i++)
        for (size_t k = 0; k < 2 * figure->n_layers; k++) {
            const struct row *row = &figure->rows[i];
            size_t layer = figure->layers[k / 2];
            bool is_rejected = k % 2;
            if (layer >= row->n_layers || (is_rejected && row->n_rejected == 0))
                continue;
            figure_data_row(&figure->gnuplot, figure->reader, figure->selection->configs[i]);
            figure_data_text(&figure->gnuplot, is_rejected ? "rejected" : models_word(figure->reader));
            figure_data_pair(&figure->gnuplot, figure->request, i);
            figure_data_number(&figure->gnuplot, is_of_layer(figure) ? (double)layer + 1 : (double)NAN);
            figure_data_text(&figure->gnuplot, statistic_table[figure->statistic].name);
            figure_data_estimate(&figure->gnuplot, is_rejected ? &row->rejected[layer] : &row->estimates[layer]);
            figure_data_number(&figure->gnuplot, (double)row->n_accepted);
            figure_data_number(&figure->gnuplot, (double)row->n_tried);
        }
}

static void write_figure(const struct dots_figure *figure)
{
    FILE *script = figure->gnuplot.script;
    const struct statistic_description *statistic = &statistic_table[figure->statistic];
    double scale = statistic->is_share ? 100 : 1, low = scale * figure->extent.low, high = scale * figure->extent.high;
    double room = high > low ? 0.06 * (high - low) : fmax(fabs(high), 1) / 2;
    const struct ri_options ri = figure_common_ri(figure->request);
    char label[STATISTIC_LABEL_MAX], text[128];

    layout_axes(&figure->gnuplot);
    fprintf(script, "set xrange [%.6g:%.6g]\nset xtics %.6g\nset yrange [%.6g:0]\nset ytics (", low - room, high + room,
            layout_step(high - low + 2 * room, (int)fmax(1, figure->panel_width / NUMBER_WIDTH)), figure->height);
    for (size_t i = 0; i < figure->selection->n; i++)
        fprintf(script, "%s\"\" %.6g", i ? ", " : "", figure->rows[i].top + figure->rows[i].height / 2);
    fprintf(script, ")\nset grid xtics ytics lt 1 lw 0.6 lc rgb '#%06x'\n", COLOUR_GRID);
    statistic_label(figure->statistic, &ri, label);
    snprintf(text, sizeof text, "%s%s", label, statistic->is_share ? ", %" : "");
    layout_text(&figure->gnuplot, figure->left + figure->total_width / 2, figure->gnuplot.height - 10, ALIGN_CENTER,
                FONT_TEXT, COLOUR_TEXT, false, text);
    for (size_t column = 0; column < figure->n_layers; column++) {
        if (column % figure->n_across == 0)
            write_rows(figure, column);
        write_panel(figure, column);
    }
    write_table(figure);
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
        struct legend_item items[DOTS_LEGEND_MAX + 1];
        check(n_legend <= DOTS_LEGEND_MAX);
        memcpy(items, legend, n_legend * sizeof *items);
        if (figure.is_cut)
            items[n_legend++] = (struct legend_item){false, NULL, EXTENT_REMARK};
        choose_layers(&figure);
        if (!begin(&figure, items, n_legend, error)) {
            write_figure(&figure);
            gnuplot_finish(&figure.gnuplot, error);
        }
    }
    free(figure.rows);
    return error->code;
}
