/* The arithmetic of a pack of models, in two layouts: one model in each SIMD lane; or a pack of one model, with units
 * of a layer in the SIMD lanes.
 *
 * Every array is of vectors: `lanes` consecutive floats, one for each model (one float where there is one lane). Shapes
 * are in vectors; [a][b] is row-major. Each model is an independent computation with a fixed order of correctly rounded
 * operations, so its bits are the same on every instruction set and in both layouts.
 *
 * Weight panels. The weights of a layer with U units and C columns (the inputs; then 1 for the bias, if any) lie in
 * panels of `panel_units` units, so that streaming through a panel reads memory in order:
 * - models in the lanes: panels of two or four units, [U/width][C][width], the last one as wide as units are left;
 * - units in the lanes: panels as wide as a SIMD register, [U/width][C][width], the last one padded with zeros; a lone
 *   unit is [C], padded to whole registers.
 * With units in the lanes the rows of other arrays are padded too (kernels_stride): kernels may read a register beyond
 * a row's last element, and `delta` has zeros there; they write only what is asked for. */
#ifndef PICKY_KERNELS_H
#define PICKY_KERNELS_H

#include "errors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNELS_ALIGNMENT 64
#define KERNELS_LANES_MAX 16

/* What becomes of a sum on its way to memory. */
enum epilogue {
    EPILOGUE_NONE,
    EPILOGUE_RELU, /* max(sum, 0); NaN stays NaN */
};

static inline size_t kernels_round_up(size_t n)
{
    return (n + KERNELS_LANES_MAX - 1) / KERNELS_LANES_MAX * KERNELS_LANES_MAX;
}

/* Vectors that panels take, whatever the instruction set. */
static inline size_t kernels_panels_size(size_t lanes, size_t n_units, size_t n_columns)
{
    if (lanes > 1)
        return n_units * n_columns;
    return n_units == 1 ? kernels_round_up(n_columns) : kernels_round_up(n_units) * n_columns;
}

/* Vectors from row to row of an array with n of them in a row. Padded rows are an odd number of cache lines apart, so
 * that the rows of a column do not all fall into one set of the cache. */
static inline size_t kernels_stride(size_t lanes, size_t n)
{
    return lanes > 1 ? n : kernels_round_up(n) | KERNELS_LANES_MAX;
}

/* out[r][u] = epilogue(bias[u] + sum over k of weights[u][k] * in[r][k]), a chain of multiply-adds in the order of
 * k that starts at the bias (with has_bias the last column of the panel) or at 0. */
struct product {
    size_t n_rows, n_units, n_inputs;
    bool has_bias;
    const float *weights; /* panels, n_units x (n_inputs + has_bias) */
    const float *in;      /* [n_rows][in_stride], n_inputs used */
    size_t in_stride;     /* vectors */
    float *out;           /* [n_rows][out_stride], n_units written */
    size_t out_stride;
    enum epilogue epilogue;
};

/* Back through a layer and the ReLU before it: out[r][k] = sum over u of weights[u][k] * delta[r][u] where gate[r][k] >
 * 0 (the ReLU's output; NaN passes), else 0; a chain of multiply-adds in the order of u that starts at 0. */
struct back_product {
    size_t n_rows, n_units;
    size_t first_input,
        n_inputs;         /* columns k to carry back to, first_input <= k < n_inputs, whole panels: not context, bias */
    size_t n_columns;     /* all columns of the panels */
    const float *weights; /* panels, n_units x n_columns */
    const float *delta;   /* [n_rows][delta_stride], n_units used */
    size_t delta_stride;
    const float *gate; /* [n_rows][gate_stride], n_inputs used */
    size_t gate_stride;
    float *out; /* [n_rows][out_stride], n_inputs written */
    size_t out_stride;
};

/* One optimiser step of a layer, after the pass back through it, if any. The gradient is fused in: g[u][c] = sum over r
 * of delta[r][u] * in[r][c], the chain in the order of r; the bias column has in = 1, which `in` holds as its last
 * column. */
struct update {
    size_t n_rows, n_units;
    size_t first_column, end_column; /* those to update, first_column <= c < end_column, whole panels */
    size_t n_columns;                /* all columns of the panels, the bias's included */
    size_t first_unit, end_unit;     /* with units in the lanes: those to update, and to go back from, in this order */
    const float *delta;              /* [n_rows][delta_stride] */
    size_t delta_stride;
    const float *in; /* [n_rows][in_stride] */
    size_t in_stride;
    float *weights; /* panels, n_units x n_columns */
    float *moment1; /* Adam: m / (1 - beta1), as weights; SGD: unused */
    float *moment2; /* Adam: v / (1 - beta2) */
    /* Adam: w -= rate * moment1 / (sqrt(moment2) + epsilon), with the bias corrections and the factors of the scaled
     * moments folded into rate and epsilon (network.c). SGD: w -= rate * g. */
    const float *rate, *epsilon; /* one vector each: every model's own */
    float beta1, beta2;
    const struct back_product *back; /* of the same layer, with the weights before the step; NULL: none */
};

