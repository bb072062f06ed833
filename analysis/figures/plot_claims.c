#include "plot_claims.h"

#include "forest.h"
#include "formats.h"

#include <math.h>
#include <string.h>

#define MARGIN         12.0
#define NAMES_WIDTH    112.0
#define VERDICTS_WIDTH 218.0 /* a verdict, and its effect in numbers */
#define EFFECTS_WIDTH  142.0
#define AXIS_HEIGHT    40.0
#define TEXT_SIZE      9.5
#define HEAD_SIZE      10.5
#define BELOW          4.0 /* of marks that would lie on the effect's */

#define EFFECT    "'#1f4e79'"
#define IDENTICAL "'#b35900'"
#define NOISE     "'#333333'"
#define PAIR      "'#7fa3c7'"
#define BAND      "'#e6e6e6'"

struct claims_figure {
    const struct forest *forest;
    struct gnuplot gnuplot;
    struct box box; /* of the axis of effects */
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
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim_row *judged = &forest->claims->results[row->claim].rows[ROW_JUDGED][row->measure];
        double y = box->top + row->y;
        char effect[64];
        if (forest_is_first(forest, i))
            layout_text(&figure->gnuplot, MARGIN, y - FOREST_ROW_HEIGHT / 2 - FOREST_HEAD_HEIGHT / 2, ALIGN_LEFT,
                        HEAD_SIZE, COLOUR_TEXT, false, claim_table[row->claim].statement);
        layout_text(&figure->gnuplot, box->left - 8, y, ALIGN_RIGHT, TEXT_SIZE, COLOUR_TEXT, false,
                    measure_table[row->measure].name);
        effect_format(&judged->effect, effect);
        layout_text(&figure->gnuplot, box->left + box->width + 8, y, ALIGN_LEFT, TEXT_SIZE, COLOUR_TEXT, false,
                    decision_names[judged->decision]);
        layout_text(&figure->gnuplot, figure->gnuplot.width - MARGIN, y, ALIGN_RIGHT, TEXT_SIZE, COLOUR_TEXT, false,
                    effect);
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
                "set object rectangle from %.6g,%.6g to %.6g,%.6g fc rgb " BAND " fs solid noborder behind\n"
                "set arrow from 0,%.6g to 0,%.6g nohead lw 0.8 lc rgb '#%06x'\n",
                -smallest, top, smallest, bottom, top, bottom, COLOUR_GREY);
    }
}

static void write_plot(const struct claims_figure *figure)
{
    const struct forest *forest = figure->forest;
    FILE *script = figure->gnuplot.script;
    layout_panel(&figure->gnuplot, &figure->box);
    layout_axes(&figure->gnuplot);
    fprintf(script, "set border 1\nset xrange [%.6g:%.6g]\nset yrange [%.6g:0]\nset xtics %.6g\nunset ytics\n",
            forest->low, forest->high, forest->height, layout_step(forest->high - forest->low, 8));
    layout_text(&figure->gnuplot, figure->box.left + figure->box.width / 2,
                figure->box.top + figure->box.height + AXIS_HEIGHT - 12, ALIGN_CENTER, HEAD_SIZE, COLOUR_TEXT, false,
                "effect, 95 % interval");
    fprintf(script,
            "plot $pairs using 2:($1+%g) with points pt 7 ps 0.25 lc rgb " PAIR ", \\\n"
            "     $effects using 6:($1+%g):($7-$6):(0) with vectors nohead lw 1.2 lc rgb " IDENTICAL ", \\\n"
            "     $effects using 5:($1+%g) with points pt 12 ps 0.75 lw 1.2 lc rgb " IDENTICAL ", \\\n"
            "     $effects using 8:1 with points pt 2 ps 0.6 lw 1.2 lc rgb " NOISE ", \\\n"
            "     $effects using 3:1:($4-$3):(0) with vectors nohead lw 1.6 lc rgb " EFFECT ", \\\n"
            "     $effects using 2:1 with points pt 7 ps 0.65 lc rgb " EFFECT "\n",
            BELOW, BELOW, BELOW);
}

/* What the marks mean: those that there are. */
static size_t make_legend(const struct forest *forest, struct legend_item legend[8])
{
    const struct claims *claims = forest->claims;
    bool has_null = false, has_pairs = false, has_noise = false;
    size_t n = 0;
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim_result *result = &claims->results[row->claim];
        has_null = has_null || result->rows[ROW_JUDGED][row->measure].null.n > 0;
        has_pairs = has_pairs || result->pairs.n > 1;
        has_noise = has_noise || isfinite(forest_noise(claims, row->claim, row->measure));
    }
    legend[n++] = (struct legend_item){true, "pt 7 ps 0.8 lc rgb " EFFECT, "effect"};
    if (has_pairs)
        legend[n++] = (struct legend_item){true, "pt 7 ps 0.35 lc rgb " PAIR, "of each pair of configurations"};
    if (has_null)
        legend[n++] = (struct legend_item){true, "pt 12 ps 0.8 lw 1.2 lc rgb " IDENTICAL,
                                           "the same difference between identical tasks"};
    if (has_noise)
        legend[n++] =
            (struct legend_item){true, "pt 2 ps 0.7 lw 1.2 lc rgb " NOISE, "noise: two test sets of one task"};
    legend[n++] = (struct legend_item){true, "pt 5 ps 1.2 lc rgb " BAND, "smaller than an effect of interest"};
    if (claims->is_simultaneous)
        legend[n++] = (struct legend_item){false, NULL, "intervals hold all together (Bonferroni's t)"};
    return n;
}

enum error_code plot_claims(const struct claims *claims, const struct reader *reader, unsigned chosen,
                            const struct figure_request *request, struct error *error)
{
    struct forest forest;
    struct legend_item legend[8];
    forest_make(&forest, claims, chosen);
    if (forest.n_rows == 0)
        return error_set(error, ERROR_INPUT, "%s: it has the configurations of none of the claims that were asked for",
                         reader->path);
    const char *title = layout_title(reader, request->title);
    size_t n_legend = make_legend(&forest, legend);
    const double page = gnuplot_page_width(&request->place);
    const struct head head = {.title = title, .common = "", .legend = legend, .n_legend = n_legend, .left = MARGIN};
    double top = layout_head_height(&head, page) + 4;
    struct claims_figure figure = {
        .forest = &forest,
        .box = {MARGIN + NAMES_WIDTH, top, page - 2 * MARGIN - NAMES_WIDTH - VERDICTS_WIDTH, forest.height}};
    if (gnuplot_begin(&figure.gnuplot, &request->place, title, top + forest.height + AXIS_HEIGHT, error))
        return error->code;
    layout_head(&figure.gnuplot, &head);
    write_texts(&figure);
    write_data(&figure);
    write_ground(&figure);
    write_plot(&figure);
    return gnuplot_finish(&figure.gnuplot, error);
}
