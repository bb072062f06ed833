#include "gnuplot.h"

#include "fonts.h"
#include "metadata.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define DESCRIPTION_MAX 4000 /* bytes, about */

struct format {
    const char *suffix;
    enum output_format format;
    const char *terminal; /* gnuplot's terminal and its options */
    double scale;         /* units of the terminal's size in a pixel of 1/96 inch */
    double n_dots;        /* in such a unit: pages are of whole dots */
    double font_scale;    /* makes a font's size and a line's width mean such pixels too */
    double line_scale;
    double height_max; /* of a page, in such pixels: what the format can hold, or what programs show */
    const char *tail;  /* a complete file ends with these bytes, but for line ends */
    size_t n_tail;
};

/* Fonts are points in the cairo terminals (3/4 as many as pixels), which the png one takes for 1/96 inch and the
 * pdf one for 1/72; a line of width 1 is half a point in pdf. */
static const struct format formats[] = {
    {".svg", OUTPUT_SVG, "svg", 1, 1, 1, 1, 32767, "</svg>", 6},
    {".png", OUTPUT_PNG, "pngcairo pointscale 3.125", 300.0 / 96, 1, 0.75 * 300 / 96, 300.0 / 96, 32767 * 96.0 / 300,
     "IEND\xae\x42\x60\x82", 8},
    {".pdf", OUTPUT_PDF, "pdfcairo", 1.0 / 96, 72, 0.75 * 72 / 96, 1.5, 14400 * 96.0 / 72, "%%EOF", 5},
};

static const struct format *find_format(const char *output)
{
    size_t length = strlen(output);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t n = strlen(formats[i].suffix);
        if (length > n && output[length - n - 1] != '/' && strcmp(output + length - n, formats[i].suffix) == 0)
            return &formats[i];
    }
    return NULL;
}

enum error_code gnuplot_check_name(const char *output, struct error *error)
{
    if (find_format(output))
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "-o %s: allowed: a name that ends in .svg, .png or .pdf", output);
}

/* Writes text between two quotation marks `mark`, each one inside it as `inner`. */
static void write_quoted(FILE *script, const char *text, char mark, const char *inner)
{
    fputc(mark, script);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int n = utf8_length(s);
        if (n == 0)
            fputc('?', script);
        else if (*s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0))
            fputc(' ', script);
        else if (*s == (unsigned char)mark)
            fputs(inner, script);
        else
            fwrite(s, 1, (size_t)n, script);
        s += n ? n : 1;
    }
    fputc(mark, script);
}

void gnuplot_write_string(FILE *script, const char *text)
{
    /* Between single quotes only the quote itself is special: neither backslashes nor backquotes, which would
     * run a command. */
    write_quoted(script, text, '\'', "''");
}

void gnuplot_write_datum(FILE *script, const char *text)
{
    write_quoted(script, text, '"', "'");
}

/* The name with its last n_dropped bytes replaced by `suffix`, in a new string; NULL if memory is short. */
static char *with_suffix(const char *name, size_t n_dropped, const char *suffix)
{
    char *result = NULL;
    if (asprintf(&result, "%.*s%s", (int)(strlen(name) - n_dropped), name, suffix) < 0)
        return NULL;
    return result;
}

static void release(struct gnuplot *figure)
{
    if (figure->describing)
        fclose(figure->describing);
    if (figure->nowhere)
        fclose(figure->nowhere);
    free(figure->script_path);
    free(figure->title);
    free(figure->description);
    memset(figure, 0, sizeof *figure);
}

void gnuplot_abandon(struct gnuplot *figure)
{
    output_abandon(&figure->figure);
    output_abandon(&figure->script_file);
    output_abandon(&figure->data_file);
    release(figure);
}

static struct output_place image_place(const struct figure_place *place)
{
    return (struct output_place){place->path, find_format(place->path)->format, place->input, place->is_forced};
}

/* Where the script goes; the caller frees its path, which is NULL if memory is short. One that nobody asked for, which
 * is left after a failure, forces nothing away. */
static struct output_place script_place(const struct figure_place *place)
{
    const char *path = with_suffix(place->path, strlen(find_format(place->path)->suffix), ".gp");
    return (struct output_place){path, OUTPUT_SCRIPT, place->input, place->is_forced && place->keep_script};
}

