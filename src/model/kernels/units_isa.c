/* The kernels with units in the lanes, for a single model, compiled once for each instruction set as kernels_isa.c is.
 *
 * A weight panel is [columns][LANES] (kernels.h): a register holds LANES units of one column, and what it is multiplied
 * by is one number for all of them. Each element is the same chain of operations as with models in the lanes: forward
 * from the bias over the columns, back over the units, gradients over the rows; so its bits are the same.
 *
 * The pass back needs inputs, not units, in the lanes: tiles of LANES x LANES weights are transposed in registers, just
 * before the optimiser changes them. A lone unit (the output) has its columns in the lanes, and runs forward one row
 * after the other. */
#include "optimiser.h"

/* DO(R) for R = n rows, or TILE_ROWS if n is more: the tiles are unrolled. */
#define ROWS_1_TO_4(DO)                                                                                                \
    case 1: DO(1); break;                                                                                              \
    case 2: DO(2); break;                                                                                              \
    case 3: DO(3); break;                                                                                              \
    case 4:                                                                                                            \
        DO(4);                                                                                                         \
        break;
#if defined(KERNELS_AVX512) || defined(KERNELS_NEON)
#define TILE_ROWS 10 /* 32 registers: 10 rows x 2 panels of sums, one pass through the weights for a batch */
#define SOME_ROWS(n, DO)                                                                                               \
    switch (n) {                                                                                                       \
        ROWS_1_TO_4(DO)                                                                                                \
    case 5: DO(5); break;                                                                                              \
    case 6: DO(6); break;                                                                                              \
    case 7: DO(7); break;                                                                                              \
    case 8: DO(8); break;                                                                                              \
    case 9: DO(9); break;                                                                                              \
    default: DO(TILE_ROWS); break;                                                                                     \
    }
#elif defined(KERNELS_AVX2)
#define TILE_ROWS 5 /* 16 registers: 5 rows x 2 panels of sums, the panels' weights, an input */
#define SOME_ROWS(n, DO)                                                                                               \
    switch (n) {                                                                                                       \
        ROWS_1_TO_4(DO)                                                                                                \
    default: DO(TILE_ROWS); break;                                                                                     \
    }
#else
#define TILE_ROWS 2 /* a multiply-add may be many instructions: more would be much code, and no faster */
#define SOME_ROWS(n, DO)                                                                                               \
    switch (n) {                                                                                                       \
    case 1: DO(1); break;                                                                                              \
    default: DO(TILE_ROWS); break;                                                                                     \
    }
#endif

enum { AHEAD = 16 }; /* columns that are fetched ahead of their use: wide layers come from far */

INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The first n lanes of x; all of them where n is LANES or more. */
INLINE void store(float *to, vec x, size_t n)
{
    if (n >= LANES)
        vec_store(to, x);
    else
        vec_store_first(to, x, n);
}

/* ---- product ------------------------------------------------------------------------------------------------ */

/* One tile: R rows x P panels, all columns. */
INLINE void product_tile(const int R, const int P, const struct product *p, size_t unit, size_t row)
{
    const size_t n_inputs = p->n_inputs, n_columns = n_inputs + p->has_bias, stride = p->in_stride;
    const float *w = p->weights + unit * n_columns, *w2 = w + (size_t)(P - 1) * LANES * n_columns;
    const float *in = p->in + row * stride;
    vec sum[TILE_ROWS][2];
    UNROLL
    for (int r = 0; r < R; r++) {
        sum[r][0] = p->has_bias ? vec_load(w + n_inputs * LANES) : (vec){0};
        sum[r][1] = p->has_bias ? vec_load(w2 + n_inputs * LANES) : (vec){0};
    }
    for (size_t k = 0; k < n_inputs; k++, w += LANES, w2 += LANES) {
        vec a = vec_load(w), b = vec_load(w2);
        __builtin_prefetch(w + AHEAD * LANES);
        if (P == 2)
            __builtin_prefetch(w2 + AHEAD * LANES);
        UNROLL
        for (int r = 0; r < R; r++) {
            vec x = vec_splat(in[(size_t)r * stride + k]);
            KEEP_IN_REGISTER(x);
            sum[r][0] = vec_fma(x, a, sum[r][0]);
            if (P == 2)
                sum[r][1] = vec_fma(x, b, sum[r][1]);
        }
    }
    const bool is_relu = p->epilogue == EPILOGUE_RELU;
    UNROLL
    for (int r = 0; r < R; r++) {
        float *out = p->out + (row + (size_t)r) * p->out_stride + unit;
        UNROLL
        for (int i = 0; i < P; i++) {
            vec result = is_relu ? vec_gate(sum[r][i], sum[r][i]) : sum[r][i];
            store(out + i * LANES, result, p->n_units - unit - (size_t)i * LANES);
        }
    }
}

