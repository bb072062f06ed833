#include "plot_importance.h"

#include "figure_data.h"
#include "layer_mask.h"
#include "rows.h"
#include "text.h"
#include "units.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PANEL_MIN        92.0
#define PANEL_MAX        220.0
#define NUMBER_WIDTH     34.0      /* of a number below the axes, with what keeps it apart */
#define POINTS_MAX       1500      /* in a panel */
#define ALL_POINTS_MAX   24000     /* in a figure: an SVG has an element for each */
#define DECADES_MAX      8         /* of the axes; what is smaller lies on their edge */
#define UNIMPORTANT_GREY 0x949494u /* crosses; 3:1 on white */

/* One unit. */
struct point {
    float a, b, ri;
};

struct cloud {
    struct point *points;             /* [n_points] */
    size_t n_points, n_units, n_zero; /* n_zero of all n_units have importance 0 for both tasks */
};

struct importance_figure {
    struct rows rows;
    struct cloud (*clouds)[LAYERS_MAX]; /* [selection->n] */
    double low, high;                   /* of both axes */
};

static enum error_code read_row(struct importance_figure *figure, size_t row, size_t n_points_max, struct error *error)
{
    struct rows *rows = &figure->rows;
    const struct ri_options own = figure_ri(rows->request, row), *options = &own;
    size_t config = rows->selection->configs[row], n_models = models_accepted(rows->reader, config);
    struct units units = {0};
    double *ri = NULL;

    if (units_create(&units, rows->reader, config, error))
        goto done;
    size_t n_all = n_models * units.n_units, n_points = n_all < n_points_max ? n_all : n_points_max;
    ri = malloc(units.n_units * sizeof *ri);
    if (!ri)
        goto no_memory;
    for (size_t l = 0; l < units.n_layers; l++) {
        figure->clouds[row][l].points = malloc((n_points + 1) * sizeof(struct point));
        if (!figure->clouds[row][l].points)
            goto no_memory;
    }
    for (size_t r = 0; r < rows->reader->n_replicates; r++) {
        if (!models_is_chosen(rows->reader, config, r))
            continue;
        if (units_load(&units, rows->reader, config, r, error))
            goto done;
        if (!units_has_measure(&units, options->measure))
            continue;
        for (size_t l = 0; l < units.n_layers; l++) {
            struct cloud *cloud = &figure->clouds[row][l];
            check(cloud->points);
            const float *a = units_importance(&units, options->measure, (size_t)options->task_a, l);
            const float *b = units_importance(&units, options->measure, (size_t)options->task_b, l);
            units_relative_importance(&units, options, options->measure, l, ri);
            for (size_t i = 0; i < units.n_units; i++) {
                /* Spread evenly over models and units: units have no order. */
                if (cloud->n_points < n_points && cloud->n_units == cloud->n_points * n_all / n_points)
                    cloud->points[cloud->n_points++] = (struct point){a[i], b[i], (float)ri[i]};
                cloud->n_units++;
                cloud->n_zero += a[i] == 0 && b[i] == 0;
            }
        }
    }
    error->code = ERROR_NONE;
    goto done;
no_memory:
    error_set(error, ERROR_FATAL, "%s: not enough memory", rows->reader->path);
done:
    free(ri);
    units_destroy(&units);
    return error->code;
}

/* One range for both axes and all panels. */
static void choose_range(struct importance_figure *figure)
{
    double low = INFINITY, high = 0;
    for (size_t row = 0; row < figure->rows.selection->n; row++)
        for (size_t l = 0; l < LAYERS_MAX; l++)
            for (size_t i = 0; i < figure->clouds[row][l].n_points; i++) {
                const struct point *point = &figure->clouds[row][l].points[i];
                double a = (double)point->a, b = (double)point->b;
                low = a > 0 ? fmin(low, a) : low;
                low = b > 0 ? fmin(low, b) : low;
                high = isfinite(a) ? fmax(high, a) : high;
                high = isfinite(b) ? fmax(high, b) : high;
            }
    if (!(high > 0))
        high = 1;
    figure->high = high * 1.5;
    figure->low = fmax(low < high ? low / 1.5 /* nothing drawn */ : high * 1e-6, high * pow(10, -DECADES_MAX));
}

