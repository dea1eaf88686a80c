# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# "./dev demo", the part outside the VM: three parts, from what takes seconds to what takes a driver. Each says what it shows. A
# part that cannot be shown here says why, and the next one follows.

DEMO_EXIT_NOT_SHOWN=77

# The version of the nvidia-smi that was recorded in front of the model driver's GPU, and the model driver's in the VM.
DEMO_SMI=535.309.01 DEMO_MODEL=580.105.08

demo_main() {
    packages_need build
    build_tree "$BUILD" || die "the build failed"
    export PATH=$BUILD/cuse-server/cli:$BUILD/tests/guest:$PATH TOP
    if [[ $SIMULATED ]]; then
        demo_simulated ''
    elif [[ $HERE ]]; then
        demo_here
    else
        demo_all
    fi
}

# --- the three parts

demo_all() {
    local model=$DEMO_MODEL real=() driver
    DEMO_FAILED='' DEMO_NOT_SHOWN=()
    for driver in "${DRIVERS[@]}"; do
        if is_model "$driver"; then model=${driver#model:}; else real+=("$driver"); fi
    done
    ((${#real[@]})) || real=("${DRIVERS_DEFAULT[@]}")
    demo_recorded
    packages_need lab
    demo_model "$model"
    for driver in "${real[@]}"; do demo_real "$driver"; done
    demo_sum_up
}

# usage: demo_title PART TEXT... : the head of a part; the texts are lines that say what it shows
demo_title() {
    printf '\n%s\n' "== $1"
    shift
    printf '%s\n' "$@" ''
}

demo_not_shown() {
    DEMO_NOT_SHOWN+=("$1")
    say "NOT SHOWN: $1"
}

# Run a part's command; note whether it went well, and say how long it took. usage: demo_run COMMAND...
demo_run() {
    local start=$SECONDS
    "$@" </dev/null || DEMO_FAILED=1
    say "($((SECONDS - start)) s)"
}

# Run a part's command in the VM. usage: demo_vm DRIVER|none COMMAND...
demo_vm() {
    local results driver=$1
    shift
    results=$(mktemp -d -t nvcuse-vm.XXXXXX)
    demo_run session_run "$KERNEL" "$driver" "$results" "$@"
    say "tables of calls, and the VM's console: $results"
}

# Set SMI to what nvidia-smi of a version needs in its environment; empty if it cannot be had. usage: demo_smi VERSION
demo_smi() {
    local driver
    SMI=()
    [[ -n ${DRIVER_SETS[$1]:-} ]] && driver=$(driver_get "$1") || return 0
    SMI=("PATH=$(driver_program_dir "$driver"):$PATH" "LD_LIBRARY_PATH=$(driver_library_dir "$driver")")
}

demo_recorded() {
    local reason
    demo_title "1 of 3: a recorded GPU, without driver and GPU" \
        "nvcuse answers NVIDIA's unchanged nvidia-smi from a recording of its calls. No driver is loaded, and no GPU is here:" \
        "the program opens nvcuse's devices, and nvcuse checks its calls as it would in front of a driver. The GPU is one of the" \
        "model driver (part 2), because Debian has no nvidia-smi of the version that an H100 was recorded with."
    if reason=$(demo_simulated_missing); then
        say "This machine lacks something for that ($reason), so a VM without a driver shows it."
        packages_need lab
        demo_vm none env "NVCUSE_BUILD=$BUILD" "$TOP/dev" demo --here --simulated
    else
        demo_run demo_simulated brief
    fi
}

# usage: demo_model VERSION
demo_model() {
    demo_title "2 of 3: a program that uses a GPU, natively and through nvcuse" \
        "A VM with Debian's kernel $KERNEL and the model driver (tests/host/model), which has two GPUs. They hold memory, copy it and" \
        "fire events; they run no kernels. Left: the program on the driver itself. Right: the same program through nvcuse. Both" \
        "columns have to be equal. Below them: each call that nvcuse checked, and its result. At the end, the same program in a" \
        "container that has one of the two GPUs: for it, the other one does not exist."
    if kernel_get "$KERNEL" >/dev/null; then
        demo_vm "model:$1" "$TOP/tests/vm/demo-guest" model
    else
        demo_not_shown "a program that uses a GPU: the packages of kernel $KERNEL cannot be had (see above)"
    fi
}

# usage: demo_real VERSION
demo_real() {
    demo_title "3 of 3: NVIDIA's kernel driver $1 and its libraries" \
        "A VM with NVIDIA's real kernel driver, nvidia-smi and libcuda. Its GPU is a fake PCI device: the driver finds it and cannot" \
        "start it. So nvidia-smi finds no device, and CUDA starts with an error, natively as well. The real libraries and the real" \
        "driver exchange their calls all the same, and nothing may differ between the two columns."
    if kernel_get "$KERNEL" >/dev/null && driver_get "$1" >/dev/null; then
        demo_vm "$1" "$TOP/tests/vm/demo-guest" real
    else
        demo_not_shown "NVIDIA's driver $1: packages of Debian's non-free component cannot be had (see above)"
    fi
}

# What the demo comes to. Returns: 0, 1 if something failed, DEMO_EXIT_NOT_SHOWN if all that was shown went well.
demo_sum_up() {
    echo
    if [[ $DEMO_FAILED ]]; then
        echo "FAILED: something did not go as it should; see above."
        return 1
    fi
    echo "All that was shown went as it should."
    ((${#DEMO_NOT_SHOWN[@]})) || return 0
    printf 'NOT SHOWN: %s\n' "${DEMO_NOT_SHOWN[@]}"
    return "$DEMO_EXIT_NOT_SHOWN"
}

# --- on this machine

demo_here() {
    [[ -e /dev/cuse || -e /dev/fuse ]] || die "this machine has neither /dev/cuse nor /dev/fuse (modprobe fuse?); ./dev demo without --here needs none"
    [[ -e /proc/driver/nvidia/version ]] || die "this machine runs no NVIDIA driver; ./dev demo without --here needs none"
    ((EUID == 0)) || die "nvcuse run must be root"
    "$TOP/tests/vm/demo-guest" real
}

# Print what a simulated instance needs and this machine lacks; fail if it lacks nothing.
demo_simulated_missing() {
    if ((EUID != 0)); then
        echo "nvcuse run must be root"
    elif [[ ! -e /dev/cuse && ! -e /dev/fuse ]]; then
        echo "neither /dev/cuse nor /dev/fuse: modprobe fuse?"
    elif ! grep -qw user_notif /proc/sys/kernel/seccomp/actions_avail 2>/dev/null; then
        echo "no seccomp listeners: Linux 5.14 or newer has what nvcuse needs of them"
    else
        return 1
    fi
}

# Calls as "device call command", of a recording and of a table of calls.
demo_calls_recorded() { nvcuse trace show "$1" | awk '/^ +[0-9]/ && $5 !~ /^(close|-)$/ { print $3, $5, $5 == "mmap" ? "-" : $6 }'; }
demo_calls_now() { awk 'NR > 1 && !/^#/ { print $1, $2, $3 }' "$1"; }

# A program in front of a recording: its output, and its calls beside the recorded ones; brief: how many calls there were.
# usage: demo_simulate brief|'' DRIVER RECORDING EXIT-STATUS COMMAND...
demo_simulate() {
    local brief=$1 version=$2 name=$3 wanted=$4 dir width=150 code=0
    shift 4
    dir=$(mktemp -d -t nvcuse-demo.XXXXXX)
    xz -dc "$TOP/tests/data/recordings/$version/$name.xz" >"$dir/recording" || return
    printf '%*s\n' "$width" '' | tr ' ' '='
    echo "nvcuse run --simulate RECORDING -- ${*: -1}        (recorded with driver $version: $name)"
    printf '%*s\n' "$width" '' | tr ' ' '-'
    nvcuse run --simulate "$dir/recording" --call-log "$dir/table" -- "$@" || code=$?
    echo "exit status: $code"
    printf '%*s\n' "$width" '' | tr ' ' '-'
    if [[ ! $brief ]]; then
        printf '%-*s | %s\n' $((width / 2 - 2)) "the calls that were recorded" "the calls now"
        diff --side-by-side -W "$width" -t <(demo_calls_recorded "$dir/recording") <(demo_calls_now "$dir/table")
    fi
    grep '^# ' "$dir/table"
    rm -r "$dir"
    ((code == wanted)) || say "FAILED: exit status $code: expected $wanted"
    ((code == wanted))
}

# Without a GPU, a driver, or a VM: programs get from nvcuse what was recorded elsewhere. usage: demo_simulated brief|''
demo_simulated() {
    local brief=$1 reason rc=0
    reason=$(demo_simulated_missing) && die "$reason; ./dev demo shows it in a VM"
    demo_smi "$DEMO_SMI"
    if ((${#SMI[@]})); then
        demo_simulate "$brief" "$DEMO_SMI" model-nvidia-smi 0 env "${SMI[@]}" nvidia-smi || rc=1
    else
        demo_not_shown "NVIDIA's nvidia-smi $DEMO_SMI, which cannot be had from Debian's non-free component (see above)"
    fi
    if [[ ! $brief ]] || ((${#SMI[@]} == 0)); then
        demo_simulate "$brief" 580.105.08 gpu-list 0 gpu-list || rc=1
    fi
    # Debian has no driver that a real GPU was recorded with; a machine may.
    if nvidia-smi --version 2>/dev/null | grep -q 580.159.04; then
        demo_simulate "$brief" 580.159.04 h100-nvidia-smi-all 0 nvidia-smi || rc=1
    fi
    return "$rc"
}
