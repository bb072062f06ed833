/* What a file holds, told by its first bytes: whether it may give way to an output. */
#ifndef PICKY_CONTENTS_H
#define PICKY_CONTENTS_H

#include <stdbool.h>

enum output_format {
    OUTPUT_TEXT, /* for people, or a sweep file's text */
    OUTPUT_CSV,
    OUTPUT_JSON,
    OUTPUT_NPY,
    OUTPUT_HTML,
    OUTPUT_SVG,
    OUTPUT_PNG,
    OUTPUT_PDF,
    OUTPUT_SCRIPT, /* of gnuplot */
};

/* Whether the open regular file holds nothing that is lost when an output of the format takes its place: it is
 * empty or looks like an older output of that format, whichever version wrote it; text gives way to text unless it
 * may be a sweep file (also one with mistakes). HDF5, also behind a user block, never does. Otherwise *what says
 * what is there: "a sweep file", "no PNG". */
bool contents_give_way(int descriptor, enum output_format format, const char **what);

/* Whether the open file is HDF5: its signature is at 0, 512, 1024, 2048, ... */
bool contents_are_hdf5(int descriptor);

/* Whether a name may be given to an output of the format: its ending is no other format's; ".cfg" is a text's, and
 * ".h5" is of none. */
bool contents_fit_name(const char *path, enum output_format format);

/* "CSV" */
const char *contents_format_name(enum output_format format);

#endif
