/* The figures' commands. What they draw: figures/. */
#include "command_plot.h"

#include "plot_heatmap.h"
#include "plot_importance.h"
#include "plot_lesion.h"
#include "plot_measures.h"
#include "plot_ri.h"
#include "plot_ri_grid.h"
#include "plot_ri_pairs.h"
#include "plot_tasks.h"
#include "plot_training.h"

enum error_code draw_pairs(pair_figure draw, struct reader *reader, const struct selection *selection,
                           const struct request *request, struct error *error)
{
    struct figure_request figure = command_figure(request);
    struct task_pairs pairs;
    if (task_pairs_make(&pairs, reader, selection, &request->pair, error))
        return error->code;
    figure.pairs = &pairs;
    figure.ri = figure_ri(&figure, 0);
    draw(reader, &pairs.selection, &figure, request, error);
    task_pairs_free(&pairs);
    return error->code;
}

enum error_code draw_pair(pair_figure draw, struct reader *reader, const struct selection *selection,
                          const struct request *request, struct error *error)
{
    if (request->pair.is_all)
        return error_set(error, ERROR_INPUT, "--pair all: %s takes one pair (plot ri-pairs shows all)",
                         request->command->name);
    return draw_pairs(draw, reader, selection, request, error);
}

enum error_code one_statistic(const struct request *request, enum statistic otherwise, enum statistic *statistic,
                              struct error *error)
{
    if (__builtin_popcount(request->statistics) > 1)
        return error_set(error, ERROR_INPUT, "--statistic: %s takes one statistic", request->command->name);
    *statistic = request->statistics ? (enum statistic)__builtin_ctz(request->statistics) : otherwise;
    return ERROR_NONE;
}

enum error_code draw_statistic(pair_figure draw, bool has_room, enum statistic statistic, struct reader *reader,
                               const struct selection *selection, const struct request *request, struct error *error)
{
    const struct figure_request figure = command_figure(request);
    /* Every configuration has a first task. */
    bool is_of_first = statistic == STATISTIC_ERROR_1 && !*request->pair.words[0] && !request->pair.is_all;
    if (statistic == STATISTIC_ACCEPTANCE || statistic == STATISTIC_ATTEMPT_ACCEPTANCE || is_of_first)
        return draw(reader, selection, &figure, request, error);
    return has_room ? draw_pairs(draw, reader, selection, request, error)
                    : draw_pair(draw, reader, selection, request, error);
}

static enum error_code training(struct reader *reader, const struct selection *selection, const struct request *request,
                                struct error *error)
{
    const struct figure_request figure = command_figure(request);
    return plot_training(reader, selection, &figure, error);
}

const struct command command_plot_training = {
    .name = "plot training",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws test error against epoch, a panel for each configuration",
    .details = "Thin lines for up to 50 accepted models, the 5-95 % band and the median of all,\n"
               "as the tables have them; the phases of replay and sequential training are\n"
               "shaded. At most 24 configurations: choose with --where.\n" GNUPLOT_HELP,
    .options = "output force where status title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = training,
};

static enum error_code draw_ri(struct reader *reader, const struct selection *selection,
                               const struct figure_request *figure, const struct request *request, struct error *error)
{
    (void)request;
    return plot_ri(reader, selection, figure, error);
}

static enum error_code ri(struct reader *reader, const struct selection *selection, const struct request *request,
                          struct error *error)
{
    return draw_pairs(draw_ri, reader, selection, request, error);
}

const struct command command_plot_ri = {
    .name = "plot ri",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws histograms of relative importance, a row for each configuration and a panel for each layer",
    .details = "Proportions of all neurons of the accepted models, with 95 % bootstrap\n"
               "intervals over models; \"+ NN %\" are neurons that are unimportant for both\n"
               "tasks. At most 24 configurations: choose with --where.\n" GNUPLOT_HELP,
    .options = "output force where status measure pair layer normalise unimportant-below title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = ri,
};

static enum error_code draw_ri_grid(struct reader *reader, const struct selection *selection,
                                    const struct figure_request *figure, const struct request *request,
                                    struct error *error)
{
    return plot_ri_grid(reader, selection, figure, request->rows, request->columns, error);
}

