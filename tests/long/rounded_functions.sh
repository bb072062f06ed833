#!/usr/bin/env bash
# The correctly rounded functions at all floats, against libm's functions of long double and MPFR, and 10 million random
# arguments against MPFR (rounded_functions.c says how). rounded_functions.txt keeps what the full run gave. Takes about 45
# minutes of CPU time; a sample, by a stride of 256, less than one.
# On Debian 13, in the root that tests/debian13.sh FOLDER leaves: chroot FOLDER /picky/tests/long/rounded_functions.sh
# Usage: tests/long/rounded_functions.sh [STRIDE]     default: 1, all floats
set -euo pipefail
tree=$(realpath "$(dirname "$0")/../..")
stride=${1:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"${CC:-cc}" -std=gnu11 -O2 -ffp-contract=off -fno-math-errno -Wall -Wextra -I "$tree/src/base" -I "$tree/src/model" \
    "$tree/tests/long/rounded_functions.c" "$tree/src/model/rounded_functions.c" -o "$work/rounded_functions" -lmpfr -lm

# A process for each processor, each with its share of the floats: PART FIRST, STRIDE.
parts=$(nproc)
echo "Debian $(cat /etc/debian_version), $(uname -m), $(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'), stride $stride, $parts parts"
failed=0
pids=()
for ((part = 0; part < parts; part++)); do
    "$work/rounded_functions" $((stride * parts)) $((stride * part)) >"$work/part$part" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || failed=1
done
cat "$work"/part*
echo "random arguments:"
"$work/rounded_functions" random 10000000 15 || failed=1
((failed == 0)) && echo "All are correctly rounded." || echo "Some are wrong, or libm's error is too large."
exit "$failed"
