#!/usr/bin/python3
"""An independent reference for picky's numerics: what a job computes, in float64 NumPy.

Written from the definitions in the documentation and headers; shares no code with picky. Clarity above speed:
the measures are computed by brute force, the optimisers as their papers print them.

    reference.py write    computes the jobs listed in reference_jobs() and writes one file each into data/
    reference.py check    computes them again and compares with the files; exit status 1 if any differs
    reference.py errors   trains models of full length, for data/errors.txt; takes a few minutes

A data file is text, one item a line:

    hyperparameter NAME VALUE      what differs from the defaults
    seed VALUE
    array NAME N STRIDE            elements 0, STRIDE, 2 STRIDE, ... of the record's field NAME, flattened in
    VALUE VALUE ...                row-major order; N = number of values that follow
"""

import os
import sys

import numpy as np

import formulas

MEASURES = ["ablation_mean", "ablation_sample", "taylor_mean", "taylor_sample", "contribution", "variance"]
PENDING, ACCEPTED, REJECTED, DIVERGED = 0, 1, 2, 3
UNIMPORTANT_BELOW = 0.1

DEFAULTS = dict(
    N_train=1000, N_test=100, lr=0.001, epochs=10, batch_size=10, context_location="start", train_mode="random",
    second_task="prod", fraction=0.5, hidden_size=50, hidden_layers=4, output_activation="relu", optimizer="adam",
    replay_every=10, error_threshold=0.05, max_attempts=10, n_inputs=2, input_low=0, input_high=1, a=1, b=1, c=1,
    standardise="none", tasks="",
)  # fmt: skip


# --- Random numbers -----------------------------------------------------------------------------------------------

RNG_INITIAL_WEIGHTS, RNG_TRAIN_SET, RNG_TEST_SET, RNG_BATCHES, RNG_RANDOM_CONSTANTS = 1, 2, 3, 4, 9


def philox4x32_10(counters, key):
    """Philox4x32 with 10 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").

    counters [n][4] and key [2], 32-bit words held in uint64; returns [n][4]."""
    word = np.uint64(0xFFFFFFFF)
    multiplier0, multiplier1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
    c0, c1, c2, c3 = (counters[:, i].astype(np.uint64) for i in range(4))
    k0, k1 = int(key[0]), int(key[1])
    for _ in range(10):
        product0, product1 = multiplier0 * c0, multiplier1 * c2
        high0, low0 = product0 >> np.uint64(32), product0 & word
        high1, low1 = product1 >> np.uint64(32), product1 & word
        c0, c1, c2, c3 = high1 ^ c1 ^ np.uint64(k0), low1, high0 ^ c3 ^ np.uint64(k1), low0
        k0 = (k0 + 0x9E3779B9) & 0xFFFFFFFF
        k1 = (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1)