/* Silencing units, in each lane another unit of another row: for slot s and lane, with r = row[s] and k = unit[s] of
 * that lane, out[s][u] = max(0, sum[r][u] - activation[r][k] * weights[u][k]): what the units u of the next layer are
 * when unit k's contribution is taken from their sums. */
struct silence {
    size_t n_slots, n_units, n_columns;
    const float *weights;       /* panels of the next layer, n_units x n_columns */
    const float *sum;           /* [n_rows][n_units]: its sums before the ReLU */
    const float *activation;    /* [n_rows][activation_stride]: the silenced units' layer */
    size_t activation_stride;   /* vectors */
    const uint32_t *row, *unit; /* [n_slots][lanes] */
    bool is_shared;             /* row and unit are the same in all lanes of a slot: faster */
    float *out;                 /* [n_slots][out_stride] */
    size_t out_stride;
};

/* The random words of a batch, of each model: out[i] = word i, first <= i < end (multiples of 4), of the stream (key, a
 * = step, b = 0, purpose) of rng.h: Philox4x32-10. With models in the lanes only. */
struct words {
    size_t first, end;
    uint32_t purpose;
    const uint32_t *key[2]; /* one vector each */
    const uint32_t *step;   /* one vector */
    uint32_t *out;          /* [end] */
};

/* Samples of a batch, in each lane another one of its model's: in, context (1 where the task is the column's, else 0)
 * and target of row r from sample index[r]. A sample is n_inputs floats, its target and its task (0-based), padded to
 * `size` floats, a multiple of 4. */
struct samples {
    size_t n_rows, n_inputs, n_tasks, size;
    const float *const *from; /* [lanes]: each model's samples */
    const uint32_t *index;    /* [n_rows] */
    float *in, *context;      /* [n_rows][in_stride or context_stride] */
    size_t in_stride, context_stride;
    float *target; /* [n_rows] */
};

/* Loss of a batch, mean((y - target)^2), and its derivative by y through the output's activation: delta[r] = scale *
 * (y[r] - target[r]), 0 where is_relu and y[r] <= 0; squared = sum of (y[r] - target[r])^2 in double, row by row. */
struct loss {
    size_t n_rows;
    const float *y, *target; /* [n_rows] */
    float scale;
    bool is_relu;
    float *delta; /* [n_rows][delta_stride] */
    size_t delta_stride;
    double *squared; /* one vector */
};

/* One instruction set's kernels in one layout. Static. */
struct kernels {
    const char *name;            /* "avx512", "avx2", "neon", "portable" */
    size_t lanes;                /* floats in a vector: models in a pack; 1: units are in the SIMD lanes */
    size_t panel_units;          /* units of a weight panel */
    const struct kernels *units; /* the same instruction set's with units in the lanes; NULL: these are */
    void (*product)(const struct product *p);
    void (*back_product)(const struct back_product *p);
    void (*update_adam)(const struct update *p);
    void (*update_sgd)(const struct update *p);
    void (*silence)(const struct silence *p);
    void (*words)(const struct words *p); /* NULL with units in the lanes */
    void (*load)(const struct samples *p);
    void (*loss)(const struct loss *p);
};

/* Where a weight is, in vectors. */
static inline size_t kernels_weight(const struct kernels *kernels, size_t n_units, size_t n_columns, size_t unit,
                                    size_t column)
{
    size_t width = kernels->panel_units, in_panel = unit % width, first = unit - in_panel;
    if ((kernels->lanes > 1 || n_units == 1) && n_units - first < width)
        width = n_units - first; /* the last panel is narrower */
    return first * n_columns + column * width + in_panel;
}

/* The kernels to use: those that the environment variable PICKY_SIMD names, else the widest that this processor has.
 * ERROR_INPUT if the variable names none, or one that cannot run here. The result is static. */
enum error_code kernels_choose(const struct kernels **kernels, struct error *error);

/* The next narrower kernels that this processor has, for packs that would leave half of the lanes empty. NULL if there
 * are none (the portable ones do not count), or if PICKY_SIMD says which kernels to use. Static. */
const struct kernels *kernels_narrower(const struct kernels *kernels);

#endif
