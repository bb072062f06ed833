#!/usr/bin/env python3
"""The golden files (make.sh) are read by every command, and every record in them is computed again, bit by bit.

A file is F.h5.gz beside its sweep; `hashes` holds, for each sweep that they were made from, a line for each slot of its
complete run: sweep, configuration, replicate, status, SHA-256 of the record, which is over the names and bytes of the
arrays of that schema, RECORD, in this order, without later measures.

Usage: check.py PICKY PICKY-ANALYSE
       check.py --write PICKY       writes `hashes`, from complete runs of PICKY, the program that made the files"""
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "1")
PENDING, ERROR = 0, 4
COMPLETE, BAD, JOBS_FAILED, STOPPED = 0, 2, 4, 75  # exit codes

RECORD = ["status", "seed", "attempts", "attempt_error", "train_loss", "test_error", "test_loss", "importance",
          "relative_importance", "loss_change", "mean_activation", "input_weights", "hidden_weights", "context_weights",
          "biases", "output_weights", "output_bias", "initial_input_weights", "initial_hidden_weights",
          "initial_context_weights", "initial_output_weights", "test_inputs", "train_inputs", "train_task"]
# Importances of later measures are left out of the hash.
BY_MEASURE, N_MEASURES = ("importance", "relative_importance"), 6
PLOTS = ["training", "ri", "ri-grid", "heatmap", "measures", "importance", "lesion"]
OVERRIDES = ["epochs=3", "replicates=3", "optimizer=sgd", "name=renamed"]

# File: its sweep, what was overridden, its shard.
FILES = {
    "shapes": ("shapes", [], None),
    "conclusions": ("conclusions", [], None),
    "spellings": ("spellings", [], None),
    "near-zero": ("near-zero", [], None),
    "parts-1-of-2": ("parts", [], "1/2"),
    "parts-2-of-2": ("parts", [], "2/2"),
    "parts-2-of-3": ("parts", [], "2/3"),
    "extended": ("extended", [], None),
    "overridden": ("overridden", OVERRIDES, None),
    "overridden-merged": ("overridden", OVERRIDES, None),
    "cut": ("cut", [], None),
    "errors": ("errors", [], None),
}
SWEEPS = {sweep: overrides for sweep, overrides, _ in FILES.values()}
MEMORY = 600000 * 1024  # that make.sh allowed for errors.h5


def settings(overrides):
    return [word for override in overrides for word in ("--set", override)]


def limit_memory():
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(command, code, is_limited=False):
    done = subprocess.run(command, capture_output=True, timeout=200, stdin=subprocess.DEVNULL,
                          preexec_fn=limit_memory if is_limited else None)
    codes = code if isinstance(code, tuple) else (code,)
    assert done.returncode in codes, f"{command}: exit code {done.returncode}, not {code}\n" + \
        (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def records(path):
    """{(configuration, replicate): (status, hash)} of a results file."""
    with h5py.File(path, "r") as f:
        arrays = [(name, f[name][:, :, :N_MEASURES] if name in BY_MEASURE else f[name][()]) for name in RECORD if name in f]
        status = f["status"][()]
        found = {}
        for slot in np.ndindex(status.shape):
            hashed = hashlib.sha256()
            for name, values in arrays:
                hashed.update(name.encode() + b"\0" + np.ascontiguousarray(values[slot]).tobytes())
            found[slot] = (int(status[slot]), hashed.hexdigest())
        return found


def write_hashes(picky):
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(GOLDEN, "hashes"), "w") as out:
        for sweep, overrides in SWEEPS.items():
            path = os.path.join(folder, sweep + ".h5")
            run([picky, "run", os.path.join(GOLDEN, sweep + ".cfg"), "-o", path, *settings(overrides)], (0, 3),
                is_limited=sweep == "errors")
            for (config, replicate), (status, hashed) in records(path).items():
                out.write(f"{sweep} {config} {replicate} {status} {hashed}\n")


def read_hashes():
    expected = {}
    with open(os.path.join(GOLDEN, "hashes")) as lines:
        for line in lines:
            sweep, config, replicate, status, hashed = line.split()
            expected.setdefault(sweep, {})[int(config), int(replicate)] = (int(status), hashed)
    return expected


def unpack(name, path):
    with gzip.open(os.path.join(GOLDEN, name + ".h5.gz")) as packed, open(path, "wb") as out:
        shutil.copyfileobj(packed, out)


def same(path, expected, pending=0):
    """Every slot that is done has the expected record; `pending` are not done."""
    found = records(path)
    assert found.keys() == expected.keys(), f"{path}: slots {sorted(found)}"
    done = {slot: record for slot, record in found.items() if record[0] != PENDING}
    assert len(found) - len(done) == pending, f"{path}: {len(found) - len(done)} pending, not {pending}"
    for slot, record in done.items():
        assert record == expected[slot], f"{path}: slot {slot}: status and hash are {record}, not {expected[slot]}"


