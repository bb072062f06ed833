"""Runs the examples of docs/python.md, all of them and in order, beside a results file of their own.

check_python_doc.py PICKY_ANALYSE PICKY SOURCE_FOLDER
Needs xarray, h5netcdf, pandas, matplotlib and h5dump.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import h5netcdf  # noqa: F401 (what xarray opens the file with)
    import matplotlib  # noqa: F401
    import numpy as np
    import pandas  # noqa: F401
    import xarray as xr
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
if not shutil.which("h5dump"):
    print("skipped: h5dump is missing (Debian: hdf5-tools)")
    sys.exit(77)

picky_analyse, picky, source = map(os.path.abspath, sys.argv[1:4])
document = os.path.join(source, "docs", "python.md")
with open(document, encoding="utf-8") as f:
    text = f.read()
blocks = [(text.count("\n", 0, m.start()) + 1, m[1], m[2]) for m in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)]
kinds = [kind for _, kind, _ in blocks]
assert kinds.count("python") >= 6 and kinds.count("sh") >= 2 and set(kinds) == {"python", "sh"}, kinds

with tempfile.TemporaryDirectory(prefix="picky-python-") as folder:
    os.chdir(folder)
    subprocess.run([picky, "run", os.path.join(source, "sweeps", "seed.cfg"), "-o", "seed.h5"], check=True,
                   stderr=subprocess.DEVNULL)
    environment = {**os.environ, "PATH": os.path.dirname(picky_analyse) + os.pathsep + os.environ["PATH"],
                   "MPLCONFIGDIR": folder}
    os.environ["MPLCONFIGDIR"] = folder
    variables = {}
    for line, kind, block in blocks:
        print(f"--- {document}:{line}", flush=True)
        if kind == "sh":
            for command in block.splitlines():
                subprocess.run(["sh", "-ec", command], check=True, env=environment, stdout=subprocess.DEVNULL)
        else:
            exec(compile("\n" * line + block, document, "exec"), variables)

    # What the examples came to, by another way.
    with xr.open_dataset("seed.h5") as f:
        ri = f.relative_importance.values[:, :, 3, 0]
        accepted = f.status.values == 1
        for c in range(4):
            expected = (abs(ri[c][accepted[c]]) > 0.9).mean((0, 2))
            np.testing.assert_allclose(variables["selective"].values[c], expected, rtol=1e-12)
            neurons = variables["neurons"]
            assert (neurons.config == c).sum() == accepted[c].sum() * 4 * 50
        strict = variables["strict"].values[accepted]
        assert np.isnan(strict).sum() > np.isnan(ri[accepted]).sum()
    for figure in ("ri.png", "training.png"):
        assert os.path.getsize(figure) > 5000, figure
