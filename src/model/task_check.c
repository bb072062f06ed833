#include "task_check.h"

#include "numbers.h"
#include "sobol.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    N_MOMENT_POINTS = 4096,
    N_CHECK_POINTS = 10000, /* Sobol' points, beside the corners */
    N_DRAWS = 16,           /* of random constants */
    N_BRIEF_POINTS = 32,    /* of a brief check, beside some corners */
    N_BRIEF_DRAWS = 4,
    CORNERS_INPUTS_MAX = 10,
    BATCH = 512 /* points that are made at a time */
};

void task_scale_inputs(float low, float high, size_t n, float *x)
{
    float width = high - low;
    for (size_t i = 0; i < n; i++)
        x[i] = low + width * x[i];
}

/* Targets of n Sobol' points from `first` on: x [n][n_inputs], target [n]. */
static size_t sobol_targets(const struct formula *formula, const struct formula_values *values, int n_inputs, float low,
                            float high, uint32_t first, size_t n, float *x, float *target)
{
    sobol_points(first, n, n_inputs, x);
    task_scale_inputs(low, high, n * (size_t)n_inputs, x);
    return formula_evaluate(formula, values, n, n_inputs, x, target);
}

/* The targets at the points of moments: target [N_MOMENT_POINTS]. */
static void moment_targets(const struct formula *formula, const struct formula_values *values, int n_inputs, float low,
                           float high, float *target)
{
    float x[BATCH * FORMULA_INPUTS_MAX];
    for (uint32_t first = 0; first < N_MOMENT_POINTS; first += BATCH)
        sobol_targets(formula, values, n_inputs, low, high, first, BATCH, x, target + first);
}

struct task_moments task_moments(const struct formula *formula, const struct formula_values *values, int n_inputs,
                                 float input_low, float input_high)
{
    float target[N_MOMENT_POINTS];
    double sum = 0, squares = 0;
    moment_targets(formula, values, n_inputs, input_low, input_high, target);
    for (int i = 0; i < N_MOMENT_POINTS; i++)
        sum += (double)target[i];
    double mean = sum / N_MOMENT_POINTS;
    for (int i = 0; i < N_MOMENT_POINTS; i++) {
        double deviation = (double)target[i] - mean;
        squares += deviation * deviation;
    }
    return (struct task_moments){mean, sqrt(squares / N_MOMENT_POINTS)};
}

double task_correlation(const struct formula *a, const struct formula *b, const struct formula_values *values,
                        int n_inputs, float input_low, float input_high)
{
    float of_a[N_MOMENT_POINTS], of_b[N_MOMENT_POINTS];
    moment_targets(a, values, n_inputs, input_low, input_high, of_a);
    moment_targets(b, values, n_inputs, input_low, input_high, of_b);
    struct task_moments moments_a = task_moments(a, values, n_inputs, input_low, input_high);
    struct task_moments moments_b = task_moments(b, values, n_inputs, input_low, input_high);
    double products = 0;
    for (int i = 0; i < N_MOMENT_POINTS; i++)
        products += ((double)of_a[i] - moments_a.mean) * ((double)of_b[i] - moments_b.mean);
    bool varies = moments_a.sd > 0 && moments_b.sd > 0;
    return varies ? products / N_MOMENT_POINTS / (moments_a.sd * moments_b.sd) : NAN;
}

void task_standardise(struct task_moments moments, size_t n, float *target)
{
    for (size_t i = 0; i < n; i++)
        target[i] = (float)(((double)target[i] - moments.mean) / moments.sd);
}

/* Check points: corners, then Sobol' points, whose second one is the centre. The corners are all, or, in a brief check
 * and of many inputs, the lowest, the highest and those with one input alone high or low. */
static bool has_all_corners(int n_inputs, bool is_brief)
{
    return !is_brief && n_inputs <= CORNERS_INPUTS_MAX;
}

static size_t n_corners(int n_inputs, bool is_brief)
{
    return has_all_corners(n_inputs, is_brief) ? (size_t)1 << n_inputs : 2 + 2 * (size_t)n_inputs;
}

/* Corner i: bit k is set where input k is high. */
static size_t corner(size_t i, int n_inputs, bool is_brief)
{
    size_t highest = ((size_t)1 << n_inputs) - 1, one = i < 2 ? 0 : (size_t)1 << (i / 2 - 1);
    if (has_all_corners(n_inputs, is_brief))
        return i;
    return i % 2 ? highest & ~one : one;
}

/* The inputs of check points first..first+n-1: x [n][n_inputs]. */
static void check_points(const struct task_setting *setting, bool is_brief, size_t first, size_t n, float *x)
{
    size_t n_inputs = (size_t)setting->n_inputs, corners = n_corners(setting->n_inputs, is_brief), i = 0;
    for (; i < n && first + i < corners; i++)
        for (size_t k = 0; k < n_inputs; k++)
            x[i * n_inputs + k] = (float)(corner(first + i, setting->n_inputs, is_brief) >> k & 1);
    if (i < n)
        sobol_points((uint32_t)(first + i - corners), n - i, setting->n_inputs, x + i * n_inputs);
    task_scale_inputs(setting->input_low, setting->input_high, n * n_inputs, x);
}

