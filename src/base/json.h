/* Texts in JSON (RFC 8259). */
#ifndef PICKY_JSON_H
#define PICKY_JSON_H

#include <stdio.h>

/* Writes a text as a JSON string: quoted, control characters as \u00XX; bytes that are not UTF-8 are replaced by "?",
 * for JSON can hold none. */
void json_text(FILE *out, const char *text);

#endif
