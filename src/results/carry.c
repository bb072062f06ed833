#include "carry.h"

#include "file.h"
#include "hdf5_access.h"
#include "hdf5_values.h"
#include "read.h"
#include "schema.h"
#include "state.h"

#include <hdf5_hl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_MAX = 20, SCHEMA_UNKNOWN = 0 };

#if H5_VERSION_GE(1, 12, 0)
typedef H5O_info1_t object_info;
#else
typedef H5O_info_t object_info;
#endif

/* What readers of attributes keep in them for HDF5 and netCDF-4: made anew with what they are about. */
static const char *const internal_attributes[] = {"CLASS",          "NAME",          "DIMENSION_LIST",
                                                  "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates"};

/* The attributes that picky wrote in schema 1, which never changes: another of an object of such a file is somebody's,
 * also if picky writes one of its name now. Those of /provenance are not among them. */
static const char *const first_attributes[] = {"Conventions",
                                               "title",
                                               "sweep_name",
                                               "sweep",
                                               "store",
                                               "coordinates",
                                               "swept",
                                               "seed",
                                               "null_jobs",
                                               "long_name",
                                               "units",
                                               "_Encoding",
                                               "flag_values",
                                               "flag_meanings",
                                               "shard",
                                               "missing_value",
                                               "unimportant_below",
                                               "picky_schema_version"};

struct names {
    char **names;
    size_t n, capacity;
};

/* An object of a file, and where it is in the draft. */
struct place {
    haddr_t address;
    char *path;     /* in both */
    bool is_own;    /* picky's */
    bool is_made;   /* it has a place in the draft */
    bool was_there; /* an earlier file's, of the same values */
};

struct carrier {
    const struct results_carry *carry;
    const char *path; /* of the present file */
    hid_t from, to;
    hid_t reference;      /* a file with all that picky may write, in memory */
    hid_t links;          /* creation of links: UTF-8 */
    int64_t schema;       /* of the present file */
    bool is_trial;        /* nothing is written */
    bool is_frame;        /* only groups and types, which the rest needs: the rest follows */
    struct place *places; /* [n_places] of the present file */
    size_t n_places, capacity;
    struct names added, changed; /* by others, in any file: for messages */
    bool *is_used;               /* [carry->n_drops] */
    char reason[256];            /* scratch: of find_target */
    int n_lines;
    uint64_t n_more;
    struct error *error;
};

static enum error_code out_of_memory(struct carrier *c)
{
    return error_set(c->error, ERROR_FATAL, "%s: not enough memory to carry over what was added to it", c->path);
}

/* ---- names ---- */

/* "/g/x" or "/x@a"; for people without the slash in front. The caller frees it; NULL, and an error, if memory is short.
 */
static char *join(struct carrier *c, const char *path, char between, const char *name)
{
    char *joined;
    const char *base = strcmp(path, "/") == 0 && between == '/' ? "" : path;
    if (asprintf(&joined, "%s%c%s", base, between, name) >= 0)
        return joined;
    out_of_memory(c);
    return NULL;
}

static const char *shown(const char *name)
{
    return *name == '/' && name[1] != '\0' ? name + 1 : name;
}

static bool has_name(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

static enum error_code add_name(struct carrier *c, struct names *names, const char *name)
{
    if (has_name(names, name))
        return ERROR_NONE;
    if (names->n == names->capacity) {
        size_t capacity = names->capacity > 0 ? 2 * names->capacity : 16;
        char **grown = realloc(names->names, capacity * sizeof *grown);
        if (!grown)
            return out_of_memory(c);
        names->names = grown;
        names->capacity = capacity;
    }
    if (!(names->names[names->n] = strdup(name)))
        return out_of_memory(c);
    names->n++;
    return ERROR_NONE;
}

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->names[i]);
    free(names->names);
}

/* Names for people, as many as fit. */
static void list_names(const struct names *names, char *text, size_t size)
{
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < names->n; i++) {
        if (used + strlen(names->names[i]) + 32 > size) {
            snprintf(text + used, size - used, " and %zu more", names->n - i);
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", shown(names->names[i]));
    }
}

