#include "read.h"

#include "hdf5_access.h"
#include "schema.h"
#include "task_registry.h"
#include "text_heaps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIGS_AT_ONCE = 1 << 12 }; /* read from the file */

static enum error_code open_file(hid_t *file, const char *path, unsigned flags, size_t sieve_bytes, struct error *error)
{
    hid_t access_list = results_hdf5_access();
    if (access_list >= 0 && sieve_bytes > 0)
        H5Pset_sieve_buf_size(access_list, sieve_bytes);
    *file = access_list < 0 ? H5I_INVALID_HID : H5Fopen(path, flags, access_list);
    enum error_code code = ERROR_NONE;
    if (*file < 0) {
        /* HDF5's reason first: the next call would replace it. */
        results_hdf5_error(error, "%s: HDF5 cannot open it", path);
        code = error->code = ERROR_INPUT;
        if (strstr(error->message, "truncated file"))
            error_set(error, ERROR_INPUT, "%s: its end is missing, as in a copy that was not finished: copy it again",
                      path);
        if (strstr(error->message, "superblock version"))
            error_set(
                error, ERROR_INPUT,
                "%s: another program has written it in a newer HDF5 format than picky's; h5repack -f NONE -l CONTI "
                "FILE NEW undoes that",
                path);
        if (H5Fis_hdf5(path) == 0)
            error_set(error, ERROR_INPUT, "%s: not a results file of picky (not an HDF5 file)", path);
    }
    if (access_list >= 0)
        H5Pclose(access_list);
    if (!code && !(code = text_heaps_check(*file, path, error)))
        code = results_hdf5_complaint(error, path);
    if (code && *file >= 0) {
        H5Fclose(*file);
        *file = H5I_INVALID_HID;
    }
    return code;
}

enum error_code results_read_open(hid_t *file, const char *path, unsigned flags, struct error *error)
{
    return open_file(file, path, flags, 0, error);
}

enum error_code results_read_open_sieved(hid_t *file, const char *path, struct error *error)
{
    return open_file(file, path, H5F_ACC_RDONLY, 1 << 16, error);
}

static enum error_code read_integer_attribute(hid_t file, const char *path, const char *name, int64_t *value,
                                              struct error *error)
{
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), space = H5I_INVALID_HID, type = H5I_INVALID_HID;
    enum error_code code = ERROR_NONE;
    if (attribute < 0 || (space = H5Aget_space(attribute)) < 0 || (type = H5Aget_type(attribute)) < 0 ||
        H5Sget_simple_extent_npoints(space) != 1 || H5Tget_class(type) != H5T_INTEGER ||
        H5Aread(attribute, H5T_NATIVE_INT64, value) < 0)
        code = results_damaged(error, path, "its attribute %s is missing or not a number", name);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (attribute >= 0)
        H5Aclose(attribute);
    return code;
}

/* True if a type is text of any length, which is how picky writes all text that is not in fixed arrays. */
static bool is_text(hid_t type)
{
    return type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0;
}

enum error_code results_read_text(hid_t file, const char *path, const char *object, const char *name, char **text,
                                  struct error *error)
{
    *text = NULL;
    hid_t attribute = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT), space = H5I_INVALID_HID,
          type = H5I_INVALID_HID;
    bool is_good = attribute >= 0 && (space = H5Aget_space(attribute)) >= 0 && (type = H5Aget_type(attribute)) >= 0 &&
                   H5Sget_simple_extent_npoints(space) == 1 && is_text(type) && H5Aread(attribute, type, text) >= 0 &&
                   *text;
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (attribute >= 0)
        H5Aclose(attribute);
    return is_good ? ERROR_NONE
                   : results_damaged(error, path, "its attribute %s is missing or not what picky writes", name);
}

/* Calls `note` for each name in a text attribute, names with blanks between; it returns false for one that cannot be.
 */
