/* What the figures are put together from: text in scripts, places on the page. Whole figures: check_analyse.py. */
#include "gnuplot.h"
#include "layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_written(const char *text, const char *expected)
{
    char *written = NULL;
    size_t n;
    FILE *stream = open_memstream(&written, &n);
    gnuplot_write_string(stream, text);
    fclose(stream);
    assert_string_equal(written, expected);
    free(written);
}

static void strings_are_quoted(void **state)
{
    (void)state;
    assert_written("", "''");
    assert_written("plain, with \"these\" \\n `ls` $x @y", "'plain, with \"these\" \\n `ls` $x @y'");
    assert_written("it's ''", "'it''s '''''");
    assert_written("a\nb\tc\x7f", "'a b c '");
    assert_written("\xc2\x85", "' '"); /* a control character of two bytes */
    assert_written("\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x98\x80", "'\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x98\x80'");
}

static void strings_are_utf8(void **state)
{
    (void)state;
    assert_written("\xff", "'?'");
    assert_written("a\x80z", "'a?z'");
    /* Question marks stand apart because two of them start a trigraph. */
    assert_written("\xc3", "'?'"); /* ends too early */
    assert_written("\xe2\x98", "'?"
                               "?'");
    assert_written("\xc0\xaf", "'?"
                               "?'"); /* overlong */
    assert_written("\xe0\x80\xaf", "'?"
                                   "?"
                                   "?'");
    assert_written("\xed\xa0\x80", "'?"
                                   "?"
                                   "?'"); /* surrogate */
    assert_written("\xf4\x90\x80\x80", "'?"
                                       "?"
                                       "?"
                                       "?'"); /* beyond U+10FFFF */
    assert_written("\xc3'", "'?'''");         /* the quote after a broken sequence is still a quote */
}

static void data_are_quoted(void **state)
{
    (void)state;
    char *written = NULL;
    size_t n;
    FILE *stream = open_memstream(&written, &n);
    gnuplot_write_datum(stream, "a \"b\" 'c' `d` \xff\n");
    fclose(stream);
    assert_string_equal(written, "\"a 'b' 'c' `d` ? \"");
    free(written);
}

static void names_of_figures(void **state)
{
    (void)state;
    struct error error;
    const char *good[] = {"a.svg", "a.png", "a.pdf", "dir/a.b.svg", "/x/.y.png"};
    const char *bad[] = {"", "a", ".svg", "dir/.svg", "a.SVG", "a.svg.gz", "a.gp", "svg"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(gnuplot_check_name(good[i], &error), ERROR_NONE);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(gnuplot_check_name(bad[i], &error), ERROR_INPUT);
        assert_non_null(strstr(error.message, ".svg, .png or .pdf"));
    }
}

static void labels_are_wrapped(void **state)
{
    (void)state;
    static char lines[LAYOUT_LINES_MAX][LABEL_MAX];
    assert_int_equal(layout_wrap("a = 1, b = 2", 1000, 10, lines), 1);
    assert_string_equal(lines[0], "a = 1, b = 2");
    assert_int_equal(layout_wrap("a = 1, b = 2", 60, 10, lines), 2);
    assert_string_equal(lines[0], "a = 1, ");
    assert_string_equal(lines[1], "b = 2");
    /* What cannot be broken stays whole; what is too much is cut. */
    assert_int_equal(layout_wrap("a_very_long_name = 12345", 20, 10, lines), 1);
    assert_string_equal(lines[0], "a_very_long_name = 12345");
    assert_int_equal(layout_wrap("a = 1, b = 2, c = 3, d = 4, e = 5", 20, 10, lines), LAYOUT_LINES_MAX);
    assert_string_equal(lines[3], "d = 4, ...");
    assert_int_equal(layout_wrap("", 20, 10, lines), 1);
    assert_string_equal(lines[0], "");
}

