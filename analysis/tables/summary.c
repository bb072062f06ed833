#include "summary.h"

#include "layer_mask.h"
#include "summary_data.h"
#include "summary_text.h"
#include "ticker.h"

static enum error_code write_group(struct reader *reader, struct summary_table *table,
                                   const struct summary_writer *writer, FILE *out, struct error *error)
{
    const struct selection *group = &table->groups->groups[table->group];
    int n_tasks = hyperparameters_n_tasks(&reader->configs[group->configs[0]]), n_left = 0;
    int n_pairs = n_tasks > 1 ? n_tasks * (n_tasks - 1) / 2 : 1;
    struct sample_estimates estimates;
    for (int m = 0; m < reader_n_measures(reader); m++)
        if (table->options->measures >> m & 1)
            n_left += n_pairs;

    table->is_first = true;
    for (int m = 0; m < reader_n_measures(reader); m++) {
        if (!(table->options->measures >> m & 1))
            continue;
        /* A single task has no pair: it stands beside a task that there is not, whose numbers are NaN. */
        for (int a = 0; a < n_tasks; a++)
            for (int b = a + 1; b < (n_tasks > 1 ? n_tasks : 2); b++) {
                struct sample sample;
                table->ri.measure = (enum measure)m;
                table->ri.task_a = a;
                table->ri.task_b = b;
                if (sample_read(&sample, reader, group, &table->ri, table->options->format == TABLE_JSON, error))
                    return error->code;
                table->sample = &sample;
                table->estimates = &estimates;
                table->is_last = --n_left == 0;
                if (!sample_estimate(&sample, &estimates, error))
                    writer->table(table, out);
                sample_free(&sample);
                table->sample = NULL;
                table->estimates = NULL;
                if (error->code)
                    return error->code;
                table->is_first = false;
            }
    }
    return ERROR_NONE;
}

enum error_code summary_write(struct reader *reader, const struct selection *selection,
                              const struct summary_options *options, FILE *out, struct error *error)
{
    const enum field fields[] = {FIELD_ATTEMPTS, FIELD_TEST_ERROR, FIELD_TEST_LOSS, FIELD_IMPORTANCE};
    const struct summary_writer *writers[] = {&summary_text, &summary_csv, &summary_json};
    const struct summary_writer *writer = writers[options->format];
    struct groups groups = {0};
    struct ticker ticker;

    if (reader_require(reader, fields, sizeof fields / sizeof fields[0], error) ||
        layer_mask_check(options->layers, reader, error) || groups_make(&groups, reader, selection, options->by, error))
        return error->code;
    int n_tasks = hyperparameters_n_tasks(&reader->configs[0]);
    ticker_begin(&ticker, "models read",
                 (uint64_t)selection->n * reader->n_replicates * (uint64_t)__builtin_popcount(options->measures) *
                     (uint64_t)(n_tasks * (n_tasks - 1) / 2));
    reader->ticker = &ticker;
    writer->begin(reader, selection, &groups, options, out);
    for (size_t g = 0; g < groups.n; g++) {
        struct summary_table table = {
            .reader = reader, .groups = &groups, .group = g, .options = options, .ri = options->ri};
        if (write_group(reader, &table, writer, out, error))
            goto done;
    }
    if (writer->end)
        writer->end(out);
done:
    ticker_end(&ticker);
    reader->ticker = NULL;
    groups_free(&groups);
    return error->code;
}
