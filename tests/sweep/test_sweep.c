/* Sweep files: the corpus of bad ones with their messages, good ones value by value, --set, mutated files, and
 * every allocation failing in turn. Built with PROJECT_SOURCE_DIR, the root of the source tree; linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup. */
#include "numbers.h"
#include "record.h"
#include "sweep.h"
#include "sweep_text.h"
#include "text.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The allocation that fails, counted from 1; 0: none. n_allocations counts them all. */
static long failing_allocation, n_allocations;

static bool allocation_fails(void)
{
    n_allocations++;
    return n_allocations == failing_allocation;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return allocation_fails() ? NULL : __real_strdup(text);
}

/* The file that tests write sweeps to: in memory, for there are thousands of them. */
static int scratch = -1;
static char scratch_path[64];

static int setup(void **state)
{
    (void)state;
    scratch = memfd_create("sweep", 0);
    snprintf(scratch_path, sizeof scratch_path, "/proc/self/fd/%d", scratch);
    return scratch < 0;
}

static int teardown(void **state)
{
    (void)state;
    return close(scratch);
}

static void write_scratch(const char *text, size_t n_bytes)
{
    FILE *file = fopen(scratch_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n_bytes, file), n_bytes);
    assert_int_equal(fclose(file), 0);
}

/* Reads `text` as a sweep file that must be good. */
static void read_good(struct sweep *sweep, const char *text)
{
    struct error error;
    write_scratch(text, strlen(text));
    if (sweep_read(sweep, scratch_path, NULL, 0, &error))
        fail_msg("%s", error.message);
}

static void assert_empty(const struct sweep *sweep)
{
    static const struct sweep empty;
    assert_memory_equal(sweep, &empty, sizeof empty);
}

/* One line of printable text. */
static void assert_line(const char *message)
{
    assert_true(*message != '\0' && strlen(message) < ERROR_MESSAGE_MAX);
    assert_true(text_is_line(message));
}

/* The value of a configuration as text. */
static const char *value(const struct sweep *sweep, size_t config, const char *name)
{
    static char texts[8][HYPERPARAMETER_FORMAT_MAX];
    static int next;
    char *text = texts[next++ % 8];
    assert_true(config < sweep->n_configs);
    const struct hyperparameter *row = hyperparameter_find(name);
    assert_non_null(row);
    hyperparameter_format(&sweep->configs[config], row, text);
    return text;
}

static void assert_swept(const struct sweep *sweep, const char *names)
{
    char swept[300] = "";
    for (int i = 0; i < n_hyperparameters; i++)
        if (sweep->swept[i])
            snprintf(swept + strlen(swept), sizeof swept - strlen(swept), "%s%s", swept[0] ? " " : "",
                     hyperparameter_table[i].name);
    assert_string_equal(swept, names);
}

/* Puts the names of all in the place of the word HYPERPARAMETERS, so that a new one changes no expected message. */
static void name_all(char message[ERROR_MESSAGE_MAX + 2])
{
    char rest[ERROR_MESSAGE_MAX + 2], *word = strstr(message, "HYPERPARAMETERS");
    if (!word)
        return;
    snprintf(rest, sizeof rest, "%s", word + strlen("HYPERPARAMETERS"));
    for (int i = 0; i <= n_hyperparameters; i++) {
        size_t left = sizeof rest - (size_t)(word - message);
        word += snprintf(word, left, "%s%s", i > 0 && i < n_hyperparameters ? ", " : "",
                         i < n_hyperparameters ? hyperparameter_table[i].name : rest);
        assert_true(word < message + sizeof rest);
    }
}

/* bad_sweeps: NAME.cfg gives the message in NAME.expected, whose FILE is NAME.cfg. */
static void test_corpus(void **state)
{
    (void)state;
    char cwd[4096];
    assert_non_null(getcwd(cwd, sizeof cwd));
    assert_int_equal(chdir(PROJECT_SOURCE_DIR "/tests/sweep/bad_sweeps"), 0);
    int n_sweeps = 0, n_expected = 0, n_wrong = 0;
    DIR *directory = opendir(".");
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        size_t length = strlen(entry->d_name);
        n_expected += length > 9 && strcmp(entry->d_name + length - 9, ".expected") == 0;
        if (length < 5 || strcmp(entry->d_name + length - 4, ".cfg") != 0)
            continue;
        n_sweeps++;
        char path[300], expected[ERROR_MESSAGE_MAX + 2] = "";
        snprintf(path, sizeof path, "%.*s.expected", (int)length - 4, entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            fail_msg("%s is missing", path);
        assert_non_null(fgets(expected, sizeof expected, file));
        assert_int_equal(fgetc(file), EOF);
        fclose(file);
        name_all(expected);

        struct sweep sweep;
        struct error error = {.message = "no error"};
        enum error_code code = sweep_read(&sweep, entry->d_name, NULL, 0, &error);
        char message[ERROR_MESSAGE_MAX + 2];
        snprintf(message, sizeof message, "%s\n", error.message);
        if (code != ERROR_INPUT || strcmp(message, expected) != 0) {
            print_error("%s: code %d\n  expected %s  got      %s", entry->d_name, code, expected, message);
            n_wrong++;
        }
        if (code)
            assert_empty(&sweep);
        sweep_free(&sweep);
        assert_line(error.message);
    }
    closedir(directory);
    assert_int_equal(chdir(cwd), 0);
    assert_int_equal(n_wrong, 0);
    assert_int_equal(n_sweeps, n_expected);
    assert_true(n_sweeps >= 140);
}

