"""Checks the figures of models and units by their data, --data and scripts, against NumPy and SciPy: trends and their
slopes, every model of a configuration, units by two measures, mean RI by losses, damage by lesions.

check_models.py PICKY_ANALYSE PICKY [unittest arguments]
Needs h5py, NumPy, SciPy and gnuplot.
"""
import csv
import os
import sys
import unittest

sys.dont_write_bytecode = True  # nothing is left among the sources
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
from check_figures import Figures, Network, accepted, importances, make_sweep, ri_of  # skips if something is not there
import h5py
import make_file
import numpy as np
import reference
import scipy.stats
from make_file import ACCEPTED, MEASURES, PENDING

TAYLOR = MEASURES.index("taylor_sample")


def distance(importance):
    """importance [..., task, layer, unit] to D [..., layer]"""
    p = importance / importance.sum(-1, keepdims=True)
    return abs(p[..., 0, :, :] - p[..., 1, :, :]).sum(-1) / 2


def by_seed(path, config, values):
    """values of the accepted models, by replicate; NaN for others"""
    with h5py.File(path) as f:
        result = np.full((f["status"].shape[1], *values.shape[1:]), np.nan)
    result[accepted(path, config)] = values
    return result


def interval(values):
    values = values[~np.isnan(values)]
    if np.ptp(values) == 0:
        return np.nan, np.nan
    return scipy.stats.t.interval(0.95, len(values) - 1, values.mean(), scipy.stats.sem(values))


def slope_of(x, rows):
    """[place, seed] to slope, its Student's interval and the number of seeds. Seeds are what is independent."""
    use = (~np.isnan(rows)).sum(1) >= (6 if ((~np.isnan(rows)).sum(1) >= 6).any() else 1)
    x, rows = np.asarray(x, "f8")[use], rows[use]
    w = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    n_row, means = (~np.isnan(rows)).sum(1), np.nanmean(rows, 1)
    known = (~np.isnan(rows)).any(0)
    n = known.sum()
    influence = np.nansum(w[:, None] * (rows - means[:, None]) * n / n_row[:, None], 0)[known]
    values = scipy.stats.linregress(x, means).slope + influence
    return values.mean(), *interval(values), n


class Models(Figures):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fractions = (0.2, 0.35, 0.5, 0.8)
        make_file.make("trend.h5", [dict(fraction=f, context_location=c, hidden_size=6, hidden_layers=2)
                                    for f in cls.fractions for c in ("end", "start")], 9, seed=5)

    def draw(self, kind, path, *options):
        """Draws; returns the rows of --data, the script's data, the figure's texts."""
        data, texts = self.plot(kind, path, "--data", "numbers.csv", "--force", *options)
        with open("numbers.csv", newline="") as f:
            return list(csv.DictReader(f)), data, texts

    def assert_numbers(self, row, expected, **tolerance):
        found = [float(row[key] or "nan") for key in ("value", "low", "high")]
        np.testing.assert_allclose(found, expected, err_msg=str(row), **(tolerance or dict(rtol=2e-5, atol=1e-7)))


