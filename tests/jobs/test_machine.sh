#!/usr/bin/env bash
# The core, cross-compiled for another machine and run under qemu, gives the same bits as the native build: by gcc with
# each instruction set, in both layouts, and the smaller jobs with the portable kernels, whose multiply-adds are the machine's
# own there (riscv64 has no other kernels). Compiled with little optimisation, which takes a third of the time; with --all as
# released, all jobs, and also by clang, if there is one.
# Usage: test_machine.sh aarch64|riscv64 SOURCE_DIR RECORD_HASH [--all]     record_hash of the native build
set -euo pipefail
machine=$1 source_dir=$2 native=$3 all=${4:-}
case $machine in
    aarch64) instruction_sets=(neon portable) debian="gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;;
    riscv64) instruction_sets=(portable) debian="gcc-riscv64-linux-gnu libc6-dev-riscv64-cross" ;;
    *) echo "test_machine.sh: machine $machine: allowed: aarch64, riscv64" >&2; exit 2 ;;
esac
for tool in "$machine-linux-gnu-gcc" "qemu-$machine"; do
    command -v "$tool" >/dev/null || {
        echo "skipped: no $tool here (Debian: $debian qemu-user)"
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
trap 'rm -rf "$work"' EXIT

# build NAME OPTIONS...: record_hash of the core
build() {
    local build=$work/$1
    shift
    { cmake -S "$source_dir" -B "$build" -D PICKY_CORE_ONLY=ON "$@" && cmake --build "$build" -j 2 --target record_hash
    } >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
}

# emulate NAME SIMD [JOB...]: record_hash under qemu, into NAME-SIMD
emulate() {
    PICKY_SIMD=$2 PICKY_LAYOUT=${layout:-} qemu-"$machine" -L "/usr/$machine-linux-gnu" "$work/$1/tests/record_hash" \
        "${@:3}" >"$work/$1-$2" 2>"$work/$1-$2.err"
}

compare() { # NAME SIMD
    local jobs=()
    [[ $2 != portable || $all == --all ]] || jobs=(1 3 5)
    "$native" "${jobs[@]}" >"$work/native.hashes"
    emulate "$1" "$2" "${jobs[@]}" || true
    [[ -s $work/$1-$2 ]] || { cat "$work/$1-$2.err"; echo "$1 $2: no hashes"; exit 1; }
    diff "$work/native.hashes" "$work/$1-$2" || {
        echo "different bits: native build (<) and $machine $1 $2 (>)"
        exit 1
    }
    echo "same bits: $machine $1 $2 ${layout:-} under qemu, and the native build"
}

# The headers of Random123, MPFR and GMP serve every machine of 64 bits; the others of /usr/include are the host's. In place
# of MPFR itself stands what its functions are not called for by these jobs.
mkdir "$work/include"
cp -r /usr/include/Random123 /usr/include/mpfr.h "/usr/include/$(gcc -print-multiarch)/gmp.h" "$work/include/"
"$machine-linux-gnu-gcc" -c "$source_dir/tests/jobs/no_mpfr.c" -o "$work/no_mpfr.o"
ar rcs "$work/libmpfr.a" "$work/no_mpfr.o"
level=-O1
[[ $all != --all ]] || level=-O3
cross=(-D CMAKE_BUILD_TYPE=None -D CMAKE_C_FLAGS="$level" -D CMAKE_SYSTEM_NAME=Linux -D CMAKE_SYSTEM_PROCESSOR="$machine" -D RANDOM123_INCLUDE_DIR="$work/include"
       -D MPFR_INCLUDE_DIR="$work/include" -D MPFR_LIBRARY="$work/libmpfr.a")

build gcc "${cross[@]}" -D CMAKE_C_COMPILER="$machine-linux-gnu-gcc"
for simd in "${instruction_sets[@]}"; do
    for layout in models units; do
        compare gcc "$simd"
    done
done
layout=
if (emulate gcc avx2) || ! grep -q 'not an instruction set' "$work/gcc-avx2.err"; then
    echo "PICKY_SIMD=avx2 is not refused on $machine"
    exit 1
fi
if [[ $all != --all ]]; then
    echo "not run: -O3, clang (tests/long/equal_bits.sh)"
elif command -v clang >/dev/null; then
    build clang "${cross[@]}" -D CMAKE_C_COMPILER=clang -D CMAKE_C_COMPILER_TARGET="$machine-linux-gnu"
    compare clang "${instruction_sets[0]}"
else
    echo "not run: clang (there is none here)"
fi
echo "not run: the unit tests (they need cmocka for $machine)"
cat "$work/native.hashes"
