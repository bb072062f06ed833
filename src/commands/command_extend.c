/* picky extend: a results file grown to a larger sweep. What is done is kept, and only what is new is run; with a
 * larger max_attempts also what had used up the attempts that it had. */
#include "carry.h"
#include "clock.h"
#include "copying.h"
#include "open.h"
#include "running.h"
#include "stop.h"
#include "twins.h"
#include "watchdog.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINES_MAX = 20, STATUSES_AT_ONCE = 1 << 16, ROWS_MAX = 64 };
#define NOT_THERE UINT32_MAX

/* The configurations of the old file, found by their values: a hash table. */
struct index {
    const struct hyperparameters *configs;
    const struct hyperparameter *aside; /* the row that may differ, or NULL */
    uint32_t *slots;                    /* [n_slots] configuration, or NOT_THERE; n_slots is a power of two */
    size_t n_slots;
};

/* Configurations of an old and a new sweep that are the same. */
struct matching {
    uint32_t *old_of; /* [new->n_configs] in the old sweep, or NOT_THERE */
    uint8_t *is_kept; /* [old->n_configs] the new sweep has it */
    bool has_repeats; /* the old one has a configuration twice */
};

/* What is to become of a file. */
struct extension {
    const char *path;
    const struct arguments *arguments;
    struct results_slots *slots;           /* the old file */
    const struct results_description *old; /* its sweep, and the larger one */
    const struct results_description *new;
    int64_t shift;                      /* replicate r of the old sweep is replicate r + shift of the new one */
    int64_t old_attempts, new_attempts; /* max_attempts, where all configurations have the same; else 0 */
    const struct hyperparameter *aside; /* max_attempts, if it is to become another one for all; else NULL */
    struct matching matching;
    double start_s, deadline_s;   /* of copying (clock_s) */
    uint64_t n_copied, n_to_copy; /* configurations */
    int n_reasons;                /* against it */
    uint64_t n_more;              /* that got no line */
};

static uint64_t hash(const struct hyperparameters *h, const struct hyperparameter *aside)
{
    uint64_t hash = 0;
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *row = &hyperparameter_table[i];
        char text[HYPERPARAMETER_TEXT_MAX] = "";
        uint64_t words[HYPERPARAMETER_TEXT_MAX / sizeof(uint64_t)] = {0};
        if (row == aside)
            continue;
        if (row->type != HYPERPARAMETER_REAL && row->type != HYPERPARAMETER_TEXT) {
            words[0] = (uint64_t)hyperparameter_integer(h, row);
        } else if (row->type == HYPERPARAMETER_REAL) {
            double value = hyperparameter_real(h, row) + 0.0; /* -0 equals 0 */
            memcpy(words, &value, sizeof value);
        } else {
            strncpy(text, hyperparameter_string(h, row), sizeof text - 1);
            memcpy(words, text, sizeof text);
        }
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
            hash = (hash ^ words[w]) * UINT64_C(0x9e3779b97f4a7c15);
            hash ^= hash >> 29;
        }
    }
    return hash;
}

static bool is_equal(const struct hyperparameters *a, const struct hyperparameters *b,
                     const struct hyperparameter *aside)
{
    for (int i = 0; i < n_hyperparameters; i++)
        if (&hyperparameter_table[i] != aside && !hyperparameter_equal(a, b, &hyperparameter_table[i]))
            return false;
    return true;
}

/* The slot of the configuration equal to `h`, or the free one where it belongs. */
static uint32_t *find(const struct index *index, const struct hyperparameters *h)
{
    for (uint64_t i = hash(h, index->aside);; i++) {
        uint32_t *slot = &index->slots[i & (index->n_slots - 1)];
        if (*slot == NOT_THERE || is_equal(&index->configs[*slot], h, index->aside))
            return slot;
    }
}

static enum error_code out_of_memory(struct error *error)
{
    return error_set(error, ERROR_FATAL, "not enough memory to extend a file");
}

/* The max_attempts of all configurations, or 0 if they have several. */
static int64_t common_attempts(const struct results_description *description)
{
    for (size_t i = 1; i < description->n_configs; i++)
        if (description->configs[i].max_attempts != description->configs[0].max_attempts)
            return 0;
    return description->configs[0].max_attempts;
}

static void matching_free(struct matching *matching)
{
    free(matching->old_of);
    free(matching->is_kept);
}