INLINE void product_panels(const int P, const struct product *p, size_t unit)
{
    for (size_t row = 0; row < p->n_rows; row += TILE_ROWS) {
#define TILE(R) product_tile(R, P, p, unit, row)
        SOME_ROWS(p->n_rows - row, TILE)
#undef TILE
    }
}

/* R rows of a lone unit. */
INLINE void product_lone(const int R, const struct product *p, size_t row)
{
    const float *in = p->in + row * p->in_stride;
    float sum[TILE_ROWS];
    UNROLL
    for (int r = 0; r < R; r++)
        sum[r] = p->has_bias ? p->weights[p->n_inputs] : 0;
    for (size_t k = 0; k < p->n_inputs; k++) {
        UNROLL
        for (int r = 0; r < R; r++)
            sum[r] = scalar_fma(in[(size_t)r * p->in_stride + k], p->weights[k], sum[r]);
    }
    for (int r = 0; r < R; r++)
        p->out[(row + (size_t)r) * p->out_stride] = p->epilogue == EPILOGUE_RELU && sum[r] <= 0 ? 0 : sum[r];
}

/* Loop order: pairs of panels; tiles of rows; columns. */
static void product(const struct product *p)
{
    size_t unit = 0;
    if (p->n_units == 1) {
        for (size_t row = 0; row < p->n_rows; row += TILE_ROWS) {
#define TILE(R) product_lone(R, p, row)
            SOME_ROWS(p->n_rows - row, TILE)
#undef TILE
        }
        return;
    }
    for (; unit + LANES < p->n_units; unit += 2 * LANES)
        product_panels(2, p, unit);
    if (unit < p->n_units)
        product_panels(1, p, unit);
}

/* ---- back and update ---------------------------------------------------------------------------------------- */

/* Columns of a panel whose gradients are known and whose weights wait for their step. Steps are taken one by one
 * between other work: square root and division take as long as 16 multiply-adds, and run beside them only if the
 * processor has both before it at a time. */
struct pending {
    struct update_constants c;
    int n, n_done;
    float *w, *m, *v; /* [n][LANES] */
    vec g[LANES];
};

INLINE void step_one(const bool is_adam, struct pending *pending)
{
    if (pending->n_done == pending->n)
        return;
    int i = pending->n_done++;
    float *w = pending->w + i * LANES;
    vec moment1 = {0}, moment2 = {0};
    if (is_adam) {
        moment1 = vec_load(pending->m + i * LANES);
        moment2 = vec_load(pending->v + i * LANES);
    }
    vec_store(w, step(is_adam, &pending->c, vec_load(w), pending->g[i], &moment1, &moment2));
    if (is_adam) {
        vec_store(pending->m + i * LANES, moment1);
        vec_store(pending->v + i * LANES, moment2);
    }
}

/* A step between two rows or units of other work. */
INLINE void step_between(const bool is_adam, struct pending *pending)
{
    if (LANES == 16) /* else there are too few registers for both, and it is faster apart */
        step_one(is_adam, pending);
}

INLINE void step_all(const bool is_adam, struct pending *pending)
{
    while (pending->n_done < pending->n)
        step_one(is_adam, pending);
}

/* The deltas of a panel's units, a tile's rows beside each other. They serve all tiles of the panel if there are no
 * more rows than fit. */
enum { KEPT_TILES = TILE_ROWS < 5 ? 10 : 4 };

struct deltas {
    float of[KEPT_TILES][LANES][TILE_ROWS];
};

static void deltas_turn(struct deltas *deltas, const struct back_product *p, size_t unit, size_t row)
{
    size_t n_rows = least(p->n_rows - row, KEPT_TILES * TILE_ROWS), n_units = least(p->n_units - unit, LANES);
    for (size_t r = 0; r < n_rows; r++)
        for (size_t u = 0; u < n_units; u++)
            deltas->of[r / TILE_ROWS][u][r % TILE_ROWS] = p->delta[(row + r) * p->delta_stride + unit + u];
}

/* Carries R rows back through a tile of n_units units x LANES columns, w [n_units] with the columns in the lanes. Sums
 * over the units before are in `out`. */
