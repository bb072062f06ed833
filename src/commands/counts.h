/* How much of a sweep is done, exactly: counts of its jobs by status, and the same for each value of a hyperparameter.
 */
#ifndef PICKY_COUNTS_H
#define PICKY_COUNTS_H

#include "hyperparameters.h"
#include "inspect.h"
#include "record.h"

#include <stdio.h>

/* Counts for each value of one hyperparameter, values in order of appearance. All zero at first. */
struct value_counts {
    const struct hyperparameter *row; /* NULL: none was asked for */
    bool shows_second_task;           /* the row is that of the tasks: a list's word, where there is one */
    size_t n, capacity;
    bool is_full;              /* there are more values than it takes, or memory is short */
    struct value_count *value; /* [n]; owned */
};

/* Chooses the hyperparameter called `by` (NULL: none). ERROR_INPUT if there is none of that name. */
enum error_code counts_choose(struct value_counts *values, const char *by, struct error *error);

/* Reads how far a file is, and the counts of values->row, if any. Errors as results_inspect's, and ERROR_INPUT for a
 * hyperparameter of too many values. */
enum error_code counts_read(struct value_counts *values, const char *path, struct results_state *state,
                            struct error *error);

void counts_print(FILE *stream, const struct value_counts *values);
void counts_free(struct value_counts *values);

/* All jobs, whatever their status. */
uint64_t counts_expected(const uint64_t counts[N_STATUSES]);

/* "12 expected: 9 accepted, 1 rejected, 0 diverged, 0 error, 2 pending" */
#define COUNTS_TEXT_MAX 192
void counts_text(const uint64_t counts[N_STATUSES], char text[COUNTS_TEXT_MAX]);

/* ", shard 2/3" or "". */
#define COUNTS_SHARD_MAX (SHARD_TEXT_MAX + 8)
void counts_shard(const struct shard *shard, char text[COUNTS_SHARD_MAX]);

#endif