static void test_paths(void **state)
{
    (void)state;
    struct sweep sweep;
    struct error error;
    char long_path[3000], message[ERROR_MESSAGE_MAX];
    assert_int_equal(sweep_read(&sweep, "/nowhere/sweep.cfg", NULL, 0, &error), ERROR_INPUT);
    assert_string_equal(error.message, "/nowhere/sweep.cfg: cannot be read: No such file or directory");
    assert_int_equal(sweep_read(&sweep, "", NULL, 0, &error), ERROR_INPUT);
    assert_string_equal(error.message, ": cannot be read: No such file or directory");
    assert_int_equal(sweep_read(&sweep, PROJECT_SOURCE_DIR, NULL, 0, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, ": cannot be read: Is a directory"));
    assert_empty(&sweep);

    memset(long_path, 'p', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    assert_int_equal(sweep_read(&sweep, long_path, NULL, 0, &error), ERROR_INPUT);
    assert_line(error.message);
    assert_non_null(strstr(error.message, "pp: cannot be read: File name too long"));
    assert_int_equal(sweep_read(&sweep, "/nowhere/a\nb", NULL, 0, &error), ERROR_INPUT);
    assert_string_equal(error.message, "/nowhere/a?b: cannot be read: No such file or directory");

    if (access("/dev/zero", R_OK) == 0) { /* never ends, and is not text */
        assert_int_equal(sweep_read(&sweep, "/dev/zero", NULL, 0, &error), ERROR_INPUT);
        snprintf(message, sizeof message, "/dev/zero: too large; allowed: at most %d bytes", SWEEP_TEXT_BYTES_MAX);
        assert_string_equal(error.message, message);
    }
    if (geteuid() != 0) { /* root reads everything */
        write_scratch("seed = 1;", 9);
        assert_int_equal(chmod(scratch_path, 0), 0);
        assert_int_equal(sweep_read(&sweep, scratch_path, NULL, 0, &error), ERROR_INPUT);
        assert_non_null(strstr(error.message, ": cannot be read: Permission denied"));
        assert_int_equal(chmod(scratch_path, 0600), 0);
    }
}

static void test_size_limit(void **state)
{
    (void)state;
    struct sweep sweep;
    struct error error;
    char *text = malloc(SWEEP_TEXT_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, ' ', SWEEP_TEXT_BYTES_MAX + 1);
    memcpy(text, "seed=7;", 7); /* no end: blanks follow. NOLINT(bugprone-not-null-terminated-result) */
    write_scratch(text, SWEEP_TEXT_BYTES_MAX);
    assert_int_equal(sweep_read(&sweep, scratch_path, NULL, 0, &error), ERROR_NONE);
    assert_int_equal(sweep.seed, 7);
    assert_int_equal(strlen(sweep.text), SWEEP_TEXT_BYTES_MAX);
    sweep_free(&sweep);
    write_scratch(text, SWEEP_TEXT_BYTES_MAX + 1);
    assert_int_equal(sweep_read(&sweep, scratch_path, NULL, 0, &error), ERROR_INPUT);
    free(text);
}

/* What libconfig takes, or would take if numbers were of one type: an array of integers and reals, settings without ;,
 * texts in pieces. */
static void test_lenient(void **state)
{
    (void)state;
    struct sweep sweep;
    read_good(&sweep, "replicates = 2\nname = \"two\" \" pieces\"\n"
                      "model = { epochs = 3\n batch_size = 5, hidden_layers = 2 }\n"
                      "grid = { lr = [1, 0.5]; hidden_size = [ 4 , 5.0 , 0x6 ] }");
    assert_string_equal(sweep.name, "two pieces");
    assert_int_equal(sweep.replicates, 2);
    assert_int_equal(sweep.n_configs, 6);
    assert_string_equal(value(&sweep, 0, "lr"), "1");
    assert_string_equal(value(&sweep, 5, "lr"), "0.5");
    assert_string_equal(value(&sweep, 4, "hidden_size"), "5");
    assert_string_equal(value(&sweep, 5, "hidden_size"), "6");
    assert_string_equal(value(&sweep, 0, "epochs"), "3");
    assert_string_equal(value(&sweep, 0, "hidden_layers"), "2");
    sweep_free(&sweep);
}

static void test_defaults(void **state)
{
    (void)state;
    struct sweep sweep;
    struct hyperparameters h;
    const char *text = "model = {};";
    read_good(&sweep, text);
    hyperparameters_default(&h);
    hyperparameters_resolve(&h);
    assert_string_equal(sweep.name, "");
    assert_string_equal(sweep.text, text);
    assert_string_equal(sweep.path, scratch_path);
    assert_int_equal(sweep.seed, 1);
    assert_int_equal(sweep.replicates, 1);
    assert_int_equal(sweep.store, STORE_WEIGHTS);
    assert_int_equal(sweep.n_configs, 1);
    assert_memory_equal(&sweep.configs[0], &h, sizeof h);
    assert_swept(&sweep, "");
    sweep_free(&sweep);
    assert_empty(&sweep);
    sweep_free(&sweep);
}

/* What libconfig 1.5 gets wrong or leaves to chance, and how files differ that mean the same. */
static void test_spelling(void **state)
{
    (void)state;
    struct sweep sweep;
    read_good(&sweep, "\xef\xbb\xbfseed : 9007199254740991,\r\nname = \"Z\xc3\xbcrich \" \"\\x41\\\\\";\r\n"
                      "/* ; \" } */ model : { N_train = 0x400 hidden_size = 1e2; lr = 1L\n fraction = .5 } # \"\n"
                      "// no end of line here }");
    assert_true(sweep.seed == INT64_C(9007199254740991));
    assert_string_equal(sweep.name, "Z\xc3\xbcrich A\\");
    assert_int_equal(sweep.configs[0].N_train, 1024);
    assert_int_equal(sweep.configs[0].hidden_size, 100);
    assert_true(sweep.configs[0].lr == 1 && sweep.configs[0].fraction == 0.5);
    sweep_free(&sweep);

    read_good(&sweep, "seed = 4294967297; replicates = 0x10L; name = \"\"; store = [];"
                      "model = { context_location = 2; N_test = 010; }; train = { train_mode = \"replay\"; };");
    assert_true(sweep.seed == INT64_C(4294967297));
    assert_int_equal(sweep.replicates, 16);
    assert_int_equal(sweep.store, STORE_ALWAYS);
    assert_string_equal(sweep.configs[0].context_location, "2");
    assert_int_equal(sweep.configs[0].N_test, 10);
    assert_int_equal(sweep.configs[0].train_mode, TRAIN_REPLAY);
    sweep_free(&sweep);

    read_good(&sweep, "store = (\"train_set\", \"initial_weights\", \"test_set\");");
    assert_int_equal(sweep.store, STORE_TRAIN_SET | STORE_INITIAL_WEIGHTS | STORE_TEST_SET);
    sweep_free(&sweep);

    read_good(&sweep, "replicates = 1000000000; seed = 9007198254740992;");
    assert_true(sweep.seed + sweep.replicates - 1 == SEED_MAX);
    sweep_free(&sweep);
}

static void test_grid(void **state)
{
    (void)state;
    struct sweep sweep;
    read_good(
        &sweep,
        "model = { hidden_layers = 3; };\n"
        "grid = { second_task = [\"prod\", \"add1.5\"]; lr = (1, 0.5, 0.01); context_location = (\"end\", 1); };");
    static const char *const second_tasks[] = {"prod", "add1.5"}, *const lrs[] = {"1", "0.5", "0.01"},
                             *const locations[] = {"end", "1"};
    assert_int_equal(sweep.n_configs, 12);
    for (size_t i = 0; i < 12; i++) {
        assert_string_equal(value(&sweep, i, "second_task"), second_tasks[i / 6]);
        assert_string_equal(value(&sweep, i, "lr"), lrs[i / 2 % 3]);
        assert_string_equal(value(&sweep, i, "context_location"), locations[i % 2]);
        assert_string_equal(value(&sweep, i, "hidden_layers"), "3");
        assert_string_equal(value(&sweep, i, "epochs"), "10");
    }
    assert_swept(&sweep, "lr context_location second_task");
    sweep_free(&sweep);
}

static void test_zip(void **state)
{
    (void)state;
    struct sweep sweep;
    read_good(&sweep, "zip = { hidden_size = [10, 20, 10]; epochs = (1, 2, 3); };\ngrid = { lr = [0.1, 0.2]; };");
    static const char *const sizes[] = {"10", "20", "10"}, *const epochs[] = {"1", "2", "3"};
    assert_int_equal(sweep.n_configs, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(value(&sweep, i, "hidden_size"), sizes[i / 2]);
        assert_string_equal(value(&sweep, i, "epochs"), epochs[i / 2]);
        assert_string_equal(value(&sweep, i, "lr"), i % 2 ? "0.2" : "0.1");
    }
    assert_swept(&sweep, "lr epochs hidden_size");
    sweep_free(&sweep);
}

/* Cases override what is fixed and may vary more by themselves: case, its zip, its grid, zip, grid. */
static void test_cases(void **state)
{
    (void)state;
    struct sweep sweep;
    read_good(&sweep, "model = { hidden_size = 30; N_test = 7; };\n"
                      "grid = { lr = [0.1, 0.2]; };\n"
                      "zip = { epochs = [1, 2]; batch_size = [3, 4]; };\n"
                      "cases = ( {},\n"
                      "  { hidden_size = 40; optimizer = \"sgd\"; },\n"
                      "  { optimizer = \"sgd\"; zip = { hidden_size = [5, 6]; fraction = [0.2, 0.3]; };\n"
                      "    grid = { second_task = [\"prod\", \"add2\"]; }; } );");
    static const char *const sizes[] = {"30", "40", "5", "5", "6", "6"}, *const fractions[] = {"0.5", "0.5", "0.2",
                                                                                               "0.2", "0.3", "0.3"},
                             *const tasks[] = {"prod", "prod", "prod", "add2", "prod", "add2"};
    assert_int_equal(sweep.n_configs, 24);
    for (size_t i = 0; i < 24; i++) {
        size_t c = i / 4;
        assert_string_equal(value(&sweep, i, "hidden_size"), sizes[c]);
        assert_string_equal(value(&sweep, i, "fraction"), fractions[c]);
        assert_string_equal(value(&sweep, i, "second_task"), tasks[c]);
        assert_string_equal(value(&sweep, i, "optimizer"), c == 0 ? "adam" : "sgd");
        assert_string_equal(value(&sweep, i, "epochs"), i / 2 % 2 ? "2" : "1");
        assert_string_equal(value(&sweep, i, "batch_size"), i / 2 % 2 ? "4" : "3");
        assert_string_equal(value(&sweep, i, "lr"), i % 2 ? "0.2" : "0.1");
        assert_string_equal(value(&sweep, i, "N_test"), "7");
    }
    assert_swept(&sweep, "lr epochs batch_size second_task fraction hidden_size optimizer");
    sweep_free(&sweep);
}

/* Every value of a linear range is the double that its decimal reads as; the ends are hit exactly. */
static void test_range_linear(void **state)
{
    (void)state;
    static const struct {
        const char *key, *from, *to;
        int steps, decimals;
    } ranges[] = {
        {"fraction", "0.05", "0.95", 19, 2},    {"fraction", "0.95", "0.05", 19, 2},
        {"fraction", "0.1", "0.9", 9, 1},       {"fraction", "0.1", "0.9", 81, 2},
        {"fraction", "0.001", "0.999", 999, 3}, {"lr", "1e-4", "1e-3", 10, 4},
        {"lr", "0.0001", "0.01", 100, 4},       {"error_threshold", "0.7", "7", 64, 1},
        {"hidden_size", "1", "4096", 4096, 0},  {"hidden_size", "100", "10", 10, 0},
        {"N_train", "1e3", "1e4", 10, 0},       {"context_location", "1", "4", 4, 0},
        {"lr", "0.000001", "1", 1000000, 6},
    };
    for (size_t k = 0; k < sizeof ranges / sizeof ranges[0]; k++) {
        char text[300];
        struct sweep sweep;
        snprintf(text, sizeof text,
                 "grid = { %s = { range = { from = %s; to = %s; steps = %d; scale = \"linear\"; }; }; };",
                 ranges[k].key, ranges[k].from, ranges[k].to, ranges[k].steps);
        read_good(&sweep, text);
        assert_int_equal(sweep.n_configs, ranges[k].steps);
        /* The values as decimals, counted in units of the last place. */
        double unit = pow(10, ranges[k].decimals);
        long from = lround(strtod(ranges[k].from, NULL) * unit), to = lround(strtod(ranges[k].to, NULL) * unit);
        long step = (to - from) / (ranges[k].steps - 1);
        assert_int_equal(from + step * (ranges[k].steps - 1), to);
        for (int i = 0; i < ranges[k].steps; i++) {
            char decimal[64];
            long units = from + step * i;
            snprintf(decimal, sizeof decimal, "%ld.%0*ld", units / (long)unit,
                     ranges[k].decimals ? ranges[k].decimals : 1, units % (long)unit);
            if (strtod(value(&sweep, (size_t)i, ranges[k].key), NULL) != strtod(decimal, NULL))
                fail_msg("%s: value %d is %s, not %s", text, i, value(&sweep, (size_t)i, ranges[k].key), decimal);
        }
        sweep_free(&sweep);
    }
}

static void test_range_other(void **state)
{
    (void)state;
    struct sweep sweep;
    static const char *const lrs[] = {"0.0001", "0.001", "0.01", "0.1"}, *const sizes[] = {"1", "16", "256", "4096"};
    read_good(&sweep, "zip = { lr = { range = { from = 1e-4; to = 0.1; steps = 4; scale = \"log\"; }; };\n"
                      "        hidden_size = { range = { scale = \"log\"; steps = 4; to = 4096; from = 1; }; }; };");
    assert_int_equal(sweep.n_configs, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(value(&sweep, i, "lr"), lrs[i]);
        assert_string_equal(value(&sweep, i, "hidden_size"), sizes[i]);
    }
    sweep_free(&sweep);

    /* Ends of many digits stay as they are; 12 digits between them. */
    read_good(&sweep, "grid = { lr = { range = { from = 0.12345678901234567; to = 1.2345678901234567; steps = 3;\n"
                      "                         scale = \"log\"; }; }; };");
    assert_true(sweep.configs[0].lr == 0.12345678901234567 && sweep.configs[2].lr == 1.2345678901234567);
    assert_string_equal(value(&sweep, 1, "lr"),
                        "0.39040464589"); /* 0.12345678901234567 * sqrt(10) = 0.39040464588986... */
    sweep_free(&sweep);

    /* Ends that are no short decimals, and a step that is none. */
    read_good(&sweep,
              "grid = { lr = { range = { from = 0.12345678901234567; to = 1.2345678901234567; steps = 4; }; };\n"
              "         fraction = { range = { from = 0.1; to = 0.2; steps = 4; }; }; };");
    assert_true(sweep.configs[0].lr == 0.12345678901234567 && sweep.configs[15].lr == 1.2345678901234567);
    for (int i = 0; i < 4; i++) {
        double lr = 0.12345678901234567 + (1.2345678901234567 - 0.12345678901234567) * i / 3;
        assert_true(fabs(sweep.configs[4 * i].lr - lr) < 1e-15);
        assert_true(sweep.configs[i].fraction == (double)(3 + i) / 30);
    }
    sweep_free(&sweep);
}

/* The example in sweep.h. */
static void test_header_example(void **state)
{
    (void)state;
    struct sweep sweep;
    read_good(&sweep, "name = \"two widths\";\nreplicates = 50;\nseed = 1;\nstore = [\"weights\", \"test_set\"];\n"
                      "model = { second_task = \"prod\"; };\ntrain = { batch_size = 20; };\n"
                      "grid = { hidden_size = [50, 100];\n"
                      "         fraction = { range = { from = 0.05; to = 0.95; steps = 19; }; }; };\n"
                      "zip = { N_train = [500, 1000];\n        epochs = [20, 10]; };\n"
                      "cases = ( { context_location = \"end\"; },\n"
                      "          { train_mode = \"replay\"; grid = { lr = [1e-3, 1e-4]; }; } );\n");
    assert_string_equal(sweep.name, "two widths");
    assert_int_equal(sweep.replicates, 50);
    assert_int_equal(sweep.store, STORE_WEIGHTS | STORE_TEST_SET);
    assert_int_equal(sweep.n_configs, 3 * 2 * 2 * 19);
    assert_string_equal(value(&sweep, 227, "lr"), "0.0001");
    assert_string_equal(value(&sweep, 227, "N_train"), "1000");
    assert_string_equal(value(&sweep, 227, "fraction"), "0.95");
    assert_string_equal(value(&sweep, 227, "context_location"), "start");
    sweep_free(&sweep);
}

/* One expected configuration of the sweeps that picky comes with. */
struct condition {
    const char *hidden_size, *second_task, *context_location, *train_mode, *fraction;
};

#define SUM     "x0 + x1; x0 + x1"
#define PRODUCT "x0 * x1; x0 * x1"
#define SCALED  "x0 + 1.5 * x1; x0 + 1.5 * x1"

static void assert_conditions(const char *path, const struct condition *conditions, size_t n, int64_t replicates)
{
    struct sweep sweep;
    struct error error;
    if (sweep_read(&sweep, path, NULL, 0, &error))
        fail_msg("%s", error.message);
    assert_int_equal(sweep.replicates, replicates);
    assert_int_equal(sweep.n_configs, n);
    for (size_t i = 0; i < n; i++) {
        struct hyperparameters h;
        hyperparameters_default(&h);
        const char *tasks = strchr(conditions[i].second_task, ';') ? "tasks" : "second_task";
        const char *texts[] = {
            "hidden_size",      conditions[i].hidden_size,      tasks,        conditions[i].second_task,
            "context_location", conditions[i].context_location, "train_mode", conditions[i].train_mode,
            "fraction",         conditions[i].fraction};
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k += 2)
            assert_int_equal(hyperparameter_set_text(&h, hyperparameter_find(texts[k]), texts[k + 1], &error),
                             ERROR_NONE);
        assert_memory_equal(&sweep.configs[i], &h, sizeof h);
    }
    sweep_free(&sweep);
}

