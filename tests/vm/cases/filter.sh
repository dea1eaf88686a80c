# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A worker that makes a system call that is not on its list is killed, and nothing else happens. If the broker does, the whole
# instance ends.

nvcuse serve --print-filter >"$WORK/filter"
is $? 0 "the filter can be shown"
holds "it lets the driver's control calls through" grep -qE '^    0xc020462a  NV_ESC_RM_CONTROL$' "$WORK/filter"
is "$(grep -cE '^allow (socket|execve|ptrace|getppid) ' <(sed '/^broker:/,$d' "$WORK/filter"))" 0 \
    "it lets no worker connect, execute or trace"
is "$(grep -cE '^allow (connect|execve|clone3|mount|setns|getppid) ' <(sed '1,/^broker:/d' "$WORK/filter"))" 1 \
    "and no broker connect, execute or mount; clone3 is there to be refused"

start_client other
other=$INSTANCE_PID
start_client victim
worker=$(pgrep -P "$INSTANCE_PID" -x nvcuse-worker)
# 110 is getppid, which is harmless, and which no worker needs.
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

start_client owned
is "$(awk '/^Seccomp(_filters)?:/ { print $2 }' "/proc/$INSTANCE_PID/task/"*/status | sort -u | xargs)" "1 2" \
    "the calls of each of the broker's threads are filtered"
is "$("$BUILD/tests/hostile/possess" "$INSTANCE_PID" 110)" "killed by signal 31" "a call that is not on the list ends the broker"
wait "$INSTANCE_PID" 2>/dev/null
no_process() { [[ -z $(nvcuse_processes) ]] && ! pgrep -f "^python3 $CLIENT"; }
holds "worker and guest end with it" eventually 20 no_process
is "$(nvcuse_devices)$(nvcuse_mounts)" "" "no device and no mount is left"
nvcuse run --name owned -- nvidia-smi >"$WORK/again.output" 2>&1 </dev/null
is $? 6 "the name can be used again at once"
leaves_nothing "nothing is left of that"
