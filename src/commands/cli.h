/* The command line: what the commands share. */
#ifndef PICKY_CLI_H
#define PICKY_CLI_H

#include "errors.h"
#include "record.h"
#include "shard.h"
#include "sweep.h"

#include <getopt.h>
#include <stdio.h>

/* Exit codes beyond enum error_code. 1 is none: it is what launchers, shells and an MPI that cannot start end with. */
enum {
    EXIT_FINDING = 4,  /* complete, but with a finding that a script must see: jobs failed, bits differ */
    EXIT_TOO_LONG = 5, /* one job needs longer than the whole time limit: going on with the same is no use */
    EXIT_STOPPED = 75, /* stopped early, can be resumed (EX_TEMPFAIL of sysexits.h) */
};

/* One of picky's commands. argv[0] is the command's name; returns the exit code. */
struct command {
    const char *name;
    const char *synopsis; /* after the name; its later lines with their indent */
    const char *summary;
    const char *details;        /* the rest of its --help, in lines of at most 79 columns */
    const char *pages;          /* of docs/, that say more; every command has one */
    bool lists_hyperparameters; /* --help shows the table */
    bool is_parallel;           /* starts MPI */
    int (*run)(const struct command *command, int argc, char **argv);
};
extern const struct command command_run, command_plan, command_status, command_verify, command_merge, command_extend,
    command_train, command_bench;

/* A command's arguments. Strings are borrowed from argv. */
struct arguments {
    struct sweep_override *overrides; /* [n_overrides], --set; owned, and their keys */
    size_t n_overrides;
    const char **drops; /* [n_drops], --drop; the array is owned */
    int n_drops;
    const char *output;         /* -o */
    const char *seed;           /* --seed */
    const char *hidden_size;    /* --hidden-size */
    const char *simd;           /* --simd */
    const char *rounds;         /* --rounds */
    bool training;              /* --training */
    const char *by;             /* --by */
    const char *sample;         /* --sample */
    bool all;                   /* --all */
    bool resume;                /* --resume */
    bool null_jobs;             /* --null-jobs */
    bool json;                  /* --json */
    bool is_quiet;              /* --quiet */
    const char *time_limit;     /* --time-limit */
    struct shard shard;         /* --shard, or 0/0 */
    unsigned retry;             /* --retry: bits 1 << enum job_status */
    const char *from;           /* --from */
    const char *config;         /* --config */
    const char *replicate;      /* --replicate */
    const char *sbatch;         /* --sbatch */
    const char *ranks;          /* --ranks */
    const char *ranks_per_node; /* --ranks-per-node */
    const char *sd;             /* --sd */
    const char *operand;        /* the first operand, or NULL */
    char **operands;            /* [n_operands] */
    int n_operands;
};

/* What parsing came to. */
enum arguments_result { ARGUMENTS_OK, ARGUMENTS_HELP, ARGUMENTS_BAD };

/* Parses (argv is put in another order, and no more) the options among `allowed` (a string of the letters that
 * long_options has for them) and the operands: one for each word of operand_names (NULL: none), all of which must be
 * there, and any number more if it ends with "...". Prints help to stdout or the mistake to stderr,
 * once of several processes that were launched. The caller frees with arguments_free. */
enum arguments_result arguments_parse(struct arguments *arguments, const struct command *command, const char *allowed,
                                      const char *operand_names, int argc, char **argv);
void arguments_free(struct arguments *arguments);

/* Whether this process is to say what is wrong with its arguments. Of several that a launcher has started the first one
 * speaks for all; another one waits for some seconds, in which its end makes mpirun end the others, and then has the
 * mistake alone. */
bool is_to_speak(void);

/* Whether mpirun has started several programs (mpirun A : B). One that starts no MPI would be waited for by the others,
 * for ever: refuse_among_several says so, and returns the exit code. */
bool one_of_several(void);
int refuse_among_several(const char *command);

/* Prints a command's help on stdout. */
void command_help(const struct command *command);

/* Prints the table of hyperparameters: name, default, what is allowed, meaning. */
void print_hyperparameters(FILE *stream);

/* Prints an argument, quoted for a shell where need be. */
void print_quoted(FILE *stream, const char *text);

/* Where the results go if -o does not say: the sweep's name in the working directory, .cfg replaced by .h5; a shard's
 * with its number, since all may be run there. The caller frees it; NULL if memory is short. */
char *default_output(const char *sweep_path, const struct shard *shard);

/* Prints "picky: MESSAGE" to stderr, unless the message is "" (another copy of this process says it), and returns the
 * exit code. */
int report_error(const struct error *error);

/* The exit code of a sweep that is complete in the file `path`; says so on stderr if jobs failed with an error. */
int report_complete(const char *path, uint64_t n_errors);

#endif
