#include "sweep.h"

#include "record.h"
#include "sweep_text.h"

#include <inttypes.h>
#include <libconfig.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const top_keys[] = {"name",  "replicates", "seed", "store", "model",
                                       "train", "grid",       "zip",  "cases", NULL};
static const char *const case_keys[] = {"grid", "zip", NULL};
static const char *const scalar_keys[] = {"name", "replicates", "seed", NULL}; /* --set takes these too */

/* A hyperparameter and the values it runs through. */
struct axis {
    const struct hyperparameter *row;
    int line; /* of its key in the file */
    size_t n;
    unsigned char (*values)[HYPERPARAMETER_TEXT_MAX]; /* [n], the bytes of the field, zero padded; owned */
};

/* What the file, or one case of it, varies. A case's overrides are axes of one value. */
struct variation {
    int line;
    struct axis *grid, *zip; /* [n_grid], [n_zip]; owned */
    int n_grid, n_zip;
    size_t n_grid_points, n_zip_points; /* 1 if nothing varies */
    size_t first_config;
};

struct reader {
    struct sweep *sweep;
    struct hyperparameters base; /* defaults, then model and train, then overrides */
    struct variation top;
    struct variation *cases; /* [n_cases]; owned */
    size_t n_cases;
    int *fixed_lines, *varied_lines, *case_lines; /* [n_hyperparameters]: where a key was given, 0: not; owned */
    int scalar_line;                              /* of the last of name, replicates and seed */
    const struct sweep_override *overrides;       /* borrowed */
    size_t n_overrides;

    /* What an error is about: an override, or else a line of the file, or 0. */
    const struct sweep_override *override;
    int line;
    struct error *error;
};

static bool is_one_of(const char *key, const char *const *names)
{
    while (*names && strcmp(*names, key) != 0)
        names++;
    return *names;
}

static int line_of(const config_setting_t *setting)
{
    /* An element's own line is where the parser looked ahead to; its list's key is exact. Groups are exact too. */
    while (!config_setting_name(setting) && !config_setting_is_group(setting) && config_setting_parent(setting))
        setting = config_setting_parent(setting);
    return (int)config_setting_source_line(setting);
}

static const char *key_of(const config_setting_t *setting)
{
    while (!config_setting_name(setting) && config_setting_parent(setting))
        setting = config_setting_parent(setting);
    const char *name = config_setting_name(setting);
    return name ? name : "";
}

/* The setting's value as the messages show it. */
static void format_value(const config_setting_t *setting, char text[HYPERPARAMETER_TEXT_MAX * 2])
{
    size_t size = HYPERPARAMETER_TEXT_MAX * 2;
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT: snprintf(text, size, "%d", config_setting_get_int(setting)); break;
    case CONFIG_TYPE_INT64: snprintf(text, size, "%lld", config_setting_get_int64(setting)); break;
    case CONFIG_TYPE_FLOAT: snprintf(text, size, "%.15g", config_setting_get_float(setting)); break;
    case CONFIG_TYPE_BOOL: snprintf(text, size, "%s", config_setting_get_bool(setting) ? "true" : "false"); break;
    case CONFIG_TYPE_STRING: snprintf(text, size, "\"%.50s\"", config_setting_get_string(setting)); break;
    case CONFIG_TYPE_ARRAY: snprintf(text, size, "[...]"); break;
    case CONFIG_TYPE_LIST: snprintf(text, size, "(...)"); break;
    default: snprintf(text, size, "{...}"); break;
    }
}

/* Reports "KEY = VALUE: " and the rest at the setting's line. */
__attribute__((format(printf, 3, 4))) static enum error_code fail(struct reader *r, const config_setting_t *setting,
                                                                  const char *format, ...)
{
    char value[HYPERPARAMETER_TEXT_MAX * 2], rest[ERROR_MESSAGE_MAX / 2];
    format_value(setting, value);
    va_list args;
    va_start(args, format);
    vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    r->line = line_of(setting);
    return error_set(r->error, ERROR_INPUT, "%.60s = %s: %s", key_of(setting), value, rest);
}

static enum error_code out_of_memory(struct reader *r)
{
    r->line = 0;
    return error_set(r->error, ERROR_FATAL, "out of memory");
}

/* Adds to the end of the message. */
__attribute__((format(printf, 2, 3))) static void append(struct error *error, const char *format, ...)
{
    size_t used = strlen(error->message);
    va_list args;
    va_start(args, format);
    vsnprintf(error->message + used, sizeof error->message - used, format, args);
    va_end(args);
}