class Trend(Models):
    def seeds(self, path, configs, statistic, measure=TAYLOR):
        """[place, seed, layer]"""
        return np.array([by_seed(path, c, statistic(importances(path, c)[:, measure])) for c in configs])

    def check(self, rows, x, seeds, layer, ends=(0, 1)):
        """seeds [place, seed] of one line's rows; intervals are cut off at `ends`"""
        points = [row for row in rows if row["kind"] == "point"]
        slopes = [row for row in rows if row["kind"].startswith("slope")]
        self.assertEqual((len(points), len(slopes)), (len(x), 1))
        for row, values in zip(points, seeds):
            self.assertEqual((row["layer"], int(row["n"])), (layer, (~np.isnan(values)).sum()))
            self.assert_numbers(row, [np.nanmean(values), *np.clip(interval(values), *ends)])
        value, low, high, n = slope_of(x, seeds)
        self.assertEqual(int(slopes[0]["n"]), n)
        self.assert_numbers(slopes[0], [value, low, high], rtol=2e-4, atol=1e-6)
        return slopes[0]

    def test_of_a_key(self):
        rows, data, texts = self.draw("trend", "trend.h5")
        self.assertEqual(len(data), 2 * 2)
        for line, place in enumerate(("end", "start")):
            seeds = self.seeds("trend.h5", range(line, 8, 2), distance)
            self.assertTrue(np.isnan(seeds).any() and not np.isnan(seeds).all(0).any())
            for layer in (1, 2):
                of_line = [row for row in rows if row["line"] == f"context_location = {place}" and row["layer"] == str(layer)]
                self.assertEqual([float(row["fraction"] or "nan") for row in of_line[:4]], list(self.fractions))
                slope = self.check(of_line, self.fractions, seeds[:, :, layer - 1], str(layer))
                self.assertEqual(slope["kind"], "slope")
                drawn = np.array(data[f"row1_column{layer}_line{line + 1}"], "f8")
                np.testing.assert_allclose(drawn[:, 0], self.fractions)
                np.testing.assert_allclose(drawn[:, 1], np.nanmean(seeds[:, :, layer - 1], 1), rtol=1e-4)
                digits = max(0, int(1 - np.floor(np.log10(float(slope["high"]) - float(slope["low"])))))
                shown = "{:+.{d}f} [{:+.{d}f}, {:+.{d}f}]".format(*(float(slope[k]) for k in ("value", "low", "high")),
                                                                  d=digits)
                self.assertIn(shown, texts)
        self.assertIn("above: slope for 1 more of fraction, 95 % interval over seeds", " ".join(texts))

    def test_seeds_own_slopes(self):
        """Where every seed is everywhere the interval is that of the seeds' own slopes."""
        with h5py.File("trend.h5") as f, h5py.File("whole.h5", "w") as whole:
            for key in f:
                f.copy(key, whole)
            whole.attrs.update(f.attrs)
            whole["status"][...] = ACCEPTED
            whole["importance"][...] = np.random.default_rng(1).lognormal(0, 1, f["importance"].shape)
            whole["test_error"][...] = whole["test_loss"][...] = 0.01
        rows, _, _ = self.draw("trend", "whole.h5", "--layer", "2", "--where", "context_location=start", "--statistic",
                               "mean_ri")
        ri = np.array([np.nanmean(ri_of(importances("whole.h5", c)[:, TAYLOR])[:, 1], -1) for c in range(1, 8, 2)])
        slopes = np.array([scipy.stats.linregress(self.fractions, seed).slope for seed in ri.T])
        self.assert_numbers(rows[-1], [slopes.mean(), *interval(slopes)], rtol=1e-4)
        self.assertEqual(rows[-1]["n"], "9")

    def test_of_measures_and_layers(self):
        rows, data, texts = self.draw("trend", "trend.h5", "--by", "measure", "--measure", "variance", "--measure",
                                      "ablation_mean", "--layer", "2")
        self.assertEqual(len(data), 2 * 2)  # a row for each place of the context
        for group, place in enumerate(("end", "start")):
            for measure in ("ablation_mean", "variance"):
                seeds = self.seeds("trend.h5", range(group, 8, 2), distance, MEASURES.index(measure))
                self.check([row for row in rows if row["line"] == row["measure"] == measure and
                            row["group"] == f"context_location = {place}"], self.fractions, seeds[:, :, 1], "2")
        rows, data, _ = self.draw("trend", "trend.h5", "--by", "layer", "--statistic", "mixed")
        self.assertEqual(sorted(data), [f"row{r}_column1_line{l}" for r in (1, 2) for l in (1, 2)])
        mixed = lambda i: (abs(ri_of(i)) < 0.5).mean(-1)
        seeds = self.seeds("trend.h5", range(0, 8, 2), mixed)
        self.check([row for row in rows if row["line"] == "layer 1" and row["group"] == "context_location = end"],
                   self.fractions, seeds[:, :, 0], "1", (0, 1))
        drawn = np.array(data["row1_column1_line1"], "f8")
        np.testing.assert_allclose(drawn[:, 1], 100 * np.nanmean(seeds[:, :, 0], 1), rtol=1e-4)  # in per cent

    def test_doublings(self):
        make_file.make("sizes2.h5", [dict(hidden_size=h, hidden_layers=1) for h in (4, 16, 8)], 9, seed=2)
        rows, data, texts = self.draw("trend", "sizes2.h5")
        self.assertEqual([row["hidden_size"] for row in rows], ["4", "8", "16", ""])
        slope = self.check(rows, [2, 3, 4], self.seeds("sizes2.h5", (0, 2, 1), distance)[:, :, 0], "1")
        self.assertEqual(slope["kind"], "slope a doubling")
        np.testing.assert_allclose(np.array(data["row1_column1_line1"], "f8")[:, 0], [2, 3, 4])
        self.assertLessEqual({"4", "8", "16", "hidden_size"}, set(texts))

    def test_words_have_no_slope(self):
        rows, data, texts = self.draw("trend", "trend.h5", "--along", "context_location", "--where", "fraction=0.2,0.35")
        self.assertEqual({row["kind"] for row in rows}, {"point"})
        self.assertLessEqual({"start", "end"}, set(texts))
        rows, _, texts = self.draw("trend", "seed.h5", "--along", "second_task", "--where", "fraction=0.5", "--where",
                                   "context_location=start")
        self.assertLessEqual({"prod", "add1.5"}, set(texts))

    def test_statistics_of_models(self):
        rows, _, texts = self.draw("trend", "trend.h5", "--statistic", "acceptance", "--where", "context_location=end")
        with h5py.File("trend.h5") as f:
            status = f["status"][0:8:2]
        tried = (status != PENDING) & (status != make_file.ERROR)
        seeds = np.where(tried, status == ACCEPTED, np.nan)
        value, low, high, n = slope_of(self.fractions, seeds)
        self.assert_numbers(rows[-1], [value, low, high], rtol=2e-4, atol=1e-6)
        self.assertEqual([(int(row["n"]), row["layer"], row["measure"]) for row in rows[:4]],
                         [(k, "", "") for k in tried.sum(1)])
        rows, _, _ = self.draw("trend", "trend.h5", "--statistic", "error_2", "--where", "context_location=end")
        with h5py.File("trend.h5") as f:
            errors = np.array([by_seed("trend.h5", c, f["test_error"][c, accepted("trend.h5", c), 10, 1])
                               for c in range(0, 8, 2)])
        np.testing.assert_allclose([float(row["value"]) for row in rows[:4]], np.nanmedian(errors, 1), rtol=1e-5)
        self.assert_numbers(rows[-1], slope_of(self.fractions, errors)[:3], rtol=2e-4, atol=1e-7)
        rows, _, _ = self.draw("trend", "trend.h5", "--statistic", "attempt_acceptance")
        self.assertEqual({row["value"] for row in rows if row["kind"] != "point"}, {""})

    def test_misuse(self):
        make_file.make("many2.h5", [dict(fraction=f, hidden_size=h, hidden_layers=1) for f in (0.3, 0.6)
                                    for h in range(1, 10)], 1)
        for options, part in (
                (["trend.h5", "--along", "fracton"], "--along fracton: there is no hyperparameter"),
                (["trend.h5", "--by", "fracton"], "did you mean fraction?"),
                (["trend.h5", "--by", "fraction", "--along", "fraction"], "two different hyperparameters"),
                (["trend.h5", "--along", "hidden_size"], "these configurations have one value of hidden_size"),
                (["trend.h5", "--where", "fraction=0.2", "--where", "context_location=start"], "a trend needs two"),
                (["trend.h5", "--statistic", "error_1", "--by", "layer"], "--by layer: it is all the same to error_1"),
                (["trend.h5", "--statistic", "error_1", "--layer", "1"], "error_1 is not a statistic of layers"),
                (["trend.h5", "--statistic", "mixed,dip"], "plot trend takes one statistic"),
                (["trend.h5", "--measure", "variance,taylor_mean"], "several with --by measure"),
                (["trend.h5", "--pair", "all"], "takes one pair"),
                (["many2.h5", "--along", "fraction"], "at most 8 lines, these are 9")):
            self.assert_error(["trend", *options], part)


