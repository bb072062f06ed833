#include "reader_provenance.h"

#include "reader_hdf5.h"

#include "as_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX  65536 /* more is no picky's file */
#define TEXTS_MAX 1000

/* Takes the attribute if it is a text. */
static herr_t add_text(hid_t group, const char *name, const H5A_info_t *info, void *context)
{
    struct reader_provenance *provenance = context;
    (void)info;
    char *value = reader_text_attribute(group, name);
    if (!value)
        return 0;
    char *copy = strdup(name);
    struct reader_text *grown = realloc(provenance->texts, (provenance->n_texts + 1) * sizeof *grown);
    if (grown)
        provenance->texts = grown;
    if (!copy || !grown || provenance->n_texts == TEXTS_MAX) {
        free(value);
        free(copy);
        return -1;
    }
    grown[provenance->n_texts++] = (struct reader_text){copy, value};
    return 0;
}

/* One column of the log of runs: [n_runs] values of `type`, or texts. The number of rows goes to *n_runs if `values`
 * is NULL. False if it cannot be read. */
static bool read_column(hid_t group, const char *name, hid_t type, bool is_text, size_t *n_runs, void *values)
{
    hsize_t size[2] = {0, 0};
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    int rank = is_text ? 2 : 1;
    bool is_good = space >= 0 && H5Sget_simple_extent_ndims(space) == rank &&
                   H5Sget_simple_extent_dims(space, size, NULL) == rank && size[0] > 0 && size[0] <= RUNS_MAX &&
                   (!is_text || size[1] == FIELD_TEXT_SIZE);
    if (is_good && values)
        is_good = size[0] == *n_runs && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    else if (is_good)
        *n_runs = (size_t)size[0];
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    return is_good;
}

static enum error_code read_runs(struct reader *reader, hid_t group, struct reader_provenance *provenance,
                                 struct error *error)
{
    size_t n = 0;
    if (!read_column(group, "ranks", H5T_NATIVE_INT32, false, &n, NULL))
        return reader_damaged(reader->path, "the log of runs cannot be read", error);

    int32_t *ranks = calloc(n, sizeof *ranks);
    int64_t *jobs = calloc(n, sizeof *jobs);
    double *start = calloc(n, sizeof *start), *end = calloc(n, sizeof *end);
    char *hosts = calloc(n, FIELD_TEXT_SIZE), *versions = calloc(n, FIELD_TEXT_SIZE);
    provenance->runs = calloc(n, sizeof *provenance->runs);
    error->code = ERROR_NONE;
    if (!ranks || !jobs || !start || !end || !hosts || !versions || !provenance->runs) {
        reader_no_memory(reader->path, error);
    } else if (!read_column(group, "ranks", H5T_NATIVE_INT32, false, &n, ranks) ||
               !read_column(group, "jobs", H5T_NATIVE_INT64, false, &n, jobs) ||
               !read_column(group, "start", H5T_NATIVE_DOUBLE, false, &n, start) ||
               !read_column(group, "end", H5T_NATIVE_DOUBLE, false, &n, end) ||
               !read_column(group, "hosts", H5T_C_S1, true, &n, hosts) ||
               !read_column(group, "version", H5T_C_S1, true, &n, versions)) {
        reader_damaged(reader->path, "the log of runs cannot be read", error);
    } else {
        for (size_t i = 0; i < n; i++) {
            if (ranks[i] <= 0) /* a free row */
                continue;
            struct reader_run *run = &provenance->runs[provenance->n_runs++];
            *run = (struct reader_run){.start = start[i], .end = end[i], .n_jobs = jobs[i], .n_ranks = ranks[i]};
            memcpy(run->hosts, hosts + i * FIELD_TEXT_SIZE, FIELD_TEXT_SIZE);
            memcpy(run->version, versions + i * FIELD_TEXT_SIZE, FIELD_TEXT_SIZE);
        }
    }
    free(ranks);
    free(jobs);
    free(start);
    free(end);
    free(hosts);
    free(versions);
    return error->code;
}