class File:
    """A golden file in a folder of its own, and the commands on it."""

    def __init__(self, picky, analyse, name, folder, expected):
        self.picky, self.analyse, self.name = picky, analyse, name
        self.sweep, self.overrides, self.shard = FILES[name]
        self.expected = expected[self.sweep]
        self.folder = folder
        self.path = os.path.join(self.folder, name + ".h5")
        unpack(name, self.path)
        self.has_errors = any(status == ERROR for status, _ in self.expected.values())
        self.is_dear = name in ("cut", "errors")  # jobs of a second: not more often than resume and verify --all do them
        self.code = JOBS_FAILED if self.has_errors else COMPLETE
        self.pending = sum(status == PENDING for status, _ in records(self.path).values())
        self.sweep_path = os.path.join(GOLDEN, self.sweep + ".cfg")
        # All kinds of shapes, two in turn of each other file.
        first = 2 * list(FILES).index(name)
        self.plots = PLOTS if name == "shapes" else [PLOTS[i % len(PLOTS)] for i in (first, first + 1)]

    def copy(self, name):
        return shutil.copy(self.path, os.path.join(self.folder, name))

    def commands_of_picky(self):
        same(self.path, self.expected, self.pending)
        out, _ = run([self.picky, "status", self.path], 0)
        assert re.search(rf"^ *pending +{0 if self.shard else self.pending} ", out, re.M), out
        out, _ = run([self.picky, "verify", "--all", self.path], 0)
        assert "all bits are the same" in out, out
        self.resume()
        if self.shard:
            run([self.picky, "extend", self.copy("grown.h5"), self.sweep_path], BAD)
        else:
            self.extend()
        self.merge()
        self.again()
        with open(self.path, "rb") as now, gzip.open(os.path.join(GOLDEN, self.name + ".h5.gz")) as packed:
            assert now.read() == packed.read(), f"{self.path}: a command that reads has changed it"

    def resume(self):
        path = self.copy("resumed.h5")
        for _ in range(2):  # the second time there is nothing to do
            run([self.picky, "run", self.sweep_path, "-o", path, "--resume", *settings(self.overrides)], self.code)
            same(path, self.expected, self.pending if self.shard else 0)

    def extend(self):
        """By a replicate: what was done keeps its bits, and what was not done stays so in a run that has no time for it."""
        path, n = self.copy("grown.h5"), 1 + max(replicate for _, replicate in self.expected)
        options = settings([o for o in self.overrides if not o.startswith("replicates=")] + [f"replicates={n + 1}"])
        if self.is_dear:
            options += ["--time-limit", "0.001s"]
        run([self.picky, "extend", path, self.sweep_path, *options], STOPPED if self.is_dear else self.code)
        found = records(path)
        assert len(found) == len(self.expected) // n * (n + 1), f"{path}: slots {sorted(found)}"
        for slot, record in records(self.path).items():
            expected = self.expected[slot]
            assert found[slot] == expected or record[0] == found[slot][0] == PENDING, \
                f"{path}: slot {slot}: status and hash are {found[slot]}, not {expected}"
        if not self.is_dear:
            run([self.picky, "verify", "--all", path], 0)

    def merge(self):
        path = os.path.join(self.folder, "merged.h5")
        run([self.picky, "merge", "-o", path, self.path], STOPPED if self.pending else self.code)
        same(path, self.expected, self.pending)

    def again(self):
        """`picky run` of what `picky-analyse export --sweep` writes, also of the file merged and grown: all records are what
        they were, but of jobs that lacked memory. The sweep file's text has changed in the values of --set alone."""
        text = os.path.join(self.folder, "stored.cfg")
        path = os.path.join(self.folder, "again.h5")
        refused = {"spellings": r'stored.cfg:6:[0-9]+: second_task = .*"add1.5" and "add1.50" are one value; allowed: ',
                   "near-zero": r'stored.cfg:5:[0-9]+: second_task = "add1e-50": allowed: '}
        _, err = run([self.analyse, "export", self.path, "--sweep", "-o", text], 0)
        assert ("makes no new file of it" in err) == (self.sweep in refused), err
        with open(text) as exported, open(self.sweep_path) as written:
            assert exported.read() == self.as_run(written.read()), f"{self.path}: another sweep"
        if self.sweep in refused:  # sweeps that make no new file
            _, err = run([self.picky, "run", text, "-o", path], BAD)
            assert re.search(refused[self.sweep], err), err
            assert not os.path.exists(path)
            return
        for other in ("merged.h5", "resumed.h5"):
            out, _ = run([self.analyse, "export", os.path.join(self.folder, other), "--sweep"], 0)
            with open(text) as exported:
                assert out == exported.read(), f"{other}: another sweep than {self.path}"
        if self.is_dear:
            return
        run([self.picky, "run", text, "-o", path], COMPLETE)
        with h5py.File(path, "r") as f, open(text) as exported:
            assert f.attrs["sweep"] == exported.read() and f.attrs["sweep_name"] in f.attrs["sweep"]
        same(path, {slot: record for slot, record in records(path).items() if self.expected[slot][0] == ERROR} |
             {slot: record for slot, record in self.expected.items() if record[0] != ERROR})

    def as_run(self, text):
        if self.overrides:
            for old, new in (("replicates = 2;", "replicates = 3;"), ("epochs = 2;", "epochs = 3;"),
                             ('"golden: overridden"', '"renamed"'), ("model = {", 'model = { optimizer = "sgd";')):
                assert text.count(old) == 1, f"{self.sweep_path}: {old}"
                text = text.replace(old, new)
        return text

    def commands_of_analyse(self):
        def analyse(*words, code=0):
            return run([self.analyse, words[0], *words[1:]], code)[0]

        status = np.array([record[0] for record in records(self.path).values()])
        n_accepted, n_done = int((status == 1).sum()), int((status != PENDING).sum())
        for options in ([], ["--csv"], ["--json"]):
            assert analyse("summary", self.path, *options), f"{self.path}: an empty summary"
            assert analyse("claims", self.path, *options), f"{self.path}: empty claims"
        with h5py.File(self.path, "r") as f:
            swept = f.attrs["swept"].split()
            stored = f.attrs["sweep"]
            arrays = {name: f[name][()] for name in RECORD if name in f}
        assert swept, f"{self.path}: nothing varies"
        # No two of shapes' configurations differ in one key only.
        analyse("summary", self.path, "--compare", swept[0], code=BAD if self.name == "shapes" else 0)
        out = os.path.join(self.folder, "out")
        for kind in self.plots:
            analyse("plot", kind, self.path, "-o", out + ".svg",
                    *(["--statistic", "acceptance"] if kind == "heatmap" else []))
        analyse("report", self.path, "-o", out + ".html")
        with open(out + ".html") as page:
            assert self.sweep in page.read()
        assert analyse("export", self.path, "--sweep") == self.as_run(stored)
        for each in ("model", "epoch", "neuron"):
            lines = analyse("export", self.path, "--each", each).splitlines()
            assert len(lines) > n_accepted, f"{self.path}: {each}: {len(lines)} lines"
            if each == "model":
                assert len(lines) == 1 + n_done, f"{self.path}: {len(lines)} models"
        done = (arrays["status"] != PENDING).ravel()
        for name, values in arrays.items():
            analyse("export", self.path, "--variable", name, "-o", out + ".npy")
            exported = np.load(out + ".npy")
            assert exported.shape == values.shape and exported.dtype == values.dtype, f"{self.path}: {name}"
            flat = [x.reshape((done.size, -1))[done].tobytes() for x in (exported, values)]
            assert flat[0] == flat[1], f"{self.path}: {name}: exported with other bits"


