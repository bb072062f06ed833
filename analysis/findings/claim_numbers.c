#include "claim_numbers.h"

#include "distance.h"
#include "student.h"
#include "ticker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const double claim_cutoffs[N_CUTOFFS] = {0.05, 0.1, 0.2};

#define CORRELATION_SEEDS_MIN 4 /* fewer give no interval */

/* Thresholds that kinds are counted under: those of the multiverse, and the one that is asked for. */
enum { CUTOFF_ASKED = N_CUTOFFS, N_THRESHOLDS };

/* Numbers of one claim in one configuration. */
struct claim_use {
    size_t config;
    enum claim_id claim;
    struct task_pair tasks;
    float *values; /* [n_measures, N_NUMBERS, n_replicates], owned */
};

struct specification claim_specification(int number)
{
    int s = number - NUMBER_FIRST_SHARE;
    return (struct specification){(enum normalise)(s / (2 * N_CUTOFFS)), s / N_CUTOFFS % 2 == 1, s % N_CUTOFFS};
}

/* ---- A layer ---- */

/* Units of a layer by what they serve. */
struct kinds {
    double selective_a, selective_b, mixed, important, leaning; /* leaning: to task A less to task B */
};

/* What the numbers are made of: one layer of one model under one measure. */
struct layer {
    double n_units, distance;
    double mean_ri[N_NORMALISE];
    struct kinds kinds[N_NORMALISE][N_THRESHOLDS];
};

/* What units count as: the unimportant, selective and mixed ones. */
struct cut_offs {
    double unimportant, selective, mixed;
};

/* Counts the kinds of relative_importance_in_double's RI, without dividing: |RI| > c is |a - b| > c (a + b). */
static struct kinds count_kinds(const float *a, const float *b, size_t n, const double means[2],
                                const struct cut_offs *cut, bool is_normalised)
{
    struct kinds kinds = {0};
    double scale_a = is_normalised && means[0] > 0 ? 1 / means[0] : 1, floor_a = cut->unimportant * means[0];
    double scale_b = is_normalised && means[1] > 0 ? 1 / means[1] : 1, floor_b = cut->unimportant * means[1];
    for (size_t i = 0; i < n; i++) {
        double x = (double)a[i] < floor_a ? 0 : (double)a[i] * scale_a;
        double y = (double)b[i] < floor_b ? 0 : (double)b[i] * scale_b;
        double sum = x + y, difference = x - y;
        kinds.selective_a += difference > cut->selective * sum ? 1 : 0;
        kinds.selective_b += -difference > cut->selective * sum ? 1 : 0;
        kinds.mixed += fabs(difference) < cut->mixed * sum ? 1 : 0;
        kinds.important += sum > 0 ? 1 : 0;
        kinds.leaning += (difference > 0 ? 1 : 0) - (difference < 0 ? 1 : 0);
    }
    return kinds;
}

static double mean_ri(const float *a, const float *b, size_t n, double below, bool is_normalised, double *ri)
{
    double sum = 0, n_known = 0;
    relative_importance_in_double(a, b, n, below, is_normalised, ri);
    for (size_t i = 0; i < n; i++)
        if (!isnan(ri[i])) {
            sum += ri[i];
            n_known++;
        }
    return sum / n_known;
}

/* What one of the thresholds asks for. */
static struct cut_offs cut_offs_of(const struct claim_numbers_options *options, int threshold)
{
    const struct ri_options asked = {.selective_above = options->selective_above, .mixed_below = options->mixed_below};
    if (threshold == CUTOFF_ASKED)
        return (struct cut_offs){options->unimportant_below, ri_selective_above(&asked), ri_mixed_below(&asked)};
    return (struct cut_offs){claim_cutoffs[threshold], RI_SELECTIVE_ABOVE, RI_MIXED_BELOW};
}

