#!/usr/bin/env bash
# The core, built without MPI, HDF5 and libconfig by gcc and clang at -O2 and as fast as their users may ask for, which is
# not listened to, gives the same bits on every instruction set that this machine can run. Usage: test_bits.sh SOURCE_DIR
set -euo pipefail
source_dir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

reference=
compared=0
for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || { echo "skipped: no $compiler here"; continue; }
    for level in O2 Ofast; do
        build=$work/$compiler-$level
        flags=-$level
        [[ $level != Ofast ]] || flags+=" -ffast-math -funsafe-math-optimizations -ffp-contract=fast"
        cmake -S "$source_dir" -B "$build" -D CMAKE_C_COMPILER="$compiler" -D CMAKE_BUILD_TYPE=None \
            -D CMAKE_C_FLAGS="$flags" -D PICKY_CORE_ONLY=ON >"$build.log" 2>&1 &&
            cmake --build "$build" -j 2 --target record_hash >>"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
        for simd in portable avx2 avx512 neon; do
            out=$build-$simd
            if ! PICKY_SIMD=$simd "$build/tests/record_hash" >"$out" 2>"$out.err"; then
                grep -q 'not an instruction set' "$out.err" || { cat "$out.err"; exit 1; }
                echo "skipped: $simd cannot run here"
                continue
            fi
            [[ -s $out ]] || { echo "$out: no hashes"; exit 1; }
            reference=${reference:-$out}
            if ! diff "$reference" "$out"; then
                echo "different bits: $(basename "$reference") and $(basename "$out")"
                exit 1
            fi
            echo "same bits: $compiler -$level $simd"
            compared=$((compared + 1))
        done
    done
done
cat "$reference"
((compared > 1)) || { echo "nothing to compare"; exit 1; }
