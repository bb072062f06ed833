#!/usr/bin/python3
"""What picky does around training, measured without training: picky run --null-jobs.

    throughput  records through messages, coordinator and file, until they are durable, in sweeps of few and of many
                configurations, with weights stored (38 kB a job) and without (14 kB); beside it, in turn with the
                sweeps, a plain sequential write of as many bytes as a sweep stores, with fdatasync
    memory      the coordinator's largest resident set at 10^5, 10^6 and 10^7 jobs
    start       planning, starting, resuming and asking for the status of sweeps of 10^7 jobs

The time of a sweep is from "jobs to do" to its receipt, which follows the last sync. Each table has the command that
made it. Needs mpirun and twice the free space of the largest file (20 GB); files are removed. docs/scale.md has figures.
"""

import argparse
import os
import re
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n"]
WEIGHTS, NO_WEIGHTS = '["weights", "test_set"]', "[]"


def sweep(directory, name, n_configs, replicates, store, model):
    """Writes a sweep; returns its path."""
    steps = n_configs if n_configs <= 10**4 else 10**4
    grid = f"lr = {{ range = {{ from = 0.001; to = 0.002; steps = {steps}; }}; }};"
    if n_configs > steps:
        grid += f" fraction = {{ range = {{ from = 0.1; to = 0.9; steps = {n_configs // steps}; }}; }};"
    path = Path(directory, f"{name}.cfg")
    path.write_text(f'name = "scale"; replicates = {replicates}; seed = 1; store = {store};\n'
                    f"model = {{ {model} }};\ngrid = {{ {grid} }};\n")
    return str(path)


LARGE = "hidden_size = 50; hidden_layers = 3; N_test = 180;"
SMALL = "hidden_size = 4; hidden_layers = 1; N_train = 20; N_test = 1; epochs = 1; max_attempts = 1;"


def largest_memory(pid):
    """The largest resident set of a process so far, in bytes; 0 if it has ended. (What wait tells of a child is no less
    than its parent's.)"""
    try:
        kib = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except FileNotFoundError:
        return 0
    return 1024 * int(kib[1]) if kib else 0


def run(command, stop_s=None, codes=(0,)):
    """Runs a command; ends it by SIGTERM stop_s after its jobs are there to do. Returns seconds (total; until there were
    jobs to do; from then to the receipt) and the largest resident set in bytes."""
    began = time.monotonic()
    memory = 0
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    todo = receipt = None
    said = ""
    for line in process.stderr:
        now = time.monotonic()
        said += line
        if re.search(r"\d jobs? to do$", line):
            todo = now
            if stop_s is not None:
                while time.monotonic() < now + stop_s and process.poll() is None:
                    memory = max(memory, largest_memory(process.pid))
                    time.sleep(0.02)
                process.send_signal(signal.SIGTERM)
        elif re.search(r"\d jobs? in .* on \d+ ranks?:", line):
            receipt = now
        memory = max(memory, largest_memory(process.pid))
    process.stderr.close()
    if process.wait() not in codes:
        sys.exit(f"{shlex.join(command)}\ngave exit code {process.returncode}:\n{said}")
    return {"total_s": time.monotonic() - began, "start_s": todo and todo - began,
            "jobs_s": receipt and todo and receipt - todo, "memory": memory}


def plain_write(path, n_bytes):
    """Bytes a second of writing n_bytes one after the other, the sync included."""
    block = os.urandom(1 << 20)
    began = time.monotonic()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        for _ in range(n_bytes >> 20):
            os.write(descriptor, block)
        os.fdatasync(descriptor)
        return n_bytes / (time.monotonic() - began)
    finally:
        os.close(descriptor)
        os.unlink(path)


def job_bytes(picky, path):
    plan = subprocess.run([picky, "plan", path], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"\((\d+) bytes a job\)", plan)[1])


def throughput(options, directory):
    print("configs x replicates  bytes/job  ranks    jobs/s    MB/s  plain write MB/s  ratio")
    results, plain = str(Path(directory, "scale.h5")), str(Path(directory, "plain"))
    for n_configs in options.configs:
        for store in (WEIGHTS, NO_WEIGHTS):
            path = sweep(directory, "sweep", n_configs, options.jobs // n_configs, store, LARGE)
            n_bytes = job_bytes(options.picky, path)
            for ranks in options.ranks:
                rates, plains = [], []
                for _ in range(options.rounds):
                    plains.append(plain_write(plain, options.jobs * n_bytes))
                    command = MPIRUN + [str(ranks), options.picky, "run", path, "--null-jobs", "-o", results]
                    rates.append(options.jobs / run(command)["jobs_s"])
                    os.unlink(results)
                rate, speed = statistics.median(rates), statistics.median(plains)
                ratio = statistics.median(r * n_bytes / p for r, p in zip(rates, plains))
                print(f"{n_configs:>7} x {options.jobs // n_configs:<10} {n_bytes:>10}  {ranks:>5} {rate:>9.0f} "
                      f"{rate * n_bytes / 1e6:>7.0f}  {speed / 1e6:>16.0f}  {ratio:>5.2f}", flush=True)


def memory(options, directory):
    print("   jobs (configs x replicates)   MiB of the coordinator   bytes a job beyond 64 MiB")
    results = str(Path(directory, "scale.h5"))
    for n_jobs in (10**5, 10**6, 10**7):
        for n_configs in (10, n_jobs // 10):
            path = sweep(directory, "sweep", n_configs, n_jobs // n_configs, NO_WEIGHTS, SMALL)
            command = [options.picky, "run", path, "--null-jobs", "-o", results]
            used = run(command, stop_s=2, codes=(0, 75))["memory"]
            os.unlink(results)
            print(f"{n_jobs:>9} ({n_configs} x {n_jobs // n_configs})".ljust(33) +
                  f"{used / 2**20:>20.1f} {max(0, used - (64 << 20)) / n_jobs:>27.1f}", flush=True)


def start(options, directory):
    print(" configs x replicates    plan  start  resume  status  status --by   (seconds)")
    results = str(Path(directory, "scale.h5"))
    for n_configs in (10, 10**4, 10**6):
        path = sweep(directory, "sweep", n_configs, 10**7 // n_configs, NO_WEIGHTS, SMALL)
        command = [options.picky, "run", path, "--null-jobs", "-o", results]
        seconds = [run([options.picky, "plan", path])["total_s"]]
        seconds.append(run(command, stop_s=3, codes=(0, 75))["start_s"])
        seconds.append(run(command + ["--resume"], stop_s=1, codes=(0, 75))["start_s"])
        seconds.append(run([options.picky, "status", results])["total_s"])
        seconds.append(run([options.picky, "status", results, "--by", "fraction"])["total_s"])
        os.unlink(results)
        print(f"{n_configs:>8} x {10**7 // n_configs:<10} " + " ".join(f"{s:>7.2f}" for s in seconds), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["throughput", "memory", "start", "all"])
    parser.add_argument("--picky", default="build/picky")
    parser.add_argument("--directory", default=".", help="where to write; on the disk that is to be measured")
    parser.add_argument("--jobs", type=int, default=200000, help="of throughput; a multiple of the configurations")
    parser.add_argument("--ranks", type=int, nargs="+", default=[3, 9], help="of throughput, the coordinator's included")
    parser.add_argument("--configs", type=int, nargs="+", default=[20, 10000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.picky = str(Path(options.picky).resolve())
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    print("$", shlex.join(sys.argv), flush=True)
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        for measure in (throughput, memory, start):
            if options.what in (measure.__name__, "all"):
                measure(options, directory)


if __name__ == "__main__":
    main()
