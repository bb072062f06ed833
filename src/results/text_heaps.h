/* A look at the heaps that hold an HDF5 file's texts, before HDF5 reads any: they are the only part of picky's files
 * (but for the arrays) without checksums, and HDF5 1.10 follows damaged ones beyond their ends, or for ever. */
#ifndef PICKY_TEXT_HEAPS_H
#define PICKY_TEXT_HEAPS_H

#include "errors.h"

#include <hdf5.h>

/* Checks the heaps of an open file, and that each text of its arrays lies in one (HDF5 File Format Specification,
 * version 3.0: "Global Heap", and reference to it in "Datatype Message", variable-length). Sees what lies as in picky's
 * files: contiguous arrays, and heaps on multiples of 4096. `path` is for messages. ERROR_INPUT for a damaged heap;
 * ERROR_FATAL for memory and failing reads. */
enum error_code text_heaps_check(hid_t file, const char *path, struct error *error);

#endif
