#include "sweep.h"

#include "numbers.h"
#include "record.h"
#include "sweep_internal.h"
#include "sweep_text.h"
#include "text.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sweep_scalar_keys[] = {"name", "replicates", "seed", NULL};

bool sweep_is_one_of(const char *key, const char *const *names)
{
    while (*names && strcmp(*names, key) != 0)
        names++;
    return *names;
}

const struct hyperparameter *sweep_partner(const struct hyperparameter *row)
{
    if (strcmp(row->name, "tasks") == 0)
        return hyperparameter_find("second_task");
    return strcmp(row->name, "second_task") == 0 ? hyperparameter_find("tasks") : NULL;
}

enum error_code sweep_out_of_memory(struct sweep_reader *r)
{
    r->place = 0;
    return error_set(r->error, ERROR_FATAL, "out of memory");
}

enum error_code sweep_fail_unknown(struct sweep_reader *r, const char *key, const char *const *names,
                                   bool or_hyperparameters)
{
    const char *near = hyperparameter_nearest(key, names);
    error_append(r->error, "unknown key; %sallowed: ", text_hint_first(near).words);
    const char *comma = "";
    for (; names && *names; names++, comma = ", ")
        error_append(r->error, "%s%s", comma, *names);
    for (int i = 0; or_hyperparameters && i < n_hyperparameters; i++, comma = ", ")
        error_append(r->error, "%s%s", comma, hyperparameter_table[i].name);
    return ERROR_INPUT;
}

void sweep_finish_message(const struct sweep_reader *r, const char *path)
{
    enum { PATH_SHOWN = 300 };
    size_t length = strlen(path);
    struct text_place at = r->place > 0 ? text_place(r->sweep->original, (size_t)r->place - 1) : r->unread;
    const char *dots = length > PATH_SHOWN ? "..." : "";
    const char *end = length > PATH_SHOWN ? path + length - PATH_SHOWN : path;
    if (r->override)
        error_prefix(r->error, "--set %.60s=%.60s", r->override->key, r->override->value);
    else if (at.line > 0)
        error_prefix(r->error, "%s%s:%d:%d", dots, end, at.line, at.column);
    else
        error_prefix(r->error, "%s%s", dots, end);
    text_make_line(r->error->message);
}

enum error_code sweep_set_scalar(struct sweep_reader *r, const char *key, const char *text, const int64_t *integer)
{
    struct sweep *sweep = r->sweep;
    if (strcmp(key, "name") == 0) {
        const char *control = text;
        while (control && *control && !iscntrl((unsigned char)*control))
            control++;
        if (control && *control)
            return error_set(r->error, ERROR_INPUT,
                             "holds %s (character code %d); allowed: one line of text without control characters",
                             *control == '\t'   ? "a tab"
                             : *control == '\n' ? "a line end"
                                                : "a control character",
                             *control);
        if (!text || strlen(text) > SWEEP_NAME_MAX || !text_is_line(text))
            return error_set(r->error, ERROR_INPUT, "allowed: one line of text, at most %d bytes", SWEEP_NAME_MAX);
        free(sweep->name);
        sweep->name = strdup(text);
        return sweep->name ? ERROR_NONE : sweep_out_of_memory(r);
    }
    bool is_seed = strcmp(key, "seed") == 0;
    int64_t min = is_seed ? 0 : 1, max = is_seed ? SEED_MAX : SWEEP_REPLICATES_MAX;
    if (!integer || *integer < min || *integer > max)
        return error_set(r->error, ERROR_INPUT, "allowed: an integer from %" PRId64 " to %" PRId64, min, max);
    *(is_seed ? &sweep->seed : &sweep->replicates) = *integer;
    return ERROR_NONE;
}

const struct sweep_override *sweep_find_override(const struct sweep_reader *r, const char *key, size_t n_overrides)
{
    for (size_t i = 0; i < n_overrides; i++)
        if (strcmp(r->overrides[i].key, key) == 0)
            return &r->overrides[i];
    return NULL;
}

static enum error_code apply_override(struct sweep_reader *r, const struct sweep_override *override)
{
    const char *key = override->key;
    r->override = override;
    if (sweep_find_override(r, key, (size_t)(override - r->overrides)))
        return error_set(r->error, ERROR_INPUT, "given twice; allowed: once");
    if (sweep_is_one_of(key, sweep_scalar_keys)) {
        char *end;
        double value = strtod(override->value, &end);
        int64_t integer;
        bool is_integer = number_is_integer(value, &integer) && *override->value && !*end;
        return sweep_set_scalar(r, key, override->value, is_integer ? &integer : NULL);
    }
    const struct hyperparameter *row = hyperparameter_find(key);
    if (strcmp(key, "store") == 0)
        return error_set(r->error, ERROR_INPUT,
                         "a list, which --set cannot give; allowed: store = [\"...\"]; in the sweep file");
    if (!row) {
        error_set(r->error, ERROR_INPUT, "%s", "");
        return sweep_fail_unknown(r, key, sweep_scalar_keys, true);
    }
    const struct hyperparameter *partner = sweep_partner(row);
    if (partner && sweep_find_override(r, partner->name, (size_t)(override - r->overrides)))
        return error_set(r->error, ERROR_INPUT, "%s is given too; allowed: one of the two", partner->name);
    if (r->sweep->swept[row - hyperparameter_table] || (partner && r->sweep->swept[partner - hyperparameter_table]))
        return error_set(r->error, ERROR_INPUT, "the sweep varies it; allowed: what no grid, zip or case gives");
    r->sweep->given[row - hyperparameter_table] = true;
    if (partner) /* the tasks are not the file's */
        r->sweep->n_tasks_places = 0;
    if (row->type == HYPERPARAMETER_TASKS)
        return hyperparameters_set_list(&r->base, override->value, r->error);
    if (!hyperparameter_set_text(&r->base, row, override->value, r->error))
        return ERROR_NONE;
    return error_set(r->error, ERROR_INPUT, "allowed: %s", row->allowed);
}

