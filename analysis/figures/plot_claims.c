#include "plot_claims.h"

#include "figure_data.h"
#include "forest.h"
#include "formats.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define WIDE_FROM     500.0 /* pages that have room for statements and numbers */
#define NAMES_WIDTH   106.0
#define NAMES_NARROW  82.0
#define VERDICT_WIDTH 66.0
#define EFFECT_WIDTH  140.0 /* of its numbers */
#define AXIS_HEIGHT   38.0
#define BELOW         4.0 /* of marks that would lie on the effect's */

struct claims_figure {
    const struct forest *forest;
    const struct reader *reader;
    struct gnuplot gnuplot;
    struct box box; /* of the axis of effects */
    bool is_wide;
    uint32_t effect, identical; /* colours */
};

static void write_data(const struct claims_figure *figure)
{
    const struct forest *forest = figure->forest;
    const struct claims *claims = forest->claims;
    FILE *script = figure->gnuplot.script;
    fprintf(script, "\n# place, effect with its interval, identical tasks with theirs, noise\n$effects << EOD\n");
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim_row *judged = &claims->results[row->claim].rows[ROW_JUDGED][row->measure];
        const double nan = (double)NAN;
        struct estimate null = judged->null.n > 0 ? judged->null : (struct estimate){nan, nan, nan, 0};
        fprintf(script, "%.6g %.6g %.6g %.6g %.6g %.6g %.6g %.6g\n", row->y, judged->effect.value, judged->effect.low,
                judged->effect.high, null.value, null.low, null.high, forest_noise(claims, row->claim, row->measure));
    }
    fprintf(script, "EOD\n# place, effect of each pair of configurations\n$pairs << EOD\n");
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim_result *result = &claims->results[row->claim];
        for (size_t p = 0; p < result->pairs.n && result->pairs.n > 1; p++)
            fprintf(script, "%.6g %.6g\n", row->y,
                    result->pair_effects[p * (size_t)claims->n_measures + (size_t)row->measure].value);
    }
    fprintf(script, "EOD\n");
}

static void write_texts(const struct claims_figure *figure)
{
    const struct forest *forest = figure->forest;
    const struct box *box = &figure->box;
    const double size = figure->is_wide ? FONT_TEXT : FONT_SMALL, right = figure->gnuplot.width - LAYOUT_MARGIN;
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim *claim = &claim_table[row->claim];
        const struct claim_row *judged = &forest->claims->results[row->claim].rows[ROW_JUDGED][row->measure];
        double y = box->top + row->y;
        char effect[64];
        if (forest_is_first(forest, i))
            layout_text(&figure->gnuplot, LAYOUT_MARGIN, y - FOREST_ROW_HEIGHT / 2 - FOREST_HEAD_HEIGHT / 2, ALIGN_LEFT,
                        FONT_TEXT, COLOUR_TEXT, false, figure->is_wide ? claim->statement : claim->name);
        layout_text(&figure->gnuplot, box->left - 6, y, ALIGN_RIGHT, size, COLOUR_TEXT, false,
                    measure_table[row->measure].name);
        layout_text(&figure->gnuplot, box->left + box->width + 8, y, ALIGN_LEFT, size, COLOUR_TEXT, false,
                    decision_names[judged->decision]);
        effect_format(&judged->effect, effect);
        if (figure->is_wide)
            layout_text(&figure->gnuplot, right, y, ALIGN_RIGHT, size, COLOUR_TEXT, false, effect);
        gnuplot_describe(&figure->gnuplot, "%s, %s: %s, %s.", claim->name, measure_table[row->measure].name, effect,
                         decision_names[judged->decision]);
    }
}

static void put_estimate(const struct claims_figure *figure, size_t config, const struct forest_row *row,
                         const char *mark, const struct estimate *estimate)
{
    const struct claim_row *judged = &figure->forest->claims->results[row->claim].rows[ROW_JUDGED][row->measure];
    figure_data_row(&figure->gnuplot, figure->reader, config);
    figure_data_text(&figure->gnuplot, claim_table[row->claim].name);
    figure_data_text(&figure->gnuplot, measure_table[row->measure].name);
    figure_data_text(&figure->gnuplot, mark);
    figure_data_estimate(&figure->gnuplot, estimate);
    figure_data_text(&figure->gnuplot, strcmp(mark, "effect") == 0 ? decision_names[judged->decision] : "");
}

