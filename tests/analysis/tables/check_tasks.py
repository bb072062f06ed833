"""Checks what picky-analyse makes of one, two, three and eight tasks in one file: which pair a table or figure is about,
and how tasks share units, against SciPy and NumPy.

check_tasks.py PICKY_ANALYSE PICKY [unittest arguments]
Needs h5py, NumPy and SciPy.
"""
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import h5py
    import numpy as np
    import scipy.stats
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

PROGRAM, PICKY = map(os.path.abspath, sys.argv[1:3])
EIGHT = "x0 + x1; x0 - x1; x0 * x1; x0^2 - x1^2; abs(x0 + x1); sin(3 * x0); cos(3 * x1); max(x0, x1)"
SWEEP = f"""replicates = 4; seed = 3;
model = {{ hidden_size = 5; hidden_layers = 2; input_low = -1.0; standardise = "variance"; N_train = 80; epochs = 1;
          output_activation = "linear"; error_threshold = 9.0; }};
grid = {{ tasks = ("first: x0", "sum: x0 + x1; prod: x0 * x1", "x0; x1; max(x0, x1)", "{EIGHT}"); }};
"""
TAYLOR = 3  # the measure that is shown if nobody says
MEASURES = ["ablation_mean", "ablation_sample", "taylor_mean", "taylor_sample", "contribution", "variance"]


def run(*args):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, done.stderr


def rows(*args):
    code, out, err = run(*args)
    assert code == 0, err
    return list(csv.DictReader(io.StringIO(out)))


def counted(config, measure, below=0.1):
    """Importances [model, task, layer, unit], 0 where they do not count."""
    with h5py.File("t.h5") as f:
        n_tasks = int(f["n_tasks"][config])
        importance = f["importance"][config, :, measure, :n_tasks].astype("f8")
    return np.where(importance < below * importance.mean(-1, keepdims=True), 0, importance)


def sharing(model, a, b):
    """The statistics of one layer [task, unit] of a model."""
    n, in_a, in_b = model.shape[1], model[a] > 0, model[b] > 0
    size_a, size_b = in_a.sum(), in_b.sum()
    k = np.arange(min(size_a, size_b) + 1)
    p = scipy.stats.hypergeom(n, size_a, size_b).pmf(k)
    used = model[:, model.sum(0) > 0]
    largest = used.max(0)
    others = (used.sum(0) - largest) / (len(model) - 1)
    preferred = np.where(model.sum(0) > 0, model.argmax(0), -1)
    return {"jaccard": (in_a & in_b).sum() / (in_a | in_b).sum(),
            "jaccard_chance": (p * k / (size_a + size_b - k)).sum(),
            "overlap": (in_a & in_b).sum() / min(size_a, size_b),
            "overlap_chance": (p * k).sum() / min(size_a, size_b),
            "selectivity": ((largest - others) / (largest + others)).mean(),
            "n_eff": (used.sum(0) ** 2 / (used ** 2).sum(0)).mean(),
            "preferred_1": (preferred == a).mean(), "preferred_2": (preferred == b).mean()}


