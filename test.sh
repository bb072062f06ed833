#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests. Arguments go to ctest: ./test.sh -L kernels, ./test.sh -R sweep
set -euo pipefail
cd "$(dirname "$0")"
./setup.sh test
cd build
# One more at a time than there are processors: some tests wait for clocks and signals.
exec ctest --output-on-failure --no-tests=error -j "$(($(nproc) + 1))" "$@"
