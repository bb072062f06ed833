/* The line about progress: when there is one, and what it says. */
#include "ticker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What a call of ticker_add writes to stderr. */
static void ticked(struct ticker *ticker, uint64_t n, char text[200])
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_true(file && saved >= 0);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    ticker_add(ticker, n);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, 199, file)] = '\0';
    fclose(file);
}

static void ticker_speaks_when_it_takes_long(void **state)
{
    (void)state;
    struct ticker ticker;
    char text[200];
    ticker_begin(&ticker, "models read", 400);
    assert_true(ticker.next_s >= ticker.start_s + 2);
    ticker.next_s = ticker.start_s + 1e9; /* however slow this machine is */
    ticked(&ticker, 100, text);
    assert_string_equal(text, "");
    ticker.next_s = 0;
    ticker.is_terminal = false;
    ticked(&ticker, 100, text);
    assert_non_null(strstr(text, "picky-analyse: 50 %, about "));
    assert_non_null(strstr(text, " s left: 200 of 400 models read ("));
    assert_non_null(strstr(text, "Z)\n")); /* when */
    assert_true(ticker.next_s > ticker.start_s);
    ticker_add(NULL, 1);
    ticker_end(&ticker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticker_speaks_when_it_takes_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
