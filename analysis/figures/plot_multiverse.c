#include "plot_multiverse.h"

#include "figure_data.h"
#include "formats.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDE_FROM    500.0 /* pages that have room for two curves side by side */
#define NAMES_WIDTH  84.0  /* of the choices */
#define TICS_WIDTH   34.0
#define GAP          16.0 /* between two curves side by side */
#define HEAD_LINE    13.0
#define HEAD_HEIGHT  46.0 /* a claim's name, counts, and mean */
#define CURVE_HEIGHT 120.0
#define ROW_HEIGHT   10.5 /* of the choices */
#define KIND_GAP     4.0  /* between choices of two kinds */
#define BELOW        22.0
#define LINE_WIDTH   1.4 /* of a mark, where there is room */

enum { N_COLUMNS = 2, N_SPECIFICATIONS_ALL = N_MEASURES * N_SPECIFICATIONS };

/* One specification of a claim. */
struct way {
    struct estimate effect;
    int measure, number;
    enum decision decision;
};

/* The rows of choices. */
struct choice_row {
    const char *name;
    bool (*has)(const struct way *way, int which);
    int which;
    bool is_new_kind; /* the first one of its kind */
};

static bool has_measure(const struct way *way, int which)
{
    return way->measure == which;
}

static bool has_number(const struct way *way, int which)
{
    return (way->number == NUMBER_JUDGED) == (which == NUMBER_JUDGED);
}

static bool has_normalise(const struct way *way, int which)
{
    return way->number != NUMBER_JUDGED && (int)claim_specification(way->number).normalise == which;
}

static bool has_units(const struct way *way, int which)
{
    return way->number != NUMBER_JUDGED && claim_specification(way->number).is_of_important == (which == 1);
}

static bool has_cutoff(const struct way *way, int which)
{
    return way->number != NUMBER_JUDGED && claim_specification(way->number).cutoff == which;
}

enum { N_CHOICE_ROWS_MAX = N_MEASURES + 2 + N_NORMALISE + 2 + N_CUTOFFS };

static size_t list_choices(const struct claims *claims, struct choice_row rows[N_CHOICE_ROWS_MAX])
{
    static const char *const cutoffs[N_CUTOFFS] = {"cut-off 0.05", "cut-off 0.1", "cut-off 0.2"};
    size_t n = 0;
    for (int m = 0; m < claims->n_measures; m++)
        if (claims->measures >> m & 1)
            rows[n++] = (struct choice_row){measure_table[m].name, has_measure, m, false};
    rows[n++] = (struct choice_row){"D", has_number, NUMBER_JUDGED, true};
    rows[n++] = (struct choice_row){"share of units", has_number, NUMBER_FIRST_SHARE, false};
    rows[n++] = (struct choice_row){"raw", has_normalise, NORMALISE_NONE, true};
    rows[n++] = (struct choice_row){"by layer's sum", has_normalise, NORMALISE_LAYER, false};
    rows[n++] = (struct choice_row){"of all units", has_units, 0, true};
    rows[n++] = (struct choice_row){"of important", has_units, 1, false};
    for (int c = 0; c < N_CUTOFFS; c++)
        rows[n++] = (struct choice_row){cutoffs[c], has_cutoff, c, c == 0};
    return n;
}

static int compare_ways(const void *a, const void *b)
{
    const struct way *x = a, *y = b;
    if (x->effect.value != y->effect.value)
        return x->effect.value < y->effect.value ? -1 : 1;
    return x->measure != y->measure ? x->measure - y->measure : x->number - y->number;
}

/* A claim's specifications that have an effect, sorted by it. */
static size_t list_ways(const struct claims *claims, int c, struct way ways[N_SPECIFICATIONS_ALL])
{
    const struct claim_result *result = &claims->results[c];
    size_t n = 0;
    for (int m = 0; m < claims->n_measures; m++)
        for (int s = 0; s < N_SPECIFICATIONS && (claims->measures >> m & 1); s++) {
            const struct estimate *effect = &result->multiverse.effects[m][s];
            if (effect->n > 0)
                ways[n++] = (struct way){*effect, m, s, verdict_of(effect, result->smallest)};
        }
    qsort(ways, n, sizeof *ways, compare_ways);
    return n;
}

static bool is_drawn(const struct claims *claims, unsigned chosen, int c)
{
    return (!chosen || chosen >> c & 1) && claims->results[c].multiverse.mean.n > 0;
}

