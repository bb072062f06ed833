#!/usr/bin/env bash
# A sweep in shards and joined again: no job twice, none left out, and the whole is the file of one run, bit for bit, also
# if shards are missing, done in part, overlap or are killed, and if merging is. Jobs done again. Counts.
# Usage: test_shards.sh PICKY SOURCE_DIR
# shellcheck source=tests/results_steps.sh
source "$2/tests/results_steps.sh"

none() { # FILE: neither it nor what it is made in is there
    [[ ! -e $1 && ! -e $1.picky-draft ]] || fail "$1 is there"
}

# Jobs of three shapes, some accepted, rejected, diverging. 7 replicates: no multiple of the shards.
cat >sweep.cfg <<END
replicates = 7; seed = 3; store = ["weights", "test_set"];
model = { epochs = 4; N_train = 200; N_test = 21; max_attempts = 2; error_threshold = 0.25; };
cases = (
  { grid = { hidden_size = [8, 30]; context_location = ("start", "end"); }; },
  { optimizer = "sgd"; lr = 10.0; output_activation = "linear"; hidden_size = 6; }
);
END
n_slots=35
expect 0 "$picky" run sweep.cfg -o whole.h5
said "^picky: the file: $n_slots expected: [0-9]+ accepted, [0-9]+ rejected, [1-9][0-9]* diverged, 0 error, 0 pending$"

# ---- three shards, one under mpirun, one killed at its start ----
expect 0 "$picky" run sweep.cfg --shard 1/3
said '^picky: sweep.cfg: 5 configurations x 7 replicates, shard 1/3, '
said '^picky: the file, shard 1/3: 1[12] expected: .* 0 pending$'
expect 0 "${picky%/*}/picky-analyse" summary sweep-1-of-3.h5
said ' x 7 replicates, shard 1/3 = 1[12] jobs: complete$' out
grep -q pending out && fail "slots of other shards are counted"
expect 0 mpirun -n 2 --oversubscribe --bind-to none "$picky" run sweep.cfg --shard 2/3 -o second.h5
expect 75 "$picky" run sweep.cfg --shard=3/3 --set epochs=4 --time-limit 0.001s
said '^  \S*picky run sweep.cfg --set epochs=4 --shard 3/3 --time-limit 0.001s --resume$'
expect 0 "$picky" status sweep-3-of-3.h5
said ', shard 3/3 = 1[12] jobs$' out
said '^No run is writing it' out
expect 2 "$picky" run sweep.cfg -o sweep-3-of-3.h5 --resume --shard 2/3
said 'sweep-3-of-3.h5: it is for shard 3/3 of its sweep, not 2/3; allowed: '
expect 2 "$picky" run sweep.cfg -o whole.h5 --resume --shard 2/3
said 'whole.h5: it is for shard 1/1 of its sweep, all of it, not 2/3; allowed: '
cp sweep-3-of-3.h5 begun.h5
expect 0 "$picky" run sweep.cfg -o sweep-3-of-3.h5 --resume # without --shard: the file's own
expect 0 "$picky" run sweep.cfg --shard 3/3 --resume
said 'sweep-3-of-3.h5 is complete: nothing to do$'
expect 0 "$picky" status sweep-3-of-3.h5
said '^This shard is complete; picky merge ' out
parts=(sweep-1-of-3.h5 second.h5 sweep-3-of-3.h5)
/usr/bin/python3 - whole.h5 "${parts[@]}" <<'END'
import sys, h5py, numpy as np
whole, *parts = [h5py.File(name, "r") for name in sys.argv[1:]]
done = np.array([part["status"][:] > 0 for part in parts])
assert (done.sum(axis=0) == 1).all(), "a job twice or left out"
counts = done.sum(axis=2)
assert counts.max() - counts.min() <= 1, "shards are not balanced over configurations"
for i, part in enumerate(parts):
    assert part["status"].shape == whole["status"].shape and part["provenance"].attrs["shard"] == f"{i + 1}/3"
    assert part["provenance/runs/jobs"][:].sum() == done[i].sum(), "other jobs than its own"
END

# ---- merged ----
expect 0 "$picky" merge -o merged.h5 "${parts[@]}"
said "^picky: merged.h5: $n_slots expected: .* 0 pending$"
[[ $(wc -l <err) == 1 ]] || fail "more than the counts"
same merged.h5
none merged.h5.picky-draft
/usr/bin/python3 - merged.h5 "${parts[@]}" <<'END'
import sys, h5py, numpy as np
merged, *parts = [h5py.File(name, "r") for name in sys.argv[1:]]
assert "shard" not in merged["provenance"].attrs
for name in ("wall_time", "rank", "reason"):
    for part in parts:
        done = part["status"][:] > 0
        assert (merged["provenance"][name][:][done] == part["provenance"][name][:][done]).all(), name
