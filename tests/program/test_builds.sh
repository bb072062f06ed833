#!/usr/bin/env bash
# Ranks of different builds end with one line that names rank and host, at once and without a file; and a build that
# computes other bits than it should ends by itself.
# Usage: test_builds.sh PICKY FOLDER_OF_OTHER_BUILDS SOURCE_DIR
set -euo pipefail
picky=$1 others=$2 source_dir=$3
raised=$others/picky_raised unnoticed=$others/picky_unnoticed renamed=$others/picky_renamed old=$others/old_rank
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $1"
    cat out err 2>/dev/null || true
    exit 1
}
cat >sweep.cfg <<'END_OF_SWEEP'
name = "builds"; replicates = 3;
model = { hidden_size = 4; hidden_layers = 2; epochs = 2; N_train = 100; max_attempts = 1; };
END_OF_SWEEP

expect() { # exit code, command...
    local expected=$1 code=0
    shift
    timeout 60 "$@" >out 2>err || code=$?
    [[ $code == "$expected" ]] || fail "exit code $code, not $expected: $*"
}
# A program on each rank; the exit code and the one line, a pattern, that it has to end with, and no file.
ranks() { # exit code, pattern, programs...
    local expected=$1 pattern=$2 program arguments=()
    shift 2
    rm -f mixed.h5*
    for program in "$@"; do
        ((${#arguments[@]} == 0)) || arguments+=(:)
        arguments+=(-n 1)
        if [[ $program == "$old" ]]; then
            arguments+=("$old" mixed.h5)
        else
            arguments+=("$program" run sweep.cfg -o mixed.h5)
        fi
    done
    expect "$expected" mpirun --oversubscribe --bind-to none "${arguments[@]}"
    [[ $(grep -c '^picky:' err) == 1 ]] || fail "not one line: $*"
    grep -qE "^picky: $pattern" err || fail "not the line \"$pattern\": $*"
    compgen -G 'mixed.h5*' >/dev/null && fail "a file was left: $*"
    return 0
}
host=$(mpirun -n 1 "$picky" run sweep.cfg -o ok.h5 2>&1 | sed -nE 's/^.*1 rank on ([^ ]+) .*$/\1/p')
[[ $host ]] || fail "no host"

# ---- what a build is ----
version() {
    "$1" --version | sed -nE 's/^picky [0-9.]+ \(.*, build ([0-9a-f]{12})\), arithmetic ([0-9]+), schema [0-9]+$/\1 \2/p'
}
read -r build arithmetic < <(version "$picky")
[[ $arithmetic == 1 && $(version "$unnoticed") == "$build 1" ]] || fail "$(version "$unnoticed"), not $build 1"
[[ $(version "$raised") == *" 2" && $(version "$raised") != "$build"* ]] || fail "raised: $(version "$raised")"
[[ $(version "$renamed") == *" 1" && $(version "$renamed") != "$build"* ]] || fail "renamed: $(version "$renamed")"

# It is known by its sources, wherever they are and whatever else lies there.
hash_of() {
    cmake -D SOURCE_DIR="$1" -D OUTPUT="$work/hash.h" -P "$source_dir/cmake/sources_hash.cmake"
    sed -nE 's/^#define SOURCES_HASH "([0-9a-f]{64})"$/\1/p' hash.h
}
cp -r "$source_dir/src" copy
sources=$(hash_of "$source_dir/src")
[[ $sources && $(hash_of "$work/copy") == "$sources" ]] || fail "the hash depends on where the sources lie"
echo >>copy/commands/main.c
touch copy/model/notes.txt
[[ $(hash_of "$work/copy") == "$sources" ]] || fail "the hash depends on more than the core's sources"
echo >>copy/model/kernels/simd.h
[[ $(hash_of "$work/copy") != "$sources" ]] || fail "the hash does not depend on the kernels"

# ---- the self-test ----
self_test="the self-test fails: models trained by [a-z0-9]+ .*PICKY_SIMD"
ranks 3 "rank 0 on $host \([a-z0-9]+\): $self_test" "$unnoticed"
for command in "train" "bench --hidden-size 2" "verify ok.h5" "extend ok.h5 sweep.cfg --set replicates=4"; do
    # shellcheck disable=SC2086
    expect 3 "$unnoticed" $command
    [[ $(wc -l <err) == 1 ]] || fail "not one line: $command"
    grep -qE "$self_test" err || fail "no self-test: $command"
done
"$picky" status ok.h5 | grep -q '^ *pending *0 ' || fail "the file has changed"
for simd in portable avx2 avx512 neon; do
    PICKY_SIMD=$simd timeout 60 "$picky" train --set epochs=1 >out 2>err || grep -q "not an instruction set" err || fail "$simd"
done
# The arithmetic is raised and the self-test's constant with it: a build like any other.
gives=$({ "$unnoticed" train 2>&1 || true; } | sed -nE 's/^.*must be \(([0-9a-f]+), not.*$/\1/p')
[[ $("$raised" train 2>&1) != *"self-test"* ]] || fail "tests/builds/CMakeLists.txt: picky_raised gives 0x$gives"
expect 0 "$raised" run sweep.cfg -o raised.h5

# ---- files of another arithmetic ----
cp raised.h5 before.h5
trained="raised.h5: its models were trained with arithmetic 2, this picky has 1"
for command in "run sweep.cfg -o raised.h5 --resume" "extend raised.h5 sweep.cfg --set replicates=4" \
    "merge -o merged.h5 raised.h5 ok.h5" "verify raised.h5"; do
    # shellcheck disable=SC2086
    expect 2 "$picky" $command
    [[ $(wc -l <err) == 1 ]] || fail "not one line: $command"
    grep -qF "$trained" err || fail "not refused: $command"
done
cmp raised.h5 before.h5 || fail "the file has changed"
[[ ! -e merged.h5 ]] || fail "merged all the same"
expect 0 "$picky" status raised.h5
expect 0 "$(dirname "$picky")/picky-analyse" summary raised.h5
expect 0 "$raised" verify raised.h5 --all

# ---- ranks of different builds ----
name="picky [0-9.]+ \([^()]*, build [0-9a-f]{12}\)"
rank="on $host \([a-z0-9]+\) is $name"
ranks 2 "rank 1 $rank with arithmetic 2, rank 0 $rank with arithmetic 1; allowed" "$picky" "$raised"
ranks 2 "rank 1 $rank with arithmetic 1, rank 0 $rank with arithmetic 2; allowed" "$raised" "$picky"
ranks 2 "rank 1 $rank, rank 0 $rank; allowed" "$picky" "$renamed"
ranks 2 "rank 2 $rank, rank 0 $rank; 2 more ranks differ; allowed" "$renamed" "$renamed" "$picky" "$picky" "$picky"
ranks 3 "rank 1 on $host \([a-z0-9]+\): $self_test" "$picky" "$unnoticed"
ranks 3 "rank 0 on $host \([a-z0-9]+\): $self_test" "$unnoticed" "$picky" "$picky"

# ---- today's beside 0.1.0 ----
before="on $host \(avx2\) is a picky from before 0.9.0, rank 0 $rank; allowed"
ranks 2 "rank 1 $before" "$picky" "$old"
ranks 2 "rank 2 $before" "$picky" "$picky" "$old" "$picky" "$old"
new="on $host, picky [0-9.]+, unlike rank 0 \(\?\) cannot run it"
ranks 2 "PICKY_SIMD.*: rank 1 $new" "$old" "$picky"
ranks 2 "PICKY_SIMD.*: rank 2 $new" "$old" "$old" "$picky" "$old" "$picky"

# ---- one build, other instruction sets ----
rm -f mixed.h5
expect 0 mpirun --oversubscribe --bind-to none -n 1 "$picky" run sweep.cfg -o mixed.h5 : \
    -n 1 env PICKY_SIMD=portable "$picky" run sweep.cfg -o mixed.h5
[[ -s mixed.h5 ]] || fail "no file"
echo "each says which rank"
