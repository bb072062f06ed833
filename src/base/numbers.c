#include "numbers.h"

#include <math.h>

bool number_is_integer(double value, int64_t *integer)
{
    bool is_integer = fabs(value) < EXACT_BELOW && value == trunc(value);
    *integer = is_integer ? (int64_t)value : 0;
    return is_integer;
}