static void test_shipped_sweeps(void **state)
{
    (void)state;
    static const struct condition seed[] = {
        {"50", "prod", "start", "random", "0.5"},   {"50", "prod", "end", "random", "0.5"},
        {"50", "add1.5", "start", "random", "0.5"}, {"50", "add1.5", "start", "random", "0.91"},
        {"50", SUM, "start", "random", "0.5"},      {"50", PRODUCT, "start", "random", "0.5"},
        {"50", SCALED, "start", "random", "0.5"},   {"50", SUM, "end", "random", "0.5"},
        {"50", PRODUCT, "end", "random", "0.5"},    {"50", SUM, "start", "random", "0.91"},
        {"50", SCALED, "start", "random", "0.91"},
    };
    static const struct condition notebook[] = {
        {"50", "prod", "start", "random", "0.5"},    {"50", "add1.5", "start", "random", "0.5"},
        {"5", "prod", "start", "random", "0.5"},     {"100", "prod", "end", "random", "0.5"},
        {"100", "prod", "start", "replay", "0.5"},   {"100", "add1.5", "start", "random", "0.2"},
        {"100", "add1.5", "start", "random", "0.5"}, {"100", "add1.5", "start", "random", "0.8"},
        {"100", "prod", "start", "random", "0.5"},   {"50", SUM, "start", "random", "0.5"},
        {"50", PRODUCT, "start", "random", "0.5"},   {"50", SCALED, "start", "random", "0.5"},
        {"5", SUM, "start", "random", "0.5"},        {"5", PRODUCT, "start", "random", "0.5"},
        {"100", SUM, "end", "random", "0.5"},        {"100", PRODUCT, "end", "random", "0.5"},
        {"100", SUM, "start", "replay", "0.5"},      {"100", PRODUCT, "start", "replay", "0.5"},
        {"100", SUM, "start", "random", "0.2"},      {"100", SUM, "start", "random", "0.5"},
        {"100", SUM, "start", "random", "0.8"},      {"100", SCALED, "start", "random", "0.2"},
        {"100", SCALED, "start", "random", "0.5"},   {"100", SCALED, "start", "random", "0.8"},
        {"100", PRODUCT, "start", "random", "0.5"},
    };
    assert_conditions(PROJECT_SOURCE_DIR "/sweeps/seed.cfg", seed, 11, 10);
    assert_conditions(PROJECT_SOURCE_DIR "/sweeps/notebook.cfg", notebook, 25, 100);

    static const char *const fractions[] = {"0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4", "0.45", "0.5",
                                            "0.55", "0.6", "0.65", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95"};
    static const char *const layers[] = {"1", "2", "3", "4"};
    struct condition crossed[152];
    for (int i = 0; i < 152; i++)
        crossed[i] =
            (struct condition){"50", i % 2 ? "add1.5" : "prod", layers[i / 38], "random", fractions[i / 2 % 19]};
    assert_conditions(PROJECT_SOURCE_DIR "/sweeps/context_x_fraction.cfg", crossed, 152, 50);
}

static const char override_text[] = "replicates = 5;\nmodel = { lr = 0.1; batch_size = 20; };\n"
                                    "grid = { epochs = [1, 2]; };\nzip = { N_test = [1, 2]; };\n"
                                    "cases = ( { fraction = 0.3; },\n { grid = { hidden_size = [1, 2]; }; } );\n";

static void test_overrides(void **state)
{
    (void)state;
    static const struct sweep_override overrides[] = {
        {"lr", "0.25"}, {"train_mode", "replay"}, {"replicates", "1e3"},
        {"seed", "77"}, {"name", "new name"},     {"context_location", "2"},
    };
    struct sweep sweep;
    struct error error;
    write_scratch(override_text, strlen(override_text));
    assert_int_equal(sweep_read(&sweep, scratch_path, overrides, 6, &error), ERROR_NONE);
    assert_string_equal(sweep.name, "new name");
    assert_int_equal(sweep.seed, 77);
    assert_int_equal(sweep.replicates, 1000);
    assert_string_equal(sweep.original, override_text);
    assert_int_equal(sweep.n_configs, 12);
    for (size_t i = 0; i < 12; i++) {
        assert_string_equal(value(&sweep, i, "lr"), "0.25");
        assert_string_equal(value(&sweep, i, "train_mode"), "replay");
        assert_string_equal(value(&sweep, i, "context_location"), "2");
        assert_string_equal(value(&sweep, i, "batch_size"), "20");
        assert_string_equal(value(&sweep, i, "fraction"), i < 4 ? "0.3" : "0.5");
    }
    sweep_free(&sweep);
}

static void test_bad_overrides(void **state)
{
    (void)state;
#define KNOWN "name, replicates, seed, HYPERPARAMETERS"
#define SWEPT "the sweep varies it; allowed: what no grid, zip or case gives"
    static const struct {
        struct sweep_override overrides[2];
        const char *message;
    } cases[] = {
        {{{"lr", "20"}}, "--set lr=20: allowed: a number above 0, at most 10"},
        {{{"lr", ""}}, "--set lr=: allowed: a number above 0, at most 10"},
        {{{"hidden_layers", "two"}}, "--set hidden_layers=two: allowed: an integer from 1 to 32"},
        {{{"optimizer", "Adam\n"}}, "--set optimizer=Adam?: allowed: \"adam\" or \"sgd\""},
        {{{"optimizer", "\xff\xfe"}}, "--set optimizer=??: allowed: \"adam\" or \"sgd\""},
        {{{"learning", "1"}}, "--set learning=1: unknown key; allowed: " KNOWN},
        {{{"bach_size", "1"}}, "--set bach_size=1: unknown key; did you mean batch_size; allowed: " KNOWN},
        {{{"replicate", "1"}}, "--set replicate=1: unknown key; did you mean replicates; allowed: " KNOWN},
        {{{"grid", "1"}}, "--set grid=1: unknown key; allowed: " KNOWN},
        {{{"", "1"}}, "--set =1: unknown key; allowed: " KNOWN},
        {{{"epochs", "3"}}, "--set epochs=3: " SWEPT},
        {{{"N_test", "3"}}, "--set N_test=3: " SWEPT},
        {{{"fraction", "0.3"}}, "--set fraction=0.3: " SWEPT},
        {{{"hidden_size", "0"}}, "--set hidden_size=0: " SWEPT},
        {{{"lr", "0.5"}, {"lr", "0.5"}}, "--set lr=0.5: given twice; allowed: once"},
        {{{"seed", "-1"}}, "--set seed=-1: allowed: an integer from 0 to 9007199254740991"},
        {{{"seed", "9007199254740992"}}, "--set seed=9007199254740992: allowed: an integer from 0 to 9007199254740991"},
        {{{"seed", "1.5"}}, "--set seed=1.5: allowed: an integer from 0 to 9007199254740991"},
        {{{"seed", "nan"}}, "--set seed=nan: allowed: an integer from 0 to 9007199254740991"},
        {{{"seed", ""}}, "--set seed=: allowed: an integer from 0 to 9007199254740991"},
        {{{"seed", "9007199254740990"}},
         "--set seed=9007199254740990: seed = 9007199254740990: the last of 5 replicates has a seed above 2^53 - 1; "
         "allowed: at most 9007199254740987"},
        {{{"replicates", "0"}}, "--set replicates=0: allowed: an integer from 1 to 1000000000"},
        {{{"replicates", "1000000001"}}, "--set replicates=1000000001: allowed: an integer from 1 to 1000000000"},
        {{{"name", "two\nlines"}},
         "--set name=two?lines: holds a line end (character code 10); allowed: one line of text without control "
         "characters"},
        {{{"context_location", "5"}},
         "--set context_location=5: context_location = 5: allowed: \"start\", \"end\" or a layer number from 1 to "
         "hidden_layers = 4 (in the configuration N_test = 1, epochs = 1, fraction = 0.3, hidden_size = 50)"},
        {{{"N_train", "10"}},
         "FILE:2:34: batch_size = 20: larger than the training set; allowed: at most N_train = 10 (in the "
         "configuration "
         "N_test = 1, epochs = 1, fraction = 0.3, hidden_size = 50)"},
        {{{"batch_size", "2000"}},
         "--set batch_size=2000: batch_size = 2000: larger than the training set; allowed: at most N_train = 1000 (in "
         "the "
         "configuration N_test = 1, epochs = 1, fraction = 0.3, hidden_size = 50)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sweep sweep;
        struct error error = {.message = ""};
        char expected[ERROR_MESSAGE_MAX + 2];
        write_scratch(override_text, strlen(override_text));
        bool in_file = strncmp(cases[i].message, "FILE", 4) == 0;
        snprintf(expected, sizeof expected, "%s%s", in_file ? scratch_path : "", cases[i].message + (in_file ? 4 : 0));
        name_all(expected);
        size_t n = cases[i].overrides[1].key ? 2 : 1;
        assert_int_equal(sweep_read(&sweep, scratch_path, cases[i].overrides, n, &error), ERROR_INPUT);
        assert_string_equal(error.message, expected);
        assert_empty(&sweep);
    }
#undef KNOWN
#undef SWEPT
}

/* A default that does not go with an override is the override's fault. */
static void test_override_against_default(void **state)
{
    (void)state;
    static const struct sweep_override override = {"N_train", "9"};
    struct sweep sweep;
    struct error error;
    write_scratch("model = { lr = 0.1; };", 22);
    assert_int_equal(sweep_read(&sweep, scratch_path, &override, 1, &error), ERROR_INPUT);
    assert_string_equal(error.message,
                        "--set N_train=9: batch_size = 10: larger than the training set; allowed: at most N_train = 9");
}

static uint64_t random_state = 20200401;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random_state >> 32) * n >> 32);
}

