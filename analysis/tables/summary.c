#include "summary.h"

#include "command.h"
#include "comparisons.h"
#include "output.h"
#include "summary_formats.h"
#include "ticker.h"

bool summary_has_layer(const struct summary_options *options, size_t layer)
{
    return options->layers == 0 || (options->layers >> layer & 1);
}

static enum error_code write_group(struct reader *reader, struct summary_table *table,
                                   const struct summary_writer *writer, FILE *out, struct error *error)
{
    const struct selection *group = &table->groups->groups[table->group];
    int n_tasks = hyperparameters_n_tasks(&reader->configs[group->configs[0]]), n_left = 0;
    struct sample_estimates estimates;
    for (int m = 0; m < N_MEASURES; m++)
        if (table->options->measures >> m & 1)
            n_left += n_tasks * (n_tasks - 1) / 2;

    table->is_first = true;
    for (int m = 0; m < N_MEASURES; m++) {
        if (!(table->options->measures >> m & 1))
            continue;
        for (int a = 0; a < n_tasks; a++)
            for (int b = a + 1; b < n_tasks; b++) {
                struct sample sample;
                table->ri.measure = (enum measure)m;
                table->ri.task_a = a;
                table->ri.task_b = b;
                if (sample_read(&sample, reader, group, &table->ri, table->options->format == SUMMARY_JSON, error))
                    return error->code;
                table->sample = &sample;
                table->estimates = &estimates;
                table->is_last = --n_left == 0;
                if (!sample_estimate(&sample, &estimates, error))
                    writer->table(table, out);
                sample_free(&sample);
                if (error->code)
                    return error->code;
                table->is_first = false;
            }
    }
    return ERROR_NONE;
}

enum error_code summary_check_layers(const struct reader *reader, uint64_t layers, struct error *error)
{
    uint64_t n_layers = reader->layout.size[DIMENSION_LAYER];
    for (uint64_t l = n_layers; l < 64; l++)
        if (layers >> l & 1)
            return error_set(error, ERROR_INPUT, "--layer %d: allowed: 1 to %d, the layers of this file", (int)l + 1,
                             (int)n_layers);
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
        summary_check_layers(reader, options->layers, error) ||
        groups_make(&groups, reader, selection, options->by, error))
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

enum output_format summary_output_format(enum summary_format format)
{
    return format == SUMMARY_CSV ? OUTPUT_CSV : format == SUMMARY_JSON ? OUTPUT_JSON : OUTPUT_TEXT;
}

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    struct output output;
    struct summary_options options = {.by = request->by,
                                      .ri = request->ri,
                                      .measures = request->measures,
                                      .layers = request->layers,
                                      .format = request->is_csv    ? SUMMARY_CSV
                                                : request->is_json ? SUMMARY_JSON
                                                                   : SUMMARY_TEXT};
    struct output_place place = request_place(request, summary_output_format(options.format));
    if (request->is_csv && request->is_json)
        return error_set(error, ERROR_INPUT, "--csv and --json: allowed: one of them");
    if (request->statistics && !request->compare)
        return error_set(error, ERROR_INPUT, "--statistic: only with --compare (a summary has all statistics)");
    if (output_begin(&output, &place, error))
        return error->code;
    if (request->compare)
        comparisons_write(reader, selection, &options, request->compare, request->statistics, output.file, error);
    else
        summary_write(reader, selection, &options, output.file, error);
    if (!error->code)
        output_finish(&output, error);
    output_abandon(&output);
    return error->code;
}

const struct command command_summary = {
    .name = "summary",
    .synopsis = "",
    .summary = "Prints every statistic of each configuration, with 95 % intervals; or compares configurations",
    .details =
        "Each accepted model comes to one value of a statistic in each layer; shown is the mean over the models (of\n"
        "test errors and the dip the median) with an interval that resamples models, not neurons: 2,000 bootstrap\n"
        "resamples with a fixed seed, BCa, widened for few models (for more than 2,000 models what resamples\n"
        "converge to, mean +- 1.96 standard errors); of proportions Wilson's. In a group of several configurations\n"
        "each model counts alike, also those of one seed. Configurations have the numbers that they have in the\n"
        "file, from 0. Histograms of relative importance are in --json.\n"
        "\n"
        "--compare KEY shows how the statistics of every other value of KEY differ from those of its first one (or\n"
        "of VALUE, with KEY=VALUE), all other hyperparameters being equal (with --by: those of its keys; what the\n"
        "others come to is averaged). Models of one seed (replicate) are pairs: difference with its interval,\n"
        "Cliff's delta, the p value of Wilcoxon's signed-rank test, and the same after Holm's correction for all\n"
        "tests that are shown.\n",
    .options = "output force where by measure measures layer normalise unimportant-below compare statistic csv json",
    .run = run,
};
