#!/usr/bin/env python3
"""A test error, recomputed by somebody who has h5dump and the file, and nothing else: no HDF5 library, no documentation.

What the program here knows of the model it was told by the file: each sentence of the attributes that it goes by is in
told() beside the line that follows it, and has to be in the file. Of each sweep, all accepted and rejected models are
recomputed, and the importances of a unit of each layer.

Usage: h5dump_alone.py PICKY"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
if not shutil.which("h5dump"):
    print("skipped: h5dump is missing (Debian: hdf5-tools)")
    sys.exit(77)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
import formulas  # noqa: E402

PICKY = os.path.abspath(sys.argv[1])
MODEL = "N_train = 40; N_test = 9; epochs = 2; hidden_size = 6; hidden_layers = 3; max_attempts = 3; error_threshold = 0.4;"
CASES = """
cases = (
  { grid = { context_location = ["start", "2", "end"]; }; },
  { train_mode = "replay"; output_activation = "linear"; second_task = "add1.3"; },
  { train_mode = "sequential"; epochs = 1; N_test = 4; second_task = "add-0.5"; context_location = "end"; },
  { output_activation = "linear"; optimizer = "sgd"; lr = 10; N_train = 100; epochs = 4; },
  { hidden_layers = 1; hidden_size = 4; error_threshold = 2.0; max_attempts = 1; } );
"""


def h5dump(*arguments):
    done = subprocess.run(["h5dump", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, (arguments, done.stderr)
    return done.stdout


def data(output):
    """What is in the first DATA { } of an output, as text."""
    return re.search(r"DATA \{\n(.*?)\n\s*\}", output, re.S)[1]


def value(text):
    text = text.strip()
    return text[1:-1] if text.startswith('"') else float(text) if re.search("[.en]", text) else int(text)


class File:
    def __init__(self, path):
        self.path = path
        self.comment = self.attribute("/comment")
        self.unimportant_below = float(data(h5dump("-y", "-a", "/relative_importance/unimportant_below", path)))
        self.variables = re.findall(r"^ *dataset +/(\S+)", h5dump("-n", path), re.M)

    def attribute(self, name):
        """A text of the root ("/name") or of a variable ("/variable/name"), on one line."""
        text = data(h5dump("-a", name, self.path)).strip()
        return " ".join(re.sub(r"^\(0\): ", "", text)[1:-1].split())

    def told(self, *sentences):
        for sentence in sentences:
            assert sentence in self.comment, f"{self.path}: the attribute comment does not say: {sentence}"

    def read(self, name):
        """A whole variable; its axes are looked at by the caller."""
        output = h5dump("-y", "-w", "0", "-m", "%.9g", "-d", name, self.path)
        shape = [int(n) for n in re.search(r"DATASPACE +SIMPLE \{ \( ([\d, ]+) \)", output)[1].split(",")]
        return np.array([value(v) for v in data(output).replace("\n", " ").split(",")]).reshape(shape)

    def axes(self, name):
        return re.findall(r'DATASET \d+ "?/(\w+)', data(h5dump("-a", f"/{name}/DIMENSION_LIST", self.path)))


def words(key, counter):
    """The block of Philox4x32-10 in the paper's Figure and the library Random123, which the file names."""
    (k0, k1), (c0, c1, c2, c3) = key, counter
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = p1 >> 32 ^ c1 ^ k0, p1 % 2**32, p0 >> 32 ^ c3 ^ k1, p0 % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


