"""Checks picky-analyse summary, number by number, against what NumPy and SciPy make of the file.

check_summary.py PICKY_ANALYSE STATISTICS_TABLE [unittest arguments]
Needs h5py, NumPy and SciPy.
"""
import csv
import functools
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zlib

try:
    import h5py
    import numpy as np
    import scipy.stats
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.dont_write_bytecode = True  # nothing is left among the sources
sys.path += [os.path.join(os.path.dirname(os.path.abspath(__file__)), folder) for folder in ("../file", "../statistics")]
import make_file
import statistics_table
from make_file import ACCEPTED, DIVERGED, ERROR, MEASURES, PENDING, REJECTED

PROGRAM, TABLE = map(os.path.abspath, sys.argv[1:3])
PROGRESS = re.compile(r"picky-analyse: \d+ of \d+ .* left\n")  # of work that takes long
STATISTICS = ["acceptance", "attempt_acceptance", "error_1", "error_2", "log_loss_ratio", "mean_ri", "selective",
              "selective_1", "selective_2", "mixed", "unimportant", "dip", "two_peaks"]
# Several pairs that differ in one hyperparameter.
CONFIGS = [dict(hidden_size=24), dict(hidden_size=24, second_task="add1.5"), dict(hidden_size=6),
          dict(hidden_size=24, context_location="end"), dict(hidden_size=24, train_mode="replay"),
          dict(hidden_size=20, second_task="add2", fraction=0.2), dict(hidden_size=20, second_task="add2", fraction=0.7),
          dict(hidden_size=24, fraction=0.7), dict(hidden_size=24, fraction=0.4)]


answers = {}


def digest(path):
    with open(path, "rb") as f:
        return zlib.crc32(f.read())


def run(*args):
    """Exit code, standard output and standard error. What has been printed of a file with these contents is remembered."""
    args = tuple(map(str, args))
    key = args + tuple(digest(path) for path in args if path.endswith(".h5") and os.path.isfile(path))
    if key not in answers or "-o" in args:
        done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=100)
        answers[key] = done.returncode, done.stdout, PROGRESS.sub("", done.stderr)
    return answers[key]


def done(*args):
    code, out, err = run(*args)
    if code != 0 or err:
        raise AssertionError((args, code, err))
    return out


def rows(*args):
    return list(csv.DictReader(io.StringIO(done(*args, "--csv"))))


def number(text):
    return float(text) if text != "" else np.nan


def ask(name, values):
    return statistics_table.answer(TABLE, f"{name} " + " ".join(f"{v:.9g}" for v in values))


@functools.lru_cache(maxsize=None)
def read(path, key):
    with h5py.File(path) as f:
        return f[key].asstr()[:] if f[key].dtype == object else f[key][:]


class Arrays:
    """A file's arrays, read once."""

    def __init__(self, path):
        self.path = path

    def __getitem__(self, key):
        return read(self.path, key)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Model:
    """One accepted model: RI [layer, unit] and more."""

    def __init__(self, f, config, replicate, measure, normalise, below=0.1):
        n_layers, n_units = int(f["hidden_layers"][config]), int(f["hidden_size"][config])
        importance = f["importance"][config, replicate, MEASURES.index(measure), :, :n_layers, :n_units].astype("f8")
        with np.errstate(invalid="ignore", divide="ignore"):
            floored = importance + 1e-3 * importance.mean(-1, keepdims=True)
            self.ratios = np.log(floored[0] / floored[1])
        a, b = np.where(importance < below * importance.mean(-1, keepdims=True), 0, importance)
        if normalise == "layer":
            sums = importance.sum(-1, keepdims=True)
            a, b = a / np.where(sums[0] > 0, sums[0], 1), b / np.where(sums[1] > 0, sums[1], 1)
        with np.errstate(invalid="ignore"):
            self.ri = (a - b) / (a + b)
        phases = 1 if f["train_mode"][config] == "random" else 2
        self.error = f["test_error"][config, replicate, phases * int(f["epochs"][config])].astype("f8")
        self.ratio = np.log(f["test_loss"][config, replicate, 0] / f["test_loss"][config, replicate, 1])
        self.selective_1, self.selective_2 = (self.ri > 0.9).mean(1), (self.ri < -0.9).mean(1)
        self.mixed = (abs(self.ri) < 0.5).mean(1)
        self.selective = self.selective_1 + self.selective_2

    def layer(self, name, layer):
        units = self.ri[layer][~np.isnan(self.ri[layer])]
        n = len(units)
        if name == "mean_ri":
            return units.mean() if n else np.nan
        if name == "unimportant":
            return 1 - n / len(self.ri[layer])
        if name in ("dip", "two_peaks"):
            if n < 10:
                return np.nan
            dip, = ask("dip", np.sort(self.ratios[layer][~np.isnan(self.ri[layer])]))
            return dip if name == "dip" else float(dip > ask("dip_critical", [n])[0])
        return getattr(self, name)[layer]


