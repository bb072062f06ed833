/* The numbers that claims are judged on, model by model. Each model is read once, whatever asks for it. */
#ifndef PICKY_CLAIM_NUMBERS_H
#define PICKY_CLAIM_NUMBERS_H

#include "claim_table.h"
#include "models.h"

/* Ways to make a number of a model's importances under one measure. The first N_SPECIFICATIONS are the multiverse: D,
 * and the share of selective units (of rare_task_recruits: where units lean), by each choice of the three that
 * thresholds ask for. The first is what a claim is judged on: D, or, of rare_task_recruits, where units lean under the
 * claim's own definition. The last ones are the shares of selective and mixed units. */
enum {
    NUMBER_JUDGED,
    NUMBER_FIRST_SHARE,
    N_CUTOFFS = 3,
    N_SHARES = N_NORMALISE * 2 * N_CUTOFFS,
    N_SPECIFICATIONS = NUMBER_FIRST_SHARE + N_SHARES,
    NUMBER_KINDS = N_SPECIFICATIONS, /* raw */
    NUMBER_KINDS_BY_LAYER,           /* importances divided by their sum over the layer */
    N_NUMBERS,
};
extern const double claim_cutoffs[N_CUTOFFS]; /* unimportant_below */

/* The choices of a share of the multiverse. */
struct specification {
    enum normalise normalise;
    bool is_of_important; /* share of the units that are important to a task, else of all */
    int cutoff;           /* of claim_cutoffs */
};
struct specification claim_specification(int number); /* NUMBER_FIRST_SHARE <= number < N_SPECIFICATIONS */

struct claim_numbers_options {
    double unimportant_below;            /* of NUMBER_KINDS* and where the claim's own definition has one */
    double selective_above, mixed_below; /* of NUMBER_KINDS*, as in struct ri_options; the multiverse has its own */
    bool is_of_important;                /* of NUMBER_KINDS*: a layer without important units does not count */
    unsigned statuses;                   /* bits, 1 << enum job_status: models that count; 0: accepted ones */
};

/* How mean RI, averaged over layers, goes with ln(loss 1 / loss 2), both less their means of each configuration:
 * Pearson's r over n models. The interval is the jackknife's of Fisher's z (Efron 1982), a seed being left out at a
 * time, at Student's reach: models of one seed go together. */
struct loss_correlation {
    double r, low, high;
    size_t n;
};

/* Owns its arrays; released by claim_numbers_free. */
struct claim_numbers {
    size_t n_replicates, n_uses;
    int n_measures;
    struct claim_use *uses; /* [n_uses], sorted */
    uint16_t *attempts;     /* [n_configs, n_replicates]: of used configurations */
    struct loss_correlation correlations[N_NORMALISE][N_MEASURES]; /* tasks 1 and 2 of the selection */
};

/* Reads the numbers of all conditions of claims' pairs [N_CLAIM_LISTS] (of CLAIM_NONE the judged one alone) and of
 * their controls, and the correlations of the selected configurations. ERROR_INPUT for a fault of the file, ERROR_FATAL
 * if memory is short. */
enum error_code claim_numbers_read(struct claim_numbers *numbers, struct reader *reader,
                                   const struct selection *selection, const struct claim_pairs *pairs,
                                   const struct claim_numbers_options *options, struct error *error);
void claim_numbers_free(struct claim_numbers *numbers); /* all-zero numbers are allowed */

/* A number [n_replicates] of a claim in a configuration, for two of its tasks; NaN where there is no such model.
 * Borrowed. */
const float *claim_numbers_of(const struct claim_numbers *numbers, enum claim_id claim, size_t config,
                              struct task_pair tasks, int measure, int number);

/* The number a claim is judged on, of importances a and b [layer, unit] of one model. */
double claim_judged_number(enum claim_id claim, const struct hyperparameters *h, const float *a, const float *b,
                           double unimportant_below);

#endif
