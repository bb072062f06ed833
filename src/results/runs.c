#include "runs.h"

#include "hdf5_access.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

void results_fixed_text(char text[FIELD_TEXT_SIZE + 1], const char *value)
{
    size_t length = strlen(value);
    memset(text, 0, FIELD_TEXT_SIZE + 1);
    memcpy(text, value, length < FIELD_TEXT_SIZE ? length : FIELD_TEXT_SIZE);
    text_make_utf8(text);
}

/* One value of the log, open. */
struct run_cell {
    hid_t type, memory, dataset, space; /* negative on failure */
};

static bool open_cell(struct run_cell *cell, hid_t file, int column, int row)
{
    char name[96];
    snprintf(name, sizeof name, RESULTS_RUNS "/%s", run_columns[column].name);
    hsize_t start[2] = {(hsize_t)row, 0}, count[2] = {1, FIELD_TEXT_SIZE};
    hsize_t n = run_columns[column].type == FIELD_TEXT ? FIELD_TEXT_SIZE : 1;
    cell->type = results_hdf5_memory_type(run_columns[column].type);
    cell->memory = H5Screate_simple(1, &n, NULL);
    cell->dataset = H5Dopen2(file, name, H5P_DEFAULT);
    cell->space = cell->dataset < 0 ? H5I_INVALID_HID : H5Dget_space(cell->dataset);
    return cell->type >= 0 && cell->memory >= 0 && cell->space >= 0 &&
           H5Sselect_hyperslab(cell->space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0;
}

static void close_cell(struct run_cell *cell)
{
    if (cell->space >= 0)
        H5Sclose(cell->space);
    if (cell->dataset >= 0)
        H5Dclose(cell->dataset);
    if (cell->memory >= 0)
        H5Sclose(cell->memory);
    if (cell->type >= 0)
        H5Tclose(cell->type);
}

static bool read_value(hid_t file, int column, int row, void *value)
{
    struct run_cell cell;
    bool is_good = open_cell(&cell, file, column, row) &&
                   H5Dread(cell.dataset, cell.type, cell.memory, cell.space, H5P_DEFAULT, value) >= 0;
    close_cell(&cell);
    return is_good;
}

enum error_code results_runs_write(hid_t file, const char *path, int column, int row, const void *value,
                                   struct error *error)
{
    struct run_cell cell;
    enum error_code code = ERROR_NONE;
    if (!open_cell(&cell, file, column, row) ||
        H5Dwrite(cell.dataset, cell.type, cell.memory, cell.space, H5P_DEFAULT, value) < 0)
        code = results_hdf5_error(error, "%s: writing " RESULTS_RUNS "/%s", path, run_columns[column].name);
    close_cell(&cell);
    return code;
}

static enum error_code unreadable(const char *path, struct error *error)
{
    return results_damaged(error, path, "its log of runs cannot be read");
}

enum error_code results_runs_count(hid_t file, const char *path, int *n_runs, struct error *error)
{
    /* The used rows come first: the rows before `low` are used, those from `high` on are free. */
    int low = 0, high = RESULTS_RUNS_MAX;
    while (low < high) {
        int middle = (low + high) / 2;
        int32_t n_ranks;
        if (!read_value(file, RUN_RANKS, middle, &n_ranks))
            return unreadable(path, error);
        if (n_ranks == 0)
            high = middle;
        else
            low = middle + 1;
    }
    *n_runs = low;
    return ERROR_NONE;
}

enum error_code results_runs_read(hid_t file, const char *path, int row, struct results_run *run, struct error *error)
{
    memset(run, 0, sizeof *run);
    if (read_value(file, RUN_START, row, &run->start_s) && read_value(file, RUN_END, row, &run->end_s) &&
        read_value(file, RUN_RANKS, row, &run->n_ranks) && read_value(file, RUN_JOBS, row, &run->n_jobs) &&
        read_value(file, RUN_HOSTS, row, run->hosts) && read_value(file, RUN_VERSION, row, run->version))
        return ERROR_NONE;
    return unreadable(path, error);
}

enum error_code results_runs_write_row(hid_t file, const char *path, int row, const struct results_run *run,
                                       struct error *error)
{
    /* The number of ranks last: with it the row is there. */
    if (results_runs_write(file, path, RUN_START, row, &run->start_s, error) ||
        results_runs_write(file, path, RUN_HOSTS, row, run->hosts, error) ||
        results_runs_write(file, path, RUN_VERSION, row, run->version, error) ||
        results_runs_write(file, path, RUN_JOBS, row, &run->n_jobs, error) ||
        results_runs_write(file, path, RUN_END, row, &run->end_s, error) ||
        results_runs_write(file, path, RUN_RANKS, row, &run->n_ranks, error))
        return error->code;
    return ERROR_NONE;
}
