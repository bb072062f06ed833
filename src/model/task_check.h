/* What may be said of a list of tasks before anything runs: whether its targets are finite, and what is odd about them;
 * and targets of unit variance. All at fixed points of the box of inputs. */
#ifndef PICKY_TASK_CHECK_H
#define PICKY_TASK_CHECK_H

#include "task_list.h"

/* Where a list is computed: what a check depends on, beside the list. Two checks of equal ones say the same. */
struct task_setting {
    int n_inputs;                /* 1..16, the list's or more */
    float input_low, input_high; /* inputs are low + (high - low) u, each operation rounded to float */
    float dials[FORMULA_DIALS];  /* a, b, c */
    bool standardise;            /* targets have mean 0 and variance 1 over the box */
    int64_t seed;                /* random constants are those of the 16 seeds from here on */
};

/* x = low + (high - low) u, each operation rounded to float: n numbers, in place. */
void task_scale_inputs(float low, float high, size_t n, float *x);

/* A target's mean and standard deviation (over n) over 4,096 Sobol' points of the box, added in double in index order.
 */
struct task_moments {
    double mean, sd;
};
struct task_moments task_moments(const struct formula *formula, const struct formula_values *values, int n_inputs,
                                 float input_low, float input_high);

/* The correlation of two targets over the same points; NaN if one of them is constant there. */
double task_correlation(const struct formula *a, const struct formula *b, const struct formula_values *values,
                        int n_inputs, float input_low, float input_high);

/* Standardises n targets in place: (float)((t - mean) / sd). sd is above 0. */
void task_standardise(struct task_moments moments, size_t n, float *target);

/* One task's targets over the check points (and draws of random constants), as the network will see them. */
struct task_range {
    float lowest, highest;
    double mean_below; /* mean of max(0, -target): what a ReLU output cannot learn */
    double mean, rms;  /* rms: root of the mean square, the target's scale */
    bool is_constant;  /* in each draw of random constants */
};

struct task_findings {
    struct task_range tasks[TASKS_MAX];
    uint16_t unused_inputs; /* bit k: no task uses x<k> */
};

/* Computes every target at the check points: the corners of the box (with n_inputs > 10 the lowest, the highest and
 * those with one input alone high or low), its centre, 10,000 Sobol' points, each with 16 draws of random constants
 * where a formula uses some. ERROR_INPUT, naming task, formula and point, for a target that is NaN or infinite, or that
 * is constant and to be standardised. A few milliseconds; up to .1 s. */
enum error_code task_check(const struct task_list *list, const struct task_setting *setting,
                           struct task_findings *findings, struct error *error);

/* The same errors, looked for at few points: those corners with any n_inputs, the centre and 31 other Sobol' points, 4
 * draws. */
enum error_code task_check_briefly(const struct task_list *list, const struct task_setting *setting,
                                   struct error *error);

/* About how many steps of formulas at points a check takes. */
double task_check_work(const struct task_list *list, const struct task_setting *setting, bool is_brief);

/* Warning number `number` of what was found, as one line that names the task's formula; false if it does not hold. A
 * number below TASK_WARNINGS is one kind of one task, or of the list. `is_relu`: the output cannot go below 0. */
enum { TASK_WARNINGS_EACH = 3, TASK_WARNINGS = TASKS_MAX * TASK_WARNINGS_EACH + 2 };
bool task_warning(const struct task_list *list, const struct task_setting *setting,
                  const struct task_findings *findings, bool is_relu, double error_threshold, int number,
                  char line[ERROR_MESSAGE_MAX]);

#endif
