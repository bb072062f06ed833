#!/usr/bin/env bash
# What was run is kept: `picky-analyse export --sweep` of a file, and `picky run` of that, is the same file again, bit for bit,
# whatever --set said and however the file came to be. Warnings of what may not be meant.
# Usage: test_as_run.sh PICKY PICKY-ANALYSE SOURCE_DIR
analyse=$2
set -- "$1" "$3"
# shellcheck source=tests/results_steps.sh
source "$2/tests/results_steps.sh"

again() { # FILE.h5
    rm -f again.cfg again.h5
    expect 0 "$analyse" export "$1" --sweep -o again.cfg
    expect 0 "$picky" run again.cfg
    same "$1" again.h5
}
original() { # FILE.h5 SWEEP.cfg: the file keeps the sweep file as it was
    /usr/bin/python3 -c 'import sys, h5py
with h5py.File(sys.argv[1]) as f, open(sys.argv[2], newline="") as text:
    sys.exit(f["provenance"].attrs["sweep_original"] != text.read())' "$1" "$2" || fail "$1 has not $2"
}

cat >sweep.cfg <<'END'
# replicates = 9; not so many
name = "as \"it\" " /* in two */ "was";
replicates = 0x2;   // two
model = { N_train = 60; N_test = 8; max_attempts = 1; } // lr = 3
train = { epochs = 2 }
grid = { hidden_size = { range = { from = 3; to = 5; steps = 3; }; }; };
END
set_all=(--set epochs=3 --set "name=}; \"x\\" --set lr=0.0123456789012345 --set second_task=add1.50 --set replicates=3
    --set context_location=2 --set optimizer=sgd)

