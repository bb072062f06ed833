/* Who may do what with a file. */
#ifndef PICKY_RESULTS_OWNERSHIP_H
#define PICKY_RESULTS_OWNERSHIP_H

#include "errors.h"

/* Gives an open file, which is for its owner alone as yet, the owner, group, access list, mode and extended attributes
 * of the one at `path`, which it is to replace. What may not be given away or set is named in a warning on stderr;
 * where that is the group, another one gets no more than all others have. ERROR_FATAL if the mode cannot be set. */
enum error_code results_ownership_keep(int descriptor, const char *path, struct error *error);

#endif
