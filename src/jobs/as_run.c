#include "as_run.h"

#include "scanner.h"
#include "task_registry.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 16  /* a sweep needs 6 */
#define VALUE_MAX   512 /* bytes of a text's value: more than any that is allowed has, but for tasks */

/* What a bracket of the text encloses. */
enum group { GROUP_TOP, GROUP_FIXED, GROUP_VARIED, GROUP_CASES, GROUP_CASE, GROUP_OTHER };

/* Where the text gives a key, or would. Pointers into the text; NULL: not there. */
struct place {
    bool is_varied;    /* in grid, zip or a case */
    const char *key;   /* where the key begins, at top level, or in model or train */
    const char *value; /* behind its = */
    const char *model; /* behind the { of the group model */
    const char *first; /* the first key of all */
};

static enum error_code out_of_memory(struct error *error)
{
    return error_set(error, ERROR_FATAL, "out of memory");
}

static bool is_word(const struct token *token, const char *word)
{
    return (size_t)token->length == strlen(word) && memcmp(token->start, word, strlen(word)) == 0;
}

/* What the bracket encloses that follows the key in `outer`. */
static enum group inner_group(enum group outer, char bracket, const struct token *key)
{
    bool is_varying = is_word(key, "grid") || is_word(key, "zip");
    if (outer == GROUP_TOP && bracket == '(' && is_word(key, "cases"))
        return GROUP_CASES;
    if (outer == GROUP_CASES && bracket == '{')
        return GROUP_CASE;
    if ((outer == GROUP_TOP || outer == GROUP_CASE) && bracket == '{' && is_varying)
        return GROUP_VARIED;
    if (outer == GROUP_TOP && bracket == '{' && (is_word(key, "model") || is_word(key, "train")))
        return GROUP_FIXED;
    return GROUP_OTHER;
}

/* Finds the place of a hyperparameter, or of a key of the top level. */
static enum error_code find_place(const char *text, const char *wanted, bool is_top, struct place *place,
                                  struct error *error)
{
    struct scanner scanner = {text, 1}; /* a byte order mark, which some editors write, is a sign like others */
    struct token token = {.kind = TOKEN_END}, before, key = {.start = ""};
    enum group open[NESTING_MAX] = {GROUP_TOP};
    int depth = 0;
    memset(place, 0, sizeof *place);
    do {
        before = token;
        if (scanner_next(&scanner, &token, error))
            return error_prefix(error, "line %d", token.line);
        char sign = token_sign(&token);
        enum group group = open[depth];
        if (before.kind == TOKEN_NAME && (sign == '=' || sign == ':')) {
            key = before;
            if (!place->first)
                place->first = key.start;
            bool is_it = is_word(&key, wanted);
            if (is_it && group == (is_top ? GROUP_TOP : GROUP_FIXED)) {
                place->key = key.start;
                place->value = scanner.at;
            }
            place->is_varied |= is_it && !is_top && (group == GROUP_VARIED || group == GROUP_CASE);
        } else if (sign == '{' || sign == '[' || sign == '(') {
            if (++depth == NESTING_MAX)
                return error_set(error, ERROR_INPUT, "line %d: nested too deep", token.line);
            open[depth] = inner_group(group, sign, &key);
            if (open[depth] == GROUP_FIXED && is_word(&key, "model"))
                place->model = scanner.at;
        } else if ((sign == '}' || sign == ']' || sign == ')') && --depth < 0) {
            return error_set(error, ERROR_INPUT, "line %d: %c closes nothing", token.line, sign);
        }
    } while (token.kind != TOKEN_END);
    return place->first && depth == 0 ? ERROR_NONE : error_set(error, ERROR_INPUT, "not the text of a sweep file");
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *found = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    return c && found ? (int)(found - digits) : -1;
}

/* Adds what a string in quotes stands for to `value`, by libconfig's rules; false if there is no room for it. Escapes
 * that stand for control characters, which no value may hold, stay as they are. */
static bool append_string(char *value, size_t capacity, const struct token *token)
{
    size_t used = strlen(value);
    const char *end = token->start + token->length - 1;
    for (const char *c = token->start + 1; c < end; c++) {
        if (used + 1 == capacity)
            return false;
        char byte = *c;
        if (*c == '\\' && (c[1] == '\\' || c[1] == '"')) {
            byte = *++c;
        } else if (*c == '\\' && (c[1] == 'x' || c[1] == 'X') && hex_digit(c[2]) >= 0 && hex_digit(c[3]) >= 0) {
            byte = (char)(16 * hex_digit(c[2]) + hex_digit(c[3]));
            c += 3;
        }
        value[used++] = byte;
        value[used] = '\0';
    }
    return true;
}

