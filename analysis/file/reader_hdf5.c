#include "reader_hdf5.h"

#include <stdio.h>
#include <string.h>

static herr_t keep_first(unsigned n, const H5E_error2_t *entry, void *text)
{
    if (n == 0)
        snprintf(text, 200, "%s", entry->desc ? entry->desc : "");
    return 0;
}

enum error_code reader_damaged(const char *path, const char *what, struct error *error)
{
    char reason[200] = "";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, reason);
    H5Eclear2(H5E_DEFAULT);
    return error_set(error, ERROR_INPUT, "%s: damaged or incomplete file: %s%s%s%s", path, what,
                     *reason ? " (HDF5: " : "", reason, *reason ? ")" : "");
}

enum error_code reader_no_memory(const char *path, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory", path);
}

char *reader_text_attribute(hid_t object, const char *name)
{
    char *text = NULL, *copy = NULL;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    hid_t type = attribute < 0 ? H5I_INVALID_HID : H5Aget_type(attribute);
    hid_t space = attribute < 0 ? H5I_INVALID_HID : H5Aget_space(attribute);
    if (type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0 &&
        H5Sget_simple_extent_npoints(space) == 1 && H5Aread(attribute, type, &text) >= 0 && text)
        copy = strdup(text);
    if (text)
        H5free_memory(text);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (attribute >= 0)
        H5Aclose(attribute);
    H5Eclear2(H5E_DEFAULT);
    return copy;
}