/* Reports a key that `names` does not hold; hyperparameters are allowed beside them if `or_hyperparameters`. */
static enum error_code fail_unknown(struct reader *r, const char *key, const char *const *names,
                                    bool or_hyperparameters)
{
    const char *near = hyperparameter_nearest(key, names);
    append(r->error, "unknown key");
    if (near)
        append(r->error, "; did you mean %s", near);
    append(r->error, "; allowed: ");
    const char *comma = "";
    for (; names && *names; names++, comma = ", ")
        append(r->error, "%s%s", comma, *names);
    for (int i = 0; or_hyperparameters && i < n_hyperparameters; i++, comma = ", ")
        append(r->error, "%s%s", comma, hyperparameter_table[i].name);
    return ERROR_INPUT;
}

/* An integer, or a real that is a whole number. */
static bool get_integer(const config_setting_t *setting, int64_t *value)
{
    int type = config_setting_type(setting);
    double real = type == CONFIG_TYPE_FLOAT ? config_setting_get_float(setting) : 0;
    if (type == CONFIG_TYPE_INT)
        *value = config_setting_get_int(setting);
    else if (type == CONFIG_TYPE_INT64)
        *value = config_setting_get_int64(setting);
    else
        *value = fabs(real) < 0x1p53 ? (int64_t)real : 0;
    return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64 ||
           (type == CONFIG_TYPE_FLOAT && (double)*value == real);
}

static enum error_code set_value(struct reader *r, struct hyperparameters *h, const struct hyperparameter *row,
                                 const config_setting_t *setting)
{
    r->line = line_of(setting);
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT: return hyperparameter_set_integer(h, row, config_setting_get_int(setting), r->error);
    case CONFIG_TYPE_INT64: return hyperparameter_set_integer(h, row, config_setting_get_int64(setting), r->error);
    case CONFIG_TYPE_FLOAT: return hyperparameter_set_real(h, row, config_setting_get_float(setting), r->error);
    case CONFIG_TYPE_STRING: return hyperparameter_set_string(h, row, config_setting_get_string(setting), r->error);
    case CONFIG_TYPE_BOOL: return fail(r, setting, "allowed: %s", row->allowed);
    default: return fail(r, setting, "not one value (lists stand in grid or zip); allowed: %s", row->allowed);
    }
}

static enum error_code find_row(struct reader *r, const config_setting_t *setting, const char *const *other_keys,
                                const struct hyperparameter **row)
{
    const char *key = config_setting_name(setting);
    *row = hyperparameter_find(key);
    if (*row)
        return ERROR_NONE;
    if (is_one_of(key, top_keys))
        return fail(r, setting, "not a hyperparameter; allowed: at the top level of the file");
    fail(r, setting, "%s", "");
    return fail_unknown(r, key, other_keys, true);
}

/* Notes that the file gives the row here; `lines` and `other_lines` know where else it does. */
static enum error_code claim(struct reader *r, const config_setting_t *setting, const struct hyperparameter *row,
                             int *lines, const int *other_lines)
{
    ptrdiff_t i = row - hyperparameter_table;
    int line = lines[i] ? lines[i] : other_lines[i];
    if (line)
        return fail(r, setting, "given on line %d too; allowed: one place, fixed or varied", line);
    lines[i] = line_of(setting);
    return ERROR_NONE;
}

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

/* Finds two of n items (at most SWEEP_CONFIGS_MAX) with the same bytes: *second is the first item that repeats an
 * earlier one, *first that one; both n if there is none. */
