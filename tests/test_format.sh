#!/usr/bin/env bash
# The C sources are as clang-format 14 lays them out (other versions differ in details: skipped).
# Usage: test_format.sh SOURCE_DIR
set -euo pipefail
cd "$1"
command -v clang-format >/dev/null && clang-format --version | grep -q 'version 14\.' || {
    echo "skipped: no clang-format 14 here"
    exit 77
}
find src analysis tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
