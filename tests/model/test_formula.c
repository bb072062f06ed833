/* Formulas: grammar, canonical text, errors, and values against NumPy's (tests/reference/formulas.py). */
#include "formula.h"

#include "random_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h comes after the headers it needs */
#include <cmocka.h>

enum { N_POINTS = 24, N_INPUTS = 4, LINE_MAX_BYTES = 4096 };

static struct formula parsed(const char *text)
{
    struct formula formula;
    struct error error = {0};
    int column = 0;
    if (formula_parse(text, strlen(text), &formula, &column, &error))
        fail_msg("%s: column %d: %s", text, column, error.message);
    return formula;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static bool same_bits(float a, float b)
{
    return bits_of(a) == bits_of(b) || (isnan(a) && isnan(b));
}

/* The formula's value where x0..x3 are these, dials 1 and random constants 0. */
static float value_at(const char *text, float x0, float x1)
{
    const struct formula formula = parsed(text);
    const struct formula_values values = {.dials = {1, 1, 1}};
    const float x[N_INPUTS] = {x0, x1, 0.25f, -2};
    float target;
    formula_evaluate(&formula, &values, 1, N_INPUTS, x, &target);
    return target;
}

/* ---- against NumPy ---- */

static void read_floats(char *line, int n, float *numbers)
{
    for (int i = 0; i < n; i++) {
        char *end;
        numbers[i] = strtof(line, &end);
        assert_ptr_not_equal(end, line);
        line = end;
    }
}

static void check_values(const struct formula *formula, const struct formula_values *values, const float *x,
                         const float *expected)
{
    float target[N_POINTS];
    size_t finite = formula_evaluate(formula, values, N_POINTS, N_INPUTS, x, target);
    for (size_t i = 0; i < N_POINTS; i++) {
        if (!same_bits(target[i], expected[i]))
            fail_msg("%s at point %zu: %a, not %a", formula->text, i, (double)target[i], (double)expected[i]);
        assert_true(i < finite ? isfinite(target[i]) : i > finite || !isfinite(target[i]));
    }
}

static void test_values(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_SOURCE_DIR "/reference/data/formulas.txt", "r");
    assert_non_null(file);
    char line[LINE_MAX_BYTES];
    float numbers[FORMULA_DIALS + FORMULA_RANDOMS], x[N_POINTS * N_INPUTS], expected[N_POINTS];
    struct formula_values values = {0};
    int n_points = 0, n_formulas = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "values ", 7) == 0) {
            read_floats(line + 7, FORMULA_DIALS + FORMULA_RANDOMS, numbers);
            memcpy(values.dials, numbers, sizeof values.dials);
            memcpy(values.randoms, numbers + FORMULA_DIALS, sizeof values.randoms);
        } else if (strncmp(line, "point ", 6) == 0) {
            read_floats(line + 6, N_INPUTS, x + N_INPUTS * n_points++);
        } else {
            assert_memory_equal(line, "formula ", 8);
            struct formula formula = parsed(line + 8), again = parsed(formula.text);
            assert_non_null(fgets(line, sizeof line, file));
            read_floats(line, N_POINTS, expected);
            check_values(&formula, &values, x, expected);
            check_values(&again, &values, x, expected);
            assert_string_equal(again.text, formula.text);
            n_formulas++;
        }
    }
    fclose(file);
    assert_int_equal(n_points, N_POINTS);
    assert_true(n_formulas > 150);
}

/* Any number of samples, with inputs that the formula does not use: the blocks' ends are as their middles. */
static void test_blocks(void **state)
{
    (void)state;
    enum { N_MAX = 200 };
    const struct formula formula = parsed("x0 / x1 + tanh(x0) * a^2");
    const struct formula_values values = {.dials = {3, 0, 0}};
    for (int n_inputs = 2; n_inputs <= 16; n_inputs += 7)
        for (size_t n = 0; n <= N_MAX; n += n < 70 ? 1 : 43) {
            float x[N_MAX * 16], target[N_MAX + 1], one;
            for (size_t i = 0; i < n * (size_t)n_inputs; i++)
                x[i] = (float)(i + 1) / 7;
            target[n] = 42;
            assert_int_equal(formula_evaluate(&formula, &values, n, n_inputs, x, target), n);
            for (size_t i = 0; i < n; i++) {
                formula_evaluate(&formula, &values, 1, n_inputs, x + i * (size_t)n_inputs, &one);
                assert_true(same_bits(one, target[i]));
            }
            assert_true(target[n] == 42);
            if (n > 65) { /* the first of several that are not finite */
                x[65 * n_inputs + 1] = x[66 * n_inputs + 1] = 0;
                assert_int_equal(formula_evaluate(&formula, &values, n, n_inputs, x, target), 65);
            }
        }
}

