#include "reference_network.h"

#include <math.h>
#include <stdlib.h>

struct reference_network *reference_network_create(size_t hidden_size, size_t hidden_layers, size_t n_tasks,
                                                   size_t context_layer, bool output_is_relu)
{
    const size_t H = hidden_size, L = hidden_layers, T = n_tasks;
    struct reference_network *network = calloc(1, sizeof *network);
    if (!network)
        return NULL;
    *network = (struct reference_network){
        .hidden_size = H,
        .hidden_layers = L,
        .n_tasks = T,
        .context_layer = context_layer,
        .output_is_relu = output_is_relu,
        .n_parameters = H * 2 + (L - 1) * H * H + H * T + L * H + H + 1,
    };
    network->parameters = calloc(network->n_parameters, sizeof *network->parameters);
    if (!network->parameters) {
        free(network);
        return NULL;
    }
    network->input_weights = network->parameters;
    network->hidden_weights = network->input_weights + H * 2;
    network->context_weights = network->hidden_weights + (L - 1) * H * H;
    network->biases = network->context_weights + H * T;
    network->output_weights = network->biases + L * H;
    network->output_bias = network->output_weights + H;
    return network;
}

void reference_network_destroy(struct reference_network *network)
{
    if (network)
        free(network->parameters);
    free(network);
}

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    if (!memory)
        abort(); /* a test that cannot run must not pass */
    return memory;
}

static double relu(double z)
{
    return z > 0 ? z : 0;
}

double reference_forward(const struct reference_network *network, const double x[2], size_t task,
                         const struct reference_clamp *clamp, double *activations)
{
    const size_t H = network->hidden_size, L = network->hidden_layers, T = network->n_tasks;
    double *own = activations ? NULL : allocate(L * H, sizeof *own);
    double *h = activations ? activations : own;

    for (size_t l = 0; l < L; l++) {
        for (size_t i = 0; i < H; i++) {
            double z = network->biases[l * H + i];
            if (l == 0) {
                z += network->input_weights[i * 2] * x[0] + network->input_weights[i * 2 + 1] * x[1];
            } else {
                for (size_t k = 0; k < H; k++)
                    z += network->hidden_weights[((l - 1) * H + i) * H + k] * h[(l - 1) * H + k];
            }
            if (l == network->context_layer)
                z += network->context_weights[i * T + task];
            h[l * H + i] = relu(z);
            if (clamp && clamp->layer == l && clamp->unit == i)
                h[l * H + i] = clamp->value;
        }
    }
    double y = *network->output_bias;
    for (size_t i = 0; i < H; i++)
        y += network->output_weights[i] * h[(L - 1) * H + i];

    free(own);
    return network->output_is_relu ? relu(y) : y;
}

void reference_backward(const struct reference_network *network, const double x[2], size_t task,
                        const double *activations, double output, double dy, double *gradient, double *d_activations)
{
    const size_t H = network->hidden_size, L = network->hidden_layers, T = network->n_tasks;
    double *own = d_activations ? NULL : allocate(L * H, sizeof *own);
    double *dh = d_activations ? d_activations : own;
    /* Where each array of the parameters begins is where its gradient begins. */
    double *g_input = NULL, *g_hidden = NULL, *g_context = NULL, *g_biases = NULL, *g_output = NULL;
    if (gradient) {
        g_input = gradient + (network->input_weights - network->parameters);
        g_hidden = gradient + (network->hidden_weights - network->parameters);
        g_context = gradient + (network->context_weights - network->parameters);
        g_biases = gradient + (network->biases - network->parameters);
        g_output = gradient + (network->output_weights - network->parameters);
    }

    const double dz_output = network->output_is_relu && !(output > 0) ? 0 : dy;
    for (size_t i = 0; i < H; i++) {
        dh[(L - 1) * H + i] = dz_output * network->output_weights[i];
        if (gradient)
            g_output[i] += dz_output * activations[(L - 1) * H + i];
    }
    if (gradient)
        gradient[network->output_bias - network->parameters] += dz_output;

    for (size_t l = L; l-- > 0;) {
        for (size_t k = 0; l > 0 && k < H; k++)
            dh[(l - 1) * H + k] = 0;
        for (size_t i = 0; i < H; i++) {
            const double dz = activations[l * H + i] > 0 ? dh[l * H + i] : 0;
            if (l > 0)
                for (size_t k = 0; k < H; k++)
                    dh[(l - 1) * H + k] += dz * network->hidden_weights[((l - 1) * H + i) * H + k];
            if (!gradient)
                continue;
            g_biases[l * H + i] += dz;
            if (l == network->context_layer)
                g_context[i * T + task] += dz;
            if (l == 0) {
                g_input[i * 2] += dz * x[0];
                g_input[i * 2 + 1] += dz * x[1];
            } else {
                for (size_t k = 0; k < H; k++)
                    g_hidden[((l - 1) * H + i) * H + k] += dz * activations[(l - 1) * H + k];
            }
        }
    }
    free(own);
}

