/* The hyperparameters of one model, declared once.
 *
 * hyperparameter_table is the single source for the sweep parser, --set, --help, the wire format,
 * the coordinates of the results file and the documentation. To add a hyperparameter: one field in
 * struct hyperparameters, one row in the table (hyperparameters.c), its use, a test (CONTRIBUTING.md). */
#ifndef PICKY_HYPERPARAMETERS_H
#define PICKY_HYPERPARAMETERS_H

#include "errors.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HYPERPARAMETER_TEXT_MAX 32 /* bytes of a TEXT row's value, the final NUL included */
#define HYPERPARAMETER_FORMAT_MAX                                                                                      \
    (TASKS_MAX * 260)         /* bytes of any value as text, the final NUL included: of a list of tasks (task_list.h) */
#define TASKS_MAX           8 /* most tasks of a model */
#define TASK_PAIRS(n_tasks) ((n_tasks) * ((n_tasks)-1) / 2)
#define PHASES_MAX          TASKS_MAX /* of training */
#define INPUTS_MAX          16
#define LAYERS_MAX          32 /* most hidden layers */
#define HIDDEN_SIZE_MAX     4096

/* Values that are stored or sent: never renumbered. They index the choices of the table's row. */
enum train_mode { TRAIN_RANDOM = 0, TRAIN_REPLAY = 1, TRAIN_SEQUENTIAL = 2 };
enum output_activation { OUTPUT_RELU = 0, OUTPUT_LINEAR = 1 };
enum optimizer { OPTIMIZER_ADAM = 0, OPTIMIZER_SGD = 1 };
enum standardise { STANDARDISE_NONE = 0, STANDARDISE_VARIANCE = 1 };

/* One value for every hyperparameter, named as in the 2020 notebook where it has the name.
 * Plain data: may be copied and compared field by field. Meanings and ranges: the table. */
struct hyperparameters {
    int64_t N_train;
    int64_t N_test;
    double lr;
    int64_t epochs;
    int64_t batch_size;
    char context_location[HYPERPARAMETER_TEXT_MAX]; /* "start", "end" or a layer number */
    int64_t train_mode;                             /* enum train_mode */
    char second_task[HYPERPARAMETER_TEXT_MAX];      /* "prod" or "addK", what `tasks` is then; or "" */
    double fraction;                                /* 0: "equal" */
    int64_t hidden_size;
    int64_t hidden_layers;
    int64_t output_activation; /* enum output_activation */
    int64_t optimizer;         /* enum optimizer */
    int64_t replay_every;
    double error_threshold;
    int64_t max_attempts;
    int64_t n_inputs;
    double input_low, input_high;
    double a, b, c;      /* the dials of formulas */
    int64_t standardise; /* enum standardise */
    int64_t tasks;       /* number of the list (task_registry.h); set with second_task, and it with this */
#ifdef PICKY_MADE_UP     /* a test's build: tests/made_up */
    double made_up;
#endif
};

enum hyperparameter_type {
    HYPERPARAMETER_INTEGER, /* int64_t */
    HYPERPARAMETER_REAL,    /* double */
    HYPERPARAMETER_CHOICE,  /* int64_t, an index into choices */
    HYPERPARAMETER_TEXT,    /* char[HYPERPARAMETER_TEXT_MAX] */
    HYPERPARAMETER_TASKS,   /* int64_t, number of a list of tasks (task_registry.h) */
};

/* One row of the table. All strings are static. */
struct hyperparameter {
    const char *name;
    enum hyperparameter_type type;
    size_t offset;              /* of the field in struct hyperparameters */
    const char *default_text;   /* the default, as --set would take it */
    double min, max;            /* INTEGER and REAL: allowed range */
    bool min_open, max_open;    /* REAL: the end of the range is itself not allowed */
    const char *const *choices; /* CHOICE: NULL-terminated names, indexed by value */
    const char *allowed;        /* what is allowed, in words, for messages and help */
    const char *unit;           /* UDUNITS string, "1" if dimensionless */
    const char *meaning;        /* one line */
    int since; /* the file's schema that has it first: an older file without it was made with the default */
};

