/* picky-analyse: tables and figures from results files. */
#include "gnuplot.h"
#include "plot.h"
#include "reader.h"
#include "selection.h"
#include "summary.h"

#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONDITIONS_MAX 64

/* Commands, as bits: an option's row says which of them take it. */
enum command { COMMAND_NONE = 0, COMMAND_SUMMARY = 1, COMMAND_TRAINING = 2, COMMAND_RI = 4 };
#define COMMANDS_PLOT (COMMAND_TRAINING | COMMAND_RI)
#define COMMANDS_ALL  (COMMAND_SUMMARY | COMMANDS_PLOT)

struct option_row {
    const char *name;
    int letter; /* also its short form if `is_short` */
    bool is_short;
    unsigned commands;
    const char *argument; /* NULL if it takes none */
    const char *help;
};

static const struct option_row option_table[] = {
    {"output", 'o', true, COMMANDS_PLOT, "OUT", "the figure: OUT ends in .svg, .png or .pdf; an older OUT is replaced"},
    {"where", 'w', false, COMMANDS_ALL, "KEY=VALUE",
     "only configurations with this value (or one of VALUE,VALUE,...) of a\n"
     "                          hyperparameter; may be repeated, all must hold"},
    {"measure", 'm', false, COMMAND_SUMMARY | COMMAND_RI, "NAME", "importance measure (default taylor_sample), one of"},
    {"unimportant-below", 'u', false, COMMAND_SUMMARY | COMMAND_RI, "X",
     "an importance below X times its layer's mean counts as 0 (default 0.1)"},
    {"keep-script", 'k', false, COMMANDS_PLOT, NULL,
     "leave the gnuplot script beside OUT, its name ending in .gp (replaced too)"},
    {"help", 'h', true, COMMANDS_ALL, NULL, "print this and end"},
};
#define N_OPTIONS (sizeof option_table / sizeof option_table[0])

/* What the command line asks for. Strings are borrowed from argv. */
struct request {
    enum command command;
    const char *file, *output;
    const char *conditions[CONDITIONS_MAX];
    size_t n_conditions;
    struct ri_options ri;
    bool keep_script, help;
};

static void print_usage(FILE *out)
{
    fprintf(out, "usage: picky-analyse summary FILE.h5 [OPTION]...\n"
                 "       picky-analyse plot training FILE.h5 -o OUT.(svg|png|pdf) [OPTION]...\n"
                 "       picky-analyse plot ri FILE.h5 -o OUT.(svg|png|pdf) [OPTION]...\n"
                 "\n"
                 "Tables and figures from a results file of picky, also while a sweep still writes it.\n"
                 "\n"
                 "summary        per configuration: acceptance, test errors and, per hidden layer, the shares of\n"
                 "               selective, mixed and unimportant neurons; to standard output\n"
                 "plot training  test error against epoch, a panel for each configuration\n"
                 "plot ri        histograms of relative importance, a row for each configuration and a panel for\n"
                 "               each hidden layer\n"
                 "\n"
                 "A figure shows at most 24 configurations: choose with --where. Figures are drawn by gnuplot\n"
                 "(Debian package gnuplot-nox).\n"
                 "\n"
                 "options:\n");
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct option_row *row = &option_table[i];
        char name[64];
        snprintf(name, sizeof name, "%s--%s%s%s",
                 row->letter == 'o'   ? "-o, "
                 : row->letter == 'h' ? "-h, "
                                      : "",
                 row->name, row->argument ? " " : "", row->argument ? row->argument : "");
        fprintf(out, "  %-23s %s\n", name, row->help);
        if (row->letter == 'm')
            for (int m = 0; m < N_MEASURES; m++)
                fprintf(out, "%s%s%s", m % 4 == 0 ? "                          " : "", measure_names[m],
                        m == N_MEASURES - 1 || m % 4 == 3 ? "\n" : ", ");
    }
    fprintf(out, "\nExit code: 0 done; 2 bad usage or file; 3 the output could not be written.\n");
}

static enum error_code parse_measure(const char *text, enum measure *measure, struct error *error)
{
    char names[256] = "";
    for (int m = 0; m < N_MEASURES; m++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", m ? ", " : "", measure_names[m]);
        if (strcmp(text, measure_names[m]) == 0) {
            *measure = (enum measure)m;
            return ERROR_NONE;
        }
    }
    return error_set(error, ERROR_INPUT, "--measure %s: allowed: %s", text, names);
}

static enum error_code parse_threshold(const char *text, double *value, struct error *error)
{
    char *end;
    *value = strtod(text, &end);
    if (end > text && *end == '\0' && isfinite(*value) && *value >= 0)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--unimportant-below %s: allowed: a number, 0 or above", text);
}