/* Whatever the file, the outcome is a good sweep or one line. */
static void test_mutations(void **state)
{
    (void)state;
    static const char *const good[] = {
        "name = \"a\\n\" \"b\"; # text\nreplicates = 50;\nseed = 0x1F;\nstore = [\"weights\", \"test_set\"];\n"
        "model = { second_task = \"add1.5\"; context_location = 2; };\ntrain = { batch_size = 20; lr = 1.5e-3; };\n",
        "grid = { hidden_size = [50, 100];\n  fraction = { range = { from = 0.05; to = 0.95; steps = 19; }; }; };\n"
        "zip = { N_train = (500, 1000);\n  epochs = { range = { from = 1; to = 9; steps = 2; scale = \"log\"; }; }; "
        "};\n",
        "/* c */ cases = ( { context_location = \"end\"; },\n  { train_mode = \"replay\"; grid = { lr = [1e-3, 1e-4]; "
        "}; },\n"
        "  { zip = { optimizer = [\"adam\", \"sgd\"]; }; } ); // end",
    };
    static const char *const pieces[] = {"{",          "}",
                                         "[",          "]",
                                         "(",          ")",
                                         "\"",         ";",
                                         ",",          "=",
                                         ":",          "\n",
                                         "\\",         "/*",
                                         "*/",         "//",
                                         "#",          "@include \"x\"",
                                         "\xc3",       "\xff",
                                         "-",          ".",
                                         "e",          "0x",
                                         "L",          "true",
                                         "9999999999", "0",
                                         "lr",         "grid",
                                         "cases",      "range",
                                         "\"start\"",  "\xef\xbb\xbf",
                                         "\\x00",      "1e999"};
    enum { N_PIECES = sizeof pieces / sizeof pieces[0], TEXT_MAX = 2000, N_MUTANTS = 6000 };
    int n_good = 0;
    for (int i = 0; i < N_MUTANTS; i++) {
        char text[TEXT_MAX + 1];
        size_t n = (size_t)snprintf(text, sizeof text, "%s%s", good[random_below(3)], good[random_below(3)]);
        for (uint32_t n_changes = 1 + random_below(4); n_changes > 0; n_changes--) {
            size_t at = random_below((uint32_t)n + 1), length = random_below(12);
            const char *piece = pieces[random_below(N_PIECES)];
            switch (random_below(4)) {
            case 0: /* cut the end off */ n = random_below(8) == 0 ? at : n; break;
            case 1: /* take some out */
                length = length < n - at ? length : n - at;
                memmove(text + at, text + at + length, n - at - length);
                n -= length;
                break;
            case 2: /* put a piece in */
                length = strlen(piece);
                if (n + length > TEXT_MAX)
                    break;
                memmove(text + at + length, text + at, n - at);
                memcpy(text + at, piece, length);
                n += length;
                break;
            default: /* change a byte, to a number most often so that what is good stays likely */
                if (at < n)
                    text[at] = (char)(random_below(2) ? '0' + random_below(10) : random_below(256));
                break;
            }
        }
        write_scratch(text, n);
        struct sweep sweep;
        struct error error = {.message = ""};
        enum error_code code = sweep_read(&sweep, scratch_path, NULL, 0, &error);
        if (code) {
            assert_int_equal(code, ERROR_INPUT);
            assert_line(error.message);
            assert_memory_equal(error.message, scratch_path, strlen(scratch_path));
            assert_empty(&sweep);
            continue;
        }
        n_good++;
        assert_true(sweep.n_configs > 0 && sweep.n_configs <= SWEEP_CONFIGS_MAX);
        assert_true(sweep.replicates > 0 && sweep.seed >= 0 && sweep.seed + sweep.replicates - 1 <= SEED_MAX);
        for (size_t c = 0; c < sweep.n_configs; c++)
            assert_int_equal(hyperparameters_check(&sweep.configs[c], &error), ERROR_NONE);
        sweep_free(&sweep);
    }
    /* Both outcomes are met, or the mutations test little. */
    assert_true(n_good > N_MUTANTS / 50 && n_good < N_MUTANTS / 2);
}

