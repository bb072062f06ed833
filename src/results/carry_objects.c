#include "carry_objects.h"

#include "carry_own.h"
#include "hdf5_access.h"

#include <stdlib.h>
#include <string.h>

/* ---- first, objects and links ---- */

/* A type for the draft: the same, by name where it has one there. The caller closes it. */
hid_t carry_type(struct carrier *c, hid_t type)
{
    struct place *place = H5Tcommitted(type) > 0 ? carrier_find_place(c, carrier_address(type)) : NULL;
    return place && place->is_made ? H5Topen2(c->to, place->path, H5P_DEFAULT) : H5Tcopy(type);
}

static bool is_elsewhere(hid_t dataset)
{
    hid_t creation = H5Dget_create_plist(dataset);
    bool is_elsewhere =
        creation >= 0 && (H5Pget_external_count(creation) > 0 || H5Pget_layout(creation) == H5D_VIRTUAL);
    if (creation >= 0)
        H5Pclose(creation);
    return is_elsewhere;
}

/* Sets a dataset's layout anew: the old one is of the version that its program chose. */
static bool renew_layout(hid_t creation)
{
    hsize_t chunk[H5S_MAX_RANK];
    H5D_layout_t layout = H5Pget_layout(creation);
    if (layout != H5D_CHUNKED)
        return H5Pset_layout(creation, layout) >= 0;
    int n_axes = H5Pget_chunk(creation, H5S_MAX_RANK, chunk);
    return n_axes > 0 && H5Pset_chunk(creation, n_axes, chunk) >= 0;
}

/* A dataset without values and attributes, as the present file's is; negative on failure. */
static hid_t create_like(struct carrier *c, hid_t dataset, const char *path)
{
    hid_t own = H5Dget_type(dataset), type = own < 0 ? H5I_INVALID_HID : carry_type(c, own);
    hid_t space = H5Dget_space(dataset), creation = H5Dget_create_plist(dataset), made = H5I_INVALID_HID;
    if (type >= 0 && space >= 0 && creation >= 0 && renew_layout(creation))
        made = H5Dcreate2(c->to, path, type, space, c->links, creation, H5P_DEFAULT);
    if (creation >= 0)
        H5Pclose(creation);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (own >= 0)
        H5Tclose(own);
    return made;
}

bool carry_has_references(hid_t dataset)
{
    hid_t type = H5Dget_type(dataset);
    bool has = type >= 0 && values_have_references(type);
    if (type >= 0)
        H5Tclose(type);
    return has;
}

/* Whether H5Ocopy takes a dataset's type as it is: not one that has a name, and of texts and lists it would take the
 * fill value for one of the new file (1.10). */
static bool is_plain(hid_t dataset)
{
    hid_t type = H5Dget_type(dataset);
    bool is_plain = type >= 0 && H5Tcommitted(type) == 0 && H5Tdetect_class(type, H5T_VLEN) == 0 &&
                    H5Tdetect_class(type, H5T_STRING) == 0 && H5Tdetect_class(type, H5T_REFERENCE) == 0;
    if (type >= 0)
        H5Tclose(type);
    return is_plain;
}

/* Copies a dataset or type, but for its attributes: a plain one as it is stored, filters and all. Another one, and one
 * that HDF5 cannot copy so, is created, and its values follow. */
static bool copy_object(struct carrier *c, hid_t object, const char *path, bool is_dataset)
{
    bool is_done = false;
    hid_t copying = H5Pcreate(H5P_OBJECT_COPY);
    if (!is_dataset || is_plain(object))
        is_done = copying >= 0 && H5Pset_copy_object(copying, H5O_COPY_WITHOUT_ATTR_FLAG) >= 0 &&
                  H5Ocopy(c->from, path, c->to, path, copying, c->links) >= 0;
    if (copying >= 0)
        H5Pclose(copying);
    if (is_done || !is_dataset)
        return is_done;
    hid_t made = create_like(c, object, path);
    struct translation t = carry_translation(c);
    is_done = made >= 0 && (carry_has_references(object) || values_transfer(&t, object, made, NULL));
    if (made >= 0)
        H5Dclose(made);
    return is_done;
}

