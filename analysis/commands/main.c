/* picky-analyse: tables and figures from results files. */
#include "build.h"
#include "launch.h"
#include "models.h"
#include "options.h"
#include "streams.h"

#include <fenv.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Makes the command's models those of --status; a figure says so above. */
static enum error_code choose_models(struct request *request, struct reader *reader, char title[LABEL_MAX],
                                     struct error *error)
{
    const unsigned known = 1u << STATUS_ACCEPTED | 1u << STATUS_REJECTED;
    unsigned statuses;
    if (!request->command->chooses_models || !request->export.status)
        return ERROR_NONE;
    if (request_statuses(request, &statuses, error))
        return error->code;
    if (statuses & ~known)
        return error_set(error, ERROR_INPUT,
                         "--status %s: allowed here: accepted, rejected, or both with a comma between",
                         request->export.status);
    snprintf(title, LABEL_MAX, "%.900s%s%s models%s", reader->name, *reader->name ? ": " : "",
             statuses == known                   ? "accepted and rejected"
             : statuses == 1u << STATUS_REJECTED ? "rejected"
                                                 : "accepted",
             statuses & 1u << STATUS_REJECTED ? " that are alive" : "");
    if (!request->title && statuses & 1u << STATUS_REJECTED)
        request->title = title;
    return models_choose(reader, statuses, error);
}

static enum error_code run(struct request *request, struct error *error)
{
    struct reader *reader = NULL;
    struct selection selection = {0};
    char title[LABEL_MAX];

    if (!reader_open(&reader, request->file, error) && !request_fit(request, reader, error) &&
        !choose_models(request, reader, title, error) &&
        !selection_make(&selection, reader, request->conditions, request->n_conditions, error))
        request->command->run(reader, &selection, request, error);
    if (request->title == title)
        request->title = NULL; /* it ends here */
    selection_free(&selection);
    reader_close(reader);
    return error->code;
}

int main(int argc, char **argv)
{
    struct error error = {.code = ERROR_NONE};
    struct request request = {0};

    streams_begin();
    fesetenv(FE_DFL_ENV); /* a library may have left another floating-point environment when it was loaded */
    /* A file-size limit is then an error of write, reported like a full disk; gnuplot inherits it. */
    signal(SIGXFSZ, SIG_IGN);
    if (launch_is_spare())
        return 0;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 || (i == 1 && strcmp(argv[i], "help") == 0))
            stream_break_help(&stdout);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        printf("picky-analyse %s, arithmetic %" PRId64 ", schema %d\n", build_version(), build_arithmetic(),
               reader_schema_version());
    else if (!options_parse(&request, argc, argv, stdout, &error) && request.command)
        run(&request, &error);
    int n_spare = error.code || !request.command ? 0 : launch_n_spare();
    if (n_spare > 0)
        fprintf(stderr, "picky-analyse: it runs on one rank: the other %d had nothing to do\n", n_spare);
    if (error.code)
        fprintf(stderr, "picky-analyse: %s\n", error.message);
    return streams_finish("picky-analyse", (int)error.code);
}
