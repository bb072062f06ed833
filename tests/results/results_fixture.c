#include "results_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

const char *const mixed[4] = {
    "N_train=40 N_test=5 epochs=3 hidden_size=4 hidden_layers=3 fraction=0.25",
    "N_train=40 N_test=7 epochs=2 hidden_size=3 hidden_layers=2 fraction=0.25 context_location=end",
    "N_train=30 N_test=5 epochs=3 hidden_size=1 hidden_layers=4 fraction=0.5 context_location=2 second_task=add1.5",
    "N_train=40 N_test=5 epochs=1 hidden_size=4 hidden_layers=3 fraction=0.75 max_attempts=3 train_mode=replay",
};
const char *const shallow[1] = {"N_train=20 N_test=3 epochs=2 hidden_size=5 hidden_layers=1"};
void sample_set(struct hyperparameters *h, const char *text)
{
    char copy[256], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *pair; (pair = strsep(&rest, " "));) {
        struct error error;
        char *value = strchr(pair, '=');
        if (!value)
            continue;
        *value++ = '\0';
        const struct hyperparameter *row = hyperparameter_find(pair);
        assert_non_null(row);
        assert_int_equal(hyperparameter_set_text(h, row, value, &error), ERROR_NONE);
    }
    struct error error;
    assert_int_equal(hyperparameters_check(h, &error), ERROR_NONE);
}

void sample_make(struct sample *s, unsigned store, int64_t replicates, size_t n_configs, const char *const *configs)
{
    struct error error;
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < n_configs; i++) {
        hyperparameters_default(&s->configs[i]);
        sample_set(&s->configs[i], configs[i]);
    }
    assert_int_equal(record_layout_make(&s->layout, s->configs, n_configs, store, &error), ERROR_NONE);
    s->provenance[0] = (struct results_attribute){"version", "picky 0.0, gcc", NULL, NULL};
    s->provenance[1] = (struct results_attribute){"end_time", "", NULL, NULL};
    s->provenance[2] = (struct results_attribute){"command_line", "picky run sweep.cfg", NULL, NULL};
    s->provenance[3] = (struct results_attribute){"run_time", "", "s", NULL};
    for (int row = 0; row < n_hyperparameters; row++)
        for (size_t i = 1; i < n_configs; i++)
            if (!hyperparameter_equal(&s->configs[0], &s->configs[i], &hyperparameter_table[row]))
                s->swept[row] = true;
    hyperparameters_name_swept(s->configs, n_configs, s->swept);
    s->d = (struct results_description){.name = "test",
                                        .sweep_text = "replicates = 3; # caf\xc3\xa9\n",
                                        .seed = SEED,
                                        .replicates = replicates,
                                        .configs = s->configs,
                                        .n_configs = n_configs,
                                        .swept = s->swept,
                                        .layout = &s->layout,
                                        .provenance = s->provenance};
}

uint64_t scramble(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void fill_record(const struct record_layout *layout, uint64_t config, uint64_t replicate, void *record)
{
    record_clear(layout, record);
    for (int f = 0; f < N_FIELDS; f++) {
        unsigned char *bytes = record_field(layout, record, (enum field)f);
        size_t size = field_type_size(record_fields[f].type);
        for (uint64_t i = 0; bytes && i < layout->n_elements[f]; i++) {
            uint64_t hash = scramble(scramble(scramble(config * 1000003 + replicate) + (uint64_t)f) + i);
            double number = (double)(hash >> 40) / 1024 - 5000;
            float value = (float)number;
            if (record_fields[f].type == FIELD_F32)
                memcpy(bytes + i * size, &value, size);
            else if (record_fields[f].type == FIELD_F64)
                memcpy(bytes + i * size, &number, size);
            else if (record_fields[f].type == FIELD_TEXT)
                snprintf((char *)bytes + i * size, size, "reason %" PRIu64, hash % 1000);
            else
                memcpy(bytes + i * size, &hash, size);
        }
    }
    *(int64_t *)record_field(layout, record, FIELD_SEED) = SEED + (int64_t)replicate;
    *(uint8_t *)record_field(layout, record, FIELD_STATUS) =
        (uint8_t)(1 + scramble(config * 1000003 + replicate) % (N_STATUSES - 1));
}

void expect_record(const struct record_layout *layout, uint64_t config, uint64_t replicate, void *record)
{
    fill_record(layout, config, replicate, record);
    if (*(uint8_t *)record_field(layout, record, FIELD_STATUS) < STATUS_DIVERGED)
        return;
    uint8_t status = *(uint8_t *)record_field(layout, record, FIELD_STATUS);
    uint16_t attempts = *(uint16_t *)record_field(layout, record, FIELD_ATTEMPTS);
    int64_t seed = *(int64_t *)record_field(layout, record, FIELD_SEED);
    for (int f = 0; f < N_FIELDS; f++) {
        unsigned char *bytes = record_field(layout, record, (enum field)f);
        if (!bytes || record_fields[f].is_provenance)
            continue;
        static const unsigned char nan[4] = {0, 0, 0xc0, 0x7f};
        for (uint64_t i = 0; i < layout->n_elements[f] * field_type_size(record_fields[f].type); i++)
            bytes[i] = record_fields[f].type == FIELD_F32 ? nan[i % 4] : f == FIELD_TRAIN_TASK ? 255 : 0;
    }
    *(uint8_t *)record_field(layout, record, FIELD_STATUS) = status;
    *(uint16_t *)record_field(layout, record, FIELD_ATTEMPTS) = attempts;
    *(int64_t *)record_field(layout, record, FIELD_SEED) = seed;
}
