#include "command.h"
#include "layout.h"
#include "plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define MARGIN_LEFT    64.0
#define MARGIN_RIGHT   14.0
#define MARGIN_BOTTOM  46.0
#define TITLE_HEIGHT   26.0 /* of the sweep's name */
#define HEAD_HEIGHT    20.0 /* of the names of the columns */
#define ROW_HEAD       24.0
#define ROW_TITLE_SIZE 10.0
#define ROW_GAP        10.0
#define TICS_HEIGHT    16.0
#define PANEL_HEIGHT   92.0
#define PANEL_GAP      12.0
#define WIDTH_MIN      440.0 /* of the page: the text below the panels has to fit */
#define BAR_WIDTH      0.206 /* bins are 0.2 wide: bars that just touch leave seams */

struct ri_figure {
    struct gnuplot gnuplot;
    struct reader *reader;
    const struct selection *selection;
    const struct ri_options *options;
    struct ri_counts (*counts)[LAYERS_MAX]; /* [selection->n] */
    double top, panel_width, row_height;
    int n_columns;
};

static double share(uint64_t k, uint64_t n)
{
    return n > 0 ? (double)k / (double)n : 0;
}

static int row_layers(const struct ri_figure *figure, size_t row)
{
    return (int)figure->reader->configs[figure->selection->configs[row]].hidden_layers;
}

static struct box panel_box(const struct ri_figure *figure, size_t row, int column)
{
    return (struct box){MARGIN_LEFT + column * (figure->panel_width + PANEL_GAP),
                        figure->top + (double)row * figure->row_height + ROW_HEAD, figure->panel_width, PANEL_HEIGHT};
}

/* The axes that all panels share. */
static void write_axes(const struct ri_figure *figure)
{
    double highest = 0;
    for (size_t row = 0; row < figure->selection->n; row++)
        for (int l = 0; l < row_layers(figure, row); l++)
            for (int b = 0; b < RI_BINS; b++)
                highest = fmax(highest, share(figure->counts[row][l].bins[b], figure->counts[row][l].n_units));
    if (highest == 0)
        highest = 1;
    /* The room above is for the corner's number. */
    fprintf(figure->gnuplot.script,
            "set border 3 lw 0.8 lc rgb '#%06x'\nset tics out nomirror scale 0.4 font ',9.5' textcolor rgb '#%06x'\n"
            "set xtics offset 0,0.4\n"
            "set xrange [-1.03:1.03]\nset yrange [0:%.6g]\nset xtics -1,1,1\nset mxtics 2\nset ytics 0,%.6g\n"
            "set boxwidth %g\nset style fill solid 1 noborder\nunset key\n",
            COLOUR_GREY, COLOUR_TEXT, 1.28 * highest, layout_step(highest, 3), BAR_WIDTH);
}

static void write_page_texts(const struct ri_figure *figure)
{
    const struct gnuplot *gnuplot = &figure->gnuplot;
    char text[256];
    struct box last = panel_box(figure, figure->selection->n - 1, 0);
    struct box rightmost = panel_box(figure, 0, figure->n_columns - 1);
    double middle = (last.left + rightmost.left + rightmost.width) / 2;

    if (*figure->reader->name)
        layout_page_title(gnuplot, MARGIN_LEFT, figure->reader->name);
    for (int l = 0; l < figure->n_columns; l++) {
        struct box box = panel_box(figure, 0, l);
        snprintf(text, sizeof text, "layer %d", l + 1);
        layout_text(gnuplot, box.left + box.width / 2, figure->top - HEAD_HEIGHT / 2, ALIGN_CENTER, 11, COLOUR_TEXT,
                    false, text);
    }
    snprintf(text, sizeof text, "\u2190 task %d      relative importance (%s)      task %d \u2192",
             figure->options->task_b + 1, measure_names[figure->options->measure], figure->options->task_a + 1);
    layout_text(gnuplot, middle, last.top + PANEL_HEIGHT + 34, ALIGN_CENTER, 11, COLOUR_TEXT, false, text);
    layout_text(gnuplot, 14, (figure->top + last.top + PANEL_HEIGHT) / 2, ALIGN_CENTER, 11, COLOUR_TEXT, true,
                "proportion of neurons");
}

static void row_title(const struct ri_figure *figure, size_t row, char title[LABEL_MAX])
{
    char label[LABEL_MAX];
    size_t config = figure->selection->configs[row], n = models_accepted(figure->reader, config);
    selection_label(figure->reader, config, label);
    snprintf(title, LABEL_MAX, "%.*s  (%zu model%s)", LABEL_MAX - 40, label, n, n == 1 ? "" : "s");
}

static void write_row_title(const struct ri_figure *figure, size_t row)
{
    char title[LABEL_MAX];
    struct box box = panel_box(figure, row, 0);
    row_title(figure, row, title);
    layout_text(&figure->gnuplot, box.left, box.top - ROW_HEAD / 2 + 2, ALIGN_LEFT, ROW_TITLE_SIZE, COLOUR_TEXT, false,
                title);
}