static struct output_place data_place(const struct figure_place *place)
{
    return (struct output_place){place->data, OUTPUT_CSV, place->input, place->is_forced};
}

static enum error_code check_data(const struct figure_place *place, struct error *error)
{
    struct output_place data = data_place(place);
    size_t length = place->data ? strlen(place->data) : 0;
    error->code = ERROR_NONE;
    if (!place->data)
        return ERROR_NONE;
    if (strcmp(place->data, "-") != 0 && (length < 5 || strcmp(place->data + length - 4, ".csv") != 0))
        return error_set(error, ERROR_INPUT, "--data %s: allowed: a name that ends in .csv, or -", place->data);
    if (output_check(&data, error))
        error_prefix(error, "--data");
    return error->code;
}

enum error_code gnuplot_check_font(const char *font, struct error *error)
{
    const unsigned char *c = (const unsigned char *)font;
    while (isalnum(*c) || (*c == ' ' && c > (const unsigned char *)font) || *c == '-')
        c++;
    if (c > (const unsigned char *)font && !*c)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--font %s: allowed: a family's name, of letters, digits, blanks and hyphens",
                     font);
}

double gnuplot_page_width(const struct figure_place *place)
{
    return (place->width_mm > 0 ? place->width_mm : WIDTH_MM_DEFAULT) * 96 / 25.4;
}

enum error_code gnuplot_check(const struct figure_place *place, struct error *error)
{
    error->code = ERROR_NONE;
    if (!place->path)
        return check_data(place, error);
    if (gnuplot_check_name(place->path, error))
        return error->code;
    struct output_place image = image_place(place), script = script_place(place);
    if (!script.path)
        error_set(error, ERROR_FATAL, "not enough memory");
    else if (!output_check(&image, error) && place->keep_script && output_check(&script, error))
        error_prefix(error, "--keep-script");
    free((char *)script.path);
    return error->code ? error->code : check_data(place, error);
}

/* "TITLE: about", as a sentence begins. */
static bool begin_description(struct gnuplot *figure, const struct figure_place *place, const char *title)
{
    const char *about = place->about ? place->about : "a figure";
    if (asprintf(&figure->title, "%s%s%c%s", title, *title ? ": " : "", toupper((unsigned char)*about), about + 1) < 0)
        figure->title = NULL;
    figure->describing = open_memstream(&figure->description, &figure->n_described);
    if (figure->describing)
        fprintf(figure->describing, "%c%s.", toupper((unsigned char)*about), about + 1);
    return figure->title && figure->describing;
}

void gnuplot_describe(const struct gnuplot *figure, const char *format, ...)
{
    va_list arguments;
    if (ftell(figure->describing) > DESCRIPTION_MAX)
        return;
    va_start(arguments, format);
    vfprintf(figure->describing, format, arguments);
    va_end(arguments);
}

static void write_terminal(const struct gnuplot *figure, const struct figure_place *place)
{
    const struct format *format = find_format(place->path);
    const char *slash = strrchr(place->path, '/');
    fprintf(figure->script,
            "# A figure with its data, made by picky-analyse. `gnuplot THIS_FILE` draws it again, into the current\n"
            "# folder; `gnuplot -c THIS_FILE OUTPUT` elsewhere. Change the terminal to get another format.\n"
            "output = exists('ARG1') && strlen(ARG1) ? ARG1 : ");
    gnuplot_write_string(figure->script, slash ? slash + 1 : place->path);
    fprintf(figure->script,
            "\nset encoding utf8\n"
            "set terminal %s noenhanced size %.9g,%.9g font '%s,11' fontscale %.6g linewidth %.6g "
            "dashlength 1 background rgb 'white'\nset output output\n",
            format->terminal, round(figure->width * format->scale * format->n_dots) / format->n_dots,
            round(figure->height * format->scale * format->n_dots) / format->n_dots,
            place->font ? place->font : "sans-serif", format->font_scale, format->line_scale);
}

