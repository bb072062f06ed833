/* Hyperparameters by the names that the command line has for them. */
#ifndef PICKY_KEYS_H
#define PICKY_KEYS_H

#include "errors.h"
#include "hyperparameters.h"

/* Finds the hyperparameter `name`, which is in the option "--OPTION VALUE". ERROR_INPUT, with a name that is near, if
 * there is none. */
enum error_code key_find(const struct hyperparameter **key, const char *option, const char *value, const char *name,
                         struct error *error);

#endif
