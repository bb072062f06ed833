/* The results file: what is put is what plain HDF5 calls read, whatever interrupts the writing.
 *
 * `test_results write FILE` makes a half-finished file and holds it open until its standard input ends, then
 * finishes it: read_results.py looks at both.
 *
 * Linked with -Wl,--wrap of malloc, calloc, strdup, strndup, asprintf, pthread_create, fsync, fdatasync, flock,
 * renameat2 and link, so that they can be made to fail. */
#include "clock.h"
#include "results_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[256]; /* of this run's files, removed at the end */

static char *in_directory(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    int length = snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    assert_in_range(length, 1, sizeof paths[0] - 1);
    return path;
}

static int n_entries(void)
{
    char command[300];
    snprintf(command, sizeof command, "ls -A %s | wc -l", directory);
    FILE *pipe = popen(command, "r");
    int n = -1;
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%d", &n), 1);
    pclose(pipe);
    return n;
}

static int remove_all(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s/*", directory);
    return system(command);
}

static hid_t open_to_read(const char *path)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

static void dataset_name(int field, char name[96])
{
    snprintf(name, 96, "%s%s", record_fields[field].is_provenance ? "provenance/" : "", record_fields[field].name);
}

/* Reads a whole array in the type of its field; the caller frees it. */
static void *read_array(hid_t file, int field, size_t n_bytes)
{
    static hid_t types[] = {0, 0, 0, 0, 0, 0, 0};
    types[FIELD_F32] = H5T_IEEE_F32LE;
    types[FIELD_F64] = H5T_IEEE_F64LE;
    types[FIELD_U8] = H5T_STD_U8LE;
    types[FIELD_U16] = H5T_STD_U16LE;
    types[FIELD_I32] = H5T_STD_I32LE;
    types[FIELD_I64] = H5T_STD_I64LE;
    types[FIELD_TEXT] = H5T_C_S1;
    char name[96];
    dataset_name(field, name);
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    assert_true(dataset >= 0);
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    assert_true(H5Tequal(type, types[record_fields[field].type]) > 0);
    assert_int_equal((size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type), n_bytes);
    hsize_t sizes[8];
    int n_axes = 2 + record_fields[field].n_dimensions + (record_fields[field].type == FIELD_TEXT);
    assert_int_equal(H5Sget_simple_extent_dims(space, sizes, NULL), n_axes);
    void *values = malloc(n_bytes);
    assert_non_null(values);
    assert_true(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
    return values;
}

/* Every slot of the file is pending, or holds exactly what was put. Returns the number of done slots. */
static uint64_t verify_file(const char *path, const struct sample *s, uint64_t counts[N_STATUSES])
{
    uint64_t replicates = (uint64_t)s->d.replicates, n_slots = s->d.n_configs * replicates;
    char *record = malloc(s->layout.n_bytes);
    assert_non_null(record);
    hid_t file = open_to_read(path);
    uint8_t *status = read_array(file, FIELD_STATUS, n_slots);
    memset(counts, 0, N_STATUSES * sizeof *counts);
    for (uint64_t i = 0; i < n_slots; i++) {
        assert_true(status[i] < N_STATUSES);
        counts[status[i]]++;
    }
    char *arrays[N_FIELDS] = {NULL};
    size_t n_bytes[N_FIELDS];
    for (int f = 0; f < N_FIELDS; f++) {
        char name[96];
        dataset_name(f, name);
        n_bytes[f] = s->layout.n_elements[f] * field_type_size(record_fields[f].type);
        if (s->layout.offset[f] == UINT64_MAX)
            assert_int_equal(H5Lexists(file, name, H5P_DEFAULT), 0);
        else
            arrays[f] = read_array(file, f, n_slots * n_bytes[f]);
    }
    for (uint64_t i = 0; i < n_slots; i++) {
        if (status[i] == STATUS_PENDING)
            continue;
        expect_record(&s->layout, i / replicates, i % replicates, record);
        for (int f = 0; f < N_FIELDS; f++)
            if (arrays[f])
                assert_memory_equal(arrays[f] + i * n_bytes[f], record_field(&s->layout, record, (enum field)f),
                                    n_bytes[f]);
    }
    for (int f = 0; f < N_FIELDS; f++)
        free(arrays[f]);
    assert_true(H5Fclose(file) >= 0);
    free(status);
    free(record);
    return n_slots - counts[STATUS_PENDING];
}

/* Slots in an order of their own: a bijection for n_slots that 7919 does not divide. */
static uint64_t shuffled(uint64_t i, uint64_t n_slots)
{
    return i * 7919 % n_slots;
}

static void put(struct results *results, const struct sample *s, uint64_t slot)
{
    struct error error;
    char *record = malloc(s->layout.n_bytes);
    assert_non_null(record);
    uint64_t replicates = (uint64_t)s->d.replicates;
    fill_record(&s->layout, slot / replicates, slot % replicates, record);
    assert_int_equal(results_put(results, slot / replicates, slot % replicates, record, &error), ERROR_NONE);
    free(record);
}

/* Creates, puts in a shuffled order with a sync here and there, closes, reads back. */
static void round_trip(const char *name, const struct sample *s)
{
    struct error error;
    struct results *results;
    char *path = in_directory(name);
    uint64_t n_slots = s->d.n_configs * (uint64_t)s->d.replicates, counts[N_STATUSES], read_counts[N_STATUSES];
    assert_int_equal(results_create(&results, path, &s->d, &error), ERROR_NONE);
    assert_int_equal(verify_file(path, s, read_counts), 0);
    for (uint64_t i = 0; i < n_slots; i++) {
        put(results, s, shuffled(i, n_slots));
        if (i % 37 == 5)
            assert_int_equal(results_sync(results, i % 2 == 0, &error), ERROR_NONE);
    }
    results_counts(results, counts);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(verify_file(path, s, read_counts), n_slots);
    assert_memory_equal(counts, read_counts, sizeof counts);
}

static void round_trips(void **state)
{
    (void)state;
    struct sample s;
    sample_make(&s, STORE_WEIGHTS, 5, 4, mixed);
    round_trip("mixed.h5", &s);
    sample_make(&s, ALL_STORED, 3, 4, mixed);
    round_trip("all.h5", &s);
    sample_make(&s, STORE_ALWAYS, 301, 4, mixed); /* several staging areas */
    round_trip("long.h5", &s);
    sample_make(&s, ALL_STORED, 2, 1, shallow);
    assert_true(s.layout.offset[FIELD_HIDDEN_WEIGHTS] == UINT64_MAX);
    round_trip("shallow.h5", &s);
    sample_make(&s, STORE_WEIGHTS, 1, 1, shallow);
    round_trip("one.h5", &s);
    for (unsigned store = 0; store < 16; store++) {
        char name[32];
        sample_make(&s, store, 2, 4, mixed);
        snprintf(name, sizeof name, "store%u.h5", store);
        round_trip(name, &s);
    }
}

/* A record larger than the staging area is still taken, one at a time. */
static void large_record(void **state)
{
    (void)state;
    static const char *const wide[] = {"hidden_size=3000 hidden_layers=3"};
    struct sample s;
    sample_make(&s, STORE_WEIGHTS, 2, 1, wide);
    assert_true(s.layout.n_bytes > 64 << 20);
    round_trip("wide.h5", &s);
}

/* Neighbouring slots go out as rectangles of (configuration, replicate), also with gaps and ragged ends. */
static void rectangles(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    for (uint64_t seed = 0; seed < 40; seed++) {
        sample_make(&s, STORE_ALWAYS, 6, 4, mixed);
        char name[32];
        snprintf(name, sizeof name, "rectangles%d.h5", (int)seed);
        struct results *results;
        assert_int_equal(results_create(&results, in_directory(name), &s.d, &error), ERROR_NONE);
        uint64_t n = 0, counts[N_STATUSES];
        for (uint64_t slot = 0; slot < 24; slot++)
            if (scramble(seed * 100 + slot) % 4 < seed % 5) {
                put(results, &s, slot);
                n++;
            }
        assert_int_equal(results_close(results, &error), ERROR_NONE);
        assert_int_equal(verify_file(in_directory(name), &s, counts), n);
    }
}

/* Calls results_sync as an event loop does, until n slots are done. */
static void sync_until(struct results *results, const char *path, const struct sample *s, uint64_t n)
{
    struct error error;
    uint64_t counts[N_STATUSES];
    for (int turns = 0; verify_file(path, s, counts) != n; turns++) {
        assert_in_range(turns, 0, 2000);
        assert_int_equal(results_sync(results, false, &error), ERROR_NONE);
        usleep(5000);
    }
}

/* Status follows its data: after a full staging area, the data is there and nothing counts yet. */
static void status_last(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    uint64_t counts[N_STATUSES];
    sample_make(&s, STORE_ALWAYS, 200, 4, mixed);
    char *path = in_directory("last.h5");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    for (uint64_t slot = 0; slot < 700; slot++)
        put(results, &s, slot);
    results_counts(results, counts);
    assert_int_equal(counts[STATUS_PENDING], 100);
    assert_int_equal(verify_file(path, &s, counts), 0);
    hid_t file = open_to_read(path);
    int64_t *seeds = read_array(file, FIELD_SEED, 800 * sizeof *seeds);
    int n_written = 0;
    for (int i = 0; i < 800; i++)
        n_written += seeds[i] != 0;
    assert_in_range(n_written, 256, 699);
    free(seeds);
    H5Fclose(file);

    assert_int_equal(results_sync(results, false, &error), ERROR_NONE); /* too early */
    assert_int_equal(verify_file(path, &s, counts), 0);
    usleep(550000);
    sync_until(results, path, &s, 700);
    put(results, &s, 700);
    assert_int_equal(results_sync(results, true, &error), ERROR_NONE);
    assert_int_equal(verify_file(path, &s, counts), 701);
    put(results, &s, 701);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(verify_file(path, &s, counts), 702);
}

/* Reads a file's bytes; the caller frees them. */
static unsigned char *slurp(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *n = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

/* Marks the bytes of the per-job arrays (and of end_time, run_time and the log of runs): mask [n] is 1 there. */
static void mark_arrays(const char *path, const struct sample *s, unsigned char *mask, size_t n)
{
    hid_t file = open_to_read(path);
    static const char *const others[] = {"end_time",  "run_time",   "runs/start", "runs/end",
                                         "runs/jobs", "runs/ranks", "runs/hosts", "runs/version"};
    for (int f = 0; f < N_FIELDS + 8; f++) {
        char name[96];
        snprintf(name, sizeof name, "provenance/%s", others[f < N_FIELDS ? 0 : f - N_FIELDS]);
        if (f < N_FIELDS && s->layout.offset[f] == UINT64_MAX)
            continue;
        if (f < N_FIELDS)
            dataset_name(f, name);
        hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
        haddr_t offset = H5Dget_offset(dataset);
        assert_true(offset != HADDR_UNDEF && offset + H5Dget_storage_size(dataset) <= n);
        memset(mask + offset, 1, H5Dget_storage_size(dataset));
        H5Dclose(dataset);
    }
    H5Fclose(file);
}

/* After creation only the arrays' own bytes change, also in their size; and, in the superblock, the flag "open for
 * writing" (byte 11) and its checksum (44 to 47). */
static void metadata_stays(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    size_t n_before, n_after;
    sample_make(&s, ALL_STORED, 50, 4, mixed);
    char *path = in_directory("metadata.h5");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    unsigned char *before = slurp(path, &n_before);
    assert_int_equal(results_log_run(results, 3, "here x 3", "1.2", &error), ERROR_NONE);
    for (uint64_t slot = 0; slot < 200; slot++) {
        if (slot == 100) { /* also if another run goes on with it */
            assert_int_equal(results_close(results, &error), ERROR_NONE);
            assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_NONE);
            assert_int_equal(results_log_run(results, 2, "there x 2", "1.3", &error), ERROR_NONE);
        }
        put(results, &s, slot);
    }
    assert_int_equal(results_set_provenance(results, "end_time", "2021-02-03T04:05:06Z", &error), ERROR_NONE);
    assert_int_equal(results_set_provenance_number(results, "run_time", 12.5, &error), ERROR_NONE);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    double run_time = 0;
    hid_t file = open_to_read(path), dataset = H5Dopen2(file, "provenance/run_time", H5P_DEFAULT);
    assert_true(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &run_time) >= 0);
    assert_true(run_time == 12.5);
    H5Dclose(dataset);
    H5Fclose(file);
    unsigned char *after = slurp(path, &n_after), *mask = calloc(n_after, 1);
    assert_int_equal(n_before, n_after);
    mark_arrays(path, &s, mask, n_after);
    mask[11] = mask[44] = mask[45] = mask[46] = mask[47] = 1;
    size_t n_changed = 0;
    for (size_t i = 0; i < n_after; i++) {
        if (!mask[i])
            assert_int_equal(before[i], after[i]);
        n_changed += before[i] != after[i];
    }
    assert_true(n_changed > 10000);
    free(before);
    free(after);
    free(mask);
}

/* Two runs of one sweep, in different orders, at different times, with different provenance. */
static void same_bytes(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    size_t n[3];
    unsigned char *bytes[3];
    uint64_t counts[N_STATUSES];
    haddr_t end_of_root = 0;
    sample_make(&s, ALL_STORED, 5, 4, mixed);
    for (int run = 0; run < 3; run++) {
        char name[32];
        snprintf(name, sizeof name, "same%d.h5", run);
        if (run == 2)
            s.provenance[0].value = "picky 0.1 (another revision, with a much longer text), clang 14, HDF5, MPI";
        struct results *results;
        assert_int_equal(results_create(&results, in_directory(name), &s.d, &error), ERROR_NONE);
        for (uint64_t i = 0; i < 20; i++) {
            put(results, &s, run == 0 ? i : shuffled(i, 20));
            assert_int_equal(results_sync(results, run == 1, &error), ERROR_NONE);
        }
        if (run > 0)
            sleep(1); /* a time of day in the file would differ now */
        assert_int_equal(results_close(results, &error), ERROR_NONE);
        verify_file(in_directory(name), &s, counts);
        bytes[run] = slurp(in_directory(name), &n[run]);

        hid_t file = open_to_read(in_directory(name));
        for (int f = 0; f < N_FIELDS; f++) {
            if (record_fields[f].is_provenance || s.layout.offset[f] == UINT64_MAX)
                continue;
            hid_t dataset = H5Dopen2(file, record_fields[f].name, H5P_DEFAULT);
            haddr_t end = H5Dget_offset(dataset) + H5Dget_storage_size(dataset);
            end_of_root = end > end_of_root ? end : end_of_root;
            H5Dclose(dataset);
        }
        H5Fclose(file);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    /* Only the end of the file and the superblock, which has its size, may show the other provenance. */
    assert_memory_equal(bytes[0] + 48, bytes[2] + 48, end_of_root - 48);
    assert_true(n[0] != n[2] || memcmp(bytes[0], bytes[2], n[0]) != 0);
    for (int run = 0; run < 3; run++)
        free(bytes[run]);
}

static void read_text_attribute(hid_t object, const char *name, char *text, size_t size)
{
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    assert_true(attribute >= 0);
    hid_t type = H5Aget_type(attribute);
    char *value = NULL;
    assert_true(H5Tis_variable_str(type) > 0);
    assert_int_equal(H5Tget_cset(type), H5T_CSET_UTF8);
    assert_true(H5Aread(attribute, type, &value) >= 0);
    snprintf(text, size, "%s", value ? value : "");
    H5free_memory(value);
    H5Tclose(type);
    H5Aclose(attribute);
}

static void descriptions(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    char text[600];
    sample_make(&s, STORE_WEIGHTS | STORE_TEST_SET, 2, 4, mixed);
    s.d.name = "bad \xe9 good \xc3\xa9 \xf0\x9f\x98\x80 cut \xe2\x82";
    s.provenance[0].value = "\xff";
    char *path = in_directory("described.h5");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    /* Longer than the space for it: cut, and a character that does not fit whole becomes "?". */
    char long_text[200];
    memset(long_text, 'x', 95);
    memcpy(long_text + 95, "\xc3\xa9 end", 7);
    assert_int_equal(results_set_provenance(results, "end_time", long_text, &error), ERROR_NONE);
    assert_int_equal(results_close(results, &error), ERROR_NONE);

    hid_t file = open_to_read(path);
    read_text_attribute(file, "sweep", text, sizeof text);
    assert_string_equal(text, s.d.sweep_text);
    read_text_attribute(file, "sweep_name", text, sizeof text);
    assert_string_equal(text, "bad ? good \xc3\xa9 \xf0\x9f\x98\x80 cut ??");
    read_text_attribute(file, "swept", text, sizeof text);
    assert_string_equal(text, "N_train N_test epochs context_location train_mode second_task fraction hidden_size "
                              "hidden_layers max_attempts");
    read_text_attribute(file, "store", text, sizeof text);
    assert_string_equal(text, "weights test_set");
    int64_t seed = 0;
    hid_t attribute = H5Aopen(file, "seed", H5P_DEFAULT);
    assert_true(H5Aread(attribute, H5T_NATIVE_INT64, &seed) >= 0);
    assert_int_equal(seed, SEED);
    H5Aclose(attribute);
    hid_t group = H5Gopen2(file, "provenance", H5P_DEFAULT);
    read_text_attribute(group, "version", text, sizeof text);
    assert_string_equal(text, "?");
    hid_t dataset = H5Dopen2(group, "end_time", H5P_DEFAULT);
    assert_int_equal(H5Dget_storage_size(dataset), FIELD_TEXT_SIZE);
    memset(text, 0, sizeof text);
    assert_true(H5Dread(dataset, H5T_C_S1, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0);
    long_text[95] = '?';
    long_text[96] = '\0';
    assert_string_equal(text, long_text);
    H5Dclose(dataset);
    H5Gclose(group);

    double fraction[4];
    int64_t layer[4];
    char *location[4];
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const struct {
        const char *name;
        hid_t type;
        void *values;
    } read[] = {{"fraction", H5T_NATIVE_DOUBLE, fraction},
                {"context_layer", H5T_NATIVE_INT64, layer},
                {"context_location", type, location}};
    for (int i = 0; i < 3; i++) {
        dataset = H5Dopen2(file, read[i].name, H5P_DEFAULT);
        assert_true(H5Dread(dataset, read[i].type, H5S_ALL, H5S_ALL, H5P_DEFAULT, read[i].values) >= 0);
        H5Dclose(dataset);
    }
    static const double expected_fraction[] = {0.25, 0.25, 0.5, 0.75};
    static const int64_t expected_layer[] = {1, 2, 2, 1};
    static const char *const expected_location[] = {"start", "end", "2", "start"};
    for (int i = 0; i < 4; i++) {
        assert_true(fraction[i] == expected_fraction[i]);
        assert_int_equal(layer[i], expected_layer[i]);
        assert_string_equal(location[i], expected_location[i]);
        H5free_memory(location[i]);
    }
    H5Tclose(type);

    /* The announced size is what the arrays take. */
    double n_bytes = 0;
    for (int f = 0; f < N_FIELDS; f++) {
        char name[96];
        dataset_name(f, name);
        if (H5Lexists(file, name, H5P_DEFAULT) <= 0)
            continue;
        dataset = H5Dopen2(file, name, H5P_DEFAULT);
        n_bytes += (double)H5Dget_storage_size(dataset);
        H5Dclose(dataset);
    }
    assert_true(n_bytes == results_file_size(&s.layout, 4, 2));
    H5Fclose(file);
}

/* Refusals. */

/* Creation at `path` fails with `code` and a message of one line that has `part`; nothing new is there. */
static void refuse(const char *path, const struct sample *s, enum error_code code, const char *part)
{
    struct error error = {0};
    struct results *results = (struct results *)1;
    int n = n_entries();
    enum error_code got = results_create(&results, path, &s->d, &error);
    if (got != code || !strstr(error.message, part) || strchr(error.message, '\n'))
        fail_msg("%s: code %d, message \"%s\"; expected %d, \"%s\"", path, got, error.message, code, part);
    assert_int_equal(error.code, code);
    assert_null(results);
    assert_int_equal(n_entries(), n);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void bad_paths(void **state)
{
    (void)state;
    struct sample s;
    size_t n;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);

    char *taken = in_directory("taken.h5");
    write_text(taken, "precious");
    refuse(taken, &s, ERROR_INPUT, "exists already");
    char *bytes = (char *)slurp(taken, &n);
    assert_int_equal(n, 8);
    assert_memory_equal(bytes, "precious", 8);
    free(bytes);

    assert_int_equal(symlink("nowhere", in_directory("dangling.h5")), 0);
    refuse(in_directory("dangling.h5"), &s, ERROR_INPUT, "a symbolic link to what is not there");
    refuse(directory, &s, ERROR_INPUT, "exists already");
    refuse("", &s, ERROR_INPUT, "not a file name");
    refuse(in_directory("new/"), &s, ERROR_INPUT, "not a file name");
    refuse(in_directory("no/such/directory.h5"), &s, ERROR_INPUT, "is not there");
    refuse(in_directory("taken.h5/x.h5"), &s, ERROR_INPUT, "Not a directory");
    char long_name[256];
    memset(long_name, 'n', sizeof long_name);
    long_name[255] = '\0';
    refuse(in_directory(long_name), &s, ERROR_INPUT, "File name too long");
}

static void unwritable_directory(void **state)
{
    (void)state;
    struct sample s;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    assert_int_equal(mkdir(in_directory("closed"), 0555), 0);
    pid_t child = fork();
    if (child == 0) {
        /* Permissions do not bind root. */
        if (geteuid() == 0 && (chmod(directory, 0755) < 0 || setuid(65534) < 0))
            _exit(77);
        struct error error;
        struct results *results;
        bool right = results_create(&results, in_directory("closed/x.h5"), &s.d, &error) == ERROR_INPUT &&
                     strstr(error.message, "Permission denied");
        _exit(right ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(rmdir(in_directory("closed")), 0);
}

static void absurd_sizes(void **state)
{
    (void)state;
    struct sample s;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    char *path = in_directory("absurd.h5");
    s.d.replicates = INT64_C(1) << 40;
    refuse(path, &s, ERROR_INPUT, "4 configurations x 1099511627776 replicates need 8.");
    refuse(path, &s, ERROR_INPUT, " PB; the free space there is ");
    s.d.replicates = INT64_MAX;
    refuse(path, &s, ERROR_INPUT, "EB; the free space there is ");
    s.d.replicates = 2;
    round_trip("absurd.h5", &s);
}

/* A file that another run left or holds at FILE.picky-draft. */
static void leftovers(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    struct stat status;
    size_t n;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    char *path = in_directory("left.h5"), *temporary = in_directory("left.h5.picky-draft");

    write_text(temporary, "somebody's notes");
    refuse(path, &s, ERROR_INPUT, "left.h5.picky-draft is in the way");
    unsigned char *bytes = slurp(temporary, &n);
    assert_memory_equal(bytes, "somebody's notes", n);
    free(bytes);
    unlink(temporary);

    assert_int_equal(mkdir(temporary, 0755), 0);
    refuse(path, &s, ERROR_INPUT, "Is a directory");
    rmdir(temporary);
    assert_int_equal(mkfifo(temporary, 0644), 0);
    refuse(path, &s, ERROR_INPUT, "is in the way");
    unlink(temporary);

    /* A results file cannot have a draft's name: the next run would clear it. */
    refuse(temporary, &s, ERROR_INPUT, "are for files in the making");

    /* What others may call theirs is theirs, HDF5 or not. */
    char *other = in_directory("left.h5.tmp");
    write_text(other, "\x89HDF\r\n\x1a\n somebody's");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    bytes = slurp(other, &n);
    assert_int_equal(n, 19);
    assert_memory_equal(bytes, "\x89HDF\r\n\x1a\n somebody's", n);
    free(bytes);
    unlink(other);
    unlink(path);

    /* A live run's: locked. */
    int live = open(temporary, O_RDWR | O_CREAT, 0644);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(live, F_OFD_SETLK, &whole), 0);
    refuse(path, &s, ERROR_INPUT, "another run is creating it");
    close(live);

    /* A dead run's: nothing yet, a hole, or HDF5. */
    for (int kind = 0; kind < 3; kind++) {
        int dead = open(temporary, O_RDWR | O_CREAT | O_TRUNC, 0644);
        assert_int_equal(ftruncate(dead, kind == 1 ? 100000000 : 0), 0);
        if (kind == 2)
            assert_int_equal(write(dead, "\x89HDF\r\n\x1a\n and more", 17), 17);
        close(dead);
        assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
        assert_int_equal(results_close(results, &error), ERROR_NONE);
        assert_int_not_equal(stat(temporary, &status), 0);
        assert_int_equal(stat(path, &status), 0);
        assert_true(status.st_size < 10000000);
        unlink(path);
    }
}

/* Of several runs that begin at once with one output, one gets it. */
static void race(void **state)
{
    (void)state;
    enum { N_RUNS = 8 };
    struct sample s;
    sample_make(&s, STORE_ALWAYS, 2, 4, mixed);
    for (int round = 0; round < 5; round++) {
        int gate[2], n_created = 0;
        assert_int_equal(pipe(gate), 0);
        pid_t children[N_RUNS];
        for (int i = 0; i < N_RUNS; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                struct error error;
                struct results *results;
                char byte;
                close(gate[1]);
                if (read(gate[0], &byte, 1) != 0)
                    _exit(9);
                enum error_code code = results_create(&results, in_directory("race.h5"), &s.d, &error);
                if (code == ERROR_NONE) {
                    code = results_close(results, &error);
                    _exit(code ? 8 : 0);
                }
                _exit(code == ERROR_INPUT ? 1 : 7);
            }
        }
        close(gate[0]);
        close(gate[1]); /* go */
        for (int i = 0; i < N_RUNS; i++) {
            int status;
            waitpid(children[i], &status, 0);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
            n_created += WEXITSTATUS(status) == 0;
        }
        assert_int_equal(n_created, 1);
        assert_int_equal(n_entries(), 1);
        uint64_t counts[N_STATUSES];
        assert_int_equal(verify_file(in_directory("race.h5"), &s, counts), 0);
        unlink(in_directory("race.h5"));
    }
}

/* While a run writes, readers read; writers of any kind are kept out. */
static void one_writer(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    char *path = in_directory("writer.h5");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    refuse(path, &s, ERROR_INPUT, "exists already");

    int other = open(path, O_RDWR);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(other, F_OFD_SETLK, &whole), -1);
    assert_true(errno == EAGAIN || errno == EACCES);
    close(other);
    /* HDF5's own locks: shared for reading, exclusive for writing. */
    char command[600];
    snprintf(command, sizeof command, "flock -s -n %s true", path);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "flock -x -n %s true", path);
    assert_int_not_equal(system(command), 0);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(system(command), 0);
}

/* What results_open says when it refuses a file: one line, and the file stays as it is. `part` NULL: it must be taken.
 */
static void reopen(const char *path, const struct sample *s, const char *part, const char *lines_part)
{
    struct error error;
    struct results *results;
    char lines[4096] = "";
    size_t n_before, n_after;
    FILE *stream = fmemopen(lines, sizeof lines, "w");
    unsigned char *before = slurp(path, &n_before);
    enum error_code code = results_open(&results, path, &s->d, stream, &error);
    fclose(stream);
    if (!part) {
        assert_int_equal(code, ERROR_NONE);
        assert_int_equal(results_close(results, &error), ERROR_NONE);
    } else {
        assert_int_equal(code, ERROR_INPUT);
        assert_null(results);
        assert_null(strchr(error.message, '\n'));
        if (!strstr(error.message, part) || !strstr(error.message, path))
            fail_msg("\"%s\" lacks \"%s\"", error.message, part);
    }
    if (!lines_part)
        assert_string_equal(lines, "");
    else if (!strstr(lines, lines_part))
        fail_msg("\"%s\" lacks \"%s\"", lines, lines_part);
    unsigned char *after = slurp(path, &n_after);
    assert_int_equal(n_before, n_after);
    assert_memory_equal(before, after, n_before);
    free(before);
    free(after);
}

/* Each opening finds what is done, and adds to it; the end is the same file as in one go. */
static void reopening(void **state)
{
    (void)state;
    enum { N_SLOTS = 4 * 301 };
    struct sample s;
    struct error error;
    struct results *results;
    struct results_state found;
    uint64_t counts[N_STATUSES], state_counts[N_STATUSES];
    sample_make(&s, STORE_WEIGHTS, 301, 4, mixed);
    char *path = in_directory("again.h5"), *whole = in_directory("whole.h5");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    for (uint64_t i = 0, n_runs = 0; i < N_SLOTS; i++) {
        if (i % 200 == 0) {
            assert_int_equal(results_close(results, &error), ERROR_NONE);
            assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_NONE);
            assert_int_equal(results_log_run(results, 1 + (int)n_runs, "h", "v", &error), ERROR_NONE);
            n_runs++;
            assert_int_equal(verify_file(path, &s, counts), i);
            results_counts(results, state_counts);
            assert_memory_equal(counts, state_counts, sizeof counts);
            for (uint64_t k = 0; k < N_SLOTS; k++) {
                uint64_t slot = shuffled(k, N_SLOTS);
                assert_int_equal(results_is_done(results, slot / 301, slot % 301), k < i);
            }
        }
        put(results, &s, shuffled(i, N_SLOTS));
        assert_true(results_is_done(results, shuffled(i, N_SLOTS) / 301, shuffled(i, N_SLOTS) % 301));
        if (i % 200 == 150) {
            assert_int_equal(results_sync(results, true, &error), ERROR_NONE);
            assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_NONE);
            assert_int_equal(N_SLOTS - found.counts[STATUS_PENDING], i + 1);
            assert_true(found.is_written);
            assert_int_equal(found.n_runs, n_runs);
            assert_int_equal(found.last_run.n_ranks, n_runs);
            assert_int_equal(found.last_run.n_jobs, 151);
        }
    }
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(verify_file(path, &s, counts), N_SLOTS);
    assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_NONE);
    assert_memory_equal(found.counts, counts, sizeof counts);
    assert_false(found.is_written);
    assert_true(found.n_configs == 4 && found.replicates == 301 && found.seed == SEED && found.n_runs == 7);
    assert_true(found.last_run.start_s > 1.6e9 && found.last_run.end_s >= found.last_run.start_s);
    assert_string_equal(found.last_run.hosts, "h");

    /* A done slot is never put again: that would be a bug of the caller. */
    assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_NONE);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(results_create(&results, whole, &s.d, &error), ERROR_NONE);
    for (uint64_t slot = 0; slot < N_SLOTS; slot++)
        put(results, &s, slot);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(verify_file(whole, &s, state_counts), N_SLOTS);
    assert_memory_equal(counts, state_counts, sizeof counts);
}

