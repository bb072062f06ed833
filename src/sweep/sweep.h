/* A sweep file (libconfig) read into configurations. The only user of libconfig. Knows nothing of
 * MPI, HDF5 or files other than the sweep file itself.
 *
 *     name = "two widths";                  // one line of text; "" if absent
 *     replicates = 50;                      // 1 if absent
 *     seed = 1;                             // of replicate 0; 1 if absent
 *     store = ["weights", "test_set"];      // optional arrays (store_names); weights if absent, [] for none
 *     model = { second_task = "prod"; };    // fixed hyperparameters, in model or train: only the names count
 *     train = { batch_size = 20; };
 *     grid  = { hidden_size = [50, 100];    // every combination; the last key varies fastest
 *               fraction = { range = { from = 0.05; to = 0.95; steps = 19; }; }; };
 *     zip   = { N_train = [500, 1000];      // lists of equal length, advanced together
 *               epochs = [20, 10]; };
 *     cases = ( { context_location = "end"; },                           // one set of overrides after the other;
 *               { train_mode = "replay"; grid = { lr = [1e-3, 1e-4]; }; } );  // a case may vary more by itself
 *
 * Configurations are cases x zip x grid; a case's own zip and grid come right after the case. A list is an
 * array [..] or, for values of several types, a list (..). A range stands for a list of numbers: `steps` values
 * from `from` to `to`, both included, `scale` being "linear" (default; each value is the double nearest to its
 * decimal: 0.15, not 0.15000000000000002) or "log" (values between the ends are rounded to 12 significant
 * digits, so that every machine gets the same). A hyperparameter is fixed or varied, not both, but a case may
 * override what model or train fix. @include is refused: the results file keeps the whole text. */
#ifndef PICKY_SWEEP_H
#define PICKY_SWEEP_H

#include "as_run.h"
#include "errors.h"
#include "hyperparameters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef SWEEP_CONFIGS_MAX /* less in fuzzing, where large sweeps only take time */
#define SWEEP_CONFIGS_MAX 10000000
#endif
#define SWEEP_REPLICATES_MAX 1000000000
#define SWEEP_NAME_MAX       200 /* bytes */

/* A whole sweep. Owns everything it points to; released by sweep_free. */
struct sweep {
    char *name;     /* "" if the file gives none */
    char *text;     /* of the sweep as it is run: the file's, with the values of the overrides (as_run.h) */
    char *original; /* the file's text, as read */
    char *path;     /* where it was read from */
    int64_t seed;   /* replicate r has seed + r, at most SEED_MAX */
    int64_t replicates;
    unsigned store; /* enum store bits (record.h) */
    size_t n_configs;
    struct hyperparameters *configs; /* [n_configs], each checked, in order: cases, zip, grid (last key fastest) */
    bool *has_equal;                 /* [n_configs]: its fraction was written as "equal"; it is a number in configs */
    bool *swept;                     /* [n_hyperparameters]: varied by grid, zip or cases */
    bool *given;                     /* [n_hyperparameters]: varied, fixed by model or train, or overridden */
    char *tasks_place; /* where the tasks are given, for messages: "FILE:LINE:COLUMN", "--set tasks=x0; x1" or "FILE" */
    int *tasks_places; /* [n_tasks_places]: of each list of tasks, by its number, 1 + where the original gives it; 0: it
                        * does not
                        */
    size_t n_tasks_places;
    /* A line like sweep_read's errors if a list of a grid has one value in two spellings, a zip or cases have one
     * configuration so, or a value is allowed no more (hyperparameters_check_new), else NULL. Files that hold such a
     * sweep are gone on with; no new one is made. */
    char *refused;
};

/* One --set key=value: replaces a fixed value or a default. The key is a hyperparameter that the sweep does not
 * vary, or name, replicates or seed, each at most once. Strings are borrowed. */
struct sweep_override {
    const char *key, *value;
};

/* Reads and checks a sweep file. On ERROR_INPUT `error` holds one line
 * "FILE:LINE:COLUMN: KEY = VALUE: what is wrong; allowed: ..." ("--set KEY=VALUE: ..." for an override, "FILE: ..." for
 * the file as a whole) and *sweep is empty; so it is on ERROR_FATAL (memory). The caller owns *sweep. */
enum error_code sweep_read(struct sweep *sweep, const char *path, const struct sweep_override *overrides,
                           size_t n_overrides, struct error *error);

/* The same for a text that is in memory already; `path` stands for it in messages. */
enum error_code sweep_read_text(struct sweep *sweep, const char *text, const char *path, struct error *error);

/* as_run_text, whose outcome is read and compared with the sweep: ERROR_INPUT also if it is another one. */
enum error_code sweep_as_run(char **text, const char *written, const struct as_run *as_run, struct error *error);

/* Where the list of tasks that stands at `place` (1 + the offset in `text`) has task `task` or, if `input` is not -1,
 * the input x<input> in it, both 0-based; `place` if that cannot be seen. */
int sweep_task_place(const char *text, int place, int task, int input);

/* Releases what the sweep owns; an all-zero sweep is allowed. */
void sweep_free(struct sweep *sweep);

#endif
