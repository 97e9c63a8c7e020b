# What every part of the lab uses. Sourced by ../lab.

lab_dir=${KAGENT_LAB_DIR:-/var/lib/kagent-lab}
shared_dir=${KAGENT_LAB_SHARED:-$lab_dir} # several labs may share packages and caches
cache_dir=$shared_dir/cache
packages_dir=$shared_dir/packages
machines_dir=$lab_dir/machines
lab_name=kagent-lab # each folder has another name, so that labs do not meet
[ "$lab_dir" = /var/lib/kagent-lab ] || lab_name+=-$(sha256sum <<<"$lab_dir" | cut -c1-8)
netns=$lab_name
bridge=lab0
baked_dir=$lab_dir/baked # image: what the builder was laid over; upper: what provision made of it
network=10.77.0 # /24; .1 the bridge, .2 the coordinator, .11 on the nodes
imds_address=169.254.169.254

lab_started=$SECONDS

# Progress goes to stderr; stdout is for what was asked for.
say() { printf '[%4ds] %s\n' "$((SECONDS - lab_started))" "$*" >&2; }
die() { printf 'lab: %s\n' "$*" >&2; exit 1; }

# quietly LOGNAME CMD...: its output only when it fails.
quietly() {
  local log=$lab_dir/$1.log
  shift
  "$@" >"$log" 2>&1 </dev/null || { tail -n 60 "$log" >&2; die "failed: $* (all of it: $log)"; }
}

# await SECONDS CMD...: until CMD succeeds.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# One up or down at a time. Machines must not inherit descriptor 9.
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

# With the process' start time a pid file cannot mean another process of the same number.
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