static enum error_code check_height(const struct figure_place *place, double height, struct error *error)
{
    const struct format *format = find_format(place->path);
    const double mm = 25.4 / 96;
    if (height <= format->height_max)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT,
                     "-o %s: the page would be %.0f mm high, allowed for %s: %.0f: choose configurations by --where "
                     "KEY=VALUE or layers by --layer where the figure takes them, or a larger --width%s",
                     place->path, ceil(height * mm), format->suffix, floor(format->height_max * mm),
                     height <= formats[0].height_max ? ", or a name that ends in .svg" : "");
}

/* Opens what the figure is written to. */
static enum error_code open_places(struct gnuplot *figure, const struct figure_place *place, struct error *error)
{
    struct output_place data = data_place(place);
    if (place->path) {
        struct output_place image = image_place(place), script = script_place(place);
        figure->script_path = (char *)script.path;
        if (!figure->script_path)
            return error_set(error, ERROR_FATAL, "not enough memory");
        if (output_begin_named(&figure->figure, &image, error) ||
            output_begin_named(&figure->script_file, &script, error))
            return error->code;
        figure->script = figure->script_file.file;
    } else if (!(figure->script = figure->nowhere = fopen("/dev/null", "w"))) {
        return error_set(error, ERROR_FATAL, "cannot write /dev/null: %s", strerror(errno));
    }
    if (place->data && output_begin(&figure->data_file, &data, error))
        return error->code;
    figure->data = figure->data_file.file;
    return ERROR_NONE;
}

enum error_code gnuplot_begin(struct gnuplot *figure, const struct figure_place *place, const char *title,
                              double height, struct error *error)
{
    memset(figure, 0, sizeof *figure);
    if (gnuplot_check(place, error) || (place->path && check_height(place, height, error)))
        return error->code;

    figure->width = gnuplot_page_width(place);
    figure->height = height;
    figure->kind = place->kind ? place->kind : "";
    figure->font = place->font;
    figure->is_script_kept = place->keep_script;
    if (!begin_description(figure, place, title))
        error_set(error, ERROR_FATAL, "not enough memory");
    else
        open_places(figure, place, error);
    if (error->code) {
        gnuplot_abandon(figure);
        return error->code;
    }
    if (place->path)
        write_terminal(figure, place);
    return ERROR_NONE;
}

/* Puts the line of gnuplot's error output that says most, "" if it said nothing, into text. */
static void find_complaint(char *said, char *text, size_t n_bytes)
{
    const char *best = NULL;
    char *rest = said;
    for (char *line; (line = strsep(&rest, "\n"));) {
        line += strspn(line, " \t^");
        if (*line && (!best || strstr(line, "\" line ")))
            best = line;
    }
    snprintf(text, n_bytes, "%s", best ? best : "");
}

/* Waits for the end of file of `fd`, keeping the first n_bytes - 1 bytes. */
static void read_all(int fd, char *text, size_t n_bytes)
{
    size_t used = 0;
    for (;;) {
        char chunk[512];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        size_t n_kept = (size_t)n < n_bytes - 1 - used ? (size_t)n : n_bytes - 1 - used;
        memcpy(text + used, chunk, n_kept);
        used += n_kept;
    }
    text[used] = '\0';
}

/* The environment with LC_ALL=C.UTF-8: numbers with a decimal point, text in UTF-8. The caller frees the
 * array, not its strings. */
static char **make_environment(void)
{
    static char locale[] = "LC_ALL=C.UTF-8";
    size_t n = 0, used = 0;
    while (environ[n])
        n++;
    char **result = malloc((n + 2) * sizeof *result);
    if (!result)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], "LC_ALL=", 7) != 0)
            result[used++] = environ[i];
    result[used++] = locale;
    result[used] = NULL;
    return result;
}

static enum error_code run_gnuplot(const struct gnuplot *figure, struct error *error)
{
    /* -d: the user's start-up file must not change the figure. */
    char *arguments[] = {"gnuplot", "-d", "-c", figure->script_file.part, figure->figure.part, NULL};
    char said[4096], complaint[512];
    posix_spawn_file_actions_t actions;
    int pipe_ends[2], status = 0;
    pid_t pid;