static enum error_code read_names(hid_t file, const char *path, const char *attribute,
                                  bool (*note)(void *context, const char *name), void *context, struct error *error)
{
    char *names;
    if (results_read_text(file, path, ".", attribute, &names, error))
        return error->code;
    bool is_good = true;
    char *rest = names;
    for (char *name; is_good && (name = strsep(&rest, " "));)
        is_good = !*name || note(context, name);
    H5free_memory(names);
    return is_good ? ERROR_NONE
                   : results_damaged(error, path, "its attribute %s is missing or not what picky writes", attribute);
}

static bool note_store(void *context, const char *name)
{
    unsigned *store = context;
    const struct store_name *known = store_names;
    while (known->name && strcmp(known->name, name) != 0)
        known++;
    *store |= known->bit;
    return known->name;
}

static bool note_swept(void *context, const char *name)
{
    bool *swept = context;
    const struct hyperparameter *row = hyperparameter_find(strcmp(name, "task_list") == 0 ? "tasks" : name);
    if (row)
        swept[row - hyperparameter_table] = true;
    return row;
}

enum error_code results_read_swept(hid_t file, const char *path, bool *swept, struct error *error)
{
    memset(swept, 0, (size_t)n_hyperparameters * sizeof *swept);
    return read_names(file, path, "swept", note_swept, swept, error);
}

static enum error_code read_shard(hid_t file, const char *path, struct shard *shard, struct error *error)
{
    *shard = (struct shard){1, 1};
    htri_t exists = H5Aexists_by_name(file, RESULTS_PROVENANCE, RESULTS_SHARD, H5P_DEFAULT);
    if (exists < 0)
        return results_damaged(error, path, "its group " RESULTS_PROVENANCE " cannot be read");
    if (exists == 0)
        return ERROR_NONE;
    char *text;
    if (results_read_text(file, path, RESULTS_PROVENANCE, RESULTS_SHARD, &text, error))
        return error->code;
    bool is_good = shard_parse(text, shard);
    H5free_memory(text);
    return is_good ? ERROR_NONE
                   : results_damaged(error, path, "its attribute " RESULTS_SHARD " is not what picky writes");
}

/* Whether the file has an object of this path, whose groups are there. */
static bool has_object(hid_t file, const char *path)
{
    return H5Lexists(file, path, H5P_DEFAULT) > 0;
}

/* Whether the file has what picky writes by this name since schema `since`. In an older one it is somebody else's. */
static bool has_since(hid_t file, const char *path, const char *name, int since)
{
    int64_t version = 0;
    struct error ignored;
    return since == 1 ||
           (has_object(file, name) && !read_integer_attribute(file, path, "picky_schema_version", &version, &ignored) &&
            version >= since);
}

/* How many measures the file has: the first ones of the table, by name. */
static enum error_code read_measures(hid_t file, const char *path, uint64_t *n_measures, struct error *error)
{
    const char *name = dimension_names[DIMENSION_MEASURE];
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    hid_t type = dataset < 0 ? H5I_INVALID_HID : H5Dget_type(dataset);
    hsize_t n = 0;
    char *names[N_MEASURES] = {NULL};
    bool is_good = space >= 0 && is_text(type) && H5Sget_simple_extent_ndims(space) == 1 &&
                   H5Sget_simple_extent_dims(space, &n, NULL) == 1 && n >= 1 && n <= N_MEASURES &&
                   H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, names) >= 0;
    for (hsize_t m = 0; m < n && is_good; m++)
        is_good = names[m] && strcmp(names[m], measure_table[m].name) == 0;
    for (int m = 0; m < N_MEASURES; m++)
        H5free_memory(names[m]);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    *n_measures = n;
    return is_good ? ERROR_NONE : results_damaged(error, path, "its coordinate %s is not what picky writes", name);
}