/* Finds the new sweep's configurations in the old one, the row `aside` (or NULL) set aside. */
static enum error_code match(struct matching *matching, const struct results_description *old,
                             const struct results_description *new, const struct hyperparameter *aside,
                             struct error *error)
{
    struct index index = {.configs = old->configs, .aside = aside, .n_slots = 16};
    check(old->n_configs > 0 && new->n_configs > 0);
    while (index.n_slots < 2 * old->n_configs)
        index.n_slots *= 2;
    index.slots = malloc(index.n_slots * sizeof *index.slots);
    matching->old_of = malloc(new->n_configs * sizeof *matching->old_of);
    matching->is_kept = calloc(old->n_configs, 1);
    if (!index.slots || !matching->old_of || !matching->is_kept) {
        free(index.slots);
        return out_of_memory(error);
    }
    memset(index.slots, 0xff, index.n_slots * sizeof *index.slots);
    for (size_t i = 0; i < old->n_configs; i++) {
        uint32_t *slot = find(&index, &old->configs[i]);
        if (*slot == NOT_THERE)
            *slot = (uint32_t)i;
    }
    for (size_t i = 0; i < new->n_configs; i++) {
        matching->old_of[i] = *find(&index, &new->configs[i]);
        if (matching->old_of[i] != NOT_THERE)
            matching->is_kept[matching->old_of[i]] = 1;
    }
    /* Cases may repeat a configuration: its copies have the same results. */
    for (size_t i = 0; i < old->n_configs; i++) {
        uint32_t same = *find(&index, &old->configs[i]);
        matching->is_kept[i] = matching->is_kept[same];
        matching->has_repeats |= same != i;
    }
    free(index.slots);
    return ERROR_NONE;
}

enum { DIFFERENCE_MAX = 1024 }; /* bytes of what differs, in words */

