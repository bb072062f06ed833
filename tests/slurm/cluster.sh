#!/usr/bin/env bash
# A Slurm cluster of N virtual nodes on this machine, for tests and for trying job scripts by hand: munge, slurmctld and
# N slurmd without systemd, on ports of their own, with everything they write in one folder. Needs root and the
# packages munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins; says on stderr what is missing and exits by 77.
# Usage: cluster.sh start DIR N [CPUS]    nodes n1 to nN of CPUS (default 4) each; then `. DIR/env`, and sbatch, srun,
#                                         squeue are those of this cluster
#        cluster.sh stop DIR              cancels its jobs and ends it
#        cluster.sh lose DIR NODE         as if NODE lost its power: all its processes are killed
#        cluster.sh restore DIR NODE      NODE comes back
set -euo pipefail

die() {
    echo "cluster.sh: $1" >&2
    exit "${2:-1}"
}

is_alive() { # PID; zombies are dead
    local state
    state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) && [[ -n $state && $state != Z ]]
}

# wait_for SECONDS COMMAND...: polls until it holds
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

end_process() { # FILE with its process id
    local pid
    [[ -s $1 ]] || return 0
    pid=$(cat "$1")
    kill -TERM "$pid" 2>/dev/null || true
    wait_for 5 eval "! is_alive $pid" || kill -KILL "$pid" 2>/dev/null || true
    rm -f "$1"
}

check_requirements() {
    ((EUID == 0)) || die "needs root" 77
    local program
    for program in munged slurmctld slurmd sbatch srun scontrol; do
        command -v "$program" >/dev/null || die "needs $program (setup.sh test installs it)" 77
    done
    mountpoint -q /sys/fs/cgroup || die "needs /sys/fs/cgroup to be mounted" 77
    unshare --uts --mount mount --bind /etc/hosts /etc/hosts 2>/dev/null ||
        die "needs the right to unshare host names and mounts" 77
}

# A base such that none of the ports that will be used answers.
find_ports() {
    local try port
    for try in {1..20}; do
        base=$((12000 + 1000 * ((RANDOM + try) % 20)))
        for ((port = base; port < base + 100; port++)); do
            ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue 2
        done
        return 0
    done
    die "no free ports"
}

write_configuration() {
    local host node
    host=$(hostname -s)
    # cred_expire: a requeued job starts that much later, which is two minutes by default. TmpFS: one for each node, else
    # srun --mpi=pmix finds another node's files.
    cat >"$dir/slurm.conf" <<END
ClusterName=virtual
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$base
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
SlurmctldPidFile=$dir/slurmctld.own-pid
SlurmdPidFile=$dir/slurmd-%n.own-pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd-%n.log
TmpFS=$dir/tmp-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=pmix
MpiParams=ports=$((base + 100))-$((base + 199))
SrunPortRange=$((base + 200))-$((base + 999)) # a launch takes several, and they stay taken for a minute
SlurmdParameters=config_overrides
ReturnToService=2
JobRequeue=1
KillWait=5
OverTimeLimit=0
SlurmdTimeout=${SLURMD_TIMEOUT:-60}
SlurmctldTimeout=60
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=2,bf_interval=1
NodeName=n[1-$n_nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((base + 1))-$((base + n_nodes))] CPUs=$cpus RealMemory=1000
PartitionName=all Nodes=ALL Default=YES MaxTime=1-0 State=UP
END
    cat >"$dir/env" <<END
export SLURM_CONF='$dir/slurm.conf'
export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo OMPI_MCA_pml=ob1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
END
    cp /etc/hosts "$dir/hosts"
    for ((node = 1; node <= n_nodes; node++)); do
        echo "127.0.0.1 n$node" >>"$dir/hosts"
    done
}

# start_daemon NAME COMMAND...: in a session of its own, which `lose` can kill; its process id in DIR/NAME.pid
start_daemon() {
    local name=$1
    shift
    setsid "$@" >>"$dir/$name.out" 2>&1 </dev/null &
    echo $! >"$dir/$name.pid"
}

start_node() {
    mkdir -p "$dir/spool-$1" "$dir/tmp-$1"
    chmod 1777 "$dir/tmp-$1"
    # Nodes of one host name would share Open MPI's shared memory, and crash.
    start_daemon "slurmd-$1" unshare --uts sh -c "hostname $1; exec slurmd -D -N $1"
}

are_idle() { # N
    [[ $(sinfo -h -N -t idle -o %N 2>/dev/null | wc -l) == "$1" ]]
}

is_up() {
    scontrol ping 2>/dev/null | grep -q 'is UP'
}

start() {
    local node
    check_requirements
    mkdir -p "$dir"
    dir=$(realpath "$dir")
    mkdir "$dir/state" 2>/dev/null || die "$dir holds a cluster already"
    chmod 755 "$dir" # munged refuses folders that others can write to
    find_ports
    write_configuration
    # shellcheck disable=SC1091
    . "$dir/env"
    head -c 1024 /dev/urandom >"$dir/munge.key"
    chmod 400 "$dir/munge.key"
    start_daemon munged munged --foreground --force --socket="$dir/munge.socket" --key-file="$dir/munge.key" \
        --pid-file="$dir/munged.own-pid" --seed-file="$dir/munge.seed" --log-file="$dir/munged.log"
    wait_for 10 test -S "$dir/munge.socket" || die "munged does not start: $dir/munged.out"
    # It answers the nodes' srun by name. One that it cannot resolve it looks up for ten seconds (Slurm 24.11), and all wait.
    # shellcheck disable=SC2016
    start_daemon slurmctld unshare --mount sh -c 'mount --bind "$1/hosts" /etc/hosts && exec slurmctld -D -c' - "$dir"
    for ((node = 1; node <= n_nodes; node++)); do
        start_node "n$node"
    done
    wait_for 30 is_up || die "slurmctld does not start: $dir/slurmctld.log"
    wait_for 30 are_idle "$n_nodes" || die "the nodes do not come up: $dir/slurmd-*.log"
}

is_queue_empty() {
    [[ -z $(squeue -h 2>/dev/null) ]]
}

stop() {
    [[ -e $dir/env ]] || die "$dir holds no cluster"
    # shellcheck disable=SC1091
    . "$dir/env"
    local file jobs
    if is_up; then
        jobs=$(squeue -h -o %A)
        # shellcheck disable=SC2086
        [[ -z $jobs ]] || scancel $jobs || true
        wait_for 15 is_queue_empty || true
    fi
    for file in "$dir"/slurmd-*.pid "$dir/slurmctld.pid" "$dir/munged.pid"; do
        end_process "$file"
    done
}

# All processes whose host name is the node's, which is what makes them the node's.
node_processes() {
    local pid uts
    uts=$(readlink "/proc/$(cat "$dir/slurmd-$1.pid")/ns/uts") || return 0
    for pid in /proc/[0-9]*; do
        [[ $(readlink "$pid/ns/uts" 2>/dev/null) != "$uts" ]] || echo "${pid#/proc/}"
    done
}

lose() {
    local pids
    pids=$(node_processes "$1")
    # shellcheck disable=SC2086
    [[ -z $pids ]] || kill -KILL $pids 2>/dev/null || true
    rm -f "$dir/slurmd-$1.pid"
}

usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

(($# >= 2)) || usage
dir=$2
case $1-$# in
start-3 | start-4)
    n_nodes=$3
    cpus=${4:-4}
    start
    ;;
stop-2) stop ;;
lose-3) lose "$3" ;;
restore-3)
    # shellcheck disable=SC1091
    . "$dir/env"
    start_node "$3"
    ;;
*) usage ;;
esac
