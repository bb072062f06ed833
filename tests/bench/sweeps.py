#!/usr/bin/env python3
"""Whole sweeps: jobs a second, and where the time goes, as a Markdown table for README.

    tests/bench/sweeps.py [--picky PATH] [--rounds N] [--ranks 1,2] [--only WORD]

The shipped sweeps, and one of many shapes (ten widths, ten replicates), on one rank and on two (mpirun), in turn;
medians of the rounds with least and most of the jobs a second. `busy`, `lanes filled`, `full packs` (what full packs
would take by the estimate of picky bench, over the CPU time) and `tail` are what the runs say of themselves in
/provenance. All sweeps take some 12 minutes of two quiet cores in one round. Needs h5py.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parents[2]
WIDTHS = 'name = "ten widths"; replicates = 10; grid = { hidden_size = [5, 10, 20, 30, 40, 50, 60, 70, 85, 100]; };\n'
NAMES = ("busy_share", "lane_occupancy", "full_pack_speed", "tail", "run_time", "job_rate")


def run(picky, sweep, n_ranks, results):
    """What /provenance says of the run, and the number of jobs."""
    launcher = ["mpirun", "-n", n_ranks, "--bind-to", "none"] if n_ranks > 1 else []
    env = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    results.unlink(missing_ok=True)
    done = subprocess.run([str(word) for word in [*launcher, picky, "run", sweep, "-o", results]], capture_output=True,
                          text=True, env=env)
    if done.returncode:
        sys.exit(f"{sweep}: exit code {done.returncode}\n{done.stderr}")
    with h5py.File(results) as file:
        return {name: float(file["provenance"][name][()]) for name in NAMES} | {"jobs": file["status"].size}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picky", type=Path, default=ROOT / "build" / "picky")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--ranks", default="1,2", help="with commas")
    parser.add_argument("--only", default="", help="sweeps with this in their name")
    options = parser.parse_args()
    ranks = [int(n) for n in options.ranks.split(",")]
    print("| sweep | jobs | ranks | jobs a second (least - most) | busy | lanes filled | full packs | tail, s |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        widths, results = Path(folder, "ten_widths.cfg"), Path(folder, "out.h5")
        widths.write_text(WIDTHS)
        for sweep in [widths, *sorted((ROOT / "sweeps").glob("*.cfg"))]:
            if options.only not in sweep.stem:
                continue
            runs = {n: [] for n in ranks}
            for _ in range(options.rounds):
                for n in ranks:
                    runs[n].append(run(options.picky, sweep, n, results))
            for n in ranks:
                median = {name: statistics.median(one[name] for one in runs[n]) for name in NAMES}
                rates = [one["job_rate"] for one in runs[n]]
                print(f"| {sweep.stem} | {runs[n][0]['jobs']:,} | {n} | {median['job_rate']:.3g} ({min(rates):.3g} - "
                      f"{max(rates):.3g}) | {median['busy_share']:.0%} | {median['lane_occupancy']:.0%} | "
                      f"{median['full_pack_speed']:.0%} | {median['tail']:.2g} |", flush=True)


if __name__ == "__main__":
    main()
