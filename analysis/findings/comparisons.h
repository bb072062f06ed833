/* Configurations that differ in one hyperparameter, compared: `summary --compare`. */
#ifndef PICKY_COMPARISONS_H
#define PICKY_COMPARISONS_H

#include "groups.h"
#include "paired.h"
#include "sample.h"
#include "task_pairs.h"

/* What is wanted. Strings are borrowed. */
struct comparisons_options {
    const char *compare;     /* "KEY" or "KEY=VALUE" */
    const char *interaction; /* how the difference depends on another key, spelt alike; NULL: the difference itself */
    const char *by;          /* the keys that each comparison keeps apart; NULL: all other keys that differ */
    struct ri_options ri;    /* its measure and tasks are not read: */
    unsigned measures;       /* bits, 1 << enum measure */
    struct pair_choice pair;
    uint64_t layers;      /* layer_mask.h */
    unsigned statistics;  /* bits, 1 << enum statistic; 0: all that a model has, but for those of sharing */
    bool is_simultaneous; /* intervals that hold all together (Bonferroni's t) */
    size_t n_top;         /* only so many rows, those of the largest effects; 0: all */
    double p_below;       /* only rows whose p_family is below; 0: all */
};

/* One comparison: one statistic in one layer, between two values of the key within one group. Of an interaction
 * `comparison` is between differences: the key's where the other key has the value that config_a has (its a), and where
 * that of config_b (its b). */
struct comparisons_row {
    size_t group, config_a, config_b; /* configurations that have the two values */
    struct ri_options ri;
    size_t layer;
    enum statistic statistic;
    size_t n_pairs, n_same; /* pairs of models; of those, that come from the same attempt */
    struct comparison comparison;
};

/* What was asked for. Borrows the reader, owns the rest; released by comparisons_free. */
struct comparisons {
    const struct reader *reader;
    const struct hyperparameter *key;
    const struct hyperparameter *other; /* of interactions; else NULL */
    struct groups groups;
    struct comparisons_row *rows; /* [n_rows] */
    size_t n_rows, n_made;        /* n_made: before the options left some out; what is corrected for is all of them */
    bool is_simultaneous;
    size_t n_tests, n_seeds; /* of the family that p_family is corrected for */
};

/* Makes the comparisons. ERROR_INPUT if no two configurations can be compared, for a fault of the file or an option
 * that does not fit it, ERROR_FATAL if memory is short; *comparisons is then empty. */
enum error_code comparisons_make(struct comparisons *comparisons, struct reader *reader,
                                 const struct selection *selection, const struct comparisons_options *options,
                                 struct error *error);
void comparisons_free(struct comparisons *comparisons); /* all-zero comparisons are allowed */

#endif