/* ri [n]: scratch; NULL: without mean_ri. */
static void fill_layer(struct layer *layer, const float *a, const float *b, size_t n,
                       const struct claim_numbers_options *options, double *ri)
{
    double means[2] = {0, 0};
    for (size_t i = 0; i < n; i++) {
        means[0] += (double)a[i] / (double)n;
        means[1] += (double)b[i] / (double)n;
    }
    layer->n_units = (double)n;
    layer->distance = distance_of(a, b, n);
    for (int normalise = 0; normalise < N_NORMALISE; normalise++) {
        layer->mean_ri[normalise] =
            ri ? mean_ri(a, b, n, options->unimportant_below, normalise == NORMALISE_LAYER, ri) : (double)NAN;
        for (int c = 0; c < N_THRESHOLDS; c++) {
            const struct cut_offs cut = cut_offs_of(options, c);
            layer->kinds[normalise][c] = count_kinds(a, b, n, means, &cut, normalise == NORMALISE_LAYER);
        }
    }
}

/* ---- One number a model ---- */

/* Mean over those of layers first .. end - 1 that have a number; NaN if there is none. */
static double mean_of_layers(const double *layers, int first, int end)
{
    double sum = 0, n = 0;
    for (int l = first; l < end; l++)
        if (!isnan(layers[l])) {
            sum += layers[l];
            n++;
        }
    return sum / n; /* 0/0 is the NaN that is wanted */
}

/* A claim's number of D, or of any other number of a layer: of numbers [n_layers] of one model. */
static double number_of_layers(enum claim_id claim, const struct hyperparameters *h, const double *layers)
{
    int n_layers = (int)h->hidden_layers, context = hyperparameters_context_layer(h) - 1;
    check(context >= 0 && context < n_layers);
    switch (claim) {
    case CLAIM_TWO_SUBNETWORKS: return layers[context];
    case CLAIM_END_SPLITS: return layers[n_layers - 1];
    case CLAIM_LEAKS: return mean_of_layers(layers, 0, context);
    case CLAIM_SIMILAR_SHARE: return -mean_of_layers(layers, context + 1, n_layers);
    case CLAIM_SMALL_MIX: return -mean_of_layers(layers, 0, n_layers);
    case CLAIM_REPLAY_SELECTS:
    case CLAIM_RARE_RECRUITS:
    case CLAIM_NONE: return mean_of_layers(layers, 0, n_layers);
    case N_CLAIM_LISTS: break;
    }
    return (double)NAN;
}

/* A share of a layer's units, or of the important ones; NaN if there are none. */
static double share(const struct layer *layer, const struct kinds *kinds, double n_units, bool is_of_important)
{
    return n_units / (is_of_important ? kinds->important : layer->n_units);
}

static double selective(const struct layer *layer, const struct kinds *kinds, bool is_of_important)
{
    return share(layer, kinds, kinds->selective_a + kinds->selective_b, is_of_important);
}

/* The number of the multiverse's shares. */
static double share_number(enum claim_id claim, const struct hyperparameters *h, const struct layer *layers,
                           struct specification s)
{
    double numbers[LAYERS_MAX] = {0}; /* hidden_layers of them are used, which the analyser cannot follow */
    for (int64_t l = 0; l < h->hidden_layers; l++) {
        const struct kinds *kinds = &layers[l].kinds[s.normalise][s.cutoff];
        numbers[l] = claim_table[claim].is_leaning ? share(&layers[l], kinds, kinds->leaning, s.is_of_important)
                                                   : selective(&layers[l], kinds, s.is_of_important);
    }
    return number_of_layers(claim, h, numbers);
}

