"""Tasks as formulas, in NumPy: written from the grammar in docs/model.md, by Python's own parser; shares no code with
picky. Every operation is rounded to float32."""
import ast

import numpy as np

F = np.float32


def _rounded(function):
    """A function of a double, rounded to float32: correctly, but where the double lies next to a boundary."""
    return lambda x: function(x.astype(np.float64)).astype(F)


def _clamp(x, low, high):
    return _min(_max(x, low), high)


def _min(a, b):
    return np.where(b < a, b, a)


def _max(a, b):
    return np.where(a < b, b, a)


FUNCTIONS = {
    "abs": np.abs, "min": _min, "max": _max, "sqrt": np.sqrt, "floor": np.floor, "sign": np.sign,
    "step": lambda x: (x >= 0).astype(F), "clamp": _clamp, "if_": lambda c, p, q: np.where(c != 0, p, q),
    "sin": _rounded(np.sin), "cos": _rounded(np.cos), "exp": _rounded(np.exp), "log": _rounded(np.log),
    "tanh": _rounded(np.tanh),
}
OPERATIONS = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide}
COMPARISONS = {ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
               ast.Eq: np.equal, ast.NotEq: np.not_equal}


def evaluate(formula, x, dials=(1, 1, 1), randoms=()):
    """The targets [n], float32, of a formula at inputs x [n][inputs]; dials are a, b and c, randoms r0, r1, ..."""
    x = np.asarray(x, F)
    names = {"x%d" % k: x[:, k] for k in range(x.shape[1])}
    names.update({name: np.full(len(x), F(value)) for name, value in zip("abc", dials)})
    names.update({"r%d" % k: np.full(len(x), F(value)) for k, value in enumerate(randoms)})

    def value(node):
        if isinstance(node, ast.Constant):
            return np.full(len(x), F(float(node.value)))
        if isinstance(node, ast.Name):
            return names[node.id]
        if isinstance(node, ast.UnaryOp):
            return -value(node.operand)
        if isinstance(node, ast.Compare):
            return COMPARISONS[type(node.ops[0])](value(node.left), value(node.comparators[0])).astype(F)
        if isinstance(node, ast.Call):
            return FUNCTIONS[node.func.id](*map(value, node.args)).astype(F)
        if isinstance(node.op, ast.Pow):
            base, result = value(node.left), np.ones(len(x), F)
            for i in range(node.right.value):
                result = base if i == 0 else result * base
            return result
        return OPERATIONS[type(node.op)](value(node.left), value(node.right))

    text = formula.replace("^", "**").replace("if(", "if_(")
    with np.errstate(all="ignore"):
        return value(ast.parse(text.strip(), mode="eval").body)


def formulas(h):
    """The formulas of a configuration's tasks: of `tasks`, or else what second_task stands for."""
    if h.get("tasks"):
        return [formula.split(":")[-1].strip() for formula in h["tasks"].split(";")]
    second = h["second_task"]
    return ["x0 + x1", "x0 * x1" if second == "prod" else "x0 + %s * x1" % second[len("add"):]]


def moments(formula, h, randoms=()):
    """Mean and standard deviation, in double, over 4,096 Sobol' points of the box of inputs."""
    from scipy.stats import qmc
    u = qmc.Sobol(h["n_inputs"], scramble=False).random_base2(12).astype(F)
    t = evaluate(formula, scale(h, u), (h["a"], h["b"], h["c"]), randoms).astype(np.float64)
    return t.mean(), t.std()


def scale(h, u):
    """Inputs in the box, of numbers in [0, 1)."""
    low, high = F(h["input_low"]), F(h["input_high"])
    return low + (high - low) * u


def targets(h, task, x, randoms=()):
    """Targets [n], float32, of a task (0-based) of a configuration."""
    formula = formulas(h)[task]
    t = evaluate(formula, x, (h["a"], h["b"], h["c"]), randoms)
    if h["standardise"] == "variance":
        mean, deviation = moments(formula, h, randoms)
        t = ((t.astype(np.float64) - mean) / deviation).astype(F)
    return t


def train_counts(h):
    """Training samples of each task."""
    n_tasks, n = len(formulas(h)), h["N_train"]
    even = lambda n, parts: [n // parts + (i < n % parts) for i in range(parts)]
    if n_tasks == 1 or h["fraction"] == "equal":
        return even(n, n_tasks)
    first = int(np.floor(h["fraction"] * n + 0.5))
    return [first] + even(n - first, n_tasks - 1)
