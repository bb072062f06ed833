#!/usr/bin/env python3
"""Whether the sources keep to the layers of cmake/layers.txt.

Usage: layers.py SOURCE_DIR [INCLUDE_DIR...]     INCLUDE_DIR: folders of HDF5's and MPI's headers, beside the compiler's
       layers.py --self-test SOURCE_DIR          faults planted in a copy: each must be found

A line for each fault on stdout; exit code 1 if there is one. The compiler is $CC or cc.
"""
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

GENERATED = {"version.h", "sources_hash.h", "sweep_sbatch.h"}  # written by the build, seen by the layer that writes them
# Any other way to write it is a fault by itself: it could not be followed.
ODD_INCLUDE = re.compile(r'^[ \t]*(?:/\*.*\*/[ \t]*)*(?:#|%:|\?\?=)(?:[ \t]|/\*.*?\*/|\\\n)*(?:include|import)\w*.*$', re.M)
LINKS = re.compile(r'^[ \t]*(target_link_libraries|target_include_directories|include_directories|link_libraries)'
                   r'[ \t]*\(([^)]*)\)', re.M)
CLOCK = re.compile(r'\b(?:time|clock|clock_gettime|gettimeofday|timespec_get|ftime|times|MPI_Wtime)[ \t]*\([^)]*\)?')
TEXTS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)  # comments and strings
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


class Layers:
    def __init__(self, root):
        self.root = root
        self.direct, self.private, self.system, self.lone, seen = {}, {}, {}, {}, set()
        for line in (root / "cmake/layers.txt").read_text().splitlines():
            name, colon, rest = line.partition(":")
            if not line or line.startswith("#"):
                continue
            if not colon:
                sys.exit(f"cmake/layers.txt: {line}: no colon")
            if name in seen:
                sys.exit(f"cmake/layers.txt: {name} is there twice")
            seen.add(name)
            if name.startswith("<"):
                self.system[name.strip("<>")] = rest.split()
            elif name.startswith('"'):
                self.lone[name.strip('"')] = rest.strip()
            else:
                self.direct[name] = [word for word in rest.split() if not word.startswith("[")]
                self.private[name] = [word.strip("[]") for word in rest.split() if word.startswith("[")]
                for lower in self.direct[name] + self.private[name]:
                    if lower not in self.direct or lower == name:
                        sys.exit(f"cmake/layers.txt: {name}: {lower} is not the name of a layer above that line")

    def below(self, layer):
        """Layers that `layer` may include for those above it, too."""
        found = {layer}
        for lower in self.direct[layer]:
            found |= self.below(lower)
        return found

    def allowed(self, layer):
        found = self.below(layer)
        for lower in self.private[layer]:
            found |= self.below(lower)
        return found

    def of(self, path):
        """The layer of a file: its folder's."""
        folder = path.parent.relative_to(self.root).as_posix()
        return folder if folder in self.direct else None

    @staticmethod
    def library(layer):
        top, _, rest = layer.partition("/")
        return "picky_" + ("analysis_" if top == "analysis" else "") + rest.split("/")[-1]


def sources(root, *folders):
    return sorted(path for folder in folders for path in (root / folder).rglob("*.[ch]"))


def check_includes(layers, faults):
    root = layers.root
    files = sources(root, "src", "analysis")
    by_name = {}
    for path in files:
        by_name.setdefault(path.name, path)
        if layers.of(path) is None:
            faults.append(f"{path.relative_to(root)}: its folder is no layer of cmake/layers.txt")
    for path in files:
        layer = layers.of(path)
        if layer is None:
            continue
        allowed = layers.allowed(layer)
        text = path.read_text()
        faults += [f"{path.relative_to(root)}: {line.strip()}: not written as #include \"NAME\" or #include <NAME>"
                   for line in ODD_INCLUDE.findall(text) if not INCLUDE.match(line)]
        for quote, name in INCLUDE.findall(text):
            beside = pathlib.Path(os.path.normpath(path.parent / name))
            target = beside if beside.is_file() and (quote == '"' or "/" in name) else by_name.get(pathlib.Path(name).name)
            for pattern, users in layers.system.items():
                if fnmatch.fnmatch(name, pattern) and layer not in users:
                    faults.append(f"{path.relative_to(root)}: <{name}> is for {' and '.join(users)} only")
            if target is None:
                if quote == '"' and name not in GENERATED:
                    faults.append(f'{path.relative_to(root)}: "{name}" is not in the project')
                continue
            if quote == "<" and not beside.is_file() and "/" in name:
                continue  # a system header of a name that is in the project too: <sys/stat.h>
            if target.is_relative_to(root) and layers.of(target) not in allowed:
                faults.append(f"{path.relative_to(root)}: {quote}{name}{'>' if quote == '<' else quote} is "
                              f"{target.relative_to(root)}, which {layer} may not include")


