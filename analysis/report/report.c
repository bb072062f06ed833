#include "report_parts.h"

#include "command.h"
#include "output.h"
#include "ticker.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct hyperparameters *report_hyperparameters(const struct report *report, size_t i)
{
    return &report->reader->configs[report->selection->configs[i]];
}

size_t report_accepted(const struct report *report, size_t i)
{
    return report->configs[i].estimates.n_models;
}

size_t report_layers(const struct report *report, size_t i)
{
    return (size_t)report_hyperparameters(report, i)->hidden_layers;
}

const struct estimate *report_estimate(const struct report *report, size_t i, size_t layer, enum statistic statistic)
{
    return &report->configs[i].estimates.layers[layer].statistics[statistic];
}

/* VALUE, and the interval if there is one: digits that make sense of a share in per cent, or of a plain number. */
static void format_parts(const struct estimate *estimate, bool is_share, char value[32], char interval[32])
{
    double factor = is_share ? 100 : 1;
    int digits = is_share ? 1 : 3;
    *interval = '\0';
    if (isnan(estimate->value)) {
        snprintf(value, 32, "-");
        return;
    }
    snprintf(value, 32, "%.*f%s", digits, factor * estimate->value, is_share ? " %" : "");
    if (!isnan(estimate->low))
        snprintf(interval, 32, "[%.*f, %.*f]", digits, factor * estimate->low, digits, factor * estimate->high);
}

void report_format(char text[64], const struct estimate *estimate, bool is_share)
{
    char value[32], interval[32];
    format_parts(estimate, is_share, value, interval);
    snprintf(text, 64, "%s%s%s", value, *interval ? " " : "", interval);
}

void report_write_estimate(FILE *out, const struct estimate *estimate, bool is_share)
{
    char value[32], interval[32];
    format_parts(estimate, is_share, value, interval);
    fputs(value, out);
    if (*interval)
        fprintf(out, " <small>%s</small>", interval);
}

void report_number(char text[32], uint64_t n)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, n), used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
}

void report_count(FILE *out, uint64_t n, const char *noun)
{
    char text[32];
    report_number(text, n);
    fprintf(out, "%s %s%s", text, noun, n == 1 ? "" : "s");
}

void report_label(const struct report *report, size_t i, char label[LABEL_MAX])
{
    char name[LABEL_MAX];
    size_t config = report->selection->configs[i];
    selection_label(report->reader, config, name);
    snprintf(label, LABEL_MAX, "[%zu] %.*s", config, LABEL_MAX - 30, name);
}

/* The range of the models' final test errors. */
static enum error_code read_error_range(struct report_config *config, const struct sample *sample, struct error *error)
{
    static const enum statistic statistics[] = {STATISTIC_ERROR_1, STATISTIC_ERROR_2};
    float *values = malloc(sample->n_models * sizeof *values);
    if (!values)
        return error_set(error, ERROR_FATAL, "not enough memory");
    for (size_t t = 0; t < 2; t++) {
        memcpy(values, sample_column(sample, statistics[t], 0), sample->n_models * sizeof *values);
        statistics_sort(values, sample->n_models);
        config->error_low[t] = statistics_quantile(values, sample->n_models, 0.05);
        config->error_high[t] = statistics_quantile(values, sample->n_models, 0.95);
    }
    free(values);
    return ERROR_NONE;
}

static enum error_code read_config(const struct report *report, size_t i, struct error *error)
{
    struct report_config *config = &report->configs[i];
    struct selection group = {&report->selection->configs[i], 1};
    struct sample sample;
    bool with_bins = i < REPORT_FIGURES_MAX;

    if (sample_read(&sample, report->reader, &group, &report->options->ri, with_bins, error))
        return error->code;
    if (!sample_estimate(&sample, &config->estimates, error) && sample.n_models > 0)
        read_error_range(config, &sample, error);
    sample_free(&sample);
    return error->code;
}

