#include "cpus.h"

#include "control_groups.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

static void look_at_quota(void *least, const struct control_group *group)
{
    char line[CONTROL_GROUP_LINE_MAX];
    double quota_us, period_us;
    if (group->version == 2) {
        /* "max 100000" is no limit. */
        if (!control_group_read(group, "cpu.max", "", line) || sscanf(line, "%lf %lf", &quota_us, &period_us) != 2)
            return;
    } else {
        /* -1 is no limit. */
        if (!control_group_read(group, "cpu.cfs_quota_us", "", line) || sscanf(line, "%lf", &quota_us) != 1 ||
            !control_group_read(group, "cpu.cfs_period_us", "", line) || sscanf(line, "%lf", &period_us) != 1)
            return;
    }
    if (quota_us > 0 && period_us > 0)
        *(double *)least = fmin(*(double *)least, quota_us / period_us);
}

double cpus_quota(const char *root)
{
    double quota = INFINITY;
    control_groups_visit(root, "cpu", look_at_quota, &quota);
    return quota;
}

int cpus_under_quota(int n, double quota)
{
    return n > 0 && quota < n ? (int)fmax(1, floor(quota + 0.01)) : n;
}

int cpus_online(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

int cpus_usable(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    return cpus_under_quota(n > 0 ? n : cpus_online(), cpus_quota(""));
}
