/* Random sweeps: written as text in any spelling and read, against an expansion that shares no code with picky's; then
 * kept in a results file and read back: hyperparameters, seeds, statuses and every array. */
#include "numbers.h"
#include "random_fixture.h"
#include "results_fixture.h"
#include "slots.h"
#include "sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a random sweep ---- */

enum { VALUES_MAX = 4, AXES_MAX = 4, CASES_MAX = 3, ROWS_MAX = 32, CONFIGS_LIMIT = 120, TEXT_MAX = 20000 };

/* A value: as it is written, and as it must come out. */
struct value {
    char text[80];
    int64_t integer; /* INTEGER, CHOICE */
    double real;
    char word[HYPERPARAMETER_TEXT_MAX]; /* TEXT, TASKS */
};

struct axis {
    int row, n;
    struct value values[VALUES_MAX];
    char range[160]; /* instead of a list, if not "" */
};

/* A file or a case: what it fixes, its zip and its grid. */
struct part {
    int n_fixed, n_zip, n_grid;
    struct axis fixed[ROWS_MAX], zip[AXES_MAX], grid[AXES_MAX]; /* `fixed` have one value */
};

struct random_sweep {
    struct part whole, cases[CASES_MAX];
    int n_cases;
    int64_t seed, replicates;
    unsigned store;
    char text[TEXT_MAX];
    size_t n_text;
    bool swept[ROWS_MAX];
    int n_configs;
    struct hyperparameters configs[CONFIGS_LIMIT];
};

static void __attribute__((format(printf, 2, 3))) write_text(struct random_sweep *s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    s->n_text += (size_t)vsnprintf(s->text + s->n_text, TEXT_MAX - s->n_text, format, arguments);
    va_end(arguments);
    assert_true(s->n_text < TEXT_MAX);
    if (random_below(6) == 0)
        s->n_text +=
            (size_t)snprintf(s->text + s->n_text, TEXT_MAX - s->n_text, "%s",
                             (const char *[]){"\n", " ", "/* lr = [1] */", " # }\n", "\t// (\n"}[random_below(5)]);
}

/* Value number i of a row; those of different i differ, and any combination of all is allowed. */
static struct value value_of(const struct hyperparameter *row, int i)
{
    static const char *const forms[] = {"%" PRId64, "0x%" PRIx64, "%" PRId64 "L", "%" PRId64 ".0"};
    static const char *const places[] = {"start", "end", "2", "3"};
    struct value v = {.integer = 0};
    if (row->type == HYPERPARAMETER_CHOICE) {
        v.integer = i;
        snprintf(v.text, sizeof v.text, "\"%s\"", row->choices[i]);
    } else if (row->type == HYPERPARAMETER_TEXT && strcmp(row->name, "second_task") == 0) {
        int64_t hundredths = random_between(-300, 300) * 4 + i;
        if (i == 0)
            snprintf(v.word, sizeof v.word, "prod");
        else
            snprintf(v.word, sizeof v.word, "add%s%d.%02d", hundredths < 0 ? "-" : "", (int)(llabs(hundredths) / 100),
                     (int)(llabs(hundredths) % 100));
        snprintf(v.text, sizeof v.text, "\"%s\"", v.word);
    } else if (row->type == HYPERPARAMETER_TASKS) {
        if (i == 0)
            snprintf(v.word, sizeof v.word, "x0");
        else
            snprintf(v.word, sizeof v.word, "x0; a*x1+%d.5", i);
        if (i > 0 && random_below(2))
            snprintf(v.text, sizeof v.text, "[\"x0\", \"sum: a * x1 + %d.5e0\"]", i);
        else
            snprintf(v.text, sizeof v.text, "\"%s\"", v.word);
    } else if (row->type == HYPERPARAMETER_TEXT) {
        snprintf(v.word, sizeof v.word, "%s", places[i]);
        snprintf(v.text, sizeof v.text, i >= 2 && random_below(2) ? "%s" : "\"%s\"", v.word);
    } else if (row->type == HYPERPARAMETER_REAL) {
        /* 0.3 to 0.7, in thousandths; input_high is above input_low */
        int64_t thousandths = 300 + 100 * i + random_between(0, 99);
        thousandths += strcmp(row->name, "input_high") == 0 ? 1000 : 0;
        char text[40];
        snprintf(text, sizeof text, "%d.%03d", (int)(thousandths / 1000), (int)(thousandths % 1000));
        v.real = strtod(text, NULL);
        snprintf(v.text, sizeof v.text, random_below(2) ? "%s" : "%s00e+0", text);
        if (random_below(3) == 0)
            snprintf(v.text, sizeof v.text, "%de-3", (int)thousandths);
        if (strchr(v.text, '.') == NULL)
            snprintf(v.text, sizeof v.text, "%d.0e-3", (int)thousandths);
    } else {
        int64_t base = strcmp(row->name, "N_train") == 0         ? 40
                       : strcmp(row->name, "hidden_layers") == 0 ? 3
                       : strcmp(row->name, "n_inputs") == 0      ? 2
                                                                 : 1;
        v.integer = base + 2 * i + random_between(0, 1);
        snprintf(v.text, sizeof v.text, forms[random_below(4)], v.integer);
    }
    return v;
}

