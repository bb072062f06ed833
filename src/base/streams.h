/* The three standard streams of a program: present from the start, and what was printed has arrived at the end. */
#ifndef PICKY_STREAMS_H
#define PICKY_STREAMS_H

/* Opens /dev/null in the place of each of descriptors 0 to 2 that is closed: else the next file opened takes it, and
 * what is printed goes into that file. Call it before anything is opened. */
void streams_begin(void);

/* Flushes stdout. Returns `code`, or ERROR_FATAL, after one line on stderr that starts with `program`, if `code` is 0
 * and something printed did not arrive. A reader that left (a pager, head) has had enough: no error. */
int streams_finish(const char *program, int code);

#endif