/* A value of the text: an integer or a real, or else a string. */
struct value {
    enum token_kind kind;
    int64_t integer;
    double real;
    char text[VALUE_MAX];
};

static bool read_value(const char *at, struct value *value)
{
    struct scanner scanner = {at, 1};
    struct token token;
    struct error ignored;
    *value = (struct value){.kind = TOKEN_END};
    if (scanner_next(&scanner, &token, &ignored))
        return false;
    value->kind = token.kind;
    if (token.kind == TOKEN_INTEGER)
        value->integer = strtoll(token.start, NULL, token.length > 1 && strchr("xX", token.start[1]) ? 16 : 10);
    if (token.kind == TOKEN_REAL)
        value->real = strtod(token.start, NULL);
    for (; token.kind == TOKEN_STRING; scanner_next(&scanner, &token, &ignored))
        if (!append_string(value->text, sizeof value->text, &token))
            return false;
    return value->kind != TOKEN_END;
}

/* Whether the text has the hyperparameter's value behind `at`. */
static bool has_value(const char *at, const struct hyperparameters *h, const struct hyperparameter *row)
{
    struct hyperparameters found = *h;
    struct error ignored;
    struct value value;
    if (!read_value(at, &value))
        return false;
    enum error_code code = ERROR_INPUT;
    if (value.kind == TOKEN_INTEGER)
        code = hyperparameter_set_integer(&found, row, value.integer, &ignored);
    else if (value.kind == TOKEN_REAL)
        code = hyperparameter_set_real(&found, row, value.real, &ignored);
    else if (value.kind == TOKEN_STRING)
        code = hyperparameter_set_string(&found, row, value.text, &ignored);
    return !code && hyperparameter_equal(&found, h, row);
}

/* Reads the texts of a list of tasks, one or several in brackets, behind `at`: texts [n], cut from *memory, which the
 * caller frees. False if there is something else, or memory is short. */
static bool read_formulas(const char *at, char **memory, char *texts[TASKS_MAX + 1], size_t *n)
{
    struct scanner scanner = {at, 1};
    struct token token;
    struct error ignored;
    size_t capacity = strlen(at) + 1, used = 0; /* what strings stand for is no longer than they are */
    *n = 0;
    *memory = calloc(capacity, 1);
    if (!*memory || scanner_next(&scanner, &token, &ignored))
        return false;
    bool is_list = token_sign(&token) == '[' || token_sign(&token) == '(', goes_on = true;
    if (is_list && scanner_next(&scanner, &token, &ignored))
        return false;
    while (goes_on && token.kind == TOKEN_STRING && *n <= TASKS_MAX) {
        texts[*n] = *memory + used;
        for (; token.kind == TOKEN_STRING; scanner_next(&scanner, &token, &ignored))
            if (!append_string(texts[*n], capacity - used, &token))
                return false;
        used += strlen(texts[(*n)++]) + 1;
        goes_on = is_list && token_sign(&token) == ',' && !scanner_next(&scanner, &token, &ignored);
    }
    return *n > 0;
}

/* Whether the text has the list of tasks behind `at`. */
static bool has_tasks(const char *at, const struct hyperparameters *h)
{
    struct hyperparameters found = *h;
    struct error ignored;
    char *memory, *texts[TASKS_MAX + 1];
    size_t n;
    bool is_it = read_formulas(at, &memory, texts, &n);
    if (is_it && n == 1) /* it may hold several formulas */
        is_it = !hyperparameter_set_string(&found, hyperparameter_find("tasks"), texts[0], &ignored);
    else if (is_it)
        is_it = !hyperparameters_set_formulas(&found, (const char *const *)texts, n, &ignored);
    free(memory);
    return is_it && found.tasks == h->tasks;
}

/* A setting that the text is to have. */
struct setting {
    const char *key, *value;
    bool is_top;    /* at top level, not a hyperparameter's */
    bool is_string; /* in quotes */
};

static void print_value(FILE *out, const struct setting *setting)
{
    if (!setting->is_string) {
        fputs(setting->value, out);
        return;
    }
    fputc('"', out);
    for (const char *c = setting->value; *c; c++) {
        if (*c == '\\' || *c == '"')
            fputc('\\', out);
        fputc(*c, out);
    }
    fputc('"', out);
}