def random_words(seed, attempt, purpose, a, b, n):
    """Elements 0..n-1 of a random stream, 32-bit words in uint64 [n]."""
    key = seed + attempt * 2**53
    counters = np.zeros(((n + 3) // 4, 4), np.uint64)
    counters[:, 0] = np.arange(len(counters))
    counters[:, 1:] = a, b, purpose
    return philox4x32_10(counters, (key & 0xFFFFFFFF, key >> 32)).reshape(-1)[:n]


def random_uniforms(seed, attempt, purpose, a, b, n):
    """The top 24 bits of each word, times 2^-24: float32 [n] in [0, 1)."""
    return (random_words(seed, attempt, purpose, a, b, n) >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)


# --- Data ---------------------------------------------------------------------------------------------------------


def context_layer(h):
    """The hidden layer (1..L) whose input the context is appended to."""
    return {"start": 1, "end": h["hidden_layers"]}.get(h["context_location"]) or int(h["context_location"])


def n_tasks(h):
    return len(formulas.formulas(h))


def random_constants(seed):
    """r0 to r9, the same in all attempts."""
    u = random_uniforms(seed, 0, RNG_RANDOM_CONSTANTS, 0, 0, 10)
    return np.float32(2) * u - np.float32(1)


class Data:
    """Training and test sets of one attempt. Inputs and targets are float32 values held in float64."""

    def __init__(self, h, seed, attempt):
        randoms = random_constants(seed)

        def inputs(purpose, task, n):
            u = random_uniforms(seed, attempt, purpose, task, 0, h["n_inputs"] * n)
            return formulas.scale(h, u).reshape(n, h["n_inputs"])

        def targets(task, x):
            return formulas.targets(h, task, x, randoms).astype(np.float64)

        counts = formulas.train_counts(h)
        train_x = inputs(RNG_TRAIN_SET, 0, h["N_train"])
        self.train_x = train_x.astype(np.float64)
        self.train_task = np.repeat(np.arange(len(counts)), counts)
        ends = np.cumsum(counts)
        self.train_target = np.concatenate([targets(t, train_x[end - n : end])
                                            for t, (n, end) in enumerate(zip(counts, ends))])
        self.test_x, self.test_target = [], []
        for task in range(len(counts)):
            x = inputs(RNG_TEST_SET, task, h["N_test"])
            self.test_x.append(x.astype(np.float64))
            self.test_target.append(targets(task, x))


def draw_without_replacement(pool, words):
    """The first len(words) entries of a shuffle of `pool` (partial Fisher-Yates; Knuth, TAOCP vol. 2, 3.4.2).

    Draw k swaps entry k with entry k + floor(word_k (n - k) / 2^32)."""
    pool = list(pool)
    for k, word in enumerate(words):
        j = k + (int(word) * (len(pool) - k) >> 32)
        pool[k], pool[j] = pool[j], pool[k]
    return np.array(pool[: len(words)])


def batches(h, seed, attempt):
    """For each epoch of the history (1, 2, ...), the list of its batches: indices into the training set."""
    size, counts = h["batch_size"], formulas.train_counts(h)
    ends = np.cumsum(counts)
    pools = [range(end - n, end) for n, end in zip(counts, ends)]
    step, epochs = 0, []
    for phase, pool in enumerate([range(h["N_train"])] if h["train_mode"] == "random" else pools):
        earlier = range(pool.start)
        for _ in range(h["epochs"]):
            epoch = []
            for step_in_epoch in range(len(pool) // size):
                is_replay = h["train_mode"] == "replay" and phase > 0
                is_replay = is_replay and (step_in_epoch + 1) % h["replay_every"] == 0
                words = random_words(seed, attempt, RNG_BATCHES, step, 0, size)
                epoch.append(draw_without_replacement(earlier if is_replay else pool, words))
                step += 1
            epochs.append(epoch)
    return epochs


# --- The network --------------------------------------------------------------------------------------------------


def initial_weights(h, seed, attempt):
    """Weights before training by the record's names, float32 values held in float64."""
    H, L, T, c = h["hidden_size"], h["hidden_layers"], n_tasks(h), context_layer(h)

    def rows(layer, n_units, fan_in):
        bound = np.float32(1) / np.sqrt(np.float32(fan_in))
        u = [random_uniforms(seed, attempt, RNG_INITIAL_WEIGHTS, unit, layer, fan_in) for unit in range(n_units)]
        return ((np.float32(2) * np.array(u) - np.float32(1)) * bound).astype(np.float64)

    w = dict(hidden_weights=np.zeros((L - 1, H, H)), biases=np.zeros((L, H)), output_bias=np.zeros(()))
    for layer in range(1, L + 1):
        n_in = h["n_inputs"] if layer == 1 else H
        layer_rows = rows(layer, H, n_in + (T if layer == c else 0))
        if layer == 1:
            w["input_weights"] = layer_rows[:, :n_in]
        else:
            w["hidden_weights"][layer - 2] = layer_rows[:, :n_in]
        if layer == c:
            w["context_weights"] = layer_rows[:, n_in:]
    w["output_weights"] = rows(L + 1, 1, H)[0]
    return w


def relu(z):
    return np.maximum(z, 0)


def forward(h, w, x, task, silenced=None, summed_inputs=None):
    """Activations [L] of arrays [n][H] and outputs [n] at inputs x [n][2] of tasks [n] (0-based).

    silenced = (layer 0-based, unit): that unit's activation is set to 0 and the rest follows from it.
    summed_inputs: a list to which what every unit's activation function was applied to is appended."""
    activations, below = [], x
    for layer in range(h["hidden_layers"]):
        weights = w["input_weights"] if layer == 0 else w["hidden_weights"][layer - 1]
        z = below @ weights.T + w["biases"][layer]
        if layer == context_layer(h) - 1:
            z = z + np.eye(n_tasks(h))[task] @ w["context_weights"].T
        below = relu(z)
        if silenced and silenced[0] == layer:
            below[:, silenced[1]] = 0
        activations.append(below)
        if summed_inputs is not None:
            summed_inputs.append(z)
    z = below @ w["output_weights"] + w["output_bias"]
    if summed_inputs is not None:
        summed_inputs.append(z)
    return activations, relu(z) if h["output_activation"] == "relu" else z


def backward(h, w, activations, y, dy):
    """Given dy [n] = d(something)/d(output) for each sample: its derivatives with respect to the activations
    (list [L] of [n][H]), to the summed inputs of the layers (same shapes) and to that of the output [n].
    The derivative of ReLU at 0 counts as 0."""
    dz_output = dy * (y > 0) if h["output_activation"] == "relu" else dy
    d_activations, dz = [], []
    d = np.outer(dz_output, w["output_weights"])
    for layer in reversed(range(h["hidden_layers"])):
        d_activations.insert(0, d)
        dz.insert(0, d * (activations[layer] > 0))
        if layer > 0:
            d = dz[0] @ w["hidden_weights"][layer - 1]
    return d_activations, dz, dz_output


def gradient(h, w, x, task, target):
    """Mean squared error over the samples and its gradient by the record's names of the weights."""
    activations, y = forward(h, w, x, task)
    dy = 2 * (y - target) / len(y)
    _, dz, dz_output = backward(h, w, activations, y, dy)
    g = dict(
        input_weights=dz[0].T @ x,
        hidden_weights=np.zeros_like(w["hidden_weights"]),
        context_weights=dz[context_layer(h) - 1].T @ np.eye(n_tasks(h))[task],
        biases=np.array([d.sum(axis=0) for d in dz]),
        output_weights=activations[-1].T @ dz_output,
        output_bias=dz_output.sum(),
    )
    for layer in range(1, h["hidden_layers"]):
        g["hidden_weights"][layer - 1] = dz[layer].T @ activations[layer - 1]
    return np.mean((y - target) ** 2), g


class Adam:
    """Kingma & Ba 2015, Algorithm 1."""

    def __init__(self, h, w):
        self.alpha, self.beta1, self.beta2, self.epsilon = h["lr"], 0.9, 0.999, 1e-8
        self.m = {name: np.zeros_like(value) for name, value in w.items()}
        self.v = {name: np.zeros_like(value) for name, value in w.items()}
        self.t = 0

    def step(self, w, g):
        self.t += 1
        for name in w:
            self.m[name] = self.beta1 * self.m[name] + (1 - self.beta1) * g[name]
            self.v[name] = self.beta2 * self.v[name] + (1 - self.beta2) * g[name] ** 2
            m_hat = self.m[name] / (1 - self.beta1**self.t)
            v_hat = self.v[name] / (1 - self.beta2**self.t)
            w[name] = w[name] - self.alpha * m_hat / (np.sqrt(v_hat) + self.epsilon)


class Sgd:
    def __init__(self, h, w):
        self.lr = h["lr"]

    def step(self, w, g):
        for name in w:
            w[name] = w[name] - self.lr * g[name]


# --- Importance ---------------------------------------------------------------------------------------------------


def importance(h, w, data):
    """The six measures [measure][task][layer][unit], loss change and mean activation [task][layer][unit]."""
    H, L = h["hidden_size"], h["hidden_layers"]
    T = n_tasks(h)
    measures = {name: np.zeros((T, L, H)) for name in MEASURES}
    loss_change, mean_activation = np.zeros((T, L, H)), np.zeros((T, L, H))
    for task in range(T):
        x, target = data.test_x[task], data.test_target[task]
        tasks = np.full(len(x), task)
        activations, y = forward(h, w, x, tasks)
        error = (y - target) ** 2
        de_dh = backward(h, w, activations, y, 2 * (y - target))[0]
        dy_dh = backward(h, w, activations, y, np.ones_like(y))[0]
        for layer in range(L):
            a = activations[layer]
            measures["taylor_mean"][task, layer] = np.mean(a * de_dh[layer], axis=0) ** 2
            measures["taylor_sample"][task, layer] = np.mean((a * de_dh[layer]) ** 2, axis=0)
            measures["contribution"][task, layer] = np.mean((a * dy_dh[layer]) ** 2, axis=0)
            measures["variance"][task, layer] = np.mean((a - a.mean(axis=0)) ** 2, axis=0)
            mean_activation[task, layer] = a.mean(axis=0)
            for unit in range(H):
                d = (forward(h, w, x, tasks, (layer, unit))[1] - target) ** 2 - error
                measures["ablation_mean"][task, layer, unit] = np.mean(d) ** 2
                measures["ablation_sample"][task, layer, unit] = np.mean(d**2)
                loss_change[task, layer, unit] = np.mean(d)
    return np.array([measures[name] for name in MEASURES]), loss_change, mean_activation


def relative_importance(I):
    """RI [measure][pair][layer][unit] from importances [measure][task][layer][unit]."""
    threshold = UNIMPORTANT_BELOW * I.mean(axis=3, keepdims=True)
    kept = np.where(I < threshold, 0, I)
    pairs = [(a, b) for b in range(1, I.shape[1]) for a in range(b)]
    if not pairs:
        return np.zeros((len(I), 0) + I.shape[2:])
    with np.errstate(invalid="ignore"):
        return np.stack([(kept[:, a] - kept[:, b]) / (kept[:, a] + kept[:, b]) for a, b in pairs], axis=1)


# --- A model, a job -----------------------------------------------------------------------------------------------


def train(h, data, w, seed, attempt):
    """Trains weights w in place: (train_loss [epoch], test_error [epoch][task], kink_margin)."""
    optimizer = {"adam": Adam, "sgd": Sgd}[h["optimizer"]](h, w)
    train_loss = [gradient(h, w, data.train_x, data.train_task, data.train_target)[0]]
    test_error = [[np.mean(np.abs(residual)) for residual in test_residuals(h, data, w)]]
    kink_margin = np.inf
    for epoch in batches(h, seed, attempt):
        losses = []
        for batch in epoch:
            loss, g = gradient(h, w, data.train_x[batch], data.train_task[batch], data.train_target[batch])
            kink_margin = min(kink_margin, margin(h, w, data.train_x[batch], data.train_task[batch]))
            losses.append(loss)
            optimizer.step(w, g)
        train_loss.append(np.mean(losses) if losses else np.nan)
        test_error.append([np.mean(np.abs(residual)) for residual in test_residuals(h, data, w)])
    return np.array(train_loss), np.array(test_error), kink_margin


def test_residuals(h, data, w):
    """Output minus target over each task's test set."""
    tasks = range(n_tasks(h))
    return [forward(h, w, data.test_x[t], np.full(h["N_test"], t))[1] - data.test_target[t] for t in tasks]


def model(hyperparameters, seed, attempt):
    """Trains and measures one attempt: a dict of arrays named like the record's fields.

    Two more entries tell how good a test case it is: "alive", the share of training samples with a positive
    output, before or after training, whichever is less; "kink_margin", the smallest distance to 0 of any summed
    input that is not exactly 0 (float32 and float64 may fall on different sides of a ReLU's kink if it is tiny)."""
    h = {**DEFAULTS, **hyperparameters}
    data = Data(h, seed, attempt)
    w = initial_weights(h, seed, attempt)
    initial = {name: value.copy() for name, value in w.items()}
    train_loss, test_error, kink_margin = train(h, data, w, seed, attempt)
    I, loss_change, mean_activation = importance(h, w, data)

    def alive(weights):
        return np.mean(forward(h, weights, data.train_x, data.train_task)[1] > 0)

    return dict(
        train_loss=train_loss,
        test_error=test_error,
        test_loss=np.array([np.mean(residual**2) for residual in test_residuals(h, data, w)]),
        importance=I,
        relative_importance=relative_importance(I),
        loss_change=loss_change,
        mean_activation=mean_activation,
        **w,
        **{"initial_" + name: value for name, value in initial.items() if "bias" not in name},
        test_inputs=np.array(data.test_x),
        train_inputs=data.train_x,
        train_task=data.train_task + 1,
        alive=min(alive(initial), alive(w)),
        kink_margin=kink_margin,
    )


def margin(h, w, x, task):
    """The smallest magnitude among the network's summed inputs that are not exactly 0."""
    sums = []
    forward(h, w, x, task, summed_inputs=sums)
    sums = np.abs(np.concatenate([z.ravel() for z in sums]))
    return sums[sums > 0].min(initial=np.inf)


def job(hyperparameters, seed):
    """Attempts until one is accepted or max_attempts are used: the last one's model() and the job's own fields."""
    h = {**DEFAULTS, **hyperparameters}
    attempt_error = np.full((h["max_attempts"], n_tasks(h)), np.nan)
    for attempt in range(h["max_attempts"]):
        result = model(h, seed, attempt)
        attempt_error[attempt] = result["test_error"][-1]
        if np.all(attempt_error[attempt] < h["error_threshold"]):
            break
    accepted = np.all(attempt_error[attempt] < h["error_threshold"])
    return dict(
        status=np.array(ACCEPTED if accepted else REJECTED), seed=np.array(seed), attempts=np.array(attempt + 1),
        attempt_error=attempt_error, **result,
    )  # fmt: skip


# --- Kept data ----------------------------------------------------------------------------------------------------


def reference_jobs():
    """Small jobs that together use every mode and option, odd sizes and the smallest ones.

    Each trains for about 20 steps, before rounding differences between float32 and float64 grow. Their seeds were
    chosen so that most outputs are alive (except where "dead" says otherwise) and no ReLU sits on its kink.
    name -> (hyperparameters, seed, strides of long arrays)"""
    twenty = dict(N_train=200, epochs=1, max_attempts=1)
    wide = dict(hidden_weights=23, initial_hidden_weights=29, test_inputs=3, train_inputs=7, train_task=7)
    long = dict(train_inputs=7, train_task=7)
    return dict(
        standard=(dict(twenty, N_test=33), SEEDS["standard"], wide),
        context_end_linear=(
            dict(twenty, N_train=140, batch_size=7, N_test=7, hidden_size=16, hidden_layers=2, context_location="end",
                 second_task="add1.5", output_activation="linear"), SEEDS["context_end_linear"], long),
        one_layer_sgd=(
            dict(twenty, N_train=120, batch_size=6, N_test=13, hidden_size=7, hidden_layers=1, second_task="add-0.5",
                 optimizer="sgd", lr=0.1, fraction=0.3), SEEDS["one_layer_sgd"], long),
        context_middle_epochs=(
            dict(twenty, N_train=100, epochs=2, N_test=11, hidden_size=5, context_location="3", lr=0.01),
            SEEDS["context_middle_epochs"], {}),
        replay=(
            dict(N_train=60, batch_size=4, epochs=2, max_attempts=1, N_test=7, hidden_size=16, train_mode="replay",
                 replay_every=3, fraction=0.37), SEEDS["replay"], dict(hidden_weights=5, initial_hidden_weights=5)),
        replay_default_linear_sgd=(
            dict(twenty, N_train=130, batch_size=5, N_test=9, hidden_size=16, hidden_layers=2, context_location="2",
                 train_mode="replay", output_activation="linear", optimizer="sgd", lr=0.2, second_task="add2"),
            SEEDS["replay_default_linear_sgd"], long),
        sequential=(
            dict(twenty, N_train=181, batch_size=9, N_test=7, hidden_size=7, hidden_layers=2, context_location="end",
                 train_mode="sequential", fraction=0.61), SEEDS["sequential"], long),
        wide_end_linear=(
            dict(twenty, N_test=7, hidden_layers=2, context_location="end", output_activation="linear",
                 second_task="add1.5", fraction=0.91), SEEDS["wide_end_linear"],
            dict(hidden_weights=7, initial_hidden_weights=7, train_inputs=7, train_task=7)),
        all_rejected=(
            dict(twenty, N_train=60, batch_size=3, N_test=7, hidden_size=5, hidden_layers=4, max_attempts=3,
                 error_threshold=1e-6, second_task="add0.25"), SEEDS["all_rejected"], {}),
        second_attempt=(
            dict(twenty, N_train=110, batch_size=11, epochs=2, N_test=5, hidden_size=7, hidden_layers=4,
                 max_attempts=4, error_threshold=0.35, lr=0.003), SEEDS["second_attempt"], {}),
        dead_at_start=(
            dict(twenty, N_train=50, batch_size=13, epochs=3, N_test=9, hidden_size=7, hidden_layers=4,
                 context_location="4"), SEEDS["dead_at_start"], {}),
        smallest=(
            dict(twenty, N_train=20, batch_size=1, N_test=1, hidden_size=1, hidden_layers=1,
                 output_activation="linear", lr=0.01), SEEDS["smallest"], {}),
        one_unit_deep=(
            dict(twenty, N_train=60, batch_size=2, N_test=3, hidden_size=1, hidden_layers=3, context_location="2",
                 output_activation="linear", optimizer="sgd", lr=0.05), SEEDS["one_unit_deep"], {}),
    )  # fmt: skip


SEEDS = dict(
    standard=3, context_end_linear=1, one_layer_sgd=1, context_middle_epochs=4, replay=3, replay_default_linear_sgd=1,
    sequential=1, wide_end_linear=1, all_rejected=1, second_attempt=54, dead_at_start=6, smallest=7, one_unit_deep=2,
)  # fmt: skip

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
DIAGNOSTICS = ("alive", "kink_margin")


def write_arrays(path, comment, hyperparameters, seed, arrays, strides):
    with open(path, "w") as file:
        file.write(f"# {comment}\n")
        for name, value in hyperparameters.items():
            file.write(f"hyperparameter {name} {value}\n")
        file.write(f"seed {seed}\n")
        for name, value in arrays.items():
            stride = strides.get(name, 1)
            values = np.asarray(value, np.float64).ravel()[::stride]
            file.write(f"array {name} {len(values)} {stride}\n")
            for i in range(0, len(values), 8):
                file.write(" ".join(f"{v:.9g}" for v in values[i : i + 8]) + "\n")


def read_arrays(path):
    """name -> (stride, values [n])."""
    arrays = {}
    with open(path) as file:
        tokens = iter(" ".join(line for line in file if line.startswith("array") or line[0] in "-0123456789n").split())
    for token in tokens:
        assert token == "array", token
        name, n, stride = next(tokens), int(next(tokens)), int(next(tokens))
        arrays[name] = (stride, np.array([float(next(tokens)) for _ in range(n)]))
    return arrays


def suits(name, result):
    """Whether a job is a good test case: see reference_jobs()."""
    if name == "dead_at_start":
        return result["alive"] == 0 and np.all(result["test_error"] == result["test_error"][0])
    if name == "second_attempt" and not (result["status"] == ACCEPTED and result["attempts"] in (2, 3)):
        return False
    return result["alive"] > 0.5 and result["kink_margin"] > 1e-6


def write_errors():
    """Final test errors of models trained in full, one a seed: what single models give depends on rounding by then, but
    not by much. Arrays [model][task], seeds from the file's on."""
    arrays, seed = {}, 1000
    for output_activation, n in [("relu", 100), ("linear", 40)]:
        h = {**DEFAULTS, "output_activation": output_activation}
        arrays[output_activation] = np.zeros((n, n_tasks(h)))
        for i in range(n):
            data, w = Data(h, seed + i, 0), initial_weights(h, seed + i, 0)
            arrays[output_activation][i] = train(h, data, w, seed + i, 0)[1][-1]
    write_arrays(os.path.join(DATA, "errors.txt"), "Written by reference.py, which describes the format.", {}, seed,
                 arrays, {})


def main(arguments):
    if arguments not in (["write"], ["check"], ["errors"]):
        print("usage: reference.py write|check|errors", file=sys.stderr)
        return 2
    if arguments == ["errors"]:
        write_errors()
        return 0
    status = 0
    for name, (hyperparameters, seed, strides) in reference_jobs().items():
        path = os.path.join(DATA, name + ".txt")
        result = job(hyperparameters, seed)
        if not suits(name, result):
            print(f"{name}: seed {seed} makes no good test case: alive {result['alive']:.2f}, "
                  f"kink margin {result['kink_margin']:.2g}, status {result['status']}, "
                  f"attempts {result['attempts']}", file=sys.stderr)
            status = 1
        arrays = {field: value for field, value in result.items() if field not in DIAGNOSTICS}
        if arguments == ["write"]:
            write_arrays(path, "Written by reference.py, which describes the format.", hyperparameters, seed, arrays,
                         strides)
            continue
        kept = read_arrays(path)
        if list(kept) != list(arrays):
            print(f"{path}: holds other arrays than expected", file=sys.stderr)
            status = 1
            continue
        for field, (stride, values) in kept.items():
            computed = np.asarray(arrays[field], np.float64).ravel()[::stride]
            # The files keep 9 digits; other versions of NumPy may sum in another order.
            if computed.shape != values.shape or not np.allclose(computed, values, 1e-7, 1e-12, equal_nan=True):
                print(f"{path}: {field} differs from what reference.py computes", file=sys.stderr)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
