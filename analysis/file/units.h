/* The hidden units of single models, for what a sum over many models cannot say. */
#ifndef PICKY_UNITS_H
#define PICKY_UNITS_H

#include "models.h"

/* Room for the raw importances of one model at a time. */
struct units {
    size_t n_measures, n_tasks, n_layers, n_units; /* n_units in each layer */
    float *importance;                             /* [n_measures, n_tasks, n_layers, n_units]; owned */
    float *missing;                                /* [n_units] NaN: of a task that there is not; borrowed from it */
};

/* Makes room for models of a configuration. ERROR_FATAL if memory is short. Ended by units_destroy. */
enum error_code units_create(struct units *units, const struct reader *reader, size_t config, struct error *error);
void units_destroy(struct units *units); /* all-zero units are allowed */

/* Reads a model's importances. ERROR_INPUT if the file lacks them. */
enum error_code units_load(struct units *units, struct reader *reader, size_t config, size_t replicate,
                           struct error *error);

/* A task's importances [n_units] in a layer (both 0-based); borrowed. */
const float *units_importance(const struct units *units, enum measure measure, size_t task, size_t layer);

/* RI of a layer's units under `measure` (options->measure is not read): fills ri [n_units], NaN where unimportant. */
void units_relative_importance(const struct units *units, const struct ri_options *options, enum measure measure,
                               size_t layer, double *ri);

/* Whether the model has a measure (models_has_measure). */
bool units_has_measure(const struct units *units, enum measure measure);

/* Chooses at most n_max of the n models that are among n_replicates (`has` says which), spread evenly over those: fills
 * replicates [n_max] upwards, returns how many. */
size_t units_sample(const bool *has, size_t n_replicates, size_t n, size_t n_max, size_t *replicates);

#endif
