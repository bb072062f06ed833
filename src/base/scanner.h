/* The tokens of a sweep file, by the rules of libconfig's scanner: for what has to know where something stands in the
 * text. Any text will do, also one that is no sweep or not UTF-8. */
#ifndef PICKY_SCANNER_H
#define PICKY_SCANNER_H

#include "errors.h"

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_BOOLEAN, TOKEN_INTEGER, TOKEN_REAL, TOKEN_STRING, TOKEN_SIGN };

/* A piece of the text that was scanned, which it points into. */
struct token {
    enum token_kind kind;
    const char *start;
    int length; /* bytes */
    int line;   /* of the first byte */
};

/* Where a scan has come to; begins at the first byte of a NUL-terminated text, on line 1. */
struct scanner {
    const char *at;
    int line; /* of `at` */
};

/* Reads the next token, over blanks and comments; TOKEN_END at the end of the text, again and again. ERROR_INPUT for
 * a comment or a string without end and for a string with a character code 0; token->line is then its line. */
enum error_code scanner_next(struct scanner *scanner, struct token *token, struct error *error);

/* The character of a token that is one ASCII character, such as '{'; NUL for others. */
char token_sign(const struct token *token);

#endif
