/* The command line: one table of options, help made from it and from the commands. */
#ifndef PICKY_OPTIONS_H
#define PICKY_OPTIONS_H

#include "command.h"

/* Parses argv by the table of options and the commands. On success request->command is what to run; for --help it is
 * NULL and the help that is wanted has been written to `help`. ERROR_INPUT for a mistake, ERROR_FATAL if the help
 * cannot be written. */
enum error_code options_parse(struct request *request, int argc, char **argv, FILE *help, struct error *error);

#endif
