#include "control_write.h"

#include "claim_table.h"

#include <stdlib.h>
#include <string.h>

/* The configurations to come: those of the file, then the new ones. */
struct controls {
    struct hyperparameters *configs; /* [n] */
    size_t n, n_old, capacity;
};

static bool is_equal(const struct hyperparameters *a, const struct hyperparameters *b)
{
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *row = &hyperparameter_table[i];
        if (strcmp(row->name, "second_task") != 0 && !hyperparameter_equal(a, b, row)) /* `tasks` says the same */
            return false;
    }
    return true;
}

static enum error_code add(struct controls *controls, const struct hyperparameters *h, struct error *error)
{
    for (size_t i = controls->n_old; i < controls->n; i++)
        if (is_equal(&controls->configs[i], h))
            return ERROR_NONE;
    if (controls->n == controls->capacity) {
        size_t capacity = 2 * controls->capacity;
        struct hyperparameters *grown = realloc(controls->configs, capacity * sizeof *grown);
        if (!grown)
            return error_set(error, ERROR_FATAL, "not enough memory");
        controls->configs = grown;
        controls->capacity = capacity;
    }
    controls->configs[controls->n++] = *h;
    return ERROR_NONE;
}

/* Adds what one condition lacks. */
static enum error_code add_lacking(struct controls *controls, const struct reader *reader,
                                   const struct claim_side *side, struct error *error)
{
    for (int i = 0; i < side->n_lacking; i++) {
        struct hyperparameters twice = reader->configs[side->config];
        hyperparameters_set_tasks(&twice, side->lacking[i]);
        if (add(controls, &twice, error))
            return error->code;
    }
    return ERROR_NONE;
}

/* Of second_task and `tasks`, which say the same, the sweep has the one that can say all of it. */
static bool is_written(const struct controls *controls, const struct hyperparameter *row)
{
    bool is_short = true;
    for (size_t i = 0; i < controls->n; i++)
        is_short = is_short && *controls->configs[i].second_task;
    return strcmp(row->name, is_short ? "tasks" : "second_task") != 0;
}

static bool is_varied(const struct controls *controls, const struct hyperparameter *row)
{
    for (size_t i = 1; i < controls->n; i++)
        if (!hyperparameter_equal(&controls->configs[0], &controls->configs[i], row))
            return true;
    return false;
}

static void write_value(const struct hyperparameters *h, const struct hyperparameter *row, FILE *out)
{
    char value[HYPERPARAMETER_FORMAT_MAX];
    bool is_quoted =
        row->type == HYPERPARAMETER_TEXT || row->type == HYPERPARAMETER_CHOICE || row->type == HYPERPARAMETER_TASKS;
    hyperparameter_format(h, row, value);
    fprintf(out, is_quoted ? " %s = \"%s\";" : " %s = %s;", row->name, value);
}

/* A text in quotes, as libconfig reads it; the sweep's name. */
static void write_text(const char *text, FILE *out)
{
    fputc('"', out);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fputc('\\', out);
        if ((unsigned char)*c < ' ')
            fprintf(out, "\\x%02x", (unsigned)*c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void write_sweep(const struct controls *controls, const struct reader *reader, FILE *out)
{
    const char *separator = "";
    fprintf(out,
            "// %s, each configuration a case, and behind them the identical tasks that its pairs are held against.\n"
            "// %zu of %zu configurations are new: picky extend FILE.h5 with this sweep trains them alone.\n\nname = ",
            "The file's sweep", controls->n - controls->n_old, controls->n);
    write_text(reader->name, out);
    fprintf(out, ";\nreplicates = %zu;\nseed = %lld;\nstore = [", reader->n_replicates,
            (long long)reader_first_seed(reader));
    for (const struct store_name *s = store_names; s->name; s++)
        if (reader->layout.store & s->bit) {
            fprintf(out, "%s\"%s\"", separator, s->name);
            separator = ", ";
        }
    fprintf(out, "];\n\nmodel = {\n");
    for (int i = 0; i < n_hyperparameters; i++)
        if (is_written(controls, &hyperparameter_table[i]) && !is_varied(controls, &hyperparameter_table[i])) {
            fprintf(out, "   ");
            write_value(&controls->configs[0], &hyperparameter_table[i], out);
            fprintf(out, "\n");
        }
    fprintf(out, "};\n\ncases = (\n");
    for (size_t c = 0; c < controls->n; c++) {
        fprintf(out, "%s    {", c == controls->n_old ? "    // identical tasks\n" : "");
        for (int i = 0; i < n_hyperparameters; i++)
            if (is_written(controls, &hyperparameter_table[i]) && is_varied(controls, &hyperparameter_table[i]))
                write_value(&controls->configs[c], &hyperparameter_table[i], out);
        fprintf(out, " }%s\n", c + 1 < controls->n ? "," : "");
    }
    fprintf(out, ");\n");
}

/* Adds what a claim's pairs of conditions lack; of CLAIM_NONE all pairs of tasks. */
static enum error_code add_claim(struct controls *controls, enum claim_id claim, const struct reader *reader,
                                 const struct selection *selection, struct error *error)
{
    struct claim_pairs pairs;
    if (claim_pairs_find(&pairs, claim, reader, selection, error))
        return error->code;
    for (size_t p = 0; p < pairs.n && !error->code; p++)
        if (!add_lacking(controls, reader, &pairs.pairs[p].a, error) && claim_table[claim].key)
            add_lacking(controls, reader, &pairs.pairs[p].b, error);
    claim_pairs_free(&pairs);
    return error->code;
}

enum error_code control_write(const struct reader *reader, const struct selection *selection, FILE *out,
                              struct error *error)
{
    struct controls controls = {.n = reader->n_configs, .n_old = reader->n_configs, .capacity = reader->n_configs + 16};
    controls.configs = malloc(controls.capacity * sizeof *controls.configs);
    if (!controls.configs)
        return error_set(error, ERROR_FATAL, "not enough memory");
    memcpy(controls.configs, reader->configs, reader->n_configs * sizeof *controls.configs);
    error->code = ERROR_NONE;
    for (int c = 0; c < N_CLAIMS && !error->code; c++)
        add_claim(&controls, (enum claim_id)c, reader, selection, error);
    /* Eight tasks have 28 pairs, with two controls each: those that no claim is about only when claims have theirs. */
    if (!error->code && controls.n == controls.n_old)
        add_claim(&controls, CLAIM_NONE, reader, selection, error);
    if (!error->code && controls.n == controls.n_old)
        error_set(error, ERROR_INPUT, "%s: --control: its claims and other pairs of tasks lack no identical tasks",
                  reader->path);
    if (!error->code)
        write_sweep(&controls, reader, out);
    free(controls.configs);
    return error->code;
}
