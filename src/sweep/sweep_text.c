#include "sweep_text.h"

#include "scanner.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 16 /* a sweep needs 6 */
#define KEYS_MAX    64 /* in one group: more than there are names */
#define SHOWN_MAX   60 /* bytes of the file's own words in a message */

enum error_code sweep_text_read(char **text, const char *path, struct text_place *place, struct error *error)
{
    enum error_code code = ERROR_NONE;
    FILE *file = NULL;
    char *bytes = NULL;
    size_t n_bytes = 0, capacity = 1 << 16;

    *text = NULL;
    *place = (struct text_place){0, 0};
    file = fopen(path, "rb");
    if (!file) {
        code = error_set(error, ERROR_INPUT, "cannot be read: %s", strerror(errno));
        goto done;
    }
    /* The size is not asked for beforehand, so that a pipe is as good as a file. */
    do {
        if (n_bytes == capacity)
            capacity *= 2;
        char *grown = realloc(bytes, capacity + 1);
        if (!grown) {
            code = error_set(error, ERROR_FATAL, "out of memory");
            goto done;
        }
        bytes = grown;
        n_bytes += fread(bytes + n_bytes, 1, capacity - n_bytes, file);
        if (ferror(file)) {
            code = error_set(error, ERROR_INPUT, "cannot be read: %s", strerror(errno));
            goto done;
        }
        if (n_bytes >= 8 && memcmp(bytes, "\x89HDF\r\n\x1a\n", 8) == 0) {
            code = error_set(error, ERROR_INPUT, "an HDF5 file, as results files are; allowed here: a sweep file");
            goto done;
        }
        if (n_bytes > SWEEP_TEXT_BYTES_MAX) {
            code = error_set(error, ERROR_INPUT, "too large; allowed: at most %d bytes", SWEEP_TEXT_BYTES_MAX);
            goto done;
        }
    } while (!feof(file));
    bytes[n_bytes] = '\0';

