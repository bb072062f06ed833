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
    """An element: nodes [first, end) of the page are it and its descendants."""

    def __init__(self, tag, attributes, nodes):
        self.tag, self.attributes, self.children = tag, dict(attributes), []
        self.nodes, self.first, self.end = nodes, len(nodes), len(nodes) + 1
        nodes.append(self)

    def all(self, *tags, **attributes):
        """Descendants with one of the tags and these attributes, in the page's order."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}.items()
        return (node for node in self.nodes[self.first + 1:self.end]
                if (not tags or node.tag in tags) and wanted <= node.attributes.items())

    def text(self):
        text = "".join(child if isinstance(child, str) else child.text() for child in self.children)
        return text.removeprefix("\n") if self.tag == "pre" else text  # as a browser does


class Page(html.parser.HTMLParser):
    """A page as a tree; fails on elements that are not closed in order."""

    def __init__(self, data):
        super().__init__(convert_charrefs=True)
        self.root = Node("", (), [])
        self.open = [self.root]
        self.declaration = None
        self.feed(data.decode("utf-8"))  # strict
        self.close()
        assert self.open == [self.root], f"<{self.open[-1].tag}> is not closed"
        self.root.end = len(self.root.nodes)

    def handle_decl(self, declaration):
        self.declaration = declaration

    def add(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), (tag, attributes)
        node = Node(tag, attributes, self.root.nodes)
        node.parent = self.open[-1]
        self.open[-1].children.append(node)
        return node

    def handle_starttag(self, tag, attributes):
        node = self.add(tag, attributes)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attributes):
        self.add(tag, attributes)

    def handle_endtag(self, tag):
        assert tag == self.open[-1].tag, f"</{tag}> closes <{self.open[-1].tag}> at {self.getpos()}"
        node = self.open.pop()
        node.end = len(node.nodes)

    def handle_data(self, data):
        self.open[-1].children.append(data)

    def section(self, name):
        return next(self.root.all("section", id=name))


def setUpModule():
    """One folder for all tests; none of them changes the files that are made here."""
    global FOLDER
    FOLDER = tempfile.mkdtemp(prefix="picky-report-")
    os.chdir(FOLDER)
    with open(os.path.join(SOURCE, "sweeps", "seed.cfg")) as f, open("real.cfg", "w") as out:
        out.write(f.read().replace("hidden_size = 50;", "hidden_size = 30;"))
    subprocess.run([PICKY, "run", "real.cfg", "-o", "real.h5"], check=True, stderr=subprocess.DEVNULL)
    for kind, configs in make_file.KINDS.items():
        make_file.make(f"{kind}.h5", configs, 10, 0.3, seed=4)


def tearDownModule():
    os.chdir("/")
    shutil.rmtree(FOLDER)


class Files(unittest.TestCase):
    pages = {}  # of files as they are: one page serves many tests

    def tearDown(self):
        self.assertEqual([name for name in os.listdir(".") if name.endswith(".part")], [])

    def page(self, path, *args):
        status = os.stat(path)
        key = (path, status.st_ino, status.st_mtime_ns, args)
        if key not in self.pages:
            code, data, error = run(path, *args)
            self.assertEqual((code, error), (0, ""))
            self.pages[key] = self.assert_valid(data)
        return self.pages[key]

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
            if svg.attributes.get("aria-hidden") == "true":
                continue  # a mark of a legend, beside its meaning
            self.assertEqual(svg.attributes["role"], "img")
            first = [child for child in svg.children if isinstance(child, Node)][:2]
            self.assertEqual([node.tag for node in first], ["title", "desc"])
            self.assertTrue(all(node.text().strip() for node in first))
        for cell in root.all("th"):
            self.assertIn(cell.attributes["scope"], ("row", "col", "rowgroup", "colgroup"))
        # Nothing that only a pointer shows; scrolling boxes have names of their own and the keyboard reaches them.
        self.assertEqual([node.tag for node in root.all() if "title" in node.attributes], [])
        self.assertEqual([node.tag for node in root.all("title") if node.parent.tag not in ("svg", "head")], [])
        boxes = list(root.all("div", class_="scroll"))
        self.assertEqual([box for box in boxes if box.attributes.get("tabindex") != "0"], [])
        names = [box.attributes["aria-label"] for box in boxes]
        self.assertEqual(len(set(names)), len(names))
        for table in root.all("table"):
            self.assertEqual(table.parent.attributes.get("class"), "scroll")
        levels = [int(node.tag[1]) for node in root.all("h1", "h2", "h3")]
        self.assertEqual(levels.count(1), 1)
        self.assertTrue(all(b - a <= 1 for a, b in zip(levels, levels[1:])))
        return page

    def table(self, page, section, name):
        box, = page.section(section).all("div", class_="scroll", aria_label=name)
        return next(box.all("table"))

    def body(self, table):
        """The cells, without heads, of each row."""
        return [list(row.all("td")) for row in next(table.all("tbody")).all("tr")]

    def expected(self, path, config, measure="taylor_sample", below=0.1):
        """RI [model, layer, unit] of the accepted models."""
        with h5py.File(path) as f:
            accepted = f["status"][config] == ACCEPTED
            n_layers, n_units = int(f["hidden_layers"][config]), int(f["hidden_size"][config])
            importance = f["importance"][config][accepted, MEASURES.index(measure), :, :n_layers, :n_units].astype("f8")
        return make_file.relative_importance(importance[:, 0], importance[:, 1], below)


def percents(text):
    return [float(number) for number in re.findall(r"([\d.]+) %", text)]


class Contents(Files):
    def check_histograms(self, page, path, configs, *args):
        groups = list(page.section("importance").all("div", class_="group"))
        self.assertEqual([int(re.match(r"\[(\d+)\]", group.text().strip())[1]) for group in groups], configs)
        bins = iter(self.body(self.table(page, "importance", "Histograms of relative importance")))
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
                bars, numbers = list(svg.all("rect")), [cell.text() for cell in next(bins)]
                expected = np.histogram(units[~np.isnan(units)], np.linspace(-1, 1, 11))[0] / units.size
                np.testing.assert_allclose([percents(text)[0] for text in numbers], 100 * expected, atol=0.0501)
                heights = np.array([float(bar.attributes["height"]) for bar in bars])
                np.testing.assert_allclose(heights * expected.max(), expected * heights.max(), atol=1e-3)
                self.assert_whiskers(svg, bars, numbers, heights, ri[:, layer])
                self.assertEqual([text.text() for text in svg.all("text")][-1], f"+ {shares[3]:.0f} %")
        self.assertRaises(StopIteration, next, bins)

    def assert_whiskers(self, svg, bars, numbers, heights, ri):
        """A line from low to high on the bar, where the table has an interval, around the bar's top."""
        found = {float(line.attributes["x1"]): line.attributes for line in svg.all("line", class_="whisker")}
        n = 0
        for b, (bar, text, height) in enumerate(zip(bars, numbers, heights)):
            shares = [np.histogram(model[~np.isnan(model)], np.linspace(-1, 1, 11))[0][b] for model in ri]
            interval = re.search(r"\[([\d.]+), ([\d.]+)\]", text)
            self.assertEqual(interval is not None, np.ptp(shares) > 0)
            if not interval or interval[1] == interval[2]:
                continue
            n += 1
            left, width = float(bar.attributes["x"]), float(bar.attributes["width"])
            line = found[float(f"{left + width / 2:.6g}")]
            bottom = float(bar.attributes["y"]) + height
            share = percents(text)[0]
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
            rows = self.body(self.table(self.page(path), "acceptance", "Acceptance of each configuration"))
            with h5py.File(path) as f:
                status, attempts, errors = f["status"][()], f["attempts"][()], f["test_error"][()]
                history = [make_file.history({"train_mode": mode.decode(), "epochs": int(n)})
                           for mode, n in zip(f["train_mode"][()], f["epochs"][()])]
            self.assertEqual(len(rows), len(status))
            for c, cells in enumerate(rows):
                jobs, accepted, others, of_models, of_attempts, *tasks = cells
                names = ["pending", "accepted", "rejected", "diverged", "error"]
                for s, name in enumerate(names):
                    n = (status[c] == s).sum()
                    self.assertEqual(f"{n} {name}" in next(jobs.all("desc")).text().split(", "), n > 0)
                    self.assertEqual(f"{n} {name}" in others.text().split(", "), n > 0 and name != "accepted")
                tried = np.isin(status[c], [ACCEPTED, REJECTED, DIVERGED])
                k = int((status[c] == ACCEPTED).sum())
                self.assertEqual(accepted.text(), f"{k}/{tried.sum()}")
                for cell, n in ((of_models, tried.sum()), (of_attempts, attempts[c][tried].sum())):
                    interval = scipy.stats.binomtest(k, int(n)).proportion_ci(0.95, method="wilson")
                    numbers = [float(x) for x in re.findall(r"\d+\.\d", cell.text())]
                    np.testing.assert_allclose(numbers, [100 * k / n, 100 * interval.low, 100 * interval.high], atol=0.0501)
                for t, cell in enumerate(tasks):
                    final = errors[c, status[c] == ACCEPTED, history[c] - 1, t].astype("f8")
                    numbers = [float(cell.children[0]), *map(float, next(cell.all("small")).text().split("\u2013"))]
                    np.testing.assert_allclose(numbers, np.quantile(final, [0.5, 0.05, 0.95]), atol=0.0000501)

    def test_training(self):
        page = self.page("sizes.h5")
        rows = iter(self.body(self.table(page, "training", "Test errors by epoch")))
        with h5py.File("sizes.h5") as f:
            for c, svg in enumerate(page.section("training").all("svg", role="img")):
                errors = f["test_error"][c][f["status"][c] == ACCEPTED].astype("f8")
                n = make_file.history({"train_mode": f["train_mode"].asstr()[c], "epochs": int(f["epochs"][c])})
                curves = [line.attributes for line in svg.all("polyline", class_="curve")]
                self.assertEqual([len(curve["points"].split()) for curve in curves], [n, n])
                self.assertEqual(len({curve["stroke-dasharray"] for curve in curves}), 2)
                for task in range(2):
                    cells = [cell.text() for cell in next(rows) if cell.text()]
                    self.assertEqual(len(cells), min(n, 5))
                    found = [re.fullmatch(r"epoch (\d+?)(\d\.\S*?|0)\[(\S+), (\S+)\]", cell) for cell in cells]
                    self.assertEqual((int(found[0][1]), int(found[-1][1])), (0, n - 1))
                    for match in found:
                        values = errors[:, int(match[1]), task]
                        np.testing.assert_allclose([float(x) for x in match.groups()[1:]],
                                                   np.quantile(values, [0.5, 0.05, 0.95]), rtol=6e-4)
        self.assertEqual(c, 3)
        self.assertRaises(StopIteration, next, rows)

    def cell_share(self, path, config, layer, kind):
        units = self.expected(path, config)[:, layer]
        return 100 * {"selective": abs(units) > 0.9, "mixed": abs(units) < 0.5, "unimportant": np.isnan(units)}[kind].mean()

    def assert_cell(self, cell, share):
        digits = 0 if share >= 9.95 else 1
        self.assertAlmostEqual(float(cell.children[0]), share, delta=0.51 if digits == 0 else 0.051)
        small = [node.text() for node in cell.all("small")]
        if small:
            low, high = map(float, small[0].split("\u2013"))
            self.assertTrue(low - 0.51 <= share <= high + 0.51, (low, share, high))

    def test_list(self):
        with self.subTest("many layers: a table for each share"):
            page = self.page("sizes.h5")
            layers = [4, 2, 4, 6]
            for name, kind in (("selective", "selective"), ("mixed", "mixed"), ("unimportant", "unimportant")):
                rows = self.body(self.table(page, "maps", f"All configurations: {name}"))
                self.assertEqual([len(cells) for cells in rows], [6] * 4)
                for c, cells in enumerate(rows):
                    for layer, cell in enumerate(cells):
                        if layer < layers[c]:
                            self.assert_cell(cell, self.cell_share("sizes.h5", c, layer, kind))
                        else:
                            self.assertEqual(cell.attributes["class"], "none")
        with self.subTest("few: one table"):
            rows = self.body(self.table(self.page("real.h5"), "maps", "All configurations: selective and other shares"))
            for c, cells in enumerate(rows):
                for k, kind in enumerate(["selective", "mixed", "unimportant"]):
                    for layer in range(4):
                        self.assert_cell(cells[4 * k + layer], self.cell_share("real.h5", c, layer, kind))
            self.assertEqual(c, 10)

    def test_map_of_a_grid(self):
        """many.h5: ten fractions x four context locations; the fewer are columns."""
        section = self.page("many.h5").section("maps")
        found = {}
        for table in section.all("table", class_="map"):
            caption = next(table.all("caption")).text()
            columns = [cell.text() for cell in next(table.all("thead")).all("th")][1:]
            self.assertEqual(columns, ["1", "2", "3", "4"])
            rows = list(next(table.all("tbody")).all("tr"))
            self.assertEqual([next(row.all("th")).text() for row in rows], [f"{0.05 + 0.01 * i:g}" for i in range(10)])
            found[caption] = [list(row.all("td")) for row in rows]
        self.assertEqual(len(found), 1 + 3 * 4)
        with h5py.File("many.h5") as f:
            status = f["status"][()]
        for i in range(10):
            for j in range(4):
                config = i * 4 + j
                tried = np.isin(status[config], [ACCEPTED, REJECTED, DIVERGED])
                self.assert_cell(found["models accepted, %"][i][j],
                                 100 * (status[config] == ACCEPTED).sum() / tried.sum())
                for kind in ("selective", "mixed", "unimportant"):
                    for layer in range(4):
                        self.assert_cell(found[f"Layer {layer + 1}: {kind}, %"][i][j],
                                         self.cell_share("many.h5", config, layer, kind))

    def test_numbers(self):
        table = self.table(self.page("sizes.h5"), "importance", "Relative importance by layer")
        self.assertEqual([cell.text() for cell in next(table.all("thead")).all("th")],
                         ["Configuration", "layer", "mean RI", "selective", "selective for task 1", "selective for task 2",
                          "mixed", "unimportant", "dip", "two peaks", "two peaks, identical"])
        rows = iter(next(table.all("tbody")).all("tr"))
        for c, n_layers in enumerate([4, 2, 4, 6]):
            ri = self.expected("sizes.h5", c)
            for layer in range(n_layers):
                row = next(rows)
                units = ri[:, layer]
                self.assertEqual(list(row.all("th"))[-1].text(), str(layer + 1))
                shares = [abs(units) > 0.9, units > 0.9, units < -0.9, abs(units) < 0.5, np.isnan(units)]
                cells = list(row.all("td"))
                self.assertAlmostEqual(float(cells[0].children[0].strip()), np.nanmean(np.nanmean(units, 1)),
                                       delta=0.000501)
                for cell, share in zip(cells[1:6], shares):
                    self.assertAlmostEqual(percents(cell.text())[0], 100 * share.mean(), delta=0.0501)
        self.assertRaises(StopIteration, next, rows)

    def test_sharing(self):
        """Three tasks: overlap beside chance, S, N_eff, preferred tasks and one model's map against NumPy."""
        with open("three.cfg", "w") as f:
            f.write('replicates = 6; grid = { context_location = ["start", "end"]; };\n'
                    'model = { tasks = "x0 + x1; x0 * x1; x0"; hidden_size = 8; epochs = 1; error_threshold = 10.0; };')
        subprocess.run([PICKY, "run", "three.cfg", "-o", "three.h5"], check=True, stderr=subprocess.DEVNULL)
        page = self.page("three.h5")
        section = page.section("sharing")
        maps = [svg for svg in section.all("svg") if next(svg.all("title")).text().startswith("Tasks by units")]
        minis = iter([svg for svg in section.all("svg") if svg not in maps])
        with h5py.File("three.h5") as f:
            importance = f["importance"][:, :, MEASURES.index("taylor_sample")].astype("f8")  # config, model, task, layer, unit
        counted = np.where(importance < 0.1 * importance.mean(-1, keepdims=True), 0, importance)
        for c in range(2):
            layers = self.body(self.table(page, "sharing", f"Tasks that neurons serve, configuration {c}"))
            pairs = iter(self.body(self.table(page, "sharing", f"Overlap of each pair, configuration {c}")))
            number = lambda cell: float(re.match(r"[\d.]+", cell.text())[0])
            for b in range(1, 3):
                for a in range(b):
                    ri = make_file.relative_importance(importance[c, :, a], importance[c, :, b], 0.1)
                    svg = next(minis)
                    np.testing.assert_allclose(percents(next(svg.all("desc")).text()),
                                               [100 * (ri < -0.8).mean(), 100 * (ri > 0.8).mean(), 100 * np.isnan(ri).mean()],
                                               atol=0.0501)
                    for layer in range(4):
                        x, y = counted[c, :, a, layer] > 0, counted[c, :, b, layer] > 0
                        both, n_x, n_y = (x & y).sum(-1), x.sum(-1), y.sum(-1)
                        jaccard, overlap = 100 * both / (x | y).sum(-1), 100 * both / np.minimum(n_x, n_y)
                        chance = [sum(k / (m + n - k) * scipy.stats.hypergeom.pmf(k, 8, m, n) for k in range(9) if m + n > k)
                                  for m, n in zip(n_x, n_y)]
                        found = [number(cell) for cell in next(pairs)]
                        np.testing.assert_allclose(found, [jaccard.mean(), 100 * np.mean(chance), overlap.mean(),
                                                           100 * (np.maximum(n_x, n_y) / 8).mean()], atol=0.0501)
                        matrix = self.body(self.table(page, "sharing", f"Jaccard of layer {layer + 1}, configuration {c}"))
                        self.assertAlmostEqual(number(matrix[b][a]), jaccard.mean(), delta=0.501)
                        self.assertAlmostEqual(number(matrix[a][b]), 100 * np.mean(chance), delta=0.501)
            for layer, cells in enumerate(layers):
                units = counted[c, :, :, layer]  # model, task, unit
                served = units.max(1) > 0
                with np.errstate(invalid="ignore"):
                    others = (units.sum(1) - units.max(1)) / 2
                    selectivity = (units.max(1) - others) / (units.max(1) + others)
                    n_eff = units.sum(1) ** 2 / (units ** 2).sum(1)
                prefer = [100 * (served & (units.argmax(1) == task)).mean() for task in range(3)]
                np.testing.assert_allclose([number(cell) for cell in cells[:2]],
                                           [np.nanmean(np.where(served, selectivity, np.nan), 1).mean(),
                                            np.nanmean(np.where(served, n_eff, np.nan), 1).mean()], atol=0.000501)
                np.testing.assert_allclose([number(cell) for cell in cells[2:]], prefer, atol=0.0501)
                paths = [path.attributes for path in maps[4 * c + layer].all("path")]
                self.assertEqual(sum(path["d"].count("M") for path in paths), 3 * 8)
                full = [path["d"].count("M") for path in paths if path["fill"] == "#0b4a8f"]  # each task's most important unit
                self.assertGreaterEqual(sum(full), (units[0].max(-1) > 0).sum())
                empty = [path["d"].count("M") for path in paths if path["fill"] == "#f4f4f4"]
                self.assertGreaterEqual(sum(empty), (units[0] == 0).sum())
        self.assertRaises(StopIteration, next, minis)
        self.assertEqual(list(self.page("real.h5").root.all("section", id="sharing")), [])

    def test_claims(self):
        """The table of `picky-analyse claims --csv`, cell by cell."""
        done = subprocess.run([PROGRAM, "claims", "real.h5", "--noise", "--csv"], check=True, capture_output=True, text=True)
        expected = list(csv.DictReader(io.StringIO(done.stdout)))
        claims = {row["claim"]: None for row in expected if row["decision"] not in ("", "not_in_file")}
        self.assertGreater(len(claims), 1)
        page = self.page("real.h5")
        rows = list(next(self.table(page, "claims", "Numbers of the claims").all("tbody")).all("tr"))
        beside = {name: [[cell.text() for cell in row.all("td")] for row in rows if list(row.all("th"))[-1].text() == name]
                  for name in ("identical tasks", "noise")}
        rows = [row for row in rows if list(row.all("th"))[-1].text() not in beside]
        n_rows = {claim: 2 if claim == "rare_task_recruits" else 3 for claim in claims}  # its third is the judged one again
        self.assertEqual(len(rows), sum(n_rows.values()))
        judged = [[row for row in expected if row["claim"] == claim][:6] for claim in claims]
        for name, keys in (("noise", ("noise_a", "noise_b")), ("identical tasks", ("identical",))):
            numbers = [float(row[key]) for measures in judged for row in measures for key in keys if row[key]]
            found = [float(x) for row in beside[name] for text in row for x in text.split("; ")]
            self.assertGreater(len(found), 5)
            np.testing.assert_allclose(found, numbers, atol=0.000501)
        self.assertEqual(len(self.body(self.table(page, "claims", "What each claim measures"))), len(claims))
        page_rows = iter(rows)
        for claim in claims:
            for r in range(n_rows[claim]):
                found_rows = [row for row in expected if row["claim"] == claim][6 * r:6 * r + 6]
                for m, (row, cell) in enumerate(zip(found_rows, next(page_rows).all("td"))):
                    self.assertEqual((cell.children[0].rstrip("*"), row["measure"]), (row["decision"], MEASURES[m]))
                    small = [node.text() for node in cell.all("small")]
                    self.assertEqual(small[-1], f"n = {row['n']}")
                    if row["effect"]:
                        found = [float(x) for x in re.findall(r"[-+][\d.]+", small[0])]
                        np.testing.assert_allclose(found, [float(row[key]) for key in ("effect", "effect_low",
                                                                                       "effect_high") if row[key]],
                                                   atol=0.000501)
                self.assertEqual(m, 5)
        self.check_forest(page, expected, claims)
        correlations = self.table(page, "claims", "Correlation of mean RI with the losses")
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
        cells = [cell for row in self.body(self.table(self.page("few.h5"), "claims", "Numbers of the claims"))
                 for cell in row if "class" in cell.attributes]
        self.assertEqual({cell.children[0] for cell in cells}, {"too few"})
        self.assertEqual({cell.attributes["class"] for cell in cells}, {"few"})
        make_file.make("none.h5", [dict(hidden_size=8, fraction=0.1)], 3)
        page = self.page("none.h5")
        self.assertEqual(list(page.root.all("section", id="claims")), [])
        self.assertNotIn("Verdicts", next(page.root.all("nav")).text())

    def check_forest(self, page, expected, claims):
        """Circles and lines lie where the numbers of `claims --csv` are, on one axis for all panels."""
        section = page.section("claims")
        panels = list(section.all("svg", role="img"))
        claims = [claim for claim in claims if any(row["effect"] for row in expected if row["claim"] == claim)]
        self.assertEqual(len(panels), len(claims))
        self.assertIs(next(page.root.all("section")), section)  # verdicts first
        places = []
        for claim, svg in zip(claims, panels):
            rows = [row for row in expected if row["claim"] == claim][:6]
            words = [text.text() for text in svg.all("text")]
            for row in rows:
                self.assertEqual(words[words.index(row["measure"]) + 1], row["decision"])
                if row["effect"]:
                    said = re.search(f"{row['measure']}: {row['decision']}, ([-+][\\d.]+)", next(svg.all("desc")).text())
                    self.assertAlmostEqual(float(said[1]), float(row["effect"]), delta=0.000501)
            circles = [float(node.attributes["cx"]) for node in svg.all("circle")]
            lines = [(float(node.attributes["x1"]), float(node.attributes["x2"])) for node in svg.all("line", class_="effect")]
            with_effect = [row for row in rows if row["effect"]]
            places += zip([float(row["effect"]) for row in with_effect], circles)
            for row, line in zip([row for row in rows if row["effect_low"]], lines):
                places += zip([float(row["effect_low"]), float(row["effect_high"])], line)
        values, x = np.array(places).T
        self.assertGreater(len(x), 10)
        np.testing.assert_allclose(np.polyval(np.polyfit(values, x, 1), values), x, atol=0.01)

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
        for name in ("importance", "training"):
            self.assertIn("No accepted model.", page.section(name).text())
            self.assertEqual(list(page.section(name).all("svg", role="img")), [])
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
        page = self.assert_valid(data)
        self.assertLess(len(data), 4_000_000)
        self.assertEqual(len(list(page.section("importance").all("div", class_="group"))), 24)
        self.assertEqual(len(list(page.section("training").all("div", class_="group"))), 24)
        for name in ("importance", "training"):
            self.assertIn("24 of 1,000 configurations", page.section(name).text())
        # They are spread over all in the order of their selective shares.
        share = {c: np.nanmean((abs(self.expected("thousand.h5", c)) > 0.9).mean((0, 2))) for c in range(1000)}
        order = sorted(share, key=lambda c: (round(share[c], 6), c))
        chosen = [int(re.match(r"\[(\d+)\]", group.text().strip())[1])
                  for group in page.section("importance").all("div", class_="group")]
        np.testing.assert_allclose([share[c] for c in chosen], [share[order[i * 999 // 23]] for i in range(24)], atol=1e-6)
        self.assertEqual(len(self.body(self.table(page, "acceptance", "Acceptance of each configuration"))), 1000)
        self.assertEqual(len(self.body(self.table(page, "maps", "All configurations: selective and other shares"))), 1000)
        # One combination of the third hyperparameter after the other, acceptance and layers of each.
        self.assertEqual([h.text() for h in page.section("maps").all("h3")], ["second_task = prod", "second_task = add1.5"])
        # Drawn: a path for each colour, a cell for each configuration.
        maps = [svg for svg in page.section("maps").all("svg") if next(svg.all("title")).text() == "Layer 1: selective"]
        self.assertEqual([sum(path.attributes["d"].count("M") for path in svg.all("path")) for svg in maps], [500, 500])

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
