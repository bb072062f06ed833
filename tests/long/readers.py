"""Today's tools read results files as they are. Of files of several kinds, with every array that can be stored, with padding,
diverged and pending slots, seed 0 and units that never fire (exact zeros):

- kerchunk's references, through zarr and xarray, give h5py's values in every variable: no exact zero is taken for missing;
- xarray (h5netcdf, netcdf4) and netCDF4 (masked arrays) do, without a warning;
- the IOOS compliance-checker, for the CF version that the file names, and cfchecks find nothing but the file's ending. cfchecks
  4.1.0 knows CF-1.8, which has no 64-bit, unsigned or text variables: it gets a copy in that version's types. Both check
  the root only: each group is checked as a file of its own.

The files are new ones, and one of schema 1 that picky extend has made one of today's.

Usage: readers.py PICKY, by the Python of readers.sh"""
import glob
import gzip
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

import cf_units
import compliance_checker
import h5py
import netCDF4
import numpy as np
import xarray as xr
from kerchunk.hdf import SingleHdf5ToZarr
from kerchunk.utils import refs_as_store

PICKY = os.path.abspath(sys.argv[1])
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "1", "shapes")
PACKAGES = ["h5py", "h5netcdf", "netCDF4", "xarray", "kerchunk", "zarr", "fsspec", "numpy", "compliance-checker",
            "cfchecker"]
STORES = 'store = ["weights", "initial_weights", "test_set", "train_set"];'
MODEL = """model = { N_train = 60; N_test = 15; epochs = 2; hidden_size = 12; hidden_layers = 3; max_attempts = 2;
error_threshold = 0.5; };"""
KINDS = f"""
name = "zeros"; seed = 0; replicates = 2; {STORES} {MODEL}
cases = ( {{}}, {{ hidden_layers = 1; hidden_size = 5; N_test = 10; N_train = 20; }},
          {{ train_mode = "replay"; second_task = "add0"; output_activation = "linear"; }},
          {{ output_activation = "linear"; optimizer = "sgd"; lr = 10; N_train = 100; epochs = 4; }} );
"""
DEFAULT = "replicates = 2; grid = { context_location = [\"start\", \"end\"]; };"
GROUPS = ["/", "/provenance", "/provenance/runs", "/provenance/plans"]


