#include "claims.h"

#include "pooled.h"
#include "reader_provenance.h"
#include "starts.h"
#include "student.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const claim_row_names[N_ROWS] = {"judged", "shares", "shares"};

enum normalise claim_row_normalise(int claim, enum claim_row_kind row)
{
    bool is_by_layer = row == ROW_KINDS_BY_LAYER || (row == ROW_JUDGED && claim_table[claim].is_leaning);
    return is_by_layer ? NORMALISE_LAYER : NORMALISE_NONE;
}

static const int row_numbers[N_ROWS] = {NUMBER_JUDGED, NUMBER_KINDS, NUMBER_KINDS_BY_LAYER};

/* What deciding one claim needs. */
struct work {
    struct claims *claims;
    const struct reader *reader;
    const struct claims_options *options;
    const struct claim_numbers *numbers;
    enum claim_id claim;
    struct claim_result *result;
    double confidence;
    size_t n_seeds; /* replicates */
    float *a, *b;   /* [n_seeds]: of one pair */
    float *spare;   /* [n_seeds] */
    float *rows;    /* [pairs.n, n_seeds]: differences of each pair that is judged, under one measure and number */
    float *nulls;   /* the same between identical tasks */
    float *columns; /* [n_measures, N_NUMBERS, n_seeds]: pooled */
    float *null_columns;
};

/* ---- Differences ---- */

/* The mean of a side's controls, seed by seed; NaN where one has no model. */
static void mean_of_controls(const struct work *work, const struct claim_side *side, int measure, int number,
                             float *mean)
{
    for (size_t s = 0; s < work->n_seeds; s++)
        mean[s] = side->n_controls > 0 ? 0 : NAN;
    for (int i = 0; i < side->n_controls; i++) {
        const float *values =
            claim_numbers_of(work->numbers, work->claim, side->controls[i], side->tasks, measure, number);
        for (size_t s = 0; s < work->n_seeds; s++)
            mean[s] += values[s] / (float)side->n_controls;
    }
}

static void copy_number(const struct work *work, const struct claim_side *side, int measure, int number, float *values)
{
    memcpy(values, claim_numbers_of(work->numbers, work->claim, side->config, side->tasks, measure, number),
           work->n_seeds * sizeof *values);
}

/* A pair's numbers into work->a and work->b, and their difference, the effect, into `difference`. */
static void take_pair(const struct work *work, const struct claim_pair *pair, int measure, int number,
                      float *difference)
{
    bool is_single = !claim_table[work->claim].key;
    copy_number(work, &pair->a, measure, number, work->a);
    if (is_single)
        mean_of_controls(work, &pair->a, measure, number, work->b);
    else
        copy_number(work, &pair->b, measure, number, work->b);
    for (size_t s = 0; s < work->n_seeds; s++)
        difference[s] = is_single ? work->a[s] - work->b[s] : (float)pair->sign * (work->b[s] - work->a[s]);
}

/* The same difference between identical tasks; overwrites work->a and work->b. */
static void take_null(const struct work *work, const struct claim_pair *pair, int measure, int number,
                      float *difference)
{
    mean_of_controls(work, &pair->a, measure, number, work->a);
    mean_of_controls(work, &pair->b, measure, number, work->b);
    for (size_t s = 0; s < work->n_seeds; s++)
        difference[s] = (float)pair->sign * (work->b[s] - work->a[s]);
}

static bool is_judged(const struct work *work, size_t pair)
{
    return work->result->n_judged == 0 || claim_pair_has_controls(&work->result->pairs.pairs[pair]);
}

/* Mean of `values` where `known` is; adds it to *sum, and 1 to *n, if there is any. */
static void add_mean(const float *values, const float *known, size_t n_seeds, double *sum, double *n)
{
    double here = 0, n_here = 0;
    for (size_t s = 0; s < n_seeds; s++)
        if (!isnan(values[s]) && !isnan(known[s])) {
            here += (double)values[s];
            n_here++;
        }
    if (n_here > 0) {
        *sum += here / n_here;
        ++*n;
    }
}

static size_t count_known(const float *row, size_t n_seeds)
{
    size_t n = 0;
    for (size_t s = 0; s < n_seeds; s++)
        n += isnan(row[s]) ? 0 : 1;
    return n;
}

