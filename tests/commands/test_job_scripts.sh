#!/usr/bin/env bash
# What the job scripts make of each exit code of a launch, without a cluster: srun, scontrol and picky are stand-ins. So too
# for the script that `picky plan` prints, and for one of picky 0.1.0 before and after what CHANGELOG.md says to change.
# Usage: test_job_scripts.sh PICKY SOURCE_DIR
# shellcheck source=tests/results_steps.sh
source "$2/tests/results_steps.sh"
jobs=$2/jobscripts
picky=$(realpath "$picky")

# ---- stand-ins: launch after launch the next code of $codes; "w" in front of it: Slurm warns during that launch ----
mkdir bin new old changed
cat >bin/srun <<'END_OF_SRUN'
#!/usr/bin/env bash
[[ $1 != --mpi=list ]] || { echo pmix; exit; }
trap '' USR1
echo launched >>log
codes=($(cat codes))
code=${codes[$(grep -c launched log) - 1]:-${codes[-1]}}
[[ $code != w* ]] || kill -USR1 $PPID
[[ $code != w* ]] || /bin/sleep 0.3
exit "${code#w}"
END_OF_SRUN
cat >bin/scontrol <<'END_OF_SCONTROL'
#!/bin/sh
[ "$1" != requeue ] || echo requeued >>log
echo "JobId=7 Command=$COMMAND WorkDir=/"
END_OF_SCONTROL
cat >bin/picky <<'END_OF_PICKY'
#!/bin/sh
[ "$1" != status ] || cat state
[ "$1" != merge ] || exit "$(cat codes)"
END_OF_PICKY
printf '#!/bin/sh\n' >bin/sleep
chmod +x bin/*
export PATH=$PWD/bin:$PATH PICKY=$PWD/bin/picky
export SLURM_JOB_NAME=job SLURM_JOB_ID=7 SLURM_NTASKS=2
unset SLURM_ARRAY_JOB_ID SLURM_RESTART_COUNT PICKY_LAUNCHER PICKY_RANKS PICKY_RELAUNCHES PICKY_REQUEUES

# ends SCRIPT CODES PENDING ERRORS END LAUNCHES REQUEUES: of a file with so many jobs pending and failed
ends() {
    local code=0 arguments=(sweep.cfg out.h5)
    echo "$2" >codes
    printf '  error      %12d    0.0 %%\n  pending    %12d    0.0 %%\n' "$4" "$3" >state
    : >log
    COMMAND="$1 ${arguments[*]}" timeout 60 bash "$1" "${arguments[@]}" >said 2>&1 || code=$?
    [[ "$code $(grep -c launched log) $(grep -c requeued log)" == "$5 $6 $7" ]] ||
        fail "$*: ended by $code after $(grep -c launched log) launches, $(grep -c requeued log) requeues: $(cat said)"
    n=$((n + 1))
}
n=0

# ---- this picky's scripts ----
cp "$jobs"/*.sbatch new
echo 'replicates = 2; model = { hidden_size = 4; epochs = 1; N_train = 100; };' >sweep.cfg
"$picky" plan sweep.cfg --ranks 2 >new/plan.sbatch
for script in new/sweep.sbatch new/plan.sbatch; do
    ends $script 0 0 0 0 1 0
    ends $script 4 0 3 4 1 0
    grep -qx 'job: complete, but some jobs failed' said || fail "it does not say that jobs failed"
    ends $script 4 0 0 4 1 0
    # A launcher's code, when all is done: the file counts.
    ends $script 1 0 0 0 1 0
    ends $script 1 0 3 4 1 0
    ends $script 0 0 3 4 1 0
    # The same with jobs pending: no end like that of a complete sweep.
    ends $script 0 9 0 3 4 0
    ends $script 4 9 3 3 4 0
    ends $script 1 9 3 1 4 0
    ends $script 2 9 0 2 1 0
    ends $script "137 2" 9 0 2 4 0
    ends $script 5 9 0 5 1 0
    ends $script w5 9 0 5 1 0
    grep -q '^job: one job needs longer than the whole time limit' said || fail "it does not say why it stops"
    ends $script "137 5" 9 0 75 2 1 # the second launch did not have the whole time
    ends $script 75 9 0 75 1 1
    for code in 3 134 137 143 205; do
        ends $script $code 9 0 $code 4 0
        ends $script w$code 9 0 75 1 1
    done
    ends $script "3 0" 0 0 0 2 0
    ends $script w4 0 3 4 1 0
    SLURM_RESTART_COUNT=50 ends $script 75 9 0 75 1 0
    SLURM_RESTART_COUNT=1 ends $script 2 9 0 2 4 0
done

# ---- a shard with failed jobs may be merged; what merge says is passed on ----
export SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=1
ends new/array.sbatch 4 0 3 0 1 0
ends new/array.sbatch 5 9 0 5 1 0
ends new/array.sbatch 137 9 0 137 4 0
unset SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT
touch out.shard-1-of-1.h5
for code in 0 4 75; do
    ends new/merge.sbatch $code 0 0 $code 0 0
done

# ---- the analysis takes every sweep that is shipped, whatever its number of configurations and tasks ----
export PICKY_ANALYSE=${picky%/*}/picky-analyse
for sweep in "$tests"/../sweeps/*.cfg; do
    name=$(basename "$sweep" .cfg)
    "$picky" run "$sweep" -o "$name.h5" --set replicates=1 --set epochs=1 --set max_attempts=1 --set N_test=10 2>said ||
        fail "$name: $(cat said)"
    COMMAND="new/analyse.sbatch sweep.cfg $name.h5" bash new/analyse.sbatch sweep.cfg "$name.h5" >said 2>&1 ||
        fail "the analysis of $name: $(cat said)"
    [[ -s $name-analysis/summary.txt && -s $name-analysis/report.html ]] || fail "$name: $(ls "$name-analysis")"
    # What is not drawn is named, with what to do.
    figures=$(find "$name-analysis" -name '*.svg' | wc -l) left_out=$(grep -c 'choose some with --where' said || true)
    ((figures + left_out == 4)) || fail "$name: $figures figures, $left_out left out: $(cat said)"
    [[ $name != context_x_fraction ]] || ((figures == 2)) || fail "no figures of a grid: $(cat said)"
    rm -r "$name.h5" "$name-analysis"
done
head -c 3000 "$picky" >no.h5 # and what is no results file is an error
if COMMAND="new/analyse.sbatch sweep.cfg no.h5" bash new/analyse.sbatch sweep.cfg no.h5 >said 2>&1; then
    fail "an analysis of a file that is none"
fi

# ---- scripts of picky 0.1.0: what the changelog says of them, and its remedy ----
cp "$tests/slurm/plan-0.1.0.sbatch" old/job.sbatch
ends old/job.sbatch 4 0 3 4 4 0
ends old/job.sbatch 5 9 0 5 4 0
cp old/job.sbatch changed
# shellcheck disable=SC2016  # Markdown's backquotes
sed -n '/^ *```sh$/,/^ *```$/p' "$tests/../CHANGELOG.md" | sed '/```/d' >remedy
grep -q '^ *sed -i .*code == 4' remedy || fail "the changelog has no remedy: $(cat remedy)"
(cd changed && bash ../remedy)
ends changed/job.sbatch 4 0 3 4 1 0
ends changed/job.sbatch 5 9 0 5 1 0
ends changed/job.sbatch 0 0 0 0 1 0
ends changed/job.sbatch 4 9 3 4 4 0
ends changed/job.sbatch 2 9 0 2 1 0
ends changed/job.sbatch 75 9 0 75 1 1
ends changed/job.sbatch 137 9 0 137 4 0
cp "$jobs/array.sbatch" changed
cp changed/job.sbatch changed/sweep.sbatch
export SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=1
ends changed/array.sbatch 4 0 3 0 1 0
echo "$n ends as they should be"
