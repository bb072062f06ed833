/* A figure's numbers as a table, CSV, for --data: a row for each mark or bar, which begins with its configuration. All
 * of these do nothing where no table was asked for, so that a figure just calls them. */
#ifndef PICKY_FIGURE_DATA_H
#define PICKY_FIGURE_DATA_H

#include "bootstrap.h"
#include "gnuplot.h"
#include "layout.h"
#include "reader.h"

#include <stddef.h>

/* Writes the head: "figure", "configuration", the swept hyperparameters, and `columns` ("layer,value,low,high,n"). */
void figure_data_begin(const struct gnuplot *figure, const struct reader *reader, const char *columns);

/* Begins a row: the figure's command, the configuration's number and its swept values; of SIZE_MAX (several together)
 * empty fields. */
void figure_data_row(const struct gnuplot *figure, const struct reader *reader, size_t config);

/* Appends the pair of tasks, "2-3", of the i-th of the selected configurations; empty of a figure that is about no
 * pair. */
void figure_data_pair(const struct gnuplot *figure, const struct figure_request *request, size_t i);

/* Append a field to the row. Not finite: empty. An estimate is four: value, low, high, n. */
void figure_data_text(const struct gnuplot *figure, const char *text);
void figure_data_number(const struct gnuplot *figure, double value);
void figure_data_estimate(const struct gnuplot *figure, const struct estimate *estimate);

#endif
