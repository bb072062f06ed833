/* What every table of a file begins with, and the formats that tables have. */
#ifndef PICKY_TABLE_HEAD_H
#define PICKY_TABLE_HEAD_H

#include "contents.h"
#include "selection.h"

#include <stdio.h>

#define TABLE_COLUMNS_MAX 79 /* of a line of a table for people */

enum table_format { TABLE_TEXT, TABLE_CSV, TABLE_JSON };

/* What a file of the format is to others. */
enum output_format table_output_format(enum table_format format);

/* What tables for people say of a file at their top: path, sweep, jobs by status, whether it is finished. */
void table_head(const struct reader *reader, const struct selection *selection, FILE *out);

/* Prints "WORD text, text, ..." broken at its commas, and at blanks where there is none for a line, before column 80
 * (or where the terminal or COLUMNS ends earlier), with four blanks before later lines. */
void table_wrapped(const char *word, const char *text, FILE *out);

/* Prints "WORD text" broken at blanks. The text has less than 2,048 bytes. */
void table_prose(FILE *out, const char *word, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Prints a paragraph of less than 2,048 bytes that is filled to 79 columns; anew where the terminal or COLUMNS ends
 * earlier. */
void table_filled(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define TABLE_NUMBER_MAX 32

/* A number as tables for people have it: so many significant digits, without a 0 before the point (.426, 12.3, 1.2e-5);
 * "0" for zero, "-" for NaN. */
void table_number(double value, int n_digits, char text[TABLE_NUMBER_MAX]);

/* The same with fewer digits where it would take more than `width` columns, of which it needs up to 6. */
void table_number_within(double value, int n_digits, int width, char text[TABLE_NUMBER_MAX]);

/* The same as the first with so many digits behind the point. */
void table_fixed(double value, int n_decimals, char text[TABLE_NUMBER_MAX]);

/* The same head as the first members of a JSON object, each line ended with a comma. */
void table_json_head(const struct reader *reader, FILE *out);

#endif
