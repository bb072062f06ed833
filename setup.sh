#!/usr/bin/env bash
# Makes a Debian machine ready and builds picky into build/. Called by demo.sh and test.sh.
# Usage: ./setup.sh [test]     with "test": also what the tests need
set -euo pipefail
cd "$(dirname "$0")"

packages=(gcc g++ make cmake pkg-config libopenmpi-dev openmpi-bin libhdf5-dev libconfig-dev libmpfr-dev librandom123-dev
          gnuplot-nox fonts-dejavu-core)
if [[ ${1:-} == test ]]; then
    packages+=(libcmocka-dev hdf5-tools netcdf-bin clang clang-format shellcheck python3 python3-numpy python3-h5py
               python3-xarray python3-h5netcdf python3-netcdf4 python3-scipy
               gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross qemu-user
               chromium poppler-utils tidy python3-matplotlib python3-mpmath python3-pandas nco python3-nbconvert
               python3-ipykernel acl procps munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins zsh fish)
fi

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    missing=()
    for package in "${packages[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    if ((${#missing[@]})); then
        sudo=()
        ((EUID == 0)) || sudo=(sudo)
        echo "Installing with apt-get: ${missing[*]}"
        "${sudo[@]}" apt-get update -qq
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
            >/dev/null
    fi
else
    echo "Not a Debian system: install the equivalents of: ${packages[*]}" >&2
fi

options=(-D BUILD_TESTING="$([[ ${1:-} == test ]] && echo ON || echo OFF)")
[[ ${CI:-} == true ]] && options+=(-D PICKY_WERROR=ON)
if ! { cmake -S . -B build "${options[@]}" && cmake --build build -j "$(nproc)"; } >build.log 2>&1; then
    cat build.log >&2
    echo "The build failed: see above, or build.log" >&2
    exit 1
fi
