/* What others have added to results files (attributes, datasets, groups, links, types), carried over into the file that
 * is made of them: a larger one (picky extend) or their whole (picky merge). */
#ifndef PICKY_RESULTS_CARRY_H
#define PICKY_RESULTS_CARRY_H

#include "description.h"
#include "results.h"

#include <stdio.h>

struct results_carry {
    const char *const *paths; /* [n_paths] the files; all hold the sweep `old` */
    int n_paths;
    enum results_access access;            /* RESULTS_SHARED if the caller has them locked */
    const struct results_description *old; /* of the files */
    const struct results_description *new; /* of the draft */
    const char *const *drops;              /* [n_drops] names to be left behind: PATH or PATH@ATTRIBUTE */
    int n_drops;
    FILE *lines; /* borrowed */
};

/* Copies all that is not picky's own into a draft into which nothing has been put. What cannot be carried over is a
 * line "picky: FILE: NAME: WHY; ..." on `lines`, at most 20 and how many more there are, and ERROR_INPUT: what lies
 * along a dimension that is not the same in the draft; what differs between two files; what has the name of something
 * that picky has begun to write since. Of attributes of picky's own that have been changed a warning says that they are
 * not kept. ERROR_INPUT also for a name in `drops` that nobody has added, ERROR_FATAL for memory and failing I/O. After
 * an error the draft is only to be closed. */
enum error_code results_carry(struct results *draft, const struct results_carry *carry, struct error *error);

#endif