/* ---- canonical text ---- */

static void test_canonical(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"x0", "x0"},
        {"\t x0+x1 \r\n", "x0 + x1"},
        {"x0 +x1* x2", "x0 + x1 * x2"},
        {"((x0)+((x1)))", "x0 + x1"},
        {"(x0+x1)+x2", "x0 + x1 + x2"},
        {"x0+(x1+x2)", "x0 + (x1 + x2)"},
        {"x0-(x1-x2)", "x0 - (x1 - x2)"},
        {"(x0*x1)/x2", "x0 * x1 / x2"},
        {"x0*(x1/x2)", "x0 * (x1 / x2)"},
        {"x0+(x1*x2)", "x0 + x1 * x2"},
        {"(x0+x1)*x2", "(x0 + x1) * x2"},
        {"-x0^2", "-x0^2"},
        {"-(x0^2)", "-x0^2"},
        {"(-x0)^2", "(-x0)^2"},
        {"(x0^2)^3", "(x0^2)^3"},
        {"(x0)^ 2", "x0^2"},
        {"2^2", "2^2"},
        {"sin(x0)^2", "sin(x0)^2"},
        {"(-x0)*x1", "-x0 * x1"},
        {"-(x0*x1)", "-(x0 * x1)"},
        {"x0*(-x1)", "x0 * -x1"},
        {"x0 - (-x1)", "x0 - -x1"},
        {"- - x0", "--x0"},
        {"-(-(x0))", "--x0"},
        {"x0<x1", "x0 < x1"},
        {"x0 < =x1", NULL},
        {"(x0<x1)<x2", "(x0 < x1) < x2"},
        {"x0<(x1<x2)", "x0 < (x1 < x2)"},
        {"(x0+1)>=(x1*2)", "x0 + 1 >= x1 * 2"},
        {"(x0<x1)+1", "(x0 < x1) + 1"},
        {"x0==x1", "x0 == x1"},
        {"x0!=x1", "x0 != x1"},
        {"x0<=x1", "x0 <= x1"},
        {"min((x0<x1),(x2))", "min(x0 < x1, x2)"},
        {"if ( x0 , x1,x2 )", "if(x0, x1, x2)"},
        {"clamp(x0,-1,+1)", NULL},
        {"a*x0+b*x1+c*r9", "a * x0 + b * x1 + c * r9"},
        {"1.50", "1.5"},
        {".5", "0.5"},
        {"5.", "5"},
        {"0", "0"},
        {"0.000", "0"},
        {"0e99", "0"},
        {"1E3", "1000"},
        {"1e+3", "1000"},
        {"1e-3", "0.001"},
        {"00012.5", "12.5"},
        {"0.1", "0.1"},
        {"0.1000000001", "0.1"}, /* the same float */
        {"16777217", "16777216"},
        {"123456789", "123456790"},
        {"1e8", "100000000"},
        {"1e9", "1e9"},
        {"1.25e10", "1.25e10"},
        {"0.00001", "0.00001"},
        {"0.000001", "1e-6"},
        {"3.4028235e38", "3.4028235e38"},
        {"1e-45", "1e-45"},
        {"1.17549435e-38", "1.1754944e-38"},
        {"2e-1x", NULL},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct formula formula;
        struct error error;
        int column;
        enum error_code code = formula_parse(texts[i][0], strlen(texts[i][0]), &formula, &column, &error);
        assert_int_equal(code, texts[i][1] ? ERROR_NONE : ERROR_INPUT);
        if (texts[i][1])
            assert_string_equal(formula.text, texts[i][1]);
    }
}