/* With the properties that netCDF-4 wants; those of the old group would bring addresses of its file with them. */
static bool create_group(struct carrier *c, const char *path)
{
    const unsigned tracked = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t creation = H5Pcreate(H5P_GROUP_CREATE), made = H5I_INVALID_HID;
    if (creation >= 0 && H5Pset_link_creation_order(creation, tracked) >= 0 &&
        H5Pset_attr_creation_order(creation, tracked) >= 0)
        made = H5Gcreate2(c->to, path, c->links, creation, H5P_DEFAULT);
    if (creation >= 0)
        H5Pclose(creation);
    if (made >= 0)
        H5Gclose(made);
    return made >= 0;
}

static bool is_same_dataset(struct carrier *c, hid_t a, hid_t b)
{
    hid_t type_a = H5Dget_type(a), type_b = H5Dget_type(b), space_a = H5Dget_space(a), space_b = H5Dget_space(b);
    bool is_same = type_a >= 0 && type_b >= 0 && space_a >= 0 && space_b >= 0 && H5Tequal(type_a, type_b) > 0 &&
                   H5Sextent_equal(space_a, space_b) > 0;
    /* What references stand for is known only when all is in its place. */
    if (is_same && !values_have_references(type_a)) {
        struct translation t = carry_translation(c);
        t.is_trial = false;
        is_same = values_transfer(&t, a, b, &is_same) && is_same;
    }
    if (space_b >= 0)
        H5Sclose(space_b);
    if (space_a >= 0)
        H5Sclose(space_a);
    if (type_b >= 0)
        H5Tclose(type_b);
    if (type_a >= 0)
        H5Tclose(type_a);
    return is_same;
}

/* Whether the draft has an equal object by this name, from an earlier file; of groups the contents are compared by
 * themselves. */
static bool is_same_object(struct carrier *c, hid_t object, const char *path)
{
    hid_t there = H5Oopen(c->to, path, H5P_DEFAULT);
    H5I_type_t type = H5Iget_type(object);
    bool is_same = there >= 0 && H5Iget_type(there) == type;
    if (is_same && type == H5I_DATASET)
        is_same = is_same_dataset(c, object, there);
    else if (is_same && type == H5I_DATATYPE)
        is_same = H5Tequal(object, there) > 0;
    if (there >= 0)
        H5Oclose(there);
    return is_same;
}

static enum error_code carry_new_object(struct carrier *c, hid_t object, const char *path)
{
    H5I_type_t type = H5Iget_type(object);
    bool is_dataset = type == H5I_DATASET, was_there = !c->is_trial && carrier_exists(c->to, path);
    if (is_dataset && is_elsewhere(object)) {
        carrier_refuse(c, path, "its values lie in other files");
        return ERROR_NONE;
    }
    if (was_there && !is_same_object(c, object, path)) {
        carrier_refuse(c, path, "another file's differs from it, or cannot be compared with it");
        return ERROR_NONE;
    }
    if (!was_there && !c->is_trial &&
        (type == H5I_GROUP ? !create_group(c, path) : !copy_object(c, object, path, is_dataset)))
        return carrier_refuse_failed(c, path);
    if (carrier_add_place(c, object, path, (struct place){.is_made = true, .was_there = was_there}))
        return c->error->code;
    return type == H5I_GROUP ? carry_group(c, object, path) : ERROR_NONE;
}

/* A second name of an object. */
static enum error_code carry_alias(struct carrier *c, const struct place *place, const char *path)
{
    if (!place->is_made) {
        carrier_refuse(c, path, "it is another name of %s, which is left behind", carrier_shown(place->path));
    } else if (!c->is_trial && carrier_exists(c->to, path)) {
        hid_t a = H5Oopen(c->to, path, H5P_DEFAULT), b = H5Oopen(c->to, place->path, H5P_DEFAULT);
        if (a < 0 || b < 0 || carrier_address(a) != carrier_address(b))
            carrier_refuse(c, path, "another file's differs from it, or cannot be compared with it");
        if (b >= 0)
            H5Oclose(b);
        if (a >= 0)
            H5Oclose(a);
    } else if (!c->is_trial && H5Lcreate_hard(c->to, place->path, c->to, path, c->links, H5P_DEFAULT) < 0) {
        return carrier_refuse_failed(c, path);
    }
    return ERROR_NONE;
}

