#!/usr/bin/env python3
"""docs/format.md and docs/model.md against files that picky writes.

format.md: every dimension, variable and attribute of its tables is in a file, as the tables say, and every one of a file is in
the tables; what it says that schema 1 lacks is what a golden file lacks; its examples run, on models of several kinds.
model.md: its program gives every bit of every record.

Usage: check_format_doc.py PICKY SOURCE_FOLDER"""
import contextlib
import gzip
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

try:
    import h5py
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
if not shutil.which("h5dump"):
    print("skipped: h5dump is missing (Debian: hdf5-tools)")
    sys.exit(77)

PICKY, SOURCE = map(os.path.abspath, sys.argv[1:3])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
TYPES = {"u8": "|u1", "u16": "<u2", "i32": "<i4", "i64": "<i8", "f32": "<f4", "f64": "<f8", "integer": "<i8",
         "real": "<f8"}
STORES = ["weights", "initial_weights", "test_set", "train_set"]
KINDS_STORE = [*STORES, "relative_importance"]
ALWAYS = "always"
FEW_JOBS = "N_train = 41; N_test = 7; epochs = 2; batch_size = 4; hidden_size = 5; hidden_layers = 3;"

# Every mode, shape and outcome (but an error of memory) that the pages speak of.
KINDS = """
name = "kinds"; replicates = 4; seed = 7;
store = ["weights", "initial_weights", "test_set", "train_set", "relative_importance"];
model = { """ + FEW_JOBS + """ max_attempts = 3; error_threshold = 0.6; };
cases = (
  { grid = { context_location = ["start", "2", "end"]; }; },
  { train_mode = "replay"; replay_every = 2; fraction = 0.37; output_activation = "linear"; second_task = "add1.3"; },
  { train_mode = "sequential"; optimizer = "sgd"; lr = 0.1; fraction = 0.6; second_task = "add-0.5"; context_location = "end"; },
  { optimizer = "sgd"; lr = 0.02; error_threshold = 0.3; },
  { output_activation = "linear"; optimizer = "sgd"; lr = 10; },
  { hidden_layers = 1; hidden_size = 4; N_train = 24; N_test = 12; epochs = 1; max_attempts = 2; error_threshold = 1e-3; },
  { lr = 0.02; epochs = 6; N_train = 120; error_threshold = 0.15; },
  { tasks = ["sum: x0 + a * x1", "max(x0, x2)^2", "sin(2 * x1) - 0.5"]; n_inputs = 3; input_low = -1; input_high = 1.5; a = 0.3;
    output_activation = "linear"; train_mode = "replay"; replay_every = 3; epochs = 1; error_threshold = 2.0; },
  { tasks = "r0 * x0 + r1"; output_activation = "linear"; standardise = "variance"; error_threshold = 2.0; },
  { tasks = ["r0 * x0 - clamp(x1, 0.2, 0.8) * r9", "if(x0 < x1, abs(r1), step(x1 - a)^2)"]; a = 0.7; output_activation = "linear";
    standardise = "variance"; input_low = -1; error_threshold = 2.0; },
  { tasks = ["r0 * x0 - r9", "sqrt(x0) * b"]; b = -0.1; output_activation = "linear"; epochs = 1; error_threshold = 9.0; } );
"""


def read(name):
    with open(os.path.join(SOURCE, "docs", name), encoding="utf-8") as file:
        return file.read()


