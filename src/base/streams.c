#include "streams.h"
#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

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
