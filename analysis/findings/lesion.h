/* Lesions: what a trained network can still do without some of its neurons. Exact: they are silenced in the network
 * itself, all at once, and it answers its test set again. */
#ifndef PICKY_LESION_H
#define PICKY_LESION_H

#include "models.h"

#define LESION_DRAWS 20 /* random choices for each model and group, averaged */

/* What is silenced. A unit is selective for a task if |RI| > RI_SELECTIVE_ABOVE. RANDOM_A silences as many units as
 * SELECTIVE_A, layer by layer, drawn from all units of the layer; RANDOM_B as many as SELECTIVE_B. */
enum lesion { LESION_NONE, LESION_SELECTIVE_A, LESION_RANDOM_A, LESION_SELECTIVE_B, LESION_RANDOM_B, N_LESIONS };

/* The lesioned models of one configuration. Owns its arrays; released by lesion_free. */
struct lesion_result {
    size_t n_models, n_tasks;
    float *errors;     /* [N_LESIONS, n_tasks, n_models]: mean absolute test error; of random lesions the mean */
    float *n_silenced; /* [N_LESIONS, n_models]: units */
};

/* Lesions at most n_models_max accepted models of a configuration (units_sample), in the hidden layers `layers` (bits
 * 1 << (layer - 1); 0: all). `options` says what is selective. Weights are the stored ones; where the file has none
 * the accepted attempt is trained again from its seed. The test set is the stored one or comes from the seed.
 * ERROR_INPUT also if a whole network's test error is not the file's (another version of picky, damage);
 * ERROR_FATAL if memory is short. On error *result is empty. */
enum error_code lesion_measure(struct reader *reader, size_t config, const struct ri_options *options, uint64_t layers,
                               size_t n_models_max, struct lesion_result *result, struct error *error);
void lesion_free(struct lesion_result *result); /* an all-zero result is allowed */

/* Called with one model's importances [measure, task, layer, unit] on the test set that the file has them of, and on a
 * second one (RNG_TEST_SET, b = 1). */
typedef void (*again_function)(void *context, size_t replicate, const float *first, const float *second);

/* Measures the first n_models_max accepted models of a configuration on a second test set. Their networks are made as
 * lesion_measure makes them, with the same errors. */
enum error_code lesion_measure_again(struct reader *reader, size_t config, size_t n_models_max, again_function function,
                                     void *context, struct error *error);

#endif
