#include "scales.h"

#include "hdf5_access.h"
#include "read.h"
#include "schema.h"

#include <endian.h>
#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Looks whether a scale of an axis is the one of the path: 1 then. */
static herr_t is_at_path(hid_t array, unsigned axis, hid_t scale, void *path)
{
    (void)array;
    (void)axis;
    char found[128] = "";
    ssize_t length = H5Iget_name(scale, found, sizeof found);
    return length < 0 ? -1 : length < (ssize_t)sizeof found && strcmp(found, path) == 0;
}

/* That each axis [n] of a variable has the scale that picky gave it, perhaps beside others of users'. */
static enum error_code check_variable(hid_t file, const char *path, const char *name, int n, const char *const *scales,
                                      struct error *error)
{
    hid_t variable = H5Dopen2(file, name, H5P_DEFAULT);
    enum error_code code = variable < 0 ? results_damaged(error, path, "it has no array %s", name) : ERROR_NONE;
    for (int axis = 0; axis < n && !code; axis++) {
        char path_of_scale[128];
        snprintf(path_of_scale, sizeof path_of_scale, "%s", scales[axis]);
        if (H5DSget_num_scales(variable, (unsigned)axis) < 1 ||
            H5DSiterate_scales(variable, (unsigned)axis, NULL, is_at_path, path_of_scale) != 1)
            code = results_damaged(error, path, "axis %d of its array %s is not %s", axis, name, scales[axis] + 1);
    }
    if (variable >= 0)
        H5Dclose(variable);
    return code;
}

/* Reads a dataset along one dimension, of `n` values; false if that fails or it has another type or size. Texts are
 * pointers, for H5Dvlen_reclaim. */
static bool read_values(hid_t dataset, hid_t type, hid_t space, size_t n, void *values)
{
    hid_t own_type = H5Dget_type(dataset), own_space = H5Dget_space(dataset);
    bool is_good = own_type >= 0 && own_space >= 0 && H5Tequal(own_type, type) > 0 &&
                   H5Sget_simple_extent_npoints(own_space) == (hssize_t)n &&
                   H5Dread(dataset, type, space, space, H5P_DEFAULT, values) >= 0;
    if (own_space >= 0)
        H5Sclose(own_space);
    if (own_type >= 0)
        H5Tclose(own_type);
    return is_good;
}

/* Whether a dataset of the file has the values of another, along one dimension. */
static bool has_values(hid_t dataset, hid_t reference)
{
    hid_t type = H5Dget_type(reference), space = H5Dget_space(reference);
    size_t n = space < 0 ? 0 : (size_t)H5Sget_simple_extent_npoints(space), size = type < 0 ? 0 : H5Tget_size(type);
    bool are_texts = type >= 0 && H5Tis_variable_str(type) > 0, is_good = n > 0 && size > 0;
    char *found = is_good ? calloc(n, size) : NULL, *expected = is_good ? calloc(n, size) : NULL;
    is_good = found && expected && read_values(dataset, type, space, n, found) &&
              read_values(reference, type, space, n, expected);
    for (size_t i = 0; is_good && i < n; i++) {
        const char *a = found + i * size, *b = expected + i * size;
        if (are_texts) {
            memcpy(&a, found + i * size, sizeof a);
            memcpy(&b, expected + i * size, sizeof b);
            is_good = a && b && strcmp(a, b) == 0;
        } else {
            is_good = memcmp(a, b, size) == 0;
        }
    }
    if (are_texts && found && expected) {
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, found);
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, expected);
    }
    free(found);
    free(expected);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return is_good;
}

