/* What a results file says of the 2020 notebook's conclusions. */
#ifndef PICKY_CLAIMS_H
#define PICKY_CLAIMS_H

#include "multiverse.h"
#include "other_pairs.h"

struct claims_options {
    struct claim_numbers_options numbers;
    unsigned measures;                /* bits, 1 << enum measure */
    bool is_simultaneous;             /* intervals that hold all together (Bonferroni's t): of what is judged */
    size_t n_effects;                 /* how many those are, if there are more than this file's selection has; else 0 */
    double smallest_effect[N_CLAIMS]; /* of interest; 0: CLAIM_SMALLEST_EFFECT */
};

/* The numbers that a claim is shown by. */
enum claim_row_kind { ROW_JUDGED, ROW_KINDS, ROW_KINDS_BY_LAYER, N_ROWS };
extern const char *const claim_row_names[N_ROWS];                       /* in CSV and JSON */
enum normalise claim_row_normalise(int claim, enum claim_row_kind row); /* what its importances are divided by */

/* One number under one measure. */
struct claim_row {
    struct estimate effect; /* n: seeds */
    struct estimate null;   /* of claims with two conditions: the same difference between identical tasks */
    double mean_a, mean_b;  /* of the number; without a b, mean_b is that of identical tasks */
    enum decision decision;
    unsigned warnings; /* bits of verdict_warning */
};

/* Whether an effect is larger or reversed, and identical tasks have at least as much of it: not by unlike tasks. */
bool claims_is_of_identical(enum decision decision, const struct estimate *effect, const struct estimate *null);

/* A verdict's name, with "*" where claims_is_of_identical. */
#define CLAIMS_VERDICT_MAX 16
void claims_verdict(enum decision decision, const struct estimate *effect, const struct estimate *null,
                    char text[CLAIMS_VERDICT_MAX]);
void claims_row_verdict(const struct claim_row *row, char text[CLAIMS_VERDICT_MAX]);

/* More of what a claim is judged on, under one measure. */
struct claim_checks {
    enum decision first_plan; /* of the replicates that the file was first to hold; only if claims.n_first > 0 */
    struct estimate same;     /* of pairs that accepted the same attempt; n = 0: attempts cannot be compared */
    size_t n_pairs, n_same;   /* of models; those that start alike (starts.h) count as one */
    enum decision same_decision;
};

struct claim_result {
    struct claim_pairs pairs; /* pairs.n = 0: the claim is not in the file */
    size_t n_judged;          /* pairs with controls, which the effects are of; 0: all pairs, and no verdict */
    double smallest;          /* effect of interest */
    struct claim_row rows[N_ROWS][N_MEASURES];
    struct claim_checks checks[N_MEASURES];
    struct estimate *pair_effects; /* [pairs.n, n_measures], owned: Bonferroni's t */
    struct multiverse multiverse;
    double noise_a[N_MEASURES], noise_b[N_MEASURES]; /* noise.h; NaN if it was not measured */
};

/* Of a pair of tasks that no claim is about: effects, and no verdict; trends of D (mean of all layers) along the only
 * axis that is swept, if there is one: slopes as pooled_slopes has them. */
struct other_result {
    size_t n_judged;
    struct claim_row rows[N_MEASURES];
    const struct hyperparameter *axis; /* NULL: no trend */
    bool is_logarithmic;               /* slopes for each doubling, else for 1 more */
    struct estimate slopes[N_MEASURES];
};

/* All of a file. Owns its arrays; released by claims_free. */
struct claims {
    bool is_of_important, is_simultaneous;
    double unimportant_below, selective_above, mixed_below;
    unsigned statuses;
    int n_measures;    /* of the file: the first ones of the arrays above */
    unsigned measures; /* those that were asked for */
    size_t n_first;    /* replicates of the first plan, if the file was extended since; 0: all that there are */
    struct claim_result results[N_CLAIMS];
    struct other_pairs others;
    struct other_result *other_results; /* [others.n] */
    struct loss_correlation correlations[N_NORMALISE][N_MEASURES];
};

/* Decides every claim with the selected configurations (verdict.h; docs/claims.md has the rules). ERROR_INPUT for a
 * fault of the file, ERROR_FATAL if memory is short. */
enum error_code claims_decide(struct claims *claims, struct reader *reader, const struct selection *selection,
                              const struct claims_options *options, struct error *error);

/* How many effects claims_decide would judge: each claim under each measure, and its mean over the multiverse. */
enum error_code claims_count_effects(const struct reader *reader, const struct selection *selection,
                                     const struct claims_options *options, size_t *n, struct error *error);

void claims_free(struct claims *claims); /* all-zero claims are allowed */

/* Whether the effect of a claim under a measure has a pair of configurations in it: it has its controls, and not fewer
 * than POOLED_SEEDS_MIN seeds where others have as many. */
bool claims_pair_counts(const struct claims *claims, int claim, size_t pair, int measure);

/* Whether a row is the one that is judged once more: where units lean, of all units, by layer. */
bool claims_is_repeated(const struct claims *claims, int claim, enum claim_row_kind row);
/* The different pairs of tasks that a claim's conditions [result] are about: by number, "1-2, 2-3", or by name, "sum
 * and prod; x0 and x1"; "..." after the first ones. */
#define CLAIM_TASKS_TEXT_MAX 1024
void claim_tasks_text(const struct claim_result *result, const struct reader *reader, bool by_name,
                      char text[CLAIM_TASKS_TEXT_MAX]);

/* What a reader of a figure of claims has to know (bits, 1 << enum claim_id; 0: all): how many seeds, which warnings,
 * and where the first plan said otherwise. */
#define CLAIMS_CAUTIONS_MAX 1024
void claims_cautions(const struct claims *claims, unsigned chosen, char text[CLAIMS_CAUTIONS_MAX]);

/* Whether any claim's configurations are in the file. */
bool claims_any(const struct claims *claims);

#endif
