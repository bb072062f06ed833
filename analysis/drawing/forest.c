#include "forest.h"

#include "formats.h"
#include "html.h"
#include "layout.h"

#include <math.h>
#include <string.h>

static bool is_shown(const struct claims *claims, unsigned chosen, int claim)
{
    return claims->results[claim].pairs.n > 0 && (!chosen || chosen >> claim & 1);
}

double forest_noise(const struct claims *claims, int claim, int measure)
{
    const struct claim_result *result = &claims->results[claim];
    return claim_table[claim].key ? result->noise_b[measure] - result->noise_a[measure] : result->noise_a[measure];
}

/* Makes room for a value and its interval; a NaN does not count. */
static void widen(struct forest *forest, double value, double low, double high)
{
    forest->low = fmin(forest->low, fmin(value, low));
    forest->high = fmax(forest->high, fmax(value, high));
}

static void widen_for(struct forest *forest, int c, int m)
{
    const struct claims *claims = forest->claims;
    const struct claim_result *result = &claims->results[c];
    const struct claim_row *row = &result->rows[ROW_JUDGED][m];
    double noise = forest_noise(claims, c, m);
    widen(forest, 0, -2 * result->smallest, 2 * result->smallest);
    widen(forest, noise, noise, noise);
    if (row->effect.n > 0)
        widen(forest, row->effect.value, row->effect.low, row->effect.high);
    if (row->null.n > 0)
        widen(forest, row->null.value, row->null.low, row->null.high);
    for (size_t p = 0; p < result->pairs.n; p++) {
        double value = result->pair_effects[p * (size_t)claims->n_measures + (size_t)m].value;
        widen(forest, value, value, value);
    }
}

void forest_make(struct forest *forest, const struct claims *claims, unsigned chosen)
{
    *forest = (struct forest){.claims = claims};
    for (int c = 0; c < N_CLAIMS; c++) {
        if (!is_shown(claims, chosen, c))
            continue;
        forest->height += (forest->n_rows > 0 ? FOREST_CLAIM_GAP : 0) + FOREST_HEAD_HEIGHT;
        for (int m = 0; m < claims->n_measures; m++) {
            if (!(claims->measures >> m & 1))
                continue;
            forest->rows[forest->n_rows++] = (struct forest_row){c, m, forest->height + FOREST_ROW_HEIGHT / 2};
            forest->height += FOREST_ROW_HEIGHT;
            widen_for(forest, c, m);
        }
    }
    double room = 0.03 * (forest->high - forest->low);
    forest->low -= room;
    forest->high += room;
}

bool forest_is_first(const struct forest *forest, size_t i)
{
    return i == 0 || forest->rows[i - 1].claim != forest->rows[i].claim;
}

double forest_claim_top(const struct forest *forest, size_t i)
{
    while (!forest_is_first(forest, i))
        i--;
    return forest->rows[i].y - FOREST_ROW_HEIGHT / 2;
}

double forest_claim_bottom(const struct forest *forest, size_t i)
{
    while (i + 1 < forest->n_rows && !forest_is_first(forest, i + 1))
        i++;
    return forest->rows[i].y + FOREST_ROW_HEIGHT / 2;
}

/* ---- In a page ---- */

/* Places in the SVG: the axis of effects lies between names and verdicts. */
struct page {
    const struct forest *forest;
    double left, width; /* of the axis */
    FILE *out;
};

#define NAMES_WIDTH    100.0
#define VERDICTS_WIDTH 74.0
#define AXIS_HEIGHT    36.0

static double place(const struct page *page, double effect)
{
    return page->left + page->width * (effect - page->forest->low) / (page->forest->high - page->forest->low);
}

static void write_interval(const struct page *page, const struct estimate *estimate, double y, const char *colour)
{
    if (isfinite(estimate->low))
        fprintf(page->out,
                "<line x1=\"%.6g\" y1=\"%.6g\" x2=\"%.6g\" y2=\"%.6g\" stroke=\"%s\" stroke-width=\"1.6\"/>\n",
                place(page, estimate->low), y, place(page, estimate->high), y, colour);
}

