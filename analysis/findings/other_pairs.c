#include "other_pairs.h"

#include "numbers.h"
#include "trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two formulas, and the list of tasks that they were met in first. */
struct formulas {
    int64_t tasks;
    struct task_pair pair;
    char a[TASK_TEXT_MAX], b[TASK_TEXT_MAX];
};

/* What finding needs: the formulas of claims, each list's once. */
struct named {
    struct formulas *formulas; /* [n] */
    size_t n, capacity;
};

static struct formulas formulas_of(const struct hyperparameters *h, struct task_pair pair)
{
    struct formulas formulas = {.tasks = h->tasks, .pair = pair};
    task_text(h, pair.a, formulas.a);
    task_text(h, pair.b, formulas.b);
    return formulas;
}

static enum error_code add_side(struct named *named, const struct reader *reader, const struct claim_side *side,
                                struct error *error)
{
    const struct hyperparameters *h = &reader->configs[side->config];
    for (size_t i = 0; i < named->n; i++)
        if (named->formulas[i].tasks == h->tasks && named->formulas[i].pair.a == side->tasks.a &&
            named->formulas[i].pair.b == side->tasks.b)
            return ERROR_NONE;
    if (named->n == named->capacity) {
        size_t capacity = named->capacity > 0 ? 2 * named->capacity : 16;
        struct formulas *grown = realloc(named->formulas, capacity * sizeof *grown);
        if (!grown)
            return error_set(error, ERROR_FATAL, "not enough memory");
        named->formulas = grown;
        named->capacity = capacity;
    }
    named->formulas[named->n++] = formulas_of(h, side->tasks);
    return ERROR_NONE;
}

static enum error_code list_named(struct named *named, const struct claim_pairs *claims, const struct reader *reader,
                                  struct error *error)
{
    for (int c = 0; c < N_CLAIMS; c++)
        for (size_t p = 0; p < claims[c].n; p++) {
            const struct claim_pair *pair = &claims[c].pairs[p];
            if (add_side(named, reader, &pair->a, error) ||
                (claim_table[c].key && add_side(named, reader, &pair->b, error)))
                return error->code;
        }
    return ERROR_NONE;
}

/* Whether a pair of a list's tasks is one that claims are about, in whatever order. */
static bool is_named(const struct named *named, const struct hyperparameters *h, struct task_pair pair)
{
    struct formulas own = formulas_of(h, pair);
    for (size_t i = 0; i < named->n; i++) {
        const struct formulas *other = &named->formulas[i];
        if ((strcmp(own.a, other->a) == 0 && strcmp(own.b, other->b) == 0) ||
            (strcmp(own.a, other->b) == 0 && strcmp(own.b, other->a) == 0))
            return true;
    }
    return false;
}

/* Keeps of all pairs those that no claim is about. */
static void drop_named(struct other_pairs *others, const struct reader *reader, const struct named *named)
{
    size_t n = 0;
    for (size_t p = 0; p < others->all.n; p++) {
        struct claim_pair pair = others->all.pairs[p];
        if (!is_named(named, &reader->configs[pair.a.config], pair.a.tasks))
            others->all.pairs[n++] = pair;
    }
    others->all.n = n;
}

static int compare_formulas(const struct claim_pair *x, const struct claim_pair *y, const struct reader *reader)
{
    const struct hyperparameters *h = &reader->configs[x->a.config], *g = &reader->configs[y->a.config];
    if (h->tasks != g->tasks || x->a.tasks.a != y->a.tasks.a || x->a.tasks.b != y->a.tasks.b) {
        struct formulas of_x = formulas_of(h, x->a.tasks), of_y = formulas_of(g, y->a.tasks);
        int order = strcmp(of_x.a, of_y.a);
        order = order ? order : strcmp(of_x.b, of_y.b);
        if (order)
            return order;
    }
    const double of_h[] = {h->a, h->b, h->c}, of_g[] = {g->a, g->b, g->c};
    unsigned dials = task_pair_dials(h, x->a.tasks);
    for (int d = 0; d < FORMULA_DIALS; d++)
        if (dials >> d & 1 && of_h[d] != of_g[d])
            return of_h[d] < of_g[d] ? -1 : 1;
    return 0;
}

