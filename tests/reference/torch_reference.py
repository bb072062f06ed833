#!/usr/bin/python3
"""Trains two of picky's models in PyTorch (float64): torch.nn.Linear, torch.optim.Adam, autograd.

The initial weights, the data and the batches come from reference.py's random streams; everything after is
PyTorch's. Run once, as `torch_reference.py`, to write data/torch_*.txt (the format is reference.py's); with the
argument `check` it compares instead. Needs python3-torch, which the tests that read the files do not.
"""

import os
import sys

import numpy as np
import torch

import reference

N_TASKS = 2

JOBS = dict(
    torch_standard=(dict(N_train=200, N_test=33, epochs=1, max_attempts=1), 3),
    torch_end_add=(
        dict(N_train=120, N_test=33, epochs=2, batch_size=12, hidden_size=16, hidden_layers=3, context_location="end",
             second_task="add1.5", lr=0.003, max_attempts=1), 3),
)  # fmt: skip
STRIDES = dict(hidden_weights=23)


class Network(torch.nn.Module):
    def __init__(self, h):
        super().__init__()
        self.context_layer = reference.context_layer(h)
        self.activation = torch.nn.ReLU() if h["output_activation"] == "relu" else torch.nn.Identity()
        sizes = [2] + [h["hidden_size"]] * h["hidden_layers"]
        self.hidden = torch.nn.ModuleList(
            torch.nn.Linear(n_in + (N_TASKS if layer == self.context_layer else 0), n_out)
            for layer, (n_in, n_out) in enumerate(zip(sizes, sizes[1:]), start=1)
        )
        self.out = torch.nn.Linear(h["hidden_size"], 1)

    def forward(self, x, context):
        for layer, linear in enumerate(self.hidden, start=1):
            x = torch.relu(linear(torch.cat([x, context], dim=1) if layer == self.context_layer else x))
        return self.activation(self.out(x))[:, 0]

    def load(self, w):
        """Takes weights by the record's names; biases 0."""
        with torch.no_grad():
            for layer, linear in enumerate(self.hidden, start=1):
                rows = w["input_weights"] if layer == 1 else w["hidden_weights"][layer - 2]
                if layer == self.context_layer:
                    rows = np.concatenate([rows, w["context_weights"]], axis=1)
                linear.weight.copy_(torch.from_numpy(rows))
                linear.bias.zero_()
            self.out.weight.copy_(torch.from_numpy(w["output_weights"])[None])
            self.out.bias.zero_()

    def save(self):
        rows = [linear.weight.detach().numpy() for linear in self.hidden]
        c = self.context_layer - 1
        context, rows[c] = rows[c][:, -N_TASKS :], rows[c][:, : -reference.N_TASKS]
        return dict(
            input_weights=rows[0],
            hidden_weights=np.array(rows[1:]),
            context_weights=context,
            biases=np.array([linear.bias.detach().numpy() for linear in self.hidden]),
            output_weights=self.out.weight.detach().numpy()[0],
            output_bias=self.out.bias.detach().numpy()[0],
        )


def train(hyperparameters, seed):
    h = {**reference.DEFAULTS, **hyperparameters}
    data = reference.Data(h, seed, attempt=0)
    network = Network(h)
    network.load(reference.initial_weights(h, seed, attempt=0))
    optimizer = torch.optim.Adam(network.parameters(), lr=h["lr"])
    loss_of = torch.nn.MSELoss()

    contexts = np.eye(N_TASKS)
    train_set = [torch.from_numpy(a) for a in (data.train_x, contexts[data.train_task], data.train_target)]
    test_sets = [
        [torch.from_numpy(a) for a in (data.test_x[t], np.tile(contexts[t], (h["N_test"], 1)), data.test_target[t])]
        for t in range(N_TASKS)
    ]

    def test_errors():
        return [(network(x, context) - target).abs().mean().item() for x, context, target in test_sets]

    def train_set_loss():
        x, context, target = train_set
        return loss_of(network(x, context), target).item()

    train_loss, test_error = [train_set_loss()], [test_errors()]
    for epoch in reference.batches(h, seed, attempt=0):
        losses = []
        for batch in epoch:
            x, context, target = (a[batch] for a in train_set)
            optimizer.zero_grad()
            loss = loss_of(network(x, context), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        train_loss.append(np.mean(losses))
        test_error.append(test_errors())
    test_loss = [loss_of(network(x, context), target).item() for x, context, target in test_sets]
    return dict(train_loss=train_loss, test_error=test_error, test_loss=test_loss, **network.save())


def main(arguments):
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    status = 0
    for name, (hyperparameters, seed) in JOBS.items():
        path = os.path.join(reference.DATA, name + ".txt")
        arrays = train(hyperparameters, seed)
        # The two references must agree far below float32's rounding.
        numpy_arrays = reference.model(hyperparameters, seed, attempt=0)
        for field, value in arrays.items():
            if not np.allclose(value, numpy_arrays[field], 1e-9, 1e-11):
                print(f"{name}: {field} differs between PyTorch and NumPy", file=sys.stderr)
                status = 1
        if numpy_arrays["alive"] < 0.5 or numpy_arrays["kink_margin"] < 1e-6:
            print(f"{name}: seed {seed} makes no good test case", file=sys.stderr)
            status = 1
        if arguments == ["check"]:
            for field, (stride, values) in reference.read_arrays(path).items():
                if not np.allclose(np.ravel(arrays[field])[::stride], values, 1e-7, 1e-12):
                    print(f"{path}: {field} differs from what PyTorch computes", file=sys.stderr)
                    status = 1
        else:
            reference.write_arrays(path, f"Written by torch_reference.py with PyTorch {torch.__version__}.",
                                   hyperparameters, seed, arrays, STRIDES)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
