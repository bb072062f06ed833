/* Where things go on a figure's page. Places are pixels (1/96 inch) from the page's top left corner; gnuplot
 * gets them as shares of the page, so that all formats look the same. */
#ifndef PICKY_LAYOUT_H
#define PICKY_LAYOUT_H

#include "gnuplot.h"
#include "selection.h"

#include <stddef.h>
#include <stdint.h>

#define LAYOUT_CONFIGS_MAX 24 /* most configurations in one figure */
#define LAYOUT_LINES_MAX   4  /* most lines of one title */

#define COLOUR_TASK_1 0x66c2a5u
#define COLOUR_TASK_2 0xfc8d62u
#define COLOUR_TEXT   0x333333u
#define COLOUR_GREY   0x777777u

struct box {
    double left, top, width, height;
};

/* Puts the next plot's axes on `box`. */
void layout_panel(const struct gnuplot *figure, const struct box *box);

enum layout_align { ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT };

/* Writes a text with the middle of its height at (x, y); `size` in pixels; upright if `rotated`. It belongs to
 * the next plot (gnuplot's `unset label` removes it). */
void layout_text(const struct gnuplot *figure, double x, double y, enum layout_align align, double size,
                 uint32_t colour, bool rotated, const char *text);

/* Breaks a label at its ", " into lines of at most about `width` pixels of text of `size`. What is more than
 * LAYOUT_LINES_MAX lines is cut off, with "..." in its place. Returns the number of lines. */
size_t layout_wrap(const char *label, double width, double size, char lines[LAYOUT_LINES_MAX][LABEL_MAX]);

/* About how wide a text of `size` is, in pixels; rather more than less. */
double layout_text_width(const char *text, double size);

/* Writes the sweep's name above everything else, cut off with "..." if it is wider than the page. */
void layout_page_title(const struct gnuplot *figure, double left, const char *name);

/* The smallest of 1, 2, 5 times a power of ten that divides `range` > 0 into at most n_max parts. */
double layout_step(double range, int n_max);

/* ERROR_INPUT, with what to do, if there are more configurations than one figure shows. */
enum error_code layout_check_count(const struct reader *reader, const struct selection *selection, struct error *error);

/* The colour at `share` of the way from a to b, 0 <= share <= 1. */
uint32_t layout_blend(uint32_t a, uint32_t b, double share);

#endif
