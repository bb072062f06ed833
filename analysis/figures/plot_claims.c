#include "plot_claims.h"

#include "figure_data.h"
#include "forest.h"
#include "formats.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define NAMES_WIDTH    90.0
#define VERDICTS_WIDTH 62.0  /* a verdict, */
#define EFFECTS_WIDTH  142.0 /* and its effect in numbers, */
#define EFFECTS_FROM   500.0 /* on pages that are wider */
#define VALUES_WIDTH   36.0  /* of an effect without its interval, on others */
#define AXIS_HEIGHT    36.0
#define BELOW          4.0 /* of marks that would lie on the effect's */

struct claims_figure {
    const struct reader *reader;
    const struct forest *forest;
    struct gnuplot gnuplot;
    struct box box; /* of the axis of effects */
    bool has_numbers;
    char effect[STYLE_MAX], identical[STYLE_MAX], noise[STYLE_MAX], pair[STYLE_MAX]; /* marks */
    uint32_t effect_colour, identical_colour;
};

static void choose_styles(struct claims_figure *figure, const struct palette *palette)
{
    figure->effect_colour = palette->colours[0];
    figure->identical_colour = palette->colours[1];
    palette_mark(palette, 0, 0.6, figure->effect);
    snprintf(figure->identical, STYLE_MAX, "pt 12 ps 0.75 lw 1.2 lc rgb '#%06" PRIx32 "'", figure->identical_colour);
    snprintf(figure->noise, STYLE_MAX, "pt 2 ps 0.6 lw 1.2 lc rgb '#%06x'", COLOUR_TEXT);
    snprintf(figure->pair, STYLE_MAX, "pt 7 ps 0.25 lc rgb '#%06" PRIx32 "'",
             palette_blend(figure->effect_colour, 0xffffff, 0.4));
}

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
            if (claims_pair_counts(claims, row->claim, p, row->measure))
                fprintf(script, "%.6g %.6g\n", row->y,
                        result->pair_effects[p * (size_t)claims->n_measures + (size_t)row->measure].value);
    }
    fprintf(script, "EOD\n");
}

/* A claim's name, and the numbers of its tasks where they are not those of the first two alone, above its rows: in two
 * lines of a narrow page, which go up into the gap above. */
static void write_statement(const struct claims_figure *figure, int claim, double y)
{
    char numbers[CLAIM_TASKS_TEXT_MAX], statement[LABEL_MAX];
    claim_tasks_text(&figure->forest->claims->results[claim], figure->reader, false, numbers);
    if (strcmp(numbers, "1-2") == 0)
        snprintf(statement, LABEL_MAX, "%s", claim_table[claim].statement);
    else
        snprintf(statement, LABEL_MAX, "%s (tasks %.200s)", claim_table[claim].statement, numbers);
    double width = figure->gnuplot.width - 2 * LAYOUT_MARGIN;
    bool fits = layout_text_width(statement, FONT_TEXT) <= width;
    layout_text_lines(&figure->gnuplot, LAYOUT_MARGIN, fits ? y : y - 3, ALIGN_LEFT, width, 2,
                      fits ? FONT_TEXT : FONT_SMALL, COLOUR_TEXT, statement);
}

static void write_texts(const struct claims_figure *figure)
{
    const struct forest *forest = figure->forest;
    const struct box *box = &figure->box;
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim_row *judged = &forest->claims->results[row->claim].rows[ROW_JUDGED][row->measure];
        double y = box->top + row->y;
        char effect[64], shown[64], verdict[CLAIMS_VERDICT_MAX];
        claims_row_verdict(judged, verdict);
        if (forest_is_first(forest, i)) {
            char names[CLAIM_TASKS_TEXT_MAX];
            claim_tasks_text(&forest->claims->results[row->claim], figure->reader, true, names);
            gnuplot_describe(&figure->gnuplot, " %s: tasks %s.", claim_table[row->claim].name, names);
            write_statement(figure, row->claim, y - FOREST_ROW_HEIGHT / 2 - FOREST_HEAD_HEIGHT / 2);
        }
        layout_text(&figure->gnuplot, box->left - 8, y, ALIGN_RIGHT, FONT_SMALL, COLOUR_TEXT, false,
                    measure_table[row->measure].name);
        effect_format(&judged->effect, effect);
        layout_text(&figure->gnuplot, box->left + box->width + 8, y, ALIGN_LEFT, FONT_SMALL, COLOUR_TEXT, false,
                    verdict);
        if (!figure->has_numbers && isfinite(judged->effect.value))
            snprintf(shown, sizeof shown, "%+.3f", judged->effect.value);
        else
            snprintf(shown, sizeof shown, "%s", figure->has_numbers ? effect : "");
        layout_text(&figure->gnuplot, figure->gnuplot.width - LAYOUT_MARGIN, y, ALIGN_RIGHT, FONT_SMALL, COLOUR_TEXT,
                    false, shown);
        gnuplot_describe(&figure->gnuplot, " %s, %s: %s, %s.", claim_table[row->claim].name,
                         measure_table[row->measure].name, effect, verdict);
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
                "set object rectangle from %.6g,%.6g to %.6g,%.6g fc rgb '#%06x' fs solid noborder behind\n"
                "set arrow from 0,%.6g to 0,%.6g nohead lw 0.8 lc rgb '#%06x'\n",
                -smallest, top, smallest, bottom, COLOUR_GRID, top, bottom, COLOUR_GREY);
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
            layout_step(forest->high - forest->low, (int)fmax(4, figure->box.width / 42)));
    layout_text(&figure->gnuplot, figure->box.left + figure->box.width / 2,
                figure->box.top + figure->box.height + AXIS_HEIGHT - 10, ALIGN_CENTER, FONT_TEXT, COLOUR_TEXT, false,
                "effect, 95 % interval");
    fprintf(script,
            "plot $pairs using 2:($1+%g) with points %s, \\\n"
            "     $effects using 6:($1+%g):($7-$6):(0) with vectors nohead lw 1.2 lc rgb '#%06" PRIx32 "', \\\n"
            "     $effects using 5:($1+%g) with points %s, \\\n"
            "     $effects using 8:1 with points %s, \\\n"
            "     $effects using 3:1:($4-$3):(0) with vectors nohead lw 1.6 lc rgb '#%06" PRIx32 "', \\\n"
            "     $effects using 2:1 with points %s\n",
            BELOW, figure->pair, BELOW, figure->identical_colour, BELOW, figure->identical, figure->noise,
            figure->effect_colour, figure->effect);
}

