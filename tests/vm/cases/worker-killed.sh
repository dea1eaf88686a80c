# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# When the worker dies, the guest gets errors; it never hangs.

start_client victim
worker=$(pgrep -P "$INSTANCE_PID" -x nvcuse-worker)
holds "the instance has one worker" test "$(wc -w <<<"$worker")" -eq 1
holds "the worker can be killed" kill -KILL "$worker"
ended() { ! kill -0 "$INSTANCE_PID"; }
if eventually 20 ended; then
    ok "the guest does not hang"
else
    not_ok "the guest does not hang" "$(ps -eo pid,ppid,stat,wchan:20,args)"
    kill -KILL "$INSTANCE_PID"
fi
wait "$INSTANCE_PID"
is "$(($? != 0))" 1 "nvcuse run does not report success"
# ENODEV, ENOTCONN or ECONNABORTED, by the kernel's version and the moment; or the guest was ended together with its devices.
holds "the guest saw nothing but its device going away" \
    eval "! grep -vE '^(alive|error (ENODEV|ENOTCONN|ECONNABORTED|EIO)|nvcuse.*)$' '$WORK/victim.out'"
leaves_nothing "nothing is left of it"
