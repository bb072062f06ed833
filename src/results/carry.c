#include "carry.h"

#include "carrier.h"
#include "carry_objects.h"
#include "carry_own.h"
#include "file.h"
#include "first_texts.h"
#include "hdf5_access.h"
#include "read.h"
#include "schema.h"
#include "state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Attributes of those names that objects have had since schema 2 only. */
static const char *const later_attributes[] = {"/epoch@units",
                                               "/task@units",
                                               "/layer@units",
                                               "/hidden_layer@units",
                                               "/provenance/end_time@long_name",
                                               "/provenance/run_time@long_name",
                                               "/provenance/job_rate@long_name",
                                               "/provenance/busy_share@long_name",
                                               "/provenance/lane_occupancy@long_name",
                                               "/provenance/rejected_at_start_share@long_name",
                                               "/provenance/longest_wait@long_name",
                                               "/provenance/tail@long_name",
                                               "/provenance@sweep_original"};

static bool is_in(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}
#define IS_IN(name, list) is_in(name, list, sizeof(list) / sizeof(list)[0])

/* ---- then, what is theirs: attributes, axes, references ---- */

/* The i-th of values of a text type, of whatever length, and *n bytes of it without padding. */
static const char *text_at(const struct values *values, size_t i, size_t *n)
{
    size_t size = H5Tget_size(values->type);
    const char *text = (const char *)values->bytes + i * size;
    if (H5Tis_variable_str(values->type) > 0) {
        const char *pointer;
        memcpy(&pointer, text, sizeof pointer);
        *n = pointer ? strlen(pointer) : 0;
        return pointer;
    }
    *n = strnlen(text, size);
    while (H5Tget_strpad(values->type) == H5T_STR_SPACEPAD && *n > 0 && text[*n - 1] == ' ')
        --*n;
    return text;
}

/* Whether they say the same. Other tools write one value as a list of one, and texts with another length, padding or
 * encoding. */
static bool mean_the_same(const struct values *a, const struct values *b)
{
    if (a->n != b->n || (a->n != 1 && H5Sextent_equal(a->space, b->space) <= 0))
        return false;
    if (H5Tget_class(a->type) != H5T_STRING || H5Tget_class(b->type) != H5T_STRING)
        return H5Tequal(a->type, b->type) > 0 && values_equal(a->type, a->bytes, b->bytes, a->n);
    for (size_t i = 0; i < a->n; i++) {
        size_t n_a, n_b;
        const char *of_a = text_at(a, i, &n_a), *of_b = text_at(b, i, &n_b);
        if (n_a != n_b || (n_a > 0 && memcmp(of_a, of_b, n_a) != 0))
            return false;
    }
    return true;
}

static bool attribute_equals(hid_t attribute, hid_t object, const char *name)
{
    hid_t other = H5Aopen(object, name, H5P_DEFAULT);
    struct values a, b;
    bool is_good = values_of_attribute(&a, attribute);
    if (other >= 0) {
        is_good = values_of_attribute(&b, other) && is_good && mean_the_same(&a, &b);
        values_free(&b);
        H5Aclose(other);
    }
    values_free(&a);
    return other >= 0 && is_good;
}

/* Whether an attribute is one text, and this. */
static bool has_text(hid_t attribute, const char *text)
{
    struct values values;
    size_t n = 0;
    bool is_it = values_of_attribute(&values, attribute) && values.n == 1 && H5Tget_class(values.type) == H5T_STRING;
    const char *found = is_it ? text_at(&values, 0, &n) : NULL;
    is_it = found && n == strlen(text) && memcmp(found, text, n) == 0;
    values_free(&values);
    return is_it;
}

/* An attribute of picky's: the draft's is right. Somebody may have changed the old one. */
static enum error_code note_changed(struct carrier *c, hid_t attribute, const char *path, const char *full_name)
{
    const char *name = full_name + strlen(path) + 1;
    /* Name and layout of the sweep may differ between parts. */
    bool is_other_text = strcmp(path, "/") == 0 && c->path != c->carry->paths[0];
    bool is_version = strcmp(full_name, "/@picky_schema_version") == 0;
    if (is_version || is_other_text || carry_own_provenance(path) || !carrier_exists(c->reference, path))
        return ERROR_NONE;
    const char *first = c->schema == 1 ? first_text(full_name) : NULL;
    hid_t object = H5Oopen(c->reference, path, H5P_DEFAULT);
    bool is_same = first ? has_text(attribute, first) : object >= 0 && attribute_equals(attribute, object, name);
    if (object >= 0)
        H5Oclose(object);
    return is_same ? ERROR_NONE : carrier_add_name(c, &c->changed, full_name);
}

