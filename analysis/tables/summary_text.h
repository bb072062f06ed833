/* summary for people. */
#ifndef PICKY_SUMMARY_TEXT_H
#define PICKY_SUMMARY_TEXT_H

#include "summary_writer.h"

extern const struct summary_writer summary_text;

#endif
