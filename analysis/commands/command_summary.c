#include "command.h"
#include "comparisons_write.h"
#include "summary.h"

static enum error_code write_comparisons(struct reader *reader, const struct selection *selection,
                                         const struct request *request, enum table_format format, FILE *out,
                                         struct error *error)
{
    const struct comparisons_options options = {.compare = request->compare,
                                                .interaction = request->interaction,
                                                .by = request->by,
                                                .ri = request->ri,
                                                .measures = request->measures,
                                                .pair = request->pair,
                                                .layers = request->layers,
                                                .statistics = request->statistics,
                                                .is_simultaneous = request->is_simultaneous,
                                                .n_top = request->n_top,
                                                .p_below = request->p_below};
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
                                            .pair = request->pair,
                                            .layers = request->layers,
                                            .statistics = request->statistics,
                                            .format = request_format(request)};
    const struct output_place place = request_place(request, table_output_format(options.format));
    struct output output;
    if (request->is_csv && request->is_json)
        return error_set(error, ERROR_INPUT, "--csv and --json: allowed: one of them");
    if ((request->interaction || request->is_simultaneous || request->n_top || request->p_below > 0) &&
        !request->compare)
        return error_set(error, ERROR_INPUT, "--interaction, --simultaneous, --top, --p-below: only with --compare");
    struct task_pairs pairs = {0}; /* those that have the pair, if one is chosen */
    if (*request->pair.words[0] && task_pairs_make(&pairs, reader, selection, &request->pair, error))
        return error->code;
    const struct selection *shown = pairs.selection.n > 0 ? &pairs.selection : selection;
    if (output_begin(&output, &place, error)) {
        task_pairs_free(&pairs);
        return error->code;
    }
    if (request->compare)
        write_comparisons(reader, shown, request, options.format, output.file, error);
    else
        summary_write(reader, shown, &options, output.file, error);
    task_pairs_free(&pairs);
    if (!error->code)
        output_finish(&output, error);
    output_abandon(&output);
    return error->code;
}

const struct command command_summary = {
    .name = "summary",
    .synopsis = "",
    .summary = "Prints every statistic of each configuration, with 95 % intervals; or compares configurations",
    .details = "Each accepted model comes to one value of a statistic in each layer; shown is\n"
               "the mean over the models (of test errors and the dip the median) with a 95 %\n"
               "interval over models, not neurons: Student's under 10 models, from there on the\n"
               "bootstrap's (2,000 resamples with a fixed seed, BCa at Student's reach; for\n"
               "more than 2,000 models what resamples converge to, mean +- 1.96 standard\n"
               "errors); of proportions Wilson's, of medians the sign test's, from 6 models on.\n"
               "Values that are all equal have none.\n"
               "\n"
               "In a group of several configurations each model counts alike, also those of one\n"
               "seed. Configurations have the numbers that they have in the file, from 0.\n"
               "Histograms of relative importance are in --json.\n"
               "\n"
               "dip is of ln((I_1 + f)/(I_2 + f)), f being 0.001 of the layer's mean, over the\n"
               "units that are important to a task, if there are 10: RI is a tanh of that, with\n"
               "units at both ends, and has two peaks where the ratio has one. It gets smaller\n"
               "with the number of units: two_peaks, which allows for that, can be compared\n"
               "between sizes, the dip cannot. One model in 20 has \"two peaks\" by chance;\n"
               "two_peaks_identical says how many models have them that learn one of the two\n"
               "tasks twice, where the file has such. Sarle's bimodality of earlier versions is\n"
               "no longer computed (its columns in CSV are empty).\n"
               "\n"
               "Acceptance selects. Where jobs were rejected, a table has their last attempts,\n"
               "too, below the accepted models: those that are alive, that is, whose test\n"
               "errors training changed. --status rejected shows them alone, and\n"
               "--status accepted,rejected counts both as models.\n"
               "\n"
               "A table says which pair of tasks it is about; --pair chooses one. Units that\n"
               "matter to a task are those whose importance is not below --unimportant-below.\n"
               "Two tasks' sets of such units have a Jaccard index and an overlap, which are 1\n"
               "for equal sets; beside them is what random sets of these sizes have (the number\n"
               "in both is then hypergeometric).\n"
               "\n"
               "S and N_eff are of all tasks that a model has: S is 1 where a unit serves one\n"
               "alone, for two tasks |RI|. D is the distance by which claims judges: half the\n"
               "sum, over a layer's units, of the differences between two tasks' shares of\n"
               "importance. --compare and figures show these where --statistic names them.\n"
               "\n"
               "--compare KEY shows how the statistics of every other value of KEY differ from\n"
               "those of its first one (or of VALUE, with KEY=VALUE), all other hyperparameters\n"
               "being equal (with --by: those of its keys; what the others come to is\n"
               "averaged).\n"
               "\n"
               "Models of one seed (replicate) are pairs: difference with its interval, Cliff's\n"
               "delta, the p value of Wilcoxon's signed-rank test, and p family, corrected for\n"
               "all tests that are made, whether --top and --p-below show them or not: max-T,\n"
               "from 6 seeds on. It flips the signs of the seeds' differences in all rows at\n"
               "once (every pattern up to 13 seeds, else 10,000), so that its least value is\n"
               "2/2^seeds. How many pairs come from the same attempt is said above: the others\n"
               "differ in initial weights and data, too. CSV and JSON have Holm's correction of\n"
               "Wilcoxon's p, too (p_holm).\n"
               "\n"
               "With --interaction OTHER the differences themselves are compared:\n"
               "(b at y - a at y) - (b at x - a at x), a and b being values of KEY, x the first\n"
               "value of OTHER (or OTHER=VALUE) and y another one. Each seed that has all four\n"
               "models gives one such number; interval and tests are as above. 0: what KEY does\n"
               "is the same for x and y.\n",
    .options = "output force where status by measure measures pair layer normalise unimportant-below selective-above "
               "mixed-below compare interaction statistic "
               "simultaneous top p-below csv json",
    .chooses_models = true,
    .pages = "measures.md",
    .run = run,
};
