/* The ledger of jobs that are out, by itself. Linked with -Wl,--wrap=calloc,--wrap=realloc,--wrap=free. */
#include "ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static bool is_short; /* there is no memory */
static long n_living; /* allocations that have not been freed */

void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *memory);

void *__wrap_calloc(size_t n, size_t size)
{
    n_living += !is_short;
    return is_short ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    n_living += !is_short && !old;
    return is_short ? NULL : __real_realloc(old, size);
}

void __wrap_free(void *memory)
{
    n_living -= memory != NULL;
    __real_free(memory);
}

static struct ledger_job job(uint64_t n)
{
    return (struct ledger_job){.config = (uint32_t)(n % 7), .shape = (uint32_t)(n % 3), .replicate = n / 7};
}

static struct ledger *create(int n_ranks)
{
    struct ledger *ledger;
    struct error error;
    assert_int_equal(ledger_create(&ledger, n_ranks, &error), ERROR_NONE);
    return ledger;
}

static void enter(struct ledger *ledger, int rank, uint64_t begin, uint64_t end)
{
    struct error error;
    for (uint64_t n = begin; n < end; n++)
        assert_int_equal(ledger_enter(ledger, rank, job(n), &error), ERROR_NONE);
}

static bool settle(struct ledger *ledger, int rank, uint64_t n)
{
    struct ledger_job settled;
    if (!ledger_settle(ledger, rank, job(n).config, job(n).replicate, &settled))
        return false;
    const struct ledger_job expected = job(n);
    assert_memory_equal(&settled, &expected, sizeof settled);
    return true;
}

static void what_a_rank_holds_is_settled_once(void **unused)
{
    (void)unused;
    struct ledger *ledger = create(3);
    enter(ledger, 1, 0, 100);
    enter(ledger, 2, 100, 130);
    assert_int_equal(ledger_out(ledger), 130);
    assert_int_equal(ledger_held(ledger, 0), 0);
    assert_int_equal(ledger_held(ledger, 1), 100);
    assert_false(settle(ledger, 2, 5)); /* another's */
    assert_false(settle(ledger, 0, 5));
    assert_false(settle(ledger, 1, 1000));
    for (uint64_t i = 0; i < 100; i++) {
        uint64_t n = i * 37 % 100;
        assert_true(settle(ledger, 1, n));
        assert_false(settle(ledger, 1, n));
        assert_int_equal(ledger_held(ledger, 1), 99 - i);
    }
    assert_int_equal(ledger_out(ledger), 30);
    assert_int_equal(ledger_oldest(ledger, 2).config, job(100).config);
    assert_int_equal(ledger_oldest(ledger, 2).replicate, job(100).replicate);
    assert_true(settle(ledger, 2, 100));
    assert_int_equal(ledger_oldest(ledger, 2).replicate, job(101).replicate);
    ledger_destroy(ledger);
    ledger_destroy(NULL);
}

static jmp_buf before_bug;

static void leave_bug(void)
{
    longjmp(before_bug, 1);
}

