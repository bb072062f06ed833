/* How a run was started, said in its first lines, with what is wrong about it and the remedy. */
#ifndef PICKY_DIAGNOSIS_H
#define PICKY_DIAGNOSIS_H

#include "coordinator.h"
#include "errors.h"
#include "memory_budget.h"

#include <stdint.h>
#include <stdio.h>

#define PLACEMENT_CPUS 1024 /* CPUs of a node that can be told apart */

/* Where one rank runs. Plain data: is sent as it is. */
struct placement {
    uint64_t may_use[PLACEMENT_CPUS / 64]; /* one bit a CPU that it is allowed to run on; none: not known */
    uint32_t n_online;                     /* CPUs of its node */
    uint64_t arguments;                    /* a hash of the command line that it got */
    double quota;                          /* CPUs that all ranks there may keep busy (cpus.h) */
    struct memory memory;                  /* that it found, before it took any */
};

/* What the first lines tell. All borrowed. */
struct diagnosis {
    int n_ranks;
    const char *hosts;                  /* [n_ranks][HOST_MAX]: "name (instruction set)" */
    const struct placement *placements; /* [n_ranks] */
    double deadline_s;                  /* clock_s; INFINITY: none */
    const char *deadline_source;        /* what set it; unused if there is none */
};

/* Fills placements on rank 0, which frees them; NULL on the others. The arguments are this rank's. Collective. */
struct placement *diagnosis_gather(MPI_Comm comm, int argc, char **argv);

/* That all ranks got the same arguments, for those of rank 0 alone count. ERROR_INPUT on rank 0, which is the one to
 * give hosts and placements. Collective. */
enum error_code diagnosis_check_arguments(MPI_Comm comm, const char *hosts, const struct placement *placements,
                                          int argc, char **argv, struct error *error);

/* The bytes of memory that each rank may use (memory_budget), ranks on one host sharing what it has: [n_ranks], which
 * the caller frees. hosts and placements are [n_ranks], as in struct diagnosis. */
uint64_t *diagnosis_share_memory(const char *hosts, const struct placement *placements, int n_ranks);

/* That srun has started this process in a way that MPI understands; to be called before MPI starts, which else ends the
 * process with a page of text. ERROR_INPUT with the remedy, "" as message in all processes but the first. Prints a hint
 * if it may be so. */
enum error_code diagnosis_check_srun(struct error *error);

/* That this is no single rank of which a launcher started several copies, each for itself. ERROR_INPUT with the
 * remedy, "" as message in all copies but the first. */
enum error_code diagnosis_check_launch(int n_ranks, struct error *error);

/* Prints the first lines: ranks, nodes, threads, instruction set, CPUs, the file system of `output`, the deadline; and
 * a line for each thing that is wrong, which is all if it is to be quiet. */
void diagnosis_print(FILE *stream, const struct diagnosis *diagnosis, const char *output, bool is_quiet);

/* The file system that `path`, absolute and without symbolic links, is on. */
struct file_system {
    char mount_point[256], type[32];
    const char *local_locks; /* mount option by which locks hold within a node only; NULL: none. Static */
};
/* Looks it up in a table like /proc/self/mountinfo. False if it is not there. */
bool diagnosis_file_system(FILE *mountinfo, const char *path, struct file_system *found);

#endif