/* A file in memory with the coordinates that a new one of this description has, and no arrays; the caller closes it. */
static enum error_code make_reference(hid_t *reference, const struct results_description *description,
                                      struct error *error)
{
    struct record_layout layout = *description->layout;
    struct results_description small = *description;
    for (int f = 0; f < N_FIELDS; f++)
        layout.offset[f] = UINT64_MAX;
    small.layout = &layout;
    small.n_configs = 1;
    small.replicates = 1;
    hid_t creation = results_schema_creation(), access = H5Pcreate(H5P_FILE_ACCESS);
    *reference = H5I_INVALID_HID;
    if (creation >= 0 && access >= 0 && H5Pset_fapl_core(access, 1 << 20, false) >= 0)
        *reference = H5Fcreate("coordinates", H5F_ACC_TRUNC, creation, access);
    enum error_code code = *reference < 0 ? results_hdf5_error(error, "preparing coordinates to compare with")
                                          : results_schema_write(*reference, &small, error);
    if (access >= 0)
        H5Pclose(access);
    if (creation >= 0)
        H5Pclose(creation);
    return code;
}

/* Whether an array of the file lies along a dimension. */
static bool is_used(const struct record_layout *layout, int dimension)
{
    for (int f = 0; f < N_FIELDS; f++)
        for (int d = 0; layout->offset[f] != UINT64_MAX && d < record_fields[f].n_dimensions; d++)
            if ((int)record_fields[f].dimensions[d] == dimension)
                return true;
    return false;
}

/* That the coordinates of the file's dimensions are those that picky gave it. */
static enum error_code check_coordinates(hid_t file, const char *path, const struct results_description *description,
                                         struct error *error)
{
    hid_t reference;
    enum error_code code = make_reference(&reference, description, error);
    for (int d = 0; d < N_DIMENSIONS && !code; d++) {
        const char *name = dimension_names[d];
        /* Programs that copy arrays (ncks) leave out what none lies along. */
        bool is_left_out = !is_used(description->layout, d) && H5Lexists(file, name, H5P_DEFAULT) == 0;
        if (description->layout->size[d] == 0 || is_left_out)
            continue;
        hid_t found = H5Dopen2(file, name, H5P_DEFAULT), expected = H5Dopen2(reference, name, H5P_DEFAULT);
        if (found < 0 || expected < 0 || !has_values(found, expected))
            code = results_damaged(error, path, "its coordinate %s is not what picky writes", name);
        if (expected >= 0)
            H5Dclose(expected);
        if (found >= 0)
            H5Dclose(found);
    }
    if (reference >= 0)
        H5Fclose(reference);
    return code;
}

/* That context_layer, which nothing is computed from, says what context_location does. */
static enum error_code check_context_layer(hid_t file, const char *path, const struct results_description *description,
                                           struct error *error)
{
    size_t n = description->n_configs;
    hsize_t size = n;
    int64_t *layers = malloc(n * sizeof *layers);
    if (!layers)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    hid_t dataset = H5Dopen2(file, "context_layer", H5P_DEFAULT), space = H5Screate_simple(1, &size, NULL);
    bool is_good = dataset >= 0 && space >= 0 && read_values(dataset, H5T_STD_I64LE, space, n, layers);
    for (size_t i = 0; is_good && i < n; i++)
        is_good = (int64_t)le64toh((uint64_t)layers[i]) == hyperparameters_context_layer(&description->configs[i]);
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    free(layers);
    return is_good ? ERROR_NONE : results_damaged(error, path, "its variable context_layer is not what picky writes");
}

/* The lists of tasks, and that n_tasks says what they do. A file from before them has none. */
static enum error_code check_tasks(hid_t file, const char *path, const struct results_description *description,
                                   struct error *error)
{
    static const char *const in_config[] = {"/config"}, *const in_list[] = {"/list", "/task"};
    struct results_header header;
    size_t n = description->n_configs;
    const hsize_t size = n;
    if (results_read_header(file, path, &header, error))
        return error->code;
    if (header.version == 1 || H5Lexists(file, "task_list", H5P_DEFAULT) <= 0)
        return ERROR_NONE;
    if (check_variable(file, path, "task_list", 1, in_config, error) ||
        check_variable(file, path, "n_tasks", 1, in_config, error) ||
        check_variable(file, path, "tasks", 1, in_list, error) ||
        check_variable(file, path, "task_formula", 2, in_list, error) ||
        check_variable(file, path, "task_name", 2, in_list, error))
        return error->code;
    uint8_t *n_tasks = malloc(n);
    if (!n_tasks)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    hid_t dataset = H5Dopen2(file, "n_tasks", H5P_DEFAULT), space = H5Screate_simple(1, &size, NULL);
    bool is_good = dataset >= 0 && space >= 0 && read_values(dataset, H5T_STD_U8LE, space, n, n_tasks);
    for (size_t i = 0; is_good && i < n; i++)
        is_good = n_tasks[i] == hyperparameters_n_tasks(&description->configs[i]);
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    free(n_tasks);
    return is_good ? ERROR_NONE : results_damaged(error, path, "its variable n_tasks is not what picky writes");
}

