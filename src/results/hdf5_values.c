#include "hdf5_values.h"

#include "errors.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_AT_ONCE ((hsize_t)4 << 20)

bool values_have_references(hid_t type)
{
    return H5Tdetect_class(type, H5T_REFERENCE) > 0;
}

bool values_of_attribute(struct values *values, hid_t attribute)
{
    *values = (struct values){H5Aget_type(attribute), H5Aget_space(attribute), 0, NULL};
    hssize_t n = values->space < 0 ? -1 : H5Sget_simple_extent_npoints(values->space);
    size_t size = values->type < 0 ? 0 : H5Tget_size(values->type);
    if (n < 0 || size == 0)
        return false;
    if (n == 0)
        return true;
    values->bytes = calloc((size_t)n, size);
    if (!values->bytes || H5Aread(attribute, values->type, values->bytes) < 0)
        return false;
    values->n = (size_t)n;
    return true;
}

void values_free(struct values *values)
{
    if (values->n > 0)
        H5Dvlen_reclaim(values->type, values->space, H5P_DEFAULT, values->bytes);
    free(values->bytes);
    if (values->space >= 0)
        H5Sclose(values->space);
    if (values->type >= 0)
        H5Tclose(values->type);
}

/* What is done to each pair of values: a type's parts, one after another. */
struct walk {
    struct translation *translation; /* NULL: they are compared */
};

static bool visit(const struct walk *walk, hid_t type, void *a, const void *b, size_t n);

/* What a reference stands for in the other file takes its place; one to nothing stays. */
static bool translate_reference(struct translation *t, hid_t type, unsigned char *value)
{
    static const unsigned char nothing[64] = {0};
    bool is_region = H5Tequal(type, H5T_STD_REF_DSETREG) > 0;
    if (!is_region && H5Tequal(type, H5T_STD_REF_OBJ) <= 0) {
        t->reason = "it has references of a kind that is not known here";
        return false;
    }
    size_t size = H5Tget_size(type);
    if (size > sizeof nothing || memcmp(value, nothing, size) == 0)
        return true;
    H5R_type_t kind = is_region ? H5R_DATASET_REGION : H5R_OBJECT;
    hid_t object = H5Rdereference2(t->from, H5P_DEFAULT, kind, value);
    if (object < 0) {
        t->reason = "it has a reference to what is not there";
        return false;
    }
    const char *path = t->find(t->context, object, is_region, &t->reason);
    hid_t region = path && is_region ? H5Rget_region(object, kind, value) : H5I_INVALID_HID;
    H5Oclose(object);
    bool is_done =
        path && (!is_region || region >= 0) && (t->is_trial || H5Rcreate(value, t->to, path, kind, region) >= 0);
    if (region >= 0)
        H5Sclose(region);
    return is_done;
}

static bool visit_members(const struct walk *walk, hid_t type, char *a, const char *b)
{
    int n = H5Tget_nmembers(type);
    bool is_good = n >= 0;
    for (int i = 0; i < n && is_good; i++) {
        hid_t member = H5Tget_member_type(type, (unsigned)i);
        size_t offset = H5Tget_member_offset(type, (unsigned)i);
        is_good = member >= 0 && visit(walk, member, a + offset, b ? b + offset : NULL, 1);
        if (member >= 0)
            H5Tclose(member);
    }
    return is_good;
}

static bool visit_array(const struct walk *walk, hid_t type, hid_t base, void *a, const void *b)
{
    size_t size = H5Tget_size(base);
    return size > 0 && visit(walk, base, a, b, H5Tget_size(type) / size);
}

static bool visit_list(const struct walk *walk, hid_t base, void *a, const void *b)
{
    hvl_t x, y;
    memcpy(&x, a, sizeof x);
    if (b) {
        memcpy(&y, b, sizeof y);
        if (x.len != y.len)
            return false;
    }
    return x.len == 0 || visit(walk, base, x.p, b ? y.p : NULL, x.len);
}

static bool equal_texts(const void *a, const void *b)
{
    const char *x, *y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return strcmp(x ? x : "", y ? y : "") == 0;
}

