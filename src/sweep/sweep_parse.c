#include "numbers.h"
#include "record.h"
#include "scanner.h"
#include "sweep_internal.h"
#include "sweep_text.h"
#include "task_list.h"
#include "text.h"

#include <ctype.h>
#include <libconfig.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const top_keys[] = {"name",  "replicates", "seed", "store", "model",
                                       "train", "grid",       "zip",  "cases", NULL};
static const char *const case_keys[] = {"grid", "zip", NULL};

/* Where a setting stands in the file's text. */
struct setting_place {
    const char *key;    /* NULL: an element has none */
    struct token value; /* its first token */
    const char *end;    /* behind the value */
};

static const struct setting_place *setting_place(const config_setting_t *setting)
{
    return config_setting_get_hook(setting);
}

/* A place in the text, as errors have it. */
static int place_in_text(const struct sweep_reader *r, const char *at)
{
    return 1 + (int)(at - r->sweep->original);
}

/* The place of a setting's value; of its key, or of an element that has none. */
static int place_of(const struct sweep_reader *r, const config_setting_t *setting)
{
    return place_in_text(r, setting_place(setting)->value.start);
}

static int key_place(const struct sweep_reader *r, const config_setting_t *setting)
{
    const struct setting_place *place = setting_place(setting);
    return place_in_text(r, place->key ? place->key : place->value.start);
}

static int line_of(const struct sweep_reader *r, int place)
{
    return text_place(r->sweep->original, (size_t)place - 1).line;
}

/* The place of the byte `column` (from 1) of a text that may consist of several pieces. */
static int place_in_value(const struct sweep_reader *r, const config_setting_t *setting, int column)
{
    struct scanner scanner = {setting_place(setting)->value.start, 1};
    struct token token;
    struct error ignored;
    const char *last = scanner.at;
    for (int at = 0; !scanner_next(&scanner, &token, &ignored) && token.kind == TOKEN_STRING;) {
        const char *c = token.start + 1, *end = last = token.start + token.length - 1;
        for (; c < end; c++) {
            if (++at == column)
                return place_in_text(r, c);
            if (*c == '\\' && strchr("nrtf\\\"", c[1])) /* the others are as they stand, but for \xFF */
                c++;
            else if (*c == '\\' && c[1] == 'x' && end - c > 3)
                c += 3;
        }
    }
    return place_in_text(r, last);
}

/* The places of all values of a text, in the order in which they begin: *places [*n], to be freed by the caller. */
static enum error_code find_places(struct sweep_reader *r, const char *text, struct setting_place **places, size_t *n)
{
    enum { DEPTH_MAX = 16 }; /* that sweep_text_prepare takes */
    bool has_mark = strncmp(text, "\xef\xbb\xbf", 3) == 0;
    struct scanner scanner = {text + (has_mark ? 3 : 0), 1};
    struct token token = {.kind = TOKEN_END}, before;
    const char *key = NULL;
    size_t capacity = 64, open[DEPTH_MAX], depth = 0; /* open: the aggregates that are */
    *n = 0;
    *places = malloc(capacity * sizeof **places);
    do {
        before = token;
        if (*n == capacity) {
            struct setting_place *grown = realloc(*places, 2 * capacity * sizeof **places);
            if (!grown)
                return sweep_out_of_memory(r);
            capacity *= 2;
            *places = grown;
        }
        if (!*places)
            return sweep_out_of_memory(r);
        check(!scanner_next(&scanner, &token, r->error)); /* sweep_text_prepare has been over it */
        char sign = token_sign(&token);
        bool opens = sign && strchr("{[(", sign), closes = sign && strchr("}])", sign);
        if (token.kind == TOKEN_NAME)
            key = token.start;
        if (closes) {
            check(depth > 0); /* sweep_text_prepare takes no others */
            (*places)[open[--depth]].end = scanner.at;
        }
        if (before.kind == TOKEN_STRING && token.kind == TOKEN_STRING)
            (*places)[*n - 1].end = scanner.at; /* a text in pieces */
        else if (opens || (token.kind != TOKEN_END && token.kind != TOKEN_NAME && token.kind != TOKEN_SIGN)) {
            bool has_key = token_sign(&before) == '=' || token_sign(&before) == ':';
            (*places)[(*n)++] = (struct setting_place){has_key ? key : NULL, token, scanner.at};
        }
        if (opens) {
            check(depth < DEPTH_MAX);
            open[depth++] = *n - 1;
        }
    } while (token.kind != TOKEN_END);
    return ERROR_NONE;
}