def check_joined(picky, analyse, expected, parts):
    """Shards of one sweep, joined and completed."""
    sweep = FILES[parts[0]][0]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for part in parts:
            paths.append(os.path.join(folder, part + ".h5"))
            unpack(part, paths[-1])
        path = os.path.join(folder, "joined.h5")
        done = {slot for p in paths for slot, (status, _) in records(p).items() if status != PENDING}
        n_pending = len(expected[sweep]) - len(done)
        run([picky, "merge", "-o", path, *paths], STOPPED if n_pending else COMPLETE)
        same(path, expected[sweep], n_pending)
        run([picky, "run", os.path.join(GOLDEN, sweep + ".cfg"), "-o", path, "--resume"], COMPLETE)
        same(path, expected[sweep])
        with open(os.path.join(GOLDEN, sweep + ".cfg")) as written:
            assert run([analyse, "export", path, "--sweep"], 0)[0] == written.read(), f"{path}: another sweep"
    return " + ".join(parts)


def main():
    if sys.argv[1] == "--write":
        write_hashes(sys.argv[2])
        return
    picky, analyse = map(os.path.abspath, sys.argv[1:])
    expected = read_hashes()

    def check(name):
        with tempfile.TemporaryDirectory() as folder:
            file = File(picky, analyse, name, folder, expected)
            file.commands_of_picky()
            file.commands_of_analyse()
        return name

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        tests = [pool.submit(check, name) for name in FILES]
        tests += [pool.submit(check_joined, picky, analyse, expected, parts)
                  for parts in (["parts-1-of-2", "parts-2-of-2"], ["parts-1-of-2", "parts-2-of-3"])]
        for test in tests:
            print("ok:", test.result())


if __name__ == "__main__":
    main()