def accepted(f, config):
    return np.flatnonzero(f["status"][config] == ACCEPTED)


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.start = os.getcwd()
        cls.folder = tempfile.mkdtemp(prefix="picky-summary-")
        os.chdir(cls.folder)
        make_file.make("sizes.h5", make_file.KINDS["sizes"], 9, 0.2, seed=4)
        make_file.make("seed.h5", make_file.KINDS["seed"], 12, seed=5)
        make_file.make("pairs.h5", CONFIGS, 14, seed=6)

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.start)
        shutil.rmtree(cls.folder)

    def expected(self, f, configs, measure, normalise, layer, name):
        """Value of a statistic and the models that have one."""
        status = f["status"][:][configs]
        tried = np.isin(status, [ACCEPTED, REJECTED, DIVERGED])
        n_accepted = int((status == ACCEPTED).sum())
        if name == "acceptance":
            return n_accepted / tried.sum()
        if name == "attempt_acceptance":
            return n_accepted / f["attempts"][:][configs][tried].astype(int).sum()
        models = [Model(f, c, r, measure, normalise) for c in configs for r in accepted(f, c)]
        if name.startswith("error"):
            return np.median([m.error[int(name[-1]) - 1] for m in models])
        if name == "log_loss_ratio":
            return np.mean([m.ratio for m in models])
        values = np.array([m.layer(name, layer) if layer < len(m.ri) else np.nan for m in models])
        if np.isnan(values).all():
            return np.nan
        return np.nanmedian(values) if name == "dip" else np.nanmean(values)


