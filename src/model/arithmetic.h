/* The version of what is computed: it changes if and only if a job's bits change for hyperparameters that existed before. What
 * one arithmetic has trained, another cannot go on with or verify; results files and ranks say which is theirs. */
#ifndef PICKY_ARITHMETIC_H
#define PICKY_ARITHMETIC_H

#ifndef ARITHMETIC /* a test builds another one */
#define ARITHMETIC 1
#endif

#endif
