#!/usr/bin/env python3
"""A results file that a stopped or killed run has left, against one of an uninterrupted run of the same sweep (which may
have fewer or more replicates): every slot that is done in both has the same bits in every array.

Usage: compare_done.py FILE.h5 REFERENCE.h5 [N_DONE]      exit code 1 and a line for each difference"""
import sys

import h5py
import numpy as np


def main():
    with h5py.File(sys.argv[1], "r") as f, h5py.File(sys.argv[2], "r") as reference:
        n = min(f["status"].shape[1], reference["status"].shape[1])
        status = f["status"][:]
        n_done = int((status != 0).sum())
        done = (status[:, :n] != 0) & (reference["status"][:, :n] != 0)
        differences = []
        if len(sys.argv) > 3 and n_done != int(sys.argv[3]):
            differences.append(f"{n_done} slots are done, not {sys.argv[3]}")
        if done.sum() == 0 and n_done > 0:
            differences.append("nothing to compare")
        names = [name for name in reference if isinstance(reference[name], h5py.Dataset)]
        slots = [name for name in names if reference[name].shape[:2] == reference["status"].shape]
        last = int(np.flatnonzero(done.any(axis=0)).max(initial=-1)) + 1
        for name in slots:
            a, b = f[name][:, :last][done[:, :last]], reference[name][:, :last][done[:, :last]]
            if a.tobytes() != b.tobytes():
                differences.append(f"{name}: other bits")
        for line in differences:
            print(line)
        if len(slots) < 10:
            differences.append("too few arrays to be results of picky")
        print(f"{sys.argv[1]}: {n_done} done, {int(done.sum())} compared in {len(slots)} arrays, "
              f"{len(differences)} differences")
        sys.exit(bool(differences))


main()
