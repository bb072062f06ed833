#include "matching.h"

#include <math.h>
#include <stdlib.h>

enum error_code match_make(struct match *match, size_t n_max, struct error *error)
{
    size_t n_bytes = (n_max > 0 ? n_max : 1) * sizeof(size_t);
    *match = (struct match){{malloc(n_bytes), 0}, {malloc(n_bytes), 0}};
    if (match->a.configs && match->b.configs)
        return ERROR_NONE;
    match_free(match);
    return error_set(error, ERROR_FATAL, "not enough memory");
}

void match_add(struct match *match, size_t a, size_t b)
{
    match->a.configs[match->a.n++] = a;
    match->b.configs[match->b.n++] = b;
}

void match_free(struct match *match)
{
    free(match->a.configs);
    free(match->b.configs);
    *match = (struct match){{NULL, 0}, {NULL, 0}};
}

enum error_code pairs_find(struct pairs *pairs, const struct reader *reader, const struct match *match,
                           const struct sample *a, const struct sample *b, struct error *error)
{
    size_t n_bytes = (a->n_models > 0 ? a->n_models : 1) * sizeof(size_t), i = 0, j = 0;
    *pairs = (struct pairs){malloc(n_bytes), malloc(n_bytes), malloc(n_bytes), 0};
    if (!pairs->a || !pairs->b || !pairs->replicate) {
        pairs_free(pairs);
        return error_set(error, ERROR_FATAL, "not enough memory");
    }
    for (size_t m = 0; m < match->a.n; m++) {
        size_t end_a = i + models_accepted(reader, match->a.configs[m]);
        size_t end_b = j + models_accepted(reader, match->b.configs[m]);
        while (i < end_a && j < end_b) {
            size_t r = a->models[i].replicate, s = b->models[j].replicate;
            if (r == s) {
                pairs->a[pairs->n] = i;
                pairs->b[pairs->n] = j;
                pairs->replicate[pairs->n++] = r;
            }
            i += r <= s;
            j += s <= r;
        }
        i = end_a;
        j = end_b;
    }
    return ERROR_NONE;
}

void pairs_free(struct pairs *pairs)
{
    free(pairs->a);
    free(pairs->b);
    free(pairs->replicate);
    *pairs = (struct pairs){0};
}

enum error_code aligned_make(struct aligned *aligned, size_t n_replicates, struct error *error)
{
    size_t n_bytes = n_replicates * sizeof(float);
    *aligned = (struct aligned){malloc(n_bytes), malloc(n_bytes), malloc(n_bytes), n_replicates};
    if (aligned->a && aligned->b && aligned->n_pairs)
        return ERROR_NONE;
    aligned_free(aligned);
    return error_set(error, ERROR_FATAL, "not enough memory");
}

void aligned_free(struct aligned *aligned)
{
    free(aligned->a);
    free(aligned->b);
    free(aligned->n_pairs);
    *aligned = (struct aligned){0};
}

void pairs_align(const struct pairs *pairs, const float *column_a, const float *column_b, struct aligned *aligned)
{
    for (size_t r = 0; r < aligned->n; r++)
        aligned->a[r] = aligned->b[r] = aligned->n_pairs[r] = 0;
    for (size_t p = 0; p < pairs->n; p++) {
        float a = column_a[pairs->a[p]], b = column_b[pairs->b[p]];
        size_t r = pairs->replicate[p];
        if (isnan(a) || isnan(b))
            continue;
        aligned->a[r] += a;
        aligned->b[r] += b;
        aligned->n_pairs[r]++;
    }
    for (size_t r = 0; r < aligned->n; r++) {
        aligned->a[r] /= aligned->n_pairs[r]; /* 0/0 is the NaN that is wanted */
        aligned->b[r] /= aligned->n_pairs[r];
    }
}

void sample_by_replicate(const struct sample *sample, const struct selection *configs, const float *column,
                         size_t n_replicates, float *values)
{
    for (size_t i = 0; i < configs->n * n_replicates; i++)
        values[i] = NAN;
    for (size_t m = 0, c = 0; m < sample->n_models; m++) {
        while (configs->configs[c] != sample->models[m].config)
            c++;
        values[c * n_replicates + sample->models[m].replicate] = column[m];
    }
}
