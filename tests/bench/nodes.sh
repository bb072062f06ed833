#!/usr/bin/env bash
# What two nodes cost: the same sweep on the same number of ranks, on one virtual node (shared memory between ranks) and on
# two (TCP), in turn, on a Slurm of its own (tests/slurm/cluster.sh). Prints jobs a second, and what the MPI thread of the
# busiest waiting rank (any but the first) used of a core; medians and their ratio at the end. For an idle machine.
# Usage: nodes.sh PICKY [ROUNDS [RANKS [OPTION OF picky run]...]]      default: 5 rounds, as many ranks as CPUs (even)
set -euo pipefail
picky=$(realpath "$1") rounds=${2:-5} ranks=${3:-$(($(nproc) / 2 * 2))}
shift $(($# < 3 ? $# : 3))
source_dir=$(realpath "$(dirname "$0")/../..")
cluster=$source_dir/tests/slurm/cluster.sh
options=("$@")
((${#options[@]})) || options=(--set replicates=20)
work=$(mktemp -d)
trap '"$cluster" stop "$work/cluster" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
"$cluster" start "$work/cluster" 2 "$ranks"
# shellcheck disable=SC1091
. "$work/cluster/env"

# Looks at the rank's first thread, which does MPI, as long as it lives.
cat >rank <<'END'
#!/usr/bin/env bash
"$@" &
pid=$!
while sleep 0.2; read -r stat 2>/dev/null <"/proc/$pid/task/$pid/stat" && [[ $stat != *") Z"* ]]; do
    set -- ${stat##*) }
    used=$((${12} + ${13})) # utime + stime, in ticks
    elapsed=$(($(date +%s%N) / 10000000)) started=${started:-$elapsed}
    first=${first:-$used}
done
wait "$pid" || exit
((SLURM_PROCID == 0)) || echo "$used $first $elapsed $started" >"wait.$SLURM_PROCID"
END
chmod +x rank

median() {
    sort -g "$1" | awk '{ a[NR] = $1 } END { print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'
}
echo "$ranks ranks, $(nproc) CPUs: context_x_fraction.cfg ${options[*]}"
for ((round = 1; round <= rounds; round++)); do
    for nodes in 1 2; do
        rm -f out.h5 wait.*
        srun --mpi=pmix -N $nodes -n "$ranks" --ntasks-per-node=$((ranks / nodes)) ./rank "$picky" run \
            "$source_dir/sweeps/context_x_fraction.cfg" -o out.h5 "${options[@]}" 2>log || { cat log; exit 1; }
        # Of the receipt the exact figures are in the file.
        rate=$(/usr/bin/python3 -c '
import h5py
p = h5py.File("out.h5", "r")["provenance"]
print(float(p.attrs["job_rate"]) if "job_rate" in p.attrs else float(p["job_rate"][()]))')
        waits=$(awk '{ w = 100 * ($1 - $2) / ($3 - $4); if (w > m) m = w } END { printf "%.1f", m }' wait.* 2>/dev/null || echo -)
        echo "$rate" >>rate.$nodes
        echo "round $round, $nodes node(s): $rate jobs/s, a waiting MPI thread $waits % of a core"
    done
done
one=$(median rate.1) two=$(median rate.2)
awk -v a="$one" -v b="$two" 'BEGIN { printf "medians: one node %.4g, two nodes %.4g jobs/s: two are at %.1f %%\n", a, b, 100 * b / a }'