static int values_there_are(const struct hyperparameter *row)
{
    int n = 0;
    if (row->type != HYPERPARAMETER_CHOICE)
        return VALUES_MAX;
    while (row->choices[n])
        n++;
    return n;
}

/* An axis of n values, or of as many as there are; perhaps as a range. */
static struct axis random_axis(int row_index, int n, bool may_be_range)
{
    const struct hyperparameter *row = &hyperparameter_table[row_index];
    struct axis axis = {.row = row_index, .n = n < values_there_are(row) ? n : values_there_are(row)};
    for (int i = 0; i < axis.n; i++)
        axis.values[i] = value_of(row, i);
    if (!may_be_range || axis.n < 2 || random_below(2))
        return axis;
    if (row->type == HYPERPARAMETER_INTEGER) {
        int64_t from = axis.values[0].integer;
        for (int i = 0; i < axis.n; i++)
            axis.values[i].integer = from + 2 * i;
        snprintf(axis.range, sizeof axis.range, "{ range = { from = %" PRId64 "; to = %" PRId64 "; steps = %d; }; }",
                 from, from + 2 * (axis.n - 1), axis.n);
    } else if (row->type == HYPERPARAMETER_REAL) {
        int from = (int)random_between(300, 400), step = (int)random_between(1, 100);
        int whole = strcmp(row->name, "input_high") == 0;
        for (int i = 0; i < axis.n; i++) {
            char text[40];
            snprintf(text, sizeof text, "%d.%03d", whole, from + i * step);
            axis.values[i].real = strtod(text, NULL);
        }
        snprintf(axis.range, sizeof axis.range,
                 "{ range = { steps = %d; scale = \"linear\"; from = %d.%03d; to = %d.%03d; }; }", axis.n, whole, from,
                 whole, from + (axis.n - 1) * step);
    }
    return axis;
}

/* Gives rows of `free` [n_rows] to a part's zip and grid, and takes them from there. */
static void random_axes(struct part *part, bool *free_rows)
{
    const int n_zip = (int)random_below(3), n_grid = (int)random_below(3), length = (int)random_between(1, 3);
    while (part->n_zip < n_zip || part->n_grid < n_grid) {
        int row = (int)random_below((uint64_t)n_hyperparameters);
        if (!free_rows[row])
            continue;
        free_rows[row] = false;
        const bool is_zip = part->n_zip < n_zip;
        if (is_zip && values_there_are(&hyperparameter_table[row]) < length)
            part->grid[part->n_grid++] = random_axis(row, 2, true); /* too few values */
        else if (is_zip)
            part->zip[part->n_zip++] = random_axis(row, length, true);
        else
            part->grid[part->n_grid++] = random_axis(row, (int)random_between(1, VALUES_MAX), true);
        if (part->n_grid == AXES_MAX)
            break;
    }
    for (int i = 0; i < part->n_zip; i++)
        assert_int_equal(part->zip[i].n, part->zip[0].n);
}

static void write_axis(struct random_sweep *s, const struct axis *axis, bool is_list)
{
    const struct hyperparameter *row = &hyperparameter_table[axis->row];
    write_text(s, "%s %s ", row->name, random_below(2) ? "=" : ":");
    if (!is_list || axis->range[0]) {
        write_text(s, "%s;", is_list ? axis->range : axis->values[0].text);
        return;
    }
    write_text(s, "(");
    for (int i = 0; i < axis->n; i++)
        write_text(s, "%s%s", i ? ", " : "", axis->values[i].text);
    write_text(s, ");");
}

