#include "export.h"

#include "formats.h"
#include "numbers.h"
#include "sharing.h"
#include "ticker.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX (3 + N_MEASURES) /* neurons have the most */
#define PAIRS_MAX  (TASKS_MAX * (TASKS_MAX - 1) / 2)

/* A field of a run of replicates in memory. */
struct block {
    enum field field;
    struct reader_part part;
    size_t n_bytes; /* of one replicate */
    void *values;
};

/* The table being written. Blocks are those of the configuration at hand. */
struct table {
    struct reader *reader;
    const struct export_options *options;
    FILE *out;
    struct block blocks[BLOCKS_MAX];
    int n_blocks;
    size_t n_at_once; /* replicates */
    int measures[N_MEASURES];
    size_t n_measures, n_tasks; /* n_tasks: of the file, which has that many columns */
    struct ticker ticker;
    double *ri;      /* [n_measures, pair, unit], of one layer */
    double *counted; /* [n_measures, task, unit], of the same: sharing.h */
};

unsigned export_default_statuses(enum export_rows rows)
{
    return rows == EXPORT_MODELS ? ((1u << N_STATUSES) - 1) & ~(1u << STATUS_PENDING) : 1u << STATUS_ACCEPTED;
}

/* ",VALUE" */
static void put_number(FILE *out, double value)
{
    fputc(',', out);
    char text[NUMBER_TEXT_MAX];
    if (!isfinite(value))
        return;
    /* A float of the file: as few digits as give it back. All else: nine. */
    if ((double)(float)value == value)
        number_text_float((float)value, text);
    else
        snprintf(text, sizeof text, "%.9g", value);
    fprintf(out, "%s", text);
}

/* The same of a double of the file. */
static void put_double(FILE *out, double value)
{
    char text[NUMBER_TEXT_MAX];
    number_text(value, text);
    fprintf(out, ",%s", isfinite(value) ? text : "");
}

static bool is_column(const struct table *table, int row)
{
    return table->options->all_hyperparameters || table->reader->swept[row];
}

static void put_header(const struct table *table)
{
    FILE *out = table->out;
    unsigned n_tasks = (unsigned)table->n_tasks;

    fputs("config,replicate", out);
    for (int i = 0; i < n_hyperparameters; i++)
        if (is_column(table, i))
            fprintf(out, ",%s", hyperparameter_table[i].name);
    if (table->options->all_hyperparameters)
        fputs(",context_layer", out);
    fputs(",seed,status", out);
    if (table->options->rows == EXPORT_NEURONS) {
        fputs(",layer,unit", out);
        for (size_t m = 0; m < table->n_measures; m++) {
            const char *name = measure_table[table->measures[m]].name;
            for (unsigned t = 1; t <= n_tasks; t++)
                fprintf(out, ",%s_%u", name, t);
            for (unsigned a = 1; a <= n_tasks; a++)
                for (unsigned b = a + 1; b <= n_tasks; b++)
                    fprintf(out, ",%s_ri_%u_%u", name, a, b);
            fprintf(out, ",%s_selectivity,%s_n_eff,%s_preferred", name, name, name);
        }
        for (unsigned t = 1; t <= n_tasks; t++)
            fprintf(out, ",loss_change_%u", t);
        for (unsigned t = 1; t <= n_tasks; t++)
            fprintf(out, ",mean_activation_%u", t);
    } else {
        fputs(table->options->rows == EXPORT_EPOCHS ? ",epoch,train_loss" : ",attempts,train_loss", out);
        for (unsigned t = 1; t <= n_tasks; t++)
            fprintf(out, ",test_error_%u", t);
        if (table->options->rows == EXPORT_MODELS) {
            for (unsigned t = 1; t <= n_tasks; t++)
                fprintf(out, ",test_loss_%u", t);
            fputs(",wall_time,reason", out);
        }
    }
    fputc('\n', out);
}

