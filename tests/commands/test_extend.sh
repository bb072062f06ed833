#!/usr/bin/env bash
# A results file that grows: more replicates, values and cases in any order, larger layouts. The end is the file of a fresh
# run of the larger sweep, bit for bit, also if it is killed at any moment; until the larger file is there the old one is
# whole. What would be lost is refused.
# Usage: test_extend.sh PICKY SOURCE_DIR
# shellcheck source=tests/results_steps.sh
source "$2/tests/results_steps.sh"

done_jobs() { "$picky" status "$1" | awk '$1 == "done" { print $2 }'; }

cat >small.cfg <<END
name = "small"; replicates = 5; seed = 10; store = ["weights", "test_set", "train_set"];
model = { epochs = 3; N_train = 100; N_test = 21; max_attempts = 2; error_threshold = 0.25; };
cases = (
  { grid = { hidden_size = [8, 20]; context_location = ("start", "end"); }; },
  { optimizer = "sgd"; lr = 10.0; output_activation = "linear"; hidden_size = 6; }
);
END
# Values in between and around, another case first, a larger layout in every direction.
cat >large.cfg <<END
name = "large"; replicates = 8; seed = 10; store = ["weights", "test_set", "train_set"];
model = { epochs = 3; N_train = 100; N_test = 21; max_attempts = 2; error_threshold = 0.25; };
cases = (
  { hidden_layers = 6; N_train = 130; N_test = 30; epochs = 5; max_attempts = 3; hidden_size = 25; },
  { grid = { hidden_size = [20, 14, 8]; context_location = ("end", "start", "2"); }; },
  { optimizer = "sgd"; output_activation = "linear"; hidden_size = 6; grid = { lr = [1.0, 10.0]; }; }
);
END
expect 0 "$picky" run small.cfg -o small.h5
expect 0 "$picky" run large.cfg -o large.h5
n_small=25 n_large=96

# ---- it grows, on one rank and on several ----
cp small.h5 grown.h5
expect 0 "$picky" extend grown.h5 large.cfg --by hidden_layers
said "^picky: grown.h5: extended from 5 configurations x 5 replicates to 12 x 8; $n_small finished jobs are kept$"
said "^picky: resuming: $n_small jobs are done, $((n_large - n_small)) are left$"
said "^picky: the file: $n_large expected: .* 0 pending$"
said '^6 +8 +8 .* 0$'
same grown.h5 large.h5
cp small.h5 ranks.h5
chmod 640 ranks.h5
mkdir linked
ln -s ../ranks.h5 linked/link.h5
expect 0 mpirun -n 3 --oversubscribe --bind-to none "$picky" extend linked/link.h5 large.cfg
same ranks.h5 large.h5
[[ $(stat -c %a ranks.h5) == 640 && -L linked/link.h5 ]] || fail "permissions or a link are lost"
/usr/bin/python3 - small.h5 grown.h5 "$n_small" "$n_large" <<'END'
import sys, h5py, numpy as np
small, grown = [h5py.File(name, "r") for name in sys.argv[1:3]]
rows = {name: (small["provenance/runs"][name][0] == grown["provenance/runs"][name][0]).all()
        for name in ("start", "end", "ranks", "jobs", "hosts", "version")}
assert all(rows.values()), rows
assert grown["provenance/runs/jobs"][:3].tolist() == [int(sys.argv[3]), int(sys.argv[4]) - int(sys.argv[3]), 0]
key = lambda f, c: (f["hidden_size"][c], f["context_location"][c], f["lr"][c], f["hidden_layers"][c])
places = {key(grown, c): c for c in range(grown["status"].shape[0])}
for c in range(small["status"].shape[0]):
    for name in ("wall_time", "rank", "reason"):
        assert (small["provenance"][name][c] == grown["provenance"][name][places[key(small, c)], :5]).all(), name
END
cp grown.h5 untouched.h5
expect 0 "$picky" extend grown.h5 large.cfg
said 'grown.h5: it holds this sweep already: nothing to extend$'
cmp grown.h5 untouched.h5 || fail "a complete file was changed"

