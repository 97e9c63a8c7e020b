# For the cases: sourced first. A case is a program; 0 is success. Its second line says what it needs:
# "# lab: cluster" (three Ready nodes, left so), "# lab: own" (it brings the lab up itself).
set -euo pipefail
shopt -s inherit_errexit
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for part in "$repository"/tests/e2e/lab.d/*.sh; do . "$part"; done

lab() { "$repository/tests/e2e/lab" "$@"; }
skip() { echo "SKIPPED: $*" >&2; exit 77; } # what it needs is not on this host
fail() { echo "FAILED: $*" >&2; exit 1; }
check() { # WHAT CMD...
  local what=$1
  shift
  "$@" >/dev/null 2>&1 || fail "$what (did not hold: $*)"
}
# A command that fails for another reason than being refused proves nothing, so the reason is looked at.
refused() { # WHAT CMD...
  local what=$1 output
  shift
  ! output=$("$@" 2>&1) || fail "$what (was done: $*)"
  grep -qiE 'denied|not permitted|not an envelope|there is no step|not privileged|authentication required' \
    <<<"$output" || fail "$what (failed, but not as refused: $* said: $output)"
}
lacks() { # WHAT TEXT PATTERN: a text that is there, without the pattern
  [ -n "$2" ] || fail "$1 (there is nothing to look through)"
  ! grep -q -- "$3" <<<"$2" || fail "$1 (found: $(grep -m1 -- "$3" <<<"$2"))"
}

# await SECONDS CMD... is the lab's; this one fails the case.
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

# How many times systemd started a unit on a machine (MESSAGE_ID "unit starting", systemd.messages).
starts_of() { # MACHINE UNIT
  in_machine "$1" journalctl --no-pager -q -o cat UNIT="$2" \
    MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5 | wc -l
}
