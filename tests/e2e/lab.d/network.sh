# The lab's network namespace. The host's network stays as it is.

network_up() {
  [ -e "/run/netns/$netns" ] || ip netns add "$netns"
  ip -n "$netns" link set lo up
  ip -n "$netns" link show "$bridge" >/dev/null 2>&1 && return
  ip -n "$netns" link add "$bridge" type bridge forward_delay 0
  ip -n "$netns" addr add "$network.1/24" dev "$bridge"
  ip -n "$netns" link set "$bridge" up
  # A machine learns at each query that there is no name server, not once a second.
  ip netns exec "$netns" sysctl -q -w net.ipv4.icmp_ratelimit=0
}

network_down() {
  [ ! -e "/run/netns/$netns" ] || ip netns delete "$netns"
}

# Settings without a namespace, which a real kubelet or PID 1 changes. The lab saves and restores them.
host_sysctls=(kernel.panic kernel.panic_on_oops vm.overcommit_memory vm.panic_on_oom
  kernel.keys.root_maxkeys kernel.keys.root_maxbytes kernel.pid_max fs.protected_hardlinks
  fs.protected_symlinks fs.protected_regular fs.protected_fifos fs.inotify.max_user_instances)

# What they were before the first lab; the last lab puts them back. up/NAME: that lab is up.
labs_dir=/run/kagent-labs

keep_sysctls() { alone "$labs_dir/lock" first_keeps; }
restore_sysctls() { alone "$labs_dir/lock" last_restores; }

first_keeps() {
  mkdir -p "$labs_dir/up"
  : >"$labs_dir/up/$lab_name"
  [ -e "$labs_dir/host-sysctls" ] ||
    sysctl --ignore "${host_sysctls[@]}" >"$labs_dir/host-sysctls" 2>/dev/null || true
  # Each machine takes ten or so of the host's 128.
  sysctl -q -w fs.inotify.max_user_instances=1024 || true
}

last_restores() {
  rm -f "$labs_dir/up/$lab_name"
  [ -e "$labs_dir/host-sysctls" ] && [ -z "$(ls "$labs_dir/up")" ] || return 0
  local name value
  while IFS=' =' read -r name value; do
    [ "$(sysctl -n "$name")" = "$value" ] || sysctl -q -w "$name=$value" || true
  done <"$labs_dir/host-sysctls"
  rm -f "$labs_dir/host-sysctls"
}
