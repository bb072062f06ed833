#!/usr/bin/python3
"""Results files that went through other programs: h5repack (chunked, compressed, and back), nccopy, ncks (where it is
installed; what it leaves out is left out here all the same), a copy that was made while the run went on, and one that
was not finished. They are read, or one line says how to undo it.

    other_tools.py PICKY PICKY_ANALYSE
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

try:
    import h5py
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
if not shutil.which("h5repack") or not shutil.which("nccopy"):
    print("skipped: no h5repack (hdf5-tools) or nccopy (netcdf-bin) here")
    sys.exit(77)

PICKY, ANALYSE = map(os.path.abspath, sys.argv[1:3])
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
SWEEP = """replicates = 3; model = { epochs = 1; N_train = 60; hidden_size = 5; hidden_layers = 2; error_threshold = 9.0; };
grid = { context_location = ["start", "end"]; };
"""


def run(*words, program=PICKY):
    done = subprocess.run([program, *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=100)
    return done.returncode, done.stdout, done.stderr


def tool(*words):
    subprocess.run(words, check=True, capture_output=True, timeout=100)


def check(condition, *said):
    if not condition:
        print("FAILED:", *said)
        sys.exit(1)


def check_whole(path, n_jobs=6):
    """Every command takes it for what it is."""
    code, out, err = run("verify", path, "--all")
    check(code == 0 and f"{n_jobs} of {n_jobs} slots done" in out and "all bits are the same" in out, path, out, err)
    code, out, err = run("summary", path, program=ANALYSE)
    check(code == 0 and err == "" and "complete" in out, path, out, err)
    code, out, err = run("run", "s.cfg", "-o", path, "--resume")
    check(code == 0 and f"{n_jobs} accepted" in err, path, err)
    code, out, err = run("train", "--from", path, "--config", "1", "--replicate", "2")
    check(code == 0 and "all bits are the same" in out, path, out, err)
    code, out, err = run("merge", "-o", "merged.h5", path)
    check(code == 0, path, err)
    os.remove("merged.h5")


def check_extended(path):
    """A larger sweep: nobody has changed what picky wrote, however the other program has stored it; but a value is named."""
    code, _, err = run("extend", path, "s.cfg", "--set", "replicates=4")
    check(code == 0 and "is not kept" not in err, path, err)
    with h5py.File(path, "r+") as f:
        f.attrs["title"] = "mine"
    code, _, err = run("extend", path, "s.cfg", "--set", "replicates=5")
    check(code == 0 and err.count("is not kept: @title\n") == 1, path, err)


def check_rewritten(path):
    """picky-analyse reads it; picky says what undoes it, which is true."""
    with open(path, "rb") as f:
        before = f.read()
    for words in (["status", path], ["verify", path], ["merge", "-o", "merged.h5", path], ["run", "s.cfg", "--resume", "-o", path],
                  ["extend", path, "s.cfg", "--set", "replicates=4"]):
        code, out, err = run(*words)
        refusals = [line for line in err.splitlines() if "learn nothing" not in line]
        check(code == 2 and len(refusals) == 1 and out == "" and "h5repack -f NONE -l CONTI FILE NEW" in err, words, code, err)
    with open(path, "rb") as f:
        check(f.read() == before, path, "was changed")
    tables = [run("summary", name, "--csv", program=ANALYSE) for name in (path, "s.h5")]
    check(tables[0] == tables[1] and tables[0][0] == 0, path, tables[0][2])
    tool("h5repack", "-f", "NONE", "-l", "CONTI", path, "back.h5")
    check_whole("back.h5")


def check_copy_while_it_grows():
    """From the first byte to the last, slowly, as rsync and cp do."""
    with subprocess.Popen([PICKY, "run", "s.cfg", "-o", "grows.h5", "--set", "replicates=10000", "--set", "N_train=2000"],
                          stderr=subprocess.DEVNULL, env=ENVIRONMENT) as job:
        while job.poll() is None and not re.search(r"done +[1-9]", run("status", "grows.h5")[1]):
            time.sleep(0.02)  # until there is something in it
        with open("grows.h5", "rb") as f, open("copy.h5", "wb") as g:
            size = os.path.getsize("grows.h5")
            while block := f.read(size // 40):
                g.write(block)
                time.sleep(0.01)
        job.terminate()
    check(job.returncode == 75, "the run ended meanwhile by", job.returncode)
    code, out, err = run("verify", "copy.h5", "--sample", "60")
    check(code == 0 and "all bits are the same" in out, out, err)
    with h5py.File("copy.h5") as f, h5py.File("grows.h5") as whole:
        done = f["status"][()] != 0
        check(0 < done.sum() < done.size, done.sum(), "jobs in the copy: it was not made meanwhile")
        check(np.array_equal(f["importance"][()][done], whole["importance"][()][done]), "other numbers")
    code, out, err = run("summary", "copy.h5", program=ANALYSE)
    check(code == 0 and "UNFINISHED" in out, out, err)


def main():
    with open("s.cfg", "w") as f:
        f.write(SWEEP)
    code, _, err = run("run", "s.cfg", "-o", "s.h5")
    check(code == 0, err)
    tool("h5repack", "-f", "GZIP=4", "s.h5", "zipped.h5")
    check_rewritten("zipped.h5")
    tool("h5repack", "-l", "CHUNK=1x1", "s.h5", "chunked.h5")
    check_rewritten("chunked.h5")
    tool("h5repack", "--latest", "s.h5", "latest.h5")
    for program, word in ((PICKY, "status"), (PICKY, "verify"), (ANALYSE, "summary")):
        code, _, err = run(word, "latest.h5", program=program)
        check(code == 2 and "a newer HDF5 format" in err and "h5repack -f NONE -l CONTI FILE NEW" in err, word, err)
    tool("h5repack", "-f", "NONE", "-l", "CONTI", "latest.h5", "back.h5")
    check_whole("back.h5")
    tool("nccopy", "s.h5", "nccopied.h5")
    check_whole("nccopied.h5")
    check_extended("nccopied.h5")
    shutil.copy("s.h5", "left-out.h5")
    with h5py.File("left-out.h5", "r+") as f:
        del f["train_sample"]  # no array lies along it: store has no training sets
    check_whole("left-out.h5")
    shutil.copy("s.h5", "damaged.h5")
    with h5py.File("damaged.h5", "r+") as f:
        f["layer"][0] = 7
    code, _, err = run("verify", "damaged.h5")
    check(code == 2 and "its coordinate layer is not what picky writes" in err, err)
    if shutil.which("ncks"):
        tool("ncks", "-O", "s.h5", "ncks.h5")
        check_whole("ncks.h5")
        check_extended("ncks.h5")
        tool("ncks", "-O", "-4", "-L", "5", "s.h5", "deflated.h5")
        check_rewritten("deflated.h5")
    with open("s.h5", "rb") as f:
        whole = f.read()
    for n in (1000, len(whole) // 2, len(whole) - 1):
        with open("cut.h5", "wb") as f:
            f.write(whole[:n])
        for program, word in ((PICKY, "status"), (PICKY, "verify"), (ANALYSE, "summary")):
            code, out, err = run(word, "cut.h5", program=program)
            check(code == 2 and err.count("\n") == 1 and "its end is missing" in err and "copy it again" in err, word, err)
    check_copy_while_it_grows()
    print("passed")


with tempfile.TemporaryDirectory(prefix="picky-tools-") as folder:
    os.chdir(folder)
    main()
    os.chdir("/")
