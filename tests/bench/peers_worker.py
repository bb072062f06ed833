"""One of picky's peers in a process of its own, for peers.py, which starts it and asks it for one timing after the other.

Arguments: PEER HIDDEN_SIZE N_MODELS N_THREADS. First line out: how long compiling took, and each task's test error of
the first model after CHECK_STEPS steps. Then, for each number of seconds that comes in, a line with the time of a step
of all models (its batches' drawing included), of a test pass, and how many steps were timed in about so long.

    notebook  PyTorch eager as the notebook uses it: torch.nn.Linear, torch.optim.Adam (fused), one model
    manual    torch.compile over a step of all models (batched products), backward by hand, Adam in the same graph
    func      the same with torch.func: vmap of grad
    jax       vmap over the models, scan over the steps, jit

All draw from the same generator in the same order: weights, data and batches are equal.
"""

import json
import os
import sys
import time

PEER, HIDDEN, N, THREADS = sys.argv[1], *map(int, sys.argv[2:5])
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
# All threads of a library count, also those that it does not ask us about.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-THREADS:])

import numpy as np  # noqa: E402  (reads the environment)

LAYERS, N_TRAIN, N_TEST, BATCH, EPOCHS, RATE = 4, 1000, 100, 10, 10, 0.001
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
STEPS = N_TRAIN // BATCH  # an epoch
CHECK_STEPS = 20
SIZES = list(zip([4] + [HIDDEN] * LAYERS, [HIDDEN] * LAYERS + [1]))


def samples(rng, n, task):
    """Inputs with context, [N, n, 4], and targets, [N, n, 1], of one task (0: sum, 1: product)."""
    x = rng.random((N, n, 2), dtype=np.float32)
    context = np.zeros((N, n, 2), np.float32)
    context[:, :, task] = 1
    return np.concatenate([x, context], 2), (x.prod(2, keepdims=True) if task else x.sum(2, keepdims=True))


def data_set(rng, n):
    """Task 1's samples in the first half."""
    return [np.concatenate(parts, 1) for parts in zip(samples(rng, n, 0), samples(rng, n, 1))]


def initial_weights(rng):
    """[N, inputs, units] and biases [N, units] of each layer."""
    return [(rng.uniform(-(i**-0.5), i**-0.5, (N, i, o)).astype(np.float32), np.zeros((N, o), np.float32))
            for i, o in SIZES]


def draw(rng, n_steps):
    """Indices [n_steps, N, BATCH] without replacement within a batch, by Floyd's algorithm (Bentley & Floyd 1987, "A
    sample of brilliance") for all batches at once."""
    chosen = np.empty((n_steps, N, BATCH), np.int32)
    for i in range(BATCH):
        last = N_TRAIN - BATCH + i
        one = rng.integers(0, last + 1, (n_steps, N), dtype=np.int32)
        taken = (chosen[:, :, :i] == one[:, :, None]).any(2)
        chosen[:, :, i] = np.where(taken, last, one)
    return chosen


def adam_factors(first, n):
    """Rate and epsilon of steps first + 1, ..., with the bias corrections in them."""
    t = np.arange(first + 1, first + n + 1, dtype=np.float64)
    root = np.sqrt(1 - BETA2**t)
    return (RATE * root / (1 - BETA1**t)).astype(np.float32), (EPSILON * root).astype(np.float32)