/* Makes rows of work->rows NaN that have too few seeds beside the others: pooling leaves them out. */
static void leave_out_few(const struct work *work, size_t n_rows)
{
    size_t least = pooled_least(work->rows, n_rows, work->n_seeds);
    for (size_t r = 0; r < n_rows; r++) {
        float *row = work->rows + r * work->n_seeds;
        bool is_left_out = count_known(row, work->n_seeds) < least;
        for (size_t s = 0; s < work->n_seeds && is_left_out; s++)
            row[s] = NAN;
    }
}

/* Fills work->rows: the differences of the pairs that are judged, all NaN where a pair has too few seeds beside the
 * others. Returns how many there are. */
static size_t take_rows(const struct work *work, int measure, int number)
{
    size_t n_rows = 0;
    for (size_t p = 0; p < work->result->pairs.n; p++)
        if (is_judged(work, p))
            take_pair(work, &work->result->pairs.pairs[p], measure, number, work->rows + n_rows++ * work->n_seeds);
    leave_out_few(work, n_rows);
    return n_rows;
}

/* Fills the means of a row, of the pairs that its effect is of. work->rows are their differences. */
static void fill_means(const struct work *work, int measure, int number, struct claim_row *row)
{
    /* A single condition without a control has a mean, and no effect. */
    bool has_effect = work->result->n_judged > 0 || claim_table[work->claim].key;
    double sum_a = 0, sum_b = 0, n_a = 0, n_b = 0;
    for (size_t p = 0, r = 0; p < work->result->pairs.n; p++) {
        if (!is_judged(work, p))
            continue;
        const float *known = has_effect ? work->rows + r * work->n_seeds : work->a;
        take_pair(work, &work->result->pairs.pairs[p], measure, number, work->spare);
        add_mean(work->a, known, work->n_seeds, &sum_a, &n_a);
        add_mean(work->b, known, work->n_seeds, &sum_b, &n_b);
        r++;
    }
    row->mean_a = sum_a / n_a; /* 0/0 is the NaN that is wanted */
    row->mean_b = sum_b / n_b;
}

/* Pools the same differences between identical tasks, of the pairs that the effect is of, where all have controls. */
static void pool_nulls(const struct work *work, int measure, int number, float *column)
{
    size_t n_rows = 0;
    for (size_t p = 0; p < work->result->pairs.n; p++) {
        float *null = work->nulls + n_rows * work->n_seeds;
        if (!is_judged(work, p))
            continue;
        if (!claim_pair_has_controls(&work->result->pairs.pairs[p]))
            return;
        take_null(work, &work->result->pairs.pairs[p], measure, number, null);
        bool is_left_out = count_known(work->rows + n_rows++ * work->n_seeds, work->n_seeds) == 0;
        for (size_t s = 0; s < work->n_seeds && is_left_out; s++)
            null[s] = NAN;
    }
    pooled_values(work->nulls, n_rows, work->n_seeds, column);
}

/* Pools the pairs that are judged, under one measure and number, and fills the means of a row, unless it is NULL. */
static void pool(struct work *work, int measure, int number, struct claim_row *row)
{
    size_t place = ((size_t)measure * N_NUMBERS + (size_t)number) * work->n_seeds;
    size_t n_rows = take_rows(work, measure, number);
    pooled_values(work->rows, n_rows, work->n_seeds, work->columns + place);
    if (row)
        fill_means(work, measure, number, row);
    if (claim_table[work->claim].key)
        pool_nulls(work, measure, number, work->null_columns + place);
}

/* ---- Verdicts ---- */

static enum error_code estimate(const struct work *work, const float *columns, size_t n, struct estimate *estimates,
                                struct error *error)
{
    if (!work->claims->is_simultaneous)
        return bootstrap_means(columns, work->n_seeds, n, estimates, error);
    for (size_t i = 0; i < n; i++)
        estimates[i] = student_interval(columns + i * work->n_seeds, work->n_seeds, work->confidence);
    return ERROR_NONE;
}

static bool is_same_attempt(const struct work *work, const struct claim_pair *pair, size_t seed)
{
    const uint16_t *attempts = work->numbers->attempts;
    uint16_t of_a = attempts[pair->a.config * work->n_seeds + seed];
    if (claim_table[work->claim].key)
        return attempts[pair->b.config * work->n_seeds + seed] == of_a;
    for (int i = 0; i < pair->a.n_controls; i++)
        if (attempts[pair->a.controls[i] * work->n_seeds + seed] != of_a)
            return false;
    return true;
}

