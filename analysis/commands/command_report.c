#include "command.h"
#include "report.h"

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    const struct report_options options = {request->ri, request->conditions, request->n_conditions};
    const struct output_place place = request_place(request, OUTPUT_HTML);
    struct output output;
    if (output_begin(&output, &place, error))
        return error->code;
    if (report_write(reader, selection, &options, output.file, error))
        output_abandon(&output);
    else
        output_finish(&output, error);
    return error->code;
}

const struct command command_report = {
    .name = "report",
    .synopsis = "[-o OUT.html]",
    .summary = "Writes one HTML page about a sweep, which opens in any browser, without a network",
    .details =
        "The notebook's claims, acceptance, histograms of relative importance, maps, training curves, provenance,\n"
        "and how to reproduce it all. Figures are of the first 24 configurations: choose others with --where.\n"
        "Without -o, to standard output.\n",
    .options = "output force where measure normalise unimportant-below",
    .run = run,
};