/* The number of selective and mixed units, which each claim puts together in a way of its own. */
static double kinds_number(enum claim_id claim, const struct hyperparameters *h, const struct layer *layers,
                           enum normalise normalise, bool is_of_important)
{
    int n_layers = (int)h->hidden_layers, context = hyperparameters_context_layer(h) - 1;
    double contrasts[LAYERS_MAX] = {0}, selectives[LAYERS_MAX] = {0}, leanings[LAYERS_MAX] = {0};
    for (int l = 0; l < n_layers; l++) {
        const struct kinds *kinds = &layers[l].kinds[normalise][CUTOFF_ASKED];
        double mixed = share(&layers[l], kinds, kinds->mixed, is_of_important);
        selectives[l] = selective(&layers[l], kinds, is_of_important);
        contrasts[l] = selectives[l] - mixed;
        leanings[l] = share(&layers[l], kinds, kinds->leaning, is_of_important);
        if (claim == CLAIM_TWO_SUBNETWORKS)
            contrasts[l] =
                2 * share(&layers[l], kinds, fmin(kinds->selective_a, kinds->selective_b), is_of_important) - mixed;
    }
    switch (claim) {
    case CLAIM_END_SPLITS: return contrasts[context] - mean_of_layers(contrasts, 0, context);
    case CLAIM_LEAKS:
    case CLAIM_REPLAY_SELECTS: return number_of_layers(claim, h, selectives);
    case CLAIM_RARE_RECRUITS: return mean_of_layers(leanings, 0, n_layers);
    default: return number_of_layers(claim, h, contrasts);
    }
}

static double number_of(enum claim_id claim, const struct hyperparameters *h, const struct layer *layers, int number,
                        bool is_of_important)
{
    double distances[LAYERS_MAX] = {0};
    if (number >= NUMBER_KINDS)
        return kinds_number(claim, h, layers, number == NUMBER_KINDS ? NORMALISE_NONE : NORMALISE_LAYER,
                            is_of_important);
    if (number >= NUMBER_FIRST_SHARE)
        return share_number(claim, h, layers, claim_specification(number));
    if (claim_table[claim].is_leaning)
        return kinds_number(claim, h, layers, NORMALISE_LAYER, false);
    for (int64_t l = 0; l < h->hidden_layers; l++)
        distances[l] = layers[l].distance;
    return number_of_layers(claim, h, distances);
}

double claim_judged_number(enum claim_id claim, const struct hyperparameters *h, const float *a, const float *b,
                           double unimportant_below)
{
    const struct claim_numbers_options options = {.unimportant_below = unimportant_below};
    struct layer layers[LAYERS_MAX];
    size_t n = (size_t)h->hidden_size;
    for (int64_t l = 0; l < h->hidden_layers; l++)
        fill_layer(&layers[l], a + (size_t)l * n, b + (size_t)l * n, n, &options, NULL);
    return number_of(claim, h, layers, NUMBER_JUDGED, false);
}

/* ---- Reading ---- */

/* What reading one configuration needs. */
struct reading {
    struct claim_numbers *numbers;
    const struct claim_numbers_options *options;
    const struct hyperparameters *h;
    size_t config;
    size_t n_tasks, n_layers, n_units;
    struct claim_use *uses; /* [n_uses]: of the configuration */
    size_t n_uses;
    bool is_correlated;
    float *ratio;         /* [n_replicates]: ln(loss 1 / loss 2) */
    float *mean_ri;       /* [N_NORMALISE, n_measures, n_replicates]: mean of layers */
    struct layer *layers; /* [n_layers]: scratch */
    double *ri;           /* [n_units]: scratch */
};

static bool is_wanted(const struct claim_numbers_options *options, enum job_status status)
{
    return options->statuses ? options->statuses >> status & 1 : status == STATUS_ACCEPTED;
}

static bool is_same_pair(struct task_pair x, struct task_pair y)
{
    return x.a == y.a && x.b == y.b;
}

