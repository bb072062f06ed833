#include "wire.h"

#include "build.h"
#include "hash.h"
#include "numbers.h"
#include "task_registry.h"

#include <inttypes.h>
#include <string.h>

/* Every struct below is sent as its bytes: members of 8 bytes only, so that there is no padding. */
#define WIRE_STRUCT(type, n_words) _Static_assert(sizeof(struct type) == 8 * (n_words), "a message without padding")

#define WIRE_MAGIC UINT64_C(0x5049434b594d5347) /* "PICKYMSG" */

struct envelope {
    uint64_t magic, version, kind, n_bytes;
    uint64_t checksum; /* of the message, this word taken as 0 */
};
WIRE_STRUCT(envelope, 5);

struct hello {
    struct envelope envelope;
    struct wire_hello hello;
};
WIRE_STRUCT(hello, WIRE_HELLO_BYTES / 8);

struct setup {
    struct envelope envelope;
    uint64_t build; /* signature of the sender's */
    uint64_t memory_bytes;
    struct record_layout layout;
    uint64_t n_lists;
    /* n_lists times: its text, TASK_LIST_TEXT_MAX bytes */
};
WIRE_STRUCT(setup, 5 + 2 + N_DIMENSIONS + 3 + 2 * N_FIELDS + 1);
_Static_assert(TASK_LIST_TEXT_MAX % 8 == 0, "a message of whole words");

struct handout {
    struct envelope envelope;
    uint64_t shape, is_last, end, is_recall, order;
    double left_s;
    uint64_t n_jobs;
    /* n_jobs times: config, replicate, seed, attempt, and the hyperparameters in the order of their table: 8 bytes
     * each, a text HYPERPARAMETER_TEXT_MAX bytes */
};
WIRE_STRUCT(handout, 5 + 7);

struct stop {
    struct envelope envelope;
    int64_t exit_code;
};
WIRE_STRUCT(stop, 5 + 1);

struct report_head {
    struct envelope envelope;
    struct wire_request request;
    struct wire_totals totals;
    uint64_t finished, overstayed, signal, n_records;
    /* n_records times: struct slot_head, the record's bytes */
};
WIRE_STRUCT(report_head, 5 + 2 + WIRE_SHAPES_MAX + 11 + 4);

struct slot_head {
    uint64_t config, replicate;
};
WIRE_STRUCT(slot_head, 2);

struct failure {
    struct envelope envelope;
    uint64_t code;
    char message[ERROR_MESSAGE_MAX];
};
WIRE_STRUCT(failure, 5 + 1 + ERROR_MESSAGE_MAX / 8);

_Static_assert(sizeof(struct setup) <= 1024 && sizeof(struct handout) <= 1024 && sizeof(struct report_head) <= 1024 &&
                   sizeof(struct failure) <= 1024 + ERROR_MESSAGE_MAX,
               "the sizes that wire.h promises");

#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)

/* A bijection of the chain for a given word, and of the word for a given chain. */
static uint64_t hash_step(uint64_t chain, uint64_t word)
{
    chain = (chain ^ word) * HASH_FACTOR;
    return chain ^ chain >> 32;
}

/* Of n_bytes, a multiple of 8. Four chains, so that a record is hashed about as fast as it is copied. */
static uint64_t hash_bytes(const char *bytes, size_t n_bytes)
{
    uint64_t chain[4] = {1, 2, 3, 4}, words[4];
    size_t i = 0;
    for (; i + sizeof words <= n_bytes; i += sizeof words) {
        memcpy(words, bytes + i, sizeof words);
        for (size_t k = 0; k < 4; k++)
            chain[k] = hash_step(chain[k], words[k]);
    }
    for (; i < n_bytes; i += 8) {
        memcpy(words, bytes + i, 8);
        chain[0] = hash_step(chain[0], words[0]);
    }
    uint64_t hash = n_bytes;
    for (size_t k = 0; k < 4; k++)
        hash = hash_step(hash, chain[k]);
    return hash;
}