/* How many starts the pairs in work->rows have (starts.h), and how many those are: pairs of models that start alike are
 * one draw of attempts, and count as one. */
static enum error_code count_starts(const struct work *work, size_t *n_starts, size_t *n_used, struct error *error)
{
    const struct claim_result *result = work->result;
    size_t n = 0, *configs = malloc(result->pairs.n * sizeof *configs);
    if (!configs)
        return error_set(error, ERROR_FATAL, "not enough memory");
    for (size_t p = 0, r = 0; p < result->pairs.n; p++)
        if (is_judged(work, p) && count_known(work->rows + r++ * work->n_seeds, work->n_seeds) > 0)
            configs[n++] = result->pairs.pairs[p].a.config;
    *n_starts = 0;
    *n_used = n;
    if (n > 0)
        starts_count(work->reader, &(struct selection){configs, n}, n_starts, error);
    free(configs);
    return error->code;
}

/* Counts the pairs of models, and those that accepted the same attempt; the others' differences become NaN. */
static size_t keep_same_attempts(const struct work *work, struct claim_checks *checks)
{
    const struct claim_result *result = work->result;
    size_t n_rows = 0;
    for (size_t p = 0; p < result->pairs.n; p++) {
        if (!is_judged(work, p))
            continue;
        float *row = work->rows + n_rows++ * work->n_seeds;
        for (size_t s = 0; s < work->n_seeds; s++)
            if (!isnan(row[s])) {
                checks->n_pairs++;
                if (is_same_attempt(work, &result->pairs.pairs[p], s))
                    checks->n_same++;
                else
                    row[s] = NAN;
            }
    }
    return n_rows;
}

/* The effect in pairs that accepted the same attempt. work->rows are the differences, and overwritten. */
static enum error_code check_selection(const struct work *work, struct claim_checks *checks, struct error *error)
{
    const struct claim_result *result = work->result;
    const struct hyperparameters *configs = work->reader->configs;
    size_t n_starts, n_used;
    for (size_t p = 0; p < result->pairs.n && claim_table[work->claim].key; p++)
        if (starts_compare(&configs[result->pairs.pairs[p].a.config], &configs[result->pairs.pairs[p].b.config]) != 0)
            return ERROR_NONE;
    if (count_starts(work, &n_starts, &n_used, error))
        return error->code;
    size_t n_rows = keep_same_attempts(work, checks);
    if (n_used > 0) {
        checks->n_pairs = (checks->n_pairs * n_starts + n_used / 2) / n_used;
        checks->n_same = (checks->n_same * n_starts + n_used / 2) / n_used;
    }
    pooled_values(work->rows, n_rows, work->n_seeds, work->a);
    if (estimate(work, work->a, 1, &checks->same, error))
        return error->code;
    checks->same_decision = verdict_of(&checks->same, result->smallest);
    return ERROR_NONE;
}

/* The verdict on the replicates that were planned first. */
static enum error_code check_first_plan(const struct work *work, int measure, struct claim_checks *checks,
                                        struct error *error)
{
    size_t n_rows = 0;
    struct estimate effect;
    for (size_t p = 0; p < work->result->pairs.n; p++) {
        float *row = work->rows + n_rows * work->n_seeds;
        if (!is_judged(work, p))
            continue;
        take_pair(work, &work->result->pairs.pairs[p], measure, NUMBER_JUDGED, row);
        for (size_t s = work->claims->n_first; s < work->n_seeds; s++)
            row[s] = NAN;
        n_rows++;
    }
    pooled_values(work->rows, n_rows, work->n_seeds, work->a);
    if (estimate(work, work->a, 1, &effect, error))
        return error->code;
    checks->first_plan = verdict_of(&effect, work->result->smallest);
    return ERROR_NONE;
}

/* Whether a pair of its own says the opposite. work->rows are the differences. */
static bool is_opposed(const struct work *work, size_t n_rows, enum decision decision)
{
    double smallest = work->result->smallest;
    for (size_t r = 0; r < n_rows; r++) {
        struct estimate effect =
            student_interval(work->rows + r * work->n_seeds, work->n_seeds, student_bonferroni(n_rows));
        if (effect.n >= VERDICT_SEEDS && ((decision == DECISION_LARGER && effect.high < -smallest) ||
                                          (decision == DECISION_REVERSED && effect.low > smallest)))
            return true;
    }
    return false;
}

