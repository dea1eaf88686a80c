# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Everything that a fallen worker can reach: the descriptors and memory that the kernel shows from outside, the requests in
# the protocol's header, and the system calls in its filter. The list must equal that of docs/security.md. Then the worker
# tries, under its filter, what the list allows and what it does not.
HEADER=$HERE/../../cuse-server/wire/broker-protocol.h
PAGE=$HERE/../../docs/security.md

# Start a fallen worker that obeys some words (fallen-worker.c). INSTANCE is its broker.
# usage: obey NAME WORD...
obey() {
    local name=$1
    shift
    FALLEN="$*" "$HOSTILE/fallen-nvcuse" run "--transport=$TRANSPORT" --driver-policy=known --name "fallen-$name" -- \
        timeout 150 python3 "$CLIENT" >"$WORK/$name" 2>&1 </dev/null &
    INSTANCE=$!
}

# --- what it has -------------------------------------------------------------------------------------------------------------

# List its descriptors, each kind once. The operator's standard error is distinguished from the files that nvcuse opened.
descriptors_of() {
    local fd target
    for fd in "/proc/$1/fd/"*; do
        target=$(readlink "$fd")
        [[ $target == "$WORK"/* ]] && target="standard error"
        echo "descriptor | $(sed -E 's/:\[[0-9]+\]$//; s/ \(deleted\)$//; s|locks/[0-9]+$|locks/N|' <<<"$target"), $(mode_of "${fd/\/fd\//\/fdinfo\/}")"
    done | sort -u
}

# Print the kind of a descriptor by its file in fdinfo.
mode_of() {
    case $(awk '$1 == "flags:" { print substr($2, length($2)) }' "$1") in
    0) echo "read" ;;
    1) echo "write" ;;
    2) echo "read and write" ;;
    esac
}

# List memory that other processes share, and memory into which code can be written.
mappings_of() {
    awk '$2 ~ /s$/ { sub(/ \(deleted\)$/, ""); print "shared memory | " $6 ", " $2 }' "/proc/$1/maps" | sort -u
    awk '$2 ~ /wx/ { print "memory to run | " $6 }' "/proc/$1/maps" | sort -u
}

namespaces_of() {
    local name
    for name in cgroup ipc mnt net pid time user uts; do
        if [[ $(readlink "/proc/$1/ns/$name") == "$(readlink "/proc/self/ns/$name")" ]]; then
            echo "namespace | $name: the host's"
        else
            echo "namespace | $name: its own"
        fi
    done
}

status_of() { awk -v name="$2:" '$1 == name { $1 = ""; print substr($0, 2) }' "/proc/$1/status"; }

identity_of() {
    local set
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do echo "capabilities | $set: $(status_of "$1" "$set")"; done
    echo "user | root: $([[ " $(status_of "$1" Uid) $(status_of "$1" Gid) " == *" 0 "* ]] && echo yes || echo no), other groups: $(status_of "$1" Groups | wc -w)"
    echo "user | other processes: $(pgrep -c -u "$(status_of "$1" Uid | awk '{ print $2 }')" | awk '{ print $1 - 1 }')"
    echo "processes | of its pid namespace: $(others_of_namespace "$1") others"
    echo "bounds | no_new_privs $(status_of "$1" NoNewPrivs), seccomp $(status_of "$1" Seccomp)"
    sed -nE 's/^Max ([a-z ]*[a-z]) +0 +0( .*)?$/bounds | none of: \1/p' "/proc/$1/limits"
}

others_of_namespace() {
    local n=-1 process
    for process in /proc/[0-9]*; do
        [[ $(readlink "$process/ns/pid") == "$(readlink "/proc/$1/ns/pid")" ]] && n=$((n + 1))
    done
    echo "$n"
}

files_of() {
    awk '{ sub(/,.*/, "", $6); print "file system | " $5 ": " $8 ", " $6 }' "/proc/$1/mountinfo"
    echo "file system | files in it: $(find "/proc/$1/root/" -mindepth 1 2>/dev/null | wc -l)"
    awk -F'[ :]+' 'NR > 2 { print "network | " $2 }' "/proc/$1/net/dev"
    echo "network | unix sockets that listen: $(awk 'NR > 1 && $4 == "00010000"' "/proc/$1/net/unix" | wc -l)"
}