INLINE void back_rows(const int R, const bool is_adam, const struct back_product *p, const vec *w,
                      float delta[LANES][TILE_ROWS], size_t unit, size_t n_units, size_t column, size_t row,
                      struct pending *pending)
{
    const size_t out_stride = p->out_stride;
    const float *gate = p->gate + row * p->gate_stride + column;
    float *out = p->out + row * out_stride + column;
    vec sum[TILE_ROWS];
    UNROLL
    for (int r = 0; r < R; r++)
        sum[r] = unit > 0 ? vec_load(out + (size_t)r * out_stride) : (vec){0};
    for (size_t u = 0; u < n_units; u++) {
        UNROLL
        for (int r = 0; r < R; r++)
            sum[r] = vec_fma(vec_splat(delta[u][r]), w[u], sum[r]);
        step_between(is_adam, pending);
    }
    const bool is_last = unit + n_units == p->n_units;
    UNROLL
    for (int r = 0; r < R; r++) {
        vec result = is_last ? vec_gate(sum[r], vec_load(gate + (size_t)r * p->gate_stride)) : sum[r];
        store(out + (size_t)r * out_stride, result, p->n_inputs - column);
    }
}

/* Back through one tile, whose weights are transposed for that. deltas: the panel's. */
INLINE void back_tile(const bool is_adam, const struct back_product *p, struct deltas *deltas, size_t unit,
                      size_t column, struct pending *pending)
{
    const float *from = p->weights + unit * p->n_columns + column * LANES;
    size_t n = least(p->n_columns - column, LANES), n_units = least(p->n_units - unit, LANES);
    vec w[LANES];
    if (n == LANES) {
        UNROLL
        for (int i = 0; i < LANES; i++)
            w[i] = vec_load(from + i * LANES);
    } else {
        for (size_t i = 0; i < LANES; i++)
            w[i] = i < n ? vec_load(from + i * LANES) : (vec){0};
    }
    vec_transpose(w);
    for (size_t row = 0; row < p->n_rows; row += TILE_ROWS) {
        if (p->n_rows > KEPT_TILES * TILE_ROWS && row % (KEPT_TILES * TILE_ROWS) == 0)
            deltas_turn(deltas, p, unit, row);
        float(*delta)[TILE_ROWS] = deltas->of[row / TILE_ROWS % KEPT_TILES];
#define ROWS(R) back_rows(R, is_adam, p, w, delta, unit, n_units, column, row, pending)
        SOME_ROWS(p->n_rows - row, ROWS)
#undef ROWS
    }
}

/* Gradients of the n columns, of C, from `column` on: g[c] = sum over r of in[r][c] * delta[r]. They are pending then,
 * instead of those that were. */
INLINE void gradients(const int C, const bool is_adam, const struct update *p, size_t unit, size_t column, size_t n,
                      struct pending *pending)
{
    const float *delta = p->delta + unit, *in = p->in + column;
    vec g[LANES];
    UNROLL
    for (int i = 0; i < C; i++)
        g[i] = (vec){0};
    for (size_t r = p->n_rows; r > 0; r--, delta += p->delta_stride, in += p->in_stride) {
        vec d = vec_load(delta);
        UNROLL
        for (int i = 0; i < C; i++)
            g[i] = vec_fma(vec_splat(in[i]), d, g[i]);
        step_between(is_adam, pending);
    }
    step_all(is_adam, pending);
    UNROLL
    for (int i = 0; i < C; i++)
        pending->g[i] = g[i];
    size_t at = unit * p->n_columns + column * LANES;
    pending->w = p->weights + at;
    pending->m = is_adam ? p->moment1 + at : NULL;
    pending->v = is_adam ? p->moment2 + at : NULL;
    pending->n = (int)n;
    pending->n_done = 0;
}

/* Loop order: panels; tiles of LANES columns; rows, or units. */
INLINE void update_panels(const bool is_adam, const struct update_constants *c, const struct update *p)
{
    enum { FEW = 4, HALF = LANES < 8 ? FEW : 8 }; /* columns of the narrower tiles that there are at the end */
    struct pending pending = {.c = *c};
    struct deltas deltas;
    for (size_t unit = p->first_unit; unit < p->end_unit; unit += LANES) {
        if (p->back)
            deltas_turn(&deltas, p->back, unit, 0);
        for (size_t column = p->first_column; column < p->end_column; column += LANES) {
            size_t n = least(p->end_column - column, LANES);
            if (p->back && column < p->back->n_inputs)
                back_tile(is_adam, p->back, &deltas, unit, column, &pending);
            if (n <= FEW)
                gradients(FEW, is_adam, p, unit, column, n, &pending);
            else if (n <= HALF || LANES == HALF)
                gradients(HALF, is_adam, p, unit, column, n, &pending);
            else
                gradients(LANES, is_adam, p, unit, column, n, &pending);
        }
    }
    step_all(is_adam, &pending);
}

/* A lone unit: g[c] = sum over r of delta[r] * in[r][c] with the columns in the lanes; and back, out[r][k] = w[k] *
 * delta[r]. */
