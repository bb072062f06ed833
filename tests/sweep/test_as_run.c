/* The text of a sweep as it was run: --set's values in it, and not a byte else. */
#include "as_run.h"
#include "sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

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

static enum error_code read_sweep(struct sweep *sweep, const char *text, const struct sweep_override *overrides,
                                  size_t n_overrides, struct error *error)
{
    FILE *file = fopen(scratch_path, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    return sweep_read(sweep, scratch_path, overrides, n_overrides, error);
}

/* Reads a text and compares the sweep with another one. */
static void assert_gives(const char *text, const struct sweep *expected)
{
    struct sweep sweep;
    struct error error;
    if (read_sweep(&sweep, text, NULL, 0, &error))
        fail_msg("%s\n%s", error.message, text);
    assert_string_equal(sweep.name, expected->name);
    assert_int_equal(sweep.seed, expected->seed);
    assert_int_equal(sweep.replicates, expected->replicates);
    assert_int_equal(sweep.store, expected->store);
    assert_int_equal(sweep.n_configs, expected->n_configs);
    assert_memory_equal(sweep.configs, expected->configs, sweep.n_configs * sizeof *sweep.configs);
    assert_memory_equal(sweep.swept, expected->swept, (size_t)n_hyperparameters * sizeof *sweep.swept);
    sweep_free(&sweep);
}

#define OVERRIDES_MAX 4

static const struct {
    const char *text;
    struct sweep_override overrides[OVERRIDES_MAX];
    const char *expected;
} cases[] = {
    /* Replaced where it stands: top level, model and train, with whatever signs. */
    {"seed = 1; model = { lr = 0.1; };", {{"lr", "0.25"}}, "seed = 1; model = { lr = 0.25; };"},
    {"train : { epochs : 3, lr : 1e-3 }", {{"epochs", "4"}}, "train : { epochs : 4, lr : 1e-3 }"},
    {"model={lr=.5 epochs=3}", {{"epochs", "1e1"}, {"lr", "1e-5"}}, "model={lr=1e-05 epochs=10}"},
    {"replicates = 0x1F; seed = 1e2;", {{"replicates", "2"}, {"seed", "3"}}, "replicates = 2; seed = 3;"},
    {"seed = 7L;\nreplicates = 5LL;\n",
     {{"seed", "9007199254740000"}},
     "seed = 9007199254740000;\nreplicates = 5LL;\n"},
    {"model = { second_task = \"add-0.5\"; };",
     {{"second_task", "add1.50"}},
     "model = { second_task = \"add1.50\"; };"},
    {"model = { context_location = 2; };", {{"context_location", "3"}}, "model = { context_location = \"3\"; };"},
    {"model = { optimizer = \"adam\" };", {{"optimizer", "sgd"}}, "model = { optimizer = \"sgd\" };"},
    {"model = { fraction = 0.25; };",
     {{"fraction", "0.30000000000000004"}},
     "model = { fraction = 0.30000000000000004; };"},
    /* Tasks and second_task are two keys for one thing; lists, and shares that follow from the number of tasks. */
    {"model = { second_task = \"prod\"; };", {{"tasks", "x0;x1"}}, "model = { tasks = \"x0; x1\"; };"},
    {"model = { tasks = [\"x0\", /* 1 */ \"b: x1\"]; lr = 0.1; };",
     {{"tasks", "x0; c: x0^2"}},
     "model = { tasks = \"x0; c: x0^2\"; lr = 0.1; };"},
    {"model = { tasks = (\"x0\", \"x1\"); };", {{"second_task", "add1.50"}}, "model = { second_task = \"add1.50\"; };"},
    {"model = { tasks = [\"x0\", \"x1 * x0\"]; };",
     {{"tasks", "x0; x1*x0"}},
     "model = { tasks = [\"x0\", \"x1 * x0\"]; };"},
    {"model = { fraction = 0.3; }; grid = { tasks = (\"x0\", \"x0; x1; x1\"); };",
     {{"fraction", "equal"}},
     "model = { fraction = \"equal\"; }; grid = { tasks = (\"x0\", \"x0; x1; x1\"); };"},
    {"grid = { tasks = (\"x0\", \"x0; x1; x1\"); };",
     {{"fraction", "0.25"}},
     "model = { fraction = 0.25; };\ngrid = { tasks = (\"x0\", \"x0; x1; x1\"); };"},
    /* The same value in another spelling: the text is right as it is. */
    {"model = { lr = 1E-1; epochs = 1e1; N_train = 0x64; context_location = 2; };",
     {{"lr", "0.1"}, {"epochs", "10"}, {"N_train", "100"}, {"context_location", "2"}},
     "model = { lr = 1E-1; epochs = 1e1; N_train = 0x64; context_location = 2; };"},
    {"name = \"a\\\\\\\"\\x42\" \"c\";", {{"name", "a\\\"Bc"}}, "name = \"a\\\\\\\"\\x42\" \"c\";"},
    {"seed = 1.0;", {{"seed", "1"}, {"lr", "0.001"}, {"name", ""}, {"replicates", "1"}}, "seed = 1.0;"},
    /* Strings: quotes, signs of the grammar, several in a row. */
    {"name = \"x = 1; }\"; seed = 1;",
     {{"name", "say \"a\\b\"; lr = 3 // no"}},
     "name = \"say \\\"a\\\\b\\\"; lr = 3 // no\"; seed = 1;"},
    {"name = \"a\" /* 1 */ \"b\" // 2\n  \"c\"; # 3\n", {{"name", "d"}}, "name = \"d\" /* 1 */  // 2\n  ; # 3\n"},
    {"name = \"a\";", {{"name", "\\x00 caf\xc3\xa9"}}, "name = \"\\\\x00 caf\xc3\xa9\";"},
    {"name = \"a\";", {{"name", ""}}, "name = \"\";"},
    /* Comments and strings that look like settings; keys that only begin alike. */
    {"# lr = 1\n// lr = 2;\n/* model = { lr = 3; }; */ model = { lr = 0.1; }; // lr = 4\n",
     {{"lr", "0.5"}},
     "# lr = 1\n// lr = 2;\n/* model = { lr = 3; }; */ model = { lr = 0.5; }; // lr = 4\n"},
    {"model = { lr /* of both */ = /* so far */ 0.1 /* tuned */; };",
     {{"lr", "1"}},
     "model = { lr /* of both */ = /* so far */ 1 /* tuned */; };"},
    {"name = \"seed = 3; model = { lr = 1; };\";\nmodel = { lr = 2; };",
     {{"lr", "3"}, {"seed", "4"}},
     "seed = 4;\nname = \"seed = 3; model = { lr = 1; };\";\nmodel = { lr = 3; };"},
    {"model = { hidden_layers = 3; };", {{"hidden_size", "7"}}, "model = { hidden_size = 7; hidden_layers = 3; };"},
    /* Added where it is missing. */
    {"/* head */\n\nmodel = {};\n",
     {{"lr", "0.5"}, {"N_test", "9"}},
     "/* head */\n\nmodel = { N_test = 9; lr = 0.5;};\n"},
    {"// a\r\nmodel = { // b\r\n  lr = 1\r\n}\r\n",
     {{"epochs", "2"}, {"seed", "5"}},
     "// a\r\nseed = 5;\r\nmodel = { epochs = 2; // b\r\n  lr = 1\r\n}\r\n"},
    {"\xef\xbb\xbf# mark\ntrain = { lr = 1; };",
     {{"epochs", "2"}, {"optimizer", "sgd"}},
     "\xef\xbb\xbf# mark\nmodel = { epochs = 2; optimizer = \"sgd\"; };\ntrain = { lr = 1; };"},
    {"\xef\xbb\xbfseed = 2",
     {{"replicates", "3"}, {"name", "n"}, {"seed", "4"}},
     "\xef\xbb\xbfname = \"n\";\nreplicates = 3;\nseed = 4"},
    {"store = [];\n\n", {{"seed", "2"}}, "seed = 2;\nstore = [];\n\n"},
    /* What varies stays as it is. */
    {"grid = { lr = [0.1, 0.2]; epochs = { range = { from = 1; to = 2; steps = 2; }; }; };\nzip = { N_test = [1, 2]; "
     "};\n"
     "cases = ( { fraction = 0.3; }, { grid = { hidden_size = [1, 2]; }; } ); model = { optimizer = \"adam\"; };",
     {{"optimizer", "sgd"}, {"replicates", "2"}},
     "replicates = 2;\ngrid = { lr = [0.1, 0.2]; epochs = { range = { from = 1; to = 2; steps = 2; }; }; };\n"
     "zip = { N_test = [1, 2]; };\n"
     "cases = ( { fraction = 0.3; }, { grid = { hidden_size = [1, 2]; }; } ); model = { optimizer = \"sgd\"; };"},
    {"model = { fraction = 0.2; lr = 1; };\ncases = ( { }, { fraction = 0.3; } );",
     {{"lr", "2"}},
     "model = { fraction = 0.2; lr = 2; };\ncases = ( { }, { fraction = 0.3; } );"},
    {"grid = { context_location = (\"start\", 2); };",
     {{"hidden_layers", "3"}},
     "model = { hidden_layers = 3; };\ngrid = { context_location = (\"start\", 2); };"},
};

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sweep sweep;
        struct error error;
        size_t n = 0;
        while (n < OVERRIDES_MAX && cases[i].overrides[n].key)
            n++;
        if (read_sweep(&sweep, cases[i].text, cases[i].overrides, n, &error))
            fail_msg("case %zu: %s", i, error.message);
        assert_string_equal(sweep.text, cases[i].expected);
        assert_string_equal(sweep.original, cases[i].text);
        assert_gives(sweep.text, &sweep);
        sweep_free(&sweep);
    }
}