static void refuse(struct extension *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line for a reason against it. */
static void refuse(struct extension *e, const char *format, ...)
{
    if (e->n_reasons == LINES_MAX) {
        e->n_more++;
        return;
    }
    e->n_reasons++;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "picky: %s: ", e->path);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* Counts the finished jobs of an old configuration, and of these the ones whose seeds the new sweep lacks. */
static enum error_code count_done(struct extension *e, uint64_t config, uint64_t *n_done, uint64_t *n_seedless,
                                  struct error *error)
{
    uint8_t status[STATUSES_AT_ONCE];
    uint64_t replicates = (uint64_t)e->old->replicates;
    *n_done = *n_seedless = 0;
    for (uint64_t first = 0; first < replicates; first += STATUSES_AT_ONCE) {
        size_t n = replicates - first < STATUSES_AT_ONCE ? (size_t)(replicates - first) : STATUSES_AT_ONCE;
        if (results_slots_status(e->slots, config, first, n, status, error))
            return error->code;
        for (size_t i = 0; i < n; i++) {
            int64_t place = (int64_t)(first + i) + e->shift;
            *n_done += status[i] != STATUS_PENDING;
            *n_seedless += status[i] != STATUS_PENDING && (place < 0 || place >= e->new->replicates);
        }
    }
    return ERROR_NONE;
}

/* Says that the new sweep has the n configurations, `first` and others, with other max_attempts only. */
static void refuse_attempts(struct extension *e, uint64_t first, uint64_t n)
{
    char label[RESULTS_LABEL_MAX], more[64] = "";
    results_slots_label(e->old, first, label);
    if (n > 1)
        snprintf(more, sizeof more, " and of %" PRIu64 " more", n - 1);
    refuse(e,
           "max_attempts: the sweep has another than %" PRId64 " of %s%s; allowed: a larger one where all "
           "configurations have the same, in the file and in the sweep",
           e->old->configs[first].max_attempts, label, more);
}

/* What differs between a configuration of the old file and the one of the new sweep that is most like it, beside what
 * its label shows: "; epochs = 1 in the file, 2 in the sweep", or nothing. */
static void describe_difference(const struct extension *e, uint64_t config, char text[DIFFERENCE_MAX])
{
    const struct hyperparameters *old = &e->old->configs[config], *nearest = NULL;
    int n_least = n_hyperparameters;
    for (size_t i = 0; i < e->new->n_configs &&n_least > 1; i++) {
        int n = 0;
        for (int row = 0; row < n_hyperparameters && n < n_least; row++)
            n += !hyperparameter_equal(old, &e->new->configs[i], &hyperparameter_table[row]);
        if (n < n_least)
            nearest = &e->new->configs[i];
        n_least = n < n_least ? n : n_least;
    }
    *text = '\0';
    for (int row = 0; row < n_hyperparameters && nearest; row++) {
        char in_old[HYPERPARAMETER_FORMAT_MAX], in_new[HYPERPARAMETER_FORMAT_MAX];
        size_t used = strlen(text);
        if (e->old->swept[row] || !results_row_tells(&hyperparameter_table[row], old, nearest) ||
            hyperparameter_equal(old, nearest, &hyperparameter_table[row]))
            continue;
        hyperparameter_format(old, &hyperparameter_table[row], in_old);
        hyperparameter_format(nearest, &hyperparameter_table[row], in_new);
        snprintf(text + used, DIFFERENCE_MAX - used, "; %s = %.80s in the file, %.80s in the sweep",
                 hyperparameter_table[row].name, in_old, in_new);
    }
}

/* ---- what only files that have it may hold ---- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* How an old file spells the values of texts: texts [row] [n], sorted; those of other rows are NULL. */
struct spellings {
    const struct extension *e;
    char (*texts[ROWS_MAX])[HYPERPARAMETER_TEXT_MAX];
};

static bool is_known(const struct spellings *s, int row, const struct hyperparameters *h)
{
    return bsearch(hyperparameter_string(h, &hyperparameter_table[row]), s->texts[row], s->e->old->n_configs,
                   sizeof *s->texts[row], compare_texts);
}

/* The first row in which two configurations of the new sweep are spelt otherwise, one as the file does not; -1: none.
 */
static int find_new_spelling(const struct spellings *s, uint32_t first, uint32_t second)
{
    const struct hyperparameters *a = &s->e->new->configs[first], *b = &s->e->new->configs[second];
    for (int row = 0; row < n_hyperparameters; row++)
        if (s->texts[row] && !hyperparameter_equal(a, b, &hyperparameter_table[row]) &&
            (!is_known(s, row, a) || !is_known(s, row, b)))
            return row;
    return -1;
}

/* Whether two configurations that are one are so only in the new sweep. */
static bool are_new(const void *context, uint32_t first, uint32_t second)
{
    const struct spellings *s = context;
    bool are_equal = is_equal(&s->e->new->configs[first], &s->e->new->configs[second], NULL);
    return are_equal ? !s->e->matching.has_repeats : find_new_spelling(s, first, second) >= 0;
}

static enum error_code read_spellings(struct spellings *s, struct error *error)
{
    const struct results_description *old = s->e->old;
    for (int row = 0; row < n_hyperparameters; row++) {
        if (hyperparameter_table[row].type != HYPERPARAMETER_TEXT)
            continue;
        s->texts[row] = calloc(old->n_configs, sizeof *s->texts[row]);
        if (!s->texts[row])
            return out_of_memory(error);
        for (size_t i = 0; i < old->n_configs; i++)
            strncpy(s->texts[row][i], hyperparameter_string(&old->configs[i], &hyperparameter_table[row]),
                    HYPERPARAMETER_TEXT_MAX - 1);
        qsort(s->texts[row], old->n_configs, sizeof *s->texts[row], compare_texts);
    }
    return ERROR_NONE;
}

/* Says what makes no new file and is new in the larger sweep: what the old file has already goes on. */
static enum error_code check_refused(struct extension *e, const struct sweep *sweep, struct error *error)
{
    struct spellings s = {.e = e};
    struct twins twins = {0};
    check(n_hyperparameters <= ROWS_MAX);
    if (!sweep->refused)
        return ERROR_NONE;
    if (!read_spellings(&s, error) &&
        !twins_find(sweep->configs, sweep->n_configs, twins_respell, are_new, &s, &twins, error) && twins.n > 0) {
        int row = find_new_spelling(&s, twins.first, twins.second);
        if (row >= 0)
            refuse(e, "%s: \"%s\" and \"%s\" are one value, and the file has not both; allowed: each value once",
                   hyperparameter_table[row].name,
                   hyperparameter_string(&e->new->configs[twins.first], &hyperparameter_table[row]),
                   hyperparameter_string(&e->new->configs[twins.second], &hyperparameter_table[row]));
        else
            refuse(e, "%s", sweep->refused);
    }
    int second_task = (int)(hyperparameter_find("second_task") - hyperparameter_table);
    struct error outdated = {0};
    for (size_t i = 0; i < e->new->n_configs && !error->code && !outdated.code; i++)
        if (hyperparameters_check_new(&e->new->configs[i], &outdated)) {
            if (is_known(&s, second_task, &e->new->configs[i]))
                outdated.code = ERROR_NONE;
            else
                refuse(e, "%s", outdated.message);
        }
    for (int row = 0; row < n_hyperparameters; row++)
        free(s.texts[row]);
    return error->code;
}

/* Says what the new sweep would lose of the old file. */
static enum error_code check_extension(struct extension *e, const struct sweep *sweep, struct error *error)
{
    const struct results_description *old = e->old, *new = e->new;
    char text[SHARD_TEXT_MAX];
    shard_format(&old->shard, text);
    if (check_refused(e, sweep, error))
        return error->code;
    if (old->shard.n > 1)
        refuse(e, "it is for shard %s of its sweep; allowed: the whole, as picky merge makes it", text);
    if (old->layout->is_null != new->layout->is_null)
        refuse(e, old->layout->is_null ? "its records are made up (--null-jobs)"
                                       : "its models are trained; the sweep is to run with --null-jobs");
    for (const struct store_name *name = store_names; name->name; name++)
        if (new->layout->store & ~old->layout->store & name->bit)
            refuse(e, "store: the sweep asks for \"%s\", which the file has not kept", name->name);
    struct matching like = {0}; /* but for max_attempts; looked for where it is needed */
    uint64_t n_seedless = 0, n_all_done = 0, n_like = 0, first_like = 0;
    for (uint64_t config = 0; config < old->n_configs && !error->code; config++) {
        uint64_t n_done, n;
        if (count_done(e, config, &n_done, &n, error))
            break;
        n_seedless += n;
        n_all_done += n_done;
        if (n_done == 0 || e->matching.is_kept[config] ||
            (!like.is_kept && match(&like, old, new, hyperparameter_find("max_attempts"), error)))
            continue;
        if (!like.is_kept[config]) {
            char label[RESULTS_LABEL_MAX], difference[DIFFERENCE_MAX] = "";
            results_slots_label(old, config, label);
            if (e->n_reasons < LINES_MAX)
                describe_difference(e, config, difference);
            refuse(e, "%s is not in the sweep; %" PRIu64 " jobs of it are finished%s", label, n_done, difference);
        } else if (n_like++ == 0) {
            first_like = config;
        }
    }
    matching_free(&like);
    if (error->code)
        return error->code;
    if (n_like > 0)
        refuse_attempts(e, first_like, n_like);
    if (n_all_done > 0 && e->aside && e->new_attempts < e->old_attempts)
        refuse(e, "max_attempts: %" PRId64 " in the file, %" PRId64 " in the sweep; allowed: %" PRId64 " or more",
               e->old_attempts, e->new_attempts, e->old_attempts);
    if (n_seedless > 0)
        refuse(e,
               "seeds %" PRId64 " to %" PRId64 " in the file, %" PRId64 " to %" PRId64 " in the sweep: %" PRIu64
               " finished jobs have seeds that the sweep lacks",
               old->seed, old->seed + old->replicates - 1, new->seed, new->seed + new->replicates - 1, n_seedless);
    if (e->n_more > 0)
        fprintf(stderr, "picky: %s: and %" PRIu64 " more\n", e->path, e->n_more);
    return e->n_reasons == 0
               ? ERROR_NONE
               : error_set(error, ERROR_INPUT,
                           "%s: not extended; allowed: a sweep that has all that is finished in it, or another file",
                           e->path);
}

/* Whether a trained model is as it was before: its test errors never changed. */
static bool has_learned_nothing(const struct record_layout *layout, const void *record)
{
    const float *error = record_field_const(layout, record, FIELD_TEST_ERROR);
    uint64_t n_tasks = layout->size[DIMENSION_TASK];
    for (uint64_t i = n_tasks; i < layout->n_elements[FIELD_TEST_ERROR]; i++)
        if (!isnan(error[i]) && error[i] != error[i % n_tasks])
            return false;
    return true;
}

/* Whether a job may come to something else with more attempts than it was allowed. */
static bool is_open_ended(const struct copying *copying, const void *record)
{
    uint8_t status = *(const uint8_t *)record_field_const(copying->layout, record, FIELD_STATUS);
    if (status == STATUS_REJECTED || status == STATUS_DIVERGED)
        return true;
    /* The last attempt that a job has is trained even if it can never learn, and may be accepted if the error threshold
     * is as lax as that. With another attempt to come it is rejected. */
    int64_t attempts = *(const uint16_t *)record_field_const(copying->layout, record, FIELD_ATTEMPTS);
    return status == STATUS_ACCEPTED && attempts == results_slots_description(copying->from)->configs[0].max_attempts &&
           has_learned_nothing(copying->layout, record);
}

/* Every slot of the new file is filled once. */
static enum error_code no_overlap(void *context, uint64_t config, uint64_t replicate, const void *record,
                                  struct error *error)
{
    (void)context, (void)config, (void)replicate, (void)record, (void)error;
    check(false);
    return ERROR_NONE;
}

/* Takes over what others have added to the old file. */
static enum error_code carry_over(struct extension *e, struct results *results, struct error *error)
{
    const struct results_carry carry = {.paths = &e->path,
                                        .n_paths = 1,
                                        .access = RESULTS_SHARED, /* it is locked already */
                                        .old = e->old,
                                        .new = e->new,
                                        .drops = e->arguments->drops,
                                        .n_drops = e->arguments->n_drops,
                                        .lines = stderr};
    return results_carry(results, &carry, error) == ERROR_INPUT ? error_prefix(error, "%s: not extended", e->path)
                                                                : error->code;
}

/* Whether copying has to end, the share of this configuration being done: a signal has come; or the time is over, and
 * what is left takes more than half of the grace, going by what is done. */
static bool has_to_stop(void *context, double share)
{
    const struct extension *e = context;
    double now_s = clock_s(), done = ((double)e->n_copied + share) / (double)e->n_to_copy;
    if (stop_signal())
        return true;
    if (now_s < e->deadline_s || (now_s - e->start_s) * (1 - done) / done < watchdog_grace_s() / 2)
        return false;
    fprintf(stderr, "picky: %s: not extended: copying what is finished takes longer than the time that there is\n",
            e->path);
    return true;
}

/* Makes the new file, with what is finished in the old one, and puts it in its place. */
static enum error_code copy_all(struct extension *e, struct results **results, bool *is_stopped, struct error *error)
{
    struct run_log log = {0};
    struct results_description description = *e->new;
    struct results_plan *plans =
        plans_join(e->old->plans, e->old->n_plans, e->new->plans, e->new->n_plans, &description.n_plans);
    if (!plans)
        return out_of_memory(error);
    description.plans = plans;
    results_draft(results, e->path, true, &description, error);
    free(plans);
    if (error->code)
        return error->code;
    carry_over(e, *results, error);
    struct copying copying = {.from = e->slots,
                              .from_path = e->path,
                              .to = *results,
                              .layout = e->new->layout,
                              .stays_behind = e->aside ? is_open_ended : NULL,
                              .has_to_stop = has_to_stop,
                              .stop_context = e};
    e->start_s = clock_s();
    for (uint64_t config = 0; config < e->new->n_configs; config++)
        e->n_to_copy += e->matching.old_of[config] != NOT_THERE;
    for (uint64_t config = 0; config < e->new->n_configs && !error->code && !copying.is_stopped; config++) {
        if (e->matching.old_of[config] == NOT_THERE)
            continue;
        copying_config(&copying, e->matching.old_of[config], config, e->shift, e->new->replicates, no_overlap, NULL,
                       error);
        e->n_copied++;
    }
    *is_stopped = copying.is_stopped;
    if (!error->code && !*is_stopped && !run_log_add(&log, e->slots, error) && !run_log_write(&log, *results, error) &&
        !results_publish(*results, error)) {
        fprintf(stderr,
                "picky: %s: extended from %zu configuration%s x %" PRId64 " replicates to %zu x %" PRId64 "; %" PRIu64
                " finished jobs are kept\n",
                e->path, e->old->n_configs, e->old->n_configs == 1 ? "" : "s", e->old->replicates, e->new->n_configs,
                e->new->replicates, copying.n_put);
        for (int f = 0; f < N_FIELDS; f++)
            if (e->old->layout->n_elements[f] > 0 && e->new->layout->n_elements[f] == 0)
                fprintf(stderr, "picky: warning: %s: %s is in it no more: the larger sweep does not store it\n",
                        e->path, record_fields[f].name);
        if (e->aside)
            fprintf(stderr,
                    "picky: %s: max_attempts from %" PRId64 " to %" PRId64 ": %" PRIu64 " jobs that had used all their "
                    "attempts are pending again\n",
                    e->path, e->old_attempts, e->new_attempts, copying.n_behind);
    }
    copying_free(&copying);
    run_log_free(&log);
    if (error->code || *is_stopped) {
        struct error ignored;
        results_close(*results, &ignored);
        *results = NULL;
    }
    return error->code;
}

/* Whether the new sweep is the old one: there is nothing to copy. */
static bool is_same_sweep(const struct extension *e)
{
    if (e->new->n_configs != e->old->n_configs || e->new->replicates != e->old->replicates || e->shift != 0 ||
        e->new->layout->store != e->old->layout->store)
        return false;
    for (size_t i = 0; i < e->new->n_configs; i++)
        if (e->matching.old_of[i] == NOT_THERE || !is_equal(&e->new->configs[i], &e->old->configs[i], NULL))
            return false;
    return true;
}

static enum error_code open_extended(struct results **results, const char *path, const struct arguments *arguments,
                                     const struct sweep *sweep, const struct results_description *description,
                                     double deadline_s, bool *is_stopped, struct error *error)
{
    *results = NULL;
    /* What a link stands for is replaced, not the link. */
    char *real = realpath(path, NULL);
    struct stat status;
    struct extension e = {.path = real && lstat(path, &status) == 0 && S_ISLNK(status.st_mode) ? real : path,
                          .arguments = arguments,
                          .new = description,
                          .deadline_s = deadline_s};
    if (results_slots_open(&e.slots, e.path, RESULTS_WRITING, error)) {
        free(real);
        return error->code;
    }
    e.old = results_slots_description(e.slots);
    e.shift = e.old->seed - description->seed;
    bool is_same = false;
    e.old_attempts = common_attempts(e.old);
    e.new_attempts = common_attempts(description);
    if (e.old_attempts && e.new_attempts && e.old_attempts != e.new_attempts)
        e.aside = hyperparameter_find("max_attempts");
    if (!match(&e.matching, e.old, description, e.aside, error) && !check_extension(&e, sweep, error) &&
        !(is_same = is_same_sweep(&e)))
        copy_all(&e, results, is_stopped, error);
    results_slots_close(e.slots);
    if (is_same) {
        fprintf(stderr, "picky: %s: it holds this sweep already: nothing to extend\n", path);
        results_open(results, path, description, stderr, error);
    }
    matching_free(&e.matching);
    free(real);
    return error->code;
}

static int run(const struct command *command, int argc, char **argv)
{
    static const struct running running = {.options = "sTNbXq",
                                           .operands = "FILE.h5 SWEEP.cfg",
                                           .sweep_operand = 1,
                                           .output_operand = 0,
                                           .open = open_extended};
    return running_main(command, &running, argc, argv);
}

const struct command command_extend = {
    .name = "extend",
    .synopsis = "FILE.h5 SWEEP.cfg [--set KEY=VALUE]... [--drop NAME]...\n"
                "                    [--time-limit D] [--by KEY] [--quiet]",
    .summary = "Grows a results file to a larger sweep and runs what is new; also under mpirun.",
    .details = "The sweep has more replicates, values or cases than the one that FILE.h5 was\n"
               "made with, in any order, and all that is finished in it: the same\n"
               "configurations and seeds. Or it has a larger max_attempts, one for all\n"
               "configurations: jobs that were rejected or diverged are then done again, those\n"
               "that were accepted are kept, and all is as if the sweep had been run so from\n"
               "the start.\n"
               "\n"
               "The larger file is written beside as FILE.h5.picky-draft, which takes its place\n"
               "when all that is finished is in it; until then FILE.h5 is as it was. From then\n"
               "on it is as picky run makes it: whatever ends the run,\n"
               "picky run SWEEP.cfg -o FILE.h5 --resume goes on.\n"
               "\n"
               "What you added to FILE.h5 (attributes, datasets, groups) goes along, as do\n"
               "owner, group, access list and mode; what lies along a dimension that grows is\n"
               "named and refused.\n"
               "\n"
               "  --set KEY=VALUE   replaces a value that the sweep does not vary; also seed,\n"
               "                    replicates, name\n"
               "  --drop NAME       leaves behind what you added by this name (notes, group/x,\n"
               "                    importance@comment)\n"
               "  --time-limit D    stops early, in good order, to end within D (see\n"
               "                    picky run --help)\n"
               "  --by KEY          at the end, counts for each value of a hyperparameter too\n"
               "  --quiet           no first lines and no progress; warnings, errors and the\n"
               "                    last lines stay\n"
               "\n"
               "Exit codes: 0 complete, 2 bad usage, sweep or file, 3 fatal (I/O, MPI),\n"
               "4 complete but some jobs failed with an error, 5 one job needs longer than the\n"
               "whole time limit, 75 stopped early.\n",
    .lists_hyperparameters = true,
    .is_parallel = true,
    .pages = "more-replicates.md",
    .run = run,
};
