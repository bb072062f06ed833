#!/usr/bin/env python3
"""Do the tests notice a change? Changes the operators, constants and conditions of a source file one at a time, in a copy,
builds the tests that concern it and runs them. A change that no test notices is a hole in the tests, unless
tests/long/mutations.txt says why it makes no difference.

Usage: mutations.py [--files PART,...] [--sample N] [--seed N] [--jobs N] [--build DIR] [--list]

--files   only of source files whose path has one of the parts
--sample  only so many changes of each file, chosen by --seed
--build   keep the build there, and use it again (else in a temporary directory)
--list    only list the changes

Needs Ninja, and NumPy and SciPy for the statistics. Exit code 1 if a change is neither noticed nor explained, or if an
explanation is stale. Half an hour on an idle machine of two cores.

mutations.txt: blocks with an empty line between them: the source file; the line, as it stands there; the changes of it,
"OLD -> NEW", with "; " between them (all of an OLD that is there twice); and then the reason.
"""
import argparse
import concurrent.futures
import json
import os
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXPLANATIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mutations.txt")


def statistics(*classes):
    """Tests of a statistic: by hand, and those of check_statistics.py's classes (none named: of all)."""
    return [("analysis_statistics", ["{}"]),
            ("statistics_table", ["/usr/bin/python3", "-B", f"{ROOT}/tests/analysis/statistics/check_statistics.py",
                                  "{}", "-f", *classes])]


# The source files, and the tests of each, the quickest first: a program's target, and the command that runs it.
FILES = {
    "src/model/importance.c": [("test_measures", ["{}"]), ("test_memory", ["{}"]), ("test_job", ["{}"])],
    "src/model/measures.c": [("test_measures", ["{}"])],
    "src/jobs/job_queue.c": [("test_job_queue", ["{}"])],
    "src/cluster/ledger.c": [("test_ledger", ["{}"]), ("test_ledger_random", ["{}"])],
    "analysis/statistics/bootstrap.c": statistics("Bootstrap"),
    "analysis/statistics/correlation.c": statistics("Effects"),
    "analysis/statistics/density.c": statistics("Effects"),
    "analysis/statistics/dip.c": statistics("Dip"),
    "analysis/statistics/distance.c": statistics("Effects"),
    "analysis/statistics/max_t.c": statistics("Family"),
    "analysis/statistics/paired.c": statistics("Paired"),
    "analysis/statistics/pooled.c": statistics("Effects"),
    "analysis/statistics/power.c": statistics("Power"),
    "analysis/statistics/sharing.c": statistics()[:1],
    "analysis/statistics/statistics.c": statistics(),
    "analysis/statistics/student.c": statistics("Student"),
    "analysis/statistics/verdict.c": statistics("Effects"),
}
OPERATORS = {
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"],
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "&&": ["||"], "||": ["&&"], "!": [""], "++": ["--"], "--": ["++"],
    "+=": ["-="], "-=": ["+="], "*=": ["/="], "/=": ["*="], "|=": ["&="], "&=": ["|="],
    "true": ["false"], "false": ["true"],
}
TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'
    |(?P<condition>\b(?:if|while)\s*\()
    |(?P<name>[A-Za-z_]\w*)
    |(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fFuUlL]*)
    |(?P<operator>->|<<=|>>=|<<|>>|\+\+|--|&&|\|\||[-+*/%&|^<>=!]=|[-+*/%<>!&|=?])
    """, re.S | re.X)


def other_numbers(text):
    """The numbers to put in place of one."""
    digits, suffix = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[\d.eE+-]+)([fFuUlL]*)", text).groups()
    if re.search(r"[.eE]", digits) and not digits.lower().startswith("0x"):
        value = float(digits)
        return [f"{value * 1.2 if value else 1.0!r}{suffix}"]
    value = int(digits, 0)
    return [f"{n}{suffix}" for n in ([1] if value == 0 else [value + 1, 0] if value == 1 else [value + 1])]


def closing(text, start):
    """The place of the bracket that closes the one before start."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ValueError("brackets do not match")