static bool visit_one(const struct walk *walk, hid_t type, H5T_class_t class, hid_t base, void *a, const void *b)
{
    if (class == H5T_COMPOUND)
        return visit_members(walk, type, a, b);
    if (class == H5T_ARRAY)
        return visit_array(walk, type, base, a, b);
    if (class == H5T_VLEN)
        return visit_list(walk, base, a, b);
    if (walk->translation)
        return class != H5T_REFERENCE || translate_reference(walk->translation, type, a);
    check(b); /* only a translation has none */
    return H5Tis_variable_str(type) > 0 ? equal_texts(a, b) : memcmp(a, b, H5Tget_size(type)) == 0;
}

static bool visit(const struct walk *walk, hid_t type, void *a, const void *b, size_t n)
{
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type);
    hid_t base = class == H5T_ARRAY || class == H5T_VLEN ? H5Tget_super(type) : H5I_INVALID_HID;
    bool is_good = size > 0 && (base >= 0 || (class != H5T_ARRAY && class != H5T_VLEN));
    for (size_t i = 0; i < n && is_good; i++)
        is_good = visit_one(walk, type, class, base, (char *)a + i * size, b ? (const char *)b + i * size : NULL);
    if (base >= 0)
        H5Tclose(base);
    return is_good;
}

bool values_translate(struct translation *translation, hid_t type, void *values, size_t n)
{
    const struct walk walk = {translation};
    return !values_have_references(type) || visit(&walk, type, values, NULL, n);
}

bool values_equal(hid_t type, const void *a, const void *b, size_t n)
{
    const struct walk walk = {NULL};
    return visit(&walk, type, (void *)(uintptr_t)a, b, n);
}

/* A piece of a dataset that is transferred: rows along its first axis; all of it if it has none. */
static bool transfer_piece(struct translation *t, hid_t from, hid_t to, hid_t file_space, struct values *piece,
                           bool *is_same)
{
    size_t size = H5Tget_size(piece->type);
    piece->bytes = calloc(piece->n, size);
    void *there = is_same ? calloc(piece->n, size) : NULL;
    bool is_good = piece->bytes && (!is_same || there) &&
                   H5Dread(from, piece->type, piece->space, file_space, H5P_DEFAULT, piece->bytes) >= 0 &&
                   values_translate(t, piece->type, piece->bytes, piece->n);
    if (is_good && !t->is_trial && is_same) {
        is_good = H5Dread(to, piece->type, piece->space, file_space, H5P_DEFAULT, there) >= 0;
        *is_same = is_good && values_equal(piece->type, piece->bytes, there, piece->n);
        if (is_good)
            H5Dvlen_reclaim(piece->type, piece->space, H5P_DEFAULT, there);
    } else if (is_good && !t->is_trial) {
        is_good = H5Dwrite(to, piece->type, piece->space, file_space, H5P_DEFAULT, piece->bytes) >= 0;
    }
    if (piece->bytes)
        H5Dvlen_reclaim(piece->type, piece->space, H5P_DEFAULT, piece->bytes);
    free(piece->bytes);
    free(there);
    return is_good;
}

bool values_transfer(struct translation *translation, hid_t from, hid_t to, bool *is_same)
{
    hsize_t size[H5S_MAX_RANK] = {1}, start[H5S_MAX_RANK] = {0};
    hid_t type = H5Dget_type(from), space = H5Dget_space(from);
    int n_axes = space < 0 ? -1 : H5Sget_simple_extent_dims(space, size, NULL);
    hssize_t n = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    bool is_good = type >= 0 && n_axes >= 0 && n >= 0 && H5Tget_size(type) > 0;
    if (is_same)
        *is_same = true;
    if (is_good && n > 0) {
        hsize_t n_rows = size[0], n_row = (hsize_t)n / n_rows, at_once = BYTES_AT_ONCE / (n_row * H5Tget_size(type));
        at_once = at_once < 1 ? 1 : at_once;
        for (hsize_t row = 0; row < n_rows && is_good && (!is_same || *is_same); row += at_once) {
            start[0] = row;
            size[0] = n_rows - row < at_once ? n_rows - row : at_once;
            hsize_t n_piece = size[0] * n_row;
            struct values piece = {type, H5Screate_simple(1, &n_piece, NULL), (size_t)n_piece, NULL};
            is_good = piece.space >= 0 &&
                      (n_axes == 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL) >= 0) &&
                      transfer_piece(translation, from, to, space, &piece, is_same);
            if (piece.space >= 0)
                H5Sclose(piece.space);
        }
    }
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return is_good;
}
