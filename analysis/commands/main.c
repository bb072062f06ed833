/* picky-analyse: tables and figures from results files. */
#include "build.h"
#include "options.h"
#include "streams.h"

#include <fenv.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static enum error_code run(struct request *request, struct error *error)
{
    struct reader *reader = NULL;
    struct selection selection = {0};

    if (!reader_open(&reader, request->file, error) && !request_fit(request, reader, error) &&
        !selection_make(&selection, reader, request->conditions, request->n_conditions, error))
        request->command->run(reader, &selection, request, error);
    selection_free(&selection);
    reader_close(reader);
    return error->code;
}

int main(int argc, char **argv)
{
    struct error error = {.code = ERROR_NONE};
    struct request request;

    streams_begin();
    fesetenv(FE_DFL_ENV); /* a library may have left another floating-point environment when it was loaded */
    /* A file-size limit is then an error of write, reported like a full disk; gnuplot inherits it. */
    signal(SIGXFSZ, SIG_IGN);

    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        printf("picky-analyse %s, arithmetic %" PRId64 ", schema %d\n", build_version(), build_arithmetic(),
               reader_schema_version());
    else if (!options_parse(&request, argc, argv, stdout, &error) && request.command)
        run(&request, &error);
    if (error.code)
        fprintf(stderr, "picky-analyse: %s\n", error.message);
    return streams_finish("picky-analyse", (int)error.code);
}
