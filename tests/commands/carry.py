#!/usr/bin/env python3
"""What users add to results files (attributes, datasets, groups, links, types, references) goes along when picky extends and
merges them, or is refused by name and nothing changes; --drop goes on without it. Owner, group, access list, mode.

Usage: carry.py PICKY SOURCE_DIR"""
import gzip
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile

import h5py
import netCDF4
import numpy as np
import xarray

picky, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
REFUSED, STOPPED = 2, 75

SMALL = """replicates = 3; store = ["weights", "train_set"];
model = { epochs = 2; N_train = 40; N_test = 5; max_attempts = 2; hidden_size = 4; };
grid = { context_location = ["start", "end"]; };
"""
MORE = SMALL.replace("replicates = 3", "replicates = 5")             # replicate grows
WIDER = SMALL.replace('"end"]', '"end"]; lr = [0.001, 0.01]').replace(', "train_set"', "")  # config grows, an array goes
LARGER = SMALL.replace("hidden_size = 4;", "").replace('"end"]', '"end"]; hidden_size = [4, 6]')  # config and unit


def run(*command, code=0, **options):
    done = subprocess.run([picky, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode == code, f"{command}: exit code {done.returncode}, not {code}:\n{done.stdout}"
    return done.stdout


def copy(old, new):
    shutil.copy(old, new)
    return new


def same(a, b):
    subprocess.run(["/usr/bin/python3", f"{source}/tests/compare_results.py", a, b], check=True, stdout=subprocess.DEVNULL)


def refused(file, command, *words, n_lines):
    """The command fails with a line for each reason, and leaves nothing behind."""
    before = {name: open(name, "rb").read() for name in os.listdir() if name.endswith(".h5")}
    said = run(*command, code=REFUSED)
    for word in words:
        assert word in said, f"{command}: no \"{word}\" in\n{said}"
    assert len(said.splitlines()) == n_lines, said
    assert before == {name: open(name, "rb").read() for name in os.listdir() if ".h5" in name}, f"{file} or others changed"


# ---- everything that lies on no axis that grows ----
def add_all(path):
    with h5py.File(path, "r+") as f:
        f.attrs["who"] = "me"
        f.attrs["empty"] = h5py.Empty("f4")
        f["importance"].attrs["note"] = "odd"
        f["importance"].attrs["list"] = np.arange(3.0)
        f["importance"].dims[1].label = "first"
        f["status"].attrs["checked"] = np.int8(1)
        f["provenance"].attrs["cluster"] = "blue"
        f["provenance/room"] = 3
        f["provenance/runs/comment"] = "by night"
        notes = f.create_dataset("notes", data=np.array(["a", "ä", ""], object), dtype=h5py.string_dtype())
        notes.attrs["of"] = "mine"
        unset = f.create_dataset("unset", (3,), dtype=h5py.string_dtype())
        unset[1] = "x"
        f["größe"] = 1.5
        deep = f.create_group("group/deep")
        deep.attrs["x"] = 1
        deep.create_dataset("packed", data=np.arange(1e4).reshape(100, 100), chunks=(10, 100), maxshape=(None, 100),
                            compression="gzip", shuffle=True, fletcher32=True)
        deep["soft"] = h5py.SoftLink("/importance")
        deep["nowhere"] = h5py.SoftLink("/none")
        deep["outside"] = h5py.ExternalLink("none.h5", "/x")
        deep["up"] = f["group"]
        f["an_array"] = f["importance"]
        f["z_type"] = np.dtype([("a", "i4"), ("b", "f8")])
        typed = f.create_dataset("a_typed", (2,), dtype=f["z_type"])
        typed[1] = (3, 4.5)
        references = f.create_dataset("a_references", (4,), dtype=h5py.ref_dtype)
        references[0], references[1], references[2] = f["importance"].ref, deep["packed"].ref, f["z_type"].ref
        regions = f.create_dataset("regions", (2,), dtype=h5py.regionref_dtype)
        regions[1] = deep["packed"].regionref[3:5, 2:7]
        f.attrs["main"] = f["status"].ref
        pairs = f.create_dataset("pairs", (2,), dtype=np.dtype([("to", h5py.ref_dtype), ("weight", "f4")]))
        pairs[0] = (f["measure"].ref, 0.5)
        lists = f.create_dataset("lists", (3,), dtype=h5py.vlen_dtype("i2"))
        lists[2] = [7, 8]
        f.create_dataset("nothing", data=h5py.Empty("i8"))
        f["level"] = np.arange(4.0)
        f["level"].make_scale("level")
        on = f.create_dataset("on_level", data=np.arange(24).reshape(4, 6))
        on.dims[0].attach_scale(f["level"])
        on.dims[1].attach_scale(f["measure"])
        inside = f["group"].create_dataset("by_task", data=np.arange(2))
        inside.dims[0].attach_scale(f["task"])


ADDED = ["@who", "@empty", "importance@note", "importance@list", "importance@DIMENSION_LABELS", "status@checked",
         "provenance@cluster", "provenance/room", "provenance/runs/comment", "notes", "unset", "größe", "group", "an_array",
         "z_type", "a_typed", "a_references", "regions", "@main", "pairs", "lists", "nothing", "level", "on_level"]


def check_all(path):
    with h5py.File(path) as f:
        assert f.attrs["who"] == "me" and isinstance(f.attrs["empty"], h5py.Empty)
        assert f["importance"].attrs["note"] == "odd" and f["importance"].attrs["list"].tolist() == [0, 1, 2]
        assert f["importance"].dims[1].label == "first" and f["status"].attrs["checked"].dtype == np.int8
        assert f["provenance"].attrs["cluster"] == "blue" and f["provenance/room"][()] == 3
        assert f["provenance/runs/comment"].asstr()[()] == "by night"
        assert f["notes"].asstr()[:].tolist() == ["a", "ä", ""] and f["notes"].attrs["of"] == "mine"
        assert f["unset"].asstr()[:].tolist() == ["", "x", ""] and f["größe"][()] == 1.5
        deep = f["group/deep"]
        packed = deep["packed"]
        assert deep.attrs["x"] == 1 and (packed[:] == np.arange(1e4).reshape(100, 100)).all()
        assert (packed.compression, packed.shuffle, packed.fletcher32, packed.chunks, packed.maxshape) == (
            "gzip", True, True, (10, 100), (None, 100))
        links = {name: deep.get(name, getlink=True) for name in ("soft", "nowhere", "outside")}
        assert (links["soft"].path, links["nowhere"].path) == ("/importance", "/none")
        assert (links["outside"].filename, links["outside"].path) == ("none.h5", "/x")
        assert deep["up"] == f["group"] and f["an_array"] == f["importance"]
        assert f["a_typed"].id.get_type().committed() and f["a_typed"][1].tolist() == (3, 4.5)
        assert h5py.h5o.get_info(f["a_typed"].id.get_type()).addr == h5py.h5o.get_info(f["z_type"].id).addr
        to = f["a_references"]
        assert f[to[0]] == f["importance"] and f[to[1]] == packed and f[to[2]] == f["z_type"] and not to[3]
        region = f["regions"][1]
        assert f[region] == packed and packed[region].tolist() == packed[3:5, 2:7].tolist() and not f["regions"][0]
        assert f[f.attrs["main"]] == f["status"]
        assert f[f["pairs"][0]["to"]] == f["measure"] and f["pairs"][0]["weight"] == 0.5
        assert f["lists"][2].tolist() == [7, 8] and len(f["lists"][0]) == 0 and f["nothing"].shape is None
        assert [axis[0].name for axis in f["on_level"].dims] == ["/level", "/measure"]
        assert h5py.h5ds.is_scale(f["level"].id) and f["group/by_task"].dims[0][0].name == "/task"


def extending():
    add_all(copy("small.h5", "all.h5"))
    assert "all bits are the same" in run("verify", "all.h5", "--all")
    assert "Complete" in run("status", "all.h5")
    run("run", "small.cfg", "-o", "all.h5", "--resume")
    check_all("all.h5")
    copy("all.h5", "dropped.h5")
    for sweep, fresh in (("more.cfg", "more.h5"), ("wider.cfg", "wider.h5"), ("larger.cfg", "larger.h5")):
        copy("all.h5", "grown.h5")
        said = run("extend", "grown.h5", sweep)
        warnings = [line for line in said.splitlines() if "warning" in line and "the larger sweep does not store it" not in line]
        assert not warnings, said
        check_all("grown.h5")
        assert "all bits are the same" in run("verify", "grown.h5", "--all")
        # All names of picky's, and theirs only where they belong: nothing of an array that the sweep no longer stores.
        with h5py.File("grown.h5") as f, h5py.File(fresh) as g:
            assert set(g) <= set(f) and set(f) - set(g) == {name for name in ADDED if "@" not in name and "/" not in name}
            assert all(set(g[name].attrs) <= set(f[name].attrs) for name in g)
    run("extend", "dropped.h5", "more.cfg", *[word for name in ADDED for word in ("--drop", name)])
    same("dropped.h5", "more.h5")
    with h5py.File("dropped.h5") as f:
        assert "cluster" not in f["provenance"].attrs and "room" not in f["provenance"]
    # What was carried over is theirs in the next file too.
    run("extend", "grown.h5", "larger.cfg", "--set", "replicates=4")
    check_all("grown.h5")


def axes():
    with h5py.File(copy("small.h5", "axes.h5"), "r+") as f:
        for name, shape, dimensions in (("by_config", (2,), ["config"]), ("by_slot", (2, 3), ["config", "replicate"]),
                                        ("group/by_unit", (4,), ["unit"]), ("by_measure", (6,), ["measure"])):
            dataset = f.create_dataset(name, data=np.arange(np.prod(shape)).reshape(shape))
            for axis, dimension in zip(dataset.dims, dimensions):
                axis.attach_scale(f[dimension])
        f["free"] = np.arange(2)  # as long as config, but along nothing
        f["regions"] = np.array([f["status"].regionref[0, 1:2]], h5py.regionref_dtype)
    refused("axes.h5", ("extend", "axes.h5", "more.cfg"),
            "picky: axes.h5: by_slot: it lies along replicate, which grows from 3 to 5; --drop by_slot goes on without it\n",
            "axes.h5: regions: it has a reference to a part of status, whose shape changes; --drop regions ",
            "axes.h5: not extended: parts of what was added cannot be carried over", n_lines=3)
    refused("axes.h5", ("extend", "axes.h5", "larger.cfg", "--drop", "regions"), "by_config: it lies along config, which ",
            "by_slot: ", "group/by_unit: it lies along unit, which grows from 4 to 6; --drop group/by_unit ", n_lines=4)
    run("extend", copy("axes.h5", "some.h5"), "more.cfg", "--drop", "/by_slot", "--drop", "regions")
    with h5py.File("some.h5") as f:
        assert "by_slot" not in f and f["by_config"].dims[0][0] == f["config"] and f["group/by_unit"][3] == 3
        assert f["by_measure"].dims[0][0] == f["measure"] and f["free"].shape == (2,)
    os.remove("some.h5")
    # The same number of seeds, but others; the same number of configurations, but in another order.
    open("moved.cfg", "w").write(SMALL.replace('["start", "end"]', '["end", "start"]'))
    refused("axes.h5", ("extend", "axes.h5", "moved.cfg", "--drop", "regions"),
            "by_config: it lies along config, whose entries get other places", n_lines=3)
    with h5py.File(copy("small.h5", "begun.h5"), "r+") as f:
        f["by_replicate"] = np.arange(3)
        f["by_replicate"].dims[0].attach_scale(f["replicate"])
        f["status"][...] = 0
    refused("begun.h5", ("extend", "begun.h5", "small.cfg", "--set", "seed=7"),
            "by_replicate: it lies along replicate, whose entries get other places", n_lines=2)
    os.remove("begun.h5")
    # A dimension that goes.
    open("flat.cfg", "w").write("model = { hidden_layers = 1; }; replicates = 3;")
    with h5py.File(copy("small.h5", "begun.h5"), "r+") as f:
        f["by_layer"] = np.arange(3)
        f["by_layer"].dims[0].attach_scale(f["hidden_layer"])
        f["status"][...] = 0
    refused("begun.h5", ("extend", "begun.h5", "flat.cfg"), "by_layer: it lies along hidden_layer, which the new file lacks",
            n_lines=2)
    os.remove("begun.h5")
    os.remove("axes.h5")


def refusals():
    # Many reasons: 20 lines.
    with h5py.File(copy("small.h5", "many.h5"), "r+") as f:
        for i in range(24):
            f[f"x{i}"] = np.arange(3)
            f[f"x{i}"].dims[0].attach_scale(f["replicate"])
    refused("many.h5", ("extend", "many.h5", "more.cfg"), "picky: and 4 more\n", n_lines=22)
    os.remove("many.h5")
    # What cannot be taken along: values elsewhere, references and names of what stays behind.
    with h5py.File(copy("small.h5", "odd.h5"), "r+") as f:
        f.create_dataset("external", (4,), dtype="u1", external=[("values.bin", 0, 4)])
        f["gone"] = 1
        f["to_gone"] = np.array([f["gone"].ref], h5py.ref_dtype)
        f.attrs["gone"] = f["gone"].ref
        f["stay"] = f["train_inputs"]
        del f["gone"]
    refused("odd.h5", ("extend", "odd.h5", "wider.cfg"), "external: its values lie in other files", "to_gone: it has a reference",
            "@gone: it has a reference", "stay: it is another name of train_inputs, which is left behind", n_lines=5)
    run("extend", "odd.h5", "wider.cfg", "--drop", "external", "--drop", "to_gone", "--drop", "@gone", "--drop", "stay")
    same("odd.h5", "wider.h5")
    # A name that is not there.
    with h5py.File(copy("small.h5", "named.h5"), "r+") as f:
        f["notes"], f["g/x"] = 1, 2
        f["importance"].attrs["mine"] = 1
    for wrong in ("note", "importance", "importance@long_name", "g/y", "notes/x"):
        refused("named.h5", ("extend", "named.h5", "more.cfg", "--drop", "notes", "--drop", wrong),
                f"--drop {wrong}: nobody has added that to named.h5; allowed: g, g/x, notes, importance@mine", n_lines=1)
    refused("small.h5", ("extend", "small.h5", "more.cfg", "--drop", "x"), "allowed: nothing, for nothing was added", n_lines=1)
    assert "--drop takes a name" in run("extend", "named.h5", "more.cfg", "--drop", "", code=REFUSED)
    os.remove("named.h5")


def changed():
    """picky's own attributes are picky's: what was made of them is told, and not kept."""
    with h5py.File(copy("small.h5", "changed.h5"), "r+") as f:
        f["importance"].attrs["long_name"] = "mine"
        f.attrs["title"] = "my sweep"
    said = run("extend", "changed.h5", "more.cfg")
    assert said.count("warning") == 1 and ": @title, importance@long_name\n" in said, said
    same("changed.h5", "more.h5")


def second_scales():
    """Scales of users' on axes of picky's arrays: no damage, and carried over, but where the axis grows."""
    def attach(path):
        with h5py.File(path, "r+") as f:
            for name, array, axis in (("layer_names", "importance", 4), ("who", "status", 0), ("who", "lr", 0)):
                if name not in f:
                    f[name] = np.arange(f[array].shape[axis])
                    f[name].make_scale(name)
                f[array].dims[axis].attach_scale(f[name])

    def check(path, *names):
        run("verify", path)
        with h5py.File(path) as f:
            found = [f[array].dims[axis].keys()[1:] for array, axis in (("importance", 4), ("status", 0), ("lr", 0))]
        assert found == [[name] if name in names else [] for name in ("layer_names", "who", "who")], found

    for schema in (1, 2):
        if schema == 1:
            with gzip.open(f"{source}/tests/golden/1/near-zero.h5.gz") as packed, open("scales.h5", "wb") as f:
                f.write(packed.read())
            sweep = f"{source}/tests/golden/1/near-zero.cfg"
        else:
            with open("scales.cfg", "w") as f:
                f.write("replicates = 2; model = { hidden_size = 4; epochs = 1; N_train = 40; max_attempts = 1; };"
                        "grid = { lr = [0.1, 0.2]; };")
            sweep = "scales.cfg"
            run("run", sweep, "-o", "scales.h5")
        attach("scales.h5")
        check("scales.h5", "layer_names", "who")
        run("merge", "-o", "merged.h5", "scales.h5")
        check("merged.h5", "layer_names", "who")
        run("extend", "scales.h5", sweep, "--set", "replicates=3")
        check("scales.h5", "layer_names", "who")
        os.remove("merged.h5")
        if schema == 1:
            os.remove("scales.h5")
    with open("scales.cfg") as f, open("wider.cfg", "w") as g:
        g.write(f.read().replace("0.2]", "0.2, 0.3]"))
    larger = ("extend", "scales.h5", "wider.cfg", "--set", "replicates=3")
    refused("scales.h5", larger, "who: it lies along config, which grows from 2 to 3; --drop who goes on", n_lines=2)
    run(*larger, "--drop", "who")
    check("scales.h5", "layer_names")
    os.remove("scales.h5")


def older():
    """Files of schema 1: as they are there is nothing to carry over; what has the name of something that picky writes now is
    refused."""
    def golden(name):
        with gzip.open(f"{source}/tests/golden/1/{name}.h5.gz") as packed, open("old.h5", "wb") as f:
            f.write(packed.read())
        return "old.h5"

    for name in ("shapes", "extended"):
        sweep = f"{source}/tests/golden/1/{name}.cfg"
        with h5py.File(golden(name)) as f:
            larger = f"replicates={f['status'].shape[1] + 1}"
        said = run("extend", "old.h5", sweep, "--set", larger)
        assert "warning" not in said, said
        run("run", sweep, "--set", larger, "-o", "new.h5")
        same("old.h5", "new.h5")
        if name == "shapes":
            os.remove("new.h5")
    with h5py.File(golden("extended"), "r+") as f:
        f["importance"].attrs["long_name"] = "mine"
        f["lr"].attrs["units"] = "s"
        f.attrs["title"] = "my sweep"
    for command in (("merge", "-o", "merged.h5", "old.h5"), ("extend", "old.h5", sweep, "--set", larger)):
        said = run(*command)
        assert said.count("warning") == 1 and ": @title, importance@long_name, lr@units\n" in said, said
    os.remove("merged.h5")
    golden("extended")
    with h5py.File("old.h5", "r+") as f, h5py.File("new.h5") as g:
        names = [name for name in g if name not in f]
        attributes = [name for name in g.attrs if name not in f.attrs and name != "arithmetic"]  # which is read
        for name in names:
            f[name] = 1
        for name in attributes:
            f.attrs[name] = "mine"
        f["status"].attrs["units"] = "1"  # an attribute that picky writes, but not here
    os.remove("new.h5")
    assert "layer_size" in names and "comment" in attributes
    lines = [f"old.h5: {name}: picky writes something of that name itself; --drop {name} goes on"
             for name in names + [f"@{name}" for name in attributes]]
    refused("old.h5", ("extend", "old.h5", sweep, "--set", larger), *lines, n_lines=len(lines) + 1)
    run("extend", "old.h5", sweep, "--set", larger,
        *[word for name in names + [f"@{name}" for name in attributes] for word in ("--drop", name)])
    with h5py.File("old.h5") as f:
        assert f["status"].attrs["units"] == "1" and f.attrs["comment"] != "mine"


def netcdf():
    """Files that netCDF4 and xarray have added to, and read after."""
    with netCDF4.Dataset(copy("small.h5", "nc.h5"), "r+") as f:
        f.createDimension("site", 3)
        f.createVariable("site", "f8", ("site",))[:] = [1, 2, 3]
        f.createVariable("score", "f4", ("config", "site"), zlib=True)[:] = 5
        f.createVariable("names", str, ("site",))[0] = "x"
        f.createGroup("extra").createVariable("v", "i4", ("site",))[:] = 4
        f.setncattr("institution", "here")
    added = xarray.Dataset({"mean_ri": (("task", "layer"), np.ones((2, 4)))})
    added.to_netcdf("nc.h5", mode="a", engine="netcdf4")
    run("extend", "nc.h5", "more.cfg")
    with netCDF4.Dataset("nc.h5") as f:
        assert f.variables["score"].dimensions == ("config", "site") and (f.variables["score"][:] == 5).all()
        assert f.groups["extra"].variables["v"].dimensions == ("site",) and f.institution == "here"
        assert f.variables["names"][0] == "x"
    for engine in ("netcdf4", "h5netcdf"):
        with xarray.open_dataset("nc.h5", engine=engine) as f:
            assert f.mean_ri.dims == ("task", "layer") and f.score.sizes == {"config": 2, "site": 3}
            assert f.site.values.tolist() == [1, 2, 3] and f.status.dims == ("config", "replicate")


def newer_format():
    """Arrays in HDF5's newest layout, which the file must not have."""
    with h5py.File(copy("small.h5", "latest.h5"), "r+", libver="latest") as f:
        f.create_dataset("chunked", data=np.arange(1000.0), chunks=(10,), compression="gzip", maxshape=(None,))
    run("extend", "latest.h5", "more.cfg")
    with h5py.File("latest.h5") as f:
        assert (f["chunked"][:] == np.arange(1000.0)).all() and f["chunked"].compression == "gzip"
    assert open("latest.h5", "rb").read(9)[8] == 2  # the superblock's version


# ---- parts ----
def merging():
    for i in (1, 2):
        run("run", "small.cfg", "--shard", f"{i}/2", "-o", f"part{i}.h5")
    parts = ["part1.h5", "part2.h5"]
    for part in parts:
        add_all(part)
    with h5py.File("part1.h5", "r+") as f:
        f.create_dataset("by_slot", data=np.arange(6).reshape(2, 3)).dims[0].attach_scale(f["config"])
        f["by_slot"].dims[1].attach_scale(f["replicate"])
    with h5py.File("part2.h5", "r+") as f:
        f["group/second"] = 2
        f["group"].attrs["second"] = 2
        f.attrs["second"] = 2
        del f["regions"]
    run("merge", "-o", "merged.h5", *parts)
    check_all("merged.h5")
    with h5py.File("merged.h5") as f:
        assert f["group/second"][()] == 2 == f["group"].attrs["second"] == f.attrs["second"]
        assert [axis[0].name for axis in f["by_slot"].dims] == ["/config", "/replicate"]
    assert "all bits are the same" in run("verify", "merged.h5", "--all")
    os.remove("merged.h5")

    with h5py.File("part2.h5", "r+") as f:
        f["notes"][0] = "b"
        f["status"].attrs["checked"] = np.int8(2)
        f["a_references"][1] = f["status"].ref
        del f["größe"], f["group/deep/soft"], f["lists"]
        f["größe"] = np.float32(1.5)
        f["group/deep/soft"] = h5py.SoftLink("/status")
        f.create_group("lists")
        del f["an_array"]
        f["an_array"] = f["status"]
    names = ["notes", "status@checked", "a_references", "größe", "group/deep/soft", "lists", "an_array"]
    refused("parts", ("merge", "-o", "bad.h5", *parts),
            *[f"picky: part2.h5: {name}: another file's differs from it, or cannot be compared with it; --drop {shlex.quote(name)} goes on without it\n"
              for name in names],
            "bad.h5: not made: parts of what was added cannot be carried over", n_lines=len(names) + 1)
    run("merge", "-o", "merged.h5", *[word for name in names for word in ("--drop", name)], *parts)
    with h5py.File("merged.h5") as f:
        assert "notes" not in f and "soft" not in f["group/deep"] and "lists" not in f
        assert "checked" not in f["status"].attrs and f["group/deep/packed"].shape == (100, 100)
    os.remove("merged.h5")
    mask = os.umask(0o027)
    os.chmod("part1.h5", 0o666)
    run("merge", "-o", "merged.h5", *[word for name in names for word in ("--drop", name)], *parts)
    os.umask(mask)
    assert stat.S_IMODE(os.stat("merged.h5").st_mode) == 0o640  # a new file, whose parts may have several owners
    for name in [*parts, "merged.h5"]:
        os.remove(name)


# ---- who may do what ----
def ownership():
    nobody, other = 65534, 12345
    if os.geteuid() != 0:
        print("not as root: owners are left out")
        return
    os.chmod(".", 0o777)
    program = shutil.copy(picky, "picky-here")

    def make(uid, gid, mode):
        copy("small.h5", "owned.h5")
        os.chown("owned.h5", uid, gid)
        os.chmod("owned.h5", mode)

    def state():
        now = os.stat("owned.h5")
        return now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)

    def as_nobody(groups, code=0):
        done = subprocess.run(["setpriv", f"--reuid={nobody}", f"--regid={nobody}", groups, "./picky-here", "extend", "owned.h5",
                               "more.cfg"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**os.environ, "HOME": os.getcwd()})
        assert done.returncode == code, done.stdout
        return done.stdout

    make(nobody, other, 0o640)
    os.setxattr("owned.h5", "user.origin", b"blue")
    assert "warning" not in run("extend", "owned.h5", "more.cfg")
    assert state() == (nobody, other, 0o640) and os.getxattr("owned.h5", "user.origin") == b"blue"
    # Nobody's own file, of a group that nobody is in: all of it can be kept.
    make(nobody, other, 0o660)
    assert "warning" not in as_nobody(f"--groups={other}")
    assert state() == (nobody, other, 0o660)
    # The bits beside the permissions, too; without their group they are named.
    make(nobody, other, 0o2660)
    assert "warning" not in as_nobody(f"--groups={other}")
    assert state() == (nobody, other, 0o2660)
    make(nobody, other, 0o3660)
    said = as_nobody("--clear-groups")
    assert "warning: owned.h5: its mode bits 3000 cannot be kept: Operation not permitted" in said, said
    assert state() == (nobody, nobody, 0o1600)
    # Another's file and group: named, and the new group gets nothing that others had not.
    make(0, other, 0o664)
    said = as_nobody(f"--groups={other}")
    assert "warning: owned.h5: its owner (0) cannot be kept: Operation not permitted" in said and "group" not in said, said
    assert state() == (nobody, other, 0o664)
    make(nobody, other, 0o660)
    said = as_nobody("--clear-groups")
    assert f"warning: owned.h5: its group ({other}) cannot be kept: Operation not permitted" in said, said
    assert state() == (nobody, nobody, 0o600)

    if shutil.which("setfacl"):
        make(nobody, other, 0o2640)
        subprocess.run(["setfacl", "-m", "u:4321:rw", "owned.h5"], check=True)
        listed = os.getxattr("owned.h5", "system.posix_acl_access")
        assert "warning" not in run("extend", "owned.h5", "more.cfg")
        assert os.getxattr("owned.h5", "system.posix_acl_access") == listed and state() == (nobody, other, 0o2660)
        make(nobody, other, 0o640)
        subprocess.run(["setfacl", "-m", "u:4321:rw", "owned.h5"], check=True)
        as_nobody("--clear-groups")
        rows = subprocess.run(["getfacl", "-n", "owned.h5"], check=True, stdout=subprocess.PIPE, text=True).stdout
        assert "user:4321:rw-" in rows and "group::---" in rows, rows
        # What the directory would give to a new file is not given.
        subprocess.run(["setfacl", "-d", "-m", "u:4321:rw", "."], check=True)
        copy("small.h5", "owned.h5")
        subprocess.run(["setfacl", "-b", "owned.h5"], check=True)
        os.chmod("owned.h5", 0o640)
        run("extend", "owned.h5", "more.cfg")
        assert "system.posix_acl_access" not in os.listxattr("owned.h5") and state()[2] == 0o640
        subprocess.run(["setfacl", "-b", "."], check=True)
    else:
        print("no setfacl: access lists are left out")
    os.remove(program)


def main():
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        for name, text in (("small", SMALL), ("more", MORE), ("wider", WIDER), ("larger", LARGER)):
            open(f"{name}.cfg", "w").write(text)
            run("run", f"{name}.cfg")
        for part in (extending, axes, refusals, changed, second_scales, older, netcdf, newer_format, merging, ownership):
            part()
            left = [name for name in os.listdir() if name.endswith(".picky-draft")]
            assert not left, f"{part.__name__} leaves {left}"
            print(f"{part.__name__}: as it should be")
        os.chdir("/")


if __name__ == "__main__":
    main()
