/* The text of a sweep file, made safe for libconfig.
 *
 * libconfig 1.5, Debian 12's, takes some mistakes in silence and reports others without saying what is wrong.
 * This part reads the file and finds those before libconfig sees the text; the grammar stays libconfig's.
 * Messages come without the file's name; *line is the line they are about, 0 if none. */
#ifndef PICKY_SWEEP_TEXT_H
#define PICKY_SWEEP_TEXT_H

#include "errors.h"

#define SWEEP_TEXT_BYTES_MAX (16 << 20)

/* Reads a whole file into *text, NUL-terminated; the caller frees it. ERROR_INPUT if it cannot be read, is
 * larger than SWEEP_TEXT_BYTES_MAX or is not UTF-8 text without NUL. */
enum error_code sweep_text_read(char **text, const char *path, int *line, struct error *error);

/* Copies `text` to *prepared (the caller frees it) so that libconfig reads the numbers as they are written:
 * integers get the suffix L (libconfig cuts those without it to 32 bits) and the last line gets its end (a
 * comment there would be a syntax error). Lines stay where they are.
 *
 * ERROR_INPUT for what libconfig would take in silence, leak memory over or report without a name: an integer
 * beyond 64 bits, an unfinished comment or string, a character code 0 in a string, @include, brackets that do
 * not match or nest too deep, a key given twice in one group, text without quotes. */
enum error_code sweep_text_prepare(char **prepared, const char *text, int *line, struct error *error);

#endif
