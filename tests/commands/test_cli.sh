#!/usr/bin/env bash
# The command line as a user meets it: output, exit codes, one line for each mistake, no file left behind, every rank ended.
# Usage: test_cli.sh PICKY SOURCE_DIR FLUSH_DENORMALS MPI_SHIM, two libraries
set -euo pipefail
picky=$1 source_dir=$2 flush_denormals=$3 mpi_shim=$4
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
n=0

fail() {
    echo "FAILED: $*"
    [[ -e out ]] && cat out err
    exit 1
}
# expect CODE COMMAND...: runs it; stdout goes to out, stderr to err
expect() {
    local code=0 expected=$1
    shift
    timeout 60 "$@" >out 2>err || code=$?
    [[ $* != *mpirun* ]] || sed -i '/^picky/!d' err # mpirun says something too
    [[ $code == "$expected" ]] || fail "$* gave exit code $code, not $expected"
    n=$((n + 1))
}
# refuse PATTERN COMMAND...: exit code 2, exactly one line on stderr that matches, nothing on stdout, no new file
refuse() {
    local pattern=$1 before after
    shift
    before=$(ls -A)
    expect 2 "$@"
    after=$(ls -A)
    [[ $before == "$after" ]] || fail "$*: files left: $after"
    [[ ! -s out ]] || fail "$*: something on stdout"
    [[ $(wc -l <err) == 1 ]] || fail "$*: not one line"
    grep -qE -- "$pattern" err || fail "$*: no /$pattern/"
}
touch out err

cat >good.cfg <<END
name = "small"; replicates = 3; seed = 5;
model = { hidden_size = 4; N_train = 100; epochs = 1; max_attempts = 2; };
grid = { context_location = ("start", "end"); };
END

# ---- help and version ----
for command in "--help" {run,plan,status,verify,merge,extend,train,bench}" --help"; do
    # shellcheck disable=SC2086
    expect 0 "$picky" $command
    [[ -s out && ! -s err ]] || fail "$command: help goes to stdout"
    awk 'length > 79 { exit 1 }' out || fail "$command: a line is too long"
done
expect 0 "$picky" --version
grep -qE '^picky [0-9]+\.[0-9]+\.[0-9]+ \(' out || fail "--version"
for key in N_train N_test lr epochs batch_size context_location train_mode second_task fraction hidden_size hidden_layers \
    output_activation optimizer replay_every error_threshold max_attempts n_inputs input_low input_high a b c standardise tasks; do
    expect 0 "$picky" run --help
    grep -qE "^  $key " out || fail "run --help does not list $key"
done

# ---- train ----
expect 0 "$picky" train --set hidden_size=8 --set epochs=3 --seed 11
grep -qE '^hidden_size +8$' out || fail "train: hyperparameters"
grep -qE '^seed +11$' out || fail "train: seed"
[[ $(grep -cE '^ +[0-3]  +[0-9.]+ +[0-9.]+ +[0-9.]+$' out) == 4 ]] || fail "train: an error for each epoch and task"
[[ $(grep -cE '^ +[1-4] +[0-9]+ % +[0-9]+ % +[0-9]+ %$' out) == 4 ]] || fail "train: a row for each layer"
grep -qE '^(accepted|rejected) after [0-9]+ of at most 10 attempts' out || fail "train: acceptance"
cp out first
expect 0 "$picky" train --set hidden_size=8 --set epochs=3 --seed 11
cmp out first || fail "train: the same job, other numbers"
rm first
expect 0 "$picky" train --set optimizer=sgd --set lr=10 --set output_activation=linear --set max_attempts=1 --set hidden_size=8
grep -q '^diverged after 1 of at most 1 attempts' out || fail "train: divergence"
refuse '^picky: --set lr=0: .*allowed: a number above 0' "$picky" train --set lr=0
refuse 'unknown hyperparameter; did you mean hidden_size' "$picky" train --set hidden_sise=3
expect 0 "$picky" train --set 'tasks=plain: x0; x1; x0 * x1' --set hidden_size=4 --set epochs=1
for line in '^task 1 *plain: x0$' '^task 3 *x0 \* x1$'; do
    grep -q "$line" out || fail "train: tasks"
