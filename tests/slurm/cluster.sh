#!/usr/bin/env bash
# A SLURM cluster of one machine, to test the workflow against: munge, MariaDB, slurmdbd, slurmctld and slurmd
# on loopback only, with two GPUs that are only device nodes. For root on Debian; needs no systemd.
#
#   cluster.sh install                        install the packages
#   cluster.sh start [--no-accounting]        start what does not run yet, without slurmdbd and MariaDB if asked
#   cluster.sh stop                           cancel this cluster's jobs and end the daemons
#   cluster.sh restart-controller [SECONDS]   end slurmctld, stay down for SECONDS (0), start it again
#   cluster.sh status                         one line a daemon; exit 0 if all run
#
# Everything lies under ENCORE_SLURM_LAB (default /var/tmp/encore-slurm), except /etc/slurm/*.conf and the sockets
# in /run/encore-slurm. Daemons are ended by the process ids recorded there, never by name.
# Exit status: 0 done, 1 a daemon failed, 2 refused.
set -euo pipefail

LAB=${ENCORE_SLURM_LAB:-/var/tmp/encore-slurm}
SOCKETS=/run/encore-slurm
MARKER="# Written by Encore's tests/slurm/cluster.sh, which overwrites it."
PACKAGES=(munge slurm-client slurmctld slurmd slurm-wlm-basic-plugins slurmdbd slurm-wlm-mysql-plugin mariadb-server)
# In the order of starting. Each is also the name of its process and of its pid file.
DAEMONS=(munged mariadbd slurmdbd slurmctld slurmd)
MYSQL_PORT=6820      # not MariaDB's own, so that a database of the machine is left alone
KILL_WAIT=30         # SLURM's default: the seconds from SIGTERM to SIGKILL that a checkpoint has
unset SLURM_CONF     # the client commands below must ask this cluster

say() { printf 'cluster.sh: %s\n' "$*"; }
refuse() { say "$*" >&2; exit 2; }
fail() { say "$*" >&2; exit 1; }

# --- What is here ---

missing_packages() {
    local package
    for package in "${PACKAGES[@]}"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
    done
}

