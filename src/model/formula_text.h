/* Formulas as text: a program in postfix order written back in the one canonical way. */
#ifndef PICKY_FORMULA_TEXT_H
#define PICKY_FORMULA_TEXT_H

#include "formula.h"

/* Writes the canonical text of formula's program into formula->text, with zeros behind it: shortest decimals, least
 * brackets, single blanks. Returns its length; at FORMULA_TEXT_MAX or more the text is cut. */
size_t formula_write_text(struct formula *formula);

#endif
