#include "claim_table.h"

#include "groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct claim claim_table[N_CLAIM_LISTS] = {
    [CLAIM_TWO_SUBNETWORKS] =
        {"two_subnetworks", "Unlike tasks: the layer that the context enters splits into two subnetworks",
         "D of the context's layer, less that of identical tasks",
         "twice the smaller of the two shares of selective units, less the share of mixed ones, in the context's layer",
         "unlike tasks, context at the start, random training, equal shares (0.8 to 1.2 times 1/T), 20 units or more",
         NULL, NULL, false},
    [CLAIM_SIMILAR_SHARE] =
        {"similar_tasks_share", "Similar tasks share neurons, in the layers behind the context's",
         "-D, mean of the layers behind the context's: b - a",
         "share of mixed units less that of selective ones, mean of the layers behind the context's",
         "unlike tasks, context before the last layer, random training", "similar tasks, else equal", "second_task",
         false},
    [CLAIM_SMALL_MIX] = {"small_networks_mix", "Small networks mix", "-D, mean of all layers: b - a",
                         "share of mixed units less that of selective ones, mean of all layers",
                         "the largest hidden_size", "the smallest, at most a quarter of it, else equal", "hidden_size",
                         false},
    [CLAIM_END_SPLITS] = {"end_splits_last", "Context at the end splits the last layer",
                          "D of the last layer, less that of identical tasks",
                          "share of selective units less that of mixed ones: last layer - mean of the layers before",
                          "unlike tasks, context at the last of several layers, random training", NULL, NULL, false},
    [CLAIM_LEAKS] = {"leaks_backwards", "Selectivity leaks backwards, into the layers before the context's",
                     "D, mean of the layers before the context's, less that of identical tasks",
                     "share of selective units, mean of the layers before the context's",
                     "unlike tasks, context at the last of several layers, random training", NULL, NULL, false},
    [CLAIM_REPLAY_SELECTS] = {"replay_selects", "Replay makes selective neurons", "D, mean of all layers: b - a",
                              "share of selective units, mean of all layers", "random training", "replay, else equal",
                              "train_mode", false},
    [CLAIM_RARE_RECRUITS] =
        {"rare_task_recruits", "The rarer task takes more neurons",
         "units that lean to the rarer task less those that lean to the other, as a share of all units, importances "
         "divided by their sum over the layer, mean of all layers: b - a",
         "the same, importances as they are",
         "equal shares (of task 1, 0.8 to 1.2 times 1/T, nearest to it), random training",
         "any other share of task 1, else equal", "fraction", true},
    [CLAIM_NONE] = {"other_pairs", "Other pairs of tasks, which no claim is about",
                    "D, mean of all layers, less that of identical tasks", "", "", NULL, NULL, false},
};

enum claim_id claim_find(const char *name, size_t length)
{
    int c = 0;
    while (c < N_CLAIMS && (strlen(claim_table[c].name) != length || strncmp(claim_table[c].name, name, length) != 0))
        c++;
    return (enum claim_id)c;
}

/* ---- Which configurations ---- */

static bool is_random(const struct hyperparameters *h)
{
    return h->train_mode == TRAIN_RANDOM;
}

/* Task 1's share as a multiple of an equal one; of two tasks, 0.8 is a fraction of 0.4. */
static double relative_share(const struct hyperparameters *h)
{
    return h->fraction * hyperparameters_n_tasks(h);
}

static bool is_even(const struct hyperparameters *h)
{
    return relative_share(h) >= 0.8 && relative_share(h) <= 1.2;
}

static bool is_unlike(const struct hyperparameters *h)
{
    struct task_pair pair;
    return task_pair_find(h, PAIR_UNLIKE, &pair);
}

/* Whether a configuration is of a claim's condition a (of small_networks_mix, may be of either). */
static bool is_a(enum claim_id claim, const struct hyperparameters *h)
{
    int context = hyperparameters_context_layer(h);
    struct task_pair pair;
    switch (claim) {
    case CLAIM_TWO_SUBNETWORKS:
        return is_unlike(h) && is_random(h) && is_even(h) && context == 1 && h->hidden_size >= 20;
    case CLAIM_SIMILAR_SHARE: return is_unlike(h) && is_random(h) && context < h->hidden_layers;
    case CLAIM_END_SPLITS:
    case CLAIM_LEAKS: return is_unlike(h) && is_random(h) && context == h->hidden_layers && context > 1;
    case CLAIM_SMALL_MIX: return task_pair_find(h, PAIR_OTHER, &pair);
    case CLAIM_RARE_RECRUITS: return is_random(h) && is_even(h) && task_pair_find(h, PAIR_OTHER, &pair);
    default: return is_random(h) && task_pair_find(h, PAIR_OTHER, &pair);
    }
}

