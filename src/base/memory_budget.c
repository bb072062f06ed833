#include "memory_budget.h"

#include "control_groups.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* A number of one of the group's files, `key` being how its line starts. False if there is none, which "max" is too. */
static bool read_number(const struct control_group *group, const char *file, const char *key, uint64_t *number)
{
    char line[CONTROL_GROUP_LINE_MAX];
    return control_group_read(group, file, key, line) && sscanf(line, "%" SCNu64, number) == 1;
}

/* ---- control groups -------------------------------------------------------------------------------------------- */

/* What a version of control groups calls what is of interest. */
static const struct {
    const char *limits[2], *used; /* files: the limits, what is in use */
    const char *files;            /* key in memory.stat: file pages that are not in active use */
} versions[] = {
    [1] = {{"memory.limit_in_bytes", "memory.limit_in_bytes"}, "memory.usage_in_bytes", "total_inactive_file "},
    [2] = {{"memory.max", "memory.high"}, "memory.current", "inactive_file "},
};

static void look_at_group(void *left, const struct control_group *group)
{
    uint64_t limit, used, files = 0;
    if (!read_number(group, versions[group->version].used, "", &used))
        return;
    read_number(group, "memory.stat", versions[group->version].files, &files);
    used -= least(files, used);
    for (int i = 0; i < 2; i++)
        if (read_number(group, versions[group->version].limits[i], "", &limit) && limit < INT64_MAX / 2) /* v1: none */
            *(uint64_t *)left = least(*(uint64_t *)left, limit - least(used, limit));
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

/* The same of a file below `root`. */
static bool read_file(const char *root, const char *path, const char *key, uint64_t *number)
{
    char name[PATH_MAX], line[CONTROL_GROUP_LINE_MAX];
    return (size_t)snprintf(name, sizeof name, "%s%s", root, path) < sizeof name &&
           control_groups_read_file(name, key, line) && sscanf(line, "%" SCNu64, number) == 1;
}

/* What a limit of this process leaves, `key` being the line of /proc/self/status that says what counts. */
static uint64_t limit_left(const char *root, const struct rlimit *limit, const char *key)
{
    uint64_t used_kib = 0;
    if (limit->rlim_cur == RLIM_INFINITY)
        return MEMORY_UNLIMITED;
    read_file(root, "/proc/self/status", key, &used_kib);
    return limit->rlim_cur - least(1024 * used_kib, limit->rlim_cur);
}

struct memory memory_find(const char *root)
{
    struct rlimit space = {.rlim_cur = RLIM_INFINITY}, data = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_AS, &space); /* what cannot be read does not count */
    getrlimit(RLIMIT_DATA, &data);
    struct memory memory = {.shared = MEMORY_UNLIMITED,
                            .own = least(limit_left(root, &space, "VmSize:"), limit_left(root, &data, "VmData:"))};
    control_groups_visit(root, "memory", look_at_group, &memory.shared);
    uint64_t available_kib;
    if (read_file(root, "/proc/meminfo", "MemAvailable:", &available_kib))
        memory.shared = least(memory.shared, 1024 * available_kib);
    return memory;
}

uint64_t memory_budget(const struct memory *memory, int n_processes)
{
    uint64_t part = memory->shared == MEMORY_UNLIMITED ? MEMORY_UNLIMITED : memory->shared / (uint64_t)n_processes;
    uint64_t all = least(part, memory->own);
    return all == MEMORY_UNLIMITED ? all : all - least(all / 10 + 64000000, all / 2);
}

uint64_t memory_less(uint64_t n_bytes, uint64_t n_taken)
{
    return n_bytes == MEMORY_UNLIMITED ? n_bytes : n_bytes - least(n_taken, n_bytes);
}
