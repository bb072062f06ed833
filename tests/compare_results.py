#!/usr/bin/env python3
"""Compares two results files bit by bit, /provenance left out: names, shapes, types, data, attributes.

Usage: compare_results.py [--done] A.h5 B.h5      exit code 1 and a line for each difference

--done: A may be unfinished; of the arrays by (config, replicate) only the slots that are done in A are compared"""
import sys

import h5py
import numpy as np


def raw(value):
    """The bytes of a value, text as it is; references point into their own file and are left out."""
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return [item for item in array.ravel().tolist() if isinstance(item, (bytes, str))]
    return array.tobytes()


def attributes(item):
    skipped = ("REFERENCE_LIST", "DIMENSION_LIST")
    return {name: (str(value.dtype) if hasattr(value, "dtype") else "", raw(value))
            for name, value in item.attrs.items() if name not in skipped}


def done_slots(x, done):
    """The values of the slots that are done, if x has slots."""
    axes = [[scale.name for scale in axis.values()] for axis in x.dims][:2]
    return x[()][done] if axes == [["/config"], ["/replicate"]] else x[()]


def compare(a, b, done):
    differences = []
    if attributes(a) != attributes(b):
        differences.append("attributes of the file")
    names = [set(f) - {"provenance"} for f in (a, b)]
    for name in sorted(names[0] ^ names[1]):
        differences.append(f"{name}: only in one file")
    for name in sorted(names[0] & names[1]):
        x, y = a[name], b[name]
        if (x.shape, x.dtype) != (y.shape, y.dtype):
            differences.append(f"{name}: {x.shape} {x.dtype} and {y.shape} {y.dtype}")
        elif raw(x[()] if done is None else done_slots(x, done)) != raw(y[()] if done is None else done_slots(y, done)):
            differences.append(f"{name}: other values")
        if attributes(x) != attributes(y):
            differences.append(f"{name}: other attributes")
    return differences, len(names[0] & names[1])


def main():
    names = sys.argv[-2:]
    slots = ""
    with h5py.File(names[0], "r") as a, h5py.File(names[1], "r") as b:
        done = a["status"][:] > 0 if sys.argv[1] == "--done" else None
        if done is not None:
            slots = f", {done.sum()} of {done.size} slots done"
        differences, n = compare(a, b, done)
    for line in differences:
        print(line)
    if n < 20:
        differences.append("too few datasets to be results of picky")
    print(f"{names[0]} and {names[1]}: {n} datasets, {len(differences)} differences{slots}")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
