#include "limit.h"

#include "clock.h"
#include "description.h"
#include "slurm.h"
#include "stop.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <string.h>

static const double SCONTROL_S = 5; /* to wait for what Slurm says of the job */

enum error_code limit_read(const char *text, double *own_s, struct error *error)
{
    *own_s = INFINITY;
    return text && stop_parse_duration(text, own_s, error) ? error_prefix(error, "--time-limit") : ERROR_NONE;
}

struct limit limit_find(double start_s, double own_s, bool asks_slurm)
{
    struct limit limit = {.start_s = start_s};
    const struct slurm_job job = asks_slurm ? slurm_job_find(SCONTROL_S) : (struct slurm_job){0};
    double now_s = clock_s(), calendar_s = clock_calendar_s();
    double killed_s = job.end_s > 0 ? now_s + job.end_s - calendar_s : INFINITY;
    double own_deadline_s = stop_deadline(start_s, own_s, INFINITY, now_s);
    limit.deadline_s = stop_deadline(start_s, own_s, killed_s, now_s);
    limit.is_slurms = limit.deadline_s < own_deadline_s;
    double began_s = start_s;
    if (limit.is_slurms && job.start_s > 0)
        began_s = fmin(start_s, now_s + job.start_s + 1 - calendar_s); /* whole seconds, rounded down */
    limit.whole_s = limit.deadline_s - began_s;
    char duration[PROGRESS_DURATION_MAX];
    progress_duration(own_s, duration);
    if (limit.is_slurms)
        snprintf(limit.source, sizeof limit.source, "Slurm's time limit");
    else
        snprintf(limit.source, sizeof limit.source, "--time-limit, %s", duration);
    return limit;
}

void limit_print_understood(FILE *stream, const char *text, double own_s)
{
    char duration[PROGRESS_DURATION_MAX];
    if (!text || !stop_duration_misleads(text))
        return;
    progress_duration(own_s, duration);
    fprintf(stream, "picky: --time-limit %s is %s (%s)\n", text, duration,
            strchr(text, ':') ? "MM:SS; HH:MM:00 for hours"
                              : "a number alone is seconds; for minutes write 10m or 10:00");
}

bool limit_is_too_short(const struct limit *limit, const struct receipt *receipt)
{
    const double nearly = 0.75, hardly = 0.1, far_more = 2;
    double had_s = limit->deadline_s - limit->start_s, trained_s = limit->deadline_s - limit->training_s;
    if (limit->training_s == 0)
        return had_s >= nearly * limit->whole_s && clock_s() >= limit->deadline_s;
    for (int status = STATUS_PENDING + 1; status < N_STATUSES; status++)
        if (receipt->counts[status] > 0)
            return false;
    bool is_whole = had_s >= nearly * limit->whole_s && receipt->paused_s <= hardly * had_s;
    bool is_hopeless = limit->attempt_s > 0 && limit->attempt_s >= far_more * limit->whole_s;
    return receipt->is_stopped && receipt->is_time_over && is_whole &&
           (trained_s >= nearly * limit->whole_s || is_hopeless);
}

double limit_left(double limit_s, bool is_slurms)
{
    return is_slurms ? limit_s - LIMIT_WARNING_S + stop_grace_s(SIGUSR1) : stop_deadline(0, limit_s, INFINITY, 0);
}

void limit_print_job(FILE *stream, const struct pilot_job *job, const struct sweep *sweep, double left_s)
{
    char label[RESULTS_LABEL_MAX], one[PROGRESS_DURATION_MAX], all[PROGRESS_DURATION_MAX], left[PROGRESS_DURATION_MAX];
    results_label(&sweep->configs[job->config], sweep->swept, job->config, label);
    progress_duration(job->attempt_s, one);
    progress_duration((double)job->max_attempts * job->attempt_s, all);
    fprintf(stream, "one job (%s) needs about %s", label, one);
    if (job->max_attempts > 1)
        fprintf(stream, ", with up to %" PRId64 " attempts %s", job->max_attempts, all);
    if (isinf(left_s)) {
        fprintf(stream, "\n");
        return;
    }
    double n = floor(fmax(left_s, 0) / job->attempt_s);
    progress_duration(left_s, left);
    fprintf(stream, "; the limit leaves %s", left);
    if (n < 1)
        fprintf(stream, ": too little for one attempt\n");
    else if (n < (double)job->max_attempts)
        fprintf(stream, ": enough for %.0f attempt%s\n", n, n > 1 ? "s" : "");
    else
        fprintf(stream, limit_is_close(job, left_s) ? ": hardly enough\n" : ": enough\n");
}

bool limit_is_close(const struct pilot_job *job, double left_s)
{
    const double margin = 1.25; /* as for a pack to be started, coordinator.h; and what was timed was a smaller model */
    return !isinf(left_s) && left_s < margin * (double)job->max_attempts * job->attempt_s;
}
