"""Checks the figures of picky-analyse by the data in their scripts, against NumPy and SciPy: histograms over two
hyperparameters, heat maps, agreement of measures, importances, lesions. The networks of lesions are run here again, in
float64, from the weights in the file. What all figures have in common (formats, failures, texts): check_analyse.py too.

check_figures.py PICKY_ANALYSE PICKY [unittest arguments]
Needs h5py, NumPy, SciPy and gnuplot.
"""
import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

try:
    import h5py
    import numpy as np
    import scipy.stats
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.dont_write_bytecode = True  # nothing is left among the sources
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "../file"), os.path.join(HERE, "../../reference")]
import make_file
import reference
from make_file import ACCEPTED, MEASURES, PENDING, REJECTED

PROGRAM, PICKY = map(os.path.abspath, sys.argv[1:3])
PROGRESS = re.compile(r"picky-analyse: \d+ of \d+ .* left\n")  # of work that takes long
KINDS = ["training", "ri", "ri-grid", "heatmap", "measures", "importance", "lesion"]
UNIMPORTANT_GREY = 0x949494

# Real networks, every shape that lesions have to know: each place of the context, one layer, one unit, padding.
SWEEP = """name = "lesions"; replicates = 6; seed = 3; store = [STORE];
model = { epochs = 6; N_train = 400; N_test = 33; error_threshold = 0.45; hidden_size = 12; };
cases = ({ grid = { context_location = ["start", "end"]; }; },
         { hidden_layers = 1; hidden_size = 7; output_activation = "linear"; },
         { hidden_layers = 2; train_mode = "replay"; second_task = "add1.5"; hidden_size = 20; fraction = 0.3; });
"""


def run(*args, **options):
    """Runs picky-analyse; returns exit code, standard output, standard error."""
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=200, **options)
    return done.returncode, done.stdout, PROGRESS.sub("", done.stderr)


def make_sweep(path, store):
    with open(path + ".cfg", "w") as f:
        f.write(SWEEP.replace("STORE", ", ".join(f'"{name}"' for name in store)))
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    subprocess.run([PICKY, "run", path + ".cfg", "-o", path], check=True, capture_output=True, env=environment)


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.start = os.getcwd()
        cls.folder = tempfile.mkdtemp(prefix="picky-figures-")
        os.chdir(cls.folder)
        make_file.make("seed.h5", make_file.KINDS["seed"], 9, seed=3)
        make_file.make("sizes.h5", make_file.KINDS["sizes"], 7, 0.2, seed=3)
        grid = [dict(fraction=f, context_location=str(c), hidden_size=6, second_task=t)
                for t in ("prod", "add1.5") for c in (4, 1) for f in (0.5, 0.25, 0.75)]
        make_file.make("grid.h5", grid[:-1], 8, 0.25, seed=4)  # one cell is empty
        with h5py.File("grid.h5", "r+") as f:
            f["status"][0] = np.where(f["status"][0] == PENDING, PENDING, REJECTED)  # and one has no accepted model

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.start)
        shutil.rmtree(cls.folder)

    def plot(self, kind, path, *options, output="figure.svg"):
        """Draws; returns the data blocks of the script [rows of words], and the texts of an SVG."""
        result = run("plot", kind, path, "-o", output, "--keep-script", *options)
        self.assertEqual(result, (0, "", ""))
        self.assertEqual([name for name in os.listdir(".") if ".part" in name], [])
        with open(output.rsplit(".", 1)[0] + ".gp") as f:
            blocks = re.findall(r"^\$(\w+) << EOD\n(.*?)^EOD$", f.read(), re.M | re.S)
        data = {name: [re.findall(r'"[^"]*"|\S+', line) for line in text.splitlines()] for name, text in blocks}
        self.assertEqual(len(data), len(blocks))
        texts = []
        if output.endswith(".svg"):
            root = xml.etree.ElementTree.parse(output).getroot()
            texts = ["".join(e.itertext()).strip() for e in root.iter("{http://www.w3.org/2000/svg}text")]
        return data, texts

    def assert_error(self, words, *parts):
        result = run("plot", *words, "-o", "refused.svg")
        self.assertEqual((result[0], result[1], result[2].count("\n")), (2, "", 1), result)
        for part in parts:
            self.assertIn(part, result[2])
        self.assertFalse(os.path.exists("refused.svg") or os.path.exists("refused.gp"))


