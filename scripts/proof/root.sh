# Functions for proofs on a clean Debian root, to be sourced after claims.sh. The root has namespaces of its own for
# processes, mounts, names, cgroups and the network (only loopback), and Debian's systemd is its first process: packages
# install, services start and timers elapse there as on a board, and nothing of the machine is touched.
# shellcheck shell=bash

# What a machine that follows the README has from Debian; kept as archives, so that apt installs it without a network.
root_archives=(libmosquitto1 mosquitto mosquitto-clients unattended-upgrades)
root_mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
root_base=artifacts/root/bookworm

# root_require: skips with a reason where a root cannot be made.
root_require() {
    [ "$(id -u)" -eq 0 ] || skip "a Debian root needs the user root"
    local tool
    for tool in debootstrap unshare nsenter setpriv python3 apt-ftparchive lintian; do
        command -v $tool >/dev/null || skip "$tool is missing (apt-get install debootstrap; scripts/setup packages)"
    done
    root_cgroup=$(awk '$3 == "cgroup2" && $4 ~ /(^|,)rw(,|$)/ { print $2; exit }' /proc/mounts)
    [ -n "$root_cgroup" ] || skip "no cgroup2 folder is mounted for writing"
    unshare --mount --pid --uts --ipc --cgroup --net --fork true 2>/dev/null || skip "namespaces are not allowed here"
}

# A root as debootstrap makes it, with systemd; made once.
root_make_base() {
    [ ! -e "$root_base/.complete" ] || return 0
    echo "root: fetching a clean Debian bookworm from $root_mirror (a minute)" >&2
    rm -rf "$root_base"
    mkdir -p "${root_base%/*}"
    if ! debootstrap --variant=minbase --include=systemd-sysv bookworm "$root_base" "$root_mirror" \
        >"${root_base%/*}/log" 2>&1; then
        tail -n 3 "${root_base%/*}/log" >&2
        skip "debootstrap cannot reach $root_mirror"
    fi
    if ! chroot "$root_base" apt-get install -y -qq --download-only "${root_archives[@]}" \
        >>"${root_base%/*}/log" 2>&1; then
        tail -n 3 "${root_base%/*}/log" >&2
        skip "apt cannot fetch ${root_archives[*]} from $root_mirror"
    fi
    # A machine of its own, not the copy of one.
    echo edge-proof >"$root_base/etc/hostname"
    printf '127.0.0.1 localhost edge-proof\n' >"$root_base/etc/hosts"
    : >"$root_base/etc/machine-id"
    : >"$root_base/etc/resolv.conf"
    touch "$root_base/.complete"
}

# root_start FOLDER: a fresh copy of the base, started; in_root runs commands there, root_stop ends it.
root_start() {
    root_make_base
    root_folder=$1 root_group=$root_cgroup/edge-proof-$$
    cp -a --reflink=auto "$root_base" "$root_folder"
    rm "$root_folder/.complete"
    mkdir "$root_group"
    (
        echo "$BASHPID" >"$root_group/cgroup.procs"
        exec unshare --mount --pid --uts --ipc --cgroup --net --fork --kill-child \
            bash -c "$root_boot" boot "$root_folder" >"$root_folder.log" 2>&1 3>&-
    ) &
    root_parent=$!
    local state=
    for _ in $(seq 300); do
        root_first=
        read -r root_first _ <"/proc/$root_parent/task/$root_parent/children" || true
        if [ -n "$root_first" ] && [ "$(cat "/proc/$root_first/comm" 2>/dev/null)" = systemd ]; then
            state=$(in_root systemctl is-system-running 2>/dev/null) || true
            case $state in running | degraded) return 0 ;; esac
        fi
        kill -0 "$root_parent" 2>/dev/null || break
        sleep 0.2
    done
    tail -n 5 "$root_folder.log" >&2
    skip "systemd does not start in namespaces of this machine (state '$state')"
}