rows = lambda f: [tuple(f["provenance/runs"][c][i].tobytes() for c in ("start", "end", "ranks", "jobs", "hosts", "version"))
                  for i in range(256) if f["provenance/runs/ranks"][i]]
assert sorted(rows(merged)) == sorted(row for part in parts for row in rows(part)), "the log of runs"
assert (np.diff(merged["provenance/runs/start"][:len(rows(merged))]) >= 0).all(), "not in their order"
END
cp merged.h5 untouched.h5
expect 2 "$picky" merge -o merged.h5 "${parts[@]}"
said '^picky: merged.h5: exists already'
cmp merged.h5 untouched.h5 || fail "an existing file was changed"

# Overlapping, the same twice, never sharded: equal bits merge.
expect 0 "$picky" merge -o overlap.h5 second.h5 whole.h5 second.h5 "${parts[@]}" merged.h5
same overlap.h5
# A missing shard, and one done in part.
expect 75 "$picky" merge -o two.h5 second.h5 sweep-1-of-3.h5
said '^picky: shard 3/3 is missing: 1[12] jobs$'
said '^  \S*picky run two-as-run.cfg -o two.h5 --resume$'
sed -n '/go on with:/,/--resume$/p' err | tail -n +2 >hint
expect 0 "$picky" status two.h5
said ' 5 configurations x 7 replicates = 35 jobs' out
expect 75 "$picky" merge -o three.h5 begun.h5 second.h5 sweep-1-of-3.h5
said '^picky: begun.h5, shard 3/3: [0-9]+ of 1[12] jobs done$'
expect 0 bash -e hint
same two.h5
expect 0 "$picky" merge -o four.h5 three.h5 sweep-3-of-3.h5 # an unfinished merge is a part like any other
same four.h5

# Complete, but a job failed: the whole is there, and the exit code says so; not if jobs are missing.
cp sweep-1-of-3.h5 failed.h5
failed_jobs failed.h5 1
expect 4 "$picky" merge -o with-error.h5 failed.h5 second.h5 sweep-3-of-3.h5
said '^picky: with-error.h5: .*, 1 error, 0 pending$'
said '^picky: complete, but 1 job failed with an error: '
expect 75 "$picky" merge -o five.h5 failed.h5 second.h5
expect 0 "$picky" verify with-error.h5
expect 0 "$picky" run sweep.cfg -o with-error.h5 --resume --retry error
same with-error.h5
expect 4 "$picky" run sweep.cfg --shard 1/3 -o failed.h5 --resume

# ---- refused: nothing is made ----
/usr/bin/python3 - <<'END'
import shutil, h5py
for name, value in (("importance", 3.5), ("output_bias", float("nan")), ("attempts", 9)):
    shutil.copy("second.h5", f"{name}.h5")
    with h5py.File(f"{name}.h5", "r+") as f:
        c, r = [(c, r) for c in range(5) for r in range(7) if f["status"][c, r] == 1 or f["status"][c, r] == 2][-1]
        f[name][(c, r) + (0,) * (f[name].ndim - 2)] = value
END
for name in importance output_bias attempts; do
    expect 2 "$picky" merge -o bad.h5 sweep-1-of-3.h5 second.h5 "$name.h5"
    said "^picky: $name.h5: configuration [0-4] \(.*hidden_size = .*\), replicate [0-6] \(seed [0-9]+\): $name has other bits than in second.h5"
    [[ $(wc -l <err) == 1 ]] || fail "not one line"
    none bad.h5
done
sed 's/\[8, 30\]/[8, 31]/; s/seed = 3/seed = 4/' sweep.cfg >changed.cfg
expect 0 "$picky" run changed.cfg --shard 3/3 -o changed.h5
expect 2 "$picky" merge -o bad.h5 "${parts[@]}" changed.h5
said '^picky: changed.h5: seed: 4 in the file, 3 in sweep-1-of-3.h5$'
said '^picky: changed.h5: hidden_size: 31 in the file, 30 in sweep-1-of-3.h5 \(2 of 5 configurations\)$'
said '^picky: bad.h5: not made: 1 of 4 parts holds another sweep than sweep-1-of-3.h5$'
none bad.h5
for wrong in "sweep.cfg:not a results file of picky" "none.h5:No such file" "/:not a file"; do
    expect 2 "$picky" merge -o bad.h5 second.h5 "${wrong%%:*}"
    said "^picky: ${wrong%%:*}: .*${wrong#*:}"
    none bad.h5
done
expect 2 "$picky" merge second.h5
said '-o FILE.h5 is missing'
expect 2 "$picky" merge -o bad.h5
said 'an argument is missing'
for shard in 0/3 4/3 1 1/ a/3 1/3x -1/3 1/0; do
    expect 2 "$picky" run sweep.cfg -o bad.h5 --shard "$shard"
    said "--shard takes i/n, .*, not $shard$"
