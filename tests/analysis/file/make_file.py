"""Makes results files with made-up contents, written with h5py from the description of the file format alone
(not with picky's own writer): what the tests of picky-analyse read.

make_file.py OUT.h5 [--kind seed|sizes|many|one] [--pending SHARE]
"""
import argparse
import os

import h5py
import numpy as np

DEFAULTS = dict(N_train=1000, N_test=100, lr=0.001, epochs=10, batch_size=10, context_location="start",
                train_mode="random", second_task="prod", fraction=0.5, hidden_size=50, hidden_layers=4,
                output_activation="relu", optimizer="adam", replay_every=10, error_threshold=0.05, max_attempts=10)
MEASURES = ["ablation_mean", "ablation_sample", "taylor_mean", "taylor_sample", "contribution", "variance"]
PENDING, ACCEPTED, REJECTED, DIVERGED, ERROR = range(5)

KINDS = {
    "seed": [dict(), dict(context_location="end"), dict(second_task="add1.5"),
             dict(second_task="add1.5", fraction=0.91)],
    "sizes": [dict(hidden_size=5), dict(hidden_size=7, hidden_layers=2, epochs=3),
              dict(hidden_size=3, train_mode="replay", epochs=4), dict(hidden_size=6, hidden_layers=6)],
    "many": [dict(fraction=round(0.05 + 0.01 * i, 2), context_location=str(c), hidden_size=4)
             for i in range(10) for c in (1, 2, 3, 4)],
    "one": [dict(hidden_size=8, N_train=500)],
}


def context_layer(config):
    return {"start": 1, "end": config["hidden_layers"]}.get(config["context_location"]) or int(
        config["context_location"])


def history(config):
    return (1 if config["train_mode"] == "random" else 2) * config["epochs"] + 1


def relative_importance(a, b, below=0.1):
    """a, b [..., unit]: raw importances."""
    a = np.where(a < below * a.mean(-1, keepdims=True), 0, a)
    b = np.where(b < below * b.mean(-1, keepdims=True), 0, b)
    with np.errstate(invalid="ignore"):
        return (a - b) / (a + b)


def made_up_importance(rng, config):
    """[measure, task, layer, unit]: split in two groups after the context, mixed elsewhere."""
    n_layers, n_units = config["hidden_layers"], config["hidden_size"]
    importance = np.empty((len(MEASURES), 2, n_layers, n_units))
    for layer in range(n_layers):
        split = 2.5 * np.exp(-0.8 * abs(layer + 1 - context_layer(config)))
        if config["second_task"] != "prod" and layer + 1 > context_layer(config):
            split *= 0.3
        side = rng.choice([-1, 1], n_units, p=[1 - config["fraction"], config["fraction"]])
        strength = rng.lognormal(-6, 1.2, (6, n_units))
        later = np.random.default_rng(layer).lognormal(-6, 1.2, (len(MEASURES) - 6, n_units))  # all else stays as it is
        strength = np.concatenate([strength, later])
        ratio = np.exp(side * split * rng.gamma(2, 0.8, n_units) + 0.5 * rng.normal(size=n_units))
        dead = rng.random(n_units) < 0.2
        importance[:, 0, layer] = np.where(dead, 0, strength * ratio)
        importance[:, 1, layer] = np.where(dead, 0, strength / ratio)
    return importance


def made_up_errors(rng, config):
    """[epoch, task]"""
    n = history(config)
    epochs = np.arange(n)[:, None] * 10 / (n - 1)
    start = np.array([0.9, 0.35]) * rng.lognormal(0, 0.15, 2)
    end = np.array([0.012, 0.014]) * rng.lognormal(0, 0.4, 2)
    errors = end + (start - end) * np.exp(-epochs * rng.lognormal(0.2, 0.25, 2))
    errors *= rng.lognormal(0, 0.12, (n, 2))
    if config["train_mode"] != "random":  # task 2 is not learnt in phase 1, task 1 suffers in phase 2
        half = n // 2
        errors[:half, 1] = 0.3 * rng.lognormal(0, 0.1, half)
        errors[half + 1, 0] *= 3
    return errors


def tasks_of(config):
    """The canonical text of a configuration's tasks: its own, or what second_task stands for."""
    factor = config["second_task"].removeprefix("add")
    other = "x0 * x1" if factor == "prod" else "x0 + x1" if float(factor or 1) == 1 else f"x0 + {float(factor):g} * x1"
    return config.get("tasks", f"x0 + x1; {other}")


def write_tasks(f, configs):
    """Lists of tasks, which schema 2 has: to be called for configurations some of which have `tasks`, of two."""
    texts = [tasks_of(c) for c in configs]
    lists = list(dict.fromkeys(texts))
    f["task_list"] = np.array([lists.index(t) for t in texts], "i4")
    f["n_tasks"] = np.full(len(configs), 2, "u1")
    f.create_dataset("tasks", data=lists, dtype=h5py.string_dtype())
    formulas = [text.split("; ") for text in lists]
    longest = max(map(len, formulas))
    formulas = [tasks + [""] * (longest - len(tasks)) for tasks in formulas]
    f.create_dataset("task_formula", data=formulas, dtype=h5py.string_dtype())
    f.create_dataset("task_name", data=[[""] * longest] * len(lists), dtype=h5py.string_dtype())
    f.attrs["picky_schema_version"], f.attrs["arithmetic"] = np.int32(2), np.int32(1)


