#include "noise.h"

#include "lesion.h"
#include "ticker.h"

#include <math.h>
#include <stdlib.h>

/* What one configuration adds up for one condition of a pair. */
struct sums {
    enum claim_id claim;
    struct task_pair tasks;
    double sum[N_MEASURES], n[N_MEASURES];
};

struct work {
    const struct reader *reader;
    size_t config;
    int n_measures;
    double unimportant_below;
    struct sums sums[N_CLAIMS]; /* [n_sums] */
    int n_sums;
};

/* Adds the numbers of one model. */
static void take_model(void *context, size_t replicate, const float *first, const float *second)
{
    struct work *work = context;
    const struct hyperparameters *h = &work->reader->configs[work->config];
    size_t n_task = (size_t)h->hidden_layers * (size_t)h->hidden_size;
    size_t n_measure = n_task * (size_t)hyperparameters_n_tasks(h);
    (void)replicate;
    for (int i = 0; i < work->n_sums; i++)
        for (int m = 0; m < work->n_measures; m++)
            for (int t = 0; t < 2; t++) {
                struct sums *sums = &work->sums[i];
                size_t place = (size_t)m * n_measure + (size_t)(t == 0 ? sums->tasks.a : sums->tasks.b) * n_task;
                double number =
                    claim_judged_number(sums->claim, h, first + place, second + place, work->unimportant_below);
                if (!isnan(number)) {
                    sums->sum[m] += number;
                    sums->n[m]++;
                }
            }
}

/* Whether a configuration is a condition of a claim; which of its tasks it is about. */
static bool find_side(const struct claim_result *result, bool has_b, size_t config, struct task_pair *tasks)
{
    for (size_t p = 0; p < result->pairs.n; p++) {
        const struct claim_pair *pair = &result->pairs.pairs[p];
        if (pair->a.config == config || (has_b && pair->b.config == config)) {
            *tasks = pair->a.config == config ? pair->a.tasks : pair->b.tasks;
            return true;
        }
    }
    return false;
}

/* Adds one configuration's means to the claims' sums of pairs. */
static void add_config(struct claims *claims, const struct work *work, double n_a[N_CLAIMS][N_MEASURES],
                       double n_b[N_CLAIMS][N_MEASURES])
{
    for (int i = 0; i < work->n_sums; i++) {
        const struct sums *sums = &work->sums[i];
        struct claim_result *result = &claims->results[sums->claim];
        for (size_t p = 0; p < result->pairs.n; p++)
            for (int m = 0; m < work->n_measures; m++) {
                double mean = sums->sum[m] / sums->n[m];
                if (isnan(mean))
                    continue;
                if (result->pairs.pairs[p].a.config == work->config) {
                    result->noise_a[m] += mean;
                    n_a[sums->claim][m]++;
                }
                if (claim_table[sums->claim].key && result->pairs.pairs[p].b.config == work->config) {
                    result->noise_b[m] += mean;
                    n_b[sums->claim][m]++;
                }
            }
    }
}

enum error_code noise_measure(struct claims *claims, struct reader *reader, struct error *error)
{
    double n_a[N_CLAIMS][N_MEASURES] = {{0}}, n_b[N_CLAIMS][N_MEASURES] = {{0}};
    struct ticker ticker;
    error->code = ERROR_NONE;
    for (int c = 0; c < N_CLAIMS; c++)
        for (int m = 0; m < claims->n_measures; m++)
            claims->results[c].noise_a[m] = claims->results[c].noise_b[m] = 0;
    ticker_begin(&ticker, "configurations measured again", reader->n_configs);
    for (size_t config = 0; config < reader->n_configs && !error->code; config++) {
        struct work work = {.reader = reader,
                            .config = config,
                            .n_measures = claims->n_measures,
                            .unimportant_below = claims->unimportant_below};
        for (int c = 0; c < N_CLAIMS; c++) {
            struct sums *sums = &work.sums[work.n_sums];
            *sums = (struct sums){.claim = (enum claim_id)c};
            work.n_sums += find_side(&claims->results[c], claim_table[c].key != NULL, config, &sums->tasks) ? 1 : 0;
        }
        if (work.n_sums > 0 && !lesion_measure_again(reader, config, NOISE_MODELS, take_model, &work, error))
            add_config(claims, &work, n_a, n_b);
        ticker_add(&ticker, 1);
    }
    ticker_end(&ticker);
    for (int c = 0; c < N_CLAIMS; c++)
        for (int m = 0; m < claims->n_measures; m++) {
            claims->results[c].noise_a[m] /= n_a[c][m]; /* 0/0 is the NaN that is wanted */
            claims->results[c].noise_b[m] /= n_b[c][m];
        }
    return error->code;
}
