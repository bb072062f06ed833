/* The statistics of a results file, as a table for people, as CSV or as JSON. */
#ifndef PICKY_SUMMARY_H
#define PICKY_SUMMARY_H

#include "groups.h"
#include "sample.h"
#include "table_head.h"
#include "task_pairs.h"

#include <stdio.h>

/* What is wanted. */
struct summary_options {
    const char *by;          /* as in groups_make; NULL: each configuration */
    struct ri_options ri;    /* its measure and tasks are not read: */
    struct pair_choice pair; /* not given: all */
    unsigned measures;       /* bits, 1 << enum measure */
    uint64_t layers;         /* bits, 1 << (layer - 1); 0: all */
    unsigned statistics;     /* bits, 1 << enum statistic; 0: all */
    enum table_format format;
};

/* Writes, for each group of the selected configurations: jobs by status, accepted of tried models and attempts, test
 * errors and, per measure, pair of tasks and layer, the statistics of sample.h with 95 % intervals. One pass over the
 * file for each measure, a few numbers a model in memory, one group at a time. ERROR_INPUT for a fault of the file or
 * an option that does not fit it, ERROR_FATAL if memory is short; errors of `out` are left to the caller. */
enum error_code summary_write(struct reader *reader, const struct selection *selection,
                              const struct summary_options *options, FILE *out, struct error *error);

#endif
