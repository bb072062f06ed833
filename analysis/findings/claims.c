#include "claims.h"

#include "groups.h"
#include "matching.h"
#include "ticker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const decision_names[N_DECISIONS] = {"supported", "opposed", "undecided", "too few"};

const struct claim claim_table[N_CLAIMS] = {
    [CLAIM_TWO_SUBNETWORKS] =
        {"two_subnetworks", "Unlike tasks: the layer that the context enters splits into two subnetworks",
         "twice the smaller of the two shares of selective units, less the share of mixed ones, in layer 1",
         "unlike tasks (prod), context at the start, random training, fraction 0.4 to 0.6, 20 units or more", NULL,
         NULL},
    [CLAIM_SIMILAR_SHARE] =
        {"similar_tasks_share", "Similar tasks share neurons, in the layers behind the context's",
         "share of mixed units less that of selective ones, mean of the layers behind the context's: b - a",
         "unlike tasks (prod), context before the last layer, random training", "similar tasks (addK), else equal",
         "second_task"},
    [CLAIM_SMALL_MIX] = {"small_networks_mix", "Small networks mix",
                         "share of mixed units less that of selective ones, mean of all layers: b - a",
                         "the largest hidden_size", "the smallest, at most a quarter of it, else equal", "hidden_size"},
    [CLAIM_END_SPLITS] = {"end_splits_last", "Context at the end splits the last layer more than those before",
                          "share of selective units less that of mixed ones: last layer - mean of the layers before",
                          "unlike tasks (prod), context at the last of several layers, random training", NULL, NULL},
    [CLAIM_LEAKS] = {"leaks_backwards", "Selectivity leaks backwards, into the layers before the context's",
                     "share of selective units, mean of the layers before the context's (where variance sees no task)",
                     "unlike tasks (prod), context at the last of several layers, random training", NULL, NULL},
    [CLAIM_REPLAY_SELECTS] = {"replay_selects", "Replay makes selective neurons",
                              "share of selective units, mean of all layers: b - a", "random training",
                              "replay, else equal", "train_mode"},
    [CLAIM_RARE_RECRUITS] =
        {"rare_task_recruits", "The rarer task takes more neurons",
         "units with RI > 0 less those with RI < 0, as a share of all units, mean of all layers: b - a",
         "the highest fraction (share of task 1), random training", "the lowest, else equal", "fraction"},
};

/* ---- One number a model ---- */

/* Models, and what their shares are of. */
struct view {
    const struct sample *sample;
    bool is_of_important; /* of the units that are important to a task, else of all */
};

/* A share of all of a layer's units as one of what shares are of; NaN if that is none. */
static double rescaled(const struct view *view, double share_of_all, size_t layer, size_t model)
{
    if (!view->is_of_important)
        return share_of_all;
    return share_of_all / (1 - (double)sample_column(view->sample, STATISTIC_UNIMPORTANT, layer)[model]);
}

/* A model's share of a layer's units, whose column is given. */
static double share(const struct view *view, enum statistic statistic, size_t layer, size_t model)
{
    return rescaled(view, (double)sample_column(view->sample, statistic, layer)[model], layer, model);
}

/* Selective units less mixed ones. */
static double contrast(const struct view *view, size_t layer, size_t model)
{
    return share(view, STATISTIC_SELECTIVE, layer, model) - share(view, STATISTIC_MIXED, layer, model);
}

static double two_groups(const struct view *view, size_t layer, size_t model)
{
    double of_1 = share(view, STATISTIC_SELECTIVE_1, layer, model);
    double of_2 = share(view, STATISTIC_SELECTIVE_2, layer, model);
    return 2 * (of_1 < of_2 ? of_1 : of_2) - share(view, STATISTIC_MIXED, layer, model);
}

static double selective(const struct view *view, size_t layer, size_t model)
{
    return share(view, STATISTIC_SELECTIVE, layer, model);
}

/* Units that lean to task 1 less those that lean to task 2. An RI of 0 is in the upper middle bin; it is rare. */
static double leaning(const struct view *view, size_t layer, size_t model)
{
    double sum = 0;
    for (size_t b = 0; b < RI_BINS; b++)
        sum += (b < RI_BINS / 2 ? -1 : 1) * (double)sample_bin(view->sample, layer, b)[model];
    return rescaled(view, sum, layer, model);
}

typedef double (*layer_function)(const struct view *view, size_t layer, size_t model);

