# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A user's program that has files, mappings and an agent executes a program that is root's, or has capabilities. The agent
# ends, and the new program and the old files work as natively; except calls on these files that need the memory of a program
# with more rights than their opener (cases/doors.sh).
programs=/mnt
with_rights "$programs" "$HOSTILE/setuid" "$((CAP_NET_ADMIN | CAP_SYS_ADMIN))"

# usage: play HOW COMMAND... : each scene with each program
play() {
    local how=$1 rights
    shift
    for rights in owned capable; do
        for scene in "held $programs/$rights" "before $programs/$rights" "race $programs/$rights 6"; do
            echo "== $scene"
            # shellcheck disable=SC2086 # a scene and its arguments
            timeout 100 "$@" "$programs/plain" $scene
            echo "exit $?"
        done
    done >"$WORK/$how" 2>"$WORK/$how.errors"
}

play native "${AS_USER[@]}"
echo >"$DEBUGFS/log"
play nvcuse "${RUN[@]}" -- "${AS_USER[@]}"
is "$(grep -c '^real user 12345, effective 0$' "$WORK/native")" 10 "natively a set-user-ID program is root's, in every round"
is "$(grep -c '^CapEff: 0000000000201000$' "$WORK/native")" 10 "and one with capabilities has them"
sed -i -E 's/^(old client|old memory|describe): .*/\1: EPERM/' "$WORK/native"
same_file "$WORK/nvcuse" "$WORK/native" "the same through nvcuse, but for calls on the old files"
holds "something was mapped through nvcuse" grep -q ' call=mmap' "$DEBUGFS/log"
is "$(grep ' call=mmap' "$DEBUGFS/log" | grep -c ' admin=1 ')" 0 "none of it as administrator"
