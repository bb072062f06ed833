#!/usr/bin/env bash
# Makes the golden files of a schema, once, with the program of its time: what the files hold is what every later picky has to
# read, and to compute again bit by bit. Not run by any test.
# Usage: make.sh PICKY, in the folder of the schema (tests/golden/1: picky 0.1.0, revision 6af8943)
set -euo pipefail
picky=$1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
rm -f ./*.h5 ./*.h5.gz

for sweep in shapes conclusions spellings near-zero; do
    "$picky" run $sweep.cfg
done
"$picky" run parts.cfg --shard 1/2
"$picky" run parts.cfg --shard 2/2
"$picky" run parts.cfg --shard 2/3

"$picky" run extended-from.cfg -o extended.h5
"$picky" extend extended.h5 extended.cfg

overrides=(--set epochs=3 --set replicates=3 --set optimizer=sgd --set name=renamed)
"$picky" run overridden.cfg "${overrides[@]}"
"$picky" run overridden.cfg "${overrides[@]}" --shard 1/2
"$picky" run overridden.cfg "${overrides[@]}" --shard 2/2
"$picky" merge -o overridden-merged.h5 overridden-?-of-2.h5
rm overridden-?-of-2.h5

# Cut short by a signal: some jobs are done, some are pending.
"$picky" run cut.cfg &
run=$!
until [[ -e cut.h5 ]] && "$picky" status cut.h5 | grep -qE '^ *done +[1-9]'; do sleep 0.05; done
kill -TERM $run
wait $run || [[ $? == 75 ]]

(ulimit -v 600000 && "$picky" run errors.cfg) || [[ $? == 3 ]] # 3: as 0.1.0 ends then

gzip -n -9 ./*.h5
