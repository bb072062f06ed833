/* From the words of the command line to a table, an array or a text. */
#include "command.h"
#include "export.h"
#include "export_array.h"
#include "reader_provenance.h"
#include "twins.h"

#include <string.h>

static enum error_code parse_rows(const char *text, enum export_rows *rows, struct error *error)
{
    static const char *const names[] = {
        [EXPORT_MODELS] = "model", [EXPORT_EPOCHS] = "epoch", [EXPORT_NEURONS] = "neuron"};
    *rows = EXPORT_MODELS;
    if (!text)
        return ERROR_NONE;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0) {
            *rows = (enum export_rows)i;
            return ERROR_NONE;
        }
    return error_set(error, ERROR_INPUT, "--each %s: allowed: model, epoch, neuron", text);
}

/* The options of the table and the slots wanted of whatever is written. */
static enum error_code parse(const struct request *request, struct export_options *options, struct error *error)
{
    const struct export_request *words = &request->export;
    *options = (struct export_options){.all_hyperparameters = words->keys && strcmp(words->keys, "all") == 0,
                                       .measures = request->measures,
                                       .ri = request->ri};
    if (words->keys && !options->all_hyperparameters && strcmp(words->keys, "swept") != 0)
        return error_set(error, ERROR_INPUT, "--keys %s: allowed: swept, all", words->keys);
    if (parse_rows(words->each, &options->rows, error))
        return error->code;
    if (words->variable && words->sweep)
        return error_set(error, ERROR_INPUT, "--variable and --sweep: allowed: one of them");
    if ((words->variable || words->sweep) && (words->each || words->keys))
        return error_set(error, ERROR_INPUT, "--%s: only for tables, without --variable and --sweep",
                         words->each ? "each" : "keys");
    if (words->sweep && words->status)
        return error_set(error, ERROR_INPUT, "--status: not with --sweep, which is about the whole file");
    if ((request->has_measure || request->has_unimportant_below || request->ri.normalise != NORMALISE_NONE) &&
        options->rows != EXPORT_NEURONS)
        return error_set(error, ERROR_INPUT, "--%s: only with --each neuron",
                         request->has_measure             ? "measure"
                         : request->has_unimportant_below ? "unimportant-below"
                                                          : "normalise");
    if (words->status)
        return request_statuses(request, &options->statuses, error);
    options->statuses = export_default_statuses(options->rows);
    return ERROR_NONE;
}

/* Whether two configurations differ in spelling; the same fraction, as a number and as "equal", is no other one. */
static bool are_spelt_otherwise(const void *context, uint32_t first, uint32_t second)
{
    const struct hyperparameters *configs = context;
    for (int row = 0; row < n_hyperparameters; row++)
        if (!hyperparameter_equal(&configs[first], &configs[second], &hyperparameter_table[row]))
            return true;
    return false;
}

/* Says so if `picky run` takes the sweep for no new file. */
static enum error_code warn_of_refused(const struct reader *reader, struct error *error)
{
    struct twins twins;
    bool is_outdated = false;
    struct error ignored;
    for (size_t i = 0; i < reader->n_configs && !is_outdated; i++)
        is_outdated = hyperparameters_check_new(&reader->configs[i], &ignored) != ERROR_NONE;
    if (twins_find(reader->configs, reader->n_configs, twins_respell, are_spelt_otherwise, reader->configs, &twins,
                   error))
        return error->code;
    if (twins.n > 0 || is_outdated)
        fprintf(stderr,
                "picky-analyse: warning: %s: this sweep has %s, and picky run makes no new file of it: picky run with "
                "--resume goes on with a copy of the file, and picky verify --all does its jobs again\n",
                reader->path, is_outdated ? "a second_task that is allowed no more" : "one value in two spellings");
    return ERROR_NONE;
}

static enum error_code write_sweep(struct reader *reader, FILE *out, struct error *error)
{
    struct reader_provenance provenance;
    if (reader_read_provenance(reader, &provenance, error))
        return error->code;
    if (!*provenance.sweep)
        error_set(error, ERROR_INPUT, "%s: the file does not hold its sweep file's text", reader->path);
    else if (*provenance.sweep_fault)
        error_set(error, ERROR_INPUT, "%s: the text that it holds is not that of its sweep: %s", reader->path,
                  provenance.sweep_fault);
    else if (!warn_of_refused(reader, error))
        fputs(provenance.sweep, out);
    reader_provenance_free(&provenance);
    return error->code;
}

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    struct output_place place = request_place(request, request->export.variable ? OUTPUT_NPY
                                                       : request->export.sweep  ? OUTPUT_TEXT
                                                                                : OUTPUT_CSV);
    struct export_options options;
    struct output output;

    if (parse(request, &options, error) || output_begin(&output, &place, error))
        return error->code;
    if (request->export.variable)
        export_array(reader, selection, request->export.variable, options.statuses, output.file, error);
    else if (request->export.sweep)
        write_sweep(reader, output.file, error);
    else
        export_table(reader, selection, &options, output.file, error);
    if (error->code)
        output_abandon(&output);
    else
        output_finish(&output, error);
    return error->code;
}

const struct command command_export = {
    .name = "export",
    .synopsis = "[-o OUT]",
    .summary = "Writes a table (CSV), an array (NumPy) or the sweep file's text, for other software",
    .details = "Tables have a row for each model, epoch or neuron; config, replicate and unit\n"
               "count from 0, layers and tasks from 1. A number that is none is NaN: of RI,\n"
               "that the neuron is unimportant to both tasks. Neurons have the measures of\n"
               "--measure. Arrays have the axes of the file; in slots that are pending or not\n"
               "among --status floats are NaN and integers 0 (train_task: 255, rank: -1).\n"
               "Without -o, to standard output.\n",
    .options = "output force where each keys measure measures normalise unimportant-below status variable sweep",
    .pages = "reading.md, format.md",
    .run = run,
};
