#!/usr/bin/python3
"""Strangers' tools read a results file: h5py, xarray (h5netcdf and netCDF4), netCDF4, h5ls, h5dump and ncdump see the
same dimensions, coordinates and values, and none of them says a word on stderr (warnings are errors).

    read_results.py FILE                  a file of any run, finished or not
    read_results.py --writer PROGRAM      PROGRAM is test_results: a file that it holds half-finished, then finished
"""
import os
import subprocess
import sys
import tempfile
import warnings

# Every array along (config, replicate), with its further dimensions and its type.
ARRAYS = {
    "status": ("", "u1"),
    "seed": ("", "i8"),
    "attempts": ("", "u2"),
    "attempt_error": ("attempt task", "f4"),
    "train_loss": ("epoch", "f4"),
    "test_error": ("epoch task", "f4"),
    "test_loss": ("task", "f4"),
    "importance": ("measure task layer unit", "f4"),
    "relative_importance": ("measure pair layer unit", "f4"),
    "loss_change": ("task layer unit", "f4"),
    "mean_activation": ("task layer unit", "f4"),
}
OPTIONAL = {
    "weights": {
        "input_weights": ("unit input", "f4"),
        "hidden_weights": ("hidden_layer unit unit_in", "f4"),
        "context_weights": ("unit task", "f4"),
        "biases": ("layer unit", "f4"),
        "output_weights": ("unit", "f4"),
        "output_bias": ("", "f4"),
    },
    "initial_weights": {
        "initial_input_weights": ("unit input", "f4"),
        "initial_hidden_weights": ("hidden_layer unit unit_in", "f4"),
        "initial_context_weights": ("unit task", "f4"),
        "initial_output_weights": ("unit", "f4"),
    },
    "test_set": {"test_inputs": ("task sample input", "f4")},
    "train_set": {"train_inputs": ("train_sample input", "f4"), "train_task": ("train_sample", "u1")},
}
PROVENANCE = {"wall_time": ("", "f8"), "rank": ("", "i4"), "reason": ("character", "S1")}
PLANS = {"time": "f8", "replicates": "i8", "configurations": "i8", "max_attempts": "i8"}
RUNS = {"start": "f8", "end": "f8", "ranks": "i4", "jobs": "i8", "hosts": "S1", "version": "S1"}
HYPERPARAMETERS = {
    "N_train": "i8", "N_test": "i8", "lr": "f8", "epochs": "i8", "batch_size": "i8", "context_location": "text",
    "train_mode": "text", "second_task": "text", "fraction": "f8", "hidden_size": "i8", "hidden_layers": "i8",
    "output_activation": "text", "optimizer": "text", "replay_every": "i8", "error_threshold": "f8",
    "max_attempts": "i8", "n_inputs": "i8", "input_low": "f8", "input_high": "f8", "a": "f8", "b": "f8", "c": "f8",
    "standardise": "text",
}
DERIVED = {"context_layer": "i8", "task_list": "i4", "n_tasks": "u1"}  # along config, too
LISTS = {"tasks": "list", "task_formula": "list task", "task_name": "list task"}
WITHOUT_UNITS = {"status", "seed", "rank", "train_task", "measure", "pair", "input", "tasks", "task_formula",
                 "task_name"}
MEASURES = ["ablation_mean", "ablation_sample", "taylor_mean", "taylor_sample", "contribution", "variance"]
# HDF5's fill values, of numbers: what no array ever holds.
FILLS = {"f4": float("nan"), "f8": float("nan"), "i8": 2**63 - 1, "i4": 2**31 - 1, "u2": 2**16 - 1, "u1": 2**8 - 1}
STATUSES = "pending accepted rejected diverged error"


def expected_sizes(n_configs, replicates, h):
    """Sizes of the dimensions from the hyperparameters; those of size 0 are not there."""
    phases = [1 if mode == "random" else 2 for mode in h["train_mode"]]
    layers = max(h["hidden_layers"])
    sizes = {
        "config": n_configs, "replicate": replicates, "task": 2, "pair": 1, "input": 2, "measure": len(MEASURES),
        "list": len(set(h["second_task"])),
        "epoch": max(p * e + 1 for p, e in zip(phases, h["epochs"])), "layer": layers, "hidden_layer": layers - 1,
        "unit": max(h["hidden_size"]), "unit_in": max(h["hidden_size"]), "attempt": max(h["max_attempts"]),
        "sample": max(h["N_test"]), "train_sample": max(h["N_train"]),
    }
    return {name: size for name, size in sizes.items() if size > 0}