static uint64_t checksum(const void *message, size_t n_bytes)
{
    struct envelope envelope;
    memcpy(&envelope, message, sizeof envelope);
    envelope.checksum = 0;
    uint64_t head = hash_bytes((const char *)&envelope, sizeof envelope);
    return hash_step(head, hash_bytes((const char *)message + sizeof envelope, n_bytes - sizeof envelope));
}

static void seal(void *message, enum wire_kind kind, size_t n_bytes)
{
    struct envelope envelope = {.magic = WIRE_MAGIC, .version = WIRE_VERSION, .kind = kind, .n_bytes = n_bytes};
    memcpy(message, &envelope, sizeof envelope);
    ((struct envelope *)message)->checksum = checksum(message, n_bytes);
}

static enum error_code damaged(struct error *error, const char *what)
{
    return error_set(error, ERROR_FATAL, "a damaged message: %s", what);
}

enum error_code wire_open(const void *message, size_t n_bytes, enum wire_kind *kind, struct error *error)
{
    const struct envelope *envelope = message;
    if (n_bytes < sizeof *envelope || n_bytes % 8 != 0)
        return damaged(error, "cut short");
    if (envelope->magic != WIRE_MAGIC)
        return error_set(error, ERROR_INPUT,
                         "not a message of picky, or from a machine with another byte order; allowed: the same picky "
                         "on machines of one kind");
    bool is_lasting = envelope->kind == WIRE_HELLO || envelope->kind == WIRE_STOP;
    if (envelope->version != WIRE_VERSION && !is_lasting)
        return error_set(error, ERROR_INPUT,
                         "another version of picky (messages %" PRIu64 ", here %d); allowed: the same picky on every "
                         "rank",
                         envelope->version, WIRE_VERSION);
    if (envelope->n_bytes != n_bytes)
        return damaged(error, "of another length than it says");
    if (envelope->checksum != checksum(message, n_bytes))
        return damaged(error, "its check fails");

    size_t least = SIZE_MAX;
    bool exact = true;
    switch (envelope->kind) {
    case WIRE_HELLO: least = sizeof(struct hello); break;
    case WIRE_SETUP: least = sizeof(struct setup), exact = false; break;
    case WIRE_STOP: least = sizeof(struct stop); break;
    case WIRE_FAILURE: least = sizeof(struct failure); break;
    case WIRE_HANDOUT: least = sizeof(struct handout), exact = false; break;
    case WIRE_REPORT: least = sizeof(struct report_head), exact = false; break;
    }
    if (exact ? n_bytes != least : n_bytes < least)
        return damaged(error, "of no known kind and length");
    *kind = (enum wire_kind)envelope->kind;
    return ERROR_NONE;
}

/* ---- HELLO -------------------------------------------------------------------------------------------------- */

void wire_hello_write(void *message, const struct wire_hello *hello)
{
    ((struct hello *)message)->hello = *hello;
    seal(message, WIRE_HELLO, sizeof(struct hello));
}

void wire_hello_read(const void *message, struct wire_hello *hello)
{
    *hello = ((const struct hello *)message)->hello;
    char *const last[] = {&hello->build[sizeof hello->build - 1], &hello->version[sizeof hello->version - 1],
                          &hello->host[sizeof hello->host - 1], &hello->reason[sizeof hello->reason - 1]};
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++)
        *last[i] = '\0';
}

/* ---- SETUP -------------------------------------------------------------------------------------------------- */

/* Two builds with the same signature understand each other's jobs and records, and train the same bits. */
static uint64_t build_signature(void)
{
    return hash_text(HASH_START, build_identity());
}

size_t wire_setup_size(void)
{
    return sizeof(struct setup) + (size_t)task_registry_count() * TASK_LIST_TEXT_MAX;
}

