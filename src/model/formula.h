/* A task's target as a formula of the inputs: parsed, written in one canonical way, and computed with the same bits on
 * every machine.
 *
 *   formula = cmp
 *   cmp     = sum [op sum]             op one of < <= > >= == !=; gives 1 or 0; not chained
 *   sum     = product {+|- product}
 *   product = unary {*|/ unary}
 *   unary   = - unary | power          so -x0^2 is -(x0^2)
 *   power   = primary [^ digit]        multiplied out from the left, (x * x) * x; x^0 = 1
 *   primary = number | name | function(cmp {, cmp}) | (cmp)
 *
 * Names: inputs x0..x15; dials a, b, c; random constants r0..r9; functions abs min max sqrt floor sign step clamp if
 * sin cos exp log tanh. Numbers are digits, point and e, read to double, then rounded to float. Blanks (space, tab,
 * line end) may stand between all of these.
 *
 * Every operation is rounded to float, left to right; nothing is reordered, no multiply-add is formed. sin, cos, exp,
 * log and tanh are correctly rounded (rounded_functions.h). */
#ifndef PICKY_FORMULA_H
#define PICKY_FORMULA_H

#include "errors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FORMULA_INPUTS_MAX = 16, /* x0..x15 */
    FORMULA_DIALS = 3,       /* a, b, c */
    FORMULA_RANDOMS = 10,    /* r0..r9 */
    FORMULA_TEXT_MAX = 256,  /* bytes of canonical text, the final NUL included */
    FORMULA_DEPTH_MAX = 64,  /* most brackets, functions and signs around a place of a formula */
};

/* One step of a program in postfix order: pushes a value, or replaces the topmost ones by their result. */
struct formula_step {
    uint8_t operation; /* enum formula_operation: formula_operations.h */
    uint8_t operand;   /* which input, dial, random constant or constant; the exponent of a power */
};

/* A formula, made by formula_parse() only. Plain data without pointers: may be copied, sent to a rank of the same
 * program as bytes, or (better) made again from its text. */
struct formula {
    char text[FORMULA_TEXT_MAX]; /* canonical: shortest decimals, least brackets; zeros behind it */
    uint16_t n_inputs;           /* 1 + the highest input that it uses: 0 if none */
    uint16_t inputs;             /* bit k: it uses x<k> */
    uint16_t dials;              /* bit 0: it uses a, bit 1: b, bit 2: c */
    uint16_t randoms;            /* bit k: it uses r<k> */
    uint16_t n_steps;
    uint16_t n_constants;
    struct formula_step steps[FORMULA_TEXT_MAX];
    float constants[FORMULA_TEXT_MAX / 2];
};

/* What the names other than inputs stand for. */
struct formula_values {
    float dials[FORMULA_DIALS];
    float randoms[FORMULA_RANDOMS];
};

/* Parses the `length` bytes at `text` (any bytes; no NUL is needed behind them) as one formula. ERROR_INPUT with one
 * line that says what is wrong, what is allowed and the nearest known name, and *column, from 1, of the place in
 * `text`: a byte that is also the character, for what stands before it is ASCII. The message has no column: callers add
 * file, line and column. *formula is then unspecified. */
enum error_code formula_parse(const char *text, size_t length, struct formula *formula, int *column,
                              struct error *error);

/* Whether two formulas are the same: have the same canonical text. */
bool formula_equal(const struct formula *a, const struct formula *b);

/* Computes the formula at n samples: x [n][n_inputs], target [n]. n_inputs is formula->n_inputs or more. Returns n, or
 * the first sample whose target is NaN or infinite; all targets are computed either way. Needs no memory; may be called
 * by several threads at once. */
size_t formula_evaluate(const struct formula *formula, const struct formula_values *values, size_t n, int n_inputs,
                        const float *x, float *target);

/* A point at which a formula is not finite, in words, for messages: "x0 = 0, x1 = .25, a = 1": the inputs and values
 * that the formula uses, numbers that read back to the same floats. x [n_inputs]. Returns `words`. */
enum { FORMULA_POINT_MAX = 768 };
char *formula_point(const struct formula *formula, const struct formula_values *values, const float *x,
                    char words[FORMULA_POINT_MAX]);

/* The shortest decimal that reads back, by way of double, to the same finite float: "1.5", "1000", "1e-7". */
enum { FORMULA_NUMBER_MAX = 24 };
char *formula_number(float value, char words[FORMULA_NUMBER_MAX]);

#endif
