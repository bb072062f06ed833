/* Where things go on a figure's page. Places are pixels (1/96 inch) from the page's top left corner; gnuplot
 * gets them as shares of the page, so that all formats look the same. */
#ifndef PICKY_LAYOUT_H
#define PICKY_LAYOUT_H

#include "gnuplot.h"
#include "models.h"
#include "selection.h"
#include "task_pairs.h"

#include <stddef.h>
#include <stdint.h>

#define LAYOUT_CONFIGS_MAX 24 /* most configurations in one figure */
#define LAYOUT_LINES_MAX   4  /* most lines of one title */

#define LAYOUT_TITLE_HEIGHT 26.0 /* of the page's title */

#define COLOUR_TASK_1 0x66c2a5u
#define COLOUR_TASK_2 0xfc8d62u
extern const uint32_t layout_task_colours[TASKS_MAX]; /* of figures of all tasks; the first two are those above */
#define COLOUR_TEXT 0x333333u
#define COLOUR_GREY 0x777777u

/* What is asked of any figure. Borrowed. */
struct figure_request {
    struct figure_place place;
    const char *title;    /* NULL: the sweep's name; "": none */
    struct ri_options ri; /* of figures of relative importance, as are */
    uint64_t layers;      /* the hidden layers (layer_mask.h) */
    /* Of figures of pairs of tasks: the selection that is drawn is pairs->selection. Else NULL. */
    const struct task_pairs *pairs;
};

/* How RI is computed for the i-th of the selected configurations: request->ri with its pair. */
struct ri_options figure_ri(const struct figure_request *request, size_t i);

/* Writes what the i-th panel or row is called: its configuration, and its pair where all are drawn. */
void figure_label(const struct figure_request *request, const struct reader *reader, const struct selection *selection,
                  size_t i, char label[LABEL_MAX]);

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

/* The title of a page: `title`, or, if it is NULL, the sweep's name; "" for none. Borrowed. */
const char *layout_title(const struct reader *reader, const char *title);

/* Writes the page's title above everything else, cut off with "..." if it is wider than the page. "" writes none. */
void layout_page_title(const struct gnuplot *figure, double left, const char *name);

/* An entry of a legend: a short line or a point, and its meaning; or a remark. Strings are borrowed. */
struct legend_item {
    bool is_point;
    const char *style; /* gnuplot's: "lw 2 lc ...", or "pt 7 ps 1 lc ..." for a point; NULL for a remark */
    const char *text;
};

/* Writes a legend from `left` to the page's right margin, in as many lines as it takes, below `top`. */
void layout_legend(const struct gnuplot *figure, const struct legend_item *items, size_t n, double left, double top);

/* How wide a page has to be for each of its entries. */
double layout_legend_width(const struct legend_item *items, size_t n, double left);

/* How high it is on a page of `width`. */
double layout_legend_height(const struct legend_item *items, size_t n, double left, double width);

/* Borders, tics and their texts as all figures have them. */
void layout_axes(const struct gnuplot *figure);

/* Makes an axis ('x' or 'y') logarithmic, from low > 0 to end >= high, with about n_max numbers beside it, up to
 * high > low. */
void layout_logarithmic(const struct gnuplot *figure, char axis, double low, double high, double end, int n_max);

/* Sets the range and tics of the vertical axis for values in [low, high], low > 0 if `is_logarithmic`; `room` is the
 * share of the axis above them that stays free. */
void layout_y_range(const struct gnuplot *figure, double low, double high, double room, bool is_logarithmic);

/* The smallest of 1, 2, 5 times a power of ten that divides `range` > 0 into at most n_max parts. */
double layout_step(double range, int n_max);

/* ERROR_INPUT, with what to do, if there are more configurations than one figure shows. */
enum error_code layout_check_count(const struct reader *reader, const struct selection *selection, struct error *error);

/* "all hidden layers", "layer 2", "layers 1, 3": the layers of a mask (layer_mask.h). */
void layout_layers_text(uint64_t layers, char text[LABEL_MAX]);

/* What is not by default in how RI is computed, for a legend: "importances divided by their sum over the layer".
 * Returns whether there is anything. */
bool layout_ri_text(const struct ri_options *options, char text[LABEL_MAX]);

/* The colour of a relative importance in [-1, 1]. */
uint32_t layout_ri_colour(double ri);

/* The colour at `share` of the way from a to b, 0 <= share <= 1. */
uint32_t layout_blend(uint32_t a, uint32_t b, double share);

#endif
