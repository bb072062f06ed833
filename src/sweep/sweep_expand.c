#include "sweep_internal.h"
#include "task_registry.h"
#include "twins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct items {
    const unsigned char *bytes;
    size_t size; /* of one item */
};

static int compare_items(const void *a, const void *b, void *context)
{
    const struct items *items = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    int order = memcmp(items->bytes + i * items->size, items->bytes + j * items->size, items->size);
    return order ? order : (i > j) - (i < j);
}

enum error_code sweep_find_repeat(struct sweep_reader *r, const void *bytes, size_t n, size_t size, size_t *first,
                                  size_t *second)
{
    struct items items = {bytes, size};
    *first = *second = n;
    uint32_t *order = malloc(n * sizeof *order);
    if (!order)
        return sweep_out_of_memory(r);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, n, sizeof *order, compare_items, &items);
    for (size_t i = 1; i < n; i++)
        if (order[i] < *second && memcmp(items.bytes + order[i - 1] * size, items.bytes + order[i] * size, size) == 0) {
            *first = order[i - 1];
            *second = order[i];
        }
    free(order);
    return ERROR_NONE;
}

void sweep_apply(struct hyperparameters *h, const struct sweep_axis *axis, size_t i)
{
    hyperparameter_put_bytes(h, axis->row, axis->values[i]);
}

/* Where value i of an axis stands. */
static int value_place(const struct sweep_reader *r, const struct sweep_axis *axis, size_t i)
{
    return axis->is_list ? sweep_element_place(r, axis->place, i) : axis->place;
}

/* Which points of a case's variation and of the file's make a configuration. */
struct point {
    const struct variation *variation;
    size_t zip, grid;
};

/* Puts its values into h; the last axis of the grid is the fastest. */
static void apply_point(struct hyperparameters *h, const struct point *point)
{
    const struct variation *variation = point->variation;
    size_t grid_point = point->grid;
    for (int i = 0; i < variation->n_zip; i++)
        sweep_apply(h, &variation->zip[i], point->zip);
    for (int i = variation->n_grid - 1; i >= 0; i--) {
        sweep_apply(h, &variation->grid[i], grid_point % variation->grid[i].n);
        grid_point /= variation->grid[i].n;
    }
}

/* Where a point's value of the row stands; 0: the variation has none. */
static int varied_place(const struct sweep_reader *r, const struct point *point, const struct hyperparameter *row)
{
    const struct variation *variation = point->variation;
    size_t grid_point = point->grid;
    for (int i = variation->n_grid - 1; i >= 0; i--) {
        if (variation->grid[i].row == row)
            return value_place(r, &variation->grid[i], grid_point % variation->grid[i].n);
        grid_point /= variation->grid[i].n;
    }
    for (int i = 0; i < variation->n_zip; i++)
        if (variation->zip[i].row == row)
            return value_place(r, &variation->zip[i], point->zip);
    return 0;
}

/* Notes where a configuration's value of the row comes from: an override, a place, or neither. */
static bool locate_value(struct sweep_reader *r, const struct point points[2], const struct hyperparameter *row)
{
    r->override = sweep_find_override(r, row->name, r->n_overrides);
    r->place = varied_place(r, &points[0], row);
    if (!r->place)
        r->place = varied_place(r, &points[1], row);
    if (!r->place)
        r->place = r->fixed_places[row - hyperparameter_table];
    return r->override || r->place;
}

/* Whether the message tells its value ("NAME = VALUE" or "NAME "VALUE""), but as what it begins with. */
static bool is_named(const char *message, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = message; (at = strstr(at, name)); at += length)
        if (at > message && at[-1] == ' ' &&
            (strncmp(at + length, " = ", 3) == 0 || strncmp(at + length, " \"", 2) == 0))
            return true;
    return false;
}

/* Says where the value came from that hyperparameters_check complains about: its message begins with the key. */
static void locate_fault(struct sweep_reader *r, const struct point points[2], const struct hyperparameters *h)
{
    const char *message = r->error->message;
    char key[32];
    snprintf(key, sizeof key, "%.*s", (int)strcspn(message, " :"), message);
    const struct hyperparameter *row = hyperparameter_find(key);
    check(row);
    bool is_tasks = row->type == HYPERPARAMETER_TASKS, is_found = locate_value(r, points, row);
    bool is_noted = is_tasks && (size_t)h->tasks < r->sweep->n_tasks_places && r->sweep->tasks_places[h->tasks];
    if (is_noted && !r->override) {
        const struct task_list *list = &task_registry_get(h->tasks)->list;
        int task, place = r->sweep->tasks_places[h->tasks];
        struct error ignored;
        bool is_input = task_list_check_inputs(list, (int)h->n_inputs, &task, &ignored);
        r->place =
            is_input ? sweep_task_place(r->sweep->original, place, task, list->formulas[task].n_inputs - 1) : place;
        return;
    }
    for (const char *const *other = (const char *const[]){"second_task", "n_inputs", NULL};
         is_tasks && !is_found && *other; other++)
        is_found = locate_value(r, points, hyperparameter_find(*other));
    /* A default then, that does not go with something else: what the message names, and varies if possible. */
    for (int pass = 0; pass < 2 && !is_found; pass++)
        for (int i = 0; i < n_hyperparameters && !is_found; i++)
            if ((pass == 1 || r->sweep->swept[i]) && is_named(message, hyperparameter_table[i].name))
                is_found = locate_value(r, points, &hyperparameter_table[i]);
    if (is_found)
        return;
    /* Or most likely an override, or else what varies. */
    for (size_t i = 0; i < r->n_overrides; i++)
        if (hyperparameter_find(r->overrides[i].key))
            r->override = &r->overrides[i];
    r->place = points[0].variation->place;
    for (int i = 0; !r->place && i < n_hyperparameters; i++)
        r->place = r->varied_places[i] ? r->varied_places[i] : r->fixed_places[i];
}

