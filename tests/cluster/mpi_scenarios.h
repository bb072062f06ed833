/* What mpi_sweep plays: sweeps of made-up jobs, and what goes wrong in them. */
#ifndef PICKY_TESTS_MPI_SCENARIOS_H
#define PICKY_TESTS_MPI_SCENARIOS_H

#include "fakes.h"

struct scenario {
    const char *name;
    int64_t n_shapes, configs_of_shape, replicates, max_attempts, epochs;
    int expected_exit_code;
    bool uses_all_ranks; /* each has done some job */
    double least_occupancy;
    double idle; /* every rank uses at most this share of a core while it waits */
    double longest_s;
    struct fake_job job;
    int faulty_rank;      /* whose fails_... and faulty_pack_s apply; -1: the last */
    double faulty_pack_s; /* longer than anyone wants to wait for after a failure; is_deaf applies; not for rank 0 */
    uint64_t put_fails;
    bool sync_fails;
    bool is_never_run;   /* coordinator_run is not called */
    int foreign_rank;    /* runs another version; 0: none does */
    const char *message; /* the failure's must contain it; without a failure, what is said meanwhile, exactly once */
    double time_limit_s; /* 0: none */
    int signal;          /* that faulty_rank gets, and after how long; 0: none */
    double signal_after_s;
    double stopped_after_s, stopped_s; /* faulty_rank is stopped for so long, which is noticed after half of it */
    const char *later_message;         /* said exactly once too */
    bool is_stopped;                   /* some jobs are left undone */
    uint64_t least_n_done;             /* then */
    int n_ranks;                       /* played on so many only; 0: on any number */
    bool is_alone;                     /* played only when named, in a program of its own */
    bool needs_survival;               /* the same, and MPI must survive deaths */
    int n_killed; /* the last ranks are killed, the first of them after killed_after_s, the others later each */
    bool kills_coordinator;
    double killed_after_s, killed_every_s;
    /* What some jobs do to their process; KILLS_MOVED: the first that another rank has begun, there and once more. */
    enum kills { KILLS_NOBODY, KILLS_ONCE, KILLS_ALWAYS, KILLS_MOVED } kills;
    double own_pack_s; /* rank 0's packs, so that the others get those jobs; 0: as all */
    uint64_t n_deadly; /* replicate 20 of so many configurations, from 0 */
    int n_deaths;      /* that the log has to name, in the end */
    int send_fails;    /* the so-many-th MPI_Isend of faulty_rank and all after it; 0: none */
};

extern const struct scenario scenarios[];
extern const size_t n_scenarios;

#endif
