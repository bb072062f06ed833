#include "options.h"

#include "sample.h"
#include "streams.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MODELS_MAX  1000000000
#define HELP_COLUMN 26 /* where the text of an option's help begins */

#define ALL_MEASURES "MEASURES" /* in a help: their names */

struct option_row {
    const char *name;
    char letter;          /* its short form, 0 if it has none */
    const char *argument; /* NULL if it takes none */
    const char *help;
    /* Takes the value (NULL if it has none) into the request. */
    enum error_code (*take)(struct request *request, const char *value, struct error *error);
};

static enum error_code take_output(struct request *request, const char *value, struct error *error)
{
    if (request->output)
        return error_set(error, ERROR_INPUT, "-o %s: -o %s is given, too; allowed: one", value, request->output);
    request->output = value;
    return ERROR_NONE;
}

static enum error_code take_force(struct request *request, const char *value, struct error *error)
{
    (void)value, (void)error;
    request->is_forced = true;
    return ERROR_NONE;
}

static enum error_code take_where(struct request *request, const char *value, struct error *error)
{
    if (request->n_conditions == CONDITIONS_MAX)
        return error_set(error, ERROR_INPUT, "--where: allowed: at most %d times", CONDITIONS_MAX);
    request->conditions[request->n_conditions++] = value;
    return ERROR_NONE;
}

/* The index of the word [length] in names [n], or -1. */
static int find_name(const char *const *names, int n, const char *word, size_t length)
{
    for (int i = 0; i < n; i++)
        if (strlen(names[i]) == length && strncmp(names[i], word, length) == 0)
            return i;
    return -1;
}

/* Their names, with ", " between. */
#define MEASURES_TEXT_MAX 512
static void measures_text(char text[MEASURES_TEXT_MAX])
{
    size_t used = 0;
    for (int m = 0; m < N_MEASURES; m++)
        used += (size_t)snprintf(text + used, MEASURES_TEXT_MAX - used, "%s%s", m ? ", " : "", measure_table[m].name);
    check(used < MEASURES_TEXT_MAX);
}

static enum error_code take_measure(struct request *request, const char *value, struct error *error)
{
    if (!request->has_measure)
        request->measures = 0;
    request->has_measure = true;
    for (const char *word = value;; word++) {
        size_t length = strcspn(word, ",");
        int m = N_MEASURES - 1;
        while (m >= 0 && (strlen(measure_table[m].name) != length || strncmp(measure_table[m].name, word, length) != 0))
            m--;
        bool is_all = length == 3 && strncmp(word, "all", 3) == 0;
        if (m < 0 && !is_all) {
            char allowed[MEASURES_TEXT_MAX], given[64];
            const char *nearest = NULL;
            measures_text(allowed);
            snprintf(given, sizeof given, "%.*s", (int)(length < sizeof given ? length : sizeof given - 1), word);
            for (m = 0; m < N_MEASURES; m++)
                nearest = text_nearer(given, nearest, measure_table[m].name);
            return error_set(error, ERROR_INPUT, "--measure %s: %sallowed: %s, all", value,
                             text_hint_first(nearest).words, allowed);
        }
        if (request->measures == 0)
            request->ri.measure = is_all ? MEASURE_ABLATION_MEAN : (enum measure)m;
        request->has_all_measures |= is_all;
        request->measures |= is_all ? (1u << N_MEASURES) - 1 : 1u << m;
        word += length;
        if (!*word)
            return ERROR_NONE;
    }
}

static enum error_code take_normalise(struct request *request, const char *value, struct error *error)
{
    int i = find_name(normalise_names, N_NORMALISE, value, strlen(value));
    if (i < 0)
        return error_set(error, ERROR_INPUT, "--normalise %s: allowed: none, layer", value);
    request->ri.normalise = (enum normalise)i;
    return ERROR_NONE;
}

static enum error_code take_layer(struct request *request, const char *value, struct error *error)
{
    request->layers = 0;
    for (const char *word = value;; word++) {
        char *end;
        long layer = strtol(word, &end, 10);
        if (end == word || (*end != '\0' && *end != ',') || layer < 1 || layer > LAYERS_MAX)
            return error_set(error, ERROR_INPUT, "--layer %s: allowed: N or N,N,... with N from 1 to %d", value,
                             LAYERS_MAX);
        request->layers |= UINT64_C(1) << (layer - 1);
        word = end;
        if (!*word)
            return ERROR_NONE;
    }
}

