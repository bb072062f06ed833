/* The control groups (cgroups(7)) that this process is in, version 2 or 1: where limits are looked for. */
#ifndef PICKY_CONTROL_GROUPS_H
#define PICKY_CONTROL_GROUPS_H

#include <stdbool.h>

/* One group, as long as it is visited. */
struct control_group {
    int version;        /* 1 or 2: files have other names */
    const char *folder; /* borrowed */
};

/* Calls visit(context, group) for each group that `controller` ("memory", "cpu") governs, from this process's own one
 * up, in ROOT/sys/fs/cgroup, going by ROOT/proc/self/cgroup. A group that cannot be seen from here, as in a container,
 * has no files; the outermost one that can be is always visited. `root` is "" but in tests. */
void control_groups_visit(const char *root, const char *controller,
                          void (*visit)(void *context, const struct control_group *group), void *context);

#define CONTROL_GROUP_LINE_MAX 256

/* What is behind `key` at the start of a line of the group's file, or the first line if the key is "". False if there
 * is none. */
bool control_group_read(const struct control_group *group, const char *file, const char *key,
                        char line[CONTROL_GROUP_LINE_MAX]);

/* The same of any file. */
bool control_groups_read_file(const char *path, const char *key, char line[CONTROL_GROUP_LINE_MAX]);

#endif