/* Mean over those of layers first .. end - 1 that have a number; NaN if there is none. */
static double mean_of_layers(layer_function function, const struct view *view, int first, int end, size_t model)
{
    double sum = 0, n = 0;
    for (int l = first; l < end; l++) {
        double number = function(view, (size_t)l, model);
        if (!isnan(number)) {
            sum += number;
            n++;
        }
    }
    return sum / n; /* 0/0 is the NaN that is wanted */
}

/* The number of a claim, of one model with the hyperparameters h. */
static double number_of(enum claim_id claim, const struct view *view, size_t model, const struct hyperparameters *h)
{
    int n_layers = (int)h->hidden_layers, context = hyperparameters_context_layer(h) - 1;
    switch (claim) {
    case CLAIM_TWO_SUBNETWORKS: return two_groups(view, (size_t)context, model);
    case CLAIM_SIMILAR_SHARE: return -mean_of_layers(contrast, view, context + 1, n_layers, model);
    case CLAIM_SMALL_MIX: return -mean_of_layers(contrast, view, 0, n_layers, model);
    case CLAIM_END_SPLITS:
        return contrast(view, (size_t)context, model) - mean_of_layers(contrast, view, 0, context, model);
    case CLAIM_LEAKS: return mean_of_layers(selective, view, 0, context, model);
    case CLAIM_REPLAY_SELECTS: return mean_of_layers(selective, view, 0, n_layers, model);
    case CLAIM_RARE_RECRUITS: return mean_of_layers(leaning, view, 0, n_layers, model);
    case N_CLAIMS: break;
    }
    return (double)NAN;
}

/* ---- Which configurations ---- */

static bool is_unlike(const struct hyperparameters *h)
{
    return strcmp(h->second_task, "prod") == 0;
}

static bool is_random(const struct hyperparameters *h)
{
    return h->train_mode == TRAIN_RANDOM;
}

static bool is_even(const struct hyperparameters *h)
{
    return h->fraction >= 0.4 && h->fraction <= 0.6;
}

/* Whether a configuration is of a claim's condition a (of claims with extremes: may be of either). */
static bool is_a(enum claim_id claim, const struct hyperparameters *h)
{
    int context = hyperparameters_context_layer(h);
    switch (claim) {
    case CLAIM_TWO_SUBNETWORKS:
        return is_unlike(h) && is_random(h) && is_even(h) && context == 1 && h->hidden_size >= 20;
    case CLAIM_SIMILAR_SHARE: return is_unlike(h) && is_random(h) && context < h->hidden_layers;
    case CLAIM_SMALL_MIX: return true;
    case CLAIM_END_SPLITS:
    case CLAIM_LEAKS: return is_unlike(h) && is_random(h) && context == h->hidden_layers && context > 1;
    default: return is_random(h);
    }
}

/* Whether a configuration that differs from one of a in the claim's key alone is of its condition b. */
static bool is_b(enum claim_id claim, const struct hyperparameters *a, const struct hyperparameters *h)
{
    switch (claim) {
    case CLAIM_SIMILAR_SHARE: return !is_unlike(h);
    case CLAIM_SMALL_MIX: return 4 * h->hidden_size <= a->hidden_size;
    case CLAIM_REPLAY_SELECTS: return h->train_mode == TRAIN_REPLAY;
    default: return h->fraction < a->fraction;
    }
}

/* Of claims whose conditions are the ends of the key's values: the key's value. */
static double extreme(enum claim_id claim, const struct hyperparameters *h)
{
    return claim == CLAIM_SMALL_MIX ? (double)h->hidden_size : claim == CLAIM_RARE_RECRUITS ? h->fraction : 0;
}

/* Adds the pairs within a group of configurations that differ in the key alone: of extremes one, else each b with its
 * a (the first, should there be more). */
static void add_pairs(enum claim_id claim, const struct reader *reader, const struct selection *group,
                      struct match *match)
{
    const struct hyperparameters *configs = reader->configs;
    size_t n = group->n, high = n;
    bool is_extreme = claim == CLAIM_SMALL_MIX || claim == CLAIM_RARE_RECRUITS;
    for (size_t i = 0; i < n; i++)
        if (is_a(claim, &configs[group->configs[i]]) &&
            (high == n || extreme(claim, &configs[group->configs[i]]) > extreme(claim, &configs[group->configs[high]])))
            high = i;
    if (high == n)
        return;
    const struct hyperparameters *a = &configs[group->configs[high]];
    size_t low = high;
    for (size_t i = 0; i < n; i++) {
        const struct hyperparameters *h = &configs[group->configs[i]];
        if (i == high || !is_b(claim, a, h))
            continue;
        if (!is_extreme)
            match_add(match, group->configs[high], group->configs[i]);
        else if (low == high || extreme(claim, h) < extreme(claim, &configs[group->configs[low]]))
            low = i;
    }
    if (is_extreme && low != high)
        match_add(match, group->configs[high], group->configs[low]);
}

