#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests. Arguments go to ctest: ./test.sh -L kernels, ./test.sh -R sweep
set -euo pipefail
cd "$(dirname "$0")"
./setup.sh test
cd build
# More at a time than there are processors: many tests wait for clocks, signals and launchers.
exec ctest --output-on-failure --no-tests=error -j "$((2 * $(nproc) + 2))" "$@"
