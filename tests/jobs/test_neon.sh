#!/usr/bin/env bash
# The core, cross-compiled for aarch64 and run under qemu, gives the same bits as the native build: by gcc with NEON, and
# with the portable kernels of the smaller jobs, for emulating their multiply-adds takes long; with --all of all jobs, and by
# clang, if there is one.
# Usage: test_neon.sh SOURCE_DIR RECORD_HASH [--all]     record_hash of the native build
set -euo pipefail
source_dir=$1 native=$2 all=${3:-}
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || {
        echo "skipped: no $tool here (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)"
        exit 77
    }
done
for header in Random123 mpfr.h; do
    [[ -e /usr/include/$header ]] || {
        echo "skipped: no /usr/include/$header (Debian: librandom123-dev libmpfr-dev)"
        exit 77
    }
done

work=$(mktemp -d)
portable_run=
trap '[[ -z $portable_run ]] || kill "$portable_run" 2>/dev/null || true; rm -rf "$work"' EXIT

# build NAME OPTIONS...: record_hash of the core
build() {
    local build=$work/$1
    shift
    { cmake -S "$source_dir" -B "$build" -D PICKY_CORE_ONLY=ON "$@" && cmake --build "$build" -j 2 --target record_hash
    } >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
}

# emulate NAME SIMD [JOB...]: becomes record_hash under qemu, into NAME-SIMD; call it in a subshell
emulate() {
    export PICKY_SIMD=$2 PICKY_LAYOUT=${layout:-}
    exec qemu-aarch64 -L /usr/aarch64-linux-gnu "$work/$1/tests/record_hash" "${@:3}" >"$work/$1-$2" 2>"$work/$1-$2.err"
}

compare() { # NAME-SIMD [JOB...]
    "$native" "${@:2}" >"$work/native.hashes"
    [[ -s $work/$1 ]] || { cat "$work/$1.err"; echo "$1: no hashes"; exit 1; }
    diff "$work/native.hashes" "$work/$1" || { echo "different bits: native build (<) and aarch64 $1 (>)"; exit 1; }
    echo "same bits: aarch64 $1 under qemu, and the native build"
}

# The headers of Random123, MPFR and GMP serve every machine of 64 bits; the others of /usr/include are the host's. In place
# of MPFR itself stands what its functions are not called for by these jobs.
mkdir "$work/include"
cp -r /usr/include/Random123 /usr/include/mpfr.h "/usr/include/$(gcc -print-multiarch)/gmp.h" "$work/include/"
aarch64-linux-gnu-gcc -c "$source_dir/tests/jobs/no_mpfr.c" -o "$work/no_mpfr.o"
ar rcs "$work/libmpfr.a" "$work/no_mpfr.o"
cross=(-D CMAKE_SYSTEM_NAME=Linux -D CMAKE_SYSTEM_PROCESSOR=aarch64 -D RANDOM123_INCLUDE_DIR="$work/include"
       -D MPFR_INCLUDE_DIR="$work/include" -D MPFR_LIBRARY="$work/libmpfr.a")

build gcc "${cross[@]}" -D CMAKE_C_COMPILER=aarch64-linux-gnu-gcc
jobs=(1 3 5)
[[ $all != --all ]] || jobs=()
emulate gcc portable "${jobs[@]}" &
portable_run=$!

for layout in models units; do
    (emulate gcc neon) || true
    compare gcc-neon
done
layout=
if (emulate gcc avx2) || ! grep -q 'not an instruction set' "$work/gcc-avx2.err"; then
    echo "PICKY_SIMD=avx2 is not refused on aarch64"
    exit 1
fi
if [[ $all != --all ]]; then
    echo "not run: clang-neon (tests/long/equal_bits.sh)"
elif command -v clang >/dev/null; then
    build clang "${cross[@]}" -D CMAKE_C_COMPILER=clang -D CMAKE_C_COMPILER_TARGET=aarch64-linux-gnu
    (emulate clang neon) || true
    compare clang-neon
else
    echo "not run: clang-neon (no clang here)"
fi
wait "$portable_run" || true
portable_run=
compare gcc-portable "${jobs[@]}"
echo "not run: the unit tests (they need cmocka for arm64)"
cat "$work/native.hashes"
