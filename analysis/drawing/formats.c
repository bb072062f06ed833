#include "formats.h"

#include "json.h"
#include "numbers.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Seven digits, but of whole numbers all. */
static void put_number(FILE *out, double value)
{
    int64_t integer;
    if (number_is_integer(value, &integer) && value != 0) /* 0 may be -0 */
        fprintf(out, "%" PRId64, integer);
    else
        fprintf(out, "%.7g", value);
}

void json_number(FILE *out, double value)
{
    if (isfinite(value))
        put_number(out, value);
    else
        fprintf(out, "null");
}

void json_estimate(FILE *out, const struct estimate *estimate)
{
    fprintf(out, "{\"value\": ");
    json_number(out, estimate->value);
    fprintf(out, ", \"low\": ");
    json_number(out, estimate->low);
    fprintf(out, ", \"high\": ");
    json_number(out, estimate->high);
    fprintf(out, ", \"n\": %zu}", estimate->n);
}

void json_value(FILE *out, const struct hyperparameters *h, const struct hyperparameter *row)
{
    char value[HYPERPARAMETER_FORMAT_MAX];
    hyperparameter_format(h, row, value);
    if (row->type == HYPERPARAMETER_INTEGER || row->type == HYPERPARAMETER_REAL)
        fprintf(out, "%s", value);
    else
        json_text(out, value);
}

void csv_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fprintf(out, "%s", text);
        return;
    }
    fputc('"', out);
    for (; *text; text++)
        fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', out);
}

void csv_number(FILE *out, double value)
{
    if (isfinite(value))
        put_number(out, value);
}

void effect_format(const struct estimate *effect, char text[64])
{
    snprintf(text, 64, "-");
    if (isfinite(effect->low))
        snprintf(text, 64, "%+.3f [%+.3f, %+.3f]", effect->value, effect->low, effect->high);
    else if (isfinite(effect->value))
        snprintf(text, 64, "%+.3f", effect->value);
}
