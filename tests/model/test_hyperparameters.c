/* The hyperparameter table: every row's default, range, types and spelling, and what they imply together. The
 * expected values stand here again, written from the design and not from the table. */
#include "hyperparameters.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct expected {
    const char *name;
    enum hyperparameter_type type;
    const char *default_text;
    const char *good[6]; /* as text; the ends of the range among them */
    const char *bad[10];
};

static const struct expected expected[] = {
    {"N_train", HYPERPARAMETER_INTEGER, "1000", {"2", "10000000", "1e4"}, {"1", "10000001", "0", "-5", "10.5", "ten"}},
    {"N_test", HYPERPARAMETER_INTEGER, "100", {"1", "1000000"}, {"0", "1000001", "-1", "0.5"}},
    {"lr",
     HYPERPARAMETER_REAL,
     "0.001",
     {"1e-300", "10", "0.1", "1"},
     {"0", "-0.1", "10.000000000000002", "nan", "inf"}},
    {"epochs", HYPERPARAMETER_INTEGER, "10", {"1", "100000"}, {"0", "100001", "1.5"}},
    {"batch_size", HYPERPARAMETER_INTEGER, "10", {"1", "100000"}, {"0", "100001", "all"}},
    {"context_location",
     HYPERPARAMETER_TEXT,
     "start",
     {"start", "end", "1", "32"},
     {"middle", "0", "01", "-1", "1.5", "", "Start", "end ", "12345"}},
    {"train_mode",
     HYPERPARAMETER_CHOICE,
     "random",
     {"random", "replay", "sequential"},
     {"", "Random", "shuffle", "0", "random "}},
    {"second_task",
     HYPERPARAMETER_TEXT,
     "prod",
     {"prod", "add1.5", "add-2", "add.5", "add1e3", "add+1"},
     {"add", "add ", "add 1", "sub1.5", "addx", "add1.5x", "addnan", "add1e400", "add1.00000000000000000000000000000"}},
    {"fraction",
     HYPERPARAMETER_REAL,
     "equal",
     {"1e-9", "0.9999999999", "0.1", "1", "equal"},
     {"0", "1.0000001", "1.5", "-0.5", "half", "Equal"}},
    {"hidden_size", HYPERPARAMETER_INTEGER, "50", {"1", "4096"}, {"0", "4097", "50.5"}},
    {"hidden_layers", HYPERPARAMETER_INTEGER, "4", {"1", "32"}, {"0", "33"}},
    {"output_activation", HYPERPARAMETER_CHOICE, "relu", {"relu", "linear"}, {"tanh", "1"}},
    {"optimizer", HYPERPARAMETER_CHOICE, "adam", {"adam", "sgd"}, {"Adam", "rmsprop", "0"}},
    {"replay_every", HYPERPARAMETER_INTEGER, "10", {"1", "1000000"}, {"0", "1000001"}},
    {"error_threshold", HYPERPARAMETER_REAL, "0.05", {"1e-12", "1e6", "0.05"}, {"0", "1000001", "-1"}},
    {"max_attempts", HYPERPARAMETER_INTEGER, "10", {"1", "1000"}, {"0", "1001"}},
    {"n_inputs", HYPERPARAMETER_INTEGER, "2", {"1", "16"}, {"0", "17"}},
    {"input_low", HYPERPARAMETER_REAL, "0", {"-1e6", "1e6"}, {"-1000001", "1000001"}},
    {"input_high", HYPERPARAMETER_REAL, "1", {"-1e6", "1e6"}, {"-1000001", "1000001"}},
    {"a", HYPERPARAMETER_REAL, "1", {"-1e6", "1e6"}, {"-1000001", "1000001", "x0"}},
    {"b", HYPERPARAMETER_REAL, "1", {"-1e6", "1e6"}, {"-1000001", "1000001", "x0"}},
    {"c", HYPERPARAMETER_REAL, "1", {"-1e6", "1e6"}, {"-1000001", "1000001", "x0"}},
    {"standardise", HYPERPARAMETER_CHOICE, "none", {"none", "variance"}, {"1", "mean", ""}},
    {"tasks", HYPERPARAMETER_TASKS, "x0 + x1; x0 * x1", {"x0; x1", "x0", "x0 + x1; x0 + 1.5 * x1"}, {NULL}},
};
enum { N_EXPECTED = sizeof expected / sizeof expected[0] };

