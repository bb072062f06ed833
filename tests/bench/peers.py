#!/usr/bin/python3
"""The same training by PyTorch and by picky, side by side on one thread.

The work is one attempt of the standard condition: four hidden layers of H ReLU units, two inputs and a one-hot task
context at layer 1, 1000 training samples, 10 epochs of 100 Adam steps with batches of 10, and 11 test passes over
2 x 100 samples. Making data and initial weights is not timed, drawing the batches is.

    notebook  PyTorch as the 2020 notebook uses it: torch.nn.Linear, torch.optim.Adam, one model after the other
    batched   PyTorch as an expert would: 64 models at once, one batched matrix product for all, all parameters in one
              array; a backward pass by hand or by autograd, whichever is faster here
    picky     what `picky bench` says

Peers take turns, round after round, so that a machine that drifts drifts for all. Times are CPU time (wall time beside
it; picky's is its CPU time scaled by its process's wall / CPU), medians of the rounds with least and most. Ratios are
taken within each round. The final errors show that all of them do the same work. A BLAS that does not fit the processor
slows the batched peer down several times: the one in use is printed.

Needs Debian's python3-torch, python3-numpy and libopenblas0-serial, and a built picky. Takes about a minute; at
H = 200 ten.
"""

import argparse
import ctypes
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path



