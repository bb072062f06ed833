#!/usr/bin/env python3
"""The constants of the cost function (src/jobs/cost.c), fitted to what `picky bench` measures here.

    tests/bench/fit_costs.py [--picky PATH] [--simd avx512,avx2] [--sizes ...]

Prints a row of the table for each instruction set, to be pasted, and how far the fit is off, by layout. Two batch sizes
tell multiply-adds from updates. Some two minutes of a quiet core for each instruction set; needs numpy.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np


def measure(picky, simd, sizes, batch):
    command = [picky, "bench", "--json", "--training", "--rounds", "3", "--simd", simd, "--hidden-size", sizes, "--set",
               f"batch_size={batch}"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)["training"]


def fit(lines):
    """Costs of a multiply-add and of an update, both above 0, that make relative errors least; and these errors."""
    ns = np.array([1e6 * line["ms_per_attempt"] * line["lanes"] for line in lines])
    terms = np.array([[line["multiply_adds"], line["updates"]] for line in lines])
    rest = np.array([line["rest_ns"] for line in lines])
    costs = np.linalg.lstsq(terms / ns[:, None], 1 - rest / ns, rcond=None)[0]
    return costs, (terms @ costs + rest) / ns


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "build" / "picky"
    parser.add_argument("--picky", type=Path, default=default)
    parser.add_argument("--simd", default="avx512,avx2,portable", help="with commas")
    parser.add_argument("--sizes", default="5,16,32,50,100,200,400")
    options = parser.parse_args()
    for simd in options.simd.split(","):
        lines = [line for batch in (10, 40) for line in measure(options.picky, simd, options.sizes, batch)]
        (mul, update), off = fit([line for line in lines if line["layout"] == "models"])
        (mul_units, update_units), off_units = fit([line for line in lines if line["layout"] == "units"])
        print(f'    {{"{simd}", {mul:.3g}, {mul_units:.3g}, {update:.3g}, {update_units:.3g}}},  '
              f"// estimate / measured: models {off.min():.2f} to {off.max():.2f}, units {off_units.min():.2f} to "
              f"{off_units.max():.2f}", flush=True)


if __name__ == "__main__":
    main()