def run(sweep, output, *options):
    with open("sweep.cfg", "w", encoding="utf-8") as file:
        file.write(sweep)
    done = subprocess.run([PICKY, "run", "sweep.cfg", "-o", output, *options], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return output


# ---- the tables ----

def tables(text):
    """{section: [[{column: cell}]]}, cells without their back quotes."""
    result, section, previous = {}, None, ""
    for line in FENCE.sub("", text).splitlines():
        if line.startswith("## "):
            section = line[3:]
        if line.startswith("|"):
            cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
            if not previous.startswith("|"):
                result.setdefault(section, []).append([])
                head = cells
            elif not set(line) <= set("|-"):
                assert len(cells) == len(head), line
                result[section][-1].append(dict(zip(head, cells)))
        previous = line
    return result


def column(rows, name):
    names = [row[name] for row in rows]
    assert len(set(names)) == len(names), f"twice in a table: {names}"
    return names


def scale_paths(variable):
    return [dimension[0].name.lstrip("/") for dimension in variable.dims]


def items(f):
    """Everything in a file by its path, scales apart."""
    scales, variables, groups = {}, {}, {}

    def visit(path, item):
        if isinstance(item, h5py.Group):
            groups[path] = item
        else:
            (scales if item.attrs.get("CLASS") == b"DIMENSION_SCALE" else variables)[path] = item
    f.visititems(visit)
    return scales, variables, groups


def same_names(what, documented, found):
    documented, found = set(documented), set(found)
    assert documented == found, (f"{what}: only in docs/format.md: {sorted(documented - found)}; "
                                 f"only in files: {sorted(found - documented)}")


def check_type(path, variable, row):
    if row["type"] == "text":
        is_text = h5py.check_string_dtype(variable.dtype) is not None
        assert is_text, f"{path} is no text but {variable.dtype}"
    else:
        assert variable.dtype.str == TYPES[row["type"]], f"{path}: {variable.dtype.str}, and {row['type']} in the page"


def check_variable(path, variable, row, axes):
    """`axes` come before those that the table names."""
    check_type(path, variable, row)
    expected = axes + [d for d in row.get("dimensions", "").split(", ") if d]
    for log in ("provenance/runs/", "provenance/plans/"):
        if path.startswith(log):
            expected = [log + d for d in expected]
    if row["type"] == "text" and path.startswith("provenance/"):
        expected.append("provenance/character")
    assert scale_paths(variable) == expected, f"{path}: along {scale_paths(variable)}, and {expected} in the page"
    if "unit" in row:
        unit = variable.attrs.get("units", "")
        assert unit == row["unit"], f"{path}: unit {unit!r}, and {row['unit']!r} in the page"


def check_coordinates(scale, row):
    values, path = row["values"], scale.name
    if not values:
        assert scale.dtype.str == ">f4" and scale.attrs["NAME"].startswith(b"This is a netCDF dimension but"), path
    elif values.startswith('"'):
        texts = values.replace(", ...", "").split(", ")
        n = min(len(texts), len(scale)) if values.endswith("...") else len(scale)
        assert [f'"{v}"' for v in scale.asstr()[:n]] == texts[:n], path
    elif values[0].isdigit():
        numbers = values.replace(", ...", "").split(", ")
        n = min(len(numbers), len(scale))
        assert [str(v) for v in scale[:n]] == numbers[:n], path
    else:
        return list(scale.asstr()[:])
    return None


def check_fill(path, variable, fills):
    """No array of numbers holds its fill value, but for train_task and NaN."""
    if variable.dtype.str in fills:
        fill = variable.dtype.type(fills[variable.dtype.str])
        assert np.array_equal(variable.fillvalue, fill, equal_nan=variable.dtype.kind == "f"), (path, variable.fillvalue)
        assert np.isnan(fill) or path == "train_task" or not (variable[()] == fill).any(), path
    else:
        assert variable.dtype.kind in "OS" or variable.dtype.str == ">f4", (path, variable.dtype)


def names_of(path):
    """Everything that has a name in a file, as the table of versions has it."""
    with h5py.File(path) as f:
        scales, variables, groups = items(f)
        names = {f"attribute {a}" for a in f.attrs} | {f"attribute {a} of provenance" for a in f["provenance"].attrs}
        names |= {f"variable {v}" for v in variables} | {f"group {g}" for g in groups} | {f"dimension {d}" for d in scales}
        single = [v for v in variables if v.startswith("provenance/") and len(scale_paths(variables[v])) < 2
                  and v.count("/") == 1]
        for name, item in {**scales, **variables}.items():
            where = "the single values of provenance" if name in single else name
            names |= {f"attribute {a} of {where}" for a in item.attrs}
        names |= {"fill values"} if not any(v.fillvalue == 0 for v in variables.values() if v.dtype.kind in "iuf") else set()
        return names


def check_versions(page):
    """Golden files of schema 1 lack what the page says, and nothing else; a new file has all of it. What lies in the group
    or along the variable that came goes without a row of its own."""
    _, added = page["Versions"]
    expected = set()
    for row in added:
        assert int(row["since"]) >= 2, row
        what = row["what"].replace("`", "")
        head, _, tail = what.partition(" of ")
        expected |= {f"{head} of {name}" for name in tail.split(", ")} if tail else {what}
    expected -= {"variable random_constants", "dimension constant"}  # the golden file's tasks have none
    golden = os.path.join(SOURCE, "tests", "golden", "1", "shapes")
    with gzip.open(golden + ".h5.gz") as packed, open("old.h5", "wb") as file:
        file.write(packed.read())
    with open(golden + ".cfg", encoding="utf-8") as file:
        run(file.read(), "new.h5")
    old, new = names_of("old.h5"), names_of("new.h5")
    assert old <= new, f"in schema 1 only: {sorted(old - new)}"
    implied = [f"{kind} {tail}" for e in expected for kind, _, tail in [e.partition(" ")] if kind in ("group", "variable", "dimension")]
    added_names = {n for n in new - old if not any(re.search(rf"\b{re.escape(i.split()[1])}(/| |$)", n) and n not in expected
                                                   for i in implied)}
    same_names("what came after schema 1", expected, added_names)


def check_file(path, page, store, seen):
    """One file, of a sweep with this `store`; adds the names that it has to `seen`."""
    dimensions, = page["Dimensions"]
    hyperparameters, lists, derived = page["Hyperparameters"]
    statuses, results, fills = page["Results"]
    provenance = page["Provenance"][1]
    with h5py.File(path) as f:
        scales, variables, groups = items(f)
        same_names("groups", ["provenance", "provenance/runs", "provenance/plans"], groups)
        has_depth, has_constants = f["layer"].shape[0] > 1, "kinds" in path
        expected = [d for d in column(dimensions, "dimension")
                    if (d != "hidden_layer" or has_depth) and (d != "constant" or has_constants)]
        same_names(f"{path}: dimensions", expected, scales)
        for row in dimensions:
            size = re.search(r": (\d+)$", row["what it counts"])
            assert not size or scales[row["dimension"]].shape == (int(size[1]),), row
            if row["dimension"] in scales:
                measures = check_coordinates(scales[row["dimension"]], row)
                if measures:
                    assert measures == column(page["Measures"][0], "measure"), measures

        stored = [row for row in results if row["stored"].partition(",")[0] in [ALWAYS, "relative_importance", *store]
                  and (has_depth or "hidden_layer" not in row["dimensions"])
                  and (has_constants or row["dimensions"] != "constant")]
        same_names(f"{path}: variables",
                   [row["variable"] for row in hyperparameters + lists + derived + stored + provenance], variables)
        for row in lists:
            check_variable(row["variable"], variables[row["variable"]], row, [])
        for row in hyperparameters:
            check_variable(row["variable"], variables[row["variable"]], row, ["config"])
        for row in derived:
            check_variable(row["variable"], variables[row["variable"]], row, ["config"])
        for row in stored:
            check_variable(row["variable"], variables[row["variable"]], row, ["config", "replicate"])
        for row in provenance:
            check_variable(row["variable"], variables[row["variable"]], row, [])
        for name, variable in [*variables.items(), *scales.items()]:
            check_fill(name, variable, {TYPES[row["type"]]: row["fill value"] for row in fills})
        flags = zip(f["status"].attrs["flag_values"], f["status"].attrs["flag_meanings"].split())
        assert [f"{value} {name}" for value, name in flags] == column(statuses, "status")
        assert f.attrs["coordinates"].split() == column(hyperparameters, "variable")
        assert f.attrs["store"].split() == store, f.attrs["store"]

        root, of_variables = page["Attributes"]
        types = {row["attribute"]: row["type"] for row in root + of_variables}
        seen["root"] |= set(f.attrs)
        seen["provenance"] |= set(f["provenance"].attrs)
        for item in [f, *scales.values(), *variables.values()]:
            for name in item.attrs:
                if types.get(name):
                    dtype = item.attrs.get_id(name).dtype
                    is_text = h5py.check_string_dtype(dtype) is not None
                    assert ("text" if is_text else dtype.str) == TYPES.get(types[name], types[name]), (item.name, name)
        for item in [*scales.values(), *variables.values()]:
            seen["variables"] |= set(item.attrs)


def check_tables():
    page = tables(read("format.md"))
    seen = {"root": set(), "variables": set(), "provenance": set()}

    def sweep(store, model=FEW_JOBS):
        names = ", ".join(f'"{name}"' for name in store)
        return f"replicates = 2; store = [{names}]; model = {{ {model} }};"

    check_file("kinds.h5", page, KINDS_STORE, seen)
    for store in STORES:
        check_file(run(sweep([store]), f"{store}.h5"), page, [store], seen)
    check_file(run(sweep(STORES, "hidden_layers = 1; N_train = 20;"), "flat.h5"), page, STORES, seen)
    check_file(run(sweep(["weights"]), "shard.h5", "--shard", "1/2"), page, ["weights"], seen)
    check_file(run(sweep(["weights"]), "null.h5", "--null-jobs"), page, ["weights"], seen)
    root, of_variables = page["Attributes"]
    same_names("attributes of the root", column(root, "attribute"), seen["root"])
    same_names("attributes of variables", column(of_variables, "attribute"), seen["variables"])
    same_names("attributes of provenance", column(page["Provenance"][0], "attribute"), seen["provenance"])
    check_versions(page)
    with h5py.File("kinds.h5") as f:
        newest = max(int(row["version"]) for row in page["Versions"][0])
        assert newest == f.attrs["picky_schema_version"], f"the newest version in the page is {newest}"


# ---- the programs ----

def blocks(name):
    text = read(name)
    return [(text.count("\n", 0, m.start()) + 1, m[1], m[2]) for m in FENCE.finditer(text)]


def execute(name, variables, replacements=()):
    """Runs the Python blocks of a page, in their order."""
    for line, kind, block in blocks(name):
        if kind == "python":
            for old, new in replacements:
                block = block.replace(old, new)
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile("\n" * line + block, f"docs/{name}", "exec"), variables)


