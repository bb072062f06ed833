/* Prints what the statistics make of numbers from standard input, for comparison with other software. Each line of
 * input is one call:
 *   wilson K N              -> low high
 *   summary V...            -> mean and the quantiles at 0, 0.05, 0.25, 0.5, 0.95, 1
 *   ri BELOW N A... B...    -> ri... selective_a selective_b mixed unimportant bins... */
#include "statistics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 4096

static size_t read_values(char *text, float *values)
{
    size_t n = 0;
    for (char *word = strtok(text, " \n"); word && n < VALUES_MAX; word = strtok(NULL, " \n"))
        values[n++] = strtof(word, NULL);
    return n;
}

static void print_ri(double below, const float *a, const float *b, size_t n)
{
    static double ri[VALUES_MAX];
    struct ri_counts counts = {0};
    statistics_relative_importance(a, b, n, below, ri);
    ri_counts_add(&counts, ri, n);
    for (size_t i = 0; i < n; i++)
        printf("%.17g ", ri[i]);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, counts.selective_a, counts.selective_b, counts.mixed,
           counts.unimportant);
    for (int i = 0; i < RI_BINS; i++)
        printf(" %" PRIu64, counts.bins[i]);
    printf("\n");
}

int main(void)
{
    static char line[1 << 20];
    static float values[VALUES_MAX];
    while (fgets(line, sizeof line, stdin)) {
        uint64_t k, n_trials;
        double below, low, high;
        int used = 0;
        size_t n;
        if (sscanf(line, "wilson %" SCNu64 " %" SCNu64, &k, &n_trials) == 2) {
            statistics_wilson(k, n_trials, &low, &high);
            printf("%.17g %.17g\n", low, high);
        } else if (sscanf(line, "ri %lf %zu %n", &below, &n, &used) == 2) {
            if (read_values(line + used, values) != 2 * n)
                return 1;
            print_ri(below, values, values + n, n);
        } else if (strncmp(line, "summary ", 8) == 0) {
            n = read_values(line + 8, values);
            printf("%.17g", statistics_mean(values, n));
            statistics_sort(values, n);
            const double p[] = {0, 0.05, 0.25, 0.5, 0.95, 1};
            for (size_t i = 0; i < sizeof p / sizeof p[0]; i++)
                printf(" %.17g", statistics_quantile(values, n, p[i]));
            printf("\n");
        } else {
            return 1;
        }
    }
    return 0;
}
