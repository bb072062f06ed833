/* Which configurations of a file a command is about, and what they are called. */
#ifndef PICKY_SELECTION_H
#define PICKY_SELECTION_H

#include "reader.h"

#define LABEL_MAX 1024 /* bytes of any label, the final NUL included */

/* Configurations in file order. Owns its array; released by selection_free. */
struct selection {
    size_t *configs; /* [n] */
    size_t n;
};

/* Selects the configurations that fulfil every condition "KEY=VALUE[,VALUE...]" (one of the values), or all if
 * there is no condition. ERROR_INPUT for a condition that cannot be read or that no configuration fulfils.
 * On error *selection is empty. */
enum error_code selection_make(struct selection *selection, const struct reader *reader, const char *const *conditions,
                               size_t n_conditions, struct error *error);
void selection_free(struct selection *selection); /* an all-zero selection is allowed */

/* Whether a configuration has the value that `wanted` has; "equal" shares are what that comes to with its own tasks. */
bool selection_has_value(const struct hyperparameters *h, const struct hyperparameters *wanted,
                         const struct hyperparameter *row);

/* A configuration's name: "key = value, ..." for each hyperparameter that differs between the file's
 * configurations. If none does: for each that is not the default, or "all defaults". */
void selection_label(const struct reader *reader, size_t config, char label[LABEL_MAX]);

/* Names the swept hyperparameters, separated by ", "; "none" if there is none. */
void selection_swept(const struct reader *reader, char names[LABEL_MAX]);

#endif
