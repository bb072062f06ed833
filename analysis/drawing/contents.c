#include "contents.h"

#include "hyperparameters.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_BYTES_MAX (1 << 20) /* looked at, from the beginning */
#define HEADER_MAX  (1 << 16) /* of a CSV file; with eight tasks and all measures it has 10,000 bytes */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool begins_as_word(const char *text, const char *with)
{
    size_t n = strlen(with);
    return strncasecmp(text, with, n) == 0 && !isalnum((unsigned char)text[n]) &&
           (text[n] == '\0' || !strchr("-_:.", text[n]));
}

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t\n\v\f\r");
}

static const char *skip_byte_order_mark(const char *s)
{
    return begins(s, "\xef\xbb\xbf") ? s + 3 : s;
}

/* Behind the next `end`, or the text's end. */
static const char *skip_behind(const char *s, const char *end)
{
    const char *found = strstr(s, end);
    return found ? found + strlen(end) : s + strlen(s);
}

static bool matches(const char *text, const char *pattern)
{
    regex_t expression;
    if (regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool result = regexec(&expression, text, 0, NULL, 0) == 0;
    regfree(&expression);
    return result;
}

/* ---- sweeps ---- */

static const char *skip_comments(const char *s)
{
    for (;;) {
        s = skip_blanks(s);
        if (*s == '#' || begins(s, "//"))
            s += strcspn(s, "\n");
        else if (begins(s, "/*"))
            s = skip_behind(s + 2, "*/");
        else
            return s;
    }
}

static size_t name_length(const char *s)
{
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) || s[n] == '_' || (n > 0 && s[n] == '-'))
        n++;
    return isdigit((unsigned char)*s) ? 0 : n;
}

/* Behind "NAME =" or "NAME :"; NULL if that is not what s begins with. */
static const char *skip_name(const char *s)
{
    size_t n = name_length(s);
    s = skip_comments(s + n);
    return n > 0 && (*s == '=' || *s == ':') ? skip_comments(s + 1) : NULL;
}

/* Whether s begins with one of a sweep's keys, in whatever case. */
static bool is_sweep_key(const char *s)
{
    static const char *const keys[] = {"name", "replicates", "seed", "store", "model", "train", "grid", "zip", "cases"};
    size_t n = name_length(s);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strlen(keys[i]) == n && strncasecmp(s, keys[i], n) == 0)
            return true;
    for (int i = 0; i < n_hyperparameters; i++)
        if (strlen(hyperparameter_table[i].name) == n && strncasecmp(s, hyperparameter_table[i].name, n) == 0)
            return true;
    return false;
}

static bool is_value(const char *s)
{
    return (*s && strchr("{[(\"+-.0123456789;", *s)) || begins_as_word(s, "true") || begins_as_word(s, "false");
}

/* Whether it may be a sweep file. Only libconfig can tell, and not of one with a mistake, so this errs on the side of
 * yes: text that begins with a setting, whichever it is, and has one of a sweep's; and comments without anything else.
 */
static bool may_be_sweep(const char *text)
{
    const char *s = skip_comments(skip_byte_order_mark(text)), *value = skip_name(s);
    if (!*s)
        return *skip_blanks(text) != '\0';
    if (begins(s, "@include"))
        return true;
    /* "FILE: NAME" begins a text of picky-analyse, whatever they are called; no sweep goes on like that. */
    if (!value || matches(text, "^[^\n]*\n[0-9]+ configurations? x [0-9]+ replicates? = [0-9]+ jobs?: "))
        return false;
    if (!is_sweep_key(s) && !is_value(value))
        return false;
    bool is_after_word = false; /* "with seed = 5" is prose */
    while (*s) {
        size_t n = name_length(s);
        value = is_after_word ? NULL : skip_name(s);
        if (begins(s, "@include") || (value && is_sweep_key(s) && is_value(value)))
            return true;
        const char *end = n > 0 ? s + n : s + 1;
        s = skip_comments(end);
        is_after_word = n > 0 && !memchr(end, '\n', (size_t)(s - end));
    }
    return false;
}

