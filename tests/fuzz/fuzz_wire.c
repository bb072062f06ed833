/* The messages: any bytes as a message. The first byte says whether they come as they are, or in an envelope that is
 * right, so that the check does not keep everything out. */
#include "../../src/cluster/wire.c" // NOLINT(bugprone-suspicious-include): its static functions are under test

#include "fuzz.h"

#include <stdlib.h>

static struct record_layout small_layout(void)
{
    struct hyperparameters h;
    struct record_layout layout;
    struct error error;
    hyperparameters_default(&h);
    h.hidden_size = 2;
    h.hidden_layers = 1;
    h.N_test = 1;
    h.epochs = 1;
    check(!record_layout_make(&layout, &h, 1, 0, &error));
    return layout;
}

static void read_records(void *message, const struct record_layout *layout, struct error *error)
{
    struct wire_report report = {.n_records = 0};
    if (wire_report_read(message, layout, &report, error))
        return;
    check(report.n_records == wire_report_n_records(message));
    uint64_t config, replicate, sum = 0;
    for (size_t i = 0; i < report.n_records; i++) {
        const unsigned char *record = wire_report_record(message, layout, i, &config, &replicate);
        for (size_t k = 0; k < layout->n_bytes; k++)
            sum += record[k];
    }
    check(sum <= UINT64_C(255) * report.n_records * layout->n_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct job jobs[WIRE_JOBS_MAX];
    const struct record_layout layout = small_layout();
    if (size < 2)
        return 0;
    bool is_sealed = data[0] & 1;
    enum wire_kind kind = (enum wire_kind)data[1];
    size_t head = is_sealed ? sizeof(struct envelope) : 0, n_bytes = head + (size - 2);
    n_bytes -= is_sealed ? n_bytes % 8 : 0;
    char *message = malloc(n_bytes > 0 ? n_bytes : 1);
    check(message);
    memcpy(message + head, data + 2, n_bytes - head);
    if (is_sealed && (data[0] & 2) && n_bytes >= sizeof(struct setup))
        ((struct setup *)message)->build = build_signature();
    if (is_sealed)
        seal(message, kind, n_bytes);

    struct error error = {0}, failure;
    if (!wire_open(message, n_bytes, &kind, &error))
        switch (kind) {
        case WIRE_SETUP: {
            struct record_layout read;
            uint64_t memory;
            if (!wire_setup_read(message, &read, &memory, &error) && read.n_bytes <= 1 << 20) {
                void *record = malloc(read.n_bytes + 1);
                check(record);
                record_clear(&read, record); /* writes by the layout's offsets */
                free(record);
            }
            break;
        }
        case WIRE_HANDOUT: {
            struct wire_handout handout;
            if (!wire_handout_read(message, &handout, jobs, &error))
                for (size_t i = 0; i < handout.n_jobs; i++)
                    check(!hyperparameters_check(&jobs[i].h, &error));
            break;
        }
        case WIRE_STOP: wire_stop_read(message); break;
        case WIRE_HELLO: {
            struct wire_hello hello;
            wire_hello_read(message, &hello);
            check(strlen(hello.version) < sizeof hello.version && strlen(hello.reason) < sizeof hello.reason);
            break;
        }
        case WIRE_REPORT: read_records(message, &layout, &error); break;
        case WIRE_FAILURE: check(wire_failure_read(message, &failure)); break;
        }
    free(message);
    return 0;
}
