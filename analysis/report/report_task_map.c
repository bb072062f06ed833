#include "report_task_map.h"

#include "sharing.h"
#include "unit_order.h"
#include "units.h"

#include <math.h>
#include <stdlib.h>

#define LEFT         16.0 /* of the cells: tasks have their numbers there */
#define UNITS_WIDTH  260.0
#define UNIT_MAX     14.0
#define TASK_HEIGHT  14.0
#define COLOUR_EMPTY 0xf4f4f4u
#define COLOUR_FULL  0x0b4a8fu

/* Work space for a layer of n_tasks by n_units. */
struct task_map {
    struct units units;
    double *counted, *shares; /* [n_tasks, n_units]: shares of the task's largest importance, units in order */
    size_t *order;            /* [n_units] */
};

static void take_layer(const struct report *report, struct task_map *map, size_t layer)
{
    const struct ri_options *ri = &report->options->ri;
    size_t n_tasks = map->units.n_tasks, n_units = map->units.n_units;
    for (size_t t = 0; t < n_tasks; t++)
        sharing_counted(units_importance(&map->units, ri->measure, t, layer), n_units, ri->unimportant_below,
                        ri->normalise == NORMALISE_LAYER, map->counted + t * n_units);
    unit_order(map->counted, n_tasks, n_units, map->order);
    for (size_t t = 0; t < n_tasks; t++) {
        const double *counted = map->counted + t * n_units;
        double largest = 0;
        for (size_t u = 0; u < n_units; u++)
            largest = fmax(largest, counted[u]);
        for (size_t u = 0; u < n_units; u++)
            map->shares[t * n_units + u] = largest > 0 ? counted[map->order[u]] / largest : 0;
    }
}

static void write_layer(const struct report *report, const struct task_map *map, size_t layer)
{
    size_t n_tasks = map->units.n_tasks, n_units = map->units.n_units;
    double width = fmin(UNIT_MAX, UNITS_WIDTH / (double)n_units);
    FILE *out = report->out;
    char title[64], task[32];
    snprintf(title, sizeof title, "Tasks by units, layer %zu", layer + 1);
    fprintf(out, "<figure>\n<figcaption>Layer %zu</figcaption>\n", layer + 1);
    svg_begin(out, LEFT + width * (double)n_units + 2, TASK_HEIGHT * (double)n_tasks + 2, title,
              "A row for each task, a column for each unit, by the task that it serves most");
    svg_cells(out, &(struct svg_cells){LEFT, 1, width, TASK_HEIGHT, n_tasks, n_units, map->shares, COLOUR_EMPTY,
                                       COLOUR_FULL});
    for (size_t t = 0; t < n_tasks; t++) {
        snprintf(task, sizeof task, "%zu", t + 1);
        svg_text(out, LEFT - 4, 1 + TASK_HEIGHT * ((double)t + 0.5) + 3.5, SVG_END, NULL, task);
    }
    svg_end(out);
    fprintf(out, "</figure>\n");
}

static void write_model(const struct report *report, struct task_map *map, size_t replicate)
{
    fprintf(report->out, "<p class=\"small\">One model (replicate %zu): tasks by units.</p>\n<div class=\"panels\">\n",
            replicate);
    for (size_t l = 0; l < map->units.n_layers; l++) {
        take_layer(report, map, l);
        write_layer(report, map, l);
    }
    fprintf(report->out, "</div>\n");
}

enum error_code report_task_map(const struct report *report, size_t i, struct error *error)
{
    size_t config = report->selection->configs[i], n = 0, replicate = 0;
    struct task_map map = {0};
    bool *has = malloc(report->reader->n_replicates * sizeof *has);
    if (!has)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path);
    if (models_with_measure(report->reader, config, report->options->ri.measure, has, &n, error) || n == 0)
        goto done;
    while (!has[replicate])
        replicate++;
    if (units_create(&map.units, report->reader, config, error) ||
        units_load(&map.units, report->reader, config, replicate, error))
        goto done;
    size_t n_cells = map.units.n_tasks * map.units.n_units;
    map.counted = malloc(n_cells * sizeof *map.counted);
    map.shares = malloc(n_cells * sizeof *map.shares);
    map.order = malloc(map.units.n_units * sizeof *map.order);
    if (map.counted && map.shares && map.order)
        write_model(report, &map, replicate);
    else
        error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path);
done:
    free(map.order);
    free(map.shares);
    free(map.counted);
    units_destroy(&map.units);
    free(has);
    return error->code;
}