/* ---- formats ---- */

static bool is_text(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)bytes[i] < 0x20 && (bytes[i] == '\0' || !strchr("\b\t\n\v\f\r\x1b", bytes[i])))
            return false;
    return !begins(bytes, "%PDF-");
}

/* The header line without hyperparameters' names, of which any may be columns; NULL if it is too long for one, and
 * without memory. */
static char *take_header(const char *text)
{
    size_t length = strcspn(text, "\r\n"), used = 0;
    char *header = length <= HEADER_MAX ? malloc(length + 2) : NULL;
    for (const char *word = text; header && word <= text + length; word += strcspn(word, ",\r\n") + 1) {
        char name[64];
        size_t n = strcspn(word, ",\r\n");
        snprintf(name, sizeof name, "%.*s", (int)n, word);
        if (hyperparameter_find(name) || strcmp(name, "context_layer") == 0)
            continue;
        memcpy(header + used, word, n);
        used += n;
        header[used++] = ',';
    }
    if (header)
        header[used] = '\0';
    return header;
}

/* Columns come and go between versions; those that are named here have always been there. */
static bool is_csv(const char *text)
{
    static const char pattern[] =
        "^(" /* summary */
        "first_configuration,n_configurations,([a-z]+,)+attempts,measure,normalise,unimportant_below,task_1,task_2,"
        "layer,([a-z_0-9]+,[a-z_0-9]+_low,[a-z_0-9]+_high,)+(task_1_name,task_2_name,)?(selective_above,mixed_below,)?"
        "|" /* summary --compare */
        "compared,value_a,value_b,measure,normalise,unimportant_below,task_1,task_2,layer,statistic,pairs,"
        "mean_a,mean_b,difference,difference_low,difference_high,cliff_delta,p,p_holm,([a-z_0-9]+,)*"
        "|" /* claims */
        "claim,measure,normalise,(unimportant_below,shares_of,)?decision,n,effect,effect_low,effect_high,mean_a,mean_b,"
        "configurations_a,configurations_b,([a-z_0-9]+,)*"
        "|" /* plot --data */
        "figure,configuration,([A-Za-z_0-9]+,)+"
        "|" /* export: models, epochs, neurons */
        "config,replicate,seed,status,(attempts,train_loss,(test_error_[0-9]+,)+(test_loss_[0-9]+,)+wall_time,reason,"
        "|epoch,train_loss,(test_error_[0-9]+,)+"
        "|layer,unit,([a-z_]+((_ri_[0-9]+)?_[0-9]+|_selectivity|_n_eff|_preferred),)+)"
        ")$";
    char *header = take_header(text);
    bool result = header && matches(header, pattern);
    free(header);
    return result;
}

static bool is_json(const char *text)
{
    return matches(text,
                   "^[[:space:]]*\\{[[:space:]]*\"file\"[[:space:]]*:[[:space:]]*\"([^\"\\\\]|\\\\.)*\"[[:space:]]*,"
                   "[[:space:]]*\"name\"[[:space:]]*:");
}

/* The first tag that is no declaration, instruction or comment. */
static const char *skip_prolog(const char *text)
{
    const char *s = skip_blanks(skip_byte_order_mark(text));
    for (;;) {
        if (begins(s, "<?"))
            s = skip_blanks(skip_behind(s, "?>"));
        else if (begins(s, "<!--"))
            s = skip_blanks(skip_behind(s, "-->"));
        else
            return s;
    }
}

static bool is_svg(const char *text)
{
    const char *s = skip_prolog(text);
    return begins_as_word(s, "<!DOCTYPE svg") || begins_as_word(s, "<svg");
}

static bool is_html(const char *text)
{
    const char *s = skip_prolog(text);
    return begins_as_word(s, "<!DOCTYPE html") || begins_as_word(s, "<html");
}

