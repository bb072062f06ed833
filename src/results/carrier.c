#include "carrier.h"

#include "hdf5_access.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#if H5_VERSION_GE(1, 12, 0)
typedef H5O_info1_t object_info;
#else
typedef H5O_info_t object_info;
#endif

enum error_code carrier_out_of_memory(struct carrier *c)
{
    return error_set(c->error, ERROR_FATAL, "%s: not enough memory to carry over what was added to it", c->path);
}

/* ---- names ---- */

/* "/g/x" or "/x@a"; for people without the slash in front. The caller frees it; NULL, and an error, if memory is short.
 */
char *carrier_join(struct carrier *c, const char *path, char between, const char *name)
{
    char *joined;
    const char *base = strcmp(path, "/") == 0 && between == '/' ? "" : path;
    if (asprintf(&joined, "%s%c%s", base, between, name) >= 0)
        return joined;
    carrier_out_of_memory(c);
    return NULL;
}

const char *carrier_shown(const char *name)
{
    return *name == '/' && name[1] != '\0' ? name + 1 : name;
}

static bool has_name(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

enum error_code carrier_add_name(struct carrier *c, struct names *names, const char *name)
{
    if (has_name(names, name))
        return ERROR_NONE;
    if (names->n == names->capacity) {
        size_t capacity = names->capacity > 0 ? 2 * names->capacity : 16;
        char **grown = realloc(names->names, capacity * sizeof *grown);
        if (!grown)
            return carrier_out_of_memory(c);
        names->names = grown;
        names->capacity = capacity;
    }
    if (!(names->names[names->n] = strdup(name)))
        return carrier_out_of_memory(c);
    names->n++;
    return ERROR_NONE;
}

void carrier_free_names(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->names[i]);
    free(names->names);
}

/* Names for people, as many as fit. */
void carrier_list_names(const struct names *names, char *text, size_t size)
{
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < names->n; i++) {
        if (used + strlen(names->names[i]) + 32 > size) {
            snprintf(text + used, size - used, " and %zu more", names->n - i);
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", carrier_shown(names->names[i]));
    }
}

/* Takes note of something that was added; true if it is to be left behind. */
bool carrier_drops(struct carrier *c, const char *name)
{
    bool is_dropped = false;
    for (int i = 0; i < c->carry->n_drops; i++) {
        const char *drop = c->carry->drops[i];
        drop += *drop == '/';
        size_t n = strlen(drop);
        n -= n > 0 && drop[n - 1] == '/';
        const char *at = *drop == '@' ? name + (name[1] == '@') : name; /* "@a" is the file's, "/@a" */
        at += *at == '/';
        if (strlen(at) == n && strncmp(at, drop, n) == 0)
            c->is_used[i] = is_dropped = true;
    }
    carrier_add_name(c, &c->added, name);
    return is_dropped;
}

/* A name as a shell takes it. */
static void print_word(FILE *stream, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    bool is_plain = name[strspn(name, plain)] == '\0';
    fprintf(stream, "%s", is_plain ? "" : "'");
    for (; *name; name++)
        fprintf(stream, *name == '\'' ? "'\\''" : "%c", *name);
    fprintf(stream, "%s", is_plain ? "" : "'");
}

void carrier_refuse(struct carrier *c, const char *name, const char *format, ...)
{
    if (c->n_lines++ >= CARRIER_LINES_MAX)
        return;
    va_list args;
    va_start(args, format);
    fprintf(c->carry->lines, "picky: %s: %s: ", c->path, carrier_shown(name));
    vfprintf(c->carry->lines, format, args);
    fprintf(c->carry->lines, "; --drop ");
    print_word(c->carry->lines, carrier_shown(name));
    fprintf(c->carry->lines, " goes on without it\n");
    va_end(args);
}

/* After a call to HDF5 failed: a failing disk ends all, anything else is a reason against this one. */
enum error_code carrier_refuse_failed(struct carrier *c, const char *name)
{
    struct error reason = {0}, complaint = {0};
    results_hdf5_error(&reason, "it cannot be copied");
    if (results_hdf5_complaint(&complaint, c->path))
        return error_set(c->error, ERROR_FATAL, "%s: %s: %s", c->path, carrier_shown(name), reason.message);
    char *unknown = strstr(reason.message, ": unknown reason");
    if (unknown)
        *unknown = '\0';
    carrier_refuse(c, name, "%s", reason.message);
    return ERROR_NONE;
}

/* ---- objects and their places ---- */

haddr_t carrier_address(hid_t object)
{
    object_info info;
    return H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0 ? HADDR_UNDEF : info.addr;
}

struct place *carrier_find_place(struct carrier *c, haddr_t address)
{
    for (size_t i = 0; i < c->n_places; i++)
        if (c->places[i].address == address)
            return &c->places[i];
    return NULL;
}

enum error_code carrier_add_place(struct carrier *c, hid_t object, const char *path, struct place place)
{
    if (c->n_places == c->capacity) {
        size_t capacity = c->capacity > 0 ? 2 * c->capacity : 128;
        struct place *grown = realloc(c->places, capacity * sizeof *grown);
        if (!grown)
            return carrier_out_of_memory(c);
        c->places = grown;
        c->capacity = capacity;
    }
    place.address = carrier_address(object);
    if (!(place.path = strdup(path)))
        return carrier_out_of_memory(c);
    c->places[c->n_places++] = place;
    return ERROR_NONE;
}

void carrier_clear_places(struct carrier *c)
{
    for (size_t i = 0; i < c->n_places; i++)
        free(c->places[i].path);
    c->n_places = 0;
}

bool carrier_exists(hid_t file, const char *path)
{
    return strcmp(path, "/") == 0 || H5Lexists(file, path, H5P_DEFAULT) > 0;
}