extern const struct hyperparameter hyperparameter_table[];
extern const int n_hyperparameters;

/* Sets every field to its default. */
void hyperparameters_default(struct hyperparameters *h);

/* The row called `name`, or NULL. */
const struct hyperparameter *hyperparameter_find(const char *name);

/* The known name nearest to `name` by edit distance, or NULL if none is near. `names` lists further
 * candidates (NULL-terminated; may be NULL). The result is borrowed from the table or from `names`. */
const char *hyperparameter_nearest(const char *name, const char *const *names);

/* What a message says of an unknown hyperparameter: "; did you mean NEAREST?", or nothing if none is near. */
struct text_words hyperparameter_hint(const char *name);

/* The same, but "; allowed: NAME, NAME, ..." of all if none is near. */
struct hyperparameter_names {
    char words[640];
} hyperparameter_hint_or_names(const char *name);

/* Set one value from a typed source. Each checks type, range and spelling; on ERROR_INPUT the message
 * is "NAME = VALUE: allowed: ..." and h is unchanged. A CHOICE takes text. A TEXT row also takes an
 * integer where its spelling is one (context_location = 2). A REAL takes integers, and where an integer
 * is taken, so is a real that is a whole number (1e4). fraction takes the text "equal", too. `tasks` takes a text, and
 * sets second_task to what stands for the list, or to ""; second_task sets `tasks`. They may add to the registry of
 * lists: ERROR_INPUT or ERROR_FATAL then, too. */
enum error_code hyperparameter_set_integer(struct hyperparameters *h, const struct hyperparameter *row, int64_t value,
                                           struct error *error);
enum error_code hyperparameter_set_real(struct hyperparameters *h, const struct hyperparameter *row, double value,
                                        struct error *error);
/* Text in a sweep file (a quoted string): not accepted for INTEGER and REAL rows. */
enum error_code hyperparameter_set_string(struct hyperparameters *h, const struct hyperparameter *row,
                                          const char *value, struct error *error);
/* Text on the command line: parsed by the row's type. */
enum error_code hyperparameter_set_text(struct hyperparameters *h, const struct hyperparameter *row, const char *text,
                                        struct error *error);

/* The list of tasks [n_formulas] whose formulas, each with or without a name, stand in one text each. The message as
 * hyperparameter_set_string has it. */
enum error_code hyperparameters_set_formulas(struct hyperparameters *h, const char *const *formulas, size_t n_formulas,
                                             struct error *error);

/* The same from one text; the message begins with "column N: ". */
enum error_code hyperparameters_set_list(struct hyperparameters *h, const char *text, struct error *error);

/* Sets `tasks`, and second_task to what stands for the list, if anything does. */
void hyperparameters_set_tasks(struct hyperparameters *h, int64_t number);

/* Sets second_task, in the spelling that it had, beside `tasks`. False if it does not stand for that list. */
bool hyperparameters_restore_second_task(struct hyperparameters *h, const char *second_task);

/* The value as text that hyperparameter_set_text reads back to the same value; a list of tasks without its names. */
void hyperparameter_format(const struct hyperparameters *h, const struct hyperparameter *row,
                           char text[HYPERPARAMETER_FORMAT_MAX]);

/* The bytes of a row's value, as they are copied between structs: second_task and `tasks` go together. */
#define HYPERPARAMETER_VALUE_MAX (HYPERPARAMETER_TEXT_MAX + 8)
void hyperparameter_get_bytes(const struct hyperparameters *h, const struct hyperparameter *row,
                              unsigned char value[HYPERPARAMETER_VALUE_MAX]);
void hyperparameter_put_bytes(struct hyperparameters *h, const struct hyperparameter *row,
                              const unsigned char value[HYPERPARAMETER_VALUE_MAX]);

