/* How much of a sweep is done, exactly: counts of its jobs by status, and the same for each value of a hyperparameter.
 * Layer 7. */
#ifndef PICKY_COVERAGE_H
#define PICKY_COVERAGE_H

#include "hyperparameters.h"
#include "inspect.h"
#include "record.h"

#include <stdio.h>

/* Counts for each value of one hyperparameter, values in order of appearance. All zero at first. */
struct coverage {
    const struct hyperparameter *row; /* NULL: none was asked for */
    size_t n, capacity;
    bool is_full; /* there are more values than it takes, or memory is short */
    struct coverage_value *values;
};

/* Chooses the hyperparameter called `by` (NULL: none). ERROR_INPUT if there is none of that name. */
enum error_code coverage_by(struct coverage *coverage, const char *by, struct error *error);

/* Reads how far a file is, and the counts of coverage->row, if any. Errors as results_inspect's, and ERROR_INPUT for a
 * hyperparameter of too many values. */
enum error_code coverage_read(struct coverage *coverage, const char *path, struct results_state *state,
                              struct error *error);

void coverage_print(FILE *stream, const struct coverage *coverage);
void coverage_free(struct coverage *coverage);

/* All jobs, whatever their status. */
uint64_t coverage_expected(const uint64_t counts[N_STATUSES]);

/* "12 expected: 9 accepted, 1 rejected, 0 diverged, 0 error, 2 pending" */
#define COVERAGE_TEXT_MAX 192
void coverage_text(const uint64_t counts[N_STATUSES], char text[COVERAGE_TEXT_MAX]);

/* ", shard 2/3" or "". */
#define COVERAGE_SHARD_MAX (SHARD_TEXT_MAX + 8)
void coverage_shard(const struct shard *shard, char text[COVERAGE_SHARD_MAX]);

#endif
