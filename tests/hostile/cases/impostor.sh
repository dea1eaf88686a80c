# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A thread's number, a process's number, or its memory, becomes another's while nvcuse caches it: impostor.c. Each answer is
# written to the memory of the caller, as natively.
# usage: play NAME COMMAND...
play() {
    local name=$1 scene
    shift
    for scene in clone thread vfork fork number; do
        echo "== $scene"
        timeout 60 "$@" "$HOSTILE/impostor" "$scene" </dev/null
        echo "exit $?"
    done >"$WORK/$name" 2>"$WORK/$name.errors"
}

play native
echo >"$DEBUGFS/log"
is "$(grep -c 'served$' "$WORK/native")/$(grep -c 'untouched$' "$WORK/native")" 7/5 "natively each is served, and nobody else's memory is written to"
play nvcuse "${RUN[@]}" "--transport=$TRANSPORT" --
same_file "$WORK/nvcuse" "$WORK/native" "the same through nvcuse"
