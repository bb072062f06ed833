/* Figures by gnuplot, a program of its own: one script with inline data, run on the file. */
#ifndef PICKY_GNUPLOT_H
#define PICKY_GNUPLOT_H

#include "output.h"

#include <stdbool.h>
#include <stdio.h>

/* Where a figure goes. Strings are borrowed. */
struct figure_place {
    const char *path;  /* OUT.svg, OUT.png or OUT.pdf */
    const char *input; /* the file that it is made from */
    bool is_forced;    /* --force */
    bool keep_script;  /* --keep-script */
};

/* A figure being written. */
struct gnuplot {
    FILE *script;         /* write commands here */
    double width, height; /* of the page, in pixels of 1/96 inch */
    bool is_script_kept;
    char *script_path;
    struct output figure, script_file;
};

/* Checks the places of a figure and its script, without touching anything: ERROR_INPUT for an unknown suffix, and for
 * what output_check refuses. */
enum error_code gnuplot_check(const struct figure_place *place, struct error *error);

/* Starts the script of a figure (its format is that of the suffix) of width x height pixels
 * (1/96 inch; a PNG has 150 pixels an inch): the terminal, the encoding and text without markup are set.
 * ERROR_INPUT for another suffix or a path that cannot be written. Ended by gnuplot_finish or
 * gnuplot_abandon, also after an error. */
enum error_code gnuplot_begin(struct gnuplot *figure, const struct figure_place *place, double width, double height,
                              struct error *error);

/* Runs gnuplot on the script and puts the complete figure in its place, over an older one. With --keep-script,
 * and if gnuplot fails or is missing, leaves the script as OUT.gp (then only if nothing else is there). ERROR_FATAL if
 * the figure is not complete, ERROR_INPUT if its place has been taken meanwhile; an older one is then untouched. */
enum error_code gnuplot_finish(struct gnuplot *figure, struct error *error);

/* Removes what has been written. An all-zero or finished figure is allowed. */
void gnuplot_abandon(struct gnuplot *figure);

/* Checks a figure's name without touching anything: ERROR_INPUT for an unknown suffix. */
enum error_code gnuplot_check_name(const char *output, struct error *error);

/* Writes text as a quoted string of gnuplot's that stands for exactly this text: nothing in it is expanded.
 * Control characters become blanks, bytes that are not UTF-8 become "?". */
void gnuplot_write_string(FILE *script, const char *text);

/* The same as a quoted string among inline data, where a quotation mark cannot be had: it becomes an apostrophe. */
void gnuplot_write_datum(FILE *script, const char *text);

#endif
