#!/usr/bin/env python3
"""Failing I/O: each call that a run makes on its output (io_shim.c) fails once, in turn: open, truncate, sync, rename,
unlink, lock, and a sample of the writes and reads; and the disk is full, or the quota is reached, from some write on. Each time picky ends with one line
that names the file and the right exit code, the file is not there or whole, every slot that is marked done is right, and
--resume completes it to the bits of an undisturbed run. The same for calls of a run that resumes.

Usage: faults.py PICKY IO_SHIM.so [--all]      --all: no samples; each read, and each write in each way"""
import argparse
import errno
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import h5py

# A few jobs of two shapes, some of which diverge: milliseconds.
SWEEP = """replicates = 3; seed = 3;
model = { epochs = 2; N_train = 40; N_test = 5; max_attempts = 2; hidden_size = 4; hidden_layers = 2; };
cases = ( { }, { optimizer = "sgd"; lr = 10.0; output_activation = "linear"; hidden_size = 3; } );
"""


class Reference:
    """The undisturbed file, and where its arrays lie: there they lie in every file of the sweep."""

    def __init__(self, name):
        with open(name, "rb") as f:
            self.bytes = f.read()
        with h5py.File(name, "r") as f:
            self.n_slots = f["status"].size
            self.places = self.find(f)

    @staticmethod
    def find(f):
        """name -> (offset, bytes of a slot), of all arrays by slot."""
        shape, n_slots = f["status"].shape, f["status"].size
        return {name: (x.id.get_offset(), x.size * x.dtype.itemsize // n_slots) for name, x in f.items()
                if isinstance(x, h5py.Dataset) and x.shape[:2] == shape}

    def look(self, path):
        """The number of done slots, all of which must be right."""
        with h5py.File(path, "r") as f:
            assert self.find(f) == self.places, "arrays lie elsewhere"
        with open(path, "rb") as f:
            found = f.read()
        start = self.places["status"][0]
        done = [i for i in range(self.n_slots) if found[start + i]]
        for name, (offset, n) in self.places.items():
            for i in done:
                part = slice(offset + i * n, offset + (i + 1) * n)
                assert found[part] == self.bytes[part], f"{name} of slot {i} is wrong"
        return len(done)

    def part(self, path, rest=b"\xa5"):
        """A file in which the later half of each array by slot has not been written: `rest` lies there."""
        found = bytearray(self.bytes)
        half = self.n_slots // 2
        for name, (offset, n) in self.places.items():
            found[offset + half * n:offset + self.n_slots * n] = \
                (b"\0" if name == "status" else rest) * ((self.n_slots - half) * n)
        with open(path, "wb") as f:
            f.write(found)


class Trial:
    def __init__(self, arguments, reference):
        self.arguments, self.reference = arguments, reference

    def run(self, folder, shim=None):
        env = dict(os.environ)
        if shim:
            env.update(LD_PRELOAD=self.arguments.shim, IO_SHIM_NAME="out.h5", **shim)
        return subprocess.run([self.arguments.picky, "run", "../sweep.cfg", "-o", "out.h5", "--resume"], cwd=folder,
                              env=env, capture_output=True, text=True, timeout=120)

    def __call__(self, what):
        """what: (FAMILY:K:HOW:TIMES, whether the run resumes). The families made to fail: empty if K was not reached."""
        fault, resumes = what
        with tempfile.TemporaryDirectory(dir=".") as folder:
            if resumes:
                shutil.copy("part.h5", f"{folder}/out.h5")
            run = self.run(folder, {"IO_SHIM_FAULT": fault, "IO_SHIM_REPORT": "report"})
            with open(f"{folder}/report") as f:
                families = [line[0] for line in f if not line.startswith("total")]
            try:
                self.check(fault, resumes, folder, families, run)
            except Exception as e:
                raise AssertionError(f"{fault}{', resuming' if resumes else ''} ({''.join(families)[:20]}): exit code "
                                     f"{run.returncode}\n{run.stderr[-300:]}: {type(e).__name__} {e}") from e
            return families

    def check(self, fault, resumes, folder, families, run):
        how = fault.split(":")[2]
        reason = None if how == "short" else os.strerror(int(how))
        out = f"{folder}/out.h5"
        lines = run.stderr.splitlines()
        if not families or how == "short" or (run.returncode == 0 and set(families) <= set("lotu")):
            # Not reached; a short write is gone on with; a filesystem without locks is warned of; the others were
            # trials, with another way to go on.
            assert run.returncode == 0 and self.reference.look(out) == self.reference.n_slots
            assert "l" not in families or "no file locks here" in run.stderr
            return
        # What cannot be opened is bad input (2); all else is fatal (3).
        is_opening = "o" in families or "HDF5 cannot open it" in lines[-1]
        allowed = {2, 3} if is_opening else {3}
        assert run.returncode in allowed, f"allowed: {allowed}"
        assert "out.h5" in lines[-1] and lines[-1].startswith("picky: "), "no line with the file's name"
        assert sum(reason in line for line in lines) == 1 and reason in lines[-1], "not one line with the reason"
        assert "stopped early" not in run.stderr
        if os.path.exists(out):
            done = self.reference.look(out)
            assert done >= (self.reference.n_slots // 2 if resumes else 0), "finished slots are gone"
        else:
            assert not resumes, "the file is gone"
        if "u" not in families:
            assert not os.path.exists(out + ".picky-draft"), "FILE.picky-draft is left"
        if not set(os.listdir(folder)) - {"report"}:
            return  # nothing is left: a new run
        again = self.run(folder)
        assert again.returncode == 0, f"--resume: {again.stderr}"
        assert self.reference.look(out) == self.reference.n_slots


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("picky", type=os.path.abspath)
    parser.add_argument("shim", type=os.path.abspath)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 6))
    arguments = parser.parse_args()
    print(f"--seed {arguments.seed}")
    rng = random.Random(arguments.seed)

    def sample(ks, n):
        return ks if arguments.all or len(ks) <= n else rng.sample(ks, n)

    n_trials, problems = 0, []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("sweep.cfg", "w") as f:
            f.write(SWEEP)
        os.mkdir("whole")
        trial = Trial(arguments, None)
        totals = {}
        for resumes in (False, True):
            run = trial.run("whole", {"IO_SHIM_REPORT": f"report{resumes}"})
            assert run.returncode == 0, run.stderr
            with open(f"whole/report{resumes}") as f:
                totals[resumes] = Counter()
                for _, family, n in map(str.split, f):  # of MPI's processes too, which have none
                    totals[resumes][family] += int(n)
            if not resumes:
                trial.reference = Reference("whole/out.h5")
                trial.reference.part("part.h5")
                trial.reference.part("whole/out.h5")
        assert trial.reference.look("part.h5") == trial.reference.n_slots // 2
        trials = []
        for resumes, total in totals.items():
            # Each call in turn.
            trials += [(f"{family}:{k}:{errno.EIO}:once", resumes) for family, n in total.items()
                       for k in sample(range(1, n + 1), {"r": 10, "w": 60}.get(family, n))]
            for family, how, times in (("w", errno.ENOSPC, "on"), ("w", errno.EDQUOT, "once"), ("w", "short", "once"),
                                       ("w", "short", "on"), ("o", errno.EROFS, "once"), ("o", errno.EACCES, "on"),
                                       ("d", errno.ENOSPC, "on"), ("s", errno.EDQUOT, "once"),
                                       ("t", errno.ENOSPC, "once"), ("l", errno.ENOLCK, "on")):
                trials += [(f"{family}:{k}:{how}:{times}", resumes) for k in sample(range(1, total[family] + 1), 5)]
        missed = []

        def attempt(what):
            try:
                if not trial(what):
                    missed.append(what)
            except (AssertionError, subprocess.TimeoutExpired) as e:
                problems.append(str(e))

        with ThreadPoolExecutor(4) as pool:
            n_trials = len(list(pool.map(attempt, trials)))
        # All but the last few were reached: batches are made by time, and so their number differs.
        if len(missed) > 20:
            problems.append(f"not reached: {missed}")
    for resumes, total in totals.items():
        print(f"{'a run that resumes' if resumes else 'a run'}: {dict(total)}")
    for problem in problems[:20]:
        print("FAILED:", problem)
    print(f"{n_trials} trials, {len(problems)} problems")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
