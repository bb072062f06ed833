/* What every table of a file begins with, and the formats that tables have. */
#ifndef PICKY_TABLE_HEAD_H
#define PICKY_TABLE_HEAD_H

#include "contents.h"
#include "selection.h"

#include <stdio.h>

enum table_format { TABLE_TEXT, TABLE_CSV, TABLE_JSON };

/* What a file of the format is to others. */
enum output_format table_output_format(enum table_format format);

/* What tables for people say of a file at their top: path, sweep, jobs by status, whether it is finished. */
void table_head(const struct reader *reader, const struct selection *selection, FILE *out);

/* Prints "WORD text, text, ..." broken at its commas before column 100, with four blanks before later lines. */
void table_wrapped(const char *word, const char *text, FILE *out);

/* The same head as the first members of a JSON object, each line ended with a comma. */
void table_json_head(const struct reader *reader, FILE *out);

#endif