static void write_axes(struct random_sweep *s, const char *name, const struct axis *axes, int n)
{
    if (n == 0 && random_below(2))
        return;
    write_text(s, "%s = { ", name);
    for (int i = 0; i < n; i++)
        write_axis(s, &axes[i], true);
    write_text(s, " }; ");
}

static void write_sweep(struct random_sweep *s)
{
    static const char *const stores[] = {"weights", "initial_weights", "test_set", "train_set"};
    write_text(s, "seed = %" PRId64 "; replicates = %" PRId64 ";\nstore = [", s->seed, s->replicates);
    for (int i = 0, n = 0; i < 4; i++)
        if (s->store >> i & 1)
            write_text(s, "%s\"%s\"", n++ ? ", " : "", stores[i]);
    write_text(s, "];\n");
    for (int group = 0; group < 2; group++) { /* only the names count */
        write_text(s, "%s = { ", group ? "train" : "model");
        for (int i = 0; i < s->whole.n_fixed; i++)
            if (i % 2 == group)
                write_axis(s, &s->whole.fixed[i], false);
        write_text(s, " };\n");
    }
    write_axes(s, "grid", s->whole.grid, s->whole.n_grid);
    write_axes(s, "zip", s->whole.zip, s->whole.n_zip);
    if (s->n_cases == 0)
        return;
    write_text(s, "\ncases = (");
    for (int i = 0; i < s->n_cases; i++) {
        write_text(s, "%s{ ", i ? ",\n" : "");
        for (int k = 0; k < s->cases[i].n_fixed; k++)
            write_axis(s, &s->cases[i].fixed[k], false);
        write_axes(s, "zip", s->cases[i].zip, s->cases[i].n_zip);
        write_axes(s, "grid", s->cases[i].grid, s->cases[i].n_grid);
        write_text(s, "}");
    }
    write_text(s, ");\n");
}

/* ---- the naive expansion ---- */

static void set(struct hyperparameters *h, const struct axis *axis, int i)
{
    const struct hyperparameter *row = &hyperparameter_table[axis->row];
    char *field = (char *)h + row->offset;
    const struct value *v = &axis->values[i];
    struct error error;
    if (row->type == HYPERPARAMETER_REAL)
        memcpy(field, &v->real, sizeof v->real);
    else if (row->type == HYPERPARAMETER_TASKS)
        assert_int_equal(hyperparameters_set_list(h, v->word, &error), ERROR_NONE);
    else if (strcmp(row->name, "second_task") == 0)
        assert_int_equal(hyperparameter_set_string(h, row, v->word, &error), ERROR_NONE);
    else if (row->type == HYPERPARAMETER_TEXT)
        memcpy(field, v->word, sizeof v->word);
    else
        memcpy(field, &v->integer, sizeof v->integer);
}

static int n_zip_points(const struct part *part)
{
    return part->n_zip ? part->zip[0].n : 1;
}

static int n_grid_points(const struct part *part)
{
    int n = 1;
    for (int i = 0; i < part->n_grid; i++)
        n *= part->grid[i].n;
    return n;
}

/* The values of one point of a part: the grid's last key varies fastest. */
static void set_point(struct hyperparameters *h, const struct part *part, int zip, int grid)
{
    for (int i = 0; i < part->n_zip; i++)
        set(h, &part->zip[i], zip);
    for (int i = part->n_grid - 1; i >= 0; i--) {
        set(h, &part->grid[i], grid % part->grid[i].n);
        grid /= part->grid[i].n;
    }
}

/* Fills configs; false if there are too many. */
static bool expand(struct random_sweep *s)
{
    static const struct part nothing;
    s->n_configs = 0;
    for (int c = 0; c < (s->n_cases ? s->n_cases : 1); c++) {
        const struct part *own = s->n_cases ? &s->cases[c] : &nothing, *whole = &s->whole;
        for (int own_zip = 0; own_zip < n_zip_points(own); own_zip++)
            for (int own_grid = 0; own_grid < n_grid_points(own); own_grid++)
                for (int zip = 0; zip < n_zip_points(whole); zip++)
                    for (int grid = 0; grid < n_grid_points(whole); grid++) {
                        if (s->n_configs == CONFIGS_LIMIT)
                            return false;
                        struct hyperparameters *h = &s->configs[s->n_configs++];
                        hyperparameters_default(h);
                        for (int i = 0; i < whole->n_fixed; i++)
                            set(h, &whole->fixed[i], 0);
                        for (int i = 0; i < own->n_fixed; i++)
                            set(h, &own->fixed[i], 0);
                        set_point(h, own, own_zip, own_grid);
                        set_point(h, whole, zip, grid);
                        hyperparameters_resolve(h);
                    }
    }
    return true;
}