static bool read_seed(hid_t file, int64_t *seed)
{
    hid_t attribute = H5Aexists(file, "seed") > 0 ? H5Aopen(file, "seed", H5P_DEFAULT) : H5I_INVALID_HID;
    hid_t space = attribute < 0 ? H5I_INVALID_HID : H5Aget_space(attribute);
    bool is_good =
        space >= 0 && H5Sget_simple_extent_npoints(space) == 1 && H5Aread(attribute, H5T_NATIVE_INT64, seed) >= 0;
    if (space >= 0)
        H5Sclose(space);
    if (attribute >= 0)
        H5Aclose(attribute);
    return is_good;
}

/* Files of schema 1 keep the sweep's text without the values of --set: the configurations have them. */
static enum error_code derive_sweep(const struct reader *reader, struct reader_provenance *provenance,
                                    struct error *error)
{
    struct as_run as_run = {.name = reader->name,
                            .replicates = (int64_t)reader->n_replicates,
                            .configs = reader->configs,
                            .n_configs = reader->n_configs};
    struct error fault = {0};
    char *text = NULL;
    if (!*provenance->sweep)
        return ERROR_NONE;
    if (!read_seed(reader->handles->file, &as_run.seed))
        error_set(&fault, ERROR_INPUT, "the file has no seed");
    else if (as_run_text(&text, provenance->sweep, &as_run, &fault) == ERROR_FATAL)
        return reader_no_memory(reader->path, error);
    if (text) {
        free(provenance->sweep);
        provenance->sweep = text;
    }
    snprintf(provenance->sweep_fault, sizeof provenance->sweep_fault, "%s", fault.message);
    return ERROR_NONE;
}

enum error_code reader_read_provenance(struct reader *reader, struct reader_provenance *provenance, struct error *error)
{
    hid_t file = reader->handles->file, group = H5I_INVALID_HID, runs = H5I_INVALID_HID;

    memset(provenance, 0, sizeof *provenance);
    error->code = ERROR_NONE;
    if (H5Aexists(file, "sweep") > 0)
        provenance->sweep = reader_text_attribute(file, "sweep");
    if (!provenance->sweep && !(provenance->sweep = strdup(""))) {
        reader_no_memory(reader->path, error);
        goto done;
    }
    if (derive_sweep(reader, provenance, error))
        goto done;
    if (H5Lexists(file, "provenance", H5P_DEFAULT) <= 0)
        goto done;
    group = H5Gopen2(file, "provenance", H5P_DEFAULT);
    if (group < 0) {
        reader_damaged(reader->path, "the group \"provenance\" cannot be opened", error);
        goto done;
    }
    if (H5Aiterate2(group, H5_INDEX_NAME, H5_ITER_INC, NULL, add_text, provenance) < 0) {
        reader_damaged(reader->path, "the attributes of the group \"provenance\" cannot be read", error);
        goto done;
    }
    if (H5Lexists(group, "runs", H5P_DEFAULT) > 0) {
        runs = H5Gopen2(group, "runs", H5P_DEFAULT);
        if (runs < 0)
            reader_damaged(reader->path, "the log of runs cannot be opened", error);
        else
            read_runs(reader, runs, provenance, error);
    }
done:
    if (runs >= 0)
        H5Gclose(runs);
    if (group >= 0)
        H5Gclose(group);
    if (error->code)
        reader_provenance_free(provenance);
    return error->code;
}

void reader_provenance_free(struct reader_provenance *provenance)
{
    for (size_t i = 0; i < provenance->n_texts; i++) {
        free(provenance->texts[i].name);
        free(provenance->texts[i].value);
    }
    free(provenance->texts);
    free(provenance->runs);
    free(provenance->sweep);
    memset(provenance, 0, sizeof *provenance);
}
