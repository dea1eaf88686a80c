# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A guest looks at the nodes and opens them, in every way.

cat >"$WORK/wanted" <<END
stat nvidiactl 195:255
stat nvidia0 195:0
stat nvidia-uvm $(awk '$2 == "nvidia-uvm" { print $1 }' /proc/devices):0
O_RDWR works
O_RDWR|O_CLOEXEC works and is close-on-exec
O_RDWR|O_NONBLOCK works
O_RDONLY EACCES
O_WRONLY works
O_RDWR|O_CREAT works
O_RDWR|O_CREAT|O_EXCL EEXIST
O_WRONLY|O_CREAT EACCES
openat2 works
openat2, O_RDONLY works
openat2, RESOLVE_NO_SYMLINKS works
openat2, RESOLVE_CACHED EAGAIN
O_RDWR|O_DIRECTORY ENOTDIR
symlink works
symlink to a symlink works
symlink, O_NOFOLLOW ELOOP
relative to the working directory works
relative to a directory descriptor works
with dots works
through /proc/self/root works
through /proc/self/cwd works
/proc/self/fd of an open file works
/proc/self/fd of an O_PATH descriptor works
an O_PATH descriptor of the node EBADF
an O_PATH descriptor of an open file EBADF
a duplicate works
names /dev/nvidiactl /dev/nvidiactl
under a file ENOTDIR
missing ENOENT
nvidia0 EIO
in a changed root works
above a changed root works
as another user works
END
sed -E 's/^(O_RDONLY|O_WRONLY\|O_CREAT) EACCES$/\1 works/' "$WORK/wanted" >"$WORK/wanted-all"
nvcuse run -- python3 "${BASH_SOURCE[0]%.sh}.py" >"$WORK/got" 2>&1
is $? 0 "the guest's checks ran to their end"
same_file "$WORK/got" "$WORK/wanted" "the ways to open a node"
nvcuse run --opens=all -- python3 "${BASH_SOURCE[0]%.sh}.py" >"$WORK/got-all" 2>&1
same_file "$WORK/got-all" "$WORK/wanted-all" "the ways to open a node, with --opens=all"
is "$(nvcuse run -- bash -c 'exec 3<>/dev/nvidiactl && echo works' 2>&1)" works "a shell opens a node with <>"

# shellcheck disable=SC2016 # for the inner shell
nvcuse run -- sh -c '
    touch /run/bound && mount --bind /dev/nvidiactl /run/bound &&
        python3 -c "import os; os.open(\"/run/bound\", os.O_RDWR)"' >"$WORK/bound" 2>&1
is $? 0 "a bind mount of a node can be opened"
is "$(cat "$WORK/bound")" "" "and nothing complains"

is "$(nvcuse run -- grep ModifyDeviceFiles /proc/driver/nvidia/params)" "ModifyDeviceFiles: 0" "the libraries are told to leave nodes alone"
is "$(grep ModifyDeviceFiles /proc/driver/nvidia/params)" "ModifyDeviceFiles: 1" "outside, they are not"
leaves_nothing "nothing is left of these runs"