/* Notes at every setting below the place of its value: `places` goes on to the next one. */
static void note_places(config_setting_t *setting, struct setting_place **places, const struct setting_place *end)
{
    if (!config_setting_is_aggregate(setting))
        return;
    for (int i = 0; i < config_setting_length(setting); i++) {
        config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);
        check(*places < end);
        config_setting_set_hook(member, (*places)++);
        note_places(member, places, end);
    }
}

static const char *key_of(const config_setting_t *setting)
{
    while (!config_setting_name(setting) && config_setting_parent(setting))
        setting = config_setting_parent(setting);
    const char *name = config_setting_name(setting);
    return name ? name : "";
}

/* The setting's value as the messages show it: as it is written, blanks joined, cut off. */
enum { SHOWN_MAX = 64 }; /* bytes of a value in a message */
static void format_value(const config_setting_t *setting, char text[SHOWN_MAX])
{
    const struct setting_place *place = setting_place(setting);
    int used = 0;
    for (const char *c = place->value.start; c < place->end; c++) {
        bool is_blank = strchr(" \t\r\n\f", *c);
        if (is_blank && used > 0 && text[used - 1] == ' ')
            continue;
        if (used + 5 > SHOWN_MAX) {
            while (used > 0 && ((unsigned char)text[used] & 0xc0) == 0x80) /* no half characters */
                used--;
            snprintf(text + used, 4, "...");
            return;
        }
        text[used++] = is_blank ? ' ' : *c;
        text[used] = '\0';
    }
}

/* Reports "KEY = VALUE: " and the rest, of a place. */
__attribute__((format(printf, 4, 0))) static enum error_code
fail_there(struct sweep_reader *r, const config_setting_t *setting, int place, const char *format, va_list args)
{
    char value[SHOWN_MAX], rest[ERROR_MESSAGE_MAX / 2];
    format_value(setting, value);
    vsnprintf(rest, sizeof rest, format, args);
    r->place = place;
    return error_set(r->error, ERROR_INPUT, "%.60s = %s: %s", key_of(setting), value, rest);
}

/* The setting's value is wrong. */
__attribute__((format(printf, 3, 4))) static enum error_code
fail(struct sweep_reader *r, const config_setting_t *setting, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum error_code code = fail_there(r, setting, place_of(r, setting), format, args);
    va_end(args);
    return code;
}

/* Its key is. */
__attribute__((format(printf, 3, 4))) static enum error_code
fail_key(struct sweep_reader *r, const config_setting_t *setting, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum error_code code = fail_there(r, setting, key_place(r, setting), format, args);
    va_end(args);
    return code;
}

/* An integer, or a real that is a whole number. */
static bool get_integer(const config_setting_t *setting, int64_t *value)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT: *value = config_setting_get_int(setting); return true;
    case CONFIG_TYPE_INT64: *value = config_setting_get_int64(setting); return true;
    case CONFIG_TYPE_FLOAT: return number_is_integer(config_setting_get_float(setting), value);
    default: *value = 0; return false;
    }
}

/* A list of tasks that is an array or a list of formulas. */
static enum error_code set_formulas(struct sweep_reader *r, struct hyperparameters *h, const config_setting_t *setting)
{
    const char *formulas[TASKS_MAX + 1]; /* one too many is refused as such */
    size_t n = (size_t)config_setting_length(setting);
    for (size_t i = 0; i < n && i <= TASKS_MAX; i++) {
        formulas[i] = config_setting_get_string_elem(setting, (int)i);
        if (!formulas[i])
            return fail(r, config_setting_get_elem(setting, (unsigned)i),
                        "task %zu is no text; allowed: formulas in quotes, as [\"x0 + x1\", \"x0 * x1\"]", i + 1);
    }
    return hyperparameters_set_formulas(h, formulas, n <= TASKS_MAX ? n : TASKS_MAX + 1, r->error);
}

/* The place of what is wrong with a list of tasks. */
static int tasks_fault_place(const struct sweep_reader *r, const config_setting_t *setting)
{
    struct task_list list = {0};
    struct error ignored;
    int column;
    const char *text = config_setting_get_string(setting);
    if (text && task_list_parse(text, strlen(text), &list, &column, &ignored))
        return place_in_value(r, setting, column);
    for (int i = 0; !text && i < config_setting_length(setting) && i <= TASKS_MAX; i++) {
        const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
        text = config_setting_get_string(element);
        if (!text || task_list_add(&list, text, strlen(text), &column, &ignored))
            return text ? place_in_value(r, element, column) : place_of(r, element);
        text = NULL;
    }
    return place_of(r, setting);
}

