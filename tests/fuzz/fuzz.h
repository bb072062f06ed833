/* Fuzzing: each target is one function of libFuzzer's form. Linked with libFuzzer (PICKY_FUZZ) it hunts; linked with
 * replay.c it runs once over each file it is given, as a test of the cases found so far. */
#ifndef PICKY_FUZZ_H
#define PICKY_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Runs the target on data [size]. Returns 0; a fault ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file with these bytes, in memory. Its name, which the caller may open as often as it likes until the next call,
 * is static. */
const char *fuzz_file(const uint8_t *data, size_t size);

#endif
