/* What a core can do at best on each instruction set: loops that do one thing only, for benchmarks. */
#ifndef PICKY_LIMITS_H
#define PICKY_LIMITS_H

#include "errors.h"

#include <stddef.h>

struct limits {
    const char *name; /* as struct kernels */
    size_t lanes;
    /* Each does n operations on vectors and returns a number that depends on all of them. */
    float (*multiply_add)(size_t n);                             /* independent chains, from and to registers */
    float (*sqrt_div)(size_t n);                                 /* n square roots and n divisions */
    float (*read)(float *memory, size_t n_vectors, size_t n);    /* n loads from n_vectors, again and again */
    float (*rewrite)(float *memory, size_t n_vectors, size_t n); /* the same, and what was loaded is changed */
};

/* The limits of the instruction set called `name` (one that kernels_choose has returned). Static. */
const struct limits *limits_of(const char *name);

#endif