def check_items(f):
    """Each variable of an h5py file, whatever its group: a meaning, a unit where it is a quantity, and a fill value that
    it does not hold (but for the padding of train_task)."""
    import h5py
    import numpy as np

    def visit(path, item):
        is_scale = isinstance(item, h5py.Dataset) and item.attrs.get("NAME", b"").startswith(b"This is a netCDF")
        if isinstance(item, h5py.Group) or is_scale:
            return
        assert item.attrs["long_name"], path
        name, kind = path.split("/")[-1], item.dtype.str[1:]
        assert ("units" in item.attrs) == (item.dtype.kind != "S" and name not in WITHOUT_UNITS), path
        if kind in FILLS:
            fill = FILLS[kind]
            assert np.array_equal(item.fillvalue, fill, equal_nan=item.dtype.kind == "f"), (path, item.fillvalue)
            assert item.dtype.kind == "f" or name == "train_task" or not (item[()] == fill).any(), path
    f.visititems(visit)


def inspect(path):
    """The Python readers; runs in a process of its own, whose stderr must stay empty."""
    warnings.simplefilter("error")
    import h5netcdf
    import h5py
    import netCDF4
    import numpy as np
    import xarray as xr

    # h5py: everything there, in its type, with its attributes and dimension scales.
    values = {}
    with h5py.File(path, "r") as f:
        attrs = dict(f.attrs)
        assert attrs["picky_schema_version"] == 2 and attrs["arithmetic"] == 1
        assert attrs["Conventions"] == "CF-1.10" and attrs["title"].startswith("picky")
        assert all(isinstance(attrs[name], str) for name in ("history", "source", "references", "comment"))
        assert isinstance(attrs["sweep"], str) and isinstance(attrs["sweep_name"], str)
        assert attrs["coordinates"].split() == list(HYPERPARAMETERS) + list(DERIVED)
        assert set(attrs["swept"].split()) <= set(HYPERPARAMETERS)
        arrays = dict(ARRAYS)
        for name in attrs["store"].split():
            arrays.update(OPTIONAL[name])
        for name, kind in [*HYPERPARAMETERS.items(), *DERIVED.items()]:
            values[name] = f[name].asstr()[:] if kind == "text" else f[name][:]
            if kind == "text":
                assert h5py.check_string_dtype(f[name].dtype) == ("utf-8", None), name
            else:
                assert f[name].dtype == np.dtype(kind), name
            assert f[name].attrs["units"] == "1", name
        check_items(f)
        values["layer_size"] = f["layer_size"][:]
        replicates = f["status"].shape[1]
        sizes = expected_sizes(len(values["lr"]), replicates, values)
        for name in list(arrays):
            if any(d not in sizes for d in arrays[name][0].split()):
                del arrays[name]
        for name, (dims, kind) in arrays.items():
            values[name] = f[name][:]
            assert f[name].dtype == np.dtype(kind), name
            assert f[name].shape == tuple(sizes[d] for d in ("config replicate " + dims).split()), name
            for axis, d in enumerate(("config replicate " + dims).split()):
                assert [scale.name for scale in f[name].dims[axis].values()] == ["/" + d], (name, d)
        assert set(f) == set(arrays) | set(HYPERPARAMETERS) | set(DERIVED) | set(LISTS) | {"layer_size", "provenance"} \
            | set(sizes)
        for name, dims in LISTS.items():
            values[name] = f[name].asstr()[:]
            assert [scale.name for axis in f[name].dims for scale in axis.values()] == ["/" + d for d in dims.split()]
        for config, second_task in enumerate(values["second_task"]):
            formulas = values["task_formula"][values["task_list"][config]]
            assert formulas[0] == "x0 + x1" and (formulas[1] == "x0 * x1") == (second_task == "prod"), formulas
            assert "; ".join(formulas) == values["tasks"][values["task_list"][config]]
        assert (values["n_tasks"] == 2).all() and (values["task_name"] == "").all()
        layer = np.arange(1, sizes["layer"] + 1)
        expected = np.where(layer <= values["hidden_layers"][:, None], values["hidden_size"][:, None], 0)
        assert values["layer_size"].dtype == np.dtype("<i4") and np.array_equal(values["layer_size"], expected)
        assert [scale.name for axis in f["layer_size"].dims for scale in axis.values()] == ["/config", "/layer"]
        assert list(f["status"].attrs["flag_values"]) == [0, 1, 2, 3, 4]
        assert f["status"].attrs["flag_meanings"] == STATUSES
        assert f["relative_importance"].attrs["unimportant_below"] == 0.1
        assert np.all(values["status"] < 5)
        done = values["status"] > 0
        seeds = np.broadcast_to(attrs["seed"] + np.arange(replicates), done.shape)
        assert np.array_equal(values["seed"][done], seeds[done])
        for name, (dims, kind) in PROVENANCE.items():
            assert f["provenance"][name].dtype == np.dtype(kind), name
            assert f["provenance"][name].shape[:2] == done.shape, name
        assert f["provenance/wall_time"].attrs["units"] == "s"
        assert all(isinstance(value, str) for value in f["provenance"].attrs.values())
        assert set(f["provenance/runs"]) == set(RUNS) | {"run"}
        for name, kind in RUNS.items():
            column = f["provenance/runs"][name]
            assert column.dtype == np.dtype(kind), name
            assert column.shape == ((256, 96) if kind == "S1" else (256,)), name
        plans = f["provenance/plans"] if "plans" in f["provenance"] else {}  # the fixture has none
        assert set(plans) == (set(PLANS) | {"plan"} if plans else set())
        for name in plans and PLANS:
            assert plans[name].dtype == np.dtype(PLANS[name]) and plans[name].shape == plans["plan"].shape, name
        if plans:  # of the last one is what the file has room for
            assert (plans["replicates"][-1], plans["configurations"][-1]) == done.shape[::-1]
            assert 1.7e9 < plans["time"][-1] < 1e11 and (np.diff(plans["time"][:]) >= 0).all()
        reasons = np.array([[b"".join(slot).rstrip(b"\0").decode() for slot in row]
                            for row in f["provenance/reason"][:]])
        texts = [name for name in f["provenance"] if name not in (*PROVENANCE, "character", "runs", "plans")]
        coordinates = {"epoch": range(sizes["epoch"]), "task": [1, 2], "layer": range(1, sizes["layer"] + 1)}
        if "hidden_layer" in sizes:
            coordinates["hidden_layer"] = range(2, sizes["layer"] + 1)
        for name, expected in coordinates.items():
            assert f[name].dtype == np.dtype("<i8") and list(f[name][:]) == list(expected), name
        text_coordinates = {"measure": MEASURES, "pair": ["1-2"], "input": ["x0", "x1"]}
        for name, expected in text_coordinates.items():
            assert list(f[name].asstr()[:]) == expected, name
        formulas = f["measure"].attrs["formulas"].splitlines()
        assert [line.split(":")[0] for line in formulas[:len(MEASURES)]] == MEASURES and len(formulas) == len(MEASURES) + 1
        coordinates.update(text_coordinates)
    location, layers = values["context_location"], values["hidden_layers"]
    assert [1 if at == "start" else n if at == "end" else int(at) for at, n in zip(location, layers)] \
        == list(values["context_layer"])

    def same(a, b):
        a, b = np.asarray(a), np.asarray(b)
        return a.dtype == b.dtype and a.shape == b.shape and \
            (list(a.flat) == list(b.flat) if a.dtype == object else a.tobytes() == b.tobytes())

    # netCDF4 and h5netcdf: the same variables on named dimensions.
    with netCDF4.Dataset(path) as f:
        f.set_auto_mask(False)
        assert {name: d.size for name, d in f.dimensions.items()} == sizes
        for name, (dims, _) in arrays.items():
            assert f[name].dimensions == tuple(("config replicate " + dims).split()), name
            assert same(f[name][:], values[name]), name
        for name in (*HYPERPARAMETERS, *DERIVED):
            assert f[name].dimensions == ("config",) and same(f[name][:], values[name]), name
        for name, dims in LISTS.items():
            assert f[name].dimensions == tuple(dims.split()) and same(f[name][:], values[name]), name
        for name, expected in coordinates.items():
            assert list(f[name][:]) == list(expected), name
        assert f["layer_size"].dimensions == ("config", "layer") and same(f["layer_size"][:], values["layer_size"])
        assert f.sweep == attrs["sweep"] and f.comment == attrs["comment"]
        assert np.array_equal(f["provenance/reason"][:].astype(str), reasons)
        assert all(len(str(f["provenance"][name][...])) <= 96 for name in texts)
    with h5netcdf.File(path, "r") as f:
        assert {name: d.size for name, d in f.dimensions.items()} == sizes
        for name, (dims, _) in arrays.items():
            assert f[name].dimensions == tuple(("config replicate " + dims).split()), name

    # xarray by both engines: coordinates labelled, groups readable, unstacking by hyperparameters.
    for engine in "h5netcdf", "netcdf4":
        with xr.open_dataset(path, engine=engine) as ds:
            ds.load()
            assert set(ds.data_vars) == set(arrays) | set(LISTS) | {"layer_size"}, engine
            assert same(ds.layer_size, values["layer_size"])
            assert set(ds.coords) == set(HYPERPARAMETERS) | set(DERIVED) | set(coordinates), engine
            for name, (dims, kind) in arrays.items():
                assert ds[name].dims == tuple(("config replicate " + dims).split()), name
                if name != "train_task":  # its padding becomes NaN
                    assert same(ds[name], values[name]), name
            for name, expected in coordinates.items():
                assert list(ds[name].values) == list(expected), name
            # A full grid unstacks; cases would leave a cube of holes.
            swept = ds.attrs["swept"].split()
            if swept and np.prod([len(set(values[name])) for name in swept], dtype=float) <= 4 * len(values["lr"]):
                with warnings.catch_warnings():
                    # xarray 2023.01 on NumPy 1.24 pre-fills integers with NaN before it overwrites them.
                    warnings.filterwarnings("ignore", "invalid value encountered in cast")
                    cube = ds.set_index(config=swept).unstack("config")
                assert set(swept) <= set(cube.importance.dims) and "config" not in cube.dims
                for i in range(len(values["lr"])):
                    point = cube.sel({name: values[name][i] for name in swept})
                    assert np.array_equal(point.status.values, values["status"][i])
                    dims = ("replicate " + arrays["importance"][0]).split()
                    assert np.array_equal(point.importance.transpose(*dims).values, values["importance"][i],
                                          equal_nan=True)
        with xr.open_dataset(path, engine=engine, group="provenance") as ds:
            ds.load()
            assert set(ds.data_vars) == {"wall_time", "rank", "reason"} | set(texts), engine
            assert ds.reason.dims == ("config", "replicate") and ds.wall_time.attrs["units"] == "s"
            assert ds.reason.dtype == object and np.array_equal(ds.reason.values.astype(str), reasons)
        with xr.open_dataset(path, engine=engine, group="provenance/runs") as ds:
            ds.load()
            assert set(ds.data_vars) == set(RUNS) and ds.start.dims == ("run",), engine
        if plans:
            with xr.open_dataset(path, engine=engine, group="provenance/plans") as ds:
                ds.load()
                assert set(ds.data_vars) == set(PLANS) and ds.time.dims == ("plan",), engine
    print("%d of %d slots done" % (done.sum(), done.size))


