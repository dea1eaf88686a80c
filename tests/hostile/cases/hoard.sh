# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# As much as there may be of everything, and a flood of calls.
"${RUN[@]}" --max-files 500 -- "$HOSTILE/swarm" files >"$WORK/files" 2>&1
is "$(cat "$WORK/files")" "500 files, then ENFILE" "files up to the limit"
"${RUN[@]}" --max-clients 300 -- "$HOSTILE/swarm" clients >"$WORK/clients" 2>&1
is "$(cat "$WORK/clients")" "300 clients, then NV_ERR_INSUFFICIENT_RESOURCES" "clients up to the limit"
memory_of flood --name flood -- "$HOSTILE/swarm" threads 150
is "$(cat "$WORK/flood")" "150 threads" "a flood of opens, calls, polls and closes"