/* Without overrides the text is the file's, whatever it is like. */
static void test_untouched(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sweep sweep;
        struct error error;
        assert_int_equal(read_sweep(&sweep, cases[i].text, NULL, 0, &error), ERROR_NONE);
        assert_string_equal(sweep.text, cases[i].text);
        sweep_free(&sweep);
    }
}

/* A text and columns that do not belong together. */
static void test_refused(void **state)
{
    (void)state;
    struct hyperparameters configs[2];
    hyperparameters_default(&configs[0]);
    hyperparameters_default(&configs[1]);
    configs[1].lr = 0.5;
    const struct as_run as_run = {
        .name = "", .seed = 1, .replicates = 1, .store = 1, .configs = configs, .n_configs = 2};
    static const struct {
        const char *text, *message, *checked; /* by as_run_text and by sweep_as_run, if they differ */
    } bad[] = {
        {"", "not the text of a sweep file", NULL},
        {"# lr\n", "not the text of a sweep file", NULL},
        {"seed = 1;", "lr differs between the configurations, but the text does not vary it", NULL},
        {"model = { lr = 0.5; };", "lr differs between the configurations, but the text does not vary it", NULL},
        {"name = \"a", "line 1: the text in quotes that begins here has no end", NULL},
        {"seed = 1;\n/* a", "line 2: the comment that begins here has no end", NULL},
        {"seed = 1; }", "line 1: } closes nothing", NULL},
        {"model = { seed = 1;", "not the text of a sweep file", NULL},
        {"a = ((((((((((((((((1))))))))))))))));", "line 1: nested too deep", NULL},
        {"\xff\xfe = 1", "not the text of a sweep file", NULL},
        {"grid = { lr = [0.1, 0.5]; };", NULL, "it gives other configurations, seeds or arrays"},
        {"grid = { lr = [0.001, 0.5]; }; store = [];", NULL, "it gives other configurations, seeds or arrays"},
        {"grid = { lr = [0.001, 0.5]; }; cases = (); ", NULL,
         "the sweep as it was run:1:40: cases = (): empty list; allowed: at least one case"},
        {"grid = { lr = [0.001, 0.5]; };", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *text;
        struct error error;
        assert_int_equal(as_run_text(&text, bad[i].text, &as_run, &error), bad[i].message ? ERROR_INPUT : ERROR_NONE);
        if (bad[i].message) {
            assert_string_equal(error.message, bad[i].message);
            assert_null(text);
        } else {
            assert_string_equal(text, bad[i].text);
        }
        free(text);
        const char *message = bad[i].message ? bad[i].message : bad[i].checked;
        assert_int_equal(sweep_as_run(&text, bad[i].text, &as_run, &error), message ? ERROR_INPUT : ERROR_NONE);
        if (message)
            assert_string_equal(error.message, message);
        free(text);
    }
}

static uint64_t random_state = 20200401;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random_state >> 32) * n >> 32);
}