static enum error_code take_statistic(struct request *request, const char *value, struct error *error)
{
    request->statistics = 0;
    for (const char *word = value;; word++) {
        size_t length = strcspn(word, ",");
        char name[64];
        enum statistic statistic;
        snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), word);
        if (statistic_find(name, &statistic, error))
            return error->code;
        request->statistics |= 1u << statistic;
        word += length;
        if (!*word)
            return ERROR_NONE;
    }
}

static enum error_code take_pair(struct request *request, const char *value, struct error *error)
{
    return pair_choice_parse(&request->pair, value, error);
}

static enum error_code take_by(struct request *request, const char *value, struct error *error)
{
    if (!*value)
        return error_set(error, ERROR_INPUT, "--by: allowed: KEY or KEY,KEY,...");
    request->by = value;
    return ERROR_NONE;
}

static enum error_code take_compare(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->compare = value;
    return ERROR_NONE;
}

static enum error_code take_interaction(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->interaction = value;
    return ERROR_NONE;
}

static enum error_code take_of(struct request *request, const char *value, struct error *error)
{
    request->is_of_important = strcmp(value, "important") == 0;
    if (!request->is_of_important && strcmp(value, "all") != 0)
        return error_set(error, ERROR_INPUT, "--of %s: allowed: all, important", value);
    return ERROR_NONE;
}

static enum error_code take_simultaneous(struct request *request, const char *value, struct error *error)
{
    (void)value, (void)error;
    request->is_simultaneous = true;
    return ERROR_NONE;
}

/* "two_subnetworks, similar_tasks_share, ..." */
static void list_claims(char names[512])
{
    names[0] = '\0';
    for (int c = 0; c < N_CLAIMS; c++)
        snprintf(names + strlen(names), 512 - strlen(names), "%s%s", c ? ", " : "", claim_table[c].name);
}

static enum error_code take_smallest_effect(struct request *request, const char *value, struct error *error)
{
    size_t length = strcspn(value, "=");
    enum claim_id claim = claim_find(value, length);
    char *end, names[512];
    if (claim == N_CLAIMS) {
        list_claims(names);
        return error_set(error, ERROR_INPUT, "--smallest-effect %s: allowed: CLAIM=X with CLAIM one of %s", value,
                         names);
    }
    double number = value[length] ? strtod(value + length + 1, &end) : 0;
    if (!value[length] || end == value + length + 1 || *end != '\0' || !(number > 0 && number <= 1))
        return error_set(error, ERROR_INPUT, "--smallest-effect %s: allowed: CLAIM=X with X above 0, at most 1", value);
    request->smallest_effect[claim] = number;
    return ERROR_NONE;
}

static enum error_code take_claim(struct request *request, const char *value, struct error *error)
{
    request->claims = 0;
    for (const char *word = value;; word++) {
        size_t length = strcspn(word, ",");
        enum claim_id claim = claim_find(word, length);
        if (claim == N_CLAIMS) {
            char names[512], given[64];
            const char *nearest = NULL;
            list_claims(names);
            snprintf(given, sizeof given, "%.*s", (int)(length < sizeof given ? length : sizeof given - 1), word);
            for (int c = 0; c < N_CLAIMS; c++)
                nearest = text_nearer(given, nearest, claim_table[c].name);
            return error_set(error, ERROR_INPUT, "--claim %s: %sallowed: NAME,... of %s", value,
                             text_hint_first(nearest).words, names);
        }
        request->claims |= 1u << claim;
        word += length;
        if (!*word)
            return ERROR_NONE;
    }
}

static enum error_code take_control(struct request *request, const char *value, struct error *error)
{
    (void)value, (void)error;
    request->is_control = true;
    return ERROR_NONE;
}

static enum error_code take_noise(struct request *request, const char *value, struct error *error)
{
    (void)value, (void)error;
    request->with_noise = true;
    return ERROR_NONE;
}

static enum error_code take_top(struct request *request, const char *value, struct error *error)
{
    char *end;
    long number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || number < 1 || number > MODELS_MAX)
        return error_set(error, ERROR_INPUT, "--top %s: allowed: a whole number from 1 to %d", value, MODELS_MAX);
    request->n_top = (size_t)number;
    return ERROR_NONE;
}