static void mark_swept(struct random_sweep *s, const struct axis *axes, int n)
{
    for (int i = 0; i < n; i++)
        s->swept[axes[i].row] = true;
}

/* Cases fix what model and train may fix too, and all of them error_threshold, each another one, so that no two
 * configurations are the same. Small sizes are fixed first, or records would be large. */
static bool random_sweep(struct random_sweep *s)
{
    bool free_rows[ROWS_MAX] = {false};
    memset(s, 0, sizeof *s);
    assert_true(n_hyperparameters <= ROWS_MAX);
    s->seed = random_between(0, SEED_MAX - 100);
    s->replicates = random_between(1, 4);
    s->store = (unsigned)random_below(16);
    s->n_cases = (int)random_below(CASES_MAX + 1);
    const int threshold = (int)(hyperparameter_find("error_threshold") - hyperparameter_table);
    for (int row = 0; row < n_hyperparameters; row++)
        free_rows[row] = row != threshold;
    /* Two keys for one thing. */
    free_rows[hyperparameter_find(random_below(2) ? "tasks" : "second_task") - hyperparameter_table] = false;
    random_axes(&s->whole, free_rows);
    for (int row = 0; row < n_hyperparameters; row++)
        if (free_rows[row])
            s->whole.fixed[s->whole.n_fixed++] = random_axis(row, 1, false);
    mark_swept(s, s->whole.zip, s->whole.n_zip);
    mark_swept(s, s->whole.grid, s->whole.n_grid);
    for (int c = 0; c < s->n_cases; c++) {
        struct part *part = &s->cases[c];
        bool left[ROWS_MAX];
        memcpy(left, free_rows, sizeof left);
        random_axes(part, left);
        part->fixed[part->n_fixed] = random_axis(threshold, 3, false);
        part->fixed[part->n_fixed].values[0] = part->fixed[part->n_fixed].values[c];
        part->n_fixed++;
        for (int row = 0; row < n_hyperparameters; row++)
            if (left[row] && random_below(4) == 0)
                part->fixed[part->n_fixed++] = random_axis(row, 1, false);
        mark_swept(s, part->fixed, part->n_fixed);
        mark_swept(s, part->zip, part->n_zip);
        mark_swept(s, part->grid, part->n_grid);
    }
    write_sweep(s);
    return expand(s);
}

/* ---- read, kept and read back ---- */

static void compare_configs(const struct random_sweep *s, const struct hyperparameters *configs, size_t n)
{
    assert_int_equal(n, s->n_configs);
    for (size_t c = 0; c < n; c++)
        for (int row = 0; row < n_hyperparameters; row++)
            if (!hyperparameter_equal(&configs[c], &s->configs[c], &hyperparameter_table[row])) {
                char got[HYPERPARAMETER_FORMAT_MAX], want[HYPERPARAMETER_FORMAT_MAX];
                hyperparameter_format(&configs[c], &hyperparameter_table[row], got);
                hyperparameter_format(&s->configs[c], &hyperparameter_table[row], want);
                fail_msg("%s\nconfiguration %zu: %s = %s, should be %s", s->text, c, hyperparameter_table[row].name,
                         got, want);
            }
}

/* Half of the slots are put, which ones depends on the sweep's seed. */
static bool is_put(const struct random_sweep *s, uint64_t config, uint64_t replicate)
{
    return scramble((uint64_t)s->seed + 1000 * config + replicate) % 2;
}

static void expected_record(const struct random_sweep *s, const struct record_layout *layout, uint64_t config,
                            uint64_t replicate, void *record)
{
    int64_t seed = s->seed + (int64_t)replicate;
    expect_record(layout, config, replicate, record);
    memcpy(record_field(layout, record, FIELD_SEED), &seed, sizeof seed);
}

