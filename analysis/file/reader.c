#include "reader.h"

#include "file.h"
#include "hdf5_access.h"
#include "reader_handles.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum error_code no_memory(const char *path, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
}

enum error_code reader_text(const struct reader *reader, const char *object, const char *name, char **text,
                            struct error *error)
{
    char *found;
    *text = NULL;
    if (results_read_text(reader->handles->file, reader->path, object, name, &found, error))
        return error->code;
    *text = strdup(found);
    H5free_memory(found);
    return *text ? ERROR_NONE : no_memory(reader->path, error);
}

static enum error_code open_file(struct reader *reader, struct error *error)
{
    struct reader_handles *handles = reader->handles;
    int descriptor;
    enum error_code code = results_file_open(&descriptor, reader->path, RESULTS_SHARED, error);
    if (!code)
        code = results_read_open_sieved(&handles->file, reader->path, error);
    if (descriptor >= 0)
        close(descriptor);
    if (code || results_read_header(handles->file, reader->path, &handles->header, error))
        return error->code;
    if (handles->header.is_null)
        return error_set(error, ERROR_INPUT, "%s: no results: its records are made up (picky run --null-jobs)",
                         reader->path);
    reader->n_configs = handles->header.n_configs;
    reader->n_replicates = handles->header.replicates;
    reader->shard = handles->header.shard;
    return ERROR_NONE;
}

/* Which hyperparameters differ between configurations: not all that the sweep lists values for do. */
static enum error_code find_swept(struct reader *reader, struct error *error)
{
    reader->swept = calloc((size_t)n_hyperparameters, sizeof *reader->swept);
    if (!reader->swept)
        return no_memory(reader->path, error);
    for (int i = 0; i < n_hyperparameters; i++)
        for (size_t c = 1; c < reader->n_configs && !reader->swept[i]; c++)
            reader->swept[i] =
                !hyperparameter_equal(&reader->configs[0], &reader->configs[c], &hyperparameter_table[i]);
    hyperparameters_name_swept(reader->configs, reader->n_configs, reader->swept);
    /* With equal shares it follows from the number of tasks. */
    const struct hyperparameter *fraction = hyperparameter_find("fraction");
    bool is_equal = true;
    for (size_t c = 0; c < reader->n_configs && is_equal; c++)
        is_equal = hyperparameter_is_default(&reader->configs[c], fraction);
    if (is_equal)
        reader->swept[fraction - hyperparameter_table] = false;
    return ERROR_NONE;
}

/* The sweep's name; a file without one is no fault. */
static enum error_code read_name(struct reader *reader, struct error *error)
{
    if (H5Aexists(reader->handles->file, "sweep_name") > 0)
        return reader_text(reader, ".", "sweep_name", &reader->name, error);
    reader->name = strdup("");
    return reader->name ? ERROR_NONE : no_memory(reader->path, error);
}

/* All that is said of the sweep, and from it what a record is like. */
static enum error_code read_sweep(struct reader *reader, struct error *error)
{
    const struct reader_handles *handles = reader->handles;
    if (results_read_configs(handles->file, reader->path, &handles->header, &reader->configs, error) ||
        find_swept(reader, error) || read_name(reader, error))
        return error->code;
    return results_read_layout(&handles->header, reader->configs, &reader->layout, error)
               ? error_prefix(error, "%s", reader->path)
               : ERROR_NONE;
}

static enum error_code read_status(struct reader *reader, struct error *error)
{
    size_t n_slots = reader->n_configs * reader->n_replicates;
    reader->status = malloc(n_slots);
    if (!reader->status)
        return no_memory(reader->path, error);
    if (reader_require(reader, &(enum field){FIELD_STATUS}, 1, error) ||
        results_array_read(&reader->handles->arrays[FIELD_STATUS], reader->path, 0, 0, 1, reader->n_configs,
                           reader->n_replicates, reader->status, error))
        return error->code;
    return results_check_status(reader->path, &reader->handles->header, 0, n_slots, reader->status, error);
}