static int compare_pairs(const void *a, const void *b, void *reader)
{
    const struct claim_pair *x = a, *y = b;
    int order = compare_formulas(x, y, reader);
    return order ? order : (x->a.config > y->a.config) - (x->a.config < y->a.config);
}

enum error_code other_pairs_find(struct other_pairs *others, const struct claim_pairs *claims,
                                 const struct reader *reader, const struct selection *selection, struct error *error)
{
    struct named named = {0};
    *others = (struct other_pairs){0};
    if (claim_pairs_find(&others->all, CLAIM_NONE, reader, selection, error) ||
        list_named(&named, claims, reader, error))
        goto done;
    drop_named(others, reader, &named);
    others->groups = malloc((others->all.n + 1) * sizeof *others->groups);
    if (!others->groups) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    if (others->all.n > 0)
        qsort_r(others->all.pairs, others->all.n, sizeof *others->all.pairs, compare_pairs, (void *)(uintptr_t)reader);
    for (size_t p = 0; p < others->all.n; p++) {
        struct claim_pair *pair = &others->all.pairs[p];
        if (p == 0 || compare_formulas(pair - 1, pair, reader) != 0)
            others->groups[others->n++] = (struct other_pair){pair, 0};
        others->groups[others->n - 1].n++;
    }
done:
    free(named.formulas);
    if (error->code)
        other_pairs_free(others);
    return error->code;
}

void other_pairs_free(struct other_pairs *others)
{
    claim_pairs_free(&others->all);
    free(others->groups);
    *others = (struct other_pairs){0};
}

static const struct hyperparameters *config_of(const struct other_pair *pair, const struct reader *reader, size_t p)
{
    return &reader->configs[pair->pairs[p].a.config];
}

/* The only hyperparameter, besides tasks, in which a pair's configurations differ, or NULL. */
static const struct hyperparameter *only_key(const struct other_pair *pair, const struct reader *reader)
{
    const struct hyperparameter *tasks = hyperparameter_find("tasks"), *second = hyperparameter_find("second_task");
    const struct hyperparameter *found = NULL;
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *row = &hyperparameter_table[i];
        bool differs = false;
        for (size_t p = 1; p < pair->n && reader->swept[i] && row != tasks && row != second && !differs; p++)
            differs = !hyperparameter_equal(config_of(pair, reader, 0), config_of(pair, reader, p), row);
        if (differs && found)
            return NULL;
        found = differs ? row : found;
    }
    return found;
}

const struct hyperparameter *other_pair_axis(const struct other_pair *pair, const struct reader *reader, double *x,
                                             bool *is_logarithmic)
{
    const struct hyperparameter *axis = only_key(pair, reader);
    size_t n = 0;
    for (size_t p = 0; p < pair->n && axis; p++) {
        char text[HYPERPARAMETER_FORMAT_MAX], *end;
        hyperparameter_format(config_of(pair, reader, p), axis, text);
        x[p] = strtod(text, &end);
        if (end == text || *end != '\0')
            return NULL;
    }
    double *sorted = malloc((pair->n + 1) * sizeof *sorted); /* without memory for it x is as it is */
    *is_logarithmic = false;
    if (axis && sorted) {
        memcpy(sorted, x, pair->n * sizeof *sorted);
        qsort(sorted, pair->n, sizeof *sorted, number_compare);
        for (size_t p = 0; p < pair->n; p++)
            if (n == 0 || sorted[p] > sorted[n - 1])
                sorted[n++] = sorted[p];
        *is_logarithmic = trend_is_logarithmic(sorted, n);
    }
    for (size_t p = 0; p < pair->n && axis && *is_logarithmic; p++)
        x[p] = log2(x[p]);
    free(sorted);
    return axis;
}
