#include "plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Shapes of so few jobs that packs of them alone would leave many lanes empty share packs with those of other lengths;
 * others do not, for their epochs would not end together and be tested together. */
enum { FEW_JOBS = 8 * KERNELS_LANES_MAX };

/* Configurations of one shape: order[begin..end), where end is the next group's begin. */
struct plan_group {
    uint32_t begin;
    uint32_t next;      /* of the configurations, the one whose replicate comes next */
    uint64_t replicate; /* the replicate it is at, the plan's number of replicates at its end */
};

struct plan {
    const struct hyperparameters *configs; /* borrowed */
    uint32_t *order;                       /* [n_configs] indices, grouped by shape, longest first in a group, then
                                              ascending */
    struct plan_group *groups;             /* [n_groups + 1], costliest first; the last one only ends the one before */
    size_t n_configs, n_groups;
    uint64_t replicates, jobs_total, jobs_left;
    int64_t seed;
    double work_total;
    bool is_cheapest_first;
    /* Positions, counted in the order in which groups have their turns (group_at). */
    size_t band_begin, band_end; /* the groups that share rounds; those before them are at their end */
    uint64_t round;              /* no group of the band is at an earlier replicate */
    size_t cursor;               /* in this round, the groups of the band before it have been passed */
    /* Jobs to leave out; NULL: none. */
    bool (*is_done)(const void *context, uint64_t config, uint64_t replicate);
    const void *context;
};

/* Which shape each configuration has, while a plan is made: a hash table of the shapes met so far. A shape is
 * kept as the first configuration that has it. */
struct shapes {
    const struct hyperparameters *configs;
    bool by_length;  /* those of another length are other shapes */
    uint32_t *first; /* [capacity] configuration, by shape in order of appearance */
    size_t n, capacity;
    uint32_t *slots; /* [n_slots] shape + 1, 0 if free; n_slots is a power of two */
    size_t n_slots;
};

/* The same for all that are one shape. */
static struct shape key_of(const struct shapes *shapes, uint32_t config)
{
    struct shape shape = shape_of(&shapes->configs[config]);
    if (!shapes->by_length) {
        shape.epochs = 0;
        memset(shape.steps, 0, sizeof shape.steps);
    }
    return shape;
}

static uint64_t shape_hash(const struct shape *shape)
{
    _Static_assert(sizeof *shape % sizeof(uint64_t) == 0, "a shape is hashed as words");
    uint64_t words[sizeof *shape / sizeof(uint64_t)], hash = 0;
    memcpy(words, shape, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return hash;
}

/* The slot that holds a configuration's shape, or the free one where it belongs. */
static uint32_t *shapes_slot(const struct shapes *shapes, uint32_t config)
{
    const struct shape shape = key_of(shapes, config);
    for (uint64_t i = shape_hash(&shape);; i++) {
        uint32_t *slot = &shapes->slots[i & (shapes->n_slots - 1)];
        if (*slot == 0)
            return slot;
        const struct shape other = key_of(shapes, shapes->first[*slot - 1]);
        if (shape_equal(&other, &shape))
            return slot;
    }
}

static enum error_code out_of_memory(struct error *error)
{
    return error_set(error, ERROR_FATAL, "out of memory for the plan of the jobs");
}

static enum error_code shapes_grow(struct shapes *shapes, struct error *error)
{
    size_t capacity = shapes->capacity ? 2 * shapes->capacity : 1024;
    uint32_t *first = realloc(shapes->first, capacity * sizeof *first);
    if (!first)
        return out_of_memory(error);
    shapes->first = first;
    uint32_t *slots = calloc(2 * capacity, sizeof *slots);
    if (!slots)
        return out_of_memory(error);
    free(shapes->slots);
    shapes->capacity = capacity;
    shapes->slots = slots;
    shapes->n_slots = 2 * capacity;
    for (size_t i = 0; i < shapes->n; i++)
        *shapes_slot(shapes, shapes->first[i]) = (uint32_t)i + 1;
    return ERROR_NONE;
}

/* Sets *number to that of a configuration's shape, in order of appearance. */
static enum error_code shapes_find(struct shapes *shapes, uint32_t config, uint32_t *number, struct error *error)
{
    if (shapes->n == shapes->capacity && shapes_grow(shapes, error))
        return error->code;
    uint32_t *slot = shapes_slot(shapes, config);
    if (*slot == 0) {
        shapes->first[shapes->n++] = config;
        *slot = (uint32_t)shapes->n;
    }
    *number = *slot - 1;
    return ERROR_NONE;
}

static void shapes_free(struct shapes *shapes)
{
    free(shapes->first);
    free(shapes->slots);
}

/* A shape of one length, and its group. */
struct member {
    double cost, group_cost; /* of its jobs, and of the group's costliest */
    uint32_t group, shape, n_configs;
};

static int costlier_first(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    if (x->group_cost != y->group_cost)
        return x->group_cost > y->group_cost ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->cost != y->cost)
        return x->cost > y->cost ? -1 : 1;
    return x->shape < y->shape ? -1 : 1;
}