/* The verdict on an effect. work->rows [n_rows, n_seeds] are the differences that it is the mean of, and overwritten.
 */
static enum error_code decide(const struct work *work, size_t n_rows, const struct estimate *effect,
                              struct claim_checks *checks, enum decision *decision, struct error *error)
{
    enum decision found = verdict_of(effect, work->result->smallest);
    bool is_mixed = is_opposed(work, n_rows, found);
    *decision = found;
    if (check_selection(work, checks, error))
        return error->code;
    if (work->result->n_judged == 0)
        *decision = DECISION_NO_CONTROL;
    else if (is_mixed)
        *decision = DECISION_MIXED;
    else if (found != DECISION_TOO_FEW && found != DECISION_UNDECIDED && 10 * checks->n_same < 9 * checks->n_pairs &&
             checks->same_decision != found)
        *decision = DECISION_SELECTION;
    return ERROR_NONE;
}

/* Each pair's own effect, under the measure. */
static void fill_pair_effects(const struct work *work, int measure)
{
    const struct claim_result *result = work->result;
    size_t n = result->n_judged > 0 ? result->n_judged : result->pairs.n;
    for (size_t p = 0; p < result->pairs.n; p++) {
        take_pair(work, &result->pairs.pairs[p], measure, NUMBER_JUDGED, work->spare);
        result->pair_effects[p * (size_t)work->claims->n_measures + (size_t)measure] =
            student_interval(work->spare, work->n_seeds, student_bonferroni(n));
    }
}

static enum error_code decide_measure(struct work *work, int measure, const struct estimate *estimates,
                                      const struct estimate *nulls, struct error *error)
{
    struct claim_result *result = work->result;
    fill_pair_effects(work, measure);
    if (work->claims->n_first > 0 && check_first_plan(work, measure, &result->checks[measure], error))
        return error->code;
    for (int r = 0; r < N_ROWS; r++) {
        struct claim_row *row = &result->rows[r][measure];
        struct claim_checks beside = {0};
        size_t place = (size_t)measure * N_NUMBERS + (size_t)row_numbers[r];
        row->effect = estimates[place];
        row->null = nulls[place];
        row->warnings = verdict_warnings(work->columns + place * work->n_seeds, work->n_seeds);
        if (row->warnings & WARNING_ALL_EQUAL)
            row->effect.low = row->effect.high = (double)NAN;
        if (decide(work, take_rows(work, measure, row_numbers[r]), &row->effect,
                   r == ROW_JUDGED ? &result->checks[measure] : &beside, &row->decision, error))
            return error->code;
    }
    for (int s = 0; s < N_SPECIFICATIONS; s++)
        if (multiverse_has(work->claim, s))
            result->multiverse.effects[measure][s] = estimates[measure * N_NUMBERS + s];
    result->multiverse.rows[measure] =
        multiverse_sum_up(work->claim, result->multiverse.effects[measure], result->smallest);
    return ERROR_NONE;
}

/* Fills work->rows with each pair's differences, averaged over specifications as the multiverse's mean is; overwrites
 * work->columns. Returns how many there are. */
static size_t take_averaged_rows(struct work *work)
{
    const struct claims *claims = work->claims;
    size_t n_rows = 0;
    for (size_t p = 0; p < work->result->pairs.n; p++) {
        if (!is_judged(work, p))
            continue;
        for (int m = 0; m < claims->n_measures; m++)
            for (int i = 0; i < N_SPECIFICATIONS && (claims->measures >> m & 1); i++)
                take_pair(work, &work->result->pairs.pairs[p], m, i,
                          work->columns + ((size_t)m * N_NUMBERS + (size_t)i) * work->n_seeds);
        multiverse_average(work->claim, work->columns, claims->n_measures, claims->measures, work->n_seeds,
                           work->rows + n_rows++ * work->n_seeds);
    }
    leave_out_few(work, n_rows);
    return n_rows;
}

