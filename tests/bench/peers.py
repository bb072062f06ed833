#!/usr/bin/env python3
"""The same training by PyTorch, by JAX and by picky, side by side: a Markdown table.

The work is one attempt of the standard condition: four hidden layers of H ReLU units, two inputs and a one-hot task
context at layer 1, 1000 training samples, 10 epochs of 100 Adam steps with batches of 10, and 11 test passes over
2 x 100 samples. Making data and initial weights is not timed, drawing the batches is.

    notebook  PyTorch eager as the 2020 notebook uses it, with PyTorch's fused Adam; one model after the other
    manual    torch.compile over a step of all models: batched products, backward by hand, Adam in the same graph
    func      the same with torch.func (vmap of grad)
    jax       vmap over models, scan over steps, jit
    picky     what `picky bench --training` says, in both layouts: models or units in the SIMD lanes

A full set is as many models at once as do a peer good (64 up to H = 100, 16 beyond); a peer that is faster with one
model after the other may do that. Two threads: the peers' own; for picky's full sets two processes at once, as two
ranks are, and nothing for one model.

Peers take turns, round after round; figures are medians of the rounds with least and most. One thread: CPU time; two:
wall time. Slow ones do fewer steps in a round than an attempt has, and their time is extrapolated by the step; the share
is printed. All peers start from the same weights, data and batches, and must have the same test errors after 20 steps.
A peer that cannot be run leaves a cell "not run", which counts as lost.

tests/bench/peers_setup.sh FOLDER makes the Python environment. All cells take some 12 minutes of two cores that have
nothing else to do; anything else on the machine spoils the cells with two threads.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKER = Path(__file__).with_name("peers_worker.py")
PEERS = {"notebook": "PyTorch, eager", "manual": "torch.compile, backward by hand",
         "func": "torch.compile, torch.func", "jax": "JAX, vmap + scan"}
STEPS, TESTS = 1000, 11
LONE, FULL = "one model", "full set"


def give_up(message):
    sys.exit(f"peers.py: {message}")


def note(text):
    if sys.stderr.isatty():
        print(f"\r{text:70}", end="", file=sys.stderr, flush=True)


class Peer:
    """A worker process. `failure` says why there is none."""

    def __init__(self, options, name, hidden, n_models, n_threads):
        self.name, self.n_models, self.times = name, n_models, []
        self.kind = "cpu" if n_threads == 1 else "wall"
        self.failure = self.compile_s = self.errors = self.version = None
        self.n_steps = STEPS
        self.log = tempfile.TemporaryFile("w+")
        environment = dict(os.environ, TORCHINDUCTOR_CACHE_DIR=options.cache, TORCHINDUCTOR_COMPILE_THREADS="1",
                           TORCHINDUCTOR_FX_GRAPH_CACHE="0", JAX_ENABLE_COMPILATION_CACHE="0")
        self.process = subprocess.Popen(
            [options.python, WORKER, name, str(hidden), str(n_models), str(n_threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)

    def read(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.log.seek(0)
        self.failure = (self.log.read().strip().splitlines() or [f"exit code {self.process.wait()}"])[-1]
        return None

    def start(self):
        line = self.read()
        if line:
            self.version, self.compile_s, self.errors = line["version"], line["compile_s"], line["errors"]

    def round(self, seconds):
        if self.failure:
            return
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        line = self.read()
        if line:
            step_s, test_s = line[self.kind]
            self.n_steps = line["steps"]
            self.times.append(1e3 * (STEPS * step_s + TESTS * test_s) / self.n_models)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Picky:
    """`picky bench`, as many processes at once as there are threads."""

    def __init__(self, options, hidden, n_threads):
        self.command = [options.picky, "bench", "--json", "--training", "--rounds", "1", "--hidden-size", str(hidden)]
        self.command += ["--simd", options.simd]
        self.n, self.lines, self.times = n_threads, [], {}

    def round(self):
        processes = [subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True) for _ in range(self.n)]
        texts = [process.communicate()[0] for process in processes]
        if any(process.returncode for process in processes):
            give_up(f"{' '.join(map(str, self.command))}: failed")
        runs = [json.loads(text)["training"] for text in texts]
        self.lines = runs[0]
        for i, line in enumerate(self.lines):
            ms = statistics.mean(run[i]["ms_per_attempt"] for run in runs) / self.n
            self.times.setdefault(line["layout"], []).append(ms)


def compare(options, hidden, n_threads, what):
    """One line of the table: {name: cell} with times, and notes."""
    n_models = 1 if what == LONE else 64 if hidden <= 100 else 16
    names = [name for name in options.peers if what == LONE or name != "notebook"]
    peers = []
    for i in range(0, len(names), 2):  # two at a time compile side by side
        pair = [Peer(options, name, hidden, n_models, n_threads) for name in names[i:i + 2]]
        for peer in pair:
            note(f"H = {hidden}, {n_threads} thread(s), {what}: {peer.name} starts")
            peer.start()
        peers += pair
    picky = Picky(options, hidden, 1 if what == LONE else n_threads)
    for number in range(options.rounds):
        note(f"H = {hidden}, {n_threads} thread(s), {what}: round {number + 1} of {options.rounds}")
        for peer in peers:
            peer.round(options.seconds)
        picky.round()
    for peer in peers:
        peer.end()
    check_errors(hidden, what, peers)
    return peers, picky


def check_errors(hidden, what, peers):
    errors = [peer.errors for peer in peers if peer.errors]
    for other in errors[1:]:
        if any(abs(a - b) > 1e-3 * a for a, b in zip(errors[0], other)):
            give_up(f"H = {hidden}, {what}: not the same work: test errors after 20 steps {errors}")


# ---- the table --------------------------------------------------------------------------------------------------


def number(ms):
    return f"{ms:,.0f}" if ms >= 100 else f"{ms:.3g}"


def cell(times, n_steps=STEPS):
    if not times:
        return "not run"
    share = f", {n_steps} steps" if n_steps < STEPS else ""
    return f"{number(statistics.median(times))} ({number(min(times))} - {number(max(times))}{share})"


def verdict(picky, best):
    if not best:
        return "lost (not run)"
    ratio = best / picky
    return f"{ratio:.2g} x ahead" if ratio >= 1 else f"{1 / ratio:.2g} x BEHIND"


def line_of_table(hidden, n_threads, what, peers, picky, lone):
    """`lone`: medians of the same peers with one model at a time, which may be the faster way for a full set too."""
    layouts = {layout: statistics.median(times) for layout, times in picky.times.items()}
    lanes = {line["layout"]: line["lanes"] for line in picky.lines}
    chosen = next(line["layout"] for line in picky.lines if line["is_chosen"])
    if what == LONE:  # a pack takes the same time however many of its lanes are filled
        layouts = {layout: ms * lanes[layout] for layout, ms in layouts.items()}
        chosen = min(layouts, key=layouts.get)
    scale = {layout: lanes[layout] if what == LONE else 1 for layout in layouts}
    found = {peer.name: statistics.median(peer.times) for peer in peers if peer.times}
    complete = len(found) == len(peers)
    best = min([*found.values(), *(lone.values() if what == FULL else [])]) if complete else None
    cells = [str(hidden), str(n_threads), what]
    for layout in ("models", "units"):
        text = cell([ms * scale[layout] for ms in picky.times[layout]])
        cells.append(f"**{text}**" if layout == chosen else text)
    by_name = {peer.name: peer for peer in peers}
    for name in PEERS:
        peer = by_name.get(name)
        if peer:
            cells.append(cell(peer.times, peer.n_steps))
        else:
            cells.append(f"{number(lone[name])} (one by one)" if what == FULL and name in lone else "not run")
    cells.append(verdict(layouts[chosen], best))
    compiled = ", ".join(f"{peer.compile_s:.0f}" if peer.compile_s is not None else "-" for peer in peers
                         if peer.name != "notebook")
    cells.append(compiled)
    print("| " + " | ".join(cells) + " |", flush=True)
    for peer in peers:
        if peer.failure:
            print(f"peers.py: {peer.name}, H = {hidden}, {n_threads} thread(s), {what}: {peer.failure}", file=sys.stderr)
    return found


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def main():
    def positive(text):
        value = int(text)
        if value < 1:
            raise argparse.ArgumentTypeError("allowed: an integer from 1")
        return value

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "build" / "picky"
    parser.add_argument("--picky", type=Path, default=default, metavar="PATH", help=f"the program (default: {default})")
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="with PyTorch and JAX (default: this)")
    parser.add_argument("--sizes", default="16,50,100,200,256,400", help="hidden sizes, with commas")
    parser.add_argument("--threads", default="1,2", help="with commas")
    parser.add_argument("--peers", default=",".join(PEERS), help="with commas; those left out count as lost")
    parser.add_argument("--rounds", type=positive, default=3, metavar="N", help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.4, metavar="S",
                        help="of one peer's steps in a round, at least one scan or step (default: %(default)s)")
    parser.add_argument("--simd", default="avx512", help="picky's instruction set (default: %(default)s)")
    options = parser.parse_args()
    options.peers = options.peers.split(",")
    for name in options.peers:
        if name not in PEERS:
            parser.error(f"--peers {name}: allowed: {', '.join(PEERS)}")
    if not os.access(options.picky, os.X_OK):
        give_up(f"no program {options.picky}: build picky or give --picky PATH")
    sizes, threads = ([positive(n) for n in text.split(",")] for text in (options.sizes, options.threads))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as options.cache:
        first = Peer(options, "manual", 4, 1, 1)  # headers are compiled once, and not counted
        first.start()
        first.end()
        version = subprocess.run([options.picky, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
        print(f"{processor()}; {version}; {options.rounds} rounds; ms a model: median (least - most); bold: the layout "
              "that picky chooses; compiling: seconds, in the order of the columns\n")
        heads = ["H", "threads", "", "picky, models in lanes", "picky, units in lanes", *PEERS.values(),
                 "picky beside the best", "compiling"]
        print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
        versions = set()
        for hidden in sizes:
            for n_threads in threads:
                lone = {}
                for what in (LONE, FULL):
                    peers, picky = compare(options, hidden, n_threads, what)
                    found = line_of_table(hidden, n_threads, what, peers, picky, lone)
                    lone = lone or found
                    versions |= {peer.version for peer in peers if peer.version}
    note("")
    print(f"\n{', '.join(sorted(versions)) or 'no peer could be run'}; {time.monotonic() - start:.0f} s in all")


if __name__ == "__main__":
    main()
