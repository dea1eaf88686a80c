# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Requests that a fallen worker may not make, and their answers. The answer "hung up" ends its instance.
# usage: fallen NAME WORD... : see fallen-worker.c; the guest is GUEST, with CAPS
GUEST=(timeout 20 python3 "$CLIENT") CAPS=compute,utility
fallen() {
    local name=$1
    shift
    FALLEN="$*" "$HOSTILE/fallen-nvcuse" run "--transport=$TRANSPORT" --driver-policy=known --caps "$CAPS" --name "fallen-$name" -- \
        "${GUEST[@]}" >"$WORK/$name" 2>&1 &
    local instance=$!
    # After its last request, the guest is told to end.
    if eventually 30 grep -qE '^the attack is over$|invalid message from the worker' "$WORK/$name"; then
        sleep "${SETTLE:-1}"
        kill -TERM "$instance" 2>/dev/null
    fi
    wait "$instance"
}

# The broker reports why it ends the worker, and the guest gets errors instead of waiting for ever.
# usage: ends NAME
ends() {
    grep -q 'protocol error: invalid message from the worker; killing it' "$WORK/$1" &&
        ! grep -vE '^(alive|error (ENODEV|ENOTCONN|ECONNABORTED|EIO)|nvcuse.*|bytes.*|flood.*)$' "$WORK/$1"
}

# Print half of a process's identity, as BROKER_NUMBER takes it: its number and its start time.
# usage: identity PID low|high
identity() {
    local began
    began=$(sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20)
    case $2 in
    low) echo $((((began << 22) | $1) & 0xffffffff)) ;;
    high) echo $((began >> 10)) ;;
    esac
}
stranger=$(identity "$WITNESS_GUEST" low):$(identity "$WITNESS_GUEST" high)

broker=$WITNESS
# The devices are nvidiactl, the model's GPUs, nvidia-uvm and its tools, and, with rdma, dma-bufs, which have no node.
n=$((2 + $(find /proc/driver/nvidia/gpus -mindepth 1 -maxdepth 1 | wc -l) + 2))
fallen asks 0:0:0 99:0:0 4294967295:0:0 file:99:0:0 "2:$n:2" 2:4294967295:2 2:0:2 file:2:0:2 \
    3:1:0 "3:$broker:4" "3:$WITNESS_WORKER:4" "3:$WITNESS_GUEST:3" 3:0:0 3:-1:0 3:1:-1 3:2147483647:2147483647 \
    4:1:0 "4:$broker:0" "4:$WITNESS_GUEST:0" 4:0:0 4:-1:0 10:0:0 10:1:0 "10:$broker:0" "10:$broker:$n" 10:-1:-1 \
    5:1:0 "5:$broker:0" "5:$WITNESS_GUEST:0" 5:0:0 5:-1:0 \
    9:1:0:1 "9:$broker:0:$(identity "$broker" low):$(identity "$broker" high)" "9:$WITNESS_GUEST:0:$stranger" 9:0:0:0 9:-1:0:-1
cat >"$WORK/wanted" <<END
0:0:0: EINVAL
99:0:0: EINVAL
4294967295:0:0: EINVAL
file:99:0:0: EINVAL
2:$n:2: EINVAL
2:4294967295:2: EINVAL
2:0:2: ok, with a file
file:2:0:2: ok, with a file
3:1:0: EBADF
3:$broker:4: EBADF
3:$WITNESS_WORKER:4: EBADF
3:$WITNESS_GUEST:3: EBADF
3:0:0: EBADF
3:-1:0: EBADF
3:1:-1: EBADF
3:2147483647:2147483647: EBADF
4:1:0: ESRCH
4:$broker:0: ESRCH
4:$WITNESS_GUEST:0: ESRCH
4:0:0: ESRCH
4:-1:0: ESRCH
10:0:0: EACCES
10:1:0: EACCES
10:$broker:0: EACCES
10:$broker:$n: EACCES
10:-1:-1: EACCES
9:1:0:1: ESRCH
9:$broker:0:$(identity "$broker" low):$(identity "$broker" high): ESRCH
9:$WITNESS_GUEST:0:$stranger: ESRCH
9:0:0:0: ESRCH
9:-1:0:-1: ESRCH
the attack is over
END
same_file <(grep -vE '^(5:|alive|nvcuse|error)' "$WORK/asks") "$WORK/wanted" "each question is answered as it should be"
is "$(grep -cE '^5:[-0-9]+:0: (EPERM|ESRCH)$' "$WORK/asks")" 5 "and it gets nobody's memory"

