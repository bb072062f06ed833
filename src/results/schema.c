#include "schema.h"

#include "build.h"
#include "hdf5_access.h"
#include "measures.h"
#include "task_registry.h"
#include "tasks.h"
#include "text.h"

#include <hdf5_hl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All dimensions of the file: enum dimension, config, replicate and the distinct lists of tasks, and in /provenance the
 * bytes of a text, the runs that wrote to the file and the sweeps that it was to hold. */
enum { CONFIG = N_DIMENSIONS, REPLICATE, LIST, CHARACTER, RUN, PLAN, N_SCALES };

/* A dimension is a coordinate with values, or has a size only. */
enum scale_kind { SCALE_PURE, SCALE_NUMBERS, SCALE_TEXT };
struct scale {
    enum scale_kind kind;
    int64_t first;       /* SCALE_NUMBERS: the value at index 0 */
    const char *meaning; /* long_name of a coordinate */
};
static const struct scale scales[N_SCALES] = {
    [DIMENSION_EPOCH] = {SCALE_NUMBERS, 0, "epochs trained, over all phases; 0 is the untrained model"},
    [DIMENSION_TASK] = {SCALE_NUMBERS, 1, "task: " TASKS_MEANING},
    [DIMENSION_LAYER] = {SCALE_NUMBERS, 1, "hidden layer, counted from the inputs"},
    [DIMENSION_HIDDEN_LAYER] = {SCALE_NUMBERS, 2, "hidden layer that a hidden layer feeds: all but the first"},
    [DIMENSION_INPUT] = {SCALE_TEXT, 0, "input of the network"},
    [DIMENSION_MEASURE] = {SCALE_TEXT, 0, "measure of importance; the attribute formulas says what each is"},
    [DIMENSION_PAIR] = {SCALE_TEXT, 0, "pair of tasks A-B of relative_importance"},
    [DIMENSION_CONSTANT] = {SCALE_TEXT, 0, "random constant in the formulas of tasks"},
};

const struct run_column run_columns[N_RUN_COLUMNS] = {
    [RUN_START] = {"start", FIELD_F64, "seconds since 1970-01-01", "when the run began"},
    [RUN_END] = {"end", FIELD_F64, "seconds since 1970-01-01", "when the run last wrote to the file"},
    [RUN_RANKS] = {"ranks", FIELD_I32, "1", "number of MPI ranks; 0: no such run"},
    [RUN_JOBS] = {"jobs", FIELD_I64, "1", "number of jobs that the run did"},
    [RUN_HOSTS] = {"hosts", FIELD_TEXT, "", "hosts with their instruction sets and numbers of ranks"},
    [RUN_VERSION] = {"version", FIELD_TEXT, "", "version of picky"},
};

/* What the words of the measures' formulas are. */
static const char measure_terms[] =
    "Over the N_test test samples of a task: y = the output, e = (y - target)^2, h = the unit's activation, E[] = "
    "mean, "
    "Var[] = variance. d = e' - e, where e' is e when the unit is silenced: its activation is set to 0 and the layers "
    "behind it and the output are computed anew. dy/dh = derivative of the output through all layers behind, those of "
    "a ReLU at 0 being 0, and de/dh = 2 (y - target) dy/dh.";

/* For a reader who has nothing but the file: all that it takes to compute test_error. */
static const char file_comment[] =
    "Slots. A slot (config, replicate) is a network of hidden_layers layers of hidden_size ReLU units, trained "
    "with the random streams of `seed`. status says what the slot holds: read it first, and use nothing of a "
    "pending slot (zeros, or anything) nor of a diverged or failed one (NaN). Accepted and rejected ones hold the "
    "last of `attempts` training runs. The attribute store says which of weights, initial_weights, test_set and "
    "train_set are in the file.\n"
    "Axes. The attribute DIMENSION_LIST names an array's axes in their order; the last index varies fastest, and "
    "indices are counted from 0. Index 0 is layer 1, task 1, hidden_layer 2, epoch 0, as the variables of these "
    "names say. Sizes are those of the largest configuration. A slot's own entries are the first hidden_size of "
    "unit and unit_in, hidden_layers of layer, hidden_layers - 1 of hidden_layer, N_test of sample, N_train of "
    "train_sample, max_attempts of attempt, n_tasks of task, n_inputs of input, n_tasks (n_tasks - 1) / 2 of pair, and "
    "of epoch 1 + epochs, or 1 + n_tasks epochs if train_mode is not random; what lies behind them is NaN (train_task: "
    "255).\n"
    "The network's output y for the inputs x0, x1, ... of a sample of task t. For every unit u of hidden layer l: "
    "z[u] = biases[l - 1][u] + SUM, and, if l = context_layer, + context_weights[u][t - 1] (the context has a 1 "
    "for the sample's task and a 0 for the others); h_l[u] = max(z[u], 0). In layer 1, SUM is over the inputs k: the "
    "sum of input_weights[u][k] xk. In layers l = 2 to hidden_layers, SUM is over all units v of the layer before: "
    "the sum of hidden_weights[l - 2][u][v] h_(l-1)[v]. With h of the last hidden layer, y = output_bias + the "
    "sum of output_weights[u] h[u]; if output_activation is relu, y = max(y, 0).\n"
    "Targets. That of task t is the formula task_formula[task_list][t - 1] of the inputs, of a, b, c (variables) and "
    "of "
    "r0 to r9 (random_constants), each operation rounded to single precision: + - * / ^ (a power by a digit), < <= > "
    ">= "
    "== != (1 or 0), abs, min, max, sqrt, floor, sign, step (1 from 0 on, else 0), clamp(x, low, high), if(c, p, q) (p "
    "where c is not 0, else q), sin, cos, exp, log, tanh. If standardise is variance, the formula's mean is subtracted "
    "and the difference divided by its standard deviation, both over the first 4096 Sobol' points of the inputs' box. "
    "second_task is a short name of some lists of tasks, or empty.\n"
    "Errors. test_error[epoch][task - 1] is the mean of |y - target| over the task's N_test test samples, "
    "test_loss that of (y - target)^2; picky computes y in single precision. The weights and the importances are "
    "those after the last epoch. A model is accepted if the test_error of the last epoch is below error_threshold "
    "for every task; a job makes up to max_attempts attempts, each with other random numbers, until one is.\n"
    "Samples. Inputs are uniform on [input_low, input_high): input_low + (input_high - input_low) u, in single "
    "precision. "
    "Those of the test samples are test_inputs, or are drawn again by "
    "Philox4x32-10 (Salmon et al. 2011; the library Random123): with the key seed + (attempts - 1) 2^53 (its low "
    "32 bits first) and the counter (b, t - 1, 0, 3), the four words of block b = 0, 1, ... give the elements "
    "4b to 4b + 3, each as floor(word / 2^8) / 2^24; u of input k of sample i, both from 0, is element i n_inputs + "
    "k.\n"
    "Training, and the other random numbers: docs/model.md of picky's sources; the file: docs/format.md.";