done
if grep -q '^second_task' out; then fail "train: second_task beside tasks"; fi
[[ $(grep -cE '^ +[01]  +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+$' out) == 2 ]] || fail "train: an error for each of three tasks"
refuse '^picky: --set tasks=x0; fooo\(x1\): column 5: .*floor' "$picky" train --set 'tasks=x0; fooo(x1)'
refuse 'tasks: task 2: x1 \+ x3 .*\(column 6\).* n_inputs = 2' "$picky" train --set 'tasks=x0; x1 + x3'
refuse '1 / x0 is infinite at x0 = 0; allowed: ' "$picky" train --set 'tasks=1 / x0'
refuse 'second_task is given too' "$picky" train --set second_task=prod --set tasks=x0
refuse 'column 1: ' "$picky" train --set 'tasks=%s%n'
printf 'model = {\n  tasks = ["x0",\n           "sum: x0 ** 2"]; };\n' >tasks.cfg
refuse 'tasks.cfg:3:[0-9]+: tasks = "sum: x0 \*\* 2": column 9: ' "$picky" plan tasks.cfg
printf 'model = { tasks = ["x0", "x1"];\n second_task = "prod"; };\n' >tasks.cfg
refuse 'tasks.cfg:2:[0-9]+: second_task = .*tasks is given on line 1' "$picky" plan tasks.cfg
printf 'grid = { tasks = ["x0", "x1"]; };\n' >tasks.cfg
refuse 'tasks.cfg:1:[0-9]+: tasks = .*flat array.*allowed: \(\["x0", "x1"\]' "$picky" plan tasks.cfg
printf 'grid = { a = [1.0, 0.5];\n tasks = ("x0; 1 / (x1 - a)", "x0; x0"); };\n' >tasks.cfg
refuse 'tasks.cfg:2:[0-9]+: tasks: configuration .*1 / \(x1 - a\) is infinite at x1 = ' "$picky" run tasks.cfg -o tasks.h5
printf 'model = { tasks = "x0; x1 - 1"; hidden_size = 3; N_train = 20; max_attempts = 1; };\n' >tasks.cfg
expect 0 "$picky" run tasks.cfg -o tasks.h5
grep -q 'warning: task 2, x1 - 1, goes down to -1.*output_activation = "linear"' err || fail "a warning of a target below 0"
rm tasks.cfg tasks.h5
refuse 'context_location = 5: allowed: .*hidden_layers = 4' "$picky" train --set context_location=5
refuse 'batch_size = 2000: .*at most N_train = 1000' "$picky" train --set batch_size=2000
refuse '^picky: --seed -1: allowed: an integer from 0' "$picky" train --seed -1
refuse 'PICKY_SIMD = "mmx".*allowed: .*portable' env PICKY_SIMD=mmx "$picky" train
expect 2 "$picky" train --bogus
grep -q 'unknown option: --bogus' err || fail "unknown option"
for words in -s.cfg -xyz '--time-limit 3 -x' '--time-limit=3 -xyz' 'a.cfg --seed 3'; do
    read -ra argv <<<"$words"
    expect 2 "$picky" run "${argv[@]}"
    grep -qE '^picky run: unknown option: (-s|-x|--seed; allowed: --set seed=3)$' err || fail "unknown option of $words"
done
# Messages name what was written, and what does what was meant.
refuse '^picky: --simd foo: not an instruction set .*allowed: ' "$picky" bench --simd foo
refuse '^picky: --set seed=3: .*allowed: --seed N$' "$picky" train --set seed=3
refuse '^picky: --set replicates=3: a key of sweeps' "$picky" train --set replicates=3
refuse '^picky: -o: .*only with --sbatch or --ranks' "$picky" plan good.cfg -o x.h5
refuse '^picky: --ranks-per-node: only with --sbatch' "$picky" plan good.cfg --ranks-per-node 2
expect 2 "$picky" run good.cfg -o a.h5 -o b.h5
grep -q '^picky run: -o is given twice: b.h5$' err || fail "-o twice"
refuse '^picky: no/where/x.h5: cannot be created: the folder no/where is not there$' "$picky" run good.cfg -o no/where/x.h5
refuse '^picky: unknown command "foo"; allowed: run' "$picky" help foo
refuse '^picky: unknown command "rum"; did you mean run; allowed: run' "$picky" rum
refuse '^picky: --set store=weights: a list, which --set cannot give; allowed: ' "$picky" plan good.cfg --set store=weights
refuse '^picky: --by, --json, --quiet: allowed: one' "$picky" status --json --by lr x.h5
expect 0 "$picky" help status
grep -q '^Usage: picky status FILE.h5' out || fail "help of a command"
# What is printed and does not arrive; with no stream at all.
if [[ -w /dev/full ]]; then
    code=0
    "$picky" --help >/dev/full 2>err || code=$?
    [[ $code == 3 ]] || fail "a full disk under stdout: exit code $code, not 3"
    grep -q '^picky: cannot write to standard output: No space' err || fail "stdout on a full disk"
