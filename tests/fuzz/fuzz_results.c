/* The readers of results files: a good file, damaged where picky's own code has to be on its guard, and not HDF5: links
 * and attributes missing, or of another type and shape, sizes that do not fit together, values that cannot be, the
 * file's end missing. The input is a list of such damages. */
#include "fuzz.h"

#include "inspect.h"
#include "models.h"
#include "open.h"
#include "reader.h"
#include "reader_provenance.h"
#include "selection.h"
#include "slots.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_CONFIGS = 2, REPLICATES = 2, FILE_MAX = 1 << 20, DAMAGES_MAX = 8, READ_MAX = 1 << 22 };

static struct hyperparameters configs[N_CONFIGS];
static struct record_layout layout;
static bool swept[64];
static struct results_description description;
static unsigned char whole[FILE_MAX];
static size_t whole_size;
static char path[256];

/* The rest of the input; zeros when it is used up. */
static const uint8_t *input;
static size_t input_left;

static unsigned take(void)
{
    if (input_left == 0)
        return 0;
    input_left--;
    return *input++;
}

static void make_whole(void)
{
    static const struct results_attribute provenance[] = {
        {"picky_version", "x", NULL, NULL}, {"end_time", "", NULL, NULL}, {0}};
    struct results *results;
    struct error error;
    const char *parent = getenv("TMPDIR");
    char directory[200], original[256];
    snprintf(directory, sizeof directory, "%s/fuzz_results.XXXXXX", parent ? parent : "/tmp");
    check(n_hyperparameters < (int)(sizeof swept / sizeof swept[0]) && mkdtemp(directory));
    for (int c = 0; c < N_CONFIGS; c++) {
        hyperparameters_default(&configs[c]);
        configs[c].hidden_size = 2 + c;
        configs[c].hidden_layers = 2;
        configs[c].epochs = 1;
        configs[c].N_test = 2;
        check(!hyperparameters_check(&configs[c], &error));
    }
    check(!record_layout_make(&layout, configs, N_CONFIGS, STORE_WEIGHTS, &error));
    description = (struct results_description){.name = "fuzz",
                                               .sweep_text = "text",
                                               .seed = 1,
                                               .replicates = REPLICATES,
                                               .configs = configs,
                                               .n_configs = N_CONFIGS,
                                               .swept = swept,
                                               .layout = &layout,
                                               .provenance = provenance};
    snprintf(original, sizeof original, "%s/a.h5", directory);
    check(!results_create(&results, original, &description, &error) &&
          !results_log_run(results, 1, "host", "version", &error));
    void *record = malloc(layout.n_bytes);
    check(record);
    for (uint64_t c = 0; c < N_CONFIGS; c++) {
        memset(record, 0, layout.n_bytes);
        *(uint8_t *)record_field(&layout, record, FIELD_STATUS) = STATUS_ACCEPTED;
        check(!results_put(results, c, 0, record, &error));
    }
    free(record);
    check(!results_close(results, &error));
    FILE *file = fopen(original, "rb");
    check(file && (whole_size = fread(whole, 1, sizeof whole, file)) > 0 && whole_size < sizeof whole);
    fclose(file);
    unlink(original);
    snprintf(path, sizeof path, "%s/b.h5", directory);
}

/* A type and a shape that the input chooses. */
static hid_t some_type(unsigned choice)
{
    hid_t type;
    switch (choice % 8) {
    case 0: return H5Tcopy(H5T_NATIVE_UINT8);
    case 1: return H5Tcopy(H5T_NATIVE_INT64);
    case 2: return H5Tcopy(H5T_IEEE_F32LE);
    case 3: return H5Tcopy(H5T_IEEE_F64BE);
    case 4:
        type = H5Tcopy(H5T_C_S1);
        H5Tset_size(type, H5T_VARIABLE);
        return type;
    case 5:
        type = H5Tcopy(H5T_C_S1);
        H5Tset_size(type, 3);
        return type;
    case 6: return H5Tcreate(H5T_OPAQUE, 5);
    default:
        type = H5Tcreate(H5T_COMPOUND, 8);
        H5Tinsert(type, "a", 0, H5T_NATIVE_INT64);
        return type;
    }
}

static hid_t some_space(unsigned choice)
{
    hsize_t size[4];
    int rank = (int)(choice % 5);
    if (choice & 0x80)
        return H5Screate(H5S_NULL);
    for (int i = 0; i < rank; i++)
        size[i] = (choice & 0x40) ? (hsize_t)1 << take() % 40 : take() % 4;
    return rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, size, NULL);
}

static void replace(hid_t file, const char *name, bool is_attribute)
{
    static const char *const text[64];
    static const uint64_t values[64];
    hid_t type = some_type(take()), space = some_space(take()), object = H5I_INVALID_HID;
    hssize_t n = space < 0 ? 0 : H5Sget_simple_extent_npoints(space);
    if (is_attribute && n <= 64)
        object = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    else if (!is_attribute)
        object = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (object >= 0 && is_attribute)
        H5Awrite(object, type, H5Tis_variable_str(type) > 0 ? (const void *)text : values);
    if (object >= 0)
        is_attribute ? H5Aclose(object) : H5Dclose(object);
    H5Sclose(space);
    H5Tclose(type);
}

