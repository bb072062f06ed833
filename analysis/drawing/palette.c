#include "palette.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct palette palette_safe = {
    {0x004488, 0xdb6d00, 0x00805c, 0xaa3377, 0x2b8cc4, 0x222222, 0x8a6d00, 0xcc6677}, 0xe4edf7, 0x0b4a8f};
static const struct palette grey = {
    {0x1a1a1a, 0x858585, 0x4d4d4d, 0x8c8c8c, 0x333333, 0x737373, 0x595959, 0x666666}, 0xf0f0f0, 0x404040};

static const char *const dashes[TASKS_MAX] = {"1", "2", "3", "4", "(14,4)", "(4,2,4,6)", "(2,6)", "(14,3,2,3,2,3)"};
static const int marks[TASKS_MAX] = {7, 5, 9, 13, 11, 6, 4, 12}; /* filled circle, square, triangle, diamond, ... */

enum error_code palette_parse(struct palette *palette, const char *text, struct error *error)
{
    static const char hexadecimal[] = "0123456789abcdefABCDEF";
    *palette = strcmp(text, "grey") == 0 ? grey : palette_safe;
    if (strcmp(text, "grey") == 0 || strcmp(text, "safe") == 0)
        return ERROR_NONE;
    const char *rest = text;
    for (size_t i = 0; i < TASKS_MAX && rest[0] == '#' && strspn(rest + 1, hexadecimal) == 6; i++) {
        palette->colours[i] = (uint32_t)strtoul(rest + 1, NULL, 16);
        if (!rest[7])
            return ERROR_NONE;
        rest += rest[7] == ',' ? 8 : 7;
    }
    return error_set(error, ERROR_INPUT, "--palette %s: allowed: safe, grey, or up to %d colours #RRGGBB,#RRGGBB,...",
                     text, TASKS_MAX);
}

void palette_line(const struct palette *palette, size_t i, double width, char style[STYLE_MAX])
{
    snprintf(style, STYLE_MAX, "lw %.3g dt %s lc rgb '#%06" PRIx32 "'", width, dashes[i % TASKS_MAX],
             palette->colours[i % TASKS_MAX]);
}

void palette_mark(const struct palette *palette, size_t i, double size, char style[STYLE_MAX])
{
    snprintf(style, STYLE_MAX, "pt %d ps %.3g lc rgb '#%06" PRIx32 "'", marks[i % TASKS_MAX], size,
             palette->colours[i % TASKS_MAX]);
}

uint32_t palette_blend(uint32_t a, uint32_t b, double share)
{
    uint32_t result = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        double from = (double)(a >> shift & 255), to = (double)(b >> shift & 255);
        result |= (uint32_t)lround(from + share * (to - from)) << shift;
    }
    return result;
}

uint32_t palette_share(const struct palette *palette, double share)
{
    return palette_blend(palette->low, palette->high, share);
}

uint32_t palette_ri(const struct palette *palette, double ri)
{
    return palette_blend(palette->colours[1], palette->colours[0], (ri + 1) / 2);
}

double palette_luminance(uint32_t colour)
{
    static const double weights[] = {0.0722, 0.7152, 0.2126}; /* blue, green, red */
    double sum = 0;
    for (int c = 0; c < 3; c++) {
        double value = (double)(colour >> 8 * c & 255) / 255;
        sum += weights[c] * (value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4));
    }
    return sum;
}

double palette_contrast(uint32_t a, uint32_t b)
{
    double x = palette_luminance(a), y = palette_luminance(b);
    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}