/* The table of --data. A pair stands for its second configuration, or its only one. */
static void put_data(const struct claims_figure *figure)
{
    const struct forest *forest = figure->forest;
    figure_data_begin(&figure->gnuplot, figure->reader, "claim,measure,mark,value,low,high,n_seeds,verdict");
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim_result *result = &forest->claims->results[row->claim];
        const struct claim_row *judged = &result->rows[ROW_JUDGED][row->measure];
        double noise = forest_noise(forest->claims, row->claim, row->measure);
        put_estimate(figure, SIZE_MAX, row, "effect", &judged->effect);
        if (judged->null.n > 0)
            put_estimate(figure, SIZE_MAX, row, "identical tasks", &judged->null);
        if (isfinite(noise))
            put_estimate(figure, SIZE_MAX, row, "noise", &(struct estimate){noise, (double)NAN, (double)NAN, 0});
        for (size_t p = 0; p < result->pairs.n; p++) {
            const struct claim_pair *pair = &result->pairs.pairs[p];
            put_estimate(figure, claim_table[row->claim].key ? pair->b.config : pair->a.config, row, "pair",
                         &result->pair_effects[p * (size_t)forest->claims->n_measures + (size_t)row->measure]);
        }
    }
}

static void write_ground(const struct claims_figure *figure)
{
    const struct forest *forest = figure->forest;
    FILE *script = figure->gnuplot.script;
    for (size_t i = 0; i < forest->n_rows; i++) {
        double top = forest_claim_top(forest, i), bottom = forest_claim_bottom(forest, i);
        double smallest = forest->claims->results[forest->rows[i].claim].smallest;
        if (!forest_is_first(forest, i))
            continue;
        fprintf(script,
                "set object rectangle from %.6g,%.6g to %.6g,%.6g fc rgb '#%06" PRIx32 "' fs solid noborder behind\n"
                "set arrow from 0,%.6g to 0,%.6g nohead lw 0.8 lc rgb '#%06x'\n",
                -smallest, top, smallest, bottom, COLOUR_GRID, top, bottom, COLOUR_LINE);
    }
}

static void write_plot(const struct claims_figure *figure)
{
    const struct forest *forest = figure->forest;
    FILE *script = figure->gnuplot.script;
    layout_panel(&figure->gnuplot, &figure->box);
    layout_axes(&figure->gnuplot);
    fprintf(script, "set border 1\nset xrange [%.6g:%.6g]\nset yrange [%.6g:0]\nset xtics %.6g\nunset ytics\n",
            forest->low, forest->high, forest->height,
            layout_step(forest->high - forest->low, figure->is_wide ? 8 : 4));
    layout_text(&figure->gnuplot, figure->box.left + figure->box.width / 2,
                figure->box.top + figure->box.height + AXIS_HEIGHT - 12, ALIGN_CENTER, FONT_TEXT, COLOUR_TEXT, false,
                "effect, 95 % interval");
    fprintf(script, "plot $pairs using 2:($1+%g) with points pt 7 ps 0.25 lc rgb '#%06x', \\\n", BELOW, COLOUR_LINE);
    fprintf(script,
            "     $effects using 6:($1+%g):($7-$6):(0) with vectors nohead lw 1.2 lc rgb '#%06" PRIx32 "', \\\n"
            "     $effects using 5:($1+%g) with points pt 12 ps 0.75 lw 1.2 lc rgb '#%06" PRIx32 "', \\\n",
            BELOW, figure->identical, BELOW, figure->identical);
    fprintf(script,
            "     $effects using 8:1 with points pt 2 ps 0.6 lw 1.2 lc rgb '#%06x', \\\n"
            "     $effects using 3:1:($4-$3):(0) with vectors nohead lw 1.6 lc rgb '#%06" PRIx32 "', \\\n"
            "     $effects using 2:1 with points pt 7 ps 0.65 lc rgb '#%06" PRIx32 "'\n",
            COLOUR_TEXT, figure->effect, figure->effect);
}

