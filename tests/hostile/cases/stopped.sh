# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Callers stopped in the middle of calls.
timeout 100 "${RUN[@]}" --threads 2 -- "$HOSTILE/swarm" stopped 24 >"$WORK/out" 2>&1
is "$(cat "$WORK/out")" "with 24 stopped: NV_OK" "they hold up nobody, with two threads to serve"
