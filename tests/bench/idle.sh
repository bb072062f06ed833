#!/usr/bin/env bash
# What waiting costs: the share of a core that each thread of each rank uses while one rank trains one long job and the
# others have nothing to do. The first thread of a rank looks after messages, the second trains.
# Usage: tests/bench/idle.sh [PICKY [RANKS [SECONDS]]]      (build/picky 3 10)
set -euo pipefail
picky=$(realpath "${1:-build/picky}") ranks=${2:-3} seconds=${3:-10}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
launcher=
cleanup() {
    [[ -z $launcher ]] || kill "$launcher" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
cat >long.cfg <<'END'
replicates = 1; model = { hidden_size = 100; hidden_layers = 4; epochs = 100000; max_attempts = 1; };
END
(exec mpirun -n "$ranks" --oversubscribe --bind-to none "$picky" run long.cfg -o long.h5) 2>log &
launcher=$!
for _ in {1..200}; do
    grep -q 'job to do' log && break
    sleep 0.1
done
sleep 2 # past the start
ticks() { # a line for each thread: pid, thread, ticks of 1/CLK_TCK s
    local pid task fields
    for pid in $(pgrep -P "$launcher" -x picky); do
        for task in /proc/"$pid"/task/*; do
            read -ra fields < <(sed 's/.*) //' "$task/stat")
            echo "$pid ${task##*/} $((fields[11] + fields[12]))"
        done
    done
}
ticks >before
sleep "$seconds"
ticks >after
kill -0 "$launcher" 2>/dev/null || { echo "it has ended too early:" && cat log && exit 1; }
join -j 2 -o 1.1,1.2,1.3,2.3 <(sort -k2,2 before) <(sort -k2,2 after) |
    awk -v hz="$(getconf CLK_TCK)" -v s="$seconds" '{
        name = $1 == $2 ? "messages" : "other"
        printf "rank with pid %d, thread %d (%s): %.1f %% of a core\n", $1, $2, name, 100 * ($4 - $3) / hz / s }'
