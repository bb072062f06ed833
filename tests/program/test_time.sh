#!/usr/bin/env bash
# Time that passes in odd ways: a terminal that goes away, a machine that was suspended, a process that was stopped; a time
# limit that may be misread; CPUs of which a control group leaves a part.
# Usage: test_time.sh PICKY CLOCK_SHIM SLOW_SHIM
set -euo pipefail
picky=$(realpath "$1") shim=$(realpath "$2")
slow=$(realpath "$3")
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
group=
end() {
    [[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true
    [[ -z $group ]] || rmdir "$group" 2>/dev/null || { sleep 1; rmdir "$group" || true; }
    rm -rf "$work"
}
trap end EXIT
pid=
cd "$work"

fail() {
    echo "FAILED: $*"
    cat log
    exit 1
}
said() {
    grep -qE "$1" log || fail "not said: $1"
}
wait_for() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || fail "no: $*"
        sleep 0.02
    done
}
# One pack that takes minutes.
cat >sweep.cfg <<'END'
replicates = 1;
model = { hidden_size = 60; hidden_layers = 4; epochs = 100000; max_attempts = 1; };
END
# start COMMAND...: in the background, until it trains; $pid
start() {
    rm -f out.h5
    : >log
    "$@" >>log 2>&1 &
    pid=$!
    wait_for 30 grep -q 'jobs\? to do' log
}
# ends CODE MILLISECONDS: it ends so, and so soon
ends() {
    local code=0 start took
    start=$(date +%s%N)
    wait_for 20 eval "! kill -0 $pid 2>/dev/null"
    wait "$pid" || code=$?
    took=$((($(date +%s%N) - start) / 1000000))
    [[ $code == "$1" ]] || fail "exit code $code, not $1"
    ((took <= $2)) || fail "$took ms to end"
    "$picky" status out.h5 | grep -qE '^ *pending +1 ' || fail "the file"
}
run=(env LD_PRELOAD="$slow" "$picky" run sweep.cfg -o out.h5)

# ---- SIGHUP ----
start "${run[@]}"
kill -HUP "$pid"
ends 75 1500
said '^picky: stopping: SIGHUP on rank 0'
start nohup "${run[@]}"
kill -HUP "$pid"
sleep 0.3
! grep -q stopping log || fail "stopped in spite of nohup"
kill -TERM "$pid"
ends 75 1500
said '^picky: stopping: SIGTERM'
# The terminal itself goes away, and with it all that could be said.
rm out.h5
timeout 60 /usr/bin/python3 - "${run[@]}" <<'END' || fail "a terminal that goes away"
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
text = b""
while b" 0/1" not in text: # the bar
    text += os.read(terminal, 4096)
os.close(terminal)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(f"exit code {code}, not 75" if code != 75 else 0)
END
"$picky" status out.h5 | grep -qE '^ *pending +1 ' || fail "the file"

# ---- the machine is suspended for two hours ----
start env CLOCK_SHIM="$work/suspended" env LD_PRELOAD="$shim:$slow" "${run[@]:2}" --time-limit 1h
touch suspended
ends 75 1500
said '^picky: stopping: the time left is too short to go on$'
rm suspended
start env CLOCK_SHIM="$work/suspended" env LD_PRELOAD="$shim:$slow" "${run[@]:2}" --time-limit 0-04
touch suspended
sleep 0.3
! grep -q stopping log || fail "stopped with two hours left"
kill -TERM "$pid"
ends 75 1500

# ---- the process is stopped until its time is over ----
start "${run[@]}" --time-limit 3
kill -STOP "$pid"
sleep 3
kill -CONT "$pid"
ends 5 1000 # it had all of its time
said '^picky: --time-limit 3 is 3.0 s \(a number alone is seconds; for minutes write 10m or 10:00\)$'

# ---- a job that is longer than the limit ----
code=0
rm out.h5
"${run[@]}" --time-limit 1s >log 2>&1 || code=$?
[[ $code == 5 ]] || fail "a job longer than the limit: exit code $code"
said '^picky: warning: one job \(configuration 0\) needs about .*; the limit leaves .*: too little for one attempt$'
said '^picky: stopped early: 0 of 1 jobs done, none .* again; without a limit, or with a longer one, go on with:$'
said '^  \S*picky run sweep.cfg -o out.h5 --resume$'
# Slurm's limit, and its warning, shortly before: the same, unless the run had but a part of the job's time.
slurm() { # START END, both from now on
    env SLURM_JOB_START_TIME=$(($(date +%s) + $1)) SLURM_JOB_END_TIME=$(($(date +%s) + $2)) "${run[@]}" --resume
}
code=0
slurm 0 2 >log 2>&1 || code=$?
[[ $code == 5 ]] || fail "Slurm's limit: exit code $code"
said 'the whole time limit \(Slurm.s time limit\).*; go on with:$'
said '^  \S*picky run sweep.cfg -o out.h5 --resume$'
code=0
slurm -10 2 >log 2>&1 || code=$?
[[ $code == 75 ]] || fail "the end of Slurm's time: exit code $code"
for case in 4:5 400:75; do # the warning comes shortly before, or long
    : >log
    slurm 0 "${case%:*}" >>log 2>&1 &
    pid=$!
    wait_for 30 grep -q 'jobs\? to do' log
    pkill -USR1 -P "$pid"
    wait_for 10 grep -q '^picky: stopping: SIGUSR1' log
    pkill -TERM -P "$pid" || true # no need to wait for the models in training
    ends "${case#*:}" 5000
done
# Where any job is finished going on is of use.
cat >two.cfg <<'END'
replicates = 1;
model = { hidden_layers = 4; max_attempts = 3; };
cases = ( { hidden_size = 60; epochs = 100000; }, { hidden_size = 5; epochs = 1; } );
END
code=0
LD_PRELOAD=$slow timeout 60 mpirun -n 2 --oversubscribe --bind-to none "$picky" run two.cfg -o two.h5 --time-limit 3s >log 2>&1 || code=$?
[[ $code == 75 ]] || fail "one job finished, one not: exit code $code"
said ' 1 of 2 jobs done; go on with:$'
said '^  mpirun -n 2 --oversubscribe --bind-to none \S*picky run two.cfg -o two.h5 --time-limit 3s --resume$'
code=0
LD_PRELOAD=$slow timeout 60 mpirun -n 2 --oversubscribe --bind-to none "$picky" run two.cfg -o two.h5 --time-limit 3s --resume >log 2>&1 || code=$?
[[ $code == 5 ]] || fail "the longer one left: exit code $code"
said 'warning: one job \(configuration 0 .* needs about .*, with up to 3 attempts .*; the limit leaves'
said ' 1 of 2 jobs done, none of them in this run: '
timeout 20 "$picky" plan two.cfg --time-limit 0-00:01 >log
said '^longest  *one job \(configuration 0 .*; the limit leaves 57 s: too little for one attempt$'
timeout 20 "$picky" plan two.cfg --set max_attempts=1 --set N_train=10 --time-limit 1d >log
said '^longest  *one job \(configuration 0 .*; the limit leaves 24 h 00 min: enough$'

# Short jobs are done before one that is too long, with all their attempts, which do not wait for its company.
cat >mix.cfg <<'END'
replicates = 2;
model = { hidden_size = 5; };
cases = ( { epochs = 100000; grid = { lr = [0.001, 0.002]; }; },
          { epochs = 10; max_attempts = 3; error_threshold = 1e-9; }, { epochs = 20; } );
END
for case in 75:'4 of 8 jobs done;' 5:'4 of 8 jobs done, none'; do
    code=0
    timeout 60 "$picky" run mix.cfg -o mix.h5 --time-limit 2s --resume >log 2>&1 || code=$?
    [[ $code == "${case%%:*}" ]] || fail "short jobs and long ones: exit code $code"
    said '^picky: so the shortest jobs go first$'
    said "^picky: stopped early: ${case#*:} "
done

# ---- what may be misread, and what is wrong ----
start "${run[@]}" --time-limit 90:00
kill -TERM "$pid"
ends 75 1500
said '^picky: --time-limit 90:00 is 1 h 30 min \(MM:SS; HH:MM:00 for hours\)$'
said 'training must end by .* \(--time-limit, 1 h 30 min\)$'
code=0
"${run[@]}" --time-limit 1-24 >log 2>&1 || code=$?
[[ $code == 2 && $(wc -l <log) == 1 ]] || fail "a wrong time limit: exit code $code"
said '^picky: --time-limit: 1-24: allowed: a duration above 0 .* D-HH:MM:SS$'

# ---- a control group of half a CPU, where one can be made ----
for parent in /sys/fs/cgroup/cpu /sys/fs/cgroup; do
    mkdir "$parent/picky_test_$$" 2>/dev/null && group=$parent/picky_test_$$ && break
done
if { [[ -n $group ]] && echo 100000 >"$group/cpu.cfs_period_us" && echo 50000 >"$group/cpu.cfs_quota_us" ||
    echo '50000 100000' >"$group/cpu.max"; } 2>/dev/null; then
    rm -f out.h5
    # shellcheck disable=SC2016
    timeout 60 bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$group" \
        mpirun -n 2 --oversubscribe --bind-to none "${run[@]}" --set epochs=1 >log 2>&1 || fail "in a control group"
    said "^picky: warning: 2 ranks on .* share 0.5 CPU by a control group's quota: start no more than 1 there"
    said 'a rank may use 1 of its node'
else
    echo "no control group can be made here: by made-up ones only (test_cpus)"
fi