class Slot:
    """One network, cut out of the file's arrays by what the comment says of axes and sizes."""

    def __init__(self, f, arrays, config, replicate):
        self.f = f
        f.told("The attribute DIMENSION_LIST names an array's axes in their order; the last index varies fastest, and "
               "indices are counted from 0. Index 0 is layer 1, task 1, hidden_layer 2, epoch 0",
               "A slot's own entries are the first hidden_size of unit and unit_in, hidden_layers of layer, hidden_layers "
               "- 1 of hidden_layer, N_test of sample", "n_tasks of task, n_inputs of input")
        self.h = {name: a[config] for name, (axes, a) in arrays.items() if axes == ["config"]}
        own = {"unit": self.h["hidden_size"], "unit_in": self.h["hidden_size"], "layer": self.h["hidden_layers"],
               "hidden_layer": self.h["hidden_layers"] - 1, "sample": self.h["N_test"]}
        self.formulas = arrays["task_formula"][1]
        self.w = {}
        for name, (axes, array) in arrays.items():
            if axes[:2] == ["config", "replicate"]:
                self.w[name] = array[config, replicate][tuple(slice(own.get(axis)) for axis in axes[2:])]

    def output(self, x, t, scaled=None):
        """y, and the activations of all layers; `scaled`: layer, unit, what its activation is multiplied by."""
        w, layers = self.w, []
        self.f.told("For every unit u of hidden layer l: z[u] = biases[l - 1][u] + SUM, and, if l = context_layer, + "
                    "context_weights[u][t - 1]", "h_l[u] = max(z[u], 0)",
                    "In layer 1, SUM is over the inputs k: the sum of input_weights[u][k] xk. In layers l = 2 to hidden_layers, "
                    "SUM is over all units v of the layer before: the sum of hidden_weights[l - 2][u][v] h_(l-1)[v].",
                    "y = output_bias + the sum of output_weights[u] h[u]; if output_activation is relu, y = max(y, 0).")
        for l in range(1, self.h["hidden_layers"] + 1):
            z = w["biases"][l - 1] + (x @ w["input_weights"].T if l == 1 else layers[-1] @ w["hidden_weights"][l - 2].T)
            if l == self.h["context_layer"]:
                z = z + w["context_weights"][:, t - 1]
            h = np.maximum(z, 0)
            if scaled and l == scaled[0]:
                h[:, scaled[1]] *= scaled[2]
            layers.append(h)
        y = w["output_bias"] + layers[-1] @ w["output_weights"]
        return np.maximum(y, 0) if self.h["output_activation"] == "relu" else y, layers

    def target(self, x, t):
        self.f.told("That of task t is the formula task_formula[task_list][t - 1] of the inputs, of a, b, c (variables)",
                    "each operation rounded to single precision: + - * / ^")
        formula = self.formulas[self.h["task_list"]][t - 1]
        return formulas.evaluate(formula, x, [self.h[dial] for dial in "abc"]).astype(float)

    def samples(self, t):
        self.f.told("with the key seed + (attempts - 1) 2^53 (its low 32 bits first) and the counter (b, t - 1, 0, 3), the "
                    "four words of block b = 0, 1, ... give the elements 4b to 4b + 3, each as floor(word / 2^8) / 2^24; u of "
                    "input k of sample i, both from 0, is element i n_inputs + k.",
                    "Inputs are uniform on [input_low, input_high): input_low + (input_high - input_low) u")
        key, n = int(self.w["seed"]) + (int(self.w["attempts"]) - 1) * 2**53, self.h["N_test"]
        drawn = [words((key % 2**32, key >> 32), (b, t - 1, 0, 3)) for b in range((n * 2 + 3) // 4)]
        assert self.h["n_inputs"] == 2 and self.h["input_low"] == 0 and self.h["input_high"] == 1
        x = (np.array(drawn) // 2**8 / 2**24).reshape(-1, 2)[:n]
        if "test_inputs" in self.w:
            assert np.array_equal(x, self.w["test_inputs"][t - 1].astype("f4")), "drawn again: other test samples"
        return x

    def last(self):
        self.f.told("of epoch 1 + epochs, or 1 + n_tasks epochs if train_mode is not random",
                    "The weights and the importances are those after the last epoch")
        return self.h["epochs"] * (1 if self.h["train_mode"] == "random" else 2)

    def check(self):
        self.f.told("test_error[epoch][task - 1] is the mean of |y - target| over the task's N_test test samples, "
                    "test_loss that of (y - target)^2;")
        for t in (1, 2):
            x = self.samples(t)
            y, layers = self.output(x, t)
            e = y - self.target(x, t)
            close(np.mean(abs(e)), self.w["test_error"][self.last()][t - 1], "test_error")
            close(np.mean(e**2), self.w["test_loss"][t - 1], "test_loss")
            for l in range(1, self.h["hidden_layers"] + 1):
                self.check_unit(x, t, l, self.h["hidden_size"] - 1)
        finite = np.isfinite(self.w["test_error"][:, 0])
        assert finite[:self.last() + 1].all() and not finite[self.last() + 1:].any(), "the last epoch is another"

    def check_unit(self, x, t, l, u, step=1e-6):
        """By the formulas of measure; h dy/dh is the derivative of y by a factor at h."""
        (y, layers), target = self.output(x, t), self.target(x, t)
        silenced, less, more = (self.output(x, t, (l, u, factor))[0] for factor in (0, 1 - step, 1 + step))
        d, h = (silenced - target)**2 - (y - target)**2, layers[l - 1][:, u]
        h_dy = (more - less) / (2 * step)
        h_de = 2 * (y - target) * h_dy
        close(d.mean(), self.w["loss_change"][t - 1][l - 1][u], "loss_change")
        close(h.mean(), self.w["mean_activation"][t - 1][l - 1][u], "mean_activation")
        mine = {"ablation_mean": d.mean()**2, "ablation_sample": np.mean(d**2), "taylor_mean": h_de.mean()**2,
                "taylor_sample": np.mean(h_de**2), "contribution": np.mean(h_dy**2), "variance": np.var(h)}
        for name, importance in zip(self.f.read("measure"), self.w["importance"][:, t - 1, l - 1, u]):
            close(mine[name], importance, name)
        I = self.w["importance"][:, :, l - 1]
        A, B = np.moveaxis(np.where(I < self.f.unimportant_below * I.mean(-1, keepdims=True), 0, I), 1, 0)
        with np.errstate(invalid="ignore"):
            close((A - B) / (A + B), self.w["relative_importance"][:, 0, l - 1], "relative_importance")


def close(mine, stored, what):
    assert np.allclose(mine, stored, rtol=2e-4, atol=1e-6, equal_nan=True), f"{what}: {mine}, in the file {stored}"


def check_file(path):
    f = File(path)
    formulas = f.attribute("/measure/formulas")
    for words in ("ablation_mean: (E[d])^2 ", "ablation_sample: E[d^2] ", "taylor_mean: (E[h de/dh])^2 ",
                  "taylor_sample: E[(h de/dh)^2] ", "contribution: E[(h dy/dh)^2] ", "variance: Var[h] = E[h^2] - E[h]^2 ",
                  "Over the N_test test samples of a task: y = the output, e = (y - target)^2, h = the unit's activation, "
                  "E[] = mean, Var[] = variance. d = e' - e, where e' is e when the unit is silenced: its activation is "
                  "set to 0 and the layers behind it and the output are computed anew.", "de/dh = 2 (y - target) dy/dh"):
        assert words in formulas, f"{path}: formulas of measure: {words}"
    for name, words in (("loss_change", "E[d], as measure's attribute formulas has it"),
                        ("mean_activation", "mean of the unit's activation over the task's test samples"),
                        ("relative_importance", "relative importance (I_A - I_B)/(I_A + I_B) of the pair of tasks A-B, from the "
                         "importances I: I_A below unimportant_below times the mean of I_A over the units of its layer "
                         "counts as 0, I_B likewise; NaN: both count as 0")):
        assert f.attribute(f"/{name}/long_name").startswith(words), (path, name)
    assert f.read("pair").tolist() == ["1-2"]

    named = set(re.findall(r"\w+", f.comment)) | {"importance", "loss_change", "mean_activation",
                                                       "relative_importance"}
    arrays = {name: (f.axes(name), f.read(name)) for name in f.variables
              if name in named and not name.startswith("provenance") and name not in ("task", "layer", "hidden_layer",
                                                                                      "epoch", "sample", "unit", "unit_in",
                                                                                      "config", "replicate", "attempt",
                                                                                      "train_sample", "measure", "input", "pair", "list")}
    for name, first in (("layer", 1), ("task", 1), ("hidden_layer", 2), ("epoch", 0)):
        assert list(f.read(name)) == list(range(first, first + len(f.read(name)))), name
    values = [int(v) for v in data(h5dump("-y", "-a", "/status/flag_values", path)).split(",")]
    meanings = dict(zip(values, f.attribute("/status/flag_meanings").split()))
    n = 0
    for (config, replicate), status in np.ndenumerate(arrays["status"][1]):
        if meanings[status] in ("accepted", "rejected"):
            slot = Slot(f, arrays, config, replicate)
            slot.check()
            worst = max(slot.w["test_error"][slot.last()])
            f.told("A model is accepted if the test_error of the last epoch is below error_threshold for every task")
            assert (worst < slot.h["error_threshold"]) == (meanings[status] == "accepted"), (config, replicate)
            n += 1
    kinds = {meanings[status] for status in arrays["status"][1].flat}
    assert n >= 10 and kinds >= {"accepted", "rejected", "diverged"}, (n, kinds)
    print(f"{path}: {n} models")


def main():
    with tempfile.TemporaryDirectory(prefix="picky-h5dump-") as folder:
        os.chdir(folder)
        for name, store in (("stored", '"weights", "test_set"'), ("drawn", '"weights"')):
            with open(name + ".cfg", "w", encoding="utf-8") as file:
                file.write(f"replicates = 2; seed = 5; store = [{store}]; model = {{ {MODEL} }};{CASES}")
            done = subprocess.run([PICKY, "run", name + ".cfg", "-o", name + ".h5"], stderr=subprocess.PIPE, text=True)
            assert done.returncode == 0, done.stderr
            check_file(name + ".h5")
        os.chdir("/")


main()
