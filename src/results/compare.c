#include "compare.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINES_MAX = 20,
    VALUES_MAX = 8,  /* of one key in a line */
    SHOWN_MAX = 400, /* bytes of a value in a line */
    VALUES_TEXT_MAX = VALUES_MAX * (SHOWN_MAX + 2) + 8,
    CONFIGS_AT_ONCE = 1 << 14 /* read from the file */
};

struct sweep_comparison {
    hid_t file;
    const char *path;
    const struct results_header *header;
    const struct results_description *description;
    const char *other; /* what the description is of, for messages */
    FILE *lines;
    int n_lines;
    uint64_t n_more;              /* differences that got no line */
    struct hyperparameters *read; /* [CONFIGS_AT_ONCE], of the file */
    bool are_short;               /* all configurations of both have a second_task */
    struct error *error;
};

static void differ(struct sweep_comparison *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void differ(struct sweep_comparison *c, const char *format, ...)
{
    if (c->n_lines == LINES_MAX) {
        c->n_more++;
        return;
    }
    c->n_lines++;
    va_list args;
    va_start(args, format);
    fprintf(c->lines, "picky: %s: ", c->path);
    vfprintf(c->lines, format, args);
    fputc('\n', c->lines);
    va_end(args);
}

static void store_text(unsigned store, char text[160])
{
    size_t used = 0;
    for (const struct store_name *name = store_names; name->name; name++)
        if (store & name->bit)
            used += (size_t)snprintf(text + used, 160 - used, "%s\"%s\"", used > 0 ? ", " : "[", name->name);
    snprintf(text + used, 160 - used, used > 0 ? "]" : "[]");
}

/* Calls `visit` for every configuration of the file, with one row of it read. */
static enum error_code each_config(struct sweep_comparison *c, const struct hyperparameter *row,
                                   void (*visit)(void *context, uint64_t config, const struct hyperparameters *h),
                                   void *context)
{
    uint64_t n = c->header->n_configs;
    for (uint64_t first = 0; first < n; first += CONFIGS_AT_ONCE) {
        size_t n_read = n - first < CONFIGS_AT_ONCE ? (size_t)(n - first) : CONFIGS_AT_ONCE;
        if (results_read_row(c->file, c->path, row, first, n_read, c->read, c->error))
            return c->error->code;
        for (size_t i = 0; i < n_read; i++)
            visit(context, first + i, &c->read[i]);
    }
    return ERROR_NONE;
}

/* Differences of one key, where both have the same number of configurations: by old and new value. */
struct changes {
    const struct hyperparameter *row;
    const struct hyperparameters *configs;
    size_t n_pairs;
    struct {
        struct hyperparameters old;
        uint64_t first, n; /* configurations: the first one, and how many */
    } pairs[LINES_MAX];
    uint64_t n_more; /* configurations with other pairs of values */
};

static void note_change(void *context, uint64_t config, const struct hyperparameters *old)
{
    struct changes *changes = context;
    const struct hyperparameters *configs = changes->configs;
    if (!results_row_tells(changes->row, old, &configs[config]) ||
        hyperparameter_equal(old, &configs[config], changes->row))
        return;
    for (size_t i = 0; i < changes->n_pairs; i++)
        if (hyperparameter_equal(old, &changes->pairs[i].old, changes->row) &&
            hyperparameter_equal(&configs[config], &configs[changes->pairs[i].first], changes->row)) {
            changes->pairs[i].n++;
            return;
        }
    if (changes->n_pairs == LINES_MAX) {
        changes->n_more++;
        return;
    }
    changes->pairs[changes->n_pairs].old = *old;
    changes->pairs[changes->n_pairs].first = config;
    changes->pairs[changes->n_pairs++].n = 1;
}

static enum error_code compare_row(struct sweep_comparison *c, const struct hyperparameter *row)
{
    struct changes changes = {.row = row, .configs = c->description->configs};
    if (each_config(c, row, note_change, &changes))
        return c->error->code;
    for (size_t i = 0; i < changes.n_pairs; i++) {
        char old[HYPERPARAMETER_FORMAT_MAX], new[HYPERPARAMETER_FORMAT_MAX];
        hyperparameter_format(&changes.pairs[i].old, row, old);
        hyperparameter_format(&changes.configs[changes.pairs[i].first], row, new);
        differ(c, "%s: %.400s in the file, %.400s in %s (%" PRIu64 " of %" PRIu64 " configurations)", row->name, old,
               new, c->other, changes.pairs[i].n, c->header->n_configs);
    }
    c->n_more += changes.n_more;
    return ERROR_NONE;
}

/* The first values of one key, where the numbers of configurations differ. */
struct value_lists {
    const struct hyperparameter *row;
    size_t n;
    bool are_more;
    struct hyperparameters values[VALUES_MAX];
};

static bool has_value(const struct value_lists *values, const struct hyperparameters *h)
{
    for (size_t i = 0; i < values->n; i++)
        if (hyperparameter_equal(h, &values->values[i], values->row))
            return true;
    return false;
}

static void note_value(void *context, uint64_t config, const struct hyperparameters *h)
{
    (void)config;
    struct value_lists *values = context;
    if (values->are_more || has_value(values, h))
        return;
    values->are_more = values->n == VALUES_MAX;
    if (!values->are_more)
        values->values[values->n++] = *h;
}

static void values_text(const struct value_lists *values, char text[VALUES_TEXT_MAX])
{
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < values->n; i++) {
        char value[HYPERPARAMETER_FORMAT_MAX];
        hyperparameter_format(&values->values[i], values->row, value);
        used += (size_t)snprintf(text + used, VALUES_TEXT_MAX - used, "%s%.400s", i > 0 ? ", " : "", value);
    }
    if (values->are_more)
        snprintf(text + used, VALUES_TEXT_MAX - used, ", ...");
}

