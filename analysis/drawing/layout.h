/* Where things go on a figure's page. Places are pixels (1/96 inch) from the page's top left corner; gnuplot
 * gets them as shares of the page, so that all formats look the same. */
#ifndef PICKY_LAYOUT_H
#define PICKY_LAYOUT_H

#include "gnuplot.h"
#include "models.h"
#include "palette.h"
#include "selection.h"
#include "task_pairs.h"

#include <stddef.h>
#include <stdint.h>

#define LAYOUT_CONFIGS_MAX 24 /* most configurations in one figure */
#define LAYOUT_LINES_MAX   4  /* most lines of one title */

#define LAYOUT_MARGIN 12.0 /* of the page, left and right */

/* Sizes of texts. */
#define FONT_SMALL 8.2  /* 6.15 pt: the smallest; numbers of axes, in cells */
#define FONT_TEXT  9.4  /* 7 pt: names of axes, legends, panels' titles */
#define FONT_HEAD  10.8 /* 8 pt: the page's title */

#define COLOUR_TEXT 0x222222u
#define COLOUR_GREY 0x666666u /* texts and lines of second rank: 5.7:1 on white */
#define COLOUR_LINE 0x808080u /* axes, thresholds */
#define COLOUR_GRID 0xe6e6e6u /* behind the data */

/* What is asked of any figure. Borrowed. */
struct figure_request {
    struct figure_place place;
    const char *title;    /* NULL: the sweep's name; "": none */
    struct ri_options ri; /* of figures of relative importance, as are */
    uint64_t layers;      /* the hidden layers (layer_mask.h) */
    struct palette palette;
    /* Of figures of pairs of tasks: the selection that is drawn is pairs->selection. Else NULL. */
    const struct task_pairs *pairs;
};

/* How RI is computed for the i-th of the selected configurations: request->ri with its pair. */
struct ri_options figure_ri(const struct figure_request *request, size_t i);

/* request->ri with the pair of all of them, for statistic_label and statistic_meaning: -1 for a task that is not of one
 * number. */
struct ri_options figure_common_ri(const struct figure_request *request);

/* Writes what the i-th panel or row is called: that in which its configuration differs from others of the selection,
 * its pair where all are drawn, and, n_models [selection->n] not being NULL, its number of models, if those differ. ""
 * if there is nothing. */
void figure_label(const struct figure_request *request, const struct reader *reader, const struct selection *selection,
                  size_t i, const size_t *n_models, char label[LABEL_MAX]);

/* The same in lines of FONT_TEXT no wider than `width`; returns how many. */
size_t figure_label_lines(const struct figure_request *request, const struct reader *reader,
                          const struct selection *selection, size_t i, const size_t *n_models, double width,
                          char lines[LAYOUT_LINES_MAX][LABEL_MAX]);

/* Writes what all of the selection have in common of what was swept (of one configuration: all of that), and the
 * number of models if it is the same in all: "epochs = 5; 20 models", "; 5 of 20 models each". */
void figure_common(const struct reader *reader, const struct selection *selection, const size_t *n_models,
                   char label[LABEL_MAX]);

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

/* The same, not upright, in at most n_max lines of `width`, the middle of them at y; what is more is cut off, with
 * "..." in its place. */
void layout_text_lines(const struct gnuplot *figure, double x, double y, enum layout_align align, double width,
                       size_t n_max, double size, uint32_t colour, const char *text);

/* Breaks text at its blanks into lines of at most `width` pixels of text of `size`; a word that is wider has a line of
 * its own. `line` (NULL: none) is called for each, with its number from 0. Returns the number of lines. */
typedef void layout_line(void *context, size_t number, const char *text);
size_t layout_wrap_words(const char *text, double width, double size, layout_line *line, void *context);

/* Breaks a label at its ", " into lines of at most about `width` pixels of text of `size`. What is more than
 * LAYOUT_LINES_MAX lines is cut off, with "..." in its place. Returns the number of lines. */
size_t layout_wrap(const char *label, double width, double size, char lines[LAYOUT_LINES_MAX][LABEL_MAX]);

/* How wide a text of `size` is, in pixels, in DejaVu Sans, which is wider than most fonts. */
double layout_text_width(const char *text, double size);

/* The title of a page: `title`, or, if it is NULL, the sweep's name; "" for none. Borrowed. */
const char *layout_title(const struct reader *reader, const char *title);

/* An entry of a legend: a short line or a point, and its meaning; or a remark. Strings are borrowed. */
struct legend_item {
    bool is_point;
    const char *style; /* gnuplot's: "lw 2 lc ...", or "pt 7 ps 1 lc ..." for a point; NULL for a remark */
    const char *text;
};

/* The colours of a map, as a bar with numbers below it. Borrows all pointers. */
struct ramp {
    const char *name;
    double low, high; /* the values at its ends */
    double scale;     /* of the numbers shown: 100 for per cent */
    uint32_t (*colour)(const void *context, double value);
    const void *context;
};

/* What stands above the panels of a page. Borrows all pointers. */
struct head {
    const char *title;                /* "": none */
    const char *common;               /* "": none */
    const struct legend_item *legend; /* [n_legend] */
    size_t n_legend;
    const struct ramp *ramp; /* NULL: none */
    double left;             /* where it begins */
};

/* How high it is on a page of `width`; writes it, and says it to those who do not see it. */
double layout_head_height(const struct head *head, double width);
void layout_head(const struct gnuplot *figure, const struct head *head);

/* Borders, tics and their texts as all figures have them. */
void layout_axes(const struct gnuplot *figure);

/* Writes the labels and lines that are waiting for the next plot, now. */
void layout_flush(const struct gnuplot *figure);

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

#endif
