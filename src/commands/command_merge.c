/* picky merge: the parts of a sweep, run by themselves, as one results file. */
#include "carry.h"
#include "cli.h"
#include "clock.h"
#include "copying.h"
#include "counts.h"
#include "go_on.h"
#include "open.h"
#include "provenance.h"
#include "sweep_warnings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { LINES_MAX = 20 };

struct part {
    const char *path;
    struct shard shard;
    uint64_t n_jobs, n_done; /* of its shard */
};

struct merge {
    const char *path; /* of the merged file */
    const struct arguments *arguments;
    struct part *parts;
    int n_parts;
    int at;                                  /* the part that is copied */
    const struct results_description *first; /* the first part's, whose sweep all must hold */
    struct results_slots *first_slots;       /* that part */
    const char *first_path;
    struct record_layout layout; /* of the merged file: today's, whatever the parts lack */
    struct results *results;     /* the merged file, a draft */
    struct run_log log;
    struct results_plan *plans; /* of all parts, joined */
    size_t n_plans;
    char *record, *other; /* scratch: two records */
};

/* Adds a part's plans to those of the parts before. */
static enum error_code join_plans(struct merge *merge, const struct results_description *d, struct error *error)
{
    struct results_plan *plans = merge->first
                                     ? plans_join(merge->plans, merge->n_plans, d->plans, d->n_plans, &merge->n_plans)
                                     : plans_join(d->plans, d->n_plans, d->plans, d->n_plans, &merge->n_plans);
    if (!plans)
        return error_set(error, ERROR_FATAL, "out of memory");
    free(merge->plans);
    merge->plans = plans;
    return ERROR_NONE;
}

/* Opens a part, so that nobody writes it meanwhile. *n_other counts those of another sweep, which are named. */
static enum error_code open_part(struct merge *merge, int i, struct results_slots **slots, int *n_other,
                                 struct error *error)
{
    bool is_same = true;
    if (results_slots_open(slots, merge->parts[i].path, RESULTS_READING, error))
        return error->code;
    const struct results_description *d = results_slots_description(*slots);
    merge->parts[i].shard = d->shard;
    merge->parts[i].n_jobs = shard_n_jobs(&d->shard, d->n_configs, (uint64_t)d->replicates);
    if (merge->first && results_slots_compare(*slots, merge->first, merge->first_path, stderr, &is_same, error)) {
        results_slots_close(*slots);
        *slots = NULL;
        return error->code;
    }
    *n_other += !is_same;
    return is_same ? join_plans(merge, d, error) : ERROR_NONE;
}

/* The first part before the present one that has a slot done: the one that it was taken from. */
static const char *find_earlier(struct merge *merge, uint64_t config, uint64_t replicate)
{
    for (int i = 0; i < merge->at; i++) {
        struct results_slots *slots;
        struct error ignored;
        uint8_t status = STATUS_PENDING;
        if (results_slots_open(&slots, merge->parts[i].path, RESULTS_SHARED, &ignored))
            continue;
        results_slots_status(slots, config, replicate, 1, &status, &ignored);
        results_slots_close(slots);
        if (status != STATUS_PENDING)
            return merge->parts[i].path;
    }
    return "an earlier part";
}

/* Of a slot that two parts have: the bits must be the same, but for what one of them lacks. */
static enum error_code compare_overlap(void *context, uint64_t config, uint64_t replicate, const void *record,
                                       struct error *error)
{
    struct merge *merge = context;
    if (results_get(merge->results, config, replicate, merge->record, error))
        return error->code;
    memcpy(merge->other, record, merge->layout.n_bytes);
    results_slots_fill(&merge->layout, merge->other, merge->record);
    bool is_fuller = results_slots_fill(&merge->layout, merge->record, record);
    const char *name = results_slots_difference(&merge->layout, merge->record, merge->other);
    if (!name)
        return is_fuller ? results_replace(merge->results, config, replicate, merge->record, error) : ERROR_NONE;
    char label[RESULTS_LABEL_MAX];
    results_slots_label(merge->first, config, label);
    return error_set(error, ERROR_INPUT,
                     "%s: %s, replicate %" PRIu64 " (seed %" PRId64
                     "): %s has other bits than in %s; one of the two is wrong",
                     merge->parts[merge->at].path, label, replicate, merge->first->seed + (int64_t)replicate, name,
                     find_earlier(merge, config, replicate));
}

