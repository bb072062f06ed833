#include "plot_lesion.h"

#include "extent.h"
#include "figure_data.h"
#include "layer_mask.h"
#include "lesion.h"
#include "panels.h"
#include "ticker.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PANEL_WIDTH       240.0 /* at least: seven names below */
#define WIDE_PLACE        39.0  /* of a lesion whose whole name fits below */
#define ERRORS_HEIGHT     130.0 /* of a panel's upper part, */
#define PARTS_GAP         12.0
#define DIFFERENCE_HEIGHT 90.0 /* and of its lower one */
#define TASKS_DRAWN       2
#define MODELS_DEFAULT    50   /* of each configuration */
#define TASK_OFFSET       0.11 /* of a task's points from the middle of their place */

#define NAME_PLACE 10.0 /* of the vertical axes' names, from the page's left */

static const enum lesion controls[] = {LESION_RANDOM_A, LESION_MATCHED_A, LESION_RANDOM_B, LESION_MATCHED_B};
#define N_CONTROLS (sizeof controls / sizeof controls[0])

/* What one panel shows. */
struct lesions {
    struct estimate errors[N_LESIONS][TASKS_DRAWN];
    struct estimate differences[N_CONTROLS][TASKS_DRAWN];
    double n_silenced[N_LESIONS], importance[N_LESIONS]; /* means over models */
};

struct lesion_figure {
    struct panels panels;
    struct lesions *lesions; /* [selection->n] */
    size_t *n_models;        /* [selection->n] */
    size_t n_models_max;     /* of each configuration */
    struct extent errors, differences;
    bool is_logarithmic; /* the errors */
    bool is_cut;         /* intervals go beyond the axes */
};

/* Takes one configuration's lesions into a panel: values [TASKS_DRAWN * n_models] is scratch. */
static enum error_code take_result(struct lesions *lesions, const struct lesion_result *result,
                                   const int tasks[TASKS_DRAWN], float *values, struct error *error)
{
    size_t n = result->n_models;
    error->code = ERROR_NONE;
    for (size_t lesion = 0; lesion < N_LESIONS && !error->code; lesion++) {
        for (size_t t = 0; t < TASKS_DRAWN; t++)
            memcpy(values + t * n, result->errors + (lesion * result->n_tasks + (size_t)tasks[t]) * n,
                   n * sizeof *values);
        bootstrap_means(values, n, TASKS_DRAWN, lesions->errors[lesion], error);
        for (size_t t = 0; t < TASKS_DRAWN; t++)
            estimate_clip(&lesions->errors[lesion][t], 0, (double)INFINITY);
        lesions->n_silenced[lesion] = statistics_mean(result->n_silenced + lesion * n, n);
        lesions->importance[lesion] = statistics_mean(result->importance + lesion * n, n);
    }
    for (size_t c = 0; c < N_CONTROLS && !error->code; c++) {
        for (size_t t = 0; t < TASKS_DRAWN; t++)
            lesion_difference(result, controls[c], (size_t)tasks[t], values + t * n);
        bootstrap_means(values, n, TASKS_DRAWN, lesions->differences[c], error);
    }
    return error->code;
}

static enum error_code measure(struct lesion_figure *figure, size_t i, struct error *error)
{
    const struct panels *panels = &figure->panels;
    const struct figure_request *request = panels->request;
    const struct ri_options ri = figure_ri(request, i);
    const int tasks[TASKS_DRAWN] = {ri.task_a, ri.task_b};
    struct lesion_result result;
    if (lesion_measure(panels->reader, panels->selection->configs[i], &ri, request->layers, figure->n_models_max,
                       &result, error))
        return error->code;
    figure->n_models[i] = result.n_models;
    float *values = malloc((TASKS_DRAWN * result.n_models + 1) * sizeof *values);
    if (!values)
        error_set(error, ERROR_FATAL, "%s: not enough memory", panels->reader->path);
    else if (result.n_models > 0)
        take_result(&figure->lesions[i], &result, tasks, values, error);
    free(values);
    lesion_free(&result);
    return error->code;
}

