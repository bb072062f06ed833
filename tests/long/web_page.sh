#!/usr/bin/env bash
# The pages of `picky-analyse report` before two checkers: the Nu HTML checker, and axe-core in Chromium at the widths of a
# desktop and of a phone, folded and unfolded. Neither finds anything. They are fetched with npm into FOLDER.
# Usage: tests/long/web_page.sh FOLDER [BUILD]     needs npm and Java (Debian: npm, default-jre-headless) and check_browser.py's
set -euo pipefail
(($# >= 1)) || { sed -n '2,4s/^# //p' "$0"; exit 2; }
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(realpath "${2:-$source/build}")
mkdir -p "$1"
cd "$1"
npm install --silent --no-audit --no-fund axe-core@4 vnu-jar@26
nu=node_modules/vnu-jar/build/dist/vnu.jar
faults=0

echo '<!DOCTYPE html><html lang="en"><title>x</title><pre aria-label="y">z</pre></html>' >wrong.html
if java -jar "$nu" wrong.html 2>/dev/null; then
    echo "The Nu HTML checker does not find a fault that is there"
    faults=1
fi
rm -rf pages
/usr/bin/python3 "$source/tests/analysis/report/check_browser.py" "$build/picky-analyse" "$build/picky" \
    "$source" --keep pages --axe node_modules/axe-core/axe.min.js || faults=1
java -jar "$nu" --also-check-css pages/*.html || faults=1
((faults == 0)) && echo "no faults in $(find pages -name '*.html' | wc -l) pages"
exit "$faults"