static enum error_code take_p_below(struct request *request, const char *value, struct error *error)
{
    char *end;
    request->p_below = strtod(value, &end);
    if (end == value || *end != '\0' || !(request->p_below > 0 && request->p_below <= 1))
        return error_set(error, ERROR_INPUT, "--p-below %s: allowed: a number above 0, at most 1", value);
    return ERROR_NONE;
}

static enum error_code take_csv(struct request *request, const char *value, struct error *error)
{
    (void)value, (void)error;
    request->is_csv = true;
    return ERROR_NONE;
}

static enum error_code take_json(struct request *request, const char *value, struct error *error)
{
    (void)value, (void)error;
    request->is_json = true;
    return ERROR_NONE;
}

static enum error_code take_unimportant_below(struct request *request, const char *value, struct error *error)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end != '\0' || !isfinite(number) || number < 0)
        return error_set(error, ERROR_INPUT, "--unimportant-below %s: allowed: a number, 0 or above", value);
    request->ri.unimportant_below = number;
    request->has_unimportant_below = true;
    return ERROR_NONE;
}

/* A cut-off of RI. */
static enum error_code take_cut_off(const char *option, const char *value, double *cut_off, struct error *error)
{
    char *end;
    *cut_off = strtod(value, &end);
    if (end == value || *end != '\0' || !(*cut_off > 0 && *cut_off < 1))
        return error_set(error, ERROR_INPUT, "--%s %s: allowed: a number between 0 and 1", option, value);
    return ERROR_NONE;
}

static enum error_code take_selective_above(struct request *request, const char *value, struct error *error)
{
    return take_cut_off("selective-above", value, &request->ri.selective_above, error);
}

static enum error_code take_mixed_below(struct request *request, const char *value, struct error *error)
{
    return take_cut_off("mixed-below", value, &request->ri.mixed_below, error);
}

static enum error_code take_keep_script(struct request *request, const char *value, struct error *error)
{
    (void)value, (void)error;
    request->keep_script = true;
    return ERROR_NONE;
}

static enum error_code take_width(struct request *request, const char *value, struct error *error)
{
    char *end;
    request->width_mm = strtod(value, &end);
    if (end == value || *end != '\0' || !(request->width_mm >= WIDTH_MM_MIN && request->width_mm <= WIDTH_MM_MAX))
        return error_set(error, ERROR_INPUT, "--width %s: allowed: a number of millimetres, from %g to %g", value,
                         WIDTH_MM_MIN, WIDTH_MM_MAX);
    return ERROR_NONE;
}

static enum error_code take_font(struct request *request, const char *value, struct error *error)
{
    request->font = value;
    return gnuplot_check_font(value, error);
}

static enum error_code take_palette(struct request *request, const char *value, struct error *error)
{
    return palette_parse(&request->palette, value, error);
}

static enum error_code take_data(struct request *request, const char *value, struct error *error)
{
    if (request->data)
        return error_set(error, ERROR_INPUT, "--data %s: --data %s is given, too; allowed: one", value, request->data);
    request->data = value;
    return ERROR_NONE;
}

static enum error_code take_each(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->export.each = value;
    return ERROR_NONE;
}

static enum error_code take_keys(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->export.keys = value;
    return ERROR_NONE;
}

static enum error_code take_variable(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->export.variable = value;
    return ERROR_NONE;
}

static enum error_code take_status(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->export.status = value;
    return ERROR_NONE;
}

static enum error_code take_sweep(struct request *request, const char *value, struct error *error)
{
    (void)value, (void)error;
    request->export.sweep = true;
    return ERROR_NONE;
}

static enum error_code take_title(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->title = value;
    return ERROR_NONE;
}

static enum error_code take_along(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->along = value;
    return ERROR_NONE;
}

static enum error_code take_rows(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->rows = value;
    return ERROR_NONE;
}

static enum error_code take_columns(struct request *request, const char *value, struct error *error)
{
    (void)error;
    request->columns = value;
    return ERROR_NONE;
}