/* Typed reads of a row's field (INTEGER, CHOICE and TASKS; REAL, "equal" as the number that gives the same split). */
int64_t hyperparameter_integer(const struct hyperparameters *h, const struct hyperparameter *row);
double hyperparameter_real(const struct hyperparameters *h, const struct hyperparameter *row);
const char *hyperparameter_string(const struct hyperparameters *h, const struct hyperparameter *row);

/* True if the two have the same value in this row (text by spelling). */
bool hyperparameter_equal(const struct hyperparameters *a, const struct hyperparameters *b,
                          const struct hyperparameter *row);

/* True if the value is the default: what it is with the other values of *h if nothing is given. */
bool hyperparameter_is_default(const struct hyperparameters *h, const struct hyperparameter *row);

/* Of second_task and `tasks`, makes one count as varied among configs [n], if either is (swept [n_hyperparameters]):
 * second_task only if it stands for all lists. */
void hyperparameters_name_swept(const struct hyperparameters *configs, size_t n, bool *swept);

/* Writes fraction as a number if it is "equal". For checked hyperparameters that are kept. */
void hyperparameters_resolve(struct hyperparameters *h);

/* The value as text in one spelling for each meaning, whatever the other hyperparameters are ("add1.50" is "add1.5",
 * "1" is "start"); zeros behind it. */
void hyperparameter_canonical(const struct hyperparameters *h, const struct hyperparameter *row,
                              char text[HYPERPARAMETER_FORMAT_MAX]);

/* Where a hyperparameter matters, in words, if not in *h: its value there alters no result. NULL if it matters. */
const char *hyperparameter_idle(const struct hyperparameters *h, const struct hyperparameter *row);

/* One form of all hyperparameters that, with the same seed, give the same results, error_threshold and max_attempts
 * being equal. Only for checked ones. */
void hyperparameters_canonical(const struct hyperparameters *h, struct hyperparameters *canonical);

/* Checks what one value alone cannot tell: the context layer is one of the hidden layers, every task
 * has samples, a batch fits into each set it is drawn from. ERROR_INPUT with one line naming the key,
 * its value and what is allowed. */
enum error_code hyperparameters_check(const struct hyperparameters *h, struct error *error);

/* Checks what is allowed no more, though files hold it that are gone on with: for new sweeps, after the above. */
enum error_code hyperparameters_check_new(const struct hyperparameters *h, struct error *error);

/* The hidden layer, 1..hidden_layers, whose input the context is appended to (design: "context_location").
 * Only for checked hyperparameters. */
int hyperparameters_context_layer(const struct hyperparameters *h);

/* Training samples of each task, in the order in which they lie in the training set: counts [n_tasks]. Task 1 has
 * round(fraction * N_train), halves away from zero, the others share the rest evenly; with "equal" all do. The first
 * ones have one more where it does not come out even. A single task has all. */
void hyperparameters_train_counts(const struct hyperparameters *h, int64_t counts[TASKS_MAX]);

/* Number of training samples of task 1. */
int64_t hyperparameters_task1_samples(const struct hyperparameters *h);

/* Number of tasks the model learns. */
int hyperparameters_n_tasks(const struct hyperparameters *h);

/* Training phases: 1 for "random", one a task for "replay" and "sequential", in their order. */
int hyperparameters_phases(const struct hyperparameters *h);

/* Optimiser steps in each epoch of a phase (0-based): floor(samples / batch_size), the samples being
 * the whole training set ("random") or the phase's task's. */
int64_t hyperparameters_steps(const struct hyperparameters *h, int phase);

/* Entries of the training history: phases * epochs + 1, entry 0 being the untrained model. */
int64_t hyperparameters_history(const struct hyperparameters *h);

/* Parses second_task: "prod" gives is_product, "addK" gives K in factor (target x0 + K x1).
 * Returns false if `text` is neither. */
bool hyperparameters_parse_second_task(const char *text, bool *is_product, double *factor);

#endif
