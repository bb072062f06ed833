/* The commands of picky-analyse.
 *
 * To add a command: a `const struct command command_NAME` in the file that calls what does the work, its declaration
 * and its line in the list of command.c. To add an option: a field of struct request, a row in the table in options.c,
 * its name in the `options` of the commands that take it. */
#ifndef PICKY_COMMAND_H
#define PICKY_COMMAND_H

#include "layout.h"
#include "request.h"
#include "selection.h"

/* One command. All strings are static. */
struct command {
    const char *name;     /* one word or two: "summary", "plot ri" */
    const char *synopsis; /* after FILE.h5, [OPTION]... not included: "-o OUT"; "" if there is nothing */
    const char *summary;  /* what it does, in one line without a full stop */
    const char *details;  /* paragraphs of its --help, in lines of at most 79 columns, each ended, or NULL */
    const char *pages;    /* of docs/, that say more; NULL: measures.md */
    const char *options;  /* the long names that it takes, separated by single blanks; help not included. With
                             "measures" it takes several measures, too */
    bool needs_output;    /* --output must be given */
    bool chooses_models;  /* --status says of which models it is (models_choose) */
    /* Does it. `selection` holds the configurations that --where chooses. */
    enum error_code (*run)(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error);
};

/* Each is defined in command_*.c. */
extern const struct command command_summary, command_claims, command_plot_training, command_plot_ri,
    command_plot_ri_grid, command_plot_heatmap, command_plot_measures, command_plot_importance, command_plot_lesion,
    command_plot_ri_pairs, command_plot_tasks, command_plot_trend, command_plot_models, command_plot_units,
    command_plot_ri_loss, command_plot_damage, command_plot_claims, command_plot_multiverse, command_report,
    command_export;

/* What every figure's command takes, and what ends its help. Their summaries begin with "Draws ". */
#define FIGURE_OPTIONS "width font palette data keep-script"
#define GNUPLOT_HELP   "\nDrawn by gnuplot (Debian package gnuplot-nox).\n"

/* What a command line asks of a figure; its pairs of tasks are the caller's. */
struct figure_request command_figure(const struct request *request);

/* All of them, [n_commands], in the order of the help. */
extern const struct command *const commands[];
extern const size_t n_commands;

#endif
