"""Checks every figure of picky-analyse as a page of a journal, 85 and 180 mm wide: no text smaller than 6 points, none
outside the page, no two texts over each other; title and description for those who do not see it; the table of its
numbers. By pdftotext -bbox, pdfinfo and the text operators of the PDFs.

check_pages.py PICKY_ANALYSE PICKY [unittest arguments]
Needs h5py, NumPy, gnuplot and poppler-utils.
"""
import collections
import csv
import html
import itertools
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
import zlib

try:
    import h5py  # noqa: F401 (make_file needs it)
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
missing = [program for program in ("gnuplot", "pdftotext", "pdfinfo") if not shutil.which(program)]
if missing:
    print(f"skipped: no {', '.join(missing)}")
    sys.exit(77)

sys.dont_write_bytecode = True  # nothing is left among the sources
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../file"))
import make_file

PROGRAM, PICKY = map(os.path.abspath, sys.argv[1:3])
WIDTHS = (85, 180)
SVG = "{http://www.w3.org/2000/svg}"
PROGRESS = re.compile(r"picky-analyse: \d+ of \d+ .* left\n")

# Many tasks, a long one, a depth that does not fit beside each other.
SWEEP = """name = "pages"; replicates = 3; seed = 3;
model = { epochs = 2; N_train = 100; N_test = 20; error_threshold = 9.0; hidden_size = 5; hidden_layers = 9;
          output_activation = "linear";
          tasks = "sum: x0 + x1; product: x0 * x1; 0.25 * (x0 + x1) * (x0 + x1) + 0.1 * x0 * x1 - x1; x0; max(x0, x1)"; };
grid = { context_location = ["start", "end"]; lr = [0.001, 0.0025]; };
"""
# Files, and the widths that each is drawn at.
FILES = {"seed.h5": WIDTHS, "sizes.h5": WIDTHS[:1], "grid.h5": WIDTHS[1:], "tasks.h5": WIDTHS[:1]}
OWN_FILES = {"lesion": {"tasks.h5": WIDTHS}, "damage": {"tasks.h5": WIDTHS},  # made-up networks cannot be run
             "trend": {"grid.h5": WIDTHS[1:], "tasks.h5": WIDTHS[:1]}, "models": {"seed.h5": WIDTHS[1:], "tasks.h5": WIDTHS[:1]},
             "units": {"sizes.h5": WIDTHS[1:], "tasks.h5": WIDTHS[:1]}, "ri-loss": {"seed.h5": WIDTHS},
             "ri-grid": {"seed.h5": WIDTHS, "grid.h5": WIDTHS}, "heatmap": {**FILES, "grid.h5": WIDTHS},
             "claims": {"claims.h5": WIDTHS}, "multiverse": {"claims.h5": WIDTHS}}
# What a figure needs beside FILE and -o.
ONE = {"ri-pairs": ["--config", "1"], "tasks": ["--config", "1"]}


def run(*args):
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, PROGRESS.sub("", done.stderr)


def kinds():
    """The figures that there are, from the program itself."""
    names = re.findall(r"^  picky-analyse plot ([a-z-]+) ", run("plot", "--help")[1], re.M)
    assert len(names) >= 9, names
    return names


class Matrix:
    def __init__(self, a=1.0, b=0.0, c=0.0, d=1.0, e=0.0, f=0.0):
        self.values = (a, b, c, d, e, f)

    def before(self, other):
        """What first this, then the other does."""
        a, b, c, d, e, f = self.values
        g, h, i, j, k, l = other.values
        return Matrix(a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l)

    def scale(self):
        """How much larger a text gets, across its line."""
        return math.hypot(self.values[2], self.values[3])


def font_sizes(path):
    """The sizes of all texts of a PDF, in points, from its operators Tf, Tm and cm."""
    with open(path, "rb") as f:
        pdf = f.read()
    sizes = set()
    for found in re.finditer(rb"stream\r?\n", pdf):
        try:
            text = zlib.decompressobj().decompress(pdf[found.end():]).decode("latin-1")
        except zlib.error:
            continue
        if not re.search(r"\bBT\b", text):
            continue
        page, pages, line, font, operands = Matrix(), [], Matrix(), 0.0, []
        for word in re.findall(r"\((?:\\.|[^\\)])*\)|<[0-9a-fA-F\s]*>|[\[\]]|/[^\s\[\]()<>/]+|[^\s\[\]()<>/]+", text):
            numbers = [float(o) for o in operands[-6:] if re.fullmatch(r"[-+.\d]+", o)]
            if word == "q":
                pages.append(page)
            elif word == "Q":
                page = pages.pop()
            elif word == "cm":
                page = Matrix(*numbers).before(page)
            elif word == "BT":
                line = Matrix()
            elif word == "Tm":
                line = Matrix(*numbers)
            elif word == "Tf":
                font = numbers[-1]
            elif word in ("Tj", "TJ"):
                sizes.add(round(font * line.before(page).scale(), 3))
            if re.fullmatch(r"[A-Za-z]+\*?", word):
                operands = []
            else:
                operands.append(word)
    return sizes


