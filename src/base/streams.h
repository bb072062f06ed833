/* The three standard streams of a program: present from the start, and what was printed has arrived at the end. */
#ifndef PICKY_STREAMS_H
#define PICKY_STREAMS_H

#include <stdbool.h>
#include <stdio.h>

/* Opens /dev/null in the place of each of descriptors 0 to 2 that is closed: else the next file opened takes it, and
 * what is printed goes into that file. Call it before anything is opened or printed. Breaks the lines of stderr. */
void streams_begin(void);

/* Lines for people are broken between words where the stream, which is stdout or stderr, is a terminal (by way of
 * mpirun: stderr alone): after 80 columns, or fewer if the terminal or COLUMNS has fewer, but not below 40. They go on
 * after `indent` blanks, or below the first word that has several blanks before it (a second column). Lines that begin
 * with a blank (tables, commands to be copied) stay whole if `keeps_indented`. */
void stream_break_lines(FILE **stream, int indent, bool keeps_indented);

/* The same of a help on stdout or stderr, whose paragraphs are filled to 79 columns: narrower terminals have them
 * filled anew. It comes out with fflush or at the end. */
void stream_break_help(FILE **stream);

/* Prints a text that begins in column `indent`, counted from 0, as lines of at most 79 columns: blanks of the text,
 * but not those between double quotes, become newlines, each with so many blanks behind it. Ends the last line. ASCII
 * only. */
void stream_fill(FILE *stream, const char *text, int indent);

/* Flushes stdout. Returns `code`, or ERROR_FATAL, after one line on stderr that starts with `program`, if `code` is 0
 * and something printed did not arrive. A reader that left (a pager, head) has had enough: no error. */
int streams_finish(const char *program, int code);

/* Whether a line can be redrawn on the stream: it is a terminal, and not one that cannot move its cursor (TERM=dumb).
 */
bool stream_redraws(FILE *stream);

/* Columns that such a line may take: the least that the terminal and COLUMNS (if it is in the environment) say, or 80,
 * less the last one, where some terminals wrap as soon as it is written. */
int stream_columns(FILE *stream);

#endif
