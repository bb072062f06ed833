#include "report.h"

#include "identical.h"
#include "noise.h"
#include "report_claims.h"
#include "report_importance.h"
#include "report_maps.h"
#include "report_origin.h"
#include "report_parts.h"
#include "report_sharing.h"
#include "report_style.h"
#include "report_sweep.h"
#include "report_training.h"
#include "ticker.h"

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

/* Reads the numbers of the i-th configuration: those that the tables of all configurations have, or all. */
static enum error_code read_config(const struct report *report, size_t i, bool has_figures, struct error *error)
{
    struct report_config *config = &report->configs[i];
    struct selection group = {&report->selection->configs[i], 1};
    struct sample sample;
    uint64_t wanted = 1u << STATISTIC_ERROR_1 | 1u << STATISTIC_ERROR_2;

    for (int s = 0; s < REPORT_N_SHARES; s++)
        wanted |= (uint64_t)1 << report_shares[s];
    for (int s = STATISTIC_FIRST_OF_LAYER; s < STATISTIC_FIRST_OF_SHARING && has_figures; s++)
        wanted |= (uint64_t)1 << s;
    if (sample_read(&sample, report->reader, &group, &report->options->ri, has_figures, error))
        return error->code;
    if (!sample_estimate_some(&sample, wanted, &config->estimates, error) && sample.n_models > 0 &&
        !read_error_range(config, &sample, error) && has_figures)
        identical_two_peaks(report->reader, &group, &report->options->ri, &config->estimates, error);
    sample_free(&sample);
    return error->code;
}

/* All configurations, then, if only some have figures, those once more. */
static enum error_code read_configs(struct report *report, struct ticker *ticker, struct error *error)
{
    bool all_have_figures = report->n_rows <= REPORT_FIGURES_ALL;
    ticker_begin(ticker, "configurations", report->n_rows);
    for (size_t i = 0; i < report->n_rows; i++) {
        if (read_config(report, i, all_have_figures, error))
            return error->code;
        ticker_add(ticker, 1);
    }
    if (report_choose_figures(report, error))
        return error->code;
    for (size_t i = 0; i < report->n_figured && !all_have_figures && !error->code; i++)
        read_config(report, report->figured[i], true, error);
    return error->code;
}

/* Decides the claims, and measures what chance makes of their numbers where that takes seconds. */
static enum error_code read_claims(struct report *report, struct error *error)
{
    const struct claims_options options = {.numbers.unimportant_below = report->options->ri.unimportant_below,
                                           .measures = ~0u};
    if (claims_decide(&report->claims, report->reader, report->selection, &options, error) ||
        !claims_any(&report->claims))
        return error->code;
    report->noise = report->n_rows > REPORT_NOISE_MAX ? NOISE_TOO_MANY : NOISE_MEASURED;
    if (report->noise == NOISE_MEASURED && noise_measure(&report->claims, report->reader, &report->noise_error)) {
        if (report->noise_error.code != ERROR_INPUT) {
            *error = report->noise_error;
            return error->code;
        }
        report->noise = NOISE_IMPOSSIBLE;
    }
    return ERROR_NONE;
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

/* Links to the sections, each with what it answers. */
static void write_contents(const struct report *report)
{
    static const char *const sections[][3] = {
        {"claims", "Verdicts", "which of the notebook&rsquo;s conclusions hold"},
        {"sweep", "Sweep", "what was varied, what was fixed"},
        {"acceptance", "Coverage and acceptance", "how much is done, how well it learnt"},
        {"importance", "Relative importance", "whom neurons serve"},
        {"sharing", "Sharing", "how more than two tasks share neurons"},
        {"maps", "All configurations", "shares of selective, mixed, unimportant neurons"},
        {"training", "Training", "errors by epoch"},
        {"origin", "Provenance", "which run, which program"},
        {"reproduce", "Cite and reproduce", "the commands"},
    };
    FILE *out = report->out;
    fprintf(out, "<nav aria-label=\"Contents\"><ul>\n");
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if ((strcmp(sections[i][0], "claims") == 0 && !claims_any(&report->claims)) ||
            (strcmp(sections[i][0], "sharing") == 0 && !report_has_sharing(report)))
            continue;
        fprintf(out, "<li><a href=\"#%s\">%s</a> <small>%s</small></li>\n", sections[i][0], sections[i][1],
                sections[i][2]);
    }
    fprintf(out, "</ul></nav>\n");
}

static enum error_code write_page(const struct report *report, struct error *error)
{
    FILE *out = report->out;

    write_head(report);
    fprintf(out, "<header>\n");
    report_overview(report);
    write_contents(report);
    fprintf(out, "</header>\n<main>\n");
    if (claims_any(&report->claims))
        report_claims(report);
    report_sweep(report);
    report_acceptance(report);
    report_importance(report);
    if ((report_has_sharing(report) && report_sharing(report, error)) || report_maps(report, error) ||
        report_training(report, error))
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
    if (!read_configs(&report, &ticker, error) && !read_claims(&report, error))
        write_page(&report, error);
done:
    claims_free(&report.claims);
    ticker_end(&ticker);
    free(report.figured);
    free(report.configs);
    reader_provenance_free(&report.provenance);
    return error->code;
}