def run(sweep, output, *options):
    with open("sweep.cfg", "w", encoding="utf-8") as file:
        file.write(sweep)
    done = subprocess.run([PICKY, "run", "sweep.cfg", "-o", output, *options], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return output


def extend(output):
    with gzip.open(GOLDEN + ".h5.gz") as packed, open(output, "wb") as file:
        shutil.copyfileobj(packed, file)
    done = subprocess.run([PICKY, "extend", output, GOLDEN + ".cfg", "--set", "replicates=3"], stderr=subprocess.PIPE,
                          text=True)
    assert done.returncode == 0, done.stderr
    return output


def text(values):
    """Of variables with a text each, or with a character along the last axis: the texts."""
    values = np.asarray(values)
    if values.dtype.kind == "S" and values.dtype.itemsize == 1 and values.ndim:
        values = np.ascontiguousarray(values).view(f"S{values.shape[-1]}")[..., 0]
    flat = [v.decode() if isinstance(v, bytes) else str(v) for v in values.ravel().tolist()]
    return np.array([v.rstrip("\0") for v in flat], dtype=object).reshape(values.shape)


def contents(path):
    """{group: {variable: values}} by h5py; those of dimensions without values are left out."""
    found = {}
    with h5py.File(path) as f:
        for group in GROUPS:
            found[group] = {}
            for name, item in f[group].items():
                if isinstance(item, h5py.Dataset) and not item.attrs.get("NAME", b"").startswith(b"This is a netCDF"):
                    is_text = item.dtype.kind in "OS"
                    found[group][name] = text(item[()]) if is_text else item[()]
    return found


def same(what, got, expected):
    """Values are equal; where integers became floats to make room for NaN, these are the integers."""
    if expected.dtype == object:
        assert np.array_equal(text(got), expected), f"{what}: {got!r}, not {expected!r}"
        return
    got = np.asarray(got)
    assert got.shape == expected.shape, (what, got.shape, expected.shape)
    if got.dtype.kind == "M":  # a time, decoded; to the microsecond
        seconds = (got - np.datetime64("1970-01-01")) / np.timedelta64(1, "s")
        assert np.allclose(seconds, expected, rtol=0, atol=1e-6, equal_nan=True), what
    elif expected.dtype.kind == "f":
        assert got.dtype.kind == "f" and np.array_equal(got, expected, equal_nan=True), what
    elif what.endswith("/train_task"):  # its padding is missing_value
        assert np.array_equal(np.where(np.isnan(got.astype("f8")), 255, got), expected), what
    else:
        assert np.array_equal(got, expected), f"{what}: {got!r}, not {expected!r}"


def check_dataset(what, dataset, expected):
    assert set(dataset.variables) == set(expected), (what, set(dataset.variables) ^ set(expected))
    for name, values in expected.items():
        same(f"{what}/{name}", dataset[name].values, values)


def check_xarray(path, expected):
    for engine in ("h5netcdf", "netcdf4"):
        for group in GROUPS:
            with xr.open_dataset(path, engine=engine, group=group) as dataset:
                check_dataset(f"{path}: xarray, {engine}, {group}", dataset.load(), expected[group])
                if group == "/":
                    assert {"hidden_size", "context_layer", "measure", "epoch"} <= set(dataset.coords)


def check_netcdf4(path, expected):
    with netCDF4.Dataset(path) as f:
        for group in GROUPS:
            for name, values in expected[group].items():
                variable = f[group + "/" + name] if group != "/" else f[name]
                got = variable[...]
                if np.ma.isMaskedArray(got) and name != "train_task":
                    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
                    assert not (np.ma.getmaskarray(got) & ~missing).any(), f"{path}: netCDF4 masks values of {name}"
                same(f"{path}: netCDF4, {group}/{name}", np.ma.getdata(got), values)


def check_kerchunk(path, expected):
    """Each group by the references under its name: through references zarr 3 lists the root's variables only."""
    with open(path, "rb") as file:
        references = SingleHdf5ToZarr(file, os.path.abspath(path)).translate()
    json.dumps(references)
    n_zeros = 0
    for group in GROUPS:
        prefix = group.strip("/") + "/" if group != "/" else ""
        refs = {name[len(prefix):]: r for name, r in references["refs"].items() if name.startswith(prefix)}
        with xr.open_dataset(refs_as_store({"version": 1, "refs": refs}), engine="zarr",
                             backend_kwargs={"consolidated": False, "zarr_format": 2}) as dataset:
            dataset.load()
            for name, values in expected[group].items():
                same(f"{path}: kerchunk, {group}/{name}", dataset[name].values, values)
                n_zeros += 0 if values.dtype == object else int((values == 0).sum())
    return n_zeros


# ---- CF ----

def flat(path, group, copy, is_old):
    """A group of a results file as a file of its own; if is_old, in the types of CF-1.8."""
    with netCDF4.Dataset(path) as f, netCDF4.Dataset(copy, "w") as out:
        f.set_auto_maskandscale(False)
        f.set_auto_chartostring(False)
        out.setncatts({name: f.getncattr(name) for name in f.ncattrs()})
        if is_old:
            out.Conventions = "CF-1.8"
        source = f if group == "/" else f[group]
        found, at = {}, source
        while at is not None:
            found = {**at.dimensions, **found}
            at = at.parent
        for name, dimension in found.items():
            out.createDimension(name, dimension.size)
        for name, variable in source.variables.items():
            values, kind, dimensions = variable[...], variable.dtype, variable.dimensions
            if is_old and kind is str:
                values = np.array([v.encode() for v in np.ravel(values)], "S")
                out.createDimension(name + "_length", values.dtype.itemsize)
                values = netCDF4.stringtochar(values)
                kind, dimensions = "S1", dimensions + (name + "_length",)
                if name in found:  # in CF-1.8 a coordinate variable has numbers
                    name += "_name"
            elif is_old and kind != "S1":
                kind = {"int64": "i4", "uint8": "i2", "uint16": "i4"}.get(str(kind), kind)
            made = out.createVariable(name, kind, dimensions)
            for attribute in variable.ncattrs():
                if not attribute.startswith("_"):
                    value = variable.getncattr(attribute)
                    made.setncattr(attribute, value if isinstance(value, str) else np.asarray(value).astype(
                        kind if attribute in ("flag_values", "missing_value") else np.asarray(value).dtype))
            made[...] = values
    return copy


def check_ioos(path, conventions):
    """The checker has an exception of its own where a coordinate variable is text: said here, and looked at in detail."""
    name = "cf:" + conventions.removeprefix("CF-")
    done = subprocess.run([os.path.join(os.path.dirname(sys.executable), "compliance-checker"), "-t", name, "-c", "strict",
                           path], capture_output=True, text=True, timeout=600)
    output = done.stdout + done.stderr
    assert re.search(rf"^\s*{name}\s*$", output, re.M) and "Compliance Checker Report" in output, output
    found = [line for line in output.splitlines() if line.startswith("* ")]
    if path.endswith(".h5"):
        ending = f'* Dataset path {path} must end with ".nc"'
        assert ending in found, output
        found.remove(ending)
    own = re.findall(r"^\S+\.(check_\w+): (.*)$", output, re.M)
    of_texts = ("check_coordinate_variables_strict_monotonicity", "unsupported operand type(s) for -: 'str' and 'str'")
    assert set(own) <= {of_texts}, output
    assert not found, f"{path}: compliance-checker: {found}"


# cfchecks has no UDUNITS of its own and would fetch its tables: cf-units and the compliance-checker have brought them.
CFCHECKS = """
import ctypes.util, sys
find = ctypes.util.find_library
library, sys.argv = sys.argv[1], ["cfchecks", *sys.argv[2:]]
ctypes.util.find_library = lambda name: library if name == "udunits2" else find(name)
from cfchecker.cfchecks import main
main()
"""


def check_cfchecks(path):
    base = os.path.dirname(cf_units.__file__)
    library, = glob.glob(os.path.join(os.path.dirname(base), "cf_units.libs", "libudunits2*.so*"))
    units, = glob.glob(os.path.join(base, "**", "udunits2.xml"), recursive=True)
    names = os.path.join(os.path.dirname(compliance_checker.__file__), "data", "cf-standard-name-table.xml")
    for table in ("area_type_table", "region_names_table"):  # picky has no areas
        with open(table + ".xml", "w", encoding="utf-8") as file:
            file.write(f"<{table}><version_number>0</version_number><date>none</date></{table}>")
    done = subprocess.run([sys.executable, "-c", CFCHECKS, library, "-s", names, "-a", "area_type_table.xml", "-r",
                           "region_names_table.xml", "-v", "1.8", path], capture_output=True, text=True, timeout=600,
                          env={**os.environ, "UDUNITS2_XML_PATH": units})
    output = done.stdout + done.stderr
    assert "Checking against CF Version CF-1.8" in output and "ERRORS detected" in output, output
    found, variable = [], ""
    for line in output.splitlines():
        variable = line.removeprefix("Checking variable: ") if line.startswith("Checking variable") else variable
        if line.startswith(("FATAL:", "ERROR:", "WARN:")):
            found.append(f"{variable}: {line}")
    assert not found, f"{path}: cfchecks: {found}"


def check_coordinates(path):
    """What the compliance-checker does not come to: coordinate variables are strictly monotonic, texts all different."""
    with h5py.File(path) as f:
        for name in ("epoch", "task", "layer", "hidden_layer", "measure", "pair", "input"):
            if name in f:
                values = f[name][:]
                assert f[name].dtype.kind == "O" or (np.diff(values) > 0).all(), name
                assert len(set(values.tolist())) == len(values), name


def check_conventions(path):
    with h5py.File(path) as f:
        conventions = f.attrs["Conventions"]
    assert [int(n) for n in conventions.removeprefix("CF-").split(".")] >= [1, 9], "int64 and unsigned types: CF-1.9"
    check_ioos(path, conventions)
    check_coordinates(path)
    for group in GROUPS:
        name = os.path.splitext(path)[0] + group.replace("/", "-").rstrip("-")
        if group != "/":
            check_ioos(flat(path, group, name + ".nc", False), conventions)
        check_cfchecks(flat(path, group, name + "-old.nc", True))


def main():
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES), flush=True)
    print(f"HDF5 {h5py.version.hdf5_version} (h5py), {netCDF4.__hdf5libversion__} (netCDF4)", flush=True)
    with tempfile.TemporaryDirectory(prefix="picky-readers-") as folder:
        os.chdir(folder)
        files = [run(KINDS, "kinds.h5"), run(KINDS, "part.h5", "--shard", "1/2"), run(DEFAULT, "default.h5"),
                 extend("extended.h5")]
        for path in files:
            expected = contents(path)
            assert path != "kinds.h5" or {2, 3} <= set(expected["/"]["status"].flat), expected["/"]["status"]
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                check_xarray(path, expected)
                check_netcdf4(path, expected)
            n_zeros = check_kerchunk(path, expected)
            assert n_zeros > 100 or path == "default.h5", n_zeros
            print(f"{path}: h5netcdf, netCDF4, xarray and kerchunk read it as h5py does; {n_zeros} zeros are zeros",
                  flush=True)
        for path in files:
            check_conventions(path)
            print(f"{path}: compliance-checker and cfchecks find nothing", flush=True)
        os.chdir("/")


main()
