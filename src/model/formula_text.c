#include "formula_text.h"

#include "formula_operations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *formula_number(float value, char words[FORMULA_NUMBER_MAX])
{
    enum { DIGITS_MAX = 9, SMALLEST_PLAIN = -5, LARGEST_PLAIN = 8 }; /* 9 digits tell all floats apart */
    char scientific[32];                                             /* -d.dde-dd */
    for (int n_digits = 1; n_digits <= DIGITS_MAX; n_digits++) {
        snprintf(scientific, sizeof scientific, "%.*e", n_digits - 1, (double)value);
        if ((float)strtod(scientific, NULL) == value)
            break;
    }

    char digits[DIGITS_MAX + 1];
    int n = 0;
    for (const char *c = scientific; *c != 'e'; c++)
        if (*c >= '0' && *c <= '9')
            digits[n++] = *c;
    digits[n] = '\0';
    int exponent = (int)strtol(strchr(scientific, 'e') + 1, NULL, 10);

    const char *minus = signbit(value) ? "-" : "";
    if (exponent < SMALLEST_PLAIN || exponent > LARGEST_PLAIN)
        snprintf(words, FORMULA_NUMBER_MAX, "%s%c%s%se%d", minus, digits[0], n > 1 ? "." : "", digits + 1, exponent);
    else if (exponent < 0)
        snprintf(words, FORMULA_NUMBER_MAX, "%s0.%.*s%s", minus, -exponent - 1, "0000", digits);
    else if (n <= exponent + 1)
        snprintf(words, FORMULA_NUMBER_MAX, "%s%s%.*s", minus, digits, exponent + 1 - n, "00000000");
    else
        snprintf(words, FORMULA_NUMBER_MAX, "%s%.*s.%s", minus, exponent + 1, digits, digits + exponent + 1);
    return words;
}

/* Where the text is written, and where in the program each operand begins. */
struct writer {
    struct formula *formula;
    size_t length;
    uint16_t first[FORMULA_TEXT_MAX]; /* of step i's own operands, the first step */
};

static void write_words(struct writer *w, const char *words)
{
    for (; *words; words++, w->length++)
        if (w->length < FORMULA_TEXT_MAX - 1)
            w->formula->text[w->length] = *words;
}

static void find_operands(struct writer *w)
{
    uint16_t stack[FORMULA_TEXT_MAX];
    int n = 0;
    for (uint16_t i = 0; i < w->formula->n_steps; i++) {
        int n_operands = formula_operations[w->formula->steps[i].operation].n_operands;
        n -= n_operands;
        uint16_t first = n_operands > 0 ? stack[n] : i;
        w->first[i] = first;
        stack[n++] = first;
    }
}

static void write_step(struct writer *w, int step, enum formula_level loosest);

/* The last steps of a step's operands, in order. */
static void operands_of(const struct writer *w, int step, int operands[3])
{
    int at = step - 1;
    for (int k = formula_operations[w->formula->steps[step].operation].n_operands - 1; k >= 0; k--) {
        operands[k] = at;
        at = w->first[at] - 1;
    }
}

static void write_value(struct writer *w, struct formula_step step)
{
    char words[FORMULA_NUMBER_MAX];
    switch (step.operation) {
    case FORMULA_CONSTANT: formula_number(w->formula->constants[step.operand], words); break;
    case FORMULA_INPUT: snprintf(words, sizeof words, "x%d", step.operand); break;
    case FORMULA_DIAL: snprintf(words, sizeof words, "%c", 'a' + step.operand); break;
    default: snprintf(words, sizeof words, "r%d", step.operand); break;
    }
    write_words(w, words);
}

static void write_operation(struct writer *w, int step)
{
    const struct formula_step *s = &w->formula->steps[step];
    const struct formula_operation_row *row = &formula_operations[s->operation];
    int operands[3] = {0};
    operands_of(w, step, operands);

    if (row->n_operands == 0) {
        write_value(w, *s);
    } else if (formula_is_function(s->operation)) {
        write_words(w, row->sign);
        for (int k = 0; k < row->n_operands; k++) {
            write_words(w, k == 0 ? "(" : ", ");
            write_step(w, operands[k], LEVEL_CMP);
        }
        write_words(w, ")");
    } else if (s->operation == FORMULA_NEGATE) {
        write_words(w, row->sign);
        write_step(w, operands[0], LEVEL_UNARY);
    } else if (s->operation == FORMULA_POWER) {
        write_step(w, operands[0], LEVEL_PRIMARY);
        write_words(w, (char[]){'^', (char)('0' + s->operand), '\0'});
    } else { /* the left operand may be of the same level, but comparisons are not chained */
        write_step(w, operands[0], row->level == LEVEL_CMP ? LEVEL_SUM : row->level);
        write_words(w, " ");
        write_words(w, row->sign);
        write_words(w, " ");
        write_step(w, operands[1], row->level + 1);
    }
}

/* Writes what the program computes up to `step`, in brackets if it binds more loosely than `loosest`. */
static void write_step(struct writer *w, int step, enum formula_level loosest)
{
    bool in_brackets = formula_operations[w->formula->steps[step].operation].level < loosest;
    if (in_brackets)
        write_words(w, "(");
    write_operation(w, step);
    if (in_brackets)
        write_words(w, ")");
}

size_t formula_write_text(struct formula *formula)
{
    struct writer writer = {.formula = formula};
    memset(formula->text, 0, sizeof formula->text);
    find_operands(&writer);
    write_step(&writer, formula->n_steps - 1, LEVEL_CMP);
    return writer.length;
}