static void write_table(const struct claims_figure *figure, const struct reader *reader)
{
    char tasks[CLAIM_TASKS_TEXT_MAX];
    const struct forest *forest = figure->forest;
    figure_data_begin(&figure->gnuplot, reader,
                      "claim,measure,decision,effect,low,high,n,identical,identical_low,identical_high,identical_n,"
                      "noise,smallest_effect,pair,task_names");
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim_result *result = &forest->claims->results[row->claim];
        const struct claim_row *judged = &result->rows[ROW_JUDGED][row->measure];
        figure_data_row(&figure->gnuplot, reader, SIZE_MAX);
        figure_data_text(&figure->gnuplot, claim_table[row->claim].name);
        figure_data_text(&figure->gnuplot, measure_table[row->measure].name);
        figure_data_text(&figure->gnuplot, decision_names[judged->decision]);
        figure_data_estimate(&figure->gnuplot, &judged->effect);
        figure_data_estimate(&figure->gnuplot, &judged->null);
        figure_data_number(&figure->gnuplot, forest_noise(forest->claims, row->claim, row->measure));
        figure_data_number(&figure->gnuplot, result->smallest);
        for (int by_name = 0; by_name < 2; by_name++) {
            claim_tasks_text(result, reader, by_name, tasks);
            figure_data_text(&figure->gnuplot, tasks);
        }
    }
}

/* What the marks mean: those that there are. */
static size_t make_legend(const struct claims_figure *figure, struct legend_item legend[8])
{
    const struct forest *forest = figure->forest;
    const struct claims *claims = forest->claims;
    bool has_null = false, has_pairs = false, has_noise = false, has_star = false;
    size_t n = 0;
    for (size_t i = 0; i < forest->n_rows; i++) {
        const struct forest_row *row = &forest->rows[i];
        const struct claim_result *result = &claims->results[row->claim];
        has_null = has_null || result->rows[ROW_JUDGED][row->measure].null.n > 0;
        const struct claim_row *judged = &result->rows[ROW_JUDGED][row->measure];
        has_star = has_star || claims_is_of_identical(judged->decision, &judged->effect, &judged->null);
        has_pairs = has_pairs || result->pairs.n > 1;
        has_noise = has_noise || isfinite(forest_noise(claims, row->claim, row->measure));
    }
    legend[n++] = (struct legend_item){true, figure->effect, "effect"};
    if (has_pairs)
        legend[n++] = (struct legend_item){true, figure->pair, "of each pair of configurations"};
    if (has_null)
        legend[n++] = (struct legend_item){true, figure->identical, "the same difference between identical tasks"};
    if (has_noise)
        legend[n++] = (struct legend_item){true, figure->noise, "noise: two test sets of one task"};
    legend[n++] = (struct legend_item){false, "lw 9 lc rgb '#e6e6e6'", "smaller than an effect of interest"};
    if (has_star)
        legend[n++] = (struct legend_item){false, NULL, "*: identical tasks have as much"};
    if (claims->is_simultaneous)
        legend[n++] = (struct legend_item){false, NULL, "intervals hold all together (Bonferroni's t)"};
    return n;
}

enum error_code plot_claims(const struct claims *claims, const struct reader *reader, unsigned chosen,
                            const struct figure_request *request, struct error *error)
{
    struct forest forest;
    char cautions[CLAIMS_CAUTIONS_MAX];
    struct legend_item legend[8];
    claims_cautions(claims, chosen, cautions);
    forest_make(&forest, claims, chosen);
    if (forest.n_rows == 0)
        return error_set(error, ERROR_INPUT, "%s: it has the configurations of none of the claims that were asked for",
                         reader->path);
    const double page = gnuplot_page_width(&request->place);
    struct claims_figure figure = {.forest = &forest, .reader = reader, .has_numbers = page > EFFECTS_FROM};
    choose_styles(&figure, &request->palette);
    const struct head head = {.title = layout_title(reader, request->title),
                              .common = cautions,
                              .legend = legend,
                              .n_legend = make_legend(&figure, legend),
                              .left = LAYOUT_MARGIN};
    double top = layout_head_height(&head, page) + 8, left = LAYOUT_MARGIN + NAMES_WIDTH;
    double right = LAYOUT_MARGIN + VERDICTS_WIDTH + (figure.has_numbers ? EFFECTS_WIDTH : VALUES_WIDTH);
    figure.box = (struct box){left, top, page - left - right, forest.height};
    if (gnuplot_begin(&figure.gnuplot, &request->place, head.title, top + forest.height + AXIS_HEIGHT, error))
        return error->code;
    fprintf(figure.gnuplot.script, "set multiplot\n");
    layout_head(&figure.gnuplot, &head);
    write_texts(&figure);
    write_data(&figure);
    write_ground(&figure);
    write_plot(&figure);
    write_table(&figure, reader);
    fprintf(figure.gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&figure.gnuplot, error);
}