/* What every function here works on. */
struct schema {
    const struct results_description *description;
    hid_t file, provenance;
    hid_t text;            /* type: UTF-8 of any length */
    hid_t variable, array; /* creation of datasets: written at once; filled as the sweep runs */
    hid_t scales[N_SCALES];
    hsize_t sizes[N_SCALES];
    struct error *error;
};

/* Creation properties that netCDF-4 wants of files, groups and datasets, without times of day. */
static hid_t creation(hid_t class)
{
    const unsigned tracked = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t properties = H5Pcreate(class);
    bool failed = properties < 0 || H5Pset_obj_track_times(properties, false) < 0 ||
                  H5Pset_attr_creation_order(properties, tracked) < 0;
    if (class != H5P_DATASET_CREATE)
        failed = failed || H5Pset_link_creation_order(properties, tracked) < 0;
    if (failed && properties >= 0)
        H5Pclose(properties);
    return failed ? H5I_INVALID_HID : properties;
}

hid_t results_schema_creation(void)
{
    return creation(H5P_FILE_CREATE);
}

/* UTF-8 text of any length. */
static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

/* Writes an attribute of n values, or a scalar if n is 0. */
static enum error_code write_attribute(const struct schema *s, hid_t object, const char *name, hid_t file_type,
                                       hid_t memory_type, hsize_t n, const void *values)
{
    hid_t space = n > 0 ? H5Screate_simple(1, &n, NULL) : H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool failed = attribute < 0 || H5Awrite(attribute, memory_type, values) < 0;
    enum error_code code = failed ? results_hdf5_error(s->error, "writing attribute %s", name) : ERROR_NONE;
    if (attribute >= 0)
        H5Aclose(attribute);
    if (space >= 0)
        H5Sclose(space);
    return code;
}

static enum error_code write_text_attribute(const struct schema *s, hid_t object, const char *name, const char *value)
{
    char *text = strdup(value);
    if (!text)
        return error_set(s->error, ERROR_FATAL, "not enough memory for attribute %s", name);
    text_make_utf8(text);
    enum error_code code = write_attribute(s, object, name, s->text, s->text, 0, &text);
    free(text);
    return code;
}

static enum error_code write_integer_attribute(const struct schema *s, hid_t object, const char *name, int64_t value)
{
    return write_attribute(s, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, 0, &value);
}

/* Meaning and unit of a variable ("" if it has no unit). */
static enum error_code describe(const struct schema *s, hid_t dataset, const char *meaning, const char *unit)
{
    enum error_code code = write_text_attribute(s, dataset, "long_name", meaning);
    return code || !*unit ? code : write_text_attribute(s, dataset, "units", unit);
}

/* A value that arrays of the type never hold becomes the fill value: HDF5's own, 0, would be read as missing by tools
 * that go by it. A copy of `properties` with it, which the caller closes; negative on failure. */
