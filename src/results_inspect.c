#include "results_file.h"
#include "results_hdf5.h"
#include "results_read.h"
#include "results_runs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATUSES_AT_ONCE = 1 << 16, CONFIGS_AT_ONCE = 1 << 12 }; /* read from the file */

static enum error_code inspect_runs(hid_t file, const char *path, struct results_state *state, struct error *error)
{
    enum error_code code = results_runs_count(file, path, &state->n_runs, error);
    return code || state->n_runs == 0 ? code
                                      : results_runs_read(file, path, state->n_runs - 1, &state->last_run, error);
}

/* What inspecting works with; the arrays are too large for a stack. */
struct inspection {
    hid_t file;
    int descriptor;
    uint8_t status[STATUSES_AT_ONCE];
    struct hyperparameters configs[CONFIGS_AT_ONCE];
};

static enum error_code inspect_slots(struct inspection *in, const char *path, const struct results_header *header,
                                     struct results_state *state, const struct hyperparameter *row,
                                     void (*visit)(void *context, const struct hyperparameters *h,
                                                   const uint64_t counts[N_STATUSES]),
                                     void *context, struct error *error)
{
    uint64_t n_slots = header->n_configs * header->replicates, config = 0, replicate = 0, counts[N_STATUSES] = {0};
    for (size_t i = 0; row && i < CONFIGS_AT_ONCE && i < header->n_configs; i++)
        hyperparameters_default(&in->configs[i]);
    for (uint64_t first = 0; first < n_slots; first += STATUSES_AT_ONCE) {
        size_t n = n_slots - first < STATUSES_AT_ONCE ? (size_t)(n_slots - first) : STATUSES_AT_ONCE;
        if (results_read_status(in->descriptor, path, header, first, n, in->status, error))
            return error->code;
        for (size_t i = 0; i < n; i++) {
            counts[in->status[i]] += shard_has(&header->shard, config, replicate);
            if (++replicate < header->replicates)
                continue;
            size_t place = config % CONFIGS_AT_ONCE;
            if (row && place == 0) {
                uint64_t n_left = header->n_configs - config;
                size_t n_read = n_left < CONFIGS_AT_ONCE ? (size_t)n_left : CONFIGS_AT_ONCE;
                if (results_read_row(in->file, path, row, config, n_read, in->configs, error))
                    return error->code;
            }
            if (row)
                visit(context, &in->configs[place], counts);
            for (int s = 0; s < N_STATUSES; s++)
                state->counts[s] += counts[s];
            memset(counts, 0, sizeof counts);
            replicate = 0;
            config++;
        }
    }
    return ERROR_NONE;
}

enum error_code results_inspect(const char *path, struct results_state *state, const struct hyperparameter *row,
                                void (*visit)(void *context, const struct hyperparameters *h,
                                              const uint64_t counts[N_STATUSES]),
                                void *context, struct error *error)
{
    results_hdf5_start();
    struct results_header header;
    memset(state, 0, sizeof *state);
    struct inspection *in = malloc(sizeof *in);
    if (!in)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    in->file = H5I_INVALID_HID;
    enum error_code code;
    if (!(code = results_file_open(&in->descriptor, path, RESULTS_SHARED, error)) &&
        !(code = results_read_open(&in->file, path, H5F_ACC_RDONLY, error)) &&
        !(code = results_read_header(in->file, path, &header, error)) &&
        !(code = inspect_runs(in->file, path, state, error)))
        code = inspect_slots(in, path, &header, state, row, visit, context, error);
    if (!code) {
        state->seed = header.seed;
        state->replicates = (int64_t)header.replicates;
        state->n_configs = header.n_configs;
        state->shard = header.shard;
        state->is_null = header.is_null;
        state->is_written = results_file_is_written(in->descriptor);
    }
    if (in->file >= 0)
        H5Fclose(in->file);
    if (in->descriptor >= 0)
        close(in->descriptor);
    free(in);
    return code;
}