/* One range of errors and one of differences for all panels. */
static void choose_ranges(struct lesion_figure *figure)
{
    double mean_low = INFINITY;
    figure->errors = figure->differences = EXTENT_EMPTY;
    extent_add_value(&figure->differences, 0);
    for (size_t i = 0; i < figure->panels.selection->n; i++)
        for (size_t t = 0; figure->n_models[i] > 0 && t < TASKS_DRAWN; t++) {
            for (size_t lesion = 0; lesion < N_LESIONS; lesion++) {
                extent_add(&figure->errors, &figure->lesions[i].errors[lesion][t]);
                mean_low = fmin(mean_low, figure->lesions[i].errors[lesion][t].value);
            }
            for (size_t c = 0; c < N_CONTROLS; c++)
                extent_add(&figure->differences, &figure->lesions[i].differences[c][t]);
        }
    figure->is_cut = extent_end(&figure->errors);
    figure->is_cut |= extent_end(&figure->differences);
    if (!(figure->errors.high > 0))
        figure->errors = (struct extent){.low = 0, .high = 1};
    if (!(figure->differences.high > figure->differences.low))
        figure->differences = (struct extent){.low = -1, .high = 1};
    figure->is_logarithmic = figure->errors.low > 0 && figure->errors.high >= 10 * mean_low;
}

static struct box errors_box(const struct lesion_figure *figure, size_t i)
{
    struct box box = panels_box(&figure->panels, i);
    box.height -= PARTS_GAP + DIFFERENCE_HEIGHT;
    return box;
}

static struct box difference_box(const struct lesion_figure *figure, size_t i)
{
    struct box box = panels_box(&figure->panels, i);
    box.top += box.height - DIFFERENCE_HEIGHT;
    box.height = DIFFERENCE_HEIGHT;
    return box;
}

static void write_axes(const struct lesion_figure *figure)
{
    const struct panels *panels = &figure->panels;
    layout_axes(&panels->gnuplot);
    fprintf(panels->gnuplot.script,
            "set grid ytics lt 1 lw 0.6 lc rgb '#e6e6e6'\nset xrange [-0.5:%d.5]\nset xtics offset 0,0.2\n",
            N_LESIONS - 1);
    for (size_t i = 0; i < panels->selection->n; i++) {
        struct box errors = errors_box(figure, i), differences = difference_box(figure, i);
        if (!panels_is_leftmost(panels, i))
            continue;
        layout_text(&panels->gnuplot, NAME_PLACE, errors.top + errors.height / 2, ALIGN_CENTER, FONT_TEXT, COLOUR_TEXT,
                    true, "mean absolute test error");
        layout_text(&panels->gnuplot, NAME_PLACE, differences.top + differences.height / 2, ALIGN_CENTER, FONT_TEXT,
                    COLOUR_TEXT, true, "selective \u2212 control");
    }
}

/* "task-1-\nselective", or "first-task-\nselective" where the pairs differ; shorter on narrow places. */
static void side_name(const struct figure_request *request, int side, bool is_narrow, char text[40])
{
    const struct task_pair *pairs = request->pairs->pairs;
    const char *selective = is_narrow ? "selec." : "selective";
    if (request->pairs->is_all && request->pairs->selection.n > 1)
        snprintf(text, 40, "%s-%s\\n%s", side ? "second" : "first", is_narrow ? "" : "task-", selective);
    else
        snprintf(text, 40, "task-%d-\\n%s", (side ? pairs[0].b : pairs[0].a) + 1, selective);
}