static enum error_code ri_grid(struct reader *reader, const struct selection *selection, const struct request *request,
                               struct error *error)
{
    return draw_pair(draw_ri_grid, reader, selection, request, error);
}

const struct command command_plot_ri_grid = {
    .name = "plot ri-grid",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws histograms of relative importance, as small multiples over two hyperparameters",
    .details = "One histogram, as in plot ri, for each value of --rows and of --columns; those\n"
               "of several layers together if --layer does not choose. Without --rows and\n"
               "--columns: the hyperparameters with the most values. What else was swept gives\n"
               "a block for each combination.\n" GNUPLOT_HELP,
    .options =
        "output force where status measure pair layer normalise unimportant-below rows columns title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = ri_grid,
};

static enum error_code draw_heatmap(struct reader *reader, const struct selection *selection,
                                    const struct figure_request *figure, const struct request *request,
                                    struct error *error)
{
    enum statistic statistic;
    if (one_statistic(request, STATISTIC_SELECTIVE, &statistic, error))
        return error->code;
    return plot_heatmap(reader, selection, figure, statistic, request->rows, request->columns, error);
}

static enum error_code heatmap(struct reader *reader, const struct selection *selection, const struct request *request,
                               struct error *error)
{
    enum statistic statistic;
    if (one_statistic(request, STATISTIC_SELECTIVE, &statistic, error))
        return error->code;
    return draw_statistic(draw_heatmap, false, statistic, reader, selection, request, error);
}

const struct command command_plot_heatmap = {
    .name = "plot heatmap",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws a statistic over two hyperparameters, with numbers in the cells",
    .details = "Each cell shows the statistic (--statistic, named as in the columns of\n"
               "summary --csv; default selective), its 95 % interval, and the accepted of the\n"
               "tried models. Statistics of layers have a block for each layer. Without --rows\n"
               "and --columns: the hyperparameters with the most values. What else was swept\n"
               "gives a block for each combination. Where half of the cells or more would be\n"
               "empty (a sweep by zip or cases), and neither option is given, each\n"
               "configuration is a row of dots instead, with a panel for each layer; open ones\n"
               "are those of rejected models that are alive (see summary --help).\n" GNUPLOT_HELP,
    .options = "output force where status measure pair layer normalise unimportant-below selective-above mixed-below "
               "statistic rows columns "
               "title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = heatmap,
};

static enum error_code draw_measures(struct reader *reader, const struct selection *selection,
                                     const struct figure_request *figure, const struct request *request,
                                     struct error *error)
{
    (void)request;
    return plot_measures(reader, selection, figure, error);
}

static enum error_code measures(struct reader *reader, const struct selection *selection, const struct request *request,
                                struct error *error)
{
    return draw_pairs(draw_measures, reader, selection, request, error);
}

const struct command command_plot_measures = {
    .name = "plot measures",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws how far each two importance measures agree, a panel for each configuration",
    .details = "Spearman's rank correlation, over the neurons of a model, of relative\n"
               "importance under each two measures; neurons that either calls unimportant are\n"
               "left out. Mean over models with a 95 % interval. At most 24 configurations:\n"
               "choose with --where.\n" GNUPLOT_HELP,
    .options = "output force where status pair layer normalise unimportant-below title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = measures,
};

static enum error_code draw_importance(struct reader *reader, const struct selection *selection,
                                       const struct figure_request *figure, const struct request *request,
                                       struct error *error)
{
    (void)request;
    return plot_importance(reader, selection, figure, error);
}

static enum error_code importance(struct reader *reader, const struct selection *selection,
                                  const struct request *request, struct error *error)
{
    return draw_pairs(draw_importance, reader, selection, request, error);
}

const struct command command_plot_importance = {
    .name = "plot importance",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary =
        "Draws the importance of each neuron for one task against that for another, a row for each configuration",
    .details = "Logarithmic axes; the colour is relative importance. Each panel shows up to\n"
               "1500 neurons, spread evenly over the accepted models; what is below the axes\n"
               "lies on their edge. At most 24 configurations: choose with --where.\n" GNUPLOT_HELP,
    .options = "output force where status measure pair layer normalise unimportant-below selective-above "
               "title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = importance,
};

