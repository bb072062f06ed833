#include "panels.h"

#include <math.h>

#define MARGIN_RIGHT 16.0
#define LINE_HEIGHT  14.0

static void title_of(const struct panels *panels, size_t i, char title[LABEL_MAX])
{
    char label[LABEL_MAX];
    size_t config = panels->selection->configs[i], n = panels->n_models[i];
    size_t n_accepted = models_accepted(panels->reader, config);
    figure_label(panels->request, panels->reader, panels->selection, i, label);
    if (n < n_accepted)
        snprintf(title, LABEL_MAX, "%.*s (%zu of %zu models)", LABEL_MAX - 80, label, n, n_accepted);
    else
        snprintf(title, LABEL_MAX, "%.*s (%zu model%s)", LABEL_MAX - 80, label, n, n == 1 ? "" : "s");
}

enum error_code panels_begin(struct panels *panels, struct error *error)
{
    size_t n = panels->selection->n, n_lines = 1;
    const char *title = layout_title(panels->reader, panels->request->title);

    for (size_t i = 0; i < n; i++) {
        char text[LABEL_MAX], lines[LAYOUT_LINES_MAX][LABEL_MAX];
        title_of(panels, i, text);
        size_t n_here = layout_wrap(text, panels->panel_width, PANEL_TITLE_SIZE, lines);
        n_lines = n_here > n_lines ? n_here : n_lines;
    }
    panels->n_columns = n <= 3 ? n : n == 4 ? 2 : n <= 9 ? 3 : 4;
    panels->head_height = LINE_HEIGHT * (double)n_lines + 10;
    double n_rows = ceil((double)n / (double)panels->n_columns), columns = (double)panels->n_columns;
    double width = panels->margin_left + columns * (panels->panel_width + panels->gap) - panels->gap + MARGIN_RIGHT;
    width = fmax(width, layout_legend_width(panels->legend, panels->n_legend, panels->margin_left));
    double legend_top = *title ? LAYOUT_TITLE_HEIGHT : 6;
    panels->top = legend_top + layout_legend_height(panels->legend, panels->n_legend, panels->margin_left, width);
    double height = panels->top + n_rows * (panels->head_height + panels->panel_height + panels->tics_height) -
                    panels->tics_height + panels->margin_bottom;
    if (gnuplot_begin(&panels->gnuplot, &panels->request->place, width, height, error))
        return error->code;
    fprintf(panels->gnuplot.script, "set multiplot\n");
    layout_page_title(&panels->gnuplot, panels->margin_left, title);
    layout_legend(&panels->gnuplot, panels->legend, panels->n_legend, panels->margin_left, legend_top);
    return ERROR_NONE;
}

enum error_code panels_finish(struct panels *panels, struct error *error)
{
    fprintf(panels->gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&panels->gnuplot, error);
}

struct box panels_box(const struct panels *panels, size_t i)
{
    size_t row = i / panels->n_columns, column = i % panels->n_columns;
    double row_height = panels->head_height + panels->panel_height + panels->tics_height;
    return (struct box){panels->margin_left + (double)column * (panels->panel_width + panels->gap),
                        panels->top + (double)row * row_height + panels->head_height, panels->panel_width,
                        panels->panel_height};
}

bool panels_is_leftmost(const struct panels *panels, size_t i)
{
    return i % panels->n_columns == 0;
}

bool panels_is_lowest(const struct panels *panels, size_t i)
{
    return i + panels->n_columns >= panels->selection->n;
}

void panels_title(const struct panels *panels, size_t i)
{
    struct box box = panels_box(panels, i);
    char title[LABEL_MAX], lines[LAYOUT_LINES_MAX][LABEL_MAX];
    title_of(panels, i, title);
    size_t n_lines = layout_wrap(title, box.width, PANEL_TITLE_SIZE, lines);
    for (size_t l = 0; l < n_lines; l++)
        layout_text(&panels->gnuplot, box.left, box.top - 10 - LINE_HEIGHT * (double)(n_lines - 1 - l), ALIGN_LEFT,
                    PANEL_TITLE_SIZE, COLOUR_TEXT, false, lines[l]);
}

void panels_y_name(const struct panels *panels, const char *text)
{
    struct box last = panels_box(panels, panels->selection->n - 1);
    layout_text(&panels->gnuplot, 14, (panels->top + last.top + last.height) / 2, ALIGN_CENTER, 11, COLOUR_TEXT, true,
                text);
}