/* What the grammar says of values; the reference has the rest. */
static void test_meaning(void **state)
{
    (void)state;
    assert_true(value_at("-x0^2", 3, 0) == -9);
    assert_true(value_at("0 * x0 + x1^0", 1, NAN) == 1);
    assert_true(value_at("if(x0, 1, 2)", NAN, 0) == 1); /* not 0 */
    assert_true(value_at("if(-0, 1, 2)", 0, 0) == 2);
    assert_true(value_at("if(x1, log(-1), 5)", 0, 0) == 5);
    assert_true(value_at("min(x0, x1)", 1, NAN) == 1); /* b < a ? b : a */
    assert_true(isnan(value_at("min(x0, x1)", NAN, 1)));
    assert_true(value_at("max(x0, x1)", 1, NAN) == 1);
    assert_true(signbit(value_at("min(x0, x1)", -0.0f, 0)));
    assert_false(signbit(value_at("sign(x0)", -0.0f, 0)));
    assert_true(value_at("step(x0)", -0.0f, 0) == 1);
    assert_true(isnan(value_at("sign(x0)", NAN, 0)));
    assert_true(value_at("clamp(x0, 1, 0)", 5, 0) == 0);
    assert_true(value_at("0.1 * x0 + 0.2 * x0", 0.3f, 0) == 0.1f * 0.3f + 0.2f * 0.3f);
}

/* A random formula with brackets and blanks that are not needed, appended to text. */
static void random_formula(int depth, char *text, size_t size)
{
    static const char *const leaves[] = {"x0", "x1", "x2",    "x3",      "a",    "b",    "r3",
                                         "2",  ".5", "1e-40", "1.1e+30", "0.10", "1234", "99999.9"};
    static const char *const binary[] = {"+", " - ", "*", " /", "<", "<=", ">", " >= ", "==", "!="};
    static const char *const functions[] = {"abs(", "sqrt(", "floor(", "sign(", "step(", "sin(", "tanh("};
    size_t used = strlen(text);
    int kind = depth > 5 ? 0 : (int)random_below(8);
    if (kind < 2) {
        snprintf(text + used, size - used, "%s", leaves[random_below(sizeof leaves / sizeof leaves[0])]);
        return;
    }
    bool in_brackets = random_below(3) > 0;
    strncat(text, in_brackets ? "( " : "", size - used - 1);
    if (kind < 6) {
        random_formula(depth + 1, text, size);
        strncat(text, binary[random_below(sizeof binary / sizeof binary[0])], size - strlen(text) - 1);
        random_formula(depth + 1, text, size);
    } else if (kind == 6) {
        strncat(text, functions[random_below(sizeof functions / sizeof functions[0])], size - strlen(text) - 1);
        random_formula(depth + 1, text, size);
        strncat(text, ")", size - strlen(text) - 1);
    } else {
        bool is_power = random_below(2) > 0;
        strncat(text, is_power ? "" : "-", size - strlen(text) - 1);
        random_formula(depth + 1, text, size);
        strncat(text, is_power ? "^3" : "", size - strlen(text) - 1);
    }
    strncat(text, in_brackets ? ")" : "", size - strlen(text) - 1);
}

static bool same_program(const struct formula *a, const struct formula *b)
{
    if (a->n_steps != b->n_steps || memcmp(a->steps, b->steps, a->n_steps * sizeof a->steps[0]) != 0)
        return false;
    for (int i = 0; i < a->n_constants; i++)
        if (!same_bits(a->constants[i], b->constants[i]))
            return false;
    return a->n_constants == b->n_constants;
}

/* Without any one pair of brackets that is no function's, the text says something else, or nothing. */
static void check_least_brackets(const struct formula *formula)
{
    for (const char *open = formula->text; (open = strchr(open, '(')); open++) {
        if (open > formula->text && open[-1] >= 'a' && open[-1] <= 'z')
            continue;
        const char *close = open;
        for (int depth = 0; close == open || depth > 0; close++)
            depth += *close == '(' ? 1 : *close == ')' ? -1 : 0;
        char without[FORMULA_TEXT_MAX];
        snprintf(without, sizeof without, "%.*s%.*s%s", (int)(open - formula->text), formula->text,
                 (int)(close - open - 2), open + 1, close);
        struct formula other;
        struct error error;
        int column;
        if (!formula_parse(without, strlen(without), &other, &column, &error) && same_program(formula, &other))
            fail_msg("%s could be written %s", formula->text, without);
    }
}

