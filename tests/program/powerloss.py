#!/usr/bin/env python3
"""Power loss, simulated: what a run wrote and synced is recorded (io_shim.c); then, for cuts at random moments, disk
states are made up that a machine without power might be left with, and picky's promise is checked on each: the file opens
(or was not there yet), and every slot that is marked done has the bits of an undisturbed run.

A state holds all that was done before the beginning of a sync that has ended. Of the rest, each page (of 4096 or 512
bytes) has the contents that it had at any moment since, the length is any since, and each change of a name in the
directory is there or not. Negative controls: the same with a sync taken out of the record, or with the order of writes
changed, must fail.

Usage: powerloss.py PICKY IO_SHIM.so [--states N] [--seed S]"""
import argparse
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

import h5py

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from compare_results import Contents, compare  # noqa: E402

HEADER = struct.Struct("=cB6xQqQ")
Entry = namedtuple("Entry", "at family is_directory inode offset data")  # at: its place in the log

# Records of two shapes, a few thousand, in a few megabytes.
SWEEP = """replicates = 1500; seed = 3;
model = { epochs = 20; N_train = 400; N_test = 5; max_attempts = 2; };
cases = ( { hidden_size = 6; hidden_layers = 2; }, { hidden_size = 9; hidden_layers = 2; context_location = "end"; } );
"""


def read_log(name):
    with open(name, "rb") as f:
        text = f.read()
    at, entries = 0, []
    while at < len(text):
        family, is_directory, inode, offset, length = HEADER.unpack_from(text, at)
        data = text[at + HEADER.size:at + HEADER.size + length]
        entries.append(Entry(at, family.decode(), bool(is_directory), inode, offset, data))
        at += HEADER.size + length
    return entries


def put(state, offset, data):
    state.extend(bytes(max(0, offset + len(data) - len(state))))
    state[offset:offset + len(data)] = data


def resize(state, size):
    del state[size:]
    state.extend(bytes(size - len(state)))


