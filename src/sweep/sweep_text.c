#include "sweep_text.h"

#include "scanner.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 16 /* a sweep needs 6 */
#define KEYS_MAX    64 /* in one group: more than there are names */
#define SHOWN_MAX   60 /* bytes of the file's own words in a message */

enum error_code sweep_text_read(char **text, const char *path, int *line, struct error *error)
{
    enum error_code code = ERROR_NONE;
    FILE *file = NULL;
    char *bytes = NULL;
    size_t n_bytes = 0, capacity = 1 << 16;

    *text = NULL;
    *line = 0;
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
        if (n_bytes > SWEEP_TEXT_BYTES_MAX) {
            code = error_set(error, ERROR_INPUT, "too large; allowed: at most %d bytes", SWEEP_TEXT_BYTES_MAX);
            goto done;
        }
    } while (!feof(file));
    bytes[n_bytes] = '\0';

    *line = 1;
    for (size_t i = 0; i < n_bytes;) {
        size_t length = bytes[i] ? (size_t)utf8_length((unsigned char *)bytes + i) : 0;
        if (length == 0) {
            code = error_set(error, ERROR_INPUT, "byte 0x%02x is not text; allowed: UTF-8", (unsigned char)bytes[i]);
            goto done;
        }
        *line += bytes[i] == '\n';
        i += length;
    }
    *line = 0;
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

/* The groups, arrays and lists that are open at some point; the outermost is the file itself. */
struct nesting {
    struct {
        char bracket; /* '{', '[' or '(' */
        int line;
        struct token keys[KEYS_MAX]; /* of a group, so far */
        int n_keys;
    } open[NESTING_MAX];
    int depth;
};

static enum error_code follow_bracket(struct nesting *nesting, const struct token *token, struct error *error)
{
    char sign = token_sign(token);
    if (is_one_of(sign, "{[(")) {
        if (nesting->depth == NESTING_MAX - 1)
            return error_set(error, ERROR_INPUT, "groups and lists nest too deep; allowed: %d levels", NESTING_MAX - 1);
        nesting->depth++;
        nesting->open[nesting->depth].bracket = sign;
        nesting->open[nesting->depth].line = token->line;
        nesting->open[nesting->depth].n_keys = 0;
    } else if (is_one_of(sign, "}])")) {
        if (nesting->depth == 0)
            return error_set(error, ERROR_INPUT, "%c closes nothing", sign);
        char bracket = nesting->open[nesting->depth].bracket;
        if (sign != (bracket == '{' ? '}' : bracket == '[' ? ']' : ')'))
            return error_set(error, ERROR_INPUT, "%c does not close the %c of line %d", sign, bracket,
                             nesting->open[nesting->depth].line);
        nesting->depth--;
    }
    return ERROR_NONE;
}

static enum error_code note_key(struct nesting *nesting, const struct token *key, struct error *error)
{
    struct token *keys = nesting->open[nesting->depth].keys;
    int n_keys = nesting->open[nesting->depth].n_keys;
    for (int i = 0; i < n_keys; i++)
        if (keys[i].length == key->length && memcmp(keys[i].start, key->start, (size_t)key->length) == 0)
            return error_set(error, ERROR_INPUT, "%.*s: duplicate key, first given on line %d; allowed: once",
                             shown(key), key->start, keys[i].line);
    /* libconfig's time grows with the square of the keys of a group. */
    if (n_keys == KEYS_MAX)
        return error_set(error, ERROR_INPUT, "%.*s: too many keys in one group; allowed: %d", shown(key), key->start,
                         KEYS_MAX);
    keys[n_keys] = *key;
    nesting->open[nesting->depth].n_keys++;
    return ERROR_NONE;
}

/* Checks a token that is not one of a key and its sign; `key` is the last key, `before` the last token. */
static enum error_code check_token(struct nesting *nesting, const struct token *key, const struct token *before,
                                   const struct token *token, struct error *error)
{
    bool in_group = nesting->open[nesting->depth].bracket == '{';
    bool is_value = is_one_of(token_sign(before), in_group ? "=:" : "([,") || before->kind == TOKEN_STRING;
    if (token->kind == TOKEN_NAME && is_value)
        return error_set(error, ERROR_INPUT, "%.*s = %.*s: a word; allowed: a number or \"text in quotes\"", shown(key),
                         key->start, shown(token), token->start);
    if (token->kind == TOKEN_STRING && !is_value)
        return error_set(error, ERROR_INPUT, "%.*s: a text without a key; allowed: KEY = \"TEXT\"", shown(token),
                         token->start);
    if (token->kind == TOKEN_INTEGER && !integer_fits(token))
        return error_set(error, ERROR_INPUT, "%.*s = %.*s: too large; allowed: integers of 64 bits", shown(key),
                         key->start, shown(token), token->start);
    if (token_sign(before) == ',' && is_one_of(token_sign(token), "])"))
        return error_set(error, ERROR_INPUT, "a comma after the last value; allowed: commas between values");
    if (token_sign(token) == '@')
        return error_set(error, ERROR_INPUT,
                         "@include: the results file keeps the text of the sweep, which must be "
                         "one file; allowed: the included lines themselves");
    return follow_bracket(nesting, token, error);
}

enum error_code sweep_text_prepare(char **prepared, const char *text, int *line, struct error *error)
{
    enum error_code code = ERROR_NONE;
    struct scanner scanner = {text, 1};
    struct token token = {.kind = TOKEN_END}, before, key = {.start = ""};
    struct nesting *nesting = NULL;
    const char *copied = text;

    /* At most one L for each byte, and the last line's end. */
    *prepared = malloc(2 * strlen(text) + 2);
    char *out = *prepared;
    nesting = malloc(sizeof *nesting);
    if (!out || !nesting) {
        *line = 0;
        code = error_set(error, ERROR_FATAL, "out of memory");
        goto done;
    }
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* the byte order mark that some editors write */
        copied = scanner.at += 3;
    nesting->open[0].bracket = '{';
    nesting->open[0].n_keys = 0;
    nesting->depth = 0;
    do {
        before = token;
        code = scanner_next(&scanner, &token, error);
        *line = token.line;
        if (code)
            goto done;
        if (before.kind != TOKEN_NAME) {
            code = check_token(nesting, &key, &before, &token, error);
        } else if (is_one_of(token_sign(&token), "=:")) {
            key = before;
            *line = key.line;
            code = note_key(nesting, &key, error);
        } else {
            *line = before.line;
            code = error_set(error, ERROR_INPUT, "%.*s: a key without a value; allowed: KEY = VALUE", shown(&before),
                             before.start);
        }
        if (code)
            goto done;
        size_t n_bytes = (size_t)(scanner.at - copied);
        memcpy(out, copied, n_bytes);
        out += n_bytes;
        copied = scanner.at;
        if (token.kind == TOKEN_INTEGER && out[-1] != 'L')
            *out++ = 'L';
    } while (token.kind != TOKEN_END);
    memcpy(out, "\n", 2);

    if (nesting->depth > 0) {
        *line = nesting->open[nesting->depth].line;
        code = error_set(error, ERROR_INPUT, "the %c that begins here is not closed",
                         nesting->open[nesting->depth].bracket);
    }

done:
    free(nesting);
    if (code) {
        free(*prepared);
        *prepared = NULL;
    }
    return code;
}
