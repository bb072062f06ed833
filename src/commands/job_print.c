#include "job_print.h"

#include "task_registry.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void print_tasks(FILE *stream, const struct hyperparameters *h)
{
    const struct task_list *list = &task_registry_get(h->tasks)->list;
    for (int task = 0; task < list->n_tasks; task++)
        fprintf(stream, "task %-13d %s%s%s\n", task + 1, list->names[task], *list->names[task] ? ": " : "",
                list->formulas[task].text);
}

void job_print(FILE *stream, const struct job *job)
{
    for (int i = 0; i < n_hyperparameters; i++) {
        char value[HYPERPARAMETER_FORMAT_MAX];
        hyperparameter_format(&job->h, &hyperparameter_table[i], value);
        if (hyperparameter_table[i].type == HYPERPARAMETER_TASKS)
            print_tasks(stream, &job->h);
        else if (*value) /* second_task may have none */
            fprintf(stream, "%-18s %s\n", hyperparameter_table[i].name, value);
    }
    fprintf(stream, "%-18s %" PRId64 "\n", "seed", job->seed);
}

void job_print_outcome(FILE *stream, const struct record_layout *layout, const struct job *job, const void *record)
{
    int status = *(const uint8_t *)record_field_const(layout, record, FIELD_STATUS);
    int attempts = *(const uint16_t *)record_field_const(layout, record, FIELD_ATTEMPTS);
    const float *errors = record_field_const(layout, record, FIELD_ATTEMPT_ERROR);
    uint64_t n_tasks = layout->size[DIMENSION_TASK], n = layout->size[DIMENSION_ATTEMPT];
    fprintf(stream, "%s after %d of at most %" PRId64 " attempts (error threshold %s; errors of each attempt:",
            status_names[status], attempts, job->h.max_attempts, text_number(job->h.error_threshold).words);
    for (uint64_t attempt = 0; attempt < n && !isnan(errors[attempt * n_tasks]); attempt++) {
        fprintf(stream, "%s", attempt ? ";" : "");
        for (int task = 0; task < hyperparameters_n_tasks(&job->h); task++)
            fprintf(stream, " %.4f", (double)errors[attempt * n_tasks + (uint64_t)task]);
    }
    fprintf(stream, ")");
}

/* A history's values at an entry, of both records; true if their bits differ. */
static bool print_pair(FILE *stream, const float *stored, const float *computed, uint64_t at)
{
    fprintf(stream, "  %12.6f %12.6f", (double)stored[at], (double)computed[at]);
    uint32_t bits[2];
    memcpy(&bits[0], &stored[at], sizeof bits[0]);
    memcpy(&bits[1], &computed[at], sizeof bits[1]);
    return bits[0] != bits[1];
}

static void print_histories(FILE *stream, const struct record_layout *layout, const struct job *job, const void *stored,
                            const void *computed)
{
    const float *loss[] = {record_field_const(layout, stored, FIELD_TRAIN_LOSS),
                           record_field_const(layout, computed, FIELD_TRAIN_LOSS)};
    const float *error[] = {record_field_const(layout, stored, FIELD_TEST_ERROR),
                            record_field_const(layout, computed, FIELD_TEST_ERROR)};
    uint64_t n_epochs = (uint64_t)hyperparameters_history(&job->h), stride = layout->size[DIMENSION_TASK];
    uint64_t n_tasks = (uint64_t)hyperparameters_n_tasks(&job->h);
    fprintf(stream, "\n%5s  %25s", "", "train loss");
    for (uint64_t task = 0; task < n_tasks; task++)
        fprintf(stream, "  %23s %" PRIu64, "test error", task + 1);
    fprintf(stream, "\n%5s", "epoch");
    for (uint64_t pair = 0; pair <= n_tasks; pair++)
        fprintf(stream, "  %12s %12s", "in the file", "computed");
    fprintf(stream, "\n");
    for (uint64_t epoch = 0; epoch < n_epochs; epoch++) {
        fprintf(stream, "%5" PRIu64, epoch);
        bool differs = print_pair(stream, loss[0], loss[1], epoch);
        for (uint64_t task = 0; task < n_tasks; task++)
            differs |= print_pair(stream, error[0], error[1], epoch * stride + task);
        fprintf(stream, "%s\n", differs ? "  differs" : "");
    }
}

/* Whether a job came to something, so that its record has histories. */
static bool has_results(const struct record_layout *layout, const void *record)
{
    uint8_t status = *(const uint8_t *)record_field_const(layout, record, FIELD_STATUS);
    return status == STATUS_ACCEPTED || status == STATUS_REJECTED;
}

void job_print_compared(FILE *stream, const struct record_layout *layout, const struct job *job, const void *stored,
                        const void *computed)
{
    job_print(stream, job);
    if (has_results(layout, stored) || has_results(layout, computed))
        print_histories(stream, layout, job, stored, computed);
    fprintf(stream, "\nin the file: ");
    job_print_outcome(stream, layout, job, stored);
    fprintf(stream, "\ncomputed:    ");
    job_print_outcome(stream, layout, job, computed);
    fprintf(stream, "\n\n");
}
