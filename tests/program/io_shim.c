/* A library for LD_PRELOAD that stands between a program and its output: it records what is done to it, for tests of
 * power loss, or makes one call fail, for tests of failing I/O. The output is every file whose base name begins with
 * $IO_SHIM_NAME, and the working directory, opened as ".".
 *
 *   IO_SHIM_LOG=FILE                  appends a struct entry for each call that changed or synced something
 *   IO_SHIM_FAULT=FAMILY:K:HOW:TIMES  makes the K-th call (from 1) of a family fail; "on" as TIMES: all later ones too,
 *                                     "once": that one alone. HOW is an error number, "short" (half is written) or
 *                                     "hang" (it never returns).
 *                                     FAMILY is a letter of enum family.
 *   IO_SHIM_SYNC_MS=N                 makes each fdatasync take N ms longer, as on a slow disk
 *   IO_SHIM_REPORT=FILE               gets a line "FAMILY K" for each call made to fail; and, at the program's end, a
 *                                     line for each family, "total FAMILY N" */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 1024 };

enum family {
    OPEN = 'o',
    READ = 'r',
    WRITE = 'w',
    TRUNCATE = 't',
    FSYNC = 's',
    FDATASYNC = 'd',
    RENAME = 'm', /* and link, but in the log */
    LINK = 'L',
    UNLINK = 'u',
    LOCK = 'l',
};
static const char families[] = {OPEN, READ, WRITE, TRUNCATE, FSYNC, FDATASYNC, RENAME, UNLINK, LOCK};

/* One call in the log; `length` bytes follow: what was written, or the names "FROM\0TO", without their directories. */
struct entry {
    char family;
    char is_directory; /* what is synced */
    char pad[6];
    uint64_t inode;
    int64_t offset; /* of a write; the size of a truncation; the length of the log when a sync began */
    uint64_t length;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_output[DESCRIPTORS_MAX], is_directory[DESCRIPTORS_MAX];
static int log_descriptor = -1, report_descriptor = -1;
static const char *output_name;
static char fault_family;
static long fault_number, counts[128];
static bool fault_stays, fault_is_short, fault_hangs;
static int fault_errno;
static long sync_ms;

static void say(const char *format, ...)
{
    char line[64];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (report_descriptor >= 0 && syscall(SYS_write, report_descriptor, line, length) != length)
        abort();
}

__attribute__((constructor)) static void start(void)
{
    const char *log = getenv("IO_SHIM_LOG"), *fault = getenv("IO_SHIM_FAULT"), *report = getenv("IO_SHIM_REPORT");
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    char how[16], times[8];
    output_name = getenv("IO_SHIM_NAME");
    if (log)
        log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, log, flags, 0666);
    if (report)
        report_descriptor = (int)syscall(SYS_openat, AT_FDCWD, report, flags, 0666);
    if (!output_name || (log && log_descriptor < 0) || (report && report_descriptor < 0))
        abort();
    const char *sync = getenv("IO_SHIM_SYNC_MS");
    sync_ms = sync ? atol(sync) : 0;
    if (!fault)
        return;
    if (sscanf(fault, "%c:%ld:%15[^:]:%7s", &fault_family, &fault_number, how, times) != 4)
        abort();
    fault_stays = strcmp(times, "on") == 0;
    fault_is_short = strcmp(how, "short") == 0;
    fault_hangs = strcmp(how, "hang") == 0;
    fault_errno = atoi(how);
}

__attribute__((destructor)) static void end(void)
{
    for (size_t i = 0; i < sizeof families; i++)
        say("total %c %ld\n", families[i], counts[(int)families[i]]);
}

