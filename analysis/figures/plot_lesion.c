#include "plot_lesion.h"

#include "bootstrap.h"
#include "layer_mask.h"
#include "lesion.h"
#include "panels.h"
#include "ticker.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PANEL_WIDTH    230.0 /* at least */
#define PANEL_HEIGHT   170.0
#define TASKS_DRAWN    2
#define MODELS_DEFAULT 50   /* of each configuration */
#define TASK_OFFSET    0.11 /* of a task's points from the middle of their place */

/* What one panel shows. */
struct lesions {
    struct estimate errors[N_LESIONS][TASKS_DRAWN];
    double n_silenced[N_LESIONS]; /* mean over models */
};

struct lesion_figure {
    struct panels panels;
    struct lesions *lesions; /* [selection->n] */
    size_t *n_models;        /* [selection->n] */
    size_t n_models_max;     /* of each configuration */
};

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
    for (size_t lesion = 0; result.n_models > 0 && lesion < N_LESIONS; lesion++) {
        float *errors = result.errors + lesion * result.n_tasks * result.n_models; /* [n_tasks, n_models] */
        for (size_t t = 0; t < TASKS_DRAWN && !error->code; t++)                   /* a pair's tasks come in order */
            memmove(errors + t * result.n_models, errors + (size_t)tasks[t] * result.n_models,
                    result.n_models * sizeof *errors);
        if (bootstrap_means(errors, result.n_models, TASKS_DRAWN, figure->lesions[i].errors[lesion], error))
            break;
        figure->lesions[i].n_silenced[lesion] =
            statistics_mean(result.n_silenced + lesion * result.n_models, result.n_models);
    }
    lesion_free(&result);
    return error->code;
}

static void write_axes(const struct lesion_figure *figure)
{
    const struct panels *panels = &figure->panels;
    FILE *script = panels->gnuplot.script;
    double low = INFINITY, high = 0, mean_low = INFINITY;
    for (size_t i = 0; i < panels->selection->n; i++)
        for (size_t lesion = 0; figure->n_models[i] > 0 && lesion < N_LESIONS; lesion++)
            for (size_t t = 0; t < TASKS_DRAWN; t++) {
                const struct estimate *point = &figure->lesions[i].errors[lesion][t];
                low = fmin(low, fmin(point->value, point->low)); /* a NaN does not count */
                high = fmax(high, fmax(point->value, point->high));
                mean_low = fmin(mean_low, point->value);
            }
    if (!(high > 0)) {
        low = mean_low = 0;
        high = 1;
    }
    bool is_logarithmic = low > 0 && high >= 10 * mean_low;
    layout_axes(&panels->gnuplot);
    layout_y_range(&panels->gnuplot, is_logarithmic ? low : 0, high, 0.14, is_logarithmic);
    fprintf(script, "set grid ytics lt 1 lw 0.6 lc rgb '#e6e6e6'\nset xrange [-0.5:%d.5]\nset xtics offset 0,0.2\n",
            N_LESIONS - 1);
    panels_y_name(panels, "mean absolute test error");
}

/* "task-1", or "first-" where the pairs differ. */
static void side_name(const struct figure_request *request, int side, char text[32])
{
    const struct task_pair *pairs = request->pairs->pairs;
    if (request->pairs->is_all && request->pairs->selection.n > 1)
        snprintf(text, 32, "%s-task", side ? "second" : "first");
    else
        snprintf(text, 32, "task-%d", (side ? pairs[0].b : pairs[0].a) + 1);
}