def check_libraries(layers, faults):
    """The build links what the includes may see, and no more."""
    names = {layers.library(layer): layer for layer in layers.direct}
    for layer in layers.direct:
        path = layers.root / layer / "CMakeLists.txt"
        text = path.read_text() if path.is_file() else ""
        if not re.search(rf"\b(picky_layer|add_library)\({layers.library(layer)}\b", text):
            faults.append(f"{layer}/CMakeLists.txt: makes no library {layers.library(layer)}")
        call = re.search(rf"\bpicky_layer\({layers.library(layer)}\b(.*?)\)", text, re.S)
        for command, words in LINKS.findall(text):
            if set(words.split()[1:]) & set(names) and words.split()[0] in names or "../" in words:
                faults.append(f"{layer}/CMakeLists.txt: {command}({words}): layers are linked by picky_layer only")
        for word in set(call.group(1).split() if call else []) & set(names):
            if names[word] not in layers.allowed(layer):
                faults.append(f"{layer}/CMakeLists.txt: {layers.library(layer)} links {word}, a layer that is not below it")


def system_headers(include_dirs):
    """Name -> folder of the headers at the top of the compiler's include folders and of others."""
    output = subprocess.run([os.environ.get("CC", "cc"), "-E", "-v", "-x", "c", os.devnull], capture_output=True,
                            text=True, check=True, env={**os.environ, "LC_ALL": "C"}).stderr
    listed = output.partition("#include <...> search starts here:\n")[2].partition("End of search list")[0]
    found = {}
    for folder in [line.strip() for line in listed.splitlines()] + include_dirs:
        for path in pathlib.Path(folder).glob("*.h"):
            found.setdefault(path.name, folder)
    if "stdio.h" not in found:
        sys.exit("the compiler does not say where its headers are")
    return found


def check_names(layers, system, faults):
    headers = {}
    for path in sources(layers.root, "src", "analysis", "tests"):
        if path.suffix != ".h":
            continue
        name = path.relative_to(layers.root)
        if path.name in headers:
            faults.append(f"{name}: there is {headers[path.name]} too")
        headers[path.name] = name
        if path.name in system:
            faults.append(f"{name}: there is {system[path.name]}/{path.name} too")
        if name.parts[0] != "tests" and not path.with_suffix(".c").is_file() and path.name not in layers.lone:
            faults.append(f"{name}: no {path.stem}.c beside it (or a line of cmake/layers.txt that says why)")
    for name in layers.lone:
        if name not in headers or (layers.root / headers[name]).with_suffix(".c").is_file():
            faults.append(f'cmake/layers.txt: "{name}": there is no such header without a .c')


def check_clocks(root, faults):
    """Only base/clock.c asks the system for the time."""
    for path in sources(root, "src", "analysis"):
        name = path.relative_to(root).as_posix()
        if name != "src/base/clock.c":
            faults += [f"{name}: {call}: time is asked for by base/clock.h only"
                       for call in CLOCK.findall(TEXTS.sub('""', path.read_text()))]


def check(root, include_dirs):
    faults = []
    layers = Layers(root)
    check_includes(layers, faults)
    check_libraries(layers, faults)
    check_names(layers, system_headers(include_dirs), faults)
    check_clocks(root, faults)
    return faults


