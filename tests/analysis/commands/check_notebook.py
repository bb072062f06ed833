"""Runs docs/first-look.ipynb as its first cell says, and compares what it prints with picky-analyse's tables.

check_notebook.py PICKY_ANALYSE PICKY SOURCE_FOLDER
Needs nbconvert, ipykernel, xarray, pandas, scipy and matplotlib.
"""
import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

for module in ("nbconvert", "ipykernel", "xarray", "netCDF4", "pandas", "scipy", "matplotlib"):
    if not importlib.util.find_spec(module):
        print(f"skipped: {module} is missing")
        sys.exit(77)

PICKY_ANALYSE, PICKY, SOURCE = map(os.path.abspath, sys.argv[1:4])
NOTEBOOK = "first-look.ipynb"


def shell(command):
    subprocess.run(["bash", "-ec", command], check=True, timeout=250)


def outputs(notebook):
    """All text that its cells print, and the number of its figures."""
    shown = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    text = "".join("".join(output["text"]) for output in shown if output["output_type"] == "stream")
    return text, sum("image/png" in output.get("data", {}) for output in shown)


def check_stored(notebook):
    """It has no outputs: a change of it is a change of its text."""
    for cell in notebook["cells"]:
        assert not cell.get("outputs") and not cell.get("execution_count") and not cell["metadata"], cell


def effect_of(row):
    return f"effect {float(row['effect']):+.3f} [{float(row['effect_low']):+.3f}, {float(row['effect_high']):+.3f}]"


def main():
    with open(os.path.join(SOURCE, "docs", NOTEBOOK), encoding="utf-8") as file:
        stored = json.load(file)
    check_stored(stored)
    commands = re.findall(r"^    (.+)$", "".join(stored["cells"][0]["source"]), re.M)
    assert len(commands) == 3, commands
    with tempfile.TemporaryDirectory(prefix="picky-notebook-") as folder:
        os.chdir(folder)
        os.mkdir("bin")
        for program in (PICKY, PICKY_ANALYSE):
            os.symlink(program, os.path.join("bin", os.path.basename(program)))
        os.environ["PATH"] = os.path.join(folder, "bin") + os.pathsep + os.environ["PATH"]
        for name in ("HOME", "MPLCONFIGDIR", "XDG_RUNTIME_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            os.environ[name] = folder
        os.mkdir("sweeps")
        with open(os.path.join(SOURCE, "sweeps/seed.cfg"), encoding="utf-8") as file, open("sweeps/seed.cfg", "w") as copy:
            copy.write(file.read().replace("hidden_size = 50;", "hidden_size = 30;"))
        shutil.copy(os.path.join(SOURCE, "docs", NOTEBOOK), ".")
        for command in commands:
            shell(command)
        shell(f"{sys.executable} -m nbconvert --to notebook --execute {NOTEBOOK} --output executed 2>log "
              "|| { cat log; exit 1; }")
        with open("executed.ipynb", encoding="utf-8") as file:
            text, n_figures = outputs(json.load(file))
        with open("claims.csv", encoding="utf-8") as file:
            row, = [row for row in csv.DictReader(file) if row["claim"] == "end_splits_last"
                    and row["measure"] == "contribution" and row["number"] == "judged"]
        print(text)
        assert n_figures == 2, n_figures
        assert "44 rows agree" in text and "110 accepted models of 110" in text, text
        own, said = re.findall(r"effect \S+ \[.*\]: \w+", text)
        assert said == f"{effect_of(row)}: {row['decision']}" and row["decision"] == "larger", (said, row)
        assert own.split()[1] == said.split()[1] and own.split()[-1] == "larger", own
        os.chdir("/")


main()