/* Every allocation of picky's own fails in turn: each gives ERROR_FATAL and an empty sweep. */
static void test_memory(void **state)
{
    (void)state;
    static const struct sweep_override override = {"name", "another"};
    struct sweep sweep;
    struct error error;
    write_scratch(override_text, strlen(override_text));
    n_allocations = 0;
    assert_int_equal(sweep_read(&sweep, scratch_path, &override, 1, &error), ERROR_NONE);
    sweep_free(&sweep);
    long n = n_allocations;
    assert_true(n > 20);
    for (long i = 1; i <= n; i++) {
        n_allocations = 0;
        failing_allocation = i;
        enum error_code code = sweep_read(&sweep, scratch_path, &override, 1, &error);
        failing_allocation = 0;
        assert_int_equal(code, ERROR_FATAL);
        assert_non_null(strstr(error.message, ": out of memory"));
        assert_line(error.message);
        assert_empty(&sweep);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),         cmocka_unit_test(test_paths),
        cmocka_unit_test(test_size_limit),     cmocka_unit_test(test_lenient),
        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_grid),           cmocka_unit_test(test_zip),
        cmocka_unit_test(test_cases),          cmocka_unit_test(test_range_linear),
        cmocka_unit_test(test_range_other),    cmocka_unit_test(test_header_example),
        cmocka_unit_test(test_shipped_sweeps), cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_bad_overrides),  cmocka_unit_test(test_override_against_default),
        cmocka_unit_test(test_mutations),      cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
