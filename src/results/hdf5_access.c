#include "hdf5_access.h"

#include "results.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct innermost {
    char text[512];
};

static herr_t take_innermost(unsigned n, const H5E_error2_t *entry, void *context)
{
    struct innermost *innermost = context;
    if (n == 0 && entry->desc)
        snprintf(innermost->text, sizeof innermost->text, "%s", entry->desc);
    return 0;
}

/* What strerror said of the first system call that failed in HDF5. HDF5 forgets it with its next call, and what fails
 * next, for want of the first, would be taken for the reason. */
static char system_reason[128];

/* HDF5 calls this when one of its functions fails. A failed system call fills a line with addresses and times; the
 * reason is quoted in it. */
static herr_t take_system_reason(hid_t stack, void *context)
{
    static const char before[] = "error message = '";
    (void)context;
    struct innermost innermost = {""};
    H5Ewalk2(stack, H5E_WALK_UPWARD, take_innermost, &innermost);
    const char *quoted = strstr(innermost.text, before);
    if (quoted && !*system_reason) {
        quoted += strlen(before);
        snprintf(system_reason, sizeof system_reason, "%.*s", (int)strcspn(quoted, "'"), quoted);
    }
    return 0;
}

void results_hdf5_start(void)
{
    /* HDF5 reads the variable once, when it starts; it would override results_hdf5_access, and HDF5's own lock would
     * shut readers out. */
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    /* Every file is closed here. At exit, HDF5 1.10 would try again those that it failed to close, and crash. */
    H5dont_atexit();
    /* HDF5 would print its errors; ours say what they mean. */
    H5Eset_auto2(H5E_DEFAULT, take_system_reason, NULL);
    *system_reason = '\0';
}

enum error_code results_hdf5_error(struct error *error, const char *format, ...)
{
    struct innermost innermost = {"unknown reason"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_innermost, &innermost);
    char what[ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return error_set(error, ERROR_FATAL, "%s: %s", what, *system_reason ? system_reason : innermost.text);
}

enum error_code results_hdf5_complaint(struct error *error, const char *path)
{
    return *system_reason ? error_set(error, ERROR_FATAL, "%s: reading it: %s", path, system_reason) : ERROR_NONE;
}

enum error_code results_damaged(struct error *error, const char *path, const char *format, ...)
{
    char what[ERROR_MESSAGE_MAX / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    enum error_code code = results_hdf5_complaint(error, path); /* what was not read cannot be known to be damaged */
    return code ? code : error_set(error, ERROR_INPUT, "%s: damaged or incomplete file: %s", path, what);
}

hid_t results_hdf5_access(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    /* V18 exactly: the newer superblock marks a file as open for writing, and after a crash it cannot be opened.
     * No sieve: it would write 64 KiB around each small piece, neighbours included. */
    bool failed = access < 0 || H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18) < 0 ||
                  H5Pset_sieve_buf_size(access, 0) < 0 || H5Pset_alignment(access, 4096, 4096) < 0;
#if H5_VERSION_GE(1, 10, 7)
    /* file.c has locks of its own, which let readers in. */
    failed = failed || H5Pset_file_locking(access, false, true) < 0;
#endif
    if (failed && access >= 0)
        H5Pclose(access);
    return failed ? H5I_INVALID_HID : access;
}

hid_t results_hdf5_file_type(enum field_type type)
{
    switch (type) {
    case FIELD_F32: return H5Tcopy(H5T_IEEE_F32LE);
    case FIELD_F64: return H5Tcopy(H5T_IEEE_F64LE);
    case FIELD_U8: return H5Tcopy(H5T_STD_U8LE);
    case FIELD_U16: return H5Tcopy(H5T_STD_U16LE);
    case FIELD_I32: return H5Tcopy(H5T_STD_I32LE);
    case FIELD_I64: return H5Tcopy(H5T_STD_I64LE);
    case FIELD_TEXT: return H5Tcopy(H5T_C_S1); /* single characters: netCDF 4.9 crashes on strings of fixed size */
    }
    return H5I_INVALID_HID;
}

hid_t results_hdf5_memory_type(enum field_type type)
{
    switch (type) {
    case FIELD_F32: return H5Tcopy(H5T_NATIVE_FLOAT);
    case FIELD_F64: return H5Tcopy(H5T_NATIVE_DOUBLE);
    case FIELD_U8: return H5Tcopy(H5T_NATIVE_UINT8);
    case FIELD_U16: return H5Tcopy(H5T_NATIVE_UINT16);
    case FIELD_I32: return H5Tcopy(H5T_NATIVE_INT32);
    case FIELD_I64: return H5Tcopy(H5T_NATIVE_INT64);
    case FIELD_TEXT: return H5Tcopy(H5T_C_S1);
    }
    return H5I_INVALID_HID;
}
