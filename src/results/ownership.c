#include "ownership.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACCESS_LIST "system.posix_acl_access"

static void warn(const char *path, const char *what, int error_number)
{
    fprintf(stderr, "picky: warning: %s: its %s cannot be kept: %s\n", path, what, strerror(error_number));
}

/* Keeps owner and group as far as this process may; false if the group is another one. */
static bool keep_owner(int descriptor, const char *path, const struct stat *old, const struct stat *new)
{
    char what[48];
    if (old->st_uid != new->st_uid && fchown(descriptor, old->st_uid, (gid_t)-1) < 0) {
        snprintf(what, sizeof what, "owner (%ju)", (uintmax_t)old->st_uid);
        warn(path, what, errno);
    }
    if (old->st_gid == new->st_gid || fchown(descriptor, (uid_t)-1, old->st_gid) == 0)
        return true;
    snprintf(what, sizeof what, "group (%ju)", (uintmax_t)old->st_gid);
    warn(path, what, errno);
    return false;
}

/* In an access list as the kernel takes it (linux/posix_acl_xattr.h), the group gets no more than all others have. */
static void restrict_group(unsigned char *list, size_t n)
{
    enum { HEADER = 4, ENTRY = 8, GROUP = 0x04, OTHER = 0x20 };
    uint16_t tag, permissions, other = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t at = HEADER; at + ENTRY <= n; at += ENTRY) {
            memcpy(&tag, list + at, sizeof tag);
            memcpy(&permissions, list + at + sizeof tag, sizeof permissions);
            if (pass == 0 && le16toh(tag) == OTHER)
                other = permissions;
            permissions &= other;
            if (pass == 1 && le16toh(tag) == GROUP)
                memcpy(list + at + sizeof tag, &permissions, sizeof permissions);
        }
}

/* Which extended attributes belong to the file and not to its bytes or the system. */
static bool is_kept(const char *name, bool has_group)
{
    return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.selinux") == 0 || strcmp(name, ACCESS_LIST) == 0 ||
           (strcmp(name, "system.nfs4_acl") == 0 && has_group);
}

static bool keep_attribute(int descriptor, const char *path, const char *name, bool has_group)
{
    ssize_t n = getxattr(path, name, NULL, 0);
    unsigned char *value = n < 0 ? NULL : malloc((size_t)n + 1);
    if (value && (n = getxattr(path, name, value, (size_t)n)) >= 0) {
        if (!has_group && strcmp(name, ACCESS_LIST) == 0)
            restrict_group(value, (size_t)n);
        n = fsetxattr(descriptor, name, value, (size_t)n, 0);
    }
    bool is_done = value && n >= 0;
    if (!is_done)
        warn(path, strcmp(name, ACCESS_LIST) == 0 ? "access list" : name, errno);
    free(value);
    return is_done;
}

/* *has_list: the old file has an access list; *is_listed: and now the new one has it too. */
static void keep_attributes(int descriptor, const char *path, bool has_group, bool *has_list, bool *is_listed)
{
    ssize_t n = listxattr(path, NULL, 0);
    char *names = n > 0 ? malloc((size_t)n) : NULL;
    *has_list = *is_listed = false;
    if (names)
        n = listxattr(path, names, (size_t)n);
    for (ssize_t at = 0; names && at < n; at += (ssize_t)strlen(names + at) + 1) {
        if (!is_kept(names + at, has_group))
            continue;
        bool is_list = strcmp(names + at, ACCESS_LIST) == 0,
             is_done = keep_attribute(descriptor, path, names + at, has_group);
        *has_list = *has_list || is_list;
        *is_listed = *is_listed || (is_list && is_done);
    }
    free(names);
}

/* The bits beside the permissions (set-user-ID, set-group-ID, sticky), which go with the owner and group they are of.
 */
static void keep_special_bits(int descriptor, const char *path, const struct stat *old, bool has_group)
{
    const mode_t special = S_ISUID | S_ISGID | S_ISVTX;
    struct stat new;
    char what[48];
    if ((old->st_mode & special) == 0)
        return;
    if (fstat(descriptor, &new) == 0) {
        mode_t lost = (new.st_uid != old->st_uid ? S_ISUID : 0) | (has_group ? 0 : S_ISGID);
        fchmod(descriptor, (new.st_mode & 0777) | (old->st_mode & special & ~lost));
    }
    if (fstat(descriptor, &new) < 0 ||
        ((new.st_mode ^ old->st_mode) & special) != 0) { /* fchmod drops it silently, too */
        snprintf(what, sizeof what, "mode bits %04o", (unsigned)(old->st_mode & special));
        warn(path, what, EPERM);
    }
}

enum error_code results_ownership_keep(int descriptor, const char *path, struct error *error)
{
    struct stat old, new;
    bool has_list, is_listed;
    if (stat(path, &old) < 0 || fstat(descriptor, &new) < 0)
        return error_set(error, ERROR_FATAL, "%s: %s", path, strerror(errno));
    bool has_group = keep_owner(descriptor, path, &old, &new);
    /* A list that its directory may have given it. */
    bool is_clear = fremovexattr(descriptor, ACCESS_LIST) == 0 || errno == ENODATA || errno == EOPNOTSUPP;
    keep_attributes(descriptor, path, has_group, &has_list, &is_listed);
    mode_t mode = old.st_mode & 0777;
    if (!has_group || has_list || !is_clear) /* with a list, the mode has its mask in the place of the group */
        mode &= ~(mode_t)S_IRWXG | (mode & S_IRWXO) << 3;
    if (!is_listed && fchmod(descriptor, mode) < 0) /* the list has the permissions */
        return error_set(error, ERROR_FATAL, "%s: %s", path, strerror(errno));
    keep_special_bits(descriptor, path, &old, has_group);
    return ERROR_NONE;
}
