#include "reader.h"

#include "reader_hdf5.h"
#include "text_heaps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIGS_AT_ONCE 4096
#define AXES_MAX        (FIELD_DIMENSIONS_MAX + 3) /* config, replicate and a text's characters are not in the table */

/* What HDF5 would only say in its own words. */
static enum error_code check_file(const char *path, struct error *error)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0) {
        error_set(error, ERROR_INPUT, "%s: %s", path, strerror(errno));
        goto done;
    }
    error->code = ERROR_NONE;
    if (!S_ISREG(info.st_mode))
        error_set(error, ERROR_INPUT, "%s: not a file", path);
    else if (info.st_size == 0)
        error_set(error, ERROR_INPUT, "%s: the file is empty", path);
done:
    if (fd >= 0)
        close(fd);
    return error->code;
}

static enum error_code open_file(struct reader *reader, struct error *error)
{
    if (check_file(reader->path, error))
        return error->code;

    htri_t is_hdf5 = H5Fis_hdf5(reader->path);
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
    H5Pset_file_locking(fapl, 0, 1); /* a sweep that is still writing holds the lock */
#endif
    error->code = ERROR_NONE;
    if (is_hdf5 <= 0)
        error_set(error, ERROR_INPUT, "%s: not an HDF5 file", reader->path);
    else if ((reader->handles->file = H5Fopen(reader->path, H5F_ACC_RDONLY, fapl)) < 0)
        reader_damaged(reader->path, "HDF5 cannot open it", error);
    H5Pclose(fapl);
    return error->code ? error->code : text_heaps_check(reader->handles->file, reader->path, error);
}

static enum error_code check_schema(const struct reader *reader, struct error *error)
{
    hid_t file = reader->handles->file, attribute = H5I_INVALID_HID, space = H5I_INVALID_HID, type = H5I_INVALID_HID;
    int64_t version = 0;

    htri_t exists = H5Aexists(file, "picky_schema_version");
    if (exists < 0)
        return reader_damaged(reader->path, "its attributes cannot be read", error);
    if (exists == 0)
        return error_set(error, ERROR_INPUT,
                         "%s: not a picky results file (an HDF5 file without the attribute picky_schema_version)",
                         reader->path);
    attribute = H5Aopen(file, "picky_schema_version", H5P_DEFAULT);
    space = attribute < 0 ? H5I_INVALID_HID : H5Aget_space(attribute);
    type = attribute < 0 ? H5I_INVALID_HID : H5Aget_type(attribute);
    if (space < 0 || type < 0 || H5Sget_simple_extent_npoints(space) != 1 || H5Tget_class(type) != H5T_INTEGER ||
        H5Aread(attribute, H5T_NATIVE_INT64, &version) < 0 || version < 1)
        reader_damaged(reader->path, "the attribute picky_schema_version is not a version number", error);
    else if (version > READER_SCHEMA_VERSION)
        error_set(error, ERROR_INPUT,
                  "%s: written by a newer picky (schema version %" PRId64
                  "; this picky-analyse knows %d): update picky",
                  reader->path, version, READER_SCHEMA_VERSION);
    else if (H5Aexists(file, "null_jobs") != 0)
        error_set(error, ERROR_INPUT, "%s: no results: its records are made up (picky run --null-jobs)", reader->path);
    else
        error->code = ERROR_NONE;

    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (attribute >= 0)
        H5Aclose(attribute);
    return error->code;
}

/* Opens a dataset and checks its class and its shape `size` [rank]; with size NULL any shape of that rank,
 * which goes to `found`. */
static enum error_code open_dataset(const struct reader *reader, const char *name, H5T_class_t class, int rank,
                                    const hsize_t *size, hsize_t *found, hid_t *dataset, struct error *error)
{
    hsize_t actual[AXES_MAX];
    char text[256];

    /* Asked before it is opened: HDF5 would only say that a component was not found. */
    if (H5Lexists(reader->handles->file, name, H5P_DEFAULT) <= 0) {
        H5Eclear2(H5E_DEFAULT);
        snprintf(text, sizeof text, "it has no array \"%s\"", name);
        return reader_damaged(reader->path, text, error);
    }
    check(rank <= AXES_MAX);
    *dataset = H5Dopen2(reader->handles->file, name, H5P_DEFAULT);
    if (*dataset < 0) {
        snprintf(text, sizeof text, "the array \"%s\" cannot be opened", name);
        return reader_damaged(reader->path, text, error);
    }
    hid_t space = H5Dget_space(*dataset), type = H5Dget_type(*dataset);
    bool good = space >= 0 && type >= 0 && H5Tget_class(type) == class && H5Sget_simple_extent_ndims(space) == rank &&
                H5Sget_simple_extent_dims(space, actual, NULL) == rank;
    for (int d = 0; good && d < rank; d++) {
        good = !size || actual[d] == size[d];
        if (found)
            found[d] = actual[d];
    }
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (good)
        return ERROR_NONE;
    H5Dclose(*dataset);
    *dataset = H5I_INVALID_HID;
    snprintf(text, sizeof text, "the array \"%s\" has an unexpected type or shape", name);
    return reader_damaged(reader->path, text, error);
}

