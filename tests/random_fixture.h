/* Random numbers for tests that try random cases: other ones in each run. The seed is printed; PICKY_TEST_SEED=N gives
 * the same cases again. */
#ifndef PICKY_RANDOM_FIXTURE_H
#define PICKY_RANDOM_FIXTURE_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t random_state;

/* To be called first, by main. */
static inline void random_begin(void)
{
    const char *text = getenv("PICKY_TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    random_state = text ? strtoull(text, NULL, 10) : (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    fprintf(stderr, "the same cases again: PICKY_TEST_SEED=%" PRIu64 "\n", random_state);
}

/* splitmix64 */
static inline uint64_t random_bits(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = random_state;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* 0 .. n - 1; n > 0 */
static inline uint64_t random_below(uint64_t n)
{
    return random_bits() % n;
}

/* from .. to */
static inline int64_t random_between(int64_t from, int64_t to)
{
    return from + (int64_t)random_below((uint64_t)(to - from) + 1);
}

/* 0 <= x < 1 */
static inline double random_unit(void)
{
    return (double)(random_bits() >> 11) * 0x1p-53;
}

#endif
