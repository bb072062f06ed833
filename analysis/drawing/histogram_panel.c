#include "histogram_panel.h"

#include <inttypes.h>
#include <math.h>

#define BAR_WIDTH 0.206 /* bins are 0.2 wide: bars that just touch leave seams */

void histogram_axes(const struct gnuplot *figure, double highest)
{
    if (!(highest > 0))
        highest = 1;
    layout_axes(figure);
    /* The room above is for the corner's number. */
    fprintf(figure->script,
            "set xrange [-1.03:1.03]\nset yrange [0:%.6g]\nset xtics -1,1,1\nset mxtics 2\nset ytics 0,%.6g\n"
            "set boxwidth %g\nset style fill solid 1 noborder\n",
            1.28 * highest, layout_step(highest, 3), BAR_WIDTH);
}

void histogram_panel(const struct gnuplot *figure, const struct box *box, const char *name,
                     const struct histogram *histogram, bool has_x_numbers, bool has_y_numbers)
{
    FILE *script = figure->script;
    char text[64];

    bool has_models = histogram->bins[0].n > 0, has_intervals = false;
    for (int b = 0; b < RI_BINS; b++) /* a bin in which all models are equal has none, which gnuplot leaves out */
        has_intervals = has_intervals || isfinite(histogram->bins[b].low);
    fprintf(script, "\n$%s << EOD\n", name);
    for (int b = 0; b < RI_BINS && has_models; b++) {
        const struct estimate *bin = &histogram->bins[b];
        fprintf(script, "%.1f %.6g %" PRIu32, -0.9 + 0.2 * b, bin->value,
                layout_blend(COLOUR_TASK_2, COLOUR_TASK_1, b / (RI_BINS - 1.0)));
        if (has_intervals)
            fprintf(script, " %.6g %.6g", bin->low, bin->high);
        fprintf(script, "\n");
    }
    fprintf(script, "EOD\n");

    layout_panel(figure, box);
    if (has_models)
        snprintf(text, sizeof text, "+ %.0f %%", 100 * histogram->unimportant.value);
    else
        snprintf(text, sizeof text, "no accepted model");
    layout_text(figure, box->left + box->width - 2, box->top + 8, ALIGN_RIGHT, 9.5, COLOUR_GREY, false, text);
    fprintf(script, "set format x '%s'\nset format y '%s'\nplot ", has_x_numbers ? "%g" : "",
            has_y_numbers ? "%g" : "");
    if (has_models)
        fprintf(script, "$%s using 1:2:3 with boxes lc rgb variable", name);
    else
        fprintf(script, "NaN");
    if (has_intervals)
        fprintf(script, ", \\\n     $%s using 1:4:(0):($5-$4) with vectors nohead lw 0.9 lc rgb '#555555'", name);
    fprintf(script, "\nunset label\nunset arrow\n");
}

#define X_NAME_MAX  (2 * TASK_LABEL_MAX + 128)
#define X_NAME_SIZE 11

static void x_name(const struct reader *reader, const struct figure_request *request, char text[X_NAME_MAX])
{
    char first[TASK_LABEL_MAX], second[TASK_LABEL_MAX];
    task_pairs_label(request->pairs, reader, 0, first);
    task_pairs_label(request->pairs, reader, 1, second);
    snprintf(text, X_NAME_MAX, "\u2190 %s      relative importance (%s)      %s \u2192", second,
             measure_table[request->ri.measure].name, first);
}

void histogram_x_name(const struct gnuplot *figure, double x, double y, const struct reader *reader,
                      const struct figure_request *request)
{
    char text[X_NAME_MAX];
    x_name(reader, request, text);
    layout_text(figure, x, y, ALIGN_CENTER, X_NAME_SIZE, COLOUR_TEXT, false, text);
}

double histogram_x_name_width(const struct reader *reader, const struct figure_request *request)
{
    char text[X_NAME_MAX];
    x_name(reader, request, text);
    return layout_text_width(text, X_NAME_SIZE);
}
