/* Training curves of a configuration's accepted models. */
#ifndef PICKY_CURVES_H
#define PICKY_CURVES_H

#include "models.h"

/* Mean absolute test errors along the training history. Owns its arrays; released by curves_free. */
struct curves {
    size_t n_models, n_drawn, n_points, n_tasks;
    size_t *entries;             /* [n_points]: entries of the training history */
    double *median, *low, *high; /* [n_points, n_tasks]: of all models; 5 and 95 % quantiles */
    float *drawn;                /* [n_drawn, n_points, n_tasks]: single models, evenly spread over the replicates */
};

/* Reads the curves of a configuration, at most n_drawn_max single models and n_points_max >= 2 entries of the history,
 * evenly spread, first and last among them. Without accepted models n_points is 0. On error too
 * the caller frees. */
enum error_code curves_read(struct reader *reader, size_t config, size_t n_drawn_max, size_t n_points_max,
                            struct curves *curves, struct error *error);
void curves_free(struct curves *curves); /* all-zero curves are allowed */

#endif
