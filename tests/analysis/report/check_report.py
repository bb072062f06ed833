"""Checks the page of `picky-analyse report`: valid HTML that needs nothing else, numbers against NumPy, hostile names,
unfinished and large files, and that the commands it gives do what it says.

check_report.py PICKY_ANALYSE PICKY SOURCE_FOLDER [unittest arguments]
Needs h5py, NumPy, SciPy and tidy. How the page looks: check_browser.py.
"""
import csv
import html.parser
import io
import os
import re
import resource
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
if not shutil.which("tidy"):
    print("skipped: tidy is missing (Debian: tidy)")
    sys.exit(77)

sys.dont_write_bytecode = True  # nothing is left among the sources
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../file"))
import make_file
from make_file import ACCEPTED, DIVERGED, ERROR, MEASURES, PENDING, REJECTED

PROGRAM, PICKY, SOURCE = map(os.path.abspath, sys.argv[1:4])
PROGRESS = re.compile(r"picky-analyse: \d+ of \d+ .* left\n")  # of work that takes long
VOID = {"meta", "br", "link", "img", "hr", "input"}
HOSTILE = "<script>alert('1')</script> & \"quotes\" \x01\x1b[31m \u0085\ufffe\t'x' </title>"
SHOWN = "<script>alert('1')</script> & \"quotes\" \ufffd\ufffd[31m \ufffd\ufffd\t'x' </title>"


def run(*args, **options):
    done = subprocess.run([PROGRAM, "report", *map(str, args)], capture_output=True, timeout=500, **options)
    return done.returncode, done.stdout, PROGRESS.sub("", done.stderr.decode())


class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children = tag, dict(attributes), parent, []

    def all(self, *tags, **attributes):
        """Descendants with one of the tags and these attributes, in the page's order."""
        for child in self.children:
            if isinstance(child, Node):
                wanted = {key.rstrip("_"): value for key, value in attributes.items()}
                if (not tags or child.tag in tags) and wanted.items() <= child.attributes.items():
                    yield child
                yield from child.all(*tags, **attributes)

    def text(self):
        text = "".join(child if isinstance(child, str) else child.text() for child in self.children)
        return text.removeprefix("\n") if self.tag == "pre" else text  # as a browser does


class Page(html.parser.HTMLParser):
    """A page as a tree; fails on elements that are not closed in order."""

    def __init__(self, data):
        super().__init__(convert_charrefs=True)
        self.root = self.node = Node("", (), None)
        self.declaration = None
        self.feed(data.decode("utf-8"))  # strict
        self.close()
        assert self.node is self.root, f"<{self.node.tag}> is not closed"

    def handle_decl(self, declaration):
        self.declaration = declaration

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), (tag, attributes)
        node = Node(tag, attributes, self.node)
        self.node.children.append(node)
        if tag not in VOID:
            self.node = node

    def handle_startendtag(self, tag, attributes):
        self.node.children.append(Node(tag, attributes, self.node))

    def handle_endtag(self, tag):
        assert tag == self.node.tag, f"</{tag}> closes <{self.node.tag}> at {self.getpos()}"
        self.node = self.node.parent

    def handle_data(self, data):
        self.node.children.append(data)

    def section(self, name):
        return next(self.root.all("section", id=name))


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.start = os.getcwd()
        cls.folder = tempfile.mkdtemp(prefix="picky-report-")
        os.chdir(cls.folder)
        subprocess.run([PICKY, "run", os.path.join(SOURCE, "sweeps", "seed.cfg"), "-o", "real.h5"], check=True,
                       stderr=subprocess.DEVNULL)
        for kind, configs in make_file.KINDS.items():
            make_file.make(f"{kind}.h5", configs, 10, 0.3, seed=4)

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.start)
        shutil.rmtree(cls.folder)

    def tearDown(self):
        self.assertEqual([name for name in os.listdir(".") if name.endswith(".part")], [])

    def page(self, path, *args):
        code, data, error = run(path, *args)
        self.assertEqual((code, error), (0, ""))
        self.assert_valid(data)
        return Page(data)

    def assert_valid(self, data):
        done = subprocess.run(["tidy", "-quiet", "-errors", "-utf8"], input=data, capture_output=True)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))
        text = data.decode("utf-8")
        self.assertIsNone(re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]", text))
        page = Page(data)
        root = page.root
        self.assertEqual(page.declaration, "DOCTYPE html")
        self.assertEqual(next(root.all("html")).attributes["lang"], "en")
        self.assertEqual(next(root.all("meta", name="viewport")).attributes["content"],
                         "width=device-width, initial-scale=1")
        # Nothing from elsewhere, no scripts.
        self.assertEqual(list(root.all("script", "link", "iframe", "object", "embed", "img", "base", "form")), [])
        ids = [node.attributes["id"] for node in root.all() if "id" in node.attributes]
        self.assertEqual(len(set(ids)), len(ids))
        for node in root.all():
            for key, value in node.attributes.items():
                self.assertFalse(key.startswith("on") or key in ("src", "srcset", "action", "xlink:href"), key)
                self.assertNotRegex(value or "", r"(?i)url\(|javascript:")
                if key == "href":
                    self.assertIn(value[1:], ids)
                if key == "aria-labelledby":
                    self.assertIn(value, ids)
        style = next(root.all("style")).text()
        self.assertNotRegex(style, r"(?i)url\(|@import|</|http")
        # What a screen reader needs.
        for svg in root.all("svg"):
            self.assertEqual(svg.attributes["role"], "img")
            first = [child for child in svg.children if isinstance(child, Node)][:2]
            self.assertEqual([node.tag for node in first], ["title", "desc"])
            self.assertTrue(all(node.text().strip() for node in first))
        for cell in root.all("th"):
            self.assertIn(cell.attributes["scope"], ("row", "col", "rowgroup", "colgroup"))
        levels = [int(node.tag[1]) for node in root.all("h1", "h2", "h3")]
        self.assertEqual(levels.count(1), 1)
        self.assertTrue(all(b - a <= 1 for a, b in zip(levels, levels[1:])))


