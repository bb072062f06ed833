"""Checks picky-analyse from outside: its tables and figures against NumPy and SciPy, its answers to files and
arguments that are wrong, its figures as files.

check_analyse.py PICKY_ANALYSE STATISTICS_TABLE PICKY [unittest arguments]
Needs h5py, NumPy, SciPy and gnuplot. With "" for PICKY the check of a file by picky itself is skipped.
"""
import csv
import io
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
import zlib

try:
    import h5py
    import numpy as np
    import scipy.stats
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.dont_write_bytecode = True  # nothing is left among the sources
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../file"))
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../reference"))
import make_file
from make_file import ACCEPTED, DIVERGED, ERROR, MEASURES, PENDING, REJECTED
from reference import random_uniforms

PROGRAM, TABLE = map(os.path.abspath, sys.argv[1:3])
PROGRESS = re.compile(r"picky-analyse: \d+ of \d+ .* left\n")  # of work that takes long
PICKY = os.path.abspath(sys.argv[3]) if sys.argv[3] else None
BINS = np.linspace(-1, 1, 11)


def run(*args, **options):
    """Runs picky-analyse; returns exit code, standard output, standard error."""
    options.setdefault("env", {k: v for k, v in os.environ.items() if k != "HDF5_USE_FILE_LOCKING"})
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=100, **options)
    return done.returncode, done.stdout, PROGRESS.sub("", done.stderr)


def wilson(k, n):
    with np.errstate(divide="ignore"):  # of the p-value, which nobody asked for
        return scipy.stats.binomtest(int(k), int(n)).proportion_ci(0.95, method="wilson")


def read_models(path, config, key):
    """The array of a configuration's accepted models, without padding."""
    with h5py.File(path, "r") as f:
        accepted = f["status"][config] == ACCEPTED
        n_layers, n_units = int(f["hidden_layers"][config]), int(f["hidden_size"][config])
        values = f[key][config][accepted].astype("f8")
        if key == "importance":
            return values[..., :n_layers, :n_units]
        phases = 1 if f["train_mode"].asstr()[config] == "random" else 2
        return values[:, : phases * int(f["epochs"][config]) + 1]


def expected_ri(path, config, measure="taylor_sample", below=0.1):
    """[model, layer, unit]"""
    importance = read_models(path, config, "importance")[:, MEASURES.index(measure)]
    return make_file.relative_importance(importance[:, 0], importance[:, 1], below)


class Files(unittest.TestCase):
    """Made-up files in a folder of their own; everything runs there."""

    @classmethod
    def setUpClass(cls):
        cls.start = os.getcwd()
        cls.folder = tempfile.mkdtemp(prefix="picky-analyse-")
        os.chdir(cls.folder)
        for kind, configs in make_file.KINDS.items():
            make_file.make(f"{kind}.h5", configs, 12 if kind == "seed" else 7, 0.0 if kind == "seed" else 0.2, seed=3)

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.start)
        shutil.rmtree(cls.folder)

    def assert_error(self, result, code, *parts):
        """One line on standard error, nothing else, with all parts in it."""
        self.assertEqual(result[0], code, result)
        self.assertEqual(result[1], "", result)
        self.assertTrue(result[2].startswith("picky-analyse: "), result)
        self.assertEqual(result[2].count("\n"), 1, result)
        self.assertEqual(result[2][-1], "\n")
        for part in parts:
            self.assertIn(part, result[2])

    def assert_done(self, result):
        self.assertEqual((result[0], result[2]), (0, ""), result)

    def assert_no_leftovers(self, folder="."):
        self.assertEqual([name for name in os.listdir(folder) if name.endswith(".part")], [])


