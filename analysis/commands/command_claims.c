#include "claims_write.h"
#include "command.h"

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    enum table_format format = request_format(request);
    struct output_place place = request_place(request, table_output_format(format));
    struct output output;
    struct claims claims;
    if (request->is_csv && request->is_json)
        return error_set(error, ERROR_INPUT, "--csv and --json: allowed: one of them");
    if (output_begin(&output, &place, error))
        return error->code;
    if (!claims_decide(&claims, reader, selection, &request->ri, request->is_of_important, error)) {
        claims_write(&claims, reader, selection, &request->ri, format, output.file);
        claims_free(&claims);
        output_finish(&output, error);
    }
    output_abandon(&output);
    return error->code;
}

const struct command command_claims = {
    .name = "claims",
    .synopsis = "",
    .summary = "Decides the 2020 notebook's conclusions under each measure, with and without layer normalisation",
    .details =
        "Each conclusion is put as an effect: the mean, over seeds, of a number that each model comes to, or of its\n"
        "difference between two conditions that are else equal (models of one seed are pairs; a seed's several\n"
        "pairs are averaged). The rule is fixed beforehand: supported, if the 95 % bootstrap interval (BCa) of the\n"
        "effect lies above 0.05, the smallest effect of interest (shares of a layer's units, differences of two\n"
        "such shares); opposed, if it lies below 0.05, so that the effect is shown to be smaller than that, or the\n"
        "other way round; undecided otherwise. An effect over fewer than 6 seeds (pairs, where two conditions are\n"
        "compared) gets no verdict but \"too few\"; its interval is shown all the same. The table says what each\n"
        "claim compares and with which configurations (as in the file, from 0), or that they are not in it.\n"
        "Selective: |RI| > " RI_TEXT(RI_SELECTIVE_ABOVE) "; mixed: |RI| < " RI_TEXT(
            RI_MIXED_BELOW) ". Shares are of all units of a layer. Two conditions may differ in\n"
                            "how many of them are unimportant: see whether a conclusion holds with --of important, "
                            "too.\n"
                            "\n"
                            "At the end: how mean RI goes with the ratio of the two tasks' test losses, over the "
                            "models of one\n"
                            "configuration. Taylor measures scale with the residual error, ablation hardly, "
                            "contribution not at all.\n",
    .options = "output force where unimportant-below of csv json",
    .run = run,
};
