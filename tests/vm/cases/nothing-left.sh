# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# After a normal run nothing of nvcuse's is left on the machine.

state() {
    cat /proc/mounts
    ls /sys/class/cuse
    find /dev /sys/fs/cgroup -path /dev/pts -prune -o -print | sort
    ip -o link
    cat /sys/module/{nvidia,nvidia_uvm,cuse}/refcnt
}

# The first run may create /dev/nvcuse and /run/nvcuse, which stay.
nvcuse run -- true
state >"$WORK/before"
nvcuse run -- nvidia-smi >/dev/null 2>&1 </dev/null
is $? 6 "nvidia-smi ends as it does natively"
leaves_nothing "no process, device, mount or file of nvcuse"
state >"$WORK/after"
same_file "$WORK/after" "$WORK/before" "mounts, devices, control groups and modules in use are as before"
