#include "shape.h"

#include <string.h>

struct shape shape_of(const struct hyperparameters *h)
{
    struct shape shape = {
        .n_inputs = h->n_inputs,
        .hidden_size = h->hidden_size,
        .hidden_layers = h->hidden_layers,
        .context_layer = hyperparameters_context_layer(h),
        .n_tasks = hyperparameters_n_tasks(h),
        .batch_size = h->batch_size,
        .N_test = h->N_test,
        .output_activation = h->output_activation,
        .optimizer = h->optimizer,
        .epochs = h->epochs,
    };
    for (int phase = 0; phase < hyperparameters_phases(h); phase++)
        shape.steps[phase] = hyperparameters_steps(h, phase);
    return shape;
}

bool shape_packs_with(const struct shape *a, const struct shape *b)
{
    return a->n_inputs == b->n_inputs && a->hidden_size == b->hidden_size && a->hidden_layers == b->hidden_layers &&
           a->context_layer == b->context_layer && a->n_tasks == b->n_tasks && a->batch_size == b->batch_size &&
           a->N_test == b->N_test && a->output_activation == b->output_activation && a->optimizer == b->optimizer;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    return shape_packs_with(a, b) && a->epochs == b->epochs && memcmp(a->steps, b->steps, sizeof a->steps) == 0;
}

int shape_phases(const struct shape *shape)
{
    int n_phases = 1;
    while (n_phases < PHASES_MAX && shape->steps[n_phases] > 0)
        n_phases++;
    return n_phases;
}

int64_t shape_history(const struct shape *shape)
{
    return shape_phases(shape) * shape->epochs + 1;
}

int64_t shape_steps(const struct shape *shape)
{
    int64_t n = 0;
    for (int phase = 0; phase < PHASES_MAX; phase++)
        n += shape->epochs * shape->steps[phase];
    return n;
}

int64_t shape_n_parameters(const struct shape *shape)
{
    int64_t H = shape->hidden_size, L = shape->hidden_layers;
    return H * (shape->n_inputs + 1) + (L - 1) * H * (H + 1) + H * shape->n_tasks + H + 1;
}

double shape_cost_of_measures(const struct shape *shape)
{
    double H = (double)shape->hidden_size, L = (double)shape->hidden_layers;
    /* Silencing a unit of layer l re-does the H x H products of layers l+2..L. */
    return (double)shape->n_tasks * (double)shape->N_test * H * (H * H * (L - 1) * (L - 2) / 2 + H * L);
}

double shape_cost(const struct shape *shape)
{
    double parameters = (double)shape_n_parameters(shape);
    double test_rows = (double)shape->n_tasks * (double)shape->N_test;
    double steps = (double)shape_steps(shape);

    /* Forward, gradient and deltas; the optimiser's square root and division weigh about 20 multiply-adds. */
    double training = steps * parameters * (3 * (double)shape->batch_size + 20);
    double tests = (double)shape_history(shape) * test_rows * parameters;
    return training + tests + shape_cost_of_measures(shape);
}
