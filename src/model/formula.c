#include "formula.h"

#include "formula_operations.h"
#include "rounded_functions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Samples that one step of a program is done for, and values of each that can wait: a formula of 255 bytes cannot have
 * more operands wait than one in 4 bytes. */
enum { BLOCK = 64, STACK = 64 };

struct block {
    float v[BLOCK];
};

bool formula_equal(const struct formula *a, const struct formula *b)
{
    return strcmp(a->text, b->text) == 0;
}

/* One loop a step, over the samples of a block: an element of the result depends on the same element of the operands
 * alone, so compilers may vectorise it without changing a bit. */
#define EACH(expression)                                                                                               \
    for (size_t i = 0; i < n; i++) {                                                                                   \
        float p = a[i];                                                                                                \
        a[i] = (expression);                                                                                           \
    }                                                                                                                  \
    break

/* a^exponent [n], multiplied out from the left, in place. */
static void power(int exponent, size_t n, float *a)
{
    struct block base;
    memcpy(base.v, a, n * sizeof *a);
    for (size_t i = 0; i < n; i++)
        a[i] = exponent == 0 ? 1 : base.v[i];
    for (int k = 1; k < exponent; k++)
        for (size_t i = 0; i < n; i++)
            a[i] *= base.v[i];
}

/* A step with one operand, a [n], which becomes the result. */
static void one_operand(enum formula_operation operation, int exponent, size_t n, float *a)
{
    switch (operation) {
    case FORMULA_NEGATE: EACH(-p);
    case FORMULA_ABS: EACH(fabsf(p));
    case FORMULA_SQRT: EACH(sqrtf(p));
    case FORMULA_FLOOR: EACH(floorf(p));
    case FORMULA_SIGN: EACH(p > 0 ? 1.0f : p < 0 ? -1.0f : p == 0 ? 0.0f : p);
    case FORMULA_STEP: EACH(p >= 0 ? 1.0f : 0.0f);
    case FORMULA_SIN: EACH(rounded_sin(p));
    case FORMULA_COS: EACH(rounded_cos(p));
    case FORMULA_EXP: EACH(rounded_exp(p));
    case FORMULA_LOG: EACH(rounded_log(p));
    case FORMULA_TANH: EACH(rounded_tanh(p));
    case FORMULA_POWER: power(exponent, n, a); break;
    default: check(false);
    }
}

/* A step with two operands, a [n] and b [n]; a becomes the result. */
static void two_operands(enum formula_operation operation, size_t n, float *restrict a, const float *restrict b)
{
    switch (operation) {
    case FORMULA_ADD: EACH(p + b[i]);
    case FORMULA_SUBTRACT: EACH(p - b[i]);
    case FORMULA_MULTIPLY: EACH(p * b[i]);
    case FORMULA_DIVIDE: EACH(p / b[i]);
    case FORMULA_LESS: EACH(p < b[i] ? 1.0f : 0.0f);
    case FORMULA_LESS_EQUAL: EACH(p <= b[i] ? 1.0f : 0.0f);
    case FORMULA_GREATER: EACH(p > b[i] ? 1.0f : 0.0f);
    case FORMULA_GREATER_EQUAL: EACH(p >= b[i] ? 1.0f : 0.0f);
    case FORMULA_EQUAL: EACH(p == b[i] ? 1.0f : 0.0f);
    case FORMULA_UNEQUAL: EACH(p != b[i] ? 1.0f : 0.0f);
    case FORMULA_MIN: EACH(b[i] < p ? b[i] : p);
    case FORMULA_MAX: EACH(p < b[i] ? b[i] : p);
    default: check(false);
    }
}