struct multiverse_figure {
    const struct claims *claims;
    struct gnuplot gnuplot;
    struct choice_row rows[N_CHOICE_ROWS_MAX];
    size_t n_rows;
    double matrix_height, panel_width;
    const struct reader *reader;
    uint32_t found, mean; /* colours */
};

static double matrix_height(const struct choice_row *rows, size_t n)
{
    double height = ROW_HEIGHT * (double)n;
    for (size_t i = 0; i < n; i++)
        height += rows[i].is_new_kind ? KIND_GAP : 0;
    return height;
}

static bool is_found(const struct way *way)
{
    return way->decision == DECISION_LARGER || way->decision == DECISION_REVERSED;
}

static void write_data(const struct multiverse_figure *figure, int c, const struct way *ways, size_t n)
{
    FILE *script = figure->gnuplot.script;
    fprintf(script, "\n# rank, effect, its interval, 1 if it is larger or reversed\n$%s << EOD\n", claim_table[c].name);
    for (size_t i = 0; i < n; i++)
        fprintf(script, "%zu %.6g %.6g %.6g %d\n", i + 1, ways[i].effect.value, ways[i].effect.low, ways[i].effect.high,
                is_found(&ways[i]) ? 1 : 0);
    fprintf(script, "EOD\n# rank, place of a choice\n$%s_choices << EOD\n", claim_table[c].name);
    double y = 0;
    for (size_t r = 0; r < figure->n_rows; r++) {
        y += figure->rows[r].is_new_kind ? KIND_GAP : 0;
        for (size_t i = 0; i < n; i++)
            if (figure->rows[r].has(&ways[i], figure->rows[r].which))
                fprintf(script, "%zu %.6g %d\n", i + 1, y + ROW_HEIGHT / 2, is_found(&ways[i]) ? 1 : 0);
        y += ROW_HEIGHT;
    }
    fprintf(script, "EOD\n");
}

/* Texts above a curve, from x on. */
static void write_head(const struct multiverse_figure *figure, double x, double top, int c, const struct way *ways,
                       size_t n)
{
    const struct multiverse *multiverse = &figure->claims->results[c].multiverse;
    char effect[64], counts[96], mean[160];
    size_t n_larger = 0, n_reversed = 0;
    for (size_t i = 0; i < n; i++) {
        n_larger += ways[i].decision == DECISION_LARGER ? 1 : 0;
        n_reversed += ways[i].decision == DECISION_REVERSED ? 1 : 0;
    }
    effect_format(&multiverse->mean, effect);
    snprintf(counts, sizeof counts, "larger: %zu, reversed: %zu of %zu", n_larger, n_reversed, n);
    snprintf(mean, sizeof mean, "mean %s, %s", effect, decision_names[multiverse->decision]);
    const char *const lines[] = {claim_table[c].name, counts, mean};
    for (size_t i = 0; i < 3; i++)
        layout_text(&figure->gnuplot, x, top + HEAD_LINE * ((double)i + 0.5), ALIGN_LEFT,
                    i == 0 ? FONT_TEXT : FONT_SMALL, COLOUR_TEXT, false, lines[i]);
    gnuplot_describe(&figure->gnuplot, "%s: %s; %s.", claim_table[c].name, counts, mean);
}

/* The rows of --data. */
static void put_data(const struct multiverse_figure *figure, int c, const struct way *ways, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool is_share = ways[i].number != NUMBER_JUDGED;
        struct specification s = is_share ? claim_specification(ways[i].number) : (struct specification){0};
        figure_data_row(&figure->gnuplot, figure->reader, SIZE_MAX);
        figure_data_text(&figure->gnuplot, claim_table[c].name);
        figure_data_text(&figure->gnuplot, measure_table[ways[i].measure].name);
        figure_data_text(&figure->gnuplot, is_share ? "share" : "D");
        figure_data_text(&figure->gnuplot, is_share ? normalise_names[s.normalise] : "");
        figure_data_text(&figure->gnuplot, is_share ? (s.is_of_important ? "important" : "all") : "");
        figure_data_number(&figure->gnuplot, is_share ? claim_cutoffs[s.cutoff] : (double)NAN);
        figure_data_estimate(&figure->gnuplot, &ways[i].effect);
        figure_data_text(&figure->gnuplot, decision_names[ways[i].decision]);
    }
}

/* Ends of the axis of effects: all of the claim's. */
static void find_range(const struct claim_result *result, const struct way *ways, size_t n, double *low, double *high)
{
    *low = -1.5 * result->smallest;
    *high = 1.5 * result->smallest;
    for (size_t i = 0; i < n; i++) {
        *low = fmin(*low, fmin(ways[i].effect.value, ways[i].effect.low));
        *high = fmax(*high, fmax(ways[i].effect.value, ways[i].effect.high));
    }
}

