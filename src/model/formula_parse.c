/* Reads formulas: recursive descent over formula.h's grammar, one function a rule, straight into a program in postfix
 * order. */
#include "formula.h"
#include "formula_operations.h"
#include "formula_text.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_ALLOWED                                                                                                  \
    "x0 to x15, a, b, c, r0 to r9, and the functions abs min max sqrt floor sign step clamp if sin cos exp log tanh"

enum { WORD_MAX = 64 }; /* bytes of a number or a name, the final NUL included */

struct parser {
    const char *text;
    size_t length, at;
    struct formula *formula;
    int depth;
    int *column;
    struct error *error;
};

/* The parser's error, at a place of the text. */
#define fail(parser, place, ...)                                                                                       \
    (*(parser)->column = (int)(place) + 1, error_set((parser)->error, ERROR_INPUT, __VA_ARGS__))

/* The byte so many places ahead, -1 behind the end. */
static int ahead(const struct parser *p, size_t n)
{
    return p->at + n < p->length ? (unsigned char)p->text[p->at + n] : -1;
}

static bool is_one_of(int c, const char *set)
{
    return c > 0 && strchr(set, c);
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool begins_name(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_in_name(int c)
{
    return begins_name(c) || is_digit(c);
}

static bool begins_number(const struct parser *p)
{
    return is_digit(ahead(p, 0)) || (ahead(p, 0) == '.' && is_digit(ahead(p, 1)));
}

/* The next byte that is no blank, -1 at the end. */
static int next(struct parser *p)
{
    while (is_one_of(ahead(p, 0), " \t\r\n"))
        p->at++;
    return ahead(p, 0);
}

/* Copies the bytes from..at of the text, cut to fit. */
static void copy_word(const struct parser *p, size_t from, size_t to, char word[WORD_MAX])
{
    snprintf(word, WORD_MAX, "%.*s", (int)(to - from < WORD_MAX ? to - from : WORD_MAX - 1), p->text + from);
}

/* ---- what is wrong ---- */

/* Signs that people write or paste for those of a formula. */
static const struct {
    const char *sign, *remedy;
} other_signs[] = {
    {"×", "write *"},
    {"·", "write *"},
    {"÷", "write /"},
    {"−", "write -"},
    {"–", "write -"},
    {"²", "write ^2"},
    {"³", "write ^3"},
    {"≤", "write <="},
    {"≥", "write >="},
    {"≠", "write !="},
    {"=", "write == to compare"},
    {"[", "write ("},
    {"{", "write ("},
    {"]", "write )"},
    {"}", "write )"},
};

/* A byte that no rule takes. */
static enum error_code fail_character(struct parser *p)
{
    int c = ahead(p, 0);
    if (c < ' ' || c == 0x7f)
        return fail(p, p->at, "a formula has character code %d; allowed: printable ones", c);

    char character[5] = {0};
    memcpy(character, p->text + p->at, p->length - p->at < 4 ? p->length - p->at : 4);
    int n = utf8_length((const unsigned char *)character);
    if (n == 0)
        return fail(p, p->at, "a formula has byte 0x%02x, which is not UTF-8", c);
    character[n] = '\0';
    for (size_t i = 0; i < sizeof other_signs / sizeof other_signs[0]; i++)
        if (strcmp(character, other_signs[i].sign) == 0)
            return fail(p, p->at, "a formula has no %s: %s", character, other_signs[i].remedy);
    if (c >= 0x80)
        return fail(p, p->at,
                    "a formula has no %s (U+%04" PRIX32 "); allowed: numbers, names, + - * / ^ ( ) , < <= > >= == !=",
                    character, utf8_decode((const unsigned char *)character, n));
    return fail(p, p->at, "a formula has no %s; allowed: numbers, names, + - * / ^ ( ) , < <= > >= == !=", character);
}

/* Something other than a number, a name or a bracket stands where one is needed. */
static enum error_code fail_operand(struct parser *p)
{
    int c = next(p);
    if (c == ';')
        return fail(p, p->at, "one formula is wanted here; a ; separates those of a list");
    if (c == -1)
        return fail(p, p->at, "the formula ends too early; wanted: a number, a name or (");
    if (c == '*' && p->at > 0 && p->text[p->at - 1] == '*')
        return fail(p, p->at - 1, "a formula has no **: write x0^2 for a power");
    if (is_one_of(c, "+*/^),<>") || ((c == '=' || c == '!') && ahead(p, 1) == '='))
        return fail(p, p->at, "%c stands where a number, a name or ( is wanted", c);
    if (c == '.')
        return fail(p, p->at, "a number has digits");
    return fail_character(p);
}

/* Something follows a complete cmp, `from` its beginning, where the text should end or a bracket close. */
static enum error_code fail_behind(struct parser *p)
{
    int c = next(p);
    size_t at = p->at;
    if (begins_number(p) || begins_name(c) || c == '(')
        return fail(p, at, "an operator is missing before %s: write 2 * x0, not 2x0", c == '(' ? "(" : "this");
    if (is_one_of(c, "<>") || ((c == '=' || c == '!') && ahead(p, 1) == '='))
        return fail(p, at, "comparisons are not chained: write (x0 < x1) * (x1 < 1)");
    if (c == ',' && at > 0 && is_digit(p->text[at - 1]) && is_digit(ahead(p, 1)))
        return fail(p, at, "a decimal comma: write 1.5");
    if (c == ',')
        return fail(p, at, "a comma stands between the operands of a function only");
    if (c == ')')
        return fail(p, at, ") closes no bracket");
    return fail_operand(p);
}

/* ---- the program ---- */

static enum error_code fail_length(struct parser *p, size_t length)
{
    char bytes[32] = "";
    if (length > 0)
        snprintf(bytes, sizeof bytes, ": %zu bytes", length);
    return fail(p, 0, "the formula is too long%s; allowed: %d bytes, written with least brackets", bytes,
                FORMULA_TEXT_MAX - 1);
}

static enum error_code add_step(struct parser *p, enum formula_operation operation, size_t operand)
{
    struct formula *f = p->formula;
    if (f->n_steps == FORMULA_TEXT_MAX) /* each is a byte of text, or more */
        return fail_length(p, 0);
    f->steps[f->n_steps++] = (struct formula_step){(uint8_t)operation, (uint8_t)operand};
    return ERROR_NONE;
}

static enum error_code add_constant(struct parser *p, float value)
{
    struct formula *f = p->formula;
    if (f->n_constants == sizeof f->constants / sizeof f->constants[0])
        return fail_length(p, 0);
    f->constants[f->n_constants] = value;
    return add_step(p, FORMULA_CONSTANT, f->n_constants++);
}

static enum error_code add_input(struct parser *p, size_t input)
{
    struct formula *f = p->formula;
    f->inputs |= (uint16_t)(1u << input);
    if (input + 1 > f->n_inputs)
        f->n_inputs = (uint16_t)(input + 1);
    return add_step(p, FORMULA_INPUT, input);
}

/* ---- the rules ---- */

static enum error_code parse_cmp(struct parser *p);

static size_t number_end(const struct parser *p)
{
    size_t n = 0;
    while (is_digit(ahead(p, n)))
        n++;
    if (ahead(p, n) == '.')
        n++;
    while (is_digit(ahead(p, n)))
        n++;
    size_t sign = ahead(p, n + 1) == '-' || ahead(p, n + 1) == '+' ? 1 : 0;
    if ((ahead(p, n) == 'e' || ahead(p, n) == 'E') && is_digit(ahead(p, n + 1 + sign)))
        for (n += 1 + sign; is_digit(ahead(p, n));)
            n++;
    return p->at + n;
}

static enum error_code parse_number(struct parser *p)
{
    size_t from = p->at, end = number_end(p);
    char word[WORD_MAX];
    copy_word(p, from, end, word);
    if (end - from >= WORD_MAX)
        return fail(p, from, "a number has %zu characters; allowed: %d", end - from, WORD_MAX - 1);

    p->at = end;
    int behind = ahead(p, 0);
    if (end - from == 1 && *word == '0' && (behind == 'x' || behind == 'X') && is_in_name(ahead(p, 1)))
        return fail(p, from, "numbers are decimal: 0x is not allowed; for a product write 0 * x0");
    if (behind == '.')
        return fail(p, from, "a number has one point");
    if ((behind == 'e' || behind == 'E') && !is_in_name(ahead(p, 1)))
        return fail(p, from, "a number has digits behind its e: write 1e-3");
    if (begins_name(behind))
        return fail(p, from, "an operator is missing behind %s: write 2 * x0, not 2x0", word);

    float value = (float)strtod(word, NULL);
    bool is_zero = strspn(word, "0.") == strcspn(word, "eE");
    if (isinf(value))
        return fail(p, from, "%s is too large; allowed: up to 3.4e38", word);
    if (value == 0 && !is_zero)
        return fail(p, from, "%s is too near to 0 and would become it; allowed: 0, or from 1e-45", word);
    return add_constant(p, value);
}

/* What people call things that formulas have under another name, or write in another way. */
static const struct {
    const char *name, *remedy;
} other_names[] = {
    {"ln", "log(x0)"},
    {"pow", "x0^2"},
    {"fabs", "abs(x0)"},
    {"relu", "max(0, x0)"},
    {"heaviside", "step(x0)"},
    {"sgn", "sign(x0)"},
    {"tan", "sin(x0) / cos(x0)"},
    {"pi", "3.1415927"},
    {"e", "exp(1)"},
    {"log10", "log(x0) / 2.3025851"},
    {"log2", "log(x0) / 0.6931472"},
};

static enum error_code fail_name(struct parser *p, size_t from, const char *word)
{
    for (size_t i = 0; i < sizeof other_names / sizeof other_names[0]; i++)
        if (strcmp(word, other_names[i].name) == 0)
            return fail(p, from, "unknown name %s: write %s; allowed: " NAMES_ALLOWED, word, other_names[i].remedy);

    size_t digits = strspn(word + 1, "0123456789");
    if ((*word == 'x' || *word == 'r') && digits > 0 && word[1 + digits] == '\0')
        return fail(p, from, "unknown name %s: inputs are x0 to x15, random constants r0 to r9", word);

    char names[FORMULA_INPUTS_MAX + FORMULA_RANDOMS + FORMULA_DIALS][4];
    const char *nearest = NULL;
    for (int i = 0; i < FORMULA_INPUTS_MAX + FORMULA_RANDOMS; i++) {
        bool is_input = i < FORMULA_INPUTS_MAX;
        snprintf(names[i], sizeof names[i], is_input ? "x%d" : "r%d", is_input ? i : i - FORMULA_INPUTS_MAX);
        nearest = text_nearer(word, nearest, names[i]);
    }
    for (int i = FORMULA_ABS; i < N_FORMULA_OPERATIONS; i++)
        nearest = text_nearer(word, nearest, formula_operations[i].sign);
    static const char *const dials[FORMULA_DIALS] = {"a", "b", "c"};
    if (word[1] == '\0' && *word >= 'A' && *word < 'A' + FORMULA_DIALS) /* any letter is near to a, b and c */
        nearest = dials[*word - 'A'];
    return fail(p, from, "unknown name %s%s; allowed: " NAMES_ALLOWED, word, text_hint(nearest).words);
}

/* The operands of a function, from its bracket on. */
static enum error_code parse_function(struct parser *p, size_t from, enum formula_operation function)
{
    const struct formula_operation_row *row = &formula_operations[function];
    const char *operands = row->n_operands == 1 ? "x0" : row->n_operands == 2 ? "x0, x1" : "x0, x1, x2";
    if (next(p) != '(')
        return fail(p, from, "%s is a function: write %s(%s)", row->sign, row->sign, operands);
    for (int n = 1;; n++) {
        p->at++;
        enum error_code code = parse_cmp(p);
        if (code)
            return code;
        int c = next(p);
        if (c == -1)
            return fail(p, p->at, "the ( of %s is not closed", row->sign);
        if (c != ',' && c != ')')
            return fail_behind(p);
        if ((c == ',' && n == row->n_operands) || (c == ')' && n < row->n_operands))
            return fail(p, p->at, "%s has %d operand%s: write %s(%s), and numbers with a point", row->sign,
                        row->n_operands, row->n_operands == 1 ? "" : "s", row->sign, operands);
        if (c == ')')
            break;
    }
    p->at++;
    return add_step(p, function, 0);
}

/* The number behind the letter of x0..x15 and r0..r9 as they are written, -1 if `word` is no such name. */
static int indexed(const char *word, char letter, int n)
{
    char name[WORD_MAX];
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%c%d", letter, i);
        if (strcmp(word, name) == 0)
            return i;
    }
    return -1;
}

static enum error_code parse_name(struct parser *p)
{
    size_t from = p->at;
    while (is_in_name(ahead(p, 0)))
        p->at++;
    char word[WORD_MAX];
    copy_word(p, from, p->at, word);

    int input = indexed(word, 'x', FORMULA_INPUTS_MAX), random = indexed(word, 'r', FORMULA_RANDOMS);
    if (input >= 0)
        return add_input(p, (size_t)input);
    if (random >= 0) {
        p->formula->randoms |= (uint16_t)(1u << random);
        return add_step(p, FORMULA_RANDOM, (size_t)random);
    }
    if (strlen(word) == 1 && *word >= 'a' && *word < 'a' + FORMULA_DIALS) {
        p->formula->dials |= (uint16_t)(1u << (*word - 'a'));
        return add_step(p, FORMULA_DIAL, (size_t)(*word - 'a'));
    }
    for (enum formula_operation function = FORMULA_ABS; function < N_FORMULA_OPERATIONS; function++)
        if (strcmp(word, formula_operations[function].sign) == 0)
            return parse_function(p, from, function);
    return fail_name(p, from, word);
}

static enum error_code parse_brackets(struct parser *p)
{
    p->at++;
    enum error_code code = parse_cmp(p);
    if (code)
        return code;
    if (next(p) == -1)
        return fail(p, p->at, "a ( is not closed");
    if (next(p) != ')')
        return fail_behind(p);
    p->at++;
    return ERROR_NONE;
}

static enum error_code parse_primary(struct parser *p)
{
    int c = next(p);
    if (begins_number(p))
        return parse_number(p);
    if (begins_name(c))
        return parse_name(p);
    return c == '(' ? parse_brackets(p) : fail_operand(p);
}

static enum error_code parse_power(struct parser *p)
{
    enum error_code code = parse_primary(p);
    if (code || next(p) != '^')
        return code;
    p->at++;
    int digit = next(p);
    if (!is_digit(digit) || is_in_name(ahead(p, 1)) || ahead(p, 1) == '.')
        return fail(p, p->at, "an exponent is one digit, 0 to 9");
    p->at++;
    if (next(p) == '^')
        return fail(p, p->at, "powers are not chained: write (x0^2)^3");
    return add_step(p, FORMULA_POWER, (size_t)(digit - '0'));
}

/* unary; every way into the depth leads through here. */
static enum error_code parse_unary(struct parser *p)
{
    if (p->depth == FORMULA_DEPTH_MAX + 1)
        return fail(p, p->at, "too deep: %d brackets, functions and signs around this; allowed: %d", p->depth,
                    FORMULA_DEPTH_MAX);
    p->depth++;
    enum error_code code;
    if (next(p) == '-') {
        p->at++;
        code = parse_unary(p);
        if (!code)
            code = add_step(p, FORMULA_NEGATE, 0);
    } else {
        code = parse_power(p);
    }
    p->depth--;
    return code;
}

static enum error_code parse_product(struct parser *p)
{
    enum error_code code = parse_unary(p);
    while (!code && (next(p) == '*' || next(p) == '/')) {
        enum formula_operation operation = next(p) == '*' ? FORMULA_MULTIPLY : FORMULA_DIVIDE;
        p->at++;
        code = parse_unary(p);
        if (!code)
            code = add_step(p, operation, 0);
    }
    return code;
}

static enum error_code parse_sum(struct parser *p)
{
    enum error_code code = parse_product(p);
    while (!code && (next(p) == '+' || next(p) == '-')) {
        enum formula_operation operation = next(p) == '+' ? FORMULA_ADD : FORMULA_SUBTRACT;
        p->at++;
        code = parse_product(p);
        if (!code)
            code = add_step(p, operation, 0);
    }
    return code;
}

/* The comparison that stands next, which is stepped over, or N_FORMULA_OPERATIONS. */
static enum formula_operation take_comparison(struct parser *p)
{
    enum formula_operation found = N_FORMULA_OPERATIONS;
    size_t found_length = 0;
    next(p);
    for (enum formula_operation i = FORMULA_LESS; i <= FORMULA_UNEQUAL; i++) {
        size_t length = strlen(formula_operations[i].sign);
        if (length > found_length && p->length - p->at >= length &&
            memcmp(p->text + p->at, formula_operations[i].sign, length) == 0) {
            found = i;
            found_length = length;
        }
    }
    p->at += found_length;
    return found;
}

static enum error_code parse_cmp(struct parser *p)
{
    enum error_code code = parse_sum(p);
    if (code)
        return code;
    enum formula_operation comparison = take_comparison(p);
    if (comparison == N_FORMULA_OPERATIONS)
        return ERROR_NONE;
    code = parse_sum(p);
    return code ? code : add_step(p, comparison, 0);
}

enum error_code formula_parse(const char *text, size_t length, struct formula *formula, int *column,
                              struct error *error)
{
    struct parser p = {.text = text, .length = length, .formula = formula, .column = column, .error = error};
    memset(formula, 0, sizeof *formula);
    if (next(&p) == -1)
        return fail(&p, 0, "the formula is empty; wanted: one such as x0 + x1");
    enum error_code code = parse_cmp(&p);
    if (code)
        return code;
    if (next(&p) != -1)
        return fail_behind(&p);
    size_t text_length = formula_write_text(formula);
    if (text_length >= FORMULA_TEXT_MAX)
        return fail_length(&p, text_length);
    return ERROR_NONE;
}
