#!/usr/bin/env python3
"""A random sweep in any number of shards, merged in any order, is the file of one run, bit for bit.

Usage: random_shards.py PICKY
The seed is printed; PICKY_TEST_SEED=N gives the same sweeps and shards again."""
import os
import random
import subprocess
import sys
import tempfile
import time

ROUNDS, SECONDS = 12, 3  # at most so many, and no new one after so much processor time of picky
COMPARE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "compare_results.py")
PICKY = os.path.abspath(sys.argv[1])


def run(expected, *command):
    done = subprocess.run([PICKY, *command], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == expected, f"picky {' '.join(command)}: {done.returncode}, not {expected}: {done.stderr}"


def values(rng, *choices):
    """Some of the choices, as a list of a grid."""
    return "(" + ", ".join(rng.sample(choices, rng.randint(1, len(choices)))) + ")"


def random_sweep(rng):
    """A sweep file: a few configurations of several shapes, of which some models are accepted, rejected and diverge."""
    grid = {
        "hidden_size": ("3", "4", "9"), "context_location": ('"start"', "2", '"end"'), "fraction": ("0.3", "0.5"),
        "train_mode": ('"random"', '"replay"', '"sequential"'), "optimizer": ('"adam"', '"sgd"'), "lr": ("0.001", "5.0"),
        "second_task": ('"prod"', '"add1.5"'), "output_activation": ('"relu"', '"linear"'), "N_test": ("3", "20"),
    }
    axes = rng.sample(sorted(grid), rng.randint(0, 3))
    fixed = [name for name in sorted(grid) if name not in axes]
    store = rng.sample(["weights", "initial_weights", "test_set", "train_set"], rng.randint(0, 4))
    text = f"replicates = {rng.randint(1, 9)}; seed = {rng.randint(0, 10**6)};\n"
    text += "store = [" + ", ".join(f'"{name}"' for name in store) + "];\n"
    text += "model = { hidden_layers = 3; N_train = 60; epochs = 2; max_attempts = 2; error_threshold = 0.4;"
    text += "".join(f" {name} = {rng.choice(grid[name])};" for name in fixed) + " };\n"
    text += "grid = {" + "".join(f" {name} = {values(rng, *grid[name])};" for name in axes) + " };\n"
    return text


def one_round(rng):
    with open("sweep.cfg", "w") as file:
        file.write(random_sweep(rng))
    run(0, "run", "sweep.cfg", "-o", "whole.h5")
    n = rng.randint(2, 6)
    parts = []
    for i in range(1, n + 1):
        part = f"part-{i}.h5"
        command = [PICKY, "run", "sweep.cfg", "--shard", f"{i}/{n}", "-o", part]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        if done.returncode == 2 and "no job of the sweep belongs to it" in done.stderr:
            continue  # more shards than jobs
        assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}: {done.stderr}"
        parts.append(part)
    rng.shuffle(parts)
    # Perhaps by way of a file of some, and with one part twice.
    if len(parts) > 2 and rng.random() < 0.5:
        first = rng.randint(1, len(parts) - 1)
        run(75, "merge", "-o", "some.h5", *parts[:first])
        parts = ["some.h5", *parts[first - 1:]]
    run(0, "merge", "-o", "merged.h5", *parts)
    done = subprocess.run(["/usr/bin/python3", "-B", COMPARE, "whole.h5", "merged.h5"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, f"{done.stdout}{open('sweep.cfg').read()}"
    for name in os.listdir("."):
        os.remove(name)
    return len(parts)


def main():
    seed = int(os.environ.get("PICKY_TEST_SEED", time.time_ns() % 10**9))
    print(f"PICKY_TEST_SEED={seed}", flush=True)
    rng, rounds, parts = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        while rounds < ROUNDS and (rounds < 3 or os.times().children_user + os.times().children_system < SECONDS):
            parts += one_round(rng)
            rounds += 1
        os.chdir("/")
    print(f"{rounds} sweeps, {parts} parts merged")


if __name__ == "__main__":
    main()
