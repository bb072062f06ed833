#!/usr/bin/env python3
"""Old picky beside new picky: lone jobs, full sets, and the measures of both.

User CPU time of the two programs run in turn, medians of the ratios of pairs, with least and most: other users of the
machine slow both down alike. Usage:

    tests/bench/layouts.py OLD_PICKY NEW_PICKY [--rounds N] [--sizes 50,100,200,400] [--simd avx2] [--only lone|full|measures]

Lone jobs are `picky train`, start-up and measures included. Full sets are jobs of one configuration that fill a pack,
one attempt each (`picky run`, one rank), as many as the widest pack holds. Measures are those of a model, or of a full
set, that hardly trains. The limits are those that the layouts were made for, with AVX-512.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

LONE_LIMIT = {50: .45, 100: .22, 200: .16, 400: .12}
FULL_LIMIT = {50: 1.0, 100: .90, 200: .94, 256: .80, 400: .58}
MEASURES_LIMIT = {400: 1 / 8}
FULL_MEASURES_LIMIT = {100: 1 / 1.15, 200: 1 / 1.15}
SWEEP = """name = "full set"; replicates = %d; store = []; model = { hidden_size = %d; max_attempts = 1; epochs = %d;
output_activation = "linear"; N_train = %d; N_test = %d; };
"""


def user_s(command, env):
    """User CPU seconds of a command, its children included."""
    with open(os.devnull, "wb") as null:
        process = subprocess.Popen(command, stdout=null, stderr=null, env=env)
        _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command)}: exit code {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime


def train(size, *settings):
    command = ["train", "--set", f"hidden_size={size}", "--set", "max_attempts=1"]
    for setting in settings:
        command += ["--set", setting]
    return lambda picky, folder: [picky, *command]


def full(size, lanes):
    """About a second's worth; hardly any measures."""
    n_sets, epochs, n_train = (4, 20, 1000) if size <= 50 else (2, 10, 1000) if size <= 100 else \
        (1, 3, 1000) if size <= 200 else (1, 1, 1000) if size <= 256 else (1, 1, 500)
    return run(n_sets * lanes, size, epochs, n_train, 1)


def full_measures(size, lanes):
    """Hardly any training."""
    n_sets = 8 if size <= 50 else 2 if size <= 100 else 1
    return run(n_sets * lanes, size, 1, 10, 100)


def run(n_jobs, size, epochs, n_train, n_test):
    def command(picky, folder):
        sweep, results = os.path.join(folder, "sweep.cfg"), os.path.join(folder, "out.h5")
        with open(sweep, "w") as file:
            file.write(SWEEP % (n_jobs, size, epochs, n_train, n_test))
        if os.path.exists(results):
            os.remove(results)
        return [picky, "run", sweep, "-o", results]

    return command


def compare(what, command, arguments, env, folder, limit):
    ratios, old, new = [], [], []
    for _ in range(arguments.rounds):
        old.append(user_s(command(arguments.old, folder), env))
        new.append(user_s(command(arguments.new, folder), env))
        ratios.append(new[-1] / max(old[-1], 1e-3))
    median = statistics.median(ratios)
    verdict = "" if limit is None else f"  limit {limit:.2f} {'held' if median <= limit else 'MISSED'}"
    print(f"{what:28} old {statistics.median(old):7.3f} s  new {statistics.median(new):7.3f} s  "
          f"ratio {median:.3f} ({min(ratios):.3f} - {max(ratios):.3f}){verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", default="50,100,200,256,400", help="hidden sizes, with commas")
    parser.add_argument("--simd", help="instruction set of both (default: the widest)")
    parser.add_argument("--only", choices=["lone", "full", "measures"])
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    env = dict(os.environ)
    if arguments.simd:
        env["PICKY_SIMD"] = arguments.simd
    lanes = {"avx512": 16, "avx2": 8, "neon": 4, "portable": 4}.get(arguments.simd, 16)
    is_avx512 = arguments.simd in (None, "avx512")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            if arguments.only in (None, "lone"):
                compare(f"lone job, H = {size}", train(size), arguments, env, folder,
                        LONE_LIMIT.get(size) if is_avx512 else None)
        for size in sizes:
            if arguments.only in (None, "full"):
                compare(f"full set of {lanes}, H = {size}", full(size, lanes), arguments, env, folder,
                        FULL_LIMIT.get(size) if is_avx512 else None)
        for size in sizes:
            if arguments.only in (None, "measures"):
                compare(f"measures alone, H = {size}", train(size, "epochs=1", "N_train=10"), arguments, env, folder,
                        MEASURES_LIMIT.get(size) if is_avx512 else None)
                compare(f"measures of {lanes}, H = {size}", full_measures(size, lanes), arguments, env, folder,
                        FULL_MEASURES_LIMIT.get(size) if is_avx512 else None)


if __name__ == "__main__":
    main()
