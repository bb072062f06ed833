#!/usr/bin/env bash
# picky extend with a larger max_attempts: what was accepted is kept, what used up its attempts is done again, and the end is
# the file of a fresh run, bit for bit, also after a kill; a smaller one, and several, are refused. What such an extension is
# for is not to be had by --retry.
# Usage: test_attempts.sh PICKY SOURCE_DIR
# shellcheck source=tests/results_steps.sh
source "$2/tests/results_steps.sh"

count() { "$picky" status "$1" | awk -v status="$2" '$1 == status { print $2 }'; } # FILE STATUS

# The last case accepts networks that can never learn, if they are a job's last attempt: not so with another one to come.
cat >two.cfg <<END
name = "attempts"; replicates = 5; seed = 10; store = ["weights", "initial_weights", "test_set", "train_set"];
model = { epochs = 3; N_train = 100; N_test = 21; max_attempts = 2; error_threshold = 0.25; };
cases = (
  { grid = { hidden_size = [8, 20]; context_location = ("start", "end"); }; },
  { optimizer = "sgd"; lr = 10.0; output_activation = "linear"; hidden_size = 6; },
  { error_threshold = 10.0; hidden_size = 5; }
);
END
sed 's/max_attempts = 2/max_attempts = 4/' two.cfg >four.cfg
expect 0 "$picky" run two.cfg -o two.h5
expect 0 "$picky" run four.cfg -o four.h5
[[ $(count two.h5 rejected) -gt 0 && $(count two.h5 diverged) -gt 0 ]] || fail "not every outcome"

# ---- --retry ----
cp two.h5 untouched.h5
for status in rejected diverged; do
    expect 2 "$picky" run two.cfg -o two.h5 --resume --retry error,$status
    said "^picky: --retry $status: .*; allowed: --retry error, or, .*, picky extend FILE.h5 two.cfg with a larger max_attempts$"
    [[ $(wc -l <err) == 1 ]] || fail "not one line"
done
cmp two.h5 untouched.h5 || fail "a refused file was changed"

# ---- more attempts alone ----
n_behind=$(($(count two.h5 rejected) + $(count two.h5 diverged)))
cp two.h5 further.h5
expect 0 "$picky" extend further.h5 two.cfg --set max_attempts=4
n_again=$(sed -nE 's/^picky: further.h5: max_attempts from 2 to 4: ([0-9]+) jobs that had .* are pending again$/\1/p' err)
[[ $n_again -gt $n_behind && $n_again -lt 30 ]] || fail "$n_again jobs are done again, $n_behind of 30 were not accepted"
said "extended from 6 configurations x 5 replicates to 6 x 5; $((30 - n_again)) finished jobs are kept$"
same further.h5 four.h5
expect 0 "$picky" verify further.h5 --all
said '30 done again: all bits are the same$' out
expect 0 "$picky" extend further.h5 four.cfg
said 'nothing to extend$'
/usr/bin/python3 - <<END
import h5py
with h5py.File("further.h5") as f:
    assert "max_attempts = 4;" in f.attrs["sweep"] and set(f["max_attempts"][:]) == {4}, f.attrs["sweep"]
    plans = [f["provenance/plans"][name][:].tolist() for name in ("replicates", "configurations", "max_attempts")]
    assert plans == [[5, 5], [6, 6], [2, 4]], plans
END

# ---- with more of everything; jobs that could not run stay so ----
cp two.h5 more.h5
expect 0 "$picky" extend more.h5 four.cfg --set replicates=7 --set seed=9
expect 0 "$picky" run four.cfg -o seven.h5 --set replicates=7 --set seed=9
same more.h5 seven.h5
cp two.h5 failed.h5
failed_jobs failed.h5 2
expect 4 "$picky" extend failed.h5 four.cfg
said '^picky: the file: 30 expected: .*, 2 error, 0 pending$'
expect 0 "$picky" run four.cfg -o failed.h5 --resume --retry error
same failed.h5 four.h5

# ---- killed when the new file is there ----
sed 's/replicates = 5/replicates = 200/' four.cfg >many.cfg
expect 0 "$picky" run many.cfg -o many.h5
cp two.h5 killed.h5
inode=$(stat -c %i killed.h5)
"$picky" extend killed.h5 many.cfg 2>run.log &
pids=($!)
for _ in {1..4000}; do
    [[ $(stat -c %i killed.h5) != "$inode" ]] && break
done
kill -9 "${pids[0]}" 2>/dev/null || true
wait "${pids[0]}" 2>/dev/null || true
pids=()
[[ $(count killed.h5 accepted) -ge $((30 - n_again)) ]] || fail "a kill lost jobs: $(count killed.h5 accepted)"
echo "killed with $(count killed.h5 pending) of 1200 pending"
expect 0 "$picky" run many.cfg -o killed.h5 --resume
same killed.h5 many.h5

# ---- refused: a smaller one, and several; for run --resume and merge it is another sweep ----
sed 's/ hidden_size = 5;/& max_attempts = 5;/' four.cfg >other.cfg
sed 's/ hidden_size = 5;/& grid = { max_attempts = [4, 8]; };/' four.cfg >several.cfg
cp four.h5 refused.h5
refused() { # SWEEP PATTERN
    expect 2 "$picky" extend refused.h5 "$1"
    said "^picky: refused.h5: $2$"
    [[ $(wc -l <err) == 2 ]] || fail "not 2 lines"
    cmp refused.h5 four.h5 || fail "a refused file was changed"
}
all='allowed: a larger one where all configurations have the same, in the file and in the sweep'
refused two.cfg 'max_attempts: 4 in the file, 2 in the sweep; allowed: 4 or more'
refused other.cfg "max_attempts: the sweep has another than 4 of configuration 5 \(.*\); $all"
expect 0 "$picky" extend refused.h5 several.cfg # 8 beside 4 is one configuration more
cp refused.h5 four.h5
sed -i 's/max_attempts = 4/max_attempts = 6/; s/\[4, 8\]/[6, 9]/' several.cfg
refused several.cfg "max_attempts: the sweep has another than 4 of configuration 0 \(.*\) and of 6 more; $all"
expect 2 "$picky" run four.cfg -o two.h5 --resume
said '^picky: two.h5: max_attempts: 2 in the file, 4 in the sweep \(6 of 6 configurations\)$'
expect 2 "$picky" merge -o merged.h5 two.h5 further.h5
said '^picky: further.h5: max_attempts: 4 in the file, 2 in two.h5 \(6 of 6 configurations\)$'
[[ ! -e merged.h5 ]] || fail "parts of two sweeps were merged"
echo "all as it should be"