/* A number of a configuration or replicate, from 0. */
static enum error_code take_index(const char *option, const char *value, size_t *index, struct error *error)
{
    char *end;
    long number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || number < 0 || number > MODELS_MAX)
        return error_set(error, ERROR_INPUT, "--%s %s: allowed: a whole number from 0 to %d", option, value,
                         MODELS_MAX);
    *index = (size_t)number;
    return ERROR_NONE;
}

static enum error_code take_config(struct request *request, const char *value, struct error *error)
{
    request->has_config = true;
    return take_index("config", value, &request->config, error);
}

static enum error_code take_replicate(struct request *request, const char *value, struct error *error)
{
    return take_index("replicate", value, &request->replicate, error);
}

static enum error_code take_models(struct request *request, const char *value, struct error *error)
{
    char *end;
    long number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || number < 1 || number > MODELS_MAX)
        return error_set(error, ERROR_INPUT, "--models %s: allowed: a whole number from 1 to %d", value, MODELS_MAX);
    request->n_models = (size_t)number;
    return ERROR_NONE;
}

static const struct option_row option_table[] = {
    {"output", 'o', "OUT",
     "the file to write (- is standard output); an older output of the same format "
     "is replaced, at the end of symbolic links too. Refused without --force: what "
     "is of another format, results and other HDF5 files, sweep files. Refused "
     "always: FILE.h5 itself, and what somebody is writing",
     take_output},
    {"force", 0, NULL, "replace what is at OUT, unless that is always refused", take_force},
    {"where", 0, "KEY=VALUE",
     "only configurations with this value (or one of VALUE,VALUE,...) of a "
     "hyperparameter; may be repeated, all must hold",
     take_where},
    {"by", 0, "KEY,...",
     "one group for each combination of these hyperparameters' values; of plot trend "
     "a line for each value of one, or measure or layer: a line for each of them",
     take_by},
    {"measure", 0, "NAME",
     "importance measure (default taylor_sample), one of " ALL_MEASURES
     "; where several are of use NAME,NAME,... or all",
     take_measure},
    {"pair", 0, "A-B",
     "two tasks, by number or name (1-3, sum-prod), or all: each pair of the tasks "
     "(default 1-2; of summary all)",
     take_pair},
    {"layer", 0, "N,...", "only these hidden layers, from 1", take_layer},
    {"normalise", 0, "HOW", "none (default), or layer: divide importances by their sum over the layer", take_normalise},
    {"unimportant-below", 0, "X", "an importance below X times its layer's mean counts as 0 (default 0.1)",
     take_unimportant_below},
    {"selective-above", 0, "X", "units are selective if |RI| is above X (default " RI_TEXT(RI_SELECTIVE_ABOVE) ")",
     take_selective_above},
    {"mixed-below", 0, "X", "units are mixed if |RI| is below X (default " RI_TEXT(RI_MIXED_BELOW) ")",
     take_mixed_below},
    {"compare", 0, "KEY", "KEY or KEY=VALUE: compare the values of a hyperparameter, see above", take_compare},
    {"interaction", 0, "KEY",
     "with --compare: KEY or KEY=VALUE, how far what is compared depends on another "
     "hyperparameter, see above",
     take_interaction},
    {"statistic", 0, "NAME,...", "only these, listed below (figures take one)", take_statistic},
    {"of", 0, "UNITS",
     "all (default), or important: what shares of a layer are of, all its units or "
     "those that are important to a task",
     take_of},
    {"simultaneous", 0, NULL, "intervals that hold all together in 95 % of samples (Bonferroni's, by Student's t)",
     take_simultaneous},
    {"smallest-effect", 0, "CLAIM=X", "smallest effect of interest of a claim, in place of 0.05; may be repeated",
     take_smallest_effect},
    {"claim", 0, "NAME,...", "only these claims", take_claim},
    {"control", 0, NULL,
     "write a sweep instead, the file's with the identical tasks added that its "
     "claims are held against: for picky extend",
     take_control},
    {"noise", 0, NULL, "beside each number, what it is between two test sets of one task", take_noise},
    {"top", 0, "N", "with --compare: only the N rows with the largest effects (Cliff's delta)", take_top},
    {"p-below", 0, "X", "with --compare: only rows whose p family is below X", take_p_below},
    {"csv", 0, NULL, "comma-separated values instead of a table", take_csv},
    {"json", 0, NULL, "JSON instead of a table; of summary with histograms", take_json},
    {"along", 0, "KEY", "the hyperparameter along the axis", take_along},
    {"rows", 0, "KEY", "the hyperparameter that changes from row to row", take_rows},
    {"columns", 0, "KEY", "the hyperparameter that changes from column to column", take_columns},
    {"models", 0, "N", "at most N models of each configuration, spread evenly", take_models},
    {"config", 0, "N", "this configuration, from 0 as in the file", take_config},
    {"replicate", 0, "N", "this replicate, from 0 (default 0)", take_replicate},
    {"title", 0, "TEXT", "title, instead of the sweep's name; \"\" for none", take_title},
    {"width", 0, "MM",
     "width of the page in millimetres (default 180, two columns of a journal; 85 "
     "is one); no text is smaller than 6 points",
     take_width},
    {"font", 0, "NAME", "family of the figure's font (default sans-serif)", take_font},
    {"palette", 0, "NAME",
     "safe (default: for colour-blind readers too), grey, or colours of the tasks, "
     "#RRGGBB,#RRGGBB,...",
     take_palette},
    {"data", 0, "OUT.csv",
     "write the figure's numbers as a table, too (- is standard output); without -o alone, which needs no gnuplot",
     take_data},
    {"keep-script", 0, NULL, "leave the gnuplot script beside OUT, its name ending in .gp (replaces an older one)",
     take_keep_script},
    {"each", 0, "KIND", "a row for each model (default), epoch or neuron", take_each},
    {"keys", 0, "WHICH", "hyperparameters as columns: swept (default) or all", take_keys},
    {"variable", 0, "NAME", "an array of the file as a NumPy file (.npy) instead of a table", take_variable},
    {"status", 0, "STATUS[,STATUS]...",
     "only jobs of these: accepted, rejected, diverged, error (default: "
     "accepted, in export for --each model and --variable all); summary and figures "
     "take accepted and rejected, the latter without those that learned nothing",
     take_status},
    {"sweep", 0, NULL, "the sweep's text, as it was run, instead of a table", take_sweep},
    {"help", 'h', NULL, "print this and end", NULL},
};
#define N_OPTIONS   (sizeof option_table / sizeof option_table[0])
#define OPTION_HELP (&option_table[N_OPTIONS - 1])

