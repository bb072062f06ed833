#include "scanner.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

char token_sign(const struct token *token)
{
    return token->kind == TOKEN_SIGN ? *token->start : '\0';
}

/* Steps over blanks and comments. */
static enum error_code skip_blanks(struct scanner *s, struct error *error)
{
    for (;;) {
        if (s->at[0] == '#' || (s->at[0] == '/' && s->at[1] == '/')) {
            s->at += strcspn(s->at, "\n");
        } else if (s->at[0] == '/' && s->at[1] == '*') {
            const char *end = strstr(s->at + 2, "*/");
            if (!end)
                return error_set(error, ERROR_INPUT, "the comment that begins here has no end");
            for (; s->at < end + 2; s->at++)
                s->line += *s->at == '\n';
        } else if (is_one_of(*s->at, " \t\r\n\f")) {
            s->line += *s->at == '\n';
            s->at++;
        } else {
            return ERROR_NONE;
        }
    }
}

/* Steps over a string, from quote to quote. */
static enum error_code scan_string(struct scanner *s, struct error *error)
{
    for (s->at++; *s->at != '"'; s->at++) {
        if (*s->at == '\0')
            return error_set(error, ERROR_INPUT, "the text in quotes that begins here has no end");
        s->line += *s->at == '\n';
        if (strncasecmp(s->at, "\\x00", 4) == 0)
            return error_set(error, ERROR_INPUT, "a text holds \\x00; allowed: any other character");
        if (s->at[0] == '\\' && is_one_of(s->at[1], "\\\""))
            s->at++;
    }
    s->at++;
    return ERROR_NONE;
}

/* Returns the end of the number at `c`, by the rules of libconfig's scanner, or `c` if there is none. */
static const char *number_end(const char *c, enum token_kind *kind)
{
    const char *digits = "0123456789", *end = c;
    *kind = TOKEN_INTEGER;
    if (c[0] == '0' && is_one_of(c[1], "xX") && isxdigit((unsigned char)c[2])) {
        end = c + 2 + strspn(c + 2, "0123456789abcdefABCDEF");
    } else {
        end += is_one_of(*c, "+-");
        size_t n_digits = strspn(end, digits);
        end += n_digits;
        if (*end == '.' && n_digits + strspn(end + 1, digits) > 0) {
            *kind = TOKEN_REAL;
            n_digits += strspn(end + 1, digits);
            end += 1 + strspn(end + 1, digits);
        }
        if (n_digits == 0)
            return c;
        const char *exponent = is_one_of(*end, "eE") ? end + 1 + is_one_of(end[1], "+-") : end;
        if (exponent > end && isdigit((unsigned char)*exponent)) {
            *kind = TOKEN_REAL;
            end = exponent + strspn(exponent, digits);
        }
    }
    if (*kind == TOKEN_INTEGER && *end == 'L')
        end += end[1] == 'L' ? 2 : 1;
    return end;
}

enum error_code scanner_next(struct scanner *s, struct token *token, struct error *error)
{
    enum error_code code = skip_blanks(s, error);
    *token = (struct token){.kind = TOKEN_END, .start = s->at, .line = s->line};
    if (code || *s->at == '\0')
        return code;

    enum token_kind number;
    const char *end = number_end(s->at, &number);
    if (end > s->at) {
        token->kind = number;
        s->at = end;
    } else if (*s->at == '"') {
        token->kind = TOKEN_STRING;
        code = scan_string(s, error);
    } else if (isalpha((unsigned char)*s->at) || *s->at == '*') {
        token->kind = TOKEN_NAME;
        while (isalnum((unsigned char)*s->at) || is_one_of(*s->at, "-_*"))
            s->at++;
    } else {
        token->kind = TOKEN_SIGN;
        do
            s->at++;
        while (((unsigned char)*s->at & 0xc0) == 0x80); /* the rest of a character of UTF-8 */
    }
    token->length = (int)(s->at - token->start);
    if (token->kind == TOKEN_NAME && ((token->length == 4 && strncasecmp(token->start, "true", 4) == 0) ||
                                      (token->length == 5 && strncasecmp(token->start, "false", 5) == 0)))
        token->kind = TOKEN_BOOLEAN;
    return code;
}
