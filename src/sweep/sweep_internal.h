/* What the parts of reading a sweep share: sweep.c (the file, --set, messages), sweep_parse.c (libconfig's tree into
 * axes of values) and sweep_expand.c (axes into configurations). */
#ifndef PICKY_SWEEP_INTERNAL_H
#define PICKY_SWEEP_INTERNAL_H

#include "sweep.h"
#include "text.h"

/* A hyperparameter and the values it runs through. */
struct sweep_axis {
    const struct hyperparameter *row;
    int place; /* of its value, or of the list of them */
    bool is_list;
    size_t n;
    unsigned char (*values)[HYPERPARAMETER_VALUE_MAX]; /* [n], as hyperparameter_get_bytes has them; owned */
};

/* What the file, or one case of it, varies. A case's overrides are axes of one value. */
struct variation {
    int place;
    struct sweep_axis *grid, *zip; /* [n_grid], [n_zip]; owned */
    int n_grid, n_zip;
    size_t n_grid_points, n_zip_points; /* 1 if nothing varies */
    size_t first_config;
};

struct sweep_reader {
    struct sweep *sweep;
    struct hyperparameters base; /* defaults, then model and train, then overrides */
    struct variation top;
    struct variation *cases; /* [n_cases]; owned */
    size_t n_cases;
    int *fixed_places, *varied_places, *case_places; /* [n_hyperparameters]: where a value was given, 0: not; owned */
    int scalar_place;                                /* of the last of name, replicates and seed */
    const struct sweep_override *overrides;          /* borrowed */
    size_t n_overrides;

    /* What an error is about: an override, or else a place in the file (1 + the offset in its text), or 0. */
    const struct sweep_override *override;
    int place;
    struct text_place unread; /* where a file is no text; line 0: nowhere */
    struct error *error;
};

/* Reads the sweep's text into the axes, the base and the sweep's name, seed, replicates and store (sweep_parse.c). */
enum error_code sweep_parse(struct sweep_reader *r);

/* Writes out all configurations and checks each (sweep_expand.c). */
enum error_code sweep_expand(struct sweep_reader *r);

/* Keys at the top of a file that --set takes too: name, replicates, seed; NULL-terminated. */
extern const char *const sweep_scalar_keys[];

bool sweep_is_one_of(const char *key, const char *const *names);

/* tasks for second_task, and the reverse: two keys for one thing. NULL for other rows. */
const struct hyperparameter *sweep_partner(const struct hyperparameter *row);

/* The place of element i of the list that stands at `place`. */
int sweep_element_place(const struct sweep_reader *r, int place, size_t i);

/* Puts value i of an axis into h. */
void sweep_apply(struct hyperparameters *h, const struct sweep_axis *axis, size_t i);

/* Sets name from `text`, replicates or seed from `integer`; each is NULL if there is none. The message comes
 * without "KEY = VALUE: ". */
enum error_code sweep_set_scalar(struct sweep_reader *r, const char *key, const char *text, const int64_t *integer);

/* The override of `key` among the first n_overrides, or NULL. */
const struct sweep_override *sweep_find_override(const struct sweep_reader *r, const char *key, size_t n_overrides);

/* Finds two of n items (at most SWEEP_CONFIGS_MAX) with the same bytes: *second is the first item that repeats an
 * earlier one, *first that one; both n if there is none. */
enum error_code sweep_find_repeat(struct sweep_reader *r, const void *bytes, size_t n, size_t size, size_t *first,
                                  size_t *second);

/* Reports a key that `names` does not hold; hyperparameters are allowed beside them if `or_hyperparameters`. */
enum error_code sweep_fail_unknown(struct sweep_reader *r, const char *key, const char *const *names,
                                   bool or_hyperparameters);
enum error_code sweep_out_of_memory(struct sweep_reader *r);

/* Puts "FILE:LINE:COLUMN: " or "--set KEY=VALUE: " before the message and keeps all of it on one line. */
void sweep_finish_message(const struct sweep_reader *r, const char *path);

#endif
