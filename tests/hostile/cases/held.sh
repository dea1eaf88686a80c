# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Files that cannot be closed: the guest serves their FUSE file system itself, and it never answers a flush. The broker looks
# at them in every call; if it had them in its own table, its threads would be held up one after the other, and could not be
# killed.
[[ -e /dev/fuse ]] || mknod /dev/fuse c 10 229
mkdir -p "$WORK/mine"
native=$(timeout -s KILL 60 "$HOSTILE/held" "$WORK/mine" 1 alone 2>&1)
umount -l "$WORK/mine"
"${RUN[@]}" --threads 2 -- timeout -s KILL 60 "$HOSTILE/held" "$WORK/mine" 12 >"$WORK/out" 2>&1
is "$(cat "$WORK/out")" "$native
with them held: done" "calls on them have natively's results, and hold up nobody, with two threads to serve"
umount -l "$WORK/mine" 2>/dev/null
holds "the broker could end" eventually 20 only_witness