static void write_panel(const struct lesion_figure *figure, size_t i)
{
    const struct panels *panels = &figure->panels;
    const uint32_t *colours = panels->request->palette.colours;
    const struct lesions *lesions = &figure->lesions[i];
    FILE *script = panels->gnuplot.script;
    struct box box = panels_box(panels, i);
    bool has_models = figure->n_models[i] > 0;

    if (has_models) {
        fprintf(script, "\n$errors%zu << EOD\n", i + 1);
        for (size_t lesion = 0; lesion < N_LESIONS; lesion++) {
            fprintf(script, "%zu %.6g", lesion, lesions->n_silenced[lesion]);
            for (size_t t = 0; t < TASKS_DRAWN; t++) {
                const struct estimate *point = &lesions->errors[lesion][t];
                fprintf(script, " %.6g %.6g %.6g", point->value, point->low, point->high);
            }
            fprintf(script, "\n");
        }
        fprintf(script, "EOD\n");
    }
    layout_panel(&panels->gnuplot, &box);
    panels_title(panels, i);
    for (size_t lesion = 0; has_models && lesion < N_LESIONS; lesion++) {
        char text[32];
        double n = lesions->n_silenced[lesion];
        snprintf(text, sizeof text, n == 0 || n >= 100 ? "%.0f" : "%.1f", n);
        layout_text(&panels->gnuplot, box.left + box.width * ((double)lesion + 0.5) / N_LESIONS, box.top + 8,
                    ALIGN_CENTER, FONT_SMALL, COLOUR_GREY, false, text);
    }
    if (!has_models)
        layout_text(&panels->gnuplot, box.left + box.width / 2, box.top + box.height / 2, ALIGN_CENTER, FONT_TEXT,
                    COLOUR_GREY, false, "no accepted model");
    fprintf(script, "set format y '%s'\n", panels_is_leftmost(panels, i) ? "%g" : "");
    if (panels_is_lowest(panels, i)) {
        layout_text(&panels->gnuplot, box.left + box.width / 2, box.top + box.height + 46, ALIGN_CENTER, FONT_TEXT,
                    COLOUR_TEXT, false, "neurons silenced");
        char names[2][32];
        for (int side = 0; side < 2; side++)
            side_name(panels->request, side, names[side]);
        fprintf(script,
                "set xtics (\"none\" 0, \"%s-\\nselective\" 1, \"as many\\nrandom\" 2, \"%s-\\nselective\" 3, "
                "\"as many\\nrandom\" 4)\n",
                names[0], names[1]);
    } else {
        fprintf(script, "set xtics (\"\" 0, \"\" 1, \"\" 2, \"\" 3, \"\" 4)\n");
    }
    fprintf(script, "plot ");
    for (int t = 0; has_models && t < TASKS_DRAWN; t++)
        fprintf(script,
                "$errors%zu using ($1%+g):%d:(0):($%d-$%d) with vectors nohead lw 1.6 lc rgb '#%06" PRIx32
                "', \\\n     "
                "$errors%zu using ($1%+g):%d with points pt %d ps 0.7 lc rgb '#%06" PRIx32 "', \\\n     ",
                i + 1, (2 * t - 1) * TASK_OFFSET, 3 * t + 4, 3 * t + 5, 3 * t + 4, colours[t], i + 1,
                (2 * t - 1) * TASK_OFFSET, 3 * t + 3, t == 0 ? 7 : 5, colours[t]);
    fprintf(script, "%.17g with lines lw 1 dt 2 lc rgb '#777777'\nunset label\nunset arrow\n",
            panels->reader->configs[panels->selection->configs[i]].error_threshold);
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
    snprintf(texts[2], sizeof texts[2], "grey: neurons silenced in %.80s (%s)", layers,
             measure_table[request->ri.measure].name);
}

enum error_code plot_lesion(struct reader *reader, const struct selection *selection,
                            const struct figure_request *request, size_t n_models, struct error *error)
{
    size_t n = selection->n;
    char texts[3][160], styles[TASKS_DRAWN][STYLE_MAX], settings[LABEL_MAX];
    const struct legend_item legend[] = {{true, styles[0], texts[0]},
                                         {true, styles[1], texts[1]},
                                         {false, "lw 1 dt 2 lc rgb '#777777'", "acceptance threshold"},
                                         {false, NULL, "mean over models, 95 % interval"},
                                         {false, NULL, texts[2]},
                                         {false, NULL, settings}};
    struct lesion_figure figure = {.n_models_max = n_models ? n_models : MODELS_DEFAULT,
                                   .panels = {.reader = reader,
                                              .selection = selection,
                                              .request = request,
                                              .panel_width = PANEL_WIDTH,
                                              .panel_height = n == 1 ? 1.5 * PANEL_HEIGHT : PANEL_HEIGHT,
                                              .margin_left = 56,
                                              .margin_bottom = 62,
                                              .gap = 16,
                                              .tics_height = 12,
                                              .legend = legend,
                                              .n_legend = layout_ri_text(&request->ri, settings) ? 6 : 5}};

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
    if (panels_begin(&figure.panels, error))
        goto done;
    write_axes(&figure);
    for (size_t i = 0; i < n; i++)
        write_panel(&figure, i);
    panels_finish(&figure.panels, error);
done:
    free(figure.lesions);
    free(figure.n_models);
    return error->code;
}
