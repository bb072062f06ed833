#!/usr/bin/env bash
# Resuming: the same sweep goes on, a changed one is refused, and so is a second run on one file; picky status counts.
# (kills.py kills runs and resumes them.)
# Usage: test_resume.sh PICKY SOURCE_DIR
# shellcheck source=tests/results_steps.sh
source "$2/tests/results_steps.sh"

# Sets n_done from the file, whose done slots must be right.
check_done() {
    compare --done "$1" whole.h5 || fail "$1: $(cat out)"
    n_done=$(sed -nE 's/.* ([0-9]+) of [0-9]+ slots done$/\1/p' out)
    expect 0 "$picky" status "$1"
    [[ $(awk '$1 == "done" { print $2 }' out) == "$n_done" ]] || fail "picky status counts otherwise: $(cat out)"
}

# Jobs of four shapes, some accepted, some rejected, some diverging.
cat >sweep.cfg <<END
name = "to be resumed"; replicates = 30; seed = 3;
store = ["weights", "test_set"];
model = { epochs = 8; N_train = 400; N_test = 21; max_attempts = 3; };
cases = (
  { grid = { hidden_size = [20, 50]; context_location = ("start", "end"); }; },
  { train_mode = "replay"; fraction = 0.4; hidden_layers = 2; hidden_size = 8; },
  { optimizer = "sgd"; lr = 10.0; output_activation = "linear"; hidden_size = 6; }
);
END
n_slots=180
expect 0 "$picky" run sweep.cfg -o whole.h5

# ---- a run that is at work ----
"$picky" run sweep.cfg -o long.h5 --set replicates=10000 2>run.log &
pids=($!)
for _ in {1..1000}; do
    sleep 0.05
    [[ -e long.h5 && $("$picky" status long.h5 | awk '$1 == "done" { print $2 }') -gt 0 ]] && break
done
expect 0 "$picky" status long.h5
said '^A run is writing it: .* jobs/s since its start; at this rate .* left' out
expect 2 "$picky" run sweep.cfg -o long.h5 --set replicates=10000 --resume
said '^picky: long.h5: another run is writing it$'
[[ $(wc -l <err) == 1 ]] || fail "a second run: not one line"
kill -9 "${pids[0]}"
wait "${pids[0]}" 2>/dev/null || true
pids=()
expect 0 "$picky" status long.h5
said '^No run is writing it' out
rm long.h5

