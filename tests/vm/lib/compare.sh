# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The two programs of NVIDIA's user-mode driver that have output without a GPU, run natively and through nvcuse.

PROGRAMS=(nvidia-smi cuda-init)
PROGRAM_TIMEOUT=90 # seconds; a program that hangs must not take the whole run with it

# Run a program and keep its output and exit code. usage: run_native DIR PROGRAM..., run_nvcuse DIR PROGRAM...
run_native() {
    local dir=$1
    shift
    timeout "$PROGRAM_TIMEOUT" "$@" >"$dir/native.output" 2>&1 </dev/null
    echo $? >"$dir/native.exit"
}

run_nvcuse() {
    local dir=$1
    shift
    timeout "$PROGRAM_TIMEOUT" nvcuse run --call-log "$dir/trace" -- "$@" >"$dir/nvcuse.output" 2>&1 </dev/null
    echo $? >"$dir/nvcuse.exit"
}

# Remove values that differ from run to run on a machine with a GPU: the time, temperatures, power, memory, load.
volatile() {
    sed -E -e 's/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) .* [0-9]{4}$/DATE/' -e 's/ +[0-9]+(C|W|MiB|%)/ N\1/g' "$1"
}

# Print, from strace's files (-ff -y: one for each thread), the calls on NVIDIA's devices: device, request, result. A device's
# name stands for its path, which differs through nvcuse.
nvidia_calls() {
    local file
    # The files are in the order in which the threads were created.
    for file in $(printf '%s\n' "$1".* | sort -t . -k 2 -n); do
        sed -nE \
            -e 's@^openat\([^,]*, "/dev/(nvidia[^"]*)", ([^,)]*).*\) = ([0-9]+|-1 [A-Z]+).*@open \1 \2 = \3@p' \
            -e 's@^ioctl\(([0-9]+)<[^>]*/(nvidia[^>/<]*)(<[^>]*>)?>, (_IOC\([^)]*\)|0x[0-9a-f]+|[A-Z_0-9]+).*\) = ([0-9-]+( [A-Z]+)?).*@ioctl \1 \2 \4 = \5@p' \
            "$file"
    done
}

# Run a command natively, with the view of /proc and /dev that NVIDIA's container tools give a container: the libraries may
# not make device nodes, and there are no MIG capabilities. As root outside a container they would make nodes for those, and
# then use them.
like_a_container() {
    unshare -m bash -c '
        set -e
        proc=/proc/driver/nvidia
        view=$(mktemp -d)
        cp -r "$proc"/{version,registry,gpus} "$view"
        sed "s/^ModifyDeviceFiles: 1/ModifyDeviceFiles: 0/" "$proc/params" >"$view/params"
        mount --bind "$view" "$proc"
        mkdir -p /dev/nvidia-caps
        mount -t tmpfs -o ro tmpfs /dev/nvidia-caps
        exec "$@"' like_a_container "$@"
}

# usage: trace_native DIR PROGRAM..., trace_nvcuse DIR PROGRAM... : write DIR/native.calls, DIR/nvcuse.calls
STRACE=(strace -ff -y -e "trace=ioctl,openat")
trace_native() {
    local dir=$1
    shift
    like_a_container timeout "$PROGRAM_TIMEOUT" "${STRACE[@]}" -o "$dir/native-strace" "$@" >/dev/null 2>&1 </dev/null
    nvidia_calls "$dir/native-strace" >"$dir/native.calls"
}

trace_nvcuse() {
    local dir=$1
    shift
    timeout "$PROGRAM_TIMEOUT" nvcuse run -- "${STRACE[@]}" -o "$dir/nvcuse-strace" "$@" >/dev/null 2>&1 </dev/null
    nvidia_calls "$dir/nvcuse-strace" >"$dir/nvcuse.calls"
}
