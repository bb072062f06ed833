#!/usr/bin/env bash
# One sweep of several shapes on 1, 2, 3 and 5 ranks: the same file outside /provenance. (Instruction sets: test_job, and
# equal_bits.)
# Usage: test_mpi.sh PICKY SOURCE_DIR
set -euo pipefail
picky=$1 tests=$2/tests
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >sweep.cfg <<END
name = "several shapes"; replicates = 7; seed = 3;
store = ["weights", "initial_weights", "test_set", "train_set"];
model = { epochs = 8; N_train = 200; N_test = 21; max_attempts = 3; error_threshold = 0.4; };
cases = (
  { grid = { hidden_size = [5, 12]; context_location = ("start", 2, "end"); }; },
  { train_mode = "replay"; fraction = 0.4; hidden_layers = 2; hidden_size = 8; },
  { optimizer = "sgd"; lr = 10.0; output_activation = "linear"; hidden_size = 6; }
);
END
compare() {
    /usr/bin/python3 "$tests/compare_results.py" "$1" "$2"
}
run() { # ranks, file
    timeout 100 mpirun -n "$1" --oversubscribe --bind-to none "$picky" run sweep.cfg -o "$2" 2>"$2.log" || {
        echo "$1 ranks: exit code $?"
        cat "$2.log"
        exit 1
    }
}

timeout 100 "$picky" run sweep.cfg -o 1.h5 2>1.log # without mpirun
for n in 1 2 3 5; do
    run "$n" "ranks$n.h5"
    compare 1.h5 "ranks$n.h5"
done

# Paths are those of rank 0's working directory; the other rank's may lack the sweep, and gets no file.
mkdir elsewhere
timeout 100 mpirun --oversubscribe --bind-to none -n 1 "$picky" run sweep.cfg -o apart.h5 : \
    -wdir "$work/elsewhere" -n 1 "$picky" run sweep.cfg -o apart.h5 2>apart.log || {
    cat apart.log
    exit 1
}
compare 1.h5 apart.h5
[[ -z $(ls elsewhere) ]] || {
    echo "a rank other than 0 made files"
    exit 1
}

# The jobs that diverge are in the file as such, with a reason, and the others are done.
/usr/bin/python3 - 1.h5 <<'END'
import sys, h5py, numpy as np
f = h5py.File(sys.argv[1], "r")
status = f["status"][:]
reason = f["provenance/reason"][:]  # characters
diverging = np.flatnonzero(f["optimizer"].asstr()[:] == "sgd")
assert diverging.size == 1 and (status[diverging] == 3).all(), status
assert all(b"diverged" in r.tobytes() for r in reason[diverging[0]]), reason[diverging[0]]
others = np.delete(status, diverging, axis=0)
assert np.isin(others, (1, 2)).all() and (others == 1).any(), status
assert np.isnan(f["importance"][diverging[0]]).all()
print("statuses:", np.unique(status, return_counts=True))
END

# A comparison that could not fail would prove nothing.
timeout 100 "$picky" run sweep.cfg -o other.h5 --set seed=4 2>/dev/null
if compare 1.h5 other.h5 >/dev/null; then
    echo "other seeds gave the same file"
    exit 1
fi
echo "all the same"
