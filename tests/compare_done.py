#!/usr/bin/env python3
"""A results file that a stopped or killed run has left, against one of an uninterrupted run of the same sweep (which may
have fewer or more replicates): every slot that is done in both has the same bits in every array.

Usage: compare_done.py REFERENCE.h5 FILE.h5[:N_DONE]...      exit code 1 and a line for each difference"""
import sys

import h5py
import numpy as np


def check(path, n_expected, status_of_reference, arrays):
    """Whether a file is right."""
    with h5py.File(path, "r") as f:
        n = min(f["status"].shape[1], status_of_reference.shape[1])
        status = f["status"][:]
        n_done = int((status != 0).sum())
        done = (status[:, :n] != 0) & (status_of_reference[:, :n] != 0)
        differences = []
        if n_expected and n_done != int(n_expected):
            differences.append(f"{n_done} slots are done, not {n_expected}")
        if done.sum() == 0 and n_done > 0:
            differences.append("nothing to compare")
        last = int(np.flatnonzero(done.any(axis=0)).max(initial=-1)) + 1
        for name, array in arrays.items():
            if f[name][:, :last][done[:, :last]].tobytes() != array[:, :last][done[:, :last]].tobytes():
                differences.append(f"{name}: other bits")
    for line in differences:
        print(line)
    print(f"{path}: {n_done} done, {int(done.sum())} compared in {len(arrays)} arrays, {len(differences)} differences")
    return not differences


def main():
    with h5py.File(sys.argv[1], "r") as reference:
        status = reference["status"][:]
        arrays = {name: x[()] for name, x in reference.items()
                  if isinstance(x, h5py.Dataset) and x.shape[:2] == status.shape}
    assert len(arrays) >= 10, "too few arrays to be results of picky"
    sys.exit(not all([check(*file.partition(":")[::2], status, arrays) for file in sys.argv[2:]]))


main()
