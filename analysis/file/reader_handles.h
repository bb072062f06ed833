/* An open results file, for those who read it by src/results. Only reader*.c use this. */
#ifndef PICKY_READER_HANDLES_H
#define PICKY_READER_HANDLES_H

#include "arrays.h"
#include "read.h"
#include "reader.h"

#include <hdf5.h>

struct reader_handles {
    hid_t file;
    struct results_header header;
    struct results_array arrays[N_FIELDS]; /* opened when first read */
};

/* Reads a text attribute of an object of the file, as results_read_text; the caller frees *text. */
enum error_code reader_text(const struct reader *reader, const char *object, const char *name, char **text,
                            struct error *error);

#endif
