/* Text of unknown origin, byte by byte. */
#ifndef PICKY_UTF8_H
#define PICKY_UTF8_H

#include <stdint.h>

/* Length of the UTF-8 sequence at `s` (NUL-terminated), 0 if it is none (RFC 3629, without surrogates). */
int utf8_length(const unsigned char *s);

/* The character of a sequence of `length` bytes, as utf8_length found it. */
uint32_t utf8_decode(const unsigned char *s, int length);

#endif
