/* Writing HTML and the SVG inside it. Literal markup goes through fprintf; every text that comes from a file or a
 * user goes through html_text. */
#ifndef PICKY_HTML_H
#define PICKY_HTML_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Writes text that stands for itself, in an element or a quoted attribute: markup is escaped; control characters
 * other than tab and line end, noncharacters and bytes that are not UTF-8 become U+FFFD. */
void html_text(FILE *out, const char *text);

/* printf, then html_text (cut off at 8,191 bytes). */
void html_printf(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Begins a figure of width x height units, drawn at that many pixels and shrunk where there is less room. Its title
 * and description are what a screen reader says. Ended by svg_end. */
void svg_begin(FILE *out, double width, double height, const char *title, const char *description);
void svg_end(FILE *out);

enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

/* Text with its baseline at (x, y); `class` (NULL: none) is one of the page's style sheet. */
void svg_text(FILE *out, double x, double y, enum svg_anchor anchor, const char *class, const char *text);

/* A rectangle filled with `colour`. */
void svg_bar(FILE *out, double x, double y, double width, double height, uint32_t colour);

/* Cells beside and below each other, from (left, top) on, each in the colour at its share of the way from `low` to
 * `high`: shares [n_rows, n_columns] from 0 to 1, NaN for no cell. Colours come in 32 steps. Borrowed. */
struct svg_cells {
    double left, top, width, height; /* width and height of a cell */
    size_t n_rows, n_columns;
    const double *shares;
    uint32_t low, high;
};
void svg_cells(FILE *out, const struct svg_cells *cells);

/* A straight line of a class of the style sheet. */
void svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *class);

#endif