static enum error_code decide_multiverse(struct work *work, struct error *error)
{
    const struct claims *claims = work->claims;
    struct multiverse *multiverse = &work->result->multiverse;
    multiverse_average(work->claim, work->null_columns, claims->n_measures, claims->measures, work->n_seeds, work->a);
    if (estimate(work, work->a, 1, &multiverse->null, error))
        return error->code;
    multiverse_average(work->claim, work->columns, claims->n_measures, claims->measures, work->n_seeds, work->a);
    if (estimate(work, work->a, 1, &multiverse->mean, error))
        return error->code;
    multiverse->warnings = verdict_warnings(work->a, work->n_seeds);
    struct claim_checks checks = {0};
    return decide(work, take_averaged_rows(work), &multiverse->mean, &checks, &multiverse->decision, error);
}

/* Room for the pairs of work->result; released by work_end. */
static enum error_code work_begin(struct work *work, struct error *error)
{
    size_t n_pairs = work->result->pairs.n;
    size_t n_column = (size_t)work->claims->n_measures * N_NUMBERS * work->n_seeds;
    work->a = malloc(work->n_seeds * sizeof *work->a);
    work->b = malloc(work->n_seeds * sizeof *work->b);
    work->spare = malloc(work->n_seeds * sizeof *work->spare);
    work->rows = malloc(n_pairs * work->n_seeds * sizeof *work->rows);
    work->nulls = malloc(n_pairs * work->n_seeds * sizeof *work->nulls);
    work->columns = malloc(2 * n_column * sizeof *work->columns);
    if (!work->a || !work->b || !work->spare || !work->rows || !work->nulls || !work->columns)
        return error_set(error, ERROR_FATAL, "not enough memory");
    work->null_columns = work->columns + n_column;
    for (size_t i = 0; i < 2 * n_column; i++)
        work->columns[i] = NAN;
    return ERROR_NONE;
}

static void work_end(struct work *work)
{
    free(work->columns);
    free(work->nulls);
    free(work->rows);
    free(work->spare);
    free(work->b);
    free(work->a);
}

static enum error_code decide_claim(struct work *work, struct error *error)
{
    struct claims *claims = work->claims;
    struct claim_result *result = work->result;
    size_t n_pairs = result->pairs.n, n_measures = (size_t)claims->n_measures, n_columns = n_measures * N_NUMBERS;
    struct estimate *estimates = malloc(2 * n_columns * sizeof *estimates);

    result->pair_effects = calloc(n_pairs * n_measures, sizeof *result->pair_effects);
    if (!estimates || !result->pair_effects) {
        error_set(error, ERROR_FATAL, "not enough memory");
        goto done;
    }
    if (work_begin(work, error))
        goto done;
    for (int m = 0; m < claims->n_measures; m++)
        for (int i = 0; i < N_NUMBERS && (claims->measures >> m & 1); i++) {
            struct claim_row *row = NULL;
            for (int r = 0; r < N_ROWS; r++)
                row = row_numbers[r] == i ? &result->rows[r][m] : row;
            pool(work, m, i, row);
        }
    if (estimate(work, work->columns, 2 * n_columns, estimates, error))
        goto done;
    for (int m = 0; m < claims->n_measures; m++)
        if ((claims->measures >> m & 1) && decide_measure(work, m, estimates, estimates + n_columns, error))
            goto done;
    decide_multiverse(work, error);
done:
    work_end(work);
    free(estimates);
    return error->code;
}

/* Trends of D of the work's pairs along their only axis. */
static enum error_code take_trends(struct work *work, const struct other_pair *pair, struct other_result *other,
                                   struct error *error)
{
    check(pair->n > 0);
    double *x = malloc(pair->n * sizeof *x);
    error->code = ERROR_NONE;
    if (!x)
        return error_set(error, ERROR_FATAL, "not enough memory");
    other->axis = other_pair_axis(pair, work->reader, x, &other->is_logarithmic);
    for (int m = 0; m < work->claims->n_measures && other->axis && !error->code; m++) {
        for (size_t p = 0; p < pair->n; p++) {
            const struct claim_side *side = &pair->pairs[p].a;
            memcpy(work->rows + p * work->n_seeds,
                   claim_numbers_of(work->numbers, CLAIM_NONE, side->config, side->tasks, m, NUMBER_JUDGED),
                   work->n_seeds * sizeof *work->rows);
        }
        pooled_slopes(x, work->rows, pair->n, work->n_seeds, work->a);
        estimate(work, work->a, 1, &other->slopes[m], error);
    }
    free(x);
    return error->code;
}

