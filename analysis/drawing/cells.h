/* Coloured cells with text in them: tables that are looked at. */
#ifndef PICKY_CELLS_H
#define PICKY_CELLS_H

#include "layout.h"

#define CELL_LINES    4
#define CELL_TEXT_MAX 48
#define CELLS_BELOW_0 "hatched corner: below 0"

/* One cell. Its place is in pixels from the top left corner of the panel. */
struct cell {
    struct box box;
    uint32_t fill;
    bool is_hatched;                       /* its corner: for what two colours say, which are one in greyscale */
    char lines[CELL_LINES][CELL_TEXT_MAX]; /* the first is large; "" leaves one out, without a gap */
};

/* Draws cells [n] into a panel on `box`; `name` [A-Za-z0-9_] is their data's in the script. With n = 0 only the labels
 * that belong to the plot. */
void cells_panel(const struct gnuplot *figure, const struct box *box, const char *name, const struct cell *cells,
                 size_t n);

#endif
