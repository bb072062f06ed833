#include "command.h"
#include "comparisons_write.h"
#include "summary.h"

static enum error_code write_comparisons(struct reader *reader, const struct selection *selection,
                                         const struct request *request, enum table_format format, FILE *out,
                                         struct error *error)
{
    const struct comparisons_options options = {.compare = request->compare,
                                                .by = request->by,
                                                .ri = request->ri,
                                                .measures = request->measures,
                                                .layers = request->layers,
                                                .statistics = request->statistics};
    struct comparisons comparisons;
    if (!comparisons_make(&comparisons, reader, selection, &options, error)) {
        comparisons_write(&comparisons, selection, format, out);
        comparisons_free(&comparisons);
    }
    return error->code;
}

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    const struct summary_options options = {.by = request->by,
                                            .ri = request->ri,
                                            .measures = request->measures,
                                            .layers = request->layers,
                                            .format = request_format(request)};
    const struct output_place place = request_place(request, table_output_format(options.format));
    struct output output;
    if (request->is_csv && request->is_json)
        return error_set(error, ERROR_INPUT, "--csv and --json: allowed: one of them");
    if (request->statistics && !request->compare)
        return error_set(error, ERROR_INPUT, "--statistic: only with --compare (a summary has all statistics)");
    if (output_begin(&output, &place, error))
        return error->code;
    if (request->compare)
        write_comparisons(reader, selection, request, options.format, output.file, error);
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
