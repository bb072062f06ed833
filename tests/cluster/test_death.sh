#!/usr/bin/env bash
# Workers that are killed. Usage: test_death.sh PICKY SOURCE_DIR               MPI ends the run; --resume completes it
#                                 test_death.sh PICKY SOURCE_DIR MPI_SWEEP ULFM   MPI survives (ULFM = 1), and so does the run
set -euo pipefail
picky=$1 tests=$2/tests mpi_sweep=${3:-} ulfm=${4:-}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_tcp_if_include=lo
RANDOM=${PICKY_TEST_SEED:=$RANDOM}
echo "PICKY_TEST_SEED=$PICKY_TEST_SEED"
options=(--oversubscribe --bind-to none)
if [[ -n $mpi_sweep ]]; then
    options+=(--with-ft ulfm)
    if [[ $ulfm != 1 ]] || ! mpirun "${options[@]}" -n 1 true >/dev/null 2>&1; then
        echo "skipped: this MPI library has no User-Level Failure Mitigation: $(mpirun --version 2>&1 | head -1)"
        exit 77
    fi
fi
work=$(mktemp -d)
launcher=
cleanup() {
    [[ -z $launcher ]] || kill -9 "$launcher" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

fail() {
    echo "FAILED: $*"
    [[ ! -e log ]] || cat log
    exit 1
}
cat >sweep.cfg <<'END'
replicates = 400; seed = 3;
model = { epochs = 8; N_train = 200; N_test = 21; max_attempts = 3; };
grid = { hidden_size = [20, 50]; context_location = ("start", "end"); };
END
# Few jobs of many attempts: nearly all the time some wait that move from rank to rank.
cat >moving.cfg <<'END'
replicates = 6; seed = 3;
model = { N_train = 20000; N_test = 21; max_attempts = 25; error_threshold = 0.008; };
grid = { hidden_size = [5, 7, 9]; epochs = [1, 2]; };
END
mpirun "${options[@]}" -n 2 "$picky" run sweep.cfg -o whole.h5 2>log || fail "the whole run"
"$picky" run moving.cfg -o moved.h5 2>log || fail "the run on one rank"

compare() { # [--done] FILE
    /usr/bin/python3 "$tests/compare_results.py" "$@" >out 2>&1 || fail "the file: $(cat out)"
}
# start FILE [SWEEP RANKS]: runs the sweep; jobs are in the file when this returns, and pids[RANK] are set
start() {
    local last=$((SECONDS + 30)) pid rank sweep=${2:-sweep.cfg} ranks=${3:-4}
    rm -f "$1"
    (exec mpirun "${options[@]}" -n "$ranks" "$picky" run "$sweep" -o "$1") >log 2>&1 &
    launcher=$! pids=()
    until [[ $("$picky" status "$1" 2>/dev/null | awk '$1 == "done" { print $2 }') -gt 0 ]]; do
        ((SECONDS < last)) || fail "no jobs are done"
        sleep 0.02
    done
    for pid in $(pgrep -P "$launcher" -x picky); do
        rank=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^OMPI_COMM_WORLD_RANK=//p')
        pids[rank]=$pid
    done
    [[ ${#pids[@]} == "$ranks" ]] || fail "not the pids of $ranks ranks: ${pids[*]}"
}
# finish: sets code to mpirun's exit code
finish() {
    local last=$((SECONDS + 120))
    while kill -0 "$launcher" 2>/dev/null; do
        ((SECONDS < last)) || fail "it does not end"
        sleep 0.05
    done
    code=0
    wait "$launcher" || code=$?
    launcher=
}
resume() { # FILE [SWEEP WHOLE]: what is in it is right, and --resume completes it
    local sweep=${2:-sweep.cfg} whole=${3:-whole.h5}
    compare --done "$1" "$whole"
    timeout 60 mpirun "${options[@]}" -n 2 "$picky" run "$sweep" -o "$1" --resume 2>log || fail "resuming"
    compare "$whole" "$1"
}

if [[ -z $mpi_sweep ]]; then
    start killed.h5
    kill -9 "${pids[2]}"
    finish
    [[ $code != 0 ]] || fail "mpirun's exit code is 0"
    grep -qE '^picky: stopping: SIGTERM on rank .*--resume goes on$' log || fail "no word of --resume"
    resume killed.h5
    for ((tries = 1; ; tries++)); do # a run may be over before it is hit
        start killed.h5 moving.cfg 3
        sleep "$((RANDOM % 200))e-3"
        kill -9 "${pids[RANDOM % 3]}" 2>/dev/null && break
        finish
        ((tries < 5)) || fail "no run lasted until it was hit"
    done
    finish
    resume killed.h5 moving.cfg moved.h5
    # MPI that fails is named, and all ranks end.
    said=('^rank [12] on here: MPI fails sending: MPI_ERR_OTHER' '^picky: rank 2 on .*: MPI fails sending: MPI_ERR_OTHER.*--resume$')
    for scenario in sending_fails sending_fails_on_a_worker; do
        code=0
        timeout 30 mpirun "${options[@]}" -n 3 "$(dirname "$picky")/tests/mpi_sweep" $scenario >log 2>&1 || code=$?
        [[ $code == 3 ]] || fail "$scenario: exit code $code, not 3"
        grep -qE "${said[0]}" log || fail "$scenario: no word of what failed"
        said=("${said[@]:1}")
    done
    exit
fi

play() { # RANKS SCENARIO
    local code=0 begin=$EPOCHREALTIME
    timeout 60 mpirun "${options[@]}" -n "$1" "$mpi_sweep" "$2" >log 2>&1 || code=$?
    [[ $code == 0 ]] || fail "$2: exit code $code"
    echo "$2: $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000)) ms"
}
play 6 two_kill_always
for scenario in kills_once kills_always killed_in_a_pack two_killed_at_once all_workers_killed killed_at_the_start \
    killed_at_the_end killed_when_winding_up killed_when_jobs_move kills_when_moved coordinator_killed; do
    play 4 $scenario
done

# The program, its workers killed one after the other while there is still work for all.
for round in 1 2 3 4 5 6; do
    start killed.h5
    victims=(1 2 3)
    for ((n = 0; n < 1 + round % 3; n++)); do
        sleep "$((RANDOM % 100))e-3"
        kill -9 "${pids[victims[n]]}"
    done
    finish
    [[ $code == 0 ]] || fail "$n workers killed: exit code $code"
    [[ $(grep -c '^picky: rank [123] on .* died' log) == "$n" ]] || fail "not $n deaths named"
    compare whole.h5 killed.h5
    echo "$n workers killed: $(grep -c singly log) held jobs"
done

# One while jobs move: what it holds is gone on with by others.
for round in 1 2 3; do
    start killed.h5 moving.cfg 3
    sleep "$((RANDOM % 300))e-3"
    kill -9 "${pids[1 + round % 2]}"
    finish
    [[ $code == 0 ]] || fail "a worker killed while jobs move: exit code $code"
    grep -q '^picky: rank [12] on .* died' log || fail "no death named"
    compare moved.h5 killed.h5
    echo "while jobs move: $(grep -o 'died.*' log)"
done

# The coordinator: the others end too.
start killed.h5
kill -9 "${pids[0]}"
finish
[[ $code != 0 ]] || fail "the coordinator killed: exit code 0"
[[ $(grep -c '^picky: rank 0, which writes the results, has died: .*--resume$' log) == 1 ]] || fail "not said once"
resume killed.h5