/* Fails unless the call is taken for a bug. */
#define assert_bug(call)                                                                                               \
    do {                                                                                                               \
        if (setjmp(before_bug) == 0) {                                                                                 \
            (void)(call);                                                                                              \
            fail_msg("not noticed: %s", #call);                                                                        \
        }                                                                                                              \
    } while (0)

static void misuse_is_a_bug(void **unused)
{
    (void)unused;
    struct ledger *ledger = create(4);
    struct ledger_job lent;
    struct error error;
    error_set_bug_handler(leave_bug);
    enter(ledger, 1, 0, 2);
    assert_bug(ledger_lend(ledger, 1, &lent)); /* it holds something */
    assert_bug(ledger_oldest(ledger, 2));      /* it holds nothing */
    assert_false(ledger_bury(ledger, 1, &lent));
    assert_bug(ledger_bury(ledger, 1, &lent)); /* again */
    assert_bug(ledger_lend(ledger, 1, &lent)); /* it is dead */
    assert_bug(ledger_enter(ledger, 1, job(5), &error));
    assert_bug(ledger_oldest(ledger, 1));
    assert_true(ledger_lend(ledger, 2, &lent));
    assert_bug(ledger_lend(ledger, 2, &lent)); /* it has one */
    assert_bug(ledger_enter(ledger, 2, job(5), &error));
    error_set_bug_handler(NULL);
    ledger_destroy(ledger);
}

/* Memory that runs out is said, and leaves the ledger as it was; what there is is freed. */
static void memory_is_short_and_freed(void **unused)
{
    (void)unused;
    struct ledger *ledger;
    struct error error;
    const long n_before = n_living;
    is_short = true;
    assert_int_equal(ledger_create(&ledger, 3, &error), ERROR_FATAL);
    assert_string_equal(error.message, "out of memory for the jobs of 3 ranks");
    is_short = false;
    ledger = create(3);
    uint64_t n = 0;
    enter(ledger, 0, 1000, 1001);
    for (; n < 100; n++)
        enter(ledger, 2, n, n + 1);
    is_short = true;
    while (ledger_enter(ledger, 2, job(n), &error) == ERROR_NONE)
        assert_true(++n < 1000);
    assert_int_equal(error.code, ERROR_FATAL);
    assert_string_equal(error.message, "out of memory for the jobs of 3 ranks");
    is_short = false;
    assert_int_equal(ledger_held(ledger, 2), n);
    assert_int_equal(ledger_out(ledger), n + 1);
    enter(ledger, 2, n, n + 1);
    assert_true(settle(ledger, 2, n));
    ledger_destroy(ledger);
    assert_int_equal(n_living, n_before);
}

static void suspects_are_lent_one_at_a_time(void **unused)
{
    (void)unused;
    struct ledger *ledger = create(4);
    struct ledger_job lent, given_up;
    enter(ledger, 1, 0, 20);
    enter(ledger, 2, 20, 30);
    assert_false(ledger_lend(ledger, 0, &lent));
    assert_false(ledger_bury(ledger, 1, &given_up));
    assert_false(ledger_bury(ledger, 2, &given_up));
    assert_int_equal(ledger_suspects(ledger), 30);
    assert_int_equal(ledger_out(ledger), 0);
    assert_int_equal(ledger_held(ledger, 1), 0);
    assert_false(settle(ledger, 1, 0)); /* too late */

    bool was_lent[30] = {false};
    for (int i = 0; i < 30; i++) {
        assert_true(ledger_lend(ledger, 3, &lent));
        uint64_t n = lent.replicate * 7 + lent.config;
        assert_true(n < 30 && !was_lent[n] && lent.shape == job(n).shape);
        was_lent[n] = true;
        assert_int_equal(ledger_held(ledger, 3), 1);
        assert_int_equal(ledger_out(ledger), 1);
        assert_int_equal(ledger_suspects(ledger), 29 - i);
        assert_int_equal(ledger_oldest(ledger, 3).replicate, lent.replicate);
        assert_false(settle(ledger, 3, (n + 1) % 30));
        assert_true(settle(ledger, 3, n));
    }
    assert_false(ledger_lend(ledger, 3, &lent));
    ledger_destroy(ledger);
}

static void a_suspect_whose_borrower_dies_is_given_up(void **unused)
{
    (void)unused;
    struct ledger *ledger = create(4);
    struct ledger_job lent, given_up;
    enter(ledger, 1, 0, 3);
    assert_false(ledger_bury(ledger, 1, &given_up));
    assert_true(ledger_lend(ledger, 2, &lent));
    assert_true(ledger_bury(ledger, 2, &given_up));
    assert_memory_equal(&given_up, &lent, sizeof lent);
    assert_int_equal(ledger_out(ledger), 0);
    assert_int_equal(ledger_suspects(ledger), 2);
    for (int i = 0; i < 2; i++) {
        assert_true(ledger_lend(ledger, 3, &lent));
        assert_memory_not_equal(&given_up, &lent, sizeof lent);
        assert_true(ledger_settle(ledger, 3, lent.config, lent.replicate, &lent));
    }
    assert_false(ledger_lend(ledger, 3, &lent));
    ledger_destroy(ledger);
}

/* A job whose past is n (owned by whoever has it). */
static struct ledger_job with_past(uint64_t n, int value)
{
    struct ledger_job begun = job(n);
    int *past = calloc(1, sizeof *past);
    assert_non_null(past);
    *past = value;
    begun.past = (struct past *)past;
    return begun;
}

static int value_of(const struct ledger_job *job)
{
    return *(const int *)job->past;
}

/* What is handed back is taken by shape, the last first, with its past, which goes along with it until it is settled,
 * or is freed with the ledger wherever it is. */
static void what_is_returned_can_be_taken(void **unused)
{
    (void)unused;
    const long n_before = n_living;
    struct ledger *ledger = create(4);
    struct ledger_job taken, settled;
    struct error error;
    assert_false(ledger_take(ledger, NULL, &taken));
    const uint64_t numbers[] = {3, 6, 4}; /* shapes 0, 0, 1 */
    for (int i = 0; i < 3; i++)
        assert_int_equal(ledger_return(ledger, with_past(numbers[i], i), &error), ERROR_NONE);
    assert_int_equal(ledger_returned(ledger), 3);
    assert_int_equal(ledger_out(ledger), 0);
    assert_false(ledger_take(ledger, &(uint64_t){0}, &taken));
    assert_true(ledger_take(ledger, NULL, &taken));
    assert_true(taken.shape == 1 && value_of(&taken) == 2);
    assert_int_equal(ledger_enter(ledger, 1, taken, &error), ERROR_NONE);
    assert_false(ledger_take(ledger, &(uint64_t){1}, &taken));
    assert_true(ledger_take(ledger, &(uint64_t){0}, &taken));
    assert_int_equal(ledger_returned(ledger), 1);
    assert_int_equal(ledger_enter(ledger, 1, taken, &error), ERROR_NONE);
    assert_int_equal(ledger_out(ledger), 2);
    assert_true(ledger_settle(ledger, 1, job(4).config, job(4).replicate, &settled));
    assert_int_equal(value_of(&settled), 2);
    free(settled.past);

    /* The other one survives the death of its rank, and the ledger's end when it is lent, given up or returned. */
    assert_false(ledger_bury(ledger, 1, &taken));
    assert_true(ledger_lend(ledger, 2, &taken));
    assert_true(taken.config == job(6).config && value_of(&taken) == 1);
    for (int i = 8; i < 10; i++)
        assert_int_equal(ledger_enter(ledger, 3, with_past((uint64_t)i, i), &error), ERROR_NONE);
    assert_true(ledger_bury(ledger, 2, &taken));
    assert_int_equal(ledger_returned(ledger), 1);
    is_short = true;
    for (uint64_t n = 0; ledger_return(ledger, job(n), &error) == ERROR_NONE; n++)
        assert_true(n < 1000);
    assert_string_equal(error.message, "out of memory for the jobs of 4 ranks");
    is_short = false;
    ledger_destroy(ledger);
    assert_int_equal(n_living, n_before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_rank_holds_is_settled_once),
        cmocka_unit_test(misuse_is_a_bug),
        cmocka_unit_test(memory_is_short_and_freed),
        cmocka_unit_test(suspects_are_lent_one_at_a_time),
        cmocka_unit_test(a_suspect_whose_borrower_dies_is_given_up),
        cmocka_unit_test(what_is_returned_can_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