static bool write_attribute(struct carrier *c, hid_t object, const char *name, const struct values *values)
{
    hid_t type = carry_type(c, values->type), creation = H5Pcreate(H5P_ATTRIBUTE_CREATE);
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
    struct translation t = carry_translation(c);
    struct values values, there = {H5I_INVALID_HID, H5I_INVALID_HID, 0, NULL};
    hid_t object = c->is_trial ? H5I_INVALID_HID : H5Oopen(c->to, path, H5P_DEFAULT);
    hid_t other = H5I_INVALID_HID;
    if (!values_of_attribute(&values, attribute)) {
        carrier_refuse(c, full_name, "it cannot be read");
    } else if (!values_translate(&t, values.type, values.bytes, values.n)) {
        if (t.reason)
            carrier_refuse(c, full_name, "%s", t.reason);
        else
            carrier_refuse_failed(c, full_name);
    } else if (object >= 0 && H5Aexists(object, name) > 0) {
        other = H5Aopen(object, name, H5P_DEFAULT);
        if (other < 0 || !values_of_attribute(&there, other) || H5Tequal(values.type, there.type) <= 0 ||
            H5Sextent_equal(values.space, there.space) <= 0 ||
            !values_equal(values.type, values.bytes, there.bytes, values.n))
            carrier_refuse(c, full_name, "another file's differs from it, or cannot be compared with it");
    } else if (!c->is_trial && (object < 0 || !write_attribute(c, object, name, &values))) {
        carrier_refuse_failed(c, full_name);
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
    char *full_name = carrier_join(c, place->path, '@', name);
    bool is_first = carry_own_provenance(place->path) || IS_IN(name, first_attributes);
    bool is_older = c->schema == 1 && full_name && (!is_first || IS_IN(full_name, later_attributes));
    bool is_own = place->is_own && carry_own_attribute(c, place->path, name);
    hid_t attribute = full_name ? H5Aopen(object, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (full_name && is_own && !is_older)
        note_changed(c, attribute, place->path, full_name);
    else if (full_name && !carrier_drops(c, full_name) && place->is_made) {
        if (attribute < 0)
            carrier_refuse(c, full_name, "it cannot be read");
        else if (is_own)
            carrier_refuse(c, full_name, "picky writes something of that name itself");
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
    bool is_axis_changed = false, has_references = carry_has_references(object), is_same = true;
    struct translation t = carry_translation(c);
    hid_t there = c->is_trial ? H5I_INVALID_HID : H5Dopen2(c->to, place->path, H5P_DEFAULT);
    if (!c->is_trial && there < 0)
        return carrier_refuse_failed(c, place->path);
    if (!carry_visit_axes(c, object, there, &is_axis_changed))
        carrier_refuse_failed(c, place->path);
    else if (is_axis_changed)
        carrier_refuse(c, place->path, "%s", c->reason);
    else if (has_references && !values_transfer(&t, object, there, place->was_there ? &is_same : NULL)) {
        if (t.reason)
            carrier_refuse(c, place->path, "%s", t.reason);
        else
            carrier_refuse_failed(c, place->path);
    } else if (!is_same) {
        carrier_refuse(c, place->path, "another file's differs from it, or cannot be compared with it");
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
        carrier_refuse(c, place->path, "its attributes cannot be read");
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
    if (root < 0 || (!carrier_add_place(c, root, "/", (struct place){.is_own = true, .is_made = true}) &&
                     H5Lvisit(c->reference, H5_INDEX_NAME, H5_ITER_NATIVE, carry_own_note, c) < 0 && !c->error->code))
        results_hdf5_error(c->error, "%s: reading it", path);
    c->is_frame = true;
    if (!c->error->code && !carry_group(c, root, "/"))
        c->is_frame = false;
    if (!c->error->code && !carry_group(c, root, "/"))
        for (size_t i = 0; i < c->n_places && !c->error->code; i++)
            carry_rest(c, i);
    for (size_t i = 0; i < c->n_places && !c->error->code; i++)
        if (c->places[i].is_own && c->places[i].is_made)
            carry_own_scales(c, &c->places[i]);
    carrier_clear_places(c);
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
    if (c->n_lines > CARRIER_LINES_MAX)
        fprintf(c->carry->lines, "picky: and %d more\n", c->n_lines - CARRIER_LINES_MAX);
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
        carrier_list_names(&c->added, list, sizeof list);
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
    carrier_list_names(&c->changed, list, sizeof list);
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
        carrier_out_of_memory(&c);
    else if (!carry_own_reference(&c) && !carry_files(&c, true) && !check_drops(&c) && c.added.n > 0 &&
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
    carrier_free_names(&c.added);
    carrier_free_names(&c.changed);
    free(c.places);
    free(c.is_used);
    return error->code;
}
