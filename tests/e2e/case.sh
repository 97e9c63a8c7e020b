# Functions for the cases, which source this file first. A case is a program that ends with 0, or with 77 if it is
# skipped. Its second line says what it needs: "# lab: cluster" (three Ready nodes, which it leaves Ready) or
# "# lab: own" (it starts the lab itself).
set -euo pipefail
shopt -s inherit_errexit
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for part in "$repository"/tests/e2e/lab.d/*.sh; do . "$part"; done

lab() { "$repository/tests/e2e/lab" "$@"; }
skip() { echo "SKIPPED: $*" >&2; exit 77; } # this host lacks something
fail() { echo "FAILED: $*" >&2; exit 1; }
check() { # WHAT CMD...
  local what=$1
  shift
  "$@" >/dev/null 2>&1 || fail "$what (did not hold: $*)"
}
# Looks at the reason as well: a command that fails for another reason proves nothing.
refused() { # WHAT CMD...
  local what=$1 output
  shift
  ! output=$("$@" 2>&1) || fail "$what (was done: $*)"
  grep -qiE 'denied|not permitted|not an envelope|there is no step|not privileged|authentication required' \
    <<<"$output" || fail "$what (failed, but not as refused: $* said: $output)"
}
lacks() { # WHAT TEXT PATTERN: TEXT is not empty and has no PATTERN
  [ -n "$2" ] || fail "$1 (there is nothing to look through)"
  ! grep -q -- "$3" <<<"$2" || fail "$1 (found: $(grep -m1 -- "$3" <<<"$2"))"
}

# Like await of the lab, but fails the case.
eventually() { # WHAT SECONDS CMD...
  local what=$1
  shift
  await "$@" || fail "$what (not within $1 s: ${*:2})"
}

nodes() { coordinator_ctl status -o json | jq -r ".nodes[] | $1"; } # a jq filter of one node
phase_of() { nodes "select(.name == \"$1\") | .phase"; }
phase_is() { [ "$(phase_of "$1")" = "PHASE_$2" ]; }
named() { machine_named "$1"; } # hostname to machine
control_plane() { nodes 'select(.role == "control-plane") | .name' | head -n 1; }
workers() { nodes 'select(.role == "worker") | .name'; }
all_ready() { coordinator_ctl wait --for=ready --nodes 3 --timeout "${1:-120}s"; }
unit_active() { # MACHINE UNIT
  [[ $(in_machine "$1" systemctl show -P ActiveState "$2") =~ ^(active|activating)$ ]]
}

# Prints how often systemd started a unit on a machine (MESSAGE_ID "unit starting", systemd.messages).
starts_of() { # MACHINE UNIT
  in_machine "$1" journalctl --no-pager -q -o cat UNIT="$2" \
    MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5 | wc -l
}

programs_in() { # ROOT: prints the compiled programs of the packages
  local file
  for file in "$1"/usr/bin/kagent* "$1"/usr/libexec/kagent/*; do
    if readelf -h "$file" >/dev/null 2>&1; then echo "$file"; fi
  done
}

# Unpacks the .deb packages of FOLDER to ROOT and checks their five programs.
are_hardened() { # FOLDER ROOT
  local file program name build_id dynamic segments symbols debug_files
  for file in "$1"/*.deb; do dpkg-deb -x "$file" "$2"; done
  debug_files=$(for file in "$1"/*.ddeb; do dpkg-deb -c "$file"; done)
  check "five programs" test "$(programs_in "$2" | wc -l)" = 5
  for program in $(programs_in "$2"); do
    name=$(basename "$program")
    dynamic=$(readelf -Wd "$program")
    segments=$(readelf -Wl "$program")
    symbols=$(readelf -Ws --dyn-syms "$program")
    check "$name is position independent" grep -q 'FLAGS_1.*PIE' <<<"$dynamic"
    check "$name is bound at start, then read-only" grep -q 'FLAGS_1.*NOW' <<<"$dynamic"
    check "$name has RELRO" grep -q GNU_RELRO <<<"$segments"
    check "$name has no executable stack" grep -q 'GNU_STACK.* RW ' <<<"$segments"
    check "$name protects its stack" grep -q __stack_chk_fail <<<"$symbols"
    check "$name is fortified" grep -qE '__(memcpy|read|snprintf|vsnprintf|memmove|fprintf|printf|vfprintf)_chk' <<<"$symbols"
    check "$name is stripped" eval "! readelf -WS '$program' | grep -q '\.debug_info'"
    build_id=$(readelf -n "$program" | awk '/Build ID/ { print $3 }')
    check "$name has its symbols in a package of their own" \
      grep -q "/${build_id:0:2}/${build_id:2}.debug" <<<"$debug_files"
  done
}
