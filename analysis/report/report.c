#include "report.h"

#include "report_claims.h"
#include "report_figures.h"
#include "report_maps.h"
#include "report_origin.h"
#include "report_parts.h"
#include "report_style.h"
#include "report_sweep.h"
#include "ticker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    const struct claims_options claims_options = {.numbers.unimportant_below = options->ri.unimportant_below,
                                                  .measures = ~0u};
    if (!claims_decide(&report.claims, reader, selection, &claims_options, error))
        write_page(&report, error);
done:
    claims_free(&report.claims);
    ticker_end(&ticker);
    free(report.configs);
    reader_provenance_free(&report.provenance);
    return error->code;
}
