/* Which picky this is, as far as a job's bits are concerned: its arithmetic, the build, and a test that it computes
 * what it should. */
#ifndef PICKY_BUILD_H
#define PICKY_BUILD_H

#include "errors.h"

#include <stdint.h>

/* Changes if and only if a job's bits change for hyperparameters that existed before. It is stored in results files. */
int64_t build_arithmetic(void);

/* 16 hexadecimal digits: a hash of the sources of src/base, model and jobs, of the tables of hyperparameters, measures
 * and record fields (names, types, order), of the arithmetic and of what the self-test must give. Equal for any
 * compiler, its flags and instruction sets, and wherever the sources lie: ranks with the same one may work together.
 * Static. */
#define BUILD_IDENTITY_MAX 17
const char *build_identity(void);

/* "0.9.0 (GIT REVISION, build 0123456789ab)", with the first 12 of those digits: as picky calls itself in --version, in
 * the log of runs, and where builds have to be told apart. Static. */
#define BUILD_VERSION_MAX 96
const char *build_version(void);

/* Trains four tiny jobs (Adam and SGD, ReLU and linear output, random and replay, context at the first layer and at the
 * last) on the chosen instruction set and compares their records with what they must be: 1 to 2 ms of CPU time,
 * portably 20. ERROR_FATAL, with what to do, if they differ; also if memory is short. ERROR_INPUT if the instruction
 * set asked for cannot run here. */
enum error_code build_self_test(struct error *error);

/* That models in the file `path` were trained with this picky's arithmetic. ERROR_INPUT, with both and what to do. */
enum error_code build_check_arithmetic(const char *path, int64_t arithmetic, struct error *error);

#endif
