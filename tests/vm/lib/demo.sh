# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# "./dev demo", the part outside the VM: see what can be shown here, and show it.

DEMO_EXIT_NOT_SHOWN=77

demo_main() {
    local driver results shown=0 rc=0
    packages_need build
    build_tree "$BUILD" || die "the build failed"
    export PATH=$BUILD/cuse-server/cli:$BUILD/tests/guest:$PATH TOP
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