/* Whether `name` is among the words of `list`. */
static bool has_word(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *word = list; (word = strstr(word, name)); word += length)
        if ((word == list || word[-1] == ' ') && (word[length] == ' ' || word[length] == '\0'))
            return true;
    return false;
}

static bool takes(const struct command *command, const struct option_row *row)
{
    return row == OPTION_HELP || has_word(command->options, row->name);
}

static void print_option(const struct option_row *row, FILE *out)
{
    char short_form[8] = "", name[64];
    if (row->letter)
        snprintf(short_form, sizeof short_form, "-%c, ", row->letter);
    snprintf(name, sizeof name, "  %s--%s%s%s", short_form, row->name, row->argument ? " " : "",
             row->argument ? row->argument : "");
    fprintf(out, "%-*s", HELP_COLUMN, name);
    if ((int)strlen(name) >= HELP_COLUMN)
        fprintf(out, "\n%*s", HELP_COLUMN, "");
    const char *list = strstr(row->help, ALL_MEASURES);
    if (list) {
        char measures[MEASURES_TEXT_MAX], help[MEASURES_TEXT_MAX + 256];
        measures_text(measures);
        snprintf(help, sizeof help, "%.*s%s%s", (int)(list - row->help), row->help, measures,
                 list + strlen(ALL_MEASURES));
        stream_fill(out, help, HELP_COLUMN);
    } else {
        stream_fill(out, row->help, HELP_COLUMN);
    }
}

static const char exit_codes[] = "Exit code: 0 done; 2 bad usage or file; 3 the output could not be written.\n";

static void print_synopsis(const struct command *command, FILE *out)
{
    fprintf(out, " picky-analyse %s FILE.h5%s%s [OPTION]...\n", command->name, *command->synopsis ? " " : "",
            command->synopsis);
}

static void print_summary(const struct command *command, int indent, FILE *out)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "%s.", command->summary);
    stream_fill(out, sentence, indent);
}