static hid_t with_fill(hid_t properties, hid_t type)
{
    const struct {
        hid_t file_type, memory_type;
        const void *value;
    } fills[] = {
        {H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, &(float){quiet_nan()}},
        {H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, &(float){quiet_nan()}},
        {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &(double){(double)quiet_nan()}},
        {H5T_STD_I64LE, H5T_NATIVE_INT64, &(int64_t){INT64_MAX}},
        {H5T_STD_I32LE, H5T_NATIVE_INT32, &(int32_t){INT32_MAX}},
        {H5T_STD_U16LE, H5T_NATIVE_UINT16, &(uint16_t){UINT16_MAX}},
        {H5T_STD_U8LE, H5T_NATIVE_UINT8, &(uint8_t){UINT8_MAX}},
    };
    hid_t copy = H5Pcopy(properties);
    for (size_t i = 0; i < sizeof fills / sizeof fills[0] && copy >= 0; i++)
        if (H5Tequal(type, fills[i].file_type) > 0 &&
            H5Pset_fill_value(copy, fills[i].memory_type, fills[i].value) < 0) {
            H5Pclose(copy);
            copy = H5I_INVALID_HID;
        }
    return copy;
}

/* Creates a dataset with an axis for each of `axes` [n_axes] (indices of scales) and attaches their scales. The caller
 * closes *dataset, which is negative on error. */
static enum error_code create_dataset(const struct schema *s, hid_t group, const char *name, hid_t type, int n_axes,
                                      const int *axes, hid_t properties, hid_t *dataset)
{
    hsize_t sizes[FIELD_AXES_MAX] = {0};
    for (int i = 0; i < n_axes; i++)
        sizes[i] = s->sizes[axes[i]];

    enum error_code code = ERROR_NONE;
    hid_t space = H5Screate_simple(n_axes, sizes, NULL), filled = with_fill(properties, type);
    *dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, filled, H5P_DEFAULT);
    if (*dataset < 0)
        code = results_hdf5_error(s->error, "creating %s", name);
    for (int i = 0; i < n_axes && !code; i++)
        if (H5DSattach_scale(*dataset, s->scales[axes[i]], (unsigned)i) < 0)
            code = results_hdf5_error(s->error, "attaching dimension %d of %s", i, name);
    if (code && *dataset >= 0) {
        H5Dclose(*dataset);
        *dataset = H5I_INVALID_HID;
    }
    if (filled >= 0)
        H5Pclose(filled);
    if (space >= 0)
        H5Sclose(space);
    return code;
}

static enum error_code write_scale_texts(const struct schema *s, int scale)
{
    enum { N_PAIRS_MAX = TASK_PAIRS(TASKS_MAX) };
    static const char *const constants[FORMULA_RANDOMS] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"};
    char pairs[N_PAIRS_MAX][24];
    const char *pair_texts[N_PAIRS_MAX], *measures[N_MEASURES];

    for (int m = 0; m < N_MEASURES; m++)
        measures[m] = measure_table[m].name;
    const char *const *texts = scale == DIMENSION_INPUT      ? input_names
                               : scale == DIMENSION_CONSTANT ? constants
                                                             : measures;
    if (scale == DIMENSION_PAIR) {
        unsigned n_tasks = (unsigned)s->sizes[DIMENSION_TASK];
        check(n_tasks <= TASKS_MAX && s->sizes[scale] == TASK_PAIRS(n_tasks));
        for (unsigned b = 1; b < n_tasks; b++)
            for (unsigned a = 0; a < b; a++) {
                size_t pair = task_pair(a, b);
                snprintf(pairs[pair], sizeof pairs[pair], "%u-%u", a + 1, b + 1);
                pair_texts[pair] = pairs[pair];
            }
        texts = pair_texts;
    }
    if (H5Dwrite(s->scales[scale], s->text, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) < 0)
        return results_hdf5_error(s->error, "writing %s", dimension_names[scale]);
    return ERROR_NONE;
}

static enum error_code write_scale_numbers(const struct schema *s, int scale)
{
    int64_t *numbers = malloc(s->sizes[scale] * sizeof *numbers);
    if (!numbers)
        return error_set(s->error, ERROR_FATAL, "not enough memory for dimension %s", dimension_names[scale]);
    for (hsize_t i = 0; i < s->sizes[scale]; i++)
        numbers[i] = scales[scale].first + (int64_t)i;
    enum error_code code = ERROR_NONE;
    if (H5Dwrite(s->scales[scale], H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) < 0)
        code = results_hdf5_error(s->error, "writing %s", dimension_names[scale]);
    free(numbers);
    return code;
}

static const char *scale_name(int scale)
{
    switch (scale) {
    case CONFIG: return "config";
    case REPLICATE: return "replicate";
    case LIST: return "list";
    case CHARACTER: return "character";
    case RUN: return "run";
    case PLAN: return "plan";
    default: return dimension_names[scale];
    }
}

/* What each measure is, on the coordinate of measures. */
static enum error_code write_measures(const struct schema *s, hid_t dataset)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return error_set(s->error, ERROR_FATAL, "not enough memory for attribute formulas");
    for (int m = 0; m < N_MEASURES; m++)
        fprintf(stream, "%s: %s (%s)\n", measure_table[m].name, measure_table[m].formula, measure_table[m].source);
    fprintf(stream, "%s", measure_terms);
    bool is_whole = fclose(stream) == 0;
    enum error_code code = is_whole ? write_text_attribute(s, dataset, "formulas", text)
                                    : error_set(s->error, ERROR_FATAL, "not enough memory for attribute formulas");
    free(text);
    return code;
}

