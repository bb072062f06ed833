#include "max_t.h"

#include "numbers.h"
#include "rng.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TIED     1e-3 /* t^2 that differ by this share are equal: differences of shares k/H are floats */
#define CERTAIN  1e-6 /* what is left of the squares at most where all differences count as equal */
#define BLOCK    256  /* rows whose differences stay in the cache */
#define SIGNS_OF 1    /* b of RNG_BOOTSTRAP */

/* The rows of the family. */
struct family {
    double *differences; /* [n_seeds, n_rows]: 0 where there is none */
    double *squares;     /* [n_rows]: sum of squares */
    double *counts;      /* [n_rows]: differences */
    double *sums;        /* [n_rows]: under the signs of the moment */
    size_t n_rows, n_seeds;
};

/* t^2 of a row by the sum of its differences under some signs: the squares are the same under all. */
static double t_square(const struct family *f, size_t row)
{
    double explained = f->sums[row] * f->sums[row] / (f->counts[row] * f->squares[row]);
    return (f->counts[row] - 1) * explained / fmax(1 - explained, CERTAIN);
}

/* Adds the differences of rows first .. end - 1 up under signs [n_seeds]; returns their largest t^2. */
static double largest_t_square(struct family *f, size_t first, size_t end, const bool *is_flipped)
{
    double largest = 0;
    memset(f->sums + first, 0, (end - first) * sizeof *f->sums);
    for (size_t s = 0; s < f->n_seeds; s++) {
        const double *row = f->differences + s * f->n_rows;
        double sign = is_flipped[s] ? -1 : 1;
        for (size_t i = first; i < end; i++)
            f->sums[i] += sign * row[i];
    }
    for (size_t i = first; i < end; i++)
        largest = fmax(largest, t_square(f, i));
    return largest;
}

/* The signs of a pattern; those of pattern 0 are as they are. */
static void choose_signs(size_t pattern, size_t n_seeds, uint32_t *words, bool *is_flipped)
{
    if (n_seeds > MAX_T_EXHAUSTIVE_MAX && pattern > 0)
        rng_words(rng_key(0, 0), RNG_BOOTSTRAP, (uint32_t)pattern, SIGNS_OF, n_seeds, words);
    for (size_t s = 0; s < n_seeds; s++)
        is_flipped[s] = n_seeds <= MAX_T_EXHAUSTIVE_MAX ? pattern >> s & 1 : pattern > 0 && words[s] >> 31;
}

/* The share of sorted values [n] that are at least x. */
static double share_from(const double *sorted, size_t n, double x)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sorted[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return (double)(n - low) / (double)n;
}

/* Whether a row belongs to the family; marks its seeds. */
static bool is_member(const float *row, size_t n_seeds, bool *has_seed)
{
    size_t n = 0;
    bool has_other = false;
    for (size_t s = 0; s < n_seeds; s++) {
        n += isnan(row[s]) ? 0 : 1;
        has_other |= !isnan(row[s]) && row[s] != 0;
    }
    if (n < MAX_T_SEEDS_MIN || !has_other)
        return false;
    for (size_t s = 0; s < n_seeds; s++)
        has_seed[s] |= !isnan(row[s]);
    return true;
}

/* Takes the members' differences, without seeds that none has. */
static void fill(struct family *f, const float *differences, size_t n_all, const size_t *members, const bool *has_seed)
{
    size_t place = 0;
    for (size_t s = 0; s < n_all; s++) {
        if (!has_seed[s])
            continue;
        for (size_t i = 0; i < f->n_rows; i++) {
            double d = (double)differences[members[i] * n_all + s];
            f->differences[place * f->n_rows + i] = isnan(d) ? 0 : d;
            f->squares[i] += isnan(d) ? 0 : d * d;
            f->counts[i] += isnan(d) ? 0 : 1;
        }
        place++;
    }
}

enum error_code max_t_family(const float *differences, size_t n_rows, size_t n_seeds, double *p, size_t *n_used,
                             struct error *error)
{
    struct family f = {0};
    size_t *members = calloc(n_rows + 1, sizeof *members);
    bool *has_seed = calloc(n_seeds + 1, sizeof *has_seed), *is_flipped = malloc(n_seeds + 1);
    uint32_t *words = malloc((n_seeds + 4) * sizeof *words);
    double *largest = calloc(MAX_T_PATTERNS, sizeof *largest);

    *n_used = 0;
    error->code = ERROR_NONE;
    for (size_t i = 0; i < n_rows; i++)
        p[i] = (double)NAN;
    for (size_t i = 0; members && has_seed && i < n_rows; i++)
        if (is_member(differences + i * n_seeds, n_seeds, has_seed))
            members[f.n_rows++] = i;
    for (size_t s = 0; has_seed && s < n_seeds; s++)
        f.n_seeds += has_seed[s];
    f.differences = malloc((f.n_rows * f.n_seeds + 1) * sizeof *f.differences);
    f.squares = calloc(f.n_rows + 1, sizeof *f.squares);
    f.counts = calloc(f.n_rows + 1, sizeof *f.counts);
    f.sums = malloc((f.n_rows + 1) * sizeof *f.sums);
    if (!members || !has_seed || !is_flipped || !words || !largest || !f.differences || !f.squares || !f.counts ||
        !f.sums) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    if (f.n_rows == 0)
        goto done;
    fill(&f, differences, n_seeds, members, has_seed);
    size_t n_patterns = f.n_seeds <= MAX_T_EXHAUSTIVE_MAX ? (size_t)1 << f.n_seeds : MAX_T_PATTERNS;
    for (size_t first = 0; first < f.n_rows; first += BLOCK) {
        size_t end = first + BLOCK < f.n_rows ? first + BLOCK : f.n_rows;
        for (size_t k = n_patterns; k-- > 0;) { /* the last one, 0, leaves the sums as they are */
            choose_signs(k, f.n_seeds, words, is_flipped);
            largest[k] = fmax(largest[k], largest_t_square(&f, first, end, is_flipped));
        }
    }
    qsort(largest, n_patterns, sizeof *largest, number_compare);
    for (size_t i = 0; i < f.n_rows; i++)
        p[members[i]] = share_from(largest, n_patterns, t_square(&f, i) * (1 - TIED));
    *n_used = f.n_seeds;
done:
    free(f.sums);
    free(f.counts);
    free(f.squares);
    free(f.differences);
    free(largest);
    free(words);
    free(is_flipped);
    free(has_seed);
    free(members);
    return error->code;
}
