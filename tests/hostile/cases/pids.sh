# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# So few numbers for processes that each number is used again and again, here and in the guest's pid namespace: no process
# gets another's file, client or memory, and no process is traced that is not a guest.
pid_max=/proc/sys/kernel/pid_max
before=$(cat "$pid_max")
trap 'echo "$before" >"$pid_max"' EXIT
echo 400 >"$pid_max"

"$HOSTILE/pids" watch >"$WORK/watch" 2>&1 &
watch=$!
# Since Linux 6.14 each pid namespace has a limit of its own.
"${RUN[@]}" -- sh -c 'echo 400 >/proc/sys/kernel/pid_max; exec "$0" guests 600' "$HOSTILE/pids" >"$WORK/guests" 2>"$WORK/errors"
kill -TERM "$watch"
wait "$watch"
is "$(head -n 5 "$WORK/guests")" "600 processes, with numbers that came again often" "each had what was its own"
is "$(head -n 5 "$WORK/watch")" "looked often" "nobody was traced, or harmed, who is no guest"
