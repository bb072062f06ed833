#!/usr/bin/python3
"""An independent reference for formulas as tasks: read by Python's own parser, computed in NumPy's float32, functions by
mpmath, Sobol' points by SciPy.

    formulas.py write    writes data/formulas.txt, data/rounded_functions.txt, data/sobol.txt and data/randoms.txt
    formulas.py check    makes them again and compares; exit status 1 if any differs

Numbers are C's hexadecimal floats.
"""

import ast
import os
import random
import re
import sys

import mpmath
import numpy as np
from scipy.stats import qmc

import reference

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
N_INPUTS, N_POINTS = 4, 24
RNG_RANDOM_CONSTANTS = 9
F = np.float32
mpmath.mp.prec = 300


# --- Correct rounding ---------------------------------------------------------------------------------------------


def to_float32(exact):
    """The float32 nearest to an mpmath number, to even between two."""
    if exact == 0 or not mpmath.isfinite(exact):
        return F(float(exact))
    mantissa, exponent = mpmath.frexp(abs(exact))  # mantissa in [1/2, 1)
    unit = max(int(exponent) - 24, -149)  # of the last place
    places = mpmath.nint(mpmath.ldexp(abs(exact), -unit))  # half to even
    value = mpmath.ldexp(places, unit)
    value = F(np.inf) if value >= mpmath.ldexp(1, 128) else F(float(value))
    return -value if exact < 0 else value


def rounded(name, x):
    """sin, cos, exp, log or tanh of a float32."""
    if np.isnan(x) or (name == "log" and x < 0) or (name in ("sin", "cos") and np.isinf(x)):
        return F(np.nan)
    if name == "log" and x == 0:
        return F(-np.inf)
    if name == "exp" and abs(x) > 200:
        return F(0) if x < 0 else F(np.inf)
    if name == "tanh" and abs(x) > 50:
        return F(np.sign(x))
    if x == 0 and name in ("sin", "tanh"):
        return x  # the sign of 0
    return to_float32(getattr(mpmath, name)(mpmath.mpf(float(x))))


# --- Formulas -----------------------------------------------------------------------------------------------------


def each(function):
    return lambda *operands: np.array([function(*o) for o in zip(*operands)], F)


FUNCTIONS = {
    "abs": np.abs, "sqrt": np.sqrt, "floor": np.floor, "sign": np.sign,
    "min": each(lambda a, b: b if b < a else a),
    "max": each(lambda a, b: b if a < b else a),
    "step": each(lambda a: 1 if a >= 0 else 0),
    "clamp": lambda x, low, high: FUNCTIONS["min"](FUNCTIONS["max"](x, low), high),
    "if_": each(lambda c, p, q: p if c != 0 else q),
    **{name: each(lambda a, name=name: rounded(name, a)) for name in ("sin", "cos", "exp", "log", "tanh")},
}  # fmt: skip
OPERATORS = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide,
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip


def compute(node, names):
    """A node of Python's syntax tree, at all points: float32 [N_POINTS]."""
    if isinstance(node, ast.Constant):
        return np.full(N_POINTS, F(float(node.value)))
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.UnaryOp):
        return -compute(node.operand, names)
    if isinstance(node, ast.Call):
        return FUNCTIONS[node.func.id](*(compute(a, names) for a in node.args)).astype(F)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, product = compute(node.left, names), np.ones(N_POINTS, F)
        for k in range(node.right.value):
            product = base if k == 0 else product * base
        return product
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](compute(node.left, names), compute(node.right, names))
    (operator,), (right,) = node.ops, node.comparators
    return OPERATORS[type(operator)](compute(node.left, names), compute(right, names)).astype(F)


def evaluate(text, names):
    tree = ast.parse(text.strip().replace("^", "**").replace("if(", "if_("), mode="eval").body
    with np.errstate(all="ignore"):
        result = compute(tree, names)
    assert result.dtype == F
    return result


