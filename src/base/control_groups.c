#include "control_groups.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool control_groups_read_file(const char *path, const char *key, char line[CONTROL_GROUP_LINE_MAX])
{
    FILE *file = fopen(path, "r");
    size_t length = strlen(key);
    bool is_found = false;
    while (file && !is_found && fgets(line, CONTROL_GROUP_LINE_MAX, file))
        is_found = strncmp(line, key, length) == 0;
    if (file)
        fclose(file);
    if (is_found)
        memmove(line, line + length, strlen(line + length) + 1);
    return is_found;
}

bool control_group_read(const struct control_group *group, const char *file, const char *key,
                        char line[CONTROL_GROUP_LINE_MAX])
{
    char path[PATH_MAX];
    return (size_t)snprintf(path, sizeof path, "%s/%s", group->folder, file) < sizeof path &&
           control_groups_read_file(path, key, line);
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

/* How the groups of one hierarchy are visited. */
struct tour {
    const char *root, *group;
    void (*visit)(void *context, const struct control_group *group);
    void *context;
};

/* Visits the group and those around it, in the hierarchy that is mounted at /sys/fs/cgroup/MOUNT. */
static void go_up(const struct tour *tour, int version, const char *mount)
{
    char folder[PATH_MAX];
    size_t top = (size_t)snprintf(folder, sizeof folder, "%s/sys/fs/cgroup%s%s", tour->root, *mount ? "/" : "", mount);
    if (top >= sizeof folder ||
        (size_t)snprintf(folder + top, sizeof folder - top, "%s", strcmp(tour->group, "/") == 0 ? "" : tour->group) >=
            sizeof folder - top)
        return;
    for (char *end = folder + strlen(folder); end && end >= folder + top; end = strrchr(folder, '/')) {
        *end = '\0';
        tour->visit(tour->context, &(struct control_group){version, folder});
    }
}

void control_groups_visit(const char *root, const char *controller,
                          void (*visit)(void *context, const struct control_group *group), void *context)
{
    char name[PATH_MAX], *line = NULL;
    size_t size = 0;
    if ((size_t)snprintf(name, sizeof name, "%s/proc/self/cgroup", root) >= sizeof name)
        return;
    FILE *file = fopen(name, "r");
    while (file && getline(&line, &size, file) > 0) {
        /* NUMBER:CONTROLLERS:GROUP; version 2 has number 0 and no controllers. */
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *controllers++ = *group++ = '\0';
        const struct tour tour = {root, group, visit, context};
        if (strcmp(line, "0") == 0 && !*controllers) {
            go_up(&tour, 2, "");
            go_up(&tour, 2, "unified");
        } else if (has_word(controllers, controller)) {
            go_up(&tour, 1, controller);
            if (strcmp(controllers, controller) != 0) /* several in one hierarchy: "cpu,cpuacct" */
                go_up(&tour, 1, controllers);
        }
    }
    free(line);
    if (file)
        fclose(file);
}