static enum error_code find_configs(enum claim_id claim, struct reader *reader, const struct selection *selection,
                                    struct match *match, struct error *error)
{
    struct groups groups = {0};
    if (match_make(match, selection->n, error))
        return error->code;
    if (!claim_table[claim].key) {
        for (size_t i = 0; i < selection->n; i++)
            if (is_a(claim, &reader->configs[selection->configs[i]]))
                match_add(match, selection->configs[i], selection->configs[i]);
        return ERROR_NONE;
    }
    if (groups_make_without(&groups, reader, selection, hyperparameter_find(claim_table[claim].key), error))
        return error->code;
    for (size_t g = 0; g < groups.n; g++)
        add_pairs(claim, reader, &groups.groups[g], match);
    groups_free(&groups);
    return ERROR_NONE;
}

/* ---- Verdicts ---- */

static void fill_numbers(enum claim_id claim, const struct reader *reader, const struct view *view, float *numbers)
{
    const struct sample *sample = view->sample;
    for (size_t m = 0; m < sample->n_models; m++)
        numbers[m] = (float)number_of(claim, view, m, &reader->configs[sample->models[m].config]);
}

static double mean_of(const float *values, size_t n)
{
    double sum = 0, n_values = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            sum += (double)values[i];
            n_values++;
        }
    return sum / n_values;
}

static enum error_code decide(enum claim_id claim, struct reader *reader, const struct match *match,
                              const struct ri_options *options, bool is_of_important, struct verdict *verdict,
                              struct error *error)
{
    struct sample a = {0}, b = {0};
    struct pairs pairs = {0};
    struct aligned aligned = {0};
    float *numbers_a = NULL, *numbers_b = NULL;
    bool is_pair = claim_table[claim].key != NULL;

    *verdict = (struct verdict){.decision = CLAIM_TOO_FEW, .mean_a = (double)NAN, .mean_b = (double)NAN};
    if (sample_read(&a, reader, &match->a, options, true, error) ||
        (is_pair && sample_read(&b, reader, &match->b, options, true, error)) ||
        pairs_find(&pairs, reader, match, &a, is_pair ? &b : &a, error) ||
        aligned_make(&aligned, reader->n_replicates, error))
        goto done;
    numbers_a = malloc((a.n_models + 1) * sizeof *numbers_a);
    numbers_b = malloc((b.n_models + 1) * sizeof *numbers_b);
    if (!numbers_a || !numbers_b) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    fill_numbers(claim, reader, &(struct view){&a, is_of_important}, numbers_a);
    fill_numbers(claim, reader, &(struct view){&b, is_of_important}, numbers_b);
    pairs_align(&pairs, numbers_a, is_pair ? numbers_b : numbers_a, &aligned);
    verdict->mean_a = mean_of(aligned.a, aligned.n);
    verdict->mean_b = is_pair ? mean_of(aligned.b, aligned.n) : (double)NAN;
    for (size_t r = 0; r < aligned.n && is_pair; r++)
        aligned.a[r] = aligned.b[r] - aligned.a[r];
    if (bootstrap_means(aligned.a, aligned.n, 1, &verdict->effect, error))
        goto done;
    if (verdict->effect.n >= CLAIM_SEEDS)
        verdict->decision = verdict->effect.low > CLAIM_EFFECT    ? CLAIM_SUPPORTED
                            : verdict->effect.high < CLAIM_EFFECT ? CLAIM_OPPOSED
                                                                  : CLAIM_UNDECIDED;
done:
    free(numbers_b);
    free(numbers_a);
    aligned_free(&aligned);
    pairs_free(&pairs);
    sample_free(&b);
    sample_free(&a);
    return error->code;
}

/* Sums of deviations from the means of their configurations. */
struct correlation_sums {
    double xx, yy, xy;
    size_t n, n_configs;
};