/* Creates dimension `i` as a netCDF-4 dimension; coordinates with their values. */
static enum error_code create_scale(struct schema *s, hid_t group, int i)
{
    const struct scale *scale = &scales[i];
    const char *name = scale_name(i);
    char pure_name[96];
    enum error_code code = ERROR_NONE;

    /* The type and the scale's name by which netCDF-4 knows a dimension without values. */
    hid_t type = H5T_IEEE_F32BE;
    const char *title = pure_name;
    snprintf(pure_name, sizeof pure_name, "This is a netCDF dimension but not a netCDF variable.%10" PRIu64,
             (uint64_t)s->sizes[i]);
    if (scale->kind != SCALE_PURE) {
        type = scale->kind == SCALE_NUMBERS ? H5T_STD_I64LE : s->text;
        title = name;
    }

    /* A pure dimension is never read. */
    hid_t space = H5Screate_simple(1, &s->sizes[i], NULL);
    hid_t filled = scale->kind == SCALE_PURE ? H5Pcopy(s->variable) : with_fill(s->variable, type);
    s->scales[i] = H5Dcreate2(group, name, type, space, H5P_DEFAULT, filled, H5P_DEFAULT);
    if (s->scales[i] < 0 || H5DSset_scale(s->scales[i], title) < 0) {
        code = results_hdf5_error(s->error, "creating dimension %s", name);
    } else if (scale->kind != SCALE_PURE) {
        code = scale->kind == SCALE_NUMBERS ? write_scale_numbers(s, i) : write_scale_texts(s, i);
        if (!code)
            code = describe(s, s->scales[i], scale->meaning, scale->kind == SCALE_NUMBERS ? "1" : "");
        if (!code && i == DIMENSION_MEASURE)
            code = write_measures(s, s->scales[i]);
    }
    if (filled >= 0)
        H5Pclose(filled);
    if (space >= 0)
        H5Sclose(space);
    return code;
}

/* Units of each hidden layer: what shares of a layer are of. */
static enum error_code write_layer_sizes(const struct schema *s)
{
    size_t n_layers = s->sizes[DIMENSION_LAYER], n_configs = s->description->n_configs;
    int32_t *sizes = calloc(n_configs * n_layers, sizeof *sizes);
    if (!sizes)
        return error_set(s->error, ERROR_FATAL, "not enough memory for %zu configurations", n_configs);
    for (size_t c = 0; c < n_configs; c++)
        for (int64_t l = 0; l < s->description->configs[c].hidden_layers; l++)
            sizes[c * n_layers + (size_t)l] = (int32_t)s->description->configs[c].hidden_size;
    hid_t dataset;
    enum error_code code = create_dataset(s, s->file, "layer_size", H5T_STD_I32LE, 2, (int[]){CONFIG, DIMENSION_LAYER},
                                          s->variable, &dataset);
    if (!code && H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, sizes) < 0)
        code = results_hdf5_error(s->error, "writing layer_size");
    if (!code)
        code =
            describe(s, dataset, "number of units in each hidden layer; 0: the configuration has no such layer", "1");
    if (dataset >= 0)
        H5Dclose(dataset);
    free(sizes);
    return code;
}