static enum error_code find_repeat(struct reader *r, const void *bytes, size_t n, size_t size, size_t *first,
                                   size_t *second)
{
    struct items items = {bytes, size};
    *first = *second = n;
    uint32_t *order = malloc(n * sizeof *order);
    if (!order)
        return out_of_memory(r);
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

struct range {
    double from, to;
    int64_t steps;
    bool is_log;
};

/* Value i of a range. */
static double range_value(const struct range *range, int64_t i)
{
    double last = (double)(range->steps - 1), at = (double)i;
    if (i == 0 || i == range->steps - 1)
        return i == 0 ? range->from : range->to;
    if (range->is_log) {
        /* The last bits of pow differ between machines and libraries: 12 digits do not. */
        char text[HYPERPARAMETER_TEXT_MAX];
        snprintf(text, sizeof text, "%.12g", range->from * pow(range->to / range->from, at / last));
        return strtod(text, NULL);
    }
    /* With both ends decimals of few digits, the value is a quotient of two integers below 2^53. Those are exact,
     * so that the division gives the double nearest to the true value, as a decimal in the file would. */
    for (double scale = 1; scale <= 1e15; scale *= 10) {
        double from = round(range->from * scale), to = round(range->to * scale);
        if (from / scale != range->from || to / scale != range->to)
            continue;
        if (fmax(fabs(from), fabs(to)) * last < 0x1p53 && scale * last < 0x1p53)
            return (from * (last - at) + to * at) / (scale * last);
        break;
    }
    return range->from + (range->to - range->from) * (at / last);
}

static enum error_code read_range(struct reader *r, const config_setting_t *setting, struct range *range)
{
    static const char *const range_keys[] = {"from", "to", "steps", "scale", NULL};
    static const char allowed[] = "range = { from; to; steps; scale = \"linear\" or \"log\"; }";
    const config_setting_t *group = config_setting_get_member(setting, "range");
    if (config_setting_length(setting) != 1 || !group || !config_setting_is_group(group))
        return fail(r, setting, "allowed: a list or %s", allowed);

    unsigned given = 0;
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        const char *key = config_setting_name(member);
        int k = 0;
        while (range_keys[k] && strcmp(range_keys[k], key) != 0)
            k++;
        if (!range_keys[k])
            return fail(r, member, "unknown key; allowed: %s", allowed);
        given |= 1U << k;
        int64_t integer;
        if (k <= 1) {
            if (!config_setting_is_number(member))
                return fail(r, member, "allowed: a number");
            double value = get_integer(member, &integer) ? (double)integer : config_setting_get_float(member);
            *(k == 0 ? &range->from : &range->to) = value;
        } else if (k == 2) {
            if (!get_integer(member, &range->steps) || range->steps < 2 || range->steps > SWEEP_CONFIGS_MAX)
                return fail(r, member, "allowed: an integer from 2 to %d", SWEEP_CONFIGS_MAX);
        } else {
            const char *scale = config_setting_get_string(member);
            range->is_log = scale && strcmp(scale, "log") == 0;
            if (!scale || (!range->is_log && strcmp(scale, "linear") != 0))
                return fail(r, member, "allowed: \"linear\" or \"log\"");
        }
    }
    if ((given & 7U) != 7U)
        return fail(r, setting, "range without from, to or steps; allowed: %s", allowed);
    if (range->is_log && !(range->from > 0 && range->to > 0))
        return fail(r, setting, "log range from or to 0 or less; allowed: both above 0");
    return ERROR_NONE;
}

static size_t value_size(const struct hyperparameter *row)
{
    return row->type == HYPERPARAMETER_TEXT ? HYPERPARAMETER_TEXT_MAX : sizeof(int64_t);
}

static void apply(struct hyperparameters *h, const struct axis *axis, size_t i)
{
    memcpy((char *)h + axis->row->offset, axis->values[i], value_size(axis->row));
}

/* Counts an axis into a product of `n_points` points. */
static enum error_code multiply(struct reader *r, const config_setting_t *setting, size_t n, size_t *n_points)
{
    if (n > SWEEP_CONFIGS_MAX / *n_points)
        return fail(r, setting, "more than %d configurations; allowed: fewer values", SWEEP_CONFIGS_MAX);
    *n_points *= n;
    return ERROR_NONE;
}

/* Reads the n values of `axis`, whose row is known: of a range (NULL: none), of a list, or the one that `setting` is.
 */
static enum error_code read_values(struct reader *r, struct axis *axis, size_t n, const config_setting_t *setting,
                                   const struct range *range, bool is_list)
{
    struct hyperparameters h = r->base;
    axis->line = line_of(setting);
    axis->n = n;
    axis->values = calloc(n, sizeof *axis->values);
    if (!axis->values)
        return out_of_memory(r);
    for (size_t i = 0; i < n; i++) {
        enum error_code code;
        if (range) {
            r->line = axis->line;
            code = hyperparameter_set_real(&h, axis->row, range_value(range, (int64_t)i), r->error);
            if (code)
                append(r->error, " (value %zu of the range)", i + 1);
        } else {
            code = set_value(r, &h, axis->row, is_list ? config_setting_get_elem(setting, (unsigned)i) : setting);
        }
        if (code)
            return code;
        memcpy(axis->values[i], (const char *)&h + axis->row->offset, value_size(axis->row));
    }
    return ERROR_NONE;
}

/* Puts "FILE:LINE: " or "--set KEY=VALUE: " before the message and keeps all of it on one line. */
static void finish_message(const struct reader *r, const char *path)
{
    enum { PATH_SHOWN = 300 };
    size_t length = strlen(path);
    const char *dots = length > PATH_SHOWN ? "..." : "";
    const char *end = length > PATH_SHOWN ? path + length - PATH_SHOWN : path;
    if (r->override)
        error_prefix(r->error, "--set %.60s=%.60s", r->override->key, r->override->value);
    else if (r->line > 0)
        error_prefix(r->error, "%s%s:%d", dots, end, r->line);
    else
        error_prefix(r->error, "%s%s", dots, end);
    sweep_text_make_line(r->error->message);
}

