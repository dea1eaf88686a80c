# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# With --on-worker-death=restart another worker replaces one that dies: open files fail, and can be opened again.

restarts() { nvcuse ps --json | python3 -c 'import json, sys; print([i["worker_restarts"] for i in json.load(sys.stdin)])'; }
alive() { [[ $(grep -cx alive "$WORK/again.out") -ge $1 ]]; }
worker() { pgrep -P "$starter" -x nvcuse-worker; }

nvcuse run --name again --on-worker-death restart --audit "$WORK/events" -- python3 "$CLIENT" again >"$WORK/again.out" 2>&1 </dev/null &
INSTANCE_PID=$!
holds "the client gets answers" eventually 30 alive 1
starter=$(pgrep -P "$INSTANCE_PID" -x nvcuse-starter)
first=$(worker) in_use=$(cat /sys/module/nvidia/refcnt)
is "$(restarts)" "[0]" "its worker is the first"
holds "the worker can be killed" kill -KILL "$first"
holds "the same guest opens the device again" eventually 60 alive 2
holds "after its old file had failed" grep -qxE 'error (ENODEV|ENOTCONN|ECONNABORTED|EIO)' "$WORK/again.out"
second=$(worker)
holds "by another worker" test "$first" != "$second"
is "$(restarts)" "[1]" "ps counts it"
is "$(cut -d'"' -f8 "$WORK/events" | xargs)" "started worker-ended worker-restarted" "events tell of it"
is "$(awk '$1 == "Seccomp:" || $1 == "CapEff:" { print $2 }' "/proc/$second/status" | xargs)" "0000000000000000 2" \
    "it is locked up as the first was"
is "$(find "/proc/$second/fd" -lname /dev/nvidiactl | wc -l)" 1 "it has the guest's new file"
is "$(cat /sys/module/nvidia/refcnt)" "$in_use" "and the driver has no more than before"

# The number of restarts is limited.
given_up() {
    pkill -KILL -P "$starter" -x nvcuse-worker
    grep -q 'is not restarted any more' "$WORK/again.out"
}
holds "one that dies again and again is given up" eventually 120 given_up
holds "the command goes on" kill -0 "$INSTANCE_PID"
kill -TERM "$INSTANCE_PID"
wait "$INSTANCE_PID"
is $? 143 "until it is told to end"
leaves_nothing "nothing is left of it"

nvcuse serve --name served --on-worker-death restart >"$WORK/again.out" 2>&1 </dev/null &
server=$!
holds "serve does the same" eventually 30 grep -q 'is ready' "$WORK/again.out"
starter=$(pgrep -P "$server" -x nvcuse-starter)
holds "and gives up as well" eventually 120 given_up
wait "$server"
is $? 1 "which is a failure"
leaves_nothing "nothing is left of that"
