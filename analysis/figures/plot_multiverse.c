#include "plot_multiverse.h"

#include "figure_data.h"
#include "formats.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_WIDTH  92.0 /* of the choices */
#define TICS_WIDTH   34.0
#define GAP          16.0  /* between two curves side by side */
#define PANEL_MIN    190.0 /* of two curves side by side, at least: their heads have to fit */
#define HEAD_HEIGHT  48.0  /* a claim's name, its mean, its verdicts */
#define HEAD_LINE    12.0
#define CURVE_HEIGHT 110.0
#define ROW_HEIGHT   10.5 /* of the choices */
#define KIND_GAP     4.0  /* between choices of two kinds */
#define BELOW        22.0
#define LINE_WIDTH   1.5 /* of a mark, where there is room */
#define MEAN         1   /* whose colour in the palette is the mean's */
#define FOUND        0   /* and that of what is larger, or reversed */

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
    const struct palette *palette;
    struct gnuplot gnuplot;
    struct choice_row rows[N_CHOICE_ROWS_MAX];
    size_t n_rows;
    double matrix_height, panel_width;
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

static void write_head(const struct multiverse_figure *figure, const struct box *box, int c, const struct way *ways,
                       size_t n)
{
    const struct claim_result *result = &figure->claims->results[c];
    char effect[64], text[160], verdict[CLAIMS_VERDICT_MAX];
    size_t n_larger = 0, n_reversed = 0;
    for (size_t i = 0; i < n; i++) {
        n_larger += ways[i].decision == DECISION_LARGER ? 1 : 0;
        n_reversed += ways[i].decision == DECISION_REVERSED ? 1 : 0;
    }
    double left = box->left - TICS_WIDTH, top = box->top - HEAD_HEIGHT + 6;
    layout_text(&figure->gnuplot, left, top, ALIGN_LEFT, FONT_TEXT, COLOUR_TEXT, false, claim_table[c].name);
    effect_format(&result->multiverse.mean, effect);
    claims_verdict(result->multiverse.decision, &result->multiverse.mean, &result->multiverse.null, verdict);
    snprintf(text, sizeof text, "mean %s, %s", effect, verdict);
    layout_text(&figure->gnuplot, left, top + HEAD_LINE, ALIGN_LEFT, FONT_SMALL, COLOUR_TEXT, false, text);
    gnuplot_describe(&figure->gnuplot, " %s: %s", claim_table[c].name, text);
    int used = snprintf(text, sizeof text, "larger: %zu, reversed: %zu of %zu", n_larger, n_reversed, n);
    if (result->multiverse.null.n > 0)
        snprintf(text + used, sizeof text - (size_t)used, "; mean of identical %+.3f", result->multiverse.null.value);
    layout_text(&figure->gnuplot, left, top + 2 * HEAD_LINE, ALIGN_LEFT, FONT_SMALL, COLOUR_TEXT, false, text);
    gnuplot_describe(&figure->gnuplot, "; %s.", text);
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

static void write_curve(const struct multiverse_figure *figure, const struct box *box, int c, const struct way *ways,
                        size_t n)
{
    const struct claim_result *result = &figure->claims->results[c];
    const struct estimate *mean = &result->multiverse.mean;
    FILE *script = figure->gnuplot.script;
    const char *name = claim_table[c].name;
    double low, high;
    find_range(result, ways, n, &low, &high);
    layout_panel(&figure->gnuplot, box);
    layout_axes(&figure->gnuplot);
    fprintf(script,
            "set border 2\nset xrange [0.3:%zu.7]\nset yrange [%.6g:%.6g]\nunset xtics\nset ytics nomirror %.6g\n", n,
            low, high, layout_step(high - low, 5));
    fprintf(script,
            "set object rectangle from graph 0,first %.6g to graph 1,first %.6g fc rgb '#e6e6e6' fs solid noborder "
            "behind\nset arrow from graph 0,first 0 to graph 1,first 0 nohead lw 0.8 lc rgb '#%06x'\n",
            -result->smallest, result->smallest, COLOUR_GREY);
    const uint32_t mean_colour = figure->palette->colours[MEAN], found = figure->palette->colours[FOUND];
    if (isfinite(mean->low))
        fprintf(script,
                "set object rectangle from graph 0,first %.6g to graph 1,first %.6g fc rgb '#%06" PRIx32
                "' fs transparent solid 0.25 noborder front\n",
                mean->low, mean->high, mean_colour);
    fprintf(script,
            "set arrow from graph 0,first %.6g to graph 1,first %.6g nohead front lw 1.2 lc rgb '#%06" PRIx32 "'\n",
            mean->value, mean->value, mean_colour);
    fprintf(script,
            "plot $%s using 1:3:(0):($5 == 0 ? $4-$3 : NaN) with vectors nohead lw 0.9 lc rgb '#%06x', \\\n"
            "     $%s using 1:3:(0):($5 == 1 ? $4-$3 : NaN) with vectors nohead lw 0.9 lc rgb '#%06" PRIx32 "', \\\n"
            "     $%s using 1:($5 == 0 ? $2 : NaN) with points pt 6 ps 0.3 lw 0.9 lc rgb '#%06x', \\\n"
            "     $%s using 1:($5 == 1 ? $2 : NaN) with points pt 7 ps 0.33 lc rgb '#%06" PRIx32 "'\n"
            "unset label\nunset arrow\nunset object\n",
            name, COLOUR_LINE, name, found, name, COLOUR_LINE, name, found);
}

static void write_matrix(const struct multiverse_figure *figure, const struct box *box, int c, size_t n, bool has_names)
{
    FILE *script = figure->gnuplot.script;
    double y = 0, line = fmin(LINE_WIDTH, 0.5 * box->width / (double)n); /* marks side by side do not touch */
    layout_panel(&figure->gnuplot, box);
    fprintf(script, "set border 0\nset xrange [0.3:%zu.7]\nset yrange [%.6g:0]\nunset xtics\nunset ytics\n", n,
            figure->matrix_height);
    for (size_t r = 0; r < figure->n_rows && has_names; r++) {
        y += figure->rows[r].is_new_kind ? KIND_GAP : 0;
        layout_text(&figure->gnuplot, box->left - 6, box->top + y + ROW_HEIGHT / 2, ALIGN_RIGHT, FONT_SMALL,
                    COLOUR_TEXT, false, figure->rows[r].name);
        y += ROW_HEIGHT;
    }
    fprintf(script,
            "plot $%s_choices using 1:($2-%g):(0):($3 == 0 ? %g : NaN) with vectors nohead lw %.3g lc rgb '#%06x', \\\n"
            "     $%s_choices using 1:($2-%g):(0):($3 == 1 ? %g : NaN) with vectors nohead lw %.3g lc rgb '#%06" PRIx32
            "'\n"
            "unset label\n",
            claim_table[c].name, 0.36 * ROW_HEIGHT, 0.72 * ROW_HEIGHT, line, COLOUR_LINE, claim_table[c].name,
            0.36 * ROW_HEIGHT, 0.72 * ROW_HEIGHT, line, figure->palette->colours[FOUND]);
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
    write_head(figure, &box, c, ways, n);
    if (column == 0)
        layout_text(&figure->gnuplot, left - NAMES_WIDTH + 8, box.top + box.height / 2, ALIGN_CENTER, FONT_TEXT,
                    COLOUR_TEXT, true, "effect");
    write_curve(figure, &box, c, ways, n);
    box.top += CURVE_HEIGHT + 6;
    box.height = figure->matrix_height;
    write_matrix(figure, &box, c, n, column == 0);
}

static void write_table(const struct multiverse_figure *figure, const struct reader *reader, unsigned chosen)
{
    const struct claims *claims = figure->claims;
    figure_data_begin(&figure->gnuplot, reader,
                      "claim,measure,number,normalise,units,cutoff,decision,effect,low,high,n,pair,task_names");
    for (int c = 0; c < N_CLAIMS; c++) {
        struct way ways[N_SPECIFICATIONS_ALL];
        size_t n = is_drawn(claims, chosen, c) ? list_ways(claims, c, ways) : 0;
        for (size_t i = 0; i < n; i++) {
            const char *texts[4] = {"D", "", "", ""};
            if (ways[i].number != NUMBER_JUDGED)
                for (size_t r = 0, k = 0; r < figure->n_rows; r++)
                    if (figure->rows[r].has != has_measure && figure->rows[r].has(&ways[i], figure->rows[r].which))
                        texts[k++] = figure->rows[r].name;
            figure_data_row(&figure->gnuplot, reader, SIZE_MAX);
            figure_data_text(&figure->gnuplot, claim_table[c].name);
            figure_data_text(&figure->gnuplot, measure_table[ways[i].measure].name);
            for (int k = 0; k < 4; k++)
                figure_data_text(&figure->gnuplot, texts[k]);
            figure_data_text(&figure->gnuplot, decision_names[ways[i].decision]);
            figure_data_estimate(&figure->gnuplot, &ways[i].effect);
            for (int by_name = 0; by_name < 2; by_name++) {
                char tasks[CLAIM_TASKS_TEXT_MAX];
                claim_tasks_text(&claims->results[c], reader, by_name, tasks);
                figure_data_text(&figure->gnuplot, tasks);
            }
        }
    }
}

enum error_code plot_multiverse(const struct claims *claims, const struct reader *reader, unsigned chosen,
                                const struct figure_request *request, struct error *error)
{
    char found[STYLE_MAX], mean[STYLE_MAX];
    char cautions[CLAIMS_CAUTIONS_MAX];
    claims_cautions(claims, chosen, cautions);
    const struct legend_item legend[] = {
        {true, found, "larger, or reversed"},
        {true, "pt 6 ps 0.6 lc rgb '#808080'", "any other verdict"},
        {false, mean, "mean of all specifications, seed by seed"},
        {false, "lw 9 lc rgb '#e6e6e6'", "smaller than an effect of interest"},
        {false, NULL, "the specifications share their models"},
        {false, NULL, claims->is_simultaneous ? "intervals hold all together (Bonferroni's t)" : "95 % intervals"}};
    const struct head head = {.title = layout_title(reader, request->title),
                              .common = cautions,
                              .legend = legend,
                              .n_legend = sizeof legend / sizeof legend[0],
                              .left = LAYOUT_MARGIN};
    const double page = gnuplot_page_width(&request->place), room = page - 2 * LAYOUT_MARGIN - NAMES_WIDTH;
    struct multiverse_figure figure = {.claims = claims, .palette = &request->palette};
    size_t n_claims = 0, i = 0;
    for (int c = 0; c < N_CLAIMS; c++)
        n_claims += is_drawn(claims, chosen, c) ? 1 : 0;
    if (n_claims == 0)
        return error_set(error, ERROR_INPUT, "%s: none of the claims that were asked for has an effect in it",
                         reader->path);
    bool is_wide = room >= 2 * PANEL_MIN + TICS_WIDTH + GAP;
    size_t n_columns = n_claims == 1 || !is_wide ? 1 : N_COLUMNS, n_lines = (n_claims + n_columns - 1) / n_columns;
    snprintf(found, sizeof found, "pt 7 ps 0.6 lc rgb '#%06" PRIx32 "'", request->palette.colours[FOUND]);
    snprintf(mean, sizeof mean, "lw 3 lc rgb '#%06" PRIx32 "'", request->palette.colours[MEAN]);
    double top = layout_head_height(&head, page) + 6;
    figure.n_rows = list_choices(claims, figure.rows);
    figure.matrix_height = matrix_height(figure.rows, figure.n_rows);
    figure.panel_width = (room - (double)(n_columns - 1) * (TICS_WIDTH + GAP)) / (double)n_columns;
    double own = HEAD_HEIGHT + CURVE_HEIGHT + 6 + figure.matrix_height + BELOW;
    if (gnuplot_begin(&figure.gnuplot, &request->place, head.title, top + (double)n_lines * own, error))
        return error->code;
    fprintf(figure.gnuplot.script, "set multiplot\n");
    layout_head(&figure.gnuplot, &head);
    for (int c = 0; c < N_CLAIMS; c++)
        if (is_drawn(claims, chosen, c))
            write_claim(&figure, c, i++, n_columns, top);
    write_table(&figure, reader, chosen);
    fprintf(figure.gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&figure.gnuplot, error);
}
