/* CPUs that can be used: what the scheduler's mask, and the control groups' quotas, leave of a machine's. */
#ifndef PICKY_CPUS_H
#define PICKY_CPUS_H

/* CPUs' worth of time that all processes in this process's control groups get together (cpu.max; cpu.cfs_quota_us of
 * version 1), by the tightest of the groups; INFINITY if none limits it. `root` as in control_groups.h. */
double cpus_quota(const char *root);

/* Of n CPUs (0: not known) so many can be kept busy under a quota: at least one. */
int cpus_under_quota(int n, double quota);

/* CPUs of this machine that are online; and those of them that this process can keep busy. At least one. */
int cpus_online(void);
int cpus_usable(void);

#endif
