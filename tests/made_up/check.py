#!/usr/bin/env python3
"""Old files and a new program: a build with a made-up hyperparameter and a made-up measure, which writes the next
schema, reads, verifies, resumes, extends and merges files of schema 1 (tests/golden) and of today's; today's programs
refuse its files.

Usage: check.py PICKY PICKY-ANALYSE PICKY-MADE-UP PICKY-ANALYSE-MADE-UP"""
import importlib.util
import json
import csv
import io
import os
import re
import shutil
import sys
import tempfile

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
specification = importlib.util.spec_from_file_location("golden", os.path.join(HERE, "../golden/check.py"))
golden = importlib.util.module_from_spec(specification)
specification.loader.exec_module(golden)
run, same, records = golden.run, golden.same, golden.records

PICKY, ANALYSE, NEW, NEW_ANALYSE = map(os.path.abspath, sys.argv[1:5])
TODAY, NEXT = 2, 3  # schemas
N_MEASURES = {1: golden.N_MEASURES, TODAY: 6, NEXT: 7}  # that files have
MADE_UP = N_MEASURES[TODAY]  # its place
MEASURE, HYPERPARAMETER = "made_up_mean", "made_up"
DIFFERENT = 4  # verify's exit code
# Small, and of the first claim's condition; a linear output is never silent, and every model is accepted.
SWEEP = """name = "made up"; replicates = 3; seed = 4; store = ["weights"];
model = { N_train = 150; N_test = 8; epochs = 2; hidden_size = 20; hidden_layers = 2; error_threshold = 100.0;
          output_activation = "linear"; };
grid = { context_location = ["start", "end"]; };
"""


def check_layout(path, schema):
    """The file's schema, and as many measures and hyperparameters as it has then."""
    is_new = schema == NEXT
    with h5py.File(path, "r") as f:
        assert f.attrs["picky_schema_version"] == schema, f"{path}: schema {f.attrs['picky_schema_version']}"
        assert f["measure"].shape[0] == f["importance"].shape[2] == N_MEASURES[schema], f"{path}: measures"
        assert (HYPERPARAMETER in f) == is_new, f"{path}: {list(f)}"
        if is_new:
            assert (f[HYPERPARAMETER][()] == 1).all() and f["measure"].asstr()[MADE_UP] == MEASURE


def measured(path):
    """{(configuration, replicate): has the made-up measure} of slots with results; E[h]^2 is what it must be."""
    with h5py.File(path, "r") as f:
        found = {}
        for slot in np.ndindex(f["status"].shape):
            if f["status"][slot] not in (1, 2):
                continue
            importance, mean = f["importance"][slot][MADE_UP], f["mean_activation"][slot]
            has = bool(np.isfinite(importance).any())
            assert not has or np.allclose(importance, mean ** 2, rtol=1e-5, equal_nan=True), f"{path}: {slot}"
            assert has or np.isnan(importance).all(), f"{path}: {slot}"
            if "relative_importance" in f:
                assert has or np.isnan(f["relative_importance"][slot][MADE_UP]).all(), f"{path}: {slot}"
            found[slot] = has
        return found


def check_measured(path, has):
    """Those slots have the made-up measure of which has(configuration, replicate)."""
    for slot, found in measured(path).items():
        assert found == has(*slot), f"{path}: {slot} has the made-up measure: {found}"


def verify(path):
    out, _ = run([NEW, "verify", "--all", path], 0)
    assert "all bits are the same" in out, out


def check_golden(name, folder, expected):
    """What golden does with a file and the programs of its time, by the new ones."""
    file = golden.File(NEW, NEW_ANALYSE, name, folder, expected)
    check_layout(file.path, 1)
    if file.pending and not file.shard:  # the rest takes long
        file.resume()
    else:
        file.commands_of_picky()
        file.commands_of_analyse()
    check_layout(os.path.join(folder, "resumed.h5"), 1)
    if file.pending and not file.shard:
        return
    check_layout(os.path.join(folder, "merged.h5"), NEXT)
    check_measured(os.path.join(folder, "merged.h5"), lambda c, r: False)
    if not file.shard:
        check_layout(os.path.join(folder, "grown.h5"), NEXT)
        done = {slot for slot, (status, _) in records(file.path).items() if status != golden.PENDING}
        check_measured(os.path.join(folder, "grown.h5"), lambda c, r: (c, r) not in done)


