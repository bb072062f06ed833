/* Configurations grouped by the values of hyperparameters. */
#ifndef PICKY_GROUPS_H
#define PICKY_GROUPS_H

#include "selection.h"

/* Groups in the order of their first configurations. Owns its arrays; released by groups_free. */
struct groups {
    struct selection *groups; /* [n], views into `configs`: not to be freed */
    size_t n;
    const struct hyperparameter **keys; /* [n_keys]: what the groups differ in, in the order asked for; if nothing was
                                           asked, what the file's configurations differ in */
    size_t n_keys;
    size_t *configs; /* [selection->n], group by group */
};

/* Groups the selected configurations by `by`, "KEY[,KEY]..." ("": all are one group); NULL: each configuration is
 * a group. ERROR_INPUT for
 * a key that is none. On error *groups is empty. */
enum error_code groups_make(struct groups *groups, const struct reader *reader, const struct selection *selection,
                            const char *by, struct error *error);

/* Groups configurations that are equal in all hyperparameters but `key`. */
enum error_code groups_make_without(struct groups *groups, const struct reader *reader,
                                    const struct selection *selection, const struct hyperparameter *key,
                                    struct error *error);
/* The same, equal in all but two. `other` may be NULL. */
enum error_code groups_make_without_both(struct groups *groups, const struct reader *reader,
                                         const struct selection *selection, const struct hyperparameter *key,
                                         const struct hyperparameter *other, struct error *error);
void groups_free(struct groups *groups); /* all-zero groups are allowed */

/* A group's name: "key = value, ..." of the keys; without keys "all configurations", or of a single one its
 * selection_label. */
void groups_label(const struct groups *groups, const struct reader *reader, size_t group, char label[LABEL_MAX]);

#endif