/* Whether a configuration that differs from one of a in the claim's key alone is of its condition b. */
static bool is_b(enum claim_id claim, const struct hyperparameters *a, const struct hyperparameters *h)
{
    struct task_pair pair, of_a;
    switch (claim) {
    case CLAIM_SIMILAR_SHARE:
        return !is_unlike(h) && task_pair_find(h, PAIR_SIMILAR, &pair) && task_pair_find(a, PAIR_UNLIKE, &of_a) &&
               task_is_equal_but(a, of_a, h, pair);
    case CLAIM_SMALL_MIX: return 4 * h->hidden_size <= a->hidden_size;
    case CLAIM_REPLAY_SELECTS: return h->train_mode == TRAIN_REPLAY;
    default: return !is_even(h);
    }
}

/* Whether x is rather a claim's condition than y: the largest size as a, the smallest as b; the fraction nearest 0.5;
 * else the first one. */
static bool is_preferred(enum claim_id claim, bool as_b, const struct hyperparameters *x,
                         const struct hyperparameters *y)
{
    if (claim == CLAIM_SMALL_MIX)
        return as_b ? x->hidden_size < y->hidden_size : x->hidden_size > y->hidden_size;
    return claim == CLAIM_RARE_RECRUITS && fabs(relative_share(x) - 1) < fabs(relative_share(y) - 1);
}

/* The tasks of a condition that a claim is about. */
static struct task_pair tasks_of_claim(enum claim_id claim, bool is_condition_b, const struct hyperparameters *h)
{
    bool is_of_unlike = claim == CLAIM_TWO_SUBNETWORKS || claim == CLAIM_END_SPLITS || claim == CLAIM_LEAKS ||
                        claim == CLAIM_SIMILAR_SHARE;
    struct task_pair pair;
    task_pair_find(h, !is_of_unlike ? PAIR_OTHER : is_condition_b ? PAIR_SIMILAR : PAIR_UNLIKE, &pair);
    return pair;
}

/* What finding needs. alike: all configurations of the file, grouped by what they have but the tasks; group_of: each
 * one's. */
struct search {
    enum claim_id claim;
    const struct reader *reader;
    struct groups alike;
    size_t *group_of; /* [n_configs] */
    bool *is_control; /* [n_configs]: of another one that the file has: no condition of a claim itself */
    struct claim_pairs *pairs;
    size_t capacity;
};

static struct claim_side find_controls(const struct search *search, size_t config, struct task_pair tasks)
{
    const struct hyperparameters *h = &search->reader->configs[config];
    struct claim_side side = {.config = config, .tasks = tasks};
    const struct selection *group = &search->alike.groups[search->group_of[config]];
    for (int t = 0; t < 2; t++) {
        struct hyperparameters twice = *h;
        bool is_found = false;
        if (!task_pair_make_equal(&twice, side.tasks, t == 1))
            continue;
        for (size_t i = 0; i < group->n && !is_found; i++)
            if (search->reader->configs[group->configs[i]].tasks == twice.tasks) {
                side.controls[side.n_controls++] = group->configs[i];
                is_found = true;
            }
        if (!is_found)
            side.lacking[side.n_lacking++] = twice.tasks;
    }
    return side;
}

static enum error_code add_pair(struct search *search, struct claim_pair pair, struct error *error)
{
    struct claim_pairs *pairs = search->pairs;
    if (pairs->n == search->capacity) {
        size_t capacity = search->capacity > 0 ? 2 * search->capacity : 16;
        struct claim_pair *grown = realloc(pairs->pairs, capacity * sizeof *grown);
        if (!grown)
            return error_set(error, ERROR_FATAL, "not enough memory");
        pairs->pairs = grown;
        search->capacity = capacity;
    }
    pairs->pairs[pairs->n++] = pair;
    return ERROR_NONE;
}

static struct claim_side side_of(const struct search *search, size_t config, bool is_condition_b)
{
    return find_controls(search, config,
                         tasks_of_claim(search->claim, is_condition_b, &search->reader->configs[config]));
}

/* Adds configuration a, or the two that are compared. */
static enum error_code add_configs(struct search *search, size_t a, size_t b, struct error *error)
{
    struct claim_pair pair = {.a = side_of(search, a, false), .sign = 1};
    if (claim_table[search->claim].key)
        pair.b = side_of(search, b, true);
    if (search->claim == CLAIM_RARE_RECRUITS && relative_share(&search->reader->configs[b]) > 1)
        pair.sign = -1;
    return add_pair(search, pair, error);
}

/* Adds a configuration once for each of its pairs of tasks that are not identical. */
static enum error_code add_all_tasks(struct search *search, size_t config, struct error *error)
{
    const struct hyperparameters *h = &search->reader->configs[config];
    for (int b = 1; b < hyperparameters_n_tasks(h); b++)
        for (int a = 0; a < b; a++) {
            struct task_pair tasks = {a, b};
            if (task_pair_kind(h, tasks) != PAIR_IDENTICAL &&
                add_pair(search, (struct claim_pair){.a = find_controls(search, config, tasks), .sign = 1}, error))
                return error->code;
        }
    return ERROR_NONE;
}

/* The a of a group of configurations for one that is to be its b; similar_tasks_share may have several, unlike in their
 * other tasks. n if there is none. */