def mutations(text):
    """All changes of a source: (begin, end, new text, OLD -> NEW), by place. Lines of the preprocessor stay, but for the
    values of its definitions."""
    found = []
    for match in TOKEN.finditer(text):
        begin, end, kind = match.start(), match.end(), match.lastgroup
        line = text[text.rfind("\n", 0, begin) + 1:begin]
        if kind is None or re.match(r"\s*#\s*(?!define)", line):
            continue
        token = match.group()
        if kind == "condition":
            last = closing(text, end)
            found.append((begin, last, f"{token}!({text[end:last]})", f"{token} -> {token}!"))
        elif kind == "number":
            found += [(begin, end, new, f"{token} -> {new}") for new in other_numbers(token)]
        elif kind == "operator" and begin > 0 and text[begin:begin + 2] != "->" or token in ("true", "false"):
            found += [(begin, end, new, f"{token} -> {new or 'nothing'}") for new in OPERATORS.get(token, [])]
    return found


def source_line(text, place):
    begin = text.rfind("\n", 0, place) + 1
    return text.count("\n", 0, place) + 1, text[begin:text.find("\n", place)].strip()


def read_explanations():
    """{(file, line, change): whether it has come up}"""
    explained = {}
    with open(EXPLANATIONS) as file:
        for block in re.split(r"\n\s*\n", file.read().strip()):
            if block.startswith("#"):
                continue
            name, line, changes, *reason = [part.strip() for part in block.split("\n")]
            if not reason:
                sys.exit(f"{EXPLANATIONS}: without a reason: {name}: {line}")
            explained.update({(name, line, change): False for change in changes.split("; ")})
    return explained


class Builder:
    """A build of the repository, and of tests in it with one source file changed."""

    def __init__(self, directory):
        self.directory = directory
        subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", directory, "-DBUILD_TESTING=ON",
                        "-DCMAKE_BUILD_TYPE=Release"], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(directory, "compile_commands.json")) as file:
            self.compile = {entry["file"]: shlex.split(entry["command"]) for entry in json.load(file)
                            if " -o tests/" not in entry["command"]} # some tests compile sources in another way
        self.link = {}

    def build(self, targets):
        subprocess.run(["ninja", "-C", self.directory, *targets], check=True, stdout=subprocess.DEVNULL)
        for target in targets:
            commands = subprocess.run(["ninja", "-C", self.directory, "-t", "commands", target], check=True,
                                      capture_output=True, text=True).stdout.splitlines()
            command = next(c for c in reversed(commands) if re.search(rf" -o \S*{target} ", c))
            self.link[target] = shlex.split(command.removeprefix(": && ").removesuffix(" && :"))

    def object(self, name, text, directory):
        """Compiles a source text in place of file `name`: the object's path, or None."""
        source, output = os.path.join(directory, os.path.basename(name)), os.path.join(directory, "changed.o")
        with open(source, "w") as file:
            file.write(text)
        command = list(self.compile[os.path.join(ROOT, name)])
        command[command.index("-o") + 1] = output
        command[command.index("-c") + 1] = source
        command.append(f"-ffile-prefix-map={directory}=.") # check() says where it is
        done = subprocess.run(command, cwd=self.directory, capture_output=True)
        return output if done.returncode == 0 else None

    def program(self, target, changed, directory):
        """Links a test with the object before those of the libraries, which then are not asked for it."""
        output, command = os.path.join(directory, target), list(self.link[target])
        command[command.index("-o") + 1] = output
        command.insert(command.index("-o"), changed)
        subprocess.run(command, cwd=self.directory, check=True, capture_output=True)
        return output


