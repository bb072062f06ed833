#!/usr/bin/env python3
"""Real trouble with files: a filesystem that is full or read-only, a limit on file size, a file that is taken away during a
run, damaged ones. Each ends with one clear line and the right exit code; nothing finished is lost, and --resume goes on.

Usage: disk.py PICKY"""
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

import h5py

from faults import Reference

SWEEP = """replicates = 250; seed = 3; store = ["weights", "test_set"];
model = { epochs = 2; N_train = 40; N_test = 60; max_attempts = 2; hidden_size = 40; hidden_layers = 3; };
grid = { context_location = ["start", "end"]; };
"""


def cover(metadata, dataset):
    """Takes an array out of the metadata, but for arrays of texts: what is stored of those points to texts elsewhere."""
    start = dataset.id.get_offset()
    if start and dataset.dtype.kind != "O":
        metadata[start:start + dataset.size * dataset.dtype.itemsize] = bytes(dataset.size * dataset.dtype.itemsize)


class Test:
    def __init__(self, picky):
        self.picky = picky
        self.run(["sweep.cfg", "-o", "whole.h5"], 0)
        self.reference = Reference("whole.h5")

    def run(self, arguments, code, line=None, command="run", **more):
        """Exit code and, if it is not 0, the pattern of the last line, the only one of its kind."""
        run = subprocess.run([self.picky, command, *arguments], capture_output=True, text=True, timeout=120, **more)
        lines = run.stderr.splitlines()
        assert run.returncode == code, f"{arguments}: exit code {run.returncode}, not {code}\n{run.stderr}"
        if line:
            assert re.fullmatch("picky: " + line, lines[-1]), f"{arguments}: {run.stderr}"
            assert not any("HDF5" in other for other in lines[:-1]), run.stderr
        return run

    def part(self, path):
        """Half of the file, and holes for the rest, as a killed run leaves it."""
        self.reference.part(path, b"\0")
        with open(path, "rb") as f:
            found = f.read()
        with open(path, "wb") as f:
            for at in range(0, len(found), 4096):
                page = found[at:at + 4096]
                if page.strip(b"\0"):
                    f.seek(at)
                    f.write(page)
            f.truncate(len(found))

    def finish(self, path):
        """What is done is right, and --resume does the rest."""
        done = self.reference.look(path)
        self.run(["sweep.cfg", "-o", path, "--resume"], 0)
        assert self.reference.look(path) == self.reference.n_slots
        return done

    def small_filesystem(self):
        os.mkdir("small")
        size = len(self.reference.bytes) + 2_000_000
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", "small"], capture_output=True,
                                 text=True)
        if mounted.returncode != 0:
            print(f"skipped: small and read-only filesystems: {mounted.stderr.strip()}")
            return
        try:
            with open("small/ballast", "wb", buffering=0) as f:
                f.write(bytes(3_000_000))
            self.run(["sweep.cfg", "-o", "small/new.h5"], 2, r"small/new\.h5: 2 configurations x 250 replicates need "
                     r"\S+ MB; the free space there is \S+ MB; allowed: .*")
            assert os.listdir("small") == ["ballast"]
            # Room for a part, and then for nothing.
            os.unlink("small/ballast")
            self.part("small/part.h5")
            try:
                with open("small/ballast", "wb", buffering=0) as f:
                    while f.write(bytes(4096)) == 4096:
                        pass
            except OSError:
                pass
            self.run(["sweep.cfg", "-o", "small/part.h5", "--resume"], 3, r"small/part\.h5: writing \S+: No space left on "
                     "device; what is done is safe: make room and go on with --resume")
            os.unlink("small/ballast")
            print(f"disk full: {self.finish('small/part.h5')} slots were kept")

            self.part("small/part.h5")
            subprocess.run(["mount", "-o", "remount,ro", "small"], check=True)
            self.run(["sweep.cfg", "-o", "small/new.h5"], 2, r"small/new\.h5: cannot be created: "
                     "Read-only file system")
            self.run(["sweep.cfg", "-o", "small/part.h5", "--resume"], 2, r"small/part\.h5: Read-only file system")
            self.run(["small/part.h5"], 0, command="status")
            self.run(["small/part.h5"], 0, command="verify")
            subprocess.run(["mount", "-o", "remount,rw", "small"], check=True)
            self.finish("small/part.h5")
        finally:
            subprocess.run(["umount", "small"], check=True)

    def size_limit(self):
        def limit(n):
            return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n))
        n = len(self.reference.bytes)
        self.run(["sweep.cfg", "-o", "new.h5"], 2, r"new\.h5: .* need \S+ MB; the limit on file size \(ulimit -f\) is "
                 r"\S+ MB; allowed: .*", preexec_fn=limit(n * 3 // 4))
        assert not os.path.exists("new.h5") and not os.path.exists("new.h5.picky-draft")
        self.part("part.h5")
        self.run(["sweep.cfg", "-o", "part.h5", "--resume"], 3, r"part\.h5: writing \S+: File too large; what is done is "
                 "safe: go on with --resume", preexec_fn=limit(n * 3 // 4))
        self.finish("part.h5")

    def taken_away(self):
        """During a run: it ends soon, rather than go on for nothing."""
        arguments = ["sweep.cfg", "--set", "replicates=100000", "--set", "hidden_size=8", "-o", "long.h5"]

        def remove():
            os.unlink("long.h5")

        def move():
            os.rename("long.h5", "moved.h5")

        def replace():
            with open("other", "w") as f:
                f.write("something else")
            os.rename("other", "long.h5")

        def truncate():
            os.truncate("long.h5", 1_000_000)

        gone = r"long\.h5: was moved, removed or replaced while this run was writing it"
        for action, line in ((remove, gone), (move, gone), (replace, gone),
                             (truncate, r"long\.h5: was truncated while this run was writing it, from \d+ to \d+ bytes")):
            with open("run.log", "w") as log:
                run = subprocess.Popen([self.picky, "run", *arguments], stderr=log)
            end = time.monotonic() + 60
            while not self.n_done("long.h5"):
                assert time.monotonic() < end and run.poll() is None, "no job is done"
                time.sleep(0.02)
            action()
            try:
                code = run.wait(60)
            except subprocess.TimeoutExpired:
                run.kill()
                raise AssertionError(f"{action.__name__}: the run goes on") from None
            with open("run.log") as f:
                last = f.read().splitlines()[-1]
            assert code == 3 and re.fullmatch(f"picky: {line}", last), f"{action.__name__}: {code}: {last}"
            if action is move:
                self.run(["moved.h5", "--sample", "20"], 0, command="verify")
            if action is replace:
                with open("long.h5") as f:
                    assert f.read() == "something else", "another file was written to"
            if action is truncate:
                self.run(arguments + ["--resume"], 2, r"long\.h5: .*")
            for name in ("long.h5", "moved.h5"):
                if os.path.exists(name):
                    os.unlink(name)

    def n_done(self, path):
        run = subprocess.run([self.picky, "status", path], capture_output=True, text=True)
        found = re.search(r"^ *done +(\d+)", run.stdout, re.M)
        return int(found.group(1)) if found else 0

    def damaged(self):
        """Never a crash, never more than a line."""
        rng = random.Random(1)
        whole = self.reference.bytes
        metadata = bytearray(byte and 1 for byte in whole)
        with h5py.File("whole.h5", "r") as f:
            f.visititems(lambda name, x: cover(metadata, x) if isinstance(x, h5py.Dataset) else None)
        metadata = [i for i, byte in enumerate(metadata) if byte]
        heaps = [i for i in range(0, len(whole), 4096) if whole[i:i + 4] == b"GCOL"]
        assert len(heaps) > 1
        damages = [("truncated", n) for n in (0, 1, 8, 47, 48, 600, 4095, 4096, 100_000, len(whole) // 2, len(whole) - 1)]
        damages += [("flipped", at) for at in range(48)]  # the superblock
        damages += [("flipped", at) for at in rng.sample(metadata, 60)]
        damages += [("flipped", heap + at) for heap in heaps for at in (0, 4, 8, 9, 24, 25)]  # lengths of heaps and texts
        damages += [("zeroed", at) for at in rng.sample(metadata, 20)]
        damages += [("zeroed", heap + at) for heap in heaps for at in (16, 40)]
        n_refused = 0
        for i, (kind, at) in enumerate(damages):
            found = bytearray(whole)
            if kind == "truncated":
                del found[at:]
            elif kind == "zeroed":
                found[at:at + 200] = bytes(len(found[at:at + 200]))
            else:
                found[at] ^= 1 << rng.randrange(8)
            with open("damaged.h5", "wb") as f:
                f.write(found)
            for command, arguments in (("status", []), ("verify", ["--sample", "2"]),
                                       ("run", ["-o", "damaged.h5", "--resume"]))[:1 if i % 5 else 3]:
                operand = "sweep.cfg" if command == "run" else "damaged.h5"
                run = subprocess.run([self.picky, command, operand, *arguments], capture_output=True, text=True,
                                     errors="replace", timeout=60)
                what = f"{kind} at {at}: picky {command}: {run.returncode}\n{run.stdout}{run.stderr}"
                lines = run.stderr.splitlines()
                assert run.returncode in ((0, 2, 4) if command == "verify" else (0, 2)), what
                assert kind != "truncated" or run.returncode == 2, what
                assert (run.returncode == 4) == (" differ, " in run.stdout), what
                if run.returncode == 2:
                    n_refused += 1
                    assert lines[-1].startswith("picky: damaged.h5: "), what
                    assert len(lines) == 1 or "it holds another sweep" in lines[-1], what
        print(f"{len(damages)} damaged files, refused {n_refused} times")


def main():
    picky = os.path.abspath(sys.argv[1])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("sweep.cfg", "w") as f:
            f.write(SWEEP)
        test = Test(picky)
        test.small_filesystem()
        test.size_limit()
        test.taken_away()
        test.damaged()
    print("all as it should be")


if __name__ == "__main__":
    main()
