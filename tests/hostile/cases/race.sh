# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Memory and descriptors that change while nvcuse reads them: the driver gets what was checked.
"${RUN[@]}" --call-log "$WORK/trace" -- "$HOSTILE/race" 6 >"$WORK/results" 2>&1
is $? 0 "the guest came to its end"
cat "$DEBUGFS/log" >"$WORK/log"
holds "good calls arrived" grep -q 'what=NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS' "$WORK/log"
is "$(grep ' call=NV_ESC_RM_CONTROL ' "$WORK/log" | grep -v ' what=NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS(0x201) ' | head -n 3)" "" \
    "and no other control command did"
is "$(grep ' call=NV_ESC_REGISTER_FD ' "$WORK/log" | grep -vE ' fd=nvidia(ctl|0)\.' | head -n 3)" "" \
    "no descriptor arrived that is not one of the driver's"
holds "control files did" grep -q ' call=NV_ESC_REGISTER_FD .* fd=nvidiactl' "$WORK/log"
is "$(grep -c ' call=mmap ' "$WORK/log")" 0 "nothing was mapped"
is "$(grep -E '^(opened|mapped)' "$WORK/results" | sort | uniq -c)" "" "nor opened or mapped for the guest"
sed 's/^/# /' "$WORK/results"