made = {}  # arguments of make() -> the file's bytes: classes of tests make the same ones


def make(path, configs, n_replicates, pending=0.0, name="made up", seed=1, schema=1):
    configs = [{**DEFAULTS, **c} for c in configs]
    key = repr((configs, n_replicates, pending, name, seed, schema))
    if key not in made:
        make_anew(path, configs, n_replicates, pending, name, seed, schema)
        with open(path, "rb") as f:
            made[key] = f.read()
    else:
        if os.path.exists(path):
            os.remove(path)
        with open(path, "wb") as f:
            f.write(made[key])
    return configs


def make_anew(path, configs, n_replicates, pending, name, seed, schema):
    n = len(configs)
    rng = np.random.default_rng(seed)
    size = dict(epoch=max(map(history, configs)), task=2, layer=max(c["hidden_layers"] for c in configs),
                unit=max(c["hidden_size"] for c in configs), measure=len(MEASURES), pair=1,
                attempt=max(c["max_attempts"] for c in configs))
    shapes = dict(attempt_error=("attempt", "task"), train_loss=("epoch",), test_error=("epoch", "task"),
                  test_loss=("task",), importance=("measure", "task", "layer", "unit"),
                  relative_importance=("measure", "pair", "layer", "unit"),
                  loss_change=("task", "layer", "unit"), mean_activation=("task", "layer", "unit"))
    arrays = {key: np.full((n, n_replicates, *[size[d] for d in dims]), np.nan, "f4") for key, dims in shapes.items()}
    status = np.zeros((n, n_replicates), "u1")
    attempts = np.zeros((n, n_replicates), "u2")
    for c, config in enumerate(configs):
        n_layers, n_units, n_epochs = config["hidden_layers"], config["hidden_size"], history(config)
        for r in range(n_replicates):
            status[c, r] = rng.choice([ACCEPTED, REJECTED, DIVERGED, ERROR], p=[0.85, 0.07, 0.05, 0.03])
            if r == 0:
                status[c, r] = ACCEPTED
            elif r >= round(n_replicates * (1 - pending)):
                status[c, r] = PENDING
            if status[c, r] == ACCEPTED:
                attempts[c, r] = rng.geometric(0.75)
            elif status[c, r] in (REJECTED, DIVERGED):
                attempts[c, r] = config["max_attempts"]
            if status[c, r] == PENDING:
                for array in arrays.values():
                    array[c, r] = 0
            elif status[c, r] in (ACCEPTED, REJECTED):
                # A rejected model has numbers too: whoever forgets to leave it out sees 100 times the values.
                scale = 1 if status[c, r] == ACCEPTED else 100
                importance = made_up_importance(rng, config) * scale
                arrays["importance"][c, r, :, :, :n_layers, :n_units] = importance
                stored = arrays["importance"][c, r, :, :, :n_layers, :n_units].astype("f8")
                arrays["relative_importance"][c, r, :, 0, :n_layers, :n_units] = relative_importance(
                    stored[:, 0], stored[:, 1])
                arrays["test_error"][c, r, :n_epochs] = made_up_errors(rng, config) * scale
                arrays["test_loss"][c, r] = arrays["test_error"][c, r, n_epochs - 1] ** 2 * 1.6
    with h5py.File(path, "w", libver=("v108", "v108")) as f:
        f.attrs["picky_schema_version"] = np.int32(schema)
        f.attrs["sweep_name"] = name
        f.attrs["seed"], f.attrs["store"] = 1, ""
        f.create_group("provenance")
        f.create_dataset("measure", data=MEASURES, dtype=h5py.string_dtype())
        f["status"], f["attempts"] = status, attempts
        f["seed"] = np.arange(1, n_replicates + 1, dtype="i8")[None].repeat(n, 0)
        for key, array in arrays.items():
            f[key] = array
        if any("tasks" in c for c in configs):
            write_tasks(f, configs)
        for key, value in DEFAULTS.items():
            values = ["" if key == "second_task" and "tasks" in c else c[key] for c in configs]
            if isinstance(value, str):
                f.create_dataset(key, data=values, dtype=h5py.string_dtype())
            else:
                f.create_dataset(key, data=np.array(values, "i8" if isinstance(value, int) else "f8"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--kind", choices=KINDS, default="seed")
    parser.add_argument("--replicates", type=int, default=10)
    parser.add_argument("--pending", type=float, default=0.0)
    args = parser.parse_args()
    make(args.path, KINDS[args.kind], args.replicates, args.pending)