fi
expect 0 "$picky" run good.cfg -o streams.h5
for part in a b; do cp streams.h5 "$part.h5"; done
"$picky" merge -o closed.h5 a.h5 b.h5 <&- >&- 2>&- || fail "merge with all streams closed"
"$picky" verify closed.h5 >out || fail "verify: what merge wrote with all streams closed"
rm -f {a,b,streams,closed}.h5
expect 2 "$picky" bogus
expect 2 "$picky"
# An error of MPI itself, whose number would be the exit code: 4 here.
for launcher in "" "mpirun -n 3 --oversubscribe --bind-to none"; do
    # shellcheck disable=SC2086
    expect 3 $launcher env LD_PRELOAD="$mpi_shim" "$picky" run good.cfg -o x.h5
    { grep -q '^picky: MPI: .*invalid tag' err && [[ ! -e x.h5 ]]; } || fail "an error of MPI"
done

# ---- settings that learn nothing ----
expect 0 "$picky" run good.cfg -o hopeless.h5 --set max_attempts=10 --set lr=1e-9
words='20 attempts, none accepted \(error_threshold 0.05\);.* errors.*, least and median: task 1 [0-9.]+, [0-9.]+; task 2 .*; likely remedy: '
for c in '0 \(context_location = start\)' '1 \(context_location = end\)'; do
    [[ $(grep -cE "^picky: warning: configuration $c: $words" err) == 1 ]] || fail "configuration $c is hopeless"
done
grep -qx 'picky: warning: 2 configurations had 20 attempts or more and none accepted: 0, 1' err || fail "hopeless ones at the end"
expect 0 "$picky" run good.cfg -o hopeful.h5 --set error_threshold=9
grep -q 'none accepted' err && fail "hopeless configurations where all is accepted"
rm hopeless.h5 hopeful.h5

# ---- plan ----
# The pilot takes two seconds for each sweep as it is.
expect 0 "$picky" plan "$source_dir/sweeps/seed.cfg"
grep -qE '^jobs +110$' out || fail "plan seed"
for sweep in seed:11 notebook:25 context_x_fraction:152 likeness:72 many_tasks:48 nothing_to_select:40; do
    expect 0 "$picky" plan "$source_dir/sweeps/${sweep%:*}.cfg" --set replicates=1 --set epochs=1 --set max_attempts=1 \
        --set N_train=20 --set N_test=5
    grep -qE "^jobs +${sweep#*:}\$" out || fail "plan $sweep"
    grep -q warning err && fail "plan $sweep: a warning"
