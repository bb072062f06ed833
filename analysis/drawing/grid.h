/* Figures over two hyperparameters: a block of cells, one row for each value of the first and one column for each value
 * of the second. What else the configurations differ in gives further blocks. */
#ifndef PICKY_GRID_H
#define PICKY_GRID_H

#include "groups.h"
#include "layout.h"

#define GRID_NO_CONFIG SIZE_MAX
#define GRID_TITLE_MAX 1100 /* bytes of a block's title */

/* The different values of a hyperparameter: numbers upwards, words as in the file. */
struct grid_axis {
    const struct hyperparameter *key; /* NULL: there is one place, without a name */
    size_t *examples;                 /* [n]: a selected configuration with each value */
    size_t n;
};

/* Borrows reader and selection, and what is the caller's; owns the rest. */
struct grid {
    const struct reader *reader;
    const struct selection *selection;
    struct grid_axis rows, columns;
    struct groups groups;
    bool is_chosen;  /* by --rows or --columns */
    size_t n_others; /* hyperparameters in which the groups differ */

    /* The caller's, for grid_begin. */
    const struct figure_request *request;
    double cell_width, cell_min; /* wanted and least: cells are as narrow as the page needs them to be */
    double cell_height, gap;
    double numbers_left, numbers_below;   /* room for numbers beside a block's cells, and */
    double margin_bottom;                 /* below everything */
    const char (*titles)[GRID_TITLE_MAX]; /* [n_blocks]; "" for none */
    size_t n_blocks;                      /* at least 1 */
    const struct legend_item *legend;     /* [n_legend] */
    size_t n_legend;
    const struct ramp *ramp; /* NULL: none */

    struct gnuplot gnuplot;
    double top, labels_width, head_height, block_width, block_height; /* of the page; of each block, all included */
    double names_height;                                              /* of columns */
    bool is_upright;                                                  /* their names, which are too wide */
    size_t n_across;                                                  /* blocks beside each other */
};

/* Arranges the selected configurations by the hyperparameters of these names. One without (NULL) is chosen among the
 * hyperparameters in which they differ: that with the most values, columns first; rows_name "" is for one row.
 * ERROR_INPUT for a name that is none, ERROR_FATAL if memory is short. The rest of *grid is set to 0. On error *grid is
 * empty. */
enum error_code grid_make(struct grid *grid, const struct reader *reader, const struct selection *selection,
                          const char *rows_name, const char *columns_name, struct error *error);
/* Whether most cells would be empty: configurations of a zip, or of cases. */
bool grid_is_sparse(const struct grid *grid);

void grid_free(struct grid *grid); /* an all-zero grid is allowed */

/* The width that the cells of a block have on the page, at most. */
double grid_room(const struct grid *grid);

/* ERROR_INPUT, with what to do, if there are more than n_cells_max cells in n_blocks blocks or one is wider or higher
 * than a page. */
enum error_code grid_check_count(const struct grid *grid, size_t n_blocks, size_t n_cells_max, struct error *error);

/* The configuration in a cell, or GRID_NO_CONFIG. */
size_t grid_config(const struct grid *grid, size_t group, size_t row, size_t column);

/* What the configurations of a group have in common: "key = value, ..."; "" if there is one group. */
void grid_group_label(const struct grid *grid, size_t group, char label[LABEL_MAX]);

/* Turns a grid that neither --rows nor --columns has arranged, if its columns do not fit into the page and its rows
 * would. Before anything is read for it: the caller's part is there but for the titles. */
void grid_turn(struct grid *grid);

/* Starts the script and writes the page's title, the legend and the names around the blocks. Errors as
 * gnuplot_begin; ERROR_INPUT, with what to do, if the cells do not fit. */
enum error_code grid_begin(struct grid *grid, struct error *error);

/* Ends the script and draws. Errors as gnuplot_finish. */
enum error_code grid_finish(struct grid *grid, struct error *error);

/* All cells of a block; one of them. */
struct box grid_block(const struct grid *grid, size_t block);
struct box grid_cell(const struct grid *grid, size_t block, size_t row, size_t column);

/* Where a configuration of the grid stands in its selection: the first place, if it is there for several pairs. */
size_t grid_place(const struct grid *grid, size_t config);

#endif