require_machine() {
    [[ $EUID == 0 ]] || refuse "must run as root, but runs as $(id -un)."
    [[ -e /etc/debian_version && -n $(command -v apt-get) ]] || refuse "needs Debian with apt, which is not here."
    [[ $LAB == /* && $LAB != *[[:space:]]* ]] || refuse "ENCORE_SLURM_LAB must be an absolute path without spaces, not '$LAB'."
}

require_own_configuration() {
    local file
    for file in /etc/slurm/{slurm,slurmdbd,gres,cgroup}.conf; do
        [[ ! -e $file || $(head -n 1 "$file") == "$MARKER" ]] ||
            refuse "$file was not written by this script and may belong to a real cluster; nothing was changed."
    done
}

pid_of() { cat "$LAB/run/$1.pid" 2>/dev/null; }

# The name is compared because a pid that was recorded before a reboot may by now be another process's.
runs() {
    local pid
    pid=$(pid_of "$1") && [[ -n $pid && $(cat "/proc/$pid/comm" 2>/dev/null) == "$1" ]]
}

gone() { ! runs "$1"; }

accounting() { grep -q '^AccountingStorageType=accounting_storage/slurmdbd$' /etc/slurm/slurm.conf 2>/dev/null; }

wanted_daemons() {
    local daemon
    for daemon in "${DAEMONS[@]}"; do
        [[ $daemon == mariadbd || $daemon == slurmdbd ]] && ! accounting || printf '%s\n' "$daemon"
    done
}

# await SECONDS COMMAND...: whether COMMAND succeeds within SECONDS
await() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

# --- Configuration ---

write_configuration() {
    local storage=$1 host memory
    host=$(hostname -s)
    # A tenth is left to the daemons and to whatever else runs here.
    memory=$(awk '/^MemTotal:/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
    mkdir -p /etc/slurm
    cat >/etc/slurm/slurm.conf <<END
$MARKER
ClusterName=encore-test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
# A requeued job waits for cred_expire seconds (120 by default) before it starts again.
AuthInfo=socket=$SOCKETS/munge/socket,cred_expire=10
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$LAB/state
SlurmdSpoolDir=$LAB/spool
SlurmctldPidFile=$LAB/run/slurmctld.pid
SlurmdPidFile=$LAB/run/slurmd.pid
SlurmctldLogFile=$LAB/log/slurmctld.log
SlurmdLogFile=$LAB/log/slurmd.log
MailProg=/bin/true
ReturnToService=2
KillWait=$KILL_WAIT
# pgid signals every process of a step and leaves none behind. linuxproc leaves those that handle SIGTERM once their
# parent has gone; cgroup, which most real clusters use, sends SIGTERM to a step's first process only.
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=1,sched_interval=5,bf_interval=5,bf_resolution=60,defer_batch
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
# An impossible request is refused instead of pending for ever.
EnforcePartLimits=ALL
# Memory limits by polling: there may be no cgroups to use.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/$storage
$([[ $storage == none ]] || printf '%s\n' AccountingStorageHost=127.0.0.1 \
    "AccountingStoragePass=$SOCKETS/munge/socket" AccountingStorageTRES=gres/gpu)
# More CPUs than the machine may have: bookkeeping only.
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=$memory Gres=gpu:2
PartitionName=main Nodes=$host Default=YES DefMemPerCPU=500 PriorityTier=1
PartitionName=urgent Nodes=$host DefMemPerCPU=500 PriorityTier=10
END
    cat >/etc/slurm/gres.conf <<END
$MARKER
AutoDetect=off
NodeName=$host Name=gpu File=$LAB/gpu/gpu[0-1]
END
    cat >/etc/slurm/cgroup.conf <<END
$MARKER
ConstrainCores=no
ConstrainDevices=no
ConstrainRAMSpace=no
ConstrainSwapSpace=no
END
    rm -f /etc/slurm/slurmdbd.conf
    # slurmdbd accepts its file only when none but its owner can read it.
    (umask 077 && cat >/etc/slurm/slurmdbd.conf) <<END
$MARKER
AuthType=auth/munge
AuthInfo=socket=$SOCKETS/munge/socket
DbdHost=localhost
DbdAddr=127.0.0.1
CommunicationParameters=NoInAddrAny
SlurmUser=root
PidFile=$LAB/run/slurmdbd.pid
LogFile=$LAB/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$MYSQL_PORT
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
END
}

make_folders() {
    local gpu
    mkdir -p "$LAB"/{run,log,state,spool,gpu} "$SOCKETS"
    chmod 755 "$LAB" "$SOCKETS"
    # munged refuses a key that others could have written.
    install -d -o munge -g munge -m 700 "$LAB/munge"
    install -d -o mysql -g mysql -m 700 "$LAB/mysql"
    install -d -o munge -g munge -m 755 "$SOCKETS/munge"
    install -d -o mysql -g mysql -m 755 "$SOCKETS/mysql"
    # SLURM sets CUDA_VISIBLE_DEVICES only if the files are character devices; these are copies of /dev/null.
    for gpu in "$LAB"/gpu/gpu{0,1}; do
        [[ -c $gpu ]] || mknod -m 666 "$gpu" c 1 3 || refuse "cannot make the device node $gpu."
    done
}

# --- Starting: a function a daemon ---

# Nothing of the caller's may stay open in a daemon: whoever reads the caller's output would wait for ever.
quietly() { "$@" </dev/null >>"$LAB/log/start.log" 2>&1; }

munge_answers() { munge -n -S "$SOCKETS/munge/socket"; }
mysql_here() { mariadb --no-defaults -u root --socket="$SOCKETS/mysql/socket" "$@" </dev/null; }
controller_up() { timeout 5 scontrol ping | grep -q 'is UP'; }
node_ready() { timeout 5 sinfo -h -o %T | grep -Eqx 'idle|mixed|allocated'; }
ctld_registered() { [[ $(sacctmgr -nP show cluster encore-test format=controlport) == 6817 ]]; }

start_munged() {
    [[ -s $LAB/munge/key ]] || (umask 077 && head -c 1024 /dev/urandom >"$LAB/munge/key")
    chown munge:munge "$LAB/munge/key"
    # Its pid file, too, must lie in a folder of its own user.
    quietly runuser -u munge -- munged --force --key-file="$LAB/munge/key" --socket="$SOCKETS/munge/socket" \
        --pid-file="$LAB/munge/pid" --log-file="$LAB/munge/log" --seed-file="$LAB/munge/seed" &&
        await 5 munge_answers && cp "$LAB/munge/pid" "$LAB/run/munged.pid"
}

start_mariadbd() {
    [[ -d $LAB/mysql/mysql ]] ||
        quietly mariadb-install-db --no-defaults --user=mysql --datadir="$LAB/mysql" --skip-test-db \
            --auth-root-authentication-method=socket || return
    # Not through quietly: the pid would be that of a shell around it.
    setsid mariadbd --no-defaults --user=mysql --datadir="$LAB/mysql" --socket="$SOCKETS/mysql/socket" \
        --bind-address=127.0.0.1 --port="$MYSQL_PORT" --pid-file="$LAB/mysql/pid" --innodb-buffer-pool-size=64M \
        </dev/null >>"$LAB/log/mariadbd.log" 2>&1 &
    echo $! >"$LAB/run/mariadbd.pid"
    await 20 mysql_here -e 'SELECT 1' && quietly mysql_here -e "
        CREATE DATABASE IF NOT EXISTS slurm_acct_db;
        CREATE USER IF NOT EXISTS slurm@'127.0.0.1' IDENTIFIED BY 'slurm', slurm@localhost IDENTIFIED BY 'slurm';
        GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1', slurm@localhost;"
}

start_slurmdbd() {
    quietly slurmdbd && await 15 runs slurmdbd && await 15 sacctmgr -n show cluster || return
    # These fail when what they add is already there; the last line is what counts.
    quietly sacctmgr -i add cluster encore-test || true
    quietly sacctmgr -i add account def Cluster=encore-test Description=tests Organization=encore || true
    quietly sacctmgr -i add user root Cluster=encore-test Account=def || true
    # SLURM makes an account root by itself, and that would stay the user's default.
    quietly sacctmgr -i modify user root where Cluster=encore-test set DefaultAccount=def || true
    [[ $(sacctmgr -nP show user root format=defaultaccount) == def ]]
}

start_slurmctld() {
    quietly slurmctld && await 10 runs slurmctld && await 15 controller_up || return
    ! accounting || await 10 ctld_registered
}

start_slurmd() { quietly slurmd && await 10 runs slurmd && await 15 node_ready; }

# --- Ending ---

# end DAEMON SECONDS: TERM, then wait until it has gone
end() {
    runs "$1" || return 0
    kill -TERM "$(pid_of "$1")"
    await "$2" gone "$1" || fail "$1 (process $(pid_of "$1")) has not ended after $2 s."
    rm -f "$LAB/run/$1.pid"
}

no_jobs() { [[ -z $(timeout 10 squeue -h -o %i) ]]; }

cancel_jobs() {
    local jobs
    runs slurmctld && runs slurmd || return 0
    mapfile -t jobs < <(timeout 10 squeue -h -r -o %i)
    ((${#jobs[@]})) || return 0
    say "cancels ${#jobs[@]} job(s)."
    # It complains of jobs that end meanwhile; what counts is whether any are left.
    timeout 30 scancel "${jobs[@]}" 2>/dev/null || true
    await $((KILL_WAIT + 30)) no_jobs || say "jobs are left: $(timeout 10 squeue -h -o %i | tr '\n' ' ')" >&2
}

# --- Commands ---

install_packages() {
    local log missing
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]})) || return 0
    mkdir -p "$LAB/log"
    log=$LAB/log/apt.log
    # RUNLEVEL=1 keeps the packages' scripts from starting the daemons.
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    local get=(apt-get -qq -y --no-install-recommends)
    compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || "${get[@]}" update </dev/null >>"$log" 2>&1 || true
    # A second try with fresh lists: old ones name files that the mirror no longer has.
    "${get[@]}" install "${missing[@]}" </dev/null >>"$log" 2>&1 ||
        { "${get[@]}" update && "${get[@]}" install "${missing[@]}"; } </dev/null >>"$log" 2>&1 ||
        refuse "cannot install ${missing[*]}; apt's messages are in $log."
}

start_cluster() {
    local storage=$1 daemon started=()
    require_own_configuration
    if runs slurmctld; then
        local now=none
        accounting && now=slurmdbd
        [[ $now == "$storage" ]] || refuse "runs already with AccountingStorageType=accounting_storage/$now; stop it first."
    fi
    install_packages
    make_folders
    write_configuration "$storage"
    for daemon in $(wanted_daemons); do
        runs "$daemon" && continue
        "start_$daemon" || fail "$daemon did not start; see $LAB/log and $LAB/munge/log, then run 'cluster.sh stop'."
        started+=("$daemon")
    done
    if ((${#started[@]})); then say "started ${started[*]}."; else say "runs already."; fi
}

stop_cluster() {
    local i
    require_own_configuration
    cancel_jobs
    for ((i = ${#DAEMONS[@]} - 1; i >= 0; i--)); do end "${DAEMONS[i]}" 30; done
    say "stopped."
}

restart_controller() {
    require_own_configuration
    runs slurmctld || fail "slurmctld does not run."
    end slurmctld 30
    sleep "$1"
    start_slurmctld || fail "slurmctld did not start; see $LAB/log."
}

print_status() {
    local daemon rc=0
    for daemon in $(wanted_daemons); do
        if runs "$daemon"; then
            printf '%-9s runs, process %s\n' "$daemon" "$(pid_of "$daemon")"
        else
            printf '%-9s does not run\n' "$daemon"
            rc=1
        fi
    done
    return "$rc"
}

usage() { refuse "usage: cluster.sh install | start [--no-accounting] | stop | restart-controller [SECONDS] | status"; }

case "$*" in
    install) require_machine && install_packages ;;
    start) require_machine && start_cluster slurmdbd ;;
    'start --no-accounting') require_machine && start_cluster none ;;
    stop) require_machine && stop_cluster ;;
    restart-controller | 'restart-controller '[0-9] | 'restart-controller '[0-9][0-9] | 'restart-controller '[0-9][0-9][0-9]) require_machine && restart_controller "${2:-0}" ;;
    status) print_status ;;
    *) usage ;;
esac
