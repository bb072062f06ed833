#!/usr/bin/env python3
"""Compares two results files bit by bit, /provenance left out: names, shapes, types, data, attributes.

Usage: compare_results.py [--done] A.h5 B.h5      exit code 1 and a line for each difference
       compare_results.py --serve                 the same for each line of stdin, whose arguments are separated by tabs, with
                                                  a last line `exit code N`

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


class Array:
    """What is compared of a dataset."""

    def __init__(self, x):
        self.shape, self.dtype, self.values, self.attributes = x.shape, x.dtype, x[()], attributes(x)
        self.has_slots = [[scale.name for scale in axis.values()] for axis in x.dims][:2] == [["/config"], ["/replicate"]]

    def done(self, done):
        """The values; of an array by slot those of the slots that are done, if only these count."""
        return raw(self.values[done] if self.has_slots and done is not None else self.values)


class Contents:
    """All that is compared of an open file; made once of a file that others are compared with."""

    def __init__(self, f):
        self.attributes = attributes(f)
        self.arrays = {name: Array(f[name]) for name in f if name != "provenance"}


def compare(a, b, done):
    """Of open files or Contents: the differences, and how many datasets both have."""
    a, b = (x if isinstance(x, Contents) else Contents(x) for x in (a, b))
    differences = []
    if a.attributes != b.attributes:
        differences.append("attributes of the file")
    for name in sorted(a.arrays.keys() ^ b.arrays.keys()):
        differences.append(f"{name}: only in one file")
    names = sorted(a.arrays.keys() & b.arrays.keys())
    for name in names:
        x, y = a.arrays[name], b.arrays[name]
        if (x.shape, x.dtype) != (y.shape, y.dtype):
            differences.append(f"{name}: {x.shape} {x.dtype} and {y.shape} {y.dtype}")
        elif x.done(done) != y.done(done):
            differences.append(f"{name}: other values")
        if x.attributes != y.attributes:
            differences.append(f"{name}: other attributes")
    return differences, len(names)


def report(arguments):
    """Compares, and says it; returns the exit code."""
    names = arguments[-2:]
    slots = ""
    with h5py.File(names[0], "r") as a, h5py.File(names[1], "r") as b:
        done = a["status"][:] > 0 if arguments[0] == "--done" else None
        if done is not None:
            slots = f", {done.sum()} of {done.size} slots done"
        differences, n = compare(a, b, done)
    for line in differences:
        print(line)
    if n < 20:
        differences.append("too few datasets to be results of picky")
    print(f"{names[0]} and {names[1]}: {n} datasets, {len(differences)} differences{slots}")
    return int(bool(differences))


def main():
    if sys.argv[1] != "--serve":
        sys.exit(report(sys.argv[1:]))
    for line in sys.stdin:
        try:
            code = report(line.rstrip("\n").split("\t"))
        except (OSError, KeyError) as error:
            print(error)
            code = 1
        print(f"exit code {code}", flush=True)


if __name__ == "__main__":
    main()