/* Groups the shapes, each of one length: those of fewer than n_few jobs with others that differ by the length alone. */
static enum error_code group_members(struct plan *plan, const struct shapes *lengths, uint64_t n_few,
                                     struct member *members, struct error *error)
{
    struct shapes few = {.configs = plan->configs};
    double *costs = calloc(2 * lengths->n + 1, sizeof *costs);
    enum error_code code = costs ? ERROR_NONE : out_of_memory(error);
    for (size_t i = 0; i < lengths->n && !code; i++) {
        struct member *member = &members[i];
        member->cost = plan_work(plan, lengths->first[i]);
        member->shape = member->group = (uint32_t)i;
        if (member->n_configs * plan->replicates < n_few) {
            code = shapes_find(&few, lengths->first[i], &member->group, error);
            member->group += (uint32_t)lengths->n;
        }
        double *cost = &costs[code ? 0 : member->group];
        *cost = member->cost > *cost ? member->cost : *cost;
    }
    for (size_t i = 0; i < lengths->n && !code; i++)
        members[i].group_cost = costs[members[i].group];
    free(costs);
    shapes_free(&few);
    return code;
}

/* Fills order and groups. */
static enum error_code group_by_shape(struct plan *plan, uint64_t n_few, struct error *error)
{
    size_t n_configs = plan->n_configs;
    struct shapes lengths = {.configs = plan->configs, .by_length = true};
    struct member *members = NULL;
    uint32_t *place = NULL; /* by shape: in the order of members; then where its next configuration goes */
    uint32_t *shape_of_config = calloc(n_configs + 1, sizeof *shape_of_config);
    enum error_code code = shape_of_config ? ERROR_NONE : out_of_memory(error);
    for (size_t i = 0; i < n_configs && !code; i++)
        code = shapes_find(&lengths, (uint32_t)i, &shape_of_config[i], error);
    if (code)
        goto done;

    size_t n = lengths.n;
    members = calloc(n + 1, sizeof *members);
    place = calloc(n + 1, sizeof *place);
    plan->order = malloc((n_configs + 1) * sizeof *plan->order);
    plan->groups = calloc(n + 1, sizeof *plan->groups);
    if (!members || !place || !plan->order || !plan->groups) {
        code = out_of_memory(error);
        goto done;
    }
    for (size_t i = 0; i < n_configs; i++)
        members[shape_of_config[i]].n_configs++;
    if ((code = group_members(plan, &lengths, n_few, members, error)))
        goto done;
    if (n > 1)
        qsort(members, n, sizeof *members, costlier_first);

    uint32_t begin = 0;
    plan->n_groups = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || members[i].group != members[i - 1].group)
            plan->groups[plan->n_groups++] = (struct plan_group){.begin = begin, .next = begin};
        place[members[i].shape] = begin;
        begin += members[i].n_configs;
        plan->work_total += (double)members[i].n_configs * (double)plan->replicates * members[i].cost;
    }
    plan->groups[plan->n_groups].begin = begin;
    for (size_t i = 0; i < n_configs; i++)
        plan->order[place[shape_of_config[i]]++] = (uint32_t)i;

done:
    shapes_free(&lengths);
    free(shape_of_config);
    free(members);
    free(place);
    return code;
}

/* Which group a position is; and the other way round. */
static size_t group_at(const struct plan *plan, size_t position)
{
    return plan->is_cheapest_first ? plan->n_groups - 1 - position : position;
}

static double cost_at(const struct plan *plan, size_t position)
{
    return plan_work(plan, plan->order[plan->groups[group_at(plan, position)].begin]);
}

/* Of shapes that cost nearly the same, one does not fit if another hardly does: they need not wait for each other. */
static void begin_band(struct plan *plan, size_t begin)
{
    const double alike = 1.25;
    plan->band_begin = plan->band_end = plan->cursor = begin;
    plan->round = 0;
    while (plan->band_end < plan->n_groups && (!plan->is_cheapest_first || plan->band_end == begin ||
                                               cost_at(plan, plan->band_end) <= alike * cost_at(plan, begin)))
        plan->band_end++;
}

enum error_code plan_create(struct plan **plan, const struct hyperparameters *configs, size_t n_configs,
                            int64_t replicates, int64_t seed, struct error *error)
{
    *plan = NULL;
    check(n_configs < UINT32_MAX && replicates >= 0);
    uint64_t jobs_total;
    if (__builtin_mul_overflow((uint64_t)n_configs, (uint64_t)replicates, &jobs_total))
        return error_set(error, ERROR_INPUT,
                         "replicates = %" PRId64 ": with %zu configurations more jobs than 64 bits can count",
                         replicates, n_configs);

    struct plan *p = calloc(1, sizeof *p);
    if (!p)
        return out_of_memory(error);
    p->configs = configs;
    p->n_configs = n_configs;
    p->replicates = (uint64_t)replicates;
    p->seed = seed;
    p->jobs_total = p->jobs_left = jobs_total;
    if (group_by_shape(p, FEW_JOBS, error)) {
        plan_destroy(p);
        return error->code;
    }
    begin_band(p, 0);
    *plan = p;
    return ERROR_NONE;
}