static void print_statistics(FILE *out)
{
    fprintf(out, "\nStatistics:\n");
    for (int s = 0; s < N_STATISTICS; s++) {
        fprintf(out, "  %-*s", HELP_COLUMN - 2, statistic_table[s].name);
        stream_fill(out, statistic_table[s].meaning, HELP_COLUMN);
    }
}

static void print_command_help(const struct command *command, FILE *out)
{
    fprintf(out, "Usage:");
    print_synopsis(command, out);
    fprintf(out, "\n");
    print_summary(command, 0, out);
    if (command->details)
        fprintf(out, "\n%s", command->details);
    fprintf(out, "\nOptions:\n");
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (takes(command, &option_table[i]))
            print_option(&option_table[i], out);
    if (has_word(command->options, "statistic"))
        print_statistics(out);
    char more[256];
    snprintf(more, sizeof more, "More: %s (in share/doc/picky, or docs/ of the sources).",
             command->pages ? command->pages : "measures.md");
    fprintf(out, "\n%s\n", exit_codes);
    stream_fill(out, more, 0);
}

/* Whether a command's name begins with the word `group` ("plot" of "plot ri"). */
static bool is_in_group(const struct command *command, const char *group)
{
    size_t length = strlen(group);
    return strncmp(command->name, group, length) == 0 && command->name[length] == ' ';
}

/* Lists the commands, or those of a group. */
static void print_help(const char *group, FILE *out)
{
    fprintf(out, "Tables and figures from a results file of picky, also while a sweep writes it.\n\nUsage:\n");
    for (size_t i = 0; i < n_commands; i++)
        if (!group || is_in_group(commands[i], group)) {
            fprintf(out, " ");
            print_synopsis(commands[i], out);
            fprintf(out, "      ");
            print_summary(commands[i], 6, out);
        }
    fprintf(
        out,
        "  picky-analyse help COMMAND\n  picky-analyse COMMAND --help\n  picky-analyse --version\n\n%s\n"
        "Pages (in share/doc/picky, or docs/ of the sources): first-sweep.md,\nmeasures.md, claims.md, reading.md.\n",
        exit_codes);
}

/* "summary, plot ri" of all commands, or of a group. */
static void list_names(const char *group, char *text, size_t size)
{
    *text = '\0';
    for (size_t i = 0; i < n_commands; i++)
        if (!group || is_in_group(commands[i], group)) {
            size_t used = strlen(text);
            snprintf(text + used, size - used, "%s%s", used ? ", " : "", commands[i]->name);
        }
}

/* Finds the command that the words [n_words] begin with, or NULL; *n_name is how many of them are its name. *group is
 * the first word if there are commands of two words that begin with it, else NULL. */
static const struct command *find_command(char *const *words, int n_words, int *n_name, const char **group)
{
    *group = NULL;
    for (size_t i = 0; n_words > 0 && i < n_commands; i++) {
        const char *name = commands[i]->name;
        *n_name = strchr(name, ' ') ? 2 : 1;
        if (*n_name == 1 && strcmp(name, words[0]) == 0)
            return commands[i];
        if (*n_name == 2 && is_in_group(commands[i], words[0])) {
            *group = words[0];
            if (n_words > 1 && strcmp(strchr(name, ' ') + 1, words[1]) == 0)
                return commands[i];
        }
    }
    return NULL;
}

static enum error_code no_command(const char *group, char *const *words, int n_words, struct error *error)
{
    char names[512];
    list_names(group, names, sizeof names);
    if (n_words == 0)
        return error_set(error, ERROR_INPUT, "no command: allowed: %s (see --help)", names);
    const char *nearest = NULL, *word = group && n_words > 1 ? words[1] : words[0];
    const size_t skipped = group ? strlen(group) + 1 : 0; /* of the names: the group's word and a blank */
    for (size_t i = 0; i < n_commands; i++)
        if (!group || (n_words > 1 && is_in_group(commands[i], group)))
            nearest = text_nearer(word, nearest, commands[i]->name + skipped);
    return error_set(error, ERROR_INPUT, "%s%s%s: %s%sallowed: %s (see --help)", group ? group : word,
                     group && n_words > 1 ? " " : "", group && n_words > 1 ? word : "", group ? "" : "not a command; ",
                     text_hint_first(nearest ? nearest - skipped : NULL).words, names);
}