class Dots(Models):
    def test_every_model(self):
        for options, values in ((["--statistic", "mixed"], lambda i: (abs(ri_of(i)) < 0.5).mean(-1)), ([], distance)):
            rows, data, texts = self.draw("models", "trend.h5", *options)
            self.assertEqual(len(data), 8 * 2 * 2)
            scale = 100 if options else 1
            for config in range(8):
                expected = values(importances("trend.h5", config)[:, TAYLOR])
                for layer in range(2):
                    of_strip = [r for r in rows if r["configuration"] == str(config) and r["layer"] == str(layer + 1)]
                    np.testing.assert_allclose([float(r["value"]) for r in of_strip[:-1]], np.sort(expected[:, layer]),
                                               rtol=1e-6)
                    self.assert_numbers(of_strip[-1], [expected[:, layer].mean(), *np.clip(
                        interval(expected[:, layer]), 0, 1)])
                    dots = np.array(data[f"row{config + 1}_column{layer + 1}"], "f8")
                    np.testing.assert_allclose(dots[:, 0], scale * np.sort(expected[:, layer]), rtol=1e-4)
                    self.assertTrue((abs(dots[:, 1] - 0.6) <= 0.3601).all())
                    self.assertEqual(len(np.unique(dots, axis=0)), len(dots))  # no dot hides another
                    mean = np.array(data[f"row{config + 1}_column{layer + 1}_mean"], "f8")[0, 0]
                    self.assertAlmostEqual(mean, scale * expected[:, layer].mean(), delta=1e-4 * scale)
        self.assertIn("layer 2", texts)

    def test_violins(self):
        make_file.make("crowd.h5", [dict(hidden_size=4, hidden_layers=1), dict(hidden_size=5, hidden_layers=1)], 140,
                       seed=9)
        with h5py.File("crowd.h5", "r+") as f:
            f["importance"][1] = 1  # all models alike
        _, data, texts = self.draw("models", "crowd.h5")
        self.assertTrue(any("more than 100" in text for text in texts))
        values = distance(importances("crowd.h5", 0)[:, TAYLOR])[:, 0]
        self.assertGreater(len(values), 100)
        outline = np.array(data["row1_column1"], "f8")
        np.testing.assert_allclose(outline[[0, -1], 0], [values.min(), values.max()], rtol=1e-4)
        width = 0.9 * min(values.std(ddof=1), scipy.stats.iqr(values) / 1.34) * len(values) ** -0.2
        density = scipy.stats.gaussian_kde(values, width / values.std(ddof=1))(outline[:, 0])
        np.testing.assert_allclose(outline[:, 2] - outline[:, 1], 0.72 * density / density.max(), atol=1e-3)
        np.testing.assert_allclose(np.array(data["row2_column1"], "f8")[:, 0], 0)

    def test_statistics_and_misuse(self):
        rows, _, texts = self.draw("models", "trend.h5", "--statistic", "error_1")
        self.assertEqual({row["layer"] for row in rows}, {""})
        with h5py.File("trend.h5") as f:
            errors = f["test_error"][3, accepted("trend.h5", 3), 10, 0]
        of_strip = [float(row["value"]) for row in rows if row["configuration"] == "3"]
        np.testing.assert_allclose(of_strip, [*np.sort(errors), np.median(errors)], rtol=1e-5)
        self.assertIn("median with its 95 % interval", texts)
        for options, part in ((["--statistic", "acceptance"], "--statistic acceptance: a model has none"),
                              (["--statistic", "error_1", "--layer", "1"], "not a statistic of layers"),
                              (["--statistic", "mixed,dip"], "takes one statistic"),
                              (["--layer", "3"], "--layer 3: configuration 0 of trend.h5 has 2 hidden")):
            self.assert_error(["models", "trend.h5", *options], part)
        make_file.make("wide.h5", [dict(fraction=round(0.1 + 0.01 * i, 2), hidden_size=1) for i in range(30)], 1)
        self.assert_error(["models", "wide.h5"], "at most 24 configurations")