/* The log keeps its last row for all later runs. */
static void full_log(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    struct results_state found;
    sample_make(&s, STORE_ALWAYS, 1, 1, shallow);
    char *path = in_directory("log.h5");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    for (int run = 1; run <= RESULTS_RUNS_MAX + 2; run++) {
        assert_int_equal(results_log_run(results, run, "", "", &error), ERROR_NONE);
        assert_int_equal(results_close(results, &error), ERROR_NONE);
        assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_NONE);
        assert_int_equal(found.n_runs, run < RESULTS_RUNS_MAX ? run : RESULTS_RUNS_MAX);
        assert_int_equal(found.last_run.n_ranks, run);
        assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_NONE);
    }
    assert_int_equal(results_close(results, &error), ERROR_NONE);
}

/* A changed sweep is refused with a line for each difference; what cannot alter results is none. */
static void changed_sweeps(void **state)
{
    (void)state;
    struct sample s, other;
    struct error error;
    struct results *results;
    sample_make(&s, STORE_WEIGHTS | STORE_TEST_SET, 3, 4, mixed);
    char *path = in_directory("sweep.h5");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    for (uint64_t slot = 0; slot < 7; slot++)
        put(results, &s, slot);
    assert_int_equal(results_close(results, &error), ERROR_NONE);

    other = s;
    other.d = s.d;
    other.d.name = "another name";
    other.d.sweep_text = "// a comment";
    reopen(path, &other, NULL, NULL);

    /* Every row of the table, in one configuration. */
    for (int row = 0; row < n_hyperparameters; row++) {
        static const char *const others[] = {"11",  "7",    "0.25", "random",   "sequential", "linear",
                                             "sgd", "add9", "end",  "variance", "x0"};
        const struct hyperparameter *h = &hyperparameter_table[row];
        struct sample changed = s;
        changed.d.configs = changed.configs;
        changed.d.layout = &changed.layout;
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
            if (hyperparameter_equal(&s.configs[2], &changed.configs[2], h) &&
                (h->type == HYPERPARAMETER_INTEGER || h->type == HYPERPARAMETER_REAL || i > 2))
                hyperparameter_set_text(&changed.configs[2], h, others[i], &error);
        char old[HYPERPARAMETER_FORMAT_MAX], new[HYPERPARAMETER_FORMAT_MAX], line[2 * HYPERPARAMETER_FORMAT_MAX + 256];
        hyperparameter_format(&s.configs[2], h, old);
        hyperparameter_format(&changed.configs[2], h, new);
        assert_string_not_equal(old, new);
        snprintf(line, sizeof line, "%s: %s in the file, %s in the sweep (1 of 4 configurations)\n", h->name, old, new);
        reopen(path, &changed, "it holds another sweep", line);
    }

    other.d.seed = SEED + 1;
    reopen(path, &other, "another sweep", "seed: 7 in the file, 8 in the sweep\n");
    sample_make(&other, STORE_WEIGHTS | STORE_TEST_SET, 5, 4, mixed);
    reopen(path, &other, "another sweep", "replicates: 3 in the file, 5 in the sweep\n");
    sample_make(&other, STORE_WEIGHTS | STORE_TRAIN_SET, 3, 4, mixed);
    reopen(path, &other, "another sweep",
           "store: [\"weights\", \"test_set\"] in the file, [\"weights\", \"train_set\"] in the sweep\n");
    sample_make(&other, STORE_WEIGHTS | STORE_TEST_SET, 3, 3, mixed);
    reopen(path, &other, "another sweep", "configurations: 4 in the file, 3 in the sweep\n");
    reopen(path, &other, "another sweep", "fraction: 0.25, 0.5, 0.75 in the file; 0.25, 0.5 in the sweep\n");

    /* Many differences: 20 lines, and how many more. */
    static char texts[40][64];
    const char *many[40];
    for (int i = 0; i < 40; i++) {
        snprintf(texts[i], sizeof texts[i], "hidden_size=%d", 2 + i);
        many[i] = texts[i];
    }
    path = in_directory("many.h5");
    sample_make(&s, STORE_ALWAYS, 3, 40, many);
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    for (int i = 0; i < 40; i++)
        snprintf(texts[i], sizeof texts[i], "hidden_size=%d", 3 + i);
    sample_make(&other, STORE_ALWAYS, 3, 40, many);
    reopen(path, &other, "another sweep", "hidden_size: 21 in the file, 22 in the sweep (1 of 40 configurations)\n");
    reopen(path, &other, "another sweep", ": and 20 more\n");
}

