#include "panels.h"

#include <math.h>

#define TITLE_LINE 13.0
#define NAME_PLACE 10.0 /* of the vertical axes' name, from the page's left */

static size_t title_lines(const struct panels *panels, size_t i, char lines[LAYOUT_LINES_MAX][LABEL_MAX])
{
    return figure_label_lines(panels->request, panels->reader, panels->selection, i, panels->n_models,
                              panels->panel_width, lines);
}

/* As many panels beside each other as fit: a square of them, if there are few. */
static void choose_columns(struct panels *panels, double width)
{
    size_t n = panels->selection->n, n_square = n <= 3 ? n : n == 4 ? 2 : n <= 9 ? 3 : 4;
    double room = width - panels->margin_left - LAYOUT_MARGIN;
    size_t n_fit = (size_t)fmax(1, floor((room + panels->gap) / (panels->panel_width + panels->gap)));
    panels->n_columns = n_square < n_fit ? n_square : n_fit;
    panels->panel_width = (room + panels->gap) / (double)panels->n_columns - panels->gap;
}

enum error_code panels_begin(struct panels *panels, struct error *error)
{
    size_t n = panels->selection->n, n_lines = 0;
    const double width = gnuplot_page_width(&panels->request->place);
    char common[LABEL_MAX];
    const struct head head = {layout_title(panels->reader, panels->request->title),
                              common,
                              panels->legend,
                              panels->n_legend,
                              panels->ramp,
                              LAYOUT_MARGIN};

    figure_common(panels->reader, panels->selection, panels->n_models, common);
    choose_columns(panels, width);
    for (size_t i = 0; i < n; i++) {
        char lines[LAYOUT_LINES_MAX][LABEL_MAX];
        size_t n_here = title_lines(panels, i, lines);
        n_lines = n_here > n_lines ? n_here : n_lines;
    }
    panels->head_height = TITLE_LINE * (double)n_lines + 8;
    double n_rows = ceil((double)n / (double)panels->n_columns);
    panels->top = layout_head_height(&head, width);
    double height = panels->top + n_rows * (panels->head_height + panels->panel_height + panels->tics_height) -
                    panels->tics_height + panels->margin_bottom;
    if (gnuplot_begin(&panels->gnuplot, &panels->request->place, head.title, height, error))
        return error->code;
    fprintf(panels->gnuplot.script, "set multiplot\n");
    layout_head(&panels->gnuplot, &head);
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
    char lines[LAYOUT_LINES_MAX][LABEL_MAX];
    size_t n_lines = title_lines(panels, i, lines);
    for (size_t l = 0; l < n_lines; l++) {
        layout_text(&panels->gnuplot, box.left, box.top - 8 - TITLE_LINE * (double)(n_lines - 1 - l), ALIGN_LEFT,
                    FONT_TEXT, COLOUR_TEXT, false, lines[l]);
        gnuplot_describe(&panels->gnuplot, "%s%s", l ? "" : " Panel: ", lines[l]);
    }
    gnuplot_describe(&panels->gnuplot, "%s", n_lines ? "." : "");
}

void panels_y_name(const struct panels *panels, const char *text)
{
    struct box last = panels_box(panels, panels->selection->n - 1);
    layout_text(&panels->gnuplot, NAME_PLACE, (panels->top + last.top + last.height) / 2, ALIGN_CENTER, FONT_TEXT,
                COLOUR_TEXT, true, text);
}
