/* A sample of models: every statistic of a group of configurations, with its uncertainty.
 *
 * The model is the replicate. Each accepted model comes to one value of each statistic (for each of its layers); a
 * statistic of the group is the mean or the median of those, and its interval resamples models, never
 * units. Memory: a few numbers a model, not its units. */
#ifndef PICKY_SAMPLE_H
#define PICKY_SAMPLE_H

#include "bootstrap.h"
#include "models.h"
#include "selection.h"

/* The statistics. Tasks a and b are the pair of struct ri_options, "1" and "2" in names. */
enum statistic {
    STATISTIC_ACCEPTANCE,         /* of the group: accepted of tried jobs */
    STATISTIC_ATTEMPT_ACCEPTANCE, /* of the group: accepted jobs of all their attempts */
    STATISTIC_ERROR_1,            /* of a model, from here on */
    STATISTIC_ERROR_2,
    STATISTIC_LOSS_RATIO,
    STATISTIC_MEAN_RI, /* of a layer of a model, from here on */
    STATISTIC_SELECTIVE,
    STATISTIC_SELECTIVE_1,
    STATISTIC_SELECTIVE_2,
    STATISTIC_MIXED,
    STATISTIC_UNIMPORTANT,
    STATISTIC_DIP,
    STATISTIC_TWO_PEAKS,           /* of a model 1 or 0 */
    STATISTIC_TWO_PEAKS_IDENTICAL, /* of the group, NaN of a model and until identical.h has filled it in */
    STATISTIC_JACCARD,             /* how tasks share units, from here on: sharing.h */
    STATISTIC_JACCARD_CHANCE,
    STATISTIC_OVERLAP,
    STATISTIC_OVERLAP_CHANCE,
    STATISTIC_SELECTIVITY, /* of all tasks, this and the next */
    STATISTIC_N_EFF,
    STATISTIC_PREFERRED_1,
    STATISTIC_PREFERRED_2,
    STATISTIC_DISTANCE,
    N_STATISTICS,
};
#define STATISTIC_FIRST_OF_MODEL   STATISTIC_ERROR_1
#define STATISTIC_FIRST_OF_LAYER   STATISTIC_MEAN_RI
#define STATISTIC_FIRST_OF_SHARING STATISTIC_JACCARD

/* How a group's value comes from its models'. */
enum aggregate { AGGREGATE_PROPORTION, AGGREGATE_MEAN, AGGREGATE_MEDIAN };

struct statistic_description {
    const char *name;  /* in options, columns and keys */
    const char *label; /* in figures and texts, without unit */
    enum aggregate aggregate;
    bool is_share;      /* shown in per cent */
    double least, most; /* that a model can have: intervals end there */
    const char *meaning;
};
extern const struct statistic_description statistic_table[N_STATISTICS];

#define STATISTIC_LABEL_MAX   64
#define STATISTIC_MEANING_MAX 160

/* What a statistic is called, and what it means, with the options' pair of tasks (one of them -1: it has no one number)
 * and cut-offs: statistic_table has them with the default ones. */
void statistic_label(enum statistic statistic, const struct ri_options *options, char text[STATISTIC_LABEL_MAX]);
void statistic_meaning(enum statistic statistic, const struct ri_options *options, char text[STATISTIC_MEANING_MAX]);

#define STATISTIC_FORMER "bimodality" /* of earlier versions: its columns are there, empty, until 1.0 */

/* The statistic called `name`. ERROR_INPUT "--statistic NAME: allowed: ..." if there is none. */
enum error_code statistic_find(const char *name, enum statistic *statistic, struct error *error);

/* The accepted models of a group. Owns its arrays; ended by sample_free. */
struct sample {
    uint64_t counts[N_STATUSES]; /* jobs by status */
    uint64_t n_attempts;         /* of the accepted, rejected and diverged jobs */
    double n_alike;              /* configurations to a start (starts.h): their attempts are one draw */
    size_t n_models;             /* accepted, or those that models_choose names */
    size_t n_layers;             /* of the deepest configuration */
    size_t n_tasks;              /* of the one with most */
    bool has_bins;
    struct sample_model {
        size_t config, replicate;
        int attempt; /* the one that the model comes from, from 1 */
    } * models;      /* [n_models], by configuration, then replicate */
    float *values;   /* [columns, n_models]: sample_column, sample_bin */
};

/* Reads what the accepted models of `group` come to under `options`; with_bins: histograms too. One pass over their
 * importances. ERROR_INPUT for a damaged file, ERROR_FATAL if memory is short; *sample is then empty. */
enum error_code sample_read(struct sample *sample, struct reader *reader, const struct selection *group,
                            const struct ri_options *options, bool with_bins, struct error *error);
void sample_free(struct sample *sample); /* an all-zero sample is allowed */

/* Values [n_models] of a statistic from STATISTIC_FIRST_OF_MODEL on, borrowed; NaN for a model without one (no unit has
 * an RI, it has no such layer, or it lacks the measure). layer: 0-based, 0 for those of a model. */
const float *sample_column(const struct sample *sample, enum statistic statistic, size_t layer);

/* Shares [n_models] of a layer's units whose RI is in bin b of RI_BINS, borrowed. Needs has_bins. */
const float *sample_bin(const struct sample *sample, size_t layer, size_t bin);

/* What a group comes to, for one measure, normalisation and pair. Plain data. */
struct layer_estimates {
    struct estimate statistics[N_STATISTICS]; /* those of group and model are the same in every layer */
    struct estimate bins[RI_BINS];            /* of has_bins: shares of all units; the rest is unimportant */
};
struct sample_estimates {
    uint64_t counts[N_STATUSES], n_attempts;
    size_t n_models, n_layers;
    struct layer_estimates layers[LAYERS_MAX]; /* [n_layers] */
};

/* Every statistic of a sample with its 95 % interval: Wilson's for proportions, bootstrap_means and median_estimate
 * for the others. Values are NaN without models, intervals with fewer than two. */
enum error_code sample_estimate(const struct sample *sample, struct sample_estimates *estimates, struct error *error);

/* The same of the statistics in `wanted`, bits 1 << enum statistic; the others are NaN. Shares that are proportions of
 * jobs are always there. */
enum error_code sample_estimate_some(const struct sample *sample, uint64_t wanted, struct sample_estimates *estimates,
                                     struct error *error);

/* sample_read and sample_estimate in one. */
enum error_code sample_of_group(struct reader *reader, const struct selection *group, const struct ri_options *options,
                                bool with_bins, struct sample_estimates *estimates, struct error *error);

#endif