static void write_panel(const struct importance_figure *figure, size_t row, size_t column)
{
    const struct rows *rows = &figure->rows;
    size_t layer = rows->columns[column];
    const struct cloud *cloud = &figure->clouds[row][layer];
    FILE *script = rows->gnuplot.script;
    struct box box = rows_box(rows, row, column);
    char text[64];
    bool has_points = false;

    fprintf(script, "\n$row%zu_layer%zu << EOD\n", row + 1, layer + 1);
    for (size_t i = 0; i < cloud->n_points; i++) {
        const struct point *point = &cloud->points[i];
        if ((point->a == 0 && point->b == 0) || !isfinite(point->a) || !isfinite(point->b))
            continue;
        uint32_t colour = isnan(point->ri) ? UNIMPORTANT_GREY : palette_ri(&rows->request->palette, (double)point->ri);
        fprintf(script, "%.5g %.5g %" PRIu32 "\n", fmax((double)point->a, figure->low),
                fmax((double)point->b, figure->low), colour);
        has_points = true;
    }
    fprintf(script, "EOD\n");

    layout_panel(&rows->gnuplot, &box);
    if (cloud->n_units == 0)
        snprintf(text, sizeof text, "%s", models_none(rows->reader));
    else
        snprintf(text, sizeof text, "+ %.0f %%", 100 * (double)cloud->n_zero / (double)cloud->n_units);
    layout_text(&rows->gnuplot, box.left + 5, box.top + 7, ALIGN_LEFT, FONT_SMALL, COLOUR_GREY, false, text);
    fprintf(script, "set format x '%s'\nset format y '%s'\nplot x with lines lw 0.7 lc rgb '#999999'",
            rows_is_lowest(rows, row, column) ? "%.0e" : "", rows_is_leftmost(rows, column) ? "%.0e" : "");
    if (rows->request->ri.normalise == NORMALISE_NONE) { /* else RI is not a matter of the two alone */
        double above = ri_selective_above(&rows->request->ri), ratio = (1 + above) / (1 - above);
        fprintf(script,
                ", \\\n     %.6g * x with lines lw 0.7 dt 3 lc rgb '#999999'"
                ", \\\n     x / %.6g with lines lw 0.7 dt 3 lc rgb '#999999'",
                ratio, ratio);
    }
    if (has_points)
        fprintf(
            script,
            ", \\\n     $row%zu_layer%zu using ($3 == %u ? $2 : NaN):1 with points pt 2 ps 0.2 lw 0.7 lc rgb '#%06x'"
            ", \\\n     $row%zu_layer%zu using ($3 == %u ? NaN : $2):1:3 with points pt 7 ps 0.28 lc rgb variable",
            row + 1, layer + 1, UNIMPORTANT_GREY, UNIMPORTANT_GREY, row + 1, layer + 1, UNIMPORTANT_GREY);
    fprintf(script, "\nunset label\nunset arrow\n");
}

static void write_figure(const struct importance_figure *figure)
{
    const struct rows *rows = &figure->rows;
    char text[TASK_LABEL_MAX + 64], task[TASK_LABEL_MAX];
    double x, y;

    layout_axes(&rows->gnuplot);
    /* No number at the right end, where the next panel's first one is. */
    layout_logarithmic(&rows->gnuplot, 'x', figure->low, figure->high / pow(figure->high / figure->low, 0.12),
                       figure->high, (int)fmax(1, rows->panel_width / NUMBER_WIDTH));
    layout_logarithmic(&rows->gnuplot, 'y', figure->low, figure->high, figure->high, 5);
    /* Lines have two points, which rounding puts outside of the axes here and there. */
    fprintf(rows->gnuplot.script, "set samples 2\nset clip two\n");
    const char *measure = measure_table[rows->request->ri.measure].name;
    task_pairs_label(rows->request->pairs, rows->reader, 0, task);
    snprintf(text, sizeof text, "importance for %s", task);
    rows_y_name(rows, text);
    task_pairs_label(rows->request->pairs, rows->reader, 1, task);
    snprintf(text, sizeof text, "importance for %s  (%s)", task, measure);
    rows_x_name_place(rows, &x, &y);
    layout_text(&rows->gnuplot, x, y, ALIGN_CENTER, FONT_TEXT, COLOUR_TEXT, false, text);
    for (size_t row = 0; row < rows->selection->n; row++)
        for (size_t column = 0; column < rows->n_columns; column++)
            if (rows_has(rows, row, column))
                write_panel(figure, row, column);
}

static void write_legend(char styles[4][40], char texts[2][TASK_LABEL_MAX + 16], const struct figure_request *request,
                         const struct reader *reader)
{
    char task[TASK_LABEL_MAX];
    const uint32_t colours[] = {palette_ri(&request->palette, 1), palette_ri(&request->palette, 0),
                                palette_ri(&request->palette, -1), UNIMPORTANT_GREY};
    for (int i = 0; i < 4; i++)
        snprintf(styles[i], sizeof styles[i], "pt %d ps 0.6 lc rgb '#%06" PRIx32 "'", i == 3 ? 2 : 7, colours[i]);
    task_pairs_label(request->pairs, reader, 0, task);
    snprintf(texts[0], sizeof texts[0], "RI = 1: %s", task);
    task_pairs_label(request->pairs, reader, 1, task);
    snprintf(texts[1], sizeof texts[1], "-1: %s", task);
}

