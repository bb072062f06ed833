/* Memory that can still be had: what the machine, the control groups (cgroups(7)) and the limits of this process leave.
 * What is not said anywhere is no limit. */
#ifndef PICKY_MEMORY_H
#define PICKY_MEMORY_H

#include <stdint.h>

#define MEMORY_UNLIMITED UINT64_MAX

/* Bytes, MEMORY_UNLIMITED if nothing limits them. Plain data: is sent as it is. */
struct memory {
    uint64_t shared; /* that all processes of this machine, or of this process's control groups, can have together */
    uint64_t own;    /* that this process can have (ulimit -v, -d) */
};

/* Reads it as it is now: MemAvailable of ROOT/proc/meminfo; of each control group from this process's own one up, in
 * ROOT/sys/fs/cgroup, version 2 or 1, its limit less what it uses (without file pages that the kernel would give up);
 * RLIMIT_AS and RLIMIT_DATA less what ROOT/proc/self/status says is in use. `root` is "" but in tests. */
struct memory memory_find(const char *root);

/* What one of n_processes, which share memory->shared, may plan with: its part of what there is, less a tenth and 64 MB
 * (at most half) for what libraries and threads will take. */
uint64_t memory_budget(const struct memory *memory, int n_processes);

/* What is left of n_bytes (MEMORY_UNLIMITED: as much) when so many are taken. */
uint64_t memory_less(uint64_t n_bytes, uint64_t n_taken);

#endif
