/* Random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), from
 * Random123. Counter-based: every number is a pure function of (seed, attempt, stream, element), so nothing
 * depends on the order in which numbers are drawn.
 *
 * key     = seed + attempt * 2^53 as 64 bits, low word first (attempt is 0-based)
 * counter = { element / 4, a, b, purpose }; element % 4 picks the word of the block
 *
 * Streams (purpose, a, b) and their elements:
 *   RNG_INITIAL_WEIGHTS  a = unit (0-based), b = layer (1..L+1, L+1 = output); element = column of the weight row (the
 *                        layer's inputs, then the context)
 *   RNG_TRAIN_SET        a = b = 0; elements 2i and 2i+1 = x0 and x1 of training sample i (task 1's come first)
 *   RNG_TEST_SET         a = task (0-based), b = 0 (1: of a second set, analysis: lesion.h); elements 2i and 2i+1 = x0
 * and x1 of the task's test sample i RNG_BATCHES          a = optimiser step (counted through all epochs and phases), b
 * = 0; element = draw RNG_NULL_JOBS        a = configuration, b = 0; element = number of a record that is made up
 * (null_job.h) RNG_BOOTSTRAP        a = resample, b = 0; element = draw (seed and attempt 0; analysis: bootstrap.h) a =
 * pattern, b = 1; element = seed whose sign it chooses (max_t.h) RNG_SAMPLE           a, b = number of a slot, low and
 * high word; elements 0 and 1 choose it or not (verify.h) RNG_LESIONS          a = draw, b = 2 (layer - 1) + group;
 * element = exchange of a shuffle (analysis: lesion.h) RNG_RANDOM_CONSTANTS a = b = 0; elements 0..9 = r0..r9 of
 * formulas (attempt 0 for all attempts; task_list.h)
 *
 * A value once used is part of the results: streams are never renumbered. */
#ifndef PICKY_RNG_H
#define PICKY_RNG_H

#include <stddef.h>
#include <stdint.h>

enum rng_purpose {
    RNG_INITIAL_WEIGHTS = 1,
    RNG_TRAIN_SET = 2,
    RNG_TEST_SET = 3,
    RNG_BATCHES = 4,
    RNG_NULL_JOBS = 5,
    RNG_BOOTSTRAP = 6,
    RNG_SAMPLE = 7,
    RNG_LESIONS = 8,
    RNG_RANDOM_CONSTANTS = 9
};

struct rng_key {
    uint32_t word[2];
};

/* The key of one attempt (0-based, below 2048) of a job with 0 <= seed <= SEED_MAX. */
struct rng_key rng_key(int64_t seed, unsigned attempt);

/* Elements 0..n-1 of a stream as 32-bit words: out [n]. */
void rng_words(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t n, uint32_t *out);

/* Elements first..first+n-1 of a stream (first a multiple of 4) as uniforms in [0, 1), multiples of 2^-24 (a word's top
 * 24 bits): out [n]. */
void rng_uniforms(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t first, size_t n,
                  float *out);

/* A word as an index below n: floor(word * n / 2^32); no index is more likely than another by over n / 2^32. */
static inline uint32_t rng_index(uint32_t word, uint32_t n)
{
    return (uint32_t)((uint64_t)word * n >> 32);
}

#endif