/* The text with another value at the place, and its key: in place of the first of several strings there, the others
 * go; or in place of a list. */
static void print_replaced(FILE *out, const char *text, const struct place *place, const struct setting *setting)
{
    struct scanner scanner = {place->value, 1};
    struct token token;
    struct error ignored;
    const char *key_end = place->key + strcspn(place->key, " \t\r\n=:#/");
    int depth = 0;
    scanner_next(&scanner, &token, &ignored); /* it has been scanned before */
    fwrite(text, 1, (size_t)(place->key - text), out);
    fputs(setting->key, out);
    fwrite(key_end, 1, (size_t)(token.start - key_end), out);
    print_value(out, setting);
    do {
        char sign = token_sign(&token);
        depth += sign == '[' || sign == '(' ? 1 : sign == ']' || sign == ')' ? -1 : 0;
    } while (depth > 0 && !scanner_next(&scanner, &token, &ignored));
    const char *rest = token.start + token.length;
    bool is_string = token.kind == TOKEN_STRING;
    while (is_string && !scanner_next(&scanner, &token, &ignored) && token.kind == TOKEN_STRING) {
        fwrite(rest, 1, (size_t)(token.start - rest), out);
        rest = token.start + token.length;
    }
    fputs(rest, out);
}

/* The text with a setting more. */
static void print_added(FILE *out, const char *text, const struct place *place, const struct setting *setting)
{
    const char *line = strchr(text, '\n'), *line_end = line && line > text && line[-1] == '\r' ? "\r\n" : "\n";
    const char *before = "", *behind = line_end, *at = place->first;
    if (!setting->is_top && place->model) {
        at = place->model;
        before = " ";
        behind = "";
    } else if (!setting->is_top) {
        before = "model = { ";
    }
    fwrite(text, 1, (size_t)(at - text), out);
    fprintf(out, "%s%s = ", before, setting->key);
    print_value(out, setting);
    fprintf(out, ";%s%s%s", setting->is_top || place->model ? "" : " };", behind, at);
}

static enum error_code write_setting(char **text, const struct place *place, const struct setting *setting,
                                     struct error *error)
{
    char *changed = NULL;
    size_t size;
    FILE *out = open_memstream(&changed, &size);
    if (!out)
        return out_of_memory(error);
    if (place->value)
        print_replaced(out, *text, place, setting);
    else
        print_added(out, *text, place, setting);
    bool is_bad = ferror(out) != 0;
    if (fclose(out) != 0 || is_bad) {
        free(changed);
        return out_of_memory(error);
    }
    free(*text);
    *text = changed;
    return ERROR_NONE;
}

static bool has_names(const struct task_list *list)
{
    for (int task = 0; task < list->n_tasks; task++)
        if (*list->names[task])
            return true;
    return false;
}

/* The tasks, by whichever of their two keys the text has. */
static enum error_code write_tasks(char **text, const struct as_run *sweep, struct error *error)
{
    const struct hyperparameters *h = sweep->configs;
    const struct hyperparameter *row = hyperparameter_find("tasks"), *short_row = hyperparameter_find("second_task");
    struct place place, short_place;
    if (find_place(*text, row->name, false, &place, error) ||
        find_place(*text, short_row->name, false, &short_place, error) || place.is_varied || short_place.is_varied)
        return error->code;
    for (size_t i = 1; i < sweep->n_configs; i++)
        if (!hyperparameter_equal(h, &h[i], row) || !hyperparameter_equal(h, &h[i], short_row))
            return error_set(error, ERROR_INPUT,
                             "second_task differs between the configurations, but the text does not vary it");
    const struct registered_tasks *tasks = task_registry_get(h->tasks);
    /* A spelling of its own ("add1.50") is kept by second_task alone. */
    bool is_own = strcmp(h->second_task, tasks->second_task) != 0;
    bool is_short = is_own || (*h->second_task && !has_names(&tasks->list));
    bool is_default = hyperparameter_is_default(h, row) && hyperparameter_is_default(h, short_row);
    if (place.value         ? !is_own && has_tasks(place.value, h)
        : short_place.value ? has_value(short_place.value, h, short_row)
                            : is_short && is_default)
        return ERROR_NONE;
    char named[TASK_LIST_NAMED_MAX];
    task_registry_named_text(h->tasks, named);
    is_short = is_own || (is_short && !place.value);
    const struct setting setting = {
        .key = is_short ? short_row->name : row->name, .value = is_short ? h->second_task : named, .is_string = true};
    return write_setting(text, place.value ? &place : &short_place, &setting, error);
}