# An existing guest with a thread that waits in the driver meanwhile. The broker has nothing to do with that call.
tie=0x30000001 dma_bufs=$((n - 1)) uvm=$((n - 3))
GUEST=(timeout 20 "$HOSTILE/waiter") CAPS=compute,utility,rdma
FALLEN_AT=3 fallen in-call mute:8:1000 mute:1:10 4:@ 5:@ 3:@:0 3:@:-1 3:@:999 2:0:2 "host:7:@:$tie:16" "2:$uvm:2" \
    "6:@:0" "6:@:$n" "6:@:4294967295" "6:1:$dma_bufs" "6:$WITNESS_GUEST:$dma_bufs" "6:0:$dma_bufs" "6:-1:$dma_bufs" "6:@:$dma_bufs" \
    "7:@:$tie:16" "file:7:@:$tie:16" "host:7:@:0xc04846d2:72" "host:7:@:$tie:193" "host:7:@:$tie:4294967295" "host:7:1:$tie:16" \
    "host:7:$WITNESS_GUEST:$tie:16" "host:7:0:$tie:16" "host:7:-1:$tie:16" "host:7:@:$tie:0" "host:7:@:$tie:16" "host:5:1" 4:@ \
    "9:@:0:$stranger" 9:@:0:0 9:@:0:1:0 9:@:0:-1:-1
cat >"$WORK/wanted-in-call" <<END
mute:8:1000: sent
mute:1:10: sent
4:@: ok
5:@: ok, with a file
3:@:0: EBADF
3:@:-1: EBADF
3:@:999: EBADF
2:0:2: ok, with a file
host:7:@:$tie:16: EINVAL
2:$uvm:2: ok, with a file
6:@:0: EINVAL
6:@:$n: EINVAL
6:@:4294967295: EINVAL
6:1:$dma_bufs: EOPNOTSUPP
6:$WITNESS_GUEST:$dma_bufs: EOPNOTSUPP
6:0:$dma_bufs: EOPNOTSUPP
6:-1:$dma_bufs: EOPNOTSUPP
6:@:$dma_bufs: EOPNOTSUPP
7:@:$tie:16: EINVAL
file:7:@:$tie:16: EINVAL
host:7:@:0xc04846d2:72: EINVAL
host:7:@:$tie:193: EINVAL
host:7:@:$tie:4294967295: EINVAL
host:7:1:$tie:16: EOPNOTSUPP
host:7:$WITNESS_GUEST:$tie:16: EOPNOTSUPP
host:7:0:$tie:16: EOPNOTSUPP
host:7:-1:$tie:16: EOPNOTSUPP
host:7:@:$tie:0: EOPNOTSUPP
host:7:@:$tie:16: EOPNOTSUPP
host:5:1: ESRCH
4:@: ok
9:@:0:$stranger: ESRCH
9:@:0:0: ESRCH
9:@:0:1:0: ESRCH
9:@:0:-1:-1: ESRCH
the attack is over
END
same_file <(grep -vE '^(waited|nvcuse|error)' "$WORK/in-call") "$WORK/wanted-in-call" "each question about a guest in a call is answered as it should be"
is "$(grep -c 'call=UVM_INITIALIZE' "$DEBUGFS/log")" 0 "and no call was made in it"

# Whatever the worker sends, a guest maps only the host's file of its own device.
GUEST=(timeout 20 "$BUILD/tests/agent/agent-mapper" threads) CAPS=compute,utility
for maps in maps:file "2:$uvm:2 maps:host"; do
    name=${maps##*:}
    # shellcheck disable=SC2086 # words
    SETTLE=6 fallen "maps-$name" $maps
    is "$(grep -c '^thread: mmap failed$' "$WORK/maps-$name")" 8 "$name: nothing is mapped that is not of the guest's device"
done
is "$(grep -c ' call=mmap' "$DEBUGFS/log")" 0 "and no driver is asked"

GUEST=(timeout 20 python3 "$CLIENT") CAPS=compute,utility
for size in 0 1 15 17 40 65536; do
    fallen "bytes-$size" "bytes:$size"
    holds "a message of $size bytes ends the worker" ends "bytes-$size"
done
fallen flood flood:5000
holds "and so do five thousand questions at once" ends flood