/* Where a piece of a text has an input, by its name; NULL: nowhere. */
static const char *find_input(const char *from, const char *end, const char *name)
{
    size_t length = strlen(name);
    for (const char *c = from; c + length <= end; c++) {
        bool is_whole = (c == from || (!isalnum((unsigned char)c[-1]) && c[-1] != '_')) &&
                        (c + length == end || !isdigit((unsigned char)c[length]));
        if (is_whole && strncmp(c, name, length) == 0)
            return c;
    }
    return NULL;
}

/* Where it begins; NULL: it has blanks and quotes only. */
static const char *find_start(const char *from, const char *end)
{
    while (from < end && strchr(" \t\r\n\"", *from))
        from++;
    return from < end ? from : NULL;
}

int sweep_task_place(const char *text, int place, int task, int input)
{
    struct scanner scanner = {text + place - 1, 1};
    struct token token;
    struct error ignored;
    char name[8];
    int at = 0; /* the task */
    bool is_array = false;
    snprintf(name, sizeof name, "x%d", input);
    while (!scanner_next(&scanner, &token, &ignored)) {
        char sign = token_sign(&token);
        is_array = is_array || sign == '[' || sign == '(';
        at += sign == ',';
        if (token.kind != TOKEN_STRING && !(is_array && sign && strchr("[(,", sign)))
            return place;
        for (const char *c = token.start, *end = c + token.length; token.kind == TOKEN_STRING; at++) {
            const char *semicolon = memchr(c, ';', (size_t)(end - c));
            const char *piece_end = semicolon ? semicolon : end;
            const char *found = at != task  ? NULL
                                : input < 0 ? find_start(c, piece_end)
                                            : find_input(c, piece_end, name);
            if (found)
                return 1 + (int)(found - text);
            if (!semicolon)
                break;
            c = semicolon + 1;
        }
    }
    return place;
}

int sweep_element_place(const struct sweep_reader *r, int place, size_t i)
{
    struct scanner scanner = {r->sweep->original + place - 1, 1};
    struct token token;
    struct error ignored;
    int depth = 0;
    while (!scanner_next(&scanner, &token, &ignored) && token.kind != TOKEN_END) {
        char sign = token_sign(&token);
        bool opens = sign && strchr("{[(", sign), closes = sign && strchr("}])", sign);
        if ((depth == 0 && sign != '[' && sign != '(') || (depth == 1 && closes))
            break;
        if (depth == 1 && i == 0 && sign != ',')
            return place_in_text(r, token.start);
        i -= depth == 1 && sign == ',';
        depth += opens - closes;
    }
    return place;
}

/* Notes where a list of tasks stands, the first time. */
static enum error_code note_list_place(struct sweep_reader *r, const struct hyperparameters *h, int place)
{
    struct sweep *sweep = r->sweep;
    size_t n = (size_t)h->tasks + 1;
    if (n > sweep->n_tasks_places) {
        int *grown = realloc(sweep->tasks_places, n * sizeof *grown);
        if (!grown)
            return sweep_out_of_memory(r);
        memset(grown + sweep->n_tasks_places, 0, (n - sweep->n_tasks_places) * sizeof *grown);
        sweep->tasks_places = grown;
        sweep->n_tasks_places = n;
    }
    if (!sweep->tasks_places[n - 1])
        sweep->tasks_places[n - 1] = place;
    return ERROR_NONE;
}

/* Says that a number is not allowed, as it is written. */
static enum error_code refuse_number(struct sweep_reader *r, const struct hyperparameter *row,
                                     const config_setting_t *setting)
{
    const struct token *written = &setting_place(setting)->value;
    struct hyperparameters ignored = r->base;
    char text[NUMBER_TEXT_MAX];
    bool is_numeric = row->type == HYPERPARAMETER_INTEGER || row->type == HYPERPARAMETER_REAL;
    snprintf(text, sizeof text, "%.*s", written->length, written->start);
    if (is_numeric && written->length < NUMBER_TEXT_MAX && hyperparameter_set_text(&ignored, row, text, r->error))
        return ERROR_INPUT;
    return fail(r, setting, "allowed: %s", row->allowed);
}

static enum error_code set_one(struct sweep_reader *r, struct hyperparameters *h, const struct hyperparameter *row,
                               const config_setting_t *setting)
{
    const struct token *written = &setting_place(setting)->value;
    if (row->type == HYPERPARAMETER_TASKS && (config_setting_is_array(setting) || config_setting_is_list(setting)))
        return set_formulas(r, h, setting);
    int64_t integer;
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        get_integer(setting, &integer);
        return hyperparameter_set_integer(h, row, integer, r->error) ? refuse_number(r, row, setting) : ERROR_NONE;
    case CONFIG_TYPE_FLOAT:
        if (config_setting_get_float(setting) == 0 &&
            number_is_written_as_nonzero(written->start, (size_t)written->length))
            return fail(r, setting, "too near to 0 and would become it; allowed: %s", row->allowed);
        return hyperparameter_set_real(h, row, config_setting_get_float(setting), r->error)
                   ? refuse_number(r, row, setting)
                   : ERROR_NONE;
    case CONFIG_TYPE_STRING: return hyperparameter_set_string(h, row, config_setting_get_string(setting), r->error);
    case CONFIG_TYPE_BOOL: return fail(r, setting, "allowed: %s", row->allowed);
    default: return fail(r, setting, "not one value (lists stand in grid or zip); allowed: %s", row->allowed);
    }
}

