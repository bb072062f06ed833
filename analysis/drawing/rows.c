#include "rows.h"

#include "layer_mask.h"

#include <math.h>

#define HEAD_HEIGHT 17.0 /* of the names of the columns */
#define ROW_HEAD    8.0
#define ROW_GAP     8.0
#define PANEL_GAP   10.0
#define TITLE_LINE  13.0
#define NAME_PLACE  10.0 /* of the vertical axes' name, from the page's left */

bool rows_has(const struct rows *rows, size_t row, size_t column)
{
    return rows->columns[column] < (size_t)rows->reader->configs[rows->selection->configs[row]].hidden_layers;
}

struct box rows_box(const struct rows *rows, size_t row, size_t column)
{
    size_t across = column % rows->n_across, line = column / rows->n_across;
    return (struct box){rows->margin_left + (double)across * (rows->panel_width + PANEL_GAP),
                        rows->row_tops[row] + rows->head_height + (double)line * rows->line_height, rows->panel_width,
                        rows->panel_height};
}

/* Whether a row's layers go on below each other. */
static bool has_lines(const struct rows *rows)
{
    return rows->n_columns > rows->n_across;
}

bool rows_is_lowest(const struct rows *rows, size_t row, size_t column)
{
    return has_lines(rows) || row + 1 == rows->selection->n || !rows_has(rows, row + 1, column);
}

bool rows_is_leftmost(const struct rows *rows, size_t column)
{
    return column % rows->n_across == 0;
}

/* A row's title, broken at the page's right end; returns the number of lines. */
static size_t wrapped_title(const struct rows *rows, size_t row, char lines[LAYOUT_LINES_MAX][LABEL_MAX])
{
    return figure_label_lines(rows->request, rows->reader, rows->selection, row, rows->n_models, rows->titles_width,
                              lines);
}

static void write_column_name(const struct rows *rows, size_t row, size_t column)
{
    struct box box = rows_box(rows, row, column);
    char text[32];
    snprintf(text, sizeof text, "layer %zu", rows->columns[column] + 1);
    layout_text(&rows->gnuplot, box.left + box.width / 2,
                (has_lines(rows) ? box.top : rows->row_tops[0]) - HEAD_HEIGHT / 2, ALIGN_CENTER, FONT_TEXT, COLOUR_TEXT,
                false, text);
}

static void write_titles(const struct rows *rows)
{
    for (size_t row = 0; row < rows->selection->n; row++) {
        struct box box = rows_box(rows, row, 0);
        double above = has_lines(rows) ? HEAD_HEIGHT : 0;
        char lines[LAYOUT_LINES_MAX][LABEL_MAX];
        size_t n_lines = wrapped_title(rows, row, lines);
        for (size_t l = 0; l < n_lines; l++) {
            layout_text(&rows->gnuplot, box.left, box.top - above - ROW_HEAD - TITLE_LINE * (double)(n_lines - 1 - l),
                        ALIGN_LEFT, FONT_TEXT, COLOUR_TEXT, false, lines[l]);
            gnuplot_describe(&rows->gnuplot, "%s%s", l ? "" : " Row: ", lines[l]);
        }
        gnuplot_describe(&rows->gnuplot, "%s", n_lines ? "." : "");
        for (size_t column = 0; column < rows->n_columns; column++)
            if (has_lines(rows) ? rows_has(rows, row, column) : row == 0)
                write_column_name(rows, row, column);
    }
}

/* The layers that a selected configuration has. */
static void choose_layers(struct rows *rows)
{
    rows->n_columns = 0;
    for (size_t layer = 0; layer < LAYERS_MAX; layer++)
        for (size_t row = 0; row < rows->selection->n; row++)
            if (layer_mask_has(rows->request->layers, layer) &&
                (int64_t)layer < rows->reader->configs[rows->selection->configs[row]].hidden_layers) {
                rows->columns[rows->n_columns++] = layer;
                break;
            }
}

