# Waiting for the cluster, and showing how it comes.

await_ready() { # NODES SECONDS
  local waiter table='' last='' result=0
  say "waiting until $1 nodes are Ready (at most $2 s)"
  coordinator_ctl wait --for=ready --nodes "$1" --timeout "${2}s" >"$lab_dir/wait.log" 2>&1 9>&- &
  waiter=$!
  while kill -0 "$waiter" 2>/dev/null; do
    table=$(coordinator_ctl status 2>/dev/null || true)
    if [ -t 1 ]; then
      redraw "$last" "$table"
      last=$table
    else
      print_changes "$table"
    fi
    sleep 0.5
  done
  wait "$waiter" || result=$?
  table=$(coordinator_ctl status || true)
  if [ -t 1 ]; then redraw "$last" "$table"; else printf '%s\n' "$table"; fi
  [ "$result" = 0 ] || explain "$1"
  say "all $1 nodes are Ready"
}

redraw() { # LAST NEW: over the last one, on a terminal
  local columns
  columns=$(tput cols 2>/dev/null || echo 200)
  [ -z "$1" ] || printf '\033[%dA\r\033[J' "$(printf '%s\n' "$1" | wc -l)"
  [ -z "$2" ] || printf '%s\n' "$2" | cut -c "1-$columns"
}

# A line for each node whose phase or step is another than when it was last told.
declare -A told=()
print_changes() {
  local node role phase step rest
  while read -r node role phase step rest; do
    [ "$node" != NODE ] && [ -n "$phase" ] || continue
    [ "${told[$node]:-}" != "$role $phase $step" ] || continue
    told[$node]="$role $phase $step"
    say "$node: $role, $phase${step:+ ($step)}"
  done <<<"$1"
}

# Which node it is, and why.
explain() { # NODES
  local name hostname known
  cat "$lab_dir/wait.log" >&2
  known=$(coordinator_ctl status 2>/dev/null || true)
  for name in $(machine_names); do
    [ "$name" != coordinator ] || continue
    hostname=$(cat "$machines_dir/$name/hostname")
    if ! grep -q "$hostname" <<<"$known"; then
      echo "--- $name ($hostname) has not reached the coordinator; its journal ends:" >&2
      in_machine "$name" journalctl --no-pager -n 15 -u kagent-imds -u kagentd -u kagent-noded >&2 || true
    elif ! grep "$hostname" <<<"$known" | grep -qw READY; then
      echo "--- $name ($hostname):" >&2
      coordinator_ctl describe "$hostname" >&2 || true
    fi
  done
  die "not all $1 nodes became Ready; the lab is left running (lab logs NODE, lab exec NODE sh, lab down)"
}
