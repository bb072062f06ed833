#!/usr/bin/env bash
# The job scripts on a real Slurm (cluster.sh): launched, stopped, killed, lost and resumed, and every result the same bits
# as a run that nothing happened to. The scenarios run at the same time, each in a folder of its own.
# Usage: test_slurm.sh PICKY SOURCE_DIR [SCENARIO]...
set -euo pipefail
picky=$(realpath "$1") source_dir=$(realpath "$2")
shift 2
jobs=$source_dir/jobscripts cluster=$source_dir/tests/slurm/cluster.sh
work=$(mktemp -d)
end() {
    "$cluster" stop "$work/cluster" 2>/dev/null || true
    ! mountpoint -q "$work/full_disk/disk" || umount "$work/full_disk/disk"
    rm -rf "$work" 2>/dev/null || { sleep 1; rm -rf "$work"; }
}
trap end EXIT
cd "$work"

code=0
SLURMD_TIMEOUT=20 "$cluster" start "$work/cluster" 30 || code=$?
((code != 77)) || { trap - EXIT; rm -rf "$work"; exit 77; }
((code == 0)) || { tail -n 20 cluster/*.out cluster/*.log; exit 1; }
# shellcheck disable=SC1091
. "$work/cluster/env"

# Eight hundred jobs: half a second with vectors, twenty without, and the same bits. Where there is a file `slow`, the
# program that the jobs run goes without, and once it is seen to be under way (`seen`) it is stopped for 1.9 s after as many as
# the file says, which costs nothing; so a scenario decides when its sweep gets anywhere. Where there is a file `frozen.R`, rank R
# is stopped for good.
cat >sweep.cfg <<'END'
replicates = 400; seed = 5;
model = { hidden_size = 12; hidden_layers = 3; N_train = 800; epochs = 10; max_attempts = 2; };
grid = { context_location = ("start", "end"); };
END
# shellcheck disable=SC2094  # $picky is another file
cat >picky <<END
#!/usr/bin/env bash
if [[ \$1 == run ]]; then
    slow=slow\${SLURM_ARRAY_TASK_ID-} rank=\${OMPI_COMM_WORLD_RANK:-\${SLURM_PROCID:-0}}
    if [[ -e \$slow ]]; then
        export PICKY_SIMD=portable
        ( # Slurm signals this one too
            trap '' USR1 USR2 TERM INT HUP
            share=1
            while { read -r share <\$slow; sleep \$share; } && kill -0 \$\$; do
                [[ ! -e frozen.\$rank ]] || { kill -STOP \$\$; exit; }
                [[ -e \$slow && -e seen ]] || continue
                kill -STOP \$\$
                sleep 1.9
                kill -CONT \$\$
            done
        ) </dev/null >/dev/null 2>&1 &
    fi
    [[ ! -e fail-\${SLURM_ARRAY_TASK_ID-} ]] || exit 2
    echo \$\$ >pid.\$rank
fi
exec "$picky" "\$@"
END
chmod +x picky
export PICKY=$work/picky PICKY_ANALYSE=${picky%/*}/picky-analyse
# A tree in which the scripts find the programs by themselves.
mkdir -p "a tree/build"
cp -r "$jobs" "a tree/jobscripts"
ln -s "$work/picky" "a tree/build/picky"

fail() {
    echo "FAILED: $scenario: $*"
    tail -n 40 ./*.log 2>/dev/null || true
    scontrol show job 2>/dev/null | grep -B 3 -A 8 "WorkDir=$PWD\$" || true
    exit 1
}
mkfifo nothing
exec {nothing}<>nothing
wait_for() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || fail "no: $*"
        read -rt 0.5 -u "$nothing" || true # sleep, without a process: there would be thousands
    done
}
# submit ARGUMENTS OF sbatch...: $id
submit() {
    id=$(sbatch --parsable "$@") || fail "sbatch $*"
}
property() { # ID NAME
    [[ $(scontrol -o show job "$1") =~ " $2="([^ ]*) ]] && echo "${BASH_REMATCH[1]}"
}
is_state() { # ID PATTERN
    [[ $(property "$1" JobState) =~ ^($2)$ ]]
}
# wait_end ID STATE EXIT_CODE: the job ends so
wait_end() {
    wait_for 240 is_state "$1" "COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL"
    [[ $(property "$1" JobState) == "$2" ]] || fail "job $1: $(property "$1" JobState), not $2"
    [[ $(property "$1" ExitCode) == "$3:0" ]] || fail "job $1: exit code $(property "$1" ExitCode), not $3"
}
expect_restarts() { # ID N
    [[ $(property "$1" Restarts) == "$2" ]] || fail "job $1: requeued $(property "$1" Restarts) times, not $2"
}
expect_requeued() { # ID; more than once if the machine is so slow that the rest takes long, too
    (($(property "$1" Restarts) >= 1)) || fail "job $1: not requeued"
}
expect() { # TEXT [FILE]: it is in the log
    local logs=(./*.log)
    [[ $# == 1 ]] || logs=("$2")
    grep -qE "$1" "${logs[@]}" || fail "not in the log: $1"
}
expect_not() {
    ! grep -E "$1" ./*.log || fail "in the log: $1"
}
# Some jobs are done, and a run is still at it.
is_under_way() {
    "$picky" status "$1" 2>/dev/null >state && grep -q '^A run is writing it' state && ! grep -qE '^  done +0 ' state &&
        touch seen
}
expect_same_bits() {
    /usr/bin/python3 "$source_dir/tests/compare_results.py" "$1" "$work/reference.h5" >differences ||
        fail "$1: $(cat differences)"
}

# ---- the scenarios ----

launch_srun() {
    submit -N 2 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_end "$id" COMPLETED 0
    expect '8 ranks \([a-z0-9]+\) on 2 nodes, 4 a node, .*; a rank may use '
    expect_same_bits out.h5
    submit --dependency=afterok:"$id" "$jobs/analyse.sbatch" ../sweep.cfg out.h5
    wait_end "$id" COMPLETED 0
    [[ -s out-analysis/summary.txt && -s out-analysis/training.svg && -s out-analysis/relative-importance.svg ]] ||
        fail "no analysis"
}

launch_mpirun() {
    unset PICKY
    PICKY_LAUNCHER=mpirun submit -N 2 -n 3 "$work/a tree/jobscripts/sweep.sbatch" ../sweep.cfg out.h5
    wait_end "$id" COMPLETED 0
    expect '3 ranks \([a-z0-9]+\) on 2 nodes, 1 to 2 a node'
    expect_same_bits out.h5
}

# Slurm's early signal: on to the ranks, exit code 75, requeued, complete.
signal() {
    echo 0.1 >slow
    PICKY_LAUNCHER=$1 submit -N 2 -n 2 -t 1 --signal=B:USR1@45 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_for 120 is_under_way out.h5
    wait_for 120 grep -q 'stopping: SIGUSR1' ./*.log
    rm slow
    wait_end "$id" COMPLETED 0
    expect_requeued "$id"
    expect 'picky: stopped early: .* back into the queue|stopped early: back into the queue'
    expect 'picky: resuming: [0-9]+ jobs are done'
    expect_same_bits out.h5
}
signal_srun() { signal srun; }
signal_mpirun() { signal mpirun; }

# The same without a signal, by the deadline that picky asks Slurm for.
deadline() {
    echo 0.1 >slow
    submit -N 1 -n 1 -t 1 --signal=B:USR1@0 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_for 120 is_under_way out.h5
    wait_for 120 grep -q 'the time left is too short' ./*.log
    rm slow
    wait_end "$id" COMPLETED 0
    expect_requeued "$id"
    expect 'must end by .* \(Slurm'
    expect_not SIGUSR1
    expect_same_bits out.h5
}

# Cancelled is cancelled: not requeued, and goes on when it is submitted again.
cancel() {
    echo 0.1 >slow
    submit -N 2 -n 2 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_for 120 is_under_way out.h5
    scancel "$id"
    wait_for 60 is_state "$id" CANCELLED
    rm slow
    submit -N 2 -n 4 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_end "$id" COMPLETED 0
    is_state $((id)) COMPLETED
    expect 'picky: resuming: [0-9]+ jobs are done'
    expect_same_bits out.h5
}

# A rank is killed: the job launches the sweep again.
kill_rank() {
    echo 0.1 >slow
    PICKY_LAUNCHER=$1 submit -N 2 -n 4 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_for 120 is_under_way out.h5
    rm slow
    kill -KILL "$(cat pid.3)"
    wait_end "$id" COMPLETED 0
    expect_restarts "$id" 0
    expect 'crashed, code [0-9]+: launching it again'
    expect 'picky: resuming: [0-9]+ jobs are done'
    expect_same_bits out.h5
}
kill_srun() { kill_rank srun; }
kill_mpirun() { kill_rank mpirun; }

# Again and again: it gives up.
kill_always() {
    local n
    echo 0.1 >slow
    PICKY_RELAUNCHES=1 submit -N 1 -n 1 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    for n in 1 2; do
        wait_for 120 is_under_way out.h5
        kill -KILL "$(cat pid.0)"
        ((n == 2)) || wait_for 30 grep -q 'launching it again' ./*.log
    done
    wait_end "$id" FAILED 137
    expect 'crashed 2 times, now by code 137: giving up'
}

# A node loses its power, not the one that runs the script; Slurm requeues the job by itself.
lose_node() {
    echo 0.1 >slow
    PICKY_LAUNCHER=mpirun submit -N 2 -n 2 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_for 120 is_under_way out.h5
    local nodes
    nodes=$(scontrol show hostnames "$(property "$id" NodeList)" | tail -n 1)
    "$cluster" lose "$work/cluster" "$nodes"
    rm slow
    wait_end "$id" COMPLETED 0
    expect_restarts "$id" 1
    expect 'picky: resuming: [0-9]+ jobs are done'
    expect_same_bits out.h5
}

# The node that runs the script, and rank 0, loses its power.
lose_first_node() {
    local node
    echo 0.1 >slow
    submit -N 2 -n 2 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_for 120 is_under_way out.h5
    node=$(scontrol show hostnames "$(property "$id" NodeList)" | head -n 1)
    "$cluster" lose "$work/cluster" "$node"
    rm slow
    wait_end "$id" COMPLETED 0
    expect_requeued "$id"
    expect 'picky: resuming: [0-9]+ jobs are done'
    expect_same_bits out.h5
}

# freeze RANK...: stops these for good, and waits until Slurm has warned of the end (30 s before, so that a busy machine has as
# much time to start), which they do not notice
is_stopped() { grep -q '^State:.*stopped' "/proc/$(cat "pid.$1")/status"; }
is_warned() { grep -qE '^ShdPnd:.*[2367abef]..$' "/proc/$(cat "pid.$1")/status"; }
freeze() {
    local rank
    for rank; do
        touch "frozen.$rank"
    done
    for rank; do
        wait_for 30 is_stopped "$rank"
    done
    wait_for 120 is_warned "$1"
    rm slow frozen.*
}
# A rank hangs, on the script's node or not: soon after the warning, and ten seconds of grace, all end by 75.
frozen() {
    local rank
    echo 0.1 >slow
    submit -N 2 -n 3 -t 1 --signal=B:USR1@30 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_for 120 is_under_way out.h5
    freeze 0 1 2
    for rank in 0 1 2; do
        ((rank == $1)) || kill -CONT "$(cat pid.$rank)"
    done
    wait_for 60 grep -q 'back into the queue' ./*.log
    wait_end "$id" COMPLETED 0
    expect_requeued "$id"
    expect "rank $2"
    expect 'picky: resuming: [0-9]+ jobs are done'
    expect_same_bits out.h5
}
frozen_worker() { frozen 2 '2 on .* is stuck: it has not been heard of for '; }
frozen_writer() { frozen 0 '[12] on .*: (the time is over|SIG[A-Z0-9]*), and rank 0 has not been heard of for '; }

# The output's disk is full just when the time is over: what was safe stays so, and the job goes on once there is room.
full_disk() {
    echo 0.1 >slow
    mkdir disk
    mount -t tmpfs -o size=64m picky-test disk
    submit -N 1 -n 1 -t 1 --signal=B:USR1@30 "$jobs/sweep.sbatch" ../sweep.cfg disk/out.h5
    wait_for 120 is_under_way disk/out.h5
    freeze 0
    head -c 64M /dev/zero >disk/fill 2>/dev/null || true
    kill -CONT "$(cat pid.0)"
    wait_for 60 grep -q 'ended by code 3 when warned: back into the queue' ./*.log
    rm disk/fill
    wait_end "$id" COMPLETED 0
    expect_requeued "$id"
    expect 'No space left on device'
    expect 'picky: resuming: [0-9]+ jobs are done'
    expect_same_bits disk/out.h5
    umount disk
}

# A job that is longer than the limit: by 5, and not again. In an array that is the end of its shard, and the merge's.
cat >long.cfg <<'END'
replicates = 1;
model = { hidden_layers = 4; max_attempts = 2; };
cases = ( { hidden_size = 5; epochs = 1; }, { hidden_size = 60; epochs = 100000; } );
END
expect_too_long() { # ID LOG
    wait_end "$1" FAILED 5
    (($(property "$1" Restarts) <= 2)) || fail "job $1: requeued" # once more if it started late
    expect 'warning: one job \(configuration 1 .* the limit leaves .*: too little for one attempt$' "$2"
    expect 'one job needs longer than the whole time limit: submit it again with a longer --time' "$2"
}
too_long() {
    echo 0.3 >slow # of the end it is to notice in time
    submit -N 2 -n 2 -t 1 -o long.log "$jobs/sweep.sbatch" ../long.cfg out.h5
    wait_for 120 grep -qs 'jobs to do' long.log
    touch seen
    expect_too_long "$id" long.log
    expect_requeued "$id" # a job was finished at first
    expect 'picky: stopped early: 1 of 2 jobs done; go on with:' long.log
    "$picky" status out.h5 | grep -q '^ *pending *1 ' || fail "the file"
}
too_long_array() {
    local array
    echo 0.3 >slow2
    submit -t 1 --array=1-2 -n 1 "$jobs/array.sbatch" ../long.cfg out.h5
    array=$id
    submit --dependency=afterok:"$array" "$jobs/merge.sbatch" ../long.cfg out.h5
    wait_for 120 grep -qs 'job to do' "picky-shard-${array}_2.log"
    touch seen
    wait_end "${array}_1" COMPLETED 0
    expect_too_long "${array}_2" "picky-shard-${array}_2.log"
    wait_for 60 is_state "$id" CANCELLED
}

# Two jobs on one output: the second is refused and neither launched again nor requeued; nor is a bad sweep.
twice() {
    local first
    echo 0.1 >slow
    submit -N 1 -n 1 -o first.log "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    first=$id
    wait_for 120 is_under_way out.h5
    submit -N 1 -n 1 -o second.log "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_end "$id" FAILED 2
    expect_restarts "$id" 0
    expect 'out.h5: another run is writing' second.log
    expect 'bad usage, sweep or file' second.log
    is_state "$first" RUNNING || fail "the first job suffered"
    scancel "$first"
    echo 'replicates = 0;' >bad.cfg
    submit -N 1 -n 2 -o bad.log "$jobs/sweep.sbatch" bad.cfg bad.h5
    wait_end "$id" FAILED 2
    expect_restarts "$id" 0
    expect 'replicates = 0' bad.log
    [[ $(grep -c 'replicates = 0' bad.log) == 1 ]] || fail "a bad sweep was launched again"
    PICKY=nowhere/picky submit -N 1 -o nowhere.log "$jobs/sweep.sbatch" ../sweep.cfg bad.h5
    wait_end "$id" FAILED 2
    expect 'no program nowhere/picky: set PICKY' nowhere.log
}

# srun without PMIx, by which Open MPI 4 cannot start and 5 starts each rank alone: one line. A job of several tasks that
# launches nothing: a warning.
mismatch() {
    local code=0
    srun --mpi=none -N 1 -n 3 "$picky" run ../sweep.cfg -o out.h5 >mismatch.log 2>&1 || code=$?
    { ((code == 2)) && [[ ! -e out.h5 ]]; } || fail "exit code $code, not 2"
    expect '^picky: srun (without PMIx|started 3 copies).*: launch by srun --mpi=pmix, or by ' mismatch.log
    [[ $(grep -vc ^srun: mismatch.log) == 1 ]] || fail "more than one line"
    cat >alone.sbatch <<END
#!/bin/sh
exec "$picky" run ../sweep.cfg -o alone.h5
END
    submit -N 1 -n 2 -o alone.log alone.sbatch
    wait_end "$id" COMPLETED 0
    expect 'warning: the job has 2 tasks, of which picky uses one' alone.log
}

# Shards, of which the last one, whose job bears the array's own id, has to be requeued; then their merge.
array() {
    local array seconds
    echo 0.1 >slow3
    submit --array=1-3 -n 1 --signal=B:USR1@45 "$jobs/array.sbatch" ../sweep.cfg out.h5
    array=$id
    submit --dependency=afterok:"$array" "$jobs/merge.sbatch" ../sweep.cfg out.h5
    wait_for 120 is_under_way out.shard-3-of-3.h5
    # A minute for it, or more on a slow machine: the signal comes 45 s before the end.
    seconds=$(property "${array}_3" RunTime | awk -F: '{ print $1 * 3600 + $2 * 60 + $3 }')
    scontrol update JobId="${array}_3" TimeLimit=$(((seconds + 110) / 60))
    wait_for 120 grep -q 'stopping: SIGUSR1' "picky-shard-${array}_3.log"
    is_state "$id" PENDING || fail "the merge did not wait"
    rm slow3
    wait_end "$id" COMPLETED 0
    expect_restarts "${array}_1" 0
    expect_restarts "${array}_2" 0
    expect_requeued "${array}_3"
    expect_same_bits out.h5
}

# A shard fails: the merge is cancelled. By hand it names what is missing, and what is not complete; and goes on.
failed_shard() {
    local array code=0
    touch fail-2
    submit --array=1-3 -n 1 "$jobs/array.sbatch" ../sweep.cfg out.h5
    array=$id
    submit --dependency=afterok:"$array" "$jobs/merge.sbatch" ../sweep.cfg out.h5
    wait_for 120 is_state "$id" CANCELLED
    [[ $(property "$id" Reason) == DependencyNeverSatisfied ]] || fail "cancelled for $(property "$id" Reason)"
    wait_end "${array}_2" FAILED 2
    expect 'bad usage, sweep or file' "picky-shard-${array}_2.log"
    wait_end "${array}_1" COMPLETED 0
    wait_end "${array}_3" COMPLETED 0
    submit -o missing.log "$jobs/merge.sbatch" ../sweep.cfg out.h5
    wait_end "$id" FAILED 2
    expect 'missing: out.shard-2-of-3.h5$' missing.log
    [[ ! -e out.h5 ]] || fail "a merge without a shard"

    PICKY_SIMD=portable "$picky" run ../sweep.cfg -o out.shard-2-of-3.h5 --shard 2/3 --time-limit 2 2>shard.log ||
        code=$?
    ((code == 75)) || fail "the shard is not a partial one"
    submit -o partial.log "$jobs/merge.sbatch" ../sweep.cfg out.h5
    wait_end "$id" FAILED 75
    expect '[1-9][0-9]* pending' partial.log
    rm fail-2
    submit -N 1 -n 2 "$jobs/sweep.sbatch" ../sweep.cfg out.h5
    wait_end "$id" COMPLETED 0
    expect_same_bits out.h5
    # Or the shard anew, by itself.
    rm out.h5
    PICKY_SHARDS=3 submit --array=2 -n 1 "$jobs/array.sbatch" ../sweep.cfg out.h5
    submit --dependency=afterok:"$id" "$jobs/merge.sbatch" ../sweep.cfg out.h5
    wait_end "$id" COMPLETED 0
    expect_same_bits out.h5
}

# Some jobs failed: exit code 4, not launched again; a shard may be merged by afterok, and what waits for the whole so is
# cancelled. Forty replicates, of which files are there that lack some jobs and hold some that failed.
job_errors() {
    local single array merge waiting again=(../sweep.cfg single.h5 --set replicates=40)
    "$picky" run ../sweep.cfg -o single.h5 --set replicates=40 2>run.log
    "$picky" run ../sweep.cfg -o out.shard-1-of-2.h5 --set replicates=40 --shard 1/2 2>run.log
    /usr/bin/python3 - single.h5 out.shard-1-of-2.h5 <<'END'
import sys, h5py
for name in sys.argv[1:]:
    with h5py.File(name, "r+") as f:
        status = f["status"][:]
        done = status.flat[:].nonzero()[0]
        status.flat[done[:3]], status.flat[done[-9:]] = 4, 0
        f["status"][:] = status
END
    submit -N 1 -n 2 -o single.log "$jobs/sweep.sbatch" "${again[@]}"
    single=$id
    submit --array=1-2 -n 1 -o shard-%a.log "$jobs/array.sbatch" ../sweep.cfg out.h5 --set replicates=40
    array=$id
    submit --dependency=afterok:"$array" -o merge.log "$jobs/merge.sbatch" ../sweep.cfg out.h5
    merge=$id
    submit --dependency=afterok:"$merge" -o waiting.log "$jobs/analyse.sbatch" ../sweep.cfg out.h5
    waiting=$id
    submit --dependency=afterany:"$merge" -o analyse.log "$jobs/analyse.sbatch" ../sweep.cfg out.h5
    wait_end "$single" FAILED 4
    expect_restarts "$single" 0
    expect '^picky: complete, but 3 jobs failed' single.log
    expect '^picky: complete, but some jobs failed' single.log
    [[ $(grep -c '^picky: resuming: 71 jobs are done, 9 are left' single.log) == 1 ]] || fail "not launched once"
    wait_end "${array}_1" COMPLETED 0
    wait_end "${array}_2" COMPLETED 0
    expect 'complete, but some jobs failed' shard-1.log
    wait_end "$merge" FAILED 4
    expect '3 error, 0 pending$' merge.log
    wait_end "$id" COMPLETED 0
    wait_for 60 is_state "$waiting" CANCELLED
    # With nothing left to do it is the same, by the other launcher too, and by a script of picky 0.1.0 that was changed as
    # CHANGELOG.md says.
    cp "$source_dir/tests/slurm/plan-0.1.0.sbatch" job.sbatch
    # shellcheck disable=SC2016  # Markdown's backquotes
    sed -n '/^ *```sh$/,/^ *```$/p' "$source_dir/CHANGELOG.md" | sed '/```/d' | bash
    PICKY_LAUNCHER=mpirun submit -N 1 -n 2 -o mpirun.log "$jobs/sweep.sbatch" "${again[@]}"
    single=$id
    wait_end "$single" FAILED 4
    submit -o changed.log job.sbatch "${again[@]}" # one after the other: they write the same file
    wait_end "$id" FAILED 4
    [[ $(grep -c 'nothing to do$' mpirun.log changed.log) == $'mpirun.log:1\nchanged.log:1' ]] || fail "not launched once"
}

# Launches that end by other codes than the sweep's. With jobs pending 0 and 1 are those of a crash; with none it is complete.
# At 5 all ends.
launcher_codes() {
    local code
    cat >ends <<END
#!/bin/sh
[ "\$1" = run ] || exec "$picky" "\$@"
echo launched
[ -e first ] || "$picky" "\$@"
exit "\$(cat code)"
END
    chmod +x ends
    export PICKY=$PWD/ends
    echo 1 >code
    submit -N 1 -n 1 -o whole.log "$jobs/sweep.sbatch" ../sweep.cfg whole.h5 --set replicates=40
    wait_end "$id" COMPLETED 0
    [[ $(grep -c ^launched whole.log) == 1 ]] || fail "launched again"
    touch first
    for code in 0:3 1:1; do
        echo "${code%:*}" >code
        PICKY_RELAUNCHES=1 submit -N 1 -n 1 -o crash-$code.log "$jobs/sweep.sbatch" ../sweep.cfg crash.h5
        wait_end "$id" FAILED "${code#*:}"
        expect "crashed 2 times, now by code ${code#*:}: giving up" crash-$code.log
    done
    echo 5 >code
    submit -N 1 -n 1 -o long.log "$jobs/sweep.sbatch" ../sweep.cfg long.h5
    wait_end "$id" FAILED 5
    expect_restarts "$id" 0
    expect 'picky: one job needs longer than the whole time limit' long.log
    [[ $(grep -c ^launched long.log) == 1 ]] || fail "launched again at 5"
}

# What `picky plan` prints, as it is.
plan_script() {
    local name resources
    for name in nodes ranks; do
        resources=(--ranks 3)
        [[ $name == ranks ]] || resources=(--sbatch 2 --ranks-per-node 2)
        mkdir $name
        "$picky" plan ../sweep.cfg "${resources[@]}" --set replicates=400 -o $name/out.h5 >$name.sbatch
        submit -o $name.log $name.sbatch
        wait_end "$id" COMPLETED 0
        expect_same_bits $name/out.h5
    done
    expect '4 ranks .* on 2 nodes, 2 a node' nodes.log
    expect '3 ranks .* on [123] nodes?' ranks.log
    expect '^# Simulated, from a short timing and [0-9]* jobs? trained on one core of ' nodes.sbatch
}

all=(frozen_writer frozen_worker full_disk deadline lose_node lose_first_node too_long too_long_array array failed_shard signal_srun signal_mpirun launch_srun launch_mpirun plan_script mismatch cancel kill_srun kill_mpirun kill_always twice job_errors launcher_codes)
"$picky" run sweep.cfg -o reference.h5 2>/dev/null
(($# > 0)) || set -- "${all[@]}"
children=()
for scenario in "$@"; do
    mkdir "$scenario"
    (
        cd "$scenario"
        "$scenario"
        echo "$scenario: $SECONDS s"
    ) &
    children+=($!)
done
failures=0
for child in "${children[@]}"; do
    wait "$child" || failures=$((failures + 1))
done
((failures == 0)) || exit 1
echo "$# scenarios on Slurm"