/* `text` [n_bytes] is followed by a NUL. */
static bool is_of_format(const char *text, size_t n_bytes, enum output_format format)
{
    switch (format) {
    case OUTPUT_TEXT: return is_text(text, n_bytes) && !may_be_sweep(text);
    case OUTPUT_CSV: return is_csv(text);
    case OUTPUT_JSON: return is_json(text);
    case OUTPUT_NPY: return begins(text, "\x93NUMPY");
    case OUTPUT_HTML: return is_html(text);
    case OUTPUT_SVG: return is_svg(text);
    case OUTPUT_PNG: return begins(text, "\x89PNG\r\n\x1a\n");
    case OUTPUT_PDF: return begins(text, "%PDF-");
    case OUTPUT_SCRIPT: return begins(text, "# A figure with its data, made by picky-analyse.");
    }
    return false;
}

const char *contents_format_name(enum output_format format)
{
    static const char *const names[] = {
        [OUTPUT_TEXT] = "text",        [OUTPUT_CSV] = "CSV",   [OUTPUT_JSON] = "JSON",
        [OUTPUT_NPY] = "a NumPy file", [OUTPUT_HTML] = "HTML", [OUTPUT_SVG] = "SVG",
        [OUTPUT_PNG] = "PNG",          [OUTPUT_PDF] = "PDF",   [OUTPUT_SCRIPT] = "a script"};
    return names[format];
}

bool contents_fit_name(const char *path, enum output_format format)
{
    static const struct {
        const char *ending;
        int format; /* -1: none of an output's */
    } endings[] = {{".cfg", OUTPUT_TEXT},
                   {".csv", OUTPUT_CSV},
                   {".json", OUTPUT_JSON},
                   {".npy", OUTPUT_NPY},
                   {".npz", -1},
                   {".html", OUTPUT_HTML},
                   {".htm", OUTPUT_HTML},
                   {".svg", OUTPUT_SVG},
                   {".png", OUTPUT_PNG},
                   {".pdf", OUTPUT_PDF},
                   {".h5", -1},
                   {".hdf5", -1},
                   {".nc", -1}};
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot, endings[i].ending) == 0)
            return endings[i].format == (int)format;
    return true;
}

bool contents_are_hdf5(int descriptor)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char bytes[8];
    for (off_t at = 0; pread(descriptor, bytes, sizeof bytes, at) == (ssize_t)sizeof bytes; at = at > 0 ? 2 * at : 512)
        if (memcmp(bytes, signature, sizeof bytes) == 0)
            return true;
    return false;
}

bool contents_give_way(int descriptor, enum output_format format, const char **what)
{
    static const char *const formats[] = {[OUTPUT_TEXT] = "no text",
                                          [OUTPUT_CSV] = "no table of picky-analyse's",
                                          [OUTPUT_JSON] = "no JSON of picky-analyse's",
                                          [OUTPUT_NPY] = "no NumPy file",
                                          [OUTPUT_HTML] = "no HTML",
                                          [OUTPUT_SVG] = "no SVG",
                                          [OUTPUT_PNG] = "no PNG",
                                          [OUTPUT_PDF] = "no PDF",
                                          [OUTPUT_SCRIPT] = "no script of picky-analyse's"};
    struct stat status;
    if (fstat(descriptor, &status) == 0 && status.st_size == 0)
        return true;
    *what = "an HDF5 file";
    if (contents_are_hdf5(descriptor))
        return false;

    *what = "nothing that can be read";
    char *text = malloc(N_BYTES_MAX + 1);
    ssize_t n = 0;
    size_t n_bytes = 0;
    while (text && n_bytes < N_BYTES_MAX &&
           (n = pread(descriptor, text + n_bytes, N_BYTES_MAX - n_bytes, (off_t)n_bytes)) > 0)
        n_bytes += (size_t)n;
    bool gives_way = false;
    if (text && n >= 0) {
        text[n_bytes] = '\0';
        gives_way = is_of_format(text, n_bytes, format);
        *what = is_text(text, n_bytes) && may_be_sweep(text) ? "a sweep file" : formats[format];
    }
    free(text);
    return gives_way;
}
