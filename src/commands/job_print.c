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

void job_print_number(FILE *stream, float value, int width)
{
    char text[64];
    if (snprintf(text, sizeof text, "%.6f", (double)value) > width)
        snprintf(text, sizeof text, "%.*e", width - 7, (double)value); /* -1.234e+05 */
    fprintf(stream, "%*s", width, text);
}

enum { PAIR_WIDTH = 10, PAIRS_MAX = 3 }; /* of a number; pairs beside each other within 80 columns */

/* A history's values at an entry, of both records; true if their bits differ. */
static bool print_pair(FILE *stream, const float *stored, const float *computed)
{
    fprintf(stream, " ");
    job_print_number(stream, *stored, PAIR_WIDTH);
    fprintf(stream, " ");
    job_print_number(stream, *computed, PAIR_WIDTH);
    /* Bits, also those of NaNs. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
    return memcmp(stored, computed, sizeof *stored) != 0;
}

/* Columns `first` to `end` of the histories: the training loss is 0, the test error of task N is N. */
static void print_histories_of(FILE *stream, const struct record_layout *layout, const struct job *job,
                               const void *const records[2], uint64_t first, uint64_t end)
{
    const float *loss[2], *error[2];
    for (int i = 0; i < 2; i++) {
        loss[i] = record_field_const(layout, records[i], FIELD_TRAIN_LOSS);
        error[i] = record_field_const(layout, records[i], FIELD_TEST_ERROR);
    }
    fprintf(stream, "\n%5s", "");
    for (uint64_t c = first; c < end; c++) {
        char name[32] = "train loss";
        if (c > 0)
            snprintf(name, sizeof name, "test error %" PRIu64, c);
        fprintf(stream, " %*s", 2 * PAIR_WIDTH + 1, name);
    }
    fprintf(stream, "\n%5s", "epoch");
    for (uint64_t c = first; c < end; c++)
        fprintf(stream, " %*s %*s", PAIR_WIDTH, "in file", PAIR_WIDTH, "computed");
    fprintf(stream, "\n");
    for (uint64_t epoch = 0; epoch < (uint64_t)hyperparameters_history(&job->h); epoch++) {
        const uint64_t at = epoch * layout->size[DIMENSION_TASK];
        bool differs = false;
        fprintf(stream, "%5" PRIu64, epoch);
        for (uint64_t c = first; c < end; c++)
            differs |= c == 0 ? print_pair(stream, loss[0] + epoch, loss[1] + epoch)
                              : print_pair(stream, error[0] + at + c - 1, error[1] + at + c - 1);
        fprintf(stream, "%s\n", differs ? "  differs" : "");
    }
}

static void print_histories(FILE *stream, const struct record_layout *layout, const struct job *job, const void *stored,
                            const void *computed)
{
    const void *const records[2] = {stored, computed};
    const uint64_t n = 1 + (uint64_t)hyperparameters_n_tasks(&job->h);
    for (uint64_t first = 0; first < n; first += PAIRS_MAX)
        print_histories_of(stream, layout, job, records, first, first + PAIRS_MAX < n ? first + PAIRS_MAX : n);
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
