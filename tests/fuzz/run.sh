#!/usr/bin/env bash
# Fuzzes the parsers with libFuzzer under ASan and UBSan: the sweep parser, the readers of results files, the messages,
# the command line and formulas. Needs clang with its runtime (Debian: clang, libclang-rt-dev).
# Usage: tests/fuzz/run.sh [SECONDS [TARGET...]]     600 seconds for each target by default
# New inputs are kept in build-fuzz/corpus; what crashes is left in build-fuzz/found and belongs into tests/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-600}
shift || true
targets=("$@")
((${#targets[@]})) || targets=(sweep results wire arguments formula)

flags="-g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"
cmake -S . -B build-fuzz -D CMAKE_C_COMPILER=clang -D CMAKE_BUILD_TYPE=Debug -D CMAKE_C_FLAGS="$flags" \
    -D PICKY_FUZZ=ON -D BUILD_TESTING=ON >build-fuzz.log
# shellcheck disable=SC2046
cmake --build build-fuzz -j "$(nproc)" --target $(printf 'fuzz_%s ' "${targets[@]}") >>build-fuzz.log

export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
# Open MPI and HDF5 keep some memory to the end.
export LSAN_OPTIONS=suppressions=$PWD/tests/fuzz/leaks.txt
mkdir -p build-fuzz/found
# In memory, so that syncing costs nothing.
[[ -w /dev/shm ]] && TMPDIR=$(mktemp -d /dev/shm/picky_fuzz.XXXXXX) && export TMPDIR && trap 'rm -rf "$TMPDIR"' EXIT
failed=()
for target in "${targets[@]}"; do
    corpus=build-fuzz/corpus/$target
    mkdir -p "$corpus"
    seeds=()
    [[ -d tests/fuzz/corpus/$target ]] && seeds+=("tests/fuzz/corpus/$target")
    [[ $target == sweep ]] && seeds+=(tests/sweep/bad_sweeps sweeps)
    echo "fuzz_$target: $seconds s"
    build-fuzz/tests/fuzz/fuzz_"$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=6000 -close_fd_mask=3 \
        -print_final_stats=1 -max_len=4000 -artifact_prefix=build-fuzz/found/"$target"- \
        "$corpus" "${seeds[@]}" 2>build-fuzz/"$target".log || failed+=("$target")
    grep -E 'stat::number_of_executed_units|DONE|SUMMARY|ERROR' build-fuzz/"$target".log || true
done
if ((${#failed[@]})); then
    echo "Findings in: ${failed[*]} (build-fuzz/TARGET.log, build-fuzz/found)"
    exit 1
fi
echo "No findings."
