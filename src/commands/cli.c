#include "cli.h"

#include "backoff.h"
#include "hyperparameters.h"
#include "launch.h"
#include "stop.h"
#include "streams.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"set", required_argument, NULL, 's'},
    {"output", required_argument, NULL, 'o'},
    {"seed", required_argument, NULL, 'S'},
    {"hidden-size", required_argument, NULL, 'H'},
    {"simd", required_argument, NULL, 'I'},
    {"rounds", required_argument, NULL, 'G'},
    {"training", no_argument, NULL, 'W'},
    {"resume", no_argument, NULL, 'r'},
    {"by", required_argument, NULL, 'b'},
    {"json", no_argument, NULL, 'j'},
    {"quiet", no_argument, NULL, 'q'},
    {"time-limit", required_argument, NULL, 'T'},
    {"null-jobs", no_argument, NULL, 'N'},
    {"shard", required_argument, NULL, 'D'},
    {"retry", required_argument, NULL, 'R'},
    {"sbatch", required_argument, NULL, 'B'},
    {"ranks", required_argument, NULL, 'K'},
    {"ranks-per-node", required_argument, NULL, 'P'},
    {"sample", required_argument, NULL, 'n'},
    {"all", no_argument, NULL, 'A'},
    {"drop", required_argument, NULL, 'X'},
    {"from", required_argument, NULL, 'F'},
    {"config", required_argument, NULL, 'C'},
    {"replicate", required_argument, NULL, 'L'},
    {"sd", required_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

bool is_to_speak(void)
{
    const double wait_s = 3; /* mpirun takes 1 */
    if (launch_rank() <= 0)
        return true;
    if (!stop_signal())
        backoff_sleep(wait_s); /* until a signal */
    /* srun lets all of them stay, and they all have it. */
    return getenv("OMPI_COMM_WORLD_RANK") && !stop_signal();
}

bool one_of_several(void)
{
    const char *n_programs = getenv("OMPI_NUM_APP_CTX");
    return n_programs && atoi(n_programs) > 1;
}

int refuse_among_several(const char *command)
{
    if (is_to_speak())
        fprintf(stderr,
                "picky: rank %d: \"picky %s\" as one of several programs of mpirun, which might wait for it; allowed: "
                "the same command on every rank (several commands: an mpirun for each, or none)\n",
                launch_rank(), command);
    return ERROR_INPUT;
}

void print_hyperparameters(FILE *stream)
{
    const int column = 27; /* where what is allowed begins */
    fprintf(stream, "Hyperparameters (name, default, allowed, meaning):\n");
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *row = &hyperparameter_table[i];
        fprintf(stream, "  %-18s%-7s", row->name, row->default_text);
        if (strlen(row->default_text) >= 7)
            fprintf(stream, "\n%*s", column, "");
        stream_fill(stream, row->allowed, column);
        fprintf(stream, "%*s", column, "");
        stream_fill(stream, row->meaning, column);
    }
}

void command_help(const struct command *command)
{
    stream_break_help(&stdout);
    FILE *stream = stdout;
    fprintf(stream, "Usage: picky %s %s\n\n", command->name, command->synopsis);
    stream_fill(stream, command->summary, 0);
    if (command->details)
        fprintf(stream, "\n%s", command->details);
    if (command->lists_hyperparameters) {
        fprintf(stream, "\n");
        print_hyperparameters(stream);
    }
    check(command->pages);
    char more[256];
    snprintf(more, sizeof more, "More: %s (in share/doc/picky, or docs/ of the sources).", command->pages);
    fprintf(stream, "\n");
    stream_fill(stream, more, 0);
}

void print_quoted(FILE *stream, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    bool is_plain = *text && text[strspn(text, plain)] == '\0';
    fprintf(stream, "%s", is_plain ? "" : "'");
    for (const char *at = text; *at; at++)
        fprintf(stream, *at == '\'' ? "'\\''" : "%c", *at);
    fprintf(stream, "%s", is_plain ? "" : "'");
}

char *default_output(const char *sweep_path, const struct shard *shard)
{
    const char *slash = strrchr(sweep_path, '/'), *base = slash ? slash + 1 : sweep_path;
    const char *dot = strrchr(base, '.');
    int length = (int)(dot && dot > base ? (size_t)(dot - base) : strlen(base));
    char *output, number[2 * SHARD_TEXT_MAX] = "";
    if (shard->n > 1)
        snprintf(number, sizeof number, "-%" PRIu64 "-of-%" PRIu64, shard->index, shard->n);
    return asprintf(&output, "%.*s%s.h5", length, base, number) < 0 ? NULL : output;
}

int report_error(const struct error *error)
{
    if (*error->message)
        fprintf(stderr, "picky: %s\n", error->message);
    return (int)error->code;
}

int report_complete(const char *path, uint64_t n_errors)
{
    if (n_errors == 0)
        return 0;
    fprintf(stderr,
            "picky: complete, but %" PRIu64 " job%s failed with an error: picky status %s says why, "
            "--resume --retry error tries again\n",
            n_errors, n_errors == 1 ? "" : "s", path);
    return EXIT_FINDING;
}

static enum arguments_result misuse(const struct command *command, const char *what, const char *argument)
{
    if (is_to_speak()) {
        fprintf(stderr, "picky %s: %s%s\n", command->name, what, argument);
        stream_break_help(&stderr);
        fprintf(stderr, "Usage: picky %s %s (see picky %s --help)\n", command->name, command->synopsis, command->name);
        fflush(stderr);
    }
    return ARGUMENTS_BAD;
}