/* Sums over the points of one task. */
struct sums {
    double n, below, sum, squares;
};

static void add_targets(struct task_range *range, struct sums *sums, size_t n, const float *target)
{
    for (size_t i = 0; i < n; i++) {
        double t = (double)target[i];
        range->lowest = fminf(range->lowest, target[i]);
        range->highest = fmaxf(range->highest, target[i]);
        sums->below += t < 0 ? -t : 0;
        sums->sum += t;
        sums->squares += t * t;
    }
    sums->n += (double)n;
}

static struct task_moments moments_of(const struct formula *formula, const struct formula_values *values,
                                      const struct task_setting *setting)
{
    return task_moments(formula, values, setting->n_inputs, setting->input_low, setting->input_high);
}

static enum error_code fail_constant(const struct formula *formula, struct error *error)
{
    return error_set(error, ERROR_INPUT,
                     "%s is constant and cannot be standardised; allowed: standardise = \"none\", or a target that "
                     "varies",
                     formula->text);
}

/* One task with one draw of its random constants. A brief check takes moments, which are many points, only of what is
 * constant at its own. */
static enum error_code check_draw(const struct formula *formula, const struct formula_values *values,
                                  const struct task_setting *setting, bool is_brief, struct task_range *range,
                                  struct sums *sums, struct error *error)
{
    struct task_moments moments = {0, 1};
    bool standardise = setting->standardise && !is_brief;
    if (standardise)
        moments = moments_of(formula, values, setting);

    size_t n_points = n_corners(setting->n_inputs, is_brief) + (is_brief ? N_BRIEF_POINTS : N_CHECK_POINTS);
    for (size_t first = 0; first < n_points; first += BATCH) {
        float x[BATCH * FORMULA_INPUTS_MAX], target[BATCH];
        size_t n = n_points - first < BATCH ? n_points - first : BATCH;
        check_points(setting, is_brief, first, n, x);
        size_t finite = formula_evaluate(formula, values, n, setting->n_inputs, x, target);
        if (finite < n) {
            char point[FORMULA_POINT_MAX];
            formula_point(formula, values, x + finite * (size_t)setting->n_inputs, point);
            return error_set(error, ERROR_INPUT, "%s is %s%s%s; allowed: finite targets at every point of the inputs",
                             formula->text, isnan(target[finite]) ? "not a number" : "infinite", *point ? " at " : "",
                             point);
        }
        if (standardise && moments.sd == 0)
            return fail_constant(formula, error);
        if (standardise)
            task_standardise(moments, n, target);
        add_targets(range, sums, n, target);
    }
    bool may_be_constant = setting->standardise && is_brief && range->lowest == range->highest;
    return may_be_constant && moments_of(formula, values, setting).sd == 0 ? fail_constant(formula, error) : ERROR_NONE;
}

static enum error_code check_task(const struct formula *formula, const struct task_setting *setting, bool is_brief,
                                  struct task_range *range, struct error *error)
{
    int n_draws = !formula->randoms ? 1 : is_brief ? N_BRIEF_DRAWS : N_DRAWS;
    struct formula_values values;
    struct sums sums = {0};
    memcpy(values.dials, setting->dials, sizeof values.dials);
    *range = (struct task_range){.lowest = INFINITY, .highest = -INFINITY, .is_constant = true};
    int64_t seed = setting->seed > SEED_MAX - N_DRAWS ? SEED_MAX - N_DRAWS : setting->seed;
    for (int draw = 0; draw < n_draws; draw++) {
        struct task_range of_draw = {.lowest = INFINITY, .highest = -INFINITY};
        task_list_randoms(seed + draw, values.randoms);
        enum error_code code = check_draw(formula, &values, setting, is_brief, &of_draw, &sums, error);
        if (code)
            return code;
        range->lowest = fminf(range->lowest, of_draw.lowest);
        range->highest = fmaxf(range->highest, of_draw.highest);
        range->is_constant = range->is_constant && of_draw.lowest == of_draw.highest;
    }
    range->mean_below = sums.below / sums.n;
    range->mean = sums.sum / sums.n;
    range->rms = sqrt(sums.squares / sums.n);
    return ERROR_NONE;
}

static enum error_code check_tasks(const struct task_list *list, const struct task_setting *setting, bool is_brief,
                                   struct task_range ranges[TASKS_MAX], struct error *error)
{
    check(task_list_uses(list).n_inputs <= setting->n_inputs);
    for (int task = 0; task < list->n_tasks; task++)
        if (check_task(&list->formulas[task], setting, is_brief, &ranges[task], error))
            return error_prefix(error, "task %d", task + 1);
    return ERROR_NONE;
}

enum error_code task_check_briefly(const struct task_list *list, const struct task_setting *setting,
                                   struct error *error)
{
    struct task_range ignored[TASKS_MAX];
    return check_tasks(list, setting, true, ignored, error);
}