static enum error_code set_value(struct sweep_reader *r, struct hyperparameters *h, const struct hyperparameter *row,
                                 const config_setting_t *setting)
{
    r->place = place_of(r, setting);
    enum error_code code = set_one(r, h, row, setting);
    bool may_be_list = config_setting_is_array(setting) || config_setting_is_list(setting) ||
                       config_setting_type(setting) == CONFIG_TYPE_STRING;
    if (code == ERROR_INPUT && row->type == HYPERPARAMETER_TASKS && may_be_list)
        r->place = tasks_fault_place(r, setting);
    if (!code && (row->type == HYPERPARAMETER_TASKS || sweep_partner(row)))
        code = note_list_place(r, h, r->place);
    return code;
}

static enum error_code find_row(struct sweep_reader *r, const config_setting_t *setting, const char *const *other_keys,
                                const struct hyperparameter **row)
{
    const char *key = config_setting_name(setting);
    *row = hyperparameter_find(key);
    if (*row)
        return ERROR_NONE;
    if (sweep_is_one_of(key, top_keys))
        return fail_key(r, setting, "not a hyperparameter; allowed: at the top level of the file");
    fail_key(r, setting, "%s", "");
    return sweep_fail_unknown(r, key, other_keys, true);
}

/* Notes that the file gives the row here; `lines` and `other_places` know where else it does. */
static enum error_code claim(struct sweep_reader *r, const config_setting_t *setting, const struct hyperparameter *row,
                             int *places, const int *other_places)
{
    ptrdiff_t i = row - hyperparameter_table;
    int place = places[i] ? places[i] : other_places[i];
    if (place)
        return fail_key(r, setting, "given on line %d too; allowed: one place, fixed or varied", line_of(r, place));
    const struct hyperparameter *partner = sweep_partner(row);
    if (partner) { /* what varies replaces what is fixed */
        ptrdiff_t k = partner - hyperparameter_table;
        place = places[k] ? places[k] : other_places == r->varied_places ? other_places[k] : 0;
        if (place)
            return fail_key(r, setting, "%s is given on line %d; allowed: one of the two", partner->name,
                            line_of(r, place));
    }
    places[i] = place_of(r, setting);
    r->sweep->given[i] = true;
    return ERROR_NONE;
}

struct range {
    double from, to;
    int64_t steps;
    bool is_log;
    const config_setting_t *first, *last, *count; /* where from, to and steps are written */
};

/* Value i of a range. */
static double range_value(const struct range *range, int64_t i)
{
    double last = (double)(range->steps - 1), at = (double)i;
    if (i == 0 || i == range->steps - 1)
        return i == 0 ? range->from : range->to;
    if (range->is_log) {
        /* The last bits of pow differ between machines and libraries: 12 digits do not. */
        char text[32];
        snprintf(text, sizeof text, "%.12g", range->from * pow(range->to / range->from, at / last));
        return strtod(text, NULL);
    }
    /* With both ends decimals of few digits, the value is a quotient of two integers below 2^53. Those are exact,
     * so that the division gives the double nearest to the true value, as a decimal in the file would. */
    double scale = 1;
    for (int digits = 0; digits <= 15; digits++, scale *= 10) {
        double from = round(range->from * scale), to = round(range->to * scale);
        if (from / scale != range->from || to / scale != range->to)
            continue;
        if (fmax(fabs(from), fabs(to)) * last < EXACT_BELOW && scale * last < EXACT_BELOW)
            return (from * (last - at) + to * at) / (scale * last);
        break;
    }
    return range->from + (range->to - range->from) * (at / last);
}

static const char *const range_keys[] = {"from", "to", "steps", "scale", NULL};
static const char range_allowed[] = "range = { from; to; steps; scale = \"linear\" or \"log\"; }";

