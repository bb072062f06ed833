/* The text of a sweep as it was run: the sweep file's, in which just the values that --set replaced are other ones. */
#ifndef PICKY_AS_RUN_H
#define PICKY_AS_RUN_H

#include "errors.h"
#include "hyperparameters.h"

#include <stddef.h>
#include <stdint.h>

/* What a sweep file that does not say so means. */
#define SWEEP_REPLICATES_DEFAULT 1
#define SWEEP_SEED_DEFAULT       1

/* A sweep as it was run. Borrows all. */
struct as_run {
    const char *name;
    int64_t seed, replicates;
    unsigned store;                        /* enum store bits; not looked at by as_run_text: --set does not take it */
    const struct hyperparameters *configs; /* [n_configs] */
    size_t n_configs;                      /* >= 1 */
};

/* Makes *text, which the caller frees, of `written`, the text of the sweep file whose sweep it is but for overridden
 * values. Where the text gives such a value, name, seed or replicates, it is replaced; where it does not, a setting is
 * added: a hyperparameter to the group model. All other bytes stay. What grid, zip and cases give is taken to be right:
 * only who can parse the text can tell (sweep_as_run). Of a text that is as it was run comes a copy.
 *
 * ERROR_INPUT, *text then NULL, for what cannot be: a text that is no sweep file's, or that does not vary what differs
 * between the configurations. The message comes without a file's name. ERROR_FATAL for memory. */
enum error_code as_run_text(char **text, const char *written, const struct as_run *sweep, struct error *error);

#endif
