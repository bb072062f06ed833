#include "rows.h"

#include "layer_mask.h"

#include <math.h>

#define MARGIN_RIGHT 14.0
#define HEAD_HEIGHT  20.0 /* of the names of the columns */
#define ROW_HEAD     24.0
#define ROW_GAP      10.0
#define PANEL_GAP    12.0
#define TITLE_SIZE   10.0
#define TITLE_LINE   13.0

static void row_title(const struct rows *rows, size_t row, char title[LABEL_MAX])
{
    char label[LABEL_MAX];
    size_t config = rows->selection->configs[row], n = models_accepted(rows->reader, config);
    figure_label(rows->request, rows->reader, rows->selection, row, label);
    snprintf(title, LABEL_MAX, "%.*s  (%zu model%s)", LABEL_MAX - 40, label, n, n == 1 ? "" : "s");
}

bool rows_has(const struct rows *rows, size_t row, size_t column)
{
    return rows->columns[column] < (size_t)rows->reader->configs[rows->selection->configs[row]].hidden_layers;
}

struct box rows_box(const struct rows *rows, size_t row, size_t column)
{
    return (struct box){rows->margin_left + (double)column * (rows->panel_width + PANEL_GAP),
                        rows->top + (double)row * rows->row_height + rows->head_height, rows->panel_width,
                        rows->panel_height};
}

bool rows_is_lowest(const struct rows *rows, size_t row, size_t column)
{
    return row + 1 == rows->selection->n || !rows_has(rows, row + 1, column);
}

/* A row's title, broken at the page's right end; returns the number of lines. */
static size_t wrapped_title(const struct rows *rows, size_t row, char lines[LAYOUT_LINES_MAX][LABEL_MAX])
{
    char text[LABEL_MAX];
    row_title(rows, row, text);
    return layout_wrap(text, rows->titles_width, TITLE_SIZE, lines);
}

static void write_titles(const struct rows *rows)
{
    char text[LABEL_MAX];
    for (size_t column = 0; column < rows->n_columns; column++) {
        struct box box = rows_box(rows, 0, column);
        snprintf(text, sizeof text, "layer %zu", rows->columns[column] + 1);
        layout_text(&rows->gnuplot, box.left + box.width / 2, rows->top - HEAD_HEIGHT / 2, ALIGN_CENTER, 11,
                    COLOUR_TEXT, false, text);
    }
    for (size_t row = 0; row < rows->selection->n; row++) {
        struct box box = rows_box(rows, row, 0);
        char lines[LAYOUT_LINES_MAX][LABEL_MAX];
        size_t n_lines = wrapped_title(rows, row, lines);
        for (size_t l = 0; l < n_lines; l++)
            layout_text(&rows->gnuplot, box.left, box.top - ROW_HEAD / 2 + 2 - TITLE_LINE * (double)(n_lines - 1 - l),
                        ALIGN_LEFT, TITLE_SIZE, COLOUR_TEXT, false, lines[l]);
    }
}

enum error_code rows_begin(struct rows *rows, struct error *error)
{
    const char *title = layout_title(rows->reader, rows->request->title);
    size_t n = rows->selection->n;
    double width_min = rows->width_min, inner = 0;
    size_t n_lines = 1;

    rows->n_columns = 0;
    for (size_t layer = 0; layer < LAYERS_MAX; layer++)
        for (size_t row = 0; row < n; row++)
            if (layer_mask_has(rows->request->layers, layer) &&
                (int64_t)layer < rows->reader->configs[rows->selection->configs[row]].hidden_layers) {
                rows->columns[rows->n_columns++] = layer;
                break;
            }
    for (size_t row = 0; row < n; row++) {
        for (size_t column = 0; column < rows->n_columns && row + 1 < n; column++)
            if (rows_has(rows, row, column) && !rows_has(rows, row + 1, column))
                inner = rows->tics_height; /* numbers below inner panels */
    }
    double columns = (double)rows->n_columns;
    double wide = (rows->width_min - rows->margin_left - MARGIN_RIGHT + PANEL_GAP) / columns - PANEL_GAP;
    rows->panel_width = fmax(wide, rows->panel_width);
    double width = rows->margin_left + columns * (rows->panel_width + PANEL_GAP) - PANEL_GAP + MARGIN_RIGHT;
    width = fmax(width, fmax(width_min, layout_legend_width(rows->legend, rows->n_legend, rows->margin_left)));
    rows->titles_width = width - rows->margin_left - MARGIN_RIGHT;
    for (size_t row = 0; row < n; row++) {
        char lines[LAYOUT_LINES_MAX][LABEL_MAX];
        size_t n_here = wrapped_title(rows, row, lines);
        n_lines = n_here > n_lines ? n_here : n_lines;
    }
    rows->head_height = ROW_HEAD + TITLE_LINE * (double)(n_lines - 1);
    double legend_top = *title ? LAYOUT_TITLE_HEIGHT : 6;
    rows->top = legend_top + HEAD_HEIGHT + layout_legend_height(rows->legend, rows->n_legend, rows->margin_left, width);
    rows->row_height = rows->head_height + rows->panel_height + inner + ROW_GAP;
    double height =
        rows->top + (double)(n - 1) * rows->row_height + rows->head_height + rows->panel_height + rows->margin_bottom;
    if (gnuplot_begin(&rows->gnuplot, &rows->request->place, width, height, error))
        return error->code;
    fprintf(rows->gnuplot.script, "set multiplot\n");
    layout_page_title(&rows->gnuplot, rows->margin_left, title);
    layout_legend(&rows->gnuplot, rows->legend, rows->n_legend, rows->margin_left, legend_top);
    write_titles(rows);
    return ERROR_NONE;
}

enum error_code rows_finish(struct rows *rows, struct error *error)
{
    fprintf(rows->gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&rows->gnuplot, error);
}

void rows_y_name(const struct rows *rows, const char *text)
{
    struct box last = rows_box(rows, rows->selection->n - 1, 0);
    layout_text(&rows->gnuplot, 14, (rows->top + last.top + last.height) / 2, ALIGN_CENTER, 11, COLOUR_TEXT, true,
                text);
}

void rows_x_name_place(const struct rows *rows, double *x, double *y)
{
    struct box first = rows_box(rows, rows->selection->n - 1, 0);
    struct box last = rows_box(rows, 0, rows->n_columns - 1);
    *x = (first.left + last.left + last.width) / 2;
    *y = first.top + first.height + rows->margin_bottom - 12;
}
