#!/usr/bin/env bash
# The whole test suite under AddressSanitizer and UndefinedBehaviorSanitizer (gcc), then the core's tests under valgrind.
# Takes an hour on two cores. Needs what ./setup.sh test installs, and valgrind.
# Usage: tests/long/sanitizers.sh [CTEST ARGUMENT...]     e.g. -L unit
set -euo pipefail
cd "$(dirname "$0")/../.."

# -O2, for the kernels: without it they are too slow for the tests' time limits.
flags="-g -O2 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"
cmake -S . -B build-asan -D CMAKE_BUILD_TYPE=None -D CMAKE_C_FLAGS="$flags" -D BUILD_TESTING=ON >build-asan.log
cmake --build build-asan -j "$(nproc)" >>build-asan.log
# A failing malloc is NULL, as without the sanitizer. Leaks are looked for in the unit tests: LeakSanitizer itself crashes
# in a process that has started Open MPI. Some tests preload a library (tests/program/io_shim.c), before the sanitizer's.
options=allocator_may_return_null=1:verify_asan_link_order=0
export ASAN_OPTIONS=$options:detect_leaks=0
cd build-asan
ctest --output-on-failure --no-tests=error --timeout 1800 -j "$(nproc)" "$@"
ASAN_OPTIONS=$options:detect_leaks=1 LSAN_OPTIONS=suppressions=../tests/fuzz/leaks.txt:print_suppressions=0 \
    ctest --output-on-failure --no-tests=error --timeout 1800 -j "$(nproc)" -L '^(unit|fuzz)$'
cd ..

# valgrind knows no AVX-512, and 3.19 gives a zero that vfnmadd makes the wrong sign: test_job's tests of bits fail there,
# and leave their memory. So of test_job only valgrind's own findings count (exit code 9), but for leaks: see above.
export PICKY_SIMD=avx2
cmake -S . -B build-valgrind -D CMAKE_BUILD_TYPE=RelWithDebInfo -D BUILD_TESTING=ON -D PICKY_CORE_ONLY=ON >build-valgrind.log
cmake --build build-valgrind -j "$(nproc)" >>build-valgrind.log
failed=()
for test in hyperparameters rng tasks formula task_list task_check stop kernels reference job; do
    echo "valgrind test_$test"
    code=0 leaks=full
    [[ $test != job ]] || leaks=no
    valgrind -q --error-exitcode=9 --leak-check=$leaks --errors-for-leak-kinds=definite,indirect \
        build-valgrind/tests/test_$test >build-valgrind/"$test".log 2>&1 || code=$?
    ((code == 0)) || [[ $test == job && $code -le 4 ]] || failed+=("$test")
done
if ((${#failed[@]})); then
    echo "Findings of valgrind in: ${failed[*]} (build-valgrind/TEST.log)"
    exit 1
fi
echo "No findings."
