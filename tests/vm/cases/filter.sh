# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A worker that tries a system call which is not on its list is killed, and that is all that happens.

nvcuse serve --print-filter >"$WORK/filter"
is $? 0 "the filter can be shown"
holds "it lets the driver's control calls through" grep -qE '^    0xc020462a  NV_ESC_RM_CONTROL$' "$WORK/filter"
is "$(grep -cE '^allow (socket|execve|ptrace|getppid) ' <(sed '/^broker:/,$d' "$WORK/filter"))" 0 \
    "it lets no worker connect, execute or trace"

start_client other
other=$INSTANCE_PID
start_client victim
worker=$(pgrep -P "$INSTANCE_PID" -x nvcuse-worker)
# 110 is getppid, which harms nobody, and which no worker needs.
is "$("$BUILD/tests/hostile/possess" "$worker" 110)" "killed by signal 31" "a call that is not on the list ends the worker"
ended() { ! kill -0 "$INSTANCE_PID"; }
eventually 20 ended || not_ok "the guest does not hang" "$(ps -eo pid,ppid,stat,wchan:20,args)"
wait "$INSTANCE_PID"
holds "the instance says why" grep -q 'killed by its system call filter' "$WORK/victim.out"
holds "the guest saw nothing but its device going away" \
    eval "! grep -vE '^(alive|error (ENODEV|ENOTCONN|ECONNABORTED|EIO)|nvcuse.*)$' '$WORK/victim.out'"
holds "another instance goes on" kill -0 "$other"
kill -TERM "$other"
wait "$other"
holds "and had no error" eval "! grep -q '^error' '$WORK/other.out'"
leaves_nothing "nothing is left of it"
