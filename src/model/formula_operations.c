#include "formula_operations.h"

const struct formula_operation_row formula_operations[N_FORMULA_OPERATIONS] = {
    [FORMULA_CONSTANT] = {"", 0, LEVEL_PRIMARY},   [FORMULA_INPUT] = {"", 0, LEVEL_PRIMARY},
    [FORMULA_DIAL] = {"", 0, LEVEL_PRIMARY},       [FORMULA_RANDOM] = {"", 0, LEVEL_PRIMARY},
    [FORMULA_NEGATE] = {"-", 1, LEVEL_UNARY},      [FORMULA_POWER] = {"^", 1, LEVEL_POWER},
    [FORMULA_LESS] = {"<", 2, LEVEL_CMP},          [FORMULA_LESS_EQUAL] = {"<=", 2, LEVEL_CMP},
    [FORMULA_GREATER] = {">", 2, LEVEL_CMP},       [FORMULA_GREATER_EQUAL] = {">=", 2, LEVEL_CMP},
    [FORMULA_EQUAL] = {"==", 2, LEVEL_CMP},        [FORMULA_UNEQUAL] = {"!=", 2, LEVEL_CMP},
    [FORMULA_ADD] = {"+", 2, LEVEL_SUM},           [FORMULA_SUBTRACT] = {"-", 2, LEVEL_SUM},
    [FORMULA_MULTIPLY] = {"*", 2, LEVEL_PRODUCT},  [FORMULA_DIVIDE] = {"/", 2, LEVEL_PRODUCT},
    [FORMULA_ABS] = {"abs", 1, LEVEL_PRIMARY},     [FORMULA_MIN] = {"min", 2, LEVEL_PRIMARY},
    [FORMULA_MAX] = {"max", 2, LEVEL_PRIMARY},     [FORMULA_SQRT] = {"sqrt", 1, LEVEL_PRIMARY},
    [FORMULA_FLOOR] = {"floor", 1, LEVEL_PRIMARY}, [FORMULA_SIGN] = {"sign", 1, LEVEL_PRIMARY},
    [FORMULA_STEP] = {"step", 1, LEVEL_PRIMARY},   [FORMULA_CLAMP] = {"clamp", 3, LEVEL_PRIMARY},
    [FORMULA_IF] = {"if", 3, LEVEL_PRIMARY},       [FORMULA_SIN] = {"sin", 1, LEVEL_PRIMARY},
    [FORMULA_COS] = {"cos", 1, LEVEL_PRIMARY},     [FORMULA_EXP] = {"exp", 1, LEVEL_PRIMARY},
    [FORMULA_LOG] = {"log", 1, LEVEL_PRIMARY},     [FORMULA_TANH] = {"tanh", 1, LEVEL_PRIMARY},
};
