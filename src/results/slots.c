#include "slots.h"

#include "arrays.h"
#include "build.h"
#include "compare.h"
#include "file.h"
#include "hdf5_access.h"
#include "numbers.h"
#include "plans.h"
#include "read.h"
#include "runs.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct results_slots {
    char *path;
    int descriptor; /* holds the lock */
    hid_t file;
    struct results_header header;
    struct results_description description;   /* points to what follows; name and sweep_text are owned */
    char *name, *sweep_text, *sweep_original; /* the last: NULL if the file does not keep it */
    struct results_plan *plans;
    struct hyperparameters *configs; /* [header.n_configs] */
    bool *swept;                     /* [n_hyperparameters] */
    struct record_layout layout;
    struct results_array arrays[N_FIELDS];
    int n_runs;
    void *scratch; /* values of one field of several slots */
    size_t n_scratch;
};

static enum error_code out_of_memory(const struct results_slots *slots, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", slots->path);
}

static enum error_code read_description(struct results_slots *slots, struct error *error)
{
    if (slots->header.seed < 0 || slots->header.seed > SEED_MAX ||
        slots->header.replicates - 1 > (uint64_t)(SEED_MAX - slots->header.seed))
        return results_damaged(error, slots->path, "seeds from %" PRId64 " on for %" PRIu64 " replicates",
                               slots->header.seed, slots->header.replicates);
    slots->swept = calloc((size_t)n_hyperparameters, sizeof *slots->swept);
    if (!slots->swept)
        return out_of_memory(slots, error);
    if (results_read_text(slots->file, slots->path, ".", "sweep_name", &slots->name, error) ||
        results_read_text(slots->file, slots->path, ".", "sweep", &slots->sweep_text, error) ||
        results_read_swept(slots->file, slots->path, slots->swept, error) ||
        results_plans_read(slots->file, slots->path, slots->header.version, &slots->plans, &slots->description.n_plans,
                           error) ||
        results_read_configs(slots->file, slots->path, &slots->header, &slots->configs, error))
        return error->code;
    if (slots->header.version > 1 &&
        H5Aexists_by_name(slots->file, RESULTS_PROVENANCE, RESULTS_ORIGINAL, H5P_DEFAULT) > 0 &&
        results_read_text(slots->file, slots->path, RESULTS_PROVENANCE, RESULTS_ORIGINAL, &slots->sweep_original,
                          error))
        return error->code;
    if (results_read_layout(&slots->header, slots->configs, &slots->layout, error))
        return error_prefix(error, "%s", slots->path);
    slots->description = (struct results_description){
        .name = slots->name,
        .sweep_text = slots->sweep_text,
        .seed = slots->header.seed,
        .replicates = (int64_t)slots->header.replicates,
        .configs = slots->configs,
        .n_configs = slots->header.n_configs,
        .swept = slots->swept,
        .layout = &slots->layout,
        .plans = slots->plans,
        .n_plans = slots->description.n_plans,
        .shard = slots->header.shard,
    };
    return ERROR_NONE;
}

enum error_code results_slots_open(struct results_slots **slots, const char *path, enum results_access access,
                                   struct error *error)
{
    *slots = NULL;
    results_hdf5_start();
    struct results_slots *s = calloc(1, sizeof *s);
    char *copy = strdup(path);
    if (!s || !copy) {
        free(s);
        free(copy);
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    }
    s->path = copy;
    s->descriptor = -1;
    s->file = H5I_INVALID_HID;
    results_arrays_clear(s->arrays);
    if (results_file_open(&s->descriptor, path, access, error) ||
        results_read_open(&s->file, path, H5F_ACC_RDONLY, error) ||
        results_read_header(s->file, path, &s->header, error) ||
        build_check_arithmetic(path, s->header.arithmetic, error) || read_description(s, error) ||
        results_arrays_open(s->arrays, s->file, path, &s->layout, s->header.n_configs, s->header.replicates, error) ||
        results_runs_count(s->file, path, &s->n_runs, error)) {
        results_slots_close(s);
        return error->code;
    }
    *slots = s;
    return ERROR_NONE;
}