void wire_setup_write(void *message, const struct record_layout *layout, uint64_t memory_bytes)
{
    struct setup *setup = message;
    setup->build = build_signature();
    setup->memory_bytes = memory_bytes;
    setup->layout = *layout;
    setup->n_lists = (uint64_t)task_registry_count();
    char *text = (char *)message + sizeof *setup;
    memset(text, 0, setup->n_lists * TASK_LIST_TEXT_MAX);
    for (uint64_t i = 0; i < setup->n_lists; i++, text += TASK_LIST_TEXT_MAX)
        memcpy(text, task_registry_get((int64_t)i)->text, strlen(task_registry_get((int64_t)i)->text));
    seal(message, WIRE_SETUP, wire_setup_size());
}

enum error_code wire_setup_read(const void *message, struct record_layout *layout, uint64_t *memory_bytes,
                                struct error *error)
{
    const struct setup *setup = message;
    if (setup->build != build_signature())
        return error_set(error, ERROR_INPUT, "another build of picky; allowed: the same picky on every rank");
    /* Records are written by these offsets: they must lie inside. */
    const struct record_layout *l = &setup->layout;
    for (int f = 0; f < N_FIELDS; f++) {
        if (l->offset[f] == UINT64_MAX)
            continue;
        uint64_t element = field_type_size(record_fields[f].type);
        if (l->offset[f] % 8 != 0 || l->offset[f] > l->n_bytes ||
            l->n_elements[f] > (l->n_bytes - l->offset[f]) / element)
            return damaged(error, "a record's array lies outside of the record");
    }
    if (l->n_bytes % 8 != 0)
        return damaged(error, "records of no whole length");
    if (l->is_null > 1)
        return damaged(error, "an unknown kind of records");
    if (setup->n_lists > TASK_LISTS_MAX ||
        setup->envelope.n_bytes != sizeof *setup + setup->n_lists * TASK_LIST_TEXT_MAX)
        return damaged(error, "a set-up of another length than its lists of tasks");
    const char *text = (const char *)message + sizeof *setup;
    for (uint64_t i = 0; i < setup->n_lists; i++, text += TASK_LIST_TEXT_MAX) {
        struct task_list list = {0};
        int column;
        int64_t number;
        if (task_list_parse(text, strnlen(text, TASK_LIST_TEXT_MAX), &list, &column, error))
            return damaged(error, "an impossible list of tasks");
        if (task_registry_add(&list, &number, error))
            return error->code;
        if (number != (int64_t)i)
            return damaged(error, "lists of tasks in another order than here");
    }
    *layout = *l;
    *memory_bytes = setup->memory_bytes;
    return ERROR_NONE;
}

/* ---- HANDOUT ------------------------------------------------------------------------------------------------ */

static size_t job_size(void)
{
    size_t n_bytes = 4 * 8;
    for (int i = 0; i < n_hyperparameters; i++)
        n_bytes += hyperparameter_table[i].type == HYPERPARAMETER_TEXT ? HYPERPARAMETER_TEXT_MAX : 8;
    return n_bytes;
}

size_t wire_handout_size(size_t n_jobs)
{
    return sizeof(struct handout) + n_jobs * job_size();
}

static char *put(char *at, const void *value, size_t n_bytes)
{
    memcpy(at, value, n_bytes);
    return at + n_bytes;
}

static const char *get(const char *at, void *value, size_t n_bytes)
{
    memcpy(value, at, n_bytes);
    return at + n_bytes;
}