static enum error_code draw_lesion(struct reader *reader, const struct selection *selection,
                                   const struct figure_request *figure, const struct request *request,
                                   struct error *error)
{
    return plot_lesion(reader, selection, figure, request->n_models, error);
}

static enum error_code lesion(struct reader *reader, const struct selection *selection, const struct request *request,
                              struct error *error)
{
    return draw_pairs(draw_lesion, reader, selection, request, error);
}

const struct command command_plot_lesion = {
    .name = "plot lesion",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws test errors after silencing selective neurons, a panel for each configuration",
    .details = "All task-1-selective neurons (RI > " SELECTIVE ") are silenced together, all\n"
               "task-2-selective ones, and two controls for each: as many random neurons of the\n"
               "same layers (20 times), and as many others that are as important, each the\n"
               "nearest of its layer in the mean of both tasks' shares of the layer's\n"
               "importance. The network then answers a second test set: neurons are chosen by\n"
               "the first. Below the errors, model by model, the error after the selective\n"
               "lesion less that after each control; models without such neurons, or with too\n"
               "few others to match them, are left out of those. Up to 50 models of each\n"
               "configuration (--models), means with 95 % intervals. Where the file has no\n"
               "weights (store = [\"weights\"]) models are trained again. At most 24\n"
               "configurations: choose with --where.\n" GNUPLOT_HELP,
    .options = "output force where status measure pair layer normalise unimportant-below selective-above models "
               "title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = lesion,
};

/* The one configuration of --config, or else the selection. */
static enum error_code choose_config(const struct reader *reader, const struct selection *selection,
                                     const struct request *request, struct selection *chosen, struct error *error)
{
    *chosen = *selection;
    for (size_t i = 0; i < selection->n && request->has_config; i++)
        if (selection->configs[i] == request->config) {
            *chosen = (struct selection){.configs = &selection->configs[i], .n = 1};
            return ERROR_NONE;
        }
    if (request->has_config)
        return error_set(error, ERROR_INPUT, "--config %zu: allowed: 0 to %zu, and among those of --where",
                         request->config, reader->n_configs - 1);
    return ERROR_NONE;
}

static enum error_code ri_pairs(struct reader *reader, const struct selection *selection, const struct request *request,
                                struct error *error)
{
    const struct figure_request figure = command_figure(request);
    struct selection chosen;
    if (choose_config(reader, selection, request, &chosen, error))
        return error->code;
    return plot_ri_pairs(reader, &chosen, &figure, error);
}

const struct command command_plot_ri_pairs = {
    .name = "plot ri-pairs",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws histograms of relative importance of every pair of a configuration's tasks, as a matrix",
    .details = "One configuration: --config, or --where. Bars and lines are those of plot ri,\n"
               "of several layers together if --layer does not choose one. RI 1 is a unit of\n"
               "the column's task alone, -1 one of the row's.\n" GNUPLOT_HELP,
    .options = "output force where status config measure layer normalise unimportant-below title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = ri_pairs,
};

static enum error_code tasks(struct reader *reader, const struct selection *selection, const struct request *request,
                             struct error *error)
{
    const struct figure_request figure = command_figure(request);
    struct selection chosen;
    if (choose_config(reader, selection, request, &chosen, error))
        return error->code;
    return plot_tasks(reader, &chosen, &figure, request->replicate, error);
}

const struct command command_plot_tasks = {
    .name = "plot tasks",
    .synopsis = "-o OUT.(svg|png|pdf)",
    .summary = "Draws how important each unit of one model is to each task, as a map of tasks by units for each layer",
    .details = "One configuration (--config, or --where) and one of its accepted models\n"
               "(--replicate). Importances are divided by the task's largest of the layer; one\n"
               "below --unimportant-below counts as 0. Units stand by their preferred task,\n"
               "then by their importance to it, and have the numbers of the file, from 0, below\n"
               "where there is room.\n" GNUPLOT_HELP,
    .options =
        "output force where status config replicate measure layer normalise unimportant-below title " FIGURE_OPTIONS,
    .needs_output = true,
    .chooses_models = true,
    .run = tasks,
};