static const struct hyperparameter *row_of(const char *name)
{
    const struct hyperparameter *row = hyperparameter_find(name);
    if (!row)
        fail_msg("no row %s", name);
    return row;
}

static void set(struct hyperparameters *h, const char *name, const char *text)
{
    struct error error;
    if (hyperparameter_set_text(h, row_of(name), text, &error))
        fail_msg("%s", error.message);
}

/* The message is one line "NAME = ...: allowed: ..." and nothing has changed. */
static void assert_refused(enum error_code code, const struct error *error, const char *name,
                           const struct hyperparameters *before, const struct hyperparameters *after)
{
    char start[64];
    snprintf(start, sizeof start, "%s = ", name);
    assert_int_equal(code, ERROR_INPUT);
    assert_memory_equal(error->message, start, strlen(start));
    assert_non_null(strstr(error->message, ": allowed: "));
    for (const char *c = error->message; *c; c++)
        assert_true((unsigned char)*c >= ' ' && *c != 127);
    assert_memory_equal(before, after, sizeof *before);
}

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(n_hyperparameters, N_EXPECTED);
    for (int i = 0; i < N_EXPECTED; i++) {
        const struct hyperparameter *row = row_of(expected[i].name);
        assert_ptr_equal(row, &hyperparameter_table[i]);
        assert_int_equal(row->type, expected[i].type);
        assert_string_equal(row->default_text, expected[i].default_text);
        assert_true(strlen(row->allowed) > 0 && strlen(row->unit) > 0 && strlen(row->meaning) > 0);
        assert_null(strchr(row->meaning, '\n'));
    }
    assert_null(hyperparameter_find("n_train"));
    assert_null(hyperparameter_find(""));
}

static void test_defaults(void **state)
{
    (void)state;
    struct hyperparameters h;
    memset(&h, 0xff, sizeof h);
    hyperparameters_default(&h);
    assert_int_equal(h.N_train, 1000);
    assert_int_equal(h.N_test, 100);
    assert_true(h.lr == 0.001);
    assert_int_equal(h.epochs, 10);
    assert_int_equal(h.batch_size, 10);
    assert_string_equal(h.context_location, "start");
    assert_int_equal(h.train_mode, TRAIN_RANDOM);
    assert_string_equal(h.second_task, "prod");
    assert_true(h.fraction == 0 && hyperparameter_real(&h, row_of("fraction")) == 0.5);
    assert_int_equal(h.hidden_size, 50);
    assert_int_equal(h.hidden_layers, 4);
    assert_int_equal(h.output_activation, OUTPUT_RELU);
    assert_int_equal(h.optimizer, OPTIMIZER_ADAM);
    assert_int_equal(h.replay_every, 10);
    assert_true(h.error_threshold == 0.05);
    assert_int_equal(h.max_attempts, 10);
    struct error error;
    assert_int_equal(hyperparameters_check(&h, &error), ERROR_NONE);
}

static void test_text_good(void **state)
{
    (void)state;
    for (int i = 0; i < N_EXPECTED; i++) {
        const struct hyperparameter *row = row_of(expected[i].name);
        for (int k = 0; k < 6 && expected[i].good[k]; k++) {
            const char *text = expected[i].good[k];
            struct hyperparameters h, again;
            char formatted[HYPERPARAMETER_FORMAT_MAX];
            hyperparameters_default(&h);
            hyperparameters_default(&again);
            set(&h, row->name, text);
            if (row->type == HYPERPARAMETER_INTEGER)
                assert_true((double)hyperparameter_integer(&h, row) == strtod(text, NULL));
            else if (row->type == HYPERPARAMETER_REAL)
                assert_true(hyperparameter_real(&h, row) == (strcmp(text, "equal") ? strtod(text, NULL) : 0.5));
            else
                assert_string_equal(hyperparameter_string(&h, row), text);
            hyperparameter_format(&h, row, formatted);
            set(&again, row->name, formatted);
            assert_memory_equal(&h, &again, sizeof h);
            assert_true(hyperparameter_equal(&h, &again, row));
        }
    }
}

