/* How a results file came to be: what it keeps of the runs that wrote it, and its sweep's text. */
#ifndef PICKY_READER_PROVENANCE_H
#define PICKY_READER_PROVENANCE_H

#include "reader.h"

/* One of the runs that wrote to the file. */
struct reader_run {
    double start_s, end_s; /* since 1970-01-01 UTC; end: when it last wrote */
    int64_t n_jobs;
    int32_t n_ranks;
    char hosts[FIELD_TEXT_SIZE + 1], version[FIELD_TEXT_SIZE + 1];
};

/* All texts are as they are in the file: any bytes. */
struct reader_provenance {
    struct reader_text {
        char *name, *value;
    } * texts; /* [n_texts]: the text attributes of /provenance, those of the run that made the file */
    size_t n_texts;
    struct reader_run *runs; /* [n_runs] */
    size_t n_runs;
    char *sweep; /* the sweep file's text as it was run (as_run.h), "" if there is none */
    /* Why `sweep`, as it is in the file, is not that of its configurations, or "". */
    char sweep_fault[ERROR_MESSAGE_MAX];
};

/* Reads it; what a file does not have is empty. ERROR_INPUT if it is damaged, ERROR_FATAL if memory is short;
 * *provenance is then empty. Released by reader_provenance_free. */
enum error_code reader_read_provenance(struct reader *reader, struct reader_provenance *provenance,
                                       struct error *error);
/* How many replicates the file was to hold when its first run began, and how often it was extended; 0, 0 if it does not
 * say. Errors as reader_read_provenance's. */
enum error_code reader_read_first_plan(struct reader *reader, size_t *n_replicates, size_t *n_extensions,
                                       struct error *error);
void reader_provenance_free(struct reader_provenance *provenance); /* an all-zero one is allowed */

#endif