/* Of the marks of n specifications, so that they do not touch. */
static double line_width(const struct box *box, size_t n)
{
    return fmin(LINE_WIDTH, 0.5 * box->width / (double)n);
}

static void write_curve(const struct multiverse_figure *figure, const struct box *box, int c, const struct way *ways,
                        size_t n)
{
    const struct claim_result *result = &figure->claims->results[c];
    const struct estimate *mean = &result->multiverse.mean;
    FILE *script = figure->gnuplot.script;
    const char *name = claim_table[c].name;
    double low, high, line = line_width(box, n);
    find_range(result, ways, n, &low, &high);
    layout_panel(&figure->gnuplot, box);
    layout_axes(&figure->gnuplot);
    fprintf(script,
            "set border 2\nset xrange [0.3:%zu.7]\nset yrange [%.6g:%.6g]\nunset xtics\nset ytics nomirror %.6g\n", n,
            low, high, layout_step(high - low, 5));
    fprintf(script,
            "set object rectangle from graph 0,first %.6g to graph 1,first %.6g fc rgb '#%06x' fs solid noborder "
            "behind\nset arrow from graph 0,first 0 to graph 1,first 0 nohead lw 0.8 lc rgb '#%06x'\n",
            -result->smallest, result->smallest, COLOUR_GRID, COLOUR_LINE);
    if (isfinite(mean->low))
        fprintf(script,
                "set object rectangle from graph 0,first %.6g to graph 1,first %.6g fc rgb '#%06" PRIx32
                "' fs transparent solid 0.25 noborder front\n",
                mean->low, mean->high, figure->mean);
    fprintf(script,
            "set arrow from graph 0,first %.6g to graph 1,first %.6g nohead front lw 1.2 dt 2 lc rgb '#%06" PRIx32
            "'\n",
            mean->value, mean->value, figure->mean);
    fprintf(script,
            "plot $%s using 1:3:(0):($5 == 0 ? $4-$3 : NaN) with vectors nohead lw %.3g lc rgb '#%06x', \\\n"
            "     $%s using 1:3:(0):($5 == 1 ? $4-$3 : NaN) with vectors nohead lw %.3g lc rgb '#%06" PRIx32 "', \\\n",
            name, line, COLOUR_LINE, name, line, figure->found);
    fprintf(script,
            "     $%s using 1:($5 == 0 ? $2 : NaN) with points pt 6 ps 0.3 lw 0.9 lc rgb '#%06x', \\\n"
            "     $%s using 1:($5 == 1 ? $2 : NaN) with points pt 7 ps 0.33 lc rgb '#%06" PRIx32 "'\n"
            "unset label\nunset arrow\nunset object\n",
            name, COLOUR_LINE, name, figure->found);
}

/* The choices of each specification, as marks below it; their names beside those of the first column. */
static void write_matrix(const struct multiverse_figure *figure, const struct box *box, int c, size_t n, bool has_names)
{
    FILE *script = figure->gnuplot.script;
    double y = 0, line = line_width(box, n);
    layout_panel(&figure->gnuplot, box);
    fprintf(script, "set border 0\nset xrange [0.3:%zu.7]\nset yrange [%.6g:0]\nunset xtics\nunset ytics\n", n,
            figure->matrix_height);
    for (size_t r = 0; r < figure->n_rows && has_names; r++) {
        y += figure->rows[r].is_new_kind ? KIND_GAP : 0;
        layout_text(&figure->gnuplot, box->left - 6, box->top + y + ROW_HEIGHT / 2, ALIGN_RIGHT, FONT_SMALL,
                    COLOUR_TEXT, false, figure->rows[r].name);
        y += ROW_HEIGHT;
    }
    for (int is_found = 0; is_found < 2; is_found++)
        fprintf(
            script,
            "%s$%s_choices using 1:($2-%g):(0):($3 == %d ? %g : NaN) with vectors nohead lw %.3g lc rgb '#%06" PRIx32
            "'%s",
            is_found ? "     " : "plot ", claim_table[c].name, 0.36 * ROW_HEIGHT, is_found, 0.72 * ROW_HEIGHT, line,
            is_found ? figure->found : COLOUR_LINE, is_found ? "\nunset label\n" : ", \\\n");
}