static enum error_code compare_values(struct sweep_comparison *c, const struct hyperparameter *row)
{
    struct value_lists old = {.row = row}, new = {.row = row};
    if (row->type == HYPERPARAMETER_TASKS ? c->are_short : strcmp(row->name, "second_task") == 0 && !c->are_short)
        return ERROR_NONE;
    if (each_config(c, row, note_value, &old))
        return c->error->code;
    for (size_t i = 0; i < c->description->n_configs; i++)
        note_value(&new, i, &c->description->configs[i]);
    bool is_same = old.n == new.n &&old.are_more == new.are_more;
    for (size_t i = 0; i < new.n; i++)
        is_same = is_same && has_value(&old, &new.values[i]);
    if (!is_same) {
        char old_text[VALUES_TEXT_MAX], new_text[sizeof old_text];
        values_text(&old, old_text);
        values_text(&new, new_text);
        differ(c, "%s: %s in the file; %s in %s", row->name, old_text, new_text, c->other);
    }
    return ERROR_NONE;
}

static void note_list(void *are_short, uint64_t config, const struct hyperparameters *h)
{
    (void)config;
    *(bool *)are_short &= *h->second_task != '\0';
}

/* Finds out whether second_task tells all that there is to tell of the tasks. */
static enum error_code look_at_tasks(struct sweep_comparison *c)
{
    c->are_short = true;
    for (size_t i = 0; i < c->description->n_configs; i++)
        note_list(&c->are_short, i, &c->description->configs[i]);
    return each_config(c, hyperparameter_find("second_task"), note_list, &c->are_short);
}

enum error_code results_compare(hid_t file, const char *path, const struct results_header *header,
                                const struct results_description *d, const char *other, FILE *lines, bool *is_same,
                                struct error *error)
{
    struct sweep_comparison c = {
        .file = file, .path = path, .header = header, .description = d, .other = other, .lines = lines, .error = error};
    if (header->is_null != (d->layout->is_null != 0))
        differ(&c, "null jobs: %s",
               header->is_null ? "made-up records in the file; the sweep is to be trained"
                               : "trained models in the file; the sweep runs with --null-jobs");
    if (header->replicates != (uint64_t)d->replicates)
        differ(&c, "replicates: %" PRIu64 " in the file, %" PRId64 " in %s", header->replicates, d->replicates, other);
    if (header->seed != d->seed)
        differ(&c, "seed: %" PRId64 " in the file, %" PRId64 " in %s", header->seed, d->seed, other);
    if (header->store != d->layout->store) {
        char old[160], new[160];
        store_text(header->store, old);
        store_text((unsigned)d->layout->store, new);
        differ(&c, "store: %s in the file, %s in %s", old, new, other);
    }
    if (header->n_configs != d->n_configs)
        differ(&c, "configurations: %" PRIu64 " in the file, %zu in %s", header->n_configs, d->n_configs, other);

    enum error_code code = ERROR_NONE;
    c.read = malloc(CONFIGS_AT_ONCE * sizeof *c.read);
    if (!c.read)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    for (size_t i = 0; i < CONFIGS_AT_ONCE && i < header->n_configs; i++)
        hyperparameters_default(&c.read[i]);
    code = look_at_tasks(&c);
    for (int row = 0; row < n_hyperparameters && !code; row++)
        code = header->n_configs == d->n_configs ? compare_row(&c, &hyperparameter_table[row])
                                                 : compare_values(&c, &hyperparameter_table[row]);
    free(c.read);
    *is_same = c.n_lines == 0;
    if (!code && c.n_more > 0)
        fprintf(lines, "picky: %s: and %" PRIu64 " more\n", path, c.n_more);
    return code;
}