static enum error_code copy_part(struct merge *merge, struct results_slots *slots, struct error *error)
{
    struct copying copying = {
        .from = slots, .from_path = merge->parts[merge->at].path, .to = merge->results, .layout = &merge->layout};
    for (uint64_t config = 0; config < merge->first->n_configs && !error->code; config++)
        copying_config(&copying, config, config, 0, merge->first->replicates, compare_overlap, merge, error);
    merge->parts[merge->at].n_done = copying.n_found;
    copying_free(&copying);
    return error->code ? error->code : run_log_add(&merge->log, slots, error);
}

/* Checks all parts before anything is written. */
static enum error_code check_parts(struct merge *merge, struct error *error)
{
    int n_other = 0;
    for (int i = 1; i < merge->n_parts; i++) {
        struct results_slots *slots;
        if (open_part(merge, i, &slots, &n_other, error))
            return error->code;
        results_slots_close(slots);
    }
    if (n_other > 0)
        return error_set(error, ERROR_INPUT, "%s: not made: %d of %d parts hold%s another sweep than %s", merge->path,
                         n_other, merge->n_parts, n_other == 1 ? "s" : "", merge->first_path);
    return ERROR_NONE;
}

static enum error_code copy_parts(struct merge *merge, struct error *error)
{
    for (merge->at = 0; merge->at < merge->n_parts && !error->code; merge->at++) {
        struct results_slots *slots = merge->first_slots;
        int n_other = 0;
        bool is_first = merge->parts[merge->at].path == merge->first_path;
        if (!is_first && open_part(merge, merge->at, &slots, &n_other, error))
            break;
        if (n_other > 0)
            error_set(error, ERROR_INPUT, "%s: it has changed meanwhile", merge->parts[merge->at].path);
        else
            copy_part(merge, slots, error);
        if (!is_first)
            results_slots_close(slots);
    }
    char end[CLOCK_TEXT_MAX];
    clock_text(clock_calendar_s(), end);
    if (error->code || run_log_write(&merge->log, merge->results, error) ||
        results_set_provenance(merge->results, "end_time", end, error))
        return error->code;
    return results_publish(merge->results, error);
}

/* Takes over what others have added to the parts. */
static enum error_code carry_over(struct merge *merge, const struct results_description *description,
                                  struct error *error)
{
    const struct results_carry carry = {.paths = (const char *const *)merge->arguments->operands,
                                        .n_paths = merge->n_parts,
                                        .access = RESULTS_READING,
                                        .old = merge->first,
                                        .new = description,
                                        .drops = merge->arguments->drops,
                                        .n_drops = merge->arguments->n_drops,
                                        .lines = stderr};
    return results_carry(merge->results, &carry, error) == ERROR_INPUT
               ? error_prefix(error, "%s: not made", merge->path)
               : error->code;
}

static uint64_t n_pending(const struct merge *merge, const struct shard *shard)
{
    uint64_t n = 0;
    for (uint64_t config = 0; config < merge->first->n_configs; config++)
        for (uint64_t replicate = shard_first(shard, config); replicate < (uint64_t)merge->first->replicates;
             replicate += shard_stride(shard))
            n += !results_is_done(merge->results, config, replicate);
    return n;
}

static bool has_shard(const struct merge *merge, const struct shard *shard)
{
    for (int i = 0; i < merge->n_parts; i++)
        if (shard_equal(&merge->parts[i].shard, shard))
            return true;
    return false;
}