static bool is_in(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}
#define IS_IN(name, list) is_in(name, list, sizeof(list) / sizeof(list)[0])

/* Takes note of something that was added; true if it is to be left behind. */
static bool is_dropped(struct carrier *c, const char *name)
{
    bool is_dropped = false;
    for (int i = 0; i < c->carry->n_drops; i++) {
        const char *drop = c->carry->drops[i];
        drop += *drop == '/';
        size_t n = strlen(drop);
        n -= n > 0 && drop[n - 1] == '/';
        const char *at = *drop == '@' ? name + (name[1] == '@') : name; /* "@a" is the file's, "/@a" */
        at += *at == '/';
        if (strlen(at) == n && strncmp(at, drop, n) == 0)
            c->is_used[i] = is_dropped = true;
    }
    add_name(c, &c->added, name);
    return is_dropped;
}

static void refuse(struct carrier *c, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A name as a shell takes it. */
static void print_word(FILE *stream, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    bool is_plain = name[strspn(name, plain)] == '\0';
    fprintf(stream, "%s", is_plain ? "" : "'");
    for (; *name; name++)
        fprintf(stream, *name == '\'' ? "'\\''" : "%c", *name);
    fprintf(stream, "%s", is_plain ? "" : "'");
}

static void refuse(struct carrier *c, const char *name, const char *format, ...)
{
    if (c->n_lines++ >= LINES_MAX)
        return;
    va_list args;
    va_start(args, format);
    fprintf(c->carry->lines, "picky: %s: %s: ", c->path, shown(name));
    vfprintf(c->carry->lines, format, args);
    fprintf(c->carry->lines, "; --drop ");
    print_word(c->carry->lines, shown(name));
    fprintf(c->carry->lines, " goes on without it\n");
    va_end(args);
}

/* After a call to HDF5 failed: a failing disk ends all, anything else is a reason against this one. */
static enum error_code refuse_failed(struct carrier *c, const char *name)
{
    struct error reason = {0}, complaint = {0};
    results_hdf5_error(&reason, "it cannot be copied");
    if (results_hdf5_complaint(&complaint, c->path))
        return error_set(c->error, ERROR_FATAL, "%s: %s: %s", c->path, shown(name), reason.message);
    char *unknown = strstr(reason.message, ": unknown reason");
    if (unknown)
        *unknown = '\0';
    refuse(c, name, "%s", reason.message);
    return ERROR_NONE;
}

/* ---- objects and their places ---- */

static haddr_t address_of(hid_t object)
{
    object_info info;
    return H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0 ? HADDR_UNDEF : info.addr;
}

static struct place *find_place(struct carrier *c, haddr_t address)
{
    for (size_t i = 0; i < c->n_places; i++)
        if (c->places[i].address == address)
            return &c->places[i];
    return NULL;
}

static enum error_code add_place(struct carrier *c, hid_t object, const char *path, struct place place)
{
    if (c->n_places == c->capacity) {
        size_t capacity = c->capacity > 0 ? 2 * c->capacity : 128;
        struct place *grown = realloc(c->places, capacity * sizeof *grown);
        if (!grown)
            return out_of_memory(c);
        c->places = grown;
        c->capacity = capacity;
    }
    place.address = address_of(object);
    if (!(place.path = strdup(path)))
        return out_of_memory(c);
    c->places[c->n_places++] = place;
    return ERROR_NONE;
}

static void clear_places(struct carrier *c)
{
    for (size_t i = 0; i < c->n_places; i++)
        free(c->places[i].path);
    c->n_places = 0;
}

static bool exists(hid_t file, const char *path)
{
    return strcmp(path, "/") == 0 || H5Lexists(file, path, H5P_DEFAULT) > 0;
}

/* ---- what is picky's ---- */

/* A file in memory with all that picky may write of such a sweep: each array, each dimension. */
static enum error_code make_reference(struct carrier *c)
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

static bool is_provenance(const char *path)
{
    return strcmp(path, "/" RESULTS_PROVENANCE) == 0;
}

/* Whether picky may write an object of this name. What is known when a file is made is an attribute of /provenance,
 * what is not, is a dataset. */
static bool is_own_name(const struct carrier *c, const char *path)
{
    static const char inside[] = "/" RESULTS_PROVENANCE "/";
    if (exists(c->reference, path))
        return true;
    return strncmp(path, inside, strlen(inside)) == 0 && !strchr(path + strlen(inside), '/') &&
           H5Aexists_by_name(c->reference, RESULTS_PROVENANCE, path + strlen(inside), H5P_DEFAULT) > 0;
}

/* Since which schema picky writes an object, as far as its tables say. */
static int since(const char *path)
{
    const char *name = shown(path);
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
static bool is_own_attribute(const struct carrier *c, const char *path, const char *name)
{
    if (exists(c->reference, path) && H5Aexists_by_name(c->reference, path, name, H5P_DEFAULT) > 0)
        return true;
    char in_group[512];
    snprintf(in_group, sizeof in_group, "%s/%s", path, name);
    return is_provenance(path) && exists(c->reference, in_group);
}

/* Finds picky's own objects in the present file, so that links and references to them are known as such. */
static herr_t note_own(hid_t reference, const char *name, const H5L_info_t *link, void *context)
{
    struct carrier *c = context;
    (void)reference, (void)link;
    char *path = join(c, "/", '/', name);
    if (!path)
        return -1;
    hid_t object = exists(c->from, path) ? H5Oopen(c->from, path, H5P_DEFAULT) : H5I_INVALID_HID;
    if (object >= 0 && is_own(c, object, path))
        add_place(c, object, path, (struct place){.is_own = true, .is_made = exists(c->to, path)});
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
    const char *name = shown(scale->path);
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
    struct place *place = find_place(c, address_of(scale));
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
static bool visit_axes(struct carrier *c, hid_t dataset, hid_t to, bool *is_changed)
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

/* What a reference to an object of the file becomes: values.h. */
static const char *find_target(void *context, hid_t object, bool is_region, const char **reason)
{
    struct carrier *c = context;
    struct place *place = find_place(c, address_of(object));
    bool is_changed = false;
    *reason = c->reason;
    if (!place || !place->is_made) {
        snprintf(c->reason, sizeof c->reason, "it has a reference to %.160s, which is left behind",
                 place ? shown(place->path) : "what has no name");
        return NULL;
    }
    if (is_region && place->is_own && (!visit_axes(c, object, H5I_INVALID_HID, &is_changed) || is_changed)) {
        snprintf(c->reason, sizeof c->reason, "it has a reference to a part of %.160s, whose shape changes",
                 shown(place->path));
        return NULL;
    }
    return place->path;
}

static struct translation translation(struct carrier *c)
{
    return (struct translation){c->from, c->to, c->is_trial, find_target, c, NULL};
}

/* ---- first, objects and links ---- */

/* A type for the draft: the same, by name where it has one there. The caller closes it. */
static hid_t type_for(struct carrier *c, hid_t type)
{
    struct place *place = H5Tcommitted(type) > 0 ? find_place(c, address_of(type)) : NULL;
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
    hid_t own = H5Dget_type(dataset), type = own < 0 ? H5I_INVALID_HID : type_for(c, own);
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

static bool dataset_has_references(hid_t dataset)
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
    struct translation t = translation(c);
    is_done = made >= 0 && (dataset_has_references(object) || values_transfer(&t, object, made, NULL));
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
        struct translation t = translation(c);
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

static enum error_code walk_group(struct carrier *c, hid_t group, const char *path);

static enum error_code carry_new_object(struct carrier *c, hid_t object, const char *path)
{
    H5I_type_t type = H5Iget_type(object);
    bool is_dataset = type == H5I_DATASET, was_there = !c->is_trial && exists(c->to, path);
    if (is_dataset && is_elsewhere(object)) {
        refuse(c, path, "its values lie in other files");
        return ERROR_NONE;
    }
    if (was_there && !is_same_object(c, object, path)) {
        refuse(c, path, "another file's differs from it");
        return ERROR_NONE;
    }
    if (!was_there && !c->is_trial &&
        (type == H5I_GROUP ? !create_group(c, path) : !copy_object(c, object, path, is_dataset)))
        return refuse_failed(c, path);
    if (add_place(c, object, path, (struct place){.is_made = true, .was_there = was_there}))
        return c->error->code;
    return type == H5I_GROUP ? walk_group(c, object, path) : ERROR_NONE;
}

/* A second name of an object. */
static enum error_code carry_alias(struct carrier *c, const struct place *place, const char *path)
{
    if (!place->is_made) {
        refuse(c, path, "it is another name of %s, which is left behind", shown(place->path));
    } else if (!c->is_trial && exists(c->to, path)) {
        hid_t a = H5Oopen(c->to, path, H5P_DEFAULT), b = H5Oopen(c->to, place->path, H5P_DEFAULT);
        if (a < 0 || b < 0 || address_of(a) != address_of(b))
            refuse(c, path, "another file's differs from it");
        if (b >= 0)
            H5Oclose(b);
        if (a >= 0)
            H5Oclose(a);
    } else if (!c->is_trial && H5Lcreate_hard(c->to, place->path, c->to, path, c->links, H5P_DEFAULT) < 0) {
        return refuse_failed(c, path);
    }
    return ERROR_NONE;
}

static enum error_code carry_hard_link(struct carrier *c, const char *path)
{
    hid_t object = H5Oopen(c->from, path, H5P_DEFAULT);
    H5I_type_t type = object < 0 ? H5I_BADID : H5Iget_type(object);
    struct place *place = object < 0 ? NULL : find_place(c, address_of(object));
    bool is_frame = type == H5I_GROUP || type == H5I_DATATYPE;
    if (place && strcmp(place->path, path) == 0) {
        if (type == H5I_GROUP)
            walk_group(c, object, path);
    } else if (c->is_frame == (is_frame && !place) && !is_dropped(c, path)) {
        if (object < 0)
            refuse(c, path, "it cannot be read");
        else if (is_own_name(c, path))
            refuse(c, path, "picky writes something of that name itself");
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
    if (c->is_frame || is_own_name(c, path) || is_dropped(c, path))
        return ERROR_NONE;
    size_t n = link->u.val_size;
    char *value = calloc(n + 1, 1), *there = calloc(n + 1, 1);
    bool is_good = value && there && H5Lget_val(c->from, path, value, n, H5P_DEFAULT) >= 0;
    H5L_info_t found;
    const char *file, *object;
    if (!is_good) {
        refuse(c, path, "it cannot be read");
    } else if (!c->is_trial && exists(c->to, path)) {
        if (H5Lget_info(c->to, path, &found, H5P_DEFAULT) < 0 || found.type != link->type || found.u.val_size != n ||
            H5Lget_val(c->to, path, there, n, H5P_DEFAULT) < 0 || memcmp(value, there, n) != 0)
            refuse(c, path, "another file's differs from it");
    } else if (!c->is_trial) {
        if (link->type == H5L_TYPE_SOFT)
            is_good = H5Lcreate_soft(value, c->to, path, c->links, H5P_DEFAULT) >= 0;
        else if (link->type == H5L_TYPE_EXTERNAL)
            is_good = H5Lunpack_elink_val(value, n, NULL, &file, &object) >= 0 &&
                      H5Lcreate_external(file, object, c->to, path, c->links, H5P_DEFAULT) >= 0;
        else
            is_good = H5Lcreate_ud(c->to, path, link->type, value, n, c->links, H5P_DEFAULT) >= 0;
        if (!is_good)
            refuse_failed(c, path);
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
    char *path = join(c, walk->path, '/', name);
    if (path && link->type == H5L_TYPE_HARD)
        carry_hard_link(c, path);
    else if (path)
        carry_named_link(c, path, link);
    free(path);
    return c->error->code ? -1 : 0;
}

static enum error_code walk_group(struct carrier *c, hid_t group, const char *path)
{
    struct walk walk = {c, path};
    /* In native order: text_heaps.c. */
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, visit_link, &walk) < 0 && !c->error->code)
        return results_hdf5_error(c->error, "%s: reading group %s", c->path, path);
    return c->error->code;
}

/* ---- then, what is theirs: attributes, axes, references ---- */

static bool attribute_equals(hid_t attribute, hid_t object, const char *name)
{
    hid_t other = H5Aopen(object, name, H5P_DEFAULT);
    struct values a, b;
    bool is_good = values_of_attribute(&a, attribute);
    if (other >= 0) {
        is_good = values_of_attribute(&b, other) && is_good && H5Tequal(a.type, b.type) > 0 &&
                  H5Sextent_equal(a.space, b.space) > 0 && values_equal(a.type, a.bytes, b.bytes, a.n);
        values_free(&b);
        H5Aclose(other);
    }
    values_free(&a);
    return other >= 0 && is_good;
}

/* An attribute of picky's: the draft's is right. Somebody may have changed the old one. */
static enum error_code note_changed(struct carrier *c, hid_t attribute, const char *path, const char *full_name)
{
    const char *name = full_name + strlen(path) + 1;
    /* Name and layout of the sweep may differ between parts. */
    bool is_other_text = strcmp(path, "/") == 0 && c->path != c->carry->paths[0];
    if (c->schema < RESULTS_SCHEMA_VERSION || is_other_text || is_provenance(path) || !exists(c->reference, path))
        return ERROR_NONE;
    hid_t object = H5Oopen(c->reference, path, H5P_DEFAULT);
    bool is_same = object >= 0 && attribute_equals(attribute, object, name);
    if (object >= 0)
        H5Oclose(object);
    return is_same ? ERROR_NONE : add_name(c, &c->changed, full_name);
}

static bool write_attribute(struct carrier *c, hid_t object, const char *name, const struct values *values)
{
    hid_t type = type_for(c, values->type), creation = H5Pcreate(H5P_ATTRIBUTE_CREATE);
    hid_t made = H5I_INVALID_HID;
    if (type >= 0 && creation >= 0 && H5Pset_char_encoding(creation, H5T_CSET_UTF8) >= 0)
        made = H5Acreate2(object, name, type, values->space, creation, H5P_DEFAULT);
    bool is_done = made >= 0 && (values->n == 0 || H5Awrite(made, values->type, values->bytes) >= 0);
    if (made >= 0)
        H5Aclose(made);
    if (creation >= 0)
        H5Pclose(creation);
    if (type >= 0)
        H5Tclose(type);
    return is_done;
}

static enum error_code carry_new_attribute(struct carrier *c, hid_t attribute, const char *path, const char *full_name)
{
    const char *name = full_name + strlen(path) + 1;
    struct translation t = translation(c);
    struct values values, there = {H5I_INVALID_HID, H5I_INVALID_HID, 0, NULL};
    hid_t object = c->is_trial ? H5I_INVALID_HID : H5Oopen(c->to, path, H5P_DEFAULT);
    hid_t other = H5I_INVALID_HID;
    if (!values_of_attribute(&values, attribute)) {
        refuse(c, full_name, "it cannot be read");
    } else if (!values_translate(&t, values.type, values.bytes, values.n)) {
        if (t.reason)
            refuse(c, full_name, "%s", t.reason);
        else
            refuse_failed(c, full_name);
    } else if (object >= 0 && H5Aexists(object, name) > 0) {
        other = H5Aopen(object, name, H5P_DEFAULT);
        if (other < 0 || !values_of_attribute(&there, other) || H5Tequal(values.type, there.type) <= 0 ||
            H5Sextent_equal(values.space, there.space) <= 0 ||
            !values_equal(values.type, values.bytes, there.bytes, values.n))
            refuse(c, full_name, "another file's differs from it");
    } else if (!c->is_trial && (object < 0 || !write_attribute(c, object, name, &values))) {
        refuse_failed(c, full_name);
    }
    values_free(&there);
    values_free(&values);
    if (other >= 0)
        H5Aclose(other);
    if (object >= 0)
        H5Oclose(object);
    return c->error->code;
}

struct attributes {
    struct carrier *c;
    const struct place *place;
};

static herr_t visit_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context)
{
    const struct attributes *of = context;
    struct carrier *c = of->c;
    const struct place *place = of->place;
    (void)info;
    bool is_scale = strcmp(name, "CLASS") == 0 || strcmp(name, "NAME") == 0;
    if (IS_IN(name, internal_attributes) && (place->is_own || !is_scale))
        return 0;
    char *full_name = join(c, place->path, '@', name);
    bool is_older = c->schema == 1 && !is_provenance(place->path) && !IS_IN(name, first_attributes);
    bool is_own = place->is_own && is_own_attribute(c, place->path, name);
    hid_t attribute = full_name ? H5Aopen(object, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (full_name && is_own && !is_older)
        note_changed(c, attribute, place->path, full_name);
    else if (full_name && !is_dropped(c, full_name) && place->is_made) {
        if (attribute < 0)
            refuse(c, full_name, "it cannot be read");
        else if (is_own)
            refuse(c, full_name, "picky writes something of that name itself");
        else
            carry_new_attribute(c, attribute, place->path, full_name);
    }
    if (attribute >= 0)
        H5Aclose(attribute);
    free(full_name);
    return c->error->code ? -1 : 0;
}

/* The scales of a dataset's axes, and what its references point to. */
static enum error_code carry_relations(struct carrier *c, hid_t object, const struct place *place)
{
    bool is_axis_changed = false, has_references = dataset_has_references(object), is_same = true;
    struct translation t = translation(c);
    hid_t there = c->is_trial ? H5I_INVALID_HID : H5Dopen2(c->to, place->path, H5P_DEFAULT);
    if (!c->is_trial && there < 0)
        return refuse_failed(c, place->path);
    if (!visit_axes(c, object, there, &is_axis_changed))
        refuse_failed(c, place->path);
    else if (is_axis_changed)
        refuse(c, place->path, "%s", c->reason);
    else if (has_references && !values_transfer(&t, object, there, place->was_there ? &is_same : NULL)) {
        if (t.reason)
            refuse(c, place->path, "%s", t.reason);
        else
            refuse_failed(c, place->path);
    } else if (!is_same) {
        refuse(c, place->path, "another file's differs from it");
    }
    if (there >= 0)
        H5Dclose(there);
    return c->error->code;
}

static enum error_code carry_rest(struct carrier *c, size_t i)
{
    struct place *place = &c->places[i];
    struct attributes of = {c, place};
    hid_t object = H5Oopen(c->from, place->path, H5P_DEFAULT);
    if (object >= 0 && !place->is_own && H5Iget_type(object) == H5I_DATASET)
        carry_relations(c, object, place);
    if (object >= 0 && !c->error->code &&
        H5Aiterate2(object, H5_INDEX_CRT_ORDER, H5_ITER_INC, NULL, visit_attribute, &of) < 0 && !c->error->code &&
        H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, visit_attribute, &of) < 0 && !c->error->code)
        refuse(c, place->path, "its attributes cannot be read");
    if (object >= 0)
        H5Oclose(object);
    return c->error->code;
}

/* ---- all of it ---- */

static int64_t read_schema(hid_t file)
{
    int64_t schema = 1;
    hid_t attribute = H5Aopen(file, "picky_schema_version", H5P_DEFAULT);
    if (attribute >= 0) {
        H5Aread(attribute, H5T_NATIVE_INT64, &schema);
        H5Aclose(attribute);
    }
    return schema;
}

static enum error_code carry_file(struct carrier *c, const char *path)
{
    int descriptor = -1;
    c->path = path;
    if (results_file_open(&descriptor, path, c->carry->access, c->error) ||
        results_read_open(&c->from, path, H5F_ACC_RDONLY, c->error)) {
        if (descriptor >= 0)
            close(descriptor);
        return c->error->code;
    }
    c->schema = read_schema(c->from);
    hid_t root = H5Gopen2(c->from, "/", H5P_DEFAULT);
    if (root < 0)
        results_hdf5_error(c->error, "%s: reading it", path);
    else if (!add_place(c, root, "/", (struct place){.is_own = true, .is_made = true}) &&
             H5Lvisit(c->reference, H5_INDEX_NAME, H5_ITER_NATIVE, note_own, c) < 0 && !c->error->code)
        results_hdf5_error(c->error, "%s: reading it", path);
    c->is_frame = true;
    if (!c->error->code && !walk_group(c, root, "/"))
        c->is_frame = false;
    if (!c->error->code && !walk_group(c, root, "/"))
        for (size_t i = 0; i < c->n_places && !c->error->code; i++)
            carry_rest(c, i);
    clear_places(c);
    if (root >= 0)
        H5Gclose(root);
    H5Fclose(c->from);
    close(descriptor);
    return c->error->code;
}

static enum error_code carry_files(struct carrier *c, bool is_trial)
{
    c->is_trial = is_trial;
    for (int i = 0; i < c->carry->n_paths && !c->error->code; i++)
        carry_file(c, c->carry->paths[i]);
    if (c->n_lines > LINES_MAX)
        fprintf(c->carry->lines, "picky: and %d more\n", c->n_lines - LINES_MAX);
    if (!c->error->code && c->n_lines > 0)
        error_set(c->error, ERROR_INPUT, "%s of what was added cannot be carried over; nothing has changed",
                  c->n_lines == 1 ? "a part" : "parts");
    return c->error->code;
}

static enum error_code check_drops(struct carrier *c)
{
    char list[ERROR_MESSAGE_MAX / 2];
    for (int i = 0; i < c->carry->n_drops; i++) {
        if (c->is_used[i])
            continue;
        list_names(&c->added, list, sizeof list);
        return error_set(c->error, ERROR_INPUT, "--drop %.200s: nobody has added that to %.200s%s; allowed: %s",
                         c->carry->drops[i], c->carry->paths[0], c->carry->n_paths > 1 ? " or the other files" : "",
                         *list ? list : "nothing, for nothing was added");
    }
    return ERROR_NONE;
}

static void warn_of_changed(const struct carrier *c)
{
    char list[ERROR_MESSAGE_MAX / 2];
    if (c->changed.n == 0)
        return;
    list_names(&c->changed, list, sizeof list);
    fprintf(stderr,
            "picky: warning: %s: picky's own attributes are as picky writes them, what they were changed to is not "
            "kept: %s\n",
            c->carry->paths[0], list);
}

enum error_code results_carry(struct results *draft, const struct results_carry *carry, struct error *error)
{
    struct carrier c = {.carry = carry,
                        .path = carry->paths[0],
                        .from = H5I_INVALID_HID,
                        .to = draft->file,
                        .reference = H5I_INVALID_HID,
                        .links = H5Pcreate(H5P_LINK_CREATE),
                        .is_used = calloc((size_t)carry->n_drops + 1, sizeof *c.is_used),
                        .error = error};
    check(draft->temporary);
    if (!c.is_used || c.links < 0 || H5Pset_char_encoding(c.links, H5T_CSET_UTF8) < 0)
        out_of_memory(&c);
    else if (!make_reference(&c) && !carry_files(&c, true) && !check_drops(&c) && c.added.n > 0 &&
             !results_reopen_begin(draft, &c.to, error)) {
        carry_files(&c, false);
        results_reopen_end(draft, c.to, error);
    }
    if (!error->code)
        warn_of_changed(&c);
    if (c.reference >= 0)
        H5Fclose(c.reference);
    if (c.links >= 0)
        H5Pclose(c.links);
    free_names(&c.added);
    free_names(&c.changed);
    free(c.places);
    free(c.is_used);
    return error->code;
}
