#!/usr/bin/env python3
"""picky verify: an untouched file has the same bits; one flipped bit in any array of any slot is found and named, and so is
what no run can have written; pending slots are left alone; samples are what they should be; the same under mpirun.

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
        test.structure()
        test.many_lines()
        test.flips()
    print("all as it should be")


if __name__ == "__main__":
    sys.exit(main())