static void test_canonical_random(void **state)
{
    (void)state;
    int n_parsed = 0;
    for (int i = 0; i < 20000; i++) {
        char text[2000] = "";
        struct formula formula, again;
        struct error error;
        int column;
        random_formula(0, text, sizeof text);
        if (formula_parse(text, strlen(text), &formula, &column, &error))
            continue; /* a chained comparison, or too long */
        again = parsed(formula.text);
        assert_string_equal(again.text, formula.text);
        assert_true(same_program(&formula, &again));
        assert_true(formula_equal(&formula, &again));
        assert_true(strlen(formula.text) < FORMULA_TEXT_MAX);
        check_least_brackets(&formula);
        n_parsed++;
    }
    assert_true(n_parsed > 5000);
}

/* Every finite float can be written, and read back; with no digit too many. */
static void test_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < 50000; i++) {
        uint32_t bits = (uint32_t)random_bits() & 0x7fffffff;
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char words[FORMULA_NUMBER_MAX];
        const struct formula formula = parsed(formula_number(value, words));
        assert_true(same_bits(formula.constants[0], value));
        assert_string_equal(formula.text, words);
        int n_digits = 0;
        for (const char *c = words; *c && *c != 'e'; c++)
            n_digits += *c >= '0' && *c <= '9' && (n_digits > 0 || *c != '0');
        char shorter[40];
        snprintf(shorter, sizeof shorter, "%.*e", n_digits > 1 ? n_digits - 2 : 0, (double)value);
        if (n_digits > 1 && !strchr(words, '0'))
            assert_false(same_bits((float)strtod(shorter, NULL), value));
        assert_true(same_bits(-value, (float)strtod(formula_number(-value, words), NULL)));
    }
}

/* ---- what formulas use ---- */

static void test_uses(void **state)
{
    (void)state;
    struct formula formula = parsed("x1 + x3 * b - r0 + x3 / r9");
    assert_int_equal(formula.n_inputs, 4);
    assert_int_equal(formula.inputs, 0xa);
    assert_int_equal(formula.dials, 2);
    assert_int_equal(formula.randoms, 0x201);
    formula = parsed("a + 1");
    assert_int_equal(formula.n_inputs, 0);
    formula = parsed("x15");
    assert_int_equal(formula.n_inputs, 16);

    const struct formula_values values = {.dials = {1.5f, -2, 0}, .randoms = {[9] = 0.1f}};
    const float x[4] = {0, 0.25f, 7, 1e-7f};
    char words[FORMULA_POINT_MAX];
    formula = parsed("x1 + x3 * b - r9");
    assert_string_equal(formula_point(&formula, &values, x, words), "x1 = 0.25, x3 = 1e-7, b = -2, r9 = 0.1");
    formula = parsed("3");
    assert_string_equal(formula_point(&formula, &values, x, words), "");
}

/* ---- errors ---- */