static void test_text_bad(void **state)
{
    (void)state;
    static const char *const never[] = {"", " ", " 1", "1 ", "1,5", "1\n", "\x7f", "\"start\"", "1;", "--1"};
    for (int i = 0; i < N_EXPECTED; i++) {
        const struct hyperparameter *row = row_of(expected[i].name);
        struct hyperparameters h, before;
        struct error error;
        if (row->type == HYPERPARAMETER_TASKS) /* see test_tasks */
            continue;
        hyperparameters_default(&h);
        before = h;
        for (int k = 0; k < 10 && expected[i].bad[k]; k++)
            assert_refused(hyperparameter_set_text(&h, row, expected[i].bad[k], &error), &error, row->name, &before,
                           &h);
        for (size_t k = 0; k < sizeof never / sizeof never[0]; k++)
            assert_refused(hyperparameter_set_text(&h, row, never[k], &error), &error, row->name, &before, &h);
        char *long_text = malloc(5000);
        assert_non_null(long_text);
        memset(long_text, '9', 4999);
        long_text[4999] = '\0';
        assert_refused(hyperparameter_set_text(&h, row, long_text, &error), &error, row->name, &before, &h);
        free(long_text);
    }
}

static bool has_in_range(const struct hyperparameter *row, double value)
{
    return (row->min_open ? value > row->min : value >= row->min) &&
           (row->max_open ? value < row->max : value <= row->max);
}

/* Which of the typed setters each type of row takes. */
static void test_types(void **state)
{
    (void)state;
    for (int i = 0; i < N_EXPECTED; i++) {
        const struct hyperparameter *row = row_of(expected[i].name);
        struct hyperparameters h, before;
        struct error error;
        hyperparameters_default(&h);
        before = h;
        bool is_number = row->type == HYPERPARAMETER_INTEGER || row->type == HYPERPARAMETER_REAL;
        bool takes_one = is_number ? has_in_range(row, 1) : strcmp(row->name, "context_location") == 0;
        enum error_code as_integer = hyperparameter_set_integer(&h, row, 1, &error);
        assert_int_equal(as_integer, takes_one ? ERROR_NONE : ERROR_INPUT);
        struct hyperparameters by_integer = h;
        h = before;
        enum error_code as_real = hyperparameter_set_real(&h, row, 1.0, &error);
        assert_int_equal(as_real, as_integer);
        assert_memory_equal(&h, &by_integer, sizeof h);

        h = before;
        bool takes_quarter = row->type == HYPERPARAMETER_REAL && has_in_range(row, 0.25);
        as_real = hyperparameter_set_real(&h, row, 0.25, &error);
        assert_int_equal(as_real, takes_quarter ? ERROR_NONE : ERROR_INPUT);
        h = before;
        assert_refused(hyperparameter_set_real(&h, row, NAN, &error), &error, row->name, &before, &h);
        assert_refused(hyperparameter_set_real(&h, row, INFINITY, &error), &error, row->name, &before, &h);
        assert_refused(hyperparameter_set_integer(&h, row, INT64_MIN, &error), &error, row->name, &before, &h);
        assert_refused(hyperparameter_set_integer(&h, row, INT64_MAX, &error), &error, row->name, &before, &h);

        bool takes_text = row->type != HYPERPARAMETER_INTEGER && row->type != HYPERPARAMETER_REAL;
        enum error_code as_text = hyperparameter_set_string(&h, row, expected[i].good[0], &error);
        assert_int_equal(as_text, takes_text ? ERROR_NONE : ERROR_INPUT);
    }
}

/* Configurations are compared and sent as bytes: no setter leaves bytes of an earlier value behind. */
static void test_bytes(void **state)
{
    (void)state;
    struct hyperparameters a, b;
    struct error error;
    hyperparameters_default(&a);
    hyperparameters_default(&b);
    set(&a, "second_task", "add1.0000000001");
    set(&a, "second_task", "prod");
    assert_memory_equal(&a, &b, sizeof a);
    set(&a, "context_location", "end");
    assert_int_equal(hyperparameter_set_integer(&a, row_of("context_location"), 2, &error), ERROR_NONE);
    set(&b, "context_location", "2");
    assert_memory_equal(&a, &b, sizeof a);
}

