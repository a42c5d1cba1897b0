#!/bin/bash
# A real Slurm on this machine for as long as a command runs:  NODES=2 tests/support/slurm_nodes.sh FOLDER COMMAND...
# Needs Debian's slurm-wlm and munge, and root. Keeps everything in FOLDER; ends the jobs and the daemons it started.
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd) && shift
nodes=${NODES:-1}
host=$(hostname -s)
export SLURM_CONF="$folder/slurm.conf"
mkdir -p "$folder/state" "$folder/munge"
for number in $(seq "$nodes"); do mkdir -p "$folder/spool-n$number"; done
chmod 700 "$folder/munge"
cat > "$SLURM_CONF" <<CONF
ClusterName=here
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
DefMemPerNode=1500
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[16821-$((16820 + nodes))] CPUs=8 RealMemory=8000
PartitionName=main Nodes=ALL Default=YES PriorityTier=1 GraceTime=20
PartitionName=urgent Nodes=ALL PriorityTier=9
CONF
head -c 1024 /dev/urandom > "$folder/munge/key" && chmod 600 "$folder/munge/key"
pids=()
end() {
    scancel --user="$(id -un)" --quiet || true
    for _ in $(seq 80); do squeue --noheader | grep -q . || break; sleep 0.5; done
    for pid in "${pids[@]}"; do kill "$pid" || true; done
    wait
}
trap end EXIT
munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" 2>"$folder/munge/said" &
pids+=($!)
until [ -S "$folder/munge/socket" ]; do sleep 0.1; done
slurmctld -D >"$folder/said" 2>&1 & pids+=($!)
for number in $(seq "$nodes"); do slurmd -D -N "n$number" >"$folder/said-n$number" 2>&1 & pids+=($!); done
for _ in $(seq 150); do [ "$(sinfo --noheader --partition=main --states=idle --format=%D)" = "$nodes" ] && break; sleep 0.2; done
"$@" &
wait $!