static void check_error(const char *text, size_t length, int expected_column, const char *part)
{
    struct formula formula;
    struct error error = {0};
    int column = -1;
    /* On the heap and of the exact size, so that a sanitizer sees what reads past it. */
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    enum error_code code = formula_parse(copy, length, &formula, &column, &error);
    free(copy);
    if (code != ERROR_INPUT || column != expected_column || !strstr(error.message, part) ||
        strchr(error.message, '\n') || strlen(error.message) > 300)
        fail_msg("%.80s: code %d, column %d (not %d), \"%s\" (wanted: %s)", text, code, column, expected_column,
                 error.message, part);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int column;
        const char *part;
    } cases[] = {
        {"", 1, "empty"},
        {" \t ", 1, "empty"},
        {"x0 +", 5, "too early"},
        {"x0; x1", 3, "one formula"},
        {"; x1", 1, "one formula"},
        {"x16", 1, "inputs are x0 to x15"},
        {"1 + x99", 5, "inputs are x0 to x15"},
        {"r10", 1, "random constants r0 to r9"},
        {"x01", 1, "unknown name x01"},
        {"x0 + tahn(x1)", 6, "did you mean tanh?"},
        {"SIN(x0)", 1, "did you mean sin?"},
        {"squrt(x0)", 1, "did you mean sqrt?"},
        {"X1", 1, "did you mean x1?"},
        {"A * x0", 1, "did you mean a?"},
        {"x_1", 1, "did you mean x1?"},
        {"y", 1, "unknown name y; allowed: x0 to x15, a, b, c, r0 to r9"},
        {"ln(x0)", 1, "write log(x0)"},
        {"pow(x0, 2)", 1, "write x0^2"},
        {"2x0", 1, "2 * x0"},
        {"x0 + 2.5e3x1", 6, "2 * x0"},
        {"2(x0)", 2, "operator is missing"},
        {"2 x0", 3, "operator is missing"},
        {"x0 x1", 4, "operator is missing"},
        {"(x0)(x1)", 5, "operator is missing"},
        {"x0 2", 4, "operator is missing"},
        {"x0(1)", 3, "operator is missing"},
        {"(x0 x1)", 5, "operator is missing"},
        {"x0**2", 3, "write x0^2"},
        {"x0 ** x1", 4, "write x0^2"},
        {"x0 * * x1", 6, "* stands where"},
        {"1,5 * x0", 2, "decimal comma"},
        {"(1,5) * x0", 3, "decimal comma"},
        {"sqrt(1,5)", 7, "1 operand"},
        {"max(1,5, x0)", 8, "with a point"},
        {"min(x0)", 7, "2 operands"},
        {"if(x0, x1)", 10, "3 operands"},
        {"x0, x1", 3, "a function only"},
        {"x0 < x1 < x2", 9, "not chained"},
        {"x0 == x1 != x2", 10, "not chained"},
        {"(x0 < x1 < x2)", 10, "not chained"},
        {"max(x0 < x1 < x2, 1)", 13, "not chained"},
        {"x0^2^3", 5, "(x0^2)^3"},
        {"x0^10", 4, "one digit"},
        {"x0^-1", 4, "one digit"},
        {"x0^2.5", 4, "one digit"},
        {"x0^x1", 4, "one digit"},
        {"x0^(2)", 4, "one digit"},
        {"x0^", 4, "one digit"},
        {"x0^2x1", 4, "one digit"},
        {"+x0", 1, "+ stands where"},
        {"x0 + + x1", 6, "+ stands where"},
        {"x0 + / x1", 6, "/ stands where"},
        {"<= x0", 1, "< stands where"},
        {"(", 2, "too early"},
        {"(x0", 4, "not closed"},
        {"sin(x0", 7, "not closed"},
        {"sin()", 5, ") stands where"},
        {"max(x0,)", 8, ") stands where"},
        {"max(,x0)", 5, ", stands where"},
        {"()", 2, ") stands where"},
        {")", 1, ") stands where"},
        {"x0)", 3, "closes no bracket"},
        {"sin", 1, "write sin(x0)"},
        {"max + 1", 1, "write max(x0, x1)"},
        {"sin x0", 1, "write sin(x0)"},
        {"0x1", 1, "decimal"},
        {"0X1F", 1, "decimal"},
        {"1.2.3", 1, "one point"},
        {"1..2", 1, "one point"},
        {".", 1, "digits"},
        {"x0 + .", 6, "digits"},
        {"1e", 1, "behind its e"},
        {"1e+", 1, "behind its e"},
        {"1e * x0", 1, "behind its e"},
        {"1e39", 1, "too large"},
        {"x0 - 1e999", 6, "too large"},
        {"3.4028236e38", 1, "too large"},
        {"1e-46", 1, "too near to 0"},
        {"1e-400", 1, "too near to 0"},
        {"0.0000000000000000000000000000000000000000000000001", 1, "too near to 0"},
        {"x0 = x1", 4, "write =="},
        {"x0 =< x1", 4, "write =="},
        {"x0 ! x1", 4, "has no !"},
        {"x0 & x1", 4, "has no &"},
        {"x0 % 2", 4, "has no %"},
        {"%s%s%n%d", 1, "has no %"},
        {"%.9999999f", 1, "has no %"},
        {"x0 + %n", 6, "has no %"},
        {"\"x0\"", 1, "has no \""},
        {"[x0]", 1, "write ("},
        {"x0 × x1", 4, "write *"},
        {"x0 − x1", 4, "write -"},
        {"x0²", 3, "write ^2"},
        {"x0 ≤ x1", 4, "write <="},
        {"µ", 1, "has no µ (U+00B5);"},
        {"x0 +\xc2\xa0x1", 5, "(U+00A0);"},
        {"x0 + \xff", 6, "byte 0xff"},
        {"x0 + \xc3", 6, "byte 0xc3"},
        {"\xed\xa0\x80", 1, "not UTF-8"},
        {"x0\x01", 3, "character code 1;"},
        {"x0 + \x7f", 6, "character code 127"},
        {"name: x0", 1, "unknown name name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_error(cases[i].text, strlen(cases[i].text), cases[i].column, cases[i].part);
    check_error("x0\0 + x1", 8, 3, "character code 0");
    check_error("\0", 1, 1, "character code 0");
}

/* `n` times `front`, the middle, `n` times `back`. */
static const char *nested(int n, const char *front, const char *middle, const char *back)
{
    static char text[20000];
    size_t used = 0;
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", front);
    used += (size_t)snprintf(text + used, sizeof text - used, "%s", middle);
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", back);
    return text;
}

static void check_limit(const char *text, int column, const char *part)
{
    check_error(text, strlen(text), column, part);
}

static void test_limits(void **state)
{
    (void)state;
    assert_string_equal(parsed(nested(FORMULA_DEPTH_MAX, "(", "x0", ")")).text, "x0");
    check_limit(nested(FORMULA_DEPTH_MAX + 1, "(", "x0", ")"), FORMULA_DEPTH_MAX + 2, "allowed: 64");
    check_limit(nested(1000, "(", "x0", ")"), FORMULA_DEPTH_MAX + 2, "allowed: 64");
    check_limit(nested(1000, "(", "", ""), FORMULA_DEPTH_MAX + 2, "allowed: 64");
    parsed(nested(FORMULA_DEPTH_MAX, "-", "x0", ""));
    check_limit(nested(FORMULA_DEPTH_MAX + 1, "-", "x0", ""), FORMULA_DEPTH_MAX + 2, "allowed: 64");
    check_limit(nested(1000, "sin(", "x0", ")"), 4 * (FORMULA_DEPTH_MAX + 1) + 1, "allowed: 64");
    check_limit(nested(1000, ")", "x0", "("), 1, ") stands where");

    assert_int_equal(strlen(parsed(nested(50, "x0 + ", "12345", "")).text), FORMULA_TEXT_MAX - 1);
    check_limit(nested(50, "x0 + ", "123456", ""), 1, "256 bytes; allowed: 255 bytes");
    check_limit(nested(3500, "x0+", "x0", ""), 1, "too long");
    check_limit(nested(120, "if(1,1,", "1", ""), 7 * FORMULA_DEPTH_MAX + 4, "allowed: 64");
    check_limit(nested(60, "if(1,1,", "1", ")"), 1, "too long");
    check_limit(nested(5000, "x0", "", ""), 1, "unknown name x0x0");
    check_limit(nested(10000, "1", "", ""), 1, "10000 characters");
    assert_string_equal(parsed(nested(10000, " ", "x0", "")).text, "x0");

    /* The most operands that can wait. */
    const struct formula deepest = parsed(nested(11, "a<b+c*if(b,c,", "x0", ")"));
    const struct formula_values values = {.dials = {2, 1, 3}};
    float x = 5, target;
    assert_int_equal(formula_evaluate(&deepest, &values, 1, 1, &x, &target), 1);
    assert_true(target == 1);
}

int main(void)
{
    random_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),  cmocka_unit_test(test_blocks),           cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_meaning), cmocka_unit_test(test_canonical_random), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_uses),    cmocka_unit_test(test_errors),           cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
