/* The kernels with models in the lanes, compiled once for each instruction set: the flags and KERNELS_NAME are all that
 * differs.
 *
 * Loops over a vector's lanes do not appear: a vec is one SIMD register, and the code reads as if it trained a single
 * model. Tiles are unrolled by the compiler because their sizes are constants of an inlined call. */
#include "kernels.h"
#include "optimiser.h"

#include <string.h>

enum {
    TILE_ROWS = 5,   /* 5 rows x 2 units: 10 sums in registers hide the latency of the multiply-add */
    BLOCK_ROWS = 10, /* rows that share one pass through a layer's weights */
    /* Panels of a tile (of inputs on the way back: twice as many). The rows of wide layers do not stay in the L1 cache,
     * and twice as many units halve how often they come from the L2 cache: where there are 32 registers. */
    TILE_PANELS = LANES == 16 ? 2 : 1,
    TILE_INPUTS = 32 /* in shorter chains a large tile's beginning and end are not worth it */
};

/* Elements of a tile's units, which lie in panels of U: `at` is the first panel's, `next` the second's. */
#define OF_UNIT(at, next, U, k, u) ((u) < (U) ? at : next)[(k) * (size_t)(U) + (size_t)((u) % (U))]

/* ---- product ------------------------------------------------------------------------------------------------ */

/* One tile: R rows x P panels of U units, all of k. */
INLINE void product_tile(const int R, const int P, const int U, const enum epilogue epilogue, const struct product *p,
                         size_t unit, size_t row)
{
    const size_t n_inputs = p->n_inputs, n_columns = n_inputs + p->has_bias, in_stride = p->in_stride;
    const vec *restrict w = (const vec *)p->weights + unit * n_columns;
    const vec *restrict w2 = w + (size_t)(P - 1) * 2 * n_columns;
    const vec *restrict in = (const vec *)p->in + row * in_stride;
    vec *restrict out = (vec *)p->out + row * p->out_stride + unit;

    vec sum[TILE_ROWS][2 * TILE_PANELS];
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int u = 0; u < P * U; u++)
            sum[r][u] = p->has_bias ? OF_UNIT(w, w2, U, n_inputs, u) : (vec){0};
    }

    for (size_t k = 0; k < n_inputs; k++) {
        vec a[2 * TILE_PANELS];
        UNROLL
        for (int u = 0; u < P * U; u++) {
            a[u] = OF_UNIT(w, w2, U, k, u);
            KEEP_IN_REGISTER(a[u]);
        }
        UNROLL
        for (int r = 0; r < R; r++) {
            vec x = in[(size_t)r * in_stride + k];
            KEEP_IN_REGISTER(x);
            UNROLL
            for (int u = 0; u < P * U; u++)
                sum[r][u] = vec_fma(x, a[u], sum[r][u]);
        }
    }

    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int u = 0; u < P * U; u++) {
            vec result = sum[r][u];
            if (epilogue == EPILOGUE_RELU)
                result = vec_gate(result, result);
            out[(size_t)r * p->out_stride + (size_t)u] = result;
        }
    }
}

/* The units of P panels for a block of rows: full tiles, then the rows that are left over. */
INLINE void product_panels(const int P, const int U, const enum epilogue epilogue, const struct product *p, size_t unit,
                           size_t row, size_t row_end)
{
    for (; row < row_end; row += TILE_ROWS) {
        switch (row_end - row) {
        case 1: product_tile(1, P, U, epilogue, p, unit, row); break;
        case 2: product_tile(2, P, U, epilogue, p, unit, row); break;
        case 3: product_tile(3, P, U, epilogue, p, unit, row); break;
        case 4: product_tile(4, P, U, epilogue, p, unit, row); break;
        default: product_tile(5, P, U, epilogue, p, unit, row); break;
        }
    }
}

/* Loop order: blocks of rows; panels of two units, or two such panels (their weights are read once from the L2 cache
 * and stay in L1 for the block); tiles of rows; k. */
INLINE void product_blocks(const enum epilogue epilogue, const struct product *p)
{
    for (size_t row = 0; row < p->n_rows; row += BLOCK_ROWS) {
        size_t row_end = row + BLOCK_ROWS < p->n_rows ? row + BLOCK_ROWS : p->n_rows;
        size_t unit = 0;
        if (TILE_PANELS == 2 && p->n_inputs >= TILE_INPUTS)
            for (; unit + 3 < p->n_units; unit += 4)
                product_panels(TILE_PANELS, 2, epilogue, p, unit, row, row_end);
        for (; unit + 1 < p->n_units; unit += 2)
            product_panels(1, 2, epilogue, p, unit, row, row_end);
        if (unit < p->n_units)
            product_panels(1, 1, epilogue, p, unit, row, row_end);
    }
}

