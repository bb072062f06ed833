#include "streams.h"

#include "errors.h"
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void streams_begin(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            break; /* no /dev/null: nothing to be done about it */
    stream_break_lines(&stderr, 2, true);
}

int streams_finish(const char *program, int code)
{
    /* The error of a write long ago has no errno any more; a full disk shows again here. */
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE || code != 0)
        return code;
    fprintf(stderr, "%s: cannot write to standard output: %s\n", program, errno ? strerror(errno) : "a write failed");
    return ERROR_FATAL;
}

/* The descriptor of stdout or stderr, also if their lines are broken. */
static int descriptor(FILE *stream)
{
    int fd = fileno(stream);
    return fd >= 0 ? fd : stream == stdout ? STDOUT_FILENO : STDERR_FILENO;
}

bool stream_redraws(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(descriptor(stream)) && (!term || strcmp(term, "dumb") != 0);
}

static int columns_of(int fd)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size = {0};
    int told = columns ? atoi(columns) : 0;
    int width = ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
    if (width <= 0 || (told > 0 && told < width))
        width = told;
    return width > 1 ? width - 1 : 79;
}

int stream_columns(FILE *stream)
{
    return columns_of(descriptor(stream));
}

/* ---- lines that are broken ------------------------------------------------------------------------------------- */

enum { FILLED_COLUMNS = 79 }; /* of text that is filled in the sources */

/* One for stdout, one for stderr. */
static struct breaker {
    int fd, terminal; /* written to; asked for its width */
    int indent, column;
    int leading, hanging; /* blanks that the line began with; where its second column is, 0: not found yet */
    bool keeps_indented, is_whole, is_blank; /* the line is not to be broken; a blank is due */
    bool joins;                              /* lines that are filled already are filled anew */
} breakers[2];

/* Begins a new line in the middle of one. Returns the number of bytes. */
static int break_line(struct breaker *b, int width, char *out)
{
    int column = b->hanging > 0 ? b->hanging : b->leading;
    b->column = column > b->indent && column <= width / 2 ? column : b->indent;
    return sprintf(out, "\n%*s", b->column, "");
}

