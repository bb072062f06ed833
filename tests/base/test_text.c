/* What base/ knows of text, numbers and time. */
#include "clock.h"
#include "json.h"
#include "numbers.h"
#include "text.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int length_of(const char *text)
{
    return utf8_length((const unsigned char *)text);
}

/* Every sequence of up to four bytes that RFC 3629 allows, by encoding every character; and what it does not. */
static void utf8(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        unsigned char s[5] = {0};
        int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        uint32_t rest = c;
        for (int i = n - 1; i > 0; i--, rest >>= 6)
            s[i] = (unsigned char)(0x80 | (rest & 0x3f));
        s[0] = (unsigned char)(n == 1 ? rest : ((0xf00u >> n) & 0xff) | rest);
        bool is_surrogate = c >= 0xd800 && c < 0xe000;
        assert_int_equal(utf8_length(s), is_surrogate ? 0 : n);
        if (!is_surrogate)
            assert_int_equal(utf8_decode(s, n), c);
        for (int cut = 1; cut < n; cut++) { /* unfinished */
            unsigned char kept = s[cut];
            s[cut] = 0;
            assert_int_equal(utf8_length(s), 0);
            s[cut] = kept;
        }
    }
    static const char *const none[] = {"\x80",
                                       "\xbf",
                                       "\xc0\x80",
                                       "\xc1\xbf",
                                       "\xe0\x9f\xbf",
                                       "\xed\xa0\x80",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xff",
                                       "\xc3(",
                                       "\xe2\x82("};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(length_of(none[i]), 0);
}

static void lines(void **state)
{
    (void)state;
    char text[] = "Z\xc3\xbcrich\n\t\x7f \xff\xe2\x82 end", same[sizeof text];
    memcpy(same, text, sizeof text);
    assert_true(text_is_line("") && text_is_line("Z\xc3\xbcrich \xf0\x9f\x98\x80"));
    assert_false(text_is_line("two\nlines") || text_is_line("\x7f") || text_is_line("a\xc3") || text_is_line(text));
    text_make_line(text);
    assert_string_equal(text, "Z\xc3\xbcrich??? ??? end");
    assert_true(text_is_line(text));
    text_make_utf8(same); /* control characters are UTF-8 */
    assert_string_equal(same, "Z\xc3\xbcrich\n\t\x7f ??? end");
}