static enum error_code read_status(struct reader *reader, struct error *error)
{
    hsize_t size[2];
    hid_t dataset = H5I_INVALID_HID;
    if (open_dataset(reader, "status", H5T_INTEGER, 2, NULL, size, &dataset, error))
        return error->code;

    error->code = ERROR_NONE;
    if (size[0] == 0 || size[1] == 0 || size[0] > SIZE_MAX / sizeof *reader->configs || size[1] > SIZE_MAX / size[0]) {
        reader_damaged(reader->path, "the array \"status\" has an unexpected shape", error);
        goto done;
    }
    reader->n_configs = (size_t)size[0];
    reader->n_replicates = (size_t)size[1];
    reader->status = malloc(reader->n_configs * reader->n_replicates);
    if (!reader->status) {
        reader_no_memory(reader->path, error);
        goto done;
    }
    if (H5Dread(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, reader->status) < 0) {
        reader_damaged(reader->path, "the array \"status\" cannot be read", error);
        goto done;
    }
    for (size_t i = 0; i < reader->n_configs * reader->n_replicates; i++)
        if (reader->status[i] >= N_STATUSES) {
            reader_damaged(reader->path, "the array \"status\" holds values that are none", error);
            goto done;
        }
done:
    H5Dclose(dataset);
    return error->code;
}

/* Sets one hyperparameter of n configurations from values of the row's kind. */
static enum error_code set_values(struct hyperparameters *configs, size_t n, const struct hyperparameter *row,
                                  const void *values, struct error *error)
{
    for (size_t i = 0; i < n; i++) {
        enum error_code code = ERROR_NONE;
        if (row->type == HYPERPARAMETER_INTEGER) {
            code = hyperparameter_set_integer(&configs[i], row, ((const int64_t *)values)[i], error);
        } else if (row->type == HYPERPARAMETER_REAL) {
            code = hyperparameter_set_real(&configs[i], row, ((const double *)values)[i], error);
        } else {
            const char *text = ((char *const *)values)[i];
            code = hyperparameter_set_string(&configs[i], row, text ? text : "", error);
        }
        if (code)
            return code;
    }
    return ERROR_NONE;
}

static enum error_code read_hyperparameter(struct reader *reader, const struct hyperparameter *row, void *values,
                                           struct error *error)
{
    bool is_text = row->type == HYPERPARAMETER_TEXT || row->type == HYPERPARAMETER_CHOICE;
    H5T_class_t class = is_text ? H5T_STRING : row->type == HYPERPARAMETER_REAL ? H5T_FLOAT : H5T_INTEGER;
    hsize_t size = reader->n_configs;
    hid_t dataset = H5I_INVALID_HID, type = H5I_INVALID_HID, file_space = H5I_INVALID_HID, space = H5I_INVALID_HID;
    char what[128];

    if (open_dataset(reader, row->name, class, 1, &size, NULL, &dataset, error))
        return error->code;
    error->code = ERROR_NONE;
    snprintf(what, sizeof what, "the hyperparameter \"%s\" cannot be read", row->name);

    /* HDF5 does not convert between character sets: strings are read in the type they have. */
    type = is_text ? H5Dget_type(dataset) : H5Tcopy(class == H5T_FLOAT ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64);
    file_space = H5Dget_space(dataset);
    if (type < 0 || file_space < 0 || (is_text && H5Tis_variable_str(type) <= 0)) {
        reader_damaged(reader->path, what, error);
        goto done;
    }
    for (hsize_t first = 0; first < size && !error->code; first += CONFIGS_AT_ONCE) {
        hsize_t n = size - first < CONFIGS_AT_ONCE ? size - first : CONFIGS_AT_ONCE;
        space = H5Screate_simple(1, &n, NULL);
        if (space < 0 || H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &first, NULL, &n, NULL) < 0 ||
            H5Dread(dataset, type, space, file_space, H5P_DEFAULT, values) < 0) {
            reader_damaged(reader->path, what, error);
            goto done;
        }
        if (set_values(reader->configs + first, n, row, values, error))
            error_prefix(error, "%s: damaged or incomplete file", reader->path);
        if (is_text)
            H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
        H5Sclose(space);
        space = H5I_INVALID_HID;
    }