static size_t find_a(const struct search *search, const struct selection *group, const struct hyperparameters *b)
{
    const struct hyperparameters *configs = search->reader->configs;
    enum claim_id claim = search->claim;
    size_t n = group->n, a = n;
    for (size_t i = 0; i < n; i++) {
        const struct hyperparameters *h = &configs[group->configs[i]];
        if (search->is_control[group->configs[i]] || !is_a(claim, h) ||
            (claim == CLAIM_SIMILAR_SHARE && !is_b(claim, h, b)))
            continue;
        if (a == n || is_preferred(claim, false, h, &configs[group->configs[a]]))
            a = i;
    }
    return a;
}

/* Adds the pairs within a group of configurations that differ in the key alone: each b with the a. */
static enum error_code add_pairs(struct search *search, const struct selection *group, struct error *error)
{
    const struct hyperparameters *configs = search->reader->configs;
    enum claim_id claim = search->claim;
    size_t n = group->n, a = n, best = n;
    for (size_t i = 0; i < n; i++) {
        const struct hyperparameters *h = &configs[group->configs[i]];
        struct task_pair pair;
        if (i == 0 || claim == CLAIM_SIMILAR_SHARE)
            a = find_a(search, group, h);
        if (a == n || i == a || search->is_control[group->configs[i]] || !is_b(claim, &configs[group->configs[a]], h) ||
            !task_pair_find(h, PAIR_OTHER, &pair))
            continue;
        if (claim == CLAIM_SMALL_MIX)
            best = best == n || is_preferred(claim, true, h, &configs[group->configs[best]]) ? i : best;
        else if (add_configs(search, group->configs[a], group->configs[i], error))
            return error->code;
    }
    return best < n ? add_configs(search, group->configs[a], group->configs[best], error) : ERROR_NONE;
}

/* Marks the controls among configurations that are alike but in their tasks. */
static void mark_controls(struct search *search, const struct selection *group)
{
    const struct hyperparameters *configs = search->reader->configs;
    for (size_t i = 0; i < group->n; i++) {
        size_t config = group->configs[i];
        struct task_pair pair;
        bool may_be = task_pair_find(&configs[config], PAIR_IDENTICAL, &pair);
        for (size_t j = 0; j < group->n && may_be && !search->is_control[config]; j++)
            search->is_control[config] = task_is_control_of(&configs[config], &configs[group->configs[j]], i > j);
    }
}

static enum error_code prepare(struct search *search, struct error *error)
{
    size_t n = search->reader->n_configs;
    size_t *configs = malloc(n * sizeof *configs);
    search->group_of = malloc(n * sizeof *search->group_of);
    search->is_control = calloc(n, sizeof *search->is_control);
    if (!configs || !search->group_of || !search->is_control) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    for (size_t i = 0; i < n; i++)
        configs[i] = i;
    if (groups_make_without(&search->alike, search->reader, &(struct selection){configs, n}, task_key(search->reader),
                            error))
        goto done;
    for (size_t g = 0; g < search->alike.n; g++) {
        mark_controls(search, &search->alike.groups[g]);
        for (size_t i = 0; i < search->alike.groups[g].n; i++)
            search->group_of[search->alike.groups[g].configs[i]] = g;
    }
done:
    free(configs);
    return error->code;
}

enum error_code claim_pairs_find(struct claim_pairs *pairs, enum claim_id claim, const struct reader *reader,
                                 const struct selection *selection, struct error *error)
{
    struct search search = {.claim = claim, .reader = reader, .pairs = pairs};
    struct groups groups = {0};
    const char *key = claim_table[claim].key;

    *pairs = (struct claim_pairs){NULL, 0};
    error->code = ERROR_NONE;
    if (prepare(&search, error))
        goto done;
    for (size_t i = 0; !key && i < selection->n && !error->code; i++)
        if (search.is_control[selection->configs[i]])
            continue;
        else if (claim == CLAIM_NONE)
            add_all_tasks(&search, selection->configs[i], error);
        else if (is_a(claim, &reader->configs[selection->configs[i]]))
            add_configs(&search, selection->configs[i], selection->configs[i], error);
    if (!key || error->code)
        goto done;
    const struct hyperparameter *row = claim == CLAIM_SIMILAR_SHARE ? task_key(reader) : hyperparameter_find(key);
    if (groups_make_without(&groups, reader, selection, row, error))
        goto done;
    for (size_t g = 0; g < groups.n && !error->code; g++)
        add_pairs(&search, &groups.groups[g], error);
done:
    groups_free(&groups);
    groups_free(&search.alike);
    free(search.is_control);
    free(search.group_of);
    if (error->code)
        claim_pairs_free(pairs);
    return error->code;
}

void claim_pairs_free(struct claim_pairs *pairs)
{
    free(pairs->pairs);
    *pairs = (struct claim_pairs){NULL, 0};
}

static bool has_controls(const struct claim_side *side)
{
    return side->n_controls > 0 && side->n_lacking == 0;
}

bool claim_pair_has_controls(const struct claim_pair *pair)
{
    bool is_single = pair->b.tasks.b == 0; /* all zero: a pair's second task is not the first one */
    return has_controls(&pair->a) && (is_single || has_controls(&pair->b));
}