done
for file in "$source_dir"/sweeps/*.cfg; do
    [[ " seed notebook context_x_fraction likeness many_tasks nothing_to_select " == *" $(basename "$file" .cfg) "* ]] || fail "$file is not tested"
done
expect 0 "$picky" plan good.cfg --sd 0.3 --set replicates=50
grep -qE '^  not 0 +285 +73 +20 .*; these 50 in 21 %, 64 %, 100 %$' out || fail "plan: seeds that find an effect"
grep -qE '^  above 0.05 +- +285 +34 .*; these 50 in 3 %, 21 %, 93 %$' out || fail "plan: seeds that find a large effect"
for sd in 0 -1 nan inf 1x ""; do
    refuse "--sd $sd: allowed: a number above 0" "$picky" plan good.cfg --sd "$sd"
done
expect 0 "$picky" plan good.cfg --set replicates=200000
grep -qE '^jobs +400000$' out || fail "plan: --set replicates"
grep -qE '^time +.* on 1, .* on 4, .* on 1024 ranks$' out || fail "plan: time"
expect 0 "$picky" plan good.cfg --sbatch 3 --ranks-per-node 5 --set "name=it's" -o "a }'b.h5"
cp out job.sbatch
bash -n job.sbatch || fail "plan --sbatch: not a script"
for line in --nodes=3 --ntasks-per-node=5 '--mem-per-cpu=[1-9][0-9]+M' '--time=00:0[56]:00' --signal=B:USR1@40 --requeue; do
    [[ $(grep -cE "^#SBATCH $line\$" job.sbatch) == 1 ]] || fail "plan --sbatch: $line"
done
grep -qE -- '--exclusive|Assumed' job.sbatch && fail "plan --sbatch: lines of another script"
grep -qE '^# Simulated, from a short timing and 6 jobs trained on one core of ' job.sbatch || fail "plan --sbatch: the estimate"
grep -qE '^# [0-9.e-]+ to [0-9.e-]+ core-hours; .* to .* on 15 ranks; --time is 1.5 times' job.sbatch || fail "plan --sbatch: its numbers"
sed -n '/^SWEEP=/,/^PICKY=/p' job.sbatch >parameters
(
    set --
    PICKY='' SWEEP=''
    # shellcheck disable=SC1091
    . ./parameters
    [[ $SWEEP -ef good.cfg && $OUT == "$PWD/a }'b.h5" && $PICKY -ef $picky && ${OPTIONS[*]} == "--set name=it's" ]]
) || fail "plan --sbatch: its parameters"
expect 0 "$picky" plan good.cfg --sbatch 1
grep -q '^# Assumed: nodes of [0-9]* CPUs' out || fail "plan --sbatch: says nothing of the nodes"
expect 0 "$picky" plan good.cfg --ranks 7
{ grep -qx '#SBATCH --ntasks=7' out && ! grep -q nodes= out; } || fail "plan --ranks"
# It covers all attempts of the longest job.
expect 0 "$picky" plan good.cfg --sbatch 1 --set hidden_size=60 --set epochs=100000 --set max_attempts=100
grep -q '^# one job (.*) needs about .*, with up to 100 attempts .*: enough$' out || fail "plan --sbatch: too little time"
! grep -qv 's so far: ' err || fail "plan --sbatch: a warning of the time that it chooses itself"
rm job.sbatch parameters
# A limit that is refused is not announced.
for limit in '' 0 0:90 99999999999; do
    refuse "^picky: --time-limit: $limit: allowed: " "$picky" plan good.cfg --time-limit "$limit"
    refuse "^picky: --time-limit: $limit: allowed: " "$picky" run good.cfg --time-limit "$limit"
    refuse "^picky: --time-limit: $limit: allowed: " "$picky" extend x.h5 good.cfg --time-limit "$limit"
done
refuse '^picky: --sbatch 0: allowed: 1 to 1000000$' "$picky" plan good.cfg --sbatch 0
refuse '^picky: --ranks 2x: allowed: 1 to ' "$picky" plan good.cfg --ranks 2x
refuse ': .*; allowed: --sbatch NODES, ' "$picky" plan good.cfg --ranks 2 --sbatch 2
refuse ': .*; allowed: --sbatch NODES, ' "$picky" plan good.cfg --ranks-per-node 2
refuse ': .*; allowed: --sbatch NODES, ' "$picky" plan good.cfg -o x.h5

# ---- run ----
expect 0 "$picky" run good.cfg
[[ -s good.h5 && ! -e good.h5.picky-draft && ! -s out ]] || fail "run: good.h5"
grep -q '6 jobs in' err || fail "run: receipt"
cp good.h5 kept.h5
refuse '^picky: good\.h5: exists already' "$picky" run good.cfg
ln -s nothing dangling.h5
refuse '^picky: dangling\.h5: a symbolic link to what is not there' "$picky" run good.cfg -o dangling.h5 --resume
rm dangling.h5
cmp good.h5 kept.h5 || fail "an existing file was changed"
refuse '^picky: good\.h5: exists already' mpirun -n 3 --oversubscribe --bind-to none "$picky" run good.cfg
cmp good.h5 kept.h5 || fail "an existing file was changed"

# ---- --quiet: warnings and the last lines alone ----
expect 0 "$picky" run good.cfg -o quiet.h5 --quiet
last='^picky: (6 jobs in|the file: 6 expected|(busy|[0-9]* % of the speed|attempts rejected|longest wait|tail) )'
[[ $(grep -cE '6 jobs in|^picky: the file: 6 expected' err) == 2 ]] || fail "run --quiet"
grep -vE "$last" err && fail "run --quiet: more than the last lines"
awk '!/the file/ && length > 80 { exit 1 }' err || fail "last lines of more than 80 columns"
expect 0 "$picky" status quiet.h5 --quiet
[[ $(wc -l <out) == 1 && $(<out) == 'quiet.h5: 6 expected: '* ]] || fail "status --quiet"
expect 0 "$picky" run good.cfg -o warned.h5 --quiet --set replay_every=5
[[ $(grep -c warning err) == 1 && $(grep -cvE "$last" err) == 1 ]] || fail "run --quiet: the warning"
expect 0 "$picky" verify quiet.h5 --quiet --all
[[ ! -s err && $(<out) == *'6 done again: all bits are the same' ]] || fail "verify --quiet"
expect 0 "$picky" extend quiet.h5 good.cfg --quiet --set replicates=4
[[ $(<err) == *'extended from'* && $(<err) != *'jobs to do'* ]] || fail "extend --quiet"
expect 0 "$picky" merge --quiet -o whole.h5 quiet.h5
[[ $(wc -l <err) == 1 ]] || fail "merge --quiet"
expect 2 "$picky" plan good.cfg --quiet
grep -q 'unknown option: --quiet' err || fail "plan takes no --quiet"
rm quiet.h5 warned.h5 whole.h5

# ---- progress: redrawn within the columns there are, and only where a line can be redrawn ----
on_terminal() { # COLUMNS TERM: what a run shows on such a terminal
    rm -f shown.h5
    COLUMNS=$1 TERM=$2 python3 - "$picky" run good.cfg -o shown.h5 <<'END' >shown
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
try:
    while text := os.read(terminal, 65536):
        os.write(1, text)
except OSError:  # the end, on Linux
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
}
on_terminal 40 xterm
tr '\r' '\n' <shown | grep '100 % .*6/6' | sed 's/\x1b\[K//' >bar
[[ -s bar && -z $(awk 'length > 39' bar) ]] || fail "a bar in 40 columns: $(cat bar)"
on_terminal 40 dumb
[[ $(<shown) != *$'\x1b'* && $(<shown) == *'picky: 6 of 6 jobs (100 %)'* ]] || fail "TERM=dumb: $(cat shown)"
rm shown shown.h5 bar
expect 0 "$picky" run good.cfg -o log.h5
! LC_ALL=C grep -q '[^ -~]' err || fail "a log has other characters than ASCII"
rm log.h5

# ---- bad input: every rank ends ----
for limit in '' 0 -5 soon 1h30 30m1h 10:60 00:60:00; do
    refuse '^picky: --time-limit: .*allowed: a duration above 0 as 90 \(seconds\), 30s, ' \
        "$picky" run good.cfg -o x.h5 --time-limit "$limit"
done
expect 0 "$picky" run good.cfg -o limited.h5 --time-limit 1h30m
rm limited.h5
mkdir -p readonly
mpi=(mpirun -n 3 --oversubscribe --bind-to none "$picky")
refuse '^picky: --time-limit: soon: ' "${mpi[@]}" run good.cfg -o x.h5 --time-limit soon
refuse '^picky: missing\.cfg: cannot be read: No such file' "$picky" run missing.cfg -o x.h5
refuse '^picky: missing\.cfg: cannot be read: No such file' "${mpi[@]}" run missing.cfg -o x.h5
refuse '^picky: nowhere/x\.h5: cannot be created: the folder nowhere is not there' "$picky" run good.cfg -o nowhere/x.h5
refuse '^picky: .*need .*B; the free space' "$picky" run good.cfg -o x.h5 --set N_test=1000000 --set replicates=100000000
refuse '^picky: --set foo=1: unknown key' "${mpi[@]}" run good.cfg -o x.h5 --set foo=1
refuse '^picky: --set context_location=2: ' "$picky" run good.cfg -o x.h5 --set context_location=2
printf 'model = { hidden_size = 5; ' >syntax.cfg
refuse '^picky: syntax\.cfg:[0-9]+:[0-9]+: ' "${mpi[@]}" run syntax.cfg -o x.h5
printf 'model = { hiden_size = 5; };' >unknown.cfg
refuse '^picky: unknown\.cfg:1:[0-9]+: .*did you mean hidden_size' "$picky" run unknown.cfg -o x.h5
: >empty.cfg
expect 2 "$picky" run empty.cfg -o x.h5
refuse 'PICKY_SIMD = "mmx"' env PICKY_SIMD=mmx "${mpi[@]}" run good.cfg -o x.h5

# One value in two spellings makes no new file; plan says so.
for list in 'second_task = ["prod", "add-0.0", "add0"]|add-0.0|add0' 'context_location = ("1", "end", "start")|1|start' \
    'second_task = ["add0.25", "add25e-2"]|add0.25|add25e-2' 'context_location = (2, "2")|2|2'; do
    IFS='|' read -r text one other <<<"$list"
    printf 'model = { epochs = 1; };\ngrid = { %s; };\n' "$text" >spellings.cfg
    if [[ $one == "$other" ]]; then # the same spelling is refused as such
        refuse '^picky: spellings\.cfg:2:[0-9]+: .* stands there twice' "$picky" run spellings.cfg -o x.h5
        continue
    fi
    refuse "^picky: spellings\.cfg:2:[0-9]+: .*: \"$one\" and \"$other\" are one value; allowed: " "$picky" run spellings.cfg
    expect 0 "$picky" plan spellings.cfg
    grep -q "^picky: warning: spellings.cfg:2:[0-9]*: .*\"$one\" and \"$other\" are one value" err || fail "plan does not warn"
done

echo 'model = { epochs = 1; N_train = 20; }; grid = { fraction = (0.5, "equal"); lr = [0.1, 0.2]; };' >spellings.cfg
refuse '^picky: spellings\.cfg:1:[0-9]+: fraction: 0\.5 and "equal" are one value; allowed: ' "$picky" run spellings.cfg -o x.h5
sed -i 's/lr = .*];/tasks = ("x0; x1", "x0; x1; x0 * x1");/' spellings.cfg # where it is another value in some
expect 0 "$picky" plan spellings.cfg
grep -qF 'configuration 0 (fraction = 0.5, tasks = x0; x1) and configuration 2 (fraction = equal, tasks = x0; x1) ask for the same' err ||
    fail "no warning of equal fractions as they are written: $(cat err)"

for text in 'zip = { second_task = ["add1.5", "add1.50"]; lr = [0.01, 0.01]; };' \
    'cases = ({ second_task = "add1.5"; }, { second_task = "add1.50"; });' \
    'cases = ({ context_location = "start"; }, { context_location = 1; });' \
    'cases = ({ second_task = "add2"; }, { grid = { second_task = ["prod", "add2.0"]; }; });'; do
    echo "$text" >spellings.cfg
    refuse '^picky: spellings\.cfg(:1:[0-9]+)?: (zip|cases): configuration [12] repeats configuration 0 in another spelling' \
        "$picky" run spellings.cfg -o x.h5
done
echo 'model = { hidden_layers = 3; epochs = 1; N_train = 20; }; grid = { context_location = ("end", 3); };' >spellings.cfg
expect 0 "$picky" run spellings.cfg -o coincide.h5
grep -q '^picky: warning: .* ask for the same models' err || fail "no warning of configurations that coincide"

expect 0 "$picky" status coincide.h5 --json
python3 -c '
import json, sys
state = json.load(open("out"))
assert state["expected"] == 2 == state["accepted"] + state["rejected"] and state["is_complete"] and not state["is_written"], state
assert state["shard"] == [1, 1] and state["errors"] == [] and state["file"] == "coincide.h5", state' || fail "status --json"
cp coincide.h5 $'caf\xe9 "\\\n.h5' # a name that is no UTF-8, with all that JSON escapes
expect 0 "$picky" status --json $'caf\xe9 "\\\n.h5'
python3 -c 'import json; assert json.load(open("out", "rb"))["file"] == "caf? \"\\\n.h5"' || fail "status --json: $(cat -v out)"

# A library that makes denormals zero changes no bits (of deep networks, in which there are some).
cat >deep.cfg <<END
replicates = 16; model = { hidden_layers = 32; hidden_size = 4; N_train = 100; epochs = 2; max_attempts = 1; };
END
expect 0 "$picky" run deep.cfg
expect 0 env LD_PRELOAD="$flush_denormals" "$picky" verify --all deep.h5
expect 0 mpirun -n 2 --oversubscribe --bind-to none -x LD_PRELOAD="$flush_denormals" "$picky" verify --all deep.h5

# What formulas cost, beside the most that they may.
if grep -qw avx2 /proc/cpuinfo; then # the others take long
    expect 0 "$picky" bench --hidden-size 2 --simd avx2
    awk '/^formulas, of a job/ { on = 1; next }
         on && $2 == "%" { n++; limit = /ten operations/ ? 2 : 8; bad += $1 <= 0 || $1 >= limit }
         END { exit n != 2 || bad }' out || fail "formulas cost too much"
fi

# Under mpirun what runs on one rank is done once, and what is not given the same arguments is left alone.
for words in --version "status deep.h5" "plan good.cfg" "help run"; do
    # shellcheck disable=SC2086  # words
    expect 0 "$picky" $words
    begin=$(head -n 1 out | head -c 20)
    # shellcheck disable=SC2086
    expect 0 mpirun -n 3 --oversubscribe "$picky" $words
    [[ $(grep -c "^$begin" out) == 1 ]] || fail "$words: not once"
    [[ $words == --version || $words == help* ]] || grep -qx 'picky: .* runs on one rank: the other 2 had nothing to do' err ||
        fail "$words: ranks too many, and not said"
done
# shellcheck disable=SC2016  # for the other shell
expect 0 mpirun -n 2 --oversubscribe sh -c '"$0" train --set epochs=1 --seed $OMPI_COMM_WORLD_RANK; true' "$picky"
[[ $(grep -c '^seed ' out) == 2 ]] || fail "ranks with arguments of their own"

# ---- columns of tables are as wide as what stands in them ----
cat >wide.cfg <<END
replicates = 1;
model = { hidden_size = 3; N_train = 20; epochs = 1; max_attempts = 1; output_activation = "linear"; };
grid = { tasks = ("x0; x1", "x0 + x1 * 2; x0 - x1 + x0 * x1", "x0; x1; x0 * 100000000"); };
END
expect 0 "$picky" run wide.cfg -o wide.h5
expect 0 "$picky" status wide.h5 --by tasks
[[ $(awk '/^tasks  /,/^$/ { if (NF) print length }' out | sort -u | wc -l) == 1 ]] || fail "status --by: rows beside the heading"
refuse '^picky: --by foo: unknown hyperparameter; allowed: N_train, ' "$picky" status wide.h5 --by foo
expect 0 "$picky" train --from wide.h5 --config 2 --replicate 0
awk '/test error/,/^$/ { if (length > 80) exit 1 }' out || fail "train --from: wider than 80 columns"
[[ $(awk '/train loss/,/^$/ { if (NF) print length }' out | sort -u | wc -l) == 1 ]] || fail "train --from: columns shift"
expect 0 "$picky" train --set 'tasks=x0 * 100000000; x1' --set N_train=20 --set hidden_size=3 --set epochs=1 \
    --set output_activation=linear
[[ $(awk '/^epoch /,/^$/ { if (NF) print length }' out | sort -u | wc -l) == 1 ]] || fail "train: columns shift"
rm wide.cfg wide.h5

# ---- on a terminal, also mpirun's, lines end before its edge; the command to go on with is whole ----
# terminal COLUMNS COMMAND: what a terminal of so many columns shows, in out
terminal() {
    script -qec "stty cols $1; $2" /dev/null <<<"" 2>&1 | sed 's/\r$//; s/.*\r//; s/\x1b\[K//g' >out || true
    awk -v most="$1" '/^picky|^  [a-z(]/ && !/^  .*picky run / && length > most { print; exit 1 }' out ||
        fail "wider than $1: $2"
}
for width in 40 80 200; do
    rm -f narrow.h5
    terminal "$width" "'$picky' run good.cfg -o narrow.h5 --time-limit 0.001s"
    grep -qx "  \S*picky run good.cfg -o narrow.h5 --time-limit 0.001s --resume" out || fail "no command to go on with"
done
rm -f narrow.h5
terminal 50 "mpirun -n 2 --oversubscribe --bind-to none '$picky' run good.cfg -o narrow.h5 --quiet --time-limit 0.001s"
grep -qx "  mpirun -n 2 --oversubscribe --bind-to none \S*picky run good.cfg -o narrow.h5 --time-limit 0.001s --quiet --resume" out ||
    fail "no command to go on with: mpirun"
for words in '' 'run --foo' 'extend'; do
    script -qec "stty cols 44; '$picky' $words" /dev/null <<<"" | tr -d '\r' >out || true
    grep -q '^Usage: picky\|^Usage:$' out || fail "$words: no usage"
    awk 'length > 44 { exit 1 }' out || fail "$words: usage wider than the terminal"
done
terminal 50 "'$picky' plan good.cfg"
terminal 50 "'$picky' status narrow.h5"
terminal 50 "'$picky' plan no.cfg --set lr=0.1"

echo "$n commands behaved"