static void append_swept(struct sweep_reader *r, const struct hyperparameters *h)
{
    const char *comma = " (in the configuration ";
    for (int i = 0; i < n_hyperparameters; i++) {
        if (!r->sweep->swept[i])
            continue;
        char text[HYPERPARAMETER_FORMAT_MAX];
        hyperparameter_format(h, &hyperparameter_table[i], text);
        error_append(r->error, "%s%s = %.300s", comma, hyperparameter_table[i].name, text);
        comma = ", ";
    }
    if (*comma == ',')
        error_append(r->error, ")");
}

/* Where a configuration of the zip or the cases comes from. */
static void locate_repeat(struct sweep_reader *r, size_t config)
{
    r->place = r->n_cases ? 0 : value_place(r, &r->top.zip[0], config / r->top.n_grid_points);
    for (size_t c = 0; c < r->n_cases && r->cases[c].first_config <= config; c++)
        r->place = r->cases[c].place;
}

/* Notes the first configuration of a zip or of cases that repeats another in other spellings. */
static enum error_code find_respelled(struct sweep_reader *r)
{
    struct twins twins;
    if (twins_find(r->sweep->configs, r->sweep->n_configs, twins_respell, NULL, NULL, &twins, r->error))
        return r->error->code;
    if (twins.n == 0 || r->sweep->refused)
        return ERROR_NONE;
    struct error error;
    struct sweep_reader noting = *r;
    noting.error = &error;
    locate_repeat(&noting, twins.second);
    error_set(&error, ERROR_INPUT,
              "%s: configuration %u repeats configuration %u in another spelling; allowed: each once",
              r->n_cases ? "cases" : "zip", twins.second, twins.first);
    append_swept(&noting, &r->sweep->configs[twins.second]);
    sweep_finish_message(&noting, r->sweep->path);
    r->sweep->refused = strdup(error.message);
    return r->sweep->refused ? ERROR_NONE : sweep_out_of_memory(r);
}

/* Where the tasks come from: an override, a line, or the file. */
static enum error_code note_tasks_place(struct sweep_reader *r)
{
    static const char *const keys[] = {"tasks", "second_task"};
    struct error place;
    struct sweep_reader noting = *r;
    noting.error = &place;
    noting.override = NULL;
    noting.place = 0;
    for (int k = 0; k < 2 && !noting.override; k++) {
        ptrdiff_t row = hyperparameter_find(keys[k]) - hyperparameter_table;
        noting.override = sweep_find_override(r, keys[k], r->n_overrides);
        if (!noting.place)
            noting.place = r->varied_places[row] ? r->varied_places[row] : r->fixed_places[row];
    }
    error_set(&place, ERROR_INPUT, "%s", "");
    sweep_finish_message(&noting, r->sweep->path);
    size_t length = strlen(place.message);
    if (length >= 2) /* ": " */
        place.message[length - 2] = '\0';
    r->sweep->tasks_place = strdup(place.message);
    return r->sweep->tasks_place ? ERROR_NONE : sweep_out_of_memory(r);
}

/* Notes the first value that is allowed no more in new sweeps. */
static enum error_code note_outdated(struct sweep_reader *r, const struct point points[2],
                                     const struct hyperparameters *h)
{
    struct error error = {0};
    struct sweep_reader noting = *r;
    noting.error = &error;
    if (r->sweep->refused || !hyperparameters_check_new(h, &error))
        return ERROR_NONE;
    locate_fault(&noting, points, h);
    sweep_finish_message(&noting, r->sweep->path);
    r->sweep->refused = strdup(error.message);
    return r->sweep->refused ? ERROR_NONE : sweep_out_of_memory(r);
}