static void write_panel(const struct ri_figure *figure, size_t row, int layer)
{
    FILE *script = figure->gnuplot.script;
    const struct ri_counts *counts = &figure->counts[row][layer];
    struct box box = panel_box(figure, row, layer);
    bool is_lowest = row + 1 == figure->selection->n || row_layers(figure, row + 1) <= layer;
    char text[64];

    fprintf(script, "\n$row%zu_layer%d << EOD\n", row + 1, layer + 1);
    for (int b = 0; b < RI_BINS; b++)
        fprintf(script, "%.1f %.6g %" PRIu32 "\n", -0.9 + 0.2 * b, share(counts->bins[b], counts->n_units),
                layout_blend(COLOUR_TASK_2, COLOUR_TASK_1, b / (RI_BINS - 1.0)));
    fprintf(script, "EOD\n");

    layout_panel(&figure->gnuplot, &box);
    if (counts->n_units > 0)
        snprintf(text, sizeof text, "+ %.0f %%", 100 * share(counts->unimportant, counts->n_units));
    else
        snprintf(text, sizeof text, "no accepted model");
    layout_text(&figure->gnuplot, box.left + box.width - 2, box.top + 8, ALIGN_RIGHT, 9.5, COLOUR_GREY, false, text);
    fprintf(script, "set format x '%s'\nset format y '%s'\n", is_lowest ? "%g" : "", layer == 0 ? "%g" : "");
    fprintf(script, "plot $row%zu_layer%d using 1:2:3 with boxes lc rgb variable\nunset label\n", row + 1, layer + 1);
}

enum error_code plot_ri(struct reader *reader, const struct selection *selection, const struct ri_options *options,
                        const char *output, bool keep_script, struct error *error)
{
    struct ri_figure figure = {.reader = reader, .selection = selection, .options = options};

    if (gnuplot_check_name(output, error) || layout_check_count(reader, selection, error))
        return error->code;
    figure.counts = calloc(selection->n, sizeof *figure.counts);
    if (!figure.counts)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    figure.row_height = ROW_HEAD + PANEL_HEIGHT + ROW_GAP;
    for (size_t row = 0; row < selection->n; row++) {
        if (models_relative_importance(reader, selection->configs[row], options, figure.counts[row], error))
            goto done;
        if (figure.n_columns < row_layers(&figure, row))
            figure.n_columns = row_layers(&figure, row);
        if (row_layers(&figure, row) > row_layers(&figure, row + 1 < selection->n ? row + 1 : row))
            figure.row_height = ROW_HEAD + PANEL_HEIGHT + TICS_HEIGHT + ROW_GAP; /* numbers below inner panels */
    }

    double width_min = (WIDTH_MIN - MARGIN_LEFT - MARGIN_RIGHT + PANEL_GAP) / figure.n_columns - PANEL_GAP;
    figure.panel_width = fmax(width_min, figure.n_columns <= 4 ? 150 : figure.n_columns <= 8 ? 110 : 80);
    figure.top = (*reader->name ? TITLE_HEIGHT : 6) + HEAD_HEIGHT;
    double width = MARGIN_LEFT + figure.n_columns * (figure.panel_width + PANEL_GAP) - PANEL_GAP + MARGIN_RIGHT;
    for (size_t row = 0; row < selection->n; row++) {
        char title[LABEL_MAX];
        row_title(&figure, row, title);
        width = fmax(width, MARGIN_LEFT + layout_text_width(title, ROW_TITLE_SIZE) + MARGIN_RIGHT);
    }
    double height =
        figure.top + (double)(selection->n - 1) * figure.row_height + ROW_HEAD + PANEL_HEIGHT + MARGIN_BOTTOM;
    if (gnuplot_begin(&figure.gnuplot, output, width, height, error))
        goto done;
    fprintf(figure.gnuplot.script, "set multiplot\n");
    write_axes(&figure);
    write_page_texts(&figure);
    for (size_t row = 0; row < selection->n; row++) {
        write_row_title(&figure, row);
        for (int l = 0; l < row_layers(&figure, row); l++)
            write_panel(&figure, row, l);
    }
    fprintf(figure.gnuplot.script, "unset multiplot\n");
    gnuplot_finish(&figure.gnuplot, keep_script, error);
done:
    free(figure.counts);
    return error->code;
}

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    return plot_ri(reader, selection, &request->ri, request->output, request->keep_script, error);
}

const struct command command_plot_ri = {
    .name = "plot ri",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws histograms of relative importance, a row for each configuration and a panel for each layer",
    .details = "At most 24 configurations: choose with --where. Drawn by gnuplot (Debian package gnuplot-nox).\n",
    .options = "output where measure unimportant-below keep-script",
    .needs_output = true,
    .run = run,
};
