/* The kernels with models in the lanes, compiled once for each instruction set: the flags and KERNELS_NAME are all that
 * differs.
 *
 * Loops over a vector's lanes do not appear: a vec is one SIMD register, and the code reads as if it trained a single
 * model. Tiles are unrolled by the compiler because their sizes are constants of an inlined call. */
#include "kernels.h"
#include "optimiser.h"

#include <string.h>

/* Units of a panel; and the weights that the rows of a tile share, in registers where there are enough. With AVX-512 as
 * many vectors can be loaded as multiplied: tiles of 5 rows x 2 units, whose multiply-adds load each weight, take half
 * as long again as 5 x 4. */
#if LANES == 16
#define PANEL          4
#define KEEP_WEIGHT(w) KEEP_IN_REGISTER(w)
#else
#define PANEL          2
#define KEEP_WEIGHT(w) ((void)0)
#endif

enum {
    TILE_ROWS = 5,  /* 5 rows x 2 units or more: their sums, in registers, hide the latency of the multiply-add */
    BLOCK_ROWS = 10 /* rows that share one pass through a layer's weights */
};

INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- product ------------------------------------------------------------------------------------------------ */

/* One tile: R rows x U units, all of k. w [n_inputs (+ 1)][U]. */
INLINE void product_tile(const int R, const int U, const struct product *p, size_t unit, size_t row)
{
    const size_t n_inputs = p->n_inputs, in_stride = p->in_stride;
    const vec *restrict w = (const vec *)p->weights + unit * (n_inputs + p->has_bias);
    const vec *restrict in = (const vec *)p->in + row * in_stride;
    vec *restrict out = (vec *)p->out + row * p->out_stride + unit;
    vec sum[TILE_ROWS][PANEL];
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int u = 0; u < U; u++)
            sum[r][u] = p->has_bias ? w[n_inputs * (size_t)U + (size_t)u] : (vec){0};
    }

    for (size_t k = 0; k < n_inputs; k++) {
        vec weight[PANEL];
        UNROLL
        for (int u = 0; u < U; u++) {
            weight[u] = w[k * (size_t)U + (size_t)u];
            KEEP_WEIGHT(weight[u]);
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            vec x = in[(size_t)r * in_stride + k];
            KEEP_IN_REGISTER(x);
            UNROLL
            for (int u = 0; u < U; u++)
                sum[r][u] = vec_fma(x, weight[u], sum[r][u]);
        }
    }

    const bool is_relu = p->epilogue == EPILOGUE_RELU;
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int u = 0; u < U; u++)
            out[(size_t)r * p->out_stride + (size_t)u] = is_relu ? vec_gate(sum[r][u], sum[r][u]) : sum[r][u];
    }
}

/* The U units of one panel for a block of rows: full tiles, then the rows that are left over. */
INLINE void product_panel(const int U, const struct product *p, size_t unit, size_t row, size_t row_end)
{
    for (; row < row_end; row += TILE_ROWS)
        switch (row_end - row) {
        case 1: product_tile(1, U, p, unit, row); break;
        case 2: product_tile(2, U, p, unit, row); break;
        case 3: product_tile(3, U, p, unit, row); break;
        case 4: product_tile(4, U, p, unit, row); break;
        default: product_tile(5, U, p, unit, row); break;
        }
}

/* Loop order: blocks of rows; panels (their weights are read once from the L2 cache and stay in L1 for the block);
 * tiles of rows; k. */
static void product(const struct product *p)
{
    for (size_t row = 0; row < p->n_rows; row += BLOCK_ROWS) {
        size_t row_end = least(row + BLOCK_ROWS, p->n_rows), unit = 0;
        for (; unit + PANEL <= p->n_units; unit += PANEL)
            product_panel(PANEL, p, unit, row, row_end);
        switch (p->n_units - unit) {
        case 1: product_panel(1, p, unit, row, row_end); break;
#if PANEL == 4
        case 2: product_panel(2, p, unit, row, row_end); break;
        case 3: product_panel(3, p, unit, row, row_end); break;
#endif
        }
    }
}

/* ---- back_product ------------------------------------------------------------------------------------------- */