def words(path):
    """Width and height of the page, and (text, left, top, right, bottom) of each word, in points."""
    text = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, text=True, check=True).stdout
    page = re.search(r'<page width="([\d.]+)" height="([\d.]+)">', text)
    found = re.findall(r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>', text)
    return [float(v) for v in page.groups()], [(html.unescape(word), *map(float, box)) for *box, word in found]


def core(word):
    """A word's box without the room that fonts leave above and below letters (a fifth of its height each), and with half
    of the room that there has to be between words."""
    text, left, top, right, bottom = word
    short = 0.2 * min(right - left, bottom - top)
    if bottom - top > right - left and len(text) > 1:  # upright
        return left + short, top - 0.4, right - short, bottom + 0.4
    return left - 0.4, top + short, right + 0.4, bottom - short


def overlapping(found):
    cores = [(word[0], *core(word)) for word in found]
    return [(a[0], b[0]) for a, b in itertools.combinations(cores, 2)
            if a[1] < b[3] and b[1] < a[3] and a[2] < b[4] and b[2] < a[4]]


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.start = os.getcwd()
        cls.folder = tempfile.mkdtemp(prefix="picky-pages-")
        os.chdir(cls.folder)
        make_file.make("seed.h5", make_file.KINDS["seed"], 9, 0.2, name="a name that is long enough for two lines of a "
                       "narrow page, and_a_word_that_is_too_long_for_any_of_them_and_has_to_be_broken")
        make_file.make("sizes.h5", make_file.KINDS["sizes"], 7, 0.2)
        make_file.make("claims.h5", [{**one, "hidden_size": size} for one in make_file.KINDS["seed"] for size in (5, 25)]
                       + [dict(second_task="add1", hidden_size=25), dict(train_mode="replay", hidden_size=25)], 12)
        make_file.make("grid.h5", make_file.KINDS["many"][:23], 3)
        with open("tasks.cfg", "w") as f:
            f.write(SWEEP)
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        subprocess.run([PICKY, "run", "tasks.cfg", "-o", "tasks.h5"], check=True, capture_output=True, env=environment)

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.start)
        shutil.rmtree(cls.folder)

    def plot(self, kind, path, output, *options):
        result = run("plot", kind, path, "-o", output, *ONE.get(kind, []), *options)
        self.assertEqual((result[0], result[2]), (0, ""), (kind, path, options))
        return result[1]

    def check_page(self, path, width_mm):
        (width, height), found = words(path)
        self.assertAlmostEqual(width, width_mm * 72 / 25.4, delta=0.6)
        self.assertGreater(len(found), 5)
        self.assertGreaterEqual(min(font_sizes(path)), 6)
        outside = [w for w in found if w[1] < 0 or w[2] < 0 or w[3] > width or w[4] > height]
        self.assertEqual(outside, [])
        self.assertEqual(overlapping(found), [])
        return " ".join(word[0] for word in found)

    def check_svg(self, path, kind):
        """Title, alternative text; returns the words."""
        root = xml.etree.ElementTree.parse(path).getroot()
        self.assertEqual((root.get("role"), root.get("aria-labelledby")), ("img", "title description"))
        title, description = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
        self.assertEqual((title.get("id"), description.get("id")), ("title", "description"))
        self.assertGreater(len(title.text), 20, kind)
        self.assertGreater(len(description.text), 80, kind)
        return " ".join("".join(e.itertext()) for e in root.iter(f"{SVG}text")), title.text, description.text

    def check_data(self, path, kind):
        with open(path, newline="") as f:
            rows = list(csv.reader(f))
        self.assertEqual(rows[0][:2], ["figure", "configuration"])
        self.assertGreater(len(rows), 1)
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        self.assertEqual({row[0] for row in rows[1:]}, {f"plot {kind}"})
        self.assertEqual(len(set(rows[0])), len(rows[0]))
        self.assertTrue(any(re.fullmatch(r"[-+.e\d]+", value) for row in rows[1:] for value in row[1:]))
        return rows

    def test_pages(self):
        for kind, path, width in ((kind, path, width) for kind in kinds()
                                  for path, widths in OWN_FILES.get(kind, FILES).items() for width in widths):
            with self.subTest(kind=kind, path=path, width=width):
                self.plot(kind, path, "a.pdf", "--width", width, "--data", "a.csv", "--force", "--keep-script")
                shown = self.check_page("a.pdf", width)
                self.check_data("a.csv", kind)
                with open("a.gp") as f:  # gnuplot drops texts that lie beyond the page
                    labels = re.findall(r"^set label '((?:[^']|'')*)' at", f.read(), re.M)
                wanted = collections.Counter(" ".join(labels).replace("''", "'").split())
                self.assertEqual(wanted - collections.Counter(shown.split()), {})
                self.plot(kind, path, "a.svg", "--width", width)
                texts, title, description = self.check_svg("a.svg", kind)
                # The same words, each by itself: two that touch would be one, and what lies outside would be cut off.
                self.assertEqual(collections.Counter(shown.split()) - collections.Counter(texts.split()), {})
                self.assertEqual(collections.Counter(texts.split()) - collections.Counter(shown.split()), {})
                info = subprocess.run(["pdfinfo", "a.pdf"], capture_output=True, text=True, check=True).stdout
                self.assertEqual(re.search(r"^Title: +(.*)$", info, re.M)[1], title)
                self.assertEqual(re.search(r"^Subject: +(.*)$", info, re.M)[1], description)

    def test_missing_characters(self):
        """One that no font has would be a black box over the page: "?" instead, in what is drawn here."""
        name = "caf\u00e9 \ue123\ue124 \u2190"  # of the private use area
        for output in ("b.pdf", "b.png", "b.svg"):
            code, out, err = run("plot", "tasks", "seed.h5", "--config", "1", "--title", name, "-o", output)
            warning = ("picky-analyse: no font here has U+E123, U+E124: drawn as \"?\" "
                       "(Debian package fonts-noto-core)\n")
            self.assertEqual((code, out, err), (0, "", "" if output == "b.svg" else warning))
        self.assertIn("caf\u00e9 ?? \u2190", " ".join(word[0] for word in words("b.pdf")[1]))
        with open("b.svg") as f:
            self.assertIn(name, f.read())

    def test_unknown_font(self):
        for font, warning in (("No Such Family", r"picky-analyse: --font No Such Family: no such font here, .+ is drawn\n"),
                              ("DejaVu Sans", ""), ("serif", "")):
            code, _, err = run("plot", "tasks", "seed.h5", "--config", "1", "--font", font, "-o", "f.pdf")
            self.assertEqual(code, 0)
            self.assertRegex(err, f"^{warning}$")

    def test_options(self):
        code, out, err = run("plot", "tasks", "seed.h5", "--config", "1", "-o", "c.svg", "--data", "-", "--font",
                             "Courier New", "--palette", "grey", "--width", "120")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("figure,configuration,"))
        with open("c.svg") as f:
            svg = f.read()
        self.assertIn("Courier New", svg)
        self.assertEqual(xml.etree.ElementTree.fromstring(svg).get("width"), "454")  # 120 mm
        self.plot("importance", "seed.h5", "c.svg", "--palette", "#123456,#654321")
        with open("c.svg") as f:
            svg = f.read().lower()
        self.assertTrue("rgb( 18,  52,  86)" in svg or "#123456" in svg)
        for option, value, allowed in (("--width", "79.9", "from 80 to 400"), ("--width", "401", "from 80 to 400"),
                                       ("--width", "85mm", "millimetres"), ("--font", "a,b", "letters, digits"),
                                       ("--font", "", "letters, digits"), ("--font", "x' y", "letters, digits"),
                                       ("--palette", "red", "safe, grey"), ("--data", "x.txt", "ends in .csv"),
                                       ("--data", ".csv", "ends in .csv"), ("--data", "seed.h5", "ends in .csv")):
            code, out, err = run("plot", "ri", "seed.h5", "-o", "refused.svg", option, value)
            self.assertEqual((code, out, err.count("\n")), (2, "", 1), err)
            self.assertIn(f"{option} {value}: allowed: ", err)
            self.assertIn(allowed, err)
            self.assertFalse(os.path.exists("refused.svg"))
        with open("notes.csv", "w") as f:
            f.write("configuration,note\n1,mine\n")
        code, out, err = run("plot", "ri", "seed.h5", "-o", "refused.svg", "--data", "notes.csv")
        self.assertEqual(code, 2)
        self.assertIn("no table of picky-analyse's", err)
        self.assertFalse(os.path.exists("refused.svg"))

    def test_data(self):
        """Tables against the bars of the script, and the program's own table."""
        self.plot("ri", "seed.h5", "d.svg", "--data", "d.csv", "--keep-script")
        with open("d.csv", newline="") as f:
            rows = [row for row in csv.DictReader(f) if row["configuration"] == "2" and row["layers"] == "3"]
        with open("d.gp") as f:
            bars = re.search(r"^\$row3_layer3 << EOD\n(.*?)^EOD$", f.read(), re.M | re.S)[1].split("\n")[:-1]
        self.assertEqual(len(rows), len(bars) + 1)
        for row, bar in zip(rows, bars):
            middle, proportion = map(float, bar.split()[:2])
            self.assertAlmostEqual((float(row["bin_low"]) + float(row["bin_high"])) / 2, middle)
            self.assertAlmostEqual(float(row["proportion"]), proportion, places=5)
        self.assertEqual((rows[-1]["bin_low"], rows[0]["second_task"], rows[0]["tasks"]), ("", "add1.5", "1-2"))
        self.plot("heatmap", "grid.h5", "d.svg", "--statistic", "mean_ri", "--data", "d.csv")
        with open("d.csv", newline="") as f:
            shown = {(row["configuration"], row["layer"]): row["value"] for row in csv.DictReader(f)}
        code, table, _ = run("summary", "grid.h5", "--csv")
        wanted = {(row["first_configuration"], row["layer"]): row["mean_ri"] for row in csv.DictReader(table.splitlines())
                  if row["layer"]}
        self.assertEqual(shown, wanted)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
