#include "memory_budget.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The number behind `key` at the start of a line, or alone in the file if the key is "". False if there is none, which
 * "max" is too. */
static bool read_number(const char *root, const char *path, const char *key, uint64_t *number)
{
    char name[PATH_MAX], line[256];
    if ((size_t)snprintf(name, sizeof name, "%s%s", root, path) >= sizeof name)
        return false;
    FILE *file = fopen(name, "r");
    bool is_found = false;
    while (file && !is_found && fgets(line, sizeof line, file))
        is_found = strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), "%" SCNu64, number) == 1;
    if (file)
        fclose(file);
    return is_found;
}

/* ---- control groups -------------------------------------------------------------------------------------------- */

/* How a version of control groups calls what is of interest. */
struct version {
    const char *folder;           /* where the groups are */
    const char *limits[2], *used; /* files: the limits, what is in use */
    const char *files;            /* key in memory.stat: file pages that are not in active use */
};
static const struct version versions[] = {
    {"/sys/fs/cgroup", {"memory.max", "memory.high"}, "memory.current", "inactive_file "},
    {"/sys/fs/cgroup/unified", {"memory.max", "memory.high"}, "memory.current", "inactive_file "},
    {"/sys/fs/cgroup/memory",
     {"memory.limit_in_bytes", "memory.limit_in_bytes"},
     "memory.usage_in_bytes",
     "total_inactive_file "},
};

static bool read_group(const char *root, const struct version *version, const char *group, const char *file,
                       const char *key, uint64_t *number)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s%s/%s", version->folder, group, file);
    return length > 0 && (size_t)length < sizeof path && read_number(root, path, key, number);
}

/* What a group leaves. */
static uint64_t group_left(const char *root, const struct version *version, const char *group)
{
    uint64_t left = MEMORY_UNLIMITED, limit, used, files = 0;
    if (!read_group(root, version, group, version->used, "", &used))
        return left;
    read_group(root, version, group, "memory.stat", version->files, &files);
    used -= least(files, used);
    for (int i = 0; i < 2; i++)
        if (read_group(root, version, group, version->limits[i], "", &limit) && limit < INT64_MAX / 2) /* v1: none */
            left = least(left, limit - least(used, limit));
    return left;
}

/* The least that the group and those around it leave. A group that cannot be seen from here, as in a container, says
 * nothing; the outermost one that can be is always looked at. */
static uint64_t groups_left(const char *root, const struct version *version, char *group)
{
    uint64_t left = MEMORY_UNLIMITED;
    for (char *end = group + strlen(group); end; end = strrchr(group, '/')) {
        *end = '\0';
        left = least(left, group_left(root, version, group));
    }
    return left;
}

/* True if a comma-separated list has the word. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

static uint64_t cgroups_left(const char *root)
{
    char name[PATH_MAX], *line = NULL;
    size_t size = 0;
    uint64_t left = MEMORY_UNLIMITED;
    if ((size_t)snprintf(name, sizeof name, "%s/proc/self/cgroup", root) >= sizeof name)
        return left;
    FILE *file = fopen(name, "r");
    while (file && getline(&line, &size, file) > 0) {
        /* NUMBER:CONTROLLERS:GROUP; version 2 has number 0 and no controllers. */
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *controllers++ = *group++ = '\0';
        bool is_first = strcmp(line, "0") == 0 && !*controllers;
        if (!is_first && !has_word(controllers, "memory"))
            continue;
        for (int i = is_first ? 0 : 2; i < (is_first ? 2 : 3); i++) {
            char *copy = strdup(strcmp(group, "/") == 0 ? "" : group);
            if (copy)
                left = least(left, groups_left(root, &versions[i], copy));
            free(copy);
        }
    }
    free(line);
    if (file)
        fclose(file);
    return left;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

/* What a limit of this process leaves, `key` being the line of /proc/self/status that says what counts. */
static uint64_t limit_left(const char *root, const struct rlimit *limit, const char *key)
{
    uint64_t used_kib = 0;
    if (limit->rlim_cur == RLIM_INFINITY)
        return MEMORY_UNLIMITED;
    read_number(root, "/proc/self/status", key, &used_kib);
    return limit->rlim_cur - least(1024 * used_kib, limit->rlim_cur);
}

struct memory memory_find(const char *root)
{
    struct rlimit space = {.rlim_cur = RLIM_INFINITY}, data = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_AS, &space); /* what cannot be read does not count */
    getrlimit(RLIMIT_DATA, &data);
    struct memory memory = {.shared = cgroups_left(root),
                            .own = least(limit_left(root, &space, "VmSize:"), limit_left(root, &data, "VmData:"))};
    uint64_t available_kib;
    if (read_number(root, "/proc/meminfo", "MemAvailable:", &available_kib))
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
