#!/usr/bin/python3
"""Recomputes a results file from its own weights and test samples, in float64 with NumPy and from the definitions
alone, and compares: test errors and losses, all six measures of importance, loss changes, mean activations, relative
importance, statuses and padding. The file's sweep must have store = ["weights", "test_set"] (and may have more).

    recompute.py FILE [--slots N]     checks N done slots (default 40), spread evenly over the file
    recompute.py --self-test FILE     perturbs each array of a slot in memory and checks that every one is noticed

Tolerances. picky computes in float32, so its numbers differ from exact ones by rounding, whose size depends on the
model. It is measured: the same NumPy code runs in float32 too, and the largest difference between the two, over the
units of a layer and the samples, times SAFETY, is what an output, an activation or a gradient may be off. From there
the error of each measure follows by its formula (products: first order plus the square). What remains is the rounding
of the stored number. A ReLU so near 0 that its side is open lets the gradients of its sample be off by as much as they
can be large.
"""
import argparse
import os
import sys

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
import formulas  # noqa: E402

SAFETY = 8          # another order of summation may be that much worse than NumPy's
EPSILON = 2.0**-23  # spacing of float32 at 1
TINY = 1e-44        # float32 below 1e-38 has fewer digits
MEASURES = ["ablation_mean", "ablation_sample", "taylor_mean", "taylor_sample", "contribution", "variance"]
ACCEPTED, REJECTED, DIVERGED, ERROR = 1, 2, 3, 4
# What a slot must hold: dimensions after (config, replicate).
ARRAYS = {
    "attempt_error": "attempt task", "train_loss": "epoch", "test_error": "epoch task", "test_loss": "task",
    "importance": "measure task layer unit", "relative_importance": "measure pair layer unit",
    "loss_change": "task layer unit", "mean_activation": "task layer unit", "input_weights": "unit input",
    "hidden_weights": "hidden_layer unit unit_in", "context_weights": "unit task", "biases": "layer unit",
    "output_weights": "unit", "output_bias": "", "test_inputs": "task sample input", "random_constants": "constant",
}


class Model:
    """One network as the definitions have it, in a given precision."""

    def __init__(self, h, slot, dtype):
        units, layers = h["hidden_size"], h["hidden_layers"]
        self.dtype = dtype
        self.context_layer = {"start": 1, "end": layers}.get(h["context_location"]) or int(h["context_location"])
        self.is_relu = h["output_activation"] == "relu"
        self.n_layers = layers
        self.weights = [slot["input_weights"][:units, :h["n_inputs"]].astype(dtype)]
        if layers > 1:
            self.weights += [slot["hidden_weights"][l, :units, :units].astype(dtype) for l in range(layers - 1)]
        self.context = slot["context_weights"][:units].astype(dtype)
        self.biases = [slot["biases"][l, :units].astype(dtype) for l in range(layers)]
        self.output_weights = slot["output_weights"][:units].astype(dtype)
        self.output_bias = slot["output_bias"].astype(dtype)

    def bias(self, layer, task):
        """What is added to the weighted inputs of a layer (1..L): bias and, at the context's layer, its weights."""
        bias = self.biases[layer - 1]
        return bias + self.context[:, task] if layer == self.context_layer else bias

    def output(self, h):
        z = h @ self.output_weights + self.output_bias
        return z, np.maximum(z, 0) if self.is_relu else z

    def run(self, x, task):
        """Sums z and activations h of every layer [L][samples, units], the output's sum and the output [samples]."""
        z, h = [], [x.astype(self.dtype)]
        for layer in range(1, self.n_layers + 1):
            z.append(h[-1] @ self.weights[layer - 1].T + self.bias(layer, task))
            h.append(np.maximum(z[-1], 0))
        return (z, h[1:]) + self.output(h[-1])

    def slopes(self, z, z_out):
        """dy/dh of every layer [L][samples, units]; a ReLU at 0 has slope 0."""
        gate = (z_out > 0) if self.is_relu else np.ones_like(z_out)
        slopes = [gate.astype(self.dtype)[:, None] * self.output_weights]
        for layer in range(self.n_layers, 1, -1):
            slopes.insert(0, (slopes[0] * (z[layer - 1] > 0)) @ self.weights[layer - 1])
        return slopes

    def silenced(self, h, layer, task):
        """The output with one unit of a layer (1..L) at 0 [samples, units]: one network run for each unit."""
        outputs = np.empty_like(h[layer - 1])
        for unit in range(outputs.shape[1]):
            rest = h[layer - 1].copy()
            rest[:, unit] = 0
            for above in range(layer + 1, self.n_layers + 1):
                rest = np.maximum(rest @ self.weights[above - 1].T + self.bias(above, task), 0)
            outputs[:, unit] = self.output(rest)[1]
        return outputs