/* The columns that all kinds of rows begin with; replicate is the `r`-th of the blocks in memory. */
static void put_key(const struct table *table, size_t config, size_t first, size_t r)
{
    const struct hyperparameters *h = &table->reader->configs[config];
    const int64_t *seeds = table->blocks[0].values;
    FILE *out = table->out;

    fprintf(out, "%zu,%zu", config, first + r);
    for (int i = 0; i < n_hyperparameters; i++)
        if (is_column(table, i)) {
            char value[HYPERPARAMETER_FORMAT_MAX];
            hyperparameter_format(h, &hyperparameter_table[i], value);
            fputc(',', out);
            csv_text(out, value);
        }
    if (table->options->all_hyperparameters)
        fprintf(out, ",%d", hyperparameters_context_layer(h));
    fprintf(out, ",%" PRId64 ",%s", seeds[r], status_names[reader_status(table->reader, config, first + r)]);
}

/* Values of the r-th replicate of a block. */
static const void *block_values(const struct block *block, size_t r)
{
    return (const char *)block->values + r * block->n_bytes;
}

/* NaN for tasks that the configuration does not have. */
static void put_floats(FILE *out, const float *values, size_t stride, size_t n, size_t n_columns)
{
    for (size_t i = 0; i < n_columns; i++)
        put_number(out, i < n ? (double)values[i * stride] : (double)NAN);
}

enum { MODEL_SEED, MODEL_ATTEMPTS, MODEL_TRAIN_LOSS, MODEL_TEST_ERROR, MODEL_TEST_LOSS, MODEL_WALL_TIME, MODEL_REASON };

static void put_model(struct table *table, size_t config, size_t first, size_t r)
{
    const struct block *blocks = table->blocks;
    size_t n_tasks = (size_t)hyperparameters_n_tasks(&table->reader->configs[config]);
    char reason[FIELD_TEXT_SIZE + 1] = "";

    put_key(table, config, first, r);
    fprintf(table->out, ",%" PRIu16, *(const uint16_t *)block_values(&blocks[MODEL_ATTEMPTS], r));
    put_number(table->out, (double)*(const float *)block_values(&blocks[MODEL_TRAIN_LOSS], r));
    put_floats(table->out, block_values(&blocks[MODEL_TEST_ERROR], r), 1, n_tasks, table->n_tasks);
    put_floats(table->out, block_values(&blocks[MODEL_TEST_LOSS], r), 1, n_tasks, table->n_tasks);
    put_double(table->out, *(const double *)block_values(&blocks[MODEL_WALL_TIME], r));
    memcpy(reason, block_values(&blocks[MODEL_REASON], r), FIELD_TEXT_SIZE);
    fputc(',', table->out);
    csv_text(table->out, reason);
    fputc('\n', table->out);
}

enum { EPOCH_SEED, EPOCH_TRAIN_LOSS, EPOCH_TEST_ERROR };

static void put_epochs(struct table *table, size_t config, size_t first, size_t r)
{
    const struct hyperparameters *h = &table->reader->configs[config];
    size_t n_tasks = (size_t)hyperparameters_n_tasks(h);
    const float *loss = block_values(&table->blocks[EPOCH_TRAIN_LOSS], r);
    const float *errors = block_values(&table->blocks[EPOCH_TEST_ERROR], r);
    for (size_t e = 0; e < (size_t)hyperparameters_history(h); e++) {
        put_key(table, config, first, r);
        fprintf(table->out, ",%zu", e);
        put_number(table->out, (double)loss[e]);
        put_floats(table->out, errors + e * n_tasks, 1, n_tasks, table->n_tasks);
        fputc('\n', table->out);
    }
}

enum { NEURON_SEED, NEURON_LOSS_CHANGE, NEURON_MEAN_ACTIVATION, NEURON_IMPORTANCE };