void wire_handout_write(void *message, const struct wire_handout *handout, const struct job *jobs)
{
    check(handout->n_jobs <= WIRE_JOBS_MAX);
    struct handout *head = message;
    head->shape = handout->shape;
    head->is_last = handout->is_last;
    head->end = handout->end;
    head->is_recall = handout->is_recall;
    head->order = handout->order;
    head->left_s = handout->left_s;
    head->n_jobs = handout->n_jobs;
    char *at = (char *)message + sizeof *head;
    for (size_t n = 0; n < handout->n_jobs; n++) {
        const struct job *job = &jobs[n];
        at = put(at, &job->config, 8);
        at = put(at, &job->replicate, 8);
        at = put(at, &job->seed, 8);
        at = put(at, &job->attempt, 8);
        for (int i = 0; i < n_hyperparameters; i++) {
            const struct hyperparameter *row = &hyperparameter_table[i];
            const char *value = (const char *)&job->h + row->offset;
            if (row->type == HYPERPARAMETER_TEXT) {
                char text[HYPERPARAMETER_TEXT_MAX] = {0}; /* what lies after the NUL stays here */
                memcpy(text, value, strnlen(value, sizeof text - 1));
                at = put(at, text, sizeof text);
            } else if (row->type == HYPERPARAMETER_REAL) {
                at = put(at, &(double){hyperparameter_real(&job->h, row)}, 8);
            } else {
                at = put(at, value, 8);
            }
        }
    }
    seal(message, WIRE_HANDOUT, wire_handout_size(handout->n_jobs));
}

/* One hyperparameter's value into h, if the table allows it. second_task waits for the tasks, which come later. */
static bool get_value(const char **at, struct hyperparameters *h, const struct hyperparameter *row,
                      char second_task[HYPERPARAMETER_TEXT_MAX], struct error *error)
{
    char text[HYPERPARAMETER_TEXT_MAX];
    int64_t integer;
    double real;
    switch (row->type) {
    case HYPERPARAMETER_INTEGER:
        *at = get(*at, &integer, 8);
        return !hyperparameter_set_integer(h, row, integer, error);
    case HYPERPARAMETER_REAL: *at = get(*at, &real, 8); return !hyperparameter_set_real(h, row, real, error);
    case HYPERPARAMETER_CHOICE:
        *at = get(*at, &integer, 8);
        for (int64_t i = 0; row->choices[i]; i++)
            if (i == integer)
                return !hyperparameter_set_string(h, row, row->choices[i], error);
        return false;
    case HYPERPARAMETER_TEXT:
        *at = get(*at, text, sizeof text);
        if (strcmp(row->name, "second_task") == 0) {
            memcpy(second_task, text, sizeof text);
            return memchr(text, '\0', sizeof text);
        }
        return memchr(text, '\0', sizeof text) && !hyperparameter_set_string(h, row, text, error);
    case HYPERPARAMETER_TASKS:
        *at = get(*at, &integer, 8);
        if (integer < 0 || integer >= task_registry_count())
            return false;
        hyperparameters_set_tasks(h, integer);
        return hyperparameters_restore_second_task(h, second_task);
    }
    return false;
}

enum error_code wire_handout_read(const void *message, struct wire_handout *handout, struct job *jobs,
                                  struct error *error)
{
    const struct handout *head = message;
    if (head->n_jobs > WIRE_JOBS_MAX || head->envelope.n_bytes != wire_handout_size(head->n_jobs))
        return damaged(error, "a hand-out of another length than its jobs");
    if (head->order > WIRE_HALT)
        return damaged(error, "an unknown order");
    *handout = (struct wire_handout){.shape = head->shape,
                                     .is_last = head->is_last != 0,
                                     .end = head->end != 0,
                                     .is_recall = head->is_recall != 0,
                                     .order = (enum wire_order)head->order,
                                     .left_s = head->left_s,
                                     .n_jobs = head->n_jobs};
    const char *at = (const char *)message + sizeof *head;
    for (size_t n = 0; n < handout->n_jobs; n++) {
        struct job *job = &jobs[n];
        char second_task[HYPERPARAMETER_TEXT_MAX];
        memset(job, 0, sizeof *job);
        at = get(at, &job->config, 8);
        at = get(at, &job->replicate, 8);
        at = get(at, &job->seed, 8);
        at = get(at, &job->attempt, 8);
        for (int i = 0; i < n_hyperparameters; i++)
            if (!get_value(&at, &job->h, &hyperparameter_table[i], second_task, error))
                return damaged(error, "a job with an impossible hyperparameter");
        if (job->seed < 0 || job->seed > SEED_MAX || hyperparameters_check(&job->h, error) ||
            job->attempt >= (uint64_t)job->h.max_attempts)
            return damaged(error, "an impossible job");
    }
    return ERROR_NONE;
}

