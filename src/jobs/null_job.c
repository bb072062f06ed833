#include "null_job.h"

#include "rng.h"

#include <string.h>

/* A job draws so many numbers and repeats them: drawing them all would take longer than what is to be measured. A
 * prime, so that an array that has slipped differs. */
enum { N_DRAWN = 251 };

void null_job_record(const struct record_layout *layout, const struct job *job, void *record)
{
    float drawn[N_DRAWN];
    rng_uniforms(rng_key(job->seed, 0), RNG_NULL_JOBS, (uint32_t)job->config, 0, 0, N_DRAWN, drawn);

    record_clear(layout, record);
    size_t next = 0;
    for (int f = 0; f < N_FIELDS; f++) {
        float *values = record_field(layout, record, (enum field)f);
        if (!values || record_fields[f].type != FIELD_F32)
            continue;
        for (uint64_t n, done = 0; done < layout->n_elements[f]; done += n, next = (next + n) % N_DRAWN) {
            n = layout->n_elements[f] - done;
            n = n < N_DRAWN - next ? n : N_DRAWN - next;
            memcpy(values + done, drawn + next, n * sizeof *drawn);
        }
    }
    *(uint8_t *)record_field(layout, record, FIELD_STATUS) = STATUS_ACCEPTED;
    *(int64_t *)record_field(layout, record, FIELD_SEED) = job->seed;
    *(uint16_t *)record_field(layout, record, FIELD_ATTEMPTS) = 1;
}
