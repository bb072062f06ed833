/* Integers and doubles, and the largest of each that the project takes. */
#ifndef PICKY_NUMBERS_H
#define PICKY_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A double holds every integer up to 2^53; one below it is no other integer rounded. */
#define EXACT_BELOW 0x1p53

/* Seeds have so many bits, so that every reader of a results file can hold them as doubles (rng.h: what is above). */
#define SEED_BITS 53
#define SEED_MAX  ((INT64_C(1) << SEED_BITS) - 1)

/* Whether `value` is an integer that is exact; if so, *integer is that, else 0. */
bool number_is_integer(double value, int64_t *integer);

/* Whether a number that strtod() takes, the first `length` bytes of `text`, is written as another one than 0. */
bool number_is_written_as_nonzero(const char *text, size_t length);

/* The shortest decimal that reads back as the same double, or the same float: .426 is not 0.425999996. From six digits
 * on, so that 10 is not 1e+01; whole doubles of up to 15 digits are written out. */
#define NUMBER_TEXT_MAX 32
void number_text(double value, char text[NUMBER_TEXT_MAX]);
void number_text_float(float value, char text[NUMBER_TEXT_MAX]);

/* Doubles in rising order, for qsort. */
int number_compare(const void *a, const void *b);

/* 100 part/whole, but below 100.0 in print (at most 99.9) as long as a part is missing. */
double number_percent(uint64_t part, uint64_t whole);

#endif