static void product(const struct product *p)
{
    switch (p->epilogue) {
    case EPILOGUE_NONE: product_blocks(EPILOGUE_NONE, p); break;
    case EPILOGUE_RELU: product_blocks(EPILOGUE_RELU, p); break;
    }
}

/* ---- back_product ------------------------------------------------------------------------------------------- */

/* One tile: R rows x C inputs, all units: w [n_units][C], two units of a panel lying side by side. */
INLINE void back_product_tile(const int R, const int C, const struct back_product *p, size_t column, size_t row)
{
    const vec *w = (const vec *)p->weights + column * 2, *delta = (const vec *)p->delta + row * p->delta_stride;
    const vec *gate = (const vec *)p->gate + row * p->gate_stride + column;
    vec *out = (vec *)p->out + row * p->out_stride + column;
    size_t n_units = p->n_units, delta_stride = p->delta_stride, panel = 2 * p->n_columns, unit = 0;

    vec sum[TILE_ROWS][2 * TILE_PANELS];
    UNROLL
    for (int r = 0; r < R; r++) {
        UNROLL
        for (int c = 0; c < C; c++)
            sum[r][c] = (vec){0};
    }
    for (; unit + 1 < n_units; unit += 2, w += panel) {
        UNROLL
        for (int u = 0; u < 2; u++) {
            vec a[2 * TILE_PANELS];
            UNROLL
            for (int c = 0; c < C; c++) {
                a[c] = w[c * 2 + u];
                KEEP_IN_REGISTER(a[c]);
            }
            UNROLL
            for (int r = 0; r < R; r++) {
                vec x = delta[(size_t)r * delta_stride + unit + (size_t)u];
                KEEP_IN_REGISTER(x);
                UNROLL
                for (int c = 0; c < C; c++)
                    sum[r][c] = vec_fma(x, a[c], sum[r][c]);
            }
        }
    }
    if (unit < n_units) {
        w = (const vec *)p->weights + unit * p->n_columns + column; /* a panel of one unit */
        UNROLL
        for (int r = 0; r < R; r++) {
            vec x = delta[(size_t)r * delta_stride + unit];
            UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = vec_fma(x, w[c], sum[r][c]);
        }
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

/* Loop order: blocks of rows; two columns, or four (whose weights, some cache lines a panel, stay in L1 for the
 * block); tiles of rows; units. The layer's update, which follows, finds the weights in the L2 cache. */
static void back_product(const struct back_product *p)
{
    for (size_t row = 0; row < p->n_rows; row += BLOCK_ROWS) {
        size_t row_end = row + BLOCK_ROWS < p->n_rows ? row + BLOCK_ROWS : p->n_rows, column = p->first_input;
        if (TILE_PANELS == 2)
            for (; column + 3 < p->n_inputs; column += 4)
                back_product_columns(2 * TILE_PANELS, p, column, row, row_end);
        for (; column + 1 < p->n_inputs; column += 2)
            back_product_columns(2, p, column, row, row_end);
        if (column < p->n_inputs)
            back_product_columns(1, p, column, row, row_end);
    }
}

/* ---- update ------------------------------------------------------------------------------------------------- */

/* A tile of two panels x 2 columns whose gradients are known and whose weights wait for their step. */
struct pending {
    size_t at; /* vectors: the tile's first weight in its first panel */
    bool is_there;
    vec g[2][4]; /* [panel][column][unit] */
};

INLINE void step_at(const bool is_adam, const struct update_constants *c, const struct update *p, size_t at, vec g)
{
    vec *w = (vec *)p->weights + at, unused;
    *w =
        step(is_adam, c, *w, g, is_adam ? (vec *)p->moment1 + at : &unused, is_adam ? (vec *)p->moment2 + at : &unused);
}

INLINE void step_pending(const bool is_adam, const struct update_constants *c, const struct update *p,
                         const struct pending *pending, int i)
{
    step_at(is_adam, c, p, pending->at + (size_t)(i / 4) * 2 * p->n_columns + (size_t)(i % 4),
            pending->g[i / 4][i % 4]);
}

/* Adds a row's part to the gradients of a tile, [C][n_units]. */
INLINE void add_row(const int n_units, const int C, const struct update *p, size_t row, size_t unit, size_t column,
                    vec g[2][2 * TILE_PANELS])
{
    const vec *delta = (const vec *)p->delta + row * p->delta_stride + unit;
    const vec *in = (const vec *)p->in + row * p->in_stride + column;
    vec d[2 * TILE_PANELS];
    UNROLL
    for (int u = 0; u < n_units; u++) {
        d[u] = delta[u];
        KEEP_IN_REGISTER(d[u]);
    }
    UNROLL
    for (int i = 0; i < C; i++) {
        vec x = in[i];
        KEEP_IN_REGISTER(x);
        UNROLL
        for (int u = 0; u < n_units; u++)
            g[i][u] = vec_fma(x, d[u], g[i][u]);
    }
}

/* One tile: P panels of U units x C columns. The steps of a large tile are taken between the rows of the next: square
 * root and division take as long as 16 multiply-adds, and run beside them only if the processor has both before it at a
 * time. */
INLINE void update_tile(const int P, const int U, const int C, const bool is_adam, const struct update_constants *c,
                        const struct update *p, size_t unit, size_t column, struct pending *pending)
{
    const bool waits = P == 2 && C == 2;
    const size_t at = unit * p->n_columns + column * (size_t)U, next = 2 * p->n_columns;
    vec g[2][2 * TILE_PANELS];
    size_t row = 0;
    UNROLL
    for (int i = 0; i < C; i++) {
        UNROLL
        for (int u = 0; u < P * U; u++)
            g[i][u] = (vec){0};
    }
    if (waits && pending->is_there) {
        UNROLL
        for (int i = 0; i < 8; i++) {
            if (row < p->n_rows)
                add_row(P * U, C, p, row++, unit, column, g);
            step_pending(is_adam, c, p, pending, i);
        }
    }
    for (; row < p->n_rows; row++)
        add_row(P * U, C, p, row, unit, column, g);
    if (waits)
        *pending = (struct pending){.at = at, .is_there = true};
    UNROLL
    for (int i = 0; i < P * U * C; i++) {
        const int panel = i / (U * C), in_panel = i % (U * C);
        const vec gradient = g[in_panel / U][panel * U + in_panel % U];
        if (waits)
            pending->g[panel][in_panel] = gradient;
        else
            step_at(is_adam, c, p, at + (size_t)panel * next + (size_t)in_panel, gradient);
    }
}

INLINE void update_panels(const int P, const int U, const bool is_adam, const struct update_constants *c,
                          const struct update *p, size_t unit, struct pending *pending)
{
    size_t column = p->first_column;
    for (; column + 1 < p->end_column; column += 2)
        update_tile(P, U, 2, is_adam, c, p, unit, column, pending);
    if (column < p->end_column)
        update_tile(P, U, 1, is_adam, c, p, unit, column, pending);
}

/* Loop order: panels of two units, or two such panels; pairs of columns; rows. The gradients of a tile are complete
 * when its weights are updated, so they never leave the L1 cache; weights and moments are read and written once, in
 * order. */
INLINE void update(const bool is_adam, const struct update *p)
{
    const struct update_constants c = update_constants_of(p, *(const vec *)p->rate, *(const vec *)p->epsilon);
    struct pending pending = {.is_there = false};
    size_t unit = 0;
    if (p->back)
        back_product(p->back);
    if (TILE_PANELS == 2)
        for (; unit + 3 < p->n_units; unit += 4)
            update_panels(TILE_PANELS, 2, is_adam, &c, p, unit, &pending);
    if (pending.is_there) {
        UNROLL
        for (int i = 0; i < 8; i++)
            step_pending(is_adam, &c, p, &pending, i);
    }
    for (; unit + 1 < p->n_units; unit += 2)
        update_panels(1, 2, is_adam, &c, p, unit, &pending);
    if (unit < p->n_units)
        update_panels(1, 1, is_adam, &c, p, unit, &pending);
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

INLINE void silence_slots(const bool is_shared, const struct silence *p)
{
    vec *out = (vec *)p->out;
    for (size_t slot = 0; slot < p->n_slots; slot++, out += p->out_stride) {
        const uint32_t *row = p->row + slot * LANES, *unit = p->unit + slot * LANES;
        vec_bits sum_at, weight_at, last_weight_at, activation_at;
        for (int lane = 0; lane < LANES; lane++) {
            sum_at[lane] = (int32_t)(row[lane] * p->n_units) * LANES + lane;
            activation_at[lane] = (int32_t)(row[lane] * p->activation_stride + unit[lane]) * LANES + lane;
            weight_at[lane] = (int32_t)unit[lane] * 2 * LANES + lane;
            last_weight_at[lane] = (int32_t)unit[lane] * LANES + lane; /* in a panel of one unit */
        }
        vec activation = -pick(is_shared, p->activation, activation_at);
        const float *w = p->weights, *sum = p->sum;
        size_t u = 0;
        for (; u + 1 < p->n_units; u += 2, w += 2 * p->n_columns * LANES, sum += 2 * LANES) {
            vec first = vec_fma(activation, pick(is_shared, w, weight_at), pick(is_shared, sum, sum_at));
            vec second =
                vec_fma(activation, pick(is_shared, w + LANES, weight_at), pick(is_shared, sum + LANES, sum_at));
            out[u] = vec_gate(first, first);
            out[u + 1] = vec_gate(second, second);
        }
        if (u < p->n_units) {
            vec last = vec_fma(activation, pick(is_shared, w, last_weight_at), pick(is_shared, sum, sum_at));
            out[u] = vec_gate(last, last);
        }
    }
}

/* Loop order: slots; panels of two units. */
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
    .panel_units = 2,
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