/* What the panels leave out, or do not show where it is: "at most 1500 of 5000 neurons drawn in a panel; ..." */
static bool write_omissions(const struct importance_figure *figure, char text[128])
{
    size_t n_most = 0, n_drawn = 0;
    bool is_censored = false;
    for (size_t row = 0; row < figure->rows.selection->n; row++)
        for (size_t l = 0; l < LAYERS_MAX; l++) {
            const struct cloud *cloud = &figure->clouds[row][l];
            if (cloud->n_units > n_most) {
                n_most = cloud->n_units;
                n_drawn = cloud->n_points;
            }
            for (size_t i = 0; i < cloud->n_points; i++) {
                double least = fmin((double)cloud->points[i].a, (double)cloud->points[i].b);
                double most = fmax((double)cloud->points[i].a, (double)cloud->points[i].b);
                is_censored |= most > 0 && least < figure->low;
            }
        }
    *text = '\0';
    if (n_drawn < n_most)
        snprintf(text, 128, "%zu of up to %zu neurons drawn in a panel", n_drawn, n_most);
    if (is_censored)
        snprintf(text + strlen(text), 128 - strlen(text), "%son the edge: as small or smaller, or 0",
                 *text ? "; " : "");
    return *text != '\0';
}

static void write_table(const struct importance_figure *figure)
{
    const struct rows *rows = &figure->rows;
    figure_data_begin(&rows->gnuplot, rows->reader, "pair,layer,measure,importance_a,importance_b,ri");
    for (size_t row = 0; row < rows->selection->n; row++)
        for (size_t column = 0; column < rows->n_columns && rows_has(rows, row, column); column++) {
            const struct cloud *cloud = &figure->clouds[row][rows->columns[column]];
            const struct ri_options ri = figure_ri(rows->request, row);
            char tasks[32];
            snprintf(tasks, sizeof tasks, "%d-%d", ri.task_a + 1, ri.task_b + 1);
            for (size_t i = 0; i < cloud->n_points; i++) {
                figure_data_row(&rows->gnuplot, rows->reader, rows->selection->configs[row]);
                figure_data_text(&rows->gnuplot, tasks);
                figure_data_number(&rows->gnuplot, (double)(rows->columns[column] + 1));
                figure_data_text(&rows->gnuplot, measure_table[ri.measure].name);
                figure_data_number(&rows->gnuplot, (double)cloud->points[i].a);
                figure_data_number(&rows->gnuplot, (double)cloud->points[i].b);
                figure_data_number(&rows->gnuplot, (double)cloud->points[i].ri);
            }
        }
}

enum error_code plot_importance(struct reader *reader, const struct selection *selection,
                                const struct figure_request *request, struct error *error)
{
    char styles[4][40], texts[2][TASK_LABEL_MAX + 16], settings[LABEL_MAX], omissions[128];
    struct legend_item legend[8] = {{true, styles[0], texts[0]},
                                    {true, styles[1], "0"},
                                    {true, styles[2], texts[1]},
                                    {true, styles[3], "unimportant"},
                                    {false, NULL, "+ %: importance 0 for both, not drawn"}};
    size_t n_legend = 5;
    char line[32];
    snprintf(line, sizeof line, "|RI| = %.24s", text_number(ri_selective_above(&request->ri)).words);
    if (request->ri.normalise == NORMALISE_NONE)
        legend[n_legend++] = (struct legend_item){false, "lw 0.7 dt 3 lc rgb '#777777'", line};
    if (layout_ri_text(&request->ri, settings))
        legend[n_legend++] = (struct legend_item){false, NULL, settings};
    struct importance_figure figure = {.rows = {.reader = reader,
                                                .selection = selection,
                                                .request = request,
                                                .panel_width = PANEL_MIN,
                                                .panel_width_max = PANEL_MAX,
                                                .is_square = true,
                                                .margin_left = 62,
                                                .margin_bottom = 42,
                                                .tics_height = 16,
                                                .legend = legend,
                                                .n_legend = n_legend}};
    size_t n_panels = 0;

    if (gnuplot_check(&request->place, error) || layout_check_count(reader, selection, error) ||
        layer_mask_check_each(request->layers, reader, selection, error))
        return error->code;
    write_legend(styles, texts, request, reader);
    figure.clouds = calloc(selection->n, sizeof *figure.clouds);
    if (!figure.clouds)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    for (size_t row = 0; row < selection->n; row++)
        n_panels += (size_t)reader->configs[selection->configs[row]].hidden_layers;
    size_t n_points = ALL_POINTS_MAX / n_panels < POINTS_MAX ? ALL_POINTS_MAX / n_panels : POINTS_MAX;
    for (size_t row = 0; row < selection->n; row++)
        if (read_row(&figure, row, n_points, error))
            goto done;
    choose_range(&figure);
    if (write_omissions(&figure, omissions))
        legend[figure.rows.n_legend++] = (struct legend_item){false, NULL, omissions};
    if (rows_begin(&figure.rows, error))
        goto done;
    write_figure(&figure);
    write_table(&figure);
    rows_finish(&figure.rows, error);
done:
    for (size_t row = 0; row < selection->n; row++)
        for (size_t l = 0; l < LAYERS_MAX; l++)
            free(figure.clouds[row][l].points);
    free(figure.clouds);
    return error->code;
}
