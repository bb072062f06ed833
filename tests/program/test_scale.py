#!/usr/bin/python3
"""Null jobs (picky run --null-jobs): the same bits however they were run, in a file that nobody can take for results;
and with them, that the coordinator's memory stays within 64 bytes a job and 64 MiB.

Usage: test_scale.py PICKY PICKY_ANALYSE IO_SHIM"""

import errno
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"{missing}: apt-get install python3-h5py")
    sys.exit(77)

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "bench"))
import scale  # noqa: E402

PICKY, ANALYSE, SHIM = (str(Path(argument).resolve()) for argument in sys.argv[1:4])
N_CONFIGS, REPLICATES = 40, 1750
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def call(*command, code=0, env=None):
    """Runs a command that must end with this code; returns what it said, on stderr and stdout."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=env)
    said = done.stderr + done.stdout
    assert done.returncode == code, f"{command} gave exit code {done.returncode}, not {code}:\n{said}"
    return said


def null_run(*arguments, ranks=0, **expected):
    mpirun = scale.MPIRUN + [str(ranks)] if ranks else []
    return call(*mpirun, PICKY, "run", *arguments, "--null-jobs", **expected)


def compare(path, whole="whole.h5"):
    return call("/usr/bin/python3", "-B", str(TESTS / "compare_results.py"), whole, path)


def check_whole():
    """What a null run is said to write."""
    assert call(PICKY, "plan", "sweep.cfg").count(f"{N_CONFIGS * REPLICATES}"), "the sweep is the one meant"
    null_run("sweep.cfg", "-o", "whole.h5")
    with h5py.File("whole.h5") as f:
        assert (f["status"][:] == 1).all() and (f["attempts"][:] == 1).all()
        assert (f["seed"][:] == 1 + np.arange(REPLICATES)).all()
        for name in ("importance", "input_weights", "train_loss"):
            values = f[name][:].reshape(N_CONFIGS * REPLICATES, -1)
            assert (values >= 0).all() and (values < 1).all(), name
            assert len(np.unique(values, axis=0)) == len(values), f"{name}: two jobs with the same values"
        null_run("sweep.cfg", "-o", "other.h5", "--set", "seed=2", "--set", "replicates=3")
        with h5py.File("other.h5") as other: # a record depends on its seed and configuration
            assert (other["importance"][:] == f["importance"][:, 1:4]).all()
            assert (other["importance"][:] != f["importance"][:, 0:3]).any(axis=(2, 3, 4, 5)).all()


def check_interrupted():
    """Ended half-way by a sync that fails, and gone on with on three ranks. More jobs than wait for one sync (65536), so
    that some are done by then; on a slow machine syncs come by the clock too, and the second may be too early."""
    for number in range(2, 12):
        Path("part.h5").unlink(missing_ok=True)
        shim = dict(LD_PRELOAD=SHIM, IO_SHIM_NAME="part.h5", IO_SHIM_FAULT=f"d:{number}:{errno.EIO}:on")
        null_run("sweep.cfg", "-o", "part.h5", code=3, env=dict(os.environ, **shim))
        n_done = int(re.search(r"^ +done +(\d+)", call(PICKY, "status", "part.h5"), re.M)[1])
        if n_done > 0:
            break
    assert 0 < n_done < N_CONFIGS * REPLICATES, n_done
    said = null_run("sweep.cfg", "-o", "part.h5", "--resume", ranks=3)
    assert f"resuming: {n_done} jobs are done" in said, said
    compare("part.h5")


def check_shards():
    few = ["sweep.cfg", "--set", f"replicates={REPLICATES // 10}"]
    null_run(*few, "-o", "few.h5")
    for shard in ("1", "2"):
        null_run(*few, "-o", f"shard{shard}.h5", "--shard", f"{shard}/2")
    call(PICKY, "merge", "-o", "merged.h5", "shard1.h5", "shard2.h5")
    compare("merged.h5", "few.h5")


def check_mark():
    """No null file passes for results, nor results for a null file."""
    assert "NOT RESULTS" in call(PICKY, "status", "whole.h5")
    said = call(ANALYSE, "summary", "whole.h5", code=2)
    assert re.search(r"whole.h5: no results: its records are made up", said), said
    with h5py.File("whole.h5") as f:
        assert f.attrs["null_jobs"] == 1 and "NOT RESULTS" in f.attrs["title"]

    two = ["sweep.cfg", "--set", "replicates=1"]
    call(PICKY, "run", *two, "-o", "trained.h5")
    null_run(*two, "-o", "null.h5")
    assert "NOT RESULTS" not in call(PICKY, "status", "trained.h5")
    with h5py.File("trained.h5") as f:
        assert "null_jobs" not in f.attrs and "NOT RESULTS" not in f.attrs["title"]
    for path, null_jobs, difference in (
            ("null.h5", [], "null jobs: made-up records in the file; the sweep is to be trained"),
            ("trained.h5", ["--null-jobs"], "null jobs: trained models in the file; the sweep runs with --null-jobs")):
        before = Path(path).read_bytes()
        said = call(PICKY, "run", *two, "-o", path, "--resume", *null_jobs, code=2)
        assert difference in said, said
        assert Path(path).read_bytes() == before, f"{path} was changed"
    assert "null-jobs" not in call(PICKY, "run", "--help")


def check_memory():
    if "libasan" in call("ldd", PICKY):
        print("memory: not measured under AddressSanitizer")
        return
    for name, n_configs, n_jobs, model in (("small", 10, 10**6, scale.SMALL), ("wide", 10**5, 10**6, scale.SMALL),
                                           ("large", 10, 10**4, "hidden_size = 200;")):
        store = scale.WEIGHTS if name == "large" else scale.NO_WEIGHTS
        path = scale.sweep(".", name, n_configs, n_jobs // n_configs, store, model)
        used = scale.run([PICKY, "run", path, "--null-jobs", "-o", f"{name}.h5"], stop_s=1, codes=(0, 75))["memory"]
        Path(f"{name}.h5").unlink()
        print(f"{name}: {used / 2**20:.1f} MiB for {n_jobs} jobs")
        assert used < 64 * n_jobs + (64 << 20), f"{name}: {used} bytes"


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        scale.sweep(".", "sweep", N_CONFIGS, REPLICATES, '["weights"]', scale.SMALL)
        for check in (check_whole, check_interrupted, check_shards, check_mark, check_memory):
            began = time.monotonic()
            check()
            print(f"{check.__name__}: {time.monotonic() - began:.1f} s", flush=True)
        os.chdir("/")


main()
