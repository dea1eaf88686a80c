# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A client's handle from another instance has no effect.
"${RUN[@]}" --name owner -- "$HOSTILE/swarm" foreign >"$WORK/handle" 2>&1 &
owner=$!
holds "an instance has a client" eventually 20 grep -qE '^[0-9]+$' "$WORK/handle"
"${RUN[@]}" -- "$HOSTILE/swarm" use "$(cat "$WORK/handle")" >"$WORK/use" 2>&1
is "$(sort -u <(sed 's/.*: //' "$WORK/use"))" "NV_ERR_INVALID_CLIENT" "another cannot control, allocate, duplicate or free"
holds "the owner lives on" kill -TERM "$owner"
wait "$owner"
