#include "kernels.h"

#include "machine_limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct kernels kernels_portable;
extern const struct limits limits_portable;
#if defined(__x86_64__)
extern const struct kernels kernels_avx2, kernels_avx512;
extern const struct limits limits_avx2, limits_avx512;
#elif defined(__aarch64__)
extern const struct kernels kernels_neon;
extern const struct limits limits_neon;
#endif

/* All that this build has, the preferred one first. */
static const struct kernels *const all_kernels[] = {
#if defined(__x86_64__)
    &kernels_avx512,
    &kernels_avx2,
#elif defined(__aarch64__)
    &kernels_neon,
#endif
    &kernels_portable,
};
static const struct limits *const all_limits[] = {
#if defined(__x86_64__)
    &limits_avx512,
    &limits_avx2,
#elif defined(__aarch64__)
    &limits_neon,
#endif
    &limits_portable,
};
enum { N_KERNELS = sizeof all_kernels / sizeof all_kernels[0] };

static bool can_run(const struct kernels *kernels)
{
#if defined(__x86_64__)
    if (kernels == &kernels_avx512)
        return __builtin_cpu_supports("avx512f");
    if (kernels == &kernels_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    (void)kernels; /* aarch64 always has NEON */
#endif
    return true;
}

enum error_code kernels_choose(const struct kernels **kernels, struct error *error)
{
    const char *wanted = getenv("PICKY_SIMD");
    bool any = wanted == NULL || *wanted == '\0';
    char runnable[64] = "";
    for (int i = 0; i < N_KERNELS; i++) {
        if (!can_run(all_kernels[i]))
            continue;
        if (any || strcmp(all_kernels[i]->name, wanted) == 0) {
            *kernels = all_kernels[i];
            return ERROR_NONE;
        }
        size_t used = strlen(runnable);
        snprintf(runnable + used, sizeof runnable - used, "%s%s", used ? ", " : "", all_kernels[i]->name);
    }
    return error_set(error, ERROR_INPUT,
                     "PICKY_SIMD = \"%.40s\": not an instruction set of this machine and build; allowed: %s", wanted,
                     runnable);
}

static bool is_chosen(void)
{
    const char *wanted = getenv("PICKY_SIMD");
    return wanted && *wanted != '\0';
}

const struct kernels *kernels_narrower(const struct kernels *kernels)
{
    if (is_chosen())
        return NULL;
    for (int i = 0; i < N_KERNELS; i++)
        if (can_run(all_kernels[i]) && all_kernels[i]->lanes < kernels->lanes && all_kernels[i] != &kernels_portable)
            return all_kernels[i];
    return NULL;
}

const struct limits *limits_of(const char *name)
{
    int i = 0;
    while (strcmp(all_limits[i]->name, name) != 0)
        check(++i < N_KERNELS);
    return all_limits[i];
}
