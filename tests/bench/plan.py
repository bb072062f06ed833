#!/usr/bin/env python3
"""Whether `picky plan` is right: its interval of CPU time beside what the runs took, for some sweeps and ten seeds each.

The truth is the CPU time of all ranks in training and measures, as the run's file has it (/provenance/
training_cpu_time). The claim: the high end is at most twice the low end, and the truth lies between in 9 of 10 seeds.
Usage:

    tests/bench/plan.py [--picky PATH] [--seeds N] [--only WORD]

Sweeps on two ranks are run by mpirun. All take some 12 minutes of a quiet core; other users of the machine make CPU time
longer and shorter. Needs h5py.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

# Name, ranks, replicates, settings, grid.
CASES = [
    ("one of 400", 1, 1, "hidden_size = 400;", ""),
    ("two of 200", 1, 2, "hidden_size = 200;", ""),
    ("one of 50", 1, 1, "", ""),
    ("five of 50", 1, 5, "", ""),
    ("fifteen of 50", 1, 15, "", ""),
    ("fifteen of 16", 1, 15, "hidden_size = 16;", ""),
    ("mixed sizes", 1, 3, "", "hidden_size = [8, 16, 30, 50, 70, 100, 130];"),
    ("mixed sizes, 2 ranks", 2, 3, "", "hidden_size = [8, 16, 30, 50, 70, 100, 130];"),
    ("mixed lengths", 1, 4, "", "epochs = [2, 5, 10, 20]; hidden_size = [20, 50];"),
    ("fifteen of 50, 2 ranks", 2, 15, "", ""),
    ("hard", 1, 7, "error_threshold = 0.01;", ""),
    ("hard, one of 100", 1, 1, "hidden_size = 100; error_threshold = 0.01;", ""),
    ("never learnt", 1, 7, "error_threshold = 1e-6; max_attempts = 5;", ""),
    ("half never learnt", 1, 4, "max_attempts = 8;", "error_threshold = [0.05, 1e-6]; hidden_size = [20, 50];"),
]
SWEEP = 'name = "%s"; replicates = %d; seed = %d; store = []; model = { %s }; grid = { %s };\n'
COST = re.compile(r"^core-hours +([\d.e+-]+) to ([\d.e+-]+) ", re.MULTILINE)


def run(command):
    env = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=env)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "build" / "picky"
    parser.add_argument("--picky", type=Path, default=default)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", default="", help="cases with this in their name")
    options = parser.parse_args()
    print("| sweep | ranks | planned, s (first seed) | took, s: median (least - most) | within | high / low, most |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        sweep, results = Path(folder, "sweep.cfg"), Path(folder, "out.h5")
        for name, n_ranks, replicates, settings, grid in CASES:
            if options.only not in name:
                continue
            planned, took = [], []
            for seed in range(options.seeds):
                sweep.write_text(SWEEP % (name, replicates, 1 + 1000 * seed, settings, grid))
                low, high = (3600 * float(hours) for hours in COST.search(run([options.picky, "plan", sweep])).groups())
                launcher = ["mpirun", "-n", n_ranks, "--bind-to", "none"] if n_ranks > 1 else []
                results.unlink(missing_ok=True)
                run([*launcher, options.picky, "run", sweep, "-o", results])
                with h5py.File(results) as file:
                    took.append(float(file["provenance/training_cpu_time"][()]))
                planned.append((low, high))
            within = sum(low <= s <= high for (low, high), s in zip(planned, took))
            print(f"| {name} | {n_ranks} | {planned[0][0]:.3g} to {planned[0][1]:.3g} | {statistics.median(took):.3g} "
                  f"({min(took):.3g} - {max(took):.3g}) | {within} of {options.seeds} | "
                  f"{max(high / low for low, high in planned):.2f} |", flush=True)


if __name__ == "__main__":
    main()