/* Replaces an attribute, or removes an object. */
static void alter(const char *path, const char *attribute, int64_t value, const char *removed)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(file >= 0);
    if (attribute) {
        hid_t a = H5Aopen(file, attribute, H5P_DEFAULT);
        assert_true(H5Awrite(a, H5T_NATIVE_INT64, &value) >= 0);
        H5Aclose(a);
    }
    if (removed)
        assert_true(H5Ldelete(file, removed, H5P_DEFAULT) >= 0);
    H5Fclose(file);
}

/* Files that are not what they should be are refused as they are, and so they are by results_inspect. */
static void foreign_files(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    struct results_state found;
    size_t n;
    sample_make(&s, STORE_WEIGHTS, 30, 4, mixed);
    char *path = in_directory("foreign.h5");
    const char *const removed[] = {NULL, NULL,          NULL,   "status",         "fraction",
                                   "lr", "second_task", "seed", "hidden_weights", "provenance/runs"};
    const char *const parts[] = {"not a file", "No such file", "newer picky", "status",         "fraction",
                                 "lr",         "second_task",  "seed",        "hidden_weights", "log of runs"};

    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_INPUT);
    assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_INPUT);
    rmdir(path);
    assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "No such file"));
    assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_INPUT);

    write_text(path, "");
    reopen(path, &s, "not a results file of picky", NULL);
    write_text(path, "no HDF5, but long enough to look at: ................................................");
    reopen(path, &s, "not a results file of picky", NULL);
    assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_INPUT);
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    reopen(path, &s, "not a results file of picky", NULL);
    assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_INPUT);
    unlink(path);

    for (size_t i = 2; i < sizeof parts / sizeof parts[0]; i++) {
        assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
        assert_int_equal(results_close(results, &error), ERROR_NONE);
        alter(path, i == 2 ? "picky_schema_version" : NULL, RESULTS_SCHEMA_VERSION + 1, removed[i]);
        if (i == 9) { /* found when the run is entered into the log */
            assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_NONE);
            assert_int_equal(results_log_run(results, 1, "", "", &error), ERROR_INPUT);
            results_close(results, &(struct error){0});
            assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_INPUT);
            assert_non_null(strstr(error.message, parts[i]));
        } else if (i < 7 && i != 2) {
            reopen(path, &s, "damaged or incomplete", NULL);
            reopen(path, &s, parts[i], NULL);
        } else if (i == 2) {
            reopen(path, &s, parts[i], NULL);
            assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_INPUT);
        } else {
            assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_INPUT);
            assert_non_null(strstr(error.message, parts[i]));
        }
        unlink(path);
    }

    /* Cut short; and with a status that is none. */
    for (int percent = 0; percent < 100; percent += 7) {
        assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
        put(results, &s, 3);
        assert_int_equal(results_close(results, &error), ERROR_NONE);
        free(slurp(path, &n));
        assert_int_equal(truncate(path, (off_t)(n * (size_t)percent / 100)), 0);
        reopen(path, &s, "foreign.h5: ", NULL);
        assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_INPUT);
        unlink(path);
    }
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    uint8_t status = 9;
    file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t dataset = H5Dopen2(file, "status", H5P_DEFAULT);
    int descriptor = open(path, O_WRONLY);
    assert_int_equal(pwrite(descriptor, &status, 1, (off_t)H5Dget_offset(dataset) + 31), 1);
    close(descriptor);
    H5Dclose(dataset);
    H5Fclose(file);
    assert_int_equal(results_open(&results, path, &s.d, stderr, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "status 9 of configuration 1, replicate 1"));
    assert_int_equal(results_inspect(path, &found, NULL, NULL, NULL, &error), ERROR_INPUT);
}