static void poke(hid_t file, const char *name)
{
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    if (dataset < 0)
        return;
    unsigned char bytes[4096];
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    size_t n = H5Tget_size(type) * (size_t)H5Sget_simple_extent_npoints(space);
    if (H5Tdetect_class(type, H5T_STRING) <= 0 && H5Tget_class(type) != H5T_REFERENCE && n > 0 && n <= sizeof bytes &&
        H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0) {
        bytes[(take() + 256 * take()) % n] ^= (unsigned char)take();
        H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
}

/* One damage to a group. Links and attributes are named by their number in its order of names. */
static void damage(hid_t file)
{
    char name[128] = "";
    unsigned kind = take() % 5, number = take();
    H5G_info_t group;
    if (kind < 3) {
        if (H5Gget_info(file, &group) < 0 || group.nlinks == 0 ||
            H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, number % group.nlinks, name, sizeof name,
                               H5P_DEFAULT) < 0)
            return;
        if (kind == 0) {
            poke(file, name);
            return;
        }
        H5Ldelete(file, name, H5P_DEFAULT);
        if (kind == 2)
            replace(file, name, false);
        return;
    }
    H5O_info_t object;
    if (H5Oget_info(file, &object) < 0 || object.num_attrs == 0 ||
        H5Aget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, number % object.num_attrs, name, sizeof name,
                           H5P_DEFAULT) < 0)
        return;
    H5Adelete(file, name);
    if (kind == 4)
        replace(file, name, true);
}

static void make_damaged(void)
{
    FILE *out = fopen(path, "wb");
    check(out && fwrite(whole, 1, whole_size, out) == whole_size && fclose(out) == 0);
    unsigned n = 1 + take() % DAMAGES_MAX, cut = take();
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    check(file >= 0);
    static const char *const groups[] = {".", ".", "provenance", "provenance/runs"};
    for (unsigned i = 0; i < n; i++) {
        hid_t group = H5Gopen2(file, groups[cut % 4], H5P_DEFAULT);
        if (group >= 0) {
            damage(group);
            H5Gclose(group);
        }
    }
    H5Fclose(file);
    if (cut % 8 == 7)
        check(truncate(path, (off_t)(cut / 8 * whole_size / 32)) == 0);
}

static void visit(void *context, const struct hyperparameters *h, const uint64_t counts[N_STATUSES])
{
    (void)context;
    (void)h;
    (void)counts;
}

/* Everything that the analysis reads. */
static void analyse(void)
{
    struct reader *reader;
    struct error error = {0};
    if (reader_open(&reader, path, &error)) {
        check(error.message[0] && !strchr(error.message, '\n'));
        return;
    }
    for (int f = 0; f < N_FIELDS; f++) {
        enum field field = (enum field)f;
        if (reader->layout.offset[f] == UINT64_MAX || reader_require(reader, &field, 1, &error))
            continue;
        struct reader_part part = reader_whole(reader, field);
        size_t n_bytes = reader_part_bytes(field, &part);
        void *buffer = n_bytes <= READ_MAX ? malloc(n_bytes + 1) : NULL;
        if (buffer)
            reader_read(reader, field, 0, 0, 1, &part, buffer, &error);
        free(buffer);
    }
    char label[LABEL_MAX];
    const char *const conditions[] = {"hidden_size=2"};
    struct selection selection;
    selection_swept(reader, label);
    selection_label(reader, reader->n_configs - 1, label);
    if (!selection_make(&selection, reader, conditions, 1, &error))
        selection_free(&selection);
    uint64_t n_attempts;
    models_attempts(reader, 0, &n_attempts, &error);
    struct reader_provenance provenance;
    if (!reader_read_provenance(reader, &provenance, &error))
        reader_provenance_free(&provenance);
    reader_close(reader);
}

/* What verify, merge and extend read. */
static void read_slots(void)
{
    struct results_slots *slots;
    struct error error = {0};
    if (results_slots_open(&slots, path, RESULTS_SHARED, &error)) {
        check(error.message[0] && !strchr(error.message, '\n') && !slots);
        return;
    }
    const struct results_description *d = results_slots_description(slots);
    void *record = d->layout->n_bytes <= READ_MAX ? malloc(d->layout->n_bytes) : NULL;
    uint8_t status;
    struct results_run run;
    if (record && !results_slots_status(slots, d->n_configs - 1, 0, 1, &status, &error))
        results_slots_read(slots, d->n_configs - 1, 0, 1, 1, d->layout, record, &error);
    if (results_slots_n_runs(slots) > 0)
        results_slots_run(slots, 0, &run, &error);
    char label[RESULTS_LABEL_MAX];
    results_slots_label(d, 0, label);
    free(record);
    results_slots_close(slots);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct results_state state;
    struct results *results;
    if (whole_size == 0) {
        make_whole();
        H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    }
    input = data;
    input_left = size;
    make_damaged();

    FILE *lines = fopen("/dev/null", "w");
    check(lines);
    results_inspect(path, &state, hyperparameter_find("hidden_size"), visit, NULL, &error);
    analyse();
    read_slots();
    if (!results_open(&results, path, &description, lines, &error))
        results_close(results, &error);
    fclose(lines);
    unlink(path);
    return 0;
}
