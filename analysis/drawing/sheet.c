#include "sheet.h"

#include <math.h>

#define TITLE_LINE  13.0
#define NOTE_LINE   11.0
#define NOTE_KEY    20.0 /* from a note's mark to its text */
#define ROW_GAP     10.0
#define LINE_GAP    6.0
#define BELOW_TITLE 6.0
#define NAME_PLACE  10.0 /* of the vertical axes' name, from the page's left */
#define NUMBERS     16.0 /* of the lowest panels, and below them */
#define NAME        18.0

static size_t wrapped(const char *title, double width, char lines[LAYOUT_LINES_MAX][LABEL_MAX])
{
    return *title ? layout_wrap(title, width, FONT_TEXT, lines) : 0;
}

static size_t most_lines(const char (*titles)[LABEL_MAX], size_t n, double width)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        char lines[LAYOUT_LINES_MAX][LABEL_MAX];
        size_t n_lines = wrapped(titles[i], width, lines);
        most = n_lines > most ? n_lines : most;
    }
    return most;
}

static double width_of(const struct sheet *sheet)
{
    return gnuplot_page_width(&sheet->request->place) - sheet->margin_left - LAYOUT_MARGIN;
}

/* As many panels beside each other as fit; those of all lines are equally many, as far as may be. */
static void choose_columns(struct sheet *sheet)
{
    double room = width_of(sheet) + sheet->gap;
    size_t n_fit = (size_t)fmax(1, floor(room / (sheet->panel_width + sheet->gap)));
    sheet->n_lines = (sheet->n_columns + n_fit - 1) / n_fit;
    sheet->n_across = (sheet->n_columns + sheet->n_lines - 1) / sheet->n_lines;
    double wide = room / (double)sheet->n_across - sheet->gap;
    sheet->panel_width = sheet->panel_width_max > 0 ? fmin(wide, sheet->panel_width_max) : wide;
    if (sheet->panel_height <= 0)
        sheet->panel_height = sheet->panel_width;
}

/* The rows' titles are those of panels then. */
static void turn(struct sheet *sheet)
{
    const char(*titles)[LABEL_MAX] = sheet->row_titles;
    sheet->is_turned = true;
    sheet->n_columns = sheet->n_rows;
    sheet->n_rows = 1;
    sheet->row_titles = sheet->column_titles;
    sheet->column_titles = titles;
}

/* The place of a panel on a page that may be turned. */
static struct box box_of(const struct sheet *sheet, size_t row, size_t column)
{
    size_t across = column % sheet->n_across, line = column / sheet->n_across;
    return (struct box){sheet->margin_left + (double)across * (sheet->panel_width + sheet->gap),
                        sheet->top + (double)row * sheet->row_height + (double)line * sheet->line_height,
                        sheet->panel_width, sheet->panel_height};
}

/* Writes a title whose last line is above `bottom`. */
static void write_title(const struct sheet *sheet, const char *title, double left, double width, double bottom,
                        const char *what)
{
    char lines[LAYOUT_LINES_MAX][LABEL_MAX];
    size_t n = wrapped(title, width, lines);
    for (size_t i = 0; i < n; i++)
        layout_text(&sheet->gnuplot, left, bottom - TITLE_LINE * ((double)(n - i) - 0.5), ALIGN_LEFT, FONT_TEXT,
                    COLOUR_TEXT, false, lines[i]);
    if (n > 0)
        gnuplot_describe(&sheet->gnuplot, " %s: %s.", what, title);
}

static void write_titles(const struct sheet *sheet)
{
    double below = NOTE_LINE * (double)sheet->n_notes + BELOW_TITLE;
    struct box last = box_of(sheet, sheet->n_rows - 1, sheet->n_columns - 1);
    struct box right = box_of(sheet, 0, sheet->n_across - 1);
    for (size_t row = 0; row < sheet->n_rows; row++) {
        bool has_titles = row == 0 || sheet->n_lines > 1; /* of columns */
        double above = has_titles ? sheet->head_height : below;
        write_title(sheet, sheet->row_titles[row], sheet->margin_left, width_of(sheet),
                    box_of(sheet, row, 0).top - above, "Row");
        for (size_t column = 0; column < sheet->n_columns && has_titles; column++) {
            struct box box = box_of(sheet, row, column);
            write_title(sheet, sheet->column_titles[column], box.left, box.width, box.top - below, "Panel");
        }
    }
    layout_text(&sheet->gnuplot, NAME_PLACE, (sheet->top + last.top + last.height) / 2, ALIGN_CENTER, FONT_TEXT,
                COLOUR_TEXT, true, sheet->y_name);
    layout_text(&sheet->gnuplot, (sheet->margin_left + right.left + right.width) / 2,
                last.top + last.height + NUMBERS + NAME / 2, ALIGN_CENTER, FONT_TEXT, COLOUR_TEXT, false,
                sheet->x_name);
    gnuplot_describe(&sheet->gnuplot, " Horizontal: %s%s%s.", sheet->x_name, *sheet->y_name ? "; vertical: " : "",
                     sheet->y_name);
    layout_flush(&sheet->gnuplot);
}

