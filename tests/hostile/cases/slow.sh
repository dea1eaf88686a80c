# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Memory that does not arrive, or has other contents each time it is read. The broker's way to guests' memory does not wait:
# such a call is refused. The kernel's retry waits.
retry=()
[[ $TRANSPORT != cuse ]] || retry=(--guest-memory=retry)
"${RUN[@]}" --threads 2 -- timeout 60 "$HOSTILE/slow" held 12 >"$WORK/held" 2>&1
is "$(grep -v '^holding$' "$WORK/held")" "with them held: NV_OK" "callers whose memory does not come hold up nobody, with two threads to serve"

"${RUN[@]}" --threads 2 "${retry[@]}" -- timeout 60 "$HOSTILE/slow" held 12 >"$WORK/held-retry" 2>&1
is "$(grep -v '^holding$' "$WORK/held-retry")" "with them held: NV_OK" "nor do those whose memory the kernel waits for"

"${RUN[@]}" --threads 2 -- timeout 60 "$HOSTILE/slow" watched 12 >"$WORK/watched" 2>&1
is "$(grep -v '^holding$' "$WORK/watched")" "with them held: NV_OK" "nor do those that name a descriptor whose look does not come"

"${RUN[@]}" -- timeout 100 "$HOSTILE/slow" changing 400 >"$WORK/changing-once" 2>&1
is $? 0 "memory that changes between its readings: the guest came to its end"
"${RUN[@]}" "${retry[@]}" -- timeout 100 "$HOSTILE/slow" changing 400 >"$WORK/changing" 2>&1
is $? 0 "memory that changes between the rounds: the guest came to its end"
cat "$DEBUGFS/log" >"$WORK/log"
is "$(grep ' call=NV_ESC_RM_CONTROL ' "$WORK/log" | grep -v ' what=NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS(0x201) ' | head -n 3)" "" \
    "nothing arrived but what was good in the last round"
if [[ $TRANSPORT == cuse ]]; then
    is "$(tr '\n' ' ' <"$WORK/changing")" "0 EFAULT EINVAL " "some were good, some were not there, some were refused"
    holds "and good ones arrived" grep -q 'what=NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS' "$WORK/log"
else
    sed 's/^/# /' "$WORK/changing"
fi

# Paths keep the broker's threads waiting, which harms only the guest itself. The instance ends like any other.
"${RUN[@]}" --threads 2 --name paths -- "$HOSTILE/slow" paths 12 >"$WORK/paths" 2>&1 &
paths=$!
holds "paths that do not come: the guest waits" eventually 20 grep -qx holding "$WORK/paths"
sleep 1
kill -KILL "$(pgrep -f "^$HOSTILE/slow paths")"
wait "$paths"
is $? 137 "and can be killed"