/* The effects of the tasks that no claim is about. work->result: scratch. */
static enum error_code decide_others(struct work *work, struct error *error)
{
    struct claims *claims = work->claims;
    claims->other_results = calloc(claims->others.n + 1, sizeof *claims->other_results);
    if (!claims->other_results)
        return error_set(error, ERROR_FATAL, "not enough memory");
    for (size_t g = 0; g < claims->others.n; g++) {
        struct other_result *other = &claims->other_results[g];
        work->result->pairs = (struct claim_pairs){claims->others.groups[g].pairs, claims->others.groups[g].n};
        work->result->n_judged = 0;
        for (size_t p = 0; p < work->result->pairs.n; p++)
            work->result->n_judged += claim_pair_has_controls(&work->result->pairs.pairs[p]) ? 1 : 0;
        other->n_judged = work->result->n_judged;
        if (!work_begin(work, error))
            for (int m = 0; m < claims->n_measures && !error->code; m++) {
                float *column = work->columns + (size_t)m * N_NUMBERS * work->n_seeds;
                pool(work, m, NUMBER_JUDGED, &other->rows[m]);
                for (size_t s = 0; s < work->n_seeds && other->n_judged == 0; s++)
                    column[s] = NAN; /* of one of the two controls */
                if (other->n_judged == 0)
                    other->rows[m].mean_b = (double)NAN;
                estimate(work, column, 1, &other->rows[m].effect, error);
            }
        if (!error->code)
            take_trends(work, &claims->others.groups[g], other, error);
        work_end(work);
        if (error->code)
            return error->code;
    }
    return ERROR_NONE;
}

/* Finds what each claim is about. Returns the number of effects that will be shown. */
static size_t find_pairs(struct claims *claims, struct claim_pairs pairs[N_CLAIMS], const struct reader *reader,
                         const struct selection *selection, const struct claims_options *options, struct error *error)
{
    size_t n_effects = 0;
    error->code = ERROR_NONE;
    for (int c = 0; c < N_CLAIMS && !error->code; c++) {
        struct claim_result *result = &claims->results[c];
        claim_pairs_find(&result->pairs, (enum claim_id)c, reader, selection, error);
        pairs[c] = result->pairs; /* a view */
        for (int m = 0; m < N_MEASURES; m++)
            result->noise_a[m] = result->noise_b[m] = (double)NAN;
        result->smallest = options->smallest_effect[c] > 0 ? options->smallest_effect[c] : CLAIM_SMALLEST_EFFECT;
        for (size_t p = 0; p < result->pairs.n; p++)
            result->n_judged += claim_pair_has_controls(&result->pairs.pairs[p]) ? 1 : 0;
        n_effects += result->pairs.n > 0 ? (size_t)__builtin_popcount(claims->measures) + 1 : 0;
    }
    return n_effects; /* and of each claim the multiverse's mean */
}

/* The measures that are wanted and that the file has. */
static void choose_measures(struct claims *claims, const struct reader *reader, const struct claims_options *options)
{
    claims->n_measures = reader_n_measures(reader);
    claims->measures = options->measures & ((1u << claims->n_measures) - 1);
}

enum error_code claims_count_effects(const struct reader *reader, const struct selection *selection,
                                     const struct claims_options *options, size_t *n, struct error *error)
{
    struct claims claims = {0};
    struct claim_pairs pairs[N_CLAIMS]; /* views */
    choose_measures(&claims, reader, options);
    *n = find_pairs(&claims, pairs, reader, selection, options, error);
    claims_free(&claims);
    return error->code;
}

