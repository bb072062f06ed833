#!/usr/bin/env python3
"""Do intervals, verdicts and corrected p values do what they promise? Draws data whose truth is known, from fixed streams,
and lets the programs judge it.

Usage: simulated_truth.py PICKY_ANALYSE STATISTICS_TABLE [--share X]

--share   of the full number of simulations (default 1: five minutes; 0.02 is what ./test.sh does). With fewer the limits
          allow for what chance may do: three standard errors, and one case.

STATISTICS_TABLE is build/tests/analysis/statistics_table. Needs h5py and NumPy. Exit code 1 if a limit is passed.
"""
import argparse
import csv
import io
import os
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "tests/analysis/file"))
import make_file

VALUES_MAX = 16000  # of one question to statistics_table
SESOI = 0.05
CONTROL, SPREAD = 0.5, 0.12
failures = []


def check(is_good, text):
    print(("   " if is_good else "** ") + text, flush=True)
    if not is_good:
        failures.append(text)


def slack(n, p):
    """What chance may add to a share of n, if n is not the full number."""
    return 0 if args.share >= 1 else 3 * np.sqrt(p * (1 - p) / n) + 1 / n


def ask(lines):
    done = subprocess.run([args.table], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return [np.array(line.split(), "f8") for line in done.stdout.splitlines()]


# ---- coverage ----

def skewed(rng, shape):
    return rng.beta(1, 4, shape)


def counted(rng, shape):
    return rng.binomial(50, rng.random(shape) ** 2) / 50


def paired(rng, shape):
    """Differences of two shares of one seed, which depend on each other."""
    common = rng.normal(0, 0.1, shape)
    a, b = (np.clip(0.5 + common + rng.normal(0, 0.1, shape), 0, 1) for _ in range(2))
    return np.round(50 * b) / 50 - np.round(50 * a) / 50


def very_skewed(rng, shape):
    return rng.beta(0.6, 5.4, shape)


KINDS = (("paired differences", paired, 0, {6: 0.93, 10: 0.93, 30: 0.93, 100: 0.93}),
         ("Beta(1, 4)", skewed, 0.2, {6: 0.90, 10: 0.93, 30: 0.93, 100: 0.93}),
         ("k/50, p = u^2", counted, 1 / 3, {6: 0.90, 10: 0.93, 30: 0.93, 100: 0.93}),
         ("Beta(0.6, 5.4), reported only", very_skewed, 0.1, {6: 0, 10: 0, 30: 0, 100: 0}))


def check_coverage(n_draws):
    for kind, (name, draw, truth, limits) in enumerate(KINDS):
        for n, limit in limits.items():
            samples = np.float32(draw(np.random.default_rng([1, kind, n]), (n_draws, n)))
            held = 0
            step = VALUES_MAX // n
            for part in (samples[i:i + step] for i in range(0, n_draws, step)):
                found = ask([f"means {n} {len(part)} " + " ".join(f"{v:.9g}" for v in part.ravel())])[0].reshape(-1, 4)
                held += ((found[:, 1] <= truth) & (truth <= found[:, 2])).sum()
            check(held / n_draws >= limit - slack(n_draws, 0.95), f"coverage of {name}, n = {n}: {held / n_draws:.3f}"
                  + (f" (at least {limit})" if limit else ""))


# ---- verdicts ----

def normal(rng, n, truth):
    return truth + rng.normal(0, SPREAD, n)


def exponential(rng, n, truth):
    return truth + SPREAD * (rng.exponential(1, n) - 1)


def half_and_half(rng, n, truth):
    """Two populations of like size."""
    return truth + np.where(rng.random(n) < 0.5, -0.1, 0.1) + rng.normal(0, 0.03, n)


def minority(rng, n, truth):
    """Four of five models show less than the mean of all, one much more."""
    return truth - 0.06 + np.where(rng.random(n) < 0.2, 0.3, 0) + rng.normal(0, 0.02, n)


def zeros(rng, n, truth):
    return np.where(rng.random(n) < 0.2, 5 * truth + rng.normal(0, 0.05, n) * (truth != 0), 0)


SCENARIOS = [  # name, draw, seeds, the warning that there has to be
    ("normal", normal, 6, ""), ("normal", normal, 10, ""), ("normal", normal, 30, ""), ("normal", normal, 100, ""),
    ("skewed", exponential, 10, ""), ("skewed", exponential, 40, ""), ("two populations", half_and_half, 12, ""),
    ("two populations", half_and_half, 40, ""), ("a minority of 20 %", minority, 12, "under_30_seeds"),
    ("a minority of 20 %", minority, 29, "under_30_seeds"), ("80 % zeros", zeros, 12, "zeros"),
    ("80 % zeros", zeros, 40, "zeros")]


def write(path, effects, attempts=None):
    """A file with a pair of configurations (prod; identical tasks) for each row of effects [data set, seed], which lr tells
    apart: D of every layer is CONTROL + effect, or CONTROL."""
    n_sets, n = effects.shape
    base = dict(make_file.DEFAULTS, hidden_size=20, hidden_layers=1, epochs=1)
    configs = [dict(base, lr=(1 + i) / 1e4, **tasks) for tasks in (
        {}, dict(second_task="add1"), dict(tasks="x0 * x1; x0 * x1")) for i in range(n_sets)]
    distance = np.concatenate([CONTROL + effects, *2 * [np.full_like(effects, CONTROL)]])
    importance = np.zeros((len(configs), n, 6, 2, 1, 20), "f4")
    importance[..., 0, 0, 0] = 1
    importance[..., 1, 0, 0] = 1 - distance[:, :, None]
    importance[..., 1, 0, 1] = distance[:, :, None]
    with h5py.File(path, "w", libver=("v108", "v108")) as f:
        f.attrs["picky_schema_version"] = np.int32(1)
        f.attrs["sweep_name"] = "simulated"
        f.attrs["seed"], f.attrs["store"] = 1, ""
        f.create_group("provenance")
        f.create_dataset("measure", data=make_file.MEASURES, dtype=h5py.string_dtype())
        f["status"] = np.ones((len(configs), n), "u1")
        f["attempts"] = np.ones((len(configs), n), "u2")
        if attempts is not None:
            f["attempts"][:n_sets] = attempts
        f["seed"] = np.arange(1, n + 1)[None].repeat(len(configs), 0)
        f["importance"] = importance
        small = dict(attempt_error=(10, 2), train_loss=(2,), test_error=(2, 2), test_loss=(2,), loss_change=(2, 1, 20),
                     mean_activation=(2, 1, 20), relative_importance=(6, 1, 1, 20))
        for key, shape in small.items():
            f[key] = np.full((len(configs), n, *shape), 0.01, "f4")
        make_file.write_tasks(f, configs)
        for key, value in make_file.DEFAULTS.items():
            values = ["" if key == "second_task" and "tasks" in c else c[key] for c in configs]
            if isinstance(value, str):
                f.create_dataset(key, data=values, dtype=h5py.string_dtype())
            else:
                f.create_dataset(key, data=np.array(values, "i8" if isinstance(value, int) else "f8"))


def judge(effects, attempts=None):
    """The program's row of two_subnetworks for each data set."""
    write("simulated.h5", np.clip(effects, -CONTROL, 1 - CONTROL), attempts)
    out = subprocess.run([args.analyse, "claims", "simulated.h5", "--csv", "--measure", "ablation_mean", "--by", "lr"],
                         capture_output=True, text=True, check=True).stdout
    found = {}
    for row in csv.DictReader(io.StringIO(out)):
        found.setdefault(row["lr"], row)  # the first is two_subnetworks, as it is judged
    assert len(found) == len(effects) and {row["claim"] for row in found.values()} == {"two_subnetworks"}, found
    return list(found.values())


def is_wrong(decision, truth):
    return (decision == "larger" and truth <= SESOI or decision == "reversed" and truth >= -SESOI or
            decision == "negligible" and abs(truth) >= SESOI)


def check_verdicts(n_sets):
    for s, (name, draw, n, warning) in enumerate(SCENARIOS):
        for t, truth in enumerate((0, SESOI, 2 * SESOI, -SESOI)):
            rng = np.random.default_rng([2, s, t])
            found = judge(np.array([draw(rng, n, truth) for _ in range(n_sets)]))
            decisions = [row["decision"] for row in found]
            n_wrong = sum(is_wrong(d, truth) for d in decisions)
            tally = ", ".join(f"{decisions.count(d)} {d}" for d in sorted(set(decisions)))
            text = f"{name}, n = {n}, truth {truth:+.2f}: {tally}; {n_wrong} wrong"
            if warning:
                n_warned = sum(warning in row["warnings"] for row in found)
                check(n_warned / n_sets >= 0.95 - slack(n_sets, 0.95), f"{text}; {n_warned} warned (95 % at least)")
            else:
                check(n_wrong / n_sets <= 0.09 + slack(n_sets, 0.05), f"{text} (9 % at most)")


def check_selected(n_sets):
    """Nothing differs between models of one attempt; three pairs in ten accepted different ones, by what they show."""
    for n in (12, 40):
        rng = np.random.default_rng([3, n])
        other = rng.random((n_sets, n)) < 0.3
        effects = np.where(other, 0.35, 0) + rng.normal(0, 0.05, (n_sets, n))
        decisions = [row["decision"] for row in judge(effects, np.where(other, 2, 1))]
        n_wrong = decisions.count("larger")
        check(n_wrong / n_sets <= 0.09 + slack(n_sets, 0.05), f"selected, n = {n}: {decisions.count('selection')} selection, "
              f"{decisions.count('undecided')} undecided; {n_wrong} wrong (9 % at most)")


def check_few(n_sets):
    rng = np.random.default_rng(4)
    decisions = {row["decision"] for row in judge(rng.normal(0.3, 0.01, (max(n_sets // 10, 2), 5)))}
    check(decisions == {"too few"}, f"five seeds: {', '.join(decisions)}")


# ---- families ----

def check_families(n_families):
    for n in (6, 8, 10):
        rng = np.random.default_rng([5, n])
        n_alarms = 0
        for first in range(0, n_families, 200):
            count = min(200, n_families - first)
            common = rng.normal(size=(count, 1, n))
            # Shares k/50 among them, rows that depend on each other, and heavy tails.
            rows = 0.7 * common + np.where(np.arange(20)[:, None] % 3 == 0, rng.standard_t(3, (count, 20, n)),
                                           rng.normal(size=(count, 20, n)))
            rows[:, ::2] = np.round(5 * rows[:, ::2]) / 50
            lines = [f"family 20 {n} " + " ".join(f"{v:.9g}" for v in np.float32(r).ravel()) for r in rows]
            n_alarms += sum(np.nanmin(found[1:]) < 0.05 for found in ask(lines))
        limit = 0.05 + 3 * np.sqrt(0.05 * 0.95 / n_families)
        check(n_alarms / n_families <= limit, f"max-T, {n} seeds, 20 rows: a false alarm in {n_alarms / n_families:.4f} of "
              f"{n_families} families ({limit:.4f} at most)")


def main():
    check_coverage(max(int(2000 * args.share), 100))
    n_sets = max(int(200 * args.share), 4)
    check_verdicts(n_sets)
    check_selected(n_sets)
    check_few(n_sets)
    check_families(max(int(4000 * args.share), 100))
    print(f"{len(failures)} limits passed" if failures else "all limits kept")
    return 1 if failures else 0


parser = argparse.ArgumentParser()
parser.add_argument("analyse", type=os.path.abspath)
parser.add_argument("table", type=os.path.abspath)
parser.add_argument("--share", type=float, default=1)
args = parser.parse_args()
with tempfile.TemporaryDirectory(prefix="picky-truth-") as folder:
    os.chdir(folder)
    code = main()
    os.chdir("/")
sys.exit(code)
