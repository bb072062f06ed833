/* The sweep parser: any bytes as a sweep file. A sweep that is accepted must be one that the rest of picky can use. */
#include "fuzz.h"

#include "plan.h"
#include "record.h"
#include "sweep.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sweep sweep;
    struct error error = {0};
    if (sweep_read(&sweep, fuzz_file(data, size), NULL, 0, &error)) {
        check(error.message[0] && !strchr(error.message, '\n')); /* one line */
        check(!sweep.text && !sweep.configs && sweep.n_configs == 0);
        return 0;
    }
    struct record_layout layout;
    struct plan *plan = NULL;
    check(sweep.n_configs >= 1 && sweep.replicates >= 1);
    for (size_t c = 0; c < sweep.n_configs; c++)
        check(!hyperparameters_check(&sweep.configs[c], &error));
    if (!record_layout_make(&layout, sweep.configs, sweep.n_configs, sweep.store, &error) &&
        !plan_create(&plan, sweep.configs, sweep.n_configs, sweep.replicates, sweep.seed, &error))
        check(plan_jobs_total(plan) == sweep.n_configs * (uint64_t)sweep.replicates);
    plan_destroy(plan);
    sweep_free(&sweep);
    return 0;
}