def check_examples():
    """Those of format.md, as they stand, and on a model of each configuration of kinds.h5 (a rejected one will do)."""
    environment = {**os.environ, "PATH": os.path.dirname(PICKY) + os.pathsep + os.environ["PATH"]}
    for _, kind, block in blocks("format.md"):
        assert kind in ("python", "sh"), kind
        if kind == "sh":
            subprocess.run(["bash", "-ec", block], check=True, env=environment, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    execute("format.md", {})
    with h5py.File("stored.h5") as f:
        assert f["test_inputs"].shape[3] == 100 and f["hidden_weights"].shape[3] == 50, "the sizes in the h5dump lines"

    with h5py.File("kinds.h5") as f:
        has_weights = (f["status"][:] == 1) | (f["status"][:] == 2)
        formulas = f["task_formula"].asstr()[:][f["task_list"][:]]
        for what in f["standardise"].asstr()[:] == "variance", [any("r9" in text for text in row) for row in formulas]:
            assert has_weights[what].any(), "no model with standardised targets, or with random constants"
    choice = 'np.argwhere(f["status"][:] == 1)[0]'
    assert read("format.md").count(choice) == 1 and read("format.md").count('"stored.h5"') == 1
    for c in np.flatnonzero(has_weights.any(1)):
        variables = {"chosen": (c, np.flatnonzero(has_weights[c])[0])}
        execute("format.md", variables, [(choice, "chosen"), ("stored.h5", "kinds.h5")])
        variables["f"].close()


def by_name(h, layers):
    """Weights as model.md has them, by the file's names."""
    H, L, c = h["hidden_size"], h["hidden_layers"], h["context_layer"]
    n_in = [h["n_inputs"]] + L * [H]
    inputs = [w[:, :n] for w, n in zip(layers, n_in)]
    return {"input_weights": inputs[0], "hidden_weights": np.array(inputs[1:L]),
            "context_weights": layers[c - 1][:, n_in[c - 1]:-1], "biases": np.array([w[:, -1] for w in layers[:L]]),
            "output_weights": inputs[L][0], "output_bias": layers[L][0, -1]}


def model_record(page, h, seed):
    """A slot by model.md: {variable: array}."""
    status, attempts, attempt_error, layers, train_loss, test_error, test_loss, units = page["job"](h, seed)
    record = {"status": status, "seed": seed, "attempts": attempts}
    if status == 3:
        return record
    importance, change, activation = units
    x, task, _ = page["training_set"](h, seed, attempts - 1)
    first = by_name(h, page["initial_weights"](h, seed, attempts - 1))
    return {**record, "attempt_error": attempt_error, "train_loss": train_loss, "test_error": test_error,
            "test_loss": test_loss, "importance": importance, "loss_change": change, "mean_activation": activation,
            "relative_importance": page["relative_importance"](importance) if len(h["tasks"]) > 1 else [],
            "random_constants": page["F"](2) * page["uniforms"](seed, 0, 9, 0, 0, 10) - 1 if "r0" in h["tasks"][0] else [],
            **by_name(h, layers),
            **{"initial_" + name: w for name, w in first.items() if "bias" not in name},
            "test_inputs": np.array([page["test_set"](h, seed, attempts - 1, t)[0] for t in range(len(h["tasks"]))]),
            "train_inputs": x, "train_task": task + 1}


def padded(values, dtype, shape):
    """In the file's shape, with what stands for nothing."""
    values = np.asarray(values).astype(dtype)
    empty = np.full(shape, np.nan if dtype.kind == "f" else 255, dtype)
    if values.size:
        empty[tuple(slice(n) for n in values.shape)] = values
    return empty


def check_model():
    """Every bit of every array of a slot; -0 is not 0 here, and NaN is the one NaN of files."""
    page = {}
    execute("model.md", page)
    results = tables(read("format.md"))["Results"][1]
    outcomes, n_dead = set(), 0
    with h5py.File("kinds.h5") as f:
        names = f.attrs["coordinates"].split()
        for c in range(f["status"].shape[0]):
            h = {name: f[name].asstr()[c] if f[name].dtype.kind == "O" else f[name][c].item() for name in names}
            h["tasks"] = list(f["task_formula"].asstr()[h["task_list"], :h["n_tasks"]])
            for r in range(f["status"].shape[1]):
                record = model_record(page, h, int(f["seed"][c, r]))
                assert record["seed"] == f.attrs["seed"] + r
                for name in column(results, "variable"):
                    array = f[name][c, r]
                    expected = padded(record.get(name, []), array.dtype, array.shape)
                    assert array.tobytes() == expected.tobytes(), (name, c, r, array, expected)
                n_dead += sum(page["train"](h, int(f["seed"][c, r]), a)[-1] for a in range(f["attempts"][c, r] - 1))
                outcomes.add((int(record["status"]), int(record["attempts"])))
        n_attempts = f["attempts"][:].sum()
        share = f["provenance/rejected_at_start_share"][()]
    assert n_dead > 0 and np.isclose(share, n_dead / n_attempts), f"{n_dead} of {n_attempts} attempts dead, not {share}"
    assert {status for status, _ in outcomes} == {1, 2, 3} and (1, 1) in outcomes, outcomes
    assert any(status == 1 and attempts > 1 for status, attempts in outcomes), outcomes


def main():
    warnings.simplefilter("ignore", RuntimeWarning)  # what diverges overflows
    with tempfile.TemporaryDirectory(prefix="picky-format-") as folder:
        os.chdir(folder)
        run(KINDS, "kinds.h5")
        for check in (check_tables, check_examples, check_model):
            print(f"--- {check.__name__}", flush=True)
            check()
        os.chdir("/")


main()
