/* Numbers for people, in CSV (RFC 4180) and in JSON (RFC 8259), and texts in CSV (in JSON: json.h). */
#ifndef PICKY_FORMATS_H
#define PICKY_FORMATS_H

#include "bootstrap.h"
#include "hyperparameters.h"

#include <stdio.h>

/* Writes a number with seven digits, as single precision has them, `null` if it is not finite. */
void json_number(FILE *out, double value);

/* Writes {"value": V, "low": L, "high": H, "n": N}. */
void json_estimate(FILE *out, const struct estimate *estimate);

/* Writes a hyperparameter's value: a number, or a JSON string. */
void json_value(FILE *out, const struct hyperparameters *h, const struct hyperparameter *row);

/* Writes a text as a CSV field, quoted if it has to be. */
void csv_text(FILE *out, const char *text);

/* Writes a number with seven digits as a CSV field, nothing if it is not finite. */
void csv_number(FILE *out, double value);

/* "+0.123 [+0.100, +0.145]", "+0.123" without an interval, "-" without a value. */
void effect_format(const struct estimate *effect, char text[64]);

#endif