static double work_of(const struct formula *formula, const struct task_setting *setting, bool is_brief)
{
    size_t n_points = n_corners(setting->n_inputs, is_brief) + (is_brief ? N_BRIEF_POINTS : N_CHECK_POINTS);
    int n_draws = !formula->randoms ? 1 : is_brief ? N_BRIEF_DRAWS : N_DRAWS;
    return (double)n_points * (20 + formula->n_steps) * n_draws;
}

double task_check_work(const struct task_list *list, const struct task_setting *setting, bool is_brief)
{
    double work = 0;
    for (int task = 0; task < list->n_tasks; task++)
        work += work_of(&list->formulas[task], setting, is_brief);
    return work;
}

enum error_code task_check(const struct task_list *list, const struct task_setting *setting,
                           struct task_findings *findings, struct error *error)
{
    memset(findings, 0, sizeof *findings);
    if (check_tasks(list, setting, false, findings->tasks, error))
        return error->code;
    findings->unused_inputs = (uint16_t)(((1u << setting->n_inputs) - 1) & ~(unsigned)task_list_uses(list).inputs);
    return ERROR_NONE;
}

/* A target's scale is far from 1 beyond these: the demo's product has .33, its sum 1.08. */
#define SCALE_LOW  0.1
#define SCALE_HIGH 10.0

enum { WORDS_MAX = 512 };

/* The kinds of warnings of one task; false if there is no such. */
static bool warn_below(const struct task_range *range, bool is_relu, double error_threshold, char line[WORDS_MAX])
{
    if (!is_relu || !(range->lowest < 0))
        return false;
    bool is_hopeless = range->mean_below >= error_threshold;
    snprintf(
        line, WORDS_MAX, "goes down to %.3g, and output_activation = \"relu\" to 0: the error stays at %.2g or above%s",
        (double)range->lowest, range->mean_below,
        is_hopeless ? ", not below error_threshold, so that models will be rejected: set output_activation = \"linear\""
                    : "");
    return true;
}

static bool warn_constant(const struct task_range *range, char line[WORDS_MAX])
{
    if (range->is_constant)
        snprintf(line, WORDS_MAX, "is constant%s: there is nothing to learn",
                 range->lowest == range->highest ? "" : " in each model");
    return range->is_constant;
}

static bool warn_scale(const struct task_range *range, char line[WORDS_MAX])
{
    bool is_far = !range->is_constant && (range->rms < SCALE_LOW || range->rms > SCALE_HIGH);
    if (is_far)
        snprintf(line, WORDS_MAX,
                 "has a root mean square of %.2g, far from 1: error_threshold and the start of training are made for "
                 "targets near 1; standardise = \"variance\" makes them so",
                 range->rms);
    return is_far;
}

static bool warn_unused(const struct task_findings *findings, const struct task_setting *setting,
                        char line[ERROR_MESSAGE_MAX])
{
    size_t used = (size_t)snprintf(line, ERROR_MESSAGE_MAX, "no task uses ");
    for (int k = 0; k < setting->n_inputs; k++)
        if (findings->unused_inputs >> k & 1)
            used += (size_t)snprintf(line + used, ERROR_MESSAGE_MAX - used, "x%d, ", k);
    snprintf(line + used, ERROR_MESSAGE_MAX - used, "of n_inputs = %d", setting->n_inputs);
    return findings->unused_inputs != 0;
}

/* That 0 is near enough to all targets: a network with a ReLU output that is silent from the start is accepted as the
 * last attempt, which is not rejected unseen. */
static bool warn_silent(const struct task_list *list, const struct task_findings *findings, bool is_relu,
                        double error_threshold, char line[ERROR_MESSAGE_MAX])
{
    double largest = 0; /* mean of |target| = mean of target + 2 max(0, -target) */
    for (int task = 0; task < list->n_tasks; task++)
        largest = fmax(largest, findings->tasks[task].mean + 2 * findings->tasks[task].mean_below);
    snprintf(line, ERROR_MESSAGE_MAX,
             "networks that learn nothing may be accepted: an output of 0 has a mean absolute error of at most %.2g, "
             "below error_threshold = %s; a smaller one, or output_activation = \"linear\", prevents that",
             largest, text_number(error_threshold).words);
    return is_relu && largest < error_threshold;
}

bool task_warning(const struct task_list *list, const struct task_setting *setting,
                  const struct task_findings *findings, bool is_relu, double error_threshold, int number,
                  char line[ERROR_MESSAGE_MAX])
{
    int task = number / TASK_WARNINGS_EACH, kind = number % TASK_WARNINGS_EACH;
    if (task == TASKS_MAX)
        return kind == 0 ? warn_unused(findings, setting, line)
                         : warn_silent(list, findings, is_relu, error_threshold, line);
    if (task >= list->n_tasks)
        return false;
    const struct task_range *range = &findings->tasks[task];
    char words[WORDS_MAX];
    bool holds = kind == 0   ? warn_below(range, is_relu, error_threshold, words)
                 : kind == 1 ? warn_constant(range, words)
                             : warn_scale(range, words);
    if (holds)
        snprintf(line, ERROR_MESSAGE_MAX, "task %d, %s, %s", task + 1, list->formulas[task].text, words);
    return holds;
}
