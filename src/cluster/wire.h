/* Messages between the coordinator and the workers. The only place that knows their layout; knows nothing of MPI.
 *
 * A message is a block of bytes, a multiple of 8 long and aligned to 8, in the byte order of the machine. It starts
 * with an envelope: a magic number (which tells a foreign byte order too), the version, what it is, how long it is,
 * and a check over all of it. wire_open checks the envelope; only then may the readers be used.
 *
 *   HELLO    both ways       which picky this is: the first message, see below
 *   SETUP    to a worker     what all jobs have in common
 *   HANDOUT  to a worker     jobs, or that there are none, or a call to hand some back
 *   STOP     to a worker     the end, with the exit code
 *   REPORT   from a worker   finished records, pending ones of jobs that are handed back, a request for more jobs
 *   FAILURE  from a worker   it cannot go on; its last message
 *
 * The envelope, its check, HELLO and STOP are the same in every version, for ever, so that any two pickies can tell
 * that they differ, and end. (Before version 5 there was no HELLO, and only messages of the own version were read.)
 *
 * Buffers belong to the caller and are as large as the wire_..._size function says. */
#ifndef PICKY_WIRE_H
#define PICKY_WIRE_H

#include "errors.h"
#include "job.h"
#include "record.h"

#define WIRE_VERSION    8
#define WIRE_JOBS_MAX   128 /* jobs of a hand-out */
#define WIRE_SHAPES_MAX 64  /* shapes of a request */

/* Bytes that hold any message to a worker but SETUP, and any message without records. */
#define WIRE_TO_WORKER_MAX (1024 + WIRE_JOBS_MAX * sizeof(struct job))
#define WIRE_SMALL_MAX     (1024 + ERROR_MESSAGE_MAX)

/* Stored in messages: never renumbered. */
enum wire_kind { WIRE_SETUP = 1, WIRE_HANDOUT = 2, WIRE_STOP = 3, WIRE_REPORT = 4, WIRE_FAILURE = 5, WIRE_HELLO = 6 };

/* Checks a received message of n_bytes: magic number, version, length, check. ERROR_INPUT if it comes from another
 * version of picky (and is no HELLO or STOP), ERROR_FATAL if it is damaged. */
enum error_code wire_open(const void *message, size_t n_bytes, enum wire_kind *kind, struct error *error);

/* ---- HELLO: 512 bytes, never changed. Ranks work together if `build` (build.h) is the same. ---- */
#define WIRE_HELLO_BYTES 512
struct wire_hello {
    int64_t arithmetic;
    int64_t failure;  /* ERROR_NONE, or why the sender cannot train: an exit code */
    char build[64];   /* texts end with NUL */
    char version[96]; /* to be shown: "0.9.0 (a git revision, build ...)" */
    char host[96];    /* "name (instruction set)" */
    char reason[200]; /* of the failure, or "" */
};
void wire_hello_write(void *message, const struct wire_hello *hello);
void wire_hello_read(const void *message, struct wire_hello *hello);

/* ---- SETUP: the records' layout, the bytes of memory that the receiver may use (memory_budget.h), and the lists of
 * tasks that the sender knows, to which jobs refer by number: reading adds them to the receiver's registry. Refused if
 * sender and receiver are different builds, or know other lists by those numbers. ---- */
size_t wire_setup_size(void); /* with the lists that are known now */
void wire_setup_write(void *message, const struct record_layout *layout, uint64_t memory_bytes);
enum error_code wire_setup_read(const void *message, struct record_layout *layout, uint64_t *memory_bytes,
                                struct error *error);

/* ---- HANDOUT ---- */
/* What a worker is to do, each going further than the one before. Stored in messages: never renumbered. */
enum wire_order {
    WIRE_GO_ON = 0,
    WIRE_WIND_UP = 1, /* start no more packs: what is not in training is dropped */
    WIRE_ABANDON = 2, /* give up the pack in training too; finished records are still sent */
    WIRE_HALT = 3,    /* drop those as well */
};
struct wire_handout {
    uint64_t shape; /* number of the shape that all its jobs share */
    bool is_last;   /* no more jobs will come but those of ranks that die: ask when nothing is left to do */
    bool end;       /* no more jobs will come */
    bool is_recall; /* no answer: others have nothing left, and the receiver is to hand back half of what waits there */
    enum wire_order order;
    double left_s; /* until what is in training is abandoned; of orders only */
    size_t n_jobs; /* up to WIRE_JOBS_MAX; 0 unless the order is to go on */
};
size_t wire_handout_size(size_t n_jobs);
void wire_handout_write(void *message, const struct wire_handout *handout, const struct job *jobs);
/* Fills *handout and jobs[0..n_jobs-1], of WIRE_JOBS_MAX. ERROR_FATAL if a job is not one that a sweep may hold. */
enum error_code wire_handout_read(const void *message, struct wire_handout *handout, struct job *jobs,
                                  struct error *error);

/* ---- STOP ---- */
size_t wire_stop_size(void);
void wire_stop_write(void *message, int exit_code);
int wire_stop_read(const void *message);

/* ---- REPORT: built record by record, then sealed ---- */
struct wire_request {
    uint64_t n_wanted; /* jobs asked for, 0 if none are */
    uint64_t n_shapes;
    uint64_t shapes[WIRE_SHAPES_MAX]; /* shapes of unfinished jobs, the dearest first */
};
/* What the sender has done since its start. */
struct wire_totals {
    uint64_t packs, lanes_used, lanes_total, attempts, rejected_at_start; /* struct job_runner_totals */
    double busy_s, cpu_s, full_s;                                         /* training */
    double waited_s, longest_wait_s;                                      /* for jobs, or to be rid of records */
    double longest_pack_s;
};
struct wire_report {
    struct wire_request request;
    struct wire_totals totals;
    bool finished;   /* the sender has no jobs and expects none */
    bool overstayed; /* and that because its compute thread does not end */
    int signal;      /* the most pressing one that the sender has got, 0 if none */
    size_t n_records;
};
size_t wire_report_size(const struct record_layout *layout, size_t n_records); /* 0 records: at most WIRE_SMALL_MAX */
/* An empty report. */
void wire_report_begin(void *message);
/* Appends a record (copied; of `layout`), for which there must be room; the copy is returned and may be changed until
 * the report is sealed. */
void *wire_report_add(void *message, const struct record_layout *layout, uint64_t config, uint64_t replicate,
                      const void *record);
size_t wire_report_n_records(const void *message);
/* Writes the fixed part (but for report->n_records, which it counts itself) and returns the length to send. */
size_t wire_report_seal(void *message, const struct record_layout *layout, const struct wire_report *report);
/* Reads the fixed part. ERROR_FATAL if the records do not fit their layout. */
enum error_code wire_report_read(const void *message, const struct record_layout *layout, struct wire_report *report,
                                 struct error *error);
/* Record i (borrowed from the message, in which it may be changed; need not be sealed) and its slot. */
void *wire_report_record(void *message, const struct record_layout *layout, size_t i, uint64_t *config,
                         uint64_t *replicate);

/* ---- FAILURE ---- */
size_t wire_failure_size(void);
void wire_failure_write(void *message, const struct error *failure);
/* Returns the failure's code, as error_set does. */
enum error_code wire_failure_read(const void *message, struct error *failure);

#endif
