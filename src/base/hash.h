/* A hash of bytes: FNV-1a, 64 bits. It tells apart what differs by accident, not by intent. */
#ifndef PICKY_HASH_H
#define PICKY_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_START UINT64_C(14695981039346656037)

/* Goes on from `hash` with n_bytes more. */
static inline uint64_t hash_more(uint64_t hash, const void *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    return hash;
}

/* With a text, its NUL included, so that texts do not run into each other. */
static inline uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_more(hash, text, strlen(text) + 1);
}

/* With an integer, the same on machines of any byte order. */
static inline uint64_t hash_integer(uint64_t hash, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        hash = hash_more(hash, &(unsigned char){(unsigned char)(value >> 8 * i)}, 1);
    return hash;
}

#endif
