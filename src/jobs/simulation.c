#include "simulation.h"

#include "rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Jobs that are run one by one; of more, so many and half so many, and the difference goes on. */
static const double JOBS_MAX = 3000;

/* How n models that wait are trained, by n - 1. */
struct choice {
    size_t n_models;
    double untrained_s, training_s, measures_s;
};

struct kind {
    struct shape shape;
    size_t n_configs;
    double mean_length;  /* of its jobs, as a share of the longest, whose the shape is */
    double max_attempts; /* the most of its configurations */
    double cost;         /* of a full set's model: the dearest go out first */
    struct choice choice[KERNELS_LANES_MAX];
    size_t n_left; /* jobs that are not handed out */
    double steps;  /* of one job of each configuration together */
};

struct simulation {
    struct kind *kinds; /* [n_kinds], the dearest first; owned */
    size_t n_kinds, lanes, n_configs;
    double replicates;
    uint16_t *waiting; /* [rank][kind][capacity]: attempts that jobs still need; owned, as */
    size_t *n_waiting; /* [rank][kind] */
    size_t *n_kept;    /* [rank][kind]: trained ones that are to be measured */
    double *clock_s;   /* [rank] */
    struct rng_key key;
    uint32_t n_drawn;
};

/* ---- shapes ------------------------------------------------------------------------------------------------- */

static int dearest_first(const void *a, const void *b)
{
    const struct kind *x = a, *y = b;
    return (x->cost < y->cost) - (x->cost > y->cost);
}

static void find_choices(struct kind *kind, const struct hyperparameters *h, const struct kernels *widest,
                         uint64_t memory, double scale)
{
    for (size_t n = 1; n <= widest->lanes; n++) {
        const struct packing packing = packing_choose(widest, h, n, memory);
        const struct pack_cost cost = cost_of_pack(packing.kernels, &kind->shape);
        kind->choice[n - 1] = (struct choice){.n_models = packing.n_models > 0 ? packing.n_models : 1,
                                              .untrained_s = 1e-9 * scale * cost.untrained_ns,
                                              .training_s = 1e-9 * scale * cost.training_ns,
                                              .measures_s = 1e-9 * scale * cost.measures_ns};
    }
    const struct choice *full = &kind->choice[widest->lanes - 1];
    kind->cost = full->training_s / (double)full->n_models;
}

enum error_code simulation_create(struct simulation **simulation, const struct simulated_sweep *sweep,
                                  const struct kernels *widest, struct error *error)
{
    struct simulation *s = calloc(1, sizeof *s);
    struct kind *kinds = calloc(sweep->n_configs, sizeof *kinds);
    *simulation = s;
    if (!s || !kinds) {
        free(kinds);
        return error_set(error, ERROR_FATAL, "out of memory for %zu configurations", sweep->n_configs);
    }
    *s = (struct simulation){
        .kinds = kinds, .lanes = widest->lanes, .n_configs = sweep->n_configs, .replicates = (double)sweep->replicates};
    for (size_t c = 0; c < sweep->n_configs; c++) {
        const struct hyperparameters *h = &sweep->configs[c];
        const struct shape shape = shape_of(h);
        size_t i = s->n_kinds; /* neighbours are alike: from the last one back */
        while (i > 0 && !shape_packs_with(&kinds[i - 1].shape, &shape))
            i--;
        if (i == 0) {
            i = ++s->n_kinds;
            kinds[i - 1].shape = shape;
        }
        if (kinds[i - 1].n_configs == 0 || shape_steps(&shape) > shape_steps(&kinds[i - 1].shape)) {
            kinds[i - 1].shape = shape;
            find_choices(&kinds[i - 1], h, widest, sweep->memory, sweep->scale[c]);
        }
        kinds[i - 1].n_configs++;
        kinds[i - 1].steps += (double)shape_steps(&shape);
        kinds[i - 1].max_attempts = fmax(kinds[i - 1].max_attempts, (double)h->max_attempts);
    }
    for (size_t k = 0; k < s->n_kinds; k++)
        kinds[k].mean_length = kinds[k].steps / ((double)kinds[k].n_configs * (double)shape_steps(&kinds[k].shape));
    qsort(kinds, s->n_kinds, sizeof *kinds, dearest_first);
    return ERROR_NONE;
}

void simulation_destroy(struct simulation *simulation)
{
    if (!simulation)
        return;
    free(simulation->kinds);
    free(simulation->waiting);
    free(simulation->n_waiting);
    free(simulation->n_kept);
    free(simulation->clock_s);
    free(simulation);
}

/* ---- one run ------------------------------------------------------------------------------------------------ */