/* Which fields the file lacks of those that came with later schemas than the first. */
static enum error_code read_lacking(hid_t file, const char *path, uint64_t *lacking, struct error *error)
{
    _Static_assert(N_FIELDS <= 64, "a bit for each field");
    if (!has_object(file, RESULTS_PROVENANCE))
        return results_damaged(error, path, "its group " RESULTS_PROVENANCE " cannot be read");
    *lacking = 0;
    for (int f = 0; f < N_FIELDS; f++) {
        const struct field_description *field = &record_fields[f];
        char name[96];
        snprintf(name, sizeof name, "%s%s", field->is_provenance ? RESULTS_PROVENANCE "/" : "", field->name);
        if (!has_since(file, path, name, field->since))
            *lacking |= UINT64_C(1) << f;
    }
    return ERROR_NONE;
}

enum error_code results_read_layout(const struct results_header *header, const struct hyperparameters *configs,
                                    struct record_layout *layout, struct error *error)
{
    if (record_layout_make(layout, configs, header->n_configs, header->store, error) ||
        record_layout_keep(layout, header->n_measures, header->lacking, error))
        return error->code;
    layout->is_null = header->is_null;
    return ERROR_NONE;
}

/* Whether a dataset lies in one piece, and where. */
static bool is_whole(hid_t dataset, haddr_t *offset)
{
    hid_t creation = H5Dget_create_plist(dataset);
    bool is_contiguous = creation >= 0 && H5Pget_layout(creation) == H5D_CONTIGUOUS;
    if (creation >= 0)
        H5Pclose(creation);
    *offset = is_contiguous ? H5Dget_offset(dataset) : HADDR_UNDEF;
    return *offset != HADDR_UNDEF;
}

static enum error_code in_pieces(const char *path, const char *name, struct error *error)
{
    return error_set(error, ERROR_INPUT,
                     "%s: its array %s does not lie in one piece: another program has rewritten it; "
                     "h5repack -f NONE -l CONTI FILE NEW undoes that",
                     path, name);
}

enum error_code results_read_header(hid_t file, const char *path, struct results_header *header, struct error *error)
{
    int64_t version = 0;
    htri_t exists = H5Aexists(file, "picky_schema_version");
    if (exists < 0)
        return results_damaged(error, path, "its attributes cannot be read");
    if (exists == 0)
        return error_set(error, ERROR_INPUT,
                         "%s: not a results file of picky (it lacks the attribute picky_schema_version)", path);
    if (read_integer_attribute(file, path, "picky_schema_version", &version, error))
        return error->code;
    if (version > RESULTS_SCHEMA_VERSION)
        return error_set(error, ERROR_INPUT,
                         "%s: written by a newer picky (schema version %" PRId64
                         "; this picky knows %d); allowed: that picky, or a newer one",
                         path, version, RESULTS_SCHEMA_VERSION);
    if (version < 1)
        return results_damaged(error, path, "its attribute picky_schema_version is %" PRId64, version);
    *header = (struct results_header){.version = version, .arithmetic = 1};
    if (H5Aexists(file, "arithmetic") > 0 &&
        read_integer_attribute(file, path, "arithmetic", &header->arithmetic, error))
        return error->code;
    if (read_measures(file, path, &header->n_measures, error) || read_lacking(file, path, &header->lacking, error))
        return error->code;
    if (read_integer_attribute(file, path, "seed", &header->seed, error) ||
        read_names(file, path, "store", note_store, &header->store, error) ||
        read_shard(file, path, &header->shard, error))
        return error->code;
    header->is_null = H5Aexists(file, RESULTS_NULL_JOBS) != 0;

    /* The sizes are those of status; results_read_array checks its second visit. */
    const char *name = record_fields[FIELD_STATUS].name;
    hsize_t size[2] = {0};
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    uint64_t n_slots;
    bool is_good = space >= 0 && H5Sget_simple_extent_ndims(space) == 2 &&
                   H5Sget_simple_extent_dims(space, size, NULL) == 2 && size[0] > 0 && size[1] > 0 &&
                   !__builtin_mul_overflow(size[0], size[1], &n_slots) && n_slots <= INT64_MAX;
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    if (!is_good)
        return results_damaged(error, path, "its array %s is missing or not what picky writes", name);
    header->n_configs = size[0];
    header->replicates = size[1];
    if (results_read_array(file, path, name, 2, size, FIELD_U8, &dataset, error))
        return error->code;
    is_whole(dataset, &header->status_offset); /* results_read_status wants it */
    H5Dclose(dataset);
    return ERROR_NONE;
}

