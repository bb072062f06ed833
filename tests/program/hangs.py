#!/usr/bin/env python3
"""Ranks that hang, at any moment: stopped as by SIGSTOP (hang_shim.c), in a write or sync that never returns (io_shim.c), or
with a stuck compute thread. Each run ends by itself, soon after its deadline or a signal and the grace, with the right exit
code and a line that names what hangs; the file, if it was made, has the bits of an undisturbed run in every slot that is done, and
--resume completes it. And what only looks like it (a slow disk, ranks suspended for a while) ends in good order.

Usage: hangs.py PICKY HANG_SHIM.so IO_SHIM.so SLOW_SHIM.so [NAME...]"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import h5py

SWEEP = """replicates = 400; seed = 3;
model = { epochs = 20; N_train = 200; max_attempts = 2; hidden_size = 4; hidden_layers = 2; };
grid = { context_location = ("start", "end"); };
"""
LIMIT_S, GRACE_S = 5, 3
LATEST_S = 30  # after the deadline and the grace: mpirun takes some time, and the machine may be busy; what hangs does so for ever
STUCK = r"rank {} on .* is stuck: it has not been heard of for .* it holds \d+ jobs?, the oldest configuration \d+, replicate \d+"
SILENT = r"rank {} on .*: (the time is over|SIG\w+), and rank 0 has not been heard of"
NO_PROGRESS = r"rank 0 on .*: (the time is over|SIG\w+), and no progress for \d+ s in "
COMPUTE = r"rank {} on .*: its compute thread does not stop; it holds \d+ jobs?, the oldest"
STOPPED = r"stopped early: \d+ of 800 jobs done; go on with:"


class Hang:
    """ranks: 0 without mpirun. at: for hang_shim; who: which ranks. io: for io_shim. expect: patterns of lines, in any order;
    sweep: "/dev/stdin" is a pipe that nothing comes from; stderr: "full" for rank 0's, a pipe that nothing is read from;
    code: the exit code (None: 0 or 75); file: whether there must be one (None: may be)."""

    def __init__(self, name, ranks, expect, at=None, who="1", io=None, code=75, file=True, options="", act=None,
                 sweep="../sweep.cfg", stderr=None, limit_s=LIMIT_S, never=r"the time is over.*all ranks are ended.*the time is over.*all ranks are ended"):
        self.__dict__.update(locals())


def signal_ranks(*numbers):
    """Sends signals to all ranks of a run: (seconds after the start of training, signal)."""
    def act(run, log, pids):
        while "jobs to do" not in open(log).read() and run.poll() is None:
            time.sleep(0.05)
        start = time.time()
        for after, number, ranks in numbers:
            time.sleep(max(0, start + after - time.time()))
            for rank, pid in pids().items():
                if ranks is None or rank in ranks:
                    os.kill(pid, number)
    return act


LONG = "--set max_attempts=1000 --set error_threshold=1e-9"  # in place of a reference to compare with; slow_shim.c
HANGS = [
    # a worker
    Hang("worker before MPI_Init", 2, [NO_PROGRESS + "starting MPI"], at="init:1", file=False),
    Hang("worker at HELLO", 3, [NO_PROGRESS + "meeting the other ranks"], at="gather:1", limit_s=2, file=False),  # MPI spins
    Hang("worker in its first message", 3, [NO_PROGRESS + "meeting the other ranks"], at="send:1", who="2", file=False),
    Hang("worker sending", 3, [STUCK.format(1), STOPPED], at="send:9"),
    Hang("worker receiving", 2, ["rank 1 on .* is stuck: it has not been heard of for "], at="probe:40", code=None),
    Hang("both workers, null jobs", 3, [STUCK.format(1), STUCK.format(2), STOPPED], at="send:4", who="1,2", options="--null-jobs"),
    Hang("worker's compute thread", 2, [COMPUTE.format(1), STOPPED], at="compute:20"),
    Hang("worker at the end", 3, [], at="barrier:1", code=0, limit_s=None),
    Hang("worker in MPI_Finalize", 3, [], at="finalize:1", code=0, limit_s=None),
    # rank 0
    Hang("rank 0 before MPI_Init", 2, ["rank 1 on .*: (the time is over|SIG\\w+), and no progress for .* in starting MPI"], at="init:1", who="0",
         file=False),
    Hang("rank 0 at HELLO", 2, [SILENT.format(1)], at="gather:1", who="0", limit_s=2, file=False),
    Hang("rank 0 sending", 3, [SILENT.format(1)], at="send:12", who="0"),
    Hang("rank 0 and a worker", 3, [SILENT.format(2)], options=LONG, act=signal_ranks((0.2, signal.SIGSTOP, {0, 1}))),
    Hang("rank 0's compute thread", 2, [COMPUTE.format(0), STOPPED], at="compute:20", who="0"),
    Hang("rank 0 writing", 2, [NO_PROGRESS + "(writ|sync)ing the results"], io="w:300:hang:on", file=None),
    Hang("rank 0 syncing", 2, [NO_PROGRESS + "syncing the results"], io="d:2:hang:on"),
    # one rank alone
    Hang("alone, compute thread", 0, [COMPUTE.format(0), STOPPED], at="compute:20", who="0"),
    Hang("alone, syncing", 0, [NO_PROGRESS + "syncing the results"], io="d:2:hang:on"),
    Hang("alone, creating the file", 0, [NO_PROGRESS + "opening files"], io="s:1:hang:on", file=False),
    Hang("alone, a sweep that cannot be read", 0, [NO_PROGRESS + "reading the sweep"], sweep="/dev/stdin", file=False),
    Hang("alone, nobody reads stderr", 0, [], stderr="full", file=None),
    Hang("rank 0, nobody reads stderr", 2, [], stderr="full", file=None, never="rank 1"),
    # signals in place of the deadline
    Hang("SIGTERM, a worker hangs", 2, [STUCK.format(1), STOPPED], at="send:9", limit_s=None,
         act=signal_ranks((1, signal.SIGTERM, {0}))),
    Hang("SIGTERM to a worker, rank 0 hangs", 3, [SILENT.format(1)], at="send:12", who="0", limit_s=None,
         act=signal_ranks((1, signal.SIGTERM, {1}))),
    # not hung
    Hang("a slow disk", 2, [STOPPED], io="none", options=LONG,
         never="all ranks are ended|stuck"),
    Hang("suspended", 2, [STOPPED], options=LONG,
         act=signal_ranks((0.3, signal.SIGSTOP, None), (LIMIT_S + 3 * GRACE_S, signal.SIGCONT, None)),
         never="all ranks are ended|stuck"),
]


def check_signals(picky, slow_shim):
    """A signal goes to the watchdog: the kernel would give it to the main thread, which runs no handler while a dead file system
    has it."""
    run = subprocess.Popen([picky, "run", "sweep.cfg", "-o", "signals.h5", *LONG.split()], stderr=subprocess.PIPE, text=True,
                           env={**os.environ, "LD_PRELOAD": slow_shim})
    try:
        while "jobs to do" not in run.stderr.readline():
            assert run.poll() is None
        open_to = []
        for thread in os.listdir(f"/proc/{run.pid}/task"):
            blocked = re.search(r"^SigBlk:\s*(\w+)", open(f"/proc/{run.pid}/task/{thread}/status").read(), re.MULTILINE)[1]
            if not int(blocked, 16) >> (signal.SIGTERM - 1) & 1:
                open_to.append(int(thread))
        assert len(open_to) == 1 and run.pid not in open_to, f"threads that take SIGTERM: {open_to}"
    finally:
        run.kill()
        run.communicate()


def fill(path):
    """A pipe of this name that is full."""
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        while True:
            os.write(pipe, bytes(4096))
    except BlockingIOError:
        return pipe


class Reference:
    def __init__(self, path):
        with h5py.File(path, "r") as f:
            self.arrays = {n: x[()] for n, x in f.items()
                           if isinstance(x, h5py.Dataset) and x.shape[:2] == f["status"].shape}

    def check(self, path, is_complete):
        with h5py.File(path, "r") as f:
            done = f["status"][()] != 0
            assert done.all() or not is_complete, f"{(~done).sum()} slots are not done"
            for name, array in self.arrays.items():
                assert f[name][()][done].tobytes() == array[done].tobytes(), f"{name} differs"


class Trial:
    def __init__(self, picky, hang_shim, io_shim, slow_shim, reference):
        self.picky, self.reference = picky, reference
        self.hang_shim, self.io_shim, self.slow_shim = hang_shim, io_shim, slow_shim

    def __call__(self, hang):
        """On a machine that is too busy for what is to happen before the deadline, once more with a later one."""
        try:
            return self.try_once(hang)
        except AssertionError:
            hang.limit_s = hang.limit_s and 4 * hang.limit_s
            return self.try_once(hang)

    def try_once(self, hang):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            try:
                return self.run(hang, os.path.abspath(folder))
            except Exception as e:
                log = f"{folder}/log"
                raise AssertionError(f"{hang.name}: {type(e).__name__} {e}\n" +
                                     (open(log).read() if os.path.exists(log) else "")) from e

    def run(self, hang, folder):
        env = {**os.environ, "PICKY_GRACE_SECONDS": str(GRACE_S)}
        shims = [self.slow_shim] if hang.options == LONG else []
        if hang.at:
            shims.append(self.hang_shim)
            env.update(HANG_AT=hang.at, HANG_RANKS=hang.who)
        if hang.io:
            shims.append(self.io_shim)
            env.update(IO_SHIM_NAME="out.h5",
                       **({"IO_SHIM_SYNC_MS": "1500"} if hang.io == "none" else {"IO_SHIM_FAULT": hang.io}))
        if shims:
            env["LD_PRELOAD"] = ":".join(shims)
        # Rank 0's output is its own: what mpirun makes of it is not the matter here.
        full = "[ ${OMPI_COMM_WORLD_RANK:-0} != 0 ] || exec 2>full; " if hang.stderr else ""
        command = ["sh", "-c", f'echo $$ >pid.${{OMPI_COMM_WORLD_RANK:-0}}; {full}exec "$0" run {hang.sweep} -o out.h5 "$@"',
                   self.picky, *hang.options.split(), *(["--time-limit", str(hang.limit_s)] if hang.limit_s else [])]
        if hang.ranks:
            command[:0] = ["mpirun", "-n", str(hang.ranks), "--oversubscribe", "--bind-to", "none"]

        def pids():
            return {int(n[4:]): int(open(f"{folder}/{n}").read()) for n in os.listdir(folder) if n.startswith("pid.")}
        nothing, ours = os.pipe()  # for stdin
        full_pipe = fill(f"{folder}/full") if hang.stderr else os.dup(nothing)
        start = time.time()
        with open(f"{folder}/log", "w") as log:
            run = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT, stdin=nothing)
        try:
            if hang.act:
                hang.act(run, f"{folder}/log", pids)
            code = run.wait(timeout=(hang.limit_s or 0) + 4 * GRACE_S + 2 * LATEST_S)
        finally:
            for pid in pids().values():
                try:
                    if b"picky" in open(f"/proc/{pid}/cmdline", "rb").read():
                        os.kill(pid, signal.SIGKILL)
                except OSError:
                    continue
            run.kill()
            run.wait()
            for descriptor in (nothing, ours, full_pipe):
                os.close(descriptor)
        took = time.time() - start
        log = open(f"{folder}/log").read().replace("\0", "")  # which Open MPI 5 may put behind its own words
        assert code == hang.code or (hang.code is None and code in (0, 75)), f"exit code {code}, not {hang.code}"
        assert took < (hang.limit_s or 4 * GRACE_S) + GRACE_S + LATEST_S, f"{took:.1f} s"
        for pattern in hang.expect:
            assert re.search("^picky: " + pattern, log, re.MULTILINE), f"no line /{pattern}/"
        assert not re.search(hang.never, log, re.DOTALL), f"/{hang.never}/"
        out = f"{folder}/out.h5"
        assert hang.file is None or hang.file == os.path.exists(out), "a file, or none"
        if os.path.exists(out) and not hang.options:
            self.reference.check(out, code == 0)
            again = subprocess.run([self.picky, "run", "../sweep.cfg", "-o", "out.h5", "--resume"], cwd=folder, timeout=120,
                                   capture_output=True, text=True)
            assert again.returncode == 0, f"--resume: {again.stderr}"
            self.reference.check(out, True)
        return f"{took:4.1f} s  {hang.name}"


def main():
    picky, hang_shim, io_shim, slow_shim = map(os.path.abspath, sys.argv[1:5])
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    hangs = [h for h in HANGS if not sys.argv[5:] or h.name in sys.argv[5:]]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("sweep.cfg", "w") as f:
            f.write(SWEEP)
        subprocess.run([picky, "run", "sweep.cfg", "-o", "reference.h5"], check=True, capture_output=True)
        check_signals(picky, slow_shim)
        trial = Trial(picky, hang_shim, io_shim, slow_shim, Reference("reference.h5"))
        problems = []
        with ThreadPoolExecutor(6) as pool:
            for future in [pool.submit(trial, hang) for hang in hangs]:
                try:
                    print(future.result())
                except AssertionError as e:
                    problems.append(e)
        os.chdir("/")
    for problem in problems:
        print(f"FAILED: {problem}")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
