/* What carry.c and its parts share while they carry over what others have added: the files, what has been found in
 * them, and what is said of it. Functions that return a code, and those that only say something, put errors into
 * c->error. */
#ifndef PICKY_RESULTS_CARRIER_H
#define PICKY_RESULTS_CARRIER_H

#include "carry.h"
#include "hdf5_values.h"

#include <stdbool.h>
#include <stdint.h>

enum { CARRIER_LINES_MAX = 20 };

struct names {
    char **names;
    size_t n, capacity;
};

/* An object of a file, and where it is in the draft. */
struct place {
    haddr_t address;
    char *path;      /* in both */
    bool is_own;     /* picky's */
    bool is_made;    /* it has a place in the draft */
    bool was_there;  /* an earlier file's, of the same values */
    bool is_refused; /* a line says why it cannot be attached to an axis of picky's */
};

struct carrier {
    const struct results_carry *carry;
    const char *path; /* of the present file */
    hid_t from, to;
    hid_t reference;      /* a file with all that picky may write, in memory */
    hid_t links;          /* creation of links: UTF-8 */
    int64_t schema;       /* of the present file */
    bool is_trial;        /* nothing is written */
    bool is_frame;        /* only groups and types, which the rest needs: the rest follows */
    struct place *places; /* [n_places] of the present file */
    size_t n_places, capacity;
    struct names added, changed; /* by others, in any file: for messages */
    bool *is_used;               /* [carry->n_drops] */
    char reason[256];            /* scratch: of find_target */
    int n_lines;
    uint64_t n_more;
    struct error *error;
};

enum error_code carrier_out_of_memory(struct carrier *c);

/* ---- names ---- */

/* "/g/x" or "/x@a"; for people without the slash in front. The caller frees it; NULL, and an error, if memory is short.
 */
char *carrier_join(struct carrier *c, const char *path, char between, const char *name);

/* A name as people write it. Borrowed from `name`. */
const char *carrier_shown(const char *name);

/* Adds a copy of a name that is not yet there. */
enum error_code carrier_add_name(struct carrier *c, struct names *names, const char *name);

/* Names for people, as many as fit. */
void carrier_list_names(const struct names *names, char *text, size_t size);

void carrier_free_names(struct names *names);

/* Takes note of something that was added; true if it is to be left behind. */
bool carrier_drops(struct carrier *c, const char *name);

/* A line: why `name` cannot be carried over. */
void carrier_refuse(struct carrier *c, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* After a call to HDF5 failed: a failing disk ends all, anything else is a reason against this one. */
enum error_code carrier_refuse_failed(struct carrier *c, const char *name);

/* ---- objects and their places ---- */

/* What identifies an object in its file; HADDR_UNDEF if that fails. */
haddr_t carrier_address(hid_t object);

/* The place of the object at this address, or NULL. Valid until the next one is added. */
struct place *carrier_find_place(struct carrier *c, haddr_t address);

/* Adds a place; address and path (a copy) are filled in. */
enum error_code carrier_add_place(struct carrier *c, hid_t object, const char *path, struct place place);

void carrier_clear_places(struct carrier *c);

/* Whether a file has a link of this name. */
bool carrier_exists(hid_t file, const char *path);

#endif