# ---- a part of a file, as a killed run leaves it: with parts of what it was about to write ----
/usr/bin/python3 - whole.h5 part.h5 <<'END'
import sys, h5py
f = h5py.File(sys.argv[1], "r")
found, status = bytearray(open(sys.argv[1], "rb").read()), f["status"]
for name, x in f.items():
    if isinstance(x, h5py.Dataset) and x.shape[:2] == status.shape:
        n = x.size * x.dtype.itemsize // status.size
        for slot in range(1, status.size, 3):
            at = x.id.get_offset() + slot * n
            found[at:at + n] = bytes(n) if name == "status" else (b"?" * (n // 2)).ljust(n, b"\0")
open(sys.argv[2], "wb").write(found)
END
check_done part.h5
[[ $n_done == $((n_slots * 2 / 3)) ]] || fail "part.h5 is not the part it should be: $n_done"
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
refused 'replicates: 30 in the file, 31 in the sweep' -- sweep.cfg --set replicates=31
refused 'epochs: 8 in the file, 9 in the sweep \(6 of 6 configurations\)' \
    'N_test: 21 in the file, 22 in the sweep \(6 of 6 configurations\)' -- sweep.cfg --set epochs=9 --set N_test=22
sed 's/\[20, 50\]/[20, 51]/; s/, "test_set"//' sweep.cfg >changed.cfg
refused 'hidden_size: 50 in the file, 51 in the sweep \(2 of 6 configurations\)' \
    'store: \["weights", "test_set"\] in the file, \["weights"\] in the sweep' -- changed.cfg
sed 's/\[20, 50\]/[20, 30, 50]/' sweep.cfg >changed.cfg
refused 'configurations: 6 in the file, 8 in the sweep' \
    'hidden_size: 20, 50, 8, 6 in the file; 20, 30, 50, 8, 6 in the sweep' -- changed.cfg
# Tasks are told as both have them: by second_task, or as lists.
small='replicates = 1; model = { hidden_size = 5; epochs = 1; error_threshold = 9.0; }'
echo "$small; cases = ( { }, { tasks = \"x0 * x1; x0 * x1\"; } );" >lists.cfg
echo "$small;" >short.cfg
expect 0 "$picky" run lists.cfg
expect 2 "$picky" run short.cfg -o lists.h5 --resume
said '^picky: lists.h5: tasks: x0 \+ x1; x0 \* x1, x0 \* x1; x0 \* x1 in the file; x0 \+ x1; x0 \* x1 in the sweep$'
! grep -q 'second_task\|in the file;  in\|: *in the' err || fail "an empty value"
echo "$small; grid = { second_task = [\"prod\", \"add1\"]; };" >two.cfg
expect 2 "$picky" run two.cfg -o lists.h5 --resume
! grep -q '=  in\|;  in the\|: *in the file' err || fail "an empty value"
expect 2 "$picky" extend lists.h5 two.cfg
! grep -q '=  in\|=[^a-z0-9]*,' err || fail "an empty value"
expect 2 "$picky" run sweep.cfg -o part.h5
said 'part.h5: exists already; allowed: .*--resume'

# ---- the same sweep in other words goes on, and a complete file is left alone ----
{ echo "// a comment"; sed 's/to be resumed/renamed/; s/10\.0/1e1/; s/seed = 3;/seed =\n3;/' sweep.cfg; } >other.cfg
expect 0 "$picky" run other.cfg -o part.h5 --resume
said "^picky: resuming: $n_done jobs are done, $((n_slots - n_done)) are left$"
said "^picky: the file: .*, 0 error, 0 pending$"
same part.h5
cp part.h5 untouched.h5
expect 0 "$picky" run sweep.cfg -o part.h5 --resume
said '^picky: part.h5 is complete: nothing to do$'
cmp part.h5 untouched.h5 || fail "a complete file was changed"
refused 'seed: 3 in the file, 4 in the sweep' -- sweep.cfg --set seed=4

# ---- complete, but some jobs failed: said, and told by the exit code, each time; until they are done again ----
cp part.h5 failed.h5
failed_jobs failed.h5 2
expect 4 "$picky" run sweep.cfg -o failed.h5 --resume
said '^picky: failed.h5 is complete: nothing to do$'
said '^picky: the file: .*, 2 error, 0 pending$'
said '^picky: complete, but 2 jobs failed with an error: picky status [^ ]+ says why, --resume --retry error tries again$'
expect 4 mpirun -n 2 --oversubscribe --bind-to none "$picky" run sweep.cfg -o failed.h5 --resume
expect 0 "$picky" status failed.h5
said '^ *error +2 ' out
said '^ *pending +0 ' out # job scripts, also those of others, look for this line
/usr/bin/python3 - <<'END'
import h5py
with h5py.File("failed.h5", "r+") as f:
    f["status"][-1, -1] = 0
END
expect 0 "$picky" status failed.h5
said '^ *pending +1 ' out
expect 4 "$picky" run sweep.cfg -o failed.h5 --resume
expect 0 "$picky" run sweep.cfg -o failed.h5 --resume --retry error
same failed.h5

# ---- status ----
expect 0 "$picky" status part.h5 --by hidden_size
said '^Complete\.$' out
said '^ *pending +0 ' out
/usr/bin/python3 - part.h5 out <<'END'
import sys, h5py
f = h5py.File(sys.argv[1], "r")
names, status, sizes = f["status"].attrs["flag_meanings"].split(), f["status"][:], f["hidden_size"][:]
lines = [line.split() for line in open(sys.argv[2])]
head = next(i for i, line in enumerate(lines) if line[:2] == ["hidden_size", "expected"])
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
