/* The reference network checked by itself: a reference that is wrong checks nothing. Small networks worked out by
 * hand, and its derivatives against its own finite differences. */
#include "reference/reference_network.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka.h comes after the headers it needs */
#include <cmocka.h>

/* Uniforms in (-1, 1) from a small linear congruential generator (Numerical Recipes' constants). */
static double noise(uint32_t *state)
{
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (double)(*state >> 8) / (double)(1 << 23) - 1;
}

/* Weights of the size that PyTorch's default gives, biases too: nonzero, so that every derivative counts. */
static struct reference_network *random_network(size_t H, size_t L, size_t context_layer, bool output_is_relu,
                                                uint32_t seed)
{
    struct reference_network *network = reference_network_create(H, L, 2, context_layer, output_is_relu);
    assert_non_null(network);
    for (size_t p = 0; p < network->n_parameters; p++)
        network->parameters[p] = noise(&seed) / sqrt((double)H);
    /* Shifted upwards, so that most units and outputs are above their ReLU's kink. */
    for (size_t i = 0; i < L * H; i++)
        network->biases[i] += 0.2;
    *network->output_bias += 1;
    return network;
}

struct samples {
    double x[40][2], targets[40];
    size_t tasks[40], n;
};

static struct samples random_samples(uint32_t seed)
{
    struct samples s = {.n = 40};
    for (size_t i = 0; i < s.n; i++) {
        s.x[i][0] = (noise(&seed) + 1) / 2;
        s.x[i][1] = (noise(&seed) + 1) / 2;
        s.tasks[i] = i % 2;
        s.targets[i] = i % 2 ? s.x[i][0] * s.x[i][1] : s.x[i][0] + s.x[i][1];
    }
    return s;
}

static size_t alive_samples(const struct reference_network *network, const struct samples *s)
{
    size_t alive = 0;
    for (size_t i = 0; i < s->n; i++)
        alive += reference_forward(network, s->x[i], s->tasks[i], NULL, NULL) > 0;
    return alive;
}

/* Two units in each of two layers, every number worked out by hand. */
static void test_forward_by_hand(void **state)
{
    (void)state;
    struct reference_network *network = reference_network_create(2, 2, 2, 1, true);
    assert_non_null(network);
    assert_int_equal(network->n_parameters, 4 + 4 + 4 + 4 + 2 + 1);
    const double values[] = {1,    2,      -1,  1,  /* input_weights */
                             1,    -1,     0.5, 2,  /* hidden_weights */
                             10,   20,     30,  40, /* context_weights */
                             0.5,  -2,     -1,  -1, /* biases */
                             0.25, -0.125,          /* output_weights */
                             4};                    /* output_bias */
    for (size_t p = 0; p < network->n_parameters; p++)
        network->parameters[p] = values[p];

    const double x[2] = {3, 6};
    double h[4];
    /* Layer 0: 0.5 + 3 + 12 = 15.5; -2 - 3 + 6 = 1. Layer 1, task 1: -1 + 15.5 - 1 + 20 = 33.5;
     * -1 + 7.75 + 2 + 40 = 48.75. Output: 4 + 8.375 - 6.09375 = 6.28125. */
    assert_true(reference_forward(network, x, 1, NULL, h) == 6.28125);
    assert_true(h[0] == 15.5 && h[1] == 1 && h[2] == 33.5 && h[3] == 48.75);
    /* Task 0: 23.5; 38.75. Output 4 + 5.875 - 4.84375 = 5.03125. */
    assert_true(reference_forward(network, x, 0, NULL, NULL) == 5.03125);
    /* Unit 0 of layer 0 held at 0, task 0: max(0, -1 - 1 + 10) = 8; -1 + 2 + 30 = 31; 4 + 2 - 3.875 = 2.125. */
    const struct reference_clamp silent = {0, 0, 0};
    assert_true(reference_forward(network, x, 0, &silent, h) == 2.125);
    assert_true(h[0] == 0 && h[1] == 1 && h[2] == 8 && h[3] == 31);
    /* Unit 1 of layer 1 held at 100: 4 + 5.875 - 12.5 = -2.625, under the ReLU 0. */
    const struct reference_clamp loud = {1, 1, 100};
    assert_true(reference_forward(network, x, 0, &loud, NULL) == 0);
    network->output_is_relu = false;
    assert_true(reference_forward(network, x, 0, &loud, NULL) == -2.625);
    reference_network_destroy(network);
}