static void write_head(const struct report *report)
{
    FILE *out = report->out;
    const char *name = report->reader->name;

    fprintf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'unsafe-inline'\">\n<title>");
    html_text(out, *name ? name : "A sweep without a name");
    fprintf(out, " &ndash; picky report</title>\n<style>\n%s</style>\n</head>\n<body>\n", report_style);
}

/* Links to the sections. */
static void write_contents(FILE *out, bool with_claims)
{
    static const char *const sections[][2] = {
        {"sweep", "Sweep"},
        {"claims", "Claims"},
        {"acceptance", "Coverage and acceptance"},
        {"importance", "Relative importance"},
        {"maps", "Maps"},
        {"training", "Training"},
        {"origin", "Provenance"},
        {"reproduce", "Cite and reproduce"},
    };
    fprintf(out, "<nav aria-label=\"Sections\"><ul>\n");
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (with_claims || strcmp(sections[i][0], "claims") != 0)
            fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i][0], sections[i][1]);
    fprintf(out, "</ul></nav>\n");
}

static enum error_code write_page(const struct report *report, struct error *error)
{
    FILE *out = report->out;

    write_head(report);
    fprintf(out, "<header>\n");
    report_overview(report);
    write_contents(out, claims_any(&report->claims));
    fprintf(out, "</header>\n<main>\n");
    report_sweep(report);
    if (claims_any(&report->claims))
        report_claims(report);
    report_acceptance(report);
    report_importance(report);
    if (report_maps(report, error) || report_training(report, error))
        return error->code;
    report_origin(report);
    report_reproduce(report);
    fprintf(out, "</main>\n</body>\n</html>\n");
    return ERROR_NONE;
}

enum error_code report_write(struct reader *reader, const struct selection *selection,
                             const struct report_options *options, FILE *out, struct error *error)
{
    const enum field fields[] = {FIELD_ATTEMPTS, FIELD_TEST_ERROR, FIELD_TEST_LOSS, FIELD_IMPORTANCE};
    struct ticker ticker = {0};
    struct report report = {.reader = reader, .selection = selection, .options = options, .out = out};

    if (reader_require(reader, fields, sizeof fields / sizeof fields[0], error) ||
        reader_read_provenance(reader, &report.provenance, error))
        goto done;
    report.n_rows = selection->n < REPORT_ROWS_MAX ? selection->n : REPORT_ROWS_MAX;
    report.configs = calloc(report.n_rows, sizeof *report.configs);
    if (!report.configs) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    ticker_begin(&ticker, "configurations", report.n_rows);
    for (size_t i = 0; i < report.n_rows; i++) {
        if (read_config(&report, i, error))
            goto done;
        ticker_add(&ticker, 1);
    }
    if (!claims_decide(&report.claims, reader, selection, &options->ri, false, error))
        write_page(&report, error);
done:
    claims_free(&report.claims);
    ticker_end(&ticker);
    free(report.configs);
    reader_provenance_free(&report.provenance);
    return error->code;
}

static enum error_code run(struct reader *reader, const struct selection *selection, const struct request *request,
                           struct error *error)
{
    const struct report_options options = {request->ri, request->conditions, request->n_conditions};
    const struct output_place place = request_place(request, OUTPUT_HTML);
    struct output output;
    if (output_begin(&output, &place, error))
        return error->code;
    if (report_write(reader, selection, &options, output.file, error))
        output_abandon(&output);
    else
        output_finish(&output, error);
    return error->code;
}

const struct command command_report = {
    .name = "report",
    .synopsis = "[-o OUT.html]",
    .summary = "Writes one HTML page about a sweep, which opens in any browser, without a network",
    .details =
        "The notebook's claims, acceptance, histograms of relative importance, maps, training curves, provenance,\n"
        "and how to reproduce it all. Figures are of the first 24 configurations: choose others with --where.\n"
        "Without -o, to standard output.\n",
    .options = "output force where measure normalise unimportant-below",
    .run = run,
};
