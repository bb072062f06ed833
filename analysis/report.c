#include "report_parts.h"

#include "statistics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct hyperparameters *report_hyperparameters(const struct report *report, size_t i)
{
    return &report->reader->configs[report->selection->configs[i]];
}

uint64_t report_accepted(const struct report *report, size_t i)
{
    return report->configs[i].counts[STATUS_ACCEPTED];
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
    snprintf(label, LABEL_MAX, "[%zu] %.*s", config + 1, LABEL_MAX - 30, name);
}

static enum error_code read_errors(const struct report *report, size_t i, struct error *error)
{
    struct report_config *config = &report->configs[i];
    const struct hyperparameters *h = report_hyperparameters(report, i);
    size_t n = (size_t)report_accepted(report, i), n_tasks = (size_t)hyperparameters_n_tasks(h);
    float *errors = malloc(n * n_tasks * sizeof *errors);
    if (!errors)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path);
    if (!models_test_error(report->reader, report->selection->configs[i], (size_t)hyperparameters_history(h) - 1, 1,
                           errors, error))
        for (size_t t = 0; t < n_tasks; t++) {
            float *values = errors + t * n;
            statistics_sort(values, n);
            config->error_low[t] = statistics_quantile(values, n, 0.05);
            config->error_median[t] = statistics_quantile(values, n, 0.5);
            config->error_high[t] = statistics_quantile(values, n, 0.95);
        }
    free(errors);
    return error->code;
}

static enum error_code read_config(const struct report *report, size_t i, struct error *error)
{
    struct report_config *config = &report->configs[i];
    size_t c = report->selection->configs[i];

    config->layers = calloc((size_t)report_hyperparameters(report, i)->hidden_layers, sizeof *config->layers);
    if (!config->layers)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", report->reader->path);
    if (models_attempts(report->reader, c, &config->n_attempts, error) || report_accepted(report, i) == 0)
        return error->code;
    if (read_errors(report, i, error))
        return error->code;
    return models_relative_importance(report->reader, c, &report->options->ri, config->layers, error);
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
static void write_contents(FILE *out)
{
    static const char *const sections[][2] = {
        {"sweep", "Sweep"},
        {"acceptance", "Coverage and acceptance"},
        {"importance", "Relative importance"},
        {"maps", "Maps"},
        {"training", "Training"},
        {"origin", "Provenance"},
        {"reproduce", "Cite and reproduce"},
    };
    fprintf(out, "<nav aria-label=\"Sections\"><ul>\n");
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i][0], sections[i][1]);
    fprintf(out, "</ul></nav>\n");
}

static enum error_code write_page(const struct report *report, struct error *error)
{
    FILE *out = report->out;

    write_head(report);
    fprintf(out, "<header>\n");
    report_overview(report);
    write_contents(out);
    fprintf(out, "</header>\n<main>\n");
    report_sweep(report);
    report_acceptance(report);
    report_histograms(report);
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
    const enum field fields[] = {FIELD_ATTEMPTS, FIELD_TEST_ERROR, FIELD_IMPORTANCE};
    struct report report = {.reader = reader, .selection = selection, .options = options, .out = out};

    if (reader_require(reader, fields, sizeof fields / sizeof fields[0], error) ||
        reader_read_provenance(reader, &report.provenance, error))
        goto done;
    report.configs = calloc(selection->n, sizeof *report.configs);
    if (!report.configs) {
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
        goto done;
    }
    for (size_t i = 0; i < selection->n; i++) {
        reader_count(reader, selection->configs[i], report.configs[i].counts);
        if (i < REPORT_ROWS_MAX && read_config(&report, i, error))
            goto done;
    }
    write_page(&report, error);
done:
    for (size_t i = 0; report.configs && i < selection->n; i++)
        free(report.configs[i].layers);
    free(report.configs);
    reader_provenance_free(&report.provenance);
    return error->code;
}
