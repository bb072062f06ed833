#!/usr/bin/env python3
"""picky verify: an untouched file has the same bits; one flipped bit in any array of any slot is found and named, and so is
what no run can have written; pending slots are left alone; samples are what they should be; one slot is shown by epoch; the
same under mpirun.

Usage: verify.py PICKY [--seed S]"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import h5py

# Small, with every array that there is, padding, rejected models and some that diverge.
SWEEP = """replicates = 4; seed = 3;
store = ["weights", "initial_weights", "test_set", "train_set"];
model = { epochs = 2; N_train = 40; N_test = 5; max_attempts = 2; hidden_size = 5; hidden_layers = 3; };
cases = (
  { error_threshold = 100.0; output_activation = "linear"; },
  { N_train = 50; hidden_size = 4; hidden_layers = 2; },
  { optimizer = "sgd"; lr = 10.0; output_activation = "linear"; max_attempts = 1; epochs = 20; }
);
"""


class Array:
    def __init__(self, x, n_slots):
        self.offset, self.n_bytes = x.id.get_offset(), x.size * x.dtype.itemsize // n_slots
        self.item = x.dtype.itemsize


class Test:
    def __init__(self, picky, rng):
        self.picky, self.rng = picky, rng
        self.run(["run", "sweep.cfg", "-o", "whole.h5"], 0)
        with open("whole.h5", "rb") as f:
            self.whole = f.read()
        with h5py.File("whole.h5", "r") as f:
            self.shape = f["status"].shape
            self.status = f["status"][:].ravel().tolist()
            self.arrays = {name: Array(x, f["status"].size) for name, x in f.items()
                           if isinstance(x, h5py.Dataset) and x.shape[:2] == self.shape}
        assert {1, 2, 3} <= set(self.status), f"not every outcome: {self.status}"
        assert len(self.arrays) == 24, f"not every array: {sorted(self.arrays)}"

    def run(self, arguments, code, ranks=0):
        launcher = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none"] if ranks else []
        run = subprocess.run(launcher + [self.picky, *arguments], capture_output=True, text=True, timeout=200)
        assert run.returncode == code, f"{arguments}: exit code {run.returncode}, not {code}\n{run.stdout}{run.stderr}"
        return run.stdout, run.stderr

    def changed(self, name, changes):
        """A file with other bytes: changes is a list of (offset, bytes)."""
        found = bytearray(self.whole)
        for offset, data in changes:
            found[offset:offset + len(data)] = data
        with open(name, "wb") as f:
            f.write(found)
        return name

    def flip(self, case):
        """One bit flipped in one element of one array is found, and named."""
        name, slot = case
        array = self.arrays[name]
        byte = self.rng.randrange(array.n_bytes)
        bit = self.rng.randrange(8)
        if name == "status":  # to another outcome: a pending slot is nobody's, and others are no status
            bit = {1: 1, 2: 0, 3: 0}[self.status[slot]]
        at = array.offset + slot * array.n_bytes + byte
        file = self.changed(f"flipped-{name}-{slot}.h5", [(at, bytes([self.whole[at] ^ 1 << bit]))])
        said, _ = self.run(["verify", file, "--all"], 4)
        os.unlink(file)
        lines = said.splitlines()
        place = f"{name}[{slot // self.shape[1]}, {slot % self.shape[1]}"
        found = [line for line in lines if f"{place}, " in line or f"{place}]" in line]
        assert len(found) == 1 and " in the file, " in found[0], f"{file}: {said}"
        assert f": configuration {slot // self.shape[1]} (" in found[0] and "optimizer = " in found[0]
        assert f", replicate {slot % self.shape[1]}: " in found[0]
        # The element that was flipped is the one that is named.
        index = [int(i) for i in re.search(r"\[([0-9, ]+)\]", found[0]).group(1).split(",")]
        with h5py.File("whole.h5", "r") as f:
            x, flat = f[name], 0
            for i, n in zip(index, x.shape):
                flat = flat * n + i
        assert flat == slot * (array.n_bytes // array.item) + byte // array.item, f"{index} is not the element"
        assert "1 differ" in lines[-1]

    def flips(self):
        cases = []
        for name in self.arrays:
            # One of each kind of outcome: in a slot that failed, and in padding, the right value is NaN.
            for outcome in (1, 2, 3):
                cases.append((name, self.rng.choice([i for i, s in enumerate(self.status) if s == outcome])))
        with ThreadPoolExecutor(4) as pool:
            n = len(list(pool.map(self.flip, cases)))
        print(f"{n} flipped bits found")

    def one_line(self, file, pattern):
        said, line = self.run(["verify", file], 2)
        assert re.fullmatch(f"picky: {file}: {pattern}\n", line) and not said, f"{file}: {said}{line}"

    def structure(self):
        """What is wrong without any job done again: the changed slot need not be in the sample."""
        status, seed, attempts = (self.arrays[name] for name in ("status", "seed", "attempts"))
        self.one_line(self.changed("bad.h5", [(status.offset + 5, b"\x05")]), "damaged or incomplete file: status 5 .*")
        accepted, diverged = self.status.index(1), self.status.index(3)
        for text, changes in (
                ("seed 77, not ", [(seed.offset + 8 * accepted, b"M\0\0\0\0\0\0\0")]),
                ("accepted after 0 attempts of 2", [(attempts.offset + 2 * accepted, b"\0\0")]),
                ("accepted after 3 attempts of 2", [(attempts.offset + 2 * accepted, b"\3\0")]),
                ("accepted, with a test_loss of nan", [(status.offset + diverged, b"\1")]),
                ("diverged, with a test_loss of ", [(status.offset + accepted, b"\3")])):
            said, _ = self.run(["verify", self.changed("bad.h5", changes), "--sample", "1"], 4)
            assert text in said.splitlines()[0] and "1 of all are not what a run writes" in said, said
        # Another program has taken a dimension away.
        self.changed("bad.h5", [])
        with h5py.File("bad.h5", "r+") as f:
            f["importance"].dims[4].detach_scale(f["layer"])
        self.one_line("bad.h5", "damaged or incomplete file: axis 4 of its array importance is not layer")
        # Coordinates, which no job has to do with.
        for name in ("epoch", "task", "layer", "hidden_layer", "context_layer"):
            self.changed("bad.h5", [])
            with h5py.File("bad.h5", "r+") as f:
                f[name][-1] += 1 << 40
            self.one_line("bad.h5", f"damaged or incomplete file: its [a-z]+ {name} is not what picky writes")
        for name in ("input", "measure", "pair"):
            self.changed("bad.h5", [])
            with h5py.File("bad.h5", "r+") as f:
                f[name][0] = "other"
            self.one_line("bad.h5", f"damaged or incomplete file: its coordinate {name} is not what picky writes")
        self.changed("bad.h5", [])
        with h5py.File("bad.h5", "r+") as f:
            del f["mean_activation"]
        self.one_line("bad.h5", "damaged or incomplete file: it has no array mean_activation")
        self.one_line("sweep.cfg", r"not a results file of picky \(not an HDF5 file\)")
        self.one_line("none.h5", "No such file or directory")

    def many_lines(self):
        """At most 20, and how many more."""
        x = self.arrays["output_bias"], self.arrays["biases"]
        n_slots = self.shape[0] * self.shape[1]
        changes = [(a.offset + slot * a.n_bytes, b"\1\2\3\4") for a in x for slot in range(n_slots)]
        said, _ = self.run(["verify", self.changed("bad.h5", changes), "--all"], 4, ranks=2)
        lines = said.splitlines()
        assert len(lines) == 22 and f": {2 * n_slots - 20} more lines like these" in lines[20], said
        assert f": {n_slots} differ, 0 of all" in lines[21], said

    def samples(self):
        n_slots = self.shape[0] * self.shape[1]
        for arguments, ranks, n in ((["--all"], 0, n_slots), ([], 0, n_slots), (["--sample", "5"], 0, 5),
                                    (["--all"], 3, n_slots), (["--sample", "1"], 2, 1)):
            said, _ = self.run(["verify", "whole.h5", *arguments], 0, ranks)
            assert re.fullmatch(rf"whole.h5: {n_slots} of {n_slots} slots done; {n} done again( \(--seed \d+\))?: "
                                r"all bits are the same\n", said), said
        # A seed chooses: what one seed finds it finds again, and another seed does not always.
        output_bias = self.arrays["output_bias"]
        self.changed("bad.h5", [(output_bias.offset + i * 4, b"\1\2\3\4") for i in range(n_slots // 2)])
        found = []
        for seed in "1", "1", "2", "3", "4":
            run = subprocess.run([self.picky, "verify", "bad.h5", "--sample", "4", "--seed", seed], capture_output=True,
                                 text=True, timeout=200)
            assert run.returncode == (4 if " differ, " in run.stdout else 0), run
            found.append(run.stdout)
        assert found[0] == found[1] and len(set(found)) > 2, found
        # Pending slots are left alone, whatever lies in them.
        status = self.arrays["status"]
        pending = [(status.offset, bytes(n_slots // 2))]
        pending += [(a.offset, b"\xa5" * (a.n_bytes * (n_slots // 2)))
                    for name, a in self.arrays.items() if name != "status"]
        said, _ = self.run(["verify", self.changed("part.h5", pending), "--all"], 0)
        assert f"part.h5: {n_slots - n_slots // 2} of {n_slots} slots done; {n_slots - n_slots // 2} done again" in said
        said, _ = self.run(["verify", self.changed("empty.h5", [(status.offset, bytes(n_slots))])], 0)
        assert said == f"empty.h5: 0 of {n_slots} slots done; 0 done again\n", said
        # Jobs that could not run are not to be had again.
        said, _ = self.run(["verify", self.changed("error.h5", [(status.offset + self.status.index(3), b"\4")]),
                            "--all"], 0)
        assert f"(1 with an error: not to be done again); {n_slots - 1} done again: all" in said, said
        for arguments in (["--sample", "0"], ["--sample", "-1"], ["--sample", "2x"], ["--seed", "9007199254740992"],
                          ["--all", "--sample", "3"]):
            said, line = self.run(["verify", "whole.h5", *arguments], 2)
            assert not said and line.count("\n") == 1 and "allowed: " in line, line

    def one_slot(self):
        """train --from and verify --config: what the file holds, by epoch, beside what is computed; and the verdict."""
        n_replicates, label = self.shape[1], r"\(.*optimizer = .*\)"
        with h5py.File("whole.h5", "r") as f:
            error, loss, epochs = f["test_error"][:], f["train_loss"][:], f["epochs"][:]

        def both(file, config, replicate, code):
            slot = ["--config", str(config), "--replicate", str(replicate)]
            said, _ = self.run(["train", "--from", file, *slot], code)
            for ranks in (0, 2) if replicate == 0 else (0,):
                assert self.run(["verify", file, *slot], code, ranks)[0] == said, said
            return said

        for outcome in (1, 2, 3):
            c, r = divmod(self.status.index(outcome), n_replicates)
            said = both("whole.h5", c, r, 0)
            name = {1: "accepted", 2: "rejected", 3: "diverged"}[outcome]
            assert re.search(rf"\nseed +{3 + r}\n", said) and f"\nin the file: {name} after " in said, said
            assert re.search(rf"\nwhole.h5: configuration {c} {label}, replicate {r}: all bits are the same\n$", said), said
            rows = [[float(x) for x in line.split()] for line in said.splitlines() if re.match(r" +\d+  ", line)]
            assert len(rows) == (0 if outcome == 3 else epochs[c] + 1), said
            for epoch, row in enumerate(rows):
                expected = [loss[c, r, epoch], *error[c, r, epoch]]
                for k, value in enumerate(expected):
                    assert row[1 + 2 * k] == row[2 + 2 * k] and abs(row[1 + 2 * k] - value) < 1e-6, (row, expected)
        # A bit of a history, and one of another array; of another slot they are not looked for.
        for name, at in (("test_error", 4), ("biases", 0)):
            array, slot = self.arrays[name], self.status.index(1)
            byte = array.offset + slot * array.n_bytes + at
            file = self.changed("bad.h5", [(byte, bytes([self.whole[byte] ^ 1]))])
            c, r = divmod(slot, n_replicates)
            said = both(file, c, r, 4)
            assert said.count("  differs\n") == (name == "test_error"), said
            assert re.search(rf"replicate {r}: {name}\[{c}, {r}, .*\] *: .* in the file, .* computed anew", said), said
            assert said.endswith(f"replicate {r}: the bits are not the same\n"), said
            both(file, c, (r + 1) % n_replicates, 0)
        status, attempts = self.arrays["status"], self.arrays["attempts"]
        c, r = divmod(self.status.index(1), n_replicates)
        at = c * n_replicates + r
        said = both(self.changed("bad.h5", [(attempts.offset + 2 * at, b"\0\0")]), c, r, 4)
        assert "accepted after 0 attempts of 2" in said and said.endswith("the bits are not the same\n"), said
        # Nothing to compare with, and numbers that are none.
        where = rf": configuration {c} {label}, replicate {r}: "
        for file, slot, pattern in (
                (self.changed("pending.h5", [(status.offset + at, b"\0")]), (c, r), where + "pending, nothing .* --resume .*"),
                (self.changed("error.h5", [(status.offset + at, b"\4")]), (c, r), where + "it ended with an error, .* --retry"),
                ("whole.h5", (self.shape[0], 0), f"--config {self.shape[0]}: allowed: from 0 to {self.shape[0] - 1}, .*"),
                ("whole.h5", (0, n_replicates), f"--replicate {n_replicates}: allowed: from 0 to {n_replicates - 1}, .*"),
                ("whole.h5", (-1, 0), "--config -1: allowed: "), ("whole.h5", ("1x", 0), "--config 1x: allowed: "),
                ("none.h5", (0, 0), "none.h5: No such file"), ("sweep.cfg", (0, 0), "not a results file")):
            for words in (["train", "--from", file], ["verify", file]):
                said, line = self.run([*words, "--config", str(slot[0]), "--replicate", str(slot[1])], 2)
                assert not said and line.count("\n") == 1 and re.search(pattern, line), line
        for words in (["train", "--from", "whole.h5"], ["train", "--from", "whole.h5", "--config", "0"],
                      ["verify", "whole.h5", "--replicate", "0"], ["train", "--config", "0", "--replicate", "0"],
                      ["train", "--from", "whole.h5", "--config", "0", "--replicate", "0", "--set", "epochs=3"],
                      ["train", "--from", "whole.h5", "--config", "0", "--replicate", "0", "--seed", "3"],
                      ["verify", "whole.h5", "--config", "0", "--replicate", "0", "--all"]):
            said, line = self.run(words, 2)
            assert not said and line.count("\n") == 1 and re.search("--(config|from)", line), line
        self.run(["run", "sweep.cfg", "-o", "shard.h5", "--shard", "1/2"], 0)
        self.run(["run", "sweep.cfg", "-o", "null.h5", "--null-jobs"], 0)
        for file, pattern in (("shard.h5", "not of its shard, 1/2"), ("null.h5", "made up")):
            _, line = self.run(["train", "--from", file, "--config", "0", "--replicate", "1"], 2)
            assert pattern in line and line.count("\n") == 1, line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("picky", type=os.path.abspath)
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 6))
    arguments = parser.parse_args()
    print(f"--seed {arguments.seed}", flush=True)
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("sweep.cfg", "w") as f:
            f.write(SWEEP)
        test = Test(arguments.picky, random.Random(arguments.seed))
        test.samples()
        test.one_slot()
        test.structure()
        test.many_lines()
        test.flips()
    print("all as it should be")


if __name__ == "__main__":
    sys.exit(main())