/* One writer, whichever way it came to the file. */
static void one_writer_goes_on(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *first, *second;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    char *path = in_directory("one.h5");
    assert_int_equal(results_create(&first, path, &s.d, &error), ERROR_NONE);
    for (int i = 0; i < 2; i++) {
        put(first, &s, (uint64_t)i);
        assert_int_equal(results_open(&second, path, &s.d, stderr, &error), ERROR_INPUT);
        assert_non_null(strstr(error.message, "another run is writing it"));
        assert_int_equal(results_close(first, &error), ERROR_NONE);
        assert_int_equal(results_open(&first, path, &s.d, stderr, &error), ERROR_NONE);
    }
    assert_int_equal(results_close(first, &error), ERROR_NONE);
}

struct visits {
    uint64_t n, n_pending;
    const struct sample *s;
};

static void count_visit(void *context, const struct hyperparameters *h, const uint64_t counts[N_STATUSES])
{
    struct visits *visits = context;
    const struct hyperparameter *row = hyperparameter_find("fraction");
    assert_true(hyperparameter_equal(h, &visits->s->configs[visits->n], row));
    uint64_t n = 0;
    for (int i = 0; i < N_STATUSES; i++)
        n += counts[i];
    assert_int_equal(n, visits->s->d.replicates);
    visits->n++;
    visits->n_pending += counts[STATUS_PENDING];
}

