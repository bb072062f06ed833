#include "summary_data.h"

#include "formats.h"
#include "json.h"
#include "layer_mask.h"
#include "text.h"

#include <inttypes.h>

/* ---- CSV: a row for each group, measure, pair and layer ---- */

static bool is_wanted(const struct summary_options *options, int statistic)
{
    return !options->statistics || options->statistics >> statistic & 1;
}

static void csv_begin(const struct reader *reader, const struct selection *selection, const struct groups *groups,
                      const struct summary_options *options, FILE *out)
{
    (void)reader, (void)selection;
    for (size_t k = 0; k < groups->n_keys; k++)
        fprintf(out, "%s,", groups->keys[k]->name);
    fprintf(out, "first_configuration,n_configurations");
    for (int s = 0; s < N_STATUSES; s++)
        fprintf(out, ",%s", status_names[s]);
    fprintf(out, ",attempts,measure,normalise,unimportant_below,task_1,task_2,layer");
    for (int s = 0; s < N_STATISTICS; s++)
        if (is_wanted(options, s))
            fprintf(out, ",%s,%s_low,%s_high", statistic_table[s].name, statistic_table[s].name,
                    statistic_table[s].name);
    if (!options->statistics)
        fprintf(out, "," STATISTIC_FORMER "," STATISTIC_FORMER "_low," STATISTIC_FORMER "_high");
    fprintf(out, ",task_1_name,task_2_name,selective_above,mixed_below\n");
}

static void csv_table(const struct summary_table *table, FILE *out)
{
    const struct selection *group = &table->groups->groups[table->group];
    for (size_t l = 0; l < table->estimates->n_layers; l++) {
        if (!layer_mask_has(table->options->layers, l))
            continue;
        for (size_t k = 0; k < table->groups->n_keys; k++) {
            char value[HYPERPARAMETER_FORMAT_MAX];
            hyperparameter_format(&table->reader->configs[group->configs[0]], table->groups->keys[k], value);
            csv_text(out, value);
            fputc(',', out);
        }
        fprintf(out, "%zu,%zu", group->configs[0], group->n);
        for (int s = 0; s < N_STATUSES; s++)
            fprintf(out, ",%" PRIu64, table->estimates->counts[s]);
        fprintf(out, ",%" PRIu64 ",%s,%s,%s,%d,%d,%zu", table->estimates->n_attempts,
                measure_table[table->ri.measure].name, normalise_names[table->ri.normalise],
                text_number(table->ri.unimportant_below).words, table->ri.task_a + 1, table->ri.task_b + 1, l + 1);
        for (int s = 0; s < N_STATISTICS; s++) {
            const struct estimate *estimate = &table->estimates->layers[l].statistics[s];
            const double numbers[] = {estimate->value, estimate->low, estimate->high};
            for (int i = 0; i < 3 && is_wanted(table->options, s); i++) {
                fputc(',', out);
                csv_number(out, numbers[i]);
            }
        }
        if (!table->options->statistics)
            fprintf(out, ",,,"); /* of the former one */
        for (int side = 0; side < 2; side++) {
            char name[TASK_LABEL_MAX] = "";
            task_common_name(table->reader, group, side ? table->ri.task_b : table->ri.task_a, name);
            fputc(',', out);
            csv_text(out, name);
        }
        fprintf(out, ",%s,%s\n", text_number(ri_selective_above(&table->ri)).words,
                text_number(ri_mixed_below(&table->ri)).words);
    }
}

const struct summary_writer summary_csv = {csv_begin, csv_table, NULL, false};

/* ---- JSON ---- */

static void json_begin(const struct reader *reader, const struct selection *selection, const struct groups *groups,
                       const struct summary_options *options, FILE *out)
{
    (void)selection, (void)groups, (void)options;
    fprintf(out, "{\n");
    table_json_head(reader, out);
    fprintf(out, "  \"groups\": [");
}

