#include "report_parts.h"

#include <inttypes.h>
#include <math.h>

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

void report_task(const struct report *report, int side, char text[TASK_LABEL_MAX])
{
    const struct ri_options *ri = &report->options->ri;
    task_label(report->reader, report->selection, side ? ri->task_b : ri->task_a, text);
}

bool report_has_pair(const struct report *report, size_t i)
{
    return hyperparameters_n_tasks(report_hyperparameters(report, i)) > report->options->ri.task_b;
}