/* The names below a panel. */
static void write_places(const struct panels *panels, bool is_narrow)
{
    FILE *script = panels->gnuplot.script;
    fprintf(script, "set xtics (\"none\" 0");
    for (int side = 0; side < 2; side++) {
        char name[40];
        side_name(panels->request, side, is_narrow, name);
        fprintf(script, ", \"%s\" %d, \"%s\" %d, \"as im-\\nportant\" %d", name, 3 * side + 1,
                is_narrow ? "random" : "random,\\nas many", 3 * side + 2, 3 * side + 3);
    }
    fprintf(script, ")\n");
}

/* Writes a block of estimates [n][TASKS_DRAWN], a row for each: its place, two numbers, then value, low and high. */
static void write_rows(FILE *script, size_t place, double first, double second, const struct estimate *tasks)
{
    fprintf(script, "%zu %.6g %.6g", place, first, second);
    for (size_t t = 0; t < TASKS_DRAWN; t++)
        fprintf(script, " %.6g %.6g %.6g", tasks[t].value, tasks[t].low, tasks[t].high);
    fprintf(script, "\n");
}

static void write_data(const struct lesion_figure *figure, size_t i)
{
    FILE *script = figure->panels.gnuplot.script;
    const struct lesions *lesions = &figure->lesions[i];
    fprintf(script, "\n$errors%zu << EOD\n", i + 1);
    for (size_t lesion = 0; lesion < N_LESIONS; lesion++)
        write_rows(script, lesion, lesions->n_silenced[lesion], lesions->importance[lesion], lesions->errors[lesion]);
    fprintf(script, "EOD\n$differences%zu << EOD\n", i + 1);
    for (size_t c = 0; c < N_CONTROLS; c++)
        write_rows(script, controls[c], (double)lesions->differences[c][0].n, (double)lesions->differences[c][1].n,
                   lesions->differences[c]);
    fprintf(script, "EOD\n");
}

/* Writes a text in the middle of a lesion's place, `top` below the top of the box. */
static void write_at(const struct lesion_figure *figure, const struct box *box, size_t lesion, double top,
                     const char *text)
{
    layout_text(&figure->panels.gnuplot, box->left + box->width * ((double)lesion + 0.5) / N_LESIONS, box->top + top,
                ALIGN_CENTER, FONT_SMALL, COLOUR_GREY, false, text);
}

/* The points of both tasks of a block, as parts of a plot command. */
static void write_points(FILE *script, const struct palette *palette, const char *block, size_t i)
{
    for (int t = 0; t < TASKS_DRAWN; t++) {
        char style[STYLE_MAX];
        palette_mark(palette, (size_t)t, 0.6, style);
        fprintf(script,
                "$%s%zu using ($1%+g):%d:(0):($%d-$%d) with vectors nohead lw 1.4 lc rgb '#%06" PRIx32
                "', \\\n     $%s%zu using ($1%+g):%d with points %s, \\\n     ",
                block, i + 1, (2 * t - 1) * TASK_OFFSET, 3 * t + 5, 3 * t + 6, 3 * t + 5, palette->colours[t], block,
                i + 1, (2 * t - 1) * TASK_OFFSET, 3 * t + 4, style);
    }
}