def percents(text):
    return [float(number) for number in re.findall(r"([\d.]+) %", text)]


class Contents(Files):
    def expected(self, path, config, measure="taylor_sample", below=0.1):
        """RI [model, layer, unit] of the accepted models."""
        with h5py.File(path) as f:
            accepted = f["status"][config] == ACCEPTED
            n_layers, n_units = int(f["hidden_layers"][config]), int(f["hidden_size"][config])
            importance = f["importance"][config][accepted, MEASURES.index(measure), :, :n_layers, :n_units].astype("f8")
        return make_file.relative_importance(importance[:, 0], importance[:, 1], below)

    def check_histograms(self, page, path, configs, *args):
        groups = list(page.section("importance").all("div", class_="group"))
        self.assertEqual([int(re.match(r"\[(\d+)\]", group.text().strip())[1]) for group in groups], configs)
        for config, group in zip(configs, groups):
            ri = self.expected(path, config, *args)
            self.assertIn(f"({ri.shape[0]} model{'s' if ri.shape[0] != 1 else ''})", group.text())
            figures = list(group.all("svg"))
            self.assertEqual(len(figures), ri.shape[1])
            for layer, svg in enumerate(figures):
                units = ri[:, layer].ravel()
                description = next(svg.all("desc")).text()
                shares = [100 * (units > 0.9).mean(), 100 * (units < -0.9).mean(), 100 * (abs(units) < 0.5).mean(),
                          100 * np.isnan(units).mean()]
                np.testing.assert_allclose(percents(description), shares, atol=0.0501)
                bars = list(svg.all("rect"))
                expected = np.histogram(units[~np.isnan(units)], np.linspace(-1, 1, 11))[0] / units.size
                np.testing.assert_allclose([percents(bar.text())[0] for bar in bars], 100 * expected, atol=0.0501)
                heights = np.array([float(bar.attributes["height"]) for bar in bars])
                np.testing.assert_allclose(heights * expected.max(), expected * heights.max(), atol=1e-3)
                self.assert_whiskers(svg, bars, heights, ri[:, layer])
                self.assertEqual([text.text() for text in svg.all("text")][-2], f"+ {shares[3]:.0f} %")

    def assert_whiskers(self, svg, bars, heights, ri):
        """A line from low to high on the bar, where the tooltip has an interval, around the bar's top."""
        found = {float(line.attributes["x1"]): line.attributes for line in svg.all("line", class_="whisker")}
        n = 0
        for b, (bar, height) in enumerate(zip(bars, heights)):
            shares = [np.histogram(model[~np.isnan(model)], np.linspace(-1, 1, 11))[0][b] for model in ri]
            interval = re.search(r"\[([\d.]+), ([\d.]+)\]", bar.text())
            self.assertEqual(interval is not None, np.ptp(shares) > 0)
            if not interval or interval[1] == interval[2]:
                continue
            n += 1
            left, width = float(bar.attributes["x"]), float(bar.attributes["width"])
            line = found[float(f"{left + width / 2:.6g}")]
            bottom = float(bar.attributes["y"]) + height
            share = percents(bar.text())[0]
            if share > 1:  # heights per share from the bar itself
                scale = height / share
                np.testing.assert_allclose([bottom - float(line["y1"]), bottom - float(line["y2"])],
                                           [scale * float(interval[1]), scale * float(interval[2])], rtol=0.06, atol=0.3)
        self.assertLessEqual(n, len(found))

    def test_histograms(self):
        for path, n in (("real.h5", 11), ("sizes.h5", 4), ("one.h5", 1)):
            self.check_histograms(self.page(path), path, list(range(n)))
        page = self.page("sizes.h5", "--measure", "variance", "--unimportant-below", "0.6")
        self.check_histograms(page, "sizes.h5", [0, 1, 2, 3], "variance", 0.6)
        self.check_histograms(self.page("sizes.h5", "--where", "hidden_size=7,6"), "sizes.h5", [1, 3])

    def test_acceptance(self):
        for path in ("real.h5", "sizes.h5", "many.h5"):
            table = next(self.page(path).section("acceptance").all("table"))
            rows = [list(row.all("td")) for row in next(table.all("tbody")).all("tr")]
            with h5py.File(path) as f:
                status, attempts, errors = f["status"][()], f["attempts"][()], f["test_error"][()]
                history = [make_file.history({"train_mode": mode.decode(), "epochs": int(n)})
                           for mode, n in zip(f["train_mode"][()], f["epochs"][()])]
            self.assertEqual(len(rows), len(status))
            for c, cells in enumerate(rows):
                jobs, accepted, of_models, of_attempts, *tasks = cells[-6:]
                names = ["pending", "accepted", "rejected", "diverged", "error"]
                for s, name in enumerate(names):
                    n = (status[c] == s).sum()
                    self.assertEqual(f"{n} {name}" in next(jobs.all("desc")).text().split(", "), n > 0)
                tried = np.isin(status[c], [ACCEPTED, REJECTED, DIVERGED])
                k = int((status[c] == ACCEPTED).sum())
                self.assertEqual(accepted.text(), f"{k}/{tried.sum()}")
                for cell, n in ((of_models, tried.sum()), (of_attempts, attempts[c][tried].sum())):
                    interval = scipy.stats.binomtest(k, int(n)).proportion_ci(0.95, method="wilson")
                    numbers = [float(x) for x in re.findall(r"[\d.]+", cell.text())]
                    np.testing.assert_allclose(numbers, [100 * k / n, 100 * interval.low, 100 * interval.high], atol=0.0501)
                for t, cell in enumerate(tasks):
                    final = errors[c, status[c] == ACCEPTED, history[c] - 1, t].astype("f8")
                    numbers = [float(x) for x in re.findall(r"[\d.]+", cell.text())]
                    np.testing.assert_allclose(numbers, np.quantile(final, [0.5, 0.05, 0.95]), atol=0.0000501)

    def test_training(self):
        page = self.page("sizes.h5")
        with h5py.File("sizes.h5") as f:
            for c, svg in enumerate(page.section("training").all("svg")):
                errors = f["test_error"][c][f["status"][c] == ACCEPTED].astype("f8")
                dots = [dot.text() for dot in svg.all("circle")]
                self.assertEqual(len(dots), 2 * make_file.history({"train_mode": f["train_mode"].asstr()[c],
                                                                   "epochs": int(f["epochs"][c])}))
                for dot in dots:
                    found = re.fullmatch(r"epoch (\d+), task (\d): median error (\S+) \(5-95 %: (\S+) to (\S+)\)", dot)
                    values = errors[:, int(found[1]), int(found[2]) - 1]
                    np.testing.assert_allclose([float(x) for x in found.groups()[2:]],
                                               np.quantile(values, [0.5, 0.05, 0.95]), rtol=6e-4)
        self.assertEqual(c, 3)

    def cell_share(self, path, config, layer, kind):
        units = self.expected(path, config)[:, layer]
        return 100 * {"selective": abs(units) > 0.9, "mixed": abs(units) < 0.5, "unimportant": np.isnan(units)}[kind].mean()

    def assert_cell(self, cell, share):
        digits = 0 if share >= 9.95 else 1
        self.assertAlmostEqual(float(cell.children[0]), share, delta=0.51 if digits == 0 else 0.051)
        self.assertAlmostEqual(percents(cell.attributes["title"])[0], share, delta=0.0501)
        interval = re.search(r"\[([\d.]+), ([\d.]+)\]", cell.attributes["title"])
        small = [node.text() for node in cell.all("small")]
        if small and interval:
            for shown, exact in zip(small[0].split("\u2013"), interval.groups()):
                self.assertAlmostEqual(float(shown), float(exact), delta=0.51 if digits == 0 else 0.051)

    def test_map_of_a_list(self):
        table = next(self.page("sizes.h5").section("maps").all("table"))
        layers = [4, 2, 4, 6]
        for c, row in enumerate(next(table.all("tbody")).all("tr")):
            cells = list(row.all("td"))
            self.assertEqual(len(cells), 18)
            for k, kind in enumerate(["selective", "mixed", "unimportant"]):
                for layer in range(6):
                    cell = cells[6 * k + layer]
                    if layer < layers[c]:
                        self.assert_cell(cell, self.cell_share("sizes.h5", c, layer, kind))
                        self.assertIn(f"no. {c}, layer {layer + 1}:", cell.attributes["title"])
                    else:
                        self.assertEqual(cell.attributes["class"], "none")
        self.assertEqual(c, 3)

    def test_map_of_a_grid(self):
        """many.h5: ten fractions x four context locations."""
        section = self.page("many.h5").section("maps")
        found = {}
        for table in section.all("table"):
            caption = next(table.all("caption")).text()
            columns = [cell.text() for cell in next(table.all("thead")).all("th")][1:]
            self.assertEqual(columns, [f"{0.05 + 0.01 * i:g}" for i in range(10)])
            rows = list(next(table.all("tbody")).all("tr"))
            self.assertEqual([next(row.all("th")).text() for row in rows], ["1", "2", "3", "4"])
            found[caption] = [list(row.all("td")) for row in rows]
        self.assertEqual(len(found), 1 + 3 * 4)
        with h5py.File("many.h5") as f:
            status = f["status"][()]
        for i in range(10):
            for j in range(4):
                config = i * 4 + j
                tried = np.isin(status[config], [ACCEPTED, REJECTED, DIVERGED])
                self.assert_cell(found["models accepted, %"][j][i],
                                 100 * (status[config] == ACCEPTED).sum() / tried.sum())
                for kind in ("selective", "mixed", "unimportant"):
                    for layer in range(4):
                        self.assert_cell(found[f"Layer {layer + 1}: {kind}, %"][j][i],
                                         self.cell_share("many.h5", config, layer, kind))

    def test_numbers(self):
        table = list(self.page("sizes.h5").section("importance").all("table"))[0]
        self.assertEqual([cell.text() for cell in next(table.all("thead")).all("th")],
                         ["Configuration", "layer", "mean RI", "selective", "selective for task 1", "selective for task 2",
                          "mixed", "unimportant", "dip", "two peaks"])
        rows = iter(next(table.all("tbody")).all("tr"))
        for c, n_layers in enumerate([4, 2, 4, 6]):
            ri = self.expected("sizes.h5", c)
            for layer in range(n_layers):
                row = next(rows)
                units = ri[:, layer]
                self.assertEqual(list(row.all("th"))[-1].text(), str(layer + 1))
                shares = [abs(units) > 0.9, units > 0.9, units < -0.9, abs(units) < 0.5, np.isnan(units)]
                cells = list(row.all("td"))
                self.assertAlmostEqual(float(cells[0].children[0]), np.nanmean(np.nanmean(units, 1)), delta=0.000501)
                for cell, share in zip(cells[1:6], shares):
                    self.assertAlmostEqual(percents(cell.text())[0], 100 * share.mean(), delta=0.0501)
        self.assertRaises(StopIteration, next, rows)

    def test_claims(self):
        """The table of `picky-analyse claims --csv`, cell by cell."""
        done = subprocess.run([PROGRAM, "claims", "real.h5", "--csv"], check=True, capture_output=True, text=True)
        expected = list(csv.DictReader(io.StringIO(done.stdout)))
        claims = {row["claim"]: None for row in expected if row["decision"] not in ("", "not_in_file")}
        self.assertGreater(len(claims), 1)
        section = self.page("real.h5").section("claims")
        overview, definitions, correlations = section.all("table")
        rows = list(next(overview.all("tbody")).all("tr"))
        self.assertEqual(len(rows), 3 * len(claims))
        self.assertEqual(len(list(next(definitions.all("tbody")).all("tr"))), len(claims))
        for c, claim in enumerate(claims):
            for r in range(3):
                found_rows = [row for row in expected if row["claim"] == claim][6 * r:6 * r + 6]
                for m, (row, cell) in enumerate(zip(found_rows, rows[3 * c + r].all("td"))):
                    self.assertEqual((cell.children[0], row["measure"]), (row["decision"], MEASURES[m]))
                    self.assertIn(f"{row['n']} seeds", cell.attributes["title"])
                    if row["effect"]:
                        found = [float(x) for x in re.findall(r"[-+][\d.]+", next(cell.all("small")).text())]
                        np.testing.assert_allclose(found, [float(row[key]) for key in ("effect", "effect_low",
                                                                                       "effect_high") if row[key]],
                                                   atol=0.000501)
                self.assertEqual(m, 5)
        for n, (normalise, row) in enumerate(zip(["none", "layer"], next(correlations.all("tbody")).all("tr"))):
            for m, cell in enumerate(row.all("td")):
                found = [float(x) for x in re.findall(r"[-+][\d.]+", cell.text())]
                row, = [row for row in expected if (row["claim"], row["measure"], row["normalise"]) ==
                        ("loss_correlation", MEASURES[m], normalise)]
                np.testing.assert_allclose(found, [float(row[key]) for key in ("effect", "effect_low", "effect_high")],
                                           atol=0.00501)
        make_file.make("few.h5", [dict(hidden_size=20, **t) for t in (
            {}, dict(second_task="add1.5"), dict(second_task="add1"), dict(tasks="x0 * x1; x0 * x1"),
            dict(tasks="x0 + 1.5 * x1; x0 + 1.5 * x1"))], 5)
        overview = next(self.page("few.h5").section("claims").all("table"))
        cells = [cell for row in next(overview.all("tbody")).all("tr") for cell in row.all("td")]
        self.assertEqual({cell.children[0] for cell in cells}, {"too few"})
        self.assertEqual({cell.attributes["class"] for cell in cells}, {"few"})
        make_file.make("none.h5", [dict(hidden_size=8, fraction=0.1)], 3)
        page = self.page("none.h5")
        self.assertEqual(list(page.root.all("section", id="claims")), [])
        self.assertNotIn("Claims", next(page.root.all("nav")).text())

    def test_provenance(self):
        page = self.page("real.h5")
        with h5py.File("real.h5") as f:
            texts = dict(f["provenance"].attrs)
            sweep = f.attrs["sweep"]
        self.assertEqual(texts.pop("sweep_original"), sweep)  # not a row: it stands below
        rows = {next(row.all("th")).text(): next(row.all("td")).text()
                for row in list(page.section("origin").all("table"))[1].all("tr")}
        self.assertEqual(rows, texts)
        run_row = [cell.text() for cell in list(page.section("origin").all("table"))[0].all("td")]
        self.assertRegex(run_row[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$")
        self.assertEqual(run_row[2:4], ["1", "110"])
        self.assertIn(texts["hosts"], run_row)
        self.assertIn(texts["git_revision"], run_row[5])
        self.assertIn(sweep, [pre.text() for pre in page.section("reproduce").all("pre")])

    def test_overview(self):
        self.assertNotIn("Unfinished", next(self.page("real.h5").root.all("header")).text())
        header = next(self.page("many.h5").root.all("header")).text()
        self.assertIn("280 of 400 jobs (70.0\u00a0%)", header)
        self.assertIn("40 configurations", header)
        some = next(self.page("many.h5", "--where", "fraction=0.05").root.all("header")).text()
        self.assertIn("Chosen: 4 of the file\u2019s 40 configurations", some)


    def test_sweep_as_it_was_run(self):
        """The values of --set are in the sweep's text, also in that of a file that keeps it without them; a text of another
        sweep is shown as what it is, and no command is made of it."""
        def section(page):
            section = page.section("reproduce")
            return section.text(), [pre.text() for pre in section.all("pre")]

        with h5py.File("real.h5") as f:
            written = f.attrs["sweep"]
        with open("set.cfg", "w") as out:
            out.write(written)
        subprocess.run([PICKY, "run", "set.cfg", "--set", "seed=77", "--set", "replicates=1", "-o", "set.h5"], check=True,
                       capture_output=True)
        with h5py.File("set.h5") as f:
            as_run = f.attrs["sweep"]
            self.assertIn("seed = 77;", as_run)
            self.assertEqual(f["provenance"].attrs["sweep_original"], written)
        text, blocks = section(self.page("set.h5"))
        self.assertIn(as_run, blocks)
        self.assertNotIn(written, blocks)
        self.assertIn("with the values that --set gave", text)
        self.assertTrue(any("picky run sweep.cfg" in block for block in blocks))
        shutil.copy("set.h5", "other.h5")
        with h5py.File("set.h5", "r+", libver=("v108", "v108")) as f:  # as picky 0.1.0 left it
            f.attrs["sweep"] = written
            del f["provenance"].attrs["sweep_original"]
        self.assertIn(as_run, section(self.page("set.h5"))[1])
        with h5py.File("other.h5", "r+", libver=("v108", "v108")) as f:
            f.attrs["sweep"] = "seed = 77; # and no more\n"
        text, blocks = section(self.page("other.h5"))
        self.assertIn("seed = 77; # and no more\n", blocks)
        self.assertIn("is not that of its sweep", text)
        self.assertFalse(any("picky run sweep.cfg" in block for block in blocks))


class Commands(Files):
    def commands(self, page):
        """The lines of the commands that the page gives."""
        return [line for pre in page.section("reproduce").all("pre") for line in pre.text().splitlines()
                if line.startswith("picky")]

    def shell(self, line):
        environment = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(PROGRAM), os.path.dirname(PICKY),
                                                              os.environ["PATH"]])}
        return subprocess.run(["sh", "-c", line], env=environment, capture_output=True, timeout=500)

    def test_they_do_what_the_page_says(self):
        lines = self.commands(self.page("real.h5"))
        self.assertEqual(len(lines), 8)
        for line in lines:
            done = self.shell(line)
            self.assertEqual(done.returncode, 0, (line, done))
        for name in ("sweep.cfg", "again.h5", "report.html", "models.csv", "neurons.csv"):
            self.assertGreater(os.path.getsize(name), 100)
            if name == "report.html":
                with open(name, "rb") as f:
                    self.assertEqual(f.read(), run("real.h5")[1])
            os.unlink(name)

    def test_names_and_options_survive_the_shell(self):
        path = "it's a file; $(touch made)\u00e9.h5"
        shutil.copy("sizes.h5", path)
        code, data, _ = run(path, "--where", "hidden_size=7,5", "--measure", "variance", "--unimportant-below", "0.3",
                            "--normalise", "layer")
        self.assertEqual(code, 0)
        line, = [line for line in self.commands(Page(data)) if " report " in line]
        done = self.shell(line)
        self.assertEqual(done.returncode, 0, done)
        with open("report.html", "rb") as f:
            self.assertEqual(f.read(), data)
        self.assertFalse(os.path.exists("made"))
        os.unlink("report.html")
        os.unlink(path)


