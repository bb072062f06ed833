/* Figures by gnuplot, a program of its own: one script with inline data, run on the file.
 *
 * How a figure uses this folder. All places and sizes are pixels of 1/96 inch (a point is 4/3 of one), in all formats.
 * - The page is as wide as --width says: `gnuplot.width`. A figure fits what it shows into it and chooses the height.
 *   panels.h (a panel a configuration), rows.h (configurations by layers) and grid.h (over two hyperparameters) do so;
 *   else: layout_head_height, gnuplot_begin, layout_head, then panels by layout_panel.
 * - Texts are FONT_TEXT, FONT_HEAD or FONT_SMALL (layout.h; layout_text never writes smaller ones than the last, 6 pt).
 *   Whether they fit is asked of layout_text_width, not guessed; layout_wrap and layout_wrap_words break them.
 * - Tasks, and all else that is told apart, have request->palette's colours, with a dash or mark each: palette_line,
 *   palette_mark. No figure has colours of its own for them, and nothing is told by colour alone.
 * - What is common to all panels is in the head: figure_common (hyperparameters), struct head (legend, remarks, a ramp
 *   with ticks for a map's colours). figure_label gives a panel's title: what differs.
 * - What is sampled or censored ("50 of 500 models drawn") is a remark of the legend: an item without a style.
 * - Alternative text: request->place.about, the legend and the panels' titles get there by themselves; what else one
 *   would tell a reader who does not see the figure: gnuplot_describe.
 * - --data: figure_data.h; call it whether or not a table is wanted. Without -o the script goes nowhere.
 */
#ifndef PICKY_GNUPLOT_H
#define PICKY_GNUPLOT_H

#include "output.h"

#include <stdbool.h>
#include <stdio.h>

/* Where a figure goes. Strings are borrowed. */
struct figure_place {
    const char *path;  /* OUT.svg, OUT.png or OUT.pdf; NULL: nothing is drawn, only `data` is wanted */
    const char *input; /* the file that it is made from */
    bool is_forced;    /* --force */
    bool keep_script;  /* --keep-script */
    const char *data;  /* --data: a table of the numbers, too (.csv, or - for standard output); NULL: none */
    double width_mm;   /* --width: of the page */
    const char *font;  /* --font: a family; NULL: the default one */
    const char *kind;  /* its command: "plot ri" */
    const char *about; /* what kind of figure it is: "test error against epoch, a panel for each configuration" */
};

#define WIDTH_MM_DEFAULT 180.0 /* two columns of a journal; one has 85 */
#define WIDTH_MM_MIN     80.0
#define WIDTH_MM_MAX     400.0

/* A figure being written. */
struct gnuplot {
    FILE *script;         /* write commands here */
    FILE *data;           /* of the table of numbers (figure_data.h); NULL if none is wanted */
    const char *kind;     /* the place's */
    const char *font;     /* the place's */
    double width, height; /* of the page, in pixels of 1/96 inch */
    bool is_script_kept;
    char *script_path;
    struct output figure, script_file, data_file;
    FILE *nowhere;             /* the script's place if nothing is drawn, else NULL */
    char *title, *description; /* of readers who do not see the figure */
    FILE *describing;          /* writes the description */
    size_t n_described;
};

/* The width of the page of a figure for `place`, in pixels. */
double gnuplot_page_width(const struct figure_place *place);

/* Checks the places of a figure and its script, without touching anything: ERROR_INPUT for an unknown suffix, and for
 * what output_check refuses. */
enum error_code gnuplot_check(const struct figure_place *place, struct error *error);

/* Starts the script of a figure (its format is that of the suffix), `height` pixels high (a PNG has 300 dots an inch):
 * the terminal, the encoding and text without markup are set. `title` ("": none) is the page's, for who does not see
 * it. ERROR_INPUT for another suffix, a page too high for its format or a path that cannot be written. Ended by
 * gnuplot_finish or gnuplot_abandon, also after an error. */
enum error_code gnuplot_begin(struct gnuplot *figure, const struct figure_place *place, const char *title,
                              double height, struct error *error);

/* Adds a sentence, or a part of one, to the figure's alternative text. What is too much for one is left out. */
void gnuplot_describe(const struct gnuplot *figure, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts the table of numbers in its place, then runs gnuplot on the script and puts the complete figure in its place,
 * over an older one. With --keep-script, and if gnuplot fails or is missing, leaves the script as OUT.gp (then only if
 * nothing else is there). ERROR_FATAL if the figure is not complete, ERROR_INPUT if its place has been taken meanwhile;
 * an older one is then untouched. */
enum error_code gnuplot_finish(struct gnuplot *figure, struct error *error);

/* Removes what has been written. An all-zero or finished figure is allowed. */
void gnuplot_abandon(struct gnuplot *figure);

/* Checks a font's name: letters, digits, blanks and hyphens. */
enum error_code gnuplot_check_font(const char *font, struct error *error);

/* Checks a figure's name without touching anything: ERROR_INPUT for an unknown suffix. */
enum error_code gnuplot_check_name(const char *output, struct error *error);

/* Writes text as a quoted string of gnuplot's that stands for exactly this text: nothing in it is expanded.
 * Control characters become blanks, bytes that are not UTF-8 become "?". */
void gnuplot_write_string(FILE *script, const char *text);

/* The same as a quoted string among inline data, where a quotation mark cannot be had: it becomes an apostrophe. */
void gnuplot_write_datum(FILE *script, const char *text);

#endif