void results_slots_close(struct results_slots *slots)
{
    if (!slots)
        return;
    results_arrays_close(slots->arrays);
    if (slots->file >= 0)
        H5Fclose(slots->file);
    if (slots->descriptor >= 0)
        close(slots->descriptor);
    free(slots->path);
    H5free_memory(slots->name);
    H5free_memory(slots->sweep_text);
    free(slots->plans);
    H5free_memory(slots->sweep_original);
    free(slots->configs);
    free(slots->swept);
    free(slots->scratch);
    free(slots);
}

const struct results_description *results_slots_description(const struct results_slots *slots)
{
    return &slots->description;
}

const char *results_slots_original(const struct results_slots *slots)
{
    return slots->sweep_original ? slots->sweep_original : slots->sweep_text;
}

enum error_code results_slots_status(struct results_slots *slots, uint64_t config, uint64_t replicate, size_t n,
                                     uint8_t *status, struct error *error)
{
    check(config < slots->header.n_configs && n <= slots->header.replicates &&
          replicate <= slots->header.replicates - n);
    return results_read_status(slots->descriptor, slots->path, &slots->header,
                               config * slots->header.replicates + replicate, n, status, error);
}

/* Copies the part that two arrays of a field have in common: from one of `from`'s sizes into one of `to`'s. */
static void copy_common(const struct field_description *field, const struct record_layout *from,
                        const struct record_layout *to, const char *source, char *target)
{
    size_t run = field_type_size(field->type); /* bytes in a row */
    int n_axes = field->n_dimensions;
    /* The fastest axes, as long as the sizes are the same. */
    while (n_axes > 0 && from->size[field->dimensions[n_axes - 1]] == to->size[field->dimensions[n_axes - 1]])
        run *= to->size[field->dimensions[--n_axes]];
    if (n_axes == 0) {
        memcpy(target, source, run);
        return;
    }
    const uint64_t n_from = from->size[field->dimensions[n_axes - 1]], n_to = to->size[field->dimensions[n_axes - 1]];
    const size_t n_bytes = (n_from < n_to ? n_from : n_to) * run;
    uint64_t index[FIELD_DIMENSIONS_MAX] = {0};
    for (;;) {
        uint64_t at_from = 0, at_to = 0;
        for (int axis = 0; axis < n_axes - 1; axis++) {
            at_from = at_from * from->size[field->dimensions[axis]] + index[axis];
            at_to = at_to * to->size[field->dimensions[axis]] + index[axis];
        }
        memcpy(target + at_to * n_to * run, source + at_from * n_from * run, n_bytes);
        int axis = n_axes - 2;
        for (; axis >= 0; axis--) {
            uint64_t a = from->size[field->dimensions[axis]], b = to->size[field->dimensions[axis]];
            if (++index[axis] < (a < b ? a : b))
                break;
            index[axis] = 0;
        }
        if (axis < 0)
            return;
    }
}

static enum error_code read_status(struct results_slots *slots, uint64_t config, uint64_t replicate, uint64_t stride,
                                   size_t n, const struct record_layout *layout, char *records, struct error *error)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *status = record_field(layout, records + i * layout->n_bytes, FIELD_STATUS);
        if (results_slots_status(slots, config, replicate + i * stride, 1, status, error))
            return error->code;
    }
    return ERROR_NONE;
}