enum error_code claims_decide(struct claims *claims, struct reader *reader, const struct selection *selection,
                              const struct claims_options *options, struct error *error)
{
    struct claim_numbers numbers = {0};
    struct claim_pairs pairs[N_CLAIM_LISTS];
    struct claim_result others = {.smallest = CLAIM_SMALLEST_EFFECT};
    size_t n_planned, n_extensions;

    memset(claims, 0, sizeof *claims);
    claims->is_of_important = options->numbers.is_of_important;
    claims->is_simultaneous = options->is_simultaneous;
    claims->unimportant_below = options->numbers.unimportant_below;
    claims->selective_above = options->numbers.selective_above;
    claims->mixed_below = options->numbers.mixed_below;
    claims->statuses = options->numbers.statuses;
    choose_measures(claims, reader, options);
    size_t n_effects = find_pairs(claims, pairs, reader, selection, options, error);
    n_effects = options->n_effects > n_effects ? options->n_effects : n_effects;
    if (error->code || other_pairs_find(&claims->others, pairs, reader, selection, error))
        goto failed;
    pairs[CLAIM_NONE] = claims->others.all; /* a view */
    if (reader_read_first_plan(reader, &n_planned, &n_extensions, error) ||
        claim_numbers_read(&numbers, reader, selection, pairs, &options->numbers, error))
        goto failed;
    claims->n_first = n_extensions > 0 && n_planned < reader->n_replicates ? n_planned : 0;
    memcpy(claims->correlations, numbers.correlations, sizeof claims->correlations);
    for (int c = 0; c < N_CLAIMS; c++) {
        struct work work = {.claims = claims,
                            .reader = reader,
                            .options = options,
                            .numbers = &numbers,
                            .claim = (enum claim_id)c,
                            .result = &claims->results[c],
                            .confidence = student_bonferroni(n_effects),
                            .n_seeds = reader->n_replicates};
        if (claims->results[c].pairs.n > 0 && decide_claim(&work, error))
            goto failed;
    }
    struct work work = {.claims = claims,
                        .reader = reader,
                        .options = options,
                        .numbers = &numbers,
                        .claim = CLAIM_NONE,
                        .result = &others,
                        .confidence = CONFIDENCE,
                        .n_seeds = reader->n_replicates};
    if (decide_others(&work, error))
        goto failed;
    claim_numbers_free(&numbers);
    return ERROR_NONE;
failed:
    claim_numbers_free(&numbers);
    claims_free(claims);
    return error->code;
}

void claims_free(struct claims *claims)
{
    for (size_t c = 0; c < N_CLAIMS; c++) {
        claim_pairs_free(&claims->results[c].pairs);
        free(claims->results[c].pair_effects);
    }
    other_pairs_free(&claims->others);
    free(claims->other_results);
    memset(claims, 0, sizeof *claims);
}

bool claims_is_of_identical(enum decision decision, const struct estimate *effect, const struct estimate *null)
{
    return null->n > 0 && ((decision == DECISION_LARGER && null->value >= effect->value) ||
                           (decision == DECISION_REVERSED && null->value <= effect->value));
}

void claims_verdict(enum decision decision, const struct estimate *effect, const struct estimate *null,
                    char text[CLAIMS_VERDICT_MAX])
{
    snprintf(text, CLAIMS_VERDICT_MAX, "%s%s", decision_names[decision],
             claims_is_of_identical(decision, effect, null) ? "*" : "");
}

void claims_row_verdict(const struct claim_row *row, char text[CLAIMS_VERDICT_MAX])
{
    claims_verdict(row->decision, &row->effect, &row->null, text);
}

bool claims_pair_counts(const struct claims *claims, int claim, size_t pair, int measure)
{
    const struct claim_result *result = &claims->results[claim];
    const size_t n_measures = (size_t)claims->n_measures;
    size_t least = 1;
    for (size_t p = 0; p < result->pairs.n; p++)
        if ((result->n_judged == 0 || claim_pair_has_controls(&result->pairs.pairs[p])) &&
            result->pair_effects[p * n_measures + (size_t)measure].n >= POOLED_SEEDS_MIN)
            least = POOLED_SEEDS_MIN;
    return (result->n_judged == 0 || claim_pair_has_controls(&result->pairs.pairs[pair])) &&
           result->pair_effects[pair * n_measures + (size_t)measure].n >= least;
}

bool claims_is_repeated(const struct claims *claims, int claim, enum claim_row_kind row)
{
    return row == ROW_KINDS_BY_LAYER && claim_table[claim].is_leaning && !claims->is_of_important;
}

/* Whether a claim's verdict under any measure has a warning, or (warning 0) was another one on the first plan. */
static bool has_caution(const struct claims *claims, int c, unsigned warning)
{
    const struct claim_result *result = &claims->results[c];
    for (int m = 0; m < claims->n_measures; m++) {
        const struct claim_row *row = &result->rows[ROW_JUDGED][m];
        bool is_other = claims->n_first > 0 && result->checks[m].first_plan != row->decision;
        if ((claims->measures >> m & 1) && result->n_judged > 0 &&
            (warning ? (row->warnings & warning) != 0 : is_other))
            return true;
    }
    return false;
}