class File:
    """One inode: what is durable, and what was done to it that no sync covers."""

    def __init__(self):
        self.durable = bytearray()
        self.current = bytearray()
        self.changes = []  # (at, offset, data, length of the file after it): since then

    def write(self, at, offset, data):
        put(self.current, offset, data)
        self.changes.append((at, offset, data, len(self.current)))

    def truncate(self, at, size):
        # What is cut off reads as zeros if the file grows again.
        cut = bytes(max(0, len(self.current) - size))
        resize(self.current, size)
        self.changes.append((at, size, cut, size))

    def sync(self, began):
        """A sync that has ended: all that was done before it began is durable."""
        for _, offset, data, size in (c for c in self.changes if c[0] < began):
            put(self.durable, offset, data)
            resize(self.durable, size)
        self.changes = [c for c in self.changes if c[0] >= began]

    def after_power_loss(self, rng, page, keep):
        """keep: the probability that a page is the newest one, and that it is the durable one is the half of the rest."""
        pieces = {}
        for _, offset, data, _ in self.changes:
            at = 0
            while at < len(data):
                n = min(len(data) - at, page - (offset + at) % page)
                pieces.setdefault((offset + at) // page, []).append((offset + at, data[at:at + n]))
                at += n
        sizes = [c[3] for c in self.changes]
        size = rng.choice([len(self.durable), len(self.current)] + sizes[-20:])
        if keep in (0, 1):
            size = len(self.current) if keep else len(self.durable)
        state = bytearray(self.durable)
        state.extend(bytes(max(0, len(self.current) - len(state), max(sizes, default=0) - len(state))))
        for changes in pieces.values():
            n = len(changes)
            if rng.random() >= keep:
                n = 0 if rng.random() < 0.5 else rng.randint(0, len(changes))
            for offset, data in changes[:n]:
                state[offset:offset + len(data)] = data
        del state[size:]
        return state


class Disk:
    """The directory and its files."""

    def __init__(self):
        self.files = {}
        self.durable, self.current = {}, {}  # name -> inode
        self.changes = []  # (name, inode or None) since the directory's last sync

    def change(self, name, inode):
        self.changes.append((name, inode))
        if inode is None:
            self.current.pop(name, None)
        else:
            self.current[name] = inode

    def do(self, entry):
        if entry.family == "o":
            self.files[entry.inode] = File()  # an inode's number may have been another file's
            self.change(entry.data.decode(), entry.inode)
        elif entry.family == "w":
            self.files[entry.inode].write(entry.at, entry.offset, entry.data)
        elif entry.family == "t":
            self.files[entry.inode].truncate(entry.at, entry.offset)
        elif entry.family in "sd" and entry.is_directory:
            self.durable, self.changes = dict(self.current), []
        elif entry.family in "sd":
            self.files[entry.inode].sync(entry.offset)
        else:
            old, new = entry.data.decode().split("\0")
            if entry.family in "mL":
                self.change(new, self.current[old])
            if entry.family in "mu":
                self.change(old, None)

    def after_power_loss(self, rng, name):
        """The contents of a file, or None."""
        page = rng.choice([4096, 512])
        keep = rng.choice([0, 0.1, 0.5, 0.9, 1])
        names = dict(self.durable)
        for changed, inode in self.changes:
            if rng.random() < 0.5:
                names[changed] = inode
        inode = names.get(name)
        return None if inode is None else self.files[inode].after_power_loss(rng, page, keep)


class Checker:
    def __init__(self, picky, reference):
        self.picky = picky
        with h5py.File(reference, "r") as f:
            self.reference = Contents(f)

    def check(self, state, must_be_there, must_be_whole, programs):
        """None, or what is wrong. In a process of its own: HDF5 may crash or go round in circles on a damaged file."""
        if state is None:
            return "the file is gone" if must_be_there else None
        with open("state.h5", "wb") as f:
            f.write(state)
        out, into = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            try:
                problem = self.look(must_be_whole, programs) or ""
            except Exception as e:  # any: h5py has many ways to fail
                problem = f"{type(e).__name__}: {e}"
            os.write(into, problem.encode()[:4000])
            os._exit(0)
        os.close(into)
        with os.fdopen(out, "rb") as f:
            problem = f.read().decode()
        status = os.waitpid(child, 0)[1]
        return problem or (f"reading it ended by signal {os.WTERMSIG(status)}" if status else None)

    def look(self, must_be_whole, programs):
        with h5py.File("state.h5", "r") as f:
            done = f["status"][:] > 0
            if must_be_whole and not done.all():
                return f"{(~done).sum()} slots are lost"
            differences, n = compare(f, self.reference, done)
            if differences or n < 20:
                return f"{done.sum()} slots done, {differences}"
        if programs:
            run = subprocess.run([self.picky, "status", "state.h5"], capture_output=True, text=True)
            if run.returncode != 0:
                return f"picky status: {run.stderr}"
        return None


def without(entries, family, is_directory):
    return [e for e in entries if e.family != family or e.is_directory != is_directory]


def status_place(reference):
    """Where status lies, in every file of the sweep."""
    with h5py.File(reference, "r") as f:
        start = f["status"].id.get_offset()
        return range(start, start + f["status"].size)


def status_moved(entries, place, where):
    """As if each status were written earlier: at where(entries so far, the last fdatasync before it)."""
    changed, at = [], 0
    for entry in entries:
        if entry.family == "w" and entry.offset in place:
            changed.insert(at, entry)
        else:
            changed.append(entry)
            if entry.family == "d":
                at = where(changed, entry)
    return changed


def before_its_data(entries, sync):
    return last_sync(entries[:-1])


def when_its_sync_began(entries, sync):
    return next(i for i, e in enumerate(entries) if e.at >= sync.offset)


def last_sync(entries):
    return max((i + 1 for i, e in enumerate(entries) if e.family in "sd"), default=0)


def simulate(entries, rng, n_states, checker, place, claims_from, is_control):
    """Checks n_states; returns (states by what they were, problems). Stops at the first problem of a control."""
    named = next(i for i, e in enumerate(entries) if e.family == "m")
    cuts = [rng.randint(0, named) for _ in range(n_states // 4)]
    cuts += [rng.randint(named - 2, named + 4) for _ in range(n_states // 8)]
    marked = [i + 1 for i, e in enumerate(entries) if e.family == "w" and e.offset in place]
    cuts += rng.choices(marked, k=n_states // 4)
    cuts += [rng.randint(named, len(entries)) for _ in range(n_states - len(cuts) - 2)] + [len(entries)] * 2
    kinds, problems = {"no file": 0, "a file": 0}, []
    disk, at = Disk(), 0
    for k, cut in enumerate(sorted(cuts)):
        while at < cut:
            disk.do(entries[at])
            at += 1
        state = disk.after_power_loss(rng, "out.h5")
        kinds["no file" if state is None else "a file"] += 1
        problem = checker.check(state, claims_from(entries[:cut]), cut == len(entries), k % 20 == 0)
        if problem:
            problems.append(f"cut after {cut} of {len(entries)} calls: {problem[:200]}")
            if is_control:
                break
    return kinds, problems


def run_whole(picky):
    """The reference, whole.h5; returns how long it took."""
    start = time.monotonic()
    subprocess.run([picky, "run", "sweep.cfg", "-o", "whole.h5"], check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def slow_down(run, share):
    """Lets a run go on for 50 ms, of which it is stopped for all but a share. Its signals and syncs, which go by time, go on."""
    time.sleep(0.05 * share)
    run.send_signal(signal.SIGSTOP)
    time.sleep(0.05 * (1 - share))
    run.send_signal(signal.SIGCONT)


def record_runs(picky, shim, whole_s):
    """A run that is killed and one that goes on, as one log. Both take some seconds, whatever the machine: syncs go by time."""
    command = [picky, "run", "sweep.cfg", "-o", "out.h5", "--resume"]
    env = {**os.environ, "LD_PRELOAD": shim, "IO_SHIM_NAME": "out.h5", "IO_SHIM_LOG": os.path.abspath("log"),
           "IO_SHIM_SYNC_MS": "300"}
    share = min(1, whole_s / 5)
    with open("run.log", "w") as log:
        run = subprocess.Popen(command, env=env, stderr=log)
        while run.poll() is None and not [e for e in read_log_so_far("log") if e == "d"][2:]:
            slow_down(run, share)
        n_syncs = read_log_so_far("log").count("d")
        run.send_signal(signal.SIGKILL)
        run.wait()
        print(f"recorded: a run killed after {n_syncs} syncs", end="")
        run = subprocess.Popen(command, env=env, stderr=log)
        while run.poll() is None:
            slow_down(run, share)
        assert run.returncode == 0, "the run that goes on"
    return read_log("log")


def read_log_so_far(name):
    """The families of the calls in a log that is being written."""
    families, at = [], 0
    try:
        with open(name, "rb") as f:
            while len(head := f.read(HEADER.size)) == HEADER.size:
                family, is_directory, _, _, length = HEADER.unpack(head)
                families.append("" if is_directory else family.decode())
                f.seek(length, 1)
    except FileNotFoundError:
        pass
    return families


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("picky", type=os.path.abspath)
    parser.add_argument("shim", type=os.path.abspath)
    parser.add_argument("--states", type=int, default=64)
    parser.add_argument("--seed", type=int, default=random.randrange(10 ** 6))
    arguments = parser.parse_args()
    print(f"--seed {arguments.seed}")
    rng = random.Random(arguments.seed)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("sweep.cfg", "w") as f:
            f.write(SWEEP)
        entries = record_runs(arguments.picky, arguments.shim, run_whole(arguments.picky))
        n_syncs = sum(e.family == "d" for e in entries)
        print(f", and one that went on: {len(entries)} calls, {n_syncs} syncs of data")
        assert n_syncs >= 5, "too few syncs to prove anything"

        # The record is complete: with everything kept it is the file.
        disk = Disk()
        for entry in entries:
            disk.do(entry)
        with open("out.h5", "rb") as f:
            assert disk.files[disk.current["out.h5"]].current == f.read(), "the record is not what was written"

        # Once something is marked done, the file must never be gone again.
        place = status_place("whole.h5")
        promised = next(e for e in entries if e.family == "w" and e.offset in place)
        checker = Checker(arguments.picky, "whole.h5")

        def claims(before):
            return any(e is promised for e in before)

        kinds, problems = simulate(entries, rng, arguments.states, checker, place, claims, False)
        print(f"{arguments.states} states: {kinds}, {len(problems)} wrong")
        for problem in problems[:10]:
            print("FAILED:", problem)
        failed |= bool(problems) or min(kinds.values()) == 0

        controls = {
            "fdatasync left out": without(entries, "d", False),
            "fsync of the new file left out": without(entries, "s", False),
            "fsync of the directory left out": without(entries, "s", True),
            "status before data": status_moved(entries, place, before_its_data),
            "status before the end of the sync": status_moved(entries, place, when_its_sync_began),
        }
        for name, changed in controls.items():
            _, problems = simulate(changed, rng, 4 * arguments.states, checker, place, claims, True)
            print(f"{name}: {problems[0] if problems else 'FAILED: not noticed'}")
            failed |= not problems
        sys.exit(failed)


if __name__ == "__main__":
    main()
