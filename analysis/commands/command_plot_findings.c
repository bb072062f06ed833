/* The commands of claims' figures. What they draw: figures/. */
#include "command.h"
#include "noise.h"
#include "plot_claims.h"
#include "plot_multiverse.h"

/* How decided claims are drawn. */
typedef enum error_code (*claims_figure)(const struct claims *claims, const struct reader *reader, unsigned chosen,
                                         const struct figure_request *request, struct error *error);

static enum error_code draw(claims_figure figure, struct reader *reader, const struct selection *selection,
                            const struct request *request, struct error *error)
{
    const struct figure_request drawn = command_figure(request);
    struct claims_options options;
    struct claims claims = {0};
    if (gnuplot_check(&drawn.place, error) || request_claims(request, &options, error) ||
        claims_decide(&claims, reader, selection, &options, error))
        return error->code;
    if (!request->with_noise || !noise_measure(&claims, reader, error))
        figure(&claims, reader, request->claims, &drawn, error);
    claims_free(&claims);
    return error->code;
}

static enum error_code claims(struct reader *reader, const struct selection *selection, const struct request *request,
                              struct error *error)
{
    return draw(plot_claims, reader, selection, request, error);
}

const struct command command_plot_claims = {
    .name = "plot claims",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws each claim's effect with its interval, under each measure (a forest plot)",
    .details = "Effects, intervals and verdicts are those of picky-analyse claims, which says\n"
               "how they come about. Grey: effects smaller than the smallest one of interest.\n"
               "Open diamonds: the same difference between identical tasks (two_subnetworks,\n"
               "end_splits_last and leaks_backwards have it subtracted already). Small dots:\n"
               "each pair of configurations, where there are several. Crosses, with --noise:\n"
               "the number, or difference, between two test sets of one task, which is chance\n"
               "alone.\n" GNUPLOT_HELP,
    .options = "output force where claim measure measures unimportant-below of status smallest-effect simultaneous "
               "noise title " FIGURE_OPTIONS,
    .needs_output = true,
    .pages = "claims.md",
    .run = claims,
};

static enum error_code multiverse(struct reader *reader, const struct selection *selection,
                                  const struct request *request, struct error *error)
{
    return draw(plot_multiverse, reader, selection, request, error);
}

const struct command command_plot_multiverse = {
    .name = "plot multiverse",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws each claim's effect under every specification, sorted, with its choices below",
    .details = "A specification curve (Simonsohn, Simmons & Nelson 2020): the measures x\n"
               "13 numbers, D and shares of selective units (picky-analyse claims --help), each\n"
               "with its own 95 % interval, a column of marks below for what it is. Their\n"
               "counts are no evidence, for they share their models; the band is the mean over\n"
               "them, seed by seed, with its interval. One claim (--claim) gets the whole\n"
               "width.\n" GNUPLOT_HELP,
    .options = "output force where claim measure measures unimportant-below of status smallest-effect simultaneous "
               "title " FIGURE_OPTIONS,
    .needs_output = true,
    .pages = "claims.md",
    .run = multiverse,
};
