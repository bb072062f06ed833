/* What the sections of the page share. Only report*.c use this. */
#ifndef PICKY_REPORT_PARTS_H
#define PICKY_REPORT_PARTS_H

#include "claims.h"
#include "html.h"
#include "reader_provenance.h"
#include "report.h"
#include "sample.h"
#include "task_pairs.h"

#define REPORT_FIGURES_MAX 24   /* configurations with figures of their own */
#define REPORT_ROWS_MAX    2000 /* configurations in the table of all */

/* A configuration in numbers. */
struct report_config {
    struct sample_estimates estimates;
    double error_low[TASKS_MAX], error_high[TASKS_MAX]; /* final test error of tasks 1 and 2: 5 and 95 % quantiles */
};

/* The page being written. */
struct report {
    struct reader *reader;
    const struct selection *selection;
    const struct report_options *options;
    struct reader_provenance provenance;
    struct report_config *configs; /* [n_rows]: the first of the selection */
    size_t n_rows;
    struct claims claims;
    FILE *out;
};

/* The i-th selected configuration's hyperparameters, the number of its accepted models and its number of layers. */
const struct hyperparameters *report_hyperparameters(const struct report *report, size_t i);
size_t report_accepted(const struct report *report, size_t i);
size_t report_layers(const struct report *report, size_t i);

/* What the first (side 0) or second task of the report's pair is called; whether a configuration has both. */
void report_task(const struct report *report, int side, char text[TASK_LABEL_MAX]);
bool report_has_pair(const struct report *report, size_t i);

/* A statistic of a layer (0 for those that have none). */
const struct estimate *report_estimate(const struct report *report, size_t i, size_t layer, enum statistic statistic);

/* An estimate as text: "12.3 % [10.1, 14.6]", "0.123 [0.100, 0.145]", "-" if there is none; in HTML the interval
 * is small. */
void report_format(char text[64], const struct estimate *estimate, bool is_share);
void report_write_estimate(FILE *out, const struct estimate *estimate, bool is_share);

/* "NUMBER noun" or "NUMBER nouns", the number with commas: 12,345. */
void report_count(FILE *out, uint64_t n, const char *noun);
void report_number(char text[32], uint64_t n);

/* Heading of a configuration: "[N] key = value, ...". */
void report_label(const struct report *report, size_t i, char label[LABEL_MAX]);

#endif