static double draw(struct simulation *s)
{
    uint32_t words[4];
    rng_words(s->key, RNG_SAMPLE, s->n_drawn++, 0, 4, words);
    return ((double)words[0] + 0.5) * 0x1p-32;
}

/* Trained attempts that a job will have. */
static uint16_t draw_attempts(struct simulation *s, const struct kind *kind, const struct simulated_chance *chance)
{
    double most = fmax(round(kind->max_attempts * (1 - chance->p_dead)), 1), u = draw(s);
    if (u < chance->p_hopeless)
        return (uint16_t)most;
    if (chance->p_accepted >= 1)
        return 1;
    u = (u - chance->p_hopeless) / (1 - chance->p_hopeless);
    return (uint16_t)fmin(fmax(ceil(log1p(-u) / log1p(-chance->p_accepted)), 1), most);
}

/* Memory for a run, of so many jobs of a kind at most. */
static enum error_code make_room(struct simulation *s, size_t n_ranks, size_t capacity, struct error *error)
{
    free(s->waiting);
    free(s->n_waiting);
    free(s->n_kept);
    free(s->clock_s);
    s->waiting = calloc(n_ranks * s->n_kinds * capacity, sizeof *s->waiting);
    s->n_waiting = calloc(n_ranks * s->n_kinds, sizeof *s->n_waiting);
    s->n_kept = calloc(n_ranks * s->n_kinds, sizeof *s->n_kept);
    s->clock_s = calloc(n_ranks, sizeof *s->clock_s);
    if (s->waiting && s->n_waiting && s->n_kept && s->clock_s)
        return ERROR_NONE;
    return error_set(error, ERROR_FATAL, "out of memory for %zu simulated ranks", n_ranks);
}

/* The kind that a rank gets more of: one of which it holds some, else the one that is most behind in its replicates. */
static struct kind *next_kind(struct simulation *s, const size_t *n_waiting)
{
    struct kind *next = NULL;
    for (size_t k = 0; k < s->n_kinds; k++) {
        struct kind *kind = &s->kinds[k];
        if (kind->n_left == 0)
            continue;
        if (n_waiting[k] > 0)
            return kind;
        double left = (double)kind->n_left / (double)kind->n_configs;
        if (!next || ceil(left) > ceil((double)next->n_left / (double)next->n_configs))
            next = kind;
    }
    return next;
}

static size_t largest(const struct simulation *s, const size_t *n_waiting)
{
    size_t k = 0;
    for (size_t i = 1; i < s->n_kinds; i++)
        k = n_waiting[i] > n_waiting[k] ? i : k;
    return k;
}

/* Trains one pack of a kind, and measures the trained ones when they fill one, or no more are coming; returns its
 * seconds, and how many jobs it ended. A pack lasts as long as its longest model, and shorter ones follow each other in
 * its lanes. */
static double train(const struct simulation *s, const struct kind *kind, uint16_t *waiting, size_t *n_waiting,
                    size_t *n_kept, const struct simulated_chance *chance, size_t *n_ended)
{
    const double fitting = (double)s->lanes / kind->mean_length;
    const size_t n = (double)*n_waiting < fitting ? *n_waiting : (size_t)fitting;
    const size_t n_lanes = (size_t)fmin(fmax(round((double)n * kind->mean_length), 1), (double)s->lanes);
    const struct choice *choice = &kind->choice[n_lanes - 1];
    const bool is_alone = choice->n_models == 1;
    const size_t n_trained = is_alone ? 1 : (size_t)fmin((double)n, (double)choice->n_models / kind->mean_length);
    size_t n_left = 0;
    *n_ended = 0;
    for (size_t i = 0; i < *n_waiting; i++) {
        if (i < n_trained && --waiting[i] == 0)
            (*n_ended)++;
        else
            waiting[n_left++] = waiting[i];
    }
    *n_waiting = n_left;
    *n_kept += *n_ended;
    double pack_s = (is_alone ? kind->mean_length : 1) * choice->training_s;
    pack_s += choice->untrained_s / (1 - fmin(chance->p_dead, 0.99));
    for (; *n_kept >= choice->n_models || (*n_kept > 0 && n_left == 0); pack_s += choice->measures_s)
        *n_kept -= *n_kept < choice->n_models ? *n_kept : choice->n_models;
    return pack_s;
}

/* A rank that has nothing left gets every second job that waits at the one where most do, when that has ended its pack.
 * False if no rank has more than one. */