# What runs before systemd, in the new namespaces. The kernel's settings are the machine's: they are read-only there.
# shellcheck disable=SC2016
root_boot='set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
    touch "dev/$node"
    mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
hostname edge-proof
pivot_root . .
umount -l .
exec env -i container=edge-proof PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv \
    --bounding-set=-sys_time,-sys_module,-sys_rawio,-syslog,-sys_boot /lib/systemd/systemd \
    --log-target=console --show-status=0 systemd.unified_cgroup_hierarchy=1'

in_root() {
    nsenter --target "$root_first" --mount --pid --uts --ipc --cgroup --net --root --wd \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

# near_root COMMAND…: the machine's own program on the root's loopback.
near_root() { nsenter --target "$root_first" --net "$@"; }

# apt in the root: Debian's lists and archives are there, only the feed's are fetched.
root_update() {
    in_root apt-get update -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/edge.sources -o Dir::Etc::sourceparts=- \
        -o APT::Get::List-Cleanup=0 -o Acquire::Retries=0
}
root_apt() { in_root apt-get -y -q -o Acquire::Retries=0 "$@"; }

root_stop() {
    [ -z "${root_server:-}" ] || kill "$root_server" 2>/dev/null || true
    root_server=
    [ -n "${root_parent:-}" ] || return 0
    kill -KILL "$root_parent" 2>/dev/null || true # The first process of the namespaces, and so all of them, go with it.
    wait "$root_parent" 2>/dev/null || true
    for _ in $(seq 50); do
        find "$root_group" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -d "$root_group" ] || break
        sleep 0.1
    done
    root_parent=
    rm -rf --one-file-system "$root_folder"
}

# root_feed FOLDER PORT: serves the feed's public folder on the root's loopback.
root_feed() {
    nsenter --target "$root_first" --net python3 -u -m http.server --bind 127.0.0.1 --directory "$1/public" "$2" \
        >"$1/http" 2>&1 3>&- &
    root_server=$!
    for _ in $(seq 100); do
        ! near_root bash -c "exec 3<>/dev/tcp/127.0.0.1/$2" 2>/dev/null || return 0
        sleep 0.1
    done
    cat "$1/http" >&2
    return 1
}

# until_true SECONDS COMMAND…: looks four times a second; fails when the time is over.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.25
    done
}

# root_listen FILE: what the agent says over the root's broker, a line each: topic, correlation data, payload.
root_listen() {
    : >"$1"
    root_heard=$1
    in_root mosquitto_sub -V 5 -q 1 -t clients/proof/rsp -t edgeai/v1/node/edge-proof/event -t clients/proof/ping \
        -F '%t %D %p' >>"$1" 2>&1 3>&- &
    until_true 20 root_hears
}
root_hears() {
    in_root mosquitto_pub -t clients/proof/ping -m ping
    grep -q ^clients/proof/ping "$root_heard"
}
root_ask() { # id, body
    in_root mosquitto_pub -V 5 -q 1 -t edgeai/v1/node/edge-proof/cmd/chat/req -D publish response-topic \
        clients/proof/rsp -D publish content-type application/json -D publish correlation-data "$1" -m "$2"
}
root_answered() { grep -q "^clients/proof/rsp $1 .*\"kind\":\"final\"" "$root_heard"; }

# make_release VERSION FROM.deb FOLDER [CHANGE]: the package FROM under another version into FOLDER, after the function
# CHANGE has run in its tree.
make_release() {
    local folder=$3/release-$1
    rm -rf "$folder"
    dpkg-deb -R "$2" "$folder"
    sed -i "s/^Version: .*/Version: $1/" "$folder/DEBIAN/control"
    [ -z "${4:-}" ] || (cd "$folder" && "$4")
    (cd "$folder" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z |
        xargs -0 md5sum >DEBIAN/md5sums)
    dpkg-deb --root-owner-group -Zgzip -z1 --build "$folder" "$3" >/dev/null
    rm -rf "$folder"
}