static void counts_by_configuration(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    struct results_state found;
    sample_make(&s, STORE_ALWAYS, 30000, 4, mixed); /* more slots than are read at once */
    char *path = in_directory("by.h5");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    for (uint64_t slot = 29990; slot < 30010; slot++)
        put(results, &s, slot);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    struct visits visits = {0, 0, &s};
    assert_int_equal(results_inspect(path, &found, hyperparameter_find("fraction"), count_visit, &visits, &error),
                     ERROR_NONE);
    assert_int_equal(visits.n, 4);
    assert_int_equal(visits.n_pending, 120000 - 20);
    assert_int_equal(found.counts[STATUS_PENDING], 120000 - 20);
}

/* Bugs of the caller. */

static jmp_buf bug;

static void jump(void)
{
    longjmp(bug, 1);
}

static bool put_is_bug(struct results *results, uint64_t config, uint64_t replicate, const void *record)
{
    struct error error;
    if (setjmp(bug))
        return true;
    results_put(results, config, replicate, record, &error);
    return false;
}

static void bugs(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    sample_make(&s, STORE_WEIGHTS, 3, 4, mixed);
    assert_int_equal(results_create(&results, in_directory("bugs.h5"), &s.d, &error), ERROR_NONE);
    char *record = malloc(s.layout.n_bytes);
    uint8_t *status = record_field(&s.layout, record, FIELD_STATUS);
    fill_record(&s.layout, 1, 1, record);

    int stderr_copy = dup(2), null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    error_set_bug_handler(jump);
    bool first = put_is_bug(results, 1, 1, record), again = put_is_bug(results, 1, 1, record);
    results_sync(results, true, &error);
    bool after_sync = put_is_bug(results, 1, 1, record);
    bool config = put_is_bug(results, 4, 0, record), replicate = put_is_bug(results, 0, 3, record);
    *status = STATUS_PENDING;
    bool pending = put_is_bug(results, 2, 2, record);
    *status = N_STATUSES;
    bool unknown = put_is_bug(results, 2, 2, record);
    fill_record(&s.layout, 1, 1, record);
    results_close(results, &error);
    bool reopened = !results_open(&results, in_directory("bugs.h5"), &s.d, stderr, &error);
    bool after_reopening = put_is_bug(results, 1, 1, record);
    error_set_bug_handler(NULL);
    dup2(stderr_copy, 2);
    close(stderr_copy);
    close(null);

    assert_false(first);
    assert_true(reopened && after_reopening);
    assert_true(again && after_sync && config && replicate && pending && unknown);
    uint64_t counts[N_STATUSES];
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    assert_int_equal(verify_file(in_directory("bugs.h5"), &s, counts), 1);
    free(record);
}