/* Notes the first value of a grid's list that is there in another spelling, too. */
static enum error_code find_spellings(struct reader *r, const struct axis *axis, size_t n,
                                      const config_setting_t *setting)
{
    if (axis->row->type != HYPERPARAMETER_TEXT || r->sweep->repeated)
        return ERROR_NONE;
    struct hyperparameters h = r->base;
    char(*texts)[HYPERPARAMETER_TEXT_MAX] = malloc(n * sizeof *texts), earlier[HYPERPARAMETER_TEXT_MAX];
    if (!texts)
        return out_of_memory(r);
    for (size_t i = 0; i < n; i++) {
        apply(&h, axis, i);
        hyperparameter_canonical(&h, axis->row, texts[i]);
    }
    size_t first, second;
    enum error_code code = find_repeat(r, texts, n, sizeof *texts, &first, &second);
    free(texts);
    if (code || second == n)
        return code;
    struct error error;
    struct reader noting = *r;
    noting.error = &error;
    apply(&h, axis, first);
    hyperparameter_format(&h, axis->row, earlier);
    apply(&h, axis, second);
    fail(&noting, setting, "\"%s\" and \"%s\" are one value; allowed: each value once", earlier,
         hyperparameter_string(&h, axis->row));
    finish_message(&noting, r->sweep->path);
    r->sweep->repeated = strdup(error.message);
    return r->sweep->repeated ? ERROR_NONE : out_of_memory(r);
}

/* Reads KEY = LIST of a grid (is_grid) or zip into the variation's next axis. */
static enum error_code read_axis(struct reader *r, struct variation *variation, bool is_grid,
                                 const config_setting_t *setting, const struct hyperparameter *row)
{
    struct axis *axis = is_grid ? &variation->grid[variation->n_grid++] : &variation->zip[variation->n_zip++];
    struct range range = {0};
    bool is_range = config_setting_is_group(setting);
    bool is_list = config_setting_is_array(setting) || config_setting_is_list(setting);
    if (!is_range && !is_list)
        return fail(r, setting, "one value where a list must stand; allowed: [..], (..) or { range = {..}; }");
    enum error_code code = is_range ? read_range(r, setting, &range) : ERROR_NONE;
    if (code)
        return code;
    size_t n = is_range ? (size_t)range.steps : (size_t)config_setting_length(setting);
    if (n == 0)
        return fail(r, setting, "empty list; allowed: at least one value");

    axis->row = row;
    if (is_grid)
        code = multiply(r, setting, n, &variation->n_grid_points);
    else if (variation->n_zip == 1)
        code = multiply(r, setting, n, &variation->n_zip_points);
    else if (n != variation->n_zip_points)
        code = fail(r, setting, "%zu values in a zip with %zu values of %s; allowed: lists of equal length", n,
                    variation->n_zip_points, variation->zip[0].row->name);
    if (!code)
        code = read_values(r, axis, n, setting, is_range ? &range : NULL, is_list);
    if (code || !is_grid)
        return code;

    size_t first, second;
    code = find_repeat(r, axis->values, n, sizeof *axis->values, &first, &second);
    if (!code && second < n) {
        struct hyperparameters h = r->base;
        char text[HYPERPARAMETER_TEXT_MAX];
        apply(&h, axis, second);
        hyperparameter_format(&h, row, text);
        code = fail(r, setting, "%s stands there twice; allowed: each value once", text);
    }
    return code ? code : find_spellings(r, axis, n, setting);
}

/* Reads the grid (is_grid) or zip of the file or of a case. */
static enum error_code read_axes(struct reader *r, struct variation *variation, bool is_grid,
                                 const config_setting_t *group, int *lines, const int *other_lines)
{
    if (!config_setting_is_group(group))
        return fail(r, group, "allowed: a group { KEY = LIST; ... }");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const struct hyperparameter *row;
        enum error_code code = find_row(r, setting, NULL, &row);
        if (!code)
            code = claim(r, setting, row, lines, other_lines);
        if (!code)
            code = read_axis(r, variation, is_grid, setting, row);
        if (code)
            return code;
    }
    return ERROR_NONE;
}

/* Makes an empty variation with room for the axes of the two groups and `n_overrides` more; a missing or
 * mistyped group counts as empty. */