enum error_code results_read_array(hid_t file, const char *path, const char *name, int n_axes, const hsize_t *size,
                                   enum field_type type, hid_t *dataset, struct error *error)
{
    hsize_t found[H5S_MAX_RANK] = {0};
    *dataset = H5Dopen2(file, name, H5P_DEFAULT);
    if (*dataset < 0)
        return results_damaged(error, path, "it has no array %s", name);
    hid_t in_file = H5Dget_type(*dataset), expected = results_hdf5_file_type(type), space = H5Dget_space(*dataset);
    bool is_good = in_file >= 0 && expected >= 0 && H5Tequal(in_file, expected) > 0 && space >= 0 &&
                   H5Sget_simple_extent_ndims(space) == n_axes &&
                   H5Sget_simple_extent_dims(space, found, NULL) == n_axes;
    for (int i = 0; is_good && i < n_axes; i++)
        is_good = found[i] == size[i];
    if (space >= 0)
        H5Sclose(space);
    if (expected >= 0)
        H5Tclose(expected);
    if (in_file >= 0)
        H5Tclose(in_file);
    if (is_good)
        return ERROR_NONE;
    H5Dclose(*dataset);
    *dataset = H5I_INVALID_HID;
    return results_damaged(error, path, "its array %s has another shape or type than its sweep asks for", name);
}

enum error_code results_read_offset(hid_t dataset, const char *path, const char *name, haddr_t *offset,
                                    struct error *error)
{
    return is_whole(dataset, offset) ? ERROR_NONE : in_pieces(path, name, error);
}

/* Sets a row of configs [n], configuration `first` of the file and the next, from the values just read. */
static enum error_code set_row(const char *path, const struct hyperparameter *row, uint64_t first, size_t n,
                               const void *values, struct hyperparameters *configs, struct error *error)
{
    const int64_t *integers = values;
    const double *reals = values;
    char *const *texts = values;
    struct error reason = {0};
    for (size_t i = 0; i < n; i++) {
        enum error_code code;
        if (row->type == HYPERPARAMETER_INTEGER)
            code = hyperparameter_set_integer(&configs[i], row, integers[i], &reason);
        else if (row->type == HYPERPARAMETER_REAL)
            code = hyperparameter_set_real(&configs[i], row, reals[i], &reason);
        else if (strcmp(row->name, "second_task") == 0 && texts[i] && !*texts[i])
            memset(configs[i].second_task, 0, sizeof configs[i].second_task), code = ERROR_NONE; /* see read_tasks */
        else
            code = hyperparameter_set_string(&configs[i], row, texts[i] ? texts[i] : "", &reason);
        if (code)
            return results_damaged(error, path, "configuration %" PRIu64 ": %s", first + i, reason.message);
    }
    return ERROR_NONE;
}

/* Reads entries first .. first + n - 1 of a variable along one dimension; texts are pointers, for H5free_memory. */
static enum error_code read_part(hid_t file, const char *path, const char *name, H5T_class_t class, uint64_t first,
                                 size_t n, void *values, struct error *error)
{
    hsize_t size = 0, start = first, count = n;
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    hid_t type = dataset < 0 ? H5I_INVALID_HID : H5Dget_type(dataset);
    hid_t memory = H5Screate_simple(1, &count, NULL);
    bool is_good =
        space >= 0 && type >= 0 && memory >= 0 && H5Tget_class(type) == class &&
        (class != H5T_STRING || is_text(type)) && H5Sget_simple_extent_ndims(space) == 1 &&
        H5Sget_simple_extent_dims(space, &size, NULL) == 1 && first < size && n <= size - first &&
        H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL) >= 0 &&
        H5Dread(dataset, class == H5T_STRING ? type : H5T_NATIVE_INT64, memory, space, H5P_DEFAULT, values) >= 0;
    if (memory >= 0)
        H5Sclose(memory);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    return is_good ? ERROR_NONE
                   : results_damaged(error, path, "its variable %s is missing or not what picky writes", name);
}

