/* What the steps of a formula's program do: one table for reading, writing and computing it. */
#ifndef PICKY_FORMULA_OPERATIONS_H
#define PICKY_FORMULA_OPERATIONS_H

#include <stddef.h>

enum formula_operation {
    FORMULA_CONSTANT,
    FORMULA_INPUT,
    FORMULA_DIAL,
    FORMULA_RANDOM,
    FORMULA_NEGATE,
    FORMULA_POWER,
    FORMULA_LESS,
    FORMULA_LESS_EQUAL,
    FORMULA_GREATER,
    FORMULA_GREATER_EQUAL,
    FORMULA_EQUAL,
    FORMULA_UNEQUAL,
    FORMULA_ADD,
    FORMULA_SUBTRACT,
    FORMULA_MULTIPLY,
    FORMULA_DIVIDE,
    FORMULA_ABS,
    FORMULA_MIN,
    FORMULA_MAX,
    FORMULA_SQRT,
    FORMULA_FLOOR,
    FORMULA_SIGN,
    FORMULA_STEP,
    FORMULA_CLAMP,
    FORMULA_IF,
    FORMULA_SIN,
    FORMULA_COS,
    FORMULA_EXP,
    FORMULA_LOG,
    FORMULA_TANH,
    N_FORMULA_OPERATIONS
};

/* How tightly an operation binds its operands: the grammar's levels, loosest first. */
enum formula_level { LEVEL_CMP, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_UNARY, LEVEL_POWER, LEVEL_PRIMARY };

struct formula_operation_row {
    const char *sign; /* as it is written: "+", "min"; "" for values */
    int n_operands;
    enum formula_level level;
};

extern const struct formula_operation_row formula_operations[N_FORMULA_OPERATIONS];

/* Functions are the operations from FORMULA_ABS on. */
static inline int formula_is_function(enum formula_operation operation)
{
    return operation >= FORMULA_ABS;
}

#endif