PLANTS = [  # a file, what is added to its end (or the file made of it), what must be said of it
    ("src/base/text.c", '#include "record.h"\n', "src/base/text.c: .*record.h, which src/base may not"),
    ("src/results/slots.c", '#include "sweep.h"\n', "src/results/slots.c: .*sweep.h, which src/results may not"),
    ("src/sweep/sweep.h", '#include "../results/schema.h"\n', "src/sweep/sweep.h: .*schema.h, which src/sweep may not"),
    ("src/model/rng.c", "#include <job.h>\n", "src/model/rng.c: <job.h> .*which src/model may not"),
    ("src/model/rng.c", "  #  include \"../jobs/job.c\"\n", "src/model/rng.c: .*src/jobs/job.c, which"),
    ("analysis/findings/lesion.c", '#include "schema.h"\n', "analysis/findings/lesion.c: .*schema.h, which"),
    ("analysis/tables/export.c", '#include "report.h"\n', "analysis/tables/export.c: .*report.h, which"),
    ("analysis/file/reader.c", '#include "coordinator.h"\n', "analysis/file/reader.c: .*coordinator.h, which"),
    ("src/jobs/plan.c", "#include <hdf5.h>\n", "src/jobs/plan.c: <hdf5.h> is for"),
    ("src/cluster/wire.c", "#include <hdf5_hl.h>\n", "src/cluster/wire.c: <hdf5_hl.h> is for"),
    ("src/commands/cli.c", "#include <libconfig.h>\n", "src/commands/cli.c: <libconfig.h> is for src/sweep only"),
    ("src/results/open.c", "#include <mpi.h>\n", "src/results/open.c: <mpi.h> is for"),
    ("src/jobs/plan.c", '#include "nowhere.h"\n', 'src/jobs/plan.c: "nowhere.h" is not in the project'),
    ("src/jobs/CMakeLists.txt", "picky_layer(picky_jobs SOURCES a.c PUBLIC_LINK picky_sweep)\n", "links picky_sweep"),
    ("src/base/text.c", '#define HH "../jobs/record.h"\n#include HH\n', "src/base/text.c: #include HH: not written"),
    ("src/base/text.c", '#include /* c */ "../jobs/record.h"\n', "src/base/text.c: .*: not written"),
    ("src/base/text.c", '/**/#include "../jobs/record.h"\n', "src/base/text.c: .*: not written"),
    ("src/base/text.c", '#include \\\n"../jobs/record.h"\n', "src/base/text.c: .*: not written"),
    ("src/base/text.c", '%:include "../jobs/record.h"\n', "src/base/text.c: .*: not written"),
    ("src/base/text.c", '#include_next <record.h>\n', "src/base/text.c: .*: not written"),
    ("src/base/text.c", '#import "../jobs/record.h"\n', "src/base/text.c: .*: not written"),
    ("src/jobs/plan.c", "#include <H5public.h>\n", "src/jobs/plan.c: <H5public.h> is for"),
    ("src/jobs/CMakeLists.txt", "picky_layer(picky_jobs SOURCES a.c)\ntarget_link_libraries(picky_jobs PRIVATE picky_sweep)\n",
     "src/jobs/CMakeLists.txt: target_link_libraries.*picky_layer only"),
    ("src/jobs/CMakeLists.txt", "picky_layer(picky_jobs SOURCES a.c)\ninclude_directories(../sweep)\n",
     "src/jobs/CMakeLists.txt: include_directories.*picky_layer only"),
    ("src/jobs/signal.h", "", "src/jobs/signal.h: there is /.*/signal.h too"),
    ("src/jobs/text.h", "", "src/jobs/text.h: there is .*text.h too|src/base/text.h: there is"),
    ("src/jobs/lonely.h", "", "src/jobs/lonely.h: no lonely.c beside it"),
    ("src/commands/running.c", "double now(void) { return (double)time(NULL); }\n", r"running.c: time\(NULL\): .*clock.h only"),
    ("src/jobs/plan.c", "void f(struct timespec *t) { clock_gettime (0, t); }\n", "plan.c: clock_gettime .*: .*clock.h only"),
    ("analysis/file/ticker.h", "static int f(struct timeval *t) { return gettimeofday(t, 0); }\n", "ticker.h: gettimeofday"),
    ("src/cluster/wire.c", "double f(void) { return MPI_Wtime() + clock(); }\n", r"wire.c: clock\(\): .*clock.h only"),
    ("cmake/layers.txt", '"hash.h": the same again\n', '^cmake/layers.txt: "hash.h" is there twice'),
    ("cmake/layers.txt", "src/base:\n", "^cmake/layers.txt: src/base is there twice"),
    ("src/attic/lonely.c", "", "src/attic/lonely.c: its folder is no layer"),
]


def self_test(root):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in ("src", "analysis", "cmake", "tests"):
            shutil.copytree(root / name, copy / name)
        before = check(copy, [])
        for name, text, expected in PLANTS:
            path = copy / name
            kept = path.read_text() if path.exists() else None
            path.parent.mkdir(exist_ok=True)
            path.write_text(text if name.endswith("CMakeLists.txt") else (kept or "") + text)
            try:
                found = [fault for fault in check(copy, []) if fault not in before]
            except SystemExit as end:  # of cmake/layers.txt
                found = [str(end)]
            if not any(re.search(expected, fault) for fault in found):
                failed += 1
                print(f"{text.strip() or 'a file'} in {name} was not found; found: {found}")
            path.unlink() if kept is None else path.write_text(kept)
            if kept is None and not any(path.parent.iterdir()):
                path.parent.rmdir()
    print(f"{len(PLANTS) - failed} of {len(PLANTS)} planted faults found")
    return failed > 0


def main():
    if sys.argv[1:2] == ["--self-test"]:
        sys.exit(self_test(pathlib.Path(sys.argv[2]).resolve()))
    faults = check(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:])
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


main()
