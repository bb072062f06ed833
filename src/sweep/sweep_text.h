/* The text of a sweep file, made safe for libconfig.
 *
 * libconfig 1.5, Debian 12's, takes some mistakes in silence and reports others without saying what is wrong.
 * This part reads the file and finds those, and all mistakes of syntax, before libconfig sees the text: libconfig says
 * of them no more than a line, often the next one. Messages come without the file's name. */
#ifndef PICKY_SWEEP_TEXT_H
#define PICKY_SWEEP_TEXT_H

#include "errors.h"
#include "text.h"

#define SWEEP_TEXT_BYTES_MAX (16 << 20)

/* Reads a whole file into *text, NUL-terminated; the caller frees it. ERROR_INPUT if it cannot be read, is
 * larger than SWEEP_TEXT_BYTES_MAX or is not UTF-8 text without NUL: *place is then where (line 0: nowhere). */
enum error_code sweep_text_read(char **text, const char *path, struct text_place *place, struct error *error);

/* Copies `text` to *prepared (the caller frees it) so that libconfig reads the numbers as they are written:
 * integers get the suffix L (libconfig cuts those without it to 32 bits), an array of integers and reals becomes a
 * list, for libconfig's are of one type, and the last line gets its end (a comment there would be a syntax error).
 * Lines stay where they are.
 *
 * ERROR_INPUT, and *place, 1 + the offset in `text` of the mistake, for what is not a sweep's syntax, which is
 * libconfig's; and for what libconfig would take in silence or leak memory over: an integer beyond 64 bits, a character
 * code 0 in a string, @include, brackets that nest too deep, a key given twice in one group, texts side by side in a
 * list. */
enum error_code sweep_text_prepare(char **prepared, const char *text, int *place, struct error *error);

#endif
