/* A page with a row for each selected configuration and in it a panel for each hidden layer; layers that do not fit
 * beside each other go on below. */
#ifndef PICKY_ROWS_H
#define PICKY_ROWS_H

#include "layout.h"

/* The first part is the caller's, the second rows_begin's. Borrows all pointers. request->layers says which layers have
 * columns. */
struct rows {
    struct reader *reader;
    const struct selection *selection;
    const struct figure_request *request;
    double panel_width, panel_height;  /* of the axes: the least width, of which as many fit beside each other; they
                                          are made wider to fill the page */
    double panel_width_max;            /* of few panels; 0: none */
    bool is_square;                    /* panels are made as high as wide */
    double margin_left, margin_bottom; /* of the page: room for the names of the axes */
    double tics_height;                /* of the numbers below axes */
    const struct legend_item *legend;  /* [n_legend] */
    size_t n_legend;

    struct gnuplot gnuplot;
    double row_tops[LAYOUT_CONFIGS_MAX];   /* of their titles */
    double line_height;                    /* from one line of a row's panels to the next */
    double head_height, titles_width;      /* of the titles of rows */
    size_t n_models[LAYOUT_CONFIGS_MAX];   /* of each row */
    size_t n_across;                       /* columns beside each other */
    size_t columns[LAYERS_MAX], n_columns; /* layers, 0-based */
};

/* Starts the script and writes the titles of the page, the columns and the rows and the legend. Errors as
 * gnuplot_begin. */
enum error_code rows_begin(struct rows *rows, struct error *error);

/* Ends the script and draws. Errors as gnuplot_finish. */
enum error_code rows_finish(struct rows *rows, struct error *error);

/* Whether a row has a panel in a column; its axes; whether it is the first of its line, and needs numbers below it. */
bool rows_has(const struct rows *rows, size_t row, size_t column);
struct box rows_box(const struct rows *rows, size_t row, size_t column);
bool rows_is_leftmost(const struct rows *rows, size_t column);
bool rows_is_lowest(const struct rows *rows, size_t row, size_t column);

/* Writes the name of the vertical axes, upright, at the page's left; and returns where that of the horizontal axes is
 * to be centred, below the lowest row. */
void rows_y_name(const struct rows *rows, const char *text);
void rows_x_name_place(const struct rows *rows, double *x, double *y);

#endif