def run(*command):
    """Output of a program that must succeed and say nothing on stderr."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    if result.returncode != 0 or result.stderr:
        sys.stderr.write(result.stderr.decode(errors="replace"))
        sys.exit("%s: exit code %d" % (" ".join(command), result.returncode))
    return result.stdout.decode()


def check(path):
    output = run(sys.executable, os.path.abspath(__file__), "--inspect", path)
    listing = run("h5ls", "-r", path)
    for name in list(ARRAYS) + list(HYPERPARAMETERS) + ["measure", "provenance/wall_time"]:
        assert "/%s " % name in listing, name
    header = run("h5dump", "-H", path)
    assert 'DATASET "importance"' in header and "H5T_ENUM" not in header
    dump = run("h5dump", "-d", "/status", path)
    assert "(0,0)" in dump
    schema = run("ncdump", "-h", path)
    for line in ("float importance(config, replicate, measure, task, layer, unit) ;", "ubyte status(config, replicate)",
                 "group: provenance {"):
        assert line in schema, line
    run("ncdump", "-v", "status,measure,second_task,fraction,attempt_error,provenance/reason", path)
    return output.strip()


def main():
    if sys.argv[1:2] == ["--inspect"] and len(sys.argv) == 3:
        return inspect(sys.argv[2])
    if sys.argv[1:2] == ["--writer"] and len(sys.argv) == 3:
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "held.h5")
            # With HDF5's own locks the writer would keep readers out: it must not listen to the variable.
            writer = subprocess.Popen([sys.argv[2], "write", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, env=dict(os.environ, HDF5_USE_FILE_LOCKING="TRUE"))
            try:
                assert writer.stdout.readline() == b"7 of 12 written\n"
                output = check(path)
                assert output == "7 of 12 slots done", output
                print("being written:", output)
                # A second writer, not ours, is kept out.
                second = subprocess.run([sys.executable, "-c", "import h5py, sys; h5py.File(sys.argv[1], 'r+')", path],
                                        stderr=subprocess.PIPE, env=dict(os.environ, HDF5_USE_FILE_LOCKING="TRUE"))
                assert b"unable to lock file" in second.stderr, second.stderr
                _, stderr = writer.communicate(b"", timeout=60)
                assert writer.returncode == 0 and stderr == b"", (writer.returncode, stderr)
            finally:
                writer.kill()
            output = check(path)
            assert output == "12 of 12 slots done", output
            print("finished:", output)
        return None
    if len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        return print(check(sys.argv[1]))
    sys.exit(__doc__)


if __name__ == "__main__":
    main()