static void put_neurons(struct table *table, size_t config, size_t first, size_t r)
{
    const struct hyperparameters *h = &table->reader->configs[config];
    size_t n_tasks = (size_t)hyperparameters_n_tasks(h), n_layers = (size_t)h->hidden_layers;
    size_t n_units = (size_t)h->hidden_size, n_layer = n_layers * n_units; /* from a task to the next */
    size_t n_pairs = table->n_tasks * (table->n_tasks - 1) / 2;
    const float *loss_change = block_values(&table->blocks[NEURON_LOSS_CHANGE], r);
    const float *activation = block_values(&table->blocks[NEURON_MEAN_ACTIVATION], r);

    for (size_t l = 0; l < n_layers; l++) {
        for (size_t m = 0; m < table->n_measures; m++) {
            const float *layer = (const float *)block_values(&table->blocks[NEURON_IMPORTANCE + m], r) + l * n_units;
            for (size_t t = 0; t < n_tasks; t++)
                sharing_counted(layer + t * n_layer, n_units, table->options->ri.unimportant_below,
                                table->options->ri.normalise == NORMALISE_LAYER,
                                table->counted + (m * n_tasks + t) * n_units);
            size_t pair = 0;
            for (size_t a = 0; a < table->n_tasks; a++)
                for (size_t b = a + 1; b < table->n_tasks; b++, pair++) {
                    double *ri = table->ri + (m * n_pairs + pair) * n_units;
                    if (b < n_tasks)
                        models_layer_ri(layer + a * n_layer, layer + b * n_layer, n_units, &table->options->ri, ri);
                    else
                        for (size_t u = 0; u < n_units; u++)
                            ri[u] = NAN;
                }
        }
        for (size_t u = 0; u < n_units; u++) {
            put_key(table, config, first, r);
            fprintf(table->out, ",%zu,%zu", l + 1, u);
            for (size_t m = 0; m < table->n_measures; m++) {
                const float *importance = block_values(&table->blocks[NEURON_IMPORTANCE + m], r);
                put_floats(table->out, importance + l * n_units + u, n_layer, n_tasks, table->n_tasks);
                for (size_t pair = 0; pair < n_pairs; pair++)
                    put_number(table->out, table->ri[(m * n_pairs + pair) * n_units + u]);
                struct unit_sharing unit =
                    unit_sharing_of(table->counted + m * n_tasks * n_units + u, n_units, (int)n_tasks);
                put_number(table->out, unit.selectivity);
                put_number(table->out, unit.n_eff);
                put_number(table->out, unit.preferred < 0 ? (double)NAN : unit.preferred + 1);
            }
            put_floats(table->out, loss_change + l * n_units + u, n_layer, n_tasks, table->n_tasks);
            put_floats(table->out, activation + l * n_units + u, n_layer, n_tasks, table->n_tasks);
            fputc('\n', table->out);
        }
    }
}

static void add_block(struct table *table, enum field field, struct reader_part part)
{
    check(table->n_blocks < BLOCKS_MAX);
    struct block *block = &table->blocks[table->n_blocks++];
    *block = (struct block){.field = field, .part = part, .n_bytes = reader_part_bytes(field, &part)};
    size_t n = reader_chunk(table->reader, field, &part);
    if (table->n_at_once == 0 || n < table->n_at_once)
        table->n_at_once = n;
}

/* What a row is made from, without the padding of a configuration that is smaller than the file's largest. The order is
 * that of the enumerations above. */
