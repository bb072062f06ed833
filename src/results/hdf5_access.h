/* What all users of HDF5 in picky share: its settings, its errors and its types. This folder and analysis/file use it.
 */
#ifndef PICKY_RESULTS_HDF5_H
#define PICKY_RESULTS_HDF5_H

#include "errors.h"
#include "record.h"

#include <hdf5.h>

/* To be called before any other call to HDF5; may be called again, for a new file. */
void results_hdf5_start(void);

/* How files are opened and created, for reading or writing: owned by the caller (H5Pclose); negative on failure. */
hid_t results_hdf5_access(void);

/* The types of a field's elements in the file and in memory (a text's are its characters), owned by the caller
 * (H5Tclose); negative on failure. */
hid_t results_hdf5_file_type(enum field_type type);
hid_t results_hdf5_memory_type(enum field_type type);

/* Sets "WHAT: REASON" (ERROR_FATAL) after a call to HDF5 failed; must follow that call directly. The reason is that of
 * a failed system call, or else the innermost entry of HDF5's error stack. */
enum error_code results_hdf5_error(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ERROR_FATAL if a system call has failed in HDF5 since it was started, whether or not anybody minded. */
enum error_code results_hdf5_complaint(struct error *error, const char *path);

/* Sets "FILE: damaged or incomplete file: WHAT"; but ERROR_FATAL and the reason if the file could not be read. */
enum error_code results_damaged(struct error *error, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
