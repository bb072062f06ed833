"""Checks `picky-analyse export` against the csv module, h5py and NumPy: every table cell and every array element of a
file from a real sweep, with rejected, failed and pending jobs, and networks of several sizes.

check_export.py PICKY_ANALYSE PICKY SOURCE_FOLDER [unittest arguments]
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

try:
    import h5py
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.dont_write_bytecode = True  # nothing is left among the sources
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../file"))
import make_file
from make_file import ACCEPTED, DEFAULTS, DIVERGED, ERROR, MEASURES, PENDING, REJECTED

PROGRAM, PICKY = map(os.path.abspath, sys.argv[1:3])
PROGRESS = re.compile(r"picky-analyse: \d+ of \d+ .* left\n")  # of work that takes long
STATUSES = ["pending", "accepted", "rejected", "diverged", "error"]
SWEEP = """name = "sizes";
replicates = 6;
store = ["weights", "initial_weights", "test_set", "train_set"];
model = { N_train = 200; N_test = 20; max_attempts = 2; error_threshold = 0.11; };
cases = ( { hidden_size = 10; hidden_layers = 3; },
          { hidden_size = 7; hidden_layers = 2; epochs = 4; context_location = 2; },
          { hidden_size = 8; train_mode = "replay"; epochs = 3; second_task = "add1.5"; },
          { lr = 0.1; optimizer = "sgd"; hidden_size = 5; } );
