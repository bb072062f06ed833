#include "reader_provenance.h"

#include "as_run.h"
#include "hdf5_access.h"
#include "plans.h"
#include "reader_handles.h"
#include "runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX 1000 /* more is no picky's file */

static enum error_code no_memory(const struct reader *reader, struct error *error)
{
    return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", reader->path);
}

struct texts {
    const struct reader *reader;
    struct reader_provenance *provenance;
    struct error *error;
};

/* Takes the attribute if it is a text. */
static herr_t add_text(hid_t group, const char *name, const H5A_info_t *info, void *context)
{
    struct texts *texts = context;
    struct reader_provenance *provenance = texts->provenance;
    struct error ignored;
    char *value;
    (void)group;
    (void)info;
    if (reader_text(texts->reader, RESULTS_PROVENANCE, name, &value, &ignored) == ERROR_INPUT)
        return 0;
    char *copy = strdup(name);
    struct reader_text *grown = realloc(provenance->texts, (provenance->n_texts + 1) * sizeof *grown);
    if (grown)
        provenance->texts = grown;
    if (!value || !copy || !grown) {
        free(value);
        free(copy);
        no_memory(texts->reader, texts->error);
        return -1;
    }
    grown[provenance->n_texts++] = (struct reader_text){copy, value};
    return provenance->n_texts < TEXTS_MAX ? 0 : -1;
}

static enum error_code read_texts(const struct reader *reader, struct reader_provenance *provenance,
                                  struct error *error)
{
    struct texts texts = {reader, provenance, error};
    error->code = ERROR_NONE;
    hid_t group = H5Gopen2(reader->handles->file, RESULTS_PROVENANCE, H5P_DEFAULT);
    if ((group < 0 || H5Aiterate2(group, H5_INDEX_NAME, H5_ITER_INC, NULL, add_text, &texts) < 0) && !error->code)
        results_damaged(error, reader->path, "the attributes of its group " RESULTS_PROVENANCE " cannot be read");
    if (group >= 0)
        H5Gclose(group);
    return error->code;
}

static enum error_code read_runs(const struct reader *reader, struct reader_provenance *provenance, struct error *error)
{
    hid_t file = reader->handles->file;
    int n;
    if (H5Lexists(file, RESULTS_RUNS, H5P_DEFAULT) <= 0)
        return ERROR_NONE;
    if (results_runs_count(file, reader->path, &n, error))
        return error->code;
    provenance->runs = calloc((size_t)n + 1, sizeof *provenance->runs);
    if (!provenance->runs)
        return no_memory(reader, error);
    for (int row = 0; row < n; row++) {
        struct reader_run *run = &provenance->runs[provenance->n_runs++];
        struct results_run found;
        if (results_runs_read(file, reader->path, row, &found, error))
            return error->code;
        *run = (struct reader_run){found.start_s, found.end_s, found.n_jobs, found.n_ranks, "", ""};
        memcpy(run->hosts, found.hosts, sizeof run->hosts);
        memcpy(run->version, found.version, sizeof run->version);
    }
    return ERROR_NONE;
}

/* Files of schema 1 keep the sweep's text without the values of --set: the configurations have them. */
static enum error_code derive_sweep(const struct reader *reader, struct reader_provenance *provenance,
                                    struct error *error)
{
    const struct as_run as_run = {.name = reader->name,
                                  .seed = reader->handles->header.seed,
                                  .replicates = (int64_t)reader->n_replicates,
                                  .configs = reader->configs,
                                  .n_configs = reader->n_configs};
    struct error fault = {0};
    char *text = NULL;
    if (!*provenance->sweep)
        return ERROR_NONE;
    if (as_run_text(&text, provenance->sweep, &as_run, &fault) == ERROR_FATAL)
        return no_memory(reader, error);
    if (text) {
        free(provenance->sweep);
        provenance->sweep = text;
    }
    snprintf(provenance->sweep_fault, sizeof provenance->sweep_fault, "%s", fault.message);
    return ERROR_NONE;
}

static enum error_code read_sweep(const struct reader *reader, struct reader_provenance *provenance,
                                  struct error *error)
{
    if (H5Aexists(reader->handles->file, "sweep") > 0)
        return reader_text(reader, ".", "sweep", &provenance->sweep, error) ? error->code
                                                                            : derive_sweep(reader, provenance, error);
    provenance->sweep = strdup("");
    return provenance->sweep ? ERROR_NONE : no_memory(reader, error);
}

enum error_code reader_read_provenance(struct reader *reader, struct reader_provenance *provenance, struct error *error)
{
    memset(provenance, 0, sizeof *provenance);
    if (!read_sweep(reader, provenance, error) && !read_texts(reader, provenance, error) &&
        !read_runs(reader, provenance, error))
        return ERROR_NONE;
    reader_provenance_free(provenance);
    return error->code;
}

enum error_code reader_read_first_plan(struct reader *reader, size_t *n_replicates, size_t *n_extensions,
                                       struct error *error)
{
    struct results_plan *plans;
    size_t n;
    *n_replicates = *n_extensions = 0;
    if (results_plans_read(reader->handles->file, reader->path, reader->handles->header.version, &plans, &n, error))
        return error->code;
    if (n > 0 && plans[0].replicates > 0) {
        *n_replicates = (size_t)plans[0].replicates;
        *n_extensions = n - 1;
    }
    free(plans);
    return ERROR_NONE;
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