    char **environment = make_environment();
    if (!environment)
        return error_set(error, ERROR_FATAL, "not enough memory");
    if (pipe2(pipe_ends, O_CLOEXEC) < 0) {
        free(environment);
        return error_set(error, ERROR_FATAL, "cannot run gnuplot: %s", strerror(errno));
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
    int failure = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    close(pipe_ends[1]);
    if (failure) {
        close(pipe_ends[0]);
        if (failure == ENOENT)
            return error_set(error, ERROR_FATAL, "gnuplot is not installed (Debian package gnuplot-nox)");
        return error_set(error, ERROR_FATAL, "cannot run gnuplot: %s", strerror(failure));
    }
    read_all(pipe_ends[0], said, sizeof said);
    close(pipe_ends[0]);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return error_set(error, ERROR_FATAL, "cannot wait for gnuplot: %s", strerror(errno));

    find_complaint(said, complaint, sizeof complaint);
    if (WIFSIGNALED(status))
        return error_set(error, ERROR_FATAL, "gnuplot was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return error_set(error, ERROR_FATAL, "gnuplot failed: %s", *complaint ? complaint : "it does not say why");
    return ERROR_NONE;
}

/* gnuplot's exit code is 0 also when the disk was full: only the figure's end tells. */
static enum error_code check_tail(const struct gnuplot *figure, struct error *error)
{
    const struct format *format = find_format(figure->figure.place.path);
    char tail[64];
    size_t n = 0;
    FILE *file = fopen(figure->figure.part, "rb");
    if (file) {
        if (fseek(file, -(long)sizeof tail, SEEK_END) != 0)
            rewind(file);
        n = fread(tail, 1, sizeof tail, file);
        fclose(file);
    }
    while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == '\r'))
        n--;
    if (n >= format->n_tail && memcmp(tail + n - format->n_tail, format->tail, format->n_tail) == 0)
        return ERROR_NONE;
    return error_set(error, ERROR_FATAL, "cannot write %s: gnuplot left it incomplete (is the disk full?)",
                     figure->figure.place.path);
}

static enum error_code write_metadata(struct gnuplot *figure, struct error *error)
{
    const char *path = figure->figure.part;
    bool is_written = true;
    fflush(figure->describing);
    if (figure->figure.place.format == OUTPUT_SVG)
        is_written = metadata_svg(path, figure->title, figure->description);
    else if (figure->figure.place.format == OUTPUT_PDF)
        is_written = metadata_pdf(path, figure->title, figure->description);
    if (is_written)
        return ERROR_NONE;
    return error_set(error, ERROR_FATAL, "cannot write %s: %s", figure->figure.place.path,
                     errno ? strerror(errno) : "a write failed");
}

/* Puts the script in its place, after an error too: the message says so then. */
static void leave_script(struct gnuplot *figure, struct error *error)
{
    struct error other = {.code = ERROR_NONE};
    output_finish(&figure->script_file, &other);
    if (!error->code) {
        *error = other;
    } else if (!other.code) {
        char message[ERROR_MESSAGE_MAX];
        snprintf(message, sizeof message, "%.*s", ERROR_MESSAGE_MAX / 2, error->message);
        error_set(error, error->code, "%s; the script is %s", message, figure->script_path);
    }
}

/* Draws the figure and puts it in its place. */
static enum error_code draw(struct gnuplot *figure, struct error *error)
{
    fprintf(figure->script, "unset output\n");
    errno = 0;
    if (fflush(figure->script) != 0 || ferror(figure->script))
        return error_set(error, ERROR_FATAL, "cannot write %s: %s", figure->script_path,
                         errno ? strerror(errno) : "a write failed");
    bool is_svg = figure->figure.place.format == OUTPUT_SVG; /* drawn later, by the fonts of another machine */
    if (!is_svg && figure->font)
        fonts_check_family(figure->font);
    if ((is_svg || !fonts_replace_missing(figure->script_file.part, error)) && !run_gnuplot(figure, error) &&
        !check_tail(figure, error) && !write_metadata(figure, error))
        output_finish(&figure->figure, error);
    if (figure->is_script_kept || error->code)
        leave_script(figure, error);
    return error->code;
}

enum error_code gnuplot_finish(struct gnuplot *figure, struct error *error)
{
    error->code = ERROR_NONE;
    if (figure->data) {
        fputc('\n', figure->data);
        output_finish(&figure->data_file, error);
    }
    if (!error->code && !figure->nowhere)
        draw(figure, error);
    gnuplot_abandon(figure);
    return error->code;
}