class Peer:
    """set_up() starts anew; steps(n) trains n steps; test() returns mean absolute errors [N, 2]."""

    block = STEPS  # steps that are best done together

    def set_up(self):
        self.rng = np.random.default_rng(1)
        self.n_done = 0
        self.load(initial_weights(self.rng), data_set(self.rng, N_TRAIN // 2), data_set(self.rng, N_TEST))


if PEER == "jax":
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if THREADS > 1 else 'false'}"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp

    VERSION = f"JAX {jax.__version__}"

    def forward(parameters, x):
        for weights, biases in parameters:
            x = jax.nn.relu(x @ weights + biases)
        return x

    def loss(parameters, x, y):
        return jnp.mean(jnp.square(forward(parameters, x) - y))

    def train_model(state, x, y, indices, rates, epsilons):
        """One model: indices [steps, BATCH]."""

        def step(state, now):
            index, rate, epsilon = now
            parameters, moment1, moment2 = state
            gradient = jax.grad(loss)(parameters, x[index], y[index])
            moment1 = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, moment1, gradient)
            moment2 = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, moment2, gradient)
            parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + epsilon), parameters, moment1,
                                      moment2)
            return (parameters, moment1, moment2), None

        return jax.lax.scan(step, state, (indices, rates, epsilons))[0]

    class Jax(Peer):
        def __init__(self):
            self.block = 100 if N * HIDDEN**2 < 2e5 else 10
            self.train = jax.jit(jax.vmap(train_model, in_axes=(0, 0, 0, 1, None, None)), donate_argnums=0)
            self.errors = jax.jit(jax.vmap(lambda p, x, y: jnp.abs(forward(p, x) - y).reshape(2, N_TEST).mean(1)))

        def load(self, weights, train, test):
            parameters = jax.tree.map(jnp.asarray, weights)
            zeros = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)]
            self.state = (parameters, *zeros)
            self.x, self.y, self.test_x, self.test_y = (jnp.asarray(a) for a in (*train, *test))

        def steps(self, n):
            indices, (rates, epsilons) = draw(self.rng, n), adam_factors(self.n_done, n)
            for i in range(0, n, self.block):
                part = slice(i, min(i + self.block, n))
                self.state = self.train(self.state, self.x, self.y, indices[part], rates[part], epsilons[part])
            jax.block_until_ready(self.state)
            self.n_done += n

        def test(self):
            return np.asarray(self.errors(self.state[0], self.test_x, self.test_y))

    peer = Jax()