/* Finds the range that stands alone in an axis's group. */
static enum error_code find_range(struct sweep_reader *r, const config_setting_t *setting,
                                  const config_setting_t **group)
{
    *group = config_setting_get_member(setting, "range");
    for (int i = 0; i < config_setting_length(setting); i++) {
        const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);
        if (member == *group)
            continue;
        if (sweep_is_one_of(config_setting_name(member), range_keys))
            return fail_key(r, member, "belongs into range; allowed: a list or %s", range_allowed);
        const char *nearest = *group ? NULL : text_nearer(config_setting_name(member), NULL, "range");
        return fail_key(r, member, "unknown key; %sallowed: a list or %s", text_hint_first(nearest).words,
                        range_allowed);
    }
    if (*group && config_setting_is_group(*group))
        return ERROR_NONE;
    return fail(r, *group ? *group : setting, "allowed: a list or %s", range_allowed);
}

/* Reads one key of a range. */
static enum error_code read_range_key(struct sweep_reader *r, const config_setting_t *member, struct range *range)
{
    const char *key = config_setting_name(member), *nearest = NULL;
    int64_t integer;
    if (strcmp(key, "from") == 0 || strcmp(key, "to") == 0) {
        bool is_first = *key == 'f';
        if (!config_setting_is_number(member))
            return fail(r, member, "allowed: a number");
        double value = get_integer(member, &integer) ? (double)integer : config_setting_get_float(member);
        *(is_first ? &range->from : &range->to) = value;
        *(is_first ? &range->first : &range->last) = member;
        return ERROR_NONE;
    }
    if (strcmp(key, "steps") == 0) {
        range->count = member;
        if (!get_integer(member, &range->steps) || range->steps < 2 || range->steps > SWEEP_CONFIGS_MAX)
            return fail(r, member, "allowed: an integer from 2 to %d", SWEEP_CONFIGS_MAX);
        return ERROR_NONE;
    }
    if (strcmp(key, "scale") == 0) {
        const char *scale = config_setting_get_string(member);
        range->is_log = scale && strcmp(scale, "log") == 0;
        if (!scale || (!range->is_log && strcmp(scale, "linear") != 0))
            return fail(r, member, "allowed: \"linear\" or \"log\"");
        return ERROR_NONE;
    }
    for (int k = 0; range_keys[k]; k++)
        nearest = text_nearer(key, nearest, range_keys[k]);
    return fail_key(r, member, "unknown key; %sallowed: %s", text_hint_first(nearest).words, range_allowed);
}

static enum error_code read_range(struct sweep_reader *r, const config_setting_t *setting, struct range *range)
{
    const config_setting_t *group;
    enum error_code code = find_range(r, setting, &group);
    for (int i = 0; !code && i < config_setting_length(group); i++)
        code = read_range_key(r, config_setting_get_elem(group, (unsigned)i), range);
    if (code)
        return code;
    const char *missing = !range->first ? "from" : !range->last ? "to" : !range->count ? "steps" : NULL;
    if (missing) {
        r->place = key_place(r, group);
        return error_set(r->error, ERROR_INPUT, "%.60s: range without %s; allowed: %s", key_of(setting), missing,
                         range_allowed);
    }
    if (range->is_log && !(range->from > 0 && range->to > 0))
        return fail(r, range->from > 0 ? range->last : range->first, "0 or less in a log range; allowed: above 0");
    if (range->from == range->to)
        return fail(r, range->last, "the range's from, too; allowed: each value once");
    return ERROR_NONE;
}

/* Whether both ends of a range are values of the row. */
static enum error_code check_ends(struct sweep_reader *r, const struct hyperparameter *row, const struct range *range)
{
    struct hyperparameters h = r->base;
    struct error ignored;
    bool is_first = hyperparameter_set_real(&h, row, range->from, &ignored) != ERROR_NONE;
    if (!is_first && !hyperparameter_set_real(&h, row, range->to, &ignored))
        return ERROR_NONE;
    return fail(r, is_first ? range->first : range->last, "an end of a range of %s; allowed: %s", row->name,
                row->allowed);
}

/* Counts an axis into a product of `n_points` points. */
static enum error_code multiply(struct sweep_reader *r, const config_setting_t *setting, size_t n, size_t *n_points)
{
    if (n > SWEEP_CONFIGS_MAX / *n_points)
        return fail(r, setting, "more than %d configurations; allowed: fewer values", SWEEP_CONFIGS_MAX);
    *n_points *= n;
    return ERROR_NONE;
}

/* Reads the n values of `axis`, whose row is known: of a range (NULL: none), of a list, or the one that `setting` is.
 */