class Odd(Files):
    def test_hostile_texts(self):
        shutil.copy("real.h5", "hostile.h5")
        with h5py.File("hostile.h5", "r+", libver=("v108", "v108")) as f:
            f.attrs["sweep_name"] = HOSTILE
            f.attrs["sweep"] = "\n" + HOSTILE + "</pre>"
            for name in list(f["provenance"].attrs):
                f["provenance"].attrs[name] = HOSTILE
            f["provenance"].attrs["<b>"] = HOSTILE
            f["provenance"].attrs.create("no_utf8", b"\xff\xc0\xaf", dtype=h5py.string_dtype())
            hosts = f["provenance/runs/hosts"]
            text = hosts[()]
            text[0, :9] = np.frombuffer(b"<i>&\xff\x02\"'>", "S1")
            hosts.id.write(h5py.h5s.ALL, h5py.h5s.ALL, text, mtype=h5py.h5t.C_S1)
        page = self.page("hostile.h5")
        self.assertEqual(next(page.root.all("h1")).text(), SHOWN)
        self.assertTrue(next(page.root.all("title")).text().startswith(SHOWN))
        self.assertIn("<i>&\ufffd\ufffd\"'>", page.section("origin").text())
        self.assertIn("\ufffd\ufffd\ufffd", [cell.text() for cell in page.section("origin").all("td")])
        self.assertIn(SHOWN, page.section("reproduce").text())
        self.assertIn("\n" + SHOWN + "</pre>", [pre.text() for pre in page.section("reproduce").all("pre")])

    def test_nothing_done_yet(self):
        shutil.copy("real.h5", "new.h5")
        with h5py.File("new.h5", "r+", libver=("v108", "v108")) as f:
            f["status"][...] = PENDING
        page = self.page("new.h5")
        self.assertIn("0 of 110 jobs (0.0\u00a0%)", next(page.root.all("header")).text())
        self.assertEqual(page.section("importance").text().count("No accepted model yet"), 11)
        shutil.copy("real.h5", "one_job.h5")
        with h5py.File("one_job.h5", "r+", libver=("v108", "v108")) as f:
            status = np.zeros_like(f["status"])
            status[2, 7] = ACCEPTED
            status[0, 1] = REJECTED
            f["status"][...] = status
        page = self.page("one_job.h5")
        self.assertIn("2 of 110 jobs (1.8\u00a0%)", next(page.root.all("header")).text())

    def test_a_thousand_configurations(self):
        configs = [dict(fraction=round(0.1 + 0.01 * i, 2), lr=round(0.001 * (j + 1), 3), hidden_size=2,
                        second_task=("prod", "add1.5")[k])
                   for i in range(50) for j in range(10) for k in (0, 1)]
        make_file.make("thousand.h5", configs, 2)
        code, data, error = run("thousand.h5")
        self.assertEqual((code, error), (0, ""))
        self.assert_valid(data)
        self.assertLess(len(data), 4_000_000)
        page = Page(data)
        self.assertEqual(len(list(page.section("importance").all("div", class_="group"))), 24)
        self.assertEqual(len(list(page.section("training").all("div", class_="group"))), 24)
        for name in ("importance", "training"):
            self.assertIn("first 24 of 1000 configurations", page.section(name).text())
        self.assertEqual(len(list(next(page.section("acceptance").all("tbody")).all("tr"))), 1000)
        # One combination of the third hyperparameter after the other, acceptance and layers of each.
        self.assertEqual([h.text() for h in page.section("maps").all("h3")], ["second_task = prod", "second_task = add1.5"])
        self.assertIn("Left out", page.section("maps").text())

    def test_no_runs(self):
        page = self.page("one.h5")  # made without /provenance and without the sweep's text
        self.assertIn("no log of runs", page.section("origin").text())
        with h5py.File("real.h5") as f:
            self.assertIn("runs", f["provenance"])
        shutil.copy("real.h5", "broken.h5")
        with h5py.File("broken.h5", "r+", libver=("v108", "v108")) as f:
            del f["provenance/runs/jobs"]
        code, data, error = run("broken.h5")
        self.assertEqual((code, data), (2, b""))
        self.assertIn("broken.h5", error)
        self.assertIn("log of runs", error)

    def test_output(self):
        with open("page.html", "w") as f:
            f.write("<!doctype html>old")
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        code, _, error = run("real.h5", "-o", "page.html", preexec_fn=limit)
        self.assertEqual((code, error.count("\n")), (3, 1))
        self.assertEqual([name for name in os.listdir(".") if name.endswith(".part")], [])
        with open("page.html") as f:
            self.assertEqual(f.read(), "<!doctype html>old")
        code, out, error = run("real.h5", "-o", "page.html")
        self.assertEqual((code, out, error), (0, b"", ""))
        with open("page.html", "rb") as f:
            self.assertEqual(f.read(), run("real.h5")[1])
        self.assertEqual(run("real.h5", "-o", "/dev/full")[0], 3)
        self.assertEqual(run("real.h5", "-o", "real.h5")[0], 2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