/* Failing resources. */

/* Puts everything with a sync here and there; the first error ends it. */
static enum error_code put_all(struct results *results, const struct sample *s, struct error *error)
{
    uint64_t replicates = (uint64_t)s->d.replicates;
    char *record = malloc(s->layout.n_bytes);
    enum error_code code = ERROR_NONE;
    for (uint64_t slot = 0; slot < s->d.n_configs * replicates && !code; slot++) {
        fill_record(&s->layout, slot / replicates, slot % replicates, record);
        code = results_put(results, slot / replicates, slot % replicates, record, error);
        if (!code && slot % 50 == 49)
            code = results_sync(results, true, error);
    }
    free(record);
    return code;
}

/* Children here end by exit() as programs do: HDF5 must not crash then. What it leaks after an error is its own. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static pid_t fork_quietly(void)
{
    fflush(NULL); /* else the child writes it too */
    return fork();
}

/* A limit on file size at every place: either all is written, or an error says why, and what counts is whole. */
static void failing_writes(void **state)
{
    (void)state;
    struct sample s;
    uint64_t counts[N_STATUSES];
    sample_make(&s, STORE_WEIGHTS, 100, 4, mixed);
    int n_failed = 0, n_whole = 0;
    double size = results_file_size(&s.layout, 4, 100);
    for (int tenths = 0; tenths <= 12; tenths++) {
        char *path = in_directory("limit.h5");
        unlink(path);
        pid_t child = fork_quietly();
        if (child == 0) {
            struct error error, closing, put_again;
            struct results *results;
            if (results_create(&results, path, &s.d, &error))
                _exit(10);
            struct rlimit limit = {(rlim_t)(0.1 * tenths * size), RLIM_INFINITY};
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &limit);
            enum error_code code = put_all(results, &s, &error);
            if (code && (code != ERROR_FATAL || !strstr(error.message, "limit.h5: writing ") ||
                         !strstr(error.message, ": File too large") || strchr(error.message, '\n')))
                _exit(11);
            /* From then on every call says so. */
            if (code &&
                (results_sync(results, true, &put_again) != code || strcmp(put_again.message, error.message) != 0))
                _exit(12);
            if (results_close(results, &closing) != code)
                _exit(13);
            exit(code ? 1 : 0);
        }
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFEXITED(status));
        assert_in_range(WEXITSTATUS(status), 0, 1);
        uint64_t n = verify_file(path, &s, counts);
        if (WEXITSTATUS(status) == 0) {
            assert_int_equal(n, 400);
            n_whole++;
        } else {
            assert_true(n < 400);
            n_failed++;
        }
    }
    assert_true(n_failed > 3 && n_whole > 0);
}

/* The same for creation: below the size of the data it is refused; above, but too little for the rest, it fails. */
static void failing_creation(void **state)
{
    (void)state;
    struct sample s;
    struct stat whole;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    round_trip("whole.h5", &s);
    assert_int_equal(stat(in_directory("whole.h5"), &whole), 0);
    unlink(in_directory("whole.h5"));
    rlim_t n_data = (rlim_t)results_file_size(&s.layout, 4, 2), step = ((rlim_t)whole.st_size - n_data) / 23;
    int n_refused = 0, n_failed = 0, n_created = 0;
    for (rlim_t n_bytes = n_data - 2 * step; n_bytes <= (rlim_t)whole.st_size + step; n_bytes += step) {
        pid_t child = fork_quietly();
        if (child == 0) {
            struct error error;
            struct results *results;
            struct rlimit limit = {n_bytes, RLIM_INFINITY};
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &limit);
            enum error_code code = results_create(&results, in_directory("limit.h5"), &s.d, &error);
            if (code == ERROR_NONE)
                code = results_close(results, &error) ? 9 : 0;
            else if (strchr(error.message, '\n') ||
                     !strstr(error.message, code == ERROR_INPUT ? "ulimit -f" : "File too large"))
                _exit(8);
            exit((int)code);
        }
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFEXITED(status));
        int code = WEXITSTATUS(status);
        assert_true(code == 0 || code == ERROR_INPUT || code == ERROR_FATAL);
        assert_int_equal(n_entries(), code == 0);
        unlink(in_directory("limit.h5"));
        n_refused += code == ERROR_INPUT;
        n_failed += code == ERROR_FATAL;
        n_created += code == 0;
    }
    assert_true(n_refused > 0 && n_failed > 10 && n_created > 0);
}

/* Counts down at each allocation of picky's own; the one that finds 0 fails. Negative: none does. */
static int allocations_left = -1;

static bool allocation_fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(n, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    return allocation_fails() ? NULL : __real_strdup(text);
}

char *__real_strndup(const char *text, size_t size);
char *__wrap_strndup(const char *text, size_t size);
char *__wrap_strndup(const char *text, size_t size)
{
    return allocation_fails() ? NULL : __real_strndup(text, size);
}