# ---- a run, with overrides and without ----
expect 0 "$picky" run sweep.cfg -o plain.h5
again plain.h5
cmp -s sweep.cfg again.cfg || fail "the text has changed without --set"
expect 0 "$picky" run sweep.cfg "${set_all[@]}" -o set.h5
again set.h5
original set.h5 sweep.cfg
diff <(sed 's/0x2/3/; s/"as.*was"/"}; \\"x\\\\" \/* in two *\/ /; s/epochs = 2/epochs = 3/
    s/^model = {/& lr = 0.0123456789012345; context_location = "2"; optimizer = "sgd"; second_task = "add1.50";/' sweep.cfg) \
    again.cfg || fail "other bytes than the values have changed"
cp again.cfg set.cfg
expect 2 "$picky" run sweep.cfg -o set.h5 --resume
expect 0 "$picky" run again.cfg -o set.h5 --resume
said 'nothing to do$'

# ---- from a pipe: there is no file to read again ----
expect 0 "$picky" run <(cat sweep.cfg) --set seed=4 -o pipe.h5
again pipe.h5

# ---- what status prints can be pasted: the command that goes on, and the one that made the file ----
mkdir "a folder"
cp sweep.cfg "a folder/it's.cfg"
expect 75 mpirun -n 2 --oversubscribe --bind-to none "$picky" run "a folder/it's.cfg" "${set_all[@]}" -o "a set.h5" \
    --time-limit 0.001s
touch "a set-as-run.cfg" # is taken
expect 0 "$picky" status "a set.h5"
sed -n '/^It was made by:/,$p' out | tail -n +2 >made_by
sed -n '/go on with:$/,/--resume$/p' out | tail -n +2 >hint
cp "a set.h5" begun.h5
expect 0 bash -e hint
same "a set.h5" set.h5
mv begun.h5 "a set.h5"
expect 0 bash -ec "$(sed 's/ --time-limit 0.001s$//' made_by) --resume"
same "a set.h5" set.h5
cp plain.h5 larger.h5 # extended, but not to its end
expect 75 "$picky" extend larger.h5 sweep.cfg --set replicates=400 --time-limit 0.2s
expect 0 "$picky" status larger.h5
sed -n '/go on with:$/,/--resume$/p' out | tail -n +2 >hint
expect 0 bash -e hint
again larger.h5

# ---- shards, merged; a merge of that; a part that was to be completed ----
for i in 1 2; do
    expect 0 "$picky" run sweep.cfg "${set_all[@]}" --shard $i/2
    expect 0 "$analyse" export sweep-$i-of-2.h5 --sweep
    cmp -s out set.cfg || fail "the shard has another sweep"
done
expect 0 "$picky" merge -o merged.h5 sweep-?-of-2.h5
same merged.h5 set.h5
again merged.h5
original merged.h5 sweep.cfg
expect 0 "$picky" merge -o merged-again.h5 merged.h5
same merged-again.h5 set.h5
original merged-again.h5 sweep.cfg
expect 75 "$picky" merge -o half.h5 sweep-1-of-2.h5
expect 0 "$analyse" export half.h5 --sweep -o half.cfg
expect 0 "$picky" run half.cfg -o half.h5 --resume
same half.h5 set.h5

# ---- extended, by other overrides and by another sweep ----
cp set.h5 extended.h5
expect 0 "$picky" extend extended.h5 sweep.cfg "${set_all[@]:0:8}" --set replicates=5 --set context_location=2 --set optimizer=sgd
again extended.h5
original extended.h5 sweep.cfg
sed 's/from = 3/from = 2/; s/steps = 3/steps = 4/' again.cfg >larger.cfg
expect 0 "$picky" extend extended.h5 larger.cfg
again extended.h5
cmp -s larger.cfg again.cfg || fail "not the sweep that it was extended by"

# ---- a text that is another sweep's: no sweep is printed, and what is done is kept ----
expect 0 "$picky" run sweep.cfg --set replicates=1 -o strange.h5
/usr/bin/python3 -c 'import h5py
with h5py.File("strange.h5", "r+", libver=("v108", "v108")) as f:
    f.attrs["sweep"] = "model = { lr = 0.1; };"'
expect 2 "$analyse" export strange.h5 --sweep -o strange.cfg
said 'strange.h5: the text that it holds is not that of its sweep: hidden_size differs between the configurations'
[[ ! -e strange.cfg ]] || fail "a wrong sweep was printed"
expect 0 "$picky" merge -o sane.h5 strange.h5
said 'warning: strange.h5: the sweep.s text in it is not that of its configurations .*; sane.h5 gets none$'
expect 2 "$analyse" export sane.h5 --sweep
said 'sane.h5: the file does not hold its sweep file.s text'

# ---- warnings: keys without effect, configurations that coincide ----
warnings() { # NUMBER
    [[ $(grep -c '^picky: warning: ' err) == "$1" ]] || fail "not $1 warnings"
}
fixed='N_train = 60; N_test = 8; max_attempts = 1; epochs = 1;'
warns() { # NUMBER SWEEP OPTION...: of plan and of run
    echo "$2" >warn.cfg
    rm -f warn.h5
    expect 0 "$picky" plan warn.cfg "${@:3}"
    warnings "$1"
    expect 0 "$picky" run warn.cfg "${@:3}"
    warnings "$1"
}
warns 0 "model = { $fixed }; grid = { hidden_size = [2, 3]; };"
warns 1 "model = { $fixed replay_every = 3; };"
said '^picky: warning: replay_every is given, but has no effect in this sweep: it matters only in train_mode "replay"$'
warns 1 "model = { $fixed };" --set replay_every=3
warns 1 "model = { $fixed hidden_layers = 1; context_location = \"end\"; };"
said 'warning: context_location is given, but has no effect .* only with more than one of hidden_layers$'
warns 0 "model = { $fixed replay_every = 3; }; cases = ( { }, { train_mode = \"replay\"; } );"
warns 2 "model = { $fixed }; grid = { replay_every = [3, 4]; };"
said 'warning: configuration 0 \(replay_every = 3\) and configuration 1 \(replay_every = 4\) ask for the same models$'
warns 1 "model = { $fixed }; grid = { context_location = [\"start\", \"end\"]; hidden_layers = [1, 2]; };"
said 'configuration 0 \(context_location = start, hidden_layers = 1\) and configuration 2 \(context_location = end, .* = 1\)'
warns 1 "model = { $fixed }; grid = { fraction = [0.5, 0.501, 0.6]; hidden_size = [2, 3]; };"
said 'and configuration 2 .*; 2 configurations repeat others so$'
warns 1 "model = { $fixed }; cases = ( { train_mode = \"sequential\"; }, { train_mode = \"replay\"; replay_every = 4; },
         { train_mode = \"replay\"; replay_every = 3; } );"
said 'configuration 0 .* and configuration 1 '
# It is so: the same bits, but for what each is called.
/usr/bin/python3 -c 'import h5py
with h5py.File("warn.h5") as f:
    bits = [[f[name][c].tobytes() for name in ("train_loss", "importance", "hidden_weights")] for c in range(3)]
    assert bits[0] == bits[1] != bits[2]'
echo "test_as_run: passed"
