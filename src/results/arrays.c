#include "arrays.h"

#include "hdf5_access.h"
#include "read.h"

#include <stdio.h>
#include <string.h>

static const struct results_array closed = {
    .dataset = H5I_INVALID_HID, .space = H5I_INVALID_HID, .type = H5I_INVALID_HID};

void results_arrays_clear(struct results_array arrays[N_FIELDS])
{
    for (int f = 0; f < N_FIELDS; f++)
        arrays[f] = closed;
}

enum error_code results_array_open(struct results_array *array, enum field f, hid_t file, const char *path,
                                   const struct record_layout *layout, uint64_t n_configs, uint64_t replicates,
                                   struct error *error)
{
    const struct field_description *field = &record_fields[f];
    char name[96];
    snprintf(name, sizeof name, "%s%s", field->is_provenance ? RESULTS_PROVENANCE "/" : "", field->name);
    int n_axes = 0;
    array->name = field->name;
    array->size[n_axes++] = n_configs;
    array->size[n_axes++] = replicates;
    for (int d = 0; d < field->n_dimensions; d++)
        array->size[n_axes++] = layout->size[field->dimensions[d]];
    if (field->type == FIELD_TEXT)
        array->size[n_axes++] = FIELD_TEXT_SIZE;
    array->n_axes = n_axes;
    array->n_bytes = layout->n_elements[f] * field_type_size(field->type);
    array->type = results_hdf5_memory_type(field->type);
    if (results_read_array(file, path, name, n_axes, array->size, field->type, &array->dataset, error))
        return error->code;
    array->space = H5Dget_space(array->dataset);
    if (array->type < 0 || array->space < 0)
        return results_hdf5_error(error, "%s: opening %s", path, name);
    return ERROR_NONE;
}

enum error_code results_arrays_open(struct results_array arrays[N_FIELDS], hid_t file, const char *path,
                                    const struct record_layout *layout, uint64_t n_configs, uint64_t replicates,
                                    struct error *error)
{
    haddr_t offset;
    for (int f = 0; f < N_FIELDS; f++)
        if (layout->offset[f] != UINT64_MAX &&
            (results_array_open(&arrays[f], (enum field)f, file, path, layout, n_configs, replicates, error) ||
             results_read_offset(arrays[f].dataset, path, arrays[f].name, &offset, error)))
            return error->code;
    return ERROR_NONE;
}

void results_array_close(struct results_array *array)
{
    if (array->space >= 0)
        H5Sclose(array->space);
    if (array->dataset >= 0)
        H5Dclose(array->dataset);
    if (array->type >= 0)
        H5Tclose(array->type);
    *array = closed;
}

void results_arrays_close(struct results_array arrays[N_FIELDS])
{
    for (int f = 0; f < N_FIELDS; f++)
        results_array_close(&arrays[f]);
}

/* Selects a rectangle in array->space, and makes a dataspace of its elements in memory, which the caller closes;
 * negative on failure. */
static hid_t select_rectangle(struct results_array *array, uint64_t config, uint64_t replicate, uint64_t stride,
                              size_t n_rows, size_t n_columns)
{
    hsize_t start[FIELD_AXES_MAX] = {config, replicate}, strides[FIELD_AXES_MAX];
    hsize_t count[FIELD_AXES_MAX] = {n_rows, n_columns};
    hsize_t n_elements = n_rows * n_columns * array->n_bytes / H5Tget_size(array->type);
    for (int axis = 0; axis < FIELD_AXES_MAX; axis++)
        strides[axis] = axis == 1 ? stride : 1;
    memcpy(count + 2, array->size + 2, sizeof count - 2 * sizeof count[0]);
    if (H5Sselect_hyperslab(array->space, H5S_SELECT_SET, start, strides, count, NULL) < 0)
        return H5I_INVALID_HID;
    return H5Screate_simple(1, &n_elements, NULL);
}

enum error_code results_array_read(struct results_array *array, const char *path, uint64_t config, uint64_t replicate,
                                   uint64_t stride, size_t n_rows, size_t n_columns, void *values, struct error *error)
{
    enum error_code code = ERROR_NONE;
    hid_t memory = select_rectangle(array, config, replicate, stride, n_rows, n_columns);
    if (memory < 0 || H5Dread(array->dataset, array->type, memory, array->space, H5P_DEFAULT, values) < 0)
        code = results_hdf5_error(error, "%s: reading %s", path, array->name);
    if (memory >= 0)
        H5Sclose(memory);
    return code;
}

enum error_code results_array_write(struct results_array *array, const char *path, uint64_t config, uint64_t replicate,
                                    size_t n_rows, size_t n_columns, const void *values, struct error *error)
{
    enum error_code code = ERROR_NONE;
    hid_t memory = select_rectangle(array, config, replicate, 1, n_rows, n_columns);
    if (memory < 0 || H5Dwrite(array->dataset, array->type, memory, array->space, H5P_DEFAULT, values) < 0)
        code = results_hdf5_error(error, "%s: writing %s", path, array->name);
    if (memory >= 0)
        H5Sclose(memory);
    return code;
}