static void assert_step(double range, int n_max, double expected)
{
    double step = layout_step(range, n_max);
    if (step < expected * (1 - 1e-12) || step > expected * (1 + 1e-12))
        fail_msg("step %.17g of %g in %d, expected %g", step, range, n_max, expected);
}

static void steps_of_axes(void **state)
{
    (void)state;
    assert_step(10, 6, 2);
    assert_step(10, 10, 1);
    assert_step(11, 10, 2);
    assert_step(0.47, 3, 0.2);
    assert_step(0.3, 3, 0.1);
    assert_step(3000, 6, 500);
    assert_step(1, 6, 0.2);
    assert_step(70, 6, 20);
    assert_step(1e-7, 5, 2e-8);
    /* No other step of the series fits more finely. */
    for (int i = 1; i < 1000; i++) {
        double step = layout_step(i, 6);
        assert_true(i / step <= 6 + 1e-9);
        assert_true(i / step > 6 / 2.5 - 1e-9);
    }
}

static void layers_in_words(void **state)
{
    (void)state;
    char text[LABEL_MAX];
    layout_layers_text(0, text);
    assert_string_equal(text, "all hidden layers");
    layout_layers_text(2, text);
    assert_string_equal(text, "layer 2");
    layout_layers_text(UINT64_C(1) << 31 | 5, text);
    assert_string_equal(text, "layers 1, 3, 32");
}

static void legends_break_lines(void **state)
{
    (void)state;
    const struct legend_item items[] = {
        {false, "lw 1", "ten letter"}, {true, "pt 7", "ten letter"}, {false, NULL, "ten letter"}};
    double one = layout_legend_height(items, 1, 10, 500), width = layout_legend_width(items, 3, 10);
    assert_true(one > 0 && layout_legend_height(items, 0, 10, 500) == 0);
    assert_true(layout_legend_height(items, 3, 10, 500) == one);
    assert_true(layout_legend_height(items, 2, 10, width) > one);
    assert_true(layout_legend_height(items, 3, 10, width) > layout_legend_height(items, 2, 10, width));
    assert_true(width > 10 + layout_text_width("ten letter", 10));
}

/* The numbers of a logarithmic axis, as its script has them. */
static void assert_tics(double low, double high, double end, int n_max, const char *expected)
{
    char *written = NULL;
    size_t n;
    struct gnuplot figure = {.script = open_memstream(&written, &n)};
    layout_logarithmic(&figure, 'y', low, high, end, n_max);
    fclose(figure.script);
    assert_string_equal(strchr(written, '(') ? strchr(written, '(') : "", expected);
    free(written);
}

static void logarithmic_axes(void **state)
{
    (void)state;
    assert_tics(0.03, 0.6, 0.9, 8, "(1e-2, 2e-2, 5e-2, 1e-1, 2e-1, 5e-1)\n"); /* what is below low is not drawn */
    assert_tics(1e-4, 1, 2, 4, "(1e-4, 1e-3, 1e-2, 1e-1, 1e0)\n");
    assert_tics(3e-13, 2e-5, 1e-4, 4, "(1e-12, 1e-10, 1e-8, 1e-6)\n");
}

static void colours_between(void **state)
{
    (void)state;
    assert_int_equal(layout_blend(COLOUR_TASK_2, COLOUR_TASK_1, 0), 0xfc8d62);
    assert_int_equal(layout_blend(COLOUR_TASK_2, COLOUR_TASK_1, 1), 0x66c2a5);
    assert_int_equal(layout_blend(0x000000, 0xff6402, 0.5), 0x803201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_quoted), cmocka_unit_test(strings_are_utf8), cmocka_unit_test(names_of_figures),
        cmocka_unit_test(labels_are_wrapped), cmocka_unit_test(steps_of_axes),    cmocka_unit_test(colours_between),
        cmocka_unit_test(data_are_quoted),    cmocka_unit_test(layers_in_words),  cmocka_unit_test(legends_break_lines),
        cmocka_unit_test(logarithmic_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