void claims_cautions(const struct claims *claims, unsigned chosen, char text[CLAIMS_CAUTIONS_MAX])
{
    static const unsigned warnings[] = {WARNING_ALL_EQUAL, WARNING_ZEROS, 0};
    static const char *const heads[] = {"no interval, all seeds being equal", "half of the effects are 0",
                                        "another verdict on the replicates planned first"};
    size_t least = SIZE_MAX, most = 0;
    for (int c = 0; c < N_CLAIMS; c++)
        for (int m = 0; m < claims->n_measures; m++) {
            size_t n = claims->results[c].rows[ROW_JUDGED][m].effect.n;
            if (n == 0 || (chosen && !(chosen >> c & 1)))
                continue;
            least = n < least ? n : least;
            most = n > most ? n : most;
        }
    size_t used = 0;
    if (most > 0 && least < most)
        used += (size_t)snprintf(text, CLAIMS_CAUTIONS_MAX, "%zu to %zu seeds", least, most);
    else
        used += (size_t)snprintf(text, CLAIMS_CAUTIONS_MAX, "%zu seeds", most);
    if (most > 0 && least < WARNING_MINORITY_SEEDS)
        used += (size_t)snprintf(text + used, CLAIMS_CAUTIONS_MAX - used,
                                 "; under %d, one model in five that is unlike the others may be missed",
                                 WARNING_MINORITY_SEEDS);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        const char *separator = ": ";
        for (int c = 0; c < N_CLAIMS; c++)
            if ((!chosen || chosen >> c & 1) && has_caution(claims, c, warnings[i])) {
                if (*separator == ':')
                    used += (size_t)snprintf(text + used, CLAIMS_CAUTIONS_MAX - used, "; %s", heads[i]);
                used +=
                    (size_t)snprintf(text + used, CLAIMS_CAUTIONS_MAX - used, "%s%s", separator, claim_table[c].name);
                separator = ", ";
            }
    }
}

bool claims_any(const struct claims *claims)
{
    for (size_t c = 0; c < N_CLAIMS; c++)
        if (claims->results[c].pairs.n > 0)
            return true;
    return false;
}

static void pair_text(const struct claim_side *side, const struct reader *reader, bool by_name,
                      char text[TASK_PAIR_LABEL_MAX])
{
    const struct hyperparameters *h = &reader->configs[side->config];
    char a[TASK_LABEL_MAX], b[TASK_LABEL_MAX];
    task_name(h, side->tasks.a, a);
    task_name(h, side->tasks.b, b);
    if (by_name)
        snprintf(text, TASK_PAIR_LABEL_MAX, "%s and %s", a, b);
    else
        snprintf(text, TASK_PAIR_LABEL_MAX, "%d-%d", side->tasks.a + 1, side->tasks.b + 1);
}

void claim_tasks_text(const struct claim_result *result, const struct reader *reader, bool by_name,
                      char text[CLAIM_TASKS_TEXT_MAX])
{
    enum { SHOWN = 28 };
    char shown[SHOWN][TASK_PAIR_LABEL_MAX], own[TASK_PAIR_LABEL_MAX];
    size_t n = 0, used = 0;
    *text = '\0';
    for (size_t k = 0; k < 2 * result->pairs.n; k++) {
        const struct claim_pair *pair = &result->pairs.pairs[k / 2];
        const struct claim_side *side = k % 2 ? &pair->b : &pair->a;
        bool is_new = side->tasks.b > 0; /* all zero: there is no condition b */
        pair_text(side, reader, by_name, own);
        for (size_t i = 0; i < n && is_new; i++)
            is_new = strcmp(shown[i], own) != 0;
        const char *separator = n == 0 ? "" : by_name ? "; " : ", ";
        bool fits = n < SHOWN && used + strlen(separator) + strlen(own) + sizeof "; ..." <= CLAIM_TASKS_TEXT_MAX;
        if (!is_new)
            continue;
        used += (size_t)snprintf(text + used, CLAIM_TASKS_TEXT_MAX - used, "%s%s", separator, fits ? own : "...");
        if (!fits)
            return;
        memcpy(shown[n++], own, sizeof own);
    }
}