/* Adds the parts of one panel's U units to the sums of R rows x C inputs. w [C][U]. */
INLINE void back_product_panel(const int R, const int C, const int U, const vec *w, const vec *delta,
                               size_t delta_stride, vec sum[TILE_ROWS][PANEL])
{
    UNROLL
    for (int u = 0; u < U; u++) {
        vec weight[PANEL];
        UNROLL
        for (int c = 0; c < C; c++) {
            weight[c] = w[c * U + u];
            KEEP_WEIGHT(weight[c]);
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            vec x = delta[(size_t)r * delta_stride + (size_t)u];
            KEEP_IN_REGISTER(x);
            UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = vec_fma(x, weight[c], sum[r][c]);
        }
    }
}

/* One tile: R rows x C inputs, all units. */
INLINE void back_product_tile(const int R, const int C, const struct back_product *p, size_t column, size_t row)
{
    const vec *weights = (const vec *)p->weights, *delta = (const vec *)p->delta + row * p->delta_stride;
    const vec *gate = (const vec *)p->gate + row * p->gate_stride + column;
    vec *out = (vec *)p->out + row * p->out_stride + column;
    size_t n_units = p->n_units, n_columns = p->n_columns, delta_stride = p->delta_stride, unit = 0;

    vec sum[TILE_ROWS][PANEL];
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int c = 0; c < C; c++)
            sum[r][c] = (vec){0};
    }
    for (; unit + PANEL <= n_units; unit += PANEL)
        back_product_panel(R, C, PANEL, weights + unit * n_columns + column * PANEL, delta + unit, delta_stride, sum);
    const vec *rest = weights + unit * n_columns + column * (n_units - unit);
    switch (n_units - unit) {
    case 1: back_product_panel(R, C, 1, rest, delta + unit, delta_stride, sum); break;
#if PANEL == 4
    case 2: back_product_panel(R, C, 2, rest, delta + unit, delta_stride, sum); break;
    case 3: back_product_panel(R, C, 3, rest, delta + unit, delta_stride, sum); break;
#endif
    }
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int c = 0; c < C; c++)
            out[(size_t)r * p->out_stride + (size_t)c] =
                vec_gate(sum[r][c], gate[(size_t)r * p->gate_stride + (size_t)c]);
    }
}

INLINE void back_product_columns(const int C, const struct back_product *p, size_t column, size_t row, size_t row_end)
{
    for (; row < row_end; row += TILE_ROWS)
        switch (row_end - row) {
        case 1: back_product_tile(1, C, p, column, row); break;
        case 2: back_product_tile(2, C, p, column, row); break;
        case 3: back_product_tile(3, C, p, column, row); break;
        case 4: back_product_tile(4, C, p, column, row); break;
        default: back_product_tile(5, C, p, column, row); break;
        }
}

/* Loop order: blocks of rows; columns, as many as a panel has units (whose weights, some cache lines a panel, stay in
 * L1 for the block); tiles of rows; units. The layer's update, which follows, finds the weights in the L2 cache. */
static void back_product(const struct back_product *p)
{
    for (size_t row = 0; row < p->n_rows; row += BLOCK_ROWS) {
        size_t row_end = least(row + BLOCK_ROWS, p->n_rows), column = p->first_input;
        for (; column + PANEL <= p->n_inputs; column += PANEL)
            back_product_columns(PANEL, p, column, row, row_end);
        for (; column < p->n_inputs; column++)
            back_product_columns(1, p, column, row, row_end);
    }
}

/* ---- update ------------------------------------------------------------------------------------------------- */

/* One tile: U units x C columns. w, m, v [C][U]. */
INLINE void update_tile(const int U, const int C, const bool is_adam, const struct update_constants *c, size_t n_rows,
                        const vec *restrict delta, size_t delta_stride, const vec *restrict in, size_t in_stride,
                        vec *restrict w, vec *restrict m, vec *restrict v)
{
    vec g[2][PANEL];
    UNROLL
    for (int i = 0; i < C; i++) {
        UNROLL
        for (int u = 0; u < U; u++)
            g[i][u] = (vec){0};
    }
    for (size_t r = 0; r < n_rows; r++) {
        vec d[PANEL];
        UNROLL
        for (int u = 0; u < U; u++) {
            d[u] = delta[r * delta_stride + (size_t)u];
            KEEP_WEIGHT(d[u]);
        }
        UNROLL
        for (int i = 0; i < C; i++) {
            vec x = in[r * in_stride + (size_t)i];
            KEEP_IN_REGISTER(x);
            UNROLL
            for (int u = 0; u < U; u++)
                g[i][u] = vec_fma(x, d[u], g[i][u]);
        }
    }
    UNROLL
    for (int i = 0; i < C; i++) {
        UNROLL
        for (int u = 0; u < U; u++) {
            int at = i * U + u;
            w[at] = step(is_adam, c, w[at], g[i][u], &m[at], &v[at]);
        }
    }
}

