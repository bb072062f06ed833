#include "numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool number_is_integer(double value, int64_t *integer)
{
    bool is_integer = fabs(value) < EXACT_BELOW && value == trunc(value);
    *integer = is_integer ? (int64_t)value : 0;
    return is_integer;
}

bool number_is_written_as_nonzero(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && !strchr("123456789eEpP", text[i]))
        i++;
    return i < length && text[i] >= '1' && text[i] <= '9';
}

void number_text(double value, char text[NUMBER_TEXT_MAX])
{
    if (fabs(value) < 1e15 && value == trunc(value)) { /* -1000000, not -1e+06 */
        snprintf(text, NUMBER_TEXT_MAX, "%.0f", value);
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, NUMBER_TEXT_MAX, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
}

void number_text_float(float value, char text[NUMBER_TEXT_MAX])
{
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, NUMBER_TEXT_MAX, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
}

int number_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double number_percent(uint64_t part, uint64_t whole)
{
    double percent = 100 * (double)part / (double)whole;
    return part < whole ? fmin(percent, 99.9) : percent;
}