WRITTEN = """x0 + x1
x0 * x1
x0 + 1.5 * x1
x0 - 0.3 * x1
0.1 * x0 + 0.2 * x0
x0 + x1 + x2 + x3
x0 + (x1 + (x2 + x3))
x0 - x1 - x2
x0 - (x1 - x2)
x0 / x1 / x2
x0 / (x1 / x2)
x0 / x1 * x2
x0 * (x1 / x2)
-x0^2
(-x0)^2
-x0 * -x1
--x0
x0 - -x1
x1^0
x1^1
x1^3
x1^9
(x1^2)^3
2^2 * x0^2 / 3
sin(x0^2) + cos(x1) * x0
exp(-x1^2) * x2
log(abs(x0) + 1)
tanh(3 * x0 - 1.5 * x1)
sqrt(x0^2 + x1^2)
floor(3 * x0) / 3
sign(x0 - x1)
step(x0 - 0.5)
clamp(x0, -0.25, 0.5)
clamp(x0, 0.5, -0.5)
min(x0, x1) + max(x2, x3)
min(max(x0, x1), x2)
if(x0 < x1, x0, x1)
if(x0 - x0, x1, log(-1))
if(x0 > 0.5, x1, if(x0 > 0.25, x2, x3))
x0 < x1
x0 + 0.5 <= x1 * 2
(x0 < x1) * (x2 >= x3)
(x0 == x0) + (x1 != x1)
(x0 < x1) == (x1 > x0)
a * x0 + (1 - a) * x1
b * x0^2 + c
tanh(r0 * x0 + r1 * x1 + r2) + r3 * tanh(r4 * x0 + r5 * x1 + r6)
r7 + r8 * r9
1e-45 + x0 * 1e-40
3.4e38 * x0 + 1e38
1 / x0
log(x0)
sqrt(x0)
0 / (x0 - x0)
x0 * x1 * x2 * x3 + x0 / (1 + x1^2) - 0.25
16777217 * x0
0.1 + 0.2 + x0
abs(x0 - x1) * abs(x2 - x3)
sin(1e6 * x0) + cos(1e30 * x1)
exp(100 * x0) + exp(-100 * x1) * 1e-3""".split("\n")  # fmt: skip


def random_formula(rng, depth=0):
    """A formula of all that the grammar has, with needless brackets and blanks here and there."""
    blank = rng.choice(["", "", " "])
    kind = rng.randrange(12 if depth < 4 else 3)
    if kind == 0:
        return rng.choice(["1", "0.5", "2", ".25", "3e-1", "1.7", "10", "0"])
    if kind <= 2:
        return rng.choice(["x0", "x1", "x2", "x3", "a", "b", "c", "r0", "r5"])
    operands = ["(" + random_formula(rng, depth + 1) + ")" for _ in range(3)]
    operands = [o[1:-1] if o[1:-1].replace(".", "").isalnum() else o for o in operands]
    if kind <= 6:
        return f"{operands[0]}{blank}{rng.choice('+-*/')}{blank}{operands[1]}"
    if kind == 7:
        return f"{operands[0]}{blank}{rng.choice(['<', '<=', '>', '>=', '==', '!='])}{blank}{operands[1]}"
    if kind == 8:
        return rng.choice(["-", "- "]) + operands[0]
    if kind == 9:
        return f"{operands[0]}{blank}^{blank}{rng.randrange(6)}"
    name, n = rng.choice([("abs", 1), ("min", 2), ("max", 2), ("sqrt", 1), ("floor", 1), ("sign", 1), ("step", 1),
                          ("clamp", 3), ("if", 3), ("sin", 1), ("cos", 1), ("exp", 1), ("log", 1), ("tanh", 1)])  # fmt: skip
    return f"{name}({(',' + blank).join(operands[:n])})"


def formulas():
    rng = random.Random(15)
    names = {name: np.array([rng.uniform(-1, 1) for _ in range(N_POINTS)], F) for name in ("x0", "x1", "x2", "x3")}
    for k, name in enumerate(("x0", "x1")):  # corners, and 0 of both signs
        names[name][:6] = [[0, 0, 1, 1, -0.0, 0.5], [0, 1, 0, 1, 0.5, -0.0]][k]
    values = {name: F(rng.uniform(-1, 1)) for name in ["a", "b", "c"] + [f"r{k}" for k in range(10)]}
    lines = [f"values {' '.join(hexadecimal(v) for v in values.values())}"]
    for i in range(N_POINTS):
        lines.append("point " + " ".join(hexadecimal(names[f"x{k}"][i]) for k in range(N_INPUTS)))
    names.update({name: np.full(N_POINTS, value) for name, value in values.items()})

    random_ones = []
    while len(random_ones) < 120:
        text = random_formula(rng)
        if 8 < len(text) < 200:
            random_ones.append(text)
    for text in WRITTEN + random_ones:
        lines.append("formula " + text)
        lines.append(" ".join(hexadecimal(t) for t in evaluate(text, names)))
    return lines