/* The texts of a variable along the file's lists and their tasks. */
struct list_texts {
    size_t n_tasks; /* of the largest list */
    char **texts;   /* [list][n_tasks], which HDF5 allocated */
};

static void free_list_texts(struct list_texts *read, size_t n)
{
    for (size_t i = 0; i < n * read->n_tasks && read->texts; i++)
        H5free_memory(read->texts[i]);
    free(read->texts);
}

/* Reads those of lists first .. first + n - 1, for free_list_texts(), also after an error. */
static enum error_code read_list_texts(hid_t file, const char *path, const char *name, uint64_t first, size_t n,
                                       struct list_texts *read, struct error *error)
{
    *read = (struct list_texts){0};
    hsize_t size[2] = {0}, start[2] = {first, 0}, count[2] = {n, 0};
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    hid_t type = dataset < 0 ? H5I_INVALID_HID : H5Dget_type(dataset), memory = H5I_INVALID_HID;
    bool is_good = space >= 0 && is_text(type) && H5Sget_simple_extent_ndims(space) == 2 &&
                   H5Sget_simple_extent_dims(space, size, NULL) == 2 && first < size[0] && n <= size[0] - first &&
                   size[1] >= 1 && size[1] <= TASKS_MAX;
    enum error_code code = ERROR_NONE;
    if (is_good) {
        read->n_tasks = count[1] = size[1];
        read->texts = calloc(n * read->n_tasks, sizeof *read->texts);
        memory = H5Screate_simple(2, count, NULL);
        if (!read->texts)
            code = error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
        else
            is_good = memory >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                      H5Dread(dataset, type, memory, space, H5P_DEFAULT, read->texts) >= 0;
    }
    if (!is_good)
        code = results_damaged(error, path, "its variable %s is missing or not what picky writes", name);
    if (memory >= 0)
        H5Sclose(memory);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    return code;
}

/* The text of a task of a list, both 0-based; "" behind the list's last one. */
static const char *list_text(const struct list_texts *read, size_t list, size_t task)
{
    const char *text = task < read->n_tasks ? read->texts[list * read->n_tasks + task] : NULL;
    return text ? text : "";
}

/* Makes list `i` of those that have been read from its text, and holds to it what else the file says of its tasks. */
static enum error_code make_list(const char *text, const struct list_texts *formulas, const struct list_texts *names,
                                 size_t i, struct task_list *list, struct error *error)
{
    char canonical[TASK_LIST_TEXT_MAX];
    int column;
    if (task_list_parse(text, strlen(text), list, &column, error))
        return error->code;
    task_list_text(list, canonical);
    if (strcmp(text, canonical) != 0)
        return error_set(error, ERROR_INPUT, "its tasks are not written as picky writes them: %s", canonical);
    for (int task = 0; task < TASKS_MAX; task++) {
        const char *formula = task < list->n_tasks ? list->formulas[task].text : "";
        const char *name = list_text(names, i, (size_t)task);
        if (strcmp(list_text(formulas, i, (size_t)task), formula) != 0)
            return error_set(error, ERROR_INPUT, "its task_formula of task %d is not that of its tasks, \"%s\"",
                             task + 1, formula);
        if (task >= list->n_tasks && *name)
            return error_set(error, ERROR_INPUT, "it has a task_name of task %d, but %d tasks", task + 1,
                             list->n_tasks);
        if (task < list->n_tasks && task_list_name(list, task, name, strlen(name), error))
            return error_prefix(error, "its task_name of task %d", task + 1);
    }
    return ERROR_NONE;
}

