#!/usr/bin/env bash
# From nothing to the notebook's four conditions: installs what is missing, builds, trains 110 models with MPI on all cores,
# prints a table, draws the training curves, the histograms of relative importance and the notebook's claims, and writes a report.
set -euo pipefail
cd "$(dirname "$0")"
./setup.sh

# Open MPI refuses to run as root, as containers do, unless told twice.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
out=demo-results
mkdir -p "$out"
rm -f "$out/seed.h5"
ranks=$(nproc)
# A container may get the time of fewer.
read -r time period <<<"$(cat /sys/fs/cgroup/cpu.max 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.cfs_{quota,period}_us 2>/dev/null | xargs)"
if [[ $time =~ ^[1-9][0-9]*$ ]] && ((time / period < ranks)); then
    ranks=$((time < period ? 1 : time / period))
fi
mpirun -n "$ranks" --bind-to none build/picky run sweeps/seed.cfg -o "$out/seed.h5"
echo
conditions=(--where "second_task=prod,add1.5") # without the identical tasks that claims are held against
build/picky-analyse summary "$out/seed.h5" "${conditions[@]}"
build/picky-analyse plot training "$out/seed.h5" "${conditions[@]}" -o "$out/training.svg"
build/picky-analyse plot ri "$out/seed.h5" "${conditions[@]}" -o "$out/relative-importance.svg"
build/picky-analyse plot claims "$out/seed.h5" -o "$out/claims.svg"
build/picky-analyse report "$out/seed.h5" -o "$out/report.html"
cat <<END

Results:              $out/seed.h5
Training curves:      $out/training.svg
Relative importance:  $out/relative-importance.svg
Claims:               $out/claims.svg
Report:               $out/report.html

Open the report in any browser (it needs no network), for instance with
    xdg-open $PWD/$out/report.html
or copy that one file to where a browser is.

And with your own tasks? Three lines are a sweep (README.md, "Your own tasks", says what formulas may hold):
    echo 'replicates = 10; grid = { context_location = ["start", "end"]; };
    model = { tasks = "sin(3 * x0); x0 * x1"; standardise = "variance"; output_activation = "linear"; error_threshold = 0.1; };' >own.cfg
    build/picky run own.cfg -o own.h5 && build/picky-analyse plot ri own.h5 -o own.svg
END
