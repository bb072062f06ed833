/* Values of any HDF5 type, on their way from one file into another: read, compared, and references among them made to
 * point to what they stand for in the other file. Only this folder uses it. */
#ifndef PICKY_HDF5_VALUES_H
#define PICKY_HDF5_VALUES_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

/* Values in memory. */
struct values {
    hid_t type, space; /* of `bytes`: the file's own type */
    size_t n;
    void *bytes; /* [n], NULL if n is 0 */
};

/* What references are made to point to. */
struct translation {
    hid_t from, to;
    bool is_trial; /* only find out whether it can be done */
    /* The path in `to` of an object of `from`; NULL, and a reason, if it has none. */
    const char *(*find)(void *context, hid_t object, bool is_region, const char **reason);
    void *context;
    const char *reason; /* why a reference could not be translated; static or the context's */
};

/* Reads an attribute. To be followed by values_free, also if it fails. */
bool values_of_attribute(struct values *values, hid_t attribute);
void values_free(struct values *values);

bool values_have_references(hid_t type);
/* Translates the references among values [n]; false if one cannot be: translation->reason, or HDF5's error. */
bool values_translate(struct translation *translation, hid_t type, void *values, size_t n);
/* Whether two times n values of a type are the same: to the bit, texts and lists as they are. */
bool values_equal(hid_t type, const void *a, const void *b, size_t n);

/* Takes all values of a dataset of one file to a dataset of the same type and shape of the other, through memory, a few
 * MB at a time: writes them there, or compares them with what is there if is_same is not NULL; in a trial neither.
 * False if that fails, as values_translate. */
bool values_transfer(struct translation *translation, hid_t from, hid_t to, bool *is_same);

#endif