/* Writes a variable along config: values [n_configs]. */
static enum error_code write_config_variable(const struct schema *s, const char *name, hid_t file_type,
                                             hid_t memory_type, const void *values, const char *meaning,
                                             const char *unit)
{
    hid_t dataset;
    enum error_code code = create_dataset(s, s->file, name, file_type, 1, (int[]){CONFIG}, s->variable, &dataset);
    if (code)
        return code;
    if (H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        code = results_hdf5_error(s->error, "writing %s", name);
    if (!code)
        code = describe(s, dataset, meaning, unit);
    H5Dclose(dataset);
    return code;
}

/* The distinct lists of tasks of a sweep, in the order in which its configurations have them first. */
struct task_lists {
    int32_t *of_number; /* [task_registry_count()] which of them, -1: none; owned */
    int64_t *numbers;   /* [n] in the registry; owned */
    size_t n;
};

static enum error_code find_lists(struct task_lists *lists, const struct results_description *description,
                                  struct error *error)
{
    size_t n_known = (size_t)task_registry_count();
    lists->n = 0;
    lists->of_number = malloc(n_known * sizeof *lists->of_number);
    lists->numbers = malloc(n_known * sizeof *lists->numbers);
    if (!lists->of_number || !lists->numbers)
        return error_set(error, ERROR_FATAL, "not enough memory for lists of tasks");
    memset(lists->of_number, 0xff, n_known * sizeof *lists->of_number);
    for (size_t c = 0; c < description->n_configs; c++) {
        int64_t number = description->configs[c].tasks;
        if (lists->of_number[number] >= 0)
            continue;
        lists->of_number[number] = (int32_t)lists->n;
        lists->numbers[lists->n++] = number;
    }
    return ERROR_NONE;
}

static void free_lists(struct task_lists *lists)
{
    free(lists->of_number);
    free(lists->numbers);
}

/* A variable of texts along the lists, or lists and tasks: texts [n]. */
static enum error_code write_list_texts(const struct schema *s, const char *name, int n_axes, const char *const *texts,
                                        const char *meaning)
{
    hid_t dataset;
    enum error_code code =
        create_dataset(s, s->file, name, s->text, n_axes, (int[]){LIST, DIMENSION_TASK}, s->variable, &dataset);
    if (!code && H5Dwrite(dataset, s->text, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) < 0)
        code = results_hdf5_error(s->error, "writing %s", name);
    if (!code)
        code = describe(s, dataset, meaning, "");
    if (dataset >= 0)
        H5Dclose(dataset);
    return code;
}

/* The lists of tasks, and which of them a configuration has: values [n_configs] is scratch. */
static enum error_code write_tasks(const struct schema *s, const struct task_lists *lists, int64_t *values)
{
    const struct hyperparameters *configs = s->description->configs;
    size_t n_configs = s->description->n_configs, n_tasks = s->sizes[DIMENSION_TASK];
    for (size_t i = 0; i < n_configs; i++)
        values[i] = lists->of_number[configs[i].tasks];
    enum error_code code = write_config_variable(s, "task_list", H5T_STD_I32LE, H5T_NATIVE_INT64, values,
                                                 "which of the lists of tasks, from 0: index along list", "1");
    for (size_t i = 0; i < n_configs && !code; i++)
        values[i] = hyperparameters_n_tasks(&configs[i]);
    if (!code)
        code = write_config_variable(s, "n_tasks", H5T_STD_U8LE, H5T_NATIVE_INT64, values, "number of tasks", "1");
    if (code)
        return code;

    const size_t n_texts = lists->n * n_tasks;
    check(n_texts > 0); /* each configuration has a list, each list a task */
    const char **texts = malloc(n_texts * sizeof *texts);
    if (!texts)
        return error_set(s->error, ERROR_FATAL, "not enough memory for lists of tasks");
    for (size_t i = 0; i < lists->n; i++)
        texts[i] = task_registry_get(lists->numbers[i])->text;
    code = write_list_texts(s, "tasks", 1, texts, "formulas of the tasks, in one way of writing, with \"; \" between");
    for (size_t i = 0; i < n_texts; i++) {
        const struct task_list *list = &task_registry_get(lists->numbers[i / n_tasks])->list;
        texts[i] = (int)(i % n_tasks) < list->n_tasks ? list->formulas[i % n_tasks].text : "";
    }
    if (!code)
        code = write_list_texts(s, "task_formula", 2, texts, "formula of each task; empty: the list has no such task");
    for (size_t i = 0; i < n_texts; i++)
        texts[i] = task_registry_get(lists->numbers[i / n_tasks])->list.names[i % n_tasks];
    if (!code)
        code = write_list_texts(s, "task_name", 2, texts, "name that the sweep gives the task; empty: none");
    free(texts);
    return code;
}

/* Every hyperparameter under its own name, and the context's layer as a number; the tasks by write_tasks. */
static enum error_code write_hyperparameters(const struct schema *s, const struct task_lists *lists)
{
    const struct hyperparameters *configs = s->description->configs;
    size_t n_configs = s->description->n_configs;
    _Static_assert(sizeof(double) <= sizeof(int64_t) && sizeof(char *) <= sizeof(int64_t), "values share one buffer");
    void *values = malloc(n_configs * sizeof(int64_t));
    int64_t *integers = values;
    double *reals = values;
    const char **texts = values;
    if (!values)
        return error_set(s->error, ERROR_FATAL, "not enough memory for %zu configurations", n_configs);

    enum error_code code = ERROR_NONE;
    for (int row = 0; row < n_hyperparameters && !code; row++) {
        const struct hyperparameter *h = &hyperparameter_table[row];
        if (h->type == HYPERPARAMETER_TASKS)
            continue;
        hid_t file_type = s->text, memory_type = s->text;
        if (h->type == HYPERPARAMETER_INTEGER) {
            file_type = H5T_STD_I64LE;
            memory_type = H5T_NATIVE_INT64;
            for (size_t i = 0; i < n_configs; i++)
                integers[i] = hyperparameter_integer(&configs[i], h);
        } else if (h->type == HYPERPARAMETER_REAL) {
            file_type = H5T_IEEE_F64LE;
            memory_type = H5T_NATIVE_DOUBLE;
            for (size_t i = 0; i < n_configs; i++)
                reals[i] = hyperparameter_real(&configs[i], h);
        } else {
            for (size_t i = 0; i < n_configs; i++)
                texts[i] = hyperparameter_string(&configs[i], h);
        }
        code = write_config_variable(s, h->name, file_type, memory_type, values, h->meaning, h->unit);
    }
    if (!code) {
        for (size_t i = 0; i < n_configs; i++)
            integers[i] = hyperparameters_context_layer(&configs[i]);
        code = write_config_variable(s, "context_layer", H5T_STD_I64LE, H5T_NATIVE_INT64, values,
                                     "context_location as the number of a hidden layer, from 1", "1");
    }
    if (!code)
        code = write_tasks(s, lists, values);
    free(values);
    return code;
}

/* What a field has beyond meaning and unit. */
static enum error_code write_field_attributes(const struct schema *s, hid_t dataset, enum field field)
{
    const double unimportant_below = UNIMPORTANT_BELOW;
    const uint8_t padding = 255;

    if (record_fields[field].type == FIELD_TEXT)
        return write_text_attribute(s, dataset, "_Encoding", "utf-8");
    if (field == FIELD_RELATIVE_IMPORTANCE)
        return write_attribute(s, dataset, "unimportant_below", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 0,
                               &unimportant_below);
    if (field == FIELD_TRAIN_TASK)
        return write_attribute(s, dataset, "missing_value", H5T_STD_U8LE, H5T_NATIVE_UINT8, 0, &padding);
    if (field != FIELD_STATUS)
        return ERROR_NONE;

    uint8_t values[N_STATUSES];
    char meanings[128] = "";
    for (int i = 0; i < N_STATUSES; i++) {
        size_t used = strlen(meanings);
        values[i] = (uint8_t)i;
        snprintf(meanings + used, sizeof meanings - used, "%s%s", i > 0 ? " " : "", status_names[i]);
    }
    enum error_code code =
        write_attribute(s, dataset, "flag_values", H5T_STD_U8LE, H5T_NATIVE_UINT8, N_STATUSES, values);
    return code ? code : write_text_attribute(s, dataset, "flag_meanings", meanings);
}

/* An empty array for each stored field, of the group /provenance or of the rest. */
static enum error_code create_arrays(const struct schema *s, bool is_provenance)
{
    for (int f = 0; f < N_FIELDS; f++) {
        const struct field_description *field = &record_fields[f];
        if (field->is_provenance != is_provenance || s->description->layout->offset[f] == UINT64_MAX)
            continue;
        int axes[FIELD_AXES_MAX] = {CONFIG, REPLICATE};
        int n_axes = 2;
        for (int d = 0; d < field->n_dimensions; d++)
            axes[n_axes++] = (int)field->dimensions[d];
        if (field->type == FIELD_TEXT)
            axes[n_axes++] = CHARACTER;

        hid_t dataset, type = results_hdf5_file_type(field->type);
        enum error_code code = create_dataset(s, is_provenance ? s->provenance : s->file, field->name, type, n_axes,
                                              axes, s->array, &dataset);
        if (!code)
            code = describe(s, dataset, field->meaning, field->unit);
        if (!code)
            code = write_field_attributes(s, dataset, (enum field)f);
        if (dataset >= 0)
            H5Dclose(dataset);
        if (type >= 0)
            H5Tclose(type);
        if (code)
            return code;
    }
    return ERROR_NONE;
}

/* The names of the hyperparameters, all or the swept ones, with blanks between. The caller frees it; NULL if
 * memory is short. */
static char *hyperparameter_names(const bool *swept, const char *last)
{
    ptrdiff_t tasks = hyperparameter_find("tasks") - hyperparameter_table;
    size_t size = strlen(last) + 2 + strlen("task_list");
    for (int i = 0; i < n_hyperparameters; i++)
        size += strlen(hyperparameter_table[i].name) + 1;
    char *names = calloc(size, 1);
    for (int i = 0; i < n_hyperparameters && names; i++)
        if (swept ? swept[i] : i != tasks) /* by their variables along config: that of the tasks is task_list */
            snprintf(names + strlen(names), size - strlen(names), "%s%s", *names ? " " : "",
                     i == tasks ? "task_list" : hyperparameter_table[i].name);
    if (names && *last)
        snprintf(names + strlen(names), size - strlen(names), " %s", last);
    return names;
}

static enum error_code write_global_attributes(const struct schema *s)
{
    const struct results_description *d = s->description;
    enum error_code code = ERROR_FATAL;
    char store[160] = "";
    for (const struct store_name *bit = store_names; bit->name; bit++)
        if (d->layout->store & bit->bit) {
            size_t used = strlen(store);
            snprintf(store + used, sizeof store - used, "%s%s", used > 0 ? " " : "", bit->name);
        }
    char *coordinates = hyperparameter_names(NULL, "context_layer task_list n_tasks");
    char *swept = hyperparameter_names(d->swept, "");
    if (!coordinates || !swept) {
        error_set(s->error, ERROR_FATAL, "not enough memory for the file's attributes");
        goto done;
    }

    const struct {
        const char *name, *value;
    } texts[] = {
        {"Conventions", "CF-1.10"}, /* the first with int64 is 1.9 */
        {"title", d->layout->is_null ? "picky: made-up records, NOT RESULTS: written by --null-jobs"
                                     : "picky: which units of a network serve which task"},
        {"history", "written by picky; the group provenance has when, where and how"},
        {"source", "networks that picky trained, one for each slot of (config, replicate)"},
        {"references", "George 2020, \"What makes neurons picky?\""},
        {"comment", file_comment},
        {"sweep_name", d->name},
        {"sweep", d->sweep_text},
        {"store", store},
        {"coordinates", coordinates},
        {"swept", swept},
    };
    if ((code = write_integer_attribute(s, s->file, "picky_schema_version", RESULTS_SCHEMA_VERSION)) ||
        (code = write_integer_attribute(s, s->file, "arithmetic", build_arithmetic())))
        goto done;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if ((code = write_text_attribute(s, s->file, texts[i].name, texts[i].value)))
            goto done;
    if (!(code = write_integer_attribute(s, s->file, "seed", d->seed)) && d->layout->is_null)
        code = write_integer_attribute(s, s->file, RESULTS_NULL_JOBS, 1);

done:
    free(coordinates);
    free(swept);
    return code;
}

/* The log of runs, empty. A group of its own: HDF5 keeps the members of a small group in front of the texts. */
static enum error_code create_run_log(struct schema *s, hid_t group)
{
    enum error_code code = create_scale(s, group, RUN);
    for (int i = 0; i < N_RUN_COLUMNS && !code; i++) {
        const struct run_column *column = &run_columns[i];
        hid_t dataset, type = results_hdf5_file_type(column->type);
        code = create_dataset(s, group, column->name, type, column->type == FIELD_TEXT ? 2 : 1, (int[]){RUN, CHARACTER},
                              s->array, &dataset);
        if (!code)
            code = describe(s, dataset, column->meaning, column->unit);
        if (!code && column->type == FIELD_TEXT)
            code = write_text_attribute(s, dataset, "_Encoding", "utf-8");
        if (dataset >= 0)
            H5Dclose(dataset);
        if (type >= 0)
            H5Tclose(type);
    }
    return code;
}

/* The caller closes *group, which is negative on error. */
static enum error_code create_group(const struct schema *s, const char *name, hid_t *group)
{
    hid_t properties = creation(H5P_GROUP_CREATE);
    *group = H5Gcreate2(s->file, name, H5P_DEFAULT, properties, H5P_DEFAULT);
    enum error_code code = *group < 0 ? results_hdf5_error(s->error, "creating group %s", name) : ERROR_NONE;
    if (properties >= 0)
        H5Pclose(properties);
    return code;
}

/* One column of /provenance/plans: values [n_plans]. */
static enum error_code write_plan_column(const struct schema *s, hid_t group, const char *name, hid_t file_type,
                                         hid_t memory_type, const void *values, const char *meaning, const char *unit)
{
    hid_t dataset;
    enum error_code code = create_dataset(s, group, name, file_type, 1, (int[]){PLAN}, s->variable, &dataset);
    if (!code && H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        code = results_hdf5_error(s->error, "writing %s", name);
    if (!code)
        code = describe(s, dataset, meaning, unit);
    if (dataset >= 0)
        H5Dclose(dataset);
    return code;
}

static enum error_code write_plans(struct schema *s)
{
    size_t n = s->description->n_plans;
    if (n == 0)
        return ERROR_NONE;
    hid_t group = H5I_INVALID_HID;
    double *start = calloc(n, sizeof *start);
    int64_t *replicates = calloc(n, sizeof *replicates), *n_configs = calloc(n, sizeof *n_configs);
    int64_t *max_attempts = calloc(n, sizeof *max_attempts);
    enum error_code code = start && replicates && n_configs && max_attempts
                               ? create_group(s, RESULTS_PLANS, &group)
                               : error_set(s->error, ERROR_FATAL, "not enough memory for " RESULTS_PLANS);
    if (!code) {
        for (size_t i = 0; i < n; i++) {
            start[i] = s->description->plans[i].start_s;
            replicates[i] = s->description->plans[i].replicates;
            n_configs[i] = s->description->plans[i].n_configs;
            max_attempts[i] = s->description->plans[i].max_attempts;
        }
        if (!(code = create_scale(s, group, PLAN)) &&
            !(code = write_plan_column(s, group, "time", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, start,
                                       "when this sweep was begun; NaN: unknown, as its sizes are then",
                                       "seconds since 1970-01-01")) &&
            !(code = write_plan_column(s, group, "replicates", H5T_STD_I64LE, H5T_NATIVE_INT64, replicates,
                                       "replicates of each configuration", "1")) &&
            !(code = write_plan_column(s, group, "configurations", H5T_STD_I64LE, H5T_NATIVE_INT64, n_configs,
                                       "configurations", "1")))
            code = write_plan_column(s, group, "max_attempts", H5T_STD_I64LE, H5T_NATIVE_INT64, max_attempts,
                                     "the largest max_attempts of a configuration; 0: unknown", "1");
        H5Gclose(group);
    }
    free(start);
    free(replicates);
    free(n_configs);
    free(max_attempts);
    return code;
}

static enum error_code write_provenance_texts(const struct schema *s)
{
    if (s->description->shard.n > 1) {
        char shard[SHARD_TEXT_MAX];
        shard_format(&s->description->shard, shard);
        if (write_text_attribute(s, s->provenance, RESULTS_SHARD, shard))
            return s->error->code;
    }
    for (const struct results_attribute *a = s->description->provenance; a && a->name; a++) {
        enum error_code code;
        hid_t dataset;
        if (a->unit) {
            code = create_dataset(s, s->provenance, a->name, H5T_IEEE_F64LE, 0, NULL, s->array, &dataset);
            if (!code)
                code = describe(s, dataset, a->meaning ? a->meaning : a->name, a->unit);
            if (dataset >= 0)
                H5Dclose(dataset);
        } else if (a->value[strspn(a->value, " ")] == '\0') {
            code = create_dataset(s, s->provenance, a->name, H5T_C_S1, 1, (int[]){CHARACTER}, s->array, &dataset);
            if (!code)
                code = describe(s, dataset, a->meaning ? a->meaning : a->name, "");
            if (!code)
                code = write_text_attribute(s, dataset, "_Encoding", "utf-8");
            if (dataset >= 0)
                H5Dclose(dataset);
        } else {
            code = write_text_attribute(s, s->provenance, a->name, a->value);
        }
        if (code)
            return code;
    }
    return ERROR_NONE;
}

/* The dimension of lists, the hyperparameters and what they come to. */
static enum error_code write_configs(struct schema *s)
{
    struct task_lists lists = {0};
    enum error_code code = find_lists(&lists, s->description, s->error);
    s->sizes[LIST] = lists.n;
    if (!code && !(code = create_scale(s, s->file, LIST)) && !(code = write_hyperparameters(s, &lists)))
        code = write_layer_sizes(s);
    free_lists(&lists);
    return code;
}

/* Everything but the texts of /provenance, into a schema with its properties and no scales yet. */
static enum error_code write_all(struct schema *s)
{
    enum error_code code;
    if ((code = write_global_attributes(s)) || (code = create_scale(s, s->file, CONFIG)) ||
        (code = create_scale(s, s->file, REPLICATE)))
        return code;
    for (int i = 0; i < N_DIMENSIONS; i++)
        if (s->sizes[i] > 0 && (code = create_scale(s, s->file, i)))
            return code;
    if ((code = write_configs(s)) || (code = create_arrays(s, false)))
        return code;

    if ((code = create_group(s, RESULTS_PROVENANCE, &s->provenance)) ||
        (code = create_scale(s, s->provenance, CHARACTER)) || (code = create_arrays(s, true)))
        return code;
    hid_t runs;
    if (!(code = create_group(s, RESULTS_RUNS, &runs))) {
        code = create_run_log(s, runs);
        H5Gclose(runs);
    }
    return code;
}

/* Opens what a second visit needs, and writes the texts. */
static enum error_code write_provenance(struct schema *s)
{
    s->provenance = H5Gopen2(s->file, RESULTS_PROVENANCE, H5P_DEFAULT);
    s->scales[CHARACTER] = H5Dopen2(s->provenance, scale_name(CHARACTER), H5P_DEFAULT);
    if (s->scales[CHARACTER] < 0)
        return results_hdf5_error(s->error, "opening group " RESULTS_PROVENANCE);
    enum error_code code = write_provenance_texts(s);
    return code ? code : write_plans(s);
}

/* Runs one of the two above with everything it needs. */
static enum error_code with_schema(hid_t file, const struct results_description *description,
                                   enum error_code (*write)(struct schema *), struct error *error)
{
    struct schema s = {
        .description = description,
        .file = file,
        .provenance = H5I_INVALID_HID,
        .text = text_type(),
        .variable = creation(H5P_DATASET_CREATE),
        .array = creation(H5P_DATASET_CREATE),
        .error = error,
    };
    for (int i = 0; i < N_SCALES; i++) {
        s.scales[i] = H5I_INVALID_HID;
        s.sizes[i] = i == CONFIG      ? (hsize_t)description->n_configs
                     : i == REPLICATE ? (hsize_t)description->replicates
                     : i == LIST      ? 0 /* see write_configs */
                     : i == CHARACTER ? FIELD_TEXT_SIZE
                     : i == RUN       ? RESULTS_RUNS_MAX
                     : i == PLAN      ? (hsize_t)description->n_plans
                                      : (hsize_t)description->layout->size[i];
    }

    /* Arrays lie in place from the start but are never filled: the file is sparse, made at once however large, and
     * its metadata does not change as the sweep goes on. */
    enum error_code code;
    if (s.text < 0 || s.variable < 0 || s.array < 0 || H5Pset_layout(s.array, H5D_CONTIGUOUS) < 0 ||
        H5Pset_alloc_time(s.array, H5D_ALLOC_TIME_EARLY) < 0 || H5Pset_fill_time(s.array, H5D_FILL_TIME_NEVER) < 0)
        code = results_hdf5_error(error, "preparing the file");
    else
        code = write(&s);

    for (int i = 0; i < N_SCALES; i++)
        if (s.scales[i] >= 0)
            H5Dclose(s.scales[i]);
    if (s.provenance >= 0)
        H5Gclose(s.provenance);
    if (s.array >= 0)
        H5Pclose(s.array);
    if (s.variable >= 0)
        H5Pclose(s.variable);
    if (s.text >= 0)
        H5Tclose(s.text);
    return code;
}

enum error_code results_schema_write(hid_t file, const struct results_description *description, struct error *error)
{
    return with_schema(file, description, write_all, error);
}

enum error_code results_schema_write_provenance(hid_t file, const struct results_description *description,
                                                struct error *error)
{
    return with_schema(file, description, write_provenance, error);
}
