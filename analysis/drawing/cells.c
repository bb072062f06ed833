#include "cells.h"

#include <inttypes.h>
#include <math.h>

#define LARGE      FONT_TEXT
#define SMALL      FONT_SMALL
#define LINE_SMALL 10.0 /* from one line to the next */
#define LINE_LARGE 12.0
#define SEAM       0.7 /* between cells, at most */

/* Dark or white, whichever has more contrast. */
static uint32_t text_colour(uint32_t fill)
{
    return palette_contrast(fill, 0x111111) > palette_contrast(fill, 0xffffff) ? 0x111111 : 0xffffff;
}

/* x y colour "text" for the line `wanted` of each cell */
static void write_lines(FILE *script, const struct box *panel, const struct cell *cells, size_t n, int wanted)
{
    for (size_t i = 0; i < n; i++) {
        const struct cell *cell = &cells[i];
        double height = 0, y = 0;
        for (int l = 0; l < CELL_LINES; l++)
            if (*cell->lines[l]) {
                double own = l == 0 ? LINE_LARGE : LINE_SMALL;
                y = l == wanted ? height + own / 2 : y;
                height += own;
            }
        if (!*cell->lines[wanted])
            continue;
        fprintf(script, "%.2f %.2f %" PRIu32 " ", cell->box.left + cell->box.width / 2,
                panel->height - cell->box.top - cell->box.height / 2 + height / 2 - y, text_colour(cell->fill));
        gnuplot_write_datum(script, cell->lines[wanted]);
        fprintf(script, "\n");
    }
}

#define HATCHES      3   /* lines across a corner */
#define HATCH_CORNER 9.0 /* its sides, at most */

/* x y dx dy colour: the hatches of each corner, bottom left, where the shortest text is near. Returns whether there are
 * any. */
static bool write_hatches(FILE *script, const struct box *panel, const char *name, const struct cell *cells, size_t n)
{
    bool has_any = false;
    for (size_t i = 0; i < n; i++)
        has_any = has_any || cells[i].is_hatched;
    if (!has_any)
        return false;
    fprintf(script, "$%s_hatches << EOD\n", name);
    for (size_t i = 0; i < n; i++) {
        const struct box *box = &cells[i].box;
        double seam = fmin(SEAM, box->width / 12), left = box->left + seam,
               bottom = panel->height - box->top - box->height + seam;
        double side = fmin(HATCH_CORNER, 0.4 * fmin(box->width, box->height));
        for (int h = 1; h <= HATCHES && cells[i].is_hatched; h++) {
            double length = side * h / HATCHES;
            fprintf(script, "%.2f %.2f %.2f %.2f %" PRIu32 "\n", left, bottom + length, length, -length,
                    text_colour(cells[i].fill));
        }
    }
    fprintf(script, "EOD\n");
    return true;
}

void cells_panel(const struct gnuplot *figure, const struct box *box, const char *name, const struct cell *cells,
                 size_t n)
{
    FILE *script = figure->script;
    fprintf(script, "\n$%s << EOD\n", name);
    for (size_t i = 0; i < n; i++) {
        const struct box *cell = &cells[i].box;
        double bottom = box->height - cell->top - cell->height, seam = fmin(SEAM, cell->width / 12);
        fprintf(script, "%.2f %.2f %.2f %.2f %.2f %.2f %" PRIu32 "\n", cell->left + cell->width / 2,
                bottom + cell->height / 2, cell->left + seam, cell->left + cell->width - seam, bottom + seam,
                bottom + cell->height - seam, cells[i].fill);
    }
    fprintf(script, "EOD\n");
    bool has_line[CELL_LINES] = {false};
    for (int l = 0; l < CELL_LINES; l++) {
        for (size_t i = 0; i < n; i++)
            has_line[l] |= *cells[i].lines[l] != '\0';
        if (!has_line[l])
            continue;
        fprintf(script, "$%s_text%d << EOD\n", name, l + 1);
        write_lines(script, box, cells, n, l);
        fprintf(script, "EOD\n");
    }
    bool has_hatches = write_hatches(script, box, name, cells, n);
    layout_panel(figure, box);
    fprintf(script,
            "unset key\nunset border\nunset tics\nset xrange [0:%.6g]\nset yrange [0:%.6g]\nset style fill solid 1 "
            "noborder\nplot ",
            box->width, box->height);
    if (n > 0)
        fprintf(script, "$%s using 1:2:3:4:5:6:7 with boxxyerror lc rgb variable", name);
    else
        fprintf(script, "NaN");
    if (has_hatches)
        fprintf(script, ", \\\n     $%s_hatches using 1:2:3:4:5 with vectors nohead lw 0.7 lc rgb variable", name);
    for (int l = 0; l < CELL_LINES; l++)
        if (has_line[l])
            fprintf(script, ", \\\n     $%s_text%d using 1:2:4:3 with labels font ',%g' tc rgb variable", name, l + 1,
                    l == 0 ? LARGE : SMALL);
    fprintf(script, "\nunset label\nunset arrow\n");
}