done
expect 2 "$picky" run sweep.cfg -o bad.h5 --shard 12/12
said '^picky: --shard 12/12: no job of the sweep belongs to it; allowed: up to 11 shards$'
none bad.h5

# A part that a run writes.
"$picky" run sweep.cfg --set replicates=20000 --set N_train=2000 -o long.h5 2>run.log &
pids=($!)
for _ in {1..400}; do
    [[ -e long.h5 ]] && break
    sleep 0.05
done
expect 2 "$picky" merge -o bad.h5 long.h5
said '^picky: long.h5: another run is writing it$'
none bad.h5
kill -9 "${pids[0]}"
wait "${pids[0]}" 2>/dev/null || true
pids=()
rm -f long.h5

# ---- done again ----
counts() { "$picky" status "$1" | awk '$1 ~ /^(accepted|rejected|diverged|error|pending)$/ { printf "%s=%s ", $1, $2 }'; }
before=$(counts whole.h5)
cp whole.h5 again.h5
expect 0 "$picky" run sweep.cfg -o again.h5 --resume --retry error
said '^picky: again.h5: 0 jobs to be done again$'
said 'complete: nothing to do'
failed_jobs again.h5 20
expect 75 "$picky" run sweep.cfg -o again.h5 --resume --retry error --time-limit 0.001s
said "^picky: again.h5: 20 jobs to be done again$"
said '^  \S*picky run sweep.cfg -o again.h5 --time-limit 0.001s --resume$' # without --retry: once is enough
n_pending=$(counts again.h5 | sed -E 's/.*pending=([0-9]+) .*/\1/')
[[ $n_pending -gt 0 && $n_pending -le 20 ]] || fail "not pending: $(counts again.h5)"
expect 0 "$picky" run sweep.cfg -o again.h5 --resume --by hidden_size
said '^30 +14 +14 .* 0$'
same again.h5
[[ $(counts again.h5) == "$before" ]] || fail "other counts"
expect 2 "$picky" run sweep.cfg -o again.h5 --retry error
said 'allowed only with --resume'
expect 2 "$picky" run sweep.cfg -o again.h5 --resume --retry accepted
said 'takes rejected, diverged or error'

# ---- merging killed at any moment: no file, or the whole ----
cat >bulk.cfg <<END
replicates = 1500; store = ["weights"]; model = { epochs = 2; N_train = 20; N_test = 10; }; grid = { hidden_size = [20, 30]; };
END
(expect 0 "$picky" run bulk.cfg --null-jobs -o bulk.h5)
for i in 1 2; do
    (expect 0 "$picky" run bulk.cfg --null-jobs --shard $i/2)
done
merge_bulk() { exec "$picky" merge -o killed.h5 bulk-1-of-2.h5 bulk-2-of-2.h5; }
begin=$EPOCHREALTIME
(merge_bulk) 2>err || fail "merging"
took_ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000 + 1))
same killed.h5 bulk.h5
rm killed.h5
n_before=0 n_leftover=0 n_after=0
for _ in {1..12}; do
    (merge_bulk) 2>run.log &
    pids=($!)
    sleep "$((RANDOM % (took_ms + 20)))e-3"
    kill -9 "${pids[0]}" 2>/dev/null || true
    wait "${pids[0]}" 2>/dev/null || true
    pids=()
    if [[ -e killed.h5 ]]; then
        same killed.h5 bulk.h5
        n_after=$((n_after + 1))
        rm killed.h5
    elif [[ -e killed.h5.picky-draft ]]; then
        n_leftover=$((n_leftover + 1))
    else
        n_before=$((n_before + 1))
    fi
done
echo "merging (of $took_ms ms) killed: $n_before times before the file, $n_leftover in the midst, $n_after after"
[[ $n_leftover -gt 0 ]] || fail "no kill came in the midst"

# ---- its memory does not grow with the parts ----
/usr/bin/python3 - "$picky" <<'END'
import os, subprocess, sys
def peak_mb(*command):
    child = subprocess.Popen([sys.argv[1], *command], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, command
    return usage.ru_maxrss / 1024
small = peak_mb("merge", "-o", "small.h5", "second.h5", "whole.h5")
large = peak_mb("merge", "-o", "killed.h5", "bulk-1-of-2.h5", "bulk-2-of-2.h5")
size = os.stat("bulk.h5").st_blocks * 512 / 2**20
print(f"merging takes {small:.0f} MB for little, {large:.0f} MB for {size:.0f} MB of results")
assert size > 60 and large - small < 24, "it grows"
END
same killed.h5 bulk.h5
none killed.h5.picky-draft
echo "all as it should be"
