# Faults. Each has an opposite or ends by itself.

fault_usage() {
  cat <<'TEXT'
usage: lab fault FAULT

  crash NODE                    power cut: every process of the machine is killed
  boot NODE                     power back, with the same disk
  kill NODE UNIT                SIGKILL to a unit's processes: kagentd, kagent-noded, kubelet, ...
  cut NODE | mend NODE          its network cable is pulled, or put back
  imds NODE [NAME=VALUE...]     faults of its metadata service (tests/standin/imds); without any it works
  standin NODE [NAME=VALUE...]  how its stand-in Kubernetes behaves (tests/standin/lib/conf.py)
TEXT
}

lab_fault() {
  local kind=${1:-} name
  [ $# -ge 2 ] || { fault_usage >&2; exit 2; }
  name=$(machine_named "$2")
  shift 2
  case $kind in
    crash) stop_machine "$name" kill ;;
    boot)
      machine_alive "$name" && die "$name runs already"
      boot_machine "$name"
      [ "$name" = coordinator ] || imds_up "$name"
      ;;
    kill) in_machine "$name" systemctl kill --signal=KILL "${1:?which unit?}" ;;
    cut) ip -n "$netns" link set "$(cable_of "$name")" down ;;
    mend) ip -n "$netns" link set "$(cable_of "$name")" up ;;
    imds) printf '%s\n' "$@" >"$machines_dir/$name/imds/.control" ;;
    standin) printf '%s\n' "$@" | in_machine "$name" tee /etc/standin.conf >/dev/null ;;
    *) fault_usage >&2; exit 2 ;;
  esac
}

# The lab's end of the machine's veth pair.
cable_of() {
  local index
  index=$(in_machine "$1" cat /sys/class/net/host0/iflink)
  ip -n "$netns" -o link show | awk -F': ' -v index_="$index" '$1 == index_ { sub(/@.*/, "", $2); print $2 }'
}
