/* A line about progress on stderr, for work that takes long. */
#ifndef PICKY_TICKER_H
#define PICKY_TICKER_H

#include <stdbool.h>
#include <stdint.h>

/* Silent for the first two seconds. On a terminal the line is then rewritten four times a second and removed at the
 * end; in a log there is a new line every ten seconds. */
struct ticker {
    const char *what; /* borrowed: "picky-analyse: N of TOTAL WHAT" */
    uint64_t n_done, n_total;
    double start_s, next_s;
    bool is_terminal, is_shown;
};

void ticker_begin(struct ticker *ticker, const char *what, uint64_t n_total);
void ticker_add(struct ticker *ticker, uint64_t n); /* NULL is allowed */
void ticker_end(struct ticker *ticker);

#endif
