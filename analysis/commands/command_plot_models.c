/* The commands of figures about models and their units. What they draw: figures/. */
#include "command_plot.h"
#include "plot_models.h"
#include "plot_scatter.h"
#include "plot_trend.h"
#include "plot_unit_measures.h"

#include <string.h>

static enum error_code draw_trend(struct reader *reader, const struct selection *selection,
                                  const struct figure_request *figure, const struct request *request,
                                  struct error *error)
{
    struct trend_options options = {.along = request->along, .by = request->by, .measures = request->measures};
    if (one_statistic(request, STATISTIC_DISTANCE, &options.statistic, error))
        return error->code;
    if (!request->has_measure && request->by && strcmp(request->by, "measure") == 0)
        options.measures = (1u << reader_n_measures(reader)) - 1;
    return plot_trend(reader, selection, figure, &options, error);
}

static enum error_code trend(struct reader *reader, const struct selection *selection, const struct request *request,
                             struct error *error)
{
    enum statistic statistic;
    if (one_statistic(request, STATISTIC_DISTANCE, &statistic, error))
        return error->code;
    return draw_statistic(draw_trend, false, statistic, reader, selection, request, error);
}

const struct command command_plot_trend = {
    .name = "plot trend",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws a statistic along a hyperparameter, lines with bands, and their slopes",
    .details = "A point is what summary has for the configuration (--statistic; default\n"
               "distance, D), the band its 95 % interval over models. Along the axis: --along,\n"
               "else the hyperparameter with the most values. A line: each value of --by, else\n"
               "of another hyperparameter that varies; --by layer: each layer; --by measure:\n"
               "each of --measure (default all). Else there is a panel for each layer, and a\n"
               "row for each combination of what else was swept.\n"
               "\n"
               "Slopes are those of the least-squares line through the means, where the axis\n"
               "has numbers: for 1 more, or for each doubling if the values lie twice as evenly\n"
               "by their logarithms (the axis is logarithmic then). The interval is over seeds,\n"
               "as that of summary --compare: a seed that has a model everywhere gives its own\n"
               "slope; one that has not gives what it adds to the common one (as pooled claims\n"
               "have it). A value that fewer than 6 seeds have does not count beside others. Of\n"
               "acceptance a seed has 1 or 0; attempt_acceptance has no slope.\n" GNUPLOT_HELP,
    .options = "output force where status statistic along by measure measures pair layer normalise unimportant-below "
               "selective-above "
               "mixed-below title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = trend,
};

static enum error_code draw_models(struct reader *reader, const struct selection *selection,
                                   const struct figure_request *figure, const struct request *request,
                                   struct error *error)
{
    enum statistic statistic;
    if (one_statistic(request, STATISTIC_DISTANCE, &statistic, error))
        return error->code;
    return plot_models(reader, selection, figure, statistic, error);
}

static enum error_code models(struct reader *reader, const struct selection *selection, const struct request *request,
                              struct error *error)
{
    enum statistic statistic;
    if (one_statistic(request, STATISTIC_DISTANCE, &statistic, error))
        return error->code;
    return draw_statistic(draw_models, true, statistic, reader, selection, request, error);
}

const struct command command_plot_models = {
    .name = "plot models",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws a statistic of every model as a dot, a row for each configuration",
    .details = "Shows whether the models of a configuration are alike, or of several kinds,\n"
               "which a mean does not. The statistic is --statistic (default distance, D); dots\n"
               "of equal values stand above each other. More than 100 models are drawn as the\n"
               "outline of their density (Gaussian kernels as wide as Silverman's rule has it,\n"
               "from the least value to the largest). Below them the mean, of errors and dip\n"
               "the median, with the 95 % interval that summary has. At most 24 configurations:\n"
               "choose with --where.\n" GNUPLOT_HELP,
    .options = "output force where status statistic measure pair layer normalise unimportant-below selective-above "
               "mixed-below title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = models,
};

static enum error_code units(struct reader *reader, const struct selection *selection, const struct request *request,
                             struct error *error)
{
    const struct figure_request figure = command_figure(request);
    bool is_one = __builtin_popcount(request->measures) == 1;
    return plot_unit_measures(reader, selection, &figure, is_one ? ~0u : request->measures, error);
}

const struct command command_plot_units = {
    .name = "plot units",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws the importance of each unit by one measure against that by others, a row for each configuration",
    .details = "The measure that --measure names first (default taylor_sample) lies along the\n"
               "horizontal axes, against each of the others that it names, or all. A mark is a\n"
               "unit's importance to a task, on logarithmic axes; what is 0 (or a trillionth of\n"
               "the largest, or less) lies below the dotted lines. r is Spearman's rank\n"
               "correlation of the units of a layer for a task, averaged over layers and tasks:\n"
               "the mean over models with its 95 % interval. Up to 1500 units in a panel,\n"
               "spread evenly over models, layers and units. At most 24 configurations: choose\n"
               "with --where.\n" GNUPLOT_HELP,
    .options = "output force where status measure measures layer title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = units,
};

static enum error_code draw_ri_loss(struct reader *reader, const struct selection *selection,
                                    const struct figure_request *figure, const struct request *request,
                                    struct error *error)
{
    (void)request;
    return plot_ri_loss(reader, selection, figure, error);
}

static enum error_code ri_loss(struct reader *reader, const struct selection *selection, const struct request *request,
                               struct error *error)
{
    return draw_pairs(draw_ri_loss, reader, selection, request, error);
}

const struct command command_plot_ri_loss = {
    .name = "plot ri-loss",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary =
        "Draws mean RI against the log ratio of both test losses, a dot for each model, a row for each configuration",
    .details = "Shows whether a measure follows the tasks' errors rather than what units do.\n"
               "Mean RI is that of summary: over the units of a layer that have one; losses are\n"
               "those after training. r is Pearson's correlation over the models of a\n"
               "configuration, with Fisher's 95 % interval (claims has it for all\n"
               "configurations together). At most 24 configurations: choose with --where.\n" GNUPLOT_HELP,
    .options = "output force where status measure pair layer normalise unimportant-below title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = ri_loss,
};

static enum error_code draw_damage(struct reader *reader, const struct selection *selection,
                                   const struct figure_request *figure, const struct request *request,
                                   struct error *error)
{
    return plot_damage(reader, selection, figure, request->n_models, error);
}

static enum error_code damage(struct reader *reader, const struct selection *selection, const struct request *request,
                              struct error *error)
{
    return draw_pairs(draw_damage, reader, selection, request, error);
}

const struct command command_plot_damage = {
    .name = "plot damage",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws what lesions do to a task against the share of units selective for it, a dot for each model",
    .details = "Lesions are those of plot lesion: all units that are selective for a task\n"
               "(|RI| > " SELECTIVE ") are silenced together. Damage is that task's error then, on a\n"
               "second test set, less that with as many random units of the same layers\n"
               "silenced (mean of 20 draws); models without such units are left out. r is\n"
               "Pearson's correlation over models, with Fisher's 95 % interval. Up to 50 models\n"
               "of each configuration (--models); where the file has no weights they are\n"
               "trained again. At most 24 configurations: choose with --where.\n" GNUPLOT_HELP,
    .options = "output force where status measure pair layer normalise unimportant-below selective-above models "
               "title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = damage,
};