/* Takes one model's importances [task, layer, unit] of a measure, for two tasks. */
static void take_pair(struct reading *r, const float *importance, int measure, size_t replicate, struct task_pair pair)
{
    const struct claim_numbers *numbers = r->numbers;
    double layer_ri[LAYERS_MAX];
    for (size_t l = 0; l < r->n_layers; l++)
        fill_layer(&r->layers[l], importance + ((size_t)pair.a * r->n_layers + l) * r->n_units,
                   importance + ((size_t)pair.b * r->n_layers + l) * r->n_units, r->n_units, r->options, r->ri);
    for (size_t u = 0; u < r->n_uses; u++)
        for (int i = 0; i < (r->uses[u].claim == CLAIM_NONE ? 1 : N_NUMBERS) && is_same_pair(r->uses[u].tasks, pair);
             i++)
            r->uses[u].values[((size_t)measure * N_NUMBERS + (size_t)i) * numbers->n_replicates + replicate] =
                (float)number_of(r->uses[u].claim, r->h, r->layers, i, r->options->is_of_important);
    for (int n = 0; n < N_NORMALISE && r->is_correlated && pair.a == 0 && pair.b == 1; n++) {
        for (size_t l = 0; l < r->n_layers; l++)
            layer_ri[l] = r->layers[l].mean_ri[n];
        r->mean_ri[((size_t)n * (size_t)numbers->n_measures + (size_t)measure) * numbers->n_replicates + replicate] =
            (float)mean_of_layers(layer_ri, 0, (int)r->n_layers);
    }
}

static void take_importance(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                            const void *buffer)
{
    struct reading *r = context;
    const float *importance = buffer; /* [replicate, measure, task, layer, unit] */
    size_t n_measures = (size_t)r->numbers->n_measures, size = r->n_tasks * r->n_layers * r->n_units;
    for (size_t i = 0; i < n * n_measures; i++) {
        size_t replicate = first + i / n_measures;
        if (!is_wanted(r->options, reader_status(reader, config, replicate)) ||
            !models_has_measure(importance + i * size, size))
            continue;
        for (int b = 1; b < (int)r->n_tasks; b++)
            for (int a = 0; a < b; a++) {
                struct task_pair pair = {a, b};
                bool is_used = r->is_correlated && a == 0 && b == 1;
                for (size_t u = 0; u < r->n_uses; u++)
                    is_used = is_used || is_same_pair(r->uses[u].tasks, pair);
                if (is_used)
                    take_pair(r, importance + i * size, (int)(i % n_measures), replicate, pair);
            }
    }
}

static void take_losses(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                        const void *buffer)
{
    struct reading *r = context;
    const float *losses = buffer; /* [replicate, task] */
    for (size_t i = 0; i < n; i++) {
        double a = (double)losses[i * r->n_tasks], b = (double)losses[i * r->n_tasks + 1];
        bool is_known = is_wanted(r->options, reader_status(reader, config, first + i)) && a > 0 && b > 0;
        r->ratio[first + i] = is_known ? (float)log(a / b) : NAN;
    }
}

static void take_attempts(void *context, const struct reader *reader, size_t config, size_t first, size_t n,
                          const void *buffer)
{
    struct reading *r = context;
    (void)reader;
    memcpy(r->numbers->attempts + config * r->numbers->n_replicates + first, buffer, n * sizeof *r->numbers->attempts);
}

/* Sums of squares and products of deviations from the means of their configurations. */
struct squares {
    double xx, yy, xy;
};

/* Those of all models, and by seed what they lack without it. */
struct correlation_sums {
    struct squares all;
    struct squares *seeds; /* [n_replicates]; all zero where a seed has no model */
    size_t n;
};

static void add_squares(struct squares *sum, double dx, double dy, double factor)
{
    sum->xx += factor * dx * dx;
    sum->yy += factor * dy * dy;
    sum->xy += factor * dx * dy;
}

