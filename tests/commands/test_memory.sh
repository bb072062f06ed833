#!/usr/bin/env bash
# Sweeps for which there is little memory (ulimit -v, a control group): what does not fit is named and ends as an error,
# what fits has the same bits, and nothing of it is a crash.
# Usage: test_memory.sh PICKY SOURCE_DIR
# shellcheck source=tests/results_steps.sh
source "$2/tests/results_steps.sh"

# limited MB COMMAND...: runs it with so much address space. MPI and HDF5 take some 400 MB of it.
limited() {
    (ulimit -v $(($1 * 1000)) && shift && exec "$@")
}
export -f limited
in_memory() { # in_memory CODE MB COMMAND...
    local code=$1 megabytes=$2
    shift 2
    expect "$code" bash -c 'limited "$@"' - "$megabytes" "$@"
}
if ! limited 1000 "$picky" --version >/dev/null 2>&1; then # as with AddressSanitizer
    echo "the program does not start in 1 GB"
    exit 77
fi

# 0.2 GB for a model of 4096 units
cat >sweep.cfg <<END
name = "two fit"; replicates = 2; seed = 5; store = [];
model = { hidden_layers = 2; N_train = 20; N_test = 2; epochs = 1; max_attempts = 1; };
grid = { hidden_size = [4, 30, 4096]; };
END
expect 0 "$picky" plan sweep.cfg
said '^memory +the largest pack \(hidden_size 4096, [0-9]+ models? at a time\) needs [0-9.]+ [MG]B, records [0-9.]+ [kM]B' out
expect 0 "$picky" run sweep.cfg -o whole.h5
said '^picky: memory: the largest pack \(hidden_size 4096, [0-9]+ models? at a time\) needs .* a rank may use'
! grep -q warning err || fail "a warning for nothing"

# ---- one configuration does not fit ----
in_memory 4 420 "$picky" run sweep.cfg -o part.h5
said '^picky: warning: configuration 2 \(hidden_size = 4096\): not one model fits into memory: with its records it needs [0-9]+ MB, a rank may use [0-9]+ MB; its jobs end as errors$'
said '^picky: the file: 6 expected: [0-9]+ accepted, [0-9]+ rejected, 0 diverged, 2 error, 0 pending$'
said '^picky: complete, but 2 jobs failed with an error: picky status part.h5 says why, '
! grep -q "out of memory$" err || fail "a failing job is no failure of the run"
for command in "run sweep.cfg -o part.h5 --resume" "run sweep.cfg -o part.h5 --resume --retry error"; do
    # shellcheck disable=SC2086
    in_memory 4 420 "$picky" $command
    said '2 error, 0 pending'
done
expect 0 "$picky" status part.h5
said '^  pending +0 ' out
said '^  error +2 ' out
said '^  2 jobs: out of memory: a model needs [0-9]+ MB, there are [0-9.]+ [kM]B$' out
said '^    first: configuration 2 \(hidden_size = 4096\), replicate 0$' out
expect 0 "$picky" verify part.h5 --all
said '2 with an error: not to be done again' out
expect 0 "$picky" run sweep.cfg -o part.h5 --resume --retry error
same part.h5
expect 0 "$picky" status part.h5
said '^  error +0 ' out
! grep -q 'out of memory' out || fail "status has errors of none"

# ---- what can be done elsewhere only ----
in_memory 4 420 "$picky" verify whole.h5 --all
said 'configuration 2 \(hidden_size = 4096\), replicate [01]: cannot be done again: out of memory' out
said '4 done again: their bits are the same' out
in_memory 3 420 "$picky" train --set hidden_size=4096 --set hidden_layers=5
[[ $(cat err) =~ ^picky:\ out\ of\ memory:\ a\ model ]] || fail "train: $(cat err)"
in_memory 0 300 "$picky" plan sweep.cfg
said 'warning: configuration 2 .*not one model fits'
in_memory 0 300 "$picky" plan sweep.cfg --sbatch 1
said 'one job \(configuration 2 \(hidden_size = 4096\)\) needs about' out
said 'warning: configuration 2 .*not one model fits'
[[ $(sed -n 's/#SBATCH --mem-per-cpu=\(.*\)M/\1/p' out) -gt 200 ]] || fail "the script asks for too little: $(grep mem out)"

# ---- two ranks ----
in_memory 4 420 mpirun -n 2 --oversubscribe --bind-to none "$picky" run sweep.cfg -o ranks.h5
said '2 error, 0 pending'
expect 0 "$picky" status ranks.h5
said '^  2 jobs: out of memory|^  1 job: out of memory' out

# ---- nothing fits: refused, and no file ----
sed "s/ store = ..;//" sweep.cfg >weights.cfg # half a GB for records
in_memory 2 420 "$picky" run weights.cfg -o none.h5
[[ $(wc -l <err) == 1 && ! -e none.h5 ]] || fail "not one line, or a file: $(cat err)"
said '^picky: weights.cfg: no configuration fits into memory: one model of configuration 0 \(hidden_size = 4\)'
in_memory 0 420 "$picky" run sweep.cfg -o null.h5 --null-jobs
sed 's/4, 30, //' sweep.cfg >large.cfg
in_memory 2 420 "$picky" run large.cfg -o large.h5
[[ $(wc -l <err) == 1 && ! -e large.h5 ]] || fail "not one line, or a file: $(cat err)"
# A complete file is complete, wherever it is looked at.
expect 0 "$picky" run large.cfg -o large.h5 --set replicates=1
in_memory 0 420 "$picky" run large.cfg -o large.h5 --set replicates=1 --resume
said 'is complete: nothing to do'

# ---- a control group, where one can be made ----
group=
if [[ -w /sys/fs/cgroup/memory/cgroup.procs ]]; then
    own=$(sed -nE 's/^[0-9]+:([^:]*,)?memory(,[^:]*)?:(.*)/\3/p' /proc/self/cgroup)
    for parent in "/sys/fs/cgroup/memory${own%/}" "/sys/fs/cgroup/memory$(dirname "$own")"; do
        mkdir "$parent/picky_test_$$" 2>/dev/null && group=$parent/picky_test_$$ && break
    done
fi
if [[ -n $group ]] && echo $((220 << 20)) >"$group/memory.limit_in_bytes" 2>/dev/null; then
    code=0
    bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$group" \
        "$picky" run sweep.cfg -o group.h5 --set replicates=1 >out 2>err || code=$?
    [[ $code == 4 ]] || fail "in a control group: code $code"
    said 'warning: configuration 2 .*not one model fits into memory.* a rank may use [0-9]+ MB'
    said '1 error, 0 pending'
else
    echo "no control group can be made here: by made-up ones only (test_memory)"
fi
for _ in {1..50}; do # it may be busy for a moment
    [[ -n $group && -d $group ]] || break
    rmdir "$group" 2>/dev/null || true
    sleep 0.1
done
echo "passed"
