/* What in a results file is picky's, what is somebody else's, and whether the dimensions of picky's that others use
 * stay as they are. */
#ifndef PICKY_RESULTS_CARRY_OWN_H
#define PICKY_RESULTS_CARRY_OWN_H

#include "carrier.h"

/* Makes c->reference: a file in memory with all that picky may write of such a sweep, each array, each dimension. */
enum error_code carry_own_reference(struct carrier *c);

/* Whether a path is that of the group of provenance. */
bool carry_own_provenance(const char *path);

/* Whether picky may write an object of this name. */
bool carry_own_name(const struct carrier *c, const char *path);

/* Whether picky writes an attribute of this name, of an object of its own. */
bool carry_own_attribute(const struct carrier *c, const char *path, const char *name);

/* For H5Lvisit of the reference: finds picky's own objects in the present file, so that links and references to them
 * are known as such. */
herr_t carry_own_note(hid_t reference, const char *name, const H5L_info_t *link, void *carrier);

/* Looks at all axes of a dataset; attaches the same scales to the one in the draft if `to` is that. *is_changed: one is
 * not the same there, c->reason. False if that fails. */
bool carry_visit_axes(struct carrier *c, hid_t dataset, hid_t to, bool *is_changed);

/* Attaches to the axes of an array of picky's in the draft what others have attached to them in the present file; says
 * where that cannot be. */
enum error_code carry_own_scales(struct carrier *c, const struct place *place);

/* How values with references become those of the draft. */
struct translation carry_translation(struct carrier *c);

#endif
