"""Checks picky-analyse claims, number by number, against what NumPy and SciPy make of the file.

check_claims.py PICKY_ANALYSE STATISTICS_TABLE [unittest arguments]
Needs h5py, NumPy and SciPy.
"""
import csv
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
import check_summary as base  # exits by 77 if something is missing
from check_summary import ACCEPTED, MEASURES, REJECTED, ask, done, make_file, number, rows, run

import h5py
import numpy as np
import scipy.stats

CONFIGS = [dict(hidden_size=24), dict(hidden_size=24, second_task="add1.5"), dict(hidden_size=6),
           dict(hidden_size=24, context_location="end"), dict(hidden_size=24, train_mode="replay"),
           dict(hidden_size=20, second_task="add2", fraction=0.2), dict(hidden_size=20, second_task="add2"),
           dict(hidden_size=20, second_task="add2", fraction=0.8), dict(hidden_size=24, fraction=0.4),
           dict(hidden_size=24, fraction=0.6)]


def add_controls(configs, but=()):
    """Behind the configurations the identical tasks that they lack, and which of them each one has."""
    configs, controls = list(configs), {}
    for i, config in enumerate(list(configs)):
        for task in make_file.tasks_of({**make_file.DEFAULTS, **config}).split("; ") if i not in but else ():
            twice = {k: v for k, v in config.items() if k != "second_task"}
            twice.update(dict(second_task="add1.0") if task == "x0 + x1" and i % 2 else  # in two spellings
                         dict(second_task="add1") if task == "x0 + x1" else dict(tasks=f"{task}; {task}"))
            def same(other):
                full = [{**make_file.DEFAULTS, **c, "tasks": make_file.tasks_of({**make_file.DEFAULTS, **c}),
                         "second_task": ""} for c in (other, twice)]
                return full[0] == full[1]
            found = [j for j, other in enumerate(configs) if same(other)]
            if not found:
                configs.append(twice)
            controls.setdefault(i, []).append(found[0] if found else len(configs) - 1)
    return configs, controls


BARE = CONFIGS
CONFIGS, CONTROLS = add_controls(BARE, but=(8,))
PAIRS = {"two_subnetworks": [(0, None), (8, None), (9, None)], "similar_tasks_share": [(0, 1)],
         "small_networks_mix": [(0, 2)], "end_splits_last": [(3, None)], "leaks_backwards": [(3, None)],
         "replay_selects": [(0, 4)], "rare_task_recruits": [(6, 5), (6, 7)]}
ROWS = [("judged", "none"), ("shares", "none"), ("shares", "layer")]
SPECIFICATIONS = [None] + list(itertools.product(("none", "layer"), (False, True), (0.05, 0.1, 0.2)))


class Model:
    """The importances of a model under one measure, and the numbers of a layer that claims are made of."""

    def __init__(self, f, config, replicate, measure):
        n_layers, n_units = int(f["hidden_layers"][config]), int(f["hidden_size"][config])
        self.importance = f["importance"][config, replicate, MEASURES.index(measure), :, :n_layers, :n_units].astype("f8")
        self.context = {"start": 1, "end": n_layers}[f["context_location"][config]]

    def distance(self):
        p = self.importance / self.importance.sum(-1, keepdims=True)
        return abs(p[0] - p[1]).sum(-1) / 2

    def ri(self, normalise, below):
        importance = np.where(self.importance < below * self.importance.mean(-1, keepdims=True), 0, self.importance)
        if normalise == "layer":
            importance = importance / self.importance.sum(-1, keepdims=True)
        with np.errstate(invalid="ignore"):
            return (importance[0] - importance[1]) / (importance[0] + importance[1])

    def shares(self, normalise, below, of_important, above=0.9, mixed=0.5):
        ri = self.ri(normalise, below)
        n = (~np.isnan(ri)).sum(1) if of_important else np.full(len(ri), ri.shape[1])
        with np.errstate(invalid="ignore"):
            return {name: kind.sum(1) / n for name, kind in (
                ("selective", abs(ri) > above), ("first", ri > above), ("second", ri < -above),
                ("mixed", abs(ri) < mixed),
                ("leaning", (ri > 0) * 1.0 - (ri < 0)))}


def mean(layers):
    layers = layers[~np.isnan(layers)]
    return layers.mean() if len(layers) else np.nan


def of_layers(claim, m, layers):
    return {"two_subnetworks": lambda: layers[m.context - 1], "end_splits_last": lambda: layers[-1],
            "leaks_backwards": lambda: mean(layers[:m.context - 1]),
            "similar_tasks_share": lambda: -mean(layers[m.context:]), "small_networks_mix": lambda: -mean(layers),
            "replay_selects": lambda: mean(layers), "rare_task_recruits": lambda: mean(layers)}[claim]()


def specified(claim, m, specification):
    """The number of the multiverse."""
    if specification is None:
        return of_layers(claim, m, m.distance())
    normalise, of_important, below = specification
    shares = m.shares(normalise, below, of_important)
    return of_layers(claim, m, shares["leaning" if claim == "rare_task_recruits" else "selective"])


def number_of(claim, m, kind, normalise, below=0.1, of_important=False, above=0.9, mixed=0.5):
    if kind == "judged":
        return specified(claim, m, ("layer", False, below) if claim == "rare_task_recruits" else None)
    s = m.shares(normalise, below, of_important, above, mixed)
    contrast = s["selective"] - s["mixed"]
    if claim == "two_subnetworks":
        return 2 * min(s["first"][m.context - 1], s["second"][m.context - 1]) - s["mixed"][m.context - 1]
    if claim == "end_splits_last":
        return contrast[-1] - mean(contrast[:-1])
    if claim == "rare_task_recruits":
        return mean(s["leaning"])
    return of_layers(claim, m, s["selective"] if claim in ("leaks_backwards", "replay_selects") else contrast)


def pooled(differences):
    """A value a seed: their mean is that of the pairs' means, their scatter the seeds' influence on it."""
    present = ~np.isnan(differences)
    if (present.sum(1) >= 6).any():
        differences, present = differences[present.sum(1) >= 6], present[present.sum(1) >= 6]
    differences, present = differences[present.any(1)], present[present.any(1)]
    means, n = np.nanmean(differences, 1), present.any(0).sum()
    influence = np.where(present, differences - means[:, None], 0) / present.sum(1)[:, None] / len(differences)
    return np.where(present.any(0), means.mean() + n * influence.sum(0), np.nan)


