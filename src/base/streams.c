#include "streams.h"
#include "errors.h"

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
            return; /* no /dev/null: nothing to be done about it */
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

bool stream_redraws(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && (!term || strcmp(term, "dumb") != 0);
}

int stream_columns(FILE *stream)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size = {0};
    int told = columns ? atoi(columns) : 0;
    int width = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
    if (width <= 0 || (told > 0 && told < width))
        width = told;
    return width > 1 ? width - 1 : 79;
}
