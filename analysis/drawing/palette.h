/* How tasks, and whatever else a figure tells apart, are drawn: a colour each, and for those who see no colours a dash
 * and a mark each. */
#ifndef PICKY_PALETTE_H
#define PICKY_PALETTE_H

#include "errors.h"
#include "shape.h"

#include <stdint.h>

#define STYLE_MAX 64 /* bytes of a style of gnuplot's, the final NUL included */

/* 0xRRGGBB of each task, or of each line of a figure that has up to TASKS_MAX of them. */
struct palette {
    uint32_t colours[TASKS_MAX];
    uint32_t low, high; /* ends of a map's colours, light and dark */
};

/* Told apart by colour-blind readers and, the first two, in greyscale; contrast on white of 3:1 or more. */
extern const struct palette palette_safe;

/* Reads --palette: safe, grey, or #RRGGBB,... from the first task on (the others stay those of `safe`). ERROR_INPUT if
 * it is none of these. */
enum error_code palette_parse(struct palette *palette, const char *text, struct error *error);

/* Write the style of the i-th line (its dash too) or mark (its shape too), i >= 0; more than TASKS_MAX begin anew. */
void palette_line(const struct palette *palette, size_t i, double width, char style[STYLE_MAX]);
void palette_mark(const struct palette *palette, size_t i, double size, char style[STYLE_MAX]);

/* The colour at `share` of the way from a to b, 0 <= share <= 1. */
uint32_t palette_blend(uint32_t a, uint32_t b, double share);

/* The colour of a share from 0 to 1 in a map: from light to dark. */
uint32_t palette_share(const struct palette *palette, double share);

/* The colour of a relative importance in [-1, 1]: from the second task's to the first's. */
uint32_t palette_ri(const struct palette *palette, double ri);

/* Relative luminance of a colour, from 0 to 1 (WCAG 2.2). */
double palette_luminance(uint32_t colour);

/* Contrast between two colours, from 1 to 21 (WCAG 2.2, "contrast ratio"). */
double palette_contrast(uint32_t a, uint32_t b);

#endif
