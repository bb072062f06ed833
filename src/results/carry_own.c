#include "carry_own.h"

#include "hdf5_access.h"
#include "schema.h"

#include <hdf5_hl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA_UNKNOWN = 0 };

/* ---- what is picky's ---- */

/* A file in memory with all that picky may write of such a sweep: each array, each dimension. */
enum error_code carry_own_reference(struct carrier *c)
{
    struct hyperparameters h;
    struct record_layout layout;
    unsigned store = 0;
    for (const struct store_name *name = store_names; name->name; name++)
        store |= name->bit;
    hyperparameters_default(&h);
    h.N_train = 2;
    h.N_test = h.epochs = h.max_attempts = h.hidden_size = 1;
    h.hidden_layers = 2;
    if (hyperparameters_set_list(&h, "x0 + x1; r0 * x1", c->error)) /* with random constants */
        return c->error->code;
    if (record_layout_make(&layout, &h, 1, store, c->error))
        return c->error->code;
    layout.store = c->carry->old->layout->store;
    layout.is_null = c->carry->old->layout->is_null;
    struct results_description all = *c->carry->old;
    all.configs = &h;
    all.n_configs = 1;
    all.replicates = 1;
    all.layout = &layout;
    all.provenance = c->carry->new->provenance;
    all.plans = c->carry->new->plans;
    all.n_plans = c->carry->new->n_plans;
    all.shard = (struct shard){1, 2};
    hid_t creation = results_schema_creation(), access = H5Pcreate(H5P_FILE_ACCESS);
    if (creation >= 0 && access >= 0 && H5Pset_fapl_core(access, 1 << 20, false) >= 0)
        c->reference = H5Fcreate("all", H5F_ACC_TRUNC, creation, access);
    if (c->reference < 0)
        results_hdf5_error(c->error, "preparing names to compare with");
    else if (!results_schema_write(c->reference, &all, c->error))
        results_schema_write_provenance(c->reference, &all, c->error);
    if (access >= 0)
        H5Pclose(access);
    if (creation >= 0)
        H5Pclose(creation);
    return c->error->code;
}

bool carry_own_provenance(const char *path)
{
    return strcmp(path, "/" RESULTS_PROVENANCE) == 0;
}

/* Whether picky may write an object of this name. What is known when a file is made is an attribute of /provenance,
 * what is not, is a dataset. */
bool carry_own_name(const struct carrier *c, const char *path)
{
    static const char inside[] = "/" RESULTS_PROVENANCE "/";
    if (carrier_exists(c->reference, path))
        return true;
    return strncmp(path, inside, strlen(inside)) == 0 && !strchr(path + strlen(inside), '/') &&
           H5Aexists_by_name(c->reference, RESULTS_PROVENANCE, path + strlen(inside), H5P_DEFAULT) > 0;
}

/* Since which schema picky writes an object, as far as its tables say. */
static int since(const char *path)
{
    const char *name = carrier_shown(path);
    const struct hyperparameter *row = hyperparameter_find(name);
    if (row)
        return row->since;
    name +=
        strncmp(name, RESULTS_PROVENANCE "/", strlen(RESULTS_PROVENANCE "/")) == 0 ? strlen(RESULTS_PROVENANCE "/") : 0;
    for (int f = 0; f < N_FIELDS; f++)
        if (strcmp(record_fields[f].name, name) == 0)
            return record_fields[f].since;
    return SCHEMA_UNKNOWN;
}

static int n_scales(hid_t dataset)
{
    hid_t space = H5Dget_space(dataset);
    int n = 0, n_axes = space < 0 ? 0 : H5Sget_simple_extent_ndims(space);
    for (int axis = 0; axis < n_axes; axis++)
        n += H5DSget_num_scales(dataset, (unsigned)axis) > 0;
    if (space >= 0)
        H5Sclose(space);
    return n + 1000 * n_axes;
}

/* Whether an object of a name of picky's is picky's too: in a file older than what picky writes by that name it is not.
 * Where the tables do not say how old that is, its type and axes tell. */
static bool is_own(const struct carrier *c, hid_t object, const char *path)
{
    int first = since(path);
    if (c->schema >= RESULTS_SCHEMA_VERSION || (first != SCHEMA_UNKNOWN && first <= c->schema))
        return true;
    if (first != SCHEMA_UNKNOWN)
        return false;
    hid_t known = H5Oopen(c->reference, path, H5P_DEFAULT);
    if (known < 0)
        return true;
    bool is_same = H5Iget_type(known) == H5Iget_type(object);
    if (is_same && H5Iget_type(known) == H5I_DATASET) {
        hid_t a = H5Dget_type(known), b = H5Dget_type(object);
        is_same = a >= 0 && b >= 0 && H5Tget_class(a) == H5Tget_class(b) && n_scales(known) == n_scales(object);
        if (a >= 0)
            H5Tclose(a);
        if (b >= 0)
            H5Tclose(b);
    }
    H5Oclose(known);
    return is_same;
}