/* Columns up to the next blank, or to the end. */
static int word_columns(const char *text, const char *end)
{
    int n = 0;
    for (; text < end && !strchr(" \n\r", *text); text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* The column that a line [n] goes on in below: of its second column, else of its text. */
static size_t text_column(const char *line, size_t n)
{
    size_t leading = 0;
    while (leading < n && line[leading] == ' ')
        leading++;
    const char *gap = memmem(line + leading, n - leading, "  ", 2);
    size_t column = gap ? (size_t)(gap - line) : leading;
    while (gap && column < n && line[column] == ' ')
        column++;
    return column;
}

/* Where the next line's text begins, if the newline is one of a filled paragraph: that text stands below this line's,
 * and its first word would not have fitted here. Else NULL. */
static const char *joined(const char *text, const char *newline, const char *end)
{
    const char *line = newline, *next = newline + 1, *word = next;
    while (line > text && line[-1] != '\n')
        line--;
    while (word < end && *word == ' ')
        word++;
    size_t n = (size_t)(newline - line);
    bool goes_on = word < end && *word != '\n' && (size_t)(word - next) == text_column(line, n);
    return goes_on && (int)n + 1 + word_columns(word, end) > FILLED_COLUMNS ? word : NULL;
}

/* Writes a piece of text; the column becomes that behind it. Redrawn lines ("\r...\033[K") fit as they are. */
static size_t break_text(struct breaker *b, const char *text, const char *end, char *out)
{
    int width = columns_of(b->terminal);
    width = width > 79 ? 80 : width < 39 ? 40 : width + 1;
    char *to = out;
    for (const char *piece = text; text < end; text++) {
        const char *next = *text == '\n' && b->joins && width < FILLED_COLUMNS ? joined(piece, text, end) : NULL;
        if (b->column == b->leading && *text == ' ') {
            b->is_whole |= b->keeps_indented;
            b->leading++;
        } else if (next || (*text == ' ' && !b->is_whole)) {
            int n = 1;
            for (; !next && text + 1 < end && text[1] == ' '; text++)
                n++;
            if (next)
                text = next - 1;
            int word = word_columns(text + 1, end);
            if (n > 1 && b->hanging == 0)
                b->hanging = b->column + n;
            if (text + 1 == end) { /* until the word is known */
                b->is_blank = true;
            } else if (b->column + n + word > width && b->column > b->indent) {
                to += break_line(b, width, to);
            } else {
                to += sprintf(to, "%*s", n, "");
                b->column += n;
            }
            continue;
        }
        if (b->is_blank && *text != '\n') {
            bool fits = b->column + 1 + word_columns(text, end) <= width;
            to += fits ? sprintf(to, " ") : break_line(b, width, to);
            b->column += fits;
        }
        b->is_blank = false;
        *to++ = *text;
        b->column += ((unsigned char)*text & 0xc0) != 0x80;
        if (*text == '\n' || *text == '\r')
            b->column = b->leading = b->hanging = 0;
        if (strchr("\n\r\033", *text))
            b->is_whole = *text == '\r';
        if (*text == '\033') { /* [K */
            for (int i = 0; i < 2 && text + 1 < end; i++)
                *to++ = *++text;
            b->column = 0;
        }
    }
    return (size_t)(to - out);
}

static ssize_t write_broken(void *cookie, const char *text, size_t n)
{
    struct breaker *b = cookie;
    enum { WIDTH_MOST = 80 };
    char *out = malloc(n * (WIDTH_MOST / 2 + 2) + WIDTH_MOST); /* at most a line for each byte, and one more */
    const char *from = out ? out : text;
    size_t left = out ? break_text(b, text, text + n, out) : n;
    while (left > 0) {
        ssize_t written = write(b->fd, from, left);
        if (written < 0 && errno != EINTR)
            break;
        from += written > 0 ? written : 0;
        left -= written > 0 ? (size_t)written : 0;
    }
    int error_number = errno;
    free(out);
    errno = error_number;
    return left > 0 ? 0 : (ssize_t)n;
}

void stream_break_lines(FILE **stream, int indent, bool keeps_indented)
{
    int fd = fileno(*stream), terminal = fd;
    if (fd != STDOUT_FILENO && fd != STDERR_FILENO)
        return;
    if (fd == STDOUT_FILENO ? launch_rank() >= 0 || !isatty(fd) /* mpirun reads it from a terminal of its own */
                            : !isatty(fd) && (terminal = launch_terminal()) < 0)
        return;
    struct breaker *b = &breakers[fd - STDOUT_FILENO];
    *b = (struct breaker){.fd = fd, .terminal = terminal, .indent = indent, .keeps_indented = keeps_indented};
    FILE *broken = fopencookie(b, "w", (cookie_io_functions_t){.write = write_broken});
    if (broken && setvbuf(broken, NULL, _IOLBF, BUFSIZ) == 0)
        *stream = broken;
}

void stream_break_help(FILE **stream)
{
    static char whole[1 << 16]; /* the help in one piece, since a line is joined to the one before */
    struct breaker *b = &breakers[*stream == stderr];
    stream_break_lines(stream, 0, false); /* stderr is, as a rule, broken already */
    if (b->fd == 0)
        return;
    fflush(*stream);
    setvbuf(*stream, whole, _IOFBF, sizeof whole);
    b->indent = 0;
    b->keeps_indented = false;
    b->joins = true;
}

void stream_fill(FILE *stream, const char *text, int indent)
{
    int column = indent;
    for (const char *word = text; *word; word += strspn(word, " ")) {
        int length = 0;
        for (bool is_quoted = false; word[length] && (word[length] != ' ' || is_quoted); length++)
            is_quoted ^= word[length] == '"';
        if (column > indent && column + 1 + length > FILLED_COLUMNS)
            column = fprintf(stream, "\n%*s", indent, "") - 1;
        column += fprintf(stream, "%s%.*s", column > indent ? " " : "", length, word);
        word += length;
    }
    fprintf(stream, "\n");
}