static enum error_code read_values(struct sweep_reader *r, struct sweep_axis *axis, size_t n,
                                   const config_setting_t *setting, const struct range *range, bool is_list)
{
    struct hyperparameters h = r->base;
    axis->place = place_of(r, setting);
    axis->is_list = is_list;
    axis->n = n;
    axis->values = calloc(n, sizeof *axis->values);
    if (!axis->values)
        return sweep_out_of_memory(r);
    for (size_t i = 0; i < n; i++) {
        enum error_code code;
        if (range) {
            r->place = place_of(r, range->count);
            code = hyperparameter_set_real(&h, axis->row, range_value(range, (int64_t)i), r->error);
            if (code)
                error_append(r->error, " (value %zu of the range)", i + 1);
        } else {
            code = set_value(r, &h, axis->row, is_list ? config_setting_get_elem(setting, (unsigned)i) : setting);
        }
        if (code)
            return code;
        hyperparameter_get_bytes(&h, axis->row, axis->values[i]);
    }
    return ERROR_NONE;
}

/* Notes the first value of a grid's list that is there in another spelling, too. */
static enum error_code find_spellings(struct sweep_reader *r, const struct sweep_axis *axis, size_t n,
                                      const config_setting_t *setting)
{
    if (axis->row->type != HYPERPARAMETER_TEXT || r->sweep->refused)
        return ERROR_NONE;
    struct hyperparameters h = r->base;
    char(*texts)[HYPERPARAMETER_TEXT_MAX] = malloc(n * sizeof *texts), earlier[HYPERPARAMETER_FORMAT_MAX];
    if (!texts)
        return sweep_out_of_memory(r);
    for (size_t i = 0; i < n; i++) {
        sweep_apply(&h, axis, i);
        hyperparameter_canonical(&h, axis->row, earlier);
        memcpy(texts[i], earlier, sizeof texts[i]);
    }
    size_t first, second;
    enum error_code code = sweep_find_repeat(r, texts, n, sizeof *texts, &first, &second);
    free(texts);
    if (code || second == n)
        return code;
    struct error error;
    struct sweep_reader noting = *r;
    noting.error = &error;
    sweep_apply(&h, axis, first);
    hyperparameter_format(&h, axis->row, earlier);
    sweep_apply(&h, axis, second);
    fail(&noting, config_setting_get_elem(setting, (unsigned)second),
         "\"%s\" and \"%s\" are one value; allowed: each value once", earlier, hyperparameter_string(&h, axis->row));
    sweep_finish_message(&noting, r->sweep->path);
    r->sweep->refused = strdup(error.message);
    return r->sweep->refused ? ERROR_NONE : sweep_out_of_memory(r);
}

/* Reads KEY = LIST of a grid (is_grid) or zip into the variation's next axis. */
static enum error_code read_axis(struct sweep_reader *r, struct variation *variation, bool is_grid,
                                 const config_setting_t *setting, const struct hyperparameter *row)
{
    struct sweep_axis *axis = is_grid ? &variation->grid[variation->n_grid++] : &variation->zip[variation->n_zip++];
    struct range range = {0};
    bool is_range = config_setting_is_group(setting);
    bool is_list = config_setting_is_array(setting) || config_setting_is_list(setting);
    if (!is_range && !is_list)
        return fail(r, setting, "one value where a list must stand; allowed: [..], (..) or { range = {..}; }");
    enum error_code code = is_range ? read_range(r, setting, &range) : ERROR_NONE;
    if (code)
        return code;
    if (is_range && check_ends(r, row, &range))
        return ERROR_INPUT;
    size_t n = is_range ? (size_t)range.steps : (size_t)config_setting_length(setting);
    const config_setting_t *count = is_range ? range.count : setting; /* what says how many there are */
    if (n == 0)
        return fail(r, setting, "empty list; allowed: at least one value");
    if (row->type == HYPERPARAMETER_TASKS && config_setting_is_array(setting))
        return fail(r, setting,
                    "a flat array of texts, where a list of lists of tasks must stand; allowed: ([\"x0\", \"x1\"], "
                    "[\"x0\", \"x0\"]) or (\"x0; x1\", \"x0; x0\")");

    axis->row = row;
    if (is_grid)
        code = multiply(r, count, n, &variation->n_grid_points);
    else if (variation->n_zip == 1)
        code = multiply(r, count, n, &variation->n_zip_points);
    else if (n != variation->n_zip_points)
        code = fail(r, count, "%zu values in a zip with %zu values of %s; allowed: lists of equal length", n,
                    variation->n_zip_points, variation->zip[0].row->name);
    if (!code)
        code = read_values(r, axis, n, setting, is_range ? &range : NULL, is_list);
    if (code || !is_grid)
        return code;

    size_t first, second;
    code = sweep_find_repeat(r, axis->values, n, sizeof *axis->values, &first, &second);
    if (!code && second < n) {
        struct hyperparameters h = r->base;
        char text[HYPERPARAMETER_FORMAT_MAX];
        sweep_apply(&h, axis, second);
        hyperparameter_format(&h, row, text);
        code = fail(r, is_range ? count : config_setting_get_elem(setting, (unsigned)second),
                    "%.300s stands there twice; allowed: each value once", text);
    }
    return code ? code : find_spellings(r, axis, n, setting);
}

