#!/usr/bin/env bash
# The test analysis_output with the program itself run on every pair of commands (the output of the one in the way of the
# other) and on everything that it knows to be in the way, also with --force; the quick one asks the function that decides,
# and runs the program on one thing of each kind. Takes a minute.
# Usage: tests/long/every_output.sh [UNITTEST ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/../.."
PICKY_TEST_EVERY=1 exec /usr/bin/python3 tests/analysis/drawing/check_output.py build/picky-analyse build/picky \
  build/tests/analysis/output_table "$@"