/* As many panels beside each other as fit; those of all lines are equally many, as far as may be. */
static void choose_columns(struct rows *rows, double width)
{
    double room = width - rows->margin_left - LAYOUT_MARGIN + PANEL_GAP;
    size_t n_fit = (size_t)fmax(1, floor(room / (rows->panel_width + PANEL_GAP)));
    size_t n_lines = (rows->n_columns + n_fit - 1) / n_fit;
    rows->n_across = (rows->n_columns + n_lines - 1) / n_lines;
    double wide = room / (double)rows->n_across - PANEL_GAP;
    rows->panel_width = rows->panel_width_max > 0 ? fmin(wide, rows->panel_width_max) : wide;
    if (rows->is_square)
        rows->panel_height = rows->panel_width;
}

/* How many lines of panels a row has. */
static size_t lines_of(const struct rows *rows, size_t row)
{
    size_t n = 1;
    for (size_t column = 0; column < rows->n_columns; column++)
        n = rows_has(rows, row, column) ? column / rows->n_across + 1 : n;
    return n;
}

enum error_code rows_begin(struct rows *rows, struct error *error)
{
    const double width = gnuplot_page_width(&rows->request->place);
    size_t n = rows->selection->n, n_lines = 0;
    double inner = 0;
    char common[LABEL_MAX];
    const struct head head = {.title = layout_title(rows->reader, rows->request->title),
                              .common = common,
                              .legend = rows->legend,
                              .n_legend = rows->n_legend,
                              .left = LAYOUT_MARGIN};

    for (size_t row = 0; row < n; row++)
        rows->n_models[row] = models_accepted(rows->reader, rows->selection->configs[row]);
    figure_common(rows->reader, rows->selection, rows->n_models, common);
    choose_layers(rows);
    choose_columns(rows, width);
    rows->titles_width = width - rows->margin_left - LAYOUT_MARGIN;
    for (size_t row = 0; row < n; row++) {
        char lines[LAYOUT_LINES_MAX][LABEL_MAX];
        size_t n_here = wrapped_title(rows, row, lines);
        n_lines = n_here > n_lines ? n_here : n_lines;
        for (size_t column = 0; column < rows->n_columns && row + 1 < n; column++)
            if (rows_has(rows, row, column) && rows_is_lowest(rows, row, column))
                inner = rows->tics_height; /* numbers below inner panels */
    }
    rows->head_height = ROW_HEAD + TITLE_LINE * (double)n_lines + (has_lines(rows) ? HEAD_HEIGHT : 0);
    rows->line_height = rows->panel_height + rows->tics_height + HEAD_HEIGHT;
    double top = layout_head_height(&head, width) + (has_lines(rows) ? 0 : HEAD_HEIGHT);
    for (size_t row = 0; row < n; row++) {
        rows->row_tops[row] = top;
        top += rows->head_height + (double)(lines_of(rows, row) - 1) * rows->line_height + rows->panel_height;
        top += row + 1 < n ? inner + ROW_GAP : 0;
    }
    double height = top + rows->margin_bottom;
    if (gnuplot_begin(&rows->gnuplot, &rows->request->place, head.title, height, error))
        return error->code;
    fprintf(rows->gnuplot.script, "set multiplot\n");
    layout_head(&rows->gnuplot, &head);
    write_titles(rows);
    return ERROR_NONE;
}

enum error_code rows_finish(struct rows *rows, struct error *error)
{
    fprintf(rows->gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&rows->gnuplot, error);
}

static double bottom_of(const struct rows *rows)
{
    size_t last = rows->selection->n - 1;
    return rows->row_tops[last] + rows->head_height + (double)(lines_of(rows, last) - 1) * rows->line_height +
           rows->panel_height;
}

void rows_y_name(const struct rows *rows, const char *text)
{
    layout_text(&rows->gnuplot, NAME_PLACE, (rows->row_tops[0] + bottom_of(rows)) / 2, ALIGN_CENTER, FONT_TEXT,
                COLOUR_TEXT, true, text);
}

void rows_x_name_place(const struct rows *rows, double *x, double *y)
{
    struct box first = rows_box(rows, 0, 0), right = rows_box(rows, 0, rows->n_across - 1);
    *x = (first.left + right.left + right.width) / 2;
    *y = bottom_of(rows) + rows->margin_bottom - 10;
}
