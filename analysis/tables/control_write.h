/* The sweep that adds to a file what its claims and other pairs of tasks are held against. */
#ifndef PICKY_CONTROL_WRITE_H
#define PICKY_CONTROL_WRITE_H

#include "reader.h"
#include "selection.h"

#include <stdio.h>

/* Writes the file's sweep, every configuration as a case of its own, and behind them the identical tasks that the
 * claims of the selected configurations lack, or if those lack none, their other pairs of tasks: `picky extend` trains
 * those alone. ERROR_INPUT if they lack none. */
enum error_code control_write(const struct reader *reader, const struct selection *selection, FILE *out,
                              struct error *error);

#endif
