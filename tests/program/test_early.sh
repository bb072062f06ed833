#!/usr/bin/env bash
# What needs no MPI answers without it, at once and once; and one rank without a launcher needs nothing around it.
# Usage: test_early.sh PICKY
set -euo pipefail
picky=$(realpath "$1")
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export TIMEFORMAT='%3U %3S'
n=0

fail() {
    echo "FAILED: $*"
    cat out err 2>/dev/null || true
    exit 1
}
# quick CODE COMMAND...: out and err are what it says; the least CPU time of three runs is at most 30 ms
quick() {
    local expected=$1 code least=999999 took
    shift
    for _ in 1 2 3; do
        code=0
        { time "$@" >out 2>err; } 2>seconds || code=$?
        [[ $code == "$expected" ]] || fail "$*: exit code $code, not $expected"
        took=$(awk '{ printf "%d", 1000000 * ($1 + $2) }' seconds)
        ((took >= least)) || least=$took
    done
    ((least <= 30000)) || fail "$*: $least us of CPU time"
    n=$((n + 1))
}
# launched CODE COMMAND...: the same by mpirun on three ranks, where only one speaks
launched() {
    local expected=$1 code=0
    shift
    timeout 60 mpirun -n 3 --oversubscribe --bind-to none "$@" >out 2>err || code=$?
    [[ $code == "$expected" ]] || fail "mpirun $*: exit code $code, not $expected"
    ! grep -qi 'finalize' err || fail "mpirun $*: its noise about MPI_Finalize"
    n=$((n + 1))
}

cat >good.cfg <<'END_OF_SWEEP'
replicates = 3; seed = 5;
model = { hidden_size = 4; N_train = 100; epochs = 1; max_attempts = 2; };
END_OF_SWEEP
echo 'model = { hidden_size = 0; };' >bad.cfg

# ---- without MPI ----
for command in run extend verify plan train; do
    quick 0 "$picky" "$command" --help
    grep -q "^Usage: picky $command" out || fail "$command --help"
done
for arguments in "--bogus" "missing.cfg" "bad.cfg" "good.cfg --time-limit 5x" "good.cfg --by bogus" "good.cfg --retry error"; do
    # shellcheck disable=SC2086
    quick 2 "$picky" run $arguments
    [[ ! -s out && $(grep -c '^picky' err) == 1 ]] || fail "run $arguments: not one line"
done
quick 2 "$picky" verify file.h5 --all --sample 3
quick 2 "$picky" extend good.cfg

# ---- once, and not once a rank ----
launched 0 "$picky" run --help
[[ $(grep -c '^Usage' out) == 1 && ! -s err ]] || fail "mpirun: run --help"
launched 0 "$picky" plan --help
[[ $(grep -c '^Usage' out) == 1 && ! -s err ]] || fail "mpirun: plan --help"
for arguments in "run --bogus" "run good.cfg --time-limit 5x" "verify file.h5 --all --sample 3" "plan --bogus" bogus; do
    # shellcheck disable=SC2086
    launched 2 "$picky" $arguments
    [[ $(grep -c '^picky' err) == 1 ]] || fail "mpirun: $arguments: not one line"
done
# The one that is wrong says so.
code=0
timeout 60 mpirun --oversubscribe -n 1 "$picky" run good.cfg : -n 1 "$picky" run --bogus >out 2>err || code=$?
[[ $code == 2 && $(grep -c '^picky.*--bogus' err) == 1 ]] || fail "mpirun: one rank's usage error: $code"

# ---- other arguments on other ranks ----
# differ PATTERN MPIRUN_ARGUMENTS...
differ() {
    local pattern=$1 code=0
    shift
    timeout 60 mpirun --oversubscribe --bind-to none "$@" >out 2>err || code=$?
    [[ $code == 2 && $(grep -c '^picky' err) == 1 ]] || fail "mpirun $*: exit code $code, not 2, or not one line"
    grep -qE "^picky: rank $pattern; allowed: the same on every rank .*mpirun for each.*--shard" err || fail "mpirun $*: no /$pattern/"
    n=$((n + 1))
}
differ '1 on .* has "b.h5" among its arguments where rank 0 has "a.h5"' \
    -n 1 "$picky" run good.cfg -o a.h5 : -n 1 "$picky" run good.cfg -o b.h5
differ '2 on .* has nothing among its arguments where rank 0 has "--resume"' \
    -n 2 "$picky" run --resume good.cfg : -n 1 "$picky" run good.cfg
differ '1 on .* has "verify" among its arguments where rank 0 has "run", 1 more differs' \
    -n 1 "$picky" run good.cfg : -n 2 "$picky" verify good.cfg
# Nor is there one that starts no MPI, for which the others would wait.
for arguments in "plan good.cfg" "run --help"; do
    code=0
    # shellcheck disable=SC2086
    timeout 60 mpirun --oversubscribe --bind-to none -n 1 "$picky" run good.cfg : -n 2 "$picky" $arguments >out 2>err || code=$?
    [[ $code == 2 ]] || fail "mpirun: run beside $arguments: exit code $code"
    grep -q "^picky: rank 1: \"picky ${arguments%% *}\" as one of several programs" err || fail "mpirun: run beside $arguments"
done
# shellcheck disable=SC2016  # the inner shell's
differ '1 on .* has "--shard=2/3" among its arguments where rank 0 has "--shard=1/3", 1 more differs' \
    -n 3 sh -c 'exec "$0" run good.cfg --shard=$((OMPI_COMM_WORLD_RANK + 1))/3' "$picky"
[[ -z $(compgen -G '*.h5*') ]] || fail "a file was made"
# The same arguments, from two commands of mpirun's.
timeout 60 mpirun --oversubscribe --bind-to none -n 1 "$picky" run good.cfg -o x.h5 : -n 1 "$picky" run good.cfg -o x.h5 2>err ||
    fail "mpirun with the same arguments twice"

# ---- one rank, alone ----
# alone COMMAND...: it runs the sweep, and says no more than ever
alone() {
    rm -f x.h5
    timeout 60 "$@" "$picky" run good.cfg -o x.h5 >out 2>err || fail "$*: exit code $?"
    ! grep -v '^picky: ' err || fail "$*: noise"
    n=$((n + 1))
}
alone env -i
alone env -u HOME TMPDIR=/there/is/no/such/folder
for i in 1 2 3 4; do
    env -i "$picky" run good.cfg -o "at-once-$i.h5" 2>"log-$i" &
    pids[i]=$!
done
for i in 1 2 3 4; do
    wait "${pids[i]}" || fail "four at once: $(cat "log-$i")"
done
if unshare --user --map-root-user --net --uts --mount true 2>/dev/null; then
    inside() { # COMMAND: what it does in namespaces of its own, before picky
        alone unshare --user --map-root-user --net --uts --mount sh -c "$1"' && exec "$@"' sh
    }
    inside true # no network, not even to itself
    inside 'hostname abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij00'
    # shellcheck disable=SC2016  # the inner shell's
    inside 'mkdir -p full && mount -t tmpfs -o size=4k full full && { cat /dev/zero >full/x 2>/dev/null || true; } &&
        export TMPDIR=$PWD/full'
    inside 'mount -t tmpfs -o ro none /dev/shm && mount -t tmpfs -o ro none /var/tmp && export TMPDIR=/var/tmp'
else
    echo "no namespaces here: network, host name and full folders are not tested"
fi
echo "$n starts"
