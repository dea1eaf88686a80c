# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What a guest can learn of processes outside its container: the witness's, and one of the host's.
"$HOSTILE/swarm" foreign >"$WORK/native" 2>&1 &
native=$!
holds "a process of the host's has a client" eventually 20 test -s "$WORK/native"
"${RUN[@]}" --name strangers -- "$BUILD/tests/guest/processes" strangers >"$WORK/seen" 2>&1
kill "$native"
wait "$native"
is "$(cat "$WORK/seen")" "$(printf '%s\n' 'with class 0x2080: NV_OK' 'samples: NV_OK, 1; a name is not in them')" "a guest sees no stranger"
# The host's process has called the driver, in a client of its own choice.
echo >"$DEBUGFS/log"
"${RUN[@]}" --name own -- "$BUILD/tests/guest/processes" >"$WORK/own" 2>&1
is "$(grep -c 'the parent 1, the child 1, strangers 0' "$WORK/own")" 4 "but its own processes, by its own numbers"
