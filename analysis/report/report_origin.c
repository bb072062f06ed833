#include "report_origin.h"

#include "numbers.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static const char *find_text(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->provenance.n_texts; i++)
        if (strcmp(report->provenance.texts[i].name, name) == 0)
            return report->provenance.texts[i].value;
    return "";
}

/* "2026-11-24 20:00:52 UTC", or a dash. */
static void write_time(FILE *out, double seconds)
{
    struct tm parts;
    char text[64];
    time_t time = seconds > 0 && seconds < 1e11 ? (time_t)seconds : 0;
    if (time > 0 && gmtime_r(&time, &parts) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts))
        fputs(text, out);
    else
        fprintf(out, "&ndash;");
}

static void write_duration(FILE *out, double seconds)
{
    if (!(seconds >= 0 && seconds < 1e11))
        fprintf(out, "&ndash;");
    else if (seconds < 120)
        fprintf(out, "%.1f s", seconds);
    else if (seconds < 7200)
        fprintf(out, "%.1f min", seconds / 60);
    else
        fprintf(out, "%.1f h", seconds / 3600);
}

static void write_runs(const struct report *report)
{
    FILE *out = report->out;
    report_table_begin(out, "Runs", NULL);
    fprintf(out, "<thead><tr><th scope=\"col\">Run</th><th scope=\"col\">Start</th>"
                 "<th scope=\"col\" class=\"n\">Duration</th><th scope=\"col\" class=\"n\">Ranks</th>"
                 "<th scope=\"col\" class=\"n\">Jobs</th><th scope=\"col\">Hosts</th>"
                 "<th scope=\"col\">picky</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->provenance.n_runs; i++) {
        const struct reader_run *run = &report->provenance.runs[i];
        fprintf(out, "<tr><th scope=\"row\">%zu</th><td>", i + 1);
        write_time(out, run->start_s);
        fprintf(out, "</td><td class=\"n\">");
        write_duration(out, run->end_s - run->start_s);
        fprintf(out, "</td><td class=\"n\">%" PRId32 "</td><td class=\"n\">%" PRId64 "</td><td>", run->n_ranks,
                run->n_jobs);
        html_text(out, run->hosts);
        fprintf(out, "</td><td>");
        html_text(out, run->version);
        fprintf(out, "</td></tr>\n");
    }
    report_table_end(out);
}

void report_origin(const struct report *report)
{
    FILE *out = report->out;
    fprintf(out, "<section id=\"origin\" aria-labelledby=\"h-origin\">\n<h2 id=\"h-origin\">Provenance</h2>\n");
    if (report->provenance.n_runs > 0)
        write_runs(report);
    else
        fprintf(out, "<p>The file has no log of runs.</p>\n");
    if (report->provenance.n_texts > 0) {
        report_fold_begin(out, "The run that made the file", 0);
        report_table_begin(out, "The run that made the file", NULL);
        fprintf(out, "<tbody>\n");
        for (size_t i = 0; i < report->provenance.n_texts; i++) {
            if (strcmp(report->provenance.texts[i].name, "sweep_original") == 0)
                continue; /* the sweep's text stands below */
            fprintf(out, "<tr><th scope=\"row\">");
            html_text(out, report->provenance.texts[i].name);
            fprintf(out, "</th><td>");
            html_text(out, report->provenance.texts[i].value);
            fprintf(out, "</td></tr>\n");
        }
        report_table_end(out);
        report_fold_end(out);
    }
    fprintf(out, "</section>\n");
}

/* A word as a shell takes it. */
static void write_word(FILE *out, const char *word)
{
    const char *plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=,+%@-";
    bool is_option = *word == '-'; /* a file's name that looks like one */
    if (*word && word[strspn(word, plain)] == '\0') {
        html_printf(out, "%s%s", is_option ? "./" : "", word);
        return;
    }
    html_printf(out, "%s'", is_option ? "./" : "");
    for (;;) {
        size_t n = strcspn(word, "'");
        html_printf(out, "%.*s", (int)n, word);
        if (!word[n])
            break;
        html_text(out, "'\\''");
        word += n + 1;
    }
    html_text(out, "'");
}

static void write_citation(const struct report *report)
{
    FILE *out = report->out;
    const char *version = find_text(report, "picky_version"), *revision = find_text(report, "git_revision");
    const char *start = find_text(report, "start_time");

    fprintf(out,
            "<p>Cite the software with its version, the sweep and the file, and the study that it repeats:</p>\n"
            "<blockquote>\n<p>picky%s",
            *version ? " " : "");
    html_text(out, version);
    if (*revision) {
        fprintf(out, " (revision ");
        html_text(out, revision);
        fprintf(out, ")");
    }
    fprintf(out, ", sweep &ldquo;");
    html_text(out, *report->reader->name ? report->reader->name : "without a name");
    fprintf(out, "&rdquo;");
    if (*start) {
        fprintf(out, ", run ");
        html_printf(out, "%.10s", start);
    }
    fprintf(out, ".</p>\n<p>T. George, <cite>What makes neurons picky?</cite> Notebook, 2020.</p>\n</blockquote>\n");
}