/* Reads the grid (is_grid) or zip of the file or of a case. */
static enum error_code read_axes(struct sweep_reader *r, struct variation *variation, bool is_grid,
                                 const config_setting_t *group, int *places, const int *other_places)
{
    if (!config_setting_is_group(group))
        return fail(r, group, "allowed: a group { KEY = LIST; ... }");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const struct hyperparameter *row;
        enum error_code code = find_row(r, setting, NULL, &row);
        if (!code)
            code = claim(r, setting, row, places, other_places);
        if (!code)
            code = read_axis(r, variation, is_grid, setting, row);
        if (code)
            return code;
    }
    return ERROR_NONE;
}

/* Makes an empty variation with room for the axes of the two groups and `n_overrides` more; a missing or
 * mistyped group counts as empty. */
static enum error_code variation_init(struct sweep_reader *r, struct variation *variation, const config_setting_t *grid,
                                      const config_setting_t *zip, int n_overrides)
{
    int n_grid = n_overrides + (grid && config_setting_is_group(grid) ? config_setting_length(grid) : 0);
    int n_zip = zip && config_setting_is_group(zip) ? config_setting_length(zip) : 0;
    variation->n_grid_points = variation->n_zip_points = 1;
    variation->grid = calloc((size_t)n_grid + 1, sizeof *variation->grid);
    variation->zip = calloc((size_t)n_zip + 1, sizeof *variation->zip);
    return variation->grid && variation->zip ? ERROR_NONE : sweep_out_of_memory(r);
}

static enum error_code read_case(struct sweep_reader *r, struct variation *variation, const config_setting_t *group)
{
    if (!config_setting_is_group(group))
        return fail(r, group, "allowed: a list of groups ( { KEY = VALUE; ... }, ... )");
    const config_setting_t *grid = config_setting_get_member(group, "grid");
    const config_setting_t *zip = config_setting_get_member(group, "zip");
    variation->place = place_of(r, group);
    memset(r->case_places, 0, (size_t)n_hyperparameters * sizeof *r->case_places);
    enum error_code code = variation_init(r, variation, grid, zip, config_setting_length(group));
    for (int i = 0; !code && i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const struct hyperparameter *row;
        if (setting == grid || setting == zip)
            continue;
        code = find_row(r, setting, case_keys, &row);
        if (!code)
            code = claim(r, setting, row, r->case_places, r->varied_places);
        if (!code) {
            struct sweep_axis *axis = &variation->grid[variation->n_grid++];
            axis->row = row;
            code = read_values(r, axis, 1, setting, NULL, false);
        }
    }
    if (!code && zip)
        code = read_axes(r, variation, false, zip, r->case_places, r->varied_places);
    if (!code && grid)
        code = read_axes(r, variation, true, grid, r->case_places, r->varied_places);
    for (int i = 0; i < n_hyperparameters; i++)
        r->sweep->swept[i] |= r->case_places[i] != 0;
    return code;
}

static enum error_code read_cases(struct sweep_reader *r, const config_setting_t *cases)
{
    if (!config_setting_is_list(cases))
        return fail(r, cases, "allowed: a list of groups ( { KEY = VALUE; ... }, ... )");
    int n_cases = config_setting_length(cases);
    if (n_cases == 0)
        return fail(r, cases, "empty list; allowed: at least one case");
    r->cases = calloc((size_t)n_cases, sizeof *r->cases);
    if (!r->cases)
        return sweep_out_of_memory(r);
    for (int i = 0; i < n_cases; i++) {
        enum error_code code = read_case(r, &r->cases[r->n_cases++], config_setting_get_elem(cases, (unsigned)i));
        if (code)
            return code;
    }
    return ERROR_NONE;
}

/* Reads model or train. */
static enum error_code read_fixed(struct sweep_reader *r, const config_setting_t *group)
{
    if (!config_setting_is_group(group))
        return fail(r, group, "allowed: a group { KEY = VALUE; ... }");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const struct hyperparameter *row;
        enum error_code code = find_row(r, setting, NULL, &row);
        if (!code)
            code = claim(r, setting, row, r->fixed_places, r->varied_places);
        if (!code)
            code = set_value(r, &r->base, row, setting);
        if (code)
            return code;
    }
    return ERROR_NONE;
}