int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **text, const char *format, ...)
{
    if (allocation_fails())
        return -1;
    va_list args;
    va_start(args, format);
    int length = vasprintf(text, format, args);
    va_end(args);
    return length;
}

/* Every allocation of creation fails once: nothing is left behind, and the next run can have the name. */
static void failing_allocations(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    enum error_code code = ERROR_FATAL;
    int n = 0;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    for (; code; n++) {
        allocations_left = n;
        code = results_create(&results, in_directory("memory.h5"), &s.d, &error);
        allocations_left = -1;
        if (!code)
            break;
        assert_int_equal(code, ERROR_FATAL);
        assert_non_null(strstr(error.message, "emory"));
        assert_int_equal(n_entries(), 0);
    }
    assert_true(n > 50);
    assert_int_equal(results_close(results, &error), ERROR_NONE);
}

/* What each system call is to fail with; 0: it does its work. */
static struct {
    int fsync, fdatasync, flock, renameat2, link, pthread_create;
    int fsyncs_before;       /* fsync calls that still work */
    useconds_t fdatasync_us; /* that fdatasync takes longer */
} faults;

static atomic_bool holds_syncs; /* fdatasync waits as long as it does */

static bool has_fault(int fault)
{
    errno = fault ? fault : errno;
    return fault != 0;
}

int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
int __wrap_fsync(int descriptor)
{
    return faults.fsyncs_before-- <= 0 && has_fault(faults.fsync) ? -1 : __real_fsync(descriptor);
}

int __real_fdatasync(int descriptor);
int __wrap_fdatasync(int descriptor);
int __wrap_fdatasync(int descriptor)
{
    usleep(faults.fdatasync_us);
    while (holds_syncs)
        usleep(1000);
    return has_fault(faults.fdatasync) ? -1 : __real_fdatasync(descriptor);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    return faults.pthread_create ? faults.pthread_create : __real_pthread_create(thread, attributes, run, argument);
}

int __real_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation)
{
    return has_fault(faults.flock) ? -1 : __real_flock(descriptor, operation);
}

int __real_renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags);
int __wrap_renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags);
int __wrap_renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags)
{
    return has_fault(faults.renameat2) ? -1 : __real_renameat2(from_directory, from, to_directory, to, flags);
}

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to)
{
    return has_fault(faults.link) ? -1 : __real_link(from, to);
}

static int no_faults(void **state)
{
    memset(&faults, 0, sizeof faults);
    holds_syncs = false;
    return remove_all(state);
}

/* A disk that reports errors when it is asked to sync: nothing of that batch counts. */
static void failing_syncs(void **state)
{
    (void)state;
    struct sample s;
    struct error error, again;
    struct results *results;
    uint64_t counts[N_STATUSES];
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    char *path = in_directory("sync.h5");

    faults.fsync = EIO;
    for (int n = 0; n < 2; n++) { /* the file's, the directory's */
        faults.fsyncs_before = n;
        refuse(path, &s, ERROR_FATAL, "Input/output error");
    }
    faults.fsync = EINVAL; /* a directory that cannot be synced */
    faults.fsyncs_before = 1;
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);

    put(results, &s, 1);
    assert_int_equal(results_sync(results, true, &error), ERROR_NONE);
    put(results, &s, 2);
    faults.fdatasync = EIO;
    assert_int_equal(results_sync(results, true, &error), ERROR_FATAL);
    assert_non_null(strstr(error.message, "sync.h5: syncing: Input/output error"));
    /* The lost pages are not dirty any more: a sync that works now proves nothing. */
    faults.fdatasync = 0;
    assert_int_equal(results_sync(results, true, &again), ERROR_FATAL);
    assert_string_equal(again.message, error.message);
    assert_int_equal(results_set_provenance(results, "end_time", "now", &again), ERROR_FATAL);
    assert_int_equal(results_close(results, &again), ERROR_FATAL);
    assert_int_equal(verify_file(path, &s, counts), 1);
}

static int64_t logged_jobs(const char *path)
{
    struct results_state state;
    struct error error;
    assert_int_equal(results_inspect(path, &state, NULL, NULL, NULL, &error), ERROR_NONE);
    return state.last_run.n_jobs;
}

/* A slow disk: while it syncs, jobs are put, and the sync makes those count that were written before it began. */
static void slow_syncs(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    struct results *results;
    uint64_t counts[N_STATUSES];
    sample_make(&s, STORE_WEIGHTS, 200, 4, mixed);
    char *path = in_directory("slow.h5");
    assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
    assert_int_equal(results_log_run(results, 1, "", "", &error), ERROR_NONE);

    put(results, &s, 0);
    usleep(550000);
    holds_syncs = true;
    assert_int_equal(results_sync(results, false, &error), ERROR_NONE); /* begins */
    for (uint64_t slot = 1; slot < 700; slot++)                         /* more than are staged: some are written now */
        put(results, &s, slot);
    assert_int_equal(verify_file(path, &s, counts), 0);
    holds_syncs = false;
    sync_until(results, path, &s, 1);
    assert_int_equal(logged_jobs(path), 1);
    sync_until(results, path, &s, 700);
    assert_int_equal(logged_jobs(path), 700);

    /* A sync that is slower than the interval is waited for, so that no more than two intervals' jobs do not count. */
    faults.fdatasync_us = 900000;
    put(results, &s, 700);
    usleep(550000);
    assert_int_equal(results_sync(results, false, &error), ERROR_NONE);
    put(results, &s, 701);
    usleep(550000);
    assert_int_equal(results_sync(results, false, &error), ERROR_NONE);
    assert_int_equal(verify_file(path, &s, counts), 701);

    /* Without a thread it is waited for at once. */
    faults.pthread_create = EAGAIN;
    usleep(550000);
    assert_int_equal(results_sync(results, false, &error), ERROR_NONE);
    assert_int_equal(results_sync(results, false, &error), ERROR_NONE);
    assert_int_equal(verify_file(path, &s, counts), 702);
    faults.pthread_create = 0;

    /* It fails: what it covered does not count. */
    put(results, &s, 702);
    usleep(1000000);
    assert_int_equal(results_sync(results, false, &error), ERROR_NONE);
    faults.fdatasync = EIO;
    assert_int_equal(results_sync(results, true, &error), ERROR_FATAL);
    assert_non_null(strstr(error.message, "slow.h5: syncing: Input/output error"));
    assert_int_equal(results_close(results, &error), ERROR_FATAL);
    assert_int_equal(verify_file(path, &s, counts), 702);
}

/* Filesystems without some of the calls: the same promises where they can be kept, else a warning. */
static void poor_filesystem(void **state)
{
    (void)state;
    struct sample s;
    sample_make(&s, STORE_WEIGHTS, 2, 4, mixed);
    faults.renameat2 = EINVAL;
    round_trip("link.h5", &s);
    assert_int_equal(n_entries(), 1);
    refuse(in_directory("link.h5"), &s, ERROR_INPUT, "exists already");
    faults.link = EEXIST; /* another run was faster */
    refuse(in_directory("late.h5"), &s, ERROR_INPUT, "exists already");
    faults.link = EPERM;
    round_trip("rename.h5", &s);
    assert_int_equal(n_entries(), 2);
    faults.link = EIO;
    refuse(in_directory("broken.h5"), &s, ERROR_FATAL, "Input/output error");
    faults.renameat2 = EEXIST;
    refuse(in_directory("late.h5"), &s, ERROR_INPUT, "exists already");

    memset(&faults, 0, sizeof faults);
    faults.flock = ENOSYS;
    write_text(in_directory("unlocked.h5.picky-draft"), ""); /* may be in use: without locks nobody knows */
    refuse(in_directory("unlocked.h5"), &s, ERROR_INPUT, "is in the way");
    unlink(in_directory("unlocked.h5.picky-draft"));
    int stderr_copy = dup(2), log = open(in_directory("log"), O_WRONLY | O_CREAT, 0644);
    dup2(log, 2);
    round_trip("unlocked.h5", &s);
    dup2(stderr_copy, 2);
    close(stderr_copy);
    close(log);
    size_t n;
    char *text = (char *)slurp(in_directory("log"), &n);
    text[n] = '\0';
    assert_non_null(strstr(text, "warning: "));
    assert_non_null(strstr(text, "no file locks here"));
    assert_ptr_equal(strchr(text, '\n'), text + n - 1); /* once */
    free(text);
}