/* tasks and second_task are one thing; fractions that say "equal" are what they come to. */
static void test_tasks(void **state)
{
    (void)state;
    struct hyperparameters h, before;
    struct error error;
    char text[HYPERPARAMETER_FORMAT_MAX];
    hyperparameters_default(&h);
    set(&h, "tasks", "sum: x1+x0 ; x0 + 1.50*x1");
    assert_string_equal(h.second_task, "");
    set(&h, "tasks", "sum: x0+x1 ; x0 + 1.50*x1");
    assert_string_equal(h.second_task, "add1.5");
    hyperparameter_format(&h, row_of("tasks"), text);
    assert_string_equal(text, "x0 + x1; x0 + 1.5 * x1");
    before = h;
    set(&h, "second_task", "add1.50");
    assert_string_equal(h.second_task, "add1.50");
    assert_int_equal(h.tasks, before.tasks);
    set(&h, "second_task", "prod");
    set(&h, "tasks", "x0 + x1; x0 * x1");
    hyperparameters_default(&before);
    assert_memory_equal(&h, &before, sizeof h);

    set(&h, "tasks", "x0; x1; x0 * x1");
    assert_int_equal(hyperparameters_n_tasks(&h), 3);
    assert_true(hyperparameter_is_default(&h, row_of("fraction")));
    hyperparameter_format(&h, row_of("fraction"), text);
    assert_string_equal(text, "equal");
    hyperparameters_resolve(&h);
    assert_true(h.fraction == 334 / 1000.0 && hyperparameter_is_default(&h, row_of("fraction")));
    assert_string_equal(hyperparameter_idle(&h, row_of("a")), "only where a formula of tasks has it");
    assert_null(hyperparameter_idle(&h, row_of("fraction")));
    set(&h, "train_mode", "replay"); /* 33 steps an epoch of the later tasks */
    set(&h, "replay_every", "33");
    assert_null(hyperparameter_idle(&h, row_of("replay_every")));
    set(&h, "replay_every", "34");
    assert_string_equal(hyperparameter_idle(&h, row_of("replay_every")),
                        "only where a later task has as many steps an epoch");
    assert_int_equal(hyperparameters_check(&h, &error), ERROR_NONE);

    /* Refused, and nothing has changed. */
    static const struct {
        const char *text, *message;
    } bad[] = {{"x0; y", "tasks = \"x0; y\": column 5: "},
               {"x0; x16", "tasks = \"x0; x16\": column 5: "},
               {"x0; ", "tasks = \"x0; \": column "},
               {"", "tasks = \"\": column 1: "},
               {"x0;x0;x0;x0;x0;x0;x0;x0;x0", "tasks = \"x0;x0;x0;x0;x0;x0;x0;x0;x0\": column 25: "},
               {"%s%n", "tasks = \"%s%n\": column 1: "}};
    before = h;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(hyperparameter_set_text(&h, row_of("tasks"), bad[i].text, &error), ERROR_INPUT);
        if (strncmp(error.message, bad[i].message, strlen(bad[i].message)) != 0)
            fail_msg("%s\nshould begin: %s", error.message, bad[i].message);
        assert_memory_equal(&h, &before, sizeof h);
    }
    set(&h, "tasks", "x0; x1 + x3");
    assert_int_equal(hyperparameters_check(&h, &error), ERROR_INPUT);
    assert_non_null(strstr(error.message, "tasks: task 2: x1 + x3 uses x3 (column 6), but"));
    set(&h, "n_inputs", "4");
    assert_int_equal(hyperparameters_check(&h, &error), ERROR_NONE);
    set(&h, "input_low", "1");
    assert_int_equal(hyperparameters_check(&h, &error), ERROR_INPUT);
    assert_string_equal(error.message, "input_low = 1: allowed: a number below input_high = 1");

    /* Which configurations ask for the same models. */
    struct hyperparameters one, other;
    hyperparameters_default(&h);
    set(&h, "second_task", "add1.50");
    hyperparameters_canonical(&h, &one);
    set(&h, "tasks", "x0+x1; x0+1.5*x1");
    set(&h, "a", "3");
    hyperparameters_canonical(&h, &other);
    assert_memory_equal(&one, &other, sizeof one);
    set(&h, "tasks", "x0+x1; x0+a*x1");
    hyperparameters_canonical(&h, &other);
    assert_memory_not_equal(&one, &other, sizeof one);
    set(&h, "tasks", "x0");
    hyperparameters_canonical(&h, &one);
    set(&h, "train_mode", "replay");
    set(&h, "fraction", "0.2");
    hyperparameters_canonical(&h, &other);
    assert_memory_equal(&one, &other, sizeof one);
    assert_int_equal(hyperparameters_phases(&h), 1);
}

