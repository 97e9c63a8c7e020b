# Functions for every part of the lab. ../lab sources this file.

lab_dir=${KAGENT_LAB_DIR:-/var/lib/kagent-lab}
shared_dir=${KAGENT_LAB_SHARED:-$lab_dir} # several labs may share packages and caches
cache_dir=$shared_dir/cache
packages_dir=$shared_dir/packages
machines_dir=$lab_dir/machines
lab_name=kagent-lab # each folder has another name, so that labs do not meet
[ "$lab_dir" = /var/lib/kagent-lab ] || lab_name+=-$(sha256sum <<<"$lab_dir" | cut -c1-8)
netns=$lab_name
bridge=lab0
baked_dir=$lab_dir/baked # image: the builder's lower layer; upper: what provision changed
network=10.77.0 # /24; .1 the bridge, .2 the coordinator, .11 on the nodes
imds_address=169.254.169.254

lab_started=$SECONDS

# Progress goes to stderr; stdout is for results.
say() { printf '[%4ds] %s\n' "$((SECONDS - lab_started))" "$*" >&2; }
die() { printf 'lab: %s\n' "$*" >&2; exit 1; }

# quietly LOGNAME CMD...: prints the output of CMD only if it fails.
quietly() {
  local log=$lab_dir/$1.log
  shift
  "$@" >"$log" 2>&1 </dev/null || { tail -n 60 "$log" >&2; die "failed: $* (all of it: $log)"; }
}

# await SECONDS CMD...: repeats CMD until it succeeds; 1 when the time is up.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# Allows one up or down at a time. Machines must not inherit descriptor 9.
lock() {
  mkdir -p "$lab_dir"
  exec 9>"$lab_dir/lock"
  flock -n 9 || die "another \`lab up\` or \`lab down\` is running"
}

# alone FILE CMD...: waits until no other lab holds FILE. CMD must leave no process behind: a process that
# lives on would hold FILE.
alone() {
  local file=$1
  shift
  mkdir -p "${file%/*}"
  exec 8>"$file"
  flock 8
  "$@"
  exec 8>&-
}

is_alive() { # PIDFILE
  local pid start
  { read -r pid start <"$1"; } 2>/dev/null && [ -n "$start" ] && [ "$(start_time "$pid")" = "$start" ]
}

# The start time in a pid file tells a process from a later one with the same number.
start_time() { { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; } 2>/dev/null; }
remember() { echo "$1 $(start_time "$1")" >"$2"; } # PID PIDFILE
pid_in() { cut -d' ' -f1 "$1"; }

stop() { # PIDFILE [SIGNAL [SECONDS]]: then SIGKILL
  is_alive "$1" || { rm -f "$1"; return 0; }
  kill -s "${2:-TERM}" "$(pid_in "$1")" 2>/dev/null || true
  await "${3:-5}" eval "! is_alive '$1'" || kill -s KILL "$(pid_in "$1")" 2>/dev/null || true
  await 5 eval "! is_alive '$1'" || die "process $(pid_in "$1") of $1 does not end"
  rm -f "$1"
}
