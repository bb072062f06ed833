#!/usr/bin/env bash
# A sweep that is killed, again and again, and resumed: at any moment the file opens and what is done in it is right, and
# the end is the file of a run that was never interrupted. A changed sweep is refused. picky status counts.
# Usage: test_resume.sh PICKY SOURCE_DIR
set -euo pipefail
picky=$1 tests=$2/tests
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
RANDOM=${PICKY_TEST_SEED:=$RANDOM}
echo "PICKY_TEST_SEED=$PICKY_TEST_SEED"
work=$(mktemp -d)
pids=()
cleanup() {
    [[ ${#pids[@]} == 0 ]] || kill -9 "${pids[@]}" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

fail() {
    echo "FAILED: $*"
    [[ ! -e err ]] || cat err
    exit 1
}
# expect CODE COMMAND...: stdout goes to out, stderr to err
expect() {
    local code=0 expected=$1
    shift
    timeout 100 "$@" >out 2>err || code=$?
    [[ $code == "$expected" ]] || fail "$* gave exit code $code, not $expected"
}
said() {
    grep -qE -- "$1" "${2:-err}" || fail "no /$1/"
}
run() { # RANKS ARGUMENTS...: picky run, with mpirun unless RANKS is 0
    if [[ $1 == 0 ]]; then
        exec "$picky" run "${@:2}"
    fi
    exec mpirun -n "$1" --oversubscribe --bind-to none "$picky" run "${@:2}"
}
same() { # FILE: equals the uninterrupted run's
    /usr/bin/python3 "$tests/compare_results.py" whole.h5 "$1" >out 2>&1 || fail "$1 differs: $(cat out)"
}
# Sets n_done from the file, whose done slots must be right.
check_done() {
    /usr/bin/python3 "$tests/compare_results.py" --done "$1" whole.h5 >out 2>&1 || fail "$1: $(cat out)"
    n_done=$(sed -nE 's/.* ([0-9]+) of [0-9]+ slots done$/\1/p' out)
    expect 0 "$picky" status "$1"
    [[ $(awk '$1 == "done" { print $2 }' out) == "$n_done" ]] || fail "picky status counts otherwise: $(cat out)"
}

# Jobs of four shapes, some accepted, some rejected, some diverging; more than a sync's worth of time.
cat >sweep.cfg <<END
name = "to be killed"; replicates = 150; seed = 3;
store = ["weights", "test_set"];
model = { epochs = 8; N_train = 400; N_test = 21; max_attempts = 3; };
cases = (
  { grid = { hidden_size = [20, 50]; context_location = ("start", "end"); }; },
  { train_mode = "replay"; fraction = 0.4; hidden_layers = 2; hidden_size = 8; },
  { optimizer = "sgd"; lr = 10.0; output_activation = "linear"; hidden_size = 6; }
);
END
begin=$EPOCHREALTIME
(run 0 sweep.cfg -o whole.h5) 2>err || fail "whole run"
whole_ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
n_slots=900
echo "a whole run takes $whole_ms ms"

# ---- killed while the file is made: no file, or a whole one with nothing done ----
n_unmade=0 n_made=0 made_ms=300 # aims at the moment when the file appears
for round in {1..16}; do
    rm -f new.h5
    (run 0 sweep.cfg -o new.h5 --resume) 2>run.log &
    pids=($!)
    sleep "$((RANDOM % made_ms))e-3"
    kill -9 "${pids[0]}"
    wait "${pids[0]}" 2>/dev/null || true
    pids=()
    if [[ -e new.h5 ]]; then
        n_made=$((n_made + 1)) made_ms=$((made_ms * 9 / 10))
        check_done new.h5
    else
        n_unmade=$((n_unmade + 1)) made_ms=$((made_ms * 11 / 10))
    fi
done
echo "killed while the file was made: $n_unmade times no file, $n_made times a whole one"
[[ $n_unmade -gt 0 && $n_made -gt 0 ]] || fail "the kills came all before or all after that moment"
(run 0 sweep.cfg -o new.h5 --resume) 2>err || fail "resuming after kills at creation"
same new.h5
[[ ! -e new.h5.tmp ]] || fail "new.h5.tmp is left"

# ---- the coordinator, a worker or mpirun killed at any moment, and the next run resumes, on any number of ranks ----
n_kills=0 n_partial=0 n_files=0
while [[ $n_kills -lt 14 ]]; do
    ranks=$((RANDOM % 4)) victims=(mpirun)
    (run "$ranks" sweep.cfg -o killed.h5 --resume) >run.log 2>&1 &
    launcher=$! pids=($!)
    sleep "$(((RANDOM % (400 + whole_ms / 2)) + 100))e-3"
    mapfile -t processes < <(pgrep -P "$launcher" -x picky || true)
    pids=("$launcher" "${processes[@]}")
    for p in "${processes[@]}"; do
        rank=$(tr '\0' '\n' <"/proc/$p/environ" 2>/dev/null | sed -n 's/^OMPI_COMM_WORLD_RANK=//p') || true
        [[ -z $rank ]] || victims+=("$rank:$p")
    done
    victim=${victims[RANDOM % ${#victims[@]}]}
    victim_pid=$launcher
    [[ $victim == mpirun ]] || victim_pid=${victim#*:}
    if kill -9 "$victim_pid" 2>/dev/null; then
        n_kills=$((n_kills + 1))
    fi
    wait "$launcher" 2>/dev/null || true
    for p in "${processes[@]}"; do # without mpirun its ranks end by themselves
        for _ in {1..100}; do
            [[ -e /proc/$p ]] || break
            sleep 0.1
        done
        kill -9 "$p" 2>/dev/null && echo "rank with pid $p outlived its mpirun by 10 s"
    done
    pids=()
    [[ -e killed.h5 ]] || continue
    check_done killed.h5
    echo "  $ranks ranks, ${victim%%:*} killed: $n_done of $n_slots done"
    if [[ $n_done == "$n_slots" ]]; then
        same killed.h5
        rm killed.h5
        n_files=$((n_files + 1))
    elif [[ $n_done -gt 0 ]]; then
        n_partial=$((n_partial + 1))
    fi
done
[[ $n_partial -gt 2 ]] || fail "only $n_partial kills of $n_kills came in the middle"
(run 3 sweep.cfg -o killed.h5 --resume) 2>err || fail "resuming to the end"
same killed.h5
echo "$n_kills kills, $n_partial in the middle, $((n_files + 1)) files finished"

# Each run is on record, and the jobs that they did are those of the file, but for what a killed run did after its last
# entry.
/usr/bin/python3 - killed.h5 "$n_slots" <<'END'
import sys, h5py
f = h5py.File(sys.argv[1], "r")
runs = f["provenance/runs"]
n = int((runs["ranks"][:] > 0).sum())
assert n >= 1 and (runs["ranks"][:n] > 0).all() and (runs["ranks"][n:] == 0).all()
assert (runs["start"][:n] <= runs["end"][:n]).all() and (runs["end"][:n - 1] <= runs["start"][1:n]).all()
assert 0 < runs["jobs"][:n].sum() <= int(sys.argv[2]), runs["jobs"][:n]
assert b"".join(runs["hosts"][0]).rstrip(b"\0"), "no host"
END

# ---- a part of a file, made in good time, for what follows ----
(run 0 sweep.cfg -o part.h5 --resume) 2>run.log &
pids=($!)
for _ in {1..200}; do
    sleep 0.05
    [[ -e part.h5 && $("$picky" status part.h5 | awk '$1 == "done" { print $2 }') -gt 0 ]] && break
done
expect 0 "$picky" status part.h5
said '^A run is writing it' out
# Two runs on one file.
expect 2 "$picky" run sweep.cfg -o part.h5 --resume
said 'part.h5: another run is writing it$'
[[ $(wc -l <err) == 1 ]] || fail "a second run: not one line"
kill -9 "${pids[0]}"
wait "${pids[0]}" 2>/dev/null || true
pids=()
check_done part.h5
[[ $n_done -gt 0 && $n_done -lt $n_slots ]] || fail "part.h5 is not a part: $n_done"
expect 0 "$picky" status part.h5
said '^No run is writing it' out
cp part.h5 untouched.h5

# ---- changed sweeps ----
refused() { # PATTERN... ARGUMENTS after --: exit code 2, a line for each pattern and one more, the file untouched
    local patterns=()
    while [[ $1 != -- ]]; do
        patterns+=("$1")
        shift
    done
    shift
    expect 2 "$picky" run "$@" -o part.h5 --resume
    for pattern in "${patterns[@]}"; do
        said "^picky: part.h5: $pattern$"
    done
    said '^picky: part.h5: it holds another sweep; allowed: '
    [[ $(wc -l <err) == $((${#patterns[@]} + 1)) ]] || fail "not ${#patterns[@]} differences"
    cmp part.h5 untouched.h5 || fail "a refused file was changed"
}
refused 'seed: 3 in the file, 4 in the sweep' -- sweep.cfg --set seed=4
refused 'replicates: 150 in the file, 151 in the sweep' -- sweep.cfg --set replicates=151
refused 'epochs: 8 in the file, 9 in the sweep \(6 of 6 configurations\)' \
    'N_test: 21 in the file, 22 in the sweep \(6 of 6 configurations\)' -- sweep.cfg --set epochs=9 --set N_test=22
sed 's/\[20, 50\]/[20, 51]/; s/, "test_set"//' sweep.cfg >changed.cfg
refused 'hidden_size: 50 in the file, 51 in the sweep \(2 of 6 configurations\)' \
    'store: \["weights", "test_set"\] in the file, \["weights"\] in the sweep' -- changed.cfg
sed 's/\[20, 50\]/[20, 30, 50]/' sweep.cfg >changed.cfg
refused 'configurations: 6 in the file, 8 in the sweep' \
    'hidden_size: 20, 50, 8, 6 in the file; 20, 30, 50, 8, 6 in the sweep' -- changed.cfg
expect 2 "$picky" run sweep.cfg -o part.h5
said 'part.h5: exists already; allowed: .*--resume'

# ---- the same sweep in other words goes on, and a complete file is left alone ----
{ echo "// a comment"; sed 's/to be killed/renamed/; s/10\.0/1e1/; s/seed = 3;/seed =\n3;/' sweep.cfg; } >other.cfg
expect 0 "$picky" run other.cfg -o part.h5 --resume
said "^picky: resuming: $n_done jobs are done, $((n_slots - n_done)) are left$"
said "^picky: the file: .*, 0 error, 0 pending$"
same part.h5
cp part.h5 untouched.h5
expect 0 "$picky" run sweep.cfg -o part.h5 --resume
said '^picky: part.h5 is complete: nothing to do$'
cmp part.h5 untouched.h5 || fail "a complete file was changed"

# ---- status ----
expect 0 "$picky" status part.h5 --by hidden_size
said '^Complete\.$' out
/usr/bin/python3 - part.h5 out <<'END'
import sys, h5py
f = h5py.File(sys.argv[1], "r")
names, status, sizes = f["status"].attrs["flag_meanings"].split(), f["status"][:], f["hidden_size"][:]
lines = [line.split() for line in open(sys.argv[2])]
head = next(i for i, line in enumerate(lines) if line[:3] == ["hidden_size", "expected", "done"])
told = {line[0]: int(line[1]) for line in lines[:head] if len(line) == 4 and line[0] in names}
assert told == {name: int((status == i).sum()) for i, name in enumerate(names)}, told
rows = {int(line[0]): [int(n) for n in line[1:]] for line in lines[head + 1:] if line and line[0].isdigit() and len(line) == 8}
for size in set(sizes):
    of_size = status[sizes == size]
    assert rows[size] == [of_size.size, int((of_size > 0).sum())] + [int((of_size == i).sum()) for i in (1, 2, 3, 4, 0)], rows
assert len(rows) == 4 and all((status == i).any() for i in (1, 2, 3)), "the sweep has every kind of outcome"
END
one_line() { # PATTERN ARGUMENTS...
    expect 2 "$picky" status "${@:2}"
    said "$1"
    [[ $(wc -l <err) == 1 && ! -s out ]] || fail "status ${*:2}: not one line"
}
one_line 'did you mean hidden_size' part.h5 --by hidden_sise
one_line 'none.h5: No such file' none.h5
one_line 'sweep.cfg: not a results file of picky' sweep.cfg
/usr/bin/python3 -c 'import h5py; h5py.File("foreign.h5", "w")["x"] = 1'
one_line 'foreign.h5: not a results file of picky' foreign.h5
head -c 100000 part.h5 >short.h5
one_line 'short.h5: ' short.h5
expect 2 "$picky" run sweep.cfg -o short.h5 --resume
said 'short.h5: '
/usr/bin/python3 -c 'import h5py; h5py.File("part.h5", "r+").attrs.modify("picky_schema_version", 99)'
one_line 'part.h5: written by a newer picky \(schema version 99' part.h5
expect 2 "$picky" run sweep.cfg -o part.h5 --resume
said 'part.h5: written by a newer picky'
echo "all as it should be"