INLINE void back_lone(const struct back_product *p)
{
    for (size_t row = 0; row < p->n_rows; row++) {
        vec delta = vec_splat(p->delta[row * p->delta_stride]);
        for (size_t column = p->first_input; column < p->n_inputs; column += LANES) {
            vec sum = vec_fma(delta, vec_load(p->weights + column), (vec){0});
            sum = vec_gate(sum, vec_load(p->gate + row * p->gate_stride + column));
            store(p->out + row * p->out_stride + column, sum, p->n_inputs - column);
        }
    }
}

INLINE void update_lone(const bool is_adam, const struct update_constants *c, const struct update *p)
{
    for (size_t column = p->first_column; column < p->end_column; column += LANES) {
        vec g = {0}, moment1 = {0}, moment2 = {0};
        for (size_t r = 0; r < p->n_rows; r++)
            g = vec_fma(vec_load(p->in + r * p->in_stride + column), vec_splat(p->delta[r * p->delta_stride]), g);
        if (is_adam) {
            moment1 = vec_load(p->moment1 + column);
            moment2 = vec_load(p->moment2 + column);
        }
        vec_store(p->weights + column, step(is_adam, c, vec_load(p->weights + column), g, &moment1, &moment2));
        if (is_adam) {
            vec_store(p->moment1 + column, moment1);
            vec_store(p->moment2 + column, moment2);
        }
    }
}

static void back_product(const struct back_product *p)
{
    struct pending none = {.n = 0};
    struct deltas deltas;
    if (p->n_units == 1) {
        back_lone(p);
        return;
    }
    for (size_t unit = 0; unit < p->n_units; unit += LANES) {
        deltas_turn(&deltas, p, unit, 0);
        for (size_t column = p->first_input; column < p->n_inputs; column += LANES)
            back_tile(false, p, &deltas, unit, column, &none);
    }
}

INLINE void update(const bool is_adam, const struct update *p)
{
    const struct update_constants c = update_constants_of(p, vec_splat(*p->rate), vec_splat(*p->epsilon));
    if (p->n_units > 1) {
        update_panels(is_adam, &c, p);
        return;
    }
    if (p->back)
        back_lone(p->back);
    update_lone(is_adam, &c, p);
}

static void update_adam(const struct update *p)
{
    update(true, p);
}

static void update_sgd(const struct update *p)
{
    update(false, p);
}

/* ---- silence ------------------------------------------------------------------------------------------------ */

/* Loop order: slots; panels. */
static void silence(const struct silence *p)
{
    for (size_t slot = 0; slot < p->n_slots; slot++) {
        const size_t row = p->row[slot], silent = p->unit[slot], n_units = p->n_units;
        const float *sum = p->sum + row * n_units;
        float *out = p->out + slot * p->out_stride;
        const float activation = -p->activation[row * p->activation_stride + silent];
        if (n_units == 1) {
            float rest = scalar_fma(activation, p->weights[silent], *sum);
            *out = rest <= 0 ? 0 : rest;
            continue;
        }
        const float *w = p->weights + silent * LANES;
        for (size_t unit = 0; unit < n_units; unit += LANES, w += p->n_columns * LANES) {
            vec rest = vec_fma(vec_splat(activation), vec_load(w), vec_load(sum + unit));
            store(out + unit, vec_gate(rest, rest), n_units - unit);
        }
    }
}

/* ---- batches ------------------------------------------------------------------------------------------------ */

static void load(const struct samples *p)
{
    for (size_t row = 0; row < p->n_rows; row++) {
        const float *sample = p->from[0] + (size_t)p->index[row] * p->size, task = sample[p->n_inputs + 1];
        for (size_t k = 0; k < p->n_inputs; k++)
            p->in[row * p->in_stride + k] = sample[k];
        for (size_t t = 0; t < p->n_tasks; t++)
            p->context[row * p->context_stride + t] = task == (float)t;
        p->target[row] = sample[p->n_inputs];
    }
}

static void loss(const struct loss *p)
{
    *p->squared = 0;
    for (size_t row = 0; row < p->n_rows; row++) {
        float error = p->y[row] - p->target[row];
        *p->squared += (double)error * (double)error;
        p->delta[row * p->delta_stride] = p->is_relu && p->y[row] <= 0 ? 0 : p->scale * error;
    }
}

extern const struct kernels CONCATENATE(units_, KERNELS_NAME);
const struct kernels CONCATENATE(units_, KERNELS_NAME) = {
    .name = STRING(KERNELS_NAME),
    .lanes = 1,
    .panel_units = LANES,
    .product = product,
    .back_product = back_product,
    .update_adam = update_adam,
    .update_sgd = update_sgd,
    .silence = silence,
    .load = load,
    .loss = loss,
};