class Comparison:
    def __init__(self):
        self.problems = []

    def close(self, name, stored, exact, tolerance):
        stored, exact = np.asarray(stored, np.float64), np.asarray(exact)
        bound = tolerance + EPSILON * np.abs(exact) + TINY
        bad = ~(np.abs(stored - exact) <= bound)  # NaN is bad
        if bad.any():
            at = tuple(np.argwhere(bad)[0])
            self.problems.append("%s%s: stored %.9g, recomputed %.9g, may differ by %.2g (%d of %d)" % (
                name, list(map(int, at)), stored[at], exact[at], np.broadcast_to(bound, bad.shape)[at], bad.sum(),
                bad.size))

    def true(self, name, condition):
        if not condition:
            self.problems.append(name)


def check_task(c, h, slot, task):
    """Recomputes everything of one task from weights and test samples."""
    units, layers, n = h["hidden_size"], h["hidden_layers"], h["N_test"]
    x = slot["test_inputs"][task, :n]
    x = x[:, :h["n_inputs"]]
    c.true("test_inputs outside the box", np.all((x >= h["input_low"]) & (x <= h["input_high"])))
    model, rough = Model(h, slot, np.float64), Model(h, slot, np.float32)
    z, activations, z_out, y = model.run(x, task)
    z32, activations32, z_out32, y32 = rough.run(x, task)
    off = lambda a, b: SAFETY * float(np.max(np.abs(a - b), initial=0)) + 1e-9

    t = formulas.targets(h, task, x, slot.get("random_constants", ())).astype(np.float64)
    e = y - t
    e_off = off(y, y32) + EPSILON * float(np.max(np.abs(t)))  # the target is rounded too
    c.close("test_error", slot["test_error"][h["history"] - 1, task], np.mean(np.abs(e)), e_off)
    c.close("test_loss", slot["test_loss"][task], np.mean(e**2), np.mean(2 * np.abs(e) * e_off + e_off**2))

    slopes, slopes32 = model.slopes(z, z_out), rough.slopes(z32, z_out32)
    # Samples in which a ReLU's side is open: rounding decides it.
    is_open = np.zeros(n, bool)
    for layer in range(layers):
        is_open |= np.any(np.abs(z[layer]) <= off(z[layer], z32[layer]), axis=1)
    if model.is_relu:
        is_open |= np.abs(z_out) <= off(z_out, z_out32)

    for layer in range(1, layers + 1):
        stored = {name: slot["importance"][i, task, layer - 1, :units] for i, name in enumerate(MEASURES)}
        at = "task %d, layer %d, " % (task + 1, layer)
        a = activations[layer - 1]
        a_off = off(a, activations32[layer - 1])
        c.close(at + "mean_activation", slot["mean_activation"][task, layer - 1, :units], a.mean(0), a_off)
        spread = np.abs(a - a.mean(0))
        c.close(at + "variance", stored["variance"], a.var(0), np.mean(4 * spread * a_off + 4 * a_off**2, 0))

        slope, slope32 = slopes[layer - 1], slopes32[layer - 1]
        hg = a * slope  # h dy/dh
        hg_off = np.full(hg.shape, off(hg[~is_open], (activations32[layer - 1] * slope32)[~is_open]))
        # Whatever the gates do, dy/dh is at most what all open gates allow.
        hg_off[is_open] = 2 * np.max(np.abs(a), initial=0) * np.max(np.abs(bounds(model)[layer - 1]))
        taylor = 2 * e[:, None] * hg
        taylor_off = 2 * (np.abs(e[:, None]) * hg_off + e_off * np.abs(hg) + e_off * hg_off)
        c.close(at + "contribution", stored["contribution"], np.mean(hg**2, 0),
                np.mean(2 * np.abs(hg) * hg_off + hg_off**2, 0))
        c.close(at + "taylor_sample", stored["taylor_sample"], np.mean(taylor**2, 0),
                np.mean(2 * np.abs(taylor) * taylor_off + taylor_off**2, 0))
        mean, mean_off = taylor.mean(0), taylor_off.mean(0)
        c.close(at + "taylor_mean", stored["taylor_mean"], mean**2, 2 * np.abs(mean) * mean_off + mean_off**2)

        step = model.silenced(activations, layer, task) - y[:, None]
        step32 = rough.silenced(activations32, layer, task) - y32[:, None]
        step_off = off(step, step32)
        change = (e[:, None] + step)**2 - (e**2)[:, None]
        # d = step (step + 2 e); a unit that is never active changes nothing, exactly.
        change_off = step_off * (2 * np.abs(step) + 2 * np.abs(e[:, None]) + step_off) + 2 * np.abs(step) * e_off
        change_off[:, ~np.any(a > 0, axis=0)] = 0
        mean, mean_off = change.mean(0), change_off.mean(0)
        c.close(at + "loss_change", slot["loss_change"][task, layer - 1, :units], mean, mean_off)
        c.close(at + "ablation_mean", stored["ablation_mean"], mean**2, 2 * np.abs(mean) * mean_off + mean_off**2)
        c.close(at + "ablation_sample", stored["ablation_sample"], np.mean(change**2, 0),
                np.mean(2 * np.abs(change) * change_off + change_off**2, 0))


