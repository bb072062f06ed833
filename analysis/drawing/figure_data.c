#include "figure_data.h"

#include "formats.h"

#include <inttypes.h>
#include <math.h>

void figure_data_begin(const struct gnuplot *figure, const struct reader *reader, const char *columns)
{
    if (!figure->data)
        return;
    fprintf(figure->data, "figure,configuration");
    for (int i = 0; i < n_hyperparameters; i++)
        if (reader->swept[i])
            fprintf(figure->data, ",%s", hyperparameter_table[i].name);
    fprintf(figure->data, ",%s", columns);
}

void figure_data_row(const struct gnuplot *figure, const struct reader *reader, size_t config)
{
    if (!figure->data)
        return;
    fputc('\n', figure->data); /* ends the row before; gnuplot_finish ends the last */
    fprintf(figure->data, "%s,", figure->kind);
    if (config != SIZE_MAX)
        fprintf(figure->data, "%zu", config);
    for (int i = 0; i < n_hyperparameters; i++) {
        char value[HYPERPARAMETER_FORMAT_MAX] = "";
        if (!reader->swept[i])
            continue;
        if (config != SIZE_MAX)
            hyperparameter_format(&reader->configs[config], &hyperparameter_table[i], value);
        figure_data_text(figure, value);
    }
}

void figure_data_text(const struct gnuplot *figure, const char *text)
{
    if (!figure->data)
        return;
    fputc(',', figure->data);
    csv_text(figure->data, text);
}

void figure_data_pair(const struct gnuplot *figure, const struct figure_request *request, size_t i)
{
    char text[32] = "";
    if (request->pairs)
        snprintf(text, sizeof text, "%d-%d", request->pairs->pairs[i].a + 1, request->pairs->pairs[i].b + 1);
    figure_data_text(figure, text);
}

void figure_data_number(const struct gnuplot *figure, double value)
{
    if (!figure->data)
        return;
    fputc(',', figure->data);
    csv_number(figure->data, value);
}

void figure_data_estimate(const struct gnuplot *figure, const struct estimate *estimate)
{
    figure_data_number(figure, estimate->value);
    figure_data_number(figure, estimate->low);
    figure_data_number(figure, estimate->high);
    figure_data_number(figure, (double)estimate->n);
}