class Today:
    """Files of today's program in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.sweep = self.path("sweep.cfg")
        with open(self.sweep, "w") as out:
            out.write(SWEEP)
        self.old = self.path("old.h5")
        run([PICKY, "run", self.sweep, "-o", self.old], 0)
        whole = self.path("whole.h5")
        run([PICKY, "run", self.sweep, "-o", whole, "--set", "replicates=7"], 0)
        self.expected = records(whole)
        self.first = {slot: record for slot, record in self.expected.items() if slot[1] < 3}
        self.new = self.path("new.h5")

    def path(self, name):
        return os.path.join(self.folder, name)

    def check_read(self):
        check_layout(self.old, TODAY)
        verify(self.old)
        run([NEW, "status", self.old], 0)
        for words in (["summary"], ["summary", "--measure", "all", "--csv"], ["claims"], ["export", "--each", "neuron"],
                      ["plot", "measures", "-o", self.path("x.svg")], ["report", "-o", self.path("x.html")]):
            group = words[:2] if words[0] == "plot" else words[:1]
            now, then = (run([program, *group, self.old, *words[len(group):], *(["--force"] if "-o" in words else [])], 0)[0]
                         for program in (NEW_ANALYSE, ANALYSE))
            assert now == then, f"{words}: another table"
            assert MEASURE not in now, now
        _, err = run([NEW_ANALYSE, "summary", self.old, "--measure", MEASURE], golden.BAD)
        assert re.fullmatch(rf"picky-analyse: \S*old.h5: .*{MEASURE}; allowed: --measure ablation_mean, .*, all\n",
                            err), err

    def check_resume(self):
        part = self.path("part.h5")
        run([PICKY, "run", self.sweep, "-o", part, "--shard", "1/2"], 0)
        merged = self.path("half.h5")
        run([PICKY, "merge", "-o", merged, part], golden.STOPPED)
        run([NEW, "run", self.sweep, "-o", merged, "--resume"], 0)
        check_layout(merged, TODAY)
        same(merged, self.first)

    def check_extend(self):
        shutil.copy(self.old, self.new)
        run([NEW, "extend", self.new, self.sweep, "--set", "replicates=7"], 0)
        check_layout(self.new, NEXT)
        same(self.new, self.expected)
        check_measured(self.new, lambda c, r: r >= 3)
        verify(self.new)

    def check_damage(self):
        """A slot lacks a measure only if all of it is missing."""
        for slot, value, code in (((0, 5, MADE_UP, 0, 0, 0), 7, DIFFERENT), ((1, 6, MADE_UP, 1, 1, 3), np.nan, DIFFERENT),
                                  ((0, 0, MADE_UP, 0, 0, 0), 7, DIFFERENT), ((0, 0, 2, slice(None)), np.nan, DIFFERENT)):
            path = shutil.copy(self.new, self.path("damaged.h5"))
            with h5py.File(path, "r+") as f:
                f["importance"][slot] = value
            run([NEW, "verify", "--all", path], code)

    def check_merge(self):
        parts = [self.path("new-1.h5"), self.path("new-2.h5"), self.path("old-1.h5")]
        for part, program, shard in zip(parts, (NEW, NEW, PICKY), ("1/2", "2/2", "1/2")):
            run([program, "run", self.sweep, "-o", part, "--shard", shard], 0)
        mixed = self.path("mixed.h5")
        run([NEW, "merge", "-o", mixed, parts[2], parts[1]], 0)
        check_layout(mixed, NEXT)
        same(mixed, self.first)
        with h5py.File(parts[1], "r") as f:
            theirs = f["status"][()] != golden.PENDING
        check_measured(mixed, lambda c, r: theirs[c, r])
        verify(mixed)
        for i, order in enumerate(([self.old, *parts], [*parts, self.old])):
            path = self.path(f"overlap-{i}.h5")
            run([NEW, "merge", "-o", path, *order], 0)
            same(path, self.first)
            check_measured(path, lambda c, r: True)
            verify(path)

    def check_merge_extended(self):
        """Slots that were taken over without the measure, beside the same with it: the fuller ones win; what both have
        must be the same bits."""
        full = self.path("full.h5")
        run([NEW, "run", self.sweep, "-o", full, "--set", "replicates=7"], 0)
        for i, parts in enumerate(([self.new, full], [full, self.new])):
            path = self.path(f"filled-{i}.h5")
            run([NEW, "merge", "-o", path, *parts], 0)
            same(path, self.expected)
            check_measured(path, lambda c, r: True)
            verify(path)
        # Each lacks what the other has.
        early, late = shutil.copy(self.new, self.path("early.h5")), self.path("late.h5")
        run([PICKY, "run", self.sweep, "-o", late, "--set", "replicates=4", "--set", "seed=7"], 0)
        run([NEW, "extend", late, self.sweep, "--set", "replicates=7"], 0)
        check_measured(late, lambda c, r: r < 3)
        for i, parts in enumerate(([early, late], [late, early])):
            path = self.path(f"both-{i}.h5")
            run([NEW, "merge", "-o", path, *parts], 0)
            same(path, self.expected)
            check_measured(path, lambda c, r: True)
        for slot in ((0, 5, MADE_UP, 0, 0, 0), (0, 0, 2, 0, 0, 0)):  # both have it
            damaged = shutil.copy(self.new, self.path("damaged.h5"))
            with h5py.File(damaged, "r+") as f:
                f["importance"][slot] += 1
            for parts in ([damaged, full], [full, damaged]):
                _, err = run([NEW, "merge", "-o", self.path("out.h5"), *parts], golden.BAD)
                assert re.search(rf"replicate {slot[1]} .*: importance has other bits than in ", err), err

    def check_analysis(self):
        """Only models that have the measure count for it."""
        def analyse(*words):
            return run([NEW_ANALYSE, *words], 0)[0]
        for measure, n in ((MEASURE, 4), ("variance", 7)):
            for table in json.loads(analyse("summary", self.new, "--measure", measure, "--json"))["groups"]:
                for layer in table["tables"][0]["layers"]:
                    assert layer["unimportant"]["n"] == layer["selective"]["n"] == n, (measure, layer)
        rows = list(csv.DictReader(io.StringIO(analyse("claims", self.new, "--csv"))))
        found = {row["measure"]: int(row["n"]) for row in rows
                 if (row["claim"], row["normalise"]) == ("loss_correlation", "none")}
        assert len(found) == N_MEASURES[NEXT] and found[MEASURE] == 2 * 4 and found["variance"] == 2 * 7, found
        assert "\n" + " " * 22 in analyse("claims", self.new) and "made" in analyse("claims", self.new)
        rows = list(csv.DictReader(io.StringIO(
            analyse("export", self.new, "--each", "neuron", "--measure", f"variance,{MEASURE}"))))
        for row in rows:
            lacks = int(row["replicate"]) < 3
            for key, value in row.items():
                if re.fullmatch(MEASURE + r"_\d+", key):  # what follows from them is empty for a silent unit, too
                    assert np.isnan(float(value or "nan")) == lacks, row
        for kind in ("ri", "measures", "importance", "lesion"):
            analyse("plot", kind, self.new, "-o", self.path(f"{kind}.svg"),
                    *([] if kind == "measures" else ["--measure", MEASURE]))
        with open(self.path("measures.svg")) as figure:
            assert ">made<" in figure.read().replace(" ", "")
        analyse("report", self.new, "-o", self.path("report.html"), "--measure", MEASURE)
        with open(self.path("report.html")) as page:
            assert MEASURE in page.read()

    def check_refusals(self):
        before = open(self.new, "rb").read()
        out = self.path("out")
        for program, words in (
                (PICKY, ["status", self.new]), (PICKY, ["verify", self.new]),
                (PICKY, ["run", self.sweep, "-o", self.new, "--resume"]),
                (PICKY, ["extend", self.new, self.sweep, "--set", "replicates=9"]),
                (PICKY, ["merge", "-o", out + ".h5", self.new]), (PICKY, ["merge", "-o", out + ".h5", self.old, self.new]),
                (ANALYSE, ["summary", self.new]), (ANALYSE, ["claims", self.new]), (ANALYSE, ["export", self.new]),
                (ANALYSE, ["export", self.new, "--sweep"]), (ANALYSE, ["report", self.new, "-o", out + ".html"]),
                *((ANALYSE, ["plot", kind, self.new, "-o", out + ".svg"]) for kind in ("ri", "training", "lesion"))):
            said = run([program, *words], golden.BAD)
            lines = [line for line in said[1].splitlines() if "newer" in line]
            assert said[0] == "" and len(lines) == 1 and re.search(
                rf"new.h5: written by a newer picky \(schema version {NEXT}; this picky knows {TODAY}\); allowed: ",
                lines[0]), (words, said)
        assert open(self.new, "rb").read() == before
        assert not [name for name in os.listdir(self.folder) if name.startswith("out.")]


def main():
    expected = golden.read_hashes()
    for name in ("extended", "parts-2-of-3", "cut"):
        with tempfile.TemporaryDirectory() as folder:
            check_golden(name, folder, expected)
        print("ok:", name, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        today = Today(folder)
        for check in (today.check_read, today.check_resume, today.check_extend, today.check_damage, today.check_merge,
                      today.check_merge_extended, today.check_analysis, today.check_refusals):
            check()
            print("ok:", check.__name__, flush=True)


if __name__ == "__main__":
    main()