/* Adds the file's lists of tasks first .. first + n - 1 to the registry: numbers [n]. Their names come along. */
static enum error_code read_lists(hid_t file, const char *path, uint64_t first, size_t n, int64_t *numbers,
                                  struct error *error)
{
    struct reading {
        char *text;
    } *texts = calloc(n, sizeof *texts);
    struct list_texts formulas = {0}, names = {0};
    struct error reason = {0};
    if (!texts)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    enum error_code code = read_part(file, path, "tasks", H5T_STRING, first, n, texts, error);
    if (!code)
        code = read_list_texts(file, path, "task_formula", first, n, &formulas, error);
    if (!code)
        code = read_list_texts(file, path, "task_name", first, n, &names, error);
    for (size_t i = 0; i < n && !code; i++) {
        struct task_list list = {0};
        if (make_list(texts[i].text ? texts[i].text : "", &formulas, &names, i, &list, &reason) ||
            task_registry_add(&list, &numbers[i], &reason))
            code = results_damaged(error, path, "list of tasks %" PRIu64 ": %s", first + i, reason.message);
        else
            task_registry_compare_names(numbers[i], &list);
    }
    free_list_texts(&formulas, n);
    free_list_texts(&names, n);
    for (size_t i = 0; i < n; i++)
        H5free_memory(texts[i].text);
    free(texts);
    return code;
}

/* The row of tasks, with second_task, which has its spelling. */
static enum error_code read_tasks(hid_t file, const char *path, uint64_t first, size_t n,
                                  struct hyperparameters *configs, struct error *error)
{
    if (results_read_row(file, path, hyperparameter_find("second_task"), first, n, configs, error))
        return error->code;
    bool has_lists = has_since(file, path, "task_list", 2);
    int64_t least = INT64_MAX, most = 0, *lists = calloc(n, sizeof *lists), *numbers = NULL;
    if (!lists)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    enum error_code code =
        has_lists ? read_part(file, path, "task_list", H5T_INTEGER, first, n, lists, error) : ERROR_NONE;
    for (size_t i = 0; i < n && has_lists && !code; i++) {
        least = lists[i] < least ? lists[i] : least;
        most = lists[i] > most ? lists[i] : most;
        if (lists[i] < 0 || lists[i] >= TASK_LISTS_MAX)
            code =
                results_damaged(error, path, "configuration %" PRIu64 ": list of tasks %" PRId64, first + i, lists[i]);
    }
    if (has_lists && !code) {
        numbers = calloc((size_t)(most - least) + 1, sizeof *numbers);
        code = numbers ? read_lists(file, path, (uint64_t)least, (size_t)(most - least) + 1, numbers, error)
                       : error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    }
    for (size_t i = 0; i < n && !code; i++) {
        char second_task[HYPERPARAMETER_TEXT_MAX];
        memcpy(second_task, configs[i].second_task, sizeof second_task);
        if (has_lists)
            hyperparameters_set_tasks(&configs[i], numbers[lists[i] - least]);
        if (has_lists ? !hyperparameters_restore_second_task(&configs[i], second_task) : !*second_task)
            code = results_damaged(error, path,
                                   "configuration %" PRIu64 ": second_task \"%s\" does not stand for its tasks",
                                   first + i, second_task);
    }
    free(numbers);
    free(lists);
    return code;
}

