#!/usr/bin/env bash
# The core, built without MPI, HDF5 and libconfig by another compiler, as fast as its users may ask for, which is not
# listened to, gives the bits of the build that is tested, on every instruction set that this machine can run, with
# models and with units in the lanes.
# Usage: test_bits.sh SOURCE_DIR RECORD_HASH "COMPILER..." LEVEL...     record_hash of a build; levels: O2, Ofast ..., or fast:
#                                                                       O1 with what Ofast says of arithmetic
set -euo pipefail
source_dir=$1 reference_program=$2 compilers=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

reference=
built=0
compare() { # NAME PROGRAM: on every instruction set
    local simd layout out
    for simd in portable avx2 avx512 neon; do
        for layout in models units; do
            out=$work/$1-$simd-$layout
            if ! PICKY_SIMD=$simd PICKY_LAYOUT=$layout "$2" >"$out" 2>"$out.err"; then
                grep -q 'not an instruction set' "$out.err" || { cat "$out.err"; exit 1; }
                echo "skipped: $simd cannot run here"
                continue 2
            fi
            [[ -s $out ]] || { echo "$out: no hashes"; exit 1; }
            reference=${reference:-$out}
            if ! diff "$reference" "$out"; then
                echo "different bits: $(basename "$reference") and $(basename "$out")"
                exit 1
            fi
            echo "same bits: $1 $simd, $layout in the lanes"
        done
    done
}

compare tested "$reference_program"
for compiler in $compilers; do
    command -v "$compiler" >/dev/null || { echo "skipped: no $compiler here"; continue; }
    for level in "$@"; do
        name=$compiler-$level
        flags=-${level/#fast/O1}
        [[ $level != *fast ]] || flags+=" -ffast-math -funsafe-math-optimizations -ffp-contract=fast"
        { cmake -S "$source_dir" -B "$work/$name" -D CMAKE_C_COMPILER="$compiler" -D CMAKE_BUILD_TYPE=None \
              -D CMAKE_C_FLAGS="$flags" -D PICKY_CORE_ONLY=ON &&
              cmake --build "$work/$name" -j 2 --target record_hash
        } >"$work/$name.log" 2>&1 || { cat "$work/$name.log"; exit 1; }
        compare "$name" "$work/$name/tests/record_hash"
        built=$((built + 1))
    done
done
cat "$reference"
((built > 0)) || { echo "skipped: none of $compilers here"; exit 77; }