done:
    if (space >= 0)
        H5Sclose(space);
    if (file_space >= 0)
        H5Sclose(file_space);
    if (type >= 0)
        H5Tclose(type);
    H5Dclose(dataset);
    return error->code;
}

static enum error_code read_configs(struct reader *reader, struct error *error)
{
    reader->configs = calloc(reader->n_configs, sizeof *reader->configs);
    reader->swept = calloc((size_t)n_hyperparameters, sizeof *reader->swept);
    void *values = malloc(CONFIGS_AT_ONCE * sizeof(int64_t)); /* double and char * are no larger */
    if (!reader->configs || !reader->swept || !values) {
        reader_no_memory(reader->path, error);
        goto done;
    }
    error->code = ERROR_NONE;
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *row = &hyperparameter_table[i];
        if (read_hyperparameter(reader, row, values, error))
            goto done;
        for (size_t c = 1; c < reader->n_configs && !reader->swept[i]; c++)
            reader->swept[i] = !hyperparameter_equal(&reader->configs[0], &reader->configs[c], row);
    }
    for (size_t c = 0; c < reader->n_configs; c++)
        if (hyperparameters_check(&reader->configs[c], error)) {
            error_prefix(error, "%s: damaged or incomplete file: configuration %zu", reader->path, c);
            goto done;
        }
done:
    free(values);
    return error->code;
}

/* The sweep's name; a file without one is no fault. */
static enum error_code read_name(struct reader *reader, struct error *error)
{
    bool has_name = H5Aexists(reader->handles->file, "sweep_name") > 0;
    reader->name = has_name ? reader_text_attribute(reader->handles->file, "sweep_name") : strdup("");
    if (reader->name)
        return ERROR_NONE;
    return has_name ? reader_damaged(reader->path, "the attribute \"sweep_name\" cannot be read", error)
                    : reader_no_memory(reader->path, error);
}

/* Sizes follow from the configurations; only what `store` chose has to be looked up. */
static enum error_code make_layout(struct reader *reader, struct error *error)
{
    unsigned store = STORE_ALWAYS;
    for (int f = 0; f < N_FIELDS; f++)
        if (record_fields[f].store != STORE_ALWAYS &&
            H5Lexists(reader->handles->file, record_fields[f].name, H5P_DEFAULT) > 0)
            store |= record_fields[f].store;
    if (record_layout_make(&reader->layout, reader->configs, reader->n_configs, store, error))
        return error_prefix(error, "%s: damaged or incomplete file", reader->path);
    return ERROR_NONE;
}

enum error_code reader_open(struct reader **result, const char *path, struct error *error)
{
    *result = NULL;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* faults become our one line, not HDF5's page */

    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return reader_no_memory(path, error);
    reader->path = strdup(path);
    reader->handles = malloc(sizeof *reader->handles);
    if (!reader->path || !reader->handles) {
        reader_no_memory(path, error);
        free(reader->handles);
        reader->handles = NULL;
        goto done;
    }
    reader->handles->file = H5I_INVALID_HID;
    for (int f = 0; f < N_FIELDS; f++)
        reader->handles->fields[f] = H5I_INVALID_HID;

    if (open_file(reader, error) || check_schema(reader, error) || read_status(reader, error) ||
        read_configs(reader, error) || read_name(reader, error) || make_layout(reader, error))
        goto done;
    *result = reader;
    return ERROR_NONE;
done:
    reader_close(reader);
    return error->code;
}

void reader_close(struct reader *reader)
{
    if (!reader)
        return;
    if (reader->handles) {
        for (int f = 0; f < N_FIELDS; f++)
            if (reader->handles->fields[f] >= 0)
                H5Dclose(reader->handles->fields[f]);
        if (reader->handles->file >= 0)
            H5Fclose(reader->handles->file);
    }
    free(reader->handles);
    free(reader->configs);
    free(reader->status);
    free(reader->swept);
    free(reader->name);
    free(reader->path);
    free(reader);
}

struct reader_part reader_whole(const struct reader *reader, enum field field)
{
    struct reader_part part = {{0}, {0}};
    for (int d = 0; d < record_fields[field].n_dimensions; d++)
        part.count[d] = reader->layout.size[record_fields[field].dimensions[d]];
    return part;
}

size_t reader_part_bytes(enum field field, const struct reader_part *part)
{
    size_t n_bytes = field_type_size(record_fields[field].type);
    for (int d = 0; d < record_fields[field].n_dimensions; d++)
        n_bytes *= part->count[d];
    return n_bytes;
}

size_t reader_chunk(const struct reader *reader, enum field field, const struct reader_part *part)
{
    size_t n_bytes = reader_part_bytes(field, part);
    size_t n = n_bytes ? READER_CHUNK_BYTES / n_bytes : 1;
    if (n > reader->n_replicates)
        n = reader->n_replicates;
    return n ? n : 1;
}

