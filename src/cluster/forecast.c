#include "forecast.h"

#include <math.h>

/* Attempts that a job needs on average, of at most m, if each is accepted with probability p. */
static double attempts_needed(double p, double m)
{
    return fmax((1 - pow(1 - p, m)) / p, 1);
}

/* p is the share of all attempts that was accepted. Configurations differ, so a job that has been rejected k times is
 * likely of a bad one: p 2/(2 + k), the mean of a beta distribution with the weight of two attempts. */
struct forecast forecast_make(const struct forecast_facts *f)
{
    double n_left = (double)(f->n_jobs - f->n_done), trained = (double)f->trained;
    double is_trained = f->attempts > 0 ? 1 - (double)f->rejected_at_start / (double)f->attempts : 1;
    double m = fmax(f->max_attempts * is_trained, 1);
    double p = fmin((1 + (double)f->n_accepted) / (1 + trained), 1);
    double needed = attempts_needed(p, m);

    /* Attempts that jobs have had which are not done, and what these may still have. */
    double spent = fmax(trained - is_trained * (double)f->attempts_of_done, 0);
    double n_out = fmin((double)f->n_out, n_left);
    double k = n_out > 0 ? fmin(spent / n_out, m - 1) : 0;
    double rest = attempts_needed(2 * p / (2 + k), m - k);
    double attempts_left = fmax((n_left - n_out) * needed + n_out * rest - f->in_pack, 0);

    double cost_left = n_left > 0 ? (f->work_total - f->work_done) / n_left : 0;
    double cost_done = f->n_done > 0 ? f->work_done / (double)f->n_done : 0;
    return (struct forecast){.done = fmax(trained - spent, (double)f->n_done) * cost_done +
                                     (spent + f->in_pack) * cost_left,
                             .left = attempts_left * cost_left};
}