static const char *choose(const char *const *texts)
{
    uint32_t n = 0;
    while (texts[n])
        n++;
    return texts[random_below(n)];
}

/* Values of each hyperparameter as files have them, and as --set does. */
static const struct {
    const char *key, *values[6], *settings[5];
} keys[] = {
    {"N_train", {"400", "0x200", "1e3", "500L"}, {"300", "1e3", "512"}},
    {"N_test", {"9", "10", "11"}, {"8", "10"}},
    {"lr", {"0.1", "1e-3", ".5", "1"}, {"0.25", "1e-3", "0.30000000000000004", "1e-300"}},
    {"epochs", {"1", "2.0", "3"}, {"4", "2"}},
    {"batch_size", {"5", "10"}, {"7", "1"}},
    {"context_location", {"\"start\"", "\"e\" \"nd\"", "2", "\"1\""}, {"start", "end", "2", "1"}},
    {"train_mode", {"\"random\"", "\"replay\""}, {"sequential", "random"}},
    {"second_task", {"\"prod\"", "\"add1.5\"", "\"add\\x31\""}, {"prod", "add1", "add1.50", "add-0.25"}},
    {"fraction", {"0.5", "0.25", "5e-1"}, {"0.75", "0.5"}},
    {"hidden_size", {"3", "4"}, {"5", "3"}},
    {"optimizer", {"\"adam\"", "\"sgd\""}, {"adam", "sgd"}},
    {"error_threshold", {"0.5", "1"}, {"2", "1e6"}},
};
enum { N_KEYS = sizeof keys / sizeof keys[0] };

