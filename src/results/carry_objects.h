/* Groups, datasets, types and links that others have added, carried over by name; attributes, axes and references
 * follow (carry.c). */
#ifndef PICKY_RESULTS_CARRY_OBJECTS_H
#define PICKY_RESULTS_CARRY_OBJECTS_H

#include "carrier.h"

/* Carries over what is in a group of the present file, and below it, and is not picky's. */
enum error_code carry_group(struct carrier *c, hid_t group, const char *path);

/* A type for the draft: the same, by name where it has one there. The caller closes it. */
hid_t carry_type(struct carrier *c, hid_t type);

bool carry_has_references(hid_t dataset);

#endif