def accepted(path, config):
    with h5py.File(path, "r") as f:
        return np.flatnonzero(f["status"][config] == ACCEPTED)


def importances(path, config):
    """[model, measure, task, layer, unit] of accepted models, without padding"""
    with h5py.File(path, "r") as f:
        n_layers, n_units = int(f["hidden_layers"][config]), int(f["hidden_size"][config])
        return f["importance"][config][accepted(path, config)][..., :n_layers, :n_units].astype("f8")


def ri_of(importance, below=0.1, normalise=False):
    """importance [..., task, layer, unit] to RI [..., layer, unit]"""
    if normalise:
        with np.errstate(invalid="ignore"):
            importance = importance / importance.sum(-1, keepdims=True)
    return make_file.relative_importance(importance[..., 0, :, :], importance[..., 1, :, :], below)


def assert_interval(value, low, high):
    if not np.isnan([low, high]).all():  # else all models have this value
        assert low <= value + 1e-6 and value <= high + 1e-6, (low, value, high)


class Grid(Figures):
    def test_histograms(self):
        taylor = MEASURES.index("taylor_sample")
        for options, layers, settings in ((["--layer", "2"], [1], {}), ([], [0, 1, 2, 3], {}),
                                          (["--layer", "4,1", "--normalise", "layer", "--unimportant-below", "0.3"],
                                           [0, 3], dict(normalise=True, below=0.3))):
            data, texts = self.plot("ri-grid", "grid.h5", "--rows", "context_location", "--columns", "fraction",
                                    *options)
            self.assertEqual(len(data), 11)
            # Blocks by second_task, rows as in the file (words), columns upwards.
            with h5py.File("grid.h5", "r") as f:
                tasks, places, fractions = (f[key][:] for key in ("second_task", "context_location", "fraction"))
            for name, rows in data.items():
                block, row, column = (int(word) - 1 for word in re.findall(r"\d+", name))
                config, = np.flatnonzero((tasks == [b"prod", b"add1.5"][block]) & (places == [b"4", b"1"][row]) &
                                         (fractions == [0.25, 0.5, 0.75][column]))
                ri = ri_of(importances("grid.h5", config)[:, taylor], **settings)[:, layers]
                if len(ri) == 0:
                    self.assertEqual((config, rows), (0, []))
                    continue
                bars = np.array(rows, "f8")
                counts = np.histogram(ri[~np.isnan(ri)], np.linspace(-1, 1, 11))[0]
                np.testing.assert_allclose(bars[:, 1], counts / ri.size, rtol=1e-5, atol=1e-7)
                for bar in bars:
                    assert_interval(*bar[[1, 3, 4]])
                self.assertGreater(np.nanmax(bars[:, 4] - bars[:, 3]), 0)
                percent = 100 * np.isnan(ri).mean()
                self.assertTrue({f"+ {percent + d:.0f} %" for d in (-0.01, 0.01)} & set(texts), percent)
            for text in ("no accepted model", "second_task = prod", "second_task = add1.5", "fraction", "0.25",
                         "context_location"):
                self.assertIn(text, texts)

    def test_heatmap(self):
        table = run("summary", "grid.h5", "--csv")
        self.assertEqual(table[0], 0)
        rows = list(csv.DictReader(io.StringIO(table[1])))
        for statistic, scale in (("selective", 100), ("mean_ri", 1), ("acceptance", 100), ("error_1", 1)):
            data, texts = self.plot("heatmap", "grid.h5", "--statistic", statistic)
            has_layers = statistic in ("selective", "mean_ri")
            self.assertEqual(sum(name.count("_") == 0 for name in data), 8 if has_layers else 2)
            shown = [word for name, block in data.items() if name.endswith("_text1") for *_, word in block]
            self.assertEqual(len(shown), 11 * (4 if has_layers else 1))
            self.assertEqual(shown.count('"-"'), 0 if statistic == "acceptance" else 4 if has_layers else 1)
            hatches = sum(len(block) for name, block in data.items() if name.endswith("_hatches"))
            self.assertEqual(hatches, 3 * sum(word.startswith('"-0') for word in shown))  # which is the sign in greyscale
            self.assertEqual(any("hatched corner: below 0" in text for text in texts), hatches > 0)
            # The first block: second_task = prod, layer 1; columns are what has more values.
            place = {1: {}, 2: {}, 3: {}}
            for line in place:
                for x, y, _, word in data.get(f"block1_text{line}", []):
                    place[line][float(x)] = place[line].get(float(x), []) + [(-float(y), word.strip('"'))]
            for column, fraction in enumerate((0.25, 0.5, 0.75)):
                column = sorted(place[1])[column]
                for row, context in enumerate(("4", "1")):
                    of_cell = [r for r in rows if (r["second_task"], r["context_location"]) == ("prod", context) and
                               float(r["fraction"]) == fraction and r["layer"] in ("", "1")][0]
                    word = sorted(place[1][column])[row][1]
                    count = sorted(place[3][column])[row][1]
                    tried = [int(of_cell[key]) for key in ("accepted", "rejected", "diverged")]
                    self.assertEqual(count, f"{tried[0]}/{sum(tried)}")
                    if of_cell[statistic] == "":
                        self.assertEqual(word, "-")
                        continue
                    value = scale * float(of_cell[statistic])
                    self.assertLessEqual(abs(float(word) - value), 0.051 if scale == 100 else 0.006, word)
            self.assertEqual(any("in %" in text for text in texts), scale == 100)

    def test_cut_offs_are_in_the_figure(self):
        texts = self.plot("heatmap", "grid.h5", "--selective-above", "0.6")[1]
        self.assertTrue(any(text.startswith("selective: units with |RI| > 0.6, in %") for text in texts), texts)
        self.assertIn("|RI| = 0.6", self.plot("importance", "seed.h5", "--selective-above", "0.6")[1])

    def test_no_grid(self):
        """Configurations of a zip or of cases: a row of dots for each, in the file's order, instead of empty maps."""
        shutil.copy("seed.h5", "none.h5")
        with h5py.File("none.h5", "r+") as f:
            f["status"][2] = REJECTED
            f["test_error"][2] = 0.5  # nothing learned: dead
            f["status"][1, :4] = np.where(f["status"][1, :4] == ACCEPTED, REJECTED, f["status"][1, :4])
        for statistic, scale in (("mixed", 100), ("mean_ri", 1), ("acceptance", 100), ("error_1", 1)):
            rows = list(csv.DictReader(io.StringIO(run("summary", "none.h5", "--csv")[1])))
            data, texts = self.plot("heatmap", "none.h5", "--statistic", statistic)
            n_layers = 4 if statistic in ("mixed", "mean_ri") else 1
            self.assertEqual(len(data), 2 * n_layers)
            rejected = list(csv.DictReader(io.StringIO(run("summary", "none.h5", "--csv", "--status", "rejected")[1])))
            for layer in range(1, n_layers + 1):
                # Rejected models that are alive, beside the others.
                alive = [row for row in rejected if row["layer"] == str(layer) and row[statistic] != ""]
                dots = data[f"rejected{layer}"]
                self.assertEqual([dot[4] for dot in dots],
                                 [] if statistic == "acceptance" else [row["first_configuration"] for row in alive])
                self.assertIn("1", [dot[4] for dot in dots] + ["1"] * (statistic == "acceptance"))
                for row, dot in zip(alive, dots):
                    self.assertAlmostEqual(float(dot[0]), scale * float(row[statistic]), delta=1e-4 * abs(float(dot[0])) + 1e-6)
                wanted = [row for row in rows if row["layer"] == str(layer) and row[statistic] != ""]
                self.assertEqual(len(wanted), 4 if statistic == "acceptance" else 3)
                for row, dot in zip(wanted, data[f"layer{layer}"], strict=True):
                    self.assertEqual(dot[4], row["first_configuration"])
                    for word, name in zip(dot, (statistic, statistic + "_low", statistic + "_high")):
                        self.assertAlmostEqual(float(word), scale * float(row[name] or "nan"), delta=1e-4) \
                            if row[name] else self.assertIn("nan", word)
                heights = [float(dot[3]) for dot in data[f"layer{layer}"]]
                self.assertEqual(heights, sorted(set(heights)))
            self.assertEqual("no accepted model" in texts, statistic != "acceptance")
            tried = {f"{row['accepted']}/{sum(int(row[key]) for key in ('accepted', 'rejected', 'diverged'))}"
                     for row in rows}
            self.assertLessEqual(tried, set(texts))
        # As asked for, a map.
        self.assertIn("block1_text1", self.plot("heatmap", "seed.h5", "--rows", "fraction")[0])
        make_file.make("zip.h5", [dict(fraction=round(0.1 + 0.01 * i, 2), hidden_size=1 + i % 3, epochs=1 + i,
                                       hidden_layers=1) for i in range(61)], 1)
        self.assert_error(["heatmap", "zip.h5"], "at most 60 configurations that are no grid, these are 61", "--where")

    def test_choice_of_axes(self):
        def cells(*options):
            data, texts = self.plot("heatmap", "grid.h5", "--statistic", "error_1", *options)
            blocks = [block for name, block in data.items() if "_" not in name]
            return [(len({row[0] for row in block}), len({row[1] for row in block})) for block in blocks], texts
        self.assertEqual(cells()[0], [(3, 2), (3, 2)])
        self.assertEqual(cells("--columns", "context_location")[0], [(2, 3), (2, 3)])
        self.assertEqual(cells("--rows", "second_task", "--columns", "context_location")[0], [(2, 2)] * 3)
        self.assertEqual(cells("--where", "second_task=prod", "--where", "context_location=1")[0], [(3, 1)])
        shapes, texts = cells("--where", "second_task=prod", "--where", "context_location=1", "--where",
                              "fraction=0.25", "--title", "mine")
        self.assertEqual(shapes, [(1, 1)])
        self.assertIn("mine", texts)

    def test_misuse(self):
        self.assert_error(["ri-grid", "grid.h5", "--rows", "fracton"], "--rows fracton", "did you mean fraction?")
        self.assert_error(["heatmap", "grid.h5", "--rows", "fraction", "--columns", "fraction"], "two different")
        self.assert_error(["heatmap", "grid.h5", "--statistic", "selectiv"], "--statistic selectiv: did you mean selective; allowed: ")
        self.assert_error(["heatmap", "grid.h5", "--statistic", "selective,mixed"], "takes one statistic")
        self.assert_error(["heatmap", "grid.h5", "--statistic", "error_1", "--layer", "1"], "not a statistic of layers")
        for kind in KINDS[1:]:
            self.assert_error([kind, "grid.h5", "--layer", "5"], "--layer 5: configuration 0 of grid.h5 has 4 hidden")
        make_file.make("wide.h5", [dict(fraction=round(0.1 + 0.01 * i, 2), hidden_size=1) for i in range(61)], 1)
        for kind in ("ri-grid", "heatmap"):
            self.assert_error([kind, "wide.h5"], "60 rows and columns, these are 1 x 61", "(swept: fraction)")
        for kind in ("measures", "importance", "lesion"):
            self.assert_error([kind, "wide.h5"], "at most 24 configurations")


