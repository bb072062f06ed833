#include "past.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the errors of so many attempts. */
static size_t errors_size(const struct record_layout *layout, uint64_t n_attempts)
{
    return n_attempts * layout->size[DIMENSION_TASK] * sizeof(float);
}

enum error_code past_take(struct past **past, const struct record_layout *layout, const void *record,
                          struct error *error)
{
    const uint64_t n_before = *past ? (*past)->n_attempts : 0;
    const double wall_s = *past ? (*past)->wall_s : 0;
    const uint64_t next = *(const uint16_t *)record_field_const(layout, record, FIELD_ATTEMPTS);
    if (next <= n_before || next > layout->size[DIMENSION_ATTEMPT])
        return error_set(error, ERROR_FATAL, "a job is handed back before attempt %" PRIu64 ", which it cannot have",
                         next);
    const uint64_t n = next - 1;
    struct past *longer = realloc(*past, sizeof **past + errors_size(layout, n));
    if (!longer)
        return error_set(error, ERROR_FATAL, "out of memory for jobs that are handed back");
    const size_t known = errors_size(layout, n_before);
    memcpy((char *)longer->error + known, (const char *)record_field_const(layout, record, FIELD_ATTEMPT_ERROR) + known,
           errors_size(layout, n) - known);
    longer->wall_s = wall_s + *(const double *)record_field_const(layout, record, FIELD_WALL_TIME);
    longer->n_attempts = n;
    *past = longer;
    return ERROR_NONE;
}

void past_complete(const struct past *past, const struct record_layout *layout, void *record)
{
    const uint8_t status = *(const uint8_t *)record_field_const(layout, record, FIELD_STATUS);
    *(double *)record_field(layout, record, FIELD_WALL_TIME) += past->wall_s;
    if (status == STATUS_ACCEPTED || status == STATUS_REJECTED) /* others have no results */
        memcpy(record_field(layout, record, FIELD_ATTEMPT_ERROR), past->error, errors_size(layout, past->n_attempts));
}
