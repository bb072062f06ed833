/* What the figures are put together from: text in scripts, places on the page. Whole figures: check_analyse.py. */
#include "extent.h"
#include "gnuplot.h"
#include "layout.h"
#include "sample.h"

#include <math.h>
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
    /* What is too wide is broken at blanks, or anywhere; what is too much is cut. */
    assert_int_equal(layout_wrap("a_long_name = 12345, b = 1", 80, 10, lines), 2);
    assert_string_equal(lines[0], "a_long_name =");
    assert_string_equal(lines[1], "12345, b = 1");
    assert_int_equal(layout_wrap("immeasurable", 50, 10, lines), 2);
    assert_string_equal(lines[0], "immeasu");
    assert_int_equal(layout_wrap("a = 1, b = 2, c = 3, d = 4, e = 5", 40, 10, lines), LAYOUT_LINES_MAX);
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

static double head_height(const struct legend_item *items, size_t n, double width)
{
    const struct head head = {.title = "", .common = "", .legend = items, .n_legend = n, .left = 10};
    return layout_head_height(&head, width);
}

static void heads_break_lines(void **state)
{
    (void)state;
    const struct legend_item items[] = {
        {false, "lw 1", "ten letter"}, {true, "pt 7", "ten letter"}, {false, NULL, "ten letter"}};
    const struct legend_item remark = {false, NULL, "a remark of many words that needs a few lines on a narrow page"};
    double none = head_height(items, 0, 500), one = head_height(items, 1, 500);
    assert_true(one > none);
    assert_true(head_height(items, 3, 500) == one);
    assert_true(head_height(items, 2, 120) > one);
    assert_true(head_height(items, 3, 120) > head_height(items, 2, 120));
    assert_true(head_height(&remark, 1, 500) == one);
    assert_true(head_height(&remark, 1, 120) > 3 * (one - none) + none - 1);
    const struct ramp ramp = {.name = "a"};
    const struct head head = {.title = "a title", .common = "", .ramp = &ramp, .left = 10};
    assert_true(layout_head_height(&head, 500) > none + 30);
}

static void keep_line(void *context, size_t number, const char *text)
{
    char(*lines)[LABEL_MAX] = context;
    assert_true(number < 4);
    snprintf(lines[number], LABEL_MAX, "%s", text);
}

static void words_are_wrapped(void **state)
{
    (void)state;
    static char lines[4][LABEL_MAX];
    assert_int_equal(layout_wrap_words("", 100, 10, keep_line, lines), 0);
    assert_int_equal(layout_wrap_words("one two", 100, 10, keep_line, lines), 1);
    assert_string_equal(lines[0], "one two");
    assert_int_equal(layout_wrap_words("one two  three", layout_text_width("one two", 10), 10, keep_line, lines), 2);
    assert_string_equal(lines[0], "one two");
    assert_string_equal(lines[1], "three");
    assert_int_equal(layout_wrap_words("immeasurable a", 50, 10, keep_line, lines), 2);
    assert_string_equal(lines[0], "immeasu");
    assert_string_equal(lines[1], "rable a");
    /* DejaVu Sans has 0.613 for a, 0.318 for the blank; what is beyond ASCII counts once a character. */
    assert_true(fabs(layout_text_width("a a", 10) - 15.44) < 1e-9);
    assert_true(fabs(layout_text_width("\xc3\xa9", 10) - 6.9) < 1e-9);
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
    assert_int_equal(palette_ri(&palette_safe, -1), palette_safe.colours[1]);
    assert_int_equal(palette_ri(&palette_safe, 1), palette_safe.colours[0]);
    assert_int_equal(palette_blend(0x000000, 0xff6402, 0.5), 0x803201);
}

static void palettes(void **state)
{
    (void)state;
    struct palette palette;
    struct error error;
    const char *bad[] = {
        "",         "gray",      "#12345",
        "#1234567", "#12345g",   "#123456,",
        "123456",   "safe,grey", "#000000,#000000,#000000,#000000,#000000,#000000,#000000,#000000,#000000"};
    assert_true(palette_contrast(0, 0xffffff) == 21 && palette_contrast(0xffffff, 0) == 21);
    assert_true(fabs(palette_contrast(0x777777, 0xffffff) - 4.478) < 0.001); /* WebAIM's contrast checker: 4.48 */
    for (const char *const *name = (const char *const[]){"safe", "grey", NULL}; *name; name++) {
        assert_int_equal(palette_parse(&palette, *name, &error), ERROR_NONE);
        for (size_t i = 0; i < TASKS_MAX; i++)
            assert_true(palette_contrast(palette.colours[i], 0xffffff) >= 3);
        assert_true(palette_contrast(palette.colours[0], palette.colours[1]) >= 2.5); /* in greyscale, too */
    }
    assert_int_equal(palette_parse(&palette, "#000001,#aBcdeF", &error), ERROR_NONE);
    assert_int_equal(palette.colours[0], 1);
    assert_int_equal(palette.colours[1], 0xabcdef);
    assert_int_equal(palette.colours[2], palette_safe.colours[2]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(palette_parse(&palette, bad[i], &error), ERROR_INPUT);
        assert_non_null(strstr(error.message, "--palette"));
    }
}