/* Whether picky writes an attribute of this name, of an object of its own. */
bool carry_own_attribute(const struct carrier *c, const char *path, const char *name)
{
    if (carrier_exists(c->reference, path) && H5Aexists_by_name(c->reference, path, name, H5P_DEFAULT) > 0)
        return true;
    char in_group[512];
    snprintf(in_group, sizeof in_group, "%s/%s", path, name);
    return carry_own_provenance(path) && carrier_exists(c->reference, in_group);
}

/* Finds picky's own objects in the present file, so that links and references to them are known as such. */
herr_t carry_own_note(hid_t reference, const char *name, const H5L_info_t *link, void *context)
{
    struct carrier *c = context;
    (void)reference, (void)link;
    char *path = carrier_join(c, "/", '/', name);
    if (!path)
        return -1;
    hid_t object = carrier_exists(c->from, path) ? H5Oopen(c->from, path, H5P_DEFAULT) : H5I_INVALID_HID;
    if (object >= 0 && is_own(c, object, path))
        carrier_add_place(c, object, path, (struct place){.is_own = true, .is_made = carrier_exists(c->to, path)});
    if (object >= 0)
        H5Oclose(object);
    free(path);
    return c->error->code ? -1 : 0;
}

/* ---- axes ---- */

/* Why what lies along a scale cannot be carried over; false if it can. */
static bool is_changed(struct carrier *c, const struct place *scale, hid_t dataset, char *text, size_t size)
{
    const struct results_description *old = c->carry->old, *new = c->carry->new;
    const char *name = carrier_shown(scale->path);
    if (!scale->is_own)
        return false;
    if (!scale->is_made) {
        snprintf(text, size, "it lies along %s, which the new file lacks", name);
        return true;
    }
    hsize_t before = 0, after = 0;
    hid_t there = H5Dopen2(c->to, scale->path, H5P_DEFAULT);
    hid_t a = H5Dget_space(dataset), b = there < 0 ? H5I_INVALID_HID : H5Dget_space(there);
    bool is_known = a >= 0 && b >= 0 && H5Sget_simple_extent_ndims(a) == 1 && H5Sget_simple_extent_ndims(b) == 1 &&
                    H5Sget_simple_extent_dims(a, &before, NULL) == 1 && H5Sget_simple_extent_dims(b, &after, NULL) == 1;
    if (b >= 0)
        H5Sclose(b);
    if (a >= 0)
        H5Sclose(a);
    if (there >= 0)
        H5Dclose(there);
    bool is_moved = old->seed != new->seed &&strcmp(name, "replicate") == 0;
    for (size_t i = 0; strcmp(name, "config") == 0 && i < old->n_configs && i < new->n_configs && !is_moved; i++)
        for (int row = 0; row < n_hyperparameters && !is_moved; row++)
            is_moved = !hyperparameter_equal(&old->configs[i], &new->configs[i], &hyperparameter_table[row]);
    if (!is_known || before != after)
        snprintf(text, size, "it lies along %s, which %s from %" PRIu64 " to %" PRIu64, name,
                 before < after ? "grows" : "changes", (uint64_t)before, (uint64_t)after);
    else if (is_moved)
        snprintf(text, size, "it lies along %s, whose entries get other places", name);
    return !is_known || before != after || is_moved;
}

/* The scales of an axis. */
struct axis {
    struct carrier *c;
    hid_t dataset;   /* in the draft; negative: only looked at */
    bool is_changed; /* c->reason says why */
};

static herr_t visit_scale(hid_t dataset, unsigned number, hid_t scale, void *context)
{
    struct axis *axis = context;
    struct carrier *c = axis->c;
    (void)dataset;
    struct place *place = carrier_find_place(c, carrier_address(scale));
    if (!place || (!place->is_own && !place->is_made)) {
        snprintf(c->reason, sizeof c->reason, "it lies along a dimension that is left behind");
        axis->is_changed = true;
    } else if (is_changed(c, place, scale, c->reason, sizeof c->reason)) {
        axis->is_changed = true;
    } else if (axis->dataset >= 0) {
        hid_t there = H5Dopen2(c->to, place->path, H5P_DEFAULT);
        bool is_done = there >= 0 && (H5DSis_attached(axis->dataset, there, number) > 0 ||
                                      H5DSattach_scale(axis->dataset, there, number) >= 0);
        if (there >= 0)
            H5Dclose(there);
        return is_done ? 0 : -1;
    }
    return axis->is_changed;
}