class Tasks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        os.chdir(cls.directory)
        with open("t.cfg", "w", encoding="utf-8") as file:
            file.write(SWEEP)
        subprocess.run([PICKY, "run", "t.cfg", "-o", "t.h5"], capture_output=True, check=True, timeout=100)

    @classmethod
    def tearDownClass(cls):
        os.chdir("/")
        shutil.rmtree(cls.directory)

    def test_sharing(self):
        for measure, options, below in ((TAYLOR, [], 0.1), (5, ["--measure", "variance", "--unimportant-below", "0.7"], 0.7)):
            n_tables = [0] * 4
            for row in rows("summary", "t.h5", "--csv", *options):
                config, layer = int(row["first_configuration"]), int(row["layer"]) - 1
                a, b = int(row["task_1"]) - 1, int(row["task_2"]) - 1
                n_tables[config] += layer == 0
                models = counted(config, measure, below)[:, :, layer]
                if config == 0:
                    self.assertTrue(row["jaccard"] == row["selectivity"] == row["mean_ri"] == row["distance"] == "")
                    continue
                expected = [sharing(model, a, b) for model in models]
                shares = counted(config, measure, 0)[:, :, layer]  # every unit counts for the distance
                with np.errstate(invalid="ignore"):
                    shares = shares / shares.sum(-1, keepdims=True)
                self.assertAlmostEqual(float(row["distance"]), np.nanmean(abs(shares[:, a] - shares[:, b]).sum(-1) / 2),
                                       delta=2e-6, msg=(config, a, b))
                for name in expected[0]:
                    self.assertAlmostEqual(float(row[name]), np.mean([e[name] for e in expected]), delta=2e-6,
                                           msg=(config, a, b, name))
            self.assertEqual(n_tables, [1, 1, 3, 28])

    def test_selectivity_of_two_tasks_is_ri(self):
        for row in rows("export", "t.h5", "--each", "neuron", "--where", "second_task=prod", "--measure", "all"):
            for measure in MEASURES:
                ri, s = row[f"{measure}_ri_1_2"], row[f"{measure}_selectivity"]
                self.assertEqual(ri == "", s == "")
                if ri:
                    self.assertAlmostEqual(abs(float(ri)), float(s), delta=1e-6)
                    self.assertEqual(row[f"{measure}_preferred"], "1" if float(ri) >= 0 else "2")

    def test_units(self):
        found = rows("export", "t.h5", "--each", "neuron", "--where", "tasks=" + EIGHT)
        importance = counted(3, TAYLOR)
        for row in found:
            unit = importance[int(row["replicate"]), :, int(row["layer"]) - 1, int(row["unit"])]
            if unit.sum() == 0:
                self.assertEqual(row["taylor_sample_preferred"], "")
                continue
            self.assertEqual(int(row["taylor_sample_preferred"]), unit.argmax() + 1)
            self.assertAlmostEqual(float(row["taylor_sample_n_eff"]), unit.sum() ** 2 / (unit ** 2).sum(), delta=1e-5)
        self.assertEqual(len(found), 4 * 2 * 5)

    def test_compare_names_tasks_and_takes_each_list_s_equal_share(self):
        with open("equal.cfg", "w") as f:
            f.write("""replicates = 2;
model = { hidden_size = 4; hidden_layers = 1; N_train = 60; epochs = 1; output_activation = "linear"; error_threshold = 99.0; };
cases = ({ tasks = "sum: x0 + x1; prod: x0 * x1"; grid = { fraction = [0.2, 0.5]; }; },
         { tasks = "x0; x1; max(x0, x1)"; grid = { fraction = ("equal", 0.2, 0.5); }; });""")
        subprocess.run([PICKY, "run", "equal.cfg", "-o", "equal.h5"], check=True, capture_output=True)
        args = ("summary", "equal.h5", "--compare", "fraction=equal", "--pair", "1-2", "--statistic", "mixed")
        found = [(row["tasks"], float(row["value_a"]), row["value_b"], row["task_1_name"], row["task_2_name"])
                 for row in rows(*args, "--csv")]
        self.assertEqual(found, [("x0 + x1; x0 * x1", 0.5, "0.2", "sum", "prod"),
                                 ("x0; x1; max(x0, x1)", 1 / 3, "0.2", "x0", "x1"),
                                 ("x0; x1; max(x0, x1)", 1 / 3, "0.5", "x0", "x1")])
        found = json.loads(run(*args, "--json")[1])["comparisons"]
        self.assertEqual([row["task_names"] for row in found], [["sum", "prod"], ["x0", "x1"], ["x0", "x1"]])
        self.assertEqual(run(*args)[1].count("task 1 (sum) and task 2 (prod)"), 1)

    def test_which_pair(self):
        by_number = rows("summary", "t.h5", "--csv", "--pair", "2-3")
        self.assertEqual({(r["task_1"], r["task_2"]) for r in by_number}, {("2", "3")})
        self.assertEqual({r["first_configuration"] for r in by_number}, {"2", "3"})
        self.assertEqual({r["task_2_name"] for r in by_number}, {"max(x0, x1)", "x0 * x1"})
        by_name = rows("summary", "t.h5", "--csv", "--pair", "prod-sum")
        self.assertEqual([r["task_1_name"] + "/" + r["task_2_name"] for r in by_name], ["sum/prod"] * 2)
        text = run("summary", "t.h5")[1]
        for line in ("test error, task 8 ",
                     "taylor_sample, task 7 (cos(3 * x1)) and task 8 (max(x0, x1))\n",
                     "task 1 (first): one task, and so no relative importance\n"):
            self.assertEqual(text.count(line), 1, line)
        self.assertNotIn("nan", text.replace("nan)", ""))
        names = [t["task_names"] for g in json.loads(run("summary", "t.h5", "--json")[1])["groups"] for t in g["tables"]]
        self.assertEqual(names[:2], [["first", ""], ["sum", "prod"]])
        self.assertEqual(len(rows("summary", "t.h5", "--csv", "--by", "tasks")), 2 * (1 + 1 + 3 + 28))
        self.assertEqual(len(rows("summary", "t.h5", "--csv", "--where", "tasks=x0; x1; max(x0, x1)")), 6)

    def test_dials(self):
        """A pair whose formulas use dials is another one for each setting, and identical where they make it so."""
        with open("dial.cfg", "w") as f:
            f.write("""replicates = 2;
model = { hidden_size = 4; hidden_layers = 1; N_train = 60; epochs = 1; output_activation = "linear"; error_threshold = 99.0; };
grid = { tasks = ("x0 + x1; x0 + a * x1", "r1 * x0; cos(b) * (r1 * x0) + sin(b) * x1"); a = [1.0, 0.5, -0.5]; b = [0.0, 0.5]; };""")
        subprocess.run([PICKY, "run", "dial.cfg", "-o", "dial.h5"], check=True, capture_output=True)

        def pairs():
            found = json.loads(run("claims", "dial.h5", "--json")[1])["other_pairs"]
            return [(p["tasks"][1].count("cos"), p["dials"], len(p["configurations"]), p["with_identical"]) for p in found]

        self.assertEqual(pairs(), [(1, {"b": 0.5}, 3, 0), (0, {"a": -0.5}, 2, 0), (0, {"a": 0.5}, 2, 0)])
        self.assertIn("x0 + x1 and x0 + a * x1, a = -0.5: 2 configurations, 0 with identical tasks", run("claims", "dial.h5")[1])
        self.assertEqual([r["dials"] for r in rows("claims", "dial.h5", "--csv", "--measure", "variance")
                          if r["claim"] == "other_pairs"], ["b = 0.5", "a = -0.5", "a = 0.5"])
        code, out, err = run("claims", "dial.h5", "--control", "-o", "control.cfg")
        self.assertEqual((code, out, err), (0, "", ""))
        subprocess.run([PICKY, "extend", "dial.h5", "control.cfg"], check=True, capture_output=True)
        self.assertEqual(pairs(), [(1, {"b": 0.5}, 3, 3), (0, {"a": -0.5}, 2, 2), (0, {"a": 0.5}, 2, 2)])
        code, out, err = run("claims", "dial.h5", "--control")
        self.assertEqual((code, out, err.count("\n")), (2, "", 1))
        self.assertIn("other pairs of tasks lack no identical tasks", err)

    def test_texts_are_about_the_pair(self):
        three = ["--where", "tasks=x0; x1; max(x0, x1)", "--pair", "2-3"]
        self.assertIn("ln(loss 2 / loss 3)", run("summary", "t.h5", *three, "--statistic", "log_loss_ratio")[1])
        out = run("report", "t.h5", *three)[1]
        for words in ("<b>selective for task 2</b>", ">selective for task 3</th>", "selective for task 2 ", "ln(I_2/I_3)",
                      "the layer serves task 2 more"):
            self.assertIn(words, out)
        self.assertNotIn("for task 1", out)
        with open("turn.cfg", "w") as f:
            f.write("""replicates = 2;
model = { hidden_size = 4; hidden_layers = 1; N_train = 60; epochs = 1; output_activation = "linear"; error_threshold = 99.0; };
grid = { tasks = ("s: x0 + x1; p: x0 * x1; x0", "x0; s: x0 + x1; p: x0 * x1"); };""")
        subprocess.run([PICKY, "run", "turn.cfg", "-o", "turn.h5"], check=True, capture_output=True)
        code, out, err = run("report", "turn.h5", "--pair", "p-s")
        self.assertEqual((code, out, err.count("\n")), (2, "", 1))
        self.assertIn("--pair p-s: they are tasks 1 and 2 in configuration 0, 2 and 3 in 1", err)
        if not shutil.which("gnuplot"):
            return
        for kind, statistic, words in (
                ("heatmap", "error_1", "error of task 2"), ("heatmap", "error_2", "error of task 3"),
                ("heatmap", "selective_1", "selective for task 2"), ("heatmap", "preferred_2", "prefer task 3"),
                ("heatmap", "log_loss_ratio", "ln(loss 2 / loss 3)"), ("models", "error_1", "test error of task 2"),
                ("models", "selective_2", "selective for task 3"), ("ri-loss", None, "ln(loss 2 / loss 3)")):
            options = ["--statistic", statistic] if statistic else []
            code, _, err = run("plot", kind, "t.h5", *three, *options, "-o", "p.svg", "--force")
            self.assertEqual((code, err), (0, ""), (kind, statistic))
            with open("p.svg", encoding="utf-8") as file:
                text = file.read()
            self.assertIn(words, text, (kind, statistic))
            self.assertNotRegex(text, r"task 1\b|loss 1\b", (kind, statistic))
        self.assertEqual(run("plot", "heatmap", "turn.h5", "--pair", "s-p", "--statistic", "error_1", "-o", "p.svg",
                             "--force")[0], 0)
        with open("p.svg", encoding="utf-8") as file:
            self.assertIn("error of the first task, median over models; first task (s), second task (p)", file.read())

    def test_bad_pairs(self):
        for pair, word in (("1", "allowed: all, or A-B"), ("1-", "allowed: all, or A-B"), ("2-2", "two different tasks"),
                           ("1-2-3", "allowed: all, or A-B"), ("1-9", "numbers from 1 to 8"), ("sum-x", "names of tasks"),
                           ("%s-%n", "names of tasks")):
            for command in (["summary", "t.h5"], ["plot", "ri", "t.h5", "-o", "x.svg"]):
                code, out, err = run(*command, "--pair", pair)
                self.assertEqual((code, out, err.count("\n")), (2, "", 1), (pair, err))
                self.assertIn(word, err)
        for kind in ("ri", "importance", "measures", "lesion", "ri-grid", "heatmap"):
            code, _, err = run("plot", kind, "t.h5", "--where", "tasks=x0", "-o", "x.svg")
            self.assertEqual(code, 2)
            self.assertIn("one task each: there is no pair of tasks", err)
        self.assertFalse(os.path.exists("x.svg"))
        self.assertIn("takes one pair", run("plot", "heatmap", "t.h5", "--pair", "all", "-o", "x.svg")[2])

    def test_report(self):
        code, out, err = run("report", "t.h5")
        self.assertEqual((code, err), (0, ""))
        self.assertNotRegex(out, r"[>(]nan")
        self.assertIn("task 8 (max(x0, x1)), median", out)
        self.assertIn("It has not both tasks", out)
        out = run("report", "t.h5", "--pair", "7-8")[1]
        self.assertIn("error, task 7 (cos(3 * x1))</th>", out)
        self.assertIn("takes one pair", run("report", "t.h5", "--pair", "all")[2])

    @unittest.skipUnless(shutil.which("gnuplot"), "no gnuplot")
    def test_figures(self):
        three = ["--where", "tasks=x0; x1; max(x0, x1)"]
        for kind, options, words in (
                ("ri", three + ["--pair", "1-3"], ["task 1 (x0) \u2192", "\u2190 task 3 (max(x0, x1))"]),
                ("ri", three + ["--pair", "all"], ["tasks 2 (x1) and 3 (max(x0, x1))", "second task"]),
                ("importance", three, ["importance for task 1 (x0)", "importance for task 2 (x1)  ("]),
                ("measures", three, ["task 1 (x0) against task 2 (x1)"]),
                ("lesion", three + ["--pair", "2-3"], ["error of task 2 (x1)", "task-3-"]),
                ("training", [], ["task 8 (max(x0, x1))"]),
                ("heatmap", three, ["task 1 (x0), task 2 (x1)"]),
                ("ri-grid", three, ["task 1 (x0) \u2192"])):
            code, _, err = run("plot", kind, "t.h5", *options, "-o", "f.svg", "--keep-script")
            self.assertEqual((code, err), (0, ""), kind)
            with open("f.svg.gp" if os.path.exists("f.svg.gp") else "f.gp", encoding="utf-8") as file:
                script = file.read()
            for word in words:
                self.assertIn(word, script.encode().decode("unicode_escape").encode("latin1").decode()
                              if "\\3" in script else script, (kind, word))
        for kind, options, words in (("ri-pairs", ["--config", "3"], ["$pair7_8", "task 7 (cos(3 * x1))", "4 models"]),
                                     ("tasks", ["--config", "3", "--replicate", "2"], ["$layer2", "replicate 2"]),
                                     ("tasks", ["--where", "tasks=x0"], ["task 1 (first)"])):
            code, _, err = run("plot", kind, "t.h5", *options, "-o", "f.svg", "--keep-script")
            self.assertEqual((code, err), (0, ""), kind)
            with open("f.svg.gp" if os.path.exists("f.svg.gp") else "f.gp", encoding="utf-8") as file:
                script = file.read()
            for word in words:
                self.assertIn(word, script, (kind, word))
        self.assertEqual(script.count("boxxyerror"), 2)
        for options, word in ((["ri-pairs"], "these are 4"), (["ri-pairs", "--config", "0"], "has one task"),
                              (["tasks"], "these are 4"), (["tasks", "--config", "4"], "--config 4: allowed: 0 to 3"),
                              (["tasks", "--config", "1", "--replicate", "4"], "--replicate 4: allowed: 0 to 3")):
            code, out, err = run("plot", options[0], "t.h5", *options[1:], "-o", "g.svg")
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), options)
            self.assertIn(word, err)
        code, _, err = run("plot", "ri", "t.h5", "-o", "f.svg")
        self.assertEqual((code, err), (0, "picky-analyse: 1 of 4 configurations have no such pair of tasks and are left out\n"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
