/* What the commands take from the accepted models (or those that models_choose names) of one configuration, streamed
 * out of a results file: memory is bounded by the reader's chunks and the arrays that the caller gives. */
#ifndef PICKY_MODELS_H
#define PICKY_MODELS_H

#include "reader.h"
#include "statistics.h"

enum normalise { NORMALISE_NONE, NORMALISE_LAYER, N_NORMALISE };
extern const char *const normalise_names[N_NORMALISE]; /* as on the command line */

/* How RI is computed from the stored raw importances. */
struct ri_options {
    enum measure measure;
    enum normalise normalise; /* layer: importances divided by their sum over the layer, per model and task */
    double unimportant_below; /* of the layer's mean; 0 or more */
    int task_a, task_b;       /* 0-based, a < b */
    /* What selective and mixed units are; 0: RI_SELECTIVE_ABOVE, RI_MIXED_BELOW. Read by the two below. */
    double selective_above, mixed_below;
};
double ri_selective_above(const struct ri_options *options);
double ri_mixed_below(const struct ri_options *options);

/* RI of the units [n] of one layer of one model, from their raw importances [n] for the options' two tasks. */
void models_layer_ri(const float *importance_a, const float *importance_b, size_t n, const struct ri_options *options,
                     double *ri);

/* Whether a model has a measure, by its importances [n] of it, in all tasks and layers: one that was taken over from a
 * file older than the measure has NaN throughout. */
bool models_has_measure(const float *importance, size_t n);

/* Called with the accepted and other replicates first .. first + n - 1 of a configuration. */
typedef void (*models_function)(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                                const void *values);

/* Hands a field's `part` of all replicates of a configuration over, chunk by chunk: values [n, the part's counts], of
 * the field's type. */
enum error_code models_for_each_chunk(struct reader *reader, enum field field, size_t config,
                                      const struct reader_part *part, models_function function, void *context,
                                      struct error *error);

/* Mean absolute test errors of the accepted models, at entries first .. first + n - 1 of the training
 * history: fills errors [n, n_tasks, n_accepted], models by replicate. */
enum error_code models_test_error(struct reader *reader, size_t config, size_t first, size_t n, float *errors,
                                  struct error *error);

/* Training runs that the accepted, rejected and diverged jobs used, all together. */
enum error_code models_attempts(struct reader *reader, size_t config, uint64_t *n_attempts, struct error *error);

/* Which replicates of a configuration are accepted models that have a measure: has [n_replicates]; *n of them. */
enum error_code models_with_measure(struct reader *reader, size_t config, enum measure measure, bool *has, size_t *n,
                                    struct error *error);

/* Makes the models that all else here is about those of the statuses, bits 1 << enum job_status of accepted and
 * rejected; 0: accepted ones. Rejected ones, whose last attempt the file has, count only if they are alive: their test
 * errors changed in training. ERROR_INPUT for a damaged file, ERROR_FATAL if memory is short. */
enum error_code models_choose(struct reader *reader, unsigned statuses, struct error *error);

/* Whether a slot's model is one of those. */
bool models_is_chosen(const struct reader *reader, size_t config, size_t replicate);

/* What those models are called: "accepted", "rejected", "accepted and rejected". */
const char *models_word(const struct reader *reader);

/* What an empty panel says of a configuration without such a model: "no accepted model", "no rejected model", ... */
const char *models_none(const struct reader *reader);

/* Number of accepted models of a configuration, or of those that models_choose names. */
size_t models_accepted(const struct reader *reader, size_t config);

#endif