/* The HDF5 type of one element in memory; the caller closes it. */
static hid_t memory_type(enum field_type type)
{
    switch (type) {
    case FIELD_F32: return H5Tcopy(H5T_NATIVE_FLOAT);
    case FIELD_F64: return H5Tcopy(H5T_NATIVE_DOUBLE);
    case FIELD_U8: return H5Tcopy(H5T_NATIVE_UINT8);
    case FIELD_U16: return H5Tcopy(H5T_NATIVE_UINT16);
    case FIELD_I32: return H5Tcopy(H5T_NATIVE_INT32);
    case FIELD_I64: return H5Tcopy(H5T_NATIVE_INT64);
    case FIELD_TEXT: return H5Tcopy(H5T_C_S1); /* single characters along an axis of their own */
    }
    return H5I_INVALID_HID;
}

static H5T_class_t type_class(enum field_type type)
{
    if (type == FIELD_TEXT)
        return H5T_STRING;
    return type == FIELD_F32 || type == FIELD_F64 ? H5T_FLOAT : H5T_INTEGER;
}

/* Sizes of a field's array in the file [config, replicate, its dimensions..., characters of a text]; returns their
 * number. */
static int field_size(const struct reader *reader, enum field field, hsize_t size[AXES_MAX])
{
    const struct field_description *description = &record_fields[field];
    int rank = 0;
    size[rank++] = reader->n_configs;
    size[rank++] = reader->n_replicates;
    for (int d = 0; d < description->n_dimensions; d++)
        size[rank++] = reader->layout.size[description->dimensions[d]];
    if (description->type == FIELD_TEXT)
        size[rank++] = FIELD_TEXT_SIZE;
    return rank;
}

enum error_code reader_require(struct reader *reader, const enum field *fields, size_t n, struct error *error)
{
    for (size_t i = 0; i < n; i++) {
        const struct field_description *description = &record_fields[fields[i]];
        hid_t *dataset = &reader->handles->fields[fields[i]];
        hsize_t size[AXES_MAX];
        char path[64];
        if (*dataset >= 0)
            continue;
        int rank = field_size(reader, fields[i], size);
        snprintf(path, sizeof path, "%s%s", description->is_provenance ? "provenance/" : "", description->name);
        if (open_dataset(reader, path, type_class(description->type), rank, size, NULL, dataset, error))
            return error->code;
    }
    return ERROR_NONE;
}

enum error_code reader_read(struct reader *reader, enum field field, size_t config, size_t first, size_t n,
                            const struct reader_part *part, void *buffer, struct error *error)
{
    const struct field_description *description = &record_fields[field];
    hsize_t size[AXES_MAX], start[AXES_MAX] = {config, first}, count[AXES_MAX];
    hid_t type = H5I_INVALID_HID, file_space = H5I_INVALID_HID, space = H5I_INVALID_HID;

    check(config < reader->n_configs && n > 0 && n <= reader->n_replicates && first <= reader->n_replicates - n);
    int rank = field_size(reader, field, size);
    memcpy(count, size, (size_t)rank * sizeof *count); /* of a text, all characters */
    count[0] = 1;
    count[1] = n;
    for (int d = 0; d < description->n_dimensions; d++) {
        start[d + 2] = part->start[d];
        count[d + 2] = part->count[d];
        check(part->count[d] <= size[d + 2] && part->start[d] <= size[d + 2] - part->count[d]);
    }
    if (reader_require(reader, &field, 1, error))
        return error->code;

    hid_t dataset = reader->handles->fields[field];
    type = memory_type(description->type);
    file_space = H5Dget_space(dataset);
    space = H5Screate_simple(rank, count, NULL);
    error->code = ERROR_NONE;
    if (type < 0 || file_space < 0 || space < 0 ||
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dread(dataset, type, space, file_space, H5P_DEFAULT, buffer) < 0) {
        char what[128];
        snprintf(what, sizeof what, "the array \"%s\" cannot be read", description->name);
        reader_damaged(reader->path, what, error);
    }
    if (space >= 0)
        H5Sclose(space);
    if (file_space >= 0)
        H5Sclose(file_space);
    if (type >= 0)
        H5Tclose(type);
    return error->code;
}

enum job_status reader_status(const struct reader *reader, size_t config, size_t replicate)
{
    return (enum job_status)reader->status[config * reader->n_replicates + replicate];
}

void reader_count(const struct reader *reader, size_t config, uint64_t counts[N_STATUSES])
{
    memset(counts, 0, N_STATUSES * sizeof *counts);
    for (size_t r = 0; r < reader->n_replicates; r++)
        counts[reader_status(reader, config, r)]++;
}
