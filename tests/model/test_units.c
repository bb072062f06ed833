/* A model with units in the lanes has the bits that it has in a pack: networks of random shapes, forward, back, a few
 * steps, and the measures of training. */
#include "importance.h"
#include "random_fixture.h"
#include "train.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"portable", "avx2", "avx512", "neon"};

static float random_float(void)
{
    return (float)(2 * random_unit() - 1);
}

/* Fills the inputs of both, lane `lane` of the pack's being the other's only one. */
static void fill_rows(const struct network *pack, struct activations *a, struct activations *b, size_t lane,
                      size_t n_rows)
{
    int l = (int)pack->shape.context_layer;
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t k = 0; k < pack->layer[1].n_inputs; k++)
            b->in[1][row * b->in_stride[1] + k] = a->in[1][(row * a->in_stride[1] + k) * pack->lanes + lane] =
                random_float();
        for (size_t task = 0; task < pack->layer[l].n_context; task++) {
            size_t column = pack->layer[l].n_inputs + task;
            b->in[l][row * b->in_stride[l] + column] = a->in[l][(row * a->in_stride[l] + column) * pack->lanes + lane] =
                task == row % pack->layer[l].n_context;
        }
    }
}

static bool are_same_bits(float x, float y)
{
    uint32_t of_x, of_y;
    memcpy(&of_x, &x, sizeof x);
    memcpy(&of_y, &y, sizeof y);
    return of_x == of_y;
}

static void assert_rows(const char *what, const float *pack, size_t pack_stride, const float *units,
                        size_t units_stride, size_t lanes, size_t lane, size_t n_rows, size_t n)
{
    for (size_t row = 0; row < n_rows; row++)
        for (size_t i = 0; i < n; i++) {
            float x = pack[(row * pack_stride + i) * lanes + lane], y = units[row * units_stride + i];
            if (!are_same_bits(x, y))
                fail_msg("%s: row %zu, element %zu: %.9g in the pack, %.9g with units in the lanes", what, row, i,
                         (double)x, (double)y);
        }
}

static void assert_weights(const struct network *pack, const struct network *units, size_t lane)
{
    for (int l = 1; l <= pack->n_layers; l++)
        for (size_t unit = 0; unit < pack->layer[l].n_units; unit++)
            for (size_t column = 0; column < pack->layer[l].n_columns; column++) {
                float x = network_weight(pack, lane, l, unit, column), y = network_weight(units, 0, l, unit, column);
                if (!are_same_bits(x, y))
                    fail_msg("weight %d, %zu, %zu: %.9g in the pack, %.9g with units in the lanes", l, unit, column,
                             (double)x, (double)y);
            }
}

static void compare(const struct kernels *kernels, const struct shape *shape)
{
    struct network pack, units;
    struct activations a, b;
    struct error error;
    size_t lane = random_below(kernels->lanes), n_rows = (size_t)shape->batch_size;
    assert_int_equal(network_create(&pack, shape, kernels, NULL, &error), ERROR_NONE);
    assert_int_equal(network_create(&units, shape, kernels->units, NULL, &error), ERROR_NONE);
    bool with_sums = random_below(2);
    assert_int_equal(activations_create(&a, &pack, n_rows, with_sums, &error), ERROR_NONE);
    assert_int_equal(activations_create(&b, &units, n_rows, with_sums, &error), ERROR_NONE);
    struct rng_key key = rng_key(random_between(0, 1000), 0);
    network_initialise(&pack, lane, key, 0.01);
    network_initialise(&units, 0, key, 0.01);
    assert_weights(&pack, &units, lane);

    for (int step = 0; step < 3; step++) {
        fill_rows(&pack, &a, &b, lane, n_rows);
        network_forward(&pack, &a, n_rows);
        network_forward(&units, &b, n_rows);
        int last = pack.n_layers;
        for (int l = 1; l <= last; l++) {
            assert_rows("in", a.in[l], a.in_stride[l], b.in[l], b.in_stride[l], pack.lanes, lane, n_rows,
                        pack.layer[l].n_columns);
            if (with_sums)
                assert_rows("sum", a.sum[l], pack.layer[l].n_units, b.sum[l], pack.layer[l].n_units, pack.lanes, lane,
                            n_rows, pack.layer[l].n_units);
        }
        assert_rows("out", a.out, 1, b.out, 1, pack.lanes, lane, n_rows, 1);
        for (size_t row = 0; row < n_rows; row++)
            b.delta[last][row * b.delta_stride[last]] = a.delta[last][row * a.delta_stride[last] * pack.lanes + lane] =
                random_float();
        network_backward(&pack, &a, n_rows);
        network_backward(&units, &b, n_rows);
        for (int l = 1; l <= last; l++)
            assert_rows("delta", a.delta[l], a.delta_stride[l], b.delta[l], b.delta_stride[l], pack.lanes, lane, n_rows,
                        pack.layer[l].n_units);
        network_step(&pack, &a, n_rows);
        network_step(&units, &b, n_rows);
        for (int l = 1; l <= last; l++)
            assert_rows("delta of a step", a.delta[l], a.delta_stride[l], b.delta[l], b.delta_stride[l], pack.lanes,
                        lane, n_rows, pack.layer[l].n_units);
        assert_weights(&pack, &units, lane);
    }
    activations_destroy(&a);
    activations_destroy(&b);
    network_destroy(&pack);
    network_destroy(&units);
}

static struct shape random_shape(int64_t widest)
{
    struct hyperparameters h;
    struct error error;
    hyperparameters_default(&h);
    h.hidden_size = random_between(1, random_below(2) ? 20 : widest);
    h.hidden_layers = random_between(1, 5);
    h.batch_size = random_between(1, 33);
    h.optimizer = random_between(OPTIMIZER_ADAM, OPTIMIZER_SGD);
    h.output_activation = random_between(OUTPUT_RELU, OUTPUT_LINEAR);
    memset(h.context_location, 0, sizeof h.context_location);
    snprintf(h.context_location, sizeof h.context_location, "%d", (int)random_between(1, h.hidden_layers));
    assert_int_equal(hyperparameters_check(&h, &error), ERROR_NONE);
    return shape_of(&h);
}

static void test_networks(void **state)
{
    const struct kernels *kernels = *state;
    bool is_slow = strcmp(kernels->name, "portable") == 0;
    for (int round = 0; round < (is_slow ? 10 : 60); round++) {
        struct shape shape = random_shape(is_slow ? 40 : 200);
        print_message("%s: H %d, L %d, context %d, batch %d, optimiser %d, output %d\n", kernels->name,
                      (int)shape.hidden_size, (int)shape.hidden_layers, (int)shape.context_layer, (int)shape.batch_size,
                      (int)shape.optimizer, (int)shape.output_activation);
        compare(kernels, &shape);
    }
}

int main(void)
{
    static struct CMUnitTest tests[sizeof names / sizeof names[0]];
    size_t n = 0;
    random_begin();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct kernels *kernels;
        struct error error;
        setenv("PICKY_SIMD", names[i], 1);
        if (kernels_choose(&kernels, &error) == ERROR_NONE)
            tests[n++] = (struct CMUnitTest){names[i], test_networks, NULL, NULL, (void *)(uintptr_t)kernels};
        else
            printf("skipped: %s cannot run here\n", names[i]);
    }
    unsetenv("PICKY_SIMD");
    return _cmocka_run_group_tests("units in the lanes", tests, n, NULL, NULL);
}