/* The same of layer_size; a file of schema 1 has none. */
static enum error_code check_layer_sizes(hid_t file, const char *path, const struct results_description *description,
                                         struct error *error)
{
    struct results_header header;
    if (results_read_header(file, path, &header, error))
        return error->code;
    if (header.version == 1) /* what has that name there is somebody's */
        return ERROR_NONE;
    size_t n_layers = description->layout->size[DIMENSION_LAYER], n = description->n_configs * n_layers;
    const hsize_t size[2] = {description->n_configs, n_layers};
    int32_t *sizes = malloc(n * sizeof *sizes);
    if (!sizes)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    enum error_code code = check_variable(file, path, "layer_size", 2, (const char *[]){"/config", "/layer"}, error);
    hid_t dataset = H5Dopen2(file, "layer_size", H5P_DEFAULT), space = H5Screate_simple(2, size, NULL);
    bool is_good = dataset >= 0 && space >= 0 && read_values(dataset, H5T_STD_I32LE, space, n, sizes);
    for (size_t i = 0; is_good && i < n; i++) {
        const struct hyperparameters *h = &description->configs[i / n_layers];
        is_good = (int32_t)le32toh((uint32_t)sizes[i]) ==
                  ((int64_t)(i % n_layers) < h->hidden_layers ? (int32_t)h->hidden_size : 0);
    }
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    free(sizes);
    if (!code && !is_good)
        code = results_damaged(error, path, "its variable layer_size is not what picky writes");
    return code;
}

enum error_code results_check_scales(const char *path, const struct results_description *description,
                                     struct error *error)
{
    const struct record_layout *layout = description->layout;
    results_hdf5_start();
    hid_t file;
    enum error_code code = results_read_open(&file, path, H5F_ACC_RDONLY, error);
    for (int row = 0; row < n_hyperparameters && !code; row++)
        if (hyperparameter_table[row].type != HYPERPARAMETER_TASKS &&
            (hyperparameter_table[row].since == 1 || H5Lexists(file, hyperparameter_table[row].name, H5P_DEFAULT) > 0))
            code = check_variable(file, path, hyperparameter_table[row].name, 1, (const char *[]){"/config"}, error);
    for (int f = 0; f < N_FIELDS && !code; f++) {
        const struct field_description *field = &record_fields[f];
        char name[96], own[FIELD_DIMENSIONS_MAX][64];
        const char *scales[FIELD_AXES_MAX] = {"/config", "/replicate"};
        int n = 2;
        if (layout->offset[f] == UINT64_MAX)
            continue;
        snprintf(name, sizeof name, "%s%s", field->is_provenance ? RESULTS_PROVENANCE "/" : "", field->name);
        for (int d = 0; d < field->n_dimensions; d++) {
            snprintf(own[d], sizeof own[d], "/%s", dimension_names[field->dimensions[d]]);
            scales[n++] = own[d];
        }
        if (field->type == FIELD_TEXT)
            scales[n++] = "/" RESULTS_PROVENANCE "/character";
        code = check_variable(file, path, name, n, scales, error);
    }
    if (!code && !(code = check_coordinates(file, path, description, error)) &&
        !(code = check_context_layer(file, path, description, error)) &&
        !(code = check_tasks(file, path, description, error)))
        code = check_layer_sizes(file, path, description, error);
    if (file >= 0)
        H5Fclose(file);
    return code;
}