static void write_errors(const struct lesion_figure *figure, size_t i)
{
    const struct panels *panels = &figure->panels;
    const struct lesions *lesions = &figure->lesions[i];
    FILE *script = panels->gnuplot.script;
    struct box box = errors_box(figure, i);
    bool has_models = figure->n_models[i] > 0;

    layout_panel(&panels->gnuplot, &box);
    panels_title(panels, i);
    for (size_t lesion = 0; has_models && lesion < N_LESIONS; lesion++) {
        char text[32];
        double n = lesions->n_silenced[lesion];
        snprintf(text, sizeof text, n == 0 || n >= 100 ? "%.0f" : "%.1f", n);
        write_at(figure, &box, lesion, 8, text);
        snprintf(text, sizeof text, "%.0f %%", 100 * lesions->importance[lesion]);
        write_at(figure, &box, lesion, 20, text);
    }
    if (!has_models)
        layout_text(&panels->gnuplot, box.left + box.width / 2, box.top + box.height / 2, ALIGN_CENTER, FONT_TEXT,
                    COLOUR_GREY, false, models_none(panels->reader));
    layout_y_range(&panels->gnuplot, figure->is_logarithmic ? figure->errors.low : 0, figure->errors.high, 0.2,
                   figure->is_logarithmic);
    fprintf(script, "set format y '%s'\nset xtics (\"\" 0, \"\" 1, \"\" 2, \"\" 3, \"\" 4, \"\" 5, \"\" 6)\nplot ",
            panels_is_leftmost(panels, i) ? "%g" : "");
    if (has_models)
        write_points(script, &panels->request->palette, "errors", i);
    fprintf(script, "%.17g with lines lw 1 dt 2 lc rgb '#777777'\nunset label\nunset arrow\nunset logscale y\n",
            panels->reader->configs[panels->selection->configs[i]].error_threshold);
}

static void write_differences(const struct lesion_figure *figure, size_t i)
{
    const struct panels *panels = &figure->panels;
    FILE *script = panels->gnuplot.script;
    struct box box = difference_box(figure, i);
    bool has_models = figure->n_models[i] > 0;
    double range = figure->differences.high - figure->differences.low;

    layout_panel(&panels->gnuplot, &box);
    for (size_t c = 0; has_models && c < N_CONTROLS; c++) {
        char text[32];
        snprintf(text, sizeof text, "n %zu", figure->lesions[i].differences[c][0].n);
        write_at(figure, &box, controls[c], 7, text);
    }
    fprintf(script, "set yrange [%.6g:%.6g]\nset ytics %.6g\n", figure->differences.low - 0.05 * range,
            figure->differences.high + 0.2 * range, layout_step(range, 6));
    if (panels_is_lowest(panels, i)) {
        layout_text(&panels->gnuplot, box.left + box.width / 2, box.top + box.height + 46, ALIGN_CENTER, FONT_TEXT,
                    COLOUR_TEXT, false, "neurons silenced");
        write_places(panels, box.width / N_LESIONS < WIDE_PLACE);
    }
    fprintf(script, "plot ");
    if (has_models)
        write_points(script, &panels->request->palette, "differences", i);
    fprintf(script, "0 with lines lw 1 lc rgb '#777777'\nunset label\nunset arrow\n");
}

static void write_panel(const struct lesion_figure *figure, size_t i)
{
    if (figure->n_models[i] > 0)
        write_data(figure, i);
    write_errors(figure, i);
    write_differences(figure, i);
}

static void write_table(const struct lesion_figure *figure)
{
    static const char *const names[N_LESIONS] = {"none",      "selective", "random",      "as_important",
                                                 "selective", "random",    "as_important"};
    const struct panels *panels = &figure->panels;
    figure_data_begin(&panels->gnuplot, panels->reader,
                      "error_of_task,selective_for_task,silenced,quantity,value,low,high,n_models,n_silenced,"
                      "importance_silenced");
    for (size_t i = 0; i < panels->selection->n; i++) {
        const struct ri_options ri = figure_ri(panels->request, i);
        const int tasks[TASKS_DRAWN] = {ri.task_a + 1, ri.task_b + 1};
        const struct lesions *lesions = &figure->lesions[i];
        for (size_t row = 0; row < N_LESIONS + N_CONTROLS; row++)
            for (size_t t = 0; t < TASKS_DRAWN; t++) {
                bool is_error = row < N_LESIONS;
                size_t lesion = is_error ? row : (size_t)controls[row - N_LESIONS];
                double side = lesion == LESION_NONE ? (double)NAN : tasks[lesion >= LESION_SELECTIVE_B];
                figure_data_row(&panels->gnuplot, panels->reader, panels->selection->configs[i]);
                figure_data_number(&panels->gnuplot, tasks[t]);
                figure_data_number(&panels->gnuplot, side);
                figure_data_text(&panels->gnuplot, names[lesion]);
                figure_data_text(&panels->gnuplot, is_error ? "error" : "selective_less_control");
                figure_data_estimate(&panels->gnuplot, is_error ? &lesions->errors[lesion][t]
                                                                : &lesions->differences[row - N_LESIONS][t]);
                figure_data_number(&panels->gnuplot, lesions->n_silenced[lesion]);
                figure_data_number(&panels->gnuplot, lesions->importance[lesion]);
            }
    }
}

