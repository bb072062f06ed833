#include "claims_write.h"
#include "command.h"
#include "control_write.h"
#include "noise.h"

/* How many effects all groups have together. */
static enum error_code count_effects(const struct groups *groups, const struct reader *reader,
                                     struct claims_options *options, struct error *error)
{
    size_t sum = 0, n;
    for (size_t g = 0; g < groups->n; g++) {
        if (claims_count_effects(reader, &groups->groups[g], options, &n, error))
            return error->code;
        sum += n;
    }
    options->n_effects = sum;
    return ERROR_NONE;
}

static enum error_code write_claims(struct reader *reader, const struct selection *selection,
                                    const struct request *request, enum table_format format, FILE *out,
                                    struct error *error)
{
    struct claims_options options;
    struct claims claims;
    if (request_claims(request, &options, error))
        return error->code;
    struct groups groups = {0};
    if (request->by && groups_make(&groups, reader, selection, request->by, error))
        return error->code;
    if (request->by && request->is_simultaneous && count_effects(&groups, reader, &options, error)) {
        groups_free(&groups);
        return error->code;
    }
    for (size_t g = 0; g < (request->by ? groups.n : 1); g++) {
        const struct selection *group = request->by ? &groups.groups[g] : selection;
        if (claims_decide(&claims, reader, group, &options, error))
            break;
        if (!request->with_noise || !noise_measure(&claims, reader, error))
            claims_write(&claims, reader, selection, (struct claims_group){request->by ? &groups : NULL, g}, format,
                         out);
        claims_free(&claims);
        if (error->code)
            break;
    }
    groups_free(&groups);
    return error->code;
}

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    enum table_format format = request_format(request);
    struct output_place place = request_place(request, table_output_format(format));
    struct output output;
    if (request->is_csv && request->is_json)
        return error_set(error, ERROR_INPUT, "--csv and --json: allowed: one of them");
    if (request->is_control && (format != TABLE_TEXT || request->by || request->is_simultaneous || request->with_noise))
        return error_set(error, ERROR_INPUT,
                         "--control: writes a sweep; not with --by, --csv, --json, --simultaneous, --noise");
    if (output_begin(&output, &place, error))
        return error->code;
    if (request->is_control)
        control_write(reader, selection, output.file, error);
    else
        write_claims(reader, selection, request, format, output.file, error);
    if (!error->code)
        output_finish(&output, error);
    output_abandon(&output);
    return error->code;
}

const struct command command_claims = {
    .name = "claims",
    .synopsis = "",
    .summary = "Decides the 2020 notebook's conclusions, held against networks that learnt one task twice",
    .details = "Each conclusion is put as an effect: the mean, over seeds, of one number a\n"
               "model, less that of networks of the same seed that learnt one of the two tasks\n"
               "twice (identical tasks), or less that of another condition. Models of one seed\n"
               "are pairs; pairs of configurations are averaged, each counting alike, and\n"
               "shown. The number is D, 1/2 sum |p_A - p_B| over a layer's units, p being a\n"
               "unit's share of a task's importance: 0 if both tasks use the same units, 1 if\n"
               "they share none; of rare_task_recruits it is where units lean. Beside it stand\n"
               "shares of selective and mixed units.\n"
               "\n"
               "Verdicts: larger, if the effect's 95 % interval lies above the smallest effect\n"
               "of interest (0.05, or --smallest-effect); reversed, if it lies below that the\n"
               "other way round; negligible, if it lies between the two, from 30 seeds on;\n"
               "undecided, else; mixed, if one pair of configurations says the opposite of all\n"
               "together (Bonferroni's t); selection, if under 90 % of pairs accepted the same\n"
               "attempt and the verdict among those is another; no control, if the file has no\n"
               "identical tasks: --control writes the sweep that adds them; too few,\n"
               "under 6 seeds.\n"
               "\n"
               "Intervals are Student's under 10 seeds, BCa at Student's reach from there on.\n"
               "Where a file was extended, the verdict on the replicates that were planned\n"
               "first is said if it differs: a sweep that goes on until the verdict pleases\n"
               "finds too much.\n"
               "\n"
               "Multiverse: the same effect by D and by shares of selective units, raw or\n"
               "divided by the layer's sum, of all or of important units, cut-off 0.05, 0.1,\n"
               "0.2: how many specifications say larger, and which choice changes that most\n"
               "often. The count is no evidence: they share their models, and may all be wrong\n"
               "together. The mean over them, seed by seed, has an interval and a verdict.\n"
               "\n"
               "--noise shows beside each number what it is between one task's importances on\n"
               "two test sets, of 30 models a configuration: chance alone. Networks whose\n"
               "weights are not stored are trained again.\n"
               "\n"
               "--by KEY,... decides each combination of their values apart, with the controls\n"
               "of the whole file. --simultaneous corrects for all that is judged, over all\n"
               "groups: each claim under each measure, and its mean over the multiverse; not\n"
               "for shares, single specifications and pairs of tasks that no claim is about,\n"
               "which only stand beside it.\n"
               "\n"
               "At the end: how mean RI goes with the ratio of the two tasks' test losses, over\n"
               "the models of one configuration. Taylor measures scale with the residual error,\n"
               "ablation hardly, contribution not at all.\n",
    .options = "output force where by measure measures unimportant-below selective-above mixed-below of status "
               "smallest-effect simultaneous "
               "control noise csv json",
    .pages = "claims.md",
    .run = run,
};
