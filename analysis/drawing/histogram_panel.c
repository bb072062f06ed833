#include "histogram_panel.h"

#include "figure_data.h"

#include <inttypes.h>
#include <math.h>

#define NARROW    60.0  /* a panel whose last number below would touch the first one of its neighbour */
#define NARROWER  28.0  /* with room for a single number */
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
                     const struct palette *palette, const struct reader *reader, const struct histogram *histogram,
                     bool has_x_numbers, bool has_y_numbers)
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
                palette_ri(palette, 2 * b / (RI_BINS - 1.0) - 1));
        if (has_intervals)
            fprintf(script, " %.6g %.6g", bin->low, bin->high);
        fprintf(script, "\n");
    }
    fprintf(script, "EOD\n");

    layout_panel(figure, box);
    bool is_narrow = box->width < NARROW;
    if (has_models)
        snprintf(text, sizeof text, box->width < layout_text_width("+ 100 %", FONT_SMALL) ? "+%.0f%%" : "+ %.0f %%",
                 100 * histogram->unimportant.value);
    else
        snprintf(text, sizeof text, "%s",
                 box->width < layout_text_width(models_none(reader), FONT_SMALL) ? "none" : models_none(reader));
    layout_text(figure, box->left + box->width - 2, box->top + 8, ALIGN_RIGHT, FONT_SMALL, COLOUR_GREY, false, text);
    fprintf(script, "set xtics -1,1,1\nset format x '%s'\nset format y '%s'\n", has_x_numbers && !is_narrow ? "%g" : "",
            has_y_numbers ? "%g" : "");
    if (has_x_numbers && is_narrow)
        fprintf(script, "set format x '%%g'\nset xtics (\"%s\" -1, \"0\" 0, \"\" 1)\n",
                box->width < NARROWER ? "" : "-1");
    fprintf(script, "plot ");
    if (has_models)
        fprintf(script, "$%s using 1:2:3 with boxes lc rgb variable", name);
    else
        fprintf(script, "NaN");
    if (has_intervals)
        fprintf(script, /* with a white edge, to be seen on dark bars */
                ", \\\n     $%s using 1:4:(0):($5-$4) with vectors nohead lw 1.9 lc rgb 'white'"
                ", \\\n     $%s using 1:4:(0):($5-$4) with vectors nohead lw 0.9 lc rgb '#333333'",
                name, name);
    fprintf(script, "\nunset label\nunset arrow\n");
}

#define TASK_ARROW_MAX (TASK_LABEL_MAX + 8)

void histogram_x_name(const struct gnuplot *figure, double x, double y, double width, const struct reader *reader,
                      const struct figure_request *request)
{
    char name[64], tasks[2][TASK_LABEL_MAX], sides[2][TASK_ARROW_MAX];
    snprintf(name, sizeof name, "relative importance (%s)", measure_table[request->ri.measure].name);
    for (int side = 0; side < 2; side++)
        task_pairs_label(request->pairs, reader, side, tasks[side]);
    snprintf(sides[1], TASK_ARROW_MAX, "\u2190 %s", tasks[1]);
    snprintf(sides[0], TASK_ARROW_MAX, "%s \u2192", tasks[0]);
    double wide = fmax(layout_text_width(sides[0], FONT_TEXT), layout_text_width(sides[1], FONT_TEXT));
    bool is_one_line = 2 * wide + layout_text_width(name, FONT_TEXT) + 24 <= width;
    layout_text(figure, x, y - (is_one_line ? 0 : 13), ALIGN_CENTER, FONT_TEXT, COLOUR_TEXT, false, name);
    layout_text(figure, x - width / 2, y, ALIGN_LEFT, FONT_TEXT, COLOUR_TEXT, false, sides[1]);
    layout_text(figure, x + width / 2, y, ALIGN_RIGHT, FONT_TEXT, COLOUR_TEXT, false, sides[0]);
}

void histogram_data(const struct gnuplot *figure, const struct reader *reader, size_t config, struct task_pair pair,
                    const char *layers, const struct histogram *histogram)
{
    char tasks[32];
    snprintf(tasks, sizeof tasks, "%d-%d", pair.a + 1, pair.b + 1);
    for (int b = 0; b <= RI_BINS; b++) { /* the last row: unimportant units, in no bin */
        figure_data_row(figure, reader, config);
        figure_data_text(figure, tasks);
        figure_data_text(figure, layers);
        figure_data_number(figure, b < RI_BINS ? -1 + 0.2 * b : (double)NAN);
        figure_data_number(figure, b < RI_BINS ? -0.8 + 0.2 * b : (double)NAN);
        figure_data_estimate(figure, b < RI_BINS ? &histogram->bins[b] : &histogram->unimportant);
    }
}
