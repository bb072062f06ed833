#include "results_slots.h"

#include "results_hdf5.h"
#include "results_read.h"
#include "results_schema.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>

/* The one scale of an axis, by its path in the file. */
struct scale_path {
    char text[128];
};

static herr_t take_path(hid_t array, unsigned axis, hid_t scale, void *context)
{
    (void)array;
    (void)axis;
    struct scale_path *path = context;
    return H5Iget_name(scale, path->text, sizeof path->text) < 0 ? -1 : 0;
}

/* That each axis [n] of a variable has the scale that picky gave it. */
static enum error_code check_variable(hid_t file, const char *path, const char *name, int n, const char *const *scales,
                                      struct error *error)
{
    hid_t variable = H5Dopen2(file, name, H5P_DEFAULT);
    enum error_code code = variable < 0 ? results_damaged(error, path, "it has no array %s", name) : ERROR_NONE;
    for (int axis = 0; axis < n && !code; axis++) {
        struct scale_path found = {""};
        int n_scales = H5DSget_num_scales(variable, (unsigned)axis);
        if (n_scales != 1 || H5DSiterate_scales(variable, (unsigned)axis, NULL, take_path, &found) < 0 ||
            strcmp(found.text, scales[axis]) != 0)
            code = results_damaged(error, path, "axis %d of its array %s is not %s", axis, name, scales[axis] + 1);
    }
    if (variable >= 0)
        H5Dclose(variable);
    return code;
}

enum error_code results_check_scales(const char *path, const struct record_layout *layout, struct error *error)
{
    results_hdf5_start();
    hid_t file;
    enum error_code code = results_read_open(&file, path, H5F_ACC_RDONLY, error);
    for (int row = 0; row < n_hyperparameters && !code; row++)
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
    if (file >= 0)
        H5Fclose(file);
    return code;
}
