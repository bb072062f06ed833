#!/usr/bin/env bash
# The C sources are as clang-format 14 lays them out (other versions differ in details: skipped).
# Usage: test_format.sh SOURCE_DIR
set -euo pipefail
cd "$1"
if ! clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
    echo "skipped: no clang-format 14 here"
    exit 77
fi
find src analysis tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
