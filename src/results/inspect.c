#include "inspect.h"

#include "file.h"
#include "hdf5_access.h"
#include "read.h"
#include "runs.h"
#include "schema.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
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
    haddr_t reasons_offset; /* HADDR_UNDEF: not looked up yet */
    uint8_t status[STATUSES_AT_ONCE];
    struct hyperparameters configs[CONFIGS_AT_ONCE];
};

/* The text of a slot's reason, what cannot be printed as "?". */
static enum error_code read_reason(struct inspection *in, const char *path, const struct results_header *header,
                                   uint64_t slot, char text[FIELD_TEXT_SIZE + 1], struct error *error)
{
    const char *name = RESULTS_PROVENANCE "/reason";
    if (in->reasons_offset == HADDR_UNDEF) {
        const hsize_t size[] = {header->n_configs, header->replicates, FIELD_TEXT_SIZE};
        hid_t dataset;
        if (results_read_array(in->file, path, name, 3, size, FIELD_TEXT, &dataset, error))
            return error->code;
        enum error_code code = results_read_offset(dataset, path, name, &in->reasons_offset, error);
        H5Dclose(dataset);
        if (code)
            return code;
    }
    off_t at = (off_t)(in->reasons_offset + slot * FIELD_TEXT_SIZE);
    ssize_t got;
    while ((got = pread(in->descriptor, text, FIELD_TEXT_SIZE, at)) < 0 && errno == EINTR)
        ;
    if (got < 0)
        return error_set(error, ERROR_FATAL, "%s: reading it: %s", path, strerror(errno));
    if (got < FIELD_TEXT_SIZE)
        return results_damaged(error, path, "it ends within %s", name);
    text[FIELD_TEXT_SIZE] = '\0';
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return ERROR_NONE;
}

/* What is said of the configuration of a reason's first job. */
static enum error_code label_reason(const struct inspection *in, const char *path, uint64_t config,
                                    struct results_reason *reason, struct error *error)
{
    struct hyperparameters h;
    bool *swept = calloc((size_t)n_hyperparameters, sizeof *swept);
    if (!swept)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    hyperparameters_default(&h);
    enum error_code code = results_read_swept(in->file, path, swept, error);
    for (int i = 0; i < n_hyperparameters && !code; i++)
        if (swept[i])
            code = results_read_row(in->file, path, &hyperparameter_table[i], config, 1, &h, error);
    if (!code)
        results_label(&h, swept, config, reason->label);
    free(swept);
    return code;
}

/* Counts a job that ended with an error. */
static enum error_code note_error(struct inspection *in, const char *path, const struct results_header *header,
                                  struct results_state *state, uint64_t config, uint64_t replicate, struct error *error)
{
    char text[FIELD_TEXT_SIZE + 1];
    if (read_reason(in, path, header, config * header->replicates + replicate, text, error))
        return error->code;
    state->n_errors++;
    int i = 0;
    while (i < state->n_reasons && strcmp(state->reasons[i].text, text) != 0)
        i++;
    if (i == RESULTS_REASONS_MAX)
        return ERROR_NONE;
    struct results_reason *reason = &state->reasons[i];
    if (reason->n_jobs++ > 0)
        return ERROR_NONE;
    state->n_reasons++;
    snprintf(reason->text, sizeof reason->text, "%s", text);
    reason->replicate = replicate;
    return label_reason(in, path, config, reason, error);
}

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
            bool is_ours = shard_has(&header->shard, config, replicate);
            counts[in->status[i]] += is_ours;
            if (in->status[i] == STATUS_ERROR && is_ours && state->n_errors < RESULTS_ERRORS_MAX &&
                note_error(in, path, header, state, config, replicate, error))
                return error->code;
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

static void inspect_command(hid_t file, const char *path, char command[RESULTS_COMMAND_MAX])
{
    char *text;
    struct error ignored = {0};
    if (results_read_text(file, path, RESULTS_PROVENANCE, "command_line", &text, &ignored))
        return;
    snprintf(command, RESULTS_COMMAND_MAX, "%s", text);
    text_make_line(command);
    H5free_memory(text);
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
    in->reasons_offset = HADDR_UNDEF;
    enum error_code code;
    if (!(code = results_file_open(&in->descriptor, path, RESULTS_SHARED, error)) &&
        !(code = results_read_open(&in->file, path, H5F_ACC_RDONLY, error)) &&
        !(code = results_read_header(in->file, path, &header, error)) &&
        !(code = inspect_runs(in->file, path, state, error)))
        code = inspect_slots(in, path, &header, state, row, visit, context, error);
    if (!code) {
        inspect_command(in->file, path, state->command);
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