static enum error_code variation_init(struct reader *r, struct variation *variation, const config_setting_t *grid,
                                      const config_setting_t *zip, int n_overrides)
{
    int n_grid = n_overrides + (grid && config_setting_is_group(grid) ? config_setting_length(grid) : 0);
    int n_zip = zip && config_setting_is_group(zip) ? config_setting_length(zip) : 0;
    variation->n_grid_points = variation->n_zip_points = 1;
    variation->grid = calloc((size_t)n_grid + 1, sizeof *variation->grid);
    variation->zip = calloc((size_t)n_zip + 1, sizeof *variation->zip);
    return variation->grid && variation->zip ? ERROR_NONE : out_of_memory(r);
}

static void variation_free(struct variation *variation)
{
    for (int i = 0; i < variation->n_grid; i++)
        free(variation->grid[i].values);
    for (int i = 0; i < variation->n_zip; i++)
        free(variation->zip[i].values);
    free(variation->grid);
    free(variation->zip);
}

static enum error_code read_case(struct reader *r, struct variation *variation, const config_setting_t *group)
{
    if (!config_setting_is_group(group))
        return fail(r, group, "allowed: a list of groups ( { KEY = VALUE; ... }, ... )");
    const config_setting_t *grid = config_setting_get_member(group, "grid");
    const config_setting_t *zip = config_setting_get_member(group, "zip");
    variation->line = line_of(group);
    memset(r->case_lines, 0, (size_t)n_hyperparameters * sizeof *r->case_lines);
    enum error_code code = variation_init(r, variation, grid, zip, config_setting_length(group));
    for (int i = 0; !code && i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const struct hyperparameter *row;
        if (setting == grid || setting == zip)
            continue;
        code = find_row(r, setting, case_keys, &row);
        if (!code)
            code = claim(r, setting, row, r->case_lines, r->varied_lines);
        if (!code) {
            struct axis *axis = &variation->grid[variation->n_grid++];
            axis->row = row;
            code = read_values(r, axis, 1, setting, NULL, false);
        }
    }
    if (!code && zip)
        code = read_axes(r, variation, false, zip, r->case_lines, r->varied_lines);
    if (!code && grid)
        code = read_axes(r, variation, true, grid, r->case_lines, r->varied_lines);
    for (int i = 0; i < n_hyperparameters; i++)
        r->sweep->swept[i] |= r->case_lines[i] != 0;
    return code;
}

static enum error_code read_cases(struct reader *r, const config_setting_t *cases)
{
    if (!config_setting_is_list(cases))
        return fail(r, cases, "allowed: a list of groups ( { KEY = VALUE; ... }, ... )");
    int n_cases = config_setting_length(cases);
    if (n_cases == 0)
        return fail(r, cases, "empty list; allowed: at least one case");
    r->cases = calloc((size_t)n_cases, sizeof *r->cases);
    if (!r->cases)
        return out_of_memory(r);
    for (int i = 0; i < n_cases; i++) {
        enum error_code code = read_case(r, &r->cases[r->n_cases++], config_setting_get_elem(cases, (unsigned)i));
        if (code)
            return code;
    }
    return ERROR_NONE;
}

/* Reads model or train. */
static enum error_code read_fixed(struct reader *r, const config_setting_t *group)
{
    if (!config_setting_is_group(group))
        return fail(r, group, "allowed: a group { KEY = VALUE; ... }");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const struct hyperparameter *row;
        enum error_code code = find_row(r, setting, NULL, &row);
        if (!code)
            code = claim(r, setting, row, r->fixed_lines, r->varied_lines);
        if (!code)
            code = set_value(r, &r->base, row, setting);
        if (code)
            return code;
    }
    return ERROR_NONE;
}

static enum error_code read_store(struct reader *r, const config_setting_t *store)
{
    char allowed[ERROR_MESSAGE_MAX / 4] = "a list of";
    for (const struct store_name *s = store_names; s->name; s++) {
        size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof allowed - used, "%s \"%s\"", s == store_names ? "" : ",", s->name);
    }
    if (!config_setting_is_array(store) && !config_setting_is_list(store))
        return fail(r, store, "allowed: %s", allowed);
    r->sweep->store = STORE_ALWAYS;
    for (int i = 0; i < config_setting_length(store); i++) {
        const config_setting_t *setting = config_setting_get_elem(store, (unsigned)i);
        const char *name = config_setting_get_string(setting);
        const struct store_name *s = store_names;
        while (s->name && (!name || strcmp(s->name, name) != 0))
            s++;
        if (!s->name)
            return fail(r, setting, "allowed: %s", allowed);
        if (r->sweep->store & s->bit)
            return fail(r, setting, "stands there twice; allowed: each once");
        r->sweep->store |= s->bit;
    }
    return ERROR_NONE;
}