enum error_code results_read_row(hid_t file, const char *path, const struct hyperparameter *row, uint64_t first,
                                 size_t n, struct hyperparameters *configs, struct error *error)
{
    bool is_integer = row->type == HYPERPARAMETER_INTEGER, is_real = row->type == HYPERPARAMETER_REAL;
    H5T_class_t class = is_integer ? H5T_INTEGER : is_real ? H5T_FLOAT : H5T_STRING;
    hsize_t size = 0, start = first, count = n;
    if (row->type == HYPERPARAMETER_TASKS)
        return read_tasks(file, path, first, n, configs, error);
    if (!has_since(file, path, row->name, row->since))
        return ERROR_NONE;
    _Static_assert(sizeof(double) == sizeof(int64_t) && sizeof(char *) <= sizeof(int64_t), "values share one buffer");
    void *values = calloc(n, sizeof(int64_t));
    if (!values)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);

    hid_t dataset = H5Dopen2(file, row->name, H5P_DEFAULT);
    hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
    hid_t type = dataset < 0 ? H5I_INVALID_HID : H5Dget_type(dataset);
    hid_t memory = H5Screate_simple(1, &count, NULL);
    hid_t memory_type = is_integer ? H5T_NATIVE_INT64 : is_real ? H5T_NATIVE_DOUBLE : type;
    bool is_good = space >= 0 && type >= 0 && memory >= 0 && H5Tget_class(type) == class &&
                   (class != H5T_STRING || is_text(type)) && H5Sget_simple_extent_ndims(space) == 1 &&
                   H5Sget_simple_extent_dims(space, &size, NULL) == 1 && first + n <= size &&
                   H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL) >= 0 &&
                   H5Dread(dataset, memory_type, memory, space, H5P_DEFAULT, values) >= 0;
    enum error_code code =
        is_good ? set_row(path, row, first, n, values, configs, error)
                : results_damaged(error, path, "its variable %s is missing or not what picky writes", row->name);
    if (is_good && class == H5T_STRING)
        H5Dvlen_reclaim(memory_type, memory, H5P_DEFAULT, values);
    if (memory >= 0)
        H5Sclose(memory);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (dataset >= 0)
        H5Dclose(dataset);
    free(values);
    return code;
}

enum error_code results_read_configs(hid_t file, const char *path, const struct results_header *header,
                                     struct hyperparameters **configs, struct error *error)
{
    size_t n_configs = header->n_configs;
    struct hyperparameters last;
    hyperparameters_default(&last);
    *configs = NULL;
    /* Before there is memory for as many as a damaged file says. */
    if (results_read_row(file, path, &hyperparameter_table[0], n_configs - 1, 1, &last, error))
        return error->code;
    struct hyperparameters *all = calloc(n_configs, sizeof *all);
    if (!all)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    hyperparameters_default(&last);
    for (size_t i = 0; i < n_configs; i++)
        all[i] = last;
    enum error_code code = ERROR_NONE;
    for (int row = 0; row < n_hyperparameters; row++)
        for (size_t first = 0; first < n_configs && !code; first += CONFIGS_AT_ONCE) {
            size_t n_left = n_configs - first, n = n_left < CONFIGS_AT_ONCE ? n_left : CONFIGS_AT_ONCE;
            code = results_read_row(file, path, &hyperparameter_table[row], first, n, all + first, error);
        }
    for (size_t i = 0; i < n_configs && !code; i++)
        if (hyperparameters_check(&all[i], error))
            code = error_prefix(error, "%s: damaged or incomplete file: configuration %zu", path, i);
    if (code)
        free(all);
    else
        *configs = all;
    return code;
}

enum error_code results_read_status(int descriptor, const char *path, const struct results_header *header,
                                    uint64_t first, size_t n, uint8_t *status, struct error *error)
{
    if (header->status_offset == HADDR_UNDEF)
        return in_pieces(path, record_fields[FIELD_STATUS].name, error);
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(descriptor, status + done, n - done, (off_t)(header->status_offset + first + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, ERROR_FATAL, "%s: reading it: %s", path, strerror(errno));
        if (got == 0)
            return results_damaged(error, path, "it ends within status");
        done += (size_t)got;
    }
    return results_check_status(path, header, first, n, status, error);
}

enum error_code results_check_status(const char *path, const struct results_header *header, uint64_t first, size_t n,
                                     const uint8_t *status, struct error *error)
{
    for (size_t i = 0; i < n; i++)
        if (status[i] >= N_STATUSES)
            return results_damaged(error, path, "status %d of configuration %" PRIu64 ", replicate %" PRIu64, status[i],
                                   (first + i) / header->replicates, (first + i) % header->replicates);
    return ERROR_NONE;
}