static enum error_code carry_hard_link(struct carrier *c, const char *path)
{
    hid_t object = H5Oopen(c->from, path, H5P_DEFAULT);
    H5I_type_t type = object < 0 ? H5I_BADID : H5Iget_type(object);
    struct place *place = object < 0 ? NULL : carrier_find_place(c, carrier_address(object));
    bool is_frame = type == H5I_GROUP || type == H5I_DATATYPE;
    if (place && strcmp(place->path, path) == 0) {
        if (type == H5I_GROUP)
            carry_group(c, object, path);
    } else if (c->is_frame == (is_frame && !place) && !carrier_drops(c, path)) {
        if (object < 0)
            carrier_refuse(c, path, "it cannot be read");
        else if (carry_own_name(c, path))
            carrier_refuse(c, path, "picky writes something of that name itself");
        else if (place)
            carry_alias(c, place, path);
        else
            carry_new_object(c, object, path);
    }
    if (object >= 0)
        H5Oclose(object);
    return c->error->code;
}

/* A link by name, to this file or another. */
static enum error_code carry_named_link(struct carrier *c, const char *path, const H5L_info_t *link)
{
    /* An array of picky's that was moved is read by its link. */
    if (c->is_frame || carry_own_name(c, path) || carrier_drops(c, path))
        return ERROR_NONE;
    size_t n = link->u.val_size;
    char *value = calloc(n + 1, 1), *there = calloc(n + 1, 1);
    bool is_good = value && there && H5Lget_val(c->from, path, value, n, H5P_DEFAULT) >= 0;
    H5L_info_t found;
    const char *file, *object;
    if (!is_good) {
        carrier_refuse(c, path, "it cannot be read");
    } else if (!c->is_trial && carrier_exists(c->to, path)) {
        if (H5Lget_info(c->to, path, &found, H5P_DEFAULT) < 0 || found.type != link->type || found.u.val_size != n ||
            H5Lget_val(c->to, path, there, n, H5P_DEFAULT) < 0 || memcmp(value, there, n) != 0)
            carrier_refuse(c, path, "another file's differs from it, or cannot be compared with it");
    } else if (!c->is_trial) {
        if (link->type == H5L_TYPE_SOFT)
            is_good = H5Lcreate_soft(value, c->to, path, c->links, H5P_DEFAULT) >= 0;
        else if (link->type == H5L_TYPE_EXTERNAL)
            is_good = H5Lunpack_elink_val(value, n, NULL, &file, &object) >= 0 &&
                      H5Lcreate_external(file, object, c->to, path, c->links, H5P_DEFAULT) >= 0;
        else
            is_good = H5Lcreate_ud(c->to, path, link->type, value, n, c->links, H5P_DEFAULT) >= 0;
        if (!is_good)
            carrier_refuse_failed(c, path);
    }
    free(there);
    free(value);
    return c->error->code;
}

struct walk {
    struct carrier *c;
    const char *path;
};

static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *link, void *context)
{
    const struct walk *walk = context;
    struct carrier *c = walk->c;
    (void)group;
    char *path = carrier_join(c, walk->path, '/', name);
    if (path && link->type == H5L_TYPE_HARD)
        carry_hard_link(c, path);
    else if (path)
        carry_named_link(c, path, link);
    free(path);
    return c->error->code ? -1 : 0;
}

enum error_code carry_group(struct carrier *c, hid_t group, const char *path)
{
    struct walk walk = {c, path};
    /* In native order: text_heaps.c. */
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, visit_link, &walk) < 0 && !c->error->code)
        return results_hdf5_error(c->error, "%s: reading group %s", c->path, path);
    return c->error->code;
}
