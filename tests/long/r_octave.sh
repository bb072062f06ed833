#!/usr/bin/env bash
# Runs the lines for R (with each of its three packages) and for Octave of docs/reading.md on sweeps of varying sizes and
# depths, and compares the shares of selective neurons with picky-analyse's, statuses and seeds with h5dump's. Installs what is missing, with apt-get:
# 280 MB. Takes a minute.
# Usage: tests/long/r_octave.sh [BUILD_DIR]     default: build
set -euo pipefail
tree=$(realpath "$(dirname "$0")/../..")
build=$(realpath "${1:-$tree/build}")
packages=(r-base-core r-cran-ncdf4 r-bioc-rhdf5 r-cran-hdf5r octave hdf5-tools python3)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
    sudo=()
    ((EUID == 0)) || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export PATH=$build:$PATH

# Prints a document's blocks of one kind that hold a text: block KIND TEXT
block() {
    awk -v kind="\`\`\`$1" -v text="$2" '
        $0 == "```" && is_in { is_in = 0; if (index(lines, text)) { printf "%s", lines; n++ } }
        is_in { lines = lines $0 "\n" }
        $0 == kind { is_in = 1; lines = "" }
        END { exit n != 1 }' "$tree/docs/reading.md" || { echo "docs/reading.md: not one $1 block with \"$2\"" >&2; exit 1; }
}

# Shares as lines "config layer share" (from 0 and 1), those that are numbers: what picky-analyse says, and a table of
# R's or Octave's (NA, NaN).
expect() {
    picky-analyse summary seed.h5 --csv | python3 -c '
import csv, sys
for row in csv.DictReader(sys.stdin):
    if row["selective"]:
        print(row["first_configuration"], row["layer"], "%.5f" % float(row["selective"]))'
}
flat() {
    awk '{ for (l = 1; l <= NF; l++) if ($l !~ /^N/) printf "%d %d %.5f\n", NR - 1, l, $l }' "$1"
}
compare() {
    diff <(expect) - && return
    echo "$1 differs from picky-analyse (left)" >&2
    exit 1
}

# A dataset's numbers, one a line, in the file's order.
numbers() {
    h5dump -A 0 -y -w 1 -d "/$1" seed.h5 | sed -n '/DATA {/,/}/s/^ *\([0-9]*\),\? *$/\1/p' | grep .
}

check() { # FILE: everything on this results file
    ln -sf "$1" seed.h5
    picky-analyse export seed.h5 --each neuron --measure taylor_sample -o neurons.csv
    paste -d ' ' <(numbers status) <(numbers seed) >slots_expected
    for package in ncdf4 rhdf5 hdf5r; do
        { block r "library($package)"; block r 'seq_len(depth[c])'
          # shellcheck disable=SC2016  # R's dollars
          printf '%s\n' 'cat(sprintf("%d %.0f\n", status, seed), file = "slots", sep = "")
                write.table(selective, "out", row.names = FALSE, col.names = FALSE)
                csv <- aggregate(!is.na(taylor_sample_ri_1_2) & abs(taylor_sample_ri_1_2) > 0.9 ~ config + layer, neurons, mean)
                csv <- csv[order(csv$config, csv$layer), ]
                cat(sprintf("%d %d %.5f\n", csv[[1]], csv[[2]], csv[[3]]), file = "csv", sep = "")'; } >lines.R
        Rscript lines.R >log 2>&1 || { cat log; exit 1; }
        flat out | compare "$1: R with $package"
        diff slots_expected slots || { echo "$1: R with $package: status and seed" >&2; exit 1; }
        compare "$1: R with read.csv" <csv
    done
    { block octave 'load("-hdf5"'
      printf '%s\n' 'dlmwrite("out", selective, "delimiter", " ", "precision", 17)' 'o = fopen("slots", "w");' \
          'fprintf(o, "%d %d\n", [double(f.status(:)), double(f.seed(:))]'"'"');' 'fclose(o);'; } >lines.m
    octave-cli lines.m >log 2>&1 || { cat log; exit 1; }
    flat out | compare "$1: Octave"
    diff slots_expected slots || { echo "$1: Octave: status and seed" >&2; exit 1; }
    echo "$1: $(expect | wc -l) shares, R and Octave as picky-analyse"
}

cp "$tree/tests/analysis/file/sizes.cfg" .
cat >one.cfg <<<'replicates = 1; model = { hidden_layers = 1; hidden_size = 6; error_threshold = 1.0; };'
sed 's/^replicates.*/replicates = 10;/' "$tree/sweeps/notebook.cfg" >notebook.cfg
{ echo 'seed = 9007199254740900;'; cat one.cfg; } >seeds.cfg # they need 53 bits
for name in sizes one notebook seeds; do
    picky run $name.cfg -o $name.h5 2>/dev/null
    check $name.h5
done
picky run sizes.cfg --shard 1/2 -o half.h5 2>/dev/null
check half.h5
