#include "errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void (*bug_handler)(void);

void error_say(struct error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
}

void error_append(struct error *error, const char *format, ...)
{
    size_t used = strlen(error->message);
    va_list args;
    va_start(args, format);
    vsnprintf(error->message + used, sizeof error->message - used, format, args);
    va_end(args);
}

enum error_code error_prefix(struct error *error, const char *format, ...)
{
    char message[ERROR_MESSAGE_MAX];
    memcpy(message, error->message, sizeof message);

    va_list args;
    va_start(args, format);
    int used = vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof error->message)
        snprintf(error->message + used, sizeof error->message - (size_t)used, ": %.*s",
                 ERROR_MESSAGE_MAX - 1 - used - 2 > 0 ? ERROR_MESSAGE_MAX - 3 - used : 0, message);
    return error->code;
}

void error_set_bug_handler(void (*handler)(void))
{
    bug_handler = handler;
}

_Noreturn void error_bug(const char *file, int line, const char *condition)
{
    fprintf(stderr, "picky: bug: %s:%d: %s does not hold\n", file, line, condition);
    if (bug_handler)
        bug_handler();
    __builtin_trap();
}