/* Fraction, if it is "equal" in all configurations, whatever numbers that comes to. */
static enum error_code write_equal_fraction(char **text, const struct place *place, const struct as_run *sweep,
                                            const struct hyperparameter *row, struct error *error)
{
    struct value given;
    bool is_there = !place->value || (read_value(place->value, &given) && strcmp(given.text, "equal") == 0);
    if (is_there)
        return ERROR_NONE;
    is_there = true;
    for (size_t i = 0; i < sweep->n_configs && is_there; i++)
        is_there = has_value(place->value, &sweep->configs[i], row);
    const struct setting setting = {.key = row->name, .value = "equal", .is_string = true};
    return is_there ? ERROR_NONE : write_setting(text, place, &setting, error);
}

static enum error_code write_hyperparameter(char **text, const struct as_run *sweep, const struct hyperparameter *row,
                                            struct error *error)
{
    const struct hyperparameters *h = sweep->configs;
    struct place place;
    if (row->type == HYPERPARAMETER_TASKS)
        return write_tasks(text, sweep, error);
    if (strcmp(row->name, "second_task") == 0) /* with the tasks */
        return ERROR_NONE;
    if (find_place(*text, row->name, false, &place, error) || place.is_varied)
        return error->code;
    if (strcmp(row->name, "fraction") == 0) {
        size_t i = 0;
        while (i < sweep->n_configs && hyperparameter_is_default(&h[i], row))
            i++;
        if (i == sweep->n_configs)
            return write_equal_fraction(text, &place, sweep, row, error);
    }
    for (size_t i = 1; i < sweep->n_configs; i++)
        if (!hyperparameter_equal(h, &h[i], row))
            return error_set(error, ERROR_INPUT, "%s differs between the configurations, but the text does not vary it",
                             row->name);
    if (place.value ? has_value(place.value, h, row) : hyperparameter_is_default(h, row))
        return ERROR_NONE;
    char value[HYPERPARAMETER_FORMAT_MAX];
    hyperparameter_format(h, row, value);
    bool is_string = row->type == HYPERPARAMETER_CHOICE || row->type == HYPERPARAMETER_TEXT;
    const struct setting setting = {.key = row->name, .value = value, .is_string = is_string};
    return write_setting(text, &place, &setting, error);
}

static enum error_code write_integer(char **text, const char *key, int64_t integer, int64_t default_value,
                                     struct error *error)
{
    struct place place;
    struct value value;
    if (find_place(*text, key, true, &place, error))
        return error->code;
    bool is_same = integer == default_value;
    if (place.value)
        is_same = read_value(place.value, &value) && ((value.kind == TOKEN_INTEGER && value.integer == integer) ||
                                                      (value.kind == TOKEN_REAL && value.real == (double)integer));
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRId64, integer);
    const struct setting setting = {.key = key, .value = digits, .is_top = true};
    return is_same ? ERROR_NONE : write_setting(text, &place, &setting, error);
}

static enum error_code write_name(char **text, const char *name, struct error *error)
{
    struct place place;
    struct value value;
    if (find_place(*text, "name", true, &place, error))
        return error->code;
    bool is_same = *name == '\0';
    if (place.value)
        is_same = read_value(place.value, &value) && value.kind == TOKEN_STRING && strcmp(value.text, name) == 0;
    const struct setting setting = {.key = "name", .value = name, .is_top = true, .is_string = true};
    return is_same ? ERROR_NONE : write_setting(text, &place, &setting, error);
}

enum error_code as_run_text(char **text, const char *written, const struct as_run *sweep, struct error *error)
{
    error->code = ERROR_NONE;
    *text = strdup(written);
    if (!*text)
        return out_of_memory(error);
    /* Each is put in front: from the last to the first. */
    for (int i = n_hyperparameters - 1; i >= 0 && !error->code; i--)
        write_hyperparameter(text, sweep, &hyperparameter_table[i], error);
    if (error->code || write_integer(text, "seed", sweep->seed, SWEEP_SEED_DEFAULT, error) ||
        write_integer(text, "replicates", sweep->replicates, SWEEP_REPLICATES_DEFAULT, error) ||
        write_name(text, sweep->name, error)) {
        free(*text);
        *text = NULL;
    }
    return error->code;
}