enum { FIRST_VALUE = 256 }; /* of options without a letter; above every letter */

/* The word for the argument of an option, by the value that getopt knows it by. */
static const char *argument_of(int value)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (value == (option_table[i].letter ? option_table[i].letter : FIRST_VALUE + (int)i))
            return option_table[i].argument;
    return "";
}

/* Options go into the request, and into given [N_OPTIONS]; argv is left with its words from optind on. */
static enum error_code parse_options(struct request *request, bool *given, int argc, char **argv, struct error *error)
{
    struct option options[N_OPTIONS + 1] = {{0}};
    char letters[2 * N_OPTIONS + 2] = ":";
    int value;

    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct option_row *row = &option_table[i];
        options[i] = (struct option){row->name, row->argument ? required_argument : no_argument, NULL,
                                     row->letter ? row->letter : FIRST_VALUE + (int)i};
        size_t used = strlen(letters);
        if (row->letter)
            snprintf(letters + used, sizeof letters - used, "%c%s", row->letter, row->argument ? ":" : "");
    }
    opterr = 0;
    while ((value = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        if (value == '?' && optopt > 0 && optopt < FIRST_VALUE) /* a letter, perhaps of several in one word */
            return error_set(error, ERROR_INPUT, "-%c: no such option (see --help)", optopt);
        if (value == '?')
            return error_set(error, ERROR_INPUT, "%s: no such option (see --help)", argv[optind - 1]);
        if (value == ':')
            return error_set(error, ERROR_INPUT, "%s: its value is missing: %s %s (see --help)", argv[optind - 1],
                             argv[optind - 1], argument_of(optopt));
        for (size_t i = 0; i < N_OPTIONS; i++)
            if (options[i].val == value) {
                given[i] = true;
                if (option_table[i].take && option_table[i].take(request, optarg, error))
                    return error->code;
            }
    }
    return ERROR_NONE;
}

enum error_code options_parse(struct request *request, int argc, char **argv, FILE *help, struct error *error)
{
    bool given[N_OPTIONS] = {false};
    const char *group;
    int n_name = 0;

    *request = (struct request){
        .ri = {.measure = MEASURE_TAYLOR_SAMPLE, .unimportant_below = UNIMPORTANT_BELOW, .task_a = 0, .task_b = 1},
        .measures = 1u << MEASURE_TAYLOR_SAMPLE,
        .width_mm = WIDTH_MM_DEFAULT,
        .palette = palette_safe};
    if (parse_options(request, given, argc, argv, error))
        return error->code;
    char **words = argv + optind;
    int n_words = argc - optind;
    bool is_help = n_words > 0 && strcmp(words[0], "help") == 0;
    words += is_help;
    n_words -= is_help;
    const struct command *command = find_command(words, n_words, &n_name, &group);
    if (is_help && n_words > 0 && (group ? !command && n_words > 1 : !command))
        return no_command(group, words, n_words, error);
    if (is_help || given[OPTION_HELP - option_table]) {
        if (command)
            print_command_help(command, help);
        else
            print_help(group, help);
        if (fflush(help) != 0)
            return error_set(error, ERROR_FATAL, "cannot write the help: %s", strerror(errno));
        return ERROR_NONE;
    }
    if (!command)
        return no_command(group, words, n_words, error);
    if (n_words != n_name + 1)
        return error_set(error, ERROR_INPUT, "%s: allowed: one results file, %d given (see --help)", command->name,
                         n_words - n_name);
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (given[i] && !takes(command, &option_table[i]))
            return error_set(error, ERROR_INPUT, "--%s: not an option of this command (see picky-analyse %s --help)",
                             option_table[i].name, command->name);
    if (__builtin_popcount(request->measures) > 1 && !has_word(command->options, "measures"))
        return error_set(error, ERROR_INPUT, "--measure: %s takes one measure", command->name);
    bool is_table_alone = request->data && !request->keep_script; /* of a figure */
    if (command->needs_output && !request->output && !is_table_alone)
        return error_set(error, ERROR_INPUT, "%s: the output's name is missing: %s", command->name, command->synopsis);
    request->file = words[n_name];
    request->command = command;
    return ERROR_NONE;
}
