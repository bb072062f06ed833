#!/usr/bin/env bash
# What the test equal_bits does with one compiler at -O1 and the flags of -Ofast, with both at every level: gcc and clang at -O0,
# -O1, -O2, -O3 and -Ofast, on every instruction set that runs here, against the build in build/; and
# what equal_bits_aarch64 and equal_bits_riscv64 do with gcc -O1 and a few jobs, with gcc -O3 and clang and all. Takes some minutes.
# Usage: tests/long/equal_bits.sh [LEVEL...]
set -euo pipefail
cd "$(dirname "$0")/../.."
(($# > 0)) || set -- O0 O1 O2 O3 Ofast
[[ -x build/tests/record_hash ]] || { echo "no build/tests/record_hash: run ./setup.sh test" >&2; exit 2; }
tests/jobs/test_bits.sh . build/tests/record_hash "gcc clang" "$@"
for machine in aarch64 riscv64; do
    tests/jobs/test_machine.sh $machine . build/tests/record_hash --all || (($? == 77))
done