void plan_destroy(struct plan *plan)
{
    if (!plan)
        return;
    free(plan->order);
    free(plan->groups);
    free(plan);
}

static void step(struct plan_group *group)
{
    if (++group->next == group[1].begin) {
        group->next = group->begin;
        group->replicate++;
    }
}

/* A group is always at a job that is to be done, or at its end. */
static void pass_done(const struct plan *plan, struct plan_group *group)
{
    while (plan->is_done && group->replicate < plan->replicates &&
           plan->is_done(plan->context, plan->order[group->next], group->replicate))
        step(group);
}

void plan_skip(struct plan *plan, bool (*is_done)(const void *context, uint64_t config, uint64_t replicate),
               const void *context)
{
    plan->is_done = is_done;
    plan->context = context;
    for (size_t config = 0; config < plan->n_configs; config++) {
        uint64_t n_done = 0;
        for (uint64_t replicate = 0; replicate < plan->replicates; replicate++)
            n_done += is_done(context, config, replicate);
        plan->jobs_total -= n_done;
        if (n_done > 0)
            plan->work_total -= (double)n_done * plan_work(plan, config);
    }
    plan->jobs_left = plan->jobs_total;
    for (size_t g = 0; g < plan->n_groups; g++)
        pass_done(plan, &plan->groups[g]);
}

enum error_code plan_cheapest_first(struct plan *plan, struct error *error)
{
    double work_total = plan->work_total; /* without what is left out */
    free(plan->order);
    free(plan->groups);
    plan->order = NULL;
    plan->groups = NULL;
    if (group_by_shape(plan, 0, error))
        return error->code;
    plan->work_total = work_total;
    for (size_t g = 0; g < plan->n_groups; g++)
        pass_done(plan, &plan->groups[g]);
    plan->is_cheapest_first = true;
    begin_band(plan, 0);
    return ERROR_NONE;
}

struct job plan_job(const struct plan *plan, uint64_t config, uint64_t replicate)
{
    check(config < plan->n_configs && replicate < plan->replicates);
    return (struct job){
        .config = config, .replicate = replicate, .seed = plan->seed + (int64_t)replicate, .h = plan->configs[config]};
}

/* The group's next jobs. The one place where jobs leave the plan. */
static size_t take(struct plan *plan, size_t g, size_t n_max, struct job *jobs)
{
    struct plan_group *group = &plan->groups[g];
    size_t n = 0;
    for (; n < n_max && group->replicate < plan->replicates; n++) {
        jobs[n] = plan_job(plan, plan->order[group->next], group->replicate);
        step(group);
        pass_done(plan, group);
    }
    plan->jobs_left -= n;
    return n;
}

size_t plan_next(struct plan *plan, const uint64_t *prefer, size_t n_prefer, size_t n_max, struct job *jobs,
                 uint64_t *shape)
{
    if (plan->jobs_left == 0 || n_max == 0)
        return 0;

    for (size_t i = 0; i < n_prefer; i++) {
        check(prefer[i] < plan->n_groups);
        const struct plan_group *group = &plan->groups[prefer[i]];
        if (group_at(plan, prefer[i]) >= plan->band_end)
            continue;
        uint64_t ahead = 1 + n_max / (group[1].begin - group->begin);
        if (group->replicate < plan->replicates && group->replicate <= plan->round + ahead) {
            *shape = prefer[i];
            return take(plan, prefer[i], n_max, jobs);
        }
    }

    /* Passing a group that is ahead costs a step for at least one job that it handed out or left out before: O(1) a
     * job. */
    for (;;) {
        if (plan->cursor == plan->band_end) {
            plan->cursor = plan->band_begin;
            if (++plan->round == plan->replicates)
                begin_band(plan, plan->band_end);
        }
        if (plan->groups[group_at(plan, plan->cursor)].replicate == plan->round)
            break;
        plan->cursor++;
    }
    for (size_t i = 0; i < n_prefer; i++)
        if (group_at(plan, prefer[i]) < plan->band_begin)
            return 0;
    *shape = group_at(plan, plan->cursor);
    return take(plan, group_at(plan, plan->cursor), n_max, jobs);
}

uint64_t plan_jobs_total(const struct plan *plan)
{
    return plan->jobs_total;
}

uint64_t plan_jobs_left(const struct plan *plan)
{
    return plan->jobs_left;
}

size_t plan_n_configs(const struct plan *plan)
{
    return plan->n_configs;
}

int64_t plan_replicates(const struct plan *plan)
{
    return (int64_t)plan->replicates;
}

size_t plan_n_shapes(const struct plan *plan)
{
    return plan->n_groups;
}

double plan_work_total(const struct plan *plan)
{
    return plan->work_total;
}

double plan_work(const struct plan *plan, uint64_t config)
{
    check(config < plan->n_configs);
    struct shape shape = shape_of(&plan->configs[config]);
    return shape_cost(&shape);
}