static enum error_code apply_overrides(struct sweep_reader *r)
{
    for (size_t i = 0; i < r->n_overrides; i++) {
        enum error_code code = apply_override(r, &r->overrides[i]);
        if (code)
            return code;
    }
    const struct sweep *sweep = r->sweep;
    r->place = r->scalar_place;
    r->override = sweep_find_override(r, "seed", r->n_overrides);
    if (!r->override)
        r->override = sweep_find_override(r, "replicates", r->n_overrides);
    if (sweep->replicates - 1 > SEED_MAX - sweep->seed)
        return error_set(r->error, ERROR_INPUT,
                         "seed = %lld: the last of %lld replicates has a seed above 2^53 - 1; allowed: at most %lld",
                         (long long)sweep->seed, (long long)sweep->replicates,
                         (long long)(SEED_MAX - (sweep->replicates - 1)));
    r->override = NULL;
    return ERROR_NONE;
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

/* The text as it is run, beside the original. */
static enum error_code note_overrides(struct sweep_reader *r)
{
    struct sweep *sweep = r->sweep;
    const struct as_run as_run = {.name = sweep->name,
                                  .seed = sweep->seed,
                                  .replicates = sweep->replicates,
                                  .store = sweep->store,
                                  .configs = sweep->configs,
                                  .n_configs = sweep->n_configs};
    struct error error = {0};
    char *text;
    if (r->n_overrides > 0)
        sweep_as_run(&text, sweep->original, &as_run, &error);
    else if (!(text = strdup(sweep->original)))
        return sweep_out_of_memory(r);
    r->place = 0;
    if (error.code == ERROR_INPUT)
        return error_set(r->error, ERROR_FATAL,
                         "a bug in picky: the text with the values of --set is another sweep: %s", error.message);
    if (error.code) {
        *r->error = error;
        return error.code;
    }
    sweep->text = text;
    return ERROR_NONE;
}

/* Reads *original, which the sweep takes over, if there is one, else the file. */
static enum error_code read_sweep(struct sweep *sweep, char *original, const char *path,
                                  const struct sweep_override *overrides, size_t n_overrides, struct error *error)
{
    struct sweep_reader reader = {.sweep = sweep, .overrides = overrides, .n_overrides = n_overrides, .error = error};
    struct sweep_reader *r = &reader;
    int *places = NULL;
    size_t n = (size_t)n_hyperparameters;

    memset(sweep, 0, sizeof *sweep);
    sweep->seed = SWEEP_SEED_DEFAULT;
    sweep->replicates = SWEEP_REPLICATES_DEFAULT;
    sweep->store = STORE_WEIGHTS;
    hyperparameters_default(&r->base);
    sweep->original = original;
    enum error_code code = original ? ERROR_NONE : sweep_text_read(&sweep->original, path, &r->unread, error);
    if (code)
        goto done;
    sweep->path = strdup(path);
    sweep->name = strdup("");
    sweep->swept = calloc(n, sizeof *sweep->swept);
    sweep->given = calloc(n, sizeof *sweep->given);
    places = calloc(3 * n, sizeof *places);
    if (!sweep->path || !sweep->name || !sweep->swept || !sweep->given || !places) {
        code = sweep_out_of_memory(r);
        goto done;
    }
    r->fixed_places = places;
    r->varied_places = places + n;
    r->case_places = places + 2 * n;
    code = sweep_parse(r);
    if (!code)
        code = apply_overrides(r);
    if (!code)
        code = sweep_expand(r);
    if (!code)
        code = note_overrides(r);

done:
    variation_free(&r->top);
    for (size_t c = 0; c < r->n_cases; c++)
        variation_free(&r->cases[c]);
    free(r->cases);
    free(places);
    if (code) {
        sweep_finish_message(r, path);
        sweep_free(sweep);
    }
    return code;
}

enum error_code sweep_read(struct sweep *sweep, const char *path, const struct sweep_override *overrides,
                           size_t n_overrides, struct error *error)
{
    return read_sweep(sweep, NULL, path, overrides, n_overrides, error);
}

enum error_code sweep_read_text(struct sweep *sweep, const char *text, const char *path, struct error *error)
{
    char *copy = strdup(text);
    memset(sweep, 0, sizeof *sweep);
    return copy ? read_sweep(sweep, copy, path, NULL, 0, error)
                : error_set(error, ERROR_FATAL, "%s: out of memory", path);
}

void sweep_free(struct sweep *sweep)
{
    free(sweep->name);
    free(sweep->text);
    free(sweep->original);
    free(sweep->path);
    free(sweep->refused);
    free(sweep->tasks_place);
    free(sweep->tasks_places);
    free(sweep->configs);
    free(sweep->has_equal);
    free(sweep->swept);
    free(sweep->given);
    memset(sweep, 0, sizeof *sweep);
}
