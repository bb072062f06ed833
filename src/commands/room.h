/* Which configurations of a sweep fit into memory: what picky plan and picky run say of it. */
#ifndef PICKY_ROOM_H
#define PICKY_ROOM_H

#include "job.h"
#include "record.h"
#include "sweep.h"

#include <stdio.h>

enum { ROOM_NAMED_MAX = 5 }; /* configurations named one by one */

/* A sweep's packs against what ranks may use; counts are of configurations. */
struct room {
    const struct sweep *sweep; /* borrowed */
    struct packing largest;    /* the largest full pack, and what it is of; */
    size_t largest_config;
    struct packing found;             /* how that configuration is packed by the rank that may use most for packs */
    uint64_t n_least, n_record_bytes; /* the least that any configuration needs; what that rank needs for records */
    size_t least_config;
    uint64_t most,
        fewest; /* bytes that that rank may use, records included, and the least of any; MEMORY_UNLIMITED: not known */
    int n_ranks, n_small;         /* ranks; of them those on which no configuration fits */
    size_t n_unfit;               /* of which not one model fits */
    size_t unfit[ROOM_NAMED_MAX]; /* the first ones */
};

/* Looks at all configurations. memory [n_ranks]: bytes that each rank may use, rank 0 being the one that writes.
 * ERROR_INPUT if kernels_choose says so. */
enum error_code room_look(struct room *room, const struct sweep *sweep, const struct record_layout *layout,
                          const uint64_t *memory, int n_ranks, struct error *error);

/* ERROR_INPUT if not one model of any configuration fits on any rank. */
enum error_code room_check(const struct room *room, struct error *error);

/* "16 models at a time of hidden_size 4096: 12.8 GB; ...", the rest of a line. */
void room_print_largest(FILE *stream, const struct room *room);

/* A line "picky: warning: ..." for each configuration that does not fit, up to ROOM_NAMED_MAX, and for whatever else is
 * out of the ordinary. */
void room_print_warnings(FILE *stream, const struct room *room);

#endif
