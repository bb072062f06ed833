# shellcheck shell=bash disable=SC2034  # its variables are for those who source it
# What the tests of results files that runs leave (resume, shards, extend) share; to be sourced with PICKY SOURCE_DIR, then
# the working directory is one of the test's own. Processes in pids are killed at the end.
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
    timeout 250 "$@" >out 2>err || code=$?
    [[ $code == "$expected" ]] || fail "$* gave exit code $code, not $expected"
}
said() { # PATTERN [FILE]
    grep -qE -- "$1" "${2:-err}" || fail "no /$1/"
}
failed_jobs() { # FILE N: marks its first N jobs as failed with an error, as picky records those that could not run
    /usr/bin/python3 - "$1" "$2" <<'END'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    status = f["status"]
    values = status[:]
    slots = [i for i, value in enumerate(values.flat) if value > 0][:int(sys.argv[2])]
    values.flat[slots] = 4
    status[:] = values
END
}
# compare ARGUMENTS OF compare_results.py...: what it says goes to out. All by one process: Python takes longer to start than to
# compare.
compare() {
    local line IFS=$'\t'
    if [[ -z ${comparer:-} ]]; then
        mkfifo comparer.in comparer.out
        /usr/bin/python3 "$tests/compare_results.py" --serve <comparer.in >comparer.out 2>&1 &
        comparer=$!
        exec {to_comparer}>comparer.in {from_comparer}<comparer.out
    fi
    echo "$*" >&"$to_comparer"
    : >out
    while IFS= read -r line <&"$from_comparer"; do
        [[ $line != "exit code "* ]] || return "${line#exit code }"
        echo "$line" >>out
    done
    fail "no answer from compare_results.py: $(cat out)"
}
same() { # FILE [REFERENCE]
    compare "${2:-whole.h5}" "$1" || fail "$1 differs: $(cat out)"
}
