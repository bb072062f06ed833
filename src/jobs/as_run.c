#include "as_run.h"

#include "scanner.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 16  /* a sweep needs 6 */
#define VALUE_MAX   512 /* bytes of a text's value: more than any that is allowed has */

/* What a bracket of the text encloses. */
enum group { GROUP_TOP, GROUP_FIXED, GROUP_VARIED, GROUP_CASES, GROUP_CASE, GROUP_OTHER };

/* Where the text gives a key, or would. Pointers into the text; NULL: not there. */
struct place {
    bool is_varied;    /* in grid, zip or a case */
    const char *value; /* behind the = of the key: at top level, or in model or train */
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
            if (is_it && group == (is_top ? GROUP_TOP : GROUP_FIXED))
                place->value = scanner.at;
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
static bool append_string(char value[VALUE_MAX], const struct token *token)
{
    size_t used = strlen(value);
    const char *end = token->start + token->length - 1;
    for (const char *c = token->start + 1; c < end; c++) {
        if (used + 1 == VALUE_MAX)
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
        if (!append_string(value->text, &token))
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

/* The text with another value behind `at`: in place of the first of several strings there, the others go. */
static void print_replaced(FILE *out, const char *text, const char *at, const struct setting *setting)
{
    struct scanner scanner = {at, 1};
    struct token token;
    struct error ignored;
    scanner_next(&scanner, &token, &ignored); /* it has been scanned before */
    fwrite(text, 1, (size_t)(token.start - text), out);
    print_value(out, setting);
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
        print_replaced(out, *text, place->value, setting);
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

static enum error_code write_hyperparameter(char **text, const struct as_run *sweep, const struct hyperparameter *row,
                                            struct error *error)
{
    struct hyperparameters defaults;
    const struct hyperparameters *h = sweep->configs;
    struct place place;
    if (find_place(*text, row->name, false, &place, error) || place.is_varied)
        return error->code;
    for (size_t i = 1; i < sweep->n_configs; i++)
        if (!hyperparameter_equal(h, &h[i], row))
            return error_set(error, ERROR_INPUT, "%s differs between the configurations, but the text does not vary it",
                             row->name);
    hyperparameters_default(&defaults);
    if (place.value ? has_value(place.value, h, row) : hyperparameter_equal(h, &defaults, row))
        return ERROR_NONE;
    char value[HYPERPARAMETER_TEXT_MAX];
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