/* A step with three operands, a, b and c [n]; a becomes the result. */
static void three_operands(enum formula_operation operation, size_t n, float *restrict a, const float *restrict b,
                           const float *restrict c)
{
    if (operation == FORMULA_IF)
        for (size_t i = 0; i < n; i++)
            a[i] = a[i] != 0 ? b[i] : c[i];
    else
        for (size_t i = 0; i < n; i++) { /* min(max(x, low), high) */
            float raised = a[i] < b[i] ? b[i] : a[i];
            a[i] = c[i] < raised ? c[i] : raised;
        }
}

/* The value that a step of no operands pushes: a [n]. x [n][n_inputs]. */
static void push(const struct formula *f, struct formula_step step, const struct formula_values *values, size_t n,
                 size_t n_inputs, const float *x, float *a)
{
    if (step.operation == FORMULA_INPUT) {
        for (size_t i = 0; i < n; i++)
            a[i] = x[i * n_inputs + step.operand];
        return;
    }
    float value = step.operation == FORMULA_CONSTANT ? f->constants[step.operand]
                  : step.operation == FORMULA_DIAL   ? values->dials[step.operand]
                                                     : values->randoms[step.operand];
    for (size_t i = 0; i < n; i++)
        a[i] = value;
}

/* Runs the program for n <= BLOCK samples: the result is stack[0]. */
static void run(const struct formula *f, const struct formula_values *values, size_t n, size_t n_inputs, const float *x,
                struct block stack[STACK])
{
    int top = 0;
    for (int i = 0; i < f->n_steps; i++) {
        struct formula_step step = f->steps[i];
        int n_operands = formula_operations[step.operation].n_operands;
        top -= n_operands;
        check(top >= 0 && top < STACK);
        float *a = stack[top].v;
        switch (n_operands) {
        case 0: push(f, step, values, n, n_inputs, x, a); break;
        case 1: one_operand(step.operation, step.operand, n, a); break;
        case 2: two_operands(step.operation, n, a, stack[top + 1].v); break;
        default: three_operands(step.operation, n, a, stack[top + 1].v, stack[top + 2].v);
        }
        top++;
    }
}

size_t formula_evaluate(const struct formula *formula, const struct formula_values *values, size_t n, int n_inputs,
                        const float *x, float *target)
{
    check(n_inputs >= formula->n_inputs);
    struct block stack[STACK];
    size_t finite = n;
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t n_block = n - first < BLOCK ? n - first : BLOCK;
        run(formula, values, n_block, (size_t)n_inputs, x + first * (size_t)n_inputs, stack);
        memcpy(target + first, stack[0].v, n_block * sizeof *target);
        for (size_t i = 0; i < n_block && finite == n; i++)
            if (!isfinite(target[first + i]))
                finite = first + i;
    }
    return finite;
}

/* Adds "NAME = VALUE", or "NAMEINDEX = VALUE" from index 0 on. */
static void add_value(char words[FORMULA_POINT_MAX], const char *name, int index, float value)
{
    char digits[16] = "", number[FORMULA_NUMBER_MAX];
    if (index >= 0)
        snprintf(digits, sizeof digits, "%d", index);
    size_t used = strlen(words);
    snprintf(words + used, FORMULA_POINT_MAX - used, "%s%s%s = %s", used > 0 ? ", " : "", name, digits,
             formula_number(value, number));
}

char *formula_point(const struct formula *formula, const struct formula_values *values, const float *x,
                    char words[FORMULA_POINT_MAX])
{
    static const char *const dials[FORMULA_DIALS] = {"a", "b", "c"};
    *words = '\0';
    for (int k = 0; k < FORMULA_INPUTS_MAX; k++)
        if (formula->inputs >> k & 1)
            add_value(words, "x", k, x[k]);
    for (int k = 0; k < FORMULA_DIALS; k++)
        if (formula->dials >> k & 1)
            add_value(words, dials[k], -1, values->dials[k]);
    for (int k = 0; k < FORMULA_RANDOMS; k++)
        if (formula->randoms >> k & 1)
            add_value(words, "r", k, values->randoms[k]);
    return words;
}