static void add_config(struct correlation_sums *sums, const float *x, const float *y, size_t n_replicates)
{
    double n = 0, mean_x = 0, mean_y = 0;
    for (size_t r = 0; r < n_replicates; r++)
        if (!isnan(x[r]) && !isnan(y[r])) {
            mean_x += (double)x[r];
            mean_y += (double)y[r];
            n++;
        }
    for (size_t r = 0; r < n_replicates; r++)
        if (!isnan(x[r]) && !isnan(y[r])) {
            double dx = (double)x[r] - mean_x / n, dy = (double)y[r] - mean_y / n;
            add_squares(&sums->all, dx, dy, 1);
            add_squares(&sums->seeds[r], dx, dy, n > 1 ? n / (n - 1) : 0); /* the mean moves, too */
        }
    sums->n += (size_t)n;
}

static double fisher_z(struct squares s)
{
    return atanh(fmax(-1, fmin(1, s.xy / sqrt(s.xx * s.yy))));
}

/* Pearson's r; the interval is the jackknife's of Fisher's z, a seed being left out at a time. */
static struct loss_correlation correlation_of(const struct correlation_sums *sums, size_t n_replicates)
{
    struct loss_correlation result = {(double)NAN, (double)NAN, (double)NAN, sums->n};
    const struct squares all = sums->all;
    double sum = 0, mean = 0, squares = 0;
    size_t n = 0;
    if (!(all.xx > 0 && all.yy > 0))
        return result;
    result.r = tanh(fisher_z(all));
    for (size_t r = 0; r < n_replicates; r++) {
        const struct squares *seed = &sums->seeds[r];
        if (!(seed->xx > 0 || seed->yy > 0))
            continue;
        double z = fisher_z((struct squares){all.xx - seed->xx, all.yy - seed->yy, all.xy - seed->xy});
        double from_mean = z - mean;
        n++;
        sum += z;
        mean = sum / (double)n;
        squares += from_mean * (z - mean);
    }
    if (n < CORRELATION_SEEDS_MIN)
        return result;
    /* (n - 1)/n of the squares; Student's half width divides by n (n - 1) */
    double half = ((double)n - 1) * student_half_width(squares, n, CONFIDENCE);
    if (isfinite(half)) {
        result.low = tanh(fisher_z(all) - half);
        result.high = tanh(fisher_z(all) + half);
    }
    return result;
}

/* Reads one configuration. */
static enum error_code read_config(struct reading *r, struct reader *reader, struct correlation_sums *sums,
                                   struct error *error)
{
    const struct claim_numbers *numbers = r->numbers;
    size_t n_measures = (size_t)numbers->n_measures, n = N_NORMALISE * n_measures * numbers->n_replicates;
    r->h = &reader->configs[r->config];
    r->n_tasks = (size_t)hyperparameters_n_tasks(r->h);
    r->n_layers = (size_t)r->h->hidden_layers;
    r->n_units = (size_t)r->h->hidden_size;
    r->is_correlated = r->is_correlated && r->n_tasks > 1;
    for (size_t i = 0; i < n; i++)
        r->mean_ri[i] = NAN;
    if (r->n_uses == 0 && !r->is_correlated)
        return ERROR_NONE;

    struct reader_part importance = {{0}, {n_measures, r->n_tasks, r->n_layers, r->n_units}};
    struct reader_part losses = {{0}, {r->n_tasks}}, attempts = reader_whole(reader, FIELD_ATTEMPTS);
    if (models_for_each_chunk(reader, FIELD_ATTEMPTS, r->config, &attempts, take_attempts, r, error) ||
        (r->is_correlated &&
         models_for_each_chunk(reader, FIELD_TEST_LOSS, r->config, &losses, take_losses, r, error)) ||
        models_for_each_chunk(reader, FIELD_IMPORTANCE, r->config, &importance, take_importance, r, error))
        return error->code;
    for (size_t i = 0; i < N_NORMALISE * n_measures && r->is_correlated; i++)
        add_config(&sums[i], r->ratio, r->mean_ri + i * numbers->n_replicates, numbers->n_replicates);
    return ERROR_NONE;
}

