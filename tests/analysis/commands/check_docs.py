"""Runs what README.md, docs/ and jobscripts/README.md tell users to type, and compares the numbers of the Python recipes
with picky-analyse's, on sweeps of varying sizes and depths.

check_docs.py PICKY_ANALYSE PICKY SOURCE_FOLDER
Needs h5py, xarray, h5netcdf, netCDF4, pandas, scipy, matplotlib, h5dump and mpirun; runs the lines for PyTorch and NCO if they
are there.

Commands are the indented lines, the lines of ```sh blocks, and code within sentences that has arguments. All are run in one
folder, one page after the other, as they stand; sweeps/seed.cfg is as it comes, larger ones have fewer replicates and units. A
command that is neither run nor in NOT_RUN is an error, and so is an entry that no longer occurs.
"""
import contextlib
import csv
import functools
import glob
import gzip
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

try:
    import h5netcdf  # noqa: F401 (what xarray opens files with)
    import h5py
    import matplotlib  # noqa: F401
    import netCDF4
    import numpy as np
    import pandas  # noqa: F401
    import scipy  # noqa: F401
    import xarray as xr
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
for program in ("h5dump", "mpirun", "gnuplot"):
    if not shutil.which(program):
        print(f"skipped: {program} is missing")
        sys.exit(77)

PICKY_ANALYSE, PICKY, SOURCE = map(os.path.abspath, sys.argv[1:4])
DOCUMENTS = ["README.md", *sorted(glob.glob("docs/*.md", root_dir=SOURCE)), "jobscripts/README.md"]

