/* Text: UTF-8, lines for people, sizes, and the name that was meant. */
#ifndef PICKY_TEXT_H
#define PICKY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the UTF-8 sequence at `s` (NUL-terminated), 0 if it is none (RFC 3629, without surrogates). NUL and control
 * characters are sequences of one byte. */
int utf8_length(const unsigned char *s);

/* The character of a sequence of `length` bytes, as utf8_length found it. */
uint32_t utf8_decode(const unsigned char *s, int length);

/* Replaces every byte that is not part of UTF-8 by "?": readers of files fail on others. */
void text_make_utf8(char *text);

/* Whether `text` is UTF-8 without control characters; and makes it so: whatever else it holds becomes "?". */
bool text_is_line(const char *text);
void text_make_line(char *text);

/* Where a byte of a text stands: line and column, in characters, from 1. A byte order mark counts for nothing. */
struct text_place {
    int line, column;
};
struct text_place text_place(const char *text, size_t offset);

/* Characters of a text that is UTF-8: the columns that it takes. */
int text_columns(const char *text);

/* A few words by value: `text_size(n).words` lasts to the end of the statement. */
struct text_words {
    char words[96];
};

/* A number of bytes for people: "12.8 GB". */
struct text_words text_size(double n_bytes);

/* The shortest decimal that reads back as the same double (numbers.h). */
struct text_words text_number(double value);

/* Which of two names is nearer to the one that was given, by edit distance: `best` (NULL: none yet) or `other`, `best`
 * if they are as near; NULL if neither is near. */
const char *text_nearer(const char *given, const char *best, const char *other);

/* "; did you mean NEAREST?", or nothing if it is NULL. */
struct text_words text_hint(const char *nearest);

/* The same before what is allowed: "did you mean NEAREST; ". */
struct text_words text_hint_first(const char *nearest);

#endif