def from_cpuinfo(key):
    match = re.search(rf"^{key}\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return match.group(1) if match else ""


def openblas_core():
    """What OpenBLAS should take the processor for: one that is younger than the library it would take for a very old
    one. None: let it choose."""
    flags = set(from_cpuinfo("flags").split())
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags:
        return "SkylakeX"
    return "Haswell" if {"avx2", "fma"} <= flags else None


# Read when the libraries are loaded.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
    os.environ[variable] = "1"
if openblas_core():
    os.environ.setdefault("OPENBLAS_CORETYPE", openblas_core())
try:
    import numpy as np
    import torch
except ImportError as missing:
    print(f"peers.py: {missing}. On Debian: apt-get install python3-torch python3-numpy libopenblas0-serial, and run "
          "it with /usr/bin/python3", file=sys.stderr)
    sys.exit(2)

LAYERS, N_TRAIN, N_TEST, BATCH, EPOCHS, RATE = 4, 1000, 100, 10, 10, 0.001
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
STEPS = N_TRAIN // BATCH  # an epoch
THRESHOLD = 0.05
NOTEBOOK_MODELS = 3  # timed in a round
PICKY_MODELS = 48  # trained for the comparison of errors


def sizes(hidden):
    """Inputs (context included) and units of each layer, the output's last."""
    units = [4] + [hidden] * LAYERS + [1]
    return list(zip(units, units[1:]))


def samples(n_models, n, task):
    """Inputs with context, [n_models, n, 4], and targets, [n_models, n, 1], of one task (0: sum, 1: product)."""
    x = torch.rand(n_models, n, 2)
    context = torch.zeros(n_models, n, 2)
    context[:, :, task] = 1
    target = x.prod(2, keepdim=True) if task else x.sum(2, keepdim=True)
    return torch.cat([x, context], 2), target


def data_sets(n_models):
    """The training set, and the test set with task 1's samples in the first half."""
    return [[torch.cat(parts, 1) for parts in zip(samples(n_models, n, 0), samples(n_models, n, 1))]
            for n in (N_TRAIN // 2, N_TEST)]


def errors_by_task(difference):
    """Mean absolute errors [n_models, 2] from output - target, [n_models, 2 x N_TEST, 1]."""
    return difference.abs().view(-1, 2, N_TEST).mean(2)


class Clock:
    """CPU and wall time since its creation, ms."""

    def __init__(self):
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def elapsed(self):
        return {"cpu": 1e3 * (time.process_time() - self.cpu), "wall": 1e3 * (time.perf_counter() - self.wall)}


# ---- one model after the other ----------------------------------------------------------------------------------


class Network(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(*size) for size in sizes(hidden))
        for layer in self.layers:
            torch.nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x


def train_notebook(hidden):
    """Trains one model. Returns its time and its test errors, untrained and trained, [1, 2] each."""
    (x, target), (test_x, test_target) = ([part[0] for part in parts] for parts in data_sets(1))
    draws = np.random.default_rng(torch.randint(2**31, ()).item())
    network = Network(hidden)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    loss_of = torch.nn.MSELoss()

    def test():
        with torch.no_grad():
            return errors_by_task(network(test_x) - test_target)

    clock = Clock()
    untrained = trained = test()
    for _ in range(EPOCHS):
        losses = []
        for _ in range(STEPS):
            batch = draws.choice(N_TRAIN, BATCH, replace=False)
            optimizer.zero_grad()
            loss = loss_of(network(x[batch]), target[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        trained = test()
    return clock.elapsed(), untrained, trained


# ---- many models at once ----------------------------------------------------------------------------------------


class Batched:
    """n_models networks. Weights are [n_models, inputs, units] and biases [n_models, 1, units], all of them views of
    one flat array; gradients and both moments likewise."""

    def __init__(self, hidden, n_models):
        self.hidden, self.n_models, self.sizes = hidden, n_models, sizes(hidden)
        n = n_models * sum((n_in + 1) * n_out for n_in, n_out in self.sizes)
        self.flat, self.flat_gradient, self.moment1, self.moment2 = (torch.zeros(n) for _ in range(4))
        self.parameters, self.gradients = self.views(self.flat), self.views(self.flat_gradient)
        # Autograd's view of the same memory.
        self.leaves = []
        for pair, gradients in zip(self.parameters, self.gradients):
            self.leaves.append([p.detach().requires_grad_() for p in pair])
            for leaf, gradient in zip(self.leaves[-1], gradients):
                leaf.grad = gradient
        self.outputs = [torch.empty(n_models, BATCH, n_out) for _, n_out in self.sizes]
        self.deltas = [torch.empty(n_models, BATCH, n_out) for _, n_out in self.sizes]
        self.scratch = torch.empty(n_models, BATCH, hidden)
        self.set_block(n)
        self.set_up()
        # What is fastest depends on the caches and the libraries.
        self.block = min((2**14, 2**15, 2**16, 2**17, n), key=self.time_block)
        self.set_block(self.block)
        self.ms_per_step = {method.__name__: self.time_backward(method) for method in (self.manual, self.autograd)}
        self.backward = getattr(self, min(self.ms_per_step, key=self.ms_per_step.get))

    def views(self, flat):
        pairs, at = [], 0
        for n_in, n_out in self.sizes:
            pair = []
            for rows in (n_in, 1):
                n = self.n_models * rows * n_out
                pair.append(flat[at : at + n].view(self.n_models, rows, n_out))
                at += n
            pairs.append(pair)
        return pairs

    def set_block(self, block):
        """Adam goes through the flat arrays in blocks that stay in the cache."""
        arrays = [array.split(block) for array in (self.flat, self.flat_gradient, self.moment1, self.moment2)]
        buffer = torch.empty(block)
        self.blocks = [(*parts, buffer[: parts[0].numel()]) for parts in zip(*arrays)]

    def set_up(self):
        """New data and initial weights."""
        for (weights, biases), (n_in, _) in zip(self.parameters, self.sizes):
            weights.uniform_(-(n_in**-0.5), n_in**-0.5)
            biases.zero_()
        self.moment1.zero_()
        self.moment2.zero_()
        (x, target), (self.test_x, self.test_target) = data_sets(self.n_models)
        self.x, self.target = x.view(-1, 4), target.view(-1, 1)
        self.step = 0

    @staticmethod
    def fastest_ms(work, n):
        work()
        runs = []
        for _ in range(5):
            clock = Clock()
            for _ in range(n):
                work()
            runs.append(clock.elapsed()["cpu"] / n)
        return min(runs)

    def time_block(self, block):
        self.set_block(block)
        return self.fastest_ms(lambda: self.adam(0), 10)

    def time_backward(self, backward):
        x, target = (part[0] for part in self.draw_batches(1))
        return self.fastest_ms(lambda: backward(x, target), 10)

    def draw_batches(self, n_steps):
        """Inputs [n_steps, n_models, BATCH, 4] and targets of batches drawn without replacement, each on its own, by
        Floyd's algorithm (Bentley & Floyd 1987, "A sample of brilliance") for all of them at once."""
        chosen = torch.empty(n_steps, self.n_models, BATCH, dtype=torch.int64)
        for i in range(BATCH):
            last = N_TRAIN - BATCH + i
            draw = torch.randint(last + 1, (n_steps, self.n_models))
            taken = (chosen[:, :, :i] == draw[:, :, None]).any(2)
            chosen[:, :, i] = torch.where(taken, last, draw)
        chosen += N_TRAIN * torch.arange(self.n_models)[:, None]
        return self.x[chosen], self.target[chosen]

    def manual(self, x, target):
        """Gradients of each model's mean squared error. Returns the errors."""
        last = len(self.sizes) - 1
        before = x
        for l, (weights, biases) in enumerate(self.parameters):
            out = self.outputs[l]
            if l == 0:  # too thin for a matrix product
                torch.addcmul(biases, x[:, :, :1], weights[:, :1], out=out)
                for k in range(1, 4):
                    out.addcmul_(x[:, :, k : k + 1], weights[:, k : k + 1])
            elif l == last:
                torch.mul(before, weights.transpose(1, 2), out=self.scratch)
                torch.sum(self.scratch, 2, True, out=out)
                out.add_(biases)
            else:
                torch.baddbmm(biases, before, weights, out=out)
            before = torch.relu_(out)

        errors = self.outputs[last] - target
        delta = torch.mul(errors, 2 / BATCH, out=self.deltas[last])
        for l in range(last, -1, -1):
            delta, weights = self.deltas[l], self.parameters[l][0]
            torch.ops.aten.threshold_backward.grad_input(delta, self.outputs[l], 0, grad_input=delta)
            weights_gradient, biases_gradient = self.gradients[l]
            torch.sum(delta, 1, True, out=biases_gradient)
            if l == 0:
                torch.sum(x.unsqueeze(3) * delta.unsqueeze(2), 1, out=weights_gradient)
            elif l == last:
                torch.mul(self.outputs[l - 1], delta, out=self.scratch)
                torch.sum(self.scratch, 1, out=weights_gradient.squeeze(2))
                torch.mul(delta, weights.transpose(1, 2), out=self.deltas[l - 1])
            else:
                torch.bmm(self.outputs[l - 1].transpose(1, 2), delta, out=weights_gradient)
                torch.bmm(delta, weights.transpose(1, 2), out=self.deltas[l - 1])
        return errors

    def autograd(self, x, target):
        """The same, left to PyTorch."""
        self.flat_gradient.zero_()
        with torch.enable_grad():
            for weights, biases in self.leaves:
                x = torch.relu(torch.baddbmm(biases, x, weights))
            errors = x - target
            (errors.square().sum() / BATCH).backward()
        return errors.detach()

    def adam(self, step_in_epoch):
        """Adam with M = m / ((1 - beta1) beta1^k) and V = v / ((1 - beta2) beta2^k), k = step_in_epoch, so that each
        moment needs one pass; the factors go into the rate and epsilon, and end_epoch takes the powers out."""
        power1, power2 = BETA1**step_in_epoch, BETA2**step_in_epoch
        self.step += 1
        s = ((1 - BETA2) * power2 / (1 - BETA2**self.step)) ** 0.5
        rate = RATE * (1 - BETA1) * power1 / ((1 - BETA1**self.step) * s)
        for parameters, gradient, moment1, moment2, buffer in self.blocks:
            moment1.add_(gradient, alpha=1 / power1)
            moment2.addcmul_(gradient, gradient, value=1 / power2)
            torch.sqrt(moment2, out=buffer).add_(EPSILON / s)
            parameters.addcdiv_(moment1, buffer, value=-rate)

    def end_epoch(self):
        self.moment1.mul_(BETA1**STEPS)
        self.moment2.mul_(BETA2**STEPS)

    def test(self):
        x = self.test_x
        for weights, biases in self.parameters:
            x = torch.relu_(torch.baddbmm(biases, x, weights))
        return errors_by_task(x - self.test_target)

    def train(self):
        """Trains all models anew. Returns the time of one and the test errors, untrained and trained, [n_models, 2]."""
        self.set_up()
        clock = Clock()
        untrained = trained = self.test()
        for _ in range(EPOCHS):
            x, target = self.draw_batches(STEPS)
            loss = torch.zeros(self.n_models)
            for i in range(STEPS):
                loss += self.backward(x[i], target[i]).square().mean((1, 2))
                self.adam(i)
            self.end_epoch()
            trained = self.test()
        return {key: ms / self.n_models for key, ms in clock.elapsed().items()}, untrained, trained


# ---- picky ------------------------------------------------------------------------------------------------------


def give_up(message):
    print(f"peers.py: {message}", file=sys.stderr)
    sys.exit(2)


def run(command):
    """What a program prints; the ratio of wall to CPU time."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), Clock()
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    wall, after = clock.elapsed()["wall"], resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        give_up(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr.rstrip()}")
    cpu = 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return done.stdout, wall / cpu


def bench_picky(picky, hidden, simd=None):
    """The instruction set that picky used, and its time of one attempt."""
    command = [picky, "bench", "--json", "--hidden-size", hidden] + (["--simd", simd] if simd else [])
    text, wall_per_cpu = run(command)
    try:
        line = json.loads(text)["training"][0]
    except (ValueError, LookupError):
        give_up(f"{picky} bench --json: not the output of picky")
    cpu = line["ms_per_attempt"]
    return line["instruction_set"], {"cpu": cpu, "wall": cpu * wall_per_cpu}


def train_picky(picky, hidden, seed):
    """Test errors of one attempt, untrained and trained, [1, 2] each."""
    text, _ = run([picky, "train", "--set", f"hidden_size={hidden}", "--set", "max_attempts=1", "--seed", seed])
    rows = re.findall(r"^ +\d+ +[\d.]+ +([\d.]+) +([\d.]+)$", text, re.MULTILINE)
    if len(rows) != EPOCHS + 1:
        give_up(f"{picky} train: not the output of picky")
    errors = torch.tensor([[float(error) for error in row] for row in rows])
    return errors[:1], errors[-1:]


# ---- comparison -------------------------------------------------------------------------------------------------


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summarise_errors(pairs):
    """From (untrained, trained) errors: how many models learn at all (with a ReLU as output some never do), how many
    come below the threshold, and the quartiles of the final errors of those that learn."""
    untrained, trained = (torch.cat(errors) for errors in zip(*pairs))
    learns = (untrained != trained).any(1)
    quartiles = torch.quantile(trained[learns], torch.tensor([0.5, 0.25, 0.75]), dim=0) if learns.any() else None
    names = ("median", "quartile1", "quartile3")
    return {
        "models": len(trained),
        "learn": int(learns.sum()),
        "accepted": int((trained < THRESHOLD).all(1).sum()),
        "final_error": [] if quartiles is None else [dict(zip(names, q)) for q in quartiles.T.tolist()],
    }


def is_same_range(errors, reference):
    """Medians within a factor of two: the spread between models is about that."""
    pairs = list(zip(errors["final_error"], reference["final_error"]))
    return bool(pairs) and all(0.5 < a["median"] / b["median"] < 2 for a, b in pairs)


def blas_in_use():
    """File of the library, and the processor that it takes this one for, if it says so."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        name = line.split()[-1]
        if re.search(r"/lib(openblas|blas|blis|mkl_rt|atlas|tatlas|satlas)[^/]*\.so[^/]*$", name):
            core = getattr(ctypes.CDLL(name), "openblas_get_corename", None)
            if core:
                core.restype = ctypes.c_char_p
            return name, core().decode() if core else None
    return "unknown", None


def compare(options):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    picky, hidden = options.picky, options.hidden_size
    chosen, _ = bench_picky(picky, 1)
    sets = [chosen] + [simd for simd in options.simd if simd != chosen]
    first = f"picky, {chosen}"
    torch.set_grad_enabled(False)
    torch.set_flush_denormal(True)
    batched = Batched(hidden, options.models)
    one, many = "PyTorch, notebook", f"PyTorch, {options.models} models, {batched.backward.__name__} backward"
    times = {name: [] for name in [one, many, *(f"picky, {simd}" for simd in sets)]}
    pairs = {one: [], many: []}
    for number in range(options.rounds):
        if sys.stderr.isatty():
            print(f"round {number + 1} of {options.rounds} ...", end="\r", file=sys.stderr)
        torch.set_flush_denormal(False)
        with torch.enable_grad():
            runs = [train_notebook(hidden) for _ in range(NOTEBOOK_MODELS)]
        times[one].append({key: statistics.mean(run[0][key] for run in runs) for key in ("cpu", "wall")})
        pairs[one].extend(run[1:] for run in runs)

        torch.set_flush_denormal(True)
        ms, untrained, trained = batched.train()
        times[many].append(ms)
        pairs[many].append((untrained, trained))

        for simd in sets:
            times[f"picky, {simd}"].append(bench_picky(picky, hidden, simd)[1])
    pairs["picky"] = [train_picky(picky, hidden, seed) for seed in range(1, PICKY_MODELS + 1)]
    errors = {name: summarise_errors(p) for name, p in pairs.items()}

    peers = []
    for name, rounds in times.items():
        cpu = [ms["cpu"] for ms in rounds]
        peers.append({
            "name": name,
            "cpu_ms": spread(cpu),
            "wall_ms": spread([ms["wall"] for ms in rounds]),
            "ratio": spread([ms / reference["cpu"] for ms, reference in zip(cpu, times[first])]),
            "cpu_ms_by_round": cpu,
        })
    blas, core = blas_in_use()
    return {
        "hidden_size": hidden,
        "rounds": options.rounds,
        "processor": from_cpuinfo("model name") or os.uname().machine,
        "picky": run([picky, "--version"])[0].splitlines()[0],
        "torch": torch.__version__,
        "torch_vectors": re.search(r"CPU capability usage: (\S+)|$", torch.__config__.show()).group(1),
        "blas": blas,
        "blas_core": core,
        "blas_is_reference": os.path.basename(os.path.dirname(os.path.realpath(blas))) == "blas",
        "adam_block": batched.block,
        "ms_per_backward": batched.ms_per_step,
        "reference": first,
        "peers": peers,
        "errors": errors,
        "same_range": all(is_same_range(e, errors["picky"]) for e in errors.values()),
    }


def print_text(result):
    print(f"One attempt of the standard condition, H = {result['hidden_size']}: {EPOCHS * STEPS} Adam steps of batch "
          f"{BATCH}, {EPOCHS + 1} test passes")
    print(f"{result['processor']}, one thread; {result['picky']}")
    core = f" for {result['blas_core']}" if result["blas_core"] else ""
    print(f"PyTorch {result['torch']}, {result['torch_vectors']}; BLAS {result['blas']}{core}")
    if result["blas_is_reference"]:
        print("NOTE: the reference BLAS slows the batched peer down several times: apt-get install libopenblas0-serial")
    both = ", ".join(f"{name} {ms:.2f}" for name, ms in result["ms_per_backward"].items())
    print(f"batched: forward and backward, ms a step of all models: {both}; Adam in blocks of {result['adam_block']}\n")
    print(f"medians of {result['rounds']} rounds (least - most)")
    print(f"{'':36s} {'CPU, ms a model':>28s} {'wall, ms':>9s}   {'times ' + result['reference']:>24s}")
    for peer in result["peers"]:
        cpu, ratio = peer["cpu_ms"], peer["ratio"]
        print(f"{peer['name']:36s} {cpu['median']:9.2f} ({cpu['min']:7.2f} - {cpu['max']:7.2f}) "
              f"{peer['wall_ms']['median']:9.2f}   {ratio['median']:8.2f} ({ratio['min']:5.1f} - {ratio['max']:5.1f})")
    print(f"\n{'final mean absolute error':36s} {'models':>6s} {'learn':>6s} {'accepted':>8s}   "
          "median (quartiles) of those that learn: task 1, task 2")
    for name, errors in result["errors"].items():
        tasks = ["{median:.4f} ({quartile1:.4f} - {quartile3:.4f})".format(**e) for e in errors["final_error"]]
        print(f"{name:36s} {errors['models']:6d} {errors['learn']:6d} {errors['accepted']:8d}   {'   '.join(tasks)}")
    if result["same_range"]:
        print("All learn alike: the median errors are within a factor of two of picky's.")
    else:
        print("NOT THE SAME WORK: a median error is not within a factor of two of picky's.")


def main():
    def positive(text):
        number = int(text)
        if number < 1:
            raise argparse.ArgumentTypeError("allowed: an integer from 1")
        return number

    parser = argparse.ArgumentParser(
        description="Times picky beside PyTorch: the notebook's loop, and a batched trainer.",
        epilog="Exit codes: 0 compared; 1 the peers do not learn alike; 2 bad usage, or something is missing.")
    default = Path(__file__).resolve().parents[2] / "build" / "picky"
    parser.add_argument("--picky", type=Path, default=default, metavar="PATH", help=f"the program (default: {default})")
    parser.add_argument("--hidden-size", type=positive, default=50, metavar="H", help="default: %(default)s")
    parser.add_argument("--models", type=positive, default=64, metavar="N",
                        help="models of the batched peer, all at once (default: %(default)s)")
    parser.add_argument("--rounds", type=positive, default=5, metavar="N", help="default: %(default)s")
    parser.add_argument("--simd", action="append", default=[], metavar="NAME",
                        help="also time picky with this instruction set, e.g. avx2")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    if not os.access(options.picky, os.X_OK):
        give_up(f"no program {options.picky}: build picky (cmake -S . -B build && cmake --build build) or give "
                "--picky PATH")
    result = compare(options)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        print_text(result)
    return 0 if result["same_range"] else 1


if __name__ == "__main__":
    sys.exit(main())