/* Every derivative of the loss against the central difference, for networks of 1 to 4 layers with the context at
 * either end and in the middle, and both outputs. */
static void test_gradient(void **state)
{
    (void)state;
    const struct {
        size_t H, L, context_layer;
    } shapes[] = {{6, 1, 0}, {5, 2, 0}, {5, 2, 1}, {7, 4, 0}, {7, 4, 2}, {7, 4, 3}, {1, 3, 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int output_is_relu = 0; output_is_relu <= 1; output_is_relu++) {
            struct reference_network *network =
                random_network(shapes[i].H, shapes[i].L, shapes[i].context_layer, output_is_relu, (uint32_t)(100 + i));
            struct samples s = random_samples((uint32_t)(200 + i));
            double *gradient = calloc(network->n_parameters, sizeof *gradient);
            assert_non_null(gradient);
            assert_true(alive_samples(network, &s) > s.n / 2);

            reference_loss(network, s.n, s.x[0], s.tasks, s.targets, gradient);
            size_t n_zero = 0;
            for (size_t p = 0; p < network->n_parameters; p++) {
                /* A step of 1e-6 leaves a truncation error near 1e-12 and a rounding error near 1e-10. */
                double difference = reference_loss_difference(network, s.n, s.x[0], s.tasks, s.targets, p, 1e-6);
                assert_true(fabs(gradient[p] - difference) <= 1e-8 * (1 + fabs(difference)));
                n_zero += gradient[p] == 0;
            }
            assert_true(2 * n_zero < network->n_parameters); /* the comparison is not of zeros */
            free(gradient);
            reference_network_destroy(network);
        }
}

/* A sample whose output the ReLU holds at 0 has no derivatives; the linear output has them. */
static void test_dead_output(void **state)
{
    (void)state;
    const double x[2] = {0.5, 0.25};
    for (int output_is_relu = 0; output_is_relu <= 1; output_is_relu++) {
        struct reference_network *network = random_network(5, 2, 0, output_is_relu, 7);
        *network->output_bias = -100;
        double activations[10], d_activations[10];
        double gradient[2 * 5 + 25 + 2 * 5 + 2 * 5 + 5 + 1] = {0};
        assert_int_equal(network->n_parameters, sizeof gradient / sizeof gradient[0]);
        double y = reference_forward(network, x, 1, NULL, activations);
        reference_backward(network, x, 1, activations, y, 1, gradient, d_activations);
        assert_true(gradient[network->n_parameters - 1] == (output_is_relu ? 0 : 1));
        for (size_t i = 0; i < 10; i++)
            assert_true((d_activations[i] == 0) == (output_is_relu == 1));
        reference_network_destroy(network);
    }
}

/* d y / d h of every unit by backpropagation against holding the unit a little higher and lower. */
static void test_activation_derivatives(void **state)
{
    (void)state;
    const size_t H = 7, L = 4;
    for (size_t context_layer = 0; context_layer < L; context_layer++) {
        struct reference_network *network = random_network(H, L, context_layer, true, (uint32_t)(11 + context_layer));
        struct samples s = random_samples(5);
        double activations[28], d_activations[28];
        size_t n_nonzero = 0;
        for (size_t i = 0; i < s.n; i++) {
            double y = reference_forward(network, s.x[i], s.tasks[i], NULL, activations);
            reference_backward(network, s.x[i], s.tasks[i], activations, y, 1, NULL, d_activations);
            for (size_t unit = 0; unit < H * L; unit++) {
                const double step = 1e-7;
                struct reference_clamp clamp = {unit / H, unit % H, activations[unit] + step};
                double above = reference_forward(network, s.x[i], s.tasks[i], &clamp, NULL);
                clamp.value = activations[unit] - step;
                double below = reference_forward(network, s.x[i], s.tasks[i], &clamp, NULL);
                assert_true(fabs((above - below) / (2 * step) - d_activations[unit]) < 1e-7);
                n_nonzero += d_activations[unit] != 0;
            }
        }
        assert_true(n_nonzero > s.n * H * L / 4);
        reference_network_destroy(network);
    }
}

/* One hidden layer and a linear output: silencing unit i takes w_i h_i from the output, and every measure has a
 * closed form. */
static void test_importance_closed_form(void **state)
{
    (void)state;
    const size_t H = 6;
    struct reference_network *network = random_network(H, 1, 0, false, 3);
    struct samples s = random_samples(4);
    for (size_t task = 0; task < 2; task++)
        for (size_t unit = 0; unit < H; unit++) {
            const double n = (double)s.n, w = network->output_weights[unit];
            double sum_d = 0, sum_d2 = 0, sum_hde = 0, sum_hde2 = 0, sum_h = 0, sum_h2 = 0;
            for (size_t i = 0; i < s.n; i++) {
                double h[6];
                double r = reference_forward(network, s.x[i], task, NULL, h) - s.targets[i];
                double a = w * h[unit];
                double d = a * a - 2 * a * r; /* (r - a)^2 - r^2 */
                sum_d += d;
                sum_d2 += d * d;
                sum_hde += 2 * r * a;
                sum_hde2 += 4 * r * r * a * a;
                sum_h += h[unit];
                sum_h2 += h[unit] * h[unit];
            }
            struct reference_importance I =
                reference_unit_importance(network, s.n, s.x[0], s.targets, task, 0, unit, 1e-6);
            assert_true(fabs(I.ablation_mean - pow(sum_d / n, 2)) < 1e-12);
            assert_true(fabs(I.ablation_sample - sum_d2 / n) < 1e-12);
            assert_true(fabs(I.taylor_mean - pow(sum_hde / n, 2)) < 1e-8);
            assert_true(fabs(I.taylor_sample - sum_hde2 / n) < 1e-8);
            assert_true(fabs(I.contribution - w * w * sum_h2 / n) < 1e-8);
            assert_true(fabs(I.variance - (sum_h2 / n - pow(sum_h / n, 2))) < 1e-12);
            assert_true(fabs(I.loss_change - sum_d / n) < 1e-12);
            assert_true(fabs(I.mean_activation - sum_h / n) < 1e-12);
        }
    reference_network_destroy(network);
}

/* In a deep network: silencing a unit is the same as cutting the weights that leave it. */
static void test_ablation_cuts_weights(void **state)
{
    (void)state;
    const size_t H = 5, L = 3;
    for (size_t layer = 0; layer < L; layer++)
        for (size_t unit = 0; unit < H; unit++) {
            struct reference_network *network = random_network(H, L, 1, true, 21);
            struct samples s = random_samples(22);
            double y[40];
            for (size_t i = 0; i < s.n; i++)
                y[i] = reference_forward(network, s.x[i], 1, NULL, NULL);
            struct reference_importance I =
                reference_unit_importance(network, s.n, s.x[0], s.targets, 1, layer, unit, 1e-6);
            for (size_t i = 0; i < H; i++) {
                if (layer + 1 < L)
                    network->hidden_weights[(layer * H + i) * H + unit] = 0;
                else
                    network->output_weights[unit] = 0;
            }
            double sum_d = 0, sum_d2 = 0;
            for (size_t i = 0; i < s.n; i++) {
                double cut = reference_forward(network, s.x[i], 1, NULL, NULL);
                double d = pow(cut - s.targets[i], 2) - pow(y[i] - s.targets[i], 2);
                sum_d += d;
                sum_d2 += d * d;
            }
            assert_true(fabs(I.loss_change - sum_d / (double)s.n) < 1e-12);
            assert_true(fabs(I.ablation_mean - pow(sum_d / (double)s.n, 2)) < 1e-12);
            assert_true(fabs(I.ablation_sample - sum_d2 / (double)s.n) < 1e-12);
            reference_network_destroy(network);
        }
}

/* The Taylor measures and the contribution through central differences against backpropagation. */
static void test_taylor_by_backpropagation(void **state)
{
    (void)state;
    const size_t H = 5, L = 3;
    struct reference_network *network = random_network(H, L, 2, true, 31);
    struct samples s = random_samples(32);
    double hde[15] = {0}, hde2[15] = {0}, hdy2[15] = {0};
    for (size_t i = 0; i < s.n; i++) {
        double h[15], d[15];
        double y = reference_forward(network, s.x[i], 0, NULL, h);
        reference_backward(network, s.x[i], 0, h, y, 1, NULL, d);
        for (size_t u = 0; u < H * L; u++) {
            double de = 2 * (y - s.targets[i]) * d[u];
            hde[u] += h[u] * de / (double)s.n;
            hde2[u] += pow(h[u] * de, 2) / (double)s.n;
            hdy2[u] += pow(h[u] * d[u], 2) / (double)s.n;
        }
    }
    for (size_t u = 0; u < H * L; u++) {
        struct reference_importance I =
            reference_unit_importance(network, s.n, s.x[0], s.targets, 0, u / H, u % H, 1e-7);
        assert_true(fabs(I.taylor_mean - pow(hde[u], 2)) < 1e-8);
        assert_true(fabs(I.taylor_sample - hde2[u]) < 1e-8);
        assert_true(fabs(I.contribution - hdy2[u]) < 1e-8);
    }
    reference_network_destroy(network);
}

static void test_relative_importance_by_hand(void **state)
{
    (void)state;
    /* Means 2 and 4, so that importances below 0.2 and 0.4 count as 0. Exactly at the threshold they do not. */
    const double a[] = {7, 0.1875, 0.1875, 2, 0, 2.625};
    const double b[] = {5, 1, 0.375, 0.375, 8.625, 8.625};
    double ri[6];
    reference_relative_importance(6, a, b, 0.1, ri);
    assert_true(ri[0] == (7.0 - 5.0) / (7.0 + 5.0));
    assert_true(ri[1] == -1);  /* a counts as 0 */
    assert_true(isnan(ri[2])); /* both do */
    assert_true(ri[3] == 1);   /* b does */
    assert_true(ri[4] == -1);
    assert_true(ri[5] == (2.625 - 8.625) / (2.625 + 8.625));

    const double even[] = {1, 3}, at_threshold[] = {2, 6};
    reference_relative_importance(2, even, at_threshold, 0.5, ri);
    assert_true(ri[0] == (1.0 - 2.0) / (1.0 + 2.0)); /* 1 is not below 0.5 * 2 */

    const double zero[] = {0, 0};
    reference_relative_importance(2, zero, zero, 0.1, ri);
    assert_true(isnan(ri[0]) && isnan(ri[1]));
    reference_relative_importance(2, zero, even, 0.1, ri);
    assert_true(ri[0] == -1 && ri[1] == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward_by_hand),
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_dead_output),
        cmocka_unit_test(test_activation_derivatives),
        cmocka_unit_test(test_importance_closed_form),
        cmocka_unit_test(test_ablation_cuts_weights),
        cmocka_unit_test(test_taylor_by_backpropagation),
        cmocka_unit_test(test_relative_importance_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