static bool take_over(const struct simulation *s, size_t rank, size_t n_ranks, size_t capacity)
{
    size_t giver = rank, most = 1, n_seen = 0;
    for (size_t r = 0; r < n_ranks; r++) {
        size_t n = 0;
        for (size_t k = 0; k < s->n_kinds; k++)
            n += s->n_waiting[r * s->n_kinds + k];
        giver = n > most ? r : giver;
        most = n > most ? n : most;
    }
    if (giver == rank)
        return false;
    for (size_t k = 0; k < s->n_kinds; k++) {
        size_t from = giver * s->n_kinds + k, to = rank * s->n_kinds + k, n = s->n_waiting[from], n_left = 0;
        uint16_t *given = s->waiting + to * capacity, *left = s->waiting + from * capacity;
        for (size_t i = 0; i < n; i++) {
            if (n_seen++ % 2)
                given[s->n_waiting[to]++] = left[i];
            else
                left[n_left++] = left[i];
        }
        s->n_waiting[from] = n_left;
    }
    s->clock_s[rank] = fmax(s->clock_s[rank], s->clock_s[giver]);
    return true;
}

/* So many replicates of each configuration. */
static enum error_code run(struct simulation *s, const struct simulated_chance *chance, size_t n_ranks,
                           size_t replicates, struct simulated_time *time, struct error *error)
{
    size_t n_left = 0, capacity = 0;
    for (size_t k = 0; k < s->n_kinds; k++) {
        s->kinds[k].n_left = replicates * s->kinds[k].n_configs;
        capacity = s->kinds[k].n_left > capacity ? s->kinds[k].n_left : capacity;
        n_left += s->kinds[k].n_left;
    }
    capacity = capacity < 2 * s->lanes ? capacity : 2 * s->lanes; /* more is asked for only below one pack */
    *time = (struct simulated_time){0};
    check(n_ranks > 0);
    if (capacity == 0)
        return ERROR_NONE;
    if (make_room(s, n_ranks, capacity, error))
        return error->code;
    size_t n_open = n_left; /* jobs that are not done */
    while (n_open > 0) {
        size_t rank = 0, held = 0;
        for (size_t r = 1; r < n_ranks; r++)
            rank = s->clock_s[r] < s->clock_s[rank] ? r : rank;
        size_t *n_waiting = s->n_waiting + rank * s->n_kinds;
        uint16_t *waiting = s->waiting + rank * s->n_kinds * capacity;
        for (size_t k = 0; k < s->n_kinds; k++)
            held += n_waiting[k];
        size_t k = largest(s, n_waiting), fair = (n_open + n_ranks - 1) / n_ranks;
        /* Less than was asked for, because a kind has no more, is trained without waiting for company. */
        for (bool is_short = false; n_left > 0 && n_waiting[k] < s->lanes && held < fair && !is_short;) {
            struct kind *kind = next_kind(s, n_waiting);
            size_t at = (size_t)(kind - s->kinds), n = s->lanes < fair - held ? s->lanes : fair - held;
            n = n < kind->n_left ? n : kind->n_left;
            for (size_t i = 0; i < n; i++)
                waiting[at * capacity + n_waiting[at]++] = draw_attempts(s, kind, chance);
            is_short = n < s->lanes;
            kind->n_left -= n;
            n_left -= n;
            held += n;
            k = largest(s, n_waiting);
        }
        if (held == 0) { /* nothing left to hand out */
            if (!take_over(s, rank, n_ranks, capacity))
                s->clock_s[rank] = INFINITY;
            continue;
        }
        size_t n_ended;
        double pack_s = train(s, &s->kinds[k], waiting + k * capacity, &n_waiting[k], &s->n_kept[rank * s->n_kinds + k],
                              chance, &n_ended);
        n_open -= n_ended;
        time->cpu_s += pack_s;
        s->clock_s[rank] += pack_s;
        time->run_s = fmax(time->run_s, s->clock_s[rank]);
    }
    return ERROR_NONE;
}

enum error_code simulation_run(struct simulation *simulation, const struct simulated_chance *chance, int64_t n_ranks,
                               int64_t seed, struct simulated_time *time, struct error *error)
{
    struct simulation *s = simulation;
    s->key = rng_key(seed, 0);
    s->n_drawn = 0;
    double configs = (double)s->n_configs, jobs_max = fmax(JOBS_MAX, 2 * (double)n_ranks * (double)s->lanes);
    double few = fmax(floor(jobs_max / configs), 2);
    if (s->replicates <= few)
        return run(s, chance, (size_t)n_ranks, (size_t)s->replicates, time, error);
    struct simulated_time half;
    double fewer = floor(few / 2);
    if (run(s, chance, (size_t)n_ranks, (size_t)fewer, &half, error) ||
        run(s, chance, (size_t)n_ranks, (size_t)few, time, error))
        return error->code;
    double more = (s->replicates - few) / (few - fewer);
    time->cpu_s += more * fmax(time->cpu_s - half.cpu_s, 0);
    time->run_s += more * fmax(time->run_s - half.run_s, 0);
    return ERROR_NONE;
}