static bool is_ours(int descriptor)
{
    return descriptor >= 0 && descriptor < DESCRIPTORS_MAX && is_output[descriptor];
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_our_path(const char *path)
{
    /* Other libraries may open files before this one has started. */
    return output_name && strncmp(base(path), output_name, strlen(output_name)) == 0;
}

/* Counts a call to one of ours; true if it is to fail, and then errno is set. */
static bool fails(enum family family)
{
    pthread_mutex_lock(&mutex);
    long n = ++counts[family];
    bool is_it = fault_family == (char)family && (n == fault_number || (fault_stays && n > fault_number));
    if (is_it)
        say("%c %ld\n", family, n);
    pthread_mutex_unlock(&mutex);
    while (is_it && fault_hangs)
        pause();
    if (is_it)
        errno = fault_errno;
    return is_it;
}

static void record(enum family family, int descriptor, int64_t offset, const void *data, size_t length)
{
    struct entry entry = {.family = (char)family, .offset = offset, .length = length};
    struct stat status;
    int error_number = errno;
    if (log_descriptor < 0)
        return;
    if (descriptor >= 0 && fstat(descriptor, &status) == 0) {
        entry.inode = status.st_ino;
        entry.is_directory = is_directory[descriptor];
    }
    const struct iovec parts[] = {{&entry, sizeof entry}, {(void *)(uintptr_t)data, length}};
    pthread_mutex_lock(&mutex);
    if (syscall(SYS_writev, log_descriptor, parts, 2) != (long)(sizeof entry + length))
        abort();
    pthread_mutex_unlock(&mutex);
    errno = error_number;
}

/* What is recorded beyond this place was done after this call. */
static int64_t log_length(void)
{
    struct stat status;
    return log_descriptor >= 0 && fstat(log_descriptor, &status) == 0 ? status.st_size : 0;
}

static void record_names(enum family family, const char *from, const char *to)
{
    char names[512];
    int length = snprintf(names, sizeof names, "%s%c%s", base(from), '\0', base(to));
    record(family, -1, 0, names, (size_t)length);
}

/* ---- the calls ---------------------------------------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    bool ours = is_our_path(path), directory = strcmp(path, ".") == 0 && flags & O_DIRECTORY;
    if ((ours || directory) && fails(OPEN))
        return -1;
    bool is_new = ours && flags & O_CREAT && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (descriptor < 0 || descriptor >= DESCRIPTORS_MAX)
        return descriptor;
    is_output[descriptor] = ours || directory;
    is_directory[descriptor] = directory;
    if (is_new)
        record(OPEN, descriptor, 0, base(path), strlen(base(path)));
    if (ours && flags & O_TRUNC && !is_new)
        record(TRUNCATE, descriptor, 0, NULL, 0);
    return descriptor;
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int close(int descriptor)
{
    if (descriptor >= 0 && descriptor < DESCRIPTORS_MAX)
        is_output[descriptor] = is_directory[descriptor] = false;
    return (int)syscall(SYS_close, descriptor);
}

ssize_t pread(int descriptor, void *data, size_t n, off_t offset)
{
    if (is_ours(descriptor) && fails(READ))
        return -1;
    return syscall(SYS_pread64, descriptor, data, n, offset);
}

ssize_t pread64(int descriptor, void *data, size_t n, off_t offset) __attribute__((alias("pread")));

ssize_t pwrite(int descriptor, const void *data, size_t n, off_t offset)
{
    if (is_ours(descriptor) && fails(WRITE)) {
        if (!fault_is_short)
            return -1;
        n = (n + 1) / 2;
    }
    ssize_t written = syscall(SYS_pwrite64, descriptor, data, n, offset);
    if (is_ours(descriptor) && written > 0)
        record(WRITE, descriptor, offset, data, (size_t)written);
    return written;
}

ssize_t pwrite64(int descriptor, const void *data, size_t n, off_t offset) __attribute__((alias("pwrite")));

/* Nothing of picky or of HDF5 as it uses it writes where a file stands: nothing is recorded of that, and so it must not
 * happen. */
ssize_t write(int descriptor, const void *data, size_t n)
{
    if (is_ours(descriptor))
        abort();
    return syscall(SYS_write, descriptor, data, n);
}

int ftruncate(int descriptor, off_t size)
{
    if (is_ours(descriptor) && fails(TRUNCATE))
        return -1;
    int result = (int)syscall(SYS_ftruncate, descriptor, size);
    if (result == 0 && is_ours(descriptor))
        record(TRUNCATE, descriptor, size, NULL, 0);
    return result;
}

int ftruncate64(int descriptor, off_t size) __attribute__((alias("ftruncate")));

int fsync(int descriptor)
{
    if (is_ours(descriptor) && fails(FSYNC))
        return -1;
    int64_t began = log_length();
    int result = (int)syscall(SYS_fsync, descriptor);
    if (result == 0 && is_ours(descriptor))
        record(FSYNC, descriptor, began, NULL, 0);
    return result;
}

int fdatasync(int descriptor)
{
    if (is_ours(descriptor) && fails(FDATASYNC))
        return -1;
    int64_t began = log_length();
    int result = (int)syscall(SYS_fdatasync, descriptor);
    if (is_ours(descriptor))
        nanosleep(&(struct timespec){sync_ms / 1000, sync_ms % 1000 * 1000000}, NULL);
    if (result == 0 && is_ours(descriptor))
        record(FDATASYNC, descriptor, began, NULL, 0);
    return result;
}

int rename(const char *from, const char *to)
{
    if (is_our_path(to) && fails(RENAME))
        return -1;
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0 && is_our_path(to))
        record_names(RENAME, from, to);
    return result;
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags)
{
    if (is_our_path(to) && fails(RENAME))
        return -1;
    int result = (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    if (result == 0 && is_our_path(to))
        record_names(RENAME, from, to);
    return result;
}

int link(const char *from, const char *to)
{
    if (is_our_path(to) && fails(RENAME))
        return -1;
    int result = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0 && is_our_path(to))
        record_names(LINK, from, to);
    return result;
}

int unlink(const char *path)
{
    if (is_our_path(path) && fails(UNLINK))
        return -1;
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0 && is_our_path(path))
        record_names(UNLINK, path, "");
    return result;
}

int flock(int descriptor, int operation)
{
    if (is_ours(descriptor) && fails(LOCK))
        return -1;
    return (int)syscall(SYS_flock, descriptor, operation);
}

int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (is_ours(descriptor) && command == F_OFD_SETLK && fails(LOCK))
        return -1;
    return (int)syscall(SYS_fcntl, descriptor, command, argument);
}

int fcntl64(int descriptor, int command, ...) __attribute__((alias("fcntl")));
