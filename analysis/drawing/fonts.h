/* Which characters the fonts of this machine have: what none has would be drawn as a black box over the whole page. */
#ifndef PICKY_FONTS_H
#define PICKY_FONTS_H

#include "errors.h"

/* Replaces in the UTF-8 file at `path` each character beyond ASCII that no font has by "?", and says on stderr which,
 * and the Debian package that has it. Asks fc-list (which comes with gnuplot's libraries); without it nothing is
 * replaced. ERROR_FATAL if the file cannot be read or written. */
enum error_code fonts_replace_missing(const char *path, struct error *error);

/* Says on stderr if no font here is of this family (as gnuplot_check_font allows it): another is drawn then. */
void fonts_check_family(const char *family);

#endif