enum error_code sheet_begin(struct sheet *sheet, struct error *error)
{
    const double width = gnuplot_page_width(&sheet->request->place);
    sheet->head.left = LAYOUT_MARGIN;
    if (sheet->may_turn && sheet->n_columns == 1 && sheet->n_rows > 1)
        turn(sheet);
    choose_columns(sheet);
    double titles = TITLE_LINE * (double)most_lines(sheet->column_titles, sheet->n_columns, sheet->panel_width);
    double row_titles = TITLE_LINE * (double)most_lines(sheet->row_titles, sheet->n_rows, width_of(sheet));
    double notes = NOTE_LINE * (double)sheet->n_notes + BELOW_TITLE;
    sheet->head_height = notes + titles;
    sheet->line_height = sheet->head_height + sheet->panel_height + sheet->tics_height + LINE_GAP;
    sheet->top = layout_head_height(&sheet->head, width) + row_titles + sheet->head_height;
    sheet->row_height = row_titles + (double)sheet->n_lines * sheet->line_height + ROW_GAP;
    if (sheet->n_lines == 1) /* the first row's titles are all rows' */
        sheet->row_height -= titles;
    double rows = (double)(sheet->n_rows - 1) * sheet->row_height + (double)(sheet->n_lines - 1) * sheet->line_height;
    double height = sheet->top + rows + sheet->panel_height + NUMBERS + (*sheet->x_name ? NAME : 0) + 4;
    if (gnuplot_begin(&sheet->gnuplot, &sheet->request->place, sheet->head.title, height, error))
        return error->code;
    fprintf(sheet->gnuplot.script, "set multiplot\n");
    layout_head(&sheet->gnuplot, &sheet->head);
    write_titles(sheet);
    layout_axes(&sheet->gnuplot);
    fprintf(sheet->gnuplot.script, "set xtics nomirror\nset ytics nomirror\n");
    return ERROR_NONE;
}

enum error_code sheet_finish(struct sheet *sheet, struct error *error)
{
    fprintf(sheet->gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&sheet->gnuplot, error);
}

struct box sheet_box(const struct sheet *sheet, size_t row, size_t column)
{
    return sheet->is_turned ? box_of(sheet, 0, row) : box_of(sheet, row, column);
}

bool sheet_is_leftmost(const struct sheet *sheet, size_t row, size_t column)
{
    return (sheet->is_turned ? row : column) % sheet->n_across == 0;
}

bool sheet_has_numbers(const struct sheet *sheet, size_t row, size_t column)
{
    bool is_last = row + 1 == sheet->n_rows && column + sheet->n_across >= sheet->n_columns;
    return (is_last && !sheet->is_turned) || sheet->tics_height > 0;
}

void sheet_note(const struct sheet *sheet, size_t row, size_t column, size_t i, const char *line, const char *mark,
                const char *text)
{
    const struct gnuplot *figure = &sheet->gnuplot;
    struct box box = sheet_box(sheet, row, column);
    double y = box.top - 4 - NOTE_LINE * ((double)(sheet->n_notes - i) - 0.5), shown_y = 1 - y / figure->height;
    if (line)
        fprintf(figure->script, "set arrow from screen %.6f,%.6f to screen %.6f,%.6f nohead %s\n",
                box.left / figure->width, shown_y, (box.left + NOTE_KEY - 4) / figure->width, shown_y, line);
    if (mark)
        fprintf(figure->script, "set label '' at screen %.6f,%.6f point %s front\n",
                (box.left + NOTE_KEY / 2 - 2) / figure->width, shown_y, mark);
    layout_text(figure, box.left + (line || mark ? NOTE_KEY : 0), y, ALIGN_LEFT, FONT_SMALL, COLOUR_TEXT, false, text);
}