static void write_legend(char texts[3][160], char styles[TASKS_DRAWN][STYLE_MAX], const struct figure_request *request,
                         const struct reader *reader)
{
    char layers[LABEL_MAX], task[TASK_LABEL_MAX];
    layout_layers_text(request->layers, layers);
    for (int t = 0; t < TASKS_DRAWN; t++)
        palette_mark(&request->palette, (size_t)t, 0.7, styles[t]);
    for (int side = 0; side < 2; side++) {
        task_pairs_label(request->pairs, reader, side, task);
        snprintf(texts[side], sizeof texts[side], "error of %s", task);
    }
    snprintf(texts[2], sizeof texts[2], "grey: neurons silenced in %.80s, and their share of importance (%s)", layers,
             measure_table[request->ri.measure].name);
}

enum error_code plot_lesion(struct reader *reader, const struct selection *selection,
                            const struct figure_request *request, size_t n_models, struct error *error)
{
    size_t n = selection->n;
    char texts[3][160], styles[TASKS_DRAWN][STYLE_MAX], settings[LABEL_MAX];
    struct legend_item legend[] = {
        {true, styles[0], texts[0]},
        {true, styles[1], texts[1]},
        {false, "lw 1 dt 2 lc rgb '#777777'", "acceptance threshold"},
        {false, NULL, "mean over models, 95 % interval; second test set"},
        {false, NULL, texts[2]},
        {false, NULL, "below: model by model, selective less control; n: models with such neurons"},
        {false, NULL, NULL},
        {false, NULL, NULL}};
    struct lesion_figure figure = {.n_models_max = n_models ? n_models : MODELS_DEFAULT,
                                   .panels = {.reader = reader,
                                              .selection = selection,
                                              .request = request,
                                              .panel_width = PANEL_WIDTH,
                                              .panel_height = ERRORS_HEIGHT + PARTS_GAP + DIFFERENCE_HEIGHT,
                                              .margin_left = 54,
                                              .margin_bottom = 62,
                                              .gap = 14,
                                              .tics_height = 12,
                                              .legend = legend,
                                              .n_legend = 6}};

    struct ticker ticker;

    if (gnuplot_check(&request->place, error) || layout_check_count(reader, selection, error) ||
        layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    write_legend(texts, styles, request, reader);
    figure.lesions = calloc(n, sizeof *figure.lesions);
    figure.n_models = calloc(n, sizeof *figure.n_models);
    if (!figure.lesions || !figure.n_models) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    error->code = ERROR_NONE;
    ticker_begin(&ticker, "configurations", n);
    for (size_t i = 0; i < n && !error->code; i++) {
        measure(&figure, i, error);
        ticker_add(&ticker, 1);
    }
    ticker_end(&ticker);
    if (error->code)
        goto done;
    figure.panels.n_models = figure.n_models;
    choose_ranges(&figure);
    if (layout_ri_text(&request->ri, settings))
        legend[figure.panels.n_legend++].text = settings;
    if (figure.is_cut)
        legend[figure.panels.n_legend++].text = EXTENT_REMARK;
    if (panels_begin(&figure.panels, error))
        goto done;
    write_axes(&figure);
    for (size_t i = 0; i < n; i++)
        write_panel(&figure, i);
    write_table(&figure);
    panels_finish(&figure.panels, error);
done:
    free(figure.lesions);
    free(figure.n_models);
    return error->code;
}
