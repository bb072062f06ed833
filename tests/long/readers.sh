#!/usr/bin/env bash
# Today's tools from PyPI, in their newest versions, read results files: h5netcdf, netCDF4 and xarray, kerchunk with zarr,
# and two checkers of the CF conventions (readers.py says what is asked of each). Makes a virtual environment: 400 MB. Takes
# some minutes.
# Usage: tests/long/readers.sh [BUILD_DIR [FOLDER]]     default: build; a folder that is removed. One that is given keeps
#        the environment, which is made if it is not there.
set -euo pipefail
tree=$(realpath "$(dirname "$0")/../..")
build=$(realpath "${1:-$tree/build}")
if (($# > 1)); then
    mkdir -p "$2"
    folder=$(realpath "$2")
else
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi

packages=(h5py h5netcdf netCDF4 xarray kerchunk zarr fsspec compliance-checker cfchecker cf-units)
if [[ ! -x $folder/venv/bin/compliance-checker ]]; then
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
fi
"$folder/venv/bin/python" -B "$tree/tests/long/readers.py" "$build/picky"
