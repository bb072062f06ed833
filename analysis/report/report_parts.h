/* What the sections of the page share. Only report*.c use this. */
#ifndef PICKY_REPORT_PARTS_H
#define PICKY_REPORT_PARTS_H

#include "claims.h"
#include "html.h"
#include "reader_provenance.h"
#include "report.h"
#include "sample.h"
#include "task_pairs.h"

#define REPORT_FIGURES_ALL    48   /* so many configurations or fewer have all a figure */
#define REPORT_FIGURES_CHOSEN 24   /* of more, so many */
#define REPORT_ROWS_MAX       2000 /* configurations in the table of all */
#define REPORT_NOISE_MAX      100  /* noise is measured of so many configurations or fewer: it takes a while */
#define REPORT_ROWS_OPEN      24   /* longer tables are folded */
#define REPORT_ROWS_PRINTED   50   /* longer ones are not printed, unless they are open */

/* The shares of a layer's units that are shown of every configuration. */
#define REPORT_N_SHARES 3
extern const enum statistic report_shares[REPORT_N_SHARES];

/* A configuration in numbers. */
struct report_config {
    struct sample_estimates estimates;
    double error_low[TASKS_MAX], error_high[TASKS_MAX]; /* final test error of tasks 1 and 2: 5 and 95 % quantiles */
};

/* Whether the claims' numbers were measured between two test sets of one task. */
enum report_noise { NOISE_NONE, NOISE_MEASURED, NOISE_TOO_MANY, NOISE_IMPOSSIBLE };

/* The page being written. */
struct report {
    struct reader *reader;
    const struct selection *selection;
    const struct report_options *options;
    struct reader_provenance provenance;
    struct report_config *configs; /* [n_rows]: the first of the selection */
    size_t n_rows;
    size_t *figured; /* [n_figured]: which of them have figures: all, or some by report_choose_figures */
    size_t n_figured;
    struct claims claims;
    enum report_noise noise;
    struct error noise_error; /* why it is impossible */
    FILE *out;
};

/* The i-th selected configuration's hyperparameters, the number of its accepted models and its number of layers. */
const struct hyperparameters *report_hyperparameters(const struct report *report, size_t i);
size_t report_accepted(const struct report *report, size_t i);
size_t report_layers(const struct report *report, size_t i);

/* What the first (side 0) or second task of the report's pair is called; whether a configuration has both. */
void report_task(const struct report *report, int side, char text[TASK_LABEL_MAX]);
bool report_has_pair(const struct report *report, size_t i);

/* What a statistic is called, and what it means, of the report's pair, in HTML. */
void report_write_name(const struct report *report, enum statistic statistic);
void report_write_meaning(const struct report *report, enum statistic statistic);

/* A statistic of a layer (0 for those that have none). */
const struct estimate *report_estimate(const struct report *report, size_t i, size_t layer, enum statistic statistic);

/* An estimate as text: "12.3 % [10.1, 14.6]", "0.123 [0.100, 0.145]", "-" if there is none; in HTML the interval
 * is small. */
void report_format(char text[64], const struct estimate *estimate, bool is_share);
void report_write_estimate(FILE *out, const struct estimate *estimate, bool is_share);

/* A box around a table, in which what is wider than the page scrolls, by keyboard too; `name` (HTML) is the page's only
 * one of that name. */
void report_table_begin(FILE *out, const char *name, const char *class);
void report_table_end(FILE *out);

/* A part of the page that is folded away on screens; it is printed if it has REPORT_ROWS_PRINTED rows or
 * fewer. */
void report_fold_begin(FILE *out, const char *summary, size_t n_rows);
void report_fold_end(FILE *out);

/* Chooses the configurations that have figures: all of REPORT_FIGURES_ALL or fewer; else REPORT_FIGURES_CHOSEN, evenly
 * spread over those with accepted models in the order of their selective shares. Needs those of all rows. ERROR_FATAL
 * if memory is short. Says so on the page. */
enum error_code report_choose_figures(struct report *report, struct error *error);
void report_write_choice(const struct report *report, const char *plot);

/* Says that the tables of all configurations have only the first REPORT_ROWS_MAX, if so. */
void report_write_rows_left(const struct report *report);

/* A configuration's figures, under its name, and its number of models. */
void report_group_begin(const struct report *report, size_t i);
void report_group_end(const struct report *report);

/* "NUMBER noun" or "NUMBER nouns", the number with commas: 12,345. */
void report_count(FILE *out, uint64_t n, const char *noun);
void report_number(char text[32], uint64_t n);

/* Writes what a configuration is called: "[N] key = value, ...", which breaks between values only. */
void report_write_label(const struct report *report, size_t i);

#endif
