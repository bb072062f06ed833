#!/usr/bin/env python3
"""The constants of the cost function (src/jobs/cost.c), fitted to what `picky bench` measures here.

    tests/bench/fit_costs.py [--picky PATH] [--simd avx512,avx2] [--sizes ...] [--batches ...]

Prints a row of the table for each instruction set, to be pasted, and how far the fit is off, by layout. Sizes of batches
tell multiply-adds from updates. Some three minutes of a quiet core for each instruction set; needs NumPy and SciPy.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import scipy.optimize

N_SILENCED = 2  # the last of the costs are of the measures


def measure(options, simd, batch, *more):
    command = [options.picky, "bench", "--json", "--rounds", "3", "--simd", simd, "--hidden-size", options.sizes, "--set",
               f"batch_size={batch}", *more]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def fit(terms, ns):
    """Costs of each term, none below 0, that make relative errors least; and estimate / measured."""
    terms, ns = np.array(terms), np.array(ns)
    costs = scipy.optimize.nnls(terms / ns[:, None], np.ones(len(ns)))[0]
    return costs, terms @ costs / ns


def row(training, measures, layout):
    """One layout's costs, and estimates over what was measured, of training and of measures."""
    lines = [line for line in training if line["layout"] == layout]
    lanes = {line["hidden_size"]: line["lanes"] for line in lines}
    costs, off = fit([line["costs"][:-N_SILENCED] for line in lines],
                     [1e6 * line["ms_per_attempt"] * line["lanes"] for line in lines])
    lines = [line for line in measures if line["layout"] == layout]
    silenced, off_silenced = fit([line["costs"][-N_SILENCED:] for line in lines],
                                 [1e6 * line["ms_per_model"]["median"] * lanes[line["hidden_size"]] for line in lines])
    return "{" + ", ".join(f"{cost:.3g}" for cost in [*costs, *silenced]) + "}", off, off_silenced


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "build" / "picky"
    parser.add_argument("--picky", type=Path, default=default)
    parser.add_argument("--simd", default="avx512,avx2,portable", help="with commas")
    parser.add_argument("--sizes", default="5,8,16,24,32,50,64,80,100,128,160,200,256,400", help="with commas")
    parser.add_argument("--batches", default="10,40,160", help="with commas")
    options = parser.parse_args()
    for simd in options.simd.split(","):
        batches = options.batches.split(",")
        first = measure(options, simd, batches[0])
        training = first["training"] + [line for batch in batches[1:]
                                        for line in measure(options, simd, batch, "--training")["training"]]
        rows = {layout: row(training, first["measures"], layout) for layout in ("models", "units")}
        print(f'    {{"{simd}", {rows["models"][0]}, {rows["units"][0]}}},')
        for layout, (_, off, silenced) in rows.items():
            print(f"        {layout}: estimate / measured {off.min():.2f} to {off.max():.2f}, of measures "
                  f"{silenced.min():.2f} to {silenced.max():.2f}", flush=True)


if __name__ == "__main__":
    main()