/* Says which parts are not complete, and which shards of those numbers that the parts have are missing. */
static void print_missing(const struct merge *merge)
{
    char shard[COUNTS_SHARD_MAX];
    for (int i = 0; i < merge->n_parts; i++) {
        const struct part *part = &merge->parts[i];
        counts_shard(&part->shard, shard);
        if (part->n_done < part->n_jobs)
            fprintf(stderr, "picky: %s%s: %" PRIu64 " of %" PRIu64 " jobs done\n", part->path, shard, part->n_done,
                    part->n_jobs);
    }
    for (int i = 0; i < merge->n_parts; i++) {
        uint64_t n = merge->parts[i].shard.n, n_more = 0;
        int n_lines = 0, before = 0;
        while (before < i && merge->parts[before].shard.n != n)
            before++;
        if (n <= 1 || before < i)
            continue;
        for (struct shard s = {1, n}; s.index <= n; s.index++) {
            uint64_t n_left;
            if (has_shard(merge, &s))
                continue;
            if (n_lines == LINES_MAX) {
                n_more++;
            } else if ((n_left = n_pending(merge, &s)) > 0) {
                n_lines++;
                fprintf(stderr, "picky: shard %" PRIu64 "/%" PRIu64 " is missing: %" PRIu64 " jobs\n", s.index, n,
                        n_left);
            }
        }
        if (n_more > 0)
            fprintf(stderr, "picky: and %" PRIu64 " more shards of %" PRIu64 "\n", n_more, n);
    }
}

/* The sweep's text as it was run, of the first part: earlier programs kept it without overrides. A file whose text has
 * become another sweep's is merged all the same, without one. The caller frees *text; ERROR_FATAL for memory. */
static enum error_code read_sweep_text(char **text, const struct merge *merge, struct error *error)
{
    const struct results_description *d = merge->first;
    const struct as_run as_run = {.name = d->name,
                                  .seed = d->seed,
                                  .replicates = d->replicates,
                                  .store = (unsigned)d->layout->store,
                                  .configs = d->configs,
                                  .n_configs = d->n_configs};
    if (sweep_as_run(text, d->sweep_text, &as_run, error) != ERROR_INPUT)
        return error->code;
    fprintf(stderr, "picky: warning: %s: the sweep's text in it is not that of its configurations (%s); %s gets none\n",
            merge->first_path, error->message, merge->path);
    error->code = ERROR_NONE;
    *text = strdup("");
    return *text ? ERROR_NONE : error_set(error, ERROR_FATAL, "out of memory");
}

static enum error_code merge_parts(struct merge *merge, const char *command_line, uint64_t counts[N_STATUSES],
                                   struct error *error)
{
    struct utsname host = {.nodename = ""};
    struct provenance provenance;
    char *sweep_text = NULL;
    int n_other = 0;
    merge->first_path = merge->parts[0].path;
    if (open_part(merge, 0, &merge->first_slots, &n_other, error))
        return error->code;
    merge->first = results_slots_description(merge->first_slots);
    if (record_layout_make(&merge->layout, merge->first->configs, merge->first->n_configs,
                           (unsigned)merge->first->layout->store, error)) {
        results_slots_close(merge->first_slots);
        return error->code;
    }
    merge->layout.is_null = merge->first->layout->is_null;
    merge->record = malloc(2 * merge->layout.n_bytes);
    merge->other = merge->record ? merge->record + merge->layout.n_bytes : NULL;
    uname(&host);
    provenance_make(&provenance, command_line, host.nodename, 1, results_slots_original(merge->first_slots));
    struct results_description description = *merge->first;
    description.provenance = provenance.attributes;
    description.shard = (struct shard){0};
    description.layout = &merge->layout;
    if (!merge->record)
        error_set(error, ERROR_FATAL, "not enough memory for a record");
    else if (access(merge->path, F_OK) == 0)
        error_set(error, ERROR_INPUT, "%s: exists already; allowed: a new file", merge->path);
    else
        check_parts(merge, error);
    if (!error->code && !read_sweep_text(&sweep_text, merge, error))
        description.sweep_text = sweep_text;
    description.plans = merge->plans;
    description.n_plans = merge->n_plans;
    if (!error->code && !results_draft(&merge->results, merge->path, false, &description, error) &&
        !carry_over(merge, &description, error) && !copy_parts(merge, error)) {
        results_counts(merge->results, counts);
        if (counts[STATUS_PENDING] > 0)
            print_missing(merge);
    }
    struct error close_error = {0};
    if (results_close(merge->results, &close_error) && !error->code)
        *error = close_error;
    bool is_null = merge->first->layout->is_null, has_sweep = sweep_text && *sweep_text;
    results_slots_close(merge->first_slots);
    free(merge->plans);
    run_log_free(&merge->log);
    free(merge->record);
    free(sweep_text);
    if (error->code)
        return error->code;