/* ---- STOP --------------------------------------------------------------------------------------------------- */

size_t wire_stop_size(void)
{
    return sizeof(struct stop);
}

void wire_stop_write(void *message, int exit_code)
{
    ((struct stop *)message)->exit_code = exit_code;
    seal(message, WIRE_STOP, sizeof(struct stop));
}

int wire_stop_read(const void *message)
{
    return (int)((const struct stop *)message)->exit_code;
}

/* ---- REPORT ------------------------------------------------------------------------------------------------- */

size_t wire_report_size(const struct record_layout *layout, size_t n_records)
{
    return sizeof(struct report_head) + n_records * (sizeof(struct slot_head) + layout->n_bytes);
}

void wire_report_begin(void *message)
{
    memset(message, 0, sizeof(struct report_head));
}

void *wire_report_add(void *message, const struct record_layout *layout, uint64_t config, uint64_t replicate,
                      const void *record)
{
    struct report_head *report = message;
    char *at = (char *)message + wire_report_size(layout, report->n_records++);
    at = put(at, &(struct slot_head){config, replicate}, sizeof(struct slot_head));
    memcpy(at, record, layout->n_bytes);
    return at;
}

size_t wire_report_n_records(const void *message)
{
    return ((const struct report_head *)message)->n_records;
}

size_t wire_report_seal(void *message, const struct record_layout *layout, const struct wire_report *report)
{
    struct report_head *head = message;
    head->request = report->request;
    head->totals = report->totals;
    head->finished = report->finished;
    head->overstayed = report->overstayed;
    head->signal = (uint64_t)report->signal;
    size_t n_bytes = wire_report_size(layout, head->n_records);
    seal(message, WIRE_REPORT, n_bytes);
    return n_bytes;
}

enum error_code wire_report_read(const void *message, const struct record_layout *layout, struct wire_report *report,
                                 struct error *error)
{
    const struct report_head *head = message;
    uint64_t n_bytes = head->envelope.n_bytes;
    if (head->n_records > n_bytes / sizeof(struct slot_head) || n_bytes != wire_report_size(layout, head->n_records))
        return damaged(error, "a report of another length than its records");
    if (head->request.n_shapes > WIRE_SHAPES_MAX)
        return damaged(error, "a request for too many shapes");
    *report = (struct wire_report){.request = head->request,
                                   .totals = head->totals,
                                   .finished = head->finished != 0,
                                   .overstayed = head->overstayed != 0,
                                   .signal = (int)head->signal,
                                   .n_records = head->n_records};
    return ERROR_NONE;
}

void *wire_report_record(void *message, const struct record_layout *layout, size_t i, uint64_t *config,
                         uint64_t *replicate)
{
    struct slot_head slot;
    char *at = (char *)message + wire_report_size(layout, i);
    memcpy(&slot, at, sizeof slot);
    *config = slot.config;
    *replicate = slot.replicate;
    return at + sizeof slot;
}

/* ---- FAILURE ------------------------------------------------------------------------------------------------ */

size_t wire_failure_size(void)
{
    return sizeof(struct failure);
}

void wire_failure_write(void *message, const struct error *failure)
{
    struct failure *f = message;
    memset(f, 0, sizeof *f);
    f->code = failure->code;
    memcpy(f->message, failure->message, strnlen(failure->message, sizeof f->message - 1));
    seal(message, WIRE_FAILURE, sizeof *f);
}

enum error_code wire_failure_read(const void *message, struct error *failure)
{
    const struct failure *f = message;
    return error_set(failure, f->code == ERROR_INPUT ? ERROR_INPUT : ERROR_FATAL, "%.*s", ERROR_MESSAGE_MAX - 1,
                     f->message);
}
