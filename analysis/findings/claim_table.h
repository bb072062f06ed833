/* The 2020 notebook's conclusions, and which configurations of a file are about each. */
#ifndef PICKY_CLAIM_TABLE_H
#define PICKY_CLAIM_TABLE_H

#include "selection.h"
#include "task_kind.h"
#include "verdict.h"

enum claim_id {
    CLAIM_TWO_SUBNETWORKS,
    CLAIM_SIMILAR_SHARE,
    CLAIM_SMALL_MIX,
    CLAIM_END_SPLITS,
    CLAIM_LEAKS,
    CLAIM_REPLAY_SELECTS,
    CLAIM_RARE_RECRUITS,
    N_CLAIMS,
    CLAIM_NONE = N_CLAIMS, /* of pairs of tasks that no claim is about (other_pairs.h): D, mean of all layers */
    N_CLAIM_LISTS,
};

/* One claim. All strings are static. An effect is a mean over seeds: of one number of the models of `b`, less that of
 * their partners of `a`; without a `b`, of the number of the models of `a` less that of identical tasks. */
struct claim {
    const char *name;       /* in CSV and JSON */
    const char *statement;  /* a line */
    const char *definition; /* of the number it is judged on */
    const char *shares;     /* of the second one, from shares of units */
    const char *a, *b;      /* the two conditions in words; b NULL if there is one */
    const char *key;        /* the hyperparameter in which they differ; NULL if there is one */
    bool is_leaning;        /* judged on where units lean, not on D */
};
extern const struct claim claim_table[N_CLAIM_LISTS];

/* The claim called `name` of `length` bytes, or N_CLAIMS. */
enum claim_id claim_find(const char *name, size_t length);

/* One condition of a claim: models of a configuration, and the two tasks of theirs that it is about. */
struct claim_side {
    size_t config;
    struct task_pair tasks;
    size_t controls[2]; /* [n_controls]: configurations that differ from it in one task of the pair alone, which is the
                           same as the other one there */
    int64_t lacking[2]; /* [n_lacking]: the lists of tasks of those that the file has not, and could have */
    int n_controls, n_lacking;
};

/* Conditions that are compared. Without a condition b, b is all zero. Owns its array; released by claim_pairs_free. */
struct claim_pairs {
    struct claim_pair {
        struct claim_side a, b;
        double sign; /* of the difference b - a in the claim's direction: 1, or -1 where task 2 is the rare one */
    } * pairs;       /* [n] */
    size_t n;
};

/* Finds the pairs of a claim among the selected configurations, and their controls in the whole file. ERROR_FATAL if
 * memory is short. Of CLAIM_NONE they are all pairs of tasks that are not identical. */
enum error_code claim_pairs_find(struct claim_pairs *pairs, enum claim_id claim, const struct reader *reader,
                                 const struct selection *selection, struct error *error);
void claim_pairs_free(struct claim_pairs *pairs); /* all-zero pairs are allowed */

/* Whether a pair has all the identical tasks that it is held against. */
bool claim_pair_has_controls(const struct claim_pair *pair);

#endif