"""
REASON = 'no memory, said "malloc",\nand \u00e9\u2713\U0001d11e'


def run(*args, **options):
    """Runs picky-analyse export; returns exit code, standard output as bytes, standard error."""
    done = subprocess.run([PROGRAM, "export", *map(str, args)], stdout=options.pop("stdout", subprocess.PIPE),
                          stderr=subprocess.PIPE, timeout=500, **options)
    return done.returncode, done.stdout, PROGRESS.sub("", done.stderr.decode())


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.start = os.getcwd()
        cls.folder = tempfile.mkdtemp(prefix="picky-export-")
        os.chdir(cls.folder)
        with open("sweep.cfg", "w") as f:
            f.write(SWEEP)
        subprocess.run([PICKY, "run", "sweep.cfg", "-o", "x.h5"], check=True, stderr=subprocess.DEVNULL)
        with h5py.File("x.h5", "r+", libver=("v108", "v108")) as f:
            # Slots as a sweep leaves them that is not finished, and one job that could not run. What a pending slot
            # reads as is nobody's business: here it is rubbish.
            for c, r in ((0, 5), (1, 0), (1, 5), (3, 4)):
                for item in f.values():
                    if isinstance(item, h5py.Dataset) and item.shape[:2] == f["status"].shape and item.name != "/status":
                        item[c, r] = 77
                f["status"][c, r] = PENDING
            f["status"][2, 3] = ERROR
            reasons = f["provenance/reason"]
            text = reasons[()]
            text[2, 3, :len(REASON.encode())] = np.frombuffer(REASON.encode(), "S1")
            reasons.id.write(h5py.h5s.ALL, h5py.h5s.ALL, text, mtype=h5py.h5t.C_S1)  # as it is: no terminators
            f["status"][0, 4] = DIVERGED
            for item in f.values(): # their arrays are not there, as picky leaves them
                if isinstance(item, h5py.Dataset) and item.shape[:2] == f["status"].shape and item.dtype.kind == "f":
                    for c, r in ((2, 3), (0, 4)):
                        item[c, r] = np.nan
        with h5py.File("x.h5") as f:
            cls.arrays = {name: item[()] for name, item in f.items() if isinstance(item, h5py.Dataset)}
            cls.arrays.update({name: f["provenance"][name][()] for name in ("wall_time", "rank", "reason")})
            cls.sweep = f.attrs["sweep"]
            cls.swept = f.attrs["swept"].split()
            cls.keys = sorted({*f.attrs["coordinates"].split()} - {"task_list", "n_tasks"})  # hyperparameters, as picky wrote them
        cls.status = cls.arrays["status"]
        assert {PENDING, ACCEPTED, REJECTED, DIVERGED, ERROR} == set(cls.status.ravel()), cls.status

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.start)
        shutil.rmtree(cls.folder)

    def tearDown(self):
        self.assertEqual([name for name in os.listdir(".") if name.endswith(".part")], [])

    def table(self, *args, file="x.h5"):
        code, out, err = run(file, *args)
        self.assertEqual((code, err), (0, ""))
        self.assertNotIn(b"\r", out)
        rows = list(csv.DictReader(io.StringIO(out.decode(), newline=""), strict=True))
        self.assertTrue(all(None not in row and None not in row.values() for row in rows))
        return rows

    def assert_error(self, result, code, *parts):
        """One line on standard error, nothing else, with all parts in it."""
        self.assertEqual(result[0], code, result)
        self.assertFalse(result[1], result)
        self.assertTrue(result[2].startswith("picky-analyse: "), result)
        self.assertEqual(result[2].count("\n"), 1, result)
        for part in parts:
            self.assertIn(part, result[2])

    def hyperparameter(self, config, name):
        value = self.arrays[name][config]
        return value.decode() if isinstance(value, bytes) else value

    def check_key(self, row, config, replicate, columns):
        self.assertEqual((int(row["config"]), int(row["replicate"])), (config, replicate))
        self.assertEqual(int(row["seed"]), self.arrays["seed"][config, replicate])
        self.assertEqual(row["status"], STATUSES[self.status[config, replicate]])
        for name in columns:
            value = self.hyperparameter(config, name)
            self.assertEqual(type(value)(row[name]), value, name)

    def assert_float(self, text, value):
        """The very bits; NaN is empty."""
        if np.isnan(value):
            self.assertEqual(text, "")
        else:
            self.assertEqual(np.float32(text), value)

    def slots(self, *statuses):
        return [tuple(slot) for slot in np.argwhere(np.isin(self.status, statuses))]

    def sizes(self, config):
        h = {name: self.hyperparameter(config, name) for name in DEFAULTS}
        return h["hidden_layers"], h["hidden_size"], make_file.history(h)

    def test_models(self):
        rows = self.table()
        slots = self.slots(ACCEPTED, REJECTED, DIVERGED, ERROR)
        self.assertEqual(list(rows[0]), ["config", "replicate", *self.ordered(self.swept), "seed", "status", "attempts",
                                         "train_loss", "test_error_1", "test_error_2", "test_loss_1", "test_loss_2",
                                         "wall_time", "reason"])
        self.assertEqual(len(rows), len(slots))
        self.assertEqual([row["train_loss"] == "" for row in rows], [slot in ((2, 3), (0, 4)) for slot in slots])
        for row, (c, r) in zip(rows, slots):
            self.check_key(row, c, r, self.swept)
            last = self.sizes(c)[2] - 1
            self.assertEqual(int(row["attempts"]), self.arrays["attempts"][c, r])
            self.assert_float(row["train_loss"], self.arrays["train_loss"][c, r, last])
            for t in (0, 1):
                self.assert_float(row[f"test_error_{t + 1}"], self.arrays["test_error"][c, r, last, t])
                self.assert_float(row[f"test_loss_{t + 1}"], self.arrays["test_loss"][c, r, t])
            np.testing.assert_allclose(float(row["wall_time"]), self.arrays["wall_time"][c, r], rtol=1e-8)
            self.assertEqual(row["reason"], REASON if (c, r) == (2, 3) else b"".join(self.arrays["reason"][c, r]).decode())

    def ordered(self, names):
        """In the order of the hyperparameters' table, which the file's own names have too."""
        return [name for name in DEFAULTS if name in names]

    def test_columns(self):
        rows = self.table("--keys", "all")
        of_tasks = {"n_inputs": "2", "input_low": "0", "input_high": "1", "a": "1", "b": "1", "c": "1",
                    "standardise": "none"}
        self.assertEqual(set(list(rows[0])[2:list(rows[0]).index("seed")]), {*self.keys, "tasks"})
        self.assertLessEqual({*DEFAULTS, *of_tasks, "context_layer"}, {*self.keys})
        for row in rows:
            self.assertEqual({name: row[name] for name in of_tasks}, of_tasks)
            self.assertEqual(row["tasks"], "x0 + x1; x0 * x1" if row["second_task"] == "prod"
                             else f"x0 + x1; x0 + {row['second_task'][3:]} * x1")
        for row, (c, r) in zip(rows, self.slots(ACCEPTED, REJECTED, DIVERGED, ERROR)):
            self.check_key(row, c, r, self.keys)
        self.assertEqual(self.table("--keys", "swept"), self.table())

    def test_epochs(self):
        rows = self.table("--each", "epoch")
        expected = [(c, r, e) for c, r in self.slots(ACCEPTED) for e in range(self.sizes(c)[2])]
        self.assertEqual([(int(row["config"]), int(row["replicate"]), int(row["epoch"])) for row in rows], expected)
        for row, (c, r, e) in zip(rows, expected):
            self.check_key(row, c, r, self.swept)
            self.assert_float(row["train_loss"], self.arrays["train_loss"][c, r, e])
            for t in (0, 1):
                self.assert_float(row[f"test_error_{t + 1}"], self.arrays["test_error"][c, r, e, t])

    def check_neurons(self, rows, statuses, measures, below):
        expected = [(c, r, layer, u) for c, r in self.slots(*statuses) for layer in range(self.sizes(c)[0])
                    for u in range(self.sizes(c)[1])]
        self.assertEqual([(int(row["config"]), int(row["replicate"]), int(row["layer"]) - 1, int(row["unit"]))
                          for row in rows], expected)
        names = [key[:-len("_ri_1_2")] for key in rows[0] if key.endswith("_ri_1_2")]
        self.assertEqual(names, measures)
        ri = {}
        for c, r in self.slots(*statuses):
            n_layers, n_units, _ = self.sizes(c)
            importance = self.arrays["importance"][c, r, :, :, :n_layers, :n_units].astype("f8")
            ri[c, r] = make_file.relative_importance(importance[:, 0], importance[:, 1], below)
        n_selective = 0
        for row, (c, r, layer, u) in zip(rows, expected):
            for name in measures:
                m = MEASURES.index(name)
                for t in (0, 1):
                    self.assert_float(row[f"{name}_{t + 1}"], self.arrays["importance"][c, r, m, t, layer, u])
                value = ri[c, r][m, layer, u]
                np.testing.assert_allclose(float(row[f"{name}_ri_1_2"] or "nan"), value, rtol=1e-8, atol=1e-12)
                if below == 0.1:
                    np.testing.assert_allclose(value, self.arrays["relative_importance"][c, r, m, 0, layer, u], atol=1e-6)
                n_selective += abs(value) > 0.9
            for name in ("loss_change", "mean_activation"):
                for t in (0, 1):
                    self.assert_float(row[f"{name}_{t + 1}"], self.arrays[name][c, r, t, layer, u])
        self.assertGreater(n_selective, 0)

    def test_neurons(self):
        rows = self.table("--each", "neuron", "--measure", "all")
        self.check_key(rows[0], *self.slots(ACCEPTED)[0], self.swept)
        self.check_neurons(rows, [ACCEPTED], MEASURES, 0.1)

    def test_default_measure(self):
        self.assertEqual(self.table("--each", "neuron"), self.table("--each", "neuron", "--measure", "taylor_sample"))
        self.check_neurons(self.table("--each", "neuron"), [ACCEPTED], ["taylor_sample"], 0.1)
        rows = self.table("--each", "neuron", "--measure", "variance,ablation_mean")
        self.check_neurons(rows, [ACCEPTED], ["ablation_mean", "variance"], 0.1)

    def test_normalised(self):
        """RI of importances that are divided by their sum over the layer, for each task."""
        rows = self.table("--each", "neuron", "--normalise", "layer", "--unimportant-below", 0)
        layers = {}
        for row in rows:
            layers.setdefault((row["config"], row["replicate"], row["layer"]), []).append(row)
        for layer in layers.values():
            a, b = (np.array([float(row[f"taylor_sample_{t}"]) for row in layer]) for t in (1, 2))
            with np.errstate(invalid="ignore"):
                ri = make_file.relative_importance(a / a.sum(), b / b.sum(), 0)
            np.testing.assert_allclose([float(row["taylor_sample_ri_1_2"] or "nan") for row in layer], ri, rtol=1e-7, atol=1e-9)

    def test_neurons_of_one_measure(self):
        for below in (0, 0.7):
            rows = self.table("--each", "neuron", "--measure", "contribution", "--unimportant-below", below, "--status",
                              "rejected,accepted")
            self.check_neurons(rows, [ACCEPTED, REJECTED], ["contribution"], below)

    def test_chosen_slots(self):
        for words in (["rejected"], ["accepted", "error"], ["diverged", "error", "rejected", "accepted"]):
            rows = self.table("--status", ",".join(words))
            slots = self.slots(*map(STATUSES.index, words))
            self.assertEqual([(int(row["config"]), int(row["replicate"])) for row in rows], slots)
        rows = self.table("--where", "hidden_size=7,5")
        self.assertEqual({int(row["config"]) for row in rows}, {1, 3})

    def test_a_full_file_of_one_configuration(self):
        make_file.make("one.h5", [dict(hidden_size=3)], 4)
        rows = self.table("--each", "epoch", file="one.h5")
        self.assertEqual(list(rows[0])[:4], ["config", "replicate", "seed", "status"])

    def load(self, *args):
        code, out, err = run(*args)
        self.assertEqual((code, err), (0, ""))
        return np.load(io.BytesIO(out), allow_pickle=False)

    def expected_array(self, name, statuses):
        array = self.arrays[name].copy()
        if name == "reason":
            array = np.array([[b"".join(text).decode() for text in row] for row in array])
        masked = ~np.isin(self.status, statuses)
        if name == "reason":
            array[masked] = ""
        elif name != "status":
            array[masked] = (np.nan if array.dtype.kind == "f" else {"rank": -1, "train_task": 255}.get(name, 0))
        return array

    def test_arrays(self):
        records = [name for name, array in self.arrays.items() if array.shape[:2] == self.status.shape]
        self.assertGreaterEqual(len(records), 27)
        for name in records:
            for option, statuses in (((), [1, 2, 3, 4]), (("--status", "accepted"), [ACCEPTED])):
                found = self.load("x.h5", "--variable", name, *option)
                expected = self.expected_array(name, statuses)
                self.assertEqual(found.shape, expected.shape, name)
                self.assertEqual(found.dtype.kind, expected.dtype.kind, name)
                if name != "reason":
                    self.assertEqual(found.dtype, expected.dtype, name)
                np.testing.assert_array_equal(found, expected, name)

    def test_array_of_some_configurations(self):
        found = self.load("x.h5", "--variable", "importance", "--where", "hidden_size=7,5")
        np.testing.assert_array_equal(found, self.expected_array("importance", [1, 2, 3, 4])[[1, 3]])

    def test_hyperparameters(self):
        for name in self.keys:
            found = self.load("x.h5", "--variable", name)
            expected = [self.hyperparameter(c, name) for c in range(4)]
            np.testing.assert_array_equal(found, expected)
            self.assertEqual(found.dtype.kind, np.array(expected).dtype.kind)
        np.testing.assert_array_equal(self.load("x.h5", "--variable", "hidden_size", "--where", "hidden_size=7"), [7])

    def test_sweep(self):
        self.assertEqual(self.sweep, SWEEP)
        self.assertEqual(run("x.h5", "--sweep"), (0, SWEEP.encode(), ""))
        make_file.make("no_text.h5", [dict()], 2)
        self.assert_error(run("no_text.h5", "--sweep", "-o", "no.cfg"), 2, "no_text.h5", "sweep")
        self.assertFalse(os.path.exists("no.cfg"))

    def test_files(self):
        """With -o the same bytes; an older file is replaced when the new one is complete, and only then."""
        for name, args in (("a.csv", ["--each", "neuron"]), ("a.npy", ["--variable", "biases"]),
                           ("a.cfg", ["--sweep", "--force"])):
            other = {"a.npy": ["--variable", "seed"], "a.cfg": ["--sweep"]}.get(name, [])
            self.assertEqual(run("x.h5", *other, "-o", name), (0, b"", ""))
            with open(name, "rb") as f:
                old = f.read()
            self.assert_error(run("x.h5", "--variable", "nonsense", "--force", "-o", name), 2, "nonsense", "importance",
                              "biases")
            limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
            self.assert_error(run("x.h5", *args, "-o", name, preexec_fn=limit), 3, name)
            self.assertEqual([name for name in os.listdir(".") if name.endswith(".part")], [])
            with open(name, "rb") as f:
                self.assertEqual(f.read(), old)
            self.assertEqual(run("x.h5", *args, "-o", name), (0, b"", ""))
            with open(name, "rb") as f:
                self.assertEqual(f.read(), run("x.h5", *args)[1])

    def test_places_that_cannot_be_written(self):
        self.assert_error(run("x.h5", "-o", "/dev/full"), 3, "/dev/full")
        self.assertTrue(os.path.exists("/dev/full"))
        with open("/dev/full", "w") as full:
            for args in ([], ["--variable", "importance"], ["--sweep"]):
                self.assert_error(run("x.h5", *args, stdout=full), 3, "standard output")
        self.assert_error(run("x.h5", "-o", "nowhere/a.csv"), 2, "nowhere/a.csv")
        os.makedirs("folder", exist_ok=True)
        self.assert_error(run("x.h5", "-o", "folder"), 2, "folder")
        before = os.stat("x.h5")
        os.link("x.h5", "y.h5")
        for name in ("x.h5", "./x.h5", "y.h5"):
            self.assert_error(run("x.h5", "-o", name), 2, name)
        os.unlink("y.h5")
        after = os.stat("x.h5")
        self.assertEqual((before.st_size, before.st_mtime_ns), (after.st_size, after.st_mtime_ns))
        self.assertEqual(run("x.h5", "-o", "/dev/null")[0], 0)
        self.assertTrue(os.path.exists("/dev/null") and not os.path.isfile("/dev/null"))

    def test_a_reader_that_goes_away(self):
        make_file.make("long.h5", [dict(epochs=3000)], 4)  # more than a pipe holds
        process = subprocess.Popen([PROGRAM, "export", "long.h5", "--each", "epoch"], stdout=subprocess.PIPE)
        process.stdout.read(10)
        process.stdout.close()
        self.assertIn(process.wait(timeout=60), (3, -signal.SIGPIPE))

    def test_bad_words(self):
        for args, parts in ((["--each", "layer"], ["--each layer", "model, epoch, neuron"]),
                            (["--keys", "some"], ["--keys some", "swept, all"]),
                            (["--status", "done"], ["--status done", "accepted"]),
                            (["--status", "accepted,"], ["--status accepted,"]),
                            (["--status", "pending"], ["--status pending"]),
                            (["--measure", "variance"], ["--measure", "neuron"]),
                            (["--unimportant-below", "1"], ["--unimportant-below", "neuron"]),
                            (["--normalise", "layer", "--each", "epoch"], ["--normalise", "neuron"]),
                            (["--sweep", "--variable", "status"], ["--variable", "--sweep"]),
                            (["--each", "epoch", "--variable", "status"], ["--each"]),
                            (["--keys", "all", "--sweep"], ["--keys"]),
                            (["--sweep", "--status", "accepted"], ["--status"]),
                            (["--variable", ""], ["--variable"])):
            self.assert_error(run("x.h5", *args), 2, *parts)
        self.assert_error(run("missing.h5"), 2, "missing.h5")

    def test_a_file_without_an_array(self):
        make_file.make("bare.h5", [dict(hidden_size=3)], 2)
        with h5py.File("bare.h5", "r+") as f:
            del f["test_error"]
        for rows in ("epoch", "model"):
            self.assert_error(run("bare.h5", "--each", rows, "-o", "bare.csv"), 2, "bare.h5", "it has no array test_error")
        self.assertFalse(os.path.exists("bare.csv"))

    def test_memory(self):
        """An array of 460 MB goes through in pieces."""
        make_file.make("big.h5", [dict()], 2)
        n = 48000
        with h5py.File("big.h5", "r+", libver=("v108", "v108")) as f:
            for name, item in list(f.items()):
                if isinstance(item, h5py.Dataset) and item.ndim >= 2:
                    shape, dtype = (1, n, *item.shape[2:]), item.dtype
                    del f[name]
                    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                    plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
                    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                    h5py.h5d.create(f.id, name.encode(), h5py.h5t.py_create(dtype), h5py.h5s.create_simple(shape), plist)
            f["status"][0, 5] = ACCEPTED
        for args in (["--variable", "importance"], ["--each", "neuron"]):
            process = subprocess.Popen([PROGRAM, "export", "big.h5", *args], stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            self.assertLess(usage.ru_maxrss, 200_000)  # KiB
        os.unlink("big.h5")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