static void plan_blocks(struct table *table, size_t config)
{
    const struct hyperparameters *h = &table->reader->configs[config];
    const uint64_t n_tasks = (uint64_t)hyperparameters_n_tasks(h), n_epochs = (uint64_t)hyperparameters_history(h);
    const uint64_t n_layers = (uint64_t)h->hidden_layers, n_units = (uint64_t)h->hidden_size;
    const struct reader_part scalar = {{0}, {0}}, units = {{0}, {n_tasks, n_layers, n_units}};

    table->n_blocks = 0;
    table->n_at_once = 0;
    add_block(table, FIELD_SEED, scalar);
    switch (table->options->rows) {
    case EXPORT_MODELS:
        add_block(table, FIELD_ATTEMPTS, scalar);
        add_block(table, FIELD_TRAIN_LOSS, (struct reader_part){{n_epochs - 1}, {1}});
        add_block(table, FIELD_TEST_ERROR, (struct reader_part){{n_epochs - 1, 0}, {1, n_tasks}});
        add_block(table, FIELD_TEST_LOSS, (struct reader_part){{0}, {n_tasks}});
        add_block(table, FIELD_WALL_TIME, scalar);
        add_block(table, FIELD_REASON, scalar);
        break;
    case EXPORT_EPOCHS:
        add_block(table, FIELD_TRAIN_LOSS, (struct reader_part){{0}, {n_epochs}});
        add_block(table, FIELD_TEST_ERROR, (struct reader_part){{0}, {n_epochs, n_tasks}});
        break;
    case EXPORT_NEURONS:
        add_block(table, FIELD_LOSS_CHANGE, units);
        add_block(table, FIELD_MEAN_ACTIVATION, units);
        for (size_t m = 0; m < table->n_measures; m++)
            add_block(table, FIELD_IMPORTANCE,
                      (struct reader_part){{(uint64_t)table->measures[m], 0, 0, 0}, {1, n_tasks, n_layers, n_units}});
        break;
    }
}

static enum error_code put_config(struct table *table, size_t config, struct error *error)
{
    struct reader *reader = table->reader;
    void (*put)(struct table *, size_t, size_t, size_t) = table->options->rows == EXPORT_MODELS   ? put_model
                                                          : table->options->rows == EXPORT_EPOCHS ? put_epochs
                                                                                                  : put_neurons;
    plan_blocks(table, config);
    error->code = ERROR_NONE;
    for (int b = 0; b < table->n_blocks; b++) {
        table->blocks[b].values = malloc(table->n_at_once * table->blocks[b].n_bytes);
        if (!table->blocks[b].values) {
            error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
            goto done;
        }
    }
    for (size_t first = 0; first < reader->n_replicates && !ferror(table->out); first += table->n_at_once) {
        size_t left = reader->n_replicates - first, n = left < table->n_at_once ? left : table->n_at_once;
        for (int b = 0; b < table->n_blocks; b++)
            if (reader_read(reader, table->blocks[b].field, config, first, n, &table->blocks[b].part,
                            table->blocks[b].values, error))
                goto done;
        for (size_t r = 0; r < n; r++)
            if (table->options->statuses & 1u << reader_status(reader, config, first + r))
                put(table, config, first, r);
        ticker_add(&table->ticker, n);
    }
done:
    for (int b = 0; b < table->n_blocks; b++) {
        free(table->blocks[b].values);
        table->blocks[b].values = NULL;
    }
    return error->code;
}

enum error_code export_table(struct reader *reader, const struct selection *selection,
                             const struct export_options *options, FILE *out, struct error *error)
{
    struct table table = {.reader = reader, .options = options, .out = out};

    table.n_tasks = reader->layout.size[DIMENSION_TASK];
    for (int m = 0; m < reader_n_measures(reader); m++)
        if (options->measures >> m & 1)
            table.measures[table.n_measures++] = m;
    table.ri = malloc((table.n_measures + 1) * PAIRS_MAX * reader->layout.size[DIMENSION_UNIT] * sizeof *table.ri);
    table.counted =
        malloc((table.n_measures + 1) * TASKS_MAX * reader->layout.size[DIMENSION_UNIT] * sizeof *table.counted);
    if (!table.ri || !table.counted) {
        free(table.ri);
        free(table.counted);
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    }

    /* What the file lacks is said before anything is written. */
    error->code = ERROR_NONE;
    plan_blocks(&table, 0);
    for (int b = 0; b < table.n_blocks && !error->code; b++)
        reader_require(reader, &table.blocks[b].field, 1, error);
    if (!error->code)
        put_header(&table);
    ticker_begin(&table.ticker, "jobs", (uint64_t)selection->n * reader->n_replicates);
    for (size_t i = 0; i < selection->n && !error->code && !ferror(out); i++)
        put_config(&table, selection->configs[i], error);
    ticker_end(&table.ticker);
    free(table.counted);
    free(table.ri);
    return error->code;
}