def interval(values):
    return ask(f"means {len(values)} 1", values)[1:3]


def verdict(n, low, high, smallest=0.05):
    if n < 6:
        return "too few"
    return ("larger" if low > smallest else "reversed" if high < -smallest else
            "negligible" if -smallest < low and high < smallest and n >= 30 else "undecided")


class Claims(base.Files):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_file.make("claims.h5", CONFIGS, 14, seed=6)

    def models(self, f, claim, config, value, measure):
        """value of each replicate's model, NaN where there is none."""
        return np.array([value(claim, Model(f, config, r, measure)) if f["status"][config, r] == ACCEPTED else np.nan
                         for r in range(f["status"].shape[1])])

    def sides(self, f, claim, measure, value, pairs=None, controls=CONTROLS):
        """a, b and effect [pair, seed] of the pairs that have controls, and the same between identical tasks."""
        found = []
        for a, b in pairs or PAIRS[claim]:
            if a not in controls:
                continue
            sign = -1 if b is not None and f["fraction"][b] > 0.5 and claim == "rare_task_recruits" else 1
            x = self.models(f, claim, a, value, measure)
            of_a = np.mean([self.models(f, claim, c, value, measure) for c in controls[a]], 0)
            if b is None:
                found.append((x, of_a, x - of_a, np.full(len(x), np.nan)))
            else:
                y = self.models(f, claim, b, value, measure)
                of_b = np.mean([self.models(f, claim, c, value, measure) for c in controls[b]], 0)
                found.append((x, y, sign * (y - x), sign * (of_b - of_a)))
        return [np.array(side) for side in zip(*found)]

    def judged(self, path, *options):
        found = rows("claims", path, *options)
        return [row for row in found if row["claim"] != "loss_correlation"]

    def test_every_number(self):
        found = self.judged("claims.h5")
        self.assertEqual(len(found), 7 * 3 * 6)
        decisions = set()
        with base.Arrays("claims.h5") as f:
            for row in found:
                def value(claim, model):
                    return number_of(claim, model, row["number"], row["normalise"])
                a, b, effect, null = self.sides(f, row["claim"], row["measure"], value)
                known = ~np.isnan(effect)
                values = pooled(effect)
                self.assertEqual(int(row["n"]), (~np.isnan(values)).sum())
                means = [np.mean([mean(x[k]) for x, k in zip(side, known)]) for side in (a, b)]
                np.testing.assert_allclose([number(row[k]) for k in ("effect", "mean_a", "mean_b")],
                                           [np.nanmean(values), *means], atol=2e-6, err_msg=str(row))
                if PAIRS[row["claim"]][0][1] is None:
                    self.assertEqual(row["identical"], "")
                else:
                    self.assertAlmostEqual(number(row["identical"]), np.nanmean(pooled(null)), delta=2e-6)
                low, high = number(row["effect_low"]), number(row["effect_high"])
                np.testing.assert_allclose([low, high], interval(values), atol=5e-5)
                self.assertIn(row["decision"], (verdict(int(row["n"]), low, high), "mixed", "selection"))
                decisions.add(row["decision"])
                self.assertEqual(row["configurations_a"], ";".join(str(p[0]) for p in PAIRS[row["claim"]]))
        self.assertTrue({"larger", "undecided"} < decisions, decisions)

    def test_options_of_shares(self):
        found = self.judged("claims.h5", "--of", "important", "--unimportant-below", "0.3", "--measure", "taylor_mean",
                            "--selective-above", "0.6", "--mixed-below", "0.3")
        self.assertEqual({(r["measure"], r["shares_of"], r["unimportant_below"], r["selective_above"], r["mixed_below"])
                          for r in found}, {("taylor_mean", "important", "0.3", "0.6", "0.3")})
        with base.Arrays("claims.h5") as f:
            for row in found:
                def value(claim, model):
                    return number_of(claim, model, row["number"], row["normalise"], 0.3, row["number"] == "shares", 0.6, 0.3)
                effect = self.sides(f, row["claim"], "taylor_mean", value)[2]
                self.assertAlmostEqual(number(row["effect"]), np.nanmean(pooled(effect)), delta=2e-6, msg=str(row))
        self.assertIn("shares of its important units", done("claims", "claims.h5", "--of", "important"))

    def test_multiverse(self):
        found = [row for row in self.judged("claims.h5", "--measure", "ablation_mean,variance")
                 if row["number"] == "judged"]
        whole = json.loads(done("claims", "claims.h5", "--json", "--measure", "ablation_mean,variance"))["claims"]
        with base.Arrays("claims.h5") as f:
            for claim in whole:
                by_seed = []
                for measure in ("ablation_mean", "variance"):
                    row, = [r for r in found if (r["claim"], r["measure"]) == (claim["name"], measure)]
                    specifications = SPECIFICATIONS[claim["name"] == "rare_task_recruits":]
                    effects, values, decisions = [], [], []
                    for s in specifications:
                        difference = self.sides(f, claim["name"], measure, lambda c, m: specified(c, m, s))[2]
                        values.append(pooled(difference))
                        effects.append(np.nanmean(values[-1]))
                        decisions.append(verdict((~np.isnan(values[-1])).sum(), *interval(values[-1])))
                    values = np.array(values)
                    by_seed.append(np.full(14, np.nan))
                    has = ~np.isnan(values).all(0)
                    by_seed[-1][has] = np.nanmean(values[:, has], 0)
                    self.assertEqual([int(row[k]) for k in ("specifications", "specifications_larger",
                                                            "specifications_reversed")],
                                     [len(effects), decisions.count("larger"), decisions.count("reversed")])
                    np.testing.assert_allclose([number(row[k]) for k in ("effect_least", "effect_median",
                                                                         "effect_largest")],
                                               [min(effects), np.median(effects), max(effects)], atol=2e-6)
                    self.check_choice(row["flipping_choice"], specifications, decisions)
                self.assertAlmostEqual(claim["multiverse"]["effect"]["value"], np.nanmean(np.mean(by_seed, 0)), delta=2e-6)

    def check_choice(self, found, specifications, decisions):
        flips = {"D or shares": [], "normalise": [], "of which units": [], "cut-off": []}
        for (s, x), (t, y) in itertools.combinations(zip(specifications, decisions), 2):
            differing = ["D or shares"] if s is None else [
                name for name, v, w in zip(list(flips)[1:], s, t) if v != w]
            if len(differing) == 1:
                flips[differing[0]].append(x != y)
        shares = {name: np.mean(f) if f else 0 for name, f in flips.items()}
        self.assertEqual(found, max(shares, key=shares.get) if max(shares.values()) > 0 else "")

    def test_correlation(self):
        found = [row for row in rows("claims", "claims.h5") if row["claim"] == "loss_correlation"]
        self.assertEqual(len(found), 12)
        with base.Arrays("claims.h5") as f:
            for row in found:
                x, y, seeds = [], [], []
                for config in range(len(CONFIGS)):
                    models = [base.Model(f, config, r, row["measure"], row["normalise"])
                              for r in base.accepted(f, config)]
                    seeds += [np.array(base.accepted(f, config))]
                    ratio = np.array([m.ratio for m in models])
                    means = np.array([np.nanmean([m.layer("mean_ri", l) for l in range(4)]) for m in models])
                    x.append(ratio)
                    y.append(means)
                def r_without(seed):
                    kept = [s != seed for s in seeds]
                    return scipy.stats.pearsonr(*(np.concatenate([v[k] - v[k].mean() for v, k in zip(values, kept)])
                                                  for values in (x, y)))[0]
                r, all_seeds = r_without(-1), np.unique(np.concatenate(seeds))
                n, z = len(all_seeds), np.arctanh(r)
                left = np.arctanh([r_without(seed) for seed in all_seeds])  # the jackknife, a seed being a cluster
                half = scipy.stats.t.ppf(0.975, n - 1) * np.sqrt((n - 1) / n * np.sum((left - left.mean()) ** 2))
                self.assertEqual(int(row["n"]), sum(map(len, x)))
                np.testing.assert_allclose([number(row[k]) for k in ("effect", "effect_low", "effect_high")],
                                           [r, np.tanh(z - half), np.tanh(z + half)], atol=1e-5)

    def test_formats_agree(self):
        flat = self.judged("claims.h5")
        whole = json.loads(done("claims", "claims.h5", "--json"))
        text = done("claims", "claims.h5")
        entries = [(claim["name"], v) for claim in whole["claims"] for v in claim["verdicts"]]
        self.assertEqual(len(entries), len(flat))
        for row, (name, entry) in zip(flat, entries):
            self.assertEqual([row[k] for k in ("claim", "measure", "number", "normalise", "decision", "warnings")],
                             [name, *(entry[k] for k in ("measure", "number", "normalise", "decision", "warnings"))])
            self.assertEqual(number(row["effect_low"]), entry["effect"]["low"])
        for claim in whole["claims"]:
            line, = [t for t in text.splitlines() if t.startswith(claim["name"] + " ")]
            decisions = [v["decision"] for v in claim["verdicts"] if v["number"] == "judged"]
            self.assertRegex(line, f"^{claim['name']} +" + r"\*? +".join(decisions) + r"\*?$")
            self.assertEqual([(p["a"], p.get("b")) for p in claim["pairs"]], PAIRS[claim["name"]])
            self.assertEqual([p["control"] for p in claim["pairs"]], [p[0] != 8 for p in PAIRS[claim["name"]]])

    def widest(self, text):
        return max(map(len, text.splitlines()))

    def test_width(self):
        """Lines end before column 80, text before that of a narrower terminal; words are the same."""
        for options in ((), ("--by", "hidden_size"), ("--of", "important", "--measure", "variance")):
            self.assertLess(self.widest(done("claims", "claims.h5", *options)), 80)
        found = subprocess.run([base.PROGRAM, "claims", "claims.h5"], env={**os.environ, "COLUMNS": "50"}, check=True,
                               capture_output=True, text=True).stdout
        self.assertEqual(found.split(), done("claims", "claims.h5").split())
        heads = re.findall(r"^two_subnetworks: .*?Smallest effect", found, re.M | re.S)
        self.assertEqual(len(heads), 1)
        self.assertLess(self.widest(heads[0]), 50)
        self.assertGreater(self.widest(heads[0]), 40)
        # Longer verdicts than a line has room for: the measures in two tables.
        rng = np.random.default_rng(5)
        noise = rng.normal(0, 0.01, (1, 40))
        self.decide(noise - noise.mean())
        text = done("claims", "made.h5")
        self.assertEqual(len(re.findall(r"^two_subnetworks +(?:negligible ?)+$", text, re.M)), 2)
        self.assertLess(self.widest(text), 80)

    def test_not_in_the_file(self):
        text = done("claims", "claims.h5", "--where", "hidden_size=6")
        self.assertEqual(text.count("not in this file\n"), 7)
        self.assertEqual(text.count("Not in this file. It takes"), 7)
        found = self.judged("claims.h5", "--where", "fraction=0.6")
        self.assertEqual({row["decision"] for row in found if row["claim"] == "replay_selects"}, {"not_in_file"})

    def test_selected_configurations_find_their_controls(self):
        found = self.judged("claims.h5", "--where", "second_task=prod")
        everything = self.judged("claims.h5")
        for row, other in zip(found, everything):
            if row["claim"] in ("two_subnetworks", "leaks_backwards", "replay_selects"):
                self.assertEqual(row, other)

    def make(self, path, configs, n, seed=9, importance=None):
        make_file.make(path, configs, n, seed=seed)
        with h5py.File(path, "r+") as f:
            f["status"][:] = ACCEPTED
            f["attempts"][:] = 1
            for key in ("test_error", "test_loss", "train_loss", "importance"):
                f[key][()] = np.nan_to_num(f[key][()], nan=0.01)
            if importance is not None:
                f["importance"][()] = importance

    def test_identical_tasks_are_neither_similar_nor_unlike(self):
        self.make("some.h5", [dict(hidden_size=24, second_task=t) for t in ("add1", "add1.00")], 8)
        self.assertEqual({row["decision"] for row in self.judged("some.h5")}, {"not_in_file"})
        self.make("some.h5", [dict(hidden_size=24), dict(hidden_size=24, second_task="add1"),
                              dict(hidden_size=24, tasks="x0 * x1; x0 * x1")], 8)
        found = {row["claim"]: row["decision"] for row in self.judged("some.h5")}
        self.assertEqual(found["similar_tasks_share"], "not_in_file")
        self.assertEqual(found["two_subnetworks"], "undecided")
        for half in (slice(0, 2), slice(0, 3, 2)):  # one of the two controls is not enough
            self.make("some.h5", [dict(hidden_size=24), dict(hidden_size=24, second_task="add1"),
                                  dict(hidden_size=24, tasks="x0 * x1; x0 * x1")][half], 8)
            found = {row["claim"]: row["decision"] for row in self.judged("some.h5")}
            self.assertEqual(found["two_subnetworks"], "no control")

    def test_a_sum_in_another_spelling_is_not_similar(self):
        for tasks in ("x0 + x1; x0 + 1 * x1", "x0 + x1; x0 - -1 * x1"):
            self.make("some.h5", [dict(hidden_size=24), dict(hidden_size=24, tasks=tasks)], 6)
            found = {row["claim"]: row["decision"] for row in rows("claims", "some.h5")}
            self.assertEqual(found["similar_tasks_share"], "not_in_file", tasks)

    def test_limits_of_a_condition(self):
        self.make("some.h5", [dict(hidden_size=20), dict(hidden_size=19), dict(hidden_size=20, fraction=0.62),
                              dict(hidden_size=20, fraction=0.6), dict(hidden_size=20, fraction=0.38)], 6)
        found = {row["claim"]: row["configurations_a"] for row in self.judged("some.h5")}
        self.assertEqual((found["two_subnetworks"], found["rare_task_recruits"]), ("0;3", "0;0"))

    def test_no_control(self):
        self.make("some.h5", BARE, 8)
        found = self.judged("some.h5")
        self.assertEqual({row["decision"] for row in found}, {"no control"})
        for row in found:
            single = PAIRS[row["claim"]][0][1] is None
            self.assertEqual(row["effect"] == "", single)  # the difference of two conditions is shown all the same
            self.assertNotEqual(row["mean_a"], "")
        text = done("claims", "some.h5")
        self.assertEqual(text.count("    picky-analyse claims some.h5 --control -o control.cfg &&\n"
                                    "    picky extend some.h5 control.cfg\n"), 7)
        self.assertLess(self.widest(text), 80)

    def test_few_seeds(self):
        for n in (1, 2, 5, 6):
            self.make("some.h5", CONFIGS, n)
            self.assertEqual({row["decision"] == "too few" for row in self.judged("some.h5")}, {n < 6})
            text = done("claims", "some.h5")
            self.assertEqual(len(re.findall(r"^\w+ +(too few *){6}$", text, re.M)), 7 if n < 6 else 0)
        with h5py.File("some.h5", "r+") as f:
            f["status"][4, 5:] = REJECTED  # five seeds that replay shares with random training
        for row in self.judged("some.h5"):
            self.assertEqual(row["decision"] == "too few", row["claim"] == "replay_selects", row)
        self.assertEqual({row["decision"] == "too few" for row in self.judged("some.h5", "--status", "accepted,rejected")},
                         {False})
        self.assertIn("Models: accepted, rejected.", done("claims", "some.h5", "--status", "accepted,rejected"))

    def distances(self, configs, wanted):
        """Importances whose D is wanted [config, replicate], in every measure and layer: two units of three."""
        importance = np.zeros((len(configs), wanted.shape[1], 6, 2, 4, max(c["hidden_size"] for c in configs)), "f4")
        for c, h in enumerate(configs):
            n = h["hidden_size"]
            half = (wanted[c][:, None, None, None] / n).astype("f4")
            importance[c, ..., 0, :, :n] = 1 / n
            importance[c, ..., 1, :, :n] = 1 / n
            importance[c, ..., 1, :, :n // 2] += half * 2
            importance[c, ..., 1, :, n // 2:n] -= half * 2
        return importance

    def decide(self, effects, attempts=None, control=0.1, sizes=(24, 24, 24), *options):
        """Verdicts of two_subnetworks, D being control + effects [pair, seed]."""
        pairs = len(effects)
        configs = [dict(hidden_size=sizes[p], fraction=0.5 + 0.01 * p, **t) for t in (
            {}, dict(second_task="add1"), dict(tasks="x0 * x1; x0 * x1")) for p in range(pairs)]
        wanted = np.concatenate([control + effects, np.full_like(effects, control - 0.02), np.full_like(effects, control + 0.02)])
        self.make("made.h5", configs, effects.shape[1], importance=self.distances(configs, wanted))
        if attempts is not None:
            with h5py.File("made.h5", "r+") as f:
                f["attempts"][:pairs] = attempts
        row = self.judged("made.h5", "--measure", "ablation_mean", "--where", "fraction=0.5,0.51,0.52", *options)[0]
        np.testing.assert_allclose(number(row["effect"]), effects.mean(), atol=1e-5)
        return row

    def test_verdicts(self):
        rng = np.random.default_rng(5)
        for centre, n, expected in ((0.2, 12, "larger"), (-0.09, 12, "reversed"), (0.0, 40, "negligible"),
                                    (0.0, 12, "undecided"), (0.05, 40, "undecided")):
            noise = rng.normal(0, 0.02, (1, n))
            self.assertEqual(self.decide(centre + noise - noise.mean(), control=0.2)["decision"], expected)
        row = self.decide(np.full((1, 12), 0.2))
        self.assertEqual((row["decision"], row["effect_low"]), ("undecided", ""))
        self.assertIn("all_equal", row["warnings"])
        self.assertIn("no interval: all seeds have the same effect", done("claims", "made.h5"))

    def decided_mean(self, *options):
        """What the multiverse's mean of two_subnetworks says in made.h5; 12 of its 13 effects are 0 there."""
        options += ("--measure", "ablation_mean", "--where", "fraction=0.5,0.51,0.52", "--json")
        text = done("claims", "made.h5", "--smallest-effect", "two_subnetworks=0.005", *options)
        return json.loads(text)["claims"][0]["multiverse"]["decision"]

    def test_mixed(self):
        noise = np.random.default_rng(5).normal(0, 0.01, (3, 12))
        centres = np.array([[0.28], [0.25], [-0.09]])
        self.assertEqual(self.decide(centres + noise, control=0.2)["decision"], "mixed")
        self.assertEqual(self.decided_mean(), "mixed")
        self.assertEqual(self.decide(centres * [[1], [1], [0.4]] + noise, control=0.2)["decision"], "larger")
        self.assertIn("!", done("claims", "made.h5"))

    def test_selection(self):
        noise = np.random.default_rng(5).normal(0, 0.01, (1, 20))
        effects = np.where(np.arange(20) < 8, 0.0, 0.3)[None] + noise
        same = np.where(np.arange(20) < 8, 1, 3)[None]
        row = self.decide(effects, same)
        self.assertEqual((row["decision"], row["pairs"], row["same_attempt"]), ("selection", "20", "8"))
        self.assertAlmostEqual(number(row["same_effect"]), effects[0, :8].mean(), delta=1e-5)
        self.assertIn("accepted in the same attempt: 8 of 20 pairs", done("claims", "made.h5"))
        self.assertEqual(self.decided_mean(), "selection")
        self.assertEqual(self.decided_mean("--simultaneous"), "selection")
        self.assertEqual(self.decide(effects, np.where(np.arange(20) < 19, 1, 3)[None])["decision"], "larger")
        self.assertEqual(self.decide(0.3 + noise, same)["decision"], "larger")
        for n_same, expected in ((27, "negligible"), (26, "selection")):  # 90 % of 30 are enough
            effects_here = np.random.default_rng(5).normal(0, 0.01, (1, 30))
            row = self.decide(effects_here, np.where(np.arange(30) < n_same, 1, 3)[None])
            self.assertEqual((row["decision"], row["same_attempt"]), (expected, str(n_same)))
        # Configurations that start alike are one draw; those of another width are not.
        row = self.decide(np.repeat(effects, 3, 0), np.repeat(same, 3, 0))
        self.assertEqual((row["decision"], row["pairs"], row["same_attempt"]), ("selection", "20", "8"))
        self.assertIn("12 of 20 pairs of models stem from different attempts", done("claims", "made.h5"))
        row = self.decide(0.3 + np.repeat(noise, 2, 0), np.repeat(same, 2, 0), sizes=(24, 26))
        self.assertEqual((row["decision"], row["pairs"], row["same_attempt"]), ("larger", "40", "16"))
        self.assertIn("24 of 40 pairs of models stem from different attempts", done("claims", "made.h5"))
        self.decide(0.3 + noise)
        self.assertNotIn("stem from different attempts", done("claims", "made.h5"))

    def test_checks_of_shares(self):
        n = 20
        configs = [dict(hidden_size=24), dict(second_task="add1", hidden_size=24),
                   dict(tasks="x0 * x1; x0 * x1", hidden_size=24)]
        importance = np.ones((3, n, 6, 2, 4, 24), "f4")
        importance[0, 8:, :, 0, :, :12] = importance[0, 8:, :, 1, :, 12:] = 0  # of the attempts that differ
        self.make("made.h5", configs, n, importance=importance + 0.001 * np.random.default_rng(5).random(importance.shape))
        with h5py.File("made.h5", "r+") as f:
            f["attempts"][0] = np.where(np.arange(n) < 8, 1, 3)
        found = [row for row in self.judged("made.h5") if row["claim"] == "two_subnetworks"]
        self.assertEqual({(row["number"], row["normalise"], row["decision"]) for row in found},
                         {(*row, "selection") for row in ROWS})

    def test_a_pair_with_too_few_seeds_counts_nowhere(self):
        noise = np.random.default_rng(5).normal(0, 0.01, (2, 14))
        self.decide(np.array([[-0.15], [0.2]]) + noise, control=0.2)
        with h5py.File("made.h5", "r+") as f:
            f["status"][0, 5:] = REJECTED
        row = self.judged("made.h5", "--measure", "ablation_mean", "--where", "fraction=0.5,0.51")[0]
        np.testing.assert_allclose([number(row["effect"]), number(row["mean_a"]) - number(row["mean_b"])],
                                   [0.2 + noise[1].mean()] * 2, atol=1e-5)
        self.assertEqual((row["pairs"], row["same_attempt"]), ("14", "14"))
        text = done("claims", "made.h5")
        self.assertEqual(text.count("under 6 seeds: not judged"), 1)
        self.assertNotRegex(text, r"\d!")

    def test_identical_tasks_that_have_as_much(self):
        noise = np.random.default_rng(5).normal(0, 0.01, (6, 12))
        configs = [dict(hidden_size=24, train_mode=mode, **tasks) for tasks in (
            {}, dict(second_task="add1"), dict(tasks="x0 * x1; x0 * x1")) for mode in ("random", "replay")]
        for null, expected in ((0.3, "larger*"), (0.1, "larger")):
            centres = np.array([[0.1], [0.3], [0.1], [0.1 + null], [0.1], [0.1 + null]])
            self.make("made.h5", configs, 12, importance=self.distances(configs, centres + noise))
            text = done("claims", "made.h5", "--measure", "variance", "--of", "all")
            self.assertEqual(re.search(r"^replay_selects +(\S+)$", text, re.M)[1], expected)
            self.assertEqual([row["decision"] for row in self.judged("made.h5", "--measure", "variance")
                              if row["claim"] == "replay_selects"][0], "larger")

    def test_no_row_is_there_twice(self):
        for options, n in (((), 1), (("--of", "important"), 2)):
            text = done("claims", "claims.h5", "--measure", "variance", *options)
            text = text[text.index("rare_task_recruits:"):text.index("Each pair's effect", text.index("rare_task_recruits:"))]
            self.assertEqual(len(re.findall(r"^ +(?:variance +)?/layer \w", text, re.M)), n)

    def test_identical_beside_the_mean(self):
        claims = json.loads(done("claims", "claims.h5", "--json"))["claims"]
        for claim in claims:
            null = claim["multiverse"]["identical"]
            self.assertEqual(null["n"] > 0, claim["name"] in ("similar_tasks_share", "small_networks_mix",
                                                              "replay_selects", "rare_task_recruits"))
            if null["n"] > 0:
                self.assertIn(f"; identical {null['value']:+.3f}\n", done("claims", "claims.h5"))

    def test_warnings(self):
        noise = np.random.default_rng(5).normal(0, 0.01, (1, 40))
        self.assertEqual(self.decide(0.2 + noise)["warnings"], "")
        self.assertEqual(self.decide(0.2 + noise[:, :29])["warnings"], "under_30_seeds")
        self.assertEqual(self.decide(np.where(np.arange(40) < 20, 0, 0.2 + noise))["warnings"], "zeros")
        self.assertEqual(self.decide(np.where(np.arange(40) < 19, 0, 0.2 + noise))["warnings"], "")

    def test_smallest_effect(self):
        noise = np.random.default_rng(5).normal(0, 0.02, (1, 40))
        effects = 0.1 + noise - noise.mean()
        self.assertEqual(self.decide(effects)["decision"], "larger")
        row = self.judged("made.h5", "--smallest-effect", "two_subnetworks=0.2", "--smallest-effect", "leaks_backwards=.3")[0]
        self.assertEqual((row["decision"], row["smallest_effect"]), ("negligible", "0.2"))
        self.assertIn("Smallest effect of interest: 0.01 (below one unit",
                      done("claims", "made.h5", "--smallest-effect", "two_subnetworks=0.01"))
        for value, part in (("leaks=0.1", "CLAIM one of two_subnetworks, similar"), ("two_subnetworks", "CLAIM=X with X above"),
                            ("two_subnetworks=0", "X above 0, at most 1"), ("two_subnetworks=x", "X above 0, at most 1"),
                            ("two_subnetworks=nan", "X above 0, at most 1"), ("=1", "CLAIM one of")):
            code, out, err = run("claims", "made.h5", "--smallest-effect", value)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1))
            self.assertIn(part, err)

    def test_simultaneous(self):
        found = [row for row in self.judged("claims.h5", "--simultaneous") if row["number"] == "judged"]
        with base.Arrays("claims.h5") as f:
            for row in found:
                effect = self.sides(f, row["claim"], row["measure"],
                                    lambda c, m: number_of(c, m, "judged", row["normalise"]))[2]
                values = pooled(effect)
                values = values[~np.isnan(values)]
                expected = scipy.stats.t.interval(1 - 0.05 / 49, len(values) - 1, values.mean(), scipy.stats.sem(values))
                np.testing.assert_allclose([number(row["effect_low"]), number(row["effect_high"])], expected, atol=1e-5)
        # 6 measures of 7 claims, and each claim's mean over the multiverse.
        for claim in json.loads(done("claims", "claims.h5", "--simultaneous", "--json"))["claims"]:
            simple, = [c for c in json.loads(done("claims", "claims.h5", "--json"))["claims"] if c["name"] == claim["name"]]
            mean = claim["multiverse"]["effect"]
            t = scipy.stats.t.ppf(1 - 0.025 / 49, mean["n"] - 1)
            self.assertEqual(mean["value"], simple["multiverse"]["effect"]["value"])
            self.assertAlmostEqual(mean["value"], (mean["low"] + mean["high"]) / 2, delta=1e-6)
            self.assertGreater((mean["high"] - mean["low"]) / t, 0.7 * (
                simple["multiverse"]["effect"]["high"] - simple["multiverse"]["effect"]["low"]) / 2.2)

        self.make("one.h5", [dict(hidden_size=24), dict(hidden_size=24, train_mode="replay")], 12)
        self.make("two.h5", [dict(hidden_size=24, lr=lr, train_mode=mode) for lr in (0.1, 0.2)
                             for mode in ("random", "replay")], 12)
        for path, k in (("one.h5", 4), ("two.h5", 8)):  # two claims, their means; in two groups
            row = [row for row in self.judged(path, "--measure", "variance", "--simultaneous", "--by", "lr")
                   if row["claim"] == "replay_selects" and row["number"] == "judged"][0]
            half = (number(row["effect_high"]) - number(row["effect_low"])) / 2
            simple = [r for r in self.judged(path, "--measure", "variance", "--simultaneous", "--where", "lr=" + row["lr"])
                      if r["claim"] == "replay_selects" and r["number"] == "judged"][0]
            self.assertAlmostEqual(half / (number(simple["effect_high"]) - number(simple["effect_low"])) * 2,
                                   scipy.stats.t.ppf(1 - 0.025 / k, 11) / scipy.stats.t.ppf(1 - 0.025 / 4, 11), delta=1e-3)

    def test_each_model_is_read_once(self):
        def bytes_read(*arguments):
            script = '"$@" >/dev/null && grep rchar "/proc/$$/io"'
            out = subprocess.run(["bash", "-c", script, "bash", *arguments], capture_output=True, text=True)
            if out.returncode != 0:
                self.skipTest("/proc/PID/io does not tell")
            return int(out.stdout.split()[1])

        with h5py.File("claims.h5") as f:
            size = f["importance"].size * 4
        none = bytes_read(base.PROGRAM, "--version")
        found = bytes_read(base.PROGRAM, "claims", "claims.h5") - none
        self.assertTrue(size < found < 1.3 * size + 300000, (size, found))

    def test_first_plan(self):
        rng = np.random.default_rng(5)
        noise = rng.normal(0, 0.01, (1, 40))
        effects = np.where(np.arange(40) < 10, 0.02, 0.25) + noise
        self.assertEqual(self.decide(effects)["first_plan"], "")
        for first, expected, said in ((10, "undecided", True), (39, "larger", False), (40, "", False)):
            with h5py.File("made.h5", "r+") as f:
                group = f["provenance"].require_group("plans")
                for name, values in (("time", [1e9, 2e9]), ("replicates", [first, 40]), ("configurations", [2, 2])):
                    if name in group:
                        del group[name]
                    group[name] = np.array(values, "f8" if name == "time" else "i8")
            row = self.judged("made.h5", "--measure", "ablation_mean")[0]
            self.assertEqual((row["decision"], row["first_plan"]), ("larger", expected))
            self.assertEqual(f"the {first} replicates that were planned first: undecided" in done("claims", "made.h5"), said)

    def test_control(self):
        """The sweep with what is lacking: each configuration of the file as it is, then the identical tasks, once."""
        self.make("some.h5", BARE + [dict(hidden_size=24, second_task="add1")], 8)
        text = done("claims", "some.h5", "--control")
        cases = re.findall(r"^    \{(.*) \},?$", text, re.M)
        wanted = [{key: text + plain for key, text, plain in re.findall(r'(\w+) = (?:"([^"]*)"|([^";]*));', case)}
                  for case in cases]
        self.assertEqual({c["tasks"] for c in wanted[:len(BARE)]}, {make_file.tasks_of({**make_file.DEFAULTS, **c}) for c in BARE})
        keys = ("hidden_size", "fraction", "train_mode", "context_location")
        expected = [dict(make_file.DEFAULTS, **c) for c in add_controls(BARE)[0][len(BARE):]]
        expected = [[str(c[k]) for k in keys] + [make_file.tasks_of(c)] for c in expected]
        expected.remove(["24", "0.5", "random", "start", "x0 + x1; x0 + x1"])
        self.assertEqual(sorted([c[k] for k in (*keys, "tasks")] for c in wanted[len(BARE) + 1:]), sorted(expected))
        self.assertIn("replicates = 8;\nseed = 1;", text)
        code, out, err = run("claims", "claims.h5", "--control", "--where", "second_task=add2")
        self.assertEqual((code, out, err), (2, "", "picky-analyse: claims.h5: --control: its claims and other pairs of tasks lack no identical tasks\n"))
        self.assertIn("--control: writes a sweep", run("claims", "some.h5", "--control", "--csv")[2])

    def make_of_three(self, path, lists, n=8):
        """Models of three tasks, or of two, with made-up importances."""
        words = {"x0 + x1; x0 + x1": "add1", "x0 + x1; x0 + 2 * x1": "add2"}
        make_file.make(path, [dict(hidden_size=24, fraction=1 / len(text.split(";")),
                                   **({"second_task": words[text]} if text in words else {"tasks": text}))
                              for text in lists], n)
        n_tasks = np.array([len(text.split(";")) for text in lists], "u1")
        rng = np.random.default_rng(3)
        with h5py.File(path, "r+") as f:
            f["status"][:] = ACCEPTED
            f["attempts"][:] = 1
            shapes = {key: list(f[key].shape) for key in ("attempt_error", "test_error", "test_loss", "importance",
                                                          "relative_importance", "loss_change", "mean_activation")}
            for key, shape in shapes.items():
                place = -1 if key.endswith(("error", "loss")) else 3 if "importance" in key else 2
                shape[place] = 3
                values = rng.lognormal(size=shape).astype("f4")
                if key != "relative_importance":
                    np.moveaxis(values, place, 1)[n_tasks == 2, 2] = np.nan
                del f[key]
                f[key] = values
            f["n_tasks"][:] = n_tasks

    def test_three_tasks(self):
        """The control has all tasks, with the two of the pair made equal; it is no condition itself."""
        model = "x0 - x1; x0 + x1; x0 * x1"
        controls = ["x0 - x1; x0 + x1; x0 + x1", "x0 - x1; x0 * x1; x0 * x1"]
        decoys = ["x0 + x1; x0 + x1", "x0 * x1; x0 * x1"]
        self.make_of_three("three.h5", [*decoys, model])
        row = self.judged("three.h5", "--measure", "ablation_mean")[0]
        self.assertEqual((row["configurations_a"], row["tasks_a"], row["decision"]), ("2", "2-3", "no control"))
        found = done("claims", "three.h5", "--control").split("// identical tasks")[1]
        self.assertEqual(re.findall('tasks = "(.*?)"', found), controls)
        self.make_of_three("three.h5", [*decoys, model, *controls])
        row = self.judged("three.h5", "--measure", "ablation_mean")[0]
        with base.Arrays("three.h5") as f:
            p = f["importance"][:, :, 0, 1:, 0, :24]
            p = p / p.sum(-1, keepdims=True)
            d = abs(p[:, :, 0] - p[:, :, 1]).sum(-1) / 2
        self.assertAlmostEqual(number(row["effect"]), (d[2] - (d[3] + d[4]) / 2).mean(), delta=2e-6)
        self.assertEqual((row["configurations_a"], row["decision"] == "no control"), ("2", False))
        found = done("claims", "three.h5", "--control").split("// identical tasks")[1]  # now of the other pairs
        self.assertEqual(re.findall('tasks = "(.*?)"', found),
                         ["x0 - x1; x0 - x1; x0 * x1", "x0 + x1; x0 + x1; x0 * x1", "x0 - x1; x0 + x1; x0 - x1",
                          "x0 * x1; x0 + x1; x0 * x1"])
        self.assertIn("\n      tasks 2 (x0 + x1) and 3 (x0 * x1)\n", done("claims", "three.h5"))

    def test_other_pairs(self):
        """Tasks that no claim is about have D and its control, and no verdict."""
        lists = ["x0 + x1; x0 * x1; x1", "x0 + x1; x0 + x1; x1", "x0 + x1; x1; x1", "x1; x0 * x1; x1", "x0 + x1; x0 * x1; x0 * x1"]
        self.make_of_three("three.h5", lists)
        found = {row["task_names_a"]: row for row in rows("claims", "three.h5", "--measure", "variance")
                 if row["claim"] == "other_pairs"}
        self.assertEqual({(k, r["decision"], r["tasks_a"], r["configurations_a"]) for k, r in found.items()},
                         {("x0 + x1 and x1", "", "1-3", "0"), ("x0 * x1 and x1", "", "2-3", "0")})
        with base.Arrays("three.h5") as f:
            p = f["importance"][:, :, 5, :, :, :24]
            p = p / p.sum(-1, keepdims=True)

        def d(config, a, b):
            return abs(p[config, :, a] - p[config, :, b]).sum(-1).mean(-1) / 2  # all layers

        row = found["x0 + x1 and x1"]  # of x0 + x1 twice there is none
        self.assertEqual((row["effect"], row["mean_b"], row["n"]), ("", "", "0"))
        self.assertAlmostEqual(number(row["mean_a"]), d(0, 0, 2).mean(), delta=2e-6)
        row = found["x0 * x1 and x1"]
        identical = (d(4, 1, 2) + d(2, 1, 2)) / 2
        np.testing.assert_allclose([number(row[k]) for k in ("effect", "mean_a", "mean_b")],
                                   [(d(0, 1, 2) - identical).mean(), d(0, 1, 2).mean(), identical.mean()], atol=2e-6)
        self.assertEqual((row["n"], row["effect_low"] == ""), ("8", False))
        text = done("claims", "three.h5", "--measure", "variance")
        self.assertIn("Other pairs of tasks", text)
        self.assertLess(self.widest(done("claims", "three.h5")), 80)
        whole = json.loads(done("claims", "three.h5", "--measure", "variance", "--json"))["other_pairs"]
        self.assertEqual([(o["tasks"], o["with_identical"]) for o in whole],
                         [(["x0 * x1", "x1"], 1), (["x0 + x1", "x1"], 0)])
        self.assertEqual(json.loads(done("claims", "claims.h5", "--json"))["other_pairs"], [])
        self.assertNotIn("Other pairs", done("claims", "claims.h5"))
        self.assertNotIn("trend:", text)
        self.assertEqual({row["trend_along"] for row in rows("claims", "three.h5")}, {""})

    def test_trends_of_other_pairs(self):
        """Where one hyperparameter is swept, D of tasks that no claim is about has a slope along it, over seeds."""
        rates = [0.001, 0.002, 0.004, 0.008]
        self.make_of_three("swept.h5", ["x0 + x1; x0 * x1; x1"] * len(rates))
        with h5py.File("swept.h5", "r+") as f:
            f["lr"][:] = rates
            p = f["importance"][:, :, 5, :, :, :24].astype("f8")
        p = p / p.sum(-1, keepdims=True)
        d = abs(p[:, :, 0] - p[:, :, 2]).sum(-1).mean(-1) / 2  # all layers of [configuration, seed]
        for path, x, per in (("swept.h5", np.log2(rates), "doubling"), ("even.h5", np.arange(4) / 10 + 0.1, "1")):
            if path == "even.h5":
                shutil.copy("swept.h5", path)
                with h5py.File(path, "r+") as f:
                    f["lr"][:] = x
            slopes = np.polyfit(x, d, 1)[0]
            row = [row for row in rows("claims", path, "--measure", "variance")
                   if row["claim"] == "other_pairs" and row["task_names_a"].startswith("x0 + x1 and x1")][0]
            self.assertEqual((row["trend_along"], row["trend_per"], row["decision"]), ("lr", per, ""))
            low, high = scipy.stats.t.interval(0.95, 7, slopes.mean(), scipy.stats.sem(slopes))
            np.testing.assert_allclose([number(row[k]) for k in ("trend", "trend_low", "trend_high")],
                                       [slopes.mean(), low, high], rtol=1e-4, atol=2e-6)
            self.assertIn(f"trend: slope of D for {'each doubling' if per == 'doubling' else '1 more'} of lr\n",
                          done("claims", path))
        with h5py.File("swept.h5", "r+") as f:  # two axes: no trend
            f["batch_size"][:2] = 20
        self.assertEqual({row["trend_along"] for row in rows("claims", "swept.h5")}, {""})
        self.assertNotIn("trend:", done("claims", "swept.h5"))

    def test_lists_that_are_each_others_control(self):
        self.make_of_three("three.h5", ["x0 + x1; x0 + x1; x0 * x1", "x0 * x1; x0 + x1; x0 * x1", "x0 * x1; x0 * x1; x0 * x1"])
        row = self.judged("three.h5", "--measure", "variance")[0]
        self.assertEqual((row["configurations_a"], row["tasks_a"]), ("0", "1-3"))
        self.assertEqual(row["task_names_a"], "x0 + x1 and x0 * x1")
        pairs = json.loads(done("claims", "three.h5", "--json"))["claims"][0]["pairs"]
        self.assertEqual([p["task_names"] for p in pairs], [["x0 + x1", "x0 * x1"]])

    def test_similar_tasks_beside_the_same_others(self):
        self.make_of_three("three.h5", ["x0 + x1; x0 + 2 * x1", "x0 + x1; x0 * x1; x1", "x0 + x1; x0 * x1; x0",
                                        "x0 + x1; x0 + 2 * x1; x0", "x0 + x1; x0 + 2 * x1; x0^2"])
        row = self.judged("three.h5", "--measure", "variance")[3]
        self.assertEqual([row[k] for k in ("claim", "configurations_a", "configurations_b", "tasks_a", "tasks_b")],
                         ["similar_tasks_share", "2", "3", "1-2", "1-2"])

    def test_values_that_depend_on_the_tasks(self):
        """second_task has no word for most lists; "equal" is another number for each number of tasks."""
        lists = ["x0 + x1; x0 + 2 * x1", "x0; x1; x0", "x0; x1^2", "x0 + x1; x0 + x1"]
        self.make_of_three("three.h5", lists)
        code, out, err = run("summary", "three.h5", "--by", "second_task", "--measure", "variance", "--csv")
        self.assertEqual((code, err.count("grouped by tasks")), (0, 1))
        found = csv.DictReader(io.StringIO(out))
        self.assertEqual(list(dict.fromkeys(row["tasks"] for row in found)), lists)
        options = ("--by", "second_task", "--where", "fraction=0.5")
        self.assertIn("tasks = x0; x1^2", done("summary", "three.h5", *options))
        self.assertEqual(run("summary", "three.h5", *options)[2], "")
        with h5py.File("three.h5", "r+") as f:
            f["fraction"][:] = 0.5, 334 / 1000, 0.4, 0.5  # N_train = 1000
        for value, expected in (("equal", "013"), ("0.5", "03"), ("0.4,equal", "0123")):
            found = rows("summary", "three.h5", "--where", f"fraction={value}", "--measure", "variance")
            self.assertEqual("".join(dict.fromkeys(row["first_configuration"] for row in found)), expected)

    def test_by(self):
        found = rows("claims", "claims.h5", "--by", "hidden_size", "--measure", "variance")
        whole = json.loads(done("claims", "claims.h5", "--by", "hidden_size", "--measure", "variance", "--json"))
        self.assertEqual([g["group"] for g in whole["groups"]], [dict(hidden_size=h) for h in (24, 6, 20)])
        for group in whole["groups"]:
            size = str(group["group"]["hidden_size"])
            alone = rows("claims", "claims.h5", "--where", f"hidden_size={size}", "--measure", "variance")
            here = [{k: v for k, v in row.items() if k != "hidden_size"} for row in found if row["hidden_size"] == size]
            self.assertEqual(here, alone)
            self.assertEqual([v["decision"] for c in group["claims"] for v in c["verdicts"]],
                             [row["decision"] for row in alone if row["decision"] not in ("", "not_in_file")])
        text = done("claims", "claims.h5", "--by", "hidden_size")
        self.assertEqual(re.findall(r"^\* (.*)$", text, re.M), [f"hidden_size = {h}" for h in (24, 6, 20)])
        self.assertEqual(text.count("Each claim is an effect"), 1)

    def test_help_states_the_rule(self):
        for word in ("larger", "reversed", "negligible", "undecided", "mixed", "selection", "no control", "under 6 seeds"):
            self.assertIn(word, done("claims", "--help"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