else:
    import torch

    VERSION = f"PyTorch {torch.__version__}"
    torch.set_num_threads(THREADS)
    # Adam's moments of silent units become denormal, which slows this peer down and nothing else.
    torch.set_flush_denormal(True)

    def forward(parameters, x):
        """Thin layers (4 inputs, 1 output) as sums of products, which compile into loops; bmm is slow for them."""
        for i, (weights, biases) in enumerate(parameters):
            biases = biases.unsqueeze(-2)
            if i == 0:
                x = biases + sum(x[..., k : k + 1] * weights[..., k : k + 1, :] for k in range(4))
            elif i == LAYERS:
                x = (x * weights.transpose(-1, -2)).sum(-1, keepdim=True) + biases
            else:
                x = torch.baddbmm(biases, x, weights) if x.dim() == 3 else torch.addmm(biases, x, weights)
            x = torch.relu(x)
        return x

    def adam(parameters, moments1, moments2, gradients, rate, epsilon):
        for p, m, v, g in zip(parameters, moments1, moments2, gradients):
            m.mul_(BETA1).add_(g, alpha=1 - BETA1)
            v.mul_(BETA2).add_(g * g, alpha=1 - BETA2)
            p.sub_(rate * m / (v.sqrt() + epsilon))

    def pairs(flat):
        return list(zip(flat[::2], flat[1::2]))

    def manual_gradients(flat, x, y):
        parameters, outputs = pairs(flat), [x]
        for i, layer in enumerate(parameters):
            weights, biases = layer[0], layer[1].unsqueeze(-2)
            before = outputs[-1]
            if i == 0:
                sums = biases + sum(x[..., k : k + 1] * weights[..., k : k + 1, :] for k in range(4))
            elif i == LAYERS:
                sums = (before * weights.transpose(-1, -2)).sum(-1, keepdim=True) + biases
            else:
                sums = before @ weights + biases
            outputs.append(torch.relu(sums))
        delta = (outputs[-1] - y) * (2 / BATCH) * (outputs[-1] > 0)
        gradients = []
        for i in range(LAYERS, -1, -1):
            before, weights = outputs[i], parameters[i][0]
            if i in (0, LAYERS):
                gradient = (before.unsqueeze(-1) * delta.unsqueeze(-2)).sum(-3)
            else:
                gradient = before.transpose(-1, -2) @ delta
            gradients = [gradient, delta.sum(-2)] + gradients
            if i == LAYERS:
                delta = delta * weights.transpose(-1, -2) * (before > 0)
            elif i > 0:
                delta = (delta @ weights.transpose(-1, -2)) * (before > 0)
        return gradients

    def manual_step(flat, moments1, moments2, x, y, rate, epsilon):
        adam(flat, moments1, moments2, manual_gradients(flat, x, y), rate, epsilon)

    def model_loss(flat, x, y):
        for weights, biases in pairs(flat):
            x = torch.relu(x @ weights + biases)
        return (x - y).square().mean()

    def func_step(flat, moments1, moments2, x, y, rate, epsilon):
        gradient = torch.func.grad(model_loss)
        gradients = (gradient if x.dim() == 2 else torch.func.vmap(gradient))(flat, x, y)
        adam(flat, moments1, moments2, gradients, rate, epsilon)

    def errors_by_task(difference):
        return difference.abs().view(-1, 2, N_TEST).mean(2).numpy()

    class Compiled(Peer):
        """A lone model has no axis of models."""

        def __init__(self, step):
            self.step = torch.compile(step, dynamic=False)

        def load(self, weights, train, test):
            def tensor(array):
                return torch.from_numpy(array if N > 1 else array[0])

            self.flat = [tensor(a) for pair in weights for a in pair]
            self.moments1, self.moments2 = ([torch.zeros_like(p) for p in self.flat] for _ in range(2))
            self.x, self.y = (torch.from_numpy(a) for a in train)
            self.test_x, self.test_y = (tensor(a) for a in test)
            self.models = torch.arange(N)[:, None]

        @torch.no_grad()
        def steps(self, n):
            for first in range(0, n, STEPS):
                count = min(STEPS, n - first)
                indices = torch.from_numpy(draw(self.rng, count)).long()
                x, y = self.x[self.models, indices], self.y[self.models, indices]
                if N == 1:
                    x, y = x[:, 0], y[:, 0]
                rates, epsilons = (torch.from_numpy(f).unbind() for f in adam_factors(self.n_done, count))
                for now in zip(x.unbind(), y.unbind(), rates, epsilons):
                    self.step(self.flat, self.moments1, self.moments2, *now)
                self.n_done += count

        @torch.no_grad()
        def test(self):
            return errors_by_task(forward(pairs(self.flat), self.test_x) - self.test_y)

    class Notebook(Peer):
        def load(self, weights, train, test):
            modules = []
            for (i, o), (w, b) in zip(SIZES, weights):
                layer = torch.nn.Linear(i, o)
                layer.weight.data, layer.bias.data = torch.from_numpy(w[0].T.copy()), torch.from_numpy(b[0])
                modules += [layer, torch.nn.ReLU()]
            self.network = torch.nn.Sequential(*modules)
            self.optimizer = torch.optim.Adam(self.network.parameters(), lr=RATE, fused=True)
            self.loss = torch.nn.MSELoss()
            self.x, self.y, self.test_x, self.test_y = (torch.from_numpy(a[0]) for a in (*train, *test))

        def steps(self, n):
            for batch in draw(self.rng, n)[:, 0]:
                self.optimizer.zero_grad()
                loss = self.loss(self.network(self.x[batch]), self.y[batch])
                loss.backward()
                self.optimizer.step()
                loss.item()
            self.n_done += n

        @torch.no_grad()
        def test(self):
            return errors_by_task(self.network(self.test_x) - self.test_y)

    peer = Notebook() if PEER == "notebook" else Compiled({"manual": manual_step, "func": func_step}[PEER])


def timed(work):
    """CPU and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    peer.set_up()
    # The first time compiles, the second tells how long a step takes.
    first = max(timed(lambda: (peer.steps(peer.block), peer.test())))
    again = timed(lambda: (peer.steps(peer.block), peer.test()))
    step_s = again[1] / peer.block
    peer.set_up()
    peer.steps(CHECK_STEPS)
    say(version=VERSION, compile_s=max(first - again[1], 0), errors=peer.test()[0].tolist())
    for line in sys.stdin:
        peer.set_up()
        blocks = min(max(int(float(line) / (step_s * peer.block)), 1), EPOCHS * STEPS // peer.block)
        steps, test = timed(lambda: [peer.steps(peer.block) for _ in range(blocks)]), timed(peer.test)
        n = blocks * peer.block
        say(cpu=[steps[0] / n, test[0]], wall=[steps[1] / n, test[1]], steps=n)


main()
