/* A page with a row for each selected configuration and in it a panel for each hidden layer. */
#ifndef PICKY_ROWS_H
#define PICKY_ROWS_H

#include "layout.h"

/* The first part is the caller's, the second rows_begin's. Borrows all pointers. request->layers says which layers have
 * columns. */
struct rows {
    struct reader *reader;
    const struct selection *selection;
    const struct figure_request *request;
    double panel_width, panel_height;  /* of the axes, in pixels; panels are wider if the page would be too narrow */
    double margin_left, margin_bottom; /* of the page: room for the names of the axes */
    double tics_height;                /* of the numbers below axes */
    double width_min;                  /* of the page: the texts above and below the panels have to fit */
    const struct legend_item *legend;  /* [n_legend] */
    size_t n_legend;

    struct gnuplot gnuplot;
    double top, row_height;                /* of the first row; from one row to the next */
    double head_height, titles_width;      /* of the titles of rows */
    size_t columns[LAYERS_MAX], n_columns; /* layers, 0-based */
};

/* Starts the script and writes the titles of the page, the columns and the rows and the legend. Errors as
 * gnuplot_begin. */
enum error_code rows_begin(struct rows *rows, struct error *error);

/* Ends the script and draws. Errors as gnuplot_finish. */
enum error_code rows_finish(struct rows *rows, struct error *error);

/* Whether a row has a panel in a column; its axes; whether there is none below it. */
bool rows_has(const struct rows *rows, size_t row, size_t column);
struct box rows_box(const struct rows *rows, size_t row, size_t column);
bool rows_is_lowest(const struct rows *rows, size_t row, size_t column);

/* Writes the name of the vertical axes, upright, at the page's left; and returns where that of the horizontal axes is
 * to be centred, below the lowest row. */
void rows_y_name(const struct rows *rows, const char *text);
void rows_x_name_place(const struct rows *rows, double *x, double *y);

#endif
