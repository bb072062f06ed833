#!/usr/bin/env bash
# Sweeps stopped in good order, by every signal and by the time limit: exit code 75, and a file in which every slot that
# is marked done has the bits of an uninterrupted run, and none that was said to be done is missing.
# Usage: test_stop.sh PICKY SOURCE_DIR SLOW_SHIM.so
set -euo pipefail
picky=$(realpath "$1") tests=$(realpath "$2")/tests
slow=(env LD_PRELOAD="$(realpath "$3")" "$picky")
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
n=0
open_mpi=$(mpirun --version 2>&1 | sed -nE 's/^.*\(Open MPI\) ([0-9]+)\..*/\1/p;T;q')

fail() {
    echo "FAILED: $*"
    cat log
    exit 1
}
# A thousand jobs and more a second (slowed down, a hundred), for minutes: and the first of them, of which the reference is made.
cat >long.cfg <<'EOF'
replicates = 200000; seed = 5;
model = { hidden_size = 4; hidden_layers = 2; N_train = 200; epochs = 20; max_attempts = 2; };
grid = { context_location = ("start", "end"); };
EOF
# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
    local end=$(($(date +%s) + $1))
    shift
    until "$@"; do
        (($(date +%s) < end)) || fail "no: $*"
        sleep 0.1
    done
}
is_running() { # FILE N: at least so many jobs are in the file
    "$picky" status "$1" 2>/dev/null | awk -v least="$2" '$1 == "done" { found = $2 >= least } END { exit !found }'
}
# The jobs that the message counts are in the file, with the right bits (all files are compared at the end); the message names
# the command.
check_file() { # file, command
    local said
    said=$(sed -nE 's/^picky: stopped early: ([0-9]+) of 400000 jobs done; go on with:$/\1/p' log)
    [[ -n $said ]] || fail "$1: no word about how far it came"
    sed -nE '/; go on with:$/{n;s/^  (mpirun .* )?\S*(picky run )/\2/p}' log | grep -qxF "$2" || fail "$1: not the command: $2"
    echo "$PWD/$1:$said" >>"$work/files"
    n=$((n + 1))
}
# stop SIGNAL TARGET RANKS CODE [ATTEMPT]: starts a sweep, sends the signal to the launcher or to a rank when jobs have been done
stop() {
    local signal=$1 target=$2 ranks=$3 expected=$4 file=$1-$2-$3.h5 code=0 pid launcher
    local command=("${slow[@]}" run long.cfg -o "$file" --set "name=it's long")
    ((ranks == 1)) || command=(mpirun -n "$ranks" --oversubscribe --bind-to none "${command[@]}")
    rm -f pid.*
    # Every rank leaves its process id.
    # shellcheck disable=SC2016
    ((ranks == 1)) || command=("${command[@]:0:6}" sh -c 'echo $$ >pid.tmp.$OMPI_COMM_WORLD_RANK
        mv pid.tmp.$OMPI_COMM_WORLD_RANK pid.$OMPI_COMM_WORLD_RANK; exec "$@"' sh "${command[@]:6}")
    timeout --foreground 120 "${command[@]}" >log 2>&1 &
    launcher=$!
    wait_for 60 is_running "$file" 100
    if [[ $target == launcher ]]; then
        pid=$(pgrep -P "$launcher") # below timeout
    else
        pid=$(cat "pid.$target")
    fi
    kill -"$signal" "$pid"
    wait "$launcher" || code=$?
    [[ $code == "$expected" ]] || fail "$file: exit code $code, not $expected"
    if [[ $target == launcher && $ranks != 1 && $signal != USR? ]] && ((open_mpi >= 5)); then
        # It leaves a quarter of a second and passes on nothing of what is said in it.
        echo "$PWD/$file:" >>"$work/files"
        return
    fi
    if [[ $target == launcher && $ranks != 1 && $signal != USR? && ${5:-1} -lt 4 ]] && ! grep -q '^picky: stopped early' log; then
        # It leaves a second, which a busy machine may need for other things. The file is right, and it is tried again.
        mv "$file" "again-${5:-1}-$file"
        echo "$PWD/again-${5:-1}-$file:" >>"$work/files"
        stop "$1" "$2" "$3" "$4" $((${5:-1} + 1))
        return
    fi
    grep -q "^picky: stopping: SIG" log || fail "$file: no word of the signal"
    check_file "$file" "picky run long.cfg -o $file --set 'name=it'\\''s long' --resume"
}

timeout 100 mpirun -n 2 --oversubscribe --bind-to none "$picky" run long.cfg -o reference.h5 --set replicates=500 \
    2>log || fail "the reference"
timeout 100 "$picky" run long.cfg -o other.h5 --set replicates=100 --set seed=6 2>log || fail "other seeds"
# Each signal in a directory of its own, all at once: a launcher takes seconds to end. mpirun passes warnings on; after TERM
# and INT it ends the ranks itself, a second later, and has an exit code of its own.
children=()
for signal in TERM INT USR1 USR2; do
    mkdir $signal
    (
        cd $signal
        ln -s ../long.cfg ../reference.h5 .
        stop $signal launcher 1 75
        stop $signal 0 3 75
        stop $signal 2 3 75
        if [[ $signal == USR? ]]; then stop $signal launcher 3 75; else stop $signal launcher 3 1; fi
    ) &
    children+=($!)
done
for child in "${children[@]}"; do
    wait "$child" || failed=1
    n=$((n + 4))
done
((!${failed:-0})) || exit 1
if /usr/bin/python3 "$tests/compare_done.py" other.h5 TERM/TERM-0-3.h5 >/dev/null; then
    fail "other seeds gave the same bits: the comparison proves nothing"
fi

# ---- the time limit ----
# limit LEAST MOST COMMAND...: it exits by 75 after at least and at most so many seconds
limit() {
    local least=$1 most=$2 code=0 start took
    shift 2
    start=$(date +%s%N)
    timeout 60 "$@" 2>log || code=$?
    took=$((($(date +%s%N) - start) / 1000000))
    [[ $code == 75 ]] || fail "$*: exit code $code, not 75"
    ((took >= least && took <= most)) || fail "$*: took $took ms"
    grep -q '^picky: stopping: the time left is too short to go on$' log || fail "$*: no word of the time"
}
limit 1000 3000 "${slow[@]}" run long.cfg -o limit1.h5 --time-limit 2
check_file limit1.h5 "picky run long.cfg -o limit1.h5 --time-limit 2 --resume"
limit 1000 7000 mpirun -n 3 --oversubscribe --bind-to none "${slow[@]}" run long.cfg --time-limit=2s -o limit3.h5
check_file limit3.h5 "picky run long.cfg -o limit3.h5 --time-limit 2s --resume"
limit 500 3000 env SLURM_JOB_END_TIME=$(($(date +%s) + 2)) "${slow[@]}" run long.cfg -o limit4.h5
check_file limit4.h5 "picky run long.cfg -o limit4.h5 --resume"
# Long enough: nothing is said and nothing left.
timeout 60 "$picky" run long.cfg -o whole.h5 --set replicates=20 --time-limit 00:00:50 2>log || fail "exit code $?, not 0"
grep -q stop log && fail "stopped within its time"
echo whole.h5:40 >>files

# ---- in the midst of a pack that takes minutes ----
heavy=(--set hidden_size=100 --set hidden_layers=4 --set epochs=100000 --set replicates=16)
start_heavy() {
    "${slow[@]}" run long.cfg -o heavy.h5 "${heavy[@]}" >log 2>&1 &
    launcher=$!
    wait_for 20 grep -q 'jobs to do' log
    sleep 0.5
}
# wait_end CODE MOST: the sweep ends by this code within so many milliseconds
wait_end() {
    local code=0 start took
    start=$(date +%s%N)
    wait "$launcher" || code=$?
    took=$((($(date +%s%N) - start) / 1000000))
    [[ $code == "$1" ]] || fail "heavy.h5: exit code $code, not $1"
    ((took <= $2)) || fail "heavy.h5: took $took ms to end"
    mv heavy.h5 "heavy-$n.h5"
    echo "heavy-$n.h5:0" >>files
    n=$((n + 1))
}
start_heavy
kill -TERM "$launcher"
wait_end 75 1500
grep -q '^picky: stopped early: 0 of 32 jobs done; go on with:$' log || fail "nothing done, and not said"
start_heavy
kill -CONT "$launcher" # harmless
kill -INT "$launcher"
sleep 0.1
kill -INT "$launcher" # at once, then, as if killed
wait_end 130 1000
grep -q 'stopped early' log && fail "the second SIGINT was taken for the first"
code=0
timeout 60 "${slow[@]}" run long.cfg -o heavy2.h5 "${heavy[@]}" --time-limit 4 2>log || code=$?
[[ $code == 5 ]] || fail "heavy2.h5: exit code $code, not 5"
grep -q '^picky: stopped early: 0 of 32 jobs done, none of them in this run: one job needs longer than the whole time' log ||
    fail "a pack longer than the time limit"
mapfile -t files <files
/usr/bin/python3 "$tests/compare_done.py" reference.h5 "${files[@]}" || fail "the files"
echo "$n sweeps stopped"