static void texts_in_json(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    json_text(out, "Z\xc3\xbcrich \"a\\b\"\n\x1b\x7f \xff\xe2\x82 \xe9");
    json_text(out, "");
    fclose(out);
    assert_string_equal(text, "\"Z\xc3\xbcrich \\\"a\\\\b\\\"\\u000a\\u001b\\u007f ??? ?\"\"\"");
    free(text);
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        double n_bytes;
        const char *words;
    } cases[] = {{0, "0 B"},       {999, "999 B"},      {999.5, "1 kB"},    {1000, "1 kB"},    {999499, "999 kB"},
                 {999500, "1 MB"}, {12.8e9, "12.8 GB"}, {4.6e18, "4.6 EB"}, {2e21, "2e+03 EB"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(text_size(cases[i].n_bytes).words, cases[i].words);
}

static void names(void **state)
{
    (void)state;
    char far[65];
    memset(far, 'x', 64);
    far[64] = '\0';
    assert_string_equal(text_nearer("gird", NULL, "grid"), "grid");
    assert_string_equal(text_nearer("gird", "grid", "gird"), "gird");
    assert_string_equal(text_nearer("ab", "ax", "xb"), "ax"); /* as near: the first */
    assert_null(text_nearer("gird", NULL, "momentum"));
    assert_null(text_nearer(far, NULL, far)); /* too long to compare */
    assert_string_equal(text_hint("grid").words, "; did you mean grid?");
    assert_string_equal(text_hint(NULL).words, "");
}

static void places(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbfz\xc3\xbcrich = 1;\n\nseed = 2;";
    static const struct {
        size_t offset;
        int line, column;
    } known[] = {{0, 1, 1},  {3, 1, 1},  {4, 1, 2},  {6, 1, 3},   {15, 1, 12},
                 {16, 2, 1}, {17, 3, 1}, {24, 3, 8}, {999, 3, 10}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct text_place place = text_place(text, known[i].offset);
        assert_int_equal(place.line, known[i].line);
        assert_int_equal(place.column, known[i].column);
    }
}

static void integers(void **state)
{
    (void)state;
    int64_t integer = -1;
    assert_true(SEED_MAX == INT64_C(9007199254740991));
    assert_true(number_is_integer((double)SEED_MAX, &integer) && integer == SEED_MAX);
    assert_true(number_is_integer(-(double)SEED_MAX, &integer) && integer == -SEED_MAX);
    assert_true(number_is_integer(-0.0, &integer) && integer == 0);
    const double others[] = {0x1p53, -0x1p53, 0.5, 1e300, HUGE_VAL, -HUGE_VAL, nan("")};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_true(!number_is_integer(others[i], &integer) && integer == 0);
}

static void order(void **state)
{
    (void)state;
    double values[] = {2, -INFINITY, 0.1, 1e300, -3, 2}, sorted[] = {-INFINITY, -3, 0.1, 2, 2, 1e300};
    qsort(values, sizeof values / sizeof values[0], sizeof values[0], number_compare);
    assert_memory_equal(values, sorted, sizeof values);
}

static void times(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_MAX];
    clock_text(1769860800.9, text);
    assert_string_equal(text, "2026-01-31T12:00:00Z");
    clock_text(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    const double none[] = {-1, 1e12, HUGE_VAL, nan("")};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        clock_text(none[i], text);
        assert_string_equal(text, "?");
    }
    struct timespec time = clock_timespec(2.25);
    assert_true(time.tv_sec == 2 && time.tv_nsec == 250000000);
    double before_s = clock_s();
    assert_true(clock_s() >= before_s && clock_cpu_s() >= 0);
    assert_true(clock_calendar_s() > 1.7e9);
}

/* Decimals are short, and each reads back to the same bits: random floats and doubles of all sizes, subnormal ones too.
 */
static void decimals(void **state)
{
    (void)state;
    char text[NUMBER_TEXT_MAX];
    number_text_float(0.426f, text);
    assert_string_equal(text, "0.426");
    number_text_float(0.1234567f, text);
    assert_string_equal(text, "0.1234567");
    number_text_float(-FLT_MAX, text);
    assert_string_equal(text, "-3.4028235e+38");
    number_text(0.426, text);
    assert_string_equal(text, "0.426");
    number_text(10, text);
    assert_string_equal(text, "10");
    number_text(-1e6, text);
    assert_string_equal(text, "-1000000");
    number_text(123456789012345, text);
    assert_string_equal(text, "123456789012345");
    number_text(1e15, text);
    assert_string_equal(text, "1e+15");
    number_text(-DBL_TRUE_MIN, text);
    assert_true(strtod(text, NULL) == -DBL_TRUE_MIN && strlen(text) < 16);
    assert_true(number_percent(8999, 9000) == 99.9 && number_percent(9000, 9000) == 100 &&
                number_percent(1, 8) == 12.5);
    uint64_t bits = 1;
    for (int i = 0; i < 100000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        float f, f_back;
        double d, d_back;
        memcpy(&f, (const char *)&bits + 4, sizeof f);
        memcpy(&d, &bits, sizeof d);
        number_text_float(f, text);
        f_back = strtof(text, NULL);
        assert_true(isnan(f) ? isnan(f_back) : f == f_back && !signbit(f) == !signbit(f_back));
        number_text(d, text);
        d_back = strtod(text, NULL);
        assert_true(isnan(d) ? isnan(d_back) : d == d_back && !signbit(d) == !signbit(d_back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8),          cmocka_unit_test(lines),    cmocka_unit_test(sizes), cmocka_unit_test(names),
        cmocka_unit_test(integers),      cmocka_unit_test(decimals), cmocka_unit_test(times), cmocka_unit_test(places),
        cmocka_unit_test(texts_in_json), cmocka_unit_test(order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