static enum error_code take_option(struct request *request, const struct option_row *row, const char *argument,
                                   struct error *error)
{
    switch (row->letter) {
    case 'o': request->output = argument; return gnuplot_check_name(argument, error);
    case 'w':
        if (request->n_conditions == CONDITIONS_MAX)
            return error_set(error, ERROR_INPUT, "--where: allowed: at most %d times", CONDITIONS_MAX);
        request->conditions[request->n_conditions++] = argument;
        return ERROR_NONE;
    case 'm': return parse_measure(argument, &request->ri.measure, error);
    case 'u': return parse_threshold(argument, &request->ri.unimportant_below, error);
    case 'k': request->keep_script = true; return ERROR_NONE;
    default: request->help = true; return ERROR_NONE;
    }
}

/* The words that are no options: the command and its file. */
static enum error_code take_words(struct request *request, char *const *words, int n_words, struct error *error)
{
    int n_command = 1;
    if (n_words == 0)
        return error_set(error, ERROR_INPUT, "no command: allowed: summary, plot training, plot ri (see --help)");
    if (strcmp(words[0], "summary") == 0) {
        request->command = COMMAND_SUMMARY;
    } else if (strcmp(words[0], "plot") == 0) {
        const char *kind = n_words > 1 ? words[1] : "";
        request->command = strcmp(kind, "training") == 0 ? COMMAND_TRAINING
                           : strcmp(kind, "ri") == 0     ? COMMAND_RI
                                                         : COMMAND_NONE;
        n_command = 2;
        if (!request->command)
            return error_set(error, ERROR_INPUT, "plot %s: allowed: plot training, plot ri (see --help)", kind);
    } else {
        return error_set(error, ERROR_INPUT, "%s: not a command; allowed: summary, plot training, plot ri (see --help)",
                         words[0]);
    }
    if (n_words != n_command + 1)
        return error_set(error, ERROR_INPUT, "%s%s: allowed: one results file, %d given (see --help)", words[0],
                         n_command == 2 ? request->command == COMMAND_RI ? " ri" : " training" : "",
                         n_words - n_command);
    request->file = words[n_command];
    return ERROR_NONE;
}

static enum error_code parse_arguments(struct request *request, int argc, char **argv, struct error *error)
{
    struct option options[N_OPTIONS + 1] = {{0}};
    bool given[N_OPTIONS] = {false};
    int letter;

    *request = (struct request){
        .ri = {.measure = MEASURE_TAYLOR_SAMPLE, .unimportant_below = UNIMPORTANT_BELOW, .task_a = 0, .task_b = 1}};
    for (size_t i = 0; i < N_OPTIONS; i++)
        options[i] = (struct option){option_table[i].name, option_table[i].argument ? required_argument : no_argument,
                                     NULL, option_table[i].letter};
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
        const char *word = argv[optind - 1];
        if (letter == '?')
            return error_set(error, ERROR_INPUT, "%s: no such option (see --help)", word);
        if (letter == ':')
            return error_set(error, ERROR_INPUT, "%s: its value is missing (see --help)", word);
        for (size_t i = 0; i < N_OPTIONS; i++)
            if (option_table[i].letter == letter) {
                given[i] = true;
                if (take_option(request, &option_table[i], optarg, error))
                    return error->code;
            }
    }
    if (request->help)
        return ERROR_NONE;
    if (take_words(request, argv + optind, argc - optind, error))
        return error->code;
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (given[i] && !(option_table[i].commands & (unsigned)request->command))
            return error_set(error, ERROR_INPUT, "--%s: not an option of this command (see --help)",
                             option_table[i].name);
    if ((request->command & COMMANDS_PLOT) && !request->output)
        return error_set(error, ERROR_INPUT, "plot: the figure's name is missing: -o OUT.svg, OUT.png or OUT.pdf");
    return ERROR_NONE;
}

static enum error_code run(const struct request *request, struct error *error)
{
    struct reader *reader = NULL;
    struct selection selection = {0};

    check(request->command != COMMAND_NONE);
    if (reader_open(&reader, request->file, error) ||
        selection_make(&selection, reader, request->conditions, request->n_conditions, error))
        goto done;
    switch (request->command) {
    case COMMAND_SUMMARY: summary_print(reader, &selection, &request->ri, stdout, error); break;
    case COMMAND_TRAINING: plot_training(reader, &selection, request->output, request->keep_script, error); break;
    case COMMAND_RI: plot_ri(reader, &selection, &request->ri, request->output, request->keep_script, error); break;
    case COMMAND_NONE: break;
    }
done:
    selection_free(&selection);
    reader_close(reader);
    return error->code;
}

int main(int argc, char **argv)
{
    struct error error = {.code = ERROR_NONE};
    struct request request;

    /* A file-size limit is then an error of write, reported like a full disk; gnuplot inherits it. */
    signal(SIGXFSZ, SIG_IGN);

    if (!parse_arguments(&request, argc, argv, &error)) {
        if (request.help) {
            print_usage(stdout);
            if (fflush(stdout) != 0)
                error_set(&error, ERROR_FATAL, "cannot write the help");
        } else {
            run(&request, &error);
        }
    }
    if (error.code)
        fprintf(stderr, "picky-analyse: %s\n", error.message);
    return (int)error.code;
}