def run(command, seconds):
    """Runs a test until its end or the first failure: whether it fails, and its processor time."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(5)

    environment = dict(os.environ, PICKY_TEST_SEED="1", CMOCKA_MESSAGE_OUTPUT="STDOUT")
    child = subprocess.Popen(["stdbuf", "-oL", "-eL", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", preexec_fn=limit, start_new_session=True, env=environment)
    fails = False
    for line in child.stdout:
        if "[  FAILED  ]" in line:
            fails = True
            os.killpg(child.pid, 9)
            break
    child.stdout.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    return fails or status != 0, usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", default="")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--build")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    names = [name for name in FILES if any(part in name for part in options.files.split(","))]
    if not names:
        sys.exit(f"--files {options.files}: no such file; there are: {', '.join(FILES)}")
    explained, survivors = read_explanations(), []

    if options.list:
        for name in names:
            text = open(os.path.join(ROOT, name)).read()
            for place, _, _, change in mutations(text):
                print(f"{name}:{source_line(text, place)[0]}: {change}")
        return
    scratch = tempfile.mkdtemp(prefix="picky-mutations.")
    try:
        builder = Builder(options.build or os.path.join(scratch, "build"))
        for name in names:
            survivors += mutate_file(name, builder, scratch, options, explained)
    finally:
        shutil.rmtree(scratch)

    stale = [key for key, state in explained.items() if key[0] in names and state != "alive" and
             (state in ("killed", "same code") and not options.sample or state is False and not exists(key))]
    for key in stale:
        print("stale in mutations.txt: " + ": ".join(key))
    unexplained = [s for s in survivors if s[1:] not in explained]
    for number, name, line, change in unexplained:
        print(f"not noticed: {name}:{number}: {change}\n    {line}")
    print(f"{len(survivors)} changes not noticed, {len(unexplained)} of them without an explanation")
    sys.exit(bool(stale or unexplained))


def exists(key):
    name, line, change = key
    if name not in FILES:
        return False
    text = open(os.path.join(ROOT, name)).read()
    return any(c == change and source_line(text, place)[1] == line for place, _, _, c in mutations(text))


def mutate_file(name, builder, scratch, options, explained):
    """Tries the changes of a file; returns the survivors, (number of the line, file, line, change)."""
    tests, begin = FILES[name], time.time()
    builder.build([target for target, _ in tests])
    text = open(os.path.join(ROOT, name)).read()
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        with open(builder.object(name, text, directory), "rb") as file:
            original = file.read()
        seconds = []
        for target, command in tests:
            program = builder.program(target, os.path.join(directory, "changed.o"), directory)
            fails, took = run([part.format(program) for part in command], 300)
            if fails:
                sys.exit(f"{target} fails without any change")
            seconds.append(int(4 * took) + 2)

    def attempt(mutation):
        begin, end, new, _ = mutation
        with tempfile.TemporaryDirectory(dir=scratch) as directory:
            changed = builder.object(name, text[:begin] + new + text[end:], directory)
            if not changed:
                return "does not compile"
            with open(changed, "rb") as file:
                if file.read() == original:
                    return "same code"
            for (target, command), limit in zip(tests, seconds):
                program = builder.program(target, changed, directory)
                if run([part.format(program) for part in command], limit)[0]:
                    return "killed"
        return "alive"

    found = mutations(text)
    if options.sample and options.sample < len(found):
        found = sorted(random.Random(options.seed).sample(found, options.sample))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(attempt, found))
    survivors = []
    for (place, _, _, change), outcome in zip(found, outcomes):
        number, line = source_line(text, place)
        key = (name, line, change)
        if outcome == "alive":
            survivors.append((number, *key))
        if key in explained and explained[key] != "alive":
            explained[key] = outcome
    print(f"{name}: {len(found)} changes: " +
          ", ".join(f"{outcomes.count(o)} {o}" for o in ("killed", "alive", "same code", "does not compile")) +
          f"; {time.time() - begin:.0f} s", flush=True)
    return survivors


if __name__ == "__main__":
    main()