static void test_messages(void **state)
{
    (void)state;
    struct hyperparameters h;
    struct error error;
    hyperparameters_default(&h);
    hyperparameter_set_integer(&h, row_of("hidden_size"), 0, &error);
    assert_string_equal(error.message, "hidden_size = 0: allowed: an integer from 1 to 4096");
    hyperparameter_set_real(&h, row_of("fraction"), 1.1, &error);
    assert_string_equal(error.message, "fraction = 1.1: allowed: a number above 0 and below 1, or \"equal\"");
    hyperparameter_set_real(&h, row_of("hidden_size"), 50.00000000000001, &error);
    assert_string_equal(error.message, "hidden_size = 50.00000000000001: allowed: an integer from 1 to 4096");
    hyperparameter_set_string(&h, row_of("hidden_size"), "50", &error);
    assert_string_equal(error.message, "hidden_size = \"50\": allowed: an integer from 1 to 4096");
    hyperparameter_set_string(&h, row_of("optimizer"), "a\nb\x1b", &error);
    assert_string_equal(error.message, "optimizer = \"a?b?\": allowed: \"adam\" or \"sgd\"");
    hyperparameter_set_text(&h, row_of("N_train"), "1e9", &error);
    assert_string_equal(error.message, "N_train = 1e9: allowed: an integer from 2 to 10000000");
}

/* Any double in range survives format and set_text; the text is the shortest that does. */
static void test_real_round_trip(void **state)
{
    (void)state;
    const struct hyperparameter *row = row_of("lr");
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double value = ldexp((double)((random >> 11) + 1), -53 - (int)(random & 63)) * 8;
        struct hyperparameters h, again;
        struct error error;
        char text[HYPERPARAMETER_FORMAT_MAX], shorter[HYPERPARAMETER_TEXT_MAX];
        hyperparameters_default(&h);
        again = h;
        assert_int_equal(hyperparameter_set_real(&h, row, value, &error), ERROR_NONE);
        hyperparameter_format(&h, row, text);
        set(&again, "lr", text);
        assert_true(again.lr == value);
        for (int digits = 1; digits < 17; digits++) {
            snprintf(shorter, sizeof shorter, "%.*g", digits, value);
            if (strlen(shorter) < strlen(text) && strtod(shorter, NULL) == value)
                fail_msg("%s is longer than %s", text, shorter);
        }
    }
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const more[] = {"grid", "model", "replicates", NULL};
    char long_name[400];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_string_equal(hyperparameter_nearest("hiden_size", NULL), "hidden_size");
    assert_string_equal(hyperparameter_nearest("HIDDEN_SIZE", NULL), "hidden_size");
    assert_string_equal(hyperparameter_nearest("n_trian", NULL), "N_train");
    assert_string_equal(hyperparameter_nearest("l_r", NULL), "lr");
    assert_string_equal(hyperparameter_nearest("optimiser", NULL), "optimizer");
    assert_string_equal(hyperparameter_nearest("gird", more), "grid");
    assert_string_equal(hyperparameter_nearest("replicate", more), "replicates");
    assert_null(hyperparameter_nearest("gird", NULL));
    assert_null(hyperparameter_nearest("momentum", more));
    assert_null(hyperparameter_nearest("", more));
    assert_null(hyperparameter_nearest("xyz", NULL));
    assert_null(hyperparameter_nearest(long_name, more));
}

static void test_second_task(void **state)
{
    (void)state;
    bool is_product;
    double factor;
    assert_true(hyperparameters_parse_second_task("prod", &is_product, &factor));
    assert_true(is_product);
    assert_true(hyperparameters_parse_second_task("add1.5", &is_product, &factor));
    assert_false(is_product);
    assert_true(factor == 1.5);
    assert_true(hyperparameters_parse_second_task("add-0.25", &is_product, &factor));
    assert_true(factor == -0.25);
    assert_false(hyperparameters_parse_second_task("product", &is_product, &factor));
    assert_false(hyperparameters_parse_second_task("ADD1", &is_product, &factor));
}