BUILDS = "builds or installs: test install, and tests/long/deb.sh for the package, do that"
MACHINE = "sets up a whole machine; what it then runs is among the commands below"
SLURM = "needs Slurm: the test slurm submits the job scripts"
CLUSTER = "needs a cluster's modules, Spack, or libraries built by hand"
BENCH = "measures for minutes to hours; test scale has the same in small"
LOG = "a line of a log"
NOT_RUN = {
    "./demo.sh": MACHINE,
    "./test.sh": MACHINE,
    "./setup.sh": MACHINE,
    "cmake --install build": BUILDS,
    "cmake -S . -B build -D BUILD_TESTING=OFF -D CMAKE_INSTALL_PREFIX=$HOME/picky": BUILDS,
    "cmake --build build -j 8": BUILDS,
    "cmake -S . -B build -D RANDOM123_INCLUDE_DIR=$HOME/Random123/include ...": CLUSTER,
    "cmake -S . -B build -D BUILD_TESTING=OFF && cmake --build build -j 8": BUILDS,
    "(cd build && cpack)": BUILDS,
    "sudo apt install ./build/picky_*.deb": BUILDS,
    "tests/debian13.sh": MACHINE,
    "tests/long/r_octave.sh": "installs R and Octave",
    "export PATH=$HOME/picky/bin:$PATH": BUILDS,
    "export PKG_CONFIG_PATH=$HOME/local/lib/pkgconfig LD_LIBRARY_PATH=$HOME/local/lib": CLUSTER,
    "module load gcc openmpi hdf5 libconfig cmake": CLUSTER,
    "module spider hdf5": CLUSTER,
    "spack install hdf5~mpi libconfig mpfr random123 openmpi": CLUSTER,
    "spack load": CLUSTER,
    "mpirun --with-ft ulfm -n 8 --bind-to none picky run sweep.cfg -o sweep.h5":
        "needs Open MPI 5: debian13.sh runs test_death.sh, which does this",
    "tests/bench/scale.py all": BENCH,
    "tests/bench/scale.py throughput": BENCH,
    "tests/bench/scale.py memory": BENCH,
    "tests/bench/scale.py start": BENCH,
    "tests/bench/layouts.py OLD NEW": BENCH,
    "picky bench --rounds 3 --simd avx512 --hidden-size 5,16,50,100,200,400": BENCH,
    "tests/bench/sweeps.py": BENCH,
    "tests/bench/plan.py": BENCH,
    "tests/bench/peers_setup.sh peers-env && tests/bench/peers.py --python peers-env/bin/python": "downloads PyTorch",
    "sbatch --signal": SLURM,
    "sbatch -N 2 jobscripts/sweep.sbatch sweep.cfg out.h5": SLURM,
    "sbatch jobscripts/sweep.sbatch sweeps/notebook.cfg notebook.h5": SLURM,
    "id=$(sbatch --parsable -N 4 --time=02:00:00 jobscripts/sweep.sbatch sweep.cfg out.h5 --set replicates=500)": SLURM,
    "sbatch --dependency=afterok:$id jobscripts/analyse.sbatch sweep.cfg out.h5": SLURM,
    "id=$(sbatch --parsable --array=1-16 jobscripts/array.sbatch sweep.cfg out.h5)": SLURM,
    "sbatch --dependency=afterok:$id jobscripts/merge.sbatch sweep.cfg out.h5": SLURM,
    "sbatch job.sbatch": SLURM,
    "PICKY_SHARDS=16 sbatch --array=3 jobscripts/array.sbatch ...": SLURM,
    "PICKY=/path/to/picky sbatch ...": SLURM,
    "PICKY_LAUNCHER=mpirun sbatch ...": SLURM,
    "srun --mpi=pmix": SLURM,
    "tests/slurm/cluster.sh": SLURM,
    "tests/slurm/cluster.sh start /tmp/cluster 4": SLURM,
    ". /tmp/cluster/env": SLURM,
    "sbatch -N 2 jobscripts/sweep.sbatch sweeps/seed.cfg seed.h5": SLURM,
    "tests/slurm/cluster.sh lose /tmp/cluster n2": SLURM,
    "tests/slurm/cluster.sh stop /tmp/cluster && rm -r /tmp/cluster": SLURM,
    "picky: 64 ranks (avx2) on 2 nodes, 32 a node, 2 threads each (one trains); a rank may use 32 of its node's 32 CPUs":
        LOG,
    "picky: the output is on /scratch (lustre); training must end by 2026-03-01T14:29:30Z (Slurm's time limit)": LOG,
}
# What stands for a command that is shortened in a sentence, or would take long.
RUN_AS = {
    "picky run sweeps/seed.cfg --set replicates=100 -o seed100.h5":
        "picky run sweeps/seed.cfg --set replicates=12 -o seed100.h5",
    "picky-analyse COMMAND --help": "for c in summary claims plot report export; do picky-analyse $c --help; done",
    "claims --of important": "picky-analyse claims notebook.h5 --of important",
    "summary --compare fraction": "picky-analyse summary notebook.h5 --compare fraction",
}
# What has to be there: the other shards; a file that something is missing in.
BEFORE = {
    "picky-analyse claims bare.h5 --control -o with-control.cfg":
        "sed '/tasks = (/d; s/0.91; },/0.91; }/' sweeps/seed.cfg >bare.cfg; picky run bare.cfg",
    "picky merge -o whole.h5 sweep-?-of-3.h5": "picky run sweep.cfg --shard 1/3; picky run sweep.cfg --shard 3/3",
    "picky run sweep.cfg -o sweep.h5 --resume":
        "rm -f sweep*.h5; picky run sweep.cfg --shard 1/2; picky merge -o sweep.h5 sweep-1-of-2.h5 || [ $? = 75 ]",
}
HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_NCO = shutil.which("ncap2") is not None
WITH_FIGURES = {"seed", "sizes", "unfinished", "one"}  # as in the docs, ragged, with nothing in places, of one panel
BLOCKS_ELSEWHERE = {"r", "octave"}  # tests/long/r_octave.sh
BLOCKS_NOT_RUN = {"matlab", "julia"}  # the text says so

NAMES = r"(?:build/)?picky|(?:build/)?picky-analyse|mpirun|h5dump|ncdump|python3?|sbatch|srun|cmake|module|spack|sudo"
RUNNABLE = re.compile(r"(?:build/)?picky(?:-analyse)? |(?:mpirun|h5dump) |for ")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
INDENTED = re.compile(r"^    (\S.*)$", re.M)
CODE = re.compile(r"`([^`]+)`")
# A program with arguments; of picky and picky-analyse more than the name of a command.
IN_SENTENCE = re.compile(rf"(?:[A-Z_]+=\S+ )*(?:(?!\S*picky)(?:{NAMES}) \S|(?:build/)?picky(?:-analyse)? [\w-]+ \S"
                         r"|(?:summary|claims|plot|report|export) --|tests/\S+\.(?:sh|py)|\./\w+\.sh)")