/* Sets name from `text`, replicates or seed from `integer`; each is NULL if there is none. The message comes
 * without "KEY = VALUE: ". */
static enum error_code set_scalar(struct reader *r, const char *key, const char *text, const int64_t *integer)
{
    struct sweep *sweep = r->sweep;
    if (strcmp(key, "name") == 0) {
        if (!text || strlen(text) > SWEEP_NAME_MAX || !sweep_text_is_line(text))
            return error_set(r->error, ERROR_INPUT, "allowed: one line of text, at most %d bytes", SWEEP_NAME_MAX);
        free(sweep->name);
        sweep->name = strdup(text);
        return sweep->name ? ERROR_NONE : out_of_memory(r);
    }
    bool is_seed = strcmp(key, "seed") == 0;
    int64_t min = is_seed ? 0 : 1, max = is_seed ? SWEEP_SEED_MAX : SWEEP_REPLICATES_MAX;
    if (!integer || *integer < min || *integer > max)
        return error_set(r->error, ERROR_INPUT, "allowed: an integer from %" PRId64 " to %" PRId64, min, max);
    *(is_seed ? &sweep->seed : &sweep->replicates) = *integer;
    return ERROR_NONE;
}

static enum error_code read_top(struct reader *r, const config_setting_t *root)
{
    const config_setting_t *grid = config_setting_get_member(root, "grid");
    const config_setting_t *zip = config_setting_get_member(root, "zip");
    const config_setting_t *cases = config_setting_get_member(root, "cases");
    enum error_code code = variation_init(r, &r->top, grid, zip, 0);

    for (int i = 0; !code && i < config_setting_length(root); i++) {
        const config_setting_t *setting = config_setting_get_elem(root, (unsigned)i);
        const char *key = config_setting_name(setting);
        if (is_one_of(key, scalar_keys)) {
            int64_t integer;
            bool is_integer = get_integer(setting, &integer);
            r->scalar_line = line_of(setting);
            code = set_scalar(r, key, config_setting_get_string(setting), is_integer ? &integer : NULL);
            if (code == ERROR_INPUT)
                fail(r, setting, "%s", r->error->message);
        } else if (strcmp(key, "model") == 0 || strcmp(key, "train") == 0) {
            code = read_fixed(r, setting);
        } else if (strcmp(key, "store") == 0) {
            code = read_store(r, setting);
        } else if (hyperparameter_find(key)) {
            code = fail(r, setting, "a hyperparameter at the top level; allowed: in model, train, grid, zip or a case");
        } else if (!is_one_of(key, top_keys)) {
            fail(r, setting, "%s", "");
            code = fail_unknown(r, key, top_keys, false);
        }
    }
    if (!code && zip)
        code = read_axes(r, &r->top, false, zip, r->varied_lines, r->fixed_lines);
    if (!code && grid)
        code = read_axes(r, &r->top, true, grid, r->varied_lines, r->fixed_lines);
    for (int i = 0; i < n_hyperparameters; i++)
        r->sweep->swept[i] = r->varied_lines[i] != 0;
    if (!code && cases)
        code = read_cases(r, cases);
    return code;
}

/* Has libconfig parse the text, and reads what comes out. */
static enum error_code read_text(struct reader *r)
{
    static const char syntax_error[] = "syntax error here or just before; allowed: KEY = VALUE; with VALUE a number, "
                                       "\"text\", [list], (list) or {group}";
    static const char mixed_array[] = "values of several types in [ ]; allowed: one type (all 1, or all 1.0), or ( )";
    char *prepared = NULL;
    config_t config;
    config_init(&config);
    enum error_code code = sweep_text_prepare(&prepared, r->sweep->text, &r->line, r->error);
    if (code)
        goto done;
    if (!config_read_string(&config, prepared)) {
        r->line = config_error_line(&config);
        const char *line = r->sweep->text;
        for (int i = 1; i < r->line && strchr(line, '\n'); i++)
            line = strchr(line, '\n') + 1;
        line += strspn(line, " \t");
        int length = (int)strcspn(line, "\r\n"), n_shown = length < 60 ? length : 60;
        bool is_mixed = strstr(config_error_text(&config), "mismatched element type");
        code = error_set(r->error, ERROR_INPUT, "%.*s: %s", n_shown, line, is_mixed ? mixed_array : syntax_error);
        goto done;
    }
    const config_setting_t *root = config_root_setting(&config);
    r->line = 0;
    if (config_setting_length(root) == 0)
        code = error_set(r->error, ERROR_INPUT, "no settings; allowed: at least one, such as replicates = 10;");
    else
        code = read_top(r, root);

done:
    config_destroy(&config);
    free(prepared);
    return code;
}

