#include "plans.h"

#include "hdf5_access.h"
#include "schema.h"

#include <stdlib.h>

#define PLANS_MAX 65536 /* more is no picky's file */

/* Reads one column of n values, or, if `values` is NULL, how many there are; false if it is not as it should be. */
static bool read_column(hid_t file, const char *name, hid_t type, hsize_t *n, void *values)
{
    hsize_t size = 0;
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    bool is_good = space >= 0 && H5Sget_simple_extent_ndims(space) == 1 &&
                   H5Sget_simple_extent_dims(space, &size, NULL) == 1 && size > 0 && size <= PLANS_MAX;
    if (is_good && values)
        is_good = size == *n && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    else
        *n = size;
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    return is_good;
}

enum error_code results_plans_read(hid_t file, const char *path, int64_t version, struct results_plan **plans,
                                   size_t *n_plans, struct error *error)
{
    *plans = NULL;
    *n_plans = 0;
    if (version == 1 || H5Lexists(file, RESULTS_PLANS, H5P_DEFAULT) <= 0)
        return ERROR_NONE;
    hsize_t n;
    if (!read_column(file, RESULTS_PLANS "/time", H5T_NATIVE_DOUBLE, &n, NULL))
        return results_damaged(error, path, "its " RESULTS_PLANS " cannot be read");
    struct results_plan *rows = calloc(n, sizeof *rows);
    double *start = calloc(n, sizeof *start);
    int64_t *replicates = calloc(n, sizeof *replicates), *n_configs = calloc(n, sizeof *n_configs);
    int64_t *max_attempts = calloc(n, sizeof *max_attempts); /* earlier files of schema 2 lack them: 0 */
    enum error_code code = ERROR_NONE;
    if (!rows || !start || !replicates || !n_configs || !max_attempts)
        code = error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    else if (!read_column(file, RESULTS_PLANS "/time", H5T_NATIVE_DOUBLE, &n, start) ||
             !read_column(file, RESULTS_PLANS "/replicates", H5T_NATIVE_INT64, &n, replicates) ||
             !read_column(file, RESULTS_PLANS "/configurations", H5T_NATIVE_INT64, &n, n_configs) ||
             (H5Lexists(file, RESULTS_PLANS "/max_attempts", H5P_DEFAULT) > 0 &&
              !read_column(file, RESULTS_PLANS "/max_attempts", H5T_NATIVE_INT64, &n, max_attempts)))
        code = results_damaged(error, path, "its " RESULTS_PLANS " cannot be read");
    for (hsize_t i = 0; i < n && !code; i++)
        rows[i] = (struct results_plan){start[i], replicates[i], n_configs[i], max_attempts[i]};
    free(start);
    free(replicates);
    free(n_configs);
    free(max_attempts);
    if (code) {
        free(rows);
        return code;
    }
    *plans = rows;
    *n_plans = n;
    return ERROR_NONE;
}
