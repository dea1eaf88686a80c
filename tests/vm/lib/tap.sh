# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For the cases: assertions that write TAP, and waiting for conditions. Sourced inside the VM by run-cases.

ok() { echo "ok - $CASE: $1"; }

# usage: not_ok NAME [DETAIL] : the detail, if any, may have many lines
not_ok() {
    echo "not ok - $CASE: $1"
    [[ -z ${2:-} ]] || printf '#   %s\n' "${2//$'\n'/$'\n#   '}"
}

skip() { echo "ok - $CASE: $1 # SKIP $2"; }

# usage: is GOT WANTED NAME
is() {
    if [[ $1 == "$2" ]]; then ok "$3"; else not_ok "$3" "got:    $1"$'\n'"wanted: $2"; fi
}

# usage: same_file GOT WANTED NAME
same_file() {
    local difference
    if difference=$(diff -u --label wanted --label got "$2" "$1" 2>&1); then ok "$3"; else not_ok "$3" "$difference"; fi
}

# usage: holds NAME COMMAND... : the command succeeds
holds() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "exit status $? of: $*"$'\n'"$output"; fi
}

# Wait until a command succeeds; fail after some seconds. usage: eventually SECONDS COMMAND...
eventually() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

# Print processes of nvcuse, and the files and mounts that it makes: all of these print nothing when nvcuse is not running.
nvcuse_processes() { pgrep -al '^nvcuse'; }
nvcuse_devices() { find /sys/class/cuse /dev/nvcuse -mindepth 1 -name '*nvidia*' 2>/dev/null; }
nvcuse_mounts() { grep nvcuse /proc/mounts; }
nvcuse_runtime_files() { find /run/nvcuse -mindepth 1 ! -path '/run/nvcuse/.locks*' 2>/dev/null; }
nvcuse_traces() { nvcuse_processes; nvcuse_devices; nvcuse_mounts; nvcuse_runtime_files; }
nothing_left() { [[ -z $(nvcuse_traces) ]]; }

# Assert that nvcuse leaves nothing behind; it may need a moment to end.
# usage: leaves_nothing NAME
leaves_nothing() {
    if eventually 20 nothing_left; then ok "$1"; else not_ok "$1" "$(nvcuse_traces)"; fi
}

# Whether an instance has the devices for guests. Without CUSE they are not visible.
# usage: is_served NAME
is_served() {
    if [[ ${LAB_TRANSPORT:-cuse} == cuse ]]; then test -e "/dev/nvcuse/$1/nvidiactl"; else test -S "/run/nvcuse/$1/control"; fi
}

# Run a command in an instance in the background, and assert that its devices appear. INSTANCE_PID is "nvcuse run", the
# instance's broker; its output goes to $WORK/NAME.out.
# usage: start_instance NAME COMMAND...
start_instance() {
    local name=$1
    shift
    nvcuse run --name "$name" -- "$@" >"$WORK/$name.out" 2>&1 </dev/null &
    INSTANCE_PID=$!
    holds "the devices of $name are there" eventually 20 is_served "$name"
}

# Start the client of the frontend device in an instance, and assert that it gets answers. usage: start_client NAME
start_client() {
    start_instance "$1" python3 "$CLIENT"
    holds "the client in $1 gets answers" eventually 20 grep -qx alive "$WORK/$1.out"
}
