/* Configurations of a sweep that are one in another form: in other spellings, or in what they ask for. */
#ifndef PICKY_TWINS_H
#define PICKY_TWINS_H

#include "hyperparameters.h"

struct twins {
    uint64_t n;             /* that repeat an earlier one */
    uint32_t first, second; /* second: the first of them; first: one that it repeats */
};

/* Finds those of configs [n] that are equal once `canonical` has put both into one form, and of which `counts` (NULL:
 * all) says true. ERROR_FATAL if memory is short. */
enum error_code twins_find(const struct hyperparameters *configs, size_t n,
                           void (*canonical)(const struct hyperparameters *h, struct hyperparameters *form),
                           bool (*counts)(const void *context, uint32_t first, uint32_t second), const void *context,
                           struct twins *twins, struct error *error);

/* A form for the above: one spelling of each value. */
void twins_respell(const struct hyperparameters *h, struct hyperparameters *form);

#endif