/* Notes a list of a grid with "equal" and a number that is the same in all configurations. */
static enum error_code find_equal_fraction(struct sweep_reader *r)
{
    const struct sweep *sweep = r->sweep;
    const struct sweep_axis *axis = NULL;
    size_t stride = 1, equal = 0; /* configurations between two values; "equal" among them */
    for (int i = r->top.n_grid - 1; i >= 0 && !axis; i--)
        if (strcmp(r->top.grid[i].row->name, "fraction") == 0)
            axis = &r->top.grid[i];
        else
            stride *= r->top.grid[i].n;
    while (axis && equal < axis->n && !sweep->has_equal[equal * stride])
        equal++;
    if (!axis || equal == axis->n || sweep->refused)
        return ERROR_NONE;
    for (size_t other = 0; other < axis->n; other++) {
        bool is_same = other != equal;
        for (size_t c = 0; c < sweep->n_configs && is_same; c++)
            is_same = c / stride % axis->n != equal ||
                      sweep->configs[c].fraction == sweep->configs[c + other * stride - equal * stride].fraction;
        if (!is_same)
            continue;
        char text[HYPERPARAMETER_FORMAT_MAX];
        struct error error;
        struct sweep_reader noting = *r;
        noting.error = &error;
        noting.place = value_place(r, axis, other > equal ? other : equal);
        hyperparameter_format(&sweep->configs[other * stride], axis->row, text);
        error_set(&error, ERROR_INPUT, "fraction: %s and \"equal\" are one value; allowed: each value once", text);
        sweep_finish_message(&noting, sweep->path);
        r->sweep->refused = strdup(error.message);
        return r->sweep->refused ? ERROR_NONE : sweep_out_of_memory(r);
    }
    return ERROR_NONE;
}

enum error_code sweep_expand(struct sweep_reader *r)
{
    struct sweep *sweep = r->sweep;
    const struct variation *top = &r->top;
    struct variation no_case = {.n_grid_points = 1, .n_zip_points = 1};
    struct variation *cases = r->n_cases ? r->cases : &no_case;
    size_t n_cases = r->n_cases ? r->n_cases : 1;

    double n_configs = 0;
    for (size_t c = 0; c < n_cases; c++)
        n_configs += (double)cases[c].n_zip_points * (double)cases[c].n_grid_points;
    n_configs *= (double)top->n_zip_points * (double)top->n_grid_points;
    if (n_configs > SWEEP_CONFIGS_MAX) {
        r->place = 0;
        return error_set(r->error, ERROR_INPUT, "%.0f configurations; allowed: at most %d", n_configs,
                         SWEEP_CONFIGS_MAX);
    }
    sweep->configs = malloc((size_t)n_configs * sizeof *sweep->configs);
    sweep->has_equal = calloc((size_t)n_configs, sizeof *sweep->has_equal);
    if (!sweep->configs || !sweep->has_equal)
        return sweep_out_of_memory(r);

    for (size_t c = 0; c < n_cases; c++) {
        cases[c].first_config = sweep->n_configs;
        size_t n_case = cases[c].n_zip_points * cases[c].n_grid_points, n_top = top->n_zip_points * top->n_grid_points;
        for (size_t i = 0; i < n_case * n_top; i++) {
            struct hyperparameters *h = &sweep->configs[sweep->n_configs];
            size_t case_point = i / n_top, top_point = i % n_top;
            const struct point points[2] = {
                {&cases[c], case_point / cases[c].n_grid_points, case_point % cases[c].n_grid_points},
                {top, top_point / top->n_grid_points, top_point % top->n_grid_points}};
            *h = r->base;
            apply_point(h, &points[0]);
            apply_point(h, &points[1]);
            sweep->has_equal[sweep->n_configs] = h->fraction == 0;
            hyperparameters_resolve(h);
            sweep->n_configs++;
            if (hyperparameters_check(h, r->error)) {
                locate_fault(r, points, h);
                append_swept(r, h);
                return ERROR_INPUT;
            }
            if (note_outdated(r, points, h))
                return r->error->code;
        }
    }
    if (note_tasks_place(r))
        return r->error->code;
    hyperparameters_name_swept(sweep->configs, sweep->n_configs, sweep->swept);
    if (r->n_cases == 0 && top->n_zip == 0)
        return find_equal_fraction(r); /* a grid repeats nothing else: its lists do not */

    /* Configurations are equal where their bytes are: they have no padding, texts end in zeros, no real is -0. */
    size_t first, second;
    enum error_code code =
        sweep_find_repeat(r, sweep->configs, sweep->n_configs, sizeof *sweep->configs, &first, &second);
    if (code)
        return code;
    if (second == sweep->n_configs)
        return find_respelled(r);
    locate_repeat(r, second);
    error_set(r->error, ERROR_INPUT, "%s: configuration %zu repeats configuration %zu; allowed: each once",
              r->n_cases ? "cases" : "zip", second, first);
    append_swept(r, &sweep->configs[second]);
    return ERROR_INPUT;
}