    for (size_t i = 0; i < n_bytes;) {
        size_t length = bytes[i] ? (size_t)utf8_length((unsigned char *)bytes + i) : 0;
        if (length == 0) {
            *place = text_place(bytes, i);
            code = error_set(error, ERROR_INPUT, "byte 0x%02x is not text; allowed: UTF-8", (unsigned char)bytes[i]);
            goto done;
        }
        i += length;
    }
    *text = bytes;
    bytes = NULL;

done:
    if (file)
        fclose(file);
    free(bytes);
    return code;
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static int shown(const struct token *token)
{
    return token->length < SHOWN_MAX ? token->length : SHOWN_MAX;
}

static bool integer_fits(const struct token *token)
{
    bool is_hex = token->length > 1 && is_one_of(token->start[1], "xX");
    errno = 0;
    strtoll(token->start, NULL, is_hex ? 16 : 10);
    return errno == 0;
}

/* What may stand next. */
enum expected {
    EXPECT_KEY,   /* or the end of the group */
    EXPECT_SIGN,  /* = or :, behind a key */
    EXPECT_VALUE, /* behind = or a comma */
    EXPECT_FIRST, /* or the end of an array or list that has just begun */
    EXPECT_END    /* of a value: what follows it */
};

/* A group, array or list that is open at some point; the outermost is the file itself. */
struct level {
    char bracket;    /* '{', '[' or '(' */
    bool is_mixed;   /* an array of integers and reals */
    bool takes_list; /* a group: each of its keys may have several values, as in grid and zip */
    struct token opening;
    const char *equals;          /* of a group: behind the last key's = */
    struct token value;          /* the last value's first token */
    struct token keys[KEYS_MAX]; /* of a group, so far */
    int n_keys;
};

/* Where the reading has come to. */
struct syntax {
    const char *text;
    int *place; /* of the mistake */
    struct error *error;
    enum expected expected;
    struct token before, key; /* the last token; the last key */
    struct level levels[NESTING_MAX];
    int depth;
};

static const char *end_of(const struct token *token)
{
    return token->start + token->length;
}

__attribute__((format(printf, 3, 4))) static enum error_code fail(struct syntax *s, const char *at, const char *format,
                                                                  ...)
{
    char words[ERROR_MESSAGE_MAX / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    *s->place = 1 + (int)(at - s->text);
    return error_set(s->error, ERROR_INPUT, "%s", words);
}

static char closing_of(char bracket)
{
    return bracket == '{' ? '}' : bracket == '[' ? ']' : ')';
}

/* Whether the text before the token may have swallowed what is behind it: it goes over several lines, or something
 * stands right behind it. */
static bool lacks_quote(const struct token *before, const struct token *token)
{
    return before->kind == TOKEN_STRING && !is_one_of(token_sign(token), ",;])}") &&
           (memchr(before->start, '\n', (size_t)before->length) ||
            (token->start == end_of(before) && token->kind != TOKEN_STRING));
}

/* The group that is open, below the arrays and lists in it. */
static const struct level *group_of(const struct syntax *s)
{
    int depth = s->depth;
    while (s->levels[depth].bracket != '{')
        depth--;
    return &s->levels[depth];
}

/* The key whose value is being read, or was read last, in that group. */
static const struct token *key_of(const struct syntax *s)
{
    const struct level *group = group_of(s);
    return group->n_keys > 0 ? &group->keys[group->n_keys - 1] : &s->key;
}

static bool is_key(const struct token *token, const char *name)
{
    return (size_t)token->length == strlen(name) && memcmp(token->start, name, (size_t)token->length) == 0;
}

/* Whether the last key's value may be a list. */
static bool takes_list(const struct syntax *s)
{
    const struct token *key = key_of(s);
    return group_of(s)->takes_list || is_key(key, "tasks") || is_key(key, "cases") || is_key(key, "store");
}

static struct token token_behind(const struct token *token)
{
    struct scanner scanner = {end_of(token), 1};
    struct token behind;
    struct error ignored;
    if (scanner_next(&scanner, &behind, &ignored))
        behind.kind = TOKEN_END;
    return behind;
}

static bool is_value(const struct token *token)
{
    return token->kind == TOKEN_INTEGER || token->kind == TOKEN_REAL || token->kind == TOKEN_STRING ||
           token->kind == TOKEN_BOOLEAN || is_one_of(token_sign(token), "{[(");
}

/* The end of what stands at `c` without a blank or a sign of the syntax in it: a number or a word as it was meant. */
static const char *word_end(const char *c)
{
    const char *end = c + strcspn(c, " \t\r\n\f,;=:{}[]()\"#");
    return end > c || !*c ? end : c + 1;
}

/* Where the missing bracket of the last key's value belongs: before the value, or behind the = of an earlier line. */
static const char *before_value(const struct syntax *s, const char *value)
{
    const char *equals = group_of(s)->equals;
    return memchr(equals, '\n', (size_t)(value - equals)) ? equals : value;
}

/* "KEY = " and the text from `from` to `end`, on one line, and what is wrong with it. */
__attribute__((format(printf, 4, 5))) static enum error_code fail_value(struct syntax *s, const char *from,
                                                                        const char *end, const char *format, ...)
{
    const struct token *key = key_of(s);
    char value[SHOWN_MAX + 4] = "", words[ERROR_MESSAGE_MAX / 2];
    size_t used = 0;
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    for (const char *c = from; c < end;) {
        size_t length = (size_t)utf8_length((const unsigned char *)c);
        bool is_blank = is_one_of(*c, " \t\r\n\f");
        if (used + length > SHOWN_MAX) {
            memcpy(value + used, "...", 4);
            break;
        }
        if (!is_blank) {
            memcpy(value + used, c, length);
            used += length;
        } else if (used > 0 && value[used - 1] != ' ') {
            value[used++] = ' ';
        }
        c += length > 0 ? length : 1;
    }
    return fail(s, from, "%.*s = %s: %s", shown(key), key->start, value, words);
}

static bool is_number(const struct token *token)
{
    return token->kind == TOKEN_INTEGER || token->kind == TOKEN_REAL;
}

/* Characters that look like one of the syntax. */
static const struct {
    uint32_t first, last;
    char like;
} lookalikes[] = {{0x85, 0x85, ' '},     {0xa0, 0xa0, ' '},     {0xab, 0xab, '"'},     {0xad, 0xad, ' '},
                  {0xb4, 0xb4, '"'},     {0xbb, 0xbb, '"'},     {0x2000, 0x200f, ' '}, {0x2010, 0x2015, '-'},
                  {0x2018, 0x201f, '"'}, {0x2028, 0x202f, ' '}, {0x2032, 0x2036, '"'}, {0x2039, 0x203a, '"'},
                  {0x205f, 0x2060, ' '}, {0x2212, 0x2212, '-'}, {0x3000, 0x3000, ' '}, {0xfeff, 0xfeff, ' '},
                  {0xff02, 0xff02, '"'}, {0xff07, 0xff07, '"'}, {0xff10, 0xff19, '0'}};

/* A sign in or behind a key, or where one must stand. */
static enum error_code fail_key(struct syntax *s, const struct token *token, const char *words)
{
    const char *from = s->expected == EXPECT_SIGN ? s->key.start : token->start;
    int length = (int)(word_end(token->start) - from);
    return fail(s, token->start, "%.*s: %s", length < SHOWN_MAX ? length : SHOWN_MAX, from, words);
}

/* A character beyond ASCII, outside of texts and comments. */
static enum error_code fail_character(struct syntax *s, const struct token *token)
{
    const uint32_t character = utf8_decode((const unsigned char *)token->start, token->length);
    const struct token *key = s->expected == EXPECT_SIGN ? &s->key : key_of(s);
    char like = '\0', words[200];
    for (size_t i = 0; i < sizeof lookalikes / sizeof lookalikes[0]; i++)
        if (character >= lookalikes[i].first && character <= lookalikes[i].last)
            like = lookalikes[i].like;
    if (like == ' ') /* nothing to be seen */
        snprintf(words, sizeof words, "U+%04" PRIX32 " is no blank of a sweep; allowed: the space bar's", character);
    else
        snprintf(words, sizeof words, "%.*s (U+%04" PRIX32 ") is no %s of a sweep; allowed: %s", token->length,
                 token->start, character,
                 like == '"'   ? "quote"
                 : like == '-' ? "minus"
                 : like == '0' ? "digit"
                               : "character",
                 like == '"'   ? "\"text in quotes\""
                 : like == '-' ? "-"
                 : like == '0' ? "0 to 9"
                               : "ASCII, but for texts and comments");
    if (s->expected == EXPECT_VALUE || s->expected == EXPECT_FIRST)
        return fail_value(s, token->start, word_end(token->start), "%s", words);
    if (s->expected == EXPECT_END && s->before.start == s->levels[s->depth].value.start && s->before.length > 0)
        return fail(s, token->start, "%.*s = %.*s: behind it %s", shown(key), key->start, shown(&s->before),
                    s->before.start, words);
    if (like == ' ')
        return fail(s, token->start, "%s", words);
    return fail_key(s, token, words);
}

/* Whether two tokens stand side by side, and the former is a number: they were meant as one. */
static bool is_glued_number(const struct token *before, const struct token *token)
{
    return is_number(before) && token->start == end_of(before) && token->kind != TOKEN_END &&
           token->kind != TOKEN_STRING && !is_one_of(token_sign(token), ",;=:{}[]()");
}

/* A value that is no number, text or bracket. */
static enum error_code fail_no_value(struct syntax *s, const struct token *token)
{
    const char *from = token->start;
    char sign = *from;
    if (is_one_of(sign, "'`")) {
        const char *line_end = from + strcspn(from, "\n"), *end = from + 1;
        while (end < line_end && !is_one_of(*end, "'`"))
            end++;
        return fail_value(s, from, end < line_end ? end + 1 : word_end(from),
                          "%c is no quote of a sweep; allowed: \"text in quotes\"", sign);
    }
    if (is_one_of(sign, "+-."))
        return fail_value(s, from, word_end(from), "not a number; allowed: such as 12, -0.5 or 1e-3");
    return fail_value(s, from, word_end(from), "not a value; allowed: a number, \"text\", [list], (list) or {group}");
}

/* Several values of a key of the group that is open, where one may stand, or brackets around them. */
static enum error_code fail_several(struct syntax *s, const struct token *token)
{
    const struct level *level = &s->levels[s->depth];
    const struct token *first = &level->value, *before = &s->before;
    const char *end = is_number(token) ? word_end(token->start) : end_of(token);
    if (is_number(first) && token_sign(before) == ',' && is_number(token) && before->start == end_of(first) &&
        token->start == end_of(before))
        return fail_value(s, first->start, end, "a comma in a number; allowed: digits, with a point before decimals");
    if (takes_list(s))
        return fail(s, before_value(s, first->start),
                    "%.*s = %.*s ...: several values without brackets; allowed: [..] or (..) around them",
                    shown(key_of(s)), key_of(s)->start, shown(first), first->start);
    if (is_number(first) && is_number(token) && token_sign(before) != ',')
        return fail_value(s, first->start, end, "a blank in a number, or several values; allowed: one value");
    return fail_value(s, first->start, end, "several values%s; allowed: one value",
                      s->depth > 0 ? " (lists stand in grid or zip)" : "");
}

/* Says what is wrong with a token that may not stand where it does. */
static enum error_code fail_token(struct syntax *s, const struct token *token)
{
    const struct level *level = &s->levels[s->depth];
    const struct token *key = s->expected == EXPECT_SIGN ? &s->key : key_of(s), *before = &s->before;
    const struct token behind = token_behind(token);
    char sign = token_sign(token), closing = closing_of(level->bracket);
    bool in_group = level->bracket == '{', is_closing = is_one_of(sign, "}])");
    int line = text_place(s->text, (size_t)(level->opening.start - s->text)).line;

    if (lacks_quote(before, token))
        return fail(s, before->start, "the text in quotes that begins here has no end on its line, or no \" before it");
    if (token->kind == TOKEN_SIGN && token->length > 1 &&
        utf8_length((const unsigned char *)token->start) == token->length)
        return fail_character(s, token);
    if (strncmp(token->start, "@include", 8) == 0)
        return fail(s, token->start,
                    "@include: the results file keeps the text of the sweep, which must be one file; allowed: the "
                    "included lines themselves");
    switch (s->expected) {
    case EXPECT_SIGN:
        if (token->kind == TOKEN_SIGN && token->start == end_of(key) && !is_one_of(sign, ",;{}[]()"))
            return fail_key(s, token, "no key; allowed: of letters, digits, - _ *");
        return fail(s, key->start, "%.*s: a key without a value; allowed: KEY = VALUE", shown(key), key->start);
    case EXPECT_VALUE:
    case EXPECT_FIRST:
        if (token->kind == TOKEN_NAME && is_one_of(token_sign(&behind), "=:") && in_group)
            return fail(s, before_value(s, token->start),
                        "%.*s: a { is missing here, or a value; allowed: { KEY = VALUE; ... }", shown(key), key->start);
        if (token->kind == TOKEN_NAME)
            return fail(s, token->start, "%.*s = %.*s: a word; allowed: a number or \"text in quotes\"", shown(key),
                        key->start, shown(token), token->start);
        if (!in_group && token_sign(before) == ',' && sign == closing)
            return fail(s, before->start, "a comma after the last value; allowed: commas between values");
        if (sign == ',' && is_number(&behind) && behind.start == end_of(token))
            return fail_value(s, token->start, word_end(behind.start),
                              "a comma in a number; allowed: digits, with a point before decimals");
        if (sign && !is_one_of(sign, ",;=:}])"))
            return fail_no_value(s, token);
        return fail(s, end_of(before),
                    "%.*s: a value is missing here; allowed: a number, \"text\", [list], (list) or "
                    "{group}",
                    shown(key), key->start);
    case EXPECT_END:
    case EXPECT_KEY: break;
    }
    if (is_glued_number(before, token))
        return fail_value(s, before->start, word_end(token->start), "not a number; allowed: such as 12, -0.5 or 1e-3");
    if (!in_group) {
        if (sign == ';' && is_value(&behind))
            return fail(s, token->start, "%.*s: a ; between values; allowed: commas between values", shown(key),
                        key->start);
        if (is_value(token))
            return fail(s, end_of(before),
                        "%.*s: a comma is missing here, between values; allowed: commas between values", shown(key),
                        key->start);
        return fail(s, end_of(before), "a %c is missing here: the %c of line %d is not closed", closing, level->bracket,
                    line);
    }
    if (sign == '{' && token_sign(before) == ',' && s->depth > 0 && s->levels[s->depth - 1].bracket == '(')
        return fail(s, before->start, "a } is missing here: the { of line %d is not closed", line);
    if (is_closing && s->expected == EXPECT_END && sign != closing)
        return fail(s, before_value(s, level->value.start),
                    "%.*s: a %c is missing here, or the %c behind the value is too many", shown(key), key->start,
                    sign == ']' ? '[' : '(', sign);
    if (is_closing && s->depth == 0)
        return fail(s, token->start, "%c closes nothing", sign);
    if (is_closing)
        return fail(s, token->start, "%c does not close the %c of line %d", sign, level->bracket, line);
    if (level->n_keys > 0 && (s->expected == EXPECT_END || token_sign(before) == ',') && !is_one_of(sign, "=:;,"))
        return fail_several(s, token);
    if (token->kind == TOKEN_STRING)
        return fail(s, token->start, "%.*s: a text without a key; allowed: KEY = \"TEXT\"", shown(token), token->start);
    return fail(s, token->start, "%.*s: a key must stand here; allowed: KEY = VALUE;", shown(token), token->start);
}

/* Whether the array that has just begun holds integers and reals, and nothing else. */
static bool is_mixed(struct scanner scanner)
{
    bool has[TOKEN_SIGN + 1] = {false};
    struct token token;
    struct error ignored;
    while (!scanner_next(&scanner, &token, &ignored) && token.kind != TOKEN_END &&
           !is_one_of(token_sign(&token), "];}"))
        if (token.kind != TOKEN_SIGN || is_one_of(token_sign(&token), "{[(")) /* others are mistakes, but others */
            has[token.kind] = true;
    return has[TOKEN_INTEGER] && has[TOKEN_REAL] && !has[TOKEN_STRING] && !has[TOKEN_NAME] && !has[TOKEN_SIGN] &&
           !has[TOKEN_BOOLEAN];
}

static enum error_code open_level(struct syntax *s, const struct token *token, const struct scanner *scanner)
{
    if (s->levels[s->depth].bracket == '[')
        return fail(s, token->start, "%.*s: a %c in [ ]; allowed: single values in [ ], anything in ( )",
                    shown(key_of(s)), key_of(s)->start, token_sign(token));
    if (s->depth == NESTING_MAX - 1)
        return fail(s, token->start, "groups and lists nest too deep; allowed: %d levels", NESTING_MAX - 1);
    const struct token *key = key_of(s);
    struct level *level = &s->levels[++s->depth];
    level->takes_list = is_key(key, "grid") || is_key(key, "zip");
    level->bracket = token_sign(token);
    level->opening = *token;
    level->n_keys = 0;
    level->is_mixed = level->bracket == '[' && is_mixed(*scanner);
    s->expected = level->bracket == '{' ? EXPECT_KEY : EXPECT_FIRST;
    return ERROR_NONE;
}

/* An array has values of one type, for libconfig; numbers of both types are taken all the same. */
static bool is_of_type(const struct level *level, const struct token *value)
{
    return level->bracket != '[' || level->is_mixed || level->value.kind == value->kind;
}

static enum error_code take_value(struct syntax *s, const struct token *token, const struct scanner *scanner)
{
    struct level *level = &s->levels[s->depth];
    const struct token *key = key_of(s);
    if (token->kind == TOKEN_NAME || token->kind == TOKEN_END ||
        (token->kind == TOKEN_SIGN && !is_one_of(token_sign(token), "{[(")))
        return fail_token(s, token);
    if (token->kind == TOKEN_INTEGER && !integer_fits(token))
        return fail(s, token->start, "%.*s = %.*s: too large; allowed: integers of 64 bits", shown(key), key->start,
                    shown(token), token->start);
    if (s->expected != EXPECT_FIRST && token->kind != TOKEN_SIGN && !is_of_type(level, token))
        return fail(s, token->start,
                    "%.*s = [... %.*s ...]: values of several types in [ ]; allowed: one type, or ( ) around them",
                    shown(key), key->start, shown(token), token->start);
    level->value = *token;
    s->expected = EXPECT_END;
    return token->kind == TOKEN_SIGN ? open_level(s, token, scanner) : ERROR_NONE;
}

static enum error_code note_key(struct syntax *s)
{
    struct level *level = &s->levels[s->depth];
    const struct token *key = &s->key;
    for (int i = 0; i < level->n_keys; i++)
        if (level->keys[i].length == key->length && memcmp(level->keys[i].start, key->start, (size_t)key->length) == 0)
            return fail(s, key->start, "%.*s: duplicate key, first given on line %d; allowed: once", shown(key),
                        key->start, level->keys[i].line);
    /* libconfig's time grows with the square of the keys of a group. */
    if (level->n_keys == KEYS_MAX)
        return fail(s, key->start, "%.*s: too many keys in one group; allowed: %d", shown(key), key->start, KEYS_MAX);
    level->keys[level->n_keys++] = *key;
    return ERROR_NONE;
}

static enum error_code take_key(struct syntax *s, const struct token *token)
{
    s->key = *token;
    s->expected = EXPECT_SIGN;
    return ERROR_NONE;
}

/* Takes one token; `scanner` is behind it. */
static enum error_code take_token(struct syntax *s, const struct token *token, const struct scanner *scanner)
{
    const struct level *level = &s->levels[s->depth];
    char sign = token_sign(token);
    bool in_group = level->bracket == '{', closes = sign && sign == closing_of(level->bracket) && s->depth > 0;
    bool may_close = s->expected == EXPECT_KEY || s->expected == EXPECT_FIRST || s->expected == EXPECT_END;
    if (token->kind == TOKEN_END && s->depth > 0 && may_close)
        return fail(s, level->opening.start, "the %c that begins here is not closed", level->bracket);
    if (closes && may_close) {
        s->depth--;
        s->expected = EXPECT_END;
        return ERROR_NONE;
    }
    switch (s->expected) {
    case EXPECT_KEY:
        if (token->kind == TOKEN_NAME)
            return take_key(s, token);
        return token->kind == TOKEN_END ? ERROR_NONE : fail_token(s, token);
    case EXPECT_SIGN:
        if (!is_one_of(sign, "=:"))
            return fail_token(s, token);
        s->expected = EXPECT_VALUE;
        s->levels[s->depth].equals = end_of(token);
        return note_key(s);
    case EXPECT_VALUE:
    case EXPECT_FIRST: return take_value(s, token, scanner);
    case EXPECT_END: break;
    }
    if (in_group ? is_one_of(sign, ";,") : sign == ',') {
        s->expected = in_group ? EXPECT_KEY : EXPECT_VALUE;
        return ERROR_NONE;
    }
    bool is_glued = s->before.kind == TOKEN_STRING && token->start == end_of(&s->before);
    if (is_glued_number(&s->before, token)) { /* 12a is one mistake, 12a = 5 for libconfig a key */
        const struct token behind = token_behind(token);
        is_glued = !is_one_of(token_sign(&behind), "=:");
    }
    if (in_group && token->kind == TOKEN_NAME && !is_glued) /* libconfig needs no ; */
        return take_key(s, token);
    if (in_group && token->kind == TOKEN_STRING && s->before.kind == TOKEN_STRING) /* one text in pieces */
        return ERROR_NONE;
    return token->kind == TOKEN_END ? ERROR_NONE : fail_token(s, token);
}

enum error_code sweep_text_prepare(char **prepared, const char *text, int *place, struct error *error)
{
    enum error_code code = ERROR_NONE;
    struct scanner scanner = {text, 1};
    struct token token = {.kind = TOKEN_END, .start = text};
    const char *copied = text;
    struct syntax *s = malloc(sizeof *s);

    /* At most one L for each byte, and the last line's end. */
    *prepared = malloc(2 * strlen(text) + 2);
    char *out = *prepared;
    *place = 0;
    if (!out || !s) {
        code = error_set(error, ERROR_FATAL, "out of memory");
        goto done;
    }
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* the byte order mark that some editors write */
        copied = scanner.at += 3;
    s->text = text;
    s->place = place;
    s->error = error;
    s->expected = EXPECT_KEY;
    s->key = (struct token){.start = ""};
    s->depth = 0;
    s->levels[0] = (struct level){.bracket = '{', .opening = token};
    do {
        s->before = token;
        code = scanner_next(&scanner, &token, error);
        if (code)
            *place = 1 + (int)(token.start - text);
        else
            code = take_token(s, &token, &scanner);
        if (code)
            goto done;
        size_t n_bytes = (size_t)(scanner.at - copied);
        memcpy(out, copied, n_bytes);
        out += n_bytes;
        copied = scanner.at;
        if (token.kind == TOKEN_INTEGER && out[-1] != 'L')
            *out++ = 'L';
        if (token_sign(&token) == '[' && s->levels[s->depth].is_mixed)
            out[-1] = '(';
        if (token_sign(&token) == ']' && s->levels[s->depth + 1].is_mixed)
            out[-1] = ')';
    } while (token.kind != TOKEN_END);
    memcpy(out, "\n", 2);

done:
    free(s);
    if (code) {
        free(*prepared);
        *prepared = NULL;
    }
    return code;
}
