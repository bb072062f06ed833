#!/usr/bin/env bash
# The test analysis_output with every pair of commands (the output of the one in the way of the other) and with --force over
# everything that it knows to be in the way, of which the quick one takes some of each kind. Takes a minute.
# Usage: tests/long/every_output.sh [UNITTEST ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/../.."
PICKY_TEST_EVERY=1 exec /usr/bin/python3 tests/analysis/drawing/check_output.py build/picky-analyse build/picky . "$@"