enum { MARK_EFFECT, MARK_PAIR, MARK_IDENTICAL, MARK_NOISE, MARK_BAND, N_MARKS };

/* What the marks mean: those that there are. styles [N_MARKS] are what it borrows. */
static size_t make_legend(const struct claims_figure *figure, char styles[N_MARKS][STYLE_MAX],
                          struct legend_item legend[N_MARKS + 1])
{
    const struct forest *forest = figure->forest;
    const struct claims *claims = forest->claims;
    bool has[N_MARKS] = {[MARK_EFFECT] = true, [MARK_BAND] = true};
    static const char *const texts[N_MARKS] = {
        "effect", "of each pair of configurations", "the same difference between identical tasks",
        "noise: two test sets of one task", "smaller than an effect of interest"};
    size_t n = 0;
    snprintf(styles[MARK_EFFECT], STYLE_MAX, "pt 7 ps 0.8 lc rgb '#%06" PRIx32 "'", figure->effect);
    snprintf(styles[MARK_PAIR], STYLE_MAX, "pt 7 ps 0.35 lc rgb '#%06x'", COLOUR_LINE);
    snprintf(styles[MARK_IDENTICAL], STYLE_MAX, "pt 12 ps 0.8 lw 1.2 lc rgb '#%06" PRIx32 "'", figure->identical);
    snprintf(styles[MARK_NOISE], STYLE_MAX, "pt 2 ps 0.7 lw 1.2 lc rgb '#%06x'", COLOUR_TEXT);
    snprintf(styles[MARK_BAND], STYLE_MAX, "pt 5 ps 1.2 lc rgb '#%06x'", COLOUR_GRID);
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim_result *result = &claims->results[row->claim];
        has[MARK_IDENTICAL] = has[MARK_IDENTICAL] || result->rows[ROW_JUDGED][row->measure].null.n > 0;
        has[MARK_PAIR] = has[MARK_PAIR] || result->pairs.n > 1;
        has[MARK_NOISE] = has[MARK_NOISE] || isfinite(forest_noise(claims, row->claim, row->measure));
    }
    for (int mark = 0; mark < N_MARKS; mark++)
        if (has[mark])
            legend[n++] = (struct legend_item){true, styles[mark], texts[mark]};
    if (claims->is_simultaneous)
        legend[n++] = (struct legend_item){false, NULL, "intervals hold all together (Bonferroni's t)"};
    return n;
}

enum error_code plot_claims(const struct claims *claims, const struct reader *reader, unsigned chosen,
                            const struct figure_request *request, struct error *error)
{
    const double page = gnuplot_page_width(&request->place);
    struct forest forest;
    struct legend_item legend[N_MARKS + 1];
    char styles[N_MARKS][STYLE_MAX];
    forest_make(&forest, claims, chosen);
    if (forest.n_rows == 0)
        return error_set(error, ERROR_INPUT, "%s: it has the configurations of none of the claims that were asked for",
                         reader->path);
    struct claims_figure figure = {.forest = &forest,
                                   .reader = reader,
                                   .is_wide = page >= WIDE_FROM,
                                   .effect = request->palette.colours[0],
                                   .identical = request->palette.colours[1]};
    const char *title = layout_title(reader, request->title);
    size_t n_legend = make_legend(&figure, styles, legend);
    const struct head head = {
        .title = title, .common = "", .legend = legend, .n_legend = n_legend, .left = LAYOUT_MARGIN};
    double left = LAYOUT_MARGIN + (figure.is_wide ? NAMES_WIDTH : NAMES_NARROW);
    double right = LAYOUT_MARGIN + VERDICT_WIDTH + (figure.is_wide ? EFFECT_WIDTH : 0);
    figure.box = (struct box){left, layout_head_height(&head, page) + 4, page - left - right, forest.height};
    if (gnuplot_begin(&figure.gnuplot, &request->place, title, figure.box.top + forest.height + AXIS_HEIGHT, error))
        return error->code;
    fprintf(figure.gnuplot.script, "set multiplot\n");
    layout_head(&figure.gnuplot, &head);
    write_texts(&figure);
    write_data(&figure);
    write_ground(&figure);
    write_plot(&figure);
    put_data(&figure);
    fprintf(figure.gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&figure.gnuplot, error);
}
