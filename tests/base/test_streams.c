/* Lines for people, as a terminal gets them. */
#include "streams.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

/* What a terminal of so many columns gets of a program that prints two pieces to stderr or, as help, to stdout. */
static const char *shown(unsigned short columns, bool on_stdout, const char *piece, const char *rest)
{
    static char text[4096];
    int terminal;
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);
    assert_true(pid >= 0);
    if (pid == 0) {
        if (on_stdout)
            stream_break_help(&stdout);
        else
            stream_break_lines(&stderr, 2, true);
        fputs(piece, on_stdout ? stdout : stderr);
        fflush(on_stdout ? stdout : stderr);
        fputs(rest, on_stdout ? stdout : stderr);
        fflush(on_stdout ? stdout : stderr);
        _exit(0);
    }
    size_t used = 0;
    for (ssize_t n; used < sizeof text - 1 && (n = read(terminal, text + used, sizeof text - 1 - used)) > 0;)
        used += (size_t)n;
    close(terminal);
    char *to = text;
    for (size_t i = 0; i < used; i++)
        if (text[i] != '\r' || text[i + 1] != '\n') /* that the terminal puts before a newline */
            *to++ = text[i];
    *to = '\0';
    return text;
}

static void messages(void **state)
{
    (void)state;
    unsetenv("COLUMNS");
    const char *line = "picky: one two three four five six seven eight nine ten\n";
    assert_string_equal(shown(80, false, line, ""), line);
    const char *broken = "picky: one two three four five six seven\n  eight nine ten\n";
    assert_string_equal(shown(40, false, line, ""), broken);
    assert_string_equal(shown(20, false, line, ""), broken); /* 40 at least */
    /* Wherever it is cut. */
    for (size_t cut = 1; cut < strlen(line); cut++) {
        char piece[100] = "";
        memcpy(piece, line, cut);
        assert_string_equal(shown(40, false, piece, line + cut), broken);
    }
    setenv("COLUMNS", "40", 1);
    assert_string_equal(shown(200, false, line, ""), broken);
    unsetenv("COLUMNS");
    char wide[200], expected[400];
    size_t used = 0;
    for (int i = 0; i < 30; i++)
        used += (size_t)snprintf(wide + used, sizeof wide - used, "x\xc3\xa4 ");
    snprintf(wide + used, sizeof wide - used, "\n");
    snprintf(expected, sizeof expected, "%.*s\n  %s", 26 * 4 + 3, wide, wide + 27 * 4);
    assert_memory_equal(shown(300, false, wide, ""), expected, strlen(expected) - 2); /* 80 at most, of characters */
}

static void what_stays(void **state)
{
    (void)state;
    /* Commands to be copied, words without a blank, bars. */
    static const char *const lines[] = {
        "  mpirun -n 4 --bind-to none picky run sweep.cfg -o sweep.h5 --resume\n",
        "/a/path/without/any/blanks/that/is/longer/than/the/terminal/has/columns\n",
        "\r 50 % [####################.........]  3 s left  99 % accepted\033[K",
        "\n \n\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_string_equal(shown(40, false, lines[i], ""), lines[i]);
    /* What comes after a bar is a line again. */
    assert_string_equal(shown(40, false, "\r 50 %\033[K", "\r\033[Kpicky: one two three four five six seven eight\n"),
                        "\r 50 %\033[K\r\033[Kpicky: one two three four five six seven\n  eight\n");
}

static void columns(void **state)
{
    (void)state;
    assert_string_equal(shown(40, true, "time     one two three four five six seven eight\n", ""),
                        "time     one two three four five six\n         seven eight\n");
    assert_string_equal(shown(40, true, "  --set KEY   replaces a value that the sweep does not\n", ""),
                        "  --set KEY   replaces a value that the\n              sweep does not\n");
    assert_string_equal(shown(40, true, "      one two three four five six seven eight\n", ""),
                        "      one two three four five six seven\n      eight\n");
    assert_string_equal(shown(40, true, "one two three four five six seven eight nine\n", ""),
                        "one two three four five six seven eight\nnine\n");
}

/* Paragraphs that fill 79 columns are filled anew; what stands below them, or is not full, is a line of its own. */
static void help(void **state)
{
    (void)state;
    const char *text = "one234567 two345678 thr345678 fou345678 fiv345678 six345678 sev345678 eig345678\n"
                       "nine ten\n"
                       "eleven\n\n"
                       "  --set KEY   one234567 two345678 thr345678 fou345678 fiv345678 six345678 sev34\n"
                       "              eight nine ten\n"
                       "  --name-of-some-length   a\n"
                       "  --quiet     nothing\n";
    assert_string_equal(shown(80, true, text, ""), text);
    assert_string_equal(shown(40, true, text, ""), "one234567 two345678 thr345678 fou345678\n"
                                                   "fiv345678 six345678 sev345678 eig345678\n"
                                                   "nine ten\n"
                                                   "eleven\n\n"
                                                   "  --set KEY   one234567 two345678\n"
                                                   "              thr345678 fou345678\n"
                                                   "              fiv345678 six345678 sev34\n"
                                                   "              eight nine ten\n"
                                                   "  --name-of-some-length   a\n"
                                                   "  --quiet     nothing\n");
    assert_string_equal(shown(50, true, text, ""), "one234567 two345678 thr345678 fou345678 fiv345678\n"
                                                   "six345678 sev345678 eig345678 nine ten\n"
                                                   "eleven\n\n"
                                                   "  --set KEY   one234567 two345678 thr345678\n"
                                                   "              fou345678 fiv345678 six345678 sev34\n"
                                                   "              eight nine ten\n"
                                                   "  --name-of-some-length   a\n"
                                                   "  --quiet     nothing\n");
}

/* Elsewhere all is as it is. */
static void files(void **state)
{
    (void)state;
    int saved = dup(STDERR_FILENO), file = open("/dev/null", O_WRONLY);
    FILE *before = stderr;
    dup2(file, STDERR_FILENO);
    stream_break_lines(&stderr, 2, true);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(file);
    assert_ptr_equal(stderr, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages), cmocka_unit_test(what_stays), cmocka_unit_test(columns),
        cmocka_unit_test(help),     cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
