#include "layout.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LETTER 0.55 /* width of the mean letter of a sans-serif font, generously, in its size */

void layout_panel(const struct gnuplot *figure, const struct box *box)
{
    fprintf(figure->script,
            "set lmargin at screen %.6f\nset rmargin at screen %.6f\nset tmargin at screen %.6f\n"
            "set bmargin at screen %.6f\n",
            box->left / figure->width, (box->left + box->width) / figure->width, 1 - box->top / figure->height,
            1 - (box->top + box->height) / figure->height);
}

void layout_text(const struct gnuplot *figure, double x, double y, enum layout_align align, double size,
                 uint32_t colour, bool rotated, const char *text)
{
    static const char *const names[] = {"left", "center", "right"};
    fprintf(figure->script, "set label ");
    gnuplot_write_string(figure->script, text);
    fprintf(figure->script, " at screen %.6f,%.6f %s font ',%g' textcolor rgb '#%06" PRIx32 "'%s front\n",
            x / figure->width, 1 - y / figure->height, names[align], size, colour, rotated ? " rotate" : "");
}

double layout_text_width(const char *text, double size)
{
    return LETTER * size * (double)strlen(text);
}

size_t layout_wrap(const char *label, double width, double size, char lines[LAYOUT_LINES_MAX][LABEL_MAX])
{
    size_t n = 1;
    lines[0][0] = '\0';
    while (*label) {
        const char *comma = strstr(label, ", ");
        size_t length = comma ? (size_t)(comma - label) + 2 : strlen(label);
        size_t used = strlen(lines[n - 1]);
        if (used > 0 && LETTER * size * (double)(used + length) > width) {
            if (n == LAYOUT_LINES_MAX) {
                snprintf(lines[n - 1] + used, LABEL_MAX - used, "...");
                return n;
            }
            lines[n++][0] = '\0';
            used = 0;
        }
        snprintf(lines[n - 1] + used, LABEL_MAX - used, "%.*s", (int)length, label);
        label += length;
    }
    return n;
}

void layout_page_title(const struct gnuplot *figure, double left, const char *name)
{
    const double size = 12;
    char title[LABEL_MAX];
    size_t n_max = (size_t)((figure->width - left) / (LETTER * size)), n = 0, end = 0;

    /* Letters are counted, not bytes: those that go on a UTF-8 sequence do not count. */
    for (; name[end] && end < LABEL_MAX - 8 && n <= n_max; end++)
        n += ((unsigned char)name[end] & 0xc0) != 0x80;
    bool is_cut = name[end] != '\0' || n > n_max;
    if (is_cut)
        for (size_t dropped = 0; end > 0 && dropped < 4;)
            dropped += ((unsigned char)name[--end] & 0xc0) != 0x80;
    snprintf(title, sizeof title, "%.*s%s", (int)end, name, is_cut ? "..." : "");
    layout_text(figure, left, 16, ALIGN_LEFT, size, COLOUR_TEXT, false, title);
}

double layout_step(double range, int n_max)
{
    double step = pow(10, floor(log10(range / n_max)));
    if (range / step > n_max * (1 + 1e-9))
        step *= range / (2 * step) <= n_max * (1 + 1e-9) ? 2 : range / (5 * step) <= n_max * (1 + 1e-9) ? 5 : 10;
    return step;
}

enum error_code layout_check_count(const struct reader *reader, const struct selection *selection, struct error *error)
{
    char names[LABEL_MAX];
    if (selection->n <= LAYOUT_CONFIGS_MAX)
        return ERROR_NONE;
    selection_swept(reader, names);
    return error_set(error, ERROR_INPUT,
                     "%s: a figure shows at most %d configurations, these are %zu: choose some with --where KEY=VALUE "
                     "(swept: %s)",
                     reader->path, LAYOUT_CONFIGS_MAX, selection->n, names);
}

uint32_t layout_blend(uint32_t a, uint32_t b, double share)
{
    uint32_t result = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        double from = (double)(a >> shift & 255), to = (double)(b >> shift & 255);
        result |= (uint32_t)lround(from + share * (to - from)) << shift;
    }
    return result;
}