# --- The other files ----------------------------------------------------------------------------------------------


def hexadecimal(value):
    if not np.isfinite(value):
        return "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"
    return re.sub(r"\.?0*p", "p", float(value).hex())


def hard_arguments(name, rng):
    """Floats at which the function of double lies near a midpoint of two floats, by NumPy."""
    low, high = {"exp": (-103, 89), "tanh": (-9, 9), "log": (1e-30, 1e30)}.get(name, (-100, 100))
    x = rng.uniform(low, high, 1 << 21).astype(F)
    if name == "log":
        x = np.exp(rng.uniform(-80, 80, 1 << 21)).astype(F)
    y = getattr(np, name)(x.astype(np.float64))
    distance = np.abs((y.view(np.int64) & 0x1FFFFFFF) - 0x10000000)
    return x[np.argsort(distance, kind="stable")[:25]]


# Where a function of double, rounded correctly itself, is a midpoint of two floats or next to one: found among all floats
# in the ranges that matter most.
HARDEST = {
    "exp": ["-0x1.d2259ap+3"],
    "sin": ["0x1.e35bc6p+7"],
    "cos": ["0x1p-12", "0x1.20ffccp-7"],
    "log": ["0x1.b97c7p-14", "0x1.f0ddep-8", "0x1.827a74p-7", "0x1.2f1fd6p+3", "0x1.cb534cp+13"],
    "tanh": [],
}


def rounded_functions():
    lines = []
    rng = np.random.default_rng(15)
    for name in ("sin", "cos", "exp", "log", "tanh"):
        tiny = [2.0**-149, 2.0**-148, 2.0**-130, 2.0**-126, 1e-30, 2.0**-25, 2.0**-24, 2.0**-24 * 1.0000001, 2.0**-12, 2.0**-11]
        middle = [0, -0.0, 0.25, 0.5, 1, 1.5, 2, 3, np.pi, np.pi / 2, np.e, 8.66, 9.01, 9.02, 10, 20, 87.3, 88, 88.72283, 88.722840]
        large = [89, 100, 103.27892, 103.97208, 103.97209, 104, 1e3, 1e6, 1e10, 1e20, 1e38, 3.4028235e38, np.inf]
        near_one = [1 - 2.0**-24, 1 + 2.0**-23, 1 + 2.0**-20]
        signed = [s * v for v in tiny + middle + large + near_one for s in (1, -1)] + [np.nan]
        random_ones = rng.integers(0, 1 << 32, 150, dtype=np.uint32).view(F)
        near = (rng.uniform(-10, 10, 100)).astype(F)
        for x in [*np.array(signed, F), *random_ones, *near, *hard_arguments(name, rng), *(F(float.fromhex(h)) for h in HARDEST[name])]:
            lines.append(f"{name} {hexadecimal(x)} {hexadecimal(rounded(name, x))}")
    return lines


def sobol():
    """Lines INDEX COORDINATE...: coordinates times 2^24."""
    points = qmc.Sobol(16, scramble=False).random(16384)
    indices = [*range(33), 255, 256, 1000, 4095, 4096, 9998, 9999, 10000, 16383]
    return [f"{i} " + " ".join(str(int(u * 2**24)) for u in points[i]) for i in indices]


def randoms():
    """Lines SEED R0 ... R9."""
    lines = []
    for seed in (0, 1, 2, 7, 2**40 + 3, 2**53 - 1):
        u = reference.random_uniforms(seed, 0, RNG_RANDOM_CONSTANTS, 0, 0, 10)
        lines.append(f"{seed} " + " ".join(hexadecimal(F(2) * v - F(1)) for v in u))
    return lines


FILES = {"formulas.txt": formulas, "rounded_functions.txt": rounded_functions, "sobol.txt": sobol, "randoms.txt": randoms}


def main():
    if sys.argv[1:] not in (["write"], ["check"]):
        sys.exit(__doc__)
    different = 0
    for name, make in FILES.items():
        path, text = os.path.join(DATA, name), "\n".join(make()) + "\n"
        if sys.argv[1] == "write":
            with open(path, "w") as file:
                file.write(text)
        elif open(path).read() != text:
            print(f"{name} differs from what formulas.py makes")
            different = 1
    sys.exit(different)


if __name__ == "__main__":
    main()
