#!/bin/sh
# The results file of a real run, read by strangers' tools and recomputed with NumPy.
# Usage: test_contents.sh PICKY, from anywhere; needs Debian's Python with h5py, xarray, netCDF4 and NumPy.
set -eu
tests=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3
$python -c 'import h5netcdf, h5py, netCDF4, numpy, xarray' || exit 77

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"$1" run "$tests/contents.cfg" -o "$directory/contents.h5"
$python "$tests/read_results.py" "$directory/contents.h5"
$python "$tests/recompute.py" --slots 100 "$directory/contents.h5"
$python "$tests/recompute.py" --self-test "$directory/contents.h5"

# A sweep's file with all defaults, the four conditions without their controls: a full grid.
sed '/tasks = (/d; s/0.91; },/0.91; }/' "$tests/../../sweeps/seed.cfg" >"$directory/seed.cfg"
"$1" run "$directory/seed.cfg" -o "$directory/seed.h5" --set 'replicates=3'
$python "$tests/read_results.py" "$directory/seed.h5"
