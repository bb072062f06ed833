#!/usr/bin/env python3
"""Runs that are killed, again and again: the coordinator, a worker or mpirun, while the file is made, while a run starts or
resumes, and in the middle; the next run resumes, on any number of ranks. At any moment the file opens, what is done in it
is right, nothing that was done is lost, and in the end it is the file of a run that was never interrupted.

Usage: kills.py PICKY SLOW_SHIM.so [--kills N] [--creations N] [--seed S]      the kills in the middle are at least a third of N"""
import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import h5py

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from compare_results import Contents, compare  # noqa: E402

# Jobs of five shapes, some accepted, some rejected, some diverging, some only after many attempts (they move between
# ranks); several syncs' worth of time.
SWEEP = """name = "to be killed"; replicates = 300; seed = 3;
model = { epochs = 8; N_train = 400; N_test = 21; max_attempts = 3; };
cases = (
  { grid = { hidden_size = [10, 40]; context_location = ("start", "end"); }; },
  { train_mode = "replay"; fraction = 0.4; hidden_layers = 2; hidden_size = 8; },
  { optimizer = "sgd"; lr = 10.0; output_activation = "linear"; hidden_size = 6; },
  { hidden_size = 5; epochs = 1; N_train = 2000; max_attempts = 12; error_threshold = 0.25; }
);
"""
PATIENCE_S = 100


class Run:
    """A run in the background; with a shim on slow cores."""

    def __init__(self, picky, ranks, output, shim=""):
        launcher = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none"] if ranks else []
        self.log = open("run.log", "w")
        self.launcher = subprocess.Popen(launcher + [picky, "run", "sweep.cfg", "-o", output, "--resume"],
                                         stderr=self.log, env={**os.environ, "LD_PRELOAD": shim})
        self.uses_mpirun = ranks > 0

    def is_over(self):
        return self.launcher.poll() is not None

    def ranks(self):
        """The process ids of mpirun's ranks, as far as they have started."""
        try:
            with open(f"/proc/{self.launcher.pid}/task/{self.launcher.pid}/children") as f:
                return [int(pid) for pid in f.read().split()]
        except FileNotFoundError:
            return []

    def kill(self, rng):
        """Kills one of its processes, which ends all. What was killed, or None if it was over before."""
        ranks = self.ranks() if self.uses_mpirun else []
        victim = rng.choice([None] + list(range(len(ranks))))
        if self.is_over():
            return None
        try:
            os.kill(self.launcher.pid if victim is None else ranks[victim], signal.SIGKILL)
        except ProcessLookupError:
            return None
        self.wait()
        # Without mpirun its ranks end by themselves.
        end = time.monotonic() + 20
        for pid in ranks:
            while is_process(pid) and time.monotonic() < end:
                time.sleep(0.02)
            if is_process(pid):
                print(f"rank with process id {pid} outlived its mpirun by 20 s")
                os.kill(pid, signal.SIGKILL)
        return "alone" if not self.uses_mpirun else "mpirun" if victim is None else f"rank {victim}"

    def wait(self):
        self.launcher.wait(PATIENCE_S)
        self.log.close()
        return self.launcher.returncode