/* Which configurations the page is about, and below which share of the mean an importance counts as 0. */
static void write_conditions(const struct report *report)
{
    for (size_t i = 0; i < report->options->n_conditions; i++) {
        fprintf(report->out, " --where ");
        write_word(report->out, report->options->conditions[i]);
    }
    if (report->options->ri.unimportant_below != UNIMPORTANT_BELOW) {
        char text[NUMBER_TEXT_MAX];
        number_text(report->options->ri.unimportant_below, text);
        fprintf(report->out, " --unimportant-below %s", text);
    }
}

/* The options with which this page was made. */
static void write_options(const struct report *report)
{
    write_conditions(report);
    if (report->options->ri.measure != MEASURE_TAYLOR_SAMPLE)
        fprintf(report->out, " --measure %s", measure_table[report->options->ri.measure].name);
    if (report->options->ri.normalise != NORMALISE_NONE)
        fprintf(report->out, " --normalise %s", normalise_names[report->options->ri.normalise]);
}

/* How to run the sweep again, and to compare. */
static void write_repetition(const struct report *report)
{
    FILE *out = report->out;
    const char *file = report->reader->path, *revision = find_text(report, "git_revision");

    fprintf(out,
            "<p>A job&rsquo;s result depends on its hyperparameters and seed alone, bit for bit. The first command "
            "does a sample of the jobs again (<code>--all</code>: every one) and compares every bit; the others run "
            "the sweep anew. Use the same version of picky.</p>\n"
            "<pre>picky verify ");
    write_word(out, file);
    fprintf(out, " --sample 32\npicky-analyse export ");
    write_word(out, file);
    fprintf(out, " --sweep -o sweep.cfg\npicky run sweep.cfg -o again.h5</pre>\n");
    if (strstr(revision, "-dirty"))
        fprintf(out, "<p>The revision ends in &ldquo;-dirty&rdquo;: picky was built from sources with changes that no "
                     "revision has. Another build may give other bits.</p>\n");
}

static void write_sweep(const struct report *report)
{
    FILE *out = report->out;
    const char *sweep = report->provenance.sweep, *original = find_text(report, "sweep_original");
    if (!*sweep)
        return;
    report_fold_begin(out, "The sweep file", 0);
    if (*report->provenance.sweep_fault) {
        fprintf(out, "<p>The text that the file holds is not that of its sweep: ");
        html_text(out, report->provenance.sweep_fault);
        fprintf(out, ".</p>\n");
    } else if (*original && strcmp(sweep, original) != 0) {
        fprintf(out, "<p>As it was run: with the values that <code>--set</code> gave. Without them it is the attribute "
                     "<code>sweep_original</code> of the group <code>provenance</code>.</p>\n");
    }
    fprintf(out, "<pre>");
    if (*sweep == '\n') /* HTML drops the first one */
        fputc('\n', out);
    html_text(out, sweep);
    fprintf(out, "</pre>\n");
    report_fold_end(out);
}

void report_reproduce(const struct report *report)
{
    FILE *out = report->out;
    const char *file = report->reader->path, *command = find_text(report, "command_line");

    fprintf(out, "<section id=\"reproduce\" aria-labelledby=\"h-reproduce\">\n"
                 "<h2 id=\"h-reproduce\">Cite and reproduce</h2>\n");
    write_citation(report);
    if (*report->provenance.sweep && !*report->provenance.sweep_fault)
        write_repetition(report);
    if (*command) {
        fprintf(out, "<p>The run that made the file was <code>");
        html_text(out, command);
        fprintf(out, "</code>.</p>\n");
    }
    write_sweep(report);
    fprintf(out, "<h3>This page</h3>\n<p>This page, and the numbers behind it as tables:</p>\n"
                 "<pre>picky-analyse report ");
    write_word(out, file);
    write_options(report);
    fprintf(out, " -o report.html\npicky-analyse summary ");
    write_word(out, file);
    write_options(report);
    if (claims_any(&report->claims)) {
        fprintf(out, "\npicky-analyse claims ");
        write_word(out, file);
        write_conditions(report);
    }
    fprintf(out, "\npicky-analyse export ");
    write_word(out, file);
    fprintf(out, " -o models.csv\npicky-analyse export ");
    write_word(out, file);
    fprintf(out, " --each neuron -o neurons.csv</pre>\n");
    fprintf(out, "</section>\n");
}
