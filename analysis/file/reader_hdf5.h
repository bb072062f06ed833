/* What HDF5 needs, for the files of the reader. Only reader*.c use this. */
#ifndef PICKY_READER_HDF5_H
#define PICKY_READER_HDF5_H

#include "reader.h"

#include <hdf5.h>

struct reader_handles {
    hid_t file;
    hid_t fields[N_FIELDS]; /* opened when first read */
};

/* Sets "FILE: damaged or incomplete file: WHAT (HDF5: its innermost reason)". */
enum error_code reader_damaged(const char *path, const char *what, struct error *error);
enum error_code reader_no_memory(const char *path, struct error *error);

/* An attribute that is a text of any length, in a new string; NULL if it is none or cannot be read. */
char *reader_text_attribute(hid_t object, const char *name);

#endif