static const char *const equals[] = {" = ", "=", " : ", " /* = 1; */ = ", NULL};
static const char *const ends[] = {";", ",", ";\n", " ;// seed = 3; }\n", ";\r\n", "; # \"\n", NULL};
static const char *const names[] = {"\"a\"", "\"lr = 1;\"", "\"a\" \"b\"", "\"\\\"\"", NULL};
static const char *const new_names[] = {"", "a", "}; lr = 2;", "\"\\", NULL};
static const char *const integers[] = {"1", "2", "0x3", "4.0", "5L", NULL};

static void print_group(FILE *out, const char *name, const unsigned char place[N_KEYS], unsigned char wanted,
                        bool is_varied)
{
    int n_comments = 0;
    fprintf(out, "%s%s{", name, choose(equals));
    for (int k = 0; k < N_KEYS; k++) {
        if (place[k] != wanted)
            continue;
        fprintf(out, "\n/* %s.%d */ %s%s", name, n_comments++, keys[k].key, choose(equals));
        if (is_varied)
            fprintf(out, "(%s, %s)", keys[k].values[0], keys[k].values[1]);
        else
            fputs(choose(keys[k].values), out);
        fputs(choose(ends), out);
    }
    fprintf(out, "}%s", choose(ends));
}

/* A sweep file of which the overrides may come to be refused. */
static void make_text(char *text, size_t size)
{
    enum { DEFAULT, MODEL, TRAIN, GRID, CASE };
    unsigned char place[N_KEYS];
    for (int k = 0; k < N_KEYS; k++)
        place[k] = random_below(3) ? (unsigned char)random_below(3) : (unsigned char)random_below(5);
    FILE *out = fmemopen(text, size, "w");
    assert_non_null(out);
    if (random_below(2))
        fprintf(out, "# name = \"no\"\n");
    bool has_model = random_below(4) != 0;
    uint32_t first = random_below(6);
    for (uint32_t i = 0; i < 6; i++)
        switch ((first + i) % 6) {
        case 0:
            if (random_below(2))
                fprintf(out, "name%s%s%s", choose(equals), choose(names), choose(ends));
            break;
        case 1:
            if (random_below(2))
                fprintf(out, "seed%s%s%s", choose(equals), choose(integers), choose(ends));
            break;
        case 2:
            if (random_below(2))
                fprintf(out, "replicates%s%s%s", choose(equals), choose(integers), choose(ends));
            break;
        case 3:
            if (has_model)
                print_group(out, "model", place, MODEL, false);
            break;
        case 4: print_group(out, "train", place, TRAIN, false); break;
        default:
            print_group(out, "grid", place, GRID, true);
            fprintf(out, "cases = ( { /* lr = 1 */ },\n");
            print_group(out, "{ grid", place, CASE, true);
            fprintf(out, "hidden_layers = 3; } );\n");
        }
    fclose(out);
}

/* Random sweeps with random overrides: the text gives the same sweep, and has all comments of the file, in order. */
static void test_random(void **state)
{
    (void)state;
    enum { N = 20000 };
    int n_good = 0, n_changed = 0;
    for (int i = 0; i < N; i++) {
        static char text[1 << 14];
        struct sweep_override overrides[OVERRIDES_MAX];
        size_t n = 1 + random_below(OVERRIDES_MAX);
        for (size_t o = 0; o < n; o++) {
            uint32_t k = random_below(N_KEYS + 3);
            overrides[o] = k < N_KEYS        ? (struct sweep_override){keys[k].key, choose(keys[k].settings)}
                           : k == N_KEYS     ? (struct sweep_override){"name", choose(new_names)}
                           : k == N_KEYS + 1 ? (struct sweep_override){"seed", random_below(2) ? "7" : "1"}
                                             : (struct sweep_override){"replicates", random_below(2) ? "3" : "1"};
        }
        make_text(text, sizeof text);
        struct sweep sweep;
        struct error error = {0};
        enum error_code code = read_sweep(&sweep, text, overrides, n, &error);
        if (code) {
            assert_int_equal(code, ERROR_INPUT);
            continue;
        }
        n_good++;
        n_changed += strcmp(sweep.text, text) != 0;
        assert_gives(sweep.text, &sweep);
        const char *at = sweep.text;
        for (const char *comment = text; (comment = strstr(comment, "/* "));) {
            size_t length = (size_t)(strstr(comment, "*/") - comment);
            char *copy = strndup(comment, length);
            check(copy && at);
            at = strstr(at, copy);
            if (!at)
                fail_msg("%s is not in\n%s\nof\n%s", copy, sweep.text, text);
            at += length;
            comment += length;
            free(copy);
        }
        sweep_free(&sweep);
    }
    assert_true(n_good > N / 5 && n_changed > n_good / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
