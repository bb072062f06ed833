#!/usr/bin/env bash
# A thousand kills of runs, and a thousand more while the file is made: tests/program/kills.py, which ctest runs with a few dozen.
# About a quarter of an hour on an idle machine of two cores. Prints the counts; exit code 0 if all is well.
# Usage: thousand_kills.sh PICKY SLOW_SHIM.so [SEED]
set -euo pipefail
exec /usr/bin/python3 -B "$(dirname "$0")/../program/kills.py" "$1" "$2" --kills 1000 --creations 1000 ${3:+--seed "$3"}