/* The i-th claim that is drawn, of n_columns side by side. */
static void write_claim(const struct multiverse_figure *figure, int c, size_t i, size_t n_columns, double top)
{
    struct way ways[N_SPECIFICATIONS_ALL];
    size_t n = list_ways(figure->claims, c, ways), column = i % n_columns, row = i / n_columns;
    double own = HEAD_HEIGHT + CURVE_HEIGHT + 6 + figure->matrix_height + BELOW;
    double left = LAYOUT_MARGIN + NAMES_WIDTH + (double)column * (figure->panel_width + TICS_WIDTH + GAP);
    struct box box = {left, top + (double)row * own + HEAD_HEIGHT, figure->panel_width, CURVE_HEIGHT};
    write_data(figure, c, ways, n);
    put_data(figure, c, ways, n);
    write_head(figure, n_columns == 1 ? LAYOUT_MARGIN : left - TICS_WIDTH, top + (double)row * own, c, ways, n);
    if (column == 0)
        layout_text(&figure->gnuplot, left - NAMES_WIDTH + 8, box.top + box.height / 2, ALIGN_CENTER, FONT_TEXT,
                    COLOUR_TEXT, true, "effect");
    write_curve(figure, &box, c, ways, n);
    box.top += CURVE_HEIGHT + 6;
    box.height = figure->matrix_height;
    write_matrix(figure, &box, c, n, column == 0);
}

enum error_code plot_multiverse(const struct claims *claims, const struct reader *reader, unsigned chosen,
                                const struct figure_request *request, struct error *error)
{
    char styles[4][STYLE_MAX];
    const struct legend_item legend[] = {
        {true, styles[0], "larger, or reversed"},
        {true, styles[1], "any other verdict"},
        {false, styles[2], "mean of all specifications, seed by seed"},
        {true, styles[3], "smaller than an effect of interest"},
        {false, NULL, "the specifications share their models"},
        {false, NULL, claims->is_simultaneous ? "intervals hold all together (Bonferroni's t)" : "95 % intervals"}};
    const size_t n_legend = sizeof legend / sizeof legend[0];
    const double page = gnuplot_page_width(&request->place);
    struct multiverse_figure figure = {
        .claims = claims, .reader = reader, .found = request->palette.colours[0], .mean = request->palette.colours[1]};
    size_t n_claims = 0, i = 0;
    snprintf(styles[0], STYLE_MAX, "pt 7 ps 0.6 lc rgb '#%06" PRIx32 "'", figure.found);
    snprintf(styles[1], STYLE_MAX, "pt 6 ps 0.6 lc rgb '#%06x'", COLOUR_LINE);
    snprintf(styles[2], STYLE_MAX, "lw 1.6 dt 2 lc rgb '#%06" PRIx32 "'", figure.mean);
    snprintf(styles[3], STYLE_MAX, "pt 5 ps 1.2 lc rgb '#%06x'", COLOUR_GRID);
    for (int c = 0; c < N_CLAIMS; c++)
        n_claims += is_drawn(claims, chosen, c) ? 1 : 0;
    if (n_claims == 0)
        return error_set(error, ERROR_INPUT, "%s: none of the claims that were asked for has an effect in it",
                         reader->path);
    size_t n_columns = n_claims == 1 || page < WIDE_FROM ? 1 : N_COLUMNS,
           n_lines = (n_claims + n_columns - 1) / n_columns;
    const char *title = layout_title(reader, request->title);
    const struct head head = {
        .title = title, .common = "", .legend = legend, .n_legend = n_legend, .left = LAYOUT_MARGIN};
    double top = layout_head_height(&head, page) + 6;
    figure.n_rows = list_choices(claims, figure.rows);
    figure.matrix_height = matrix_height(figure.rows, figure.n_rows);
    figure.panel_width =
        (page - 2 * LAYOUT_MARGIN - NAMES_WIDTH - (double)(n_columns - 1) * (TICS_WIDTH + GAP)) / (double)n_columns;
    double own = HEAD_HEIGHT + CURVE_HEIGHT + 6 + figure.matrix_height + BELOW;
    if (gnuplot_begin(&figure.gnuplot, &request->place, title, top + (double)n_lines * own, error))
        return error->code;
    fprintf(figure.gnuplot.script, "set multiplot\n");
    layout_head(&figure.gnuplot, &head);
    figure_data_begin(&figure.gnuplot, reader,
                      "claim,measure,number,normalise,units,cut_off,effect,low,high,n_seeds,verdict");
    for (int c = 0; c < N_CLAIMS; c++)
        if (is_drawn(claims, chosen, c))
            write_claim(&figure, c, i++, n_columns, top);
    fprintf(figure.gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&figure.gnuplot, error);
}