# ---- seeds in front, fewer arrays; an unfinished file, of which unfinished configurations go ----
expect 0 "$picky" run large.cfg -o front.h5 --set seed=8
cp small.h5 shifted.h5
expect 0 "$picky" extend shifted.h5 large.cfg --set seed=8
said "; $n_small finished jobs are kept$"
same shifted.h5 front.h5
sed 's/store = .*;/store = ["test_set"];/' large.cfg >less.cfg
expect 0 "$picky" run less.cfg -o less.h5
cp small.h5 lesser.h5
expect 0 "$picky" extend lesser.h5 less.cfg
same lesser.h5 less.h5
sed 's/\[8, 20\]/[8, 20, 40, 41]/; s/replicates = 5/replicates = 30/' small.cfg >begun.cfg
cp small.h5 begun.h5
expect 75 "$picky" extend begun.h5 begun.cfg --time-limit 0.001s
said 'stopped early: [0-9]+ of 270 jobs done; go on with:$'
said '^  \S*picky run begun.cfg -o begun.h5 --time-limit 0.001s --resume$'
said '^picky: warning: the start took .*, and all of the time \(--time-limit, 1 ms\)$'
# Copying that takes more than half of the grace beyond the limit is given up, and nothing has changed.
cp small.h5 slow.h5
expect 5 env PICKY_GRACE_SECONDS=0.000000001 "$picky" extend slow.h5 begun.cfg --time-limit 0.501s
said '^picky: slow.h5: not extended: copying what is finished takes longer than the time that there is$'
said '^picky: stopped early: nothing has changed; go on with the same command, and more time than --time-limit, 0.5 s$'
cmp small.h5 slow.h5 || fail "it was changed"
[[ ! -e slow.h5.picky-draft ]] || fail "a draft was left"
/usr/bin/python3 - <<'END' # as if nothing but the small sweep's jobs had been done
import h5py
with h5py.File("begun.h5", "r+") as f:
    new = [c for c in range(9) if f["hidden_size"][c] > 25]
    status = f["status"][:]
    status[new], status[:, 5:] = 0, 0
    f["status"][:] = status
END
expect 0 "$picky" extend begun.h5 large.cfg
said "extended from 9 configurations x 30 replicates to 12 x 8; $n_small finished jobs are kept$"
same begun.h5 large.h5

# ---- failed jobs are kept, and the exit code tells of them, also if there is nothing to extend ----
cp small.h5 failed.h5
failed_jobs failed.h5 3
expect 4 "$picky" extend failed.h5 large.cfg
said '^picky: the file: 96 expected: .*, 3 error, 0 pending$'
said '^picky: complete, but 3 jobs failed with an error: '
expect 4 "$picky" extend failed.h5 large.cfg
said 'nothing to extend$'

# ---- refused, each reason named, and the file as it was ----
cp small.h5 kept.h5
refused() { # PATTERN... ARGUMENTS after --
    local patterns=()
    while [[ $1 != -- ]]; do
        patterns+=("$1")
        shift
    done
    shift
    expect 2 "$picky" extend kept.h5 "$@"
    for pattern in "${patterns[@]}"; do
        said "^picky: kept.h5: $pattern"
    done
    [[ $(wc -l <err) == "${#patterns[@]}" ]] || fail "not ${#patterns[@]} lines"
    cmp kept.h5 small.h5 || fail "a refused file was changed"
    [[ ! -e kept.h5.picky-draft ]] || fail "kept.h5.picky-draft is there"
}
whole='not extended; allowed: a sweep that has all that is finished in it, or another file$'
sed 's/\[20, 14, 8\]/[14, 8]/; s/, "test_set", "train_set"/, "initial_weights"/' large.cfg >lacking.cfg
refused 'configuration 2 \(.*hidden_size = 20.*\) is not in the sweep; 5 jobs of it are finished$' \
    'configuration 3 \(.*hidden_size = 20.*\) is not in the sweep; 5 jobs of it are finished$' \
    'store: the sweep asks for "initial_weights", which the file has not kept$' "$whole" -- lacking.cfg
refused 'seeds 10 to 14 in the file, 12 to 19 in the sweep: 10 finished jobs have seeds that the sweep lacks$' "$whole" \
    -- large.cfg --set seed=12
refused 'seeds 10 to 14 in the file, 10 to 13 in the sweep: 5 finished jobs have seeds that the sweep lacks$' "$whole" \
    -- large.cfg --set replicates=4
expect 2 "$picky" extend kept.h5 large.cfg --null-jobs
said '^picky: kept.h5: its models are trained; the sweep is to run with --null-jobs$'
cmp kept.h5 small.h5 || fail "a refused file was changed"
expect 0 "$picky" run small.cfg --shard 1/2 -o shard.h5
cp shard.h5 untouched.h5
expect 2 "$picky" extend shard.h5 large.cfg
said '^picky: shard.h5: it is for shard 1/2 of its sweep; allowed: the whole, as picky merge makes it$'
cmp shard.h5 untouched.h5 || fail "a shard was changed"
expect 2 "$picky" extend small.cfg large.cfg
said 'small.cfg: not a results file of picky'
for words in 'extend small.cfg kept.h5' 'run kept.h5' 'plan kept.h5'; do
    # shellcheck disable=SC2086
    expect 2 "$picky" $words
    said '^picky: kept.h5: an HDF5 file, as results files are; allowed here: a sweep file$'
done
expect 2 "$picky" extend none.h5 large.cfg
said 'none.h5: No such file'
expect 2 "$picky" extend kept.h5
said 'an argument is missing: SWEEP.cfg'
# While a run writes it.
"$picky" run small.cfg --set replicates=20000 --set epochs=30 -o written.h5 2>run.log &
pids=($!)
for _ in {1..400}; do
    [[ -e written.h5 ]] && break
    sleep 0.05
done
expect 2 "$picky" extend written.h5 large.cfg --set replicates=20001
said '^picky: written.h5: another run is writing it$'
kill -9 "${pids[0]}"
wait "${pids[0]}" 2>/dev/null || true
pids=()
rm -f written.h5

