/* A page of rows and columns of panels that are neither configurations by layers (rows.h) nor one panel each
 * (panels.h). Columns that do not fit beside each other go on below. */
#ifndef PICKY_SHEET_H
#define PICKY_SHEET_H

#include "layout.h"

/* The first part is the caller's, the second sheet_begin's. Borrows all pointers. */
struct sheet {
    const struct figure_request *request;
    struct head head; /* its `left` is set */
    size_t n_rows, n_columns;
    const char (*row_titles)[LABEL_MAX];    /* [n_rows]; "": none */
    const char (*column_titles)[LABEL_MAX]; /* [n_columns]; "": none */
    size_t n_notes;                         /* lines of small text between a panel's title and its axes: sheet_note */
    double panel_width, panel_width_max;    /* of the axes: the least width, and the largest; 0: no limit */
    double panel_height;                    /* 0: as high as wide */
    double margin_left, gap;                /* of the page; between columns: room for numbers where each has its own */
    double tics_height;                     /* of the numbers below panels; 0: only the lowest have some */
    const char *x_name, *y_name;            /* of all panels' axes */
    bool may_turn;                          /* a single column becomes a row */

    struct gnuplot gnuplot;
    bool is_turned; /* n_rows, n_columns and titles are those of the page then, arguments remain as they were */
    size_t n_across, n_lines; /* columns beside each other; lines that a row has */
    double top, head_height, line_height, row_height;
};

/* Starts the script, writes all titles and sets axes as all figures have them (layout_axes). Errors as gnuplot_begin.
 */
enum error_code sheet_begin(struct sheet *sheet, struct error *error);

/* Ends the script and draws. Errors as gnuplot_finish. */
enum error_code sheet_finish(struct sheet *sheet, struct error *error);

/* The axes of a panel; whether it is the first of its line; whether it has numbers below it. */
struct box sheet_box(const struct sheet *sheet, size_t row, size_t column);
bool sheet_is_leftmost(const struct sheet *sheet, size_t row, size_t column);
bool sheet_has_numbers(const struct sheet *sheet, size_t row, size_t column);

/* Writes the i-th of a panel's notes, with a mark or line of gnuplot's before it (NULL: none). */
void sheet_note(const struct sheet *sheet, size_t row, size_t column, size_t i, const char *line, const char *mark,
                const char *text);

#endif
