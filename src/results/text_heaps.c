#include "text_heaps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, HEADER = 16, REFERENCE = 16, WINDOW = 1 << 16, OBJECTS_MAX = 1 << 16, GROUPS_DEPTH = 2 };

struct extent {
    uint64_t start, end;
};

/* A file, a piece of which is in memory. */
struct file {
    const char *path;
    int descriptor;
    uint64_t size;
    struct extent *arrays; /* [n_arrays] where arrays lie */
    size_t n_arrays;
    uint64_t at; /* of window [n] */
    size_t n;
    unsigned char window[WINDOW];
};

struct heap {
    uint64_t address, size;
    bool has[OBJECTS_MAX];
};

/* Little-endian. */
static uint64_t number(const unsigned char *bytes, int n)
{
    uint64_t value = 0;
    while (n-- > 0)
        value = value << 8 | bytes[n];
    return value;
}

static uint64_t round_up(uint64_t n, uint64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static enum error_code damaged(const struct file *file, const char *what, uint64_t at, struct error *error)
{
    return error_set(error, ERROR_INPUT, "%s: damaged or incomplete file: %s at byte %" PRIu64, file->path, what, at);
}

/* The n bytes at a place, borrowed until the next call; NULL, with an error, if they are not there. */
static const unsigned char *look(struct file *file, uint64_t at, size_t n, struct error *error)
{
    if (at >= file->at && at + n <= file->at + file->n)
        return file->window + (at - file->at);
    file->at = at;
    file->n = 0;
    while (file->n < n) {
        ssize_t got = pread(file->descriptor, file->window + file->n, WINDOW - file->n, (off_t)(at + file->n));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            error_set(error, ERROR_FATAL, "%s: reading it: %s", file->path, strerror(errno));
        else if (got == 0)
            damaged(file, "it ends", at + file->n, error);
        if (got <= 0)
            return NULL;
        file->n += (size_t)got;
    }
    return file->window;
}

/* Follows a heap from object to object, as HDF5 does; they must fill it. */
static enum error_code read_heap(struct file *file, uint64_t address, struct heap *heap, struct error *error)
{
    static const char what[] = "the heap of its texts";
    heap->size = 0;
    if (address > file->size || file->size - address < HEADER)
        return damaged(file, what, address, error);
    const unsigned char *bytes = look(file, address, HEADER, error);
    if (!bytes)
        return error->code;
    uint64_t size = number(bytes + 8, 8);
    if (memcmp(bytes, "GCOL\1", 5) != 0 || size < PAGE || size > file->size - address)
        return damaged(file, what, address, error);

    memset(heap->has, 0, sizeof heap->has);
    for (uint64_t at = HEADER, n_bytes; size - at >= HEADER; at += n_bytes) {
        if (!(bytes = look(file, address + at, HEADER, error)))
            return error->code;
        uint64_t index = number(bytes, 2), length = number(bytes + 8, 8);
        /* Object 0 is what is free, its header included. */
        n_bytes = index == 0 ? length : length > size ? 0 : HEADER + round_up(length, 8);
        if (n_bytes < HEADER || n_bytes > size - at || heap->has[index])
            return damaged(file, what, address + at, error);
        heap->has[index] = true;
    }
    heap->address = address;
    heap->size = size;
    return ERROR_NONE;
}

/* Checks that each of the n texts of an array at `start` is in a heap. */
static enum error_code check_references(struct file *file, uint64_t start, uint64_t n, struct heap *heap,
                                        struct error *error)
{
    for (uint64_t i = 0; i < n; i++) {
        const unsigned char *bytes = look(file, start + i * REFERENCE, REFERENCE, error);
        if (!bytes)
            return error->code;
        uint64_t address = number(bytes + 4, 8), index = number(bytes + 12, 4);
        if (address == 0) /* a text that nobody has written yet; none of picky's */
            continue;
        if ((heap->size == 0 || heap->address != address) && read_heap(file, address, heap, error))
            return error->code;
        if (index == 0 || index >= OBJECTS_MAX || !heap->has[index])
            return damaged(file, "a text", start + i * REFERENCE, error);
    }
    return ERROR_NONE;
}

static enum error_code note_array(struct file *file, uint64_t start, uint64_t end, struct error *error)
{
    struct extent *arrays = realloc(file->arrays, (file->n_arrays + 1) * sizeof *arrays);
    if (!arrays)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", file->path);
    arrays[file->n_arrays++] = (struct extent){start, end};
    file->arrays = arrays;
    return ERROR_NONE;
}

/* A walk through the groups. */
struct visit {
    struct file *file;
    struct heap *heap;
    int depth;
    bool is_known; /* all arrays are such as picky writes */
    enum error_code code;
    struct error *error;
};

/* Takes note of where an array lies, and looks at its texts. */
static void check_array(hid_t array, struct visit *visit)
{
    hid_t type = H5Dget_type(array), space = H5Dget_space(array);
    haddr_t start = H5Dget_offset(array);
    hsize_t size = H5Dget_storage_size(array);
    hssize_t n = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    if (start == HADDR_UNDEF) {
        visit->is_known = visit->is_known && size == 0;
    } else {
        visit->code = note_array(visit->file, start, start + size, visit->error);
        if (!visit->code && type >= 0 && H5Tis_variable_str(type) > 0 && n > 0 && size == (hsize_t)n * REFERENCE)
            visit->code = check_references(visit->file, start, (uint64_t)n, visit->heap, visit->error);
    }
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
}

static void check_group(hid_t group, struct visit *visit);

/* Looks at an object of a group. What cannot be opened is found by those who need it. */
static herr_t check_object(hid_t group, const char *name, const H5L_info_t *link, void *context)
{
    struct visit *visit = context;
    hid_t object = link->type == H5L_TYPE_HARD ? H5Oopen(group, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (object < 0)
        return 0;
    H5I_type_t type = H5Iget_type(object);
    if (type == H5I_DATASET)
        check_array(object, visit);
    else if (type == H5I_GROUP && visit->depth < GROUPS_DEPTH) {
        visit->depth++;
        check_group(object, visit);
        visit->depth--;
    }
    H5Oclose(object);
    return visit->code ? -1 : 0;
}

/* The same for all objects of a group. In native order: in any other, HDF5 1.10 makes a table, and crashes when it
 * cannot be completed. */
static void check_group(hid_t group, struct visit *visit)
{
    H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, check_object, visit);
}

static int compare_extents(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* Looks at all heaps between the arrays. */
static enum error_code check_gaps(struct file *file, struct heap *heap, struct error *error)
{
    if (file->n_arrays > 0)
        qsort(file->arrays, file->n_arrays, sizeof *file->arrays, compare_extents);
    uint64_t at = 0;
    for (size_t i = 0; i <= file->n_arrays; i++) {
        uint64_t end = i < file->n_arrays ? file->arrays[i].start : file->size;
        while ((at = round_up(at, PAGE)) < end && end - at >= HEADER && end <= file->size) {
            const unsigned char *bytes = look(file, at, HEADER, error);
            if (!bytes)
                return error->code;
            if (memcmp(bytes, "GCOL", 4) != 0)
                at += PAGE;
            else if (read_heap(file, at, heap, error))
                return error->code;
            else
                at += heap->size;
        }
        if (i < file->n_arrays && file->arrays[i].end > at)
            at = file->arrays[i].end;
    }
    return ERROR_NONE;
}

enum error_code text_heaps_check(hid_t hdf5, const char *path, struct error *error)
{
    enum error_code code = ERROR_FATAL;
    struct stat status;
    int *descriptor;
    struct file *file = calloc(1, sizeof *file);
    struct heap *heap = calloc(1, sizeof *heap);
    if (!file || !heap) {
        error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    } else if (H5Fget_vfd_handle(hdf5, H5P_DEFAULT, (void **)&descriptor) < 0 || fstat(*descriptor, &status) < 0) {
        error_set(error, ERROR_FATAL, "%s: reading it: no descriptor", path);
    } else {
        file->path = path;
        file->descriptor = *descriptor;
        file->size = (uint64_t)status.st_size;
        struct visit visit = {.file = file, .heap = heap, .is_known = true, .error = error};
        check_group(hdf5, &visit);
        code = visit.code;
        if (!code && visit.is_known)
            code = check_gaps(file, heap, error);
    }
    free(heap);
    if (file)
        free(file->arrays);
    free(file);
    return code;
}