class Summary(Files):
    def check_row(self, f, configs, row):
        layer = int(row["layer"]) - 1
        for name in STATISTICS:
            value, low, high = (number(row[name + end]) for end in ("", "_low", "_high"))
            expected = self.expected(f, configs, row["measure"], row["normalise"], layer, name)
            np.testing.assert_allclose(value, expected, rtol=2e-6, atol=2e-7, err_msg=f"{name} {row}")
            if np.isfinite(low):
                self.assertTrue(low <= value + 1e-9 and value <= high + 1e-9, (name, row))

    def test_csv(self):
        for options in ((), ("--normalise", "layer"), ("--measure", "variance,ablation_mean", "--layer", "1,2")):
            found = rows("summary", "sizes.h5", *options)
            with Arrays("sizes.h5") as f:
                layers = [int(n) for n in f["hidden_layers"]]
                self.assertEqual(len(found), 2 * 2 * 4 if "--layer" in options else sum(layers))
                for row in found:
                    self.check_row(f, [int(row["first_configuration"])], row)
                    config = int(row["first_configuration"])
                    self.assertEqual(row["hidden_size"], str(f["hidden_size"][config]))
                    for code, name in enumerate(["pending", "accepted", "rejected", "diverged", "error"]):
                        self.assertEqual(int(row[name]), (f["status"][config] == code).sum())

    def test_groups(self):
        with Arrays("pairs.h5") as f:
            tasks = f["second_task"]
            for by, sets in (("second_task", [(t,) for t in dict.fromkeys(tasks)]),
                             ("train_mode,fraction", [("random", "0.5"), ("replay", "0.5"), ("random", "0.2"),
                                                      ("random", "0.7"), ("random", "0.4")])):
                found = rows("summary", "pairs.h5", "--by", by, "--layer", "2")
                self.assertEqual([tuple(row[k] for k in by.split(",")) for row in found], sets)
                for row in found:
                    configs = [c for c in range(len(tasks))
                               if all(str(f[k][c]) == row[k]
                                      for k in by.split(","))]
                    self.assertEqual(int(row["n_configurations"]), len(configs))
                    self.check_row(f, configs, row)
                    # Attempts of configurations that start alike are one draw.
                    starts = {(f["hidden_size"][c], f["hidden_layers"][c], f["context_location"][c]) for c in configs}
                    status, attempts = f["status"][:][configs], f["attempts"][:][configs]
                    k, n = (status == ACCEPTED).sum(), attempts[np.isin(status, [ACCEPTED, REJECTED, DIVERGED])].sum()
                    share = len(starts) / len(configs)
                    interval = scipy.stats.binomtest(round(k * share), round(int(n) * share)).proportion_ci(0.95, "wilson")
                    np.testing.assert_allclose([number(row["attempt_acceptance" + end]) for end in ("_low", "_high")],
                                               interval, atol=1e-6)

    def test_cut_offs(self):
        options = ("--selective-above", "0.6", "--mixed-below", "0.3")
        with Arrays("seed.h5") as f:
            for row in rows("summary", "seed.h5", *options):
                c, layer = int(row["first_configuration"]), int(row["layer"]) - 1
                ri = [Model(f, c, r, "taylor_sample", "none").ri[layer] for r in accepted(f, c)]
                with np.errstate(invalid="ignore"):
                    for name, is_one in (("selective", lambda x: abs(x) > 0.6), ("selective_1", lambda x: x > 0.6),
                                         ("selective_2", lambda x: x < -0.6), ("mixed", lambda x: abs(x) < 0.3)):
                        self.assertAlmostEqual(number(row[name]), np.mean([is_one(x).mean() for x in ri]), delta=1e-6)
                self.assertEqual([row["selective_above"], row["mixed_below"]], ["0.6", "0.3"])
        text = done("summary", "seed.h5", *options)
        self.assertIn("(RI > 0.6), for the second (RI < -0.6); mixed (|RI| < 0.3)", text)
        self.assertIn("Selective: |RI| > 0.6; mixed: |RI| < 0.3.", done("summary", "seed.h5", "--compare", "fraction", *options))
        table = json.loads(done("summary", "seed.h5", "--json", *options))["groups"][0]["tables"][0]
        self.assertEqual([table["selective_above"], table["mixed_below"]], [0.6, 0.3])
        for option in ("--selective-above", "--mixed-below"):
            for value in ("0", "1", "x", "-0.5", ""):
                code, out, err = run("summary", "seed.h5", option, value)
                self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
                self.assertIn(f"{option} {value}: allowed: a number between 0 and 1", err)

    def test_rejected_models(self):
        """--status: rejected models count, but for those whose test errors never changed; beside accepted ones."""
        make_file.make("rejected.h5", make_file.KINDS["seed"], 14, seed=4)
        with h5py.File("rejected.h5", "r+") as f:
            status = f["status"][()]
            for c in range(len(status)):
                taken = accepted(f, c)[:5]
                status[c, taken] = REJECTED
                for r in taken[:2]:  # a dead network
                    f["test_error"][c, r] = f["test_error"][c, r, 0]
            f["status"][...] = status
        for option, codes in (("rejected", [REJECTED]), ("accepted,rejected", [ACCEPTED, REJECTED]), ("accepted", [ACCEPTED])):
            found = rows("summary", "rejected.h5", "--status", option)
            with h5py.File("rejected.h5", "r") as f:
                for row in found:
                    c, layer = int(row["first_configuration"]), int(row["layer"]) - 1
                    alive = [r for r in np.flatnonzero(np.isin(f["status"][c], codes))
                             if np.ptp(f["test_error"][c, r, :2, 0]) > 0]
                    models = [Model(Arrays("rejected.h5"), c, r, "taylor_sample", "none") for r in alive]
                    self.assertAlmostEqual(number(row["mixed"]), np.mean([m.mixed[layer] for m in models]), delta=1e-6)
                    self.assertAlmostEqual(number(row["error_1"]) / np.median([m.error[0] for m in models]), 1, delta=1e-6)
                    self.assertEqual(int(row["rejected"]), (f["status"][c] == REJECTED).sum())
                    if option == "rejected" and layer == 0:
                        n = len(models)
                        block = done("summary", "rejected.h5").split(f"\n[{c}] ")[1]
                        self.assertIn(f"rejected, but alive: {n} models\n", block)
                        line = block.split("rejected, but alive")[1].splitlines()[2]
                        self.assertAlmostEqual(float(line.split()[6]), 100 * number(row["mixed"]), delta=0.051)
        self.assertNotIn("rejected, but alive", done("summary", "rejected.h5", "--status", "rejected"))
        for word in ("diverged", "rejected,error", "pending", ""):
            code, out, err = run("summary", "rejected.h5", "--status", word)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
            self.assertIn(f"--status {word}: allowed", err)

    def test_only_some_statistics(self):
        everything, some = rows("summary", "seed.h5"), rows("summary", "seed.h5", "--statistic", "mixed,error_2")
        kept = [key for key in everything[0] if key not in some[0]]
        self.assertEqual(len(some), len(everything))
        for a, b in zip(everything, some):
            self.assertEqual({key: a[key] for key in b}, b)
        self.assertTrue({"selective", "mean_ri_low", "error_1", "bimodality"} <= set(kept))
        self.assertTrue({"mixed", "mixed_low", "error_2", "accepted", "task_2_name"} <= set(some[0]))
        tables = json.loads(done("summary", "seed.h5", "--json", "--statistic", "mixed,error_2"))["groups"][0]["tables"]
        self.assertEqual(set(tables[0]["layers"][0]), {"layer", "mixed", "histogram"})
        self.assertTrue("error_2" in tables[0] and "error_1" not in tables[0])
        text = done("summary", "seed.h5", "--statistic", "selective,log_loss_ratio").split("\n[0]")[1]
        self.assertIn("ln(loss 1 / loss 2)", text)
        self.assertRegex(text, r"(?m)^ +selective$")
        self.assertNotRegex(text, "mixed|test error|attempts")
        text = done("summary", "seed.h5", "--statistic", "error_1").split("\n[0]")[1]
        self.assertNotRegex(text, "taylor_sample|mean RI")

    def test_json_is_the_csv(self):
        for options in ((), ("--by", "hidden_size", "--measure", "all"), ("--where", "hidden_size=5")):
            flat = iter(rows("summary", "sizes.h5", *options))
            whole = json.loads(done("summary", "sizes.h5", "--json", *options))
            self.assertEqual((whole["file"], whole["configurations"], whole["replicates"]), ("sizes.h5", 4, 9))
            for group in whole["groups"]:
                for table in group["tables"]:
                    for layer in table["layers"]:
                        row = next(flat)
                        self.assertEqual({k: str(v) for k, v in group["group"].items()},
                                         {k: row[k] for k in group["group"]})
                        self.assertEqual((row["measure"], int(row["layer"])), (table["measure"], layer["layer"]))
                        for name in STATISTICS:
                            entry = layer.get(name, table.get(name))
                            for key, end in (("value", ""), ("low", "_low"), ("high", "_high")):
                                expected = number(row[name + end])
                                self.assertEqual(entry[key] is None, np.isnan(expected))
                                if entry[key] is not None:
                                    self.assertEqual(entry[key], expected)
                        shares = sum(b["value"] for b in layer["histogram"]) + layer["unimportant"]["value"]
                        self.assertAlmostEqual(shares, 1, delta=1e-6)
            self.assertIsNone(next(flat, None))

    def test_histogram(self):
        whole = json.loads(done("summary", "seed.h5", "--json"))
        with Arrays("seed.h5") as f:
            for config, group in enumerate(whole["groups"]):
                models = [Model(f, config, r, "taylor_sample", "none") for r in accepted(f, config)]
                for layer, found in enumerate(group["tables"][0]["layers"]):
                    bins = np.mean([np.histogram(m.ri[layer], np.linspace(-1, 1, 11))[0] for m in models], 0) / 50
                    np.testing.assert_allclose([b["value"] for b in found["histogram"]], bins, atol=1e-7)

    def test_intervals_are_the_bootstraps(self):
        """BCa by SciPy, at the level that small samples ask for."""
        found = rows("summary", "seed.h5", "--layer", "1")
        with Arrays("seed.h5") as f:
            for config, row in enumerate(found):
                models = [Model(f, config, r, "taylor_sample", "none") for r in accepted(f, config)]
                n = len(models)
                level = 1 - 2 * scipy.stats.norm.cdf(-scipy.stats.t.ppf(0.975, n - 1) * np.sqrt(n / (n - 1)))
                for name in ("mean_ri", "selective", "mixed"):
                    x = np.array([m.layer(name, 0) for m in models])
                    if np.isnan(x).any():
                        continue  # resamples of fewer models: not the same by SciPy
                    if np.ptp(x) < 1e-9 or n < 10:
                        self.assertEqual(row[name + "_low"] == "", np.ptp(x) < 1e-9)
                        continue
                    other = scipy.stats.bootstrap((x,), np.mean, confidence_level=level, n_resamples=10000,
                                                  method="BCa", random_state=1).confidence_interval
                    scale = x.std() / np.sqrt(n)
                    self.assertAlmostEqual(number(row[name + "_low"]), other.low, delta=0.3 * scale)
                    self.assertAlmostEqual(number(row[name + "_high"]), other.high, delta=0.3 * scale)
                interval = scipy.stats.binomtest(n, sum(int(row[k]) for k in ("accepted", "rejected", "diverged")))
                interval = interval.proportion_ci(0.95, method="wilson")
                np.testing.assert_allclose([number(row["acceptance_low"]), number(row["acceptance_high"])],
                                           [interval.low, interval.high], rtol=1e-6)

    def test_same_again(self):
        first = done("summary", "seed.h5", "--csv")
        answers.clear()
        self.assertEqual(first, done("summary", "seed.h5", "--csv"))

    def test_few_models(self):
        """No accepted model, one, two; one layer of one unit."""
        make_file.make("few.h5", [dict(hidden_size=1, hidden_layers=1, fraction=f) for f in (0.3, 0.4, 0.5)], 4, seed=7)
        with h5py.File("few.h5", "r+") as f:
            f["status"][0] = [REJECTED, ERROR, PENDING, PENDING]
            f["status"][1] = [REJECTED, ACCEPTED, PENDING, DIVERGED]
            f["status"][2] = [ACCEPTED, ACCEPTED, PENDING, PENDING]
            f["attempts"][...] = 1
            f["importance"][...] = 1e-4
            f["test_error"][...] = 0.01
            f["test_loss"][...] = 0.01
        none, one, two = rows("summary", "few.h5")
        self.assertEqual([none[k] for k in ("accepted", "mixed", "mixed_low", "error_1", "dip")], ["0", "", "", "", ""])
        self.assertEqual([none["acceptance"], none["attempt_acceptance"]], ["0", "0"])
        self.assertEqual([one[k] for k in ("mixed", "mixed_low", "mean_ri", "dip", "bimodality", "error_1_low")],
                         ["1", "", "0", "", "", ""])
        self.assertEqual([two[k] for k in ("mixed", "mixed_low", "mixed_high", "dip_low", "log_loss_ratio_low")],
                         ["1", "", "", "", ""])
        for options in ((), ("--json",), ("--csv",), ("--by", "hidden_size")):
            done("summary", "few.h5", *options)
            if options[:1] != ("--by",):
                done("claims", "few.h5", *options)
        self.assertIn("UNFINISHED", done("summary", "few.h5"))
        with h5py.File("few.h5", "r+") as f:
            f["status"][...] = PENDING
        self.assertEqual(rows("summary", "few.h5")[0]["acceptance"], "")
        json.loads(done("summary", "few.h5", "--json"))
        done("summary", "few.h5")

    def test_output_file(self):
        done("summary", "seed.h5", "--csv", "-o", "table.csv")
        with open("table.csv") as f:
            self.assertEqual(f.read(), done("summary", "seed.h5", "--csv"))

    def test_names_in_json(self):
        make_file.make("name.h5", [{}], 2, name='a "b" \\ \n \x1b c')
        self.assertEqual(json.loads(done("summary", "name.h5", "--json"))["name"], 'a "b" \\ \n \x1b c')

    def test_misuse(self):
        for words, part in (
                (["--layer", "0"], "--layer 0: allowed: N or N,N,..."), (["--layer", "1,"], "--layer 1,: allowed"),
                (["--layer", "7"], "--layer 7: allowed: 1 to 4, the layers of this file"),
                (["--by", "fracton"], "did you mean fraction?"), (["--by", ""], "--by"),
                (["--by", "fraction,fraction"], '"fraction" is there twice'),
                (["--normalise", "unit"], "--normalise unit: allowed: none, layer"),
                (["--measure", "variance,"], "--measure variance,: allowed: ablation_mean"),
                (["--compare", "fractio"], "did you mean fraction?"),
                (["--compare", "fraction=2"], "--compare fraction=2: fraction = 2"),
                (["--compare", "hidden_size"], "no two of the configurations differ in hidden_size only"),
                (["--compare", "fraction", "--statistic", "mode"], "--statistic mode: allowed: acceptance"),
                (["--compare", "fraction", "--statistic", "bimodality"], "Sarle's coefficient is no longer computed"),
                (["--top", "3"], "only with --compare"), (["--interaction", "fraction"], "only with --compare"),
                (["--compare", "second_task", "--interaction", "fractio"], "did you mean fraction?"),
                (["--compare", "fraction=0.5", "--interaction", "fraction"], "two different hyperparameters"),
                (["--compare", "second_task", "--interaction", "fraction"], "no four of the configurations have two"),
                (["--compare", "second_task", "--interaction", "fraction=x"], "--interaction fraction=x: fraction = x"), (["--simultaneous"], "only with --compare"),
                (["--compare", "fraction", "--top", "0"], "--top 0: allowed: a whole number from 1"),
                (["--compare", "fraction", "--p-below", "2"], "--p-below 2: allowed: a number above 0"),
                (["--csv", "--json"], "allowed: one of them")):
            code, out, err = run("summary", "seed.h5", *words)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), (words, err))
            self.assertIn(part, err)