static void test_counts(void **state)
{
    (void)state;
    struct hyperparameters h;
    hyperparameters_default(&h);
    assert_int_equal(hyperparameters_context_layer(&h), 1);
    set(&h, "context_location", "end");
    assert_int_equal(hyperparameters_context_layer(&h), 4);
    set(&h, "context_location", "3");
    assert_int_equal(hyperparameters_context_layer(&h), 3);
    assert_int_equal(hyperparameters_n_tasks(&h), 2);

    set(&h, "N_train", "1005");
    set(&h, "fraction", "0.5"); /* 502.5: halves away from zero */
    assert_int_equal(hyperparameters_task1_samples(&h), 503);
    assert_int_equal(hyperparameters_phases(&h), 1);
    assert_int_equal(hyperparameters_steps(&h, 0), 100);
    assert_int_equal(hyperparameters_history(&h), 11);
    set(&h, "train_mode", "replay");
    set(&h, "batch_size", "100");
    set(&h, "fraction", "0.7"); /* 703.5 or just below */
    assert_int_equal(hyperparameters_phases(&h), 2);
    assert_int_equal(hyperparameters_steps(&h, 0), 7);
    assert_int_equal(hyperparameters_steps(&h, 1), 3);
    assert_int_equal(hyperparameters_history(&h), 21);
    set(&h, "train_mode", "sequential");
    assert_int_equal(hyperparameters_phases(&h), 2);
}

/* Sets "KEY=VALUE KEY=VALUE ..." on top of the defaults. */
static void set_all(struct hyperparameters *h, const char *assignments)
{
    char copy[300], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", assignments);
    hyperparameters_default(h);
    for (char *pair = strtok_r(copy, " ", &rest); pair; pair = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(pair, '=');
        *equals = '\0';
        set(h, pair, equals + 1);
    }
}

