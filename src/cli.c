#include "cli.h"

#include "hyperparameters.h"

#include <stdlib.h>
#include <string.h>

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"set", required_argument, NULL, 's'},
    {"output", required_argument, NULL, 'o'},
    {"seed", required_argument, NULL, 'S'},
    {"hidden-size", required_argument, NULL, 'H'},
    {"simd", required_argument, NULL, 'I'},
    {"resume", no_argument, NULL, 'r'},
    {"by", required_argument, NULL, 'b'},
    {"json", no_argument, NULL, 'j'},
    {"time-limit", required_argument, NULL, 'T'},
    {"null-jobs", no_argument, NULL, 'N'},
    {"sample", required_argument, NULL, 'n'},
    {"all", no_argument, NULL, 'A'},
    {NULL, 0, NULL, 0},
};

void print_hyperparameters(FILE *stream)
{
    fprintf(stream, "Hyperparameters (name, default, allowed, meaning):\n");
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *row = &hyperparameter_table[i];
        fprintf(stream, "  %-18s %-8s %s\n  %-27s %s\n", row->name, row->default_text, row->allowed, "", row->meaning);
    }
}

void command_help(const struct command *command, FILE *stream)
{
    fprintf(stream, "Usage: picky %s %s\n\n%s\n", command->name, command->synopsis, command->summary);
    if (command->details)
        fprintf(stream, "\n%s", command->details);
    if (command->lists_hyperparameters) {
        fprintf(stream, "\n");
        print_hyperparameters(stream);
    }
}

int report_error(const struct error *error)
{
    fprintf(stderr, "picky: %s\n", error->message);
    return (int)error->code;
}

static enum arguments_result misuse(const struct command *command, bool speaks, const char *what, const char *argument)
{
    if (speaks)
        fprintf(stderr, "picky %s: %s%s\nUsage: picky %s %s (see picky %s --help)\n", command->name, what, argument,
                command->name, command->synopsis, command->name);
    return ARGUMENTS_BAD;
}

static bool parse_override(struct arguments *arguments, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return false;
    struct sweep_override *grown =
        realloc(arguments->overrides, (arguments->n_overrides + 1) * sizeof *arguments->overrides);
    if (!grown)
        return false;
    *equals = '\0';
    arguments->overrides = grown;
    grown[arguments->n_overrides++] = (struct sweep_override){.key = text, .value = equals + 1};
    return true;
}

enum arguments_result arguments_parse(struct arguments *arguments, const struct command *command, const char *allowed,
                                      const char *operand_name, int argc, char **argv, bool speaks)
{
    memset(arguments, 0, sizeof *arguments);
    optind = 0; /* GNU: start anew */
    opterr = 0;
    int option;
    while ((option = getopt_long(argc, argv, ":ho:", long_options, NULL)) != -1) {
        if (option == 'h') {
            if (speaks)
                command_help(command, stdout);
            return ARGUMENTS_HELP;
        }
        if (option == ':')
            return misuse(command, speaks, "an option lacks its value: ", argv[optind - 1]);
        if (option == '?' || !strchr(allowed, option))
            return misuse(command, speaks, "unknown option: ", argv[optind - 1]);
        if (option == 's' && !parse_override(arguments, optarg))
            return misuse(command, speaks, "--set takes key=value, not ", optarg);
        if (option == 'o')
            arguments->output = optarg;
        if (option == 'S')
            arguments->seed = optarg;
        if (option == 'H')
            arguments->hidden_size = optarg;
        if (option == 'I')
            arguments->simd = optarg;
        if (option == 'r')
            arguments->resume = true;
        if (option == 'n')
            arguments->sample = optarg;
        if (option == 'A')
            arguments->all = true;
        if (option == 'N')
            arguments->null_jobs = true;
        if (option == 'b')
            arguments->by = optarg;
        if (option == 'j')
            arguments->json = true;
        if (option == 'T')
            arguments->time_limit = optarg;
    }
    if (optind < argc && operand_name)
        arguments->operand = argv[optind++];
    if (optind < argc)
        return misuse(command, speaks, "too many arguments: ", argv[optind]);
    if (operand_name && !arguments->operand)
        return misuse(command, speaks, "an argument is missing: ", operand_name);
    return ARGUMENTS_OK;
}

void arguments_free(struct arguments *arguments)
{
    free(arguments->overrides);
    memset(arguments, 0, sizeof *arguments);
}
