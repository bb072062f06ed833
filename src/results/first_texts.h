/* The texts of picky's own attributes in files of schema 1, which picky 0.1.0 wrote, where today's are others. */
#ifndef PICKY_RESULTS_FIRST_TEXTS_H
#define PICKY_RESULTS_FIRST_TEXTS_H

/* The text of an attribute, by its name as "/status@long_name" or "/@Conventions"; NULL: as today. */
const char *first_text(const char *full_name);

#endif