static enum error_code read_store(struct sweep_reader *r, const config_setting_t *store)
{
    char allowed[ERROR_MESSAGE_MAX / 4] = "a list of";
    for (const struct store_name *s = store_names; s->name; s++) {
        size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof allowed - used, "%s \"%s\"", s == store_names ? "" : ",", s->name);
    }
    if (!config_setting_is_array(store) && !config_setting_is_list(store))
        return fail(r, store, "allowed: %s", allowed);
    r->sweep->store = STORE_ALWAYS;
    for (int i = 0; i < config_setting_length(store); i++) {
        const config_setting_t *setting = config_setting_get_elem(store, (unsigned)i);
        const char *name = config_setting_get_string(setting);
        const struct store_name *s = store_names;
        const char *nearest = NULL;
        while (s->name && (!name || strcmp(s->name, name) != 0)) {
            nearest = name ? text_nearer(name, nearest, s->name) : NULL;
            s++;
        }
        if (!s->name)
            return fail(r, setting, "%sallowed: %s", text_hint_first(nearest).words, allowed);
        if (r->sweep->store & s->bit)
            return fail(r, setting, "stands there twice; allowed: each once");
        r->sweep->store |= s->bit;
        if ((r->sweep->store & STORE_RELATIVE_IMPORTANCE) && (r->sweep->store & STORE_NO_RELATIVE_IMPORTANCE))
            return fail(r, setting, "stands beside its opposite; allowed: one of the two, or neither");
    }
    return ERROR_NONE;
}

static enum error_code read_top(struct sweep_reader *r, const config_setting_t *root)
{
    const config_setting_t *grid = config_setting_get_member(root, "grid");
    const config_setting_t *zip = config_setting_get_member(root, "zip");
    const config_setting_t *cases = config_setting_get_member(root, "cases");
    enum error_code code = variation_init(r, &r->top, grid, zip, 0);

    for (int i = 0; !code && i < config_setting_length(root); i++) {
        const config_setting_t *setting = config_setting_get_elem(root, (unsigned)i);
        const char *key = config_setting_name(setting);
        if (sweep_is_one_of(key, sweep_scalar_keys)) {
            int64_t integer;
            bool is_integer = get_integer(setting, &integer);
            r->scalar_place = place_of(r, setting);
            code = sweep_set_scalar(r, key, config_setting_get_string(setting), is_integer ? &integer : NULL);
            if (code == ERROR_INPUT)
                fail(r, setting, "%s", r->error->message);
        } else if (strcmp(key, "model") == 0 || strcmp(key, "train") == 0) {
            code = read_fixed(r, setting);
        } else if (strcmp(key, "store") == 0) {
            code = read_store(r, setting);
        } else if (hyperparameter_find(key)) {
            code = fail_key(r, setting,
                            "a hyperparameter at the top level; allowed: in model, train, grid, zip or a case");
        } else if (!sweep_is_one_of(key, top_keys)) {
            fail_key(r, setting, "%s", "");
            code = sweep_fail_unknown(r, key, top_keys, false);
        }
    }
    if (!code && zip)
        code = read_axes(r, &r->top, false, zip, r->varied_places, r->fixed_places);
    if (!code && grid)
        code = read_axes(r, &r->top, true, grid, r->varied_places, r->fixed_places);
    for (int i = 0; i < n_hyperparameters; i++)
        r->sweep->swept[i] = r->varied_places[i] != 0;
    if (!code && cases)
        code = read_cases(r, cases);
    return code;
}

enum error_code sweep_parse(struct sweep_reader *r)
{
    char *prepared = NULL;
    struct setting_place *places = NULL, *place;
    size_t n_places;
    config_t config;
    config_init(&config);
    enum error_code code = sweep_text_prepare(&prepared, r->sweep->original, &r->place, r->error);
    if (code)
        goto done;
    if (!config_read_string(&config, prepared)) { /* nothing that is known of */
        const char *line = r->sweep->original;
        for (int i = 1; i < config_error_line(&config) && strchr(line, '\n'); i++)
            line = strchr(line, '\n') + 1;
        r->place = place_in_text(r, line);
        code = error_set(r->error, ERROR_INPUT, "syntax error here or just before: %s", config_error_text(&config));
        goto done;
    }
    config_setting_t *root = config_root_setting(&config);
    r->place = 0;
    code = find_places(r, r->sweep->original, &places, &n_places);
    if (code)
        goto done;
    place = places;
    note_places(root, &place, places + n_places);
    if (config_setting_length(root) == 0)
        code = error_set(r->error, ERROR_INPUT, "no settings; allowed: at least one, such as replicates = 10;");
    else
        code = read_top(r, root);

done:
    config_destroy(&config);
    free(places);
    free(prepared);
    return code;
}
