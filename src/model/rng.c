#include "rng.h"

#include "errors.h"

#include <Random123/philox.h>

struct rng_key rng_key(int64_t seed, unsigned attempt)
{
    check(seed >= 0 && seed < INT64_C(1) << 53 && attempt < 2048);
    uint64_t key = (uint64_t)seed | (uint64_t)attempt << 53;
    return (struct rng_key){{(uint32_t)key, (uint32_t)(key >> 32)}};
}

static philox4x32_ctr_t block(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, uint32_t index)
{
    philox4x32_ctr_t counter = {{index, a, b, (uint32_t)purpose}};
    philox4x32_key_t philox_key = {{key.word[0], key.word[1]}};
    return philox4x32_R(10, counter, philox_key);
}

void rng_words(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t n, uint32_t *out)
{
    for (size_t i = 0; i < n; i += 4) {
        philox4x32_ctr_t words = block(key, purpose, a, b, (uint32_t)(i / 4));
        for (size_t j = 0; j < 4 && i + j < n; j++)
            out[i + j] = words.v[j];
    }
}

void rng_uniforms(struct rng_key key, enum rng_purpose purpose, uint32_t a, uint32_t b, size_t first, size_t n,
                  float *out)
{
    check(first % 4 == 0);
    for (size_t i = 0; i < n; i += 4) {
        philox4x32_ctr_t words = block(key, purpose, a, b, (uint32_t)((first + i) / 4));
        for (size_t j = 0; j < 4 && i + j < n; j++)
            out[i + j] = (float)(words.v[j] >> 8) * 0x1p-24f;
    }
}
