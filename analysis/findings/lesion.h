/* Lesions: what a trained network can still do without some of its neurons. Exact: they are silenced in the network
 * itself, all at once, and it answers test samples again: those of a second test set (RNG_TEST_SET, b = 1), as its
 * importances, by which the neurons are chosen, come from the first. */
#ifndef PICKY_LESION_H
#define PICKY_LESION_H

#include "models.h"

#define LESION_DRAWS 20 /* random choices for each model and group, averaged */

/* What is silenced. A unit is selective for a task if |RI| > ri_selective_above. RANDOM_A silences as many units as
 * SELECTIVE_A, layer by layer, drawn from all units of the layer. MATCHED_A silences for each of those units, the most
 * important first, another one of the layer that is not among them and is nearest to it in importance (the mean of both
 * tasks' shares of the layer's sum), without replacement: fewer where the layer has not so many others. The three of
 * task B likewise. */
enum lesion {
    LESION_NONE,
    LESION_SELECTIVE_A,
    LESION_RANDOM_A,
    LESION_MATCHED_A,
    LESION_SELECTIVE_B,
    LESION_RANDOM_B,
    LESION_MATCHED_B,
    N_LESIONS
};

/* The lesioned models of one configuration. Owns its arrays; released by lesion_free. */
struct lesion_result {
    size_t n_models, n_tasks;
    float *errors;     /* [N_LESIONS, n_tasks, n_models]: mean absolute test error; of random lesions the mean */
    float *n_silenced; /* [N_LESIONS, n_models]: units */
    float *importance; /* [N_LESIONS, n_models]: of the silenced units, share of a layer's, mean of the layers */
};

/* Lesions at most n_models_max accepted models of a configuration (units_sample), in the hidden layers `layers` (bits
 * 1 << (layer - 1); 0: all). `options` says what is selective. Weights are the stored ones; where the file has none
 * the accepted attempt is trained again from its seed. The test set is the stored one or comes from the seed.
 * ERROR_INPUT also if a whole network's test error is not the file's (another arithmetic or version of picky, damage),
 * and without weights if the file's arithmetic is another one;
 * ERROR_FATAL if memory is short. On error *result is empty. */
enum error_code lesion_measure(struct reader *reader, size_t config, const struct ri_options *options, uint64_t layers,
                               size_t n_models_max, struct lesion_result *result, struct error *error);
void lesion_free(struct lesion_result *result); /* an all-zero result is allowed */

/* What a selective lesion does to a task's error more than its control does, model by model: difference [n_models].
 * `control` is a RANDOM or MATCHED one. NaN of a model that has no such units, or too few others to match them. */
void lesion_difference(const struct lesion_result *result, enum lesion control, size_t task, float *difference);

/* Called with one model's importances [measure, task, layer, unit] on the test set that the file has them of, and on a
 * second one (RNG_TEST_SET, b = 1). */
typedef void (*again_function)(void *context, size_t replicate, const float *first, const float *second);

/* Measures the first n_models_max accepted models of a configuration on a second test set. Their networks are made as
 * lesion_measure makes them, with the same errors. */
enum error_code lesion_measure_again(struct reader *reader, size_t config, size_t n_models_max, again_function function,
                                     void *context, struct error *error);

#endif