static const struct sweep_override *find_override(const struct reader *r, const char *key, size_t n_overrides)
{
    for (size_t i = 0; i < n_overrides; i++)
        if (strcmp(r->overrides[i].key, key) == 0)
            return &r->overrides[i];
    return NULL;
}

static enum error_code apply_override(struct reader *r, const struct sweep_override *override)
{
    const char *key = override->key;
    r->override = override;
    if (find_override(r, key, (size_t)(override - r->overrides)))
        return error_set(r->error, ERROR_INPUT, "given twice; allowed: once");
    if (is_one_of(key, scalar_keys)) {
        char *end;
        double value = strtod(override->value, &end);
        bool is_integer = *override->value && !*end && fabs(value) < 0x1p53 && value == trunc(value);
        int64_t integer = is_integer ? (int64_t)value : 0;
        return set_scalar(r, key, override->value, is_integer ? &integer : NULL);
    }
    const struct hyperparameter *row = hyperparameter_find(key);
    if (!row) {
        error_set(r->error, ERROR_INPUT, "%s", "");
        return fail_unknown(r, key, scalar_keys, true);
    }
    if (r->sweep->swept[row - hyperparameter_table])
        return error_set(r->error, ERROR_INPUT, "the sweep varies it; allowed: what no grid, zip or case gives");
    if (hyperparameter_set_text(&r->base, row, override->value, r->error))
        return error_set(r->error, ERROR_INPUT, "allowed: %s", row->allowed);
    return ERROR_NONE;
}

static enum error_code apply_overrides(struct reader *r)
{
    for (size_t i = 0; i < r->n_overrides; i++) {
        enum error_code code = apply_override(r, &r->overrides[i]);
        if (code)
            return code;
    }
    const struct sweep *sweep = r->sweep;
    r->line = r->scalar_line;
    r->override = find_override(r, "seed", r->n_overrides);
    if (!r->override)
        r->override = find_override(r, "replicates", r->n_overrides);
    if (sweep->replicates - 1 > SWEEP_SEED_MAX - sweep->seed)
        return error_set(r->error, ERROR_INPUT,
                         "seed = %lld: the last of %lld replicates has a seed above 2^53 - 1; allowed: at most %lld",
                         (long long)sweep->seed, (long long)sweep->replicates,
                         (long long)(SWEEP_SEED_MAX - (sweep->replicates - 1)));
    r->override = NULL;
    return ERROR_NONE;
}

/* Puts the point of a variation into h; the last axis of the grid is the fastest. */
static void apply_point(struct hyperparameters *h, const struct variation *variation, size_t zip_point,
                        size_t grid_point)
{
    for (int i = 0; i < variation->n_zip; i++)
        apply(h, &variation->zip[i], zip_point);
    for (int i = variation->n_grid - 1; i >= 0; i--) {
        apply(h, &variation->grid[i], grid_point % variation->grid[i].n);
        grid_point /= variation->grid[i].n;
    }
}

static int axis_line(const struct variation *variation, const struct hyperparameter *row)
{
    for (int i = 0; i < variation->n_grid; i++)
        if (variation->grid[i].row == row)
            return variation->grid[i].line;
    for (int i = 0; i < variation->n_zip; i++)
        if (variation->zip[i].row == row)
            return variation->zip[i].line;
    return 0;
}

/* Says where the value came from that hyperparameters_check complains about: its message begins with the key. */
static void locate_fault(struct reader *r, const struct variation *variation)
{
    char key[HYPERPARAMETER_TEXT_MAX];
    snprintf(key, sizeof key, "%.*s", (int)strcspn(r->error->message, " "), r->error->message);
    const struct hyperparameter *row = hyperparameter_find(key);
    check(row);
    r->override = find_override(r, key, r->n_overrides);
    r->line = axis_line(variation, row);
    if (!r->line)
        r->line = axis_line(&r->top, row);
    if (!r->line)
        r->line = r->fixed_lines[row - hyperparameter_table];
    if (r->override || r->line)
        return;
    /* A default then, that does not go with something else: most likely an override, or else what varies. */
    for (size_t i = 0; i < r->n_overrides; i++)
        if (hyperparameter_find(r->overrides[i].key))
            r->override = &r->overrides[i];
    r->line = variation->line;
    for (int i = 0; !r->line && i < n_hyperparameters; i++)
        r->line = r->varied_lines[i] ? r->varied_lines[i] : r->fixed_lines[i];
}