def bounds(model):
    """Bounds on |dy/dh| of every layer [L][units]: all gates open, all weights positive."""
    bounds = [np.abs(model.output_weights)]
    for layer in range(model.n_layers, 1, -1):
        bounds.insert(0, bounds[0] @ np.abs(model.weights[layer - 1]))
    return bounds


def check_relative_importance(c, h, slot, unimportant_below):
    """RI from the stored importances: those below the threshold count as 0, and 0 against 0 is NaN."""
    units = h["hidden_size"]
    for m, name in enumerate(MEASURES):
        for layer in range(h["hidden_layers"]):
            raw = slot["importance"][m, :h["n_tasks"], layer, :units].astype(np.float64)
            threshold = unimportant_below * raw.mean(1, keepdims=True)
            kept = np.where(raw < threshold, 0, raw)
            for b in range(1, h["n_tasks"]):
                for a in range(b):
                    # Sums in another order may put a value that is exactly at the threshold on its other side.
                    two = [a, b]
                    clear = ~np.any((np.abs(raw - threshold)[two] < 1e-12 * threshold[two]) & (raw[two] > 0), axis=0)
                    with np.errstate(invalid="ignore"):
                        exact = (kept[a] - kept[b]) / (kept[a] + kept[b])
                    stored = slot["relative_importance"][m, b * (b - 1) // 2 + a, layer, :units]
                    same = (np.isnan(stored) & np.isnan(exact)) | (np.abs(stored - exact) <= EPSILON)
                    bad = np.flatnonzero(clear & ~same)
                    if bad.size:
                        c.problems.append("relative_importance %s, %d-%d, layer %d, unit %d: stored %.9g, recomputed "
                                          "%.9g" % (name, a + 1, b + 1, layer + 1, bad[0], stored[bad[0]],
                                                    exact[bad[0]]))


def check_padding(c, h, slot):
    """What the configuration lacks is NaN; what it has is not (relative importance may be)."""
    attempts = int(slot["attempts"])
    has = {"attempt": attempts, "task": h["n_tasks"], "epoch": h["history"], "measure": len(MEASURES),
           "pair": h["n_tasks"] * (h["n_tasks"] - 1) // 2, "layer": h["hidden_layers"],
           "unit": h["hidden_size"], "unit_in": h["hidden_size"], "hidden_layer": h["hidden_layers"] - 1,
           "input": h["n_inputs"], "sample": h["N_test"],
           "constant": 10 if any("r%d" % k in h["tasks"] for k in range(10)) else 0}
    failed = slot["status"] in (DIVERGED, ERROR)
    for name, dims in ARRAYS.items():
        if name not in slot:
            continue
        inside = np.zeros(slot[name].shape, bool)
        if not failed:
            inside[tuple(slice(0, has[d]) for d in dims.split())] = True
        nan = np.isnan(slot[name])
        c.true("%s: padding is not NaN" % name, np.all(nan[~inside]))
        # An attempt that met a number that is not finite may leave its error NaN, but not the last of a result.
        if name not in ("relative_importance", "attempt_error"):
            c.true("%s: NaN in a result" % name, not np.any(nan[inside]))


def check_status(c, h, slot):
    errors, attempts = slot["attempt_error"][:, :h["n_tasks"]], int(slot["attempts"])
    passes = lambda e: bool(np.all(e < h["error_threshold"]))  # NaN does not
    c.true("seed", int(slot["seed"]) == h["seed"])
    if slot["status"] == ERROR:
        return
    c.true("attempts outside 1..max_attempts", 1 <= attempts <= h["max_attempts"])
    if slot["status"] == DIVERGED:
        return
    c.true("attempt_error and test_error differ", np.array_equal(errors[attempts - 1],
                                                                 slot["test_error"][h["history"] - 1, :h["n_tasks"]]))
    c.true("status against error_threshold", passes(errors[attempts - 1]) == (slot["status"] == ACCEPTED))
    c.true("an attempt before the last was good", not any(passes(e) for e in errors[:attempts - 1]))
    if slot["status"] == REJECTED:
        c.true("rejected with attempts left", attempts == h["max_attempts"])


def check_slot(h, slot, unimportant_below):
    """The problems of one slot, as texts."""
    c = Comparison()
    check_status(c, h, slot)
    check_padding(c, h, slot)
    if slot["status"] in (ACCEPTED, REJECTED):
        if "relative_importance" in slot:
            check_relative_importance(c, h, slot, unimportant_below)
        for task in range(h["n_tasks"]):
            check_task(c, h, slot, task)
    return c.problems


def read_slot(f, config, replicate):
    """Hyperparameters and arrays of one slot."""
    h = {}
    for name in f.attrs["coordinates"].split():
        value = f[name][config]
        h[name] = value.decode() if isinstance(value, bytes) else value.item()
    h["tasks"] = f["tasks"].asstr()[h["task_list"]]
    h["history"] = (1 if h["train_mode"] == "random" else h["n_tasks"]) * h["epochs"] + 1
    h["seed"] = int(f.attrs["seed"]) + replicate
    slot = {name: f[name][config, replicate] for name in ARRAYS if name in f}
    for name in ("status", "seed", "attempts"):
        slot[name] = f[name][config, replicate]
    return h, slot


def self_test(h, slot, unimportant_below):
    """Perturbs one thing after the other; returns what went unnoticed."""
    cases = {}

    def case(name, array, at, value):
        changed = {key: np.array(a) for key, a in slot.items()}
        changed[array][at] = value(changed[array][at])
        cases[name] = changed

    units, layers = h["hidden_size"], h["hidden_layers"]
    scale = lambda factor: lambda value: np.float32(value * factor)
    last = h["history"] - 1
    case("status", "status", (), lambda s: REJECTED if s == ACCEPTED else ACCEPTED)
    case("seed", "seed", (), lambda s: s + 1)
    case("attempts", "attempts", (), lambda n: n + 1)
    case("test_error", "test_error", (last, 0), scale(1.001))
    case("test_error, both places", "test_error", (last, 1), scale(1.001))
    cases["test_error, both places"]["attempt_error"][int(slot["attempts"]) - 1, 1] = \
        cases["test_error, both places"]["test_error"][last, 1]
    case("attempt_error", "attempt_error", (int(slot["attempts"]) - 1, 0), scale(1.001))
    case("test_loss", "test_loss", (1,), scale(1.01))
    for name in ("loss_change", "mean_activation"):
        values = slot[name][:, :layers, :units]
        largest = np.unravel_index(np.argmax(np.abs(values)), values.shape)
        case(name, name, largest, scale(1.01))
    for m, name in enumerate(MEASURES):
        for task in range(2):
            values = slot["importance"][m, task, :layers, :units]
            at = (m, task) + np.unravel_index(np.argmax(values), values.shape)
            case("%s, task %d" % (name, task + 1), "importance", at, scale(1.01))
        ri = slot["relative_importance"][m, 0, :layers, :units]
        mixed = np.argwhere(np.abs(ri) < 1)
        if mixed.size:
            case("relative_importance, %s" % name, "relative_importance", (m, 0) + tuple(mixed[0]),
                 lambda value: np.float32(value + 1e-5))
        unimportant = np.argwhere(np.isnan(ri))
        if unimportant.size:
            case("relative_importance of an unimportant unit, %s" % name, "relative_importance",
                 (m, 0) + tuple(unimportant[0]), lambda value: np.float32(1))
    active = np.argmax(slot["mean_activation"][0, 0, :units])  # a unit of layer 1
    case("input_weights", "input_weights", (active, 0), lambda w: np.float32(w + 0.01))
    case("output_bias", "output_bias", (), lambda b: np.float32(b + 0.001))
    top = np.argmax(slot["mean_activation"][0, layers - 1, :units])
    case("biases", "biases", (layers - 1, top), lambda b: np.float32(b + 0.01))
    case("output_weights", "output_weights", (top,), lambda w: np.float32(w + 0.01))
    in_context = np.argmax(slot["mean_activation"][0, h["context_layer"] - 1, :units])
    case("context_weights", "context_weights", (in_context, 0), lambda w: np.float32(w + 0.01))
    if layers > 1:
        case("hidden_weights", "hidden_weights", (0, np.argmax(slot["mean_activation"][0, 1, :units]), active),
             lambda w: np.float32(w + 0.01))
    case("test_inputs", "test_inputs", (0, 0, 0), lambda x: np.float32(1 - x))
    changed = {key: np.array(a) for key, a in slot.items()}
    changed["test_inputs"] = changed["test_inputs"][::-1]
    cases["test sets of the tasks exchanged"] = changed
    for name, dims in ARRAYS.items():
        if name in slot and name != "attempt_error":
            case("NaN in %s" % name, name, (0,) * len(dims.split()), lambda value: np.float32(np.nan))
            if name == "relative_importance" and np.isnan(slot[name].flat[0]):
                del cases["NaN in %s" % name]
        padding = np.argwhere(np.isnan(slot[name])) if name in slot and name != "relative_importance" else np.empty(0)
        if padding.size:
            case("padding of %s" % name, name, tuple(padding[-1]), lambda value: np.float32(0))

    return len(cases), [name for name, changed in cases.items() if not check_slot(h, changed, unimportant_below)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--slots", type=int, default=40)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()

    with h5py.File(options.file, "r") as f:
        lacking = {"weights", "test_set"} - set(f.attrs["store"].split())
        if lacking:
            sys.exit("%s: store lacks %s" % (options.file, " and ".join(sorted(lacking))))
        status = f["status"][:]
        has_ri = "relative_importance" in f
        unimportant_below = f["relative_importance"].attrs["unimportant_below"] if has_ri else None
        done = np.argwhere(status > 0)
        if not len(done):
            sys.exit("%s: no slot is done" % options.file)

        if options.self_test:
            accepted = np.argwhere(status == ACCEPTED)
            if not len(accepted):
                sys.exit("%s: no model was accepted" % options.file)
            n_cases = 0
            # The first and the last: their configurations may have different padding.
            for config, replicate in (accepted[0], accepted[-1]):
                h, slot = read_slot(f, config, replicate)
                problems = check_slot(h, slot, unimportant_below)
                if problems:
                    sys.exit("%s: slot (%d, %d): %s" % (options.file, config, replicate, problems[0]))
                n, unnoticed = self_test(h, slot, unimportant_below)
                n_cases += n
                if unnoticed:
                    sys.exit("%s: slot (%d, %d): unnoticed: %s" % (options.file, config, replicate,
                                                                   "; ".join(unnoticed)))
            print("%d perturbations, all noticed" % n_cases)
            return

        chosen = done[np.unique(np.linspace(0, len(done) - 1, min(options.slots, len(done))).astype(int))]
        n_bad = 0
        for config, replicate in chosen:
            problems = check_slot(*read_slot(f, config, replicate), unimportant_below)
            n_bad += bool(problems)
            for problem in problems[:5]:
                print("slot (%d, %d), status %d: %s" % (config, replicate, status[config, replicate], problem))
        counts = np.bincount(status[tuple(chosen.T)], minlength=5)
        print("%d slots recomputed (%d accepted, %d rejected, %d failed), %d with problems" % (
            len(chosen), counts[ACCEPTED], counts[REJECTED], counts[DIVERGED] + counts[ERROR], n_bad))
        if n_bad:
            sys.exit(1)


if __name__ == "__main__":
    main()