INLINE void update_panel(const int U, const bool is_adam, const struct update_constants *c, const struct update *p,
                         size_t unit)
{
    const vec *delta = (const vec *)p->delta + unit, *in = (const vec *)p->in;
    vec *w = (vec *)p->weights + unit * p->n_columns;
    vec *m = (vec *)p->moment1 + unit * p->n_columns, *v = (vec *)p->moment2 + unit * p->n_columns;
#define TILE(C)                                                                                                        \
    update_tile(U, C, is_adam, c, p->n_rows, delta, p->delta_stride, in + column, p->in_stride,                        \
                w + column * (size_t)U, m + column * (size_t)U, v + column * (size_t)U)
    size_t column = p->first_column;
    for (; column + 1 < p->end_column; column += 2)
        TILE(2);
    if (column < p->end_column)
        TILE(1);
#undef TILE
}

/* Loop order: panels; pairs of columns; rows. The gradients of a tile are complete when its weights are updated, so
 * they never leave the registers; weights and moments are read and written once, in order. */
INLINE void update(const bool is_adam, const struct update *p)
{
    const struct update_constants c = update_constants_of(p, *(const vec *)p->rate, *(const vec *)p->epsilon);
    size_t unit = 0;
    if (p->back)
        back_product(p->back);
    for (; unit + PANEL <= p->n_units; unit += PANEL)
        update_panel(PANEL, is_adam, &c, p, unit);
    switch (p->n_units - unit) {
    case 1: update_panel(1, is_adam, &c, p, unit); break;
#if PANEL == 4
    case 2: update_panel(2, is_adam, &c, p, unit); break;
    case 3: update_panel(3, is_adam, &c, p, unit); break;
#endif
    }
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

/* Element at[lane] of `from` in each lane; one vector if all lanes are at the same place of the array. */
INLINE vec pick(bool is_shared, const float *from, vec_bits at)
{
    return is_shared ? *(const vec *)(from + at[0]) : vec_gather(from, at);
}

/* Some units of one panel: out[u] = max(0, sum[u] + activation * w[u]). */
INLINE void silence_units(const bool is_shared, const int U, vec activation, const float *w, vec_bits weight_at,
                          const float *sum, vec_bits sum_at, vec *out)
{
    UNROLL
    for (int u = 0; u < U; u++) {
        vec rest =
            vec_fma(activation, pick(is_shared, w + u * LANES, weight_at), pick(is_shared, sum + u * LANES, sum_at));
        out[u] = vec_gate(rest, rest);
    }
}

INLINE void silence_slots(const bool is_shared, const struct silence *p)
{
    vec *out = (vec *)p->out;
    const size_t n_last = p->n_units % PANEL, panels_end = p->n_units - n_last;
    for (size_t slot = 0; slot < p->n_slots; slot++, out += p->out_stride) {
        const uint32_t *row = p->row + slot * LANES, *unit = p->unit + slot * LANES;
        vec_bits sum_at, weight_at, last_weight_at, activation_at;
        for (int lane = 0; lane < LANES; lane++) {
            sum_at[lane] = (int32_t)(row[lane] * p->n_units) * LANES + lane;
            activation_at[lane] = (int32_t)(row[lane] * p->activation_stride + unit[lane]) * LANES + lane;
            weight_at[lane] = (int32_t)unit[lane] * PANEL * LANES + lane;
            last_weight_at[lane] = (int32_t)(unit[lane] * n_last) * LANES + lane; /* in a narrower panel */
        }
        vec activation = -pick(is_shared, p->activation, activation_at);
        for (size_t u = 0; u < panels_end; u += PANEL)
            silence_units(is_shared, PANEL, activation, p->weights + u * p->n_columns * LANES, weight_at,
                          p->sum + u * LANES, sum_at, out + u);
        for (size_t u = panels_end; u < p->n_units; u++)
            silence_units(is_shared, 1, activation, p->weights + (panels_end * p->n_columns + u - panels_end) * LANES,
                          last_weight_at, p->sum + u * LANES, sum_at, out + u);
    }
}

/* Loop order: slots; panels. */
static void silence(const struct silence *p)
{
    if (p->is_shared)
        silence_slots(true, p);
    else
        silence_slots(false, p);
}

/* ---- batches ------------------------------------------------------------------------------------------------ */

/* Philox4x32-10 (Salmon et al. 2011), a block of four words in each lane; as Random123 has it. */
static void words(const struct words *p)
{
    vec_words *out = (vec_words *)p->out;
    for (size_t i = p->first; i < p->end; i += 4) {
        vec_words key0 = *(const vec_words *)p->key[0], key1 = *(const vec_words *)p->key[1], none = {0};
        vec_words word[4] = {none + (uint32_t)(i / 4), *(const vec_words *)p->step, none, none + p->purpose};
        for (int round = 0; round < 10; round++, key0 += UINT32_C(0x9E3779B9), key1 += UINT32_C(0xBB67AE85)) {
            vec_words high, low, high2, low2;
            vec_multiply_words(word[0], UINT32_C(0xD2511F53), &high, &low);
            vec_multiply_words(word[2], UINT32_C(0xCD9E8D57), &high2, &low2);
            word[0] = high2 ^ word[1] ^ key0;
            word[1] = low2;
            word[2] = high ^ word[3] ^ key1;
            word[3] = low;
        }
        for (size_t k = 0; k < 4; k++)
            out[i + k] = word[k];
    }
}

INLINE void load_rows(const size_t n_inputs, const struct samples *p)
{
    const vec one = vec_splat(1);
    for (size_t row = 0; row < p->n_rows; row++) {
        vec *in = (vec *)p->in + row * p->in_stride, *context = (vec *)p->context + row * p->context_stride;
        vec *target = (vec *)p->target + row, task = {0};
        const float *from[LANES];
        UNROLL
        for (int lane = 0; lane < LANES; lane++)
            from[lane] = p->from[lane] + (size_t)p->index[row * LANES + (size_t)lane] * p->size;
        for (size_t k = 0; k < n_inputs + 2; k += 4) {
            vec quad[4];
            vec_load_quads(from, quad);
            UNROLL
            for (size_t j = 0; j < 4; j++) {
                if (k + j < n_inputs)
                    in[k + j] = quad[j];
                else if (k + j == n_inputs)
                    *target = quad[j];
                else if (k + j == n_inputs + 1)
                    task = quad[j];
            }
            UNROLL
            for (int lane = 0; lane < LANES; lane++)
                from[lane] += 4;
        }
        for (size_t t = 0; t < p->n_tasks; t++)
            context[t] = (vec)((vec_bits)one & (vec_bits)(task == vec_splat((float)t)));
    }
}

static void load(const struct samples *p)
{
    if (p->n_inputs == 2) /* as in most sweeps: one quad a sample */
        load_rows(2, p);
    else
        load_rows(p->n_inputs, p);
}

/* A vector of doubles has half as many lanes. */
static void loss(const struct loss *p)
{
    vec *delta = (vec *)p->delta;
    vec_double squared[2] = {{0}, {0}};
    for (size_t row = 0; row < p->n_rows; row++) {
        vec y = ((const vec *)p->y)[row], error = y - ((const vec *)p->target)[row], slope = p->scale * error;
        delta[row * p->delta_stride] = p->is_relu ? vec_gate(slope, y) : slope;
        vec_double half[2] = {__builtin_convertvector(LOWER_HALF(error), vec_double),
                              __builtin_convertvector(UPPER_HALF(error), vec_double)};
        squared[0] += half[0] * half[0];
        squared[1] += half[1] * half[1];
    }
    memcpy(p->squared, squared, sizeof squared);
}

extern const struct kernels CONCATENATE(kernels_, KERNELS_NAME), CONCATENATE(units_, KERNELS_NAME);
const struct kernels CONCATENATE(kernels_, KERNELS_NAME) = {
    .name = STRING(KERNELS_NAME),
    .lanes = LANES,
    .panel_units = PANEL,
    .units = &CONCATENATE(units_, KERNELS_NAME),
    .product = product,
    .back_product = back_product,
    .update_adam = update_adam,
    .update_sgd = update_sgd,
    .silence = silence,
    .words = words,
    .load = load,
    .loss = loss,
};