static void append_swept(struct reader *r, const struct hyperparameters *h)
{
    const char *comma = " (in the configuration ";
    for (int i = 0; i < n_hyperparameters; i++) {
        if (!r->sweep->swept[i])
            continue;
        char text[HYPERPARAMETER_TEXT_MAX];
        hyperparameter_format(h, &hyperparameter_table[i], text);
        append(r->error, "%s%s = %s", comma, hyperparameter_table[i].name, text);
        comma = ", ";
    }
    if (*comma == ',')
        append(r->error, ")");
}

/* Writes out all configurations and checks each. */
static enum error_code make_configs(struct reader *r)
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
        r->line = 0;
        return error_set(r->error, ERROR_INPUT, "%.0f configurations; allowed: at most %d", n_configs,
                         SWEEP_CONFIGS_MAX);
    }
    sweep->configs = malloc((size_t)n_configs * sizeof *sweep->configs);
    if (!sweep->configs)
        return out_of_memory(r);

    for (size_t c = 0; c < n_cases; c++) {
        cases[c].first_config = sweep->n_configs;
        size_t n_case = cases[c].n_zip_points * cases[c].n_grid_points, n_top = top->n_zip_points * top->n_grid_points;
        for (size_t i = 0; i < n_case * n_top; i++) {
            struct hyperparameters *h = &sweep->configs[sweep->n_configs];
            size_t case_point = i / n_top, top_point = i % n_top;
            *h = r->base;
            apply_point(h, &cases[c], case_point / cases[c].n_grid_points, case_point % cases[c].n_grid_points);
            apply_point(h, top, top_point / top->n_grid_points, top_point % top->n_grid_points);
            sweep->n_configs++;
            if (hyperparameters_check(h, r->error)) {
                locate_fault(r, &cases[c]);
                append_swept(r, h);
                return ERROR_INPUT;
            }
        }
    }
    if (r->n_cases == 0 && top->n_zip == 0)
        return ERROR_NONE; /* a grid repeats nothing: its lists do not */

    /* Configurations are equal where their bytes are: they have no padding, texts end in zeros, no real is -0. */
    size_t first, second;
    enum error_code code = find_repeat(r, sweep->configs, sweep->n_configs, sizeof *sweep->configs, &first, &second);
    if (code || second == sweep->n_configs)
        return code;
    r->line = r->n_cases ? 0 : top->zip[0].line;
    for (size_t c = 0; c < r->n_cases && cases[c].first_config <= second; c++)
        r->line = cases[c].line;
    error_set(r->error, ERROR_INPUT, "%s: configuration %zu repeats configuration %zu; allowed: each once",
              r->n_cases ? "cases" : "zip", second + 1, first + 1);
    append_swept(r, &sweep->configs[second]);
    return ERROR_INPUT;
}

enum error_code sweep_read(struct sweep *sweep, const char *path, const struct sweep_override *overrides,
                           size_t n_overrides, struct error *error)
{
    struct reader reader = {.sweep = sweep, .overrides = overrides, .n_overrides = n_overrides, .error = error};
    struct reader *r = &reader;
    int *lines = NULL;
    size_t n = (size_t)n_hyperparameters;

    memset(sweep, 0, sizeof *sweep);
    sweep->seed = 1;
    sweep->replicates = 1;
    sweep->store = STORE_WEIGHTS;
    hyperparameters_default(&r->base);
    enum error_code code = sweep_text_read(&sweep->text, path, &r->line, error);
    if (code)
        goto done;
    sweep->path = strdup(path);
    sweep->name = strdup("");
    sweep->swept = calloc(n, sizeof *sweep->swept);
    lines = calloc(3 * n, sizeof *lines);
    if (!sweep->path || !sweep->name || !sweep->swept || !lines) {
        code = out_of_memory(r);
        goto done;
    }
    r->fixed_lines = lines;
    r->varied_lines = lines + n;
    r->case_lines = lines + 2 * n;
    code = read_text(r);
    if (!code)
        code = apply_overrides(r);
    if (!code)
        code = make_configs(r);

done:
    variation_free(&r->top);
    for (size_t c = 0; c < r->n_cases; c++)
        variation_free(&r->cases[c]);
    free(r->cases);
    free(lines);
    if (code) {
        finish_message(r, path);
        sweep_free(sweep);
    }
    return code;
}

void sweep_free(struct sweep *sweep)
{
    free(sweep->name);
    free(sweep->text);
    free(sweep->path);
    free(sweep->repeated);
    free(sweep->configs);
    free(sweep->swept);
    memset(sweep, 0, sizeof *sweep);
}
