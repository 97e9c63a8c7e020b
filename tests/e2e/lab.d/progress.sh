# Waits for the cluster and shows its progress.

await_ready() { # NODES SECONDS
  local watcher result=0
  say "waiting until $1 nodes are Ready (at most $2 s)"
  # Rewrites the table on a terminal; elsewhere prints a line at each change.
  coordinator_ctl status -w 9>&- &
  watcher=$!
  # In the background, so that the lab handles signals at once.
  coordinator_ctl wait --for=ready --nodes "$1" --timeout "${2}s" >"$lab_dir/wait.log" 2>&1 9>&- &
  wait $! || result=$?
  end_leaves "$watcher"
  wait "$watcher" 2>/dev/null || true
  which_kubernetes
  coordinator_ctl status || true
  [ "$result" = 0 ] || explain "$1"
  say "all $1 nodes are Ready"
}

# Ends the program in the machine, a child of nsenter, which forwards no signals. bash reports no death by SIGPIPE.
end_leaves() { # PID
  local child children
  children=$(pgrep -P "$1" || true)
  for child in $children; do end_leaves "$child"; done
  [ -n "$children" ] || kill -s PIPE "$1" 2>/dev/null || true
}

# Prints which nodes are not Ready, and why.
explain() { # NODES
  local name hostname known
  cat "$lab_dir/wait.log" >&2
  known=$(coordinator_ctl status 2>/dev/null || true)
  for name in $(machine_names); do
    [ "$name" != coordinator ] || continue
    hostname=$(cat "$machines_dir/$name/hostname")
    if ! grep -qw "$hostname" <<<"$known"; then
      echo "--- $name ($hostname) has not reached the coordinator; its journal ends:" >&2
      in_machine "$name" journalctl --no-pager -n 15 -u kagent-imds -u kagentd -u kagent-noded >&2 || true
    elif ! grep -w "$hostname" <<<"$known" | grep -qw True; then
      echo "--- $name ($hostname):" >&2
      coordinator_ctl describe "$hostname" >&2 || true
    fi
  done
  die "not all $1 nodes became Ready; the lab is left running (lab logs NODE, lab exec NODE sh, lab down)"
}