static void test_check(void **state)
{
    (void)state;
    static const struct {
        const char *assignments, *message; /* NULL: fine */
    } cases[] = {
        {"context_location=4", NULL},
        {"context_location=5",
         "context_location = 5: allowed: \"start\", \"end\" or a layer number from 1 to hidden_layers = 4"},
        {"hidden_layers=1 context_location=end", NULL},
        {"hidden_layers=1 context_location=2",
         "context_location = 2: allowed: \"start\", \"end\" or a layer number from 1 to hidden_layers = 1"},
        {"N_train=2 batch_size=2", NULL},
        {"N_train=9", "batch_size = 10: larger than the training set; allowed: at most N_train = 9"},
        {"N_train=7 batch_size=1 tasks=x0;x1;x0;x1;x0;x1;x0;x1",
         "N_train = 7: too few training samples for 8 tasks; allowed: at least 8"},
        {"N_train=8 batch_size=1 tasks=x0;x1;x0;x1;x0;x1;x0;x1", NULL},
        {"N_train=20 batch_size=3 tasks=x0;x1;x0;x1;x0;x1;x0;x1 train_mode=replay",
         "batch_size = 3: larger than task 5's part of the training set; allowed: at most 2 at equal fractions, "
         "N_train = 20 in train_mode \"replay\""},
        {"fraction=0.0005", NULL}, /* 0.5 of a sample rounds to 1 */
        {"fraction=0.00049",
         "fraction = 0.00049: leaves task 1 without training samples at N_train = 1000; allowed: what "
         "rounds to at least one sample of each task"},
        {"fraction=0.9994", NULL},
        {"fraction=0.9995",
         "fraction = 0.9995: leaves task 2 without training samples at N_train = 1000; allowed: what "
         "rounds to at least one sample of each task"},
        {"fraction=0.99999999", "fraction = 0.99999999: leaves task 2 without training samples at N_train = 1000; "
                                "allowed: what rounds to at least one sample of each task"},
        {"batch_size=100 fraction=0.95", NULL},
        {"batch_size=50 fraction=0.95 train_mode=replay", NULL},
        {"batch_size=51 fraction=0.95 train_mode=replay",
         "batch_size = 51: larger than task 2's part of the training set; allowed: at most 50 at fraction = 0.95, "
         "N_train = 1000 in train_mode \"replay\""},
        {"batch_size=51 fraction=0.05 train_mode=sequential",
         "batch_size = 51: larger than task 1's part of the training set; allowed: at most 50 at fraction = 0.05, "
         "N_train = 1000 in train_mode \"sequential\""},
        {"N_train=40000 batch_size=1 epochs=100000", NULL},
        {"N_train=40001 batch_size=1 epochs=100000",
         "epochs = 100000: gives 4000100000 training steps; allowed: at most 4000000000"},
        {"N_train=40001 batch_size=1 epochs=100000 train_mode=replay",
         "epochs = 100000: gives 4000100000 training steps; allowed: at most 4000000000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hyperparameters h;
        struct error error = {.message = ""};
        set_all(&h, cases[i].assignments);
        enum error_code code = hyperparameters_check(&h, &error);
        assert_string_equal(error.message, cases[i].message ? cases[i].message : "");
        assert_int_equal(code, cases[i].message ? ERROR_INPUT : ERROR_NONE);
    }
}

static void test_equal(void **state)
{
    (void)state;
    for (int i = 0; i < N_EXPECTED; i++) {
        struct hyperparameters a, b;
        hyperparameters_default(&a);
        hyperparameters_default(&b);
        const char *other =
            strcmp(expected[i].good[0], expected[i].default_text) != 0 ? expected[i].good[0] : expected[i].good[1];
        set(&b, expected[i].name, other);
        const char *set_too = strcmp(expected[i].name, "tasks") == 0         ? "second_task"
                              : strcmp(expected[i].name, "second_task") == 0 ? "tasks"
                                                                             : "";
        for (int k = 0; k < N_EXPECTED; k++)
            assert_int_equal(hyperparameter_equal(&a, &b, &hyperparameter_table[k]),
                             k != i && strcmp(hyperparameter_table[k].name, set_too) != 0);
    }
}

/* Two that differ in one key, beside another one: whether they ask for the same. */
static void test_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *beside, *beside_value, *key, *a, *b;
        bool is_same;
    } pairs[] = {
        {"hidden_layers", "1", "context_location", "start", "end", true},
        {"hidden_layers", "2", "context_location", "start", "end", false},
        {"hidden_layers", "2", "context_location", "2", "end", true},
        {"hidden_layers", "3", "context_location", "2", "end", false},
        {"train_mode", "random", "replay_every", "3", "4", true},
        {"train_mode", "sequential", "replay_every", "3", "4", true},
        {"train_mode", "replay", "replay_every", "49", "50", false}, /* 500 samples of task 2 in batches of 10 */
        {"train_mode", "replay", "replay_every", "50", "51", false},
        {"train_mode", "replay", "replay_every", "51", "52", true},
        {"replay_every", "51", "train_mode", "replay", "sequential", true},
        {"replay_every", "50", "train_mode", "replay", "sequential", false},
        {"replay_every", "51", "train_mode", "random", "sequential", false},
        {"N_train", "1000", "fraction", "0.5", "0.5004", true},
        {"N_train", "1000", "fraction", "0.5", "0.5006", false},
        {"N_train", "1000", "second_task", "add1.5", "add1.50", true},
        {"N_train", "1000", "second_task", "add1", "prod", false},
        {"N_train", "1000", "lr", "0.1", "0.10000000000000002", true},
        {"N_train", "1000", "lr", "0.1", "0.1000001", false},
        {"N_train", "1000", "max_attempts", "1", "2", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct hyperparameters h[2], canonical[2];
        for (int k = 0; k < 2; k++) {
            hyperparameters_default(&h[k]);
            set(&h[k], pairs[i].beside, pairs[i].beside_value);
            set(&h[k], pairs[i].key, k == 0 ? pairs[i].a : pairs[i].b);
            hyperparameters_canonical(&h[k], &canonical[k]);
        }
        /* Canonical ones have zeros between their members. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        if ((memcmp(&canonical[0], &canonical[1], sizeof canonical[0]) == 0) != pairs[i].is_same)
            fail_msg("%s = %s: %s = %s or %s", pairs[i].beside, pairs[i].beside_value, pairs[i].key, pairs[i].a,
                     pairs[i].b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_defaults),        cmocka_unit_test(test_text_good),
        cmocka_unit_test(test_text_bad),    cmocka_unit_test(test_types),           cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_messages),    cmocka_unit_test(test_real_round_trip), cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_second_task), cmocka_unit_test(test_tasks),           cmocka_unit_test(test_counts),
        cmocka_unit_test(test_check),       cmocka_unit_test(test_equal),           cmocka_unit_test(test_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