def blank(match):
    """What keeps the numbers of lines when a match is taken out."""
    return "\n" * match[0].count("\n")


def read_document(name):
    """Its blocks (line, kind, text) and commands (line, text), in the order of the text. Sweeps that it names ("In `x.cfg`:")
    are written, if they are not there."""
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        text = file.read()
    blocks, commands = [], []

    def line(match):
        return match.string.count("\n", 0, match.start()) + 1

    for m in FENCE.finditer(text):
        blocks.append((line(m), m[1], m[2]))
        named = re.search(r"`(\S+\.cfg)`:\n\n$", text[:m.start()])
        if named and not os.path.exists(named[1]):
            with open(named[1], "w", encoding="utf-8") as file:
                file.write(m[2])
    rest = FENCE.sub(blank, text)
    for m in INDENTED.finditer(rest):
        command = re.sub(r"(^|\s+)# .*", "", m[1]).strip()
        if command:
            commands.append((line(m), command))
    rest = INDENTED.sub(blank, rest)
    for m in CODE.finditer(rest):
        command = " ".join(m[1].split())
        if IN_SENTENCE.match(command):
            commands.append((line(m), command))
    return blocks, sorted(commands)


def shell(command, **options):
    done = subprocess.run(["bash", "-ec", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}\nexit code {done.returncode}\n{done.stdout}")
    return done.stdout


# ---- commands ----

SMALL_SEED = "small_seed.cfg"
FEWER_UNITS = {50: 20, 100: 24}


def prepare_folder():
    """The folder in which the commands are typed: a checkout's, with fewer replicates, and narrow networks that all claims
    are about still."""
    for name in ("sweeps", "build"):
        os.mkdir(name)
    for program in (PICKY, PICKY_ANALYSE):
        os.symlink(program, os.path.join("build", os.path.basename(program)))
    for path in glob.glob(os.path.join(SOURCE, "sweeps", "*.cfg")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if os.path.basename(path) == "seed.cfg":
            shutil.copy(path, "sweeps")
            path = SMALL_SEED
        text, n = re.subn(r"^replicates = \d+;", "replicates = 4;", text, flags=re.M)
        assert n == 1, path
        for units, fewer in FEWER_UNITS.items():
            text = text.replace(f"hidden_size = {units};", f"hidden_size = {fewer};")
        with open(os.path.join("sweeps", os.path.basename(path)), "w", encoding="utf-8") as file:
            file.write(text)
    with open(os.path.join("sweeps", SMALL_SEED), encoding="utf-8") as file:
        seed = file.read()
    with open("own.cfg", "w", encoding="utf-8") as file:
        file.write('replicates = 3; model = { tasks = "sin(3 * x0); x0 * x1"; epochs = 2; error_threshold = 9.0; };')
    for name, replicates in (("sweep.cfg", 3), ("SWEEP.cfg", 3), ("larger.cfg", 4)):
        with open(name, "w", encoding="utf-8") as file:
            file.write(re.sub("^replicates = 4", f"replicates = {replicates}", seed, flags=re.M))


def output_of(command):
    """The file that a command makes, None if it makes none."""
    named = re.search(r"(?:-o |>)(\S+)", command)
    if named:
        return named[1]
    run = re.search(r"picky run (\S+)\.cfg", command)
    shard = re.search(r"--shard (\d+)/(\d+)", command)
    return run and os.path.basename(run[1]) + (f"-{shard[1]}-of-{shard[2]}" if shard else "") + ".h5"


def run_command(command):
    for part in command.split(" && "):
        assert RUNNABLE.match(RUN_AS.get(part, part)), f"{part}: neither to be run here nor in NOT_RUN"
        output = output_of(part)
        if part in BEFORE:
            shell(BEFORE[part])
        part = RUN_AS.get(part, part)
        part = re.sub(r"mpirun -n 8 ", "mpirun -n 2 --oversubscribe ", part)
        shell(part)
        assert not output or os.path.getsize(output) > 0, (part, output)


def check_commands(documents):
    told = {part for _, commands in documents.values() for _, command in commands for part in (command, *command.split(" && "))}
    for table, name in ((NOT_RUN, "NOT_RUN"), (RUN_AS, "RUN_AS"), (BEFORE, "BEFORE")):
        gone = set(table) - told
        assert not gone, f"{name} has what no document says any more: {gone}"
    for document, (blocks, commands) in documents.items():
        for line, kind, text in blocks:
            assert kind in {"", "python", "sh", "text"} | BLOCKS_ELSEWHERE | BLOCKS_NOT_RUN, \
                f"{document}:{line}: a block of kind {kind!r}"
            if kind == "":  # a sweep file: all that a run looks at before it trains
                with open("shown.cfg", "w", encoding="utf-8") as file:
                    file.write(text)
                shell("rm -f shown.h5; picky run shown.cfg --null-jobs --shard 1/1000 -o shown.h5; rm shown.h5")
        for line, command in commands:
            if command not in NOT_RUN:
                print(f"--- {document}:{line}: {command}", flush=True)
                run_command(command)


# ---- recipes ----

def summary(path, *options):
    """picky-analyse's numbers: {statistic: [config, layer]}, NaN where it has no row, or no number."""
    with h5py.File(path) as f:
        shape = len(f["hidden_size"]), int(f["hidden_layers"][:].max())
    out = subprocess.run([PICKY_ANALYSE, "summary", path, "--csv", *options], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    numbers = {"accepted": np.zeros(shape)}
    for row in csv.DictReader(io.StringIO(out)):
        assert row["n_configurations"] == "1", row
        at = int(row["first_configuration"]), int(row["layer"]) - 1
        numbers["accepted"][at] = int(row["accepted"])
        for key in ("acceptance", "error_1", "error_2", "log_loss_ratio", "mean_ri", "selective", "selective_low",
                    "selective_high", "mixed", "unimportant"):
            numbers.setdefault(key, np.full(shape, np.nan))[at] = float(row[key] or "nan")
    return numbers


def same(name, got, expected):
    got, expected = np.asarray(got, "f8"), np.asarray(expected, "f8")
    assert got.shape == expected.shape, (name, got.shape, expected.shape)
    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-6, err_msg=name)


def selective_of_important(path):
    """By the definition, from the raw importances (picky-analyse has it in claims only)."""
    with h5py.File(path) as f:
        depth, size = f["hidden_layers"][:], f["hidden_size"][:]
        result = np.full((len(size), depth.max()), np.nan)
        for c in range(len(size)):
            for l in range(depth[c]):
                shares = []
                for r in np.flatnonzero(f["status"][c] == 1):
                    importance = f["importance"][c, r, 3, :, l, :size[c]].astype("f8")
                    a, b = np.where(importance < 0.1 * importance.mean(1, keepdims=True), 0, importance)
                    ri = ((a - b)[a + b > 0]) / ((a + b)[a + b > 0])
                    if len(ri):
                        shares.append((abs(ri) > 0.9).mean())
                if shares:
                    result[c, l] = np.mean(shares)
    return result


def check_intervals(got, expected):
    """[config, layer, (mean, low, high)]: Student's are equal; ends of bootstraps agree to a tenth of the width."""
    got = np.asarray(got)
    low, high = expected["selective_low"], expected["selective_high"]
    same("mean of models", got[..., 0], expected["selective"])
    for name, ours, ends in (("low", got[..., 1], low), ("high", got[..., 2], high)):
        assert np.array_equal(np.isnan(ours), np.isnan(ends)), (name, ours, ends)
        room = np.where(expected["accepted"] < 10, 2e-6, 0.1 * (high - low))
        assert np.all((abs(ours - ends) <= room) | np.isnan(ours)), (name, ours, ends)


def check_nco(expected):
    """What NCO's lines have written."""
    with netCDF4.Dataset("share.nc") as share, netCDF4.Dataset("mean-ri.nc") as ri, netCDF4.Dataset("seed.h5") as f, \
            netCDF4.Dataset("mean-loss.nc") as loss, netCDF4.Dataset("first-layer.nc") as first:
        same("NCO share", np.ma.filled(share["share"][:], np.nan), expected["selective"])
        accepted = f["status"][:] == 1
        of_models = np.ma.filled(ri["relative_importance"][:], np.nan).reshape(*accepted.shape, -1)
        for c in range(len(accepted)):
            same("NCO mean RI", mean_where_any(of_models[c, accepted[c]]), expected["mean_ri"][c])
            if accepted[c].any():
                same("NCO loss", loss["test_loss"][c], f["test_loss"][c][accepted[c]].mean(0))
        assert first["layer"][:] == [1] and first["importance"].shape[1] == 1, first


def mean_where_any(models):
    """[model, layer] -> [layer]: of those that have a number; NaN where none has."""
    n = (~np.isnan(models)).sum(0)
    return np.where(n > 0, np.nansum(models, 0) / np.maximum(n, 1), np.nan)


def run_blocks(document, blocks, engine, skip=()):
    """Runs the sh and python blocks of a document, but those with a text of `skip`, beside ./seed.h5; returns the
    variables."""
    variables = {}
    original = xr.open_dataset
    xr.open_dataset = functools.partial(original, engine=engine)
    try:
        for line, kind, text in blocks:
            if any(words in text for words in skip):
                continue
            if kind == "sh":
                shell(text)
            elif kind == "python":
                with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                    warnings.simplefilter("error", RuntimeWarning)  # a division by nothing shows that a case is missing
                    exec(compile("\n" * line + text, f"{document} (engine {engine})", "exec"), variables)
    finally:
        xr.open_dataset = original
    return variables


def check_grid(variables):
    """Each configuration is where its hyperparameters say."""
    f, selective = variables["f"], variables["selective"]
    for c in range(f.sizes["config"]):
        at = {key: selective[key].values[c] for key in variables["swept"]}
        same("grid", variables["grid"].sel(at).transpose("layer"), selective[c])


def check_recipes(path, documents, engine, with_figures):
    """All recipes on the results file `path`, in a folder of their own; NCO's, which know no engine, only with the first."""
    with_nco = HAS_NCO and engine == "netcdf4"
    expected, strict = summary(path), summary(path, "--unimportant-below", "0.5")
    normalised = summary(path, "--normalise", "layer")
    n_configs, n_layers = expected["selective"].shape
    start = os.getcwd()
    folder = tempfile.mkdtemp(dir=start)
    os.symlink(path, os.path.join(folder, "seed.h5"))
    os.chdir(folder)
    try:
        readme = run_blocks("README.md", documents["README.md"][0], engine)
        same("README selective", readme["selective"], expected["selective"])
        skip = ([] if with_figures else ["matplotlib"]) + ([] if HAS_TORCH else ["import torch"])
        skip += [] if with_nco else ["ncks", "ncap2"]
        v = run_blocks("docs/reading.md", documents["docs/reading.md"][0], engine, skip)
        with h5py.File("seed.h5") as f:
            n = int(np.isin(f["status"][:], [1, 2]).any(1).sum())
        assert n > 0 and len(v["loaded"]) == n and (not HAS_TORCH or len(v["torch_errors"]) == 2 * n), n
        for name in ("selective", "mixed", "unimportant", "mean_ri"):
            same(name, v[name].transpose("config", "layer"), expected[name])
        same("of important", v["selective_of_important"], selective_of_important("seed.h5"))
        same("strict", v["selective_strict"], strict["selective"])
        same("normalised", v["selective_normalised"], normalised["selective"])
        same("acceptance", v["acceptance"], expected["acceptance"][:, 0])
        same("log_loss_ratio", v["log_loss_ratio"], expected["log_loss_ratio"][:, 0])
        errors = np.stack([expected["error_1"][:, 0], expected["error_2"][:, 0]], 1)
        same("error", v["median_error"], errors)
        same("h5py", v["selective_models"], expected["selective"])
        check_intervals(v["selective_interval"].transpose("config", "layer", "number"), expected)
        with netCDF4.Dataset("seed.h5") as n:
            assert n["seed"][[0, 0], [0, 0]].shape == (2, 2)
        own = [np.nanmean(abs(m[:d, :s])) if (m[:d, :s] == m[:d, :s]).any() else np.nan
               for m, d, s in zip(v["selected"], v["depth_nc"][v["c_of"]], v["size_nc"][v["c_of"]])]
        same("netCDF4", own, abs(v["ri"]).mean(["layer", "unit"]).values[v["c_of"], v["r_of"]])
        if with_nco:
            check_nco(expected)
        same("pandas", v["csv_selective"].reindex(index=range(n_configs), columns=range(1, n_layers + 1)),
             expected["selective"])
        same("pandas error", v["csv_error"].reindex(range(n_configs)), errors)
        if len(v["swept"]) > 1:
            check_grid(v)
        if with_figures:
            for figure in ("ri.png", "training.png"):
                assert os.path.getsize(figure) > 5000, figure
        for f in (readme["f"], v["f"]):
            f.close()
        return v["selective_of_important"]
    finally:
        os.chdir(start)


def make_unfinished(path):
    """Two of three shards of a sweep, with an error, a configuration of which nothing is done, and rubbish in pending
    slots, which are nobody's business."""
    for shard in (1, 3):
        shell(f"picky run sizes.cfg --shard {shard}/3")
    shell(f"picky merge -o {path} sizes-?-of-3.h5 || [ $? = 75 ]")
    with h5py.File(path, "r+", libver=("v108", "v108")) as f:
        status = f["status"][:]
        status[2] = 0
        error = tuple(np.argwhere(status == 1)[0])
        status[error] = 4
        f["status"][:] = status
        for item in f.values():
            if isinstance(item, h5py.Dataset) and item.ndim > 2:
                for c, r in np.argwhere(status == 0):
                    item[c, r] = 77
                if item.dtype.kind == "f":
                    item[error] = np.nan
        assert set(status.ravel()) == {0, 1, 2, 3, 4}, status


def check_claims(path, of_important):
    """Shares of important units as picky-analyse has them: the layers before the last, context at the end."""
    with h5py.File(path) as f:
        c = list(f["context_location"].asstr()).index("end")
        before = int(f["hidden_layers"][c]) - 1
    rows = csv.DictReader(io.StringIO(shell(f"picky-analyse claims {path} --of important --csv")))
    row, = [r for r in rows if r["claim"] == "leaks_backwards" and r["measure"] == "taylor_sample"
            and r["number"] == "shares" and r["normalise"] == "none"]
    same("claims", of_important[c, :before].mean(), float(row["mean_a"]))


def main():
    with tempfile.TemporaryDirectory(prefix="picky-docs-") as folder:
        os.chdir(folder)
        os.environ.update(PATH=os.path.join(folder, "build") + os.pathsep + os.environ["PATH"], MPLCONFIGDIR=folder,
                          OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        prepare_folder()
        documents = {name: read_document(name) for name in DOCUMENTS}
        kinds = [kind for _, kind, _ in documents["docs/reading.md"][0]]
        assert kinds.count("python") >= 8 and kinds.count("sh") >= 2 and len(documents["README.md"][1]) > 25, kinds
        check_commands(documents)
        shell(f"picky run sweeps/{SMALL_SEED} -o small_seed.h5; mv small_seed.h5 seed.h5")

        # Nothing is varied, one thing is, and a full grid.
        shutil.copy(os.path.join(SOURCE, "tests", "analysis", "file", "sizes.cfg"), ".")
        few = "replicates = 3; model = { error_threshold = 1.0; }; "
        for name, text in (("one", "replicates = 1; model = { hidden_layers = 1; error_threshold = 1.0; };"),
                           ("key", few.replace("3", "12", 1) + "grid = { hidden_size = [3, 30]; };"),  # 12 models: BCa
                           ("grid", few + "grid = { hidden_size = [3, 30]; hidden_layers = [1, 3]; };")):
            with open(f"{name}.cfg", "w", encoding="utf-8") as file:
                file.write(text)
        for name in ("sizes", "one", "key", "grid"):
            shell(f"picky run {name}.cfg -o {name}.h5")
        make_unfinished("unfinished.h5")
        golden = os.path.join(SOURCE, "tests", "golden", "1", "shapes.h5.gz")
        with gzip.open(golden) as packed, open("schema1.h5", "wb") as file:
            shutil.copyfileobj(packed, file)
        for name in ("seed", "sizes", "unfinished", "one", "key", "grid", "schema1"):
            for engine in ("netcdf4", "h5netcdf") if name in ("seed", "unfinished") else ("netcdf4",):
                print(f"--- recipes: {name}.h5, {engine}", flush=True)
                with_figures = engine == "netcdf4" and name in WITH_FIGURES
                of_important = check_recipes(os.path.abspath(f"{name}.h5"), documents, engine, with_figures)
            if name == "seed":
                check_claims("seed.h5", of_important.values)
        os.chdir("/")


main()
