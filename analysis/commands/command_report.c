#include "command.h"
#include "report.h"

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    struct report_options options = {request->ri, request->conditions, request->n_conditions};
    const struct output_place place = request_place(request, OUTPUT_HTML);
    struct output output;
    struct task_pairs pairs = {0}; /* the configurations that have the pair, if one is chosen */
    if (request->pair.is_all)
        return error_set(error, ERROR_INPUT, "--pair all: report takes one pair");
    if (*request->pair.words[0]) {
        if (task_pairs_make(&pairs, reader, selection, &request->pair, error))
            return error->code;
        options.ri.task_a = pairs.pairs[0].a;
        options.ri.task_b = pairs.pairs[0].b;
        selection = &pairs.selection;
    }
    if (output_begin(&output, &place, error))
        goto done;
    if (report_write(reader, selection, &options, output.file, error))
        output_abandon(&output);
    else
        output_finish(&output, error);
done:
    task_pairs_free(&pairs);
    return error->code;
}

const struct command command_report = {
    .name = "report",
    .synopsis = "[-o OUT.html]",
    .summary = "Writes one HTML page about a sweep, which opens in any browser, without a network",
    .details =
        "The notebook's claims, acceptance, histograms of relative importance, maps, training curves, provenance,\n"
        "and how to reproduce it all. Figures are of the first 24 configurations: choose others with --where.\n"
        "Of more than two tasks it is about the pair of --pair; its claims name their own.\n"
        "Without -o, to standard output.\n",
    .options = "output force where measure pair normalise unimportant-below",
    .run = run,
};