class Units(Figures):
    def test_measures(self):
        for path, options, layers, settings in (
                ("sizes.h5", [], slice(None), {}), ("seed.h5", ["--layer", "1"], slice(0, 1), {}),
                ("seed.h5", ["--layer", "3", "--normalise", "layer", "--unimportant-below", "0.2"], slice(2, 3),
                 dict(normalise=True, below=0.2))):
            if path == "sizes.h5":
                options = ["--where", "hidden_size=5,6,7"]
                configs = [0, 1, 3]
            else:
                configs = [0, 1, 2, 3]
            data, texts = self.plot("measures", path, *options)
            for panel, config in enumerate(configs):
                ri = ri_of(importances(path, config), **settings)[:, :, layers]  # [model, measure, layer, unit]
                ri = ri.reshape(*ri.shape[:2], -1)
                expected, n = [], 0
                for b in range(1, 6):
                    for a in range(b):
                        each = []
                        for model in ri:
                            keep = ~np.isnan(model[[a, b]]).any(0)
                            x, y = model[a][keep], model[b][keep]
                            if keep.sum() > 2 and len(set(x)) > 1 and len(set(y)) > 1:
                                each.append(scipy.stats.spearmanr(x, y)[0])
                        expected.append(np.mean(each) if each else np.nan)
                shown = [word.strip('"') for *_, word in data[f"cells{panel + 1}_text1"]]
                self.assertEqual(len(shown), len(MEASURES) * (len(MEASURES) - 1) // 2)
                for word, value in zip(shown, expected):
                    self.assertTrue(word == "-" if np.isnan(value) else abs(float(word) - value) < 0.0051,
                                    (word, value))
                names = {word.strip('"') for line in (2, 3) for *_, word in data[f"cells{panel + 1}_text{line}"]}
                self.assertLessEqual({part for measure in MEASURES for part in measure.split("_")}, names)
            self.assertTrue(any(text.startswith("rank correlation of RI over a model's neurons") for text in texts))

    def test_importance(self):
        for path, measure, options, settings in (
                ("sizes.h5", "taylor_sample", [], {}),
                ("seed.h5", "variance", ["--measure", "variance", "--unimportant-below", "0.4"], dict(below=0.4)),
                ("seed.h5", "contribution", ["--measure", "contribution", "--normalise", "layer"],
                 dict(normalise=True))):
            data, texts = self.plot("importance", path, *options)
            configs = range(4)
            everything = np.concatenate([importances(path, c)[:, MEASURES.index(measure)].ravel() for c in configs])
            low = max(everything[everything > 0].min() / 1.5, everything.max() * 1e-8)
            for config in configs:
                importance = importances(path, config)[:, MEASURES.index(measure)]
                ri = ri_of(importance, **settings)
                for layer in range(ri.shape[1]):
                    points = np.array(data[f"row{config + 1}_layer{layer + 1}"], "f8")
                    a, b = importance[:, 0, layer].ravel(), importance[:, 1, layer].ravel()
                    drawn = (a > 0) | (b > 0)
                    np.testing.assert_allclose(points[:, 0], np.maximum(a[drawn], low), rtol=1e-4)
                    np.testing.assert_allclose(points[:, 1], np.maximum(b[drawn], low), rtol=1e-4)
                    for colour, value in zip(points[:, 2].astype(int), ri[:, layer].ravel()[drawn]):
                        self.assertEqual(colour == UNIMPORTANT_GREY, np.isnan(value))
                        if not np.isnan(value):
                            red = 0xdb + (value + 1) / 2 * (0x00 - 0xdb)
                            self.assertLessEqual(abs((colour >> 16) - red), 0.51)
                    self.assertIn(f"+ {100 * (~drawn).mean():.0f} %", texts)

    def test_importance_has_its_lines(self):
        """In each panel the identity line and those of |RI| = 0.9, wherever the axes end."""
        make_file.make("wide.h5", make_file.KINDS["seed"], 9, seed=3)
        for scale in (1, 1.37, 0.0123, 7.7e-5, 345):
            with h5py.File("wide.h5", "r+") as f:
                f["importance"][...] *= scale
            self.plot("importance", "wide.h5")
            with open("figure.svg") as f:
                lines = re.findall(r"<path stroke='rgb\(153, 153, 153\)'[^>]*d='M([^']*)'", f.read())
            straight = [re.findall(r"[\d.]+", line) for line in lines]
            self.assertEqual(sum(len(line) == 4 for line in straight), 3 * 16, scale)

    def test_importance_is_sampled(self):
        make_file.make("large.h5", [dict(hidden_size=60, hidden_layers=2)], 60)
        data, _ = self.plot("importance", "large.h5")
        importance = importances("large.h5", 0)[:, MEASURES.index("taylor_sample"), :, 0]
        pairs = importance.transpose(0, 2, 1).reshape(-1, 2)
        self.assertGreater(len(pairs), 2500)
        chosen = pairs[[k * len(pairs) // 1500 for k in range(1500)]]
        chosen = chosen[(chosen > 0).any(1)]
        points = np.array(data["row1_layer1"], "f8")[:, :2]
        np.testing.assert_allclose(points, np.maximum(chosen, points.min()), rtol=1e-4)


class Training(Figures):
    def test_a_stray_model_does_not_empty_the_panels(self):
        make_file.make("stray.h5", [dict(hidden_size=2)], 60, seed=5)
        with h5py.File("stray.h5", "r+") as f:
            f["test_error"][0, accepted("stray.h5", 0)[0]] *= 1e-6
        data, _ = self.plot("training", "stray.h5")
        with open("figure.gp") as f:
            low, high = map(float, re.search(r"^set yrange \[(\S+):(\S+)\]", f.read(), re.M).groups())
        bands = np.array(data["all1"], "f8")[:, [2, 3, 5, 6]]
        self.assertTrue(bands.min() / 2 < low < bands.min() and bands.max() < high < 10 * bands.max(), (low, high))


class Network:
    """A stored model in float64, from the definitions."""

    def __init__(self, f, config, replicate):
        h = {key: f[key][config] for key in ("hidden_layers", "hidden_size", "N_test")}
        layers, units = int(h["hidden_layers"]), int(h["hidden_size"])
        place = f["context_location"].asstr()[config]
        self.context_layer = {"start": 1, "end": layers}.get(place) or int(place)
        self.is_relu = f["output_activation"].asstr()[config] == "relu"
        self.second = f["second_task"].asstr()[config]
        get = lambda name: f[name][config, replicate].astype("f8")
        self.weights = [get("input_weights")[:units]] + [get("hidden_weights")[l, :units, :units]
                                                         for l in range(layers - 1)]
        self.context = get("context_weights")[:units]
        self.biases = get("biases")[:, :units]
        self.output, self.output_bias = get("output_weights")[:units], get("output_bias")
        n_test = int(h["N_test"])
        seed, attempt = int(f["seed"][config, replicate]), int(f["attempts"][config, replicate]) - 1
        self.inputs = [reference.random_uniforms(seed, attempt, 3, task, 1, 2 * n_test).reshape(n_test, 2).astype("f8")
                       for task in range(2)]  # the second test set

    def errors(self, silent):
        """Mean absolute error of each task with the units `silent` [layer, unit] held at 0."""
        result = []
        for task in range(2):
            x = self.inputs[task]
            target = x.sum(1) if task == 0 else x[:, 0] * x[:, 1] if self.second == "prod" else (
                x[:, 0] + float(self.second[3:]) * x[:, 1])
            h = x
            for l, w in enumerate(self.weights):
                z = h @ w.T + self.biases[l] + (self.context[:, task] if l + 1 == self.context_layer else 0)
                h = np.where(silent[l], 0, np.maximum(z, 0))
            y = h @ self.output + self.output_bias
            result.append(np.abs((np.maximum(y, 0) if self.is_relu else y) - target).mean())
        return result


def matched(groups, shares, layers):
    """For each unit of a group [model, layer, unit], the most important first, the nearest other one of its layer."""
    result = np.zeros(groups.shape, bool)
    for model, group in enumerate(groups):
        for layer in range(group.shape[0]):
            if layers and layer + 1 not in layers:
                continue
            share = shares[model, layer].astype("f4")
            free = [u for u in range(len(share)) if not group[layer, u]]
            for unit in sorted(np.flatnonzero(group[layer]), key=lambda u: (-share[u], u)):
                if free:
                    nearest = min(free, key=lambda u: (abs(share[u] - share[unit]), u))
                    free.remove(nearest)
                    result[model, layer, nearest] = True
    return result


class Lesions(Figures):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_sweep("stored.h5", ["weights", "test_set"])
        make_sweep("bare.h5", [])
        make_sweep("weights.h5", ["weights"])

    def lesion(self, path, *options):
        """Errors and differences of each configuration, and the texts."""
        data, texts = self.plot("lesion", path, *options)
        found = [{int(name.removeprefix(kind)) - 1: np.array(rows, "f8") for name, rows in data.items()
                  if name.startswith(kind)} for kind in ("errors", "differences")]
        return *found, texts

    def check(self, options, measure="taylor_sample", layers=None, models=50, above=0.9, **settings):
        found, paired, _ = self.lesion("stored.h5", *options)
        self.assertEqual(len(found), 4)
        n_checked = n_pairs = 0
        with h5py.File("stored.h5", "r") as f:
            for config, rows in found.items():
                replicates = accepted("stored.h5", config)
                n = min(models, len(replicates))
                chosen = [k * len(replicates) // n for k in range(n)]
                raw = importances("stored.h5", config)[chosen, MEASURES.index(measure)]
                ri = ri_of(raw, **settings)
                if layers:
                    others = [l for l in range(ri.shape[1]) if l + 1 not in layers]
                    ri[:, others] = np.nan
                networks = [Network(f, config, r) for r in replicates[chosen]]
                with np.errstate(invalid="ignore"):
                    groups = [np.zeros(ri.shape, bool), ri > above, None, None, ri < -above, None, None]
                with np.errstate(invalid="ignore"):
                    shares = np.nan_to_num(raw / raw.sum(-1, keepdims=True)).mean(1)  # [model, layer, unit]
                for lesion in (3, 6):
                    groups[lesion] = matched(groups[lesion - 2], shares, layers)
                errors = []
                for lesion, group in enumerate(groups):
                    if group is None:
                        self.assertAlmostEqual(rows[lesion, 1], rows[lesion - 1, 1], places=4)
                        errors.append(None)
                        continue
                    self.assertAlmostEqual(rows[lesion, 1], group.sum((1, 2)).mean(), places=4)
                    silenced = np.where(group, shares, 0).sum((1, 2)) / (len(layers) if layers else ri.shape[1])
                    self.assertAlmostEqual(rows[lesion, 2], silenced.mean(), places=5)
                    errors.append(np.array([network.errors(silent) for network, silent in zip(networks, group)]))
                    np.testing.assert_allclose(rows[lesion, [3, 6]], errors[-1].mean(0), rtol=1e-4, atol=1e-6)
                    n_checked += group.any()
                for place, *numbers in paired[config][[1, 3]]:
                    control = int(place)
                    n_selective, n_control = (groups[l].sum((1, 2)) for l in (control - 2, control))
                    is_pair = (n_selective > 0) & (n_selective == n_control)
                    self.assertEqual(numbers[:2], [is_pair.sum()] * 2)
                    if is_pair.any():
                        difference = (errors[control - 2] - errors[control])[is_pair].mean(0)
                        np.testing.assert_allclose([numbers[2], numbers[5]], difference, rtol=1e-3, atol=2e-6)
                        n_pairs += is_pair.sum()
                for row in rows:
                    if n > 1:
                        assert_interval(*row[3:6])
                        assert_interval(*row[6:9])
        self.assertGreaterEqual(n_checked, 4)  # lesions that silence somebody
        self.assertGreaterEqual(n_pairs, 2)

    def test_against_numpy(self):
        self.check([])
        self.check(["--layer", "1"], layers=[1])
        self.check(["--measure", "ablation_mean", "--normalise", "layer", "--unimportant-below", "0.5"],
                   "ablation_mean", normalise=True, below=0.5)
        self.check(["--models", "2"], models=2)
        self.check(["--selective-above", "0.6"], above=0.6)

    def test_random_lesions(self):
        """As many units of each layer as are selective, drawn as rng.h and lesion.h say, twenty times."""
        found, paired, _ = self.lesion("stored.h5")
        for config, rows in found.items():
            replicates = accepted("stored.h5", config)
            ri = ri_of(importances("stored.h5", config)[:, MEASURES.index("taylor_sample")])
            errors = {2: [], 5: []}
            selective = {2: [], 5: []}  # of models that have selective units: error after that lesion less its control
            with h5py.File("stored.h5", "r") as f:
                for replicate, model in zip(replicates, ri):
                    network = Network(f, config, replicate)
                    seed, attempt = int(f["seed"][config, replicate]), int(f["attempts"][config, replicate]) - 1
                    for group, (lesion, sign) in enumerate(((2, 1), (5, -1))):
                        with np.errstate(invalid="ignore"):
                            is_selective = sign * model > 0.9
                        n_silent = is_selective.sum(1)
                        for draw in range(20):
                            silent = np.zeros(model.shape, bool)
                            for layer, n in enumerate(n_silent):
                                order = list(range(model.shape[1]))
                                words = reference.random_words(seed, attempt, 8, draw, 2 * layer + group, int(n))
                                for k in range(n):
                                    other = k + (int(words[k]) * (len(order) - k) >> 32)
                                    order[k], order[other] = order[other], order[k]
                                silent[layer, order[:n]] = True
                            errors[lesion].append(network.errors(silent))
                        if n_silent.any():
                            selective[lesion].append(network.errors(is_selective) - np.mean(errors[lesion][-20:], 0))
            for lesion in errors:
                np.testing.assert_allclose(rows[lesion, [3, 6]], np.mean(errors[lesion], 0), rtol=1e-4, atol=1e-6)
            for row in paired[config][[0, 2]]:
                differences = selective[int(row[0])]
                self.assertEqual(row[1], len(differences))
                if len(differences) > 1:
                    for t, column in enumerate(np.transpose(differences)):
                        half = scipy.stats.t.ppf(0.975, len(column) - 1) * scipy.stats.sem(column)
                        np.testing.assert_allclose(row[3 + 3 * t:6 + 3 * t], column.mean() + [0, -half, half],
                                                   rtol=1e-3, atol=1e-5)

    def test_trained_again(self):
        """Without stored weights or test sets the same numbers come out."""
        stored, *_ = self.lesion("stored.h5")
        for path in ("bare.h5", "weights.h5"):
            found, *_ = self.lesion(path)
            for config in range(4):
                np.testing.assert_array_equal(found[config], stored[config])

    def test_other_versions_are_noticed(self):
        for path, word in (("stored.h5", "stored"), ("bare.h5", "newly trained")):
            shutil.copy(path, "other.h5")
            with h5py.File("other.h5", "r+") as f:
                f["test_error"][1, accepted(path, 1)[0], 6, 1] *= 1.01
            self.assert_error(["lesion", "other.h5"], "configuration 1", f"the {word} network's test error of task 2",
                              "another version of picky")
        for key in ("test_inputs", "output_bias"):  # what is stored is what is used
            shutil.copy("stored.h5", "other.h5")
            with h5py.File("other.h5", "r+") as f:
                f[key][2, accepted("stored.h5", 2)[0]] *= 1.3
            self.assert_error(["lesion", "other.h5"], "configuration 2", "the stored network's test error of task 1")
        shutil.copy("stored.h5", "other.h5")
        with h5py.File("other.h5", "r+") as f:
            f["attempts"][0, accepted("stored.h5", 0)[0]] = 0
        self.assert_error(["lesion", "other.h5"], "damaged or incomplete file: configuration 0, replicate")

    def test_other_arithmetic(self):
        """Stored weights are used as they are; without them, or if they give other errors, both numbers are told."""
        numbers = "with arithmetic 2, this picky-analyse has 1; use the picky-analyse of the version that made it"
        for path in ("stored.h5", "bare.h5"):
            shutil.copy(path, "raised.h5")
            with h5py.File("raised.h5", "r+") as f:
                f.attrs["arithmetic"] = np.int32(2)
            for words in (["plot", "lesion", "raised.h5"], ["plot", "damage", "raised.h5"], ["claims", "--noise", "raised.h5"]):
                code, _, err = run(*words, "-o", "raised.svg" if words[0] == "plot" else "raised.txt", "--force")
                if path == "stored.h5":
                    self.assertEqual(code, 0, (words, err))
                else:
                    self.assertEqual(code, 2, words)
                    self.assertIn("raised.h5: no weights are stored", err)
                    self.assertIn(numbers, err)
        shutil.copy("stored.h5", "raised.h5")
        with h5py.File("raised.h5", "r+") as f:
            f.attrs["arithmetic"] = np.int32(2)
            f["test_error"][1, accepted("raised.h5", 1)[0], 6, 1] *= 1.01
        self.assert_error(["lesion", "raised.h5"], "the stored network's test error of task 2", numbers)

    def test_models(self):
        for value in ("0", "-1", "2x", "", "1e3"):
            self.assert_error(["lesion", "stored.h5", "--models", value], f"--models {value}: allowed: a whole number")
        *_, texts = self.lesion("stored.h5", "--models", "2", "--where", "hidden_layers=2")
        self.assertTrue(any(re.search(r"(^|; )2 of \d models$", text) for text in texts), texts)

    def test_settings_are_in_the_figure(self):
        """Who looks at a figure alone sees how RI was computed; nothing if it is the default way."""
        divided, cut = "importances divided by their sum over the layer", "unimportant: below 0.25 of the layer's mean"
        for kind in ("ri", "ri-grid", "heatmap", "measures", "importance", "lesion"):
            for options, expected in ((["--normalise", "layer", "--unimportant-below", "0.25"], [f"{divided}; {cut}"]),
                                      (["--unimportant-below", "0.1"], [])):
                texts = self.plot(kind, "stored.h5", *options)[1]
                self.assertEqual([t for t in texts if divided in t or "of the layer's mean" in t], expected, kind)
        texts = self.plot("heatmap", "stored.h5", "--statistic", "acceptance", "--normalise", "layer")[1]
        self.assertFalse(any(divided in t for t in texts))

    def test_every_kind(self):
        """As PNG; check_pages.py reads each as SVG and as PDF. Without models: what is said then."""
        for kind in KINDS:
            self.plot(kind, "stored.h5", output="figure.png")
            with open("figure.png", "rb") as f:
                self.assertTrue(f.read().endswith(b"IEND\xae\x42\x60\x82"))
            shutil.copy("bare.h5", "none.h5")
            with h5py.File("none.h5", "r+") as f:
                f["status"][...] = REJECTED
                f["status"][:, 3:] = PENDING
            _, texts = self.plot(kind, "none.h5")
            self.assertIn("0/3" if kind == "heatmap" else "no accepted model", texts)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
