# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# "./dev demo", the part outside the VM: see what can be shown here, and show it.

DEMO_EXIT_NOT_SHOWN=77

demo_main() {
    local driver results shown=0 rc=0
    packages_need build
    build_tree "$BUILD" || die "the build failed"
    export PATH=$BUILD/cuse-server/cli:$BUILD/tests/guest:$PATH TOP
    if [[ $SIMULATED ]]; then
        demo_simulated
        return
    fi
    if [[ $HERE ]]; then
        demo_here
        return
    fi
    packages_need lab
    ((${#DRIVERS[@]})) || DRIVERS=("${DRIVERS_DEFAULT[@]}")
    for driver in "${DRIVERS[@]}"; do
        driver_get "$driver" >/dev/null || continue
        shown=$((shown + 1))
        results=$(mktemp -d -t nvcuse-vm.XXXXXX)
        say "booting Debian's kernel $KERNEL with a fake GPU and NVIDIA's driver $driver in a VM ..."
        session_run "$KERNEL" "$driver" "$results" "$TOP/tests/vm/demo-guest" </dev/null || rc=1
        say "traces and console: $results"
    done
    if ((shown < ${#DRIVERS[@]})); then
        demo_without_driver
        return "$DEMO_EXIT_NOT_SHOWN"
    fi
    return "$rc"
}

# NVIDIA's packages cannot be had: show what nvcuse knows, and say what was not shown.
demo_without_driver() {
    say "Some of NVIDIA's packages could not be had from Debian's non-free component (see above)."
    say "Without them, this is what nvcuse itself says:"
    nvcuse --version
    nvcuse drivers list
    say "NOT SHOWN: NVIDIA's programs through nvcuse, for every driver named above as missing."
}

demo_here() {
    [[ -e /dev/cuse ]] || die "this machine has no /dev/cuse (modprobe cuse?); ./dev demo without --here needs none"
    [[ -e /proc/driver/nvidia/version ]] || die "this machine runs no NVIDIA driver; ./dev demo without --here needs none"
    ((EUID == 0)) || die "nvcuse run must be root"
    "$TOP/tests/vm/demo-guest"
}

# What a simulated instance needs of this machine.
demo_simulated_check() {
    ((EUID == 0)) || die "nvcuse run must be root"
    [[ -e /dev/cuse || -e /dev/fuse ]] ||
        die "this machine has neither /dev/cuse nor /dev/fuse (modprobe fuse?); ./dev demo, in a VM, needs neither"
    grep -qw user_notif /proc/sys/kernel/seccomp/actions_avail 2>/dev/null ||
        die "this kernel has no seccomp listeners (Linux 5.19 or newer has); ./dev demo, in a VM, needs none"
}

# Calls as "device call command", of a recording and of a table of calls.
demo_calls_recorded() { nvcuse trace show "$1" | awk '/^ +[0-9]/ && $5 !~ /^(close|-)$/ { print $3, $5, $5 == "mmap" ? "-" : $6 }'; }
demo_calls_now() { awk 'NR > 1 && !/^#/ { print $1, $2, $3 }' "$1"; }

# A program in front of a recording: what it says, and its calls beside the recorded ones.
# usage: demo_simulate DRIVER RECORDING EXIT-STATUS COMMAND...
demo_simulate() {
    local version=$1 name=$2 wanted=$3 dir width=150 code=0
    shift 3
    dir=$(mktemp -d -t nvcuse-demo.XXXXXX)
    xz -dc "$TOP/tests/data/recordings/$version/$name.xz" >"$dir/recording" || return
    printf '%*s\n' "$width" '' | tr ' ' '='
    echo "nvcuse run --simulate RECORDING -- ${*: -1}        (recorded with driver $version: $name)"
    printf '%*s\n' "$width" '' | tr ' ' '-'
    nvcuse run --simulate "$dir/recording" --call-log "$dir/table" -- "$@" || code=$?
    echo "exit status: $code"
    printf '%*s\n' "$width" '' | tr ' ' '-'
    printf '%-*s | %s\n' $((width / 2 - 2)) "the calls that were recorded" "the calls now"
    diff --side-by-side -W "$width" -t <(demo_calls_recorded "$dir/recording") <(demo_calls_now "$dir/table")
    grep '^# ' "$dir/table"
    rm -r "$dir"
    ((code == wanted)) || say "FAILED: the exit status is not $wanted"
    ((code == wanted))
}

# Without a GPU, a driver, or a VM: programs get from nvcuse what was recorded elsewhere.
demo_simulated() {
    local driver smi=535.309.01 rc=0
    demo_simulated_check
    if driver=$(driver_get "$smi"); then
        demo_simulate "$smi" model-nvidia-smi 0 env "PATH=$(driver_program_dir "$driver"):$PATH" \
            "LD_LIBRARY_PATH=$(driver_library_dir "$driver")" nvidia-smi || rc=1
    else
        say "NOT SHOWN: NVIDIA's nvidia-smi $smi, which could not be had from Debian's non-free component (see above)."
    fi
    demo_simulate 580.105.08 gpu-list 0 gpu-list || rc=1
    # Debian has no driver that a real GPU was recorded with; a machine may.
    if nvidia-smi --version 2>/dev/null | grep -q 580.159.04; then
        demo_simulate 580.159.04 h100-nvidia-smi-all 0 nvidia-smi || rc=1
    fi
    return "$rc"
}