static void json_group(const struct summary_table *table, FILE *out)
{
    const struct selection *group = &table->groups->groups[table->group];
    fprintf(out, "%s\n    {\n      \"group\": {", table->group > 0 ? "," : "");
    for (size_t k = 0; k < table->groups->n_keys; k++) {
        fprintf(out, "%s\"%s\": ", k > 0 ? ", " : "", table->groups->keys[k]->name);
        json_value(out, &table->reader->configs[group->configs[0]], table->groups->keys[k]);
    }
    fprintf(out, "},\n      \"configurations\": [");
    for (size_t i = 0; i < group->n; i++)
        fprintf(out, "%s%zu", i > 0 ? ", " : "", group->configs[i]);
    fprintf(out, "],\n      \"jobs\": {");
    for (int s = 0; s < N_STATUSES; s++)
        fprintf(out, "%s\"%s\": %" PRIu64, s > 0 ? ", " : "", status_names[s], table->estimates->counts[s]);
    fprintf(out, "},\n      \"attempts\": %" PRIu64 ",\n      \"tables\": [", table->estimates->n_attempts);
}

/* Those of a layer that are wanted, each with a comma behind it. */
static void json_statistics(const struct summary_options *options, const struct layer_estimates *layer, int first,
                            int end, FILE *out)
{
    for (int s = first; s < end; s++) {
        if (!is_wanted(options, s))
            continue;
        fprintf(out, "\"%s\": ", statistic_table[s].name);
        json_estimate(out, &layer->statistics[s]);
        fprintf(out, ", ");
    }
}

static void json_table(const struct summary_table *table, FILE *out)
{
    bool is_first_layer = true;
    if (table->is_first)
        json_group(table, out);
    fprintf(out, "%s\n        {\"measure\": \"%s\", \"normalise\": \"%s\", \"unimportant_below\": ",
            table->is_first ? "" : ",", measure_table[table->ri.measure].name, normalise_names[table->ri.normalise]);
    json_number(out, table->ri.unimportant_below);
    fprintf(out, ", \"selective_above\": %s, \"mixed_below\": %s", text_number(ri_selective_above(&table->ri)).words,
            text_number(ri_mixed_below(&table->ri)).words);
    fprintf(out, ", \"tasks\": [%d, %d], \"task_names\": [", table->ri.task_a + 1, table->ri.task_b + 1);
    for (int side = 0; side < 2; side++) {
        char name[TASK_LABEL_MAX] = "";
        task_common_name(table->reader, &table->groups->groups[table->group],
                         side ? table->ri.task_b : table->ri.task_a, name);
        fprintf(out, side ? ", " : "");
        json_text(out, name);
    }
    fprintf(out, "],\n         ");
    json_statistics(table->options, &table->estimates->layers[0], 0, STATISTIC_FIRST_OF_LAYER, out);
    fprintf(out, "\n         \"layers\": [");
    for (size_t l = 0; l < table->estimates->n_layers; l++) {
        const struct layer_estimates *layer = &table->estimates->layers[l];
        if (!layer_mask_has(table->options->layers, l))
            continue;
        fprintf(out, "%s\n          {\"layer\": %zu, ", is_first_layer ? "" : ",", l + 1);
        json_statistics(table->options, layer, STATISTIC_FIRST_OF_LAYER, N_STATISTICS, out);
        fprintf(out, "\n           \"histogram\": [");
        for (int b = 0; b < RI_BINS; b++) {
            fprintf(out, "%s", b > 0 ? ", " : "");
            json_estimate(out, &layer->bins[b]);
        }
        fprintf(out, "]}");
        is_first_layer = false;
    }
    fprintf(out, "]}%s", table->is_last ? "]\n    }" : "");
}

static void json_end(FILE *out)
{
    fprintf(out, "\n  ]\n}\n");
}

const struct summary_writer summary_json = {json_begin, json_table, json_end, false};
