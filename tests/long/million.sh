#!/usr/bin/env bash
# A sweep of a million configurations over eight formulas of about 250 bytes, in four orders: how long it takes to its first job,
# how much memory the coordinator has by then, and what the file's tables take. Fails above 10 s of CPU time or 500 MB.
# Usage: tests/long/million.sh [PICKY]
set -euo pipefail
picky=$(realpath "${1:-$(dirname "$0")/../../build/picky}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
awk 'BEGIN {
    for (i = 0; i < 8; i++) {
        f[i] = "x0"
        for (k = 1; length(f[i]) < 240; k++)
            f[i] = f[i] sprintf(" + %d.%02d * x1", k, i)
    }
    printf "model = { hidden_size = 2; hidden_layers = 1; output_activation = \"linear\"; N_train = 16; batch_size = 2;"
    printf " N_test = 1; epochs = 1; max_attempts = 1; };\nstore = [];\ngrid = { tasks = ("
    for (j = 0; j < 4; j++) {
        printf "%s[", j ? ", " : ""
        for (i = 0; i < 8; i++)
            printf "%s\"%s\"", i ? ", " : "", f[(i + j) % 8]
        printf "]"
    }
    printf ");\n lr = { range = { from = 0.001; to = 0.5; steps = 500; }; };\n"
    printf " error_threshold = { range = { from = 0.001; to = 0.5; steps = 500; }; }; };\n"
}' >million.cfg

"$picky" run million.cfg -o million.h5 2>log &
pid=$!
until grep -q 'jobs to do' log; do
    kill -0 $pid 2>/dev/null || { cat log; exit 1; }
    sleep 0.1
done
ticks=$(awk '{ sub(/.*\) /, ""); print $12 + $13 }' /proc/$pid/stat)
memory=$(awk '/VmHWM/ { print $2 }' /proc/$pid/status)
kill -TERM $pid
wait $pid || true
job=$("$picky" plan million.cfg 2>/dev/null | sed -n 's/^results file .*(\([0-9]*\) bytes a job)/\1/p')
tables=$(($(stat -c %s million.h5) - 1000000 * job))
seconds=$((ticks * 100 / $(getconf CLK_TCK)))
printf 'to the first job %d.%02d s of CPU time, %d MB; tables of the file %d MB\n' $((seconds / 100)) $((seconds % 100)) \
    $((memory / 1000)) $((tables / 1000000))
((seconds < 1000 && memory < 500000 && tables < 500000000))