enum error_code results_slots_read(struct results_slots *slots, uint64_t config, uint64_t replicate, uint64_t stride,
                                   size_t n, const struct record_layout *layout, void *records, struct error *error)
{
    check(n > 0 && stride > 0 && config < slots->header.n_configs && replicate < slots->header.replicates &&
          n - 1 <= (slots->header.replicates - 1 - replicate) / stride);
    size_t largest = 0;
    for (int f = 0; f < N_FIELDS; f++)
        if (slots->arrays[f].n_bytes > largest)
            largest = slots->arrays[f].n_bytes;
    if (n * largest > slots->n_scratch) {
        free(slots->scratch);
        slots->scratch = malloc(n * largest);
        slots->n_scratch = slots->scratch ? n * largest : 0;
        if (!slots->scratch)
            return out_of_memory(slots, error);
    }

    char *bytes = records;
    for (size_t i = 0; i < n; i++)
        record_clear(layout, bytes + i * layout->n_bytes);
    for (int f = 0; f < N_FIELDS; f++) {
        struct results_array *array = &slots->arrays[f];
        if (f == FIELD_STATUS || slots->layout.offset[f] == UINT64_MAX || layout->offset[f] == UINT64_MAX)
            continue;
        if (results_array_read(array, slots->path, config, replicate, stride, 1, n, slots->scratch, error))
            return error->code;
        for (size_t i = 0; i < n; i++)
            copy_common(&record_fields[f], &slots->layout, layout, (const char *)slots->scratch + i * array->n_bytes,
                        record_field(layout, bytes + i * layout->n_bytes, (enum field)f));
    }
    return read_status(slots, config, replicate, stride, n, layout, bytes, error);
}

enum error_code results_slots_compare(const struct results_slots *slots, const struct results_description *description,
                                      const char *other, FILE *lines, bool *is_same, struct error *error)
{
    return results_compare(slots->file, slots->path, &slots->header, description, other, lines, is_same, error);
}

const char *results_slots_difference(const struct record_layout *layout, const void *a, const void *b)
{
    for (int f = 0; f < N_FIELDS; f++)
        if (layout->offset[f] != UINT64_MAX && !record_fields[f].is_provenance &&
            memcmp(record_field_const(layout, a, (enum field)f), record_field_const(layout, b, (enum field)f),
                   layout->n_elements[f] * field_type_size(record_fields[f].type)) != 0)
            return record_fields[f].name;
    return NULL;
}

/* Whether values [n] of a field are padding throughout. */
static bool is_padding(const struct field_description *field, const char *values, uint64_t n)
{
    for (uint64_t i = 0; i < n && field->type == FIELD_F32; i++) {
        float value;
        memcpy(&value, values + i * sizeof value, sizeof value);
        if (!isnan(value))
            return false;
    }
    for (uint64_t i = 0; i < n * field_type_size(field->type) && field->type != FIELD_F32; i++)
        if (values[i] != 0)
            return false;
    return true;
}

bool results_slots_fill(const struct record_layout *layout, void *record, const void *from)
{
    bool is_filled = false;
    for (int f = 0; f < N_FIELDS; f++) {
        const struct field_description *field = &record_fields[f];
        if (layout->offset[f] == UINT64_MAX || field->is_provenance)
            continue;
        bool is_by_measure = field->n_dimensions > 0 && field->dimensions[0] == DIMENSION_MEASURE;
        uint64_t n_parts = is_by_measure ? layout->size[DIMENSION_MEASURE] : 1, n = layout->n_elements[f] / n_parts;
        size_t n_bytes = n * field_type_size(field->type);
        for (uint64_t part = 0; part < n_parts; part++) {
            char *own = (char *)record + layout->offset[f] + part * n_bytes;
            const char *other = (const char *)from + layout->offset[f] + part * n_bytes;
            if ((field->since == 1 && !(is_by_measure && measure_table[part].since > 1)) ||
                memcmp(own, other, n_bytes) == 0 || !is_padding(field, own, n))
                continue;
            memcpy(own, other, n_bytes);
            is_filled = true;
        }
    }
    return is_filled;
}

void results_slots_label(const struct results_description *description, uint64_t config, char text[RESULTS_LABEL_MAX])
{
    results_label(&description->configs[config], description->swept, config, text);
}

int results_slots_n_runs(const struct results_slots *slots)
{
    return slots->n_runs;
}

enum error_code results_slots_run(struct results_slots *slots, int row, struct results_run *run, struct error *error)
{
    check(row >= 0 && row < slots->n_runs);
    return results_runs_read(slots->file, slots->path, row, run, error);
}
