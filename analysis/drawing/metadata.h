/* What a figure's file says about itself: gnuplot writes none of it. */
#ifndef PICKY_METADATA_H
#define PICKY_METADATA_H

#include <stdbool.h>

/* Puts title and description (alternative text), UTF-8, into the SVG that gnuplot has written to `path`, and makes it
 * one image to screen readers. False, with errno, if it could not be written; a file of another shape stays as it is.
 */
bool metadata_svg(const char *path, const char *title, const char *description);

/* Puts title and subject into the document information of the PDF at `path`, by an update at its end. As above. */
bool metadata_pdf(const char *path, const char *title, const char *subject);

#endif
