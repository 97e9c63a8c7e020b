# lab up, down, status, exec, logs.

kube_dir() { cat "$lab_dir/kube-dir" 2>/dev/null || true; }

which_kubernetes() {
  local dir
  dir=$(kube_dir)
  if [ -n "$dir" ]; then
    echo "Kubernetes: real, $("$dir/bin/kubelet" --version 2>/dev/null | awk '{ print $NF }') from $dir"
  else
    echo "Kubernetes: the stand-in of tests/standin"
  fi
}

any_alive() {
  local name
  for name in $(machine_names); do machine_alive "$name" && return 0; done
  return 1
}

lab_up() {
  local workers=2 timeout='' wait=yes kube='' standin=() bare='' baked='' over=''
  local units=(kagent-imds.service kagentd.service kagent-user-data.path)
  while [ $# -gt 0 ]; do
    case $1 in
      --workers) workers=${2:?--workers wants a number}; shift 2 ;;
      --kube-dir) kube=$(realpath -e "${2:?--kube-dir wants a folder}"); shift 2 ;;
      --bare) bare=${2:?--bare wants apt or dnf}; shift 2 ;;
      --baked) baked=yes; shift ;;
      --cluster) over=$(realpath -e "${2:?--cluster wants a file}"); shift 2 ;;
      --timeout) timeout=${2:?--timeout wants seconds}; shift 2 ;;
      --standin) standin+=("${2:?--standin wants NAME=VALUE}"); shift 2 ;;
      --no-wait) wait=no; shift ;;
      --idle) wait=no units=(); shift ;;
      *) die "up: what is $1? (lab help)" ;;
    esac
  done
  [[ $workers =~ ^[0-9]+$ ]] && [ "$workers" -le 200 ] || die "--workers wants a number up to 200"
  [[ $bare =~ ^(|apt|dnf)$ ]] || die "--bare wants apt or dnf"
  [ -z "$baked" ] || [ -z "$bare$kube" ] || die "--baked has its Kubernetes: leave out --bare and --kube-dir"
  [ -z "$baked" ] || [ -d "$baked_dir" ] || die "there is no baked image: \`lab bake\` first"
  [ -z "$bare" ] || [ -z "$kube" ] || die "--bare installs the stand-in: leave out --kube-dir"
  [ -z "$kube" ] || [ -x "$kube/bin/kubeadm" ] || die "$kube has no bin/kubeadm"
  lock
  if any_alive; then
    [ "$kube" = "$(kube_dir)" ] || die "the lab is up with another Kubernetes: \`lab down\` first"
  else
    tear_down
    echo "$kube" >"$lab_dir/kube-dir"
    echo "$bare" >"$lab_dir/bare"
    [ -z "$baked" ] || take_baked_image
    [ -z "$over" ] || cp "$over" "$lab_dir/over.yaml"
    printf '%s\n' "${standin[@]}" >"$lab_dir/standin.conf"
  fi
  which_kubernetes
  trap 'interrupted' INT TERM HUP
  bring_up "$workers"
  if [ "$wait" = yes ]; then
    await_ready $((workers + 1)) "${timeout:-$([ -n "$kube" ] && echo 900 || echo 180)}"
  fi
}

interrupted() {
  trap '' INT TERM HUP
  say "interrupted: stopping everything"
  tear_down
  exit 130
}

lab_build() {
  [ $# = 0 ] || die "build takes no arguments"
  lock
  ! any_alive || die "the lab is up: \`lab down\` first"
  prepare
}

# tests/e2e/run builds once, and says so to its cases by KAGENT_LAB_BUILT.
prepare() {
  if [ -z "${KAGENT_LAB_BUILT:-}" ]; then
    quietly install-deps "$repository/tests/install-deps"
    build_programs
  fi
  alone "$cache_dir/lock" build_base
}

bring_up() { # WORKERS
  local index node
  if ! any_alive && ! is_baked; then
    prepare
    alone "$cache_dir/lock" take_image "$(kube_dir)" "$(cat "$lab_dir/bare")"
  fi
  keep_sysctls
  network_up
  coordinator_up
  # All alike and at once, as EC2 launches them.
  for index in $(seq $(($1 + 1))); do
    node=node$index
    machine_alive "$node" || { say "booting $node"; node_up "$node" $((10 + index)); }
  done
}

coordinator_up() {
  local upper=$machines_dir/coordinator/upper over=() file
  if ! machine_alive coordinator; then
    say "booting the coordinator"
    [ -d "$upper" ] || of_image coordinator "$network.2" coordinator kagent-coordinator.service
    mkdir -p "$upper/etc/kagent"
    for file in "$(kube_dir)/cluster.yaml" "$lab_dir/bare.yaml" "$lab_dir/over.yaml"; do
      [ ! -e "$file" ] || over+=("$file")
    done
    "$repository/tests/e2e/lab.d/cluster-config" "$lab_dir/image" "${over[@]}" \
      >"$upper/etc/kagent/cluster.yaml"
    boot_machine coordinator
  fi
  if ! await 30 coordinator_answers; then
    in_machine coordinator journalctl --no-pager -n 40 -u kagent-coordinator >&2 || true
    die "kagent-coordinator does not answer; its journal is above"
  fi
}

# Also saves the user-data of every instance.
coordinator_answers() {
  in_machine coordinator kagentctl user-data >"$lab_dir/user-data.part" || return 1
  mv "$lab_dir/user-data.part" "$lab_dir/user-data"
}

node_up() { # NAME HOST-NUMBER
  if [ ! -d "$machines_dir/$1" ]; then
    of_image "$1" "$network.$2" "ip-${network//./-}-$2" "${units[@]}"
  fi
  [ -d "$machines_dir/$1/imds" ] || write_metadata "$1" "$machines_dir/$1/imds"
  # With user-data a node of a baked image would start at once.
  ! is_baked || [ ${#units[@]} -gt 0 ] || rm -f "$machines_dir/$1/imds/user-data"
  boot_machine "$1"
  imds_up "$1"
}

tear_down() {
  local name
  for name in $(machine_names); do
    stop_machine "$name" kill &
  done
  wait
  network_down
  restore_sysctls
  rm -rf "$machines_dir" "$lab_dir/aws" "$lab_dir/image" "$lab_dir/user-data" "$lab_dir/kube-dir" "$lab_dir/standin.conf" \
    "$lab_dir/bare" "$lab_dir"/*.yaml "$lab_dir/packages-work" \
    "$lab_dir"/*.log "$lab_dir/apt.conf" "$lab_dir/apt.list"
}

lab_down() {
  [ $# = 0 ] || die "down takes no arguments"
  lock
  tear_down
}

coordinator_ctl() { in_machine coordinator kagentctl "$@"; }

lab_status() {
  machine_alive coordinator || die "the lab is not up"
  which_kubernetes
  coordinator_ctl status "$@"
}

lab_exec() {
  [ $# -ge 2 ] || die "exec wants NODE CMD..."
  local name
  name=$(machine_named "$1")
  machine_alive "$name" || die "$name is not running"
  shift
  in_machine "$name" "$@"
}

lab_logs() {
  [ $# -ge 1 ] || die "logs wants NODE"
  local name
  name=$(machine_named "$1")
  shift
  if machine_alive "$name"; then
    in_machine "$name" journalctl --no-pager -o short-precise "$@"
  else
    journalctl --no-pager -o short-precise -D "$machines_dir/$name/upper/var/log/journal" "$@"
  fi
}
