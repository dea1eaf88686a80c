# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The worker's remaining rights and files, as the kernel shows them from outside.

start_client caged
worker=$(pgrep -P "$INSTANCE_PID" -x nvcuse-worker)
status() { awk -v name="$1:" '$1 == name { $1 = ""; print substr($0, 2) }' "/proc/$worker/status"; }

for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    is "$(status $set)" 0000000000000000 "no capability in $set"
done
is "$(ps -o tty= -p "$worker" | tr -d " ")" "?" "no controlling terminal"
is "$(readlink "/proc/$worker/fd/1")" /dev/null "its standard output is not the guest's"
is "$(status NoNewPrivs)" 1 "no new privileges"
is "$(status Groups)" "" "no supplementary group"
id=$(status Uid | tr ' ' '\n' | sort -u)
holds "one user id, of the workers' range" test "$id" -ge 77824 -a "$id" -le 79871
is "$(status Gid | tr ' ' '\n' | sort -u)" "$id" "and the group id of that number"
is "$(status NSpid)" "$worker 1" "it is alone in its pid namespace"
is "$(tr '\0' '\n' <"/proc/$worker/environ" | grep -vE '^(A|UB)SAN_OPTIONS=')" "" "its environment is empty"
is "$(tr '\0' '\n' <"/proc/$worker/cmdline" | sed 's/^[0-9]*$/N/' | paste -sd ' ')" "nvcuse-worker N" "it was executed, and has no other arguments"
holds "at addresses of its own" test "$(awk '$6 ~ /nvcuse$/ { print $1; exit }' "/proc/$worker/maps")" != \
    "$(awk '$6 ~ /nvcuse$/ { print $1; exit }' "/proc/$INSTANCE_PID/maps")"
is "$(stat -c %U "/proc/$worker/mem")" root "not dumpable: its files in /proc are root's"
is "$(find "/proc/$worker/root/" 2>/dev/null | wc -l)" 1 "its root directory is empty"
is "$(status Seccomp)" 2 "its system calls are filtered"
is "$(wc -l <"/proc/$worker/mountinfo")" 1 "its mount namespace holds one file system"
is "$(awk '{ sub(/,.*/, "", $6); print $5, $6, $8 }' "/proc/$worker/mountinfo")" "/ ro tmpfs" "which is read-only"
is "$(awk '/^Max (core file|locked memory|msgqueue)/ { print $(NF - 2), $(NF - 1) }' "/proc/$worker/limits" | sort -u)" "0 0" \
    "no core files, locked memory or message queues"
for namespace in net ipc uts mnt pid; do
    holds "a $namespace namespace of its own" \
        test "$(readlink "/proc/$worker/ns/$namespace")" != "$(readlink /proc/self/ns/$namespace)"
done

# The broker keeps CAP_SYS_PTRACE, CAP_KILL, CAP_MKNOD and CAP_DAC_OVERRIDE.
broker() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$INSTANCE_PID/task/"*/status | sort -u; }
for set in CapPrm CapEff; do
    is "$(broker $set)" 0000000008080022 "four capabilities in $set of each of the broker's threads"
done
for set in CapInh CapBnd CapAmb; do
    is "$(broker $set)" 0000000000000000 "no capability in the broker's $set"
done
is "$(broker NoNewPrivs)" 1 "no new privileges for the broker"

# The devices or the file system, and the lock of the instance's slot; the broker's socket, host files of guests and the
# descriptors that watch them, the three standard ones; nothing else.
stand_ins=(/dev/cuse)
[[ ${LAB_TRANSPORT:-cuse} == cuse ]] || stand_ins=(/dev/fuse)
sort >"$WORK/wanted" <<END
$(printf '%s\n' "${stand_ins[@]}")
/dev/null
/dev/nvidiactl
/run/nvcuse/.locks/N
anon_inode:[eventfd]
anon_inode:[eventpoll]
socket
END
find "/proc/$worker/fd" -type l -printf '%l\n' | sed -E 's/:\[[0-9]+\]$//; s|locks/[0-9]+$|locks/N|' | grep -vE "^($WORK/.*|pipe)$" | sort -u >"$WORK/got"
same_file "$WORK/got" "$WORK/wanted" "the files it has open"
slot=$(find "/proc/$worker/fd" -lname '/run/nvcuse/.locks/*' -printf '%f\n')
is "$(awk '$1 == "flags:" { print substr($2, length($2)) }' "/proc/$worker/fdinfo/$slot")" 0 "it cannot write to its slot's"

# Another instance's worker has another user id, and another namespace.
first=$INSTANCE_PID
start_client other
other=$(pgrep -P "$INSTANCE_PID" -x nvcuse-worker)
holds "another instance's worker has another user id" test "$(awk '$1 == "Uid:" { print $2 }' "/proc/$other/status")" != "$id"
holds "and another pid namespace" test "$(readlink "/proc/$other/ns/pid")" != "$(readlink "/proc/$worker/ns/pid")"
kill -TERM "$INSTANCE_PID"
wait "$INSTANCE_PID"
INSTANCE_PID=$first

# The guest's init process, which a guest might control, has no descriptor of the broker's.
init=$(pgrep -P "$INSTANCE_PID" -x nvcuse-init)
find "/proc/$init/fd" -type l -printf '%l\n' | grep -vE "^($WORK/.*|pipe:.*|/dev/null)$" >"$WORK/init"
is "$(cat "$WORK/init")" "" "the guest's init has only the standard files"
kill -TERM "$INSTANCE_PID"
wait "$INSTANCE_PID"
leaves_nothing "nothing is left of it"