/* Looks at all axes of a dataset; attaches the same scales to the one in the draft if `to` is that. *is_changed: one is
 * not the same there, c->reason. False if that fails. */
bool carry_visit_axes(struct carrier *c, hid_t dataset, hid_t to, bool *is_changed)
{
    struct axis context = {c, to, false};
    hid_t space = H5Dget_space(dataset);
    int n_axes = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    bool is_good = n_axes >= 0;
    for (int axis = 0; axis < n_axes && is_good && !context.is_changed; axis++)
        is_good = H5DSget_num_scales(dataset, (unsigned)axis) == 0 ||
                  H5DSiterate_scales(dataset, (unsigned)axis, NULL, visit_scale, &context) >= 0;
    if (space >= 0)
        H5Sclose(space);
    *is_changed = context.is_changed;
    return is_good;
}

/* An axis of an array of picky's. */
struct own_axis {
    struct carrier *c;
    hid_t array;     /* in the draft */
    bool is_changed; /* c->reason says why */
};

/* Finds picky's own scale of an axis, and whether what lies along it stays where it is. */
static herr_t visit_own_scale(hid_t array, unsigned number, hid_t scale, void *context)
{
    struct own_axis *axis = context;
    (void)array, (void)number;
    const struct place *place = carrier_find_place(axis->c, carrier_address(scale));
    axis->is_changed |= place && is_changed(axis->c, place, scale, axis->c->reason, sizeof axis->c->reason);
    return axis->is_changed;
}

/* Attaches what somebody else has attached to an axis of picky's. */
static herr_t visit_added_scale(hid_t array, unsigned number, hid_t scale, void *context)
{
    struct own_axis axis = *(const struct own_axis *)context;
    struct carrier *c = axis.c;
    struct place *place = carrier_find_place(c, carrier_address(scale));
    if (!place || place->is_own || !place->is_made)
        return 0;
    if (H5DSiterate_scales(array, number, NULL, visit_own_scale, &axis) < 0)
        return -1;
    if (axis.is_changed && !place->is_refused)
        carrier_refuse(c, place->path, "%s", c->reason);
    place->is_refused |= axis.is_changed;
    if (axis.is_changed)
        return 0;
    if (c->is_trial)
        return 0;
    hid_t there = H5Dopen2(c->to, place->path, H5P_DEFAULT);
    bool is_done = there >= 0 &&
                   (H5DSis_attached(axis.array, there, number) > 0 || H5DSattach_scale(axis.array, there, number) >= 0);
    if (there >= 0)
        H5Dclose(there);
    return is_done ? 0 : -1;
}

enum error_code carry_own_scales(struct carrier *c, const struct place *place)
{
    hid_t object = H5Oopen(c->from, place->path, H5P_DEFAULT);
    bool is_array = object >= 0 && H5Iget_type(object) == H5I_DATASET && H5DSis_scale(object) == 0;
    struct own_axis axis = {c, is_array ? H5Dopen2(c->to, place->path, H5P_DEFAULT) : H5I_INVALID_HID, false};
    hid_t space = is_array ? H5Dget_space(object) : H5I_INVALID_HID;
    int n_axes = space < 0 ? 0 : H5Sget_simple_extent_ndims(space);
    bool is_good = object >= 0 && (!is_array || (axis.array >= 0 && space >= 0));
    for (int number = 0; number < n_axes && is_good; number++)
        is_good = H5DSget_num_scales(object, (unsigned)number) < 2 ||
                  H5DSiterate_scales(object, (unsigned)number, NULL, visit_added_scale, &axis) >= 0;
    if (space >= 0)
        H5Sclose(space);
    if (axis.array >= 0)
        H5Dclose(axis.array);
    if (object >= 0)
        H5Oclose(object);
    if (!is_good && !c->error->code)
        carrier_refuse_failed(c, place->path);
    return c->error->code;
}

/* What a reference to an object of the file becomes: values.h. */
static const char *find_target(void *context, hid_t object, bool is_region, const char **reason)
{
    struct carrier *c = context;
    struct place *place = carrier_find_place(c, carrier_address(object));
    bool is_changed = false;
    *reason = c->reason;
    if (!place || !place->is_made) {
        snprintf(c->reason, sizeof c->reason, "it has a reference to %.160s, which is left behind",
                 place ? carrier_shown(place->path) : "what has no name");
        return NULL;
    }
    if (is_region && place->is_own && (!carry_visit_axes(c, object, H5I_INVALID_HID, &is_changed) || is_changed)) {
        snprintf(c->reason, sizeof c->reason, "it has a reference to a part of %.160s, whose shape changes",
                 carrier_shown(place->path));
        return NULL;
    }
    return place->path;
}

struct translation carry_translation(struct carrier *c)
{
    return (struct translation){c->from, c->to, c->is_trial, find_target, c, NULL};
}