    char text[COUNTS_TEXT_MAX];
    counts_text(counts, text);
    sweep_warn_of_names(stderr, merge->path);
    fprintf(stderr, "picky: %s: %s\n", merge->path, text);
    if (counts[STATUS_PENDING] > 0) {
        const struct arguments go_on = {.null_jobs = is_null};
        fprintf(stderr, "picky: it is to be completed; ");
        if (has_sweep)
            go_on_print_exported(stderr, merge->path, &go_on, 1);
        else
            fprintf(stderr, "go on with its sweep, by picky run and --resume\n");
    }
    return ERROR_NONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct error error = {0};
    char command_line[4096];
    uint64_t counts[N_STATUSES] = {0};
    provenance_command(argc, argv, command_line, sizeof command_line);
    switch (arguments_parse(&arguments, command, "oXq", "PART.h5...", argc, argv)) {
    case ARGUMENTS_HELP: return 0;
    case ARGUMENTS_BAD: return ERROR_INPUT;
    case ARGUMENTS_OK: break;
    }
    struct merge merge = {.path = arguments.output, .arguments = &arguments, .n_parts = arguments.n_operands};
    if (!merge.path)
        error_set(&error, ERROR_INPUT, "merge: -o FILE.h5 is missing (see picky merge --help)");
    else if (!(merge.parts = calloc((size_t)merge.n_parts, sizeof *merge.parts)))
        error_set(&error, ERROR_FATAL, "out of memory");
    for (int i = 0; i < merge.n_parts && !error.code; i++)
        merge.parts[i].path = arguments.operands[i];
    if (!error.code)
        merge_parts(&merge, command_line, counts, &error);
    free(merge.parts);
    arguments_free(&arguments);
    if (error.code)
        return report_error(&error);
    return counts[STATUS_PENDING] > 0 ? EXIT_STOPPED : report_complete(merge.path, counts[STATUS_ERROR]);
}

const struct command command_merge = {
    .name = "merge",
    .synopsis = "-o FILE.h5 [--drop NAME]... [--quiet] PART.h5...",
    .summary = "Joins results files of one sweep, such as its shards, into a new one.",
    .details = "  -o FILE.h5        the whole; must not exist\n"
               "  --drop NAME       leaves behind what you added by this name (notes, group/x,\n"
               "                    importance@comment)\n"
               "  --quiet           taken as by picky run; there is no progress to leave out\n"
               "\n"
               "The parts must hold the same sweep and may be done in part, or overlap: where\n"
               "two have done the same job, their bits must agree. No run may be writing them.\n"
               "Outside of provenance the whole equals the file of one run of the sweep, bit\n"
               "for bit.\n"
               "\n"
               "What is missing is named; picky run SWEEP.cfg -o FILE.h5 --resume does it, with\n"
               "the parts' --set or with the sweep that picky-analyse export FILE.h5 --sweep\n"
               "writes, as the last lines say.\n"
               "\n"
               "What you added to the parts (attributes, datasets, groups) goes along; where\n"
               "two parts differ in it, it is named and refused.\n"
               "\n"
               "Exit codes: 0 complete, 2 bad usage or files, 3 fatal (I/O), 4 complete but\n"
               "some jobs failed with an error, 75 jobs are missing.\n",
    .pages = "more-replicates.md, cluster.md",
    .run = run,
};
