/* Errors as values: a status code that callers pass up and a message that says what to do.
 *
 * Three classes. A bug: check() fails, the handler ends the process (the command line installs one
 * that calls MPI_Abort). Bad input or a failing resource: the function returns a code other than
 * ERROR_NONE and fills the caller's struct error. A job's failure is data, not an error: it becomes
 * a status in the job's slot (record.h). Nothing below the command line calls exit() or abort(). */
#ifndef PICKY_ERROR_H
#define PICKY_ERROR_H

/* Every part includes this: a job's bits are the same however picky is compiled (CMakeLists.txt). */
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) ||                               \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "picky needs exact arithmetic: build it without -Ofast, -ffast-math and the flags that this one stands for"
#endif

#define ERROR_MESSAGE_MAX 1024

/* The values are picky's exit codes; cli.h has the rest (docs: "Exit codes" in README.md). */
enum error_code {
    ERROR_NONE = 0,
    ERROR_INPUT = 2, /* bad usage, sweep file or results file */
    ERROR_FATAL = 3, /* I/O, memory, MPI */
};

/* One error. Setting it again replaces what it said. */
struct error {
    enum error_code code;
    char message[ERROR_MESSAGE_MAX]; /* one line, no trailing newline */
};

/* error_set(error, code, format, ...) fills `error` (printf style, truncated to fit) and returns `code`, so that
 * callers can write `return error_set(error, ERROR_INPUT, "...");`. A macro, so that an analyser of the callers sees
 * the code. */
#define error_set(error, code, ...) (error_say(error, __VA_ARGS__), error_set_code(error, code))

void error_say(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline enum error_code error_set_code(struct error *error, enum error_code code)
{
    return error->code = code;
}

/* Puts "context: " in front of the message of an error already set, and returns its code. */
enum error_code error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds to the end of the message. */
void error_append(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a failed check() calls after printing its line to stderr; it must not return. The default
 * traps. `handler` is borrowed for the life of the process. */
void error_set_bug_handler(void (*handler)(void));

_Noreturn void error_bug(const char *file, int line, const char *condition);

/* An always-on assertion: its failure is a bug in picky, never the user's mistake. */
#define check(condition) ((condition) ? (void)0 : error_bug(__FILE__, __LINE__, #condition))

#endif
