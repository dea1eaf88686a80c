# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Use up every limit, and flood the instance with calls.
"${RUN[@]}" --max-files 500 -- "$HOSTILE/swarm" files >"$WORK/files" 2>&1
is "$(cat "$WORK/files")" "500 files, then ENFILE" "files up to the limit"
"${RUN[@]}" --max-clients 300 -- "$HOSTILE/swarm" clients >"$WORK/clients" 2>&1
is "$(cat "$WORK/clients")" "300 clients, then NV_ERR_INSUFFICIENT_RESOURCES" "clients up to the limit"

# Closed files that the driver keeps count as well, and so do objects made through them. Leaves the driver's counts meanwhile,
# without the witness's, in $WORK/NAME.live.
# usage: hides NAME FORMS OPTION...
hides() {
    local name=$1 forms=$2
    shift 2
    "${RUN[@]}" --name "$name" "$@" -- "$HOSTILE/swarm" mapped "$forms" >"$WORK/$name" 2>&1 &
    local instance=$!
    eventually 60 grep -q ', then ' "$WORK/$name"
    cat "$DEBUGFS/live" >"$WORK/$name.live"
    nvcuse explain "$name" >"$WORK/$name.explained" 2>&1
    wait "$instance"
}
driver_has() { awk -v what="$2" '$1 == what { print $2 }' "$WORK/$1.live"; }
hides mapped-files m --max-files 8
is "$(cat "$WORK/mapped-files")" "m: 8, then ENFILE" "files that are mapped and closed, up to the limit"
is "$(($(driver_has mapped-files files) <= 8 + 1))" 1 "and the driver has no more"
hides mapped-clients m --max-clients 3
is "$(cat "$WORK/mapped-clients")" "m: 3, then NV_ERR_INSUFFICIENT_RESOURCES" "clients of such files"
hides mapped-objects m --max-objects 20
is "$(cat "$WORK/mapped-objects")" "m: 6, then NV_ERR_INSUFFICIENT_RESOURCES" "objects of such files"
hides tied-clients t --max-clients 3
is "$(cat "$WORK/tied-clients")" "t: 3, then NV_ERR_INSUFFICIENT_RESOURCES" "clients of closed files that others are tied to"
hides tied-files t --max-files 9
is "$(cat "$WORK/tied-files")" "t: 4, then ENFILE" "and those files"
hides uvm-files u --max-files 8
is "$(cat "$WORK/uvm-files")" "u: 8, then ENFILE" "files of nvidia-uvm that are mapped and closed"
for name in mapped-files mapped-clients mapped-objects tied-clients tied-files uvm-files; do
    holds "$name: the refusal is told as a limit" grep -qi 'limit' "$WORK/$name.explained"
done
# A guest that unmaps gets room again: it makes more than the limit allows at once, one after the other.
"${RUN[@]}" --max-files 8 --max-clients 3 --max-objects 20 -- bash -c 'for i in $(seq 4); do timeout 20 "$0" mapped m | grep -o "^m: [1-9]"; done' \
    "$HOSTILE/swarm" >"$WORK/again" 2>&1 &
wait $!
is "$(sort -u "$WORK/again")" "m: 3" "what the driver has let go counts no more"

memory_of flood --name flood -- "$HOSTILE/swarm" threads 150
is "$(cat "$WORK/flood")" "150 threads" "a flood of opens, calls, polls and closes"