static enum error_code add_config(struct reader *reader, size_t config, const struct ri_options *options,
                                  struct correlation_sums *sums, struct error *error)
{
    struct selection one = {&config, 1};
    struct sample sample;
    double n = 0, mean_x = 0, mean_y = 0;
    if (sample_read(&sample, reader, &one, options, false, error))
        return error->code;
    const float *ratio = sample_column(&sample, STATISTIC_LOSS_RATIO, 0);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t m = 0; m < sample.n_models; m++) {
            double x = (double)ratio[m], y = 0, n_layers = 0;
            for (size_t l = 0; l < sample.n_layers; l++) {
                double mean_ri = (double)sample_column(&sample, STATISTIC_MEAN_RI, l)[m];
                if (!isnan(mean_ri)) {
                    y += mean_ri;
                    n_layers++;
                }
            }
            y /= n_layers;
            if (isnan(x) || isnan(y))
                continue;
            if (pass == 0) {
                mean_x += x;
                mean_y += y;
                n++;
            } else {
                sums->xx += (x - mean_x) * (x - mean_x);
                sums->yy += (y - mean_y) * (y - mean_y);
                sums->xy += (x - mean_x) * (y - mean_y);
            }
        }
        if (pass == 0) {
            mean_x /= n;
            mean_y /= n;
        }
    }
    sums->n += (size_t)n;
    sums->n_configs += n > 0;
    sample_free(&sample);
    return ERROR_NONE;
}

static enum error_code correlate(struct reader *reader, const struct selection *selection,
                                 const struct ri_options *options, struct loss_correlation *result, struct error *error)
{
    struct correlation_sums sums = {0};
    for (size_t i = 0; i < selection->n; i++)
        if (add_config(reader, selection->configs[i], options, &sums, error))
            return error->code;
    *result = (struct loss_correlation){(double)NAN, (double)NAN, (double)NAN, sums.n};
    double degrees = (double)sums.n - (double)sums.n_configs - 2; /* n - 3 for a single mean (Fisher 1921) */
    if (!(sums.xx > 0 && sums.yy > 0))
        return ERROR_NONE;
    result->r = fmax(-1, fmin(1, sums.xy / sqrt(sums.xx * sums.yy)));
    if (degrees > 0) {
        double z = atanh(result->r), half = 1.959963984540054 / sqrt(degrees);
        result->low = tanh(z - half);
        result->high = tanh(z + half);
    }
    return ERROR_NONE;
}

/* Models that will be read for one measure and normalisation. */
static uint64_t count_reads(const struct claims *claims, const struct reader *reader, const struct selection *selection)
{
    uint64_t n = selection->n;
    for (size_t c = 0; c < N_CLAIMS; c++)
        n += claims->results[c].a.n + (claim_table[c].key ? claims->results[c].b.n : 0);
    return n * reader->n_replicates;
}

enum error_code claims_decide(struct claims *claims, struct reader *reader, const struct selection *selection,
                              const struct ri_options *options, bool is_of_important, struct error *error)
{
    const enum field fields[] = {FIELD_ATTEMPTS, FIELD_TEST_ERROR, FIELD_TEST_LOSS, FIELD_IMPORTANCE};
    struct ri_options ri = *options;
    struct ticker ticker;

    memset(claims, 0, sizeof *claims);
    claims->is_of_important = is_of_important;
    claims->n_measures = reader_n_measures(reader);
    if (reader_require(reader, fields, sizeof fields / sizeof fields[0], error))
        return error->code;
    for (int c = 0; c < N_CLAIMS; c++) {
        struct match match;
        enum error_code code = find_configs((enum claim_id)c, reader, selection, &match, error);
        claims->results[c].a = match.a; /* the claims own them now */
        claims->results[c].b = match.b;
        if (code)
            goto done;
    }
    ticker_begin(&ticker, "models read",
                 N_NORMALISE * (uint64_t)claims->n_measures * count_reads(claims, reader, selection));
    reader->ticker = &ticker;
    for (int n = 0; n < N_NORMALISE && !error->code; n++)
        for (int m = 0; m < claims->n_measures && !error->code; m++) {
            ri.normalise = (enum normalise)n;
            ri.measure = (enum measure)m;
            for (int c = 0; c < N_CLAIMS && !error->code; c++) {
                struct match match = {claims->results[c].a, claims->results[c].b};
                decide((enum claim_id)c, reader, &match, &ri, is_of_important, &claims->results[c].verdicts[n][m],
                       error);
            }
            if (!error->code)
                correlate(reader, selection, &ri, &claims->correlations[n][m], error);
        }
    ticker_end(&ticker);
    reader->ticker = NULL;
    if (!error->code)
        return ERROR_NONE;
done:
    claims_free(claims);
    return error->code;
}

void claims_free(struct claims *claims)
{
    for (size_t c = 0; c < N_CLAIMS; c++) {
        free(claims->results[c].a.configs);
        free(claims->results[c].b.configs);
    }
    memset(claims, 0, sizeof *claims);
}

bool claims_any(const struct claims *claims)
{
    for (size_t c = 0; c < N_CLAIMS; c++)
        if (claims->results[c].a.n > 0)
            return true;
    return false;
}
