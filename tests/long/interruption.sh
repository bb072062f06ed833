#!/usr/bin/env bash
# How soon the program ends: SIGTERM and the time limit with large models, batches and test sets, on each instruction set. Needs
# 10 GB of memory and two minutes. Prints the seconds from the signal, or beyond the limit, to the end.
# Usage: interruption.sh PICKY
set -euo pipefail
picky=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
echo 'replicates = 20;' >sweep.cfg
failed=0

# check WHAT SECONDS ALLOWED CODE EXPECTED_CODE
check() {
    echo "$1: $2 s"
    if [[ $4 != "$5" ]] || awk -v s="$2" -v most="$3" 'BEGIN { exit !(s > most) }'; then
        echo "FAILED: $1: exit code $4, $2 s, allowed $3 s"
        cat log
        failed=1
    fi
}
settings() { # KEY=VALUE...
    printf -- '--set\n%s\n' "$@"
}
# terminate AFTER KEY=VALUE...: SIGTERM after so many seconds
terminate() {
    local after=$1 code=0 pid sent options
    shift
    mapfile -t options < <(settings "$@")
    rm -f out.h5
    "$picky" run sweep.cfg -o out.h5 "${options[@]}" >log 2>&1 &
    pid=$!
    sleep "$after"
    sent=$(date +%s.%N)
    kill -TERM "$pid"
    wait "$pid" || code=$?
    check "${PICKY_SIMD-} SIGTERM, $*" "$(echo "$(date +%s.%N) - $sent" | bc)" 1.5 "$code" 75
}
# limit SECONDS KEY=VALUE...: --time-limit, too short for one job
limit() {
    local limit=$1 code=0 start options
    shift
    mapfile -t options < <(settings "$@")
    rm -f out.h5
    start=$(date +%s.%N)
    "$picky" run sweep.cfg -o out.h5 --time-limit "$limit" "${options[@]}" >log 2>&1 || code=$?
    check "${PICKY_SIMD-} --time-limit $limit, $*" "$(echo "$(date +%s.%N) - $start - $limit" | bc)" 1 "$code" 5
}

limit 3 hidden_size=4096
for PICKY_SIMD in "" portable; do
    export PICKY_SIMD
    terminate 4 hidden_size=2000
    terminate 2 hidden_size=2000 # memory is being cleared, or models are screened
    terminate 4 hidden_size=64 N_train=10000000 batch_size=100000
    terminate 4 hidden_size=64 N_test=1000000
    terminate 4 hidden_size=200 hidden_layers=32
    terminate 6 hidden_size=500 hidden_layers=8 epochs=1 N_train=20 # measures
    limit 3 hidden_size=2000 optimizer=sgd
done
exit "$failed"
