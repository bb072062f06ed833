/* The command line: lines of any bytes as arguments of picky's commands and of picky-analyse, which finds no file. */
#include "fuzz.h"

#include "cli.h"
#include "stop.h"

#include <string.h>

int analyse_main(int argc, char **argv); /* analysis/commands/main.c */

enum { ARGUMENTS_MAX = 24 };

static const char a_sweep[] = "replicates = 2; grid = { hidden_size = [3, 4]; };";

static void parse(int argc, char **argv)
{
    static const struct command command = {
        .name = "fuzz", .synopsis = "", .summary = "", .lists_hyperparameters = true};
    static const char letters[] = "soSHIrbjTNDRBKPnAXFCL";
    struct arguments arguments;
    struct error error = {0};
    if (arguments_parse(&arguments, &command, letters, "SWEEP.cfg", argc, argv) == ARGUMENTS_OK) {
        struct sweep sweep;
        double seconds;
        if (arguments.time_limit && !stop_parse_duration(arguments.time_limit, &seconds, &error))
            check(seconds > 0);
        if (!sweep_read(&sweep, fuzz_file((const uint8_t *)a_sweep, sizeof a_sweep - 1), arguments.overrides,
                        arguments.n_overrides, &error))
            for (size_t c = 0; c < sweep.n_configs; c++)
                check(!hyperparameters_check(&sweep.configs[c], &error));
        sweep_free(&sweep);
    }
    arguments_free(&arguments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[1 << 12];
    char *argv[ARGUMENTS_MAX + 2] = {"picky"};
    if (size < 1 || size >= sizeof text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    int argc = 1;
    for (char *rest = text, *word; argc <= ARGUMENTS_MAX && (word = strsep(&rest, "\n"));)
        argv[argc++] = word;
    argv[argc] = NULL;
    optind = 0; /* GNU: start anew, as a new process does */
    if (data[0] & 1)
        analyse_main(argc, argv);
    else
        parse(argc, argv);
    return 0;
}