# ---- killed at any moment: the old file as it was, or the new one, with all that was finished ----
cat >bulk.cfg <<END
replicates = 800; store = ["weights"]; model = { epochs = 2; N_train = 20; N_test = 10; }; grid = { hidden_size = [20, 30]; };
END
sed 's/800/900/' bulk.cfg >bulkier.cfg # more replicates only: made-up records are not of their configuration
expect 0 "$picky" run bulk.cfg --null-jobs -o bulk.h5
expect 0 "$picky" run bulkier.cfg --null-jobs -o bulkier.h5
extend_bulk() { exec "$picky" extend killed.h5 bulkier.cfg --null-jobs; }
cp bulk.h5 killed.h5
begin=$EPOCHREALTIME
(extend_bulk) 2>err || fail "extending"
took_ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000 + 1))
same killed.h5 bulkier.h5
n_old=0 n_new=0
for round in {1..12}; do
    cp bulk.h5 killed.h5
    inode=$(stat -c %i killed.h5)
    (extend_bulk) 2>run.log &
    pids=($!)
    if ((round % 3)); then
        sleep "$((RANDOM % took_ms))e-3"
    else # as soon as the new file is there
        for _ in {1..4000}; do
            [[ $(stat -c %i killed.h5) != "$inode" ]] && break
        done
    fi
    kill -9 "${pids[0]}" 2>/dev/null || true
    wait "${pids[0]}" 2>/dev/null || true
    pids=()
    if cmp -s killed.h5 bulk.h5; then
        n_old=$((n_old + 1))
        (extend_bulk) 2>err || fail "extending after a kill"
    else
        compare --done killed.h5 bulkier.h5 || fail "killed: $(cat out)"
        [[ $(done_jobs killed.h5) -ge 1600 ]] || fail "only $(done_jobs killed.h5) of 1600 finished jobs are left"
        expect 0 "$picky" run bulkier.cfg --null-jobs -o killed.h5 --resume
        n_new=$((n_new + 1))
    fi
    same killed.h5 bulkier.h5
    [[ ! -e killed.h5.picky-draft ]] || fail "killed.h5.picky-draft is left"
done
echo "extending (of $took_ms ms) killed: $n_old times the old file, $n_new times the new one"
[[ $n_old -gt 0 && $n_new -gt 0 ]] || fail "the kills came all before or all after the new file"
# A signal while it copies: the old file, and nothing beside.
cp bulk.h5 killed.h5
(extend_bulk) 2>run.log &
pids=($!)
for _ in {1..400}; do
    [[ -e killed.h5.picky-draft ]] && break
    sleep 0.01
done
kill -TERM "${pids[0]}" 2>/dev/null || true
code=0
wait "${pids[0]}" || code=$?
pids=()
[[ $code == 75 || $code == 0 ]] || fail "SIGTERM: exit code $code"
[[ ! -e killed.h5.picky-draft ]] || fail "killed.h5.picky-draft is left by SIGTERM"
if [[ $code == 75 ]] && grep -q 'nothing has changed' run.log; then
    cmp killed.h5 bulk.h5 || fail "a stopped extension changed the file"
fi
# Spellings: a new one of a value that the file has makes no larger file; a file with both goes on.
small='epochs = 1; hidden_size = 4; N_train = 40; max_attempts = 1;'
for lists in 'second_task = ["add1.5", "prod"|"add1.50"|"add2"' 'context_location = ["start", "end"|"1"|"2"'; do
    IFS='|' read -r list again other <<<"$lists"
    echo "model = { $small }; grid = { $list]; };" >spelt.cfg
    expect 0 "$picky" run spelt.cfg -o spelt.h5
    for replicates in 1 2; do
        echo "replicates = $replicates; model = { $small }; grid = { $list, $other, $again]; };" >respelt.cfg
        expect 2 "$picky" extend spelt.h5 respelt.cfg
        grep -q "^picky: spelt.h5: [a-z_]*: \".*\" and \".*\" are one value" err || fail "extend: $(cat err)"
    done
    echo "model = { $small }; grid = { $list, $other]; };" >respelt.cfg
    expect 0 "$picky" extend spelt.h5 respelt.cfg
    rm spelt.h5
done
gunzip -c "$2/tests/golden/1/spellings.h5.gz" >spelt.h5
sed 's/"add-0.0"/"add-0.0", "add3"/' "$2/tests/golden/1/spellings.cfg" >spelt.cfg
expect 0 "$picky" extend spelt.h5 spelt.cfg
gunzip -c "$2/tests/golden/1/near-zero.h5.gz" >near.h5
sed 's/"prod"/"prod", "add2"/' "$2/tests/golden/1/near-zero.cfg" >near.cfg
expect 0 "$picky" extend near.h5 near.cfg
sed 's/"add2"/"add2", "add-1e-60"/' near.cfg >nearer.cfg
expect 2 "$picky" extend near.h5 nearer.cfg
grep -q '^picky: near.h5: second_task = "add-1e-60": allowed: ' err || fail "extend: $(cat err)"

echo "all as it should be"