# --- what it may say, and call -----------------------------------------------------------------------------------------------

messages() { sed -nE '/^typedef enum/,/^\}/s/^ +((BROKER|WORKER)_[A-Z_]+)( = 1)?,.*/message | \1/p' "$HEADER"; }

calls() {
    nvcuse serve --driver-policy=known --print-filter | sed '/^broker:/,$d' |
        awk '$1 == "allow" { calls = calls (calls ? " " : "") $2 } END { print "system calls | " calls }'
}

# --- what is written about it ------------------------------------------------------------------------------------------------

# Print the table's first two columns, without the rows of the other transport.
written() {
    awk -F' *[|] *' '/^## What a fallen worker can reach/ { on = 1; next } /^## / { on = 0 } on && NF > 3 && $2 !~ /^(kind|-+)$/ { print $2 " | " $3 }' "$PAGE" |
        sed "s/^\([a-z ]*\), $TRANSPORT | /\1 | /" | grep -vE '^[a-z ]*, (cuse|notify) \|'
}

# --- the test ----------------------------------------------------------------------------------------------------------------

obey has call:getpid
holds "the worker obeys inside its filter" eventually 30 grep -q '^the attack is over$' "$WORK/has"
worker=$(pgrep -P "$INSTANCE" -x nvcuse-worker)
{
    descriptors_of "$worker"
    mappings_of "$worker"
    namespaces_of "$worker"
    identity_of "$worker"
    files_of "$worker"
    messages
    calls
} >"$WORK/reached"
kill -TERM "$INSTANCE"
wait "$INSTANCE"
same_file <(sort -u "$WORK/reached") <(written | sort -u) "what it can reach is what docs/security.md lists"

# Calls that the filter allows lead nowhere.
obey tries call:openat:-100:=/:0x80000 call:openat:-100:=/proc/self/status:0x80000 call:openat:0:=..:0x80000 call:clone3:page:64 call:read:0:page:1 \
    call:write:1:=x:1 call:ioctl:0:0xc020462a:page call:mmap:0:4096:3:0x22:-1:0 call:prctl:15:=name call:pread64:0:page:1:0
eventually 30 grep -q '^the attack is over$' "$WORK/tries"
kill -TERM "$INSTANCE"
wait "$INSTANCE"
cat >"$WORK/wanted-tries" <<'END'
call:openat:-100:=/:0x80000: ENOENT
call:openat:-100:=/proc/self/status:0x80000: ENOENT
call:openat:0:=..:0x80000: ENOENT
call:clone3:page:64: ENOSYS
call:read:0:page:1: ok
call:write:1:=x:1: ok
call:ioctl:0:0xc020462a:page: ENOTTY
call:mmap:0:4096:3:0x22:-1:0: ok
call:prctl:15:=name: ok
call:pread64:0:page:1:0: ok
the attack is over
END
same_file <(grep -E '^(call:|the attack)' "$WORK/tries") "$WORK/wanted-tries" "what is left to it leads nowhere"

# All other calls end the worker: a file to write, code of its own, another process, a socket, a device that is not the
# driver's.
n=0
for word in call:openat:-100:=/etc/shadow:2 call:openat:-100:=/etc/shadow:0 call:mprotect:page:4096:5 call:mmap:0:4096:7:0x22:-1:0 call:mmap:0:4096:3:1:0:0 \
    call:clone:0x11:0 call:socket:1:1:0 call:tgkill:2:2:9 call:kill:-1:9 call:ioctl:0:0x5412:page call:keyctl:0:-3:0; do
    n=$((n + 1))
    obey "ends-$n" "$word"
    eventually 30 grep -qE 'killed by its system call filter|^the attack is over$' "$WORK/ends-$n"
    kill -TERM "$INSTANCE" 2>/dev/null
    wait "$INSTANCE"
    holds "$word ends the worker" eval "grep -q 'killed by its system call filter' '$WORK/ends-$n' && ! grep -q '^call:' '$WORK/ends-$n'"
done