/* ---- Uses ---- */

static int compare_uses(const void *a, const void *b)
{
    const struct claim_use *x = a, *y = b;
    if (x->config != y->config)
        return x->config < y->config ? -1 : 1;
    if (x->claim != y->claim)
        return x->claim < y->claim ? -1 : 1;
    return x->tasks.b != y->tasks.b ? (x->tasks.b > y->tasks.b) - (x->tasks.b < y->tasks.b)
                                    : (x->tasks.a > y->tasks.a) - (x->tasks.a < y->tasks.a);
}

static void add_side(struct claim_numbers *numbers, enum claim_id claim, const struct claim_side *side)
{
    numbers->uses[numbers->n_uses++] = (struct claim_use){side->config, claim, side->tasks, NULL};
    for (int i = 0; i < side->n_controls; i++)
        numbers->uses[numbers->n_uses++] = (struct claim_use){side->controls[i], claim, side->tasks, NULL};
}

/* Lists what is needed, each once, with room for it. */
static enum error_code list_uses(struct claim_numbers *numbers, const struct claim_pairs *pairs, struct error *error)
{
    size_t n_max = 0, n = 0;
    for (size_t c = 0; c < N_CLAIM_LISTS; c++)
        n_max += 6 * pairs[c].n;
    numbers->uses = malloc((n_max + 1) * sizeof *numbers->uses);
    if (!numbers->uses)
        return error_set(error, ERROR_FATAL, "not enough memory");
    for (int c = 0; c < N_CLAIM_LISTS; c++)
        for (size_t p = 0; p < pairs[c].n; p++) {
            add_side(numbers, (enum claim_id)c, &pairs[c].pairs[p].a);
            if (claim_table[c].key)
                add_side(numbers, (enum claim_id)c, &pairs[c].pairs[p].b);
        }
    qsort(numbers->uses, numbers->n_uses, sizeof *numbers->uses, compare_uses);
    for (size_t i = 0; i < numbers->n_uses; i++)
        if (n == 0 || compare_uses(&numbers->uses[n - 1], &numbers->uses[i]) != 0)
            numbers->uses[n++] = numbers->uses[i];
    numbers->n_uses = n;
    size_t n_values = (size_t)numbers->n_measures * N_NUMBERS * numbers->n_replicates;
    for (size_t u = 0; u < n; u++) {
        numbers->uses[u].values = malloc(n_values * sizeof(float));
        if (!numbers->uses[u].values)
            return error_set(error, ERROR_FATAL, "not enough memory");
        for (size_t i = 0; i < n_values; i++)
            numbers->uses[u].values[i] = NAN;
    }
    return ERROR_NONE;
}

/* Room for reading any configuration. */
static enum error_code allocate(struct reading *r, const struct reader *reader, struct error *error)
{
    size_t n_layers = 1, n_units = 1, n_replicates = reader->n_replicates;
    for (size_t c = 0; c < reader->n_configs; c++) {
        size_t layers = (size_t)reader->configs[c].hidden_layers, units = (size_t)reader->configs[c].hidden_size;
        n_layers = layers > n_layers ? layers : n_layers;
        n_units = units > n_units ? units : n_units;
    }
    r->ratio = malloc(n_replicates * sizeof *r->ratio);
    r->mean_ri = malloc(N_NORMALISE * (size_t)r->numbers->n_measures * n_replicates * sizeof *r->mean_ri);
    r->layers = malloc(n_layers * sizeof *r->layers);
    r->ri = malloc(n_units * sizeof *r->ri);
    if (r->ratio && r->mean_ri && r->layers && r->ri)
        return ERROR_NONE;
    return error_set(error, ERROR_FATAL, "not enough memory");
}

