/* How long computations are interrupted.
 *
 * Whoever computes looks at a flag between slices of work of some 10 ms at most, whatever the sizes. Once the flag is
 * set it stays set, every function below returns soon, and what it was filling holds nothing of use. So nothing but the
 * last look matters: if the flag is still down when all is done, no look before can have seen it up, and all is whole.
 */
#ifndef PICKY_INTERRUPT_H
#define PICKY_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifndef INTERRUPT_SLICE /* tests want others: no bit depends on it */
/* A slice of work, in multiply-adds of a vector or what takes as long: 0.5 to 15 ms, by the instruction set. */
#define INTERRUPT_SLICE (1 << 20)
#endif

enum {
    /* What is less than this needs no look of its own, if some hundred of it at most follow each other. */
    INTERRUPT_LEAST = INTERRUPT_SLICE / 64,
    INTERRUPT_BYTES = 1 << 21 /* memory to clear between two looks: up to 5 ms if it is touched for the first time */
};

/* True once `interrupt` is set: by any thread, for good. NULL: never. */
bool interrupt_look(const atomic_bool *interrupt);

/* The same, after so much work; too little is not worth a look. */
static inline bool interrupt_after(const atomic_bool *interrupt, size_t work)
{
    return work >= INTERRUPT_LEAST && interrupt_look(interrupt);
}

/* Fills memory with zeros. */
static inline void interrupt_clear(const atomic_bool *interrupt, void *memory, size_t n_bytes)
{
    for (size_t first = 0; first < n_bytes && !interrupt_look(interrupt); first += INTERRUPT_BYTES) {
        size_t left = n_bytes - first;
        memset((char *)memory + first, 0, left < INTERRUPT_BYTES ? left : INTERRUPT_BYTES);
    }
}

/* How many of n things that take `work` each make a slice: a multiple of `step`, and at least that, or all. */
static inline size_t interrupt_slice(size_t n, size_t work, size_t step)
{
    if (n * work <= INTERRUPT_SLICE)
        return n;
    size_t fit = INTERRUPT_SLICE / work / step * step;
    fit = fit > step ? fit : step;
    return fit < n ? fit : n;
}

#endif