class UnitsByMeasures(Models):
    def test_against_scipy(self):
        for options, first, others in ((["--measure", "variance"], "variance", [m for m in MEASURES if m != "variance"]),
                                       (["--measure", "taylor_mean", "--measure", "ablation_mean"], "taylor_mean",
                                        ["ablation_mean"]),
                                       (["--layer", "2"], "taylor_sample", [m for m in MEASURES if m != "taylor_sample"])):
            rows, data, texts = self.draw("units", "trend.h5", *options)
            self.assertEqual(len(data), 8 * len(others) * 2)
            self.assertIn(f"importance by {first}", texts)
            layers = [1] if "--layer" in options else [0, 1]
            every = np.concatenate([importances("trend.h5", c)[..., layers, :] for c in range(8)])
            low = {m: max(v[v > 0].min() / 1.5, v.max() * 1e-12) for m in MEASURES
                   for v in [every[:, MEASURES.index(m)]]}
            for config in range(8):
                models = importances("trend.h5", config)[..., layers, :]  # [model, measure, task, layer, unit]
                for column, other in enumerate(others):
                    pair = models[:, [MEASURES.index(first), MEASURES.index(other)]]
                    row, = [r for r in rows if r["configuration"] == str(config) and r["against"] == other]
                    self.assertEqual(row["measure"], first)
                    r = [np.mean([scipy.stats.spearmanr(m[0, t, l], m[1, t, l])[0] for t in range(2)
                                  for l in range(len(layers))]) for m in pair]
                    np.testing.assert_allclose([float(row[k]) for k in ("rank_correlation", "low", "high")],
                                               [np.mean(r), *np.clip(interval(np.array(r)), -1, 1)], rtol=1e-4)
                    n_low = (pair[:, 0] <= low[first]).astype(int) + (pair[:, 1] <= low[other])
                    self.assertIn(f"0 by both {100 * (n_low == 2).mean():.1f} %, by one {100 * (n_low == 1).mean():.1f} %",
                                  texts)
                    for task in range(2):
                        drawn = np.array(data[f"row{config + 1}_column{column + 1}_task{task + 1}"], "f8")
                        points = pair[:, :, task].transpose(0, 2, 3, 1).reshape(-1, 2)
                        for axis, measure in enumerate((first, other)):
                            is_low = points[:, axis] <= low[measure]
                            np.testing.assert_allclose(drawn[~is_low, axis], points[~is_low, axis], rtol=1e-4)
                            self.assertTrue((drawn[is_low, axis] < low[measure]).all())
            self.assertTrue(any("units are drawn" in text for text in texts))

    def test_sampled_and_misuse(self):
        make_file.make("large.h5", [dict(hidden_size=60, hidden_layers=2)], 30)
        _, data, texts = self.draw("units", "large.h5", "--measure", "variance,contribution")
        models = importances("large.h5", 0)
        self.assertEqual(len(data["row1_column1_task1"]), 1500)
        self.assertIn(f"1500 of {models[:, 0, 0].size} units are drawn", " ".join(texts))
        chosen = models[:, [5, 4], 1].transpose(0, 2, 3, 1).reshape(-1, 2)
        chosen = chosen[[k * len(chosen) // 1500 for k in range(1500)]]
        drawn, is_there = np.array(data["row1_column1_task2"], "f8"), (chosen > chosen.max(0) * 1e-9).all(1)
        np.testing.assert_allclose(drawn[is_there], chosen[is_there], rtol=1e-4)
        self.assert_error(["units", "large.h5", "--pair", "1-2"], "--pair: not an option of this command")
        self.assert_error(["units", "large.h5", "--measure", "varianc"], "--measure varianc: did you mean variance; allowed")
        self.assert_error(["units", "large.h5", "--measure", "variance,variance,"], "--measure variance,variance,: allowed")


class Scatter(Models):
    def check(self, rows, dots, column, x, y):
        """--data and dots of one panel's series against x and y [model]; r by SciPy."""
        np.testing.assert_allclose([[float(row[c] or "nan") for c in column] for row in rows[:-1]], np.array([x, y]).T,
                                   rtol=1e-4, atol=1e-6)
        known = ~np.isnan(x + y)
        np.testing.assert_allclose(np.array(dots, "f8").reshape(-1, 2), np.array([x, y]).T[known], rtol=1e-4, atol=1e-6)
        x, y, last = x[known], y[known], rows[-1]
        self.assertEqual(int(last["n"]), len(x))
        if len(x) < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
            return 0
        expected = scipy.stats.pearsonr(x, y)
        np.testing.assert_allclose([float(last[k]) for k in ("r", "low", "high")],
                                   [expected[0], *expected.confidence_interval()], rtol=1e-3, atol=1e-5)
        return 1

    def test_ri_by_loss(self):
        for options, measure, settings in (([], TAYLOR, {}), (["--measure", "variance", "--normalise", "layer"],
                                                             MEASURES.index("variance"), dict(normalise=True))):
            rows, data, texts = self.draw("ri-loss", "trend.h5", *options)
            self.assertEqual(len(data), 8 * 2)
            for config in range(8):
                with h5py.File("trend.h5") as f:
                    losses = f["test_loss"][config, accepted("trend.h5", config)].astype("f8")
                ri = ri_of(importances("trend.h5", config)[:, measure], **settings)
                for layer in range(2):
                    of_panel = [r for r in rows if (r["configuration"], r["layer"]) == (str(config), str(layer + 1))]
                    done = self.check(of_panel, data[f"row{config + 1}_column{layer + 1}_series1"],
                                      ("log_loss_ratio", "mean_ri"), np.log(losses[:, 0] / losses[:, 1]),
                                      np.nanmean(ri[:, layer], -1))
                    self.assertTrue(done)
                    self.assertIn("r {:+.2f} [{:+.2f}, {:+.2f}]".format(*(float(of_panel[-1][k])
                                                                        for k in ("r", "low", "high"))), texts)

    def test_damage(self):
        """Each task's error without the units selective for it, less the mean of 20 draws of as many (lesion.h)."""
        make_sweep("stored.h5", ["weights", "test_set"])
        n_checked = 0
        for options, n_most in ((["--layer", "1"], 50), (["--models", "3"], 3)):
            rows, data, texts = self.draw("damage", "stored.h5", *options)
            for config in range(4):
                replicates = accepted("stored.h5", config)
                n = min(n_most, len(replicates))
                chosen = [k * len(replicates) // n for k in range(n)]
                ri = ri_of(importances("stored.h5", config)[chosen, TAYLOR])
                if "--layer" in options:
                    ri[:, 1:] = np.nan
                shares, damages = np.zeros((2, n)), np.full((2, n), np.nan)
                with h5py.File("stored.h5") as f:
                    for k, replicate in enumerate(replicates[chosen]):
                        network = Network(f, config, replicate)
                        key = int(f["seed"][config, replicate]), int(f["attempts"][config, replicate]) - 1
                        for task, sign in enumerate((1, -1)):
                            with np.errstate(invalid="ignore"):
                                group = sign * ri[k] > 0.9
                            shares[task, k] = 100 * (group[:1] if "--layer" in options else group).mean()
                            if not group.any():
                                continue
                            controls = []
                            for draw in range(20):
                                silent = np.zeros(group.shape, bool)
                                for layer, count in enumerate(group.sum(1)):
                                    order = list(range(group.shape[1]))
                                    words = reference.random_words(*key, 8, draw, 2 * layer + task, int(count))
                                    for i in range(count):
                                        other = i + (int(words[i]) * (len(order) - i) >> 32)
                                        order[i], order[other] = order[other], order[i]
                                    silent[layer, order[:count]] = True
                                controls.append(network.errors(silent)[task])
                            damages[task, k] = network.errors(group)[task] - np.mean(controls)
                for task in range(2):
                    of_panel = [r for r in rows if (r["configuration"], r["task"]) == (str(config), str(task + 1))]
                    n_checked += self.check(of_panel, data[f"row{config + 1}_column1_series{task + 1}"],
                                            ("selective_percent", "damage"), shares[task], damages[task])
        self.assertGreaterEqual(n_checked, 2)
        self.assertIn("units selective for the task, %", texts)
        for value in ("0", "x"):
            self.assert_error(["damage", "stored.h5", "--models", value], f"--models {value}: allowed: a whole number")
        self.assert_error(["ri-loss", "stored.h5", "--layer", "9"], "--layer 9: configuration 0")
        self.assert_error(["ri-loss", "stored.h5", "--models", "3"], "--models: not an option of this command")


class Shapes(Models):
    def test_no_models(self):
        make_file.make("none.h5", [dict(fraction=f, hidden_size=3) for f in (0.3, 0.6)], 4)
        with h5py.File("none.h5", "r+") as f:
            f["status"][...] = make_file.REJECTED
        for kind in ("trend", "models", "units", "ri-loss", "damage"):
            _, _, texts = self.draw(kind, "none.h5")
            if kind != "trend":
                self.assertIn("no accepted model", texts)
        with h5py.File("none.h5", "r+") as f:
            f["status"][...] = ACCEPTED
        for kind in ("models", "units", "training"):  # an empty panel names the models that were asked for
            self.assertIn("no rejected model", self.plot(kind, "none.h5", "--status", "rejected", "--force")[1])
        with h5py.File("none.h5", "r+") as f:
            f["status"][...] = make_file.DIVERGED
        texts = self.plot("models", "none.h5", "--status", "accepted,rejected", "--force")[1]
        self.assertIn("no accepted or rejected model", texts)

    def test_formats_and_settings(self):
        cut = "unimportant: below 0.25 of the layer's mean"
        for kind in ("trend", "models", "ri-loss"):
            self.plot(kind, "trend.h5", "--width", "85", output="figure.png")  # PDFs: check_pages.py
            with open("figure.png", "rb") as f:
                self.assertTrue(f.read().endswith(b"IEND\xae\x42\x60\x82"))
            for options, shown in ((["--unimportant-below", "0.25"], True), ([], False)):
                self.assertEqual(cut in self.plot(kind, "trend.h5", *options)[1], shown, kind)
        self.assertTrue(any("task 2 (x0 * x1)" in text for text in self.plot("models", "trend.h5")[1]))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