def is_process(pid):
    """Whether a process of this id runs (a dead one that nobody has waited for does not)."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Test:
    def __init__(self, picky, slow_shim, rng):
        self.picky, self.slow_shim, self.rng = picky, slow_shim, rng

    def make_reference(self):
        assert Run(self.picky, 0, "whole.h5").wait() == 0
        with h5py.File("whole.h5", "r") as f:
            self.n_slots, self.status_offset = f["status"].size, f["status"].id.get_offset()
            self.whole = Contents(f)

    def n_done(self, name):
        """Done slots of a file that may be being written, or not be there yet."""
        try:
            with open(name, "rb") as f:
                return len(os.pread(f.fileno(), self.n_slots, self.status_offset).replace(b"\0", b""))
        except FileNotFoundError:
            return 0

    def check(self, name, n_before):
        """What is done in a file that a run has left; it must be right."""
        with h5py.File(name, "r") as f:
            done = f["status"][:] > 0
            differences, n = compare(f, self.whole, None if done.all() else done)
        assert not differences and n >= 20, f"{name}: {differences}"
        assert done.sum() >= n_before, f"{name}: {n_before} slots were done, {done.sum()} are"
        status = subprocess.run([self.picky, "status", name], capture_output=True, text=True)
        told = [line.split()[1] for line in status.stdout.splitlines() if line.split()[:1] == ["done"]]
        assert told == [str(done.sum())], f"picky status: {status.stdout}{status.stderr}"
        return int(done.sum())

    def wait_until(self, run, happened, every_s=0.01):
        end = time.monotonic() + PATIENCE_S
        while not happened() and not run.is_over():
            assert time.monotonic() < end, "a run does not get on"
            time.sleep(every_s)

    def creation(self, n_rounds):
        """Kills while the file is made: afterwards there is none, or a whole one."""
        ends = {"no file": 0, "FILE.picky-draft left": 0, "a file": 0}
        for i in range(n_rounds):
            for name in ("new.h5", "new.h5.picky-draft"):
                if os.path.exists(name) and (name == "new.h5" or i % 2):  # else a leftover is in the next one's way
                    os.unlink(name)
            run = Run(self.picky, 0, "new.h5")
            if i % 4 == 0:
                time.sleep(self.rng.uniform(0, 0.01))  # before
            elif i % 4 == 1:
                self.wait_until(run, lambda: os.path.exists("new.h5"), 0.002)  # just after
            else:
                self.wait_until(run, lambda: os.path.exists("new.h5.picky-draft") or os.path.exists("new.h5"), 0.002)
                time.sleep(self.rng.uniform(0, 0.004 if i % 4 == 2 else 0.02))
            run.kill(self.rng)
            if os.path.exists("new.h5"):
                self.check("new.h5", 0)
                ends["a file"] += 1
            else:
                ends["FILE.picky-draft left" if os.path.exists("new.h5.picky-draft") else "no file"] += 1
        print(f"killed while the file was made: {ends}")
        assert ends["a file"] and ends["no file"] + ends["FILE.picky-draft left"]
        assert Run(self.picky, 0, "new.h5").wait() == 0
        assert self.check("new.h5", 0) == self.n_slots and not os.path.exists("new.h5.picky-draft")

    def kills(self, n_kills):
        """Kills of whole runs until there are enough, and enough in the middle."""
        n = n_middle = n_files = n_done = n_runs = 0
        victims = {}
        while n < n_kills or n_middle < n_kills // 3:
            assert n < 4 * n_kills, f"only {n_middle} of {n} kills came in the middle"
            if n_done == self.n_slots:
                os.unlink("killed.h5")
                n_files, n_done = n_files + 1, 0
            run = Run(self.picky, self.rng.choice([0, 0, 1, 2, 3]), "killed.h5", self.rng.choice(["", *2 * [self.slow_shim]]))
            if self.rng.random() < 0.3:
                time.sleep(self.rng.uniform(0, 0.4))  # starting or resuming
            else:
                before = n_done
                self.wait_until(run, lambda: self.n_done("killed.h5") > before)
                time.sleep(self.rng.uniform(0, 0.3))
            victim = run.kill(self.rng)
            if victim is None:
                assert run.wait() == 0
            else:
                n += 1
                victims[victim] = victims.get(victim, 0) + 1
            if os.path.exists("killed.h5"):
                had = n_done
                n_done = self.check("killed.h5", had)
                n_middle += victim is not None and had < n_done < self.n_slots
            n_runs += 1
        assert Run(self.picky, 3, "killed.h5").wait() == 0
        assert self.check("killed.h5", n_done) == self.n_slots
        print(f"{n} kills, {n_middle} in the middle, {n_files + 1} files finished; killed: {victims}")

    def log_of_runs(self):
        """Each run that wrote is on record, and their jobs are those of the file, but for what a killed run did after
        its last entry."""
        with h5py.File("killed.h5", "r") as f:
            runs = f["provenance/runs"]
            n = int((runs["ranks"][:] > 0).sum())
            start, end = runs["start"][:n], runs["end"][:n]
            assert n >= 1 and (runs["ranks"][:n] > 0).all() and (runs["ranks"][n:] == 0).all()
            assert (start <= end).all() and (end[:-1] <= start[1:]).all()
            assert 0 < runs["jobs"][:n].sum() <= self.n_slots, runs["jobs"][:n]
            assert b"".join(runs["hosts"][0]).rstrip(b"\0"), "no host"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("picky", type=os.path.abspath)
    parser.add_argument("slow_shim", type=os.path.abspath)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--creations", type=int, default=24)
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 6))
    arguments = parser.parse_args()
    print(f"--seed {arguments.seed}", flush=True)
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("sweep.cfg", "w") as f:
            f.write(SWEEP)
        test = Test(arguments.picky, arguments.slow_shim, random.Random(arguments.seed))
        try:
            test.make_reference()
            test.creation(arguments.creations)
            test.kills(arguments.kills)
            test.log_of_runs()
        except AssertionError:
            with open("run.log") as f:
                print(f.read()[-2000:])
            raise


if __name__ == "__main__":
    main()