class Statistics(unittest.TestCase):
    def ask(self, lines):
        done = subprocess.run([TABLE], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
        return [np.array(line.split(), "f8") for line in done.stdout.splitlines()]

    def test_wilson(self):
        pairs = [(k, n) for n in (1, 2, 7, 50, 1000, 123456) for k in sorted({0, 1, n // 3, n // 2, n - 1, n})]
        for (k, n), found in zip(pairs, self.ask([f"wilson {k} {n}" for k, n in pairs])):
            interval = wilson(k, n)
            np.testing.assert_allclose(found, interval, rtol=1e-9, atol=1e-12)

    def test_quantiles(self):
        rng = np.random.default_rng(5)
        samples = [rng.lognormal(0, 2, n).astype("f4") for n in (1, 2, 3, 20, 21, 1000)]
        samples.append(np.float32([1, 1, 1, 2, 2]))
        found = self.ask(["summary " + " ".join(f"{v:.9g}" for v in s) for s in samples])
        for sample, row in zip(samples, found):
            sample = sample.astype("f8")
            np.testing.assert_allclose(row[0], sample.mean(), rtol=1e-12)
            np.testing.assert_allclose(row[1:], np.quantile(sample, [0, 0.05, 0.25, 0.5, 0.95, 1]), rtol=1e-12)

    def test_relative_importance(self):
        rng = np.random.default_rng(6)
        cases = []
        for n in (1, 2, 10, 200):
            for below in (0, 0.1, 0.7, 3):
                a, b = rng.lognormal(-5, 2, (2, n)).astype("f4") * (rng.random((2, n)) < 0.7)
                cases.append((below, a.astype("f8"), b.astype("f8")))
        found = self.ask([f"ri {below} {len(a)} " + " ".join(f"{v:.9g}" for v in [*a, *b]) for below, a, b in cases])
        for (below, a, b), row in zip(cases, found):
            ri = make_file.relative_importance(a, b, below)
            n = len(a)
            np.testing.assert_allclose(row[:n], ri, rtol=1e-12, atol=1e-15)
            kinds = [(ri > 0.9).sum(), (ri < -0.9).sum(), (abs(ri) < 0.5).sum(), np.isnan(ri).sum()]
            np.testing.assert_array_equal(row[n:n + 4], kinds)
            np.testing.assert_array_equal(row[n + 4:], np.histogram(ri[~np.isnan(ri)], BINS)[0])


class Blocks(Files):
    """The summary's text taken apart and compared with the file."""

    def blocks(self, text):
        """{configuration index: its lines}"""
        text = text.replace(",\n    ", ", ")  # lines that were too long
        parts = re.split(r"^\[(\d+)\] ", text, flags=re.M)
        return parts[0], {int(i): block.splitlines() for i, block in zip(parts[1::2], parts[2::2])}

    def check_block(self, path, config, lines, measure="taylor_sample", below=0.1):
        with h5py.File(path, "r") as f:
            status, attempts = f["status"][config], f["attempts"][config].astype(int)
        tried = np.isin(status, [ACCEPTED, REJECTED, DIVERGED])
        accepted = int((status == ACCEPTED).sum())
        for line, n in ((lines[1], tried.sum()), (lines[2], attempts[tried].sum())):
            found = re.search(r"(\d+) of (\d+) = ([\d.]+) % \[([\d.]+), ([\d.]+)\]", line)
            interval = wilson(accepted, n)
            self.assertEqual((int(found[1]), int(found[2])), (accepted, n))
            np.testing.assert_allclose([float(g) for g in found.groups()[2:]],
                                       [100 * accepted / n, 100 * interval.low, 100 * interval.high], atol=0.0501)
        for code, name in ((REJECTED, "rejected"), (DIVERGED, "diverged"), (ERROR, "error")):
            count = int((status == code).sum())
            self.assertEqual(f"{count} {name}" in lines[1], count > 0, lines[1])
        # check_summary.py has the numbers of rejected models
        lines = lines[:next((i for i, line in enumerate(lines) if "rejected, but alive" in line), len(lines))]
        n_pending = int((status == PENDING).sum())
        self.assertEqual(f"{n_pending} of {len(status)} pending" in lines[1], n_pending > 0, lines[1])

        errors = read_models(path, config, "test_error")[:, -1]
        for task in (0, 1):
            found = re.fullmatch(rf"  test error, task {task + 1} ([\d.]+)( \[([\d.]+),([\d.]+)\])?, "
                                 r"5-95 % of models ([\d.]+)-([\d.]+)", lines[3 + task])
            np.testing.assert_allclose([float(found[i]) for i in (1, 5, 6)],
                                       np.quantile(errors[:, task], [0.5, 0.05, 0.95]), rtol=0.0051)
            self.assertEqual(found[2] is None, accepted < 6)
            if found[2]:
                self.assertLessEqual(float(found[3]), float(found[1]))
                self.assertGreaterEqual(float(found[4]), float(found[1]))

        ri = expected_ri(path, config, measure, below)
        self.assertRegex(lines[5], rf"^  {measure}, task 1 \(.*\) and task 2 \(.*\)$")
        rows = [line for line in lines[6:] if line]
        n_rows = 2 * ri.shape[1]
        heads = ("mean RI selective 1 selective 2 mixed unimportant",
                 "dip two peaks identical", "Jaccard by chance overlap by chance", "D S N_eff prefer 1 prefer 2")
        self.assertEqual([row.split() for row in rows[::n_rows + 1]], [head.split() for head in heads])
        self.assertEqual(len(rows), 4 * (n_rows + 1))  # check_tasks.py has the numbers of the last two
        for table in range(4):  # nothing touches
            for row in rows[table * (n_rows + 1) + 1:(table + 1) * (n_rows + 1)]:
                self.assertEqual(len(re.findall(r"\[[^]]*\]|-(?=$| )|[^][ %]+", row)), len(row.replace("%", " ").split()), row)
                self.assertNotIn("][", row)
        rows = rows[1:n_rows + 1]
        for layer, (row, intervals) in enumerate(zip(rows[::2], rows[1::2])):
            units = ri[:, layer]
            numbers = row.replace("%", " ").split()
            self.assertEqual(int(numbers[0]), layer + 1)
            with np.errstate(invalid="ignore"):
                means = [100 * (units > 0.9).mean(), 100 * (units < -0.9).mean(), 100 * (abs(units) < 0.5).mean(),
                         100 * np.isnan(units).mean()]
            np.testing.assert_allclose([float(v) for v in numbers[2:6]], means, atol=0.0501)
            if accepted >= 10:
                for value, interval in zip(numbers[1:6], re.findall(r"\[[^]]*\]|(?<= )-(?= |$)", intervals)):
                    if interval == "-":  # all equal
                        continue
                    low, high = interval[1:-1].split(",")
                    self.assertLessEqual(float(low), float(value))
                    self.assertGreaterEqual(float(high), float(value))

    def check_file(self, path, *options, **expected):
        result = run("summary", path, *options)
        self.assert_done(result)
        head, blocks = self.blocks(result[1])
        for config, lines in blocks.items():
            self.check_block(path, config, lines, **expected)
        self.assertLessEqual(max(map(len, result[1].splitlines())), 80)
        return head, blocks


class Summary(Blocks):
    def test_all_kinds(self):
        for kind, configs in make_file.KINDS.items():
            head, blocks = self.check_file(f"{kind}.h5")
            self.assertEqual(sorted(blocks), list(range(len(configs))))
            self.assertIn("made up", head)
            self.assertEqual("UNFINISHED" in head, kind != "seed")

    def test_counts_of_the_whole(self):
        head, _ = self.blocks(run("summary", "sizes.h5")[1])
        with h5py.File("sizes.h5", "r") as f:
            status = f["status"][:]
        done = int((status != PENDING).sum())
        self.assertIn(f"4 configurations x 7 replicates = 28 jobs: UNFINISHED, {done} done "
                      f"({100 * done / 28:.1f} %)\n{(status == ACCEPTED).sum()} accepted", head)
        self.assertIn("swept: epochs, train_mode, hidden_size, hidden_layers\n", head)

    def test_measures_and_thresholds(self):
        for measure in MEASURES:
            self.check_file("sizes.h5", "--measure", measure, measure=measure)
        for below in ("0", "0.5", "1.5"):
            self.check_file("sizes.h5", "--unimportant-below", below, below=float(below))

    def test_labels(self):
        _, blocks = self.blocks(run("summary", "seed.h5")[1])
        self.assertEqual(blocks[3][0], "context_location = start, second_task = add1.5, fraction = 0.91")
        _, blocks = self.blocks(run("summary", "one.h5")[1])
        self.assertEqual(blocks[0][0], "N_train = 500, hidden_size = 8")
        make_file.make("defaults.h5", [{}], 2)
        _, blocks = self.blocks(run("summary", "defaults.h5")[1])
        self.assertEqual(blocks[0][0], "all defaults")

    def test_where(self):
        head, blocks = self.check_file("many.h5", "--where", "fraction=0.06,.1", "--where", "context_location=3")
        self.assertEqual(sorted(blocks), [6, 22])
        self.assertIn("shown: 2 of the configurations", head)

    def test_nothing_accepted(self):
        make_file.make("none.h5", make_file.KINDS["seed"], 3)
        with h5py.File("none.h5", "r+") as f:
            f["status"][0] = REJECTED
            f["status"][1] = PENDING
            f["status"][2] = ERROR
        _, blocks = self.blocks(run("summary", "none.h5")[1])
        self.assertIn("0 of 3 = 0.0 % [0.0, 56.1], 3 rejected", blocks[0][1])
        self.assertIn("0 of 0, 3 of 3 pending", blocks[1][1])
        self.assertIn("0 of 0, 3 error", blocks[2][1])
        for config in range(3):
            numbers = [line for line in blocks[config][3:] if line]
            self.assertEqual(["rejected, but alive: " in line for line in numbers[1:2]], [True] * (config == 0))

    def test_while_somebody_writes(self):
        code = ("import h5py, sys; f = h5py.File('seed.h5', 'r+'); print('open', flush=True); "
                "sys.stdin.read(); f.close()")
        alone = run("summary", "seed.h5")
        self.assert_done(alone)
        writer = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  env={**os.environ, "HDF5_USE_FILE_LOCKING": "TRUE"})
        try:
            self.assertEqual(writer.stdout.readline(), b"open\n")
            self.assertEqual(run("summary", "seed.h5"), alone)
        finally:
            writer.communicate()

    def test_full_output(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "summary", "seed.h5"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stderr, "picky-analyse: cannot write to standard output: No space left on device\n")

    def test_name_cannot_steer_the_terminal(self):
        make_file.make("escape.h5", [{}], 2, name="a\x1b[31mred\nline")
        text = run("summary", "escape.h5")[1]
        self.assertNotIn("\x1b", text)
        self.assertIn("escape.h5: a [31mred line\n", text)

    def test_memory_is_bounded(self):
        """100 MB of importances, in far less memory. (The file is sparse: all importances are 0.)"""
        n = 10500
        make_file.make("large.h5", [{}], 1)
        with h5py.File("large.h5", "r+") as f:
            for key in ("status", "attempts", "importance", "test_error", "test_loss"):
                shape, dtype = (1, n) + f[key].shape[2:], f[key].dtype
                del f[key]
                plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
                h5py.h5d.create(f.id, key.encode(), h5py.h5t.py_create(dtype), h5py.h5s.create_simple(shape), plist)
            f["status"][...] = ACCEPTED
            f["attempts"][...] = 1
        self.assertGreater(os.path.getsize("large.h5"), 100e6)
        code = (f"import resource, subprocess; subprocess.run({[PROGRAM, 'summary', 'large.h5']!r}, check=True, "
                "stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        with open(PROGRAM, "rb") as f:
            if b"__asan_init" in f.read():
                self.skipTest("built with AddressSanitizer, which takes memory of its own")
        kilobytes = int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        self.assertLess(kilobytes, 40000)


@unittest.skipUnless(PICKY, "needs picky to make a file")
class RealFile(Blocks):
    def second_variances(self, f, config, replicate):
        """Variances of the units' activations [task, layer, unit] on a second test set, by NumPy from the weights."""
        seed, attempt = int(f["seed"][config, replicate]), int(f["attempts"][config, replicate]) - 1
        n_layers, n_units, n_test = (int(f[k][config]) for k in ("hidden_layers", "hidden_size", "N_test"))
        context = {b"start": 1, b"end": n_layers}[f["context_location"][config]]
        found = np.empty((2, n_layers, n_units))
        for task in range(2):
            h = random_uniforms(seed, attempt, 3, task, 1, 2 * n_test).reshape(n_test, 2).astype("f8")
            for layer in range(n_layers):
                weights = f["input_weights"][config, replicate, :n_units] if layer == 0 else \
                    f["hidden_weights"][config, replicate, layer - 1, :n_units, :n_units]
                h = h @ weights.T.astype("f8") + f["biases"][config, replicate, layer, :n_units]
                if layer + 1 == context:
                    h = h + f["context_weights"][config, replicate, :n_units, task]
                h = np.maximum(h, 0)
                found[task, layer] = h.var(0)
        return found

    def test_noise(self):
        """D between a task's variances on the first and on the second test set; weights stored or trained again."""
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        for store in ('"weights"', ""):
            with open("noise.cfg", "w") as f:
                f.write(f'replicates = 7; store = [{store}]; model = {{ epochs = 2; error_threshold = 1.0; }};\n'
                        'cases = ({ hidden_size = 20; hidden_layers = 2; N_test = 30; grid = { tasks = ("x0 + x1; x0 * x1",'
                        ' "x0 + x1; x0 + x1", "x0 * x1; x0 * x1"); }; });\n')
            path = "noise.h5" if store else "again.h5"
            subprocess.run([PICKY, "run", "noise.cfg", "-o", path], check=True, capture_output=True, env=environment)
        with h5py.File("noise.h5", "r") as f:
            noise = []
            for r in np.flatnonzero(f["status"][0] == ACCEPTED):
                first, second = f["importance"][0, r, MEASURES.index("variance")].astype("f8"), self.second_variances(f, 0, r)
                p, q = (x[:, 0] / x[:, 0].sum(-1, keepdims=True) for x in (first, second))
                noise.append(abs(p - q).sum(-1).mean() / 2)
        for path in ("noise.h5", "again.h5"):
            out = run("claims", path, "--noise", "--csv", "--measure", "variance")
            self.assertEqual(out[0], 0, out)
            row = next(csv.DictReader(io.StringIO(out[1])))
            self.assertEqual((row["claim"], row["number"]), ("two_subnetworks", "judged"))
            self.assertAlmostEqual(float(row["noise_a"]), np.mean(noise), delta=1e-5)
            self.assertIn("noise (two test sets of one task)", run("claims", path, "--noise")[1])
        self.assertNotIn("noise", run("claims", path)[1])

    def test_summary_and_figures(self):
        with open("real.cfg", "w") as f:
            f.write('name = "real"; replicates = 6; model = { epochs = 5; error_threshold = 0.3; };\n'
                    'cases = ({ hidden_size = 12; grid = { context_location = ["start", "end"]; }; },\n'
                    '         { hidden_size = 20; hidden_layers = 2; train_mode = "replay"; });\n')
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        subprocess.run([PICKY, "run", "real.cfg", "-o", "real.h5"], check=True, capture_output=True, env=environment)
        with h5py.File("real.h5", "r") as f:
            self.assertEqual([m.decode() for m in f["measure"]], MEASURES)
            for config in range(3):
                self.assertGreater((f["status"][config] == ACCEPTED).sum(), 0)
                stored = f["relative_importance"][config][f["status"][config] == ACCEPTED][:, :, 0]
                for m, measure in enumerate(MEASURES):
                    ri = expected_ri("real.h5", config, measure)
                    np.testing.assert_allclose(stored[:, m, : ri.shape[1], : ri.shape[2]], ri, atol=1e-6)
        for measure in MEASURES:
            head, blocks = self.check_file("real.h5", "--measure", measure, measure=measure)
            self.assertIn("real.h5: real\n3 configurations x 6 replicates = 18 jobs: complete\n", head)
            self.assertEqual(len(blocks), 3)
        for kind in ("training", "ri"):
            self.assert_done(run("plot", kind, "real.h5", "-o", "real.svg"))
            root = xml.etree.ElementTree.parse("real.svg").getroot()
            self.assertIn("real", ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")])


class WrongFiles(Files):
    def damage(self, change):
        shutil.copy("sizes.h5", "damaged.h5")
        with h5py.File("damaged.h5", "r+") as f:
            change(f)
        return "damaged.h5"

    def replace(self, key, data):
        def change(f):
            del f[key]
            if data is not None:
                f[key] = data
        return self.damage(change)

    def refused(self, path, *parts, commands=("summary", "training", "ri")):
        for command in commands:
            words = ["summary", path] if command == "summary" else ["plot", command, path, "-o", "refused.svg"]
            self.assert_error(run(*words), 2, f"picky-analyse: {path}: ", *parts)
        self.assertFalse(os.path.exists("refused.svg"))
        self.assert_no_leftovers()

    def test_no_results_file(self):
        open("empty.h5", "w").close()
        with open("text.h5", "w") as f:
            f.write("name = \"a sweep\";\n" * 100)
        with open("binary.h5", "wb") as f:
            f.write(np.random.default_rng(1).bytes(100000))
        with h5py.File("foreign.h5", "w") as f:
            f["status"] = np.zeros((2, 2))
        os.mkfifo("fifo.h5")
        self.refused("missing.h5", "No such file or directory")
        self.refused("empty.h5", "not a results file of picky (not an HDF5 file)")
        self.refused("text.h5", "not a results file of picky (not an HDF5 file)")
        self.refused("binary.h5", "not an HDF5 file")
        self.refused("foreign.h5", "not a results file of picky (it lacks the attribute picky_schema_version)")
        self.refused("/", "not a file")
        self.refused("fifo.h5", "not a file")
        self.refused("/dev/zero", "not a file")

    def test_schema(self):
        def set_version(value):
            def change(f):
                del f.attrs["picky_schema_version"]
                f.attrs["picky_schema_version"] = value
            return self.damage(change)
        known = int(re.search(r"schema (\d+)$", run("--version")[1].strip())[1])
        self.refused(set_version(known + 1), f"written by a newer picky (schema version {known + 1}; this picky knows "
                     f"{known}); allowed: that picky, or a newer one")
        self.refused(set_version(2**40), "schema version 1099511627776")
        for value in (0, -1):
            self.refused(set_version(value), f"its attribute picky_schema_version is {value}")
        for value in ("1", 1.5, [1, 1]):
            self.refused(set_version(value), "its attribute picky_schema_version is missing or not a number")
        self.assert_done(run("summary", set_version(np.int64([1]))))

    def test_truncated(self):
        with open("sizes.h5", "rb") as f:
            whole = f.read()
        for share in (0.0005, 0.01, 0.3, 0.7, 0.99):
            with open("cut.h5", "wb") as f:
                f.write(whole[: int(len(whole) * share)])
            self.refused("cut.h5")
        with open("cut.h5", "wb") as f:
            f.write(whole[:-1])
        self.refused("cut.h5", "its end is missing", "copy it again")

    def test_missing_arrays(self):
        for key in ("status", "lr", "second_task", "hidden_size"):
            self.refused(self.replace(key, None), f" {key} is missing or not what picky writes")
        self.refused(self.replace("importance", None), "it has no array importance", commands=("summary", "ri"))
        self.refused(self.replace("test_error", None), "it has no array test_error",
                     commands=("summary", "training"))
        self.refused(self.replace("attempts", None), "it has no array attempts", commands=("summary",))

    def test_wrong_arrays(self):
        with h5py.File("sizes.h5", "r") as f:
            status, importance, sizes = f["status"][:], f["importance"][:], f["hidden_size"][:]
        shape = "has another shape or type than its sweep asks for"
        for data in (status[0], status[:, :0], status.astype("f4"), np.float64(1), b"text"):
            self.refused(self.replace("status", data), "its array status ")
        self.refused(self.replace("status", np.full_like(status, 5)), "damaged or incomplete file: status 5 of configuration 0, replicate 0")
        for data in (importance[:, 1:], importance[..., 1:], importance[0], np.zeros(importance.shape, "i4")):
            self.refused(self.replace("importance", data), f"its array importance {shape}", commands=("summary", "ri"))
        for data in (sizes[1:], sizes.astype("f4"), sizes[:, None], ["a"] * len(sizes)):
            self.refused(self.replace("hidden_size", data), "its variable hidden_size is missing or not what picky writes")
        self.refused(self.replace("train_mode", np.array([b"random"] * 4)), "its variable train_mode is missing or not what picky writes")

    def test_wrong_values(self):
        def set_value(key, value):
            def change(f):
                f[key][1] = value
            return self.damage(change)
        self.refused(set_value("hidden_size", 0), "configuration 1: hidden_size = 0: allowed: an integer from 1")
        self.refused(set_value("fraction", np.nan), "fraction = nan: allowed")
        self.refused(set_value("train_mode", "sometimes"), 'train_mode = "sometimes": allowed')
        self.refused(set_value("second_task", "x" * 10000), "second_task = ")
        self.refused(set_value("context_location", "9"), "configuration 1: context_location = 9")
        self.refused(set_value("hidden_size", 4000), shape := "another shape or type than its sweep asks for", commands=("summary", "ri"))
        self.refused(set_value("epochs", 9999), shape, commands=("summary", "training"))

    def test_accepted_models_without_numbers(self):
        def change(f):
            f["test_error"][...] = np.nan
        self.refused(self.damage(change), "accepted models without test_error", commands=("training",))
        result = run("summary", "damaged.h5")
        self.assertEqual((result[0], result[2].count("\n")), (2, 1))

    def test_wrong_name_type(self):
        def change(f):
            f.attrs["sweep_name"] = 3
        self.refused(self.damage(change), "its attribute sweep_name is missing or not what picky writes")

        def remove(f):
            del f.attrs["sweep_name"]
        self.assert_done(run("summary", self.damage(remove)))


class Arguments(Files):
    def test_help(self):
        commands = ["summary", "plot training", "plot ri"]
        for words, present, absent in (
                (["--help"], commands, []),
                (["-h"], commands, []),
                (["plot", "--help"], ["plot training", "plot ri"], ["analyse summary"]),
                (["summary", "--help"], [*MEASURES, "--where", "--measure", "--unimportant-below"], ["--keep-script"]),
                (["summary", "x.h5", "-h"], ["Usage: picky-analyse summary FILE.h5"], []),
                (["plot", "ri", "--help"], ["Usage: picky-analyse plot ri FILE.h5 -o OUT.(svg|png|pdf)", "-o, --output",
                                            "--keep-script", "24"], [])):
            result = run(*words)
            self.assert_done(result)
            self.assertRegex(result[1], r"(?m)^(Usage:| ) picky-analyse (summary|plot) ")
            for word in present:
                self.assertIn(word, result[1])
            for word in absent:
                self.assertNotIn(word, result[1])
        names = re.findall(r"^  picky-analyse ([a-z]+(?: [a-z-]+)?) FILE.h5", run("--help")[1], re.M)
        self.assertEqual(len(names), 20)
        for words in ([], ["plot"], *(name.split() for name in names)):
            text = run(*words, "--help")[1]
            self.assertIn("Usage:", text)
            self.assertLessEqual(max(map(len, text.splitlines())), 79, words)
        for words in (["summary"], ["plot", "ri"], ["plot"], []):
            self.assertEqual(run("help", *words), run(*words, "--help"))
        with open("/dev/full", "w") as full:
            self.assertEqual(subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE).returncode, 3)

    def test_misuse(self):
        for words, part in (
                ([], "no command"),
                (["sumary", "seed.h5"], "sumary: not a command; did you mean summary; allowed: summary, "),
                (["help", "sumary"], "sumary: not a command; did you mean summary; allowed: summary, "),
                (["plot", "trned", "seed.h5"], "plot trned: did you mean plot trend; allowed: plot training"),
                (["summary", "seed.h5", "--statistic", "selectve"], "--statistic selectve: did you mean selective; allowed: "),
                (["summary", "seed.h5", "--by", "foo"], "no hyperparameter \"foo\"; allowed: N_train, "),
                (["summary"], "one results file, 0 given"),
                (["summary", "seed.h5", "sizes.h5"], "one results file, 2 given"),
                (["plot"], "allowed: plot training, plot ri"),
                (["plot", "nonsense", "seed.h5", "-o", "x.svg"], "plot nonsense: allowed"),
                (["plot", "ri"], "plot ri: allowed: one results file, 0 given"),
                (["plot", "ri", "seed.h5"], "the output's name is missing"),
                (["plot", "ri", "seed.h5", "-o"], "-o: its value is missing"),
                (["plot", "ri", "seed.h5", "-o", "x.jpg"], "-o x.jpg: allowed: a name that ends in .svg"),
                (["summary", "seed.h5", "--csv", "--json"], "--csv and --json: allowed: one of them"),
                (["summary", "seed.h5", "--keep-script"], "--keep-script: not an option of this command"),
                (["plot", "training", "seed.h5", "-o", "x.svg", "--measure", "variance"], "--measure: not an option"),
                (["summary", "seed.h5", "--mesure", "variance"], "--mesure: no such option"),
                (["summary", "seed.h5", "--measure", "variants"], "--measure variants: did you mean variance; allowed: ablation_mean, "),
                (["summary", "seed.h5", "--measure"], "--measure: its value is missing"),
                (["summary", "seed.h5", "--unimportant-below", "-1"], "--unimportant-below -1: allowed: a number"),
                (["summary", "seed.h5", "--unimportant-below", "0.1x"], "allowed: a number, 0 or above"),
                (["summary", "seed.h5", "--unimportant-below", "nan"], "allowed: a number, 0 or above"),
                (["summary", "seed.h5", "--where", "fracton=0.5"], "did you mean fraction?"),
                (["summary", "seed.h5", "--where", "fraction=0.7"], "its values of fraction: 0.5, 0.91"),
                (["summary", "seed.h5", "--where", "fraction"], "allowed: KEY=VALUE"),
                (["plot", "ri", "many.h5", "-o", "x.svg"], "at most 24 configurations, these are 40: choose some with"),
                (["plot", "training", "many.h5", "-o", "x.svg"], "(swept: context_location, fraction)"),
        ):
            self.assert_error(run(*words), 2, part)
            self.assertFalse(os.path.exists("x.svg"))


class Figures(Files):
    def plot(self, kind, path, output, *options, **settings):
        result = run("plot", kind, path, "-o", output, *options, **settings)
        self.assert_done(result)
        self.assertEqual(result[1], "")
        self.assert_no_leftovers()

    def script_data(self, script):
        with open(script) as f:
            blocks = re.findall(r"^\$(\w+) << EOD\n(.*?)^EOD$", f.read(), re.M | re.S)
        return {name: [np.array([row.split() for row in part.splitlines()], "f8")
                       for part in text.strip("\n").split("\n\n")] for name, text in blocks}

    def check_png(self, path):
        with open(path, "rb") as f:
            data = f.read()
        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
        at, names = 8, []
        while at < len(data):
            length, name = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
            body = data[at + 8:at + 8 + length]
            self.assertEqual(zlib.crc32(name + body), int.from_bytes(data[at + 8 + length:at + 12 + length], "big"))
            names.append(name)
            at += 12 + length
        self.assertEqual((names[0], names[-1]), (b"IHDR", b"IEND"))
        return [int.from_bytes(data[i:i + 4], "big") for i in (16, 20)]

    def svg_texts(self, path):
        root = xml.etree.ElementTree.parse(path).getroot()
        self.assertTrue(root.tag.endswith("}svg"))
        return ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")], root

    def test_formats_agree(self):
        for kind in ("training", "ri"):
            for suffix in ("svg", "png", "pdf"):
                self.plot(kind, "sizes.h5", f"a.{suffix}")
            _, root = self.svg_texts("a.svg")
            size = [float(root.get(key)) for key in ("width", "height")]
            np.testing.assert_allclose(np.array(self.check_png("a.png")) * 96 / 300, size, atol=1)
            with open("a.pdf", "rb") as f:
                pdf = f.read()
            self.assertTrue(pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF"))
            box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
            if box:  # may be in a compressed part
                np.testing.assert_allclose([float(v) * 96 / 72 for v in box.groups()], size, atol=2)

    def test_ri_numbers(self):
        for path, options, expected in (("sizes.h5", [], {}), ("seed.h5", ["--measure", "variance"],
                                                                {"measure": "variance"}),
                                        ("seed.h5", ["--unimportant-below", "0.6"], {"below": 0.6})):
            self.plot("ri", path, "ri.svg", "--keep-script", *options)
            data = self.script_data("ri.gp")
            texts, _ = self.svg_texts("ri.svg")
            with h5py.File(path, "r") as f:
                n_layers = f["hidden_layers"][:]
            self.assertEqual(len(data), n_layers.sum())
            for config, n in enumerate(n_layers):
                ri = expected_ri(path, config, **expected)
                for layer in range(n):
                    units = ri[:, layer]
                    (bars,) = data[f"row{config + 1}_layer{layer + 1}"]
                    np.testing.assert_allclose(bars[:, 0], (BINS[1:] + BINS[:-1]) / 2, atol=1e-9)
                    counts = np.histogram(units[~np.isnan(units)], BINS)[0]
                    np.testing.assert_allclose(bars[:, 1], counts / units.size, rtol=1e-5)
                    self.assertEqual((int(bars[0, 2]), int(bars[-1, 2])), (0xdb6d00, 0x004488))
                    unimportant = 100 * np.isnan(units).mean()
                    self.assertTrue(f"+ {np.floor(unimportant):.0f} %" in texts
                                    or f"+ {np.ceil(unimportant):.0f} %" in texts)
                    self.assertIn(f"layer {layer + 1}", texts)
                # Of all panels together where all have as many, else of each.
                self.assertTrue(any(re.search(rf"(^|; ){ri.shape[0]} model", text) for text in texts))

    def test_training_numbers(self):
        for path in ("sizes.h5", "seed.h5"):
            self.plot("training", path, "training.svg", "--keep-script")
            data = self.script_data("training.gp")
            for config in range(4):
                errors = read_models(path, config, "test_error")
                (rows,) = data[f"all{config + 1}"]
                np.testing.assert_array_equal(rows[:, 0], np.arange(errors.shape[1]))
                for task in range(2):
                    np.testing.assert_allclose(rows[:, 1 + 3 * task], np.median(errors[..., task], 0), rtol=5.1e-5)
                    np.testing.assert_allclose(rows[:, 2 + 3 * task:4 + 3 * task].T,
                                               np.quantile(errors[..., task], [0.05, 0.95], axis=0), rtol=5.1e-5)
                lines = np.array(data[f"models{config + 1}"])
                np.testing.assert_allclose(lines[:, :, 1:], errors, rtol=5.1e-5)

    def test_many_models_and_long_histories(self):
        make_file.make("long.h5", [dict(epochs=900, hidden_size=2)], 130)
        self.plot("training", "long.h5", "long.svg", "--keep-script")
        data = self.script_data("long.gp")
        errors = read_models("long.h5", 0, "test_error")
        (rows,) = data["all1"]
        epochs = rows[:, 0].astype(int)
        self.assertEqual((epochs[0], epochs[-1], len(epochs)), (0, 900, 400))
        np.testing.assert_allclose(rows[:, 1], np.median(errors[:, epochs, 0], 0), rtol=5.1e-5)
        self.assertEqual(len(data["models1"]), 50)
        models = [np.abs(errors[:, epochs] / line[:, 1:] - 1).max((1, 2)).argmin() for line in data["models1"]]
        self.assertEqual(len(set(models)), 50)
        np.testing.assert_allclose(np.array(data["models1"])[:, :, 1:], errors[models][:, epochs], rtol=5.1e-5)

    def test_replay_is_shaded(self):
        texts = {}
        for mode in ("random", "replay", "sequential"):
            make_file.make("mode.h5", [dict(train_mode=mode, hidden_size=2)], 4)
            self.plot("training", "mode.h5", "mode.svg")
            texts[mode] = self.svg_texts("mode.svg")[0]
        self.assertNotIn("task 1", texts["random"])
        self.assertIn("task 1", texts["replay"])
        self.assertIn("task 2, with replay", texts["replay"])
        self.assertIn("task 2", texts["sequential"])
        self.assertNotIn("task 2, with replay", texts["sequential"])

    def test_nothing_accepted(self):
        make_file.make("none.h5", make_file.KINDS["seed"], 3)
        with h5py.File("none.h5", "r+") as f:
            f["status"][...] = REJECTED
        for kind in ("training", "ri"):
            self.plot(kind, "none.h5", "none.svg")
            self.assertIn("no accepted model", self.svg_texts("none.svg")[0])

    def test_extremes(self):
        make_file.make("deep.h5", [dict(hidden_size=1, hidden_layers=32), dict(hidden_size=1, hidden_layers=1)], 3)
        make_file.make("brief.h5", [dict(epochs=1, hidden_size=2)], 1)
        for kind in ("training", "ri"):
            for path in ("deep.h5", "brief.h5"):
                self.plot(kind, path, "extreme.png")
                self.check_png("extreme.png")
        self.plot("ri", "many.h5", "extreme.svg", "--where", "context_location=1,2", "--where",
                  "fraction=" + ",".join(f"{0.05 + 0.01 * i:.2f}" for i in range(10)))

    def test_texts_are_texts(self):
        name = "it's `touch hacked` $(touch hacked) \"q\" <b>&amp; \\n {/Bold x} ^a_b @c \u00e9\u2603"
        make_file.make("text.h5", [dict(hidden_size=2)], 2, name=name)
        for kind in ("training", "ri"):
            self.plot(kind, "text.h5", "it's `touch hacked` \"$x\".svg", "--keep-script")
            texts, _ = self.svg_texts("it's `touch hacked` \"$x\".svg")
            self.assertIn(name, " ".join(texts))  # in one line or several
            self.assertFalse(os.path.exists("hacked"))
        make_file.make("text.h5", [dict(hidden_size=2)], 2, name="two\nlines \x07\x01")
        self.plot("ri", "text.h5", "text.svg")
        self.assertIn("two lines", [text.strip() for text in self.svg_texts("text.svg")[0]])

    def test_script_draws_the_figure_again(self):
        os.makedirs("out", exist_ok=True)
        self.plot("ri", "seed.h5", "out/again.svg", "--keep-script")
        self.assertEqual(sorted(os.listdir("out")), ["again.gp", "again.svg"])
        with tempfile.TemporaryDirectory() as other:
            shutil.copy("out/again.gp", other)
            done = subprocess.run(["gnuplot", "again.gp"], cwd=other, capture_output=True, check=True)
            self.assertEqual(done.stderr + done.stdout, b"")
            with open("out/again.svg", "rb") as a, open(os.path.join(other, "again.svg"), "rb") as b:
                # gnuplot knows nothing of title and description, and has titles of its own.
                bare = re.compile(rb' role="img" aria-labelledby="title description"|<title(?: id.*?|>Gnuplot</title>.*?)</desc>|'
                                  rb"<title>.*?</title>", re.S)
                self.assertEqual(bare.sub(b"", a.read()), bare.sub(b"", b.read()))
        self.plot("ri", "seed.h5", "out/other.svg")
        self.assertEqual(sorted(os.listdir("out")), ["again.gp", "again.svg", "other.svg"])

    def test_settings_of_the_user_do_not_matter(self):
        self.plot("training", "seed.h5", "plain.svg")
        os.makedirs("home", exist_ok=True)
        with open("home/.gnuplot", "w") as f:
            f.write("set size 0.3\nset title 'mine'\nset decimalsign ','\n")
        env = {**os.environ, "HOME": os.path.abspath("home"), "LC_ALL": "de_DE.UTF-8", "GNUTERM": "dumb"}
        self.plot("training", "seed.h5", "mine.svg", env=env)
        with open("plain.svg") as a, open("mine.svg") as b:
            self.assertEqual(a.read(), b.read())


class FiguresThatFail(Files):
    """An older figure stays as it was, nothing half-made is left, the message says what to do."""

    def setUp(self):
        with open("old.svg", "w") as f:
            f.write("<svg>older")

    def tearDown(self):
        with open("old.svg") as f:
            self.assertEqual(f.read(), "<svg>older")
        self.assert_no_leftovers()

    def fake_gnuplot(self, commands):
        os.makedirs("bin", exist_ok=True)
        with open("bin/gnuplot", "w") as f:
            f.write("#!/bin/sh\n" + commands)
        os.chmod("bin/gnuplot", 0o755)
        return {**os.environ, "PATH": os.path.abspath("bin") + ":/usr/bin:/bin"}

    def test_no_gnuplot(self):
        os.makedirs("nothing", exist_ok=True)
        without = {**os.environ, "PATH": "nothing"}
        self.assert_error(run("plot", "ri", "seed.h5", "-o", "old.svg", "--data", "numbers.csv", env=without), 3,
                          "gnuplot is not installed (Debian package gnuplot-nox)", "the script is old.gp")
        code, out, err = run("plot", "ri", "seed.h5", "--data", "-", env=without)
        with open("numbers.csv") as f:
            self.assertEqual((code, out, err), (0, f.read(), ""))
        os.remove("numbers.csv")
        subprocess.run(["gnuplot", "-c", "old.gp", "drawn.svg"], check=True)
        xml.etree.ElementTree.parse("drawn.svg")

    def test_gnuplot_fails(self):
        for commands, part in (
                ("echo 'set x'; echo '     ^'; echo '\"f\" line 7: no such thing' >&2; exit 1",
                 'gnuplot failed: "f" line 7: no such thing; the script is old.gp'),
                ("exit 5", "gnuplot failed: it does not say why"),
                ("yes | head -c 1000000 >&2; exit 1", "gnuplot failed: y"),
                ("kill -9 $$", "gnuplot was ended by signal 9"),
                ("exit 0", "cannot write old.svg: gnuplot left it incomplete"),
                ("echo '<svg>' > \"$4\"; exit 0", "cannot write old.svg: gnuplot left it incomplete"),
                (": > \"$4\"; exit 0", "cannot write old.svg: gnuplot left it incomplete")):
            result = run("plot", "ri", "seed.h5", "-o", "old.svg", env=self.fake_gnuplot(commands))
            self.assert_error(result, 3, part)

    def test_file_size_limit(self):
        def limit(n_bytes):
            return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
        # The script does not fit; the script fits and the figure does not.
        self.assert_error(run("plot", "ri", "seed.h5", "-o", "old.svg", preexec_fn=limit(1000)), 3,
                          "cannot write old.gp: File too large")
        self.assert_error(run("plot", "ri", "seed.h5", "-o", "old.svg", preexec_fn=limit(30000)), 3,
                          "cannot write old.svg: gnuplot left it incomplete (is the disk full?)")

    def test_full_disk(self):
        os.makedirs("small", exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", "small"], capture_output=True)
        if done.returncode != 0:
            self.skipTest("needs to mount a small file system: " + done.stderr.decode().strip())
        try:
            for kind, output in (("training", "a.svg"), ("ri", "b.png"), ("ri", "c.pdf"), ("ri", "d.svg")):
                result = run("plot", kind, "seed.h5", "-o", f"small/{output}")
                self.assert_error(result, 3, "cannot write small/")
                self.assert_no_leftovers("small")
                for name in os.listdir("small"):
                    self.assertTrue(name.endswith(".gp"), name)
                    os.remove("small/" + name)
        finally:
            subprocess.run(["umount", "small"], check=True)

    def test_unwritable_places(self):
        for kind in ("ri", "training"):
            self.assert_error(run("plot", kind, "seed.h5", "-o", "nowhere/x.svg"), 2, "cannot write nowhere/x.svg",
                              "No such file or directory")
            self.assert_error(run("plot", kind, "seed.h5", "-o", "seed.h5/x.svg"), 2, "Not a directory")
            self.assert_error(run("plot", kind, "seed.h5", "-o", "x" * 300 + ".svg"), 2, "File name too long")
        os.makedirs("folder.svg", exist_ok=True)
        self.assert_error(run("plot", "ri", "seed.h5", "-o", "folder.svg"), 2, "-o folder.svg: a folder")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