class Compare(Files):
    def aligned(self, f, config_a, config_b, value):
        both = np.intersect1d(accepted(f, config_a), accepted(f, config_b))
        return [np.array([value(f, c, r) for r in both]) for c in (config_a, config_b)]

    def check(self, f, row, config_a, config_b):
        def value(f, config, replicate):
            model = Model(f, config, replicate, row["measure"], row["normalise"])
            name = row["statistic"]
            if name.startswith("error"):
                return model.error[int(name[-1]) - 1]
            return model.ratio if name == "log_loss_ratio" else model.layer(name, int(row["layer"]) - 1)
        a, b = self.aligned(f, config_a, config_b, value)
        known = ~np.isnan(a) & ~np.isnan(b)
        a, b = np.float32(a[known]), np.float32(b[known])
        self.assertEqual(int(row["pairs"]), len(a))
        sign = np.sign(b[:, None].astype("f8") - a[None])
        np.testing.assert_allclose([number(row[k]) for k in ("mean_a", "mean_b", "difference")],
                                   [a.mean(), b.mean(), (b - a).mean()], atol=3e-6)
        self.assertAlmostEqual(number(row["cliff_delta"]), sign.mean(), delta=0.02)  # rounding breaks a tie or two
        if row["difference_low"]:
            self.assertLessEqual(number(row["difference_low"]), number(row["difference"]) + 1e-9)
            self.assertGreaterEqual(number(row["difference_high"]), number(row["difference"]) - 1e-9)
        d = b - a
        if len(d) and np.diff(np.sort(abs(np.append(d, 0)))).min() > 1e-5:
            self.assertAlmostEqual(number(row["p"]), scipy.stats.wilcoxon(d, mode="exact").pvalue, delta=1e-6)

    def test_one_key(self):
        found = rows("summary", "pairs.h5", "--compare", "fraction", "--where", "second_task=prod")
        self.assertEqual({(r["value_a"], r["value_b"]) for r in found}, {("0.5", "0.7"), ("0.5", "0.4")})
        first = STATISTICS.index("mean_ri")  # acceptances are no model's; from here on each layer's
        self.assertEqual(len(found), 2 * (first - 2 + 4 * (len(STATISTICS) - first)))
        with Arrays("pairs.h5") as f:
            for row in found:
                self.check(f, row, 0, 7 if row["value_b"] == "0.7" else 8)
        p, corrected = (np.array([number(r[k]) for r in found]) for k in ("p", "p_holm"))
        p, corrected = p[~np.isnan(p)], corrected[~np.isnan(p)]
        order = np.argsort(p)
        expected = np.empty(len(p))
        expected[order] = np.minimum(1, np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order]))
        np.testing.assert_allclose(corrected, expected, rtol=1e-6)

    def test_widths(self):
        """Lines of comparisons are at most 79 columns wide, and no number leaves its column."""
        for options in (["fraction"], ["train_mode"], ["train_mode", "--measure", "all"]):
            out = done("summary", "pairs.h5", "--compare", *options)
            lines = [line for line in out.splitlines() if re.match(r" (l\.|\d |  ) \w", line) and not re.search(r"[=(]|\w$", line[:24])]
            self.assertGreater(len(lines), 20)
            for line in lines:
                self.assertEqual(len(line), 79, line)

    def test_family(self):
        """p family is the statistics_table's of the same differences; 14 seeds at most, some of them not accepted."""
        options = ("--compare", "fraction", "--where", "second_task=prod", "--statistic", "mean_ri,mixed", "--layer", "1,2")
        found = rows("summary", "pairs.h5", *options)
        differences = np.full((len(found), 14), np.nan, "f4")
        with Arrays("pairs.h5") as f:
            for row, d in zip(found, differences):
                other = 7 if row["value_b"] == "0.7" else 8
                for r in np.intersect1d(accepted(f, 0), accepted(f, other)):
                    a, b = (Model(f, c, r, "taylor_sample", "none").layer(row["statistic"], int(row["layer"]) - 1)
                            for c in (0, other))
                    d[r] = np.float32(b) - np.float32(a)
        out = ask(f"family {len(found)} 14", differences.ravel())
        np.testing.assert_allclose([number(r["p_family"]) for r in found], out[1:], atol=2e-3)
        text = done("summary", "pairs.h5", *options)
        n_tests = sum(np.nansum(abs(d)) > 1e-5 for d in differences)
        self.assertIn(f"Family: p for these {n_tests} tests together, by max-T", text)

    def test_pairs_of_different_attempts(self):
        options = ("summary", "pairs.h5", "--compare", "train_mode", "--statistic", "mixed", "--layer", "1")
        with h5py.File("pairs.h5", "r") as f:
            for row in rows(*options):
                a, b = (self.config_of(f, row, value) for value in (row["value_a"], row["value_b"]))
                both = (f["status"][a] == ACCEPTED) & (f["status"][b] == ACCEPTED)
                same = both & (f["attempts"][a] == f["attempts"][b])
                self.assertEqual([int(row["model_pairs"]), int(row["model_pairs_of_same_attempt"])], [both.sum(), same.sum()])
                self.assertTrue(0 < same.sum() < both.sum())
                self.assertIn(f"  {same.sum()} of {both.sum()} pairs of models come from the same attempt;", done(*options))
        self.assertEqual({(e["model_pairs"], e["model_pairs_of_same_attempt"])
                          for e in json.loads(done(*options, "--json"))["comparisons"]},
                         {(int(r["model_pairs"]), int(r["model_pairs_of_same_attempt"])) for r in rows(*options)})

    def config_of(self, f, row, train_mode):
        keys = [key for key in row if key in f and key != "train_mode" and f[key].ndim == 1 and len(f[key]) == len(f["status"])]
        for c in range(len(f["status"])):
            values = {key: f[key][c] for key in keys}
            if f["train_mode"].asstr()[c] == train_mode and all(
                    (v.decode() if isinstance(v, bytes) else f"{v:g}") == row[key] for key, v in values.items()):
                return c
        raise AssertionError(row)

    def test_few_seeds(self):
        for n, lines in ((4, ["p of the family is not there: no row has 6 seeds"]), (7, ["Warning: fewer than 8 seeds"]),
                         (9, ["Warning: fewer than 10 seeds for more than 20 tests"])):
            make_file.make("few.h5", [dict(hidden_size=20, fraction=f) for f in (0.4, 0.6)], n, seed=3)
            with h5py.File("few.h5", "r+") as f:
                f["status"][...] = ACCEPTED
                f["importance"][...] = f["importance"][0, 0] * np.random.default_rng(1).lognormal(0, 1, f["importance"].shape)
                f["test_error"][...] = 0.01
                f["test_loss"][...] = np.random.default_rng(2).lognormal(-6, 1, f["test_loss"].shape)
            for text in lines:
                self.assertIn(text, done("summary", "few.h5", "--compare", "fraction"))
            p = [row["p_family"] for row in rows("summary", "few.h5", "--compare", "fraction", "--statistic", "mean_ri")]
            self.assertEqual(set(p) == {""}, n < 6)
        self.assertNotIn("Warning", done("summary", "few.h5", "--compare", "fraction", "--statistic", "mean_ri"))

    def test_fewer_lines(self):
        options = ("summary", "pairs.h5", "--compare", "fraction")
        everything = rows(*options)
        effects = sorted((abs(number(r["cliff_delta"])) for r in everything if r["cliff_delta"]), reverse=True)
        top = rows(*options, "--top", "5")
        self.assertEqual(top, [r for r in everything if r in top])  # as they were: order and numbers
        self.assertEqual(sorted((abs(number(r["cliff_delta"])) for r in top), reverse=True), effects[:5])
        below = rows(*options, "--p-below", "0.2")
        self.assertEqual(below, [r for r in everything if r["p_family"] and number(r["p_family"]) < 0.2])
        self.assertEqual(rows(*options, "--p-below", "1e-9"), [])
        self.assertIn(f"0 of {len(everything)} rows are shown", done(*options, "--p-below", "1e-9"))
        self.assertEqual(json.loads(done(*options, "--p-below", "1e-9", "--json"))["comparisons"], [])

    def test_simultaneous(self):
        options = ("summary", "pairs.h5", "--compare", "train_mode", "--statistic", "mean_ri")
        alone, together = rows(*options), rows(*options, "--simultaneous")
        with Arrays("pairs.h5") as f:
            for row in together:
                a, b = self.aligned(f, 0, 4, lambda f, c, r: np.float32(
                    Model(f, c, r, "taylor_sample", "none").layer("mean_ri", int(row["layer"]) - 1)))
                d = (b - a).astype("f8")
                expected = scipy.stats.t.interval(1 - 0.05 / 4, len(d) - 1, d.mean(), scipy.stats.sem(d))
                np.testing.assert_allclose([number(row["difference_low"]), number(row["difference_high"])], expected,
                                           rtol=1e-4, atol=1e-6)
        self.assertEqual([r["p"] for r in alone], [r["p"] for r in together])
        self.assertIn("all together: Bonferroni's t", done(*options, "--simultaneous"))

    def test_sizes(self):
        """The dip depends on the number of units: it is not compared between sizes; two_peaks is."""
        make_file.make("width.h5", [dict(hidden_size=h) for h in (20, 60)], 8, seed=3)
        names = {row["statistic"] for row in rows("summary", "width.h5", "--compare", "hidden_size")}
        self.assertTrue("two_peaks" in names and "dip" not in names)
        self.assertTrue("two_peaks_identical" not in names)  # which is no model's
        for name in "dip", "two_peaks_identical":
            code, out, err = run("summary", "width.h5", "--compare", "hidden_size", "--statistic", name)
            self.assertEqual((code, out), (2, ""))
            self.assertRegex(err, rf"^picky-analyse: .*--statistic {name}: it cannot be compared.*; two_peaks can\n$")

    def test_two_peaks_of_identical_tasks(self):
        """Beside two_peaks stands that of the same configuration with one of its tasks twice, and of no other one."""
        make_file.make("identical.h5", [dict(hidden_size=24), dict(hidden_size=24, second_task="add1"),
                                        dict(hidden_size=24, context_location="end"),
                                        dict(hidden_size=24, second_task="add1", fraction=0.2)], 30, seed=8)
        found = {(row["first_configuration"], row["layer"]): row for row in rows("summary", "identical.h5")}
        layers = [str(layer + 1) for layer in range(4)]
        for end in "", "_low", "_high":
            self.assertEqual([found["0", layer]["two_peaks_identical" + end] for layer in layers],
                             [found["1", layer]["two_peaks" + end] for layer in layers])
        self.assertNotEqual([found["1", layer]["two_peaks"] for layer in layers],
                            [found["0", layer]["two_peaks"] for layer in layers])
        self.assertEqual({found[config, layer]["two_peaks_identical"] for config in "123" for layer in layers}, {""})

    def test_baseline_and_statistics(self):
        found = rows("summary", "pairs.h5", "--compare", "fraction=0.7", "--statistic", "mixed,error_2", "--layer", "3",
                     "--measure", "variance", "--normalise", "layer")
        self.assertEqual({(r["second_task"], r["value_a"], r["value_b"]) for r in found},
                         {("prod", "0.7", "0.5"), ("prod", "0.7", "0.4"), ("add2", "0.7", "0.2")})
        self.assertEqual({(r["statistic"], r["layer"]) for r in found}, {("mixed", "3"), ("error_2", "")})
        with Arrays("pairs.h5") as f:
            for row in found:
                pair = {"0.5": (7, 0), "0.4": (7, 8), "0.2": (6, 5)}[row["value_b"]]
                self.check(f, row, *pair)

    def test_averages_within_a_seed(self):
        """With --by, what is not among the keys is averaged: here two pairs of configurations of one seed."""
        make_file.make("grid.h5", [dict(hidden_size=8, fraction=f, second_task=t) for f in (0.4, 0.6)
                                   for t in ("prod", "add1.5")], 8, seed=8)
        row, = rows("summary", "grid.h5", "--compare", "fraction", "--by", "hidden_size", "--statistic", "mixed",
                    "--layer", "1")
        with Arrays("grid.h5") as f:
            seeds = []
            for r in range(8):
                pairs = [[Model(f, c, r, "taylor_sample", "none").mixed[0] for c in (a, b)] for a, b in ((0, 2), (1, 3))
                         if r in accepted(f, a) and r in accepted(f, b)]
                if pairs:
                    seeds.append(np.mean(pairs, 0))
        a, b = np.array(seeds).T
        self.assertEqual(int(row["pairs"]), len(seeds))
        np.testing.assert_allclose([number(row[k]) for k in ("mean_a", "mean_b", "difference")],
                                   [a.mean(), b.mean(), (b - a).mean()], atol=1e-6)

    def test_interaction(self):
        """A difference of differences, seed by seed; with --by, the mean of the configurations that a seed has in full."""
        configs = [dict(hidden_size=12, fraction=f, context_location=c, second_task=t)
                   for t in ("prod", "add1.5") for c in ("start", "end") for f in (0.4, 0.6, 0.8)]
        make_file.make("four.h5", configs[:-1], 9, seed=8)  # add1.5 has no (end, 0.8)

        def seeds(row, corners):
            with Arrays("four.h5") as f:
                for r in range(9):
                    effects = []
                    for four in corners:
                        if all(r in accepted(f, c) for c in four):
                            v = [np.float32(Model(f, c, r, "taylor_sample", "none").layer(row["statistic"], 1))
                                 .astype("f8") for c in four]
                            effects.append([v[1] - v[0], v[3] - v[2]])
                    if effects:
                        yield np.mean(effects, 0)

        def check(row, corners):
            low, high = np.array(list(seeds(row, corners))).T
            d = high - low
            self.assertEqual(int(row["pairs"]), len(d))
            np.testing.assert_allclose([number(row[k]) for k in ("mean_a", "mean_b", "difference")],
                                       [low.mean(), high.mean(), d.mean()], atol=1e-6)
            expected = scipy.stats.t.interval(0.95, len(d) - 1, d.mean(), scipy.stats.sem(d))
            np.testing.assert_allclose([number(row["difference_low"]), number(row["difference_high"])], expected,
                                       rtol=1e-4, atol=1e-6)
            if np.diff(np.sort(abs(np.append(d, 0)))).min() > 1e-5:
                self.assertAlmostEqual(number(row["p"]), scipy.stats.wilcoxon(d, mode="exact").pvalue, delta=1e-6)

        options = ("summary", "four.h5", "--compare", "context_location", "--interaction", "fraction=0.6", "--statistic",
                   "mean_ri,mixed", "--layer", "2")
        found = rows(*options)
        place = {float(v): i for i, v in enumerate((0.4, 0.6, 0.8))}
        self.assertEqual([(r["second_task"], r["other_b"], r["statistic"]) for r in found],
                         [(t, f, s) for t, f in (("prod", "0.4"), ("prod", "0.8"), ("add1.5", "0.4"))
                          for s in ("mean_ri", "mixed")])
        for row in found:
            self.assertEqual([row[k] for k in ("value_a", "value_b", "other_a", "interaction")],
                             ["start", "end", "0.6", "fraction"])
            first = 6 if row["second_task"] == "add1.5" else 0
            other = place[float(row["other_b"])]
            check(row, [[first + 1, first + 4, first + other, first + 3 + other]])
        entries = json.loads(done(*options, "--json"))
        self.assertEqual(entries["interaction"], "fraction")
        self.assertEqual([e["other_b"] for e in entries["comparisons"]], [float(r["other_b"]) for r in found])
        self.assertIn("context_location = end less start, fraction from 0.6 to 0.8; second_task = prod",
                      " ".join(done(*options).split()))
        first, second = rows(*options[:5], "fraction=0.4", *options[6:], "--by", "hidden_size", "--where",
                             "fraction=0.4,0.6")
        for row in (first, second):
            check(row, [[0, 3, 1, 4], [6, 9, 7, 10]])

    def test_narrow(self):
        """Where COLUMNS ends earlier the prose does, with the same words; tables stay."""
        for options in ([], ["--compare", "train_mode"]):
            texts = [subprocess.run([PROGRAM, "summary", "pairs.h5", *options], capture_output=True, text=True, check=True,
                                    env=os.environ | {"COLUMNS": columns}).stdout for columns in ("200", "42")]
            prose = [[line for line in text.splitlines()[3:] if re.match(r"[A-Z(]", line)] for text in texts]
            self.assertGreater(max(map(len, prose[0])), 70)
            self.assertLessEqual(max(map(len, prose[1])), 42)
            self.assertEqual(*(text.split() for text in texts))

    def test_formats_agree(self):
        options = ("summary", "pairs.h5", "--compare", "train_mode", "--statistic", "selective,dip")
        flat = rows(*options)
        whole = json.loads(done(*options, "--json"))["comparisons"]
        self.assertEqual(len(flat), len(whole))
        self.assertEqual(len(flat), 8)
        text = done(*options).splitlines()
        for row, entry in zip(flat, whole):
            self.assertEqual([row["statistic"], row["layer"], row["value_b"]],
                             [entry["statistic"], str(entry["layer"]), entry["value_b"]])
            for key in ("p_holm", "p_family"):
                self.assertEqual(row[key], "" if entry[key] is None else f"{entry[key]:.7g}")
            self.assertEqual(row["difference_low"],
                             "" if entry["difference"]["low"] is None else f"{entry['difference']['low']:.7g}")
            line, = [t for t in text if t.split()[:2] == [row["layer"], row["statistic"]]]
            words = line.split()
            self.assertEqual(words[2], row["pairs"])
            for word, key in zip(words[3:6], ("mean_a", "mean_b", "difference")):
                self.assertEqual(word == "-", not row[key])
                if row[key]:
                    last_digit = 10.0 ** -len(word.partition(".")[2])
                    self.assertAlmostEqual(float(word), number(row[key]), delta=0.51 * last_digit)
                    self.assertGreaterEqual(len(word), 4)
                    self.assertNotRegex(word, r"^-?0\.")
        self.assertLessEqual(max(map(len, text)), 80)


class Progress(Files):
    def test_silent_when_quick(self):
        self.assertEqual(run("summary", "seed.h5")[2], "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
