# Makes, boots, enters and stops a machine.

machine_names() { ls "$machines_dir" 2>/dev/null || true; }
machine_alive() { is_alive "$machines_dir/$1/leader.pid"; }

# Prints the name of a machine in the lab, given that name or its hostname.
machine_named() {
  local name
  for name in $(machine_names); do
    if [ "$name" = "$1" ] || [ "$(cat "$machines_dir/$name/hostname")" = "$1" ]; then
      echo "$name"
      return
    fi
  done
  die "no machine \"$1\"; there are: $(machine_names | paste -sd' ')"
}

# make_machine NAME ADDRESS HOSTNAME UNIT...: makes its disk, an overlay of the image, and enables UNITs.
make_machine() {
  local dir=$machines_dir/$1 address=$2 hostname=$3 unit
  shift 3
  mkdir -p "$dir/upper/etc/kagent-lab" "$dir/work" "$dir/root" "$dir/containerd" "$dir/docker" "$dir/kubelet" "$dir/etcd"
  echo "$address" >"$dir/address"
  echo "$hostname" >"$dir/hostname"
  echo "$address/24 $network.1" >"$dir/upper/etc/kagent-lab/address"
  # The lab's machines have the host's firmware, which does not say EC2.
  mkdir -p "$dir/upper/etc/kagent"
  echo ec2 >"$dir/upper/etc/kagent/platform"
  systemd-id128 new >"$dir/upper/etc/machine-id"
  echo localhost >"$dir/upper/etc/hostname"
  mkdir -p "$dir/upper/etc/systemd/system/multi-user.target.wants"
  # A real Kubernetes has no such file.
  [ -n "$(kube_dir)" ] || cp "$lab_dir/standin.conf" "$dir/upper/etc/standin.conf"
  for unit in "$@"; do
    ln -sf "/usr/lib/systemd/system/$unit" "$dir/upper/etc/systemd/system/multi-user.target.wants/"
  done
}

hierarchies() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    echo /sys/fs/cgroup
  else
    for dir in /sys/fs/cgroup/*/; do [ ! -e "$dir/cgroup.procs" ] || echo "${dir%/}"; done
  fi
}

# Moves this process into control groups of the machine. Without them all machines would share one.
enter_cgroups() { # NAME
  local root dir file
  for root in $(hierarchies); do
    dir=$root/$lab_name-$1
    mkdir -p "$dir"
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$root/$file" ] || [ "$root" = /sys/fs/cgroup ] || cat "$root/$file" >"$dir/$file"
    done
    echo "$BASHPID" >"$dir/cgroup.procs"
  done
}

leave_cgroups() { # NAME
  local root
  for root in $(hierarchies); do
    [ ! -d "$root/$lab_name-$1" ] ||
      find "$root/$lab_name-$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

# Runs in a mount namespace of its own, which ends with the machine. Where overlays cannot be mounted, because the
# host's files are on one, it copies the image.
mount_and_boot='
  dir=$1 image=$2 netns=$3
  shift 3
  if [ -e "$dir/copied" ] || ! mount -t overlay overlay \
      -o "lowerdir=$image,upperdir=$dir/upper,workdir=$dir/work" "$dir/root" 2>/dev/null; then
    if [ ! -e "$dir/copied" ]; then
      cp -a --reflink=auto "$image/." "$dir/root/" && cp -a "$dir/upper/." "$dir/root/"
      touch "$dir/copied"
    fi
  fi
  exec nsenter --net="/run/netns/$netns" systemd-nspawn "$@"
'

boot_machine() { # NAME
  local name=$1 dir=$machines_dir/$1 nspawn binds=()
  local images
  images=$(cat "$lab_dir/kube-dir")/images
  [ ! -d "$images" ] || binds+=(--bind-ro="$images:/var/lib/kagent-images")
  # As a hypervisor passes a credential.
  [ ! -e "$dir/credential" ] || binds+=(--load-credential="kagent.user-data:$dir/credential")
  (
    enter_cgroups "$name"
    # Writable /proc/sys for kubelet; nspawn's filter of system calls is not for container runtimes.
    export SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 SYSTEMD_SECCOMP=0
    exec setsid unshare --mount bash -c "$mount_and_boot" bash "$dir" "$lab_dir/image" "$netns" \
      --directory="$dir/root" --machine="$lab_name-$name" --hostname=localhost --resolv-conf=off --boot --register=no --keep-unit \
      --network-bridge="$bridge" --private-users=no --capability=all --bind=/dev/kmsg \
      --bind="$dir/containerd:/var/lib/containerd" --bind="$dir/docker:/var/lib/docker" --bind="$dir/kubelet:/var/lib/kubelet" \
      --bind="$dir/etcd:/var/lib/etcd" "${binds[@]}"
  ) >>"$dir/console.log" 2>&1 </dev/null 9>&- &
  nspawn=$!
  disown "$nspawn"
  await 2 test -n "$(start_time "$nspawn")" || true
  remember "$nspawn" "$dir/nspawn.pid"
  await 30 find_leader "$name" || { tail "$dir/console.log" >&2; die "$name does not boot"; }
  leader=$(pid_in "$dir/leader.pid")
}

# Finds PID 1 of the machine: the child of systemd-nspawn that runs systemd.
find_leader() { # NAME
  local child
  for child in $(pgrep -P "$(pid_in "$machines_dir/$1/nspawn.pid")"); do
    [ "$(cat "/proc/$child/comm" 2>/dev/null)" = systemd ] || continue
    remember "$child" "$machines_dir/$1/leader.pid"
    return 0
  done
  return 1
}

in_machine() { # NAME CMD...
  local name=$1
  shift
  nsenter -t "$(pid_in "$machines_dir/$name/leader.pid")" -m -u -i -n -p -C -- \
    env -i -C / PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LANG=C.UTF-8 TERM="${TERM:-dumb}" ${NO_COLOR:+NO_COLOR="$NO_COLOR"} "$@"
}

is_booted() { in_machine "$1" systemctl is-system-running | grep -qE 'running|degraded'; }

# stop_machine NAME [kill]: shuts the machine down; with kill, cuts its power.
stop_machine() {
  local name=$1 dir=$machines_dir/$1
  stop "$dir/imds.pid"
  if [ "${2:-}" = kill ]; then
    stop "$dir/leader.pid" KILL
  else
    stop "$dir/leader.pid" RTMIN+4 20 # poweroff.target
  fi
  stop "$dir/nspawn.pid" TERM 10
  leave_cgroups "$name"
}
