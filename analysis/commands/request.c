#include "request.h"

#include <stdio.h>
#include <string.h>

struct output_place request_place(const struct request *request, enum output_format format)
{
    return (struct output_place){request->output, format, request->file, request->is_forced};
}

enum error_code request_claims(const struct request *request, struct claims_options *options, struct error *error)
{
    *options = (struct claims_options){.numbers = {.unimportant_below = request->ri.unimportant_below,
                                                   .selective_above = ri_selective_above(&request->ri),
                                                   .mixed_below = ri_mixed_below(&request->ri),
                                                   .is_of_important = request->is_of_important},
                                       .measures = request->has_measure ? request->measures : ~0u,
                                       .is_simultaneous = request->is_simultaneous};
    memcpy(options->smallest_effect, request->smallest_effect, sizeof options->smallest_effect);
    return request->export.status ? request_statuses(request, &options->numbers.statuses, error) : ERROR_NONE;
}

enum error_code request_fit(struct request *request, const struct reader *reader, struct error *error)
{
    const int n_measures = reader_n_measures(reader);
    const unsigned held = (1u << n_measures) - 1, lacking = request->measures & ~held;
    char names[512] = "";
    if (request->has_all_measures)
        request->measures &= held;
    else if (lacking) {
        for (int m = 0; m < n_measures; m++)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", m ? ", " : "", measure_table[m].name);
        return error_set(error, ERROR_INPUT, "%s: its models were not measured by %s; allowed: --measure %s, all",
                         reader->path, measure_table[__builtin_ctz(lacking)].name, names);
    }
    return ERROR_NONE;
}

enum table_format request_format(const struct request *request)
{
    return request->is_csv ? TABLE_CSV : request->is_json ? TABLE_JSON : TABLE_TEXT;
}

enum error_code request_statuses(const struct request *request, unsigned *statuses, struct error *error)
{
    const char *text = request->export.status;
    *statuses = 0;
    for (const char *word = text;;) {
        size_t length = strcspn(word, ",");
        int found = STATUS_PENDING;
        for (int s = STATUS_PENDING + 1; s < N_STATUSES; s++) /* a pending slot has nothing to write */
            if (strlen(status_names[s]) == length && strncmp(word, status_names[s], length) == 0)
                found = s;
        if (found == STATUS_PENDING)
            return error_set(error, ERROR_INPUT,
                             "--status %s: allowed: accepted, rejected, diverged, error, or some of them with commas "
                             "between",
                             text);
        *statuses |= 1u << found;
        if (!word[length])
            return ERROR_NONE;
        word += length + 1;
    }
}
