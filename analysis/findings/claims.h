/* The 2020 notebook's conclusions as statements that a results file can support or oppose. */
#ifndef PICKY_CLAIMS_H
#define PICKY_CLAIMS_H

#include "sample.h"

enum claim_id {
    CLAIM_TWO_SUBNETWORKS,
    CLAIM_SIMILAR_SHARE,
    CLAIM_SMALL_MIX,
    CLAIM_END_SPLITS,
    CLAIM_LEAKS,
    CLAIM_REPLAY_SELECTS,
    CLAIM_RARE_RECRUITS,
    N_CLAIMS,
};

#define CLAIM_EFFECT 0.05 /* the smallest effect of interest, the same for all: five of a hundred units */

#define CLAIM_SEEDS 6 /* fewer give no verdict */

enum decision { CLAIM_SUPPORTED, CLAIM_OPPOSED, CLAIM_UNDECIDED, CLAIM_TOO_FEW, N_DECISIONS };
extern const char *const decision_names[N_DECISIONS];

/* One claim. All strings are static. An effect is the mean, over seeds, of one number a model: of the models of `b`,
 * less that of their partners of `a`, or of `a` alone. */
struct claim {
    const char *name;       /* in CSV and JSON */
    const char *statement;  /* a line */
    const char *definition; /* of the effect, a line or two */
    const char *a, *b;      /* the two conditions in words; b NULL if there is one */
    const char *key;        /* the hyperparameter in which they differ; NULL if there is one */
};
extern const struct claim claim_table[N_CLAIMS];

/* What a claim comes to under one measure and normalisation. */
struct verdict {
    struct estimate effect; /* n: seeds */
    double mean_a, mean_b;  /* of the number whose difference is the effect; mean_b NaN without a b */
    enum decision decision;
};

/* How mean RI, averaged over layers, goes with ln(loss 1 / loss 2), both less their means of each configuration:
 * Pearson's r over n models with Fisher's interval. */
struct loss_correlation {
    double r, low, high;
    size_t n;
};

/* All of a file. Owns its arrays; released by claims_free. */
struct claims {
    bool is_of_important;
    int n_measures; /* of the file: the first ones of the arrays below */
    struct claim_result {
        struct selection a, b; /* the configurations that are compared, pair by pair; a.n = 0: not in the file */
        struct verdict verdicts[N_NORMALISE][N_MEASURES];
    } results[N_CLAIMS];
    struct loss_correlation correlations[N_NORMALISE][N_MEASURES];
};

/* Decides every claim with the selected configurations, for tasks 1 and 2. Too few: the effect is a mean over fewer
 * than CLAIM_SEEDS seeds. Supported: its 95 % interval lies above CLAIM_EFFECT; opposed: below it (the effect is
 * smaller than that, or the other way round); else undecided. Of the options only unimportant_below is read.
 * is_of_important: shares are of the units of a layer that are important to a task (a layer without any does not
 * count), else of all its units. ERROR_INPUT for a fault of the file, ERROR_FATAL if memory is short. */
enum error_code claims_decide(struct claims *claims, struct reader *reader, const struct selection *selection,
                              const struct ri_options *options, bool is_of_important, struct error *error);
void claims_free(struct claims *claims); /* all-zero claims are allowed */

/* Whether any claim's configurations are in the file. */
bool claims_any(const struct claims *claims);

#endif