/* A disk that fills up while the sweep runs (a small filesystem of our own; needs root). */
static void full_disk(void **state)
{
    (void)state;
    struct sample s;
    uint64_t counts[N_STATUSES];
    sample_make(&s, STORE_WEIGHTS, 200, 4, mixed);
    int channel[2];
    assert_int_equal(pipe(channel), 0);
    pid_t child = fork();
    if (child == 0) {
        struct error error, closing;
        struct results *results;
        char *mounted = in_directory("disk"), *path = in_directory("disk/full.h5");
        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mkdir(mounted, 0755) < 0 || mount("tmpfs", mounted, "tmpfs", 0, "size=3M") < 0)
            _exit(77);
        /* Announced too large for what is free. */
        s.d.replicates = 2000;
        if (results_create(&results, path, &s.d, &error) != ERROR_INPUT || !strstr(error.message, "free space") ||
            access(in_directory("disk/full.h5.picky-draft"), F_OK) == 0)
            _exit(10);
        s.d.replicates = 200;
        if (results_create(&results, path, &s.d, &error))
            _exit(11);
        /* Somebody else takes nearly all of it. */
        int ballast = open(in_directory("disk/ballast"), O_WRONLY | O_CREAT, 0644);
        static char block[1 << 16];
        while (write(ballast, block, sizeof block) > 0)
            continue;
        if (ftruncate(ballast, lseek(ballast, 0, SEEK_END) - 400000) < 0)
            _exit(12);
        if (put_all(results, &s, &error) != ERROR_FATAL || !strstr(error.message, ": No space left on device"))
            _exit(13);
        if (results_close(results, &closing) != ERROR_FATAL)
            _exit(14);
        uint64_t n = verify_file(path, &s, counts);
        if (write(channel[1], &n, sizeof n) != sizeof n)
            _exit(15);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
    uint64_t n = 0;
    assert_int_equal(read(channel[0], &n, sizeof n), sizeof n);
    assert_in_range(n, 1, 799);
    close(channel[0]);
    close(channel[1]);
}

/* Killed at any moment, the file opens and what counts is whole; killed while it is made, the next run makes it. */
static void killed(void **state)
{
    (void)state;
    struct sample s;
    struct error error;
    uint64_t counts[N_STATUSES];
    enum { N_ROUNDS = 30 };
    sample_make(&s, STORE_WEIGHTS, 250, 4, mixed);
    int n_unmade = 0, n_partial = 0;
    double whole_s = 0; /* round 0 is not killed and tells how long it takes */
    for (int round = 0; round <= N_ROUNDS; round++) {
        char *path = in_directory("killed.h5");
        double begin_s = clock_s();
        pid_t child = fork();
        if (child == 0) {
            struct results *results;
            if (results_create(&results, path, &s.d, &error))
                _exit(1);
            char *record = malloc(s.layout.n_bytes);
            for (uint64_t i = 0; i < 1000; i++) {
                uint64_t slot = shuffled(i, 1000);
                fill_record(&s.layout, slot / 250, slot % 250, record);
                if (results_put(results, slot / 250, slot % 250, record, &error) ||
                    results_sync(results, i % 125 == 124, &error))
                    _exit(1);
            }
            if (round == 0)
                _exit(results_close(results, &error) ? 1 : 0);
            for (;;)
                pause();
        }
        int status;
        if (round == 0) {
            waitpid(child, &status, 0);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            whole_s = clock_s() - begin_s;
        } else {
            usleep((useconds_t)(1e6 * whole_s * (round - 1) / N_ROUNDS));
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        }
        if (access(path, F_OK) == 0) {
            uint64_t n = verify_file(path, &s, counts);
            n_partial += n > 0 && n < 1000;
            hid_t again = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT); /* for those who would go on with it */
            assert_true(again >= 0 && H5Fclose(again) >= 0);
            unlink(path);
        } else {
            struct results *results;
            assert_int_equal(results_create(&results, path, &s.d, &error), ERROR_NONE);
            assert_int_equal(results_close(results, &error), ERROR_NONE);
            assert_int_equal(n_entries(), 1);
            unlink(path);
            n_unmade++;
        }
    }
    print_message("             killed before the file was there: %d, in the middle: %d of %d\n", n_unmade, n_partial,
                  N_ROUNDS);
    assert_true(n_unmade > 0 && n_partial > 0);
}

/* `test_results write FILE` */
static int write_and_hold(const char *path)
{
    static const char *const grid[] = {
        "N_test=6 hidden_size=5 epochs=2 N_train=30 fraction=0.2",
        "N_test=6 hidden_size=5 epochs=2 N_train=30 fraction=0.2 context_location=end",
        "N_test=6 hidden_size=3 epochs=2 N_train=30 fraction=0.6",
        "N_test=6 hidden_size=3 epochs=2 N_train=30 fraction=0.6 context_location=end",
    };
    struct sample s;
    struct error error;
    struct results *results;
    if (strlen(results_hdf5_version()) < strlen("1.8.0"))
        return 1;
    sample_make(&s, ALL_STORED, 3, 4, grid);
    /* hidden_size goes with fraction: not a dimension of the grid. */
    s.swept[hyperparameter_find("hidden_size") - hyperparameter_table] = false;
    if (results_create(&results, path, &s.d, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (uint64_t slot = 0; slot < 12; slot++) {
        if (slot == 7) {
            if (results_sync(results, true, &error))
                return 1;
            printf("7 of 12 written\n");
            fflush(stdout);
            while (getchar() != EOF)
                continue;
        }
        put(results, &s, slot);
    }
    if (results_set_provenance(results, "end_time", "2021-02-03T04:05:06Z", &error))
        return 1;
    return results_close(results, &error) ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0)
        return write_and_hold(argv[2]);

    const char *place = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/picky-results-XXXXXX", place ? place : "/tmp");
    if (!mkdtemp(directory)) {
        perror(directory);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(round_trips, remove_all),
        cmocka_unit_test_teardown(large_record, remove_all),
        cmocka_unit_test_teardown(rectangles, remove_all),
        cmocka_unit_test_teardown(status_last, remove_all),
        cmocka_unit_test_teardown(metadata_stays, remove_all),
        cmocka_unit_test_teardown(same_bytes, remove_all),
        cmocka_unit_test_teardown(descriptions, remove_all),
        cmocka_unit_test_teardown(bad_paths, remove_all),
        cmocka_unit_test_teardown(unwritable_directory, remove_all),
        cmocka_unit_test_teardown(absurd_sizes, remove_all),
        cmocka_unit_test_teardown(leftovers, remove_all),
        cmocka_unit_test_teardown(race, remove_all),
        cmocka_unit_test_teardown(one_writer, remove_all),
        cmocka_unit_test_teardown(reopening, remove_all),
        cmocka_unit_test_teardown(full_log, remove_all),
        cmocka_unit_test_teardown(changed_sweeps, remove_all),
        cmocka_unit_test_teardown(foreign_files, remove_all),
        cmocka_unit_test_teardown(one_writer_goes_on, remove_all),
        cmocka_unit_test_teardown(counts_by_configuration, remove_all),
        cmocka_unit_test_teardown(bugs, remove_all),
        cmocka_unit_test_teardown(failing_writes, remove_all),
        cmocka_unit_test_teardown(failing_creation, remove_all),
        cmocka_unit_test_teardown(failing_allocations, remove_all),
        cmocka_unit_test_teardown(failing_syncs, no_faults),
        cmocka_unit_test_teardown(slow_syncs, no_faults),
        cmocka_unit_test_teardown(poor_filesystem, no_faults),
        cmocka_unit_test_teardown(full_disk, remove_all),
        cmocka_unit_test_teardown(killed, remove_all),
    };
    int failed = cmocka_run_group_tests_name("results", tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