static void write_dot(const struct page *page, double effect, double y, double radius, const char *paint)
{
    if (isfinite(effect))
        fprintf(page->out, "<circle cx=\"%.6g\" cy=\"%.6g\" r=\"%.6g\" %s/>\n", place(page, effect), y, radius, paint);
}

/* A path whose letters are relative to the mark's place. */
static void write_shape(const struct page *page, double effect, double y, const char *shape, const char *paint)
{
    if (isfinite(effect))
        fprintf(page->out, "<path d=\"M%.6g %.6g%s\" %s/>\n", place(page, effect), y, shape, paint);
}

static void write_row(const struct page *page, const struct forest_row *row)
{
    const struct claims *claims = page->forest->claims;
    const struct claim_result *result = &claims->results[row->claim];
    const struct claim_row *judged = &result->rows[ROW_JUDGED][row->measure];
    for (size_t p = 0; p < result->pairs.n && result->pairs.n > 1; p++)
        write_dot(page, result->pair_effects[p * (size_t)claims->n_measures + (size_t)row->measure].value, row->y + 4,
                  1.5, "fill=\"#7fa3c7\"");
    if (judged->null.n > 0) {
        write_interval(page, &judged->null, row->y + 4, "#b35900");
        write_shape(page, judged->null.value, row->y + 4, "m0-4l4 4l-4 4l-4-4z", "fill=\"#fff\" stroke=\"#b35900\"");
    }
    write_shape(page, forest_noise(claims, row->claim, row->measure), row->y, "m-3.5-3.5l7 7m0-7l-7 7",
                "stroke=\"#333\" stroke-width=\"1.4\"");
    if (judged->effect.n > 0) {
        write_interval(page, &judged->effect, row->y, "#1f4e79");
        write_dot(page, judged->effect.value, row->y, 3.5, "fill=\"#1f4e79\"");
    }
    svg_text(page->out, page->left - 8, row->y + 3.5, SVG_END, NULL, measure_table[row->measure].name);
    svg_text(page->out, page->left + page->width + 8, row->y + 3.5, SVG_START, NULL, decision_names[judged->decision]);
}

static void write_ground(const struct page *page, size_t i)
{
    const struct forest *forest = page->forest;
    int c = forest->rows[i].claim;
    double top = forest_claim_top(forest, i), bottom = forest_claim_bottom(forest, i);
    double smallest = forest->claims->results[c].smallest;
    svg_text(page->out, 0, top - 5, SVG_START, "strong", claim_table[c].statement);
    svg_bar(page->out, place(page, -smallest), top, place(page, smallest) - place(page, -smallest), bottom - top,
            0xe6e6e6, NULL);
    svg_line(page->out, place(page, 0), top, place(page, 0), bottom, "axis");
}

static void write_axis(const struct page *page)
{
    const struct forest *forest = page->forest;
    double step = layout_step(forest->high - forest->low, 8), y = forest->height + 4;
    svg_line(page->out, page->left, y, page->left + page->width, y, "axis");
    for (double tick = ceil(forest->low / step); tick * step <= forest->high; tick++) {
        char text[32];
        snprintf(text, sizeof text, "%.6g", tick * step + 0.0);
        svg_line(page->out, place(page, tick * step), y, place(page, tick * step), y + 4, "axis");
        svg_text(page->out, place(page, tick * step), y + 15, SVG_MIDDLE, "soft", text);
    }
    svg_text(page->out, page->left + page->width / 2, y + 29, SVG_MIDDLE, NULL, "effect");
}

void forest_svg(const struct forest *forest, double width, FILE *out)
{
    const struct page page = {forest, NAMES_WIDTH, width - NAMES_WIDTH - VERDICTS_WIDTH, out};
    svg_begin(out, width, forest->height + AXIS_HEIGHT, "Claims",
              "Effect of each claim under each measure with its interval, between bands of effects too small to be of "
              "interest; the table has the numbers.");
    for (size_t i = 0; i < forest->n_rows; i++)
        if (forest_is_first(forest, i))
            write_ground(&page, i);
    for (size_t i = 0; i < forest->n_rows; i++)
        write_row(&page, &forest->rows[i]);
    write_axis(&page);
    svg_end(out);
}