/* No two of the marks and dashes are the same. */
static void styles_differ(void **state)
{
    (void)state;
    char styles[2 * TASKS_MAX][STYLE_MAX];
    struct palette one_colour = {.low = 0};
    for (size_t i = 0; i < TASKS_MAX; i++) {
        palette_line(&one_colour, i, 1, styles[i]);
        palette_mark(&one_colour, i, 1, styles[TASKS_MAX + i]);
    }
    for (size_t i = 0; i < 2 * TASKS_MAX; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(styles[i], styles[k]);
}

/* Pages that a format cannot hold are refused before anything is written. */
static void pages_are_not_too_high(void **state)
{
    (void)state;
    const char *paths[] = {"too-high.png", "too-high.pdf", "too-high.svg"};
    const double most[] = {10485, 19200, 32767};
    for (size_t i = 0; i < 3; i++) {
        const struct figure_place place = {.path = paths[i], .input = "input.h5"};
        struct gnuplot figure;
        struct error error = {.code = ERROR_NONE};
        assert_int_equal(gnuplot_begin(&figure, &place, "", most[i] + 1, &error), ERROR_INPUT);
        assert_non_null(strstr(error.message, "mm high, allowed for"));
        assert_non_null(strstr(error.message, "--where"));
        assert_int_equal(strstr(error.message, "ends in .svg") != NULL, i < 2);
        assert_int_equal(gnuplot_begin(&figure, &place, "", most[i], &error), ERROR_NONE);
        gnuplot_abandon(&figure);
    }
}

/* --palette grey has no colour, in maps neither. */
static void grey_is_grey(void **state)
{
    (void)state;
    struct palette palette;
    struct error error;
    assert_int_equal(palette_parse(&palette, "grey", &error), ERROR_NONE);
    for (int i = 0; i <= 4; i++) {
        uint32_t colour = palette_share(&palette, i / 4.0);
        assert_true((colour & 255) == (colour >> 8 & 255) && (colour & 255) == (colour >> 16 & 255));
    }
    assert_true(palette_contrast(palette.low, palette.high) > 4.5);
}

/* Intervals of few models widen an axis only where there are no others; values always do. */
static void few_models_set_no_axis(void **state)
{
    (void)state;
    const struct estimate many = {0.5, 0.4, 0.6, EXTENT_MODELS_MIN}, few = {0.7, -3, 4, 2};
    struct extent extent = EXTENT_EMPTY;
    extent_add(&extent, &few);
    extent_add(&extent, &many);
    assert_true(extent_end(&extent));
    assert_float_equal(extent.low, 0.4, 0);
    assert_float_equal(extent.high, 0.7, 0);

    extent = EXTENT_EMPTY;
    extent_add(&extent, &few);
    extent_add_value(&extent, (double)NAN);
    assert_false(extent_end(&extent));
    assert_float_equal(extent.low, -3, 0);
    assert_float_equal(extent.high, 4, 0);
}

/* An interval ends where its statistic does; one that is not there stays so. */
static void intervals_have_ends(void **state)
{
    (void)state;
    struct estimate estimate = {0.4, -1.7, 2.6, 2}, nothing = {0.4, (double)NAN, (double)NAN, 1};
    estimate_clip(&estimate, 0, 1);
    estimate_clip(&nothing, 0, 1);
    assert_float_equal(estimate.low, 0, 0);
    assert_float_equal(estimate.high, 1, 0);
    assert_true(isnan(nothing.low) && isnan(nothing.high));
    for (int s = 0; s < N_STATISTICS; s++) /* the table has ends for each but a logarithm */
        assert_true(statistic_table[s].least < statistic_table[s].most &&
                    (isfinite(statistic_table[s].least) || s == STATISTIC_LOSS_RATIO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_quoted),  cmocka_unit_test(strings_are_utf8),
        cmocka_unit_test(names_of_figures),    cmocka_unit_test(labels_are_wrapped),
        cmocka_unit_test(steps_of_axes),       cmocka_unit_test(colours_between),
        cmocka_unit_test(data_are_quoted),     cmocka_unit_test(layers_in_words),
        cmocka_unit_test(heads_break_lines),   cmocka_unit_test(logarithmic_axes),
        cmocka_unit_test(words_are_wrapped),   cmocka_unit_test(palettes),
        cmocka_unit_test(styles_differ),       cmocka_unit_test(few_models_set_no_axis),
        cmocka_unit_test(intervals_have_ends), cmocka_unit_test(pages_are_not_too_high),
        cmocka_unit_test(grey_is_grey),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
