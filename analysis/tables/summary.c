#include "summary.h"

#include "identical.h"
#include "layer_mask.h"
#include "summary_data.h"
#include "summary_text.h"
#include "ticker.h"

/* The most tasks that a configuration of a group has. */
static int most_tasks(const struct reader *reader, const struct selection *group)
{
    int n_most = 0;
    for (size_t i = 0; i < group->n; i++) {
        int n = hyperparameters_n_tasks(&reader->configs[group->configs[i]]);
        n_most = n > n_most ? n : n_most;
    }
    return n_most;
}

/* The pairs of a group's tables: pairs [TASK_PAIRS(TASKS_MAX)]; returns how many. A single task has no pair: it stands
 * beside a task that there is not, whose numbers are NaN. */
static int choose_pairs(const struct reader *reader, const struct selection *group, const struct pair_choice *choice,
                        struct task_pair *pairs)
{
    const struct pair_choice all = {.is_all = true};
    int n_tasks = most_tasks(reader, group), n = 0;
    for (int a = 0; a < n_tasks; a++)
        for (int b = a + 1; b < n_tasks; b++) {
            bool is_chosen = false;
            for (size_t i = 0; i < group->n && !is_chosen; i++)
                is_chosen = pair_is_chosen(*choice->words[0] ? choice : &all, &reader->configs[group->configs[i]],
                                           (struct task_pair){a, b});
            if (is_chosen)
                pairs[n++] = (struct task_pair){a, b};
        }
    if (n == 0)
        pairs[n++] = (struct task_pair){0, 1};
    return n;
}

/* What the rejected models of a table's group that are alive come to. */
static enum error_code read_rejected(struct reader *reader, const struct summary_table *table,
                                     struct sample_estimates *estimates, struct error *error)
{
    if (models_choose(reader, 1u << STATUS_REJECTED, error))
        return error->code;
    sample_of_group(reader, &table->groups->groups[table->group], &table->ri, false, estimates, error);
    reader->chosen = 0;
    return error->code;
}

static enum error_code write_table(struct reader *reader, struct summary_table *table,
                                   const struct summary_writer *writer, FILE *out, struct error *error)
{
    const struct selection *group = &table->groups->groups[table->group];
    struct sample_estimates estimates, rejected;
    rejected.n_models = 0;
    struct sample sample;
    if (sample_read(&sample, reader, group, &table->ri, table->options->format == TABLE_JSON, error))
        return error->code;
    table->sample = &sample;
    table->estimates = &estimates;
    unsigned wanted = table->options->statistics;
    if (!sample_estimate(&sample, &estimates, error) && (!wanted || wanted >> STATISTIC_TWO_PEAKS_IDENTICAL & 1))
        identical_two_peaks(reader, group, &table->ri, &estimates, error);
    if (!error->code && writer->shows_rejected && !reader->chosen && sample.counts[STATUS_REJECTED] > 0 &&
        !read_rejected(reader, table, &rejected, error))
        table->rejected = rejected.n_models > 0 ? &rejected : NULL;
    if (!error->code)
        writer->table(table, out);
    sample_free(&sample);
    table->sample = NULL;
    table->estimates = table->rejected = NULL;
    return error->code;
}

static enum error_code write_group(struct reader *reader, struct summary_table *table,
                                   const struct summary_writer *writer, FILE *out, struct error *error)
{
    const struct selection *group = &table->groups->groups[table->group];
    struct task_pair pairs[TASK_PAIRS(TASKS_MAX)];
    int n_pairs = choose_pairs(reader, group, &table->options->pair, pairs), n_left = 0;
    for (int m = 0; m < reader_n_measures(reader); m++)
        if (table->options->measures >> m & 1)
            n_left += n_pairs;

    bool is_first_measure = true;
    table->is_first = true;
    table->has_pair = most_tasks(reader, group) > 1;
    for (int m = 0; m < reader_n_measures(reader); m++) {
        if (!(table->options->measures >> m & 1))
            continue;
        for (int p = 0; p < n_pairs; p++) {
            table->ri.measure = (enum measure)m;
            table->ri.task_a = pairs[p].a;
            table->ri.task_b = pairs[p].b;
            table->is_new_task = is_first_measure && pairs[p].a == pairs[0].a;
            table->is_last = --n_left == 0;
            if (write_table(reader, table, writer, out, error))
                return error->code;
            table->is_first = false;
        }
        is_first_measure = false;
    }
    return ERROR_NONE;
}

enum error_code summary_write(struct reader *reader, const struct selection *selection,
                              const struct summary_options *options, FILE *out, struct error *error)
{
    const enum field fields[] = {FIELD_ATTEMPTS, FIELD_TEST_ERROR, FIELD_TEST_LOSS, FIELD_IMPORTANCE};
    const struct summary_writer *writers[] = {&summary_text, &summary_csv, &summary_json};
    const struct summary_writer *writer = writers[options->format];
    struct groups groups = {0};
    struct ticker ticker;

    if (reader_require(reader, fields, sizeof fields / sizeof fields[0], error) ||
        layer_mask_check(options->layers, reader, error) || groups_make(&groups, reader, selection, options->by, error))
        return error->code;
    uint64_t n_passes = 0; /* of models */
    for (size_t g = 0; g < groups.n; g++) {
        struct task_pair pairs[TASK_PAIRS(TASKS_MAX)];
        n_passes += groups.groups[g].n * (uint64_t)choose_pairs(reader, &groups.groups[g], &options->pair, pairs);
    }
    ticker_begin(&ticker, "models read",
                 n_passes * reader->n_replicates * (uint64_t)__builtin_popcount(options->measures));
    reader->ticker = &ticker;
    writer->begin(reader, selection, &groups, options, out);
    for (size_t g = 0; g < groups.n; g++) {
        struct summary_table table = {
            .reader = reader, .groups = &groups, .group = g, .options = options, .ri = options->ri};
        if (write_group(reader, &table, writer, out, error))
            goto done;
    }
    if (writer->end)
        writer->end(out);
done:
    ticker_end(&ticker);
    reader->ticker = NULL;
    groups_free(&groups);
    return error->code;
}
