/* What summary and its formats have in common. Only summary*.c use this. */
#ifndef PICKY_SUMMARY_WRITER_H
#define PICKY_SUMMARY_WRITER_H

#include "summary.h"

/* One table: a group under one measure and pair. */
struct summary_table {
    const struct reader *reader;
    const struct groups *groups;
    size_t group;
    const struct summary_options *options;
    struct ri_options ri;
    const struct sample *sample;
    const struct sample_estimates *estimates;
    const struct sample_estimates *rejected; /* of rejected models that are alive; NULL if not wanted, or none */
    bool is_first, is_last;                  /* of the group's tables */
    bool has_pair;                           /* else its models have one task each, ri.task_a */
    bool is_new_task;                        /* no table before was about ri.task_b */
};

/* How a format writes. Functions may be NULL. */
struct summary_writer {
    void (*begin)(const struct reader *reader, const struct selection *selection, const struct groups *groups,
                  const struct summary_options *options, FILE *out);
    void (*table)(const struct summary_table *table, FILE *out);
    void (*end)(FILE *out);
    bool shows_rejected; /* its tables have `rejected` */
};

#endif