static void write_file(const char *path, const struct random_sweep *s, const struct sweep *sweep,
                       const struct record_layout *layout)
{
    struct error error;
    struct results *results;
    const struct results_attribute none = {.name = NULL};
    const struct results_description d = {.name = sweep->name,
                                          .sweep_text = sweep->text,
                                          .seed = sweep->seed,
                                          .replicates = sweep->replicates,
                                          .configs = sweep->configs,
                                          .n_configs = sweep->n_configs,
                                          .swept = sweep->swept,
                                          .layout = layout,
                                          .provenance = &none};
    char *record = malloc(layout->n_bytes);
    assert_non_null(record);
    if (results_create(&results, path, &d, &error))
        fail_msg("%s\n%s", s->text, error.message);
    for (uint64_t c = 0; c < sweep->n_configs; c++)
        for (uint64_t r = 0; r < (uint64_t)sweep->replicates; r++) {
            if (!is_put(s, c, r))
                continue;
            int64_t seed = s->seed + (int64_t)r;
            fill_record(layout, c, r, record);
            memcpy(record_field(layout, record, FIELD_SEED), &seed, sizeof seed);
            assert_int_equal(results_put(results, c, r, record, &error), ERROR_NONE);
        }
    assert_int_equal(results_close(results, &error), ERROR_NONE);
    free(record);
}

static void read_file(const char *path, const struct random_sweep *s, const struct record_layout *layout)
{
    struct error error;
    struct results_slots *slots;
    struct sweep again;
    if (results_slots_open(&slots, path, RESULTS_READING, &error))
        fail_msg("%s\n%s", s->text, error.message);
    const struct results_description *d = results_slots_description(slots);
    compare_configs(s, d->configs, d->n_configs);
    assert_true(d->seed == s->seed && d->replicates == s->replicates);
    assert_memory_equal(d->layout, layout, sizeof *layout);
    for (int row = 0; row < n_hyperparameters; row++)
        assert_int_equal(d->swept[row], s->swept[row]);
    /* The text that the file keeps is the same sweep again. */
    assert_int_equal(sweep_read_text(&again, d->sweep_text, path, &error), ERROR_NONE);
    compare_configs(s, again.configs, again.n_configs);
    assert_true(again.seed == s->seed && again.replicates == s->replicates && again.store == s->store);
    sweep_free(&again);

    char *record = malloc(layout->n_bytes), *expected = malloc(layout->n_bytes);
    assert_true(record && expected);
    for (uint64_t c = 0; c < d->n_configs; c++)
        for (uint64_t r = 0; r < (uint64_t)d->replicates; r++) {
            assert_int_equal(results_slots_read(slots, c, r, 1, 1, layout, record, &error), ERROR_NONE);
            if (is_put(s, c, r)) {
                expected_record(s, layout, c, r, expected);
                assert_memory_equal(record, expected, layout->n_bytes);
            } else {
                assert_int_equal(*(uint8_t *)record_field(layout, record, FIELD_STATUS), STATUS_PENDING);
            }
        }
    free(record);
    free(expected);
    results_slots_close(slots);
}

static void test_random_sweeps(void **state)
{
    (void)state;
    static struct random_sweep s;
    char path[] = "/tmp/picky-random-sweep-XXXXXX";
    const clock_t end = clock() + CLOCKS_PER_SEC;
    int n = 0, n_kept = 0, n_configs = 0;
    assert_non_null(mkdtemp(path));
    for (; n < 20 || (n < 3000 && clock() < end); n++) {
        struct sweep sweep;
        struct error error;
        struct record_layout layout;
        while (!random_sweep(&s))
            ;
        if (sweep_read_text(&sweep, s.text, "random.cfg", &error))
            fail_msg("%s\n%s", s.text, error.message);
        compare_configs(&s, sweep.configs, sweep.n_configs);
        assert_true(sweep.seed == s.seed && sweep.replicates == s.replicates && sweep.store == s.store);
        for (int row = 0; row < n_hyperparameters; row++)
            assert_int_equal(sweep.swept[row], s.swept[row]);
        n_configs += s.n_configs;
        if (n % 8 == 0) { /* files take longer */
            char file[80];
            snprintf(file, sizeof file, "%s/%d.h5", path, n);
            assert_int_equal(record_layout_make(&layout, sweep.configs, sweep.n_configs, sweep.store, &error),
                             ERROR_NONE);
            write_file(file, &s, &sweep, &layout);
            read_file(file, &s, &layout);
            assert_int_equal(remove(file), 0);
            n_kept++;
        }
        sweep_free(&sweep);
    }
    assert_int_equal(rmdir(path), 0);
    print_message("%d sweeps of %d configurations, %d of them kept in files\n", n, n_configs, n_kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_sweeps)};
    random_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
