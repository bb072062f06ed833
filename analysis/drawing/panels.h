/* A page of panels, one for each selected configuration, in rows, with a legend above them. */
#ifndef PICKY_PANELS_H
#define PICKY_PANELS_H

#include "layout.h"

/* The first part is the caller's, the second panels_begin's. Borrows all pointers. */
struct panels {
    struct reader *reader;
    const struct selection *selection;
    const struct figure_request *request;
    const size_t *n_models;            /* [selection->n]: models shown in each panel */
    double panel_width, panel_height;  /* of the axes: the least width, of which as many fit beside each other; they
                                          are made wider to fill the page */
    double margin_left, margin_bottom; /* of the page: room for the names of the axes */
    double gap, tics_height;           /* between columns; below the axes of every row */
    const struct legend_item *legend;  /* [n_legend] */
    size_t n_legend;
    const struct ramp *ramp; /* NULL: none */

    struct gnuplot gnuplot;
    double top, head_height; /* of the first row; of a panel's title */
    size_t n_columns;
};

/* Starts the script and writes the page's title and legend. Errors as gnuplot_begin. */
enum error_code panels_begin(struct panels *panels, struct error *error);

/* Ends the script and draws. Errors as gnuplot_finish. */
enum error_code panels_finish(struct panels *panels, struct error *error);

/* The axes of panel i; whether they are the first of their row, the lowest of their column. */
struct box panels_box(const struct panels *panels, size_t i);
bool panels_is_leftmost(const struct panels *panels, size_t i);
bool panels_is_lowest(const struct panels *panels, size_t i);

/* Writes the panel's title: what it has that not all have, of its configuration and the number of its models. */
void panels_title(const struct panels *panels, size_t i);

/* Writes the name of the axis that all rows share, upright, at the page's left. */
void panels_y_name(const struct panels *panels, const char *text);

#endif