enum error_code reader_open(struct reader **result, const char *path, struct error *error)
{
    *result = NULL;
    results_hdf5_start();
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return no_memory(path, error);
    reader->path = strdup(path);
    reader->handles = malloc(sizeof *reader->handles);
    if (reader->handles) {
        reader->handles->file = H5I_INVALID_HID;
        results_arrays_clear(reader->handles->arrays);
    }
    enum error_code code;
    if (!reader->path || !reader->handles)
        code = no_memory(path, error);
    else if (!(code = open_file(reader, error)) && !(code = read_sweep(reader, error)))
        code = read_status(reader, error);
    if (code)
        reader_close(reader);
    else
        *result = reader;
    return code;
}

void reader_close(struct reader *reader)
{
    if (!reader)
        return;
    if (reader->handles) {
        results_arrays_close(reader->handles->arrays);
        if (reader->handles->file >= 0)
            H5Fclose(reader->handles->file);
    }
    free(reader->handles);
    free(reader->configs);
    free(reader->status);
    free(reader->is_dead);
    free(reader->swept);
    free(reader->name);
    free(reader->path);
    free(reader);
}

int reader_schema_version(void)
{
    return RESULTS_SCHEMA_VERSION;
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

enum error_code reader_require(struct reader *reader, const enum field *fields, size_t n, struct error *error)
{
    for (size_t i = 0; i < n; i++) {
        struct results_array *array = &reader->handles->arrays[fields[i]];
        if (array->dataset < 0 && results_array_open(array, fields[i], reader->handles->file, reader->path,
                                                     &reader->layout, reader->n_configs, reader->n_replicates, error)) {
            results_array_close(array);
            return error->code;
        }
    }
    return ERROR_NONE;
}

enum error_code reader_read(struct reader *reader, enum field field, size_t config, size_t first, size_t n,
                            const struct reader_part *part, void *buffer, struct error *error)
{
    struct results_array *array = &reader->handles->arrays[field];
    hsize_t start[FIELD_AXES_MAX] = {config, first}, count[FIELD_AXES_MAX];

    check(config < reader->n_configs && n > 0 && n <= reader->n_replicates && first <= reader->n_replicates - n);
    if (reader_require(reader, &field, 1, error))
        return error->code;
    memcpy(count, array->size, sizeof count); /* of a text, all characters */
    count[0] = 1;
    count[1] = n;
    for (int d = 0; d < record_fields[field].n_dimensions; d++) {
        start[d + 2] = part->start[d];
        count[d + 2] = part->count[d];
        check(part->count[d] <= array->size[d + 2] && part->start[d] <= array->size[d + 2] - part->count[d]);
    }
    hid_t memory = H5Screate_simple(array->n_axes, count, NULL);
    error->code = ERROR_NONE;
    if (memory < 0 || H5Sselect_hyperslab(array->space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dread(array->dataset, array->type, memory, array->space, H5P_DEFAULT, buffer) < 0)
        results_damaged(error, reader->path, "its array %s cannot be read", array->name);
    if (memory >= 0)
        H5Sclose(memory);
    return error->code;
}

int64_t reader_first_seed(const struct reader *reader)
{
    return reader->handles->header.seed;
}

int64_t reader_arithmetic(const struct reader *reader)
{
    return reader->handles->header.arithmetic;
}

int reader_n_measures(const struct reader *reader)
{
    return (int)reader->layout.size[DIMENSION_MEASURE];
}

enum job_status reader_status(const struct reader *reader, size_t config, size_t replicate)
{
    return (enum job_status)reader->status[config * reader->n_replicates + replicate];
}

void reader_count(const struct reader *reader, size_t config, uint64_t counts[N_STATUSES])
{
    memset(counts, 0, N_STATUSES * sizeof *counts);
    for (size_t r = 0; r < reader->n_replicates; r++)
        if (shard_has(&reader->shard, config, r))
            counts[reader_status(reader, config, r)]++;
}
