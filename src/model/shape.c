#include "shape.h"

struct shape shape_of(const struct hyperparameters *h)
{
    return (struct shape){
        .hidden_size = h->hidden_size,
        .hidden_layers = h->hidden_layers,
        .context_layer = hyperparameters_context_layer(h),
        .n_tasks = hyperparameters_n_tasks(h),
        .batch_size = h->batch_size,
        .epochs = h->epochs,
        .steps = {hyperparameters_steps(h, 0), hyperparameters_phases(h) == 2 ? hyperparameters_steps(h, 1) : 0},
        .N_test = h->N_test,
        .output_activation = h->output_activation,
        .optimizer = h->optimizer,
    };
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    return a->hidden_size == b->hidden_size && a->hidden_layers == b->hidden_layers &&
           a->context_layer == b->context_layer && a->n_tasks == b->n_tasks && a->batch_size == b->batch_size &&
           a->epochs == b->epochs && a->steps[0] == b->steps[0] && a->steps[1] == b->steps[1] &&
           a->N_test == b->N_test && a->output_activation == b->output_activation && a->optimizer == b->optimizer;
}

int64_t shape_history(const struct shape *shape)
{
    return (shape->steps[1] > 0 ? 2 : 1) * shape->epochs + 1;
}

int64_t shape_n_parameters(const struct shape *shape)
{
    int64_t H = shape->hidden_size, L = shape->hidden_layers;
    return H * (2 + 1) + (L - 1) * H * (H + 1) + H * shape->n_tasks + H + 1;
}

double shape_cost(const struct shape *shape)
{
    double parameters = (double)shape_n_parameters(shape);
    double H = (double)shape->hidden_size, L = (double)shape->hidden_layers;
    double test_rows = (double)shape->n_tasks * (double)shape->N_test;
    double steps = (double)shape->epochs * (double)(shape->steps[0] + shape->steps[1]);

    /* Forward, gradient and deltas; the optimiser's square root and division weigh about 20 multiply-adds. */
    double training = steps * parameters * (3 * (double)shape->batch_size + 20);
    double tests = (double)shape_history(shape) * test_rows * parameters;
    /* Silencing a unit of layer l re-does the H x H products of layers l+2..L. */
    double ablation = test_rows * H * (H * H * (L - 1) * (L - 2) / 2 + H * L);
    return training + tests + ablation;
}