double reference_loss(const struct reference_network *network, size_t n, const double *x, const size_t *tasks,
                      const double *targets, double *gradient)
{
    double *activations = allocate(network->hidden_layers * network->hidden_size, sizeof *activations);
    double loss = 0;
    for (size_t p = 0; gradient && p < network->n_parameters; p++)
        gradient[p] = 0;
    for (size_t s = 0; s < n; s++) {
        const double y = reference_forward(network, &x[2 * s], tasks[s], NULL, activations);
        const double residual = y - targets[s];
        loss += residual * residual / (double)n;
        if (gradient)
            reference_backward(network, &x[2 * s], tasks[s], activations, y, 2 * residual / (double)n, gradient, NULL);
    }
    free(activations);
    return loss;
}

double reference_loss_difference(struct reference_network *network, size_t n, const double *x, const size_t *tasks,
                                 const double *targets, size_t index, double step)
{
    const double kept = network->parameters[index];
    network->parameters[index] = kept + step;
    const double above = reference_loss(network, n, x, tasks, targets, NULL);
    network->parameters[index] = kept - step;
    const double below = reference_loss(network, n, x, tasks, targets, NULL);
    network->parameters[index] = kept;
    return (above - below) / (2 * step);
}

static double square(double value)
{
    return value * value;
}

struct reference_importance reference_unit_importance(const struct reference_network *network, size_t n,
                                                      const double *x, const double *targets, size_t task, size_t layer,
                                                      size_t unit, double step)
{
    double *activations = allocate(network->hidden_layers * network->hidden_size, sizeof *activations);
    double *h = allocate(n, sizeof *h);
    double mean_d = 0, mean_d2 = 0, mean_hde = 0, mean_hde2 = 0, mean_hdy2 = 0, mean_h = 0, variance = 0;

    for (size_t s = 0; s < n; s++) {
        const double y = reference_forward(network, &x[2 * s], task, NULL, activations);
        const double e = square(y - targets[s]);
        h[s] = activations[layer * network->hidden_size + unit];

        struct reference_clamp clamp = {layer, unit, 0};
        const double d = square(reference_forward(network, &x[2 * s], task, &clamp, NULL) - targets[s]) - e;

        clamp.value = h[s] + step;
        const double above = reference_forward(network, &x[2 * s], task, &clamp, NULL);
        clamp.value = h[s] - step;
        const double below = reference_forward(network, &x[2 * s], task, &clamp, NULL);
        const double dy = (above - below) / (2 * step);
        const double de = (square(above - targets[s]) - square(below - targets[s])) / (2 * step);

        mean_d += d / (double)n;
        mean_d2 += square(d) / (double)n;
        mean_hde += h[s] * de / (double)n;
        mean_hde2 += square(h[s] * de) / (double)n;
        mean_hdy2 += square(h[s] * dy) / (double)n;
        mean_h += h[s] / (double)n;
    }
    for (size_t s = 0; s < n; s++)
        variance += square(h[s] - mean_h) / (double)n;

    free(h);
    free(activations);
    return (struct reference_importance){
        .ablation_mean = square(mean_d),
        .ablation_sample = mean_d2,
        .taylor_mean = square(mean_hde),
        .taylor_sample = mean_hde2,
        .contribution = mean_hdy2,
        .variance = variance,
        .loss_change = mean_d,
        .mean_activation = mean_h,
    };
}

void reference_relative_importance(size_t n, const double *a, const double *b, double unimportant_below, double *ri)
{
    double mean_a = 0, mean_b = 0;
    for (size_t i = 0; i < n; i++) {
        mean_a += a[i] / (double)n;
        mean_b += b[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double kept_a = a[i] < unimportant_below * mean_a ? 0 : a[i];
        const double kept_b = b[i] < unimportant_below * mean_b ? 0 : b[i];
        ri[i] = (kept_a - kept_b) / (kept_a + kept_b);
    }
}