/* Reads every configuration that is used or selected once, in the file's order. */
static enum error_code read_configs(struct reading *r, struct reader *reader, const bool *is_selected,
                                    struct correlation_sums *sums, struct error *error)
{
    struct claim_numbers *numbers = r->numbers;
    size_t next = 0;
    for (size_t config = 0; config < reader->n_configs; config++) {
        size_t first = next;
        while (next < numbers->n_uses && numbers->uses[next].config == config)
            next++;
        r->config = config;
        r->uses = numbers->uses + first;
        r->n_uses = next - first;
        r->is_correlated = is_selected[config];
        if ((r->n_uses > 0 || r->is_correlated) && read_config(r, reader, sums, error))
            return error->code;
    }
    return ERROR_NONE;
}

enum error_code claim_numbers_read(struct claim_numbers *numbers, struct reader *reader,
                                   const struct selection *selection, const struct claim_pairs *pairs,
                                   const struct claim_numbers_options *options, struct error *error)
{
    const enum field fields[] = {FIELD_ATTEMPTS, FIELD_TEST_LOSS, FIELD_IMPORTANCE};
    struct reading reading = {.numbers = numbers, .options = options};
    struct correlation_sums sums[N_NORMALISE * N_MEASURES];
    bool *is_selected = calloc(reader->n_configs, sizeof *is_selected);
    const size_t n_sums = sizeof sums / sizeof sums[0];
    struct squares *seeds = calloc(n_sums * reader->n_replicates, sizeof *seeds);
    struct ticker ticker;
    size_t n_needed = 0;

    *numbers = (struct claim_numbers){.n_replicates = reader->n_replicates, .n_measures = reader_n_measures(reader)};
    numbers->attempts = calloc(reader->n_configs * reader->n_replicates, sizeof *numbers->attempts);
    if (!is_selected || !seeds || !numbers->attempts) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    if (reader_require(reader, fields, sizeof fields / sizeof fields[0], error) || list_uses(numbers, pairs, error) ||
        allocate(&reading, reader, error))
        goto done;
    for (size_t i = 0; i < n_sums; i++)
        sums[i] = (struct correlation_sums){.seeds = seeds + i * reader->n_replicates};
    for (size_t i = 0; i < selection->n; i++)
        is_selected[selection->configs[i]] = true;
    for (size_t c = 0, u = 0; c < reader->n_configs; c++) {
        bool is_used = false;
        for (; u < numbers->n_uses && numbers->uses[u].config == c; u++)
            is_used = true;
        n_needed += is_used || is_selected[c] ? 1 : 0;
    }
    ticker_begin(&ticker, "models read", (uint64_t)n_needed * reader->n_replicates);
    reader->ticker = &ticker;
    read_configs(&reading, reader, is_selected, sums, error);
    ticker_end(&ticker);
    reader->ticker = NULL;
    for (int n = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < numbers->n_measures; m++)
            numbers->correlations[n][m] = correlation_of(&sums[n * numbers->n_measures + m], reader->n_replicates);
done:
    free(reading.ri);
    free(reading.layers);
    free(reading.mean_ri);
    free(reading.ratio);
    free(seeds);
    free(is_selected);
    if (error->code)
        claim_numbers_free(numbers);
    return error->code;
}

void claim_numbers_free(struct claim_numbers *numbers)
{
    for (size_t u = 0; u < numbers->n_uses && numbers->uses; u++)
        free(numbers->uses[u].values);
    free(numbers->uses);
    free(numbers->attempts);
    *numbers = (struct claim_numbers){0};
}

const float *claim_numbers_of(const struct claim_numbers *numbers, enum claim_id claim, size_t config,
                              struct task_pair tasks, int measure, int number)
{
    const struct claim_use key = {config, claim, tasks, NULL};
    const struct claim_use *use = bsearch(&key, numbers->uses, numbers->n_uses, sizeof *numbers->uses, compare_uses);
    return use ? use->values + ((size_t)measure * N_NUMBERS + (size_t)number) * numbers->n_replicates : NULL;
}
