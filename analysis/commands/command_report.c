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
        for (size_t i = 1; i < pairs.selection.n; i++)
            if (pairs.pairs[i].a != pairs.pairs[0].a || pairs.pairs[i].b != pairs.pairs[0].b) {
                error_set(error, ERROR_INPUT,
                          "--pair %s-%s: they are tasks %d and %d in configuration %zu, %d and %d in %zu: a report is "
                          "about tasks of the same numbers; choose configurations with --where",
                          request->pair.words[0], request->pair.words[1], pairs.pairs[0].a + 1, pairs.pairs[0].b + 1,
                          pairs.selection.configs[0], pairs.pairs[i].a + 1, pairs.pairs[i].b + 1,
                          pairs.selection.configs[i]);
                goto done;
            }
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
    .details = "The notebook's claims (with noise, of 100 configurations or fewer), acceptance,\n"
               "histograms of relative importance, how more than two tasks share neurons, maps,\n"
               "training curves, provenance, and how to reproduce it all. Of more than 48\n"
               "configurations 24 have figures, evenly spread in the order of their selective\n"
               "neurons: choose others with --where. Of more than two tasks histograms and maps\n"
               "are about the pair of --pair; claims name their own. Long tables are folded,\n"
               "and not printed unless they are open. Without -o, to standard output.\n",
    .options = "output force where measure pair normalise unimportant-below",
    .pages = "measures.md, claims.md",
    .run = run,
};
