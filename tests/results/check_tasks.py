#!/usr/bin/python3
"""A sweep of one, two, three and eight tasks in one file (tasks.cfg): what each slot holds is computed again by the
reference (tests/reference), from data streams to weights and measures; so it is from the stored weights alone
(recompute.py). The same bits come from two ranks, after a kill, after an extension and from shards.

Usage: check_tasks.py PICKY PICKY_ANALYSE"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "reference"))
try:
    import h5py
    import numpy as np
    import scipy.stats  # noqa: F401
except ImportError:
    sys.exit(77)
import reference  # noqa: E402

PICKY, ANALYSE = map(os.path.abspath, sys.argv[1:3])
SWEEP = os.path.join(HERE, "tasks.cfg")
LISTS = ["x0^2 - a", "x0 + x1; x0 * x1", "x0; exp(x1) * a; sin(2 * x2) + r0",
         "x0; -x1; x2; x0 * x1; max(x0, x1); if(x0 > 0.5, x1, x2); r1 * x0 + r2 * x1; "
         "tanh(3 * x0 - clamp(x1, 0, 0.25))", "x0; x0", "x0 + x1; x0 + 2 * x1"]


def run(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, stdin=subprocess.DEVNULL)
    assert done.returncode == code, (command, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout + done.stderr


def same(path, other):
    run("/usr/bin/python3", "-B", os.path.join(HERE, "..", "compare_results.py"), path, other)


def check_coordinates(f):
    tasks = f["tasks"].asstr()[:]
    assert list(tasks) == LISTS, tasks
    assert list(f["task_list"][:]) == [0, 0, 1, 2, 3, 3, 3, 4, 5] and f["task_list"].dtype == "<i4"
    assert list(f["n_tasks"][:]) == [1, 1, 2, 3, 8, 8, 8, 2, 2] and f["n_tasks"].dtype == "u1"
    formulas = f["task_formula"].asstr()[:]
    assert formulas.shape == (len(LISTS), 8)
    for row, text in zip(formulas, tasks):
        assert [formula for formula in row if formula] == text.split("; "), row
    assert list(f["task_name"].asstr()[1, :3]) == ["sum", "product", ""]
    assert list(f["second_task"].asstr()[:]) == ["", "", "prod", "", "", "", "", "", "add2"]
    assert list(f["pair"].asstr()[:6]) == ["1-2", "1-3", "2-3", "1-4", "2-4", "3-4"] and len(f["pair"]) == 28
    assert f.attrs["swept"].split()[-1] == "task_list" and "second_task" not in f.attrs["swept"].split()
    assert np.allclose(f["fraction"][:] * 163, [163, 163, 81.5, 55, 21, 21, 21, 48.9, 81.5])


def slot_of(f, config):
    h = {name: f[name].asstr()[config] if f[name].dtype.kind == "O" else f[name][config].item()
         for name in f.attrs["coordinates"].split()}
    h["tasks"] = f["tasks"].asstr()[h["task_list"]]
    return h


def check_slot(f, config, replicate):
    """Compares a slot with the reference's model of the same attempt: data and constants bit by bit, the rest as far as
    rounding lets."""
    h, seed = slot_of(f, config), int(f["seed"][config, replicate])
    expected = reference.model(h, seed, int(f["attempts"][config, replicate]) - 1)
    at = "slot (%d, %d): " % (config, replicate)
    for name in ("test_inputs", "train_inputs", "train_task", "initial_input_weights", "initial_context_weights"):
        part = tuple(map(slice, expected[name].shape))
        assert np.array_equal(f[name][config, replicate][part], expected[name].astype("f4")), at + name
    constants = f["random_constants"][config, replicate]
    if "r0" in h["tasks"] or "r1" in h["tasks"]:
        assert np.array_equal(constants, reference.random_constants(seed)), at + "random_constants"
    else:
        assert np.isnan(constants).all(), at + "random_constants"
    for name in ("train_loss", "test_error", "test_loss", "input_weights", "hidden_weights", "context_weights", "biases",
                 "output_weights", "mean_activation", "relative_importance", "importance"):
        part = tuple(map(slice, expected[name].shape))
        found, wanted = f[name][config, replicate][part], expected[name]
        assert found.shape == wanted.shape, at + name
        if name == "relative_importance":  # by recompute.py: it may jump
            continue
        close = np.isclose(found, wanted, rtol=2e-3, atol=2e-4 * max(1, np.abs(wanted).max(initial=0)))
        assert close.all(), (at + name, found[~close][:5], wanted[~close][:5])


def check_texts():
    """What the file says of its tasks in several places must agree: all that read it refuse it in one line if not."""
    shutil.copy("whole.h5", "bad.h5")
    for name, at, text, wrong in (
            ("task_formula", (2, 0), "garbage(", r"list of tasks 2: its task_formula of task 1 is not that of its tasks, \"x0\""),
            ("task_formula", (3, 6), "r1 * x0 + r3 * x1", "list of tasks 3: its task_formula of task 7 is not"),
            ("task_formula", (0, 1), "x0", "list of tasks 0: its task_formula of task 2 is not that of its tasks, \"\""),
            ("task_name", (1, 0), "a b; c", "list of tasks 1: its task_name of task 1: .* letters, digits and _"),
            ("task_name", (1, 1), "sum", "list of tasks 1: its task_name of task 2: two tasks are called sum"),
            ("task_name", (1, 4), "zz", "list of tasks 1: it has a task_name of task 5, but 2 tasks"),
            ("task_name", (1, 0), "\33[31mX", "list of tasks 1: its task_name of task 1: .* letters, digits and _"),
            ("tasks", (1,), "x0+x1;x0*x1", "list of tasks 1: its tasks are not written as picky writes them")):
        with h5py.File("bad.h5", "r+") as f:
            old = f[name][at]
            f[name][at] = text
        for command in ((PICKY, "verify", "bad.h5"), (PICKY, "run", SWEEP, "-o", "bad.h5", "--resume"),
                        (ANALYSE, "summary", "bad.h5")):
            told = run(*command, code=2)
            told = told.splitlines()[-1]  # what comes before it are warnings of the sweep's tasks
            assert re.fullmatch("[a-z-]+: bad.h5: damaged or incomplete file: " + wrong + ".*", told), (name, at, told)
        with h5py.File("bad.h5", "r+") as f:
            f[name][at] = old
    with h5py.File("bad.h5", "r+") as f:
        f["task_name"][1, 0] = "total"  # another name is no fault
    run(PICKY, "verify", "bad.h5")
    with h5py.File("bad.h5", "r+") as f:
        del f["task_name"]
    assert "its variable task_name is missing" in run(PICKY, "verify", "bad.h5", code=2)


def check_killed(whole):
    """A run that is killed and resumed, three times over, ends with the bits of one that was not."""
    many = ["--set", "replicates=300"]
    run(PICKY, "run", SWEEP, "-o", "many.h5", *many)
    for delay in (0.4, 0.3, 0.6, 0.2):
        if os.path.exists("killed.h5"):
            os.remove("killed.h5")
        process = subprocess.Popen([PICKY, "run", SWEEP, "-o", "killed.h5", *many], stderr=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL)
        while not os.path.exists("killed.h5") and process.poll() is None:
            time.sleep(0.001)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            continue
        with h5py.File("killed.h5", locking=False) as f:
            n_done = np.count_nonzero(f["status"][:])
        run(PICKY, "run", SWEEP, "-o", "killed.h5", "--resume", *many)
        same("killed.h5", "many.h5")
        if n_done > 0:
            return
    print("note: no kill came in the middle")


def main():
    run(PICKY, "run", SWEEP, "-o", "whole.h5")
    with h5py.File("whole.h5") as f:
        check_coordinates(f)
        n = 0
        for config, replicate in np.argwhere((f["status"][:] == 1) | (f["status"][:] == 2)):
            check_slot(f, config, replicate)
            n += 1
        assert n == f["status"].size, n
    run("/usr/bin/python3", "-B", os.path.join(HERE, "recompute.py"), "--slots", "100", "whole.h5")
    assert "all bits are the same" in run(PICKY, "verify", "whole.h5", "--all")
    run(PICKY, "run", SWEEP, "-o", "whole.h5", "--resume")

    by = run(PICKY, "status", "whole.h5", "--by", "second_task").split("second_task", 1)[1].splitlines()[1:]
    shown = LISTS[:1] + ["prod"] + LISTS[2:5] + ["add2"]  # the word where there is one
    assert len(by) == 6 and all(line.startswith(text + " ") for line, text in zip(by, shown)), by
    run(ANALYSE, "summary", "whole.h5", "--where", "second_task=add2.0")  # spelt add2 there
    check_texts()

    # An extension by a task list and replicates, from two shards.
    first = open(SWEEP).read()
    smaller = first.replace("replicates = 2", "replicates = 1").replace(",\n    { lr = 0.02; }", "")
    assert smaller.count("lr = 0.02") == 0
    with open("smaller.cfg", "w") as file:
        file.write(smaller)
    for shard in ("1/2", "2/2"):
        run(PICKY, "run", "smaller.cfg", "--shard", shard, "-o", "shard%s.h5" % shard[0])
    run(PICKY, "merge", "-o", "grown.h5", "shard1.h5", "shard2.h5")
    run(PICKY, "extend", "grown.h5", SWEEP)
    same("grown.h5", "whole.h5")

    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    os.environ.update(environment)
    run("mpirun", "--oversubscribe", "-n", "2", PICKY, "run", SWEEP, "-o", "ranks.h5")
    same("ranks.h5", "whole.h5")
    check_killed("whole.h5")


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    main()
