#include "verify.h"

#include "cli.h"
#include "job_print.h"
#include "numbers.h"
#include "progress.h"
#include "rng.h"
#include "scales.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 20, SLOTS_AT_ONCE = 1 << 14 };

/* What is looked at in every done slot. */
static const enum field checked_fields[] = {FIELD_STATUS, FIELD_SEED, FIELD_ATTEMPTS, FIELD_TEST_LOSS};
enum { N_CHECKED_FIELDS = sizeof checked_fields / sizeof checked_fields[0] };

struct verify {
    struct results_slots *slots;
    const struct results_description *description; /* of slots */
    const char *path;
    FILE *lines;
    uint64_t n_lines; /* also those that did not fit */
    uint8_t *done;    /* one bit a slot: done and not an error; then only the chosen ones */
    char *records;    /* [2]: the file's, and the new one as the file would hold it */
    struct verify_counts counts;
    bool is_slot; /* one slot was asked for: that of `job` */
    struct job job;
};

static bool bit(const uint8_t *bits, uint64_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

static uint64_t slot_number(const struct verify *v, uint64_t config, uint64_t replicate)
{
    return config * (uint64_t)v->description->replicates + replicate;
}

/* ---- what is said ------------------------------------------------------------------------------------------- */

/* A line about a slot: "FILE: configuration 3 (hidden_size = 50), replicate 7: WHAT". */
static void say(struct verify *v, uint64_t config, uint64_t replicate, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void say(struct verify *v, uint64_t config, uint64_t replicate, const char *format, ...)
{
    if (v->n_lines++ >= LINES_MAX)
        return;
    progress_hide(stderr);
    const char *separator = " (";
    fprintf(v->lines, "%s: configuration %" PRIu64, v->path, config);
    for (int row = 0; row < n_hyperparameters; row++) {
        char value[HYPERPARAMETER_FORMAT_MAX];
        if (!v->description->swept[row])
            continue;
        hyperparameter_format(&v->description->configs[config], &hyperparameter_table[row], value);
        fprintf(v->lines, "%s%s = %s", separator, hyperparameter_table[row].name, value);
        separator = ", ";
    }
    fprintf(v->lines, "%s, replicate %" PRIu64 ": ", *separator == ',' ? ")" : "", replicate);
    va_list args;
    va_start(args, format);
    vfprintf(v->lines, format, args);
    va_end(args);
    fputc('\n', v->lines);
}

/* One element as text: floats with their bits, which is where they may differ. */
static void element_text(enum field_type type, const void *element, char text[64])
{
    union {
        float f32;
        double f64;
        uint32_t u32;
        uint64_t u64;
        uint8_t u8;
        uint16_t u16;
        int32_t i32;
        int64_t i64;
    } value;
    char number[NUMBER_TEXT_MAX];
    memcpy(&value, element, field_type_size(type) <= sizeof value ? field_type_size(type) : sizeof value);
    switch (type) {
    case FIELD_F32:
        number_text_float(value.f32, number);
        snprintf(text, 64, "%s (bits %08" PRIx32 ")", number, value.u32);
        break;
    case FIELD_F64:
        number_text(value.f64, number);
        snprintf(text, 64, "%s (bits %016" PRIx64 ")", number, value.u64);
        break;
    case FIELD_U8: snprintf(text, 64, "%u", value.u8); break;
    case FIELD_U16: snprintf(text, 64, "%u", value.u16); break;
    case FIELD_I32: snprintf(text, 64, "%" PRId32, value.i32); break;
    case FIELD_I64: snprintf(text, 64, "%" PRId64, value.i64); break;
    case FIELD_TEXT: snprintf(text, 64, "text"); break; /* provenance: not compared */
    }
}

/* Says where two arrays of a field differ: the first element, and how many more. */
static void say_difference(struct verify *v, uint64_t config, uint64_t replicate, enum field f, const char *stored,
                           const char *found)
{
    const struct field_description *field = &record_fields[f];
    const struct record_layout *layout = v->description->layout;
    size_t size = field_type_size(field->type);
    uint64_t first = UINT64_MAX, n = 0;
    for (uint64_t i = 0; i < layout->n_elements[f]; i++)
        if (memcmp(stored + i * size, found + i * size, size) != 0 && n++ == 0)
            first = i;

    char place[128] = "", old[64], new[64], more[48] = "";
    uint64_t rest = first, index[FIELD_DIMENSIONS_MAX];
    for (int d = field->n_dimensions - 1; d >= 0; d--) {
        index[d] = rest % layout->size[field->dimensions[d]];
        rest /= layout->size[field->dimensions[d]];
    }
    for (int d = 0; d < field->n_dimensions; d++)
        snprintf(place + strlen(place), sizeof place - strlen(place), ", %" PRIu64, index[d]);
    element_text(field->type, stored + first * size, old);
    element_text(field->type, found + first * size, new);
    if (n > 1)
        snprintf(more, sizeof more, "; %" PRIu64 " more elements differ", n - 1);
    say(v, config, replicate, "%s[%" PRIu64 ", %" PRIu64 "%s]: %s in the file, %s computed anew%s", field->name, config,
        replicate, place, old, new, more);
}

/* ---- structure ---------------------------------------------------------------------------------------------- */

/* A layout of the file's sizes with the checked fields only. */
static struct record_layout checked_layout(const struct record_layout *whole)
{
    struct record_layout layout = *whole;
    layout.n_bytes = 0;
    for (int f = 0; f < N_FIELDS; f++)
        layout.offset[f] = UINT64_MAX;
    for (int i = 0; i < N_CHECKED_FIELDS; i++) {
        enum field f = checked_fields[i];
        layout.offset[f] = layout.n_bytes;
        layout.n_bytes += (layout.n_elements[f] * field_type_size(record_fields[f].type) + 7) / 8 * 8;
    }
    return layout;
}

/* Says what no run can have written in a done slot. */
static void check_slot(struct verify *v, const struct record_layout *layout, const void *record, uint64_t config,
                       uint64_t replicate)
{
    uint8_t status = *(const uint8_t *)record_field_const(layout, record, FIELD_STATUS);
    int64_t seed = *(const int64_t *)record_field_const(layout, record, FIELD_SEED);
    uint16_t attempts = *(const uint16_t *)record_field_const(layout, record, FIELD_ATTEMPTS);
    const float *loss = record_field_const(layout, record, FIELD_TEST_LOSS);
    int64_t expected = v->description->seed + (int64_t)replicate, most = v->description->configs[config].max_attempts;
    bool has_results = status == STATUS_ACCEPTED || status == STATUS_REJECTED;
    int64_t least = status == STATUS_ERROR ? 0 : status == STATUS_REJECTED ? most : 1;
    uint64_t n_lines = v->n_lines;
    if (v->description->layout->is_null) /* made up: anything */
        return;

    if (seed != expected)
        say(v, config, replicate, "seed %" PRId64 ", not %" PRId64, seed, expected);
    if (attempts < least || attempts > most)
        say(v, config, replicate, "%s after %u attempts of %" PRId64, status_names[status], attempts, most);
    for (int i = 0; i < hyperparameters_n_tasks(&v->description->configs[config]); i++)
        if ((bool)isfinite(loss[i]) != has_results) {
            char text[NUMBER_TEXT_MAX];
            number_text_float(loss[i], text);
            say(v, config, replicate, "%s, with a test_loss of %s", status_names[status], text);
            break;
        }
    v->counts.n_implausible += v->n_lines > n_lines;
}

/* Checks every done slot and takes note of it. */
static enum error_code check_slots(struct verify *v, struct error *error)
{
    const struct results_description *d = v->description;
    struct record_layout layout = checked_layout(d->layout);
    uint64_t replicates = (uint64_t)d->replicates;
    char *records = malloc(SLOTS_AT_ONCE * layout.n_bytes);
    if (!records)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", v->path);
    enum error_code code = ERROR_NONE;
    for (uint64_t config = 0; config < d->n_configs && !code; config++)
        for (uint64_t first = 0; first < replicates && !code; first += SLOTS_AT_ONCE) {
            size_t n = replicates - first < SLOTS_AT_ONCE ? (size_t)(replicates - first) : SLOTS_AT_ONCE;
            code = results_slots_read(v->slots, config, first, 1, n, &layout, records, error);
            for (size_t i = 0; i < n && !code; i++) {
                const char *record = records + i * layout.n_bytes;
                uint8_t status = *(const uint8_t *)record_field_const(&layout, record, FIELD_STATUS);
                if (status == STATUS_PENDING)
                    continue;
                v->counts.n_done++;
                check_slot(v, &layout, record, config, first + i);
                uint64_t slot = slot_number(v, config, first + i);
                if (status == STATUS_ERROR)
                    v->counts.n_errors++;
                else
                    v->done[slot / 8] = (uint8_t)(v->done[slot / 8] | 1 << slot % 8);
            }
        }
    free(records);
    return code;
}

/* Keeps n_sample of the done slots, each set of so many with the same probability (Knuth, TAOCP 2, 3.4.2, algorithm S).
 */
static void choose(struct verify *v, uint64_t n_sample, int64_t seed)
{
    uint64_t n_left = v->counts.n_done - v->counts.n_errors;
    uint64_t n_slots = v->description->n_configs * (uint64_t)v->description->replicates;
    v->counts.n_chosen = n_sample = n_sample < n_left ? n_sample : n_left;
    struct rng_key key = rng_key(seed, 0);
    for (uint64_t slot = 0; slot < n_slots; slot++) {
        uint32_t words[2];
        if (!bit(v->done, slot))
            continue;
        rng_words(key, RNG_SAMPLE, (uint32_t)slot, (uint32_t)(slot >> 32), 2, words);
        uint64_t random = (uint64_t)words[1] << 32 | words[0];
        if ((uint64_t)((unsigned __int128)random * n_left-- >> 64) < n_sample)
            n_sample--;
        else
            v->done[slot / 8] = (uint8_t)(v->done[slot / 8] & ~(1 << slot % 8));
    }
}

/* Opens the file and checks its structure, but for its slots. */
static enum error_code open_file(struct verify **verify, const char *path, FILE *lines, struct error *error)
{
    struct verify *v = *verify = calloc(1, sizeof *v);
    if (!v)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    v->path = path;
    v->lines = lines;
    if (results_slots_open(&v->slots, path, RESULTS_SHARED, error))
        return error->code;
    v->description = results_slots_description(v->slots);
    uint64_t replicates = (uint64_t)v->description->replicates;
    v->counts.n_slots = shard_n_jobs(&v->description->shard, v->description->n_configs, replicates);
    v->done = calloc(v->description->n_configs * replicates / 8 + 1, 1);
    v->records = malloc(2 * v->description->layout->n_bytes);
    if (!v->done || !v->records)
        return error_set(error, ERROR_FATAL, "%s: not enough memory to read it", path);
    return results_check_scales(path, v->description, error);
}

enum error_code verify_open(struct verify **verify, const char *path, uint64_t n_sample, int64_t seed, FILE *lines,
                            struct error *error)
{
    if (open_file(verify, path, lines, error) || check_slots(*verify, error)) {
        verify_close(*verify);
        *verify = NULL;
        return error->code;
    }
    choose(*verify, n_sample, seed);
    return ERROR_NONE;
}

/* ---- one slot ----------------------------------------------------------------------------------------------- */

static enum error_code parse_number(const char *option, const char *text, uint64_t *value, struct error *error)
{
    char *end;
    if (!text)
        return error_set(error, ERROR_INPUT, "%s is missing: a slot is chosen by --config and --replicate", option);
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno)
        return error_set(error, ERROR_INPUT, "%s %.40s: allowed: a whole number, from 0 as in the file's arrays",
                         option, text);
    return ERROR_NONE;
}

enum error_code verify_parse_slot(const char *config, const char *replicate, struct job *slot, struct error *error)
{
    *slot = (struct job){0};
    return parse_number("--config", config, &slot->config, error)
               ? error->code
               : parse_number("--replicate", replicate, &slot->replicate, error);
}

static enum error_code check_number(const struct verify *v, const char *option, uint64_t number, uint64_t n,
                                    struct error *error)
{
    return number < n ? ERROR_NONE
                      : error_set(error, ERROR_INPUT, "%s %" PRIu64 ": allowed: from 0 to %" PRIu64 ", as %s has them",
                                  option, number, n - 1, v->path);
}

/* Checks that there is something to compare with. */
static enum error_code check_comparable(struct verify *v, struct error *error)
{
    const struct results_description *d = v->description;
    const struct job *job = &v->job;
    char label[RESULTS_LABEL_MAX], shard[SHARD_TEXT_MAX];
    if (d->layout->is_null)
        return error_set(error, ERROR_INPUT, "%s: its records are made up (--null-jobs): nothing to compare with",
                         v->path);
    results_slots_label(d, job->config, label);
    if (!shard_has(&d->shard, job->config, job->replicate)) {
        shard_format(&d->shard, shard);
        return error_set(error, ERROR_INPUT, "%s: %s, replicate %" PRIu64 ": not of its shard, %s", v->path, label,
                         job->replicate, shard);
    }
    if (results_slots_read(v->slots, job->config, job->replicate, 1, 1, d->layout, v->records, error))
        return error->code;
    switch (*(const uint8_t *)record_field_const(d->layout, v->records, FIELD_STATUS)) {
    case STATUS_PENDING:
        return error_set(error, ERROR_INPUT,
                         "%s: %s, replicate %" PRIu64 ": pending, nothing to compare with; picky run --resume does it",
                         v->path, label, job->replicate);
    case STATUS_ERROR:
        return error_set(error, ERROR_INPUT,
                         "%s: %s, replicate %" PRIu64 ": it ended with an error, nothing to compare with (%s); picky "
                         "run --resume --retry error does it again",
                         v->path, label, job->replicate,
                         (const char *)record_field_const(d->layout, v->records, FIELD_REASON));
    default: check_slot(v, d->layout, v->records, job->config, job->replicate); return ERROR_NONE;
    }
}

enum error_code verify_open_slot(struct verify **verify, const char *path, const struct job *slot, FILE *lines,
                                 struct error *error)
{
    struct job job = *slot;
    if (open_file(verify, path, lines, error) ||
        check_number(*verify, "--config", job.config, (*verify)->description->n_configs, error) ||
        check_number(*verify, "--replicate", job.replicate, (uint64_t)(*verify)->description->replicates, error))
        goto failed;
    struct verify *v = *verify;
    job.seed = v->description->seed + (int64_t)job.replicate;
    job.h = v->description->configs[job.config];
    v->job = job;
    v->is_slot = true;
    if (check_comparable(v, error))
        goto failed;
    uint64_t number = slot_number(v, job.config, job.replicate);
    v->done[number / 8] = (uint8_t)(1 << number % 8);
    v->counts.n_chosen = 1;
    return ERROR_NONE;

failed:
    verify_close(*verify);
    *verify = NULL;
    return error->code;
}

const struct job *verify_job(const struct verify *verify)
{
    return &verify->job;
}

void verify_close(struct verify *verify)
{
    if (!verify)
        return;
    results_slots_close(verify->slots);
    free(verify->done);
    free(verify->records);
    free(verify);
}

const struct results_description *verify_description(const struct verify *verify)
{
    return verify->description;
}

/* ---- comparison --------------------------------------------------------------------------------------------- */

bool verify_leaves_out(const void *verify, uint64_t config, uint64_t replicate)
{
    const struct verify *v = verify;
    return !bit(v->done, slot_number(v, config, replicate));
}

enum error_code verify_put(void *verify, uint64_t config, uint64_t replicate, const void *record, struct error *error)
{
    struct verify *v = verify;
    const struct record_layout *layout = v->description->layout;
    char *stored = v->records, *found = v->records + layout->n_bytes;
    if (results_slots_read(v->slots, config, replicate, 1, 1, layout, stored, error))
        return error->code;

    memcpy(found, record, layout->n_bytes);
    uint8_t status = *(const uint8_t *)record_field_const(layout, found, FIELD_STATUS);
    if (status == STATUS_DIVERGED || status == STATUS_ERROR)
        record_clear_results(layout, found); /* as results_put does */
    if (status == STATUS_ERROR) {            /* of which the file's slots are left out */
        say(v, config, replicate, "cannot be done again: %s",
            (const char *)record_field_const(layout, found, FIELD_REASON));
        v->counts.n_failed++;
        return ERROR_NONE;
    }
    results_slots_fill(layout, stored, found);
    if (v->is_slot)
        job_print_compared(v->lines, layout, &v->job, stored, found);
    bool is_different = false;
    for (int f = 0; f < N_FIELDS; f++) {
        size_t n = layout->n_elements[f] * field_type_size(record_fields[f].type);
        if (record_fields[f].is_provenance || layout->offset[f] == UINT64_MAX ||
            memcmp(stored + layout->offset[f], found + layout->offset[f], n) == 0)
            continue;
        is_different = true;
        say_difference(v, config, replicate, (enum field)f, stored + layout->offset[f], found + layout->offset[f]);
    }
    v->counts.n_compared++;
    v->counts.n_different += is_different;
    return ERROR_NONE;
}

struct verify_counts verify_counts(const struct verify *verify)
{
    return verify->counts;
}

int verify_end(struct verify *verify)
{
    const struct verify_counts *counts = &verify->counts;
    if (verify->n_lines > LINES_MAX)
        fprintf(verify->lines, "%s: %" PRIu64 " more lines like these\n", verify->path, verify->n_lines - LINES_MAX);
    bool is_same = counts->n_different == 0 && counts->n_implausible == 0;
    if (verify->is_slot && counts->n_compared > 0) {
        verify->n_lines = 0;
        say(verify, verify->job.config, verify->job.replicate,
            is_same ? "all bits are the same" : "the bits are not the same");
    }
    return is_same && counts->n_failed == 0 ? 0 : EXIT_FINDING;
}
