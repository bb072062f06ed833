"""Checks the figures of claims by the data in their scripts: plot claims (forest) and plot multiverse (specification
curve), against what picky-analyse claims says of the same file, which check_claims.py compares with NumPy and SciPy.

check_claim_figures.py PICKY_ANALYSE STATISTICS_TABLE [unittest arguments]
Needs h5py, NumPy and gnuplot.
"""
import json
import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tables"))
import check_claims  # exits by 77 if something is missing
from check_claims import CONFIGS
from check_summary import MEASURES, Files, done, make_file, run

import numpy as np

N_SEEDS = 14
SPECIFICATIONS = 13


def close(x, y):
    np.testing.assert_allclose(np.array(x, "f8"), np.array(y, "f8"), rtol=2e-5, atol=1e-12)


def numbers(estimate):
    return [np.nan if estimate[k] is None else estimate[k] for k in ("value", "low", "high")]


class ClaimFigures(Files):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_file.make("claims.h5", CONFIGS, N_SEEDS, seed=6)

    def plot(self, kind, *options):
        """The script's data blocks [rows of numbers], and its text."""
        self.assertEqual(run("plot", kind, "claims.h5", "-o", "figure.svg", "--force", "--keep-script", *options)[:2], (0, ""))
        with open("figure.gp") as f:
            script = f.read()
        blocks = re.findall(r"^\$(\w+) << EOD\n(.*?)^EOD$", script, re.M | re.S)
        return {name: np.array([line.split() for line in text.splitlines()], "f8") for name, text in blocks}, script

    def claims(self, *options):
        found = json.loads(done("claims", "claims.h5", "--json", *options))["claims"]
        return [claim for claim in found if claim["verdicts"]]

    def check_forest(self, *options):
        data, script = self.plot("claims", *options)
        effects, pairs, texts = [], [], []
        claims = self.claims(*options)
        for claim in claims:
            judged = [v for v in claim["verdicts"] if v["number"] == "judged"]
            for v in judged:
                identical = numbers(v["identical"]) if v["identical"]["n"] else [np.nan] * 3
                effects.append([*numbers(v["effect"]), *identical])
                texts.append(v["decision"])
                if len(claim["pairs"]) > 1:
                    pairs += [numbers(p["effects"][v["measure"]])[0] for p in claim["pairs"] if p["control"]]
        close(data["effects"][:, 1:7], effects)
        close(data["pairs"][:, 1], pairs)
        self.assertTrue((np.diff(data["effects"][:, 0]) > 0).all())
        self.assertEqual(re.findall(r"set label '(larger|reversed|negligible|undecided|mixed|selection|no control)[*]?'", script),
                         texts)
        bands = re.findall(r"set object rectangle from (\S+),(\S+) to (\S+),(\S+) fc", script)
        close([[float(b[0]), float(b[2])] for b in bands], [[-c["smallest_effect"], c["smallest_effect"]] for c in claims])
        # Every band lies behind the rows of its claim, and every mark on the axis.
        ends = np.array([[float(b[1]), float(b[3])] for b in bands])
        rows = data["effects"][:, 0].reshape(len(claims), -1)
        self.assertTrue((ends[:, 0] < rows.min(1)).all() and (rows.max(1) < ends[:, 1]).all())
        low, high = map(float, re.search(r"set xrange \[(\S+):(\S+)\]", script).groups())
        self.assertTrue(low < np.nanmin(data["effects"][:, 1:]) and np.nanmax(data["effects"][:, 1:]) < high)
        self.assertRegex(script, r"set label '\d+( to \d+)? seeds; under 30, one model in five")
        return script

    def test_forest(self):
        self.assertIn("pair of configurations", self.check_forest())
        self.assertIn("Bonferroni", self.check_forest("--simultaneous", "--measure", "taylor_mean,variance"))
        self.check_forest("--smallest-effect", "replay_selects=0.3", "--of", "important", "--status", "accepted,rejected")

    def test_chosen_claims(self):
        data, script = self.plot("claims", "--claim", "replay_selects,two_subnetworks", "--measure", "all")
        self.assertEqual(len(data["effects"]), 2 * len(MEASURES))
        self.assertNotIn("Small networks", script)
        self.assertLess(script.index("two subnetworks"), script.index("Replay makes"))
        data = self.plot("multiverse", "--claim", "replay_selects")[0]
        self.assertEqual(set(data), {"replay_selects", "replay_selects_choices"})

    def test_multiverse(self):
        options = ["--measure", "ablation_mean,variance"]
        data, script = self.plot("multiverse", *options)
        for claim in self.claims(*options):
            rows, choices = data[claim["name"]], data[claim["name"] + "_choices"]
            n = sum(m["specifications"] for m in claim["multiverse"]["measures"])
            is_leaning = claim["name"] == "rare_task_recruits"
            self.assertEqual(n, 2 * (SPECIFICATIONS - is_leaning))
            self.assertEqual(list(rows[:, 0]), list(range(1, n + 1)))
            self.assertTrue((np.diff(rows[:, 1]) >= 0).all())
            measures = claim["multiverse"]["measures"]
            self.assertEqual(rows[:, 4].sum(), sum(m["larger"] + m["reversed"] for m in measures))
            close([rows[0, 1], rows[-1, 1]], [min(m["least"] for m in measures), max(m["largest"] for m in measures)])
            # Of each specification: its measure; D, or share with a normalisation, kind of units and cut-off.
            places = np.unique(data["two_subnetworks_choices"][:, 1])
            self.assertEqual(len(places), 2 + 2 + 2 + 2 + 3)
            counts = [sum(choices[:, 1] == place) for place in places]
            self.assertEqual(counts, [n / 2, n / 2, 0 if is_leaning else 2, 24, 12, 12, 12, 12, 8, 8, 8])
            for rank in range(1, n + 1):
                self.assertIn((choices[:, 0] == rank).sum(), (2, 5))
            # What is judged is the one without choices of shares, by each measure.
            if not is_leaning:
                for m, measure in enumerate(measures):
                    rank, = set(choices[choices[:, 1] == places[m], 0]) & set(choices[choices[:, 1] == places[2], 0])
                    judged, = [v for v in claim["verdicts"] if (v["number"], v["measure"]) == ("judged", measure["measure"])]
                    close(rows[int(rank) - 1, 1:4], numbers(judged["effect"]))
            mean = claim["multiverse"]["effect"]
            self.assertIn(f"mean {mean['value']:+.3f} [{mean['low']:+.3f}, {mean['high']:+.3f}], "
                          f"{claim['multiverse']['decision']}", script)

    def test_refused(self):
        for options, part in (([ "--claim", "replay"], "--claim replay: allowed: NAME,... of two_subnetworks, "),
                              (["--claim", "replay_selects,"], "--claim replay_selects,: allowed"),
                              (["--where", "hidden_size=6"], "none of the claims that were asked for"),
                              (["--status", "done"], "--status done")):
            for kind in ("claims", "multiverse"):
                code, out, err = run("plot", kind, "claims.h5", "-o", "refused.svg", *options)
                self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
                self.assertIn(part, err)
                self.assertFalse(os.path.exists("refused.svg"))
        make_file.make("bare.h5", [dict(hidden_size=24)], 8)
        code, out, err = run("plot", "multiverse", "bare.h5", "-o", "refused.svg")
        self.assertEqual(code, 2)
        self.assertIn("has an effect", err)
        self.assertEqual(run("plot", "claims", "bare.h5", "-o", "bare.svg")[0], 0)
        with open("bare.svg") as f:
            self.assertEqual(len(re.findall("no control</", f.read())), len(MEASURES))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
