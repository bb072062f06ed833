/* What a command line asks for. */
#ifndef PICKY_REQUEST_H
#define PICKY_REQUEST_H

#include "claims.h"
#include "gnuplot.h"
#include "palette.h"
#include "table_head.h"
#include "task_pairs.h"

#define CONDITIONS_MAX 64

/* Of exports, in words of its own: NULL if not given. */
struct export_request {
    const char *each;     /* model, epoch, neuron */
    const char *keys;     /* swept, all */
    const char *variable; /* a NumPy array instead of a table */
    const char *status;   /* names of statuses, with commas between */
    bool sweep;           /* the sweep file's text instead of a table */
};

/* What it leaves out has its default. Strings are borrowed from argv. */
struct request {
    const struct command *command;
    const char *file;
    const char *output;                     /* --output; NULL if not given */
    bool is_forced;                         /* --force */
    const char *conditions[CONDITIONS_MAX]; /* --where, [n_conditions] */
    size_t n_conditions;
    struct ri_options ri;                    /* --measure, --normalise, --unimportant-below */
    struct pair_choice pair;                 /* --pair */
    unsigned measures;                       /* --measure, bits 1 << enum measure: at least the one of ri */
    bool has_all_measures;                   /* --measure all: those of the file */
    bool has_measure, has_unimportant_below; /* whether those two were given */
    uint64_t layers;                         /* --layer, bits 1 << (layer - 1); 0: all */
    const char *by;                          /* --by */
    const char *compare, *interaction;       /* --compare, --interaction */
    unsigned statistics;                     /* --statistic, bits 1 << enum statistic; 0: not given */
    bool is_of_important;                    /* --of */
    bool is_simultaneous;                    /* --simultaneous */
    size_t n_top;                            /* --top; 0 if not given */
    double p_below;                          /* --p-below; 0 if not given */
    double smallest_effect[N_CLAIMS];        /* --smallest-effect; 0 if not given */
    unsigned claims;                         /* --claim, bits 1 << enum claim_id; 0: all */
    bool is_control;                         /* --control */
    bool with_noise;                         /* --noise */
    bool is_csv, is_json;                    /* --csv, --json */
    const char *title;                       /* --title; NULL if not given */
    const char *along;                       /* --along; NULL if not given */
    const char *rows, *columns;              /* --rows, --columns; NULL if not given */
    size_t n_models;                         /* --models; 0 if not given */
    bool has_config;                         /* --config */
    size_t config, replicate;                /* --config, --replicate; 0 if not given */
    bool keep_script;                        /* --keep-script */
    double width_mm;                         /* --width */
    const char *font, *data;                 /* --font, --data; NULL if not given */
    struct palette palette;                  /* --palette */
    struct export_request export;            /* --each, --keys, --variable, --status, --sweep */
};

/* Where its output goes. */
struct output_place request_place(const struct request *request, enum output_format format);

/* How claims are to be decided. ERROR_INPUT for a bad --status. */
enum error_code request_claims(const struct request *request, struct claims_options *options, struct error *error);

/* Fits --measure to a file: `all` to the measures that it has. ERROR_INPUT if it lacks one that was named. */
enum error_code request_fit(struct request *request, const struct reader *reader, struct error *error);

/* The statuses that --status, which was given, names ("accepted,rejected"): bits, 1 << enum job_status. */
enum error_code request_statuses(const struct request *request, unsigned *statuses, struct error *error);

/* The format of a table: that of --csv or --json, else text. */
enum table_format request_format(const struct request *request);

#endif
