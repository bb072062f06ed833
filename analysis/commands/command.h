/* The commands of picky-analyse and what a command line asks of them.
 *
 * To add a command: a `const struct command command_NAME` in the file that does the work, its declaration
 * below, its line in the list in main.c. To add an option: a field of struct request, a row in the table in
 * options.c, its name in the `options` of the commands that take it. */
#ifndef PICKY_COMMAND_H
#define PICKY_COMMAND_H

#include "export.h"
#include "models.h"
#include "output.h"
#include "selection.h"

#include <stdbool.h>
#include <stdio.h>

#define CONDITIONS_MAX 64

/* What the command line asks for; what it leaves out has its default. Strings are borrowed from argv. */
struct request {
    const struct command *command;
    const char *file;
    const char *output;                     /* --output; NULL if not given */
    bool is_forced;                         /* --force */
    const char *conditions[CONDITIONS_MAX]; /* --where, [n_conditions] */
    size_t n_conditions;
    struct ri_options ri;                    /* --measure, --normalise, --unimportant-below */
    unsigned measures;                       /* --measure, bits 1 << enum measure: at least the one of ri */
    bool has_measure, has_unimportant_below; /* whether those two were given */
    uint64_t layers;                         /* --layer, bits 1 << (layer - 1); 0: all */
    const char *by;                          /* --by */
    const char *compare;                     /* --compare */
    unsigned statistics;                     /* --statistic, bits 1 << enum statistic; 0: not given */
    bool is_of_important;                    /* --of */
    bool is_csv, is_json;                    /* --csv, --json */
    const char *title;                       /* --title; NULL if not given */
    const char *rows, *columns;              /* --rows, --columns; NULL if not given */
    size_t n_models;                         /* --models; 0 if not given */
    bool keep_script;                        /* --keep-script */
    struct export_request export;            /* --each, --keys, --variable, --status, --sweep */
};

/* One command. All strings are static. */
struct command {
    const char *name;     /* one word or two: "summary", "plot ri" */
    const char *synopsis; /* after FILE.h5, [OPTION]... not included: "-o OUT"; "" if there is nothing */
    const char *summary;  /* what it does, in one line without a full stop */
    const char *details;  /* paragraphs of its --help, each line ended, or NULL */
    const char *options;  /* the long names that it takes, separated by single blanks; help not included. With
                             "measures" it takes several measures, too */
    bool needs_output;    /* --output must be given */
    /* Does it. `selection` holds the configurations that --where chooses. */
    enum error_code (*run)(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error);
};

extern const struct command command_summary, command_claims, command_plot_training, command_plot_ri,
    command_plot_ri_grid, command_plot_heatmap, command_plot_measures, command_plot_importance, command_plot_lesion,
    command_report, command_export;

/* Where a request's output goes. */
static inline struct output_place request_place(const struct request *request, enum output_format format)
{
    return (struct output_place){request->output, format, request->file, request->is_forced};
}

/* Whether a request's layers (bits, 0: all) include a layer, 0-based. */
static inline bool request_has_layer(uint64_t layers, size_t layer)
{
    return layers == 0 || (layers >> layer & 1);
}

/* Parses argv by the table of options and the commands [n_commands]. On success request->command is what to run;
 * for --help it is NULL and the help that is wanted has been written to `help`. ERROR_INPUT for a
 * mistake, ERROR_FATAL if the help cannot be written. */
enum error_code options_parse(struct request *request, const struct command *const *commands, size_t n_commands,
                              int argc, char **argv, FILE *help, struct error *error);

#endif