static bool parse_override(struct arguments *arguments, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return false;
    struct sweep_override *grown =
        realloc(arguments->overrides, (arguments->n_overrides + 1) * sizeof *arguments->overrides);
    if (!grown)
        return false;
    arguments->overrides = grown;
    const char *key = strndup(text, (size_t)(equals - text));
    if (key)
        grown[arguments->n_overrides++] = (struct sweep_override){.key = key, .value = equals + 1};
    return key;
}

static bool add_drop(struct arguments *arguments, const char *name)
{
    const char **grown = realloc(arguments->drops, ((size_t)arguments->n_drops + 1) * sizeof *arguments->drops);
    if (!grown)
        return false;
    arguments->drops = grown;
    grown[arguments->n_drops++] = name;
    return true;
}

/* Adds statuses, with commas between, to those of --retry. */
static bool parse_retry(struct arguments *arguments, const char *text)
{
    static const enum job_status allowed[] = {STATUS_REJECTED, STATUS_DIVERGED, STATUS_ERROR};
    for (;;) {
        size_t length = strcspn(text, ","), i = 0;
        while (i < 3 &&
               (strlen(status_names[allowed[i]]) != length || strncmp(text, status_names[allowed[i]], length) != 0))
            i++;
        if (i == 3)
            return false;
        arguments->retry |= 1u << allowed[i];
        if (!text[length])
            return true;
        text += length + 1;
    }
}

/* What is wrong with the number of operands, given their names; NULL if nothing is. */
static const char *wrong_operands(const struct arguments *arguments, const char *names, const char **which)
{
    int n = 0;
    bool are_many = false;
    for (const char *name = names ? names : ""; *name; name += strcspn(name, " "), name += strspn(name, " ")) {
        n++;
        are_many = are_many || (strchr(name, '.') && strcmp(name + strlen(name) - 3, "...") == 0);
        if (n > arguments->n_operands) {
            *which = name;
            return "an argument is missing: ";
        }
    }
    if (arguments->n_operands <= n || are_many)
        return NULL;
    *which = arguments->operands[n];
    return "too many arguments: ";
}

/* The option that getopt_long has just read, as it was written; of several letters in one word the one at fault. */
static const char *option_read(char **argv, int option, char letter[3])
{
    const char *word = argv[optind - 1 - (optarg && optarg == argv[optind - 1])];
    const char *next = argv[optind]; /* getopt_long stays at a word until it is through with its letters */
    bool is_next = next && next[0] == '-' && next[1] == optopt;
    if (option != '?' || optopt == 0 || (!is_next && strncmp(word, "--", 2) == 0 && strchr(word, '=')))
        return word;
    letter[0] = '-';
    letter[1] = (char)optopt;
    letter[2] = '\0';
    return letter;
}

enum arguments_result arguments_parse(struct arguments *arguments, const struct command *command, const char *allowed,
                                      const char *operand_names, int argc, char **argv)
{
    memset(arguments, 0, sizeof *arguments);
    optind = 0; /* GNU: start anew */
    opterr = 0;
    int option;
    char letter[3];
    while ((option = getopt_long(argc, argv, ":ho:", long_options, NULL)) != -1) {
        if (option == 'h') {
            if (launch_rank() <= 0)
                command_help(command);
            return ARGUMENTS_HELP;
        }
        if (option == ':')
            return misuse(command, "an option lacks its value: ", argv[optind - 1]);
        if (option == 'S' && !strchr(allowed, 'S') && strchr(allowed, 's'))
            return misuse(command, "unknown option: --seed; allowed: --set seed=", optarg);
        if (option == '?' || !strchr(allowed, option))
            return misuse(command, "unknown option: ", option_read(argv, option, letter));
        if (option == 's' && !parse_override(arguments, optarg))
            return misuse(command, "--set takes key=value, not ", optarg);
        if (option == 'X' && (!*optarg || !add_drop(arguments, optarg)))
            return misuse(command, "--drop takes a name in the file, not ", "\"\"");
        if (option == 'o' && arguments->output)
            return misuse(command, "-o is given twice: ", optarg);
        if (option == 'o')
            arguments->output = optarg;
        if (option == 'S')
            arguments->seed = optarg;
        if (option == 'H')
            arguments->hidden_size = optarg;
        if (option == 'I')
            arguments->simd = optarg;
        if (option == 'G')
            arguments->rounds = optarg;
        if (option == 'W')
            arguments->training = true;
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
        if (option == 'q')
            arguments->is_quiet = true;
        if (option == 'T')
            arguments->time_limit = optarg;
        if (option == 'D' && !shard_parse(optarg, &arguments->shard))
            return misuse(command, "--shard takes i/n, the i-th of n shards (1/3, 2/3, 3/3), not ", optarg);
        if (option == 'R' && !parse_retry(arguments, optarg))
            return misuse(command, "--retry takes rejected, diverged or error (commas between), not ", optarg);
        if (option == 'F')
            arguments->from = optarg;
        if (option == 'C')
            arguments->config = optarg;
        if (option == 'L')
            arguments->replicate = optarg;
        if (option == 'B')
            arguments->sbatch = optarg;
        if (option == 'K')
            arguments->ranks = optarg;
        if (option == 'P')
            arguments->ranks_per_node = optarg;
        if (option == 'V')
            arguments->sd = optarg;
    }
    arguments->operands = argv + optind;
    arguments->n_operands = argc - optind;
    arguments->operand = optind < argc ? argv[optind] : NULL;
    const char *which, *wrong = wrong_operands(arguments, operand_names, &which);
    return wrong ? misuse(command, wrong, which) : ARGUMENTS_OK;
}

void arguments_free(struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->n_overrides; i++)
        free((char *)(uintptr_t)arguments->overrides[i].key);
    free(arguments->overrides);
    free(arguments->drops);
    memset(arguments, 0, sizeof *arguments);
}
